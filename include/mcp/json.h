/* Strict JSON for things of configuration size: metadata, key sets, claims.
 * (Message bodies never come here; see envelope.h.)
 *
 * RFC 8259 and UTF-8 only: no BOM, nothing behind the value, no repeated member names at any
 * depth, no U+0000, bounded bytes and depth. Values are jansson's; the pool releases them. */
#ifndef MCP_JSON_H
#define MCP_JSON_H

#include <jansson.h>
#include "mcp/ctx.h"

typedef struct {
    size_t max_bytes;
    unsigned max_depth;     /* containers, the outermost counts 1 */
} mcp_json_caps;

/* MCP_TOO_LARGE, MCP_TOO_DEEP or MCP_BAD_JSON; the detail names the place. Any value may stand outermost. */
mcp_rc mcp_json_parse(mcp_ctx *ctx, const char *bytes, size_t len, const mcp_json_caps *caps, json_t **out);

/* The same, and the outermost value must be an object: otherwise MCP_BAD_JSON. */
mcp_rc mcp_json_object(mcp_ctx *ctx, const char *bytes, size_t len, const mcp_json_caps *caps, json_t **out);

/* Ties a new reference to the pool, so that no caller calls json_decref. Returns value. */
json_t *mcp_json_own(apr_pool_t *p, json_t *value);

/* The member as a string, or NULL if it is absent or no string. */
const char *mcp_json_string(const json_t *object, const char *name);

/* Compact text with members in their order; NULL if memory is out. */
const char *mcp_json_text(apr_pool_t *p, const json_t *value);

#endif
