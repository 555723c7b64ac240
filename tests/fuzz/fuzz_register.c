/* Any body posted to /register. Whatever is accepted must be a client we would accept again: it reads back from
 * the store, has no sensitive scope, and leaves nothing null in the answer. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "mcp/client.h"
#include "mcp/json.h"
#include "mcp/redirect.h"
#include "mcp/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct { char text[MCP_STORE_VALUE_MAX + 1]; } slot;

static mcp_rc slot_add(mcp_ctx *ctx, void *self, const char *key, const char *value, size_t len, apr_uint32_t life)
{
    (void)ctx, (void)key, (void)life;
    memcpy(((slot *)self)->text, value, len);
    ((slot *)self)->text[len] = '\0';
    return MCP_OK;
}

static mcp_rc slot_get(mcp_ctx *ctx, void *self, const char *key, const char **value, size_t *len)
{
    (void)key;
    *value = apr_pstrdup(ctx->pool, ((slot *)self)->text);
    *len = strlen(*value);
    return MCP_OK;
}

static const mcp_store_driver driver = { .name = "slot", .get = slot_get, .put = slot_add, .add = slot_add };
static slot record;
static mcp_store store = { &driver, &record };
static const mcp_scope scopes[] = { { "read", "", 0, 1, 1 }, { "write", "", 0, 0, 0 }, { "admin", "", 1, 1, 0 } };
static const mcp_as as = { .issuer = "https://as.example", .path = "", .store = &store, .scopes = scopes, .scope_count = 3,
                           .client_ttl = 60, .registration_open = 1 };

static void require(int holds)
{
    if (!holds) abort();
}

static void check_client(mcp_ctx *ctx, const mcp_out *out)
{
    json_t *answer = mcp_json_own(ctx->pool, json_loads(out->body, 0, NULL)), *value;
    const char *const *uri, *name;
    const mcp_client *client;

    require(out->status == 201 && answer);
    json_object_foreach(answer, name, value) require(!json_is_null(value));
    require(mcp_client_load(ctx, &as, out->audit.client, &client) == MCP_OK);
    require(!mcp_text_has_word(client->scope, "admin"));
    require(client->grant_code || client->grant_credentials);
    require(!client->grant_credentials || client->auth != MCP_AUTH_NONE);
    require((client->auth == MCP_AUTH_NONE) == !client->secret_digest);
    for (uri = client->redirects; *uri; uri++)
        require(mcp_redirect_check(ctx, *uri) == MCP_OK && mcp_client_has_redirect(ctx, client, *uri));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mcp_in in = { .method = "POST", .content_type = "application/json", .body_len = size };
    mcp_out out = { 0 };
    apr_pool_t *p;
    mcp_ctx *ctx;
    mcp_rc rc;

    apr_initialize();
    apr_pool_create(&p, NULL);
    ctx = mcp_ctx_create(p);
    in.body = apr_pstrmemdup(p, (const char *)data, size);
    rc = mcp_register(ctx, &as, &in, &out);
    if (!rc) check_client(ctx, &out);
    else require(mcp_error_of(rc)->http < 500 && !out.status);
    apr_pool_destroy(p);
    return 0;
}
