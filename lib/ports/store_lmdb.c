/* LMDB: one folder, many processes, every acknowledged write on disk. A record is 8 bytes of expiry
 * (seconds since 1970, host order) and the value. */
#include <lmdb.h>
#include <string.h>
#include <apr_strings.h>
#include <apr_file_io.h>
#include "mcp/store.h"

enum { EXPIRY = sizeof(apr_int64_t), SWEEP = 4 };
static const size_t map_size = (size_t)1 << 30;

typedef struct {
    MDB_env *env;
    MDB_dbi dbi;
} lmdb;

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

/* MCP_ABSENT also for what has expired. */
static mcp_rc find(mcp_ctx *ctx, MDB_txn *txn, const lmdb *l, const char *key, MDB_val *record)
{
    MDB_val k = key_val(key);
    int err = mdb_get(txn, l->dbi, &k, record);

    if (err == MDB_NOTFOUND) return MCP_ABSENT;
    if (err) return broken(ctx, err);
    return expiry_of(record) > mcp_now(ctx) ? MCP_OK : MCP_ABSENT;
}

static void copy_out(mcp_ctx *ctx, const MDB_val *record, const char **value, size_t *len)
{
    *len = record->mv_size - EXPIRY;
    *value = apr_pstrmemdup(ctx->pool, (const char *)record->mv_data + EXPIRY, *len);
}

static mcp_rc write_record(mcp_ctx *ctx, MDB_txn *txn, const lmdb *l, const char *key, const char *value, size_t len, apr_int64_t expiry)
{
    MDB_val k = key_val(key), record = { EXPIRY + len, NULL };
    int err = mdb_put(txn, l->dbi, &k, &record, MDB_RESERVE);

    if (err) return broken(ctx, err);
    memcpy(record.mv_data, &expiry, EXPIRY);
    memcpy((char *)record.mv_data + EXPIRY, value, len);
    return MCP_OK;
}

/* Every write also looks at a few neighbours and removes what has expired, so the file does not grow without end. */
static void sweep(mcp_ctx *ctx, MDB_txn *txn, const lmdb *l, const char *key)
{
    MDB_val k = key_val(key), record;
    MDB_cursor *cursor;
    int i;

    if (mdb_cursor_open(txn, l->dbi, &cursor)) return;
    for (i = 0; i < SWEEP && !mdb_cursor_get(cursor, &k, &record, i ? MDB_NEXT : MDB_SET_RANGE); i++)
        if (expiry_of(&record) <= mcp_now(ctx) && mdb_cursor_del(cursor, 0)) break;
    mdb_cursor_close(cursor);
}

static mcp_rc begin(mcp_ctx *ctx, const lmdb *l, unsigned flags, MDB_txn **txn)
{
    int err = mdb_txn_begin(l->env, NULL, flags, txn);

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
    sweep(ctx, txn, l, key);
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

static mcp_rc erase(mcp_ctx *ctx, MDB_txn *txn, const lmdb *l, const char *key)
{
    MDB_val k = key_val(key);
    int err = mdb_del(txn, l->dbi, &k, NULL);

    return err && err != MDB_NOTFOUND ? broken(ctx, err) : MCP_OK;
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
    sweep(ctx, txn, self, key);
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

static const mcp_store_driver driver = { "lmdb", lmdb_get, lmdb_put, lmdb_add, lmdb_take, lmdb_count, lmdb_remove };

static apr_status_t shut(void *self)
{
    mdb_env_close(((lmdb *)self)->env);
    return APR_SUCCESS;
}

static int open_env(lmdb *l, const char *dir, int threads)
{
    MDB_txn *txn;
    int err;

    if ((err = mdb_env_create(&l->env))) return err;
    mdb_env_set_mapsize(l->env, map_size);
    mdb_env_set_maxreaders(l->env, (unsigned)(threads < 64 ? 4096 : threads * 64));
    if ((err = mdb_env_open(l->env, dir, MDB_NOTLS, 0600))) return err;
    mdb_reader_check(l->env, NULL);
    if ((err = mdb_txn_begin(l->env, NULL, 0, &txn))) return err;
    if ((err = mdb_dbi_open(txn, NULL, MDB_CREATE, &l->dbi))) {
        mdb_txn_abort(txn);
        return err;
    }
    return mdb_txn_commit(txn);
}

mcp_rc mcp_store_lmdb_open(mcp_ctx *ctx, apr_pool_t *p, const char *rest, int threads, mcp_store *out)
{
    lmdb *l = apr_pcalloc(p, sizeof *l);
    int err;

    apr_dir_make_recursive(rest, APR_UREAD | APR_UWRITE | APR_UEXECUTE, ctx->pool);
    if ((err = open_env(l, rest, threads))) {
        if (l->env) mdb_env_close(l->env);
        return mcp_fail(ctx, MCP_BAD_CONFIG, "%s: %s; the user httpd runs as must be able to write there", rest, mdb_strerror(err));
    }
    apr_pool_cleanup_register(p, l, shut, apr_pool_cleanup_null);
    out->driver = &driver;
    out->self = l;
    return MCP_OK;
}
