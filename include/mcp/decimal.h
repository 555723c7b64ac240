/* JSON numbers as exact decimals: 1e2, 100 and 100.0 are one number. */
#ifndef MCP_DECIMAL_H
#define MCP_DECIMAL_H

#include <stddef.h>
#include "mcp/holds.h"

enum { MCP_DECIMAL_DIGITS = 40, MCP_DECIMAL_EXPONENT = 1000 };

/* 0.d1d2d3... times ten to the exponent; neither the first nor the last digit is 0. Zero has no digits and no sign. */
typedef struct {
    int negative, exponent;
    unsigned count;
    char digit[MCP_DECIMAL_DIGITS];
} mcp_decimal;

/* 1 if the text is a number as RFC 8259 spells it, nothing around it, of at most MCP_DECIMAL_DIGITS digits (zeros at both ends aside),
 * its exponent, as written and as d.ddd would have it, at most MCP_DECIMAL_EXPONENT either way. */
int mcp_decimal_read(const char *text, size_t len, mcp_decimal *out);

/* Below 0, 0 or above 0. */
int mcp_decimal_compare(const mcp_decimal *a, const mcp_decimal *b);

/* The same for a reader that keeps numbers as doubles: 0 also where a and b differ by less than a double can hold. */
int mcp_decimal_compare_rounded(const mcp_decimal *a, const mcp_decimal *b);

/* Does a stand in one of these orders to b? UNKNOWN where a reader with doubles would answer otherwise, and for numbers below 1e-300, which some misread. */
enum { MCP_LESS = 1, MCP_EQUAL = 2, MCP_GREATER = 4 };
mcp_holds mcp_decimal_holds(unsigned orders, const mcp_decimal *a, const mcp_decimal *b);

/* YES for 1.0 and 1e2 too. UNKNOWN where a double would hold an integer, but the number is none. */
mcp_holds mcp_decimal_is_integer(const mcp_decimal *d);

#endif
