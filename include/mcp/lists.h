/* Answers to list requests: what the caller may not use is cut out, every other byte stays as the backend wrote it.
 *
 * The text is one JSON-RPC message, or an array of them (the batch answers of 2025-03-26), as it came in a JSON body or in the data of one
 * event. Known by its shape, since answers also come on other streams than their request: a message whose `result` holds an array
 * named tools, prompts, resources or resourceTemplates. Cut elements take one comma with them; a list that loses all is [].
 * cacheScope of a filtered result becomes "private" (its place per revision 2026-07-28), added where the revision would read its absence as public. */
#ifndef MCP_LISTS_H
#define MCP_LISTS_H

#include "mcp/envelope.h"
#include "mcp/value.h"

typedef enum { MCP_LIST_TOOLS, MCP_LIST_PROMPTS, MCP_LIST_RESOURCES, MCP_LIST_TEMPLATES } mcp_list_kind;

/* 1: the caller may use it. name: of a tool or prompt; the uri of a resource; the uriTemplate of a template. element: the whole definition. */
typedef int mcp_list_keep(void *baton, mcp_list_kind kind, const char *name, const mcp_value *element);

/* *out stays NULL where nothing changes (any other message too). MCP_BAD_JSON and its like if the text is not what a strict reader accepts (envelope.h), an element is no
 * object or has no such string, a list is no array, or a member of the message or of result differs from a listed one by case alone: the caller then
 * lets nothing of it pass. p owns *out. rules: caps for the scan. */
mcp_rc mcp_lists_filter(mcp_ctx *ctx, apr_pool_t *p, const mcp_envelope_rules *rules, const char *text, size_t len,
                        mcp_list_keep *keep, void *baton, const char **out, size_t *out_len);

#endif
