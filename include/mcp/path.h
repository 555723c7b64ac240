/* Places in a JSON value, as conditions name them: member names joined by dots (a backslash takes the next character as it is),
 * [N] one element of an array, counted from 0, [*] each of them. */
#ifndef MCP_PATH_H
#define MCP_PATH_H

#include "mcp/value.h"

enum { MCP_PATH_STEPS = 32 };

typedef struct mcp_path mcp_path;

/* NULL and a sentence in *why that says what to change. p owns it. */
mcp_path *mcp_path_parse(apr_pool_t *p, const char *text, size_t len, const char **why);

/* 1 if [*] stands in it; without, a walk visits one value. */
int mcp_path_has_each(const mcp_path *path);

/* value is MCP_VALUE_NONE where the path leads nowhere. */
typedef void mcp_path_visit(void *baton, const mcp_value *value);

/* Visits what the path leads to, in order; an empty array under [*] gives no visit. 0 if nobody can say where it leads: a step meets
 * a value of another kind (backends take "x" for ["x"], and text for the JSON in it), or an object has a member that equals the step's name
 * but for case (Unicode folding too) or what follows a U+0000: some backends take it for the one that is meant; or a member __proto__,
 * whose members JavaScript finds in the object itself. p: scratch. */
int mcp_path_walk(apr_pool_t *p, const mcp_path *path, const mcp_value *root, mcp_path_visit *visit, void *baton);

#endif
