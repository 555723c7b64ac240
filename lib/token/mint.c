/* Makes access tokens (RFC 9068) with OpenSSL on the key that was parsed at start-up. */
#include <openssl/ecdsa.h>
#include <apr_strings.h>
#include "mcp/text.h"
#include "mcp/token.h"

/* RFC 7518 3.4: the DER that OpenSSL writes becomes R and S side by side, of fixed length. */
static int raw_ecdsa(const unsigned char *der, size_t len, int size, unsigned char *raw)
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
    int ok = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, size) == size
        && BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + size, size) == size;

    ECDSA_SIG_free(sig);
    return ok;
}

static int evp_sign(const mcp_key *key, const char *text, unsigned char *sig, size_t *len)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    const EVP_MD *digest = key->alg == MCP_ALG_ES384 ? EVP_sha384() : EVP_sha256();
    int ok = md && EVP_DigestSignInit(md, NULL, digest, NULL, key->pkey) == 1
        && EVP_DigestSign(md, sig, len, (const unsigned char *)text, strlen(text)) == 1;

    EVP_MD_CTX_free(md);
    return ok;
}

static mcp_rc sign(mcp_ctx *ctx, const mcp_key *key, const char *text, const char **out)
{
    size_t len = (size_t)EVP_PKEY_get_size(key->pkey);
    unsigned char *sig = apr_palloc(ctx->pool, len), raw[2 * 48];
    int size = key->alg == MCP_ALG_ES384 ? 48 : 32;

    if (!evp_sign(key, text, sig, &len)) return mcp_fail(ctx, MCP_INTERNAL, "OpenSSL could not sign");
    if (key->alg == MCP_ALG_RS256) {
        *out = mcp_text_base64url(ctx->pool, sig, len);
        return MCP_OK;
    }
    if (!raw_ecdsa(sig, len, size, raw)) return mcp_fail(ctx, MCP_INTERNAL, "a signature could not be written");
    *out = mcp_text_base64url(ctx->pool, raw, 2 * (size_t)size);
    return MCP_OK;
}

static const char *encode(mcp_ctx *ctx, json_t *part)
{
    const char *text = mcp_json_own(ctx->pool, part) ? mcp_json_text(ctx->pool, part) : NULL;

    return text ? mcp_text_base64url(ctx->pool, text, strlen(text)) : NULL;
}

static json_t *claims_of(const mcp_ctx *ctx, const mcp_token_grant *g, const char *jti)
{
    json_int_t now = mcp_now(ctx);
    json_t *claims = json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I}", "iss", g->issuer, "aud", g->audience, "sub", g->sub,
                               "client_id", g->client_id, "jti", jti, "iat", now, "exp", now + (json_int_t)g->life);

    if (claims && g->scope && *g->scope) json_object_set_new(claims, "scope", json_string(g->scope));
    if (claims && g->more) json_object_update(claims, g->more);
    return claims;
}

mcp_rc mcp_token_mint(mcp_ctx *ctx, const mcp_key *key, const mcp_token_grant *grant, const char **out)
{
    const char *jti = grant->jti, *header, *claims, *text, *signature = NULL;
    mcp_rc rc;

    if (!key->pem || (key->alg != MCP_ALG_RS256 && key->alg != MCP_ALG_ES256 && key->alg != MCP_ALG_ES384))
        return mcp_fail(ctx, MCP_INTERNAL, "the key cannot sign access tokens");
    if (!jti && (rc = mcp_text_random(ctx, 16, &jti))) return rc;
    header = encode(ctx, json_pack("{s:s,s:s,s:s}", "alg", mcp_alg_name(key->alg), "kid", key->kid, "typ", grant->type ? grant->type : "at+jwt"));
    claims = encode(ctx, claims_of(ctx, grant, jti));
    if (!header || !claims) return mcp_fail(ctx, MCP_INTERNAL, "a token could not be written");
    text = apr_pstrcat(ctx->pool, header, ".", claims, NULL);
    if ((rc = sign(ctx, key, text, &signature))) return rc;
    *out = apr_pstrcat(ctx->pool, text, ".", signature, NULL);
    return MCP_OK;
}
