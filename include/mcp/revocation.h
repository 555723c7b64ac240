/* What was taken back before its time. Absence of a record means that nothing was; a store that does not answer means no. */
#ifndef MCP_REVOCATION_H
#define MCP_REVOCATION_H

#include "mcp/as.h"
#include "mcp/token.h"

/* Ends a grant (refresh.h) or a single access token: jti is the id of the one or the jti of the other. */
mcp_rc mcp_revoke_grant(mcp_ctx *ctx, const mcp_as *as, const char *jti);
/* Whatever this user allowed until now. */
mcp_rc mcp_revoke_user(mcp_ctx *ctx, const mcp_as *as, const char *user);

/* The id of the grant that an access token came from: its jti up to the dot. */
const char *mcp_revocation_grant_of(apr_pool_t *p, const char *jti);

/* MCP_BAD_TOKEN if the grant was revoked, its client given up, or its user's grants up to `since` taken back; MCP_UNAVAILABLE.
 * since: when the user allowed it, seconds since 1970. */
mcp_rc mcp_revocation_check(mcp_ctx *ctx, const mcp_as *as, const char *grant, const char *client, const char *user, apr_int64_t since);

/* The same for an access token of this issuer, as the gate asks at every request. Whether its grant was revoked is read from the store each
 * time; that nothing is known against its client and user is remembered for MCP_REVOCATION_MEMORY seconds in this process, in `memory`
 * (NULL: never), so that one read does where three would. */
enum { MCP_REVOCATION_MEMORY = 1 };

typedef struct mcp_revocation_memory mcp_revocation_memory;

/* NULL if no mutex can be had. Any thread may use it. */
mcp_revocation_memory *mcp_revocation_remember(apr_pool_t *p);
mcp_rc mcp_revocation_check_token(mcp_ctx *ctx, const mcp_as *as, mcp_revocation_memory *memory, const mcp_token *token);

#endif
