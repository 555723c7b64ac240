#include <apr_thread_mutex.h>
#include "mcp/discovery.h"
#include "mcp/jwks.h"

struct mcp_jwks_source {
    const char *url;                /* of the set; NULL: the issuer's metadata tell it */
    const char *issuer, *algs;
    const mcp_fetch_rules *rules;
    apr_pool_t *parent;
    apr_thread_mutex_t *reading;    /* held for moments, around the members below */
    apr_thread_mutex_t *fetching;   /* held by the one thread that fetches */
    const mcp_keys *keys;
    apr_pool_t *generation, *before;    /* the sets in use now, and the one that late readers may still hold */
    apr_time_t fetched, tried;
};

mcp_jwks_source *mcp_jwks_create(apr_pool_t *p, const char *url, const char *issuer, const char *algs, const mcp_fetch_rules *rules)
{
    mcp_jwks_source *s = apr_pcalloc(p, sizeof *s);

    s->url = url;
    s->issuer = issuer;
    s->algs = algs;
    s->rules = rules;
    s->parent = p;
    if (apr_thread_mutex_create(&s->reading, APR_THREAD_MUTEX_DEFAULT, p) || apr_thread_mutex_create(&s->fetching, APR_THREAD_MUTEX_DEFAULT, p))
        return NULL;
    return s;
}

static const mcp_keys *current(mcp_jwks_source *s, apr_time_t *fetched, apr_time_t *tried)
{
    const mcp_keys *keys;

    apr_thread_mutex_lock(s->reading);
    keys = s->keys;
    *fetched = s->fetched;
    *tried = s->tried;
    apr_thread_mutex_unlock(s->reading);
    return keys;
}

static void install(mcp_jwks_source *s, const mcp_keys *keys, apr_pool_t *generation, apr_time_t now)
{
    apr_pool_t *old;

    apr_thread_mutex_lock(s->reading);
    s->tried = now;
    old = keys ? s->before : generation;
    if (keys) {
        s->keys = keys;
        s->before = s->generation;
        s->generation = generation;
        s->fetched = now;
    }
    apr_thread_mutex_unlock(s->reading);
    if (old) apr_pool_destroy(old);
}

static mcp_rc fetch(mcp_ctx *ctx, mcp_jwks_source *s, apr_pool_t *generation, const mcp_keys **out)
{
    mcp_fetch_answer answer;
    const char *url = s->url;
    mcp_rc rc;

    if (!url && (rc = mcp_discovery_jwks_uri(ctx, s->rules, s->issuer, &url))) return rc;
    if ((rc = mcp_fetch_get(ctx, s->rules, url, &answer))) return rc;
    if (answer.status != 200) return mcp_fail(ctx, MCP_FETCH_REFUSED, "%s answered %d", url, answer.status);
    return mcp_keys_from_jwks(ctx, generation, answer.body, answer.len, s->algs, out);
}

/* Pools are made and destroyed by one thread at a time: the fetching mutex is held. */
static void renew_keys(mcp_ctx *ctx, mcp_jwks_source *s)
{
    apr_pool_t *generation;
    const mcp_keys *keys = NULL;

    if (apr_pool_create(&generation, s->parent) != APR_SUCCESS) return;
    if (fetch(ctx, s, generation, &keys)) {
        keys = NULL;
        mcp_log(ctx, MCP_LOG_ERROR, "MCP053", "the key set of %s could not be had: %s", s->url ? s->url : s->issuer, ctx->detail);
        mcp_ctx_clear(ctx);
    }
    install(s, keys, generation, ctx->now);
}

static int is_due(apr_time_t now, apr_time_t fetched, apr_time_t tried, int renew)
{
    if (tried && now - tried < apr_time_from_sec(MCP_JWKS_PAUSE)) return 0;
    return renew || now - fetched >= apr_time_from_sec(MCP_JWKS_FRESH);
}

mcp_rc mcp_jwks_get(mcp_ctx *ctx, mcp_jwks_source *s, int renew, const mcp_keys **out)
{
    apr_time_t fetched, tried;
    int mine;

    *out = current(s, &fetched, &tried);
    if (is_due(ctx->now, fetched, tried, renew)) {
        /* With a set at hand nobody waits for the one who fetches; without one everybody must. */
        mine = *out ? apr_thread_mutex_trylock(s->fetching) == APR_SUCCESS : apr_thread_mutex_lock(s->fetching) == APR_SUCCESS;
        if (mine) {
            *out = current(s, &fetched, &tried);
            if (is_due(ctx->now, fetched, tried, renew)) renew_keys(ctx, s);
            apr_thread_mutex_unlock(s->fetching);
        }
        *out = current(s, &fetched, &tried);
    }
    return *out ? MCP_OK : mcp_fail(ctx, MCP_UNAVAILABLE, "no key set of the issuer is at hand");
}

const mcp_keys *mcp_jwks_at_hand(mcp_jwks_source *s)
{
    apr_time_t fetched, tried;

    return current(s, &fetched, &tried);
}
