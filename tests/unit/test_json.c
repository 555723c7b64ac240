#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include "mcp/json.h"

static mcp_ctx *ctx;

static int setup(void **state)
{
    apr_pool_t *p;

    (void)state;
    if (apr_pool_create(&p, NULL)) return -1;
    ctx = mcp_ctx_create(p);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    apr_pool_destroy(ctx->pool);
    return 0;
}

static const mcp_json_caps caps = { 64, 3 };

#define TEXT(s) s, sizeof s - 1

static const struct {
    const char *name, *bytes;
    size_t len;
    mcp_rc rc;
} rows[] = {
    { "object", TEXT("{\"a\":1}"), MCP_OK },
    { "scalar", TEXT(" \"a\" "), MCP_OK },
    { "number", TEXT("12"), MCP_OK },
    { "depth at the cap", TEXT("[[[]]]"), MCP_OK },
    { "depth above the cap", TEXT("[[[[]]]]"), MCP_TOO_DEEP },
    { "depth above the cap, mixed", TEXT("{\"a\":[{\"b\":[]}]}"), MCP_TOO_DEEP },
    { "brackets side by side", TEXT("[[],[],[],[]]"), MCP_OK },
    { "brackets in a string", TEXT("\"[[[[{{{{\""), MCP_OK },
    { "brackets behind an escaped quote", TEXT("\"\\\"[[[[\""), MCP_OK },
    { "brackets behind an escaped backslash", TEXT("[\"\\\\\",[[[]]]]"), MCP_TOO_DEEP },
    { "bytes at the cap", TEXT("\"12345678901234567890123456789012345678901234567890123456789012\""), MCP_OK },
    { "bytes above the cap", TEXT("\"123456789012345678901234567890123456789012345678901234567890123\""), MCP_TOO_LARGE },
    { "nothing", TEXT(""), MCP_BAD_JSON },
    { "name twice", TEXT("{\"a\":1,\"a\":1}"), MCP_BAD_JSON },
    { "name twice, one escaped", TEXT("{\"a\":1,\"\\u0061\":1}"), MCP_BAD_JSON },
    { "name twice, below", TEXT("[{\"b\":{\"a\":1,\"a\":1}}]"), MCP_BAD_JSON },
    { "names that differ by case", TEXT("{\"a\":1,\"A\":1}"), MCP_OK },
    { "BOM", TEXT("\xef\xbb\xbf{}"), MCP_BAD_JSON },
    { "behind the value", TEXT("{}{}"), MCP_BAD_JSON },
    { "NUL behind the value", TEXT("{}\0"), MCP_BAD_JSON },
    { "NUL in a string", TEXT("\"a\0b\""), MCP_BAD_JSON },
    { "U+0000", TEXT("\"a\\u0000b\""), MCP_BAD_JSON },
    { "U+0000 in a name", TEXT("{\"a\\u0000b\":1}"), MCP_BAD_JSON },
    { "U+0001", TEXT("\"a\\u0001b\""), MCP_OK },
    { "not UTF-8", TEXT("\"\xff\""), MCP_BAD_JSON },
    { "surrogate alone", TEXT("\"\\ud800\""), MCP_BAD_JSON },
    { "comma at the end", TEXT("[1,]"), MCP_BAD_JSON },
    { "single quotes", TEXT("{'a':1}"), MCP_BAD_JSON },
    { "comment", TEXT("{}//"), MCP_BAD_JSON },
    { "NaN", TEXT("NaN"), MCP_BAD_JSON },
    { "leading zero", TEXT("01"), MCP_BAD_JSON },
    { "control character", TEXT("\"a\nb\""), MCP_BAD_JSON },
    { "end too early", TEXT("{\"a"), MCP_BAD_JSON },
    { "end behind a backslash", TEXT("\"\\"), MCP_BAD_JSON },
    { "closing brackets", TEXT("]]]]"), MCP_BAD_JSON },
    { "integer out of range", TEXT("99999999999999999999"), MCP_BAD_JSON },
};

static void json_is_strict(void **state)
{
    json_t *value;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        mcp_ctx_clear(ctx);
        if (mcp_json_parse(ctx, rows[i].bytes, rows[i].len, &caps, &value) != rows[i].rc) fail_msg("%s", rows[i].name);
        assert_int_equal(ctx->rc, rows[i].rc);
        if (rows[i].rc) assert_string_not_equal(ctx->detail, "");
    }
}

static void details_keep_secrets(void **state)
{
    json_t *value;

    (void)state;
    assert_int_equal(mcp_json_parse(ctx, TEXT("{\"k\":\"hush\" \"hush\"}"), &caps, &value), MCP_BAD_JSON);
    assert_null(strstr(ctx->detail, "hush"));
    assert_non_null(strstr(ctx->detail, "line 1"));
}

static void objects_stand_outermost(void **state)
{
    json_t *value;

    (void)state;
    assert_int_equal(mcp_json_object(ctx, TEXT("[]"), &caps, &value), MCP_BAD_JSON);
    assert_null(value);
    assert_int_equal(mcp_json_object(ctx, TEXT("{\"b\":\"x\",\"a\":[1, 2.5],\"n\":null}"), &caps, &value), MCP_OK);
    assert_string_equal(mcp_json_string(value, "b"), "x");
    assert_null(mcp_json_string(value, "a"));
    assert_null(mcp_json_string(value, "n"));
    assert_null(mcp_json_string(value, "B"));
    assert_null(mcp_json_string(NULL, "b"));
    assert_string_equal(mcp_json_text(ctx->pool, value), "{\"b\":\"x\",\"a\":[1,2.5],\"n\":null}");
}

static void the_pool_releases(void **state)
{
    json_t *value = json_array();
    apr_pool_t *p;

    (void)state;
    assert_int_equal(apr_pool_create(&p, ctx->pool), APR_SUCCESS);
    assert_ptr_equal(mcp_json_own(p, json_incref(value)), value);
    assert_int_equal(value->refcount, 2);
    apr_pool_destroy(p);
    assert_int_equal(value->refcount, 1);
    json_decref(value);
    assert_null(mcp_json_own(ctx->pool, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(json_is_strict, setup, teardown),
        cmocka_unit_test_setup_teardown(details_keep_secrets, setup, teardown),
        cmocka_unit_test_setup_teardown(objects_stand_outermost, setup, teardown),
        cmocka_unit_test_setup_teardown(the_pool_releases, setup, teardown),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
