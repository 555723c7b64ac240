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
#include <apr_optional.h>
#include <apr_strings.h>
#include "mcp/gate.h"
#include "mcp/answer.h"
#include "mcp/batch.h"
#include "mcp/session.h"
#include "mcp/text.h"
#include "mcp/trust.h"
#include "mcp/url.h"

APLOG_USE_MODULE(mcp_toolauthz);
extern __attribute__((visibility("default"))) module AP_MODULE_DECLARE_DATA mcp_toolauthz_module;

enum { MAX_BODY = 4 * 1024 * 1024, MAX_DEPTH = 64, DEPTH_LIMIT = 10000 };

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
    AP_INIT_TAKE_ARGV("MCPTrustIssuer", set_trust, NULL, ACCESS_CONF, "ISSUER jwks=URL|file:PATH [alg=A,B] [ca=FILE], or self"),
    AP_INIT_RAW_ARGS("<MCPTool", open_section, AT(sections[MCP_SUBJECT_TOOL]), ACCESS_CONF, "NAME...: who may call these tools"),
    AP_INIT_RAW_ARGS("<MCPPrompt", open_section, AT(sections[MCP_SUBJECT_PROMPT]), ACCESS_CONF, "NAME...: who may get these prompts"),
    AP_INIT_RAW_ARGS("<MCPResourceURI", open_section, AT(sections[MCP_SUBJECT_RESOURCE]), ACCESS_CONF, "URI...: who may read these resources"),
    AP_INIT_RAW_ARGS("<MCPMethod", open_section, AT(sections[MCP_SUBJECT_METHOD]), ACCESS_CONF, "NAME...: who may send these methods"),
    AP_INIT_TAKE1("MCPUnlisted", set_unlisted, NULL, ACCESS_CONF, "deny or allow: tools without a section"),
    AP_INIT_TAKE1("MCPMaxBody", set_number, AT(max_body), ACCESS_CONF, "bytes a message may have"),
    AP_INIT_TAKE1("MCPMaxDepth", set_number, AT(max_depth), ACCESS_CONF, "containers a message may nest"),
    AP_INIT_ITERATE("MCPAllowOrigin", add_origin, NULL, ACCESS_CONF, "browser origins that may send messages"),
    AP_INIT_TAKE_ARGV("MCPScopeImplies", add_implied, NULL, RSRC_CONF, "BROAD NARROW...: who has the broad scope has the narrow ones too"),
    AP_INIT_TAKE1("MCPSessionKey", set_session_key, NULL, RSRC_CONF, "file: a secret that hosts of one MCP server share"),
    AP_INIT_TAKE1("MCPAuditLog", set_audit, NULL, RSRC_CONF, "file or |program for one JSON line per decision"),
    { .name = NULL }
};

/* ---- the request ---- */

/* Where a batch may come, the scanner's refusal of an array is not the end: the rest is read and split. */
typedef struct {
    mcp_envelope *scanner;
    size_t left;
    int may_be_batch, is_batch;
} body_scan;

static mcp_rc feed(void *baton, const char *bytes, size_t len)
{
    body_scan *scan = baton;
    mcp_rc rc = scan->is_batch ? MCP_OK : mcp_envelope_feed(scan->scanner, bytes, len);

    if (rc == MCP_BATCH && scan->may_be_batch) scan->is_batch = 1;
    else if (rc) return rc;
    scan->left -= len < scan->left ? len : scan->left;
    return scan->left ? MCP_OK : MCP_TOO_LARGE;
}

static mcp_rc split_batch(mcp_ctx *ctx, request_rec *r, const mcp_envelope_rules *rules, mcp_judged *j)
{
    size_t len = mcp_body_length(j->body);
    const char *text = mcp_body_slice(r->pool, j->body, 0, len);

    mcp_ctx_clear(ctx);
    return text ? mcp_batch_split(ctx, rules, text, len, &j->batch) : mcp_fail(ctx, MCP_INTERNAL, "the body cannot be read again");
}

static mcp_rc scan_body(mcp_ctx *ctx, request_rec *r, const mcp_location *d, mcp_judged *j)
{
    mcp_envelope_rules rules = { (size_t)(d->max_body ? d->max_body : MAX_BODY),
                                 (unsigned)(d->max_depth ? d->max_depth : MAX_DEPTH) };
    body_scan scan = { mcp_envelope_begin(ctx, &rules), rules.max_bytes + 1, mcp_gate_may_be_batch(r->headers_in), 0 };
    mcp_rc rc = mcp_body_read(ctx, r, feed, &scan, &j->body), ended = mcp_envelope_end(scan.scanner, &j->message);

    if (rc) return mcp_fail(ctx, rc, "the message is too large");
    if (scan.is_batch) ended = split_batch(ctx, r, &rules, j);
    if (ended) return ended;
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

/* The backend's own session identifier, if the one that was sent is the caller's. */
static mcp_rc open_session(mcp_ctx *ctx, request_rec *r, const mcp_location *d, mcp_judged *j)
{
    const char *id;
    mcp_rc rc;

    if (!(j->session = apr_table_get(r->headers_in, "Mcp-Session-Id"))) return MCP_OK;
    if ((rc = mcp_session_open(ctx, j->all->session_key, &j->token, d->where->resource, j->session, &id))) return rc;
    apr_table_setn(r->headers_in, "Mcp-Session-Id", id);
    return MCP_OK;
}

static mcp_rc judge_one(mcp_ctx *ctx, request_rec *r, mcp_judged *j)
{
    mcp_rc rc = mcp_gate_agree(ctx, r->headers_in, &j->message);

    return rc ? rc : mcp_judge_message(ctx, r, j);
}

static void take_part(request_rec *r, mcp_judged *j, int i)
{
    const mcp_batch_part *part = &APR_ARRAY_IDX(j->batch, i, mcp_batch_part);

    j->message = part->message;
    j->text = part->text;
    j->text_len = part->len;
    if (mcp_answer_lists(r->method, &j->message)) j->lists = 1;
}

/* Each message by itself, all of them understood before one is judged; the first refusal refuses all. */
static mcp_rc judge_batch(mcp_ctx *ctx, request_rec *r, mcp_judged *j)
{
    mcp_rc rc;
    int i;

    for (i = 0; i < j->batch->nelts; i++) {
        take_part(r, j, i);
        if ((rc = mcp_gate_agree(ctx, r->headers_in, &j->message))) return rc;
    }
    for (i = 0; i < j->batch->nelts; i++) {
        take_part(r, j, i);
        if ((rc = mcp_judge_message(ctx, r, j))) return rc;
    }
    return MCP_OK;
}

/* Everything that must hold before the backend hears of the request, in order. */
static mcp_rc admit(mcp_ctx *ctx, request_rec *r, const mcp_location *d, mcp_judged *j)
{
    const apr_table_t *headers;
    mcp_rc rc;

    if (!is_known_origin(r, d))
        return mcp_fail(ctx, MCP_BAD_ORIGIN, "add MCPAllowOrigin for it if it is yours");
    if ((rc = mcp_gate_headers(ctx, r->method, r->headers_in, has_body(r)))) return rc;
    if ((rc = mcp_trust_verify(ctx, r, d->trusts, d->where->resource, &j->token))) return rc;
    r->user = apr_pstrdup(r->pool, j->token.sub);
    r->ap_auth_type = apr_pstrdup(r->pool, "Bearer");
    if (strcmp(r->method, "POST")) return open_session(ctx, r, d, j);
    headers = r->headers_in;
    if ((rc = scan_body(ctx, r, d, j))) return rc;
    /* A body may take hours; a token that ended meanwhile counts no more. */
    ctx->now = apr_time_now();
    if (ctx->now - r->request_time > APR_USEC_PER_SEC && (rc = mcp_trust_verify(ctx, r, d->trusts, d->where->resource, &j->token))) return rc;
    /* MergeTrailers: what came behind the body stands among the headers now. */
    if (r->headers_in != headers && (rc = mcp_gate_headers(ctx, r->method, r->headers_in, 1))) return rc;
    if ((rc = open_session(ctx, r, d, j))) return rc;
    return j->batch ? judge_batch(ctx, r, j) : judge_one(ctx, r, j);
}

/* Every request of a batch gets an error: the refused one its own, the others that they were not sent on. */
static const char *batch_errors(apr_pool_t *p, const mcp_judged *j, const char *refused)
{
    const char *list = "";
    int i;

    for (i = 0; i < j->batch->nelts; i++) {
        const mcp_message *m = &APR_ARRAY_IDX(j->batch, i, mcp_batch_part).message;
        const char *error = m->id == j->message.id ? refused : mcp_rpc_error(p, MCP_BATCH, m->id, m->id_len, "another message of it was refused", NULL);
        if (m->kind == MCP_MESSAGE_REQUEST) list = apr_pstrcat(p, list, *list ? "," : "", error, NULL);
    }
    return *list ? apr_pstrcat(p, "[", list, "]", NULL) : refused;
}

static int answer(mcp_ctx *ctx, request_rec *r, const mcp_location *d, const mcp_judged *j, mcp_rc rc)
{
    const char *scope = rc == MCP_MISSING_SCOPE ? mcp_judged_challenge_scopes(r->pool, j) : mcp_trust_first_scopes(r->server, d->trusts);
    const char *challenge = mcp_challenge(r->pool, rc, d->where->metadata_url, scope);
    /* A refusal by the rules reads as for a tool that does not exist. */
    const char *detail = rc == MCP_FORBIDDEN || rc == MCP_INTERNAL || !*ctx->detail ? NULL : ctx->detail, *data = NULL;
    mcp_out out = { 0 };

    out.status = mcp_gate_status(rc, &j->message);
    out.content_type = "application/json";
    if (rc == MCP_BAD_VERSION) data = mcp_gate_version_data(r->pool, r->headers_in, &j->message);
    out.body = mcp_rpc_error(r->pool, rc, j->message.id, j->message.id_len, detail, data);
    if (j->batch && j->batch->nelts) out.body = batch_errors(r->pool, j, out.body);
    out.headers = apr_table_make(r->pool, 2);
    apr_table_setn(out.headers, "Cache-Control", "no-store");
    if (challenge) apr_table_setn(out.headers, "WWW-Authenticate", challenge);
    if (rc == MCP_BAD_METHOD) apr_table_setn(out.headers, "Allow", "POST, GET, DELETE");
    if (rc == MCP_UNAVAILABLE) apr_table_setn(out.headers, "Retry-After", "5");
    if (has_body(r) && !j->message.kind && !j->message.method) r->connection->keepalive = AP_CONN_CLOSE;
    return mcp_reply(r, &out);
}

static void audit(mcp_ctx *ctx, request_rec *r, const mcp_judged *j, const mcp_message *m, const char *outcome, mcp_rc rc)
{
    mcp_subject_kind named = mcp_methods_named(m);
    mcp_audit_facts facts = { 0 };

    facts.event = m->method ? m->method : m->kind == MCP_MESSAGE_RESPONSE ? "response" : r->method;
    facts.client = j->token.client_id;
    facts.user = j->token.sub;
    facts.scope = j->token.scope;
    facts.resource = dir_of(r)->where->resource;
    facts.prompt = named == MCP_SUBJECT_PROMPT ? m->name : NULL;
    facts.uri = named == MCP_SUBJECT_RESOURCE ? m->uri : NULL;
    mcp_audit_write(r, server_of(r->server)->audit, &facts, named == MCP_SUBJECT_TOOL ? m->name : NULL, outcome, rc, ctx->detail);
}

/* One line for each message; of a batch that is refused, for the message that it is refused for. */
static void audit_all(mcp_ctx *ctx, request_rec *r, const mcp_judged *j, const char *outcome, mcp_rc rc)
{
    int i;

    if (!j->batch || rc) audit(ctx, r, j, &j->message, outcome, rc);
    for (i = 0; j->batch && !rc && i < j->batch->nelts; i++) audit(ctx, r, j, &APR_ARRAY_IDX(j->batch, i, mcp_batch_part).message, outcome, rc);
}

/* The backend gets no token; no Upgrade either, behind which messages would pass that nobody reads; and no cache keeps the
 * answer for others: without the token it cannot see that the answer is one caller's own. */
static void hand_over(mcp_ctx *ctx, request_rec *r, mcp_judged *j)
{
    j->authorization = apr_table_get(r->headers_in, "Authorization");
    apr_table_unset(r->headers_in, "Authorization");
    apr_table_unset(r->headers_in, "Upgrade");
    apr_table_setn(r->subprocess_env, "no-cache", "1");
    mcp_ctx_clear(ctx);
    mcp_answer_watch(ctx, r, j);
}

/* Where httpd itself sends a request on to another location, the gate there judges it anew: the same token and body. */
static void take_back(request_rec *r)
{
    request_rec *before = r->prev;
    const mcp_judged *j;

    while (before && !mcp_judged_of(before)) before = before->prev;
    if (!before) return;
    j = mcp_judged_of(before);
    if (j->authorization) apr_table_setn(r->headers_in, "Authorization", j->authorization);
    if (j->session) apr_table_setn(r->headers_in, "Mcp-Session-Id", j->session);
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
    mcp_judged *j;
    mcp_ctx *ctx;
    mcp_rc rc;
    int status;

    if (d->mode != MCP_MODE_ON && d->mode != MCP_MODE_REPORT) return DECLINED;
    if ((status = answer_strangers(r)) != DECLINED) return status;
    take_back(r);
    ctx = mcp_httpd_ctx(r, APLOG_MODULE_INDEX);
    j = mcp_judged_create(r, d, server_of(r->server));
    rc = admit(ctx, r, d, j);
    /* Report lets a verdict of the rules pass, never a message that was not understood. */
    if (rc == MCP_OK || (d->mode == MCP_MODE_REPORT && (rc == MCP_FORBIDDEN || rc == MCP_MISSING_SCOPE || rc == MCP_METHOD_DENIED))) {
        audit_all(ctx, r, j, rc ? "reported" : "allowed", rc);
        hand_over(ctx, r, j);
        return DECLINED;
    }
    mcp_log(ctx, rc == MCP_INTERNAL || rc == MCP_UNAVAILABLE ? MCP_LOG_ERROR : MCP_LOG_INFO, mcp_error_of(rc)->tag,
            "refused %s%s%s: %s", j->message.method ? j->message.method : r->method, j->message.name ? " " : "",
            j->message.name ? j->message.name : "", *ctx->detail ? ctx->detail : mcp_error_of(rc)->sentence);
    audit_all(ctx, r, j, "refused", rc);
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
    mcp_trust_child_init(p, s, APLOG_MODULE_INDEX);
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
