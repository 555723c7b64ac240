// Walks the whole flow and says in plain words what happened: walk.mjs URL LOGIN AUDIT_LOG BACKEND_LOG
import { existsSync, readFileSync } from 'node:fs';
import { agent } from './agent.mjs';

const [url, login, auditLog, backendLog] = process.argv.slice(2);
const lines = (file) => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').filter(Boolean) : []);
const say = (text) => console.log('  ' + text);
let failures = 0;

function check(what, holds) {
  say(`${holds ? 'ok  ' : 'FAIL'} ${what}`);
  if (!holds) failures++;
}

function tellAudit(from) {
  for (const line of lines(auditLog).slice(from)) {
    const e = JSON.parse(line);
    const why = e.outcome === 'allowed' ? '' : ` (${e.reason}${e.detail ? ': ' + e.detail : ''})`;
    const who = [e.client && 'client ' + e.client, e.user && 'user ' + e.user, e.scope && 'scope ' + e.scope].filter(Boolean).join(', ');
    say(`     audit: ${[e.event, e.tool, e.outcome].filter(Boolean).join(' ')}${why}${who && ' | ' + who}`);
  }
  return lines(auditLog).length;
}

console.log(`1. An unknown agent (official SDK client) connects to ${url}. It is refused without a token, finds the
   authorization server by the challenge, registers itself, and sends its user to the consent page.`);
const a = await agent('v2-2026', url, login);
a.events.forEach((e) => say(e));
let seen = tellAudit(0);

console.log('2. It may read a record: the token has customer.read');
const record = await a.call('read_customer_record', { id: 'C-1042' });
check('read_customer_record answered ' + record.content[0].text, record.content[0].text.includes('Ada'));
seen = tellAudit(seen);

console.log('3. It may not drop the table: delete_table needs db.admin');
const before = lines(backendLog).length;
const granted = a.provider.token.scope;
let refused, asked;
try { await withoutConsent(() => a.call('delete_table', { table: 'customers' })); } catch (error) { refused = error; }
check('delete_table was refused with a step-up challenge', Boolean(refused && asked));
check('the backend never heard of it', lines(backendLog).length === before);
check('the token still has only: ' + granted, a.provider.token.scope === granted);
seen = tellAudit(seen);

console.log('4. It may change a record once the user approves customer.write as well');
const changed = await a.call('modify_customer_record', { id: 'C-1043', city: 'Manchester' }, { stepUp: true });
check('modify_customer_record answered ' + changed.content[0].text, changed.content[0].text.includes('Manchester'));
check('the token now has: ' + a.provider.token.scope, a.provider.token.scope.includes('customer.write'));
seen = tellAudit(seen);

check('no token ever reached the backend', !lines(backendLog).some((l) => l.includes('AUTHORIZATION')));
await a.close();
process.exit(failures ? 1 : 0);

// The user looks at the consent page and closes it.
async function withoutConsent(run) {
  const ask = a.provider.redirectToAuthorization;
  a.provider.redirectToAuthorization = async (page) => {
    asked = page.searchParams.get('scope');
    say(`403 insufficient_scope; the agent asks its user for: ${asked}; the user closes the page`);
  };
  try { return await run(); } finally { a.provider.redirectToAuthorization = ask; }
}
