#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_request.h>
#include <apr_strings.h>
#include "mcp/methods.h"
#include "mcp/pattern.h"
#include "mcp/resource_uri.h"
#include "mcp/section.h"

static int has_require(const ap_directive_t *first)
{
    const ap_directive_t *d;

    for (d = first; d; d = d->next)
        if (!strcasecmp(d->directive, "Require") || !strncasecmp(d->directive, "<Require", 8)) return 1;
    return 0;
}

/* 1 unless all Require lines are of providers that never look at what is called. */
static int may_ask_more(const ap_directive_t *d)
{
    static const char *const plain[] = { "mcp-scope ", "mcp-claim ", "mcp-arg ", "mcp-client ", "valid-user", "user ", "ip ", "all ", NULL };
    const char *const *name, *args;

    for (; d; d = d->next) {
        args = d->args;
        if (!strncasecmp(args, "not ", 4)) args += 4;
        for (name = plain; *name && strncasecmp(args, *name, strlen(*name)); name++) { }
        if (!strcasecmp(d->directive, "Require") && !*name) return 1;
        if (!strcasecmp(d->directive, "AuthMerging")) return 1;     /* what stands around the section is asked too */
        if (may_ask_more(d->first_child)) return 1;
    }
    return 0;
}

/* The first directive that would count for nothing in a section, where authorization alone is asked: a Deny, an
 * SSLRequire, an <If>; or a <Limit>, which lifts its rules off the methods it does not name; or AuthMerging Or, by
 * which what stands around the section would do instead. */
static const ap_directive_t *idle_directive(const ap_directive_t *d)
{
    static const char *const read[] = { "Require", "<Require", "AuthMerging", "Authz", "AuthGroupFile", "AuthDBM", "AuthLDAP", "MCPToolRate", NULL };
    const ap_directive_t *idle;
    const char *const *name;

    for (; d; d = d->next) {
        for (name = read; *name && strncasecmp(d->directive, *name, strlen(*name)); name++) { }
        if (!*name || (!strcasecmp(d->directive, "AuthMerging") && !strncasecmp(d->args, "or", 2))) return d;
        if ((idle = idle_directive(d->first_child))) return idle;
    }
    return NULL;
}

/* Bare Require lines are alternatives, as everywhere in httpd; with an mcp- line among them that is rarely meant. Told to no server: a
 * virtual host has no log level yet. */
static void warn_alternatives(cmd_parms *cmd)
{
    const ap_directive_t *d;
    int lines = 0, ours = 0;

    for (d = cmd->directive->first_child; d; d = d->next) {
        if (strncasecmp(d->directive, "Require", 7) && strncasecmp(d->directive, "<Require", 8)) continue;
        lines++;
        if (!strncmp(d->args, "mcp-", 4) || *d->directive == '<') ours = 1;
    }
    if (lines > 1 && ours)
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_NOERRNO, 0, NULL,
                     "MCP067: %s at %s:%d: its Require lines are alternatives, any one of them grants; wrap them in <RequireAll> if all must hold",
                     cmd->cmd->name, cmd->directive->filename, cmd->directive->line_num);
}

/* The pattern of an earlier section that fits some name as well as this one, or NULL. */
static const char *clash(const apr_array_header_t *sections, const char *pattern)
{
    int i, j;

    for (i = 0; sections && i < sections->nelts; i++) {
        const apr_array_header_t *patterns = APR_ARRAY_IDX(sections, i, mcp_section).patterns;
        for (j = 0; j < patterns->nelts; j++)
            if (mcp_pattern_clash(APR_ARRAY_IDX(patterns, j, const char *), pattern)) return APR_ARRAY_IDX(patterns, j, const char *);
    }
    return NULL;
}

/* A method that no revision has may be an extension of the backend's, or misspelt. */
static void warn_unknown_method(cmd_parms *cmd, const char *word)
{
    if (strcasecmp(cmd->cmd->name, "<MCPMethod")) return;
    if (!strchr(word, '*') && !mcp_methods_is_known(word))
        ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_NOERRNO, 0, NULL, "MCP073: <MCPMethod %s> at %s:%d: no revision of MCP has this method",
                     word, cmd->directive->filename, cmd->directive->line_num);
}

/* What looks like another language of patterns and would match nothing. */
static const char *check_word(cmd_parms *cmd, const char *word)
{
    size_t len = strlen(word);

    if (!len) return apr_pstrcat(cmd->pool, cmd->cmd->name, "> has an empty name", NULL);
    if (len > MCP_PATTERN_MAX) return apr_psprintf(cmd->pool, "%s>: a name has at most %d bytes", cmd->cmd->name, MCP_PATTERN_MAX);
    if (!strcasecmp(cmd->cmd->name, "<MCPResourceURI") && !(word[strcspn(word, "*{")] ? mcp_resource_uri_begins_normally(word, strcspn(word, "*{")) : mcp_resource_uri_is_normal(word)))
        return apr_psprintf(cmd->pool, "%s %s>: write the URI in its normal form, as it must be asked for (docs/directives.md)", cmd->cmd->name, word);
    if (word[len - 1] == ',') return apr_psprintf(cmd->pool, "%s %s>: separate names by blanks, not by commas", cmd->cmd->name, word);
    if (!strcmp(word, "~") || *word == '^' || word[len - 1] == '$')
        return apr_psprintf(cmd->pool, "%s %s>: there are no regular expressions here; a star stands for anything", cmd->cmd->name, word);
    return NULL;
}

/* "NAME* OTHER>" -> patterns. */
static const char *parse_patterns(cmd_parms *cmd, const char *args, const apr_array_header_t *before, apr_array_header_t **out)
{
    const char *end = ap_strrchr_c(args, '>'), *word, *other, *err;

    if (!end) return apr_pstrcat(cmd->pool, cmd->cmd->name, " wants a closing >", NULL);
    args = apr_pstrmemdup(cmd->pool, args, (apr_size_t)(end - args));
    args += strspn(args, " \t");
    *out = apr_array_make(cmd->pool, 2, sizeof(const char *));
    while (*args) {
        word = ap_getword_conf(cmd->pool, &args);
        if ((err = check_word(cmd, word))) return err;
        if (!strcasecmp(cmd->cmd->name, "<MCPResourceURI")) word = mcp_resource_uri_canonical(cmd->pool, word);
        other = clash(before, word);
        if (other && !strcmp(other, word)) return apr_psprintf(cmd->pool, "%s %s> stands twice", cmd->cmd->name, word);
        if (other) return apr_psprintf(cmd->pool, "%s %s> and %s> fit the same names equally well; make one of them a prefix, or name what both fit",
                                       cmd->cmd->name, word, other);
        warn_unknown_method(cmd, word);
        APR_ARRAY_PUSH(*out, const char *) = word;
    }
    if (!(*out)->nelts) return apr_pstrcat(cmd->pool, cmd->cmd->name, " wants a name or pattern", NULL);
    return NULL;
}

static int are_plain(const apr_array_header_t *patterns)
{
    int i;

    for (i = 0; i < patterns->nelts; i++)
        if (!mcp_pattern_is_plain(APR_ARRAY_IDX(patterns, i, const char *))) return 0;
    return 1;
}

/* A section is httpd configuration of its own, built as <If> builds it. */
const char *mcp_section_open(cmd_parms *cmd, const char *args, apr_array_header_t **list)
{
    mcp_section s;
    const char *err;
    const ap_directive_t *idle;
    cmd_parms inner = *cmd;

    if ((err = parse_patterns(cmd, args, *list, &s.patterns))) return err;
    if ((idle = idle_directive(cmd->directive->first_child)))
        return apr_pstrcat(cmd->pool, idle->directive, " counts for nothing in ", cmd->cmd->name, ">; write Require lines, for instance Require expr", NULL);
    if (!has_require(cmd->directive->first_child))
        return apr_pstrcat(cmd->pool, cmd->cmd->name, " has no Require line; to open it to every valid token write: Require valid-user", NULL);
    warn_alternatives(cmd);
    s.is_plain = are_plain(s.patterns) != 0;
    s.asks_more = may_ask_more(cmd->directive->first_child) != 0;
    s.config = ap_create_per_dir_config(cmd->pool);
    if ((err = ap_walk_config(cmd->directive->first_child, &inner, s.config))) {
        cmd->err_directive = inner.err_directive;
        return err;
    }
    if (!*list) *list = apr_array_make(cmd->pool, 4, sizeof(mcp_section));
    APR_ARRAY_PUSH(*list, mcp_section) = s;
    return NULL;
}

apr_array_header_t *mcp_sections_join(apr_pool_t *p, apr_array_header_t *below, apr_array_header_t *above)
{
    return !below ? above : !above ? below : apr_array_append(p, below, above);
}

typedef size_t fit_fn(const char *pattern, const char *name);

/* The first of those that fit best: sections of a location below stand before those above. */
static const mcp_section *best(const apr_array_header_t *sections, const char *name, fit_fn *fit)
{
    const mcp_section *found = NULL;
    size_t best_fit = 0, n;
    int i, k;

    for (i = 0; sections && i < sections->nelts; i++) {
        const mcp_section *s = &APR_ARRAY_IDX(sections, i, mcp_section);
        for (k = 0; k < s->patterns->nelts; k++) {
            n = fit(APR_ARRAY_IDX(s->patterns, k, const char *), name);
            if (n <= best_fit) continue;
            best_fit = n;
            found = s;
        }
    }
    return found;
}

const mcp_section *mcp_section_find(const apr_array_header_t *sections, const char *name)
{
    return best(sections, name, mcp_pattern_fit);
}

/* 1 if all is spelt so that loose readers find what strict ones find. */
static int all_plain(const apr_array_header_t *sections, const char *name)
{
    int i;

    for (i = 0; sections && i < sections->nelts; i++)
        if (!APR_ARRAY_IDX(sections, i, mcp_section).is_plain) return 0;
    return mcp_pattern_is_plain(name);
}

/* A section that has the very name is meant, whatever others look like it. */
static int has_exact(const apr_array_header_t *sections, const char *name)
{
    int i, k;

    for (i = 0; sections && i < sections->nelts; i++) {
        const apr_array_header_t *patterns = APR_ARRAY_IDX(sections, i, mcp_section).patterns;
        for (k = 0; k < patterns->nelts; k++)
            if (!strcmp(APR_ARRAY_IDX(patterns, k, const char *), name)) return 1;
    }
    return 0;
}

int mcp_section_is_imitated(const apr_array_header_t *sections, const char *name)
{
    if (all_plain(sections, name) || has_exact(sections, name)) return 0;
    return best(sections, name, mcp_pattern_fit) != best(sections, name, mcp_pattern_fit_loosely);
}

int mcp_section_grants(request_rec *r, ap_conf_vector_t *merged)
{
    static const struct ap_logconf quiet = { NULL, APLOG_EMERG };
    ap_conf_vector_t *own = r->per_dir_config;
    const struct ap_logconf *log = r->log;
    int status;

    r->per_dir_config = merged;
    r->log = &quiet;    /* authz_core writes an error line for every line that denies; ours says it once */
    status = ap_run_auth_checker(r);
    r->log = log;
    r->per_dir_config = own;
    apr_table_unset(r->err_headers_out, "WWW-Authenticate");
    return status == OK;
}
