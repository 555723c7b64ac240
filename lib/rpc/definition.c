#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <openssl/evp.h>
#include "mcp/decimal.h"
#include "mcp/definition.h"
#include "mcp/gate.h"

/* ---- the digest ---- */

typedef struct {
    const char *name;
    size_t len;
    mcp_value value;
} member;

static int by_name(const void *a, const void *b)
{
    const member *x = a, *y = b;
    int order = memcmp(x->name, y->name, x->len < y->len ? x->len : y->len);

    return order ? order : x->len < y->len ? -1 : x->len > y->len;
}

static int put(EVP_MD_CTX *md, char kind, const char *bytes, size_t len)
{
    unsigned char head[9] = { (unsigned char)kind };
    int i;

    for (i = 0; i < 8; i++) head[1 + i] = (unsigned char)(len >> (8 * i));
    return EVP_DigestUpdate(md, head, sizeof head) == 1 && EVP_DigestUpdate(md, bytes, len) == 1;
}

static int put_value(EVP_MD_CTX *md, apr_pool_t *p, const mcp_value *v);

static int put_object(EVP_MD_CTX *md, apr_pool_t *p, const mcp_value *v)
{
    apr_array_header_t *members = apr_array_make(p, 8, sizeof(member));
    mcp_value_walk walk = mcp_value_begin(v);
    mcp_value name;
    member m;
    int i;

    while (mcp_value_next(&walk, &name, &m.value)) {
        m.name = mcp_value_text(p, &name, &m.len);
        APR_ARRAY_PUSH(members, member) = m;
    }
    if (!put(md, '{', "", 0)) return 0;
    if (members->nelts) qsort(members->elts, (size_t)members->nelts, sizeof(member), by_name);
    for (i = 0; i < members->nelts; i++) {
        const member *one = &APR_ARRAY_IDX(members, i, member);
        if (!put(md, ':', one->name, one->len) || !put_value(md, p, &one->value)) return 0;
    }
    return put(md, '}', "", 0);
}

static int put_array(EVP_MD_CTX *md, apr_pool_t *p, const mcp_value *v)
{
    mcp_value_walk walk = mcp_value_begin(v);
    mcp_value element;

    if (!put(md, '[', "", 0)) return 0;
    while (mcp_value_next(&walk, NULL, &element))
        if (!put_value(md, p, &element)) return 0;
    return put(md, ']', "", 0);
}

static int put_value(EVP_MD_CTX *md, apr_pool_t *p, const mcp_value *v)
{
    const char *text;
    size_t len;

    if (v->kind == MCP_VALUE_OBJECT) return put_object(md, p, v);
    if (v->kind == MCP_VALUE_ARRAY) return put_array(md, p, v);
    if (v->kind != MCP_VALUE_STRING) return put(md, 'v', v->at, v->len);
    text = mcp_value_clear(p, v, &len);
    return text ? put(md, '"', text, len) : put(md, 'r', v->at, v->len);     /* where decoding would make two strings one */
}

const char *mcp_definition_digest(apr_pool_t *p, const mcp_value *element)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned char digest[EVP_MAX_MD_SIZE];
    char *hex = apr_palloc(p, MCP_SHA256_HEX_LEN + 1);
    unsigned len = 0, i;
    int ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 && put_value(md, p, element) && EVP_DigestFinal_ex(md, digest, &len) == 1;

    EVP_MD_CTX_free(md);
    for (i = 0; i < len; i++) apr_snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return ok ? hex : NULL;
}

/* ---- mirrored arguments ---- */

static int is_token(const char *text)
{
    if (!*text) return 0;
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text > '~' || strchr("\"(),/:;<=>?@[\\]{}", *text)) return 0;
    return 1;
}

typedef struct {
    apr_pool_t *p;
    apr_array_header_t *mirrors;
    const char *path[MCP_MIRROR_DEPTH + 1];
} search;

static void note(search *s, const mcp_value *schema, int depth)
{
    mcp_value annotation = mcp_value_member(schema, "x-mcp-header", 12);
    const char *header = mcp_value_text(s->p, &annotation, NULL);
    mcp_mirror m;

    if (!header || !depth || !is_token(header) || s->mirrors->nelts == MCP_MIRRORS_MAX) return;
    s->path[depth] = NULL;
    m.header = header;
    m.path = apr_pmemdup(s->p, s->path, (size_t)(depth + 1) * sizeof *s->path);
    APR_ARRAY_PUSH(s->mirrors, mcp_mirror) = m;
}

static void look(search *s, const mcp_value *schema, int depth)
{
    mcp_value properties = mcp_value_member(schema, "properties", 10), name, property;
    mcp_value_walk walk = mcp_value_begin(&properties);

    note(s, schema, depth);
    while (depth < MCP_MIRROR_DEPTH && properties.kind == MCP_VALUE_OBJECT && mcp_value_next(&walk, &name, &property)) {
        s->path[depth] = mcp_value_text(s->p, &name, NULL);
        look(s, &property, depth + 1);
    }
}

const apr_array_header_t *mcp_definition_mirrors(apr_pool_t *p, const mcp_value *element)
{
    search s = { .p = p, .mirrors = apr_array_make(p, 2, sizeof(mcp_mirror)) };
    mcp_value schema = mcp_value_member(element, "inputSchema", 11);

    look(&s, &schema, 0);
    return s.mirrors;
}

static mcp_value argument_at(const mcp_value *arguments, const char *const *path)
{
    mcp_value v = *arguments;

    for (; *path; path++) v = mcp_value_member(&v, *path, strlen(*path));
    return v;
}

/* The header's text is the argument's value, as the revision converts it. */
static int says(const char *text, const mcp_value *v)
{
    mcp_decimal a, b;

    if (v->kind == MCP_VALUE_STRING) return mcp_value_is(v, text, strlen(text));
    if (v->kind == MCP_VALUE_TRUE || v->kind == MCP_VALUE_FALSE) return !strcmp(text, v->kind == MCP_VALUE_TRUE ? "true" : "false");
    return v->kind == MCP_VALUE_NUMBER && mcp_decimal_read(text, strlen(text), &a) && mcp_decimal_read(v->at, v->len, &b) && !mcp_decimal_compare(&a, &b);
}

mcp_rc mcp_definition_agree(mcp_ctx *ctx, const apr_table_t *headers, const mcp_value *arguments, const apr_array_header_t *mirrors)
{
    mcp_rc rc;
    int i;

    for (i = 0; i < mirrors->nelts; i++) {
        const mcp_mirror *m = &APR_ARRAY_IDX(mirrors, i, mcp_mirror);
        const char *name = apr_pstrcat(ctx->pool, "Mcp-Param-", m->header, NULL), *text = NULL;
        mcp_value v = argument_at(arguments, m->path);
        int there = v.kind != MCP_VALUE_NONE && v.kind != MCP_VALUE_NULL;

        if ((rc = mcp_gate_mirrored(ctx, headers, name, &text))) return rc;
        if (!there && text) return mcp_fail(ctx, MCP_HEADER_MISMATCH, "header %s has no argument behind it", name);
        if (there && !text) return mcp_fail(ctx, MCP_HEADER_MISMATCH, "header %s is missing; read tools/list again", name);
        if (there && !says(text, &v)) return mcp_fail(ctx, MCP_HEADER_MISMATCH, "header %s differs from the argument", name);
    }
    return MCP_OK;
}
