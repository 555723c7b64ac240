/* mod_mcp_dcr: the door for strangers. A virtual host with MCPIssuer is an OAuth authorization server
 * (RFC 6749, 7591, 7636, 8414, 8707, 9207) whose users are whoever httpd authenticates on /authorize.
 *
 * This file holds the directives, the hooks and the wiring; every decision is made in lib/oauth. */
#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <apr_optional.h>
#include <apr_strings.h>
#include "mcp/clients.h"
#include "mcp/httpd.h"
#include "mcp/keyring.h"
#include "mcp/login.h"
#include "mcp/revocation.h"
#include "mcp/state.h"
#include "mcp/text.h"
#include "mcp/url.h"

APLOG_USE_MODULE(mcp_dcr);
extern __attribute__((visibility("default"))) module AP_MODULE_DECLARE_DATA mcp_dcr_module;

enum {
    ACCESS_TTL = 600, REFRESH_TTL = 86400, CLIENT_TTL = 30 * 86400, CODE_TTL = 60,
    BODY_MAX = 64 * 1024
};

typedef struct {
    const char *issuer, *path;
    apr_array_header_t *key_files;          /* of const char *; NULL: one is made */
    apr_array_header_t *introspectors;      /* of mcp_introspector; NULL: none */
    const server_rec *owner;                /* where MCPIssuer is written: it is never inherited */
    const char *store_spec, *audit_target;  /* server-wide */
    apr_array_header_t *scopes;             /* of mcp_scope */
    apr_int64_t access_ttl, refresh_ttl, refresh_idle, client_ttl;  /* 0: unset */
    int refresh;                            /* mcp_refresh_policy; -1: unset */
    mcp_clients clients;
    mcp_as *as;                             /* built at post_config */
    mcp_audit *audit;
    mcp_self_issuer self;
} dcr_server;

/* One store for a process, opened after the fork. */
static mcp_store process_store;
static int process_store_open;
static mcp_revocation_memory *process_memory;

static dcr_server *config_of(server_rec *s)
{
    return ap_get_module_config(s->module_config, &mcp_dcr_module);
}

/* The authorization server of this very virtual host, or NULL. One that holds no directive of ours shares the main
 * server's settings, but must not answer in its name: who logs in there is another matter. */
static dcr_server *issuer_on(server_rec *s)
{
    dcr_server *c = config_of(s);

    return c->owner == s ? c : NULL;
}

static void *create_server(apr_pool_t *p, server_rec *s)
{
    dcr_server *c = apr_pcalloc(p, sizeof *c);

    (void)s;
    c->scopes = apr_array_make(p, 4, sizeof(mcp_scope));
    c->refresh = -1;
    mcp_clients_init(&c->clients);
    return c;
}

static void *merge_server(apr_pool_t *p, void *base, void *add)
{
    dcr_server *c = apr_pmemdup(p, add, sizeof *c);
    const dcr_server *b = base;

    if (!c->key_files) c->key_files = b->key_files;
    if (!c->introspectors) c->introspectors = b->introspectors;
    if (!c->store_spec) c->store_spec = b->store_spec;
    if (!c->audit_target) c->audit_target = b->audit_target;
    if (!c->scopes->nelts) c->scopes = b->scopes;
    if (!c->access_ttl) c->access_ttl = b->access_ttl;
    if (!c->refresh_ttl) c->refresh_idle = b->refresh_idle;
    if (!c->refresh_ttl) c->refresh_ttl = b->refresh_ttl;
    if (c->refresh < 0) c->refresh = b->refresh;
    if (!c->client_ttl) c->client_ttl = b->client_ttl;
    mcp_clients_merge(&c->clients, &b->clients);
    return c;
}

/* ---- directives ---- */

static const char *without_slashes(apr_pool_t *p, const char *url)
{
    size_t len = strlen(url);

    while (len && url[len - 1] == '/') len--;
    return apr_pstrmemdup(p, url, len);
}

static const char *set_issuer(cmd_parms *cmd, void *dir, const char *value)
{
    dcr_server *c = config_of(cmd->server);
    mcp_ctx *ctx = mcp_httpd_server_ctx(cmd->pool, cmd->server, APLOG_MODULE_INDEX);
    mcp_url url;

    (void)dir;
    if (mcp_url_parse(ctx, value, &url)) return apr_psprintf(cmd->pool, "MCPIssuer: %s", ctx->detail);
    if (strcmp(url.scheme, "https") && !(!strcmp(url.scheme, "http") && mcp_url_is_loopback(&url)))
        return "MCPIssuer must be an https URL (plain http on loopback alone)";
    if (url.query || url.fragment || url.userinfo) return "MCPIssuer must have no query, fragment or user (RFC 8414 section 2)";
    if (value[strlen(value) - 1] == '/') return apr_psprintf(cmd->pool, "MCPIssuer must not end in a slash: write %s", without_slashes(cmd->pool, value));
    c->issuer = c->self.issuer = value;
    c->owner = cmd->server;
    c->path = url.path;
    return NULL;
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

static const char *read_seconds(cmd_parms *cmd, const char *value, apr_int64_t *out)
{
    char *end;

    *out = apr_strtoi64(value, &end, 10);
    if (!*end && *out >= 1 && *out <= 10LL * 365 * 86400) return NULL;
    return apr_psprintf(cmd->pool, "%s wants a number of seconds from 1 to ten years", cmd->cmd->name);
}

static const char *set_seconds(cmd_parms *cmd, void *dir, const char *value)
{
    (void)dir;
    return read_seconds(cmd, value, (apr_int64_t *)(void *)((char *)config_of(cmd->server) + (size_t)cmd->info));
}

static const char *set_refresh_ttl(cmd_parms *cmd, void *dir, const char *all, const char *idle)
{
    dcr_server *c = config_of(cmd->server);
    const char *err = read_seconds(cmd, all, &c->refresh_ttl);

    (void)dir;
    if (!err) err = read_seconds(cmd, idle ? idle : all, &c->refresh_idle);
    if (!err && c->refresh_idle > c->refresh_ttl) return "MCPRefreshTokenTTL: the seconds without use are more than those of the whole life";
    return err;
}

static const char *set_refresh(cmd_parms *cmd, void *dir, const char *value)
{
    static const struct {
        const char *name;
        mcp_refresh_policy policy;
    } policies[] = { { "off", MCP_REFRESH_OFF }, { "offline_access", MCP_REFRESH_ASKED }, { "registered", MCP_REFRESH_REGISTERED } };
    size_t i;

    (void)dir;
    for (i = 0; i < sizeof policies / sizeof *policies; i++) {
        if (strcasecmp(value, policies[i].name)) continue;
        config_of(cmd->server)->refresh = (int)policies[i].policy;
        return NULL;
    }
    return "MCPRefreshTokens is off, offline_access or registered";
}

static int is_scope_token(const char *name)
{
    const char *c;

    for (c = name; *c; c++)
        if (*c <= ' ' || *c > '~' || *c == '"' || *c == '\\') return 0;
    return *name != '\0';
}

static const char *set_scope(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    dcr_server *c = config_of(cmd->server);
    mcp_scope scope = { 0 };
    int i;

    (void)dir;
    if (argc < 2) return "MCPScope wants NAME \"what it allows\" [sensitive] [default] [machine]";
    if (!is_scope_token(argv[0])) return "MCPScope: a name may hold no blanks, quotes or backslashes (RFC 6749 section 3.3)";
    if (!strcmp(argv[0], "offline_access")) return "MCPScope: offline_access is no scope of a resource; MCPRefreshTokens says who gets refresh tokens";
    scope.name = argv[0];
    scope.text = argv[1];
    for (i = 2; i < argc; i++) {
        if (!strcasecmp(argv[i], "sensitive")) scope.sensitive = 1;
        else if (!strcasecmp(argv[i], "default")) scope.by_default = 1;
        else if (!strcasecmp(argv[i], "machine")) scope.machine = 1;
        else return apr_psprintf(cmd->pool, "MCPScope: %s is neither sensitive, default nor machine", argv[i]);
    }
    if (scope.sensitive && (scope.by_default || scope.machine)) return "MCPScope: a sensitive scope cannot be a default, nor be had without a user";
    for (i = 0; i < c->scopes->nelts; i++)
        if (!strcmp(APR_ARRAY_IDX(c->scopes, i, mcp_scope).name, scope.name))
            return apr_psprintf(cmd->pool, "MCPScope %s stands twice", scope.name);
    APR_ARRAY_PUSH(c->scopes, mcp_scope) = scope;
    return NULL;
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

#define AT(member) (void *)APR_OFFSETOF(dcr_server, member)
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

/* apply: judge the folder of the store and the keys, or make it. */
static int with_folder(apr_pool_t *p, server_rec *s, const dcr_server *c, mcp_state_folder_fn *apply)
{
    int embedded = mcp_state_is_embedded(c->store_spec);
    const char *wrong = embedded || !c->key_files ? mcp_state_folder(p, c->store_spec, apply) : NULL;

    if (!wrong) return OK;
    ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP060: %s: %s",
                 embedded ? "MCPStore" : "the folder of keys (none is needed with MCPSigningKey)", wrong);
    return HTTP_INTERNAL_SERVER_ERROR;
}

static const char *default_key_file(apr_pool_t *p, const dcr_server *c)
{
    return apr_pstrcat(p, mcp_state_dir(p, c->store_spec), "/signing-", mcp_text_fingerprint(p, c->issuer), ".pem", NULL);
}

static const char *default_scope(apr_pool_t *p, const apr_array_header_t *scopes)
{
    const char *all = "";
    int i;

    for (i = 0; i < scopes->nelts; i++)
        if (APR_ARRAY_IDX(scopes, i, mcp_scope).by_default)
            all = apr_pstrcat(p, all, *all ? " " : "", APR_ARRAY_IDX(scopes, i, mcp_scope).name, NULL);
    return all;
}

static mcp_rc build_as(mcp_ctx *ctx, apr_pool_t *p, server_rec *s, dcr_server *c)
{
    static const char *const none[] = { NULL };
    APR_OPTIONAL_FN_TYPE(mcp_toolauthz_resources) *resources = APR_RETRIEVE_OPTIONAL_FN(mcp_toolauthz_resources);
    mcp_as *as = apr_pcalloc(p, sizeof *as);
    mcp_rc rc;

    if ((rc = mcp_keyring_load(ctx, p, c->key_files, default_key_file(p, c), as))) return rc;
    as->issuer = c->issuer;
    as->path = c->path;
    as->store = &process_store;
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
    c->as = as;
    return MCP_OK;
}

static int declares(const dcr_server *c, const char *scope)
{
    int i;

    for (i = 0; i < c->scopes->nelts; i++)
        if (!strcmp(APR_ARRAY_IDX(c->scopes, i, mcp_scope).name, scope)) return 1;
    return 0;
}

static const char *declared(apr_pool_t *p, const dcr_server *c)
{
    const char *all = "";
    int i;

    for (i = 0; i < c->scopes->nelts; i++) all = apr_pstrcat(p, all, *all ? ", " : "", APR_ARRAY_IDX(c->scopes, i, mcp_scope).name, NULL);
    return all;
}

/* A rule that asks for a scope nobody can get is a mistake, and stops httpd at configtest. */
static int check_scopes(apr_pool_t *p, server_rec *s, const dcr_server *c)
{
    APR_OPTIONAL_FN_TYPE(mcp_toolauthz_scopes) *scopes = APR_RETRIEVE_OPTIONAL_FN(mcp_toolauthz_scopes);
    const char *const *scope;

    if (!c->scopes->nelts) {
        ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP062: MCPIssuer %s has no MCPScope; declare at least one", c->issuer);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    for (scope = scopes ? scopes(p, s) : NULL; scope && *scope; scope++) {
        if (declares(c, *scope)) continue;
        ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_NOERRNO, 0, s,
                     "MCP061: a section requires scope %s, but no MCPScope declares it; MCPIssuer %s declares %s: correct the Require mcp-scope line, "
                     "or add MCPScope %s \"what it allows\"", *scope, c->issuer, declared(p, c), *scope);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

/* A key that is still to be made is no fault. */
static int check_keys(apr_pool_t *p, server_rec *s, const dcr_server *c)
{
    mcp_ctx *ctx = mcp_httpd_server_ctx(p, s, APLOG_MODULE_INDEX);

    if (!mcp_keyring_check(ctx, p, c->key_files, default_key_file(p, c))) return OK;
    ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP063: MCPSigningKey: %s", ctx->detail);
    return HTTP_INTERNAL_SERVER_ERROR;
}

static int check_clients(apr_pool_t *p, server_rec *s, const dcr_server *c)
{
    mcp_ctx *ctx = mcp_httpd_server_ctx(p, s, APLOG_MODULE_INDEX);
    const char *wrong = mcp_clients_check(ctx, &c->clients, (const mcp_scope *)(void *)c->scopes->elts, c->scopes->nelts);

    if (!wrong) return OK;
    ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP080: MCPIssuer %s: %s", c->issuer, wrong);
    return HTTP_INTERNAL_SERVER_ERROR;
}

/* What works, but hardly as it is meant. */
static void warn(apr_pool_t *p, server_rec *s, const dcr_server *c)
{
    const char *path = apr_pstrcat(p, c->path, "/authorize", NULL);

    if (!mcp_login_is_expected(s, path))
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_NOERRNO, 0, s,
                     "MCP078: nobody logs in at %s, so no agent will get a token. For passwords in a file write: <Location \"%s\"> AuthType Basic, "
                     "AuthName \"Sign in to approve\", AuthBasicProvider file, AuthUserFile FILE, Require valid-user </Location>, each on a line of its own", path, path);
    if (!mcp_state_is_embedded(c->store_spec) && !c->key_files)
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_NOERRNO, 0, s,
                     "MCP079: MCPIssuer %s has no MCPSigningKey, and the store is for several hosts: each makes a key of its own in %s and refuses the "
                     "others' tokens. Name the same file on each", c->issuer, mcp_state_dir(p, c->store_spec));
}

/* Runs under apachectl configtest too, so it makes and changes nothing. */
static int check_config(apr_pool_t *p, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    server_rec *s;

    (void)p;
    (void)plog;
    for (s = main_server; s; s = s->next) {
        dcr_server *c = issuer_on(s);
        if (!c) continue;
        if (check_scopes(ptemp, s, c)) return HTTP_INTERNAL_SERVER_ERROR;
        if (with_folder(ptemp, s, c, mcp_store_folder_check)) return HTTP_INTERNAL_SERVER_ERROR;
        if (check_keys(ptemp, s, c)) return HTTP_INTERNAL_SERVER_ERROR;
        if (check_clients(ptemp, s, c)) return HTTP_INTERNAL_SERVER_ERROR;
        warn(ptemp, s, c);
    }
    return OK;
}

static int start_issuer(apr_pool_t *p, apr_pool_t *ptemp, server_rec *s, dcr_server *c)
{
    mcp_ctx *ctx = mcp_httpd_server_ctx(ptemp, s, APLOG_MODULE_INDEX);
    const char *err;

    if (build_as(ctx, p, s, c)) {
        ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP064: MCPIssuer %s: %s", c->issuer, ctx->detail);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (!(err = mcp_audit_open(p, c->audit_target, &c->audit))) return OK;
    ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP065: %s", err);
    return HTTP_INTERNAL_SERVER_ERROR;
}

/* The folder is made in the first of httpd's two passes, whose failures still reach the one who starts it. */
static int post_config(apr_pool_t *p, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    int rehearsal = ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG;
    server_rec *s;

    (void)plog;
    for (s = main_server; s; s = s->next) {
        dcr_server *c = issuer_on(s);
        if (!c) continue;
        if (with_folder(ptemp, s, c, mcp_store_folder_make)) return HTTP_INTERNAL_SERVER_ERROR;
        if (!rehearsal && start_issuer(p, ptemp, s, c)) return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

static void child_init(apr_pool_t *p, server_rec *s)
{
    mcp_ctx *ctx = mcp_httpd_server_ctx(p, s, APLOG_MODULE_INDEX);
    mcp_store *store;

    process_memory = mcp_revocation_remember(p);
    process_store_open = !mcp_state_open(ctx, p, config_of(s)->store_spec, &store);
    if (process_store_open) process_store = *store;
    else ap_log_error(APLOG_MARK, APLOG_ERR | APLOG_NOERRNO, 0, s, "MCP066: MCPStore: %s", ctx->detail);
}

/* ---- requests ---- */

typedef mcp_rc use_case(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out);

typedef struct {
    const char *path;       /* below the issuer's path; with a slash at the end: and one name behind it */
    const char *method;
    use_case *run;
    const char *event;      /* NULL: not a decision, no audit */
    unsigned for_browsers : 1;  /* scripts of any page may call it: no cookie and no login counts there */
} endpoint;

static const endpoint endpoints[] = {
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
static const char *name_behind(const endpoint *e, const char *path)
{
    size_t len = strlen(e->path);

    if (strncmp(path, e->path, len)) return NULL;
    if (!len || e->path[len - 1] != '/') return path[len] ? NULL : "";
    return path[len] && !strchr(path + len, '/') ? path + len : NULL;
}

/* The row for the request, or one of the same path with another method, or NULL. Paths are as httpd has normalised
 * them, for <Location> too: no spelling reaches a page past its login. */
static const endpoint *find_endpoint(request_rec *r, const mcp_as *as)
{
    static const endpoint metadata = { "", "GET", mcp_metadata, NULL, 1 };
    const char *path = r->parsed_uri.path ? r->parsed_uri.path : "";
    const char *method = r->header_only ? "GET" : r->method;
    size_t prefix = strlen(as->path);
    const endpoint *e, *other = NULL;

    if (is_metadata_path(r, as, path)) return &metadata;
    if (strncmp(path, as->path, prefix)) return NULL;
    for (e = endpoints; e->path; e++) {
        if (!name_behind(e, path + prefix)) continue;
        if (!strcmp(method, e->method)) return e;
        other = e;
    }
    return other;
}

static const endpoint *ours(request_rec *r)
{
    dcr_server *c = issuer_on(r->server);

    return c && c->as ? find_endpoint(r, c->as) : NULL;
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

static const char *methods_of(apr_pool_t *p, const endpoint *e)
{
    const char *all = "";
    const endpoint *one;

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

static int is_preflight(request_rec *r, const endpoint *e)
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

static mcp_rc serve(mcp_ctx *ctx, request_rec *r, const endpoint *e, mcp_out *out)
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
    if (*e->path) in.name = name_behind(e, r->parsed_uri.path + strlen(config_of(r->server)->as->path));
    if (e->event && !process_store_open) return mcp_fail(ctx, MCP_UNAVAILABLE, "the store is not open");
    if (!strcmp(e->path, "/authorize") && !in.user) {
        mcp_log(ctx, MCP_LOG_ERROR, "MCP041", "%s must be protected by AuthType and Require valid-user: nobody is logged in", r->uri);
        return mcp_fail(ctx, MCP_LOGIN_REQUIRED, "the administrator must protect this page with a login");
    }
    return e->run(ctx, config_of(r->server)->as, &in, out);
}

static int mcp_dcr_handler(request_rec *r)
{
    const endpoint *e = ours(r);
    mcp_out out = { 0 };
    mcp_ctx *ctx;
    mcp_rc rc;

    if (!e) return DECLINED;
    ctx = mcp_httpd_ctx(r, APLOG_MODULE_INDEX);
    rc = serve(ctx, r, e, &out);
    if (rc && !out.status) mcp_out_error(ctx, &out, rc);
    if (rc) mcp_log(ctx, rc == MCP_UNAVAILABLE || rc == MCP_INTERNAL ? MCP_LOG_ERROR : MCP_LOG_INFO, mcp_error_of(rc)->tag,
                    "%s refused: %s", e->event ? e->event : "request", *ctx->detail ? ctx->detail : mcp_error_of(rc)->sentence);
    if (e->event && !is_preflight(r, e)) {
        out.audit.event = e->event;
        if (!out.audit.user) out.audit.user = r->user;
        mcp_audit_write(r, config_of(r->server)->audit, &out.audit, NULL, rc ? "refused" : "allowed", rc, ctx->detail);
    }
    return mcp_reply(r, &out);
}

static const mcp_self_issuer *mcp_dcr_self(server_rec *s)
{
    const dcr_server *c = issuer_on(s);

    return c ? &c->self : NULL;
}

static mcp_rc mcp_dcr_not_revoked(mcp_ctx *ctx, server_rec *s, const mcp_token *token)
{
    const dcr_server *c = issuer_on(s);

    if (!c || !process_store_open) return mcp_fail(ctx, MCP_UNAVAILABLE, "the store is not open");
    return mcp_revocation_check_token(ctx, c->as, process_memory, token);
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
    STANDARD20_MODULE_STUFF, NULL, NULL, create_server, merge_server, directives, register_hooks, 0
};
