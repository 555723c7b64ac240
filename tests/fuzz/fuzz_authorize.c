/* Any query ends in a page or in a redirect to the one registered URI; no header carries a line end and
 * no answer carries a code. The store is a single client in memory. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/as.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CALLBACK "https://p1.example/cb"

static const char record[] = "{\"id\":\"P1\",\"metadata\":{\"client_name\":\"Fuzzer\",\"token_endpoint_auth_method\":\"none\","
                             "\"redirect_uris\":[\"" CALLBACK "\"]},\"issued_at\":1,\"secret_expires_at\":0}";
static const unsigned char seal[32] = "thirty-two bytes for fuzzing...";
static const mcp_scope scopes[] = { { "customer.read", "Read", 0, 1, 1 }, { "db.admin", "Administer", 1, 0, 0 } };
static const char *const resources[] = { "https://mcp.example.test/mcp", NULL };

static mcp_rc get(mcp_ctx *ctx, void *self, const char *key, const char **value, size_t *len)
{
    (void)self;
    (void)key;
    *value = apr_pstrdup(ctx->pool, record);
    *len = sizeof record - 1;
    return MCP_OK;
}

/* The driver's other calls are NULL: GET /authorize writes nothing. */
static const mcp_store_driver driver = { .name = "one", .get = get };

static int check_header(void *baton, const char *name, const char *value)
{
    (void)baton;
    (void)name;
    if (strpbrk(value, "\r\n")) abort();
    return 1;
}

static void check(const mcp_out *out, mcp_rc rc)
{
    const char *location = out->headers ? apr_table_get(out->headers, "Location") : NULL;

    if (!out->status || !out->headers || !out->audit.event) abort();
    if ((rc == MCP_OK) != (out->status == 200)) abort();
    if ((out->status == 303) != (location != NULL)) abort();
    if (location && (strncmp(location, CALLBACK "?error=", sizeof CALLBACK + 6) || strstr(location, "&code="))) abort();
    if (!location && strstr(out->body, "<script")) abort();
    apr_table_do(check_header, NULL, out->headers, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mcp_store store = { &driver, NULL };
    mcp_as as = { .issuer = "https://as.example.test", .path = "", .seal = seal, .scopes = scopes, .scope_count = 2, .resources = resources, .store = &store };
    mcp_in in = { .method = "GET", .user = "alice" };
    mcp_out out = { 0 };
    apr_pool_t *p;
    mcp_rc rc;

    apr_initialize();
    if (apr_pool_create(&p, NULL)) abort();
    in.query = apr_pstrmemdup(p, (const char *)data, size);
    rc = mcp_authorize(mcp_ctx_create(p), &as, &in, &out);
    check(&out, rc);
    apr_pool_destroy(p);
    return 0;
}
