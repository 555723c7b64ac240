/* MCPToolRate: how many calls of a tool somebody may make in a time, counted in the store and so across hosts. */
#ifndef MCP_RATE_H
#define MCP_RATE_H

#include "mcp/store.h"

typedef enum { MCP_RATE_CALLER, MCP_RATE_USER, MCP_RATE_CLIENT, MCP_RATE_ALL } mcp_rate_per;     /* CALLER: the user with this client */

typedef struct {
    apr_uint32_t calls, seconds;    /* calls 0: no limit */
    mcp_rate_per per;
} mcp_rate;

/* "CALLS/SECONDS" and "caller", "user", "client" or "all" (NULL: caller); NULL or a sentence. */
const char *mcp_rate_parse(apr_pool_t *p, const char *limit, const char *per, mcp_rate *out);

/* Counts one call; users and clients are an issuer's own. MCP_TOO_MANY beyond the limit; MCP_UNAVAILABLE while nobody can count. */
mcp_rc mcp_rate_count(mcp_ctx *ctx, mcp_store *store, const mcp_rate *rate, const char *resource, const char *tool, const char *issuer, const char *user,
                      const char *client);

#endif
