/* Does a path that a stranger wrote stay below a folder, whoever reads it? Nothing is looked up in a file system. */
#ifndef MCP_BELOW_H
#define MCP_BELOW_H

#include "mcp/ctx.h"
#include "mcp/holds.h"

enum { MCP_BELOW_MAX = 8192, MCP_BELOW_ROUNDS = 4 };

/* The folder without a slash at its end ("" for /), NULL if it is no plain absolute path: it holds . .. // \ % ? # ; or a U+0000. */
const char *mcp_below_root(apr_pool_t *p, const char *text, size_t len);

/* YES: the path is the root or something below it, . .. // resolved. Every way to read it must agree: as it stands, with its percent escapes
 * decoded once and again until none is left, as a file's name and as a URL's path (; ends a segment, ? and # end the path).
 * UNKNOWN: they do not; the root differs by ASCII case alone; a path that is relative (nobody here knows to what), longer than MCP_BELOW_MAX,
 * encoded more than MCP_BELOW_ROUNDS times, or holds at any time U+0000, a backslash, bytes that are not UTF-8, %u
 * (an escape to some), a segment of dots and blanks. */
mcp_holds mcp_below_test(apr_pool_t *p, const char *root, const char *path, size_t len);

#endif
