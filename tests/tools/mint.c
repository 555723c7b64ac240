/* mint KEYFILE jwks            prints the key set of a signing key, created if need be
 * mint KEYFILE ISS AUD SUB CLIENT SCOPE LIFE [CLAIMS]    prints an access token; CLAIMS: a JSON object of further claims */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include "mcp/token.h"

static int fail(const mcp_ctx *ctx)
{
    fprintf(stderr, "mint: %s\n", ctx->detail);
    return 1;
}

int main(int argc, char **argv)
{
    apr_pool_t *p;
    mcp_ctx *ctx;
    const mcp_key *key;
    const char *token;
    json_t *jwks;

    if (argc != 3 && argc != 8 && argc != 9) return 2;
    apr_initialize();
    apr_pool_create(&p, NULL);
    ctx = mcp_ctx_create(p);
    if (mcp_keys_create(ctx, p, argv[1], &key)) return fail(ctx);
    if (argc == 3) {
        if (mcp_keys_to_jwks(ctx, mcp_keys_of(p, key), &jwks)) return fail(ctx);
        puts(mcp_json_text(p, jwks));
        return 0;
    }
    {
        mcp_token_grant grant = { argv[2], argv[3], argv[4], argv[5], argv[6], strtoll(argv[7], NULL, 10), NULL, NULL, NULL };
        if (argc == 9 && !(grant.more = json_loads(argv[8], 0, NULL))) return 2;
        if (mcp_token_mint(ctx, key, &grant, &token)) return fail(ctx);
    }
    puts(token);
    return 0;
}
