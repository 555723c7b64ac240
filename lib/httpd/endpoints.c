#include <httpd.h>
#include <http_protocol.h>
#include <apr_strings.h>
#include "mcp/endpoints.h"

enum { BODY_MAX = 64 * 1024 };

/* ---- which one ---- */

typedef mcp_rc use_case(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out);

struct mcp_endpoint {
    const char *path;       /* below the issuer's path; with a slash at the end: and one name behind it */
    const char *method;
    use_case *run;
    const char *event;      /* NULL: not a decision, no audit */
    unsigned for_browsers : 1;  /* scripts of any page may call it: no cookie and no login counts there */
};

static const mcp_endpoint endpoints[] = {
    { "/register", "POST", mcp_register, "register", 1 },
    { "/register/", "GET", mcp_register_manage, "register_read", 1 },
    { "/register/", "PUT", mcp_register_manage, "register_update", 1 },
    { "/register/", "DELETE", mcp_register_manage, "register_delete", 1 },
    { "/authorize", "GET", mcp_authorize, "authorize", 0 },
    { "/authorize", "POST", mcp_consent, "consent", 0 },
    { "/token", "POST", mcp_grant, "token", 1 },
    { "/revoke", "POST", mcp_revoke, "revoke", 1 },
    { "/introspect", "POST", mcp_introspection, "introspect", 0 },
    { "/jwks.json", "GET", mcp_jwks, NULL, 1 },
    { NULL, NULL, NULL, NULL, 0 }
};

/* RFC 8414 puts the issuer's path behind the well-known name; OpenID Discovery before it. */
static int is_metadata_path(request_rec *r, const mcp_as *as, const char *path)
{
    apr_pool_t *p = r->pool;

    return !strcmp(path, apr_pstrcat(p, "/.well-known/oauth-authorization-server", as->path, NULL))
        || !strcmp(path, apr_pstrcat(p, "/.well-known/openid-configuration", as->path, NULL))
        || !strcmp(path, apr_pstrcat(p, as->path, "/.well-known/openid-configuration", NULL));
}

/* What stands behind an endpoint that wants a name there; "" for one that wants none. NULL: another path. */
static const char *name_behind(const mcp_endpoint *e, const char *path)
{
    size_t len = strlen(e->path);

    if (strncmp(path, e->path, len)) return NULL;
    if (!len || e->path[len - 1] != '/') return path[len] ? NULL : "";
    return path[len] && !strchr(path + len, '/') ? path + len : NULL;
}

/* The row for the request, or one of the same path with another method, or NULL. Paths are as httpd has normalised
 * them, for <Location> too: no spelling reaches a page past its login. */
const mcp_endpoint *mcp_endpoint_find(request_rec *r, const mcp_as *as)
{
    static const mcp_endpoint metadata = { "", "GET", mcp_metadata, NULL, 1 };
    const char *path = r->parsed_uri.path ? r->parsed_uri.path : "";
    const char *method = r->header_only ? "GET" : r->method;
    size_t prefix = strlen(as->path);
    const mcp_endpoint *e, *other = NULL;

    if (is_metadata_path(r, as, path)) return &metadata;
    if (strncmp(path, as->path, prefix)) return NULL;
    for (e = endpoints; e->path; e++) {
        if (!name_behind(e, path + prefix)) continue;
        if (!strcmp(method, e->method)) return e;
        other = e;
    }
    return other;
}

/* ---- through it ---- */

static const char *header(request_rec *r, const char *name)
{
    return apr_table_get(r->headers_in, name);
}

/* Bodies may not be announced twice or compressed; mcp_body_text caps the rest. */
static mcp_rc gather(mcp_ctx *ctx, request_rec *r, mcp_in *in)
{
    mcp_rc rc;

    memset(in, 0, sizeof *in);
    in->method = r->method;
    in->content_type = header(r, "Content-Type");
    in->query = r->args;
    in->authorization = header(r, "Authorization");
    in->dpop = header(r, "DPoP");
    in->origin = header(r, "Origin");
    in->fetch_site = header(r, "Sec-Fetch-Site");
    in->cookie = header(r, "Cookie");
    in->user = r->user;
    in->peer = r->useragent_ip;
    in->body = "";
    if (header(r, "Content-Encoding")) return mcp_fail(ctx, MCP_BAD_MEDIA_TYPE, "send the body without Content-Encoding");
    if (strcmp(r->method, "POST") && strcmp(r->method, "PUT")) return MCP_OK;
    rc = mcp_body_text(ctx, r, BODY_MAX, &in->body, &in->body_len);
    ctx->now = apr_time_now();      /* a body may take its time; what ended meanwhile counts no more */
    return rc;
}

static const char *methods_of(apr_pool_t *p, const mcp_endpoint *e)
{
    const char *all = "";
    const mcp_endpoint *one;

    if (!*e->path) return e->method;
    for (one = endpoints; one->path; one++)
        if (!strcmp(one->path, e->path)) all = apr_pstrcat(p, all, *all ? ", " : "", one->method, NULL);
    return all;
}

/* CORS. Nothing here depends on who the browser's user is, so every origin may read the answer. */
static void open_to_scripts(mcp_ctx *ctx, mcp_out *out)
{
    mcp_out_header(ctx, out, "Access-Control-Allow-Origin", "*");
    mcp_out_header(ctx, out, "Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After, DPoP-Nonce");
}

static int is_preflight(request_rec *r, const mcp_endpoint *e)
{
    return e->for_browsers && r->method_number == M_OPTIONS && header(r, "Origin") && header(r, "Access-Control-Request-Method");
}

static mcp_rc answer_preflight(mcp_ctx *ctx, mcp_out *out)
{
    mcp_out_header(ctx, out, "Access-Control-Allow-Methods", "GET, POST, PUT, DELETE");
    mcp_out_header(ctx, out, "Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP, MCP-Protocol-Version");
    mcp_out_header(ctx, out, "Access-Control-Max-Age", "7200");
    out->status = 204;
    out->body = "";
    return MCP_OK;
}

static mcp_rc serve(mcp_ctx *ctx, request_rec *r, const mcp_endpoint *e, const mcp_issuer_settings *c, mcp_out *out)
{
    const char *method = r->header_only ? "GET" : r->method;
    mcp_in in;
    mcp_rc rc;

    if (e->for_browsers) open_to_scripts(ctx, out);
    if (is_preflight(r, e)) return answer_preflight(ctx, out);
    if (strcmp(method, e->method)) {
        mcp_out_header(ctx, out, "Allow", methods_of(r->pool, e));
        return mcp_fail(ctx, MCP_BAD_METHOD, "%s is not served here", r->method);
    }
    if ((rc = gather(ctx, r, &in))) return rc;
    if (*e->path) in.name = name_behind(e, r->parsed_uri.path + strlen(c->as->path));
    if (e->event && !c->process->store_is_open) return mcp_fail(ctx, MCP_UNAVAILABLE, "the store is not open");
    if (!strcmp(e->path, "/authorize") && !in.user) {
        mcp_log(ctx, MCP_LOG_ERROR, "MCP041", "%s must be protected by AuthType and Require valid-user: nobody is logged in", r->uri);
        return mcp_fail(ctx, MCP_LOGIN_REQUIRED, "the administrator must protect this page with a login");
    }
    return e->run(ctx, c->as, &in, out);
}

int mcp_endpoint_serve(request_rec *r, const mcp_endpoint *e, const mcp_issuer_settings *c)
{
    mcp_ctx *ctx = mcp_httpd_ctx(r, c->module_index);
    mcp_out out = { 0 };
    mcp_rc rc = serve(ctx, r, e, c, &out);

    if (rc && !out.status) mcp_out_error(ctx, &out, rc);
    if (rc) mcp_log(ctx, rc == MCP_UNAVAILABLE || rc == MCP_INTERNAL ? MCP_LOG_ERROR : MCP_LOG_INFO, mcp_error_of(rc)->tag,
                    "%s refused: %s", e->event ? e->event : "request", *ctx->detail ? ctx->detail : mcp_error_of(rc)->sentence);
    if (e->event && !is_preflight(r, e)) {
        out.audit.event = e->event;
        if (!out.audit.user) out.audit.user = r->user;
        mcp_audit_write(r, c->audit, &out.audit, NULL, rc ? "refused" : "allowed", rc, ctx->detail);
    }
    return mcp_reply(r, &out);
}
