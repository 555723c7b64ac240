#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "mcp/cimd.h"
#include "mcp/json.h"

enum {
    BUDGET = 3,             /* seconds for a fetch */
    FLIGHT_LIFE = 5,        /* of the record that one process fetches; a crash must not hold others up for longer */
    PATIENCE = 4, POLL = 50 * 1000,     /* seconds, microseconds */
    ETAG_MAX = 200
};
static const mcp_json_caps record_caps = { 64 * 1024, 2 };

typedef struct {
    const mcp_as *as;
    const char *id, *key;   /* the URL, and under which name it is kept: each issuer has its own */
    mcp_cimd_copy copy;     /* what is known of it; text NULL: nothing */
} wanted;

/* ---- how long it may be kept ---- */

static int is_word_at(const char *list, const char *at, size_t len)
{
    return (at == list || strchr(", \t", at[-1])) && (!at[len] || strchr(", \t=", at[len]));
}

/* The smallest value of the directive; -1: it stands nowhere. What cannot be read counts as 0. */
static apr_int64_t seconds_of(const char *list, const char *name)
{
    size_t len = strlen(name), digits;
    apr_int64_t least = -1, one;
    const char *at;

    for (at = list; (at = strcasestr(at, name)); at += len) {
        if (!is_word_at(list, at, len)) continue;
        digits = at[len] == '=' ? strspn(at + len + 1, "0123456789") : 0;
        one = digits > 9 ? MCP_CIMD_LIFE_MAX : digits ? apr_strtoi64(at + len + 1, NULL, 10) : 0;
        if (digits && at[len + 1 + digits] && !strchr(", \t", at[len + 1 + digits])) one = 0;
        if (least < 0 || one < least) least = one;
    }
    return least;
}

static int says(const char *list, const char *name)
{
    const char *at;

    for (at = list; (at = strcasestr(at, name)); at++)
        if (is_word_at(list, at, strlen(name))) return 1;
    return 0;
}

static apr_int64_t age_of(const char *age)
{
    size_t digits = age ? strspn(age, "0123456789") : 0;

    if (!age) return 0;
    return !digits || age[digits] || digits > 9 ? MCP_CIMD_LIFE_MAX : apr_strtoi64(age, NULL, 10);
}

apr_int64_t mcp_cimd_life(const char *control, const char *age)
{
    apr_int64_t life;

    if (!control) control = "";
    if (says(control, "no-store") || says(control, "no-cache") || says(control, "private")) return MCP_CIMD_LIFE_MIN;
    life = seconds_of(control, "s-maxage");
    if (life < 0) life = seconds_of(control, "max-age");
    life = (life < 0 ? MCP_CIMD_LIFE_DEFAULT : life) - age_of(age);
    return life < MCP_CIMD_LIFE_MIN ? MCP_CIMD_LIFE_MIN : life > MCP_CIMD_LIFE_MAX ? MCP_CIMD_LIFE_MAX : life;
}

/* ---- what is kept ---- */

static int is_fresh(const mcp_ctx *ctx, const mcp_cimd_copy *copy)
{
    return copy->text && copy->fresh_until > mcp_now(ctx);
}

/* Later than fresh_until it is kept to be asked about: "is it still this one?" */
static mcp_rc keep(mcp_ctx *ctx, const wanted *w)
{
    const mcp_cimd_copy *c = &w->copy;
    json_t *doc = mcp_json_own(ctx->pool, json_pack("{s:s%,s:I,s:s*}", "text", c->text, c->len, "fresh_until", (json_int_t)c->fresh_until, "etag", c->etag));
    const char *text = doc ? mcp_json_text(ctx->pool, doc) : NULL;
    apr_int64_t life = c->fresh_until - mcp_now(ctx) + (c->etag ? MCP_CIMD_LIFE_MAX : 0);

    if (!text) return mcp_fail(ctx, MCP_INTERNAL, "a client metadata document could not be kept");
    if (w->as->documents->memory) mcp_cimd_remember(w->as->documents->memory, w->key, c);
    return mcp_store_put(ctx, w->as->store, "cimd", w->key, text, strlen(text), (apr_uint32_t)life);
}

/* A record that cannot be read is none. */
static mcp_rc recall(mcp_ctx *ctx, wanted *w)
{
    const char *text;
    json_t *doc;
    size_t len;
    mcp_rc rc;

    if (w->as->documents->memory && mcp_cimd_recall(w->as->documents->memory, ctx->pool, w->key, &w->copy) && is_fresh(ctx, &w->copy)) return MCP_OK;
    memset(&w->copy, 0, sizeof w->copy);
    rc = mcp_store_get(ctx, w->as->store, "cimd", w->key, &text, &len);
    if (rc && rc != MCP_ABSENT) return rc;
    if (!rc && !mcp_json_object(ctx, text, len, &record_caps, &doc) && mcp_json_string(doc, "text")) {
        w->copy.text = mcp_json_string(doc, "text");
        w->copy.len = json_string_length(json_object_get(doc, "text"));
        w->copy.etag = mcp_json_string(doc, "etag");
        w->copy.fresh_until = json_integer_value(json_object_get(doc, "fresh_until"));
        if (w->as->documents->memory && is_fresh(ctx, &w->copy)) mcp_cimd_remember(w->as->documents->memory, w->key, &w->copy);
    }
    mcp_ctx_clear(ctx);
    return MCP_OK;
}

static mcp_rc check_pause(mcp_ctx *ctx, const wanted *w)
{
    const char *why;
    size_t len;
    mcp_rc rc = mcp_store_get(ctx, w->as->store, "cimd-pause", w->key, &why, &len);

    if (rc == MCP_ABSENT) {
        mcp_ctx_clear(ctx);
        return MCP_OK;
    }
    return rc ? rc : mcp_fail(ctx, MCP_BAD_CLIENT, "%s", why);
}

/* ---- the fetch ---- */

static mcp_rc spend(mcp_ctx *ctx, const wanted *w, const char *kind, const char *id, apr_uint32_t budget)
{
    apr_uint32_t n;
    mcp_rc rc = mcp_store_count(ctx, w->as->store, kind, id, MCP_CIMD_BUDGET_WINDOW, &n);

    if (rc || n <= budget) return rc;
    return mcp_fail(ctx, MCP_TOO_MANY, "too many client metadata documents are asked for at once");
}

static int is_etag(const char *text)
{
    const char *c;

    for (c = text; *c; c++)
        if (*c < ' ' || *c > '~') return 0;
    return c - text > 1 && c - text <= ETAG_MAX && (*text == '"' || !strncmp(text, "W/\"", 3)) && c[-1] == '"' && !strchr(text, ',');
}

/* The draft takes application/json and application/...+json. */
static int is_document_type(apr_pool_t *p, const char *type)
{
    const char *suffix = strcasestr(type, "+json");

    if (mcp_client_is_json(p, type)) return 1;
    if (!suffix || strncasecmp(type, "application/", 12) || strcspn(type, ";, \t") < (size_t)(suffix - type)) return 0;
    return mcp_client_is_json(p, apr_pstrcat(p, "application/", suffix + 1, NULL));
}

static mcp_rc read_answer(mcp_ctx *ctx, wanted *w, const mcp_fetch_answer *answer, int *own)
{
    mcp_client client;
    mcp_rc rc;

    if (answer->status == 304 && w->copy.etag) {
        w->copy.fresh_until = mcp_now(ctx) + mcp_cimd_life(answer->cache_control, answer->age);
        return keep(ctx, w);
    }
    if (answer->status != 200) return mcp_fail(ctx, MCP_FETCH_REFUSED, "its host answered %d", answer->status);
    if (!is_document_type(ctx->pool, answer->content_type)) return mcp_fail(ctx, MCP_FETCH_REFUSED, "its media type is %s", mcp_client_quote(ctx, answer->content_type));
    if ((rc = mcp_cimd_read(ctx, w->as, w->id, answer->body, answer->len, &client, own))) return rc;
    w->copy = (mcp_cimd_copy){ answer->body, answer->len, answer->etag && is_etag(answer->etag) ? answer->etag : NULL,
                               mcp_now(ctx) + mcp_cimd_life(answer->cache_control, answer->age) };
    return keep(ctx, w);
}

static mcp_rc get(mcp_ctx *ctx, wanted *w, const mcp_fetch_rules *rules, int *own)
{
    mcp_fetch_answer answer;
    mcp_rc rc;

    *own = 0;
    if ((rc = mcp_fetch_get(ctx, rules, w->id, &answer))) return rc;
    return read_answer(ctx, w, &answer, own);
}

/* The log learns why; the one who sent the URL does, where the document is his. Nobody asks again for a while. */
static mcp_rc give_up(mcp_ctx *ctx, const wanted *w, int own)
{
    const char *why = own ? apr_pstrcat(ctx->pool, "the document at client_id is refused: ", ctx->detail, NULL)
                          : "the document at client_id could not be used";

    mcp_log(ctx, MCP_LOG_INFO, mcp_error_of(MCP_FETCH_REFUSED)->tag, "client metadata document %s: %s", mcp_client_quote(ctx, w->id), ctx->detail);
    mcp_ctx_clear(ctx);
    if (mcp_store_put(ctx, w->as->store, "cimd-pause", w->key, why, strlen(why), MCP_CIMD_PAUSE)) return ctx->rc;
    return mcp_fail(ctx, MCP_BAD_CLIENT, "%s", why);
}

static mcp_rc fetch(mcp_ctx *ctx, wanted *w)
{
    mcp_fetch_rules rules;
    const char *host;
    int own;
    mcp_rc rc;

    mcp_cimd_rules(ctx, w->as->documents, w->id, &rules, &host);
    if ((rc = spend(ctx, w, "cimd-host", host, MCP_CIMD_HOST_BUDGET))) return rc;
    if ((rc = spend(ctx, w, "cimd-world", "", MCP_CIMD_WORLD_BUDGET))) return rc;
    rules.budget = apr_time_from_sec(BUDGET);
    rules.if_none_match = w->copy.etag;
    rc = get(ctx, w, &rules, &own);
    return rc == MCP_BAD_CLIENT || rc == MCP_FETCH_REFUSED ? give_up(ctx, w, own) : rc;
}

/* ---- one for a crowd ---- */

/* Whoever holds the flight looks again: the one before may just have landed. */
static mcp_rc fly(mcp_ctx *ctx, wanted *w)
{
    mcp_rc rc = recall(ctx, w);

    if (!rc && !is_fresh(ctx, &w->copy) && !(rc = check_pause(ctx, w))) rc = fetch(ctx, w);
    if (mcp_store_remove(ctx, w->as->store, "cimd-flight", w->key) && !rc) mcp_ctx_clear(ctx);
    return rc;
}

static mcp_rc queue(mcp_ctx *ctx, wanted *w)
{
    const apr_time_t until = apr_time_now() + apr_time_from_sec(PATIENCE);
    mcp_rc rc;

    for (;;) {
        if ((rc = check_pause(ctx, w))) return rc;
        rc = mcp_store_add(ctx, w->as->store, "cimd-flight", w->key, "", 0, FLIGHT_LIFE);
        if (!rc) return fly(ctx, w);
        if (rc != MCP_EXISTS) return rc;
        mcp_ctx_clear(ctx);
        if (apr_time_now() >= until) return mcp_fail(ctx, MCP_UNAVAILABLE, "a client metadata document is still being fetched");
        apr_sleep(POLL);
        if ((rc = recall(ctx, w)) || is_fresh(ctx, &w->copy)) return rc;
    }
}

/* A slow host must not take every thread. */
static mcp_rc wait_for(mcp_ctx *ctx, wanted *w)
{
    mcp_cimd_memory *memory = w->as->documents->memory;
    mcp_rc rc;

    if (memory && !mcp_cimd_enter(memory)) return mcp_fail(ctx, MCP_TOO_MANY, "too many client metadata documents are asked for at once");
    rc = queue(ctx, w);
    if (memory) mcp_cimd_leave(memory);
    return rc;
}

mcp_rc mcp_cimd_load(mcp_ctx *ctx, const mcp_as *as, const char *id, mcp_client *out)
{
    wanted w = { .as = as, .id = id, .key = apr_pstrcat(ctx->pool, as->issuer, " ", id, NULL) };
    int own;
    mcp_rc rc;

    if ((rc = mcp_cimd_check_id(ctx, as->documents, id))) return rc;
    if ((rc = mcp_client_check_revoked(ctx, as->store, as->issuer, id))) return rc;
    if ((rc = recall(ctx, &w))) return rc;
    if (!is_fresh(ctx, &w.copy) && (rc = wait_for(ctx, &w))) return rc;
    return mcp_cimd_read(ctx, as, id, w.copy.text, w.copy.len, out, &own);
}
