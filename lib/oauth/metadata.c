#include <apr_strings.h>
#include "mcp/as.h"
#include "mcp/json.h"

static json_t *endpoint(mcp_ctx *ctx, const mcp_as *as, const char *path)
{
    return json_string(apr_pstrcat(ctx->pool, as->issuer, path, NULL));
}

static json_t *scope_names(const mcp_as *as)
{
    json_t *list = json_array();
    int i;

    for (i = 0; i < as->scope_count; i++) json_array_append_new(list, json_string(as->scopes[i].name));
    if (as->refresh != MCP_REFRESH_OFF) json_array_append_new(list, json_string("offline_access"));
    return list;
}

static json_t *grant_names(const mcp_as *as)
{
    json_t *list = json_pack("[s]", "authorization_code");

    if (as->refresh != MCP_REFRESH_OFF) json_array_append_new(list, json_string("refresh_token"));
    if (mcp_as_serves_machines(as)) json_array_append_new(list, json_string("client_credentials"));
    return list;
}

static json_t *auth_names(void)
{
    return json_pack("[s,s,s]", "none", "client_secret_basic", "client_secret_post");
}

/* Public and the same for everybody: browsers may read it from any page, caches may keep it a while. */
static mcp_rc publish(mcp_ctx *ctx, mcp_out *out, const json_t *doc)
{
    mcp_rc rc = mcp_out_json(ctx, out, 200, doc);

    mcp_out_header(ctx, out, "Cache-Control", "max-age=300");
    mcp_out_header(ctx, out, "Access-Control-Allow-Origin", "*");
    return rc;
}

mcp_rc mcp_metadata(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out)
{
    json_t *doc = mcp_json_own(ctx->pool, json_object());

    (void)in;
    json_object_set_new(doc, "issuer", json_string(as->issuer));
    json_object_set_new(doc, "authorization_endpoint", endpoint(ctx, as, "/authorize"));
    json_object_set_new(doc, "token_endpoint", endpoint(ctx, as, "/token"));
    json_object_set_new(doc, "jwks_uri", endpoint(ctx, as, "/jwks.json"));
    json_object_set_new(doc, "revocation_endpoint", endpoint(ctx, as, "/revoke"));
    json_object_set_new(doc, "revocation_endpoint_auth_methods_supported", auth_names());
    if (as->introspector_count) {
        json_object_set_new(doc, "introspection_endpoint", endpoint(ctx, as, "/introspect"));
        json_object_set_new(doc, "introspection_endpoint_auth_methods_supported", json_pack("[s,s]", "client_secret_basic", "client_secret_post"));
    }
    if (as->registration_open || as->initial_access) json_object_set_new(doc, "registration_endpoint", endpoint(ctx, as, "/register"));
    if (as->documents) json_object_set_new(doc, "client_id_metadata_document_supported", json_true());
    json_object_set_new(doc, "scopes_supported", scope_names(as));
    json_object_set_new(doc, "response_types_supported", json_pack("[s]", "code"));
    json_object_set_new(doc, "response_modes_supported", json_pack("[s]", "query"));
    json_object_set_new(doc, "grant_types_supported", grant_names(as));
    json_object_set_new(doc, "token_endpoint_auth_methods_supported", auth_names());
    json_object_set_new(doc, "dpop_signing_alg_values_supported", json_pack("[s,s,s,s,s]", "ES256", "ES384", "EdDSA", "PS256", "RS256"));
    json_object_set_new(doc, "code_challenge_methods_supported", json_pack("[s]", "S256"));
    json_object_set_new(doc, "authorization_response_iss_parameter_supported", json_true());
    json_object_set_new(doc, "subject_types_supported", json_pack("[s]", "public"));
    json_object_set_new(doc, "id_token_signing_alg_values_supported", json_pack("[s]", mcp_alg_name(as->key->alg)));
    return publish(ctx, out, doc);
}

mcp_rc mcp_jwks(mcp_ctx *ctx, const mcp_as *as, const mcp_in *in, mcp_out *out)
{
    json_t *doc;
    mcp_rc rc = mcp_keys_to_jwks(ctx, as->keys, &doc);

    (void)in;
    return rc ? rc : publish(ctx, out, doc);
}
