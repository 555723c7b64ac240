/* Names and patterns of sections: `*` stands for any run of characters, everything else for itself.
 * Of the patterns that fit a name one decides: the name itself, then the longest prefix (one star, at the end), then a pattern with stars
 * elsewhere, then `*` alone. Two that fit some name equally well are refused at start-up, so there is never a silent choice. */
#ifndef MCP_PATTERN_H
#define MCP_PATTERN_H

#include <stddef.h>

/* How well the pattern fits: 0 not at all, larger is better, the same number only for patterns that clash. */
size_t mcp_pattern_fit(const char *pattern, const char *name);

/* The same for readers that take no heed of case and of blanks or invisible characters at either end (text.h). */
size_t mcp_pattern_fit_loosely(const char *pattern, const char *name);

/* 1 if the text is visible ASCII without capitals: plain patterns fit plain names loosely exactly where they fit them. */
int mcp_pattern_is_plain(const char *text);

/* 1 if there is a name that both fit equally well. */
int mcp_pattern_clash(const char *a, const char *b);

enum { MCP_PATTERN_MAX = 1024 };

#endif
