/* memcached through apr_memcache: shared by many hosts, may forget. apr_memcache says NOTFOUND for a dead
 * server as well, so absence counts only while the key's server is alive. */
#include <stdlib.h>
#include <string.h>
#include <apr_memcache.h>
#include <apr_strings.h>
#include "mcp/store.h"

enum { MONTH = 30 * 86400 };

static mcp_rc broken(mcp_ctx *ctx)
{
    return mcp_fail(ctx, MCP_UNAVAILABLE, "memcached does not answer");
}

/* A server that does not answer a version request is down, whatever the library believes. */
static mcp_rc absent(mcp_ctx *ctx, apr_memcache_t *mc, const char *key)
{
    apr_memcache_server_t *server = apr_memcache_find_server_hash(mc, apr_memcache_hash(mc, key, strlen(key)));
    char *version;

    if (!server || apr_memcache_version(server, ctx->pool, &version) != APR_SUCCESS) return broken(ctx);
    return MCP_ABSENT;
}

/* Lives beyond a month are absolute times to memcached. */
static apr_uint32_t life_of(const mcp_ctx *ctx, apr_uint32_t life)
{
    return life > MONTH ? (apr_uint32_t)mcp_now(ctx) + life : life;
}

static mcp_rc memcache_get(mcp_ctx *ctx, void *self, const char *key, const char **value, size_t *len)
{
    char *bytes;
    apr_status_t status = apr_memcache_getp(self, ctx->pool, key, &bytes, len, NULL);

    if (status == APR_NOTFOUND) return absent(ctx, self, key);
    if (status != APR_SUCCESS) return broken(ctx);
    *value = apr_pstrmemdup(ctx->pool, bytes, *len);
    return MCP_OK;
}

static mcp_rc memcache_put(mcp_ctx *ctx, void *self, const char *key, const char *value, size_t len, apr_uint32_t life)
{
    return apr_memcache_set(self, key, (char *)(size_t)value, len, life_of(ctx, life), 0) == APR_SUCCESS ? MCP_OK : broken(ctx);
}

static mcp_rc memcache_add(mcp_ctx *ctx, void *self, const char *key, const char *value, size_t len, apr_uint32_t life)
{
    apr_status_t status = apr_memcache_add(self, key, (char *)(size_t)value, len, life_of(ctx, life), 0);

    if (status == APR_EEXIST) return MCP_EXISTS;
    return status == APR_SUCCESS ? MCP_OK : broken(ctx);
}

static mcp_rc memcache_remove(mcp_ctx *ctx, void *self, const char *key)
{
    apr_status_t status = apr_memcache_delete(self, key, 0);
    mcp_rc rc;

    if (status == APR_SUCCESS) return MCP_OK;
    if (status != APR_NOTFOUND) return broken(ctx);
    rc = absent(ctx, self, key);
    return rc == MCP_ABSENT ? MCP_OK : rc;
}

/* Whoever's delete succeeds owns the record. */
static mcp_rc memcache_take(mcp_ctx *ctx, void *self, const char *key, const char **value, size_t *len)
{
    mcp_rc rc = memcache_get(ctx, self, key, value, len);
    apr_status_t status;

    if (rc) return rc;
    status = apr_memcache_delete(self, key, 0);
    if (status == APR_NOTFOUND) return absent(ctx, self, key);
    return status == APR_SUCCESS ? MCP_OK : broken(ctx);
}

static mcp_rc memcache_count(mcp_ctx *ctx, void *self, const char *key, apr_uint32_t window, apr_uint32_t *n)
{
    const char *slot = apr_psprintf(ctx->pool, "%s-%" APR_INT64_T_FMT, key, mcp_now(ctx) / window);
    apr_status_t status = apr_memcache_incr(self, slot, 1, n);

    if (status == APR_SUCCESS) return MCP_OK;
    if (status != APR_NOTFOUND) return broken(ctx);
    *n = 1;
    status = apr_memcache_add(self, slot, (char *)(size_t)"1", 1, life_of(ctx, window * 2), 0);
    if (status == APR_EEXIST) status = apr_memcache_incr(self, slot, 1, n);
    return status == APR_SUCCESS ? MCP_OK : broken(ctx);
}

static const mcp_store_driver driver = { "memcache", memcache_get, memcache_put, memcache_add, memcache_take, memcache_count, memcache_remove };

mcp_rc mcp_store_memcache_open(mcp_ctx *ctx, apr_pool_t *p, const char *rest, int threads, mcp_store *out)
{
    char *hosts = apr_pstrdup(ctx->pool, rest), *last, *one, *host, *scope;
    apr_memcache_server_t *server;
    apr_memcache_t *mc;
    apr_port_t port;

    if (apr_memcache_create(p, 16, 0, &mc) != APR_SUCCESS) return mcp_fail(ctx, MCP_INTERNAL, "apr_memcache cannot be created");
    for (one = apr_strtok(hosts, ",", &last); one; one = apr_strtok(NULL, ",", &last)) {
        if (apr_parse_addr_port(&host, &scope, &port, one, ctx->pool) != APR_SUCCESS || !host || !port)
            return mcp_fail(ctx, MCP_BAD_CONFIG, "MCPStore memcache:%s: write HOST:PORT", one);
        if (apr_memcache_server_create(p, host, port, 0, 1, (apr_uint32_t)threads, 60 * 1000000, &server) != APR_SUCCESS
            || apr_memcache_add_server(mc, server) != APR_SUCCESS) return broken(ctx);
    }
    out->driver = &driver;
    out->self = mc;
    return MCP_OK;
}
