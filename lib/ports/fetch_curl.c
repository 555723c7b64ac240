/* The transport of fetch.c. The socket is opened here, behind the name lookup: the address judged is the
 * address connected to. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <curl/curl.h>
#include <apr_strings.h>
#include "mcp/fetch.h"

enum { HEAD_MAX = 16 * 1024, FIRST_ROOM = 4096 };

typedef struct {
    mcp_ctx *ctx;
    const mcp_fetch_rules *rules;
    const mcp_fetch_content *content;   /* NULL: GET */
    CURL *curl;
    struct curl_slist *headers;
    char *body;
    size_t len, room, head_len;
    const char *closed;             /* an address that was passed over, NULL if none was */
    char reason[CURL_ERROR_SIZE];
} transfer;

static const unsigned char *address_bytes(const struct curl_sockaddr *address, size_t *len)
{
    const struct sockaddr *any = &address->addr;

    *len = 0;
    if (address->family == AF_INET) {
        *len = sizeof(struct in_addr);
        return (const unsigned char *)&((const struct sockaddr_in *)(const void *)any)->sin_addr;
    }
    if (address->family == AF_INET6) {
        *len = sizeof(struct in6_addr);
        return (const unsigned char *)&((const struct sockaddr_in6 *)(const void *)any)->sin6_addr;
    }
    return NULL;
}

/* One closed address among open ones is no failure yet: it is passed over. */
static void refuse_address(transfer *t, const struct curl_sockaddr *address, const unsigned char *bytes)
{
    char text[INET6_ADDRSTRLEN] = "of an unknown family";

    if (bytes) inet_ntop(address->family, bytes, text, sizeof text);
    t->closed = apr_pstrdup(t->ctx->pool, text);
}

static curl_socket_t open_socket(void *baton, curlsocktype purpose, struct curl_sockaddr *address)
{
    transfer *t = baton;
    size_t len;
    const unsigned char *bytes = address_bytes(address, &len);

    if (purpose != CURLSOCKTYPE_IPCXN || !bytes || !(t->rules->allow_private || mcp_fetch_address_is_public(bytes, len))) {
        refuse_address(t, address, bytes);
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int make_room(transfer *t, size_t more)
{
    char *body;

    if (more > t->rules->max_bytes - t->len) {
        mcp_fail(t->ctx, MCP_FETCH_REFUSED, "the answer is larger than %lu bytes", (unsigned long)t->rules->max_bytes);
        return 0;
    }
    if (t->len + more < t->room) return 1;
    while (t->room <= t->len + more) t->room *= 2;
    body = apr_palloc(t->ctx->pool, t->room);
    memcpy(body, t->body, t->len);
    t->body = body;
    return 1;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *baton)
{
    transfer *t = baton;
    size_t len = size * count;

    if (!make_room(t, len)) return 0;
    memcpy(t->body + t->len, bytes, len);
    t->len += len;
    t->body[t->len] = '\0';
    return len;
}

static size_t take_head(char *bytes, size_t size, size_t count, void *baton)
{
    transfer *t = baton;

    (void)bytes;
    t->head_len += size * count;
    if (t->head_len <= HEAD_MAX) return size * count;
    mcp_fail(t->ctx, MCP_FETCH_REFUSED, "the answer's header is larger than %d bytes", HEAD_MAX);
    return 0;
}

static apr_status_t release(void *baton)
{
    transfer *t = baton;

    curl_easy_cleanup(t->curl);
    curl_slist_free_all(t->headers);
    return APR_SUCCESS;
}

static int set_limits(transfer *t)
{
    long budget = (long)(t->rules->budget / 1000);

    return !curl_easy_setopt(t->curl, CURLOPT_TIMEOUT_MS, budget ? budget : 1L)
        && !curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L)
        && !curl_easy_setopt(t->curl, CURLOPT_FOLLOWLOCATION, 0L)
        && !curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, t->rules->allow_http ? "http,https" : "https")
        && !curl_easy_setopt(t->curl, CURLOPT_PROXY, "")
        && !curl_easy_setopt(t->curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED)
        && !curl_easy_setopt(t->curl, CURLOPT_HTTP_CONTENT_DECODING, 0L)
        && !curl_easy_setopt(t->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1)
        && !curl_easy_setopt(t->curl, CURLOPT_PATH_AS_IS, 1L)
        && !curl_easy_setopt(t->curl, CURLOPT_OPENSOCKETFUNCTION, open_socket)
        && !curl_easy_setopt(t->curl, CURLOPT_OPENSOCKETDATA, t);
}

/* A CA file replaces the system's folder as well. */
static int set_trust(transfer *t)
{
    const char *file = t->rules->ca_file;

    return !curl_easy_setopt(t->curl, CURLOPT_SSL_VERIFYPEER, 1L)
        && !curl_easy_setopt(t->curl, CURLOPT_SSL_VERIFYHOST, 2L)
        && !curl_easy_setopt(t->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2)
        && (!file || !curl_easy_setopt(t->curl, CURLOPT_CAINFO, file))
        && (!file || !curl_easy_setopt(t->curl, CURLOPT_CAPATH, NULL));
}

/* libcurl keeps a copy. */
static int add_header(transfer *t, const char *name, const char *value)
{
    struct curl_slist *longer = curl_slist_append(t->headers, apr_pstrcat(t->ctx->pool, name, ": ", value, NULL));

    if (longer) t->headers = longer;
    return longer != NULL;
}

/* An empty Expect: the body goes with the header, nobody waits for leave. */
static int set_content(transfer *t)
{
    const mcp_fetch_content *content = t->content;

    if (!content) return 1;
    return add_header(t, "Content-Type", content->type)
        && (!content->authorization || add_header(t, "Authorization", content->authorization))
        && add_header(t, "Expect", "")
        && !curl_easy_setopt(t->curl, CURLOPT_POST, 1L)
        && !curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)content->len)
        && !curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, content->body);
}

static int set_request(transfer *t, const char *url)
{
    return add_header(t, "Accept", t->rules->accept)
        && (!t->rules->if_none_match || add_header(t, "If-None-Match", t->rules->if_none_match))
        && set_content(t)
        && !curl_easy_setopt(t->curl, CURLOPT_URL, url)
        && !curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->headers)
        && !curl_easy_setopt(t->curl, CURLOPT_USERAGENT, "mod_mcp")
        && !curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, t->reason)
        && !curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, take_body)
        && !curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t)
        && !curl_easy_setopt(t->curl, CURLOPT_HEADERFUNCTION, take_head)
        && !curl_easy_setopt(t->curl, CURLOPT_HEADERDATA, t);
}

static const char *header_of(const transfer *t, const char *name, const char *otherwise)
{
    const char *all = NULL;
    struct curl_header *h;
    size_t i;

    for (i = 0; curl_easy_header(t->curl, name, i, CURLH_HEADER, -1, &h) == CURLHE_OK; i++)
        all = all ? apr_pstrcat(t->ctx->pool, all, ", ", h->value, NULL) : apr_pstrdup(t->ctx->pool, h->value);
    return all ? all : otherwise;
}

static void fill(const transfer *t, mcp_fetch_answer *out)
{
    long status = 0;

    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    out->status = (int)status;
    out->content_type = header_of(t, "Content-Type", "");
    out->etag = header_of(t, "ETag", NULL);
    out->cache_control = header_of(t, "Cache-Control", NULL);
    out->age = header_of(t, "Age", NULL);
    out->body = t->body;
    out->len = t->len;
}

static mcp_rc perform(transfer *t, mcp_fetch_answer *out)
{
    CURLcode code = curl_easy_perform(t->curl);

    if (code == CURLE_COULDNT_CONNECT && t->closed)
        return mcp_fail(t->ctx, MCP_FETCH_REFUSED, "the address %s is not a public one", t->closed);
    if (code != CURLE_OK)
        return mcp_fail(t->ctx, MCP_FETCH_REFUSED, "%s", *t->reason ? t->reason : curl_easy_strerror(code));
    fill(t, out);
    return MCP_OK;
}

static transfer *begin(mcp_ctx *ctx, const mcp_fetch_rules *rules, const mcp_fetch_content *content)
{
    transfer *t = apr_pcalloc(ctx->pool, sizeof *t);

    t->ctx = ctx;
    t->rules = rules;
    t->content = content;
    t->room = FIRST_ROOM;
    t->body = apr_pcalloc(ctx->pool, t->room);
    t->curl = curl_easy_init();
    apr_pool_cleanup_register(ctx->pool, t, release, apr_pool_cleanup_null);
    return t;
}

mcp_rc mcp_fetch_curl(mcp_ctx *ctx, const mcp_fetch_rules *rules, const char *url, const mcp_fetch_content *content, mcp_fetch_answer *out)
{
    transfer *t = begin(ctx, rules, content);
    mcp_rc rc;

    rc = t->curl && set_limits(t) && set_trust(t) && set_request(t, url)
        ? perform(t, out) : mcp_fail(ctx, MCP_INTERNAL, "libcurl cannot be set up");
    apr_pool_cleanup_run(ctx->pool, t, release);
    return rc;
}
