/* The VALUEs of a condition: text as the administrator wrote it, in which claims of the caller may stand, and what equals it. */
#ifndef MCP_OPERAND_H
#define MCP_OPERAND_H

#include <apr_tables.h>
#include "mcp/decimal.h"
#include "mcp/holds.h"
#include "mcp/value.h"

/* Ready to be compared. 5, true and null stand for these and for their text alike. */
typedef struct {
    const char *text;
    size_t len;
    mcp_value_kind reads_as;    /* NUMBER, TRUE, FALSE, NULL, or STRING for any other text */
    mcp_decimal number;
} mcp_operand;

typedef struct mcp_operands mcp_operands;

/* NULL and a sentence in *why that says what to change. p owns it. takes_lists: a claim that is an array gives each of its elements. */
mcp_operands *mcp_operands_parse(apr_pool_t *p, int count, const char *const *word, int takes_lists, const char **why);

/* 1 if no claim stands in them. */
int mcp_operands_are_constant(const mcp_operands *operands);

/* An array of mcp_operand with the claims filled in; NULL if one is missing, empty or of no kind that has a text. */
const apr_array_header_t *mcp_operands_fill(apr_pool_t *p, const mcp_operands *operands, const mcp_value *claims);

/* YES if the value equals one of them. UNKNOWN where readers differ about it (condition.h). */
mcp_holds mcp_operands_hold(apr_pool_t *p, const apr_array_header_t *filled, const mcp_value *value);

#endif
