/* The key that sealed sessions are checked with: from a file that several hosts share, or made when the server first starts. */
#include <httpd.h>
#include <http_config.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <openssl/rand.h>
#include "mcp/location.h"
#include "mcp/seal.h"
#include "mcp/text.h"

enum { FILE_MAX = 4096 };

const char *mcp_session_key_read(cmd_parms *cmd, const char *file, const unsigned char **key)
{
    mcp_ctx *ctx = mcp_ctx_create(cmd->temp_pool);
    const char *path = ap_server_root_relative(cmd->temp_pool, file);
    unsigned char *digest = apr_palloc(cmd->pool, MCP_SEAL_KEY_LEN);
    apr_size_t len = FILE_MAX;
    char text[FILE_MAX];
    apr_finfo_t info;
    apr_file_t *f;

    if (!path || apr_file_open(&f, path, APR_READ, APR_OS_DEFAULT, cmd->temp_pool) != APR_SUCCESS)
        return apr_psprintf(cmd->pool, "MCPSessionKey: %s cannot be read", file);
    if (apr_file_info_get(&info, APR_FINFO_PROT, f) != APR_SUCCESS || (info.protection & (APR_GREAD | APR_WREAD | APR_GWRITE | APR_WWRITE)))
        return apr_psprintf(cmd->pool, "MCPSessionKey: others can read %s; chmod 600 it", file);
    if (apr_file_read_full(f, text, FILE_MAX, &len) != APR_EOF && len == FILE_MAX) return apr_psprintf(cmd->pool, "MCPSessionKey: %s is larger than %d bytes", file, FILE_MAX - 1);
    apr_file_close(f);
    if (len < MCP_SEAL_KEY_LEN) return apr_psprintf(cmd->pool, "MCPSessionKey: %s holds less than %d bytes; make one with openssl rand -hex 32", file, MCP_SEAL_KEY_LEN);
    if (mcp_text_sha256(ctx, text, len, digest)) return "MCPSessionKey: no digest can be had";
    *key = digest;
    return NULL;
}

/* Kept over graceful restarts, so that sessions go on. */
const unsigned char *mcp_session_key_made(server_rec *s)
{
    static const char name[] = "mcp-session-key";
    apr_pool_t *p = s->process->pool;
    void *kept = NULL;

    if (apr_pool_userdata_get(&kept, name, p) == APR_SUCCESS && kept) return kept;
    kept = apr_palloc(p, MCP_SEAL_KEY_LEN);
    if (RAND_bytes(kept, MCP_SEAL_KEY_LEN) != 1) return NULL;
    apr_pool_userdata_setn(kept, name, NULL, p);
    return kept;
}
