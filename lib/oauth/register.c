#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "mcp/client.h"
#include "mcp/text.h"

static const mcp_json_caps body_caps = { 64 * 1024, 16 };

int mcp_client_is_json(apr_pool_t *p, const char *type)
{
    char *plain = apr_pstrdup(p, type ? type : ""), *to = plain;
    const char *from;

    for (from = plain; *from; from++)
        if (*from != ' ' && *from != '\t' && *from != '"') *to++ = *from;
    *to = '\0';
    return !strcasecmp(plain, "application/json") || !strcasecmp(plain, "application/json;charset=utf-8");
}

/* RFC 7591 3.2.2 knows no error for a body that is no JSON but this. */
static mcp_rc read_document(mcp_ctx *ctx, const mcp_in *in, json_t **out)
{
    mcp_rc rc;

    if (!mcp_client_is_json(ctx->pool, in->content_type)) return mcp_fail(ctx, MCP_BAD_MEDIA_TYPE, "Content-Type must be application/json");
    rc = mcp_json_object(ctx, in->body ? in->body : "", in->body_len, &body_caps, out);
    return !rc || rc == MCP_TOO_LARGE ? rc : mcp_client_refuse(ctx, MCP_BAD_METADATA, "the body");
}

/* Id, secret and the times they live; the secret leaves here once and is kept as a digest. */
static mcp_rc issue(mcp_ctx *ctx, const mcp_as *as, mcp_client *client, const char **secret)
{
    mcp_rc rc = mcp_text_random(ctx, 18, &client->id);

    *secret = NULL;
    client->issued_at = mcp_now(ctx);
    if (rc || client->auth == MCP_AUTH_NONE) return rc;
    if ((rc = mcp_text_random(ctx, 32, secret))) return rc;
    client->secret_expires_at = client->issued_at + as->client_ttl;
    client->secret_digest = mcp_text_sha256_hex(ctx->pool, *secret, strlen(*secret));
    return client->secret_digest ? MCP_OK : mcp_fail(ctx, MCP_INTERNAL, "no digest of the secret");
}

static mcp_rc answer(mcp_ctx *ctx, const mcp_client *client, const char *secret, mcp_out *out)
{
    json_t *doc = mcp_json_own(ctx->pool, json_copy(client->metadata));

    json_object_set_new(doc, "client_id", json_string(client->id));
    json_object_set_new(doc, "client_id_issued_at", json_integer(client->issued_at));
    if (secret) {
        json_object_set_new(doc, "client_secret", json_string(secret));
        json_object_set_new(doc, "client_secret_expires_at", json_integer(client->secret_expires_at));
    }
    return mcp_out_json(ctx, out, 201, doc);
}

mcp_rc mcp_register(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out)
{
    mcp_client client;
    const char *secret;
    json_t *doc;
    mcp_rc rc;

    out->audit.event = "register";
    if (!as->registration_open) return mcp_fail(ctx, MCP_REGISTRATION_CLOSED, "this server takes no new clients (MCPRegistration off)");
    if ((rc = read_document(ctx, in, &doc))) return rc;
    if ((rc = mcp_client_from_metadata(ctx, as, doc, &client))) return rc;
    if ((rc = mcp_store_room(ctx, as->store))) return rc;
    if ((rc = issue(ctx, as, &client, &secret))) return rc;
    out->audit.client = client.id;
    out->audit.scope = client.scope;
    out->audit.redirect = client.redirects[0];
    if ((rc = mcp_client_save(ctx, as, &client))) return rc;
    return answer(ctx, &client, secret, out);
}
