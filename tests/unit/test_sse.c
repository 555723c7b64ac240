/* Each row is fed whole, cut at every byte, and byte by byte: what leaves and what the judge sees must be the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/sse.h"

enum { ROOM = 4096, MAX_EVENT = 64 };

static apr_pool_t *pool;

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

typedef struct {
    char out[ROOM], seen[ROOM];     /* what left; what was judged, each text in brackets */
    size_t out_len, seen_len, calls;
    mcp_rc refuse;                  /* what the way out answers */
} record;

static void add(char *to, size_t *len, const char *bytes, size_t n)
{
    assert_true(*len + n < ROOM);
    memcpy(to + *len, bytes, n);
    *len += n;
    to[*len] = '\0';
}

/* What each data that is not kept becomes. */
static const struct { const char *data, *instead; } swaps[] = {
    { "swap", "new" }, { "swap\ntwo", "new" }, { "\nswap", "new" }, { "lines", "1\n2" }, { "cr", "1\r2\r\n3" }, { "open", "1\n" }, { "none", "" },
    { "blank", " x\ny" }, { "lf", "\n" },
};

static mcp_rc judge(void *baton, apr_pool_t *scratch, const char *data, size_t len, const char **instead, size_t *instead_len)
{
    record *r = baton;
    size_t i;

    add(r->seen, &r->seen_len, "[", 1);
    add(r->seen, &r->seen_len, data, len);
    add(r->seen, &r->seen_len, "]", 1);
    assert_null(*instead);
    if (len == 4 && !memcmp(data, "fail", 4)) return MCP_FORBIDDEN;
    for (i = 0; i < sizeof swaps / sizeof *swaps; i++) {
        if (strlen(swaps[i].data) != len || memcmp(swaps[i].data, data, len)) continue;
        *instead = apr_pstrdup(scratch, swaps[i].instead);
        *instead_len = strlen(*instead);
    }
    return MCP_OK;
}

static mcp_rc out(void *baton, const char *bytes, size_t len)
{
    record *r = baton;

    assert_int_not_equal(len, 0);
    r->calls++;
    if (r->refuse) return r->refuse;
    add(r->out, &r->out_len, bytes, len);
    return MCP_OK;
}

/* Feeds a copy that is gone afterwards. */
static mcp_rc feed(mcp_sse *sse, const char *bytes, size_t len)
{
    char *copy = malloc(len + 1);
    mcp_rc rc;

    assert_non_null(copy);
    memcpy(copy, bytes, len);
    rc = mcp_sse_feed(sse, copy, len);
    free(copy);
    return rc;
}

#define KEEPS(what, text, seen) { what, text, sizeof(text) - 1, text, sizeof(text) - 1, seen, MCP_OK }
#define GIVES(what, text, out, seen) { what, text, sizeof(text) - 1, out, sizeof(out) - 1, seen, MCP_OK }
#define FAILS(what, text, out, seen, rc) { what, text, sizeof(text) - 1, out, sizeof(out) - 1, seen, rc }
#define UNCLEAR(what, text) FAILS(what, text, "", "", MCP_AMBIGUOUS)
#define A16 "aaaaaaaaaaaaaaaa"
#define A56 A16 A16 A16 "aaaaaaaa"

static const struct {
    const char *what, *text;
    size_t len;
    const char *out;
    size_t out_len;
    const char *seen;
    mcp_rc rc;
} rows[] = {
    KEEPS("nothing", "", ""),
    KEEPS("one event", "data: a\n\n", "[a]"),
    KEEPS("no blank behind the colon", "data:a\n\n", "[a]"),
    KEEPS("two blanks behind the colon", "data:  a\n\n", "[ a]"),
    KEEPS("two events", "data: a\n\ndata: b\n\n", "[a][b]"),
    KEEPS("CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", "[a][b]"),
    KEEPS("CR", "data: a\r\rdata: b\r\r", "[a][b]"),
    KEEPS("mixed", "data: a\rdata: b\r\ndata: c\n\r\ndata: d\r\n\ndata: e\n\rdata: f\r\r\n\ndata: g\r\n\r\r", "[a\nb\nc][d][e][f][g]"),
    KEEPS("blank lines", "\n\r\n\r\r\n\n", ""),
    KEEPS("several data lines", "data: a\ndata:b\ndata\ndata:\ndata: c\n\n", "[a\nb\n\n\nc]"),
    KEEPS("data without a colon", "data\n\ndata\ndata\n\n", "[\n]"),
    KEEPS("the event that primes a reconnection", "id: 1\nretry: 5\ndata:\n\ndata: \n\n", ""),
    KEEPS("colons in data", "data: a:b: c\n\n", "[a:b: c]"),
    KEEPS("all fields", "event: message\nid: 1\ndata: a\nretry: 10\nid\nevent\nretry\nid:2\n\n", "[a]"),
    KEEPS("no data", "event: x\nid: 1\n\nretry: 3\n\n", ""),
    KEEPS("unknown fields", "foo: bar\nfoo\ndat: x\ndat\nd\nid : y\nidata: z\n: \ndata: a\nx{}: 1\n\n", "[a]"),
    KEEPS("comments", ": hello\n\n:\ndata: a\n:data: b\n: swap\ndata: c\n\n: {\n", "[a\nc]"),
    KEEPS("a BOM", "\xef\xbb\xbf" "data: a\n\n", "[a]"),
    KEEPS("a BOM alone", "\xef\xbb\xbf", ""),
    KEEPS("a BOM and a blank line", "\xef\xbb\xbf\n", ""),
    KEEPS("a BOM and a comment", "\xef\xbb\xbf: x\ndata: a\n\n", "[a]"),
    KEEPS("half a BOM", "\xef\xbbx: 1\ndata: a\n\n", "[a]"),
    KEEPS("letters of two and four bytes", "data: \xc3\xa9\xf0\x9f\x98\x80\ndata: \xe2\x80\xa8\xc2\x85\n\n", "[\xc3\xa9\xf0\x9f\x98\x80\n\xe2\x80\xa8\xc2\x85]"),
    KEEPS("a byte that is no text in data", "data: \xff\x01\t\n\n", "[\xff\x01\t]"),
    KEEPS("letters in other lines", ": \xc3\xa9\xe2\x82\xac\xe2\x80\xa6\nid: \xc2\xa0\xc3\x85\t\n\n", ""),
    KEEPS("an end without a blank line", "data: a\n\ndata: b\n", "[a][b]"),
    KEEPS("an end within a line", "data: a\n\ndata: b\ndata: c", "[a][b\nc]"),
    KEEPS("an end within a name", "data: a\n\ndat", "[a]"),
    KEEPS("an end within a comment", ": a", ""),
    KEEPS("an end between CR and LF", "data: a\r\n\r", "[a]"),

    /* replacing */
    GIVES("new data", "data: swap\n\n", "data: new\n\n", "[swap]"),
    GIVES("as its line is spelt", "data:swap\n\n", "data:new\n\n", "[swap]"),
    GIVES("as its line ends, CR", "data: swap\r\r", "data: new\r\r", "[swap]"),
    GIVES("as its line ends, CRLF", "data: swap\r\n\r\n", "data: new\r\n\r\n", "[swap]"),
    GIVES("the one between others", "data: a\n\ndata: swap\n\ndata: b\n\n", "data: a\n\ndata: new\n\ndata: b\n\n", "[a][swap][b]"),
    GIVES("two", "data: swap\n\ndata: lines\n\n", "data: new\n\ndata: 1\ndata: 2\n\n", "[swap][lines]"),
    GIVES("several lines become one", "data: swap\ndata: two\n\n", "data: new\n\n", "[swap\ntwo]"),
    GIVES("one becomes several", "data:lines\r\n\r\n", "data:1\r\ndata:2\r\n\r\n", "[lines]"),
    GIVES("every line end in the text counts", "data: cr\n\n", "data: 1\ndata: 2\ndata: 3\n\n", "[cr]"),
    GIVES("a line end behind the text counts", "data: open\n\n", "data: 1\ndata: \n\n", "[open]"),
    GIVES("two empty lines", "data: lf\n\n", "data: \ndata: \n\n", "[lf]"),
    GIVES("no text", "data:none\n\n", "data:\n\n", "[none]"),
    GIVES("text that begins with a blank", "data:blank\n\n", "data:  x\ndata:y\n\n", "[blank]"),
    GIVES("the same, spelt with a blank", "data: blank\n\n", "data:  x\ndata: y\n\n", "[blank]"),
    GIVES("data without a colon first", "data\ndata: swap\n\n", "data:new\n\n", "[\nswap]"),
    GIVES("other lines keep their place", "id: 1\n:c\ndata: swap\nevent: e\r\ndata: two\rretry: 3\nid: 2\n\n",
          "id: 1\n:c\ndata: new\nevent: e\r\nretry: 3\nid: 2\n\n", "[swap\ntwo]"),
    GIVES("a BOM", "\xef\xbb\xbf" "data: swap\n\n", "\xef\xbb\xbf" "data: new\n\n", "[swap]"),
    GIVES("the LF behind a CR belongs to what follows", "data: a\r\r\ndata: swap\r\r\n", "data: a\r\r\ndata: new\r\r\n", "[a][swap]"),
    GIVES("an end without a blank line", "data: swap\n", "data: new\n", "[swap]"),
    GIVES("an end within a line", "data: swap", "data: new", "[swap]"),
    GIVES("an end within a line, several lines", "id: 1\rdata: lines", "id: 1\rdata: 1\ndata: 2", "[lines]"),
    GIVES("an end within the second line", "data: swap\r\ndata: two", "data: new\r\n", "[swap\ntwo]"),

    /* A line taken out from between a CR and an LF must not make one line end of two. */
    GIVES("CR meets the blank line's LF", "data: swap\rdata: two\n\n", "data: new\r\n\n", "[swap\ntwo]"),
    GIVES("another line's CR meets it", "data: swap\nid: 1\rdata: two\n\ndata: a\n\n", "data: new\nid: 1\r\n\ndata: a\n\n", "[swap\ntwo][a]"),
    GIVES("CR meets CRLF", "data: swap\rdata: two\n\r\n", "data: new\r\r\n", "[swap\ntwo]"),

    /* failing: what stood before is out, nothing of the event is */
    FAILS("the judge fails", "data: a\n\nid: 1\ndata: fail\n\ndata: b\n\n", "data: a\n\n", "[a][fail]", MCP_FORBIDDEN),
    FAILS("the judge fails at the end", "data: a\n\nid: 1\ndata: fail", "data: a\n\n", "[a][fail]", MCP_FORBIDDEN),
    KEEPS("an event of the greatest size", "data: " A56 "\n\n", "[" A56 "]"),
    KEEPS("events of the greatest size, CRLF", "data:" A56 "\r\n\r\ndata:" A56 "\r\n\r\n", "[" A56 "][" A56 "]"),
    FAILS("an event one byte larger", "data: a\n\ndata: " A56 "a\n\n", "data: a\n\n", "[a]", MCP_TOO_LARGE),
    FAILS("an open event one byte larger", "data: a\n\ndata: " A56 "\ndat", "data: a\n\n", "[a]", MCP_TOO_LARGE),
    FAILS("a comment that is larger", ": " A56 A16 "\n", "", "", MCP_TOO_LARGE),
    KEEPS("comments that are larger together", ": " A56 "\n: " A56 "\ndata: a\n\n", "[a]"),
    KEEPS("blank lines that are larger together", "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n", ""),

    /* lines that some readers take for something else */
    UNCLEAR("data by case", "Data: x\n\n"),
    UNCLEAR("data behind a blank", " data: x\n\n"),
    FAILS("data behind a BOM in the midst", "\n\xef\xbb\xbf" "data: x\n\n", "\n", "", MCP_AMBIGUOUS),
    UNCLEAR("data and a blank", "data : x\n\n"),
    UNCLEAR("data and more", "database: x\n\n"),
    UNCLEAR("a line of blanks", "data: a\n \ndata: b\n\n"),
    UNCLEAR("JSON where LF alone ends lines", "data:\r{\"a\":1}\n\n"),
    UNCLEAR("a list there", "data:\r [1]\n\n"),
    UNCLEAR("U+2028 in a comment", ": a\xe2\x80\xa8" "data: x\n\n"),
    UNCLEAR("U+2029 in an id", "id: a\xe2\x80\xa9" "data: x\n\n"),
    UNCLEAR("U+0085 in an event", "event: a\xc2\x85" "data: x\n\n"),
    UNCLEAR("a form feed in a comment", ": a\x0c" "data: x\n\n"),
    UNCLEAR("U+0000 in an id", "id: a\0\n\n"),
    UNCLEAR("at the end of the stream", " data: x"),
    UNCLEAR("half a BOM at the end of the stream", "\xef\xbb"),
};

/* Feeds text cut at `at`, the rest in pieces of `piece` bytes, and ends. */
static mcp_rc run(const char *text, size_t len, size_t at, size_t piece, record *r)
{
    mcp_sse *sse = mcp_sse_begin(mcp_ctx_create(pool), MAX_EVENT, judge, out, r);
    mcp_rc rc;
    size_t i, n;

    memset(r, 0, sizeof *r);
    assert_non_null(sse);
    rc = feed(sse, text, at);
    for (i = at; i < len; i += n) {
        n = len - i < piece ? len - i : piece;
        rc = feed(sse, text + i, n);
    }
    if (rc) assert_int_equal(mcp_sse_end(sse), rc);
    return rc ? rc : mcp_sse_end(sse);
}

static void splits_change_nothing(void **state)
{
    size_t i, at;
    record r;
    mcp_rc rc;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (at = 0; at <= rows[i].len + 1; at++) {
            rc = at <= rows[i].len ? run(rows[i].text, rows[i].len, at, rows[i].len + 1, &r) : run(rows[i].text, rows[i].len, 0, 1, &r);
            if (rc != rows[i].rc) fail_msg("%s, cut at %zu: %s", rows[i].what, at, mcp_error_of(rc)->name);
            if (r.out_len != rows[i].out_len || memcmp(r.out, rows[i].out, r.out_len)) fail_msg("%s, cut at %zu: out %s", rows[i].what, at, r.out);
            if (strcmp(r.seen, rows[i].seen)) fail_msg("%s, cut at %zu: judged %s", rows[i].what, at, r.seen);
        }
        apr_pool_clear(pool);
    }
}

static mcp_sse *begin(record *r)
{
    memset(r, 0, sizeof *r);
    return mcp_sse_begin(mcp_ctx_create(pool), MAX_EVENT, judge, out, r);
}

static void say(mcp_sse *sse, const char *text)
{
    assert_int_equal(feed(sse, text, strlen(text)), MCP_OK);
}

/* A reader waits for each of these. */
static void what_is_whole_leaves_at_once(void **state)
{
    record r;
    mcp_sse *sse = begin(&r);

    (void)state;
    say(sse, "data: a\r\n\r");
    assert_string_equal(r.out, "data: a\r\n\r");
    say(sse, "\n");
    assert_string_equal(r.out, "data: a\r\n\r\n");
    say(sse, ": alive\n");
    assert_string_equal(r.out, "data: a\r\n\r\n: alive\n");
    say(sse, "\n");
    assert_string_equal(r.out, "data: a\r\n\r\n: alive\n\n");
    say(sse, "id: 1\ndata: b\n");
    assert_string_equal(r.out, "data: a\r\n\r\n: alive\n\n");
    say(sse, "\nda");
    assert_string_equal(r.out, "data: a\r\n\r\n: alive\n\nid: 1\ndata: b\n\n");
    assert_int_equal(mcp_sse_end(sse), MCP_OK);
    assert_string_equal(r.out, "data: a\r\n\r\n: alive\n\nid: 1\ndata: b\n\nda");
}

static void kept_events_leave_together(void **state)
{
    record r;
    mcp_sse *sse = begin(&r);

    (void)state;
    say(sse, "\ndata: a\n\n: c\r\ndata: b\r\n\r\ndata: c\n\nid: 1");
    assert_int_equal(r.calls, 1);
    assert_string_equal(r.out, "\ndata: a\n\n: c\r\ndata: b\r\n\r\ndata: c\n\n");
}

static void a_failure_stays(void **state)
{
    record r;
    mcp_sse *sse = begin(&r);

    (void)state;
    assert_int_equal(feed(sse, "data: fail\n\n", 12), MCP_FORBIDDEN);
    assert_int_equal(feed(sse, "data: a\n\n", 9), MCP_FORBIDDEN);
    assert_int_equal(mcp_sse_end(sse), MCP_FORBIDDEN);
    assert_string_equal(r.seen, "[fail]");
    assert_string_equal(r.out, "");
}

static void a_way_out_that_is_closed_ends_the_stream(void **state)
{
    static const char *const texts[] = { "data: a\n\n", "data: swap\n\n", ": c\n", "\n", "\xef\xbb\xbf", "data: a\n\ndata: fail\n\n" };
    mcp_sse *sse;
    record r;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof texts / sizeof *texts; i++) {
        sse = begin(&r);
        r.refuse = MCP_UNAVAILABLE;
        assert_int_equal(feed(sse, texts[i], strlen(texts[i])), MCP_UNAVAILABLE);
        r.refuse = MCP_OK;
        assert_int_equal(feed(sse, "data: b\n\n", 9), MCP_UNAVAILABLE);
        assert_int_equal(mcp_sse_end(sse), MCP_UNAVAILABLE);
        assert_string_equal(r.out, "");
    }
}

static void a_refused_line_is_named(void **state)
{
    mcp_ctx *ctx = mcp_ctx_create(pool);
    record r;
    mcp_sse *sse = mcp_sse_begin(ctx, MAX_EVENT, judge, out, &r);

    (void)state;
    memset(&r, 0, sizeof r);
    assert_int_equal(feed(sse, "DATA: x\n", 8), MCP_OK);
    assert_int_equal(feed(sse, "\n", 1), MCP_AMBIGUOUS);
    assert_int_equal(ctx->rc, MCP_AMBIGUOUS);
    assert_non_null(strstr(ctx->detail, "readers"));
}

/* ---- hours ---- */

typedef struct { size_t events, bytes; } tally;

static mcp_rc judge_many(void *baton, apr_pool_t *scratch, const char *data, size_t len, const char **instead, size_t *instead_len)
{
    char *fresh = apr_palloc(scratch, len);

    ((tally *)baton)->events++;
    memcpy(fresh, data, len);
    *instead = fresh;
    *instead_len = len;
    return MCP_OK;
}

static mcp_rc out_many(void *baton, const char *bytes, size_t len)
{
    (void)bytes;
    ((tally *)baton)->bytes += len;
    return MCP_OK;
}

static long resident_kb(void)
{
    struct rusage use;

    assert_int_equal(getrusage(RUSAGE_SELF, &use), 0);
    return use.ru_maxrss;
}

enum { LINE = 5000, TIMES = 20000, LEN = 2 * (LINE + 7) + 1 };

/* 200 MB pass, each event cut somewhere or none. */
static void pass_many(mcp_sse *sse, int cut)
{
    static char event[LEN + 1];
    long kb = 0;
    int i, at;

    sprintf(event, "data: %0*d\ndata: %0*d\n\n", (int)LINE, 0, (int)LINE, 0);
    for (i = 0; i < TIMES; i++) {
        if (i == 100) kb = resident_kb();
        at = cut ? 1 + i % (LEN - 1) : 0;
        if (mcp_sse_feed(sse, event, (size_t)at) || mcp_sse_feed(sse, event + at, (size_t)(LEN - at))) fail_msg("event %d", i);
    }
    assert_true(resident_kb() - kb < 4096);
}

/* The context's own pool gives nothing, and those below it take no more after the last event than after the first. */
static void memory_does_not_grow_with_events(void **state)
{
    const char *before, *after;
    tally t = { 0, 0 };
    apr_pool_t *own;
    mcp_sse *sse;

    (void)state;
    assert_int_equal(apr_pool_create(&own, pool), 0);
    sse = mcp_sse_begin(mcp_ctx_create(own), 1 << 20, judge_many, out_many, &t);
    before = apr_palloc(own, 8);
    pass_many(sse, 1);
    pass_many(sse, 0);
    after = apr_palloc(own, 8);
    assert_ptr_equal(before + 8, after);
    assert_int_equal(t.events, 2 * TIMES);
    assert_int_equal(t.bytes, (size_t)2 * TIMES * LEN);
}

/* Lines that end in CR, in one large piece without any LF, take no longer than others. */
static void time_is_linear(void **state)
{
    enum { MANY = 4 << 20 };
    char *text = malloc(MANY);
    tally t = { 0, 0 };
    mcp_sse *sse = mcp_sse_begin(mcp_ctx_create(pool), MANY, judge_many, out_many, &t);
    size_t i;

    (void)state;
    assert_non_null(text);
    for (i = 0; i < MANY; i++) text[i] = i & 1 ? '\r' : 'x';
    assert_int_equal(mcp_sse_feed(sse, text, MANY), MCP_OK);
    assert_int_equal(mcp_sse_end(sse), MCP_OK);
    assert_int_equal(t.bytes, MANY);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(splits_change_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_whole_leaves_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(kept_events_leave_together, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failure_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(a_way_out_that_is_closed_ends_the_stream, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_line_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_does_not_grow_with_events, setup, teardown),
        cmocka_unit_test_setup_teardown(time_is_linear, setup, teardown),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
