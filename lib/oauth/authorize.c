#include <string.h>
#include "mcp/flow.h"
#include "mcp/page.h"
#include "mcp/text.h"

enum { QUERY_MAX = 16 * 1024, STATE_MAX = 2048, CHALLENGE_MIN = 43, CHALLENGE_MAX = 128 };

typedef struct {
    const mcp_form *form;
    const mcp_client *client;
    mcp_ticket ticket;
} request;

/* ---- What must hold before the browser may be sent anywhere ---- */

static mcp_rc check_user(mcp_ctx *ctx, const char *user)
{
    if (!user || !*user) return mcp_fail(ctx, MCP_LOGIN_REQUIRED, "nobody is logged in");
    if (!mcp_text_is_utf8(user, strlen(user))) return mcp_fail(ctx, MCP_BAD_REQUEST, "the user name is not UTF-8");
    return MCP_OK;
}

static mcp_rc read_query(mcp_ctx *ctx, const mcp_in *in, request *r)
{
    const char *query = in->query ? in->query : "";
    size_t len = strlen(query);

    if (len > QUERY_MAX) return mcp_fail(ctx, MCP_BAD_REQUEST, "the query is longer than %d bytes", QUERY_MAX);
    return mcp_form_read(ctx, query, len, &r->form);
}

static mcp_rc find_client(mcp_ctx *ctx, const mcp_as *as, request *r)
{
    const char *id = mcp_form_get(r->form, "client_id");
    mcp_rc rc = mcp_form_check_once(ctx, r->form, "client_id", NULL);

    if (rc) return rc;
    if (!id) return mcp_fail(ctx, MCP_BAD_REQUEST, "client_id is missing");
    r->ticket.client = id;
    return mcp_client_load(ctx, as, id, &r->client);
}

static mcp_rc check_redirect(mcp_ctx *ctx, request *r)
{
    const char *uri = mcp_form_get(r->form, "redirect_uri");
    mcp_rc rc = mcp_form_check_once(ctx, r->form, "redirect_uri", NULL);

    if (rc) return rc;
    if (!uri) return mcp_fail(ctx, MCP_BAD_REQUEST, "redirect_uri is missing");
    if (!mcp_client_has_redirect(ctx, r->client, uri)) {
        mcp_ctx_clear(ctx);
        return mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uri %s is not one the client registered", mcp_client_quote(ctx, uri));
    }
    r->ticket.redirect = uri;
    return MCP_OK;
}

static mcp_rc check_here(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, request *r)
{
    mcp_rc rc;

    if ((rc = check_user(ctx, in->user))) return rc;
    if ((rc = read_query(ctx, in, r))) return rc;
    if ((rc = find_client(ctx, as, r))) return rc;
    return check_redirect(ctx, r);
}

/* ---- What the client may be told at its redirect URI ---- */

static mcp_rc check_state(mcp_ctx *ctx, request *r)
{
    const char *state = mcp_form_get(r->form, "state");
    mcp_rc rc = mcp_form_check_once(ctx, r->form, "state", NULL);

    if (rc) return rc;
    if (state && strlen(state) > STATE_MAX) return mcp_fail(ctx, MCP_BAD_REQUEST, "state is longer than %d bytes", STATE_MAX);
    r->ticket.state = state;
    return MCP_OK;
}

static mcp_rc check_response_type(mcp_ctx *ctx, const request *r)
{
    const char *type = mcp_form_get(r->form, "response_type");
    const char *mode = mcp_form_get(r->form, "response_mode");

    if (!type) return mcp_fail(ctx, MCP_BAD_REQUEST, "response_type is missing");
    if (strcmp(type, "code")) return mcp_fail(ctx, MCP_BAD_RESPONSE_TYPE, "response_type %s is not code", mcp_client_quote(ctx, type));
    if (mode && strcmp(mode, "query")) return mcp_fail(ctx, MCP_BAD_REQUEST, "response_mode %s is not query", mcp_client_quote(ctx, mode));
    if (mcp_form_get(r->form, "request") || mcp_form_get(r->form, "request_uri"))
        return mcp_fail(ctx, MCP_BAD_REQUEST, "request objects are not served");
    if (!r->client->grant_code) return mcp_fail(ctx, MCP_UNAUTHORIZED_CLIENT, "the client did not register authorization_code");
    return MCP_OK;
}

/* RFC 7636. No method would mean "plain", which is not served. */
static mcp_rc check_challenge(mcp_ctx *ctx, request *r)
{
    const char *challenge = mcp_form_get(r->form, "code_challenge");
    const char *method = mcp_form_get(r->form, "code_challenge_method");

    if (!challenge) return mcp_fail(ctx, MCP_BAD_REQUEST, "code_challenge is missing");
    if (!mcp_flow_is_base64url(challenge, CHALLENGE_MIN, CHALLENGE_MAX))
        return mcp_fail(ctx, MCP_BAD_REQUEST, "code_challenge is not %d to %d letters of base64url", CHALLENGE_MIN, CHALLENGE_MAX);
    if (!method) return mcp_fail(ctx, MCP_BAD_REQUEST, "code_challenge_method is missing; S256 is served");
    if (strcmp(method, "S256")) return mcp_fail(ctx, MCP_BAD_REQUEST, "code_challenge_method %s is not S256", mcp_client_quote(ctx, method));
    r->ticket.challenge = challenge;
    return MCP_OK;
}

static mcp_rc choose_scope(mcp_ctx *ctx, const mcp_as *as, request *r)
{
    const char *asked = mcp_form_get(r->form, "scope");
    mcp_rc rc;

    if (asked && (rc = mcp_flow_check_scope(ctx, asked))) return rc;
    r->ticket.offline = mcp_flow_wants_refresh(as, r->client, asked) ? 1u : 0u;
    if (asked && !strcmp(asked, "offline_access")) asked = NULL;
    r->ticket.scope = asked ? mcp_flow_declared(ctx, as, asked) : mcp_flow_default_scope(ctx, as, r->client);
    r->ticket.scope = mcp_client_within(ctx, r->client, r->ticket.scope);
    if (*r->ticket.scope) return MCP_OK;
    if (!asked) return mcp_fail(ctx, MCP_BAD_SCOPE, "scope is missing, and this issuer has no default scope");
    return mcp_fail(ctx, MCP_BAD_SCOPE, "this issuer knows no scope of %s; scopes_supported of its metadata has those it knows", mcp_client_quote(ctx, asked));
}

/* Nobody is let through without being asked, so prompt=none never succeeds. */
static mcp_rc check_prompt(mcp_ctx *ctx, const request *r)
{
    const char *prompt = mcp_form_get(r->form, "prompt");

    if (!mcp_text_has_word(prompt, "none")) return MCP_OK;
    if (strcmp(prompt, "none")) return mcp_fail(ctx, MCP_BAD_REQUEST, "prompt=none stands alone");
    return mcp_fail(ctx, MCP_CONSENT_REQUIRED, "prompt=none, and the user must be asked");
}

static mcp_rc check_request(mcp_ctx *ctx, const mcp_as *as, request *r)
{
    mcp_rc rc;

    if ((rc = check_state(ctx, r))) return rc;
    if ((rc = mcp_form_check_once(ctx, r->form, NULL, "resource"))) return rc;
    if ((rc = check_response_type(ctx, r))) return rc;
    if ((rc = check_challenge(ctx, r))) return rc;
    if ((rc = mcp_flow_resource(ctx, as, r->form, &r->ticket.resource))) return rc;
    if ((rc = choose_scope(ctx, as, r))) return rc;
    return check_prompt(ctx, r);
}

static mcp_rc ask(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, const request *r, mcp_out *out)
{
    const char *sealed;
    mcp_rc rc;

    if ((rc = mcp_ticket_seal(ctx, as, in->user, &r->ticket, &sealed))) return rc;
    return mcp_page_consent(ctx, as, r->client, &r->ticket, sealed, in->user, out);
}

static void note(const mcp_in *in, const request *r, mcp_out *out)
{
    out->audit.event = "authorize";
    out->audit.user = in->user;
    out->audit.client = r->ticket.client;
    out->audit.redirect = r->ticket.redirect;
    out->audit.scope = r->ticket.scope;
    out->audit.resource = r->ticket.resource;
}

mcp_rc mcp_authorize(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out)
{
    request r = { 0 };
    mcp_rc rc;

    if ((rc = check_here(ctx, as, in, &r))) {
        note(in, &r, out);
        return mcp_page_error(ctx, rc, out);
    }
    rc = check_request(ctx, as, &r);
    note(in, &r, out);
    if (rc) return mcp_flow_redirect_error(ctx, as, &r.ticket, rc, out);
    if ((rc = ask(ctx, as, in, &r, out))) return mcp_page_error(ctx, rc, out);
    return MCP_OK;
}
