/* MCPTrustIssuer: whose tokens count at a location, where their keys come from, and the judgement of a request's token. */
#ifndef MCP_TRUST_H
#define MCP_TRUST_H

#include "mcp/httpd.h"
#include "mcp/introspect.h"
#include "mcp/jwks.h"
#include "mcp/store.h"
#include "mcp/token.h"

/* One MCPTrustIssuer line. */
typedef struct {
    const char *issuer;
    const mcp_keys *keys;           /* jwks=file:... */
    mcp_jwks_source *source;        /* jwks=URL, or where the issuer's metadata say */
    mcp_introspect *introspect;     /* introspect=URL: the issuer is asked about each token */
    apr_uint32_t number;            /* of the line */
    unsigned is_self : 1;           /* the MCPIssuer of the request's virtual host */
} mcp_trust;

/* ISSUER [jwks=URL|file:PATH] [alg=A,B] [ca=FILE]; ISSUER introspect=URL client=ID secret=file:PATH [ca=FILE]; or self. Adds to *trusts, made if NULL; otherwise a sentence. */
const char *mcp_trust_parse(cmd_parms *cmd, int argc, char *const argv[], apr_array_header_t **trusts);

/* The issuer's identifier on this virtual host; NULL for self without MCPIssuer. */
const char *mcp_trust_issuer(server_rec *s, const mcp_trust *trust);

/* What a stranger should ask for first: the default scopes of self; NULL where they are not known. */
const char *mcp_trust_first_scopes(server_rec *s, const apr_array_header_t *trusts);
int mcp_trust_has_self(const apr_array_header_t *trusts);

/* Called once in each child process, before its threads: tokens that were verified are remembered from then on. */
void mcp_trust_child_init(apr_pool_t *p, server_rec *s, int module_index);

/* The bearer token of the one Authorization header: MCP_NO_TOKEN without one, MCP_BAD_TOKEN or MCP_EXPIRED_TOKEN
 * unless a trusted issuer made it for audience, MCP_UNAVAILABLE while keys or revocations cannot be had. */
mcp_rc mcp_trust_verify(mcp_ctx *ctx, request_rec *r, const apr_array_header_t *trusts, const char *audience, mcp_token *out);

/* Whether the request shows the key that its token is bound to, if it is (dpop.h): a DPoP proof for origin and the request's path, or the
 * client certificate. required: an unbound token does not do. MCP_BAD_TOKEN, MCP_BAD_PROOF, MCP_UNAVAILABLE. */
mcp_rc mcp_trust_check_binding(mcp_ctx *ctx, request_rec *r, const mcp_token *token, mcp_store *store, const char *origin, int required);

#endif
