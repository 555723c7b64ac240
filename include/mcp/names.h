/* The member names of all open objects of one message, to find repeats in linear time.
 *
 * A stack: names of an inner object lie above those of the objects around it and are forgotten when
 * it closes, so memory follows what is open. Names are compared byte for byte, while an object has few
 * of them each with each; those of larger objects are hashed, keyed with random bytes, so that no
 * sender can choose names that collide. */
#ifndef MCP_NAMES_H
#define MCP_NAMES_H

#include "mcp/ctx.h"

typedef struct mcp_names mcp_names;

mcp_names *mcp_names_create(mcp_ctx *ctx);

/* Where an object that opens now begins. */
size_t mcp_names_mark(const mcp_names *names);

/* MCP_EXISTS (not recorded in the context) if the object that begins at mark holds the name already;
 * MCP_INTERNAL if memory or random bytes are out. The object MUST be the innermost open one. */
mcp_rc mcp_names_add(mcp_names *names, size_t mark, const char *name, size_t len);

/* The object that began at mark closes. */
void mcp_names_forget(mcp_names *names, size_t mark);

#endif
