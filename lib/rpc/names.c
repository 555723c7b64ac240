#include <stdint.h>
#include <string.h>
#include "mcp/names.h"
#include "mcp/text.h"

enum { FEW = 32, FEW_BYTES = 1024, KEY_BYTES = 16 };

typedef struct {
    uint64_t hash;
    uint32_t at, len;           /* in bytes */
    uint32_t next;              /* the next older entry of the bucket, counted from 1; 0: none */
} entry;

/* The newest entry heads its bucket, so the top of the stack is taken off in one step. */
struct mcp_names {
    mcp_ctx *ctx;
    uint64_t key[2];            /* drawn when they are no longer few */
    entry *entries;
    uint32_t *heads;            /* as many as entries, a power of two */
    size_t count, cap;
    char *bytes;
    size_t bytes_len, bytes_cap;
    apr_pool_t *entries_pool, *heads_pool, *bytes_pool;
    entry few[FEW];
    uint32_t few_heads[FEW];
    char few_bytes[FEW_BYTES];
};

mcp_names *mcp_names_create(mcp_ctx *ctx)
{
    mcp_names *n = apr_palloc(ctx->pool, sizeof *n);

    memset(n, 0, offsetof(mcp_names, few));
    memset(n->few_heads, 0, sizeof n->few_heads);
    n->ctx = ctx;
    n->entries = n->few;
    n->heads = n->few_heads;
    n->cap = FEW;
    n->bytes = n->few_bytes;
    n->bytes_cap = FEW_BYTES;
    return n;
}

size_t mcp_names_mark(const mcp_names *n)
{
    return n->count;
}

/* ---- SipHash-1-3: keyed, so collisions cannot be prepared ---- */

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1]; v[1] = rotate(v[1], 13) ^ v[0]; v[0] = rotate(v[0], 32);
    v[2] += v[3]; v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3]; v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1]; v[1] = rotate(v[1], 17) ^ v[2]; v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
}

static uint64_t hash_of(const uint64_t key[2], const char *name, size_t len)
{
    uint64_t v[4] = { key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du,
                      key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u };
    uint64_t word, last = (uint64_t)len << 56;
    size_t i, tail = len & 7;

    for (i = 0; i + 8 <= len; i += 8) {
        memcpy(&word, name + i, 8);
        sip_word(v, word);
    }
    for (i = 0; i < tail; i++) last |= (uint64_t)(unsigned char)name[len - tail + i] << (8 * i);
    sip_word(v, last);
    v[2] ^= 0xff;
    for (i = 0; i < 3; i++) sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* While there are few, chains are short whatever collides, so the ends and the length of the name will do. */
static uint64_t quick_hash(const char *name, size_t len)
{
    uint64_t first = 0, last = 0;
    size_t n = len < 8 ? len : 8;

    memcpy(&first, name, n);
    memcpy(&last, name + len - n, n);
    return ((first ^ len) * 0x9e3779b97f4a7c15u ^ last) * 0x9e3779b97f4a7c15u >> 32;
}

/* ---- growing ---- */

/* A larger array in a pool of its own; the smaller one is given back. NULL if memory is out. */
static void *larger(mcp_names *n, apr_pool_t **own, const void *old, size_t used, size_t size)
{
    apr_pool_t *p;
    void *grown;

    if (apr_pool_create(&p, n->ctx->pool) || !(grown = apr_palloc(p, size))) return NULL;
    memcpy(grown, old, used);
    if (*own) apr_pool_destroy(*own);
    *own = p;
    return grown;
}

static mcp_rc draw_key(mcp_names *n)
{
    const char *text;
    unsigned char *key;
    size_t len;
    mcp_rc rc;

    if ((rc = mcp_text_random(n->ctx, KEY_BYTES, &text))) return rc;
    if ((rc = mcp_text_base64url_decode(n->ctx, text, strlen(text), &key, &len))) return rc;
    if (len != sizeof n->key) return mcp_fail(n->ctx, MCP_INTERNAL, "random bytes are missing");
    memcpy(n->key, key, sizeof n->key);
    return MCP_OK;
}

static void put_in_bucket(mcp_names *n, size_t i)
{
    uint32_t *head = &n->heads[n->entries[i].hash & (n->cap - 1)];

    n->entries[i].next = *head;
    *head = (uint32_t)i + 1;
}

static mcp_rc more_entries(mcp_names *n)
{
    int first = n->entries == n->few;
    size_t i, cap = n->cap * 2;
    void *entries, *heads;
    mcp_rc rc;

    if (first && (rc = draw_key(n))) return rc;
    if (!(entries = larger(n, &n->entries_pool, n->entries, n->count * sizeof *n->entries, cap * sizeof *n->entries)))
        return mcp_fail(n->ctx, MCP_INTERNAL, "memory is out");
    n->entries = entries;
    if (!(heads = larger(n, &n->heads_pool, n->heads, 0, cap * sizeof *n->heads)))
        return mcp_fail(n->ctx, MCP_INTERNAL, "memory is out");
    n->heads = heads;
    n->cap = cap;
    memset(n->heads, 0, cap * sizeof *n->heads);
    for (i = 0; i < n->count; i++) {
        if (first) n->entries[i].hash = hash_of(n->key, n->bytes + n->entries[i].at, n->entries[i].len);
        put_in_bucket(n, i);
    }
    return MCP_OK;
}

static mcp_rc more_bytes(mcp_names *n, size_t wanted)
{
    size_t cap = n->bytes_cap;
    char *bytes;

    if (wanted > UINT32_MAX / 2) return mcp_fail(n->ctx, MCP_TOO_LARGE, "the member names are too large");
    while (cap < wanted) cap *= 2;
    if (!(bytes = larger(n, &n->bytes_pool, n->bytes, n->bytes_len, cap))) return mcp_fail(n->ctx, MCP_INTERNAL, "memory is out");
    n->bytes = bytes;
    n->bytes_cap = cap;
    return MCP_OK;
}

/* ---- the set ---- */

/* Buckets run from new to old, so what lies below mark belongs to the objects around. */
static int holds(const mcp_names *n, size_t mark, uint64_t hash, const char *name, size_t len)
{
    uint32_t i;
    const entry *e;

    for (i = n->heads[hash & (n->cap - 1)]; i > mark; i = e->next) {
        e = &n->entries[i - 1];
        if (e->hash == hash && e->len == len && !memcmp(n->bytes + e->at, name, len)) return 1;
    }
    return 0;
}

mcp_rc mcp_names_add(mcp_names *n, size_t mark, const char *name, size_t len)
{
    entry *e;
    mcp_rc rc;

    if (n->count == n->cap && (rc = more_entries(n))) return rc;
    if (n->bytes_len + len > n->bytes_cap && (rc = more_bytes(n, n->bytes_len + len))) return rc;
    e = &n->entries[n->count];
    e->hash = n->entries == n->few ? quick_hash(name, len) : hash_of(n->key, name, len);
    if (holds(n, mark, e->hash, name, len)) return MCP_EXISTS;
    e->at = (uint32_t)n->bytes_len;
    e->len = (uint32_t)len;
    memcpy(n->bytes + n->bytes_len, name, len);
    n->bytes_len += len;
    put_in_bucket(n, n->count++);
    return MCP_OK;
}

void mcp_names_forget(mcp_names *n, size_t mark)
{
    const entry *e;

    while (n->count > mark) {
        e = &n->entries[--n->count];
        n->heads[e->hash & (n->cap - 1)] = e->next;
        n->bytes_len = e->at;
    }
}
