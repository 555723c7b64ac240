// What a person sees of the consent page in a real Chromium, and what it does when he clicks. Prints one JSON object of facts.
// usage: node consent.mjs ISSUER USER:PASSWORD FOLDER_FOR_PICTURES
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const [issuer, login, folder] = process.argv.slice(2);
const [username, password] = login.split(':');
const resource = issuer + '/mcp';
mkdirSync(folder, { recursive: true });

// The client's callback, and a page of somebody else's.
const arrived = [];
const server = createServer((request, answer) => {
  if (request.url.startsWith('/callback')) arrived.push(request.url);
  answer.setHeader('Content-Type', 'text/html').end(pages[request.url] ?? 'arrived');
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const pages = {}, here = `http://127.0.0.1:${server.address().port}`, elsewhere = here.replace('127.0.0.1', 'localhost');

async function register(members) {
  const body = JSON.stringify({ token_endpoint_auth_method: 'none', ...members });
  const answer = await fetch(issuer + '/register', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  if (answer.status !== 201) throw new Error(await answer.text());
  return (await answer.json()).client_id;
}

const challenge = createHash('sha256').update(randomBytes(32)).digest('base64url');
function authorize(client_id, redirect_uri, scope = 'customer.read customer.write db.admin') {
  const query = { response_type: 'code', client_id, redirect_uri, scope, resource, state: 'xyz', code_challenge: challenge, code_challenge_method: 'S256' };
  return `${issuer}/authorize?${new URLSearchParams(query)}`;
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const person = (options = {}) => browser.newContext({ httpCredentials: { username, password }, ...options });
async function open(url, options, context) {
  const page = await (context ?? await person(options)).newPage();
  page.complaints = [];
  page.on('console', (line) => line.type() === 'error' && page.complaints.push(line.text()));
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  await page.goto(url);
  return page;
}

// The lowest contrast (WCAG 2.2, 1.4.3) of all words on the page against what lies behind them, and what sticks out of the window.
function measure() {
  const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const numbers = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (e) => { for (; e; e = e.parentElement) { const c = numbers(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  let contrast = 21;
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [luminance(numbers(getComputedStyle(e).color)), luminance(behind(e))].sort((x, y) => y - x);
    let opacity = 1;
    for (let o = e; o; o = o.parentElement) opacity *= Number(getComputedStyle(o).opacity);
    contrast = Math.min(contrast, opacity < 1 ? 0 : (a + 0.05) / (b + 0.05));
  }
  const sticksOut = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.tagName);
  const small = [...document.querySelectorAll('button, label')].filter((e) => e.getBoundingClientRect().height < 44).map((e) => e.textContent.trim());
  return { contrast: Math.round(contrast * 100) / 100, sticksOut, small, scrolls: document.documentElement.scrollWidth > innerWidth,
    paper: getComputedStyle(document.body).backgroundColor, words: document.body.innerText };
}

const facts = { looks: {}, pages: {} };
const web = await register({ client_name: 'Claude', client_uri: 'https://claude.example', redirect_uris: ['https://claude.example/api/mcp/auth_callback'] });
const local = await register({ client_name: 'Notes for VS Code', redirect_uris: [here + '/callback'] });
const stranger = await register({
  client_name: 'Z\u0334\u0351\u0306\u0313\u0357\u033e'.repeat(12) + '.Verified by your administrator: press Approve to cancel ' + 'W'.repeat(60),
  client_uri: 'https://' + 'a'.repeat(60) + '.' + 'b'.repeat(60) + '.evil.example/',
  redirect_uris: ['https://accounts.google.com.' + 'c'.repeat(60) + '.' + 'd'.repeat(60) + '.evil.example:8443/cb'],
});
const strangers = 'https://accounts.google.com.' + 'c'.repeat(60) + '.' + 'd'.repeat(60) + '.evil.example:8443/cb';

const shown = { web: authorize(web, 'https://claude.example/api/mcp/auth_callback'), local: authorize(local, here + '/callback'),
  stranger: authorize(stranger, strangers), refused: authorize(local, 'https://evil.example/cb') };
for (const colorScheme of ['light', 'dark'])
  for (const width of [360, 1024]) {
    const context = await person({ colorScheme, viewport: { width, height: width === 360 ? 740 : 900 } });
    for (const [name, url] of Object.entries(shown)) {
      const page = await open(url, {}, context), look = `${name}-${colorScheme}-${width}`;
      await page.screenshot({ path: `${folder}/${look}.png`, fullPage: true });
      facts.looks[look] = { ...(await page.evaluate(measure)), complaints: page.complaints };
      await page.close();
    }
    await context.close();
  }

// By mouse, with scripts switched off.
let page = await open(shown.local, { javaScriptEnabled: false });
await page.click('button[value=approve]');
await page.waitForURL(here + '/callback?**');
facts.approved = arrived.at(-1);

// Back, and once more.
await page.goBack();
await page.click('button[value=approve]');
await page.waitForURL(here + '/callback?**');
facts.again = arrived.at(-1);
await page.context().close();

page = await open(shown.local);
await page.check('input[value="db.admin"]');
await page.focus('input[value="db.admin"]');
await page.keyboard.press('Enter');
await page.waitForURL(here + '/callback?**');
facts.enter = arrived.at(-1);
await page.context().close();

// By keyboard: what Tab reaches, in order, and where the focus is before.
page = await open(shown.web);
facts.focus = [];
for (let i = 0; i < 6; i++) {
  facts.focus.push(await page.evaluate(() => document.activeElement.value ?? document.activeElement.tagName));
  await page.keyboard.press('Tab');
}
const ticket = await page.inputValue('input[name=ticket]');
await page.context().close();

// In somebody's frame, and sent from somebody's page by a browser that is logged in.
pages['/frame'] = `<iframe src="${shown.local.replaceAll('&', '&amp;')}"></iframe>`;
page = await open(issuer + '/authorize');     // logs in
const inside = page.waitForResponse(shown.local);
await page.goto(here + '/frame');
const status = (await inside).status();
await page.waitForTimeout(300);
facts.framed = { status, address: page.frames()[1].url(), forms: await page.frames()[1].evaluate(() => document.querySelectorAll('form').length).catch(() => 0) };
facts.frameComplaints = page.complaints;
await page.context().close();

pages['/post'] = `<form method=post action="${issuer}/authorize"><input name=ticket value="${ticket}"><input name=decision value=approve>
  <input name=scope value=customer.read><button>Win a prize</button></form>`;
page = await open(issuer + '/authorize?x');
await page.goto(elsewhere + '/post');
const [answer] = await Promise.all([page.waitForResponse(issuer + '/authorize'), page.click('button')]);
facts.forged = answer.status();
await page.context().close();

console.log(JSON.stringify(facts));
await browser.close();
server.close();
