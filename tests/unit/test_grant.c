/* Threat: a stolen, guessed or repeated code, or a client that is not the one it says, becomes a token. */
#include "flow_fixture.h"
#include "mcp/token.h"

#define MEMBERS "&client_id=P1&redirect_uri=https%3A%2F%2Fp1.example%2Fcb&code_verifier=" VERIFIER
#define SHORT "abcdefghijklmnopqrstuvwxyz-0123456789._~AB"      /* 42 letters */

static mcp_rc post_token(const char *body)
{
    return post(mcp_grant, request_of(NULL), body);
}

static mcp_rc exchange(const char *code, const char *members)
{
    return post_token(apr_pstrcat(ctx->pool, "grant_type=authorization_code&code=", code, members, NULL));
}

static json_t *answered(void)
{
    static const mcp_json_caps caps = { 16384, 2 };
    json_t *doc;

    assert_int_equal(mcp_json_object(ctx, out.body, strlen(out.body), &caps, &doc), MCP_OK);
    return doc;
}

static mcp_token token_of(const char *audience)
{
    mcp_token_profile profile = { ISSUER, audience, mcp_keys_of(ctx->pool, as.key), 0 };
    const char *text = mcp_json_string(answered(), "access_token");
    mcp_token token;

    assert_non_null(text);
    assert_int_equal(mcp_token_verify(ctx, &profile, text, strlen(text), &token), MCP_OK);
    return token;
}

static const struct {
    const char *name, *members;
    mcp_rc rc;
} codes[] = {
    { "by the book", MEMBERS, MCP_OK },
    { "with its resource", MEMBERS "&resource=" R1, MCP_OK },
    { "without redirect_uri", "&client_id=P1&code_verifier=" VERIFIER, MCP_OK },
    { "no verifier", "&client_id=P1", MCP_BAD_REQUEST },
    { "empty verifier", "&client_id=P1&code_verifier=", MCP_BAD_REQUEST },
    { "wrong verifier", "&client_id=P1&code_verifier=" VERIFIER "x", MCP_BAD_GRANT },
    { "short verifier", "&client_id=P1&code_verifier=" SHORT, MCP_BAD_GRANT },
    { "verifier with a blank", "&client_id=P1&code_verifier=" VERIFIER "+", MCP_BAD_GRANT },
    { "verifier twice", MEMBERS "&code_verifier=" VERIFIER, MCP_BAD_REQUEST },
    { "code twice", MEMBERS "&code=x", MCP_BAD_REQUEST },
    { "other redirect_uri", "&client_id=P1&code_verifier=" VERIFIER "&redirect_uri=http%3A%2F%2F127.0.0.1%2Fcallback", MCP_BAD_GRANT },
    { "other resource", MEMBERS "&resource=" R2, MCP_BAD_TARGET },
    { "empty resource", MEMBERS "&resource=", MCP_BAD_TARGET },
    { "two resources", MEMBERS "&resource=" R1 "&resource=" R2, MCP_BAD_TARGET },
    { "other client", "&client_id=P2&code_verifier=" VERIFIER, MCP_BAD_GRANT },
    { "client that does not exist", "&client_id=X&code_verifier=" VERIFIER, MCP_BAD_CLIENT },
    { "no client", "&code_verifier=" VERIFIER, MCP_BAD_CLIENT },
    { "public client with a secret", MEMBERS "&client_secret=x", MCP_BAD_CLIENT },
};

static void codes_are_judged(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof codes / sizeof *codes; i++) {
        const char *code = new_code("alice");
        if (exchange(code, codes[i].members) != codes[i].rc) fail_msg("%s: %d %s", codes[i].name, ctx->rc, ctx->detail);
        if (!codes[i].rc != (out.status == 200)) fail_msg("%s: status %d", codes[i].name, out.status);
        assert_string_equal(out.audit.event, "token");
    }
}

static void the_token_is_what_was_approved(void **state)
{
    json_t *doc;
    mcp_token token;

    (void)state;
    assert_int_equal(exchange(new_code("alice"), MEMBERS), MCP_OK);
    doc = answered();
    assert_string_equal(mcp_json_string(doc, "token_type"), "Bearer");
    assert_string_equal(mcp_json_string(doc, "scope"), "customer.read");
    assert_int_equal(json_integer_value(json_object_get(doc, "expires_in")), 600);
    assert_null(json_object_get(doc, "refresh_token"));
    assert_string_equal(header("Cache-Control"), "no-store");
    token = token_of(R1);
    assert_string_equal(token.sub, "alice");
    assert_string_equal(token.client_id, "P1");
    assert_string_equal(token.scope, "customer.read");
    assert_int_equal(token.exp, mcp_now(ctx) + 600);
    assert_string_equal(out.audit.user, "alice");
    assert_string_equal(out.audit.resource, R1);
}

static void a_code_shown_twice_revokes_its_token(void **state)
{
    const char *code = new_code("alice"), *value, *jti;
    size_t len;

    (void)state;
    assert_int_equal(exchange(code, MEMBERS), MCP_OK);
    jti = token_of(R1).jti;
    assert_int_equal(mcp_store_get(ctx, as.store, "revoked", jti, &value, &len), MCP_ABSENT);
    assert_int_equal(exchange(code, MEMBERS), MCP_BAD_GRANT);
    mcp_ctx_clear(ctx);
    assert_int_equal(mcp_store_get(ctx, as.store, "revoked", jti, &value, &len), MCP_OK);
}

static int is_revoked(const char *jti)
{
    const char *value;
    size_t len;

    mcp_ctx_clear(ctx);
    return mcp_store_get(ctx, as.store, "revoked", jti, &value, &len) == MCP_OK;
}

/* Threat: the second user of a code comes before the first one's token is made, and nothing ties it to the code yet. */
static void a_code_shown_twice_at_once_gives_a_dead_token(void **state)
{
    const char *code = new_code("alice"), *id = mcp_flow_code_id(ctx, &as, "P1", code);

    (void)state;
    assert_int_equal(mcp_store_add(ctx, as.store, "code_used", id, "first", 5, 60), MCP_OK);
    assert_int_equal(exchange(code, MEMBERS), MCP_BAD_GRANT);
    assert_true(is_revoked("first"));
}

static void a_replay_after_the_codes_own_life_revokes_too(void **state)
{
    const char *code = new_code("alice"), *jti;

    (void)state;
    assert_int_equal(exchange(code, MEMBERS), MCP_OK);
    jti = token_of(R1).jti;
    ctx->now += apr_time_from_sec(as.code_ttl + as.access_ttl - 1);
    assert_int_equal(exchange(code, MEMBERS), MCP_BAD_GRANT);
    assert_true(is_revoked(jti));
}

/* ---- A store that fails at its n-th use ---- */

static mcp_store *sound;
static int uses_left;

static mcp_rc use(void)
{
    return uses_left-- > 0 ? MCP_OK : mcp_fail(ctx, MCP_UNAVAILABLE, "the store is down");
}

static mcp_rc failing_get(mcp_ctx *c, void *self, const char *key, const char **value, size_t *len)
{
    (void)self;
    return use() ? MCP_UNAVAILABLE : sound->driver->get(c, sound->self, key, value, len);
}

static mcp_rc failing_put(mcp_ctx *c, void *self, const char *key, const char *value, size_t len, apr_uint32_t life)
{
    (void)self;
    return use() ? MCP_UNAVAILABLE : sound->driver->put(c, sound->self, key, value, len, life);
}

static mcp_rc failing_add(mcp_ctx *c, void *self, const char *key, const char *value, size_t len, apr_uint32_t life)
{
    (void)self;
    return use() ? MCP_UNAVAILABLE : sound->driver->add(c, sound->self, key, value, len, life);
}

static mcp_rc failing_take(mcp_ctx *c, void *self, const char *key, const char **value, size_t *len)
{
    (void)self;
    return use() ? MCP_UNAVAILABLE : sound->driver->take(c, sound->self, key, value, len);
}

/* Threat: the store dies between two steps, and half of a grant leaves the house or can be used twice. */
static void a_store_that_dies_at_any_moment_issues_nothing(void **state)
{
    static const mcp_store_driver failing = { .name = "failing", .get = failing_get, .put = failing_put, .add = failing_add, .take = failing_take };
    mcp_store broken = { &failing, NULL };
    const char *code, *form;
    int n;
    mcp_rc rc;

    (void)state;
    sound = as.store;
    for (n = 0, rc = MCP_UNAVAILABLE; rc; n++) {
        code = new_code("alice");
        as.store = &broken;
        uses_left = n;
        rc = exchange(code, MEMBERS);
        as.store = sound;
        if (rc != MCP_OK && rc != MCP_UNAVAILABLE) fail_msg("use %d: %d %s", n, rc, ctx->detail);
        if (rc && out.body) fail_msg("use %d: %s", n, out.body);
    }
    assert_int_equal(n, 5);     /* get client, get code, add tombstone, take code: the fifth round has them all */
    for (n = 0, rc = MCP_UNAVAILABLE; rc; n++) {
        form = apr_pstrcat(ctx->pool, "decision=approve&scope=customer.read&ticket=", new_ticket("alice"), NULL);
        as.store = &broken;
        uses_left = n;
        rc = post_consent("alice", form);
        as.store = sound;
        if (rc != MCP_OK && (rc != MCP_UNAVAILABLE || out.status != 503 || !*header("Retry-After") || *header("Location")))
            fail_msg("use %d: %d %d", n, rc, out.status);
    }
    assert_int_equal(n, 4);     /* get client, claim ticket, add code */
}

static void near_misses_spend_nothing(void **state)
{
    const char *code = new_code("alice");
    char *other = apr_pstrdup(ctx->pool, code);

    (void)state;
    other[7] = other[7] == 'A' ? 'B' : 'A';
    assert_int_equal(exchange(other, MEMBERS), MCP_BAD_GRANT);
    assert_int_equal(exchange(apr_pstrndup(ctx->pool, code, 42), MEMBERS), MCP_BAD_GRANT);
    assert_int_equal(exchange(apr_pstrcat(ctx->pool, code, "+", NULL), MEMBERS), MCP_BAD_GRANT);
    assert_int_equal(exchange("", MEMBERS), MCP_BAD_REQUEST);
    assert_int_equal(exchange(code, "&client_id=P2&code_verifier=" VERIFIER), MCP_BAD_GRANT);
    as.issuer = "https://other.example.test";
    assert_int_equal(exchange(code, MEMBERS), MCP_BAD_CLIENT);
    save_clients();
    assert_int_equal(exchange(code, MEMBERS), MCP_BAD_GRANT);
    as.issuer = ISSUER;
    assert_int_equal(exchange(code, MEMBERS), MCP_OK);
}

static void a_wrong_verifier_has_no_second_try(void **state)
{
    const char *code = new_code("alice");

    (void)state;
    assert_int_equal(exchange(code, "&client_id=P1&code_verifier=" VERIFIER "x"), MCP_BAD_GRANT);
    assert_int_equal(exchange(code, MEMBERS), MCP_BAD_GRANT);
}

static void a_code_dies_with_its_redirect_uri(void **state)
{
    const char *code = new_code("alice");

    (void)state;
    assert_int_equal(mcp_store_remove(ctx, as.store, "client", ISSUER " P1"), MCP_OK);
    save_client("P1", "{\"token_endpoint_auth_method\":\"none\",\"redirect_uris\":[\"https://p1.example/new\"]}", NULL, 0);
    assert_int_equal(exchange(code, MEMBERS), MCP_BAD_GRANT);
}

static void a_code_dies_in_time(void **state)
{
    const char *code = new_code("alice");

    (void)state;
    ctx->now += apr_time_from_sec(61);
    assert_int_equal(exchange(code, MEMBERS), MCP_BAD_GRANT);
}

#define CREDENTIALS "grant_type=client_credentials&client_id=C1&client_secret=sesame"

static const struct {
    const char *name, *body, *scope;
    mcp_rc rc;
} credentials[] = {
    { "what was registered", CREDENTIALS, "customer.read customer.write", MCP_OK },
    { "less", CREDENTIALS "&scope=customer.write", "customer.write", MCP_OK },
    { "sensitive is left out", CREDENTIALS "&scope=customer.read+db.admin", "customer.read", MCP_OK },
    { "sensitive alone", CREDENTIALS "&scope=db.admin", NULL, MCP_BAD_SCOPE },
    { "bad scope", CREDENTIALS "&scope=customer.read+%22", NULL, MCP_BAD_SCOPE },
    { "its resource", CREDENTIALS "&resource=" R1, "customer.read customer.write", MCP_OK },
    { "foreign resource", CREDENTIALS "&resource=" R2, NULL, MCP_BAD_TARGET },
    { "wrong secret", "grant_type=client_credentials&client_id=C1&client_secret=open", NULL, MCP_BAD_CLIENT },
    { "no secret", "grant_type=client_credentials&client_id=C1", NULL, MCP_BAD_CLIENT },
    { "public client", "grant_type=client_credentials&client_id=P1", NULL, MCP_UNAUTHORIZED_CLIENT },
    { "grant not registered", "grant_type=client_credentials&client_id=C2&client_secret=sesame", NULL, MCP_UNAUTHORIZED_CLIENT },
    { "the other grant not registered", "grant_type=authorization_code&client_id=C1&client_secret=sesame&code=x&code_verifier=" VERIFIER, NULL, MCP_UNAUTHORIZED_CLIENT },
    { "no grant_type", "client_id=C1&client_secret=sesame", NULL, MCP_BAD_REQUEST },
    { "grant_type twice", CREDENTIALS "&grant_type=client_credentials", NULL, MCP_BAD_REQUEST },
    { "password", "grant_type=password&client_id=C1&client_secret=sesame", NULL, MCP_BAD_GRANT_TYPE },
    { "refresh_token", "grant_type=refresh_token&client_id=C1&client_secret=sesame", NULL, MCP_BAD_GRANT_TYPE },
    { "upper case", "grant_type=CLIENT_CREDENTIALS&client_id=C1&client_secret=sesame", NULL, MCP_BAD_GRANT_TYPE },
};

static void credentials_are_judged(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof credentials / sizeof *credentials; i++) {
        if (post_token(credentials[i].body) != credentials[i].rc) fail_msg("%s: %d %s", credentials[i].name, ctx->rc, ctx->detail);
        if (credentials[i].rc) continue;
        assert_string_equal(mcp_json_string(answered(), "scope"), credentials[i].scope);
        assert_string_equal(token_of(R1).sub, "C1");
    }
}

/* Anyone may register a confidential client: without a scope declared for machines it gets nothing. */
static void without_machine_scopes_there_is_no_such_grant(void **state)
{
    static const mcp_scope for_users[] = { { "customer.read", "Read", 0, 1, 0 } };

    (void)state;
    as.scopes = for_users;
    as.scope_count = 1;
    assert_int_equal(post_token(CREDENTIALS), MCP_BAD_CLIENT);  /* its registration is no longer acceptable either */
}

static void a_dead_secret_opens_nothing(void **state)
{
    (void)state;
    save_client("C3", "{\"token_endpoint_auth_method\":\"client_secret_post\",\"grant_types\":[\"client_credentials\"],\"redirect_uris\":[]}", "sesame", 0);
    assert_int_equal(post_token("grant_type=client_credentials&client_id=C3&client_secret=sesame"), MCP_BAD_CLIENT);
    assert_non_null(strstr(ctx->detail, "expired"));
}

static void parameters_stand_in_a_form_body(void **state)
{
    mcp_in in = request_of(NULL);

    (void)state;
    assert_int_equal(post(mcp_grant, in, CREDENTIALS), MCP_OK);
    in.query = "client_id=C1";
    assert_int_equal(post(mcp_grant, in, CREDENTIALS), MCP_BAD_REQUEST);
    in.query = "";
    assert_int_equal(post(mcp_grant, in, CREDENTIALS), MCP_OK);
    in.content_type = "application/json";
    assert_int_equal(post(mcp_grant, in, CREDENTIALS), MCP_BAD_MEDIA_TYPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(codes_are_judged, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(the_token_is_what_was_approved, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(a_code_shown_twice_revokes_its_token, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(a_code_shown_twice_at_once_gives_a_dead_token, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(a_replay_after_the_codes_own_life_revokes_too, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(a_store_that_dies_at_any_moment_issues_nothing, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(near_misses_spend_nothing, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(a_wrong_verifier_has_no_second_try, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(a_code_dies_with_its_redirect_uri, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(a_code_dies_in_time, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(credentials_are_judged, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(without_machine_scopes_there_is_no_such_grant, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(a_dead_secret_opens_nothing, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(parameters_stand_in_a_form_body, open_issuer, close_issuer),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
