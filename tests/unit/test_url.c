#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/url.h"

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

static const struct {
    const char *text;
    mcp_rc rc;
} rows[] = {
    { "https://example.com", MCP_OK },
    { "https://example.com/a%20b?c=d/?#e?", MCP_OK },
    { "https://u:p@example.com:8443/", MCP_OK },
    { "com.example.app:/cb", MCP_OK },
    { "cursor://any.name/cb", MCP_OK },
    { "app:///cb", MCP_OK },
    { "urn:ietf:wg:oauth:2.0:oob", MCP_OK },
    { "", MCP_BAD_REQUEST },
    { "/path", MCP_BAD_REQUEST },
    { "1a://h", MCP_BAD_REQUEST },                      /* scheme starts with a digit */
    { "://h", MCP_BAD_REQUEST },
    { "https:example.com", MCP_BAD_REQUEST },           /* browsers add the slashes */
    { "https:/example.com", MCP_BAD_REQUEST },
    { "https:///example.com", MCP_BAD_REQUEST },
    { "https://", MCP_BAD_REQUEST },
    { "https://u@", MCP_BAD_REQUEST },
    { "app://u@/cb", MCP_BAD_REQUEST },
    { "app://:1/cb", MCP_BAD_REQUEST },
    { " https://example.com", MCP_BAD_REQUEST },
    { "https://example.com/ ", MCP_BAD_REQUEST },
    { "https://example.com/a\tb", MCP_BAD_REQUEST },
    { "https://example.com/a\nb", MCP_BAD_REQUEST },
    { "https://exam\nple.com/", MCP_BAD_REQUEST },
    { "https://example.com/a\x7f", MCP_BAD_REQUEST },
    { "https://example.com\\@evil.example/", MCP_BAD_REQUEST },
    { "https://example.com/a\\b", MCP_BAD_REQUEST },
    { "https://example.com/?\\", MCP_BAD_REQUEST },
    { "https://example.com/#\\", MCP_BAD_REQUEST },
    { "https://example.com/\xc3\xa4", MCP_BAD_REQUEST },
    { "https://ex\xc3\xa4mple.com/", MCP_BAD_REQUEST },
    { "https://example.com/<", MCP_BAD_REQUEST },
    { "https://example.com/?a[]=1", MCP_BAD_REQUEST },
    { "https://example.com/#a#b", MCP_BAD_REQUEST },
    { "https://example.com/%", MCP_BAD_REQUEST },
    { "https://example.com/%4", MCP_BAD_REQUEST },
    { "https://example.com/%4g", MCP_BAD_REQUEST },
    { "https://example.com/%00", MCP_BAD_REQUEST },
    { "https://example%2ecom/", MCP_BAD_REQUEST },
    { "https://a@b@example.com/", MCP_BAD_REQUEST },    /* whose host? */
    { "https://a[@example.com/", MCP_BAD_REQUEST },
    { "https://a..b/", MCP_BAD_REQUEST },
    { "https://example.com./", MCP_BAD_REQUEST },
    { "https://.example.com/", MCP_BAD_REQUEST },
    { "https://exa!mple.com/", MCP_BAD_REQUEST },
    { "https://0123456789012345678901234567890123456789012345678901234567890.x/", MCP_OK },
    { "https://01234567890123456789012345678901234567890123456789012345678901234.x/", MCP_BAD_REQUEST },
    { "http://h:1/", MCP_OK },
    { "http://h:65535/", MCP_OK },
    { "http://h:0/", MCP_BAD_REQUEST },
    { "http://h:65536/", MCP_BAD_REQUEST },
    { "http://h:080/", MCP_BAD_REQUEST },
    { "http://h:/", MCP_BAD_REQUEST },
    { "http://h:+80/", MCP_BAD_REQUEST },
    { "http://h:80:80/", MCP_BAD_REQUEST },
    { "http://h:4294967376/", MCP_BAD_REQUEST },
    { "http://127.0.0.1/", MCP_OK },
    { "http://127.1/", MCP_BAD_REQUEST },
    { "http://127.0.0.01/", MCP_BAD_REQUEST },
    { "http://127.0.0.256/", MCP_BAD_REQUEST },
    { "http://127.0.0.1./", MCP_BAD_REQUEST },
    { "http://2130706433/", MCP_BAD_REQUEST },
    { "http://0x7f000001/", MCP_BAD_REQUEST },
    { "http://0x7f.1/", MCP_BAD_REQUEST },
    { "http://a.0X7F/", MCP_BAD_REQUEST },
    { "http://017700000001/", MCP_BAD_REQUEST },
    { "http://a.1/", MCP_BAD_REQUEST },
    { "http://1.a/", MCP_OK },
    { "http://[::1]/", MCP_OK },
    { "http://[::1]:80/", MCP_OK },
    { "http://[::FFFF:1.2.3.4]/", MCP_OK },
    { "http://[::1/", MCP_BAD_REQUEST },
    { "http://[::1]a/", MCP_BAD_REQUEST },
    { "http://[::1]:/", MCP_BAD_REQUEST },
    { "http://[1::2::3]/", MCP_BAD_REQUEST },
    { "http://[fe80::1%25eth0]/", MCP_BAD_REQUEST },
    { "http://[127.0.0.1]/", MCP_BAD_REQUEST },
    { "http://[]/", MCP_BAD_REQUEST },
    { "http://[v1.a]/", MCP_BAD_REQUEST },
    { "http://::1/", MCP_BAD_REQUEST },
};

static void urls_are_strict(void **state)
{
    mcp_url url;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        mcp_ctx_clear(ctx);
        if (mcp_url_parse(ctx, rows[i].text, &url) != rows[i].rc) fail_msg("%s", rows[i].text);
    }
}

static void length_is_capped(void **state)
{
    char text[MCP_URL_MAX + 2];
    mcp_url url;

    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "app:", 4);
    text[MCP_URL_MAX] = '\0';
    assert_int_equal(mcp_url_parse(ctx, text, &url), MCP_OK);
    text[MCP_URL_MAX] = 'a';
    text[MCP_URL_MAX + 1] = '\0';
    assert_int_equal(mcp_url_parse(ctx, text, &url), MCP_BAD_REQUEST);
}

static mcp_url parsed(const char *text)
{
    mcp_url url = { 0 };

    if (mcp_url_parse(ctx, text, &url)) fail_msg("%s: %s", text, ctx->detail);
    return url;
}

static void parts_are_told_apart(void **state)
{
    mcp_url url = parsed("HTTPS://u:p@ExAmple.com:8443/A/b?c=D?#E/");

    (void)state;
    assert_string_equal(url.scheme, "https");
    assert_string_equal(url.userinfo, "u:p");
    assert_string_equal(url.host, "example.com");
    assert_int_equal(url.port, 8443);
    assert_string_equal(url.path, "/A/b");
    assert_string_equal(url.query, "c=D?");
    assert_string_equal(url.fragment, "E/");
    assert_false(url.is_ipv4 || url.is_ipv6);
}

static void absent_differs_from_empty(void **state)
{
    mcp_url url = parsed("http://h");

    (void)state;
    assert_null(url.userinfo);
    assert_null(url.query);
    assert_null(url.fragment);
    assert_string_equal(url.path, "");
    assert_int_equal(url.port, 0);
    url = parsed("http://@h?#");
    assert_string_equal(url.userinfo, "");
    assert_string_equal(url.query, "");
    assert_string_equal(url.fragment, "");
    url = parsed("com.example.app:/cb");
    assert_null(url.host);
    assert_string_equal(url.path, "/cb");
    url = parsed("cursor://any.name/cb");
    assert_string_equal(url.host, "any.name");
    url = parsed("http://[::FFFF:1.2.3.4]:81/x");
    assert_string_equal(url.host, "::ffff:1.2.3.4");
    assert_true(url.is_ipv6);
    assert_int_equal(url.port, 81);
}

static const struct {
    const char *text;
    int loopback;
} hosts[] = {
    { "http://127.0.0.1", 1 }, { "http://127.9.9.9:1/x", 1 }, { "http://[::1]", 1 }, { "http://[0:0:0:0:0:0:0:1]", 1 },
    { "http://LOCALHOST/", 1 }, { "http://128.0.0.1", 0 }, { "http://127.example", 0 }, { "http://localhost.example", 0 },
    { "http://a.localhost", 0 }, { "http://[::2]", 0 }, { "http://0.0.0.0", 0 }, { "app:/cb", 0 },
};

static void loopback_is_known(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        mcp_url url = parsed(hosts[i].text);
        if (mcp_url_is_loopback(&url) != hosts[i].loopback) fail_msg("%s", hosts[i].text);
    }
}

static const struct {
    const char *text;
    int dots;
} paths[] = {
    { "http://h", 0 }, { "http://h/a/b", 0 }, { "http://h/a.b/..c/...", 0 }, { "http://h/?/../", 0 }, { "http://h/%2e%2e%2e", 0 },
    { "http://h/.", 1 }, { "http://h/a/../b", 1 }, { "http://h/a/%2E%2e", 1 }, { "http://h/.%2e/", 1 }, { "http://h/%2e", 1 }, { "app:../x", 1 },
};

static void dot_segments_are_found(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof paths / sizeof *paths; i++) {
        mcp_url url = parsed(paths[i].text);
        if (mcp_url_has_dot_segment(&url) != paths[i].dots) fail_msg("%s", paths[i].text);
    }
}

static const struct {
    const char *text, *origin;
} origins[] = {
    { "HTTPS://u@Example.com:443/a", "https://example.com" }, { "http://h:80", "http://h" }, { "http://h:443", "http://h:443" },
    { "https://h:8443/", "https://h:8443" }, { "http://[0:0:0:0:0:0:0:1]:81/", "http://[::1]:81" }, { "app:/cb", "null" }, { "app:///cb", "null" },
};

static void origins_are_spelt_as_browsers_do(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof origins / sizeof *origins; i++) {
        mcp_url url = parsed(origins[i].text);
        assert_string_equal(mcp_url_origin(ctx->pool, &url), origins[i].origin);
    }
}

static void parameters_are_added(void **state)
{
    (void)state;
    assert_string_equal(mcp_url_escape(ctx->pool, "aZ0-._~ &=/%\xc3\xa4\n"), "aZ0-._~%20%26%3D%2F%25%C3%A4%0A");
    assert_string_equal(mcp_url_add_param(ctx->pool, "http://h/cb", "code", "a b"), "http://h/cb?code=a%20b");
    assert_string_equal(mcp_url_add_param(ctx->pool, "http://h/cb?x=1", "code", "a"), "http://h/cb?x=1&code=a");
    assert_string_equal(mcp_url_add_param(ctx->pool, "http://h/cb?", "code", "a"), "http://h/cb?code=a");
    assert_string_equal(mcp_url_add_param(ctx->pool, "http://h/cb?x&", "code", "a"), "http://h/cb?x&code=a");
    assert_string_equal(mcp_url_add_param(ctx->pool, "http://h/#?", "code", "a"), "http://h/?code=a#?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(urls_are_strict, setup, teardown),
        cmocka_unit_test_setup_teardown(length_is_capped, setup, teardown),
        cmocka_unit_test_setup_teardown(parts_are_told_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(absent_differs_from_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(loopback_is_known, setup, teardown),
        cmocka_unit_test_setup_teardown(dot_segments_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(origins_are_spelt_as_browsers_do, setup, teardown),
        cmocka_unit_test_setup_teardown(parameters_are_added, setup, teardown),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
