#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "mcp/cimd.h"
#include "mcp/json.h"
#include "mcp/text.h"
#include "mcp/url.h"

static const mcp_json_caps caps = { MCP_CIMD_BYTES_MAX, 16 };

/* ---- the URL ---- */

int mcp_cimd_is_id(const char *id)
{
    return !strncasecmp(id, "https:", 6) || !strncasecmp(id, "http:", 5);
}

static mcp_rc refuse(mcp_ctx *ctx, const char *why)
{
    mcp_ctx_clear(ctx);
    return mcp_fail(ctx, MCP_BAD_CLIENT, "client_id is a URL, and %s", why);
}

/* A separator in percent form is one to some readers and none to others. */
static int hides_separator(const char *path)
{
    return strcasestr(path, "%2f") || strcasestr(path, "%5c");
}

/* One spelling for one client: nothing that parsers fold. */
static int is_canonical(const char *id, const mcp_url *url)
{
    const char *origin = "https://";

    if (strncmp(id, origin, strlen(origin)) || strncmp(id + strlen(origin), url->host, strlen(url->host))) return 0;
    return url->port != 443;
}

static mcp_rc check_shape(mcp_ctx *ctx, const char *id, mcp_url *url)
{
    if (strlen(id) > MCP_CIMD_ID_MAX) return refuse(ctx, apr_psprintf(ctx->pool, "it is longer than %d bytes", MCP_CIMD_ID_MAX));
    if (mcp_url_parse(ctx, id, url)) return refuse(ctx, apr_pstrcat(ctx->pool, "it is malformed: ", ctx->detail, NULL));
    if (strcmp(url->scheme, "https")) return refuse(ctx, "it is not https");
    if (url->userinfo) return refuse(ctx, "it has user information");
    if (url->fragment) return refuse(ctx, "it has a fragment");
    if (url->query) return refuse(ctx, "it has a query");
    if (url->is_ipv4 || url->is_ipv6) return refuse(ctx, "its host is an address; name the host");
    if (!*url->path || !strcmp(url->path, "/")) return refuse(ctx, "it has no path");
    if (mcp_url_has_dot_segment(url) || hides_separator(url->path)) return refuse(ctx, "its path has a dot segment or an encoded separator");
    return is_canonical(id, url) ? MCP_OK : refuse(ctx, "it is not in its plain form: scheme and host in lower case, no default port");
}

/* ---- whose documents are taken ---- */

/* NAME is that host, *.NAME what is below it. */
static int is_in(const char *const *domains, const char *host)
{
    size_t len, host_len = strlen(host);

    for (; domains && *domains; domains++) {
        if (!strcmp(*domains, host)) return 1;
        if (**domains != '*') continue;
        len = strlen(*domains) - 1;     /* ".NAME" behind the star */
        if (host_len > len && !strcmp(host + host_len - len, *domains + 1)) return 1;
    }
    return 0;
}

const char *mcp_cimd_check_domain(apr_pool_t *p, const char *text)
{
    const char *name = !strncmp(text, "*.", 2) ? text + 2 : text, *c;
    mcp_ctx *ctx = mcp_ctx_create(p);
    mcp_url url;

    for (c = name; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-.", *c))
            return apr_psprintf(p, "%s is no domain: write NAME or *.NAME in lower case, other scripts in their xn-- form", text);
    if (mcp_url_parse(ctx, apr_pstrcat(p, "https://", name, "/", NULL), &url) || url.is_ipv4 || !strchr(name, '.'))
        return apr_psprintf(p, "%s is no domain: write NAME or *.NAME with two labels or more", text);
    return NULL;
}

static const mcp_internal_host *internal_of(const mcp_cimd *documents, const mcp_url *url)
{
    int i;

    for (i = 0; i < documents->internal_count; i++)
        if (!strcmp(documents->internal[i].host, url->host) && documents->internal[i].port == (url->port ? url->port : 443)) return &documents->internal[i];
    return NULL;
}

/* Names that are nobody's on the internet; their addresses are refused by the fetch as well. */
static int is_local_name(const char *host)
{
    const char *dot = strrchr(host, '.'), *last = dot ? dot + 1 : host;

    return !dot || !strcmp(last, "localhost") || !strcmp(last, "localdomain") || !strcmp(last, "local") || !strcmp(last, "internal");
}

static mcp_rc check_domain(mcp_ctx *ctx, const mcp_cimd *documents, const mcp_url *url)
{
    if (!internal_of(documents, url) && is_local_name(url->host)) return refuse(ctx, "its host is no public name");
    if (is_in(documents->deny, url->host) || (documents->allow && !is_in(documents->allow, url->host)))
        return refuse(ctx, "clients of its domain are not let in here");
    return MCP_OK;
}

static mcp_rc check_id(mcp_ctx *ctx, const mcp_cimd *documents, const char *id, mcp_url *url)
{
    mcp_rc rc;

    if (!documents) return mcp_fail(ctx, MCP_BAD_CLIENT, "this server does not fetch client metadata documents; register");
    if ((rc = check_shape(ctx, id, url))) return rc;
    return check_domain(ctx, documents, url);
}

mcp_rc mcp_cimd_check_id(mcp_ctx *ctx, const mcp_cimd *documents, const char *id)
{
    mcp_url url;

    return check_id(ctx, documents, id, &url);
}

void mcp_cimd_rules(mcp_ctx *ctx, const mcp_cimd *documents, const char *id, mcp_fetch_rules *out, const char **host)
{
    const mcp_internal_host *internal;
    mcp_url url;

    memset(out, 0, sizeof *out);
    out->max_bytes = MCP_CIMD_BYTES_MAX;
    *host = mcp_url_parse(ctx, id, &url) ? "" : url.host;
    internal = **host ? internal_of(documents, &url) : NULL;
    if (!internal) return;
    out->allow_private = 1;
    out->ca_file = internal->ca_file;
}

/* ---- the document ---- */

/* A reader that folds case would find another client_id. */
static int has_twin(const json_t *doc)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)doc, name, value)
        if (!strcasecmp(name, "client_id") && strcmp(name, "client_id")) return 1;
    return 0;
}

static mcp_rc check_owner(mcp_ctx *ctx, const char *id, const json_t *doc)
{
    const char *own = mcp_json_string(doc, "client_id");

    if (!own || json_string_length(json_object_get(doc, "client_id")) != strlen(own)) return mcp_fail(ctx, MCP_BAD_CLIENT, "the document has no client_id");
    if (strcmp(own, id)) return mcp_fail(ctx, MCP_BAD_CLIENT, "client_id of the document is another one");
    return has_twin(doc) ? mcp_fail(ctx, MCP_BAD_CLIENT, "the document has two members client_id but for case") : MCP_OK;
}

static int is_loopback(const mcp_url *url)
{
    return !strcmp(url->scheme, "http") && mcp_url_is_loopback(url);
}

static mcp_rc check_origin(mcp_ctx *ctx, const char *id, const mcp_client *client)
{
    const char *const *uri, *origin;
    mcp_url url;

    if (mcp_url_parse(ctx, id, &url)) return ctx->rc;
    origin = mcp_url_origin(ctx->pool, &url);
    for (uri = client->redirects; *uri; uri++) {
        if (mcp_url_parse(ctx, *uri, &url)) return ctx->rc;
        if (is_loopback(&url) || !strcmp(mcp_url_origin(ctx->pool, &url), origin)) continue;
        return mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uris: %s is not of the origin of client_id", mcp_client_quote(ctx, *uri));
    }
    return MCP_OK;
}

/* What MCP asks of a document beyond RFC 7591. */
static mcp_rc judge(mcp_ctx *ctx, const mcp_as *as, const char *id, json_t *doc, mcp_client *out)
{
    static const mcp_client_rules rules = { .is_document = 1 };
    mcp_rc rc;

    if ((rc = mcp_client_judge(ctx, as, &rules, doc, out))) return rc;
    if (!*out->name) return mcp_fail(ctx, MCP_BAD_METADATA, "client_name is missing");
    if (as->documents->same_origin && (rc = check_origin(ctx, id, out))) return rc;
    out->id = id;
    return MCP_OK;
}

mcp_rc mcp_cimd_read(mcp_ctx *ctx, const mcp_as *as, const char *id, const char *text, size_t len, mcp_client *out, int *own)
{
    json_t *doc;
    mcp_rc rc;

    *own = 0;
    if (mcp_json_object(ctx, text, len, &caps, &doc)) {
        ctx->rc = MCP_BAD_CLIENT;
        return MCP_BAD_CLIENT;
    }
    if ((rc = check_owner(ctx, id, doc))) return rc;
    *own = 1;
    return judge(ctx, as, id, doc, out) ? ctx->rc = MCP_BAD_CLIENT : MCP_OK;
}
