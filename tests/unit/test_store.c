/* One contract, two drivers: every test of the first list runs on both. What is at stake: a code, a refresh token
 * or a token identifier that two callers get; a counter that forgets; a store in trouble that looks like an empty one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/store.h"

enum { CONTENDERS = 64, COUNTS = 50, THREADS = 8, KILLS = 200, BIG = 1024 * 1024 };

static const char *spec;        /* of the driver under test */
static int is_memcache;
static mcp_ctx *ctx;
static mcp_store *store;

/* ---- the surroundings ---- */

static char folder[64];

typedef struct {
    pid_t pid;
    int port;
} server;
static server one, two;

static int free_port(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    int s = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(s, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(s, (struct sockaddr *)&a, &len), 0);
    close(s);
    return ntohs(a.sin_port);
}

static int listens(int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int s = socket(AF_INET, SOCK_STREAM, 0), there = !connect(s, (struct sockaddr *)&a, sizeof a);

    close(s);
    return there;
}

static void start(server *s)
{
    char port[8];
    int i;

    snprintf(port, sizeof port, "%d", s->port);
    s->pid = fork();
    if (!s->pid) {
        execlp("memcached", "memcached", "-l", "127.0.0.1", "-p", port, "-U", "0", "-u", "nobody", "-t", "2", (char *)NULL);
        _exit(127);
    }
    for (i = 0; i < 500 && !listens(s->port); i++) usleep(10000);
    assert_true(listens(s->port));
}

static void stop(server *s)
{
    if (s->pid <= 0) return;
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    s->pid = 0;
}

static void make_folder(void)
{
    /* A kill leaves the page cache alone, so a folder in memory proves as much and spares thousands of fsyncs. */
    snprintf(folder, sizeof folder, "%s/mcp-store-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    assert_non_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

static mcp_ctx *new_ctx(apr_pool_t *parent)
{
    apr_pool_t *p;

    assert_int_equal(apr_pool_create(&p, parent), 0);
    return mcp_ctx_create(p);
}

static int open_lmdb(void **state)
{
    static char text[96];

    (void)state;
    make_folder();
    snprintf(text, sizeof text, "lmdb:%s", folder);
    spec = text;
    is_memcache = 0;
    return 0;
}

static int close_lmdb(void **state)
{
    (void)state;
    remove_folder();
    return 0;
}

static int open_memcache(void **state)
{
    static char text[96];

    (void)state;
    one.port = free_port();
    start(&one);
    do two.port = free_port(); while (two.port == one.port);
    snprintf(text, sizeof text, "memcache:127.0.0.1:%d", one.port);
    spec = text;
    is_memcache = 1;
    return 0;
}

static int close_memcache(void **state)
{
    (void)state;
    stop(&one);
    stop(&two);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    ctx = new_ctx(NULL);
    return mcp_store_open(ctx, ctx->pool, spec, THREADS, &store) ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    apr_pool_destroy(ctx->pool);
    return 0;
}

/* Lets time pass: LMDB believes the context, memcached its own clock, whose second may be almost over or just begun. */
static void pass(unsigned seconds)
{
    ctx->now += apr_time_from_sec(seconds);
    if (is_memcache) usleep(seconds * 1000000 + 1100000);
}

static void assert_value(const char *kind, const char *id, const char *expected, size_t expected_len)
{
    const char *value;
    size_t len;

    assert_int_equal(mcp_store_get(ctx, store, kind, id, &value, &len), MCP_OK);
    assert_int_equal(len, expected_len);
    assert_memory_equal(value, expected, len);
    assert_int_equal(value[len], 0);
}

static void assert_absent(const char *kind, const char *id)
{
    const char *value;
    size_t len;

    assert_int_equal(mcp_store_get(ctx, store, kind, id, &value, &len), MCP_ABSENT);
}

static void put(const char *kind, const char *id, const char *value, apr_uint32_t life)
{
    assert_int_equal(mcp_store_put(ctx, store, kind, id, value, strlen(value), life), MCP_OK);
}

/* ---- the contract, one caller ---- */

static void absence_is_no_failure(void **state)
{
    (void)state;
    assert_absent("code", "never written");
    assert_int_equal(ctx->rc, MCP_OK);
    assert_int_equal(mcp_store_remove(ctx, store, "code", "never written"), MCP_OK);
}

static void put_replaces(void **state)
{
    (void)state;
    put("client", "put", "first", 60);
    assert_value("client", "put", "first", 5);
    put("client", "put", "2", 60);
    assert_value("client", "put", "2", 1);
}

static void add_writes_only_what_is_absent(void **state)
{
    (void)state;
    assert_int_equal(mcp_store_add(ctx, store, "jti", "add", "mine", 4, 60), MCP_OK);
    assert_int_equal(mcp_store_add(ctx, store, "jti", "add", "yours", 5, 60), MCP_EXISTS);
    assert_value("jti", "add", "mine", 4);
    assert_int_equal(mcp_store_remove(ctx, store, "jti", "add"), MCP_OK);
    assert_absent("jti", "add");
    assert_int_equal(mcp_store_add(ctx, store, "jti", "add", "yours", 5, 60), MCP_OK);
}

static void take_gets_once(void **state)
{
    const char *value;
    size_t len;

    (void)state;
    put("code", "take", "grant", 60);
    assert_int_equal(mcp_store_take(ctx, store, "code", "take", &value, &len), MCP_OK);
    assert_int_equal(len, 5);
    assert_string_equal(value, "grant");
    assert_int_equal(mcp_store_take(ctx, store, "code", "take", &value, &len), MCP_ABSENT);
    assert_absent("code", "take");
}

static void count_counts(void **state)
{
    apr_uint32_t n, i;

    (void)state;
    for (i = 1; i <= 12; i++) {
        assert_int_equal(mcp_store_count(ctx, store, "rate", "10.0.0.1", 3600, &n), MCP_OK);
        assert_int_equal(n, i);
    }
    assert_int_equal(mcp_store_count(ctx, store, "rate", "10.0.0.2", 3600, &n), MCP_OK);
    assert_int_equal(n, 1);
}

static void a_new_window_starts_again(void **state)
{
    apr_uint32_t n;

    (void)state;
    assert_int_equal(mcp_store_count(ctx, store, "rate", "window", 10, &n), MCP_OK);
    ctx->now += apr_time_from_sec(10);
    assert_int_equal(mcp_store_count(ctx, store, "rate", "window", 10, &n), MCP_OK);
    assert_int_equal(n, 1);
    assert_int_equal(mcp_store_count(ctx, store, "rate", "window", 10, &n), MCP_OK);
    assert_int_equal(n, 2);
}

static void values_are_bytes(void **state)
{
    char *big = apr_palloc(ctx->pool, BIG);

    (void)state;
    assert_int_equal(mcp_store_put(ctx, store, "client", "nul", "a\0\r\nEND\r\n\xff", 11, 60), MCP_OK);
    assert_value("client", "nul", "a\0\r\nEND\r\n\xff", 11);
    assert_int_equal(mcp_store_put(ctx, store, "client", "empty", "", 0, 60), MCP_OK);
    assert_value("client", "empty", "", 0);
    memset(big, 'b', BIG);
    assert_int_equal(mcp_store_put(ctx, store, "client", "largest", big, MCP_STORE_VALUE_MAX, 60), MCP_OK);
    assert_value("client", "largest", big, MCP_STORE_VALUE_MAX);
    assert_int_equal(mcp_store_put(ctx, store, "client", "larger", big, MCP_STORE_VALUE_MAX + 1, 60), MCP_TOO_LARGE);
    assert_int_equal(mcp_store_put(ctx, store, "client", "1 MB", big, BIG, 60), MCP_TOO_LARGE);
    assert_int_equal(mcp_store_add(ctx, store, "client", "1 MB", big, BIG, 60), MCP_TOO_LARGE);
    assert_absent("client", "1 MB");
}

/* memcached would take a line break in a key for the end of the command. */
static void ids_are_any_bytes(void **state)
{
    static const char *const ids[] = { "", " ", "a b", "a\r\nflush_all\r\n", "\xff\x01", "A", "a" };
    char *very_long = apr_palloc(ctx->pool, 5001), text[8];
    size_t i;

    (void)state;
    memset(very_long, 'i', 5000);
    very_long[5000] = '\0';
    put("client", very_long, "long", 60);
    for (i = 0; i < sizeof ids / sizeof *ids; i++) {
        snprintf(text, sizeof text, "v%u", (unsigned)i);
        put("client", ids[i], text, 60);
    }
    for (i = 0; i < sizeof ids / sizeof *ids; i++) {
        snprintf(text, sizeof text, "v%u", (unsigned)i);
        assert_value("client", ids[i], text, 2);
    }
    assert_value("client", very_long, "long", 4);
}

/* Otherwise a client could choose an id that reads a record of another kind. */
static void kinds_are_apart(void **state)
{
    (void)state;
    put("ab", "c", "1", 60);
    assert_absent("a", "bc");
    assert_absent("abc", "");
    put("code", "same", "code", 60);
    put("refresh", "same", "refresh", 60);
    assert_value("code", "same", "code", 4);
}

static void a_record_needs_a_life(void **state)
{
    apr_uint32_t n;

    (void)state;
    assert_int_equal(mcp_store_put(ctx, store, "client", "lifeless", "x", 1, 0), MCP_INTERNAL);
    assert_int_equal(mcp_store_add(ctx, store, "client", "lifeless", "x", 1, 0), MCP_INTERNAL);
    assert_int_equal(mcp_store_count(ctx, store, "rate", "lifeless", 0, &n), MCP_INTERNAL);
    assert_absent("client", "lifeless");
}

/* memcached reads more than 30 days as a date, and dates behind 2038 not at all. */
static void long_lives_are_lives(void **state)
{
    static const apr_uint32_t lives[] = { 30 * 86400 - 1, 30 * 86400, 30 * 86400 + 1, 366 * 86400, INT32_MAX, UINT32_MAX };
    char id[16];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof lives / sizeof *lives; i++) {
        snprintf(id, sizeof id, "life %u", (unsigned)i);
        put("client", id, "x", lives[i]);
        assert_value("client", id, "x", 1);
    }
}

static void what_has_expired_is_absent(void **state)
{
    const char *value;
    apr_uint32_t n;
    size_t len;

    (void)state;
    put("code", "short", "x", 1);
    put("code", "taken late", "x", 1);
    put("code", "added again", "x", 1);
    put("code", "prolonged", "x", 1);
    put("code", "prolonged", "y", 60);
    put("code", "lasting", "x", 60);
    assert_int_equal(mcp_store_count(ctx, store, "rate", "short", 1, &n), MCP_OK);
    assert_value("code", "short", "x", 1);
    pass(1);
    assert_absent("code", "short");
    assert_int_equal(mcp_store_take(ctx, store, "code", "taken late", &value, &len), MCP_ABSENT);
    assert_int_equal(mcp_store_add(ctx, store, "code", "added again", "new", 3, 60), MCP_OK);
    assert_int_equal(mcp_store_count(ctx, store, "rate", "short", 1, &n), MCP_OK);
    assert_int_equal(n, 1);
    assert_value("code", "added again", "new", 3);
    assert_value("code", "prolonged", "y", 1);
    assert_value("code", "lasting", "x", 1);
}

/* ---- the contract, many callers ---- */

typedef int contender(mcp_ctx *mine, mcp_store *store, int report);

/* Forked from a process that has the store open, as httpd's children are from theirs. */
static int contend(contender *run, int gate, int report)
{
    mcp_ctx *mine = new_ctx(NULL);
    mcp_store *its;
    int end;
    char go;

    mine->now = ctx->now;
    if (mcp_store_open(mine, mine->pool, spec, 1, &its)) return 9;
    if (read(gate, &go, 1) != 0) return 9;
    end = run(mine, its, report);
    if (end == 9) fprintf(stderr, "a contender failed: %s\n", mine->detail);
    return end;
}

/* Runs all at once; ends[code] counts how they ended. */
static void race(contender *run, int report, int ends[10])
{
    pid_t pids[CONTENDERS];
    int gate[2], status, i;

    memset(ends, 0, 10 * sizeof *ends);
    assert_int_equal(pipe(gate), 0);
    for (i = 0; i < CONTENDERS; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (!pids[i]) {
            close(gate[1]);
            _exit(contend(run, gate[0], report));
        }
    }
    close(gate[0]);
    close(gate[1]);
    for (i = 0; i < CONTENDERS; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 10);
        ends[WEXITSTATUS(status)]++;
    }
}

static int add_one(mcp_ctx *mine, mcp_store *its, int report)
{
    mcp_rc rc = mcp_store_add(mine, its, "jti", "raced", "x", 1, 60);

    (void)report;
    return rc == MCP_OK ? 0 : rc == MCP_EXISTS ? 1 : 9;
}

static void one_of_many_adds(void **state)
{
    int ends[10];

    (void)state;
    race(add_one, -1, ends);
    assert_int_equal(ends[0], 1);
    assert_int_equal(ends[1], CONTENDERS - 1);
}

static int take_one(mcp_ctx *mine, mcp_store *its, int report)
{
    const char *value;
    size_t len;
    mcp_rc rc = mcp_store_take(mine, its, "code", "raced", &value, &len);

    (void)report;
    return rc == MCP_OK && len == 5 && !strcmp(value, "grant") ? 0 : rc == MCP_ABSENT ? 1 : 9;
}

static void one_of_many_takes(void **state)
{
    int ends[10];

    (void)state;
    put("code", "raced", "grant", 60);
    race(take_one, -1, ends);
    assert_int_equal(ends[0], 1);
    assert_int_equal(ends[1], CONTENDERS - 1);
    assert_absent("code", "raced");
}

static int count_many(mcp_ctx *mine, mcp_store *its, int report)
{
    apr_uint32_t n;
    int i;

    for (i = 0; i < COUNTS; i++)
        if (mcp_store_count(mine, its, "rate", "raced", 86400, &n) || write(report, &n, sizeof n) != sizeof n) return 9;
    return 0;
}

/* Each number from 1 to the end was given to exactly one caller. */
static void count_loses_nothing(void **state)
{
    enum { ALL = CONTENDERS * COUNTS };
    static char seen[ALL + 1];
    int numbers[2], ends[10], i;
    apr_uint32_t n;

    (void)state;
    memset(seen, 0, sizeof seen);
    ctx->now = apr_time_from_sec(mcp_now(ctx) / 86400 * 86400 + 3600);
    assert_int_equal(pipe(numbers), 0);
    race(count_many, numbers[1], ends);
    close(numbers[1]);
    assert_int_equal(ends[0], CONTENDERS);
    for (i = 0; i < ALL; i++) {
        assert_int_equal(read(numbers[0], &n, sizeof n), sizeof n);
        assert_true(n >= 1 && n <= ALL);
        assert_false(seen[n]++);
    }
    assert_int_equal(read(numbers[0], &n, sizeof n), 0);
    close(numbers[0]);
}

typedef struct {
    mcp_ctx *ctx;
    mcp_rc add;
    int counted;
} thread_work;

static void *work(void *baton)
{
    thread_work *w = baton;
    apr_uint32_t n;

    w->add = mcp_store_add(w->ctx, store, "jti", "threads", "x", 1, 60);
    while (w->counted < COUNTS && !mcp_store_count(w->ctx, store, "rate", "threads", 3600, &n)) w->counted++;
    return NULL;
}

static void threads_share_a_store(void **state)
{
    pthread_t threads[THREADS];
    thread_work works[THREADS];
    apr_uint32_t n;
    int i, won = 0, lost = 0;

    (void)state;
    ctx->now = apr_time_from_sec(mcp_now(ctx) / 3600 * 3600 + 60);
    for (i = 0; i < THREADS; i++) {
        works[i] = (thread_work){ new_ctx(NULL), MCP_INTERNAL, 0 };
        works[i].ctx->now = ctx->now;
        assert_int_equal(pthread_create(threads + i, NULL, work, works + i), 0);
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        won += works[i].add == MCP_OK;
        lost += works[i].add == MCP_EXISTS;
        assert_int_equal(works[i].counted, COUNTS);
        apr_pool_destroy(works[i].ctx->pool);
    }
    assert_int_equal(won, 1);
    assert_int_equal(lost, THREADS - 1);
    assert_int_equal(mcp_store_count(ctx, store, "rate", "threads", 3600, &n), MCP_OK);
    assert_int_equal(n, THREADS * COUNTS + 1);
}

/* ---- LMDB alone ---- */

/* Every number written to the pipe was acknowledged by the store before. */
static void write_until_killed(int round, int acknowledged)
{
    mcp_ctx *mine = new_ctx(NULL), *each;
    static char value[8192];
    mcp_store *its;
    char id[32];
    int i;

    memset(value, 'v', sizeof value);
    if (mcp_store_open(mine, mine->pool, spec, 1, &its)) _exit(9);
    for (i = 0; ; i++) {
        each = new_ctx(mine->pool);
        snprintf(id, sizeof id, "%d-%d", round, i);
        if (mcp_store_add(each, its, "kill", id, value, (size_t)(i * 997 % 8192), 86400)) _exit(9);
        if (write(acknowledged, &i, sizeof i) != sizeof i) _exit(9);
        apr_pool_destroy(each->pool);
    }
}

/* How many writes the victim was told are done. */
static int kill_in_the_middle(int round)
{
    int pipes[2], i, n = 0, status, enough = 1 + round % 13;
    pid_t pid;

    assert_int_equal(pipe(pipes), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        close(pipes[0]);
        write_until_killed(round, pipes[1]);
    }
    close(pipes[1]);
    while (n < enough && read(pipes[0], &i, sizeof i) == sizeof i) n = i + 1;
    usleep((useconds_t)(round * 37 % 400));
    kill(pid, SIGKILL);
    while (read(pipes[0], &i, sizeof i) == sizeof i) n = i + 1;
    close(pipes[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    return n;
}

static void a_killed_writer_loses_nothing(void **state)
{
    const char *value;
    char id[32];
    size_t len;
    int round, i, n, all = 0;

    (void)state;
    for (round = 0; round < KILLS; round++) {
        n = kill_in_the_middle(round);
        for (i = 0; i < n; i++) {
            snprintf(id, sizeof id, "%d-%d", round, i);
            assert_int_equal(mcp_store_take(ctx, store, "kill", id, &value, &len), MCP_OK);
            assert_int_equal(len, i * 997 % 8192);
            assert_int_equal(strspn(value, "v"), len);
        }
        all += n;
    }
    assert_true(all > KILLS);
}

static off_t file_size(void)
{
    struct stat st;

    assert_int_equal(stat(apr_pstrcat(ctx->pool, folder, "/data.mdb", NULL), &st), 0);
    return st.st_size;
}

/* 20 MB pass through, at most 20 KB of it alive. */
static void the_file_does_not_grow(void **state)
{
    static char value[4000];
    mcp_ctx *each;
    char id[16];
    off_t before = file_size();
    int i;

    (void)state;
    memset(value, 'v', sizeof value);
    for (i = 0; i < 5000; i++) {
        each = new_ctx(ctx->pool);
        each->now = ctx->now + apr_time_from_sec(i);
        snprintf(id, sizeof id, "%d", i);
        assert_int_equal(mcp_store_put(each, store, "grow", id, value, sizeof value, 5), MCP_OK);
        apr_pool_destroy(each->pool);
    }
    assert_true(file_size() - before < 1024 * 1024);
}

static void a_process_may_open_it_twice(void **state)
{
    mcp_ctx *other = new_ctx(NULL);
    mcp_store *again;
    int ends[10];

    (void)state;
    assert_int_equal(mcp_store_open(other, other->pool, apr_pstrcat(ctx->pool, "lmdb:", folder, "/../", strrchr(folder, '/') + 1, NULL), 1, &again), MCP_OK);
    assert_int_equal(mcp_store_put(other, again, "client", "twice", "x", 1, 60), MCP_OK);
    assert_value("client", "twice", "x", 1);
    apr_pool_destroy(other->pool);
    put("client", "after", "x", 60);
    assert_int_equal(mcp_store_remove(ctx, store, "jti", "raced"), MCP_OK);
    race(add_one, -1, ends);
    assert_int_equal(ends[0], 1);
}

static void what_was_written_is_there_again(void **state)
{
    (void)state;
    put("client", "reopened", "x", 60);
    apr_pool_destroy(ctx->pool);
    assert_int_equal(setup(NULL), 0);
    assert_value("client", "reopened", "x", 1);
}

static void a_new_folder_is_private(void **state)
{
    const char *dir = apr_pstrcat(ctx->pool, folder, "/deeper/still", NULL);
    mcp_ctx *other = new_ctx(NULL);
    mcp_store *its;
    struct stat st;

    (void)state;
    assert_int_equal(mcp_store_open(other, other->pool, apr_pstrcat(ctx->pool, "lmdb:", dir, NULL), 1, &its), MCP_OK);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(stat(apr_pstrcat(ctx->pool, dir, "/data.mdb", NULL), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    apr_pool_destroy(other->pool);
}

static void a_folder_that_cannot_be_is_bad_config(void **state)
{
    mcp_store *its;

    (void)state;
    assert_int_equal(mcp_store_open(ctx, ctx->pool, apr_pstrcat(ctx->pool, spec, "/data.mdb/below", NULL), 1, &its), MCP_BAD_CONFIG);
    assert_non_null(strstr(ctx->detail, "/data.mdb/below"));
}

/* ---- memcached alone ---- */

static void assert_every_verb_says_unavailable(mcp_store *its, const char *id)
{
    const char *value;
    apr_uint32_t n;
    size_t len;

    mcp_ctx_clear(ctx);
    assert_int_equal(mcp_store_get(ctx, its, "code", id, &value, &len), MCP_UNAVAILABLE);
    assert_int_equal(mcp_store_take(ctx, its, "code", id, &value, &len), MCP_UNAVAILABLE);
    assert_int_equal(mcp_store_put(ctx, its, "code", id, "x", 1, 60), MCP_UNAVAILABLE);
    assert_int_equal(mcp_store_add(ctx, its, "code", id, "x", 1, 60), MCP_UNAVAILABLE);
    assert_int_equal(mcp_store_count(ctx, its, "code", id, 60, &n), MCP_UNAVAILABLE);
    assert_int_equal(mcp_store_remove(ctx, its, "code", id), MCP_UNAVAILABLE);
    assert_int_equal(ctx->rc, MCP_UNAVAILABLE);
    mcp_ctx_clear(ctx);
}

static mcp_rc wait_for(mcp_store *its, const char *id)
{
    const char *value;
    size_t len;
    mcp_rc rc = MCP_UNAVAILABLE;
    int i;

    for (i = 0; i < 60 && rc == MCP_UNAVAILABLE; i++) {
        rc = mcp_store_get(ctx, its, "code", id, &value, &len);
        if (rc == MCP_UNAVAILABLE) usleep(50000);
    }
    mcp_ctx_clear(ctx);
    return rc;
}

/* Killed while connections to it are open; then long enough for it to be tried again in vain; then back, empty. */
static void a_killed_server_is_no_absence(void **state)
{
    (void)state;
    put("code", "killed", "x", 60);
    stop(&one);
    assert_every_verb_says_unavailable(store, "killed");
    usleep(1050000);
    assert_every_verb_says_unavailable(store, "killed");
    start(&one);
    assert_int_equal(wait_for(store, "killed"), MCP_ABSENT);
    put("code", "killed", "y", 60);
    assert_value("code", "killed", "y", 1);
}

/* The first verb after a kill meets an open connection: each must see that for itself. */
static void each_verb_notices_the_kill(void **state)
{
    const char *value;
    apr_uint32_t n;
    size_t len;
    mcp_store *its[6];
    int i;

    (void)state;
    for (i = 0; i < 6; i++) {
        assert_int_equal(mcp_store_open(ctx, ctx->pool, spec, 1, its + i), MCP_OK);
        assert_int_equal(mcp_store_put(ctx, its[i], "code", "noticed", "x", 1, 60), MCP_OK);
    }
    stop(&one);
    assert_int_equal(mcp_store_get(ctx, its[0], "code", "noticed", &value, &len), MCP_UNAVAILABLE);
    assert_int_equal(mcp_store_take(ctx, its[1], "code", "noticed", &value, &len), MCP_UNAVAILABLE);
    assert_int_equal(mcp_store_put(ctx, its[2], "code", "noticed", "x", 1, 60), MCP_UNAVAILABLE);
    assert_int_equal(mcp_store_add(ctx, its[3], "code", "noticed", "x", 1, 60), MCP_UNAVAILABLE);
    assert_int_equal(mcp_store_count(ctx, its[4], "code", "noticed", 60, &n), MCP_UNAVAILABLE);
    assert_int_equal(mcp_store_remove(ctx, its[5], "code", "noticed"), MCP_UNAVAILABLE);
    start(&one);
}

static void a_server_that_was_never_there_is_no_absence(void **state)
{
    mcp_store *its;

    (void)state;
    assert_int_equal(mcp_store_open(ctx, ctx->pool, apr_psprintf(ctx->pool, "memcache:127.0.0.1:%d", two.port), 1, &its), MCP_OK);
    assert_every_verb_says_unavailable(its, "never there");
}

/* A server that hangs costs one wait, not one for each caller. */
static void a_server_that_hangs_is_no_absence(void **state)
{
    apr_time_t begin = apr_time_now();

    (void)state;
    put("code", "hung", "x", 60);
    kill(one.pid, SIGSTOP);
    assert_int_equal(waitpid(one.pid, NULL, WUNTRACED), one.pid);      /* not before every thread stands still */
    assert_every_verb_says_unavailable(store, "hung");
    kill(one.pid, SIGCONT);
    assert_true(apr_time_now() - begin < 6 * APR_USEC_PER_SEC);
    assert_int_equal(wait_for(store, "hung"), MCP_OK);
}

/* Two servers: the keys of the dead one are not looked for, added or counted on the other. */
static void keys_do_not_move(void **state)
{
    enum { KEYS = 32 };
    mcp_store *its;
    const char *value;
    size_t len;
    char id[16];
    int i, kept = 0, down = 0;
    mcp_rc rc;

    (void)state;
    start(&two);
    assert_int_equal(mcp_store_open(ctx, ctx->pool, apr_psprintf(ctx->pool, "memcache:127.0.0.1:%d,127.0.0.1:%d", one.port, two.port), 1, &its), MCP_OK);
    for (i = 0; i < KEYS; i++) {
        snprintf(id, sizeof id, "moved %d", i);
        assert_int_equal(mcp_store_put(ctx, its, "code", id, "x", 1, 60), MCP_OK);
    }
    stop(&two);
    for (i = 0; i < KEYS; i++) {
        snprintf(id, sizeof id, "moved %d", i);
        rc = mcp_store_get(ctx, its, "code", id, &value, &len);
        kept += rc == MCP_OK;
        down += rc == MCP_UNAVAILABLE;
        assert_int_equal(mcp_store_add(ctx, its, "code", id, "x", 1, 60), rc ? MCP_UNAVAILABLE : MCP_EXISTS);
    }
    assert_true(kept > 0 && down > 0);
    assert_int_equal(kept + down, KEYS);
    mcp_ctx_clear(ctx);
}

/* ---- the words of MCPStore ---- */

static const struct {
    const char *spec;
    const char *wrong;      /* a part of the sentence; NULL: good */
} specs[] = {
    { "lmdb:/var/lib/mcp", NULL },
    { "memcache:127.0.0.1:11211", NULL },
    { "memcache:a.example:11211,b.example:11212", NULL },
    { "", "write lmdb:DIR" },
    { "redis:127.0.0.1:6379", "write lmdb:DIR" },
    { "LMDB:/var/lib/mcp", "write lmdb:DIR" },
    { "lmdb:", "missing" },
    { "memcache:", "missing" },
    { "memcache:,", "missing" },
    { "memcache:a.example", "not HOST:PORT" },
    { "memcache:a.example:", "not HOST:PORT" },
    { "memcache:a.example:0", "not HOST:PORT" },
    { "memcache:a.example:65536", "not HOST:PORT" },
    { "memcache:11211", "not HOST:PORT" },
    { "memcache:[::1]:11211", NULL },
    { "memcache:::1:11211", "not HOST:PORT" },
    { "memcache:[fe80::1%eth0]:11211", "not HOST:PORT" },
    { "memcache:a.example:11211,b.example", "b.example is not HOST:PORT" },
    { "memcache:a:1,a:2,a:3,a:4,a:5,a:6,a:7,a:8,a:9,a:10,a:11,a:12,a:13,a:14,a:15,a:16", NULL },
    { "memcache:a:1,a:2,a:3,a:4,a:5,a:6,a:7,a:8,a:9,a:10,a:11,a:12,a:13,a:14,a:15,a:16,a:17", "more than 16" }
};

static void words_are_checked(void **state)
{
    mcp_ctx *c = new_ctx(NULL);
    mcp_store *its;
    const char *wrong;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof specs / sizeof *specs; i++) {
        wrong = mcp_store_check(c->pool, specs[i].spec);
        if (!wrong != !specs[i].wrong || (wrong && !strstr(wrong, specs[i].wrong)))
            fail_msg("%s: %s", specs[i].spec, wrong ? wrong : "good");
        if (wrong) assert_int_equal(mcp_store_open(c, c->pool, specs[i].spec, 1, &its), MCP_BAD_CONFIG);
    }
    apr_pool_destroy(c->pool);
}

static void a_store_that_is_not_open_is_no_absence(void **state)
{
    mcp_ctx *c = new_ctx(NULL);
    mcp_store closed = { NULL, NULL };
    const char *value;
    size_t len;

    (void)state;
    assert_int_equal(mcp_store_get(c, &closed, "code", "x", &value, &len), MCP_UNAVAILABLE);
    apr_pool_destroy(c->pool);
}

/* ---- a small file ---- */

static int open_small(void **state)
{
    mcp_store_lmdb_size = 4 << 20;
    return open_lmdb(state);
}

/* Threat: strangers register until nobody else can do anything, not even delete. */
static void strangers_leave_room(void **state)
{
    const char *value;
    char *big = apr_pcalloc(ctx->pool, 16385), id[16];
    size_t len;
    int strangers, i;

    (void)state;
    memset(big, 'x', 16384);
    put("code", "under way", "x", 60);
    for (strangers = 0; !mcp_store_room(ctx, store); strangers++) {
        snprintf(id, sizeof id, "%d", strangers);
        put("client", id, big, 2000);
        assert_in_range(strangers, 0, 256);
    }
    assert_in_range(strangers, 100, 192);
    mcp_ctx_clear(ctx);
    assert_int_equal(mcp_store_take(ctx, store, "code", "under way", &value, &len), MCP_OK);
    for (i = 0; i < 1000; i++) {
        snprintf(id, sizeof id, "%d", i);
        assert_int_equal(mcp_store_add(ctx, store, "code", id, "a code's record of usual length, with its names and numbers", 60, 60), MCP_OK);
    }
    assert_int_equal(mcp_store_room(ctx, store), MCP_UNAVAILABLE);
    pass(2001);
    for (i = 0; i < 400; i++) put("code", "time goes by", "x", 60);
    mcp_ctx_clear(ctx);
    assert_int_equal(mcp_store_room(ctx, store), MCP_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define CONTRACT \
    TEST(absence_is_no_failure), TEST(put_replaces), TEST(add_writes_only_what_is_absent), TEST(take_gets_once), \
    TEST(count_counts), TEST(a_new_window_starts_again), TEST(values_are_bytes), TEST(ids_are_any_bytes), \
    TEST(kinds_are_apart), TEST(a_record_needs_a_life), TEST(long_lives_are_lives), TEST(what_has_expired_is_absent), \
    TEST(one_of_many_adds), TEST(one_of_many_takes), TEST(count_loses_nothing), TEST(threads_share_a_store)

int main(void)
{
    const struct CMUnitTest words[] = {
        cmocka_unit_test(words_are_checked), cmocka_unit_test(a_store_that_is_not_open_is_no_absence)
    };
    const struct CMUnitTest lmdb[] = {
        CONTRACT, TEST(a_killed_writer_loses_nothing), TEST(the_file_does_not_grow), TEST(a_process_may_open_it_twice),
        TEST(what_was_written_is_there_again), TEST(a_new_folder_is_private), TEST(a_folder_that_cannot_be_is_bad_config)
    };
    const struct CMUnitTest small[] = { TEST(strangers_leave_room) };
    const struct CMUnitTest memcache[] = {
        CONTRACT, TEST(a_server_that_was_never_there_is_no_absence), TEST(a_killed_server_is_no_absence),
        TEST(each_verb_notices_the_kill), TEST(a_server_that_hangs_is_no_absence), TEST(keys_do_not_move)
    };
    int failed;

    apr_initialize();
    signal(SIGPIPE, SIG_IGN);
    failed = cmocka_run_group_tests_name("words", words, NULL, NULL)
        + cmocka_run_group_tests_name("lmdb", lmdb, open_lmdb, close_lmdb)
        + cmocka_run_group_tests_name("a small file", small, open_small, close_lmdb)
        + cmocka_run_group_tests_name("memcache", memcache, open_memcache, close_memcache);
    apr_terminate();
    return failed;
}
