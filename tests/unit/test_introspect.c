/* Threats: a token is believed that its issuer does not vouch for, here and now; a crowd of tokens, or an issuer in trouble, takes
 * the workers; a token or our secret is seen by somebody else. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "mcp/introspect.h"
#include "token_fixture.h"

#define ISS "https://as.example"
#define AUD "https://mcp.example/mcp"
#define NOW 1700000000
#define GOOD "\"active\":true,\"sub\":\"alice\",\"client_id\":\"client\",\"scope\":\"a b\",\"aud\":\"" AUD "\",\"exp\":1700000600"

enum { THREADS = 12, SLOW = 150000 };

/* ---- an issuer ---- */

static const struct {
    const char *token;
    int status;
    const char *type, *body;
} answers[] = {
    { "good", 200, "application/json", "{" GOOD "}" },
    { "good2", 200, "application/json;charset=UTF-8", "{" GOOD "}" },
    { "slow", 200, "application/json", "{" GOOD "}" },
    { "slow2", 200, "application/json", "{" GOOD "}" },
    { "slow3", 200, "application/json", "{" GOOD "}" },
    { "crawl", 200, "application/json", "{" GOOD "}" },
    { "crawl2", 200, "application/json", "{" GOOD "}" },
    { "crawl3", 200, "application/json", "{" GOOD "}" },
    { "short", 200, "application/json", "{\"active\":true,\"sub\":\"alice\",\"aud\":\"" AUD "\",\"exp\":1700000010}" },
    { "inactive", 200, "application/json", "{\"active\":false}" },
    { "odd+/~.-_==", 200, "application/json", "{" GOOD "}" },
    { "text", 200, "text/html", "{" GOOD "}" },
    { "jsonp", 200, "application/jsonp", "{" GOOD "}" },
    { "nonsense", 200, "application/json", "<html>" },
    { "moved", 302, "application/json", "{" GOOD "}" },
    { "created", 201, "application/json", "{" GOOD "}" },
    { "refused", 400, "application/json", "{\"error\":\"invalid_request\"}" },
    { "unknown", 401, "application/json", "{\"error\":\"invalid_client\"}" },
    { "busy", 429, "application/json", "{}" },
    { "broken", 500, "application/json", "{}" }
};

static int listener, port;
static atomic_int requests, at_once, at_most;
static char request[32768];     /* the last one */
static volatile int is_repaired;    /* "broken" is answered as "good" */

static int unhex(const char *text)
{
    char digits[3] = { text[0], text[1], '\0' };

    return (int)strtol(digits, NULL, 16);
}

static void read_token(const char *text, char *out, size_t room)
{
    const char *at = strstr(text, "\r\n\r\ntoken=");
    size_t n = 0;

    for (at = at ? at + strlen("\r\n\r\ntoken=") : ""; *at && *at != '&' && n < room - 1; at++) {
        out[n++] = *at == '%' ? (char)unhex(at + 1) : *at;
        if (*at == '%') at += 2;
    }
    out[n] = '\0';
}

static void answer(int s, const char *token)
{
    char text[4096];
    size_t i = 0;
    int len;

    while (i < ROWS(answers) - 1 && strcmp(answers[i].token, token)) i++;
    if (!strcmp(token, "broken") && is_repaired) i = 0;
    if (!strncmp(token, "slow", 4)) usleep(SLOW);
    if (!strncmp(token, "crawl", 5)) usleep(4 * SLOW);
    len = snprintf(text, sizeof text, "HTTP/1.1 %d X\r\nContent-Type: %s\r\nLocation: /elsewhere\r\nContent-Length: %d\r\n\r\n%s",
                   answers[i].status, answers[i].type, (int)strlen(answers[i].body), answers[i].body);
    if (send(s, text, (size_t)len, MSG_NOSIGNAL) < 0) return;
}

static int is_all(const char *text)
{
    const char *body = strstr(text, "\r\n\r\n"), *announced = strcasestr(text, "\r\nContent-Length: ");

    return body && announced && strlen(body + 4) >= (size_t)atoi(announced + strlen("\r\nContent-Length: "));
}

static void *serve_one(void *baton)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    char text[sizeof request] = "", token[sizeof request];
    int s = (int)(intptr_t)baton, now = ++at_once;
    size_t len = 0;
    ssize_t n;

    while (!is_all(text) && (n = recv(s, text + len, sizeof text - 1 - len, 0)) > 0) text[len += (size_t)n] = '\0';
    pthread_mutex_lock(&lock);
    memcpy(request, text, len + 1);
    if (now > at_most) at_most = now;
    pthread_mutex_unlock(&lock);
    requests++;
    read_token(text, token, sizeof token);
    at_once -= strncmp(token, "slow", 4) ? 1 : 0;
    answer(s, token);
    if (!strncmp(token, "slow", 4)) at_once--;
    shutdown(s, SHUT_RDWR);
    close(s);
    return NULL;
}

static void *serve(void *baton)
{
    pthread_t one;
    int s;

    (void)baton;
    while ((s = accept(listener, NULL, NULL)) >= 0) {
        if (pthread_create(&one, NULL, serve_one, (void *)(intptr_t)s)) abort();
        pthread_detach(one);
    }
    return NULL;
}

static pthread_t server;

static int open_server(void **state)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;

    (void)state;
    listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&a, sizeof a) || listen(listener, 64) || getsockname(listener, (struct sockaddr *)&a, &len)) return -1;
    port = ntohs(a.sin_port);
    return pthread_create(&server, NULL, serve, NULL);
}

static int close_server(void **state)
{
    (void)state;
    shutdown(listener, SHUT_RDWR);
    pthread_join(server, NULL);
    close(listener);
    return 0;
}

/* ---- the client ---- */

static mcp_introspect_config config;
static mcp_introspect *in;
static char logged[1024];

static void keep_log(void *baton, mcp_log_level level, const char *tag, const char *line)
{
    (void)baton;
    snprintf(logged, sizeof logged, "%d %s %s", (int)level, tag, line);
}

static void open_client(void)
{
    mcp_ctx_clear(ctx);
    judge("create", mcp_introspect_create(ctx, ctx->pool, &config, &in), MCP_OK, NULL);
}

static int start(void **state)
{
    if (begin(state)) return -1;
    ctx->now = apr_time_from_sec(NOW);
    ctx->log = keep_log;
    logged[0] = '\0';
    is_repaired = 0;
    requests = at_most = 0;
    config = (mcp_introspect_config){ apr_psprintf(ctx->pool, "http://127.0.0.1:%d/introspect", port), "rs:1", "s e+cret", ISS,
                                      { .allow_http = 1, .allow_private = 1 }, 5, 0, 0 };
    open_client();
    return 0;
}

static mcp_rc verify(const char *text, mcp_token *out)
{
    mcp_ctx_clear(ctx);
    return mcp_introspect_verify(ctx, in, AUD, text, strlen(text), out);
}

static void expect(const char *text, mcp_rc wanted, const char *detail, int asked)
{
    int before = requests;
    mcp_token t;

    judge(text, verify(text, &t), wanted, detail);
    if (requests - before != asked) fail_msg("%s: asked %d times", text, requests - before);
}

static void later(int seconds)
{
    ctx->now = apr_time_from_sec(NOW + seconds);
}

/* ---- the question and the answer ---- */

static void a_good_token_is_read(void **state)
{
    mcp_token t;
    int i;

    (void)state;
    for (i = 0; i < 2; i++) {   /* fresh, then remembered */
        judge("good", verify("good", &t), MCP_OK, NULL);
        assert_string_equal(t.sub, "alice");
        assert_string_equal(t.client_id, "client");
        assert_string_equal(t.scope, "a b");
        assert_string_equal(t.jti, "");
        assert_true(t.exp == NOW + 600);
        assert_string_equal(mcp_json_string(t.claims, "iss"), ISS);
        assert_int_equal(t.claims_len, strlen(t.claims_text));
        assert_non_null(strstr(t.claims_text, "\"iss\":\"" ISS "\""));
    }
    assert_int_equal(requests, 1);
}

static void the_question_is_as_the_rfcs_say(void **state)
{
    mcp_token t;

    (void)state;
    judge("odd", verify("odd+/~.-_==", &t), MCP_OK, NULL);
    assert_memory_equal(request, "POST /introspect HTTP/1.1\r\n", 27);
    assert_non_null(strstr(request, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(strstr(request, "\r\nAccept: application/json\r\n"));
    assert_non_null(strstr(request, "\r\nAuthorization: Basic cnMlM0ExOnMlMjBlJTJCY3JldA==\r\n"));      /* rs%3A1:s%20e%2Bcret */
    assert_non_null(strstr(request, "\r\n\r\ntoken=odd%2B%2F~.-_%3D%3D&token_type_hint=access_token"));
}

static const struct {
    const char *name, *body;
    int exp_optional;
    mcp_rc rc;
    const char *detail;
} bodies[] = {
    { "good", "{" GOOD "}", 0, MCP_OK, NULL },
    { "iss", "{" GOOD ",\"iss\":\"" ISS "\"}", 0, MCP_OK, NULL },
    { "other iss", "{" GOOD ",\"iss\":\"" ISS "/\"}", 0, MCP_BAD_TOKEN, "iss" },
    { "iss, a number", "{" GOOD ",\"iss\":1}", 0, MCP_BAD_TOKEN, "iss" },
    { "iss, null", "{" GOOD ",\"iss\":null}", 0, MCP_BAD_TOKEN, "iss" },
    { "inactive", "{\"active\":false}", 0, MCP_BAD_TOKEN, "not active" },
    { "inactive and good", "{\"active\":false,\"sub\":\"alice\",\"aud\":\"" AUD "\",\"exp\":1700000600}", 0, MCP_BAD_TOKEN, "not active" },
    { "active, a text", "{\"active\":\"true\",\"sub\":\"alice\",\"aud\":\"" AUD "\",\"exp\":1700000600}", 0, MCP_UNAVAILABLE, "boolean" },
    { "active, a number", "{\"active\":1,\"sub\":\"alice\",\"aud\":\"" AUD "\",\"exp\":1700000600}", 0, MCP_UNAVAILABLE, "boolean" },
    { "no active", "{\"sub\":\"alice\",\"aud\":\"" AUD "\",\"exp\":1700000600}", 0, MCP_UNAVAILABLE, "boolean" },
    { "active twice", "{\"active\":false," GOOD "}", 0, MCP_UNAVAILABLE, "twice" },
    { "no object", "[true]", 0, MCP_UNAVAILABLE, "no object" },
    { "nothing", "", 0, MCP_UNAVAILABLE, "" },
    { "no aud", "{\"active\":true,\"sub\":\"alice\",\"exp\":1700000600}", 0, MCP_BAD_TOKEN, "aud" },
    { "other aud", "{\"active\":true,\"sub\":\"alice\",\"aud\":\"https://mcp.example/\",\"exp\":1700000600}", 0, MCP_BAD_TOKEN, "aud" },
    { "aud, a list", "{\"active\":true,\"sub\":\"alice\",\"aud\":[\"a\",\"" AUD "\"],\"exp\":1700000600}", 0, MCP_OK, NULL },
    { "aud, a list of others", "{\"active\":true,\"sub\":\"alice\",\"aud\":[\"a\",\"b\"],\"exp\":1700000600}", 0, MCP_BAD_TOKEN, "aud" },
    { "no sub", "{\"active\":true,\"aud\":\"" AUD "\",\"exp\":1700000600}", 0, MCP_BAD_TOKEN, "sub" },
    { "no exp", "{\"active\":true,\"sub\":\"alice\",\"aud\":\"" AUD "\"}", 0, MCP_BAD_TOKEN, "exp" },
    { "no exp, optional", "{\"active\":true,\"sub\":\"alice\",\"aud\":\"" AUD "\"}", 1, MCP_OK, NULL },
    { "exp null, optional", "{\"active\":true,\"sub\":\"alice\",\"aud\":\"" AUD "\",\"exp\":null}", 1, MCP_BAD_TOKEN, "exp" },
    { "exp past, optional", "{\"active\":true,\"sub\":\"alice\",\"aud\":\"" AUD "\",\"exp\":1699999990}", 1, MCP_EXPIRED_TOKEN, "expired" },
    { "exp past", "{\"active\":true,\"sub\":\"alice\",\"aud\":\"" AUD "\",\"exp\":1699999990}", 0, MCP_EXPIRED_TOKEN, "expired" },
    { "exp, a text", "{\"active\":true,\"sub\":\"alice\",\"aud\":\"" AUD "\",\"exp\":\"1700000600\"}", 0, MCP_BAD_TOKEN, "exp" },
    { "nbf ahead", "{" GOOD ",\"nbf\":1700000100}", 0, MCP_BAD_TOKEN, "nbf" },
    { "deep", "{" GOOD ",\"x\":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}", 0, MCP_UNAVAILABLE, "deeper" }
};

static void answers_are_judged(void **state)
{
    mcp_token t;
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(bodies); i++) {
        mcp_ctx_clear(ctx);
        config.exp_optional = bodies[i].exp_optional ? 1u : 0u;
        judge(bodies[i].name, mcp_introspect_read(ctx, &config, AUD, bodies[i].body, strlen(bodies[i].body), &t), bodies[i].rc, bodies[i].detail);
        if (bodies[i].rc == MCP_OK && strstr(bodies[i].name, "optional")) assert_true(t.exp == NOW + MCP_INTROSPECT_LIFE);
    }
}

/* Whether the others ask on shows whether the endpoint counts as down. */
static const struct {
    const char *token;
    mcp_rc rc;
    int is_down;
} endpoint_rows[] = {
    { "good2", MCP_OK, 0 }, { "inactive", MCP_BAD_TOKEN, 0 }, { "text", MCP_UNAVAILABLE, 1 }, { "jsonp", MCP_UNAVAILABLE, 1 },
    { "nonsense", MCP_UNAVAILABLE, 1 }, { "moved", MCP_UNAVAILABLE, 0 }, { "created", MCP_UNAVAILABLE, 0 }, { "refused", MCP_UNAVAILABLE, 0 },
    { "unknown", MCP_UNAVAILABLE, 1 }, { "busy", MCP_UNAVAILABLE, 1 }, { "broken", MCP_UNAVAILABLE, 1 }
};

static void endpoints_are_judged(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(endpoint_rows); i++) {
        open_client();
        expect(endpoint_rows[i].token, endpoint_rows[i].rc, NULL, 1);
        expect("good", endpoint_rows[i].is_down ? MCP_UNAVAILABLE : MCP_OK, endpoint_rows[i].is_down ? "just failed" : NULL, !endpoint_rows[i].is_down);
    }
}

/* What cannot be a token is nobody's business. */
static void only_tokens_are_asked_about(void **state)
{
    char *large = apr_palloc(ctx->pool, MCP_JWS_MAX + 2);
    mcp_token t;

    (void)state;
    expect("", MCP_BAD_TOKEN, "none", 0);
    expect("a b", MCP_BAD_TOKEN, "none", 0);
    expect("a\r\nb", MCP_BAD_TOKEN, "none", 0);
    expect("=", MCP_BAD_TOKEN, "none", 0);
    expect("a=b", MCP_BAD_TOKEN, "none", 0);
    expect("a\xc3\xa4", MCP_BAD_TOKEN, "none", 0);
    mcp_ctx_clear(ctx);
    judge("U+0000", mcp_introspect_verify(ctx, in, AUD, "good\0x", 6, &t), MCP_BAD_TOKEN, "none");
    memset(large, 'a', MCP_JWS_MAX + 1);
    large[MCP_JWS_MAX + 1] = '\0';
    expect(large, MCP_BAD_TOKEN, "none", 0);
    expect(large + 1, MCP_UNAVAILABLE, NULL, 1);        /* the longest there may be; the issuer fails on it */
    mcp_ctx_clear(ctx);
    open_client();
    judge("a part of a text", mcp_introspect_verify(ctx, in, AUD, "good and more", 4, &t), MCP_OK, NULL);
}

/* ---- what is remembered ---- */

static void good_ones_are_remembered(void **state)
{
    (void)state;
    expect("good", MCP_OK, NULL, 1);
    later(MCP_INTROSPECT_LIFE - 1);
    expect("good", MCP_OK, NULL, 0);
    later(MCP_INTROSPECT_LIFE);
    expect("good", MCP_OK, NULL, 1);
    expect("good2", MCP_OK, NULL, 1);
}

static void nothing_is_believed_past_exp(void **state)
{
    (void)state;
    expect("short", MCP_OK, NULL, 1);
    later(9);
    expect("short", MCP_OK, NULL, 0);
    later(10);
    expect("short", MCP_OK, NULL, 1);       /* within the leeway: asked again */
    later(15);
    expect("short", MCP_EXPIRED_TOKEN, NULL, 1);
    expect("short", MCP_BAD_TOKEN, "a moment ago", 0);
}

static void refusals_are_remembered_for_a_moment(void **state)
{
    (void)state;
    expect("inactive", MCP_BAD_TOKEN, "not active", 1);
    later(MCP_INTROSPECT_REFUSED - 1);
    expect("inactive", MCP_BAD_TOKEN, "a moment ago", 0);
    later(MCP_INTROSPECT_REFUSED);
    expect("inactive", MCP_BAD_TOKEN, "not active", 1);
}

static void each_audience_is_asked_for(void **state)
{
    mcp_token t;

    (void)state;
    expect("good", MCP_OK, NULL, 1);
    mcp_ctx_clear(ctx);
    judge("other audience", mcp_introspect_verify(ctx, in, AUD "2", "good", 4, &t), MCP_BAD_TOKEN, "aud");
    expect("good", MCP_OK, NULL, 0);
}

/* ---- in trouble ---- */

static void after_a_failure_there_is_a_pause(void **state)
{
    (void)state;
    expect("good", MCP_OK, NULL, 1);
    expect("broken", MCP_UNAVAILABLE, "answered 500", 1);
    expect("broken", MCP_UNAVAILABLE, "just failed", 0);
    expect("good2", MCP_UNAVAILABLE, "just failed", 0);
    expect("good", MCP_OK, NULL, 0);
    later(MCP_INTROSPECT_PAUSE - 1);
    expect("good2", MCP_UNAVAILABLE, "just failed", 0);
    later(MCP_INTROSPECT_PAUSE);
    expect("broken", MCP_UNAVAILABLE, "answered 500", 1);
    expect("good2", MCP_UNAVAILABLE, "just failed", 0);
    later(2 * MCP_INTROSPECT_PAUSE);
    is_repaired = 1;
    expect("broken", MCP_OK, NULL, 1);
    expect("good2", MCP_OK, NULL, 1);
}

static void nobody_there_is_a_failure(void **state)
{
    (void)state;
    config.endpoint = "http://127.0.0.1:1/introspect";
    open_client();
    expect("good", MCP_UNAVAILABLE, NULL, 0);
    expect("good", MCP_UNAVAILABLE, "just failed", 0);
    config.endpoint = apr_psprintf(ctx->pool, "http://127.0.0.1:%d/introspect", port);
    config.rules.allow_private = 0;
    open_client();
    expect("good", MCP_UNAVAILABLE, "not a public", 0);
}

static void no_secret_is_logged(void **state)
{
    static const char *const tokens[] = { "broken", "nonsense", "text", "unknown" };
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(tokens); i++) {
        open_client();
        logged[0] = '\0';
        expect(tokens[i], MCP_UNAVAILABLE, NULL, 1);
        assert_memory_equal(logged, "0 MCP054 ", 9);
        if (strstr(logged, tokens[i]) || strstr(ctx->detail, tokens[i]) || strstr(logged, "cret") || strstr(logged, "Basic")) fail_msg("%s", logged);
    }
    later(MCP_INTROSPECT_PAUSE);
    expect("good", MCP_OK, NULL, 1);
    assert_memory_equal(logged, "1 MCP054 ", 9);
    assert_non_null(strstr(logged, "again"));
}

/* ---- many at once ---- */

typedef struct {
    pthread_t thread;
    const char *token;
    mcp_rc rc;
} caller;

static void *call(void *baton)
{
    caller *c = baton;
    mcp_token t;
    mcp_ctx *own;
    apr_pool_t *p;

    if (apr_pool_create(&p, NULL)) abort();
    own = mcp_ctx_create(p);
    own->now = apr_time_from_sec(NOW);
    c->rc = mcp_introspect_verify(own, in, AUD, c->token, strlen(c->token), &t);
    if (!c->rc && strcmp(t.sub, "alice")) c->rc = MCP_INTERNAL;
    apr_pool_destroy(p);
    return NULL;
}

static int all_at_once(const char *const tokens[], size_t kinds)
{
    caller callers[THREADS];
    int i, good = 0;

    for (i = 0; i < THREADS; i++) {
        callers[i].token = tokens[(size_t)i % kinds];
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(callers[i].thread, NULL);
        good += callers[i].rc == MCP_OK;
        if (callers[i].rc && callers[i].rc != MCP_UNAVAILABLE) fail_msg("%s", mcp_error_of(callers[i].rc)->name);
    }
    return good;
}

static void one_question_for_one_token(void **state)
{
    static const char *const tokens[] = { "slow" };

    (void)state;
    assert_int_equal(all_at_once(tokens, 1), THREADS);
    assert_int_equal(requests, 1);
}

static void questions_at_once_are_bounded(void **state)
{
    static const char *const tokens[] = { "slow", "slow2", "slow3" };

    (void)state;
    config.concurrent = 1;
    open_client();
    assert_int_equal(all_at_once(tokens, 3), THREADS);
    assert_int_equal(requests, 3);
    assert_int_equal(at_most, 1);
}

/* The first and those who wait with it have their answer, the second one flies; the rest has waited as long as a fetch may take. */
static void who_waits_too_long_is_refused(void **state)
{
    static const char *const tokens[] = { "crawl", "crawl2", "crawl3" };

    (void)state;
    config.concurrent = 1;
    config.rules.budget = 6 * SLOW;
    open_client();
    assert_in_range(all_at_once(tokens, 3), THREADS / 3, THREADS - THREADS / 3);
    assert_in_range(requests, 1, 2);
}

static void a_failure_wakes_those_who_wait(void **state)
{
    static const char *const tokens[] = { "broken" };
    apr_time_t begun = apr_time_now();

    (void)state;
    assert_int_equal(all_at_once(tokens, 1), 0);
    assert_int_equal(requests, 1);
    assert_true(apr_time_now() - begun < APR_USEC_PER_SEC);
}

static void a_configuration_is_whole(void **state)
{
    static const mcp_introspect_config bad[] = {
        { NULL, "a", "b", ISS, { 0 }, 0, 0, 0 }, { "https://as.example/i", NULL, "b", ISS, { 0 }, 0, 0, 0 },
        { "https://as.example/i", "a", NULL, ISS, { 0 }, 0, 0, 0 }, { "https://as.example/i", "a", "", ISS, { 0 }, 0, 0, 0 },
        { "https://as.example/i", "a", "b", NULL, { 0 }, 0, 0, 0 }
    };
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(bad); i++) {
        mcp_ctx_clear(ctx);
        judge("config", mcp_introspect_create(ctx, ctx->pool, &bad[i], &in), MCP_BAD_CONFIG, "needs");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_token_is_read), TEST(the_question_is_as_the_rfcs_say), TEST(answers_are_judged), TEST(endpoints_are_judged),
        TEST(only_tokens_are_asked_about), TEST(good_ones_are_remembered), TEST(nothing_is_believed_past_exp),
        TEST(refusals_are_remembered_for_a_moment), TEST(each_audience_is_asked_for), TEST(after_a_failure_there_is_a_pause),
        TEST(nobody_there_is_a_failure), TEST(no_secret_is_logged), TEST(one_question_for_one_token), TEST(questions_at_once_are_bounded),
        TEST(who_waits_too_long_is_refused), TEST(a_failure_wakes_those_who_wait), TEST(a_configuration_is_whole)
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, open_server, close_server);
    apr_terminate();
    return failed;
}
