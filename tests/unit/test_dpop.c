/* Threats: a stolen token is used without its key; a proof is shown twice, at another place, for another token, at another time;
 * a stranger's key costs us more than it costs him. */
#include <openssl/pem.h>
#include <openssl/x509.h>
#include "mcp/dpop.h"
#include "token_fixture.h"

#define NOW 1700000000
#define URL "https://mcp.example/mcp"
#define TOKEN "some.access.token"
#define A16 "aaaaaaaaaaaaaaaa"
#define A128 A16 A16 A16 A16 A16 A16 A16 A16

/* ---- a store that knows add alone ---- */

static struct {
    char key[256];
    apr_uint32_t life;
    int adds;
    mcp_rc rc;      /* what it says instead */
} memory;

static mcp_rc memory_add(mcp_ctx *c, void *self, const char *key, const char *value, size_t len, apr_uint32_t life)
{
    (void)self;
    (void)value;
    (void)len;
    memory.adds++;
    memory.life = life;
    if (memory.rc) return mcp_fail(c, memory.rc, "the store is in trouble");
    if (!strcmp(memory.key, key)) return MCP_EXISTS;
    apr_cpystrn(memory.key, key, sizeof memory.key);
    return MCP_OK;
}

static const mcp_store_driver memory_driver = { .name = "memory", .add = memory_add };
static mcp_store store = { &memory_driver, &memory };

/* ---- proofs ---- */

typedef struct {
    mcp_alg alg;
    EVP_PKEY *pkey;
    const char *jwk, *jkt;
} holder;

static holder ec, ec384, ed, rsa, rsa_small, rsa_large, rsa_slow;
static apr_pool_t *holders;

static const char *digest_of(const void *bytes, size_t len)
{
    unsigned char digest[32];

    assert_int_equal(EVP_Digest(bytes, len, digest, NULL, EVP_sha256(), NULL), 1);
    return mcp_text_base64url(ctx->pool, digest, sizeof digest);
}

/* The key set of one key has the members in RFC 7638's order, with others behind them. */
static holder make_holder(mcp_alg alg, EVP_PKEY *pkey)
{
    const mcp_key key = { NULL, alg, pkey, NULL };
    mcp_ctx *own = mcp_ctx_create(holders);
    holder h = { alg, pkey, NULL, NULL };
    json_t *set;

    assert_non_null(pkey);
    h.jkt = mcp_keys_thumbprint(holders, &key);
    assert_int_equal(mcp_keys_to_jwks(own, mcp_keys_of(holders, &key), &set), MCP_OK);
    set = json_array_get(json_object_get(set, "keys"), 0);
    json_object_del(set, "alg");
    json_object_del(set, "use");
    h.jwk = mcp_json_text(holders, set);
    return h;
}

static EVP_PKEY *rsa_key(size_t bits, unsigned long exponent)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    BIGNUM *e = BN_new();
    EVP_PKEY *pkey = NULL;

    assert_int_equal(BN_set_word(e, exponent), 1);
    assert_int_equal(EVP_PKEY_keygen_init(c), 1);
    assert_true(EVP_PKEY_CTX_set_rsa_keygen_bits(c, (int)bits) > 0);
    assert_true(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(c, e) > 0);
    assert_int_equal(EVP_PKEY_generate(c, &pkey), 1);
    BN_free(e);
    EVP_PKEY_CTX_free(c);
    return pkey;
}

/* As large as no test wants to make a pair for: a public key that was never anybody's. */
static EVP_PKEY *large_public_key(size_t bits)
{
    char *n = apr_palloc(holders, bits / 8 + 1);
    const mcp_keys *keys;
    const char *text;
    mcp_ctx *own = mcp_ctx_create(holders);

    memset(n, 0xff, bits / 8);
    text = apr_psprintf(holders, "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%s\"}]}", mcp_text_base64url(holders, n, bits / 8));
    assert_int_equal(mcp_keys_from_jwks(own, holders, text, strlen(text), NULL, &keys), MCP_OK);
    return keys->key->pkey;
}

static int make_holders(void **state)
{
    (void)state;
    if (apr_pool_create(&holders, NULL)) return -1;
    ec = make_holder(MCP_ALG_ES256, EVP_EC_gen("P-256"));
    ec384 = make_holder(MCP_ALG_ES384, EVP_EC_gen("P-384"));
    ed = make_holder(MCP_ALG_EDDSA, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
    rsa = make_holder(MCP_ALG_RS256, rsa_key(2048, 65537));
    rsa_small = make_holder(MCP_ALG_RS256, rsa_key(1024, 65537));
    rsa_slow = make_holder(MCP_ALG_RS256, rsa_key(2048, 0x100000001));
    rsa_large = make_holder(MCP_ALG_RS256, large_public_key(4104));
    return 0;
}

static int free_holders(void **state)
{
    holder *all[] = { &ec, &ec384, &ed, &rsa, &rsa_small, &rsa_slow };
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(all); i++) EVP_PKEY_free(all[i]->pkey);
    apr_pool_destroy(holders);
    return 0;
}

static int start(void **state)
{
    if (begin(state)) return -1;
    ctx->now = apr_time_from_sec(NOW);
    memset(&memory, 0, sizeof memory);
    return 0;
}

/* NULL takes the member away, otherwise its value becomes that JSON text. */
static const char *claims_but(const char *member, const char *value)
{
    json_t *claims = json_pack("{s:s,s:s,s:s,s:i,s:s}", "jti", "one", "htm", "POST", "htu", URL, "iat", NOW, "ath", digest_of(TOKEN, strlen(TOKEN)));

    mcp_json_own(ctx->pool, claims);
    if (member && value) json_object_set_new(claims, member, json_loads(value, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL));
    else if (member) json_object_del(claims, member);
    return mcp_json_text(ctx->pool, claims);
}

static const char *header_of(const holder *h, const char *more)
{
    return apr_psprintf(ctx->pool, "{\"typ\":\"dpop+jwt\",\"alg\":\"%s\",\"jwk\":%s%s}", mcp_alg_name(h->alg), h->jwk, more);
}

static const char *proof_of(const holder *h, const char *claims)
{
    return sign(h->alg, h->pkey, header_of(h, ""), claims);
}

static mcp_dpop_request request_of(const holder *h)
{
    mcp_dpop_request request = { "POST", URL, TOKEN, h->jkt, 0, 0, NULL };

    return request;
}

static mcp_rc show(const mcp_dpop_request *request, const char *proof)
{
    mcp_ctx_clear(ctx);
    return mcp_dpop_verify(ctx, &store, request, proof, strlen(proof));
}

static mcp_rc verify(const holder *h, const char *proof)
{
    mcp_dpop_request request = request_of(h);

    memory.key[0] = '\0';
    return show(&request, proof);
}

/* ---- what holds ---- */

/* The proof of RFC 9449 7.1, its token and the thumbprint of 6.1. */
static void the_rfcs_own_proof(void **state)
{
    static const char proof[] =
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMi"
        "LCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoi"
        "R0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNF"
        "c05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
    mcp_dpop_request request = { "GET", "https://resource.example.org/protectedresource", "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU",
                                 "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", 0, 0, NULL };

    (void)state;
    ctx->now = apr_time_from_sec(1562262618);
    judge("RFC 9449", show(&request, proof), MCP_OK, NULL);
}

static void every_algorithm_serves(void **state)
{
    const holder *all[] = { &ec, &ec384, &ed, &rsa };
    holder pss = rsa, strong = rsa;
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(all); i++) judge(mcp_alg_name(all[i]->alg), verify(all[i], proof_of(all[i], claims_but(NULL, NULL))), MCP_OK, NULL);
    pss.alg = MCP_ALG_PS256;
    strong.alg = MCP_ALG_RS512;
    judge("PS256", verify(&pss, proof_of(&pss, claims_but(NULL, NULL))), MCP_OK, NULL);
    judge("RS512", verify(&strong, proof_of(&strong, claims_but(NULL, NULL))), MCP_OK, NULL);
}

/* ---- the header ---- */

static const char *with(const holder *h, const char *typ, const char *alg, const char *jwk, const char *more)
{
    return apr_psprintf(ctx->pool, "{%s\"alg\":\"%s\",\"jwk\":%s%s}", typ, alg, jwk ? jwk : h->jwk, more);
}

static const char *jwk_with(const char *more)
{
    return apr_psprintf(ctx->pool, "%.*s,%s}", (int)strlen(ec.jwk) - 1, ec.jwk, more);
}

static void headers_are_judged(void **state)
{
    static const char dpop[] = "\"typ\":\"dpop+jwt\",";
    const struct {
        const char *name, *header;
        mcp_rc rc;
        const char *detail;
    } rows[] = {
        { "good", with(&ec, dpop, "ES256", NULL, ""), MCP_OK, NULL },
        { "kid", with(&ec, dpop, "ES256", NULL, ",\"kid\":\"a\""), MCP_OK, NULL },
        { "kid of the key alone", with(&ec, dpop, "ES256", jwk_with("\"kid\":\"a\""), ""), MCP_OK, NULL },
        { "two kids", with(&ec, dpop, "ES256", jwk_with("\"kid\":\"a\""), ",\"kid\":\"b\""), MCP_OK, NULL },
        { "kid, no string", with(&ec, dpop, "ES256", NULL, ",\"kid\":1"), MCP_BAD_PROOF, "kid" },
        { "no typ", with(&ec, "", "ES256", NULL, ""), MCP_BAD_PROOF, "typ" },
        { "typ JWT", with(&ec, "\"typ\":\"JWT\",", "ES256", NULL, ""), MCP_BAD_PROOF, "typ" },
        { "typ at+jwt", with(&ec, "\"typ\":\"at+jwt\",", "ES256", NULL, ""), MCP_BAD_PROOF, "typ" },
        { "typ in capitals", with(&ec, "\"typ\":\"DPOP+JWT\",", "ES256", NULL, ""), MCP_BAD_PROOF, "typ" },
        { "typ, no string", with(&ec, "\"typ\":1,", "ES256", NULL, ""), MCP_BAD_PROOF, "typ" },
        { "typ twice", with(&ec, "\"typ\":\"dpop+jwt\",\"typ\":\"dpop+jwt\",", "ES256", NULL, ""), MCP_BAD_PROOF, "twice" },
        { "alg none", with(&ec, dpop, "none", NULL, ""), MCP_BAD_PROOF, "algorithm" },
        { "alg HS256", with(&ec, dpop, "HS256", NULL, ""), MCP_BAD_PROOF, "algorithm" },
        { "alg of another key", with(&ec, dpop, "ES384", NULL, ""), MCP_BAD_PROOF, "usable" },
        { "alg unlike the jwk's", with(&ec, dpop, "RS256", jwk_with("\"alg\":\"ES256\""), ""), MCP_BAD_PROOF, "key" },
        { "alg as the jwk's", with(&ec, dpop, "ES256", jwk_with("\"alg\":\"ES256\""), ""), MCP_OK, NULL },
        { "crit", with(&ec, dpop, "ES256", NULL, ",\"crit\":[\"b64\"],\"b64\":false"), MCP_BAD_PROOF, "crit" },
        { "no jwk", "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\"}", MCP_BAD_PROOF, "no jwk" },
        { "jwk, a text", with(&ec, dpop, "ES256", "\"key\"", ""), MCP_BAD_PROOF, "no jwk" },
        { "jwk, a list", with(&ec, dpop, "ES256", "[]", ""), MCP_BAD_PROOF, "no jwk" },
        { "jwk, empty", with(&ec, dpop, "ES256", "{}", ""), MCP_BAD_PROOF, "usable" },
        { "jwk, off the curve", with(&ec, dpop, "ES256", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7515_X "\",\"y\":\"" RFC7515_X "\"}", ""), MCP_BAD_PROOF, "usable" },
        { "jwk, symmetric", with(&ec, dpop, "ES256", "{\"kty\":\"oct\",\"k\":\"AAAA\"}", ""), MCP_BAD_PROOF, "private" },
        { "jwk with d", with(&ec, dpop, "ES256", jwk_with("\"d\":\"AAAA\""), ""), MCP_BAD_PROOF, "private" },
        { "jwk with p", with(&ec, dpop, "ES256", jwk_with("\"p\":\"AAAA\""), ""), MCP_BAD_PROOF, "private" },
        { "jwk with oth", with(&ec, dpop, "ES256", jwk_with("\"oth\":[]"), ""), MCP_BAD_PROOF, "private" },
        { "jwk for encryption", with(&ec, dpop, "ES256", jwk_with("\"use\":\"enc\""), ""), MCP_BAD_PROOF, "usable" },
        { "jwk for signatures", with(&ec, dpop, "ES256", jwk_with("\"use\":\"sig\""), ""), MCP_OK, NULL },
        { "another's jwk", with(&ec, dpop, "ES256", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7515_X "\",\"y\":\"" RFC7515_Y "\"}", ""), MCP_BAD_TOKEN, "another key" },
        { "no object", "[]", MCP_BAD_PROOF, "no object" },
        { "no JSON", "{", MCP_BAD_PROOF, "too early" }
    };
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        memory.adds = 0;
        judge(rows[i].name, verify(&ec, sign(MCP_ALG_ES256, ec.pkey, rows[i].header, claims_but(NULL, NULL))), rows[i].rc, rows[i].detail);
        if (memory.adds != (rows[i].rc == MCP_OK)) fail_msg("%s: the store was asked %d times", rows[i].name, memory.adds);
    }
}

static void the_shape_is_judged(void **state)
{
    const char *good = proof_of(&ec, claims_but(NULL, NULL)), *second = strchr(strchr(good, '.') + 1, '.');
    char *large = apr_palloc(ctx->pool, MCP_DPOP_MAX + 2);

    (void)state;
    judge("good", verify(&ec, good), MCP_OK, NULL);
    judge("nothing", verify(&ec, ""), MCP_BAD_PROOF, "no JWS");
    judge("a word", verify(&ec, "word"), MCP_BAD_PROOF, "no JWS");
    judge("two parts", verify(&ec, apr_pstrmemdup(ctx->pool, good, (apr_size_t)(second - good))), MCP_BAD_PROOF, "three parts");
    judge("four parts", verify(&ec, apr_pstrcat(ctx->pool, good, ".", NULL)), MCP_BAD_PROOF, "three parts");
    judge("no signature", verify(&ec, apr_pstrmemdup(ctx->pool, good, (apr_size_t)(second + 1 - good))), MCP_BAD_PROOF, "signature");
    judge("padding", verify(&ec, apr_pstrcat(ctx->pool, good, "=", NULL)), MCP_BAD_PROOF, "letter");
    judge("two proofs in one header", verify(&ec, apr_pstrcat(ctx->pool, good, ", ", good, NULL)), MCP_BAD_PROOF, NULL);
    judge("signed by another", verify(&ec, sign(MCP_ALG_EDDSA, ed.pkey, header_of(&ec, ""), claims_but(NULL, NULL))), MCP_BAD_PROOF, "signature");
    judge("claims, a list", verify(&ec, proof_of(&ec, "[]")), MCP_BAD_PROOF, "no object");
    memset(large, 'e', MCP_DPOP_MAX + 1);
    large[MCP_DPOP_MAX + 1] = '\0';
    large[4] = '.';
    judge("large", verify(&ec, large), MCP_BAD_PROOF, "at most 8192");
}

static void keys_that_cost_too_much(void **state)
{
    (void)state;
    judge("1024 bits", verify(&rsa_small, proof_of(&rsa_small, claims_but(NULL, NULL))), MCP_BAD_PROOF, "usable");
    judge("slow exponent", verify(&rsa_slow, proof_of(&rsa_slow, claims_but(NULL, NULL))), MCP_BAD_PROOF, "larger");
    judge("4104 bits", verify(&rsa_large, with_signature(join(header_of(&rsa_large, ""), claims_but(NULL, NULL)), (const unsigned char *)"x", 1)), MCP_BAD_PROOF, "larger");
}

static void the_token_names_the_key(void **state)
{
    mcp_dpop_request request = request_of(&ec);
    const char *proof = proof_of(&ed, claims_but(NULL, NULL));

    (void)state;
    judge("another's", show(&request, proof), MCP_BAD_TOKEN, "another key");
    request.jkt = NULL;
    judge("nobody's", show(&request, proof), MCP_BAD_TOKEN, "another key");
    request.jkt = "";
    judge("empty", show(&request, proof), MCP_BAD_TOKEN, "another key");
    request.jkt = ed.jkt;
    judge("its own", show(&request, proof), MCP_OK, NULL);
}

/* ---- the claims ---- */

static const struct {
    const char *name, *member, *value;
    mcp_rc rc;
    const char *detail;
} claim_rows[] = {
    { "good", NULL, NULL, MCP_OK, NULL },
    { "more", "nonce", "\"any\"", MCP_OK, NULL },
    { "no jti", "jti", NULL, MCP_BAD_PROOF, "jti" },
    { "jti, a number", "jti", "1", MCP_BAD_PROOF, "jti" },
    { "jti, empty", "jti", "\"\"", MCP_BAD_PROOF, "jti" },
    { "jti of 128", "jti", "\"" A128 "\"", MCP_OK, NULL },
    { "jti of 129", "jti", "\"" A128 "a\"", MCP_BAD_PROOF, "jti" },
    { "no htm", "htm", NULL, MCP_BAD_PROOF, "htm" },
    { "htm of another", "htm", "\"GET\"", MCP_BAD_PROOF, "htm" },
    { "htm in small letters", "htm", "\"post\"", MCP_BAD_PROOF, "htm" },
    { "htm, a list", "htm", "[\"POST\"]", MCP_BAD_PROOF, "htm" },
    { "no htu", "htu", NULL, MCP_BAD_PROOF, "htu" },
    { "htu in capitals", "htu", "\"HTTPS://MCP.Example/mcp\"", MCP_OK, NULL },
    { "htu with port", "htu", "\"https://mcp.example:443/mcp\"", MCP_OK, NULL },
    { "htu with query", "htu", "\"https://mcp.example/mcp?a=b\"", MCP_OK, NULL },
    { "htu with fragment", "htu", "\"https://mcp.example/mcp#a\"", MCP_OK, NULL },
    { "htu with needless escape", "htu", "\"https://mcp.example/%6dcp\"", MCP_OK, NULL },
    { "htu, other port", "htu", "\"https://mcp.example:8443/mcp\"", MCP_BAD_PROOF, "htu" },
    { "htu, http", "htu", "\"http://mcp.example/mcp\"", MCP_BAD_PROOF, "htu" },
    { "htu, other host", "htu", "\"https://mcp.example.evil/mcp\"", MCP_BAD_PROOF, "htu" },
    { "htu, other path", "htu", "\"https://mcp.example/mcp/\"", MCP_BAD_PROOF, "htu" },
    { "htu, path in capitals", "htu", "\"https://mcp.example/MCP\"", MCP_BAD_PROOF, "htu" },
    { "htu, escaped slash", "htu", "\"https://mcp.example%2fmcp\"", MCP_BAD_PROOF, "htu" },
    { "htu, dots", "htu", "\"https://mcp.example/a/../mcp\"", MCP_BAD_PROOF, "htu" },
    { "htu, a user", "htu", "\"https://mcp.example@mcp.example/mcp\"", MCP_BAD_PROOF, "htu" },
    { "htu, relative", "htu", "\"/mcp\"", MCP_BAD_PROOF, "htu" },
    { "htu, other scheme", "htu", "\"wss://mcp.example/mcp\"", MCP_BAD_PROOF, "htu" },
    { "no iat", "iat", NULL, MCP_BAD_PROOF, "iat" },
    { "iat, a text", "iat", "\"1700000000\"", MCP_BAD_PROOF, "iat" },
    { "iat, a fraction", "iat", "1700000000.5", MCP_BAD_PROOF, "iat" },
    { "iat, negative", "iat", "-1", MCP_BAD_PROOF, "iat" },
    { "iat 60 s ago", "iat", "1699999940", MCP_OK, NULL },
    { "iat 61 s ago", "iat", "1699999939", MCP_BAD_PROOF, "61 seconds old" },
    { "iat 5 s ahead", "iat", "1700000005", MCP_OK, NULL },
    { "iat 6 s ahead", "iat", "1700000006", MCP_BAD_PROOF, "6 seconds ahead" },
    { "iat, huge", "iat", "9223372036854775807", MCP_BAD_PROOF, "iat" },
    { "no ath", "ath", NULL, MCP_BAD_PROOF, "ath" },
    { "ath of another", "ath", "\"fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo\"", MCP_BAD_PROOF, "ath" },
    { "ath, empty", "ath", "\"\"", MCP_BAD_PROOF, "ath" }
};

static void claims_are_judged(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(claim_rows); i++) {
        memory.adds = 0;
        judge(claim_rows[i].name, verify(&ec, proof_of(&ec, claims_but(claim_rows[i].member, claim_rows[i].value))), claim_rows[i].rc, claim_rows[i].detail);
        if (memory.adds != (claim_rows[i].rc == MCP_OK)) fail_msg("%s: the store was asked %d times", claim_rows[i].name, memory.adds);
    }
}

static const struct {
    const char *url, *htu;
    mcp_rc rc;
} url_rows[] = {
    { "https://mcp.example", "https://mcp.example/", MCP_OK },
    { "https://mcp.example/", "https://mcp.example", MCP_OK },
    { "https://mcp.example:443/mcp", "https://mcp.example/mcp", MCP_OK },
    { "http://127.0.0.1:8080/mcp", "http://127.0.0.1:8080/mcp", MCP_OK },
    { "http://127.0.0.1:80/mcp", "http://127.0.0.1/mcp", MCP_OK },
    { "http://127.0.0.1:443/mcp", "http://127.0.0.1/mcp", MCP_BAD_PROOF },
    { "https://[::1]/mcp", "https://[0:0:0:0:0:0:0:1]/mcp", MCP_OK },
    { "https://[::1]/mcp", "https://[::2]/mcp", MCP_BAD_PROOF },
    { "https://mcp.example/a%2fb", "https://mcp.example/a%2Fb", MCP_OK },
    { "https://mcp.example/a%2fb", "https://mcp.example/a/b", MCP_BAD_PROOF },
    { "https://mcp.example/%7Ea%20%c3%A9", "https://mcp.example/~a%20%C3%a9", MCP_OK },
    { "https://mcp.example/%25%41", "https://mcp.example/%25A", MCP_OK },
    { "https://mcp.example/%2541", "https://mcp.example/%41", MCP_BAD_PROOF },
    { "https://mcp.example/mcp?x=1", "https://mcp.example/mcp", MCP_OK },
    { "https://mcp.example/a/../mcp", "https://mcp.example/a/../mcp", MCP_BAD_PROOF },
    { "nonsense", "nonsense", MCP_BAD_PROOF }
};

static void spellings_of_one_target(void **state)
{
    mcp_dpop_request request = request_of(&ed);
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(url_rows); i++) {
        request.url = url_rows[i].url;
        memory.key[0] = '\0';
        judge(url_rows[i].htu, show(&request, proof_of(&ed, claims_but("htu", mcp_text_json_string(ctx->pool, url_rows[i].htu, strlen(url_rows[i].htu))))),
              url_rows[i].rc, url_rows[i].rc ? "htu" : NULL);
    }
}

static void the_window_is_configured(void **state)
{
    mcp_dpop_request request = request_of(&ed);

    (void)state;
    request.back = 10;
    request.ahead = 1;
    judge("10 s", show(&request, proof_of(&ed, claims_but("iat", "1699999990"))), MCP_OK, NULL);
    judge("11 s", show(&request, proof_of(&ed, claims_but("iat", "1699999989"))), MCP_BAD_PROOF, "old");
    judge("2 s ahead", show(&request, proof_of(&ed, claims_but("iat", "1700000002"))), MCP_BAD_PROOF, "ahead");
}

/* ---- once ---- */

static void a_proof_is_shown_once(void **state)
{
    mcp_dpop_request request = request_of(&ed);
    const char *proof = proof_of(&ed, claims_but(NULL, NULL));

    (void)state;
    judge("first", show(&request, proof), MCP_OK, NULL);
    assert_in_range(memory.life, MCP_DPOP_BACK + MCP_DPOP_AHEAD + 1, MCP_DPOP_BACK + MCP_DPOP_AHEAD + 10);
    judge("again", show(&request, proof), MCP_BAD_PROOF, "shown before");
    judge("same jti, made anew", show(&request, proof_of(&ed, claims_but("iat", "1700000001"))), MCP_BAD_PROOF, "shown before");
    judge("another jti", show(&request, proof_of(&ed, claims_but("jti", "\"two\""))), MCP_OK, NULL);
}

/* Where tokens are issued there is none yet: any key will do, and nothing else may. */
static void a_request_for_a_token_teaches_the_key(void **state)
{
    mcp_dpop_request request = { .method = "POST", .url = URL };
    const char *proof = proof_of(&ec, claims_but("ath", NULL)), *jkt = NULL;
    EVP_PKEY *other = EVP_EC_gen("P-256");

    (void)state;
    memory.key[0] = '\0';
    judge("first", mcp_dpop_learn(ctx, &store, &request, proof, strlen(proof), &jkt), MCP_OK, NULL);
    assert_string_equal(jkt, ec.jkt);
    judge("again", mcp_dpop_learn(ctx, &store, &request, proof, strlen(proof), &jkt), MCP_BAD_PROOF, "shown before");
    mcp_ctx_clear(ctx);
    proof = proof_of(&ec, claims_but("htu", "\"https://elsewhere.test/token\""));
    judge("another target", mcp_dpop_learn(ctx, &store, &request, proof, strlen(proof), &jkt), MCP_BAD_PROOF, "htu");
    mcp_ctx_clear(ctx);
    proof = sign(ec.alg, other, header_of(&ec, ""), claims_but("jti", "\"two\""));
    EVP_PKEY_free(other);
    judge("signed by another key", mcp_dpop_learn(ctx, &store, &request, proof, strlen(proof), &jkt), MCP_BAD_PROOF, NULL);
}

static void another_key_may_use_the_same_jti(void **state)
{
    mcp_dpop_request request = request_of(&ed), other = request_of(&ec);

    (void)state;
    judge("first", show(&request, proof_of(&ed, claims_but(NULL, NULL))), MCP_OK, NULL);
    judge("other key", show(&other, proof_of(&ec, claims_but(NULL, NULL))), MCP_OK, NULL);
}

static void a_store_in_trouble_refuses(void **state)
{
    mcp_dpop_request request = request_of(&ed);
    mcp_store closed = { NULL, NULL };
    const char *proof = proof_of(&ed, claims_but(NULL, NULL));

    (void)state;
    memory.rc = MCP_UNAVAILABLE;
    judge("down", show(&request, proof), MCP_UNAVAILABLE, "in trouble");
    mcp_ctx_clear(ctx);
    judge("not open", mcp_dpop_verify(ctx, &closed, &request, proof, strlen(proof)), MCP_UNAVAILABLE, "not open");
}

/* ---- nonces ---- */

static const unsigned char nonce_key[MCP_DPOP_NONCE_KEY_LEN] = "a key that seals nonces, as long";
static const unsigned char other_key[MCP_DPOP_NONCE_KEY_LEN] = "a key of another house, as long.";

static const char *nonce_at(const unsigned char *key, apr_int64_t at)
{
    apr_time_t now = ctx->now;
    const char *nonce = NULL;

    ctx->now = apr_time_from_sec(at);
    assert_int_equal(mcp_dpop_nonce(ctx, key, &nonce), MCP_OK);
    ctx->now = now;
    return nonce;
}

static void nonces_are_judged(void **state)
{
    const char *good = nonce_at(nonce_key, NOW);
    const struct {
        const char *name, *nonce;
        mcp_rc rc;
        const char *detail;
    } rows[] = {
        { "now", good, MCP_OK, NULL },
        { "a while ago", nonce_at(nonce_key, NOW - MCP_DPOP_NONCE_LIFE), MCP_OK, NULL },
        { "long ago", nonce_at(nonce_key, NOW - MCP_DPOP_NONCE_LIFE - 60), MCP_USE_NONCE, "too old" },
        { "at the beginning of time", nonce_at(nonce_key, 0), MCP_USE_NONCE, "too old" },
        { "of a clock ahead", nonce_at(nonce_key, NOW + 60), MCP_OK, NULL },
        { "of a clock far ahead", nonce_at(nonce_key, NOW + 120), MCP_USE_NONCE, "too old" },
        { "other key", nonce_at(other_key, NOW), MCP_USE_NONCE, "not made here" },
        { "none", NULL, MCP_USE_NONCE, "no nonce" },
        { "empty", "", MCP_USE_NONCE, "not made here" },
        { "a word", "word", MCP_USE_NONCE, "not made here" },
        { "no base64url", "!", MCP_USE_NONCE, "not made here" },
        { "shortened", apr_pstrmemdup(ctx->pool, good, 28), MCP_USE_NONCE, "not made here" },
        { "lengthened", apr_pstrcat(ctx->pool, good, "AAAA", NULL), MCP_USE_NONCE, "not made here" },
        { "very long", A128 A128, MCP_USE_NONCE, "not made here" },
        { "other time, same seal", apr_pstrcat(ctx->pool, "B", good + 1, NULL), MCP_USE_NONCE, "not made here" }
    };
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        mcp_ctx_clear(ctx);
        judge(rows[i].name, mcp_dpop_check_nonce(ctx, nonce_key, rows[i].nonce), rows[i].rc, rows[i].detail);
    }
}

static void nonces_change_by_the_minute(void **state)
{
    (void)state;
    assert_string_equal(nonce_at(nonce_key, 1700000040), nonce_at(nonce_key, 1700000099));
    assert_string_not_equal(nonce_at(nonce_key, 1700000040), nonce_at(nonce_key, 1700000100));
    assert_string_not_equal(nonce_at(nonce_key, NOW), nonce_at(other_key, NOW));
    assert_int_equal(strlen(nonce_at(nonce_key, NOW)), 32);
}

static void a_proof_may_need_a_nonce(void **state)
{
    mcp_dpop_request request = request_of(&ed);
    const char *good = apr_psprintf(ctx->pool, "\"%s\"", nonce_at(nonce_key, NOW)), *old = apr_psprintf(ctx->pool, "\"%s\"", nonce_at(nonce_key, NOW - 600));

    (void)state;
    request.nonce_key = nonce_key;
    judge("none", show(&request, proof_of(&ed, claims_but(NULL, NULL))), MCP_USE_NONCE, "no nonce");
    judge("a number", show(&request, proof_of(&ed, claims_but("nonce", "1"))), MCP_USE_NONCE, "no nonce");
    judge("old", show(&request, proof_of(&ed, claims_but("nonce", old))), MCP_USE_NONCE, "too old");
    assert_int_equal(memory.adds, 0);
    judge("good", show(&request, proof_of(&ed, claims_but("nonce", good))), MCP_OK, NULL);
}

/* ---- what a token demands ---- */

#define SHA "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"

static const struct {
    const char *claims;
    mcp_rc rc;
    const char *jkt, *x5t, *detail;
} binding_rows[] = {
    { "{}", MCP_OK, NULL, NULL, NULL },
    { "{\"cnf\":{\"jkt\":\"" SHA "\"}}", MCP_OK, SHA, NULL, NULL },
    { "{\"cnf\":{\"x5t#S256\":\"" SHA "\"}}", MCP_OK, NULL, SHA, NULL },
    { "{\"cnf\":{\"x5t#S256\":\"" SHA "\",\"jkt\":\"" SHA "\"}}", MCP_OK, SHA, SHA, NULL },
    { "{\"cnf\":{}}", MCP_BAD_TOKEN, NULL, NULL, "no key" },
    { "{\"cnf\":null}", MCP_BAD_TOKEN, NULL, NULL, "no key" },
    { "{\"cnf\":\"" SHA "\"}", MCP_BAD_TOKEN, NULL, NULL, "no key" },
    { "{\"cnf\":[{\"jkt\":\"" SHA "\"}]}", MCP_BAD_TOKEN, NULL, NULL, "no key" },
    { "{\"cnf\":{\"kid\":\"a\"}}", MCP_BAD_TOKEN, NULL, NULL, "kid" },
    { "{\"cnf\":{\"jkt\":\"" SHA "\",\"jwk\":{}}}", MCP_BAD_TOKEN, NULL, NULL, "jwk" },
    { "{\"cnf\":{\"JKT\":\"" SHA "\"}}", MCP_BAD_TOKEN, NULL, NULL, "JKT" },
    { "{\"cnf\":{\"jkt\":1}}", MCP_BAD_TOKEN, NULL, NULL, "SHA-256" },
    { "{\"cnf\":{\"jkt\":\"\"}}", MCP_BAD_TOKEN, NULL, NULL, "SHA-256" },
    { "{\"cnf\":{\"jkt\":\"AAAA\"}}", MCP_BAD_TOKEN, NULL, NULL, "SHA-256" },
    { "{\"cnf\":{\"jkt\":\"" SHA "=\"}}", MCP_BAD_TOKEN, NULL, NULL, "SHA-256" },
    { "{\"cnf\":{\"jkt\":\"" SHA "AA\"}}", MCP_BAD_TOKEN, NULL, NULL, "SHA-256" }
};

static void bindings_are_read(void **state)
{
    mcp_binding binding;
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(binding_rows); i++) {
        json_t *claims = mcp_json_own(ctx->pool, json_loads(binding_rows[i].claims, 0, NULL));
        mcp_ctx_clear(ctx);
        judge(binding_rows[i].claims, mcp_binding_read(ctx, claims, &binding), binding_rows[i].rc, binding_rows[i].detail);
        if (binding_rows[i].rc) continue;
        assert_int_equal(!binding.jkt, !binding_rows[i].jkt);
        assert_int_equal(!binding.x5t, !binding_rows[i].x5t);
        if (binding.jkt) assert_string_equal(binding.jkt, binding_rows[i].jkt);
        if (binding.x5t) assert_string_equal(binding.x5t, binding_rows[i].x5t);
    }
}

/* ---- client certificates ---- */

static apr_status_t free_x509(void *x)
{
    X509_free(x);
    return APR_SUCCESS;
}

static X509 *certificate(int serial)
{
    X509 *x = X509_new();

    apr_pool_cleanup_register(ctx->pool, x, free_x509, apr_pool_cleanup_null);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 60);
    X509_set_pubkey(x, ec.pkey);
    assert_true(X509_sign(x, ec.pkey, EVP_sha256()) > 0);
    return x;
}

static const char *pem_of(X509 *x)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *text;
    char *bytes;
    long len;

    assert_int_equal(PEM_write_bio_X509(bio, x), 1);
    len = BIO_get_mem_data(bio, &bytes);
    text = apr_pstrmemdup(ctx->pool, bytes, (apr_size_t)len);
    BIO_free(bio);
    return text;
}

static mcp_rc present(const char *x5t, const char *bytes, size_t len)
{
    mcp_binding binding = { NULL, x5t };

    mcp_ctx_clear(ctx);
    return mcp_binding_check_certificate(ctx, &binding, bytes, len);
}

static void certificates_are_compared(void **state)
{
    X509 *own = certificate(1), *other = certificate(2);
    unsigned char *der = NULL;
    int len = i2d_X509(own, &der);
    const char *x5t = digest_of(der, (size_t)len), *pem = pem_of(own), *foreign = pem_of(other), *cut = apr_pstrmemdup(ctx->pool, pem, strlen(pem) / 2);
    const char *key_pem = apr_pstrcat(ctx->pool, "-----BEGIN PUBLIC KEY-----", strchr(pem, '\n'), NULL);
    const char *bytes = apr_pstrmemdup(ctx->pool, (const char *)der, (apr_size_t)len);

    (void)state;
    OPENSSL_free(der);
    judge("PEM", present(x5t, pem, strlen(pem)), MCP_OK, NULL);
    judge("DER", present(x5t, bytes, (size_t)len), MCP_OK, NULL);
    judge("blanks behind", present(x5t, apr_pstrcat(ctx->pool, pem, " \r\n", NULL), strlen(pem) + 3), MCP_OK, NULL);
    judge("not demanded", present(NULL, NULL, 0), MCP_OK, NULL);
    judge("none", present(x5t, "", 0), MCP_BAD_TOKEN, "demands");
    judge("another", present(x5t, foreign, strlen(foreign)), MCP_BAD_TOKEN, "another");
    judge("two", present(x5t, apr_pstrcat(ctx->pool, pem, foreign, NULL), strlen(pem) + strlen(foreign)), MCP_BAD_TOKEN, "single");
    judge("half", present(x5t, cut, strlen(cut)), MCP_BAD_TOKEN, "single");
    judge("a word", present(x5t, "(null)", 6), MCP_BAD_TOKEN, "single");
    judge("a key", present(x5t, key_pem, strlen(key_pem)), MCP_BAD_TOKEN, "single");
    judge("DER, cut", present(x5t, bytes, (size_t)len - 1), MCP_BAD_TOKEN, "cannot be read");
    judge("DER and more", present(x5t, apr_pstrmemdup(ctx->pool, bytes, (apr_size_t)len), (size_t)len + 1), MCP_BAD_TOKEN, "cannot be read");
    judge("PEM of no certificate", present(x5t, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 59), MCP_BAD_TOKEN, NULL);
    judge("very large", present(x5t, pem, 1024 * 1024), MCP_BAD_TOKEN, "larger");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_rfcs_own_proof), TEST(every_algorithm_serves), TEST(headers_are_judged), TEST(the_shape_is_judged), TEST(keys_that_cost_too_much),
        TEST(the_token_names_the_key), TEST(claims_are_judged), TEST(spellings_of_one_target), TEST(the_window_is_configured),
        TEST(a_proof_is_shown_once), TEST(a_request_for_a_token_teaches_the_key), TEST(another_key_may_use_the_same_jti), TEST(a_store_in_trouble_refuses),
        TEST(nonces_are_judged), TEST(nonces_change_by_the_minute), TEST(a_proof_may_need_a_nonce),
        TEST(bindings_are_read), TEST(certificates_are_compared)
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, make_holders, free_holders);
    apr_terminate();
    return failed;
}
