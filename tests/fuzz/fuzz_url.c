/* The origin of an accepted URL is a URL of the same host and port, and no URL holds what browsers repair. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_origin(mcp_ctx *ctx, const mcp_url *url)
{
    const char *origin = mcp_url_origin(ctx->pool, url);
    mcp_url again;

    if (!strcmp(origin, "null")) return;
    if (mcp_url_parse(ctx, origin, &again)) abort();
    if (strcmp(again.scheme, url->scheme) || again.userinfo || *again.path || again.query || again.fragment) abort();
    if (!url->is_ipv6 && strcmp(again.host, url->host)) abort();
    if (again.is_ipv4 != url->is_ipv4 || again.is_ipv6 != url->is_ipv6) abort();
    if (mcp_url_is_loopback(&again) != mcp_url_is_loopback(url)) abort();
    if (strcmp(mcp_url_origin(ctx->pool, &again), origin)) abort();
}

static void check(mcp_ctx *ctx, const char *text)
{
    const char *c, *longer;
    mcp_url url, more;

    if (mcp_url_parse(ctx, text, &url)) {
        if (ctx->rc != MCP_BAD_REQUEST || !*ctx->detail) abort();
        return;
    }
    for (c = text; *c; c++)
        if (*c <= ' ' || *c > '~' || *c == '\\') abort();
    mcp_url_has_dot_segment(&url);
    check_origin(ctx, &url);
    longer = mcp_url_add_param(ctx->pool, text, "state", "a b&c");
    if (strlen(longer) > MCP_URL_MAX) return;
    if (mcp_url_parse(ctx, longer, &more) || !strstr(more.query, "state=a%20b%26c")) abort();
    if (strcmp(more.path, url.path) || (url.host && strcmp(more.host, url.host))) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p;

    apr_initialize();
    if (apr_pool_create(&p, NULL)) abort();
    check(mcp_ctx_create(p), apr_pstrmemdup(p, (const char *)data, size));
    apr_pool_destroy(p);
    return 0;
}
