#include <string.h>
#include "mcp/fold.h"
#include "mcp/pattern.h"
#include "mcp/text.h"

/* Fits, from worst to best; a prefix adds its length, of which MCP_PATTERN_MAX is the largest. */
enum { FIT_ALL = 1, FIT_GLOB = 2, FIT_PREFIX = 3, FIT_EXACT = FIT_PREFIX + MCP_PATTERN_MAX + 1 };

static size_t rank_of(const char *pattern)
{
    const char *star = strchr(pattern, '*');

    if (!star) return FIT_EXACT;
    if (star[1]) return FIT_GLOB;
    return star == pattern ? FIT_ALL : FIT_PREFIX + (size_t)(star - pattern);
}

/* The next character of a name; loosely: folded. */
static unsigned char next_char(const unsigned char **name, const unsigned char *end, int loosely)
{
    return loosely ? mcp_fold_next(name, end) : *(*name)++;
}

/* Where a loose reader sees the next character: invisible ones are nothing to it. */
static const unsigned char *skip_unseen(const unsigned char *name, const unsigned char *end, int loosely)
{
    size_t n;

    while (loosely && name < end && *name >= 0xc2 && (n = mcp_text_invisible((const char *)name, (size_t)(end - name)))) name += n;
    return name;
}

static unsigned char lower(unsigned char c, int loosely)
{
    return loosely && c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
}

/* A star takes as little as it can; on a mismatch the last one takes one character more. */
static int matches(const char *pattern, const char *from, size_t len, int loosely)
{
    const unsigned char *name = (const unsigned char *)from, *end = name + len, *taken = NULL, *next;
    const char *star = NULL;

    while ((name = skip_unseen(name, end, loosely)) < end) {
        next = name;
        if (*pattern == '*') {
            star = ++pattern;
            taken = name;
        } else if (*pattern && lower((unsigned char)*pattern, loosely) == next_char(&next, end, loosely)) {
            pattern++;
            name = next;
        } else if (star) {
            pattern = star;
            next_char(&taken, end, loosely);
            name = taken;
        } else return 0;
    }
    while (*pattern == '*') pattern++;
    return !*pattern;
}

size_t mcp_pattern_fit(const char *pattern, const char *name)
{
    size_t i = 0;

    while (pattern[i] && pattern[i] != '*' && pattern[i] == name[i]) i++;
    if (!pattern[i]) return name[i] ? 0 : FIT_EXACT;
    if (pattern[i] != '*') return 0;
    if (!pattern[i + 1]) return i ? FIT_PREFIX + i : FIT_ALL;
    return matches(pattern + i, name + i, strlen(name + i), 0) ? FIT_GLOB : 0;
}

int mcp_pattern_is_plain(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~' || (*text >= 'A' && *text <= 'Z')) return 0;
    return 1;
}

size_t mcp_pattern_fit_loosely(const char *pattern, const char *name)
{
    size_t len = strlen(name), blanks = mcp_text_blanks(name, len, 0);

    name += blanks;
    len -= blanks;
    return matches(pattern, name, len - mcp_text_blanks(name, len, 1), 1) ? rank_of(pattern) : 0;
}

/* Whether some name fits both. reach[j]: the first i characters of a and the first j of b can stand for the same text. */
static int meet(const char *a, const char *b)
{
    unsigned char reach[MCP_PATTERN_MAX + 1] = { 1 }, diagonal, above;
    size_t n = strlen(b), i, j;

    for (j = 1; j <= n; j++) reach[j] = reach[j - 1] && b[j - 1] == '*';
    for (i = 0; a[i]; i++) {
        diagonal = reach[0];
        reach[0] = reach[0] && a[i] == '*';
        for (j = 1; j <= n; j++) {
            above = reach[j];
            if (a[i] == '*' || b[j - 1] == '*') reach[j] = above || reach[j - 1];
            else reach[j] = diagonal && a[i] == b[j - 1];
            diagonal = above;
        }
    }
    return reach[n];
}

int mcp_pattern_clash(const char *a, const char *b)
{
    return rank_of(a) == rank_of(b) && meet(a, b);
}
