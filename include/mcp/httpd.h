/* What both doors need of httpd: a context for a request, the body in and out again, answers, the audit.
 * The only room besides the doors that sees httpd's headers. */
#ifndef MCP_HTTPD_H
#define MCP_HTTPD_H

#include <httpd.h>
#include <http_config.h>
#include <apr_optional.h>
#include "mcp/as.h"
#include "mcp/token.h"

/* A context on the request's pool at the present time, logging to the request's error log as the module
 * (APLOG_MODULE_INDEX), so that LogLevel can name it. */
mcp_ctx *mcp_httpd_ctx(request_rec *r, int module_index);
/* The same for start-up; lines go to the server's error log. */
mcp_ctx *mcp_httpd_server_ctx(apr_pool_t *p, server_rec *s, int module_index);

/* body.c. Receives the body as it arrives; a failure ends the reading and is returned. */
typedef mcp_rc mcp_body_sink(void *baton, const char *bytes, size_t len);
/* Reads the whole body into *kept and hands every piece to the sink. MCP_BAD_REQUEST if the client broke
 * off. Whatever is left unread by a failure closes the connection. */
mcp_rc mcp_body_read(mcp_ctx *ctx, request_rec *r, mcp_body_sink *sink, void *baton, apr_bucket_brigade **kept);
/* Puts the kept brigade back in front of whoever reads the request's body next. */
void mcp_body_replay(request_rec *r, apr_bucket_brigade *kept);
/* The body as one string of at most max bytes. MCP_TOO_LARGE. */
mcp_rc mcp_body_text(mcp_ctx *ctx, request_rec *r, size_t max, const char **text, size_t *len);
/* The bytes [at, at + len) of a kept body: in place where they lie in one piece, else a copy on p. NULL if there are not so many. */
const char *mcp_body_slice(apr_pool_t *p, apr_bucket_brigade *kept, size_t at, size_t len);
size_t mcp_body_length(apr_bucket_brigade *kept);
/* Names the replay filter; called once from a door's register_hooks. */
void mcp_body_register(void);

/* reply.c. Writes the answer past ErrorDocument and returns what a handler returns. */
int mcp_reply(request_rec *r, const mcp_out *out);

/* audit.c. target: a file below ServerRoot, or "|program"; NULL: no audit. Opened at post_config, once on a pool however
 * many modules and virtual hosts name it. */
typedef struct mcp_audit mcp_audit;
/* For the directive: a sentence if the folder of the file or the program cannot be found. */
const char *mcp_audit_check(apr_pool_t *p, const char *target);
const char *mcp_audit_open(apr_pool_t *p, const char *target, mcp_audit **out);
/* One JSON line: time, event, outcome, reason, client, user, tool, scope, resource, redirect, source, request.
 * Sets MCP_OUTCOME, MCP_CLIENT and MCP_TOOL for LogFormat too. outcome: "allowed", "refused", "reported". */
void mcp_audit_write(request_rec *r, mcp_audit *audit, const mcp_audit_facts *facts,
                     const char *tool, const char *outcome, mcp_rc rc, const char *detail);

/* How mod_mcp_toolauthz learns the issuer of its own virtual host; NULL without MCPIssuer. */
typedef struct {
    const char *issuer;
    const mcp_keys *keys;
    const char *default_scope;  /* what a 401 suggests to ask for first; "" if no MCPScope is a default */
} mcp_self_issuer;
APR_DECLARE_OPTIONAL_FN(const mcp_self_issuer *, mcp_dcr_self, (server_rec *s));
/* Whether a token of the issuer on s was revoked, or its client or user: MCP_OK, MCP_BAD_TOKEN, or MCP_UNAVAILABLE while the store is down. */
APR_DECLARE_OPTIONAL_FN(mcp_rc, mcp_dcr_not_revoked, (mcp_ctx *ctx, server_rec *s, const mcp_token *token));
/* mod_mcp_dcr's handler, for a gate whose location holds the endpoints too. DECLINED where the request is none of its. */
APR_DECLARE_OPTIONAL_FN(int, mcp_dcr_handler, (request_rec *r));
/* How mod_mcp_dcr learns which resources stand on its virtual host: a NULL-terminated list. */
APR_DECLARE_OPTIONAL_FN(const char *const *, mcp_toolauthz_resources, (apr_pool_t *p, server_rec *s));
/* The scopes that sections of s ask for while `self` is trusted: a NULL-terminated list. */
APR_DECLARE_OPTIONAL_FN(const char *const *, mcp_toolauthz_scopes, (apr_pool_t *p, server_rec *s));

#endif
