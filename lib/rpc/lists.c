#include <string.h>
#include <apr_tables.h>
#include "mcp/fold.h"
#include "mcp/lists.h"

typedef enum { A_LIST, THE_SCOPE, A_HINT } role;

/* Members of a result that decide. ttlMs and resultType tell a result of revision 2026-07-28 from older ones. */
typedef struct {
    const char *name;
    role is;
    mcp_list_kind kind;
    const char *key;            /* by which an element of the list is judged */
} member;

static const member members[] = {
    { "tools", A_LIST, MCP_LIST_TOOLS, "name" },
    { "prompts", A_LIST, MCP_LIST_PROMPTS, "name" },
    { "resources", A_LIST, MCP_LIST_RESOURCES, "uri" },
    { "resourceTemplates", A_LIST, MCP_LIST_TEMPLATES, "uriTemplate" },
    { "cacheScope", THE_SCOPE, MCP_LIST_TOOLS, NULL },
    { "ttlMs", A_HINT, MCP_LIST_TOOLS, NULL },
    { "resultType", A_HINT, MCP_LIST_TOOLS, NULL },
};
enum { MEMBERS = sizeof members / sizeof *members };

/* What stands at [from, to) of the text becomes put. Edits are made in the order of the text and never overlap. */
typedef struct {
    const char *from, *to, *put;
} edit;

typedef struct {
    mcp_ctx inner;              /* its pool is scratch, cleared after each message */
    mcp_envelope_rules rules;   /* of one message */
    mcp_list_keep *keep;
    void *baton;
    apr_array_header_t *edits;
} filter;

static mcp_rc refuse(filter *f, mcp_rc rc, const char *why)
{
    return mcp_fail(&f->inner, rc, "%s", why);
}

static void replace(filter *f, const char *from, const char *to, const char *put)
{
    *(edit *)apr_array_push(f->edits) = (edit){ from, to, put };
}

/* ---- names ---- */

/* 1: that name; 0: another; -1: one that a reader may take for it. */
static int compare(const char *name, const char *wanted)
{
    return !strcmp(name, wanted) ? 1 : mcp_fold_equal(name, strlen(name), wanted, strlen(wanted)) ? -1 : 0;
}

/* ---- elements ---- */

/* A string that every reader reads alike; NULL: it is none. The strict reader lets U+0000 and lone surrogates stand in values. */
static const char *exact_text(filter *f, const mcp_value *value)
{
    size_t len = 0;
    const char *text = mcp_value_text(f->inner.pool, value, &len);

    if (!text || memchr(text, 0, len)) return NULL;
    return memchr(value->at, '\\', value->len) && strstr(text, "\xef\xbf\xbd") ? NULL : text;
}

static mcp_rc find_key(filter *f, const mcp_value *element, const char *key, mcp_value *found)
{
    mcp_value_walk walk = mcp_value_begin(element);
    mcp_value name, value;
    int is;

    found->kind = MCP_VALUE_NONE;
    while (mcp_value_next(&walk, &name, &value)) {
        is = compare(mcp_value_text(f->inner.pool, &name, NULL), key);
        if (is < 0) return refuse(f, MCP_AMBIGUOUS, "a listed definition has a member that differs from its name by case alone");
        if (is) *found = value;
    }
    return MCP_OK;
}

static mcp_rc judge(filter *f, const member *list, const mcp_value *element, int *kept)
{
    mcp_value key;
    const char *name;
    mcp_rc rc;

    if (element->kind != MCP_VALUE_OBJECT) return refuse(f, MCP_BAD_ENVELOPE, "a listed definition is no object");
    if ((rc = find_key(f, element, list->key, &key))) return rc;
    if (!(name = exact_text(f, &key))) return refuse(f, MCP_BAD_ENVELOPE, "a listed definition has no name that can be read");
    *kept = f->keep(f->baton, list->kind, name, element);
    return MCP_OK;
}

/* A run of elements is cut with the comma behind it, at the end of the list with the one before it. */
static mcp_rc filter_list(filter *f, const member *list, const mcp_value *array)
{
    mcp_value_walk walk = mcp_value_begin(array);
    const char *kept_end = NULL, *cut = NULL, *end = NULL;
    mcp_value element;
    int kept = 0;
    mcp_rc rc;

    for (; mcp_value_next(&walk, NULL, &element); end = element.at + element.len) {
        if ((rc = judge(f, list, &element, &kept))) return rc;
        if (!kept) {
            if (!cut) cut = element.at;
            continue;
        }
        if (cut) replace(f, cut, element.at, "");
        cut = NULL;
        kept_end = element.at + element.len;
    }
    if (cut && kept_end) replace(f, kept_end, end, "");
    else if (cut) replace(f, array->at + 1, array->at + array->len - 1, "");
    return MCP_OK;
}

/* ---- results ---- */

typedef struct {
    int has_list, has_scope, has_hint;
} seen;

/* NULL: a member that decides nothing. */
static mcp_rc recognise(filter *f, const mcp_value *name, const member **found)
{
    const char *text = mcp_value_text(f->inner.pool, name, NULL);
    int i, is;

    *found = NULL;
    if (!strcmp(text, "__proto__")) return refuse(f, MCP_AMBIGUOUS, "a member of a result that changes what others mean");
    for (i = 0; i < MEMBERS && !*found; i++) {
        is = compare(text, members[i].name);
        if (is < 0) return refuse(f, MCP_AMBIGUOUS, "a member of a result differs from a listed one by case alone");
        if (is) *found = &members[i];
    }
    return MCP_OK;
}

static mcp_rc filter_member(filter *f, const mcp_value *name, const mcp_value *value, seen *s)
{
    const member *m;
    mcp_rc rc;

    if ((rc = recognise(f, name, &m)) || !m) return rc;
    if (m->is == A_HINT) s->has_hint = 1;
    if (m->is == THE_SCOPE) {
        s->has_scope = 1;
        if (!mcp_value_is(value, "private", 7)) replace(f, value->at, value->at + value->len, "\"private\"");
    }
    if (m->is != A_LIST) return MCP_OK;
    if (value->kind != MCP_VALUE_ARRAY) return refuse(f, MCP_BAD_ENVELOPE, "a list in a result is no array");
    s->has_list = 1;
    return filter_list(f, m, value);
}

/* The scope is met before it is known whether a list follows: without one it stays as it is. */
static mcp_rc filter_result(filter *f, const mcp_value *result)
{
    mcp_value_walk walk = mcp_value_begin(result);
    int before = f->edits->nelts;
    mcp_value name, value;
    seen s = { 0, 0, 0 };
    mcp_rc rc;

    while (mcp_value_next(&walk, &name, &value))
        if ((rc = filter_member(f, &name, &value, &s))) return rc;
    if (!s.has_list) f->edits->nelts = before;
    else if (!s.has_scope && s.has_hint) replace(f, value.at + value.len, value.at + value.len, ",\"cacheScope\":\"private\"");
    return MCP_OK;
}

/* ---- messages ---- */

static mcp_rc scan_parts(filter *f, const mcp_value *whole, const char *from, const char *to, const char *id, mcp_message *m)
{
    mcp_envelope_rules rules = f->rules;
    mcp_envelope *e;

    rules.max_bytes += strlen(id);
    mcp_ctx_clear(&f->inner);
    e = mcp_envelope_begin(&f->inner, &rules);
    mcp_envelope_feed(e, whole->at, (size_t)(from - whole->at));
    mcp_envelope_feed(e, id, strlen(id));
    mcp_envelope_feed(e, to, (size_t)(whole->at + whole->len - to));
    return mcp_envelope_end(e, m);
}

/* An error that answers no request in particular has the id null, or none since 2025-11-25: scanned with an id in that place, it is strict
 * exactly if the message is. */
static mcp_rc scan_without_id(filter *f, const mcp_value *whole, mcp_message *m)
{
    mcp_value id = mcp_value_member(whole, "id", 2);
    mcp_rc rc = MCP_BAD_ENVELOPE;

    if (whole->kind != MCP_VALUE_OBJECT) return rc;
    if (id.kind == MCP_VALUE_NONE) rc = scan_parts(f, whole, whole->at + 1, whole->at + 1, "\"id\":0,", m);
    else if (id.len == 4 && !memcmp(id.at, "null", 4)) rc = scan_parts(f, whole, id.at, id.at + 4, "0", m);
    return rc;
}

static int has_error(const mcp_value *whole)
{
    return mcp_value_member(whole, "error", 5).kind != MCP_VALUE_NONE;
}

static mcp_rc scan(filter *f, const mcp_value *whole, mcp_message *m)
{
    mcp_rc rc = mcp_envelope_scan(&f->inner, &f->rules, whole->at, whole->len, m);

    return rc == MCP_BAD_ENVELOPE && has_error(whole) ? scan_without_id(f, whole, m) : rc;
}

static mcp_rc filter_message(filter *f, const mcp_value *whole)
{
    mcp_value result;
    mcp_message m;
    mcp_rc rc;

    if ((rc = scan(f, whole, &m))) return rc;
    if (m.kind == MCP_MESSAGE_RESPONSE) {
        result = mcp_value_member(whole, "result", 6);
        if (result.kind == MCP_VALUE_OBJECT && (rc = filter_result(f, &result))) return rc;
    }
    apr_pool_clear(f->inner.pool);
    return MCP_OK;
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
    return at;
}

/* Where an element ends is only guessed before it is scanned; if the guess is wrong, what was cut out is no message. */
static mcp_rc filter_batch(filter *f, const char *at, const char *end)
{
    mcp_value element;
    mcp_rc rc;

    if (f->rules.max_depth) f->rules.max_depth--;
    do {
        at++;
        element = mcp_value_of(at, (size_t)(end - at));
        if ((rc = filter_message(f, &element))) return rc;
        at = skip_blanks(element.at + element.len, end);
    } while (at < end && *at == ',');
    if (at == end || *at != ']') return refuse(f, MCP_BAD_JSON, "a comma or a closing bracket is wanted between messages");
    return skip_blanks(at + 1, end) == end ? MCP_OK : refuse(f, MCP_BAD_JSON, "bytes behind the batch");
}

static mcp_rc filter_text(filter *f, const char *text, size_t len)
{
    const char *end = text + len, *at = skip_blanks(text, end);
    mcp_value whole;

    if (len > f->rules.max_bytes) return refuse(f, MCP_TOO_LARGE, "the answer is too large");
    if (at < end && *at == '[') return filter_batch(f, at, end);
    while (end > at && skip_blanks(end - 1, end) == end) end--;
    whole = (mcp_value){ at < end && *at == '{' ? MCP_VALUE_OBJECT : MCP_VALUE_NONE, at, (size_t)(end - at) };
    return filter_message(f, &whole);
}

/* ---- the new text ---- */

static char *append(char *to, const char *from, const char *end)
{
    memcpy(to, from, (size_t)(end - from));
    return to + (end - from);
}

static mcp_rc rewrite(mcp_ctx *ctx, apr_pool_t *p, const apr_array_header_t *edits, const char *text, size_t len, const char **out, size_t *out_len)
{
    const edit *e = (const edit *)edits->elts, *last = e + edits->nelts;
    const char *from = text;
    size_t room = len + 1;
    char *fresh, *to;

    for (; e < last; e++) room += strlen(e->put);
    if (!(fresh = to = apr_palloc(p, room))) return mcp_fail(ctx, MCP_INTERNAL, "memory is out");
    for (e = (const edit *)edits->elts; e < last; from = e++->to) {
        to = append(to, from, e->from);
        to = append(to, e->put, e->put + strlen(e->put));
    }
    to = append(to, from, text + len);
    *to = '\0';
    *out = fresh;
    *out_len = (size_t)(to - fresh);
    return MCP_OK;
}

mcp_rc mcp_lists_filter(mcp_ctx *ctx, apr_pool_t *p, const mcp_envelope_rules *rules, const char *text, size_t len,
                        mcp_list_keep *keep, void *baton, const char **out, size_t *out_len)
{
    filter f = { *ctx, *rules, keep, baton, apr_array_make(p, 16, sizeof(edit)) };
    mcp_rc rc;

    *out = NULL;
    *out_len = 0;
    if (apr_pool_create(&f.inner.pool, p)) return mcp_fail(ctx, MCP_INTERNAL, "memory is out");
    mcp_ctx_clear(&f.inner);
    rc = filter_text(&f, text, len);
    if (rc) mcp_fail(ctx, rc, "%s", f.inner.detail);
    apr_pool_destroy(f.inner.pool);
    return rc || !f.edits->nelts ? rc : rewrite(ctx, p, f.edits, text, len, out, out_len);
}
