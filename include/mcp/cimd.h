/* Client ID Metadata Documents (draft-ietf-oauth-client-id-metadata-document): a client that names itself by the https URL of its metadata.
 *
 * The URL is judged by its shape and by the administrator's domains at every use, before anything else happens. Its document is fetched
 * through fetch.h's guards, must say that it belongs to that very URL, and meets the rules of a registration. Documents that
 * passed are kept as HTTP allows, for MCP_CIMD_LIFE_MIN to MCP_CIMD_LIFE_MAX seconds, in the process and in the store, and are judged anew
 * each time they are used. One that cannot be had is not asked for again for MCP_CIMD_PAUSE seconds. A crowd that wants one document
 * causes one fetch, whatever processes and hosts it stands in; a host, and the world, can be made to be asked only so often.
 * To whoever sent the URL a failure says only that the document could not be used, until the document has proved to be that client's. */
#ifndef MCP_CIMD_H
#define MCP_CIMD_H

#include "mcp/client.h"
#include "mcp/fetch.h"

enum {
    MCP_CIMD_BYTES_MAX = 5 * 1024,      /* of a document, as the draft proposes */
    MCP_CIMD_ID_MAX = 1024,             /* of its URL */
    MCP_CIMD_LIFE_MIN = 60, MCP_CIMD_LIFE_DEFAULT = 3600, MCP_CIMD_LIFE_MAX = 86400,    /* seconds */
    MCP_CIMD_PAUSE = 15,
    MCP_CIMD_BUDGET_WINDOW = 60, MCP_CIMD_HOST_BUDGET = 20, MCP_CIMD_WORLD_BUDGET = 300     /* fetches in a window */
};

/* A host inside, whose documents may be fetched though its address is no public one. */
typedef struct {
    const char *host;           /* lower case */
    int port;                   /* 443 unless the administrator wrote another one */
    const char *ca_file;        /* NULL: the system's */
} mcp_internal_host;

typedef struct mcp_cimd_memory mcp_cimd_memory;

typedef struct mcp_cimd {
    const char *const *allow, *const *deny;     /* domains, NULL-terminated: NAME, or *.NAME for what is below it. allow NULL: all */
    unsigned same_origin : 1;   /* https redirect URIs are of the document's origin, and no others but loopback are taken */
    const mcp_internal_host *internal;
    int internal_count;
    mcp_cimd_memory *memory;    /* NULL: the store alone */
} mcp_cimd;

/* A sentence if text is no domain as the lists above have it. */
const char *mcp_cimd_check_domain(apr_pool_t *p, const char *text);

/* For a process and those forked from it; freed with p. crowd: how many threads may fetch or wait for a fetch at once. NULL if no
 * mutex can be had. */
mcp_cimd_memory *mcp_cimd_memory_create(apr_pool_t *p, int crowd);

/* 1 if the client_id can only be a URL: no such id is ever handed out. */
int mcp_cimd_is_id(const char *id);

/* MCP_BAD_CLIENT with a detail for a URL that is no client's, or of a domain that is not let in. */
mcp_rc mcp_cimd_check_id(mcp_ctx *ctx, const mcp_cimd *documents, const char *id);

/* How the URL, which passed mcp_cimd_check_id, is to be fetched; its host for the budgets. */
void mcp_cimd_rules(mcp_ctx *ctx, const mcp_cimd *documents, const char *id, mcp_fetch_rules *out, const char **host);

/* Judges an answer's body. MCP_BAD_CLIENT; *own: the document is the client's, so its author may be told what is wrong with it. */
mcp_rc mcp_cimd_read(mcp_ctx *ctx, const mcp_as *as, const char *id, const char *text, size_t len, mcp_client *out, int *own);

/* The client of that id. MCP_BAD_CLIENT, MCP_TOO_MANY beyond a budget, MCP_UNAVAILABLE if the store is down. */
mcp_rc mcp_cimd_load(mcp_ctx *ctx, const mcp_as *as, const char *id, mcp_client *out);

/* How long an answer may be used, by its Cache-Control and Age (NULL: none), within the bounds above. */
apr_int64_t mcp_cimd_life(const char *cache_control, const char *age);

/* cimd_memory.c: what this process has seen, newest use of a slot wins. */
typedef struct {
    const char *text;           /* the document */
    size_t len;
    const char *etag;           /* NULL: none */
    apr_int64_t fresh_until;    /* seconds since 1970; later it counts only if its host says that it has not changed */
} mcp_cimd_copy;
/* key names issuer and URL. 1 and a copy on the pool if one is known. */
int mcp_cimd_recall(mcp_cimd_memory *memory, apr_pool_t *p, const char *key, mcp_cimd_copy *out);
void mcp_cimd_remember(mcp_cimd_memory *memory, const char *key, const mcp_cimd_copy *copy);
/* 1 if there is place for one more that fetches or waits; then mcp_cimd_leave follows. */
int mcp_cimd_enter(mcp_cimd_memory *memory);
void mcp_cimd_leave(mcp_cimd_memory *memory);

#endif
