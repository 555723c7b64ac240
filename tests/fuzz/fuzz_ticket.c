/* No text opens as a ticket but one that was sealed for this user; what was sealed comes back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/text.h"
#include "mcp/ticket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const unsigned char seal[32] = "thirty-two bytes for fuzzing...";

static void check_foreign(mcp_ctx *ctx, const mcp_as *as, const char *text)
{
    mcp_ticket ticket;

    if (mcp_ticket_open(ctx, as, "alice", text, &ticket) != MCP_BAD_TICKET || !*ctx->detail) abort();
    mcp_ctx_clear(ctx);
}

static void check_sealed(mcp_ctx *ctx, const mcp_as *as, const char *text)
{
    mcp_ticket in = { NULL, "client", text, "scope", "resource", "challenge", text, 1 }, out;
    const char *sealed;
    mcp_rc rc = mcp_ticket_seal(ctx, as, "alice", &in, &sealed);

    if (!mcp_text_is_utf8(text, strlen(text))) {
        if (!rc) abort();
        return;
    }
    if (rc == MCP_BAD_REQUEST) return;
    if (rc || mcp_ticket_open(ctx, as, "alice", sealed, &out)) abort();
    if (strcmp(out.redirect, text) || strcmp(out.state, text)) abort();
    if (mcp_ticket_open(ctx, as, "bob", sealed, &out) != MCP_BAD_TICKET) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mcp_as as = { 0 };
    apr_pool_t *p;
    mcp_ctx *ctx;
    const char *text;

    apr_initialize();
    if (apr_pool_create(&p, NULL)) abort();
    ctx = mcp_ctx_create(p);
    as.issuer = "https://as.example.test";
    as.seal = seal;
    text = apr_pstrmemdup(p, (const char *)data, size);
    check_foreign(ctx, &as, text);
    check_sealed(ctx, &as, text);
    apr_pool_destroy(p);
    return 0;
}
