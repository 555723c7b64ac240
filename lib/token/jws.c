#include <string.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include "mcp/jws.h"
#include "mcp/text.h"

static const mcp_json_caps part_caps = { MCP_JWS_MAX, 16 };

typedef struct {
    const char *at;
    size_t len;
} part;

static mcp_rc split(mcp_ctx *ctx, const char *text, size_t len, part parts[3])
{
    const char *end = text + len, *dot;
    int i;

    if (len > MCP_JWS_MAX) return mcp_fail(ctx, MCP_BAD_TOKEN, "a token of more than %d bytes", MCP_JWS_MAX);
    for (i = 0; i < 3; i++) {
        dot = memchr(text, '.', (size_t)(end - text));
        if (!dot == (i < 2)) return mcp_fail(ctx, MCP_BAD_TOKEN, "not three parts");
        parts[i].at = text;
        parts[i].len = (size_t)((dot ? dot : end) - text);
        text = dot ? dot + 1 : end;
    }
    return MCP_OK;
}

static mcp_rc read_part(mcp_ctx *ctx, const part *in, json_t **out, const char **text, size_t *len)
{
    unsigned char *bytes;

    if (mcp_text_base64url_decode(ctx, in->at, in->len, &bytes, len) || mcp_json_object(ctx, (const char *)bytes, *len, &part_caps, out)) {
        ctx->rc = MCP_BAD_TOKEN;
        return MCP_BAD_TOKEN;
    }
    *text = (const char *)bytes;
    return MCP_OK;
}

static const mcp_key *find_key(const mcp_keys *keys, const char *kid, mcp_alg alg)
{
    const mcp_key *found = NULL;
    int i;

    for (i = 0; i < keys->count; i++) {
        const mcp_key *key = &keys->key[i];
        if (kid && key->kid && !strcmp(kid, key->kid)) return key;
        if (kid || key->alg != alg) continue;
        if (found) return NULL;     /* without a kid there must be no choice */
        found = key;
    }
    return found;
}

static mcp_rc choose_key(mcp_ctx *ctx, const mcp_keys *keys, const json_t *header, const mcp_key **out)
{
    const json_t *kid = json_object_get(header, "kid");
    mcp_alg alg = mcp_alg_by_name(mcp_json_string(header, "alg"));

    if (alg == MCP_ALG_NONE) return mcp_fail(ctx, MCP_BAD_TOKEN, "no algorithm that is accepted here");
    if (json_object_get(header, "crit")) return mcp_fail(ctx, MCP_BAD_TOKEN, "crit extensions are not understood");
    if (kid && !json_is_string(kid)) return mcp_fail(ctx, MCP_BAD_TOKEN, "kid is no string");
    *out = find_key(keys, json_string_value(kid), alg);
    if (!*out) return mcp_fail(ctx, MCP_BAD_TOKEN, "no key of the issuer fits the token");
    if ((*out)->alg != alg) return mcp_fail(ctx, MCP_BAD_TOKEN, "the algorithm is not the key's");
    return MCP_OK;
}

static const EVP_MD *digest_of(mcp_alg alg)
{
    switch (alg) {
    case MCP_ALG_RS384: case MCP_ALG_ES384: return EVP_sha384();
    case MCP_ALG_RS512: return EVP_sha512();
    case MCP_ALG_EDDSA: return NULL;
    default: return EVP_sha256();
    }
}

/* RFC 7518 3.4: R and S side by side, of fixed length, to the DER that OpenSSL reads. */
static int ecdsa_der(const unsigned char *raw, size_t len, size_t size, unsigned char **der)
{
    ECDSA_SIG *sig;
    BIGNUM *r, *s;
    int n = -1;

    if (len != 2 * size) return -1;
    sig = ECDSA_SIG_new();
    r = BN_bin2bn(raw, (int)size, NULL);
    s = BN_bin2bn(raw + size, (int)size, NULL);
    if (sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
        n = i2d_ECDSA_SIG(sig, der);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(sig);
    return n;
}

static int evp_verify(const mcp_key *key, const char *text, size_t len, const unsigned char *sig, size_t sig_len)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    int ok = md && EVP_DigestVerifyInit(md, &pctx, digest_of(key->alg), NULL, key->pkey) == 1;

    if (ok && key->alg == MCP_ALG_PS256)
        ok = EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) == 1;
    ok = ok && EVP_DigestVerify(md, sig, sig_len, (const unsigned char *)text, len) == 1;
    EVP_MD_CTX_free(md);
    if (!ok) ERR_clear_error();     /* nothing of ours may puzzle the TLS layer of this thread */
    return ok;
}

static int signature_holds(const mcp_key *key, const char *text, size_t len, const unsigned char *sig, size_t sig_len)
{
    unsigned char *der = NULL;
    int der_len, ok;

    if (key->alg != MCP_ALG_ES256 && key->alg != MCP_ALG_ES384) return evp_verify(key, text, len, sig, sig_len);
    der_len = ecdsa_der(sig, sig_len, key->alg == MCP_ALG_ES256 ? 32 : 48, &der);
    ok = der_len > 0 && evp_verify(key, text, len, der, (size_t)der_len);
    OPENSSL_free(der);
    return ok;
}

mcp_rc mcp_jws_verify(mcp_ctx *ctx, const mcp_keys *keys, const char *text, size_t len, mcp_jws *out)
{
    part parts[3];
    unsigned char *sig;
    size_t sig_len;
    mcp_rc rc;

    if ((rc = split(ctx, text, len, parts))) return rc;
    if ((rc = read_part(ctx, &parts[0], &out->header, &out->payload_text, &out->payload_len))) return rc;
    if ((rc = choose_key(ctx, keys, out->header, &out->key))) return rc;
    if (mcp_text_base64url_decode(ctx, parts[2].at, parts[2].len, &sig, &sig_len)) return ctx->rc = MCP_BAD_TOKEN;
    if (!signature_holds(out->key, text, (size_t)(parts[2].at - 1 - text), sig, sig_len))
        return mcp_fail(ctx, MCP_BAD_TOKEN, "the signature does not hold");
    return read_part(ctx, &parts[1], &out->payload, &out->payload_text, &out->payload_len);
}
