#include <apr_file_io.h>
#include <apr_strings.h>
#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include "mcp/httpd.h"
#include "mcp/text.h"

struct mcp_audit {
    apr_file_t *file;
};

/* As httpd's own logs have it: "|program" runs it directly, "|$command" by a shell. */
static apr_file_t *start_program(apr_pool_t *p, const char *command)
{
    int shell = *command == '$';
    piped_log *pipe = ap_open_piped_log_ex(p, command + shell, shell ? APR_SHELLCMD_ENV : APR_PROGRAM_ENV);

    return pipe ? ap_piped_log_write_fd(pipe) : NULL;
}

static apr_file_t *open_file(apr_pool_t *p, const char *target)
{
    const char *path = ap_server_root_relative(p, target);
    apr_file_t *file;

    return path && apr_file_open(&file, path, APR_WRITE | APR_APPEND | APR_CREATE | APR_LARGEFILE,
                                 APR_UREAD | APR_UWRITE | APR_GREAD, p) == APR_SUCCESS ? file : NULL;
}

const char *mcp_audit_check(apr_pool_t *p, const char *target)
{
    const char *path = *target == '|' ? NULL : ap_server_root_relative(p, target), *slash;
    apr_finfo_t info;

    if (*target == '|') {
        path = target + 1;
        if (*path != '/') return *path ? NULL : "MCPAuditLog wants a program behind the |";
        path = ap_getword_conf(p, &path);
        return apr_stat(&info, path, APR_FINFO_TYPE, p) == APR_SUCCESS && info.filetype == APR_REG ? NULL
            : apr_psprintf(p, "MCPAuditLog: there is no program %s", path);
    }
    if (!path || !(slash = ap_strrchr_c(path, '/'))) return apr_psprintf(p, "MCPAuditLog: %s is no path", target);
    path = apr_pstrmemdup(p, path, (apr_size_t)(slash - path + 1));
    return apr_stat(&info, path, APR_FINFO_TYPE, p) == APR_SUCCESS && info.filetype == APR_DIR ? NULL
        : apr_psprintf(p, "MCPAuditLog: the folder %s does not exist; make it first", path);
}

const char *mcp_audit_open(apr_pool_t *p, const char *target, mcp_audit **out)
{
    const char *key = target ? apr_pstrcat(p, "mcp-audit ", target, NULL) : NULL;
    void *opened = NULL;

    *out = NULL;
    if (!target || (!apr_pool_userdata_get(&opened, key, p) && (*out = opened))) return NULL;
    *out = apr_pcalloc(p, sizeof **out);
    (*out)->file = *target == '|' ? start_program(p, target + 1) : open_file(p, target);
    if (!(*out)->file) return apr_psprintf(p, "MCPAuditLog: %s cannot be %s", target, *target == '|' ? "started" : "opened for writing");
    apr_pool_userdata_setn(*out, key, NULL, p);
    return NULL;
}

enum { VALUE_MAX = 320 };      /* of which a line has ten at most: a pipe takes up to 4096 bytes whole, beside those of other processes */

/* As a JSON string, cut to VALUE_MAX bytes with its escapes. */
static const char *value_text(apr_pool_t *p, const char *value)
{
    size_t len = strnlen(value, VALUE_MAX - 2);
    const char *text = mcp_text_json_string(p, value, len);

    while (strlen(text) > VALUE_MAX) {
        len -= (strlen(text) - VALUE_MAX + 5) / 6;     /* no byte becomes more than six */
        text = mcp_text_json_string(p, value, len);
    }
    return text;
}

static const char *member(apr_pool_t *p, const char *name, const char *value)
{
    if (!value || !*value) return "";
    return apr_psprintf(p, ",\"%s\":%s", name, value_text(p, value));
}

static const char *timestamp(request_rec *r)
{
    apr_time_exp_t t;

    apr_time_exp_gmt(&t, r->request_time);
    return apr_psprintf(r->pool, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
                        t.tm_hour, t.tm_min, t.tm_sec, (int)t.tm_usec);
}

/* The same word that %L has in the error log and mod_unique_id in every other. */
static const char *request_id(request_rec *r)
{
    const char *unique = apr_table_get(r->subprocess_env, "UNIQUE_ID");

    if (!unique && !r->log_id) ap_run_generate_log_id(r->connection, r, &r->log_id);
    return unique ? unique : r->log_id;
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
    line = apr_pstrcat(p, "{\"time\":\"", timestamp(r), "\",\"event\":", value_text(p, facts->event ? facts->event : "request"),
                       ",\"outcome\":\"", outcome, "\",\"reason\":\"", mcp_error_reason(p, rc), "\"",
                       member(p, "detail", detail), member(p, "client", facts->client), member(p, "user", facts->user),
                       member(p, "tool", tool), member(p, "prompt", facts->prompt), member(p, "uri", facts->uri),
                       member(p, "scope", facts->scope), member(p, "resource", facts->resource),
                       member(p, "redirect", facts->redirect), member(p, "source", r->useragent_ip),
                       member(p, "host", r->server->server_hostname), member(p, "request", request_id(r)), "}\n", NULL);
    len = strlen(line);
    if (apr_file_write_full(audit->file, line, len, NULL) != APR_SUCCESS)
        ap_log_rerror(APLOG_MARK, APLOG_ERR | APLOG_NOERRNO, 0, r, "MCP070: the audit line could not be written: %s", line);
}
