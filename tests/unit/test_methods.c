/* Which rules a message is judged by: a method that is read too kindly passes without any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/methods.h"

static apr_pool_t *pool;

/* "kind name, kind name": what the message is about; the refusal's name where it is refused. */
static const char *about(const char *text)
{
    static const char *const kinds[] = { "token", "method", "tool", "prompt", "resource" };
    mcp_ctx *ctx = mcp_ctx_create(pool);
    const mcp_envelope_rules rules = { 1 << 20, 64 };
    mcp_value body = mcp_value_of(text, strlen(text)), none = { MCP_VALUE_NONE, NULL, 0 };
    const apr_array_header_t *subjects;
    const char *said = "";
    mcp_message m;
    mcp_rc rc;
    int i;

    assert_int_equal(mcp_envelope_scan(ctx, &rules, text, strlen(text), &m), MCP_OK);
    if ((rc = mcp_methods_subjects(ctx, &m, mcp_methods_need_body(&m) ? &body : &none, &subjects))) return mcp_error_of(rc)->name;
    for (i = 0; i < subjects->nelts; i++) {
        const mcp_subject *s = &APR_ARRAY_IDX(subjects, i, mcp_subject);
        said = apr_pstrcat(pool, said, *said ? ", " : "", kinds[s->kind], s->name ? " " : "", s->name ? s->name : "", NULL);
    }
    return said;
}

#define CALL(method, params) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":" params "}"
#define TELL(method, params) "{\"jsonrpc\":\"2.0\",\"method\":\"" method "\",\"params\":" params "}"

static void every_method_is_about_what_it_names(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        { CALL("tools/call", "{\"name\":\"t\"}"), "tool t" },
        { TELL("tools/call", "{\"name\":\"t\"}"), "tool t" },     /* without an id it would run all the same */
        { CALL("tools/call", "{\"uri\":\"t\"}"), "MCP_BAD_PARAMS" },
        { CALL("tools/call", "{\"name\":\"\"}"), "MCP_BAD_PARAMS" },
        { CALL("prompts/get", "{\"name\":\"p\",\"uri\":\"u\"}"), "prompt p" },
        { CALL("prompts/get", "{}"), "MCP_BAD_PARAMS" },
        { CALL("resources/read", "{\"uri\":\"file:///a\",\"name\":\"x\"}"), "resource file:///a" },
        { CALL("resources/read", "{\"name\":\"x\"}"), "MCP_BAD_PARAMS" },
        { CALL("resources/subscribe", "{\"uri\":\"u:1\"}"), "resource u:1" },
        { CALL("resources/unsubscribe", "{\"uri\":\"u:1\"}"), "resource u:1" },
        { CALL("resources/subscribe", "{\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}}"), "method" },
        { CALL("resources/subscribe", "{\"uri\":\"u:1\",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}}"), "resource u:1" },
        { CALL("resources/subscribe", "{}"), "MCP_BAD_PARAMS" },
        { CALL("resources/read", "{\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}}"), "MCP_BAD_PARAMS" },
        { CALL("completion/complete", "{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"p\"},\"argument\":{}}"), "prompt p" },
        { CALL("completion/complete", "{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"\\u0070\"},\"name\":\"other\"}"), "prompt p" },
        { CALL("completion/complete", "{\"ref\":{\"type\":\"ref/resource\",\"uri\":\"u://{x}\"}}"), "resource u://{x}" },
        { CALL("completion/complete", "{\"ref\":{\"type\":\"ref/prompt\",\"uri\":\"u\"}}"), "MCP_BAD_PARAMS" },
        { CALL("completion/complete", "{\"ref\":{\"type\":\"ref/prompt\",\"name\":1}}"), "MCP_BAD_PARAMS" },
        { CALL("completion/complete", "{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"p\\u0000q\"}}"), "MCP_BAD_PARAMS" },
        { CALL("completion/complete", "{\"ref\":{\"type\":\"ref/tool\",\"name\":\"p\"}}"), "MCP_BAD_PARAMS" },
        { CALL("completion/complete", "{}"), "MCP_BAD_PARAMS" },
        { CALL("subscriptions/listen", "{\"notifications\":{\"__proto__\":{\"resourceSubscriptions\":[\"a:1\"]}}}"), "MCP_AMBIGUOUS" },
        { CALL("completion/complete", "{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"p\",\"Name\":\"q\"}}"), "MCP_AMBIGUOUS" },
        { CALL("completion/complete", "{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"p\",\"Type\":1}}"), "MCP_AMBIGUOUS" },
        { CALL("subscriptions/listen", "{\"notifications\":{\"resource\u017fubscriptions\":[\"a:1\"]}}"), "MCP_AMBIGUOUS" },
        { CALL("subscriptions/listen", "{\"Notifications\":{\"resourceSubscriptions\":[\"a:1\"]}}"), "MCP_AMBIGUOUS" },
        { CALL("subscriptions/listen", "{\"notifications\":{\"toolsListChanged\":true}}"), "token" },
        { CALL("subscriptions/listen", "{\"notifications\":{\"resourceSubscriptions\":[\"a:1\",\"b:2\"]}}"), "token, resource a:1, resource b:2" },
        { CALL("subscriptions/listen", "{\"notifications\":{\"resourceSubscriptions\":\"a:1\"}}"), "MCP_BAD_PARAMS" },
        { CALL("subscriptions/listen", "{\"notifications\":{\"resourceSubscriptions\":[1]}}"), "MCP_BAD_PARAMS" },
        { CALL("subscriptions/listen", "{\"notifications\":{\"resourceSubscriptions\":[\"\"]}}"), "MCP_BAD_PARAMS" },
        { TELL("subscriptions/listen", "{}"), "method" },
        { CALL("initialize", "{}"), "token" },
        { TELL("initialize", "{}"), "method" },
        { CALL("ping", "{}"), "token" },
        { CALL("server/discover", "{}"), "token" },
        { CALL("tools/list", "{}"), "token" },
        { CALL("prompts/list", "{}"), "token" },
        { CALL("resources/list", "{}"), "token" },
        { CALL("resources/templates/list", "{}"), "token" },
        { TELL("notifications/initialized", "{}"), "token" },
        { CALL("notifications/initialized", "{}"), "method" },
        { TELL("notifications", "{}"), "method" },
        { CALL("logging/setLevel", "{}"), "method" },
        { CALL("tasks/get", "{\"name\":\"t\"}"), "method" },
        { CALL("Tools/Call", "{\"name\":\"t\"}"), "method" },
        { CALL("tools/call ", "{\"name\":\"t\"}"), "method" },
        { CALL("tools/list/", "{}"), "method" },
        { "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", "token" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(about(rows[i].text), rows[i].want)) fail_msg("%s: %s", rows[i].text, about(rows[i].text));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_method_is_about_what_it_names) };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
