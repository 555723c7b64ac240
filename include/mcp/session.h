/* Sessions of the revisions before 2026-07-28 (Mcp-Session-Id), bound to whoever opened them: what the client holds is the backend's
 * identifier, sealed for the client, the user and the resource, so that a session that was stolen or sent to the wrong place is worth
 * nothing, and what the backend calls it is known to nobody outside. Nothing is stored. */
#ifndef MCP_SESSION_H
#define MCP_SESSION_H

#include "mcp/seal.h"
#include "mcp/store.h"
#include "mcp/token.h"

enum { MCP_SESSION_REMEMBERED = 86400 };    /* seconds */

/* The backend's id, sealed; visible ASCII. */
mcp_rc mcp_session_seal(mcp_ctx *ctx, const unsigned char key[MCP_SEAL_KEY_LEN], const mcp_token *token, const char *resource, const char *id,
                        const char **out);

/* Notes that the backend has a session of that name, so that nobody gets into it by the name alone. */
mcp_rc mcp_session_remember(mcp_ctx *ctx, mcp_store *store, const char *resource, const char *id);

/* The backend's id again; MCP_BAD_SESSION if it was sealed for somebody else, or is damaged. What was never sealed here stays as it is, for
 * the backend to say that it knows no such session; MCP_BAD_SESSION if the store (NULL: none) remembers that it does. */
mcp_rc mcp_session_open(mcp_ctx *ctx, const unsigned char key[MCP_SEAL_KEY_LEN], const mcp_token *token, mcp_store *store, const char *resource,
                        const char *text, const char **id);

#endif
