/* A client: its metadata (RFC 7591 section 2), the rules it must meet, and its record in the store. */
#ifndef MCP_CLIENT_H
#define MCP_CLIENT_H

#include "mcp/as.h"

typedef enum { MCP_AUTH_NONE, MCP_AUTH_BASIC, MCP_AUTH_POST } mcp_client_auth;

typedef struct {
    const char *id;
    const char *name;           /* shown at consent; "" if none */
    const char *uri;            /* client_uri, NULL if none */
    const char *const *redirects;   /* NULL-terminated, may be empty */
    const char *scope;          /* the scopes granted at registration: a default, not a ceiling */
    const char *ceiling;        /* the scopes it may ever have; NULL: all. From the initial access token it registered with */
    mcp_client_auth auth;
    unsigned grant_code : 1, grant_refresh : 1, grant_credentials : 1, is_native : 1;
    unsigned is_sealed : 1;     /* its id carries all of this; there is no record */
    unsigned is_document : 1;   /* names itself by the URL of its metadata (cimd.h) and shares no secret with us */
    const char *secret_digest;  /* lower-case hex SHA-256, NULL for public clients */
    const char *access_digest;  /* of the registration access token (RFC 7592), as above; NULL: nobody may change the record */
    apr_int64_t issued_at, secret_expires_at;   /* seconds since 1970; 0: does not expire (public) */
    json_t *metadata;           /* the members to echo in the registration answer */
} mcp_client;

/* Where a document comes from decides what it may ask for. */
typedef struct {
    unsigned is_document : 1;   /* fetched from its client_id: no shared secret, no grant without a user */
    const char *ceiling;        /* the only scopes it may have, sensitive ones too; NULL: all that are not sensitive */
} mcp_client_rules;

/* Judges a metadata document by the rules for registrations (rules: NULL) or by others; fills everything but id, secret and times. MCP_BAD_METADATA,
 * MCP_BAD_REDIRECT or MCP_BAD_SCOPE with a detail that names the member. */
mcp_rc mcp_client_judge(mcp_ctx *ctx, const mcp_as *as, const mcp_client_rules *rules, json_t *doc, mcp_client *out);
mcp_rc mcp_client_from_metadata(mcp_ctx *ctx, const mcp_as *as, json_t *doc, mcp_client *out);     /* rules: NULL */

/* register.c: 1 for application/json, in UTF-8 if it says so. Any other parameter could change how the bytes are read. */
int mcp_client_is_json(apr_pool_t *p, const char *type);
/* client.c: fails anew with rc; the detail is what the failed step said, led by the member it was about. */
mcp_rc mcp_client_refuse(mcp_ctx *ctx, mcp_rc rc, const char *member);
/* words.c: text that people will read. MCP_BAD_METADATA for control, invisible, direction-changing and
 * private-use characters, for nothing but blanks, and beyond max characters. */
mcp_rc mcp_client_check_words(mcp_ctx *ctx, const char *member, const char *text, int max);
/* words.c: a value that was sent, for a log, an audit line or an error's description: in single quotes, everything but visible
 * ASCII as %XX (blanks, quotes and backslashes too, so that it can neither end the quotation nor read as prose), cut behind
 * about 120 bytes, without the user information of a URI. Never for a secret, a code or a token. */
const char *mcp_client_quote(mcp_ctx *ctx, const char *text);

/* Records of clients belong to the issuer: no other one on the same store knows them. */
mcp_rc mcp_client_save(mcp_ctx *ctx, const mcp_as *as, const mcp_client *client);      /* MCP_EXISTS if the id is taken */
mcp_rc mcp_client_replace(mcp_ctx *ctx, const mcp_as *as, const mcp_client *client);
mcp_rc mcp_client_remove(mcp_ctx *ctx, const mcp_as *as, const char *id);
/* MCP_BAD_CLIENT if there is none (or it expired), MCP_UNAVAILABLE if the store is down. */
mcp_rc mcp_client_load(mcp_ctx *ctx, const mcp_as *as, const char *id, const mcp_client **out);

/* client_life.c. Who writes a record that is there already holds its lock; patient: waits a second for it. MCP_EXISTS: somebody else has it. */
mcp_rc mcp_client_lock(mcp_ctx *ctx, const mcp_as *as, const char *id, int patient);
void mcp_client_unlock(mcp_ctx *ctx, const mcp_as *as, const char *id);
/* A token was issued to it: its record lives on, written anew after a quarter of client_ttl at most. by_user: a user approved, so it is never
 * given up to make room. renewed: 1 if it was written; may be NULL. */
mcp_rc mcp_client_used(mcp_ctx *ctx, const mcp_as *as, const mcp_client *client, int by_user, int *renewed);
/* Makes room for one more: the oldest that no user ever approved, an hour old at least, gives way. MCP_UNAVAILABLE if there is none. */
mcp_rc mcp_client_seat(mcp_ctx *ctx, const mcp_as *as, const char *id);

/* client_sealed.c: clients without a record. An id opens at its issuer alone, while as->sealed is there, until it expires or was given up. */
int mcp_client_is_sealed(const char *id);
mcp_rc mcp_client_seal(mcp_ctx *ctx, const mcp_as *as, mcp_client *client);      /* sets the id; MCP_BAD_METADATA if it gets too long */
mcp_rc mcp_client_unseal(mcp_ctx *ctx, const mcp_as *as, const char *id, mcp_client *out);
/* "secret" or "access": what only the server can derive from the id, and its digest. */
mcp_rc mcp_client_derive(mcp_ctx *ctx, const mcp_as *as, const char *id, const char *what, const char **text, const char **digest);

/* A client that was given up, by its owner or by an administrator: what was issued to it counts no more. The record
 * "revoked-client", its id the issuer, a blank and the client_id, outlives whatever the client may hold. */
mcp_rc mcp_client_revoke(mcp_ctx *ctx, const mcp_as *as, const char *id);
/* MCP_OK, MCP_BAD_CLIENT for a client that was given up, MCP_UNAVAILABLE. */
mcp_rc mcp_client_check_revoked(mcp_ctx *ctx, mcp_store *store, const char *issuer, const char *id);

/* The words of scope that the client's ceiling holds. */
const char *mcp_client_within(mcp_ctx *ctx, const mcp_client *client, const char *scope);

/* 1 if uri is one of the client's: exact, but any port on a loopback http one (RFC 8252 7.3). */
int mcp_client_has_redirect(mcp_ctx *ctx, const mcp_client *client, const char *uri);

/* The name and secret that were sent, by Authorization: Basic or in the form; either may be NULL. MCP_BAD_CLIENT, MCP_BAD_REQUEST. */
struct mcp_form;
mcp_rc mcp_client_credentials(mcp_ctx *ctx, const mcp_in *in, const struct mcp_form *form, const char **id, const char **secret);

/* client_secret_basic, client_secret_post or none, exactly as registered. form: the token request.
 * MCP_BAD_CLIENT otherwise (MCP_BAD_REQUEST for two methods at once). */
mcp_rc mcp_client_authenticate(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, const struct mcp_form *form,
                               const mcp_client **out);

#endif
