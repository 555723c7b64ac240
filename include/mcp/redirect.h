/* Redirect URIs: which may be registered (RFC 8252, RFC 9700 2.1), and which of a client's a request may name. */
#ifndef MCP_REDIRECT_H
#define MCP_REDIRECT_H

#include "mcp/ctx.h"

/* https anywhere; http on 127.0.0.1, [::1] and localhost; private-use schemes that are a reversed domain name, or
 * that belong with this authority to a known application (RFC 8252 7.1). At most MCP_URL_MAX bytes. Never a fragment, user, dot segment, wildcard, or a query
 * that holds a parameter of the answer. MCP_BAD_REDIRECT with the reason. */
mcp_rc mcp_redirect_check(mcp_ctx *ctx, const char *uri);

/* 1 if asked is registered: byte for byte, but any port on a loopback http URI (RFC 8252 7.3). */
int mcp_redirect_matches(mcp_ctx *ctx, const char *registered, const char *asked);

#endif
