/* scan: reads messages from stdin, each a decimal length, a newline and that many bytes. Each is scanned whole, byte by byte, and in two pieces
 * with the cut at every byte; for each a JSON line: {"rc","cuts"}, and "differs": the first cut that gave something else (0: byte by byte). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <jansson.h>
#include "mcp/envelope.h"

static const mcp_envelope_rules rules = { 4 * 1024 * 1024, 64 };

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
        compare_cuts(p, bytes, len);
        apr_pool_destroy(p);
        free(bytes);
    }
    return 0;
}
