#include <stdlib.h>
#include <string.h>
#include <apr_atomic.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include "mcp/cimd.h"

enum { SLOTS = 256 };

/* One allocation: key, document and etag behind each other, each NUL-terminated. */
typedef struct {
    char *block;
    size_t key_len, len;
    int has_etag;
    apr_int64_t fresh_until;
} slot;

struct mcp_cimd_memory {
    apr_thread_mutex_t *lock;
    slot slots[SLOTS];
    volatile apr_uint32_t crowd;
    apr_uint32_t crowd_max;
};

static apr_status_t release(void *baton)
{
    mcp_cimd_memory *m = baton;
    int i;

    for (i = 0; i < SLOTS; i++) free(m->slots[i].block);
    return APR_SUCCESS;
}

mcp_cimd_memory *mcp_cimd_memory_create(apr_pool_t *p, int crowd)
{
    mcp_cimd_memory *m = apr_pcalloc(p, sizeof *m);

    m->crowd_max = (apr_uint32_t)crowd;
    if (apr_thread_mutex_create(&m->lock, APR_THREAD_MUTEX_DEFAULT, p)) return NULL;
    apr_pool_cleanup_register(p, m, release, apr_pool_cleanup_null);
    return m;
}

static slot *slot_of(mcp_cimd_memory *m, const char *key)
{
    apr_ssize_t len = APR_HASH_KEY_STRING;

    return &m->slots[apr_hashfunc_default(key, &len) % SLOTS];
}

int mcp_cimd_recall(mcp_cimd_memory *m, apr_pool_t *p, const char *key, mcp_cimd_copy *out)
{
    slot *s = slot_of(m, key);
    int known;

    apr_thread_mutex_lock(m->lock);
    known = s->block && !strcmp(s->block, key);
    if (known) {
        const char *text = s->block + s->key_len + 1;
        out->text = apr_pstrmemdup(p, text, s->len);
        out->len = s->len;
        out->etag = s->has_etag ? apr_pstrdup(p, text + s->len + 1) : NULL;
        out->fresh_until = s->fresh_until;
    }
    apr_thread_mutex_unlock(m->lock);
    return known;
}

void mcp_cimd_remember(mcp_cimd_memory *m, const char *key, const mcp_cimd_copy *copy)
{
    const char *etag = copy->etag ? copy->etag : "";
    size_t key_len = strlen(key), etag_len = strlen(etag);
    char *block = malloc(key_len + copy->len + etag_len + 3);
    slot *s = slot_of(m, key), old;

    if (!block) return;
    memcpy(block, key, key_len + 1);
    memcpy(block + key_len + 1, copy->text, copy->len);
    block[key_len + 1 + copy->len] = '\0';
    memcpy(block + key_len + copy->len + 2, etag, etag_len + 1);
    apr_thread_mutex_lock(m->lock);
    old = *s;
    *s = (slot){ block, key_len, copy->len, copy->etag != NULL, copy->fresh_until };
    apr_thread_mutex_unlock(m->lock);
    free(old.block);
}

int mcp_cimd_enter(mcp_cimd_memory *m)
{
    if (apr_atomic_inc32(&m->crowd) < m->crowd_max) return 1;
    apr_atomic_dec32(&m->crowd);
    return 0;
}

void mcp_cimd_leave(mcp_cimd_memory *m)
{
    apr_atomic_dec32(&m->crowd);
}
