#include <arpa/inet.h>
#include <string.h>
#include <apr_strings.h>
#include "mcp/network.h"

enum { V4_OFFSET = 96, ALL_BITS = 128 };

static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static int read_address(const char *text, unsigned char out[16], int *is_ipv4)
{
    memcpy(out, mapped, sizeof mapped);
    *is_ipv4 = 1;
    if (inet_pton(AF_INET, text, out + sizeof mapped) == 1) return 1;
    if (inet_pton(AF_INET6, text, out) != 1) return 0;
    *is_ipv4 = !memcmp(out, mapped, sizeof mapped);
    return 1;
}

static int lies_in(const unsigned char address[16], const unsigned char network[16], unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    if (memcmp(address, network, whole)) return 0;
    return !rest || !((address[whole] ^ network[whole]) >> (8 - rest));
}

/* ---- reading ---- */

static int read_bits(const char *text, unsigned most, unsigned *bits)
{
    const char *c;

    *bits = 0;
    if (!*text || strlen(text) > 3 || (*text == '0' && text[1])) return 0;
    for (c = text; *c; c++) {
        if (*c < '0' || *c > '9') return 0;
        *bits = *bits * 10 + (unsigned)(*c - '0');
    }
    return *bits <= most;
}

static int has_bits_behind(const mcp_network *n)
{
    unsigned char base[16] = { 0 };

    memcpy(base, n->address, (n->bits + 7) / 8);
    if (n->bits % 8) base[n->bits / 8] &= (unsigned char)(0xff << (8 - n->bits % 8));
    return memcmp(base, n->address, sizeof base) != 0;
}

const char *mcp_network_parse(apr_pool_t *p, const char *text, mcp_network *out)
{
    const char *slash = strchr(text, '/'), *address = slash ? apr_pstrndup(p, text, (size_t)(slash - text)) : text;
    int dotted = !strchr(address, ':');

    if (!read_address(address, out->address, &out->is_ipv4))
        return apr_psprintf(p, "%s is no network; write an address such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32", text);
    out->bits = ALL_BITS;
    if (slash && !read_bits(slash + 1, dotted ? ALL_BITS - V4_OFFSET : ALL_BITS, &out->bits))
        return apr_psprintf(p, "%s: behind the / stands a number of bits, at most %d", text, dotted ? ALL_BITS - V4_OFFSET : ALL_BITS);
    if (slash && dotted) out->bits += V4_OFFSET;
    if (has_bits_behind(out))
        return apr_psprintf(p, "%s has bits set behind its prefix; write the first address of the network, or leave /%s out", text, slash + 1);
    return NULL;
}

/* ---- testing ---- */

static int carries_ipv4(const unsigned char address[16])
{
    static const struct {
        unsigned char prefix[16];
        unsigned bits;
    } rows[] = {
        { { 0 }, 96 },                                              /* ::a.b.c.d, IPv4-compatible */
        { { 0x00, 0x64, 0xff, 0x9b }, 96 },                         /* 64:ff9b::/96, NAT64 */
        { { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 48 },             /* 64:ff9b:1::/48, local NAT64 */
        { { 0x20, 0x02 }, 16 },                                     /* 2002::/16, 6to4 */
    };
    static const unsigned char zeros[15];
    size_t i;

    if (!memcmp(address, zeros, sizeof zeros) && address[15] < 2) return 0;     /* :: and ::1 */
    for (i = 0; i < sizeof rows / sizeof *rows; i++)
        if (lies_in(address, rows[i].prefix, rows[i].bits)) return 1;
    return 0;
}

mcp_holds mcp_network_test(const mcp_network *networks, int count, const char *text, size_t len)
{
    mcp_holds otherwise = MCP_HOLDS_NO;
    unsigned char address[16];
    char copy[INET6_ADDRSTRLEN];
    int i, is_ipv4;

    if (len >= sizeof copy || memchr(text, '\0', len)) return MCP_HOLDS_UNKNOWN;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (!read_address(copy, address, &is_ipv4)) return MCP_HOLDS_UNKNOWN;
    for (i = 0; i < count; i++) {
        if (networks[i].is_ipv4 == is_ipv4 && lies_in(address, networks[i].address, networks[i].bits)) return MCP_HOLDS_YES;
        if (networks[i].is_ipv4 && !is_ipv4 && carries_ipv4(address)) otherwise = MCP_HOLDS_UNKNOWN;
    }
    return otherwise;
}
