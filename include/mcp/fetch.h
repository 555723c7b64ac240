/* The one way out to the network: a guarded GET, or POST where an administrator wrote the address.
 *
 * https only (unless rules say otherwise), verified certificates, connects only to addresses the
 * policy allowed at the moment of connect (so DNS rebinding gains nothing), follows no redirect,
 * no proxy or netrc from the environment, no cookies, no content decoding, bounded bytes and time.
 * A refusal says no more to a client than "could not be used"; the detail in ctx is for the log. */
#ifndef MCP_FETCH_H
#define MCP_FETCH_H

#include <apr_network_io.h>
#include "mcp/ctx.h"

typedef struct {
    size_t max_bytes;           /* of the body; 0: 64 KiB */
    apr_interval_time_t budget; /* microseconds for everything, name lookup included; 0: 3 s */
    unsigned allow_http : 1;    /* plain http, for configured back-channel URLs alone */
    unsigned allow_private : 1; /* private and loopback addresses, for URLs an administrator wrote */
    const char *ca_file;        /* NULL: the system's */
    const char *accept;         /* Accept header; NULL: application/json */
    const char *if_none_match;  /* the header's value, an etag of an earlier answer; NULL: none */
} mcp_fetch_rules;

typedef struct {
    int status;
    /* A header that stands in several lines reads as one value, joined by ", ". */
    const char *content_type;   /* "" if none */
    const char *etag;           /* NULL if none */
    const char *cache_control;  /* NULL if none */
    const char *age;            /* NULL if none */
    const char *body;           /* NUL-terminated behind len; the context's pool owns it */
    size_t len;
} mcp_fetch_answer;

/* MCP_FETCH_REFUSED (policy, shape, size, time, transport); otherwise MCP_OK whatever the status. */
mcp_rc mcp_fetch_get(mcp_ctx *ctx, const mcp_fetch_rules *rules, const char *url, mcp_fetch_answer *out);

typedef struct {
    const char *type;           /* Content-Type */
    const char *body;
    size_t len;
    const char *authorization;  /* the header's value; NULL: none. Never in a detail */
} mcp_fetch_content;

/* The same for POST. */
mcp_rc mcp_fetch_post(mcp_ctx *ctx, const mcp_fetch_rules *rules, const char *url, const mcp_fetch_content *content, mcp_fetch_answer *out);

/* 1 if the address (4 or 16 bytes, network order) is a public unicast one. IPv4 inside IPv6
 * (mapped, compatible, NAT64, 6to4, Teredo) is unwrapped first. RFC 6890 and later registries. */
int mcp_fetch_address_is_public(const unsigned char *address, size_t len);

/* The transport, for fetch.c: rules have no zeros left, url and header values were judged. content: NULL for GET. */
mcp_rc mcp_fetch_curl(mcp_ctx *ctx, const mcp_fetch_rules *rules, const char *url, const mcp_fetch_content *content, mcp_fetch_answer *out);

#endif
