/* Software statements (RFC 7591 section 2.3): metadata that somebody the administrator trusts has signed for a piece of software. What it says
 * outweighs what the registration says beside it, and is judged by the same rules. */
#ifndef MCP_STATEMENT_H
#define MCP_STATEMENT_H

#include "mcp/as.h"

typedef struct mcp_statement_issuer {
    const char *issuer;         /* the statement's iss */
    const mcp_keys *keys;
} mcp_statement_issuer;

/* *merged: doc, or a copy in which the claims of its software_statement replaced members; *statement: the text to give back, or NULL.
 * MCP_BAD_STATEMENT: not signed by an issuer, expired, or without software_id. Where no issuer is configured doc stays as it is. */
mcp_rc mcp_statement_apply(mcp_ctx *ctx, const mcp_as *as, json_t *doc, json_t **merged, const char **statement);

#endif
