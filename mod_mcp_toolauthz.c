/* mod_mcp_toolauthz: the guard at the tools. In a <Location> with MCPToolAuthz On every request is an MCP
 * message: its token is verified, its body scanned, and it reaches the backend only if the rules of the
 * section that the message belongs to grant it. Rules are httpd's own Require lines.
 *
 * This file holds the directives, the hooks and the wiring; what a message says is decided in lib/rpc, what a
 * token says in lib/token; lib/httpd knows the sections and locations and walks a request through all of it. */
#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <apr_optional.h>
#include <apr_strings.h>
#include "mcp/admit.h"
#include "mcp/answer.h"
#include "mcp/backend.h"
#include "mcp/trust.h"
#include "mcp/state.h"
#include "mcp/url.h"
#include "mcp/verdict.h"

APLOG_USE_MODULE(mcp_toolauthz);
extern __attribute__((visibility("default"))) module AP_MODULE_DECLARE_DATA mcp_toolauthz_module;

enum { DEPTH_LIMIT = 10000 };

#define AT(member) (void *)APR_OFFSETOF(mcp_location, member)

static mcp_locations *server_of(server_rec *s)
{
    return ap_get_module_config(s->module_config, &mcp_toolauthz_module);
}

static mcp_location *dir_of(request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &mcp_toolauthz_module);
}

/* ---- directives ---- */

static const char *enter(cmd_parms *cmd, mcp_location *location)
{
    return mcp_location_enter(cmd, location, server_of(cmd->server));
}

static const char *set_mode(cmd_parms *cmd, void *dir, const char *value)
{
    mcp_location *d = dir;
    const char *err;

    if ((err = enter(cmd, d))) return err;
    if (*cmd->path != '/') return "MCPToolAuthz stands in the <Location> itself";
    if (!strcasecmp(value, "on")) d->mode = MCP_MODE_ON;
    else if (!strcasecmp(value, "off")) d->mode = MCP_MODE_OFF;
    else if (!strcasecmp(value, "report")) d->mode = MCP_MODE_REPORT;
    else return "MCPToolAuthz is On, Off or Report";
    if (d->mode != MCP_MODE_OFF && !d->where) {
        d->where = apr_pcalloc(cmd->pool, sizeof *d->where);
        d->where->server = cmd->server;
        d->where->path = cmd->path;
        APR_ARRAY_PUSH(server_of(cmd->server)->gated, mcp_location *) = d;
    }
    return NULL;
}

static const char *set_resource(cmd_parms *cmd, void *dir, const char *value)
{
    mcp_ctx *ctx = mcp_httpd_server_ctx(cmd->pool, cmd->server, APLOG_MODULE_INDEX);
    const char *err;
    mcp_url url;

    if ((err = enter(cmd, dir))) return err;
    if (mcp_url_parse(ctx, value, &url)) return apr_psprintf(cmd->pool, "MCPResource: %s", ctx->detail);
    if ((strcmp(url.scheme, "https") && strcmp(url.scheme, "http")) || url.fragment || url.query || url.userinfo)
        return "MCPResource is an http(s) URL without query, fragment or user (RFC 8707)";
    ((mcp_location *)dir)->resource = value;
    return NULL;
}

static const char *set_trust(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    const char *err = enter(cmd, dir);

    return err ? err : mcp_trust_parse(cmd, argc, argv, &((mcp_location *)dir)->trusts);
}

static const char *open_section(cmd_parms *cmd, void *dir, const char *args)
{
    const char *err = enter(cmd, dir);

    return err ? err : mcp_section_open(cmd, args, (apr_array_header_t **)(void *)((char *)dir + (size_t)cmd->info));
}

static const char *set_unlisted(cmd_parms *cmd, void *dir, const char *value)
{
    const char *err = enter(cmd, dir);

    if (err) return err;
    if (strcasecmp(value, "deny") && strcasecmp(value, "allow")) return "MCPUnlisted is deny or allow";
    ((mcp_location *)dir)->unlisted_allow = !strcasecmp(value, "allow");
    return NULL;
}

static const char *set_number(cmd_parms *cmd, void *dir, const char *value)
{
    const char *err = enter(cmd, dir);
    char *end;
    apr_int64_t n = apr_strtoi64(value, &end, 10), most = cmd->info == AT(max_depth) ? DEPTH_LIMIT : 1024 * 1024 * 1024;

    if (err) return err;
    if (*end || n < 1 || n > most) return apr_psprintf(cmd->pool, "%s wants a whole number from 1 to %" APR_INT64_T_FMT, cmd->cmd->name, most);
    *(apr_int64_t *)(void *)((char *)dir + (size_t)cmd->info) = n;
    return NULL;
}

static const char *add_origin(cmd_parms *cmd, void *dir, const char *value)
{
    mcp_location *d = dir;
    mcp_ctx *ctx = mcp_httpd_server_ctx(cmd->pool, cmd->server, APLOG_MODULE_INDEX);
    const char *err;
    mcp_url url;

    if ((err = enter(cmd, d))) return err;
    if (mcp_url_parse(ctx, value, &url) || *url.path || strcmp(mcp_url_origin(cmd->pool, &url), value))
        return apr_psprintf(cmd->pool, "MCPAllowOrigin: %s is no origin; write scheme://host[:port]", value);
    if (!d->origins) d->origins = apr_array_make(cmd->pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(d->origins, const char *) = value;
    APR_ARRAY_PUSH(d->origins, const char *) = NULL;    /* ends the list, and the next origin takes its place */
    apr_array_pop(d->origins);
    return NULL;
}

static const char *set_audit(cmd_parms *cmd, void *dir, const char *value)
{
    (void)dir;
    server_of(cmd->server)->audit_target = value;
    return mcp_audit_check(cmd->pool, value);
}

/* mod_mcp_dcr reads it too. */
static const char *set_store(cmd_parms *cmd, void *dir, const char *value)
{
    const char *err = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    (void)dir;
    server_of(cmd->server)->store_spec = value;
    return err ? err : mcp_store_check(cmd->pool, value);
}

static const char *set_pins(cmd_parms *cmd, void *dir, const char *value)
{
    mcp_location *d = dir;
    const char *err = enter(cmd, d);

    if (err) return err;
    if (!strcasecmp(value, "off")) d->pins = MCP_PIN_OFF;
    else if (!strcasecmp(value, "learn")) d->pins = MCP_PIN_LEARN;
    else if (!strcasecmp(value, "enforce")) d->pins = MCP_PIN_ENFORCE;
    else return "MCPPinTools is off, learn or enforce";
    server_of(cmd->server)->needs_store |= d->pins == MCP_PIN_ENFORCE;
    return NULL;
}

static const char *set_rate(cmd_parms *cmd, void *dir, const char *limit, const char *per)
{
    const char *err = enter(cmd, dir);
    mcp_rate *rate = apr_palloc(cmd->pool, sizeof *rate);

    if (!strncasecmp(cmd->directive->parent->directive, "<MCP", 4) && strcasecmp(cmd->directive->parent->directive, "<MCPTool"))
        return "MCPToolRate counts calls of tools: it stands in the <Location> or in <MCPTool>";
    if (!err) err = mcp_rate_parse(cmd->pool, limit, per, rate);
    if (err) return apr_pstrcat(cmd->pool, "MCPToolRate: ", err, NULL);
    ((mcp_location *)dir)->rate = rate;
    server_of(cmd->server)->needs_store = 1;
    return NULL;
}

static const char *set_binding(cmd_parms *cmd, void *dir, const char *value)
{
    const char *err = enter(cmd, dir);

    if (err) return err;
    if (strcasecmp(value, "required") && strcasecmp(value, "optional")) return "MCPTokenBinding is required or optional";
    ((mcp_location *)dir)->binding_required = !strcasecmp(value, "required");
    return NULL;
}

static const char *set_identity(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    const char *err = enter(cmd, dir);

    return err ? err : mcp_identity_parse(cmd, argc, argv, &((mcp_location *)dir)->identity);
}

static const char *set_session_key(cmd_parms *cmd, void *dir, const char *value)
{
    (void)dir;
    return mcp_session_key_read(cmd, value, &server_of(cmd->server)->session_key);
}

static const char *add_implied(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    mcp_implied line = { argv[0], NULL };
    int i;

    (void)dir;
    if (argc < 2) return "MCPScopeImplies wants the broad scope and then those that it holds";
    line.narrow = apr_array_make(cmd->pool, argc, sizeof(const char *));
    for (i = 1; i < argc; i++) {
        if (!strcmp(argv[i], argv[0])) return "MCPScopeImplies: a scope holds itself already";
        APR_ARRAY_PUSH(line.narrow, const char *) = argv[i];
    }
    APR_ARRAY_PUSH(server_of(cmd->server)->implies, mcp_implied) = line;
    return NULL;
}

static const command_rec directives[] = {
    AP_INIT_TAKE1("MCPToolAuthz", set_mode, NULL, ACCESS_CONF, "On, Off or Report"),
    AP_INIT_TAKE1("MCPResource", set_resource, NULL, ACCESS_CONF, "URL: the resource identifier and required audience"),
    AP_INIT_TAKE_ARGV("MCPTrustIssuer", set_trust, NULL, ACCESS_CONF, "ISSUER [jwks=URL|file:PATH] [alg=A,B] [ca=FILE], ISSUER introspect=URL client=ID secret=file:PATH, or self"),
    AP_INIT_RAW_ARGS("<MCPTool", open_section, AT(sections[MCP_SUBJECT_TOOL]), ACCESS_CONF, "NAME...: who may call these tools"),
    AP_INIT_RAW_ARGS("<MCPPrompt", open_section, AT(sections[MCP_SUBJECT_PROMPT]), ACCESS_CONF, "NAME...: who may get these prompts"),
    AP_INIT_RAW_ARGS("<MCPResourceURI", open_section, AT(sections[MCP_SUBJECT_RESOURCE]), ACCESS_CONF, "URI...: who may read these resources"),
    AP_INIT_RAW_ARGS("<MCPMethod", open_section, AT(sections[MCP_SUBJECT_METHOD]), ACCESS_CONF, "NAME...: who may send these methods"),
    AP_INIT_TAKE1("MCPUnlisted", set_unlisted, NULL, ACCESS_CONF, "deny or allow: tools without a section"),
    AP_INIT_TAKE1("MCPMaxBody", set_number, AT(max_body), ACCESS_CONF, "bytes a message may have"),
    AP_INIT_TAKE1("MCPMaxDepth", set_number, AT(max_depth), ACCESS_CONF, "containers a message may nest"),
    AP_INIT_ITERATE("MCPAllowOrigin", add_origin, NULL, ACCESS_CONF, "browser origins that may send messages"),
    AP_INIT_TAKE1("MCPPinTools", set_pins, NULL, ACCESS_CONF, "off, learn or enforce: tools stay what they were when they were accepted"),
    AP_INIT_TAKE12("MCPToolRate", set_rate, NULL, ACCESS_CONF, "CALLS/SECONDS [caller|user|client|all]: how often a tool may be called"),
    AP_INIT_TAKE1("MCPTokenBinding", set_binding, NULL, ACCESS_CONF, "required or optional: tokens bound to a key (DPoP, client certificate)"),
    AP_INIT_TAKE_ARGV("MCPBackendIdentity", set_identity, NULL, ACCESS_CONF, "off, headers, or assertion KEYFILE AUDIENCE: who is calling, for the backend"),
    AP_INIT_TAKE1("MCPStore", set_store, NULL, RSRC_CONF, "lmdb:DIR or memcache:HOST:PORT[,...]: where calls are counted and tools remembered"),
    AP_INIT_TAKE_ARGV("MCPScopeImplies", add_implied, NULL, RSRC_CONF, "BROAD NARROW...: who has the broad scope has the narrow ones too"),
    AP_INIT_TAKE1("MCPSessionKey", set_session_key, NULL, RSRC_CONF, "file: a secret that hosts of one MCP server share"),
    AP_INIT_TAKE1("MCPAuditLog", set_audit, NULL, RSRC_CONF, "file or |program for one JSON line per decision"),
    { .name = NULL }
};

/* ---- the request ---- */

static int document(request_rec *r)
{
    const mcp_location *location = mcp_protected_find(server_of(r->server), r);

    return location ? mcp_protected_serve(mcp_httpd_ctx(r, APLOG_MODULE_INDEX), r, server_of(r->server), location) : DECLINED;
}

/* What strangers must be able to read though the gate's location holds it: our own document, the authorization server. */
static int answer_strangers(request_rec *r)
{
    APR_OPTIONAL_FN_TYPE(mcp_dcr_handler) *dcr = APR_RETRIEVE_OPTIONAL_FN(mcp_dcr_handler);
    int status = document(r);

    return status == DECLINED && dcr ? dcr(r) : status;
}

static int gate(request_rec *r)
{
    const mcp_location *d = dir_of(r);
    mcp_judged *j;
    mcp_ctx *ctx;
    mcp_rc rc;
    int status;

    if (d->mode != MCP_MODE_ON && d->mode != MCP_MODE_REPORT) return DECLINED;
    if ((status = answer_strangers(r)) != DECLINED) return status;
    mcp_backend_take_back(r);
    ctx = mcp_httpd_ctx(r, APLOG_MODULE_INDEX);
    j = mcp_judged_create(r, d, server_of(r->server));
    rc = mcp_admit(ctx, r, j);
    /* Report lets a verdict of the rules pass, never a message that was not understood. */
    if (!rc || (d->mode == MCP_MODE_REPORT && mcp_verdict_is_of_rules(rc))) {
        mcp_verdict_audit(ctx, r, j, rc ? "reported" : "allowed", rc);
        if (!(rc = mcp_backend_hand_over(ctx, r, j))) return DECLINED;
    }
    mcp_verdict_audit(ctx, r, j, "refused", rc);
    return mcp_verdict_refuse(ctx, r, j, rc);
}

static int claim_uri(request_rec *r)
{
    if (!mcp_protected_find(server_of(r->server), r)) return DECLINED;
    r->filename = apr_pstrdup(r->pool, r->uri);
    return OK;
}

static int claim_storage(request_rec *r)
{
    return mcp_protected_find(server_of(r->server), r) ? OK : DECLINED;
}

/* ---- start-up ---- */

/* apply: judge the store's folder, or make it. */
static int with_folder(apr_pool_t *p, server_rec *s, mcp_state_folder_fn *apply)
{
    const char *spec = server_of(s)->store_spec, *wrong;

    if (!spec || !mcp_state_is_embedded(spec) || !(wrong = mcp_state_folder(p, spec, apply))) return OK;
    ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP060: MCPStore: %s", wrong);
    return HTTP_INTERNAL_SERVER_ERROR;
}

static int check_config(apr_pool_t *p, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    server_rec *s;
    int i;

    (void)plog;
    (void)ptemp;
    for (s = main_server; s; s = s->next)
        for (i = 0; i < server_of(s)->gated->nelts; i++)
            if (mcp_location_settle(p, APR_ARRAY_IDX(server_of(s)->gated, i, mcp_location *), APLOG_MODULE_INDEX)) return HTTP_INTERNAL_SERVER_ERROR;
    for (s = main_server; s; s = s->next)
        if (mcp_locations_check(s, server_of(s), server_of(main_server))) return HTTP_INTERNAL_SERVER_ERROR;
    return with_folder(ptemp, main_server, mcp_store_folder_check);
}

static int post_config(apr_pool_t *p, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    server_rec *s;
    const char *err;

    (void)plog;
    (void)ptemp;
    if (with_folder(ptemp, main_server, mcp_store_folder_make)) return HTTP_INTERNAL_SERVER_ERROR;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) return OK;
    for (s = main_server; s; s = s->next) {
        mcp_locations *c = server_of(s);
        if (!c->session_key && !(c->session_key = mcp_session_key_made(main_server))) return HTTP_INTERNAL_SERVER_ERROR;
        if (c->audit || (!c->gated->nelts && !server_of(main_server)->gated->nelts)) continue;
        if (!(err = mcp_audit_open(p, c->audit_target, &c->audit))) continue;
        ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP065: %s", err);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

static void child_init(apr_pool_t *p, server_rec *s)
{
    mcp_ctx *ctx = mcp_httpd_server_ctx(p, s, APLOG_MODULE_INDEX);
    const char *spec = server_of(s)->store_spec;
    mcp_store *store = NULL;

    mcp_trust_child_init(p, s, APLOG_MODULE_INDEX);
    if (!spec) return;
    if (mcp_state_open(ctx, p, spec, &store)) ap_log_error(APLOG_MARK, APLOG_ERR | APLOG_NOERRNO, 0, s, "MCP066: MCPStore: %s", ctx->detail);
    for (; s; s = s->next) server_of(s)->store = store;
}

static const char *const *mcp_toolauthz_resources(apr_pool_t *p, server_rec *s)
{
    const apr_array_header_t *dirs = server_of(s)->gated;
    apr_array_header_t *list = apr_array_make(p, 2, sizeof(const char *));
    int i;

    for (i = 0; i < dirs->nelts; i++) APR_ARRAY_PUSH(list, const char *) = APR_ARRAY_IDX(dirs, i, mcp_location *)->where->resource;
    return mcp_words_once(p, list);
}

static const char *const *mcp_toolauthz_scopes(apr_pool_t *p, server_rec *s)
{
    static const char *const none[] = { NULL };
    const mcp_locations *c = server_of(s);
    int i;

    for (i = 0; i < c->gated->nelts; i++)
        if (mcp_trust_has_self(APR_ARRAY_IDX(c->gated, i, mcp_location *)->trusts)) return mcp_words_once(p, c->scopes);
    return none;
}

static void register_hooks(apr_pool_t *p)
{
    APR_REGISTER_OPTIONAL_FN(mcp_toolauthz_resources);
    APR_REGISTER_OPTIONAL_FN(mcp_toolauthz_scopes);
    mcp_require_register(p, &mcp_toolauthz_module);
    mcp_body_register();
    mcp_answer_register();
    ap_hook_check_config(check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_translate_name(claim_uri, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_map_to_storage(claim_storage, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(gate, NULL, NULL, APR_HOOK_REALLY_FIRST - 10);  /* before mod_cache too */
    ap_hook_handler(document, NULL, NULL, APR_HOOK_FIRST);
}

module AP_MODULE_DECLARE_DATA mcp_toolauthz_module = {
    STANDARD20_MODULE_STUFF, mcp_location_create, mcp_location_merge, mcp_locations_create, mcp_locations_merge, directives, register_hooks, 0
};
