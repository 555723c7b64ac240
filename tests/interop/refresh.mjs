// refresh.mjs SDK URL LOGIN SECONDS: an official client calls, waits until its token is worth nothing, and calls again.
import { agent } from '../../conf/demo/agent.mjs';

const [sdk, url, login, seconds] = process.argv.slice(2);
const a = await agent(sdk, url, login, { offline: true });
const read = async () => (await a.call('read_customer_record', { id: 'C-1042' })).content[0].text;
const result = { tokens: [] };
const keep = () => result.tokens.push({ access: a.provider.token.access_token, refresh: a.provider.token.refresh_token });
a.provider.redirectToAuthorization = async () => { throw new Error('the user was asked again'); };
keep();
result.first = await read();
for (let i = 0; i < 2; i++) {
  await new Promise((done) => setTimeout(done, seconds * 1000));
  result.again = await read();
  keep();
}
await a.close();
console.log(JSON.stringify(result));
process.exit(0);
