#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "mcp/below.h"
#include "mcp/text.h"

typedef enum { AS_FILE, AS_URL } reading;

static size_t span(const char *at, const char *end, const char *stops)
{
    const char *c = at;

    while (c < end && !strchr(stops, *c)) c++;
    return (size_t)(c - at);
}

/* . and .. aside: Windows drops dots and blanks at a segment's end. */
static int is_odd(const char *segment, size_t len)
{
    if (!len || (segment[len - 1] != '.' && segment[len - 1] != ' ')) return 0;
    return !(len == 1 && *segment == '.') && !(len == 2 && !memcmp(segment, "..", 2));
}

/* URL parsers drop some control characters wherever they stand. */
static int has_controls(const char *text, size_t len)
{
    size_t i;

    for (i = 0; i < len && (unsigned char)text[i] >= 0x20 && text[i] != 0x7f; i++) { }
    return i < len;
}

/* As a URL, two slashes begin a host, or an empty segment that .. takes away again. */
static int is_authority_like(const char *at, const char *end)
{
    size_t len = (size_t)(end - at);

    return len > 1 && (!memcmp(at, "//", 2) || (memmem(at, len, "//", 2) && memmem(at, len, "..", 2)));
}

/* Writes /a/b/c, nothing for the uppermost folder. 0 if a segment is odd. */
static int resolve(const char *at, const char *end, reading as, char *out, size_t *n)
{
    size_t whole, len;

    *n = 0;
    if (as == AS_URL && is_authority_like(at, end)) return 0;
    if (as == AS_URL) end = at + span(at, end, "?#");
    for (; at < end; at += whole + (at + whole < end)) {
        whole = span(at, end, "/");
        len = as == AS_URL ? span(at, at + whole, ";") : whole;
        if (is_odd(at, len)) return 0;
        if (!len || (len == 1 && *at == '.')) continue;
        if (len == 2 && !memcmp(at, "..", 2)) {
            while (*n && out[--*n] != '/') ;
            continue;
        }
        out[(*n)++] = '/';
        memcpy(out + *n, at, len);
        *n += len;
    }
    return 1;
}

static mcp_holds judge(const char *root, const char *path, size_t len, reading as, char *scratch)
{
    size_t n, root_len = strlen(root);

    if (!resolve(path, path + len, as, scratch, &n)) return MCP_HOLDS_UNKNOWN;
    if (n < root_len || (n > root_len && scratch[root_len] != '/')) return MCP_HOLDS_NO;
    if (!memcmp(scratch, root, root_len)) return MCP_HOLDS_YES;
    return strncasecmp(scratch, root, root_len) ? MCP_HOLDS_NO : MCP_HOLDS_UNKNOWN;
}

static int is_readable(const char *path, size_t len)
{
    if (!len || *path != '/' || has_controls(path, len) || memchr(path, '\\', len)) return 0;
    return !memmem(path, len, "%u", 2) && mcp_text_is_utf8(path, len);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if ((c | 32) >= 'a' && (c | 32) <= 'f') return (c | 32) - 'a' + 10;
    return -1;
}

/* In place; the new length. What is no escape stays. */
static size_t decode(char *text, size_t len)
{
    size_t i, n = 0;

    for (i = 0; i < len; i++) {
        text[n] = text[i];
        if (text[i] == '%' && len - i > 2 && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            text[n] = (char)(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
            i += 2;
        }
        n++;
    }
    return n;
}

const char *mcp_below_root(apr_pool_t *p, const char *text, size_t len)
{
    char *scratch;
    size_t n;

    if (len > 1 && text[len - 1] == '/') len--;
    if (len > MCP_BELOW_MAX || !is_readable(text, len) || span(text, text + len, "%?#;") != len) return NULL;
    scratch = apr_palloc(p, len + 1);
    if (!resolve(text, text + len, AS_FILE, scratch, &n) || n != (len == 1 ? 0 : len)) return NULL;
    scratch[n] = '\0';
    return scratch;
}

mcp_holds mcp_below_test(apr_pool_t *p, const char *root, const char *path, size_t len)
{
    mcp_holds holds = MCP_HOLDS_UNKNOWN, now;
    char *text, *scratch;
    size_t before;
    int round;

    if (len > MCP_BELOW_MAX) return MCP_HOLDS_UNKNOWN;
    text = apr_pstrmemdup(p, path, len);
    scratch = apr_palloc(p, len + 1);
    for (round = 0; round <= MCP_BELOW_ROUNDS; round++) {
        if (!is_readable(text, len)) return MCP_HOLDS_UNKNOWN;
        now = judge(root, text, len, AS_FILE, scratch);
        if (now != judge(root, text, len, AS_URL, scratch) || (round && now != holds)) return MCP_HOLDS_UNKNOWN;
        holds = now;
        before = len;
        if ((len = decode(text, len)) == before) return holds;
    }
    return MCP_HOLDS_UNKNOWN;
}
