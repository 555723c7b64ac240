/* Threat: somebody ends what is not his, learns of tokens what he may not, or goes on with what was ended. */
#include "flow_fixture.h"
#include "mcp/refresh.h"
#include "mcp/revocation.h"
#include "mcp/token.h"

#define CLIENT "{\"token_endpoint_auth_method\":\"none\",\"grant_types\":[\"authorization_code\",\"refresh_token\"],\"redirect_uris\":[\"https://n1.example/cb\"]}"

static mcp_introspector introspectors[2];
static const char *const second[] = { R2, NULL };

static int open_offline(void **state)
{
    if (open_issuer(state)) return -1;
    as.refresh = MCP_REFRESH_ASKED;
    as.refresh_ttl = as.refresh_idle = 3600;
    save_client("N1", CLIENT, NULL, 0);
    save_client("N2", CLIENT, NULL, 0);
    introspectors[0] = (mcp_introspector){ "gate", mcp_text_sha256_hex(ctx->pool, "sesame", 6), NULL };
    introspectors[1] = (mcp_introspector){ "other", mcp_text_sha256_hex(ctx->pool, "barley", 6), second };
    as.introspectors = introspectors;
    as.introspector_count = 2;
    forget();
    return 0;
}

static const char *told(const char *member)
{
    static const mcp_json_caps caps = { 16384, 4 };
    json_t *doc;

    assert_int_equal(mcp_json_object(ctx, out.body, strlen(out.body), &caps, &doc), MCP_OK);
    return mcp_json_string(doc, member);
}

/* An access token and a refresh token of N1 for alice. */
static void begin(const char **access, const char **refresh)
{
    const char *query = apr_pstrcat(ctx->pool, "response_type=code&redirect_uri=https%3A%2F%2Fn1.example%2Fcb&code_challenge_method=S256&code_challenge=",
                                    challenge_of(VERIFIER), "&client_id=N1&scope=customer.read+offline_access", NULL);

    assert_int_equal(get_authorize("alice", query), MCP_OK);
    assert_int_equal(post_consent("alice", apr_pstrcat(ctx->pool, "decision=approve&scope=customer.read&offline=1&ticket=", ticket_on_page(), NULL)), MCP_OK);
    assert_int_equal(post(mcp_grant, request_of(NULL), apr_pstrcat(ctx->pool, "grant_type=authorization_code&client_id=N1&code_verifier=" VERIFIER "&code=", location_get("code"), NULL)), MCP_OK);
    *access = told("access_token");
    *refresh = told("refresh_token");
}

static mcp_rc take_back(const char *client, const char *token)
{
    return post(mcp_revoke, request_of(NULL), apr_pstrcat(ctx->pool, "client_id=", client, "&token=", token, NULL));
}

static mcp_rc introspect(const char *token)
{
    return post(mcp_introspection, request_of(NULL), apr_pstrcat(ctx->pool, "client_id=gate&client_secret=sesame&token=", token, NULL));
}

static int is_active(const char *token)
{
    assert_int_equal(introspect(token), MCP_OK);
    assert_string_equal(header("Cache-Control"), "no-store");
    if (strstr(out.body, "\"active\":true")) return 1;
    assert_string_equal(out.body, "{\"active\":false}");
    return 0;
}

static mcp_rc refresh(const char *token)
{
    return post(mcp_grant, request_of(NULL), apr_pstrcat(ctx->pool, "grant_type=refresh_token&client_id=N1&refresh_token=", token, NULL));
}

static void either_token_ends_the_grant(void **state)
{
    const char *access, *token;

    (void)state;
    begin(&access, &token);
    assert_true(is_active(access));
    assert_int_equal(take_back("N1", token), MCP_OK);
    assert_int_equal(out.status, 200);
    assert_false(is_active(access));
    assert_int_equal(refresh(token), MCP_BAD_GRANT);
    begin(&access, &token);
    assert_int_equal(take_back("N1", access), MCP_OK);
    assert_false(is_active(access));
    assert_int_equal(refresh(token), MCP_BAD_GRANT);
}

/* A client that revokes what it has used already means the grant as well. */
static void an_earlier_refresh_token_ends_it_too(void **state)
{
    const char *access, *token, *next;

    (void)state;
    begin(&access, &token);
    assert_int_equal(refresh(token), MCP_OK);
    next = told("refresh_token");
    assert_int_equal(take_back("N1", token), MCP_OK);
    assert_int_equal(refresh(next), MCP_BAD_GRANT);
}

static void what_is_not_ones_own_stays(void **state)
{
    const char *access, *token;
    char *changed;

    (void)state;
    begin(&access, &token);
    assert_int_equal(take_back("N2", token), MCP_OK);
    assert_int_equal(take_back("N2", access), MCP_OK);
    assert_int_equal(take_back("N1", "garbage"), MCP_OK);
    assert_int_equal(take_back("N1", apr_pstrndup(ctx->pool, token, 22)), MCP_OK);
    assert_int_equal(take_back("N1", apr_pstrndup(ctx->pool, token, strlen(token) - 1)), MCP_OK);
    changed = apr_pstrdup(ctx->pool, token);
    changed[40] = changed[40] == 'A' ? 'B' : 'A';
    assert_int_equal(take_back("N1", changed), MCP_OK);
    assert_int_equal(take_back("N1", ""), MCP_BAD_REQUEST);
    assert_int_equal(take_back("nobody", token), MCP_BAD_CLIENT);
    assert_true(is_active(access));
    assert_int_equal(refresh(token), MCP_OK);
}

static const struct {
    const char *name, *who;
    mcp_rc rc;
    int active;
} askers[] = {
    { "by name and secret", "client_id=gate&client_secret=sesame", MCP_OK, 1 },
    { "for other resources alone", "client_id=other&client_secret=barley", MCP_OK, 0 },
    { "another one's secret", "client_id=gate&client_secret=barley", MCP_BAD_CLIENT, 0 },
    { "no secret", "client_id=gate", MCP_BAD_CLIENT, 0 },
    { "a registered client", "client_id=C1&client_secret=sesame", MCP_BAD_CLIENT, 0 },
    { "a public client", "client_id=N1", MCP_BAD_CLIENT, 0 },
    { "nobody", "x=y", MCP_BAD_CLIENT, 0 },
};

static void only_those_who_are_named_may_ask(void **state)
{
    const char *access, *token;
    size_t i;

    (void)state;
    begin(&access, &token);
    for (i = 0; i < sizeof askers / sizeof *askers; i++) {
        mcp_rc rc = post(mcp_introspection, request_of(NULL), apr_pstrcat(ctx->pool, askers[i].who, "&token=", access, NULL));
        if (rc != askers[i].rc) fail_msg("%s: %d %s", askers[i].name, rc, ctx->detail);
        if (rc) assert_null(out.body);
        else if (!strstr(out.body, "\"active\":true") != !askers[i].active) fail_msg("%s: %s", askers[i].name, out.body);
    }
}

static void what_is_told_is_what_the_token_says(void **state)
{
    const char *access, *token;

    (void)state;
    begin(&access, &token);
    assert_true(is_active(access));
    assert_string_equal(told("sub"), "alice");
    assert_string_equal(told("username"), "alice");
    assert_string_equal(told("client_id"), "N1");
    assert_string_equal(told("scope"), "customer.read");
    assert_string_equal(told("aud"), R1);
    assert_string_equal(told("iss"), ISSUER);
    assert_string_equal(told("token_type"), "Bearer");
    assert_false(is_active(token));             /* a refresh token is not for resources */
    assert_false(is_active("garbage"));
    assert_false(is_active(apr_pstrcat(ctx->pool, access, "A", NULL)));
    assert_int_equal(introspect(""), MCP_BAD_REQUEST);
    assert_int_equal(mcp_revoke_user(ctx, &as, "alice"), MCP_OK);
    assert_false(is_active(access));
    ctx->now += apr_time_from_sec(1);
    begin(&access, &token);
    ctx->now += apr_time_from_sec(600);
    assert_false(is_active(access));
}

static void without_a_line_there_is_no_such_endpoint(void **state)
{
    (void)state;
    as.introspector_count = 0;
    assert_int_equal(introspect("x"), MCP_NOT_FOUND);
}

/* What is remembered must be forgotten in time. */
static void a_user_who_takes_back_is_heard_within_two_seconds(void **state)
{
    mcp_revocation_memory *memory = mcp_revocation_remember(ctx->pool);
    mcp_token token = { .sub = "alice", .client_id = "N1", .jti = "grant.one", .claims = json_pack("{s:I}", "iat", (json_int_t)mcp_now(ctx)) };
    mcp_token other = token;

    (void)state;
    other.sub = "bob";
    assert_int_equal(mcp_revocation_check_token(ctx, &as, memory, &token), MCP_OK);
    assert_int_equal(mcp_revoke_user(ctx, &as, "alice"), MCP_OK);
    ctx->now += apr_time_from_sec(MCP_REVOCATION_MEMORY);
    assert_int_equal(mcp_revocation_check_token(ctx, &as, memory, &token), MCP_BAD_TOKEN);
    assert_int_equal(mcp_revocation_check_token(ctx, &as, memory, &other), MCP_OK);
    mcp_ctx_clear(ctx);
    assert_int_equal(mcp_revoke_grant(ctx, &as, "grant"), MCP_OK);
    assert_int_equal(mcp_revocation_check_token(ctx, &as, memory, &other), MCP_BAD_TOKEN);      /* grants are asked for each time */
    json_decref((json_t *)(size_t)token.claims);
}

/* ---- keys come and go ---- */

static void what_was_sealed_by_the_key_before_still_opens(void **state)
{
    static const unsigned char next[32] = "another thirty-two bytes......";
    const unsigned char *others[] = { as.seal, NULL };
    const char *access, *token, *ticket = new_ticket("alice"), *body;

    (void)state;
    begin(&access, &token);
    as.seal = next;
    assert_int_equal(post_consent("alice", apr_pstrcat(ctx->pool, "decision=approve&scope=customer.read&ticket=", ticket, NULL)), MCP_BAD_TICKET);
    assert_int_equal(refresh(token), MCP_BAD_GRANT);
    as.other_seals = others;
    body = apr_pstrcat(ctx->pool, "decision=approve&scope=customer.read&ticket=", ticket, NULL);
    assert_int_equal(post_consent("alice", body), MCP_OK);
    assert_int_equal(refresh(token), MCP_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_offline, close_issuer)
    const struct CMUnitTest tests[] = {
        TEST(either_token_ends_the_grant), TEST(an_earlier_refresh_token_ends_it_too), TEST(what_is_not_ones_own_stays), TEST(only_those_who_are_named_may_ask),
        TEST(what_is_told_is_what_the_token_says), TEST(without_a_line_there_is_no_such_endpoint), TEST(a_user_who_takes_back_is_heard_within_two_seconds),
        TEST(what_was_sealed_by_the_key_before_still_opens),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
