#include <string.h>
#include <apr_strings.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include "mcp/json.h"
#include "mcp/refresh.h"
#include "mcp/revocation.h"
#include "mcp/text.h"

/* A token is the grant's id, a dot, and base64url of random bytes, the second it ends, and a seal over all of it and the client.
 * The seal alone opens nothing: it tells an earlier token of ours, which has no record any more, from what somebody made up. */
enum { RANDOM_LEN = 24, END_LEN = 8, SEAL_LEN = 16, PLAIN_LEN = RANDOM_LEN + END_LEN, ID_LEN = 22, TOKEN_MAX = 128 };

static const mcp_json_caps caps = { 16 * 1024, 2 };

static mcp_rc bad(mcp_ctx *ctx, const char *why)
{
    mcp_ctx_clear(ctx);
    return mcp_fail(ctx, MCP_BAD_GRANT, "%s", why);
}

/* ---- the token ---- */

static int make_seal(mcp_ctx *ctx, const mcp_as *as, const unsigned char *key, const mcp_offline *g, const unsigned char *plain, unsigned char *out)
{
    const char *bond = apr_pstrcat(ctx->pool, "refresh 1\n", as->issuer, "\n", g->id, "\n", mcp_text_base64url(ctx->pool, plain, PLAIN_LEN), "\n", g->client, NULL);
    unsigned char mac[EVP_MAX_MD_SIZE];

    if (!HMAC(EVP_sha256(), key, MCP_SHA256_LEN, (const unsigned char *)bond, strlen(bond), mac, NULL)) return 0;
    memcpy(out, mac, SEAL_LEN);
    return 1;
}

static void write_end(apr_int64_t end, unsigned char *out)
{
    int i;

    for (i = END_LEN - 1; i >= 0; i--, end >>= 8) out[i] = (unsigned char)(end & 0xff);
}

static apr_int64_t read_end(const unsigned char *in)
{
    apr_int64_t end = 0;
    int i;

    for (i = 0; i < END_LEN; i++) end = end << 8 | in[i];
    return end;
}

static mcp_rc make_token(mcp_ctx *ctx, const mcp_as *as, const mcp_offline *g, apr_int64_t end, const char **token)
{
    unsigned char *random, bytes[PLAIN_LEN + SEAL_LEN];
    const char *text;
    size_t len;
    mcp_rc rc;

    if ((rc = mcp_text_random(ctx, RANDOM_LEN, &text))) return rc;
    if ((rc = mcp_text_base64url_decode(ctx, text, strlen(text), &random, &len))) return rc;
    memcpy(bytes, random, RANDOM_LEN);
    write_end(end, bytes + RANDOM_LEN);
    if (!make_seal(ctx, as, as->seal, g, bytes, bytes + PLAIN_LEN)) return mcp_fail(ctx, MCP_INTERNAL, "OpenSSL has no HMAC");
    *token = apr_pstrcat(ctx->pool, g->id, ".", mcp_text_base64url(ctx->pool, bytes, sizeof bytes), NULL);
    return MCP_OK;
}

static int is_sealed(mcp_ctx *ctx, const mcp_as *as, const unsigned char *key, const mcp_offline *g, const unsigned char *bytes)
{
    unsigned char own[SEAL_LEN];

    return make_seal(ctx, as, key, g, bytes, own) && mcp_text_equal_secret((const char *)own, SEAL_LEN, (const char *)bytes + PLAIN_LEN, SEAL_LEN);
}

/* 1 if it was made here for this client, whatever became of it; with the grant's id and the token's end. */
static int is_ours(mcp_ctx *ctx, const mcp_as *as, const char *client, const char *token, mcp_offline *g, apr_int64_t *end)
{
    const unsigned char *const *other;
    unsigned char *bytes;
    size_t len;

    memset(g, 0, sizeof *g);
    if (strlen(token) > TOKEN_MAX || strcspn(token, ".") != ID_LEN || !token[ID_LEN]) return 0;
    g->id = apr_pstrmemdup(ctx->pool, token, ID_LEN);
    g->client = client;
    g->token = token;
    if (mcp_text_base64url_decode(ctx, token + ID_LEN + 1, strlen(token + ID_LEN + 1), &bytes, &len) || len != PLAIN_LEN + SEAL_LEN) return 0;
    *end = read_end(bytes + RANDOM_LEN);
    if (is_sealed(ctx, as, as->seal, g, bytes)) return 1;
    for (other = as->other_seals; other && *other; other++)
        if (is_sealed(ctx, as, *other, g, bytes)) return 1;
    return 0;
}

const char *mcp_refresh_grant_of(mcp_ctx *ctx, const mcp_as *as, const char *client, const char *token)
{
    apr_int64_t end;
    mcp_offline g;

    if (is_ours(ctx, as, client, token, &g, &end)) return g.id;
    mcp_ctx_clear(ctx);
    return NULL;
}

/* ---- its record ---- */

/* A key of its own for each token: on memcached a taking that was overtaken could otherwise remove the next one. */
static const char *record_id(mcp_ctx *ctx, const mcp_as *as, const char *token)
{
    return apr_pstrcat(ctx->pool, token, " ", as->issuer, NULL);
}

static mcp_rc keep(mcp_ctx *ctx, const mcp_as *as, const mcp_offline *g, const char **token)
{
    apr_int64_t left = g->until - mcp_now(ctx), life = left < as->refresh_idle ? left : as->refresh_idle;
    json_t *doc = mcp_json_own(ctx->pool, json_pack("{s:s,s:s,s:s,s:I,s:I,s:s*}", "user", g->user, "scope", g->scope, "resource", g->resource,
                                                    "born", (json_int_t)g->born, "until", (json_int_t)g->until, "jkt", g->jkt));
    const char *text = doc ? mcp_json_text(ctx->pool, doc) : NULL;
    mcp_rc rc;

    if (!text) return mcp_fail(ctx, MCP_INTERNAL, "the record of a refresh token could not be written");
    if (life <= 0) return bad(ctx, "the grant of the refresh token has ended");
    if ((rc = make_token(ctx, as, g, mcp_now(ctx) + life, token))) return rc;
    return mcp_store_put(ctx, as->store, "refresh", record_id(ctx, as, *token), text, strlen(text), (apr_uint32_t)life);
}

static mcp_rc read_record(mcp_ctx *ctx, const char *text, size_t len, mcp_offline *out)
{
    json_t *doc;

    if (mcp_json_object(ctx, text, len, &caps, &doc)) return bad(ctx, "the record of the refresh token cannot be read");
    out->user = mcp_json_string(doc, "user");
    out->scope = mcp_json_string(doc, "scope");
    out->resource = mcp_json_string(doc, "resource");
    out->jkt = mcp_json_string(doc, "jkt");
    out->born = json_integer_value(json_object_get(doc, "born"));
    out->until = json_integer_value(json_object_get(doc, "until"));
    if (out->user && out->scope && out->resource && out->until > mcp_now(ctx)) return MCP_OK;
    return bad(ctx, "the record of the refresh token cannot be read");
}

/* ---- its use ---- */

mcp_rc mcp_refresh_begin(mcp_ctx *ctx, const mcp_as *as, const mcp_offline *grant, const char **token)
{
    mcp_offline g = *grant;

    g.born = mcp_now(ctx);
    g.until = g.born + as->refresh_ttl;
    return keep(ctx, as, &g, token);
}

static mcp_rc reused(mcp_ctx *ctx, const mcp_as *as, const mcp_offline *g)
{
    mcp_rc rc;

    mcp_ctx_clear(ctx);
    if ((rc = mcp_revoke_grant(ctx, as, g->id))) return rc;
    mcp_log(ctx, MCP_LOG_WARNING, mcp_error_of(MCP_BAD_GRANT)->tag, "client %s used a refresh token again; its grant is revoked", mcp_client_quote(ctx, g->client));
    return bad(ctx, "the refresh token was already used; everything that came from its grant is revoked");
}

mcp_rc mcp_refresh_open(mcp_ctx *ctx, const mcp_as *as, const char *client, const char *token, mcp_offline *out)
{
    apr_int64_t end;
    const char *text;
    size_t len;
    mcp_rc rc;

    if (!is_ours(ctx, as, client, token, out, &end)) return bad(ctx, "the refresh token is not one that this client got here");
    if (end <= mcp_now(ctx)) return bad(ctx, "the refresh token has expired");
    rc = mcp_store_get(ctx, as->store, "refresh", record_id(ctx, as, token), &text, &len);
    if (rc == MCP_ABSENT) return reused(ctx, as, out);
    if (rc || (rc = read_record(ctx, text, len, out))) return rc;
    rc = mcp_revocation_check(ctx, as, out->id, out->client, out->user, out->born);
    return rc == MCP_BAD_TOKEN ? bad(ctx, "the grant of the refresh token was revoked") : rc;
}

/* Between taking one record and keeping the next there is none: a crash there ends the grant, nothing worse. */
mcp_rc mcp_refresh_turn(mcp_ctx *ctx, const mcp_as *as, const mcp_offline *grant, const char **token)
{
    const char *text;
    size_t len;
    mcp_rc rc = mcp_store_take(ctx, as->store, "refresh", record_id(ctx, as, grant->token), &text, &len);

    if (rc == MCP_ABSENT) return reused(ctx, as, grant);
    return rc ? rc : keep(ctx, as, grant, token);
}
