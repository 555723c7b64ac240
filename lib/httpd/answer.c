#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>
#include <util_filter.h>
#include <apr_strings.h>
#include "mcp/answer.h"
#include "mcp/gate.h"
#include "mcp/session.h"
#include "mcp/sse.h"

typedef enum { UNDECIDED, PASSING, GATHERING, STREAMING, REFUSED } state;

typedef struct {
    request_rec *r;
    mcp_ctx *ctx;
    mcp_judged *judged;
    int lists;                      /* the answer may hold lists */
    int asked;                      /* a list was asked for, or this is a stream on which answers of other requests may come */
    int sealed;                     /* its session was seen to */
    state at;
    apr_bucket_brigade *kept;       /* GATHERING: all of it; STREAMING: what leaves now */
    apr_off_t kept_len;
    mcp_sse *sse;
} watch;

static ap_filter_rec_t *answer_filter;

/* ---- deciding ---- */

/* mod_proxy may hold headers in either table. */
static const char *answered(request_rec *r, const char *name)
{
    const char *value = apr_table_get(r->headers_out, name);

    return value ? value : apr_table_get(r->err_headers_out, name);
}

static int is_session_of(const mcp_judged *j, const char *id)
{
    return j->backend_session && !strcmp(j->backend_session, id);
}

static mcp_rc seal_session(watch *w)
{
    request_rec *r = w->r;
    const char *id = apr_table_get(r->headers_out, "Mcp-Session-Id"), *sealed;

    if (!id) return MCP_OK;
    if (w->judged->all->store && !is_session_of(w->judged, id) && mcp_session_remember(w->ctx, w->judged->all->store, w->judged->location->where->resource, id))
        return w->ctx->rc;
    if (mcp_session_seal(w->ctx, w->judged->all->session_key, &w->judged->token, w->judged->location->where->resource, id, &sealed)) return w->ctx->rc;
    apr_table_setn(r->headers_out, "Mcp-Session-Id", sealed);
    return MCP_OK;
}

static int is_type(const char *type, const char *wanted)
{
    size_t len = strlen(wanted);

    return type && !strncasecmp(type, wanted, len) && (!type[len] || strchr("; \t", type[len]));
}

static int has_bytes(const apr_bucket_brigade *bb)
{
    const apr_bucket *b;

    for (b = APR_BRIGADE_FIRST(bb); b != APR_BRIGADE_SENTINEL(bb); b = APR_BUCKET_NEXT(b))
        if (!APR_BUCKET_IS_METADATA(b) && b->length) return 1;
    return 0;
}

/* Is the tool as it was accepted? What is new about it is told once. */
static int is_pinned(const watch *w, const char *name, const mcp_value *element)
{
    const mcp_judged *j = w->judged;
    mcp_ctx scratch = *w->ctx;
    mcp_audit_facts facts = { .event = "tools/list", .client = j->token.client_id, .user = j->token.sub, .resource = j->location->where->resource };
    mcp_pin_news news = MCP_PIN_KNOWN;
    mcp_rc rc;

    if (j->location->pins == MCP_PIN_OFF) return 1;
    if (!j->all->store || apr_pool_create(&scratch.pool, w->ctx->pool) != APR_SUCCESS) return j->location->pins != MCP_PIN_ENFORCE;
    rc = mcp_pin_listed(&scratch, j->all->store, j->location->pins, facts.resource, name, element, &news);
    if (news) mcp_log(w->ctx, news == MCP_PIN_CHANGED || rc ? MCP_LOG_WARNING : MCP_LOG_INFO, mcp_error_of(MCP_CHANGED_TOOL)->tag, "tool %s of %s %s%s", name,
                      facts.resource, news == MCP_PIN_NEW ? "is new" : "has another definition than before", rc ? "; it is refused until MCPPinTools learn has seen it" : "");
    if (news && rc) mcp_audit_write(w->r, j->all->audit, &facts, name, "refused", rc, scratch.detail);
    apr_pool_destroy(scratch.pool);
    return !rc;
}

static int keep_listed(void *baton, mcp_list_kind kind, const char *name, const mcp_value *element)
{
    const watch *w = baton;

    return mcp_judge_listed(w->r, w->judged, kind, name) && (kind != MCP_LIST_TOOLS || is_pinned(w, name, element));
}

static const mcp_envelope_rules answer_rules = { MCP_ANSWER_MAX, 256 };

/* A text in which no name of a list stands, plain, in capitals or with escapes, is none whoever reads it. */
static int may_name_a_list(const char *text, size_t len)
{
    static const char *const stems[] = { "tool", "prompt", "ource", "emplate", "\\u", NULL };
    const char *const *stem;
    size_t i;

    for (i = 0; i < len; i++)
        for (stem = stems; *stem; stem++)
            if (strlen(*stem) <= len - i && !strncasecmp(text + i, *stem, strlen(*stem))) return 1;
    return 0;
}

/* Who asked for no list gets what backends are sloppy about, unless a list may hide in it. */
static mcp_rc filter_text(watch *w, apr_pool_t *p, const char *text, size_t len, const char **out, size_t *out_len)
{
    mcp_rc rc = mcp_lists_filter(w->ctx, p, &answer_rules, text, len, keep_listed, w, out, out_len);

    if (!rc || w->asked || may_name_a_list(text, len)) return rc;
    mcp_ctx_clear(w->ctx);
    *out = NULL;
    return MCP_OK;
}

/* The endpoint event of the 2024-11-05 transport: a path or URL, which nobody reads as a message. */
static int is_endpoint(const char *data, size_t len)
{
    size_t i;

    if (!len || (data[0] != '/' && (len < 8 || strncmp(data, "http", 4)))) return 0;
    for (i = 0; i < len && data[i] > ' ' && data[i] < 0x7f && !strchr("{}[]\"<>*", data[i]); i++) { }
    return i == len;
}

static mcp_rc judge_event(void *baton, apr_pool_t *scratch, const char *data, size_t len, const char **instead, size_t *instead_len)
{
    watch *w = baton;

    if (!strcmp(w->r->method, "GET") && is_endpoint(data, len)) return MCP_OK;
    return filter_text(w, scratch, data, len, instead, instead_len);
}

static mcp_rc event_leaves(void *baton, const char *bytes, size_t len)
{
    watch *w = baton;

    return apr_brigade_write(w->kept, NULL, NULL, bytes, len) == APR_SUCCESS ? MCP_OK : mcp_fail(w->ctx, MCP_INTERNAL, "the answer cannot be passed on");
}

/* What is known of the old body does not hold for the new one. */
static void forget_body_headers(request_rec *r)
{
    static const char *const names[] = { "Content-Length", "ETag", "Content-MD5", "Digest", "Content-Digest", "Repr-Digest", "Last-Modified", "Accept-Ranges", NULL };
    const char *const *name;

    for (name = names; *name; name++) {
        apr_table_unset(r->headers_out, *name);
        apr_table_unset(r->err_headers_out, *name);
    }
}

static mcp_rc decide(watch *w, const apr_bucket_brigade *bb)
{
    request_rec *r = w->r;
    const char *type = r->content_type ? r->content_type : answered(r, "Content-Type"), *encoding = answered(r, "Content-Encoding");

    w->at = PASSING;
    if (!w->lists || !ap_is_HTTP_SUCCESS(r->status) || (!has_bytes(bb) && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(bb)))) return MCP_OK;
    if (!w->asked && !is_type(type, "application/json") && !is_type(type, "text/event-stream")) return MCP_OK;    /* no client reads a message there */
    if (encoding && strcasecmp(encoding, "identity")) return mcp_fail(w->ctx, MCP_BAD_ANSWER, "it is compressed (%s) though it was asked for plain", encoding);
    if (r->status == HTTP_PARTIAL_CONTENT) return mcp_fail(w->ctx, MCP_BAD_ANSWER, "it is a part of an answer");
    forget_body_headers(r);
    w->kept = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    if (is_type(type, "application/json")) w->at = GATHERING;
    else if (is_type(type, "text/event-stream")) w->at = STREAMING;
    else return mcp_fail(w->ctx, MCP_BAD_ANSWER, "its media type is %s", type ? type : "missing");
    if (w->at == STREAMING) w->sse = mcp_sse_begin(w->ctx, MCP_ANSWER_MAX, judge_event, event_leaves, w);
    return w->at == STREAMING && !w->sse ? mcp_fail(w->ctx, MCP_INTERNAL, "memory is out") : MCP_OK;
}

/* ---- refusing ---- */

static void log_refusal(watch *w)
{
    mcp_log(w->ctx, MCP_LOG_ERROR, mcp_error_of(MCP_BAD_ANSWER)->tag, "the answer to %s is not passed on: %s",
            w->judged->message.method ? w->judged->message.method : w->r->method, w->ctx->detail);
}

/* A stream ends with an error of its own; an answer of which nothing left becomes one. */
static apr_status_t refuse(ap_filter_t *f, watch *w, int begun)
{
    request_rec *r = w->r;
    const mcp_message *m = &w->judged->message;
    const char *text = mcp_rpc_error(r->pool, MCP_BAD_ANSWER, m->id, m->id_len, NULL, NULL);
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);

    log_refusal(w);
    w->at = REFUSED;
    if (begun) text = m->id ? apr_pstrcat(r->pool, "event: message\ndata: ", text, "\n\n", NULL) : "";
    else {
        r->status = HTTP_BAD_GATEWAY;
        r->status_line = NULL;
        forget_body_headers(r);
        apr_table_unset(r->headers_out, "Content-Encoding");
        ap_set_content_type(r, "application/json");
        ap_set_content_length(r, (apr_off_t)strlen(text));
    }
    apr_brigade_puts(bb, NULL, NULL, text);
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(bb->bucket_alloc));
    return ap_pass_brigade(f->next, bb);
}

/* ---- a JSON body ---- */

static apr_status_t gathered(ap_filter_t *f, watch *w)
{
    const char *out = NULL;
    apr_size_t len;
    size_t out_len;
    char *text;

    if (apr_brigade_pflatten(w->kept, &text, &len, w->r->pool) != APR_SUCCESS) return APR_ENOMEM;
    if (filter_text(w, w->r->pool, text, len, &out, &out_len)) return refuse(f, w, 0);
    w->at = PASSING;
    if (out) {
        apr_brigade_cleanup(w->kept);
        APR_BRIGADE_INSERT_TAIL(w->kept, apr_bucket_pool_create(out, out_len, w->r->pool, w->kept->bucket_alloc));
        APR_BRIGADE_INSERT_TAIL(w->kept, apr_bucket_eos_create(w->kept->bucket_alloc));
    }
    ap_set_content_length(w->r, (apr_off_t)(out ? out_len : len));
    return ap_pass_brigade(f->next, w->kept);
}

/* Buckets are kept until the end of the answer; flushes in between have nothing to send. */
static apr_status_t gather(ap_filter_t *f, watch *w, apr_bucket_brigade *bb)
{
    apr_bucket *b;
    apr_status_t status;
    const char *bytes;
    apr_size_t len;
    int eos;

    while ((b = APR_BRIGADE_FIRST(bb)) != APR_BRIGADE_SENTINEL(bb)) {
        eos = APR_BUCKET_IS_EOS(b);
        if (!APR_BUCKET_IS_METADATA(b)) {
            if ((status = apr_bucket_read(b, &bytes, &len, APR_BLOCK_READ)) != APR_SUCCESS) return status;
            if ((w->kept_len += (apr_off_t)len) > MCP_ANSWER_MAX) {
                mcp_fail(w->ctx, MCP_BAD_ANSWER, "it is larger than %d bytes", MCP_ANSWER_MAX);
                return refuse(f, w, 0);
            }
        }
        apr_bucket_setaside(b, w->r->pool);
        APR_BUCKET_REMOVE(b);
        if (APR_BUCKET_IS_FLUSH(b)) apr_bucket_destroy(b);
        else APR_BRIGADE_INSERT_TAIL(w->kept, b);
        if (eos) return gathered(f, w);
    }
    return APR_SUCCESS;
}

/* ---- a stream ---- */

static mcp_rc stream_bucket(watch *w, apr_bucket *b)
{
    const char *bytes;
    apr_size_t len;

    if (APR_BUCKET_IS_EOS(b)) return mcp_sse_end(w->sse);
    if (APR_BUCKET_IS_METADATA(b)) return MCP_OK;
    if (apr_bucket_read(b, &bytes, &len, APR_BLOCK_READ) != APR_SUCCESS) return mcp_fail(w->ctx, MCP_BAD_ANSWER, "the stream broke off");
    return mcp_sse_feed(w->sse, bytes, len);
}

/* Everything that is complete leaves with each call; flushes and the end keep their place behind it. */
static apr_status_t stream(ap_filter_t *f, watch *w, apr_bucket_brigade *bb)
{
    apr_status_t status;
    apr_bucket *b;

    while ((b = APR_BRIGADE_FIRST(bb)) != APR_BRIGADE_SENTINEL(bb)) {
        if (stream_bucket(w, b)) {
            ap_pass_brigade(f->next, w->kept);
            return refuse(f, w, 1);
        }
        APR_BUCKET_REMOVE(b);
        if (APR_BUCKET_IS_METADATA(b)) APR_BRIGADE_INSERT_TAIL(w->kept, b);
        else apr_bucket_destroy(b);
    }
    if (APR_BRIGADE_EMPTY(w->kept)) return APR_SUCCESS;
    status = ap_pass_brigade(f->next, w->kept);
    apr_brigade_cleanup(w->kept);
    return status;
}

/* ---- the filter ---- */

/* An answer without a type, of which neither a byte nor the end has come: there may be no body at all. */
static int is_headless(const watch *w, const apr_bucket_brigade *bb)
{
    return !w->r->content_type && !answered(w->r, "Content-Type") && !has_bytes(bb) && !APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(bb));
}

static apr_status_t answer(ap_filter_t *f, apr_bucket_brigade *bb)
{
    watch *w = f->ctx;

    if (APR_BRIGADE_EMPTY(bb)) return APR_SUCCESS;
    if (w->at == UNDECIDED && !w->sealed && seal_session(w)) return refuse(f, w, 0);
    w->sealed = 1;
    if (w->at == UNDECIDED && is_headless(w, bb)) return ap_pass_brigade(f->next, bb);
    if (w->at == UNDECIDED && decide(w, bb)) return refuse(f, w, 0);
    switch (w->at) {
    case GATHERING: return gather(f, w, bb);
    case STREAMING: return stream(f, w, bb);
    case REFUSED: return apr_brigade_cleanup(bb);
    default:
        ap_remove_output_filter(f);
        return ap_pass_brigade(f->next, bb);
    }
}

void mcp_answer_register(void)
{
    answer_filter = ap_register_output_filter("MCP_ANSWER", answer, NULL, AP_FTYPE_RESOURCE);
}

int mcp_answer_lists(const char *http_method, const mcp_message *m)
{
    static const char *const listing[] = { "tools/list", "prompts/list", "resources/list", "resources/templates/list", NULL };
    const char *const *method;

    if (!strcmp(http_method, "GET")) return 1;
    for (method = listing; m->method && *method; method++)
        if (!strcmp(m->method, *method)) return 1;
    return 0;
}

/* Where there are sessions a backend finds the stream of an answer by the id that the client chose: a list may come as the answer to anything. */
static int is_read(const request_rec *r, const mcp_judged *j)
{
    return j->lists || j->session || mcp_answer_lists(r->method, &j->message) || j->location->pins == MCP_PIN_ENFORCE || !mcp_gate_is_stateless(r->headers_in, &j->message);
}

void mcp_answer_watch(mcp_ctx *ctx, request_rec *r, mcp_judged *j)
{
    static const char *const names[] = { "Accept-Encoding", "Range", "If-Range", "If-None-Match", "If-Modified-Since", "TE", NULL };
    watch *w = apr_pcalloc(r->pool, sizeof *w);
    const char *const *name;

    w->r = r;
    w->ctx = ctx;
    w->judged = j;
    w->asked = j->lists || mcp_answer_lists(r->method, &j->message);
    w->lists = j->location->mode == MCP_MODE_ON && is_read(r, j);
    for (name = names; w->lists && *name; name++) apr_table_unset(r->headers_in, *name);
    ap_add_output_filter_handle(answer_filter, w, r, r->connection);
}
