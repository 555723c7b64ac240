#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "mcp/gate.h"
#include "mcp/methods.h"
#include "mcp/text.h"

/* The best first. 2024-11-05 had no such header, but SDKs that negotiated it over this transport send its date. */
static const char *const versions[] = { "2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", NULL };

/* Headers the gate reads: each may stand once, and Connection may not take them away. */
static const char *const read_once[] = {
    "Content-Type", "Content-Encoding", "Content-Length", "Authorization", "Origin", "Host",
    "Mcp-Method", "Mcp-Name", "MCP-Protocol-Version", "Mcp-Session-Id", NULL
};

/* How often a header stands there. */
static int times(const apr_table_t *headers, const char *name)
{
    const apr_array_header_t *all = apr_table_elts(headers);
    int i, n = 0;

    for (i = 0; i < all->nelts; i++) n += !strcasecmp(APR_ARRAY_IDX(all, i, apr_table_entry_t).key, name);
    return n;
}

/* Twins: WSGI and CGI read Mcp_Name as Mcp-Name, some gateways Mcp.Name too. What stands behind Mcp-Param- is a tool's
 * own word. */
static int is_twin(const char *name)
{
    static const char *const imitated[] = { "mcp", "content", "auth", "transfer", NULL };
    const char *const *start;

    for (start = imitated; *start; start++)
        if (!strncasecmp(name, *start, strlen(*start)))
            return strpbrk(name, "_.!#$%&'*+^`|~") && strncasecmp(name, "Mcp-Param-", 10);
    return 0;
}

/* 1 if the list names a header that the gate reads or the backend is told by. mod_proxy ends a name at a semicolon as well. */
static int names_ours(const char *list)
{
    const char *const *name;
    size_t len;

    for (; *list; list += len) {
        list += strspn(list, " \t,;\"");
        len = strcspn(list, " \t,;\"");
        if ((len >= 4 && !strncasecmp(list, "mcp-", 4)) || (len >= 6 && !strncasecmp(list, "x-mcp-", 6))) return 1;
        for (name = read_once; *name; name++)
            if (strlen(*name) == len && !strncasecmp(list, *name, len)) return 1;
    }
    return 0;
}

/* The place of a header among read_once; -1: it may repeat. */
static int place_of(const char *name)
{
    int i;

    for (i = 0; read_once[i]; i++)
        if ((*read_once[i] | 32) == (*name | 32) && !strcasecmp(read_once[i], name)) return i;
    return -1;
}

static mcp_rc check_shape(mcp_ctx *ctx, const apr_table_t *headers)
{
    const apr_array_header_t *all = apr_table_elts(headers);
    unsigned met = 0;
    int i, place;

    for (i = 0; i < all->nelts; i++) {
        const apr_table_entry_t *h = &APR_ARRAY_IDX(all, i, apr_table_entry_t);
        place = place_of(h->key);
        if (place >= 0 && met & 1u << place) return mcp_fail(ctx, MCP_HEADER_MISMATCH, "header %s stands twice", read_once[place]);
        if (place >= 0) met |= 1u << place;
        else if (is_twin(h->key)) return mcp_fail(ctx, MCP_HEADER_MISMATCH, "header %.80s imitates one that is checked", h->key);
        if (!strcasecmp(h->key, "Connection") && names_ours(h->val)) return mcp_fail(ctx, MCP_HEADER_MISMATCH, "Connection names a header that must arrive");
    }
    return MCP_OK;
}

/* application/json, perhaps with charset=utf-8 and nothing else. */
static int is_json(const char *type)
{
    size_t len = strlen("application/json");

    if (!type || strncasecmp(type, "application/json", len)) return 0;
    type += len;
    type += strspn(type, " \t");
    if (!*type) return 1;
    if (*type++ != ';') return 0;
    type += strspn(type, " \t");
    if (strncasecmp(type, "charset=", 8)) return 0;
    type += 8;
    return !strcasecmp(type, "utf-8") || !strcasecmp(type, "\"utf-8\"");
}

mcp_rc mcp_gate_headers(mcp_ctx *ctx, const char *method, const apr_table_t *headers, int has_body)
{
    int post = !strcmp(method, "POST");
    mcp_rc rc;

    if (!post && strcmp(method, "GET") && strcmp(method, "DELETE")) return mcp_fail(ctx, MCP_BAD_METHOD, "MCP has POST, GET and DELETE");
    if (apr_table_get(headers, "X-HTTP-Method-Override") || apr_table_get(headers, "X-HTTP-Method") || apr_table_get(headers, "X-Method-Override"))
        return mcp_fail(ctx, MCP_BAD_REQUEST, "method overrides are not served");
    if ((rc = check_shape(ctx, headers))) return rc;
    if (!post && has_body) return mcp_fail(ctx, MCP_BAD_REQUEST, "%s takes no body", method);
    if (!post) return MCP_OK;
    if (apr_table_get(headers, "Content-Encoding")) return mcp_fail(ctx, MCP_BAD_MEDIA_TYPE, "send the body without Content-Encoding");
    if (!is_json(apr_table_get(headers, "Content-Type"))) return mcp_fail(ctx, MCP_BAD_MEDIA_TYPE, "Content-Type must be application/json");
    return MCP_OK;
}

int mcp_gate_origin(const apr_table_t *headers, const char *const *origins)
{
    const char *origin = apr_table_get(headers, "Origin");

    if (!origin) return 1;
    for (; origins && *origins; origins++)
        if (!strcmp(*origins, origin)) return 1;
    return 0;
}

/* Bytes behind ASCII are read as Latin-1 by some and as UTF-8 by others. */
static int is_visible(const char *value)
{
    for (; *value; value++)
        if ((unsigned char)*value > 0x7e || ((unsigned char)*value < 0x20 && *value != '\t')) return 0;
    return 1;
}

/* Plain, or =?base64?...?= where the text holds more than visible ASCII. */
static mcp_rc decode(mcp_ctx *ctx, const char *name, const char *value, const char **out)
{
    size_t len = strlen(value), n;
    unsigned char *bytes;

    *out = value;
    if (len < 11 || strncmp(value, "=?base64?", 9) || strcmp(value + len - 2, "?=")) return MCP_OK;
    if (mcp_text_base64_decode(ctx, value + 9, len - 11, &bytes, &n) || memchr(bytes, 0, n) || !mcp_text_is_utf8((char *)bytes, n)) {
        mcp_ctx_clear(ctx);
        return mcp_fail(ctx, MCP_HEADER_MISMATCH, "the base64 form of header %s cannot be read", name);
    }
    *out = (char *)bytes;
    return MCP_OK;
}

mcp_rc mcp_gate_mirrored(mcp_ctx *ctx, const apr_table_t *headers, const char *name, const char **text)
{
    const char *value = apr_table_get(headers, name);

    *text = NULL;
    if (!value) return MCP_OK;
    if (times(headers, name) > 1) return mcp_fail(ctx, MCP_HEADER_MISMATCH, "header %s stands twice", name);
    if (!is_visible(value)) return mcp_fail(ctx, MCP_HEADER_MISMATCH, "header %s holds bytes that are not ASCII", name);
    return decode(ctx, name, value, text);
}

static mcp_rc must_equal(mcp_ctx *ctx, const apr_table_t *headers, const char *name, const char *body, int required)
{
    const char *value = apr_table_get(headers, name), *text;
    mcp_rc rc;

    if (!value) return required && body ? mcp_fail(ctx, MCP_HEADER_MISMATCH, "header %s is missing", name) : MCP_OK;
    if ((rc = mcp_gate_mirrored(ctx, headers, name, &text))) return rc;
    if (strcmp(name, "Mcp-Name")) text = value;     /* the others have no base64 form */
    if (body && !strcmp(text, body)) return MCP_OK;
    return mcp_fail(ctx, MCP_HEADER_MISMATCH, "header %s differs from the body", name);
}

static int is_known_version(const char *version)
{
    const char *const *known;

    for (known = versions; *known; known++)
        if (!strcmp(*known, version)) return 1;
    return 0;
}

int mcp_gate_is_stateless(const apr_table_t *headers, const mcp_message *m)
{
    const char *header = apr_table_get(headers, "MCP-Protocol-Version");

    return (header && strcmp(header, "2026-07-28") >= 0) || (m->version && strcmp(m->version, "2026-07-28") >= 0);
}

/* The revisions named by header and body, and whether the later rules hold. */
static mcp_rc agree_version(mcp_ctx *ctx, const apr_table_t *headers, const mcp_message *m, int *stateless)
{
    const char *header = apr_table_get(headers, "MCP-Protocol-Version");

    if (header && m->version && strcmp(header, m->version))
        return mcp_fail(ctx, MCP_HEADER_MISMATCH, "header MCP-Protocol-Version differs from the body");
    if ((header && !is_known_version(header)) || (m->version && !is_known_version(m->version)))
        return mcp_fail(ctx, MCP_BAD_VERSION, "served are 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25 and 2026-07-28");
    *stateless = mcp_gate_is_stateless(headers, m);
    if (*stateless && m->kind == MCP_MESSAGE_RESPONSE) return mcp_fail(ctx, MCP_BAD_ENVELOPE, "this revision has no answers from clients");
    if (*stateless && m->kind == MCP_MESSAGE_REQUEST && !m->version)
        return mcp_fail(ctx, MCP_BAD_PARAMS, "params._meta lacks io.modelcontextprotocol/protocolVersion");
    return m->version ? must_equal(ctx, headers, "MCP-Protocol-Version", m->version, *stateless) : MCP_OK;
}

int mcp_gate_may_be_batch(const apr_table_t *headers)
{
    const char *version = apr_table_get(headers, "MCP-Protocol-Version");

    return !version || !strcmp(version, "2025-03-26");
}

const char *mcp_gate_version_data(apr_pool_t *p, const apr_table_t *headers, const mcp_message *m)
{
    const char *header = apr_table_get(headers, "MCP-Protocol-Version"), *list = "", *asked;
    const char *const *known;

    asked = header && !is_known_version(header) ? header : m->version ? m->version : "";
    for (known = versions; *known; known++) list = apr_pstrcat(p, list, *list ? "," : "", "\"", *known, "\"", NULL);
    return apr_pstrcat(p, "{\"supported\":[", list, "],\"requested\":", mcp_text_json_string(p, asked, strlen(asked)), "}", NULL);
}

/* What Mcp-Name mirrors: the uri where a resource is meant, the name elsewhere. */
static const char *mirrored_name(const mcp_message *m)
{
    if (m->method && !strcmp(m->method, "resources/read")) return m->uri;
    return m->name ? m->name : m->uri;
}

static int has_mirrored_name(const mcp_message *m)
{
    return m->method && (!strcmp(m->method, "tools/call") || !strcmp(m->method, "prompts/get") || !strcmp(m->method, "resources/read"));
}

mcp_rc mcp_gate_agree(mcp_ctx *ctx, const apr_table_t *headers, const mcp_message *m)
{
    int stateless = 0;
    mcp_rc rc;

    if ((rc = agree_version(ctx, headers, m, &stateless))) return rc;
    if ((rc = must_equal(ctx, headers, "Mcp-Method", m->method, stateless))) return rc;
    if ((rc = must_equal(ctx, headers, "Mcp-Name", mirrored_name(m), stateless && has_mirrored_name(m)))) return rc;
    if (m->method && mcp_methods_is_imitated(m->method)) return mcp_fail(ctx, MCP_AMBIGUOUS, "the method is another's name but for case or blanks");
    return MCP_OK;
}

int mcp_gate_status(mcp_rc rc, const mcp_message *message)
{
    int stateless = message->version && strcmp(message->version, "2026-07-28") >= 0;

    return rc == MCP_METHOD_DENIED && stateless ? 404 : mcp_error_of(rc)->http;
}
