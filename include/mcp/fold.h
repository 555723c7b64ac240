/* Names as the loosest readers compare them: by ASCII case, with U+017F for s, U+212A for k, U+0130 and U+0131 for i. Inline, for the
 * scanner folds every member name that it does not know. */
#ifndef MCP_FOLD_H
#define MCP_FOLD_H

#include <stddef.h>

/* The next character of *s folded, any other byte as it is; *s < end moves behind it. */
static inline unsigned char mcp_fold_next(const unsigned char **s, const unsigned char *end)
{
    const unsigned char *c = *s;
    ptrdiff_t left = end - c;

    if (left >= 2 && c[0] == 0xc5 && c[1] == 0xbf) { *s += 2; return 's'; }
    if (left >= 2 && c[0] == 0xc4 && (c[1] == 0xb0 || c[1] == 0xb1)) { *s += 2; return 'i'; }
    if (left >= 3 && c[0] == 0xe2 && c[1] == 0x84 && c[2] == 0xaa) { *s += 3; return 'k'; }
    (*s)++;
    return *c >= 'A' && *c <= 'Z' ? (unsigned char)(*c | 32) : *c;
}

/* 1 if they are one name to such a reader. A U+0000 ends a name as its end does. */
static inline int mcp_fold_equal(const char *a, size_t a_len, const char *b, size_t b_len)
{
    const unsigned char *x = (const unsigned char *)a, *y = (const unsigned char *)b, *x_end = x + a_len, *y_end = y + b_len;

    while (x < x_end && *x && y < y_end && *y)
        if (mcp_fold_next(&x, x_end) != mcp_fold_next(&y, y_end)) return 0;
    return (x == x_end || !*x) && (y == y_end || !*y);
}

#endif
