/* LMDB: one folder, many processes, every acknowledged write on disk. A record is 8 bytes of expiry
 * (seconds since 1970, host order) and the value. A second tree keeps expiry and key in order of time, so that
 * every write can remove a few records that have expired. */
#include <lmdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>
#include <apr_file_io.h>
#include "mcp/store.h"

enum { EXPIRY = sizeof(apr_int64_t), KEY_MAX = 128, SWEEP = 4 };
size_t mcp_store_lmdb_size = (size_t)1 << 30;

/* One open environment; LMDB forbids a second one on the same folder in a process. */
typedef struct {
    MDB_env *env;           /* NULL: not open */
    MDB_dbi records, expiries;
    pid_t pid;              /* who opened it; useless behind a fork */
    int users;
} lmdb;

/* A key of the second tree. */
typedef struct {
    unsigned char bytes[EXPIRY + KEY_MAX];
    size_t len;
} entry;

static mcp_rc broken(mcp_ctx *ctx, int err)
{
    return mcp_fail(ctx, MCP_UNAVAILABLE, "LMDB: %s", mdb_strerror(err));
}

static MDB_val key_val(const char *key)
{
    MDB_val v = { strlen(key), (void *)(size_t)key };
    return v;
}

static apr_int64_t expiry_of(const MDB_val *record)
{
    apr_int64_t expiry = 0;

    if (record->mv_size >= EXPIRY) memcpy(&expiry, record->mv_data, EXPIRY);
    return expiry;
}

/* Big-endian, so that the order of bytes is the order of time. */
static entry entry_of(const char *key, apr_int64_t expiry)
{
    entry e;
    size_t i, len = strlen(key);

    for (i = 0; i < EXPIRY; i++) e.bytes[i] = (unsigned char)((apr_uint64_t)expiry >> (8 * (EXPIRY - 1 - i)));
    if (len > KEY_MAX) len = KEY_MAX;
    memcpy(e.bytes + EXPIRY, key, len);
    e.len = EXPIRY + len;
    return e;
}

static apr_int64_t entry_expiry(const entry *e)
{
    apr_uint64_t expiry = 0;
    size_t i;

    for (i = 0; i < EXPIRY; i++) expiry = expiry << 8 | e->bytes[i];
    return (apr_int64_t)expiry;
}

/* MCP_ABSENT also for what has expired. */
static mcp_rc find(mcp_ctx *ctx, MDB_txn *txn, const lmdb *l, const char *key, MDB_val *record)
{
    MDB_val k = key_val(key);
    int err = mdb_get(txn, l->records, &k, record);

    if (err == MDB_NOTFOUND) return MCP_ABSENT;
    if (err) return broken(ctx, err);
    return expiry_of(record) > mcp_now(ctx) ? MCP_OK : MCP_ABSENT;
}

static void copy_out(mcp_ctx *ctx, const MDB_val *record, const char **value, size_t *len)
{
    *len = record->mv_size - EXPIRY;
    *value = apr_pstrmemdup(ctx->pool, (const char *)record->mv_data + EXPIRY, *len);
}

/* Removes a record, expired or not, and its entry. MCP_OK also if there was none. */
static mcp_rc erase(mcp_ctx *ctx, MDB_txn *txn, const lmdb *l, const char *key)
{
    MDB_val k = key_val(key), record, entry_key;
    entry e;
    int err = mdb_get(txn, l->records, &k, &record);

    if (err == MDB_NOTFOUND) return MCP_OK;
    if (err) return broken(ctx, err);
    e = entry_of(key, expiry_of(&record));
    entry_key = (MDB_val){ e.len, e.bytes };
    err = mdb_del(txn, l->expiries, &entry_key, NULL);
    if (err && err != MDB_NOTFOUND) return broken(ctx, err);
    err = mdb_del(txn, l->records, &k, NULL);
    return err ? broken(ctx, err) : MCP_OK;
}

static mcp_rc write_entry(mcp_ctx *ctx, MDB_txn *txn, const lmdb *l, const char *key, apr_int64_t expiry)
{
    entry e = entry_of(key, expiry);
    MDB_val k = { e.len, e.bytes }, nothing = { 0, NULL };
    int err = mdb_put(txn, l->expiries, &k, &nothing, 0);

    return err ? broken(ctx, err) : MCP_OK;
}

static mcp_rc write_record(mcp_ctx *ctx, MDB_txn *txn, const lmdb *l, const char *key, const char *value, size_t len, apr_int64_t expiry)
{
    MDB_val k = key_val(key), record = { EXPIRY + len, NULL };
    mcp_rc rc;
    int err;

    if ((rc = erase(ctx, txn, l, key))) return rc;
    if ((rc = write_entry(ctx, txn, l, key, expiry))) return rc;
    if ((err = mdb_put(txn, l->records, &k, &record, MDB_RESERVE))) return broken(ctx, err);
    memcpy(record.mv_data, &expiry, EXPIRY);
    if (len) memcpy((char *)record.mv_data + EXPIRY, value, len);
    return MCP_OK;
}

/* Takes the oldest entry out if its time has come. */
static int take_expired(mcp_ctx *ctx, MDB_txn *txn, const lmdb *l, entry *e)
{
    MDB_val k, nothing;
    MDB_cursor *cursor;
    int taken;

    if (mdb_cursor_open(txn, l->expiries, &cursor)) return 0;
    taken = !mdb_cursor_get(cursor, &k, &nothing, MDB_FIRST) && k.mv_size > EXPIRY && k.mv_size <= sizeof e->bytes;
    if (taken) {
        memcpy(e->bytes, k.mv_data, k.mv_size);
        e->len = k.mv_size;
        taken = entry_expiry(e) <= mcp_now(ctx) && !mdb_cursor_del(cursor, 0);
    }
    mdb_cursor_close(cursor);
    return taken;
}

/* A failure in here spoils the transaction, and its commit tells. */
static void sweep(mcp_ctx *ctx, MDB_txn *txn, const lmdb *l)
{
    MDB_val k, record;
    entry e;
    int i;

    for (i = 0; i < SWEEP && take_expired(ctx, txn, l, &e); i++) {
        k = (MDB_val){ e.len - EXPIRY, e.bytes + EXPIRY };
        if (!mdb_get(txn, l->records, &k, &record) && expiry_of(&record) == entry_expiry(&e)) mdb_del(txn, l->records, &k, NULL);
    }
}

static mcp_rc begin(mcp_ctx *ctx, const lmdb *l, unsigned flags, MDB_txn **txn)
{
    int err = mdb_txn_begin(l->env, NULL, flags, txn), dead;

    if (err == MDB_READERS_FULL && !mdb_reader_check(l->env, &dead) && dead) err = mdb_txn_begin(l->env, NULL, flags, txn);
    return err ? broken(ctx, err) : MCP_OK;
}

static mcp_rc finish(mcp_ctx *ctx, MDB_txn *txn, mcp_rc rc)
{
    int err;

    if (rc) {
        mdb_txn_abort(txn);
        return rc;
    }
    err = mdb_txn_commit(txn);
    return err ? broken(ctx, err) : MCP_OK;
}

static mcp_rc lmdb_get(mcp_ctx *ctx, void *self, const char *key, const char **value, size_t *len)
{
    MDB_txn *txn;
    MDB_val record;
    mcp_rc rc = begin(ctx, self, MDB_RDONLY, &txn);

    if (rc) return rc;
    rc = find(ctx, txn, self, key, &record);
    if (!rc) copy_out(ctx, &record, value, len);
    mdb_txn_abort(txn);
    return rc;
}

static mcp_rc store_record(mcp_ctx *ctx, lmdb *l, const char *key, const char *value, size_t len, apr_uint32_t life, int only_new)
{
    MDB_txn *txn;
    MDB_val record;
    mcp_rc rc = begin(ctx, l, 0, &txn), there;

    if (rc) return rc;
    sweep(ctx, txn, l);
    there = only_new ? find(ctx, txn, l, key, &record) : MCP_ABSENT;
    rc = there == MCP_ABSENT ? write_record(ctx, txn, l, key, value, len, mcp_now(ctx) + life) : there ? there : MCP_EXISTS;
    return finish(ctx, txn, rc);
}

static mcp_rc lmdb_put(mcp_ctx *ctx, void *self, const char *key, const char *value, size_t len, apr_uint32_t life)
{
    return store_record(ctx, self, key, value, len, life, 0);
}

static mcp_rc lmdb_add(mcp_ctx *ctx, void *self, const char *key, const char *value, size_t len, apr_uint32_t life)
{
    return store_record(ctx, self, key, value, len, life, 1);
}

static mcp_rc lmdb_take(mcp_ctx *ctx, void *self, const char *key, const char **value, size_t *len)
{
    MDB_txn *txn;
    MDB_val record;
    mcp_rc rc = begin(ctx, self, 0, &txn);

    if (rc) return rc;
    rc = find(ctx, txn, self, key, &record);
    if (!rc) {
        copy_out(ctx, &record, value, len);
        rc = erase(ctx, txn, self, key);
    }
    return finish(ctx, txn, rc);
}

static mcp_rc lmdb_count(mcp_ctx *ctx, void *self, const char *key, apr_uint32_t window, apr_uint32_t *n)
{
    MDB_txn *txn;
    MDB_val record;
    apr_int64_t expiry = mcp_now(ctx) + window;
    mcp_rc rc = begin(ctx, self, 0, &txn), there;

    if (rc) return rc;
    sweep(ctx, txn, self);
    *n = 0;
    there = find(ctx, txn, self, key, &record);
    if (!there && record.mv_size == EXPIRY + sizeof *n) {
        memcpy(n, (const char *)record.mv_data + EXPIRY, sizeof *n);
        expiry = expiry_of(&record);
    }
    if (there && there != MCP_ABSENT) return finish(ctx, txn, there);
    ++*n;
    return finish(ctx, txn, write_record(ctx, txn, self, key, (const char *)n, sizeof *n, expiry));
}

static mcp_rc lmdb_remove(mcp_ctx *ctx, void *self, const char *key)
{
    MDB_txn *txn;
    mcp_rc rc = begin(ctx, self, 0, &txn);

    return rc ? rc : finish(ctx, txn, erase(ctx, txn, self, key));
}

static size_t used_by(MDB_txn *txn, MDB_dbi tree)
{
    MDB_stat s;

    return mdb_stat(txn, tree, &s) ? 0 : (s.ms_branch_pages + s.ms_leaf_pages + s.ms_overflow_pages) * s.ms_psize;
}

static mcp_rc lmdb_room(mcp_ctx *ctx, void *self)
{
    const lmdb *l = self;
    MDB_txn *txn;
    size_t used;
    mcp_rc rc = begin(ctx, l, MDB_RDONLY, &txn);

    if (rc) return rc;
    used = used_by(txn, l->records) + used_by(txn, l->expiries);
    mdb_txn_abort(txn);
    if (used < mcp_store_lmdb_size / 4 * 3) return MCP_OK;
    return mcp_fail(ctx, MCP_UNAVAILABLE, "LMDB: three quarters of %lu bytes are full", (unsigned long)mcp_store_lmdb_size);
}

static const mcp_store_driver driver = { "lmdb", lmdb_get, lmdb_put, lmdb_add, lmdb_take, lmdb_count, lmdb_remove, lmdb_room };

/* Behind a fork the environment is the parent's: neither used nor closed. */
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

static apr_status_t shut(void *self)
{
    lmdb *l = self;

    pthread_mutex_lock(&opening);
    if (l->pid == getpid() && !--l->users) {
        mdb_env_close(l->env);
        l->env = NULL;
    }
    pthread_mutex_unlock(&opening);
    return APR_SUCCESS;
}

/* The root of all pools belongs to the process, so modules that each carry a copy of this file share what is open. */
static lmdb *shared(mcp_ctx *ctx, apr_pool_t *p, const char *dir)
{
    char *real = realpath(dir, NULL);
    const char *name = apr_pstrcat(ctx->pool, "mcp-store-lmdb-1 ", real ? real : dir, NULL);
    void *l;

    free(real);
    while (apr_pool_parent_get(p)) p = apr_pool_parent_get(p);
    apr_pool_userdata_get(&l, name, p);
    if (l) return l;
    l = apr_pcalloc(p, sizeof(lmdb));
    apr_pool_userdata_set(l, name, NULL, p);
    return l;
}

static int open_trees(lmdb *l)
{
    MDB_txn *txn;
    int err = mdb_txn_begin(l->env, NULL, 0, &txn);

    if (err) return err;
    err = mdb_dbi_open(txn, "records", MDB_CREATE, &l->records);
    if (!err) err = mdb_dbi_open(txn, "expiries", MDB_CREATE, &l->expiries);
    if (!err) return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return err;
}

static int open_env(lmdb *l, const char *dir, int threads)
{
    int err;

    if ((err = mdb_env_create(&l->env))) return err;
    mdb_env_set_mapsize(l->env, mcp_store_lmdb_size);
    mdb_env_set_maxdbs(l->env, 2);
    mdb_env_set_maxreaders(l->env, (unsigned)(threads < 64 ? 4096 : threads * 64));
    err = mdb_env_open(l->env, dir, MDB_NOTLS, 0600);
    if (!err) err = mdb_reader_check(l->env, NULL);
    if (!err) err = open_trees(l);
    if (!err) return 0;
    mdb_env_close(l->env);
    l->env = NULL;
    return err;
}

/* Counts one more user, after it has opened the environment for the first one of this process. */
static int join(lmdb *l, const char *dir, int threads)
{
    int err = 0;

    pthread_mutex_lock(&opening);
    if (!l->env || l->pid != getpid()) {
        l->pid = getpid();
        l->users = 0;
        err = open_env(l, dir, threads);
    }
    if (!err) l->users++;
    pthread_mutex_unlock(&opening);
    return err;
}

mcp_rc mcp_store_lmdb_open(mcp_ctx *ctx, apr_pool_t *p, const char *rest, int threads, mcp_store *out)
{
    lmdb *l;
    int err;

    apr_dir_make_recursive(rest, APR_UREAD | APR_UWRITE | APR_UEXECUTE, ctx->pool);
    l = shared(ctx, p, rest);
    if ((err = join(l, rest, threads)))
        return mcp_fail(ctx, MCP_BAD_CONFIG, "%s: %s; the user httpd runs as must be able to write there", rest, mdb_strerror(err));
    apr_pool_cleanup_register(p, l, shut, apr_pool_cleanup_null);
    out->driver = &driver;
    out->self = l;
    return MCP_OK;
}
