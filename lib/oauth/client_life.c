#include <string.h>
#include <apr_strings.h>
#include "mcp/client.h"

enum {
    LOCK_LIFE = 5, LOCK_PATIENCE = 50, LOCK_POLL = 20 * 1000,    /* seconds; tries; microseconds */
    SEATS_TRIED = 16, AGE_MIN = 3600,   /* a client younger than that may still be waiting for its user */
    EVER = 2000000000
};

static const char *id_of(mcp_ctx *ctx, const mcp_as *as, const char *id)
{
    return apr_pstrcat(ctx->pool, as->issuer, " ", id, NULL);
}

/* ---- one writer ---- */

mcp_rc mcp_client_lock(mcp_ctx *ctx, const mcp_as *as, const char *id, int patient)
{
    int tries = patient ? LOCK_PATIENCE : 1;
    mcp_rc rc;

    while ((rc = mcp_store_add(ctx, as->store, "client_lock", id_of(ctx, as, id), "", 0, LOCK_LIFE)) == MCP_EXISTS && --tries) {
        mcp_ctx_clear(ctx);
        apr_sleep(LOCK_POLL);
    }
    return rc;
}

void mcp_client_unlock(mcp_ctx *ctx, const mcp_as *as, const char *id)
{
    const mcp_rc before = ctx->rc;

    if (mcp_store_remove(ctx, as->store, "client_lock", id_of(ctx, as, id)) && !before) mcp_ctx_clear(ctx);
}

/* ---- use ---- */

/* "TIME u" where a user approved, "TIME m" where none was asked. */
static mcp_rc last_use(mcp_ctx *ctx, const mcp_as *as, const char *id, apr_int64_t *at, int *by_user)
{
    const char *text;
    char *rest;
    size_t len;
    mcp_rc rc = mcp_store_get(ctx, as->store, "client_used", id_of(ctx, as, id), &text, &len);

    *at = 0;
    *by_user = 0;
    if (rc && rc != MCP_ABSENT) return rc;
    mcp_ctx_clear(ctx);
    if (rc) return MCP_OK;
    *at = apr_strtoi64(text, &rest, 10);
    *by_user = !strcmp(rest, " u");
    return MCP_OK;
}

/* Written as it is, for another life. Somebody who removed it meanwhile is not undone. */
static mcp_rc renew_record(mcp_ctx *ctx, const mcp_as *as, const char *id)
{
    const char *text, *key = id_of(ctx, as, id);
    size_t len;
    mcp_rc rc;

    if ((rc = mcp_store_get(ctx, as->store, "client", key, &text, &len))) return rc;
    if ((rc = mcp_store_put(ctx, as->store, "client", key, text, len, (apr_uint32_t)as->client_ttl))) return rc;
    rc = mcp_client_check_revoked(ctx, as->store, as->issuer, id);
    if (rc == MCP_BAD_CLIENT) return mcp_client_remove(ctx, as, id);
    return rc;
}

static mcp_rc renew(mcp_ctx *ctx, const mcp_as *as, const char *id)
{
    mcp_rc rc = mcp_client_lock(ctx, as, id, 0);

    if (!rc) {
        rc = renew_record(ctx, as, id);
        mcp_client_unlock(ctx, as, id);
    }
    if (rc != MCP_EXISTS && rc != MCP_ABSENT) return rc;
    mcp_ctx_clear(ctx);     /* somebody else is at it, or it is gone */
    return MCP_OK;
}

mcp_rc mcp_client_used(mcp_ctx *ctx, const mcp_as *as, const mcp_client *client, int by_user, int *renewed)
{
    apr_int64_t at;
    const char *note;
    int before, due;
    mcp_rc rc;

    if (renewed) *renewed = 0;
    if (client->is_document || client->is_sealed) return MCP_OK;
    if ((rc = last_use(ctx, as, client->id, &at, &before))) return rc;
    due = mcp_now(ctx) - (at > client->issued_at ? at : client->issued_at) >= as->client_ttl / 4;
    if (!due && (before || !by_user)) return MCP_OK;
    note = apr_psprintf(ctx->pool, "%" APR_INT64_T_FMT " %s", mcp_now(ctx), by_user || before ? "u" : "m");
    if ((rc = mcp_store_put(ctx, as->store, "client_used", id_of(ctx, as, client->id), note, strlen(note), (apr_uint32_t)as->client_ttl))) return rc;
    if (!due) return MCP_OK;
    if (renewed) *renewed = 1;
    return renew(ctx, as, client->id);
}

/* ---- seats ---- */

/* 1: nobody sits there, or one who has waited long enough for a user who did not come. */
static mcp_rc may_take(mcp_ctx *ctx, const mcp_as *as, const char *seat, int *free)
{
    const mcp_client *client;
    const char *id;
    apr_int64_t at;
    size_t len;
    int by_user;
    mcp_rc rc = mcp_store_get(ctx, as->store, "client_seat", seat, &id, &len);

    *free = 1;
    if (!rc) rc = mcp_client_load(ctx, as, id, &client);
    if (rc == MCP_ABSENT || rc == MCP_BAD_CLIENT) {
        mcp_ctx_clear(ctx);
        return MCP_OK;
    }
    if (rc || (rc = last_use(ctx, as, id, &at, &by_user))) return rc;
    *free = !by_user && mcp_now(ctx) - client->issued_at >= AGE_MIN;
    return *free ? mcp_client_remove(ctx, as, id) : MCP_OK;
}

/* Seats stand in a ring, so the one that comes next was taken first. */
mcp_rc mcp_client_seat(mcp_ctx *ctx, const mcp_as *as, const char *id)
{
    const char *seat;
    apr_uint32_t n;
    int i, free;
    mcp_rc rc;

    for (i = 0; as->clients_max && i < SEATS_TRIED; i++) {
        if ((rc = mcp_store_count(ctx, as->store, "client_seats", as->issuer, EVER, &n))) return rc;
        seat = apr_psprintf(ctx->pool, "%s %u", as->issuer, (n - 1) % as->clients_max);
        if ((rc = may_take(ctx, as, seat, &free))) return rc;
        if (free) return mcp_store_put(ctx, as->store, "client_seat", seat, id, strlen(id), EVER);
    }
    return as->clients_max ? mcp_fail(ctx, MCP_UNAVAILABLE, "there are as many clients as MCPMaxClients allows") : MCP_OK;
}
