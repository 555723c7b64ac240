/* How a verdict is told: to the audit, and to the client in the form its protocol prescribes. */
#ifndef MCP_VERDICT_H
#define MCP_VERDICT_H

#include "mcp/judge.h"

/* One line for each message; of a batch that is refused, for the message that it is refused for. outcome: "allowed", "refused", "reported". */
void mcp_verdict_audit(mcp_ctx *ctx, request_rec *r, const mcp_judged *j, const char *outcome, mcp_rc rc);

/* The status, the challenge and the JSON-RPC error; a line in the log. Returns what a handler returns. */
int mcp_verdict_refuse(mcp_ctx *ctx, request_rec *r, const mcp_judged *j, mcp_rc rc);

/* 1 if the rules alone stand against the request: what MCPToolAuthz Report lets pass. Never for a message that was not understood. */
int mcp_verdict_is_of_rules(mcp_rc rc);

#endif
