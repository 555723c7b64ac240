#include <string.h>
#include <apr_strings.h>
#include "mcp/client.h"
#include "mcp/redirect.h"
#include "mcp/text.h"
#include "mcp/url.h"

enum { REDIRECTS_MAX = 10, NAME_MAX_BYTES = 256, WORDS_MAX = 64 };

static mcp_rc optional_string(mcp_ctx *ctx, const json_t *doc, const char *name, size_t max, const char **out)
{
    const json_t *value = json_object_get(doc, name);

    *out = json_string_value(value);
    if (value && !*out) return mcp_fail(ctx, MCP_BAD_METADATA, "%s must be a string", name);
    if (*out && (json_string_length(value) > max || strlen(*out) != json_string_length(value)))
        return mcp_fail(ctx, MCP_BAD_METADATA, "%s is longer than %lu bytes", name, (unsigned long)max);
    return MCP_OK;
}

/* Bidi controls, zero-width characters and controls let one name look like another. */
static int has_invisible(const char *s)
{
    const unsigned char *c = (const unsigned char *)s;

    for (; *c; c++) {
        if (*c < 0x20 || *c == 0x7f || *c == '<' || *c == '>') return 1;
        if (c[0] == 0xc2 && c[1] < 0xa0) return 1;
        if (c[0] == 0xe2 && c[1] == 0x80 && ((c[2] >= 0x8b && c[2] <= 0x8f) || (c[2] >= 0xa8 && c[2] <= 0xae))) return 1;
        if (c[0] == 0xe2 && c[1] == 0x81 && c[2] >= 0xa0 && c[2] <= 0xaf) return 1;
        if (c[0] == 0xef && c[1] == 0xbb && c[2] == 0xbf) return 1;
    }
    return 0;
}

static mcp_rc read_name(mcp_ctx *ctx, const json_t *doc, mcp_client *out)
{
    mcp_rc rc = optional_string(ctx, doc, "client_name", NAME_MAX_BYTES, &out->name);

    if (rc) return rc;
    if (!out->name) out->name = "";
    return has_invisible(out->name) ? mcp_fail(ctx, MCP_BAD_METADATA, "client_name holds control, invisible or markup characters") : MCP_OK;
}

static mcp_rc read_uri(mcp_ctx *ctx, const json_t *doc, const char *name, const char **out)
{
    mcp_url url;
    mcp_rc rc = optional_string(ctx, doc, name, MCP_URL_MAX, out);

    if (rc || !*out) return rc;
    if (mcp_url_parse(ctx, *out, &url) || (strcmp(url.scheme, "https") && strcmp(url.scheme, "http")) || !url.host || url.userinfo) {
        mcp_ctx_clear(ctx);
        return mcp_fail(ctx, MCP_BAD_METADATA, "%s must be a plain http(s) URL", name);
    }
    return MCP_OK;
}

static mcp_rc read_redirects(mcp_ctx *ctx, const json_t *doc, mcp_client *out)
{
    const json_t *list = json_object_get(doc, "redirect_uris"), *one;
    const char **uris = apr_pcalloc(ctx->pool, (REDIRECTS_MAX + 1) * sizeof *uris);
    size_t i;
    mcp_rc rc;

    out->redirects = uris;
    if (!list) return MCP_OK;
    if (!json_is_array(list) || json_array_size(list) > REDIRECTS_MAX)
        return mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uris is a list of at most %d URIs", REDIRECTS_MAX);
    json_array_foreach(list, i, one) {
        if (!json_is_string(one) || strlen(json_string_value(one)) != json_string_length(one))
            return mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uris holds something that is no string");
        if ((rc = mcp_redirect_check(ctx, json_string_value(one)))) return rc;
        uris[i] = json_string_value(one);
    }
    return MCP_OK;
}

static mcp_rc read_auth(mcp_ctx *ctx, const json_t *doc, mcp_client *out)
{
    static const char *const methods[] = { "none", "client_secret_basic", "client_secret_post" };
    const char *text;
    mcp_rc rc = optional_string(ctx, doc, "token_endpoint_auth_method", 64, &text);
    int i;

    if (rc) return rc;
    if (!text) text = "client_secret_basic";    /* RFC 7591 section 2 */
    for (i = 0; i < 3; i++)
        if (!strcmp(methods[i], text)) {
            out->auth = (mcp_client_auth)i;
            return MCP_OK;
        }
    return mcp_fail(ctx, MCP_BAD_METADATA, "token_endpoint_auth_method is none, client_secret_basic or client_secret_post");
}

/* 1 if the list (or its default) holds the word; -1 if it is no list of strings. */
static int list_holds(const json_t *doc, const char *name, const char *word, int by_default)
{
    const json_t *list = json_object_get(doc, name), *one;
    int holds = 0;
    size_t i;

    if (!list) return by_default;
    if (!json_is_array(list) || json_array_size(list) > WORDS_MAX) return -1;
    json_array_foreach(list, i, one) {
        if (!json_is_string(one)) return -1;
        if (!strcmp(json_string_value(one), word)) holds = 1;
    }
    return holds;
}

/* What is not served is left out of the answer; nothing left at all is refused. */
static mcp_rc read_grants(mcp_ctx *ctx, const json_t *doc, mcp_client *out)
{
    int code = list_holds(doc, "grant_types", "authorization_code", 1);
    int credentials = list_holds(doc, "grant_types", "client_credentials", 0);
    int answers = list_holds(doc, "response_types", "code", 1);

    if (code < 0 || credentials < 0) return mcp_fail(ctx, MCP_BAD_METADATA, "grant_types is a list of strings");
    if (answers < 0) return mcp_fail(ctx, MCP_BAD_METADATA, "response_types is a list of strings");
    out->grant_code = code && answers;
    out->grant_credentials = credentials && out->auth != MCP_AUTH_NONE;
    if (out->grant_code && !out->redirects[0]) return mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uris is missing; authorization_code needs one");
    if (out->grant_code || out->grant_credentials) return MCP_OK;
    return mcp_fail(ctx, MCP_BAD_METADATA, "grant_types and response_types name nothing that is served here");
}

static const char *default_scopes(mcp_ctx *ctx, const mcp_as *as)
{
    const char *scope = "";
    int i;

    for (i = 0; i < as->scope_count; i++)
        if (as->scopes[i].by_default) scope = apr_pstrcat(ctx->pool, scope, *scope ? " " : "", as->scopes[i].name, NULL);
    return scope;
}

/* Unknown and sensitive scopes are left out: a client may ask for those at /authorize, where a user decides. */
static mcp_rc read_scope(mcp_ctx *ctx, const mcp_as *as, const json_t *doc, mcp_client *out)
{
    const char *text, *granted = "";
    char *copy, *word, *last;
    const mcp_scope *scope;
    mcp_rc rc = optional_string(ctx, doc, "scope", 4096, &text);

    if (rc) return rc;
    copy = apr_pstrdup(ctx->pool, text ? text : "");
    for (word = apr_strtok(copy, " ", &last); word; word = apr_strtok(NULL, " ", &last)) {
        scope = mcp_as_scope(as, word);
        if (scope && !scope->sensitive && !mcp_text_has_word(granted, word))
            granted = apr_pstrcat(ctx->pool, granted, *granted ? " " : "", word, NULL);
    }
    out->scope = *granted ? granted : default_scopes(ctx, as);
    return MCP_OK;
}

static json_t *string_list(const char *const *list)
{
    json_t *array = json_array();

    for (; *list; list++) json_array_append_new(array, json_string(*list));
    return array;
}

/* The registered values (RFC 7591 3.2.1); absent ones are left out, for null kills real clients. */
static json_t *echo(mcp_ctx *ctx, const mcp_client *c)
{
    static const char *const methods[] = { "none", "client_secret_basic", "client_secret_post" };
    json_t *doc = mcp_json_own(ctx->pool, json_object()), *grants = json_array();

    if (*c->name) json_object_set_new(doc, "client_name", json_string(c->name));
    if (c->uri) json_object_set_new(doc, "client_uri", json_string(c->uri));
    json_object_set_new(doc, "redirect_uris", string_list(c->redirects));
    if (c->grant_code) json_array_append_new(grants, json_string("authorization_code"));
    if (c->grant_credentials) json_array_append_new(grants, json_string("client_credentials"));
    json_object_set_new(doc, "grant_types", grants);
    json_object_set_new(doc, "response_types", c->grant_code ? json_pack("[s]", "code") : json_array());
    json_object_set_new(doc, "token_endpoint_auth_method", json_string(methods[c->auth]));
    json_object_set_new(doc, "application_type", json_string(c->is_native ? "native" : "web"));
    json_object_set_new(doc, "scope", json_string(c->scope));
    return doc;
}

static mcp_rc read_application_type(mcp_ctx *ctx, const json_t *doc, mcp_client *out)
{
    const char *text;
    mcp_rc rc = optional_string(ctx, doc, "application_type", 16, &text);

    if (rc) return rc;
    if (text && strcmp(text, "native") && strcmp(text, "web")) return mcp_fail(ctx, MCP_BAD_METADATA, "application_type is native or web");
    out->is_native = text && !strcmp(text, "native");
    return MCP_OK;
}

mcp_rc mcp_client_from_metadata(mcp_ctx *ctx, const mcp_as *as, json_t *doc, mcp_client *out)
{
    const char *unused;
    mcp_rc rc;

    memset(out, 0, sizeof *out);
    if ((rc = read_name(ctx, doc, out))) return rc;
    if ((rc = read_uri(ctx, doc, "client_uri", &out->uri))) return rc;
    if ((rc = read_uri(ctx, doc, "logo_uri", &unused))) return rc;
    if ((rc = read_uri(ctx, doc, "policy_uri", &unused))) return rc;
    if ((rc = read_uri(ctx, doc, "tos_uri", &unused))) return rc;
    if ((rc = read_application_type(ctx, doc, out))) return rc;
    if ((rc = read_redirects(ctx, doc, out))) return rc;
    if ((rc = read_auth(ctx, doc, out))) return rc;
    if ((rc = read_grants(ctx, doc, out))) return rc;
    if ((rc = read_scope(ctx, as, doc, out))) return rc;
    out->metadata = echo(ctx, out);
    return MCP_OK;
}

int mcp_client_has_redirect(mcp_ctx *ctx, const mcp_client *client, const char *uri)
{
    const char *const *one;

    for (one = client->redirects; *one; one++)
        if (mcp_redirect_matches(ctx, *one, uri)) return 1;
    return 0;
}
