#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "mcp/flow.h"
#include "mcp/text.h"
#include "mcp/url.h"

enum { SCOPE_MAX = 2048, RESOURCES_TOLD = 3 };

static int is_form(const char *type)
{
    static const char form[] = "application/x-www-form-urlencoded";
    const size_t len = sizeof form - 1;

    return type && !strncasecmp(type, form, len) && (!type[len] || strchr("; \t", type[len]));
}

mcp_rc mcp_flow_body(mcp_ctx *ctx, const mcp_in *in, const char *repeatable, const mcp_form **out)
{
    if (!is_form(in->content_type)) return mcp_fail(ctx, MCP_BAD_MEDIA_TYPE, "the body is not application/x-www-form-urlencoded");
    return mcp_form_parse(ctx, in->body ? in->body : "", in->body_len, repeatable, out);
}

/* What a client may name instead. Public: each has its RFC 9728 document. */
static const char *resources_of(mcp_ctx *ctx, const mcp_as *as)
{
    const char *all = "", *const *r;

    for (r = as->resources; r && *r && r - as->resources < RESOURCES_TOLD; r++)
        all = apr_pstrcat(ctx->pool, all, *all ? " or " : "", mcp_client_quote(ctx, *r), NULL);
    return *all ? all : "none, because no location has MCPToolAuthz";
}

static mcp_rc only_resource(mcp_ctx *ctx, const mcp_as *as, const char **out)
{
    if (!as->resources || !as->resources[0]) return mcp_fail(ctx, MCP_BAD_TARGET, "this issuer has no resource");
    if (as->resources[1]) return mcp_fail(ctx, MCP_BAD_TARGET, "this issuer has several resources: name one as resource, as %s", resources_of(ctx, as));
    *out = as->resources[0];
    return MCP_OK;
}

mcp_rc mcp_flow_resource(mcp_ctx *ctx, const mcp_as *as, const mcp_form *form, const char **out)
{
    const char *first = mcp_form_get(form, "resource"), *next;
    int i;

    if (mcp_form_has_empty(form, "resource")) return mcp_fail(ctx, MCP_BAD_TARGET, "the resource is empty");
    if (!first) return only_resource(ctx, as, out);
    for (i = 1; (next = mcp_form_nth(form, "resource", i)); i++)
        if (strcmp(first, next)) return mcp_fail(ctx, MCP_BAD_TARGET, "a token is for one resource, not for %s and %s", mcp_client_quote(ctx, first), mcp_client_quote(ctx, next));
    if (!mcp_as_has_resource(as, first))
        return mcp_fail(ctx, MCP_BAD_TARGET, "the resource %s is not one of this issuer; it has %s", mcp_client_quote(ctx, first), resources_of(ctx, as));
    *out = first;
    return MCP_OK;
}

static int is_scope_letter(char c)
{
    return c > ' ' && c <= '~' && c != '"' && c != '\\';
}

mcp_rc mcp_flow_check_scope(mcp_ctx *ctx, const char *text)
{
    const char *c;

    if (strlen(text) > SCOPE_MAX) return mcp_fail(ctx, MCP_BAD_SCOPE, "scope is longer than %d bytes", SCOPE_MAX);
    for (c = text; *c; c++)
        if (!is_scope_letter(*c) && (*c != ' ' || !is_scope_letter(c[1]) || c == text))
            return mcp_fail(ctx, MCP_BAD_SCOPE, "scope %s is not a list of scope-tokens with single blanks between", mcp_client_quote(ctx, text));
    return MCP_OK;
}

static const char *append(mcp_ctx *ctx, const char *list, const char *word)
{
    return *list ? apr_pstrcat(ctx->pool, list, " ", word, NULL) : word;
}

const char *mcp_flow_declared(mcp_ctx *ctx, const mcp_as *as, const char *list)
{
    const char *out = "";
    int i;

    for (i = 0; i < as->scope_count; i++)
        if (mcp_text_has_word(list, as->scopes[i].name)) out = append(ctx, out, as->scopes[i].name);
    return out;
}

const char *mcp_flow_within(mcp_ctx *ctx, const mcp_as *as, const char *list, const char *other)
{
    const char *out = "";
    int i;

    for (i = 0; i < as->scope_count; i++)
        if (mcp_text_has_word(list, as->scopes[i].name) && mcp_text_has_word(other, as->scopes[i].name)) out = append(ctx, out, as->scopes[i].name);
    return out;
}

const char *mcp_flow_machine_scope(mcp_ctx *ctx, const mcp_as *as, const char *list, const char *ceiling)
{
    const char *out = "";
    int i;

    for (i = 0; i < as->scope_count; i++)
        if (as->scopes[i].machine && mcp_text_has_word(list, as->scopes[i].name) && mcp_text_has_word(ceiling, as->scopes[i].name))
            out = append(ctx, out, as->scopes[i].name);
    return out;
}

const char *mcp_flow_default_scope(mcp_ctx *ctx, const mcp_as *as, const mcp_client *client)
{
    const char *out = "";
    int i;

    if (client->scope && *client->scope) return mcp_flow_declared(ctx, as, client->scope);
    for (i = 0; i < as->scope_count; i++)
        if (as->scopes[i].by_default) out = append(ctx, out, as->scopes[i].name);
    return out;
}

int mcp_flow_wants_refresh(const mcp_as *as, const mcp_client *client, const char *asked)
{
    if (as->refresh == MCP_REFRESH_OFF || !client->grant_refresh) return 0;
    return as->refresh == MCP_REFRESH_REGISTERED || mcp_text_has_word(asked, "offline_access");
}

int mcp_flow_is_base64url(const char *text, size_t min, size_t max)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    return !text[len] && len >= min && len <= max;
}

const char *mcp_flow_code_id(mcp_ctx *ctx, const mcp_as *as, const char *client, const char *code)
{
    return apr_pstrcat(ctx->pool, code, " ", as->issuer, " ", client, NULL);
}

static void answer(mcp_ctx *ctx, const mcp_as *as, const mcp_ticket *to, const char *url, mcp_out *out)
{
    if (to->state) url = mcp_url_add_param(ctx->pool, url, "state", to->state);
    url = mcp_url_add_param(ctx->pool, url, "iss", as->issuer);
    out->status = 303;      /* never 307: the browser must not post the consent on */
    out->content_type = "text/plain; charset=utf-8";
    out->body = "";
    mcp_out_header(ctx, out, "Location", url);
    mcp_out_header(ctx, out, "Cache-Control", "no-store");
    mcp_out_header(ctx, out, "Referrer-Policy", "no-referrer");
}

void mcp_flow_redirect(mcp_ctx *ctx, const mcp_as *as, const mcp_ticket *to, const char *name, const char *value, mcp_out *out)
{
    answer(ctx, as, to, mcp_url_add_param(ctx->pool, to->redirect, name, value), out);
}

mcp_rc mcp_flow_redirect_error(mcp_ctx *ctx, const mcp_as *as, const mcp_ticket *to, mcp_rc rc, mcp_out *out)
{
    const mcp_error *error = mcp_error_of(rc);
    const char *url = mcp_url_add_param(ctx->pool, to->redirect, "error", error->oauth);

    answer(ctx, as, to, mcp_url_add_param(ctx->pool, url, "error_description", mcp_out_description(ctx, rc)), out);
    return rc;
}
