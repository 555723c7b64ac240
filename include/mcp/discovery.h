/* Where an issuer publishes its keys, by its metadata: RFC 8414, and OpenID Connect Discovery where that is all there is. */
#ifndef MCP_DISCOVERY_H
#define MCP_DISCOVERY_H

#include "mcp/fetch.h"

/* The jwks_uri of the first document that is there; the document must name the issuer byte for byte, and the URI is https, or http where
 * the rules allow it and both are loopback addresses. MCP_FETCH_REFUSED otherwise. ctx->pool owns *uri. */
mcp_rc mcp_discovery_jwks_uri(mcp_ctx *ctx, const mcp_fetch_rules *rules, const char *issuer, const char **uri);

#endif
