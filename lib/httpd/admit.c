#include <httpd.h>
#include <http_config.h>
#include <apr_strings.h>
#include "mcp/admit.h"
#include "mcp/answer.h"
#include "mcp/batch.h"
#include "mcp/gate.h"
#include "mcp/session.h"
#include "mcp/trust.h"
#include "mcp/verdict.h"

/* ---- the body ---- */

/* Where a batch may come, the scanner's refusal of an array is not the end: the rest is read and split. */
typedef struct {
    mcp_envelope *scanner;
    size_t left;
    int may_be_batch, is_batch;
} body_scan;

static mcp_rc feed(void *baton, const char *bytes, size_t len)
{
    body_scan *scan = baton;
    mcp_rc rc = scan->is_batch ? MCP_OK : mcp_envelope_feed(scan->scanner, bytes, len);

    if (rc == MCP_BATCH && scan->may_be_batch) scan->is_batch = 1;
    else if (rc) return rc;
    scan->left -= len < scan->left ? len : scan->left;
    return scan->left ? MCP_OK : MCP_TOO_LARGE;
}

static mcp_rc split_batch(mcp_ctx *ctx, request_rec *r, const mcp_envelope_rules *rules, mcp_judged *j)
{
    size_t len = mcp_body_length(j->body);
    const char *text = mcp_body_slice(r->pool, j->body, 0, len);

    mcp_ctx_clear(ctx);
    return text ? mcp_batch_split(ctx, rules, text, len, &j->batch) : mcp_fail(ctx, MCP_INTERNAL, "the body cannot be read again");
}

static mcp_rc scan_body(mcp_ctx *ctx, request_rec *r, mcp_judged *j)
{
    const mcp_location *d = j->location;
    mcp_envelope_rules rules = { (size_t)(d->max_body ? d->max_body : MCP_MAX_BODY),
                                 (unsigned)(d->max_depth ? d->max_depth : MCP_MAX_DEPTH) };
    body_scan scan = { mcp_envelope_begin(ctx, &rules), rules.max_bytes + 1, mcp_gate_may_be_batch(r->headers_in), 0 };
    mcp_rc rc = mcp_body_read(ctx, r, feed, &scan, &j->body), ended = mcp_envelope_end(scan.scanner, &j->message);

    if (rc) return mcp_fail(ctx, rc, "the message is too large");
    if (scan.is_batch) ended = split_batch(ctx, r, &rules, j);
    if (ended) return ended;
    mcp_body_replay(r, j->body);
    return MCP_OK;
}

int mcp_admit_has_body(request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");

    return apr_table_get(r->headers_in, "Transfer-Encoding") || (length && strcmp(length, "0"));
}

/* ---- the order of things ---- */

/* What some backends drop from a path would lead to another location's backend by the rules of this one. */
static int strays(const char *path)
{
    size_t len = strlen(path), i;

    for (i = 0; i < len && (unsigned char)path[i] > 0x20 && path[i] != 0x7f && path[i] != ';'; i++) { }
    return i < len || (len && path[len - 1] == '.');
}

static int is_known_origin(request_rec *r, const mcp_location *d)
{
    const char *const own[] = { d->where->origin, NULL };

    return mcp_gate_origin(r->headers_in, own) || (d->origins && mcp_gate_origin(r->headers_in, (const char *const *)(void *)d->origins->elts));
}

/* The backend's own session identifier, if the one that was sent is the caller's. */
static mcp_rc open_session(mcp_ctx *ctx, request_rec *r, mcp_judged *j)
{
    const char *id;
    mcp_rc rc;

    if (!(j->session = apr_table_get(r->headers_in, "Mcp-Session-Id"))) return MCP_OK;
    if ((rc = mcp_session_open(ctx, j->all->session_key, &j->token, j->all->store, j->location->where->resource, j->session, &id))) return rc;
    j->backend_session = id;
    apr_table_setn(r->headers_in, "Mcp-Session-Id", id);
    return MCP_OK;
}

static mcp_rc judge_one(mcp_ctx *ctx, request_rec *r, mcp_judged *j)
{
    mcp_rc rc = mcp_gate_agree(ctx, r->headers_in, &j->message);

    return rc ? rc : mcp_judge_message(ctx, r, j);
}

static void take_part(request_rec *r, mcp_judged *j, int i)
{
    const mcp_batch_part *part = &APR_ARRAY_IDX(j->batch, i, mcp_batch_part);

    j->message = part->message;
    j->text = part->text;
    j->text_len = part->len;
    j->has_arguments = 0;
    j->arguments_unclear = 0;
    if (mcp_answer_lists(r->method, &j->message)) j->lists = 1;
}

/* Each message by itself, all of them understood before one is judged; the first refusal refuses all. */
static mcp_rc judge_batch(mcp_ctx *ctx, request_rec *r, mcp_judged *j)
{
    mcp_rc rc, first = MCP_OK;
    int i, at = 0;

    for (i = 0; i < j->batch->nelts; i++) {
        take_part(r, j, i);
        if ((rc = mcp_gate_agree(ctx, r->headers_in, &j->message))) return rc;
    }
    for (i = 0; i < j->batch->nelts; i++) {
        take_part(r, j, i);
        if (!(rc = mcp_judge_message(ctx, r, j))) continue;
        if (j->location->mode != MCP_MODE_REPORT || !mcp_verdict_is_of_rules(rc)) return rc;
        if (!first) at = i;     /* what the rules refuse is let pass, so the others must be understood as well */
        if (!first) first = rc;
    }
    if (first) take_part(r, j, at);
    return first;
}

mcp_rc mcp_admit(mcp_ctx *ctx, request_rec *r, mcp_judged *j)
{
    const mcp_location *d = j->location;
    const apr_table_t *headers;
    mcp_rc rc;

    if (strays(r->uri)) return mcp_fail(ctx, MCP_BAD_REQUEST, "the path has parameters, controls, or ends in a dot or blank");
    if (!is_known_origin(r, d))
        return mcp_fail(ctx, MCP_BAD_ORIGIN, "add MCPAllowOrigin for it if it is yours");
    if ((rc = mcp_gate_headers(ctx, r->method, r->headers_in, mcp_admit_has_body(r)))) return rc;
    if ((rc = mcp_trust_verify(ctx, r, d->trusts, d->where->resource, &j->token))) return rc;
    if ((rc = mcp_trust_check_binding(ctx, r, &j->token, j->all->store, d->where->origin, d->binding_required == 1))) return rc;
    r->user = apr_pstrdup(r->pool, j->token.sub);
    r->ap_auth_type = apr_pstrdup(r->pool, "Bearer");
    if (strcmp(r->method, "POST")) return open_session(ctx, r, j);
    headers = r->headers_in;
    if ((rc = scan_body(ctx, r, j))) return rc;
    /* A body may take hours; a token that ended meanwhile counts no more. */
    ctx->now = apr_time_now();
    if (ctx->now - r->request_time > APR_USEC_PER_SEC && (rc = mcp_trust_verify(ctx, r, d->trusts, d->where->resource, &j->token))) return rc;
    /* MergeTrailers: what came behind the body stands among the headers now. */
    if (r->headers_in != headers && (rc = mcp_gate_headers(ctx, r->method, r->headers_in, 1))) return rc;
    if ((rc = open_session(ctx, r, j))) return rc;
    return j->batch ? judge_batch(ctx, r, j) : judge_one(ctx, r, j);
}
