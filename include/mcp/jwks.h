/* The key set of an issuer that publishes it at a URL (RFC 7517), fetched when first needed and kept.
 *
 * One per MCPTrustIssuer line and process; any thread may ask. A set is used for MCP_JWKS_FRESH seconds, then one
 * thread fetches anew while the others go on with the last good one; after a failure the last good one stays, and
 * nobody tries again for MCP_JWKS_PAUSE seconds. Without any good set: MCP_UNAVAILABLE. */
#ifndef MCP_JWKS_H
#define MCP_JWKS_H

#include "mcp/fetch.h"
#include "mcp/keys.h"

enum { MCP_JWKS_FRESH = 300, MCP_JWKS_PAUSE = 30 };

typedef struct mcp_jwks_source mcp_jwks_source;

/* url: of the set; NULL: what the issuer's metadata say each time (discovery.h). algs: comma-separated algorithm names to accept, NULL for
 * all. rules must outlive p. NULL if no mutex can be had. */
mcp_jwks_source *mcp_jwks_create(apr_pool_t *p, const char *url, const char *issuer, const char *algs, const mcp_fetch_rules *rules);

/* The set at hand. renew: the caller met a key it does not know; fetches anew unless that was tried within the pause.
 * *out stays valid for at least MCP_JWKS_PAUSE seconds. */
mcp_rc mcp_jwks_get(mcp_ctx *ctx, mcp_jwks_source *source, int renew, const mcp_keys **out);

/* The set at hand, however old; NULL if there is none. Fetches nothing. */
const mcp_keys *mcp_jwks_at_hand(mcp_jwks_source *source);

#endif
