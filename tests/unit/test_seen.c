/* Threats: a token is believed for another audience, another house, after its time or by keys that are gone; a crowd of tokens
 * eats the memory; a thread reads what another one has freed. */
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include "mcp/seen.h"
#include "token_fixture.h"

#define AUD "https://mcp.example/mcp"
#define NOW 1700000000
#define CLAIMS_TEXT "{\"sub\":\"alice\"}"
#define TEXT CLAIMS_TEXT, sizeof CLAIMS_TEXT - 1

enum { LIFE = 300, LEEWAY = 5, CROWD = 1000000, THREADS = 4, TURNS = 50000 };

static mcp_seen *seen;

static void open_seen(int entries, size_t bytes)
{
    mcp_seen_caps caps = { entries, bytes, LIFE, LEEWAY };

    judge("create", mcp_seen_create(ctx, ctx->pool, &caps, &seen), MCP_OK, NULL);
}

static int start(void **state)
{
    if (begin(state)) return -1;
    ctx->now = apr_time_from_sec(NOW);
    open_seen(64, 0);
    return 0;
}

static json_t *claims(void)
{
    return mcp_json_own(ctx->pool, json_pack("{s:s,s:{s:[s,i,f,b,n]}}", "sub", "alice", "deep", "list", "text", 7, 1.5, 1, NULL));
}

static mcp_token token(apr_int64_t exp)
{
    mcp_token t = { "alice", "client", "a b", "id", exp, claims(), TEXT };

    return t;
}

static mcp_seen_key key_of(const char *text)
{
    mcp_seen_key key = { text, strlen(text), AUD, 1, 1 };

    return key;
}

static void keep(const char *text, apr_int64_t exp)
{
    mcp_seen_key key = key_of(text);
    mcp_token t = token(exp);

    mcp_seen_keep(ctx, seen, &key, &t);
}

static int finds(mcp_seen_key key)
{
    mcp_token t;

    return mcp_seen_find(ctx, seen, &key, &t);
}

/* ---- what is found ---- */

static void a_kept_token_is_found_whole(void **state)
{
    mcp_seen_key key = key_of("token");
    mcp_token t;

    (void)state;
    assert_int_equal(mcp_seen_find(ctx, seen, &key, &t), 0);
    keep("token", NOW + 60);
    assert_int_equal(mcp_seen_find(ctx, seen, &key, &t), 1);
    assert_string_equal(t.sub, "alice");
    assert_string_equal(t.client_id, "client");
    assert_string_equal(t.scope, "a b");
    assert_string_equal(t.jti, "id");
    assert_true(t.exp == NOW + 60);
    assert_true(json_equal(t.claims, claims()));
    assert_int_equal(t.claims_len, strlen(CLAIMS_TEXT));
    assert_string_equal(t.claims_text, CLAIMS_TEXT);
}

#define T64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LONG T64 "head.middle.tail" T64

static const struct {
    const char *name, *text, *audience;
    apr_uint64_t realm, generation;
    int found;
} key_rows[] = {
    { "the same", LONG, AUD, 1, 1, 1 },
    { "other first byte", "1" "123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" "head.middle.tail" T64, AUD, 1, 1, 0 },
    { "other byte in the middle", T64 "head.muddle.tail" T64, AUD, 1, 1, 0 },
    { "other last byte", T64 "head.middle.tail" "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeX", AUD, 1, 1, 0 },
    { "shorter", T64 "head.middle.tai" T64, AUD, 1, 1, 0 },
    { "longer", LONG "0", AUD, 1, 1, 0 },
    { "nothing", "", AUD, 1, 1, 0 },
    { "other audience", LONG, AUD "/", 1, 1, 0 },
    { "no audience", LONG, "", 1, 1, 0 },
    { "other realm", LONG, AUD, 2, 1, 0 },
    { "other keys", LONG, AUD, 1, 2, 0 }
};

static void every_part_of_the_key_counts(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(key_rows); i++) {
        mcp_seen_key key = { key_rows[i].text, strlen(key_rows[i].text), key_rows[i].audience, key_rows[i].realm, key_rows[i].generation };
        open_seen(64, 0);
        keep(LONG, NOW + 60);
        if (finds(key) != key_rows[i].found) fail_msg("%s", key_rows[i].name);
    }
}

static void tokens_of_any_length(void **state)
{
    char *text = apr_palloc(ctx->pool, 300);
    size_t len;

    (void)state;
    memset(text, 'a', 300);
    for (len = 0; len < 300; len++) {
        mcp_seen_key key = { text, len, AUD, 1, 1 };
        mcp_token t = token(NOW + 60);
        assert_int_equal(finds(key), 0);
        mcp_seen_keep(ctx, seen, &key, &t);
        assert_int_equal(finds(key), 1);
        if (!len) continue;
        text[len - 1] = 'b';
        assert_int_equal(finds(key), 0);
        text[len - 1] = 'a';
    }
}

/* Once other keys were seen, the old generation does not come back: the entry is gone. */
static void other_keys_empty_the_place(void **state)
{
    mcp_seen_key key = key_of("token");

    (void)state;
    keep("token", NOW + 60);
    key.generation = 2;
    assert_int_equal(finds(key), 0);
    assert_int_equal(mcp_seen_count(seen).entries, 0);
    assert_true(mcp_seen_count(seen).bytes == 0);
    assert_int_equal(finds(key_of("token")), 0);
}

static const struct {
    const char *name;
    apr_int64_t exp, later;
    int found;
} time_rows[] = {
    { "at once", NOW + 60, 0, 1 },
    { "before exp", NOW + 60, 59, 1 },
    { "within the leeway", NOW + 60, 60 + LEEWAY - 1, 1 },
    { "expired", NOW + 60, 60 + LEEWAY, 0 },
    { "last second of its life here", NOW + 9999, LIFE - 1, 1 },
    { "life over", NOW + 9999, LIFE, 0 },
    { "expired when it came", NOW - LEEWAY, 0, 0 },
    { "far exp", 1LL << 53, LIFE - 1, 1 }
};

static void nothing_outlives_its_time(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(time_rows); i++) {
        ctx->now = apr_time_from_sec(NOW);
        open_seen(64, 0);
        keep("token", time_rows[i].exp);
        ctx->now = apr_time_from_sec(NOW + time_rows[i].later);
        if (finds(key_of("token")) != time_rows[i].found) fail_msg("%s", time_rows[i].name);
    }
}

static void hits_do_not_prolong(void **state)
{
    int i;

    (void)state;
    keep("token", NOW + 9999);
    for (i = 0; i < LIFE; i += 50) {
        ctx->now = apr_time_from_sec(NOW + i);
        assert_int_equal(finds(key_of("token")), 1);
    }
    ctx->now = apr_time_from_sec(NOW + LIFE);
    assert_int_equal(finds(key_of("token")), 0);
}

static void the_later_one_replaces(void **state)
{
    mcp_seen_key key = key_of("token");
    mcp_token t = token(NOW + 60), out;

    (void)state;
    keep("token", NOW + 10);
    t.sub = "bob";
    mcp_seen_keep(ctx, seen, &key, &t);
    assert_int_equal(mcp_seen_find(ctx, seen, &key, &out), 1);
    assert_string_equal(out.sub, "bob");
    assert_int_equal(mcp_seen_count(seen).entries, 1);
}

static void what_is_forgotten_is_not_found(void **state)
{
    mcp_seen_key key = key_of("token"), other = key_of("other");

    (void)state;
    keep("token", NOW + 60);
    keep("other", NOW + 60);
    mcp_seen_forget(seen, &key);
    mcp_seen_forget(seen, &key);
    assert_int_equal(finds(key), 0);
    assert_int_equal(finds(other), 1);
}

static void a_token_may_come_without_claims(void **state)
{
    mcp_seen_key key = key_of("token");
    mcp_token t = { "", "", "", "", NOW + 60, NULL, NULL, 0 }, out = token(1);

    (void)state;
    mcp_seen_keep(ctx, seen, &key, &t);
    assert_int_equal(mcp_seen_find(ctx, seen, &key, &out), 1);
    assert_null(out.claims);
    assert_int_equal(out.claims_len, 0);
    assert_string_equal(out.sub, "");
}

static void figures_count(void **state)
{
    mcp_seen_figures f;

    (void)state;
    keep("token", NOW + 60);
    finds(key_of("token"));
    finds(key_of("token"));
    finds(key_of("other"));
    f = mcp_seen_count(seen);
    assert_int_equal(f.entries, 1);
    assert_true(f.bytes > 500);
    assert_true(f.hits == 2 && f.misses == 1);
}

/* ---- who owns what ---- */

/* What a request found stays readable while others drop it, and when the cache itself goes. */
static void a_lease_outlives_the_entry(void **state)
{
    mcp_seen_caps caps = { 0, 0, LIFE, LEEWAY };
    apr_pool_t *house, *request;
    mcp_seen_key key = key_of("token");
    mcp_ctx *inside;
    mcp_token out;

    (void)state;
    assert_int_equal(apr_pool_create(&house, NULL), 0);
    assert_int_equal(apr_pool_create(&request, NULL), 0);
    inside = mcp_ctx_create(request);
    inside->now = ctx->now;
    assert_int_equal(mcp_seen_create(ctx, house, &caps, &seen), MCP_OK);
    keep("token", NOW + 60);
    assert_int_equal(mcp_seen_find(inside, seen, &key, &out), 1);
    mcp_seen_forget(seen, &key);
    assert_true(json_equal(out.claims, claims()));
    keep("token", NOW + 60);
    assert_int_equal(mcp_seen_find(inside, seen, &key, &out), 1);
    apr_pool_destroy(house);
    assert_true(json_equal(out.claims, claims()));
    assert_string_equal(out.scope, "a b");
    apr_pool_destroy(request);
}

/* The request that verified may end first. */
static void an_entry_outlives_its_request(void **state)
{
    mcp_seen_key key = key_of("token");
    mcp_ctx *house = ctx;
    mcp_token out;

    (void)state;
    assert_int_equal(begin(NULL), 0);
    ctx->now = house->now;
    keep("token", NOW + 60);
    end(NULL);
    ctx = house;
    assert_int_equal(mcp_seen_find(ctx, seen, &key, &out), 1);
    assert_true(json_equal(out.claims, claims()));
}

/* ---- bounds ---- */

static size_t heap(void)
{
    return mallinfo2().uordblks;
}

/* Tokens that come once and never again. */
static void crowd(int n, json_t *tree)
{
    mcp_token t = { "alice", "client", "a b", "id", NOW + 60, tree, TEXT };
    char text[1000];
    int i;

    memset(text, 'x', sizeof text);
    for (i = 0; i < n; i++) {
        mcp_seen_key key = { text, (size_t)(200 + i % 800), AUD, 1, 1 };
        memcpy(text, &i, sizeof i);
        mcp_seen_keep(ctx, seen, &key, &t);
    }
}

static int measures_heap(void)
{
    size_t before = heap();
    void *volatile some = malloc(100000);
    int grew = heap() >= before + 100000;

    free(some);
    return grew;
}

static void a_crowd_does_not_grow_it(void **state)
{
    size_t bytes = 2 * 1024 * 1024, before = heap();
    json_t *tree = claims();
    mcp_seen_figures f;

    (void)state;
    open_seen(4096, bytes);
    crowd(CROWD, tree);
    f = mcp_seen_count(seen);
    assert_true(f.bytes <= bytes);
    assert_true(f.bytes > bytes / 2);
    assert_in_range(f.entries, 1, 4096);
    if (measures_heap()) assert_true(heap() - before <= bytes + 1024 * 1024);     /* the slots, and what the pool takes */
}

static void entries_are_bounded(void **state)
{
    (void)state;
    open_seen(100, 0);
    crowd(10000, claims());
    assert_in_range(mcp_seen_count(seen).entries, 60, 64);
    open_seen(1, 0);
    crowd(100, claims());
    assert_int_equal(mcp_seen_count(seen).entries, 8);
}

static void what_is_used_stays(void **state)
{
    int i;

    (void)state;
    open_seen(8, 0);
    keep("favourite", NOW + 60);
    for (i = 0; i < 1000; i++) {
        keep(apr_psprintf(ctx->pool, "token %d", i), NOW + 60);
        assert_int_equal(finds(key_of("favourite")), 1);
    }
    open_seen(64, 64 * 1024);
    keep("favourite", NOW + 60);
    for (i = 0; i < 1000; i++) {
        keep(apr_psprintf(ctx->pool, "token %d", i), NOW + 60);
        assert_int_equal(finds(key_of("favourite")), 1);
    }
}

static void an_expired_one_leaves_first(void **state)
{
    int i;

    (void)state;
    open_seen(8, 0);
    keep("short", NOW + 1);
    for (i = 0; i < 7; i++) keep(apr_psprintf(ctx->pool, "token %d", i), NOW + 60);
    ctx->now = apr_time_from_sec(NOW + 30);
    keep("new", NOW + 60);
    for (i = 0; i < 7; i++) assert_int_equal(finds(key_of(apr_psprintf(ctx->pool, "token %d", i))), 1);
    assert_int_equal(finds(key_of("new")), 1);
}

static json_t *array_of(int n)
{
    json_t *list = json_array();

    while (n--) json_array_append_new(list, json_integer(n));
    return mcp_json_own(ctx->pool, list);
}

static json_t *object_of(int n)
{
    json_t *object = json_object();

    while (n--) json_object_set_new(object, apr_psprintf(ctx->pool, "a name of middle length %d", n), json_string("and its value"));
    return mcp_json_own(ctx->pool, object);
}

static json_t *nested(int depth)
{
    json_t *value = json_object();

    while (depth--) value = json_pack("{s:[o,{}]}", "a", value);
    return mcp_json_own(ctx->pool, value);
}

/* What jansson holds of the heap, chunk heads included. */
static atomic_size_t counted;

typedef union {
    size_t chunk;
    max_align_t aligned;
} head;

static void *counting_malloc(size_t n)
{
    head *h = malloc(sizeof *h + n);

    if (!h) return NULL;
    h->chunk = (n + 8 + 15) & ~(size_t)15;
    if (h->chunk < 32) h->chunk = 32;
    counted += h->chunk;
    return h + 1;
}

static void counting_free(void *at)
{
    head *h = at;

    if (!h--) return;
    counted -= h->chunk;
    free(h);
}

static size_t weight_with(const json_t *tree)
{
    mcp_token t = { "alice", "client", "a b", "id", NOW + 60, tree, TEXT };
    mcp_seen_key key = key_of(LONG);

    open_seen(64, 0);
    mcp_seen_keep(ctx, seen, &key, &t);
    assert_int_equal(mcp_seen_count(seen).entries, 1);
    return mcp_seen_count(seen).bytes;
}

/* Claims are said to weigh no less than they do, and not twice as much. */
static void nothing_weighs_too_little(void **state)
{
    json_t *trees[] = { object_of(0), object_of(1), object_of(7), object_of(8), object_of(9), object_of(17), object_of(100),
                        array_of(1), array_of(9), array_of(65), array_of(500), nested(3), nested(10), claims() };
    size_t i, bare = weight_with(NULL), before, said, held;

    (void)state;
    for (i = 0; i < ROWS(trees); i++) {
        before = counted;
        said = weight_with(trees[i]) - bare;
        held = counted - before;
        if (said < held || said > 2 * held) fail_msg("row %d: %d bytes, said %d", (int)i, (int)held, (int)said);
    }
}

static void what_is_too_large_is_not_kept(void **state)
{
    mcp_token small = { "alice", "client", "a b", "id", NOW + 60, array_of(400), TEXT };
    mcp_token large = { "alice", "client", "a b", "id", NOW + 60, array_of(1000), TEXT };
    mcp_seen_key key = key_of("token");

    (void)state;
    mcp_seen_keep(ctx, seen, &key, &large);
    assert_int_equal(finds(key), 0);
    mcp_seen_keep(ctx, seen, &key, &small);
    assert_int_equal(finds(key), 1);
    open_seen(64, 64 * 1024);       /* a quarter of it is less */
    mcp_seen_keep(ctx, seen, &key, &small);
    assert_int_equal(finds(key), 0);
    keep("token", NOW + 60);
    assert_int_equal(finds(key), 1);
}

/* ---- many at once ---- */

static const json_t *shared_claims;

static mcp_ctx *own_context(void)
{
    apr_pool_t *p;
    mcp_ctx *own;

    if (apr_pool_create(&p, NULL)) abort();
    own = mcp_ctx_create(p);
    own->now = apr_time_from_sec(NOW);
    return own;
}

/* Each request finds, reads and keeps; 1 if what it found was not what was kept. */
static int one_request(int i)
{
    mcp_ctx *own = own_context();
    char text[32];
    int len = snprintf(text, sizeof text, "token %d", i % 40), bad = 0;
    mcp_seen_key key = { text, (size_t)len, AUD, 1, 1 };
    mcp_token t = { text, "client", "a b", "id", NOW + 60, shared_claims, TEXT }, out;

    if (!mcp_seen_find(own, seen, &key, &out)) mcp_seen_keep(own, seen, &key, &t);
    else bad = strcmp(out.sub, text) || !json_equal(out.claims, shared_claims);
    if (i % 7 == 0) mcp_seen_forget(seen, &key);
    if (i % 11 == 0) mcp_seen_count(seen);
    apr_pool_destroy(own->pool);
    return bad;
}

static void *requests(void *baton)
{
    int *bad = baton, i, at = *bad;

    *bad = 0;
    for (i = 0; i < TURNS; i++) *bad += one_request(at + i * 17);
    return NULL;
}

static void threads_share_it(void **state)
{
    pthread_t threads[THREADS];
    int bad[THREADS], i;

    (void)state;
    shared_claims = claims();
    open_seen(32, 0);       /* less than there are tokens: they push each other out */
    for (i = 0; i < THREADS; i++) {
        bad[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, requests, &bad[i]), 0);
    }
    for (i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (i = 0; i < THREADS; i++) assert_int_equal(bad[i], 0);
    assert_in_range(mcp_seen_count(seen).entries, 1, 32);
    assert_true(mcp_seen_count(seen).hits > 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_kept_token_is_found_whole), TEST(every_part_of_the_key_counts), TEST(tokens_of_any_length), TEST(other_keys_empty_the_place),
        TEST(nothing_outlives_its_time), TEST(hits_do_not_prolong), TEST(the_later_one_replaces), TEST(what_is_forgotten_is_not_found),
        TEST(a_token_may_come_without_claims), TEST(figures_count),
        TEST(a_lease_outlives_the_entry), TEST(an_entry_outlives_its_request),
        TEST(a_crowd_does_not_grow_it), TEST(entries_are_bounded), TEST(what_is_used_stays), TEST(an_expired_one_leaves_first),
        TEST(nothing_weighs_too_little), TEST(what_is_too_large_is_not_kept), TEST(threads_share_it)
    };
    int failed;

    apr_initialize();
    json_set_alloc_funcs(counting_malloc, counting_free);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
