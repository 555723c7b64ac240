#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "mcp/url.h"

enum { HOST_MAX = 253, LABEL_MAX = 63, PORT_MAX = 65535 };

/* Schemes whose URLs browsers repair until they have a host, and their ports (WHATWG URL, special schemes). */
static const struct {
    const char *scheme;
    int port;
} host_schemes[] = { { "http", 80 }, { "https", 443 }, { "ws", 80 }, { "wss", 443 }, { "ftp", 21 } };

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
static const char unreserved[] = LETTERS DIGITS "-._~";
static const char userinfo_letters[] = LETTERS DIGITS "-._~%!$&'()*+,;=:";
static const char path_letters[] = LETTERS DIGITS "-._~%!$&'()*+,;=:@/";
static const char query_letters[] = LETTERS DIGITS "-._~%!$&'()*+,;=:@/?";
static const char scheme_letters[] = LETTERS DIGITS "+-.";
static const char host_letters[] = LETTERS DIGITS "-._";

static int consists_of(const char *text, const char *letters)
{
    return text[strspn(text, letters)] == '\0';
}

static char *lower(apr_pool_t *p, const char *text, size_t len)
{
    char *copy = apr_pstrmemdup(p, text, len), *c;

    for (c = copy; *c; c++)
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c + ('a' - 'A'));
    return copy;
}

static int default_port(const char *scheme)
{
    size_t i;

    for (i = 0; i < sizeof host_schemes / sizeof *host_schemes; i++)
        if (!strcmp(scheme, host_schemes[i].scheme)) return host_schemes[i].port;
    return 0;
}

static mcp_rc check_escapes(mcp_ctx *ctx, const char *text)
{
    while ((text = strchr(text, '%'))) {
        if (!isxdigit((unsigned char)text[1]) || !isxdigit((unsigned char)text[2]))
            return mcp_fail(ctx, MCP_BAD_REQUEST, "URL has a bad percent escape");
        if (text[1] == '0' && text[2] == '0')
            return mcp_fail(ctx, MCP_BAD_REQUEST, "URL has an encoded U+0000");
        text += 3;
    }
    return MCP_OK;
}

/* Takes the scheme off the front of *rest. */
static mcp_rc read_scheme(mcp_ctx *ctx, const char **rest, mcp_url *url)
{
    size_t len = strspn(*rest, scheme_letters);

    if (!isalpha((unsigned char)**rest) || (*rest)[len] != ':')
        return mcp_fail(ctx, MCP_BAD_REQUEST, "URL has no scheme");
    url->scheme = lower(ctx->pool, *rest, len);
    *rest += len + 1;
    return MCP_OK;
}

/* Cuts text at the separator and gives what stands behind it, NULL if there is none. */
static const char *cut(char *text, char separator)
{
    char *at = strchr(text, separator);

    if (!at) return NULL;
    *at = '\0';
    return at + 1;
}

static mcp_rc read_port(mcp_ctx *ctx, const char *text, mcp_url *url)
{
    size_t len = strlen(text);

    if (!len || len > 5 || !consists_of(text, DIGITS) || *text == '0')
        return mcp_fail(ctx, MCP_BAD_REQUEST, "URL has a bad port");
    url->port = (int)apr_atoi64(text);
    if (url->port > PORT_MAX) return mcp_fail(ctx, MCP_BAD_REQUEST, "URL has a port above %d", PORT_MAX);
    return MCP_OK;
}

static mcp_rc read_ipv6(mcp_ctx *ctx, char *text, mcp_url *url)
{
    const char *behind = cut(text, ']');
    struct in6_addr address;

    if (!behind || inet_pton(AF_INET6, text + 1, &address) != 1)
        return mcp_fail(ctx, MCP_BAD_REQUEST, "URL has a bad IPv6 address");
    url->host = lower(ctx->pool, text + 1, strlen(text + 1));
    url->is_ipv6 = 1;
    if (!*behind) return MCP_OK;
    if (*behind != ':') return mcp_fail(ctx, MCP_BAD_REQUEST, "URL has something behind its IPv6 address");
    return read_port(ctx, behind + 1, url);
}

static mcp_rc check_labels(mcp_ctx *ctx, const char *host)
{
    size_t len;

    if (strlen(host) > HOST_MAX) return mcp_fail(ctx, MCP_BAD_REQUEST, "URL has a host longer than %d bytes", HOST_MAX);
    for (;;) {
        len = strcspn(host, ".");
        if (!len || len > LABEL_MAX) return mcp_fail(ctx, MCP_BAD_REQUEST, "URL has a host with an empty or too long label");
        if (!host[len]) return MCP_OK;
        host += len + 1;
    }
}

/* What a browser takes for a number at the end of a host makes the whole host an IPv4 address. */
static int ends_in_number(const char *host)
{
    const char *dot = strrchr(host, '.'), *label = dot ? dot + 1 : host;

    return consists_of(label, DIGITS) || !strncasecmp(label, "0x", 2);
}

static mcp_rc read_name(mcp_ctx *ctx, char *text, mcp_url *url)
{
    const char *port = cut(text, ':');
    struct in_addr address;
    mcp_rc rc;

    url->host = lower(ctx->pool, text, strlen(text));
    if (!*text && (port || url->userinfo || default_port(url->scheme)))
        return mcp_fail(ctx, MCP_BAD_REQUEST, "URL has no host");
    if (!*text) return MCP_OK;
    if (!consists_of(text, host_letters)) return mcp_fail(ctx, MCP_BAD_REQUEST, "URL has a host with a foreign character");
    if ((rc = check_labels(ctx, text))) return rc;
    url->is_ipv4 = ends_in_number(text) ? 1u : 0u;
    if (url->is_ipv4 && inet_pton(AF_INET, text, &address) != 1)
        return mcp_fail(ctx, MCP_BAD_REQUEST, "URL spells an IPv4 address oddly");
    return port ? read_port(ctx, port, url) : MCP_OK;
}

static mcp_rc read_authority(mcp_ctx *ctx, char *text, mcp_url *url)
{
    char *at = strchr(text, '@');

    if (at) {
        *at = '\0';
        url->userinfo = text;
        text = at + 1;
        if (!consists_of(url->userinfo, userinfo_letters)) return mcp_fail(ctx, MCP_BAD_REQUEST, "URL has bad user information");
    }
    return *text == '[' ? read_ipv6(ctx, text, url) : read_name(ctx, text, url);
}

/* text: what stands between the scheme and the query. */
static mcp_rc read_hierarchy(mcp_ctx *ctx, char *text, mcp_url *url)
{
    size_t len;

    url->path = text;
    if (!strncmp(text, "//", 2)) {
        len = strcspn(text + 2, "/");
        url->path = text + 2 + len;
        return read_authority(ctx, apr_pstrmemdup(ctx->pool, text + 2, len), url);
    }
    if (default_port(url->scheme)) return mcp_fail(ctx, MCP_BAD_REQUEST, "URL has no // behind its scheme");
    return MCP_OK;
}

static mcp_rc check_letters(mcp_ctx *ctx, const mcp_url *url)
{
    if (!consists_of(url->path, path_letters))
        return mcp_fail(ctx, MCP_BAD_REQUEST, "URL has a path with a foreign character");
    if (url->query && !consists_of(url->query, query_letters))
        return mcp_fail(ctx, MCP_BAD_REQUEST, "URL has a query with a foreign character");
    if (url->fragment && !consists_of(url->fragment, query_letters))
        return mcp_fail(ctx, MCP_BAD_REQUEST, "URL has a fragment with a foreign character");
    return MCP_OK;
}

mcp_rc mcp_url_parse(mcp_ctx *ctx, const char *text, mcp_url *out)
{
    mcp_url url = { 0 };
    char *rest;
    mcp_rc rc;

    if (strnlen(text, MCP_URL_MAX + 1) > MCP_URL_MAX)
        return mcp_fail(ctx, MCP_BAD_REQUEST, "URL is longer than %d bytes", MCP_URL_MAX);
    if ((rc = check_escapes(ctx, text))) return rc;
    if ((rc = read_scheme(ctx, &text, &url))) return rc;
    rest = apr_pstrdup(ctx->pool, text);
    url.fragment = cut(rest, '#');
    url.query = cut(rest, '?');
    if ((rc = read_hierarchy(ctx, rest, &url))) return rc;
    if ((rc = check_letters(ctx, &url))) return rc;
    *out = url;
    return MCP_OK;
}

int mcp_url_is_loopback(const mcp_url *url)
{
    struct in6_addr address;

    if (!url->host) return 0;
    if (url->is_ipv4) return !strncmp(url->host, "127.", 4);
    if (url->is_ipv6) return inet_pton(AF_INET6, url->host, &address) == 1 && IN6_IS_ADDR_LOOPBACK(&address);
    return !strcmp(url->host, "localhost");
}

/* How many bytes at text spell one dot; 0 if none do. */
static size_t dot_len(const char *text)
{
    if (*text == '.') return 1;
    return strncasecmp(text, "%2e", 3) ? 0 : 3;
}

static int is_dot_segment(const char *segment)
{
    size_t dots, n;

    for (dots = 0; (n = dot_len(segment)); dots++) segment += n;
    return (dots == 1 || dots == 2) && (*segment == '/' || !*segment);
}

int mcp_url_has_dot_segment(const mcp_url *url)
{
    const char *segment = url->path;

    for (;;) {
        if (is_dot_segment(segment)) return 1;
        if (!(segment = strchr(segment, '/'))) return 0;
        segment++;
    }
}

/* Browsers send the shortest spelling of an IPv6 address. */
static const char *bracketed(apr_pool_t *p, const char *host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (inet_pton(AF_INET6, host, &address) == 1 && inet_ntop(AF_INET6, &address, text, sizeof text)) host = text;
    return apr_pstrcat(p, "[", host, "]", NULL);
}

const char *mcp_url_origin(apr_pool_t *p, const mcp_url *url)
{
    const char *host;

    if (!url->host || !*url->host) return "null";
    host = url->is_ipv6 ? bracketed(p, url->host) : url->host;
    if (!url->port || url->port == default_port(url->scheme)) return apr_pstrcat(p, url->scheme, "://", host, NULL);
    return apr_psprintf(p, "%s://%s:%d", url->scheme, host, url->port);
}

const char *mcp_url_escape(apr_pool_t *p, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    char *escaped = apr_palloc(p, strlen(text) * 3 + 1), *out = escaped;

    for (; *text; text++) {
        if (strchr(unreserved, *text)) *out++ = *text;
        else {
            *out++ = '%';
            *out++ = digits[(unsigned char)*text >> 4];
            *out++ = digits[(unsigned char)*text & 15];
        }
    }
    *out = '\0';
    return escaped;
}

const char *mcp_url_add_param(apr_pool_t *p, const char *base, const char *name, const char *value)
{
    size_t len = strcspn(base, "#");
    const char *front = apr_pstrmemdup(p, base, len), *separator = "?";

    if (strchr(front, '?')) separator = front[len - 1] == '?' || front[len - 1] == '&' ? "" : "&";
    return apr_pstrcat(p, front, separator, mcp_url_escape(p, name), "=", mcp_url_escape(p, value), base + len, NULL);
}
