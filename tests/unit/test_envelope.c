/* Each row is scanned whole, cut at every byte, and byte by byte: the verdict must be the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/envelope.h"

static apr_pool_t *pool;
static const mcp_envelope_rules rules = { 1 << 20, 8 };

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

#define CALL(members) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{" members "}}"
#define ARGS(members) CALL("\"name\":\"t\",\"arguments\":{" members "}")
#define ENV(members) "{\"jsonrpc\":\"2.0\"," members "}"
#define ROW(text, rc) { text, sizeof(text) - 1, rc }

#define SIXTEEN "\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,\"l\":1,\"m\":1,\"n\":1,\"o\":1,\"p\":1"

static const struct {
    const char *text;
    size_t len;
    mcp_rc rc;
} rows[] = {
    ROW(ARGS("\"a\":1"), MCP_OK),
    ROW(" \t\r\n" ARGS("") "\n ", MCP_OK),
    ROW(ENV("\"method\":\"notifications/initialized\""), MCP_OK),
    ROW(ENV("\"id\":\"\",\"result\":{}"), MCP_OK),
    ROW(ENV("\"id\":-1,\"error\":{\"code\":1}"), MCP_OK),

    /* framing */
    ROW("", MCP_BAD_JSON),
    ROW(" ", MCP_BAD_JSON),
    ROW("{", MCP_BAD_JSON),
    ROW("\xef\xbb\xbf" ARGS(""), MCP_BAD_JSON),
    ROW("{\0\"\0", MCP_BAD_JSON),
    ROW("\xff\xfe{\0", MCP_BAD_JSON),
    ROW("\x1e" ARGS(""), MCP_BAD_JSON),
    ROW(ARGS("") "x", MCP_BAD_JSON),
    ROW(ARGS("") ",", MCP_BAD_JSON),
    ROW(ARGS("") "\0", MCP_BAD_JSON),
    ROW(ARGS("") ARGS(""), MCP_BAD_JSON),
    ROW("null", MCP_BAD_ENVELOPE),
    ROW("\"a\"", MCP_BAD_ENVELOPE),
    ROW("7", MCP_BAD_ENVELOPE),
    ROW("nil", MCP_BAD_JSON), ROW("this is prose", MCP_BAD_JSON), ROW("true", MCP_BAD_ENVELOPE), ROW(" false ", MCP_BAD_ENVELOPE), ROW("nullx", MCP_BAD_JSON),
    ROW("}", MCP_BAD_JSON),
    ROW("[]", MCP_BATCH),
    ROW("[" ARGS("") "]", MCP_BATCH),

    /* numbers */
    ROW(ARGS("\"n\":[0,-0,1.5,1e400,-1E+5,2e-3,123456789012345678901234567890]"), MCP_OK),
    ROW(ARGS("\"n\":01"), MCP_BAD_JSON),
    ROW(ARGS("\"n\":-"), MCP_BAD_JSON),
    ROW(ARGS("\"n\":+1"), MCP_BAD_JSON),
    ROW(ARGS("\"n\":.5"), MCP_BAD_JSON),
    ROW(ARGS("\"n\":1."), MCP_BAD_JSON),
    ROW(ARGS("\"n\":1e"), MCP_BAD_JSON),
    ROW(ARGS("\"n\":1e+"), MCP_BAD_JSON),
    ROW(ARGS("\"n\":0x1"), MCP_BAD_JSON),
    ROW(ARGS("\"n\":NaN"), MCP_BAD_JSON),

    /* words, brackets, commas */
    ROW(ARGS("\"a\":[true,false,null]"), MCP_OK),
    ROW(ARGS("\"a\":truE"), MCP_BAD_JSON),
    ROW(ARGS("\"a\":nullx"), MCP_BAD_JSON),
    ROW(ARGS("\"a\":[1,]"), MCP_BAD_JSON),
    ROW(ARGS("\"a\":1,"), MCP_BAD_JSON),
    ROW(ARGS("\"a\":[1}"), MCP_BAD_JSON),
    ROW(ARGS("\"a\" 1"), MCP_BAD_JSON),
    ROW(ARGS("\"a\"=1"), MCP_BAD_JSON),
    ROW(ARGS("a:1"), MCP_BAD_JSON),
    ROW(ARGS("'a':1"), MCP_BAD_JSON),
    ROW(ARGS("\"a\":1 /* x */"), MCP_BAD_JSON),
    ROW(ARGS("\"a\":1,\x0b\"b\":1"), MCP_BAD_JSON),

    /* strings */
    ROW(ARGS("\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\\u0000\""), MCP_OK),
    ROW(ARGS("\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\xed\x9f\xbf\""), MCP_OK),
    ROW(ARGS("\"a\":\"\\ud800\""), MCP_OK),             /* nobody decides by it */
    ROW(ARGS("\"a\":\"\\v\""), MCP_BAD_JSON),
    ROW(ARGS("\"a\":\"\\U0061\""), MCP_BAD_JSON),
    ROW(ARGS("\"a\":\"\\u 061\""), MCP_BAD_JSON),
    ROW(ARGS("\"a\":\"\\u{61}\""), MCP_BAD_JSON),
    ROW(ARGS("\"a\":\"\n\""), MCP_BAD_JSON),
    ROW(ARGS("\"a\":\"\0\""), MCP_BAD_JSON),
    ROW(ARGS("\"a\":\"\x80\""), MCP_BAD_JSON),
    ROW(ARGS("\"a\":\"\xc1\xae\""), MCP_BAD_JSON),      /* overlong */
    ROW(ARGS("\"a\":\"\xe0\x9f\xbf\""), MCP_BAD_JSON),
    ROW(ARGS("\"a\":\"\xf0\x8f\xbf\xbf\""), MCP_BAD_JSON),
    ROW(ARGS("\"a\":\"\xed\xa0\x80\""), MCP_BAD_JSON),  /* an encoded surrogate */
    ROW(ARGS("\"a\":\"\xf4\x90\x80\x80\""), MCP_BAD_JSON),
    ROW(ARGS("\"a\":\"\xf8\x88\x80\x80\x80\""), MCP_BAD_JSON),
    ROW(ARGS("\"a\":\"\xe2\""), MCP_BAD_JSON),          /* cut before the quote */

    /* repeats */
    ROW(ARGS("\"a\":1,\"b\":{\"a\":1},\"c\":[{\"a\":1},{\"a\":1}]"), MCP_OK),
    ROW(ARGS("\"b\":{\"x\":1},\"x\":2,\"c\":[{\"y\":1}],\"y\":2"), MCP_OK),   /* a closed object's names are free again */
    ROW(ARGS("\"a\":1,\"a\":1"), MCP_AMBIGUOUS),
    ROW(ARGS("\"\":1,\"\":1"), MCP_AMBIGUOUS),
    ROW(ARGS("\"a\":1,\"b\":{\"a\":1},\"a\":2"), MCP_AMBIGUOUS),
    ROW(ARGS("\"a\":[{\"x\":1,\"y\":{},\"x\":1}]"), MCP_AMBIGUOUS),
    ROW(ARGS("\"customer_id\":1,\"customer\\u005fid\":2"), MCP_AMBIGUOUS),
    ROW(ARGS("\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2"), MCP_AMBIGUOUS),
    ROW(CALL("\"name\":\"a\",\"name\":null"), MCP_AMBIGUOUS),
    ROW(CALL("\"name\":\"a\",\"n\\u0061me\":\"b\""), MCP_AMBIGUOUS),
    ROW(ENV("\"id\":1,\"method\":\"m\",\"params\":{},\"params\":{}"), MCP_AMBIGUOUS),

    ROW(ARGS(SIXTEEN), MCP_OK),
    ROW(ARGS(SIXTEEN ",\"q\":[{" SIXTEEN ",\"q\":1,\"r\":1}],\"r\":1"), MCP_OK),
    ROW(ARGS(SIXTEEN ",\"p\":1"), MCP_AMBIGUOUS),
    ROW(ARGS(SIXTEEN ",\"q\":[{" SIXTEEN ",\"q\":1}],\"a\":1"), MCP_AMBIGUOUS),
    ROW(ARGS("\"q\":[{" SIXTEEN ",\"q\":1}],\"a\":1,\"q\":1"), MCP_AMBIGUOUS),
    ROW(ARGS("\"as long as this or longer 1\":1,\"as long as this or longer 2\":1"), MCP_OK),
    ROW(ARGS("\"as long as this or longer 1\":1,\"as long \\u0061s this or longer 1\":1"), MCP_AMBIGUOUS),
    ROW(ARGS("\"as long and 1 longer\":1,\"as long and 2 longer\":1"), MCP_OK),     /* alike at both ends */

    /* names nearly those of the protocol */
    ROW(ARGS("\"name\":1,\"NAME\":2,\"Params\":3,\"\xc5\xbf\":4"), MCP_OK),     /* a tool's own words */
    ROW(ENV("\"id\":1,\"Method\":\"m\""), MCP_AMBIGUOUS),
    ROW(ENV("\"id\":1,\"method\":\"m\",\"param\xc5\xbf\":{}"), MCP_AMBIGUOUS),
    ROW(ENV("\"id\":1,\"method\":\"m\",\"param\\u017f\":{}"), MCP_AMBIGUOUS),
    ROW(CALL("\"name\":\"a\",\"NAME\":\"b\""), MCP_AMBIGUOUS),
    ROW(CALL("\"name\":\"a\",\"tas\xe2\x84\xaa\":{}"), MCP_AMBIGUOUS),
    ROW(CALL("\"name\":\"a\",\"ur\xc4\xb0\":\"b\""), MCP_AMBIGUOUS),
    ROW(CALL("\"name\":\"a\",\"ur\xc4\xb1\":\"b\""), MCP_AMBIGUOUS),
    ROW(CALL("\"name\":\"a\",\"_meta\":{\"IO.modelcontextprotocol/protocolVersion\":\"x\"}"), MCP_AMBIGUOUS),
    ROW(CALL("\"name\":\"a\",\"_meta\":{\"progressto\xe2\x84\xaa" "en\":1}"), MCP_AMBIGUOUS),
    ROW(CALL("\"name\":\"a\",\"name\\u0000\":\"b\""), MCP_AMBIGUOUS),
    ROW(ARGS("\"a\\u0000b\":1"), MCP_AMBIGUOUS),
    ROW(ARGS("\"__proto__\":{}"), MCP_OK),
    ROW(CALL("\"name\":\"a\",\"__proto__\":{\"name\":\"b\"}"), MCP_AMBIGUOUS),
    ROW(ENV("\"id\":1,\"result\":{},\"\\u005f_proto__\":{\"method\":\"m\"}"), MCP_AMBIGUOUS),
    ROW(ARGS("\"a\\ud800\":1"), MCP_AMBIGUOUS),
    ROW(ARGS("\"a\\ud800\\ud800\\udc00\":1"), MCP_AMBIGUOUS),
    ROW(ARGS("\"\\udc00\":1"), MCP_AMBIGUOUS),

    /* protocol values */
    ROW(CALL("\"name\":\"a\\u0000b\""), MCP_AMBIGUOUS),
    ROW(CALL("\"name\":\"a\\udfff\""), MCP_AMBIGUOUS),
    ROW(ENV("\"id\":1,\"method\":\"m\\ud800\""), MCP_AMBIGUOUS),
    ROW(ENV("\"id\":\"\\ud800\",\"method\":\"m\""), MCP_AMBIGUOUS),
    ROW(CALL("\"name\":7"), MCP_BAD_ENVELOPE),
    ROW(CALL("\"name\":null"), MCP_BAD_ENVELOPE),
    ROW(CALL("\"name\":[\"a\"]"), MCP_BAD_ENVELOPE),
    ROW(CALL("\"name\":\"a\",\"arguments\":null"), MCP_OK),
    ROW(CALL("\"name\":\"a\",\"arguments\":\"{}\""), MCP_BAD_PARAMS),
    ROW(CALL("\"name\":\"a\",\"arguments\":[]"), MCP_BAD_PARAMS),
    ROW(CALL("\"name\":\"a\",\"_meta\":[]"), MCP_BAD_PARAMS),
    ROW("{\"id\":1,\"method\":\"m\"}", MCP_BAD_ENVELOPE),
    ROW("{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"m\"}", MCP_BAD_ENVELOPE),
    ROW("{\"jsonrpc\":2.0,\"id\":1,\"method\":\"m\"}", MCP_BAD_ENVELOPE),
    ROW(ENV("\"id\":null,\"method\":\"m\""), MCP_BAD_ENVELOPE),
    ROW(ENV("\"id\":true,\"method\":\"m\""), MCP_BAD_ENVELOPE),
    ROW(ENV("\"id\":[1],\"method\":\"m\""), MCP_BAD_ENVELOPE),
    ROW(ENV("\"id\":1,\"method\":1"), MCP_BAD_ENVELOPE),
    ROW(ENV("\"id\":1,\"method\":\"\""), MCP_BAD_ENVELOPE),
    ROW(ENV("\"id\":1,\"method\":\"m\",\"params\":null"), MCP_BAD_ENVELOPE),
    ROW(ENV("\"id\":1,\"method\":\"m\",\"params\":[]"), MCP_BAD_ENVELOPE),
    ROW(ENV("\"id\":1"), MCP_BAD_ENVELOPE),
    ROW(ENV("\"result\":{}"), MCP_BAD_ENVELOPE),
    ROW(ENV("\"id\":1,\"method\":\"m\",\"result\":{}"), MCP_AMBIGUOUS),
    ROW(ENV("\"id\":1,\"method\":\"m\",\"error\":{}"), MCP_AMBIGUOUS),
    ROW(ENV("\"id\":1,\"result\":{},\"error\":{}"), MCP_AMBIGUOUS),
    ROW(ENV("\"id\":1,\"result\":{},\"params\":{}"), MCP_AMBIGUOUS),

    /* depth: the rules above allow 8, of which the message needs 3 */
    ROW(ARGS("\"a\":[[[[[1]]]]]"), MCP_OK),
    ROW(ARGS("\"a\":[[[[[[1]]]]]]"), MCP_TOO_DEEP),
};

/* Feeds text cut at `at`, the rest in pieces of `piece` bytes. */
static mcp_rc scan(const char *text, size_t len, size_t at, size_t piece, mcp_message *out)
{
    mcp_envelope *e = mcp_envelope_begin(mcp_ctx_create(pool), &rules);
    size_t i, n;

    mcp_envelope_feed(e, text, at);
    for (i = at; i < len; i += n) {
        n = len - i < piece ? len - i : piece;
        mcp_envelope_feed(e, text + i, n);
    }
    return mcp_envelope_end(e, out);
}

static void same_message(const mcp_message *a, const mcp_message *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->id_len, b->id_len);
    if (a->id_len) assert_memory_equal(a->id, b->id, a->id_len);
    assert_int_equal(a->arguments_at, b->arguments_at);
    assert_int_equal(a->arguments_len, b->arguments_len);
    assert_int_equal(!a->name, !b->name);
    if (a->name) assert_string_equal(a->name, b->name);
}

static void verdicts_do_not_depend_on_splits(void **state)
{
    mcp_message whole, cut;
    size_t i, at;
    mcp_rc rc;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        rc = scan(rows[i].text, rows[i].len, rows[i].len, 1, &whole);
        if (rc != rows[i].rc) fail_msg("row %s: %s", rows[i].text, mcp_error_of(rc)->name);
        for (at = 0; at <= rows[i].len; at++) {
            if (scan(rows[i].text, rows[i].len, at, rows[i].len + 1, &cut) != rc) fail_msg("row %s cut at %zu", rows[i].text, at);
            same_message(&whole, &cut);
        }
        if (scan(rows[i].text, rows[i].len, 0, 1, &cut) != rc) fail_msg("row %s byte by byte", rows[i].text);
        same_message(&whole, &cut);
        apr_pool_clear(pool);
    }
}

static mcp_rc read_text(const char *text, mcp_message *out)
{
    return mcp_envelope_scan(mcp_ctx_create(pool), &rules, text, strlen(text), out);
}

static void everything_the_gate_needs_is_read(void **state)
{
    const char *text = ENV("\"id\":\"\\u0061\\\"b\",\"method\":\"tools\\/call\",\"params\":{\"arguments\": {\"x\":[1]} ,\"name\":\"d\\u005ft\","
                           "\"uri\":\"u:\xc3\xa9\",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}}");
    mcp_message m;

    (void)state;
    assert_int_equal(read_text(text, &m), MCP_OK);
    assert_int_equal(m.kind, MCP_MESSAGE_REQUEST);
    assert_string_equal(m.method, "tools/call");
    assert_string_equal(m.name, "d_t");
    assert_string_equal(m.uri, "u:\xc3\xa9");
    assert_string_equal(m.version, "2026-07-28");
    assert_int_equal(m.id_len, strlen("\"\\u0061\\\"b\""));
    assert_memory_equal(m.id, "\"\\u0061\\\"b\"", m.id_len);
    assert_int_equal(m.arguments_len, strlen("{\"x\":[1]}"));
    assert_memory_equal(text + m.arguments_at, "{\"x\":[1]}", m.arguments_len);
}

/* The same words elsewhere mean nothing. */
static void protocol_words_count_in_their_place_only(void **state)
{
    mcp_message m;

    (void)state;
    assert_int_equal(read_text(ARGS("\"name\":\"x\",\"method\":1,\"params\":{\"name\":\"y\"},\"_meta\":[]"), &m), MCP_OK);
    assert_string_equal(m.name, "t");
    assert_int_equal(read_text(ENV("\"method\":\"m\",\"x\":{\"id\":1,\"params\":{\"name\":\"y\"}}"), &m), MCP_OK);
    assert_int_equal(m.kind, MCP_MESSAGE_NOTIFICATION);
    assert_null(m.name);
    assert_null(m.id);
}

static void ids_are_echoed_exactly_or_not_at_all(void **state)
{
    static const struct { const char *text, *id; } ids[] = {
        { ENV("\"id\": 9007199254740993 ,\"method\":\"m\""), "9007199254740993" },
        { ENV("\"method\":\"m\",\"id\":1.50"), "1.50" },
        { ENV("\"id\":\"a\",\"method\":\"m\",\"params\":[]"), "\"a\"" },        /* refused later */
        { ENV("\"id\":1,\"method\":\"m\"") "x", "1" },
        { ENV("\"id\":1,\"id\":2,\"method\":\"m\""), NULL },                    /* which one? */
        { ENV("\"id\":1,\"ID\":2,\"method\":\"m\""), NULL },
        { ENV("\"id\":1x"), "1" },
        { ENV("\"id\":\"a\\x\""), NULL },
        { "{\"id\":\"cut", NULL },
        { "{\"id\":12", NULL },
    };
    mcp_message m;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof ids / sizeof *ids; i++) {
        read_text(ids[i].text, &m);
        assert_int_equal(m.id_len, ids[i].id ? strlen(ids[i].id) : 0);
        if (ids[i].id) assert_memory_equal(m.id, ids[i].id, m.id_len);
        else assert_null(m.id);
    }
}

/* An id of which only the closing quote was too much must not leave as an open string. */
static void half_an_id_is_never_echoed(void **state)
{
    size_t len;
    mcp_message m;
    char *text;
    mcp_rc rc;

    (void)state;
    for (len = 8186; len < 8196; len++) {
        text = apr_psprintf(pool, ENV("\"id\":\"%0*d\",\"method\":\"m\""), (int)len, 0);
        rc = read_text(text, &m);
        assert_int_equal(rc, len + 2 <= 8192 ? MCP_OK : MCP_BAD_ENVELOPE);
        if (rc) assert_null(m.id);
        else assert_int_equal(m.id[m.id_len - 1], '"');
    }
}

static void caps_are_exact(void **state)
{
    const char *text = ARGS("");
    mcp_envelope_rules tight = { strlen(text), 3 };
    mcp_message m;

    (void)state;
    assert_int_equal(mcp_envelope_scan(mcp_ctx_create(pool), &tight, text, strlen(text), &m), MCP_OK);
    tight.max_bytes--;
    assert_int_equal(mcp_envelope_scan(mcp_ctx_create(pool), &tight, text, strlen(text), &m), MCP_TOO_LARGE);
    tight.max_bytes++;
    tight.max_depth--;
    assert_int_equal(mcp_envelope_scan(mcp_ctx_create(pool), &tight, text, strlen(text), &m), MCP_TOO_DEEP);
}

/* Caps on text are exact to the byte however the text is cut, within a character too. */
static void long_texts_are_cut_alike(void **state)
{
    static const struct { const char *before, *after; size_t cap; mcp_rc rc; } places[] = {
        { ENV("\"method\":\"m\",\"params\":{\"name\":\""), "\"}}", 8 * 1024, MCP_BAD_ENVELOPE },
        { ENV("\"method\":\"m\",\"params\":{\"x\":{\""), "\":1}}}", 64 * 1024, MCP_BAD_JSON },
    };
    static const char *const units[] = { "x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
    static const size_t pieces[] = { 1, 2, 13, 8000, 1 << 20 };
    size_t i, k, n, len, fits, cut;
    mcp_message m;
    char *text, *at;

    (void)state;
    for (i = 0; i < 2; i++)
        for (k = 0; k < 4; k++)
            for (fits = 0; fits < 2; fits++) {
                len = strlen(places[i].before) - 1;     /* without the brace that ENV closes */
                at = text = apr_palloc(pool, places[i].cap + 256);
                memcpy(at, places[i].before, len);
                for (at += len, n = places[i].cap / strlen(units[k]) + !fits; n; n--) at += sprintf(at, "%s", units[k]);
                strcpy(at, places[i].after);
                for (cut = 0; cut < 5; cut++) assert_int_equal(scan(text, strlen(text), 0, pieces[cut], &m), fits ? MCP_OK : places[i].rc);
                apr_pool_clear(pool);
            }
}

static void deep_containers_are_kept(void **state)
{
    enum { DEEP = 100 };
    const mcp_envelope_rules deep = { 1 << 20, DEEP };
    char opened[8 * DEEP], closed[2 * DEEP], *at = opened, *text;
    mcp_message m;
    int i, n;

    (void)state;
    for (n = 1; n < DEEP; n++) {
        for (i = 0, at = opened; i < n; i++) at += sprintf(at, i % 2 ? "[" : "{\"a\":");
        for (i = n, at = closed; i > 0; i--) *at++ = i % 2 ? '}' : ']';
        *at = '\0';
        text = apr_psprintf(pool, ENV("\"method\":\"m\",\"x\":%s1%s,\"y\":1"), opened, closed);
        assert_int_equal(mcp_envelope_scan(mcp_ctx_create(pool), &deep, text, strlen(text), &m), n + 1 <= DEEP ? MCP_OK : MCP_TOO_DEEP);
        text = apr_psprintf(pool, ENV("\"method\":\"m\",\"x\":%s1%s,\"x\":1"), opened, closed);
        assert_int_equal(mcp_envelope_scan(mcp_ctx_create(pool), &deep, text, strlen(text), &m), MCP_AMBIGUOUS);
        apr_pool_clear(pool);
    }
}

static void a_failure_stays(void **state)
{
    mcp_envelope *e = mcp_envelope_begin(mcp_ctx_create(pool), &rules);
    mcp_message m;

    (void)state;
    assert_int_equal(mcp_envelope_feed(e, "[", 1), MCP_BATCH);
    assert_int_equal(mcp_envelope_feed(e, "{}", 2), MCP_BATCH);
    assert_int_equal(mcp_envelope_end(e, &m), MCP_BATCH);
}

/* A member repeated behind many others is still found. */
static void repeats_are_found_among_many(void **state)
{
    static const int counts[] = { 1, 31, 32, 33, 64, 3000, 20000 };
    mcp_message m;
    size_t i;
    char *text, *at;
    int k;

    (void)state;
    for (i = 0; i < sizeof counts / sizeof *counts; i++) {
        text = apr_palloc(pool, 512 + 16 * (size_t)counts[i]);
        at = text + sprintf(text, "%s", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"arguments\":{");
        for (k = 0; k < counts[i]; k++) at += sprintf(at, "\"k%d\":0,", k);
        strcpy(at, "\"z\":0}}}");
        assert_int_equal(read_text(text, &m), MCP_OK);
        strcpy(at, "\"k0\":0}}}");
        assert_int_equal(read_text(text, &m), MCP_AMBIGUOUS);
        sprintf(at, "\"k%d\":0}}}", counts[i] - 1);
        assert_int_equal(read_text(text, &m), MCP_AMBIGUOUS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(verdicts_do_not_depend_on_splits, setup, teardown),
        cmocka_unit_test_setup_teardown(everything_the_gate_needs_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(protocol_words_count_in_their_place_only, setup, teardown),
        cmocka_unit_test_setup_teardown(ids_are_echoed_exactly_or_not_at_all, setup, teardown),
        cmocka_unit_test_setup_teardown(half_an_id_is_never_echoed, setup, teardown),
        cmocka_unit_test_setup_teardown(caps_are_exact, setup, teardown),
        cmocka_unit_test_setup_teardown(long_texts_are_cut_alike, setup, teardown),
        cmocka_unit_test_setup_teardown(deep_containers_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failure_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(repeats_are_found_among_many, setup, teardown),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
