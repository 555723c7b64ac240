/* What registration (RFC 7591) and its management (RFC 7592) share. */
#ifndef MCP_REGISTER_H
#define MCP_REGISTER_H

#include "mcp/client.h"

/* Leave once, with the answer; the record has digests. NULL: not given. */
typedef struct {
    const char *secret, *access;    /* client_secret, registration_access_token */
} mcp_issued;

/* The body as a JSON object: MCP_BAD_MEDIA_TYPE, MCP_TOO_LARGE or MCP_BAD_METADATA. */
mcp_rc mcp_register_read(mcp_ctx *ctx, const mcp_in *in, json_t **out);
/* A secret for a confidential client and the time it lives; a public one gets none. */
mcp_rc mcp_register_secret(mcp_ctx *ctx, const mcp_as *as, mcp_client *client, mcp_issued *issued);
/* A registration access token; any earlier one counts no more once the client is kept. */
mcp_rc mcp_register_access(mcp_ctx *ctx, mcp_client *client, mcp_issued *issued);
/* The client information response. */
mcp_rc mcp_register_answer(mcp_ctx *ctx, const mcp_as *as, const mcp_client *client, const mcp_issued *issued, int status, mcp_out *out);
void mcp_register_note(const mcp_client *client, mcp_out *out);
/* The token of an Authorization header of the scheme Bearer, or NULL. */
const char *mcp_register_bearer(const mcp_in *in);

#endif
