/* A stream of server-sent events, taken apart as it passes, so that what an event says can be replaced before a client reads it.
 *
 * Any split of the input gives the same output. Understood as the WHATWG HTML standard has it and as lenient readers do: one BOM at the
 * beginning, lines that end in CR, LF or CRLF, several data lines joined by LF, comments, fields without a colon. An event leaves as
 * soon as its blank line has come (a CR may be the first half of CRLF: the event leaves at once, the LF belongs to what follows).
 * Comments ahead of an event's first field are no part of it and leave at once: a server may send them alone to keep the stream alive.
 * What stands behind the last blank line at the end of the stream is treated as an event too: some readers take it.
 *
 * An event that is kept leaves byte for byte. One that is replaced keeps its other lines and their order; the new data takes the place of the
 * first data line (split at LF, CR or CRLF into as many data lines as it needs, each with that line's spelling "data:" or "data: " and its
 * line end, and with a blank behind the colon where the text itself begins with one).
 *
 * Readers differ, so some lines end the stream with MCP_AMBIGUOUS: a line that is no data line but would be one if it were trimmed or the case
 * of its name did not count, or that begins with "data", a brace or a bracket; one of nothing but blanks and non-ASCII; one, comment or field, with a control
 * character but TAB, U+0085, U+2028 or U+2029, where some readers end lines. Other unknown fields stay.
 *
 * Memory: one event of at most max_event bytes (its lines and their ends, the first byte of the last one included), and scratch that is
 * cleared after each. */
#ifndef MCP_SSE_H
#define MCP_SSE_H

#include "mcp/ctx.h"

typedef struct mcp_sse mcp_sse;

/* Judges the data of one event (lines joined). *instead stays NULL to keep the event; otherwise its new data, from scratch.
 * A failure ends the stream: nothing of this event leaves. Not called for events without data or whose data is empty, as in the
 * event that primes a reconnection. data is valid during the call alone and not NUL-terminated. */
typedef mcp_rc mcp_sse_judge(void *baton, apr_pool_t *scratch, const char *data, size_t len, const char **instead, size_t *instead_len);
/* Takes what leaves, several events at once where they came together and were kept; the bytes are valid during the call alone. */
typedef mcp_rc mcp_sse_out(void *baton, const char *bytes, size_t len);

/* NULL if memory is out. */
mcp_sse *mcp_sse_begin(mcp_ctx *ctx, size_t max_event, mcp_sse_judge *judge, mcp_sse_out *out, void *baton);
/* MCP_TOO_LARGE for an event beyond max_event, or what judge or out returned; the stream is dead afterwards and says the same again. */
mcp_rc mcp_sse_feed(mcp_sse *sse, const char *bytes, size_t len);
mcp_rc mcp_sse_end(mcp_sse *sse);

#endif
