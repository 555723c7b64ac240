#include <string.h>
#include <apr_strings.h>
#include "mcp/as.h"
#include "mcp/json.h"

void mcp_out_header(mcp_ctx *ctx, mcp_out *out, const char *name, const char *value)
{
    if (!out->headers) out->headers = apr_table_make(ctx->pool, 8);
    apr_table_set(out->headers, name, value);
}

mcp_rc mcp_out_json(mcp_ctx *ctx, mcp_out *out, int status, const json_t *value)
{
    out->body = mcp_json_text(ctx->pool, value);
    if (!out->body) return mcp_fail(ctx, MCP_INTERNAL, "an answer could not be written as JSON");
    out->status = status;
    out->content_type = "application/json";
    mcp_out_header(ctx, out, "Cache-Control", "no-store");
    mcp_out_header(ctx, out, "X-Content-Type-Options", "nosniff");
    return MCP_OK;
}

const char *mcp_out_description(mcp_ctx *ctx, mcp_rc rc)
{
    const mcp_error *error = mcp_error_of(rc);
    int tell = *ctx->detail && error->http < 500 && strcmp(ctx->detail, error->sentence);
    char *text = tell ? apr_pstrcat(ctx->pool, error->sentence, ": ", ctx->detail, NULL) : apr_pstrdup(ctx->pool, error->sentence), *c;

    for (c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e || *c == '"' || *c == '\\') *c = '?';
    return text;
}

/* How long to wait, where waiting helps. */
void mcp_out_retry(mcp_ctx *ctx, mcp_out *out, int http)
{
    if (http == 429 || http == 503) mcp_out_header(ctx, out, "Retry-After", "5");
}

void mcp_out_error(mcp_ctx *ctx, mcp_out *out, mcp_rc rc)
{
    const mcp_error *error = mcp_error_of(rc);
    json_t *body = mcp_json_own(ctx->pool, json_pack("{s:s,s:s}", "error", *error->oauth ? error->oauth : "invalid_request",
                                                     "error_description", mcp_out_description(ctx, rc)));

    mcp_out_json(ctx, out, error->http, body);
    if (rc == MCP_BAD_CLIENT) mcp_out_header(ctx, out, "WWW-Authenticate", "Basic realm=\"token\"");
    mcp_out_retry(ctx, out, error->http);
}
