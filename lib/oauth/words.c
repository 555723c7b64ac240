#include <string.h>
#include <apr_strings.h>
#include "mcp/client.h"

typedef struct { unsigned first, last; } range;

/* Unicode general categories Cc, Cf, Co, Zl, Zp and the fillers: what nobody can see, and what makes
 * the text around it read otherwise. U+FE0F stays out: it only asks for a coloured picture. */
static const range unseen[] = {
    { 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad }, { 0x034f, 0x034f }, { 0x0600, 0x0605 },
    { 0x061c, 0x061c }, { 0x06dd, 0x06dd }, { 0x070f, 0x070f }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 },
    { 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 },
    { 0xe000, 0xf8ff }, { 0xfe00, 0xfe0e }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb },
    { 0xfffe, 0xffff }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0x10ffff }
};
static const range blanks[] = {
    { 0x0020, 0x0020 }, { 0x00a0, 0x00a0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200a }, { 0x202f, 0x202f },
    { 0x205f, 0x205f }, { 0x2800, 0x2800 }, { 0x3000, 0x3000 }
};
#define COUNT(table) (sizeof (table) / sizeof *(table))

static int is_in(const range *table, size_t count, unsigned letter)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (letter >= table[i].first && letter <= table[i].last) return 1;
    return 0;
}

/* The text is UTF-8 already: the JSON reader takes nothing else. */
static unsigned next_letter(const unsigned char **at)
{
    unsigned first = *(*at)++, letter = first < 0x80 ? first : first < 0xe0 ? first & 0x1f : first < 0xf0 ? first & 0x0f : first & 0x07;

    while ((**at & 0xc0) == 0x80) letter = letter << 6 | (*(*at)++ & 0x3f);
    return letter;
}

mcp_rc mcp_client_check_words(mcp_ctx *ctx, const char *member, const char *text, int max)
{
    const unsigned char *at = (const unsigned char *)text;
    int count = 0, seen = 0;
    unsigned letter;

    while (*at) {
        letter = next_letter(&at);
        if (is_in(unseen, COUNT(unseen), letter))
            return mcp_fail(ctx, MCP_BAD_METADATA, "%s holds the invisible character U+%04X", member, letter);
        if (!is_in(blanks, COUNT(blanks), letter)) seen = 1;
        if (++count > max) return mcp_fail(ctx, MCP_BAD_METADATA, "%s has more than %d characters", member, max);
    }
    return seen ? MCP_OK : mcp_fail(ctx, MCP_BAD_METADATA, "%s is blank", member);
}

enum { QUOTE_MAX = 120 };

/* A URI may carry a password in front of its host. */
static const char *without_user(apr_pool_t *p, const char *text)
{
    const char *authority = strstr(text, "://"), *at, *end;

    if (!authority) return text;
    authority += 3;
    end = authority + strcspn(authority, "/?#");
    for (at = end; at > authority && at[-1] != '@'; at--) continue;
    return at == authority ? text : apr_pstrcat(p, apr_pstrmemdup(p, text, (apr_size_t)(authority - text)), "...@", at, NULL);
}

const char *mcp_client_quote(mcp_ctx *ctx, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    char *quote = apr_palloc(ctx->pool, QUOTE_MAX + sizeof "'%XX...'"), *to = quote;
    const unsigned char *at = (const unsigned char *)without_user(ctx->pool, text);

    for (*to++ = '\''; *at && to - quote <= QUOTE_MAX; at++) {
        if (*at > ' ' && *at < 0x7f && !strchr("\"'\\", *at)) {
            *to++ = (char)*at;
            continue;
        }
        *to++ = '%';
        *to++ = hex[*at >> 4];
        *to++ = hex[*at & 15];
    }
    strcpy(to, *at ? "...'" : "'");
    return quote;
}
