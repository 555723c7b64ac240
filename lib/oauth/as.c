#include <string.h>
#include "mcp/as.h"

const mcp_scope *mcp_as_scope(const mcp_as *as, const char *name)
{
    int i;

    for (i = 0; i < as->scope_count; i++)
        if (!strcmp(as->scopes[i].name, name)) return &as->scopes[i];
    return NULL;
}

int mcp_as_serves_machines(const mcp_as *as)
{
    int i;

    for (i = 0; i < as->scope_count; i++)
        if (as->scopes[i].machine) return 1;
    return 0;
}

int mcp_as_has_resource(const mcp_as *as, const char *resource)
{
    const char *const *r;

    for (r = as->resources; r && *r; r++)
        if (!strcmp(*r, resource)) return 1;
    return 0;
}
