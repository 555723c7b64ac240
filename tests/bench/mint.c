/* How long one access token takes: mint KEYFILE [COUNT]. Prints microseconds of CPU for minting and for verifying. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <apr_general.h>
#include "mcp/token.h"

static double cpu(void)
{
    return (double)clock() * 1e6 / CLOCKS_PER_SEC;
}

int main(int argc, char **argv)
{
    static const mcp_token_grant grant = { .issuer = "https://as.example", .audience = "https://mcp.example/mcp", .sub = "alice", .client_id = "client",
                                           .scope = "customer.read", .life = 600 };
    int i, count = argc > 2 ? atoi(argv[2]) : 2000;
    mcp_token_profile profile = { .issuer = grant.issuer, .audience = grant.audience, .leeway = 5 };
    double mint = 0, verify = 0, at;
    const mcp_key *key;
    const char *token;
    apr_pool_t *root, *p;
    mcp_token read;

    apr_initialize();
    apr_pool_create(&root, NULL);
    if (argc < 2 || mcp_keys_create(mcp_ctx_create(root), root, argv[1], &key)) return 2;
    profile.keys = mcp_keys_of(root, key);
    for (i = 0; i < count; i++) {
        apr_pool_create(&p, root);
        at = cpu();
        if (mcp_token_mint(mcp_ctx_create(p), key, &grant, &token)) return 1;
        mint += cpu() - at;
        at = cpu();
        if (mcp_token_verify(mcp_ctx_create(p), &profile, token, strlen(token), &read)) return 1;
        verify += cpu() - at;
        apr_pool_destroy(p);
    }
    printf("%s: mint %.1f us, verify %.1f us\n", mcp_alg_name(key->alg), mint / count, verify / count);
    return 0;
}
