#include <httpd.h>
#include <http_config.h>
#include "mcp/answer.h"
#include "mcp/backend.h"

/* The backend gets no token; no Upgrade either, behind which messages would pass that nobody reads; and no cache keeps the
 * answer for others: without the token it cannot see that the answer is one caller's own. */
void mcp_backend_hand_over(mcp_ctx *ctx, request_rec *r, mcp_judged *j)
{
    j->authorization = apr_table_get(r->headers_in, "Authorization");
    apr_table_unset(r->headers_in, "Authorization");
    apr_table_unset(r->headers_in, "Upgrade");
    apr_table_setn(r->subprocess_env, "no-cache", "1");
    mcp_ctx_clear(ctx);
    mcp_answer_watch(ctx, r, j);
}

void mcp_backend_take_back(request_rec *r)
{
    request_rec *before = r->prev;
    const mcp_judged *j;

    while (before && !mcp_judged_of(before)) before = before->prev;
    if (!before) return;
    j = mcp_judged_of(before);
    if (j->authorization) apr_table_setn(r->headers_in, "Authorization", j->authorization);
    if (j->session) apr_table_setn(r->headers_in, "Mcp-Session-Id", j->session);
    if (j->body && !strcmp(r->method, "POST")) mcp_body_replay(r, j->body);
}
