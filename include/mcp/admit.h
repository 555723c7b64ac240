/* Everything that must hold before the backend hears of a request, in order: origin, headers, token, body, session, mirrored headers, rules. */
#ifndef MCP_ADMIT_H
#define MCP_ADMIT_H

#include "mcp/judge.h"

enum { MCP_MAX_BODY = 4 * 1024 * 1024, MCP_MAX_DEPTH = 64 };      /* unless MCPMaxBody and MCPMaxDepth say otherwise */

/* MCP_OK, or the first reason against it. Fills j as far as it comes: what a refusal and the audit say is read from there. */
mcp_rc mcp_admit(mcp_ctx *ctx, request_rec *r, mcp_judged *j);

/* 1 if the request announces a body. */
int mcp_admit_has_body(request_rec *r);

#endif
