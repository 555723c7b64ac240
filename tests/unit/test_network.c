#include "value_fixture.h"
#include "mcp/network.h"

static void what_is_a_network(void **state)
{
    static const struct {
        const char *text, *why;         /* why NULL: it is one */
    } rows[] = {
        { "10.0.0.0/8", NULL }, { "192.0.2.7", NULL }, { "192.0.2.7/32", NULL }, { "0.0.0.0/0", NULL }, { "192.0.2.128/25", NULL }, { "::/0", NULL }, { "::1", NULL },
        { "2001:db8::/32", NULL }, { "2001:DB8::/32", NULL }, { "2001:db8:8000::/33", NULL }, { "::ffff:10.0.0.0/104", NULL },
        { "", "is no network" }, { "10", "is no network" }, { "10.0.0", "is no network" }, { "10.0.0.0.0", "is no network" }, { "010.0.0.0/8", "is no network" },
        { "0x0a.0.0.0/8", "is no network" }, { "256.0.0.0/8", "is no network" }, { "intranet", "is no network" }, { "intranet/8", "is no network" },
        { "fe80::1%eth0", "is no network" }, { "[::1]", "is no network" }, { " 10.0.0.0/8", "is no network" }, { "/8", "is no network" }, { "10.0.0.1-10.0.0.9", "is no network" },
        { "10.0.0.0/33", "at most 32" }, { "10.0.0.0/", "at most 32" }, { "10.0.0.0/08", "at most 32" }, { "10.0.0.0/+8", "at most 32" }, { "10.0.0.0/8/8", "at most 32" },
        { "10.0.0.0/255.0.0.0", "at most 32" }, { "10.0.0.0/4294967304", "at most 32" }, { "::/129", "at most 128" },
        { "10.0.0.1/8", "bits set behind" }, { "192.0.2.1/25", "bits set behind" }, { "2001:db8::1/32", "bits set behind" }, { "::ffff:0.0.0.0/90", "bits set behind" },
    };
    mcp_network n;
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        const char *why = mcp_network_parse(pool, rows[i].text, &n);
        if (!why != !rows[i].why || (why && !strstr(why, rows[i].why))) fail_msg("%s: %s", rows[i].text, why ? why : "taken");
    }
}

static mcp_holds test(const char *networks, const char *address)
{
    char *copy = apr_pstrdup(pool, networks), *last = NULL, *word;
    mcp_network n[8];
    int count = 0;

    for (word = apr_strtok(copy, " ", &last); word; word = apr_strtok(NULL, " ", &last))
        if (mcp_network_parse(pool, word, &n[count++])) fail_msg("%s is no network", word);
    return mcp_network_test(n, count, address, strlen(address));
}

static void what_lies_inside(void **state)
{
    static const struct {
        const char *networks, *address;
        int holds;
    } rows[] = {
        { "10.0.0.0/8", "10.0.0.0", YES }, { "10.0.0.0/8", "10.255.255.255", YES }, { "10.0.0.0/8", "11.0.0.0", NO }, { "10.0.0.0/8", "9.255.255.255", NO },
        { "192.0.2.128/25", "192.0.2.128", YES }, { "192.0.2.128/25", "192.0.2.127", NO }, { "192.0.2.7", "192.0.2.7", YES }, { "192.0.2.7", "192.0.2.6", NO },
        { "0.0.0.0/0", "8.8.8.8", YES }, { "0.0.0.0/0", "2001:db8::1", NO }, { "::/0", "2001:db8::1", YES }, { "::/0", "8.8.8.8", NO },
        { "2001:db8:8000::/33", "2001:db8:8000::1", YES }, { "2001:db8:8000::/33", "2001:db8:7fff::1", NO }, { "2001:db8::/32", "2001:DB8::A", YES },
        { "2001:db8::/32", "2001:0db8:0000:0000:0000:0000:0000:0001", YES }, { "10.0.0.0/8 192.0.2.0/24 ::1", "::1", YES }, { "10.0.0.0/8 192.0.2.0/24", "192.0.2.1", YES },
        { "10.0.0.0/8", "::ffff:10.1.2.3", YES }, { "10.0.0.0/8", "::ffff:a01:203", YES }, { "10.0.0.0/8", "::FFFF:11.1.2.3", NO }, { "::/0", "::ffff:10.1.2.3", NO },
        { "::ffff:10.0.0.0/104", "10.1.2.3", YES }, { "::ffff:10.0.0.0/104", "::ffff:10.1.2.3", YES },
        { "10.0.0.0/8", "64:ff9b::10.0.0.1", UNKNOWN }, { "10.0.0.0/8", "64:ff9b:1::a00:1", UNKNOWN }, { "10.0.0.0/8", "2002:a00:1::", UNKNOWN }, { "10.0.0.0/8", "::10.0.0.1", UNKNOWN },
        { "2002::/16", "2002:a00:1::", YES }, { "2002::/16 10.0.0.0/8", "2002:a00:1::", YES }, { "10.0.0.0/8", "::1", NO }, { "10.0.0.0/8", "::", NO },
        { "10.0.0.0/8", "2001:db8::1", NO }, { "2001:db8::/32", "64:ff9b::1", NO },
        { "10.0.0.0/8", "", UNKNOWN }, { "10.0.0.0/8", "localhost", UNKNOWN }, { "10.0.0.0/8", "example.com", UNKNOWN }, { "10.0.0.0/8", "010.1.1.1", UNKNOWN },
        { "10.0.0.0/8", "10.1", UNKNOWN }, { "10.0.0.0/8", "0xa.0.0.1", UNKNOWN }, { "10.0.0.0/8", "0x0a000001", UNKNOWN }, { "10.0.0.0/8", "167772161", UNKNOWN },
        { "10.0.0.0/8", "1.1", UNKNOWN }, { "10.0.0.0/8", "0x7f.1", UNKNOWN }, { "10.0.0.0/8", "10.0.0.1.", UNKNOWN }, { "10.0.0.0/8", " 10.0.0.1", UNKNOWN },
        { "10.0.0.0/8", "10.0.0.1 ", UNKNOWN }, { "10.0.0.0/8", "10.0.0.1\n", UNKNOWN }, { "10.0.0.0/8", "10.0.0.1:80", UNKNOWN }, { "10.0.0.0/8", "10.0.0.1/8", UNKNOWN },
        { "10.0.0.0/8", "::ffff:010.0.0.1", UNKNOWN }, { "fe80::/10", "fe80::1", YES }, { "fe80::/10", "fe80::1%eth0", UNKNOWN }, { "fe80::/10", "fe80::1%1", UNKNOWN },
        { "fe80::/10", "[fe80::1]", UNKNOWN }, { "10.0.0.0/8", "\xd9\xa1\xd9\xa0.0.0.1", UNKNOWN }, { "10.0.0.0/8", "http://10.0.0.1/", UNKNOWN },
        { "10.0.0.0/8", "0000:0000:0000:0000:0000:ffff:010.000.000.001", UNKNOWN }, { "10.0.0.0/8", "0000:0000:0000:0000:0000:0000:ffff:10.0.0.1xxxxxxxxxxxxx", UNKNOWN },
    };
    mcp_network n;
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        mcp_holds holds = test(rows[i].networks, rows[i].address);
        if ((int)holds != rows[i].holds) fail_msg("%s in %s: %s", rows[i].address, rows[i].networks, answer(holds));
    }
    assert_null(mcp_network_parse(pool, "10.0.0.0/8", &n));
    assert_int_equal(mcp_network_test(&n, 1, "10.0.0.1\0.x", 11), MCP_HOLDS_UNKNOWN);
    assert_int_equal(mcp_network_test(&n, 1, "10.0.0.10", 8), MCP_HOLDS_YES);       /* the length counts */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_a_network), cmocka_unit_test(what_lies_inside) };

    apr_initialize();
    return cmocka_run_group_tests(tests, begin, end);
}
