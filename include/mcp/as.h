/* The authorization server as the use cases of lib/oauth see it: settings, a request, an answer.
 *
 * A use case is a function (ctx, as, in, out) -> rc. On MCP_OK `out` is the answer. On any other
 * rc `out` is the answer too if out->status is set (a page, a redirect that carries the error);
 * otherwise the caller writes mcp_out_error(). Either way out->audit tells what happened. */
#ifndef MCP_AS_H
#define MCP_AS_H

#include <apr_tables.h>
#include "mcp/keys.h"
#include "mcp/store.h"

typedef struct {
    const char *name;           /* RFC 6749 3.3 scope-token */
    const char *text;           /* what it allows, in words for the consent page */
    unsigned sensitive : 1;     /* never for unverified clients */
    unsigned by_default : 1;    /* given when a client asks for none */
    unsigned machine : 1;       /* given by client_credentials, without any user */
} mcp_scope;

/* Clients whose identifiers carry what a record would hold, so that none is kept. */
typedef struct {
    const unsigned char *key;   /* MCP_SEAL_KEY_LEN secret bytes */
    apr_int64_t not_before;     /* seconds since 1970: what was registered earlier counts no more */
} mcp_sealed;

/* Who gets refresh tokens: nobody; who asks for the scope offline_access; whoever registered the grant type. Always with the user's consent. */
typedef enum { MCP_REFRESH_OFF, MCP_REFRESH_ASKED, MCP_REFRESH_REGISTERED } mcp_refresh_policy;

/* Who may ask about tokens (RFC 7662): named by the administrator. */
typedef struct {
    const char *name;
    const char *secret_digest;          /* lower-case hex SHA-256 */
    const char *const *resources;       /* whose tokens, NULL-terminated; NULL: all of the issuer's */
} mcp_introspector;

/* One issuer. Const once the server runs. */
typedef struct {
    const char *issuer;         /* https://host[/path], no slash at the end */
    const char *path;           /* path of the issuer, "" for none: endpoints are path + "/register" ... */
    const mcp_key *key;         /* that signs */
    const mcp_keys *keys;       /* that are published and accepted: that one and those before and after it */
    mcp_store *store;
    const unsigned char *seal;  /* 32 secret bytes for tickets, derived from the signing key */
    const unsigned char *const *other_seals;    /* those of the other keys, to open what they closed; NULL-terminated, may be NULL */
    const mcp_scope *scopes;
    int scope_count;
    const char *const *resources;   /* RFC 8707 identifiers this issuer makes tokens for, NULL-terminated */
    apr_int64_t access_ttl, refresh_ttl, client_ttl, code_ttl;  /* seconds */
    unsigned registration_open : 1;     /* anybody may register */
    const char *initial_access;         /* initial_access.h: the file of tokens with which one may register; NULL: none counts */
    apr_uint32_t clients_max;           /* that are kept in the store; 0: as many as it holds */
    unsigned dedupe : 1;                /* the same public client registered again from the same address is the same client */
    const struct mcp_statement_issuer *statements;  /* statement.h: whose software statements count */
    int statement_count;
    const mcp_sealed *sealed;           /* NULL: clients are kept in the store */
    apr_int64_t refresh_idle;   /* seconds that a refresh token lives without being used */
    mcp_refresh_policy refresh;
    const mcp_introspector *introspectors;
    int introspector_count;
    const struct mcp_cimd *documents;   /* cimd.h; NULL: no client names itself by URL */
} mcp_as;

/* What a door read from the request. Strings are NULL where absent. */
typedef struct {
    const char *method;         /* "GET", "POST" */
    const char *content_type;
    const char *query;          /* undecoded, without "?" */
    const char *body;           /* NUL-terminated behind body_len */
    size_t body_len;
    const char *authorization;  /* the one Authorization header */
    const char *dpop;           /* RFC 9449 */
    const char *origin, *fetch_site, *cookie;
    const char *user;           /* whom httpd authenticated */
    const char *peer;           /* client address */
    const char *name;           /* what stands behind the endpoint's path, for /register/CLIENT_ID */
} mcp_in;

/* One audit line's facts. No member may hold a secret. NULL: not known. */
typedef struct {
    const char *event;          /* "register", "authorize", "consent", "token" */
    const char *client, *user, *scope, *resource, *redirect;
    const char *prompt, *uri;   /* what a message names beside tools */
} mcp_audit_facts;

typedef struct {
    int status;                 /* 0: nothing answered yet */
    const char *content_type;
    const char *body;           /* NUL-terminated */
    apr_table_t *headers;       /* further headers, may be NULL */
    mcp_audit_facts audit;
} mcp_out;

/* out.c */
mcp_rc mcp_out_json(mcp_ctx *ctx, mcp_out *out, int status, const json_t *value);   /* no-store; returns MCP_OK */
void mcp_out_header(mcp_ctx *ctx, mcp_out *out, const char *name, const char *value);
/* Retry-After on 429 and 503. */
void mcp_out_retry(mcp_ctx *ctx, mcp_out *out, int http);
/* rc's sentence, and ctx->detail behind it where the failure is not the server's own: visible ASCII and blanks without
 * quotation mark and backslash (RFC 6749 5.2). */
const char *mcp_out_description(mcp_ctx *ctx, mcp_rc rc);
/* {"error","error_description"} by rc's table row and mcp_out_description.
 * WWW-Authenticate: Basic on 401 invalid_client; Retry-After as above. */
void mcp_out_error(mcp_ctx *ctx, mcp_out *out, mcp_rc rc);

/* register.c: POST /register, RFC 7591. */
mcp_rc mcp_register(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out);
/* register_manage.c: GET, PUT, DELETE /register/CLIENT_ID, RFC 7592, for whoever holds the registration access token. */
mcp_rc mcp_register_manage(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out);
/* authorize.c: GET /authorize, RFC 6749 4.1.1 with RFC 7636, 8707, 9207. in->user is logged in. Writes nothing. */
mcp_rc mcp_authorize(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out);
/* consent.c: POST /authorize, the user's answer on the consent page. */
mcp_rc mcp_consent(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out);
/* grant.c: POST /token, authorization_code, refresh_token and client_credentials. */
mcp_rc mcp_grant(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out);
/* revoke.c: POST /revoke, RFC 7009. Either token of a grant ends the grant. */
mcp_rc mcp_revoke(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out);
/* introspection.c: POST /introspect, RFC 7662. */
mcp_rc mcp_introspection(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out);
/* metadata.c: RFC 8414 document; the RFC 7517 set. */
mcp_rc mcp_metadata(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out);
mcp_rc mcp_jwks(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out);

/* 1 if any scope may be had without a user; otherwise client_credentials is neither offered nor served. */
int mcp_as_serves_machines(const mcp_as *as);
/* The scope row, or NULL. */
const mcp_scope *mcp_as_scope(const mcp_as *as, const char *name);
/* 1 if the resource is one of ours, compared byte for byte. */
int mcp_as_has_resource(const mcp_as *as, const char *resource);

#endif
