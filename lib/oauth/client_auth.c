#include <string.h>
#include <strings.h>
#include <apr_escape.h>
#include <apr_strings.h>
#include "mcp/client.h"
#include "mcp/form.h"
#include "mcp/text.h"

typedef struct {
    mcp_client_auth how;
    const char *id, *secret;
} credentials;

/* RFC 6749 2.3.1: id and secret are form-encoded before they are joined. */
static mcp_rc read_basic(mcp_ctx *ctx, const char *header, credentials *out)
{
    unsigned char *text;
    size_t len;
    char *colon;

    out->how = MCP_AUTH_BASIC;
    for (header += 6; *header == ' '; header++) { }
    if (mcp_text_base64_decode(ctx, header, strlen(header), &text, &len) || memchr(text, 0, len) || !(colon = strchr((char *)text, ':'))) {
        mcp_ctx_clear(ctx);
        return mcp_fail(ctx, MCP_BAD_CLIENT, "the Authorization header is no Basic credential");
    }
    *colon = '\0';
    out->id = apr_punescape_url(ctx->pool, (char *)text, NULL, NULL, 1);
    out->secret = apr_punescape_url(ctx->pool, colon + 1, NULL, NULL, 1);
    return out->id && out->secret ? MCP_OK : mcp_fail(ctx, MCP_BAD_CLIENT, "the Basic credentials are badly encoded");
}

static mcp_rc read_credentials(mcp_ctx *ctx, const mcp_in *in, const mcp_form *form, credentials *out)
{
    const char *id = mcp_form_get(form, "client_id"), *secret = mcp_form_get(form, "client_secret");
    mcp_rc rc;

    if (mcp_form_get(form, "client_assertion")) return mcp_fail(ctx, MCP_BAD_CLIENT, "client assertions are not registered for this client");
    if (!in->authorization) {
        out->how = secret ? MCP_AUTH_POST : MCP_AUTH_NONE;
        out->id = id;
        out->secret = secret;
        return id ? MCP_OK : mcp_fail(ctx, MCP_BAD_CLIENT, "client_id is missing");
    }
    if (strncasecmp(in->authorization, "Basic ", 6)) return mcp_fail(ctx, MCP_BAD_CLIENT, "the Authorization scheme is not Basic");
    if (secret) return mcp_fail(ctx, MCP_BAD_REQUEST, "two ways of client authentication at once");
    if ((rc = read_basic(ctx, in->authorization, out))) return rc;
    return !id || !strcmp(id, out->id) ? MCP_OK : mcp_fail(ctx, MCP_BAD_CLIENT, "client_id differs from the Authorization header");
}

mcp_rc mcp_client_credentials(mcp_ctx *ctx, const mcp_in *in, const struct mcp_form *form, const char **id, const char **secret)
{
    credentials given = { MCP_AUTH_NONE, NULL, NULL };
    mcp_rc rc = read_credentials(ctx, in, form, &given);

    *id = given.id;
    *secret = given.secret;
    return rc;
}

static mcp_rc check_secret(mcp_ctx *ctx, const mcp_client *client, const char *secret)
{
    const char *digest = mcp_text_sha256_hex(ctx->pool, secret, strlen(secret));

    if (!digest || !client->secret_digest || !mcp_text_equal_secret(digest, strlen(digest), client->secret_digest, strlen(client->secret_digest)))
        return mcp_fail(ctx, MCP_BAD_CLIENT, "the secret is wrong");
    if (client->secret_expires_at && client->secret_expires_at <= mcp_now(ctx))
        return mcp_fail(ctx, MCP_BAD_CLIENT, "the secret has expired; register again");
    return MCP_OK;
}

mcp_rc mcp_client_authenticate(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, const struct mcp_form *form, const mcp_client **out)
{
    credentials given = { MCP_AUTH_NONE, NULL, NULL };
    mcp_rc rc;

    if ((rc = read_credentials(ctx, in, form, &given))) return rc;
    if ((rc = mcp_client_load(ctx, as, given.id, out))) return rc;
    if ((*out)->auth != given.how) return mcp_fail(ctx, MCP_BAD_CLIENT, "authenticate as registered, by token_endpoint_auth_method");
    return given.how == MCP_AUTH_NONE ? MCP_OK : check_secret(ctx, *out, given.secret);
}
