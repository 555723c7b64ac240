// An MCP client as its users run it, but for the browser: whoever owns the account is played by fetch().
// agent(sdk, url, login) connects by the official SDK ("v1", "v2", or "v2-2026"), registering and asking
// for consent on the way, and returns { client, call, events, close }. offline: it wants refresh tokens.
import { randomUUID } from 'node:crypto';

const CALLBACK = 'http://127.0.0.1:8765/callback';

class Provider {
  constructor(login, events, offline) {
    Object.assign(this, { login, events, redirectUrl: CALLBACK });
    this.clientMetadata = {
      client_name: 'Demo agent', redirect_uris: [CALLBACK], grant_types: ['authorization_code', ...(offline ? ['refresh_token'] : [])],
      response_types: ['code'], token_endpoint_auth_method: 'none',
    };
  }
  state() { return (this.sentState = randomUUID()); }
  clientInformation() { return this.client; }
  saveClientInformation(client) { this.client = client; this.events.push('registered as ' + client.client_id); }
  tokens() { return this.token; }
  saveTokens(token) { this.token = token; this.events.push('token for: ' + token.scope + ', ' + token.expires_in + ' s'); }
  saveCodeVerifier(verifier) { this.verifier = verifier; }
  codeVerifier() { return this.verifier; }
  saveDiscoveryState(state) { this.discovery = state; }
  discoveryState() { return this.discovery; }
  async redirectToAuthorization(url) {
    this.answer = await approve(url, this.login, this.events, this.all);
    if (this.answer.get('state') !== this.sentState) throw new Error('the answer is not to our question');   // the SDK leaves this to the application
  }
}

const unescape = (s) => s.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

function fieldsOf(page, all) {
  const tags = page.match(/<(input|button)[^>]*>/g) ?? [];
  const value = (tag, name) => unescape(new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? '');
  return {
    ticket: tags.map((t) => value(t, 'name') === 'ticket' && value(t, 'value')).find(Boolean),
    offline: tags.some((t) => value(t, 'name') === 'offline'),
    scopes: tags.filter((t) => value(t, 'name') === 'scope' && (all || /\schecked/.test(t))).map((t) => value(t, 'value')),
  };
}

// Opens the consent page as the logged-in user and approves what is ticked (all: ticks the sensitive scopes too).
async function approve(url, login, events, all) {
  const headers = { authorization: 'Basic ' + Buffer.from(login).toString('base64') };
  const page = await fetch(url, { headers, redirect: 'manual' });
  const body = await page.text();
  if (page.status !== 200) throw new Error(`consent page: ${page.status} ${page.headers.get('location') ?? body}`);
  const { ticket, scopes, offline } = fieldsOf(body, all);
  const form = new URLSearchParams([['ticket', ticket], ['decision', 'approve'], ...scopes.map((s) => ['scope', s]), ...(offline ? [['offline', '1']] : [])]);
  const target = new URL(url);
  const answer = await fetch(target.origin + target.pathname, { method: 'POST', headers: { ...headers, origin: target.origin }, body: form, redirect: 'manual' });
  if (answer.status !== 303) throw new Error(`consent: ${answer.status} ${await answer.text()}`);
  events.push('the user approved: ' + scopes.join(' '));
  return new URL(answer.headers.get('location')).searchParams;
}

async function library(sdk) {
  if (sdk !== 'v1') {
    const m = await import('@modelcontextprotocol/client');
    return { Client: m.Client, Transport: m.StreamableHTTPClientTransport };
  }
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
  return { Client, Transport: StreamableHTTPClientTransport };
}

export async function agent(sdk, url, login, { offline = false } = {}) {
  const events = [];
  const provider = new Provider(login, events, offline);
  const { Client, Transport } = await library(sdk);
  const options = sdk === 'v2-2026' ? { versionNegotiation: { mode: 'auto' } } : {};
  const finish = async (transport) => transport.finishAuth(sdk === 'v1' ? provider.answer.get('code') : provider.answer);
  let client, transport;

  async function connect() {
    for (let tries = 0; ; tries++) {
      client = new Client({ name: 'demo-agent', version: '1.0.0' }, options);
      transport = new Transport(new URL(url), { authProvider: provider });
      try { return await client.connect(transport); } catch (error) {
        if (tries || !provider.answer) throw error;
        await finish(transport);
      }
    }
  }
  // A call that is stepped up to more scopes goes through the consent page and is sent once more.
  async function call(name, args, { stepUp = false } = {}) {
    provider.answer = undefined;
    try { return await client.callTool({ name, arguments: args }); } catch (error) {
      if (!stepUp || !provider.answer) throw error;
      await finish(transport);
      return client.callTool({ name, arguments: args });
    }
  }
  await connect();
  return { get client() { return client; }, provider, call, events, close: () => client.close() };
}
