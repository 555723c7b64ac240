/* Where the filter gives a text, it is valid JSON, is what a reader with a tree makes of the input (elements taken out, cacheScope private),
 * holds no refused name, and was made by taking bytes out alone but for cacheScope. Where it gives none, there was nothing to take out. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include "mcp/json.h"
#include "mcp/lists.h"

static void must(int holds)
{
    if (!holds) abort();
}

/* Names with an x in them are refused. */
static int is_kept(const char *name)
{
    return !strchr(name, 'x');
}

static int keep(void *baton, mcp_list_kind kind, const char *name, const mcp_value *element)
{
    (void)baton;
    must(kind <= MCP_LIST_TEMPLATES && element->kind == MCP_VALUE_OBJECT);
    return is_kept(name);
}

/* ---- the same with a tree ---- */

static const struct { const char *list, *key; } lists[] = {
    { "tools", "name" }, { "prompts", "name" }, { "resources", "uri" }, { "resourceTemplates", "uriTemplate" },
};

static int prune(json_t *array, const char *key)
{
    size_t i = json_array_size(array), cut = 0;

    while (i--) {
        if (is_kept(json_string_value(json_object_get(json_array_get(array, i), key)))) continue;
        json_array_remove(array, i);
        cut++;
    }
    return cut > 0;
}

static int make_private(json_t *result)
{
    const char *scope = json_string_value(json_object_get(result, "cacheScope"));

    if (scope && !strcmp(scope, "private")) return 0;
    if (!json_object_get(result, "cacheScope") && !json_object_get(result, "ttlMs") && !json_object_get(result, "resultType")) return 0;
    must(!json_object_set_new(result, "cacheScope", json_string("private")));
    return 1;
}

/* Counts what was changed: bit 0 for elements, bit 1 for the scope. */
static int filter_message(json_t *message)
{
    json_t *result = json_object_get(message, "result"), *array;
    int changed = 0, has_list = 0;
    size_t i;

    for (i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (!json_is_array(array = json_object_get(result, lists[i].list))) continue;
        has_list = 1;
        changed |= prune(array, lists[i].key);
    }
    return has_list && make_private(result) ? changed | 2 : changed;
}

static int filter_tree(json_t *doc)
{
    int changed = 0;
    size_t i;

    if (!json_is_array(doc)) return filter_message(doc);
    for (i = 0; i < json_array_size(doc); i++) changed |= filter_message(json_array_get(doc, i));
    return changed;
}

static void compare(apr_pool_t *p, const char *text, size_t len, const char *out, size_t out_len)
{
    const mcp_json_caps caps = { 1 << 20, 80 };
    json_t *wanted, *found;
    int changed;

    /* jansson refuses big numbers and U+0000, which are no concern of the filter. */
    if (mcp_json_parse(mcp_ctx_create(p), text, len, &caps, &wanted)) return;
    changed = filter_tree(wanted);
    must((changed != 0) == (out != NULL));
    if (!out) return;
    must(mcp_json_parse(mcp_ctx_create(p), out, out_len, &caps, &found) == MCP_OK);
    must(json_equal(wanted, found));
    must(filter_tree(found) == 0);
    must(out_len < len || (changed & 2));
}

/* Where a scope is written, its length, otherwise 0. */
static size_t scope_at(const char *out, const char *end)
{
    static const char *const written[] = { ",\"cacheScope\":\"private\"", "\"private\"" };
    size_t i, len;

    for (i = 0; i < 2; i++) {
        len = strlen(written[i]);
        if ((size_t)(end - out) >= len && !memcmp(out, written[i], len)) return len;
    }
    return 0;
}

/* Scopes aside, every byte of out stands in text, in that order. */
static void only_taken_out(const char *text, size_t len, const char *out, size_t out_len)
{
    const char *end = text + len, *out_end = out + out_len;
    size_t scope;

    while (out < out_end) {
        if ((scope = scope_at(out, out_end))) {
            out += scope;
            continue;
        }
        while (text < end && *text != *out) text++;
        must(text < end);
        text++;
        out++;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const mcp_envelope_rules rules = { 1 << 16, 64 };
    const char *text = (const char *)data, *out, *again;
    size_t out_len, again_len;
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    if (!mcp_lists_filter(mcp_ctx_create(p), p, &rules, text, size, keep, NULL, &out, &out_len)) {
        compare(p, text, size, out, out_len);
        if (out) {
            mcp_envelope_rules more = { out_len, 64 };

            only_taken_out(text, size, out, out_len);
            must(!mcp_lists_filter(mcp_ctx_create(p), p, &more, out, out_len, keep, NULL, &again, &again_len) && !again);
        }
    }
    apr_pool_destroy(p);
    return 0;
}
