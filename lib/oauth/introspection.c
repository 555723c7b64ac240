#include <string.h>
#include <apr_strings.h>
#include "mcp/flow.h"
#include "mcp/issued.h"
#include "mcp/revocation.h"
#include "mcp/text.h"

/* ---- who asks ---- */

static const mcp_introspector *introspector_of(const mcp_as *as, const char *name)
{
    int i;

    for (i = 0; i < as->introspector_count; i++)
        if (!strcmp(as->introspectors[i].name, name)) return &as->introspectors[i];
    return NULL;
}

/* A name that is unknown costs the same comparison. */
static mcp_rc authenticate(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, const mcp_form *form, const mcp_introspector **out)
{
    static const char nobody[] = "0000000000000000000000000000000000000000000000000000000000000000";
    const char *name, *secret, *digest, *wanted;
    mcp_rc rc;

    if ((rc = mcp_client_credentials(ctx, in, form, &name, &secret))) return rc;
    if (!name || !secret) return mcp_fail(ctx, MCP_BAD_CLIENT, "the name and secret of an MCPIntrospect line are required");
    *out = introspector_of(as, name);
    digest = mcp_text_sha256_hex(ctx->pool, secret, strlen(secret));
    wanted = *out ? (*out)->secret_digest : nobody;
    if (digest && mcp_text_equal_secret(digest, strlen(digest), wanted, strlen(wanted)) && *out) return MCP_OK;
    return mcp_fail(ctx, MCP_BAD_CLIENT, "no MCPIntrospect line has this name and secret");
}

/* ---- the answer ---- */

static int may_ask(const mcp_introspector *who, const char *audience)
{
    const char *const *r;

    for (r = who->resources; r && *r; r++)
        if (!strcmp(*r, audience)) return 1;
    return !who->resources;
}

/* Only a store that does not answer is an error; everything else that speaks against the token makes it inactive. */
static mcp_rc judge_token(mcp_ctx *ctx, const mcp_as *as, const mcp_introspector *who, const char *text, mcp_token *token, int *active)
{
    mcp_rc rc = mcp_issued_read(ctx, as, text, token);

    *active = 0;
    if (!rc && !may_ask(who, mcp_issued_audience(token))) rc = MCP_BAD_TOKEN;
    if (!rc) rc = mcp_revocation_check_token(ctx, as, NULL, token);
    if (rc && rc != MCP_BAD_TOKEN && rc != MCP_EXPIRED_TOKEN) return rc;
    mcp_ctx_clear(ctx);
    *active = !rc;
    return MCP_OK;
}

/* RFC 7662 2.2: the claims as they stand in the token, and what it is. */
static json_t *describe(mcp_ctx *ctx, const mcp_token *token)
{
    json_t *doc = mcp_json_own(ctx->pool, json_pack("{s:b}", "active", 1));

    json_object_update(doc, (json_t *)(size_t)token->claims);
    json_object_set_new(doc, "active", json_true());
    json_object_set_new(doc, "username", json_string(token->sub));
    json_object_set_new(doc, "token_type", json_string(json_object_get(json_object_get(token->claims, "cnf"), "jkt") ? "DPoP" : "Bearer"));
    return doc;
}

mcp_rc mcp_introspection(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out)
{
    const mcp_introspector *who = NULL;
    const mcp_form *form;
    const char *text;
    mcp_token token;
    int active;
    mcp_rc rc;

    out->audit.event = "introspect";
    if (!as->introspector_count) return mcp_fail(ctx, MCP_NOT_FOUND, "no MCPIntrospect line says who may ask");
    if (in->query && *in->query) return mcp_fail(ctx, MCP_BAD_REQUEST, "parameters belong in the body");
    if ((rc = mcp_flow_body(ctx, in, NULL, &form))) return rc;
    if ((rc = authenticate(ctx, as, in, form, &who))) return rc;
    out->audit.client = who->name;
    if (!(text = mcp_form_get(form, "token"))) return mcp_fail(ctx, MCP_BAD_REQUEST, "token is missing");
    if ((rc = judge_token(ctx, as, who, text, &token, &active))) return rc;
    if (active) out->audit.user = token.sub;
    return mcp_out_json(ctx, out, 200, active ? describe(ctx, &token) : mcp_json_own(ctx->pool, json_pack("{s:b}", "active", 0)));
}
