// What Node's JSON.parse believes: messages as base64 lines in, one JSON line each out.
import { createInterface } from 'node:readline';

for await (const line of createInterface({ input: process.stdin })) {
  let view;
  try {
    const m = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(line, 'base64')));
    view = { method: m.method ?? null, name: m.params?.name ?? null, uri: m.params?.uri ?? null, arguments: JSON.stringify(m.params?.arguments ?? null) };
  } catch (error) { view = { error: error.message }; }
  console.log(JSON.stringify(view));
}
