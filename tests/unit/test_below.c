#include "value_fixture.h"
#include "mcp/below.h"

static void what_is_a_root(void **state)
{
    static const struct {
        const char *text, *root;
    } rows[] = {
        { "/", "" }, { "/srv", "/srv" }, { "/srv/", "/srv" }, { "/srv/data", "/srv/data" }, { "/srv/a b", "/srv/a b" }, { "/srv/\xc3\xa4", "/srv/\xc3\xa4" },
        { "/srv/...x", "/srv/...x" }, { "/.well-known", "/.well-known" },
        { "", NULL }, { "srv", NULL }, { "./srv", NULL }, { "//srv", NULL }, { "/srv//", NULL }, { "/srv//data", NULL }, { "/srv/./data", NULL },
        { "/srv/..", NULL }, { "/srv/../data", NULL }, { "/srv\\data", NULL }, { "/srv%2fdata", NULL }, { "/srv?x", NULL }, { "/srv#x", NULL },
        { "/srv;x", NULL }, { "/srv/\xff", NULL }, { "/srv/...", NULL }, { "C:/srv", NULL }, { "file:///srv", NULL },
    };
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        const char *root = mcp_below_root(pool, rows[i].text, strlen(rows[i].text));
        if (!root != !rows[i].root || (root && strcmp(root, rows[i].root))) fail_msg("%s: %s", rows[i].text, root ? root : "refused");
    }
    assert_null(mcp_below_root(pool, "/a\0b", 4));
}

/* A caller wants a file outside /srv/data, or one inside where a rule forbids it. */
static void what_is_below(void **state)
{
    static const struct {
        const char *path;
        int holds;
    } rows[] = {
        { "/srv/data", YES }, { "/srv/data/", YES }, { "/srv/data/x", YES }, { "/srv/data/x/y.txt", YES }, { "/srv///data//x", YES }, { "//srv///data//x", UNKNOWN },
        { "/srv/./data/./x", YES }, { "/srv/data/x/..", YES }, { "/srv/x/../data/y", YES }, { "/../../srv/data/x", YES }, { "/srv/data/..x/x..y", YES },
        { "/srv/data/a b", YES }, { "/srv/data/\xc3\xa4", YES }, { "/srv/data/C#.txt", YES }, { "/srv/data/100%", YES }, { "/srv/data/a%20b", YES },
        { "/srv/data/a%2520b", YES },
        { "/", NO }, { "/srv", NO }, { "/srv/", NO }, { "/srv/data2", NO }, { "/srv/dat", NO }, { "/srv/data.bak/x", NO }, { "/etc/passwd", NO },
        { "/srv/data/..", NO }, { "/srv/data/../", NO }, { "/srv/data/../data2/x", NO }, { "/srv/data/x/../../../etc/passwd", NO },
        { "/srv/data/./../x", NO }, { "/srv/data//../x", UNKNOWN }, { "/srv/data/../../../../../etc", NO }, { "/x/srv/data", NO },
        { "", UNKNOWN }, { "srv/data/x", UNKNOWN }, { "../srv/data", UNKNOWN }, { "x", UNKNOWN }, { "~/x", UNKNOWN }, { " /srv/data", UNKNOWN },
        { "file:///srv/data/x", UNKNOWN }, { "C:/srv/data", UNKNOWN },
        { "/srv/data\\..\\x", UNKNOWN }, { "/srv/data/..\\x", UNKNOWN }, { "/srv/data/%5c..%5cx", UNKNOWN },
        { "/srv/data/%00", UNKNOWN }, { "/srv/data/x%2500", UNKNOWN }, { "/srv/data/%c0%ae%c0%ae/x", UNKNOWN }, { "/srv/data/%ff", UNKNOWN },
        { "/srv/data/\xff", UNKNOWN }, { "/srv/data/..\t/x", UNKNOWN }, { "/srv/data/.\n./x", UNKNOWN }, { "/srv/data/x\x7f", UNKNOWN }, { "/srv/data%09/x", UNKNOWN },
        { "/srv/data./x", UNKNOWN }, { "/x//../srv/data/y", UNKNOWN }, { "//evil/../srv/data/y", UNKNOWN }, { "//srv/data/y", UNKNOWN }, { "/srv/data /x", UNKNOWN }, { "/srv/data/x.", UNKNOWN }, { "/srv/data/%u002e%u002e/x", UNKNOWN },
        { "/srv/data/%2e%2e/x", UNKNOWN }, { "/srv/data/.%2e/x", UNKNOWN }, { "/srv/data/..%2fx", UNKNOWN }, { "/srv/data/%2e%2e%2fx", UNKNOWN },
        { "/srv/data/%252e%252e/x", UNKNOWN }, { "/srv/data/%25252525252e%25252525252e/x", UNKNOWN }, { "/srv/%64ata/x", UNKNOWN },
        { "/srv/data/a%2fb%2fc/../../../etc/passwd", UNKNOWN },        /* below once decoded, /srv/etc as it stands */
        { "/srv/data/%2525252525252541", UNKNOWN },
        { "/SRV/data/x", UNKNOWN }, { "/srv/Data", UNKNOWN }, { "/srv/Data2", NO },
        { "/srv/data/..;/x", UNKNOWN }, { "/srv/data/..;a=b/x", UNKNOWN }, { "/srv/data;x/y", UNKNOWN }, { "/srv/data?x", UNKNOWN }, { "/srv/data#x", UNKNOWN },
        { "/etc/passwd?/../../srv/data/x", UNKNOWN }, { "/etc/passwd#/../../srv/data/x", UNKNOWN }, { "/etc/passwd%3f/../../srv/data/x", UNKNOWN },
        { "/srv/data/.../x", UNKNOWN }, { "/srv/data/.. /x", UNKNOWN }, { "/srv/data/. ./x", UNKNOWN }, { "/srv/data/ /x", UNKNOWN },
    };
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        mcp_holds holds = mcp_below_test(pool, "/srv/data", rows[i].path, strlen(rows[i].path));
        if ((int)holds != rows[i].holds) fail_msg("%s: %s", rows[i].path, answer(holds));
    }
    assert_int_equal(mcp_below_test(pool, "/srv/data", "/srv/data/\0x", 12), MCP_HOLDS_UNKNOWN);
    assert_int_equal(mcp_below_test(pool, "", "/etc/passwd", 11), MCP_HOLDS_YES);
    assert_int_equal(mcp_below_test(pool, "", "/..", 3), MCP_HOLDS_YES);
    assert_int_equal(mcp_below_test(pool, "", "etc", 3), MCP_HOLDS_UNKNOWN);
}

static void how_long_it_may_be(void **state)
{
    char *path = apr_palloc(pool, MCP_BELOW_MAX + 2);

    (void)state;
    memset(path, 'x', MCP_BELOW_MAX + 1);
    memcpy(path, "/srv/data/", 10);
    assert_int_equal(mcp_below_test(pool, "/srv/data", path, MCP_BELOW_MAX), MCP_HOLDS_YES);
    assert_int_equal(mcp_below_test(pool, "/srv/data", path, MCP_BELOW_MAX + 1), MCP_HOLDS_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_a_root), cmocka_unit_test(what_is_below), cmocka_unit_test(how_long_it_may_be),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, begin, end);
}
