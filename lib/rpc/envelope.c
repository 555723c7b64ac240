#include <string.h>
#include <apr_strings.h>
#include "runs.h"
#include "scanner.h"

size_t mcp_scanner_offset(const mcp_envelope *e)
{
    return e->before + (size_t)(e->here - e->piece);
}

mcp_rc mcp_scanner_fail(mcp_envelope *e, mcp_rc rc, const char *why)
{
    e->rc = mcp_fail(e->ctx, rc, "%s, at byte %lu", why, (unsigned long)mcp_scanner_offset(e));
    return e->rc;
}

mcp_envelope *mcp_envelope_begin(mcp_ctx *ctx, const mcp_envelope_rules *rules)
{
    mcp_envelope *e = apr_pcalloc(ctx->pool, sizeof *e);

    e->ctx = ctx;
    e->rules = *rules;
    e->at = WANT_VALUE;
    e->stack = e->top = e->first_frames;
    e->depth_cap = FIRST_FRAMES;
    e->names = mcp_names_create(ctx);
    e->text = e->no_text;
    return e;
}

/* Where the run of bytes ends that only lengthen the string being read. Text that is kept is read up to its cap, so
 * that the byte machine refuses it at the same byte however it was cut. */
static const unsigned char *string_run(mcp_envelope *e, const unsigned char *end)
{
    const unsigned char *from = e->here, *to;
    size_t room = mcp_decoded_room(e);

    if (e->utf8_left || e->high_surrogate) return from;
    if (!e->keep) return skip_text_and_escapes(from, end);
    to = skip_text(from, (size_t)(end - from) > room ? from + room : end);
    mcp_decoded_bytes(e, from, (size_t)(to - from));
    return to;
}

/* Bytes that lengthen what is being read, taken at once. The id is kept raw and goes byte by byte. */
static void take_run(mcp_envelope *e, const unsigned char *end)
{
    if (e->in_id) return;
    if (e->at == IN_STRING) e->here = string_run(e, end);
    if (e->at == IN_NUMBER && (e->number == N_INT || e->number == N_FRACTION || e->number == N_EXPONENT)) e->here = skip_digits(e->here, end);
}

/* A piece of one byte is the byte machine's alone: what is longer must be read as if it came byte by byte. */
static mcp_rc read_piece(mcp_envelope *e, const unsigned char *end)
{
    while (e->here < end) {
        if (end - e->here > 1) {
            if (!between_tokens(e)) take_run(e, end);
            else if (e->depth && mcp_tokens_take(e, end)) return e->rc;
            if (e->here == end) break;
        }
        if (mcp_grammar_step(e)) return e->rc;
    }
    return MCP_OK;
}

mcp_rc mcp_envelope_feed(mcp_envelope *e, const char *bytes, size_t len)
{
    size_t room = e->rules.max_bytes - e->before, end = len < room ? len : room;

    if (e->rc) return e->rc;
    e->piece = e->here = (const unsigned char *)bytes;
    if (read_piece(e, e->piece + end)) return e->rc;
    if (end < len) return mcp_scanner_fail(e, MCP_TOO_LARGE, "the message is too large");
    e->before += end;
    e->piece = e->here = NULL;
    return MCP_OK;
}

static mcp_rc finish(mcp_envelope *e)
{
    mcp_message *m = &e->message;
    mcp_rc rc;

    if (e->at != FINISHED) return mcp_scanner_fail(e, MCP_BAD_JSON, e->before ? "the message ends too early" : "the body is empty");
    if ((rc = mcp_members_agree(e))) return rc;
    m->kind = !m->method ? MCP_MESSAGE_RESPONSE : e->id_len ? MCP_MESSAGE_REQUEST : MCP_MESSAGE_NOTIFICATION;
    return MCP_OK;
}

mcp_rc mcp_envelope_end(mcp_envelope *e, mcp_message *out)
{
    if (!e->rc) finish(e);
    e->message.id = e->id_len && e->id_good && !e->in_id ? e->id : NULL;
    e->message.id_len = e->message.id ? e->id_len : 0;
    *out = e->message;
    return e->rc;
}

mcp_rc mcp_envelope_scan(mcp_ctx *ctx, const mcp_envelope_rules *rules, const char *bytes, size_t len, mcp_message *out)
{
    mcp_envelope *e = mcp_envelope_begin(ctx, rules);

    mcp_envelope_feed(e, bytes, len);
    return mcp_envelope_end(e, out);
}
