#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "mcp/decimal.h"

enum { SAFE_DIGITS = 15, SAFE_EXPONENT = 300 };     /* numbers within these are doubles of their own */

static int is_digit(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

/* Zeros wait until a digit follows that makes them count. */
static int put_digit(mcp_decimal *d, size_t *zeros, char c)
{
    if (c == '0') {
        if (d->count) ++*zeros;
        return 1;
    }
    if (d->count + *zeros >= MCP_DECIMAL_DIGITS) return 0;
    memset(d->digit + d->count, '0', *zeros);
    d->count += (unsigned)*zeros;
    d->digit[d->count++] = c;
    *zeros = 0;
    return 1;
}

/* Digits before and behind the point; *point is where it stands, counted from the first digit that is not 0. */
static const char *read_digits(const char *at, const char *end, mcp_decimal *d, long *point)
{
    size_t zeros = 0;

    if (!is_digit(at, end) || (*at == '0' && is_digit(at + 1, end))) return NULL;
    for (; is_digit(at, end); at++) {
        if (!put_digit(d, &zeros, *at)) return NULL;
        if (d->count) ++*point;
    }
    if (at == end || *at != '.') return at;
    if (!is_digit(++at, end)) return NULL;
    for (; is_digit(at, end); at++) {
        if (!put_digit(d, &zeros, *at)) return NULL;
        if (!d->count) --*point;
    }
    return at;
}

static const char *read_exponent(const char *at, const char *end, long *exponent)
{
    int negative = 0;

    if (at == end) return at;
    if (*at != 'e' && *at != 'E') return NULL;
    if (++at < end && (*at == '+' || *at == '-')) negative = *at++ == '-';
    if (!is_digit(at, end)) return NULL;
    for (; is_digit(at, end); at++)
        if ((*exponent = *exponent * 10 + (*at - '0')) > MCP_DECIMAL_EXPONENT) return NULL;
    if (negative) *exponent = -*exponent;
    return at;
}

int mcp_decimal_read(const char *text, size_t len, mcp_decimal *out)
{
    const char *at = text, *end = text + len;
    long point = 0, exponent = 0;

    out->count = 0;
    out->exponent = 0;
    out->negative = at < end && *at == '-';
    if (!(at = read_digits(at + out->negative, end, out, &point))) return 0;
    if (!(at = read_exponent(at, end, &exponent)) || at != end) return 0;
    if (!out->count) {
        out->negative = 0;
        return 1;
    }
    exponent += point;
    if (exponent - 1 > MCP_DECIMAL_EXPONENT || exponent - 1 < -MCP_DECIMAL_EXPONENT) return 0;
    out->exponent = (int)exponent;
    return 1;
}

static int compare_sizes(const mcp_decimal *a, const mcp_decimal *b)
{
    unsigned common = a->count < b->count ? a->count : b->count;
    int order;

    if (!a->count || !b->count) return (a->count > 0) - (b->count > 0);
    if (a->exponent != b->exponent) return a->exponent < b->exponent ? -1 : 1;
    if ((order = memcmp(a->digit, b->digit, common))) return order;
    return (a->count > b->count) - (a->count < b->count);
}

int mcp_decimal_compare(const mcp_decimal *a, const mcp_decimal *b)
{
    if (a->negative != b->negative) return a->negative ? -1 : 1;
    return a->negative ? compare_sizes(b, a) : compare_sizes(a, b);
}

/* ---- as doubles ---- */

static double rounded(const mcp_decimal *d)
{
    char text[MCP_DECIMAL_DIGITS + 16];

    if (!d->count) return 0;
    snprintf(text, sizeof text, "%s%.*se%d", d->negative ? "-" : "", (int)d->count, d->digit, d->exponent - (int)d->count);
    return strtod(text, NULL);      /* no point in it, so no locale matters */
}

static int is_safe(const mcp_decimal *d)
{
    return d->count <= SAFE_DIGITS && abs(d->exponent) <= SAFE_EXPONENT;
}

int mcp_decimal_compare_rounded(const mcp_decimal *a, const mcp_decimal *b)
{
    int order = mcp_decimal_compare(a, b);
    double x, y;

    if (!order || (is_safe(a) && is_safe(b))) return order;
    x = rounded(a);
    y = rounded(b);
    return (x > y) - (x < y);
}

static unsigned order_of(int compared)
{
    if (!compared) return MCP_EQUAL;
    return compared < 0 ? MCP_LESS : MCP_GREATER;
}

/* So near to zero that some readers get it altogether wrong. */
static int is_tiny(const mcp_decimal *d)
{
    return d->count && d->exponent - 1 < -SAFE_EXPONENT;
}

mcp_holds mcp_decimal_holds(unsigned orders, const mcp_decimal *a, const mcp_decimal *b)
{
    int exact = (orders & order_of(mcp_decimal_compare(a, b))) != 0;
    int seen = (orders & order_of(mcp_decimal_compare_rounded(a, b))) != 0;

    if (exact != seen || is_tiny(a) || is_tiny(b)) return MCP_HOLDS_UNKNOWN;
    return exact ? MCP_HOLDS_YES : MCP_HOLDS_NO;
}

mcp_holds mcp_decimal_is_integer(const mcp_decimal *d)
{
    double x;

    if (!d->count || d->exponent >= (int)d->count) return MCP_HOLDS_YES;
    if (is_safe(d)) return MCP_HOLDS_NO;
    x = rounded(d);
    return floor(x) == x ? MCP_HOLDS_UNKNOWN : MCP_HOLDS_NO;
}
