#include <string.h>
#include <apr_strings.h>
#include "mcp/json.h"
#include "mcp/seal.h"
#include "mcp/text.h"
#include "mcp/ticket.h"

static const mcp_json_caps caps = { MCP_TICKET_MAX, 1 };

/* Bound to every ticket, and not sent with it. */
static const char *bond(mcp_ctx *ctx, const mcp_as *as, const char *user)
{
    return apr_pstrcat(ctx->pool, "ticket 1\n", as->issuer, "\n", user, NULL);
}

static const char *write_plain(mcp_ctx *ctx, const mcp_ticket *t, const char *id)
{
    json_t *doc = mcp_json_own(ctx->pool, json_pack("{s:s,s:I,s:s,s:s,s:s,s:s,s:s,s:s*,s:b}", "id", id,
        "exp", (json_int_t)(mcp_now(ctx) + MCP_TICKET_LIFE), "client", t->client, "redirect", t->redirect,
        "scope", t->scope, "resource", t->resource, "challenge", t->challenge, "state", t->state, "offline", (int)t->offline));

    return doc ? mcp_json_text(ctx->pool, doc) : NULL;
}

mcp_rc mcp_ticket_seal(mcp_ctx *ctx, const mcp_as *as, const char *user, const mcp_ticket *ticket, const char **out)
{
    const char *id, *plain;
    mcp_rc rc;

    if ((rc = mcp_text_random(ctx, 16, &id))) return rc;
    if (!(plain = write_plain(ctx, ticket, id))) return mcp_fail(ctx, MCP_INTERNAL, "the ticket could not be written");
    if (strlen(plain) > MCP_TICKET_MAX / 2) return mcp_fail(ctx, MCP_BAD_REQUEST, "the request is too long to be kept while the user is asked");
    return mcp_seal_close(ctx, as->seal, bond(ctx, as, user), plain, strlen(plain), out);
}

static mcp_rc bad(mcp_ctx *ctx, const char *why)
{
    mcp_ctx_clear(ctx);
    return mcp_fail(ctx, MCP_BAD_TICKET, "%s", why);
}

static mcp_rc read_plain(mcp_ctx *ctx, const char *plain, size_t len, mcp_ticket *out)
{
    json_t *doc;

    if (mcp_json_object(ctx, plain, len, &caps, &doc)) return bad(ctx, "the ticket does not hold what a ticket holds");
    out->id = mcp_json_string(doc, "id");
    out->client = mcp_json_string(doc, "client");
    out->redirect = mcp_json_string(doc, "redirect");
    out->scope = mcp_json_string(doc, "scope");
    out->resource = mcp_json_string(doc, "resource");
    out->challenge = mcp_json_string(doc, "challenge");
    out->state = mcp_json_string(doc, "state");
    out->offline = json_is_true(json_object_get(doc, "offline"));
    if (!out->id || !out->client || !out->redirect || !out->scope || !out->resource || !out->challenge)
        return bad(ctx, "the ticket does not hold what a ticket holds");
    if (json_integer_value(json_object_get(doc, "exp")) <= mcp_now(ctx)) return bad(ctx, "the ticket has expired");
    return MCP_OK;
}

/* With the seal of any key that is still named: a page may have been opened under the one before. */
static mcp_rc open_any(mcp_ctx *ctx, const mcp_as *as, const char *user, const char *text, const char **plain, size_t *len)
{
    const unsigned char *const *other;
    mcp_rc rc = mcp_seal_open(ctx, as->seal, bond(ctx, as, user), text, plain, len);

    for (other = as->other_seals; rc && other && *other; other++) rc = mcp_seal_open(ctx, *other, bond(ctx, as, user), text, plain, len);
    return rc;
}

mcp_rc mcp_ticket_open(mcp_ctx *ctx, const mcp_as *as, const char *user, const char *text, mcp_ticket *out)
{
    const char *plain;
    size_t len;

    if (strlen(text) > MCP_TICKET_MAX) return bad(ctx, "the ticket is too long");
    if (open_any(ctx, as, user, text, &plain, &len)) return bad(ctx, "the ticket is not of this issuer, user and time");
    return read_plain(ctx, plain, len, out);
}
