#include <string.h>
#include <apr_strings.h>
#include <openssl/evp.h>
#include "mcp/client.h"
#include "mcp/json.h"
#include "mcp/seal.h"
#include "mcp/text.h"

/* A client_id goes through query strings, cookies of forms and tokens. */
enum { PLAIN_MAX = 1536, ID_MAX = 2200 };
static const char mark[] = "s.";
static const mcp_json_caps caps = { PLAIN_MAX, 16 };

int mcp_client_is_sealed(const char *id)
{
    return !strncmp(id, mark, sizeof mark - 1);
}

static const char *bond(mcp_ctx *ctx, const mcp_as *as)
{
    return apr_pstrcat(ctx->pool, "client 1\n", as->issuer, NULL);
}

mcp_rc mcp_client_seal(mcp_ctx *ctx, const mcp_as *as, mcp_client *c)
{
    json_t *doc = mcp_json_own(ctx->pool, json_pack("{s:O,s:I,s:I,s:s*}", "m", c->metadata, "t", (json_int_t)c->issued_at,
                                                    "e", (json_int_t)(c->issued_at + as->client_ttl), "c", c->ceiling));
    const char *plain = doc ? mcp_json_text(ctx->pool, doc) : NULL, *sealed;
    mcp_rc rc;

    if (!plain) return mcp_fail(ctx, MCP_INTERNAL, "a client could not be written");
    if (strlen(plain) > PLAIN_MAX) return mcp_fail(ctx, MCP_BAD_METADATA, "all members together are longer than a client_id can carry (%d bytes)", PLAIN_MAX);
    if ((rc = mcp_seal_close(ctx, as->sealed->key, bond(ctx, as), plain, strlen(plain), &sealed))) return rc;
    c->id = apr_pstrcat(ctx->pool, mark, sealed, NULL);
    return MCP_OK;
}

mcp_rc mcp_client_derive(mcp_ctx *ctx, const mcp_as *as, const char *id, const char *what, const char **text, const char **digest)
{
    unsigned char mac[MCP_SHA256_LEN];
    size_t len = 0;
    const char *words = apr_pstrcat(ctx->pool, what, "\n", id, NULL);

    if (!EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, as->sealed->key, MCP_SEAL_KEY_LEN, (const unsigned char *)words, strlen(words), mac, sizeof mac, &len))
        return mcp_fail(ctx, MCP_INTERNAL, "no HMAC");
    *text = mcp_text_base64url(ctx->pool, mac, len);
    *digest = mcp_text_sha256_hex(ctx->pool, *text, strlen(*text));
    return *digest ? MCP_OK : mcp_fail(ctx, MCP_INTERNAL, "no digest of a secret");
}

static mcp_rc unknown(mcp_ctx *ctx, const char *why)
{
    mcp_ctx_clear(ctx);
    return mcp_fail(ctx, MCP_BAD_CLIENT, "%s; register again", why);
}

static mcp_rc open_id(mcp_ctx *ctx, const mcp_as *as, const char *id, json_t **doc)
{
    const char *plain;
    size_t len;

    if (!as->sealed || strlen(id) > ID_MAX) return unknown(ctx, "the client is unknown");
    if (mcp_seal_open(ctx, as->sealed->key, bond(ctx, as), id + sizeof mark - 1, &plain, &len)) return unknown(ctx, "the client is unknown");
    return mcp_json_object(ctx, plain, len, &caps, doc) ? unknown(ctx, "the client is unknown") : MCP_OK;
}

static mcp_rc check_life(mcp_ctx *ctx, const mcp_as *as, const mcp_client *c)
{
    if (c->secret_expires_at <= mcp_now(ctx)) return unknown(ctx, "the registration has expired");
    if (c->issued_at < as->sealed->not_before) return unknown(ctx, "registrations of that time were given up");
    return mcp_client_check_revoked(ctx, as->store, as->issuer, c->id);
}

mcp_rc mcp_client_unseal(mcp_ctx *ctx, const mcp_as *as, const char *id, mcp_client *out)
{
    mcp_client_rules rules = { 0, NULL };
    const char *text;
    json_t *doc;
    mcp_rc rc;

    if ((rc = open_id(ctx, as, id, &doc))) return rc;
    rules.ceiling = mcp_json_string(doc, "c");
    if (mcp_client_judge(ctx, as, &rules, json_object_get(doc, "m"), out)) return ctx->rc = MCP_BAD_CLIENT;
    out->id = id;
    out->is_sealed = 1;
    out->issued_at = json_integer_value(json_object_get(doc, "t"));
    out->secret_expires_at = json_integer_value(json_object_get(doc, "e"));
    if ((rc = check_life(ctx, as, out))) return rc;
    if ((rc = mcp_client_derive(ctx, as, id, "access", &text, &out->access_digest))) return rc;
    if (out->auth != MCP_AUTH_NONE) return mcp_client_derive(ctx, as, id, "secret", &text, &out->secret_digest);
    out->secret_expires_at = 0;
    return MCP_OK;
}
