/* Access tokens that this issuer itself made, for those of its endpoints that are shown one. */
#ifndef MCP_ISSUED_H
#define MCP_ISSUED_H

#include "mcp/as.h"
#include "mcp/token.h"

/* Signed by one of our keys, of our issuer, for one of our resources, alive. MCP_BAD_TOKEN or MCP_EXPIRED_TOKEN. Whether it was
 * revoked is another question (revocation.h). */
mcp_rc mcp_issued_read(mcp_ctx *ctx, const mcp_as *as, const char *text, mcp_token *out);

/* The resource it is for; "" unless mcp_issued_read said MCP_OK. */
const char *mcp_issued_audience(const mcp_token *token);

#endif
