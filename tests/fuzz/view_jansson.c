/* jansson as C programs use it: json_loadb with JSON_ALLOW_NUL. */
#include <jansson.h>
#include "view.h"

static void put(view_out *o, const void *value)
{
    const json_t *json = (const json_t *)value;
    view_member *members;
    const char *name;
    size_t i, n = 0;
    json_t *member;

    switch (json ? json_typeof(json) : JSON_NULL) {
    case JSON_NULL: view_word(o, "n"); return;
    case JSON_TRUE: view_word(o, "t"); return;
    case JSON_FALSE: view_word(o, "f"); return;
    case JSON_INTEGER:
    case JSON_REAL: view_number(o, json_number_value(json)); return;
    case JSON_STRING: view_text(o, json_string_value(json), json_string_length(json)); return;
    case JSON_ARRAY:
        view_word(o, "[");
        for (i = 0; i < json_array_size(json); i++) put(o, json_array_get(json, i));
        view_word(o, "]");
        return;
    case JSON_OBJECT: break;
    }
    members = (view_member *)calloc(json_object_size(json) + 1, sizeof *members);
    json_object_foreach((json_t *)json, name, member) {
        members[n].name = name;
        members[n].len = strlen(name);
        members[n++].value = member;
    }
    view_object(o, members, n, put);
    free(members);
}

static int view(view_out *o, const char *bytes, size_t len)
{
    static const char *const names[] = { "name", "uri", "arguments" };
    json_t *doc = json_loadb(bytes, len, JSON_ALLOW_NUL, NULL), *params = json_object_get(doc, "params");
    int i;

    if (!doc) return 0;
    put(o, json_object_get(doc, "method"));
    view_word(o, "\t");
    put(o, json_object_get(doc, "id"));
    for (i = 0; i < 3; i++) {
        view_word(o, "\t");
        put(o, json_object_get(params, names[i]));
    }
    json_decref(doc);
    return 1;
}
