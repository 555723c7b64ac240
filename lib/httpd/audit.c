#include <apr_file_io.h>
#include <apr_strings.h>
#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <util_time.h>
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

/* ---- one line ---- */

enum { VALUE_MAX = 320, LINE_MAX_BYTES = 4096 };   /* a pipe takes that much whole, beside the lines of other processes; ten values fit */

typedef struct {
    apr_pool_t *p;
    size_t len;
    char text[LINE_MAX_BYTES];
} line;

static void put_bytes(line *l, const char *bytes, size_t len)
{
    if (len > sizeof l->text - l->len) return;
    memcpy(l->text + l->len, bytes, len);
    l->len += len;
}

static void put(line *l, const char *text)
{
    put_bytes(l, text, strlen(text));
}

static void put_number(line *l, int value, int digits)
{
    char text[8];
    int i;

    for (i = digits; i--; value /= 10) text[i] = (char)('0' + value % 10);
    put_bytes(l, text, (size_t)digits);
}

/* UTC, microseconds. */
static void put_time(line *l, apr_time_t time)
{
    apr_time_exp_t t;

    ap_explode_recent_gmt(&t, time);
    put_number(l, t.tm_year + 1900, 4);
    put(l, "-");
    put_number(l, t.tm_mon + 1, 2);
    put(l, "-");
    put_number(l, t.tm_mday, 2);
    put(l, "T");
    put_number(l, t.tm_hour, 2);
    put(l, ":");
    put_number(l, t.tm_min, 2);
    put(l, ":");
    put_number(l, t.tm_sec, 2);
    put(l, ".");
    put_number(l, t.tm_usec, 6);
    put(l, "Z");
}

/* As a JSON string with its escapes, cut to VALUE_MAX bytes. */
static const char *escaped(apr_pool_t *p, const char *value, size_t len)
{
    const char *text = mcp_text_json_string(p, value, len);

    while (strlen(text) > VALUE_MAX) {
        len -= (strlen(text) - VALUE_MAX + 5) / 6;     /* no byte becomes more than six */
        text = mcp_text_json_string(p, value, len);
    }
    return text;
}

static int needs_escapes(const char *value, size_t len)
{
    size_t i;

    for (i = 0; i < len && value[i] >= ' ' && value[i] < 0x7f && value[i] != '"' && value[i] != '\\'; i++) { }
    return i < len;
}

static void put_value(line *l, const char *value)
{
    size_t len = strnlen(value, VALUE_MAX - 2);

    if (needs_escapes(value, len)) {
        put(l, escaped(l->p, value, len));
        return;
    }
    put(l, "\"");
    put_bytes(l, value, len);
    put(l, "\"");
}

/* name: with its comma, quotes and colon. */
static void put_member(line *l, const char *name, const char *value)
{
    if (!value || !*value) return;
    put(l, name);
    put_value(l, value);
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
    line l = { .p = r->pool, .len = 0 };

    set_env(r, "MCP_OUTCOME", outcome);
    set_env(r, "MCP_CLIENT", facts->client);
    set_env(r, "MCP_TOOL", tool);
    if (!audit) return;
    put(&l, "{\"time\":\"");
    put_time(&l, r->request_time);
    put(&l, "\"");
    put_member(&l, ",\"event\":", facts->event ? facts->event : "request");
    put_member(&l, ",\"outcome\":", outcome);
    put_member(&l, ",\"reason\":", mcp_error_reason(r->pool, rc));
    put_member(&l, ",\"detail\":", detail);
    put_member(&l, ",\"client\":", facts->client);
    put_member(&l, ",\"user\":", facts->user);
    put_member(&l, ",\"tool\":", tool);
    put_member(&l, ",\"prompt\":", facts->prompt);
    put_member(&l, ",\"uri\":", facts->uri);
    put_member(&l, ",\"scope\":", facts->scope);
    put_member(&l, ",\"resource\":", facts->resource);
    put_member(&l, ",\"redirect\":", facts->redirect);
    put_member(&l, ",\"source\":", r->useragent_ip);
    put_member(&l, ",\"host\":", r->server->server_hostname);
    put_member(&l, ",\"request\":", request_id(r));
    put(&l, "}\n");
    if (apr_file_write_full(audit->file, l.text, l.len, NULL) != APR_SUCCESS)
        ap_log_rerror(APLOG_MARK, APLOG_ERR | APLOG_NOERRNO, 0, r, "MCP070: the audit line could not be written: %.*s", (int)l.len - 1, l.text);
}
