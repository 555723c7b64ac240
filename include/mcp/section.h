/* <MCPTool>, <MCPPrompt>, <MCPResourceURI> and <MCPMethod> sections: names or patterns, and httpd configuration that is laid over the request's
 * when a message belongs to them, so that httpd's own authorization decides. */
#ifndef MCP_SECTION_H
#define MCP_SECTION_H

#include <httpd.h>
#include <http_config.h>

typedef struct {
    apr_array_header_t *patterns;   /* of const char * (pattern.h) */
    ap_conf_vector_t *config;
    unsigned is_plain : 1;          /* all its patterns are (pattern.h) */
    unsigned asks_more : 1;         /* a Require line may look at the name: of two names that belong here, one may pass and one not */
} mcp_section;

/* Reads the section that cmd stands at ("NAME...>") and adds it to *sections (of mcp_section, made if NULL).
 * Otherwise a sentence: no name, a pattern that clashes with another, no Require line, a directive that would count for nothing. */
const char *mcp_section_open(cmd_parms *cmd, const char *args, apr_array_header_t **sections);

/* Sections of a location below stand beside those above; where both name a tool, the first found decides. */
apr_array_header_t *mcp_sections_join(apr_pool_t *p, apr_array_header_t *below, apr_array_header_t *above);

/* The section with the pattern that fits best; NULL if none fits. sections may be NULL. */
const mcp_section *mcp_section_find(const apr_array_header_t *sections, const char *name);

/* 1 if a reader that takes no heed of case or of blanks around the name would find it in another section. */
int mcp_section_is_imitated(const apr_array_header_t *sections, const char *name);

/* Asks httpd's authorization with a section's config laid over the request's. 1 only if it grants. */
int mcp_section_grants(request_rec *r, ap_conf_vector_t *merged);

#endif
