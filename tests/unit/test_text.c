#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/text.h"

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

typedef mcp_rc decode_fn(mcp_ctx *, const char *, size_t, unsigned char **, size_t *);

static const struct {
    decode_fn *decode;
    const char *text;
    mcp_rc rc;
    const char *bytes;
} decodings[] = {
    { mcp_text_base64url_decode, "", MCP_OK, "" },
    { mcp_text_base64url_decode, "Zg", MCP_OK, "f" },
    { mcp_text_base64url_decode, "Zm8", MCP_OK, "fo" },
    { mcp_text_base64url_decode, "Zm9v", MCP_OK, "foo" },
    { mcp_text_base64url_decode, "-_8", MCP_OK, "\xfb\xff" },
    { mcp_text_base64url_decode, "Z", MCP_BAD_REQUEST, NULL },      /* length */
    { mcp_text_base64url_decode, "Zh", MCP_BAD_REQUEST, NULL },     /* stray bits */
    { mcp_text_base64url_decode, "Zm9", MCP_BAD_REQUEST, NULL },    /* stray bits */
    { mcp_text_base64url_decode, "Zg==", MCP_BAD_REQUEST, NULL },   /* padding */
    { mcp_text_base64url_decode, "+/8", MCP_BAD_REQUEST, NULL },    /* the other alphabet */
    { mcp_text_base64url_decode, "Zm 8", MCP_BAD_REQUEST, NULL },   /* blank */
    { mcp_text_base64url_decode, "Zm9\n", MCP_BAD_REQUEST, NULL },
    { mcp_text_base64_decode, "", MCP_OK, "" },
    { mcp_text_base64_decode, "Zg==", MCP_OK, "f" },
    { mcp_text_base64_decode, "Zm8=", MCP_OK, "fo" },
    { mcp_text_base64_decode, "Zm9v", MCP_OK, "foo" },
    { mcp_text_base64_decode, "+/8=", MCP_OK, "\xfb\xff" },
    { mcp_text_base64_decode, "Zg", MCP_BAD_REQUEST, NULL },        /* no padding */
    { mcp_text_base64_decode, "-_8=", MCP_BAD_REQUEST, NULL },      /* the other alphabet */
    { mcp_text_base64_decode, "Zh==", MCP_BAD_REQUEST, NULL },      /* stray bits */
    { mcp_text_base64_decode, "Z===", MCP_BAD_REQUEST, NULL },
    { mcp_text_base64_decode, "====", MCP_BAD_REQUEST, NULL },
    { mcp_text_base64_decode, "Zg==Zg==", MCP_BAD_REQUEST, NULL },  /* padding inside */
};

static void base64_is_strict(void **state)
{
    unsigned char *out;
    size_t i, len;

    (void)state;
    for (i = 0; i < sizeof decodings / sizeof *decodings; i++) {
        if (decodings[i].decode(ctx, decodings[i].text, strlen(decodings[i].text), &out, &len) != decodings[i].rc)
            fail_msg("row %d: %s", (int)i, decodings[i].text);
        if (decodings[i].rc) continue;
        assert_int_equal(len, strlen(decodings[i].bytes));
        assert_memory_equal(out, decodings[i].bytes, len + 1);
    }
    assert_int_equal(mcp_text_base64url_decode(ctx, "Zm\0v", 4, &out, &len), MCP_BAD_REQUEST);
}

static void base64url_comes_back(void **state)
{
    unsigned char bytes[80], *out;
    size_t len, out_len, i;

    (void)state;
    for (i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 37 + 201);
    for (len = 0; len <= sizeof bytes; len++) {
        const char *text = mcp_text_base64url(ctx->pool, bytes, len);
        assert_int_equal(mcp_text_base64url_decode(ctx, text, strlen(text), &out, &out_len), MCP_OK);
        assert_int_equal(out_len, len);
        assert_memory_equal(out, bytes, len);
    }
}

static void digests_match_the_standard(void **state)
{
    static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    unsigned char digest[MCP_SHA256_LEN];

    (void)state;
    assert_string_equal(mcp_text_sha256_hex(ctx->pool, "abc", 3), abc);
    assert_string_equal(mcp_text_fingerprint(ctx->pool, "abc"), "ba7816bf8f01");
    assert_int_equal(mcp_text_sha256(ctx, "abc", 3, digest), MCP_OK);
    assert_int_equal(digest[0], 0xba);
    assert_int_equal(digest[31], 0xad);
}

static void random_text_differs(void **state)
{
    const char *a, *b;

    (void)state;
    assert_int_equal(mcp_text_random(ctx, 32, &a), MCP_OK);
    assert_int_equal(mcp_text_random(ctx, 32, &b), MCP_OK);
    assert_int_equal(strlen(a), 43);
    assert_string_not_equal(a, b);
    assert_int_equal(mcp_text_random(ctx, 0, &a), MCP_INTERNAL);
    assert_int_equal(mcp_text_random(ctx, 1025, &a), MCP_INTERNAL);
}

static void secrets_compare_whole(void **state)
{
    (void)state;
    assert_true(mcp_text_equal_secret("abc", 3, "abc", 3));
    assert_true(mcp_text_equal_secret("", 0, "", 0));
    assert_false(mcp_text_equal_secret("abc", 3, "abd", 3));
    assert_false(mcp_text_equal_secret("abc", 3, "abcd", 4));
    assert_false(mcp_text_equal_secret("", 0, "a", 1));
}

static const struct {
    const char *text;
    int good;
} utf8_rows[] = {
    { "", 1 }, { "a", 1 }, { "\x7f", 1 }, { "\xc2\x80", 1 }, { "\xdf\xbf", 1 }, { "\xe0\xa0\x80", 1 },
    { "\xed\x9f\xbf", 1 }, { "\xee\x80\x80", 1 }, { "\xef\xbf\xbf", 1 }, { "\xf0\x90\x80\x80", 1 }, { "\xf4\x8f\xbf\xbf", 1 },
    { "\x80", 0 }, { "\xc0\x80", 0 }, { "\xc1\xbf", 0 }, { "\xc2", 0 }, { "\xc2" "a", 0 }, { "\xe0\x9f\xbf", 0 },
    { "\xed\xa0\x80", 0 }, { "\xe1\x80", 0 }, { "\xe1\x80" "a", 0 }, { "\xf0\x8f\xbf\xbf", 0 }, { "\xf4\x90\x80\x80", 0 },
    { "\xf5\x80\x80\x80", 0 }, { "\xff", 0 }, { "ok\xc3\xa4\xff", 0 },
};

static void utf8_is_strict(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof utf8_rows / sizeof *utf8_rows; i++)
        if (mcp_text_is_utf8(utf8_rows[i].text, strlen(utf8_rows[i].text)) != utf8_rows[i].good) fail_msg("row %d", (int)i);
}

static void words_are_compared_whole(void **state)
{
    (void)state;
    assert_true(mcp_text_has_word("a bc d", "a"));
    assert_true(mcp_text_has_word("a bc d", "bc"));
    assert_true(mcp_text_has_word("  a   d ", "d"));
    assert_false(mcp_text_has_word("a bc d", "b"));
    assert_false(mcp_text_has_word("a bc d", "bcd"));
    assert_false(mcp_text_has_word("a bc d", "A"));
    assert_false(mcp_text_has_word("a bc", "a bc"));
    assert_false(mcp_text_has_word("a  b", ""));
    assert_false(mcp_text_has_word(NULL, "a"));
}

static void text_is_escaped(void **state)
{
    (void)state;
    assert_string_equal(mcp_text_html(ctx->pool, "<a b=\"c\" d='e'>&\xc3\xa4"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;\xc3\xa4");
    assert_string_equal(mcp_text_json_string(ctx->pool, "", 0), "\"\"");
    assert_string_equal(mcp_text_json_string(ctx->pool, "a\"\\\n\0\xc3\xa4", 7), "\"a\\\"\\\\\\u000a\\u0000\xc3\xa4\"");
    assert_string_equal(mcp_text_json_string(ctx->pool, "\xff\xc3", 2), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(base64_is_strict, setup, teardown),
        cmocka_unit_test_setup_teardown(base64url_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(digests_match_the_standard, setup, teardown),
        cmocka_unit_test_setup_teardown(random_text_differs, setup, teardown),
        cmocka_unit_test_setup_teardown(secrets_compare_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(utf8_is_strict, setup, teardown),
        cmocka_unit_test_setup_teardown(words_are_compared_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(text_is_escaped, setup, teardown),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
