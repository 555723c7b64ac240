// dpop.mjs KEYFILE thumbprint             the RFC 7638 thumbprint of the key, created if need be
// dpop.mjs KEYFILE METHOD URL TOKEN [JTI]  a DPoP proof (RFC 9449)
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const [file, method, url, token, jti = randomUUID()] = process.argv.slice(2);
if (!existsSync(file)) writeFileSync(file, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }));
const key = createPrivateKey(readFileSync(file));
const { crv, kty, x, y } = createPublicKey(key).export({ format: 'jwk' });
const sha256 = (text) => createHash('sha256').update(text).digest('base64url');
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
if (method === 'thumbprint') console.log(sha256(JSON.stringify({ crv, kty, x, y })));
else {
  const text = `${part({ typ: 'dpop+jwt', alg: 'ES256', jwk: { crv, kty, x, y } })}.${part({ jti, htm: method, htu: url, iat: Math.floor(Date.now() / 1000), ath: sha256(token) })}`;
  console.log(`${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`);
}
