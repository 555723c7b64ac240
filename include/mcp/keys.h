/* Keys, parsed once. A key knows its one algorithm; a token never chooses.
 * Sets are const after they are built and may be read by any thread. */
#ifndef MCP_KEYS_H
#define MCP_KEYS_H

#include <openssl/evp.h>
#include "mcp/json.h"

typedef enum { MCP_ALG_NONE, MCP_ALG_RS256, MCP_ALG_RS384, MCP_ALG_RS512, MCP_ALG_PS256,
               MCP_ALG_ES256, MCP_ALG_ES384, MCP_ALG_EDDSA } mcp_alg;

typedef struct {
    const char *kid;        /* NULL if the key has none */
    mcp_alg alg;
    EVP_PKEY *pkey;         /* released with the pool that built it */
    const char *pem;        /* private keys only: their PEM text; otherwise NULL */
} mcp_key;

typedef struct {
    int count;
    const mcp_key *key;
    apr_uint32_t number;    /* another one for each set that this process built */
} mcp_keys;

/* MCP_ALG_NONE for any other name: "none" and HMAC names are not algorithms here. Case-exact. */
mcp_alg mcp_alg_by_name(const char *name);
const char *mcp_alg_name(mcp_alg alg);

/* Reads an RFC 7517 set. Keys of unknown type, for encryption, or too weak (RSA < 2048) are left out.
 * RSA keys without "alg" take RS256. only: comma-separated algorithm names to accept, NULL for all.
 * MCP_BAD_CONFIG if no key is left, or if a member is private or kid repeats. */
mcp_rc mcp_keys_from_jwks(mcp_ctx *ctx, apr_pool_t *p, const char *text, size_t len, const char *only, const mcp_keys **out);

/* Reads a PEM private key: EC P-256, EC P-384 or RSA. MCP_BAD_CONFIG if others may read the file, or it is weak or unfit;
 * where there is none the detail says how to make one.
 * The kid is the RFC 7638 thumbprint. */
mcp_rc mcp_keys_load(mcp_ctx *ctx, apr_pool_t *p, const char *path, const mcp_key **out);

/* Creates an EC P-256 key in a new file of mode 0600 unless the file exists; of many at once, one wins.
 * Then loads it. */
mcp_rc mcp_keys_create(mcp_ctx *ctx, apr_pool_t *p, const char *path, const mcp_key **out);

/* {"keys":[...]} with the public halves. */
mcp_rc mcp_keys_to_jwks(mcp_ctx *ctx, const mcp_keys *keys, json_t **out);

/* RFC 7638, SHA-256; NULL only if memory is out. */
const char *mcp_keys_thumbprint(apr_pool_t *p, const mcp_key *key);

/* The set of these keys, in their order. MCP_BAD_CONFIG if two are the same. */
mcp_rc mcp_keys_join(mcp_ctx *ctx, apr_pool_t *p, const mcp_key *const *keys, int count, const mcp_keys **out);
/* The set of one key. */
const mcp_keys *mcp_keys_of(apr_pool_t *p, const mcp_key *key);

#endif
