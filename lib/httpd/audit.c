#include <apr_file_io.h>
#include <apr_strings.h>
#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include "mcp/httpd.h"
#include "mcp/text.h"

struct mcp_audit {
    apr_file_t *file;
};

const char *mcp_audit_open(apr_pool_t *p, const char *target, mcp_audit **out)
{
    mcp_audit *audit = apr_pcalloc(p, sizeof *audit);
    const char *path;

    *out = NULL;
    if (!target) return NULL;
    if (*target == '|') {
        /* As httpd's own logs have it: "|program" runs it directly, "|$command" by a shell. */
        int shell = target[1] == '$';
        piped_log *pipe = ap_open_piped_log_ex(p, target + 1 + shell, shell ? APR_SHELLCMD_ENV : APR_PROGRAM_ENV);
        if (!pipe) return apr_psprintf(p, "MCPAuditLog: the program %s could not be started", target + 1);
        audit->file = ap_piped_log_write_fd(pipe);
    } else {
        path = ap_server_root_relative(p, target);
        if (!path || apr_file_open(&audit->file, path, APR_WRITE | APR_APPEND | APR_CREATE | APR_LARGEFILE,
                                   APR_UREAD | APR_UWRITE | APR_GREAD, p) != APR_SUCCESS)
            return apr_psprintf(p, "MCPAuditLog: %s cannot be opened for writing", target);
    }
    *out = audit;
    return NULL;
}

static const char *member(apr_pool_t *p, const char *name, const char *value)
{
    if (!value || !*value) return "";
    return apr_psprintf(p, ",\"%s\":%s", name, mcp_text_json_string(p, value, strlen(value)));
}

static const char *timestamp(request_rec *r)
{
    apr_time_exp_t t;

    apr_time_exp_gmt(&t, r->request_time);
    return apr_psprintf(r->pool, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
                        t.tm_hour, t.tm_min, t.tm_sec, (int)t.tm_usec);
}

static void set_env(request_rec *r, const char *name, const char *value)
{
    if (value && *value) apr_table_setn(r->subprocess_env, name, value);
}

void mcp_audit_write(request_rec *r, mcp_audit *audit, const mcp_audit_facts *facts,
                     const char *tool, const char *outcome, mcp_rc rc, const char *detail)
{
    apr_pool_t *p = r->pool;
    const char *line;
    apr_size_t len;

    set_env(r, "MCP_OUTCOME", outcome);
    set_env(r, "MCP_CLIENT", facts->client);
    set_env(r, "MCP_TOOL", tool);
    if (!audit) return;
    line = apr_pstrcat(p, "{\"time\":\"", timestamp(r), "\",\"event\":\"", facts->event ? facts->event : "request",
                       "\",\"outcome\":\"", outcome, "\",\"reason\":\"", mcp_error_reason(p, rc), "\"",
                       member(p, "detail", detail), member(p, "client", facts->client), member(p, "user", facts->user),
                       member(p, "tool", tool), member(p, "scope", facts->scope), member(p, "resource", facts->resource),
                       member(p, "redirect", facts->redirect), member(p, "source", r->useragent_ip),
                       member(p, "host", r->server->server_hostname), member(p, "request", r->log_id), "}\n", NULL);
    len = strlen(line);
    if (apr_file_write_full(audit->file, line, len, NULL) != APR_SUCCESS)
        ap_log_rerror(APLOG_MARK, APLOG_ERR | APLOG_NOERRNO, 0, r, "MCP070: the audit line could not be written");
}
