/* What the JSON reader accepts, it writes and reads again as the same value. */
#include <stdint.h>
#include <stdlib.h>
#include <apr_general.h>
#include <string.h>
#include "mcp/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const mcp_json_caps caps = { 65536, 16 }, open_caps = { 1 << 20, 16 };

static void check(mcp_ctx *ctx, const char *bytes, size_t len)
{
    json_t *value, *again;
    const char *text;

    if (mcp_json_parse(ctx, bytes, len, &caps, &value)) {
        if (!ctx->rc || !*ctx->detail) abort();
        return;
    }
    if (!(text = mcp_json_text(ctx->pool, value))) abort();
    if (mcp_json_parse(ctx, text, strlen(text), &open_caps, &again)) abort();
    if (!json_equal(value, again)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p;

    apr_initialize();
    if (apr_pool_create(&p, NULL)) abort();
    check(mcp_ctx_create(p), (const char *)data, size);
    apr_pool_destroy(p);
    return 0;
}
