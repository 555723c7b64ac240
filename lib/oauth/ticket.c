#include <string.h>
#include <apr_strings.h>
#include <openssl/evp.h>
#include "mcp/json.h"
#include "mcp/text.h"
#include "mcp/ticket.h"

enum { NONCE = 12, TAG = 16 };

static const mcp_json_caps caps = { MCP_TICKET_MAX, 1 };

/* Bound to every ticket, and not sent with it. */
static const char *bond(mcp_ctx *ctx, const mcp_as *as, const char *user)
{
    return apr_pstrcat(ctx->pool, "ticket 1\n", as->issuer, "\n", user, NULL);
}

static int encrypt(const unsigned char *key, const char *aad, const char *plain, size_t len, unsigned char *box)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    unsigned char *out = box + NONCE;
    int n, ok;

    ok = c && EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, box) == 1
        && EVP_EncryptUpdate(c, NULL, &n, (const unsigned char *)aad, (int)strlen(aad)) == 1
        && EVP_EncryptUpdate(c, out, &n, (const unsigned char *)plain, (int)len) == 1
        && EVP_EncryptFinal_ex(c, out + n, &n) == 1
        && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, out + len) == 1;
    EVP_CIPHER_CTX_free(c);
    return ok;
}

static int decrypt(const unsigned char *key, const char *aad, unsigned char *box, size_t len, unsigned char *plain)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n, ok;

    ok = c && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, box) == 1
        && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, box + NONCE + len) == 1
        && EVP_DecryptUpdate(c, NULL, &n, (const unsigned char *)aad, (int)strlen(aad)) == 1
        && EVP_DecryptUpdate(c, plain, &n, box + NONCE, (int)len) == 1
        && EVP_DecryptFinal_ex(c, plain + n, &n) == 1;
    EVP_CIPHER_CTX_free(c);
    return ok;
}

static mcp_rc random_nonce(mcp_ctx *ctx, unsigned char *box)
{
    const char *text;
    unsigned char *bytes;
    size_t len;
    mcp_rc rc;

    if ((rc = mcp_text_random(ctx, NONCE, &text))) return rc;
    if ((rc = mcp_text_base64url_decode(ctx, text, strlen(text), &bytes, &len))) return rc;
    memcpy(box, bytes, NONCE);
    return MCP_OK;
}

static const char *write_plain(mcp_ctx *ctx, const mcp_ticket *t, const char *id)
{
    json_t *doc = mcp_json_own(ctx->pool, json_pack("{s:s,s:I,s:s,s:s,s:s,s:s,s:s,s:s*}", "id", id,
        "exp", (json_int_t)(mcp_now(ctx) + MCP_TICKET_LIFE), "client", t->client, "redirect", t->redirect,
        "scope", t->scope, "resource", t->resource, "challenge", t->challenge, "state", t->state));

    return doc ? mcp_json_text(ctx->pool, doc) : NULL;
}

mcp_rc mcp_ticket_seal(mcp_ctx *ctx, const mcp_as *as, const char *user, const mcp_ticket *ticket, const char **out)
{
    const char *id, *plain;
    unsigned char *box;
    size_t len;
    mcp_rc rc;

    if ((rc = mcp_text_random(ctx, 16, &id))) return rc;
    if (!(plain = write_plain(ctx, ticket, id))) return mcp_fail(ctx, MCP_INTERNAL, "the ticket could not be written");
    len = strlen(plain);
    if (len > MCP_TICKET_MAX / 2) return mcp_fail(ctx, MCP_BAD_REQUEST, "the request is too long to be kept while the user is asked");
    box = apr_palloc(ctx->pool, NONCE + len + TAG);
    if ((rc = random_nonce(ctx, box))) return rc;
    if (!encrypt(as->seal, bond(ctx, as, user), plain, len, box)) return mcp_fail(ctx, MCP_INTERNAL, "the ticket could not be sealed");
    *out = mcp_text_base64url(ctx->pool, box, NONCE + len + TAG);
    return MCP_OK;
}

static mcp_rc bad(mcp_ctx *ctx, const char *why)
{
    mcp_ctx_clear(ctx);
    return mcp_fail(ctx, MCP_BAD_TICKET, "%s", why);
}

static mcp_rc read_plain(mcp_ctx *ctx, const char *plain, size_t len, mcp_ticket *out)
{
    json_t *doc;

    if (mcp_json_object(ctx, plain, len, &caps, &doc)) return bad(ctx, "the ticket does not hold what a ticket holds");
    out->id = mcp_json_string(doc, "id");
    out->client = mcp_json_string(doc, "client");
    out->redirect = mcp_json_string(doc, "redirect");
    out->scope = mcp_json_string(doc, "scope");
    out->resource = mcp_json_string(doc, "resource");
    out->challenge = mcp_json_string(doc, "challenge");
    out->state = mcp_json_string(doc, "state");
    if (!out->id || !out->client || !out->redirect || !out->scope || !out->resource || !out->challenge)
        return bad(ctx, "the ticket does not hold what a ticket holds");
    if (json_integer_value(json_object_get(doc, "exp")) <= mcp_now(ctx)) return bad(ctx, "the ticket has expired");
    return MCP_OK;
}

mcp_rc mcp_ticket_open(mcp_ctx *ctx, const mcp_as *as, const char *user, const char *text, mcp_ticket *out)
{
    unsigned char *box, *plain;
    size_t len = strlen(text);

    if (len > MCP_TICKET_MAX) return bad(ctx, "the ticket is too long");
    if (mcp_text_base64url_decode(ctx, text, len, &box, &len)) return bad(ctx, "the ticket is not base64url");
    if (len <= NONCE + TAG) return bad(ctx, "the ticket is too short");
    len -= NONCE + TAG;
    plain = apr_pcalloc(ctx->pool, len + 1);
    if (!decrypt(as->seal, bond(ctx, as, user), box, len, plain)) return bad(ctx, "the ticket is not of this issuer, user and time");
    return read_plain(ctx, (const char *)plain, len, out);
}
