/* The caller may use nothing whose name begins with x. Each row lies in memory of exactly its size, so that a read beyond its end is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/lists.h"

static apr_pool_t *pool;
static const mcp_envelope_rules rules = { 1 << 20, 64 };

static int setup(void **state)
{
    (void)state;
    return apr_pool_create(&pool, NULL) ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static int keep(void *baton, mcp_list_kind kind, const char *name, const mcp_value *element)
{
    (void)baton;
    assert_true(kind <= MCP_LIST_TEMPLATES);
    assert_int_equal(element->at[0], '{');
    assert_int_equal(element->at[element->len - 1], '}');
    return *name != 'x';
}

static mcp_rc filter(const char *text, size_t len, const mcp_envelope_rules *caps, const char **out, size_t *out_len)
{
    char *exact = malloc(len ? len : 1);
    mcp_rc rc;

    assert_non_null(exact);
    memcpy(exact, text, len);
    rc = mcp_lists_filter(mcp_ctx_create(pool), pool, caps, exact, len, keep, NULL, out, out_len);
    free(exact);
    return rc;
}

#define ANSWER(result) "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" result "}"
#define TOOLS(elements) ANSWER("{\"tools\":[" elements "]}")
#define T(name) "{\"name\":\"" name "\"}"
#define FULL(name) "{\"description\":\"tools\",\"inputSchema\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"tools\":[" T("x") "]}}," \
                   "\"name\":\"" name "\"}"
#define ERROR(id) "{\"jsonrpc\":\"2.0\"," id "\"error\":{\"code\":-32700,\"message\":\"x\"}}"
#define NESTED8(x) "[[[[[[[[" x "]]]]]]]]"
#define DEEP56(x) NESTED8(NESTED8(NESTED8(NESTED8(NESTED8(NESTED8(NESTED8(x)))))))
#define KEEPS(what, text) { what, text, sizeof(text) - 1, NULL, MCP_OK }
#define GIVES(what, text, out) { what, text, sizeof(text) - 1, out, MCP_OK }
#define FAILS(what, text, rc) { what, text, sizeof(text) - 1, NULL, rc }

static const struct {
    const char *what, *text;
    size_t len;
    const char *out;
    mcp_rc rc;
} rows[] = {
    /* where the cut falls */
    KEEPS("nothing to cut", TOOLS(T("a") "," T("b"))),
    KEEPS("no tools", TOOLS("")),
    KEEPS("no tools, blanks", TOOLS(" \r\n\t")),
    GIVES("first", TOOLS(T("x") "," T("a") "," T("b")), TOOLS(T("a") "," T("b"))),
    GIVES("middle", TOOLS(T("a") "," T("x") "," T("b")), TOOLS(T("a") "," T("b"))),
    GIVES("last", TOOLS(T("a") "," T("b") "," T("x")), TOOLS(T("a") "," T("b"))),
    GIVES("first two", TOOLS(T("x") "," T("x2") "," T("a")), TOOLS(T("a"))),
    GIVES("last two", TOOLS(T("a") "," T("x") "," T("x2")), TOOLS(T("a"))),
    GIVES("every other", TOOLS(T("x") "," T("a") "," T("x") "," T("b") "," T("x")), TOOLS(T("a") "," T("b"))),
    GIVES("all", TOOLS(T("x") "," T("x") "," T("x")), TOOLS("")),
    GIVES("the only one", TOOLS(T("x")), TOOLS("")),
    GIVES("the only one, in blanks", TOOLS(" \n" T("x") "\t\r"), TOOLS("")),
    GIVES("first, in blanks", TOOLS("\t" T("x") " \r\n,\t" T("a") " "), TOOLS("\t" T("a") " ")),
    GIVES("middle, in blanks", TOOLS(" " T("a") "\n, " T("x") "\r,\t" T("b") "\n"), TOOLS(" " T("a") "\n, " T("b") "\n")),
    GIVES("last, in blanks", TOOLS(" " T("a") "\n, " T("x") "\r\n"), TOOLS(" " T("a") "\r\n")),
    GIVES("a name that stands twice", TOOLS(T("x") "," T("a") "," T("x") "," T("a")), TOOLS(T("a") "," T("a"))),
    GIVES("blanks around everything", " \r\n{ \"jsonrpc\" : \"2.0\" , \"id\" : 1 ,\t\"result\" : { \"tools\" : [ {\"name\" : \"x\" } , " T("a") " ] } }\n ",
          " \r\n{ \"jsonrpc\" : \"2.0\" , \"id\" : 1 ,\t\"result\" : { \"tools\" : [ " T("a") " ] } }\n "),

    /* definitions and their names */
    GIVES("a whole definition", TOOLS(FULL("x") "," FULL("a")), TOOLS(FULL("a"))),
    KEEPS("names elsewhere mean nothing", TOOLS("{\"title\":\"x\",\"name\":\"a\",\"annotations\":{\"name\":\"x\"}}")),
    GIVES("an escape in the name", TOOLS(T("\\u0078") "," T("a\\u002fb\\\"")), TOOLS(T("a\\u002fb\\\""))),
    GIVES("an escape in the member's name", TOOLS("{\"na\\u006de\":\"x\"}," T("a")), TOOLS(T("a"))),
    GIVES("escapes around the list", ANSWER("{\"\\u0074ools\":[" T("x") "]}"), ANSWER("{\"\\u0074ools\":[]}")),
    GIVES("brackets in strings", TOOLS(T("x]},{[\\\\\\\"") "," T("a]},{[")), TOOLS(T("a]},{["))),
    KEEPS("an empty name is the caller's to judge", TOOLS(T(""))),
    KEEPS("U+FFFD written out", TOOLS(T("a\xef\xbf\xbd"))),
    FAILS("no object", TOOLS(T("a") ",\"x\""), MCP_BAD_ENVELOPE),
    FAILS("null", TOOLS("null"), MCP_BAD_ENVELOPE),
    FAILS("a list in the list", TOOLS("[" T("x") "]"), MCP_BAD_ENVELOPE),
    FAILS("no name", TOOLS("{\"title\":\"a\"}"), MCP_BAD_ENVELOPE),
    FAILS("an empty object", TOOLS("{ }"), MCP_BAD_ENVELOPE),
    FAILS("a name that is no string", TOOLS("{\"name\":7}"), MCP_BAD_ENVELOPE),
    FAILS("a name that is null", TOOLS(T("a") ",{\"name\":null}"), MCP_BAD_ENVELOPE),
    FAILS("U+0000 in a name", TOOLS(T("a\\u0000x")), MCP_BAD_ENVELOPE),
    FAILS("half a pair in a name", TOOLS(T("a\\ud800")), MCP_BAD_ENVELOPE),
    FAILS("two names", TOOLS("{\"name\":\"a\",\"name\":\"x\"}"), MCP_AMBIGUOUS),
    FAILS("nearly two names", TOOLS("{\"name\":\"a\",\"Name\":\"x\"}"), MCP_AMBIGUOUS),
    FAILS("a uri by case", ANSWER("{\"resources\":[{\"uri\":\"a\",\"ur\xc4\xb0\":\"x\"}]}"), MCP_AMBIGUOUS),
    KEEPS("another list's key by case", TOOLS("{\"name\":\"a\",\"URI\":\"x\"}")),

    /* the four lists */
    GIVES("prompts", ANSWER("{\"prompts\":[" T("a") "," T("x") "]}"), ANSWER("{\"prompts\":[" T("a") "]}")),
    GIVES("resources by uri", ANSWER("{\"resources\":[{\"name\":\"x\",\"uri\":\"a:\"},{\"name\":\"a\",\"uri\":\"x:\"}]}"),
          ANSWER("{\"resources\":[{\"name\":\"x\",\"uri\":\"a:\"}]}")),
    GIVES("templates by uriTemplate", ANSWER("{\"resourceTemplates\":[{\"name\":\"a\",\"uriTemplate\":\"x:{i}\"}]}"), ANSWER("{\"resourceTemplates\":[]}")),
    FAILS("a resource without uri", ANSWER("{\"resources\":[" T("a") "]}"), MCP_BAD_ENVELOPE),
    FAILS("a template with a uri alone", ANSWER("{\"resourceTemplates\":[{\"uri\":\"a\"}]}"), MCP_BAD_ENVELOPE),
    GIVES("two lists in one result", ANSWER("{\"tools\":[" T("x") "],\"z\":1,\"prompts\":[" T("a") "," T("x") "]}"),
          ANSWER("{\"tools\":[],\"z\":1,\"prompts\":[" T("a") "]}")),
    FAILS("a list that is an object", ANSWER("{\"tools\":{\"x\":" T("x") "}}"), MCP_BAD_ENVELOPE),
    FAILS("a list that is null", ANSWER("{\"tools\":null}"), MCP_BAD_ENVELOPE),
    FAILS("a list that is a string", ANSWER("{\"prompts\":\"x\"}"), MCP_BAD_ENVELOPE),

    /* what stands around them */
    GIVES("behind other members", ANSWER("{\"_meta\":{\"tools\":[" T("x") "]},\"nextCursor\":\"x\",\"tools\":[" T("x") "],\"n\":1e400}"),
          ANSWER("{\"_meta\":{\"tools\":[" T("x") "]},\"nextCursor\":\"x\",\"tools\":[],\"n\":1e400}")),
    KEEPS("a tool's own answer", ANSWER("{\"content\":[],\"structuredContent\":{\"tools\":[" T("x") "],\"Tools\":1,\"__proto__\":2}}")),
    KEEPS("tools among the capabilities", ANSWER("{\"capabilities\":{\"tools\":{\"listChanged\":true},\"prompts\":{}}}")),
    KEEPS("beside the result", "{\"jsonrpc\":\"2.0\",\"id\":1,\"tools\":[" T("x") "],\"result\":{}}"),
    KEEPS("a result that is no object", ANSWER("[" T("x") "]")),
    GIVES("the result first", "{\"result\":{\"tools\":[" T("x") "]},\"id\":\"a\",\"jsonrpc\":\"2.0\"}", "{\"result\":{\"tools\":[]},\"id\":\"a\",\"jsonrpc\":\"2.0\"}"),
    FAILS("Tools", ANSWER("{\"tools\":[],\"Tools\":[" T("x") "]}"), MCP_AMBIGUOUS),
    FAILS("TOOLS alone", ANSWER("{\"TOOLS\":[" T("x") "]}"), MCP_AMBIGUOUS),
    FAILS("tools with a long s", ANSWER("{\"tool\xc5\xbf\":[" T("x") "]}"), MCP_AMBIGUOUS),
    FAILS("resourcetemplates", ANSWER("{\"resourcetemplates\":[]}"), MCP_AMBIGUOUS),
    FAILS("cachescope", ANSWER("{\"cachescope\":\"public\",\"tools\":[]}"), MCP_AMBIGUOUS),
    FAILS("ttlMS", ANSWER("{\"ttlMS\":1,\"tools\":[]}"), MCP_AMBIGUOUS),
    FAILS("Result", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"Result\":{\"tools\":[" T("x") "]}}", MCP_AMBIGUOUS),
    FAILS("a prototype for the result", ANSWER("{\"__proto__\":{\"tools\":[" T("x") "]}}"), MCP_AMBIGUOUS),
    FAILS("tools twice", ANSWER("{\"tools\":[],\"tools\":[" T("x") "]}"), MCP_AMBIGUOUS),

    /* cacheScope */
    GIVES("public becomes private", ANSWER("{\"tools\":[" T("a") "],\"cacheScope\":\"public\"}"), ANSWER("{\"tools\":[" T("a") "],\"cacheScope\":\"private\"}")),
    GIVES("ahead of the list", ANSWER("{\"cacheScope\" : \"public\" ,\"tools\":[" T("x") "]}"), ANSWER("{\"cacheScope\" : \"private\" ,\"tools\":[]}")),
    GIVES("an unknown scope", ANSWER("{\"cacheScope\":{\"a\":[1]},\"tools\":[]}"), ANSWER("{\"cacheScope\":\"private\",\"tools\":[]}")),
    KEEPS("private already", ANSWER("{\"cacheScope\":\"private\",\"ttlMs\":9,\"tools\":[]}")),
    KEEPS("private with an escape", ANSWER("{\"cacheScope\":\"pri\\u0076ate\",\"tools\":[]}")),
    GIVES("absent where ttlMs stands", ANSWER("{\"ttlMs\":9,\"tools\":[" T("x") "] }"), ANSWER("{\"ttlMs\":9,\"tools\":[],\"cacheScope\":\"private\" }")),
    GIVES("absent where resultType stands", ANSWER("{\"tools\":[" T("a") "],\"resultType\":\"complete\"}"),
          ANSWER("{\"tools\":[" T("a") "],\"resultType\":\"complete\",\"cacheScope\":\"private\"}")),
    KEEPS("absent before that revision", ANSWER("{\"tools\":[],\"nextCursor\":\"x\"}")),
    KEEPS("public without a list", ANSWER("{\"cacheScope\":\"public\",\"ttlMs\":1,\"contents\":[]}")),
    KEEPS("public elsewhere", ANSWER("{\"_meta\":{\"cacheScope\":\"public\"},\"tools\":[]}")),

    /* other messages */
    KEEPS("a notification", "{\"jsonrpc\":\"2.0\",\"method\":\"n\",\"params\":{\"tools\":[" T("x") "],\"result\":{\"tools\":[" T("x") "]}}}"),
    KEEPS("a request of the server", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"),
    KEEPS("an error", ERROR("\"id\":1,")),
    KEEPS("an error without id", ERROR("")),
    KEEPS("an error with the id null", ERROR("\"id\": null ,")),
    FAILS("an error with a word for id", ERROR("\"id\":nul,"), MCP_BAD_ENVELOPE),
    FAILS("an error with a longer word for id", ERROR("\"id\":nullx,"), MCP_BAD_ENVELOPE),
    FAILS("an error with the id true", ERROR("\"id\":true,"), MCP_BAD_ENVELOPE),
    FAILS("an error without id, not strict", ERROR("\"a\":1,\"a\":2,"), MCP_AMBIGUOUS),
    FAILS("an error with the id null, not strict", ERROR("\"id\":null,\"a\":01,"), MCP_BAD_JSON),
    FAILS("a result without id", "{\"jsonrpc\":\"2.0\",\"result\":{}}", MCP_BAD_ENVELOPE),
    FAILS("a result with the id null", "{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":{\"tools\":[" T("x") "]}}", MCP_BAD_ENVELOPE),
    FAILS("a request with the id null", "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"m\"}", MCP_BAD_ENVELOPE),
    FAILS("an error and a result without id", "{\"jsonrpc\":\"2.0\",\"error\":{},\"result\":{\"tools\":[" T("x") "]}}", MCP_AMBIGUOUS),
    FAILS("not JSON-RPC", "{\"result\":{\"tools\":[" T("x") "]},\"id\":1}", MCP_BAD_ENVELOPE),
    FAILS("a notification that is not strict", "{\"jsonrpc\":\"2.0\",\"method\":\"n\",\"params\":{\"a\":1,}}", MCP_BAD_JSON),
    FAILS("params that are null", "{\"jsonrpc\":\"2.0\",\"method\":\"n\",\"params\":null}", MCP_BAD_ENVELOPE),
    FAILS("nothing", "", MCP_BAD_JSON),
    FAILS("blanks", " \n", MCP_BAD_JSON),
    FAILS("a string", "\"x\"", MCP_BAD_ENVELOPE),
    FAILS("cut off", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[" T("x"), MCP_BAD_JSON),
    FAILS("two messages", TOOLS("") TOOLS(T("x")), MCP_BAD_JSON),
    FAILS("a byte order mark", "\xef\xbb\xbf" TOOLS(T("x")), MCP_BAD_JSON),
    FAILS("a comma too many", TOOLS(T("x") ","), MCP_BAD_JSON),
    FAILS("no comma", TOOLS(T("x") T("a")), MCP_BAD_JSON),

    /* batches */
    GIVES("every message of a batch", " [" TOOLS(T("x")) " ,\n" TOOLS(T("a")) "," ERROR("\"id\":2,") "," TOOLS(T("x") "," T("b")) "\t] ",
          " [" TOOLS("") " ,\n" TOOLS(T("a")) "," ERROR("\"id\":2,") "," TOOLS(T("b")) "\t] "),
    KEEPS("a batch of one", "[" TOOLS(T("a")) "]"),
    FAILS("an empty batch", "[]", MCP_BAD_JSON),
    FAILS("a batch in a batch", "[[" TOOLS(T("x")) "]]", MCP_BATCH),
    FAILS("a batch with a string", "[" TOOLS(T("a")) ",\"x\"]", MCP_BAD_ENVELOPE),
    FAILS("a batch with a bad message", "[" TOOLS(T("a")) "," TOOLS("1") "]", MCP_BAD_ENVELOPE),
    FAILS("a batch without a comma", "[" TOOLS("") TOOLS(T("x")) "]", MCP_BAD_JSON),
    FAILS("a batch with two commas", "[" TOOLS("") ",," TOOLS(T("x")) "]", MCP_BAD_JSON),
    FAILS("a batch that begins with a comma", "[," TOOLS(T("x")) "]", MCP_BAD_JSON),
    FAILS("a batch that ends with a comma", "[" TOOLS(T("x")) ",]", MCP_BAD_JSON),
    FAILS("a batch with a semicolon", "[" TOOLS("") ";" TOOLS(T("x")) "]", MCP_BAD_JSON),
    FAILS("an open batch", "[" TOOLS(T("x")), MCP_BAD_JSON),
    FAILS("a batch closed by a brace", "[" TOOLS(T("x")) "}", MCP_BAD_JSON),
    FAILS("a message behind a batch", "[" TOOLS("") "]" TOOLS(T("x")), MCP_BAD_JSON),
    FAILS("brackets crossed", "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[}]}]", MCP_BAD_JSON),

    /* depth: the envelope is 1, the tool 4, so 60 fit below it */
    GIVES("as deep as may be", TOOLS("{\"inputSchema\":" DEEP56("[[[[1]]]]") ",\"name\":\"x\"}"), TOOLS("")),
    FAILS("deeper", TOOLS("{\"inputSchema\":" DEEP56("[[[[[1]]]]]") ",\"name\":\"x\"}"), MCP_TOO_DEEP),
    KEEPS("as deep in a batch", "[" TOOLS("{\"inputSchema\":" DEEP56("[[[1]]]") ",\"name\":\"a\"}") "]"),
    FAILS("deeper in a batch", "[" TOOLS("{\"inputSchema\":" DEEP56("[[[[1]]]]") ",\"name\":\"a\"}") "]", MCP_TOO_DEEP),
};

static void every_row_holds(void **state)
{
    const char *out;
    size_t i, len;
    mcp_rc rc;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        rc = filter(rows[i].text, rows[i].len, &rules, &out, &len);
        if (rc != rows[i].rc) fail_msg("%s: %s", rows[i].what, mcp_error_of(rc)->name);
        if (!out != !rows[i].out) fail_msg("%s: %s", rows[i].what, out ? out : "unchanged");
        if (!out) continue;
        if (strcmp(out, rows[i].out)) fail_msg("%s: %s", rows[i].what, out);
        assert_int_equal(len, strlen(out));
    }
}

/* What was filtered is filtered: a second time nothing changes. */
static void filtering_again_changes_nothing(void **state)
{
    const char *out, *again;
    size_t i, len;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].out) continue;
        assert_int_equal(filter(rows[i].out, strlen(rows[i].out), &rules, &out, &len), MCP_OK);
        again = out;
        if (again) fail_msg("%s: %s", rows[i].what, again);
    }
}

/* No text that was cut short passes or is read beyond its end. */
static void every_beginning_of_an_answer_is_refused(void **state)
{
    static const char text[] = "[" ANSWER("{\"cacheScope\":\"public\",\"tools\":[" FULL("x") "," FULL("\\u0061") "],\"ttlMs\":1}") "," ERROR("\"id\":null,") "]";
    const char *out;
    size_t len, n;

    (void)state;
    for (len = 0; len < sizeof text - 1; len++) {
        if (!filter(text, len, &rules, &out, &n)) fail_msg("%zu bytes passed", len);
        assert_null(out);
        apr_pool_clear(pool);
    }
    assert_int_equal(filter(text, sizeof text - 1, &rules, &out, &n), MCP_OK);
    assert_non_null(out);
}

static void caps_are_exact(void **state)
{
    static const char one[] = TOOLS(T("x")), two[] = "[" TOOLS(T("x")) "," TOOLS(T("x")) "]", nameless[] = ERROR("");
    mcp_envelope_rules tight = { sizeof one - 1, 64 };
    const char *out;
    size_t len;

    (void)state;
    assert_int_equal(filter(one, sizeof one - 1, &tight, &out, &len), MCP_OK);
    assert_int_equal(filter(two, sizeof two - 1, &tight, &out, &len), MCP_TOO_LARGE);
    tight.max_bytes--;
    assert_int_equal(filter(one, sizeof one - 1, &tight, &out, &len), MCP_TOO_LARGE);
    tight.max_bytes = sizeof two - 1;
    assert_int_equal(filter(two, sizeof two - 1, &tight, &out, &len), MCP_OK);
    tight.max_bytes = sizeof nameless - 1;
    assert_int_equal(filter(nameless, sizeof nameless - 1, &tight, &out, &len), MCP_OK);
    tight.max_bytes--;
    assert_int_equal(filter(nameless, sizeof nameless - 1, &tight, &out, &len), MCP_TOO_LARGE);
}

/* A stream that lives for hours filters in a pool that is cleared. */
static void the_context_keeps_nothing_of_what_passed(void **state)
{
    static const char text[] = TOOLS(T("x") "," T("a"));
    mcp_ctx *ctx = mcp_ctx_create(pool);
    apr_pool_t *long_lived, *scratch;
    const char *out, *before, *after;
    size_t len;
    int i;

    (void)state;
    assert_int_equal(apr_pool_create(&long_lived, pool), 0);
    assert_int_equal(apr_pool_create(&scratch, pool), 0);
    ctx->pool = long_lived;
    before = apr_palloc(long_lived, 8);
    for (i = 0; i < 100; i++) {
        assert_int_equal(mcp_lists_filter(ctx, scratch, &rules, text, sizeof text - 1, keep, NULL, &out, &len), MCP_OK);
        assert_string_equal(out, TOOLS(T("a")));
        apr_pool_clear(scratch);
    }
    after = apr_palloc(long_lived, 8);
    assert_ptr_equal(before + 8, after);
}

static void a_failure_says_why(void **state)
{
    mcp_ctx *ctx = mcp_ctx_create(pool);
    apr_pool_t *scratch;
    const char *out;
    size_t len;

    (void)state;
    assert_int_equal(apr_pool_create(&scratch, pool), 0);
    assert_int_equal(mcp_lists_filter(ctx, scratch, &rules, TOOLS("1"), sizeof TOOLS("1") - 1, keep, NULL, &out, &len), MCP_BAD_ENVELOPE);
    apr_pool_destroy(scratch);
    assert_int_equal(ctx->rc, MCP_BAD_ENVELOPE);
    assert_string_equal(ctx->detail, "a listed definition is no object");
}

static int note(void *baton, mcp_list_kind kind, const char *name, const mcp_value *element)
{
    char **to = baton;

    *to += sprintf(*to, "%d %s %zu;", (int)kind, name, element->len);
    return 1;
}

static void the_judge_is_told_kind_name_and_definition(void **state)
{
    static const char text[] = ANSWER("{\"resources\":[{\"uri\":\"f:\\u00e9\"}],\"tools\":[{\"a\":[1,2],\"name\":\"t\"} ],\"prompts\":[" T("p") "],"
                                      "\"resourceTemplates\":[{\"uriTemplate\":\"u\"}]}");
    char notes[256], *to = notes;
    const char *out;
    size_t len;

    (void)state;
    assert_int_equal(mcp_lists_filter(mcp_ctx_create(pool), pool, &rules, text, sizeof text - 1, note, &to, &out, &len), MCP_OK);
    assert_null(out);
    assert_string_equal(notes, "2 f:\xc3\xa9 18;0 t 22;1 p 12;3 u 19;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_row_holds, setup, teardown),
        cmocka_unit_test_setup_teardown(filtering_again_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(every_beginning_of_an_answer_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(caps_are_exact, setup, teardown),
        cmocka_unit_test_setup_teardown(the_context_keeps_nothing_of_what_passed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failure_says_why, setup, teardown),
        cmocka_unit_test_setup_teardown(the_judge_is_told_kind_name_and_definition, setup, teardown),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
