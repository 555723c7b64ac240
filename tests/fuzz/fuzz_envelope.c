/* One byte at a time, the byte machine alone reads. Whole and however cut, the short ways take part, and everything must be
 * the same: verdict, reason, every field and offset. What is accepted, the strict JSON reader accepts too and reads alike. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include "mcp/envelope.h"
#include "mcp/json.h"

enum { CUTS = 4 };

static const mcp_envelope_rules wide = { 1 << 20, 64 }, tight = { 160, 4 };

static void must(int holds)
{
    if (!holds) abort();
}

static void same(const char *a, const char *b)
{
    must(!a == !b && (!a || !strcmp(a, b)));
}

static void same_message(const mcp_message *a, const mcp_message *b)
{
    must(a->kind == b->kind);
    must(a->id_len == b->id_len && (!a->id_len || !memcmp(a->id, b->id, a->id_len)));
    must(a->arguments_at == b->arguments_at && a->arguments_len == b->arguments_len);
    same(a->method, b->method);
    same(a->name, b->name);
    same(a->uri, b->uri);
    same(a->version, b->version);
}

/* How the input is cut follows from the input and a seed, so that a finding can be repeated. */
typedef struct {
    uint32_t random;
    size_t most;                /* bytes of a piece; 0: all at once */
} cutter;

static size_t next_piece(cutter *cut, size_t left)
{
    size_t n;

    if (!cut->most) return left;
    cut->random = cut->random * 1664525u + 1013904223u;
    n = 1 + (cut->random >> 8) % cut->most;
    return n < left ? n : left;
}

/* Each piece is a copy that ends where its memory ends, so that a read beyond it is found. */
static mcp_rc scan(mcp_ctx *ctx, const mcp_envelope_rules *rules, const char *bytes, size_t len, cutter cut, mcp_message *out)
{
    mcp_envelope *e = mcp_envelope_begin(ctx, rules);
    size_t i, n;
    char *piece;

    for (i = 0; i < len; i += n) {
        n = next_piece(&cut, len - i);
        must((piece = malloc(n)) != NULL);
        memcpy(piece, bytes + i, n);
        mcp_envelope_feed(e, piece, n);
        free(piece);
    }
    return mcp_envelope_end(e, out);
}

static mcp_rc compare_cuts(apr_pool_t *p, const mcp_envelope_rules *rules, const char *bytes, size_t len, mcp_message *slow)
{
    static const size_t most[CUTS] = { 0, 7, 40, 300 };
    uint32_t seed = len ? (unsigned char)bytes[len / 2] * 2654435761u + (uint32_t)len : 0;
    mcp_ctx *ctx = mcp_ctx_create(p), *other;
    mcp_rc rc = scan(ctx, rules, bytes, len, (cutter){ 0, 1 }, slow);
    mcp_message fast;
    int i;

    for (i = 0; i < CUTS; i++) {
        other = mcp_ctx_create(p);
        must(scan(other, rules, bytes, len, (cutter){ seed, most[i] }, &fast) == rc);
        same(ctx->detail, other->detail);
        same_message(slow, &fast);
    }
    return rc;
}

/* jansson refuses big numbers and U+0000 in values, so only where it can read are the two compared. */
static void compare_with_jansson(apr_pool_t *p, const char *bytes, size_t len, const mcp_message *m)
{
    const mcp_json_caps caps = { 1 << 20, 64 };
    json_t *doc, *params;

    if (mcp_json_object(mcp_ctx_create(p), bytes, len, &caps, &doc)) return;
    params = json_object_get(doc, "params");
    same(m->method, mcp_json_string(doc, "method"));
    if (params) same(m->name, mcp_json_string(params, "name"));
    if (params) same(m->uri, mcp_json_string(params, "uri"));
    must((m->id != NULL) == (json_object_get(doc, "id") != NULL));
    if (m->arguments_len) must(json_is_object(json_object_get(params, "arguments")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    mcp_message m;
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    compare_cuts(p, &tight, bytes, size, &m);
    if (!compare_cuts(p, &wide, bytes, size, &m)) compare_with_jansson(p, bytes, size, &m);
    apr_pool_destroy(p);
    return 0;
}
