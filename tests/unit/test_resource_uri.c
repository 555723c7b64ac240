/* A resource that has two spellings has two sets of rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <apr_general.h>
#include "mcp/resource_uri.h"

static void spellings(void **state)
{
    static const char *const others[] = {
        "file:///a/../b", "file:///a/..", "file:///a/./b", "file:///a/%2e%2E/b", "file:///a%2Fb", "file:///a\\b", "file:///a/%252e", "x:/a#x", "x:/a#", "x:/%40b", "x:/a%2Bb", "x:/x%3Ay", "http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://1.2.3.04/", "http://h:080/", "http://@h/", "http://[::1]/a",
        "file:///a//b", "file:////a", "file:///a?x", "file:///c|/x", "file:///a/..?x",
        "file:///a%5C..", "file:///a%00", "file:///a\n", "file:///a b", " file:///a", "file:///a\x7f", "x:/salarie%73", "x:/%41", "x:/%2D", "x:/%c3%a9",
        "x:/%", "x:/%G0", "x:/%2", "FILE:///a", "File:///a", "file://localhost/a", "file:/a", "file:a", "file://", "https:docs.example/a", "https:/docs.example/a",
        "https://docs.example:443/a", "https://docs.example:/a", "http://docs.example:80/a", "https://Docs.example/a", "https://docs.example", "https:///a", "https://d%6Fcs/a",
        "wss://h:443/", "https://d\xc3\xa9/a", "file:///a/..;/b", "ftp://h:21/a", NULL };
    static const char *const normal[] = {
        "file:///a/b", "file:///a/.hidden", "file:///a/...", "file:///a..b/c", "https://x/a?b=c%20d", "u:a", "", "db://tables/salaries", "db://Tables/x", "x:/%C3%A9",
        "https://docs.example:8443/a", "http://127.0.0.1/a", "http://10.0.0.1:8080/", "x:/100%25.txt", "http://h/p?next=%2Fa%2Fb&q=50%25/../x", "http://docs.example:443/a", "https://docs.example/", "file:///\xc3\xa9", "docs/readme", "urn:isbn:1", "x:/{template}", NULL };
    const char *const *uri;

    (void)state;
    for (uri = others; *uri; uri++)
        if (mcp_resource_uri_is_normal(*uri)) fail_msg("%s", *uri);
    for (uri = normal; *uri; uri++)
        if (!mcp_resource_uri_is_normal(*uri)) fail_msg("%s", *uri);
}

static void one_spelling_for_rules(void **state)
{
    apr_pool_t *p;

    (void)state;
    apr_initialize();
    apr_pool_create(&p, NULL);
    assert_string_equal(mcp_resource_uri_canonical(p, "file:///\xc3\xa9/*"), "file:///%C3%A9/*");
    assert_string_equal(mcp_resource_uri_canonical(p, "file:///%C3%A9"), "file:///%C3%A9");
    apr_pool_destroy(p);
    apr_terminate();
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(spellings), cmocka_unit_test(one_spelling_for_rules) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
