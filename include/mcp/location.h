/* A <Location> that mod_mcp_toolauthz guards: its settings, how they merge, and what must hold at start-up. */
#ifndef MCP_LOCATION_H
#define MCP_LOCATION_H

#include "mcp/httpd.h"
#include "mcp/keys.h"
#include "mcp/methods.h"
#include "mcp/pin.h"
#include "mcp/rate.h"
#include "mcp/section.h"

enum { MCP_MODE_UNSET = -1, MCP_MODE_OFF, MCP_MODE_ON, MCP_MODE_REPORT };

/* MCPBackendIdentity. */
typedef struct {
    enum { MCP_IDENTITY_OFF, MCP_IDENTITY_HEADERS, MCP_IDENTITY_ASSERTION } how;
    const mcp_key *key;             /* of assertions */
    const char *audience;           /* of assertions */
} mcp_identity;

/* What stays one thing however often httpd merges: the place where MCPToolAuthz stands. */
typedef struct {
    server_rec *server;
    const char *path;
    const char *resource;           /* canonical identifier = audience */
    const char *metadata_url, *metadata_path;
    const char *origin;             /* the resource's own, that pages of the site itself send */
} mcp_place;

typedef struct {
    const char *path;               /* NULL: no directive of ours stands in the <Location> itself */
    int mode;
    mcp_place *where;
    const char *resource;
    apr_array_header_t *trusts;     /* of mcp_trust */
    apr_array_header_t *sections[MCP_SUBJECT_RESOURCE + 1];     /* of mcp_section, by mcp_subject_kind */
    apr_array_header_t *origins;    /* of const char *, a NULL behind the last */
    int unlisted_allow;             /* -1: unset */
    apr_int64_t max_body, max_depth;    /* 0: unset */
    mcp_pin_mode pins;
    const mcp_rate *rate;           /* of a section or of the location; NULL: unset */
    int binding_required;           /* -1: unset */
    const mcp_identity *identity;   /* what the backend is told; NULL: unset */
} mcp_location;

/* MCPScopeImplies: who has broad has the narrow ones too. */
typedef struct {
    const char *broad;
    apr_array_header_t *narrow;     /* of const char * */
} mcp_implied;

/* What a server knows of its locations. */
typedef struct {
    apr_array_header_t *gated;      /* of mcp_location * with MCPToolAuthz, as configured */
    apr_array_header_t *rules;      /* of mcp_location *: all with a directive of ours */
    apr_array_header_t *scopes;     /* of const char *, from every mcp-scope line */
    apr_array_header_t *implies;    /* of mcp_implied */
    const unsigned char *session_key;   /* MCP_SEAL_KEY_LEN bytes, from post_config on */
    const char *audit_target;
    mcp_audit *audit;
    int needs_store;                /* a directive cannot do without MCPStore */
    const char *store_spec;         /* MCPStore; NULL: none */
    mcp_store *store;               /* this process's; NULL: none, or it could not be opened */
} mcp_locations;

/* For the module record. */
void *mcp_location_create(apr_pool_t *p, char *path);
void *mcp_location_merge(apr_pool_t *p, void *base, void *add);
void *mcp_locations_create(apr_pool_t *p, server_rec *s);
void *mcp_locations_merge(apr_pool_t *p, void *base, void *add);

/* Called by every directive first: refuses a place where it would be read for some requests only. */
const char *mcp_location_enter(cmd_parms *cmd, mcp_location *location, mcp_locations *all);

/* check_config, once for each gated location: settles its resource and refuses what cannot work. OK or a status; says why in the log. */
int mcp_location_settle(apr_pool_t *p, mcp_location *location, int module_index);

/* check_config, once for each server: refuses rules that no gate reads. main: the main server's. */
int mcp_locations_check(server_rec *s, const mcp_locations *all, const mcp_locations *main);

/* identity.c: "off", "headers", or "assertion" KEYFILE AUDIENCE; NULL or a sentence. */
const char *mcp_identity_parse(cmd_parms *cmd, int argc, char *const argv[], const mcp_identity **out);

/* session_key.c: MCPSessionKey's file, read at start-up (a sentence if it cannot be, or others can read it); the key made without one,
 * NULL if there is no randomness. */
const char *mcp_session_key_read(cmd_parms *cmd, const char *file, const unsigned char **key);
const unsigned char *mcp_session_key_made(server_rec *s);

/* protected.c: the gated location whose RFC 9728 document the request asks for, or NULL. */
const mcp_location *mcp_protected_find(const mcp_locations *all, request_rec *r);
/* Answers with that document. */
int mcp_protected_serve(mcp_ctx *ctx, request_rec *r, const mcp_locations *all, const mcp_location *location);

/* A NULL-terminated copy of a list of const char *, each word once. */
const char *const *mcp_words_once(apr_pool_t *p, const apr_array_header_t *list);

#endif
