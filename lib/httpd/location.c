#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <apr_strings.h>
#include "mcp/gate.h"
#include "mcp/location.h"
#include "mcp/trust.h"
#include "mcp/url.h"

void *mcp_location_create(apr_pool_t *p, char *path)
{
    mcp_location *d = apr_pcalloc(p, sizeof *d);

    (void)path;
    d->mode = MCP_MODE_UNSET;
    d->unlisted_allow = -1;
    d->binding_required = -1;
    d->pins = MCP_PIN_UNSET;
    return d;
}

void *mcp_location_merge(apr_pool_t *p, void *base, void *add)
{
    mcp_location *d = apr_pmemdup(p, add, sizeof *d);
    const mcp_location *b = base;
    int i;

    if (d->mode == MCP_MODE_UNSET) d->mode = b->mode;
    if (!d->where) d->where = b->where;
    if (!d->resource) d->resource = b->resource;
    if (!d->trusts) d->trusts = b->trusts;
    for (i = 0; i <= MCP_SUBJECT_RESOURCE; i++) d->sections[i] = mcp_sections_join(p, d->sections[i], b->sections[i]);
    if (!d->origins) d->origins = b->origins;
    if (d->unlisted_allow < 0) d->unlisted_allow = b->unlisted_allow;
    if (!d->max_body) d->max_body = b->max_body;
    if (!d->max_depth) d->max_depth = b->max_depth;
    if (d->pins == MCP_PIN_UNSET) d->pins = b->pins;
    if (!d->rate) d->rate = b->rate;
    if (d->binding_required < 0) d->binding_required = b->binding_required;
    if (!d->identity) d->identity = b->identity;
    return d;
}

void *mcp_locations_create(apr_pool_t *p, server_rec *s)
{
    mcp_locations *c = apr_pcalloc(p, sizeof *c);

    (void)s;
    c->gated = apr_array_make(p, 2, sizeof(mcp_location *));
    c->rules = apr_array_make(p, 2, sizeof(mcp_location *));
    c->scopes = apr_array_make(p, 8, sizeof(const char *));
    c->implies = apr_array_make(p, 2, sizeof(mcp_implied));
    return c;
}

void *mcp_locations_merge(apr_pool_t *p, void *base, void *add)
{
    mcp_locations *c = apr_pmemdup(p, add, sizeof *c);
    const mcp_locations *b = base;

    if (!c->audit_target) c->audit_target = b->audit_target;
    if (!c->implies->nelts) c->implies = b->implies;
    if (!c->store_spec) c->store_spec = b->store_spec;
    if (!c->session_key) c->session_key = b->session_key;
    return c;
}

/* ---- where directives may stand ---- */

static int is_plain_location(cmd_parms *cmd, const ap_directive_t *d)
{
    const char *args = d->args;

    return !strcasecmp(d->directive, "<Location") && strcmp(ap_getword_conf(cmd->temp_pool, &args), "~");
}

/* Every directive of ours stands in a plain <Location>, perhaps in an <If> there: elsewhere it would be read for some
 * requests and not for others. Notes the location for the checks at start-up. */
const char *mcp_location_enter(cmd_parms *cmd, mcp_location *dir, mcp_locations *all)
{
    const ap_directive_t *d = cmd->directive->parent;

    while (d && !is_plain_location(cmd, d) && strncasecmp(d->directive, "<Limit", 6)) d = d->parent;
    if (!d || !is_plain_location(cmd, d))
        return apr_pstrcat(cmd->pool, cmd->cmd->name, " stands in a <Location \"/path\"> without a regular expression and in no <Limit>", NULL);
    if (*cmd->path == '/' && ap_is_matchexp(cmd->path)) return apr_psprintf(cmd->pool, "%s: <Location %s> has wildcards, which do not reach what is below it; write the path out", cmd->cmd->name, cmd->path);
    if (dir->path || *cmd->path != '/') return NULL;
    dir->path = cmd->path;
    APR_ARRAY_PUSH(all->rules, mcp_location *) = dir;
    return NULL;
}

/* ---- start-up ---- */

static const char *resource_by_name(apr_pool_t *p, server_rec *s, const char *path)
{
    const char *scheme = s->server_scheme ? s->server_scheme : (s->port == 443 ? "https" : "http");
    int standard = s->port == 0 || s->port == (strcmp(scheme, "https") ? 80 : 443);
    const char *port = standard ? "" : apr_psprintf(p, ":%d", s->port);

    return apr_pstrcat(p, scheme, "://", s->server_hostname, port, path, NULL);
}

/* Behind the origin of our own issuer, if its tokens count here: it is what clients see. Else behind what ServerName says. */
static const char *default_resource(apr_pool_t *p, mcp_ctx *ctx, const mcp_location *d, const char *path)
{
    server_rec *s = d->where->server;
    const mcp_trust self = { .is_self = 1 };
    const char *issuer = mcp_trust_has_self(d->trusts) ? mcp_trust_issuer(s, &self) : NULL;
    mcp_url url;

    if (issuer && !mcp_url_parse(ctx, issuer, &url)) return apr_pstrcat(p, mcp_url_origin(p, &url), path, NULL);
    return resource_by_name(p, s, path);
}

/* What stands outside the virtual hosts counts in each of them. */
static int has_issuer(const server_rec *s)
{
    const mcp_trust self = { .is_self = 1 };

    return (!s->is_virtual && s->next) || mcp_trust_issuer((server_rec *)s, &self);
}

/* Virtual hosts share the main server's configuration, but a place has one name. */
int mcp_location_settle(apr_pool_t *p, mcp_location *d, int module_index)
{
    server_rec *s = d->where->server;
    mcp_ctx *ctx = mcp_httpd_server_ctx(p, s, module_index);
    mcp_url url;

    d->where->resource = d->resource ? d->resource : default_resource(p, ctx, d, d->where->path);
    d->where->metadata_url = mcp_resource_metadata_url(ctx, d->where->resource);
    d->where->origin = mcp_url_parse(ctx, d->where->resource, &url) ? NULL : mcp_url_origin(p, &url);
    if (!d->where->metadata_url || mcp_url_parse(ctx, d->where->metadata_url, &url)) {
        ap_log_error(__FILE__, __LINE__, module_index, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP068: %s: MCPResource cannot be derived; write it out", d->where->path);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    d->where->metadata_path = url.path;
    if (!d->resource && strcmp(url.scheme, "https") && !mcp_url_is_loopback(&url)) {
        ap_log_error(__FILE__, __LINE__, module_index, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP074: <Location %s>: the resource would be %s, "
                     "which is not https: write MCPResource with the URL that clients use", d->where->path, d->where->resource);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (!d->trusts) {
        ap_log_error(__FILE__, __LINE__, module_index, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP069: <Location %s>: MCPToolAuthz needs an MCPTrustIssuer", d->where->path);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (!mcp_trust_has_self(d->trusts) || has_issuer(s)) return OK;
    ap_log_error(__FILE__, __LINE__, module_index, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP071: <Location %s>: MCPTrustIssuer self needs an MCPIssuer in the same virtual host", d->where->path);
    return HTTP_INTERNAL_SERVER_ERROR;
}

static int covers(const char *above, const char *path)
{
    size_t len = strlen(above);

    return !strncmp(above, path, len) && (!path[len] || path[len] == '/' || above[len - 1] == '/');
}

static int is_gated(const mcp_locations *all, const char *path)
{
    const apr_array_header_t *dirs = all->gated;
    int i;

    for (i = 0; i < dirs->nelts; i++)
        if (covers(APR_ARRAY_IDX(dirs, i, mcp_location *)->path, path)) return 1;
    return 0;
}

/* httpd lays locations over each other in the order of the file, not of their depth: one above that comes later would replace
 * what stands in the one below. The main server's come before a virtual host's. */
static int is_overlaid(server_rec *s, const apr_array_header_t *earlier, const apr_array_header_t *later, int same)
{
    int i, k;

    for (i = 0; i < earlier->nelts; i++)
        for (k = same ? i + 1 : 0; k < later->nelts; k++) {
            const char *below = APR_ARRAY_IDX(earlier, i, mcp_location *)->path, *above = APR_ARRAY_IDX(later, k, mcp_location *)->path;
            if (!strcmp(below, above) || !covers(above, below)) continue;
            ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP075: <Location %s> would be replaced by <Location %s> behind it; write that one first",
                         below, above);
            return 1;
        }
    return 0;
}

/* Rules that no gate reads are a mistake: their author believes the location guarded. */
int mcp_locations_check(server_rec *s, const mcp_locations *all, const mcp_locations *main)
{
    const apr_array_header_t *rules = all->rules;
    const char *why;
    int i;

    if (all->needs_store && !main->store_spec) {
        ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP076: MCPToolRate and MCPPinTools enforce need an MCPStore, where calls are counted and tools remembered");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (is_overlaid(s, rules, rules, 1) || (all != main && is_overlaid(s, main->rules, rules, 0))) return HTTP_INTERNAL_SERVER_ERROR;
    for (i = 0; i < rules->nelts; i++) {
        const mcp_location *d = APR_ARRAY_IDX(rules, i, mcp_location *);
        why = d->mode != MCP_MODE_UNSET ? NULL
            : d->resource ? "MCPResource belongs to the section in which MCPToolAuthz stands"
            : is_gated(all, d->path) || is_gated(main, d->path) ? NULL : "no MCPToolAuthz is On here or above, so its rules guard nothing";
        if (!why) continue;
        ap_log_error(APLOG_MARK, APLOG_CRIT | APLOG_NOERRNO, 0, s, "MCP072: <Location %s>: %s", d->path, why);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}
