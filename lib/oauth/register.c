#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "mcp/initial_access.h"
#include "mcp/register.h"
#include "mcp/statement.h"
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
mcp_rc mcp_register_read(mcp_ctx *ctx, const mcp_in *in, json_t **out)
{
    mcp_rc rc;

    if (!mcp_client_is_json(ctx->pool, in->content_type)) return mcp_fail(ctx, MCP_BAD_MEDIA_TYPE, "Content-Type must be application/json");
    rc = mcp_json_object(ctx, in->body ? in->body : "", in->body_len, &body_caps, out);
    return !rc || rc == MCP_TOO_LARGE ? rc : mcp_client_refuse(ctx, MCP_BAD_METADATA, "the body");
}

static mcp_rc new_secret(mcp_ctx *ctx, const char **secret, const char **digest)
{
    mcp_rc rc;

    if ((rc = mcp_text_random(ctx, 32, secret))) return rc;
    *digest = mcp_text_sha256_hex(ctx->pool, *secret, strlen(*secret));
    return *digest ? MCP_OK : mcp_fail(ctx, MCP_INTERNAL, "no digest of a secret");
}

mcp_rc mcp_register_secret(mcp_ctx *ctx, const mcp_as *as, mcp_client *client, mcp_issued *issued)
{
    if (client->auth == MCP_AUTH_NONE) return MCP_OK;
    client->secret_expires_at = mcp_now(ctx) + as->client_ttl;
    return new_secret(ctx, &issued->secret, &client->secret_digest);
}

mcp_rc mcp_register_access(mcp_ctx *ctx, mcp_client *client, mcp_issued *issued)
{
    return new_secret(ctx, &issued->access, &client->access_digest);
}

/* Everything can be had again from the id. */
static mcp_rc issue_sealed(mcp_ctx *ctx, const mcp_as *as, mcp_client *client, mcp_issued *issued)
{
    const char *digest;
    mcp_rc rc;

    if ((rc = mcp_client_seal(ctx, as, client))) return rc;
    if ((rc = mcp_client_derive(ctx, as, client->id, "access", &issued->access, &digest))) return rc;
    if (client->auth == MCP_AUTH_NONE) return MCP_OK;
    client->secret_expires_at = client->issued_at + as->client_ttl;
    return mcp_client_derive(ctx, as, client->id, "secret", &issued->secret, &client->secret_digest);
}

static mcp_rc issue(mcp_ctx *ctx, const mcp_as *as, mcp_client *client, mcp_issued *issued)
{
    mcp_rc rc;

    client->issued_at = mcp_now(ctx);
    if (as->sealed) return issue_sealed(ctx, as, client, issued);
    if ((rc = mcp_text_random(ctx, 18, &client->id))) return rc;
    if ((rc = mcp_register_secret(ctx, as, client, issued))) return rc;
    return mcp_register_access(ctx, client, issued);
}

mcp_rc mcp_register_answer(mcp_ctx *ctx, const mcp_as *as, const mcp_client *client, const mcp_issued *issued, int status, mcp_out *out)
{
    json_t *doc = mcp_json_own(ctx->pool, json_copy(client->metadata));

    json_object_set_new(doc, "client_id", json_string(client->id));
    json_object_set_new(doc, "client_id_issued_at", json_integer(client->issued_at));
    if (issued->secret) {
        json_object_set_new(doc, "client_secret", json_string(issued->secret));
        json_object_set_new(doc, "client_secret_expires_at", json_integer(client->secret_expires_at));
    }
    if (issued->access) {
        json_object_set_new(doc, "registration_access_token", json_string(issued->access));
        json_object_set_new(doc, "registration_client_uri", json_string(apr_pstrcat(ctx->pool, as->issuer, "/register/", client->id, NULL)));
    }
    if (issued->statement) json_object_set_new(doc, "software_statement", json_string(issued->statement));
    return mcp_out_json(ctx, out, status, doc);
}

void mcp_register_note(const mcp_client *client, mcp_out *out)
{
    out->audit.client = client->id;
    out->audit.scope = client->scope;
    out->audit.redirect = client->redirects ? client->redirects[0] : NULL;
}

/* ---- who may ---- */

static mcp_rc challenge(mcp_ctx *ctx, mcp_out *out, mcp_rc rc)
{
    mcp_out_header(ctx, out, "WWW-Authenticate", rc == MCP_NO_TOKEN ? "Bearer" : "Bearer error=\"invalid_token\"");
    return rc;
}

/* access->name stays NULL for somebody without a token. A bad token is never taken for none. */
static mcp_rc admit(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_initial_access *access, mcp_out *out)
{
    const char *token = as->initial_access ? mcp_register_bearer(in) : NULL;
    mcp_rc rc = MCP_OK;

    if (token) rc = mcp_initial_access_find(ctx, as, token, access);
    else if (!as->registration_open && as->initial_access) rc = mcp_fail(ctx, MCP_NO_TOKEN, "registration needs an initial access token");
    else if (!as->registration_open) rc = mcp_fail(ctx, MCP_REGISTRATION_CLOSED, "this server takes no new clients (MCPRegistration off)");
    return rc == MCP_NO_TOKEN || rc == MCP_BAD_TOKEN ? challenge(ctx, out, rc) : rc;
}

/* Counted last: what is refused for another reason uses nothing up. */
static mcp_rc use_up(mcp_ctx *ctx, const mcp_as *as, const mcp_initial_access *access, mcp_out *out)
{
    mcp_rc rc = access->name ? mcp_initial_access_use(ctx, as, access) : MCP_OK;

    return rc == MCP_BAD_TOKEN ? challenge(ctx, out, rc) : rc;
}

static mcp_rc judge(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, const mcp_initial_access *access, mcp_client *client, mcp_issued *issued)
{
    const mcp_client_rules rules = { 0, access->scopes };
    json_t *doc;
    mcp_rc rc;

    if ((rc = mcp_register_read(ctx, in, &doc))) return rc;
    if ((rc = mcp_statement_apply(ctx, as, doc, &doc, &issued->statement))) return rc;
    return mcp_client_judge(ctx, as, &rules, doc, client);
}

static mcp_rc enroll(mcp_ctx *ctx, const mcp_as *as, const mcp_initial_access *access, mcp_client *client, mcp_issued *issued, mcp_out *out)
{
    mcp_rc rc;

    if (!as->sealed && (rc = mcp_store_room(ctx, as->store))) return rc;
    if ((rc = issue(ctx, as, client, issued))) return rc;
    mcp_register_note(client, out);
    if ((rc = use_up(ctx, as, access, out))) return rc;
    if (as->sealed) return MCP_OK;
    if ((rc = mcp_client_seat(ctx, as, client->id))) return rc;
    return mcp_client_save(ctx, as, client);
}

/* Several may be behind one address, so nobody gets to change what all of them use. */
static mcp_rc enroll_once(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_client *client, mcp_out *out)
{
    const mcp_issued nothing = { NULL, NULL, NULL };
    const mcp_client *known;
    mcp_rc rc;

    if ((rc = mcp_register_find(ctx, as, in, client, &known))) return rc;
    if (!known) {
        if ((rc = mcp_store_room(ctx, as->store))) return rc;
        client->issued_at = mcp_now(ctx);
        if ((rc = mcp_text_random(ctx, 18, &client->id))) return rc;
        if ((rc = mcp_client_seat(ctx, as, client->id))) return rc;
        if ((rc = mcp_client_save(ctx, as, client))) return rc;
        if ((rc = mcp_register_keep(ctx, as, in, client, &known))) return rc;
    }
    mcp_register_note(known, out);
    return mcp_register_answer(ctx, as, known, &nothing, 201, out);
}

mcp_rc mcp_register(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out)
{
    mcp_initial_access access = { 0 };
    mcp_issued issued = { NULL, NULL, NULL };
    mcp_client client;
    mcp_rc rc;

    out->audit.event = "register";
    if ((rc = admit(ctx, as, in, &access, out))) return rc;
    out->audit.user = access.name;
    if ((rc = judge(ctx, as, in, &access, &client, &issued))) return rc;
    if (as->dedupe && !as->sealed && !access.name && !issued.statement && client.auth == MCP_AUTH_NONE) return enroll_once(ctx, as, in, &client, out);
    if ((rc = enroll(ctx, as, &access, &client, &issued, out))) return rc;
    return mcp_register_answer(ctx, as, &client, &issued, 201, out);
}
