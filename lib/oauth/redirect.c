#include <string.h>
#include <strings.h>
#include <apr_escape.h>
#include <apr_strings.h>
#include "mcp/client.h"
#include "mcp/redirect.h"
#include "mcp/url.h"

/* Private-use schemes without a domain of their owner in them. The authority belongs to the known
 * application; with another one the same scheme may lead to somebody else's extension. */
static const struct {
    const char *scheme, *host;
} known[] = {
    { "cursor", "anysphere.cursor-mcp" },
    { "cursor", "anysphere.cursor-retrieval" },
    { "cherrystudio", "oauth" },
    { "warp", "mcp" }
};

/* What an authorization answer may carry: a URI that brings its own could pass for one. */
static const char *const answers[] = {
    "code", "state", "iss", "error", "error_description", "error_uri", "response", "id_token",
    "access_token", "refresh_token", "token_type", "expires_in", "session_state"
};
#define COUNT(table) (sizeof (table) / sizeof *(table))

static int is_answer(const char *name)
{
    size_t i;

    for (i = 0; i < COUNT(answers); i++)
        if (!strcasecmp(name, answers[i])) return 1;
    return 0;
}

static mcp_rc check_query(mcp_ctx *ctx, const char *query)
{
    char *rest = apr_pstrdup(ctx->pool, query), *pair, *state;
    const char *name;

    for (pair = apr_strtok(rest, "&;", &state); pair; pair = apr_strtok(NULL, "&;", &state)) {
        pair[strcspn(pair, "=")] = '\0';
        name = apr_punescape_url(ctx->pool, pair, NULL, NULL, 1);
        if (!name || is_answer(name))
            return mcp_fail(ctx, MCP_BAD_REDIRECT, "the query of a redirect URI holds a parameter of the answer");
    }
    return MCP_OK;
}

/* RFC 8252 7.3 and 8.3; the other names and spellings of loopback are not what clients use. */
static int is_loopback(const mcp_url *url)
{
    return !strcmp(url->host, "127.0.0.1") || !strcmp(url->host, "::1") || !strcmp(url->host, "localhost");
}

static int is_known(const mcp_url *url)
{
    size_t i;

    for (i = 0; i < COUNT(known); i++)
        if (!strcmp(url->scheme, known[i].scheme) && url->host && !strcmp(url->host, known[i].host)) return 1;
    return 0;
}

static mcp_rc check_scheme(mcp_ctx *ctx, const mcp_url *url)
{
    if (!strcmp(url->scheme, "https") && url->host) return MCP_OK;
    if (!strcmp(url->scheme, "http")) {
        if (url->host && is_loopback(url)) return MCP_OK;
        return mcp_fail(ctx, MCP_BAD_REDIRECT, "a redirect URI with http must lead to 127.0.0.1, [::1] or localhost");
    }
    if (is_known(url)) return MCP_OK;
    if (strchr(url->scheme, '.') && *url->path == '/' && url->path[1]) return MCP_OK;
    if (strchr(url->scheme, '.') && url->host && *url->host) return MCP_OK;
    return mcp_fail(ctx, MCP_BAD_REDIRECT, "the scheme of a redirect URI is neither https, loopback http nor a reverse domain name with a path");
}

static mcp_rc judge(mcp_ctx *ctx, const char *uri)
{
    mcp_url url;
    mcp_rc rc;

    if (strlen(uri) > MCP_URL_MAX) return mcp_fail(ctx, MCP_BAD_REDIRECT, "a redirect URI is longer than %d bytes", MCP_URL_MAX);
    if ((rc = mcp_url_parse(ctx, uri, &url))) return rc;
    if ((rc = check_scheme(ctx, &url))) return rc;
    if (url.fragment) return mcp_fail(ctx, MCP_BAD_REDIRECT, "a redirect URI has a fragment");
    if (url.userinfo) return mcp_fail(ctx, MCP_BAD_REDIRECT, "a redirect URI has user information");
    if (strchr(uri, '*')) return mcp_fail(ctx, MCP_BAD_REDIRECT, "a redirect URI has a wildcard");
    if (mcp_url_has_dot_segment(&url)) return mcp_fail(ctx, MCP_BAD_REDIRECT, "a redirect URI has a dot segment");
    return url.query ? check_query(ctx, url.query) : MCP_OK;
}

mcp_rc mcp_redirect_check(mcp_ctx *ctx, const char *uri)
{
    if (!judge(ctx, uri)) return MCP_OK;
    return mcp_client_refuse(ctx, MCP_BAD_REDIRECT, apr_pstrcat(ctx->pool, "redirect_uris: ", mcp_client_quote(ctx, uri), NULL));
}

/* The text without the port of its authority. */
static const char *without_port(apr_pool_t *p, const char *text, const mcp_url *url)
{
    const char *authority = strstr(text, "://"), *end, *colon;

    if (!url->port || !authority) return text;
    end = authority + 3 + strcspn(authority + 3, "/?#");
    colon = end;
    while (*--colon != ':') continue;
    return apr_pstrcat(p, apr_pstrmemdup(p, text, (apr_size_t)(colon - text)), end, NULL);
}

/* NULL unless the text is http on loopback: then the text without its port. */
static const char *loopback_form(mcp_ctx *ctx, const char *text)
{
    mcp_url url;

    if (mcp_url_parse(ctx, text, &url)) {
        mcp_ctx_clear(ctx);
        return NULL;
    }
    if (strcmp(url.scheme, "http") || !url.host || !is_loopback(&url) || url.userinfo || url.fragment) return NULL;
    return without_port(ctx->pool, text, &url);
}

int mcp_redirect_matches(mcp_ctx *ctx, const char *registered, const char *asked)
{
    const char *a, *b;

    if (!strcmp(registered, asked)) return 1;
    if (!(a = loopback_form(ctx, registered)) || !(b = loopback_form(ctx, asked))) return 0;
    return !strcmp(a, b);
}
