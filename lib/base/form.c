#include <string.h>
#include <apr_strings.h>
#include "mcp/form.h"
#include "mcp/text.h"

enum { NAME_SHOWN = 64 };

typedef struct {
    const char *name, *value;
} parameter;

struct mcp_form {
    int count;
    parameter parameters[MCP_FORM_MAX];
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* NULL for a bad escape, U+0000 or text that is not UTF-8. */
static const char *decode(apr_pool_t *p, const char *bytes, size_t len)
{
    char *text = apr_palloc(p, len + 1);
    size_t i, n = 0;

    for (i = 0; i < len; i++) {
        char c = bytes[i] == '+' ? ' ' : bytes[i];
        if (c == '%') {
            if (len - i < 3 || hex_digit(bytes[i + 1]) < 0 || hex_digit(bytes[i + 2]) < 0) return NULL;
            c = (char)(hex_digit(bytes[i + 1]) << 4 | hex_digit(bytes[i + 2]));
            i += 2;
        }
        if (!c) return NULL;
        text[n++] = c;
    }
    text[n] = '\0';
    return mcp_text_is_utf8(text, n) ? text : NULL;
}

static int stands_before(const mcp_form *form, int end, const char *name)
{
    int i;

    for (i = 0; i < end; i++)
        if (!strcmp(form->parameters[i].name, name)) return 1;
    return 0;
}

static const char *shown(apr_pool_t *p, const char *name, size_t len)
{
    return mcp_text_json_string(p, name, len < NAME_SHOWN ? len : NAME_SHOWN);
}

static mcp_rc add(mcp_ctx *ctx, mcp_form *form, const char *pair, size_t len)
{
    const char *equals = memchr(pair, '=', len);
    size_t name_len = equals ? (size_t)(equals - pair) : len;
    parameter new;

    if (!name_len) return mcp_fail(ctx, MCP_BAD_REQUEST, "a parameter has no name");
    if (form->count == MCP_FORM_MAX) return mcp_fail(ctx, MCP_BAD_REQUEST, "more than %d parameters", MCP_FORM_MAX);
    if (!(new.name = decode(ctx->pool, pair, name_len)))
        return mcp_fail(ctx, MCP_BAD_REQUEST, "the parameter name %s is badly encoded", shown(ctx->pool, pair, name_len));
    new.value = equals ? decode(ctx->pool, equals + 1, len - name_len - 1) : "";
    if (!new.value)
        return mcp_fail(ctx, MCP_BAD_REQUEST, "the value of %s is badly encoded", shown(ctx->pool, new.name, strlen(new.name)));
    form->parameters[form->count++] = new;
    return MCP_OK;
}

mcp_rc mcp_form_read(mcp_ctx *ctx, const char *bytes, size_t len, const mcp_form **out)
{
    mcp_form *form = apr_pcalloc(ctx->pool, sizeof *form);
    size_t at = 0, n;
    mcp_rc rc;

    while (at < len) {
        const char *ampersand = memchr(bytes + at, '&', len - at);
        n = ampersand ? (size_t)(ampersand - bytes) - at : len - at;
        if (n && (rc = add(ctx, form, bytes + at, n))) return rc;
        at += n + 1;
    }
    *out = form;
    return MCP_OK;
}

mcp_rc mcp_form_check_once(mcp_ctx *ctx, const mcp_form *form, const char *name, const char *repeatable)
{
    const char *one;
    int i;

    for (i = 1; i < form->count; i++) {
        one = form->parameters[i].name;
        if ((name && strcmp(name, one)) || (repeatable && !strcmp(repeatable, one))) continue;
        if (stands_before(form, i, one)) return mcp_fail(ctx, MCP_BAD_REQUEST, "the parameter %s stands twice", shown(ctx->pool, one, strlen(one)));
    }
    return MCP_OK;
}

mcp_rc mcp_form_parse(mcp_ctx *ctx, const char *bytes, size_t len, const char *repeatable, const mcp_form **out)
{
    mcp_rc rc = mcp_form_read(ctx, bytes, len, out);

    return rc ? rc : mcp_form_check_once(ctx, *out, NULL, repeatable);
}

const char *mcp_form_nth(const mcp_form *form, const char *name, int i)
{
    int at;

    for (at = 0; at < form->count; at++)
        if (*form->parameters[at].value && !strcmp(form->parameters[at].name, name) && i-- == 0)
            return form->parameters[at].value;
    return NULL;
}

const char *mcp_form_get(const mcp_form *form, const char *name)
{
    return mcp_form_nth(form, name, 0);
}

int mcp_form_has_empty(const mcp_form *form, const char *name)
{
    int i;

    for (i = 0; i < form->count; i++)
        if (!*form->parameters[i].value && !strcmp(form->parameters[i].name, name)) return 1;
    return 0;
}

int mcp_form_count(const mcp_form *form, const char *name)
{
    int n = 0;

    while (mcp_form_nth(form, name, n)) n++;
    return n;
}
