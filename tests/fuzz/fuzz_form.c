/* Names and values of an accepted form survive being escaped and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/form.h"
#include "mcp/text.h"
#include "mcp/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_value(mcp_ctx *ctx, const char *value)
{
    const char *text = apr_pstrcat(ctx->pool, "v=", mcp_url_escape(ctx->pool, value), NULL);
    const mcp_form *again;

    if (!mcp_text_is_utf8(value, strlen(value))) abort();
    if (mcp_form_parse(ctx, text, strlen(text), NULL, &again)) abort();
    if (strcmp(mcp_form_get(again, "v"), value)) abort();
}

static void check(mcp_ctx *ctx, const char *bytes, size_t len)
{
    const mcp_form *form;
    int i;

    if (mcp_form_parse(ctx, bytes, len, "resource", &form)) {
        if (ctx->rc != MCP_BAD_REQUEST || !*ctx->detail) abort();
        return;
    }
    if (mcp_form_count(form, "code") > 1 || mcp_form_count(form, "resource") > MCP_FORM_MAX) abort();
    for (i = 0; i < mcp_form_count(form, "resource"); i++) check_value(ctx, mcp_form_nth(form, "resource", i));
    if (mcp_form_get(form, "code")) check_value(ctx, mcp_form_get(form, "code"));
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
