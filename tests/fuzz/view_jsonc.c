/* json-c. */
#include <json-c/json.h>
#include "view.h"

static void put(view_out *o, const void *value)
{
    struct json_object *json = (struct json_object *)(size_t)value;
    view_member *members;
    size_t i, n = 0;

    switch (json_object_get_type(json)) {
    case json_type_null: view_word(o, "n"); return;
    case json_type_boolean: view_word(o, json_object_get_boolean(json) ? "t" : "f"); return;
    case json_type_int:
    case json_type_double: view_number(o, json_object_get_double(json)); return;
    case json_type_string: view_text(o, json_object_get_string(json), (size_t)json_object_get_string_len(json)); return;
    case json_type_array:
        view_word(o, "[");
        for (i = 0; i < json_object_array_length(json); i++) put(o, json_object_array_get_idx(json, i));
        view_word(o, "]");
        return;
    case json_type_object: break;
    }
    members = (view_member *)calloc((size_t)json_object_object_length(json) + 1, sizeof *members);
    json_object_object_foreach(json, name, member) {
        members[n].name = name;
        members[n].len = strlen(name);
        members[n++].value = member;
    }
    view_object(o, members, n, put);
    free(members);
}

static struct json_object *member(struct json_object *in, const char *name)
{
    struct json_object *found = NULL;

    if (json_object_is_type(in, json_type_object)) json_object_object_get_ex(in, name, &found);
    return found;
}

static int view(view_out *o, const char *bytes, size_t len)
{
    static const char *const names[] = { "name", "uri", "arguments" };
    struct json_tokener *reader = json_tokener_new_ex(100);
    struct json_object *doc = json_tokener_parse_ex(reader, bytes, (int)len);
    int i;

    json_tokener_free(reader);
    if (!doc) return 0;
    put(o, member(doc, "method"));
    view_word(o, "\t");
    put(o, member(doc, "id"));
    for (i = 0; i < 3; i++) {
        view_word(o, "\t");
        put(o, member(member(doc, "params"), names[i]));
    }
    json_object_put(doc);
    return 1;
}
