/* URLs read once, strictly (RFC 3986), into their parts; nothing is normalised or repaired.
 * Whatever a browser and an RFC parser read differently is refused: blanks and control
 * characters, backslashes, non-ASCII bytes, bad percent escapes, odd spellings of IPv4,
 * encoded hosts, empty labels (also a last one), ports that are empty or start with 0,
 * http(s) without "//". An encoded U+0000 is refused anywhere. */
#ifndef MCP_URL_H
#define MCP_URL_H

#include "mcp/ctx.h"

typedef struct {
    const char *scheme;     /* lower case */
    const char *userinfo;   /* NULL: none; "" for an empty one */
    const char *host;       /* lower case; NULL where there is no "//"; IPv6 without brackets */
    int port;               /* 0: none given */
    const char *path;       /* "" if absent */
    const char *query;      /* NULL: none */
    const char *fragment;   /* NULL: none */
    unsigned is_ipv4 : 1, is_ipv6 : 1;
} mcp_url;

enum { MCP_URL_MAX = 2048 };

/* MCP_BAD_REQUEST with a detail that says what is wrong. The pool owns the parts. */
mcp_rc mcp_url_parse(mcp_ctx *ctx, const char *text, mcp_url *out);

/* 127.0.0.0/8, ::1, or the name localhost (RFC 8252 7.3 and 8.3). */
int mcp_url_is_loopback(const mcp_url *url);

/* 1 if the path holds "." or ".." as a segment, plain or percent-encoded. */
int mcp_url_has_dot_segment(const mcp_url *url);

/* scheme://host[:port] as an Origin header spells it (default ports left out); "null" without a host. */
const char *mcp_url_origin(apr_pool_t *p, const mcp_url *url);

/* Percent-encodes everything but unreserved characters (RFC 3986 2.3). */
const char *mcp_url_escape(apr_pool_t *p, const char *text);

/* base with name=value appended, "?" or "&" as its query wants, before a fragment; both are escaped. */
const char *mcp_url_add_param(apr_pool_t *p, const char *base, const char *name, const char *value);

#endif
