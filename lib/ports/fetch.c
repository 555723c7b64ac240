#include <string.h>
#include "mcp/fetch.h"
#include "mcp/url.h"

enum { IPV4_LEN = 4, IPV6_LEN = 16, DEFAULT_MAX_BYTES = 64 * 1024 };

typedef struct {
    unsigned char prefix[IPV6_LEN];
    unsigned bits;
} range;

/* What the IANA IPv4 special-purpose registry does not call globally reachable, anycast relays and multicast. */
static const range closed_ipv4[] = {
    { { 0 }, 8 },                       /* this network (RFC 791) */
    { { 10 }, 8 },                      /* private (RFC 1918) */
    { { 100, 64 }, 10 },                /* carrier-grade NAT (RFC 6598) */
    { { 127 }, 8 },                     /* loopback */
    { { 169, 254 }, 16 },               /* link-local, cloud metadata (RFC 3927) */
    { { 172, 16 }, 12 },                /* private */
    { { 192, 0, 0 }, 24 },              /* protocol assignments (RFC 6890) */
    { { 192, 0, 2 }, 24 },              /* documentation (RFC 5737) */
    { { 192, 88, 99 }, 24 },            /* 6to4 relays (RFC 7526) */
    { { 192, 168 }, 16 },               /* private */
    { { 198, 18 }, 15 },                /* benchmarking (RFC 2544) */
    { { 198, 51, 100 }, 24 },           /* documentation */
    { { 203, 0, 113 }, 24 },            /* documentation */
    { { 224 }, 4 },                     /* multicast */
    { { 240 }, 4 }                      /* reserved, broadcast */
};

/* Global unicast is 2000::/3; these parts of it are not for everyone. */
static const range global_ipv6 = { { 0x20 }, 3 };
static const range closed_ipv6[] = {
    { { 0x20, 0x01, 0x00 }, 23 },                   /* protocol assignments (RFC 2928), Teredo apart */
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32 },             /* documentation (RFC 3849) */
    { { 0x3f, 0xff, 0x00 }, 20 }                    /* documentation (RFC 9637) */
};

/* Where IPv6 carries IPv4, and at which byte. */
static const struct {
    range outer;
    size_t at;
} carriers[] = {
    { { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96 }, 12 },   /* mapped (RFC 4291) */
    { { { 0 }, 96 }, 12 },                                          /* compatible; :: and ::1 become 0/8 */
    { { { 0x00, 0x64, 0xff, 0x9b }, 96 }, 12 },                     /* NAT64 (RFC 6052) */
    { { { 0x20, 0x02 }, 16 }, 2 }                                   /* 6to4 (RFC 3056) */
};
static const range teredo = { { 0x20, 0x01, 0x00, 0x00 }, 32 };

static int is_within(const unsigned char *address, const range *r)
{
    size_t whole = r->bits / 8;
    unsigned mask = 0xff00u >> (r->bits % 8);

    if (memcmp(address, r->prefix, whole)) return 0;
    return !(r->bits % 8) || !((address[whole] ^ r->prefix[whole]) & mask & 0xff);
}

static int is_within_any(const unsigned char *address, const range *ranges, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (is_within(address, ranges + i)) return 1;
    return 0;
}

static int is_public_ipv4(const unsigned char *address)
{
    return !is_within_any(address, closed_ipv4, sizeof closed_ipv4 / sizeof *closed_ipv4);
}

/* Teredo names a server and, inverted, the client behind it (RFC 4380 section 4). */
static int is_public_teredo(const unsigned char *address)
{
    unsigned char client[IPV4_LEN];
    size_t i;

    for (i = 0; i < IPV4_LEN; i++) client[i] = address[12 + i] ^ 0xff;
    return is_public_ipv4(address + 4) && is_public_ipv4(client);
}

/* ISATAP interface identifiers end in an IPv4 address under any prefix (RFC 5214 section 6.1). */
static int is_isatap(const unsigned char *address)
{
    return (address[8] & 0xfd) == 0 && address[9] == 0 && address[10] == 0x5e && address[11] == 0xfe;
}

static int is_public_ipv6(const unsigned char *address)
{
    size_t i;

    for (i = 0; i < sizeof carriers / sizeof *carriers; i++)
        if (is_within(address, &carriers[i].outer)) return is_public_ipv4(address + carriers[i].at);
    if (is_within(address, &teredo)) return is_public_teredo(address);
    if (is_isatap(address) && !is_public_ipv4(address + 12)) return 0;
    return is_within(address, &global_ipv6)
        && !is_within_any(address, closed_ipv6, sizeof closed_ipv6 / sizeof *closed_ipv6);
}

int mcp_fetch_address_is_public(const unsigned char *address, size_t len)
{
    if (len == IPV4_LEN) return is_public_ipv4(address);
    return len == IPV6_LEN && is_public_ipv6(address);
}

static mcp_rc parse(mcp_ctx *ctx, const char *text, mcp_url *url)
{
    const char *detail;

    if (!mcp_url_parse(ctx, text, url)) return MCP_OK;
    detail = ctx->detail;
    mcp_ctx_clear(ctx);
    return mcp_fail(ctx, MCP_FETCH_REFUSED, "%s", detail);
}

static mcp_rc check_shape(mcp_ctx *ctx, const mcp_fetch_rules *rules, const mcp_url *url)
{
    if (strcmp(url->scheme, "https") && !(rules->allow_http && !strcmp(url->scheme, "http")))
        return mcp_fail(ctx, MCP_FETCH_REFUSED, "URL to fetch has the scheme %s", url->scheme);
    if (!url->host || !*url->host) return mcp_fail(ctx, MCP_FETCH_REFUSED, "URL to fetch has no host");
    if (url->userinfo) return mcp_fail(ctx, MCP_FETCH_REFUSED, "URL to fetch has user information");
    if (url->fragment) return mcp_fail(ctx, MCP_FETCH_REFUSED, "URL to fetch has a fragment");
    return MCP_OK;
}

static mcp_fetch_rules whole(const mcp_fetch_rules *given)
{
    mcp_fetch_rules rules = *given;

    if (!rules.max_bytes) rules.max_bytes = DEFAULT_MAX_BYTES;
    if (rules.budget <= 0) rules.budget = 3 * APR_USEC_PER_SEC;
    if (!rules.accept) rules.accept = "application/json";
    return rules;
}

/* A header's value must not begin another header. */
static int is_one_line(const char *text)
{
    return !text || !text[strcspn(text, "\r\n")];
}

static mcp_rc fetch(mcp_ctx *ctx, const mcp_fetch_rules *rules, const char *url, const mcp_fetch_content *content, mcp_fetch_answer *out)
{
    mcp_fetch_rules all = whole(rules);
    mcp_url parts;
    mcp_rc rc;

    if ((rc = parse(ctx, url, &parts))) return rc;
    if ((rc = check_shape(ctx, &all, &parts))) return rc;
    if (!is_one_line(all.if_none_match)) return mcp_fail(ctx, MCP_FETCH_REFUSED, "a header to send has more than one line");
    return mcp_fetch_curl(ctx, &all, url, content, out);
}

mcp_rc mcp_fetch_get(mcp_ctx *ctx, const mcp_fetch_rules *rules, const char *url, mcp_fetch_answer *out)
{
    return fetch(ctx, rules, url, NULL, out);
}

mcp_rc mcp_fetch_post(mcp_ctx *ctx, const mcp_fetch_rules *rules, const char *url, const mcp_fetch_content *content, mcp_fetch_answer *out)
{
    if (!is_one_line(content->type) || !is_one_line(content->authorization))
        return mcp_fail(ctx, MCP_FETCH_REFUSED, "a header to send has more than one line");
    return fetch(ctx, rules, url, content, out);
}
