/* mod_mcp_toolauthz: the guard at the tools. In a <Location> with MCPToolAuthz On every request is an MCP
 * message: its token is verified, its body scanned, and it reaches the backend only if the rules of the
 * section that the message belongs to grant it. Rules are httpd's own Require lines.
 *
 * This file holds the directives, the hooks and the wiring; what a message says is decided in lib/rpc, what a
 * token says in lib/token, which sections and locations there are in lib/httpd. */
#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_auth.h>
#include <apr_optional.h>
#include <apr_strings.h>
#include "mcp/gate.h"
#include "mcp/location.h"
#include "mcp/text.h"
#include "mcp/trust.h"
#include "mcp/url.h"

APLOG_USE_MODULE(mcp_toolauthz);
extern __attribute__((visibility("default"))) module AP_MODULE_DECLARE_DATA mcp_toolauthz_module;

enum { MAX_BODY = 4 * 1024 * 1024, MAX_DEPTH = 64, DEPTH_LIMIT = 10000 };

/* What is known of the request while it is judged; the Require providers read it. */
typedef struct {
    mcp_token token;
    mcp_message message;
    const char *authorization;      /* the header that was taken off */
    apr_bucket_brigade *body;       /* what the handler has not read yet */
    int assume_scopes;              /* second look: would it pass with more scope? */
    apr_array_header_t *wanted;     /* scopes met in the second look */
} judged;

#define AT(member) (void *)APR_OFFSETOF(mcp_location, member)

static mcp_locations *server_of(server_rec *s)
{
    return ap_get_module_config(s->module_config, &mcp_toolauthz_module);
}

static mcp_location *dir_of(request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &mcp_toolauthz_module);
}

static judged *judged_of(request_rec *r)
{
    return ap_get_module_config(r->request_config, &mcp_toolauthz_module);
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

static const command_rec directives[] = {
    AP_INIT_TAKE1("MCPToolAuthz", set_mode, NULL, ACCESS_CONF, "On, Off or Report"),
    AP_INIT_TAKE1("MCPResource", set_resource, NULL, ACCESS_CONF, "URL: the resource identifier and required audience"),
    AP_INIT_TAKE_ARGV("MCPTrustIssuer", set_trust, NULL, ACCESS_CONF, "ISSUER jwks=URL|file:PATH [alg=A,B] [ca=FILE], or self"),
    AP_INIT_RAW_ARGS("<MCPTool", open_section, AT(tools), ACCESS_CONF, "NAME...: who may call these tools"),
    AP_INIT_RAW_ARGS("<MCPMethod", open_section, AT(methods), ACCESS_CONF, "NAME...: who may send these methods"),
    AP_INIT_TAKE1("MCPUnlisted", set_unlisted, NULL, ACCESS_CONF, "deny or allow: tools without a section"),
    AP_INIT_TAKE1("MCPMaxBody", set_number, AT(max_body), ACCESS_CONF, "bytes a message may have"),
    AP_INIT_TAKE1("MCPMaxDepth", set_number, AT(max_depth), ACCESS_CONF, "containers a message may nest"),
    AP_INIT_ITERATE("MCPAllowOrigin", add_origin, NULL, ACCESS_CONF, "browser origins that may send messages"),
    AP_INIT_TAKE1("MCPAuditLog", set_audit, NULL, RSRC_CONF, "file or |program for one JSON line per decision"),
    { .name = NULL }
};

/* ---- Require mcp-scope ---- */

typedef struct {
    apr_array_header_t *scopes;     /* of const char * */
    int negated;                    /* stands under an odd number of negations */
} scope_line;

static int is_negated(cmd_parms *cmd)
{
    const ap_directive_t *d;
    int negations = !strncasecmp(cmd->directive->args, "not ", 4);

    for (d = cmd->directive->parent; d; d = d->parent)
        if (!strcasecmp(d->directive, "<RequireNone")) negations++;
    return negations & 1;
}

static const char *parse_scope(cmd_parms *cmd, const char *args, const void **parsed)
{
    scope_line *line = apr_pcalloc(cmd->pool, sizeof *line);
    const char *word;

    line->scopes = apr_array_make(cmd->pool, 2, sizeof(const char *));
    line->negated = is_negated(cmd);
    while (*args) {
        word = ap_getword_conf(cmd->pool, &args);
        if (!*word) break;
        APR_ARRAY_PUSH(line->scopes, const char *) = word;
        APR_ARRAY_PUSH(server_of(cmd->server)->scopes, const char *) = word;
    }
    if (!line->scopes->nelts) return "Require mcp-scope wants at least one scope name";
    *parsed = line;
    return NULL;
}

static authz_status check_scope(request_rec *r, const char *args, const void *parsed)
{
    const scope_line *line = parsed;
    judged *j = judged_of(r);
    int i, holds = 1;

    (void)args;
    if (!j || !line) return AUTHZ_DENIED;
    for (i = 0; i < line->scopes->nelts; i++)
        if (!mcp_text_has_word(j->token.scope, APR_ARRAY_IDX(line->scopes, i, const char *))) holds = 0;
    if (j->assume_scopes && !line->negated) {
        apr_array_cat(j->wanted, line->scopes);
        return AUTHZ_GRANTED;
    }
    return holds ? AUTHZ_GRANTED : AUTHZ_DENIED;
}

static const authz_provider scope_provider = { check_scope, parse_scope };

/* ---- judging ---- */

/* Denied: were scopes alone missing? Then the caller may ask for more. */
static mcp_rc refuse(mcp_ctx *ctx, request_rec *r, judged *j, const mcp_section *s)
{
    int grants;

    j->assume_scopes = 1;
    grants = mcp_section_grants(r, s);
    j->assume_scopes = 0;
    if (grants && j->wanted->nelts) return mcp_fail(ctx, MCP_MISSING_SCOPE, "needs scope %s", apr_array_pstrcat(r->pool, j->wanted, ' '));
    return mcp_fail(ctx, MCP_FORBIDDEN, "the rules do not grant it");
}

static mcp_rc judge_section(mcp_ctx *ctx, request_rec *r, judged *j, const mcp_section *s)
{
    return mcp_section_grants(r, s) ? MCP_OK : refuse(ctx, r, j, s);
}

static mcp_rc judge_message(mcp_ctx *ctx, request_rec *r, const mcp_location *d, judged *j)
{
    const mcp_section *s;

    switch (mcp_gate_judge(&j->message)) {
    case MCP_JUDGE_TOKEN:
        s = j->message.method ? mcp_section_find(d->methods, j->message.method) : NULL;
        return s ? judge_section(ctx, r, j, s) : MCP_OK;
    case MCP_JUDGE_TOOL:
        if (!j->message.name) return mcp_fail(ctx, MCP_BAD_PARAMS, "tools/call has no name");
        if (mcp_section_is_imitated(d->tools, j->message.name))
            return mcp_fail(ctx, MCP_FORBIDDEN, "a section's tool but for case or blanks; if it is a tool, give it a section");
        if ((s = mcp_section_find(d->tools, j->message.name))) return judge_section(ctx, r, j, s);
        return d->unlisted_allow == 1 ? MCP_OK : mcp_fail(ctx, MCP_FORBIDDEN, "no section names this tool");
    case MCP_JUDGE_METHOD:
        s = j->message.method ? mcp_section_find(d->methods, j->message.method) : NULL;
        return s ? judge_section(ctx, r, j, s) : mcp_fail(ctx, MCP_METHOD_DENIED, "no <MCPMethod> section opens this method");
    }
    return mcp_fail(ctx, MCP_FORBIDDEN, "unknown kind of message");
}

/* ---- the request ---- */

static mcp_rc feed(void *scanner, const char *bytes, size_t len)
{
    return mcp_envelope_feed(scanner, bytes, len);
}

static mcp_rc scan_body(mcp_ctx *ctx, request_rec *r, const mcp_location *d, judged *j)
{
    mcp_envelope_rules rules = { (size_t)(d->max_body ? d->max_body : MAX_BODY),
                                 (unsigned)(d->max_depth ? d->max_depth : MAX_DEPTH) };
    mcp_envelope *scanner = mcp_envelope_begin(ctx, &rules);
    mcp_rc rc = mcp_body_read(ctx, r, feed, scanner, &j->body), ended = mcp_envelope_end(scanner, &j->message);

    if (rc || ended) return rc ? rc : ended;
    mcp_body_replay(r, j->body);
    return MCP_OK;
}

static int has_body(request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");

    return apr_table_get(r->headers_in, "Transfer-Encoding") || (length && strcmp(length, "0"));
}

static int is_known_origin(request_rec *r, const mcp_location *d)
{
    const char *const own[] = { d->where->origin, NULL };

    return mcp_gate_origin(r->headers_in, own) || (d->origins && mcp_gate_origin(r->headers_in, (const char *const *)(void *)d->origins->elts));
}

/* Everything that must hold before the backend hears of the request, in order. */
static mcp_rc admit(mcp_ctx *ctx, request_rec *r, const mcp_location *d, judged *j)
{
    const apr_table_t *headers;
    mcp_rc rc;

    if (!is_known_origin(r, d))
        return mcp_fail(ctx, MCP_BAD_ORIGIN, "add MCPAllowOrigin for it if it is yours");
    if ((rc = mcp_gate_headers(ctx, r->method, r->headers_in, has_body(r)))) return rc;
    if ((rc = mcp_trust_verify(ctx, r, d->trusts, d->where->resource, &j->token))) return rc;
    r->user = apr_pstrdup(r->pool, j->token.sub);
    r->ap_auth_type = apr_pstrdup(r->pool, "Bearer");
    if (strcmp(r->method, "POST")) return MCP_OK;
    headers = r->headers_in;
    if ((rc = scan_body(ctx, r, d, j))) return rc;
    /* MergeTrailers: what came behind the body stands among the headers now. */
    if (r->headers_in != headers && (rc = mcp_gate_headers(ctx, r->method, r->headers_in, 1))) return rc;
    if ((rc = mcp_gate_agree(ctx, r->headers_in, &j->message))) return rc;
    return judge_message(ctx, r, d, j);
}

/* All scopes at once, with those the token has: clients that do not accumulate would lose them. */
static const char *challenge_scopes(request_rec *r, const judged *j)
{
    const char *all = j->token.scope ? j->token.scope : "", *scope;
    int i;

    for (i = 0; i < j->wanted->nelts; i++) {
        scope = APR_ARRAY_IDX(j->wanted, i, const char *);
        if (!mcp_text_has_word(all, scope)) all = apr_pstrcat(r->pool, all, *all ? " " : "", scope, NULL);
    }
    return *all ? all : NULL;
}

static int answer(mcp_ctx *ctx, request_rec *r, const mcp_location *d, const judged *j, mcp_rc rc)
{
    const char *scope = rc == MCP_MISSING_SCOPE ? challenge_scopes(r, j) : mcp_trust_first_scopes(r->server, d->trusts);
    const char *challenge = mcp_challenge(r->pool, rc, d->where->metadata_url, scope);
    /* A refusal by the rules reads as for a tool that does not exist. */
    const char *detail = rc == MCP_FORBIDDEN || rc == MCP_INTERNAL || !*ctx->detail ? NULL : ctx->detail, *data = NULL;
    mcp_out out = { 0 };

    out.status = mcp_gate_status(rc, &j->message);
    out.content_type = "application/json";
    if (rc == MCP_BAD_VERSION) data = mcp_gate_version_data(r->pool, r->headers_in, &j->message);
    out.body = mcp_rpc_error(r->pool, rc, j->message.id, j->message.id_len, detail, data);
    out.headers = apr_table_make(r->pool, 2);
    apr_table_setn(out.headers, "Cache-Control", "no-store");
    if (challenge) apr_table_setn(out.headers, "WWW-Authenticate", challenge);
    if (rc == MCP_BAD_METHOD) apr_table_setn(out.headers, "Allow", "POST, GET, DELETE");
    if (rc == MCP_UNAVAILABLE) apr_table_setn(out.headers, "Retry-After", "5");
    if (has_body(r) && !j->message.kind && !j->message.method) r->connection->keepalive = AP_CONN_CLOSE;
    return mcp_reply(r, &out);
}

static void audit(mcp_ctx *ctx, request_rec *r, const judged *j, const char *outcome, mcp_rc rc)
{
    mcp_audit_facts facts = { 0 };

    facts.event = j->message.method ? j->message.method : r->method;
    facts.client = j->token.client_id;
    facts.user = j->token.sub;
    facts.scope = j->token.scope;
    facts.resource = dir_of(r)->where->resource;
    mcp_audit_write(r, server_of(r->server)->audit, &facts, j->message.name, outcome, rc, ctx->detail);
}

/* The backend gets no token; no Upgrade either, behind which messages would pass that nobody reads; and no cache keeps the
 * answer for others: without the token it cannot see that the answer is one caller's own. */
static void hand_over(request_rec *r, judged *j)
{
    j->authorization = apr_table_get(r->headers_in, "Authorization");
    apr_table_unset(r->headers_in, "Authorization");
    apr_table_unset(r->headers_in, "Upgrade");
    apr_table_setn(r->subprocess_env, "no-cache", "1");
}

/* Where httpd itself sends a request on to another location, the gate there judges it anew: the same token and body. */
static void take_back(request_rec *r)
{
    request_rec *before = r->prev;
    const judged *j;

    while (before && !judged_of(before)) before = before->prev;
    if (!before) return;
    j = judged_of(before);
    if (j->authorization) apr_table_setn(r->headers_in, "Authorization", j->authorization);
    if (j->body && !strcmp(r->method, "POST")) mcp_body_replay(r, j->body);
}

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
    judged *j;
    mcp_ctx *ctx;
    mcp_rc rc;
    int status;

    if (d->mode != MCP_MODE_ON && d->mode != MCP_MODE_REPORT) return DECLINED;
    if ((status = answer_strangers(r)) != DECLINED) return status;
    take_back(r);
    ctx = mcp_httpd_ctx(r, APLOG_MODULE_INDEX);
    j = apr_pcalloc(r->pool, sizeof *j);
    j->wanted = apr_array_make(r->pool, 2, sizeof(const char *));
    ap_set_module_config(r->request_config, &mcp_toolauthz_module, j);
    rc = admit(ctx, r, d, j);
    /* Report lets a verdict of the rules pass, never a message that was not understood. */
    if (rc == MCP_OK || (d->mode == MCP_MODE_REPORT && (rc == MCP_FORBIDDEN || rc == MCP_MISSING_SCOPE || rc == MCP_METHOD_DENIED))) {
        audit(ctx, r, j, rc ? "reported" : "allowed", rc);
        hand_over(r, j);
        return DECLINED;
    }
    mcp_log(ctx, rc == MCP_INTERNAL || rc == MCP_UNAVAILABLE ? MCP_LOG_ERROR : MCP_LOG_INFO, mcp_error_of(rc)->tag,
            "refused %s%s%s: %s", j->message.method ? j->message.method : r->method, j->message.name ? " " : "",
            j->message.name ? j->message.name : "", *ctx->detail ? ctx->detail : mcp_error_of(rc)->sentence);
    audit(ctx, r, j, "refused", rc);
    return answer(ctx, r, d, j, rc);
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
    return OK;
}

static int post_config(apr_pool_t *p, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    server_rec *s;
    const char *err;

    (void)plog;
    (void)ptemp;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) return OK;
    for (s = main_server; s; s = s->next) {
        mcp_locations *c = server_of(s);
        if (c->audit || (!c->gated->nelts && !server_of(main_server)->gated->nelts)) continue;
        if (!(err = mcp_audit_open(p, c->audit_target, &c->audit))) continue;
        ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP065: %s", err);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
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
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "mcp-scope", AUTHZ_PROVIDER_VERSION, &scope_provider, AP_AUTH_INTERNAL_PER_CONF);
    mcp_body_register();
    ap_hook_check_config(check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_translate_name(claim_uri, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_map_to_storage(claim_storage, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(gate, NULL, NULL, APR_HOOK_REALLY_FIRST - 10);  /* before mod_cache too */
    ap_hook_handler(document, NULL, NULL, APR_HOOK_FIRST);
}

module AP_MODULE_DECLARE_DATA mcp_toolauthz_module = {
    STANDARD20_MODULE_STUFF, mcp_location_create, mcp_location_merge, mcp_locations_create, mcp_locations_merge, directives, register_hooks, 0
};
