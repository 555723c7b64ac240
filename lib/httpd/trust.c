#include <apr_strings.h>
#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <apr_optional.h>
#include <mod_ssl.h>
#include "mcp/dpop.h"
#include "mcp/seen.h"
#include "mcp/trust.h"
#include "mcp/url.h"

enum { LEEWAY = 5, JWKS_FILE_MAX = 256 * 1024, SECRET_MAX = 1024 };

/* ---- the directive ---- */

typedef struct {
    const char *jwks, *algs, *ca;
    const char *introspect, *client, *secret;
} options;

static const char *read_options(cmd_parms *cmd, int argc, char *const argv[], options *o)
{
    const struct {
        const char *name;
        const char **value;
    } names[] = { { "jwks=", &o->jwks }, { "alg=", &o->algs }, { "ca=", &o->ca }, { "introspect=", &o->introspect }, { "client=", &o->client }, { "secret=file:", &o->secret } };
    size_t k, n = sizeof names / sizeof *names;
    int i;

    for (i = 1; i < argc; i++) {
        for (k = 0; k < n && strncmp(argv[i], names[k].name, strlen(names[k].name)); k++) { }
        if (k == n) return apr_psprintf(cmd->pool, "MCPTrustIssuer: unknown option %s; there are jwks=, alg=, ca=, introspect=, client= and secret=file:", argv[i]);
        *names[k].value = argv[i] + strlen(names[k].name);
    }
    if (o->ca) o->ca = ap_server_root_relative(cmd->pool, o->ca);
    if (o->introspect && (o->jwks || !o->client || !o->secret))
        return "MCPTrustIssuer: introspect=URL wants client=ID and secret=file:PATH beside it, and no jwks=";
    return NULL;
}

static const char *check_algs(apr_pool_t *p, const char *algs)
{
    char *copy = apr_pstrdup(p, algs ? algs : ""), *last, *one;

    for (one = apr_strtok(copy, ",", &last); one; one = apr_strtok(NULL, ",", &last))
        if (mcp_alg_by_name(one) == MCP_ALG_NONE)
            return apr_psprintf(p, "MCPTrustIssuer: alg=%s is not served; RS256, RS384, RS512, PS256, ES256, ES384 and EdDSA are", one);
    return NULL;
}

/* The bytes of a small file; *len: room, then what was read. */
static const char *read_file(cmd_parms *cmd, const char *path, char *text, apr_size_t *len)
{
    const char *name = ap_server_root_relative(cmd->temp_pool, path);
    apr_file_t *file;

    if (!name || apr_file_open(&file, name, APR_READ, APR_OS_DEFAULT, cmd->temp_pool) != APR_SUCCESS)
        return apr_psprintf(cmd->pool, "MCPTrustIssuer: %s cannot be read", path);
    if (apr_file_read(file, text, len) != APR_SUCCESS) *len = 0;
    apr_file_close(file);
    return NULL;
}

static const char *keys_from_file(cmd_parms *cmd, const char *path, const char *algs, const mcp_keys **keys)
{
    mcp_ctx *ctx = mcp_httpd_server_ctx(cmd->pool, cmd->server, APLOG_NO_MODULE);
    char *text = apr_palloc(cmd->temp_pool, JWKS_FILE_MAX);
    apr_size_t len = JWKS_FILE_MAX;
    const char *err = read_file(cmd, path, text, &len);

    if (err) return err;
    return mcp_keys_from_jwks(ctx, cmd->pool, text, len, algs, keys) ? apr_psprintf(cmd->pool, "MCPTrustIssuer: %s: %s", path, ctx->detail) : NULL;
}

/* How a URL of the administrator's is fetched: private addresses too, plain http on loopback alone. */
static const char *fetch_rules(cmd_parms *cmd, const char *option, const char *text, const char *ca, mcp_fetch_rules *rules)
{
    mcp_ctx *ctx = mcp_httpd_server_ctx(cmd->temp_pool, cmd->server, APLOG_NO_MODULE);
    mcp_url url;

    if (mcp_url_parse(ctx, text, &url)) return apr_psprintf(cmd->pool, "MCPTrustIssuer: %s%s: %s", option, text, ctx->detail);
    rules->allow_http = !strcmp(url.scheme, "http") && mcp_url_is_loopback(&url);
    rules->allow_private = 1;
    rules->max_bytes = JWKS_FILE_MAX;
    rules->ca_file = ca;
    if (!strcmp(url.scheme, "https") || rules->allow_http) return NULL;
    return apr_psprintf(cmd->pool, "MCPTrustIssuer: %s%s is no https URL (plain http on loopback alone)", option, text);
}

static const char *keys_from_url(cmd_parms *cmd, const options *o, mcp_trust *t)
{
    mcp_fetch_rules *rules = apr_pcalloc(cmd->pool, sizeof *rules);
    const char *err = o->jwks ? fetch_rules(cmd, "jwks=", o->jwks, o->ca, rules) : fetch_rules(cmd, "", t->issuer, o->ca, rules);

    if (err) return o->jwks ? apr_pstrcat(cmd->pool, err, "; for a file write jwks=file:PATH", NULL) : err;
    t->source = mcp_jwks_create(cmd->pool, o->jwks, t->issuer, o->algs, rules);
    return t->source ? NULL : "MCPTrustIssuer: no mutex can be had";
}

static const char *ask_issuer(cmd_parms *cmd, const options *o, mcp_trust *t)
{
    mcp_ctx *ctx = mcp_httpd_server_ctx(cmd->temp_pool, cmd->server, APLOG_NO_MODULE);
    mcp_introspect_config *config = apr_pcalloc(cmd->pool, sizeof *config);
    char *secret = apr_pcalloc(cmd->pool, SECRET_MAX + 1);
    apr_size_t len = SECRET_MAX;
    const char *err = fetch_rules(cmd, "introspect=", o->introspect, o->ca, &config->rules);

    if (err || (err = read_file(cmd, o->secret, secret, &len))) return err;
    config->endpoint = o->introspect;
    config->client_id = o->client;
    config->client_secret = apr_pstrmemdup(cmd->pool, secret, strcspn(secret, "\r\n"));
    config->issuer = t->issuer;
    config->leeway = LEEWAY;
    return mcp_introspect_create(ctx, cmd->pool, config, &t->introspect) ? apr_psprintf(cmd->pool, "MCPTrustIssuer: %s", ctx->detail) : NULL;
}

const char *mcp_trust_parse(cmd_parms *cmd, int argc, char *const argv[], apr_array_header_t **trusts)
{
    options o = { 0 };
    static apr_uint32_t lines;
    mcp_trust t = { .number = ++lines };
    const char *err;

    if (argc < 1) return "MCPTrustIssuer wants ISSUER [jwks=URL or jwks=file:PATH], or self";
    if ((err = read_options(cmd, argc, argv, &o)) || (err = check_algs(cmd->pool, o.algs))) return err;
    t.issuer = argv[0];
    t.is_self = !strcmp(t.issuer, "self");
    if (t.is_self && argc > 1) return "MCPTrustIssuer self takes its keys from MCPIssuer; leave the options out";
    if (o.introspect) err = ask_issuer(cmd, &o, &t);
    else if (o.jwks && !strncmp(o.jwks, "file:", 5)) err = keys_from_file(cmd, o.jwks + 5, o.algs, &t.keys);
    else if (!t.is_self) err = keys_from_url(cmd, &o, &t);
    if (err) return err;
    if (!*trusts) *trusts = apr_array_make(cmd->pool, 2, sizeof t);
    APR_ARRAY_PUSH(*trusts, mcp_trust) = t;
    return NULL;
}

/* ---- self ---- */

static const mcp_self_issuer *self_of(server_rec *s)
{
    APR_OPTIONAL_FN_TYPE(mcp_dcr_self) *self = APR_RETRIEVE_OPTIONAL_FN(mcp_dcr_self);

    return self ? self(s) : NULL;
}

const char *mcp_trust_issuer(server_rec *s, const mcp_trust *t)
{
    const mcp_self_issuer *self = t->is_self ? self_of(s) : NULL;

    return !t->is_self ? t->issuer : self ? self->issuer : NULL;
}

int mcp_trust_has_self(const apr_array_header_t *trusts)
{
    int i;

    for (i = 0; trusts && i < trusts->nelts; i++)
        if (APR_ARRAY_IDX(trusts, i, mcp_trust).is_self) return 1;
    return 0;
}

const char *mcp_trust_first_scopes(server_rec *s, const apr_array_header_t *trusts)
{
    const mcp_self_issuer *self = mcp_trust_has_self(trusts) ? self_of(s) : NULL;

    return self ? self->default_scope : NULL;
}

/* ---- the token ---- */

/* RFC 6750 2.1, RFC 9449 7.1. Two Authorization headers were refused before. */
static mcp_rc read_token(mcp_ctx *ctx, request_rec *r, const char **token, int *dpop)
{
    const char *header = apr_table_get(r->headers_in, "Authorization");

    if (!header) return mcp_fail(ctx, MCP_NO_TOKEN, "no Authorization header");
    *dpop = !strncasecmp(header, "DPoP ", 5);
    if (!*dpop && strncasecmp(header, "Bearer ", 7)) return mcp_fail(ctx, MCP_NO_TOKEN, "the Authorization scheme is neither Bearer nor DPoP");
    for (header += *dpop ? 5 : 7; *header == ' '; header++) { }
    *token = header;
    return MCP_OK;
}

static mcp_rc keys_of(mcp_ctx *ctx, server_rec *s, const mcp_trust *t, int renew, const mcp_keys **out)
{
    const mcp_self_issuer *self = t->is_self ? self_of(s) : NULL;

    *out = self ? self->keys : t->keys;
    if (t->source) return mcp_jwks_get(ctx, t->source, renew, out);
    return *out ? MCP_OK : mcp_fail(ctx, MCP_UNAVAILABLE, "the issuer has no keys here");
}

/* Without asking anybody: what a token that nobody verified yet says is no reason to. */
static const mcp_keys *keys_at_hand(server_rec *s, const mcp_trust *t)
{
    const mcp_self_issuer *self = t->is_self ? self_of(s) : NULL;

    return t->source ? mcp_jwks_at_hand(t->source) : self ? self->keys : t->keys;
}

/* Tokens of our own issuer can be revoked before they expire; the store is asked each time, and silence refuses. */
static mcp_rc check_revocation(mcp_ctx *ctx, server_rec *s, const mcp_trust *t, const mcp_token *token)
{
    APR_OPTIONAL_FN_TYPE(mcp_dcr_not_revoked) *not_revoked = APR_RETRIEVE_OPTIONAL_FN(mcp_dcr_not_revoked);

    if (!t->is_self) return MCP_OK;
    if (!not_revoked || !*token->jti) return mcp_fail(ctx, MCP_BAD_TOKEN, "the token has no jti");
    return not_revoked(ctx, s, token);
}

/* ---- tokens seen before ---- */

static mcp_seen *seen;      /* this process's; NULL: every token is verified anew */

void mcp_trust_child_init(apr_pool_t *p, server_rec *s, int module_index)
{
    const mcp_seen_caps caps = { .leeway = LEEWAY };
    mcp_ctx *ctx = mcp_httpd_server_ctx(p, s, module_index);

    if (!mcp_seen_create(ctx, p, &caps, &seen)) return;
    seen = NULL;
    mcp_log(ctx, MCP_LOG_ERROR, "MCP001", "verified tokens are not remembered: %s", ctx->detail);
}

/* `self` is another issuer on every virtual host; its key set is too, so the set's number tells them apart. */
static mcp_seen_key key_of(const mcp_trust *t, const mcp_token_profile *profile, const char *text)
{
    const mcp_seen_key key = { text, strlen(text), profile->audience, t->number, profile->keys->number };

    return key;
}

/* A key that a published set does not hold yet may be a new one: the set is read anew, within its pause, and asked again. */
static mcp_rc verify_by(mcp_ctx *ctx, server_rec *s, const mcp_trust *t, mcp_token_profile *profile, const char *text, mcp_token *out)
{
    const mcp_keys *tried = profile->keys;
    mcp_seen_key key;
    mcp_rc rc = mcp_token_verify(ctx, profile, text, strlen(text), out);

    if (rc == MCP_BAD_TOKEN && t->source) {
        if (keys_of(ctx, s, t, 1, &profile->keys) || profile->keys == tried) return rc;
        mcp_ctx_clear(ctx);
        rc = mcp_token_verify(ctx, profile, text, strlen(text), out);
    }
    key = key_of(t, profile, text);
    if (!rc && seen) mcp_seen_keep(ctx, seen, &key, out);
    return rc;
}

/* A token that names no issuer may be that of each who is asked; the first who knows it counts. */
static mcp_rc verify_opaque(mcp_ctx *ctx, const apr_array_header_t *trusts, const char *audience, const char *text, mcp_token *out, const mcp_trust **by)
{
    mcp_rc rc = mcp_fail(ctx, MCP_BAD_TOKEN, "it is no JWT with an iss");
    int i;

    for (i = 0; i < trusts->nelts; i++) {
        *by = &APR_ARRAY_IDX(trusts, i, mcp_trust);
        if (!(*by)->introspect) continue;
        mcp_ctx_clear(ctx);
        if (!(rc = mcp_introspect_verify(ctx, (*by)->introspect, audience, text, strlen(text), out))) return MCP_OK;
    }
    return rc;
}

/* The line whose token this is: one that it was verified for before, else one whose issuer it names. */
static mcp_rc verify(mcp_ctx *ctx, server_rec *s, const apr_array_header_t *trusts, const char *audience, const char *text, mcp_token *out,
                     const mcp_trust **by)
{
    mcp_token_profile profile = { NULL, audience, NULL, LEEWAY };
    const char *issuer;
    mcp_seen_key key;
    mcp_rc rc;
    int i;

    for (i = 0; seen && i < trusts->nelts; i++) {
        *by = &APR_ARRAY_IDX(trusts, i, mcp_trust);
        if (!(profile.keys = keys_at_hand(s, *by))) continue;
        key = key_of(*by, &profile, text);
        if (mcp_seen_find(ctx, seen, &key, out)) return MCP_OK;
    }
    issuer = mcp_token_peek_issuer(ctx, text, strlen(text));
    if (!issuer) return verify_opaque(ctx, trusts, audience, text, out, by);
    for (i = 0; i < trusts->nelts; i++) {
        *by = &APR_ARRAY_IDX(trusts, i, mcp_trust);
        if ((*by)->introspect && !strcmp((*by)->issuer, issuer)) return mcp_introspect_verify(ctx, (*by)->introspect, audience, text, strlen(text), out);
        profile.issuer = mcp_trust_issuer(s, *by);
        if (!profile.issuer || strcmp(profile.issuer, issuer)) continue;
        if ((rc = keys_of(ctx, s, *by, 0, &profile.keys))) return rc;
        return verify_by(ctx, s, *by, &profile, text, out);
    }
    return mcp_fail(ctx, MCP_BAD_TOKEN, "no MCPTrustIssuer of this location is its issuer, %.200s", issuer);
}

mcp_rc mcp_trust_verify(mcp_ctx *ctx, request_rec *r, const apr_array_header_t *trusts, const char *audience, mcp_token *out)
{
    const mcp_trust *by = NULL;
    const char *text = "";
    int dpop;
    mcp_rc rc;

    if ((rc = read_token(ctx, r, &text, &dpop))) return rc;
    if ((rc = verify(ctx, r->server, trusts, audience, text, out, &by))) return rc;
    return check_revocation(ctx, r->server, by, out);
}

/* ---- tokens bound to a key ---- */

static int count_one(void *n, const char *name, const char *value)
{
    (void)name;
    (void)value;
    ++*(int *)n;
    return 1;
}

static mcp_rc check_proof(mcp_ctx *ctx, request_rec *r, const mcp_binding *binding, mcp_store *store, const char *origin, const char *text)
{
    const char *proof = apr_table_get(r->headers_in, "DPoP"), *path = r->unparsed_uri;
    mcp_dpop_request request = { .method = r->method, .access_token = text, .jkt = binding->jkt };
    int proofs = 0;

    apr_table_do(count_one, &proofs, r->headers_in, "DPoP", NULL);
    if (proofs != 1) return mcp_fail(ctx, MCP_BAD_PROOF, "one DPoP header is wanted, here are %d", proofs);
    if (!store) return mcp_fail(ctx, MCP_UNAVAILABLE, "DPoP proofs are good once, which needs an MCPStore");
    if (*path != '/') path = r->uri;        /* the absolute form names a host that nobody checked */
    request.url = apr_pstrcat(r->pool, origin, path, NULL);
    return mcp_dpop_verify(ctx, store, &request, proof, strlen(proof));
}

static mcp_rc check_certificate(mcp_ctx *ctx, request_rec *r, const mcp_binding *binding)
{
    APR_OPTIONAL_FN_TYPE(ssl_var_lookup) *lookup = APR_RETRIEVE_OPTIONAL_FN(ssl_var_lookup);
    const char *pem = lookup ? lookup(r->pool, r->server, r->connection, r, apr_pstrdup(r->pool, "SSL_CLIENT_CERT")) : NULL;

    return mcp_binding_check_certificate(ctx, binding, pem ? pem : "", pem ? strlen(pem) : 0);
}

mcp_rc mcp_trust_check_binding(mcp_ctx *ctx, request_rec *r, const mcp_token *token, mcp_store *store, const char *origin, int required)
{
    const char *text = "";
    mcp_binding binding;
    int dpop = 0;
    mcp_rc rc;

    if ((rc = mcp_binding_read(ctx, token->claims, &binding)) || (rc = read_token(ctx, r, &text, &dpop))) return rc;
    if (required && !binding.jkt && !binding.x5t) return mcp_fail(ctx, MCP_BAD_TOKEN, "it is bound to no key, which MCPTokenBinding wants");
    if (binding.jkt && !dpop) return mcp_fail(ctx, MCP_BAD_TOKEN, "it is bound to a key; send it with the scheme DPoP");
    if (!binding.jkt && dpop) return mcp_fail(ctx, MCP_BAD_TOKEN, "it is not bound to a key; send it with the scheme Bearer");
    if (binding.x5t && (rc = check_certificate(ctx, r, &binding))) return rc;
    return binding.jkt ? check_proof(ctx, r, &binding, store, origin, text) : MCP_OK;
}
