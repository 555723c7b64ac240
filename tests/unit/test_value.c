#include <stdlib.h>
#include "value_fixture.h"

static void outermost(void **state)
{
    static const struct {
        const char *text;
        mcp_value_kind kind;
        const char *raw;
    } rows[] = {
        { " \t\r\n null ", MCP_VALUE_NULL, "null" }, { "true", MCP_VALUE_TRUE, "true" }, { "false\n", MCP_VALUE_FALSE, "false" },
        { "0", MCP_VALUE_NUMBER, "0" }, { "-1.5e+3 ", MCP_VALUE_NUMBER, "-1.5e+3" }, { "\"a\"", MCP_VALUE_STRING, "\"a\"" },
        { "\"a\\\"b\" ", MCP_VALUE_STRING, "\"a\\\"b\"" }, { "\"a\\\\\" ", MCP_VALUE_STRING, "\"a\\\\\"" },
        { "\"\\\\\\\"\\\\\" ", MCP_VALUE_STRING, "\"\\\\\\\"\\\\\"" }, { "\"\"", MCP_VALUE_STRING, "\"\"" },
        { "[1,[2]] ", MCP_VALUE_ARRAY, "[1,[2]]" }, { "{\"a\":{\"}\":\"]\"}}\n", MCP_VALUE_OBJECT, "{\"a\":{\"}\":\"]\"}}" },
        { "", MCP_VALUE_NONE, "" }, { "  ", MCP_VALUE_NONE, "" }, { "}", MCP_VALUE_NONE, "" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        mcp_value v = value_of(rows[i].text);
        if (v.kind != rows[i].kind || v.len != strlen(rows[i].raw) || memcmp(v.at, rows[i].raw, v.len))
            fail_msg("%s: kind %d, %.*s", rows[i].text, (int)v.kind, (int)v.len, v.at);
    }
}

/* name=value pairs, or values, raw, with a bar behind each. */
static const char *walked(const mcp_value *container)
{
    mcp_value_walk walk = mcp_value_begin(container);
    mcp_value name, value;
    const char *all = "";

    while (mcp_value_next(&walk, &name, &value))
        all = apr_pstrcat(pool, all, name.len ? apr_pstrmemdup(pool, name.at, name.len) : "", name.len ? "=" : "",
                          apr_pstrmemdup(pool, value.at, value.len), "|", NULL);
    return all;
}

static void in_order(void **state)
{
    static const struct {
        const char *text, *walked;
    } rows[] = {
        { "[]", "" }, { "[ ]", "" }, { "{}", "" }, { "{\n}", "" }, { "[1]", "1|" }, { "[ 1 , \"a,b\" ,[2,3],{}]", "1|\"a,b\"|[2,3]|{}|" },
        { "{\"a\":1}", "\"a\"=1|" }, { " { \"a\" : [1,2] , \"b:c\" : \"x\" } ", "\"a\"=[1,2]|\"b:c\"=\"x\"|" },
        { "{\"\":null,\"\\\"\":true}", "\"\"=null|\"\\\"\"=true|" }, { "\"[1]\"", "" }, { "12", "" }, { "null", "" },
        { "[", "" }, { "{", "" }, { "[1,", "1|" },
    };
    mcp_value none = value_of(NULL);
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        mcp_value v = value_of(rows[i].text);
        if (strcmp(walked(&v), rows[i].walked)) fail_msg("%s: %s", rows[i].text, walked(&v));
    }
    assert_string_equal(walked(&none), "");
}

static void by_name(void **state)
{
    static const struct {
        const char *object, *name, *raw;        /* raw NULL: there is none */
    } rows[] = {
        { "{\"a\":1,\"b\":2}", "b", "2" }, { "{\"a\":1,\"b\":2}", "c", NULL }, { "{\"a\":1}", "A", NULL }, { "{\"ab\":1}", "a", NULL },
        { "{\"a\":1}", "ab", NULL }, { "{\"\":1}", "", "1" }, { "{\"\\u0061\":1}", "a", "1" }, { "{\"\\\"\\\\\\/\\b\\f\\n\\r\\t\":1}", "\"\\/\b\f\n\r\t", "1" },
        { "{\"\\u00e4\\u20AC\":1}", "\xc3\xa4\xe2\x82\xac", "1" }, { "{\"\\ud83d\\ude00\":1}", "\xf0\x9f\x98\x80", "1" },
        { "{\"\xf0\x9f\x98\x80\":1}", "\xf0\x9f\x98\x80", "1" }, { "{\"x\":{\"a\":1}}", "a", NULL }, { "[\"a\",1]", "a", NULL }, { "\"a\"", "a", NULL },
        { "{\"x\":\"{\\\"a\\\":1}\",\"a\":{\"a\":2}}", "a", "{\"a\":2}" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        mcp_value object = value_of(rows[i].object), v = mcp_value_member(&object, rows[i].name, strlen(rows[i].name));
        if (!rows[i].raw ? v.kind != MCP_VALUE_NONE : v.len != strlen(rows[i].raw) || memcmp(v.at, rows[i].raw, v.len))
            fail_msg("%s of %s: %.*s", rows[i].name, rows[i].object, (int)v.len, v.at);
    }
}

static void text_of_strings(void **state)
{
    static const struct {
        const char *json, *text;        /* text NULL: no string */
        size_t len;
        int is_clear;
    } rows[] = {
        { "\"\"", "", 0, 1 }, { "\"abc\"", "abc", 3, 1 }, { "\"a\\nb\"", "a\nb", 3, 1 }, { "\"\\u0041bc\\/\"", "Abc/", 4, 1 },
        { "\"\\u00E4\"", "\xc3\xa4", 2, 1 }, { "\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!", 5, 1 }, { "\"\xe2\x82\xac\"", "\xe2\x82\xac", 3, 1 },
        { "\"a\\u0000b\"", "a\0b", 3, 0 }, { "\"\\ud83d\"", "\xef\xbf\xbd", 3, 0 }, { "\"\\ude00\\ud83d\"", "\xef\xbf\xbd\xef\xbf\xbd", 6, 0 },
        { "\"\\ud83dx\"", "\xef\xbf\xbdx", 4, 0 }, { "\"\\ud83d\\n\"", "\xef\xbf\xbd\n", 4, 0 }, { "\"\\ud83d\\u0041\"", "\xef\xbf\xbd" "A", 4, 0 },
        { "\"\xef\xbf\xbd\"", "\xef\xbf\xbd", 3, 0 }, { "\"\\ufffd\"", "\xef\xbf\xbd", 3, 0 }, { "\"\\uffff\"", "\xef\xbf\xbf", 3, 1 },
        { "12", NULL, 0, 0 }, { "[\"a\"]", NULL, 0, 0 }, { "\"", NULL, 0, 0 }, { "", NULL, 0, 0 },
    };
    size_t i, len, bytes_len, clear_len;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        mcp_value v = value_of(rows[i].json);
        const char *text = mcp_value_text(pool, &v, &len), *bytes = mcp_value_bytes(pool, &v, &bytes_len);
        const char *clear = mcp_value_clear(pool, &v, &clear_len);
        assert_int_equal(clear != NULL, rows[i].is_clear);
        assert_int_equal(text != NULL, rows[i].text != NULL);
        assert_int_equal(bytes != NULL, rows[i].text != NULL);
        assert_int_equal(mcp_value_text(pool, &v, NULL) != NULL, rows[i].text != NULL);
        if (!text) continue;
        if (len != rows[i].len || memcmp(text, rows[i].text, len + 1)) fail_msg("%s: %lu bytes, %s", rows[i].json, (unsigned long)len, text);
        if (bytes_len != len || memcmp(bytes, text, len)) fail_msg("%s: %lu bytes without a copy", rows[i].json, (unsigned long)bytes_len);
        assert_true(mcp_value_is(&v, rows[i].text, rows[i].len));
        assert_false(mcp_value_is(&v, apr_pstrcat(pool, text, "+", NULL), len + 1));
        assert_false(len && mcp_value_is(&v, rows[i].text, len - 1));
    }
}

/* Every beginning of a text, at the end of its memory. */
static void cut_anywhere(void **state)
{
    static const char text[] = "{\"a\\ud83d\\ude00\":[1,\"\\\\\\\"x\",{\"b\":-1.5e3}],\"c\":null} ";
    size_t n;

    (void)state;
    for (n = 0; n < sizeof text; n++) {
        char *copy = malloc(n + !n);
        mcp_value v, name, value;
        mcp_value_walk walk;
        assert_non_null(copy);
        memcpy(copy, text, n);
        v = mcp_value_of(copy, n);
        assert_true(v.at + v.len <= copy + n);
        walk = mcp_value_begin(&v);
        while (mcp_value_next(&walk, &name, &value)) {
            assert_true(value.at + value.len <= copy + n);
            mcp_value_is(&name, "a\xf0\x9f\x98\x80", 5);
            mcp_value_text(pool, &name, NULL);
        }
        assert_int_equal(mcp_value_member(&v, "a\xf0\x9f\x98\x80", 5).kind == MCP_VALUE_ARRAY, n > 18);      /* the bracket is in, and a byte behind it */
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outermost), cmocka_unit_test(in_order), cmocka_unit_test(by_name), cmocka_unit_test(text_of_strings),
        cmocka_unit_test(cut_anywhere),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, begin, end);
}
