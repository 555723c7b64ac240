#include <string.h>
#include <apr_strings.h>
#include "mcp/discovery.h"
#include "mcp/json.h"
#include "mcp/url.h"

static const mcp_json_caps caps = { 256 * 1024, 16 };

static mcp_rc check_uri(mcp_ctx *ctx, const mcp_fetch_rules *rules, const char *uri)
{
    mcp_url url;

    if (!uri || mcp_url_parse(ctx, uri, &url)) {
        mcp_ctx_clear(ctx);
        return mcp_fail(ctx, MCP_FETCH_REFUSED, "its metadata have no jwks_uri that is a URL");
    }
    if (!strcmp(url.scheme, "https") || (rules->allow_http && !strcmp(url.scheme, "http") && mcp_url_is_loopback(&url))) return MCP_OK;
    return mcp_fail(ctx, MCP_FETCH_REFUSED, "its jwks_uri is not https: %.200s", uri);
}

static mcp_rc read_document(mcp_ctx *ctx, const mcp_fetch_rules *rules, const char *issuer, const mcp_fetch_answer *answer, const char **uri)
{
    const char *named;
    json_t *doc;

    if (mcp_json_object(ctx, answer->body, answer->len, &caps, &doc)) return ctx->rc = MCP_FETCH_REFUSED;
    named = mcp_json_string(doc, "issuer");
    if (!named || strcmp(named, issuer)) return mcp_fail(ctx, MCP_FETCH_REFUSED, "its metadata name another issuer, %.200s", named ? named : "none");
    *uri = mcp_json_string(doc, "jwks_uri");
    return check_uri(ctx, rules, *uri);
}

/* RFC 8414 puts the well-known name before the issuer's path, OpenID Discovery behind it. */
mcp_rc mcp_discovery_jwks_uri(mcp_ctx *ctx, const mcp_fetch_rules *rules, const char *issuer, const char **uri)
{
    const char *documents[3], *origin;
    mcp_fetch_answer answer;
    mcp_url url;
    mcp_rc rc;
    int i;

    if ((rc = mcp_url_parse(ctx, issuer, &url))) return rc;
    origin = mcp_url_origin(ctx->pool, &url);
    documents[0] = apr_pstrcat(ctx->pool, origin, "/.well-known/oauth-authorization-server", url.path, NULL);
    documents[1] = apr_pstrcat(ctx->pool, issuer, "/.well-known/openid-configuration", NULL);
    documents[2] = apr_pstrcat(ctx->pool, origin, "/.well-known/openid-configuration", url.path, NULL);
    for (i = 0; i < 3; i++) {
        if ((rc = mcp_fetch_get(ctx, rules, documents[i], &answer))) return rc;
        if (answer.status == 200) return read_document(ctx, rules, issuer, &answer, uri);
    }
    return mcp_fail(ctx, MCP_FETCH_REFUSED, "it has no metadata at %s (it answered %d)", documents[0], answer.status);
}
