/* A client_id, a line feed and the document found there. A URL that is taken must be one spelling of one public https name, and a document that is
 * taken must be that URL's own and a client with no secret; nothing may crash, whatever the headers between say. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "mcp/cimd.h"
#include "mcp/json.h"
#include "mcp/redirect.h"
#include "mcp/text.h"
#include "mcp/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const mcp_scope scopes[] = { { "read", "", 0, 1, 1 }, { "admin", "", 1, 0, 0 } };
static const char *const denied[] = { "evil.example", "*.evil.example", NULL };
static const mcp_cimd documents = { .deny = denied, .same_origin = 1 };
static const mcp_as as = { .issuer = "https://as.example", .path = "", .scopes = scopes, .scope_count = 2, .client_ttl = 60, .documents = &documents };

static void require(int holds)
{
    if (!holds) abort();
}

static int ends_in(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && !strcmp(text + strlen(text) - strlen(end), end);
}

static void check_url(mcp_ctx *ctx, const char *id)
{
    mcp_url url;

    require(mcp_cimd_is_id(id) && strlen(id) <= MCP_CIMD_ID_MAX && !mcp_url_parse(ctx, id, &url));
    require(!strncmp(id, "https://", 8) && !strcmp(url.scheme, "https") && strchr(url.host, '.') && !url.is_ipv4 && !url.is_ipv6);
    require(!url.userinfo && !url.query && !url.fragment && url.path[0] == '/' && url.path[1] && !mcp_url_has_dot_segment(&url));
    require(!strncmp(id, mcp_url_origin(ctx->pool, &url), strlen(mcp_url_origin(ctx->pool, &url))));
    require(strcmp(url.host, "evil.example") && !ends_in(url.host, ".evil.example"));
}

static void check_client(mcp_ctx *ctx, const char *id, const mcp_client *client)
{
    const char *const *uri;

    require(!strcmp(client->id, id) && *client->name && client->is_document);
    require(client->auth == MCP_AUTH_NONE && client->grant_code && !client->grant_credentials && !client->secret_digest);
    require(!mcp_text_has_word(client->scope, "admin") && client->redirects[0]);
    for (uri = client->redirects; *uri; uri++) require(mcp_redirect_check(ctx, *uri) == MCP_OK);
}

static void run(mcp_ctx *ctx, const char *id, const char *text, size_t len)
{
    mcp_client client;
    apr_int64_t life = mcp_cimd_life(text, id);
    int own;

    require(life >= MCP_CIMD_LIFE_MIN && life <= MCP_CIMD_LIFE_MAX);
    if (mcp_cimd_check_id(ctx, &documents, id)) return;
    check_url(ctx, id);
    if (mcp_cimd_read(ctx, &as, id, text, len, &client, &own)) return;
    require(own);
    check_client(ctx, id, &client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\n', size);
    size_t id_len = end ? (size_t)(end - data) : size;
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    run(mcp_ctx_create(p), apr_pstrmemdup(p, (const char *)data, id_len),
        apr_pstrmemdup(p, end ? (const char *)end + 1 : "", end ? size - id_len - 1 : 0), end ? size - id_len - 1 : 0);
    apr_pool_destroy(p);
    return 0;
}
