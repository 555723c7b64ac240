/* URIs of resources in the one spelling that every backend reads alike. */
#ifndef MCP_RESOURCE_URI_H
#define MCP_RESOURCE_URI_H

#include <apr_pools.h>

/* 1 if the URI is its own normal form: what a URL parser, or one that decodes escapes first, makes of it is the same resource. 0 for dot
 * segments, backslashes, blanks and controls; escapes of letters, digits and -._~ (they stand for themselves), of slashes, backslashes and
 * percent signs, or with small hex letters; a scheme with capitals; and for http, https, ws, wss, ftp and file: no `//`, a host with
 * capitals or anything but ASCII, or (file) any host, a default or empty port, no path. */
int mcp_resource_uri_is_normal(const char *uri);

/* The spelling that rules are compared in: what is not ASCII as escapes, the other way that some write the same. */
const char *mcp_resource_uri_canonical(apr_pool_t *p, const char *uri);

#endif
