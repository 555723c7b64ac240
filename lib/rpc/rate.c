#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "mcp/rate.h"

enum { CALLS_MAX = 1000000000, SECONDS_MAX = 30 * 86400 };

const char *mcp_rate_parse(apr_pool_t *p, const char *limit, const char *per, mcp_rate *out)
{
    static const char *const names[] = { "caller", "user", "client", "all" };
    char *end;
    long long calls = strtoll(limit, &end, 10), seconds = *end == '/' ? strtoll(end + 1, &end, 10) : 0;
    size_t i;

    if (*end || calls < 1 || calls > CALLS_MAX || seconds < 1 || seconds > SECONDS_MAX)
        return apr_psprintf(p, "%s is no rate; write CALLS/SECONDS, such as 10/60", limit);
    for (i = 0; per && i < sizeof names / sizeof *names && strcasecmp(names[i], per); i++) { }
    if (per && i == sizeof names / sizeof *names) return apr_psprintf(p, "%s is neither caller, user, client nor all", per);
    *out = (mcp_rate){ (apr_uint32_t)calls, (apr_uint32_t)seconds, per ? (mcp_rate_per)i : MCP_RATE_CALLER };
    return NULL;
}

/* Every part with its length: no two callers share a counter by their names. */
static const char *counter(apr_pool_t *p, const mcp_rate *rate, const char *resource, const char *tool, const char *issuer, const char *user, const char *client)
{
    if (rate->per == MCP_RATE_ALL || !issuer) issuer = "";
    if (rate->per == MCP_RATE_ALL || rate->per == MCP_RATE_CLIENT) user = "";
    if (rate->per == MCP_RATE_ALL || rate->per == MCP_RATE_USER) client = "";
    return apr_psprintf(p, "%lu:%s%lu:%s%lu:%s%lu:%s%lu:%s", (unsigned long)strlen(resource), resource, (unsigned long)strlen(tool), tool,
                        (unsigned long)strlen(issuer), issuer, (unsigned long)strlen(user), user, (unsigned long)strlen(client), client);
}

mcp_rc mcp_rate_count(mcp_ctx *ctx, mcp_store *store, const mcp_rate *rate, const char *resource, const char *tool, const char *issuer, const char *user,
                      const char *client)
{
    apr_uint32_t n;
    mcp_rc rc;

    if (!rate->calls) return MCP_OK;
    if ((rc = mcp_store_count(ctx, store, "rate", counter(ctx->pool, rate, resource, tool, issuer, user, client), rate->seconds, &n))) return rc;
    if (n <= rate->calls) return MCP_OK;
    return mcp_fail(ctx, MCP_TOO_MANY, "this tool may be called %u times in %u seconds", rate->calls, rate->seconds);
}
