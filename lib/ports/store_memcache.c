/* memcached through apr_memcache: shared by many hosts, may forget.
 *
 * A key belongs to one server for ever. Were it looked for elsewhere while its server is down, a used code or
 * token identifier would be new there; and the library would say "not found" once all are down. So the server is
 * picked here, and "not found" is always that server's own word. */
#include <stdint.h>
#include <string.h>
#include <apr_memcache.h>
#include <apr_strings.h>
#include "mcp/store.h"

enum { MONTH = 30 * 86400, STALE_MAX = 256 };
static const apr_interval_time_t pause_time = APR_USEC_PER_SEC;    /* how long a server that failed is left alone */

static mcp_rc broken(mcp_ctx *ctx)
{
    return mcp_fail(ctx, MCP_UNAVAILABLE, "memcached does not answer");
}

static apr_memcache_server_t *pick(void *baton, apr_memcache_t *mc, const apr_uint32_t hash)
{
    (void)baton;
    return mc->live_servers[hash % mc->ntotal];
}

/* Behind a restart the pool is full of dead connections: each attempt removes one. */
static int answers(mcp_ctx *ctx, apr_memcache_server_t *server)
{
    apr_time_t end = apr_time_now() + pause_time;
    char *version;
    int i;

    for (i = 0; i < STALE_MAX && apr_time_now() < end; i++)
        if (apr_memcache_version(server, ctx->pool, &version) == APR_SUCCESS) return 1;
    return 0;
}

/* Refuses at once while the key's server is left alone; then one caller tries it again. */
static mcp_rc ready(mcp_ctx *ctx, apr_memcache_t *mc, const char *key)
{
    apr_memcache_server_t *server = pick(NULL, mc, apr_memcache_hash(mc, key, strlen(key)));

    if (server->status == APR_MC_SERVER_LIVE) return MCP_OK;
    if (apr_time_now() - server->btime < pause_time) return broken(ctx);
    apr_memcache_disable_server(mc, server);
    if (!answers(ctx, server)) return broken(ctx);
    apr_memcache_enable_server(mc, server);
    return MCP_OK;
}

/* Lives beyond a month are absolute times to memcached, which reads 32 bits with a sign. */
static apr_uint32_t life_of(const mcp_ctx *ctx, apr_int64_t life)
{
    apr_int64_t until = mcp_now(ctx) + life;

    if (life <= MONTH) return (apr_uint32_t)life;
    return until < INT32_MAX ? (apr_uint32_t)until : INT32_MAX;
}

static mcp_rc memcache_get(mcp_ctx *ctx, void *self, const char *key, const char **value, size_t *len)
{
    apr_status_t status;
    char *bytes;
    mcp_rc rc = ready(ctx, self, key);

    if (rc) return rc;
    status = apr_memcache_getp(self, ctx->pool, key, &bytes, len, NULL);
    if (status == APR_NOTFOUND) return MCP_ABSENT;
    if (status != APR_SUCCESS) return broken(ctx);
    *value = apr_pstrmemdup(ctx->pool, bytes, *len);
    return MCP_OK;
}

static mcp_rc memcache_put(mcp_ctx *ctx, void *self, const char *key, const char *value, size_t len, apr_uint32_t life)
{
    mcp_rc rc = ready(ctx, self, key);

    if (rc) return rc;
    return apr_memcache_set(self, key, (char *)(size_t)value, len, life_of(ctx, life), 0) == APR_SUCCESS ? MCP_OK : broken(ctx);
}

static mcp_rc memcache_add(mcp_ctx *ctx, void *self, const char *key, const char *value, size_t len, apr_uint32_t life)
{
    apr_status_t status;
    mcp_rc rc = ready(ctx, self, key);

    if (rc) return rc;
    status = apr_memcache_add(self, key, (char *)(size_t)value, len, life_of(ctx, life), 0);
    if (status == APR_EEXIST) return MCP_EXISTS;
    return status == APR_SUCCESS ? MCP_OK : broken(ctx);
}

/* MCP_ABSENT if there was none. */
static mcp_rc erase(mcp_ctx *ctx, apr_memcache_t *mc, const char *key)
{
    apr_status_t status = apr_memcache_delete(mc, key, 0);

    if (status == APR_NOTFOUND) return MCP_ABSENT;
    return status == APR_SUCCESS ? MCP_OK : broken(ctx);
}

static mcp_rc memcache_remove(mcp_ctx *ctx, void *self, const char *key)
{
    mcp_rc rc = ready(ctx, self, key);

    if (rc) return rc;
    rc = erase(ctx, self, key);
    return rc == MCP_ABSENT ? MCP_OK : rc;
}

/* Whoever's delete succeeds owns the record. */
static mcp_rc memcache_take(mcp_ctx *ctx, void *self, const char *key, const char **value, size_t *len)
{
    mcp_rc rc = memcache_get(ctx, self, key, value, len);

    return rc ? rc : erase(ctx, self, key);
}

/* The library reads an error of the server as the number 0. */
static mcp_rc increase(mcp_ctx *ctx, apr_memcache_t *mc, const char *key, apr_uint32_t *n)
{
    apr_status_t status = apr_memcache_incr(mc, key, 1, n);

    if (status == APR_NOTFOUND) return MCP_ABSENT;
    return status == APR_SUCCESS && *n ? MCP_OK : broken(ctx);
}

/* A counter that is neither there nor absent twice in a row is a server in trouble. */
static mcp_rc memcache_count(mcp_ctx *ctx, void *self, const char *key, apr_uint32_t window, apr_uint32_t *n)
{
    const char *slot = apr_psprintf(ctx->pool, "%s-%" APR_INT64_T_FMT, key, mcp_now(ctx) / window);
    mcp_rc rc = ready(ctx, self, slot);

    if (rc) return rc;
    if ((rc = increase(ctx, self, slot, n)) != MCP_ABSENT) return rc;
    *n = 1;
    rc = memcache_add(ctx, self, slot, "1", 1, window < INT32_MAX ? window * 2 : window);
    if (rc != MCP_EXISTS) return rc;
    rc = increase(ctx, self, slot, n);
    return rc == MCP_ABSENT ? broken(ctx) : rc;
}

static const mcp_store_driver driver = { "memcache", memcache_get, memcache_put, memcache_add, memcache_take, memcache_count, memcache_remove };

mcp_rc mcp_store_memcache_open(mcp_ctx *ctx, apr_pool_t *p, const char *rest, int threads, mcp_store *out)
{
    char *hosts = apr_pstrdup(ctx->pool, rest), *last, *one, *host, *scope;
    apr_memcache_server_t *server;
    apr_memcache_t *mc;
    apr_port_t port;

    if (apr_memcache_create(p, MCP_STORE_SERVERS_MAX, 0, &mc) != APR_SUCCESS) return mcp_fail(ctx, MCP_INTERNAL, "apr_memcache cannot be created");
    mc->server_func = pick;
    for (one = apr_strtok(hosts, ",", &last); one; one = apr_strtok(NULL, ",", &last)) {
        if (apr_parse_addr_port(&host, &scope, &port, one, ctx->pool) != APR_SUCCESS || !host || !port)
            return mcp_fail(ctx, MCP_BAD_CONFIG, "MCPStore memcache:%s: write HOST:PORT", one);
        if (apr_memcache_server_create(p, host, port, 0, 1, (apr_uint32_t)threads, 60 * 1000000, &server) != APR_SUCCESS
            || apr_memcache_add_server(mc, server) != APR_SUCCESS)
            return mcp_fail(ctx, MCP_BAD_CONFIG, "MCPStore memcache:%s: cannot be used; at most %d servers", rest, MCP_STORE_SERVERS_MAX);
    }
    if (!mc->ntotal) return mcp_fail(ctx, MCP_BAD_CONFIG, "MCPStore memcache:%s: no server", rest);
    out->driver = &driver;
    out->self = mc;
    return MCP_OK;
}
