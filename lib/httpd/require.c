/* The mcp- lines of Require, and what expressions may ask: they read the mcp_judged of the request. */
#include <httpd.h>
#include <http_config.h>
#include <http_request.h>
#include <mod_auth.h>
#include <ap_expr.h>
#include <apr_strings.h>
#include "mcp/condition.h"
#include "mcp/judge.h"
#include "mcp/path.h"

static module *owner;

mcp_judged *mcp_judged_create(request_rec *r, const mcp_location *location, const mcp_locations *all)
{
    mcp_judged *j = apr_pcalloc(r->pool, sizeof *j);

    j->location = location;
    j->all = all;
    j->wanted = apr_array_make(r->pool, 2, sizeof(const char *));
    j->used = apr_array_make(r->pool, 2, sizeof(void *));
    ap_set_module_config(r->request_config, owner, j);
    return j;
}

mcp_judged *mcp_judged_of(const request_rec *r)
{
    return ap_get_module_config(r->request_config, owner);
}

const mcp_location *mcp_judged_location(const ap_conf_vector_t *config)
{
    return ap_get_module_config(config, owner);
}

/* ---- the lines ---- */

typedef struct {
    const char *line;               /* as configured */
    int negated;                    /* stands under an odd number of negations */
    apr_array_header_t *words;      /* of const char *: scopes, or client identifiers */
    mcp_condition *condition;
} require_line;

static int is_negated(cmd_parms *cmd)
{
    const ap_directive_t *d;
    int negations = !strncasecmp(cmd->directive->args, "not ", 4);

    for (d = cmd->directive->parent; d; d = d->parent)
        if (!strcasecmp(d->directive, "<RequireNone")) negations++;
    return negations & 1;
}

/* Elsewhere the line would be asked before the message is read, or without the polarity it stands in. */
static const char *check_place(cmd_parms *cmd)
{
    const ap_directive_t *d;

    for (d = cmd->directive->parent; d; d = d->parent)
        if (!strncasecmp(d->directive, "<MCP", 4) && strcasecmp(d->directive, "<MCPClientTier")) return NULL;
    return "an mcp- line of Require stands in <MCPTool>, <MCPPrompt>, <MCPResourceURI> or <MCPMethod>";
}

static require_line *read_line(cmd_parms *cmd, const char *provider, const char *args)
{
    require_line *line = apr_pcalloc(cmd->pool, sizeof *line);
    const char *word;

    line->line = apr_pstrcat(cmd->pool, provider, " ", args, NULL);
    line->negated = is_negated(cmd);
    line->words = apr_array_make(cmd->pool, 3, sizeof(const char *));
    while (*args && *(word = ap_getword_conf(cmd->pool, &args))) APR_ARRAY_PUSH(line->words, const char *) = word;
    return line;
}

/* Remembers for the log which line said no. */
static authz_status decided(mcp_judged *j, const require_line *line, int grants)
{
    if (grants == line->negated) j->denied = line->line;
    return grants ? AUTHZ_GRANTED : AUTHZ_DENIED;
}

/* ---- mcp-scope ---- */

static const char *parse_scope(cmd_parms *cmd, const char *args, const void **parsed)
{
    require_line *line = read_line(cmd, "mcp-scope", args);
    mcp_locations *all = ap_get_module_config(cmd->server->module_config, owner);
    const char *err;
    int i;

    if ((err = check_place(cmd))) return err;
    if (!line->words->nelts) return "Require mcp-scope wants at least one scope name";
    for (i = 0; i < line->words->nelts; i++)
        if (strpbrk(APR_ARRAY_IDX(line->words, i, const char *), " \t\"\\")) return "Require mcp-scope: a scope name has no blanks or quotes; write several names without quotes around them";
    apr_array_cat(all->scopes, line->words);
    *parsed = line;
    return NULL;
}

static authz_status check_scope(request_rec *r, const char *args, const void *parsed)
{
    const require_line *line = parsed;
    mcp_judged *j = mcp_judged_of(r);
    int i;

    (void)args;
    if (!j || !line) return AUTHZ_DENIED;
    if (j->phase == MCP_PHASE_STEP_UP && !line->negated) {
        apr_array_cat(j->wanted, line->words);
        return AUTHZ_GRANTED;
    }
    for (i = 0; i < line->words->nelts && mcp_judged_has_scope(j, APR_ARRAY_IDX(line->words, i, const char *)); i++) { }
    return decided(j, line, i == line->words->nelts);
}

/* ---- mcp-claim and mcp-arg ---- */

static const char *parse_condition(cmd_parms *cmd, const char *provider, const char *args, const void **parsed)
{
    require_line *line = read_line(cmd, provider, args);
    const char *why = check_place(cmd);

    if (why) return why;
    line->condition = mcp_condition_parse(cmd->pool, line->words->nelts, (const char *const *)(void *)line->words->elts, &why);
    *parsed = line;
    return line->condition ? NULL : apr_psprintf(cmd->pool, "Require %s: %s", line->line, why);
}

static const char *parse_claim(cmd_parms *cmd, const char *args, const void **parsed)
{
    const char *err = parse_condition(cmd, "mcp-claim", args, parsed);

    if (!err) mcp_condition_spread(((const require_line *)*parsed)->condition);
    return err;
}

static const char *parse_arg(cmd_parms *cmd, const char *args, const void **parsed)
{
    return parse_condition(cmd, "mcp-arg", args, parsed);
}

/* What cannot be judged is an error to httpd, which denies under every polarity. */
static authz_status verdict(mcp_judged *j, const require_line *line, mcp_holds holds)
{
    if (holds == MCP_HOLDS_UNKNOWN) {
        j->unjudged = line->line;
        return AUTHZ_GENERAL_ERROR;
    }
    return decided(j, line, holds == MCP_HOLDS_YES);
}

/* A claim that is a list holds if one of its elements does. */
static authz_status check_claim(request_rec *r, const char *args, const void *parsed)
{
    const require_line *line = parsed;
    mcp_judged *j = mcp_judged_of(r);
    mcp_value claims;

    (void)args;
    if (!j || !line) return AUTHZ_DENIED;
    claims = mcp_judged_claims(j);
    return verdict(j, line, mcp_condition_test(r->pool, line->condition, &claims, &claims, 1));
}

/* While a list is judged there are no arguments: the line counts as met, whichever way it stands. */
static authz_status check_arg(request_rec *r, const char *args, const void *parsed)
{
    const require_line *line = parsed;
    mcp_judged *j = mcp_judged_of(r);
    mcp_value arguments, claims;

    (void)args;
    if (!j || !line) return AUTHZ_DENIED;
    if (j->phase == MCP_PHASE_LIST) return line->negated ? AUTHZ_DENIED : AUTHZ_GRANTED;
    if (!mcp_judged_takes_arguments(j)) return verdict(j, line, MCP_HOLDS_UNKNOWN);
    arguments = mcp_judged_arguments(r, j);
    if (j->arguments_unclear) return verdict(j, line, MCP_HOLDS_UNKNOWN);
    claims = mcp_judged_claims(j);
    return verdict(j, line, mcp_condition_test(r->pool, line->condition, &arguments, &claims, line->negated));
}

/* ---- mcp-client ---- */

static const char *parse_client(cmd_parms *cmd, const char *args, const void **parsed)
{
    require_line *line = read_line(cmd, "mcp-client", args);
    const char *err = check_place(cmd);

    if (err) return err;
    if (line->words->nelts < 2 || strcmp(APR_ARRAY_IDX(line->words, 0, const char *), "id"))
        return "Require mcp-client wants: id CLIENT_ID...";
    *parsed = line;
    return NULL;
}

static authz_status check_client(request_rec *r, const char *args, const void *parsed)
{
    const require_line *line = parsed;
    mcp_judged *j = mcp_judged_of(r);
    int i, found = 0;

    (void)args;
    if (!j || !line) return AUTHZ_DENIED;
    for (i = 1; *j->token.client_id && i < line->words->nelts; i++)
        if (!strcmp(APR_ARRAY_IDX(line->words, i, const char *), j->token.client_id)) found = 1;
    return decided(j, line, found);
}

/* ---- expressions ---- */

static const char *subject_name(const mcp_judged *j, mcp_subject_kind kind)
{
    return j->subject.kind == kind && j->subject.name ? j->subject.name : "";
}

/* %{MCP_METHOD} and its siblings; data tells which. */
static const char *variable(ap_expr_eval_ctx_t *ctx, const void *data)
{
    const mcp_judged *j = ctx->r ? mcp_judged_of(ctx->r) : NULL;

    if (!j) return "";
    switch (*(const char *)data) {
    case 'M': return j->message.method ? j->message.method : "";
    case 'T': return subject_name(j, MCP_SUBJECT_TOOL);
    case 'P': return subject_name(j, MCP_SUBJECT_PROMPT);
    case 'R': return subject_name(j, MCP_SUBJECT_RESOURCE);
    case 'C': return j->token.client_id ? j->token.client_id : "";
    default: return j->token.scope ? j->token.scope : "";
    }
}

/* A string's text, other scalars as JSON spells them, "" for what is absent or a container. */
static const char *scalar_text(apr_pool_t *p, const mcp_value *value)
{
    if (value->kind == MCP_VALUE_STRING) return mcp_value_text(p, value, NULL);
    if (value->kind == MCP_VALUE_NONE || value->kind == MCP_VALUE_ARRAY || value->kind == MCP_VALUE_OBJECT) return "";
    return apr_pstrmemdup(p, value->at, value->len);
}

static void note(void *out, const mcp_value *value)
{
    *(mcp_value *)out = *value;
}

/* The last value that the path leads to; NONE where nobody can say. */
static mcp_value walk(apr_pool_t *p, mcp_value root, const char *text)
{
    mcp_value found = { MCP_VALUE_NONE, NULL, 0 };
    const char *why;
    const mcp_path *path = mcp_path_parse(p, text, strlen(text), &why);

    if (!path || !mcp_path_walk(p, path, &root, note, &found)) found.kind = MCP_VALUE_NONE;
    return found;
}

static const char *claim_text(ap_expr_eval_ctx_t *ctx, const void *data, const char *path)
{
    const mcp_judged *j = ctx->r ? mcp_judged_of(ctx->r) : NULL;
    mcp_value value;

    (void)data;
    if (!j) return "";
    value = walk(ctx->p, mcp_judged_claims(j), path);
    return scalar_text(ctx->p, &value);
}

static const char *argument_text(ap_expr_eval_ctx_t *ctx, const void *data, const char *path)
{
    mcp_judged *j = ctx->r ? mcp_judged_of(ctx->r) : NULL;
    mcp_value value;

    (void)data;
    if (!j || j->phase == MCP_PHASE_LIST || !mcp_judged_takes_arguments(j)) return "";
    value = walk(ctx->p, mcp_judged_arguments(ctx->r, j), path);
    return scalar_text(ctx->p, &value);
}

static int lookup(ap_expr_lookup_parms *parms)
{
    static const struct {
        const char *name, *letter;
    } variables[] = { { "MCP_METHOD", "M" }, { "MCP_TOOL", "T" }, { "MCP_PROMPT", "P" }, { "MCP_RESOURCE", "R" }, { "MCP_CLIENT", "C" },
                      { "MCP_SCOPE", "S" } };
    size_t i;

    if (parms->type == AP_EXPR_FUNC_STRING && (!strcasecmp(parms->name, "mcp_claim") || !strcasecmp(parms->name, "mcp_arg"))) {
        *parms->func = (const void *)(strcasecmp(parms->name, "mcp_arg") ? claim_text : argument_text);
        *parms->data = NULL;
        return OK;
    }
    for (i = 0; parms->type == AP_EXPR_FUNC_VAR && i < sizeof variables / sizeof *variables; i++) {
        if (strcasecmp(parms->name, variables[i].name)) continue;
        *parms->func = (const void *)variable;
        *parms->data = variables[i].letter;
        return OK;
    }
    return DECLINED;
}

void mcp_require_register(apr_pool_t *p, module *door)
{
    static const authz_provider scope = { check_scope, parse_scope }, claim = { check_claim, parse_claim }, arg = { check_arg, parse_arg },
                                client = { check_client, parse_client };

    owner = door;
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "mcp-scope", AUTHZ_PROVIDER_VERSION, &scope, AP_AUTH_INTERNAL_PER_CONF);
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "mcp-claim", AUTHZ_PROVIDER_VERSION, &claim, AP_AUTH_INTERNAL_PER_CONF);
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "mcp-arg", AUTHZ_PROVIDER_VERSION, &arg, AP_AUTH_INTERNAL_PER_CONF);
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "mcp-client", AUTHZ_PROVIDER_VERSION, &client, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_expr_lookup(lookup, NULL, NULL, APR_HOOK_MIDDLE);
}
