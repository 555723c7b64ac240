/* The paths of an issuer, and a request's way through one: method, CORS, body, use case, audit, answer. */
#ifndef MCP_ENDPOINTS_H
#define MCP_ENDPOINTS_H

#include "mcp/issuer.h"

typedef struct mcp_endpoint mcp_endpoint;

/* The endpoint that the request is for (of the same path with another method, if there is none for its own), or NULL. */
const mcp_endpoint *mcp_endpoint_find(request_rec *r, const mcp_as *as);

/* Serves it and writes the audit. Returns what a handler returns. */
int mcp_endpoint_serve(request_rec *r, const mcp_endpoint *e, const mcp_issuer_settings *c);

#endif
