/* A sender who knows the hash of a public library must not be able to make the set slow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/names.h"

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

static mcp_rc add(mcp_names *n, size_t mark, const char *name)
{
    return mcp_names_add(n, mark, name, strlen(name));
}

static void a_name_stands_once_in_its_object(void **state)
{
    mcp_names *n = mcp_names_create(ctx);
    size_t outer = mcp_names_mark(n), inner;

    (void)state;
    assert_int_equal(add(n, outer, "a"), MCP_OK);
    assert_int_equal(add(n, outer, "b"), MCP_OK);
    assert_int_equal(add(n, outer, "a"), MCP_EXISTS);
    inner = mcp_names_mark(n);
    assert_int_equal(add(n, inner, "a"), MCP_OK);
    assert_int_equal(add(n, inner, "a"), MCP_EXISTS);
    mcp_names_forget(n, inner);
    assert_int_equal(mcp_names_mark(n), inner);
    assert_int_equal(add(n, outer, "a"), MCP_EXISTS);
    assert_int_equal(add(n, outer, "c"), MCP_OK);
    assert_int_equal(ctx->rc, MCP_OK);
}

static void names_are_compared_whole(void **state)
{
    mcp_names *n = mcp_names_create(ctx);
    size_t i;

    (void)state;
    assert_int_equal(mcp_names_add(n, 0, "", 0), MCP_OK);
    assert_int_equal(mcp_names_add(n, 0, "", 0), MCP_EXISTS);
    assert_int_equal(mcp_names_add(n, 0, "abcdefgh", 8), MCP_OK);
    assert_int_equal(mcp_names_add(n, 0, "abcdefgh\0", 9), MCP_OK);
    assert_int_equal(mcp_names_add(n, 0, "abcdefg", 7), MCP_OK);
    assert_int_equal(mcp_names_add(n, 0, "abcdefgh", 8), MCP_EXISTS);
    for (i = 0; i < 40; i++) {      /* each the beginning of the next; from FEW on hashed */
        assert_int_equal(mcp_names_add(n, 0, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", i + 1), MCP_OK);
        assert_int_equal(mcp_names_add(n, 0, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", i + 1), MCP_EXISTS);
    }
}

/* Growing and drawing the key lose nothing, at any depth. */
static void growth_keeps_every_name(void **state)
{
    enum { MANY = 5000 };
    mcp_names *n = mcp_names_create(ctx);
    size_t inner;
    int i;

    (void)state;
    for (i = 0; i < 20; i++) assert_int_equal(add(n, 0, apr_psprintf(ctx->pool, "n%d", i)), MCP_OK);
    inner = mcp_names_mark(n);
    for (i = 0; i < MANY; i++) assert_int_equal(add(n, inner, apr_psprintf(ctx->pool, "n%d", i)), MCP_OK);
    for (i = 0; i < MANY; i++) assert_int_equal(add(n, inner, apr_psprintf(ctx->pool, "n%d", i)), MCP_EXISTS);
    mcp_names_forget(n, inner);
    for (i = 0; i < 20; i++) assert_int_equal(add(n, 0, apr_psprintf(ctx->pool, "n%d", i)), MCP_EXISTS);
    for (i = 20; i < MANY; i++) assert_int_equal(add(n, 0, apr_psprintf(ctx->pool, "n%d", i)), MCP_OK);
}

/* Around the size at which an object's names are hashed: a repeat changes nothing, and what is forgotten is gone. */
static void few_become_many_and_few_again(void **state)
{
    mcp_names *n = mcp_names_create(ctx);
    size_t inner;
    int size, i, round;

    (void)state;
    assert_int_equal(add(n, 0, "outer"), MCP_OK);
    inner = mcp_names_mark(n);
    for (size = 1; size < 40; size++)
        for (round = 0; round < 2; round++) {
            for (i = 0; i < size; i++) assert_int_equal(add(n, inner, apr_psprintf(ctx->pool, "a rather long name %d", i)), MCP_OK);
            for (i = 0; i < size; i++) assert_int_equal(add(n, inner, apr_psprintf(ctx->pool, "a rather long name %d", i)), MCP_EXISTS);
            assert_int_equal(add(n, inner, "outer"), MCP_OK);
            mcp_names_forget(n, inner);
            assert_int_equal(mcp_names_mark(n), inner);
            assert_int_equal(add(n, 0, "outer"), MCP_EXISTS);
        }
}

static void long_names_are_kept(void **state)
{
    enum { LONG = 60000 };
    mcp_names *n = mcp_names_create(ctx);
    char *a = apr_palloc(ctx->pool, LONG), *b = apr_palloc(ctx->pool, LONG);

    (void)state;
    memset(a, 'x', LONG);
    memset(b, 'x', LONG);
    b[LONG - 1] = 'y';
    assert_int_equal(mcp_names_add(n, 0, a, LONG), MCP_OK);
    assert_int_equal(mcp_names_add(n, 0, b, LONG), MCP_OK);
    assert_int_equal(mcp_names_add(n, 0, a, LONG), MCP_EXISTS);
}

/* 2^15 names that all hash alike by h = h * 33 + c: with such a hash this is 5 * 10^8 comparisons. */
static void prepared_collisions_cost_nothing(void **state)
{
    enum { BITS = 15 };
    mcp_names *n = mcp_names_create(ctx);
    apr_time_t from = apr_time_now();
    char name[2 * BITS];
    int i, k;

    (void)state;
    for (i = 0; i < 1 << BITS; i++) {
        for (k = 0; k < BITS; k++) memcpy(name + 2 * k, i >> k & 1 ? "Ez" : "FY", 2);
        assert_int_equal(mcp_names_add(n, 0, name, sizeof name), MCP_OK);
    }
    assert_true(apr_time_now() - from < apr_time_from_sec(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_name_stands_once_in_its_object, setup, teardown),
        cmocka_unit_test_setup_teardown(names_are_compared_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(growth_keeps_every_name, setup, teardown),
        cmocka_unit_test_setup_teardown(few_become_many_and_few_again, setup, teardown),
        cmocka_unit_test_setup_teardown(long_names_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(prepared_collisions_cost_nothing, setup, teardown),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
