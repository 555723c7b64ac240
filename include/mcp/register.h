/* What registration (RFC 7591) and its management (RFC 7592) share. */
#ifndef MCP_REGISTER_H
#define MCP_REGISTER_H

#include "mcp/client.h"

/* Leave once, with the answer; the record has digests. NULL: not given. */
typedef struct {
    const char *secret, *access;    /* client_secret, registration_access_token */
    const char *statement;          /* software_statement, given back as it came */
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

/* register_again.c: a client that the same source registered with the same metadata (*out NULL: there is none), and the note
 * by which it is found. Such clients are public, shared by whoever is at that source, and nobody may change them. After mcp_register_keep
 * *out is the client that counts: the caller's, or the one of somebody who registered at the same moment. */
mcp_rc mcp_register_find(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, const mcp_client *client, const mcp_client **out);
mcp_rc mcp_register_keep(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, const mcp_client *client, const mcp_client **out);

#endif
