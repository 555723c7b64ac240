#include <string.h>
#include <apr_strings.h>
#include "mcp/session.h"
#include "mcp/text.h"

static const char mark[] = "mcps.";

/* Each part with its length, so that no two callers give the same text. */
static const char *part(apr_pool_t *p, const char *text)
{
    return apr_psprintf(p, "%lu:%s", (unsigned long)(text ? strlen(text) : 0), text ? text : "");
}

static const char *bond(apr_pool_t *p, const mcp_token *t, const char *resource)
{
    return apr_pstrcat(p, part(p, mcp_json_string(t->claims, "iss")), part(p, t->client_id), part(p, t->sub), part(p, resource), NULL);
}

mcp_rc mcp_session_seal(mcp_ctx *ctx, const unsigned char key[MCP_SEAL_KEY_LEN], const mcp_token *token, const char *resource, const char *id,
                        const char **out)
{
    mcp_rc rc = mcp_seal_close(ctx, key, bond(ctx->pool, token, resource), id, strlen(id), out);

    if (!rc) *out = apr_pstrcat(ctx->pool, mark, *out, NULL);
    return rc;
}

static const char *name_of(apr_pool_t *p, const char *resource, const char *id)
{
    return apr_pstrcat(p, part(p, resource), id, NULL);
}

mcp_rc mcp_session_remember(mcp_ctx *ctx, mcp_store *store, const char *resource, const char *id)
{
    return mcp_store_put(ctx, store, "session", name_of(ctx->pool, resource, id), "1", 1, MCP_SESSION_REMEMBERED);
}

/* Two lines of the header are one here, joined by a comma and a blank. */
static int is_visible(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~') return 0;
    return 1;
}

/* A bare name: the backend's own that leaked, or one of long ago. */
static mcp_rc check_bare(mcp_ctx *ctx, mcp_store *store, const char *resource, const char *id)
{
    const char *value;
    size_t len;
    mcp_rc rc = store ? mcp_store_get(ctx, store, "session", name_of(ctx->pool, resource, id), &value, &len) : MCP_ABSENT;

    if (!rc) return mcp_fail(ctx, MCP_BAD_SESSION, "the name of a session without its seal");
    if (rc != MCP_ABSENT) return rc;
    mcp_ctx_clear(ctx);
    return MCP_OK;
}

mcp_rc mcp_session_open(mcp_ctx *ctx, const unsigned char key[MCP_SEAL_KEY_LEN], const mcp_token *token, mcp_store *store, const char *resource,
                        const char *text, const char **id)
{
    size_t len = 0;

    *id = text;
    if (!is_visible(text)) return mcp_fail(ctx, MCP_BAD_SESSION, "a session has one name, of visible ASCII");
    if (strncmp(text, mark, sizeof mark - 1)) return check_bare(ctx, store, resource, text);
    if (mcp_seal_open(ctx, key, bond(ctx->pool, token, resource), text + sizeof mark - 1, id, &len) || strlen(*id) != len)
        return mcp_fail(ctx, MCP_BAD_SESSION, "the session was opened by another client or user, or before the server started");
    return MCP_OK;
}
