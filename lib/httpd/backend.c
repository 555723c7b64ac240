#include <httpd.h>
#include <http_config.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "mcp/answer.h"
#include "mcp/backend.h"
#include "mcp/text.h"

enum { ASSERTION_LIFE = 30 };

/* ---- who is calling ---- */

/* Every spelling that some backend reads as one of ours: gateways fold - _ and . into one. */
static int is_ours(const char *name)
{
    static const char prefix[] = "x-mcp-";
    size_t i;

    for (i = 0; prefix[i]; i++) {
        int c = name[i] == '_' || name[i] == '.' ? '-' : apr_tolower(name[i]);
        if (c != prefix[i]) return 0;
    }
    return 1;
}

static int note_ours(void *list, const char *name, const char *value)
{
    (void)value;
    if (is_ours(name)) APR_ARRAY_PUSH((apr_array_header_t *)list, const char *) = name;
    return 1;
}

static void strip_claims_of_identity(request_rec *r)
{
    apr_array_header_t *names = apr_array_make(r->pool, 2, sizeof(const char *));
    int i;

    apr_table_do(note_ours, names, r->headers_in, NULL);
    for (i = 0; i < names->nelts; i++) apr_table_unset(r->headers_in, APR_ARRAY_IDX(names, i, const char *));
}

static int is_plain(const char *text)
{
    const char *c;

    if (!strncmp(text, "=?base64?", 9) || *text == ' ' || (*text && text[strlen(text) - 1] == ' ')) return 0;
    for (c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e) return 0;
    return 1;
}

/* In the form MCP gives to headers that mirror text: =?base64?...?= for what is not plain ASCII. */
static void tell(request_rec *r, const char *name, const char *text)
{
    if (!text || !*text) return;
    if (!is_plain(text)) text = apr_pstrcat(r->pool, "=?base64?", mcp_text_base64(r->pool, text, strlen(text)), "?=", NULL);
    apr_table_setn(r->headers_in, name, text);
}

static void tell_headers(request_rec *r, const mcp_token *t)
{
    tell(r, "X-MCP-User", t->sub);
    tell(r, "X-MCP-Client", t->client_id);
    tell(r, "X-MCP-Scope", t->scope);
    tell(r, "X-MCP-Issuer", mcp_json_string(t->claims, "iss"));
}

/* Good for this backend and half a minute; of a type of its own, so that nobody takes it for an access token. */
static mcp_rc tell_assertion(mcp_ctx *ctx, request_rec *r, const mcp_identity *identity, const mcp_judged *j)
{
    mcp_token_grant grant = { j->location->where->resource, identity->audience, j->token.sub, j->token.client_id, j->token.scope, ASSERTION_LIFE, NULL, "mcp-identity+jwt", NULL };
    const char *assertion, *issuer = mcp_json_string(j->token.claims, "iss");
    mcp_rc rc;

    grant.more = mcp_json_own(r->pool, json_pack("{s:s*}", "token_iss", issuer));
    if ((rc = mcp_token_mint(ctx, identity->key, &grant, &assertion))) return rc;
    apr_table_setn(r->headers_in, "X-MCP-Assertion", assertion);
    return MCP_OK;
}

/* ---- handing over ---- */

/* No Upgrade goes on, behind which messages would pass that nobody reads; and no cache keeps the answer for others: without
 * the token it cannot see that the answer is one caller's own. */
mcp_rc mcp_backend_hand_over(mcp_ctx *ctx, request_rec *r, mcp_judged *j)
{
    const mcp_identity *identity = j->location->identity;
    mcp_rc rc = MCP_OK;

    mcp_ctx_clear(ctx);
    j->authorization = apr_table_get(r->headers_in, "Authorization");
    strip_claims_of_identity(r);
    if (identity && identity->how == MCP_IDENTITY_HEADERS) tell_headers(r, &j->token);
    if (identity && identity->how == MCP_IDENTITY_ASSERTION && (rc = tell_assertion(ctx, r, identity, j))) return rc;
    apr_table_unset(r->headers_in, "Authorization");
    apr_table_unset(r->headers_in, "DPoP");
    apr_table_unset(r->headers_in, "Upgrade");
    apr_table_setn(r->subprocess_env, "no-cache", "1");
    mcp_answer_watch(ctx, r, j);
    return MCP_OK;
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
