#include <string.h>
#include <apr_strings.h>
#include "mcp/gate.h"
#include "mcp/json.h"
#include "mcp/url.h"

static json_t *strings(const char *const *list)
{
    json_t *array = json_array();

    for (; list && *list; list++) json_array_append_new(array, json_string(*list));
    return array;
}

const char *mcp_resource_document(mcp_ctx *ctx, const char *resource, const char *const *servers, const char *const *scopes)
{
    json_t *doc = mcp_json_own(ctx->pool, json_pack("{s:s,s:o,s:o,s:[s]}", "resource", resource, "authorization_servers", strings(servers),
                                                    "scopes_supported", strings(scopes), "bearer_methods_supported", "header"));

    return doc ? mcp_json_text(ctx->pool, doc) : NULL;
}

/* RFC 9728 section 3.1: the well-known name goes between host and path; a path of "/" alone falls away. */
const char *mcp_resource_metadata_url(mcp_ctx *ctx, const char *resource)
{
    mcp_url url;

    if (mcp_url_parse(ctx, resource, &url) || !url.host) return NULL;
    return apr_pstrcat(ctx->pool, mcp_url_origin(ctx->pool, &url), "/.well-known/oauth-protected-resource",
                       strcmp(url.path, "/") ? url.path : "", url.query ? "?" : "", url.query ? url.query : "", NULL);
}
