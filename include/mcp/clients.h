/* The directives about clients: who may register, and whose metadata documents are fetched. */
#ifndef MCP_CLIENTS_H
#define MCP_CLIENTS_H

#include <httpd.h>
#include <http_config.h>
#include "mcp/as.h"
#include "mcp/cimd.h"
#include "mcp/statement.h"

typedef struct {
    int registration;               /* -1: unset; else one of the words below */
    const char *initial_access;     /* MCPInitialAccessToken; NULL: unset */
    apr_array_header_t *statements; /* of mcp_statement_issuer; NULL: unset */
    apr_int64_t max;                /* 0: unset */
    int dedupe, sealed;             /* -1: unset */
    const unsigned char *seal_key;  /* NULL: derived from the signing key */
    apr_int64_t not_before;
    int documents;                  /* -1: unset */
    apr_array_header_t *allow, *deny;   /* of const char *; NULL: all, none */
    int same_origin;
    apr_array_header_t *internal;   /* of mcp_internal_host; NULL: none */
} mcp_clients;

enum { MCP_REGISTRATION_OFF, MCP_REGISTRATION_OPEN, MCP_REGISTRATION_TOKEN };

void mcp_clients_init(mcp_clients *c);
void mcp_clients_merge(mcp_clients *c, const mcp_clients *base);

/* One for each directive: NULL, or a sentence. */
const char *mcp_clients_set_registration(mcp_clients *c, const char *word);
const char *mcp_clients_set_initial_access(cmd_parms *cmd, mcp_clients *c, const char *file);
const char *mcp_clients_set_statements(cmd_parms *cmd, mcp_clients *c, const char *issuer, const char *jwks);
const char *mcp_clients_set_max(mcp_clients *c, const char *number);
const char *mcp_clients_set_mode(cmd_parms *cmd, mcp_clients *c, int argc, char *const argv[]);
const char *mcp_clients_set_documents(cmd_parms *cmd, mcp_clients *c, int argc, char *const argv[]);
const char *mcp_clients_set_internal(cmd_parms *cmd, mcp_clients *c, int argc, char *const argv[]);

/* What the directives say together; NULL, or a sentence. scopes: those declared. */
const char *mcp_clients_check(mcp_ctx *ctx, const mcp_clients *c, const mcp_scope *scopes, int scope_count);

/* Fills what the use cases read. */
mcp_rc mcp_clients_build(mcp_ctx *ctx, apr_pool_t *p, const mcp_clients *c, mcp_as *as);

#endif
