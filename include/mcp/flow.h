/* What /authorize and /token read and answer alike. */
#ifndef MCP_FLOW_H
#define MCP_FLOW_H

#include "mcp/as.h"
#include "mcp/client.h"
#include "mcp/form.h"
#include "mcp/ticket.h"

/* The body as a form: MCP_BAD_MEDIA_TYPE or MCP_BAD_REQUEST. */
mcp_rc mcp_flow_body(mcp_ctx *ctx, const mcp_in *in, const char *repeatable, const mcp_form **out);

/* The one resource the form names, or the issuer's only one. MCP_BAD_TARGET: foreign, several, or not told which. */
mcp_rc mcp_flow_resource(mcp_ctx *ctx, const mcp_as *as, const mcp_form *form, const char **out);

/* MCP_BAD_SCOPE unless the text is scope-tokens of RFC 6749 3.3 with single blanks between. */
mcp_rc mcp_flow_check_scope(mcp_ctx *ctx, const char *text);
/* The declared scopes a client gets where it asks for none: those it registered, else the default ones. */
const char *mcp_flow_default_scope(mcp_ctx *ctx, const mcp_as *as, const mcp_client *client);
/* 1 if the user is to be asked whether the client may stay connected (refresh.h). asked: the scope parameter, may be NULL. */
int mcp_flow_wants_refresh(const mcp_as *as, const mcp_client *client, const char *asked);
/* The words of list that are declared, each once, in declared order; "" for none. */
const char *mcp_flow_declared(mcp_ctx *ctx, const mcp_as *as, const char *list);
/* Those of them that are not sensitive and stand in ceiling too. */
const char *mcp_flow_machine_scope(mcp_ctx *ctx, const mcp_as *as, const char *list, const char *ceiling);

/* The declared words that stand in both lists. */
const char *mcp_flow_within(mcp_ctx *ctx, const mcp_as *as, const char *list, const char *other);

/* 1 for min..max letters of base64url. */
int mcp_flow_is_base64url(const char *text, size_t min, size_t max);

/* The id of a code's record: only its own client finds it, at its own issuer. */
const char *mcp_flow_code_id(mcp_ctx *ctx, const mcp_as *as, const char *client, const char *code);

/* 303 to a redirect URI that was validated before, with state and iss (RFC 9207). */
void mcp_flow_redirect(mcp_ctx *ctx, const mcp_as *as, const mcp_ticket *to, const char *name, const char *value, mcp_out *out);
/* The same with rc's OAuth word and mcp_out_description; what the request said stands there quoted (mcp_client_quote) alone.
 * Returns rc. */
mcp_rc mcp_flow_redirect_error(mcp_ctx *ctx, const mcp_as *as, const mcp_ticket *to, mcp_rc rc, mcp_out *out);

#endif
