// What Node's JSON.parse believes; view.h says how that is written.
import { readSync, writeSync } from 'node:fs';

const plain = /[0-9A-Za-z]/, escapes = Array.from({ length: 256 }, (_, b) => {
  const c = String.fromCharCode(b);
  return plain.test(c) ? c : '%' + (b + 256).toString(16).slice(1).toUpperCase();
});

function text(s) {
  let out = '';
  for (const b of Buffer.from(s.toWellFormed())) out += escapes[b];
  return '"' + out.replace(/(%EF%BF%BD)+/g, '%EF%BF%BD') + '"';
}

// C's %.17g
function number(d) {
  if (d === 0) return '#0';
  if (Math.abs(d) >= 1.7976931348623157e308) return d < 0 ? '#-inf' : '#inf';
  const [digits, exponent] = d.toExponential(16).split('e'), e = Number(exponent);
  if (e < -4 || e >= 17) return '#' + digits.replace(/\.?0+$/, '') + 'e' + (e < 0 ? '-' : '+') + String(Math.abs(e)).padStart(2, '0');
  const fixed = d.toPrecision(17);
  return '#' + (fixed.includes('.') ? fixed.replace(/\.?0+$/, '') : fixed);
}

const byBytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));

function put(v) {
  if (v === null || v === undefined) return 'n';
  if (v === true) return 't';
  if (v === false) return 'f';
  if (typeof v === 'number') return number(v);
  if (typeof v === 'string') return text(v);
  if (Array.isArray(v)) return '[' + v.map(put).join('') + ']';
  return '{' + Object.keys(v).sort(byBytes).map((k) => text(k) + put(v[k])).join('') + '}';
}

function view(bytes) {
  try {
    const m = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return [m.method, m.id, m.params?.name, m.params?.uri, m.params?.arguments].map(put).join('\t');
  } catch { return '!'; }
}

const chunks = [], chunk = Buffer.alloc(1 << 20);
for (let n; (n = readSync(0, chunk)) > 0;) chunks.push(Buffer.from(chunk.subarray(0, n)));
const input = Buffer.concat(chunks), lines = [];
for (let at = 0; at < input.length;) {
  const line = input.indexOf(10, at), length = Number(input.toString('latin1', at, line));
  lines.push(view(input.subarray(line + 1, line + 1 + length)) + '\n');
  at = line + 1 + length;
}
for (let out = Buffer.from(lines.join('')); out.length;) out = out.subarray(writeSync(1, out));
