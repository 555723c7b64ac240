#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
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

/* "Name: value|Name: value" */
static apr_table_t *headers_of(const char *text)
{
    apr_table_t *table = apr_table_make(ctx->pool, 8);
    char *line, *colon, *last = NULL;

    for (line = apr_strtok(apr_pstrdup(ctx->pool, text), "|", &last); line; line = apr_strtok(NULL, "|", &last)) {
        colon = strstr(line, ": ");
        assert_non_null(colon);
        *colon = '\0';
        apr_table_add(table, line, colon + 2);
    }
    return table;
}

#define JSON "Content-Type: application/json"

static void headers_before_the_body(void **state)
{
    static const struct {
        const char *method, *headers;
        int body;
        mcp_rc rc;
    } rows[] = {
        { "POST", JSON, 1, MCP_OK },
        { "POST", "content-type: Application/JSON", 1, MCP_OK },
        { "POST", JSON "; charset=utf-8", 1, MCP_OK },
        { "POST", JSON ";charset=UTF-8", 1, MCP_OK },
        { "POST", JSON ";charset=\"utf-8\"", 1, MCP_OK },
        { "POST", JSON "; charset=utf-16", 1, MCP_BAD_MEDIA_TYPE },
        { "POST", JSON "; charset=utf-7", 1, MCP_BAD_MEDIA_TYPE },
        { "POST", JSON "; charset=utf-8; charset=utf-16", 1, MCP_BAD_MEDIA_TYPE },
        { "POST", JSON "; version=1", 1, MCP_BAD_MEDIA_TYPE },
        { "POST", JSON "p", 1, MCP_BAD_MEDIA_TYPE },
        { "POST", JSON ", text/plain", 1, MCP_BAD_MEDIA_TYPE },     /* how httpd joins two lines */
        { "POST", "Content-Type: text/plain", 1, MCP_BAD_MEDIA_TYPE },
        { "POST", "Accept: */*", 1, MCP_BAD_MEDIA_TYPE },
        { "POST", JSON "|Content-Encoding: gzip", 1, MCP_BAD_MEDIA_TYPE },
        { "GET", "Accept: text/event-stream", 0, MCP_OK },
        { "DELETE", "Mcp-Session-Id: s", 0, MCP_OK },
        { "GET", JSON, 1, MCP_BAD_REQUEST },
        { "DELETE", JSON, 1, MCP_BAD_REQUEST },
        { "post", JSON, 1, MCP_BAD_METHOD },
        { "PUT", JSON, 1, MCP_BAD_METHOD },
        { "QUERY", JSON, 1, MCP_BAD_METHOD },
        { "OPTIONS", "Accept: */*", 0, MCP_BAD_METHOD },
        { "", JSON, 1, MCP_BAD_METHOD },
        { "POST", JSON "|X-HTTP-Method-Override: GET", 1, MCP_BAD_REQUEST },
        { "GET", "X-Method-Override: POST", 0, MCP_BAD_REQUEST },

        /* repeats */
        { "POST", JSON "|" JSON, 1, MCP_HEADER_MISMATCH },
        { "POST", JSON "|Mcp-Name: a|mcp-name: a", 1, MCP_HEADER_MISMATCH },
        { "POST", JSON "|Mcp-Method: a|Mcp-Method: b", 1, MCP_HEADER_MISMATCH },
        { "POST", JSON "|MCP-Protocol-Version: a|MCP-Protocol-Version: a", 1, MCP_HEADER_MISMATCH },
        { "POST", JSON "|Mcp-Session-Id: a|Mcp-Session-Id: b", 1, MCP_HEADER_MISMATCH },
        { "POST", JSON "|Authorization: a|Authorization: b", 1, MCP_HEADER_MISMATCH },
        { "POST", JSON "|Origin: a|Origin: b", 1, MCP_HEADER_MISMATCH },
        { "POST", JSON "|Accept: a|Accept: b", 1, MCP_OK },

        /* twins */
        { "POST", JSON "|Mcp_Name: a", 1, MCP_HEADER_MISMATCH },
        { "POST", JSON "|MCP_Protocol-Version: a", 1, MCP_HEADER_MISMATCH },
        { "POST", JSON "|Content_Type: text/plain", 1, MCP_HEADER_MISMATCH },
        { "POST", JSON "|Mcp_Param-Region: a", 1, MCP_HEADER_MISMATCH },
        { "POST", JSON "|Mcp-Param-user_id: a", 1, MCP_OK },        /* a tool may call its parameter so */
        { "POST", JSON "|X_Other: a", 1, MCP_OK },

        /* what mod_proxy would take away */
        { "POST", JSON "|Connection: keep-alive", 1, MCP_OK },
        { "POST", JSON "|Connection: keep-alive, Mcp-Name", 1, MCP_HEADER_MISMATCH },
        { "POST", JSON "|Connection: content-type", 1, MCP_HEADER_MISMATCH },
        { "POST", JSON "|Connection: ,\tMCP-Protocol-Version", 1, MCP_HEADER_MISMATCH },
        { "POST", JSON "|Connection: Mcp-Param-Region", 1, MCP_HEADER_MISMATCH },
        { "POST", JSON "|Connection: close|Connection: Mcp-Method", 1, MCP_HEADER_MISMATCH },
        { "POST", JSON "|Connection: close;x", 1, MCP_OK },
        { "POST", JSON "|Connection: close;Mcp-Name", 1, MCP_HEADER_MISMATCH },
        { "POST", JSON "|Connection: x;;MCP-Protocol-Version;y", 1, MCP_HEADER_MISMATCH },
        { "POST", JSON "|Transfer_Encoding: chunked", 1, MCP_HEADER_MISMATCH },
        { "POST", JSON "|Mcp.Name: x", 1, MCP_HEADER_MISMATCH },
        { "POST", JSON "|X.Name: x", 1, MCP_OK },
        { "GET", "Connection: Authorization", 0, MCP_HEADER_MISMATCH },
    };
    size_t i;
    mcp_rc rc;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        mcp_ctx_clear(ctx);
        rc = mcp_gate_headers(ctx, rows[i].method, headers_of(rows[i].headers), rows[i].body);
        if (rc != rows[i].rc) fail_msg("%s %s: %s", rows[i].method, rows[i].headers, mcp_error_of(rc)->name);
        if (rc) assert_true(*ctx->detail != '\0');
    }
}

static void origins(void **state)
{
    static const char *const ours[] = { "https://app.example", NULL };

    (void)state;
    assert_true(mcp_gate_origin(headers_of("Accept: a"), NULL));
    assert_true(mcp_gate_origin(headers_of("Origin: https://app.example"), ours));
    assert_false(mcp_gate_origin(headers_of("Origin: https://app.example"), NULL));
    assert_false(mcp_gate_origin(headers_of("Origin: https://app.example.evil.example"), ours));
    assert_false(mcp_gate_origin(headers_of("Origin: HTTPS://app.example"), ours));
    assert_false(mcp_gate_origin(headers_of("Origin: null"), ours));
    assert_false(mcp_gate_origin(headers_of("Origin: https://app.example, https://evil.example"), ours));
}

#define V28 "MCP-Protocol-Version: 2026-07-28"
#define V25 "MCP-Protocol-Version: 2025-11-25"

static void headers_agree_with_the_body(void **state)
{
    static const struct {
        const char *headers;
        mcp_message_kind kind;
        const char *method, *name, *uri, *version;
        mcp_rc rc;
    } rows[] = {
        /* 2026-07-28 requires them */
        { V28 "|Mcp-Method: tools/call|Mcp-Name: t", MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, "2026-07-28", MCP_OK },
        { V28 "|Mcp-Method: tools/call", MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, "2026-07-28", MCP_HEADER_MISMATCH },
        { V28 "|Mcp-Name: t", MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, "2026-07-28", MCP_HEADER_MISMATCH },
        { "Mcp-Method: tools/call|Mcp-Name: t", MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, "2026-07-28", MCP_HEADER_MISMATCH },
        { V28 "|Mcp-Method: tools/call|Mcp-Name: t", MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, NULL, MCP_BAD_PARAMS },
        { V28 "|Mcp-Method: tools/call|Mcp-Name: t", MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, "2025-11-25", MCP_HEADER_MISMATCH },
        { V28 "|Mcp-Method: tools/list", MCP_MESSAGE_REQUEST, "tools/list", NULL, NULL, "2026-07-28", MCP_OK },
        { V28 "|Mcp-Method: resources/read|Mcp-Name: f:/a", MCP_MESSAGE_REQUEST, "resources/read", NULL, "f:/a", "2026-07-28", MCP_OK },
        { V28 "|Mcp-Method: resources/read|Mcp-Name: n", MCP_MESSAGE_REQUEST, "resources/read", "n", "f:/a", "2026-07-28", MCP_HEADER_MISMATCH },
        { V28 "|Mcp-Method: prompts/get", MCP_MESSAGE_REQUEST, "prompts/get", "p", NULL, "2026-07-28", MCP_HEADER_MISMATCH },
        { V28 "|Mcp-Method: notifications/x", MCP_MESSAGE_NOTIFICATION, "notifications/x", NULL, NULL, NULL, MCP_OK },
        { V28, MCP_MESSAGE_RESPONSE, NULL, NULL, NULL, NULL, MCP_BAD_ENVELOPE },

        /* earlier revisions: optional, but true */
        { V25, MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, NULL, MCP_OK },
        { "Accept: a", MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, NULL, MCP_OK },
        { V25 "|mcp-method: tools/call|mcp-name: t", MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, NULL, MCP_OK },
        { V25 "|Mcp-Name: u", MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, NULL, MCP_HEADER_MISMATCH },
        { V25 "|Mcp-Method: tools/list", MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, NULL, MCP_HEADER_MISMATCH },
        { V25 "|Mcp-Method: Tools/Call", MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, NULL, MCP_HEADER_MISMATCH },
        { V25 "|Mcp-Name: t", MCP_MESSAGE_REQUEST, "tools/list", NULL, NULL, NULL, MCP_HEADER_MISMATCH },
        { V25 "|Mcp-Name: f:/a", MCP_MESSAGE_REQUEST, "resources/subscribe", NULL, "f:/a", NULL, MCP_OK },
        { V25, MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, "2025-06-18", MCP_HEADER_MISMATCH },
        { V25, MCP_MESSAGE_RESPONSE, NULL, NULL, NULL, NULL, MCP_OK },
        { V25 "|Mcp-Method: x", MCP_MESSAGE_RESPONSE, NULL, NULL, NULL, NULL, MCP_HEADER_MISMATCH },
        { V25 "|Mcp-Name: a, b", MCP_MESSAGE_REQUEST, "tools/call", "a", NULL, NULL, MCP_HEADER_MISMATCH },
        { V25 "|Mcp-Param-Region: x", MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, NULL, MCP_OK },

        /* the base64 form, for names only */
        { V25 "|Mcp-Name: =?base64?ZMOpbA==?=", MCP_MESSAGE_REQUEST, "tools/call", "d\xc3\xa9l", NULL, NULL, MCP_OK },
        { V25 "|Mcp-Name: =?base64?ZMOpbA?=", MCP_MESSAGE_REQUEST, "tools/call", "d\xc3\xa9l", NULL, NULL, MCP_HEADER_MISMATCH },
        { V25 "|Mcp-Name: =?base64?ZMOpbB==?=", MCP_MESSAGE_REQUEST, "tools/call", "d\xc3\xa9l", NULL, NULL, MCP_HEADER_MISMATCH },
        { V25 "|Mcp-Name: =?BASE64?ZMOpbA==?=", MCP_MESSAGE_REQUEST, "tools/call", "d\xc3\xa9l", NULL, NULL, MCP_HEADER_MISMATCH },
        { V25 "|Mcp-Name: =?base64?dAA=?=", MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, NULL, MCP_HEADER_MISMATCH },
        { V25 "|Mcp-Name: =?base64?x?=", MCP_MESSAGE_REQUEST, "tools/call", "=?base64?x?=", NULL, NULL, MCP_HEADER_MISMATCH },
        { V25 "|Mcp-Name: d\xc3\xa9l", MCP_MESSAGE_REQUEST, "tools/call", "d\xc3\xa9l", NULL, NULL, MCP_HEADER_MISMATCH },
        { V25 "|Mcp-Method: =?base64?dG9vbHMvY2FsbA==?=", MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, NULL, MCP_HEADER_MISMATCH },

        /* revisions */
        { "MCP-Protocol-Version: 2024-11-05", MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, NULL, MCP_OK },
        { "MCP-Protocol-Version: 2025-03-26", MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, NULL, MCP_OK },
        { "MCP-Protocol-Version: 2099-01-01", MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, NULL, MCP_BAD_VERSION },
        { "MCP-Protocol-Version: 2025-06-18, 2026-07-28", MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, NULL, MCP_BAD_VERSION },
        { "Accept: a", MCP_MESSAGE_REQUEST, "tools/call", "t", NULL, "2099-01-01", MCP_BAD_VERSION },

        { V25, MCP_MESSAGE_REQUEST, "tools/calls", "t", NULL, NULL, MCP_OK },
        { V25, MCP_MESSAGE_REQUEST, "Tools/call", "t", NULL, NULL, MCP_AMBIGUOUS },
    };
    mcp_message m = { 0 };
    size_t i;
    mcp_rc rc;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        m.kind = rows[i].kind;
        m.method = rows[i].method;
        m.name = rows[i].name;
        m.uri = rows[i].uri;
        m.version = rows[i].version;
        mcp_ctx_clear(ctx);
        rc = mcp_gate_agree(ctx, headers_of(rows[i].headers), &m);
        if (rc != rows[i].rc) fail_msg("row %zu, %s: %s", i, rows[i].headers, mcp_error_of(rc)->name);
        assert_int_equal(ctx->rc, rc);
    }
}

/* Of header and body, the one that is not served is named; the text is JSON whatever was sent. */
static void version_errors(void **state)
{
    static const struct { const char *headers, *version, *requested; } rows[] = {
        { "MCP-Protocol-Version: 2099-01-01", NULL, "2099-01-01" },
        { "MCP-Protocol-Version: 2025-11-25", "1900-01-01", "1900-01-01" },
        { "MCP-Protocol-Version: a\"\xff", "2025-11-25", "a\"\xef\xbf\xbd" },
        { "Accept: a", "2099-01-01", "2099-01-01" },
    };
    const mcp_json_caps caps = { 65536, 8 };
    mcp_message m = { 0 };
    const char *text;
    size_t i;
    json_t *doc;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        m.version = rows[i].version;
        text = mcp_gate_version_data(ctx->pool, headers_of(rows[i].headers), &m);
        assert_int_equal(mcp_json_object(ctx, text, strlen(text), &caps, &doc), MCP_OK);
        assert_string_equal(mcp_json_string(doc, "requested"), rows[i].requested);
        assert_string_equal(json_string_value(json_array_get(json_object_get(doc, "supported"), 0)), "2026-07-28");
        assert_int_equal(json_array_size(json_object_get(doc, "supported")), 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(headers_before_the_body, setup, teardown),
        cmocka_unit_test_setup_teardown(origins, setup, teardown),
        cmocka_unit_test_setup_teardown(headers_agree_with_the_body, setup, teardown),
        cmocka_unit_test_setup_teardown(version_errors, setup, teardown),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
