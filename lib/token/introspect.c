#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include "mcp/introspect.h"
#include "mcp/seen.h"
#include "mcp/url.h"

enum { GOOD_ENTRIES = 4096, BAD_ENTRIES = 4096, BAD_BYTES = 4 * 1024 * 1024, BUDGET_DEFAULT = 3 };

struct mcp_introspect {
    const mcp_introspect_config *config;
    const char *authorization;
    mcp_seen *good, *bad;
    apr_thread_mutex_t *lock;       /* held for moments, around the members below */
    apr_thread_cond_t *landed;
    const mcp_seen_key **flights;   /* what is asked about now; NULL: free */
    int count;
    apr_time_t pause_until;         /* 0: the endpoint answers */
};

/* ---- the answer ---- */

static mcp_rc unusable(mcp_ctx *ctx)
{
    return ctx->rc = MCP_UNAVAILABLE;
}

static mcp_rc read_body(mcp_ctx *ctx, const char *body, size_t len, json_t **out)
{
    static const mcp_json_caps caps = { 64 * 1024, 16 };
    const json_t *active;

    if (mcp_json_object(ctx, body, len, &caps, out)) return unusable(ctx);
    active = json_object_get(*out, "active");
    if (!json_is_boolean(active)) return mcp_fail(ctx, MCP_UNAVAILABLE, "the introspection answer has no boolean active");
    return json_is_true(active) ? MCP_OK : mcp_fail(ctx, MCP_BAD_TOKEN, "the issuer says that the token is not active");
}

/* What the configuration knows already need not be said. */
static mcp_rc complete(mcp_ctx *ctx, const mcp_introspect_config *config, json_t *claims)
{
    int bad = 0;

    if (!json_object_get(claims, "iss")) bad |= json_object_set_new(claims, "iss", json_string(config->issuer));
    if (config->exp_optional && !json_object_get(claims, "exp"))
        bad |= json_object_set_new(claims, "exp", json_integer(mcp_now(ctx) + MCP_INTROSPECT_LIFE));
    return bad ? mcp_fail(ctx, MCP_INTERNAL, "the introspection answer could not be kept") : MCP_OK;
}

mcp_rc mcp_introspect_read(mcp_ctx *ctx, const mcp_introspect_config *config, const char *audience,
                           const char *body, size_t len, mcp_token *out)
{
    const mcp_token_profile profile = { config->issuer, audience, NULL, config->leeway };
    json_t *claims;
    mcp_rc rc;

    if ((rc = read_body(ctx, body, len, &claims))) return rc;
    if ((rc = complete(ctx, config, claims))) return rc;
    out->claims_text = mcp_json_text(ctx->pool, claims);
    if (!out->claims_text) return mcp_fail(ctx, MCP_INTERNAL, "the introspection answer could not be kept");
    out->claims_len = strlen(out->claims_text);
    return mcp_token_judge(ctx, &profile, claims, out);
}

/* ---- the question ---- */

static int is_json(const char *type)
{
    static const char json[] = "application/json";
    size_t len = strlen(json);

    return !strncasecmp(type, json, len) && (!type[len] || strchr("; \t", type[len]));
}

/* A status that speaks of the endpoint, not of the one token. */
static int is_down(int status)
{
    return status == 401 || status == 403 || status == 429 || status >= 500;
}

/* *failed: nobody should ask for a while. */
static mcp_rc ask(mcp_ctx *ctx, const mcp_introspect *in, const mcp_seen_key *key, int *failed, mcp_token *out)
{
    const mcp_introspect_config *config = in->config;
    const char *body = apr_pstrcat(ctx->pool, "token=", mcp_url_escape(ctx->pool, key->text), "&token_type_hint=access_token", NULL);
    const mcp_fetch_content content = { "application/x-www-form-urlencoded", body, strlen(body), in->authorization };
    mcp_fetch_answer answer;
    mcp_rc rc;

    *failed = 1;
    if (mcp_fetch_post(ctx, &config->rules, config->endpoint, &content, &answer)) return unusable(ctx);
    *failed = is_down(answer.status);
    if (answer.status != 200) return mcp_fail(ctx, MCP_UNAVAILABLE, "%s answered %d", config->endpoint, answer.status);
    *failed = 1;
    if (!is_json(answer.content_type)) return mcp_fail(ctx, MCP_UNAVAILABLE, "%s did not answer in JSON", config->endpoint);
    rc = mcp_introspect_read(ctx, config, key->audience, answer.body, answer.len, out);
    *failed = rc == MCP_UNAVAILABLE;
    return rc;
}

/* ---- who asks ---- */

static const mcp_seen_key **place_of(mcp_introspect *in, const mcp_seen_key *key)
{
    int i;

    for (i = 0; i < in->count; i++) {
        const mcp_seen_key *one = in->flights[i];
        if (!key ? !one : one && one->len == key->len && !memcmp(one->text, key->text, key->len) && !strcmp(one->audience, key->audience))
            return &in->flights[i];
    }
    return NULL;
}

/* With the lock held. When the pause is over the first one asks, and the others go on pausing until he knows. */
static mcp_rc pass_breaker(mcp_ctx *ctx, mcp_introspect *in)
{
    if (ctx->now < in->pause_until) return mcp_fail(ctx, MCP_UNAVAILABLE, "the introspection endpoint has just failed");
    if (in->pause_until) in->pause_until = ctx->now + apr_time_from_sec(MCP_INTROSPECT_PAUSE);
    return MCP_OK;
}

/* With the lock held. *place: the caller asks. NULL: he waited, and should look again. */
static mcp_rc take_place(mcp_ctx *ctx, mcp_introspect *in, const mcp_seen_key *key, apr_time_t until, const mcp_seen_key ***place)
{
    int is_asked = place_of(in, key) != NULL;
    apr_interval_time_t left = until - apr_time_now();
    mcp_rc rc;

    *place = is_asked ? NULL : place_of(in, NULL);
    if (*place) {
        if ((rc = pass_breaker(ctx, in))) return rc;
        **place = key;
        return MCP_OK;
    }
    if (left <= 0 || apr_thread_cond_timedwait(in->landed, in->lock, left) != APR_SUCCESS)
        return mcp_fail(ctx, MCP_UNAVAILABLE, "too many tokens are being introspected");
    return MCP_OK;
}

static void leave_place(mcp_ctx *ctx, mcp_introspect *in, const mcp_seen_key **place, int failed)
{
    int was_down;

    apr_thread_mutex_lock(in->lock);
    *place = NULL;
    was_down = in->pause_until != 0;
    in->pause_until = failed ? ctx->now + apr_time_from_sec(MCP_INTROSPECT_PAUSE) : 0;
    apr_thread_cond_broadcast(in->landed);
    apr_thread_mutex_unlock(in->lock);
    if (failed) mcp_log(ctx, MCP_LOG_ERROR, "MCP054", "no token can be introspected at %s: %s", in->config->endpoint, ctx->detail);
    if (!failed && was_down) mcp_log(ctx, MCP_LOG_WARNING, "MCP054", "tokens can be introspected at %s again", in->config->endpoint);
}

static void remember(mcp_ctx *ctx, mcp_introspect *in, const mcp_seen_key *key, mcp_rc rc, const mcp_token *token)
{
    static const mcp_token refused = { .sub = "", .client_id = "", .scope = "", .jti = "", .exp = 1LL << 53 };

    if (rc == MCP_OK) mcp_seen_keep(ctx, in->good, key, token);
    if (rc == MCP_BAD_TOKEN || rc == MCP_EXPIRED_TOKEN) mcp_seen_keep(ctx, in->bad, key, &refused);
}

/* 1 if the answer is known already. */
static int recall(mcp_ctx *ctx, mcp_introspect *in, const mcp_seen_key *key, mcp_rc *rc, mcp_token *out)
{
    mcp_token refused;

    *rc = MCP_OK;
    if (mcp_seen_find(ctx, in->good, key, out)) return 1;
    if (!mcp_seen_find(ctx, in->bad, key, &refused)) return 0;
    *rc = mcp_fail(ctx, MCP_BAD_TOKEN, "the issuer refused the token a moment ago");
    return 1;
}

/* RFC 6750 2.1, b64token. */
static int is_token(const char *text, size_t len)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
    size_t body = strspn(text, letters);

    return len <= MCP_JWS_MAX && body && body + strspn(text + body, "=") == len;
}

static apr_interval_time_t budget_of(const mcp_introspect *in)
{
    return in->config->rules.budget > 0 ? in->config->rules.budget : apr_time_from_sec(BUDGET_DEFAULT);
}

static mcp_rc ask_and_remember(mcp_ctx *ctx, mcp_introspect *in, const mcp_seen_key *key, const mcp_seen_key **place, mcp_token *out)
{
    int failed;
    mcp_rc rc = ask(ctx, in, key, &failed, out);

    remember(ctx, in, key, rc, out);
    leave_place(ctx, in, place, failed);
    return rc;
}

mcp_rc mcp_introspect_verify(mcp_ctx *ctx, mcp_introspect *in, const char *audience, const char *text, size_t len, mcp_token *out)
{
    const char *copy = len <= MCP_JWS_MAX ? apr_pstrmemdup(ctx->pool, text, len) : "";
    const mcp_seen_key key = { copy, len, audience, 0, 0 }, **place;
    apr_time_t until = apr_time_now() + budget_of(in);
    mcp_rc rc;

    if (!is_token(copy, len)) return mcp_fail(ctx, MCP_BAD_TOKEN, "what was sent as a token is none");
    while (!recall(ctx, in, &key, &rc, out)) {
        apr_thread_mutex_lock(in->lock);
        rc = take_place(ctx, in, &key, until, &place);
        apr_thread_mutex_unlock(in->lock);
        if (rc) return rc;
        if (place) return ask_and_remember(ctx, in, &key, place, out);
    }
    return rc;
}

/* ---- making one ---- */

/* RFC 6749 2.3.1: both are form-encoded before they are joined. */
static const char *basic(apr_pool_t *p, const mcp_introspect_config *config)
{
    const char *text = apr_pstrcat(p, mcp_url_escape(p, config->client_id), ":", mcp_url_escape(p, config->client_secret), NULL);
    size_t len = strlen(text);
    unsigned char *out = apr_pcalloc(p, len / 3 * 4 + 5);

    EVP_EncodeBlock(out, (const unsigned char *)text, (int)len);
    return apr_pstrcat(p, "Basic ", (const char *)out, NULL);
}

static int is_whole(const mcp_introspect_config *config)
{
    return config->endpoint && config->issuer && config->client_id && *config->client_id && config->client_secret && *config->client_secret;
}

mcp_rc mcp_introspect_create(mcp_ctx *ctx, apr_pool_t *p, const mcp_introspect_config *config, mcp_introspect **out)
{
    const mcp_seen_caps good = { .entries = GOOD_ENTRIES, .life = MCP_INTROSPECT_LIFE, .leeway = 0 };
    const mcp_seen_caps bad = { .entries = BAD_ENTRIES, .bytes = BAD_BYTES, .life = MCP_INTROSPECT_REFUSED };
    mcp_introspect *in = apr_pcalloc(p, sizeof *in);
    mcp_rc rc;

    if (!is_whole(config)) return mcp_fail(ctx, MCP_BAD_CONFIG, "introspection needs an endpoint, its issuer, a client id and a secret");
    in->config = config;
    in->authorization = basic(p, config);
    in->count = config->concurrent > 0 ? config->concurrent : MCP_INTROSPECT_CONCURRENT;
    in->flights = apr_pcalloc(p, (apr_size_t)in->count * sizeof *in->flights);
    if ((rc = mcp_seen_create(ctx, p, &good, &in->good))) return rc;
    if ((rc = mcp_seen_create(ctx, p, &bad, &in->bad))) return rc;
    if (apr_thread_mutex_create(&in->lock, APR_THREAD_MUTEX_UNNESTED, p) || apr_thread_cond_create(&in->landed, p))
        return mcp_fail(ctx, MCP_INTERNAL, "no mutex can be had");
    *out = in;
    return MCP_OK;
}
