/* memcached: shared by many hosts, may forget.
 *
 * Not through apr_memcache: it waits for ever for a server that hangs, reads a server's error as the number 0, says
 * "not found" when all servers are down, and looks for the keys of a dead server on its neighbour, where a used code
 * or token identifier would be new. Here a key belongs to one server for ever, every wait has an end, and "not
 * found" is always that server's own word. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_atomic.h>
#include <apr_network_io.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include "mcp/store.h"

enum { MONTH = 30 * 86400, PAUSE_MS = 1000, LINE_LEN = 256, BUFFER_LEN = 2048 };
static const apr_interval_time_t wait_max = 2 * APR_USEC_PER_SEC;  /* for one connect, send or receive */

typedef struct connection connection;
struct connection {
    connection *next;
    apr_pool_t *pool;
    apr_socket_t *socket;
    char buffer[BUFFER_LEN];            /* received and not yet read: from at to end */
    size_t at, end;
};

typedef struct {
    const char *host;
    apr_port_t port;
    apr_thread_mutex_t *lock;
    connection *idle;
    volatile apr_uint32_t failed_at;    /* milliseconds, never 0; 0: it answers */
} server;

typedef struct {
    server servers[MCP_STORE_SERVERS_MAX];
    apr_uint32_t count;
} memcache;

typedef struct {
    char line[LINE_LEN];
    const char *value;                  /* of a line that begins with VALUE */
    size_t len;
} reply;

/* ---- one connection ---- */

static void hang_up(connection *c)
{
    apr_pool_destroy(c->pool);
}

static apr_status_t dial_address(connection *c, apr_sockaddr_t *address)
{
    apr_status_t status = apr_socket_create(&c->socket, address->family, SOCK_STREAM, APR_PROTO_TCP, c->pool);

    if (status) return status;
    apr_socket_opt_set(c->socket, APR_TCP_NODELAY, 1);
    if ((status = apr_socket_timeout_set(c->socket, wait_max))) return status;
    return apr_socket_connect(c->socket, address);
}

static apr_status_t dial(const server *s, connection **out)
{
    apr_sockaddr_t *address;
    apr_status_t status;
    apr_pool_t *pool;

    if ((status = apr_pool_create(&pool, NULL))) return status;
    *out = apr_pcalloc(pool, sizeof **out);
    (*out)->pool = pool;
    status = apr_sockaddr_info_get(&address, s->host, APR_UNSPEC, s->port, 0, pool);
    if (!status)
        for (; address && (status = dial_address(*out, address)); address = address->next) ;
    if (status) hang_up(*out);
    return status;
}

static apr_status_t send_all(connection *c, const char *bytes, size_t len)
{
    apr_status_t status = APR_SUCCESS;
    apr_size_t sent;

    for (; len && !status; bytes += sent, len -= sent) {
        sent = len;
        status = apr_socket_send(c->socket, bytes, &sent);
    }
    return status;
}

static apr_status_t fill(connection *c)
{
    apr_size_t len = sizeof c->buffer;
    apr_status_t status = apr_socket_recv(c->socket, c->buffer, &len);

    c->at = 0;
    c->end = len;
    return len ? APR_SUCCESS : status ? status : APR_EOF;
}

/* Without its end of line. */
static apr_status_t read_line(connection *c, char line[LINE_LEN])
{
    apr_status_t status;
    size_t len = 0;

    for (;;) {
        if (c->at == c->end && (status = fill(c))) return status;
        if (c->buffer[c->at] == '\n') break;
        if (len == LINE_LEN - 1) return APR_EGENERAL;
        line[len++] = c->buffer[c->at++];
    }
    c->at++;
    if (!len || line[len - 1] != '\r') return APR_EGENERAL;
    line[len - 1] = '\0';
    return APR_SUCCESS;
}

static apr_status_t read_bytes(connection *c, char *out, size_t len)
{
    apr_status_t status;
    size_t part;

    for (; len; out += part, len -= part, c->at += part) {
        if (c->at == c->end && (status = fill(c))) return status;
        part = c->end - c->at < len ? c->end - c->at : len;
        memcpy(out, c->buffer + c->at, part);
    }
    return APR_SUCCESS;
}

/* "VALUE key flags bytes": an answer to another question is no answer. */
static apr_status_t value_len(const char *line, const char *key, size_t *len)
{
    const char *rest = line + strlen("VALUE ");
    size_t key_len = strlen(key);
    char *end;

    if (strncmp(rest, key, key_len) || strncmp(rest + key_len, " 0 ", 3)) return APR_EGENERAL;
    *len = strtoul(rest + key_len + 3, &end, 10);
    return *end || *len > MCP_STORE_VALUE_MAX ? APR_EGENERAL : APR_SUCCESS;
}

static apr_status_t read_value(mcp_ctx *ctx, connection *c, const char *key, reply *r)
{
    apr_status_t status;
    char *value;

    if ((status = value_len(r->line, key, &r->len))) return status;
    value = apr_palloc(ctx->pool, r->len + 2);
    if ((status = read_bytes(c, value, r->len + 2))) return status;
    if (memcmp(value + r->len, "\r\n", 2)) return APR_EGENERAL;
    value[r->len] = '\0';
    r->value = value;
    if ((status = read_line(c, r->line))) return status;
    return strcmp(r->line, "END") ? APR_EGENERAL : APR_SUCCESS;
}

/* One question, its whole answer, nothing behind it. */
static apr_status_t talk(mcp_ctx *ctx, connection *c, const char *key, const char *question, size_t len, reply *r)
{
    apr_status_t status;

    if ((status = send_all(c, question, len))) return status;
    if ((status = read_line(c, r->line))) return status;
    if (!strncmp(r->line, "VALUE ", 6) && (status = read_value(ctx, c, key, r))) return status;
    return c->at == c->end ? APR_SUCCESS : APR_EGENERAL;
}

/* ---- one server ---- */

static connection *take_idle(server *s)
{
    connection *c;

    apr_thread_mutex_lock(s->lock);
    c = s->idle;
    if (c) s->idle = c->next;
    apr_thread_mutex_unlock(s->lock);
    return c;
}

static void keep(server *s, connection *c)
{
    apr_thread_mutex_lock(s->lock);
    c->next = s->idle;
    s->idle = c;
    apr_thread_mutex_unlock(s->lock);
}

/* Connections from before the server's restart are at their end. */
static apr_status_t reach(server *s, connection **out)
{
    int is_over;

    while ((*out = take_idle(s))) {
        if (!apr_socket_atreadeof((*out)->socket, &is_over) && !is_over) return APR_SUCCESS;
        hang_up(*out);
    }
    return dial(s, out);
}

static apr_uint32_t milliseconds(void)
{
    return (apr_uint32_t)apr_time_as_msec(apr_time_now()) | 1u;
}

/* A server that failed is left alone for a while; then one caller tries it again, and the others go on refusing. */
static int may_ask(server *s)
{
    apr_uint32_t failed_at = apr_atomic_read32(&s->failed_at), now = milliseconds();

    if (!failed_at) return 1;
    return now - failed_at >= PAUSE_MS && apr_atomic_cas32(&s->failed_at, now, failed_at) == failed_at;
}

static mcp_rc failed(mcp_ctx *ctx, server *s, apr_status_t status)
{
    char text[120];

    apr_atomic_set32(&s->failed_at, milliseconds());
    return mcp_fail(ctx, MCP_UNAVAILABLE, "memcached %s:%d: %s", s->host, s->port, apr_strerror(status, text, sizeof text));
}

/* FNV-1a: every host must come to the same server. */
static server *server_of(memcache *m, const char *key)
{
    apr_uint32_t hash = 2166136261u;

    for (; *key; key++) hash = (hash ^ (unsigned char)*key) * 16777619u;
    return m->servers + hash % m->count;
}

/* An ERROR is an answer: the server lives, but this connection may be out of step. */
static mcp_rc ask(mcp_ctx *ctx, memcache *m, const char *key, const char *question, size_t len, reply *r)
{
    server *s = server_of(m, key);
    apr_status_t status;
    connection *c;

    if (!may_ask(s)) return mcp_fail(ctx, MCP_UNAVAILABLE, "memcached %s:%d has just failed", s->host, s->port);
    if ((status = reach(s, &c))) return failed(ctx, s, status);
    status = talk(ctx, c, key, question, len, r);
    if (status || strstr(r->line, "ERROR")) hang_up(c);
    else keep(s, c);
    if (status) return failed(ctx, s, status);
    apr_atomic_set32(&s->failed_at, 0);
    return strstr(r->line, "ERROR") ? mcp_fail(ctx, MCP_UNAVAILABLE, "memcached %s:%d says %s", s->host, s->port, r->line) : MCP_OK;
}

/* ---- the verbs ---- */

static mcp_rc ask_line(mcp_ctx *ctx, memcache *m, const char *key, const char *question, reply *r)
{
    return ask(ctx, m, key, question, strlen(question), r);
}

static mcp_rc surprised(mcp_ctx *ctx, const reply *r)
{
    return mcp_fail(ctx, MCP_UNAVAILABLE, "memcached says %s", r->line);
}

/* Lives beyond a month are dates to memcached, which reads 32 bits with a sign. */
static apr_int64_t life_of(const mcp_ctx *ctx, apr_int64_t life)
{
    apr_int64_t until = mcp_now(ctx) + life;

    if (life <= MONTH) return life;
    return until < INT32_MAX ? until : INT32_MAX;
}

/* MCP_EXISTS where the server did not store. */
static mcp_rc store_record(mcp_ctx *ctx, memcache *m, const char *verb, const char *key, const char *value, size_t len, apr_int64_t life)
{
    const char *head = apr_psprintf(ctx->pool, "%s %s 0 %" APR_INT64_T_FMT " %" APR_SIZE_T_FMT "\r\n", verb, key, life_of(ctx, life), len);
    size_t head_len = strlen(head);
    char *question = apr_palloc(ctx->pool, head_len + len + 2);
    reply r;
    mcp_rc rc;

    memcpy(question, head, head_len);
    if (len) memcpy(question + head_len, value, len);
    memcpy(question + head_len + len, "\r\n", 2);
    if ((rc = ask(ctx, m, key, question, head_len + len + 2, &r))) return rc;
    if (!strcmp(r.line, "STORED")) return MCP_OK;
    return strcmp(r.line, "NOT_STORED") ? surprised(ctx, &r) : MCP_EXISTS;
}

static mcp_rc memcache_put(mcp_ctx *ctx, void *self, const char *key, const char *value, size_t len, apr_uint32_t life)
{
    return store_record(ctx, self, "set", key, value, len, life);
}

static mcp_rc memcache_add(mcp_ctx *ctx, void *self, const char *key, const char *value, size_t len, apr_uint32_t life)
{
    return store_record(ctx, self, "add", key, value, len, life);
}

static mcp_rc memcache_get(mcp_ctx *ctx, void *self, const char *key, const char **value, size_t *len)
{
    reply r = { .value = NULL };
    mcp_rc rc = ask_line(ctx, self, key, apr_pstrcat(ctx->pool, "get ", key, "\r\n", NULL), &r);

    if (rc) return rc;
    if (strcmp(r.line, "END")) return surprised(ctx, &r);
    if (!r.value) return MCP_ABSENT;
    *value = r.value;
    *len = r.len;
    return MCP_OK;
}

/* MCP_ABSENT if there was none. */
static mcp_rc erase(mcp_ctx *ctx, memcache *m, const char *key)
{
    reply r;
    mcp_rc rc = ask_line(ctx, m, key, apr_pstrcat(ctx->pool, "delete ", key, "\r\n", NULL), &r);

    if (rc) return rc;
    if (!strcmp(r.line, "DELETED")) return MCP_OK;
    return strcmp(r.line, "NOT_FOUND") ? surprised(ctx, &r) : MCP_ABSENT;
}

static mcp_rc memcache_remove(mcp_ctx *ctx, void *self, const char *key)
{
    mcp_rc rc = erase(ctx, self, key);

    return rc == MCP_ABSENT ? MCP_OK : rc;
}

/* Whoever's delete succeeds owns the record. */
static mcp_rc memcache_take(mcp_ctx *ctx, void *self, const char *key, const char **value, size_t *len)
{
    mcp_rc rc = memcache_get(ctx, self, key, value, len);

    return rc ? rc : erase(ctx, self, key);
}

static mcp_rc increase(mcp_ctx *ctx, memcache *m, const char *slot, apr_uint32_t *n)
{
    reply r;
    mcp_rc rc = ask_line(ctx, m, slot, apr_pstrcat(ctx->pool, "incr ", slot, " 1\r\n", NULL), &r);
    char *end;

    if (rc) return rc;
    if (!strcmp(r.line, "NOT_FOUND")) return MCP_ABSENT;
    *n = (apr_uint32_t)strtoul(r.line, &end, 10);
    return *end || !*n ? surprised(ctx, &r) : MCP_OK;
}

/* Absent, then there, then absent again: that server is in trouble. */
static mcp_rc memcache_count(mcp_ctx *ctx, void *self, const char *key, apr_uint32_t window, apr_uint32_t *n)
{
    const char *slot = apr_psprintf(ctx->pool, "%s-%" APR_INT64_T_FMT, key, mcp_now(ctx) / window);
    mcp_rc rc = increase(ctx, self, slot, n);

    if (rc != MCP_ABSENT) return rc;
    *n = 1;
    rc = store_record(ctx, self, "add", slot, "1", 1, 2 * (apr_int64_t)window);
    if (rc != MCP_EXISTS) return rc;
    rc = increase(ctx, self, slot, n);
    return rc == MCP_ABSENT ? mcp_fail(ctx, MCP_UNAVAILABLE, "memcached loses counters as they are made") : rc;
}

static const mcp_store_driver driver = { "memcache", memcache_get, memcache_put, memcache_add, memcache_take, memcache_count, memcache_remove, NULL };

/* ---- opening ---- */

static apr_status_t shut(void *self)
{
    memcache *m = self;
    connection *c;
    apr_uint32_t i;

    for (i = 0; i < m->count; i++)
        while ((c = take_idle(m->servers + i))) hang_up(c);
    return APR_SUCCESS;
}

static mcp_rc add_server(mcp_ctx *ctx, apr_pool_t *p, memcache *m, const char *text)
{
    server *s = m->servers + m->count;
    char *host, *scope;

    if (m->count == MCP_STORE_SERVERS_MAX || apr_parse_addr_port(&host, &scope, &s->port, text, p) || !host)
        return mcp_fail(ctx, MCP_BAD_CONFIG, "MCPStore memcache:%s cannot be used", text);
    s->host = host;
    if (apr_thread_mutex_create(&s->lock, APR_THREAD_MUTEX_DEFAULT, p)) return mcp_fail(ctx, MCP_INTERNAL, "no mutex");
    m->count++;
    return MCP_OK;
}

/* Connects to nothing yet. */
mcp_rc mcp_store_memcache_open(mcp_ctx *ctx, apr_pool_t *p, const char *rest, int threads, mcp_store *out)
{
    memcache *m = apr_pcalloc(p, sizeof *m);
    char *text, *last;
    mcp_rc rc;

    (void)threads;
    for (text = apr_strtok(apr_pstrdup(p, rest), ",", &last); text; text = apr_strtok(NULL, ",", &last))
        if ((rc = add_server(ctx, p, m, text))) return rc;
    if (!m->count) return mcp_fail(ctx, MCP_BAD_CONFIG, "MCPStore memcache: names no server");
    apr_pool_pre_cleanup_register(p, m, shut);
    out->driver = &driver;
    out->self = m;
    return MCP_OK;
}
