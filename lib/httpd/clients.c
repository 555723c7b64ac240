#include <httpd.h>
#include <ap_mpm.h>
#include <apr_strings.h>
#include "mcp/clients.h"
#include "mcp/initial_access.h"
#include "mcp/location.h"
#include "mcp/seal.h"
#include "mcp/text.h"
#include "mcp/url.h"

void mcp_clients_init(mcp_clients *c)
{
    c->registration = c->dedupe = c->sealed = c->documents = -1;
}

void mcp_clients_merge(mcp_clients *c, const mcp_clients *base)
{
    if (c->registration < 0) c->registration = base->registration;
    if (!c->initial_access) c->initial_access = base->initial_access;
    if (!c->statements) c->statements = base->statements;
    if (!c->max) c->max = base->max;
    if (c->dedupe < 0) c->dedupe = base->dedupe;
    if (c->sealed < 0) {
        c->sealed = base->sealed;
        c->seal_key = base->seal_key;
        c->not_before = base->not_before;
    }
    if (c->documents < 0) {
        c->documents = base->documents;
        c->allow = base->allow;
        c->deny = base->deny;
        c->same_origin = base->same_origin;
    }
    if (!c->internal) c->internal = base->internal;
}

/* ---- MCPRegistration, MCPInitialAccessToken ---- */

const char *mcp_clients_set_registration(mcp_clients *c, const char *word)
{
    static const char *const words[] = { "off", "open", "token" };
    int i;

    for (i = MCP_REGISTRATION_OFF; i <= MCP_REGISTRATION_TOKEN && strcasecmp(word, words[i]); i++) continue;
    c->registration = i;
    return i > MCP_REGISTRATION_TOKEN ? "MCPRegistration is open, token or off" : NULL;
}

const char *mcp_clients_set_initial_access(cmd_parms *cmd, mcp_clients *c, const char *file)
{
    c->initial_access = ap_server_root_relative(cmd->pool, file);
    return c->initial_access ? NULL : "MCPInitialAccessToken is no path";
}

const char *mcp_clients_check(mcp_ctx *ctx, const mcp_clients *c, const mcp_scope *scopes, int scope_count)
{
    const mcp_as as = { .scopes = scopes, .scope_count = scope_count };
    const char *wrong;

    if (c->dedupe == 1 && c->sealed == 1) return "MCPRegistrationDedupe is for MCPClientIdMode stored; sealed clients take no room";
    if (c->registration == MCP_REGISTRATION_TOKEN && !c->initial_access) return "MCPRegistration token needs an MCPInitialAccessToken";
    wrong = c->initial_access ? mcp_initial_access_check(ctx, &as, c->initial_access) : NULL;
    return wrong ? apr_pstrcat(ctx->pool, "MCPInitialAccessToken: ", wrong, NULL) : NULL;
}

/* ---- MCPSoftwareStatementIssuer ---- */

enum { JWKS_MAX = 256 * 1024 };

static const char *read_keys(cmd_parms *cmd, const char *path, const mcp_keys **keys)
{
    mcp_ctx *ctx = mcp_ctx_create(cmd->temp_pool);
    char *text = apr_palloc(cmd->temp_pool, JWKS_MAX), why[120];
    apr_size_t len = JWKS_MAX;
    apr_file_t *file;
    apr_status_t status = path ? apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, cmd->temp_pool) : APR_EBADPATH;

    if (status == APR_SUCCESS) {
        status = apr_file_read_full(file, text, len, &len);
        apr_file_close(file);
    }
    if (status != APR_EOF) return apr_psprintf(cmd->pool, "MCPSoftwareStatementIssuer: %s: %s", path, status ? apr_strerror(status, why, sizeof why) : "it is too large");
    return mcp_keys_from_jwks(ctx, cmd->pool, text, len, NULL, keys) ? apr_psprintf(cmd->pool, "MCPSoftwareStatementIssuer: %s: %s", path, ctx->detail) : NULL;
}

const char *mcp_clients_set_statements(cmd_parms *cmd, mcp_clients *c, const char *issuer, const char *jwks)
{
    mcp_statement_issuer one = { issuer, NULL };
    const char *err;

    if (strncasecmp(jwks, "jwks=file:", 10)) return "MCPSoftwareStatementIssuer wants ISSUER jwks=file:PATH";
    if ((err = read_keys(cmd, ap_server_root_relative(cmd->pool, jwks + 10), &one.keys))) return err;
    if (!c->statements) c->statements = apr_array_make(cmd->pool, 2, sizeof one);
    APR_ARRAY_PUSH(c->statements, mcp_statement_issuer) = one;
    return NULL;
}

const char *mcp_clients_set_max(mcp_clients *c, const char *number)
{
    char *end;

    c->max = apr_strtoi64(number, &end, 10);
    return *end || c->max < 1 || c->max > 1000000000 ? "MCPMaxClients wants a number from 1 to a thousand million" : NULL;
}

/* ---- MCPClientIdMode ---- */

static const char *set_key(cmd_parms *cmd, mcp_clients *c, const char *file)
{
    static const char label[] = "mcp client ids\n";
    unsigned char text[sizeof label - 1 + MCP_SEAL_KEY_LEN], *key = apr_palloc(cmd->pool, MCP_SHA256_LEN);
    const unsigned char *kept;
    const char *err = mcp_session_key_read(cmd, file, &kept);

    if (err) return apr_pstrcat(cmd->pool, "MCPClientIdMode", strchr(err, ':'), NULL);
    memcpy(text, label, sizeof label - 1);
    memcpy(text + sizeof label - 1, kept, MCP_SEAL_KEY_LEN);
    c->seal_key = key;
    return mcp_text_sha256(mcp_ctx_create(cmd->temp_pool), text, sizeof text, key) ? "MCPClientIdMode: no digest can be had" : NULL;
}

static const char *set_not_before(mcp_clients *c, const char *text)
{
    char *end;

    c->not_before = apr_strtoi64(text, &end, 10);
    return *end || end == text || c->not_before < 0 ? "MCPClientIdMode: not-before= wants seconds since 1970, as date +%s prints them" : NULL;
}

const char *mcp_clients_set_mode(cmd_parms *cmd, mcp_clients *c, int argc, char *const argv[])
{
    const char *err = NULL;
    int i;

    if (argc < 1 || (strcasecmp(argv[0], "stored") && strcasecmp(argv[0], "sealed"))) return "MCPClientIdMode is stored, or sealed [key=FILE] [not-before=SECONDS]";
    c->sealed = !strcasecmp(argv[0], "sealed");
    if (!c->sealed && argc > 1) return "MCPClientIdMode stored takes no options";
    for (i = 1; i < argc && !err; i++) {
        if (!strncasecmp(argv[i], "key=", 4)) err = set_key(cmd, c, argv[i] + 4);
        else if (!strncasecmp(argv[i], "not-before=", 11)) err = set_not_before(c, argv[i] + 11);
        else err = apr_psprintf(cmd->pool, "MCPClientIdMode: %s is neither key=FILE nor not-before=SECONDS", argv[i]);
    }
    return err;
}

static mcp_rc build_sealed(mcp_ctx *ctx, apr_pool_t *p, const mcp_clients *c, mcp_as *as)
{
    const char *text = apr_pstrcat(ctx->pool, "mcp client ids\n", as->key->pem, NULL);
    mcp_sealed *sealed = apr_pcalloc(p, sizeof *sealed);
    unsigned char *key = apr_palloc(p, MCP_SHA256_LEN);
    mcp_rc rc;

    if ((rc = mcp_text_sha256(ctx, text, strlen(text), key))) return rc;
    sealed->key = c->seal_key ? c->seal_key : key;
    sealed->not_before = c->not_before;
    as->sealed = sealed;
    return MCP_OK;
}

/* ---- MCPClientIdDocuments ---- */

static const char *add_domain(cmd_parms *cmd, apr_array_header_t **list, const char *text)
{
    const char *wrong = mcp_cimd_check_domain(cmd->pool, text);

    if (wrong) return apr_pstrcat(cmd->pool, cmd->cmd->name, ": ", wrong, NULL);
    if (!*list) *list = apr_array_make(cmd->pool, 4, sizeof(const char *));
    APR_ARRAY_PUSH(*list, const char *) = text;
    return NULL;
}

static const char *set_option(cmd_parms *cmd, mcp_clients *c, const char *text)
{
    if (!strncasecmp(text, "allow=", 6)) return add_domain(cmd, &c->allow, text + 6);
    if (!strncasecmp(text, "deny=", 5)) return add_domain(cmd, &c->deny, text + 5);
    if (strcasecmp(text, "redirects=origin")) return apr_psprintf(cmd->pool, "%s: %s is none of allow=DOMAIN, deny=DOMAIN, redirects=origin", cmd->cmd->name, text);
    c->same_origin = 1;
    return NULL;
}

const char *mcp_clients_set_documents(cmd_parms *cmd, mcp_clients *c, int argc, char *const argv[])
{
    const char *err = NULL;
    int i;

    if (argc < 1 || (strcasecmp(argv[0], "on") && strcasecmp(argv[0], "off")))
        return "MCPClientIdDocuments wants on or off, then allow=DOMAIN, deny=DOMAIN, redirects=origin";
    c->documents = !strcasecmp(argv[0], "on");
    if (!c->documents && argc > 1) return "MCPClientIdDocuments off takes no options";
    for (i = 1; i < argc && !err; i++) err = set_option(cmd, c, argv[i]);
    return err;
}

/* ---- MCPInternalHost ---- */

static const char *check_file(cmd_parms *cmd, const char *path)
{
    apr_file_t *file;
    apr_status_t status = apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, cmd->temp_pool);
    char why[120];

    if (status == APR_SUCCESS) return apr_file_close(file) ? "the file of ca= cannot be closed" : NULL;
    return apr_psprintf(cmd->pool, "%s: ca=%s: %s", cmd->cmd->name, path, apr_strerror(status, why, sizeof why));
}

static const char *read_host(cmd_parms *cmd, const char *text, mcp_internal_host *out)
{
    mcp_ctx *ctx = mcp_ctx_create(cmd->temp_pool);
    mcp_url url;

    if (strpbrk(text, "/?#@") || mcp_url_parse(ctx, apr_pstrcat(cmd->pool, "https://", text, "/", NULL), &url))
        return apr_psprintf(cmd->pool, "%s: %s is not HOST or HOST:PORT", cmd->cmd->name, text);
    if (url.is_ipv4 || url.is_ipv6) return apr_psprintf(cmd->pool, "%s: %s is an address; a client_id names its host", cmd->cmd->name, text);
    out->host = apr_pstrdup(cmd->pool, url.host);
    out->port = url.port ? url.port : 443;
    return NULL;
}

const char *mcp_clients_set_internal(cmd_parms *cmd, mcp_clients *c, int argc, char *const argv[])
{
    mcp_internal_host host = { NULL, 0, NULL };
    const char *err;

    if (argc < 1 || argc > 2 || (argc == 2 && strncasecmp(argv[1], "ca=", 3))) return "MCPInternalHost wants HOST[:PORT] [ca=FILE]";
    if ((err = read_host(cmd, argv[0], &host))) return err;
    if (argc == 2) host.ca_file = ap_server_root_relative(cmd->pool, argv[1] + 3);
    if (argc == 2 && (!host.ca_file || (err = check_file(cmd, host.ca_file)))) return err ? err : "MCPInternalHost: ca= is no path";
    if (!c->internal) c->internal = apr_array_make(cmd->pool, 2, sizeof host);
    APR_ARRAY_PUSH(c->internal, mcp_internal_host) = host;
    return NULL;
}

/* ---- start-up ---- */

/* NULL-terminated. */
static const char *const *strings_of(apr_pool_t *p, const apr_array_header_t *list)
{
    const char **all;

    if (!list) return NULL;
    all = apr_pcalloc(p, ((size_t)list->nelts + 1) * sizeof *all);
    memcpy(all, list->elts, (size_t)list->nelts * sizeof *all);
    return all;
}

/* While strangers' hosts are slow, a quarter of the threads stays for those who wait for none. */
static int crowd(void)
{
    int threads = 1;

    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    return threads < 2 ? 1 : threads - (threads + 3) / 4;
}

mcp_rc mcp_clients_build(mcp_ctx *ctx, apr_pool_t *p, const mcp_clients *c, mcp_as *as)
{
    mcp_cimd *documents = apr_pcalloc(p, sizeof *documents);
    mcp_rc rc;

    as->registration_open = c->registration < 0 || c->registration == MCP_REGISTRATION_OPEN;
    as->initial_access = c->registration == MCP_REGISTRATION_OFF ? NULL : c->initial_access;
    as->statements = c->statements ? (const mcp_statement_issuer *)(void *)c->statements->elts : NULL;
    as->statement_count = c->statements ? c->statements->nelts : 0;
    as->clients_max = (apr_uint32_t)c->max;
    as->dedupe = c->dedupe == 1;
    if (c->sealed == 1 && (rc = build_sealed(ctx, p, c, as))) return rc;
    if (c->documents != 1) return MCP_OK;
    documents->allow = strings_of(p, c->allow);
    documents->deny = strings_of(p, c->deny);
    documents->same_origin = c->same_origin ? 1u : 0u;
    documents->internal = c->internal ? (const mcp_internal_host *)(void *)c->internal->elts : NULL;
    documents->internal_count = c->internal ? c->internal->nelts : 0;
    documents->memory = mcp_cimd_memory_create(p, crowd());
    as->documents = documents;
    return documents->memory ? MCP_OK : mcp_fail(ctx, MCP_INTERNAL, "no mutex can be had");
}
