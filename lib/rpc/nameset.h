/* What mcp/names.h keeps, and the short ways for objects of few and short names. */
#ifndef RPC_NAMESET_H
#define RPC_NAMESET_H

#include <stdint.h>
#include <string.h>
#include "mcp/names.h"

enum { FEW = 16, WHOLE = 16, FIRST_ENTRIES = 32, FIRST_BYTES = 512 };

/* The ends and the length tell names of up to WHOLE bytes apart; longer ones are kept whole beside. */
typedef struct {
    uint64_t first, last;       /* last: 0 if first holds all */
    uint32_t at, len;           /* in bytes */
    uint32_t hash, next;        /* the next older entry of the bucket, counted from 1; 0: none; UNHASHED: in no bucket */
} entry;

#define UNHASHED UINT32_MAX

/* The names of an object are compared one by one while they are FEW, and hashed, all of them, from then on. The newest
 * entry heads its bucket, so the top of the stack is taken off in one step. */
struct mcp_names {
    mcp_ctx *ctx;
    uint64_t key[2];            /* drawn when an object's names are no longer few */
    entry *entries;
    uint32_t *heads;            /* a power of two of buckets; NULL before the first are hashed */
    size_t count, cap;
    char *bytes;
    size_t bytes_len, bytes_cap;
    apr_pool_t *entries_pool, *heads_pool, *bytes_pool;
    entry first_entries[FIRST_ENTRIES];
    char first_bytes[FIRST_BYTES];
};

static inline uint64_t load_eight(const char *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, 8);
    return word;
}

/* A name's first eight bytes, zeros behind a shorter one; readable: how many bytes may be read at name. */
static inline uint64_t first_eight(const char *name, size_t len, size_t readable)
{
    uint64_t word = 0;

    if (len >= 8) return load_eight(name);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (readable >= 8) return load_eight(name) & (((uint64_t)1 << (8 * len)) - 1);
#else
    (void)readable;
#endif
    while (len) word = word << 8 | (unsigned char)name[--len];
    return word;
}

static inline void read_ends(entry *e, const char *name, size_t len, size_t readable)
{
    e->first = first_eight(name, len, readable);
    e->last = len <= 8 ? 0 : load_eight(name + len - 8);
    e->len = (uint32_t)len;
}

static inline int same_name(const mcp_names *n, const entry *a, const entry *b)
{
    if (a->first != b->first || a->last != b->last || a->len != b->len) return 0;
    return a->len <= WHOLE || !memcmp(n->bytes + a->at, n->bytes + b->at, a->len);
}

/* e is the entry behind the newest. */
static inline int stands_among(const mcp_names *n, size_t mark, const entry *e)
{
    const entry *other;

    for (other = n->entries + mark; other < e; other++)
        if (same_name(n, other, e)) return 1;
    return 0;
}

/* All names of the object or none of them. */
static inline int is_hashed(const mcp_names *n, size_t mark)
{
    return n->count > mark && n->entries[n->count - 1].next != UNHASHED;
}

static inline void drop_names(mcp_names *n, size_t mark)
{
    if (n->count == mark) return;
    n->bytes_len = n->entries[mark].at;
    n->count = mark;
}

/* 1: added. 0: nothing has changed, and mcp_names_add knows why. */
static inline int add_quickly(mcp_names *n, size_t mark, const char *name, size_t len, size_t readable)
{
    entry *e = &n->entries[n->count];

    if (len > WHOLE || n->count == n->cap || n->count - mark >= FEW) return 0;
    read_ends(e, name, len, readable);
    if (stands_among(n, mark, e)) return 0;
    e->at = (uint32_t)n->bytes_len;
    e->next = UNHASHED;
    n->count++;
    return 1;
}

/* 1: forgotten. 0: nothing has changed, and mcp_names_forget must be called. */
static inline int forget_quickly(mcp_names *n, size_t mark)
{
    if (is_hashed(n, mark)) return 0;
    drop_names(n, mark);
    return 1;
}

#endif
