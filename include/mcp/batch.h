/* JSON-RPC batches, which MCP has in revision 2025-03-26 alone: one array of messages, each read as strictly as a message by itself. */
#ifndef MCP_BATCH_H
#define MCP_BATCH_H

#include <apr_tables.h>
#include "mcp/envelope.h"

enum { MCP_BATCH_MAX = 100 };

typedef struct {
    mcp_message message;
    const char *text;       /* its bytes within the batch */
    size_t len;
} mcp_batch_part;

/* *out: of mcp_batch_part, in their order. MCP_BAD_ENVELOPE for an empty array or one of more than MCP_BATCH_MAX messages, MCP_AMBIGUOUS if two
 * requests have the same id, MCP_BAD_JSON for anything between the messages but one comma, or what a message by itself would be refused for. */
mcp_rc mcp_batch_split(mcp_ctx *ctx, const mcp_envelope_rules *rules, const char *text, size_t len, apr_array_header_t **out);

#endif
