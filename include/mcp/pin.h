/* What tools were when they were accepted (MCPPinTools): a tool whose description or schema changed behind the gate's back is not offered
 * and not called until an administrator accepts it. Also where the arguments that headers mirror are remembered from.
 *
 * learn (unset too): what is seen is accepted; changes are told. enforce: only what was accepted while learning is listed and may be called; what
 * is new or changed is told and refused. Records stand in the store, one for each tool of a resource. */
#ifndef MCP_PIN_H
#define MCP_PIN_H

#include "mcp/definition.h"
#include "mcp/store.h"

typedef enum { MCP_PIN_UNSET = -1, MCP_PIN_OFF, MCP_PIN_LEARN, MCP_PIN_ENFORCE } mcp_pin_mode;

typedef enum { MCP_PIN_KNOWN, MCP_PIN_NEW, MCP_PIN_CHANGED } mcp_pin_news;

/* What a definition that passes in a list means. MCP_OK: it may be listed. MCP_CHANGED_TOOL: it may not. *news: what nobody
 * was told yet. MCP_UNAVAILABLE while the store is down: it may not be listed where pins are enforced. */
mcp_rc mcp_pin_listed(mcp_ctx *ctx, mcp_store *store, mcp_pin_mode mode, const char *resource, const char *tool, const mcp_value *element,
                      mcp_pin_news *news);

/* Before a call. MCP_CHANGED_TOOL if pins are enforced and the tool is not as it was accepted, or was never seen. mirrors: NULL, or where the
 * arguments that headers must mirror are told (definition.h); NULL is told where none are known. */
mcp_rc mcp_pin_called(mcp_ctx *ctx, mcp_store *store, mcp_pin_mode mode, const char *resource, const char *tool, const apr_array_header_t **mirrors);

#endif
