#include <string.h>
#include "scanner.h"

void mcp_decoded_begin(mcp_envelope *e, int is_name)
{
    e->text_len = 0;
    e->is_name = is_name;
    e->keep = is_name || is_text_member(e->now);
    e->high_surrogate = 0;
    e->utf8_left = 0;
}

/* How many bytes more it may grow. */
size_t mcp_decoded_room(const mcp_envelope *e)
{
    return (e->is_name ? NAME_MAX_BYTES : TEXT_MAX) - e->text_len;
}

static mcp_rc too_long(mcp_envelope *e)
{
    if (e->is_name) return mcp_scanner_fail(e, MCP_BAD_JSON, "a member name is too long");
    return mcp_scanner_fail(e, MCP_BAD_ENVELOPE, "a protocol value is too long");
}

static void grow(mcp_envelope *e, size_t wanted)
{
    char *grown;

    if (!e->text_cap) e->text_cap = FIRST_TEXT;
    while (e->text_cap < wanted) e->text_cap *= 2;
    grown = apr_palloc(e->ctx->pool, e->text_cap);
    memcpy(grown, e->text, e->text_len);
    e->text = grown;
}

mcp_rc mcp_decoded_bytes(mcp_envelope *e, const unsigned char *bytes, size_t len)
{
    if (!e->keep) return MCP_OK;
    if (len > mcp_decoded_room(e)) return too_long(e);
    if (e->text_len + len > e->text_cap) grow(e, e->text_len + len);
    memcpy(e->text + e->text_len, bytes, len);
    e->text_len += len;
    return MCP_OK;
}

static mcp_rc keep_char(mcp_envelope *e, unsigned u)
{
    unsigned char c[4];
    size_t n = 0;

    if (u < 0x80) c[n++] = (unsigned char)u;
    else {
        if (u < 0x800) c[n++] = (unsigned char)(0xc0 | u >> 6);
        else {
            if (u < 0x10000) c[n++] = (unsigned char)(0xe0 | u >> 12);
            else {
                c[n++] = (unsigned char)(0xf0 | u >> 18);
                c[n++] = (unsigned char)(0x80 | (u >> 12 & 63));
            }
            c[n++] = (unsigned char)(0x80 | (u >> 6 & 63));
        }
        c[n++] = (unsigned char)(0x80 | (u & 63));
    }
    return mcp_decoded_bytes(e, c, n);
}

/* A lone surrogate is read differently by different parsers: never where the gate must know what it says. */
static mcp_rc lone_surrogate(mcp_envelope *e)
{
    return mcp_scanner_fail(e, MCP_AMBIGUOUS, "a lone surrogate in a name or a protocol value");
}

mcp_rc mcp_decoded_check(mcp_envelope *e)
{
    return e->high_surrogate ? lone_surrogate(e) : MCP_OK;
}

mcp_rc mcp_decoded_escape(mcp_envelope *e, unsigned u)
{
    unsigned high = e->high_surrogate;

    if (!e->keep) return MCP_OK;
    if (high && u >= 0xdc00 && u <= 0xdfff) {
        e->high_surrogate = 0;
        return keep_char(e, 0x10000 + ((high - 0xd800) << 10) + (u - 0xdc00));
    }
    if (high || (u >= 0xdc00 && u <= 0xdfff)) return lone_surrogate(e);
    if (u >= 0xd800 && u <= 0xdbff) {
        e->high_surrogate = u;
        return MCP_OK;
    }
    return keep_char(e, u);
}
