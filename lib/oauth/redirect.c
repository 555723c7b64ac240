#include <string.h>
#include "mcp/redirect.h"
#include "mcp/form.h"
#include "mcp/url.h"

/* Schemes that run code, read files or are somebody else's protocol. */
static const char *const forbidden_schemes[] = {
    "javascript", "data", "vbscript", "file", "blob", "about", "ftp", "ws", "wss", "mailto", "tel", "sms", "view-source",
    "filesystem", "jar", "chrome", "chrome-extension", "moz-extension", "resource", "intent", "ms-appx", "ldap", "gopher", "urn", NULL
};

static const char *const answer_parameters[] = { "code", "state", "iss", "error", "error_description", "error_uri", "access_token", "id_token", NULL };

static int stands_in(const char *const *list, const char *word)
{
    for (; *list; list++)
        if (!strcmp(*list, word)) return 1;
    return 0;
}

static mcp_rc check_query(mcp_ctx *ctx, const char *query)
{
    const char *const *name;
    const mcp_form *form;

    if (!query) return MCP_OK;
    if (mcp_form_parse(ctx, query, strlen(query), NULL, &form)) {
        mcp_ctx_clear(ctx);
        return mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uris: the query cannot be read, or repeats a parameter");
    }
    for (name = answer_parameters; *name; name++)
        if (mcp_form_count(form, *name)) return mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uris: the query holds %s, which is the answer's", *name);
    return MCP_OK;
}

static mcp_rc check_scheme(mcp_ctx *ctx, const mcp_url *url)
{
    if (!strcmp(url->scheme, "https")) return url->host && *url->host ? MCP_OK : mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uris: no host");
    if (!strcmp(url->scheme, "http"))
        return mcp_url_is_loopback(url) ? MCP_OK : mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uris: http is for loopback alone; use https");
    if (stands_in(forbidden_schemes, url->scheme)) return mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uris: scheme %s is not accepted", url->scheme);
    if (strchr(url->scheme, '.') || (url->host && *url->host)) return MCP_OK;
    return mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uris: a private-use scheme is a reversed domain name (RFC 8252 7.1)");
}

mcp_rc mcp_redirect_check(mcp_ctx *ctx, const char *uri)
{
    mcp_url url;
    mcp_rc rc;

    if (mcp_url_parse(ctx, uri, &url)) {
        mcp_ctx_clear(ctx);
        return mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uris: an entry is no strict URI");
    }
    if (url.fragment || strchr(uri, '#')) return mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uris: no fragment (RFC 6749 3.1.2)");
    if (url.userinfo) return mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uris: no user name");
    if (strchr(uri, '*')) return mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uris: no wildcard; list each URI");
    if (mcp_url_has_dot_segment(&url)) return mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uris: no dot segment");
    if ((rc = check_scheme(ctx, &url))) return rc;
    return check_query(ctx, url.query);
}

/* The URI with its port taken out, compared in two pieces: up to the port, and behind it. */
static const char *behind_port(const char *uri, const char **port)
{
    const char *host = strstr(uri, "://") + 3, *end = host + strcspn(host, "/?#");
    const char *bracket = memchr(host, ']', (size_t)(end - host));
    const char *colon = memchr(bracket ? bracket : host, ':', (size_t)(end - (bracket ? bracket : host)));

    *port = colon ? colon : end;
    return end;
}

int mcp_redirect_matches(mcp_ctx *ctx, const char *registered, const char *asked)
{
    const char *port_a, *port_b, *rest_a, *rest_b;
    mcp_url a, b;

    if (!strcmp(registered, asked)) return 1;
    if (mcp_url_parse(ctx, registered, &a) || mcp_url_parse(ctx, asked, &b)) {
        mcp_ctx_clear(ctx);
        return 0;
    }
    if (strncmp(registered, "http://", 7) || strncmp(asked, "http://", 7) || !mcp_url_is_loopback(&a) || b.userinfo || b.fragment) return 0;
    rest_a = behind_port(registered, &port_a);
    rest_b = behind_port(asked, &port_b);
    return port_a - registered == port_b - asked && !strncmp(registered, asked, (size_t)(port_a - registered)) && !strcmp(rest_a, rest_b);
}
