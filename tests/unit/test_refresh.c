/* Threat: a refresh token that was stolen, guessed, used before, taken back or shown by another client becomes a token, or one
 * that allows more than its user approved. */
#include "flow_fixture.h"
#include "mcp/refresh.h"
#include "mcp/revocation.h"
#include "mcp/token.h"

static int open_offline(void **state)
{
    if (open_issuer(state)) return -1;
    as.refresh = MCP_REFRESH_ASKED;
    as.client_ttl = 86400;
    as.refresh_ttl = 3600;
    as.refresh_idle = 1200;
    save_client("N1", "{\"token_endpoint_auth_method\":\"none\",\"grant_types\":[\"authorization_code\",\"refresh_token\"],"
                "\"redirect_uris\":[\"https://n1.example/cb\"]}", NULL, 0);
    save_client("N2", "{\"token_endpoint_auth_method\":\"client_secret_post\",\"grant_types\":[\"authorization_code\",\"refresh_token\"],"
                "\"redirect_uris\":[\"https://n1.example/cb\"]}", "sesame", 600);
    forget();
    return 0;
}

static json_t *answered(void)
{
    static const mcp_json_caps caps = { 16384, 2 };
    json_t *doc;

    assert_int_equal(mcp_json_object(ctx, out.body, strlen(out.body), &caps, &doc), MCP_OK);
    return doc;
}

static const char *told(const char *member)
{
    return mcp_json_string(answered(), member);
}

static mcp_token token_now(void)
{
    mcp_token_profile profile = { ISSUER, R1, mcp_keys_of(ctx->pool, as.key), 0 };
    const char *text = told("access_token");
    mcp_token token;

    assert_non_null(text);
    assert_int_equal(mcp_token_verify(ctx, &profile, text, strlen(text), &token), MCP_OK);
    return token;
}

static mcp_rc post_token(const char *body)
{
    return post(mcp_grant, request_of(NULL), body);
}

static const char *query_of(const char *client, const char *scope)
{
    return apr_pstrcat(ctx->pool, "response_type=code&redirect_uri=https%3A%2F%2Fn1.example%2Fcb&code_challenge_method=S256&code_challenge=",
                       challenge_of(VERIFIER), "&client_id=", client, "&scope=", scope, NULL);
}

/* The whole way to the first answer; form: what the user ticked. */
static mcp_rc begin(const char *client, const char *scope, const char *form)
{
    assert_int_equal(get_authorize("alice", query_of(client, scope)), MCP_OK);
    assert_int_equal(post_consent("alice", apr_pstrcat(ctx->pool, "decision=approve", form, "&ticket=", ticket_on_page(), NULL)), MCP_OK);
    return post_token(apr_pstrcat(ctx->pool, "grant_type=authorization_code&code_verifier=" VERIFIER "&client_id=", client, "&code=", location_get("code"), NULL));
}

#define BOTH "&scope=customer.read&scope=customer.write&offline=1"

static const char *first(void)
{
    assert_int_equal(begin("N1", "customer.read+customer.write+offline_access", BOTH), MCP_OK);
    assert_non_null(told("refresh_token"));
    return told("refresh_token");
}

static mcp_rc refresh(const char *token, const char *members)
{
    return post_token(apr_pstrcat(ctx->pool, "grant_type=refresh_token&client_id=N1&refresh_token=", token, members, NULL));
}

static int is_alive(const mcp_token *token, apr_int64_t since)
{
    mcp_rc rc;

    mcp_ctx_clear(ctx);
    rc = mcp_revocation_check(ctx, &as, mcp_revocation_grant_of(ctx->pool, token->jti), token->client_id, token->sub, since);
    mcp_ctx_clear(ctx);
    return rc == MCP_OK;
}

/* ---- who gets one ---- */

static const struct {
    const char *name;
    mcp_refresh_policy policy;
    const char *scope, *form;
    int asked, given;
} givings[] = {
    { "asked and approved", MCP_REFRESH_ASKED, "customer.read+offline_access", "&scope=customer.read&offline=1", 1, 1 },
    { "asked for nothing else", MCP_REFRESH_ASKED, "offline_access", "&scope=customer.read&offline=1", 1, 1 },
    { "asked and unticked", MCP_REFRESH_ASKED, "customer.read+offline_access", "&scope=customer.read", 1, 0 },
    { "not asked", MCP_REFRESH_ASKED, "customer.read", "&scope=customer.read&offline=1", 0, 0 },
    { "registered is enough", MCP_REFRESH_REGISTERED, "customer.read", "&scope=customer.read&offline=1", 1, 1 },
    { "registered and unticked", MCP_REFRESH_REGISTERED, "customer.read", "&scope=customer.read", 1, 0 },
    { "off", MCP_REFRESH_OFF, "customer.read+offline_access", "&scope=customer.read&offline=1", 0, 0 },
};

static void the_policy_and_the_user_decide(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof givings / sizeof *givings; i++) {
        as.refresh = givings[i].policy;
        assert_int_equal(get_authorize("alice", query_of("N1", givings[i].scope)), MCP_OK);
        if (!givings[i].asked != !strstr(out.body, "name=\"offline\"")) fail_msg("%s: the page", givings[i].name);
        assert_int_equal(begin("N1", givings[i].scope, givings[i].form), MCP_OK);
        if (!givings[i].given != !told("refresh_token")) fail_msg("%s: the answer", givings[i].name);
        assert_string_equal(told("scope"), "customer.read");
    }
}

static void a_client_that_did_not_register_it_gets_none(void **state)
{
    const char *query = apr_pstrcat(ctx->pool, good_query(), NULL), *body;

    (void)state;
    as.refresh = MCP_REFRESH_REGISTERED;
    assert_int_equal(get_authorize("alice", query), MCP_OK);
    assert_null(strstr(out.body, "name=\"offline\""));
    body = apr_pstrcat(ctx->pool, "decision=approve&scope=customer.read&offline=1&ticket=", ticket_on_page(), NULL);
    assert_int_equal(post_consent("alice", body), MCP_OK);
    assert_int_equal(post_token(apr_pstrcat(ctx->pool, "grant_type=authorization_code&client_id=P1&code_verifier=" VERIFIER "&code=", location_get("code"), NULL)), MCP_OK);
    assert_null(told("refresh_token"));
    assert_int_equal(post_token("grant_type=refresh_token&client_id=P1&refresh_token=x"), MCP_UNAUTHORIZED_CLIENT);
}

/* ---- what it is good for ---- */

static const struct {
    const char *name, *members, *scope;
    mcp_rc rc;
} uses[] = {
    { "by the book", "", "customer.read customer.write", MCP_OK },
    { "narrower", "&scope=customer.read", "customer.read", MCP_OK },
    { "the same, with offline_access", "&scope=customer.write+customer.read+offline_access", "customer.read customer.write", MCP_OK },
    { "offline_access alone", "&scope=offline_access", "customer.read customer.write", MCP_OK },
    { "its resource", "&resource=" R1, "customer.read customer.write", MCP_OK },
    { "wider", "&scope=customer.read+db.admin", NULL, MCP_BAD_SCOPE },
    { "an unknown scope", "&scope=customer.read+root", NULL, MCP_BAD_SCOPE },
    { "a scope that is none", "&scope=customer.read++customer.write", NULL, MCP_BAD_SCOPE },
    { "another resource", "&resource=" R2, NULL, MCP_BAD_TARGET },
    { "an empty resource", "&resource=", NULL, MCP_BAD_TARGET },
    { "two resources", "&resource=" R1 "&resource=" R2, NULL, MCP_BAD_TARGET },
    { "twice", "&refresh_token=x", NULL, MCP_BAD_REQUEST },
};

static void uses_are_judged(void **state)
{
    const char *token = first();
    size_t i;

    (void)state;
    for (i = 0; i < sizeof uses / sizeof *uses; i++) {
        if (refresh(token, uses[i].members) != uses[i].rc) fail_msg("%s: %d %s", uses[i].name, ctx->rc, ctx->detail);
        if (uses[i].rc) continue;       /* a mistake spends nothing, and the next row shows it */
        assert_string_equal(told("scope"), uses[i].scope);
        assert_string_equal(token_now().scope, uses[i].scope);
        assert_string_equal(token_now().sub, "alice");
        assert_string_not_equal(told("refresh_token"), token);
        token = told("refresh_token");
    }
    assert_int_equal(refresh(token, ""), MCP_OK);
}

static void what_is_no_token_is_refused(void **state)
{
    const char *token = first(), *access = told("access_token");
    char *other = apr_pstrdup(ctx->pool, token);

    (void)state;
    other[30] = other[30] == 'A' ? 'B' : 'A';
    assert_int_equal(refresh(other, ""), MCP_BAD_GRANT);
    assert_int_equal(refresh(apr_pstrndup(ctx->pool, token, strlen(token) - 1), ""), MCP_BAD_GRANT);
    assert_int_equal(refresh(apr_pstrcat(ctx->pool, token, "A", NULL), ""), MCP_BAD_GRANT);
    assert_int_equal(refresh(apr_pstrcat(ctx->pool, token, "+", NULL), ""), MCP_BAD_GRANT);
    assert_int_equal(refresh(apr_pstrndup(ctx->pool, token, 22), ""), MCP_BAD_GRANT);
    assert_int_equal(refresh(apr_pstrndup(ctx->pool, token, 23), ""), MCP_BAD_GRANT);
    assert_int_equal(refresh(access, ""), MCP_BAD_GRANT);
    assert_int_equal(refresh("", ""), MCP_BAD_REQUEST);
    assert_int_equal(refresh(token, ""), MCP_OK);
}

static void another_client_or_issuer_gets_nothing(void **state)
{
    const char *token = first();

    (void)state;
    assert_int_equal(post_token(apr_pstrcat(ctx->pool, "grant_type=refresh_token&client_id=N2&client_secret=sesame&refresh_token=", token, NULL)), MCP_BAD_GRANT);
    as.issuer = "https://other.example.test";
    assert_int_equal(refresh(token, ""), MCP_BAD_CLIENT);
    save_client("N1", "{\"token_endpoint_auth_method\":\"none\",\"grant_types\":[\"authorization_code\",\"refresh_token\"],\"redirect_uris\":[\"https://n1.example/cb\"]}", NULL, 0);
    assert_int_equal(refresh(token, ""), MCP_BAD_GRANT);
    as.issuer = ISSUER;
    assert_int_equal(refresh(token, ""), MCP_OK);
}

static void a_confidential_client_must_show_who_it_is(void **state)
{
    const char *form;

    (void)state;
    assert_int_equal(get_authorize("alice", query_of("N2", "customer.read+offline_access")), MCP_OK);
    assert_int_equal(post_consent("alice", apr_pstrcat(ctx->pool, "decision=approve&scope=customer.read&offline=1&ticket=", ticket_on_page(), NULL)), MCP_OK);
    form = apr_pstrcat(ctx->pool, "grant_type=authorization_code&client_secret=sesame&code_verifier=" VERIFIER "&client_id=N2&code=", location_get("code"), NULL);
    assert_int_equal(post_token(form), MCP_OK);
    form = apr_pstrcat(ctx->pool, "grant_type=refresh_token&client_id=N2&refresh_token=", told("refresh_token"), NULL);
    assert_int_equal(post_token(form), MCP_BAD_CLIENT);
    assert_int_equal(post_token(apr_pstrcat(ctx->pool, form, "&client_secret=open", NULL)), MCP_BAD_CLIENT);
    assert_int_equal(post_token(apr_pstrcat(ctx->pool, form, "&client_secret=sesame", NULL)), MCP_OK);
}

/* ---- how it ends ---- */

static void one_that_was_used_ends_everything(void **state)
{
    const char *old = first(), *newer;
    mcp_token one = token_now(), two;

    (void)state;
    assert_int_equal(refresh(old, ""), MCP_OK);
    newer = told("refresh_token");
    two = token_now();
    assert_string_not_equal(one.jti, two.jti);
    assert_true(is_alive(&one, mcp_now(ctx)) && is_alive(&two, mcp_now(ctx)));
    assert_int_equal(refresh(old, ""), MCP_BAD_GRANT);
    assert_non_null(strstr(ctx->detail, "revoked"));
    assert_false(is_alive(&one, mcp_now(ctx)) || is_alive(&two, mcp_now(ctx)));
    assert_int_equal(refresh(newer, ""), MCP_BAD_GRANT);
}

static void the_code_shown_again_ends_everything(void **state)
{
    const char *form, *token;
    mcp_token access;

    (void)state;
    assert_int_equal(get_authorize("alice", query_of("N1", "customer.read+offline_access")), MCP_OK);
    assert_int_equal(post_consent("alice", apr_pstrcat(ctx->pool, "decision=approve&scope=customer.read&offline=1&ticket=", ticket_on_page(), NULL)), MCP_OK);
    form = apr_pstrcat(ctx->pool, "grant_type=authorization_code&code_verifier=" VERIFIER "&client_id=N1&code=", location_get("code"), NULL);
    assert_int_equal(post_token(form), MCP_OK);
    assert_int_equal(refresh(told("refresh_token"), ""), MCP_OK);
    token = told("refresh_token");
    access = token_now();
    ctx->now += apr_time_from_sec(1100);        /* long after the code's own life */
    assert_int_equal(post_token(form), MCP_BAD_GRANT);
    assert_false(is_alive(&access, mcp_now(ctx)));
    assert_int_equal(refresh(token, ""), MCP_BAD_GRANT);
}

/* Threat: two show the same token in the same moment, and both find its record. */
static void of_two_at_once_one_gets_an_answer_and_nobody_keeps_it(void **state)
{
    const char *token = first(), *next;
    mcp_offline a, b;

    (void)state;
    assert_int_equal(mcp_refresh_open(ctx, &as, "N1", token, &a), MCP_OK);
    assert_int_equal(mcp_refresh_open(ctx, &as, "N1", token, &b), MCP_OK);
    assert_int_equal(mcp_refresh_turn(ctx, &as, &a, &next), MCP_OK);
    assert_int_equal(mcp_refresh_turn(ctx, &as, &b, &token), MCP_BAD_GRANT);
    assert_int_equal(refresh(next, ""), MCP_BAD_GRANT);
}

/* The second comes between the first one's taking and keeping. */
static void one_who_comes_while_the_record_is_away_ends_it(void **state)
{
    const char *token = first(), *text, *next;
    mcp_token access = token_now();
    mcp_offline g;
    size_t len;

    (void)state;
    assert_int_equal(mcp_refresh_open(ctx, &as, "N1", token, &g), MCP_OK);
    assert_int_equal(mcp_store_take(ctx, as.store, "refresh", apr_pstrcat(ctx->pool, token, " " ISSUER, NULL), &text, &len), MCP_OK);
    assert_int_equal(refresh(token, ""), MCP_BAD_GRANT);
    assert_false(is_alive(&access, mcp_now(ctx)));
    assert_int_equal(mcp_refresh_turn(ctx, &as, &g, &next), MCP_BAD_GRANT);
}

static void nobody_lives_for_ever(void **state)
{
    const char *token = first();
    int i;

    (void)state;
    for (i = 0; i < 3; i++) {
        ctx->now += apr_time_from_sec(1100);
        assert_int_equal(refresh(token, ""), MCP_OK);
        token = told("refresh_token");
    }
    ctx->now += apr_time_from_sec(300);         /* 3600 s after the consent */
    assert_int_equal(refresh(token, ""), MCP_BAD_GRANT);
    token = first();
    ctx->now += apr_time_from_sec(1200);        /* never used */
    assert_int_equal(refresh(token, ""), MCP_BAD_GRANT);
}

static void what_was_taken_back_stays_so(void **state)
{
    const char *token = first();
    mcp_token access = token_now();

    (void)state;
    assert_int_equal(mcp_revoke_user(ctx, &as, "bob"), MCP_OK);
    assert_true(is_alive(&access, mcp_now(ctx)));
    assert_int_equal(mcp_revoke_user(ctx, &as, "alice"), MCP_OK);
    assert_false(is_alive(&access, mcp_now(ctx)));
    assert_int_equal(refresh(token, ""), MCP_BAD_GRANT);
    ctx->now += apr_time_from_sec(1);
    token = first();                            /* she thought better of it */
    access = token_now();
    assert_true(is_alive(&access, mcp_now(ctx)));
    assert_int_equal(refresh(token, ""), MCP_OK);
    token = told("refresh_token");
    assert_int_equal(mcp_client_revoke(ctx, &as, "N1"), MCP_OK);
    assert_false(is_alive(&access, mcp_now(ctx)));
    assert_int_equal(refresh(token, ""), MCP_BAD_GRANT);
}

/* A policy that became stricter holds for old grants too. */
static void a_scope_or_a_grant_that_is_gone_is_given_no_more(void **state)
{
    static const mcp_scope fewer[] = { { "customer.read", "Read customer records", 0, 1, 1 } };
    const char *token = first();

    (void)state;
    as.scopes = fewer;
    as.scope_count = 1;
    assert_int_equal(refresh(token, ""), MCP_OK);
    assert_string_equal(told("scope"), "customer.read");
    token = told("refresh_token");
    as.refresh = MCP_REFRESH_OFF;
    assert_int_equal(refresh(token, ""), MCP_BAD_GRANT_TYPE);
}

static void a_token_that_expired_is_no_thief(void **state)
{
    const char *token = first();
    mcp_token access = token_now();

    (void)state;
    ctx->now += apr_time_from_sec(1200);
    assert_int_equal(refresh(token, ""), MCP_BAD_GRANT);
    assert_non_null(strstr(ctx->detail, "expired"));
    assert_true(is_alive(&access, mcp_now(ctx)));
}

static void the_store_holds_no_token(void **state)
{
    const char *token = first(), *text;
    size_t len;

    (void)state;
    assert_int_equal(mcp_store_get(ctx, as.store, "refresh", apr_pstrcat(ctx->pool, token, " " ISSUER, NULL), &text, &len), MCP_OK);
    assert_null(strstr(text, token + 23));
    assert_null(strstr(text, apr_pstrndup(ctx->pool, token, 22)));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_offline, close_issuer)
    const struct CMUnitTest tests[] = {
        TEST(the_policy_and_the_user_decide), TEST(a_client_that_did_not_register_it_gets_none), TEST(uses_are_judged), TEST(what_is_no_token_is_refused),
        TEST(another_client_or_issuer_gets_nothing), TEST(a_confidential_client_must_show_who_it_is), TEST(one_that_was_used_ends_everything),
        TEST(the_code_shown_again_ends_everything), TEST(of_two_at_once_one_gets_an_answer_and_nobody_keeps_it),
        TEST(one_who_comes_while_the_record_is_away_ends_it), TEST(nobody_lives_for_ever), TEST(what_was_taken_back_stays_so),
        TEST(a_scope_or_a_grant_that_is_gone_is_given_no_more), TEST(the_store_holds_no_token), TEST(a_token_that_expired_is_no_thief),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
