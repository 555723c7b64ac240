/* Tokens that say nothing themselves: their issuer is asked (RFC 7662).
 *
 * One per MCPTrustIssuer line; any thread may ask. What the issuer said is believed for MCP_INTROSPECT_LIFE seconds and not past
 * exp, a refusal for MCP_INTROSPECT_REFUSED seconds: so long a revocation may go unnoticed. Both memories are bounded. At most
 * `concurrent` questions are on their way at once, and one for each token: others wait for the answer, as long as the fetch may take.
 * After an endpoint failed (no answer, 401, 403, 429, 5xx, something that is no introspection answer) nobody asks for
 * MCP_INTROSPECT_PAUSE seconds, then one does; what is remembered stays good meanwhile. No token is ever logged. */
#ifndef MCP_INTROSPECT_H
#define MCP_INTROSPECT_H

#include "mcp/fetch.h"
#include "mcp/token.h"

enum { MCP_INTROSPECT_LIFE = 60, MCP_INTROSPECT_REFUSED = 5, MCP_INTROSPECT_PAUSE = 5, MCP_INTROSPECT_CONCURRENT = 8 };

typedef struct {
    const char *endpoint;
    const char *client_id, *client_secret;      /* ours, for client_secret_basic (RFC 6749 2.3.1) */
    const char *issuer;                         /* iss, byte for byte, where the answer has one; taken for it where not */
    mcp_fetch_rules rules;
    apr_int64_t leeway;                         /* seconds of clock skew for exp, nbf, iat */
    int concurrent;                             /* 0: MCP_INTROSPECT_CONCURRENT */
    unsigned exp_optional : 1;                  /* an answer without exp is believed for MCP_INTROSPECT_LIFE seconds */
} mcp_introspect_config;

typedef struct mcp_introspect mcp_introspect;

/* config and its texts must outlive p. MCP_INTERNAL without a mutex, MCP_BAD_CONFIG without endpoint, issuer, id or secret. */
mcp_rc mcp_introspect_create(mcp_ctx *ctx, apr_pool_t *p, const mcp_introspect_config *config, mcp_introspect **out);

/* As mcp_token_verify: aud must name the audience, exp is required, sub too. What is in *out is shared, as seen.h says.
 * MCP_BAD_TOKEN (inactive, or what RFC 6750 2.1 calls no token: nobody is asked about it), MCP_EXPIRED_TOKEN, MCP_UNAVAILABLE. */
mcp_rc mcp_introspect_verify(mcp_ctx *ctx, mcp_introspect *in, const char *audience, const char *text, size_t len, mcp_token *out);

/* The body of a 200 answer alone. MCP_UNAVAILABLE if it is no introspection answer: strict JSON with a boolean active. */
mcp_rc mcp_introspect_read(mcp_ctx *ctx, const mcp_introspect_config *config, const char *audience,
                           const char *body, size_t len, mcp_token *out);

#endif
