/* Text that strangers carry for us: encrypted and authenticated (AES-256-GCM), bound to words that are not sent with it, so that it
 * opens only where the same key and the same words are at hand. Says nothing of time or of use; that is the caller's business. */
#ifndef MCP_SEAL_H
#define MCP_SEAL_H

#include "mcp/ctx.h"

enum { MCP_SEAL_KEY_LEN = 32 };

/* base64url; ctx->pool owns it. bond: any text. MCP_INTERNAL if randomness or the cipher cannot be had. */
mcp_rc mcp_seal_close(mcp_ctx *ctx, const unsigned char key[MCP_SEAL_KEY_LEN], const char *bond, const char *plain, size_t len, const char **out);

/* What was closed with the same key and bond, NUL-terminated behind *len bytes; otherwise MCP_BAD_TICKET, with nothing recorded in the context. */
mcp_rc mcp_seal_open(mcp_ctx *ctx, const unsigned char key[MCP_SEAL_KEY_LEN], const char *bond, const char *text, const char **plain, size_t *len);

#endif
