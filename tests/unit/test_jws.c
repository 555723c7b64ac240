/* Threat: a token that nobody with the issuer's private key made is taken for one that was. */
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include "mcp/jws.h"
#include "token_fixture.h"

enum { RSA_KEY, P256_KEY, P384_KEY, ED_KEY, OTHER_P256_KEY, OTHER_RSA_KEY, KEY_COUNT };

static EVP_PKEY *pkeys[KEY_COUNT];
static mcp_key ring_keys[7];
static const mcp_keys ring = { 7, ring_keys, 0 };

static const char payload[] = "{\"iss\":\"joe\"}";

static int make_keys(void **state)
{
    size_t i;

    (void)state;
    pkeys[RSA_KEY] = EVP_RSA_gen(2048);
    pkeys[P256_KEY] = EVP_EC_gen("P-256");
    pkeys[P384_KEY] = EVP_EC_gen("P-384");
    pkeys[ED_KEY] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    pkeys[OTHER_P256_KEY] = EVP_EC_gen("P-256");
    pkeys[OTHER_RSA_KEY] = EVP_RSA_gen(2048);
    for (i = 0; i < KEY_COUNT; i++)
        if (!pkeys[i]) return -1;
    ring_keys[0] = (mcp_key){ "rs256", MCP_ALG_RS256, pkeys[RSA_KEY], NULL };
    ring_keys[1] = (mcp_key){ "rs384", MCP_ALG_RS384, pkeys[RSA_KEY], NULL };
    ring_keys[2] = (mcp_key){ "rs512", MCP_ALG_RS512, pkeys[RSA_KEY], NULL };
    ring_keys[3] = (mcp_key){ "ps256", MCP_ALG_PS256, pkeys[RSA_KEY], NULL };
    ring_keys[4] = (mcp_key){ "es256", MCP_ALG_ES256, pkeys[P256_KEY], NULL };
    ring_keys[5] = (mcp_key){ "es384", MCP_ALG_ES384, pkeys[P384_KEY], NULL };
    ring_keys[6] = (mcp_key){ "eddsa", MCP_ALG_EDDSA, pkeys[ED_KEY], NULL };
    return 0;
}

static int free_keys(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < KEY_COUNT; i++) EVP_PKEY_free(pkeys[i]);
    return 0;
}

static mcp_rc verify(const char *text, mcp_jws *out)
{
    mcp_ctx_clear(ctx);
    return mcp_jws_verify(ctx, &ring, text, strlen(text), out);
}

static void refuse(const char *name, const char *text, const char *detail)
{
    mcp_jws jws;

    judge(name, verify(text, &jws), MCP_BAD_TOKEN, detail);
}

static const char no_alg[] = "no algorithm that is accepted here", no_key[] = "no key of the issuer",
                  not_its_alg[] = "the algorithm is not the key's", no_signature[] = "the signature does not hold";

static const struct {
    const char *name, *header;
    mcp_alg alg;            /* how it is really signed, */
    int key;                /* and by whom */
    const char *detail;     /* NULL: it holds */
} header_rows[] = {
    { "RS256", "{\"alg\":\"RS256\",\"kid\":\"rs256\"}", MCP_ALG_RS256, RSA_KEY, NULL },
    { "RS384", "{\"alg\":\"RS384\",\"kid\":\"rs384\"}", MCP_ALG_RS384, RSA_KEY, NULL },
    { "RS512", "{\"alg\":\"RS512\",\"kid\":\"rs512\"}", MCP_ALG_RS512, RSA_KEY, NULL },
    { "PS256", "{\"alg\":\"PS256\",\"kid\":\"ps256\"}", MCP_ALG_PS256, RSA_KEY, NULL },
    { "ES256", "{\"alg\":\"ES256\",\"kid\":\"es256\"}", MCP_ALG_ES256, P256_KEY, NULL },
    { "ES384", "{\"alg\":\"ES384\",\"kid\":\"es384\"}", MCP_ALG_ES384, P384_KEY, NULL },
    { "EdDSA", "{\"alg\":\"EdDSA\",\"kid\":\"eddsa\"}", MCP_ALG_EDDSA, ED_KEY, NULL },
    { "without kid, the only key", "{\"alg\":\"ES256\"}", MCP_ALG_ES256, P256_KEY, NULL },
    { "members nobody asked for", "{\"alg\":\"ES256\",\"jku\":\"https://evil\",\"jwk\":{}}", MCP_ALG_ES256, P256_KEY, NULL },
    { "alg none", "{\"alg\":\"none\",\"kid\":\"es256\"}", MCP_ALG_ES256, P256_KEY, no_alg },
    { "alg None", "{\"alg\":\"None\",\"kid\":\"es256\"}", MCP_ALG_ES256, P256_KEY, no_alg },
    { "alg empty", "{\"alg\":\"\",\"kid\":\"es256\"}", MCP_ALG_ES256, P256_KEY, no_alg },
    { "alg missing", "{\"kid\":\"es256\"}", MCP_ALG_ES256, P256_KEY, no_alg },
    { "alg no string", "{\"alg\":256,\"kid\":\"es256\"}", MCP_ALG_ES256, P256_KEY, no_alg },
    { "alg in small letters", "{\"alg\":\"es256\",\"kid\":\"es256\"}", MCP_ALG_ES256, P256_KEY, no_alg },
    { "alg of another kind of key", "{\"alg\":\"ES256\",\"kid\":\"rs256\"}", MCP_ALG_RS256, RSA_KEY, not_its_alg },
    { "PS256 by a key for RS256", "{\"alg\":\"PS256\",\"kid\":\"rs256\"}", MCP_ALG_PS256, RSA_KEY, not_its_alg },
    { "RS256 by a key for PS256", "{\"alg\":\"RS256\",\"kid\":\"ps256\"}", MCP_ALG_RS256, RSA_KEY, not_its_alg },
    { "RS384 by a key for RS256", "{\"alg\":\"RS384\",\"kid\":\"rs256\"}", MCP_ALG_RS384, RSA_KEY, not_its_alg },
    { "signed as RS256, said PS256", "{\"alg\":\"PS256\",\"kid\":\"ps256\"}", MCP_ALG_RS256, RSA_KEY, no_signature },
    { "signed as PS256, said RS256", "{\"alg\":\"RS256\",\"kid\":\"rs256\"}", MCP_ALG_PS256, RSA_KEY, no_signature },
    { "signed as RS512, said RS256", "{\"alg\":\"RS256\",\"kid\":\"rs256\"}", MCP_ALG_RS512, RSA_KEY, no_signature },
    { "signed by another RSA key", "{\"alg\":\"RS256\",\"kid\":\"rs256\"}", MCP_ALG_RS256, OTHER_RSA_KEY, no_signature },
    { "signed by another EC key", "{\"alg\":\"ES256\",\"kid\":\"es256\"}", MCP_ALG_ES256, OTHER_P256_KEY, no_signature },
    { "kid unknown", "{\"alg\":\"ES256\",\"kid\":\"x\"}", MCP_ALG_ES256, P256_KEY, no_key },
    { "kid empty", "{\"alg\":\"ES256\",\"kid\":\"\"}", MCP_ALG_ES256, P256_KEY, no_key },
    { "kid a prefix", "{\"alg\":\"ES256\",\"kid\":\"es25\"}", MCP_ALG_ES256, P256_KEY, no_key },
    { "kid no string", "{\"alg\":\"ES256\",\"kid\":1}", MCP_ALG_ES256, P256_KEY, "kid is no string" },
    { "kid null", "{\"alg\":\"ES256\",\"kid\":null}", MCP_ALG_ES256, P256_KEY, "kid is no string" },
    { "crit", "{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}", MCP_ALG_ES256, P256_KEY, "crit" },
    { "crit empty", "{\"alg\":\"ES256\",\"crit\":[]}", MCP_ALG_ES256, P256_KEY, "crit" },
    { "crit null", "{\"alg\":\"ES256\",\"crit\":null}", MCP_ALG_ES256, P256_KEY, "crit" },
    { "alg twice", "{\"alg\":\"none\",\"alg\":\"ES256\"}", MCP_ALG_ES256, P256_KEY, "stands twice" },
    { "alg twice, one escaped", "{\"alg\":\"ES256\",\"\\u0061lg\":\"none\"}", MCP_ALG_ES256, P256_KEY, "stands twice" },
    { "member twice, below", "{\"alg\":\"ES256\",\"x\":{\"a\":1,\"a\":1}}", MCP_ALG_ES256, P256_KEY, "stands twice" },
    { "header no object", "[\"ES256\"]", MCP_ALG_ES256, P256_KEY, "no object" },
    { "header no JSON", "alg=ES256", MCP_ALG_ES256, P256_KEY, "not JSON" },
    { "header empty", "", MCP_ALG_ES256, P256_KEY, "ends too early" },
};

static void the_header_chooses_nothing(void **state)
{
    mcp_jws jws;
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(header_rows); i++) {
        const char *text = sign(header_rows[i].alg, pkeys[header_rows[i].key], header_rows[i].header, payload);
        const char *detail = header_rows[i].detail;
        judge(header_rows[i].name, verify(text, &jws), detail ? MCP_BAD_TOKEN : MCP_OK, detail);
        if (detail) continue;
        assert_string_equal(mcp_json_string(jws.payload, "iss"), "joe");
        assert_string_equal(mcp_json_string(jws.header, "alg"), mcp_alg_name(jws.key->alg));
        assert_ptr_equal(jws.key->pkey, pkeys[header_rows[i].key]);
    }
}

/* The classic: the verifier takes the public key's text for an HMAC secret. */
static void a_public_key_is_no_secret(void **state)
{
    static const char *const headers[] = { "{\"alg\":\"HS256\",\"kid\":\"rs256\"}", "{\"alg\":\"HS256\"}", "{\"alg\":\"RS256\",\"kid\":\"rs256\"}" };
    static const char *const details[] = { no_alg, no_alg, no_signature };
    BIO *bio = BIO_new(BIO_s_mem());
    unsigned char mac[32];
    const char *input;
    char *pem;
    long len;
    size_t i;

    (void)state;
    assert_int_equal(PEM_write_bio_PUBKEY(bio, pkeys[RSA_KEY]), 1);
    len = BIO_get_mem_data(bio, &pem);
    for (i = 0; i < ROWS(headers); i++) {
        input = join(headers[i], payload);
        assert_non_null(HMAC(EVP_sha256(), pem, (int)len, (const unsigned char *)input, strlen(input), mac, NULL));
        refuse(headers[i], with_signature(input, mac, sizeof mac), details[i]);
    }
    BIO_free(bio);
}

static void unsigned_tokens_are_refused(void **state)
{
    (void)state;
    refuse("none", apr_pstrcat(ctx->pool, join("{\"alg\":\"none\"}", payload), ".", NULL), no_alg);
    refuse("RS256", apr_pstrcat(ctx->pool, join("{\"alg\":\"RS256\"}", payload), ".", NULL), no_signature);
    refuse("PS256", apr_pstrcat(ctx->pool, join("{\"alg\":\"PS256\"}", payload), ".", NULL), no_signature);
    refuse("ES256", apr_pstrcat(ctx->pool, join("{\"alg\":\"ES256\"}", payload), ".", NULL), no_signature);
    refuse("EdDSA", apr_pstrcat(ctx->pool, join("{\"alg\":\"EdDSA\"}", payload), ".", NULL), no_signature);
}

static void two_keys_of_one_algorithm(void **state)
{
    const mcp_key keys[] = { { "a", MCP_ALG_ES256, pkeys[P256_KEY], NULL }, { "b", MCP_ALG_ES256, pkeys[OTHER_P256_KEY], NULL } };
    const mcp_keys two = { 2, keys, 0 };
    const char *text = sign(MCP_ALG_ES256, pkeys[OTHER_P256_KEY], "{\"alg\":\"ES256\",\"kid\":\"b\"}", payload);
    mcp_jws jws;

    (void)state;
    judge("named", mcp_jws_verify(ctx, &two, text, strlen(text), &jws), MCP_OK, NULL);
    assert_ptr_equal(jws.key, &keys[1]);
    text = sign(MCP_ALG_ES256, pkeys[OTHER_P256_KEY], "{\"alg\":\"ES256\"}", payload);
    judge("unnamed", mcp_jws_verify(ctx, &two, text, strlen(text), &jws), MCP_BAD_TOKEN, no_key);
}

/* RFC 7518 3.5: the salt is as long as the digest. */
static void the_salt_has_one_length(void **state)
{
    static const struct { int salt; const char *detail; } rows[] = { { 32, NULL }, { 0, no_signature }, { 20, no_signature }, { 222, no_signature } };
    const char *input = join("{\"alg\":\"PS256\"}", payload);
    unsigned char sig[512];
    mcp_jws jws;
    size_t i, len;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        len = sign_raw(MCP_ALG_PS256, pkeys[RSA_KEY], rows[i].salt, input, sig);
        judge(apr_itoa(ctx->pool, rows[i].salt), verify(with_signature(input, sig, len), &jws), rows[i].detail ? MCP_BAD_TOKEN : MCP_OK, rows[i].detail);
    }
}

/* RFC 7518 3.4: R and S side by side, 64 bytes, nothing else. */
static void ecdsa_signatures_have_one_form(void **state)
{
    const char *input = join("{\"alg\":\"ES256\"}", payload);
    unsigned char sig[512], other[512] = { 0 }, *der = NULL;
    size_t len = sign_raw(MCP_ALG_ES256, pkeys[P256_KEY], 0, input, sig);
    ECDSA_SIG *parsed = ECDSA_SIG_new();
    mcp_jws jws;
    int der_len;

    (void)state;
    judge("as made", verify(with_signature(input, sig, len), &jws), MCP_OK, NULL);
    ECDSA_SIG_set0(parsed, BN_bin2bn(sig, 32, NULL), BN_bin2bn(sig + 32, 32, NULL));
    der_len = i2d_ECDSA_SIG(parsed, &der);
    ECDSA_SIG_free(parsed);
    refuse("DER", with_signature(input, der, (size_t)der_len), no_signature);
    OPENSSL_free(der);
    refuse("a byte short", with_signature(input, sig, len - 1), no_signature);
    sig[len] = 0;
    refuse("a byte long", with_signature(input, sig, len + 1), no_signature);
    memcpy(other + 16, sig, 32);
    memcpy(other + 64, sig + 32, 32);
    refuse("padded as for P-384", with_signature(input, other, 96), no_signature);
    memcpy(other, sig + 32, 32);
    memcpy(other + 32, sig, 32);
    refuse("S and R", with_signature(input, other, 64), no_signature);
    memset(other, 0, sizeof other);
    refuse("zeros", with_signature(input, other, 64), no_signature);
    memset(other, 0xff, sizeof other);
    refuse("above the order", with_signature(input, other, 64), no_signature);
}

static void flip_signature(mcp_alg alg, EVP_PKEY *pkey)
{
    const char *input = join(apr_psprintf(ctx->pool, "{\"alg\":\"%s\"}", mcp_alg_name(alg)), payload);
    unsigned char sig[512];
    size_t len = sign_raw(alg, pkey, RSA_PSS_SALTLEN_DIGEST, input, sig), bit;

    for (bit = 0; bit < 8 * len; bit++) {
        sig[bit / 8] ^= (unsigned char)(1 << bit % 8);
        refuse(apr_psprintf(ctx->pool, "%s, bit %d", mcp_alg_name(alg), (int)bit), with_signature(input, sig, len), no_signature);
        sig[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
}

static void every_bit_of_a_signature_counts(void **state)
{
    (void)state;
    flip_signature(MCP_ALG_ES256, pkeys[P256_KEY]);
    flip_signature(MCP_ALG_EDDSA, pkeys[ED_KEY]);
    flip_signature(MCP_ALG_RS256, pkeys[RSA_KEY]);
    flip_signature(MCP_ALG_PS256, pkeys[RSA_KEY]);
}

static void every_bit_of_the_text_counts(void **state)
{
    const char *text = sign(MCP_ALG_ES256, pkeys[P256_KEY], "{\"alg\":\"ES256\",\"kid\":\"es256\"}", payload);
    char *copy = apr_pstrdup(ctx->pool, text);
    size_t bit, len = strlen(text);
    mcp_jws jws;

    (void)state;
    for (bit = 0; bit < 8 * len; bit++) {
        copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
        mcp_ctx_clear(ctx);
        assert_int_equal(mcp_jws_verify(ctx, &ring, copy, len, &jws), MCP_BAD_TOKEN);
        copy[bit / 8] = text[bit / 8];
    }
}

/* The next letter of the alphabet differs in the lowest bit, which the last letter of these parts has to spare. */
static const char *stray(const char *text, int part)
{
    char *copy = apr_pstrdup(ctx->pool, text), *at = copy;

    for (; part > 0; part--) at = strchr(at, '.') + 1;
    at += strcspn(at, ".") - 1;
    assert_non_null(strchr("AEIMQUYcgkosw048", *at));   /* none of them is the last of its run */
    (*at)++;
    return copy;
}

static void there_is_one_spelling(void **state)
{
    /* 22, 14 and 64 bytes: each leaves bits in its last letter */
    const char *text = sign(MCP_ALG_ES256, pkeys[P256_KEY], "{\"alg\":\"ES256\",\"a\":\"b\"}", "{\"iss\":\"joey\"}");
    apr_pool_t *p = ctx->pool;
    mcp_jws jws;

    (void)state;
    judge("as made", verify(text, &jws), MCP_OK, NULL);
    refuse("stray bits in the header", stray(text, 0), "stray bits");
    refuse("stray bits in the payload", stray(text, 1), no_signature);
    refuse("stray bits in the signature", stray(text, 2), "stray bits");
    refuse("padding", apr_pstrcat(p, text, "==", NULL), "foreign letter");
    refuse("blank behind", apr_pstrcat(p, text, " ", NULL), "foreign letter");
    refuse("blank before", apr_pstrcat(p, " ", text, NULL), "foreign letter");
    refuse("line end", apr_pstrcat(p, text, "\r\n", NULL), "foreign letter");
    refuse("dot behind", apr_pstrcat(p, text, ".", NULL), "not three parts");
    refuse("five parts", apr_pstrcat(p, text, ".a.b", NULL), "not three parts");
    refuse("two parts", join("{\"alg\":\"ES256\"}", payload), "not three parts");
    refuse("one part", "abcd", "not three parts");
    refuse("nothing", "", "not three parts");
    refuse("dots", "..", "ends too early");
    refuse("header in the other alphabet", "ey+h.e30.AA", "foreign letter");
    refuse("JSON form", "{\"payload\":\"e30\"}", "not three parts");
    mcp_ctx_clear(ctx);
    judge("NUL behind", mcp_jws_verify(ctx, &ring, text, strlen(text) + 1, &jws), MCP_BAD_TOKEN, "foreign letter");
}

static void stray_payload_bits_are_refused_though_signed(void **state)
{
    const char *input = apr_pstrcat(ctx->pool, encode("{\"alg\":\"ES256\"}"), ".", "eyJpc3MiOiJqb2V5In1", NULL);
    const char *good = apr_pstrcat(ctx->pool, encode("{\"alg\":\"ES256\"}"), ".", "eyJpc3MiOiJqb2V5In0", NULL);
    unsigned char sig[512];
    mcp_jws jws;
    size_t len;

    (void)state;
    len = sign_raw(MCP_ALG_ES256, pkeys[P256_KEY], 0, good, sig);
    judge("without", verify(with_signature(good, sig, len), &jws), MCP_OK, NULL);
    len = sign_raw(MCP_ALG_ES256, pkeys[P256_KEY], 0, input, sig);
    refuse("with", with_signature(input, sig, len), "stray bits");
}

static const struct {
    const char *name, *payload, *detail;
} payload_rows[] = {
    { "object", "{}", NULL },
    { "member twice", "{\"a\":1,\"a\":2}", "stands twice" },
    { "list", "[]", "no object" },
    { "string", "\"a\"", "no object" },
    { "no JSON", "Example", "not JSON" },
    { "nothing", "", "ends too early" },
    { "BOM", "\xef\xbb\xbf{}", "not JSON" },
    { "two values", "{}{}", "stands behind" },
    { "too deep", "{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", "deeper" },
};

static void payloads_are_strict(void **state)
{
    mcp_jws jws;
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(payload_rows); i++)
        judge(payload_rows[i].name, verify(sign(MCP_ALG_EDDSA, pkeys[ED_KEY], "{\"alg\":\"EdDSA\"}", payload_rows[i].payload), &jws),
              payload_rows[i].detail ? MCP_BAD_TOKEN : MCP_OK, payload_rows[i].detail);
}

static void tokens_have_a_cap(void **state)
{
    const char header[] = "{\"alg\":\"EdDSA\"}";
    size_t room = MCP_JWS_MAX - strlen(encode(header)) - 86 - 2, n = room / 4 * 3 + (room % 4 ? room % 4 - 1 : 0) - strlen("{\"a\":\"\"}");
    char *filler = apr_pcalloc(ctx->pool, n + 3);
    const char *text;
    mcp_jws jws;

    (void)state;
    memset(filler, 'x', n);
    text = sign(MCP_ALG_EDDSA, pkeys[ED_KEY], header, apr_pstrcat(ctx->pool, "{\"a\":\"", filler, "\"}", NULL));
    assert_in_range(strlen(text), MCP_JWS_MAX - 1, MCP_JWS_MAX);
    judge("at the cap", verify(text, &jws), MCP_OK, NULL);
    memset(filler, 'x', n + 2);
    text = sign(MCP_ALG_EDDSA, pkeys[ED_KEY], header, apr_pstrcat(ctx->pool, "{\"a\":\"", filler, "\"}", NULL));
    refuse("above the cap", text, "more than 16384 bytes");
}

#define RFC7515_PAYLOAD "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

/* Published vectors: RFC 7515 A.2 and A.3, RFC 8037 A.4. The last signs no JSON, so that it fails one step later. */
static const struct {
    const char *name, *jwk, *input, *signature, *detail;
} vectors[] = {
    { "RFC 7515 A.2", "{\"kty\":\"RSA\",\"n\":\"" RFC7515_N "\",\"e\":\"AQAB\"}", "eyJhbGciOiJSUzI1NiJ9." RFC7515_PAYLOAD,
      "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4"
      "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv"
      "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw", NULL },
    { "RFC 7515 A.3", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7515_X "\",\"y\":\"" RFC7515_Y "\"}", "eyJhbGciOiJFUzI1NiJ9." RFC7515_PAYLOAD,
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q", NULL },
    { "RFC 8037 A.4", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X "\"}", "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg", "not JSON" },
};

static void published_vectors_hold(void **state)
{
    const mcp_keys *keys;
    const char *text;
    mcp_jws jws;
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(vectors); i++) {
        const char *set = apr_pstrcat(ctx->pool, "{\"keys\":[", vectors[i].jwk, "]}", NULL);
        mcp_ctx_clear(ctx);
        assert_int_equal(mcp_keys_from_jwks(ctx, ctx->pool, set, strlen(set), NULL, &keys), MCP_OK);
        text = apr_pstrcat(ctx->pool, vectors[i].input, ".", vectors[i].signature, NULL);
        judge(vectors[i].name, mcp_jws_verify(ctx, keys, text, strlen(text), &jws), vectors[i].detail ? MCP_BAD_TOKEN : MCP_OK, vectors[i].detail);
        if (!vectors[i].detail) assert_int_equal(json_integer_value(json_object_get(jws.payload, "exp")), 1300819380);
        text = apr_pstrcat(ctx->pool, vectors[i].input, ".x", vectors[i].signature + 1, NULL);
        mcp_ctx_clear(ctx);
        judge(vectors[i].name, mcp_jws_verify(ctx, keys, text, strlen(text), &jws), MCP_BAD_TOKEN, no_signature);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_header_chooses_nothing, begin, end),
        cmocka_unit_test_setup_teardown(a_public_key_is_no_secret, begin, end),
        cmocka_unit_test_setup_teardown(unsigned_tokens_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(two_keys_of_one_algorithm, begin, end),
        cmocka_unit_test_setup_teardown(the_salt_has_one_length, begin, end),
        cmocka_unit_test_setup_teardown(ecdsa_signatures_have_one_form, begin, end),
        cmocka_unit_test_setup_teardown(every_bit_of_a_signature_counts, begin, end),
        cmocka_unit_test_setup_teardown(every_bit_of_the_text_counts, begin, end),
        cmocka_unit_test_setup_teardown(there_is_one_spelling, begin, end),
        cmocka_unit_test_setup_teardown(stray_payload_bits_are_refused_though_signed, begin, end),
        cmocka_unit_test_setup_teardown(payloads_are_strict, begin, end),
        cmocka_unit_test_setup_teardown(tokens_have_a_cap, begin, end),
        cmocka_unit_test_setup_teardown(published_vectors_hold, begin, end),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, make_keys, free_keys);
    apr_terminate();
    return failed;
}
