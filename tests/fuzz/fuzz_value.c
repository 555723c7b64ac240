/* Any bytes: nothing is read beyond their end. For text that the JSON reader accepts, every value is what jansson says it is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/decimal.h"
#include "mcp/json.h"
#include "mcp/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const mcp_json_caps caps = { 65536, 16 };

static void check_place(const mcp_value *v, const char *begin, const char *end)
{
    if (v->kind == MCP_VALUE_NONE) return;
    if (v->at < begin || v->at + v->len > end || !v->len) abort();
}

/* Follows whatever the bytes seem to be. */
static void wander(apr_pool_t *p, const mcp_value *v, int depth)
{
    mcp_value_walk walk = mcp_value_begin(v);
    mcp_value name, value;
    mcp_decimal number;
    size_t len;

    mcp_decimal_read(v->at, v->len, &number);
    if (mcp_value_text(p, v, &len) && !mcp_value_is(v, mcp_value_text(p, v, NULL), len)) abort();
    mcp_value_member(v, "a", 1);
    while (depth && mcp_value_next(&walk, &name, &value)) {
        check_place(&name, v->at, v->at + v->len);
        check_place(&value, v->at, v->at + v->len);
        wander(p, &name, 0);
        wander(p, &value, depth - 1);
    }
}

static void compare(apr_pool_t *p, const mcp_value *v, const json_t *json);

static void compare_string(apr_pool_t *p, const mcp_value *v, const char *text, size_t len)
{
    size_t n, bytes_len;
    const char *mine = mcp_value_text(p, v, &n), *bytes = mcp_value_bytes(p, v, &bytes_len);

    if (v->kind != MCP_VALUE_STRING || !mine || n != len || memcmp(mine, text, len) || mine[n]) abort();
    if (!bytes || bytes_len != len || memcmp(bytes, text, len)) abort();
    if (!mcp_value_is(v, text, len) || mcp_value_is(v, apr_pstrcat(p, mine, "x", NULL), len + 1)) abort();
}

static void compare_members(apr_pool_t *p, const mcp_value *v, const json_t *json)
{
    mcp_value_walk walk = mcp_value_begin(v);
    mcp_value name, value, again;
    const char *text;
    size_t n = 0, len;

    while (mcp_value_next(&walk, &name, &value)) {
        text = mcp_value_text(p, &name, &len);
        if (!text) abort();
        compare_string(p, &name, text, len);
        compare(p, &value, json_object_getn(json, text, len));
        again = mcp_value_member(v, text, len);
        if (again.at != value.at || again.len != value.len) abort();
        n++;
    }
    if (v->kind != MCP_VALUE_OBJECT || n != json_object_size(json)) abort();
}

static void compare_elements(apr_pool_t *p, const mcp_value *v, const json_t *json)
{
    mcp_value_walk walk = mcp_value_begin(v);
    mcp_value name, value;
    size_t n = 0;

    while (mcp_value_next(&walk, &name, &value)) {
        if (name.kind != MCP_VALUE_NONE) abort();
        compare(p, &value, json_array_get(json, n++));
    }
    if (v->kind != MCP_VALUE_ARRAY || n != json_array_size(json)) abort();
}

static void compare_number(apr_pool_t *p, const mcp_value *v, const json_t *json)
{
    const char *text = apr_pstrmemdup(p, v->at, v->len);

    if (v->kind != MCP_VALUE_NUMBER) abort();
    if (json_is_integer(json) ? strtoll(text, NULL, 10) != json_integer_value(json) : strtod(text, NULL) != json_real_value(json)) abort();
}

static void compare(apr_pool_t *p, const mcp_value *v, const json_t *json)
{
    static const mcp_value_kind words[] = { [JSON_TRUE] = MCP_VALUE_TRUE, [JSON_FALSE] = MCP_VALUE_FALSE, [JSON_NULL] = MCP_VALUE_NULL };

    if (!json) abort();
    switch (json_typeof(json)) {
    case JSON_OBJECT: compare_members(p, v, json); break;
    case JSON_ARRAY: compare_elements(p, v, json); break;
    case JSON_STRING: compare_string(p, v, json_string_value(json), json_string_length(json)); break;
    case JSON_INTEGER:
    case JSON_REAL: compare_number(p, v, json); break;
    default: if (v->kind != words[json_typeof(json)]) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = malloc(size + !size);     /* so that a sanitizer sees its end */
    apr_pool_t *p;
    json_t *json;
    mcp_value v;

    apr_initialize();
    if (!bytes || apr_pool_create(&p, NULL)) abort();
    if (size) memcpy(bytes, data, size);
    v = mcp_value_of(bytes, size);
    check_place(&v, bytes, bytes + size);
    wander(p, &v, 4);
    if (!mcp_json_parse(mcp_ctx_create(p), bytes, size, &caps, &json)) compare(p, &v, json);
    apr_pool_destroy(p);
    free(bytes);
    return 0;
}
