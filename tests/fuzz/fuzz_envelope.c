/* Any split gives the same verdict; what is accepted, the strict JSON reader accepts too and reads alike. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include "mcp/envelope.h"
#include "mcp/json.h"

static void must(int holds)
{
    if (!holds) abort();
}

static void same(const char *a, const char *b)
{
    must(!a == !b && (!a || !strcmp(a, b)));
}

static mcp_rc scan(apr_pool_t *p, const char *bytes, size_t len, size_t piece, mcp_message *out)
{
    static const mcp_envelope_rules rules = { 1 << 20, 64 };
    mcp_envelope *e = mcp_envelope_begin(mcp_ctx_create(p), &rules);
    size_t i, n;

    for (i = 0; i < len; i += n) {
        n = len - i < piece ? len - i : piece;
        mcp_envelope_feed(e, bytes + i, n);
    }
    return mcp_envelope_end(e, out);
}

/* jansson refuses big numbers and U+0000 in values, so only where it can read are the two compared. */
static void compare(apr_pool_t *p, const char *bytes, size_t len, const mcp_message *m)
{
    const mcp_json_caps caps = { 1 << 20, 64 };
    json_t *doc, *params;

    if (mcp_json_object(mcp_ctx_create(p), bytes, len, &caps, &doc)) return;
    params = json_object_get(doc, "params");
    same(m->method, mcp_json_string(doc, "method"));
    if (params) same(m->name, mcp_json_string(params, "name"));
    if (params) same(m->uri, mcp_json_string(params, "uri"));
    must((m->id != NULL) == (json_object_get(doc, "id") != NULL));
    if (m->arguments_len) must(json_is_object(json_object_get(params, "arguments")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    mcp_message whole, cut;
    apr_pool_t *p;
    size_t piece;
    mcp_rc rc;

    apr_initialize();
    apr_pool_create(&p, NULL);
    rc = scan(p, bytes, size, size + 1, &whole);
    for (piece = 1; piece < 8; piece += 3) {
        must(scan(p, bytes, size, piece, &cut) == rc);
        must(cut.id_len == whole.id_len && (!cut.id_len || !memcmp(cut.id, whole.id, cut.id_len)));
        must(cut.arguments_at == whole.arguments_at && cut.arguments_len == whole.arguments_len);
        same(cut.method, whole.method);
        same(cut.name, whole.name);
    }
    if (!rc) compare(p, bytes, size, &whole);
    apr_pool_destroy(p);
    return 0;
}
