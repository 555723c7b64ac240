#include <string.h>
#include <apr_strings.h>
#include "mcp/fold.h"
#include "mcp/methods.h"
#include "mcp/pattern.h"

/* Where a method's subject stands. */
typedef enum { NOWHERE, AT_NAME, AT_URI, AT_REF, AT_SUBSCRIPTIONS } place;

typedef struct {
    const char *method;
    mcp_subject_kind kind;
    place where;
} row;

static const row rows[] = {
    { "tools/call",               MCP_SUBJECT_TOOL,     AT_NAME },
    { "tools/list",               MCP_SUBJECT_TOKEN,    NOWHERE },
    { "initialize",               MCP_SUBJECT_TOKEN,    NOWHERE },
    { "ping",                     MCP_SUBJECT_TOKEN,    NOWHERE },
    { "server/discover",          MCP_SUBJECT_TOKEN,    NOWHERE },
    { "prompts/list",             MCP_SUBJECT_TOKEN,    NOWHERE },
    { "prompts/get",              MCP_SUBJECT_PROMPT,   AT_NAME },
    { "resources/list",           MCP_SUBJECT_TOKEN,    NOWHERE },
    { "resources/templates/list", MCP_SUBJECT_TOKEN,    NOWHERE },
    { "resources/read",           MCP_SUBJECT_RESOURCE, AT_URI },
    { "resources/subscribe",      MCP_SUBJECT_RESOURCE, AT_URI },
    { "resources/unsubscribe",    MCP_SUBJECT_RESOURCE, AT_URI },
    { "completion/complete",      MCP_SUBJECT_METHOD,   AT_REF },
    { "subscriptions/listen",     MCP_SUBJECT_TOKEN,    AT_SUBSCRIPTIONS },
    { "logging/setLevel",         MCP_SUBJECT_METHOD,   NOWHERE },
    { "tasks/get",                MCP_SUBJECT_METHOD,   NOWHERE },
    { "tasks/list",               MCP_SUBJECT_METHOD,   NOWHERE },
    { "tasks/result",             MCP_SUBJECT_METHOD,   NOWHERE },
    { "tasks/update",             MCP_SUBJECT_METHOD,   NOWHERE },
    { "tasks/cancel",             MCP_SUBJECT_METHOD,   NOWHERE },
    { NULL,                       MCP_SUBJECT_METHOD,   NOWHERE }
};

static const row *row_of(const char *method)
{
    const row *r;

    for (r = rows; r->method && (!method || strcmp(r->method, method)); r++) { }
    return r;
}

int mcp_methods_is_known(const char *method)
{
    return row_of(method)->method || !strncmp(method, "notifications/", 14);
}

int mcp_methods_is_imitated(const char *method)
{
    const row *r = row_of(method);

    if (r->method || !strncmp(method, "notifications/", 14)) return 0;
    for (r = rows; r->method; r++)
        if (mcp_pattern_fit_loosely(r->method, method)) return 1;
    return 0;
}

mcp_subject_kind mcp_methods_named(const mcp_message *m)
{
    return row_of(m->method)->kind;
}

int mcp_methods_need_body(const mcp_message *m)
{
    place where = row_of(m->method)->where;

    return where == AT_REF || where == AT_SUBSCRIPTIONS;
}

static mcp_rc add(mcp_ctx *ctx, apr_array_header_t *out, mcp_subject_kind kind, const char *name)
{
    mcp_subject s = { kind, name };

    if (kind >= MCP_SUBJECT_TOOL && (!name || !*name)) return mcp_fail(ctx, MCP_BAD_PARAMS, "the name or URI that the method needs is missing");
    APR_ARRAY_PUSH(out, mcp_subject) = s;
    return MCP_OK;
}

mcp_rc mcp_methods_member(mcp_ctx *ctx, const mcp_value *object, const char *name, mcp_value *out)
{
    mcp_value_walk walk = mcp_value_begin(object);
    mcp_value key, value;
    size_t len, wanted = strlen(name);

    *out = (mcp_value){ MCP_VALUE_NONE, NULL, 0 };
    while (object->kind == MCP_VALUE_OBJECT && mcp_value_next(&walk, &key, &value)) {
        const char *text = mcp_value_bytes(ctx->pool, &key, &len);
        if (mcp_value_is(&key, "__proto__", 9)) return mcp_fail(ctx, MCP_AMBIGUOUS, "a member that changes what others mean");
        if (len == wanted && !memcmp(text, name, len)) *out = value;
        else if (mcp_fold_equal(text, len, name, wanted)) return mcp_fail(ctx, MCP_AMBIGUOUS, "a member differs from %s by case alone", name);
    }
    return MCP_OK;
}

/* completion/complete: what is completed is an argument of a prompt or a variable of a resource template. */
static mcp_rc add_reference(mcp_ctx *ctx, apr_array_header_t *out, const mcp_value *params)
{
    mcp_value ref, type, name, uri;
    const char *text;
    size_t len;
    int prompt;
    mcp_rc rc;

    if ((rc = mcp_methods_member(ctx, params, "ref", &ref)) || (rc = mcp_methods_member(ctx, &ref, "type", &type))) return rc;
    if ((rc = mcp_methods_member(ctx, &ref, "name", &name)) || (rc = mcp_methods_member(ctx, &ref, "uri", &uri))) return rc;
    prompt = mcp_value_is(&type, "ref/prompt", 10);
    if (!prompt && !mcp_value_is(&type, "ref/resource", 12)) return mcp_fail(ctx, MCP_BAD_PARAMS, "ref.type is ref/prompt or ref/resource");
    text = mcp_value_clear(ctx->pool, prompt ? &name : &uri, &len);
    if (!text) return mcp_fail(ctx, MCP_BAD_PARAMS, "ref.%s is no string", prompt ? "name" : "uri");
    return add(ctx, out, prompt ? MCP_SUBJECT_PROMPT : MCP_SUBJECT_RESOURCE, apr_pstrmemdup(ctx->pool, text, len));
}

/* subscriptions/listen: each resource whose changes are told must be one that may be read. */
static mcp_rc add_subscriptions(mcp_ctx *ctx, apr_array_header_t *out, const mcp_value *params)
{
    mcp_value filter, uris, uri;
    mcp_value_walk walk;
    const char *text;
    size_t len;
    mcp_rc rc;

    if ((rc = mcp_methods_member(ctx, params, "notifications", &filter)) || (rc = mcp_methods_member(ctx, &filter, "resourceSubscriptions", &uris))) return rc;
    if (uris.kind != MCP_VALUE_NONE && uris.kind != MCP_VALUE_ARRAY) return mcp_fail(ctx, MCP_BAD_PARAMS, "resourceSubscriptions is a list of URIs");
    for (walk = mcp_value_begin(&uris); mcp_value_next(&walk, NULL, &uri); ) {
        if (!(text = mcp_value_clear(ctx->pool, &uri, &len))) return mcp_fail(ctx, MCP_BAD_PARAMS, "resourceSubscriptions is a list of URIs");
        if ((rc = add(ctx, out, MCP_SUBJECT_RESOURCE, apr_pstrmemdup(ctx->pool, text, len)))) return rc;
    }
    return MCP_OK;
}

/* A notification runs what it names all the same; without a name of its own it must be one of MCP's. */
static mcp_subject_kind kind_without_row(const mcp_message *m)
{
    int told = m->kind == MCP_MESSAGE_NOTIFICATION && m->method && !strncmp(m->method, "notifications/", 14);

    return m->kind == MCP_MESSAGE_RESPONSE || told ? MCP_SUBJECT_TOKEN : MCP_SUBJECT_METHOD;
}

mcp_rc mcp_methods_subjects(mcp_ctx *ctx, const mcp_message *m, const mcp_value *body, const apr_array_header_t **out)
{
    apr_array_header_t *list = apr_array_make(ctx->pool, 1, sizeof(mcp_subject));
    const row *r = row_of(m->method);
    mcp_value params;
    mcp_rc rc;

    *out = list;
    if (!r->method) return add(ctx, list, kind_without_row(m), NULL);
    if (r->where == AT_NAME) return add(ctx, list, r->kind, m->name);
    /* 2026-07-28 has no such methods: without a URI there is nothing but the method to judge, and the backend says that it is unknown. */
    if (r->where == AT_URI && !m->uri && m->version && strcmp(r->method, "resources/read") && strcmp(m->version, "2026-07-28") >= 0)
        return add(ctx, list, MCP_SUBJECT_METHOD, NULL);
    if (r->where == AT_URI) return add(ctx, list, r->kind, m->uri);
    if (r->kind == MCP_SUBJECT_TOKEN && m->kind != MCP_MESSAGE_REQUEST) return add(ctx, list, MCP_SUBJECT_METHOD, NULL);
    if (r->where == NOWHERE) return add(ctx, list, r->kind, NULL);
    params = mcp_value_member(body, "params", 6);
    if (r->where == AT_REF) return add_reference(ctx, list, &params);
    if ((rc = add(ctx, list, MCP_SUBJECT_TOKEN, NULL))) return rc;
    return add_subscriptions(ctx, list, &params);
}
