/* Threat: a token of another issuer, for another server, or from another time opens this one. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <openssl/pem.h>
#include "mcp/token.h"
#include "token_fixture.h"

#define ISS "https://as.example"
#define AUD "https://mcp.example/mcp"
#define NOW 1700000000
#define GOOD_ISS "\"" ISS "\""
#define GOOD_AUD "\"" AUD "\""
#define GOOD_SUB "\"alice\""
#define GOOD_EXP "1700000060"
#define GOOD GOOD_ISS, GOOD_AUD, GOOD_SUB, GOOD_EXP

enum { LEEWAY = 30, MINTS = 400 };

static EVP_PKEY *signer;
static mcp_key signer_key;
static const mcp_keys signer_keys = { 1, &signer_key, 0 };
static const mcp_token_profile profile = { ISS, AUD, &signer_keys, LEEWAY };

static int make_signer(void **state)
{
    (void)state;
    signer = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    signer_key = (mcp_key){ NULL, MCP_ALG_EDDSA, signer, NULL };
    return signer ? 0 : -1;
}

static int free_signer(void **state)
{
    (void)state;
    EVP_PKEY_free(signer);
    return 0;
}

static int start(void **state)
{
    if (begin(state)) return -1;
    ctx->now = apr_time_from_sec(NOW);
    return 0;
}

static mcp_rc verify(const char *header, const char *claims, mcp_token *out)
{
    const char *text = sign(MCP_ALG_EDDSA, signer, header, claims);

    mcp_ctx_clear(ctx);
    return mcp_token_verify(ctx, &profile, text, strlen(text), out);
}

static const char *member(const char *before, const char *name, const char *value)
{
    if (!value) return before;
    return apr_psprintf(ctx->pool, "%s%s\"%s\":%s", before, *before ? "," : "", name, value);
}

static const char *claims_of(const char *iss, const char *aud, const char *sub, const char *exp, const char *extra)
{
    const char *text = member(member(member(member("", "iss", iss), "aud", aud), "sub", sub), "exp", exp);

    return apr_pstrcat(ctx->pool, "{", text, extra ? extra : "", "}", NULL);
}

/* Each refused row differs from the good token by one thing. */
static const struct {
    const char *name, *iss, *aud, *sub, *exp, *extra;
    mcp_rc rc;
    const char *detail;
} rows[] = {
    { "good", GOOD, NULL, MCP_OK, NULL },
    { "iss missing", NULL, GOOD_AUD, GOOD_SUB, GOOD_EXP, NULL, MCP_BAD_TOKEN, "iss" },
    { "iss of another", "\"https://as.example.evil\"", GOOD_AUD, GOOD_SUB, GOOD_EXP, NULL, MCP_BAD_TOKEN, "iss" },
    { "iss with a slash", "\"" ISS "/\"", GOOD_AUD, GOOD_SUB, GOOD_EXP, NULL, MCP_BAD_TOKEN, "iss" },
    { "iss in capitals", "\"HTTPS://as.example\"", GOOD_AUD, GOOD_SUB, GOOD_EXP, NULL, MCP_BAD_TOKEN, "iss" },
    { "iss a list", "[" GOOD_ISS "]", GOOD_AUD, GOOD_SUB, GOOD_EXP, NULL, MCP_BAD_TOKEN, "iss" },
    { "iss empty", "\"\"", GOOD_AUD, GOOD_SUB, GOOD_EXP, NULL, MCP_BAD_TOKEN, "iss" },
    { "aud missing", GOOD_ISS, NULL, GOOD_SUB, GOOD_EXP, NULL, MCP_BAD_TOKEN, "aud" },
    { "aud of another", GOOD_ISS, "\"https://other.example/mcp\"", GOOD_SUB, GOOD_EXP, NULL, MCP_BAD_TOKEN, "aud" },
    { "aud a prefix", GOOD_ISS, "\"https://mcp.example\"", GOOD_SUB, GOOD_EXP, NULL, MCP_BAD_TOKEN, "aud" },
    { "aud with a slash", GOOD_ISS, "\"" AUD "/\"", GOOD_SUB, GOOD_EXP, NULL, MCP_BAD_TOKEN, "aud" },
    { "aud a list with ours", GOOD_ISS, "[\"https://other.example\"," GOOD_AUD "]", GOOD_SUB, GOOD_EXP, NULL, MCP_OK, NULL },
    { "aud a list without ours", GOOD_ISS, "[\"https://other.example\"]", GOOD_SUB, GOOD_EXP, NULL, MCP_BAD_TOKEN, "aud" },
    { "aud an empty list", GOOD_ISS, "[]", GOOD_SUB, GOOD_EXP, NULL, MCP_BAD_TOKEN, "aud" },
    { "aud a list in a list", GOOD_ISS, "[[" GOOD_AUD "]]", GOOD_SUB, GOOD_EXP, NULL, MCP_BAD_TOKEN, "aud" },
    { "aud an object", GOOD_ISS, "{" GOOD_AUD ":" GOOD_AUD "}", GOOD_SUB, GOOD_EXP, NULL, MCP_BAD_TOKEN, "aud" },
    { "aud a blank-separated list", GOOD_ISS, "\"https://other.example " AUD "\"", GOOD_SUB, GOOD_EXP, NULL, MCP_BAD_TOKEN, "aud" },
    { "aud null", GOOD_ISS, "null", GOOD_SUB, GOOD_EXP, NULL, MCP_BAD_TOKEN, "aud" },
    { "sub missing", GOOD_ISS, GOOD_AUD, NULL, GOOD_EXP, NULL, MCP_BAD_TOKEN, "sub is missing" },
    { "sub empty", GOOD_ISS, GOOD_AUD, "\"\"", GOOD_EXP, NULL, MCP_BAD_TOKEN, "sub is missing" },
    { "sub a number", GOOD_ISS, GOOD_AUD, "7", GOOD_EXP, NULL, MCP_BAD_TOKEN, "sub is missing" },
    { "exp missing", GOOD_ISS, GOOD_AUD, GOOD_SUB, NULL, NULL, MCP_BAD_TOKEN, "exp is missing" },
    { "exp within the leeway", GOOD_ISS, GOOD_AUD, GOOD_SUB, "1699999971", NULL, MCP_OK, NULL },
    { "exp at the leeway's end", GOOD_ISS, GOOD_AUD, GOOD_SUB, "1699999970", NULL, MCP_EXPIRED_TOKEN, "expired" },
    { "exp long ago", GOOD_ISS, GOOD_AUD, GOOD_SUB, "0", NULL, MCP_EXPIRED_TOKEN, "expired" },
    { "exp 2^53", GOOD_ISS, GOOD_AUD, GOOD_SUB, "9007199254740992", NULL, MCP_OK, NULL },
    { "exp 2^53 + 1", GOOD_ISS, GOOD_AUD, GOOD_SUB, "9007199254740993", NULL, MCP_BAD_TOKEN, "exp is no time" },
    { "exp 2^63 - 1", GOOD_ISS, GOOD_AUD, GOOD_SUB, "9223372036854775807", NULL, MCP_BAD_TOKEN, "exp is no time" },
    { "exp 2^63", GOOD_ISS, GOOD_AUD, GOOD_SUB, "9223372036854775808", NULL, MCP_BAD_TOKEN, "too large" },
    { "exp 1e300", GOOD_ISS, GOOD_AUD, GOOD_SUB, "1e300", NULL, MCP_BAD_TOKEN, "exp is no time" },
    { "exp 1e400", GOOD_ISS, GOOD_AUD, GOOD_SUB, "1e400", NULL, MCP_BAD_TOKEN, "too large" },
    { "exp -1", GOOD_ISS, GOOD_AUD, GOOD_SUB, "-1", NULL, MCP_BAD_TOKEN, "exp is no time" },
    { "exp a string", GOOD_ISS, GOOD_AUD, GOOD_SUB, "\"1700000060\"", NULL, MCP_BAD_TOKEN, "exp is no time" },
    { "exp a fraction", GOOD_ISS, GOOD_AUD, GOOD_SUB, "1700000060.5", NULL, MCP_BAD_TOKEN, "exp is no time" },
    { "exp with an exponent", GOOD_ISS, GOOD_AUD, GOOD_SUB, "17e9", NULL, MCP_BAD_TOKEN, "exp is no time" },
    { "exp null", GOOD_ISS, GOOD_AUD, GOOD_SUB, "null", NULL, MCP_BAD_TOKEN, "exp is no time" },
    { "exp true", GOOD_ISS, GOOD_AUD, GOOD_SUB, "true", NULL, MCP_BAD_TOKEN, "exp is no time" },
    { "exp a list", GOOD_ISS, GOOD_AUD, GOOD_SUB, "[1700000060]", NULL, MCP_BAD_TOKEN, "exp is no time" },
    { "exp twice", GOOD, ",\"exp\":9007199254740992", MCP_BAD_TOKEN, "stands twice" },
    { "sub twice", GOOD, ",\"sub\":\"root\"", MCP_BAD_TOKEN, "stands twice" },
    { "nbf past", GOOD, ",\"nbf\":1700000000", MCP_OK, NULL },
    { "nbf within the leeway", GOOD, ",\"nbf\":1700000030", MCP_OK, NULL },
    { "nbf ahead", GOOD, ",\"nbf\":1700000031", MCP_BAD_TOKEN, "nbf lies ahead" },
    { "nbf a string", GOOD, ",\"nbf\":\"0\"", MCP_BAD_TOKEN, "nbf is no time" },
    { "nbf below 0", GOOD, ",\"nbf\":-1", MCP_BAD_TOKEN, "nbf is no time" },
    { "iat past", GOOD, ",\"iat\":1", MCP_OK, NULL },
    { "iat within the leeway", GOOD, ",\"iat\":1700000030", MCP_OK, NULL },
    { "iat ahead", GOOD, ",\"iat\":1700000031", MCP_BAD_TOKEN, "iat lies ahead" },
    { "iat a fraction", GOOD, ",\"iat\":1.5", MCP_BAD_TOKEN, "iat is no time" },
};

static void claims_are_judged(void **state)
{
    mcp_token token;
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        const char *claims = claims_of(rows[i].iss, rows[i].aud, rows[i].sub, rows[i].exp, rows[i].extra);
        judge(rows[i].name, verify("{\"alg\":\"EdDSA\"}", claims, &token), rows[i].rc, rows[i].detail);
        if (!rows[i].rc) assert_string_equal(token.sub, "alice");
        if (!rows[i].rc) assert_int_equal(token.exp, strtoll(rows[i].exp, NULL, 10));
    }
}

static const struct {
    const char *typ;
    mcp_rc rc;
} types[] = {
    { ",\"typ\":\"at+jwt\"", MCP_OK }, { ",\"typ\":\"AT+JWT\"", MCP_OK }, { ",\"typ\":\"application/at+jwt\"", MCP_OK },
    { ",\"typ\":\"JWT\"", MCP_OK }, { "", MCP_OK },
    { ",\"typ\":\"\"", MCP_BAD_TOKEN }, { ",\"typ\":\"at+jwt \"", MCP_BAD_TOKEN }, { ",\"typ\":\"dpop+jwt\"", MCP_BAD_TOKEN },
    { ",\"typ\":\"logout+jwt\"", MCP_BAD_TOKEN }, { ",\"typ\":1", MCP_BAD_TOKEN }, { ",\"typ\":null", MCP_BAD_TOKEN },
    { ",\"typ\":[\"at+jwt\"]", MCP_BAD_TOKEN },
};

/* RFC 8725 3.11: a token made for another purpose is none. */
static void types_are_judged(void **state)
{
    mcp_token token;
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(types); i++)
        judge(types[i].typ, verify(apr_pstrcat(ctx->pool, "{\"alg\":\"EdDSA\"", types[i].typ, "}", NULL), claims_of(GOOD, NULL), &token),
              types[i].rc, types[i].rc ? "typ" : NULL);
}

static const struct {
    const char *extra, *scope, *client_id, *jti;
} read_rows[] = {
    { "", "", "", "" },
    { ",\"scope\":\"a b\",\"client_id\":\"c\",\"jti\":\"j\"", "a b", "c", "j" },
    { ",\"scp\":\"a b\"", "a b", "", "" },
    { ",\"scp\":[\"a\",\"b\"]", "a b", "", "" },
    { ",\"scp\":[\"a\",1,null,\"b\"]", "a b", "", "" },
    { ",\"scp\":[]", "", "", "" },
    { ",\"scp\":{\"a\":1}", "", "", "" },
    { ",\"scope\":\"a\",\"scp\":[\"b\"]", "a", "", "" },
    { ",\"scope\":7", "", "", "" },
    { ",\"azp\":\"c\"", "", "c", "" },
    { ",\"azp\":\"d\",\"client_id\":\"c\"", "", "c", "" },
    { ",\"client_id\":7,\"jti\":7", "", "", "" },
};

static void claims_are_read(void **state)
{
    mcp_token token;
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(read_rows); i++) {
        judge(read_rows[i].extra, verify("{\"alg\":\"EdDSA\"}", claims_of(GOOD, read_rows[i].extra), &token), MCP_OK, NULL);
        assert_string_equal(token.scope, read_rows[i].scope);
        assert_string_equal(token.client_id, read_rows[i].client_id);
        assert_string_equal(token.jti, read_rows[i].jti);
        assert_string_equal(mcp_json_string(token.claims, "iss"), ISS);
    }
}

static const struct {
    const char *text, *issuer;
} peeks[] = {
    { "x.eyJpc3MiOiJqb2UifQ.y", "joe" }, { ".eyJpc3MiOiJqb2UifQ.", "joe" },
    { "", NULL }, { "x", NULL }, { "x.eyJpc3MiOiJqb2UifQ", NULL }, { "..", NULL }, { "x.!.y", NULL }, { "x.eyJpc3MiOiJqb2UifR.y", NULL },
    { "x.e30.y", NULL }, { "x.W10.y", NULL }, { "x.eyJpc3MiOjF9.y", NULL },
};

static void the_issuer_can_be_peeked(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(peeks); i++) {
        const char *issuer = mcp_token_peek_issuer(ctx, peeks[i].text, strlen(peeks[i].text));
        if (!issuer != !peeks[i].issuer || (issuer && strcmp(issuer, peeks[i].issuer))) fail_msg("%s", peeks[i].text);
        assert_int_equal(ctx->rc, MCP_OK);
    }
}

/* ---- minted here, judged here ---- */

static const mcp_key *key_from(EVP_PKEY *pkey)
{
    char path[] = "/tmp/mcp-token-XXXXXX";
    FILE *f = fdopen(mkstemp(path), "w");
    const mcp_key *key = NULL;

    assert_non_null(pkey);
    assert_int_equal(PEM_write_PrivateKey(f, pkey, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(f), 0);
    EVP_PKEY_free(pkey);
    assert_int_equal(mcp_keys_load(ctx, ctx->pool, path, &key), MCP_OK);
    unlink(path);
    return key;
}

/* What others can fetch of the key. */
static const mcp_keys *published(const mcp_key *key)
{
    const mcp_keys *keys = NULL;
    json_t *doc = NULL;
    const char *text;

    assert_int_equal(mcp_keys_to_jwks(ctx, mcp_keys_of(ctx->pool, key), &doc), MCP_OK);
    text = mcp_json_text(ctx->pool, doc);
    assert_int_equal(mcp_keys_from_jwks(ctx, ctx->pool, text, strlen(text), NULL, &keys), MCP_OK);
    return keys;
}

static void check_header(const char *text, const mcp_keys *keys)
{
    mcp_jws jws;

    assert_int_equal(mcp_jws_verify(ctx, keys, text, strlen(text), &jws), MCP_OK);
    assert_string_equal(mcp_json_string(jws.header, "kid"), keys->key->kid);
    assert_string_equal(mcp_json_string(jws.header, "alg"), mcp_alg_name(keys->key->alg));
    assert_string_equal(mcp_json_string(jws.header, "typ"), "at+jwt");
}

static void round_trip(EVP_PKEY *pkey, mcp_alg alg)
{
    const mcp_token_grant grant = { ISS, AUD, "alice \"a\" \xc3\xa9", "client", "read write", 600, NULL, NULL, NULL };
    const mcp_key *key = key_from(pkey);
    const mcp_token_profile own = { ISS, AUD, published(key), 0 };
    const char *text, *again;
    mcp_token token;

    assert_int_equal(key->alg, alg);
    assert_int_equal(mcp_token_mint(ctx, key, &grant, &text), MCP_OK);
    assert_int_equal(mcp_token_verify(ctx, &own, text, strlen(text), &token), MCP_OK);
    check_header(text, own.keys);
    assert_string_equal(token.sub, grant.sub);
    assert_string_equal(token.client_id, "client");
    assert_string_equal(token.scope, "read write");
    assert_int_equal(strlen(token.jti), 22);
    assert_int_equal(token.exp, NOW + 600);
    assert_int_equal(json_integer_value(json_object_get(token.claims, "iat")), NOW);
    assert_int_equal(mcp_token_mint(ctx, key, &grant, &again), MCP_OK);
    assert_string_not_equal(text, again);
    ctx->now = apr_time_from_sec(NOW + 600);
    assert_int_equal(mcp_token_verify(ctx, &own, text, strlen(text), &token), MCP_EXPIRED_TOKEN);
    ctx->now = apr_time_from_sec(NOW);
    mcp_ctx_clear(ctx);
}

static void minted_tokens_hold(void **state)
{
    (void)state;
    round_trip(EVP_EC_gen("P-256"), MCP_ALG_ES256);
    round_trip(EVP_EC_gen("P-384"), MCP_ALG_ES384);
    round_trip(EVP_RSA_gen(2048), MCP_ALG_RS256);
}

/* One signature in 128 has an R or S of less than 32 bytes, which must be padded. */
static void short_numbers_are_padded(void **state)
{
    const mcp_token_grant grant = { ISS, AUD, "alice", "client", "", 600, NULL, NULL, NULL };
    const mcp_key *key = key_from(EVP_EC_gen("P-256"));
    const mcp_token_profile own = { ISS, AUD, mcp_keys_of(ctx->pool, key), 0 };
    const char *text;
    mcp_token token;
    int i;

    (void)state;
    for (i = 0; i < MINTS; i++) {
        assert_int_equal(mcp_token_mint(ctx, key, &grant, &text), MCP_OK);
        assert_int_equal(strlen(strrchr(text, '.') + 1), 86);
        assert_int_equal(mcp_token_verify(ctx, &own, text, strlen(text), &token), MCP_OK);
    }
    assert_null(json_object_get(token.claims, "scope"));
}

static void unfit_keys_do_not_sign(void **state)
{
    const mcp_token_grant grant = { ISS, AUD, "alice", "client", NULL, 600, NULL, NULL, NULL };
    mcp_key key = *key_from(EVP_EC_gen("P-256"));
    const char *text = NULL;

    (void)state;
    judge("fit", mcp_token_mint(ctx, &key, &grant, &text), MCP_OK, NULL);
    text = NULL;
    judge("Ed25519", mcp_token_mint(ctx, &signer_key, &grant, &text), MCP_INTERNAL, "cannot sign");
    mcp_ctx_clear(ctx);
    key.pem = NULL;
    judge("public", mcp_token_mint(ctx, &key, &grant, &text), MCP_INTERNAL, "cannot sign");
    assert_null(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(claims_are_judged, start, end),
        cmocka_unit_test_setup_teardown(types_are_judged, start, end),
        cmocka_unit_test_setup_teardown(claims_are_read, start, end),
        cmocka_unit_test_setup_teardown(the_issuer_can_be_peeked, start, end),
        cmocka_unit_test_setup_teardown(minted_tokens_hold, start, end),
        cmocka_unit_test_setup_teardown(short_numbers_are_padded, start, end),
        cmocka_unit_test_setup_teardown(unfit_keys_do_not_sign, start, end),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, make_signer, free_signer);
    apr_terminate();
    return failed;
}
