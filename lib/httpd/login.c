#include <string.h>
#include <apr_fnmatch.h>
#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include "mcp/login.h"

/* As httpd itself finds the sections of a request. */
static int covers(const core_dir_config *section, const char *path)
{
    size_t len = strlen(section->d);

    if (section->r) return !ap_regexec(section->r, path, 0, NULL, 0);
    if (section->d_is_fnmatch) return apr_fnmatch(section->d, path, APR_FNM_PATHNAME) == APR_SUCCESS;
    return !strncmp(section->d, path, len) && (!len || section->d[len - 1] == '/' || path[len] == '/' || !path[len]);
}

/* httpd makes a module's part of a section when it meets the first directive of that module in it. */
static int holds(const ap_conf_vector_t *config, const module *m)
{
    const core_dir_config *section = ap_get_core_module_config(config);
    int i;

    if (ap_get_module_config(config, m)) return 1;
    for (i = 0; section && section->sec_if && i < section->sec_if->nelts; i++)
        if (holds(APR_ARRAY_IDX(section->sec_if, i, ap_conf_vector_t *), m)) return 1;
    return 0;
}

static int is_held_above(server_rec *s, const char *path, const char *module_name)
{
    const core_server_config *server = ap_get_core_module_config(s->module_config);
    const module *m = ap_find_linked_module(module_name);
    int i;

    for (i = 0; m && i < server->sec_url->nelts; i++) {
        const ap_conf_vector_t *config = APR_ARRAY_IDX(server->sec_url, i, ap_conf_vector_t *);
        if (covers(ap_get_core_module_config(config), path) && holds(config, m)) return 1;
    }
    return 0;
}

int mcp_login_is_expected(server_rec *s, const char *path)
{
    return is_held_above(s, path, "mod_authn_core.c") && is_held_above(s, path, "mod_authz_core.c");
}
