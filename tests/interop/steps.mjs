// steps.mjs SDK URL LOGIN: what an official client lives through, as one JSON object.
import { agent } from '../../conf/demo/agent.mjs';

const [sdk, url, login] = process.argv.slice(2);
const a = await agent(sdk, url, login);
const result = { first: a.provider.token.scope };
result.tools = (await a.client.listTools()).tools.map((t) => t.name);
result.read = (await a.call('read_customer_record', { id: 'C-1042' })).content[0].text;
result.modify = (await a.call('modify_customer_record', { id: 'C-1042', city: 'Paris' }, { stepUp: true })).content[0].text;
result.second = a.provider.token.scope;
a.provider.all = true;
result.drop = (await a.call('delete_table', { table: 'customers' }, { stepUp: true })).content[0].text;
result.third = a.provider.token.scope;
a.provider.redirectToAuthorization = async () => { throw new Error('asked to step up'); };
try { await a.call('no_such_tool', {}); result.unknown = 'answered'; } catch (error) { result.unknown = error.message; }
await a.close();
console.log(JSON.stringify(result));
process.exit(0);
