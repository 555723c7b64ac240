#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_atomic.h>
#include <apr_strings.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include "mcp/keys.h"
#include "mcp/text.h"

enum { RSA_MIN_BITS = 2048, KEY_FILE_MAX = 64 * 1024, KEYS_MAX = 64, ED25519_LEN = 32 };

static const char *const names[] = { "", "RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA" };
static const mcp_json_caps jwks_caps = { 256 * 1024, 8 };

mcp_alg mcp_alg_by_name(const char *name)
{
    int i;

    for (i = MCP_ALG_RS256; name && i <= MCP_ALG_EDDSA; i++)
        if (!strcmp(names[i], name)) return (mcp_alg)i;
    return MCP_ALG_NONE;
}

const char *mcp_alg_name(mcp_alg alg)
{
    return names[alg];
}

static apr_status_t release(void *pkey)
{
    EVP_PKEY_free(pkey);
    return APR_SUCCESS;
}

static EVP_PKEY *own(apr_pool_t *p, EVP_PKEY *pkey)
{
    if (pkey) apr_pool_cleanup_register(p, pkey, release, apr_pool_cleanup_null);
    return pkey;
}

/* ---- JWK (RFC 7517, 7518, 8037) to EVP_PKEY ---- */

static mcp_rc member_bytes(mcp_ctx *ctx, const json_t *jwk, const char *name, unsigned char **bytes, size_t *len)
{
    const char *text = mcp_json_string(jwk, name);

    if (!text) return mcp_fail(ctx, MCP_BAD_CONFIG, "a key lacks member %s", name);
    return mcp_text_base64url_decode(ctx, text, strlen(text), bytes, len);
}

static EVP_PKEY *from_params(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pkey = NULL;

    if (c && params && EVP_PKEY_fromdata_init(c) == 1 && EVP_PKEY_fromdata(c, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) pkey = NULL;
    EVP_PKEY_CTX_free(c);
    return pkey;
}

/* OpenSSL verifies nothing beyond the upper bound. */
static int is_sound_size(const EVP_PKEY *rsa)
{
    return EVP_PKEY_get_bits(rsa) >= RSA_MIN_BITS && EVP_PKEY_get_bits(rsa) <= OPENSSL_RSA_MAX_MODULUS_BITS;
}

/* With an exponent of 1 every text is its own signature; an even one is none. */
static int is_sound_exponent(const BIGNUM *e)
{
    return BN_is_odd(e) && !BN_is_one(e);
}

static EVP_PKEY *rsa_key(mcp_ctx *ctx, const json_t *jwk)
{
    unsigned char *n, *e;
    size_t n_len, e_len;
    OSSL_PARAM_BLD *build;
    OSSL_PARAM *params = NULL;
    BIGNUM *bn_n, *bn_e;
    EVP_PKEY *pkey = NULL;

    if (member_bytes(ctx, jwk, "n", &n, &n_len) || member_bytes(ctx, jwk, "e", &e, &e_len)) return NULL;
    build = OSSL_PARAM_BLD_new();
    bn_n = BN_bin2bn(n, (int)n_len, NULL);
    bn_e = BN_bin2bn(e, (int)e_len, NULL);
    if (build && bn_n && bn_e && is_sound_exponent(bn_e) && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, bn_n)
        && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, bn_e)) {
        params = OSSL_PARAM_BLD_to_param(build);
        pkey = from_params("RSA", params);
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(bn_n);
    BN_free(bn_e);
    return pkey;
}

static EVP_PKEY *ec_key(mcp_ctx *ctx, const json_t *jwk, const char *group, size_t size)
{
    unsigned char *x, *y, point[1 + 2 * 48];
    size_t x_len, y_len;
    OSSL_PARAM params[3];

    if (member_bytes(ctx, jwk, "x", &x, &x_len) || member_bytes(ctx, jwk, "y", &y, &y_len)) return NULL;
    if (x_len != size || y_len != size) return NULL;
    point[0] = POINT_CONVERSION_UNCOMPRESSED;
    memcpy(point + 1, x, size);
    memcpy(point + 1 + size, y, size);
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(size_t)group, 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * size);
    params[2] = OSSL_PARAM_construct_end();
    return from_params("EC", params);
}

static EVP_PKEY *ed25519_key(mcp_ctx *ctx, const json_t *jwk)
{
    unsigned char *x;
    size_t len;

    if (member_bytes(ctx, jwk, "x", &x, &len) || len != ED25519_LEN) return NULL;
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x, len);
}

static int word_is(const json_t *jwk, const char *name, const char *word)
{
    const char *text = mcp_json_string(jwk, name);

    return text && !strcmp(text, word);
}

static const char *text_or(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

/* The one algorithm a key of this shape may have; what it says in "alg" must fit. */
static mcp_alg alg_of(const json_t *jwk)
{
    const char *said = json_object_get(jwk, "alg") ? text_or(mcp_json_string(jwk, "alg"), "") : NULL;
    mcp_alg natural = MCP_ALG_NONE, alg = mcp_alg_by_name(said);

    if (word_is(jwk, "kty", "RSA")) return !said ? MCP_ALG_RS256 : alg >= MCP_ALG_RS256 && alg <= MCP_ALG_PS256 ? alg : MCP_ALG_NONE;
    if (word_is(jwk, "kty", "EC") && word_is(jwk, "crv", "P-256")) natural = MCP_ALG_ES256;
    if (word_is(jwk, "kty", "EC") && word_is(jwk, "crv", "P-384")) natural = MCP_ALG_ES384;
    if (word_is(jwk, "kty", "OKP") && word_is(jwk, "crv", "Ed25519")) natural = MCP_ALG_EDDSA;
    return !said || alg == natural ? natural : MCP_ALG_NONE;
}

static EVP_PKEY *build_key(mcp_ctx *ctx, const json_t *jwk, mcp_alg alg)
{
    switch (alg) {
    case MCP_ALG_ES256: return ec_key(ctx, jwk, "prime256v1", 32);
    case MCP_ALG_ES384: return ec_key(ctx, jwk, "secp384r1", 48);
    case MCP_ALG_EDDSA: return ed25519_key(ctx, jwk);
    case MCP_ALG_NONE: return NULL;
    default: return rsa_key(ctx, jwk);
    }
}

static int allowed(const char *only, mcp_alg alg)
{
    const char *at, *name = names[alg];
    size_t len = strlen(name);

    if (!only) return 1;
    for (at = only; (at = strstr(at, name)); at += len)
        if ((at == only || at[-1] == ',') && (!at[len] || at[len] == ',')) return 1;
    return 0;
}

/* RFC 7517 4.2 and 4.3: where a key says what it is for, that must be verifying. */
static int may_verify(const json_t *jwk)
{
    const json_t *ops = json_object_get(jwk, "key_ops"), *op;
    size_t i;

    if (json_object_get(jwk, "use") && !word_is(jwk, "use", "sig")) return 0;
    if (!ops) return 1;
    json_array_foreach(ops, i, op)
        if (json_is_string(op) && !strcmp(json_string_value(op), "verify")) return 1;
    return 0;
}

/* Leaves key->pkey NULL where the key is none we use. */
static mcp_rc read_jwk(mcp_ctx *ctx, apr_pool_t *p, const json_t *jwk, const char *only, mcp_key *key)
{
    const char *kid = mcp_json_string(jwk, "kid");

    memset(key, 0, sizeof *key);
    if (!json_is_object(jwk)) return mcp_fail(ctx, MCP_BAD_CONFIG, "a member of keys is no object");
    if (json_object_get(jwk, "d") || json_object_get(jwk, "k"))
        return mcp_fail(ctx, MCP_BAD_CONFIG, "the key set holds a private or symmetric key; publish public keys only");
    key->alg = alg_of(jwk);
    if (!may_verify(jwk) || key->alg == MCP_ALG_NONE || !allowed(only, key->alg)) return MCP_OK;
    key->pkey = own(p, build_key(ctx, jwk, key->alg));
    mcp_ctx_clear(ctx);
    ERR_clear_error();
    if (key->pkey && key->alg <= MCP_ALG_PS256 && !is_sound_size(key->pkey)) key->pkey = NULL;
    key->kid = kid ? apr_pstrdup(p, kid) : NULL;
    return MCP_OK;
}

static int repeats_kid(const mcp_key *keys, int n, const char *kid)
{
    int i;

    for (i = 0; kid && i < n; i++)
        if (keys[i].kid && !strcmp(keys[i].kid, kid)) return 1;
    return 0;
}

static mcp_keys *new_set(apr_pool_t *p)
{
    static volatile apr_uint32_t built;
    mcp_keys *set = apr_pcalloc(p, sizeof *set);

    set->number = apr_atomic_inc32(&built) + 1;
    return set;
}

mcp_rc mcp_keys_from_jwks(mcp_ctx *ctx, apr_pool_t *p, const char *text, size_t len, const char *only, const mcp_keys **out)
{
    mcp_keys *set = new_set(p);
    mcp_key *keys = apr_pcalloc(p, KEYS_MAX * sizeof *keys);
    json_t *doc, *list, *jwk;
    size_t i;
    mcp_rc rc;

    if ((rc = mcp_json_object(ctx, text, len, &jwks_caps, &doc))) return rc;
    list = json_object_get(doc, "keys");
    if (!json_is_array(list) || json_array_size(list) > KEYS_MAX)
        return mcp_fail(ctx, MCP_BAD_CONFIG, "a key set has a member keys with at most %d keys", KEYS_MAX);
    json_array_foreach(list, i, jwk) {
        if ((rc = read_jwk(ctx, p, jwk, only, &keys[set->count]))) return rc;
        if (!keys[set->count].pkey) continue;
        if (repeats_kid(keys, set->count, keys[set->count].kid)) return mcp_fail(ctx, MCP_BAD_CONFIG, "two keys have the same kid");
        set->count++;
    }
    if (!set->count) return mcp_fail(ctx, MCP_BAD_CONFIG, "no usable key; RSA of 2048 bits, EC P-256/P-384 and Ed25519 are");
    set->key = keys;
    *out = set;
    return MCP_OK;
}

/* ---- the public half as JWK ---- */

static const char *bn_text(apr_pool_t *p, const EVP_PKEY *pkey, const char *param, int size)
{
    BIGNUM *bn = NULL;
    unsigned char *bytes;
    const char *text = NULL;
    int len;

    if (EVP_PKEY_get_bn_param(pkey, param, &bn) != 1) return NULL;
    len = size ? size : BN_num_bytes(bn);
    bytes = apr_palloc(p, (apr_size_t)len);
    if (BN_bn2binpad(bn, bytes, len) == len) text = mcp_text_base64url(p, bytes, (size_t)len);
    BN_free(bn);
    return text;
}

static const char *raw_text(apr_pool_t *p, const EVP_PKEY *pkey)
{
    unsigned char raw[ED25519_LEN];
    size_t len = sizeof raw;

    return EVP_PKEY_get_raw_public_key(pkey, raw, &len) == 1 ? mcp_text_base64url(p, raw, len) : NULL;
}

/* The members of RFC 7638 in their order, so that its text is the thumbprint's input. */
static json_t *public_members(apr_pool_t *p, const mcp_key *key)
{
    const EVP_PKEY *k = key->pkey;
    int size = key->alg == MCP_ALG_ES384 ? 48 : 32;

    if (key->alg == MCP_ALG_EDDSA)
        return json_pack("{s:s,s:s,s:s}", "crv", "Ed25519", "kty", "OKP", "x", raw_text(p, k));
    if (key->alg == MCP_ALG_ES256 || key->alg == MCP_ALG_ES384)
        return json_pack("{s:s,s:s,s:s,s:s}", "crv", size == 48 ? "P-384" : "P-256", "kty", "EC",
                         "x", bn_text(p, k, OSSL_PKEY_PARAM_EC_PUB_X, size), "y", bn_text(p, k, OSSL_PKEY_PARAM_EC_PUB_Y, size));
    return json_pack("{s:s,s:s,s:s}", "e", bn_text(p, k, OSSL_PKEY_PARAM_RSA_E, 0), "kty", "RSA",
                     "n", bn_text(p, k, OSSL_PKEY_PARAM_RSA_N, 0));
}

mcp_rc mcp_keys_to_jwks(mcp_ctx *ctx, const mcp_keys *keys, json_t **out)
{
    json_t *list = json_array(), *jwk;
    int i;

    for (i = 0; i < keys->count; i++) {
        if (!(jwk = public_members(ctx->pool, &keys->key[i]))) break;
        json_object_set_new(jwk, "use", json_string("sig"));
        json_object_set_new(jwk, "alg", json_string(mcp_alg_name(keys->key[i].alg)));
        if (keys->key[i].kid) json_object_set_new(jwk, "kid", json_string(keys->key[i].kid));
        json_array_append_new(list, jwk);
    }
    *out = mcp_json_own(ctx->pool, json_pack("{s:o}", "keys", list));
    return *out && i == keys->count ? MCP_OK : mcp_fail(ctx, MCP_INTERNAL, "the key set could not be written");
}

/* ---- the signing key's file ---- */

const char *mcp_keys_thumbprint(apr_pool_t *p, const mcp_key *key)
{
    unsigned char digest[MCP_SHA256_LEN];
    json_t *jwk = mcp_json_own(p, public_members(p, key));
    const char *text = jwk ? mcp_json_text(p, jwk) : NULL;

    if (!text || EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL) != 1) return NULL;
    return mcp_text_base64url(p, digest, sizeof digest);
}

/* By the curve's name: secp256k1 and brainpool have 256 bits as well. */
static mcp_alg ec_alg(const EVP_PKEY *pkey)
{
    char group[80];

    if (EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) != 1) return MCP_ALG_NONE;
    return !strcmp(group, "prime256v1") ? MCP_ALG_ES256 : !strcmp(group, "secp384r1") ? MCP_ALG_ES384 : MCP_ALG_NONE;
}

static mcp_alg signing_alg(const EVP_PKEY *pkey)
{
    if (EVP_PKEY_is_a(pkey, "EC")) return ec_alg(pkey);
    return EVP_PKEY_is_a(pkey, "RSA") && is_sound_size(pkey) ? MCP_ALG_RS256 : MCP_ALG_NONE;
}

/* What the minter signs with. */
static mcp_rc check_signing(mcp_ctx *ctx, const char *path, mcp_key *key)
{
    if (EVP_PKEY_is_a(key->pkey, "ED25519"))
        return mcp_fail(ctx, MCP_BAD_CONFIG, "%s: Ed25519 keys cannot sign here; use EC P-256, EC P-384 or RSA of at least 2048 bits", path);
    key->alg = signing_alg(key->pkey);
    if (key->alg != MCP_ALG_NONE) return MCP_OK;
    return mcp_fail(ctx, MCP_BAD_CONFIG, "%s: a signing key is EC P-256, EC P-384 or RSA of at least 2048 bits", path);
}

static mcp_rc read_open(mcp_ctx *ctx, apr_pool_t *p, const char *path, int fd, char **pem)
{
    struct stat st;

    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) return mcp_fail(ctx, MCP_BAD_CONFIG, "%s is no regular file", path);
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return mcp_fail(ctx, MCP_BAD_CONFIG, "%s is open to its group or to others; chmod 600 it", path);
    if (st.st_size > KEY_FILE_MAX) return mcp_fail(ctx, MCP_BAD_CONFIG, "%s is larger than a key", path);
    *pem = apr_pcalloc(p, (apr_size_t)st.st_size + 1);
    if (read(fd, *pem, (size_t)st.st_size) != st.st_size) return mcp_fail(ctx, MCP_BAD_CONFIG, "%s cannot be read", path);
    return MCP_OK;
}

static mcp_rc cannot_open(mcp_ctx *ctx, const char *path, int err)
{
    const char *remedy = err != ENOENT ? "" : apr_psprintf(ctx->pool,
        "; to make one: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out %s; chmod 600 %s", path, path);

    return mcp_fail(ctx, MCP_BAD_CONFIG, "%s cannot be read: %s%s", path, strerror(err), remedy);
}

static mcp_rc read_private(mcp_ctx *ctx, apr_pool_t *p, const char *path, char **pem)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);     /* a pipe must not hold up the start */
    mcp_rc rc;

    if (fd < 0) return cannot_open(ctx, path, errno);
    rc = read_open(ctx, p, path, fd, pem);
    close(fd);
    return rc;
}

mcp_rc mcp_keys_load(mcp_ctx *ctx, apr_pool_t *p, const char *path, const mcp_key **out)
{
    mcp_key *key = apr_pcalloc(p, sizeof *key);
    char *pem = NULL;
    BIO *bio;
    mcp_rc rc;

    if ((rc = read_private(ctx, p, path, &pem))) return rc;
    key->pem = pem;
    bio = BIO_new_mem_buf(pem, -1);
    key->pkey = own(p, bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)(size_t)"") : NULL);
    BIO_free(bio);
    ERR_clear_error();
    if (!key->pkey) return mcp_fail(ctx, MCP_BAD_CONFIG, "%s holds no PEM private key without a passphrase", path);
    if ((rc = check_signing(ctx, path, key))) return rc;
    key->kid = mcp_keys_thumbprint(p, key);
    if (!key->kid) return mcp_fail(ctx, MCP_BAD_CONFIG, "%s: the public half cannot be had", path);
    *out = key;
    return MCP_OK;
}

static int write_new_key(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), ok;
    BIO *file = fd < 0 ? NULL : BIO_new_fd(fd, BIO_NOCLOSE);
    EVP_PKEY *pkey = file ? EVP_EC_gen("P-256") : NULL;

    ok = pkey && PEM_write_bio_PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL) == 1 && !fsync(fd);
    EVP_PKEY_free(pkey);
    BIO_free(file);
    return fd >= 0 && !close(fd) && ok;
}

/* A whole file appears under its name or none does: written aside, then linked. */
mcp_rc mcp_keys_create(mcp_ctx *ctx, apr_pool_t *p, const char *path, const mcp_key **out)
{
    const char *aside, *random;
    mcp_rc rc;

    if (!access(path, F_OK)) return mcp_keys_load(ctx, p, path, out);
    if ((rc = mcp_text_random(ctx, 9, &random))) return rc;
    aside = apr_pstrcat(ctx->pool, path, ".", random, NULL);
    errno = 0;
    if (!write_new_key(aside) || (link(aside, path) && errno != EEXIST))
        rc = mcp_fail(ctx, MCP_BAD_CONFIG, "%s cannot be created: %s", path, errno ? strerror(errno) : "no key could be generated");
    unlink(aside);
    return rc ? rc : mcp_keys_load(ctx, p, path, out);
}

mcp_rc mcp_keys_join(mcp_ctx *ctx, apr_pool_t *p, const mcp_key *const *keys, int count, const mcp_keys **out)
{
    mcp_keys *set = new_set(p);
    mcp_key *copies = apr_pcalloc(p, (apr_size_t)count * sizeof *copies);

    for (set->count = 0; set->count < count; set->count++) {
        if (repeats_kid(copies, set->count, keys[set->count]->kid)) return mcp_fail(ctx, MCP_BAD_CONFIG, "the same key is named twice");
        copies[set->count] = *keys[set->count];
    }
    set->key = copies;
    *out = set;
    return MCP_OK;
}

const mcp_keys *mcp_keys_of(apr_pool_t *p, const mcp_key *key)
{
    mcp_keys *set = new_set(p);

    set->count = 1;
    set->key = key;
    return set;
}
