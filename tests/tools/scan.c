/* scan: reads messages from stdin, each a decimal length, a newline and that many bytes; for each writes one
 * JSON line: {"rc"} where it is refused, otherwise what the scanner and jansson believe of it.
 * scan cuts: {"rc","cuts"} instead: read byte by byte, and in two pieces with the cut at every byte, each message gave the same;
 * "differs" tells the first cut where it did not (0: byte by byte). */
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

static const mcp_envelope_rules rules = { 4 * 1024 * 1024, 64 };

static void judge(apr_pool_t *p, const char *bytes, size_t len)
{
    mcp_message m;
    mcp_rc rc = mcp_envelope_scan(mcp_ctx_create(p), &rules, bytes, len, &m);
    json_t *line = rc ? json_pack("{s:s}", "rc", mcp_error_of(rc)->name)
                      : json_pack("{s:s,s:o,s:o}", "rc", "MCP_OK", "scanner", scanner_view(&m), "jansson", jansson_view(bytes, len));

    json_dumpf(line, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    putchar('\n');
    json_decref(line);
}

/* ---- cuts ---- */

enum { WORK = 16 * 1024 * 1024 };        /* bytes read again for one message; of a long one the cuts near its ends alone */

typedef struct {
    mcp_rc rc;
    const char *detail;
    mcp_message message;
} reading;

/* In pieces of step bytes behind the first piece. */
static reading read_cut(apr_pool_t *p, const char *bytes, size_t len, size_t first, size_t step)
{
    mcp_ctx *ctx = mcp_ctx_create(p);
    mcp_envelope *e = mcp_envelope_begin(ctx, &rules);
    reading r;
    size_t at, n;

    for (at = 0; at < len; at += n) {
        n = at ? step : first;
        if (n > len - at) n = len - at;
        mcp_envelope_feed(e, bytes + at, n);
    }
    r.rc = mcp_envelope_end(e, &r.message);
    r.detail = ctx->detail;
    return r;
}

static int same_text(const char *a, const char *b)
{
    return !a == !b && (!a || !strcmp(a, b));
}

static int same(const reading *a, const reading *b)
{
    const mcp_message *m = &a->message, *n = &b->message;

    return a->rc == b->rc && same_text(a->detail, b->detail) && m->kind == n->kind && m->id_len == n->id_len && !memcmp(m->id_len ? m->id : "", n->id_len ? n->id : "", m->id_len)
        && m->arguments_at == n->arguments_at && m->arguments_len == n->arguments_len && same_text(m->method, n->method) && same_text(m->name, n->name)
        && same_text(m->uri, n->uri) && same_text(m->version, n->version);
}

static void compare_cuts(apr_pool_t *p, const char *bytes, size_t len)
{
    reading whole = read_cut(p, bytes, len, len, len), other = read_cut(p, bytes, len, 1, 1);
    json_t *line = json_pack("{s:s}", "rc", mcp_error_of(whole.rc)->name);
    apr_pool_t *scratch;
    size_t cut, cuts = 0, near = 1 + WORK / (len + 1) / 2;

    if (!same(&whole, &other)) json_object_set_new(line, "differs", json_integer(0));
    apr_pool_create(&scratch, p);
    for (cut = 1; cut < len && !json_object_get(line, "differs"); cut++, cuts++) {
        if (cut == near && len > 2 * near) cut = len - near;
        apr_pool_clear(scratch);
        other = read_cut(scratch, bytes, len, cut, len);
        if (!same(&whole, &other)) json_object_set_new(line, "differs", json_integer((json_int_t)cut));
    }
    json_object_set_new(line, "cuts", json_integer((json_int_t)cuts));
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
}

int main(int argc, char **argv)
{
    int cuts = argc > 1 && !strcmp(argv[1], "cuts");
    apr_pool_t *root, *p;
    unsigned long len;
    char *bytes;

    apr_initialize();
    apr_pool_create(&root, NULL);
    while (scanf("%lu", &len) == 1 && getchar() == '\n') {
        bytes = malloc(len + 1);
        if (!bytes || fread(bytes, 1, len, stdin) != len) return 2;
        apr_pool_create(&p, root);
        if (cuts) compare_cuts(p, bytes, len);
        else judge(p, bytes, len);
        apr_pool_destroy(p);
        free(bytes);
    }
    return 0;
}
