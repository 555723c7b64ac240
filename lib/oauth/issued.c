#include <string.h>
#include "mcp/issued.h"

const char *mcp_issued_audience(const mcp_token *token)
{
    const char *audience = mcp_json_string(token->claims, "aud");

    return audience ? audience : "";
}

mcp_rc mcp_issued_read(mcp_ctx *ctx, const mcp_as *as, const char *text, mcp_token *out)
{
    mcp_token_profile profile = { as->issuer, NULL, as->keys, 0 };
    const char *audience;
    mcp_jws jws;
    mcp_rc rc;

    memset(out, 0, sizeof *out);
    if ((rc = mcp_jws_verify(ctx, as->keys, text, strlen(text), &jws))) return rc;
    audience = mcp_json_string(jws.payload, "aud");
    if (!audience || !mcp_as_has_resource(as, audience)) return mcp_fail(ctx, MCP_BAD_TOKEN, "aud is none of this issuer's resources");
    profile.audience = audience;
    return mcp_token_verify(ctx, &profile, text, strlen(text), out);
}
