#include <string.h>
#include <apr_strings.h>
#include "nameset.h"
#include "mcp/fold.h"
#include "runs.h"
#include "scanner.h"

enum { LONGEST_KNOWN = 48 };

typedef struct {
    char name[LONGEST_KNOWN];
    size_t len;                 /* 0 ends a table */
    member is;
} known;

#define KNOWN(name, is) { name, sizeof(name) - 1, is }

static const known of_envelope[] = {
    KNOWN("jsonrpc", M_JSONRPC), KNOWN("id", M_ID), KNOWN("method", M_METHOD), KNOWN("params", M_PARAMS), KNOWN("result", M_RESULT),
    KNOWN("error", M_ERROR), { "", 0, M_NONE }
};
static const known of_params[] = {
    KNOWN("name", M_NAME), KNOWN("uri", M_URI), KNOWN("arguments", M_ARGUMENTS), KNOWN("_meta", M_META), KNOWN("cursor", M_NONE),
    KNOWN("ref", M_NONE), KNOWN("task", M_NONE), KNOWN("taskId", M_NONE), KNOWN("argument", M_NONE), KNOWN("requestId", M_NONE),
    KNOWN("requestState", M_NONE), KNOWN("inputResponses", M_NONE), KNOWN("protocolVersion", M_NONE), KNOWN("capabilities", M_NONE),
    { "", 0, M_NONE }
};
static const known of_meta[] = {
    KNOWN("io.modelcontextprotocol/protocolVersion", M_VERSION), KNOWN("io.modelcontextprotocol/clientInfo", M_NONE),
    KNOWN("io.modelcontextprotocol/clientCapabilities", M_NONE), KNOWN("progressToken", M_NONE), { "", 0, M_NONE }
};
static const known *const of_role[] = { [ENVELOPE] = of_envelope, [PARAMS] = of_params, [META] = of_meta };

/* ---- names ---- */

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 32) : c;
}

/* The folded name's length; LONGEST_KNOWN + 1 for all that are longer. */
static size_t fold(const char *name, size_t len, unsigned char out[LONGEST_KNOWN])
{
    const unsigned char *s = (const unsigned char *)name, *end = s + len;
    size_t n;

    for (n = 0; s < end && n < LONGEST_KNOWN; n++) out[n] = mcp_fold_next(&s, end);
    return n + (s < end);
}

static int is_folded(const known *k, const unsigned char *folded, size_t len)
{
    size_t i;

    if (k->len != len) return 0;
    for (i = 0; i < len; i++)
        if (lower((unsigned char)k->name[i]) != folded[i]) return 0;
    return 1;
}

/* Of two ids neither is echoed. */
static mcp_rc unsure(mcp_envelope *e, member which, const char *why)
{
    if (which == M_ID) e->id_len = 0;
    return mcp_scanner_fail(e, MCP_AMBIGUOUS, why);
}

/* A name that is none of those known where it stands must not look like one. */
static mcp_rc refuse_imitation(mcp_envelope *e, const known *k, const char *name, size_t len)
{
    unsigned char folded[LONGEST_KNOWN];
    size_t n = fold(name, len, folded);

    /* Copied from object to object, it becomes JavaScript's prototype: members that nobody sent. */
    if (len == 9 && !memcmp(name, "__proto__", 9)) return mcp_scanner_fail(e, MCP_AMBIGUOUS, "a member that changes what others mean");
    for (; k->len; k++)
        if (is_folded(k, folded, n)) return unsure(e, k->is, "a member differs from a protocol member by case alone");
    return MCP_OK;
}

static mcp_rc recognise(mcp_envelope *e, const char *name, size_t len, size_t readable)
{
    uint64_t first = first_eight(name, len, readable);
    const known *k;

    for (k = of_role[e->top->what]; k->len; k++) {
        if (k->len != len || first_eight(k->name, len, sizeof k->name) != first || (len > 8 && memcmp(k->name + 8, name + 8, len - 8))) continue;
        e->now = k->is;
        return MCP_OK;
    }
    return refuse_imitation(e, of_role[e->top->what], name, len);
}

mcp_rc mcp_members_name(mcp_envelope *e, const char *name, size_t len, size_t readable)
{
    mcp_rc rc;

    e->now = M_NONE;
    if (e->top->what != OTHER && (rc = recognise(e, name, len, readable))) return rc;
    if (add_quickly(e->names, e->top->names, name, len, readable)) return MCP_OK;
    if (!(rc = mcp_names_add(e->names, e->top->names, name, len))) return MCP_OK;
    if (rc == MCP_EXISTS) return unsure(e, e->now, "a member stands twice in one object");
    return mcp_scanner_fail(e, rc, "the member names cannot be kept");
}

/* ---- values ---- */

/* Members that must be strings, and the id that may be a number, refuse every other kind here. */
static mcp_rc check_kind(mcp_envelope *e, unsigned char c)
{
    if (e->now == M_ID) return c == '"' || c == '-' || is_digit(c) ? MCP_OK : mcp_scanner_fail(e, MCP_BAD_ENVELOPE, "id is a string or a number");
    if (e->now == M_PARAMS && c != '{') return mcp_scanner_fail(e, MCP_BAD_ENVELOPE, "params is an object");
    if (e->now == M_ARGUMENTS && c != '{' && c != 'n') return mcp_scanner_fail(e, MCP_BAD_PARAMS, "arguments is an object");
    if (e->now == M_META && c != '{') return mcp_scanner_fail(e, MCP_BAD_PARAMS, "_meta is an object");
    if (is_text_member(e->now) && c != '"') return mcp_scanner_fail(e, MCP_BAD_ENVELOPE, "a protocol member that must be a string is none");
    return MCP_OK;
}

mcp_rc mcp_members_value(mcp_envelope *e, unsigned char first)
{
    if (e->now == M_RESULT) e->has_result = 1;
    if (e->now == M_ERROR) e->has_error = 1;
    if (e->now == M_PARAMS) e->has_params = 1;
    if (e->now == M_ID) e->id_good = first != '"';
    if (check_kind(e, first)) return e->rc;
    e->in_id = e->now == M_ID;
    return MCP_OK;
}

void mcp_members_text(mcp_envelope *e, const char *text, size_t len)
{
    const char **out = e->now == M_METHOD ? &e->message.method : e->now == M_NAME ? &e->message.name
                     : e->now == M_URI ? &e->message.uri : e->now == M_VERSION ? &e->message.version : NULL;

    if (e->now == M_JSONRPC) e->jsonrpc_good = len == 3 && !memcmp(text, "2.0", 3);
    if (e->now == M_ID) e->id_good = 1;
    if (out) *out = apr_pstrmemdup(e->ctx->pool, text, len);
}

/* The id is echoed as it was sent, so its raw bytes are kept, those of a number up to its end. */
mcp_rc mcp_members_id(mcp_envelope *e, const unsigned char *raw, size_t len)
{
    char *grown;

    if (len > TEXT_MAX - e->id_len) {
        e->id_len = 0;              /* half an id is never echoed */
        return mcp_scanner_fail(e, MCP_BAD_ENVELOPE, "the id is too long");
    }
    if (e->id_len + len > e->id_cap) {
        e->id_cap = (e->id_len + len) * 2;
        grown = apr_palloc(e->ctx->pool, e->id_cap);
        if (e->id_len) memcpy(grown, e->id, e->id_len);
        e->id = grown;
    }
    memcpy(e->id + e->id_len, raw, len);
    e->id_len += len;
    return MCP_OK;
}

mcp_rc mcp_members_agree(mcp_envelope *e)
{
    const mcp_message *m = &e->message;

    if (!e->jsonrpc_good) return mcp_scanner_fail(e, MCP_BAD_ENVELOPE, "jsonrpc is not 2.0");
    if (m->method && (e->has_result || e->has_error)) return mcp_scanner_fail(e, MCP_AMBIGUOUS, "method together with result or error");
    if (e->has_result && e->has_error) return mcp_scanner_fail(e, MCP_AMBIGUOUS, "result together with error");
    if (!m->method && !e->has_result && !e->has_error) return mcp_scanner_fail(e, MCP_BAD_ENVELOPE, "neither a method nor an answer");
    if (!m->method && e->has_params) return mcp_scanner_fail(e, MCP_AMBIGUOUS, "an answer with params");
    if (!m->method && !e->id_len) return mcp_scanner_fail(e, MCP_BAD_ENVELOPE, "an answer without an id");
    if (m->method && !*m->method) return mcp_scanner_fail(e, MCP_BAD_ENVELOPE, "the method is empty");
    return MCP_OK;
}
