/* A changed definition must show, an equal one must not; a mirrored argument must be the argument. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/definition.h"

static apr_pool_t *pool;

static mcp_value value_of(const char *text)
{
    return mcp_value_of(text, strlen(text));
}

static void digests(void **state)
{
    static const struct {
        const char *a, *b;
        int same;
    } rows[] = {
        { "{\"name\":\"t\",\"x\":[1,2]}", " { \"x\" : [ 1 , 2 ] , \"name\" : \"\\u0074\" } ", 1 },
        { "{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"c\":2,\"b\":1}}", 1 },
        { "{\"name\":\"t\"}", "{\"name\":\"u\"}", 0 },
        { "{\"name\":\"t\"}", "{\"name\":\"t\",\"x\":null}", 0 },
        { "[1,2]", "[2,1]", 0 }, { "[[1],2]", "[[1,2]]", 0 }, { "[\"1\"]", "[1]", 0 }, { "[\"true\"]", "[true]", 0 }, { "{\"a\":\"b\"}", "[\"a\",\"b\"]", 0 },
        { "[\"ab\",\"c\"]", "[\"a\",\"bc\"]", 0 }, { "{\"a\":1,\"ab\":2}", "{\"ab\":2,\"a\":1}", 1 }, { "[]", "{}", 0 }, { "[1]", "[1.0]", 0 }, { "[\"x\\ud800\"]", "[\"x\\udfff\"]", 0 },
        { "[\"x\\ud800\"]", "[\"x\xef\xbf\xbd\"]", 0 }, { "{}", "{}", 1 },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        mcp_value a = value_of(rows[i].a), b = value_of(rows[i].b);
        const char *x = mcp_definition_digest(pool, &a), *y = mcp_definition_digest(pool, &b);
        assert_int_equal(strlen(x), MCP_SHA256_HEX_LEN);
        if ((strcmp(x, y) == 0) != rows[i].same) fail_msg("%s, %s", rows[i].a, rows[i].b);
    }
}

#define TOOL(schema) "{\"name\":\"t\",\"inputSchema\":{\"type\":\"object\",\"properties\":{" schema "}}}"

/* "Header=path.path, ..." */
static const char *mirrors(const char *tool)
{
    mcp_value v = value_of(tool);
    const apr_array_header_t *list = mcp_definition_mirrors(pool, &v);
    const char *text = "", *const *step;
    int i;

    for (i = 0; i < list->nelts; i++) {
        const mcp_mirror *m = &APR_ARRAY_IDX(list, i, mcp_mirror);
        text = apr_pstrcat(pool, text, i ? ", " : "", m->header, "=", NULL);
        for (step = m->path; *step; step++) text = apr_pstrcat(pool, text, step == m->path ? "" : ".", *step, NULL);
    }
    return text;
}

static void annotations(void **state)
{
    (void)state;
    assert_string_equal(mirrors(TOOL("\"region\":{\"type\":\"string\",\"x-mcp-header\":\"Region\"},\"q\":{}")), "Region=region");
    assert_string_equal(mirrors(TOOL("\"a\":{\"type\":\"object\",\"properties\":{\"b\":{\"x-mcp-header\":\"B\"}}},\"c\":{\"x-mcp-header\":\"C\"}")), "B=a.b, C=c");
    assert_string_equal(mirrors(TOOL("\"a\":{\"items\":{\"x-mcp-header\":\"B\"}}")), "");
    assert_string_equal(mirrors(TOOL("\"a\":{\"oneOf\":[{\"x-mcp-header\":\"B\"}]}")), "");
    assert_string_equal(mirrors(TOOL("\"a\":{\"x-mcp-header\":\"\"}")), "");
    assert_string_equal(mirrors(TOOL("\"a\":{\"x-mcp-header\":\"a b\"}")), "");
    assert_string_equal(mirrors(TOOL("\"a\":{\"x-mcp-header\":1}")), "");
    assert_string_equal(mirrors("{\"name\":\"t\",\"inputSchema\":{\"x-mcp-header\":\"X\"}}"), "");
    assert_string_equal(mirrors("{\"name\":\"t\"}"), "");
}

static void agreement(void **state)
{
    static const struct {
        const char *header, *arguments;
        mcp_rc rc;
    } rows[] = {
        { "us-west1", "{\"r\":\"us-west1\"}", MCP_OK },
        { "us-west1", "{\"r\":\"us-east1\"}", MCP_HEADER_MISMATCH },
        { "us-west1", "{}", MCP_HEADER_MISMATCH },
        { "us-west1", "", MCP_HEADER_MISMATCH },
        { "us-west1", "{\"r\":null}", MCP_HEADER_MISMATCH },
        { NULL, "{\"r\":\"us-west1\"}", MCP_HEADER_MISMATCH },
        { NULL, "{}", MCP_OK }, { NULL, "", MCP_OK }, { NULL, "{\"r\":null}", MCP_OK },
        { "=?base64?w6k=?=", "{\"r\":\"\\u00e9\"}", MCP_OK },
        { "=?base64?w6k?=", "{\"r\":\"\\u00e9\"}", MCP_HEADER_MISMATCH },
        { "\xc3\xa9", "{\"r\":\"\\u00e9\"}", MCP_HEADER_MISMATCH },
        { "42", "{\"r\":42}", MCP_OK }, { "42.0", "{\"r\":42}", MCP_OK }, { "42", "{\"r\":\"42\"}", MCP_OK }, { "43", "{\"r\":42}", MCP_HEADER_MISMATCH },
        { "42x", "{\"r\":42}", MCP_HEADER_MISMATCH },
        { "true", "{\"r\":true}", MCP_OK }, { "True", "{\"r\":true}", MCP_HEADER_MISMATCH }, { "false", "{\"r\":true}", MCP_HEADER_MISMATCH },
        { "[1]", "{\"r\":[1]}", MCP_HEADER_MISMATCH },
    };
    const char *const path[] = { "r", NULL };
    const mcp_mirror mirror = { "Region", path };
    apr_array_header_t *list = apr_array_make(pool, 1, sizeof(mcp_mirror));
    size_t i;

    (void)state;
    APR_ARRAY_PUSH(list, mcp_mirror) = mirror;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        apr_table_t *headers = apr_table_make(pool, 1);
        mcp_value arguments = value_of(rows[i].arguments);
        mcp_rc rc;
        if (rows[i].header) apr_table_setn(headers, "mcp-param-region", rows[i].header);
        rc = mcp_definition_agree(mcp_ctx_create(pool), headers, &arguments, list);
        if (rc != rows[i].rc) fail_msg("%s, %s", rows[i].header ? rows[i].header : "none", rows[i].arguments);
        apr_table_addn(headers, "Mcp-Param-Region", "x");
        if (rows[i].header) assert_int_equal(mcp_definition_agree(mcp_ctx_create(pool), headers, &arguments, list), MCP_HEADER_MISMATCH);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(digests), cmocka_unit_test(annotations), cmocka_unit_test(agreement) };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
