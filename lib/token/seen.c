#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <apr_thread_mutex.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include "mcp/seen.h"

enum { WAYS = 8, SHARDS_MAX = 16, SHARD_ENTRIES_MIN = 64, CACHE_LINE = 64, END_LEN = 64, TEXTS = 7 };

/* One block: the struct, then its texts. Unchanged after it was made, but for the last three members. */
typedef struct entry {
    mcp_token token;
    json_t *claims;             /* the only reference */
    const char *text, *audience;
    size_t len, weight;
    apr_uint64_t realm, generation;
    apr_int64_t until;
    int was_used;               /* since the clock passed; the shard's lock guards it */
    struct entry *next;         /* among those that left the table */
    atomic_int holders;         /* the table and every lease */
} entry;

typedef struct {
    apr_uint64_t hash;
    entry *entry;
} slot;

/* Sets of WAYS slots, each with a clock hand of its own; another goes around the shard when bytes run out. */
typedef struct {
    apr_thread_mutex_t *lock;
    slot *slots;
    unsigned sets, hand;
    int entries;
    size_t bytes;
    apr_uint64_t hits, misses;
    char padding[CACHE_LINE];
} shard;

struct mcp_seen {
    apr_uint64_t key[2];
    shard *shards;
    unsigned count, slots_each;
    size_t bytes_each;
    int life;
    apr_int64_t leeway;
};

/* ---- the way to a slot: SipHash-2-4 ---- */

typedef struct {
    apr_uint64_t v0, v1, v2, v3;
} sip;

static apr_uint64_t rotate(apr_uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void sip_round(sip *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32) + s->v3;
    s->v2 += s->v1;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

static void absorb(sip *s, apr_uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    sip_round(s);
    s->v0 ^= word;
}

/* Whole words, then what is left with the length on top. */
static void absorb_text(sip *s, const char *text, size_t len)
{
    apr_uint64_t word;
    size_t left = len;

    for (; left >= sizeof word; left -= sizeof word, text += sizeof word) {
        memcpy(&word, text, sizeof word);
        absorb(s, word);
    }
    word = 0;
    memcpy(&word, text, left);
    absorb(s, word ^ (apr_uint64_t)len << 56);
}

/* The hash only chooses the place, all bytes are compared there: both ends are enough, and the last one of a JWS is signature. */
static void absorb_ends(sip *s, const char *text, size_t len)
{
    size_t end = len < END_LEN ? len : END_LEN;

    absorb_text(s, text, end);
    absorb_text(s, text + len - end, end);
    absorb(s, len);
}

static apr_uint64_t hash_of(const mcp_seen *seen, const mcp_seen_key *key)
{
    sip s = { seen->key[0] ^ 0x736f6d6570736575u, seen->key[1] ^ 0x646f72616e646f6du,
              seen->key[0] ^ 0x6c7967656e657261u, seen->key[1] ^ 0x7465646279746573u };
    int i;

    absorb_ends(&s, key->text, key->len);
    absorb_text(&s, key->audience, strlen(key->audience));
    absorb(&s, key->realm);
    s.v2 ^= 0xff;
    for (i = 0; i < 4; i++) sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* ---- entries ---- */

/* What malloc takes for n bytes. */
static size_t block(size_t n)
{
    n = (n + 8 + 15) & ~(size_t)15;
    return n < 32 ? 32 : n;
}

/* No less than jansson allocates: its tables double, so up to two places stand ready for each member. */
static size_t weight_of(const json_t *value)
{
    const char *name;
    json_t *shared = (json_t *)(size_t)value, *member;     /* jansson's iteration only reads */
    size_t i, sum;

    switch (json_typeof(value)) {
    case JSON_OBJECT:
        sum = block(96) + block(8 * 16);
        json_object_foreach(shared, name, member) sum += block(64 + strlen(name)) + 2 * 16 + weight_of(member);
        return sum;
    case JSON_ARRAY:
        sum = block(48) + block(8 * sizeof member);
        json_array_foreach(value, i, member) sum += 2 * sizeof member + weight_of(member);
        return sum;
    case JSON_STRING: return block(32) + block(json_string_length(value) + 1);
    default: return block(32);
    }
}

static void release(entry *e)
{
    if (!e || atomic_fetch_sub_explicit(&e->holders, 1, memory_order_acq_rel) > 1) return;
    json_decref(e->claims);
    OPENSSL_cleanse((char *)(size_t)e->text, e->len);
    free(e);
}

static apr_status_t end_lease(void *e)
{
    release(e);
    return APR_SUCCESS;
}

static const char *put_text(char **at, const char *text, size_t len)
{
    char *copy = memcpy(*at, text, len);

    copy[len] = '\0';
    *at += len + 1;
    return copy;
}

static void fill(entry *e, const mcp_seen_key *key, const mcp_token *t)
{
    char *at = (char *)(e + 1);

    e->text = put_text(&at, key->text, key->len);
    e->len = key->len;
    e->audience = put_text(&at, key->audience, strlen(key->audience));
    e->token.sub = put_text(&at, t->sub, strlen(t->sub));
    e->token.client_id = put_text(&at, t->client_id, strlen(t->client_id));
    e->token.scope = put_text(&at, t->scope, strlen(t->scope));
    e->token.jti = put_text(&at, t->jti, strlen(t->jti));
    e->token.claims_text = put_text(&at, t->claims_len ? t->claims_text : "", t->claims_len);
    e->token.claims_len = t->claims_len;
    e->token.exp = t->exp;
    e->token.claims = e->claims;
}

static size_t size_of(const mcp_seen_key *key, const mcp_token *t)
{
    size_t own = strlen(t->sub) + strlen(t->client_id) + strlen(t->scope) + strlen(t->jti) + t->claims_len;

    return sizeof(entry) + key->len + strlen(key->audience) + own + TEXTS;      /* each ends in a NUL */
}

/* NULL if it is too large or memory is out. */
static entry *make(const mcp_seen *seen, const mcp_seen_key *key, const mcp_token *t, apr_int64_t now)
{
    size_t size = size_of(key, t), weight = block(size) + (t->claims ? weight_of(t->claims) : 0);
    entry *e = weight > MCP_SEEN_TOKEN_MAX || weight > seen->bytes_each / 4 ? NULL : malloc(size);

    if (!e) return NULL;
    e->claims = t->claims ? json_deep_copy(t->claims) : NULL;
    if (t->claims && !e->claims) {
        free(e);
        return NULL;
    }
    fill(e, key, t);
    e->weight = weight;
    e->realm = key->realm;
    e->generation = key->generation;
    e->until = now + seen->life < t->exp + seen->leeway ? now + seen->life : t->exp + seen->leeway;
    e->was_used = 0;
    atomic_init(&e->holders, 1);
    return e;
}

/* In the same time wherever they differ. */
static int equal(const char *a, const char *b, size_t len)
{
    apr_uint64_t x, y, differences = 0;

    for (; len >= sizeof x; len -= sizeof x, a += sizeof x, b += sizeof x) {
        memcpy(&x, a, sizeof x);
        memcpy(&y, b, sizeof y);
        differences |= x ^ y;
    }
    for (; len; len--) differences |= (apr_uint64_t)(*a++ ^ *b++);
    return !differences;
}

static int is_for(const entry *e, const mcp_seen_key *key)
{
    return e->len == key->len && e->realm == key->realm && equal(e->text, key->text, key->len) && !strcmp(e->audience, key->audience);
}

static int is_good(const entry *e, apr_int64_t now, apr_uint64_t generation)
{
    return now < e->until && e->generation == generation;
}

/* ---- the table, with the shard's lock held ---- */

static shard *shard_of(const mcp_seen *seen, apr_uint64_t hash)
{
    return &seen->shards[(hash >> 48) & (seen->count - 1)];
}

static slot *set_of(const shard *sh, apr_uint64_t hash)
{
    return sh->slots + (hash & (sh->sets - 1)) * WAYS;
}

static slot *find_slot(const shard *sh, apr_uint64_t hash, const mcp_seen_key *key)
{
    slot *set = set_of(sh, hash);
    int i;

    for (i = 0; i < WAYS; i++)
        if (set[i].entry && set[i].hash == hash && is_for(set[i].entry, key)) return &set[i];
    return NULL;
}

/* What leaves the table is released when the lock is open. */
static void empty(shard *sh, slot *s, entry **gone)
{
    if (!s->entry) return;
    sh->entries--;
    sh->bytes -= s->entry->weight;
    s->entry->next = *gone;
    *gone = s->entry;
    s->entry = NULL;
}

/* Free or worthless, otherwise the first not used since it was passed here: clearing the marks finds one in the second turn. */
static slot *choose_slot(const shard *sh, apr_uint64_t hash, apr_int64_t now)
{
    slot *set = set_of(sh, hash);
    unsigned i, first = (unsigned)(hash >> 32) % WAYS;

    for (i = 0; i < WAYS; i++)
        if (!set[i].entry || set[i].entry->until <= now) return &set[i];
    for (i = first; set[i % WAYS].entry->was_used; i++) set[i % WAYS].entry->was_used = 0;
    return &set[i % WAYS];
}

static void turn_clock(shard *sh, entry **gone)
{
    slot *s = &sh->slots[sh->hand];

    sh->hand = (sh->hand + 1) % (sh->sets * WAYS);
    if (!s->entry || !s->entry->was_used) empty(sh, s, gone);
    else s->entry->was_used = 0;
}

static void put(const mcp_seen *seen, shard *sh, apr_uint64_t hash, const mcp_seen_key *key, entry *e, apr_int64_t now, entry **gone)
{
    slot *s = find_slot(sh, hash, key);

    if (!s) s = choose_slot(sh, hash, now);
    empty(sh, s, gone);
    while (sh->bytes + e->weight > seen->bytes_each) turn_clock(sh, gone);
    s->hash = hash;
    s->entry = e;
    sh->entries++;
    sh->bytes += e->weight;
}

static entry *lease(shard *sh, apr_uint64_t hash, const mcp_seen_key *key, apr_int64_t now, entry **gone)
{
    slot *s = find_slot(sh, hash, key);
    entry *e;

    if (s && !is_good(s->entry, now, key->generation)) empty(sh, s, gone);
    e = s ? s->entry : NULL;
    if (!e) {
        sh->misses++;
        return NULL;
    }
    sh->hits++;
    e->was_used = 1;
    atomic_fetch_add_explicit(&e->holders, 1, memory_order_relaxed);
    return e;
}

/* ---- the doors ---- */

static void release_all(entry *gone)
{
    entry *next;

    for (; gone; gone = next) {
        next = gone->next;
        release(gone);
    }
}

int mcp_seen_find(mcp_ctx *ctx, mcp_seen *seen, const mcp_seen_key *key, mcp_token *out)
{
    apr_uint64_t hash = hash_of(seen, key);
    shard *sh = shard_of(seen, hash);
    entry *e, *gone = NULL;

    apr_thread_mutex_lock(sh->lock);
    e = lease(sh, hash, key, mcp_now(ctx), &gone);
    apr_thread_mutex_unlock(sh->lock);
    release_all(gone);
    if (!e) return 0;
    apr_pool_cleanup_register(ctx->pool, e, end_lease, apr_pool_cleanup_null);
    *out = e->token;
    return 1;
}

void mcp_seen_keep(mcp_ctx *ctx, mcp_seen *seen, const mcp_seen_key *key, const mcp_token *token)
{
    apr_uint64_t hash = hash_of(seen, key);
    shard *sh = shard_of(seen, hash);
    entry *e = make(seen, key, token, mcp_now(ctx)), *gone = NULL;

    if (!e) return;
    apr_thread_mutex_lock(sh->lock);
    put(seen, sh, hash, key, e, mcp_now(ctx), &gone);
    apr_thread_mutex_unlock(sh->lock);
    release_all(gone);
}

void mcp_seen_forget(mcp_seen *seen, const mcp_seen_key *key)
{
    apr_uint64_t hash = hash_of(seen, key);
    shard *sh = shard_of(seen, hash);
    entry *gone = NULL;
    slot *s;

    apr_thread_mutex_lock(sh->lock);
    if ((s = find_slot(sh, hash, key))) empty(sh, s, &gone);
    apr_thread_mutex_unlock(sh->lock);
    release_all(gone);
}

/* ---- the whole ---- */

mcp_seen_figures mcp_seen_count(mcp_seen *seen)
{
    mcp_seen_figures all = { 0 };
    unsigned i;

    for (i = 0; i < seen->count; i++) {
        shard *sh = &seen->shards[i];
        apr_thread_mutex_lock(sh->lock);
        all.entries += sh->entries;
        all.bytes += sh->bytes;
        all.hits += sh->hits;
        all.misses += sh->misses;
        apr_thread_mutex_unlock(sh->lock);
    }
    return all;
}

static apr_status_t drop_all(void *baton)
{
    mcp_seen *seen = baton;
    entry *gone = NULL;
    unsigned i, j;

    for (i = 0; i < seen->count; i++)
        for (j = 0; j < seen->slots_each; j++) empty(&seen->shards[i], &seen->shards[i].slots[j], &gone);
    release_all(gone);
    return APR_SUCCESS;
}

static unsigned power_below(unsigned n, unsigned least)
{
    unsigned power = least;

    while (power <= n / 2) power *= 2;
    return power;
}

static void take_caps(mcp_seen *seen, const mcp_seen_caps *caps)
{
    unsigned entries = power_below(caps->entries > 0 ? (unsigned)caps->entries : MCP_SEEN_ENTRIES, WAYS);

    seen->count = power_below(entries / SHARD_ENTRIES_MIN < SHARDS_MAX ? entries / SHARD_ENTRIES_MIN : SHARDS_MAX, 1);
    seen->slots_each = entries / seen->count;
    seen->bytes_each = (caps->bytes ? caps->bytes : MCP_SEEN_BYTES) / seen->count;
    seen->life = caps->life > 0 ? caps->life : MCP_SEEN_LIFE;
    seen->leeway = caps->leeway;
}

static int make_shard(apr_pool_t *p, shard *sh, unsigned slots)
{
    sh->sets = slots / WAYS;
    sh->slots = apr_pcalloc(p, slots * sizeof *sh->slots);
    return apr_thread_mutex_create(&sh->lock, APR_THREAD_MUTEX_UNNESTED, p) == APR_SUCCESS;
}

mcp_rc mcp_seen_create(mcp_ctx *ctx, apr_pool_t *p, const mcp_seen_caps *caps, mcp_seen **out)
{
    mcp_seen *seen = apr_pcalloc(p, sizeof *seen);
    unsigned i;

    take_caps(seen, caps);
    if (RAND_bytes((unsigned char *)seen->key, sizeof seen->key) != 1) return mcp_fail(ctx, MCP_INTERNAL, "OpenSSL has no random bytes");
    seen->shards = apr_pcalloc(p, seen->count * sizeof *seen->shards);
    for (i = 0; i < seen->count; i++)
        if (!make_shard(p, &seen->shards[i], seen->slots_each)) return mcp_fail(ctx, MCP_INTERNAL, "no mutex can be had");
    apr_pool_pre_cleanup_register(p, seen, drop_all);
    *out = seen;
    return MCP_OK;
}
