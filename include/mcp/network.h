/* IP addresses in text and the networks they lie in. Nothing is ever looked up: a name is not an address. */
#ifndef MCP_NETWORK_H
#define MCP_NETWORK_H

#include "mcp/ctx.h"
#include "mcp/holds.h"

typedef struct {
    unsigned char address[16];      /* IPv4 as ::ffff:a.b.c.d */
    unsigned bits;                  /* of these 128 */
    int is_ipv4;
} mcp_network;

/* ADDRESS or ADDRESS/BITS. NULL, or a sentence that says what to change. */
const char *mcp_network_parse(apr_pool_t *p, const char *text, mcp_network *out);

/* YES if the text is an address inside one of the networks; an IPv4-mapped IPv6 address is its IPv4 address. UNKNOWN for text that is no
 * address in its usual spelling (names, 010.0.0.1, 10.1, 0x7f.1, zones, ports), and for an IPv6 address in which a gateway
 * finds an IPv4 one (6to4, NAT64, IPv4-compatible) where IPv4 networks are asked for. */
mcp_holds mcp_network_test(const mcp_network *networks, int count, const char *text, size_t len);

#endif
