/* An authorization server on a store in memory, for the tests of lib/oauth. */
#ifndef AS_FIXTURE_H
#define AS_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "mcp/client.h"

typedef struct {
    apr_pool_t *pool;
    apr_hash_t *records;
    apr_uint32_t life;          /* of the last record written */
    int is_down;                /* the next calls say MCP_UNAVAILABLE */
} memory_store;

static inline mcp_rc memory_get(mcp_ctx *ctx, void *self, const char *key, const char **value, size_t *len)
{
    memory_store *m = self;

    if (m->is_down) return mcp_fail(ctx, MCP_UNAVAILABLE, "the store is down");
    *value = apr_hash_get(m->records, key, APR_HASH_KEY_STRING);
    if (!*value) return MCP_ABSENT;
    *len = strlen(*value);
    return MCP_OK;
}

static inline mcp_rc memory_put(mcp_ctx *ctx, void *self, const char *key, const char *value, size_t len, apr_uint32_t life)
{
    memory_store *m = self;

    if (m->is_down) return mcp_fail(ctx, MCP_UNAVAILABLE, "the store is down");
    apr_hash_set(m->records, apr_pstrdup(m->pool, key), APR_HASH_KEY_STRING, apr_pstrmemdup(m->pool, value, len));
    m->life = life;
    return MCP_OK;
}

static inline mcp_rc memory_add(mcp_ctx *ctx, void *self, const char *key, const char *value, size_t len, apr_uint32_t life)
{
    memory_store *m = self;

    if (apr_hash_get(m->records, key, APR_HASH_KEY_STRING)) return MCP_EXISTS;
    return memory_put(ctx, self, key, value, len, life);
}

static inline mcp_rc memory_take(mcp_ctx *ctx, void *self, const char *key, const char **value, size_t *len)
{
    mcp_rc rc = memory_get(ctx, self, key, value, len);

    if (!rc) apr_hash_set(((memory_store *)self)->records, key, APR_HASH_KEY_STRING, NULL);
    return rc;
}

/* Windows never end here. */
static inline mcp_rc memory_count(mcp_ctx *ctx, void *self, const char *key, apr_uint32_t window, apr_uint32_t *n)
{
    memory_store *m = self;
    const char *before = apr_hash_get(m->records, key, APR_HASH_KEY_STRING), *text;

    *n = before ? (apr_uint32_t)apr_strtoi64(before, NULL, 10) + 1 : 1;
    text = apr_psprintf(m->pool, "%u", *n);
    return memory_put(ctx, self, key, text, strlen(text), window);
}

static inline mcp_rc memory_remove(mcp_ctx *ctx, void *self, const char *key)
{
    memory_store *m = self;

    if (m->is_down) return mcp_fail(ctx, MCP_UNAVAILABLE, "the store is down");
    apr_hash_set(m->records, key, APR_HASH_KEY_STRING, NULL);
    return MCP_OK;
}

static const mcp_store_driver memory_driver = {
    .name = "memory", .get = memory_get, .put = memory_put, .add = memory_add, .take = memory_take, .count = memory_count, .remove = memory_remove
};

static const mcp_scope fixture_scopes[] = {
    { "customer.read", "read customer records", 0, 1, 1 },
    { "customer.write", "change customer records", 0, 0, 1 },
    { "db.admin", "administer the database", 1, 0, 0 }
};
static const char *const fixture_resources[] = { "https://mcp.example.test/mcp", NULL };
static const unsigned char fixture_seal[32] = { 1 };

typedef struct {
    apr_pool_t *pool;
    mcp_ctx *ctx;
    memory_store memory;
    mcp_store store;
    mcp_as as;
} as_fixture;

enum { FIXTURE_NOW = 1800000000, FIXTURE_CLIENT_TTL = 86400 };

static inline void as_fixture_open(as_fixture *f)
{
    memset(f, 0, sizeof *f);
    apr_pool_create(&f->pool, NULL);
    f->ctx = mcp_ctx_create(f->pool);
    f->ctx->now = apr_time_from_sec(FIXTURE_NOW);
    f->memory.pool = f->pool;
    f->memory.records = apr_hash_make(f->pool);
    f->store.driver = &memory_driver;
    f->store.self = &f->memory;
    f->as = (mcp_as){ .issuer = "https://as.example.test", .path = "", .store = &f->store, .seal = fixture_seal,
                      .scopes = fixture_scopes, .scope_count = 3, .resources = fixture_resources, .access_ttl = 300,
                      .refresh_ttl = 3600, .client_ttl = FIXTURE_CLIENT_TTL, .code_ttl = 60, .registration_open = 1 };
}

static inline void as_fixture_close(as_fixture *f)
{
    apr_pool_destroy(f->pool);
}

#endif
