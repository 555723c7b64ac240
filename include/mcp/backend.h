/* What the backend is told of a request that was admitted, and what it is not. */
#ifndef MCP_BACKEND_H
#define MCP_BACKEND_H

#include "mcp/judge.h"

/* Takes the token off, and whatever claims to say who is calling; says it, where MCPBackendIdentity wants it; watches the answer.
 * MCP_INTERNAL if it cannot be said: the request must not go on. */
mcp_rc mcp_backend_hand_over(mcp_ctx *ctx, request_rec *r, mcp_judged *j);

/* Where httpd itself sends a request on to another location, the gate there judges it anew: the same token, session and body. */
void mcp_backend_take_back(request_rec *r);

#endif
