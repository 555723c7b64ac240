#include <unistd.h>
#include <httpd.h>
#include <http_config.h>
#include <ap_mpm.h>
#include <unixd.h>
#include <apr_strings.h>
#include <apr_user.h>
#include "mcp/state.h"

static const char *spec_of(apr_pool_t *p, const char *configured)
{
    const char *spec = configured ? configured : "lmdb:mcp-state";

    if (strncmp(spec, "lmdb:", 5)) return spec;
    return apr_pstrcat(p, "lmdb:", ap_server_root_relative(p, spec + 5), NULL);
}

int mcp_state_is_embedded(const char *configured)
{
    return !configured || !strncmp(configured, "lmdb:", 5);
}

const char *mcp_state_dir(apr_pool_t *p, const char *configured)
{
    return mcp_state_is_embedded(configured) ? spec_of(p, configured) + 5 : ap_server_root_relative(p, "mcp-state");
}

/* Children use the store; beside a remote one lie keys alone, which are read before there are children. */
static mcp_store_user user_of(apr_pool_t *p, const char *configured)
{
    int children = !geteuid() && mcp_state_is_embedded(configured);
    mcp_store_user user = { children ? ap_unixd_config.user_id : geteuid(), children ? ap_unixd_config.group_id : getegid(), NULL };
    char *name;

    user.name = apr_uid_name_get(&name, user.uid, p) == APR_SUCCESS ? name : apr_psprintf(p, "user %lu", (unsigned long)user.uid);
    return user;
}

const char *mcp_state_folder(apr_pool_t *p, const char *configured, mcp_state_folder_fn *apply)
{
    const mcp_store_user user = user_of(p, configured);

    return apply(p, mcp_state_dir(p, configured), &user);
}

/* LMDB must not be opened twice in one process. */
mcp_rc mcp_state_open(mcp_ctx *ctx, apr_pool_t *child, const char *configured, mcp_store **out)
{
    const char *spec = spec_of(child, configured), *key = apr_pstrcat(child, "mcp-store ", spec, NULL);
    void *opened = NULL;
    int threads = 1;
    mcp_rc rc;

    if (apr_pool_userdata_get(&opened, key, child) == APR_SUCCESS && opened) {
        *out = opened;
        return MCP_OK;
    }
    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    if ((rc = mcp_store_open(ctx, child, spec, threads < 1 ? 1 : threads, out))) return rc;
    apr_pool_userdata_setn(*out, key, NULL, child);
    return MCP_OK;
}
