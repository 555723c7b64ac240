/* Every reason for which a request can be refused, in one table: what the wire
 * says (HTTP status, OAuth error word, JSON-RPC code, a sentence for the client)
 * and the tag an administrator can search the log for.
 *
 * OAuth words: RFC 6749 5.2, RFC 6750 3.1, RFC 7591 3.2.2, RFC 8707 2, RFC 9449 12.2.
 * JSON-RPC codes: JSON-RPC 2.0 section 5.1; -32020 is MCP's HeaderMismatch.
 * A row's tag is never reused; a new reason takes the next free number. */
#ifndef MCP_ERROR_H
#define MCP_ERROR_H

/*    reason                     http  oauth word                   rpc     tag        sentence for the client */
#define MCP_ERROR_ROWS(ROW) \
  ROW(MCP_OK,                    200, "",                              0, "MCP000", "") \
  ROW(MCP_INTERNAL,              500, "server_error",             -32603, "MCP001", "the server failed; try again later") \
  ROW(MCP_UNAVAILABLE,           503, "temporarily_unavailable",  -32603, "MCP002", "a part of the service is down; try again later") \
  ROW(MCP_TOO_LARGE,             413, "invalid_request",          -32600, "MCP003", "the message is larger than this server accepts") \
  ROW(MCP_BAD_METHOD,            405, "invalid_request",          -32600, "MCP004", "this HTTP method is not served here") \
  ROW(MCP_BAD_MEDIA_TYPE,        415, "invalid_request",          -32600, "MCP005", "send the body in the media type this endpoint takes") \
  ROW(MCP_BAD_REQUEST,           400, "invalid_request",          -32600, "MCP006", "the request is malformed") \
  ROW(MCP_NOT_FOUND,             404, "invalid_request",          -32601, "MCP007", "there is nothing here") \
  ROW(MCP_TOO_MANY,              429, "temporarily_unavailable",  -32603, "MCP008", "too many requests; wait before the next one") \
  ROW(MCP_ODD_URI,               400, "invalid_request",          -32602, "MCP009", "the URI is not in its normal form; send it so") \
  ROW(MCP_BAD_JSON,              400, "invalid_request",          -32700, "MCP010", "the body is not strict JSON") \
  ROW(MCP_BAD_ENVELOPE,          400, "invalid_request",          -32600, "MCP011", "the body is not one JSON-RPC message") \
  ROW(MCP_AMBIGUOUS,             400, "invalid_request",          -32600, "MCP012", "the message can be read in two ways; send every member once, spelt exactly") \
  ROW(MCP_TOO_DEEP,              400, "invalid_request",          -32600, "MCP013", "the message is nested deeper than this server accepts") \
  ROW(MCP_BAD_PARAMS,            400, "invalid_request",          -32602, "MCP014", "params do not fit the method") \
  ROW(MCP_HEADER_MISMATCH,       400, "invalid_request",          -32020, "MCP015", "a mirrored header is missing, repeated or differs from the body") \
  ROW(MCP_BATCH,                 400, "invalid_request",          -32600, "MCP016", "this batch is not accepted; send one message a request") \
  ROW(MCP_BAD_VERSION,           400, "invalid_request",          -32022, "MCP017", "this protocol version is not served here") \
  ROW(MCP_BAD_SESSION,           404, "invalid_request",          -32001, "MCP018", "this session is not yours or has ended; initialize anew") \
  ROW(MCP_BAD_ANSWER,            502, "server_error",             -32603, "MCP019", "the MCP server behind this one gave an answer that cannot be passed on") \
  ROW(MCP_NO_TOKEN,              401, "",                         -32001, "MCP020", "an access token is required") \
  ROW(MCP_BAD_TOKEN,             401, "invalid_token",            -32001, "MCP021", "the access token is not valid here") \
  ROW(MCP_EXPIRED_TOKEN,         401, "invalid_token",            -32001, "MCP022", "the access token has expired") \
  ROW(MCP_MISSING_SCOPE,         403, "insufficient_scope",       -32003, "MCP023", "the access token lacks a scope that this call needs") \
  ROW(MCP_FORBIDDEN,             403, "access_denied",            -32602, "MCP024", "unknown, or not yours to use") \
  ROW(MCP_BAD_ORIGIN,            403, "access_denied",            -32600, "MCP025", "requests from this web origin are not accepted") \
  ROW(MCP_METHOD_DENIED,         403, "access_denied",            -32601, "MCP026", "this method is not open here") \
  ROW(MCP_BAD_PROOF,             401, "invalid_dpop_proof",       -32001, "MCP027", "the DPoP proof does not belong to this request") \
  ROW(MCP_USE_NONCE,             401, "use_dpop_nonce",           -32001, "MCP028", "make the DPoP proof anew with the nonce of this answer") \
  ROW(MCP_CHANGED_TOOL,          403, "access_denied",            -32602, "MCP029", "unknown, or not yours to use") \
  ROW(MCP_BAD_METADATA,          400, "invalid_client_metadata",  -32602, "MCP030", "a member of the client metadata is not acceptable") \
  ROW(MCP_BAD_REDIRECT,          400, "invalid_redirect_uri",     -32602, "MCP031", "a redirect URI is not acceptable") \
  ROW(MCP_BAD_SCOPE,             400, "invalid_scope",            -32602, "MCP032", "a requested scope is unknown or not open to this client") \
  ROW(MCP_BAD_CLIENT,            401, "invalid_client",           -32602, "MCP033", "client authentication failed") \
  ROW(MCP_BAD_GRANT,             400, "invalid_grant",            -32602, "MCP034", "the grant is wrong, expired or was already used") \
  ROW(MCP_BAD_GRANT_TYPE,        400, "unsupported_grant_type",   -32602, "MCP035", "this grant type is not served") \
  ROW(MCP_UNAUTHORIZED_CLIENT,   400, "unauthorized_client",      -32602, "MCP036", "this client may not use that grant type") \
  ROW(MCP_BAD_TARGET,            400, "invalid_target",           -32602, "MCP037", "the resource is not one this server issues tokens for") \
  ROW(MCP_BAD_RESPONSE_TYPE,     400, "unsupported_response_type",-32602, "MCP038", "only response_type=code is served") \
  ROW(MCP_ACCESS_DENIED,         403, "access_denied",            -32602, "MCP039", "the user refused") \
  ROW(MCP_REGISTRATION_CLOSED,   403, "access_denied",            -32602, "MCP040", "registration is closed on this server") \
  ROW(MCP_LOGIN_REQUIRED,        403, "login_required",           -32602, "MCP041", "the user is not logged in") \
  ROW(MCP_CONSENT_REQUIRED,      403, "consent_required",         -32602, "MCP042", "the user must be asked") \
  ROW(MCP_BAD_TICKET,            400, "invalid_request",          -32602, "MCP043", "this form is stale or was already sent; start again from the application") \
  ROW(MCP_BAD_STATEMENT,         400, "invalid_software_statement",-32602, "MCP044", "the software statement is not acceptable") \
  ROW(MCP_FETCH_REFUSED,         400, "invalid_request",          -32602, "MCP050", "the address could not be used") \
  ROW(MCP_ABSENT,                404, "invalid_request",          -32602, "MCP051", "no such record") \
  ROW(MCP_EXISTS,                409, "invalid_request",          -32602, "MCP052", "the record exists already") \
  ROW(MCP_BAD_CONFIG,            500, "server_error",             -32603, "MCP060", "the server is not configured for this")

typedef enum {
#define MCP_ERROR_NAME(name, http, oauth, rpc, tag, text) name,
    MCP_ERROR_ROWS(MCP_ERROR_NAME)
#undef MCP_ERROR_NAME
    MCP_RC_COUNT
} mcp_rc;

typedef struct {
    const char *name;       /* "MCP_BAD_SCOPE": the reason code of audit lines, without its prefix */
    int http;               /* HTTP status */
    const char *oauth;      /* OAuth error word; "" where the RFC wants none */
    int rpc;                /* JSON-RPC error code */
    const char *tag;        /* log tag */
    const char *sentence;   /* what the client should change; no quotes, backslashes or markup */
} mcp_error;

/* The row of rc; an unknown rc reads as MCP_INTERNAL. Never NULL. */
const mcp_error *mcp_error_of(mcp_rc rc);

/* The reason word of audit lines: "bad_scope" for MCP_BAD_SCOPE. Static storage is not used; p owns it. */
struct apr_pool_t;
const char *mcp_error_reason(struct apr_pool_t *p, mcp_rc rc);

#endif
