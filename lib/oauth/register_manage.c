#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "mcp/cimd.h"
#include "mcp/register.h"
#include "mcp/statement.h"
#include "mcp/text.h"

enum { CLAIM_LIFE = 60 };

const char *mcp_register_bearer(const mcp_in *in)
{
    const char *text = in->authorization;

    if (!text || strncasecmp(text, "Bearer ", 7)) return NULL;
    for (text += 7; *text == ' '; text++) continue;
    return *text ? text : NULL;
}

/* ---- who asks ---- */

/* RFC 7592 section 2: whatever is wrong, nobody learns whether there is such a client. */
static mcp_rc stranger(mcp_ctx *ctx, mcp_out *out)
{
    mcp_ctx_clear(ctx);
    mcp_out_header(ctx, out, "WWW-Authenticate", "Bearer error=\"invalid_token\"");
    return mcp_fail(ctx, MCP_BAD_TOKEN, "the registration access token is not the one of this client");
}

static mcp_rc find_client(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out, const mcp_client **client)
{
    const char *access = mcp_register_bearer(in), *digest = access ? mcp_text_sha256_hex(ctx->pool, access, strlen(access)) : NULL;
    mcp_rc rc;

    if (!digest || !in->name || mcp_cimd_is_id(in->name)) return stranger(ctx, out);
    if ((rc = mcp_client_load(ctx, as, in->name, client))) return rc == MCP_BAD_CLIENT ? stranger(ctx, out) : rc;
    if (!(*client)->access_digest || !mcp_text_equal_secret(digest, strlen(digest), (*client)->access_digest, strlen((*client)->access_digest)))
        return stranger(ctx, out);
    mcp_register_note(*client, out);
    return MCP_OK;
}

/* A token changes one thing: of an update and a deletion at once, or two updates, one wins. */
static mcp_rc claim(mcp_ctx *ctx, const mcp_as *as, const mcp_client *client, mcp_out *out)
{
    mcp_rc rc = mcp_store_add(ctx, as->store, "registration_access_used", client->access_digest, "", 0, CLAIM_LIFE);

    return rc == MCP_EXISTS ? stranger(ctx, out) : rc;
}

/* ---- what they ask for ---- */

static mcp_rc tell(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, const mcp_client *client, mcp_out *out)
{
    mcp_issued issued = { NULL, mcp_register_bearer(in), NULL };

    return mcp_register_answer(ctx, as, client, &issued, 200, out);
}

/* RFC 7592 2.2: what the server alone decides must not stand in an update. */
static mcp_rc check_identity(mcp_ctx *ctx, const mcp_client *client, const json_t *doc)
{
    static const char *const ours[] = { "registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at" };
    const char *id = mcp_json_string(doc, "client_id"), *secret = mcp_json_string(doc, "client_secret"), *digest;
    size_t i;

    if (!id || strcmp(id, client->id)) return mcp_fail(ctx, MCP_BAD_METADATA, "client_id must be the one of the address");
    for (i = 0; i < sizeof ours / sizeof *ours; i++)
        if (json_object_get(doc, ours[i])) return mcp_fail(ctx, MCP_BAD_METADATA, "%s must not stand in an update", ours[i]);
    if (!json_object_get(doc, "client_secret")) return MCP_OK;
    digest = secret ? mcp_text_sha256_hex(ctx->pool, secret, strlen(secret)) : NULL;
    if (!digest || !client->secret_digest || !mcp_text_equal_secret(digest, strlen(digest), client->secret_digest, strlen(client->secret_digest)))
        return mcp_fail(ctx, MCP_BAD_METADATA, "client_secret must be the present one, or be left out");
    return MCP_OK;
}

/* By the rules of a registration, and what the record says beside them. */
static mcp_rc judge(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, const mcp_client *client, mcp_client *updated, mcp_issued *issued)
{
    const mcp_client_rules rules = { 0, client->ceiling };
    json_t *doc;
    mcp_rc rc;

    if ((rc = mcp_register_read(ctx, in, &doc))) return rc;
    if ((rc = check_identity(ctx, client, doc))) return rc;
    if ((rc = mcp_statement_apply(ctx, as, doc, &doc, &issued->statement))) return rc;
    if ((rc = mcp_client_judge(ctx, as, &rules, doc, updated))) return rc;
    if ((updated->auth == MCP_AUTH_NONE) != (client->auth == MCP_AUTH_NONE))
        return mcp_fail(ctx, MCP_BAD_METADATA, "token_endpoint_auth_method: a public client stays public and a confidential one confidential; register anew");
    updated->id = client->id;
    updated->issued_at = client->issued_at;
    return MCP_OK;
}

static mcp_rc replace(mcp_ctx *ctx, const mcp_as *as, const mcp_client *updated)
{
    mcp_rc rc = mcp_client_lock(ctx, as, updated->id, 1);

    if (rc == MCP_EXISTS) mcp_ctx_clear(ctx);
    if (rc) return rc == MCP_EXISTS ? mcp_fail(ctx, MCP_UNAVAILABLE, "the registration is being changed") : rc;
    rc = mcp_client_replace(ctx, as, updated);
    mcp_client_unlock(ctx, as, updated->id);
    return rc;
}

static mcp_rc change(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, const mcp_client *client, mcp_out *out)
{
    mcp_issued issued = { NULL, NULL, NULL };
    mcp_client updated;
    mcp_rc rc;

    if (client->is_sealed) {
        mcp_out_header(ctx, out, "Allow", "GET, DELETE");
        return mcp_fail(ctx, MCP_BAD_METHOD, "the client_id carries the metadata, so neither changes without the other; register anew");
    }
    if ((rc = judge(ctx, as, in, client, &updated, &issued))) return rc;
    if ((rc = mcp_register_secret(ctx, as, &updated, &issued))) return rc;
    if ((rc = mcp_register_access(ctx, &updated, &issued))) return rc;
    if ((rc = claim(ctx, as, client, out))) return rc;
    if ((rc = replace(ctx, as, &updated))) return rc;
    mcp_register_note(&updated, out);
    return mcp_register_answer(ctx, as, &updated, &issued, 200, out);
}

/* First what it holds counts no more, then it is gone. */
static mcp_rc give_up(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, const mcp_client *client, mcp_out *out)
{
    mcp_rc rc;

    (void)in;
    if ((rc = claim(ctx, as, client, out))) return rc;
    if ((rc = mcp_client_revoke(ctx, as, client->id))) return rc;
    if ((rc = mcp_client_remove(ctx, as, client->id))) return rc;
    out->status = 204;
    out->content_type = NULL;
    out->body = "";
    mcp_out_header(ctx, out, "Cache-Control", "no-store");
    return MCP_OK;
}

mcp_rc mcp_register_manage(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out)
{
    const mcp_client *client;
    mcp_rc rc;

    if ((rc = find_client(ctx, as, in, out, &client))) return rc;
    if (!strcmp(in->method, "PUT")) return change(ctx, as, in, client, out);
    if (!strcmp(in->method, "DELETE")) return give_up(ctx, as, in, client, out);
    return tell(ctx, as, in, client, out);
}
