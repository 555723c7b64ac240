#include <apr_strings.h>
#include "mcp/issuer.h"
#include "mcp/url.h"

void *mcp_issuer_create(apr_pool_t *p, server_rec *s)
{
    mcp_issuer_settings *c = apr_pcalloc(p, sizeof *c);

    (void)s;
    c->scopes = apr_array_make(p, 4, sizeof(mcp_scope));
    c->refresh = -1;
    mcp_clients_init(&c->clients);
    return c;
}

void *mcp_issuer_merge(apr_pool_t *p, void *base, void *add)
{
    mcp_issuer_settings *c = apr_pmemdup(p, add, sizeof *c);
    const mcp_issuer_settings *b = base;

    if (!c->key_files) c->key_files = b->key_files;
    if (!c->introspectors) c->introspectors = b->introspectors;
    if (!c->store_spec) c->store_spec = b->store_spec;
    if (!c->audit_target) c->audit_target = b->audit_target;
    if (!c->scopes->nelts) c->scopes = b->scopes;
    if (!c->access_ttl) c->access_ttl = b->access_ttl;
    if (!c->refresh_ttl) c->refresh_idle = b->refresh_idle;
    if (!c->refresh_ttl) c->refresh_ttl = b->refresh_ttl;
    if (c->refresh < 0) c->refresh = b->refresh;
    if (!c->client_ttl) c->client_ttl = b->client_ttl;
    mcp_clients_merge(&c->clients, &b->clients);
    return c;
}

/* ---- directives ---- */

static const char *without_slashes(apr_pool_t *p, const char *url)
{
    size_t len = strlen(url);

    while (len && url[len - 1] == '/') len--;
    return apr_pstrmemdup(p, url, len);
}

const char *mcp_issuer_set_name(cmd_parms *cmd, mcp_issuer_settings *c, const char *value, int module_index)
{
    mcp_ctx *ctx = mcp_httpd_server_ctx(cmd->pool, cmd->server, module_index);
    mcp_url url;

    if (mcp_url_parse(ctx, value, &url)) return apr_psprintf(cmd->pool, "MCPIssuer: %s", ctx->detail);
    if (strcmp(url.scheme, "https") && !(!strcmp(url.scheme, "http") && mcp_url_is_loopback(&url)))
        return "MCPIssuer must be an https URL (plain http on loopback alone)";
    if (url.query || url.fragment || url.userinfo) return "MCPIssuer must have no query, fragment or user (RFC 8414 section 2)";
    if (value[strlen(value) - 1] == '/') return apr_psprintf(cmd->pool, "MCPIssuer must not end in a slash: write %s", without_slashes(cmd->pool, value));
    c->issuer = c->self.issuer = value;
    c->owner = cmd->server;
    c->module_index = module_index;
    c->path = url.path;
    return NULL;
}

const char *mcp_issuer_set_seconds(cmd_parms *cmd, const char *value, apr_int64_t *out)
{
    char *end;

    *out = apr_strtoi64(value, &end, 10);
    if (!*end && *out >= 1 && *out <= 10LL * 365 * 86400) return NULL;
    return apr_psprintf(cmd->pool, "%s wants a number of seconds from 1 to ten years", cmd->cmd->name);
}

const char *mcp_issuer_set_refresh_ttl(cmd_parms *cmd, mcp_issuer_settings *c, const char *all, const char *idle)
{
    const char *err = mcp_issuer_set_seconds(cmd, all, &c->refresh_ttl);

    if (!err) err = mcp_issuer_set_seconds(cmd, idle ? idle : all, &c->refresh_idle);
    if (!err && c->refresh_idle > c->refresh_ttl) return "MCPRefreshTokenTTL: the seconds without use are more than those of the whole life";
    return err;
}

const char *mcp_issuer_set_refresh(mcp_issuer_settings *c, const char *word)
{
    static const struct {
        const char *name;
        mcp_refresh_policy policy;
    } policies[] = { { "off", MCP_REFRESH_OFF }, { "offline_access", MCP_REFRESH_ASKED }, { "registered", MCP_REFRESH_REGISTERED } };
    size_t i;

    for (i = 0; i < sizeof policies / sizeof *policies; i++) {
        if (strcasecmp(word, policies[i].name)) continue;
        c->refresh = (int)policies[i].policy;
        return NULL;
    }
    return "MCPRefreshTokens is off, offline_access or registered";
}

static int is_scope_token(const char *name)
{
    const char *c;

    for (c = name; *c; c++)
        if (*c <= ' ' || *c > '~' || *c == '"' || *c == '\\') return 0;
    return *name != '\0';
}

const char *mcp_issuer_add_scope(cmd_parms *cmd, mcp_issuer_settings *c, int argc, char *const argv[])
{
    mcp_scope scope = { 0 };
    int i;

    if (argc < 2) return "MCPScope wants NAME \"what it allows\" [sensitive] [default] [machine]";
    if (!is_scope_token(argv[0])) return "MCPScope: a name may hold no blanks, quotes or backslashes (RFC 6749 section 3.3)";
    if (!strcmp(argv[0], "offline_access")) return "MCPScope: offline_access is no scope of a resource; MCPRefreshTokens says who gets refresh tokens";
    scope.name = argv[0];
    scope.text = argv[1];
    for (i = 2; i < argc; i++) {
        if (!strcasecmp(argv[i], "sensitive")) scope.sensitive = 1;
        else if (!strcasecmp(argv[i], "default")) scope.by_default = 1;
        else if (!strcasecmp(argv[i], "machine")) scope.machine = 1;
        else return apr_psprintf(cmd->pool, "MCPScope: %s is neither sensitive, default nor machine", argv[i]);
    }
    if (scope.sensitive && (scope.by_default || scope.machine)) return "MCPScope: a sensitive scope cannot be a default, nor be had without a user";
    for (i = 0; i < c->scopes->nelts; i++)
        if (!strcmp(APR_ARRAY_IDX(c->scopes, i, mcp_scope).name, scope.name))
            return apr_psprintf(cmd->pool, "MCPScope %s stands twice", scope.name);
    APR_ARRAY_PUSH(c->scopes, mcp_scope) = scope;
    return NULL;
}
