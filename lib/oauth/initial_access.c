#include <string.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include "mcp/initial_access.h"
#include "mcp/text.h"

/* A counter that no window ends: memcached's windows are counted from 1970. */
enum { EVER = 2000000000, NAME_MAX_LEN = 64 };

static const char hex[] = "0123456789abcdef", digits[] = "0123456789";

/* ---- a line ---- */

static const char *set_uses(mcp_initial_access *a, const char *text)
{
    size_t len = strspn(text, digits);

    if (!len || len > 7 || text[len]) return "uses= wants a number";
    a->uses = (apr_uint32_t)apr_strtoi64(text, NULL, 10);
    return a->uses && a->uses <= MCP_INITIAL_ACCESS_USES_MAX ? NULL : "uses= is from 1 to a million";
}

static int number_at(const char *text, int len)
{
    int n = 0;

    while (len--) n = n * 10 + (*text++ - '0');
    return n;
}

/* The end of that day. */
static const char *set_expiry(mcp_initial_access *a, const char *text)
{
    apr_time_exp_t day = { .tm_hour = 23, .tm_min = 59, .tm_sec = 59 }, again;
    apr_time_t at;

    if (strlen(text) != 10 || strspn(text, "0123456789-") != 10 || text[4] != '-' || text[7] != '-' || strchr(text + 8, '-')) return "expires= wants YYYY-MM-DD";
    day.tm_year = number_at(text, 4) - 1900;
    day.tm_mon = number_at(text + 5, 2) - 1;
    day.tm_mday = number_at(text + 8, 2);
    if (day.tm_year < 70 || day.tm_mon < 0 || day.tm_mon > 11 || apr_time_exp_gmt_get(&at, &day)) return "expires= is no day";
    apr_time_exp_gmt(&again, at);
    a->expires_at = apr_time_sec(at);
    return again.tm_mday == day.tm_mday && again.tm_mon == day.tm_mon ? NULL : "expires= is no day";
}

static const char *set_scopes(apr_pool_t *p, const mcp_as *as, mcp_initial_access *a, const char *text)
{
    char *list = apr_pstrdup(p, text), *c, *word, *state;

    for (c = list; *c; c++)
        if (*c == ',') *c = ' ';
    a->scopes = list;
    for (word = apr_strtok(apr_pstrdup(p, list), " ", &state); word; word = apr_strtok(NULL, " ", &state))
        if (as && !mcp_as_scope(as, word)) return apr_psprintf(p, "no MCPScope declares %s", word);
    return *list ? NULL : "scopes= is empty";
}

static const char *set_option(apr_pool_t *p, const mcp_as *as, mcp_initial_access *a, const char *text)
{
    if (!strncmp(text, "uses=", 5)) return set_uses(a, text + 5);
    if (!strncmp(text, "expires=", 8)) return set_expiry(a, text + 8);
    if (!strncmp(text, "scopes=", 7)) return set_scopes(p, as, a, text + 7);
    return apr_psprintf(p, "%s is none of uses=N, expires=YYYY-MM-DD, scopes=A,B", text);
}

static int is_name(const char *text)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    return len && !text[len] && len <= NAME_MAX_LEN;
}

static const char *read_line(apr_pool_t *p, const mcp_as *as, char *line, mcp_initial_access *a)
{
    char *state, *word;
    const char *wrong = NULL;

    memset(a, 0, sizeof *a);
    a->uses = 1;
    a->digest = apr_strtok(line, " \t\r", &state);
    a->name = apr_strtok(NULL, " \t\r", &state);
    if (strlen(a->digest) != MCP_SHA256_HEX_LEN || strspn(a->digest, hex) != MCP_SHA256_HEX_LEN) return "the first word is no SHA-256 digest in lower-case hexadecimal";
    if (!a->name || !is_name(a->name)) return "the second word is no name of at most 64 letters, digits, dots, dashes";
    while (!wrong && (word = apr_strtok(NULL, " \t\r", &state))) wrong = set_option(p, as, a, word);
    return wrong;
}

/* ---- the file ---- */

static const char *load(apr_pool_t *p, const char *path, char **text)
{
    apr_file_t *file;
    apr_size_t len = MCP_INITIAL_ACCESS_FILE_MAX + 1;
    apr_status_t status = apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, p);
    char why[120];

    if (status == APR_SUCCESS) {
        *text = apr_pcalloc(p, len + 1);
        status = apr_file_read_full(file, *text, len, &len);
        apr_file_close(file);
    }
    if (status != APR_SUCCESS && status != APR_EOF) return apr_psprintf(p, "%s: %s", path, apr_strerror(status, why, sizeof why));
    if (len > MCP_INITIAL_ACCESS_FILE_MAX) return apr_psprintf(p, "%s is larger than %d bytes", path, MCP_INITIAL_ACCESS_FILE_MAX);
    return strlen(*text) == len ? NULL : apr_psprintf(p, "%s holds a zero byte", path);
}

/* The line of that digest, or (digest NULL) any fault. *found: there is one. A line with a fault gives nothing. */
static const char *search(apr_pool_t *p, const mcp_as *as, char *text, const char *digest, mcp_initial_access *out, int *found)
{
    const char *wrong;
    char *line, *next;
    int number = 0;

    *found = 0;
    for (line = text; line && !*found; line = next) {
        number++;
        if ((next = strchr(line, '\n'))) *next++ = '\0';
        line += strspn(line, " \t\r");
        if (!*line || *line == '#') continue;
        if (digest && strncmp(line, digest, strlen(digest))) continue;
        if ((wrong = read_line(p, as, line, out))) return apr_psprintf(p, "line %d: %s", number, wrong);
        *found = digest != NULL;
    }
    return NULL;
}

const char *mcp_initial_access_check(mcp_ctx *ctx, const mcp_as *as, const char *path)
{
    mcp_initial_access ignored;
    const char *wrong;
    char *text;
    int found;

    if ((wrong = load(ctx->pool, path, &text))) return wrong;
    wrong = search(ctx->pool, as, text, NULL, &ignored, &found);
    return wrong ? apr_psprintf(ctx->pool, "%s, %s", path, wrong) : NULL;
}

static mcp_rc broken(mcp_ctx *ctx, const char *why)
{
    return mcp_fail(ctx, MCP_UNAVAILABLE, "MCPInitialAccessToken: %s", why);
}

mcp_rc mcp_initial_access_find(mcp_ctx *ctx, const mcp_as *as, const char *token, mcp_initial_access *out)
{
    const char *digest = mcp_text_sha256_hex(ctx->pool, token, strlen(token)), *wrong;
    char *text;
    int found;

    if (!digest) return mcp_fail(ctx, MCP_INTERNAL, "no digest of a token");
    if ((wrong = load(ctx->pool, as->initial_access, &text))) return broken(ctx, wrong);
    if ((wrong = search(ctx->pool, as, text, digest, out, &found))) return broken(ctx, wrong);
    if (!found || (out->expires_at && out->expires_at < mcp_now(ctx))) return mcp_fail(ctx, MCP_BAD_TOKEN, "the initial access token is unknown or has expired");
    return MCP_OK;
}

mcp_rc mcp_initial_access_use(mcp_ctx *ctx, const mcp_as *as, const mcp_initial_access *access)
{
    const char *id = apr_pstrcat(ctx->pool, as->issuer, " ", access->digest, NULL);
    apr_uint32_t n;
    mcp_rc rc = mcp_store_count(ctx, as->store, "initial_access", id, EVER, &n);

    if (rc) return rc;
    return n <= access->uses ? MCP_OK : mcp_fail(ctx, MCP_BAD_TOKEN, "the initial access token is used up");
}
