/* Which section a name belongs to: of two that fit, the wrong one opens a door. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "mcp/pattern.h"

static void fits(void **state)
{
    static const struct {
        const char *pattern, *name;
        int strictly, loosely;
    } rows[] = {
        { "read", "read", 1, 1 }, { "read", "Read", 0, 1 }, { "read", " read\t", 0, 1 }, { "read", "reads", 0, 0 }, { "read", "rea", 0, 0 },
        { "mod_*", "mod_x", 1, 1 }, { "mod_*", "mod_", 1, 1 }, { "mod_*", "mod", 0, 0 }, { "mod_*", "MOD_X", 0, 1 },
        { "*_table", "drop_table", 1, 1 }, { "*_table", "_table", 1, 1 }, { "*_table", "drop_tables", 0, 0 }, { "*_table", "drop_Table ", 0, 1 },
        { "a*b*c", "abc", 1, 1 }, { "a*b*c", "axbbyc", 1, 1 }, { "a*b*c", "acb", 0, 0 }, { "a*ab", "aab", 1, 1 }, { "a*ab", "ab", 0, 0 },
        { "delete_table", "delete_table\xc2\xa0", 0, 1 }, { "delete_table", "\xef\xbb\xbf" "delete_table", 0, 1 }, { "delete_table", "delete_table\xe3\x80\x80", 0, 1 },
        { "delete_table", "delete_table\xe2\x80\x8b\x1f", 0, 1 }, { "delete_table", "delete_table\xc2\x85", 0, 1 }, { "delete_table", "delete_tab\xc3\xa9", 0, 0 },
        { "tasks_*", "ta\xc5\xbf\xe2\x84\xaas_x", 0, 1 }, { "admin_*", " Admin_drop", 0, 1 },
        { "delete_*", "delete\xe2\x80\x8b_x", 0, 1 }, { "delete_table", "delete_table\xef\xb8\x8f", 0, 1 }, { "delete_table", "delete_table\xf3\xa0\x80\xa0", 0, 1 }, { "delete_*", "de\xc2\xad" "lete_x", 0, 1 }, { "delete_*", "de\xc3\xa9lete_x", 0, 0 },
        { "*", "", 1, 1 }, { "*", "x", 1, 1 }, { "**", "x", 1, 1 }, { "", "", 1, 1 }, { "", "x", 0, 0 }, { "x", "", 0, 0 }, { "a b", " a b ", 0, 1 },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!!mcp_pattern_fit(rows[i].pattern, rows[i].name) != rows[i].strictly) fail_msg("%s, %s", rows[i].pattern, rows[i].name);
        if (!!mcp_pattern_fit_loosely(rows[i].pattern, rows[i].name) != rows[i].loosely) fail_msg("%s, %s, loosely", rows[i].pattern, rows[i].name);
    }
}

static void the_better_one_decides(void **state)
{
    static const char *const best_first[] = { "delete_table", "delete_*", "del*", "d*", "*_table", "*" };
    size_t i;

    (void)state;
    for (i = 1; i < sizeof best_first / sizeof *best_first; i++)
        assert_true(mcp_pattern_fit(best_first[i - 1], "delete_table") > mcp_pattern_fit(best_first[i], "delete_table"));
}

static void clashes(void **state)
{
    static const struct {
        const char *a, *b;
        int clash;
    } rows[] = {
        { "a", "a", 1 }, { "a", "b", 0 }, { "a*", "a*", 1 }, { "a*", "b*", 0 }, { "a*", "ab*", 0 }, { "a", "a*", 0 },
        { "*_a", "*_b", 0 }, { "*_a", "x*a", 1 }, { "*a*", "*b*", 1 }, { "a*b", "a*c", 0 }, { "a*b", "*c*b", 1 }, { "x*y", "a*y", 0 },
        { "*", "*", 1 }, { "*", "*_a", 0 }, { "a**", "a*b", 1 }, { "a*bc", "a*abc", 1 }, { "aa*b", "a*bb", 1 }, { "ab*c", "b*c", 0 },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (mcp_pattern_clash(rows[i].a, rows[i].b) != rows[i].clash) fail_msg("%s, %s", rows[i].a, rows[i].b);
        if (mcp_pattern_clash(rows[i].b, rows[i].a) != rows[i].clash) fail_msg("%s, %s, turned", rows[i].a, rows[i].b);
    }
}

/* Where two patterns are said not to clash, no short name may fit both. */
static void no_clash_means_no_common_name(void **state)
{
    static const char letters[] = "ab*";
    char a[5] = "", b[5] = "", name[6] = "";
    int i, j, k, x;

    (void)state;
    for (i = 0; i < 81; i++)
        for (j = 0; j < 81; j++) {
            for (x = i, k = 0; k < 4; k++, x /= 3) a[k] = letters[x % 3];
            for (x = j, k = 0; k < 4; k++, x /= 3) b[k] = letters[x % 3];
            if (mcp_pattern_clash(a, b)) continue;
            for (x = 0; x < 32; x++) {
                for (k = 0; k < 5; k++) name[k] = x >> k & 1 ? 'a' : 'b';
                if (mcp_pattern_fit(a, name) && mcp_pattern_fit(a, name) == mcp_pattern_fit(b, name)) fail_msg("%s, %s, %s", a, b, name);
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(fits), cmocka_unit_test(the_better_one_decides), cmocka_unit_test(clashes),
                                        cmocka_unit_test(no_clash_means_no_common_name) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
