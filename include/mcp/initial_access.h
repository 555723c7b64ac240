/* Initial access tokens (RFC 7591 section 3): who holds one may register where others may not, by a policy of its own.
 *
 * The administrator's file has one token a line, as a digest: SHA-256 in hexadecimal, a name for the audit, then options:
 *   uses=N (1 without it), expires=YYYY-MM-DD (its last day, UTC), scopes=A,B (the client's ceiling; sensitive ones too)
 * Empty lines and those that begin with # are passed over. The file is read at each use, so a change needs no restart. */
#ifndef MCP_INITIAL_ACCESS_H
#define MCP_INITIAL_ACCESS_H

#include "mcp/as.h"

enum { MCP_INITIAL_ACCESS_FILE_MAX = 256 * 1024, MCP_INITIAL_ACCESS_USES_MAX = 1000000 };

typedef struct {
    const char *digest;         /* lower-case hex SHA-256 */
    const char *name;
    const char *scopes;         /* blank-separated; NULL: as for anybody */
    apr_uint32_t uses;
    apr_int64_t expires_at;     /* seconds since 1970; 0: never */
} mcp_initial_access;

/* NULL, or a sentence that names the line at fault. as: where scopes must be declared; NULL: anywhere. */
const char *mcp_initial_access_check(mcp_ctx *ctx, const mcp_as *as, const char *path);

/* The line of the token. MCP_BAD_TOKEN: unknown or expired; MCP_UNAVAILABLE: the file cannot be read. */
mcp_rc mcp_initial_access_find(mcp_ctx *ctx, const mcp_as *as, const char *token, mcp_initial_access *out);

/* Uses it up by one, once everything else is decided. MCP_BAD_TOKEN if that was done as often as allowed. */
mcp_rc mcp_initial_access_use(mcp_ctx *ctx, const mcp_as *as, const mcp_initial_access *access);

#endif
