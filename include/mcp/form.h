/* application/x-www-form-urlencoded bodies and query strings (OAuth parameters).
 * A parameter may stand once (RFC 6749 3.1); only names listed as repeatable may stand oftener.
 * Decoded text must be UTF-8 without U+0000. At most MCP_FORM_MAX parameters. */
#ifndef MCP_FORM_H
#define MCP_FORM_H

#include <apr_tables.h>
#include "mcp/ctx.h"

enum { MCP_FORM_MAX = 64 };

typedef struct mcp_form mcp_form;

/* repeatable: NULL, or the one name that may repeat (RFC 8707 "resource"). MCP_BAD_REQUEST names the parameter. */
mcp_rc mcp_form_parse(mcp_ctx *ctx, const char *bytes, size_t len, const char *repeatable, const mcp_form **out);

/* The same without judging repetition, for a request whose mistakes must be answered in turn. */
mcp_rc mcp_form_read(mcp_ctx *ctx, const char *bytes, size_t len, const mcp_form **out);
/* MCP_BAD_REQUEST if a name but the repeatable one stands twice, empty values counted; name: NULL, or the only one to look at. */
mcp_rc mcp_form_check_once(mcp_ctx *ctx, const mcp_form *form, const char *name, const char *repeatable);

/* The value, or NULL if absent. An empty value reads as absent (RFC 6749 3.1). */
const char *mcp_form_get(const mcp_form *form, const char *name);

/* How often the name stands with a value. */
int mcp_form_count(const mcp_form *form, const char *name);

/* 1 if the name stands without a value: for those where nothing is not the same as absent. */
int mcp_form_has_empty(const mcp_form *form, const char *name);

/* The i-th value of a repeatable name, empty ones not counted, or NULL. */
const char *mcp_form_nth(const mcp_form *form, const char *name, int i);

#endif
