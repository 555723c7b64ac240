/* The access token: RFC 9068 profile, made and judged side by side. */
#ifndef MCP_TOKEN_H
#define MCP_TOKEN_H

#include "mcp/jws.h"

typedef struct {
    const char *issuer;         /* iss, byte for byte */
    const char *audience;       /* must be aud or stand in it */
    const mcp_keys *keys;
    apr_int64_t leeway;         /* seconds of clock skew for exp, nbf, iat */
} mcp_token_profile;

typedef struct {
    const char *sub, *client_id, *scope, *jti;  /* "" where the token has none; sub never "" */
    apr_int64_t exp;                            /* seconds since 1970 */
    const json_t *claims;                       /* read only: other threads may read them as well (seen.h) */
    const char *claims_text;                    /* the JSON that claims were read from, claims_len bytes */
    size_t claims_len;
} mcp_token;

/* iss, aud, exp, sub required; typ must be at+jwt, application/at+jwt or JWT (absent counts as JWT);
 * numbers must be integers within 0..2^53. MCP_BAD_TOKEN or MCP_EXPIRED_TOKEN. "scope" may be a
 * string, "scp" a string or list (Entra, Okta). */
mcp_rc mcp_token_verify(mcp_ctx *ctx, const mcp_token_profile *profile, const char *text, size_t len, mcp_token *out);

/* The claims alone, where somebody else vouches for them (introspect.h); keys are not looked at, claims_text is left alone. */
mcp_rc mcp_token_judge(mcp_ctx *ctx, const mcp_token_profile *profile, const json_t *claims, mcp_token *out);

/* The unverified "iss", to choose among several profiles; NULL if unreadable. Decides nothing else. */
const char *mcp_token_peek_issuer(mcp_ctx *ctx, const char *text, size_t len);

typedef struct {
    const char *issuer, *audience, *sub, *client_id, *scope;
    apr_int64_t life;           /* seconds */
    const char *jti;            /* NULL: a random one */
    const char *type;           /* typ; NULL: at+jwt */
    json_t *more;               /* further claims; those of the same name replace the others. May be NULL */
} mcp_token_grant;

/* Signs with typ at+jwt; no scope claim where scope is NULL or "". MCP_INTERNAL if the key cannot sign. */
mcp_rc mcp_token_mint(mcp_ctx *ctx, const mcp_key *key, const mcp_token_grant *grant, const char **out);

#endif
