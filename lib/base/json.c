#include <stdlib.h>
#include <apr_strings.h>
#include "mcp/json.h"

/* Where the string that opens at i ends; len if it never does. */
static size_t string_end(const char *bytes, size_t len, size_t i)
{
    for (i++; i < len && bytes[i] != '"'; i++)
        if (bytes[i] == '\\') i++;
    return i < len ? i : len;
}

/* Before jansson recurses: bytes that are no JSON may be counted in any way, jansson refuses them. */
static int is_too_deep(const char *bytes, size_t len, unsigned max_depth)
{
    unsigned depth = 0;
    size_t i;

    for (i = 0; i < len; i++) {
        if (bytes[i] == '"') i = string_end(bytes, len, i);
        else if (bytes[i] == '{' || bytes[i] == '[') {
            if (++depth > max_depth) return 1;
        }
        else if ((bytes[i] == '}' || bytes[i] == ']') && depth) depth--;
    }
    return 0;
}

/* jansson's own text quotes the input, which may hold a secret. */
static const char *explain(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_duplicate_key: return "a member name stands twice";
    case json_error_invalid_utf8: return "the bytes are not UTF-8";
    case json_error_premature_end_of_input: return "the text ends too early";
    case json_error_end_of_input_expected: return "something stands behind the value";
    case json_error_null_character:
    case json_error_null_byte_in_key: return "U+0000 is not accepted";
    case json_error_numeric_overflow: return "a number is too large";
    default: return "this is not JSON";
    }
}

static apr_status_t release(void *value)
{
    json_decref(value);
    return APR_SUCCESS;
}

json_t *mcp_json_own(apr_pool_t *p, json_t *value)
{
    if (value) apr_pool_cleanup_register(p, value, release, apr_pool_cleanup_null);
    return value;
}

mcp_rc mcp_json_parse(mcp_ctx *ctx, const char *bytes, size_t len, const mcp_json_caps *caps, json_t **out)
{
    json_error_t error;

    if (len > caps->max_bytes)
        return mcp_fail(ctx, MCP_TOO_LARGE, "JSON of %lu bytes, %lu are accepted",
                        (unsigned long)len, (unsigned long)caps->max_bytes);
    if (is_too_deep(bytes, len, caps->max_depth))
        return mcp_fail(ctx, MCP_TOO_DEEP, "JSON is nested deeper than %u", caps->max_depth);
    *out = mcp_json_own(ctx->pool, json_loadb(bytes, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error));
    if (!*out)
        return mcp_fail(ctx, MCP_BAD_JSON, "%s: line %d, column %d", explain(&error), error.line, error.column);
    return MCP_OK;
}

mcp_rc mcp_json_object(mcp_ctx *ctx, const char *bytes, size_t len, const mcp_json_caps *caps, json_t **out)
{
    mcp_rc rc;

    if ((rc = mcp_json_parse(ctx, bytes, len, caps, out))) return rc;
    if (json_is_object(*out)) return MCP_OK;
    *out = NULL;
    return mcp_fail(ctx, MCP_BAD_JSON, "the outermost value is no object");
}

const char *mcp_json_string(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

const char *mcp_json_text(apr_pool_t *p, const json_t *value)
{
    char *dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *text = dump ? apr_pstrdup(p, dump) : NULL;

    free(dump);
    return text;
}
