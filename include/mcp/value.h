/* Single values read out of JSON text that a scanner has found valid before (envelope.h, json.h): no copy, no tree, and
 * numbers keep every digit. Text that is not valid JSON gives wrong answers, never a read beyond its end. */
#ifndef MCP_VALUE_H
#define MCP_VALUE_H

#include "mcp/ctx.h"

typedef enum {
    MCP_VALUE_NONE, MCP_VALUE_NULL, MCP_VALUE_FALSE, MCP_VALUE_TRUE, MCP_VALUE_NUMBER, MCP_VALUE_STRING, MCP_VALUE_ARRAY, MCP_VALUE_OBJECT
} mcp_value_kind;

typedef struct {
    mcp_value_kind kind;
    const char *at;         /* its raw bytes, quotes and brackets included; the text owns them */
    size_t len;
} mcp_value;

/* The outermost value; MCP_VALUE_NONE where there is none. */
mcp_value mcp_value_of(const char *text, size_t len);

/* Walks the elements of an array or the members of an object, in their order. */
typedef struct {
    const char *at, *end;
    int in_object;
} mcp_value_walk;

mcp_value_walk mcp_value_begin(const mcp_value *container);     /* anything but a container: an empty walk */
/* 1: *name (of an object's member, its raw string; NONE in an array) and *value are the next; 0: at the end. name may be NULL. */
int mcp_value_next(mcp_value_walk *walk, mcp_value *name, mcp_value *value);

/* The member of that name, escapes in names resolved; MCP_VALUE_NONE if it is absent or object is none. */
mcp_value mcp_value_member(const mcp_value *object, const char *name, size_t len);

/* 1 if the string, its escapes resolved, is these bytes. */
int mcp_value_is(const mcp_value *string, const char *bytes, size_t len);

/* The string's text, escapes resolved, NUL-terminated behind *len bytes (it may hold NUL itself); a lone surrogate
 * becomes U+FFFD. NULL if value is no string. len may be NULL. */
const char *mcp_value_text(apr_pool_t *p, const mcp_value *value, size_t *len);

/* The same text without a copy where no escape stands in it, so not NUL-terminated. */
const char *mcp_value_bytes(apr_pool_t *p, const mcp_value *value, size_t *len);

/* The same; NULL also for a string with U+0000 or U+FFFD in it: readers cut at them, drop them, or had something else there. */
const char *mcp_value_clear(apr_pool_t *p, const mcp_value *value, size_t *len);

#endif
