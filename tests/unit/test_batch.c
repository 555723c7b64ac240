/* A batch is as many doors as it has messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/batch.h"

#define ONE(id, name) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"tools/call\",\"params\":{\"name\":\"" name "\"}}"
#define TOLD "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"

static apr_pool_t *pool;

/* The names of the calls in their order, or the refusal. */
static const char *split(const char *text)
{
    mcp_ctx *ctx = mcp_ctx_create(pool);
    const mcp_envelope_rules rules = { 1 << 20, 8 };
    apr_array_header_t *parts;
    const char *names = "";
    mcp_rc rc = mcp_batch_split(ctx, &rules, text, strlen(text), &parts);
    int i;

    if (rc) return mcp_error_of(rc)->name;
    for (i = 0; i < parts->nelts; i++) {
        const mcp_batch_part *p = &APR_ARRAY_IDX(parts, i, mcp_batch_part);
        assert_true(p->text[0] == '{' && p->text[p->len - 1] == '}');
        names = apr_pstrcat(pool, names, p->message.name ? p->message.name : "-", NULL);
    }
    return names;
}

static void rules(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "[" ONE("1", "a") "]", "a" },
        { " [ " ONE("1", "a") " ,\n" ONE("2", "b") "," TOLD " ] ", "ab-" },
        { "[" TOLD "," TOLD "]", "--" },
        { "[]", "MCP_BAD_ENVELOPE" },
        { "", "MCP_BAD_ENVELOPE" },
        { ONE("1", "a"), "MCP_BAD_ENVELOPE" },
        { "[1]", "MCP_BAD_ENVELOPE" },
        { "[[" ONE("1", "a") "]]", "MCP_BAD_ENVELOPE" },
        { "[" ONE("1", "a") "," ONE("1", "b") "]", "MCP_AMBIGUOUS" },
        { "[" ONE("1", "a") ",,"  ONE("2", "b") "]", "MCP_BAD_ENVELOPE" },
        { "[" ONE("1", "a") "," "]", "MCP_BAD_ENVELOPE" },
        { "[" ONE("1", "a") " " ONE("2", "b") "]", "MCP_BAD_JSON" },
        { "[" ONE("1", "a") "]x", "MCP_BAD_JSON" },
        { "[" ONE("1", "a") "][" ONE("2", "b") "]", "MCP_BAD_JSON" },
        { "[" ONE("1", "a"), "MCP_BAD_JSON" },
        { "[" ONE("1", "a") "}", "MCP_BAD_JSON" },
        { "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"method\":\"ping\"}]", "MCP_AMBIGUOUS" },
        { "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"a\":[[[[[[[[1]]]]]]]]}}]", "MCP_TOO_DEEP" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(split(rows[i].text), rows[i].want)) fail_msg("%s: %s", rows[i].text, split(rows[i].text));
}

static void size_is_bounded(void **state)
{
    const char *text = "";
    int i;

    (void)state;
    for (i = 0; i < MCP_BATCH_MAX; i++) text = apr_pstrcat(pool, text, i ? "," : "", TOLD, NULL);
    assert_int_equal(strlen(split(apr_pstrcat(pool, "[", text, "]", NULL))), MCP_BATCH_MAX);
    assert_string_equal(split(apr_pstrcat(pool, "[", text, "," TOLD "]", NULL)), "MCP_BAD_ENVELOPE");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(rules), cmocka_unit_test(size_is_bounded) };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
