#include <string.h>
#include <apr_strings.h>
#include "mcp/text.h"
#include "mcp/token.h"

static const apr_int64_t time_max = 1LL << 53;

static mcp_rc check_type(mcp_ctx *ctx, const json_t *header)
{
    const json_t *typ = json_object_get(header, "typ");
    const char *text = json_string_value(typ);

    if (!typ || (text && (!strcasecmp(text, "at+jwt") || !strcasecmp(text, "application/at+jwt") || !strcasecmp(text, "JWT")))) return MCP_OK;
    return mcp_fail(ctx, MCP_BAD_TOKEN, "typ is not that of an access token");
}

static int stands_in(const json_t *aud, const char *audience)
{
    const json_t *one;
    size_t i;

    if (json_is_string(aud)) return !strcmp(json_string_value(aud), audience);
    json_array_foreach(aud, i, one)
        if (json_is_string(one) && !strcmp(json_string_value(one), audience)) return 1;
    return 0;
}

/* NumericDate as a whole number; *present tells whether the member is there. */
static mcp_rc read_time(mcp_ctx *ctx, const json_t *claims, const char *name, int *present, apr_int64_t *out)
{
    const json_t *value = json_object_get(claims, name);

    *present = value != NULL;
    *out = json_integer_value(value);
    if (!value || (json_is_integer(value) && *out >= 0 && *out <= time_max)) return MCP_OK;
    return mcp_fail(ctx, MCP_BAD_TOKEN, "%s is no time in whole seconds", name);
}

static mcp_rc check_times(mcp_ctx *ctx, const json_t *claims, apr_int64_t leeway, apr_int64_t *exp)
{
    apr_int64_t now = mcp_now(ctx), nbf, iat;
    int has_exp, has_nbf, has_iat;
    mcp_rc rc;

    if ((rc = read_time(ctx, claims, "exp", &has_exp, exp))) return rc;
    if ((rc = read_time(ctx, claims, "nbf", &has_nbf, &nbf))) return rc;
    if ((rc = read_time(ctx, claims, "iat", &has_iat, &iat))) return rc;
    if (!has_exp) return mcp_fail(ctx, MCP_BAD_TOKEN, "exp is missing");
    if (now >= *exp + leeway) return mcp_fail(ctx, MCP_EXPIRED_TOKEN, "expired %" APR_INT64_T_FMT " seconds ago", now - *exp);
    if (has_nbf && now + leeway < nbf) return mcp_fail(ctx, MCP_BAD_TOKEN, "nbf lies ahead");
    if (has_iat && now + leeway < iat) return mcp_fail(ctx, MCP_BAD_TOKEN, "iat lies ahead");
    return MCP_OK;
}

static const char *text_or_empty(const json_t *claims, const char *name)
{
    const char *text = mcp_json_string(claims, name);

    return text ? text : "";
}

/* "scope" (RFC 8693 4.2), or "scp" as a string or a list. */
static const char *read_scope(apr_pool_t *p, const json_t *claims)
{
    const json_t *scp = json_object_get(claims, "scp"), *one;
    const char *scope = mcp_json_string(claims, "scope");
    size_t i;

    if (scope) return scope;
    if (json_is_string(scp)) return json_string_value(scp);
    scope = "";
    json_array_foreach(scp, i, one)
        if (json_is_string(one)) scope = apr_pstrcat(p, scope, *scope ? " " : "", json_string_value(one), NULL);
    return scope;
}

mcp_rc mcp_token_judge(mcp_ctx *ctx, const mcp_token_profile *profile, const json_t *claims, mcp_token *out)
{
    const char *issuer = mcp_json_string(claims, "iss");
    mcp_rc rc;

    if (!issuer || strcmp(issuer, profile->issuer)) return mcp_fail(ctx, MCP_BAD_TOKEN, "iss is not the issuer");
    if (!stands_in(json_object_get(claims, "aud"), profile->audience)) return mcp_fail(ctx, MCP_BAD_TOKEN, "aud is not %s", profile->audience);
    if ((rc = check_times(ctx, claims, profile->leeway, &out->exp))) return rc;
    out->claims = claims;
    out->sub = text_or_empty(claims, "sub");
    out->client_id = text_or_empty(claims, json_object_get(claims, "client_id") ? "client_id" : "azp");
    out->jti = text_or_empty(claims, "jti");
    out->scope = read_scope(ctx->pool, claims);
    return *out->sub ? MCP_OK : mcp_fail(ctx, MCP_BAD_TOKEN, "sub is missing");
}

mcp_rc mcp_token_verify(mcp_ctx *ctx, const mcp_token_profile *profile, const char *text, size_t len, mcp_token *out)
{
    mcp_jws jws;
    mcp_rc rc;

    if ((rc = mcp_jws_verify(ctx, profile->keys, text, len, &jws))) return rc;
    if ((rc = check_type(ctx, jws.header))) return rc;
    out->claims_text = jws.payload_text;
    out->claims_len = jws.payload_len;
    return mcp_token_judge(ctx, profile, jws.payload, out);
}

const char *mcp_token_peek_issuer(mcp_ctx *ctx, const char *text, size_t len)
{
    static const mcp_json_caps caps = { MCP_JWS_MAX, 16 };
    const char *first = len <= MCP_JWS_MAX ? memchr(text, '.', len) : NULL, *second;
    unsigned char *bytes;
    size_t n;
    json_t *claims;

    if (!first || !(second = memchr(first + 1, '.', len - (size_t)(first + 1 - text)))) return NULL;
    if (!mcp_text_base64url_decode(ctx, first + 1, (size_t)(second - first - 1), &bytes, &n) &&
        !mcp_json_object(ctx, (const char *)bytes, n, &caps, &claims)) return mcp_json_string(claims, "iss");
    mcp_ctx_clear(ctx);     /* the caller judges; this only looked */
    return NULL;
}
