/* Tokens that are worth nothing without a key of their holder: which key a token demands (cnf, RFC 7800), and whether the
 * request shows it: by a DPoP proof (RFC 9449) or by the client certificate of its TLS connection (RFC 8705).
 *
 * The caller verifies the token first, reads its binding, and refuses unless everything the binding demands is shown. A token with
 * a jkt must come with the scheme DPoP, never as Bearer (RFC 9449 7.2): that, and one DPoP header alone, is for the caller to see.
 * A proof is good for one request: its jti is kept in the store as long as the proof could be shown again. */
#ifndef MCP_DPOP_H
#define MCP_DPOP_H

#include "mcp/json.h"
#include "mcp/store.h"

enum { MCP_DPOP_MAX = 8 * 1024, MCP_DPOP_JTI_MAX = 128, MCP_DPOP_BACK = 60, MCP_DPOP_AHEAD = 5,
       MCP_DPOP_NONCE_KEY_LEN = 32, MCP_DPOP_NONCE_LIFE = 300 };

typedef struct {
    const char *jkt;        /* thumbprint (RFC 7638) of the key whose proof must come along; NULL: no proof is demanded */
    const char *x5t;        /* SHA-256 of the client certificate that must stand behind the connection; NULL: none is demanded */
} mcp_binding;

/* Both may be demanded. Without cnf nothing is. MCP_BAD_TOKEN if cnf holds a member that is not understood, or nothing,
 * or something that is no base64url SHA-256. The texts are those of the claims. */
mcp_rc mcp_binding_read(mcp_ctx *ctx, const json_t *claims, mcp_binding *out);

/* The certificate as DER, or as one PEM block with nothing but blanks behind it. MCP_BAD_TOKEN if there is none (len 0), if it is
 * no certificate, or another one. */
mcp_rc mcp_binding_check_certificate(mcp_ctx *ctx, const mcp_binding *binding, const char *certificate, size_t len);

typedef struct {
    const char *method;         /* byte for byte htm */
    const char *url;            /* of the resource, as its clients write it; query and fragment do not count */
    const char *access_token;
    const char *jkt;            /* of its binding */
    int back, ahead;            /* seconds that iat may lie in the past or ahead; 0: MCP_DPOP_BACK, MCP_DPOP_AHEAD */
    const unsigned char *nonce_key;     /* MCP_DPOP_NONCE_KEY_LEN bytes; NULL: no nonce is demanded */
} mcp_dpop_request;

/* Section 4.3, in an order that lets nobody without a token for this very key cost a signature check.
 * MCP_BAD_PROOF; MCP_USE_NONCE if all is well but for the nonce: the answer carries a new one; MCP_BAD_TOKEN if the proof's key is
 * not the token's; MCP_UNAVAILABLE if the store cannot tell whether the proof was shown before. RSA keys of 2048 to 4096 bits,
 * and the other algorithms of keys.h. */
mcp_rc mcp_dpop_verify(mcp_ctx *ctx, mcp_store *store, const mcp_dpop_request *request, const char *proof, size_t len);

/* The same for a request that asks for a token (section 5): any key will do, and *jkt is the thumbprint of the one that was shown.
 * access_token and jkt of the request are not looked at. */
mcp_rc mcp_dpop_learn(mcp_ctx *ctx, mcp_store *store, const mcp_dpop_request *request, const char *proof, size_t len, const char **jkt);

/* For the DPoP-Nonce header (section 8): the time, sealed. Nothing is stored; every process and host with the same key reads it.
 * Good for MCP_DPOP_NONCE_LIFE seconds, and the same for a minute, so that requests side by side do not chase each other. */
mcp_rc mcp_dpop_nonce(mcp_ctx *ctx, const unsigned char key[MCP_DPOP_NONCE_KEY_LEN], const char **out);

/* MCP_USE_NONCE if the nonce is NULL, foreign or too old. */
mcp_rc mcp_dpop_check_nonce(mcp_ctx *ctx, const unsigned char key[MCP_DPOP_NONCE_KEY_LEN], const char *nonce);

#endif
