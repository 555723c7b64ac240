/* The protected resource metadata document, RFC 9728. */
#include <httpd.h>
#include <http_config.h>
#include "mcp/gate.h"
#include "mcp/location.h"
#include "mcp/trust.h"

const mcp_location *mcp_protected_find(const mcp_locations *all, request_rec *r)
{
    const apr_array_header_t *dirs = all->gated;
    const char *path = r->parsed_uri.path;
    int i;

    for (i = 0; path && i < dirs->nelts; i++) {
        const mcp_location *d = APR_ARRAY_IDX(dirs, i, mcp_location *);
        if (d->where->metadata_path && !strcmp(d->where->metadata_path, path)) return d;
    }
    return NULL;
}

const char *const *mcp_words_once(apr_pool_t *p, const apr_array_header_t *list)
{
    apr_array_header_t *unique = apr_array_make(p, list->nelts + 1, sizeof(const char *));
    int i, k;

    for (i = 0; i < list->nelts; i++) {
        const char *word = APR_ARRAY_IDX(list, i, const char *);
        for (k = 0; k < unique->nelts && strcmp(APR_ARRAY_IDX(unique, k, const char *), word); k++) { }
        if (k == unique->nelts) APR_ARRAY_PUSH(unique, const char *) = word;
    }
    APR_ARRAY_PUSH(unique, const char *) = NULL;
    return (const char *const *)(void *)unique->elts;
}

static const char *const *servers_of(request_rec *r, const mcp_location *d)
{
    apr_array_header_t *list = apr_array_make(r->pool, 2, sizeof(const char *));
    int i;

    for (i = 0; d->trusts && i < d->trusts->nelts; i++) {
        const char *issuer = mcp_trust_issuer(r->server, &APR_ARRAY_IDX(d->trusts, i, mcp_trust));
        if (issuer) APR_ARRAY_PUSH(list, const char *) = issuer;
    }
    return mcp_words_once(r->pool, list);
}

int mcp_protected_serve(mcp_ctx *ctx, request_rec *r, const mcp_locations *all, const mcp_location *d)
{
    mcp_out out = { 0 };

    out.headers = apr_table_make(r->pool, 2);
    apr_table_setn(out.headers, "Access-Control-Allow-Origin", "*");
    out.content_type = "application/json";
    if (strcmp(r->method, "GET")) {
        out.status = HTTP_METHOD_NOT_ALLOWED;
        apr_table_setn(out.headers, "Allow", "GET, HEAD");
        return mcp_reply(r, &out);
    }
    out.status = HTTP_OK;
    apr_table_setn(out.headers, "Cache-Control", "max-age=300");
    out.body = mcp_resource_document(ctx, d->where->resource, servers_of(r, d), mcp_words_once(r->pool, all->scopes));
    return mcp_reply(r, &out);
}
