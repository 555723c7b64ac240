#include <string.h>
#include <apr_buckets.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <util_filter.h>
#include "mcp/httpd.h"

enum { PIECE = 64 * 1024, SMALL = 4 * 1024 };

static ap_filter_rec_t *replay_filter;

/* The room left in the last bucket of kept; a new one where there is too little. */
static apr_bucket *with_room(apr_bucket_brigade *kept, apr_size_t len)
{
    apr_bucket *last = APR_BRIGADE_LAST(kept);
    const apr_bucket_heap *heap = last->data;
    char *room;

    if (APR_BUCKET_IS_HEAP(last) && heap->refcount.refcount == 1 && heap->alloc_len - (apr_size_t)last->start - last->length >= len) return last;
    room = apr_bucket_alloc(APR_BUCKET_BUFF_SIZE, kept->bucket_alloc);
    last = apr_bucket_heap_create(room, APR_BUCKET_BUFF_SIZE, apr_bucket_free, kept->bucket_alloc);
    last->length = 0;
    APR_BRIGADE_INSERT_TAIL(kept, last);
    return last;
}

/* What comes in crumbs is gathered: a bucket for each byte would cost a hundred times the body. */
static void gather(apr_bucket *b, const char *bytes, apr_size_t len, apr_bucket_brigade *kept)
{
    apr_bucket *last = with_room(kept, len);
    apr_bucket_heap *heap = last->data;

    memcpy(heap->base + last->start + last->length, bytes, len);
    last->length += len;
    apr_bucket_delete(b);
}

/* Hands one bucket's bytes to the sink and keeps them. */
static mcp_rc keep_bucket(mcp_ctx *ctx, request_rec *r, apr_bucket *b, mcp_body_sink *sink, void *baton,
                          apr_bucket_brigade *kept)
{
    const char *bytes;
    apr_size_t len;
    mcp_rc rc;

    if (!APR_BUCKET_IS_METADATA(b)) {
        if (apr_bucket_read(b, &bytes, &len, APR_BLOCK_READ) != APR_SUCCESS)
            return mcp_fail(ctx, MCP_BAD_REQUEST, "the request body could not be read");
        if ((rc = sink(baton, bytes, len))) return rc;
        if (len < SMALL && !APR_BRIGADE_EMPTY(kept)) {
            gather(b, bytes, len, kept);
            return MCP_OK;
        }
    }
    if (apr_bucket_setaside(b, r->pool) != APR_SUCCESS && !APR_BUCKET_IS_METADATA(b))
        return mcp_fail(ctx, MCP_INTERNAL, "the request body could not be kept");
    APR_BUCKET_REMOVE(b);
    APR_BRIGADE_INSERT_TAIL(kept, b);
    return MCP_OK;
}

static mcp_rc keep_brigade(mcp_ctx *ctx, request_rec *r, apr_bucket_brigade *bb, mcp_body_sink *sink, void *baton,
                           apr_bucket_brigade *kept, int *eos)
{
    apr_bucket *b;
    mcp_rc rc;

    while (!APR_BRIGADE_EMPTY(bb)) {
        b = APR_BRIGADE_FIRST(bb);
        if (APR_BUCKET_IS_EOS(b)) *eos = 1;
        if ((rc = keep_bucket(ctx, r, b, sink, baton, kept))) return rc;
    }
    return MCP_OK;
}

static mcp_rc read_all(mcp_ctx *ctx, request_rec *r, mcp_body_sink *sink, void *baton, apr_bucket_brigade *kept)
{
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_status_t status;
    int eos = 0;
    mcp_rc rc;

    while (!eos) {
        status = ap_get_brigade(r->input_filters, bb, AP_MODE_READBYTES, APR_BLOCK_READ, PIECE);
        if (ap_map_http_request_error(status, OK) == HTTP_REQUEST_ENTITY_TOO_LARGE)
            return mcp_fail(ctx, MCP_TOO_LARGE, "the body is larger than LimitRequestBody");
        if (status != APR_SUCCESS) return mcp_fail(ctx, MCP_BAD_REQUEST, "the client broke off in the middle of the body");
        if ((rc = keep_brigade(ctx, r, bb, sink, baton, kept, &eos))) return rc;
    }
    return MCP_OK;
}

mcp_rc mcp_body_read(mcp_ctx *ctx, request_rec *r, mcp_body_sink *sink, void *baton, apr_bucket_brigade **kept)
{
    mcp_rc rc;

    *kept = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    rc = read_all(ctx, r, sink, baton, *kept);
    /* A second request must never be read out of a body that was not read to its end. */
    if (rc) r->connection->keepalive = AP_CONN_CLOSE;
    return rc;
}

size_t mcp_body_length(apr_bucket_brigade *kept)
{
    apr_off_t len = 0;

    return apr_brigade_length(kept, 1, &len) == APR_SUCCESS && len > 0 ? (size_t)len : 0;
}

/* Copies what of the range lies in the bucket at offset `before`; 1 if all of it lies there. */
static int take_overlap(const char *bytes, size_t n, size_t before, size_t at, size_t len, char *out)
{
    size_t from = at > before ? at : before, to = at + len < before + n ? at + len : before + n;

    if (from < to && out) memcpy(out + (from - at), bytes + (from - before), to - from);
    return from == at && to == at + len && from <= to;
}

const char *mcp_body_slice(apr_pool_t *p, apr_bucket_brigade *kept, size_t at, size_t len)
{
    size_t before = 0;
    const char *bytes;
    char *out = NULL;
    apr_bucket *b;
    apr_size_t n;

    for (b = APR_BRIGADE_FIRST(kept); b != APR_BRIGADE_SENTINEL(kept) && before < at + len; b = APR_BUCKET_NEXT(b)) {
        if (APR_BUCKET_IS_METADATA(b) || apr_bucket_read(b, &bytes, &n, APR_BLOCK_READ) != APR_SUCCESS) continue;
        if (!out && take_overlap(bytes, n, before, at, len, NULL)) return bytes + (at - before);
        if (!out && before + n > at) out = apr_palloc(p, len + 1);
        take_overlap(bytes, n, before, at, len, out);
        before += n;
    }
    return before >= at + len ? out : NULL;
}

static apr_status_t replay(ap_filter_t *f, apr_bucket_brigade *out, ap_input_mode_t mode, apr_read_type_e block,
                           apr_off_t readbytes)
{
    apr_bucket_brigade *kept = f->ctx;
    apr_bucket *b, *after;
    apr_status_t status;

    (void)block;
    if (mode != AP_MODE_READBYTES) return APR_ENOTIMPL;
    if (APR_BRIGADE_EMPTY(kept)) {
        APR_BRIGADE_INSERT_TAIL(out, apr_bucket_eos_create(f->r->connection->bucket_alloc));
        return APR_SUCCESS;
    }
    status = apr_brigade_partition(kept, readbytes, &after);
    if (status != APR_SUCCESS && status != APR_INCOMPLETE) return status;
    while ((b = APR_BRIGADE_FIRST(kept)) != APR_BRIGADE_SENTINEL(kept) && b != after) {
        APR_BUCKET_REMOVE(b);
        APR_BRIGADE_INSERT_TAIL(out, b);
    }
    return APR_SUCCESS;
}

void mcp_body_replay(request_rec *r, apr_bucket_brigade *kept)
{
    int bare = r->input_filters == r->proto_input_filters;

    if (r->input_filters->frec == replay_filter) r->input_filters->ctx = kept;
    else ap_add_input_filter_handle(replay_filter, kept, r, r->connection);
    /* Else mod_proxy takes ours for a filter that may change the length, and writes bodies beyond 16 KiB to a file first. */
    if (bare) r->proto_input_filters = r->input_filters;
}

void mcp_body_register(void)
{
    /* Before every other filter: they saw the bytes when the gate read them, and must not change them again. */
    replay_filter = ap_register_input_filter("MCP_REPLAY", replay, NULL, AP_FTYPE_RESOURCE - 1);
}

typedef struct {
    mcp_ctx *ctx;
    char *text;
    size_t len, max;
} text_sink;

static mcp_rc append_text(void *baton, const char *bytes, size_t len)
{
    text_sink *t = baton;

    if (len > t->max - t->len) return mcp_fail(t->ctx, MCP_TOO_LARGE, "the body is larger than %lu bytes", (unsigned long)t->max);
    memcpy(t->text + t->len, bytes, len);
    t->len += len;
    return MCP_OK;
}

mcp_rc mcp_body_text(mcp_ctx *ctx, request_rec *r, size_t max, const char **text, size_t *len)
{
    text_sink sink = { ctx, apr_palloc(r->pool, max + 1), 0, max };
    apr_bucket_brigade *kept;
    mcp_rc rc = mcp_body_read(ctx, r, append_text, &sink, &kept);

    sink.text[sink.len] = '\0';
    *text = sink.text;
    *len = sink.len;
    apr_brigade_cleanup(kept);
    return rc;
}
