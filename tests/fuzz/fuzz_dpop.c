/* An input is tried as a proof, as the header and as the claims of a well-signed one, as a nonce, as what a token demands and as a
 * certificate. Nothing is accepted but on its rules, each refusal says why, and what was accepted once is refused the second time. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/dpop.h"
#include "mcp/jws.h"
#include "mcp/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define URL "https://mcp.example/mcp"
#define TOKEN "some.access.token"

enum { NOW = 1700000000, SIGNATURE_LEN = 64 };

static const unsigned char nonce_key[MCP_DPOP_NONCE_KEY_LEN] = "a key that seals for the fuzzer";
static char stored[256];

static mcp_rc add(mcp_ctx *ctx, void *self, const char *key, const char *value, size_t len, apr_uint32_t life)
{
    (void)ctx;
    (void)self;
    (void)value;
    if (!len || life < MCP_DPOP_BACK + MCP_DPOP_AHEAD) abort();
    if (!strcmp(stored, key)) return MCP_EXISTS;
    apr_cpystrn(stored, key, sizeof stored);
    return MCP_OK;
}

static const mcp_store_driver driver = { .name = "memory", .add = add };
static mcp_store store = { &driver, NULL };

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

static void check_proof(mcp_ctx *ctx, const char *jkt, const unsigned char *nonce, const char *proof, size_t len)
{
    mcp_dpop_request request = { "POST", URL, TOKEN, jkt, 0, 0, nonce };
    mcp_rc rc;

    stored[0] = '\0';
    mcp_ctx_clear(ctx);
    rc = mcp_dpop_verify(ctx, &store, &request, proof, len);
    if (rc && rc != MCP_BAD_PROOF && rc != MCP_BAD_TOKEN && rc != MCP_USE_NONCE) abort();
    if (rc && (!explains(ctx, rc) || *stored)) abort();
    if (rc) return;
    if (len > MCP_DPOP_MAX || !*stored || !memchr(proof, '.', len)) abort();
    if (mcp_dpop_verify(ctx, &store, &request, proof, len) != MCP_BAD_PROOF) abort();
    request.method = "GET";
    stored[0] = '\0';
    if (mcp_dpop_verify(ctx, &store, &request, proof, len) != MCP_BAD_PROOF) abort();
}

static void check_binding(mcp_ctx *ctx, const char *text, size_t len)
{
    static const mcp_json_caps caps = { MCP_JWS_MAX, 16 };
    mcp_binding binding;
    json_t *claims;
    mcp_rc rc;

    mcp_ctx_clear(ctx);
    if (mcp_json_object(ctx, text, len, &caps, &claims)) return;
    rc = mcp_binding_read(ctx, claims, &binding);
    if (rc && (rc != MCP_BAD_TOKEN || !explains(ctx, rc))) abort();
    if (rc) return;
    if (!json_object_get(claims, "cnf") != (!binding.jkt && !binding.x5t)) abort();
    if ((binding.jkt && strlen(binding.jkt) != 43) || (binding.x5t && strlen(binding.x5t) != 43)) abort();
}

static void check_certificate(mcp_ctx *ctx, const char *bytes, size_t len)
{
    static const mcp_binding binding = { NULL, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" };
    mcp_rc rc;

    mcp_ctx_clear(ctx);
    rc = mcp_binding_check_certificate(ctx, &binding, bytes, len);
    if (rc != MCP_BAD_TOKEN || !explains(ctx, rc)) abort();
}

static void check_nonce(mcp_ctx *ctx, const char *text)
{
    const char *good;
    mcp_rc rc;

    if (mcp_dpop_nonce(ctx, nonce_key, &good)) abort();
    mcp_ctx_clear(ctx);
    rc = mcp_dpop_check_nonce(ctx, nonce_key, text);
    if (rc ? rc != MCP_USE_NONCE || !explains(ctx, rc) : strlen(text) != strlen(good)) abort();
}

static void check(mcp_ctx *ctx, const char *data, size_t size)
{
    static const char claims[] = "{\"jti\":\"a\",\"htm\":\"POST\",\"htu\":\"" URL "\",\"iat\":1700000000,\"ath\":\"pCbsvzgyaY79ZgKVkXQ7AbC2UiR739SiwGOfkpnKMUA\"}";
    const mcp_key key = { NULL, MCP_ALG_EDDSA, signer(), NULL };
    const char *jkt = mcp_keys_thumbprint(ctx->pool, &key), *header, *text;
    json_t *set;

    if (!jkt || mcp_keys_to_jwks(ctx, mcp_keys_of(ctx->pool, &key), &set)) abort();
    header = apr_pstrcat(ctx->pool, "{\"typ\":\"dpop+jwt\",\"alg\":\"EdDSA\",\"jwk\":", mcp_json_text(ctx->pool, json_array_get(json_object_get(set, "keys"), 0)), "}", NULL);
    check_proof(ctx, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", NULL, data, size);
    text = sign(ctx->pool, header, strlen(header), data, size);
    check_proof(ctx, jkt, NULL, text, strlen(text));
    check_proof(ctx, jkt, nonce_key, text, strlen(text));
    text = sign(ctx->pool, data, size, claims, strlen(claims));
    check_proof(ctx, jkt, NULL, text, strlen(text));
    check_binding(ctx, data, size);
    check_certificate(ctx, data, size);
    check_nonce(ctx, apr_pstrmemdup(ctx->pool, data, size));
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
