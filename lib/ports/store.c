#include <string.h>
#include <apr_strings.h>
#include "mcp/store.h"
#include "mcp/text.h"

typedef mcp_rc open_fn(mcp_ctx *ctx, apr_pool_t *p, const char *rest, int threads, mcp_store *out);

static const struct {
    const char *prefix;
    open_fn *open;
} drivers[] = { { "lmdb:", mcp_store_lmdb_open }, { "memcache:", mcp_store_memcache_open }, { NULL, NULL } };

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

    if (i < 0) return apr_psprintf(p, "MCPStore %s: write lmdb:DIR or memcache:HOST:PORT", spec);
    if (!spec[strlen(drivers[i].prefix)]) return apr_psprintf(p, "MCPStore %s: the part behind the colon is missing", spec);
    return NULL;
}

mcp_rc mcp_store_open(mcp_ctx *ctx, apr_pool_t *p, const char *spec, int threads, mcp_store **out)
{
    const char *wrong = mcp_store_check(ctx->pool, spec);
    int i = driver_of(spec);

    if (wrong) return mcp_fail(ctx, MCP_BAD_CONFIG, "%s", wrong);
    *out = apr_pcalloc(p, sizeof **out);
    return drivers[i].open(ctx, p, spec + strlen(drivers[i].prefix), threads, *out);
}

/* Any bytes may stand in an id, so drivers see a digest of kind and id. */
static const char *key_of(mcp_ctx *ctx, const char *kind, const char *id)
{
    size_t kind_len = strlen(kind) + 1, id_len = strlen(id);
    char *text = apr_palloc(ctx->pool, kind_len + id_len);

    memcpy(text, kind, kind_len);
    memcpy(text + kind_len, id, id_len);
    return mcp_text_sha256_hex(ctx->pool, text, kind_len + id_len);
}

static mcp_rc check(mcp_ctx *ctx, const mcp_store *store, size_t len, apr_uint32_t life)
{
    if (!store->driver) return mcp_fail(ctx, MCP_UNAVAILABLE, "the store is not open");
    if (len > MCP_STORE_VALUE_MAX) return mcp_fail(ctx, MCP_TOO_LARGE, "a record of %lu bytes; the store takes %d", (unsigned long)len, MCP_STORE_VALUE_MAX);
    return life ? MCP_OK : mcp_fail(ctx, MCP_INTERNAL, "a record without a life");
}

mcp_rc mcp_store_get(mcp_ctx *ctx, mcp_store *store, const char *kind, const char *id, const char **value, size_t *len)
{
    mcp_rc rc = check(ctx, store, 0, 1);

    return rc ? rc : store->driver->get(ctx, store->self, key_of(ctx, kind, id), value, len);
}

mcp_rc mcp_store_put(mcp_ctx *ctx, mcp_store *store, const char *kind, const char *id, const char *value, size_t len, apr_uint32_t life)
{
    mcp_rc rc = check(ctx, store, len, life);

    return rc ? rc : store->driver->put(ctx, store->self, key_of(ctx, kind, id), value, len, life);
}

mcp_rc mcp_store_add(mcp_ctx *ctx, mcp_store *store, const char *kind, const char *id, const char *value, size_t len, apr_uint32_t life)
{
    mcp_rc rc = check(ctx, store, len, life);

    return rc ? rc : store->driver->add(ctx, store->self, key_of(ctx, kind, id), value, len, life);
}

mcp_rc mcp_store_take(mcp_ctx *ctx, mcp_store *store, const char *kind, const char *id, const char **value, size_t *len)
{
    mcp_rc rc = check(ctx, store, 0, 1);

    return rc ? rc : store->driver->take(ctx, store->self, key_of(ctx, kind, id), value, len);
}

mcp_rc mcp_store_count(mcp_ctx *ctx, mcp_store *store, const char *kind, const char *id, apr_uint32_t window, apr_uint32_t *n)
{
    mcp_rc rc = check(ctx, store, 0, window);

    return rc ? rc : store->driver->count(ctx, store->self, key_of(ctx, kind, id), window, n);
}

mcp_rc mcp_store_remove(mcp_ctx *ctx, mcp_store *store, const char *kind, const char *id)
{
    mcp_rc rc = check(ctx, store, 0, 1);

    return rc ? rc : store->driver->remove(ctx, store->self, key_of(ctx, kind, id));
}
