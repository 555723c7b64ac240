#include <httpd.h>
#include <http_config.h>
#include <apr_strings.h>
#include "mcp/gate.h"
#include "mcp/judge.h"
#include "mcp/resource_uri.h"
#include "mcp/text.h"

static const mcp_value none = { MCP_VALUE_NONE, NULL, 0 };

/* ---- what is known ---- */

mcp_value mcp_judged_claims(const mcp_judged *j)
{
    return j->token.claims_text ? mcp_value_of(j->token.claims_text, j->token.claims_len) : none;
}

static const char *text_at(request_rec *r, const mcp_judged *j, size_t at, size_t len)
{
    return j->text ? j->text + at : j->body ? mcp_body_slice(r->pool, j->body, at, len) : NULL;
}

static mcp_value whole_message(request_rec *r, const mcp_judged *j)
{
    size_t len = j->text ? j->text_len : mcp_body_length(j->body);
    const char *text = text_at(r, j, 0, len);

    return text ? mcp_value_of(text, len) : none;
}

/* What a completion knows of its prompt's arguments: those given before, and not what an idle member calls arguments. */
static mcp_value completion_arguments(request_rec *r, mcp_judged *j)
{
    mcp_ctx quiet = { .pool = r->pool };
    mcp_value message = whole_message(r, j), params = mcp_value_member(&message, "params", 6), context, arguments = none;

    j->arguments_unclear = mcp_methods_member(&quiet, &params, "context", &context) || mcp_methods_member(&quiet, &context, "arguments", &arguments);
    return arguments;
}

static mcp_value read_arguments(request_rec *r, mcp_judged *j)
{
    mcp_value v = { MCP_VALUE_OBJECT, NULL, j->message.arguments_len };     /* the scanner knows its ends */

    if (!strcmp(j->message.method, "completion/complete")) return completion_arguments(r, j);
    if (!v.len || !(v.at = text_at(r, j, j->message.arguments_at, v.len))) return none;
    return v;
}

mcp_value mcp_judged_arguments(request_rec *r, mcp_judged *j)
{
    if (!j->has_arguments) j->arguments = read_arguments(r, j);
    j->has_arguments = 1;
    return j->arguments;
}

int mcp_judged_takes_arguments(const mcp_judged *j)
{
    static const char *const taking[] = { "tools/call", "prompts/get", "completion/complete", NULL };
    const char *const *method;

    for (method = taking; j->message.method && *method; method++)
        if (!strcmp(j->message.method, *method)) return 1;
    return 0;
}

/* ---- scopes ---- */

static int implied(const mcp_locations *all, const char *held, const char *wanted, int depth)
{
    int i, k;

    if (mcp_text_has_word(held, wanted)) return 1;
    for (i = 0; depth && i < all->implies->nelts; i++) {
        const mcp_implied *line = &APR_ARRAY_IDX(all->implies, i, mcp_implied);
        for (k = 0; k < line->narrow->nelts; k++)
            if (!strcmp(APR_ARRAY_IDX(line->narrow, k, const char *), wanted) && implied(all, held, line->broad, depth - 1)) return 1;
    }
    return 0;
}

int mcp_judged_has_scope(const mcp_judged *j, const char *scope)
{
    return implied(j->all, j->token.scope, scope, j->all->implies->nelts);
}

const char *mcp_judged_challenge_scopes(apr_pool_t *p, const mcp_judged *j)
{
    const char *all = j->token.scope ? j->token.scope : "", *scope;
    int i;

    for (i = 0; i < j->wanted->nelts; i++) {
        scope = APR_ARRAY_IDX(j->wanted, i, const char *);
        if (!mcp_judged_has_scope(j, scope) && !mcp_text_has_word(all, scope)) all = apr_pstrcat(p, all, *all ? " " : "", scope, NULL);
    }
    return *all ? all : NULL;
}

/* ---- judging ---- */

/* A section that the request met: a list may name hundreds of tools that share it. */
typedef struct {
    const mcp_section *section;
    ap_conf_vector_t *config;       /* the section's laid over the request's */
    int listed;                     /* its verdict for lists; -1: not known, or not the same for every name */
} section_use;

static section_use *use_of(request_rec *r, mcp_judged *j, const mcp_section *s)
{
    section_use *use;
    int i;

    for (i = 0; i < j->used->nelts; i++)
        if (APR_ARRAY_IDX(j->used, i, section_use *)->section == s) return APR_ARRAY_IDX(j->used, i, section_use *);
    use = apr_palloc(r->pool, sizeof *use);
    *use = (section_use){ s, ap_merge_per_dir_configs(r->pool, r->per_dir_config, s->config), -1 };
    APR_ARRAY_PUSH(j->used, section_use *) = use;
    return use;
}

/* Denied: were scopes alone missing? Then the caller may ask for more. */
static mcp_rc refuse(mcp_ctx *ctx, request_rec *r, mcp_judged *j, const mcp_section *s)
{
    const char *denied = j->denied;
    int grants;

    if (j->phase == MCP_PHASE_LIST) return MCP_FORBIDDEN;
    if (j->unjudged) return mcp_fail(ctx, MCP_FORBIDDEN, "a rule cannot be judged: Require %s", j->unjudged);
    j->phase = MCP_PHASE_STEP_UP;
    grants = mcp_section_grants(r, use_of(r, j, s)->config);
    j->phase = MCP_PHASE_CALL;
    if (grants && j->wanted->nelts) return mcp_fail(ctx, MCP_MISSING_SCOPE, "needs scope %s", apr_array_pstrcat(r->pool, j->wanted, ' '));
    return mcp_fail(ctx, MCP_FORBIDDEN, "the rules do not grant it%s%s", denied ? "; not met: Require " : "", denied ? denied : "");
}

static mcp_rc judge_section(mcp_ctx *ctx, request_rec *r, mcp_judged *j, const mcp_section *s)
{
    section_use *use = use_of(r, j, s);
    int grants;

    if (j->phase == MCP_PHASE_LIST && use->listed >= 0) return use->listed ? MCP_OK : MCP_FORBIDDEN;
    j->unjudged = j->denied = NULL;
    grants = mcp_section_grants(r, use->config);
    if (j->phase == MCP_PHASE_LIST && !s->asks_more) use->listed = grants;
    return grants ? MCP_OK : refuse(ctx, r, j, s);
}

static const mcp_section *method_section(const mcp_judged *j)
{
    return j->message.method ? mcp_section_find(j->location->sections[MCP_SUBJECT_METHOD], j->message.method) : NULL;
}

/* What no section of its kind names. A section of the method opens prompts and resources; never tools. */
static mcp_rc judge_unlisted(mcp_ctx *ctx, const mcp_judged *j, int method_opens)
{
    if (method_opens && j->subject.kind != MCP_SUBJECT_TOOL) return MCP_OK;
    if (j->location->unlisted_allow == 1) return MCP_OK;
    if (j->subject.kind == MCP_SUBJECT_TOOL || j->location->sections[j->subject.kind]) return mcp_fail(ctx, MCP_FORBIDDEN, "no section names it");
    return mcp_fail(ctx, MCP_METHOD_DENIED, "no section opens this method");
}

static mcp_rc check_pin(mcp_ctx *ctx, request_rec *r, mcp_judged *j)
{
    const apr_array_header_t *mirrors = NULL;
    int stateless = mcp_gate_is_stateless(r->headers_in, &j->message);
    mcp_value arguments;
    mcp_rc rc;

    if ((rc = mcp_pin_called(ctx, j->all->store, j->location->pins, j->location->where->resource, j->subject.name, stateless ? &mirrors : NULL))) return rc;
    if (!mirrors) return MCP_OK;
    arguments = mcp_judged_arguments(r, j);
    return mcp_definition_agree(ctx, r->headers_in, &arguments, mirrors);
}

/* What counts for calls alone: the tool is as it was accepted, headers mirror its arguments, and it is not called too often. */
static mcp_rc judge_call(mcp_ctx *ctx, request_rec *r, mcp_judged *j, const mcp_section *s)
{
    const mcp_location *settings = s ? mcp_judged_location(use_of(r, j, s)->config) : j->location;
    mcp_rc rc;

    if (!j->all->store && (settings->rate || j->location->pins == MCP_PIN_ENFORCE)) return mcp_fail(ctx, MCP_UNAVAILABLE, "the store is not open");
    if (j->all->store && j->location->pins != MCP_PIN_OFF && (rc = check_pin(ctx, r, j))) return rc;
    if (!settings->rate) return MCP_OK;
    return mcp_rate_count(ctx, j->all->store, settings->rate, j->location->where->resource, j->subject.name,
                          mcp_json_string(j->token.claims, "iss"), j->token.sub, j->token.client_id);
}

/* 1 if spelling can decide which section a URI belongs to: there is more than one, or one that does not hold them all. */
static int parts_uris(const apr_array_header_t *sections)
{
    const apr_array_header_t *only;

    if (!sections) return 0;
    only = APR_ARRAY_IDX(sections, 0, mcp_section).patterns;
    return sections->nelts > 1 || only->nelts > 1 || strcmp(APR_ARRAY_IDX(only, 0, const char *), "*");
}

/* A URI template is the server's own word for many URIs, each of which is judged when it is read. */
static int is_normal(const mcp_judged *j)
{
    int is_template = j->listed_template || (j->message.method && !strcmp(j->message.method, "completion/complete"));

    return is_template ? mcp_resource_uri_begins_normally(j->subject.name, strcspn(j->subject.name, "{")) : mcp_resource_uri_is_normal(j->subject.name);
}

/* Where the method has a section it must grant, and so must that of what is named. */
static mcp_rc judge_named(mcp_ctx *ctx, request_rec *r, mcp_judged *j)
{
    const apr_array_header_t *sections = j->location->sections[j->subject.kind];
    const char *name = j->subject.kind == MCP_SUBJECT_RESOURCE ? mcp_resource_uri_canonical(r->pool, j->subject.name) : j->subject.name;
    const mcp_section *s = mcp_section_find(sections, name), *method = method_section(j);
    mcp_rc rc;

    if (mcp_section_is_imitated(sections, j->subject.name))
        return mcp_fail(ctx, MCP_FORBIDDEN, "another section's name but for case or blanks; if it is meant, give it a section");
    if (j->subject.kind == MCP_SUBJECT_RESOURCE && parts_uris(sections) && !is_normal(j))
        return mcp_fail(ctx, MCP_ODD_URI, "no dot segments, fragments or needless escapes, no default port (RFC 3986 6.2.2)");
    if (method && (rc = judge_section(ctx, r, j, method))) return rc;
    rc = s ? judge_section(ctx, r, j, s) : judge_unlisted(ctx, j, method != NULL);
    return rc || j->subject.kind != MCP_SUBJECT_TOOL || j->phase == MCP_PHASE_LIST ? rc : judge_call(ctx, r, j, s);
}

static mcp_rc judge_subject(mcp_ctx *ctx, request_rec *r, mcp_judged *j)
{
    const mcp_section *s;

    if (j->message.method && mcp_section_is_imitated(j->location->sections[MCP_SUBJECT_METHOD], j->message.method))
        return mcp_fail(ctx, MCP_METHOD_DENIED, "another section's method but for case or blanks");
    if (j->subject.kind >= MCP_SUBJECT_TOOL) return judge_named(ctx, r, j);
    if ((s = method_section(j))) return judge_section(ctx, r, j, s);
    if (j->subject.kind == MCP_SUBJECT_TOKEN) return MCP_OK;
    return mcp_fail(ctx, MCP_METHOD_DENIED, "no <MCPMethod> section opens this method");
}

mcp_rc mcp_judge_message(mcp_ctx *ctx, request_rec *r, mcp_judged *j)
{
    mcp_value body = none;
    const apr_array_header_t *subjects;
    mcp_rc rc;
    int i;

    if (mcp_methods_need_body(&j->message)) body = whole_message(r, j);
    if ((rc = mcp_methods_subjects(ctx, &j->message, &body, &subjects))) return rc;
    for (i = 0; i < subjects->nelts; i++) {
        j->subject = APR_ARRAY_IDX(subjects, i, mcp_subject);
        if ((rc = judge_subject(ctx, r, j))) return rc;
    }
    return MCP_OK;
}

int mcp_judge_listed(request_rec *r, mcp_judged *j, mcp_list_kind kind, const char *name)
{
    static const struct {
        mcp_subject_kind kind;
        const char *method;     /* that would ask for it */
    } calls[] = {
        { MCP_SUBJECT_TOOL, "tools/call" }, { MCP_SUBJECT_PROMPT, "prompts/get" }, { MCP_SUBJECT_RESOURCE, "resources/read" },
        { MCP_SUBJECT_RESOURCE, "resources/read" }
    };
    mcp_ctx quiet = { .pool = r->pool };
    const mcp_judged before = *j;
    mcp_rc rc;

    j->phase = MCP_PHASE_LIST;
    j->message.method = calls[kind].method;
    j->subject.kind = calls[kind].kind;
    j->subject.name = name;
    j->listed_template = kind == MCP_LIST_TEMPLATES;
    rc = *name ? judge_subject(&quiet, r, j) : MCP_FORBIDDEN;
    *j = before;
    return !rc;
}
