#include <string.h>
#include <apr_strings.h>
#include "mcp/resource_uri.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int stands_for_itself(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

/* An escape that neither stands for a character which needs none nor for one that parts a path. */
static int is_normal_escape(const char *at)
{
    int high = hex_value(at[1]), low = high < 0 ? -1 : hex_value(at[2]), c = high << 4 | low;

    return high >= 0 && low >= 0 && c >= 0x20 && !stands_for_itself(c) && c != '/' && c != '\\' && c != '%';
}

/* A dot segment: "." or ".." between slashes, or at the end. */
static int is_dot_segment(const char *behind_slash)
{
    size_t dots = strspn(behind_slash, ".");

    return (dots == 1 || dots == 2) && (!behind_slash[dots] || strchr("/?#;", behind_slash[dots]));
}

static int has_normal_characters(const char *uri)
{
    const char *c;

    for (c = uri; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '\\' || (*c == '%' && !is_normal_escape(c)) || (*c == '/' && is_dot_segment(c + 1))) return 0;
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

static int has_normal_authority(const known_scheme *scheme, const char *behind)
{
    size_t len, i;

    if (strncmp(behind, "//", 2)) return 0;
    behind += 2;
    len = strcspn(behind, "/?#");
    if (behind[len] != '/' || (!scheme->port && len) || (scheme->port && !len)) return 0;
    for (i = 0; i < len; i++)
        if ((behind[i] >= 'A' && behind[i] <= 'Z') || behind[i] == '%' || (unsigned char)behind[i] > '~') return 0;
    return !scheme->port || (!ends_in(behind, len, scheme->port) && !ends_in(behind, len, ":"));
}

int mcp_resource_uri_is_normal(const char *uri)
{
    size_t len = strcspn(uri, ":/?#"), i;
    const known_scheme *s;

    if (!has_normal_characters(uri)) return 0;
    if (uri[len] != ':') return 1;      /* no scheme: compared as text by everybody */
    for (i = 0; i < len; i++)
        if (uri[i] >= 'A' && uri[i] <= 'Z') return 0;
    for (s = known_schemes; s->name; s++)
        if (strlen(s->name) == len && !memcmp(s->name, uri, len)) return has_normal_authority(s, uri + len + 1);
    return 1;
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
