/* cJSON: names without regard to case unless asked otherwise; here, as in most programs, cJSON_GetObjectItem. */
#include <cjson/cJSON.h>
#include "view.h"

static void put(view_out *o, const void *value)
{
    const cJSON *json = (const cJSON *)value, *child;
    view_member *members;
    size_t n = 0;

    if (!json || cJSON_IsNull(json)) view_word(o, "n");
    else if (cJSON_IsTrue(json)) view_word(o, "t");
    else if (cJSON_IsFalse(json)) view_word(o, "f");
    else if (cJSON_IsNumber(json)) view_number(o, json->valuedouble);
    else if (cJSON_IsString(json)) view_text(o, json->valuestring, strlen(json->valuestring));
    else if (cJSON_IsArray(json)) {
        view_word(o, "[");
        cJSON_ArrayForEach(child, json) put(o, child);
        view_word(o, "]");
    } else {
        members = (view_member *)calloc((size_t)cJSON_GetArraySize(json) + 1, sizeof *members);
        cJSON_ArrayForEach(child, json) {
            members[n].name = child->string;
            members[n].len = strlen(child->string);
            members[n++].value = child;
        }
        view_object(o, members, n, put);
        free(members);
    }
}

static int view(view_out *o, const char *bytes, size_t len)
{
    static const char *const names[] = { "name", "uri", "arguments" };
    cJSON *doc = cJSON_ParseWithLength(bytes, len), *params = cJSON_GetObjectItem(doc, "params");
    int i;

    if (!doc) return 0;
    put(o, cJSON_GetObjectItem(doc, "method"));
    view_word(o, "\t");
    put(o, cJSON_GetObjectItem(doc, "id"));
    for (i = 0; i < 3; i++) {
        view_word(o, "\t");
        put(o, cJSON_GetObjectItem(params, names[i]));
    }
    cJSON_Delete(doc);
    return 1;
}
