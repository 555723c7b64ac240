#include "value_fixture.h"
#include "mcp/path.h"

static mcp_path *parse(const char *text)
{
    const char *why = NULL;
    mcp_path *path = mcp_path_parse(pool, text, strlen(text), &why);

    if (!path == !why) fail_msg("%s: %s", text, why ? why : "refused without a reason");
    return path;
}

static void what_is_a_path(void **state)
{
    static const char *const good[] = {
        "a", "a.b", "a.b.c", "a[0]", "a[*]", "a[0][*].b", "[0]", "[*].a", "a\\.b", "a\\[0\\]", "a\\\\", "\\*", "*a", "a*", "a b", "a-b_c", "0", "\xc3\xa4", "a[999999999]", "\\a",
    };
    static const char *const bad[] = {
        "", ".", "a.", ".a", "a..b", "a[", "a[]", "a[0", "a]", "a[0]b", "a[-1]", "a[+1]", "a[01]", "a[1.5]", "a[x]", "a[**]", "a[1*]", "a[ 0]", "a.[0]", "*", "a.*",
        "a\\", "a[1000000000]", "a[99999999999999999999]", "\xff",
    };
    const char *deep = "a", *why;
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(good); i++)
        if (!parse(good[i])) fail_msg("%s is refused", good[i]);
    for (i = 0; i < ROWS(bad); i++)
        if (parse(bad[i])) fail_msg("%s is taken", bad[i]);
    for (i = 1; i < MCP_PATH_STEPS; i++) deep = apr_pstrcat(pool, deep, i & 1 ? "[0]" : ".a", NULL);
    assert_non_null(parse(deep));
    assert_null(mcp_path_parse(pool, apr_pstrcat(pool, deep, ".a", NULL), strlen(deep) + 2, &why));
    assert_non_null(strstr(why, "more than 32 steps"));
    assert_true(mcp_path_has_each(parse("a[0][*].b")));
    assert_false(mcp_path_has_each(parse("a\\[\\*\\].b[0]")));
    assert_non_null(mcp_path_parse(pool, "a.b..c", 3, &why));       /* the length counts */
}

static void note(void *baton, const mcp_value *value)
{
    const char **all = baton;

    *all = apr_pstrcat(pool, *all, value->kind == MCP_VALUE_NONE ? "nowhere" : apr_pstrmemdup(pool, value->at, value->len), "|", NULL);
}

static const char *walked(const char *text, const char *json)
{
    mcp_value root = value_of(json);
    const char *all = "";

    return mcp_path_walk(pool, parse(text), &root, note, &all) ? all : "unsure";
}

static void where_it_leads(void **state)
{
    static const struct {
        const char *path, *json, *values;
    } rows[] = {
        { "a", "{\"a\":1}", "1|" }, { "a", "{\"b\":1}", "nowhere|" }, { "a.b", "{\"a\":{\"b\":[2]}}", "[2]|" }, { "a.b", "{\"a\":{}}", "nowhere|" },
        { "a.b", "{}", "nowhere|" }, { "a", NULL, "nowhere|" }, { "[0]", "[7,8]", "7|" }, { "[1]", "[7,8]", "8|" }, { "[2]", "[7,8]", "nowhere|" }, { "[0]", "[]", "nowhere|" },
        { "a[1].b", "{\"a\":[0,{\"b\":\"x\"}]}", "\"x\"|" }, { "a[*]", "{\"a\":[1,[2],{}]}", "1|[2]|{}|" }, { "a[*]", "{\"a\":[]}", "" }, { "a[*]", "{}", "nowhere|" },
        { "a[*].b", "{\"a\":[{\"b\":1},{},{\"b\":3}]}", "1|nowhere|3|" }, { "[*][*]", "[[1,2],[],[3]]", "1|2|3|" }, { "a.b[*]", "{\"a\":{}}", "nowhere|" },
        { "a\\.b", "{\"a.b\":1,\"a\":{\"b\":2}}", "1|" }, { "a\\[0\\]", "{\"a[0]\":1}", "1|" }, { "\\*", "{\"*\":1}", "1|" }, { "\xc3\xa4", "{\"\\u00e4\":1}", "1|" },
        { "a", "{\"\\u0061\":1}", "1|" }, { "ab", "{\"a\":1,\"abc\":2}", "nowhere|" }, { "a", "{\"\":1}", "nowhere|" },
        /* another kind on the way */
        { "a.b", "{\"a\":\"{\\\"b\\\":1}\"}", "unsure" }, { "a.b", "{\"a\":[{\"b\":1}]}", "unsure" }, { "a.b", "{\"a\":null}", "unsure" }, { "a[0]", "{\"a\":\"x\"}", "unsure" },
        { "a[0]", "{\"a\":{\"0\":1}}", "unsure" }, { "a[*]", "{\"a\":{\"b\":1}}", "unsure" }, { "a[*]", "{\"a\":\"x\"}", "unsure" }, { "a[*].b", "{\"a\":[{\"b\":1},2]}", "unsure" },
        { "a", "[1]", "unsure" }, { "a", "\"x\"", "unsure" }, { "a.0", "{\"a\":[1]}", "unsure" },
        /* a member that some take for the one that is meant */
        { "table", "{\"Table\":1}", "unsure" }, { "table", "{\"table\":1,\"TABLE\":2}", "unsure" }, { "table", "{\"TABLE\":2,\"table\":1}", "unsure" },
        { "Table", "{\"table\":1}", "unsure" }, { "task", "{\"ta\\u017f\\u212a\":1}", "unsure" }, { "task", "{\"ta\xc5\xbf" "K\":1}", "unsure" }, { "id", "{\"\\u0130d\":1}", "unsure" },
        { "id", "{\"\\u0131d\":1}", "unsure" }, { "a", "{\"a\\u0000\":1}", "unsure" }, { "a", "{\"a\\u0000b\":1}", "unsure" }, { "a", "{\"\\u0000a\":1}", "nowhere|" },
        { "a.b", "{\"a\":{\"B\":1}}", "unsure" }, { "a", "{\"x\":{\"A\":1},\"a\":1}", "1|" }, { "tables", "{\"Table\":1}", "nowhere|" }, { "table", "{\"Tables\":1}", "nowhere|" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        const char *values = walked(rows[i].path, rows[i].json);
        if (strcmp(values, rows[i].values)) fail_msg("%s in %s: %s", rows[i].path, rows[i].json, values);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_a_path), cmocka_unit_test(where_it_leads) };

    apr_initialize();
    return cmocka_run_group_tests(tests, begin, end);
}
