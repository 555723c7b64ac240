#include <string.h>
#include <apr_strings.h>
#include "mcp/gate.h"
#include "mcp/text.h"

/* Values stand in quotes, so a quote, a backslash or a control character must not. */
static int is_quotable(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e || *text == '"' || *text == '\\') return 0;
    return 1;
}

static const char *parameter(apr_pool_t *p, const char *name, const char *value)
{
    if (!value || !*value || !is_quotable(value)) return "";
    return apr_pstrcat(p, ", ", name, "=\"", value, "\"", NULL);
}

const char *mcp_challenge(apr_pool_t *p, mcp_rc rc, const char *resource_metadata, const char *scope)
{
    const mcp_error *error = mcp_error_of(rc);
    const char *text;

    if (error->http != 401 && rc != MCP_MISSING_SCOPE) return NULL;
    text = apr_pstrcat(p, parameter(p, "error", error->oauth), parameter(p, "resource_metadata", resource_metadata),
                       parameter(p, "scope", scope), NULL);
    if (rc == MCP_BAD_PROOF || rc == MCP_USE_NONCE) return apr_pstrcat(p, "DPoP", text + 1, ", algs=\"ES256 ES384 RS256 PS256 EdDSA\"", NULL);
    return apr_pstrcat(p, "Bearer", *text ? text + 1 : "", NULL);
}

const char *mcp_rpc_error(apr_pool_t *p, mcp_rc rc, const char *id, size_t id_len, const char *detail, const char *data)
{
    const mcp_error *error = mcp_error_of(rc);
    const char *message = detail ? apr_pstrcat(p, error->sentence, ": ", detail, NULL) : error->sentence;

    return apr_psprintf(p, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":%d,\"message\":%s%s%s}}",
                        id ? apr_pstrmemdup(p, id, id_len) : "null", error->rpc, mcp_text_json_string(p, message, strlen(message)),
                        data ? ",\"data\":" : "", data ? data : "");
}
