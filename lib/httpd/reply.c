#include <apr_strings.h>
#include <http_protocol.h>
#include "mcp/httpd.h"

static int copy_header(void *r, const char *name, const char *value)
{
    apr_table_addn(((request_rec *)r)->headers_out, name, value);
    return 1;
}

int mcp_reply(request_rec *r, const mcp_out *out)
{
    const char *body = out->body ? out->body : "";
    size_t len = strlen(body);

    r->status = out->status;
    r->status_line = NULL;
    if (out->headers) apr_table_do(copy_header, r, out->headers, NULL);
    if (len) ap_set_content_type(r, out->content_type ? out->content_type : "application/json");
    ap_set_content_length(r, (apr_off_t)len);
    if (len && !r->header_only) ap_rwrite(body, (int)len, r);
    return OK;
}
