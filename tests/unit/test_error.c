#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/ctx.h"

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

static void rows_are_whole(void **state)
{
    int rc, other;

    (void)state;
    for (rc = 0; rc < MCP_RC_COUNT; rc++) {
        const mcp_error *row = mcp_error_of((mcp_rc)rc);
        assert_memory_equal(row->name, "MCP_", 4);
        assert_true(row->http >= 200 && row->http < 600);
        assert_null(strpbrk(row->sentence, "\"\\<>&"));
        if (rc) assert_string_not_equal(row->sentence, "");
        for (other = 0; other < rc; other++) assert_string_not_equal(row->tag, mcp_error_of((mcp_rc)other)->tag);
    }
}

static void rows_are_found(void **state)
{
    (void)state;
    assert_int_equal(mcp_error_of(MCP_MISSING_SCOPE)->http, 403);
    assert_string_equal(mcp_error_of(MCP_MISSING_SCOPE)->oauth, "insufficient_scope");
    assert_int_equal(mcp_error_of(MCP_HEADER_MISMATCH)->rpc, -32020);
    assert_string_equal(mcp_error_of(MCP_BAD_JSON)->tag, "MCP010");
    assert_ptr_equal(mcp_error_of(MCP_RC_COUNT), mcp_error_of(MCP_INTERNAL));
    assert_ptr_equal(mcp_error_of((mcp_rc)-1), mcp_error_of(MCP_INTERNAL));
}

static void reasons_are_lower_case(void **state)
{
    (void)state;
    assert_string_equal(mcp_error_reason(ctx->pool, MCP_BAD_SCOPE), "bad_scope");
    assert_string_equal(mcp_error_reason(ctx->pool, MCP_OK), "ok");
    assert_string_equal(mcp_error_reason(ctx->pool, MCP_RC_COUNT), "internal");
}

static void first_failure_wins(void **state)
{
    (void)state;
    assert_int_equal(ctx->rc, MCP_OK);
    assert_string_equal(ctx->detail, "");
    assert_int_equal(mcp_fail(ctx, MCP_BAD_SCOPE, "scope %s", "a"), MCP_BAD_SCOPE);
    assert_int_equal(mcp_fail(ctx, MCP_INTERNAL, "later"), MCP_INTERNAL);
    assert_int_equal(ctx->rc, MCP_BAD_SCOPE);
    assert_string_equal(ctx->detail, "scope a");
    mcp_ctx_clear(ctx);
    assert_int_equal(ctx->rc, MCP_OK);
    assert_string_equal(ctx->detail, "");
    mcp_fail(ctx, MCP_INTERNAL, "after");
    assert_string_equal(ctx->detail, "after");
}

static void keep(void *baton, mcp_log_level level, const char *tag, const char *line)
{
    *(const char **)baton = apr_psprintf(ctx->pool, "%d %s %s", (int)level, tag, line);
}

static void lines_cannot_be_forged(void **state)
{
    const char *line = "none";

    (void)state;
    mcp_log(ctx, MCP_LOG_ERROR, "MCP001", "silent");
    assert_string_equal(line, "none");
    ctx->log = keep;
    ctx->log_baton = &line;
    mcp_log(ctx, MCP_LOG_INFO, "MCP006", "client %s", "a\r\nroot\x7f\x1b!");
    assert_string_equal(line, "2 MCP006 client a??root?" "?!");
    mcp_fail(ctx, MCP_BAD_REQUEST, "%s", "x\ny");
    assert_string_equal(ctx->detail, "x?y");
}

static void time_is_in_seconds(void **state)
{
    (void)state;
    assert_true(ctx->now > 0);
    ctx->now = apr_time_from_sec(1700000000) + 999999;
    assert_true(mcp_now(ctx) == 1700000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_are_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(reasons_are_lower_case, setup, teardown),
        cmocka_unit_test_setup_teardown(first_failure_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_cannot_be_forged, setup, teardown),
        cmocka_unit_test_setup_teardown(time_is_in_seconds, setup, teardown),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
