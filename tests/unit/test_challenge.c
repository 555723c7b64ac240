/* Challenges, JSON-RPC errors, and the resource document with its address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include "mcp/gate.h"
#include "mcp/json.h"

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

static void challenges(void **state)
{
    static const struct {
        mcp_rc rc;
        const char *metadata, *scope, *value;
    } rows[] = {
        { MCP_NO_TOKEN, "https://h/m", "a b", "Bearer resource_metadata=\"https://h/m\", scope=\"a b\"" },
        { MCP_NO_TOKEN, NULL, NULL, "Bearer" },
        { MCP_BAD_TOKEN, "https://h/m", NULL, "Bearer error=\"invalid_token\", resource_metadata=\"https://h/m\"" },
        { MCP_EXPIRED_TOKEN, NULL, "", "Bearer error=\"invalid_token\"" },
        { MCP_MISSING_SCOPE, "https://h/m", "a b", "Bearer error=\"insufficient_scope\", resource_metadata=\"https://h/m\", scope=\"a b\"" },
        { MCP_NO_TOKEN, NULL, "a\"b", "Bearer" },               /* cannot leave its quotes */
        { MCP_NO_TOKEN, NULL, "a\\", "Bearer" },
        { MCP_NO_TOKEN, NULL, "a\r\nX: y", "Bearer" },
        { MCP_FORBIDDEN, "https://h/m", "a", NULL },            /* no token would help */
        { MCP_BAD_JSON, "https://h/m", "a", NULL },
        { MCP_INTERNAL, NULL, NULL, NULL },
    };
    const char *value;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        value = mcp_challenge(ctx->pool, rows[i].rc, rows[i].metadata, rows[i].scope);
        if (rows[i].value) assert_string_equal(value, rows[i].value);
        else assert_null(value);
    }
}

/* Whatever the detail holds, the body is JSON and the id is the caller's. */
static void rpc_errors(void **state)
{
    static const struct { const char *id, *detail; } rows[] = {
        { NULL, NULL }, { "1", NULL }, { "9007199254740993", "d" }, { "\"a\\u0062\"", "quote \" slash \\ \n" }, { "1.50", "\xc3\xa9\xff" },
    };
    const mcp_json_caps caps = { 65536, 8 };
    const char *text, *want;
    size_t i, len;
    json_t *doc, *error;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        len = rows[i].id ? strlen(rows[i].id) : 0;
        text = mcp_rpc_error(ctx->pool, MCP_HEADER_MISMATCH, rows[i].id, len, rows[i].detail, i & 1 ? "{\"a\":[]}" : NULL);
        assert_int_equal(mcp_json_object(ctx, text, strlen(text), &caps, &doc), MCP_OK);
        assert_string_equal(mcp_json_string(doc, "jsonrpc"), "2.0");
        error = json_object_get(doc, "error");
        assert_int_equal(json_integer_value(json_object_get(error, "code")), -32020);
        assert_non_null(mcp_json_string(error, "message"));
        assert_int_equal(json_is_object(json_object_get(error, "data")), i & 1);
        want = rows[i].id ? rows[i].id : "null";
        assert_non_null(strstr(text, "\"id\":"));
        assert_memory_equal(strstr(text, "\"id\":") + 5, want, strlen(want));
    }
}

static void metadata_addresses(void **state)
{
    static const struct { const char *resource, *url; } rows[] = {
        { "https://h.example/mcp", "https://h.example/.well-known/oauth-protected-resource/mcp" },
        { "https://h.example", "https://h.example/.well-known/oauth-protected-resource" },
        { "https://h.example/", "https://h.example/.well-known/oauth-protected-resource" },
        { "https://h.example/a/", "https://h.example/.well-known/oauth-protected-resource/a/" },
        { "http://127.0.0.1:8080/mcp?t=1", "http://127.0.0.1:8080/.well-known/oauth-protected-resource/mcp?t=1" },
        { "mcp", NULL },
        { "urn:mcp", NULL },
    };
    const char *url;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        url = mcp_resource_metadata_url(ctx, rows[i].resource);
        if (rows[i].url) assert_string_equal(url, rows[i].url);
        else assert_null(url);
    }
}

static void resource_document(void **state)
{
    static const char *const servers[] = { "https://as.example", NULL }, *const scopes[] = { "a", "b", NULL };
    const mcp_json_caps caps = { 65536, 8 };
    const char *text = mcp_resource_document(ctx, "https://h.example/mcp", servers, scopes);
    json_t *doc;

    (void)state;
    assert_int_equal(mcp_json_object(ctx, text, strlen(text), &caps, &doc), MCP_OK);
    assert_string_equal(mcp_json_string(doc, "resource"), "https://h.example/mcp");
    assert_string_equal(json_string_value(json_array_get(json_object_get(doc, "authorization_servers"), 0)), "https://as.example");
    assert_int_equal(json_array_size(json_object_get(doc, "scopes_supported")), 2);
    assert_string_equal(json_string_value(json_array_get(json_object_get(doc, "bearer_methods_supported"), 0)), "header");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(challenges, setup, teardown),
        cmocka_unit_test_setup_teardown(rpc_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(metadata_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(resource_document, setup, teardown),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
