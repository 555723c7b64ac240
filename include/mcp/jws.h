/* JSON Web Signatures in compact form (RFC 7515), verified by OpenSSL with the algorithm of the key. */
#ifndef MCP_JWS_H
#define MCP_JWS_H

#include "mcp/keys.h"

enum { MCP_JWS_MAX = 16 * 1024 };

typedef struct {
    json_t *header;
    json_t *payload;
    const char *payload_text;   /* the JSON that payload was read from, payload_len bytes */
    size_t payload_len;
    const mcp_key *key;     /* the key that verified it */
} mcp_jws;

/* The key is the one whose kid equals the header's; without a kid, the set's only key of that
 * algorithm. "crit", a missing alg, an alg other than the key's, repeated members: MCP_BAD_TOKEN. */
mcp_rc mcp_jws_verify(mcp_ctx *ctx, const mcp_keys *keys, const char *text, size_t len, mcp_jws *out);

#endif
