/* A virtual host with MCPIssuer: its settings, how they merge, and what must hold at start-up. */
#ifndef MCP_ISSUER_H
#define MCP_ISSUER_H

#include "mcp/clients.h"
#include "mcp/httpd.h"
#include "mcp/revocation.h"

/* What a process opens after the fork, for all its issuers. */
typedef struct {
    mcp_store store;
    int store_is_open;
    mcp_revocation_memory *memory;
} mcp_issuer_process;

typedef struct {
    const char *issuer, *path;
    apr_array_header_t *key_files;          /* of const char *; NULL: one is made */
    apr_array_header_t *introspectors;      /* of mcp_introspector; NULL: none */
    const server_rec *owner;                /* where MCPIssuer is written: it is never inherited */
    int module_index;                       /* of the door, whose name lines in the log carry; set with owner */
    const char *store_spec, *audit_target;  /* server-wide */
    apr_array_header_t *scopes;             /* of mcp_scope */
    apr_int64_t access_ttl, refresh_ttl, refresh_idle, client_ttl;  /* 0: unset */
    int refresh;                            /* mcp_refresh_policy; -1: unset */
    mcp_clients clients;
    const mcp_issuer_process *process;      /* these three from post_config on */
    mcp_as *as;
    mcp_audit *audit;
    mcp_self_issuer self;
} mcp_issuer_settings;

/* For the module record. */
void *mcp_issuer_create(apr_pool_t *p, server_rec *s);
void *mcp_issuer_merge(apr_pool_t *p, void *base, void *add);

/* One for each directive that has something to parse: NULL, or a sentence. Those about keys and clients are in keyring.h and clients.h. */
const char *mcp_issuer_set_name(cmd_parms *cmd, mcp_issuer_settings *c, const char *url, int module_index);
const char *mcp_issuer_set_seconds(cmd_parms *cmd, const char *value, apr_int64_t *out);
/* idle: NULL: as long as all. */
const char *mcp_issuer_set_refresh_ttl(cmd_parms *cmd, mcp_issuer_settings *c, const char *all, const char *idle);
const char *mcp_issuer_set_refresh(mcp_issuer_settings *c, const char *word);
/* NAME TEXT [sensitive] [default] [machine]. */
const char *mcp_issuer_add_scope(cmd_parms *cmd, mcp_issuer_settings *c, int argc, char *const argv[]);

/* issuer_start.c: once for each server that owns an issuer, in this order. OK or a status; says why in the log.
 * check_config: makes and changes nothing, for it runs under apachectl configtest too. */
int mcp_issuer_check(apr_pool_t *p, server_rec *s, const mcp_issuer_settings *c);
/* post_config, in both of httpd's passes: the folder of the store and the keys. */
int mcp_issuer_make_folder(apr_pool_t *p, server_rec *s, const mcp_issuer_settings *c);
/* post_config, in the pass that counts: keys, audit, and what the use cases read. process: filled later, by each child. */
int mcp_issuer_start(apr_pool_t *p, apr_pool_t *ptemp, server_rec *s, mcp_issuer_settings *c, mcp_issuer_process *process);

#endif
