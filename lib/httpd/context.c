#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_request.h>
#include "mcp/httpd.h"

static int httpd_level(mcp_log_level level)
{
    static const int levels[] = { APLOG_ERR, APLOG_WARNING, APLOG_INFO, APLOG_DEBUG };
    return levels[level];
}

/* Lines carry the door's module index, so that LogLevel works for each module by itself. */
typedef struct {
    request_rec *r;
    server_rec *s;
    int module;
} sink;

static void log_request(void *baton, mcp_log_level level, const char *tag, const char *line)
{
    const sink *to = baton;

    ap_log_rerror(__FILE__, __LINE__, to->module, httpd_level(level) | APLOG_NOERRNO, 0, to->r, "%s: %s", tag, line);
}

static void log_server(void *baton, mcp_log_level level, const char *tag, const char *line)
{
    const sink *to = baton;

    ap_log_error(__FILE__, __LINE__, to->module, httpd_level(level) | APLOG_NOERRNO, 0, to->s, "%s: %s", tag, line);
}

static mcp_ctx *context(apr_pool_t *p, mcp_log_fn *log, sink to)
{
    mcp_ctx *ctx = mcp_ctx_create(p);

    ctx->log = log;
    ctx->log_baton = apr_pmemdup(p, &to, sizeof to);
    return ctx;
}

mcp_ctx *mcp_httpd_ctx(request_rec *r, int module_index)
{
    return context(r->pool, log_request, (sink){ r, r->server, module_index });
}

mcp_ctx *mcp_httpd_server_ctx(apr_pool_t *p, server_rec *s, int module_index)
{
    return context(p, log_server, (sink){ NULL, s, module_index });
}
