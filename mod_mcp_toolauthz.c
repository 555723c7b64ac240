/* mod_mcp_toolauthz: the guard at the tools. In a <Location> with MCPToolAuthz On every request is an MCP
 * message: its token is verified, its body scanned, and it reaches the backend only if the rules of the
 * section that the message belongs to grant it. Rules are httpd's own Require lines.
 *
 * This file holds the directives, the hooks and the wiring; what a message says is decided in lib/rpc,
 * what a token says in lib/token. */
#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_auth.h>
#include <apr_fnmatch.h>
#include <apr_optional.h>
#include <apr_strings.h>
#include "mcp/gate.h"
#include "mcp/httpd.h"
#include "mcp/text.h"
#include "mcp/trust.h"
#include "mcp/url.h"

APLOG_USE_MODULE(mcp_toolauthz);
extern __attribute__((visibility("default"))) module AP_MODULE_DECLARE_DATA mcp_toolauthz_module;

enum { MODE_UNSET = -1, MODE_OFF, MODE_ON, MODE_REPORT };
enum { MAX_BODY = 4 * 1024 * 1024, MAX_DEPTH = 64, DEPTH_LIMIT = 10000 };

/* A <MCPTool> or <MCPMethod> section: names or patterns, and httpd configuration to lay over the request's. */
typedef struct {
    apr_array_header_t *patterns;   /* of const char * */
    ap_conf_vector_t *config;
} section;

/* What stays one thing however often httpd merges: the place where MCPToolAuthz stands. */
typedef struct {
    server_rec *server;
    const char *path;
    const char *resource;           /* canonical identifier = audience */
    const char *metadata_url, *metadata_path;
    const char *origin;             /* the resource's own, that pages of the site itself send */
} place;

typedef struct {
    const char *path;               /* NULL: no directive of ours stands in the <Location> itself */
    int mode;
    place *where;
    const char *resource;
    apr_array_header_t *trusts;     /* of mcp_trust */
    apr_array_header_t *tools, *methods;    /* of section */
    apr_array_header_t *origins;    /* of const char * */
    int unlisted_allow;             /* -1: unset */
    apr_int64_t max_body, max_depth;    /* 0: unset */
} gate_dir;

typedef struct {
    apr_array_header_t *dirs;       /* of gate_dir * with a gate, as configured, for start-up checks and metadata */
    apr_array_header_t *rules;      /* of gate_dir *: all with a directive of ours */
    apr_array_header_t *scopes;     /* of const char *, from every mcp-scope line */
    const char *audit_target;
    mcp_audit *audit;
} gate_server;

/* What is known of the request while it is judged; the Require providers read it. */
typedef struct {
    mcp_token token;
    mcp_message message;
    const char *authorization;      /* the header that was taken off */
    apr_bucket_brigade *body;       /* what the handler has not read yet */
    int assume_scopes;              /* second look: would it pass with more scope? */
    apr_array_header_t *wanted;     /* scopes met in the second look */
} judged;

#define AT(member) (void *)APR_OFFSETOF(gate_dir, member)

static gate_server *server_of(server_rec *s)
{
    return ap_get_module_config(s->module_config, &mcp_toolauthz_module);
}

static gate_dir *dir_of(request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &mcp_toolauthz_module);
}

static judged *judged_of(request_rec *r)
{
    return ap_get_module_config(r->request_config, &mcp_toolauthz_module);
}

static void *create_dir(apr_pool_t *p, char *path)
{
    gate_dir *d = apr_pcalloc(p, sizeof *d);

    (void)path;
    d->mode = MODE_UNSET;
    d->unlisted_allow = -1;
    return d;
}

/* Sections of a location below stand beside those above; where both name a tool, the first found decides. */
static apr_array_header_t *sections_of_both(apr_pool_t *p, apr_array_header_t *below, apr_array_header_t *above)
{
    return !below ? above : !above ? below : apr_array_append(p, below, above);
}

static void *merge_dir(apr_pool_t *p, void *base, void *add)
{
    gate_dir *d = apr_pmemdup(p, add, sizeof *d);
    const gate_dir *b = base;

    if (d->mode == MODE_UNSET) d->mode = b->mode;
    if (!d->where) d->where = b->where;
    if (!d->resource) d->resource = b->resource;
    if (!d->trusts) d->trusts = b->trusts;
    d->tools = sections_of_both(p, d->tools, b->tools);
    d->methods = sections_of_both(p, d->methods, b->methods);
    if (!d->origins) d->origins = b->origins;
    if (d->unlisted_allow < 0) d->unlisted_allow = b->unlisted_allow;
    if (!d->max_body) d->max_body = b->max_body;
    if (!d->max_depth) d->max_depth = b->max_depth;
    return d;
}

static void *create_server(apr_pool_t *p, server_rec *s)
{
    gate_server *c = apr_pcalloc(p, sizeof *c);

    (void)s;
    c->dirs = apr_array_make(p, 2, sizeof(gate_dir *));
    c->rules = apr_array_make(p, 2, sizeof(gate_dir *));
    c->scopes = apr_array_make(p, 8, sizeof(const char *));
    return c;
}

static void *merge_server(apr_pool_t *p, void *base, void *add)
{
    gate_server *c = apr_pmemdup(p, add, sizeof *c);
    const gate_server *b = base;

    if (!c->audit_target) c->audit_target = b->audit_target;
    return c;
}

/* ---- directives ---- */

static int is_plain_location(cmd_parms *cmd, const ap_directive_t *d)
{
    const char *args = d->args;

    return !strcasecmp(d->directive, "<Location") && strcmp(ap_getword_conf(cmd->temp_pool, &args), "~");
}

/* Every directive of ours stands in a plain <Location>, perhaps in an <If> there: elsewhere it would be read for some
 * requests and not for others. Notes the location for the checks at start-up. */
static const char *enter(cmd_parms *cmd, gate_dir *dir)
{
    const ap_directive_t *d = cmd->directive->parent;

    while (d && !is_plain_location(cmd, d) && strncasecmp(d->directive, "<Limit", 6)) d = d->parent;
    if (!d || !is_plain_location(cmd, d))
        return apr_pstrcat(cmd->pool, cmd->cmd->name, " stands in a <Location \"/path\"> without a regular expression and in no <Limit>", NULL);
    if (dir->path || *cmd->path != '/') return NULL;
    dir->path = cmd->path;
    APR_ARRAY_PUSH(server_of(cmd->server)->rules, gate_dir *) = dir;
    return NULL;
}

static const char *set_mode(cmd_parms *cmd, void *dir, const char *value)
{
    gate_dir *d = dir;
    const char *err;

    if ((err = enter(cmd, d))) return err;
    if (*cmd->path != '/') return "MCPToolAuthz stands in the <Location> itself";
    if (!strcasecmp(value, "on")) d->mode = MODE_ON;
    else if (!strcasecmp(value, "off")) d->mode = MODE_OFF;
    else if (!strcasecmp(value, "report")) d->mode = MODE_REPORT;
    else return "MCPToolAuthz is On, Off or Report";
    if (d->mode != MODE_OFF && !d->where) {
        d->where = apr_pcalloc(cmd->pool, sizeof *d->where);
        d->where->server = cmd->server;
        d->where->path = cmd->path;
        APR_ARRAY_PUSH(server_of(cmd->server)->dirs, gate_dir *) = d;
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
    ((gate_dir *)dir)->resource = value;
    return NULL;
}

static const char *set_trust(cmd_parms *cmd, void *dir, int argc, char *const argv[])
{
    const char *err = enter(cmd, dir);

    return err ? err : mcp_trust_parse(cmd, argc, argv, &((gate_dir *)dir)->trusts);
}

static int has_require(const ap_directive_t *first)
{
    const ap_directive_t *d;

    for (d = first; d; d = d->next)
        if (!strcasecmp(d->directive, "Require") || !strncasecmp(d->directive, "<Require", 8)) return 1;
    return 0;
}

/* The first directive that would count for nothing in a section, where authorization alone is asked: a Deny, an
 * SSLRequire, an <If>; or a <Limit>, which lifts its rules off the methods it does not name. */
static const ap_directive_t *idle_directive(const ap_directive_t *d)
{
    static const char *const read[] = { "Require", "<Require", "AuthMerging", "Authz", "AuthGroupFile", "AuthDBM", "AuthLDAP", NULL };
    const ap_directive_t *idle;
    const char *const *name;

    for (; d; d = d->next) {
        for (name = read; *name && strncasecmp(d->directive, *name, strlen(*name)); name++) { }
        if (!*name) return d;
        if ((idle = idle_directive(d->first_child))) return idle;
    }
    return NULL;
}

/* Bare Require lines are alternatives, as everywhere in httpd; with an mcp- line among them that is rarely meant. */
static void warn_alternatives(cmd_parms *cmd)
{
    const ap_directive_t *d;
    int lines = 0, ours = 0;

    for (d = cmd->directive->first_child; d; d = d->next) {
        if (strcasecmp(d->directive, "Require")) continue;
        lines++;
        if (!strncmp(d->args, "mcp-", 4)) ours = 1;
    }
    if (lines > 1 && ours)
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_NOERRNO, 0, cmd->server,
                     "MCP067: %s at %s:%d: its Require lines are alternatives, any one of them grants; wrap them in <RequireAll> if all must hold",
                     cmd->cmd->name, cmd->directive->filename, cmd->directive->line_num);
}

static int same_pattern(const apr_array_header_t *sections, const char *pattern)
{
    int i, j;

    for (i = 0; sections && i < sections->nelts; i++) {
        const apr_array_header_t *patterns = APR_ARRAY_IDX(sections, i, section).patterns;
        for (j = 0; j < patterns->nelts; j++)
            if (!strcmp(APR_ARRAY_IDX(patterns, j, const char *), pattern)) return 1;
    }
    return 0;
}

/* "NAME* OTHER>" -> patterns. Exact names and prefixes that end in one star: their order of precedence is plain. */
static const char *parse_patterns(cmd_parms *cmd, const char *args, const apr_array_header_t *before, apr_array_header_t **out)
{
    const char *end = ap_strrchr_c(args, '>'), *word, *star;

    if (!end) return apr_pstrcat(cmd->pool, cmd->cmd->name, " wants a closing >", NULL);
    args = apr_pstrmemdup(cmd->pool, args, (apr_size_t)(end - args));
    *out = apr_array_make(cmd->pool, 2, sizeof(const char *));
    while (*args) {
        word = ap_getword_conf(cmd->pool, &args);
        if (!*word) break;
        star = ap_strchr_c(word, '*');
        if (star && star[1]) return apr_psprintf(cmd->pool, "%s %s>: a star stands at the end alone", cmd->cmd->name, word);
        if (same_pattern(before, word)) return apr_psprintf(cmd->pool, "%s %s> stands twice", cmd->cmd->name, word);
        APR_ARRAY_PUSH(*out, const char *) = word;
    }
    if (!(*out)->nelts) return apr_pstrcat(cmd->pool, cmd->cmd->name, " wants a name or pattern", NULL);
    return NULL;
}

/* A section is httpd configuration of its own, built as <If> builds it. */
static const char *open_section(cmd_parms *cmd, void *dir, const char *args)
{
    apr_array_header_t **list = (apr_array_header_t **)(void *)((char *)dir + (size_t)cmd->info);
    section s;
    const char *err;
    const ap_directive_t *idle;
    cmd_parms inner = *cmd;

    if ((err = enter(cmd, dir)) || (err = parse_patterns(cmd, args, *list, &s.patterns))) return err;
    if ((idle = idle_directive(cmd->directive->first_child)))
        return apr_pstrcat(cmd->pool, idle->directive, " counts for nothing in ", cmd->cmd->name, ">; write Require lines, for instance Require expr", NULL);
    if (!has_require(cmd->directive->first_child))
        return apr_pstrcat(cmd->pool, cmd->cmd->name, " has no Require line; to open it to every valid token write: Require valid-user", NULL);
    warn_alternatives(cmd);
    s.config = ap_create_per_dir_config(cmd->pool);
    if ((err = ap_walk_config(cmd->directive->first_child, &inner, s.config))) {
        cmd->err_directive = inner.err_directive;
        return err;
    }
    if (!*list) *list = apr_array_make(cmd->pool, 4, sizeof(section));
    APR_ARRAY_PUSH(*list, section) = s;
    return NULL;
}

static const char *set_unlisted(cmd_parms *cmd, void *dir, const char *value)
{
    const char *err = enter(cmd, dir);

    if (err) return err;
    if (strcasecmp(value, "deny") && strcasecmp(value, "allow")) return "MCPUnlisted is deny or allow";
    ((gate_dir *)dir)->unlisted_allow = !strcasecmp(value, "allow");
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
    gate_dir *d = dir;
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
    return NULL;
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

/* Exact beats the longest prefix; equal patterns were refused at configtest. */
static const section *find_section(const apr_array_header_t *sections, const char *name)
{
    const section *best = NULL;
    size_t best_len = 0, len;
    const char *pattern;
    int i, k;

    for (i = 0; sections && i < sections->nelts; i++) {
        const section *s = &APR_ARRAY_IDX(sections, i, section);
        for (k = 0; k < s->patterns->nelts; k++) {
            pattern = APR_ARRAY_IDX(s->patterns, k, const char *);
            if (!strcmp(pattern, name)) return s;
            len = strlen(pattern);
            if (pattern[len - 1] != '*' || strncmp(pattern, name, len - 1)) continue;
            if (!best || len > best_len) { best = s; best_len = len; }
        }
    }
    return best;
}

/* A name that is a section's own but for case or blanks. A backend that reads names loosely would take it for that tool. */
static int resembles(const char *pattern, const char *name)
{
    static const char blanks[] = " \t\r\n\v\f";
    size_t len = strlen(pattern);

    name += strspn(name, blanks);
    return !strncasecmp(pattern, name, len) && !name[len + strspn(name + len, blanks)];
}

static int is_imitation(const apr_array_header_t *sections, const char *name)
{
    int i, k, found = 0;

    for (i = 0; sections && i < sections->nelts; i++) {
        const apr_array_header_t *patterns = APR_ARRAY_IDX(sections, i, section).patterns;
        for (k = 0; k < patterns->nelts; k++) {
            if (!strcmp(APR_ARRAY_IDX(patterns, k, const char *), name)) return 0;
            if (resembles(APR_ARRAY_IDX(patterns, k, const char *), name)) found = 1;
        }
    }
    return found;
}

/* Asks httpd's authorization, with the section laid over the request's configuration. */
static int section_grants(request_rec *r, const section *s)
{
    static const struct ap_logconf quiet = { NULL, APLOG_EMERG };
    ap_conf_vector_t *own = r->per_dir_config;
    const struct ap_logconf *log = r->log;
    int status;

    r->per_dir_config = ap_merge_per_dir_configs(r->pool, own, s->config);
    r->log = &quiet;    /* authz_core writes an error line for every line that denies; ours says it once */
    status = ap_run_auth_checker(r);
    r->log = log;
    r->per_dir_config = own;
    apr_table_unset(r->err_headers_out, "WWW-Authenticate");
    return status == OK;
}

/* Denied: were scopes alone missing? Then the caller may ask for more. */
static mcp_rc refuse(mcp_ctx *ctx, request_rec *r, judged *j, const section *s)
{
    int grants;

    j->assume_scopes = 1;
    grants = section_grants(r, s);
    j->assume_scopes = 0;
    if (grants && j->wanted->nelts) return mcp_fail(ctx, MCP_MISSING_SCOPE, "needs scope %s", apr_array_pstrcat(r->pool, j->wanted, ' '));
    return mcp_fail(ctx, MCP_FORBIDDEN, "the rules do not grant it");
}

static mcp_rc judge_section(mcp_ctx *ctx, request_rec *r, judged *j, const section *s)
{
    return section_grants(r, s) ? MCP_OK : refuse(ctx, r, j, s);
}

static mcp_rc judge_message(mcp_ctx *ctx, request_rec *r, const gate_dir *d, judged *j)
{
    const section *s;

    switch (mcp_gate_judge(&j->message)) {
    case MCP_JUDGE_TOKEN:
        s = j->message.method ? find_section(d->methods, j->message.method) : NULL;
        return s ? judge_section(ctx, r, j, s) : MCP_OK;
    case MCP_JUDGE_TOOL:
        if (!j->message.name) return mcp_fail(ctx, MCP_BAD_PARAMS, "tools/call has no name");
        if (is_imitation(d->tools, j->message.name))
            return mcp_fail(ctx, MCP_FORBIDDEN, "a section's tool but for case or blanks; if it is a tool, give it a section");
        if ((s = find_section(d->tools, j->message.name))) return judge_section(ctx, r, j, s);
        return d->unlisted_allow == 1 ? MCP_OK : mcp_fail(ctx, MCP_FORBIDDEN, "no section names this tool");
    case MCP_JUDGE_METHOD:
        s = j->message.method ? find_section(d->methods, j->message.method) : NULL;
        return s ? judge_section(ctx, r, j, s) : mcp_fail(ctx, MCP_METHOD_DENIED, "no <MCPMethod> section opens this method");
    }
    return mcp_fail(ctx, MCP_FORBIDDEN, "unknown kind of message");
}

/* ---- the request ---- */

static mcp_rc feed(void *scanner, const char *bytes, size_t len)
{
    return mcp_envelope_feed(scanner, bytes, len);
}

static mcp_rc scan_body(mcp_ctx *ctx, request_rec *r, const gate_dir *d, judged *j)
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

static int is_known_origin(request_rec *r, const gate_dir *d)
{
    const char *const own[] = { d->where->origin, NULL };

    return mcp_gate_origin(r->headers_in, own) || (d->origins && mcp_gate_origin(r->headers_in, (const char *const *)(void *)d->origins->elts));
}

/* Everything that must hold before the backend hears of the request, in order. */
static mcp_rc admit(mcp_ctx *ctx, request_rec *r, const gate_dir *d, judged *j)
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

static int answer(mcp_ctx *ctx, request_rec *r, const gate_dir *d, const judged *j, mcp_rc rc)
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

static int document(request_rec *r);

/* What strangers must be able to read though the gate's location holds it: our own document, the authorization server. */
static int answer_strangers(request_rec *r)
{
    APR_OPTIONAL_FN_TYPE(mcp_dcr_handler) *dcr = APR_RETRIEVE_OPTIONAL_FN(mcp_dcr_handler);
    int status = document(r);

    return status == DECLINED && dcr ? dcr(r) : status;
}

static int gate(request_rec *r)
{
    const gate_dir *d = dir_of(r);
    judged *j;
    mcp_ctx *ctx;
    mcp_rc rc;
    int status;

    if (d->mode != MODE_ON && d->mode != MODE_REPORT) return DECLINED;
    if ((status = answer_strangers(r)) != DECLINED) return status;
    take_back(r);
    ctx = mcp_httpd_ctx(r, APLOG_MODULE_INDEX);
    j = apr_pcalloc(r->pool, sizeof *j);
    j->wanted = apr_array_make(r->pool, 2, sizeof(const char *));
    ap_set_module_config(r->request_config, &mcp_toolauthz_module, j);
    rc = admit(ctx, r, d, j);
    /* Report lets a verdict of the rules pass, never a message that was not understood. */
    if (rc == MCP_OK || (d->mode == MODE_REPORT && (rc == MCP_FORBIDDEN || rc == MCP_MISSING_SCOPE || rc == MCP_METHOD_DENIED))) {
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

/* ---- RFC 9728 document ---- */

static const gate_dir *documented(request_rec *r)
{
    const apr_array_header_t *dirs = server_of(r->server)->dirs;
    const char *path = r->parsed_uri.path;
    int i;

    for (i = 0; path && i < dirs->nelts; i++) {
        const gate_dir *d = APR_ARRAY_IDX(dirs, i, gate_dir *);
        if (d->where->metadata_path && !strcmp(d->where->metadata_path, path)) return d;
    }
    return NULL;
}

static int claim_uri(request_rec *r)
{
    if (!documented(r)) return DECLINED;
    r->filename = apr_pstrdup(r->pool, r->uri);
    return OK;
}

static int claim_storage(request_rec *r)
{
    return documented(r) ? OK : DECLINED;
}

static const char *const *strings(apr_pool_t *p, const apr_array_header_t *list)
{
    apr_array_header_t *unique = apr_array_make(p, list->nelts + 1, sizeof(const char *));
    int i, k;

    for (i = 0; i < list->nelts; i++) {
        const char *word = APR_ARRAY_IDX(list, i, const char *);
        for (k = 0; k < unique->nelts && strcmp(APR_ARRAY_IDX(unique, k, const char *), word); k++) { }
        if (k == unique->nelts) APR_ARRAY_PUSH(unique, const char *) = word;
    }
    APR_ARRAY_PUSH(unique, const char *) = NULL;
    return (const char *const *)(void *)unique->elts;
}

static const char *const *servers_of(request_rec *r, const gate_dir *d)
{
    apr_array_header_t *list = apr_array_make(r->pool, 2, sizeof(const char *));
    int i;

    for (i = 0; d->trusts && i < d->trusts->nelts; i++) {
        const char *issuer = mcp_trust_issuer(r->server, &APR_ARRAY_IDX(d->trusts, i, mcp_trust));
        if (issuer) APR_ARRAY_PUSH(list, const char *) = issuer;
    }
    return strings(r->pool, list);
}

static int document(request_rec *r)
{
    const gate_dir *d = documented(r);
    mcp_out out = { 0 };

    if (!d) return DECLINED;
    out.headers = apr_table_make(r->pool, 2);
    apr_table_setn(out.headers, "Access-Control-Allow-Origin", "*");
    out.content_type = "application/json";
    if (strcmp(r->method, "GET")) {
        out.status = HTTP_METHOD_NOT_ALLOWED;
        apr_table_setn(out.headers, "Allow", "GET, HEAD");
        return mcp_reply(r, &out);
    }
    out.status = HTTP_OK;
    apr_table_setn(out.headers, "Cache-Control", "max-age=300");
    out.body = mcp_resource_document(mcp_httpd_ctx(r, APLOG_MODULE_INDEX), d->where->resource, servers_of(r, d), strings(r->pool, server_of(r->server)->scopes));
    return mcp_reply(r, &out);
}

/* ---- start-up ---- */

static const char *default_resource(apr_pool_t *p, server_rec *s, const char *path)
{
    const char *scheme = s->server_scheme ? s->server_scheme : (s->port == 443 ? "https" : "http");
    int standard = s->port == 0 || s->port == (strcmp(scheme, "https") ? 80 : 443);

    const char *port = standard ? "" : apr_psprintf(p, ":%d", s->port);

    return apr_pstrcat(p, scheme, "://", s->server_hostname, port, path, NULL);
}

/* What stands outside the virtual hosts counts in each of them. */
static int has_issuer(const server_rec *s)
{
    const mcp_trust self = { .is_self = 1 };

    return (!s->is_virtual && s->next) || mcp_trust_issuer((server_rec *)s, &self);
}

/* Virtual hosts share the main server's configuration, but a place has one name. */
static int settle(apr_pool_t *p, gate_dir *d)
{
    server_rec *s = d->where->server;
    mcp_ctx *ctx = mcp_httpd_server_ctx(p, s, APLOG_MODULE_INDEX);
    mcp_url url;

    d->where->resource = d->resource ? d->resource : default_resource(p, s, d->where->path);
    d->where->metadata_url = mcp_resource_metadata_url(ctx, d->where->resource);
    d->where->origin = mcp_url_parse(ctx, d->where->resource, &url) ? NULL : mcp_url_origin(p, &url);
    if (!d->where->metadata_url || mcp_url_parse(ctx, d->where->metadata_url, &url)) {
        ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP068: %s: MCPResource cannot be derived; write it out", d->where->path);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    d->where->metadata_path = url.path;
    if (!d->trusts) {
        ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP069: <Location %s>: MCPToolAuthz needs an MCPTrustIssuer", d->where->path);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (!mcp_trust_has_self(d->trusts) || has_issuer(s)) return OK;
    ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP071: <Location %s>: MCPTrustIssuer self needs an MCPIssuer in the same virtual host", d->where->path);
    return HTTP_INTERNAL_SERVER_ERROR;
}

static int covers(const char *above, const char *path)
{
    size_t len = strlen(above);

    return ap_is_matchexp(above) || (!strncmp(above, path, len) && (!path[len] || path[len] == '/' || above[len - 1] == '/'));
}

static int is_gated(server_rec *s, const char *path)
{
    const apr_array_header_t *dirs = server_of(s)->dirs;
    int i;

    for (i = 0; i < dirs->nelts; i++)
        if (covers(APR_ARRAY_IDX(dirs, i, gate_dir *)->path, path)) return 1;
    return 0;
}

/* Rules that no gate reads are a mistake: their author believes the location guarded. */
static int check_rules(server_rec *main_server, server_rec *s)
{
    const apr_array_header_t *rules = server_of(s)->rules;
    const char *why;
    int i;

    for (i = 0; i < rules->nelts; i++) {
        const gate_dir *d = APR_ARRAY_IDX(rules, i, gate_dir *);
        why = d->mode != MODE_UNSET ? NULL
            : d->resource ? "MCPResource belongs to the section in which MCPToolAuthz stands"
            : is_gated(s, d->path) || is_gated(main_server, d->path) ? NULL : "no MCPToolAuthz is On here or above, so its rules guard nothing";
        if (!why) continue;
        ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP072: <Location %s>: %s", d->path, why);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

static int check_config(apr_pool_t *p, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    server_rec *s;
    int i;

    (void)plog;
    (void)ptemp;
    for (s = main_server; s; s = s->next)
        for (i = 0; i < server_of(s)->dirs->nelts; i++)
            if (settle(p, APR_ARRAY_IDX(server_of(s)->dirs, i, gate_dir *))) return HTTP_INTERNAL_SERVER_ERROR;
    for (s = main_server; s; s = s->next)
        if (check_rules(main_server, s)) return HTTP_INTERNAL_SERVER_ERROR;
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
        gate_server *c = server_of(s);
        if (c->audit || (!c->dirs->nelts && !server_of(main_server)->dirs->nelts)) continue;
        if (!(err = mcp_audit_open(p, c->audit_target, &c->audit))) continue;
        ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP065: %s", err);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

static const char *const *mcp_toolauthz_resources(apr_pool_t *p, server_rec *s)
{
    const apr_array_header_t *dirs = server_of(s)->dirs;
    apr_array_header_t *list = apr_array_make(p, 2, sizeof(const char *));
    int i;

    for (i = 0; i < dirs->nelts; i++) APR_ARRAY_PUSH(list, const char *) = APR_ARRAY_IDX(dirs, i, gate_dir *)->where->resource;
    return strings(p, list);
}

static const char *const *mcp_toolauthz_scopes(apr_pool_t *p, server_rec *s)
{
    static const char *const none[] = { NULL };
    const gate_server *c = server_of(s);
    int i;

    for (i = 0; i < c->dirs->nelts; i++)
        if (mcp_trust_has_self(APR_ARRAY_IDX(c->dirs, i, gate_dir *)->trusts)) return strings(p, c->scopes);
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
    STANDARD20_MODULE_STUFF, create_dir, merge_dir, create_server, merge_server, directives, register_hooks, 0
};
