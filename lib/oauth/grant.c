#include <string.h>
#include <apr_strings.h>
#include "mcp/dpop.h"
#include "mcp/flow.h"
#include "mcp/refresh.h"
#include "mcp/revocation.h"
#include "mcp/text.h"
#include "mcp/token.h"

enum { VERIFIER_MIN = 43, VERIFIER_MAX = 128, CODE_LEN = 43 };

static const mcp_json_caps caps = { MCP_STORE_VALUE_MAX, 16 };

typedef struct {
    const mcp_form *form;
    const mcp_client *client;
    mcp_token_grant token;
    const char *code_id;        /* of the record of the code that was shown */
    const char *jkt;            /* of the key that the token is bound to; NULL: none */
    mcp_offline grant;
    int offline;                /* a refresh token goes with it */
    const char *refresh_token;
} request;

typedef struct {
    const char *client, *redirect, *user, *scope, *resource, *challenge;
    int offline;
} code_record;

/* ---- authorization_code ---- */

static mcp_rc spent(mcp_ctx *ctx, const char *why)
{
    mcp_ctx_clear(ctx);
    return mcp_fail(ctx, MCP_BAD_GRANT, "%s", why);
}

/* RFC 6749 4.1.2: whoever shows a code twice may have stolen it, so what it gave is revoked. */
static mcp_rc revoke_replayed(mcp_ctx *ctx, const mcp_as *as, const request *r)
{
    const char *jti;
    size_t len;
    mcp_rc rc;

    mcp_ctx_clear(ctx);
    rc = mcp_store_get(ctx, as->store, "code_used", r->code_id, &jti, &len);
    if (rc == MCP_ABSENT) return spent(ctx, "the code is unknown or has expired");
    if (rc) return rc;
    if ((rc = mcp_revoke_grant(ctx, as, jti))) return rc;
    mcp_log(ctx, MCP_LOG_WARNING, mcp_error_of(MCP_BAD_GRANT)->tag, "client %s used a code again; what came from it is revoked", r->client->id);
    return spent(ctx, "the code was already used");
}

static mcp_rc read_record(mcp_ctx *ctx, const char *text, size_t len, code_record *out)
{
    json_t *doc;

    if (mcp_json_object(ctx, text, len, &caps, &doc)) return spent(ctx, "the code's record cannot be read");
    out->client = mcp_json_string(doc, "client");
    out->redirect = mcp_json_string(doc, "redirect");
    out->user = mcp_json_string(doc, "user");
    out->scope = mcp_json_string(doc, "scope");
    out->resource = mcp_json_string(doc, "resource");
    out->challenge = mcp_json_string(doc, "challenge");
    out->offline = json_is_true(json_object_get(doc, "offline"));
    if (!out->client || !out->redirect || !out->user || !out->scope || !out->resource || !out->challenge)
        return spent(ctx, "the code's record cannot be read");
    return MCP_OK;
}

/* Of many who show a code at once, one leaves the tombstone and goes on; the others find it and revoke.
 * It names the token before there is one, so no moment lies between the two, and outlives it. */
static mcp_rc leave_tombstone(mcp_ctx *ctx, const mcp_as *as, request *r)
{
    apr_int64_t life = as->access_ttl + as->code_ttl + (r->client->grant_refresh ? as->refresh_ttl : 0);
    mcp_rc rc;

    if ((rc = mcp_text_random(ctx, 16, &r->token.jti))) return rc;
    rc = mcp_store_add(ctx, as->store, "code_used", r->code_id, r->token.jti, strlen(r->token.jti), (apr_uint32_t)life);
    return rc == MCP_EXISTS ? revoke_replayed(ctx, as, r) : rc;
}

/* From here on the code is gone, whatever the checks say: nobody gets a second guess. */
static mcp_rc take_code(mcp_ctx *ctx, const mcp_as *as, request *r, code_record *out)
{
    const char *code = mcp_form_get(r->form, "code"), *text;
    size_t len;
    mcp_rc rc;

    if (!mcp_flow_is_base64url(code, CODE_LEN, CODE_LEN)) return mcp_fail(ctx, MCP_BAD_GRANT, "the code is not one of ours");
    r->code_id = mcp_flow_code_id(ctx, as, r->client->id, code);
    rc = mcp_store_get(ctx, as->store, "code", r->code_id, &text, &len);
    if (rc == MCP_ABSENT) return revoke_replayed(ctx, as, r);
    if (rc || (rc = leave_tombstone(ctx, as, r))) return rc;
    rc = mcp_store_take(ctx, as->store, "code", r->code_id, &text, &len);
    if (rc == MCP_ABSENT) return spent(ctx, "the code has expired");
    return rc ? rc : read_record(ctx, text, len, out);
}

static int is_verifier(const char *text)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~");

    return !text[len] && len >= VERIFIER_MIN && len <= VERIFIER_MAX;
}

static mcp_rc check_shape(mcp_ctx *ctx, const mcp_form *form)
{
    const char *verifier = mcp_form_get(form, "code_verifier");

    if (!mcp_form_get(form, "code")) return mcp_fail(ctx, MCP_BAD_REQUEST, "code is missing");
    if (!verifier) return mcp_fail(ctx, MCP_BAD_REQUEST, "code_verifier is missing");
    if (!is_verifier(verifier)) return mcp_fail(ctx, MCP_BAD_GRANT, "code_verifier is not %d to %d unreserved letters", VERIFIER_MIN, VERIFIER_MAX);
    return MCP_OK;
}

static mcp_rc check_verifier(mcp_ctx *ctx, const mcp_form *form, const code_record *record)
{
    const char *verifier = mcp_form_get(form, "code_verifier"), *challenge;
    unsigned char digest[MCP_SHA256_LEN];
    mcp_rc rc;

    if ((rc = mcp_text_sha256(ctx, verifier, strlen(verifier), digest))) return rc;
    challenge = mcp_text_base64url(ctx->pool, digest, sizeof digest);
    if (!mcp_text_equal_secret(challenge, strlen(challenge), record->challenge, strlen(record->challenge)))
        return mcp_fail(ctx, MCP_BAD_GRANT, "code_verifier does not belong to the code");
    return MCP_OK;
}

static mcp_rc check_redirect(mcp_ctx *ctx, const request *r, const code_record *record)
{
    const char *uri = mcp_form_get(r->form, "redirect_uri");

    if (uri && strcmp(uri, record->redirect))
        return mcp_fail(ctx, MCP_BAD_GRANT, "redirect_uri %s is not the one of the code", mcp_client_quote(ctx, uri));
    if (mcp_client_has_redirect(ctx, r->client, record->redirect)) return MCP_OK;
    return spent(ctx, "the redirect_uri of the code is no longer registered");
}

static mcp_rc check_resource(mcp_ctx *ctx, const mcp_as *as, const request *r, const char *approved)
{
    const char *resource;
    int i;

    if (mcp_form_has_empty(r->form, "resource")) return mcp_fail(ctx, MCP_BAD_TARGET, "the resource is empty");
    for (i = 0; (resource = mcp_form_nth(r->form, "resource", i)); i++)
        if (strcmp(resource, approved))
            return mcp_fail(ctx, MCP_BAD_TARGET, "the grant was approved for another resource than %s", mcp_client_quote(ctx, resource));
    if (!mcp_as_has_resource(as, approved)) return mcp_fail(ctx, MCP_BAD_TARGET, "this issuer has given up the resource");
    return MCP_OK;
}

static mcp_rc grant_code(mcp_ctx *ctx, const mcp_as *as, request *r)
{
    code_record record = { 0 };
    mcp_rc rc;

    if (!r->client->grant_code) return mcp_fail(ctx, MCP_UNAUTHORIZED_CLIENT, "the client did not register authorization_code");
    if ((rc = check_shape(ctx, r->form))) return rc;
    if ((rc = take_code(ctx, as, r, &record))) return rc;
    if (strcmp(record.client, r->client->id)) return mcp_fail(ctx, MCP_BAD_GRANT, "the code is another client's");
    if ((rc = check_verifier(ctx, r->form, &record))) return rc;
    if ((rc = check_redirect(ctx, r, &record))) return rc;
    if ((rc = check_resource(ctx, as, r, record.resource))) return rc;
    r->offline = record.offline && r->client->grant_refresh;
    r->token.sub = record.user;
    r->token.scope = record.scope;
    r->token.audience = record.resource;
    return MCP_OK;
}

/* ---- refresh_token ---- */

/* RFC 6749 6: never more than the user allowed; a narrower token does not narrow the grant. */
static mcp_rc narrow_scope(mcp_ctx *ctx, const mcp_as *as, request *r)
{
    const char *asked = mcp_form_get(r->form, "scope"), *still = mcp_flow_declared(ctx, as, r->grant.scope);
    char *word, *rest;
    mcp_rc rc;

    if (asked && (rc = mcp_flow_check_scope(ctx, asked))) return rc;
    for (word = apr_strtok(apr_pstrdup(ctx->pool, asked ? asked : ""), " ", &rest); word; word = apr_strtok(NULL, " ", &rest))
        if (!mcp_text_has_word(r->grant.scope, word) && strcmp(word, "offline_access"))
            return mcp_fail(ctx, MCP_BAD_SCOPE, "the user did not approve %s", mcp_client_quote(ctx, word));
    r->token.scope = asked && strcmp(asked, "offline_access") ? mcp_flow_within(ctx, as, still, asked) : still;
    return *r->token.scope ? MCP_OK : mcp_fail(ctx, MCP_BAD_SCOPE, "this issuer no longer has what the user approved");
}

/* RFC 9449 5: the refresh token of a grant that began with a proof is worth nothing without that key. */
static mcp_rc check_key(mcp_ctx *ctx, const request *r)
{
    if (!r->grant.jkt || (r->jkt && !strcmp(r->jkt, r->grant.jkt))) return MCP_OK;
    return mcp_fail(ctx, MCP_BAD_PROOF, "the refresh token is bound to a key, and no proof of that key came along");
}

static mcp_rc name_token(mcp_ctx *ctx, request *r)
{
    const char *random;
    mcp_rc rc = mcp_text_random(ctx, 9, &random);

    if (!rc) r->token.jti = apr_pstrcat(ctx->pool, r->grant.id, ".", random, NULL);
    return rc;
}

static mcp_rc grant_refresh(mcp_ctx *ctx, const mcp_as *as, request *r)
{
    const char *token = mcp_form_get(r->form, "refresh_token");
    mcp_rc rc;

    if (!r->client->grant_refresh) return mcp_fail(ctx, MCP_UNAUTHORIZED_CLIENT, "the client did not register refresh_token");
    if (!token) return mcp_fail(ctx, MCP_BAD_REQUEST, "refresh_token is missing");
    if ((rc = mcp_refresh_open(ctx, as, r->client->id, token, &r->grant))) return rc;
    r->token.sub = r->grant.user;
    r->token.audience = r->grant.resource;
    if ((rc = check_key(ctx, r))) return rc;
    if ((rc = check_resource(ctx, as, r, r->grant.resource))) return rc;
    if ((rc = narrow_scope(ctx, as, r))) return rc;
    if ((rc = name_token(ctx, r))) return rc;
    return mcp_refresh_turn(ctx, as, &r->grant, &r->refresh_token);
}

/* ---- client_credentials ---- */

/* No user is asked here, so what the client registered is the ceiling, and only scopes declared for machines count. */
static mcp_rc choose_scope(mcp_ctx *ctx, const mcp_as *as, request *r)
{
    const char *ceiling = mcp_flow_default_scope(ctx, as, r->client);
    const char *asked = mcp_form_get(r->form, "scope");
    mcp_rc rc;

    if (asked && (rc = mcp_flow_check_scope(ctx, asked))) return rc;
    r->token.scope = mcp_flow_machine_scope(ctx, as, asked ? asked : ceiling, ceiling);
    if (*r->token.scope) return MCP_OK;
    return mcp_fail(ctx, MCP_BAD_SCOPE, "no scope of %s is open to this client without a user", mcp_client_quote(ctx, asked ? asked : ceiling));
}

static mcp_rc grant_credentials(mcp_ctx *ctx, const mcp_as *as, request *r)
{
    mcp_rc rc;

    if (!mcp_as_serves_machines(as) || r->client->auth == MCP_AUTH_NONE || !r->client->grant_credentials)
        return mcp_fail(ctx, MCP_UNAUTHORIZED_CLIENT, "client_credentials is for confidential clients that registered it");
    if ((rc = mcp_flow_resource(ctx, as, r->form, &r->token.audience))) return rc;
    if ((rc = choose_scope(ctx, as, r))) return rc;
    r->token.sub = r->client->id;
    return MCP_OK;
}

/* ---- all ---- */

typedef mcp_rc grant_fn(mcp_ctx *ctx, const mcp_as *as, request *r);

static const struct {
    const char *name;
    grant_fn *judge;
} grants[] = {
    { "authorization_code", grant_code },
    { "refresh_token", grant_refresh },
    { "client_credentials", grant_credentials },
};

static mcp_rc find_grant(mcp_ctx *ctx, const mcp_as *as, const mcp_form *form, grant_fn **out)
{
    const char *type = mcp_form_get(form, "grant_type");
    size_t i;

    if (!type) return mcp_fail(ctx, MCP_BAD_REQUEST, "grant_type is missing");
    for (i = 0; i < sizeof grants / sizeof *grants; i++)
        if (!strcmp(type, grants[i].name) && (grants[i].judge != grant_refresh || as->refresh != MCP_REFRESH_OFF)) {
            *out = grants[i].judge;
            return MCP_OK;
        }
    return mcp_fail(ctx, MCP_BAD_GRANT_TYPE, "grant_type %s is not served", mcp_client_quote(ctx, type));
}

/* RFC 9449 5: with a proof the token is bound to its key. */
static mcp_rc read_proof(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, request *r)
{
    const mcp_dpop_request proof = { .method = "POST", .url = apr_pstrcat(ctx->pool, as->issuer, "/token", NULL) };

    return in->dpop ? mcp_dpop_learn(ctx, as->store, &proof, in->dpop, strlen(in->dpop), &r->jkt) : MCP_OK;
}

static mcp_rc judge(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, request *r)
{
    grant_fn *grant = NULL;
    mcp_rc rc;

    if (in->query && *in->query) return mcp_fail(ctx, MCP_BAD_REQUEST, "parameters belong in the body");
    if ((rc = mcp_flow_body(ctx, in, "resource", &r->form))) return rc;
    if ((rc = find_grant(ctx, as, r->form, &grant))) return rc;
    if ((rc = mcp_client_authenticate(ctx, as, in, r->form, &r->client))) return rc;
    if ((rc = read_proof(ctx, as, in, r))) return rc;
    return grant(ctx, as, r);
}

static mcp_rc begin_offline(mcp_ctx *ctx, const mcp_as *as, request *r)
{
    const mcp_offline grant = { .id = r->token.jti, .client = r->client->id, .user = r->token.sub, .scope = r->token.scope, .resource = r->token.audience, .jkt = r->jkt };

    return r->offline ? mcp_refresh_begin(ctx, as, &grant, &r->refresh_token) : MCP_OK;
}

/* What was granted is granted, even if nobody can note that it was. */
static void note_use(mcp_ctx *ctx, const mcp_as *as, const request *r)
{
    if (!mcp_client_used(ctx, as, r->client, strcmp(r->token.sub, r->client->id) != 0, NULL)) return;
    mcp_log(ctx, MCP_LOG_WARNING, mcp_error_of(MCP_UNAVAILABLE)->tag, "the use of client %s could not be noted: %s", r->client->id, ctx->detail);
    mcp_ctx_clear(ctx);
}

static mcp_rc answer(mcp_ctx *ctx, const mcp_as *as, request *r, mcp_out *out)
{
    const char *token;
    json_t *doc;
    mcp_rc rc;

    if ((rc = begin_offline(ctx, as, r))) return rc;
    note_use(ctx, as, r);
    r->token.issuer = as->issuer;
    r->token.client_id = r->client->id;
    r->token.life = as->access_ttl;
    if (r->jkt) r->token.more = mcp_json_own(ctx->pool, json_pack("{s:{s:s}}", "cnf", "jkt", r->jkt));
    if ((rc = mcp_token_mint(ctx, as->key, &r->token, &token))) return rc;
    doc = mcp_json_own(ctx->pool, json_pack("{s:s,s:s,s:I,s:s}", "access_token", token, "token_type", r->jkt ? "DPoP" : "Bearer",
                                            "expires_in", (json_int_t)as->access_ttl, "scope", r->token.scope));
    if (doc && r->refresh_token) json_object_set_new(doc, "refresh_token", json_string(r->refresh_token));
    return mcp_out_json(ctx, out, 200, doc);
}

static void note(const request *r, mcp_out *out)
{
    out->audit.event = "token";
    out->audit.client = r->client ? r->client->id : NULL;
    out->audit.user = r->token.sub;
    out->audit.scope = r->token.scope;
    out->audit.resource = r->token.audience;
}

mcp_rc mcp_grant(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out)
{
    request r = { 0 };
    mcp_rc rc = judge(ctx, as, in, &r);

    note(&r, out);
    if (!rc) return answer(ctx, as, &r, out);
    if (rc != MCP_BAD_PROOF) return rc;
    mcp_out_error(ctx, out, rc);
    out->status = 400;      /* RFC 9449 5, where a resource says 401 */
    return rc;
}
