#include <string.h>
#include "mcp/batch.h"
#include "mcp/value.h"

static size_t skip_blanks(const char *text, size_t len, size_t at)
{
    while (at < len && memchr(" \t\n\r", text[at], 4)) at++;
    return at;
}

static int has_id(const apr_array_header_t *parts, const mcp_message *m)
{
    int i;

    for (i = 0; m->id && i < parts->nelts; i++) {
        const mcp_message *other = &APR_ARRAY_IDX(parts, i, mcp_batch_part).message;
        if (other->id && other->id_len == m->id_len && !memcmp(other->id, m->id, m->id_len)) return 1;
    }
    return 0;
}

/* The message that begins at *at; *at moves behind it. */
static mcp_rc take_part(mcp_ctx *ctx, const mcp_envelope_rules *rules, const char *text, size_t len, size_t *at, apr_array_header_t *parts)
{
    mcp_value v = mcp_value_of(text + *at, len - *at);
    mcp_batch_part part = { .text = v.at, .len = v.len };
    mcp_rc rc;

    if (parts->nelts == MCP_BATCH_MAX) return mcp_fail(ctx, MCP_BAD_ENVELOPE, "a batch has at most %d messages", MCP_BATCH_MAX);
    if (v.kind != MCP_VALUE_OBJECT) return mcp_fail(ctx, MCP_BAD_ENVELOPE, "a batch is an array of messages");
    if ((rc = mcp_envelope_scan(ctx, rules, v.at, v.len, &part.message))) return rc;
    if (has_id(parts, &part.message)) return mcp_fail(ctx, MCP_AMBIGUOUS, "two messages of the batch have the same id");
    APR_ARRAY_PUSH(parts, mcp_batch_part) = part;
    *at = skip_blanks(text, len, (size_t)(v.at - text) + v.len);
    return MCP_OK;
}

mcp_rc mcp_batch_split(mcp_ctx *ctx, const mcp_envelope_rules *rules, const char *text, size_t len, apr_array_header_t **out)
{
    size_t at = skip_blanks(text, len, 0);
    char behind = ',';
    mcp_rc rc;

    *out = apr_array_make(ctx->pool, 4, sizeof(mcp_batch_part));
    if (at == len || text[at] != '[') return mcp_fail(ctx, MCP_BAD_ENVELOPE, "a batch is an array of messages");
    for (at++; behind == ','; at++) {
        if ((rc = take_part(ctx, rules, text, len, &at, *out))) return rc;
        behind = at < len ? text[at] : '\0';
    }
    if (behind != ']' || skip_blanks(text, len, at) != len) return mcp_fail(ctx, MCP_BAD_JSON, "between or behind the messages of the batch stands something else");
    return MCP_OK;
}
