/* MCPBackendIdentity: how the backend learns who is calling. */
#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <apr_strings.h>
#include "mcp/location.h"

const char *mcp_identity_parse(cmd_parms *cmd, int argc, char *const argv[], const mcp_identity **out)
{
    mcp_ctx *ctx = mcp_httpd_server_ctx(cmd->pool, cmd->server, APLOG_NO_MODULE);
    mcp_identity *identity = apr_pcalloc(cmd->pool, sizeof *identity);

    *out = identity;
    if (argc == 1 && !strcasecmp(argv[0], "off")) return NULL;
    if (argc == 1 && !strcasecmp(argv[0], "headers")) {
        identity->how = MCP_IDENTITY_HEADERS;
        return NULL;
    }
    if (argc != 3 || strcasecmp(argv[0], "assertion")) return "MCPBackendIdentity wants off, headers, or assertion KEYFILE AUDIENCE";
    identity->how = MCP_IDENTITY_ASSERTION;
    identity->audience = argv[2];
    if (mcp_keys_load(ctx, cmd->pool, ap_server_root_relative(cmd->pool, argv[1]), &identity->key))
        return apr_psprintf(cmd->pool, "MCPBackendIdentity: %s", ctx->detail);
    return NULL;
}
