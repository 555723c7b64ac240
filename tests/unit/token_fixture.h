/* Keys and signatures of the tests' own making: nothing here calls the code under test to sign. */
#ifndef TOKEN_FIXTURE_H
#define TOKEN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>
#include "mcp/keys.h"
#include "mcp/text.h"

#define ROWS(rows) (sizeof (rows) / sizeof *(rows))
#define RFC7515_N "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2l" \
    "ZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQ" \
    "Y4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define RFC7515_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define RFC7515_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define RFC8037_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"

static mcp_ctx *ctx;

static inline int begin(void **state)
{
    apr_pool_t *p;

    (void)state;
    if (apr_pool_create(&p, NULL)) return -1;
    ctx = mcp_ctx_create(p);
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    apr_pool_destroy(ctx->pool);
    return 0;
}

/* NULL: it must have held. Otherwise it must have failed by the rule that speaks so. */
static inline void judge(const char *name, mcp_rc rc, mcp_rc wanted, const char *detail)
{
    if (rc != wanted) fail_msg("%s: %s (%s)", name, mcp_error_of(rc)->name, ctx->detail);
    if (ctx->rc != rc) fail_msg("%s: the context says %s", name, mcp_error_of(ctx->rc)->name);
    if (detail && !strstr(ctx->detail, detail)) fail_msg("%s: refused because \"%s\"", name, ctx->detail);
}

static inline const char *encode(const char *text)
{
    return mcp_text_base64url(ctx->pool, text, strlen(text));
}

static inline const EVP_MD *digest_for(mcp_alg alg)
{
    if (alg == MCP_ALG_EDDSA) return NULL;
    if (alg == MCP_ALG_RS512) return EVP_sha512();
    return alg == MCP_ALG_RS384 || alg == MCP_ALG_ES384 ? EVP_sha384() : EVP_sha256();
}

static inline size_t raw_ecdsa(const unsigned char *der, size_t len, size_t size, unsigned char *raw)
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);

    assert_non_null(sig);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, (int)size), size);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + size, (int)size), size);
    ECDSA_SIG_free(sig);
    return 2 * size;
}

/* The signature of text in the form of RFC 7518 and 8037. */
static inline size_t sign_raw(mcp_alg alg, EVP_PKEY *pkey, int salt, const char *text, unsigned char out[512])
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx;
    unsigned char sig[512];
    size_t len = sizeof sig;

    assert_int_equal(EVP_DigestSignInit(md, &pctx, digest_for(alg), NULL, pkey), 1);
    if (alg == MCP_ALG_PS256) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, salt), 1);
    }
    assert_int_equal(EVP_DigestSign(md, sig, &len, (const unsigned char *)text, strlen(text)), 1);
    EVP_MD_CTX_free(md);
    if (alg == MCP_ALG_ES256 || alg == MCP_ALG_ES384) return raw_ecdsa(sig, len, alg == MCP_ALG_ES256 ? 32 : 48, out);
    memcpy(out, sig, len);
    return len;
}

static inline const char *join(const char *header, const char *payload)
{
    return apr_pstrcat(ctx->pool, encode(header), ".", encode(payload), NULL);
}

static inline const char *with_signature(const char *input, const unsigned char *sig, size_t len)
{
    return apr_pstrcat(ctx->pool, input, ".", mcp_text_base64url(ctx->pool, sig, len), NULL);
}

static inline const char *sign(mcp_alg alg, EVP_PKEY *pkey, const char *header, const char *payload)
{
    const char *input = join(header, payload);
    unsigned char sig[512];
    size_t len = sign_raw(alg, pkey, RSA_PSS_SALTLEN_DIGEST, input, sig);

    return with_signature(input, sig, len);
}

#endif
