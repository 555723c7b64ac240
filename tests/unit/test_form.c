#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/form.h"

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

#define TEXT(s) s, sizeof s - 1

static const struct {
    const char *name, *bytes;
    size_t len;
    const char *repeatable;
    mcp_rc rc;
} rows[] = {
    { "nothing", TEXT(""), NULL, MCP_OK },
    { "two", TEXT("a=1&b=2"), NULL, MCP_OK },
    { "empty pairs", TEXT("&a=1&&b=2&"), NULL, MCP_OK },
    { "no equals sign", TEXT("a"), NULL, MCP_OK },
    { "no name", TEXT("=1"), NULL, MCP_BAD_REQUEST },
    { "twice", TEXT("a=1&a=1"), NULL, MCP_BAD_REQUEST },
    { "twice, one encoded", TEXT("a=1&%61=1"), NULL, MCP_BAD_REQUEST },
    { "twice, one empty", TEXT("a=1&a="), NULL, MCP_BAD_REQUEST },
    { "names that differ by case", TEXT("a=1&A=1"), NULL, MCP_OK },
    { "repeatable", TEXT("resource=1&resource=2"), "resource", MCP_OK },
    { "another one repeats", TEXT("resource=1&a=1&a=2"), "resource", MCP_BAD_REQUEST },
    { "UTF-8", TEXT("a=%C3%A4\xc3\xa4"), NULL, MCP_OK },
    { "not UTF-8", TEXT("a=%FF"), NULL, MCP_BAD_REQUEST },
    { "name not UTF-8", TEXT("\xff=a"), NULL, MCP_BAD_REQUEST },
    { "U+0000", TEXT("a=b%00c"), NULL, MCP_BAD_REQUEST },
    { "NUL", TEXT("a=b\0c"), NULL, MCP_BAD_REQUEST },
    { "U+0000 in a name", TEXT("a%00=c"), NULL, MCP_BAD_REQUEST },
    { "short escape", TEXT("a=%4"), NULL, MCP_BAD_REQUEST },
    { "escape cut by the next pair", TEXT("a=%4&1=b"), NULL, MCP_BAD_REQUEST },
    { "bad escape", TEXT("a=%4g"), NULL, MCP_BAD_REQUEST },
};

static void forms_are_strict(void **state)
{
    const mcp_form *form;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        mcp_ctx_clear(ctx);
        if (mcp_form_parse(ctx, rows[i].bytes, rows[i].len, rows[i].repeatable, &form) != rows[i].rc) fail_msg("%s", rows[i].name);
    }
}

/* For those who must answer what is wrong in turn: nothing repeated is refused before they ask. */
static void repetition_can_be_judged_later(void **state)
{
    const mcp_form *form;

    (void)state;
    assert_int_equal(mcp_form_read(ctx, TEXT("a=1&b=2&a=3&resource=4&resource=5&empty="), &form), MCP_OK);
    assert_int_equal(mcp_form_check_once(ctx, form, "b", NULL), MCP_OK);
    assert_int_equal(mcp_form_check_once(ctx, form, "z", NULL), MCP_OK);
    assert_int_equal(mcp_form_check_once(ctx, form, "resource", "resource"), MCP_OK);
    assert_int_equal(mcp_form_check_once(ctx, form, "a", NULL), MCP_BAD_REQUEST);
    assert_non_null(strstr(ctx->detail, "\"a\""));
    assert_int_equal(mcp_form_check_once(ctx, form, NULL, "resource"), MCP_BAD_REQUEST);
    assert_int_equal(mcp_form_check_once(ctx, form, NULL, "a"), MCP_BAD_REQUEST);
    assert_true(mcp_form_has_empty(form, "empty"));
    assert_false(mcp_form_has_empty(form, "a"));
    assert_false(mcp_form_has_empty(form, "z"));
    mcp_ctx_clear(ctx);
    assert_int_equal(mcp_form_read(ctx, TEXT("a=%zz"), &form), MCP_BAD_REQUEST);
}

static void values_are_decoded(void **state)
{
    const mcp_form *form;

    (void)state;
    assert_int_equal(mcp_form_parse(ctx, TEXT("a=x+y%2B%26%3d&empty=&b=c=d&bare&%c3%a4=1"), NULL, &form), MCP_OK);
    assert_string_equal(mcp_form_get(form, "a"), "x y+&=");
    assert_string_equal(mcp_form_get(form, "b"), "c=d");
    assert_string_equal(mcp_form_get(form, "\xc3\xa4"), "1");
    assert_null(mcp_form_get(form, "empty"));
    assert_null(mcp_form_get(form, "bare"));
    assert_null(mcp_form_get(form, "A"));
    assert_int_equal(mcp_form_count(form, "a"), 1);
    assert_int_equal(mcp_form_count(form, "z"), 0);
}

static void repeated_values_keep_their_order(void **state)
{
    const mcp_form *form;

    (void)state;
    assert_int_equal(mcp_form_parse(ctx, TEXT("resource=1&resource=&a=x&resource=2"), "resource", &form), MCP_OK);
    assert_int_equal(mcp_form_count(form, "resource"), 2);
    assert_string_equal(mcp_form_nth(form, "resource", 0), "1");
    assert_string_equal(mcp_form_nth(form, "resource", 1), "2");
    assert_null(mcp_form_nth(form, "resource", 2));
    assert_null(mcp_form_nth(form, "resource", -1));
}

static void parameters_are_capped(void **state)
{
    const mcp_form *form;
    char *text = apr_pstrdup(ctx->pool, "p0=1");
    int i;

    (void)state;
    for (i = 1; i < MCP_FORM_MAX; i++) text = apr_psprintf(ctx->pool, "%s&p%d=1", text, i);
    assert_int_equal(mcp_form_parse(ctx, text, strlen(text), NULL, &form), MCP_OK);
    text = apr_pstrcat(ctx->pool, text, "&q=1", NULL);
    assert_int_equal(mcp_form_parse(ctx, text, strlen(text), NULL, &form), MCP_BAD_REQUEST);
}

static void details_name_the_parameter(void **state)
{
    const mcp_form *form;

    (void)state;
    mcp_form_parse(ctx, TEXT("code=hush&code=hush"), NULL, &form);
    assert_non_null(strstr(ctx->detail, "\"code\""));
    assert_null(strstr(ctx->detail, "hush"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(forms_are_strict, setup, teardown),
        cmocka_unit_test_setup_teardown(repetition_can_be_judged_later, setup, teardown),
        cmocka_unit_test_setup_teardown(values_are_decoded, setup, teardown),
        cmocka_unit_test_setup_teardown(repeated_values_keep_their_order, setup, teardown),
        cmocka_unit_test_setup_teardown(parameters_are_capped, setup, teardown),
        cmocka_unit_test_setup_teardown(details_name_the_parameter, setup, teardown),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
