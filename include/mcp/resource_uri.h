/* URIs of resources in the one spelling that every backend reads alike. */
#ifndef MCP_RESOURCE_URI_H
#define MCP_RESOURCE_URI_H

#include <apr_pools.h>

/* 1 if the URI is its own normal form: what a URL parser, or one that decodes escapes first, makes of it is the same resource. 0 for
 * blanks, controls, a fragment; in the path: dot segments, backslashes, escapes of what may stand there bare, of slashes, backslashes, or of a
 * percent sign before two hex digits, or with small hex letters; a scheme with capitals. And for http, https, ws, wss, ftp and file: no `//`, no path; a
 * host with capitals or anything but ASCII, with a user, in brackets, or a number that is no plain IPv4 address; a port that is empty, the default one or begins with 0;
 * for file also any host, a query, `|`, an empty segment. */
int mcp_resource_uri_is_normal(const char *uri);

/* The same of what is known: the len bytes before a pattern's star or a template's variable. */
int mcp_resource_uri_begins_normally(const char *uri, size_t len);

/* The spelling that rules are compared in: what is not ASCII as escapes, the other way that some write the same. */
const char *mcp_resource_uri_canonical(apr_pool_t *p, const char *uri);

#endif
