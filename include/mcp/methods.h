/* What a message is about: which method, and which tools, prompts or resources it names, so that their rules can be asked.
 * Every method of the revisions 2024-11-05 to 2026-07-28 is a row of one table; a method that has no row is MCP_SUBJECT_METHOD. */
#ifndef MCP_METHODS_H
#define MCP_METHODS_H

#include <apr_tables.h>
#include "mcp/envelope.h"
#include "mcp/value.h"

typedef enum {
    MCP_SUBJECT_TOKEN,      /* housekeeping, answers to the server's own requests: any valid token */
    MCP_SUBJECT_METHOD,     /* nothing but the method itself: a <MCPMethod> section that allows it */
    MCP_SUBJECT_TOOL,       /* name: of the tool */
    MCP_SUBJECT_PROMPT,     /* name: of the prompt */
    MCP_SUBJECT_RESOURCE    /* name: the URI, or the URI template that a completion asks for */
} mcp_subject_kind;

typedef struct {
    mcp_subject_kind kind;
    const char *name;       /* NULL for TOKEN and METHOD */
} mcp_subject;

/* The member of that very name, NONE without one; MCP_AMBIGUOUS if another is that name to a reader who takes no heed of case, or is
 * called __proto__. */
mcp_rc mcp_methods_member(mcp_ctx *ctx, const mcp_value *object, const char *name, mcp_value *out);

/* The kind of what the message itself names: TOOL, PROMPT or RESOURCE, else METHOD or TOKEN. */
mcp_subject_kind mcp_methods_named(const mcp_message *message);

/* 1 if the name is a method's but for case, blanks or invisible characters. */
int mcp_methods_is_imitated(const char *method);

/* 1 if some revision has a method of that name. */
int mcp_methods_is_known(const char *method);

/* 1 if subjects are read from more than the scanner gives, so that body must be the whole message. */
int mcp_methods_need_body(const mcp_message *message);

/* All subjects of the message, at least one, each of which must be allowed. body: the message as JSON text that the scanner accepted
 * (MCP_VALUE_NONE unless mcp_methods_need_body). MCP_BAD_PARAMS if the method wants a name, a URI or a reference that is missing,
 * empty or of another kind. *out: of mcp_subject; ctx->pool owns it. */
mcp_rc mcp_methods_subjects(mcp_ctx *ctx, const mcp_message *message, const mcp_value *body, const apr_array_header_t **out);

#endif
