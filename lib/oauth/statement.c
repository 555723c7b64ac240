#include <string.h>
#include "mcp/jws.h"
#include "mcp/statement.h"

static mcp_rc refuse(mcp_ctx *ctx, const char *why)
{
    mcp_ctx_clear(ctx);
    return mcp_fail(ctx, MCP_BAD_STATEMENT, "software_statement: %s", why);
}

/* The claims, if the issuer signed them in its own name. */
static const json_t *claims_by(mcp_ctx *ctx, const mcp_statement_issuer *by, const char *text)
{
    const char *issuer;
    mcp_jws jws;

    if (mcp_jws_verify(ctx, by->keys, text, strlen(text), &jws)) {
        mcp_ctx_clear(ctx);
        return NULL;
    }
    issuer = mcp_json_string(jws.payload, "iss");
    return issuer && !strcmp(issuer, by->issuer) ? jws.payload : NULL;
}

static const json_t *claims_of(mcp_ctx *ctx, const mcp_as *as, const char *text)
{
    const json_t *claims = NULL;
    int i;

    for (i = 0; i < as->statement_count && !claims; i++) claims = claims_by(ctx, &as->statements[i], text);
    return claims;
}

static int is_past(const mcp_ctx *ctx, const json_t *expiry)
{
    return expiry && (!json_is_integer(expiry) || json_integer_value(expiry) <= mcp_now(ctx));
}

/* About the statement, not about the client. */
static int is_about_itself(const char *name)
{
    static const char *const names[] = { "iss", "sub", "aud", "exp", "nbf", "iat", "jti" };
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i])) return 1;
    return 0;
}

static json_t *merge(mcp_ctx *ctx, const json_t *doc, const json_t *claims)
{
    json_t *all = mcp_json_own(ctx->pool, json_copy((json_t *)doc)), *value;
    const char *name;

    json_object_del(all, "software_statement");
    json_object_foreach((json_t *)claims, name, value)
        if (!is_about_itself(name)) json_object_set(all, name, value);
    json_object_del(all, "software_statement");     /* none within another */
    return all;
}

mcp_rc mcp_statement_apply(mcp_ctx *ctx, const mcp_as *as, json_t *doc, json_t **merged, const char **statement)
{
    const json_t *claims, *value = json_object_get(doc, "software_statement");

    *merged = doc;
    *statement = NULL;
    if (!as->statement_count || !value || json_is_null(value)) return MCP_OK;
    if (!json_is_string(value)) return refuse(ctx, "it is no string");
    if (!(claims = claims_of(ctx, as, json_string_value(value)))) return refuse(ctx, "it is not signed by an issuer that counts here");
    if (is_past(ctx, json_object_get(claims, "exp"))) return refuse(ctx, "it has expired");
    if (!mcp_json_string(claims, "software_id")) return refuse(ctx, "it names no software_id");
    *merged = merge(ctx, doc, claims);
    *statement = json_string_value(value);
    return MCP_OK;
}
