/* What a user allowed for longer than an access token lives: the grant, and the refresh tokens (RFC 6749 6, RFC 9700 4.14) that
 * one after the other stand for it.
 *
 * A grant's id is also the first part of the jti of every access token that comes from it. A refresh token has one record, under its
 * digest; the token itself is nowhere. Using it replaces it by the next: of many who show it at once one gets that. Whoever shows
 * one that was used before may have stolen it, so that ends the grant and every access token of it. A client whose answer was
 * lost on the way therefore asks its user again: it cannot be told from a thief. Used tokens leave no record: they are known by
 * a seal in them, which holds for their client alone.
 * A grant lives as->refresh_ttl seconds at most, and as->refresh_idle without being used. */
#ifndef MCP_REFRESH_H
#define MCP_REFRESH_H

#include "mcp/client.h"

typedef struct {
    const char *id;             /* letters of base64url */
    const char *client, *user, *scope, *resource;
    const char *jkt;            /* of the key whose DPoP proof must come along; NULL: none */
    apr_int64_t born, until;    /* seconds since 1970: when the user allowed it, and when it ends whatever happens */
    const char *token;          /* that opened it */
} mcp_offline;

/* Gives the first token of a new grant. born, until and token of `grant` are not looked at. */
mcp_rc mcp_refresh_begin(mcp_ctx *ctx, const mcp_as *as, const mcp_offline *grant, const char **token);

/* The grant of a token that its client shows. MCP_BAD_GRANT where it is none of this client's, or ended; one that was used before ends
 * the grant. Spends nothing. */
mcp_rc mcp_refresh_open(mcp_ctx *ctx, const mcp_as *as, const char *client, const char *token, mcp_offline *out);

/* Spends the token that opened the grant and gives the next one. Somebody else was faster: MCP_BAD_GRANT, and the grant ends. */
mcp_rc mcp_refresh_turn(mcp_ctx *ctx, const mcp_as *as, const mcp_offline *grant, const char **token);

/* The id of the grant that a token of this client stands for or once stood for; NULL if there was none. */
const char *mcp_refresh_grant_of(mcp_ctx *ctx, const mcp_as *as, const char *client, const char *token);

#endif
