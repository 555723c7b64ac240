#include <string.h>
#include <apr_strings.h>
#include "mcp/flow.h"
#include "mcp/page.h"
#include "mcp/text.h"
#include "mcp/url.h"

typedef struct {
    const mcp_form *form;
    mcp_ticket ticket;
    int approved;
    const char *scope;          /* what the user left ticked */
    int offline;
} answer;

/* A form that another site sends must not speak for the user. Origin "null" is what browsers send
 * from our own page where an administrator's Referrer-Policy hides origins; then Sec-Fetch-Site decides. */
static mcp_rc check_origin(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in)
{
    int same = in->fetch_site && !strcmp(in->fetch_site, "same-origin");
    mcp_url url;
    mcp_rc rc;

    if (in->fetch_site && !same && strcmp(in->fetch_site, "none")) return mcp_fail(ctx, MCP_BAD_ORIGIN, "the form was sent from another site");
    if (!in->origin || (same && !strcmp(in->origin, "null"))) return MCP_OK;
    if ((rc = mcp_url_parse(ctx, as->issuer, &url))) return rc;
    if (strcmp(in->origin, mcp_url_origin(ctx->pool, &url))) return mcp_fail(ctx, MCP_BAD_ORIGIN, "the form was sent from another origin");
    return MCP_OK;
}

static mcp_rc read_decision(mcp_ctx *ctx, answer *a)
{
    const char *decision = mcp_form_get(a->form, "decision");

    if (!decision) return mcp_fail(ctx, MCP_BAD_REQUEST, "decision is missing");
    a->approved = !strcmp(decision, "approve");
    if (!a->approved && strcmp(decision, "deny")) return mcp_fail(ctx, MCP_BAD_REQUEST, "decision is neither approve nor deny");
    return MCP_OK;
}

static mcp_rc open_ticket(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, answer *a)
{
    const char *sealed = mcp_form_get(a->form, "ticket");

    if (!sealed) return mcp_fail(ctx, MCP_BAD_TICKET, "the ticket is missing");
    return mcp_ticket_open(ctx, as, in->user, sealed, &a->ticket);
}

/* The user may have thought for minutes; meanwhile the client may be gone or changed. */
static mcp_rc check_client(mcp_ctx *ctx, const mcp_as *as, const answer *a)
{
    const mcp_client *client;
    mcp_rc rc;

    if ((rc = mcp_client_load(ctx, as, a->ticket.client, &client))) return rc;
    if (mcp_client_has_redirect(ctx, client, a->ticket.redirect)) return MCP_OK;
    mcp_ctx_clear(ctx);
    return mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uri %s is no longer one of the client", mcp_client_quote(ctx, a->ticket.redirect));
}

static mcp_rc claim_ticket(mcp_ctx *ctx, const mcp_as *as, const answer *a)
{
    mcp_rc rc = mcp_store_add(ctx, as->store, "ticket", a->ticket.id, "", 0, MCP_TICKET_LIFE + 1);

    if (rc != MCP_EXISTS) return rc;
    mcp_ctx_clear(ctx);
    return mcp_fail(ctx, MCP_BAD_TICKET, "the form was already sent");
}

/* The page offers what the ticket holds; a name the form adds gives nothing. */
static const char *ticked(mcp_ctx *ctx, const mcp_as *as, const answer *a)
{
    const char *all = "", *word;
    int i;

    for (i = 0; (word = mcp_form_nth(a->form, "scope", i)); i++)
        if (!strchr(word, ' ') && mcp_text_has_word(a->ticket.scope, word)) all = apr_pstrcat(ctx->pool, all, " ", word, NULL);
    return mcp_flow_declared(ctx, as, all);
}

static mcp_rc read_answer(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, answer *a)
{
    mcp_rc rc;

    if (!in->user || !*in->user) return mcp_fail(ctx, MCP_LOGIN_REQUIRED, "nobody is logged in");
    if ((rc = check_origin(ctx, as, in))) return rc;
    if ((rc = mcp_flow_body(ctx, in, "scope", &a->form))) return rc;
    if ((rc = open_ticket(ctx, as, in, a))) return rc;
    if ((rc = read_decision(ctx, a))) return rc;
    if ((rc = check_client(ctx, as, a))) return rc;
    a->scope = ticked(ctx, as, a);
    a->offline = a->ticket.offline && mcp_form_get(a->form, "offline");
    return claim_ticket(ctx, as, a);
}

static mcp_rc keep_code(mcp_ctx *ctx, const mcp_as *as, const char *user, const answer *a, const char *code)
{
    const mcp_ticket *t = &a->ticket;
    json_t *doc = mcp_json_own(ctx->pool, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:b}", "client", t->client, "redirect", t->redirect, "user", user,
                                                    "scope", a->scope, "resource", t->resource, "challenge", t->challenge, "offline", a->offline));
    const char *text = doc ? mcp_json_text(ctx->pool, doc) : NULL;

    if (!text) return mcp_fail(ctx, MCP_INTERNAL, "the code's record could not be written");
    return mcp_store_add(ctx, as->store, "code", mcp_flow_code_id(ctx, as, t->client, code), text, strlen(text), (apr_uint32_t)as->code_ttl);
}

static mcp_rc give_code(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, const answer *a, mcp_out *out)
{
    const char *code;
    mcp_rc rc;

    if ((rc = mcp_text_random(ctx, 32, &code))) return rc;
    if ((rc = keep_code(ctx, as, in->user, a, code))) return rc;
    mcp_flow_redirect(ctx, as, &a->ticket, "code", code, out);
    return MCP_OK;
}

static void note(const mcp_in *in, const answer *a, mcp_out *out)
{
    out->audit.event = "consent";
    out->audit.user = in->user;
    out->audit.client = a->ticket.client;
    out->audit.redirect = a->ticket.redirect;
    out->audit.resource = a->ticket.resource;
    out->audit.scope = a->scope;
}

/* A login form that httpd showed in place of the page posts to the page's own address; from there the request goes on. */
static int is_login_form(const mcp_in *in, const answer *a)
{
    return in->query && *in->query && a->form && !mcp_form_get(a->form, "ticket");
}

static mcp_rc ask_again(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_rc rc, mcp_out *out)
{
    out->status = 303;
    out->content_type = "text/plain; charset=utf-8";
    out->body = "";
    mcp_out_header(ctx, out, "Location", apr_pstrcat(ctx->pool, as->issuer, "/authorize?", in->query, NULL));
    mcp_out_header(ctx, out, "Cache-Control", "no-store");
    return rc;
}

mcp_rc mcp_consent(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out)
{
    answer a = { 0 };
    mcp_rc rc = read_answer(ctx, as, in, &a);

    note(in, &a, out);
    if (rc) return is_login_form(in, &a) ? ask_again(ctx, as, in, rc, out) : mcp_page_error(ctx, rc, out);
    if (!a.approved || !*a.scope) {
        rc = mcp_fail(ctx, MCP_ACCESS_DENIED, a.approved ? "the user approved no scope" : "the user refused");
        return mcp_flow_redirect_error(ctx, as, &a.ticket, rc, out);
    }
    if ((rc = give_code(ctx, as, in, &a, out))) return mcp_page_error(ctx, rc, out);
    return MCP_OK;
}
