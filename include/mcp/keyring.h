/* MCPSigningKey and MCPIntrospect: the secrets of an issuer that an administrator keeps in files. */
#ifndef MCP_KEYRING_H
#define MCP_KEYRING_H

#include <httpd.h>
#include <http_config.h>
#include "mcp/as.h"

enum { MCP_KEYRING_MAX = 8 };

/* FILE [FILE...]: an array of const char *, or a sentence. */
const char *mcp_keyring_set(cmd_parms *cmd, int argc, char *const argv[], apr_array_header_t **files);
/* NAME SECRET-FILE [RESOURCE...]: adds to *all, made if NULL; otherwise a sentence. */
const char *mcp_keyring_add_introspector(cmd_parms *cmd, int argc, char *const argv[], apr_array_header_t **all);

/* Reads the keys: the first signs, all are accepted; made: the file of a key of our own, created if missing, where files is NULL.
 * Fills key, keys, seal and other_seals. */
mcp_rc mcp_keyring_load(mcp_ctx *ctx, apr_pool_t *p, const apr_array_header_t *files, const char *made, mcp_as *as);
/* What of it can be said without making anything. */
mcp_rc mcp_keyring_check(mcp_ctx *ctx, apr_pool_t *p, const apr_array_header_t *files, const char *made);

#endif
