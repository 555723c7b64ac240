/* An input is tried as the answer of an introspection endpoint. Nothing but a boolean true, our audience, our issuer and a time ahead
 * makes a token of it; each refusal says why, and the text that is kept reads as the claims it was written from. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include "mcp/introspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ISS "https://as.example"
#define AUD "https://mcp.example/mcp"

enum { NOW = 1700000000, LEEWAY = 5 };

static int names_us(const json_t *aud)
{
    const json_t *one;
    size_t i;

    if (json_is_string(aud)) return !strcmp(json_string_value(aud), AUD);
    json_array_foreach(aud, i, one)
        if (json_is_string(one) && !strcmp(json_string_value(one), AUD)) return 1;
    return 0;
}

static void check_token(mcp_ctx *ctx, const mcp_token *t)
{
    static const mcp_json_caps caps = { 1024 * 1024, 16 };
    json_t *again;

    if (!json_is_true(json_object_get(t->claims, "active")) || !names_us(json_object_get(t->claims, "aud"))) abort();
    if (strcmp(mcp_json_string(t->claims, "iss"), ISS) || !*t->sub || t->exp + LEEWAY <= NOW) abort();
    if (!t->client_id || !t->scope || !t->jti) abort();
    if (mcp_json_object(ctx, t->claims_text, t->claims_len, &caps, &again) || !json_equal(again, t->claims)) abort();
}

static void check(mcp_ctx *ctx, unsigned exp_optional, const char *body, size_t len)
{
    const mcp_introspect_config config = { .issuer = ISS, .leeway = LEEWAY, .exp_optional = exp_optional ? 1u : 0u };
    mcp_token t;
    mcp_rc rc;

    mcp_ctx_clear(ctx);
    rc = mcp_introspect_read(ctx, &config, AUD, body, len, &t);
    if (rc && rc != MCP_BAD_TOKEN && rc != MCP_EXPIRED_TOKEN && rc != MCP_UNAVAILABLE) abort();
    if (rc && (ctx->rc != rc || !*ctx->detail)) abort();
    if (!rc) check_token(ctx, &t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mcp_ctx *ctx;
    apr_pool_t *p;

    apr_initialize();
    if (apr_pool_create(&p, NULL)) abort();
    ctx = mcp_ctx_create(p);
    ctx->now = apr_time_from_sec(NOW);
    check(ctx, 0, (const char *)data, size);
    check(ctx, 1, (const char *)data, size);
    apr_pool_destroy(p);
    return 0;
}
