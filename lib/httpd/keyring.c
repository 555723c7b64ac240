#include <apr_strings.h>
#include "mcp/keyring.h"
#include "mcp/text.h"

enum { SECRET_MIN = 32, SECRET_MAX = 256 };

/* ---- directives ---- */

const char *mcp_keyring_set(cmd_parms *cmd, int argc, char *const argv[], apr_array_header_t **files)
{
    int i;

    if (argc < 1 || argc > MCP_KEYRING_MAX) return apr_psprintf(cmd->pool, "MCPSigningKey wants one to %d files", MCP_KEYRING_MAX);
    *files = apr_array_make(cmd->pool, argc, sizeof(const char *));
    for (i = 0; i < argc; i++) {
        APR_ARRAY_PUSH(*files, const char *) = ap_server_root_relative(cmd->pool, argv[i]);
        if (!APR_ARRAY_IDX(*files, i, const char *)) return apr_psprintf(cmd->pool, "MCPSigningKey: %s is no path", argv[i]);
    }
    return NULL;
}

/* The first line of a file that only its owner may read. */
static const char *read_line(cmd_parms *cmd, const char *file, char *line, int size)
{
    const char *path = ap_server_root_relative(cmd->temp_pool, file);
    const apr_fileperms_t others = APR_FPROT_GREAD | APR_FPROT_GWRITE | APR_FPROT_WREAD | APR_FPROT_WWRITE;
    apr_file_t *f;
    apr_finfo_t info;

    if (!path || apr_file_open(&f, path, APR_READ, APR_OS_DEFAULT, cmd->temp_pool)) return apr_psprintf(cmd->pool, "MCPIntrospect: %s cannot be read", file);
    if (apr_file_info_get(&info, APR_FINFO_PROT, f)) info.protection = others;
    if (apr_file_gets(line, size, f)) *line = '\0';
    apr_file_close(f);
    return info.protection & others ? apr_psprintf(cmd->pool, "MCPIntrospect: %s is open to its group or to others; chmod 600 it", file) : NULL;
}

static const char *read_secret(cmd_parms *cmd, const char *file, const char **digest)
{
    char line[SECRET_MAX + 3] = "";
    const char *err = read_line(cmd, file, line, sizeof line);
    size_t len = strcspn(line, "\r\n");

    if (err) return err;
    if (len < SECRET_MIN || len > SECRET_MAX)
        return apr_psprintf(cmd->pool, "MCPIntrospect: the first line of %s is no secret of %d to %d letters; openssl rand -hex 32 makes one", file, SECRET_MIN, SECRET_MAX);
    *digest = mcp_text_sha256_hex(cmd->pool, line, len);
    return *digest ? NULL : "MCPIntrospect: no SHA-256";
}

static const char *const *copy_of(apr_pool_t *p, int count, char *const words[])
{
    const char **list = apr_pcalloc(p, ((apr_size_t)count + 1) * sizeof *list);
    int i;

    for (i = 0; i < count; i++) list[i] = words[i];
    return count ? list : NULL;
}

const char *mcp_keyring_add_introspector(cmd_parms *cmd, int argc, char *const argv[], apr_array_header_t **all)
{
    mcp_introspector who = { 0 };
    const char *err;
    int i;

    if (argc < 2) return "MCPIntrospect wants NAME SECRET-FILE [RESOURCE...]";
    for (i = 0; *all && i < (*all)->nelts; i++)
        if (!strcmp(APR_ARRAY_IDX(*all, i, mcp_introspector).name, argv[0])) return apr_psprintf(cmd->pool, "MCPIntrospect %s stands twice", argv[0]);
    who.name = argv[0];
    if ((err = read_secret(cmd, argv[1], &who.secret_digest))) return err;
    who.resources = copy_of(cmd->pool, argc - 2, argv + 2);
    if (!*all) *all = apr_array_make(cmd->pool, 2, sizeof who);
    APR_ARRAY_PUSH(*all, mcp_introspector) = who;
    return NULL;
}

/* ---- keys ---- */

static mcp_rc load_files(mcp_ctx *ctx, apr_pool_t *p, const apr_array_header_t *files, const mcp_key *keys[MCP_KEYRING_MAX])
{
    mcp_rc rc;
    int i;

    for (i = 0; i < files->nelts; i++)
        if ((rc = mcp_keys_load(ctx, p, APR_ARRAY_IDX(files, i, const char *), &keys[i]))) return rc;
    return MCP_OK;
}

static mcp_rc derive_seal(mcp_ctx *ctx, apr_pool_t *p, const mcp_key *key, const unsigned char **out)
{
    unsigned char *seal = apr_palloc(p, MCP_SHA256_LEN);
    const char *text = apr_pstrcat(ctx->pool, "mcp ticket seal\n", key->pem, NULL);

    *out = seal;
    return mcp_text_sha256(ctx, text, strlen(text), seal);
}

mcp_rc mcp_keyring_load(mcp_ctx *ctx, apr_pool_t *p, const apr_array_header_t *files, const char *made, mcp_as *as)
{
    const mcp_key *keys[MCP_KEYRING_MAX];
    const unsigned char **others = apr_pcalloc(p, MCP_KEYRING_MAX * sizeof *others);
    int i, count = files ? files->nelts : 1;
    mcp_rc rc = files ? load_files(ctx, p, files, keys) : mcp_keys_create(ctx, p, made, &keys[0]);

    if (rc || (rc = mcp_keys_join(ctx, p, keys, count, &as->keys))) return rc;
    as->key = keys[0];
    as->other_seals = others;
    if ((rc = derive_seal(ctx, p, keys[0], &as->seal))) return rc;
    for (i = 1; i < count; i++)
        if ((rc = derive_seal(ctx, p, keys[i], &others[i - 1]))) return rc;
    return MCP_OK;
}

mcp_rc mcp_keyring_check(mcp_ctx *ctx, apr_pool_t *p, const apr_array_header_t *files, const char *made)
{
    const mcp_key *keys[MCP_KEYRING_MAX];
    const mcp_keys *set;
    apr_finfo_t info;
    mcp_rc rc;

    if (!files) return APR_STATUS_IS_ENOENT(apr_stat(&info, made, APR_FINFO_TYPE, p)) ? MCP_OK : mcp_keys_load(ctx, p, made, &keys[0]);
    rc = load_files(ctx, p, files, keys);
    return rc ? rc : mcp_keys_join(ctx, p, keys, files->nelts, &set);
}
