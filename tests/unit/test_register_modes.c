/* Threat: a client that nobody keeps is forged, outlives its time or cannot be given up; or one that several share is changed by one of them. */
#include "as_fixture.h"
#include "mcp/form.h"
#include "mcp/json.h"
#include "mcp/register.h"
#include "mcp/text.h"

#define PUBLIC "{\"client_name\":\"App\",\"token_endpoint_auth_method\":\"none\",\"redirect_uris\":[\"https://app.example.com/cb\"]}"
#define REORDERED "{\"redirect_uris\":[\"https://app.example.com/cb\"],\"unknown\":1,\"client_name\":\"App\",\"token_endpoint_auth_method\":\"none\"}"
#define RENAMED "{\"client_name\":\"Other\",\"token_endpoint_auth_method\":\"none\",\"redirect_uris\":[\"https://app.example.com/cb\"]}"
#define SECRET "{\"client_name\":\"App\",\"token_endpoint_auth_method\":\"client_secret_post\",\"redirect_uris\":[\"https://app.example.com/cb\"]}"

static const unsigned char key[32] = { 7 }, other_key[32] = { 8 };

typedef struct {
    as_fixture as;
    mcp_sealed sealed;
    mcp_out out;
    const char *id, *access, *secret;
} fixture;

static int setup(void **state)
{
    static fixture f;

    memset(&f, 0, sizeof f);
    as_fixture_open(&f.as);
    f.sealed.key = key;
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    as_fixture_close(&((fixture *)*state)->as);
    return 0;
}

static mcp_rc enroll(fixture *f, const char *peer, const char *body)
{
    mcp_in in = { .method = "POST", .content_type = "application/json", .peer = peer, .body = body, .body_len = strlen(body) };
    json_t *answer;
    mcp_rc rc;

    mcp_ctx_clear(f->as.ctx);
    memset(&f->out, 0, sizeof f->out);
    if ((rc = mcp_register(f->as.ctx, &f->as.as, &in, &f->out))) return rc;
    answer = mcp_json_own(f->as.pool, json_loads(f->out.body, 0, NULL));
    f->id = mcp_json_string(answer, "client_id");
    f->access = mcp_json_string(answer, "registration_access_token");
    f->secret = mcp_json_string(answer, "client_secret");
    return MCP_OK;
}

static mcp_rc manage(fixture *f, const char *method)
{
    mcp_in in = { .method = method, .content_type = "application/json", .name = f->id, .body = "{}", .body_len = 2 };

    mcp_ctx_clear(f->as.ctx);
    memset(&f->out, 0, sizeof f->out);
    in.authorization = apr_pstrcat(f->as.pool, "Bearer ", f->access, NULL);
    return mcp_register_manage(f->as.ctx, &f->as.as, &in, &f->out);
}

static mcp_rc load(fixture *f, const char *id, const mcp_client **client)
{
    mcp_ctx_clear(f->as.ctx);
    return mcp_client_load(f->as.ctx, &f->as.as, id, client);
}

/* ---- the same again ---- */

static void the_same_is_the_same_client(void **state)
{
    fixture *f = *state;
    const char *first;

    f->as.as.dedupe = 1;
    assert_int_equal(enroll(f, "192.0.2.1", PUBLIC), MCP_OK);
    first = f->id;
    assert_null(f->access);
    assert_int_equal(enroll(f, "192.0.2.1", REORDERED), MCP_OK);
    assert_string_equal(f->id, first);
    assert_null(f->access);
    assert_int_equal(f->out.status, 201);
    assert_int_equal(enroll(f, "192.0.2.2", PUBLIC), MCP_OK);
    assert_string_not_equal(f->id, first);
    assert_int_equal(enroll(f, "192.0.2.1", RENAMED), MCP_OK);
    assert_string_not_equal(f->id, first);
}

static void a_network_of_ipv6_is_one_source(void **state)
{
    fixture *f = *state;
    const char *first;

    f->as.as.dedupe = 1;
    assert_int_equal(enroll(f, "2001:db8:1:2::1", PUBLIC), MCP_OK);
    first = f->id;
    assert_int_equal(enroll(f, "2001:db8:1:2:ffff::9", PUBLIC), MCP_OK);
    assert_string_equal(f->id, first);
    assert_int_equal(enroll(f, "2001:db8:1:3::1", PUBLIC), MCP_OK);
    assert_string_not_equal(f->id, first);
}

static void confidential_clients_are_never_shared(void **state)
{
    fixture *f = *state;
    const char *first, *secret;

    f->as.as.dedupe = 1;
    assert_int_equal(enroll(f, "192.0.2.1", SECRET), MCP_OK);
    first = f->id;
    secret = f->secret;
    assert_int_equal(enroll(f, "192.0.2.1", SECRET), MCP_OK);
    assert_string_not_equal(f->id, first);
    assert_string_not_equal(f->secret, secret);
    assert_non_null(f->access);
}

static void without_the_directive_each_is_another(void **state)
{
    fixture *f = *state;
    const char *first;

    assert_int_equal(enroll(f, "192.0.2.1", PUBLIC), MCP_OK);
    first = f->id;
    assert_int_equal(enroll(f, "192.0.2.1", PUBLIC), MCP_OK);
    assert_string_not_equal(f->id, first);
}

static void what_is_gone_is_made_anew(void **state)
{
    fixture *f = *state;
    const mcp_client *client;
    const char *first;

    f->as.as.dedupe = 1;
    assert_int_equal(enroll(f, "192.0.2.1", PUBLIC), MCP_OK);
    first = f->id;
    assert_int_equal(mcp_client_remove(f->as.ctx, &f->as.as, first), MCP_OK);
    assert_int_equal(enroll(f, "192.0.2.1", PUBLIC), MCP_OK);
    assert_string_not_equal(f->id, first);
    assert_int_equal(load(f, f->id, &client), MCP_OK);
    first = f->id;
    assert_int_equal(enroll(f, "192.0.2.1", PUBLIC), MCP_OK);
    assert_string_equal(f->id, first);
}

/* ---- sealed ---- */

static void a_sealed_client_needs_no_record(void **state)
{
    fixture *f = *state;
    const mcp_client *client;

    f->as.as.sealed = &f->sealed;
    assert_int_equal(enroll(f, NULL, PUBLIC), MCP_OK);
    assert_int_equal(apr_hash_count(f->as.memory.records), 0);
    assert_int_equal(load(f, f->id, &client), MCP_OK);
    assert_string_equal(client->id, f->id);
    assert_string_equal(client->name, "App");
    assert_string_equal(client->redirects[0], "https://app.example.com/cb");
    assert_int_equal(client->auth, MCP_AUTH_NONE);
    assert_int_equal(client->issued_at, FIXTURE_NOW);
    assert_null(client->secret_digest);
    assert_true(strlen(f->id) < 700);
    assert_null(strstr(f->id, "example"));
}

static mcp_rc authenticate(fixture *f, const char *secret)
{
    mcp_in in = { .method = "POST" };
    const char *body = apr_psprintf(f->as.pool, "client_id=%s&client_secret=%s", f->id, secret);
    const mcp_client *client;
    const mcp_form *form;

    mcp_ctx_clear(f->as.ctx);
    assert_int_equal(mcp_form_parse(f->as.ctx, body, strlen(body), NULL, &form), MCP_OK);
    return mcp_client_authenticate(f->as.ctx, &f->as.as, &in, form, &client);
}

static void a_sealed_client_has_its_own_secret(void **state)
{
    fixture *f = *state;
    const char *secret, *access;

    f->as.as.sealed = &f->sealed;
    assert_int_equal(enroll(f, NULL, SECRET), MCP_OK);
    secret = f->secret;
    access = f->access;
    assert_string_not_equal(secret, access);
    assert_int_equal(authenticate(f, secret), MCP_OK);
    assert_int_equal(authenticate(f, access), MCP_BAD_CLIENT);
    assert_int_equal(enroll(f, NULL, SECRET), MCP_OK);
    assert_string_not_equal(f->secret, secret);
    assert_int_equal(authenticate(f, secret), MCP_BAD_CLIENT);
}

static void only_what_was_sealed_here_opens(void **state)
{
    fixture *f = *state;
    const mcp_client *client;
    mcp_as other = f->as.as;
    char *changed;
    size_t i, len;

    f->as.as.sealed = &f->sealed;
    assert_int_equal(enroll(f, NULL, PUBLIC), MCP_OK);
    len = strlen(f->id);
    for (i = 2; i < len; i += 7) {
        changed = apr_pstrdup(f->as.pool, f->id);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_int_equal(load(f, changed, &client), MCP_BAD_CLIENT);
    }
    assert_int_equal(load(f, apr_pstrmemdup(f->as.pool, f->id, len - 1), &client), MCP_BAD_CLIENT);
    assert_int_equal(load(f, apr_pstrcat(f->as.pool, f->id, "A", NULL), &client), MCP_BAD_CLIENT);
    assert_int_equal(load(f, "s.", &client), MCP_BAD_CLIENT);
    changed = apr_pcalloc(f->as.pool, 100001);
    memset(changed, 'A', 100000);
    memcpy(changed, "s.", 2);
    assert_int_equal(load(f, changed, &client), MCP_BAD_CLIENT);
    other.sealed = &f->sealed;
    other.issuer = "https://as.example.test/other";
    mcp_ctx_clear(f->as.ctx);
    assert_int_equal(mcp_client_load(f->as.ctx, &other, f->id, &client), MCP_BAD_CLIENT);
    f->sealed.key = other_key;
    assert_int_equal(load(f, f->id, &client), MCP_BAD_CLIENT);
    f->sealed.key = key;
    assert_int_equal(load(f, f->id, &client), MCP_OK);
    f->as.as.sealed = NULL;
    assert_int_equal(load(f, f->id, &client), MCP_BAD_CLIENT);
}

static void a_sealed_client_expires(void **state)
{
    fixture *f = *state;
    const mcp_client *client;

    f->as.as.sealed = &f->sealed;
    assert_int_equal(enroll(f, NULL, PUBLIC), MCP_OK);
    f->as.ctx->now += apr_time_from_sec(FIXTURE_CLIENT_TTL - 1);
    assert_int_equal(load(f, f->id, &client), MCP_OK);
    f->as.ctx->now += apr_time_from_sec(1);
    assert_int_equal(load(f, f->id, &client), MCP_BAD_CLIENT);
}

static void all_of_a_time_can_be_given_up(void **state)
{
    fixture *f = *state;
    const mcp_client *client;

    f->as.as.sealed = &f->sealed;
    assert_int_equal(enroll(f, NULL, PUBLIC), MCP_OK);
    f->sealed.not_before = FIXTURE_NOW;
    assert_int_equal(load(f, f->id, &client), MCP_OK);
    f->sealed.not_before = FIXTURE_NOW + 1;
    assert_int_equal(load(f, f->id, &client), MCP_BAD_CLIENT);
}

static void one_can_be_given_up(void **state)
{
    fixture *f = *state;
    const mcp_client *client;
    const char *one;

    f->as.as.sealed = &f->sealed;
    assert_int_equal(enroll(f, NULL, PUBLIC), MCP_OK);
    one = f->id;
    assert_int_equal(manage(f, "GET"), MCP_OK);
    assert_int_equal(manage(f, "PUT"), MCP_BAD_METHOD);
    assert_string_equal(apr_table_get(f->out.headers, "Allow"), "GET, DELETE");
    assert_int_equal(manage(f, "DELETE"), MCP_OK);
    assert_int_equal(load(f, one, &client), MCP_BAD_CLIENT);
    assert_int_equal(manage(f, "GET"), MCP_BAD_TOKEN);
    assert_int_equal(enroll(f, NULL, PUBLIC), MCP_OK);
    assert_int_equal(load(f, f->id, &client), MCP_OK);
    f->as.memory.is_down = 1;
    assert_int_equal(load(f, f->id, &client), MCP_UNAVAILABLE);    /* who knows whether it was given up */
}

static void policy_that_became_stricter_holds(void **state)
{
    static const mcp_scope fewer[] = { { "customer.write", "", 0, 1, 0 } };
    fixture *f = *state;
    const mcp_client *client;

    f->as.as.sealed = &f->sealed;
    assert_int_equal(enroll(f, NULL, PUBLIC), MCP_OK);
    f->as.as.scopes = fewer;
    f->as.as.scope_count = 1;
    assert_int_equal(load(f, f->id, &client), MCP_OK);
    assert_string_equal(client->scope, "customer.write");
}

static void too_much_does_not_fit(void **state)
{
    fixture *f = *state;
    const char *long_name = apr_psprintf(f->as.pool, "%0250d", 1), *body;

    f->as.as.sealed = &f->sealed;
    body = apr_psprintf(f->as.pool, "{\"client_name\":\"%s\",\"contacts\":[\"%s\",\"%s\",\"%s\",\"%s\",\"%s\"],\"token_endpoint_auth_method\":\"none\",\"redirect_uris\":[\"https://app.example.com/cb\"]}",
                        long_name, long_name, long_name, long_name, long_name, long_name);
    assert_int_equal(enroll(f, NULL, body), MCP_BAD_METADATA);
    f->as.as.sealed = NULL;
    assert_int_equal(enroll(f, NULL, body), MCP_OK);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_same_is_the_same_client), TEST(a_network_of_ipv6_is_one_source), TEST(confidential_clients_are_never_shared),
        TEST(without_the_directive_each_is_another), TEST(what_is_gone_is_made_anew), TEST(a_sealed_client_needs_no_record),
        TEST(a_sealed_client_has_its_own_secret), TEST(only_what_was_sealed_here_opens), TEST(a_sealed_client_expires), TEST(all_of_a_time_can_be_given_up),
        TEST(one_can_be_given_up), TEST(policy_that_became_stricter_holds), TEST(too_much_does_not_fit)
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
