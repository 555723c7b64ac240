#include <string.h>
#include <apr_strings.h>
#include "mcp/flow.h"
#include "mcp/page.h"
#include "mcp/text.h"
#include "mcp/url.h"

enum { NAME_SHOWN = 100, HOST_SHOWN = 64 };

/* Names are clipped: stacked accents would otherwise paint over the words around them. */
static const char style[] =
    ":root{color-scheme:light dark;--back:#f1f2f5;--paper:#fff;--soft:#f5f6f9;--line:#d3d6dd;--ink:#1b1c20;--quiet:#545862;"
    "--go:#0b57d0;--on-go:#fff;--warn:#6f3c00;--warn-back:#fff3dd}"
    "@media(prefers-color-scheme:dark){:root{--back:#121316;--paper:#1c1d21;--soft:#26272d;--line:#3f424a;--ink:#e8e9ed;--quiet:#a9adb8;"
    "--go:#a8c7fa;--on-go:#062e6f;--warn:#ffd08f;--warn-back:#35270f}}"
    "*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}"
    "main{max-width:32rem;margin:6vh auto;padding:2rem;background:var(--paper);border:1px solid var(--line);border-radius:1rem}"
    "h1{margin:0 0 1.25rem;font-size:1.35rem;line-height:1.3}h1,legend{text-wrap:balance}p{margin:.75rem 0}"
    ".who{margin:0;padding:1rem 1.25rem;background:var(--soft);border-radius:.75rem}.who p{margin:0;color:var(--quiet)}"
    ".who .name{color:var(--ink);font-size:1.2rem;font-weight:650;overflow:hidden}"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:.4rem 1.25rem;margin:1.25rem 0}dt{color:var(--quiet)}dd{margin:0;font-weight:600;overflow:hidden}"
    ".warn{margin:1.25rem 0;padding:.75rem 1rem;background:var(--warn-back);color:var(--warn);border-radius:.5rem}"
    "fieldset{margin:1.25rem 0 0;padding:0;border:0}legend{padding:0;font-weight:600}"
    "label{display:flex;gap:.75rem;align-items:flex-start;min-height:2.75rem;padding:.6rem 0;border-bottom:1px solid var(--line)}"
    "input{flex:none;width:1.15rem;height:1.15rem;margin:.2rem 0 0;accent-color:var(--go)}label code{display:block;color:var(--quiet);font-size:.8rem}"
    ".buttons{display:grid;grid-template-columns:1fr 1fr;gap:.75rem;margin:1.75rem 0 0}"
    "button{font:inherit;font-weight:600;padding:.7rem 1rem;border:1px solid var(--line);border-radius:.6rem;background:var(--soft);color:var(--ink);cursor:pointer}"
    "button[value=approve]{border-color:var(--go);background:var(--go);color:var(--on-go)}"
    "button:focus-visible,input:focus-visible{outline:3px solid var(--go);outline-offset:2px}.small{color:var(--quiet);font-size:.875rem}.why::first-letter{text-transform:uppercase}"
    "@media(max-width:30rem){main{margin:0;padding:1.25rem;border:0;border-radius:0;min-height:100vh}dl{display:block}dd{margin-bottom:.6rem}}";

/* No form-action: Chromium applies it to every redirect behind the form, so it would have to name hosts
 * that only the client knows. The page holds one form and no markup from outside.
 * Referrer-Policy: no-referrer would make the form's own Origin header "null", and same-origin put the
 * request with its state into the error log's referer. */
static mcp_rc write_page(mcp_ctx *ctx, mcp_out *out, int status, const char *title, const char *content)
{
    const char *nonce;
    mcp_rc rc;

    if ((rc = mcp_text_random(ctx, 16, &nonce))) return rc;
    out->status = status;
    out->content_type = "text/html; charset=utf-8";
    out->body = apr_pstrcat(ctx->pool, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>", title, "</title><style nonce=\"", nonce, "\">", style,
        "</style></head>\n<body><main>\n", content, "</main></body></html>\n", NULL);
    mcp_out_header(ctx, out, "Content-Security-Policy",
        apr_psprintf(ctx->pool, "default-src 'none'; style-src 'nonce-%s'; base-uri 'none'; frame-ancestors 'none'", nonce));
    mcp_out_header(ctx, out, "X-Frame-Options", "DENY");
    mcp_out_header(ctx, out, "X-Content-Type-Options", "nosniff");
    mcp_out_header(ctx, out, "Referrer-Policy", "strict-origin");
    mcp_out_header(ctx, out, "Cache-Control", "no-store");
    return MCP_OK;
}

/* Foreign text, escaped, and isolated so that its writing direction turns nothing else around. */
static const char *shown(mcp_ctx *ctx, const char *text)
{
    return apr_pstrcat(ctx->pool, "<bdi>", mcp_text_html(ctx->pool, text), "</bdi>", NULL);
}

static const char *cut(mcp_ctx *ctx, const char *text, size_t max)
{
    if (strlen(text) <= max) return text;
    while (max && ((unsigned char)text[max] & 0xc0) == 0x80) max--;
    return apr_pstrcat(ctx->pool, apr_pstrndup(ctx->pool, text, max), "\xe2\x80\xa6", NULL);
}

/* Who owns a host stands at its end, so a long one loses its beginning. */
static const char *host_end(mcp_ctx *ctx, const char *host)
{
    size_t len = strlen(host);

    return len <= HOST_SHOWN ? host : apr_pstrcat(ctx->pool, "\xe2\x80\xa6", host + len - HOST_SHOWN, NULL);
}

static const char *name_of(mcp_ctx *ctx, const mcp_client *client)
{
    return shown(ctx, client->name && *client->name ? cut(ctx, client->name, NAME_SHOWN) : "An application without a name");
}

static const char *row(mcp_ctx *ctx, const char *term, const char *html)
{
    return apr_pstrcat(ctx->pool, "<dt>", term, "</dt><dd>", html, "</dd>\n", NULL);
}

static const char *homepage(mcp_ctx *ctx, const mcp_client *client)
{
    mcp_url url;

    if (!client->uri) return "";
    if (mcp_url_parse(ctx, client->uri, &url) || !url.host) {
        mcp_ctx_clear(ctx);
        return "";
    }
    return apr_pstrcat(ctx->pool, " and says it is from ", shown(ctx, host_end(ctx, url.host)), NULL);
}

/* With its port: behind another one may be another owner. */
static const char *host_of(mcp_ctx *ctx, const mcp_url *url)
{
    const char *host = host_end(ctx, url->host ? url->host : "");

    if (url->port) host = apr_psprintf(ctx->pool, url->is_ipv6 ? "[%s]:%d" : "%s:%d", host, url->port);
    return shown(ctx, host);
}

static const char *destination(mcp_ctx *ctx, const mcp_url *url)
{
    const char *host = host_of(ctx, url);

    if (mcp_url_is_loopback(url)) return apr_pstrcat(ctx->pool, "a program on this computer (", host, ")", NULL);
    if (!strcmp(url->scheme, "https") || !strcmp(url->scheme, "http")) return host;
    return apr_pstrcat(ctx->pool, "the app on this device that opens ", shown(ctx, cut(ctx, url->scheme, HOST_SHOWN)), ": links", NULL);
}

/* A document whose URL names its host vouches for itself, as far as that host is trusted; a name alone vouches for nothing. */
static const char *origin(mcp_ctx *ctx, const mcp_client *client)
{
    mcp_url url = { 0 };

    if (!client->is_document) return apr_pstrcat(ctx->pool, "It chose this name itself", homepage(ctx, client), "; nobody has checked it.", NULL);
    if (mcp_url_parse(ctx, client->id, &url)) mcp_ctx_clear(ctx);
    return apr_pstrcat(ctx->pool, "It is described by ", host_of(ctx, &url), ", which chose this name; nobody else has checked it.", NULL);
}

static int is_loopback_only(mcp_ctx *ctx, const mcp_client *client)
{
    const char *const *uri;
    mcp_url url;

    for (uri = client->redirects; *uri; uri++)
        if (mcp_url_parse(ctx, *uri, &url) || !mcp_url_is_loopback(&url)) return 0;
    return 1;
}

static const char *warning(mcp_ctx *ctx, const mcp_client *client, const mcp_url *url)
{
    if (!mcp_url_is_loopback(url) && (!strcmp(url->scheme, "https") || !strcmp(url->scheme, "http"))) return "";
    if (client->is_document && is_loopback_only(ctx, client))
        return "<p class=\"warn\">This application runs on your own device, so its website cannot tell whether it is genuine: any program on this device "
               "could have sent you here under its name. Approve only if you have just started this yourself, on this device.</p>\n";
    return "<p class=\"warn\">Any program on this device could have sent you here under this name. "
           "Approve only if you have just started this yourself, on this device.</p>\n";
}

static const char *checkbox(mcp_ctx *ctx, const mcp_scope *scope)
{
    const char *name = mcp_text_html(ctx->pool, scope->name);
    const char *text = scope->text && *scope->text ? mcp_text_html(ctx->pool, scope->text) : name;

    return apr_pstrcat(ctx->pool, "<label><input type=\"checkbox\" name=\"scope\" value=\"", name, "\"", scope->sensitive ? "" : " checked",
                       "><span>", text, " <code>", name, "</code></span></label>\n", NULL);
}

static const char *checkboxes(mcp_ctx *ctx, const mcp_as *as, const char *asked, unsigned sensitive, const char *legend)
{
    const char *list = "";
    int i;

    for (i = 0; i < as->scope_count; i++)
        if (as->scopes[i].sensitive == sensitive && mcp_text_has_word(asked, as->scopes[i].name))
            list = apr_pstrcat(ctx->pool, list, checkbox(ctx, &as->scopes[i]), NULL);
    return *list ? apr_pstrcat(ctx->pool, "<fieldset><legend>", legend, "</legend>\n", list, "</fieldset>\n", NULL) : "";
}

/* How long: in days where these are whole, else in hours or minutes. */
static const char *duration(mcp_ctx *ctx, apr_int64_t seconds)
{
    static const struct {
        apr_int64_t seconds;
        const char *name;
    } units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
    size_t i = 0;

    while (seconds % units[i].seconds) i++;
    seconds /= units[i].seconds;
    return apr_psprintf(ctx->pool, "%" APR_INT64_T_FMT " %s%s", seconds, units[i].name, seconds == 1 ? "" : "s");
}

static const char *offline(mcp_ctx *ctx, const mcp_as *as, const mcp_ticket *ticket)
{
    if (!ticket->offline) return "";
    return apr_pstrcat(ctx->pool, "<fieldset><legend>For how long</legend>\n<label><input type=\"checkbox\" name=\"offline\" value=\"1\" checked><span>It may stay connected for ",
                       duration(ctx, as->refresh_ttl), " without asking you again</span></label>\n</fieldset>\n", NULL);
}

/* The first button is the one that Enter presses: it must not be Approve. */
static const char *form(mcp_ctx *ctx, const mcp_as *as, const mcp_ticket *ticket, const char *sealed)
{
    return apr_pstrcat(ctx->pool, "<form method=\"post\" action=\"", mcp_text_html(ctx->pool, as->issuer), "/authorize\">\n"
        "<input type=\"hidden\" name=\"ticket\" value=\"", sealed, "\">\n",
        checkboxes(ctx, as, ticket->scope, 0, "It will be able to"),
        checkboxes(ctx, as, ticket->scope, 1, "It also asks for powerful access: tick only what it needs"),
        offline(ctx, as, ticket), "<p class=\"buttons\"><button name=\"decision\" value=\"deny\">Deny</button>\n"
        "<button name=\"decision\" value=\"approve\">Approve</button></p>\n</form>\n", NULL);
}

mcp_rc mcp_page_consent(mcp_ctx *ctx, const mcp_as *as, const mcp_client *client, const mcp_ticket *ticket,
                        const char *sealed, const char *user, mcp_out *out)
{
    const char *who, *facts;
    mcp_url url;
    mcp_rc rc;

    if ((rc = mcp_url_parse(ctx, ticket->redirect, &url))) return rc;
    who = apr_pstrcat(ctx->pool, "<div class=\"who\"><p class=\"name\">", name_of(ctx, client), "</p>\n"
        "<p>", origin(ctx, client), "</p></div>\n", NULL);
    facts = apr_pstrcat(ctx->pool, "<dl>\n", row(ctx, "You are", shown(ctx, user)), row(ctx, "It gets access to", shown(ctx, ticket->resource)),
        row(ctx, "You are sent on to", destination(ctx, &url)), "</dl>\n", NULL);
    return write_page(ctx, out, 200, "Allow access?", apr_pstrcat(ctx->pool, "<h1>Allow this application to act for you?</h1>\n", who, facts,
        warning(ctx, client, &url), form(ctx, as, ticket, sealed), NULL));
}

/* What the server knows of its own troubles stays in the log. */
static const char *reason(mcp_ctx *ctx, const mcp_error *error)
{
    if (error->http >= 500 || !*ctx->detail) return "";
    return apr_pstrcat(ctx->pool, "<p class=\"small\">", shown(ctx, cut(ctx, ctx->detail, 2 * NAME_SHOWN)), "</p>\n", NULL);
}

mcp_rc mcp_page_error(mcp_ctx *ctx, mcp_rc rc, mcp_out *out)
{
    const mcp_error *error = mcp_error_of(rc);
    int status = error->http == 401 || error->http == 404 ? 400 : error->http;   /* a 401 here would ask the user for a password */
    const char *content = apr_pstrcat(ctx->pool, "<h1>This request cannot go on</h1>\n<p class=\"why\">", mcp_text_html(ctx->pool, error->sentence), ".</p>\n",
        reason(ctx, error), "<p>Go back to the application and start again.</p>\n<p class=\"small\">Reference: ", error->tag, "</p>\n", NULL);

    if (write_page(ctx, out, status, "Request refused", content)) out->status = 0;
    mcp_out_retry(ctx, out, status);
    return rc;
}
