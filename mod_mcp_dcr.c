/* mod_mcp_dcr: the door for strangers. A virtual host with MCPIssuer is an OAuth authorization server
 * (RFC 6749, 7591, 7636, 8414, 8707, 9207) whose users are whoever httpd authenticates on /authorize.
 *
 * This file holds the directives, the hooks and the wiring; every decision is made in lib/oauth; lib/httpd knows the
 * settings of an issuer, starts it and walks a request through its endpoints. */
#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_request.h>
#include <apr_optional.h>
#include <apr_strings.h>
#include "mcp/endpoints.h"
#include "mcp/keyring.h"
#include "mcp/state.h"

APLOG_USE_MODULE(mcp_dcr);
extern __attribute__((visibility("default"))) module AP_MODULE_DECLARE_DATA mcp_dcr_module;

static mcp_issuer_process process;

static mcp_issuer_settings *config_of(server_rec *s)
{
    return ap_get_module_config(s->module_config, &mcp_dcr_module);
}

/* The authorization server of this very virtual host, or NULL. One that holds no directive of ours shares the main
 * server's settings, but must not answer in its name: who logs in there is another matter. */
static mcp_issuer_settings *issuer_on(server_rec *s)
{
    mcp_issuer_settings *c = config_of(s);

    return c->owner == s ? c : NULL;
}

/* ---- directives ---- */

static const char *set_issuer(cmd_parms *cmd, void *dir, const char *value)
{
    (void)dir;
    return mcp_issuer_set_name(cmd, config_of(cmd->server), value, APLOG_MODULE_INDEX);
}

static const char *set_store(cmd_parms *cmd, void *dir, const char *value)
{
    const char *err = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    (void)dir;
    if (!err) err = mcp_store_check(cmd->pool, value);
    config_of(cmd->server)->store_spec = value;
    return err;
}

static const char *set_keys(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    (void)dir;
    return mcp_keyring_set(cmd, argc, argv, &config_of(cmd->server)->key_files);
}

static const char *set_introspect(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    (void)dir;
    return mcp_keyring_add_introspector(cmd, argc, argv, &config_of(cmd->server)->introspectors);
}

static const char *set_audit(cmd_parms *cmd, void *dir, const char *value)
{
    (void)dir;
    config_of(cmd->server)->audit_target = value;
    return mcp_audit_check(cmd->pool, value);
}

static const char *set_seconds(cmd_parms *cmd, void *dir, const char *value)
{
    (void)dir;
    return mcp_issuer_set_seconds(cmd, value, (apr_int64_t *)(void *)((char *)config_of(cmd->server) + (size_t)cmd->info));
}

static const char *set_refresh_ttl(cmd_parms *cmd, void *dir, const char *all, const char *idle)
{
    (void)dir;
    return mcp_issuer_set_refresh_ttl(cmd, config_of(cmd->server), all, idle);
}

static const char *set_refresh(cmd_parms *cmd, void *dir, const char *value)
{
    (void)dir;
    return mcp_issuer_set_refresh(config_of(cmd->server), value);
}

static const char *set_scope(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    (void)dir;
    return mcp_issuer_add_scope(cmd, config_of(cmd->server), argc, argv);
}

static const char *set_registration(cmd_parms *cmd, void *dir, const char *value)
{
    (void)dir;
    return mcp_clients_set_registration(&config_of(cmd->server)->clients, value);
}

static const char *set_initial_access(cmd_parms *cmd, void *dir, const char *value)
{
    (void)dir;
    return mcp_clients_set_initial_access(cmd, &config_of(cmd->server)->clients, value);
}

static const char *set_dedupe(cmd_parms *cmd, void *dir, int on)
{
    (void)dir;
    config_of(cmd->server)->clients.dedupe = on != 0;
    return NULL;
}

static const char *set_statements(cmd_parms *cmd, void *dir, const char *issuer, const char *jwks)
{
    (void)dir;
    return mcp_clients_set_statements(cmd, &config_of(cmd->server)->clients, issuer, jwks);
}

static const char *set_max(cmd_parms *cmd, void *dir, const char *value)
{
    (void)dir;
    return mcp_clients_set_max(&config_of(cmd->server)->clients, value);
}

static const char *set_mode(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    (void)dir;
    return mcp_clients_set_mode(cmd, &config_of(cmd->server)->clients, argc, argv);
}

static const char *set_documents(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    (void)dir;
    return mcp_clients_set_documents(cmd, &config_of(cmd->server)->clients, argc, argv);
}

static const char *set_internal(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    (void)dir;
    return mcp_clients_set_internal(cmd, &config_of(cmd->server)->clients, argc, argv);
}

#define AT(member) (void *)APR_OFFSETOF(mcp_issuer_settings, member)
static const command_rec directives[] = {
    AP_INIT_TAKE1("MCPIssuer", set_issuer, NULL, RSRC_CONF, "URL: this virtual host is an authorization server of that name"),
    AP_INIT_TAKE1("MCPStore", set_store, NULL, RSRC_CONF, "lmdb:DIR or memcache:HOST:PORT[,...]: where clients and codes live"),
    AP_INIT_TAKE_ARGV("MCPSigningKey", set_keys, NULL, RSRC_CONF, "PEM files: the first signs, all are published and accepted; created beside the store if none is given"),
    AP_INIT_TAKE_ARGV("MCPIntrospect", set_introspect, NULL, RSRC_CONF, "NAME SECRET-FILE [RESOURCE...]: who may ask about tokens at /introspect"),
    AP_INIT_TAKE1("MCPAuditLog", set_audit, NULL, RSRC_CONF, "file or |program for one JSON line per decision"),
    AP_INIT_TAKE_ARGV("MCPScope", set_scope, NULL, RSRC_CONF, "NAME \"what it allows\" [sensitive] [default] [machine]"),
    AP_INIT_TAKE1("MCPRegistration", set_registration, NULL, RSRC_CONF, "open, token or off: who may register"),
    AP_INIT_TAKE1("MCPInitialAccessToken", set_initial_access, NULL, RSRC_CONF, "file with digests of the tokens that let register"),
    AP_INIT_FLAG("MCPRegistrationDedupe", set_dedupe, NULL, RSRC_CONF, "on: the same public client registered again from the same address is the same client"),
    AP_INIT_TAKE2("MCPSoftwareStatementIssuer", set_statements, NULL, RSRC_CONF, "ISSUER jwks=file:PATH: whose software statements count"),
    AP_INIT_TAKE1("MCPMaxClients", set_max, NULL, RSRC_CONF, "how many clients are kept; the oldest that no user approved gives way"),
    AP_INIT_TAKE_ARGV("MCPClientIdMode", set_mode, NULL, RSRC_CONF, "stored, or sealed [key=FILE] [not-before=SECONDS]"),
    AP_INIT_TAKE_ARGV("MCPClientIdDocuments", set_documents, NULL, RSRC_CONF, "on or off [allow=DOMAIN...] [deny=DOMAIN...] [redirects=origin]"),
    AP_INIT_TAKE_ARGV("MCPInternalHost", set_internal, NULL, RSRC_CONF, "HOST[:PORT] [ca=FILE]: documents of clients may be fetched there though its address is private"),
    AP_INIT_TAKE1("MCPAccessTokenTTL", set_seconds, AT(access_ttl), RSRC_CONF, "seconds an access token lives"),
    AP_INIT_TAKE1("MCPRefreshTokens", set_refresh, NULL, RSRC_CONF, "off, offline_access or registered: who gets refresh tokens"),
    AP_INIT_TAKE12("MCPRefreshTokenTTL", set_refresh_ttl, NULL, RSRC_CONF, "seconds that refresh tokens of one consent live [seconds without use]"),
    AP_INIT_TAKE1("MCPClientTTL", set_seconds, AT(client_ttl), RSRC_CONF, "seconds a registered client and its secret live"),
    { .name = NULL }
};

/* ---- start-up ---- */

/* Runs under apachectl configtest too, so it makes and changes nothing. */
static int check_config(apr_pool_t *p, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    server_rec *s;

    (void)p;
    (void)plog;
    for (s = main_server; s; s = s->next) {
        const mcp_issuer_settings *c = issuer_on(s);
        if (c && mcp_issuer_check(ptemp, s, c)) return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

/* The folder is made in the first of httpd's two passes, whose failures still reach the one who starts it. */
static int post_config(apr_pool_t *p, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    int rehearsal = ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG;
    server_rec *s;

    (void)plog;
    for (s = main_server; s; s = s->next) {
        mcp_issuer_settings *c = issuer_on(s);
        if (!c) continue;
        if (mcp_issuer_make_folder(ptemp, s, c)) return HTTP_INTERNAL_SERVER_ERROR;
        if (!rehearsal && mcp_issuer_start(p, ptemp, s, c, &process)) return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

static void child_init(apr_pool_t *p, server_rec *s)
{
    mcp_ctx *ctx = mcp_httpd_server_ctx(p, s, APLOG_MODULE_INDEX);
    mcp_store *store;

    process.memory = mcp_revocation_remember(p);
    process.store_is_open = !mcp_state_open(ctx, p, config_of(s)->store_spec, &store);
    if (process.store_is_open) process.store = *store;
    else ap_log_error(APLOG_MARK, APLOG_ERR | APLOG_NOERRNO, 0, s, "MCP066: MCPStore: %s", ctx->detail);
}

/* ---- requests ---- */

static const mcp_endpoint *ours(request_rec *r)
{
    const mcp_issuer_settings *c = issuer_on(r->server);

    return c && c->as ? mcp_endpoint_find(r, c->as) : NULL;
}

/* Keeps proxies, aliases and the file system away from our paths; <Location> still applies. */
static int claim_uri(request_rec *r)
{
    if (!ours(r)) return DECLINED;
    r->filename = apr_pstrdup(r->pool, r->uri);
    return OK;
}

static int claim_storage(request_rec *r)
{
    return ours(r) ? OK : DECLINED;
}

static int mcp_dcr_handler(request_rec *r)
{
    const mcp_endpoint *e = ours(r);

    return e ? mcp_endpoint_serve(r, e, config_of(r->server)) : DECLINED;
}

static const mcp_self_issuer *mcp_dcr_self(server_rec *s)
{
    const mcp_issuer_settings *c = issuer_on(s);

    return c ? &c->self : NULL;
}

static mcp_rc mcp_dcr_not_revoked(mcp_ctx *ctx, server_rec *s, const mcp_token *token)
{
    const mcp_issuer_settings *c = issuer_on(s);

    if (!c || !process.store_is_open) return mcp_fail(ctx, MCP_UNAVAILABLE, "the store is not open");
    return mcp_revocation_check_token(ctx, c->as, process.memory, token);
}

static void register_hooks(apr_pool_t *p)
{
    static const char *const after_toolauthz[] = { "mod_mcp_toolauthz.c", NULL };

    (void)p;
    APR_REGISTER_OPTIONAL_FN(mcp_dcr_self);
    APR_REGISTER_OPTIONAL_FN(mcp_dcr_handler);
    APR_REGISTER_OPTIONAL_FN(mcp_dcr_not_revoked);
    ap_hook_check_config(check_config, after_toolauthz, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(post_config, after_toolauthz, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_translate_name(claim_uri, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_map_to_storage(claim_storage, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(mcp_dcr_handler, NULL, NULL, APR_HOOK_FIRST);
}

module AP_MODULE_DECLARE_DATA mcp_dcr_module = {
    STANDARD20_MODULE_STUFF, NULL, NULL, mcp_issuer_create, mcp_issuer_merge, directives, register_hooks, 0
};
