/* The same bytes leave for any split. A reader of its own, which sees the whole text at once, must find in the output what it finds in the
 * input, except that data with the marker has become something else. The first byte of an input chooses the splits and the largest event. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/sse.h"

static void must(int holds)
{
    if (!holds) abort();
}

typedef struct {
    char *at;
    size_t len, room;
} buffer;

static void add(buffer *b, const char *bytes, size_t len)
{
    if (b->room - b->len < len) {
        b->room = (b->room + len) * 2;
        b->at = realloc(b->at, b->room);
        must(b->at != NULL);
    }
    if (len) memcpy(b->at + b->len, bytes, len);
    b->len += len;
}

static int same(const buffer *a, const buffer *b)
{
    return a->len == b->len && (!a->len || !memcmp(a->at, b->at, a->len));
}

/* ---- the judge: '!' is the marker; what stands in its place is chosen by the data's length ---- */

static int has_marker(const char *data, size_t len)
{
    return len && memchr(data, '!', len) != NULL;
}

static const char *replacement(size_t len)
{
    static const char *const texts[] = { "", "new", "two\nlines", " blank first\n\nthree", "end\n" };

    return texts[len % 5];
}

static mcp_rc judge(void *baton, apr_pool_t *scratch, const char *data, size_t len, const char **instead, size_t *instead_len)
{
    (void)baton;
    must(len != 0);
    if (!has_marker(data, len)) return MCP_OK;
    if (data[0] == '?') return MCP_FORBIDDEN;
    *instead = apr_pstrdup(scratch, replacement(len));
    *instead_len = strlen(*instead);
    return MCP_OK;
}

static mcp_rc out(void *baton, const char *bytes, size_t len)
{
    must(len != 0);
    add(baton, bytes, len);
    return MCP_OK;
}

static mcp_rc filter(const char *bytes, size_t len, size_t max_event, size_t piece, buffer *to)
{
    mcp_sse *sse;
    apr_pool_t *p;
    size_t i, n;
    mcp_rc rc;

    apr_pool_create(&p, NULL);
    sse = mcp_sse_begin(mcp_ctx_create(p), max_event, judge, out, to);
    for (i = 0; i < len; i += n) {
        n = len - i < piece ? len - i : piece;
        mcp_sse_feed(sse, bytes + i, n);
        if (piece > 1 && i % 3 == 1) piece--;       /* not only even pieces */
    }
    rc = mcp_sse_end(sse);
    apr_pool_destroy(p);
    return rc;
}

/* ---- a reader, as the standard describes it ---- */

typedef struct {
    buffer data, fields;
    int has_data;
} event;

/* Fields other than data in their order, then the data; with replace, as the judge would have it. */
static void dispatch(event *e, int replace, buffer *events)
{
    const char *data = e->data.at;
    size_t len = e->data.len;

    add(events, e->fields.at, e->fields.len);
    if (e->has_data) {
        if (replace && has_marker(data, len)) {
            data = replacement(len);
            len = strlen(data);
        }
        add(events, "\1", 1);
        add(events, data, len);
    }
    add(events, "\2", 1);
    e->data.len = e->fields.len = 0;
    e->has_data = 0;
}

static void take_line(event *e, const char *at, size_t len)
{
    const char *colon = len ? memchr(at, ':', len) : NULL;
    size_t name = colon ? (size_t)(colon - at) : len, value = colon ? name + 1 : len;

    if (value < len && at[value] == ' ') value++;
    if (name != 4 || memcmp(at, "data", 4)) {
        add(&e->fields, at, len);
        add(&e->fields, "\3", 1);
        return;
    }
    if (e->has_data) add(&e->data, "\n", 1);
    e->has_data = 1;
    add(&e->data, at + value, len - value);
}

static void read_all(const char *bytes, size_t len, int replace, buffer *events)
{
    size_t i = len >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3) ? 3 : 0, start = i;
    event e = { { NULL, 0, 0 }, { NULL, 0, 0 }, 0 };

    for (; i < len; i++) {
        if (bytes[i] != '\r' && bytes[i] != '\n') continue;
        if (i == start) dispatch(&e, replace, events);
        else take_line(&e, bytes + start, i - start);
        if (bytes[i] == '\r' && i + 1 < len && bytes[i + 1] == '\n') i++;
        start = i + 1;
    }
    if (start < len) take_line(&e, bytes + start, len - start);
    dispatch(&e, replace, events);
    free(e.data.at);
    free(e.fields.at);
}

/* No event of the output says the marker. */
static void no_marker(const buffer *events)
{
    const char *at = events->at, *end = at + events->len, *data = NULL;

    for (; at < end; at++) {
        if (*at == '\1') data = at;
        if (*at == '\2') data = NULL;
        must(!data || *at != '!');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    static const size_t pieces[] = { 1, 2, 3, 7, 64 };
    buffer whole = { NULL, 0, 0 }, cut = { NULL, 0, 0 }, wanted = { NULL, 0, 0 }, found = { NULL, 0, 0 };
    const char *bytes = (const char *)input + 1;
    size_t i, max_event, len = size - 1;
    mcp_rc rc;

    if (!size) return 0;
    apr_initialize();
    max_event = input[0] & 1 ? 16 + input[0] : 1 << 20;
    rc = filter(bytes, len, max_event, size, &whole);
    for (i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        cut.len = 0;
        must(filter(bytes, len, max_event, pieces[i] + input[0] / 16, &cut) == rc);
        must(same(&whole, &cut));
    }
    read_all(bytes, len, 1, &wanted);
    read_all(whole.at ? whole.at : "", whole.len, 0, &found);
    if (!rc) must(same(&wanted, &found));
    else must(rc == MCP_TOO_LARGE || rc == MCP_AMBIGUOUS || rc == MCP_FORBIDDEN);
    if (!memchr(bytes, '\1', len) && !memchr(bytes, '\2', len)) no_marker(&found);
    free(whole.at);
    free(cut.at);
    free(wanted.at);
    free(found.at);
    return 0;
}
