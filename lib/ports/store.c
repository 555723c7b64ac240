#include <string.h>
#include <apr_network_io.h>
#include <apr_strings.h>
#include "mcp/store.h"
#include "mcp/text.h"

typedef const char *check_fn(apr_pool_t *p, const char *rest);
typedef mcp_rc open_fn(mcp_ctx *ctx, apr_pool_t *p, const char *rest, int threads, mcp_store *out);

static const char *check_folder(apr_pool_t *p, const char *rest)
{
    (void)p;
    return *rest ? NULL : "the part behind the colon is missing";
}

static const char *check_servers(apr_pool_t *p, const char *rest)
{
    char *host, *scope, *one, *last;
    apr_port_t port;
    int n = 0;

    for (one = apr_strtok(apr_pstrdup(p, rest), ",", &last); one; one = apr_strtok(NULL, ",", &last), n++)
        if (apr_parse_addr_port(&host, &scope, &port, one, p) || !host || !port || scope || (strchr(host, ':') && *one != '['))
            return apr_psprintf(p, "%s is not HOST:PORT", one);
    if (!n) return "the part behind the colon is missing";
    return n > MCP_STORE_SERVERS_MAX ? apr_psprintf(p, "more than %d servers", MCP_STORE_SERVERS_MAX) : NULL;
}

static const struct {
    const char *prefix;
    check_fn *check;
    open_fn *open;
} drivers[] = {
    { "lmdb:", check_folder, mcp_store_lmdb_open },
    { "memcache:", check_servers, mcp_store_memcache_open },
    { NULL, NULL, NULL }
};

/* Names how records are laid out; a later layout must not read these. */
static const char layout[] = "m1-";

static int driver_of(const char *spec)
{
    int i;

    for (i = 0; drivers[i].prefix; i++)
        if (!strncmp(spec, drivers[i].prefix, strlen(drivers[i].prefix))) return i;
    return -1;
}

const char *mcp_store_check(apr_pool_t *p, const char *spec)
{
    int i = driver_of(spec);
    const char *wrong;

    if (i < 0) return apr_psprintf(p, "MCPStore %s: write lmdb:DIR or memcache:HOST:PORT", spec);
    wrong = drivers[i].check(p, spec + strlen(drivers[i].prefix));
    return wrong ? apr_psprintf(p, "MCPStore %s: %s", spec, wrong) : NULL;
}

mcp_rc mcp_store_open(mcp_ctx *ctx, apr_pool_t *p, const char *spec, int threads, mcp_store **out)
{
    const char *wrong = mcp_store_check(ctx->pool, spec);
    int i = driver_of(spec);

    if (wrong) return mcp_fail(ctx, MCP_BAD_CONFIG, "%s", wrong);
    *out = apr_pcalloc(p, sizeof **out);
    return drivers[i].open(ctx, p, spec + strlen(drivers[i].prefix), threads, *out);
}

/* Any bytes may stand in an id, so drivers see a digest of kind and id. NULL if it cannot be had. */
static const char *key_of(mcp_ctx *ctx, const char *kind, const char *id)
{
    const char *digest;
    size_t kind_len = strlen(kind) + 1, id_len = strlen(id);
    char *text = apr_palloc(ctx->pool, kind_len + id_len);

    memcpy(text, kind, kind_len);
    memcpy(text + kind_len, id, id_len);
    digest = mcp_text_sha256_hex(ctx->pool, text, kind_len + id_len);
    return digest ? apr_pstrcat(ctx->pool, layout, digest, NULL) : NULL;
}

/* Every verb begins here: a store that is open, a value that fits, a life, and the key. */
static mcp_rc prepare(mcp_ctx *ctx, const mcp_store *store, const char *kind, const char *id, size_t len, apr_uint32_t life, const char **key)
{
    if (!store->driver) return mcp_fail(ctx, MCP_UNAVAILABLE, "the store is not open");
    if (len > MCP_STORE_VALUE_MAX) return mcp_fail(ctx, MCP_TOO_LARGE, "a record of %lu bytes; the store takes %d", (unsigned long)len, MCP_STORE_VALUE_MAX);
    if (!life) return mcp_fail(ctx, MCP_INTERNAL, "a record without a life");
    *key = key_of(ctx, kind, id);
    return *key ? MCP_OK : mcp_fail(ctx, MCP_INTERNAL, "no SHA-256");
}

mcp_rc mcp_store_get(mcp_ctx *ctx, mcp_store *store, const char *kind, const char *id, const char **value, size_t *len)
{
    const char *key;
    mcp_rc rc = prepare(ctx, store, kind, id, 0, 1, &key);

    return rc ? rc : store->driver->get(ctx, store->self, key, value, len);
}

mcp_rc mcp_store_put(mcp_ctx *ctx, mcp_store *store, const char *kind, const char *id, const char *value, size_t len, apr_uint32_t life)
{
    const char *key;
    mcp_rc rc = prepare(ctx, store, kind, id, len, life, &key);

    return rc ? rc : store->driver->put(ctx, store->self, key, value, len, life);
}

mcp_rc mcp_store_add(mcp_ctx *ctx, mcp_store *store, const char *kind, const char *id, const char *value, size_t len, apr_uint32_t life)
{
    const char *key;
    mcp_rc rc = prepare(ctx, store, kind, id, len, life, &key);

    return rc ? rc : store->driver->add(ctx, store->self, key, value, len, life);
}

mcp_rc mcp_store_take(mcp_ctx *ctx, mcp_store *store, const char *kind, const char *id, const char **value, size_t *len)
{
    const char *key;
    mcp_rc rc = prepare(ctx, store, kind, id, 0, 1, &key);

    return rc ? rc : store->driver->take(ctx, store->self, key, value, len);
}

mcp_rc mcp_store_count(mcp_ctx *ctx, mcp_store *store, const char *kind, const char *id, apr_uint32_t window, apr_uint32_t *n)
{
    const char *key;
    mcp_rc rc = prepare(ctx, store, kind, id, 0, window, &key);

    return rc ? rc : store->driver->count(ctx, store->self, key, window, n);
}

mcp_rc mcp_store_room(mcp_ctx *ctx, mcp_store *store)
{
    if (!store->driver) return mcp_fail(ctx, MCP_UNAVAILABLE, "the store is not open");
    return store->driver->room ? store->driver->room(ctx, store->self) : MCP_OK;
}

mcp_rc mcp_store_remove(mcp_ctx *ctx, mcp_store *store, const char *kind, const char *id)
{
    const char *key;
    mcp_rc rc = prepare(ctx, store, kind, id, 0, 1, &key);

    return rc ? rc : store->driver->remove(ctx, store->self, key);
}
