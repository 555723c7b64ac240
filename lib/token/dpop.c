#include <ctype.h>
#include <string.h>
#include <apr_strings.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include "mcp/dpop.h"
#include "mcp/jws.h"
#include "mcp/text.h"
#include "mcp/url.h"

enum { RSA_MAX_BITS = 4096, EXPONENT_MAX_BITS = 32, NONCE_TURN = 60, STAMP_LEN = 8, SEAL_LEN = 16, CERTIFICATE_MAX = 32 * 1024 };

static const apr_int64_t time_max = 1LL << 53;

/* ---- what a token demands ---- */

static int is_thumbprint(mcp_ctx *ctx, const char *text)
{
    unsigned char *bytes;
    size_t len;
    int is = text && !mcp_text_base64url_decode(ctx, text, strlen(text), &bytes, &len) && len == MCP_SHA256_LEN;

    if (!is) mcp_ctx_clear(ctx);
    return is;
}

static mcp_rc read_member(mcp_ctx *ctx, const char *name, const json_t *value, mcp_binding *out)
{
    const char *text = json_string_value(value), **place = NULL;

    if (!strcmp(name, "jkt")) place = &out->jkt;
    if (!strcmp(name, "x5t#S256")) place = &out->x5t;
    if (!place) return mcp_fail(ctx, MCP_BAD_TOKEN, "cnf demands %s, which is not understood", name);
    if (!is_thumbprint(ctx, text)) return mcp_fail(ctx, MCP_BAD_TOKEN, "%s in cnf is no SHA-256", name);
    *place = text;
    return MCP_OK;
}

mcp_rc mcp_binding_read(mcp_ctx *ctx, const json_t *claims, mcp_binding *out)
{
    json_t *cnf = json_object_get(claims, "cnf"), *value;
    const char *name;
    mcp_rc rc;

    out->jkt = out->x5t = NULL;
    if (!cnf) return MCP_OK;
    if (!json_object_size(cnf)) return mcp_fail(ctx, MCP_BAD_TOKEN, "cnf names no key");
    json_object_foreach(cnf, name, value)
        if ((rc = read_member(ctx, name, value, out))) return rc;
    return MCP_OK;
}

/* ---- client certificates ---- */

/* The bytes inside the one PEM block; NULL if there is not exactly one. OpenSSL's, to be freed. */
static unsigned char *from_pem(const char *text, size_t len, long *out_len)
{
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    char *name = NULL, *header = NULL, rest;
    unsigned char *der = NULL;
    int ok = bio && PEM_read_bio(bio, &name, &header, &der, out_len) == 1 && !strcmp(name, PEM_STRING_X509) && !*header;

    while (ok && BIO_read(bio, &rest, 1) == 1) ok = isspace((unsigned char)rest) != 0;
    OPENSSL_free(name);
    OPENSSL_free(header);
    BIO_free(bio);
    if (ok) return der;
    OPENSSL_free(der);
    return NULL;
}

static int is_certificate(const unsigned char *der, long len)
{
    const unsigned char *at = der;
    X509 *x = d2i_X509(NULL, &at, len);
    int is = x && at == der + len;

    X509_free(x);
    return is;
}

static mcp_rc thumbprint(mcp_ctx *ctx, const unsigned char *der, long len, const char **out)
{
    unsigned char digest[MCP_SHA256_LEN];
    mcp_rc rc;

    if (!is_certificate(der, len)) return mcp_fail(ctx, MCP_BAD_TOKEN, "the client certificate cannot be read");
    if ((rc = mcp_text_sha256(ctx, der, (size_t)len, digest))) return rc;
    *out = mcp_text_base64url(ctx->pool, digest, sizeof digest);
    return MCP_OK;
}

static mcp_rc thumbprint_of(mcp_ctx *ctx, const char *certificate, size_t len, const char **out)
{
    unsigned char *der;
    long der_len;
    mcp_rc rc;

    if (!len) return mcp_fail(ctx, MCP_BAD_TOKEN, "the token demands a client certificate");
    if (len > CERTIFICATE_MAX) return mcp_fail(ctx, MCP_BAD_TOKEN, "the client certificate is larger than %d bytes", CERTIFICATE_MAX);
    if (*certificate == 0x30) return thumbprint(ctx, (const unsigned char *)certificate, (long)len, out);      /* a DER sequence */
    if (!(der = from_pem(certificate, len, &der_len))) return mcp_fail(ctx, MCP_BAD_TOKEN, "the client certificate is no single PEM block");
    rc = thumbprint(ctx, der, der_len, out);
    OPENSSL_free(der);
    return rc;
}

mcp_rc mcp_binding_check_certificate(mcp_ctx *ctx, const mcp_binding *binding, const char *certificate, size_t len)
{
    const char *shown = "";
    mcp_rc rc;

    if (!binding->x5t) return MCP_OK;
    rc = thumbprint_of(ctx, certificate, len, &shown);
    ERR_clear_error();
    if (rc) return rc;
    if (mcp_text_equal_secret(shown, strlen(shown), binding->x5t, strlen(binding->x5t))) return MCP_OK;
    return mcp_fail(ctx, MCP_BAD_TOKEN, "the token belongs to another client certificate");
}

/* ---- nonces ---- */

static int seal(const unsigned char *key, const unsigned char stamp[STAMP_LEN], unsigned char *out)
{
    static const char purpose[] = "DPoP-Nonce";
    unsigned char text[sizeof purpose + STAMP_LEN], mac[EVP_MAX_MD_SIZE];

    memcpy(text, purpose, sizeof purpose);
    memcpy(text + sizeof purpose, stamp, STAMP_LEN);
    if (!HMAC(EVP_sha256(), key, MCP_DPOP_NONCE_KEY_LEN, text, sizeof text, mac, NULL)) return 0;
    memcpy(out, mac, SEAL_LEN);
    return 1;
}

mcp_rc mcp_dpop_nonce(mcp_ctx *ctx, const unsigned char key[MCP_DPOP_NONCE_KEY_LEN], const char **out)
{
    apr_uint64_t turn = (apr_uint64_t)(mcp_now(ctx) / NONCE_TURN);
    unsigned char bytes[STAMP_LEN + SEAL_LEN];
    int i;

    for (i = STAMP_LEN - 1; i >= 0; i--, turn >>= 8) bytes[i] = (unsigned char)(turn & 0xff);
    if (!seal(key, bytes, bytes + STAMP_LEN)) return mcp_fail(ctx, MCP_INTERNAL, "OpenSSL has no HMAC");
    *out = mcp_text_base64url(ctx->pool, bytes, sizeof bytes);
    return MCP_OK;
}

static int is_sealed(mcp_ctx *ctx, const unsigned char *key, const char *nonce, apr_uint64_t *turn)
{
    unsigned char *bytes, own[SEAL_LEN];
    size_t len, i;

    if (strlen(nonce) > MCP_DPOP_JTI_MAX || mcp_text_base64url_decode(ctx, nonce, strlen(nonce), &bytes, &len)) return 0;
    if (len != STAMP_LEN + SEAL_LEN || !seal(key, bytes, own)) return 0;
    for (*turn = 0, i = 0; i < STAMP_LEN; i++) *turn = *turn << 8 | bytes[i];
    return mcp_text_equal_secret((const char *)own, SEAL_LEN, (const char *)bytes + STAMP_LEN, SEAL_LEN);
}

/* The next minute is accepted too: hosts' clocks differ. */
mcp_rc mcp_dpop_check_nonce(mcp_ctx *ctx, const unsigned char key[MCP_DPOP_NONCE_KEY_LEN], const char *nonce)
{
    apr_uint64_t now = (apr_uint64_t)(mcp_now(ctx) / NONCE_TURN), turn;

    if (!nonce) return mcp_fail(ctx, MCP_USE_NONCE, "the DPoP proof has no nonce");
    if (!is_sealed(ctx, key, nonce, &turn)) {
        mcp_ctx_clear(ctx);
        return mcp_fail(ctx, MCP_USE_NONCE, "the nonce of the DPoP proof was not made here");
    }
    if (turn <= now + 1 && now - (turn < now ? turn : now) <= MCP_DPOP_NONCE_LIFE / NONCE_TURN) return MCP_OK;
    return mcp_fail(ctx, MCP_USE_NONCE, "the nonce of the DPoP proof is too old");
}

/* ---- the proof's key ---- */

/* The detail of what a lower room refused stays; it is the proof that is bad. */
static mcp_rc bad_proof(mcp_ctx *ctx)
{
    return ctx->rc = MCP_BAD_PROOF;
}

static mcp_rc read_header(mcp_ctx *ctx, const char *proof, size_t len, json_t **out)
{
    static const mcp_json_caps caps = { MCP_DPOP_MAX, 16 };
    const char *dot = len <= MCP_DPOP_MAX ? memchr(proof, '.', len) : NULL;
    unsigned char *bytes;
    size_t n;

    if (!dot) return mcp_fail(ctx, MCP_BAD_PROOF, "the DPoP proof is no JWS of at most %d bytes", MCP_DPOP_MAX);
    if (mcp_text_base64url_decode(ctx, proof, (size_t)(dot - proof), &bytes, &n) || mcp_json_object(ctx, (const char *)bytes, n, &caps, out))
        return bad_proof(ctx);
    return MCP_OK;
}

static mcp_rc check_header(mcp_ctx *ctx, const json_t *header)
{
    static const char *const private_members[] = { "d", "p", "q", "dp", "dq", "qi", "oth", "k" };
    const char *typ = mcp_json_string(header, "typ");
    const json_t *jwk = json_object_get(header, "jwk");
    size_t i;

    if (!typ || strcmp(typ, "dpop+jwt")) return mcp_fail(ctx, MCP_BAD_PROOF, "typ is not dpop+jwt");
    if (mcp_alg_by_name(mcp_json_string(header, "alg")) == MCP_ALG_NONE)
        return mcp_fail(ctx, MCP_BAD_PROOF, "the DPoP proof has no algorithm that is accepted here");
    if (!json_is_object(jwk)) return mcp_fail(ctx, MCP_BAD_PROOF, "the DPoP proof has no jwk");
    for (i = 0; i < sizeof private_members / sizeof *private_members; i++)
        if (json_object_get(jwk, private_members[i])) return mcp_fail(ctx, MCP_BAD_PROOF, "the jwk of the DPoP proof is a private or symmetric key");
    return MCP_OK;
}

/* With the algorithm and the kid of the header, where the key has none of its own: it is the only one to choose. */
static json_t *complete(mcp_ctx *ctx, const json_t *header)
{
    json_t *jwk = mcp_json_own(ctx->pool, json_deep_copy(json_object_get(header, "jwk")));
    const char *kid = mcp_json_string(header, "kid");
    int bad = !jwk;

    if (!bad) json_object_del(jwk, "kid");
    if (!bad && !json_object_get(jwk, "alg")) bad = json_object_set_new(jwk, "alg", json_string(mcp_json_string(header, "alg")));
    if (!bad && kid) bad = json_object_set_new(jwk, "kid", json_string(kid));
    return bad ? NULL : mcp_json_own(ctx->pool, json_pack("{s:[O]}", "keys", jwk));
}

/* A stranger chooses this key: a check by it must not cost more than by one of ours. */
static int is_cheap(const mcp_key *key)
{
    BIGNUM *e = NULL;
    int cheap;

    if (!EVP_PKEY_is_a(key->pkey, "RSA")) return 1;
    cheap = EVP_PKEY_get_bits(key->pkey) <= RSA_MAX_BITS && EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1
        && BN_num_bits(e) <= EXPONENT_MAX_BITS;
    BN_free(e);
    return cheap;
}

static mcp_rc read_key(mcp_ctx *ctx, const json_t *header, const mcp_keys **out)
{
    json_t *set = complete(ctx, header);
    const char *text = set ? mcp_json_text(ctx->pool, set) : NULL;

    if (!text) return mcp_fail(ctx, MCP_BAD_PROOF, "the jwk of the DPoP proof cannot be read");
    if (mcp_keys_from_jwks(ctx, ctx->pool, text, strlen(text), NULL, out)) return bad_proof(ctx);
    return is_cheap((*out)->key) ? MCP_OK : mcp_fail(ctx, MCP_BAD_PROOF, "the jwk of the DPoP proof is larger than %d bits", RSA_MAX_BITS);
}

static mcp_rc check_binding(mcp_ctx *ctx, const mcp_key *key, const char *jkt)
{
    const char *own = mcp_keys_thumbprint(ctx->pool, key);

    if (own && jkt && mcp_text_equal_secret(own, strlen(own), jkt, strlen(jkt))) return MCP_OK;
    return mcp_fail(ctx, MCP_BAD_TOKEN, "the token belongs to another key than the DPoP proof's");
}

/* ---- the proof's claims ---- */

static int hex(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Escapes of what needs none are undone, the others written in capitals (RFC 3986 6.2.2). */
static const char *normal_path(apr_pool_t *p, const char *path)
{
    char *text = apr_pstrdup(p, *path ? path : "/"), *in = text, *out = text;
    int c;

    for (; *in; in++, out++) {
        *out = *in;
        if (*in != '%') continue;
        c = hex(in[1]) << 4 | hex(in[2]);
        if (c < 0x80 && (isalnum(c) || strchr("-._~", c))) *out = (char)c;
        else {
            *++out = (char)toupper((unsigned char)in[1]);
            *++out = (char)toupper((unsigned char)in[2]);
        }
        in += 2;
    }
    *out = '\0';
    return text;
}

/* Scheme, host, port and path, as all spellings of one target have them in common; NULL if it is none. */
static const char *target_of(mcp_ctx *ctx, const char *text)
{
    mcp_url url;

    if (!text || mcp_url_parse(ctx, text, &url)) {
        mcp_ctx_clear(ctx);
        return NULL;
    }
    if ((strcmp(url.scheme, "https") && strcmp(url.scheme, "http")) || url.userinfo || mcp_url_has_dot_segment(&url)) return NULL;
    return apr_pstrcat(ctx->pool, mcp_url_origin(ctx->pool, &url), normal_path(ctx->pool, url.path), NULL);
}

static mcp_rc check_target(mcp_ctx *ctx, const mcp_dpop_request *request, const json_t *claims)
{
    const char *htm = mcp_json_string(claims, "htm"), *htu = target_of(ctx, mcp_json_string(claims, "htu")), *here = target_of(ctx, request->url);

    if (!htm || strcmp(htm, request->method)) return mcp_fail(ctx, MCP_BAD_PROOF, "htm is not %s", request->method);
    if (!htu || !here || strcmp(htu, here)) return mcp_fail(ctx, MCP_BAD_PROOF, "htu is not %s", request->url);
    return MCP_OK;
}

static int back_of(const mcp_dpop_request *request)
{
    return request->back > 0 ? request->back : MCP_DPOP_BACK;
}

static int ahead_of(const mcp_dpop_request *request)
{
    return request->ahead > 0 ? request->ahead : MCP_DPOP_AHEAD;
}

static mcp_rc check_time(mcp_ctx *ctx, const mcp_dpop_request *request, const json_t *claims)
{
    const json_t *value = json_object_get(claims, "iat");
    apr_int64_t iat = json_integer_value(value), now = mcp_now(ctx);

    if (!json_is_integer(value) || iat < 0 || iat > time_max) return mcp_fail(ctx, MCP_BAD_PROOF, "iat is no time in whole seconds");
    if (iat < now - back_of(request)) return mcp_fail(ctx, MCP_BAD_PROOF, "the DPoP proof is %" APR_INT64_T_FMT " seconds old", now - iat);
    if (iat > now + ahead_of(request)) return mcp_fail(ctx, MCP_BAD_PROOF, "iat lies %" APR_INT64_T_FMT " seconds ahead", iat - now);
    return MCP_OK;
}

static mcp_rc check_token(mcp_ctx *ctx, const mcp_dpop_request *request, const json_t *claims)
{
    const char *ath = mcp_json_string(claims, "ath"), *own;
    unsigned char digest[MCP_SHA256_LEN];
    mcp_rc rc;

    if (!request->access_token) return MCP_OK;      /* there is none yet */
    if ((rc = mcp_text_sha256(ctx, request->access_token, strlen(request->access_token), digest))) return rc;
    own = mcp_text_base64url(ctx->pool, digest, sizeof digest);
    if (ath && mcp_text_equal_secret(ath, strlen(ath), own, strlen(own))) return MCP_OK;
    return mcp_fail(ctx, MCP_BAD_PROOF, "ath is not the hash of the access token");
}

static mcp_rc check_jti(mcp_ctx *ctx, const json_t *claims, const char **out)
{
    *out = mcp_json_string(claims, "jti");
    if (*out && **out && strlen(*out) <= MCP_DPOP_JTI_MAX) return MCP_OK;
    return mcp_fail(ctx, MCP_BAD_PROOF, "jti is no text of 1 to %d bytes", MCP_DPOP_JTI_MAX);
}

/* Two clients may choose the same jti, so each key has its own. The record outlives the last second in which iat would do. */
static mcp_rc use_once(mcp_ctx *ctx, mcp_store *store, const mcp_dpop_request *request, const char *jti)
{
    const char *id = apr_pstrcat(ctx->pool, request->jkt, " ", jti, NULL);
    mcp_rc rc = mcp_store_add(ctx, store, "dpop", id, "1", 1, (apr_uint32_t)(back_of(request) + ahead_of(request) + 1));

    if (rc != MCP_EXISTS) return rc;
    mcp_ctx_clear(ctx);
    return mcp_fail(ctx, MCP_BAD_PROOF, "the DPoP proof was shown before");
}

static mcp_rc check_claims(mcp_ctx *ctx, mcp_store *store, const mcp_dpop_request *request, const json_t *claims)
{
    const char *jti;
    mcp_rc rc;

    if ((rc = check_jti(ctx, claims, &jti))) return rc;
    if ((rc = check_target(ctx, request, claims))) return rc;
    if ((rc = check_time(ctx, request, claims))) return rc;
    if ((rc = check_token(ctx, request, claims))) return rc;
    if (request->nonce_key && (rc = mcp_dpop_check_nonce(ctx, request->nonce_key, mcp_json_string(claims, "nonce")))) return rc;
    return use_once(ctx, store, request, jti);
}

static mcp_rc read_proof(mcp_ctx *ctx, const char *proof, size_t len, const mcp_keys **keys)
{
    json_t *header;
    mcp_rc rc;

    if ((rc = read_header(ctx, proof, len, &header))) return rc;
    if ((rc = check_header(ctx, header))) return rc;
    return read_key(ctx, header, keys);
}

mcp_rc mcp_dpop_verify(mcp_ctx *ctx, mcp_store *store, const mcp_dpop_request *request, const char *proof, size_t len)
{
    const mcp_keys *keys;
    mcp_jws jws;
    mcp_rc rc;

    if ((rc = read_proof(ctx, proof, len, &keys))) return rc;
    if ((rc = check_binding(ctx, keys->key, request->jkt))) return rc;
    if (mcp_jws_verify(ctx, keys, proof, len, &jws)) return bad_proof(ctx);
    return check_claims(ctx, store, request, jws.payload);
}

mcp_rc mcp_dpop_learn(mcp_ctx *ctx, mcp_store *store, const mcp_dpop_request *request, const char *proof, size_t len, const char **jkt)
{
    mcp_dpop_request asked = *request;
    const mcp_keys *keys;
    mcp_jws jws;
    mcp_rc rc;

    if ((rc = read_proof(ctx, proof, len, &keys))) return rc;
    if (!(asked.jkt = mcp_keys_thumbprint(ctx->pool, keys->key))) return mcp_fail(ctx, MCP_INTERNAL, "the key of the DPoP proof has no thumbprint");
    if (mcp_jws_verify(ctx, keys, proof, len, &jws)) return bad_proof(ctx);
    *jkt = asked.jkt;
    asked.access_token = NULL;
    return check_claims(ctx, store, &asked, jws.payload);
}
