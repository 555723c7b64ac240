/* Threat: another site, another user or a second click answers the consent page in the user's name. */
#include "flow_fixture.h"

static const char *body_of(const char *ticket, const char *rest)
{
    return apr_pstrcat(ctx->pool, "ticket=", ticket, rest, NULL);
}

static const struct {
    const char *name, *user, *origin, *site, *type, *rest;
    mcp_rc rc;
    int status;
} rows[] = {
    { "approve", "alice", NULL, NULL, FORM_TYPE, "&decision=approve&scope=customer.read", MCP_OK, 303 },
    { "with charset", "alice", NULL, NULL, "Application/X-www-form-urlencoded; charset=utf-8", "&decision=approve&scope=customer.read", MCP_OK, 303 },
    { "from our page", "alice", ISSUER, "same-origin", FORM_TYPE, "&decision=approve&scope=customer.read", MCP_OK, 303 },
    { "typed again", "alice", ISSUER, "none", FORM_TYPE, "&decision=approve&scope=customer.read", MCP_OK, 303 },
    { "origin hidden on our page", "alice", "null", "same-origin", FORM_TYPE, "&decision=approve&scope=customer.read", MCP_OK, 303 },
    { "origin hidden elsewhere", "alice", "null", NULL, FORM_TYPE, "&decision=approve&scope=customer.read", MCP_BAD_ORIGIN, 403 },
    { "sandboxed", "alice", "null", "cross-site", FORM_TYPE, "&decision=approve&scope=customer.read", MCP_BAD_ORIGIN, 403 },
    { "other site", "alice", NULL, "cross-site", FORM_TYPE, "&decision=approve&scope=customer.read", MCP_BAD_ORIGIN, 403 },
    { "sibling host", "alice", NULL, "same-site", FORM_TYPE, "&decision=approve&scope=customer.read", MCP_BAD_ORIGIN, 403 },
    { "other origin", "alice", "https://evil.test", NULL, FORM_TYPE, "&decision=approve&scope=customer.read", MCP_BAD_ORIGIN, 403 },
    { "other port", "alice", ISSUER ":8443", NULL, FORM_TYPE, "&decision=approve&scope=customer.read", MCP_BAD_ORIGIN, 403 },
    { "plain http", "alice", "http://as.example.test", NULL, FORM_TYPE, "&decision=approve&scope=customer.read", MCP_BAD_ORIGIN, 403 },
    { "other user", "bob", NULL, NULL, FORM_TYPE, "&decision=approve&scope=customer.read", MCP_BAD_TICKET, 400 },
    { "no user", NULL, NULL, NULL, FORM_TYPE, "&decision=approve&scope=customer.read", MCP_LOGIN_REQUIRED, 403 },
    { "JSON", "alice", NULL, NULL, "application/json", "&decision=approve&scope=customer.read", MCP_BAD_MEDIA_TYPE, 415 },
    { "text", "alice", NULL, NULL, "text/plain", "&decision=approve&scope=customer.read", MCP_BAD_MEDIA_TYPE, 415 },
    { "no type", "alice", NULL, NULL, NULL, "&decision=approve&scope=customer.read", MCP_BAD_MEDIA_TYPE, 415 },
    { "no decision", "alice", NULL, NULL, FORM_TYPE, "&scope=customer.read", MCP_BAD_REQUEST, 400 },
    { "other decision", "alice", NULL, NULL, FORM_TYPE, "&decision=APPROVE&scope=customer.read", MCP_BAD_REQUEST, 400 },
    { "decision twice", "alice", NULL, NULL, FORM_TYPE, "&decision=deny&decision=approve&scope=customer.read", MCP_BAD_REQUEST, 400 },
    { "deny", "alice", NULL, NULL, FORM_TYPE, "&decision=deny&scope=customer.read", MCP_ACCESS_DENIED, 303 },
    { "nothing ticked", "alice", NULL, NULL, FORM_TYPE, "&decision=approve", MCP_ACCESS_DENIED, 303 },
    { "only what was not asked", "alice", NULL, NULL, FORM_TYPE, "&decision=approve&scope=customer.write", MCP_ACCESS_DENIED, 303 },
    { "several in one value", "alice", NULL, NULL, FORM_TYPE, "&decision=approve&scope=customer.read+db.admin", MCP_ACCESS_DENIED, 303 },
};

static void answers_are_judged(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *body = body_of(new_ticket("alice"), rows[i].rest);
        mcp_in in = request_of(rows[i].user);

        in.origin = rows[i].origin;
        in.fetch_site = rows[i].site;
        in.content_type = rows[i].type;
        if (post(mcp_consent, in, body) != rows[i].rc) fail_msg("%s: %d %s", rows[i].name, ctx->rc, ctx->detail);
        if (out.status != rows[i].status) fail_msg("%s: status %d", rows[i].name, out.status);
        if (!rows[i].rc != (location_get("code") != NULL)) fail_msg("%s: %s", rows[i].name, header("Location"));
        assert_string_equal(out.audit.event, "consent");
    }
}

static void a_code_goes_to_the_client_alone(void **state)
{
    const char *code = new_code("alice");

    (void)state;
    assert_int_equal(strlen(code), 43);
    assert_int_equal(strncmp(header("Location"), "https://p1.example/cb?code=", 27), 0);
    assert_true(location_has("state", "s 1"));
    assert_true(location_has("iss", ISSUER));
    assert_string_equal(out.audit.client, "P1");
    assert_string_equal(out.audit.user, "alice");
    assert_string_equal(out.audit.scope, "customer.read");
    assert_string_not_equal(code, new_code("alice"));
}

static void a_refusal_goes_there_too(void **state)
{
    (void)state;
    assert_int_equal(post_consent("alice", body_of(new_ticket("alice"), "&decision=deny")), MCP_ACCESS_DENIED);
    assert_true(location_has("error", "access_denied"));
    assert_true(location_has("state", "s 1"));
    assert_true(location_has("iss", ISSUER));
}

static void an_answer_counts_once(void **state)
{
    const char *approve = body_of(new_ticket("alice"), "&decision=approve&scope=customer.read");
    const char *deny = body_of(new_ticket("alice"), "&decision=deny"), *later;

    (void)state;
    assert_int_equal(post_consent("alice", approve), MCP_OK);
    assert_int_equal(post_consent("alice", approve), MCP_BAD_TICKET);
    assert_int_equal(out.status, 400);
    assert_string_equal(header("Location"), "");
    assert_int_equal(post_consent("alice", deny), MCP_ACCESS_DENIED);
    later = apr_pstrcat(ctx->pool, apr_pstrndup(ctx->pool, deny, strcspn(deny, "&")), "&decision=approve&scope=customer.read", NULL);
    assert_int_equal(post_consent("alice", later), MCP_BAD_TICKET);
}

static void a_refused_form_spends_no_ticket(void **state)
{
    const char *ticket = new_ticket("alice");

    (void)state;
    assert_int_equal(post_consent("bob", body_of(ticket, "&decision=approve&scope=customer.read")), MCP_BAD_TICKET);
    assert_int_equal(post_consent("alice", body_of(ticket, "&decision=maybe")), MCP_BAD_REQUEST);
    assert_int_equal(post_consent("alice", body_of(ticket, "&decision=approve&scope=customer.read")), MCP_OK);
}

static void stale_and_foreign_tickets_are_refused(void **state)
{
    const char *body = body_of(new_ticket("alice"), "&decision=approve&scope=customer.read");

    (void)state;
    assert_int_equal(post_consent("alice", "decision=approve&scope=customer.read"), MCP_BAD_TICKET);
    assert_int_equal(post_consent("alice", "ticket=AAAA&decision=approve&scope=customer.read"), MCP_BAD_TICKET);
    ctx->now += apr_time_from_sec(MCP_TICKET_LIFE);
    assert_int_equal(post_consent("alice", body), MCP_BAD_TICKET);
}

/* httpd's own login form, shown in place of the page, posts name and password to the page's address. */
static void a_login_form_leads_back_to_the_page(void **state)
{
    mcp_in in = request_of("alice");

    (void)state;
    in.query = "client_id=P1&state=a%20b";
    assert_int_equal(post(mcp_consent, in, "httpd_username=alice&httpd_password=wonder"), MCP_BAD_TICKET);
    assert_int_equal(out.status, 303);
    assert_string_equal(header("Location"), ISSUER "/authorize?client_id=P1&state=a%20b");
    assert_int_equal(post(mcp_consent, in, "ticket=AAAA&decision=approve"), MCP_BAD_TICKET);
    assert_int_equal(out.status, 400);
    in.fetch_site = "cross-site";
    assert_int_equal(post(mcp_consent, in, "httpd_username=alice&httpd_password=wonder"), MCP_BAD_ORIGIN);
    assert_int_equal(out.status, 403);
}

static void the_client_must_still_be_there(void **state)
{
    const char *body = body_of(new_ticket("alice"), "&decision=approve&scope=customer.read");

    (void)state;
    assert_int_equal(mcp_store_remove(ctx, as.store, "client", ISSUER " P1"), MCP_OK);
    assert_int_equal(post_consent("alice", body), MCP_BAD_CLIENT);
    assert_int_equal(out.status, 400);
    assert_string_equal(header("Location"), "");
}

static void a_sensitive_scope_takes_a_tick(void **state)
{
    (void)state;
    assert_int_equal(post_consent("alice", body_of(new_ticket("alice"), "&decision=approve&scope=db.admin&scope=customer.read")), MCP_OK);
    assert_string_equal(out.audit.scope, "customer.read db.admin");
    assert_int_equal(post_consent("alice", body_of(new_ticket("alice"), "&decision=approve&scope=customer.read")), MCP_OK);
    assert_string_equal(out.audit.scope, "customer.read");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_are_judged, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(a_code_goes_to_the_client_alone, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(a_refusal_goes_there_too, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(an_answer_counts_once, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(a_refused_form_spends_no_ticket, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(stale_and_foreign_tickets_are_refused, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(a_login_form_leads_back_to_the_page, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(the_client_must_still_be_there, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(a_sensitive_scope_takes_a_tick, open_issuer, close_issuer),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
