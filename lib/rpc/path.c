#include <string.h>
#include <apr_strings.h>
#include "mcp/fold.h"
#include "mcp/path.h"
#include "mcp/text.h"

enum { INDEX_DIGITS = 9 };

typedef enum { MEMBER, ELEMENT, EACH } step_kind;

typedef struct {
    step_kind kind;
    const char *name;
    size_t len;             /* of the name */
    unsigned long index;
} step;

struct mcp_path {
    int count;
    step steps[MCP_PATH_STEPS];
};

/* ---- reading ---- */

/* [N] or [*]; at stands behind the bracket. Behind its end, or NULL. */
static const char *read_index(const char *at, const char *end, step *out)
{
    const char *close = memchr(at, ']', (size_t)(end - at)), *c;

    if (!close || close == at) return NULL;
    out->kind = EACH;
    if (close == at + 1 && *at == '*') return close + 1;
    out->kind = ELEMENT;
    if (close - at > INDEX_DIGITS || (*at == '0' && close != at + 1)) return NULL;
    for (c = at; c < close; c++) {
        if (*c < '0' || *c > '9') return NULL;
        out->index = out->index * 10 + (unsigned long)(*c - '0');
    }
    return close + 1;
}

/* NULL: nothing stands there, a bracket closes that was not opened, or a backslash ends it. */
static const char *read_name(apr_pool_t *p, const char *at, const char *end, step *out)
{
    char *name = apr_palloc(p, (size_t)(end - at) + 1);
    const char *begin = at;

    out->name = name;
    for (; at < end && *at != '.' && *at != '['; at++) {
        if (*at == ']' || (*at == '\\' && ++at == end)) return NULL;
        name[out->len++] = *at;
    }
    name[out->len] = '\0';
    return at == begin || (at == begin + 1 && *begin == '*') ? NULL : at;
}

static const char *read_step(apr_pool_t *p, mcp_path *path, const char *at, const char *end)
{
    step *s = &path->steps[path->count];

    if (*at == '[') at = read_index(at + 1, end, s);
    else {
        if (path->count && *at++ != '.') return NULL;
        at = read_name(p, at, end, s);
    }
    path->count++;
    return at;
}

mcp_path *mcp_path_parse(apr_pool_t *p, const char *text, size_t len, const char **why)
{
    mcp_path *path = apr_pcalloc(p, sizeof *path);
    const char *at = text, *end = text + len, *before;

    *why = NULL;
    if (!len) *why = "the path is empty; write member names joined by dots";
    else if (!mcp_text_is_utf8(text, len)) *why = "the path is not UTF-8; save the file as UTF-8";
    while (!*why && at < end) {
        before = at;
        if (path->count == MCP_PATH_STEPS) *why = apr_psprintf(p, "the path has more than %d steps", MCP_PATH_STEPS);
        else if (!(at = read_step(p, path, at, end)))
            *why = apr_psprintf(p, "the path %.*s cannot be read at \"%.*s\"; write names joined by dots, [0] for one element, [*] for each, "
                                "and a backslash before . [ ] \\ in a name", (int)len, text, (int)(end - before), before);
    }
    return *why ? NULL : path;
}

int mcp_path_has_each(const mcp_path *path)
{
    int i;

    for (i = 0; i < path->count; i++)
        if (path->steps[i].kind == EACH) return 1;
    return 0;
}

/* ---- walking ---- */

typedef struct {
    apr_pool_t *p;
    const mcp_path *path;
    mcp_path_visit *visit;
    void *baton;
} walker;

static const mcp_value nowhere = { MCP_VALUE_NONE, NULL, 0 };

static int looks_like(apr_pool_t *p, const mcp_value *name, const step *s)
{
    size_t len = 0;
    const char *text = mcp_value_bytes(p, name, &len);

    return text && mcp_fold_equal(text, len, s->name, s->len);
}

/* Of two that differ by case some backends take the last, so the search never ends early. */
static int find_member(const walker *w, const step *s, const mcp_value *object, mcp_value *out)
{
    mcp_value_walk members = mcp_value_begin(object);
    mcp_value name, value;

    *out = nowhere;
    while (mcp_value_next(&members, &name, &value)) {
        if (mcp_value_is(&name, "__proto__", 9)) return 0;
        if (mcp_value_is(&name, s->name, s->len)) *out = value;
        else if (looks_like(w->p, &name, s)) return 0;
    }
    return 1;
}

static mcp_value element_of(const mcp_value *array, unsigned long index)
{
    mcp_value_walk elements = mcp_value_begin(array);
    mcp_value value;

    while (mcp_value_next(&elements, NULL, &value))
        if (!index--) return value;
    return nowhere;
}

static int follow(const walker *w, int i, const mcp_value *value);

static int follow_each(const walker *w, int i, const mcp_value *array)
{
    mcp_value_walk elements = mcp_value_begin(array);
    mcp_value value;

    while (mcp_value_next(&elements, NULL, &value))
        if (!follow(w, i, &value)) return 0;
    return 1;
}

static int follow(const walker *w, int i, const mcp_value *value)
{
    const step *s = &w->path->steps[i];
    mcp_value next;

    if (i == w->path->count || value->kind == MCP_VALUE_NONE) {
        w->visit(w->baton, value);
        return 1;
    }
    if (value->kind != (s->kind == MEMBER ? MCP_VALUE_OBJECT : MCP_VALUE_ARRAY)) return 0;
    if (s->kind == EACH) return follow_each(w, i + 1, value);
    if (s->kind == ELEMENT) next = element_of(value, s->index);
    else if (!find_member(w, s, value, &next)) return 0;
    return follow(w, i + 1, &next);
}

int mcp_path_walk(apr_pool_t *p, const mcp_path *path, const mcp_value *root, mcp_path_visit *visit, void *baton)
{
    walker w = { p, path, visit, baton };

    return follow(&w, 0, root);
}
