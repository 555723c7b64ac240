/* What the authorization request asked for, sealed into the consent page while the user thinks.
 * AES-256-GCM under as->seal; readable and changeable by nobody else; good for one user of one
 * issuer and MCP_TICKET_LIFE seconds. That it is used once is the consent's business: it claims
 * the id in the store. */
#ifndef MCP_TICKET_H
#define MCP_TICKET_H

#include "mcp/as.h"

enum { MCP_TICKET_LIFE = 600, MCP_TICKET_MAX = 24 * 1024 };

typedef struct {
    const char *id;             /* random, made by mcp_ticket_seal */
    const char *client, *redirect, *scope, *resource, *challenge;
    const char *state;          /* NULL: none */
    unsigned offline : 1;       /* the user is asked for refresh tokens too (refresh.h) */
} mcp_ticket;

/* Everything but the id is taken from ticket. */
mcp_rc mcp_ticket_seal(mcp_ctx *ctx, const mcp_as *as, const char *user, const mcp_ticket *ticket, const char **out);

/* MCP_BAD_TICKET for anything that mcp_ticket_seal did not make for this issuer and user lately. */
mcp_rc mcp_ticket_open(mcp_ctx *ctx, const mcp_as *as, const char *user, const char *text, mcp_ticket *out);

#endif
