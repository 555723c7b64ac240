#include <string.h>
#include <apr_strings.h>
#include "mcp/cimd.h"
#include "mcp/client.h"
#include "mcp/text.h"

enum { RECORD_MAX = 16 * 1024 };

/* Several issuers may share a store: a client is known to its own alone. An issuer holds no blank. */
static const char *record_id(mcp_ctx *ctx, const char *issuer, const char *id)
{
    return apr_pstrcat(ctx->pool, issuer, " ", id, NULL);
}

static const mcp_json_caps record_caps = { MCP_STORE_VALUE_MAX, 16 };

/* A record is the echoed metadata with what only we know beside it. */
static mcp_rc write_record(mcp_ctx *ctx, const mcp_client *c, const char **text)
{
    json_t *record = mcp_json_own(ctx->pool, json_pack("{s:s,s:O,s:I,s:I,s:s*,s:s*,s:s*}", "id", c->id, "metadata", c->metadata,
                                                       "issued_at", (json_int_t)c->issued_at, "secret_expires_at", (json_int_t)c->secret_expires_at,
                                                       "secret_digest", c->secret_digest, "access_digest", c->access_digest,
                                                       "ceiling", c->ceiling));

    *text = record ? mcp_json_text(ctx->pool, record) : NULL;
    if (!*text) return mcp_fail(ctx, MCP_INTERNAL, "a client record could not be written");
    if (strlen(*text) > RECORD_MAX) return mcp_fail(ctx, MCP_BAD_METADATA, "all members together are longer than %d bytes", RECORD_MAX);
    return MCP_OK;
}

mcp_rc mcp_client_save(mcp_ctx *ctx, const mcp_as *as, const mcp_client *c)
{
    const char *text;
    mcp_rc rc = write_record(ctx, c, &text);

    return rc ? rc : mcp_store_add(ctx, as->store, "client", record_id(ctx, as->issuer, c->id), text, strlen(text), (apr_uint32_t)as->client_ttl);
}

mcp_rc mcp_client_replace(mcp_ctx *ctx, const mcp_as *as, const mcp_client *c)
{
    const char *text;
    mcp_rc rc = write_record(ctx, c, &text);

    return rc ? rc : mcp_store_put(ctx, as->store, "client", record_id(ctx, as->issuer, c->id), text, strlen(text), (apr_uint32_t)as->client_ttl);
}

mcp_rc mcp_client_remove(mcp_ctx *ctx, const mcp_as *as, const char *id)
{
    return mcp_store_remove(ctx, as->store, "client", record_id(ctx, as->issuer, id));
}

static mcp_rc read_record(mcp_ctx *ctx, const mcp_as *as, const char *text, size_t len, mcp_client *out)
{
    mcp_client_rules rules = { 0, NULL };
    json_t *record;
    mcp_rc rc = mcp_json_object(ctx, text, len, &record_caps, &record);

    if (rc) return rc;
    rules.ceiling = mcp_json_string(record, "ceiling");
    if ((rc = mcp_client_judge(ctx, as, &rules, json_object_get(record, "metadata"), out))) return rc;
    out->id = mcp_json_string(record, "id");
    out->secret_digest = mcp_json_string(record, "secret_digest");
    out->access_digest = mcp_json_string(record, "access_digest");
    out->issued_at = json_integer_value(json_object_get(record, "issued_at"));
    out->secret_expires_at = json_integer_value(json_object_get(record, "secret_expires_at"));
    return out->id ? MCP_OK : mcp_fail(ctx, MCP_BAD_CLIENT, "a client record without an id");
}

/* The rules run again on what was stored: a policy that has become stricter holds for old clients too. */
static mcp_rc load_record(mcp_ctx *ctx, const mcp_as *as, const char *id, mcp_client *client)
{
    const char *text;
    size_t len;
    mcp_rc rc = mcp_store_get(ctx, as->store, "client", record_id(ctx, as->issuer, id), &text, &len);

    if (rc == MCP_ABSENT) return mcp_fail(ctx, MCP_BAD_CLIENT, "the client is unknown or its registration has expired; register again");
    if (rc) return rc;
    return read_record(ctx, as, text, len, client) ? ctx->rc = MCP_BAD_CLIENT : MCP_OK;
}

mcp_rc mcp_client_load(mcp_ctx *ctx, const mcp_as *as, const char *id, const mcp_client **out)
{
    mcp_client *client = apr_pcalloc(ctx->pool, sizeof *client);

    *out = client;
    if (mcp_cimd_is_id(id)) return mcp_cimd_load(ctx, as, id, client);
    return mcp_client_is_sealed(id) ? mcp_client_unseal(ctx, as, id, client) : load_record(ctx, as, id, client);
}

mcp_rc mcp_client_revoke(mcp_ctx *ctx, const mcp_as *as, const char *id)
{
    const char *when = apr_psprintf(ctx->pool, "%" APR_INT64_T_FMT, mcp_now(ctx));
    apr_int64_t life = as->client_ttl + as->access_ttl + as->refresh_ttl;

    return mcp_store_put(ctx, as->store, "revoked-client", record_id(ctx, as->issuer, id), when, strlen(when), (apr_uint32_t)life);
}

mcp_rc mcp_client_check_revoked(mcp_ctx *ctx, mcp_store *store, const char *issuer, const char *id)
{
    const char *when;
    size_t len;
    mcp_rc rc = mcp_store_get(ctx, store, "revoked-client", record_id(ctx, issuer, id), &when, &len);

    if (rc == MCP_ABSENT) {
        mcp_ctx_clear(ctx);
        return MCP_OK;
    }
    return rc ? rc : mcp_fail(ctx, MCP_BAD_CLIENT, "the client was given up");
}
