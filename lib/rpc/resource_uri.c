#include <ctype.h>
#include <string.h>
#include <apr_strings.h>
#include "mcp/resource_uri.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* What may stand bare in a path (RFC 3986 pchar), so that an escape of it is another spelling. */
static int may_stand_bare(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~!$&'()*+,;=:@", c));
}

/* An escape that neither stands for a character which needs none nor for one that parts a path, nor begins another escape. */
static int is_normal_escape(const char *at)
{
    int high = hex_value(at[1]), low = high < 0 ? -1 : hex_value(at[2]), c = low < 0 ? -1 : high * 16 + low;

    if (c < 0x20 || may_stand_bare(c) || c == '/' || c == '\\') return 0;
    return c != '%' || !isxdigit((unsigned char)at[3]) || !isxdigit((unsigned char)at[4]);
}

/* A dot segment: "." or ".." between slashes, or at the end. */
static int is_dot_segment(const char *behind_slash)
{
    size_t dots = strspn(behind_slash, ".");

    return (dots == 1 || dots == 2) && (!behind_slash[dots] || strchr("/?#;", behind_slash[dots]));
}

/* The query is nobody's path: dots and escapes in it are its own. */
static int has_normal_characters(const char *uri, const char *end)
{
    const char *c;
    int query = 0;

    for (c = uri; c < end; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '#') return 0;
        if (*c == '?') query = 1;
        if (query) continue;
        if (*c == '\\' || (*c == '%' && !is_normal_escape(c)) || (*c == '/' && is_dot_segment(c + 1))) return 0;
    }
    return 1;
}

/* Schemes that URL parsers know: they write these anew. */
typedef struct {
    const char *name, *port;        /* port: the one that is left out */
} known_scheme;

static const known_scheme known_schemes[] = {
    { "http", ":80" }, { "https", ":443" }, { "ws", ":80" }, { "wss", ":443" }, { "ftp", ":21" }, { "file", NULL }, { NULL, NULL }
};

static int ends_in(const char *text, size_t len, const char *end)
{
    size_t n = strlen(end);

    return len >= n && !memcmp(text + len - n, end, n);
}

/* A number in place of a name has many spellings; of an IPv4 address the four plain decimals are one. */
static int is_odd_number(const char *host, size_t len)
{
    size_t label = len, i, dots = 0;

    while (label && host[label - 1] != '.') label--;
    if (label == len || host[label] < '0' || host[label] > '9') return 0;
    for (i = 0; i < len; i++) {
        if (host[i] == '.') dots++;
        else if (host[i] < '0' || host[i] > '9' || (host[i] == '0' && (!i || host[i - 1] == '.') && i + 1 < len && host[i + 1] != '.')) return 1;
    }
    return dots != 3;
}

static int is_normal_host(const known_scheme *scheme, const char *host, size_t len)
{
    const char *colon = memchr(host, ':', len);
    size_t name = colon ? (size_t)(colon - host) : len, i;

    if (!scheme->port) return !len;
    for (i = 0; i < len; i++)
        if ((host[i] >= 'A' && host[i] <= 'Z') || strchr("%@[]", host[i]) || (unsigned char)host[i] > '~') return 0;
    if (!name || is_odd_number(host, name)) return 0;
    return !colon || (colon[1] >= '1' && colon[1] <= '9' && !ends_in(host, len, scheme->port));
}

/* behind: what stands after the colon of the scheme. */
static int has_normal_hierarchy(const known_scheme *scheme, const char *behind)
{
    size_t len;

    if (strncmp(behind, "//", 2)) return 0;
    behind += 2;
    len = strcspn(behind, "/?");
    if (behind[len] != '/' || !is_normal_host(scheme, behind, len)) return 0;
    return scheme->port || (!strpbrk(behind, "?|") && !strstr(behind + len, "//"));
}

static const known_scheme *scheme_of(const char *uri, size_t len)
{
    const known_scheme *s;

    for (s = known_schemes; s->name && (strlen(s->name) != len || memcmp(s->name, uri, len)); s++) { }
    return s->name ? s : NULL;
}

/* The length of the scheme; 0: there is none. */
static size_t scheme_length(const char *uri)
{
    size_t len = strcspn(uri, ":/?#");

    return uri[len] == ':' ? len : 0;
}

static int is_lower(const char *text, size_t len)
{
    size_t i;

    for (i = 0; i < len && !(text[i] >= 'A' && text[i] <= 'Z'); i++) { }
    return i == len;
}

int mcp_resource_uri_is_normal(const char *uri)
{
    size_t len = scheme_length(uri);
    const known_scheme *s = scheme_of(uri, len);

    return has_normal_characters(uri, uri + strlen(uri)) && is_lower(uri, len) && (!s || has_normal_hierarchy(s, uri + len + 1));
}

/* Where the whole is not known yet, a host that is whole must be normal, and whatever comes before it. */
int mcp_resource_uri_begins_normally(const char *uri, size_t len)
{
    size_t scheme = scheme_length(uri), host;
    const known_scheme *s = scheme < len ? scheme_of(uri, scheme) : NULL;

    if (!has_normal_characters(uri, uri + len) || (scheme < len && !is_lower(uri, scheme))) return 0;
    if (!s || len <= scheme + 3) return 1;
    if (strncmp(uri + scheme + 1, "//", 2)) return 0;
    host = strcspn(uri + scheme + 3, "/?");
    return scheme + 3 + host >= len || is_normal_host(s, uri + scheme + 3, host);
}

const char *mcp_resource_uri_canonical(apr_pool_t *p, const char *uri)
{
    static const char digits[] = "0123456789ABCDEF";
    char *text, *out;
    const char *c;

    for (c = uri; *c && (unsigned char)*c < 0x80; c++) { }
    if (!*c) return uri;
    out = text = apr_palloc(p, strlen(uri) * 3 + 1);
    for (c = uri; *c; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte < 0x80) *out++ = *c;
        else {
            *out++ = '%';
            *out++ = digits[byte >> 4];
            *out++ = digits[byte & 15];
        }
    }
    *out = '\0';
    return text;
}
