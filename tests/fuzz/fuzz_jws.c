/* An input is tried as a token, as the header and as the claims of a well-signed token, and as a key set.
 * No token is accepted but on its rules; each refusal says why; a set that was read can be written and read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/text.h"
#include "mcp/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ISS "https://as.example"
#define AUD "https://mcp.example/mcp"

enum { NOW = 1700000000, LEEWAY = 30, SIGNATURE_LEN = 64 };

/* The public keys of RFC 7515 A.2, A.3 and RFC 8037 A.2: the seeds hold tokens that verify by them. */
static const char published[] = "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw"
    "-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KX"
    "BdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb5"
    "4h4FRWyuXpoQ\"},{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW"
    "6pCyStikYjKIWI5a0\"},{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}";

static EVP_PKEY *signer(void)
{
    static const unsigned char seed[32] = "a key that signs for the fuzzer";
    static EVP_PKEY *pkey;

    if (!pkey && !(pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed))) abort();
    return pkey;
}

static const char *sign(apr_pool_t *p, const void *header, size_t header_len, const void *claims, size_t claims_len)
{
    const char *input = apr_pstrcat(p, mcp_text_base64url(p, header, header_len), ".", mcp_text_base64url(p, claims, claims_len), NULL);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned char sig[SIGNATURE_LEN];
    size_t len = sizeof sig;

    if (EVP_DigestSignInit(md, NULL, NULL, NULL, signer()) != 1) abort();
    if (EVP_DigestSign(md, sig, &len, (const unsigned char *)input, strlen(input)) != 1) abort();
    EVP_MD_CTX_free(md);
    return apr_pstrcat(p, input, ".", mcp_text_base64url(p, sig, len), NULL);
}

static int explains(const mcp_ctx *ctx, mcp_rc rc)
{
    return ctx->rc == rc && *ctx->detail;
}

static void check_token(mcp_ctx *ctx, const mcp_keys *keys, const char *text, size_t len)
{
    const mcp_token_profile profile = { ISS, AUD, keys, LEEWAY };
    mcp_token token;
    mcp_rc rc;

    mcp_ctx_clear(ctx);
    rc = mcp_token_verify(ctx, &profile, text, len, &token);
    if (rc && !explains(ctx, rc)) abort();
    if (rc && rc != MCP_BAD_TOKEN && rc != MCP_EXPIRED_TOKEN) abort();
    if (rc) return;
    if (strcmp(mcp_json_string(token.claims, "iss"), ISS) || !*token.sub) abort();
    if (token.exp <= NOW - LEEWAY || token.exp > 1LL << 53) abort();
    if (!token.scope || !token.client_id || !token.jti) abort();
    if (strcmp(mcp_token_peek_issuer(ctx, text, len), ISS)) abort();
}

static void check_jws(mcp_ctx *ctx, const mcp_keys *keys, const char *text, size_t len)
{
    mcp_jws jws;
    mcp_rc rc;

    mcp_ctx_clear(ctx);
    rc = mcp_jws_verify(ctx, keys, text, len, &jws);
    if (rc && (rc != MCP_BAD_TOKEN || !explains(ctx, rc))) abort();
    if (rc) return;
    if (mcp_alg_by_name(mcp_json_string(jws.header, "alg")) != jws.key->alg) abort();
    if (json_object_get(jws.header, "crit") || !json_is_object(jws.payload)) abort();
}

static void check_set(mcp_ctx *ctx, const char *text, size_t len)
{
    const mcp_keys *keys, *again;
    json_t *doc;
    mcp_rc rc;
    int i;

    mcp_ctx_clear(ctx);
    rc = mcp_keys_from_jwks(ctx, ctx->pool, text, len, NULL, &keys);
    if (rc && !explains(ctx, rc)) abort();
    if (rc) return;
    if (keys->count < 1 || mcp_keys_to_jwks(ctx, keys, &doc)) abort();
    text = mcp_json_text(ctx->pool, doc);
    if (mcp_keys_from_jwks(ctx, ctx->pool, text, strlen(text), NULL, &again) || again->count != keys->count) abort();
    for (i = 0; i < keys->count; i++)
        if (EVP_PKEY_eq(keys->key[i].pkey, again->key[i].pkey) != 1 || keys->key[i].alg != again->key[i].alg) abort();
}

static void check(mcp_ctx *ctx, const char *data, size_t size)
{
    static const char header[] = "{\"alg\":\"EdDSA\"}", claims[] = "{\"iss\":\"" ISS "\",\"aud\":\"" AUD "\",\"sub\":\"a\",\"exp\":1700000060}";
    const mcp_key key = { "own", MCP_ALG_EDDSA, signer(), NULL };
    const mcp_keys *keys, own = { 1, &key, 0 };
    const char *text;

    if (mcp_keys_from_jwks(ctx, ctx->pool, published, strlen(published), NULL, &keys)) abort();
    check_jws(ctx, keys, data, size);
    check_token(ctx, keys, data, size);
    text = sign(ctx->pool, header, strlen(header), data, size);
    check_token(ctx, &own, text, strlen(text));
    text = sign(ctx->pool, data, size, claims, strlen(claims));
    check_jws(ctx, &own, text, strlen(text));
    check_token(ctx, &own, text, strlen(text));
    mcp_token_peek_issuer(ctx, data, size);
    check_set(ctx, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mcp_ctx *ctx;
    apr_pool_t *p;

    apr_initialize();
    if (apr_pool_create(&p, NULL)) abort();
    ctx = mcp_ctx_create(p);
    ctx->now = apr_time_from_sec(NOW);
    check(ctx, (const char *)data, size);
    apr_pool_destroy(p);
    return 0;
}
