/* tokens KEYFILE ISS AUD SCOPE COUNT LIFE: prints COUNT access tokens that differ in their jti alone, one a line. */
#include <stdio.h>
#include <stdlib.h>
#include <apr_general.h>
#include "mcp/token.h"

int main(int argc, char **argv)
{
    mcp_token_grant grant = { .sub = "alice", .client_id = "https://agent.example/client.json" };
    const mcp_key *key;
    const char *token;
    apr_pool_t *root, *p;
    long i;

    if (argc != 7) return 2;
    apr_initialize();
    apr_pool_create(&root, NULL);
    if (mcp_keys_create(mcp_ctx_create(root), root, argv[1], &key)) return 1;
    grant.issuer = argv[2];
    grant.audience = argv[3];
    grant.scope = argv[4];
    grant.life = strtoll(argv[6], NULL, 10);
    for (i = atol(argv[5]); i > 0; i--) {
        apr_pool_create(&p, root);
        if (mcp_token_mint(mcp_ctx_create(p), key, &grant, &token)) return 1;
        puts(token);
        apr_pool_destroy(p);
    }
    return 0;
}
