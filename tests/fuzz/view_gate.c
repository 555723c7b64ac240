/* The gate itself: the scanner's fields, and arguments as the rules read them. "!" is a message that it refuses. */
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/envelope.h"
#include "mcp/value.h"
#include "view.h"

static apr_pool_t *pool;

static void put_word(view_out *o, const char *text)
{
    if (text) view_text(o, text, strlen(text));
    else view_word(o, "n");
}

static void put(view_out *o, const void *of);

static void put_members(view_out *o, const mcp_value *object)
{
    mcp_value_walk walk = mcp_value_begin(object);
    mcp_value name, *values = NULL;
    view_member *members = NULL;
    size_t i, n = 0, cap = 0;

    for (;; n++) {
        if (n == cap) {
            cap = cap ? 2 * cap : 16;
            values = realloc(values, cap * sizeof *values);
            members = realloc(members, cap * sizeof *members);
            if (!values || !members) abort();
        }
        if (!mcp_value_next(&walk, &name, &values[n])) break;
        members[n].name = mcp_value_text(pool, &name, &members[n].len);
    }
    for (i = 0; i < n; i++) members[i].value = &values[i];
    view_object(o, members, n, put);
    free(values);
    free(members);
}

static void put_elements(view_out *o, const mcp_value *array)
{
    mcp_value_walk walk = mcp_value_begin(array);
    mcp_value value;

    view_word(o, "[");
    while (mcp_value_next(&walk, NULL, &value)) put(o, &value);
    view_word(o, "]");
}

static void put(view_out *o, const void *of)
{
    const mcp_value *v = of;
    const char *text;
    size_t len;

    switch (v->kind) {
    case MCP_VALUE_NONE:
    case MCP_VALUE_NULL: view_word(o, "n"); return;
    case MCP_VALUE_TRUE: view_word(o, "t"); return;
    case MCP_VALUE_FALSE: view_word(o, "f"); return;
    case MCP_VALUE_NUMBER: view_number(o, strtod(apr_pstrmemdup(pool, v->at, v->len), NULL)); return;
    case MCP_VALUE_STRING:
        text = mcp_value_text(pool, v, &len);
        view_text(o, text, len);
        return;
    case MCP_VALUE_ARRAY: put_elements(o, v); return;
    case MCP_VALUE_OBJECT: put_members(o, v); return;
    }
}

static int view(view_out *o, const char *bytes, size_t len)
{
    static const mcp_envelope_rules rules = { 4 * 1024 * 1024, 64 };
    static const mcp_value none = { MCP_VALUE_NONE, NULL, 0 };
    mcp_message m;
    mcp_value value;

    if (!pool) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    apr_pool_clear(pool);
    if (mcp_envelope_scan(mcp_ctx_create(pool), &rules, bytes, len, &m)) return 0;
    put_word(o, m.method);
    view_word(o, "\t");
    value = m.id ? mcp_value_of(m.id, m.id_len) : none;
    put(o, &value);
    view_word(o, "\t");
    put_word(o, m.name);
    view_word(o, "\t");
    put_word(o, m.uri);
    view_word(o, "\t");
    value = m.arguments_len ? mcp_value_of(bytes + m.arguments_at, m.arguments_len) : none;
    put(o, &value);
    return 1;
}
