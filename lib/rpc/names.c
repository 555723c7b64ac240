#include <stdint.h>
#include <string.h>
#include "mcp/text.h"
#include "nameset.h"

enum { KEY_BYTES = 16, HEADS = 2 };      /* two buckets for each entry: most that are asked are empty */

mcp_names *mcp_names_create(mcp_ctx *ctx)
{
    mcp_names *n = apr_palloc(ctx->pool, sizeof *n);

    n->ctx = ctx;
    n->entries = n->first_entries;
    n->heads = NULL;
    n->count = n->bytes_len = 0;
    n->cap = FIRST_ENTRIES;
    n->bytes = n->first_bytes;
    n->bytes_cap = FIRST_BYTES;
    n->entries_pool = n->heads_pool = n->bytes_pool = NULL;
    return n;
}

size_t mcp_names_mark(const mcp_names *n)
{
    return n->count;
}

/* ---- SipHash-1-3: keyed, so collisions cannot be prepared ---- */

#define INLINED inline __attribute__((always_inline))   /* so that its state stays in registers */

static INLINED uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static INLINED void sip_round(uint64_t v[4])
{
    v[0] += v[1]; v[1] = rotate(v[1], 13) ^ v[0]; v[0] = rotate(v[0], 32);
    v[2] += v[3]; v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3]; v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1]; v[1] = rotate(v[1], 17) ^ v[2]; v[2] = rotate(v[2], 32);
}

static INLINED void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
}

/* Of all the name's bytes: the middle ones lie in n->bytes if there are any. */
static uint32_t hash_of(const mcp_names *n, const entry *e)
{
    uint64_t v[4] = { n->key[0] ^ 0x736f6d6570736575u, n->key[1] ^ 0x646f72616e646f6du,
                      n->key[0] ^ 0x6c7967656e657261u, n->key[1] ^ 0x7465646279746573u };
    size_t i;

    sip_word(v, e->len);
    sip_word(v, e->first);
    for (i = 8; i + 8 < e->len; i += 8) sip_word(v, load_eight(n->bytes + e->at + i));
    if (e->len > 8) sip_word(v, e->last);
    v[2] ^= 0xff;
    for (i = 0; i < 3; i++) sip_round(v);
    return (uint32_t)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}

/* ---- growing ---- */

/* A larger array in a pool of its own; the smaller one is given back. NULL if memory is out. */
static void *larger(mcp_names *n, apr_pool_t **own, const void *old, size_t used, size_t size)
{
    apr_pool_t *p;
    void *grown;

    if (apr_pool_create(&p, n->ctx->pool) || !(grown = apr_palloc(p, size))) return NULL;
    if (used) memcpy(grown, old, used);
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

static size_t bucket_of(const mcp_names *n, uint32_t hash)
{
    return hash & (HEADS * n->cap - 1);
}

static void put_in_bucket(mcp_names *n, size_t i)
{
    uint32_t *head = &n->heads[bucket_of(n, n->entries[i].hash)];

    n->entries[i].next = *head;
    *head = (uint32_t)i + 1;
}

/* Buckets for all that are hashed, in their order. */
static mcp_rc more_heads(mcp_names *n)
{
    size_t i;
    void *heads = larger(n, &n->heads_pool, n->heads, 0, HEADS * n->cap * sizeof *n->heads);

    if (!heads) return mcp_fail(n->ctx, MCP_INTERNAL, "memory is out");
    n->heads = heads;
    memset(n->heads, 0, HEADS * n->cap * sizeof *n->heads);
    for (i = 0; i < n->count; i++)
        if (n->entries[i].next != UNHASHED) put_in_bucket(n, i);
    return MCP_OK;
}

static mcp_rc more_entries(mcp_names *n)
{
    size_t cap = n->cap * 2;
    void *entries;

    if (cap > UINT32_MAX / 2) return mcp_fail(n->ctx, MCP_TOO_LARGE, "the member names are too many");
    if (!(entries = larger(n, &n->entries_pool, n->entries, n->count * sizeof *n->entries, cap * sizeof *n->entries)))
        return mcp_fail(n->ctx, MCP_INTERNAL, "memory is out");
    n->entries = entries;
    n->cap = cap;
    return n->heads ? more_heads(n) : MCP_OK;
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

static mcp_rc add_to_few(mcp_names *n, size_t mark, entry *e)
{
    if (stands_among(n, mark, e)) return MCP_EXISTS;
    e->next = UNHASHED;
    n->count++;
    return MCP_OK;
}

static mcp_rc hash_the_few(mcp_names *n, size_t mark)
{
    size_t i;
    mcp_rc rc;

    if (!n->heads && ((rc = draw_key(n)) || (rc = more_heads(n)))) return rc;
    for (i = mark; i < n->count; i++) {
        n->entries[i].hash = hash_of(n, &n->entries[i]);
        put_in_bucket(n, i);
    }
    return MCP_OK;
}

/* Buckets run from new to old, so what lies below mark belongs to the objects around. */
static mcp_rc add_to_many(mcp_names *n, size_t mark, entry *e)
{
    uint32_t i;

    e->hash = hash_of(n, e);
    for (i = n->heads[bucket_of(n, e->hash)]; i > mark; i = n->entries[i - 1].next)
        if (n->entries[i - 1].hash == e->hash && same_name(n, &n->entries[i - 1], e)) return MCP_EXISTS;
    put_in_bucket(n, n->count++);
    return MCP_OK;
}

mcp_rc mcp_names_add(mcp_names *n, size_t mark, const char *name, size_t len)
{
    size_t kept = len > WHOLE ? len : 0;
    entry *e;
    mcp_rc rc;

    if (n->count == n->cap && (rc = more_entries(n))) return rc;
    if (n->bytes_len + kept > n->bytes_cap && (rc = more_bytes(n, n->bytes_len + kept))) return rc;
    e = &n->entries[n->count];
    read_ends(e, name, len, len);
    e->at = (uint32_t)n->bytes_len;
    if (kept) memcpy(n->bytes + e->at, name, kept);
    if (n->count - mark >= FEW && !is_hashed(n, mark) && (rc = hash_the_few(n, mark))) return rc;
    if ((rc = n->count - mark < FEW ? add_to_few(n, mark, e) : add_to_many(n, mark, e))) return rc;
    n->bytes_len += kept;
    return MCP_OK;
}

void mcp_names_forget(mcp_names *n, size_t mark)
{
    size_t i;

    if (is_hashed(n, mark))
        for (i = n->count; i > mark; i--) n->heads[bucket_of(n, n->entries[i - 1].hash)] = n->entries[i - 1].next;
    drop_names(n, mark);
}
