#include <string.h>
#include <openssl/evp.h>
#include "mcp/seal.h"
#include "mcp/text.h"

enum { NONCE = 12, TAG = 16 };

static int encrypt(const unsigned char *key, const char *bond, const char *plain, size_t len, unsigned char *box)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    unsigned char *out = box + NONCE;
    int n, ok;

    ok = c && EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, box) == 1
        && EVP_EncryptUpdate(c, NULL, &n, (const unsigned char *)bond, (int)strlen(bond)) == 1
        && EVP_EncryptUpdate(c, out, &n, (const unsigned char *)plain, (int)len) == 1
        && EVP_EncryptFinal_ex(c, out + n, &n) == 1
        && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, out + len) == 1;
    EVP_CIPHER_CTX_free(c);
    return ok;
}

static int decrypt(const unsigned char *key, const char *bond, unsigned char *box, size_t len, unsigned char *plain)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n, ok;

    ok = c && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, box) == 1
        && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, box + NONCE + len) == 1
        && EVP_DecryptUpdate(c, NULL, &n, (const unsigned char *)bond, (int)strlen(bond)) == 1
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

mcp_rc mcp_seal_close(mcp_ctx *ctx, const unsigned char key[MCP_SEAL_KEY_LEN], const char *bond, const char *plain, size_t len, const char **out)
{
    unsigned char *box = apr_palloc(ctx->pool, NONCE + len + TAG);
    mcp_rc rc;

    if ((rc = random_nonce(ctx, box))) return rc;
    if (!encrypt(key, bond, plain, len, box)) return mcp_fail(ctx, MCP_INTERNAL, "nothing can be sealed");
    *out = mcp_text_base64url(ctx->pool, box, NONCE + len + TAG);
    return MCP_OK;
}

mcp_rc mcp_seal_open(mcp_ctx *ctx, const unsigned char key[MCP_SEAL_KEY_LEN], const char *bond, const char *text, const char **plain, size_t *len)
{
    unsigned char *box, *opened;
    size_t n;

    if (mcp_text_base64url_decode(ctx, text, strlen(text), &box, &n)) {
        mcp_ctx_clear(ctx);
        return MCP_BAD_TICKET;
    }
    if (n <= NONCE + TAG) return MCP_BAD_TICKET;
    *len = n - NONCE - TAG;
    opened = apr_pcalloc(ctx->pool, *len + 1);
    *plain = (const char *)opened;
    return decrypt(key, bond, box, *len, opened) ? MCP_OK : MCP_BAD_TICKET;
}
