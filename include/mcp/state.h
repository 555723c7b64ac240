/* MCPStore, for both doors: where it lies, that its folder is fit, and one opening of it per process however many modules ask. */
#ifndef MCP_STATE_H
#define MCP_STATE_H

#include <httpd.h>
#include "mcp/store.h"

/* configured: what MCPStore says, NULL without it: LMDB in mcp-state below ServerRoot. */
int mcp_state_is_embedded(const char *configured);

/* The folder of the embedded store, or where keys are kept beside a remote one. */
const char *mcp_state_dir(apr_pool_t *p, const char *configured);

/* Applies mcp_store_folder_check or mcp_store_folder_make to it for the user who will use it; NULL or a sentence. */
typedef const char *mcp_state_folder_fn(apr_pool_t *p, const char *dir, const mcp_store_user *user);
const char *mcp_state_folder(apr_pool_t *p, const char *configured, mcp_state_folder_fn *apply);

/* From child_init, on the child's pool. */
mcp_rc mcp_state_open(mcp_ctx *ctx, apr_pool_t *child, const char *configured, mcp_store **out);

#endif
