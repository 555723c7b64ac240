/* Threat: a key that is weak, private, meant for something else or readable by others is trusted. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <openssl/pem.h>
#include "token_fixture.h"

#define RFC7638_N "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n" \
    "3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n9" \
    "1CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
#define RSA_OF(e, more) "{\"kty\":\"RSA\",\"n\":\"" RFC7515_N "\",\"e\":\"" e "\"" more "}"
#define RSA(more) RSA_OF("AQAB", more)
#define EC_OF(crv, x, y, more) "{\"kty\":\"EC\",\"crv\":\"" crv "\",\"x\":\"" x "\",\"y\":\"" y "\"" more "}"
#define EC(more) EC_OF("P-256", RFC7515_X, RFC7515_Y, more)
#define ED(more) "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X "\"" more "}"
#define SET(keys) "{\"keys\":[" keys "]}"

enum { RACERS = 8 };

static const char unusable[] = "no usable key";

static const struct {
    const char *name, *text, *only;
    mcp_alg alg;            /* of the first key; MCP_ALG_NONE: refused */
    int count;
    const char *detail;
} sets[] = {
    { "RSA", SET(RSA("")), NULL, MCP_ALG_RS256, 1, NULL },
    { "RSA for RS384", SET(RSA(",\"alg\":\"RS384\"")), NULL, MCP_ALG_RS384, 1, NULL },
    { "RSA for RS512", SET(RSA(",\"alg\":\"RS512\"")), NULL, MCP_ALG_RS512, 1, NULL },
    { "RSA for PS256", SET(RSA(",\"alg\":\"PS256\"")), NULL, MCP_ALG_PS256, 1, NULL },
    { "P-256", SET(EC("")), NULL, MCP_ALG_ES256, 1, NULL },
    { "P-256 for ES256", SET(EC(",\"alg\":\"ES256\"")), NULL, MCP_ALG_ES256, 1, NULL },
    { "Ed25519", SET(ED("")), NULL, MCP_ALG_EDDSA, 1, NULL },
    { "Ed25519 for EdDSA", SET(ED(",\"alg\":\"EdDSA\"")), NULL, MCP_ALG_EDDSA, 1, NULL },
    { "three", SET(RSA("") "," EC("") "," ED("")), NULL, MCP_ALG_RS256, 3, NULL },
    { "a usable one beside others", SET("{\"kty\":\"AKP\"}," RSA(",\"use\":\"enc\"") "," EC("")), NULL, MCP_ALG_ES256, 1, NULL },
    { "members nobody asked for", "{\"x\":1,\"keys\":[" EC(",\"x5c\":[\"a\"]") "]}", NULL, MCP_ALG_ES256, 1, NULL },
    { "use sig", SET(EC(",\"use\":\"sig\"")), NULL, MCP_ALG_ES256, 1, NULL },
    { "use enc", SET(EC(",\"use\":\"enc\"")), NULL, MCP_ALG_NONE, 0, unusable },
    { "use no string", SET(EC(",\"use\":1")), NULL, MCP_ALG_NONE, 0, unusable },
    { "key_ops verify", SET(EC(",\"key_ops\":[\"sign\",\"verify\"]")), NULL, MCP_ALG_ES256, 1, NULL },
    { "key_ops without verify", SET(EC(",\"key_ops\":[\"deriveKey\"]")), NULL, MCP_ALG_NONE, 0, unusable },
    { "key_ops no list", SET(EC(",\"key_ops\":\"verify\"")), NULL, MCP_ALG_NONE, 0, unusable },
    { "alg of another type", SET(EC(",\"alg\":\"RS256\"")), NULL, MCP_ALG_NONE, 0, unusable },
    { "alg of another curve", SET(EC(",\"alg\":\"ES384\"")), NULL, MCP_ALG_NONE, 0, unusable },
    { "alg HS256 on RSA", SET(RSA(",\"alg\":\"HS256\"")), NULL, MCP_ALG_NONE, 0, unusable },
    { "alg none", SET(RSA(",\"alg\":\"none\"")), NULL, MCP_ALG_NONE, 0, unusable },
    { "alg for encryption", SET(RSA(",\"alg\":\"RSA-OAEP\"")), NULL, MCP_ALG_NONE, 0, unusable },
    { "alg no string", SET(RSA(",\"alg\":256")), NULL, MCP_ALG_NONE, 0, unusable },
    { "kty unknown", SET("{\"kty\":\"AKP\",\"pub\":\"AA\"}"), NULL, MCP_ALG_NONE, 0, unusable },
    { "kty missing", SET("{\"n\":\"" RFC7515_N "\",\"e\":\"AQAB\"}"), NULL, MCP_ALG_NONE, 0, unusable },
    { "curve secp256k1", SET(EC_OF("secp256k1", RFC7515_X, RFC7515_Y, "")), NULL, MCP_ALG_NONE, 0, unusable },
    { "curve X25519", SET("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" RFC8037_X "\"}"), NULL, MCP_ALG_NONE, 0, unusable },
    { "point off the curve", SET(EC_OF("P-256", RFC7515_X, RFC7515_X, "")), NULL, MCP_ALG_NONE, 0, unusable },
    { "coordinate too short", SET(EC_OF("P-256", RFC7515_X, "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5Q", "")), NULL, MCP_ALG_NONE, 0, unusable },
    { "coordinate that ends in 0", SET(EC_OF("P-256", "Z_VpCKHSGdjgKnGc0kc4bUszTjPq6QiAVCAmcc4bqQ4", "PEErd0HUh9uU--6ds2nRHppwMG3Zwu9xgSNHXXN-iQA", "")), NULL, MCP_ALG_ES256, 1, NULL },
    { "the same, its 0 left out", SET(EC_OF("P-256", "Z_VpCKHSGdjgKnGc0kc4bUszTjPq6QiAVCAmcc4bqQ4", "PEErd0HUh9uU--6ds2nRHppwMG3Zwu9xgSNHXXN-iQ", "")), NULL, MCP_ALG_NONE, 0, unusable },
    { "coordinate missing", SET("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7515_X "\"}"), NULL, MCP_ALG_NONE, 0, unusable },
    { "coordinate with padding", SET(EC_OF("P-256", RFC7515_X, RFC7515_Y "=", "")), NULL, MCP_ALG_NONE, 0, unusable },
    { "Ed25519 too short", SET("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ\"}"), NULL, MCP_ALG_NONE, 0, unusable },
    { "exponent 1", SET(RSA_OF("AQ", "")), NULL, MCP_ALG_NONE, 0, unusable },
    { "exponent 2", SET(RSA_OF("Ag", "")), NULL, MCP_ALG_NONE, 0, unusable },
    { "exponent 0", SET(RSA_OF("AA", "")), NULL, MCP_ALG_NONE, 0, unusable },
    { "exponent 3", SET(RSA_OF("Aw", "")), NULL, MCP_ALG_RS256, 1, NULL },
    { "modulus missing", SET("{\"kty\":\"RSA\",\"e\":\"AQAB\"}"), NULL, MCP_ALG_NONE, 0, unusable },
    { "modulus empty", SET("{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}"), NULL, MCP_ALG_NONE, 0, unusable },
    { "private", SET(EC(",\"d\":\"AA\"")), NULL, MCP_ALG_NONE, 0, "private or symmetric" },
    { "private beside a usable one", SET(EC("") "," RSA(",\"d\":\"AA\"")), NULL, MCP_ALG_NONE, 0, "private or symmetric" },
    { "private, of a type we do not know", SET(EC("") ",{\"kty\":\"AKP\",\"d\":\"AA\"}"), NULL, MCP_ALG_NONE, 0, "private or symmetric" },
    { "symmetric", SET("{\"kty\":\"oct\",\"k\":\"AA\"}"), NULL, MCP_ALG_NONE, 0, "private or symmetric" },
    { "two kids", SET(EC(",\"kid\":\"a\"") "," RSA(",\"kid\":\"b\"")), NULL, MCP_ALG_ES256, 2, NULL },
    { "one kid twice", SET(EC(",\"kid\":\"a\"") "," RSA(",\"kid\":\"a\"")), NULL, MCP_ALG_NONE, 0, "same kid" },
    { "one kid twice, one left out", SET(EC(",\"kid\":\"a\"") "," RSA(",\"kid\":\"a\",\"use\":\"enc\"")), NULL, MCP_ALG_ES256, 1, NULL },
    { "only one", SET(RSA("") "," EC("")), "ES256", MCP_ALG_ES256, 1, NULL },
    { "only two", SET(RSA("") "," EC("") "," ED("")), "EdDSA,RS256", MCP_ALG_RS256, 2, NULL },
    { "only others", SET(RSA("") "," EC("")), "PS256,EdDSA", MCP_ALG_NONE, 0, unusable },
    { "only half a name", SET(RSA("")), "RS25,RS2560,XRS256", MCP_ALG_NONE, 0, unusable },
    { "only, behind half a name", SET(RSA("")), "RS2560,RS256", MCP_ALG_RS256, 1, NULL },
    { "none", SET(""), NULL, MCP_ALG_NONE, 0, unusable },
    { "keys missing", "{}", NULL, MCP_ALG_NONE, 0, "member keys" },
    { "keys no list", "{\"keys\":" EC("") "}", NULL, MCP_ALG_NONE, 0, "member keys" },
    { "key no object", SET("\"a\""), NULL, MCP_ALG_NONE, 0, "no object" },
    { "key no set", EC(""), NULL, MCP_ALG_NONE, 0, "member keys" },
};

static void sets_are_read(void **state)
{
    const mcp_keys *keys;
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(sets); i++) {
        mcp_ctx_clear(ctx);
        keys = NULL;
        judge(sets[i].name, mcp_keys_from_jwks(ctx, ctx->pool, sets[i].text, strlen(sets[i].text), sets[i].only, &keys),
              sets[i].alg ? MCP_OK : MCP_BAD_CONFIG, sets[i].detail);
        if (!sets[i].alg) assert_null(keys);
        if (!sets[i].alg) continue;
        assert_int_equal(keys->count, sets[i].count);
        if (keys->key[0].alg != sets[i].alg) fail_msg("%s: %s", sets[i].name, mcp_alg_name(keys->key[0].alg));
        assert_non_null(keys->key[0].pkey);
        assert_null(keys->key[0].pem);
    }
}

static mcp_rc read_set(const char *text, const mcp_keys **keys)
{
    mcp_ctx_clear(ctx);
    return mcp_keys_from_jwks(ctx, ctx->pool, text, strlen(text), NULL, keys);
}

static void sets_are_strict_json(void **state)
{
    const mcp_keys *keys;
    char *large = apr_palloc(ctx->pool, 300 * 1024);

    (void)state;
    judge("no JSON", read_set("keys", &keys), MCP_BAD_JSON, "not JSON");
    judge("member twice", read_set("{\"keys\":[],\"keys\":[" EC("") "]}", &keys), MCP_BAD_JSON, "stands twice");
    memset(large, ' ', 300 * 1024);
    mcp_ctx_clear(ctx);
    judge("too large", mcp_keys_from_jwks(ctx, ctx->pool, large, 300 * 1024, NULL, &keys), MCP_TOO_LARGE, "262144 are accepted");
}

static const char *many(int n)
{
    const char *text = EC("");
    int i;

    for (i = 1; i < n; i++) text = apr_pstrcat(ctx->pool, text, "," EC(""), NULL);
    return apr_pstrcat(ctx->pool, "{\"keys\":[", text, "]}", NULL);
}

static void sets_have_a_cap(void **state)
{
    const mcp_keys *keys;

    (void)state;
    judge("at the cap", read_set(many(64), &keys), MCP_OK, NULL);
    assert_int_equal(keys->count, 64);
    judge("above the cap", read_set(many(65), &keys), MCP_BAD_CONFIG, "at most 64");
}

/* 16384 bits are 2731 letters, the last of which has two to spare. */
static void moduli_have_a_cap(void **state)
{
    char *n = apr_pcalloc(ctx->pool, 2734);
    const mcp_keys *keys;

    (void)state;
    memset(n, '_', 2730);
    n[2730] = '8';
    judge("16384 bits", read_set(apr_pstrcat(ctx->pool, "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"", n, "\"}]}", NULL), &keys), MCP_OK, NULL);
    memset(n, '_', 2732);
    judge("16392 bits", read_set(apr_pstrcat(ctx->pool, "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"", n, "\"}]}", NULL), &keys), MCP_BAD_CONFIG, unusable);
}

static void names_are_exact(void **state)
{
    static const char *const known[] = { "RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA" };
    static const char *const unknown[] = { "", "none", "HS256", "HS384", "HS512", "rs256", "RS256 ", "eddsa", "ES256K", "ES512", "PS384" };
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(known); i++) assert_string_equal(mcp_alg_name(mcp_alg_by_name(known[i])), known[i]);
    for (i = 0; i < ROWS(unknown); i++) assert_int_equal(mcp_alg_by_name(unknown[i]), MCP_ALG_NONE);
    assert_int_equal(mcp_alg_by_name(NULL), MCP_ALG_NONE);
}

/* Published vectors: RFC 7638 3.1 and RFC 8037 A.3. */
static void thumbprints_are_the_published(void **state)
{
    const mcp_keys *keys;

    (void)state;
    assert_int_equal(read_set(SET("{\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}"), &keys), MCP_OK);
    assert_string_equal(keys->key->kid, "2011-04-29");
    assert_string_equal(mcp_keys_thumbprint(ctx->pool, keys->key), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_int_equal(read_set(SET(ED("")), &keys), MCP_OK);
    assert_string_equal(mcp_keys_thumbprint(ctx->pool, keys->key), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

static void what_is_written_can_be_read(void **state)
{
    const mcp_keys *keys, *again;
    json_t *doc = NULL;
    int i;

    (void)state;
    assert_int_equal(read_set(SET(RSA(",\"alg\":\"PS256\",\"kid\":\"r\"") "," EC(",\"kid\":\"e\"") "," ED("")), &keys), MCP_OK);
    assert_int_equal(mcp_keys_to_jwks(ctx, keys, &doc), MCP_OK);
    assert_int_equal(read_set(mcp_json_text(ctx->pool, doc), &again), MCP_OK);
    assert_int_equal(again->count, 3);
    for (i = 0; i < 3; i++) {
        assert_int_equal(again->key[i].alg, keys->key[i].alg);
        assert_int_equal(EVP_PKEY_eq(again->key[i].pkey, keys->key[i].pkey), 1);
    }
    assert_string_equal(again->key[0].kid, "r");
    assert_string_equal(again->key[1].kid, "e");
    assert_null(again->key[2].kid);
}

/* ---- files ---- */

static char folder[sizeof "/tmp/mcp-keys-XXXXXX"];

static int make_folder(void **state)
{
    strcpy(folder, "/tmp/mcp-keys-XXXXXX");
    return begin(state) || !mkdtemp(folder) ? -1 : 0;
}

static int count_files(int remove_them)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int n = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.') continue;
        if (remove_them) unlink(apr_pstrcat(ctx->pool, folder, "/", entry->d_name, NULL));
        n++;
    }
    closedir(dir);
    return n;
}

static int remove_folder(void **state)
{
    count_files(1);
    rmdir(folder);
    return end(state);
}

static const char *in_folder(const char *name)
{
    return apr_pstrcat(ctx->pool, folder, "/", name, NULL);
}

static const char *write_text(const char *text, mode_t mode)
{
    const char *path = in_folder("key.pem");
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

/* The PEM text of a new private key, which is then forgotten. */
static const char *pem_of(EVP_PKEY *pkey, const EVP_CIPHER *cipher, int public_half)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *text;
    char *data;
    long len;

    assert_non_null(pkey);
    if (public_half) assert_int_equal(PEM_write_bio_PUBKEY(bio, pkey), 1);
    else assert_int_equal(PEM_write_bio_PrivateKey(bio, pkey, cipher, cipher ? (const unsigned char *)"secret" : NULL, cipher ? 6 : 0, NULL, NULL), 1);
    len = BIO_get_mem_data(bio, &data);
    text = apr_pstrmemdup(ctx->pool, data, (apr_size_t)len);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return text;
}

static const char *pem(EVP_PKEY *pkey)
{
    return pem_of(pkey, NULL, 0);
}

static void load(const char *name, const char *text, mode_t mode, mcp_alg alg, const char *detail)
{
    const mcp_key *key = NULL;
    const char *path = write_text(text, mode);

    mcp_ctx_clear(ctx);
    judge(name, mcp_keys_load(ctx, ctx->pool, path, &key), alg ? MCP_OK : MCP_BAD_CONFIG, detail);
    if (!alg) {
        assert_null(key);
        assert_null(strstr(ctx->detail, "BEGIN"));
        assert_non_null(strstr(ctx->detail, path));
        return;
    }
    assert_int_equal(key->alg, alg);
    assert_string_equal(key->pem, text);
    assert_string_equal(key->kid, mcp_keys_thumbprint(ctx->pool, key));
}

static void signing_keys_are_fit(void **state)
{
    (void)state;
    load("P-256", pem(EVP_EC_gen("P-256")), 0600, MCP_ALG_ES256, NULL);
    load("P-384", pem(EVP_EC_gen("P-384")), 0600, MCP_ALG_ES384, NULL);
    load("RSA", pem(EVP_RSA_gen(2048)), 0600, MCP_ALG_RS256, NULL);
    load("RSA too small", pem(EVP_RSA_gen(1024)), 0600, MCP_ALG_NONE, "at least 2048 bits");
    load("Ed25519", pem(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")), 0600, MCP_ALG_NONE, "Ed25519 keys cannot sign here");
    load("Ed448", pem(EVP_PKEY_Q_keygen(NULL, NULL, "ED448")), 0600, MCP_ALG_NONE, "a signing key is");
    load("P-521", pem(EVP_EC_gen("P-521")), 0600, MCP_ALG_NONE, "a signing key is");
    load("secp256k1", pem(EVP_EC_gen("secp256k1")), 0600, MCP_ALG_NONE, "a signing key is");
    load("brainpoolP256r1", pem(EVP_EC_gen("brainpoolP256r1")), 0600, MCP_ALG_NONE, "a signing key is");
    load("brainpoolP384r1", pem(EVP_EC_gen("brainpoolP384r1")), 0600, MCP_ALG_NONE, "a signing key is");
    load("the public half", pem_of(EVP_EC_gen("P-256"), NULL, 1), 0600, MCP_ALG_NONE, "no PEM private key");
    load("a passphrase", pem_of(EVP_EC_gen("P-256"), EVP_aes_128_cbc(), 0), 0600, MCP_ALG_NONE, "without a passphrase");
    load("nothing", "", 0600, MCP_ALG_NONE, "no PEM private key");
    load("no PEM", "key", 0600, MCP_ALG_NONE, "no PEM private key");
}

static void key_files_are_private(void **state)
{
    static const struct { mode_t mode; mcp_alg alg; } modes[] = {
        { 0600, MCP_ALG_ES256 }, { 0400, MCP_ALG_ES256 }, { 0700, MCP_ALG_ES256 },
        { 0640, MCP_ALG_NONE }, { 0604, MCP_ALG_NONE }, { 0644, MCP_ALG_NONE }, { 0620, MCP_ALG_NONE }, { 0602, MCP_ALG_NONE },
    };
    const char *text = pem(EVP_EC_gen("P-256"));
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(modes); i++) {
        load(apr_psprintf(ctx->pool, "mode %o", modes[i].mode), text, modes[i].mode, modes[i].alg, modes[i].alg ? NULL : "chmod 600");
        unlink(in_folder("key.pem"));
    }
}

static void key_files_are_files(void **state)
{
    const mcp_key *key = NULL;
    char *large = apr_pcalloc(ctx->pool, 64 * 1024 + 2);

    (void)state;
    judge("missing", mcp_keys_load(ctx, ctx->pool, in_folder("none"), &key), MCP_BAD_CONFIG, "cannot be read: No such file or directory; to make one: openssl genpkey -algorithm EC");
    assert_non_null(strstr(ctx->detail, apr_pstrcat(ctx->pool, "; chmod 600 ", in_folder("none"), NULL)));
    mcp_ctx_clear(ctx);
    judge("folder", mcp_keys_load(ctx, ctx->pool, folder, &key), MCP_BAD_CONFIG, "no regular file");
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    mcp_ctx_clear(ctx);
    judge("pipe", mcp_keys_load(ctx, ctx->pool, in_folder("pipe"), &key), MCP_BAD_CONFIG, "no regular file");
    memset(large, 'x', 64 * 1024 + 1);
    load("large", large, 0600, MCP_ALG_NONE, "larger than a key");
}

static void published_sets_hold_no_secret(void **state)
{
    EVP_PKEY *const pkeys[] = { EVP_EC_gen("P-256"), EVP_EC_gen("P-384"), EVP_RSA_gen(2048) };
    static const char *const secrets[] = { "d", "p", "q", "dp", "dq", "qi", "k" };
    const mcp_key *key;
    json_t *doc = NULL, *jwk;
    size_t i, j;

    (void)state;
    for (i = 0; i < ROWS(pkeys); i++) {
        assert_int_equal(mcp_keys_load(ctx, ctx->pool, write_text(pem(pkeys[i]), 0600), &key), MCP_OK);
        assert_int_equal(mcp_keys_to_jwks(ctx, mcp_keys_of(ctx->pool, key), &doc), MCP_OK);
        jwk = json_array_get(json_object_get(doc, "keys"), 0);
        for (j = 0; j < ROWS(secrets); j++) assert_null(json_object_get(jwk, secrets[j]));
        assert_string_equal(mcp_json_string(jwk, "use"), "sig");
        assert_string_equal(mcp_json_string(jwk, "kid"), key->kid);
        assert_string_equal(mcp_json_string(jwk, "alg"), mcp_alg_name(key->alg));
    }
}

static void keys_are_created_once(void **state)
{
    const char *path = in_folder("new.pem");
    const mcp_key *key = NULL, *again = NULL;
    mode_t mask = umask(0);
    struct stat st;

    (void)state;
    judge("new", mcp_keys_create(ctx, ctx->pool, path, &key), MCP_OK, NULL);
    umask(mask);
    assert_int_equal(key->alg, MCP_ALG_ES256);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    judge("there", mcp_keys_create(ctx, ctx->pool, path, &again), MCP_OK, NULL);
    assert_string_equal(key->kid, again->kid);
    assert_int_equal(count_files(0), 1);
}

static void what_stands_there_is_kept(void **state)
{
    const mcp_key *key = NULL;
    const char *path = write_text("precious", 0600);
    struct stat st;

    (void)state;
    judge("no key", mcp_keys_create(ctx, ctx->pool, path, &key), MCP_BAD_CONFIG, "no PEM private key");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, strlen("precious"));
    assert_int_equal(chmod(path, 0644), 0);
    mcp_ctx_clear(ctx);
    judge("open to others", mcp_keys_create(ctx, ctx->pool, path, &key), MCP_BAD_CONFIG, "chmod 600");
    mcp_ctx_clear(ctx);
    judge("no folder", mcp_keys_create(ctx, ctx->pool, in_folder("none/key.pem"), &key), MCP_BAD_CONFIG, "cannot be created: No such file or directory");
    assert_int_equal(symlink("nowhere", in_folder("dangling.pem")), 0);
    mcp_ctx_clear(ctx);
    judge("a link to nowhere", mcp_keys_create(ctx, ctx->pool, in_folder("dangling.pem"), &key), MCP_BAD_CONFIG, "cannot be read");
    assert_int_equal(count_files(0), 2);
}

/* Waits for the gate to close, then creates and says which key it has. */
static void race(int gate, int answer, const char *path)
{
    const mcp_key *key;
    char c;

    if (read(gate, &c, 1) || mcp_keys_create(ctx, ctx->pool, path, &key) || write(answer, key->kid, 43) != 43) _exit(1);
    _exit(0);
}

static void of_many_at_once_one_wins(void **state)
{
    char kids[RACERS][43];
    int gate[2], answers[2], status, i;

    (void)state;
    assert_int_equal(pipe(gate), 0);
    assert_int_equal(pipe(answers), 0);
    for (i = 0; i < RACERS; i++) {
        pid_t child = fork();
        assert_int_not_equal(child, -1);
        if (child) continue;
        close(gate[1]);
        race(gate[0], answers[1], in_folder("raced.pem"));
    }
    close(gate[1]);
    for (i = 0; i < RACERS; i++) {
        assert_int_not_equal(wait(&status), -1);
        assert_int_equal(status, 0);
    }
    for (i = 0; i < RACERS; i++) {
        assert_int_equal(read(answers[0], kids[i], sizeof kids[i]), sizeof kids[i]);
        assert_memory_equal(kids[i], kids[0], sizeof kids[i]);
    }
    close(gate[0]);
    close(answers[0]);
    close(answers[1]);
    assert_int_equal(count_files(0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sets_are_read, begin, end),
        cmocka_unit_test_setup_teardown(sets_are_strict_json, begin, end),
        cmocka_unit_test_setup_teardown(sets_have_a_cap, begin, end),
        cmocka_unit_test_setup_teardown(moduli_have_a_cap, begin, end),
        cmocka_unit_test_setup_teardown(names_are_exact, begin, end),
        cmocka_unit_test_setup_teardown(thumbprints_are_the_published, begin, end),
        cmocka_unit_test_setup_teardown(what_is_written_can_be_read, begin, end),
        cmocka_unit_test_setup_teardown(signing_keys_are_fit, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(key_files_are_private, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(key_files_are_files, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(published_sets_hold_no_secret, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(keys_are_created_once, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_stands_there_is_kept, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(of_many_at_once_one_wins, make_folder, remove_folder),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
