/* Threat: a registration is read, changed or removed by somebody who does not hold its token, grows by an update, or lives on after it was removed. */
#include "as_fixture.h"
#include "mcp/json.h"
#include "mcp/register.h"
#include "mcp/text.h"

#define PUBLIC "{\"client_name\":\"App\",\"token_endpoint_auth_method\":\"none\",\"redirect_uris\":[\"https://app.example.com/cb\"]}"
#define SECRET "{\"client_name\":\"App\",\"token_endpoint_auth_method\":\"client_secret_post\",\"redirect_uris\":[\"https://app.example.com/cb\"]}"

typedef struct {
    as_fixture as;
    mcp_out out;
    const char *id, *access, *secret;
} fixture;

static int setup(void **state)
{
    static fixture f;

    memset(&f, 0, sizeof f);
    as_fixture_open(&f.as);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    as_fixture_close(&((fixture *)*state)->as);
    return 0;
}

static const char *member(fixture *f, const char *name)
{
    return mcp_json_string(mcp_json_own(f->as.pool, json_loads(f->out.body, 0, NULL)), name);
}

static mcp_rc ask(fixture *f, const char *method, const char *id, const char *access, const char *body)
{
    mcp_in in = { .method = method, .content_type = "application/json", .name = id, .body = body, .body_len = body ? strlen(body) : 0 };

    mcp_ctx_clear(f->as.ctx);
    memset(&f->out, 0, sizeof f->out);
    if (access) in.authorization = apr_pstrcat(f->as.pool, "Bearer ", access, NULL);
    return (id ? mcp_register_manage : mcp_register)(f->as.ctx, &f->as.as, &in, &f->out);
}

static void enroll(fixture *f, const char *body)
{
    assert_int_equal(ask(f, "POST", NULL, NULL, body), MCP_OK);
    f->id = member(f, "client_id");
    f->access = member(f, "registration_access_token");
    f->secret = member(f, "client_secret");
    assert_non_null(f->access);
    assert_string_equal(member(f, "registration_client_uri"), apr_pstrcat(f->as.pool, "https://as.example.test/register/", f->id, NULL));
}

static const char *with_id(fixture *f, const char *members)
{
    return apr_psprintf(f->as.pool, "{\"client_id\":\"%s\",%s}", f->id, members);
}

static void a_client_reads_itself(void **state)
{
    fixture *f = *state;

    enroll(f, SECRET);
    assert_int_equal(ask(f, "GET", f->id, f->access, NULL), MCP_OK);
    assert_int_equal(f->out.status, 200);
    assert_string_equal(member(f, "client_name"), "App");
    assert_string_equal(member(f, "registration_access_token"), f->access);
    assert_null(member(f, "client_secret"));
}

static void strangers_learn_nothing(void **state)
{
    static const char *const methods[] = { "GET", "PUT", "DELETE" };
    fixture *f = *state;
    const char *other, *details[4];
    int i;

    enroll(f, PUBLIC);
    other = f->access;
    enroll(f, PUBLIC);
    for (i = 0; i < 3; i++) {
        assert_int_equal(ask(f, methods[i], f->id, NULL, PUBLIC), MCP_BAD_TOKEN);
        details[0] = f->as.ctx->detail;
        assert_int_equal(ask(f, methods[i], f->id, other, PUBLIC), MCP_BAD_TOKEN);
        details[1] = f->as.ctx->detail;
        assert_int_equal(ask(f, methods[i], "nobody", f->access, PUBLIC), MCP_BAD_TOKEN);
        details[2] = f->as.ctx->detail;
        assert_int_equal(ask(f, methods[i], "https://app.example.com/c", f->access, PUBLIC), MCP_BAD_TOKEN);
        details[3] = f->as.ctx->detail;
        assert_string_equal(apr_table_get(f->out.headers, "WWW-Authenticate"), "Bearer error=\"invalid_token\"");
        assert_string_equal(details[0], details[1]);
        assert_string_equal(details[0], details[2]);
        assert_string_equal(details[0], details[3]);
    }
    assert_int_equal(ask(f, "GET", f->id, f->access, NULL), MCP_OK);
}

static void an_update_replaces_and_the_token_is_a_new_one(void **state)
{
    fixture *f = *state;
    const char *old;

    enroll(f, PUBLIC);
    old = f->access;
    assert_int_equal(ask(f, "PUT", f->id, old, with_id(f, "\"token_endpoint_auth_method\":\"none\",\"redirect_uris\":[\"http://127.0.0.1/cb\"]")), MCP_OK);
    f->access = member(f, "registration_access_token");
    assert_string_not_equal(f->access, old);
    assert_null(member(f, "client_name"));              /* what was left out is gone */
    assert_int_equal(ask(f, "GET", f->id, old, NULL), MCP_BAD_TOKEN);
    assert_int_equal(ask(f, "GET", f->id, f->access, NULL), MCP_OK);
    assert_null(member(f, "client_name"));
}

static void an_updated_secret_is_a_new_one(void **state)
{
    fixture *f = *state;
    const char *body;

    enroll(f, SECRET);
    body = with_id(f, apr_psprintf(f->as.pool, "\"client_secret\":\"%s\",\"redirect_uris\":[\"https://app.example.com/cb\"]", f->secret));
    assert_int_equal(ask(f, "PUT", f->id, f->access, body), MCP_OK);
    assert_non_null(member(f, "client_secret"));
    assert_string_not_equal(member(f, "client_secret"), f->secret);
}

static const struct {
    const char *name, *members;
    mcp_rc rc;
} updates[] = {
    { "good", "\"token_endpoint_auth_method\":\"none\",\"redirect_uris\":[\"https://app.example.com/cb\"]", MCP_OK },
    { "unknown and privileged members are ignored", "\"token_endpoint_auth_method\":\"none\",\"redirect_uris\":[\"https://app.example.com/cb\"],\"trusted\":true,\"ceiling\":\"db.admin\",\"access_digest\":\"x\"", MCP_OK },
    { "a sensitive scope is left out", "\"token_endpoint_auth_method\":\"none\",\"redirect_uris\":[\"https://app.example.com/cb\"],\"scope\":\"db.admin\"", MCP_OK },
    { "bad redirect", "\"token_endpoint_auth_method\":\"none\",\"redirect_uris\":[\"javascript:alert(1)\"]", MCP_BAD_REDIRECT },
    { "http redirect", "\"token_endpoint_auth_method\":\"none\",\"redirect_uris\":[\"http://evil.example/cb\"]", MCP_BAD_REDIRECT },
    { "public becomes confidential", "\"token_endpoint_auth_method\":\"client_secret_post\",\"redirect_uris\":[\"https://app.example.com/cb\"]", MCP_BAD_METADATA },
    { "a secret that it does not have", "\"token_endpoint_auth_method\":\"none\",\"client_secret\":\"x\",\"redirect_uris\":[\"https://app.example.com/cb\"]", MCP_BAD_METADATA },
    { "its token", "\"token_endpoint_auth_method\":\"none\",\"registration_access_token\":\"x\",\"redirect_uris\":[\"https://app.example.com/cb\"]", MCP_BAD_METADATA },
    { "its address", "\"token_endpoint_auth_method\":\"none\",\"registration_client_uri\":\"x\",\"redirect_uris\":[\"https://app.example.com/cb\"]", MCP_BAD_METADATA },
    { "its birthday", "\"token_endpoint_auth_method\":\"none\",\"client_id_issued_at\":1,\"redirect_uris\":[\"https://app.example.com/cb\"]", MCP_BAD_METADATA },
    { "its secret's end", "\"token_endpoint_auth_method\":\"none\",\"client_secret_expires_at\":0,\"redirect_uris\":[\"https://app.example.com/cb\"]", MCP_BAD_METADATA }
};

/* CVE-2026-15572, CVE-2026-16102, keycloak#53079: an update that gets what no registration would. */
static void the_whole_chain_runs_again(void **state)
{
    fixture *f = *state;
    const mcp_client *client;
    size_t i;

    for (i = 0; i < sizeof updates / sizeof *updates; i++) {
        enroll(f, PUBLIC);
        if (ask(f, "PUT", f->id, f->access, with_id(f, updates[i].members)) != updates[i].rc) fail_msg("%s: %s", updates[i].name, f->as.ctx->detail);
        assert_int_equal(mcp_client_load(f->as.ctx, &f->as.as, f->id, &client), MCP_OK);
        assert_string_equal(client->redirects[0], "https://app.example.com/cb");
        assert_int_equal(client->auth, MCP_AUTH_NONE);
        assert_false(mcp_text_has_word(client->scope, "db.admin"));
        if (updates[i].rc) assert_int_equal(ask(f, "GET", f->id, f->access, NULL), MCP_OK);     /* refused: the token is as good as before */
    }
}

static void another_client_id_is_not_taken(void **state)
{
    fixture *f = *state;

    enroll(f, PUBLIC);
    assert_int_equal(ask(f, "PUT", f->id, f->access, "{\"client_id\":\"other\",\"token_endpoint_auth_method\":\"none\",\"redirect_uris\":[\"http://127.0.0.1/cb\"]}"), MCP_BAD_METADATA);
    assert_int_equal(ask(f, "PUT", f->id, f->access, PUBLIC), MCP_BAD_METADATA);
    assert_int_equal(ask(f, "PUT", f->id, f->access, "[]"), MCP_BAD_METADATA);
}

static void one_token_changes_one_thing(void **state)
{
    fixture *f = *state;
    const char *digest;

    enroll(f, PUBLIC);
    digest = mcp_text_sha256_hex(f->as.pool, f->access, strlen(f->access));
    assert_int_equal(mcp_store_add(f->as.ctx, &f->as.store, "registration_access_used", digest, "", 0, 60), MCP_OK);   /* somebody else is at it */
    assert_int_equal(ask(f, "PUT", f->id, f->access, with_id(f, "\"token_endpoint_auth_method\":\"none\",\"redirect_uris\":[\"http://127.0.0.1/cb\"]")), MCP_BAD_TOKEN);
    assert_int_equal(ask(f, "DELETE", f->id, f->access, NULL), MCP_BAD_TOKEN);
}

static void what_is_removed_counts_no_more(void **state)
{
    fixture *f = *state;
    const mcp_client *client;

    enroll(f, PUBLIC);
    assert_int_equal(ask(f, "DELETE", f->id, f->access, NULL), MCP_OK);
    assert_int_equal(f->out.status, 204);
    assert_string_equal(f->out.body, "");
    assert_int_equal(ask(f, "GET", f->id, f->access, NULL), MCP_BAD_TOKEN);
    mcp_ctx_clear(f->as.ctx);
    assert_int_equal(mcp_client_load(f->as.ctx, &f->as.as, f->id, &client), MCP_BAD_CLIENT);
    mcp_ctx_clear(f->as.ctx);
    assert_int_equal(mcp_client_check_revoked(f->as.ctx, &f->as.store, f->as.as.issuer, f->id), MCP_BAD_CLIENT);
}

static void tokens_are_kept_as_digests(void **state)
{
    fixture *f = *state;
    apr_hash_index_t *i;
    void *value;

    enroll(f, SECRET);
    for (i = apr_hash_first(f->as.pool, f->as.memory.records); i; i = apr_hash_next(i)) {
        apr_hash_this(i, NULL, NULL, &value);
        assert_null(strstr(value, f->access));
        assert_null(strstr(value, f->secret));
    }
}

static void a_store_that_is_down_is_no_answer(void **state)
{
    fixture *f = *state;

    enroll(f, PUBLIC);
    f->as.memory.is_down = 1;
    assert_int_equal(ask(f, "GET", f->id, f->access, NULL), MCP_UNAVAILABLE);
    assert_int_equal(ask(f, "DELETE", f->id, f->access, NULL), MCP_UNAVAILABLE);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_client_reads_itself), TEST(strangers_learn_nothing), TEST(an_update_replaces_and_the_token_is_a_new_one), TEST(an_updated_secret_is_a_new_one),
        TEST(the_whole_chain_runs_again), TEST(another_client_id_is_not_taken), TEST(one_token_changes_one_thing), TEST(what_is_removed_counts_no_more),
        TEST(tokens_are_kept_as_digests), TEST(a_store_that_is_down_is_no_answer)
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
