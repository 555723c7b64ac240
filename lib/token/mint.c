/* The one file that knows libjwt. It makes tokens and never reads one. */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <jwt.h>
#include "mcp/text.h"
#include "mcp/token.h"

static jwt_alg_t alg_of(mcp_alg alg)
{
    switch (alg) {
    case MCP_ALG_RS256: return JWT_ALG_RS256;
    case MCP_ALG_ES256: return JWT_ALG_ES256;
    case MCP_ALG_ES384: return JWT_ALG_ES384;
    default: return JWT_ALG_NONE;
    }
}

/* libjwt 1.10 writes "JWT" over our typ, later versions leave it. */
static int fill(jwt_t *jwt, const mcp_ctx *ctx, const mcp_key *key, const mcp_token_grant *g, const char *jti)
{
    long now = (long)mcp_now(ctx);

    return jwt_set_alg(jwt, alg_of(key->alg), (const unsigned char *)key->pem, (int)strlen(key->pem))
        || jwt_add_header(jwt, "typ", "at+jwt") || jwt_add_header(jwt, "kid", key->kid)
        || jwt_add_grant(jwt, "iss", g->issuer) || jwt_add_grant(jwt, "aud", g->audience)
        || jwt_add_grant(jwt, "sub", g->sub) || jwt_add_grant(jwt, "client_id", g->client_id)
        || (g->scope && *g->scope && jwt_add_grant(jwt, "scope", g->scope)) || jwt_add_grant(jwt, "jti", jti)
        || jwt_add_grant_int(jwt, "iat", now) || jwt_add_grant_int(jwt, "exp", now + (long)g->life);
}

mcp_rc mcp_token_mint(mcp_ctx *ctx, const mcp_key *key, const mcp_token_grant *grant, const char **out)
{
    const char *jti;
    char *text = NULL;
    jwt_t *jwt;
    mcp_rc rc;

    if (alg_of(key->alg) == JWT_ALG_NONE || !key->pem) return mcp_fail(ctx, MCP_INTERNAL, "the key cannot sign");
    if ((rc = mcp_text_random(ctx, 16, &jti))) return rc;
    if (jwt_new(&jwt)) return mcp_fail(ctx, MCP_INTERNAL, "libjwt has no memory");
    if (!fill(jwt, ctx, key, grant, jti)) text = jwt_encode_str(jwt);
    jwt_free(jwt);
    if (!text) return mcp_fail(ctx, MCP_INTERNAL, "libjwt could not sign");
    *out = apr_pstrdup(ctx->pool, text);
    free(text);
    return MCP_OK;
}
