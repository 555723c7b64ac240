/* Regular expressions that strangers' text is held against: PCRE2 with UTF, compiled once, bounded in work. As httpd has them by
 * default, a dot takes a newline too and $ is the very end, so that a trailing newline does not slip through. Thread-safe. */
#ifndef MCP_REGEX_H
#define MCP_REGEX_H

#include <stdint.h>
#include "mcp/ctx.h"
#include "mcp/holds.h"

typedef struct mcp_regex mcp_regex;

/* What may be spent on one question, however many texts it is put to; begins as { 0 }. */
typedef struct {
    unsigned steps;
    int64_t ends;           /* CPU time of the thread, in ns */
} mcp_regex_budget;

/* NULL and a sentence in *why that names the offset. p owns it. */
mcp_regex *mcp_regex_compile(apr_pool_t *p, const char *text, const char **why);

/* YES if it is found anywhere in the bytes, UNKNOWN if that costs more time (50 ms), backtracking or memory than allowed. */
mcp_holds mcp_regex_find(const mcp_regex *regex, const char *bytes, size_t len, mcp_regex_budget *budget);

#endif
