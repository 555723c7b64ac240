// node sdk.mjs PORT BACKEND plain | ISS AUD JWKSFILE: a proxy on Node's http, and the same behind the official SDK's bearer
// middleware on express, keys by jose, with a check of the scope that the called tool wants.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [port, backend, iss, aud, jwks] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

function forward(req, res, body) {
  const headers = { ...req.headers };
  delete headers.authorization;
  const up = http.request({ host: '127.0.0.1', port: backend, path: '/mcp', method: req.method, headers, agent }, (answer) => {
    res.writeHead(answer.statusCode, answer.headers);
    answer.pipe(res);
  });
  up.on('error', () => res.writeHead(502).end());
  if (body) up.end(body); else req.pipe(up);
}

const scopeOf = (tool) => (tool === 'read_customer_record' ? 'customer.read' : tool.startsWith('modify_') ? 'customer.write' : 'db.admin');

async function gated() {
  const from = createRequire(process.env.BENCH_NPM + '/');
  const load = (name) => import(pathToFileURL(from.resolve(name)));
  const { default: express } = await load('express');
  const { createLocalJWKSet, jwtVerify } = await load('jose');
  const { requireBearerAuth } = await load('@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js');
  const { InvalidTokenError } = await load('@modelcontextprotocol/sdk/server/auth/errors.js');
  const keys = createLocalJWKSet(JSON.parse(readFileSync(jwks)));
  const verifier = {
    async verifyAccessToken(token) {
      try {
        const { payload } = await jwtVerify(token, keys, { issuer: iss, audience: aud, algorithms: ['RS256', 'ES256'] });
        return { token, clientId: payload.client_id, scopes: payload.scope.split(' '), expiresAt: payload.exp };
      } catch (error) { throw new InvalidTokenError(error.message); }
    },
  };
  const app = express();
  app.disable('x-powered-by');
  app.post('/mcp', requireBearerAuth({ verifier }), express.raw({ type: () => true, limit: '4mb' }), (req, res) => {
    let message;
    try { message = JSON.parse(req.body); } catch { return res.status(400).end(); }
    if (message.method === 'tools/call' && !req.auth.scopes.includes(scopeOf(String(message.params?.name)))) return res.status(403).end();
    forward(req, res, req.body);
  });
  return app;
}

const server = http.createServer(iss === 'plain' ? (req, res) => forward(req, res) : await gated());
server.keepAliveTimeout = 600000;
server.listen(Number(port), '127.0.0.1');
