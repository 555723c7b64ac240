/* A URL that a stranger wrote must not reach into the house, whatever name, spelling, redirect or second answer it
 * hides behind; and an answer must not cost more than was granted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/fetch.h"

static mcp_ctx *ctx;
static char folder[] = "/tmp/mcp-fetch-XXXXXX";

/* ---- which addresses are public ---- */

static const struct {
    const char *address;
    int is_public;
} addresses[] = {
    /* IPv4: the first and the last of every closed range, and its open neighbours */
    { "0.0.0.0", 0 }, { "0.255.255.255", 0 }, { "1.0.0.0", 1 },
    { "9.255.255.255", 1 }, { "10.0.0.0", 0 }, { "10.255.255.255", 0 }, { "11.0.0.0", 1 },
    { "100.63.255.255", 1 }, { "100.64.0.0", 0 }, { "100.127.255.255", 0 }, { "100.128.0.0", 1 },
    { "126.255.255.255", 1 }, { "127.0.0.1", 0 }, { "127.255.255.255", 0 }, { "128.0.0.0", 1 },
    { "169.253.255.255", 1 }, { "169.254.0.0", 0 }, { "169.254.169.254", 0 }, { "169.255.0.0", 1 },
    { "172.15.255.255", 1 }, { "172.16.0.0", 0 }, { "172.31.255.255", 0 }, { "172.32.0.0", 1 },
    { "191.255.255.255", 1 }, { "192.0.0.0", 0 }, { "192.0.0.170", 0 }, { "192.0.1.0", 1 },
    { "192.0.2.0", 0 }, { "192.0.2.255", 0 }, { "192.0.3.0", 1 },
    { "192.88.98.255", 1 }, { "192.88.99.1", 0 }, { "192.88.100.0", 1 },
    { "192.167.255.255", 1 }, { "192.168.0.0", 0 }, { "192.168.255.255", 0 }, { "192.169.0.0", 1 },
    { "198.17.255.255", 1 }, { "198.18.0.0", 0 }, { "198.19.255.255", 0 }, { "198.20.0.0", 1 },
    { "198.51.99.255", 1 }, { "198.51.100.0", 0 }, { "198.51.101.0", 1 },
    { "203.0.112.255", 1 }, { "203.0.113.255", 0 }, { "203.0.114.0", 1 },
    { "223.255.255.255", 1 }, { "224.0.0.0", 0 }, { "239.255.255.255", 0 },
    { "240.0.0.0", 0 }, { "255.255.255.255", 0 }, { "8.8.8.8", 1 },
    /* IPv6: global unicast and what is around it */
    { "2600::1", 1 }, { "2a00:1450:4001::1", 1 }, { "2000::", 1 }, { "3fff:1000::1", 1 },
    { "1fff:ffff::1", 0 }, { "4000::1", 0 }, { "5f00::1", 0 }, { "8000::1", 0 },
    { "::", 0 }, { "::1", 0 }, { "::2", 0 },
    { "100::1", 0 }, { "64:ff9b:1::8.8.8.8", 0 },
    { "fc00::1", 0 }, { "fdff::1", 0 }, { "fe80::1", 0 }, { "febf::1", 0 }, { "fec0::1", 0 }, { "ff02::1", 0 }, { "ff0e::1", 0 },
    { "2001:db8::1", 0 }, { "2001:db9::1", 1 }, { "3fff::1", 0 }, { "3fff:fff:ffff::1", 0 },
    { "2001:1::1", 0 }, { "2001:2::1", 0 }, { "2001:10::1", 0 }, { "2001:20::1", 0 }, { "2001:1ff:ffff::1", 0 }, { "2001:200::1", 1 },
    /* IPv4 inside IPv6 */
    { "::ffff:8.8.8.8", 1 }, { "::ffff:127.0.0.1", 0 }, { "::ffff:169.254.169.254", 0 }, { "::ffff:10.1.2.3", 0 },
    { "::8.8.8.8", 1 }, { "::127.0.0.1", 0 }, { "::192.168.1.1", 0 },
    { "::ffff:0:8.8.8.8", 0 },
    { "64:ff9b::8.8.8.8", 1 }, { "64:ff9b::10.0.0.1", 0 }, { "64:ff9b::169.254.169.254", 0 }, { "64:ff9b:0:0:0:1:808:808", 0 },
    { "2002:808:808::1", 1 }, { "2002:7f00:1::1", 0 }, { "2002:a00:1::1", 0 }, { "2002:a9fe:a9fe::1", 0 },
    { "2001:0:808:808::f7f7:f7f7", 1 },         /* Teredo: server 8.8.8.8, client 8.8.8.8 */
    { "2001:0:808:808::80ff:fffe", 0 },         /* client 127.0.0.1 */
    { "2001:0:808:808::5601:5601", 0 },         /* client 169.254.169.254 */
    { "2001:0:a00:1::f7f7:f7f7", 0 },           /* server 10.0.0.1 */
    { "2600::5efe:8.8.8.8", 1 }, { "2600::5efe:10.0.0.1", 0 }, { "2600::200:5efe:127.0.0.1", 0 }
};

static void closed_addresses_are_closed(void **state)
{
    unsigned char bytes[16];
    size_t i, len;

    (void)state;
    for (i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        len = strchr(addresses[i].address, ':') ? 16 : 4;
        assert_int_equal(inet_pton(len == 16 ? AF_INET6 : AF_INET, addresses[i].address, bytes), 1);
        if (mcp_fetch_address_is_public(bytes, len) != addresses[i].is_public)
            fail_msg("%s should%s be public", addresses[i].address, addresses[i].is_public ? "" : " not");
    }
}

static void other_lengths_are_closed(void **state)
{
    static const unsigned char bytes[17] = { 8, 8, 8, 8 };

    (void)state;
    assert_int_equal(mcp_fetch_address_is_public(bytes, 4), 1);
    assert_int_equal(mcp_fetch_address_is_public(bytes, 0), 0);
    assert_int_equal(mcp_fetch_address_is_public(bytes, 3), 0);
    assert_int_equal(mcp_fetch_address_is_public(bytes, 5), 0);
    assert_int_equal(mcp_fetch_address_is_public(bytes, 17), 0);
}

/* ---- a server of our own ---- */

static int listener, port;
static volatile int requests;
static char request[8192];      /* the last one */

static const struct {
    const char *path;
    const char *answer;
} answers[] = {
    { "/ok", "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nETag: \"v1\"\r\nCache-Control: max-age=60\r\n"
             "Set-Cookie: a=b\r\nContent-Length: 8\r\n\r\n{\"a\": 1}" },
    { "/lines", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: max-age=1\r\nContent-Type: text/html\r\n"
                "Cache-Control: private\r\nAge: 7\r\nContent-Length: 0\r\n\r\n" },
    { "/bare", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
    { "/nul", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n3\r\nfgh\r\n0\r\n\r\n" },
    { "/absent", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone" },
    { "/fails", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n" },
    { "/moved", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n" },
    { "/gzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08!" },
    { "/chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n4\r\nfghi\r\n0\r\n\r\n" },
    { "/cut", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcd" },
    { "/old", "just text, as in 1991" },
    { "/closes", "" }
};

static void say(int s, const char *text)
{
    size_t len = strlen(text);

    if (len && send(s, text, len, MSG_NOSIGNAL) < 0) return;
}

/* Until the client goes away. */
static void say_for_ever(int s, const char *first, const char *then, useconds_t wait)
{
    say(s, first);
    while (send(s, then, strlen(then), MSG_NOSIGNAL) > 0)
        if (wait) usleep(wait);
}

static void say_nothing(int s)
{
    char c;

    while (recv(s, &c, 1, 0) > 0) ;
}

static void answer(int s, const char *path)
{
    size_t i;

    if (!strcmp(path, "/silent")) say_nothing(s);
    if (!strcmp(path, "/trickles")) say_for_ever(s, "HTTP/1.1 200 OK\r\n\r\n", "x", 20000);
    if (!strcmp(path, "/endless")) say_for_ever(s, "HTTP/1.1 200 OK\r\n\r\n", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0);
    if (!strcmp(path, "/head")) say_for_ever(s, "HTTP/1.1 200 OK\r\n", "X-Padding: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n", 0);
    for (i = 0; i < sizeof answers / sizeof *answers; i++)
        if (!strcmp(path, answers[i].path)) say(s, answers[i].answer);
}

/* Header and, where a length is announced, body. */
static int is_all(const char *text)
{
    const char *body = strstr(text, "\r\n\r\n"), *announced = strcasestr(text, "\r\nContent-Length: ");

    return body && (!announced || strlen(body + 4) >= (size_t)atoi(announced + strlen("\r\nContent-Length: ")));
}

static void serve_one(int s)
{
    char text[sizeof request], method[8] = "", path[256] = "";
    size_t len = 0;
    ssize_t n;

    text[0] = '\0';
    while (!is_all(text) && (n = recv(s, text + len, sizeof text - 1 - len, 0)) > 0) text[len += (size_t)n] = '\0';
    memcpy(request, text, len + 1);
    requests++;
    if (sscanf(text, "%7s %255s", method, path) == 2 && (!strcmp(method, "GET") || !strcmp(method, "POST"))) answer(s, path);
    shutdown(s, SHUT_RDWR);
    close(s);
}

static void *serve(void *baton)
{
    int s;

    (void)baton;
    while ((s = accept(listener, NULL, NULL)) >= 0) serve_one(s);
    return NULL;
}

static pthread_t thread;

static int listen_on_loopback(int *bound)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    int s = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(s, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(s, 16), 0);
    assert_int_equal(getsockname(s, (struct sockaddr *)&a, &len), 0);
    *bound = ntohs(a.sin_port);
    return s;
}

/* ---- another one with TLS ---- */

static pid_t tls;
static int tls_port;
static const char *certificate;

static void make_certificate(void)
{
    char command[512];

    snprintf(command, sizeof command,
             "cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem"
             " -subj /CN=test -addext subjectAltName=IP:127.0.0.1 -days 2 >log 2>&1", folder);
    assert_int_equal(system(command), 0);
}

static int is_listening(int at)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)at), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int s = socket(AF_INET, SOCK_STREAM, 0), there = !connect(s, (struct sockaddr *)&a, sizeof a);

    close(s);
    return there;
}

static void start_tls(void)
{
    char address[32];
    int i;

    close(listen_on_loopback(&tls_port));
    snprintf(address, sizeof address, "127.0.0.1:%d", tls_port);
    tls = fork();
    if (!tls) {
        if (chdir(folder) || !freopen("log", "a", stdout) || !freopen("log", "a", stderr)) _exit(126);
        execlp("openssl", "openssl", "s_server", "-accept", address, "-cert", "cert.pem", "-key", "key.pem", "-www", "-quiet", (char *)NULL);
        _exit(127);
    }
    for (i = 0; i < 500 && !is_listening(tls_port); i++) usleep(10000);
    assert_true(is_listening(tls_port));
}

static void write_netrc(void)
{
    char path[64];
    FILE *f;

    snprintf(path, sizeof path, "%s/.netrc", folder);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs("machine 127.0.0.1 login mallory password secret\n", f);
    fclose(f);
}

/* An environment that would lead astray. */
static int open_servers(void **state)
{
    static char path[64];

    (void)state;
    assert_non_null(mkdtemp(folder));
    write_netrc();
    setenv("HOME", folder, 1);
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("https_proxy", "http://127.0.0.1:1", 1);
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    make_certificate();
    snprintf(path, sizeof path, "%s/cert.pem", folder);
    certificate = path;
    start_tls();
    listener = listen_on_loopback(&port);
    return pthread_create(&thread, NULL, serve, NULL);
}

static int close_servers(void **state)
{
    char command[64];

    (void)state;
    shutdown(listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(listener);
    kill(tls, SIGKILL);
    waitpid(tls, NULL, 0);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

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

/* ---- what comes back ---- */

static const mcp_fetch_rules open_rules = { .max_bytes = 8, .budget = 5 * APR_USEC_PER_SEC, .allow_http = 1, .allow_private = 1 };

static const char *here(const char *path)
{
    return apr_psprintf(ctx->pool, "http://127.0.0.1:%d%s", port, path);
}

static mcp_fetch_answer get(const char *path)
{
    mcp_fetch_answer a;
    mcp_rc rc = mcp_fetch_get(ctx, &open_rules, here(path), &a);

    if (rc) fail_msg("%s: %s", path, ctx->detail);
    return a;
}

static void an_answer_is_whole(void **state)
{
    mcp_fetch_answer a = get("/ok");

    (void)state;
    assert_int_equal(a.status, 200);
    assert_string_equal(a.content_type, "application/json; charset=utf-8");
    assert_string_equal(a.etag, "\"v1\"");
    assert_string_equal(a.cache_control, "max-age=60");
    assert_int_equal(a.len, 8);
    assert_string_equal(a.body, "{\"a\": 1}");
    a = get("/bare");
    assert_string_equal(a.content_type, "");
    assert_null(a.etag);
    assert_null(a.cache_control);
    assert_int_equal(a.len, 0);
    assert_string_equal(a.body, "");
    assert_string_equal(get("/nul").body, "abcdefgh");
}

/* Two values of one header must not look like one. */
static void lines_of_a_header_are_joined(void **state)
{
    mcp_fetch_answer a = get("/lines");

    (void)state;
    assert_string_equal(a.content_type, "application/json, text/html");
    assert_string_equal(a.cache_control, "max-age=1, private");
    assert_string_equal(a.age, "7");
    assert_null(get("/ok").age);
}

static void an_etag_is_asked_about(void **state)
{
    mcp_fetch_rules rules = open_rules;
    mcp_fetch_answer a;

    (void)state;
    get("/ok");
    assert_null(strcasestr(request, "If-None-Match"));
    rules.if_none_match = "\"v1\"";
    assert_int_equal(mcp_fetch_get(ctx, &rules, here("/ok"), &a), MCP_OK);
    assert_non_null(strstr(request, "\r\nIf-None-Match: \"v1\"\r\n"));
    rules.if_none_match = "\"v1\"\r\nX: y";
    assert_int_equal(mcp_fetch_get(ctx, &rules, here("/ok"), &a), MCP_FETCH_REFUSED);
}

static void any_status_is_an_answer(void **state)
{
    (void)state;
    assert_int_equal(get("/absent").status, 404);
    assert_string_equal(get("/absent").body, "gone");
    assert_int_equal(get("/fails").status, 503);
}

static void a_redirect_is_not_followed(void **state)
{
    int before = requests;

    (void)state;
    assert_int_equal(get("/moved").status, 302);
    assert_int_equal(requests, before + 1);
}

static void content_is_not_decoded(void **state)
{
    (void)state;
    assert_memory_equal(get("/gzip").body, "\x1f\x8b\x08!", 4);
}

static void the_request_gives_nothing_away(void **state)
{
    mcp_fetch_rules rules = open_rules;
    mcp_fetch_answer a;

    (void)state;
    get("/ok");
    get("/ok");
    assert_memory_equal(request, "GET /ok HTTP/1.1\r\n", 18);
    assert_non_null(strstr(request, "\r\nAccept: application/json\r\n"));
    assert_null(strcasestr(request, "\r\nCookie:"));
    assert_null(strcasestr(request, "\r\nAuthorization:"));
    assert_null(strcasestr(request, "\r\nAccept-Encoding:"));
    assert_null(strcasestr(request, "\r\nReferer:"));
    rules.accept = "text/plain";
    assert_int_equal(mcp_fetch_get(ctx, &rules, here("/a/../ok?q=%2e"), &a), MCP_FETCH_REFUSED);    /* no such path: no answer */
    assert_memory_equal(request, "GET /a/../ok?q=%2e HTTP/1.1\r\n", 29);
    assert_non_null(strstr(request, "\r\nAccept: text/plain\r\n"));
}

/* ---- POST ---- */

static const mcp_fetch_content form = { "application/x-www-form-urlencoded", "a=b&c=%00", 9, "Basic YTpi" };

static mcp_rc post(const mcp_fetch_rules *rules, const char *url, const mcp_fetch_content *content, mcp_fetch_answer *out)
{
    mcp_ctx_clear(ctx);
    return mcp_fetch_post(ctx, rules, url, content, out);
}

static void a_form_is_sent_whole(void **state)
{
    mcp_fetch_answer a;

    (void)state;
    assert_int_equal(post(&open_rules, here("/ok"), &form, &a), MCP_OK);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "{\"a\": 1}");
    assert_memory_equal(request, "POST /ok HTTP/1.1\r\n", 19);
    assert_non_null(strstr(request, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(strstr(request, "\r\nContent-Length: 9\r\n"));
    assert_non_null(strstr(request, "\r\nAuthorization: Basic YTpi\r\n"));
    assert_non_null(strstr(request, "\r\nAccept: application/json\r\n"));
    assert_null(strcasestr(request, "\r\nExpect:"));
    assert_null(strcasestr(request, "\r\nCookie:"));
    assert_memory_equal(strstr(request, "\r\n\r\n") + 4, "a=b&c=%00", 9);
}

static void without_authorization_none_is_sent(void **state)
{
    mcp_fetch_content content = form;
    mcp_fetch_answer a;

    (void)state;
    content.authorization = NULL;
    content.body = "";
    content.len = 0;
    assert_int_equal(post(&open_rules, here("/ok"), &content, &a), MCP_OK);
    assert_null(strcasestr(request, "\r\nAuthorization:"));
    assert_non_null(strstr(request, "\r\nContent-Length: 0\r\n"));
    get("/ok");
    assert_memory_equal(request, "GET ", 4);
}

/* A secret that would be sent on is worse than an answer missed. */
static void a_form_follows_no_redirect(void **state)
{
    mcp_fetch_answer a;
    int before = requests;

    (void)state;
    assert_int_equal(post(&open_rules, here("/moved"), &form, &a), MCP_OK);
    assert_int_equal(a.status, 302);
    assert_int_equal(requests, before + 1);
}

static void a_form_passes_the_same_guards(void **state)
{
    mcp_fetch_rules rules = open_rules;
    mcp_fetch_content content = form;
    mcp_fetch_answer a;
    int before = requests;

    (void)state;
    rules.allow_private = 0;
    assert_int_equal(post(&rules, here("/ok"), &form, &a), MCP_FETCH_REFUSED);
    rules = open_rules;
    rules.allow_http = 0;
    assert_int_equal(post(&rules, here("/ok"), &form, &a), MCP_FETCH_REFUSED);
    content.authorization = "Basic YTpi\r\nX: y";
    assert_int_equal(post(&open_rules, here("/ok"), &content, &a), MCP_FETCH_REFUSED);
    content = form;
    content.type = "text/plain\nX: y";
    assert_int_equal(post(&open_rules, here("/ok"), &content, &a), MCP_FETCH_REFUSED);
    assert_int_equal(requests, before);
    assert_int_equal(post(&open_rules, here("/endless"), &form, &a), MCP_FETCH_REFUSED);
    assert_non_null(strstr(ctx->detail, "larger than 8 bytes"));
    rules = open_rules;
    rules.budget = 150000;
    assert_int_equal(post(&rules, here("/silent"), &form, &a), MCP_FETCH_REFUSED);
    assert_non_null(strstr(ctx->detail, "timed out"));
}

/* ---- what is refused ---- */

enum { HTTP = 1, PRIVATE = 2, ALL = HTTP | PRIVATE };

static const struct {
    const char *name;
    const char *url;        /* PORT: of the plain server, TLS: of the other */
    int allow;
    const char *detail;     /* NULL: it is answered */
} rows[] = {
    { "all allowed", "http://127.0.0.1:PORT/ok", ALL, NULL },
    { "by name", "http://localhost:PORT/ok", ALL, NULL },
    { "plain http", "http://127.0.0.1:PORT/ok", PRIVATE, "scheme http" },
    { "loopback", "http://127.0.0.1:PORT/ok", HTTP, "127.0.0.1 is not a public" },
    { "loopback by name", "http://localhost:PORT/ok", HTTP, "is not a public" },
    { "loopback, IPv6", "http://[::1]:PORT/ok", HTTP, "::1 is not a public" },
    { "mapped", "http://[::ffff:127.0.0.1]:PORT/ok", HTTP, "is not a public" },
    { "this host", "http://0.0.0.0:PORT/ok", HTTP, "0.0.0.0 is not a public" },
    { "cloud metadata", "http://169.254.169.254/latest/meta-data", HTTP, "169.254.169.254 is not a public" },
    { "private, https", "https://10.0.0.1/", 0, "10.0.0.1 is not a public" },
    { "IPv4 in hex", "http://0x7f000001:PORT/ok", HTTP, "oddly" },
    { "IPv4 as one number", "http://2130706433:PORT/ok", HTTP, "oddly" },
    { "IPv4, short", "http://127.1:PORT/ok", HTTP, "oddly" },
    { "user information", "http://user@127.0.0.1:PORT/ok", ALL, "user information" },
    { "empty user information", "http://@127.0.0.1:PORT/ok", ALL, "user information" },
    { "fragment", "http://127.0.0.1:PORT/ok#x", ALL, "fragment" },
    { "file", "file:///etc/passwd", ALL, "scheme file" },
    { "file with host", "file://localhost/etc/passwd", ALL, "scheme file" },
    { "ftp", "ftp://127.0.0.1:PORT/ok", ALL, "scheme ftp" },
    { "gopher", "gopher://127.0.0.1:PORT/ok", ALL, "scheme gopher" },
    { "relative", "/ok", ALL, "no scheme" },
    { "nothing", "", ALL, "no scheme" },
    { "line break", "http://127.0.0.1:PORT/ok\r\nX: y", ALL, "foreign character" },
    { "more than granted", "http://127.0.0.1:PORT/chunked", ALL, "larger than 8 bytes" },
    { "without an end", "http://127.0.0.1:PORT/endless", ALL, "larger than 8 bytes" },
    { "header without an end", "http://127.0.0.1:PORT/head", ALL, "header is larger" },
    { "cut off", "http://127.0.0.1:PORT/cut", ALL, "" },
    { "no header", "http://127.0.0.1:PORT/old", ALL, "HTTP/0.9" },
    { "no answer", "http://127.0.0.1:PORT/closes", ALL, "Empty reply" },
    { "nobody listens", "http://127.0.0.1:1/", ALL, "connect" },
    { "certificate of a stranger", "https://127.0.0.1:TLS/", PRIVATE, "certificate" }
};

static const char *replaced(const char *text, const char *word, int number)
{
    const char *at = strstr(text, word);

    if (!at) return text;
    return apr_psprintf(ctx->pool, "%.*s%d%s", (int)(at - text), text, number, at + strlen(word));
}

static void refusals(void **state)
{
    mcp_fetch_rules rules = open_rules;
    mcp_fetch_answer a;
    const char *url;
    size_t i;
    mcp_rc rc;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        mcp_ctx_clear(ctx);
        rules.allow_http = rows[i].allow & HTTP ? 1u : 0u;
        rules.allow_private = rows[i].allow & PRIVATE ? 1u : 0u;
        url = replaced(replaced(rows[i].url, "PORT", port), "TLS", tls_port);
        rc = mcp_fetch_get(ctx, &rules, url, &a);
        if (rc != (rows[i].detail ? MCP_FETCH_REFUSED : MCP_OK) || ctx->rc != rc) fail_msg("%s: %d, %s", rows[i].name, (int)rc, ctx->detail);
        if (rows[i].detail && !strstr(ctx->detail, rows[i].detail)) fail_msg("%s: %s", rows[i].name, ctx->detail);
    }
}

/* Refused before a byte went out, not after. */
static void a_closed_address_is_not_connected_to(void **state)
{
    mcp_fetch_rules rules = open_rules;
    mcp_fetch_answer a;
    int before = requests;

    (void)state;
    rules.allow_private = 0;
    assert_int_equal(mcp_fetch_get(ctx, &rules, here("/ok"), &a), MCP_FETCH_REFUSED);
    get("/bare");
    assert_int_equal(requests, before + 1);
}

static void assert_in_time(const char *path)
{
    mcp_fetch_rules rules = open_rules;
    mcp_fetch_answer a;
    apr_time_t begin = apr_time_now();

    mcp_ctx_clear(ctx);
    rules.max_bytes = 0;
    rules.budget = 150000;
    assert_int_equal(mcp_fetch_get(ctx, &rules, here(path), &a), MCP_FETCH_REFUSED);
    assert_non_null(strstr(ctx->detail, "timed out"));
    assert_true(apr_time_now() - begin >= 140000);
    assert_true(apr_time_now() - begin < 2 * APR_USEC_PER_SEC);
}

static void time_is_bounded(void **state)
{
    (void)state;
    assert_in_time("/silent");
    assert_in_time("/trickles");
}

static void without_numbers_there_are_bounds(void **state)
{
    mcp_fetch_rules rules = { .allow_http = 1, .allow_private = 1 };
    mcp_fetch_answer a;

    (void)state;
    assert_int_equal(mcp_fetch_get(ctx, &rules, here("/endless"), &a), MCP_FETCH_REFUSED);
    assert_string_equal(ctx->detail, "the answer is larger than 65536 bytes");
    mcp_ctx_clear(ctx);
    assert_int_equal(mcp_fetch_get(ctx, &rules, here("/ok"), &a), MCP_OK);
}

/* The same server, the same certificate: trusted, then called by a name it does not carry. */
static void certificates_are_verified(void **state)
{
    mcp_fetch_rules rules = { .allow_private = 1, .ca_file = certificate };
    mcp_fetch_answer a;

    (void)state;
    assert_int_equal(mcp_fetch_get(ctx, &rules, apr_psprintf(ctx->pool, "https://127.0.0.1:%d/", tls_port), &a), MCP_OK);
    assert_int_equal(a.status, 200);
    assert_int_equal(mcp_fetch_get(ctx, &rules, apr_psprintf(ctx->pool, "https://localhost:%d/", tls_port), &a), MCP_FETCH_REFUSED);
    assert_non_null(strstr(ctx->detail, "certificate"));
    mcp_ctx_clear(ctx);
    rules.ca_file = "/nonexistent";
    assert_int_equal(mcp_fetch_get(ctx, &rules, apr_psprintf(ctx->pool, "https://127.0.0.1:%d/", tls_port), &a), MCP_FETCH_REFUSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest policy[] = { cmocka_unit_test(closed_addresses_are_closed), cmocka_unit_test(other_lengths_are_closed) };
    const struct CMUnitTest fetch[] = {
        TEST(an_answer_is_whole), TEST(any_status_is_an_answer), TEST(lines_of_a_header_are_joined), TEST(an_etag_is_asked_about), TEST(a_redirect_is_not_followed), TEST(content_is_not_decoded),
        TEST(the_request_gives_nothing_away),
        TEST(a_form_is_sent_whole), TEST(without_authorization_none_is_sent), TEST(a_form_follows_no_redirect), TEST(a_form_passes_the_same_guards),
        TEST(refusals), TEST(a_closed_address_is_not_connected_to),
        TEST(time_is_bounded), TEST(without_numbers_there_are_bounds), TEST(certificates_are_verified)
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("policy", policy, NULL, NULL)
        + cmocka_run_group_tests_name("fetch", fetch, open_servers, close_servers);
    apr_terminate();
    return failed;
}
