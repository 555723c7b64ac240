/* What every use case is handed: memory, time, a log, and the first error.
 *
 * A context lives as long as its pool: one request, or one start of the server.
 * Nothing in the library reads the clock, allocates or logs by any other way.
 * Not thread-safe: one context belongs to one thread at a time. */
#ifndef MCP_CTX_H
#define MCP_CTX_H

#include <stddef.h>
#include <apr_pools.h>
#include <apr_time.h>
#include "mcp/error.h"

typedef enum { MCP_LOG_ERROR, MCP_LOG_WARNING, MCP_LOG_INFO, MCP_LOG_DEBUG } mcp_log_level;

/* Receives one finished line. MUST NOT keep the pointers. */
typedef void mcp_log_fn(void *baton, mcp_log_level level, const char *tag, const char *line);

typedef struct mcp_ctx {
    apr_pool_t *pool;       /* owns everything handed out */
    apr_time_t now;         /* microseconds since 1970; set once, so that a request sees one time */
    mcp_log_fn *log;        /* NULL: silent */
    void *log_baton;
    mcp_rc rc;              /* the first failure, MCP_OK before it */
    const char *detail;     /* that failure in words for the log and, where safe, the client; "" before it */
} mcp_ctx;

/* A context on pool p at the present time, without a log. Never NULL. */
mcp_ctx *mcp_ctx_create(apr_pool_t *p);

/* Records why something failed and returns rc, so that callers write `return mcp_fail(...)`.
 * The first detail wins: the place that knows why speaks. The detail MUST NOT carry a secret. */
mcp_rc mcp_fail(mcp_ctx *ctx, mcp_rc rc, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Forgets the recorded failure, where a caller handles it and goes on. */
void mcp_ctx_clear(mcp_ctx *ctx);

void mcp_log(mcp_ctx *ctx, mcp_log_level level, const char *tag, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Whole seconds of ctx->now since 1970, as JWT's NumericDate wants them. */
apr_int64_t mcp_now(const mcp_ctx *ctx);

#endif
