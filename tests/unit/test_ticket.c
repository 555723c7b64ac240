/* Threat: a user or another site changes, borrows or keeps what the consent page carries. */
#include "flow_fixture.h"

static mcp_ticket sample(const char *state)
{
    mcp_ticket t = { NULL, "P1", "https://p1.example/cb", "customer.read", R1, "challenge", state, 1 };

    return t;
}

static const char *sealed_for(const char *user)
{
    mcp_ticket t = sample("s");
    const char *text;

    assert_int_equal(mcp_ticket_seal(ctx, &as, user, &t, &text), MCP_OK);
    return text;
}

static mcp_rc opened(const char *user, const char *text)
{
    mcp_ticket t;

    mcp_ctx_clear(ctx);
    return mcp_ticket_open(ctx, &as, user, text, &t);
}

static void what_was_sealed_comes_back(void **state)
{
    static const char *const states[] = { "s", "\xc3\xa4 \"<&\r\n", NULL };
    mcp_ticket in, t;
    const char *text;
    int i;

    (void)state;
    for (i = 0; i < 3; i++) {
        in = sample(states[i]);
        assert_int_equal(mcp_ticket_seal(ctx, &as, "alice", &in, &text), MCP_OK);
        assert_int_equal(mcp_ticket_open(ctx, &as, "alice", text, &t), MCP_OK);
        assert_string_equal(t.client, in.client);
        assert_string_equal(t.redirect, in.redirect);
        assert_string_equal(t.scope, in.scope);
        assert_string_equal(t.resource, in.resource);
        assert_string_equal(t.challenge, in.challenge);
        assert_true(t.id && strlen(t.id) > 16);
        if (states[i]) assert_string_equal(t.state, states[i]);
        else assert_null(t.state);
    }
}

static void two_tickets_share_nothing(void **state)
{
    const char *a = sealed_for("alice"), *b = sealed_for("alice");

    (void)state;
    assert_int_not_equal(strncmp(a, b, 16), 0);
    assert_null(strstr(a, "alice"));
}

static void any_changed_bit_is_noticed(void **state)
{
    const char *text = sealed_for("alice");
    unsigned char *bytes;
    size_t len, i;

    (void)state;
    assert_int_equal(mcp_text_base64url_decode(ctx, text, strlen(text), &bytes, &len), MCP_OK);
    for (i = 0; i < len; i++) {
        bytes[i] ^= (unsigned char)(1u << i % 8);
        assert_int_equal(opened("alice", mcp_text_base64url(ctx->pool, bytes, len)), MCP_BAD_TICKET);
        bytes[i] ^= (unsigned char)(1u << i % 8);
    }
    assert_int_equal(opened("alice", mcp_text_base64url(ctx->pool, bytes, len)), MCP_OK);
}

static void cut_tickets_are_refused(void **state)
{
    const char *text = sealed_for("alice");
    size_t len;

    (void)state;
    for (len = 0; len < strlen(text); len++)
        assert_int_equal(opened("alice", apr_pstrndup(ctx->pool, text, len)), MCP_BAD_TICKET);
    assert_int_equal(opened("alice", apr_pstrcat(ctx->pool, text, "A", NULL)), MCP_BAD_TICKET);
    assert_int_equal(opened("alice", apr_pstrcat(ctx->pool, text, "=", NULL)), MCP_BAD_TICKET);
}

static void a_ticket_belongs_to_user_issuer_and_key(void **state)
{
    static const unsigned char other[32] = "another key, after a rotation..";
    const char *text = sealed_for("alice");

    (void)state;
    assert_int_equal(opened("alice", text), MCP_OK);
    assert_int_equal(opened("bob", text), MCP_BAD_TICKET);
    assert_int_equal(opened("", text), MCP_BAD_TICKET);
    as.issuer = "https://other.example.test";
    assert_int_equal(opened("alice", text), MCP_BAD_TICKET);
    as.issuer = ISSUER;
    as.seal = other;
    assert_int_equal(opened("alice", text), MCP_BAD_TICKET);
}

static void a_ticket_dies(void **state)
{
    const char *text = sealed_for("alice");

    (void)state;
    ctx->now += apr_time_from_sec(MCP_TICKET_LIFE - 1);
    assert_int_equal(opened("alice", text), MCP_OK);
    ctx->now += apr_time_from_sec(1);
    assert_int_equal(opened("alice", text), MCP_BAD_TICKET);
}

static void long_requests_are_refused(void **state)
{
    char *big = apr_palloc(ctx->pool, MCP_TICKET_MAX + 2);
    mcp_ticket t = sample(big);
    const char *text;

    (void)state;
    memset(big, 'A', MCP_TICKET_MAX + 1);
    big[MCP_TICKET_MAX + 1] = '\0';
    assert_int_equal(mcp_ticket_seal(ctx, &as, "alice", &t, &text), MCP_BAD_REQUEST);
    assert_int_equal(opened("alice", big), MCP_BAD_TICKET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_sealed_comes_back, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(two_tickets_share_nothing, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(any_changed_bit_is_noticed, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(cut_tickets_are_refused, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(a_ticket_belongs_to_user_issuer_and_key, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(a_ticket_dies, open_issuer, close_issuer),
        cmocka_unit_test_setup_teardown(long_requests_are_refused, open_issuer, close_issuer),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
