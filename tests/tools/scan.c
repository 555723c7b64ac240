/* scan: reads messages from stdin, each a decimal length, a newline and that many bytes; for each writes one
 * JSON line: {"rc"} where it is refused, otherwise what the scanner and jansson believe of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include "mcp/envelope.h"
#include "mcp/json.h"

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

/* jansson refuses numbers beyond a double, integers beyond 64 bits and U+0000 in values: those read null here. */
static json_t *jansson_view(const char *bytes, size_t len)
{
    json_t *doc = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL), *params = json_object_get(doc, "params"), *view;

    if (!doc) return json_null();
    view = json_pack("{s:o,s:o,s:o}", "method", text_or_null(mcp_json_string(doc, "method")),
                     "name", text_or_null(mcp_json_string(params, "name")), "uri", text_or_null(mcp_json_string(params, "uri")));
    json_decref(doc);
    return view;
}

static json_t *scanner_view(const mcp_message *m)
{
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:i,s:i}", "method", text_or_null(m->method), "name", text_or_null(m->name), "uri", text_or_null(m->uri),
                     "version", text_or_null(m->version), "id", m->id ? json_stringn(m->id, m->id_len) : json_null(),
                     "arguments_at", (int)m->arguments_at, "arguments_len", (int)m->arguments_len);
}

static void judge(apr_pool_t *p, const char *bytes, size_t len)
{
    static const mcp_envelope_rules rules = { 4 * 1024 * 1024, 64 };
    mcp_message m;
    mcp_rc rc = mcp_envelope_scan(mcp_ctx_create(p), &rules, bytes, len, &m);
    json_t *line = rc ? json_pack("{s:s}", "rc", mcp_error_of(rc)->name)
                      : json_pack("{s:s,s:o,s:o}", "rc", "MCP_OK", "scanner", scanner_view(&m), "jansson", jansson_view(bytes, len));

    json_dumpf(line, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    putchar('\n');
    json_decref(line);
}

int main(void)
{
    apr_pool_t *root, *p;
    unsigned long len;
    char *bytes;

    apr_initialize();
    apr_pool_create(&root, NULL);
    while (scanf("%lu", &len) == 1 && getchar() == '\n') {
        bytes = malloc(len + 1);
        if (!bytes || fread(bytes, 1, len, stdin) != len) return 2;
        apr_pool_create(&p, root);
        judge(p, bytes, len);
        apr_pool_destroy(p);
        free(bytes);
    }
    return 0;
}
