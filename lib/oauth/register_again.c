#include <string.h>
#include <stdlib.h>
#include <arpa/inet.h>
#include <apr_strings.h>
#include "mcp/register.h"
#include "mcp/text.h"

/* An IPv6 host has a whole /64. */
static const char *source_of(mcp_ctx *ctx, const char *peer)
{
    unsigned char bytes[16];

    if (!peer || inet_pton(AF_INET6, peer, bytes) != 1) return peer ? peer : "";
    return mcp_text_base64url(ctx->pool, bytes, 8);
}

/* Two registrations are the same if the server took the same from them, in whatever order it was written. */
static mcp_rc key_of(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, const mcp_client *client, const char **out)
{
    char *text = json_dumps(client->metadata, JSON_COMPACT | JSON_SORT_KEYS);
    const char *digest = text ? mcp_text_sha256_hex(ctx->pool, text, strlen(text)) : NULL;

    free(text);
    if (!digest) return mcp_fail(ctx, MCP_INTERNAL, "no digest of the metadata");
    *out = apr_pstrcat(ctx->pool, as->issuer, " ", source_of(ctx, in->peer), " ", digest, NULL);
    return MCP_OK;
}

static int is_same(const mcp_client *a, const mcp_client *b)
{
    return a->auth == MCP_AUTH_NONE && !a->ceiling && !a->access_digest && json_equal(a->metadata, b->metadata);
}

mcp_rc mcp_register_find(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, const mcp_client *client, const mcp_client **out)
{
    const char *key, *id;
    size_t len;
    mcp_rc rc;
    int renewed;

    *out = NULL;
    if ((rc = key_of(ctx, as, in, client, &key))) return rc;
    rc = mcp_store_get(ctx, as->store, "registered", key, &id, &len);
    if (!rc) rc = mcp_client_load(ctx, as, id, out);
    if (rc || !is_same(*out, client)) *out = NULL;
    if (rc == MCP_ABSENT || rc == MCP_BAD_CLIENT) {
        mcp_ctx_clear(ctx);
        return MCP_OK;
    }
    if (rc || !*out || (rc = mcp_client_used(ctx, as, *out, 0, &renewed)) || !renewed) return rc;
    return mcp_store_put(ctx, as->store, "registered", key, id, len, (apr_uint32_t)as->client_ttl);
}

/* Whoever registers at the same moment leaves one name for both. */
mcp_rc mcp_register_keep(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, const mcp_client *client, const mcp_client **out)
{
    const char *key;
    mcp_rc rc;

    *out = client;
    if ((rc = key_of(ctx, as, in, client, &key))) return rc;
    rc = mcp_store_add(ctx, as->store, "registered", key, client->id, strlen(client->id), (apr_uint32_t)as->client_ttl);
    if (rc != MCP_EXISTS) return rc;
    mcp_ctx_clear(ctx);
    if ((rc = mcp_register_find(ctx, as, in, client, out))) return rc;
    if (*out) return mcp_client_remove(ctx, as, client->id);
    *out = client;      /* what stood there is gone */
    return mcp_store_put(ctx, as->store, "registered", key, client->id, strlen(client->id), (apr_uint32_t)as->client_ttl);
}
