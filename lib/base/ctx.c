#include <stdarg.h>
#include <apr_strings.h>
#include "mcp/ctx.h"

mcp_ctx *mcp_ctx_create(apr_pool_t *p)
{
    mcp_ctx *ctx = apr_pcalloc(p, sizeof *ctx);

    ctx->pool = p;
    ctx->now = apr_time_now();
    ctx->detail = "";
    return ctx;
}

/* What a client sent may stand in a line, but must not forge a second one. */
static const char *one_line(apr_pool_t *p, const char *format, va_list args)
{
    char *line = apr_pvsprintf(p, format, args), *c;

    for (c = line; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
    return line;
}

mcp_rc mcp_fail(mcp_ctx *ctx, mcp_rc rc, const char *format, ...)
{
    va_list args;

    if (ctx->rc) return rc;
    va_start(args, format);
    ctx->rc = rc;
    ctx->detail = one_line(ctx->pool, format, args);
    va_end(args);
    return rc;
}

void mcp_ctx_clear(mcp_ctx *ctx)
{
    ctx->rc = MCP_OK;
    ctx->detail = "";
}

void mcp_log(mcp_ctx *ctx, mcp_log_level level, const char *tag, const char *format, ...)
{
    va_list args;

    if (!ctx->log) return;
    va_start(args, format);
    ctx->log(ctx->log_baton, level, tag, one_line(ctx->pool, format, args));
    va_end(args);
}

apr_int64_t mcp_now(const mcp_ctx *ctx)
{
    return apr_time_sec(ctx->now);
}
