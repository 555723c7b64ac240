/* The gate: what must hold of a request before any rule is asked (methods.h: which rules those are).
 * Pure functions; the door gathers headers and evaluates the sections. */
#ifndef MCP_GATE_H
#define MCP_GATE_H

#include <apr_tables.h>
#include "mcp/envelope.h"

/* Before the body is read. method as text; headers as httpd has them (every line one entry).
 * POST: one Content-Type of application/json (charset only utf-8), no Content-Encoding.
 * GET and DELETE: no body. Any other method: MCP_BAD_METHOD. Refused too: a Connection header that
 * names a header the gate reads or sets; underscore twins of them (Mcp_Name); repeats of
 * Mcp-Method, Mcp-Name, MCP-Protocol-Version, Mcp-Session-Id, Content-Type, Authorization, Origin. */
mcp_rc mcp_gate_headers(mcp_ctx *ctx, const char *method, const apr_table_t *headers, int has_body);

/* 1 if Origin is absent or one of origins (NULL-terminated list, may be NULL). */
int mcp_gate_origin(const apr_table_t *headers, const char *const *origins);

/* 1 if the revision is 2025-03-26, by its header or for want of one: it alone has batches. */
int mcp_gate_may_be_batch(const apr_table_t *headers);

/* After the body: Mcp-Method, Mcp-Name (=?base64?...?= form too) and MCP-Protocol-Version agree with it.
 * Required under 2026-07-28 and later; where sent under earlier revisions they must agree as well.
 * MCP_HEADER_MISMATCH. A revision that is not served: MCP_BAD_VERSION. Mcp-Param-* headers pass uncompared.
 * A method that is a known one's name but for case, blanks or invisible characters: MCP_AMBIGUOUS. */
mcp_rc mcp_gate_agree(mcp_ctx *ctx, const apr_table_t *headers, const mcp_message *message);

/* The text of a header that mirrors a part of the body, its base64 form decoded; NULL if it is absent. MCP_HEADER_MISMATCH if it stands
 * twice, holds more than ASCII, or cannot be decoded. */
mcp_rc mcp_gate_mirrored(mcp_ctx *ctx, const apr_table_t *headers, const char *name, const char **text);

/* 1 if the message is of revision 2026-07-28 or later, by header or body. */
int mcp_gate_is_stateless(const apr_table_t *headers, const mcp_message *message);

/* After MCP_BAD_VERSION: what the error's data must say, {"supported":[...],"requested":"..."}. */
const char *mcp_gate_version_data(apr_pool_t *p, const apr_table_t *headers, const mcp_message *message);

/* The HTTP status of a refusal: the table's, but a method that is not open is 404 under 2026-07-28, as the revision has
 * it, and 403 before, where 404 tells a client that its session is gone. */
int mcp_gate_status(mcp_rc rc, const mcp_message *message);

/* challenge.c: WWW-Authenticate value (RFC 6750 3, RFC 9728 5.1) for a 401 or 403; NULL where rc wants none.
 * scope: blank-separated, may be NULL. */
const char *mcp_challenge(apr_pool_t *p, mcp_rc rc, const char *resource_metadata, const char *scope);

/* challenge.c: the JSON-RPC error body; id as exact bytes, NULL: null. detail may be NULL. data: JSON, may be NULL. */
const char *mcp_rpc_error(apr_pool_t *p, mcp_rc rc, const char *id, size_t id_len, const char *detail, const char *data);

/* resource.c: the RFC 9728 document. servers and scopes: NULL-terminated. */
const char *mcp_resource_document(mcp_ctx *ctx, const char *resource, const char *const *servers, const char *const *scopes);
/* Its URL for a resource: https://host/.well-known/oauth-protected-resource/path. NULL if resource is no URL. */
const char *mcp_resource_metadata_url(mcp_ctx *ctx, const char *resource);

#endif
