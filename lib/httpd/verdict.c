#include <httpd.h>
#include <http_config.h>
#include <apr_strings.h>
#include "mcp/admit.h"
#include "mcp/batch.h"
#include "mcp/gate.h"
#include "mcp/trust.h"
#include "mcp/verdict.h"

int mcp_verdict_is_of_rules(mcp_rc rc)
{
    return rc == MCP_FORBIDDEN || rc == MCP_MISSING_SCOPE || rc == MCP_METHOD_DENIED || rc == MCP_CHANGED_TOOL || rc == MCP_TOO_MANY || rc == MCP_ODD_URI;
}

/* ---- to the audit ---- */

static void audit(mcp_ctx *ctx, request_rec *r, const mcp_judged *j, const mcp_message *m, const char *outcome, mcp_rc rc)
{
    mcp_subject_kind named = mcp_methods_named(m);
    mcp_audit_facts facts = { 0 };

    facts.event = m->method ? m->method : m->kind == MCP_MESSAGE_RESPONSE ? "response" : r->method;
    facts.client = j->token.client_id;
    facts.user = j->token.sub;
    facts.scope = j->token.scope;
    facts.resource = j->location->where->resource;
    facts.prompt = named == MCP_SUBJECT_PROMPT ? m->name : NULL;
    facts.uri = named == MCP_SUBJECT_RESOURCE ? m->uri : NULL;
    mcp_audit_write(r, j->all->audit, &facts, named == MCP_SUBJECT_TOOL ? m->name : NULL, outcome, rc, ctx->detail);
}

void mcp_verdict_audit(mcp_ctx *ctx, request_rec *r, const mcp_judged *j, const char *outcome, mcp_rc rc)
{
    int i;

    if (!j->batch || rc) audit(ctx, r, j, &j->message, outcome, rc);
    for (i = 0; j->batch && !rc && i < j->batch->nelts; i++) audit(ctx, r, j, &APR_ARRAY_IDX(j->batch, i, mcp_batch_part).message, outcome, rc);
}

/* ---- to the client ---- */

static void log_refusal(mcp_ctx *ctx, request_rec *r, const mcp_judged *j, mcp_rc rc)
{
    mcp_log(ctx, rc == MCP_INTERNAL || rc == MCP_UNAVAILABLE ? MCP_LOG_ERROR : MCP_LOG_INFO, mcp_error_of(rc)->tag, "refused %s%s%s: %s",
            j->message.method ? j->message.method : r->method, j->message.name ? " " : "", j->message.name ? j->message.name : "",
            *ctx->detail ? ctx->detail : mcp_error_of(rc)->sentence);
}

/* Every request of a batch gets an error: the refused one its own, the others that they were not sent on. */
static const char *batch_errors(apr_pool_t *p, const mcp_judged *j, const char *refused)
{
    const char *list = "";
    int i;

    for (i = 0; i < j->batch->nelts; i++) {
        const mcp_message *m = &APR_ARRAY_IDX(j->batch, i, mcp_batch_part).message;
        const char *error = m->id == j->message.id ? refused : mcp_rpc_error(p, MCP_BATCH, m->id, m->id_len, "another message of it was refused", NULL);
        if (m->kind == MCP_MESSAGE_REQUEST) list = apr_pstrcat(p, list, *list ? "," : "", error, NULL);
    }
    return *list ? apr_pstrcat(p, "[", list, "]", NULL) : refused;
}

int mcp_verdict_refuse(mcp_ctx *ctx, request_rec *r, const mcp_judged *j, mcp_rc rc)
{
    const mcp_location *d = j->location;
    const char *scope = rc == MCP_MISSING_SCOPE ? mcp_judged_challenge_scopes(r->pool, j) : mcp_trust_first_scopes(r->server, d->trusts);
    const char *challenge = mcp_challenge(r->pool, rc, d->where->metadata_url, scope);
    /* A refusal by the rules reads as for a tool that does not exist. */
    const char *detail = rc == MCP_FORBIDDEN || rc == MCP_CHANGED_TOOL || rc == MCP_INTERNAL || !*ctx->detail ? NULL : ctx->detail, *data = NULL;
    mcp_out out = { 0 };

    log_refusal(ctx, r, j, rc);
    out.status = mcp_gate_status(rc, &j->message);
    out.content_type = "application/json";
    if (rc == MCP_BAD_VERSION) data = mcp_gate_version_data(r->pool, r->headers_in, &j->message);
    out.body = mcp_rpc_error(r->pool, rc, j->message.id, j->message.id_len, detail, data);
    if (j->batch && j->batch->nelts) out.body = batch_errors(r->pool, j, out.body);
    out.headers = apr_table_make(r->pool, 2);
    apr_table_setn(out.headers, "Cache-Control", "no-store");
    if (challenge) apr_table_setn(out.headers, "WWW-Authenticate", challenge);
    if (rc == MCP_BAD_METHOD) apr_table_setn(out.headers, "Allow", "POST, GET, DELETE");
    if (rc == MCP_UNAVAILABLE || rc == MCP_TOO_MANY) apr_table_setn(out.headers, "Retry-After", rc == MCP_TOO_MANY ? "30" : "5");
    if (mcp_admit_has_body(r) && !j->message.kind && !j->message.method) r->connection->keepalive = AP_CONN_CLOSE;
    return mcp_reply(r, &out);
}
