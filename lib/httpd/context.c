#include <http_core.h>
#include <http_log.h>
#include <http_request.h>
#include "mcp/httpd.h"

static int httpd_level(mcp_log_level level)
{
    static const int levels[] = { APLOG_ERR, APLOG_WARNING, APLOG_INFO, APLOG_DEBUG };
    return levels[level];
}

static void log_request(void *baton, mcp_log_level level, const char *tag, const char *line)
{
    ap_log_rerror(APLOG_MARK, httpd_level(level) | APLOG_NOERRNO, 0, (request_rec *)baton, "%s: %s", tag, line);
}

static void log_server(void *baton, mcp_log_level level, const char *tag, const char *line)
{
    ap_log_error(APLOG_MARK, httpd_level(level) | APLOG_NOERRNO, 0, (server_rec *)baton, "%s: %s", tag, line);
}

static mcp_ctx *context(apr_pool_t *p, mcp_log_fn *log, void *baton)
{
    mcp_ctx *ctx = mcp_ctx_create(p);

    ctx->log = log;
    ctx->log_baton = baton;
    return ctx;
}

mcp_ctx *mcp_httpd_ctx(request_rec *r)
{
    return context(r->pool, log_request, r);
}

mcp_ctx *mcp_httpd_server_ctx(apr_pool_t *p, server_rec *s)
{
    return context(p, log_server, s);
}
