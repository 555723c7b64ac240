#include <string.h>
#include <apr_strings.h>
#include "mcp/json.h"
#include "mcp/pin.h"

enum { LIFE = 10 * 365 * 86400, RECORD_MAX = 32 * 1024 };

/* accepted: the digest that may be used, "" for none; seen: the one of the last list. */
typedef struct {
    const char *accepted, *seen;
    const json_t *mirrors;          /* [["Header","member",...],...] */
} record;

static const char *id_of(apr_pool_t *p, const char *resource, const char *tool)
{
    return apr_pstrcat(p, resource, "\n", tool, NULL);
}

static mcp_rc read_record(mcp_ctx *ctx, mcp_store *store, const char *id, record *out)
{
    static const mcp_json_caps caps = { RECORD_MAX, 4 };
    const char *text;
    json_t *doc;
    size_t len;
    mcp_rc rc = mcp_store_get(ctx, store, "tool", id, &text, &len);

    *out = (record){ "", "", NULL };
    if (rc) return rc;
    if ((rc = mcp_json_object(ctx, text, len, &caps, &doc))) return rc;
    if (!(out->accepted = mcp_json_string(doc, "accepted")) || !(out->seen = mcp_json_string(doc, "seen")))
        return mcp_fail(ctx, MCP_INTERNAL, "the record of a tool cannot be read");
    out->mirrors = json_object_get(doc, "mirrors");
    return MCP_OK;
}

static json_t *mirrors_json(apr_pool_t *p, const mcp_value *element)
{
    const apr_array_header_t *list = mcp_definition_mirrors(p, element);
    json_t *all = json_array();
    const char *const *step;
    int i;

    for (i = 0; i < list->nelts; i++) {
        const mcp_mirror *m = &APR_ARRAY_IDX(list, i, mcp_mirror);
        json_t *one = json_array();
        json_array_append_new(one, json_string(m->header));
        for (step = m->path; *step; step++) json_array_append_new(one, json_string(*step));
        json_array_append_new(all, one);
    }
    return all;
}

static mcp_rc write_record(mcp_ctx *ctx, mcp_store *store, const char *id, const char *accepted, const char *seen, const mcp_value *element)
{
    json_t *doc = mcp_json_own(ctx->pool, json_pack("{s:s,s:s,s:o}", "accepted", accepted, "seen", seen, "mirrors", mirrors_json(ctx->pool, element)));
    const char *text = doc ? mcp_json_text(ctx->pool, doc) : NULL;

    /* More annotated arguments than a record holds are not compared, but a change always shows. */
    if (text && strlen(text) > RECORD_MAX && !json_object_del(doc, "mirrors")) text = mcp_json_text(ctx->pool, doc);
    if (!text || strlen(text) > RECORD_MAX) return mcp_fail(ctx, MCP_INTERNAL, "the record of a tool cannot be written");
    return mcp_store_put(ctx, store, "tool", id, text, strlen(text), LIFE);
}

/* A store that cannot tell refuses where pins count, and where they do not it costs the comparison alone. */
static mcp_rc without_store(mcp_ctx *ctx, mcp_pin_mode mode, mcp_rc rc)
{
    if (mode == MCP_PIN_ENFORCE) return rc;
    mcp_ctx_clear(ctx);
    return MCP_OK;
}

mcp_rc mcp_pin_listed(mcp_ctx *ctx, mcp_store *store, mcp_pin_mode mode, const char *resource, const char *tool, const mcp_value *element,
                      mcp_pin_news *news)
{
    const char *digest = mcp_definition_digest(ctx->pool, element), *id = id_of(ctx->pool, resource, tool);
    record known;
    mcp_rc rc = digest ? read_record(ctx, store, id, &known) : mcp_fail(ctx, MCP_INTERNAL, "no digest can be had");

    *news = MCP_PIN_KNOWN;
    if (rc && rc != MCP_ABSENT) return without_store(ctx, mode, rc);
    mcp_ctx_clear(ctx);
    if (strcmp(known.seen, digest)) {
        *news = *known.seen ? MCP_PIN_CHANGED : MCP_PIN_NEW;
        if (mode != MCP_PIN_ENFORCE) known.accepted = digest;
        if ((rc = write_record(ctx, store, id, known.accepted, digest, element))) return without_store(ctx, mode, rc);
    } else if (mode != MCP_PIN_ENFORCE && strcmp(known.accepted, digest)) {
        if ((rc = write_record(ctx, store, id, digest, digest, element))) return without_store(ctx, mode, rc);
    }
    if (mode != MCP_PIN_ENFORCE || !strcmp(known.accepted, digest)) return MCP_OK;
    return mcp_fail(ctx, MCP_CHANGED_TOOL, *known.accepted ? "its definition changed since it was accepted" : "it was never accepted");
}

static const apr_array_header_t *mirrors_of(apr_pool_t *p, const json_t *list)
{
    apr_array_header_t *out = apr_array_make(p, 2, sizeof(mcp_mirror));
    const json_t *one;
    size_t i, k, n;

    json_array_foreach(list, i, one) {
        mcp_mirror m = { json_string_value(json_array_get(one, 0)), NULL };
        const char **path = apr_pcalloc(p, (json_array_size(one) + 1) * sizeof *path);
        n = json_array_size(one);
        for (k = 1; k < n; k++) path[k - 1] = json_string_value(json_array_get(one, k));
        m.path = path;
        if (m.header && *path) APR_ARRAY_PUSH(out, mcp_mirror) = m;
    }
    return out;
}

mcp_rc mcp_pin_called(mcp_ctx *ctx, mcp_store *store, mcp_pin_mode mode, const char *resource, const char *tool, const apr_array_header_t **mirrors)
{
    record known;
    mcp_rc rc;

    if (mirrors) *mirrors = NULL;
    if (mode != MCP_PIN_ENFORCE && !mirrors) return MCP_OK;
    rc = read_record(ctx, store, id_of(ctx->pool, resource, tool), &known);
    if (rc && rc != MCP_ABSENT) return without_store(ctx, mode, rc);
    mcp_ctx_clear(ctx);
    if (mode == MCP_PIN_ENFORCE && (!*known.accepted || strcmp(known.accepted, known.seen)))
        return mcp_fail(ctx, MCP_CHANGED_TOOL, *known.accepted ? "its definition changed since it was accepted" : "it was never accepted");
    if (mirrors && json_array_size(known.mirrors)) *mirrors = mirrors_of(ctx->pool, known.mirrors);
    return MCP_OK;
}
