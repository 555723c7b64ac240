/* Threat: a crafted authorization request sends the browser, or a code, where its user did not want it. */
#include "flow_fixture.h"
#include "mcp/page.h"

#define P1 "response_type=code&client_id=P1&redirect_uri=https%3A%2F%2Fp1.example%2Fcb"
#define PKCE "&code_challenge_method=S256&code_challenge=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
#define CB(uri) "response_type=code&client_id=P1" PKCE "&redirect_uri=" uri

static const struct {
    const char *name, *query;
    mcp_rc rc;
} here[] = {
    { "nothing", "", MCP_BAD_REQUEST },
    { "no client_id", "response_type=code&redirect_uri=https%3A%2F%2Fp1.example%2Fcb" PKCE, MCP_BAD_REQUEST },
    { "unknown client", "response_type=code&client_id=X&redirect_uri=https%3A%2F%2Fp1.example%2Fcb" PKCE, MCP_BAD_CLIENT },
    { "client_id twice", P1 PKCE "&client_id=P1", MCP_BAD_REQUEST },
    { "redirect_uri twice", P1 PKCE "&redirect_uri=https%3A%2F%2Fp1.example%2Fcb", MCP_BAD_REQUEST },
    { "client_id twice, one empty", P1 PKCE "&client_id=", MCP_BAD_REQUEST },
    { "redirect_uri twice, one empty", P1 PKCE "&redirect_uri=", MCP_BAD_REQUEST },
    { "bad escape", P1 PKCE "&state=%zz", MCP_BAD_REQUEST },
    { "NUL", P1 PKCE "&state=%00", MCP_BAD_REQUEST },
    { "not UTF-8", P1 PKCE "&state=%ff", MCP_BAD_REQUEST },
    { "no redirect_uri", "response_type=code&client_id=P1" PKCE, MCP_BAD_REQUEST },
    { "extra path", CB("https%3A%2F%2Fp1.example%2Fcb%2Fx"), MCP_BAD_REDIRECT },
    { "own query", CB("https%3A%2F%2Fp1.example%2Fcb%3Fx=1"), MCP_BAD_REDIRECT },
    { "fragment", CB("https%3A%2F%2Fp1.example%2Fcb%23f"), MCP_BAD_REDIRECT },
    { "other case", CB("https%3A%2F%2Fp1.example%2FCB"), MCP_BAD_REDIRECT },
    { "encoded letter", CB("https%3A%2F%2Fp1.example%2F%2563b"), MCP_BAD_REDIRECT },
    { "dot segments", CB("https%3A%2F%2Fp1.example%2Fx%2F..%2Fcb"), MCP_BAD_REDIRECT },
    { "trailing blank", CB("https%3A%2F%2Fp1.example%2Fcb+"), MCP_BAD_REDIRECT },
    { "trailing dot", CB("https%3A%2F%2Fp1.example.%2Fcb"), MCP_BAD_REDIRECT },
    { "default port", CB("https%3A%2F%2Fp1.example:443%2Fcb"), MCP_BAD_REDIRECT },
    { "other port", CB("https%3A%2F%2Fp1.example:8443%2Fcb"), MCP_BAD_REDIRECT },
    { "other client's", CB("https%3A%2F%2Fp2.example%2Fcb"), MCP_BAD_REDIRECT },
    { "script", CB("javascript:alert(1)"), MCP_BAD_REDIRECT },
    { "loopback look-alike", CB("http%3A%2F%2F127.0.0.1.nip.io:3000%2Fcallback"), MCP_BAD_REDIRECT },
    { "loopback as user", CB("http%3A%2F%2F127.0.0.1:3000@evil.test%2Fcallback"), MCP_BAD_REDIRECT },
    { "loopback, other path", CB("http%3A%2F%2F127.0.0.1:3000%2Fother"), MCP_BAD_REDIRECT },
};

static void nothing_leaves_before_the_redirect_is_known(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof here / sizeof *here; i++) {
        if (get_authorize("alice", here[i].query) != here[i].rc) fail_msg("%s: %d %s", here[i].name, ctx->rc, ctx->detail);
        if (out.status != 400 || *header("Location")) fail_msg("%s: status %d", here[i].name, out.status);
        assert_string_equal(out.audit.event, "authorize");
    }
}

static const struct {
    const char *name, *query;
    mcp_rc rc;
} there[] = {
    { "no response_type", "client_id=P1&redirect_uri=https%3A%2F%2Fp1.example%2Fcb" PKCE, MCP_BAD_REQUEST },
    { "token", "response_type=token&client_id=P1&redirect_uri=https%3A%2F%2Fp1.example%2Fcb" PKCE, MCP_BAD_RESPONSE_TYPE },
    { "code token", "response_type=code+token&client_id=P1&redirect_uri=https%3A%2F%2Fp1.example%2Fcb" PKCE, MCP_BAD_RESPONSE_TYPE },
    { "CODE", "response_type=CODE&client_id=P1&redirect_uri=https%3A%2F%2Fp1.example%2Fcb" PKCE, MCP_BAD_RESPONSE_TYPE },
    { "response_type twice", P1 PKCE "&response_type=code", MCP_BAD_REQUEST },
    { "method twice", P1 PKCE "&code_challenge_method=S256", MCP_BAD_REQUEST },
    { "scope twice", P1 PKCE "&scope=customer.read&scope=db.admin", MCP_BAD_REQUEST },
    { "what nobody knows twice", P1 PKCE "&x=1&x=1", MCP_BAD_REQUEST },
    { "fragment mode", P1 PKCE "&response_mode=fragment", MCP_BAD_REQUEST },
    { "request object", P1 PKCE "&request=eyJ9", MCP_BAD_REQUEST },
    { "no challenge", P1 "&code_challenge_method=S256", MCP_BAD_REQUEST },
    { "short challenge", P1 "&code_challenge_method=S256&code_challenge=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuF", MCP_BAD_REQUEST },
    { "challenge with padding", P1 "&code_challenge_method=S256&code_challenge=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU%3D", MCP_BAD_REQUEST },
    { "no method", P1 "&code_challenge=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", MCP_BAD_REQUEST },
    { "plain", P1 "&code_challenge_method=plain&code_challenge=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", MCP_BAD_REQUEST },
    { "s256", P1 "&code_challenge_method=s256&code_challenge=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", MCP_BAD_REQUEST },
    { "unknown scope alone", P1 PKCE "&scope=mcp:read", MCP_BAD_SCOPE },
    { "scope with a tab", P1 PKCE "&scope=customer.read%09db.admin", MCP_BAD_SCOPE },
    { "scope with a quote", P1 PKCE "&scope=customer.read+%22", MCP_BAD_SCOPE },
    { "scope with a backslash", P1 PKCE "&scope=customer.read+%5C", MCP_BAD_SCOPE },
    { "scope not ASCII", P1 PKCE "&scope=customer.read+%C3%A4", MCP_BAD_SCOPE },
    { "scope with two blanks", P1 PKCE "&scope=customer.read++db.admin", MCP_BAD_SCOPE },
    { "foreign resource", P1 PKCE "&resource=https://other.test/mcp", MCP_BAD_TARGET },
    { "resource with a slash", P1 PKCE "&resource=" R1 "/", MCP_BAD_TARGET },
    { "resource with a fragment", P1 PKCE "&resource=" R1 "%23f", MCP_BAD_TARGET },
    { "relative resource", P1 PKCE "&resource=/mcp", MCP_BAD_TARGET },
    { "empty resource", P1 PKCE "&resource=", MCP_BAD_TARGET },
    { "one resource empty", P1 PKCE "&resource=" R1 "&resource=", MCP_BAD_TARGET },
    { "two resources", P1 PKCE "&resource=" R1 "&resource=" R2, MCP_BAD_TARGET },
    { "prompt=none", P1 PKCE "&prompt=none", MCP_CONSENT_REQUIRED },
    { "prompt=none and more", P1 PKCE "&prompt=none+login", MCP_BAD_REQUEST },
};

static void other_errors_go_to_the_client(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof there / sizeof *there; i++) {
        const mcp_error *error = mcp_error_of(there[i].rc);
        if (get_authorize("alice", apr_pstrcat(ctx->pool, there[i].query, "&state=a%26b%0D%0A%3Cs%3E", NULL)) != there[i].rc)
            fail_msg("%s: %d %s", there[i].name, ctx->rc, ctx->detail);
        if (out.status != 303 || strncmp(header("Location"), "https://p1.example/cb?", 22)) fail_msg("%s: %s", there[i].name, header("Location"));
        if (!location_has("error", error->oauth) || !location_has("iss", ISSUER)) fail_msg("%s: %s", there[i].name, header("Location"));
        assert_true(location_has("state", "a&b\r\n<s>"));
        assert_null(strpbrk(header("Location"), "\r\n\"<> "));
    }
}

static const struct {
    const char *name, *query, *scope;
} asked[] = {
    { "by the book", P1 PKCE "&scope=customer.read&resource=" R1 "&state=s", "customer.read" },
    { "no state", P1 PKCE "&scope=customer.read", "customer.read" },
    { "no scope", P1 PKCE, "customer.read" },
    { "unknown scopes are left out", P1 PKCE "&scope=mcp:read+customer.write+offline_access", "customer.write" },
    { "more than registered", P1 PKCE "&scope=db.admin+customer.read+db.admin", "customer.read db.admin" },
    { "the same resource twice", P1 PKCE "&resource=" R1 "&resource=" R1, "customer.read" },
    { "prompt=consent", P1 PKCE "&prompt=login+consent", "customer.read" },
    { "response_mode=query", P1 PKCE "&response_mode=query", "customer.read" },
    { "loopback without port", CB("http%3A%2F%2F127.0.0.1%2Fcallback"), "customer.read" },
    { "loopback on any port", CB("http%3A%2F%2F127.0.0.1:51004%2Fcallback"), "customer.read" },
    { "client without scope", "response_type=code&client_id=P2&redirect_uri=https%3A%2F%2Fp2.example%2Fcb" PKCE, "customer.read" },
};

static void good_requests_reach_the_page(void **state)
{
    mcp_ticket ticket;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof asked / sizeof *asked; i++) {
        if (get_authorize("alice", asked[i].query)) fail_msg("%s: %s", asked[i].name, ctx->detail);
        assert_int_equal(out.status, 200);
        assert_int_equal(mcp_ticket_open(ctx, &as, "alice", ticket_on_page(), &ticket), MCP_OK);
        if (strcmp(ticket.scope, asked[i].scope)) fail_msg("%s: %s", asked[i].name, ticket.scope);
        assert_string_equal(ticket.resource, R1);
        assert_string_equal(out.audit.user, "alice");
        assert_string_equal(out.audit.scope, asked[i].scope);
    }
}

static void several_resources_must_be_told_apart(void **state)
{
    (void)state;
    as.resources = two_resources;
    assert_int_equal(get_authorize("alice", P1 PKCE), MCP_BAD_TARGET);
    assert_int_equal(get_authorize("alice", P1 PKCE "&resource=" R2), MCP_OK);
    assert_string_equal(out.audit.resource, R2);
}

static void long_things_are_refused(void **state)
{
    char *big = apr_palloc(ctx->pool, 20001);

    (void)state;
    memset(big, 'a', 20000);
    big[20000] = '\0';
    assert_int_equal(get_authorize("alice", apr_pstrcat(ctx->pool, P1 PKCE "&x=", big, NULL)), MCP_BAD_REQUEST);
    assert_int_equal(out.status, 400);
    big[2049] = '\0';
    assert_int_equal(get_authorize("alice", apr_pstrcat(ctx->pool, P1 PKCE "&state=", big, NULL)), MCP_BAD_REQUEST);
    assert_int_equal(out.status, 303);
    assert_null(location_get("state"));
    assert_int_equal(get_authorize("alice", apr_pstrcat(ctx->pool, P1 PKCE "&scope=", big, NULL)), MCP_BAD_SCOPE);
    big[2048] = '\0';
    assert_int_equal(get_authorize("alice", apr_pstrcat(ctx->pool, P1 PKCE "&state=", big, NULL)), MCP_OK);
}

static void a_state_that_stands_twice_is_not_sent_back(void **state)
{
    (void)state;
    assert_int_equal(get_authorize("alice", P1 PKCE "&state=a&state=b"), MCP_BAD_REQUEST);
    assert_int_equal(out.status, 303);
    assert_null(location_get("state"));
}

/* Threat: a client that registered where it is easy is used where registration is closed. */
static void a_client_belongs_to_its_issuer(void **state)
{
    (void)state;
    as.issuer = "https://other.example.test";
    assert_int_equal(get_authorize("alice", P1 PKCE), MCP_BAD_CLIENT);
    as.issuer = ISSUER;
    assert_int_equal(get_authorize("alice", P1 PKCE), MCP_OK);
}

static void nobody_is_nobody(void **state)
{
    (void)state;
    assert_int_equal(get_authorize(NULL, P1 PKCE), MCP_LOGIN_REQUIRED);
    assert_int_equal(get_authorize("", P1 PKCE), MCP_LOGIN_REQUIRED);
    assert_int_equal(get_authorize("\xff", P1 PKCE), MCP_BAD_REQUEST);
}

static void a_client_for_credentials_gets_no_code(void **state)
{
    (void)state;
    assert_int_equal(get_authorize("alice", "response_type=code&client_id=C1&redirect_uri=https%3A%2F%2Fc1.example%2Fcb" PKCE), MCP_BAD_REDIRECT);
}

/* Threat: a name, a scope text or a user name becomes markup; a frame or a script changes the question. */
static void the_page_shows_text_as_text(void **state)
{
    mcp_ticket ticket = { "id", "P1", "https://p1.example/cb", "customer.write db.admin", R1, "challenge", NULL, 0 };
    mcp_client client = { 0 };

    (void)state;
    forget();
    client.name = "First <b>one</b>";
    client.uri = "https://p1.example/";
    assert_int_equal(mcp_page_consent(ctx, &as, &client, &ticket, "sealed", "<i>alice", &out), MCP_OK);
    assert_null(strstr(out.body, "<b>"));
    assert_null(strstr(out.body, "<i>"));
    assert_null(strstr(out.body, "<script"));
    assert_non_null(strstr(out.body, "<bdi>First &lt;b&gt;one&lt;/b&gt;</bdi>"));
    assert_non_null(strstr(out.body, "<bdi>p1.example</bdi>"));
    assert_non_null(strstr(out.body, "action=\"" ISSUER "/authorize\""));
    assert_non_null(strstr(header("Content-Security-Policy"), "default-src 'none'"));
    assert_non_null(strstr(header("Content-Security-Policy"), "frame-ancestors 'none'"));
    assert_null(strstr(header("Content-Security-Policy"), "unsafe"));
    assert_string_equal(header("X-Frame-Options"), "DENY");
    assert_string_equal(header("Cache-Control"), "no-store");
}

/* Threat: a host of 250 letters hides who owns it. */
static void the_end_of_a_long_host_is_seen(void **state)
{
    mcp_ticket ticket = { "id", "P1", NULL, "customer.read", R1, "challenge", NULL, 0 };
    mcp_client client = { 0 };

    (void)state;
    forget();
    ticket.redirect = "https://login.bank.example.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.evil.test/cb";
    client.name = "x";
    assert_int_equal(mcp_page_consent(ctx, &as, &client, &ticket, "sealed", "alice", &out), MCP_OK);
    assert_non_null(strstr(out.body, ".evil.test</bdi>"));
    assert_null(strstr(out.body, "login.bank"));
}

static void sensitive_scopes_must_be_ticked_by_hand(void **state)
{
    (void)state;
    assert_int_equal(get_authorize("alice", P1 PKCE "&scope=customer.read+db.admin"), MCP_OK);
    assert_non_null(strstr(out.body, "value=\"customer.read\" checked>"));
    assert_non_null(strstr(out.body, "value=\"db.admin\">"));
    assert_null(strstr(out.body, "value=\"customer.write\""));
    assert_true(strstr(out.body, "value=\"deny\">") < strstr(out.body, "value=\"approve\">"));
}

static void programs_on_the_computer_are_warned_of(void **state)
{
    (void)state;
    assert_int_equal(get_authorize("alice", CB("http%3A%2F%2F127.0.0.1:51004%2Fcallback")), MCP_OK);
    assert_non_null(strstr(out.body, "class=\"warn\""));
    assert_int_equal(get_authorize("alice", P1 PKCE), MCP_OK);
    assert_null(strstr(out.body, "class=\"warn\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_leaves_before_the_redirect_is_known, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(other_errors_go_to_the_client, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(good_requests_reach_the_page, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(several_resources_must_be_told_apart, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(long_things_are_refused, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(a_state_that_stands_twice_is_not_sent_back, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(a_client_belongs_to_its_issuer, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(nobody_is_nobody, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(a_client_for_credentials_gets_no_code, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(the_page_shows_text_as_text, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(the_end_of_a_long_host_is_seen, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(sensitive_scopes_must_be_ticked_by_hand, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(programs_on_the_computer_are_warned_of, open_issuer, close_issuer),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
