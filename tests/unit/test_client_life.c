/* Threat: strangers' registrations push out clients that people use, or fill the store; a change or a removal is undone by somebody who only used the client. */
#include "as_fixture.h"
#include "mcp/register.h"

#define BODY "{\"client_name\":\"App\",\"token_endpoint_auth_method\":\"none\",\"redirect_uris\":[\"https://app.example.com/cb\"]}"

enum { HOUR = 3600, TTL = FIXTURE_CLIENT_TTL };

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

static void wait_for(as_fixture *f, int seconds)
{
    f->ctx->now += apr_time_from_sec(seconds);
}

static mcp_rc enroll(as_fixture *f, const char **id)
{
    mcp_in in = { .method = "POST", .content_type = "application/json", .peer = "192.0.2.1", .body = BODY, .body_len = sizeof BODY - 1 };
    mcp_out out = { 0 };
    mcp_rc rc;

    mcp_ctx_clear(f->ctx);
    rc = mcp_register(f->ctx, &f->as, &in, &out);
    if (id) *id = out.audit.client;
    return rc;
}

static const mcp_client *find(as_fixture *f, const char *id)
{
    const mcp_client *client;

    mcp_ctx_clear(f->ctx);
    return mcp_client_load(f->ctx, &f->as, id, &client) ? NULL : client;
}

static void use(as_fixture *f, const char *id, int by_user, int renewed)
{
    int was;

    assert_int_equal(mcp_client_used(f->ctx, &f->as, find(f, id), by_user, &was), MCP_OK);
    assert_int_equal(was, renewed);
}

static void the_oldest_gives_way(void **state)
{
    as_fixture *f = *state;
    const char *id[4];
    int i;

    f->as.clients_max = 3;
    for (i = 0; i < 3; i++) assert_int_equal(enroll(f, &id[i]), MCP_OK);
    wait_for(f, HOUR);
    assert_int_equal(enroll(f, &id[3]), MCP_OK);
    assert_null(find(f, id[0]));
    for (i = 1; i < 4; i++) assert_non_null(find(f, id[i]));
}

static void the_young_do_not(void **state)
{
    as_fixture *f = *state;
    const char *first;

    f->as.clients_max = 2;
    assert_int_equal(enroll(f, &first), MCP_OK);
    assert_int_equal(enroll(f, NULL), MCP_OK);
    wait_for(f, HOUR - 1);
    assert_int_equal(enroll(f, NULL), MCP_UNAVAILABLE);
    assert_non_null(find(f, first));
    wait_for(f, 1);
    assert_int_equal(enroll(f, NULL), MCP_OK);
}

static void whom_a_user_approved_does_not(void **state)
{
    as_fixture *f = *state;
    const char *used, *machine, *other;

    f->as.clients_max = 3;
    assert_int_equal(enroll(f, &used), MCP_OK);
    assert_int_equal(enroll(f, &machine), MCP_OK);
    assert_int_equal(enroll(f, &other), MCP_OK);
    use(f, used, 1, 0);
    use(f, machine, 0, 0);
    wait_for(f, HOUR);
    assert_int_equal(enroll(f, NULL), MCP_OK);
    assert_non_null(find(f, used));
    assert_null(find(f, machine));
    assert_non_null(find(f, other));
    assert_int_equal(enroll(f, NULL), MCP_OK);
    assert_null(find(f, other));
    assert_int_equal(enroll(f, NULL), MCP_UNAVAILABLE);
    assert_non_null(find(f, used));
}

static void a_seat_that_was_left_is_free(void **state)
{
    as_fixture *f = *state;
    const char *first;

    f->as.clients_max = 1;
    assert_int_equal(enroll(f, &first), MCP_OK);
    assert_int_equal(enroll(f, NULL), MCP_UNAVAILABLE);
    assert_int_equal(mcp_client_remove(f->ctx, &f->as, first), MCP_OK);
    assert_int_equal(enroll(f, NULL), MCP_OK);
}

static void use_renews_seldom(void **state)
{
    as_fixture *f = *state;
    const char *id;

    assert_int_equal(enroll(f, &id), MCP_OK);
    use(f, id, 1, 0);
    wait_for(f, TTL / 4 - 1);
    use(f, id, 1, 0);
    wait_for(f, 1);
    f->memory.life = 0;
    use(f, id, 1, 1);
    assert_int_equal(f->memory.life, TTL);
    use(f, id, 1, 0);
    wait_for(f, TTL / 4);
    use(f, id, 0, 1);
    use(f, id, 1, 0);       /* that a user approved it stays known */
}

static void who_changes_it_is_not_disturbed(void **state)
{
    as_fixture *f = *state;
    const char *id;

    assert_int_equal(enroll(f, &id), MCP_OK);
    wait_for(f, TTL / 2);
    assert_int_equal(mcp_client_lock(f->ctx, &f->as, id, 0), MCP_OK);
    use(f, id, 1, 1);
    assert_int_equal(mcp_client_lock(f->ctx, &f->as, id, 0), MCP_EXISTS);     /* it left the other's lock alone */
    mcp_client_unlock(f->ctx, &f->as, id);
    mcp_ctx_clear(f->ctx);
    assert_int_equal(mcp_client_lock(f->ctx, &f->as, id, 0), MCP_OK);
}

static void what_was_removed_is_not_brought_back(void **state)
{
    as_fixture *f = *state;
    const mcp_client *client;
    const char *id;

    assert_int_equal(enroll(f, &id), MCP_OK);
    wait_for(f, TTL / 2);
    client = find(f, id);
    assert_int_equal(mcp_client_remove(f->ctx, &f->as, id), MCP_OK);
    assert_int_equal(mcp_client_used(f->ctx, &f->as, client, 1, NULL), MCP_OK);
    assert_null(find(f, id));
    assert_int_equal(enroll(f, &id), MCP_OK);
    wait_for(f, TTL / 2);
    assert_int_equal(mcp_client_revoke(f->ctx, &f->as, id), MCP_OK);
    assert_int_equal(mcp_client_used(f->ctx, &f->as, find(f, id), 1, NULL), MCP_OK);
    assert_null(find(f, id));
}

static void a_client_found_again_lives_on(void **state)
{
    as_fixture *f = *state;
    const char *first, *second;

    f->as.dedupe = 1;
    assert_int_equal(enroll(f, &first), MCP_OK);
    wait_for(f, TTL / 2);
    f->memory.life = 0;
    assert_int_equal(enroll(f, &second), MCP_OK);
    assert_string_equal(first, second);
    assert_int_equal(f->memory.life, TTL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_oldest_gives_way), TEST(the_young_do_not), TEST(whom_a_user_approved_does_not), TEST(a_seat_that_was_left_is_free),
        TEST(use_renews_seldom), TEST(who_changes_it_is_not_disturbed), TEST(what_was_removed_is_not_brought_back), TEST(a_client_found_again_lives_on)
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
