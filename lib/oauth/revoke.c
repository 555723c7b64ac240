#include <string.h>
#include "mcp/flow.h"
#include "mcp/issued.h"
#include "mcp/refresh.h"
#include "mcp/revocation.h"

typedef struct {
    const mcp_form *form;
    const mcp_client *client;
    const char *grant;      /* what the token belongs to; NULL: it is none of this client's, or nothing any more */
} request;

/* RFC 7009 2.2: what is worth nothing is as good as revoked, and whose a token is remains nobody's business. */
static mcp_rc find_access(mcp_ctx *ctx, const mcp_as *as, const char *text, request *r)
{
    mcp_token token;
    mcp_rc rc = mcp_issued_read(ctx, as, text, &token);

    if (rc == MCP_OK && !strcmp(token.client_id, r->client->id)) r->grant = token.jti;
    if (rc != MCP_BAD_TOKEN && rc != MCP_EXPIRED_TOKEN) return rc;
    mcp_ctx_clear(ctx);
    return MCP_OK;
}

/* The hint is not needed: what was made here tells what it is. */
static mcp_rc find_grant(mcp_ctx *ctx, const mcp_as *as, request *r)
{
    const char *text = mcp_form_get(r->form, "token");

    if (!text) return mcp_fail(ctx, MCP_BAD_REQUEST, "token is missing");
    r->grant = mcp_refresh_grant_of(ctx, as, r->client->id, text);
    return r->grant ? MCP_OK : find_access(ctx, as, text, r);
}

static mcp_rc judge(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, request *r)
{
    mcp_rc rc;

    if (in->query && *in->query) return mcp_fail(ctx, MCP_BAD_REQUEST, "parameters belong in the body");
    if ((rc = mcp_flow_body(ctx, in, NULL, &r->form))) return rc;
    if ((rc = mcp_client_authenticate(ctx, as, in, r->form, &r->client))) return rc;
    if ((rc = find_grant(ctx, as, r))) return rc;
    return r->grant ? mcp_revoke_grant(ctx, as, r->grant) : MCP_OK;
}

mcp_rc mcp_revoke(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out)
{
    request r = { 0 };
    mcp_rc rc = judge(ctx, as, in, &r);

    out->audit.event = "revoke";
    out->audit.client = r.client ? r.client->id : NULL;
    return rc ? rc : mcp_out_json(ctx, out, 200, mcp_json_own(ctx->pool, json_object()));
}
