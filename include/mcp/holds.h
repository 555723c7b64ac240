/* The answer to a question about a value that a backend will read too: UNKNOWN where the question cannot be put to the value, or
 * where readers differ about it. UNKNOWN is no "no": whoever asks refuses, also behind a `not`. */
#ifndef MCP_HOLDS_H
#define MCP_HOLDS_H

typedef enum { MCP_HOLDS_NO, MCP_HOLDS_YES, MCP_HOLDS_UNKNOWN } mcp_holds;

#endif
