/* What a tool's definition (an element of tools/list) says beside its name: a digest by which a change is seen, and the arguments that
 * clients of 2026-07-28 mirror into Mcp-Param-* headers (x-mcp-header in its inputSchema). */
#ifndef MCP_DEFINITION_H
#define MCP_DEFINITION_H

#include <apr_tables.h>
#include "mcp/text.h"
#include "mcp/value.h"

/* SHA-256 as lower-case hex of the definition's meaning: blanks, the order of members, the spelling of strings do not count; numbers count as
 * they are spelt. NULL only if the digest cannot be had. */
const char *mcp_definition_digest(apr_pool_t *p, const mcp_value *element);

/* One annotated argument. */
typedef struct {
    const char *header;             /* what stands behind Mcp-Param- */
    const char *const *path;        /* member names, NULL-terminated */
} mcp_mirror;

enum { MCP_MIRRORS_MAX = 64, MCP_MIRROR_DEPTH = 16 };

/* Of mcp_mirror: those that stand behind a chain of `properties` alone, as the revision has it; others count for nothing. */
const apr_array_header_t *mcp_definition_mirrors(apr_pool_t *p, const mcp_value *element);

/* Each annotated argument that is there has its header, once, with its value (base64 form too; integers by number), and one that is
 * absent or null has none: otherwise MCP_HEADER_MISMATCH. arguments may be MCP_VALUE_NONE. */
mcp_rc mcp_definition_agree(mcp_ctx *ctx, const apr_table_t *headers, const mcp_value *arguments, const apr_array_header_t *mirrors);

#endif
