/* The message scanner: reads one JSON-RPC message as it arrives and gives what the gate needs,
 * or refuses. What it accepts, every JSON parser reads alike.
 *
 * One pass, incremental: any split of the input gives the same verdict. It keeps no copy of the
 * message; memory grows only with member names of open objects (duplicate detection, linear time).
 * Refused: anything but strict RFC 8259 in UTF-8; BOM; bytes behind the value; repeated names at any
 * depth (after unescaping); names that equal a protocol member but for case (Unicode folding too) or
 * a U+0000; `__proto__` among protocol members; arrays outermost (MCP_BATCH); lone surrogate escapes in names, method, id, name or uri. */
#ifndef MCP_ENVELOPE_H
#define MCP_ENVELOPE_H

#include "mcp/ctx.h"

typedef struct {
    size_t max_bytes;       /* MCP_TOO_LARGE beyond */
    unsigned max_depth;     /* MCP_TOO_DEEP beyond; the outermost container counts 1 */
} mcp_envelope_rules;

typedef enum { MCP_MESSAGE_REQUEST, MCP_MESSAGE_NOTIFICATION, MCP_MESSAGE_RESPONSE } mcp_message_kind;

/* Strings are decoded, NUL-terminated, NULL where absent; the context's pool owns them. */
typedef struct {
    mcp_message_kind kind;
    const char *method;
    const char *id;             /* the exact bytes of the id as sent, quotes and escapes included */
    size_t id_len;
    const char *name;           /* params.name */
    const char *uri;            /* params.uri */
    size_t arguments_at, arguments_len;     /* byte range of params.arguments; len 0: absent or null */
    const char *version;        /* params._meta["io.modelcontextprotocol/protocolVersion"] */
} mcp_message;

typedef struct mcp_envelope mcp_envelope;

mcp_envelope *mcp_envelope_begin(mcp_ctx *ctx, const mcp_envelope_rules *rules);
/* After a failure every further call gives the same rc. */
mcp_rc mcp_envelope_feed(mcp_envelope *e, const char *bytes, size_t len);
/* Also after a failure fills what was read for sure, so that an error can echo the id (id NULL if unsure). */
mcp_rc mcp_envelope_end(mcp_envelope *e, mcp_message *out);

/* All at once, for tests and for small bodies. */
mcp_rc mcp_envelope_scan(mcp_ctx *ctx, const mcp_envelope_rules *rules, const char *bytes, size_t len, mcp_message *out);

#endif
