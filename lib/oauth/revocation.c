#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include "mcp/client.h"
#include "mcp/revocation.h"

static const char *user_id(mcp_ctx *ctx, const mcp_as *as, const char *user)
{
    return apr_pstrcat(ctx->pool, as->issuer, " ", user, NULL);
}

static apr_uint32_t life(const mcp_as *as)
{
    return (apr_uint32_t)(as->refresh_ttl + as->access_ttl + as->code_ttl);
}

const char *mcp_revocation_grant_of(apr_pool_t *p, const char *jti)
{
    return apr_pstrmemdup(p, jti, strcspn(jti, "."));
}

/* Refresh tokens keep their records and find this one first. */
mcp_rc mcp_revoke_grant(mcp_ctx *ctx, const mcp_as *as, const char *jti)
{
    const char *id = mcp_revocation_grant_of(ctx->pool, jti);

    return mcp_store_put(ctx, as->store, "revoked", id, "", 0, life(as));
}

mcp_rc mcp_revoke_user(mcp_ctx *ctx, const mcp_as *as, const char *user)
{
    const char *when = apr_psprintf(ctx->pool, "%" APR_INT64_T_FMT, mcp_now(ctx));

    return mcp_store_put(ctx, as->store, "revoked-user", user_id(ctx, as, user), when, strlen(when), life(as));
}

static mcp_rc check_grant(mcp_ctx *ctx, const mcp_as *as, const char *grant)
{
    const char *value;
    size_t len;
    mcp_rc rc = mcp_store_get(ctx, as->store, "revoked", grant, &value, &len);

    if (rc != MCP_ABSENT) return rc ? rc : mcp_fail(ctx, MCP_BAD_TOKEN, "the token was revoked");
    mcp_ctx_clear(ctx);
    return MCP_OK;
}

/* Within one second nobody can tell which came first: revoked. */
static mcp_rc check_user(mcp_ctx *ctx, const mcp_as *as, const char *user, apr_int64_t since, int *is_known)
{
    const char *when;
    size_t len;
    mcp_rc rc = mcp_store_get(ctx, as->store, "revoked-user", user_id(ctx, as, user), &when, &len);

    *is_known = rc != MCP_ABSENT;
    if (!rc && apr_atoi64(when) >= since) return mcp_fail(ctx, MCP_BAD_TOKEN, "the user took it back");
    if (rc != MCP_ABSENT) return rc;
    mcp_ctx_clear(ctx);
    return MCP_OK;
}

static mcp_rc check_client(mcp_ctx *ctx, const mcp_as *as, const char *client)
{
    mcp_rc rc = mcp_client_check_revoked(ctx, as->store, as->issuer, client);

    if (rc != MCP_BAD_CLIENT) return rc;
    return ctx->rc = MCP_BAD_TOKEN;
}

mcp_rc mcp_revocation_check(mcp_ctx *ctx, const mcp_as *as, const char *grant, const char *client, const char *user, apr_int64_t since)
{
    int is_known;
    mcp_rc rc;

    if ((rc = check_grant(ctx, as, grant))) return rc;
    if ((rc = check_client(ctx, as, client))) return rc;
    return check_user(ctx, as, user, since, &is_known);
}

/* ---- what was asked a moment ago ---- */

enum { PLACES = 1024, WHO_MAX = 248 };

typedef struct {
    apr_time_t asked;
    char who[WHO_MAX];
} place;

struct mcp_revocation_memory {
    apr_thread_mutex_t *lock;
    place places[PLACES];
};

mcp_revocation_memory *mcp_revocation_remember(apr_pool_t *p)
{
    mcp_revocation_memory *memory = apr_pcalloc(p, sizeof *memory);

    return apr_thread_mutex_create(&memory->lock, APR_THREAD_MUTEX_DEFAULT, p) ? NULL : memory;
}

static place *place_of(mcp_revocation_memory *memory, const char *who)
{
    apr_ssize_t len = APR_HASH_KEY_STRING;

    return &memory->places[apr_hashfunc_default(who, &len) % PLACES];
}

static int is_remembered(mcp_revocation_memory *memory, const char *who, apr_time_t now)
{
    const place *at = place_of(memory, who);
    int is;

    apr_thread_mutex_lock(memory->lock);
    is = now >= at->asked && now - at->asked < apr_time_from_sec(MCP_REVOCATION_MEMORY) && !strcmp(at->who, who);
    apr_thread_mutex_unlock(memory->lock);
    return is;
}

static void remember(mcp_revocation_memory *memory, const char *who, apr_time_t now)
{
    place *at = place_of(memory, who);

    if (strlen(who) >= WHO_MAX) return;
    apr_thread_mutex_lock(memory->lock);
    strcpy(at->who, who);
    at->asked = now;
    apr_thread_mutex_unlock(memory->lock);
}

/* Neither an issuer nor a length holds a blank, so nobody's text is another's. */
static const char *who_is(mcp_ctx *ctx, const mcp_as *as, const mcp_token *token)
{
    return apr_pstrcat(ctx->pool, as->issuer, " ", apr_ltoa(ctx->pool, (long)strlen(token->client_id)), " ", token->client_id, token->sub, NULL);
}

mcp_rc mcp_revocation_check_token(mcp_ctx *ctx, const mcp_as *as, mcp_revocation_memory *memory, const mcp_token *token)
{
    apr_int64_t since = json_integer_value(json_object_get(token->claims, "iat"));
    const char *who = who_is(ctx, as, token);
    int is_known;
    mcp_rc rc;

    if ((rc = check_grant(ctx, as, mcp_revocation_grant_of(ctx->pool, token->jti)))) return rc;
    if (memory && is_remembered(memory, who, ctx->now)) return MCP_OK;
    if ((rc = check_client(ctx, as, token->client_id))) return rc;
    if ((rc = check_user(ctx, as, token->sub, since, &is_known))) return rc;
    if (memory && !is_known) remember(memory, who, ctx->now);
    return MCP_OK;
}
