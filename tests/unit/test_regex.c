/* A caller must not be able to make an expression cost more than its budget. */
#include <time.h>
#include "value_fixture.h"
#include "mcp/regex.h"

static mcp_regex *compile(const char *text)
{
    const char *why = NULL;
    mcp_regex *regex = mcp_regex_compile(pool, text, &why);

    if (!regex) fail_msg("%s", why);
    return regex;
}

static void what_is_found(void **state)
{
    static const struct {
        const char *expression, *text;
        int holds;
    } rows[] = {
        { "b", "abc", YES }, { "B", "abc", NO }, { "(?i)B", "abc", YES }, { "^b", "abc", NO }, { "^a.c$", "abc", YES }, { "a|c", "xxc", YES }, { "", "x", YES }, { "^$", "", YES },
        { "^a$", "a\n", NO }, { "^a.b$", "a\nb", YES }, { "(?m)^b$", "a\nb\nc", YES }, { "^.$", "\xc3\xa4", YES }, { "^\\x{20ac}$", "\xe2\x82\xac", YES },
        { "(?x) a # c", "a", YES }, { "^(a)(b)\\2$", "abb", YES }, { "(?<=a)b", "ab", YES }, { "\\bprod\\b", "a prod b", YES }, { "^\\d$", "\xd9\xa5", NO },
        { "a", "\xff", UNKNOWN },
    };
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        mcp_regex_budget budget = { 0, 0 };
        mcp_holds holds = mcp_regex_find(compile(rows[i].expression), rows[i].text, strlen(rows[i].text), &budget);
        if ((int)holds != rows[i].holds) fail_msg("%s in %s: %s", rows[i].expression, rows[i].text, answer(holds));
    }
}

static void what_is_wrong(void **state)
{
    static const struct {
        const char *expression, *why;
    } rows[] = {
        { "a(", "a( is wrong at offset 2: missing closing parenthesis" }, { "a[", "at offset 2" }, { "*a", "at offset 0" }, { "a\\", "at offset 2" }, { "a\\C", "at offset 3" }, { "\xff", "UTF-8" },
    };
    const char *why;
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        why = NULL;
        if (mcp_regex_compile(pool, rows[i].expression, &why)) fail_msg("%s is taken", rows[i].expression);
        if (!why || !strstr(why, rows[i].why)) fail_msg("%s: %s", rows[i].expression, why ? why : "no reason");
    }
}

static double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static void what_it_may_cost(void **state)
{
    enum { MANY = 1 << 20 };
    static const struct {
        const char *expression;
        char fill;
        const char *end;
        size_t len;
        int holds;
    } rows[] = {
        { "^(a+)+$", 'a', "!", 40, UNKNOWN },                       /* exponential */
        { "\\s+$", ' ', "x", MANY, UNKNOWN },                       /* square: each place scans the rest */
        { "[a-z]+1", 'a', "-1", MANY, UNKNOWN },                    /* square without any backtracking */
        { "(?:[a-z]+1|.)*$", 'a', "-1\n", MANY, UNKNOWN },          /* square from one place */
        { "^(?:a|b)*$", 'a', "", MANY, UNKNOWN },                   /* deep */
        { "^[a-z]+$", 'a', "", MANY, YES }, { "prod", 'p', "", MANY, NO }, { "prod", 'a', "prod", MANY, YES }, { "^(.+)/([^/]+)$", 'a', "/b", 10000, YES },
    };
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        mcp_regex_budget budget = { 0, 0 };
        char *text = apr_palloc(pool, rows[i].len + 8);
        double began = cpu_seconds();
        mcp_holds holds;
        memset(text, rows[i].fill, rows[i].len);
        strcpy(text + rows[i].len, rows[i].end);
        holds = mcp_regex_find(compile(rows[i].expression), text, strlen(text), &budget);
        if ((int)holds != rows[i].holds) fail_msg("%s: %s", rows[i].expression, answer(holds));
        if (cpu_seconds() - began > 2) fail_msg("%s cost %.1f s", rows[i].expression, cpu_seconds() - began);
    }
}

/* Many texts share one budget. */
static void what_many_may_cost(void **state)
{
    mcp_regex *regex = compile("\\s+$");
    mcp_regex_budget budget = { 0, 0 };
    char text[8001];
    double began = cpu_seconds();
    int i, unknown = 0;

    (void)state;
    memset(text, ' ', sizeof text);
    text[8000] = 'x';
    for (i = 0; i < 200; i++) unknown += mcp_regex_find(regex, text, sizeof text, &budget) == MCP_HOLDS_UNKNOWN;
    assert_true(unknown > 100);
    assert_true(cpu_seconds() - began < 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_found), cmocka_unit_test(what_is_wrong), cmocka_unit_test(what_it_may_cost), cmocka_unit_test(what_many_may_cost),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, begin, end);
}
