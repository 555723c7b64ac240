/* Threat: a closed, confused or failing registration endpoint still hands out clients, or its secret is kept or lost. */
#include "as_fixture.h"
#include "mcp/json.h"
#include "mcp/text.h"

static int setup(void **state)
{
    static as_fixture f;

    as_fixture_open(&f);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    as_fixture_close(*state);
    return 0;
}

#define PUBLIC "{\"redirect_uris\":[\"https://c.example/cb\"],\"token_endpoint_auth_method\":\"none\"}"
#define SECRET "{\"redirect_uris\":[\"https://c.example/cb\"],\"token_endpoint_auth_method\":\"client_secret_post\"}"

static mcp_rc post(as_fixture *f, const char *type, const char *body, mcp_out *out)
{
    mcp_in in = { .method = "POST", .content_type = type, .body = body, .body_len = strlen(body) };

    memset(out, 0, sizeof *out);
    mcp_ctx_clear(f->ctx);
    return mcp_register(f->ctx, &f->as, &in, out);
}

static json_t *answer_of(as_fixture *f, const mcp_out *out)
{
    json_t *answer = mcp_json_own(f->pool, json_loads(out->body, 0, NULL));

    assert_non_null(answer);
    return answer;
}

static void a_public_client_gets_no_secret(void **state)
{
    as_fixture *f = *state;
    json_t *answer;
    mcp_out out;

    assert_int_equal(post(f, "application/json", PUBLIC, &out), MCP_OK);
    assert_int_equal(out.status, 201);
    assert_string_equal(out.content_type, "application/json");
    assert_string_equal(apr_table_get(out.headers, "Cache-Control"), "no-store");
    answer = answer_of(f, &out);
    assert_int_equal(json_integer_value(json_object_get(answer, "client_id_issued_at")), FIXTURE_NOW);
    assert_null(json_object_get(answer, "client_secret"));
    assert_null(json_object_get(answer, "client_secret_expires_at"));
    assert_string_equal(out.audit.event, "register");
    assert_string_equal(out.audit.client, mcp_json_string(answer, "client_id"));
    assert_string_equal(out.audit.scope, "customer.read");
    assert_string_equal(out.audit.redirect, "https://c.example/cb");
}

static void a_secret_is_told_once_and_kept_as_a_digest(void **state)
{
    as_fixture *f = *state;
    const char *secret, *record, *id;
    json_t *answer;
    mcp_out out;
    size_t len;

    assert_int_equal(post(f, "application/json", SECRET, &out), MCP_OK);
    answer = answer_of(f, &out);
    secret = mcp_json_string(answer, "client_secret");
    id = mcp_json_string(answer, "client_id");
    assert_true(strlen(secret) >= 43);
    assert_int_equal(json_integer_value(json_object_get(answer, "client_secret_expires_at")), FIXTURE_NOW + FIXTURE_CLIENT_TTL);
    assert_int_equal(mcp_store_get(f->ctx, &f->store, "client", apr_pstrcat(f->pool, f->as.issuer, " ", id, NULL), &record, &len), MCP_OK);
    assert_null(strstr(record, secret));
    assert_non_null(strstr(record, mcp_text_sha256_hex(f->pool, secret, strlen(secret))));
}

/* Threat: a few thousand strangers with the longest members allowed fill the store. */
static void a_record_is_of_modest_size(void **state)
{
    as_fixture *f = *state;
    char *body = apr_pstrdup(f->pool, "{\"token_endpoint_auth_method\":\"none\",\"redirect_uris\":["), *path = apr_pcalloc(f->pool, 1901);
    mcp_out out;
    int i;

    memset(path, 'x', 1900);
    for (i = 0; i < 10; i++) body = apr_psprintf(f->pool, "%s%s\"https://a.example/%d%s\"", body, i ? "," : "", i, path);
    assert_int_equal(post(f, "application/json", apr_pstrcat(f->pool, body, "]}", NULL), &out), MCP_BAD_METADATA);
    mcp_ctx_clear(f->ctx);
    path[1500] = '\0';
    body = apr_pstrdup(f->pool, "{\"token_endpoint_auth_method\":\"none\",\"redirect_uris\":[");
    for (i = 0; i < 10; i++) body = apr_psprintf(f->pool, "%s%s\"https://a.example/%d%s\"", body, i ? "," : "", i, path);
    assert_int_equal(post(f, "application/json", apr_pstrcat(f->pool, body, "]}", NULL), &out), MCP_OK);
}

static void every_registration_is_a_new_client(void **state)
{
    as_fixture *f = *state;
    mcp_out one, two;

    assert_int_equal(post(f, "application/json", PUBLIC, &one), MCP_OK);
    assert_int_equal(post(f, "application/json", PUBLIC, &two), MCP_OK);
    assert_string_not_equal(one.audit.client, two.audit.client);
}

static const struct {
    const char *name, *type, *body;
    mcp_rc rc;
} rows[] = {
    { "charset", "application/json; charset=utf-8", PUBLIC, MCP_OK },
    { "charset, quoted, upper case", "Application/JSON;charset=\"UTF-8\"", PUBLIC, MCP_OK },
    { "another charset", "application/json; charset=utf-7", PUBLIC, MCP_BAD_MEDIA_TYPE },
    { "another parameter", "application/json; x=y", PUBLIC, MCP_BAD_MEDIA_TYPE },
    { "a longer type", "application/json-patch+json", PUBLIC, MCP_BAD_MEDIA_TYPE },
    { "a form", "application/x-www-form-urlencoded", PUBLIC, MCP_BAD_MEDIA_TYPE },
    { "no type", NULL, PUBLIC, MCP_BAD_MEDIA_TYPE },
    { "no body", "application/json", "", MCP_BAD_METADATA },
    { "no JSON", "application/json", "{", MCP_BAD_METADATA },
    { "a list", "application/json", "[" PUBLIC "]", MCP_BAD_METADATA },
    { "a member twice", "application/json", "{\"a\":1,\"a\":1,\"redirect_uris\":[\"https://c.example/cb\"]}", MCP_BAD_METADATA },
    { "something behind", "application/json", PUBLIC "x", MCP_BAD_METADATA },
    { "too deep", "application/json", "{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]],\"redirect_uris\":[\"https://c.example/cb\"]}", MCP_BAD_METADATA },
    { "a bad redirect", "application/json", "{\"redirect_uris\":[\"javascript:1\"]}", MCP_BAD_REDIRECT }
};

static void bodies_are_judged(void **state)
{
    as_fixture *f = *state;
    mcp_out out;
    size_t i;

    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        apr_hash_clear(f->memory.records);
        if (post(f, rows[i].type, rows[i].body, &out) != rows[i].rc) fail_msg("%s: %s", rows[i].name, f->ctx->detail);
        assert_int_equal(out.status, rows[i].rc ? 0 : 201);
        assert_int_equal(apr_hash_count(f->memory.records), rows[i].rc ? 0 : 1);
        assert_string_equal(out.audit.event, "register");
    }
}

static void a_body_has_a_size(void **state)
{
    as_fixture *f = *state;
    char *body = apr_pcalloc(f->pool, 64 * 1024 + 2);
    mcp_out out;

    memset(body, ' ', 64 * 1024);
    memcpy(body, PUBLIC, strlen(PUBLIC));
    assert_int_equal(post(f, "application/json", body, &out), MCP_OK);
    body[64 * 1024] = ' ';
    assert_int_equal(post(f, "application/json", body, &out), MCP_TOO_LARGE);
}

static void closed_is_closed(void **state)
{
    as_fixture *f = *state;
    mcp_out out;

    f->as.registration_open = 0;
    assert_int_equal(post(f, "application/json", PUBLIC, &out), MCP_REGISTRATION_CLOSED);
    assert_int_equal(apr_hash_count(f->memory.records), 0);
}

static void what_is_not_kept_is_not_told(void **state)
{
    as_fixture *f = *state;
    mcp_out out;

    f->memory.is_down = 1;
    assert_int_equal(post(f, "application/json", SECRET, &out), MCP_UNAVAILABLE);
    assert_int_equal(out.status, 0);
    assert_null(out.body);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_public_client_gets_no_secret), TEST(a_secret_is_told_once_and_kept_as_a_digest),
        TEST(every_registration_is_a_new_client), TEST(a_record_is_of_modest_size), TEST(bodies_are_judged), TEST(a_body_has_a_size),
        TEST(closed_is_closed),
        TEST(what_is_not_kept_is_not_told)
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
