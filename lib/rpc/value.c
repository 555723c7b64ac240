#include <string.h>
#include "mcp/value.h"

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && is_blank(*at)) at++;
    return at;
}

/* Behind the closing quote of the string that begins at `at`: the first one that no odd number of backslashes stands before. */
static const char *string_end(const char *at, const char *end)
{
    const char *quote = at, *c;

    while ((quote = memchr(quote + 1, '"', (size_t)(end - quote - 1)))) {
        for (c = quote; c - 1 > at && c[-1] == '\\'; c--) ;
        if (!((quote - c) & 1)) return quote + 1;
    }
    return end;
}

static const char *container_end(const char *at, const char *end)
{
    static const unsigned char stops[256] = { ['"'] = 1, ['{'] = 1, ['['] = 1, ['}'] = 1, [']'] = 1 };
    size_t depth = 0;

    while (at < end) {
        if (!stops[(unsigned char)*at]) at++;
        else if (*at == '"') at = string_end(at, end);
        else if (*at == '{' || *at == '[') {
            depth++;
            at++;
        } else if (at++, !--depth) return at;
    }
    return end;
}

static const char *scalar_end(const char *at, const char *end)
{
    while (at < end && !is_blank(*at) && *at != ',' && *at != ']' && *at != '}' && *at != ':') at++;
    return at;
}

static mcp_value_kind kind_of(char first)
{
    switch (first) {
    case '{': return MCP_VALUE_OBJECT;
    case '[': return MCP_VALUE_ARRAY;
    case '"': return MCP_VALUE_STRING;
    case 't': return MCP_VALUE_TRUE;
    case 'f': return MCP_VALUE_FALSE;
    case 'n': return MCP_VALUE_NULL;
    default: return first == '-' || (first >= '0' && first <= '9') ? MCP_VALUE_NUMBER : MCP_VALUE_NONE;
    }
}

mcp_value mcp_value_of(const char *text, size_t len)
{
    const char *end = text + len;
    mcp_value v = { MCP_VALUE_NONE, skip_blanks(text, end), 0 };

    if (v.at == end) return v;
    v.kind = kind_of(*v.at);
    if (v.kind == MCP_VALUE_STRING) v.len = (size_t)(string_end(v.at, end) - v.at);
    else if (v.kind == MCP_VALUE_OBJECT || v.kind == MCP_VALUE_ARRAY) v.len = (size_t)(container_end(v.at, end) - v.at);
    else v.len = (size_t)(scalar_end(v.at, end) - v.at);
    return v;
}

mcp_value_walk mcp_value_begin(const mcp_value *container)
{
    mcp_value_walk walk = { NULL, NULL, container->kind == MCP_VALUE_OBJECT };

    if ((!walk.in_object && container->kind != MCP_VALUE_ARRAY) || container->len < 2) return walk;
    walk.at = container->at + 1;
    walk.end = container->at + container->len - 1;
    return walk;
}

/* The next value, and walk->at behind it and what stands after it: a comma or a colon. */
static mcp_value take(mcp_value_walk *walk, char behind)
{
    mcp_value v = mcp_value_of(walk->at, (size_t)(walk->end - walk->at));

    walk->at = skip_blanks(v.at + v.len, walk->end);
    if (walk->at < walk->end && *walk->at == behind) walk->at++;
    else walk->at = walk->end;
    return v;
}

int mcp_value_next(mcp_value_walk *walk, mcp_value *name, mcp_value *value)
{
    mcp_value key = { MCP_VALUE_NONE, NULL, 0 };

    if (walk->at == walk->end) return 0;
    if (walk->in_object) key = take(walk, ':');
    *value = take(walk, ',');
    if (name) *name = key;
    return value->kind != MCP_VALUE_NONE;
}

mcp_value mcp_value_member(const mcp_value *object, const char *name, size_t len)
{
    const mcp_value none = { MCP_VALUE_NONE, NULL, 0 };
    mcp_value_walk walk = mcp_value_begin(object);
    mcp_value key, value;

    while (walk.in_object && mcp_value_next(&walk, &key, &value))
        if (mcp_value_is(&key, name, len)) return value;
    return none;
}

/* ---- strings ---- */

static unsigned hex_digits(const char *at)
{
    unsigned u = 0;
    int i;

    for (i = 0; i < 4; i++) u = u << 4 | (unsigned)(at[i] <= '9' ? at[i] - '0' : (at[i] | 32) - 'a' + 10);
    return u & 0xffff;
}

static size_t write_utf8(unsigned u, char *out)
{
    if (u < 0x80) {
        out[0] = (char)u;
        return 1;
    }
    if (u < 0x800) {
        out[0] = (char)(0xc0 | u >> 6);
        out[1] = (char)(0x80 | (u & 63));
        return 2;
    }
    if (u < 0x10000) {
        out[0] = (char)(0xe0 | u >> 12);
        out[1] = (char)(0x80 | (u >> 6 & 63));
        out[2] = (char)(0x80 | (u & 63));
        return 3;
    }
    out[0] = (char)(0xf0 | u >> 18);
    out[1] = (char)(0x80 | (u >> 12 & 63));
    out[2] = (char)(0x80 | (u >> 6 & 63));
    out[3] = (char)(0x80 | (u & 63));
    return 4;
}

/* The \u escape at `at` (behind the u), with the second half of a pair if that follows. */
static const char *read_unicode(const char *at, const char *end, unsigned *u)
{
    unsigned low;

    *u = 0xfffd;
    if (end - at < 4) return end;
    *u = hex_digits(at);
    at += 4;
    if (*u >= 0xd800 && *u <= 0xdbff && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
        low = hex_digits(at + 2);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *u = 0x10000 + ((*u - 0xd800) << 10) + (low - 0xdc00);
            return at + 6;
        }
    }
    if (*u >= 0xd800 && *u <= 0xdfff) *u = 0xfffd;
    return at;
}

/* One character of a string's inside, decoded to at most four bytes. */
static const char *read_char(const char *at, const char *end, char *out, size_t *n)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *escape;
    unsigned u;

    *n = 1;
    if (*at != '\\' || at + 1 == end) {
        out[0] = *at;
        return at + 1;
    }
    if (at[1] == 'u') {
        at = read_unicode(at + 2, end, &u);
        *n = write_utf8(u, out);
        return at;
    }
    escape = memchr(from, at[1], sizeof from - 1);
    out[0] = escape ? to[escape - from] : at[1];
    return at + 2;
}

int mcp_value_is(const mcp_value *string, const char *bytes, size_t len)
{
    const char *at, *end;
    char piece[4];
    size_t n;

    if (string->kind != MCP_VALUE_STRING || string->len < 2) return 0;
    at = string->at + 1;
    end = string->at + string->len - 1;
    if (!memchr(at, '\\', (size_t)(end - at))) return (size_t)(end - at) == len && !memcmp(at, bytes, len);
    while (at < end) {
        at = read_char(at, end, piece, &n);
        if (n > len || memcmp(bytes, piece, n)) return 0;
        bytes += n;
        len -= n;
    }
    return !len;
}

/* What stands up to the next escape is taken at once. */
static const char *copy_plain(const char *at, const char *end, char **out)
{
    const char *stop = memchr(at, '\\', (size_t)(end - at));
    size_t n = (size_t)((stop ? stop : end) - at);

    memcpy(*out, at, n);
    *out += n;
    return at + n;
}

const char *mcp_value_text(apr_pool_t *p, const mcp_value *value, size_t *len)
{
    const char *at, *end;
    char *text, *out;
    size_t n;

    if (value->kind != MCP_VALUE_STRING || value->len < 2) return NULL;
    at = value->at + 1;
    end = value->at + value->len - 1;
    out = text = apr_palloc(p, value->len + 3);     /* no escape is shorter than what it stands for */
    while ((at = copy_plain(at, end, &out)) < end) {
        at = read_char(at, end, out, &n);
        out += n;
    }
    *out = '\0';
    if (len) *len = (size_t)(out - text);
    return text;
}

const char *mcp_value_bytes(apr_pool_t *p, const mcp_value *value, size_t *len)
{
    if (value->kind != MCP_VALUE_STRING || value->len < 2 || memchr(value->at, '\\', value->len)) return mcp_value_text(p, value, len);
    *len = value->len - 2;
    return value->at + 1;
}

const char *mcp_value_clear(apr_pool_t *p, const mcp_value *value, size_t *len)
{
    const char *text = mcp_value_bytes(p, value, len);

    return text && !memchr(text, '\0', *len) && !memmem(text, *len, "\xef\xbf\xbd", 3) ? text : NULL;
}
