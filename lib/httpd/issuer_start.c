#include <http_core.h>
#include <http_log.h>
#include <apr_optional.h>
#include <apr_strings.h>
#include "mcp/issuer.h"
#include "mcp/keyring.h"
#include "mcp/login.h"
#include "mcp/state.h"
#include "mcp/text.h"

enum { ACCESS_TTL = 600, REFRESH_TTL = 86400, CLIENT_TTL = 30 * 86400, CODE_TTL = 60 };

#define MARK(c) __FILE__, __LINE__, (c)->module_index

/* ---- files ---- */

/* apply: judge the folder of the store and the keys, or make it. */
static int with_folder(apr_pool_t *p, server_rec *s, const mcp_issuer_settings *c, mcp_state_folder_fn *apply)
{
    int embedded = mcp_state_is_embedded(c->store_spec);
    const char *wrong = embedded || !c->key_files ? mcp_state_folder(p, c->store_spec, apply) : NULL;

    if (!wrong) return OK;
    ap_log_error(MARK(c), APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP060: %s: %s",
                 embedded ? "MCPStore" : "the folder of keys (none is needed with MCPSigningKey)", wrong);
    return HTTP_INTERNAL_SERVER_ERROR;
}

int mcp_issuer_make_folder(apr_pool_t *p, server_rec *s, const mcp_issuer_settings *c)
{
    return with_folder(p, s, c, mcp_store_folder_make);
}

static const char *default_key_file(apr_pool_t *p, const mcp_issuer_settings *c)
{
    return apr_pstrcat(p, mcp_state_dir(p, c->store_spec), "/signing-", mcp_text_fingerprint(p, c->issuer), ".pem", NULL);
}

/* ---- what must hold ---- */

static int declares(const mcp_issuer_settings *c, const char *scope)
{
    int i;

    for (i = 0; i < c->scopes->nelts; i++)
        if (!strcmp(APR_ARRAY_IDX(c->scopes, i, mcp_scope).name, scope)) return 1;
    return 0;
}

static const char *declared(apr_pool_t *p, const mcp_issuer_settings *c)
{
    const char *all = "";
    int i;

    for (i = 0; i < c->scopes->nelts; i++) all = apr_pstrcat(p, all, *all ? ", " : "", APR_ARRAY_IDX(c->scopes, i, mcp_scope).name, NULL);
    return all;
}

/* A rule that asks for a scope nobody can get is a mistake, and stops httpd at configtest. */
static int check_scopes(apr_pool_t *p, server_rec *s, const mcp_issuer_settings *c)
{
    APR_OPTIONAL_FN_TYPE(mcp_toolauthz_scopes) *scopes = APR_RETRIEVE_OPTIONAL_FN(mcp_toolauthz_scopes);
    const char *const *scope;

    if (!c->scopes->nelts) {
        ap_log_error(MARK(c), APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP062: MCPIssuer %s has no MCPScope; declare at least one", c->issuer);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    for (scope = scopes ? scopes(p, s) : NULL; scope && *scope; scope++) {
        if (declares(c, *scope)) continue;
        ap_log_error(MARK(c), APLOG_CRIT | APLOG_NOERRNO, 0, s,
                     "MCP061: a section requires scope %s, but no MCPScope declares it; MCPIssuer %s declares %s: correct the Require mcp-scope line, "
                     "or add MCPScope %s \"what it allows\"", *scope, c->issuer, declared(p, c), *scope);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

/* A key that is still to be made is no fault. */
static int check_keys(apr_pool_t *p, server_rec *s, const mcp_issuer_settings *c)
{
    mcp_ctx *ctx = mcp_httpd_server_ctx(p, s, c->module_index);

    if (!mcp_keyring_check(ctx, p, c->key_files, default_key_file(p, c))) return OK;
    ap_log_error(MARK(c), APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP063: MCPSigningKey: %s", ctx->detail);
    return HTTP_INTERNAL_SERVER_ERROR;
}

static int check_clients(apr_pool_t *p, server_rec *s, const mcp_issuer_settings *c)
{
    mcp_ctx *ctx = mcp_httpd_server_ctx(p, s, c->module_index);
    const char *wrong = mcp_clients_check(ctx, &c->clients, (const mcp_scope *)(void *)c->scopes->elts, c->scopes->nelts);

    if (!wrong) return OK;
    ap_log_error(MARK(c), APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP080: MCPIssuer %s: %s", c->issuer, wrong);
    return HTTP_INTERNAL_SERVER_ERROR;
}

/* What works, but hardly as it is meant. */
static void warn(apr_pool_t *p, server_rec *s, const mcp_issuer_settings *c)
{
    const char *path = apr_pstrcat(p, c->path, "/authorize", NULL);

    if (!mcp_login_is_expected(s, path))
        ap_log_error(MARK(c), APLOG_WARNING | APLOG_NOERRNO, 0, s,
                     "MCP078: nobody logs in at %s, so no agent will get a token. For passwords in a file write: <Location \"%s\"> AuthType Basic, "
                     "AuthName \"Sign in to approve\", AuthBasicProvider file, AuthUserFile FILE, Require valid-user </Location>, each on a line of its own", path, path);
    if (!mcp_state_is_embedded(c->store_spec) && !c->key_files)
        ap_log_error(MARK(c), APLOG_WARNING | APLOG_NOERRNO, 0, s,
                     "MCP079: MCPIssuer %s has no MCPSigningKey, and the store is for several hosts: each makes a key of its own in %s and refuses the "
                     "others' tokens. Name the same file on each", c->issuer, mcp_state_dir(p, c->store_spec));
}

int mcp_issuer_check(apr_pool_t *p, server_rec *s, const mcp_issuer_settings *c)
{
    if (check_scopes(p, s, c) || with_folder(p, s, c, mcp_store_folder_check)) return HTTP_INTERNAL_SERVER_ERROR;
    if (check_keys(p, s, c) || check_clients(p, s, c)) return HTTP_INTERNAL_SERVER_ERROR;
    warn(p, s, c);
    return OK;
}

/* ---- what the use cases read ---- */

static const char *default_scope(apr_pool_t *p, const apr_array_header_t *scopes)
{
    const char *all = "";
    int i;

    for (i = 0; i < scopes->nelts; i++)
        if (APR_ARRAY_IDX(scopes, i, mcp_scope).by_default)
            all = apr_pstrcat(p, all, *all ? " " : "", APR_ARRAY_IDX(scopes, i, mcp_scope).name, NULL);
    return all;
}

static mcp_rc build_as(mcp_ctx *ctx, apr_pool_t *p, server_rec *s, mcp_issuer_settings *c, mcp_issuer_process *process)
{
    static const char *const none[] = { NULL };
    APR_OPTIONAL_FN_TYPE(mcp_toolauthz_resources) *resources = APR_RETRIEVE_OPTIONAL_FN(mcp_toolauthz_resources);
    mcp_as *as = apr_pcalloc(p, sizeof *as);
    mcp_rc rc;

    if ((rc = mcp_keyring_load(ctx, p, c->key_files, default_key_file(p, c), as))) return rc;
    as->issuer = c->issuer;
    as->path = c->path;
    as->store = &process->store;
    as->scopes = (const mcp_scope *)(void *)c->scopes->elts;
    as->scope_count = c->scopes->nelts;
    as->resources = resources ? resources(p, s) : none;
    as->access_ttl = c->access_ttl ? c->access_ttl : ACCESS_TTL;
    as->refresh_ttl = c->refresh_ttl ? c->refresh_ttl : REFRESH_TTL;
    as->refresh_idle = c->refresh_idle ? c->refresh_idle : REFRESH_TTL;
    as->refresh = c->refresh < 0 ? MCP_REFRESH_ASKED : (mcp_refresh_policy)c->refresh;
    as->client_ttl = c->client_ttl ? c->client_ttl : CLIENT_TTL;
    as->code_ttl = CODE_TTL;
    if (c->introspectors) {
        as->introspectors = (const mcp_introspector *)(void *)c->introspectors->elts;
        as->introspector_count = c->introspectors->nelts;
    }
    if ((rc = mcp_clients_build(ctx, p, &c->clients, as))) return rc;
    c->self.keys = as->keys;
    c->self.default_scope = default_scope(p, c->scopes);
    c->process = process;
    c->as = as;
    return MCP_OK;
}

int mcp_issuer_start(apr_pool_t *p, apr_pool_t *ptemp, server_rec *s, mcp_issuer_settings *c, mcp_issuer_process *process)
{
    mcp_ctx *ctx = mcp_httpd_server_ctx(ptemp, s, c->module_index);
    const char *err;

    if (build_as(ctx, p, s, c, process)) {
        ap_log_error(MARK(c), APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP064: MCPIssuer %s: %s", c->issuer, ctx->detail);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (!(err = mcp_audit_open(p, c->audit_target, &c->audit))) return OK;
    ap_log_error(MARK(c), APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP065: %s", err);
    return HTTP_INTERNAL_SERVER_ERROR;
}
