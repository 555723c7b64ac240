/* Where shared state lives. Two drivers speak this contract: lmdb (one host, durable) and
 * memcache (many hosts, may forget).
 *
 * Absence means no: whoever finds no record refuses. A driver that cannot answer says
 * MCP_UNAVAILABLE and nothing else: an error never looks like absence.
 * Keys are a kind (a noun: "client", "code", "jti") and an id; both are digested before they
 * reach a driver, so any bytes may stand in an id. Every record has a life in seconds (> 0).
 * Values are at most MCP_STORE_VALUE_MAX bytes; larger: MCP_TOO_LARGE.
 * A store may be used by many threads and processes at once; mcp_store_open is called
 * again in each process after a fork (drivers hold no handle over it). */
#ifndef MCP_STORE_H
#define MCP_STORE_H

#include <sys/types.h>
#include "mcp/ctx.h"

enum { MCP_STORE_VALUE_MAX = 512 * 1024, MCP_STORE_SERVERS_MAX = 16 };

typedef struct mcp_store mcp_store;

/* Drivers fill one of these; only store.c calls through it. key is a short tag and a hex digest, NUL-terminated. */
typedef struct {
    const char *name;
    mcp_rc (*get)(mcp_ctx *ctx, void *self, const char *key, const char **value, size_t *len);
    mcp_rc (*put)(mcp_ctx *ctx, void *self, const char *key, const char *value, size_t len, apr_uint32_t life);
    mcp_rc (*add)(mcp_ctx *ctx, void *self, const char *key, const char *value, size_t len, apr_uint32_t life);
    mcp_rc (*take)(mcp_ctx *ctx, void *self, const char *key, const char **value, size_t *len);
    mcp_rc (*count)(mcp_ctx *ctx, void *self, const char *key, apr_uint32_t window, apr_uint32_t *n);
    mcp_rc (*remove)(mcp_ctx *ctx, void *self, const char *key);
    mcp_rc (*room)(mcp_ctx *ctx, void *self);       /* NULL: it makes room by forgetting */
} mcp_store_driver;

struct mcp_store {
    const mcp_store_driver *driver;
    void *self;
};

/* spec: "lmdb:DIR" or "memcache:HOST:PORT[,HOST:PORT...]". Checks the words only, touches nothing:
 * NULL if good, otherwise a sentence that says what to change. */
const char *mcp_store_check(apr_pool_t *p, const char *spec);

/* store_folder.c: the folder of the embedded store, dir an absolute path. Who will use it: httpd's user. Where this process
 * is not root it stays who it is. */
typedef struct {
    uid_t uid;
    gid_t gid;
    const char *name;
} mcp_store_user;

/* Makes and changes nothing. NULL if the user can use the folder, or if it is missing and can be made; otherwise a sentence
 * that names the path at fault and the remedy: a component that the user cannot enter, a file where a folder should be,
 * a folder he cannot write in, one that holds other files and no store. */
const char *mcp_store_folder_check(apr_pool_t *p, const char *dir, const mcp_store_user *user);
/* Makes what is missing: parents of mode 0755, the folder itself of mode 0700 and the user's. What is there already keeps
 * its owner and mode. Then as mcp_store_folder_check. */
const char *mcp_store_folder_make(apr_pool_t *p, const char *dir, const mcp_store_user *user);

/* Opens for this process; closed when p is. threads: how many may call at once (sizes the connection pool).
 * MCP_BAD_CONFIG (unwritable directory, bad spec) or MCP_UNAVAILABLE. */
mcp_rc mcp_store_open(mcp_ctx *ctx, apr_pool_t *p, const char *spec, int threads, mcp_store **out);

/* MCP_ABSENT if there is none. The context's pool owns *value, NUL-terminated behind len bytes. */
mcp_rc mcp_store_get(mcp_ctx *ctx, mcp_store *store, const char *kind, const char *id, const char **value, size_t *len);
/* Writes, replacing what was there. */
mcp_rc mcp_store_put(mcp_ctx *ctx, mcp_store *store, const char *kind, const char *id,
                     const char *value, size_t len, apr_uint32_t life);
/* Writes only if absent: MCP_EXISTS otherwise. Of many at once, one wins. */
mcp_rc mcp_store_add(mcp_ctx *ctx, mcp_store *store, const char *kind, const char *id,
                     const char *value, size_t len, apr_uint32_t life);
/* Gets and removes. Of many at once, one gets it and the others MCP_ABSENT. */
mcp_rc mcp_store_take(mcp_ctx *ctx, mcp_store *store, const char *kind, const char *id, const char **value, size_t *len);
/* Adds one to a counter that starts at 0 in every window of `window` seconds; *n is the new count. */
mcp_rc mcp_store_count(mcp_ctx *ctx, mcp_store *store, const char *kind, const char *id,
                       apr_uint32_t window, apr_uint32_t *n);
/* MCP_OK also if there was none. */
mcp_rc mcp_store_remove(mcp_ctx *ctx, mcp_store *store, const char *kind, const char *id);

/* MCP_UNAVAILABLE when three quarters are full. Asked before a stranger's record is written, so that strangers
 * alone never fill the store: those who are known already find room for their codes. */
mcp_rc mcp_store_room(mcp_ctx *ctx, mcp_store *store);

/* Bytes that LMDB's file may grow to; tests make it smaller. */
extern size_t mcp_store_lmdb_size;

/* The drivers, for store.c's table. rest: the spec behind "lmdb:" or "memcache:". */
mcp_rc mcp_store_lmdb_open(mcp_ctx *ctx, apr_pool_t *p, const char *rest, int threads, mcp_store *out);
mcp_rc mcp_store_memcache_open(mcp_ctx *ctx, apr_pool_t *p, const char *rest, int threads, mcp_store *out);

#endif
