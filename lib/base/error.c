#include <string.h>
#include <apr_pools.h>
#include <apr_strings.h>
#include "mcp/error.h"

static const mcp_error rows[] = {
#define ROW(name, http, oauth, rpc, tag, sentence) { #name, http, oauth, rpc, tag, sentence },
    MCP_ERROR_ROWS(ROW)
#undef ROW
};

const mcp_error *mcp_error_of(mcp_rc rc)
{
    if ((unsigned)rc >= MCP_RC_COUNT) return &rows[MCP_INTERNAL];
    return &rows[rc];
}

const char *mcp_error_reason(apr_pool_t *p, mcp_rc rc)
{
    char *reason = apr_pstrdup(p, mcp_error_of(rc)->name + strlen("MCP_")), *c;

    for (c = reason; *c; c++)
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c + ('a' - 'A'));
    return reason;
}
