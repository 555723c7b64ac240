/* The two pages people see. No script, nothing loaded, every foreign text escaped. */
#ifndef MCP_PAGE_H
#define MCP_PAGE_H

#include "mcp/client.h"
#include "mcp/ticket.h"

/* Asks the user. sealed: the ticket as text for the form. */
mcp_rc mcp_page_consent(mcp_ctx *ctx, const mcp_as *as, const mcp_client *client, const mcp_ticket *ticket,
                        const char *sealed, const char *user, mcp_out *out);

/* Tells that a request cannot go on and sends the browser nowhere. Returns rc. */
mcp_rc mcp_page_error(mcp_ctx *ctx, mcp_rc rc, mcp_out *out);

#endif
