/* Answers to list requests: what the caller may not use is cut out, every other byte stays as the backend wrote it.
 *
 * The text is one JSON-RPC message, or an array of them (the batch answers of 2025-03-26), as it came in a JSON body or in the data of one
 * event. Known by its shape, since answers also come on other streams than their request: a message whose `result` holds an array
 * named tools, prompts, resources or resourceTemplates. Cut elements take one comma with them; a list that loses all is [].
 *
 * cacheScope is a member of the result itself (CacheableResult of revision 2026-07-28). It becomes "private" in every result that holds a list, also
 * where nothing is cut: what this caller sees in full, another may not. The revision requires it and names no default, the proposal it came from
 * (SEP-2549) reads its absence as public; so it is added to a result with ttlMs or resultType, which only that revision and later ones write.
 *
 * Every message is read strictly, requests and notifications of the server too: what envelope.h refuses is refused here (it is as strict about
 * params as with a client's). One exception: an error whose id is null or absent, which answers no request in particular, passes. */
#ifndef MCP_LISTS_H
#define MCP_LISTS_H

#include "mcp/envelope.h"
#include "mcp/value.h"

typedef enum { MCP_LIST_TOOLS, MCP_LIST_PROMPTS, MCP_LIST_RESOURCES, MCP_LIST_TEMPLATES } mcp_list_kind;

/* 1: the caller may use it. name: of a tool or prompt; the uri of a resource; the uriTemplate of a template; escapes resolved, valid during the
 * call alone. element: the whole definition. */
typedef int mcp_list_keep(void *baton, mcp_list_kind kind, const char *name, const mcp_value *element);

/* *out stays NULL where nothing changes (any other message too). A failure means that the caller lets nothing of the text pass:
 *   what a strict reader (envelope.h) refuses, with its reason; an empty text, an empty batch and bad separators of a batch are MCP_BAD_JSON
 *   MCP_BAD_ENVELOPE: a list is no array; an element is no object or lacks that string, or the string holds U+0000 or half a surrogate pair
 *   MCP_AMBIGUOUS: a member of the message or of the result differs from a listed one by case alone, one of an element from the string's name; __proto__
 *       as a member of the result
 * p owns *out, which is NUL-terminated, and all else that is used; ctx->pool only the detail of a failure. rules: caps for the scan; a batch counts
 * as one container, and max_bytes is for the whole text. */
mcp_rc mcp_lists_filter(mcp_ctx *ctx, apr_pool_t *p, const mcp_envelope_rules *rules, const char *text, size_t len,
                        mcp_list_keep *keep, void *baton, const char **out, size_t *out_len);

#endif
