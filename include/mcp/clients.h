/* The directives about clients: who may register, and whose metadata documents are fetched. */
#ifndef MCP_CLIENTS_H
#define MCP_CLIENTS_H

#include <httpd.h>
#include <http_config.h>
#include "mcp/as.h"
#include "mcp/cimd.h"

typedef struct {
    int documents;                  /* -1: unset */
    apr_array_header_t *allow, *deny;   /* of const char *; NULL: all, none */
    int same_origin;
    apr_array_header_t *internal;   /* of mcp_internal_host; NULL: none */
} mcp_clients;

void mcp_clients_init(mcp_clients *c);
void mcp_clients_merge(mcp_clients *c, const mcp_clients *base);

/* One for each directive: NULL, or a sentence. */
const char *mcp_clients_set_documents(cmd_parms *cmd, mcp_clients *c, int argc, char *const argv[]);
const char *mcp_clients_set_internal(cmd_parms *cmd, mcp_clients *c, int argc, char *const argv[]);

/* Fills what the use cases read. */
mcp_rc mcp_clients_build(mcp_ctx *ctx, apr_pool_t *p, const mcp_clients *c, mcp_as *as);

#endif
