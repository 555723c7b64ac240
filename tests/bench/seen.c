/* How long a token takes that was seen before: seen [COUNT [THREADS]]. Prints nanoseconds of CPU for a find that hits, one that misses,
 * and a keep, beside the digest that a key of another kind would cost; then all threads at once on a hundred tokens. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/seen.h"
#include "mcp/text.h"

enum { TOKENS = 100 };

static mcp_seen *seen;
static mcp_seen_key keys[TOKENS];
static mcp_token token;
static apr_pool_t *root;
static int count = 1000000;

static double cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* As long as an access token of ours that is signed with ES256 or RS256. */
static void make_tokens(size_t len)
{
    char *text;
    size_t at;
    int i;

    srand(1);
    for (i = 0; i < TOKENS; i++) {
        text = apr_palloc(root, len + 1);
        for (at = 0; at < len; at++) text[at] = (char)('A' + rand() % 26);
        text[len] = '\0';
        keys[i] = (mcp_seen_key){ text, len, "https://mcp.example/mcp", 1, 1 };
    }
}

static void finds(mcp_ctx *ctx, int n)
{
    mcp_token out;
    int i;

    for (i = 0; i < n; i++) {
        if (i % 1000 == 0) apr_pool_clear(ctx->pool);
        if (!mcp_seen_find(ctx, seen, &keys[i % TOKENS], &out)) exit(1);
    }
}

static mcp_ctx *context(void)
{
    apr_pool_t *p, *requests;
    mcp_ctx *ctx;

    apr_pool_create(&p, NULL);
    apr_pool_create(&requests, p);
    ctx = mcp_ctx_create(p);
    ctx->pool = requests;
    return ctx;
}

static void *thread(void *baton)
{
    double at = cpu_ns();

    finds(context(), count);
    *(double *)baton = (cpu_ns() - at) / count;
    return NULL;
}

static double hits(mcp_ctx *ctx)
{
    double at = cpu_ns();

    finds(ctx, count);
    return (cpu_ns() - at) / count;
}

static double misses(mcp_ctx *ctx)
{
    mcp_seen_key key = keys[0];
    double at = cpu_ns();
    mcp_token out;
    int i;

    for (i = 0; i < count; i++) {
        key.realm = 2 + (apr_uint64_t)i;
        if (mcp_seen_find(ctx, seen, &key, &out)) exit(1);
    }
    return (cpu_ns() - at) / count;
}

static double keeps(mcp_ctx *ctx)
{
    double at = cpu_ns();
    int i;

    for (i = 0; i < count / 10; i++) mcp_seen_keep(ctx, seen, &keys[i % TOKENS], &token);
    return (cpu_ns() - at) / (count / 10);
}

static double digests(mcp_ctx *ctx)
{
    unsigned char digest[MCP_SHA256_LEN];
    double at = cpu_ns();
    int i;

    for (i = 0; i < count / 10; i++) mcp_text_sha256(ctx, keys[i % TOKENS].text, keys[i % TOKENS].len, digest);
    return (cpu_ns() - at) / (count / 10);
}

static void all_at_once(int threads)
{
    pthread_t t[64];
    double each[64], sum = 0;
    int i;

    for (i = 0; i < threads; i++) pthread_create(&t[i], NULL, thread, &each[i]);
    for (i = 0; i < threads; i++) pthread_join(t[i], NULL);
    for (i = 0; i < threads; i++) sum += each[i];
    printf("    %d threads: hit %.0f ns each\n", threads, sum / threads);
}

static void measure(size_t len, int threads)
{
    mcp_ctx *ctx = context();
    double kept;

    make_tokens(len);
    kept = keeps(ctx);
    printf("%lu bytes: hit %.0f ns, miss %.0f ns, keep %.0f ns; SHA-256 alone %.0f ns\n",
           (unsigned long)len, hits(ctx), misses(ctx), kept, digests(ctx));
    all_at_once(threads);
}

int main(int argc, char **argv)
{
    mcp_seen_caps caps = { 0 };
    json_t *claims = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:I}", "iss", "https://as.example", "aud", "https://mcp.example/mcp", "sub", "alice",
                               "client_id", "client", "jti", "abcdefghijklmnopqrstuv", "scope", "customer.read", "iat", (json_int_t)1, "exp", (json_int_t)2);
    const char *text = json_dumps(claims, JSON_COMPACT);
    int threads = argc > 2 ? atoi(argv[2]) : 2;

    if (argc > 1) count = atoi(argv[1]);
    if (count < 10 || threads < 1 || threads > 64) return 2;
    apr_initialize();
    apr_pool_create(&root, NULL);
    token = (mcp_token){ "alice", "client", "customer.read", "abcdefghijklmnopqrstuv", 1LL << 40, claims, text, strlen(text) };
    if (mcp_seen_create(mcp_ctx_create(root), root, &caps, &seen)) return 1;
    measure(460, threads);
    measure(720, threads);
    measure(2000, threads);
    return 0;
}
