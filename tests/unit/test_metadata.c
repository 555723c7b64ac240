/* Threat: a client that reads our documents learns another issuer, a method we do not have, or a private key;
 * an error answer tells what it must not or breaks out of its JSON. */
#include <stdlib.h>
#include <unistd.h>
#include "as_fixture.h"
#include "mcp/json.h"

static const mcp_key *key;

static int setup(void **state)
{
    static as_fixture f;

    as_fixture_open(&f);
    f.as.key = key;
    f.as.keys = mcp_keys_of(f.pool, key);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    as_fixture_close(*state);
    return 0;
}

static json_t *body_of(as_fixture *f, const mcp_out *out)
{
    json_t *body = mcp_json_own(f->pool, json_loads(out->body, 0, NULL));

    assert_non_null(body);
    return body;
}

static const char document[] =
    "{\"issuer\":\"https://as.example.test\",\"authorization_endpoint\":\"https://as.example.test/authorize\","
    "\"token_endpoint\":\"https://as.example.test/token\",\"jwks_uri\":\"https://as.example.test/jwks.json\","
    "\"revocation_endpoint\":\"https://as.example.test/revoke\",\"revocation_endpoint_auth_methods_supported\":[\"none\",\"client_secret_basic\",\"client_secret_post\"],"
    "\"registration_endpoint\":\"https://as.example.test/register\","
    "\"scopes_supported\":[\"customer.read\",\"customer.write\",\"db.admin\"],\"response_types_supported\":[\"code\"],"
    "\"response_modes_supported\":[\"query\"],\"grant_types_supported\":[\"authorization_code\",\"client_credentials\"],"
    "\"token_endpoint_auth_methods_supported\":[\"none\",\"client_secret_basic\",\"client_secret_post\"],"
    "\"dpop_signing_alg_values_supported\":[\"ES256\",\"ES384\",\"EdDSA\",\"PS256\",\"RS256\"],"
    "\"code_challenge_methods_supported\":[\"S256\"],\"authorization_response_iss_parameter_supported\":true,"
    "\"subject_types_supported\":[\"public\"],\"id_token_signing_alg_values_supported\":[\"ES256\"]}";

static void the_document_says_what_is_served(void **state)
{
    as_fixture *f = *state;
    json_t *wanted = mcp_json_own(f->pool, json_loads(document, 0, NULL));
    mcp_in in = { .method = "GET" };
    mcp_out out = { 0 };

    assert_int_equal(mcp_metadata(f->ctx, &f->as, &in, &out), MCP_OK);
    assert_int_equal(out.status, 200);
    assert_string_equal(out.content_type, "application/json");
    assert_string_equal(apr_table_get(out.headers, "Access-Control-Allow-Origin"), "*");
    if (!json_equal(body_of(f, &out), wanted)) fail_msg("%s", out.body);
}

static void an_issuer_with_a_path_keeps_it(void **state)
{
    as_fixture *f = *state;
    mcp_in in = { .method = "GET" };
    mcp_out out = { 0 };

    f->as.issuer = "https://as.example.test/tenant";
    assert_int_equal(mcp_metadata(f->ctx, &f->as, &in, &out), MCP_OK);
    assert_string_equal(mcp_json_string(body_of(f, &out), "issuer"), "https://as.example.test/tenant");
    assert_string_equal(mcp_json_string(body_of(f, &out), "token_endpoint"), "https://as.example.test/tenant/token");
}

static void closed_registration_is_not_advertised(void **state)
{
    as_fixture *f = *state;
    mcp_in in = { .method = "GET" };
    mcp_out out = { 0 };

    f->as.registration_open = 0;
    assert_int_equal(mcp_metadata(f->ctx, &f->as, &in, &out), MCP_OK);
    assert_null(json_object_get(body_of(f, &out), "registration_endpoint"));
}

static void the_key_set_is_public(void **state)
{
    as_fixture *f = *state;
    mcp_in in = { .method = "GET" };
    mcp_out out = { 0 };
    json_t *keys, *one;

    assert_int_equal(mcp_jwks(f->ctx, &f->as, &in, &out), MCP_OK);
    keys = json_object_get(body_of(f, &out), "keys");
    assert_int_equal(json_array_size(keys), 1);
    one = json_array_get(keys, 0);
    assert_string_equal(mcp_json_string(one, "kty"), "EC");
    assert_string_equal(mcp_json_string(one, "kid"), key->kid);
    assert_null(json_object_get(one, "d"));
}

static const struct {
    mcp_rc rc;
    const char *detail, *word, *describes;     /* describes: what must stand in error_description */
    const char *header, *value;
} error_rows[] = {
    { MCP_BAD_REDIRECT, "a redirect URI has a fragment", "invalid_redirect_uri", "has a fragment", NULL, NULL },
    { MCP_BAD_METADATA, "a \"quoted\\ \xc3\xa4\nline", "invalid_client_metadata", "a ?quoted? ???line", NULL, NULL },
    { MCP_BAD_CLIENT, "the secret is wrong", "invalid_client", "authentication failed", "WWW-Authenticate", "Basic realm=\"token\"" },
    { MCP_UNAVAILABLE, "host 10.0.0.7 does not answer", "temporarily_unavailable", "try again later", "Retry-After", "5" },
    { MCP_TOO_MANY, "ten a minute", "temporarily_unavailable", "wait", "Retry-After", "5" }
};

static void errors_are_answered(void **state)
{
    as_fixture *f = *state;
    const char *said;
    json_t *body;
    size_t i;

    for (i = 0; i < sizeof error_rows / sizeof *error_rows; i++) {
        mcp_out out = { 0 };

        mcp_ctx_clear(f->ctx);
        mcp_fail(f->ctx, error_rows[i].rc, "%s", error_rows[i].detail);
        mcp_out_error(f->ctx, &out, error_rows[i].rc);
        body = body_of(f, &out);
        said = mcp_json_string(body, "error_description");
        assert_int_equal(out.status, mcp_error_of(error_rows[i].rc)->http);
        assert_string_equal(mcp_json_string(body, "error"), error_rows[i].word);
        if (!strstr(said, error_rows[i].describes)) fail_msg("%s", said);
        if (out.status >= 500 && strstr(said, error_rows[i].detail)) fail_msg("%s", said);
        assert_string_equal(apr_table_get(out.headers, "Cache-Control"), "no-store");
        if (error_rows[i].header) assert_string_equal(apr_table_get(out.headers, error_rows[i].header), error_rows[i].value);
        else assert_null(apr_table_get(out.headers, "WWW-Authenticate"));
    }
}

static void names_are_found_whole(void **state)
{
    as_fixture *f = *state;

    assert_string_equal(mcp_as_scope(&f->as, "db.admin")->name, "db.admin");
    assert_null(mcp_as_scope(&f->as, "db"));
    assert_int_equal(mcp_as_has_resource(&f->as, "https://mcp.example.test/mcp"), 1);
    assert_int_equal(mcp_as_has_resource(&f->as, "https://mcp.example.test/mcp/"), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_document_says_what_is_served), TEST(an_issuer_with_a_path_keeps_it), TEST(closed_registration_is_not_advertised),
        TEST(the_key_set_is_public), TEST(errors_are_answered), TEST(names_are_found_whole)
    };
    char folder[] = "/tmp/mcp-metadata-XXXXXX";
    const char *path;
    apr_pool_t *p;
    int failed;

    apr_initialize();
    apr_pool_create(&p, NULL);
    if (!mkdtemp(folder)) return 2;
    path = apr_pstrcat(p, folder, "/key.pem", NULL);
    if (mcp_keys_create(mcp_ctx_create(p), p, path, &key)) return 2;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    rmdir(folder);
    apr_pool_destroy(p);
    return failed;
}
