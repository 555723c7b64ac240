/* A session belongs to the client and the user that opened it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/session.h"

static apr_pool_t *pool;
static const unsigned char key[MCP_SEAL_KEY_LEN] = "0123456789abcdef0123456789abcde";

static mcp_token token_of(const char *iss, const char *client, const char *sub)
{
    mcp_token t = { 0 };

    t.client_id = client;
    t.sub = sub;
    t.claims = mcp_json_own(pool, json_pack("{ss}", "iss", iss));
    return t;
}

static void only_its_owner_opens_it(void **state)
{
    static const struct {
        const char *iss, *client, *sub, *resource;
        mcp_rc rc;
    } rows[] = {
        { "https://i", "c", "alice", "https://r", MCP_OK },
        { "https://j", "c", "alice", "https://r", MCP_BAD_SESSION },
        { "https://i", "d", "alice", "https://r", MCP_BAD_SESSION },
        { "https://i", "c", "bob", "https://r", MCP_BAD_SESSION },
        { "https://i", "c", "alice", "https://s", MCP_BAD_SESSION },
        { "https://i", "c1:a", "lice", "https://r", MCP_BAD_SESSION },
        { "https://i", "", "alice", "https://r", MCP_BAD_SESSION },
    };
    mcp_token owner = token_of("https://i", "c", "alice");
    const char *sealed, *id;
    size_t i;

    (void)state;
    assert_int_equal(mcp_session_seal(mcp_ctx_create(pool), key, &owner, "https://r", "backend.id-1", &sealed), MCP_OK);
    assert_null(strstr(sealed, "backend"));
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        mcp_token t = token_of(rows[i].iss, rows[i].client, rows[i].sub);
        assert_int_equal(mcp_session_open(mcp_ctx_create(pool), key, &t, NULL, rows[i].resource, sealed, &id), rows[i].rc);
        if (!rows[i].rc) assert_string_equal(id, "backend.id-1");
    }
}

static void nothing_else_opens(void **state)
{
    mcp_token owner = token_of("https://i", "c", "alice");
    const unsigned char other[MCP_SEAL_KEY_LEN] = { 0 };
    const char *sealed, *id, *bad[5] = { "mcps.", "mcps.id", NULL };
    const char **text;

    (void)state;
    assert_int_equal(mcp_session_seal(mcp_ctx_create(pool), key, &owner, "https://r", "id", &sealed), MCP_OK);
    bad[2] = apr_pstrcat(pool, sealed, "x", NULL);
    bad[3] = apr_pstrmemdup(pool, sealed, strlen(sealed) - 1);
    for (text = bad; *text; text++) assert_int_equal(mcp_session_open(mcp_ctx_create(pool), key, &owner, NULL, "https://r", *text, &id), MCP_BAD_SESSION);
    assert_int_equal(mcp_session_open(mcp_ctx_create(pool), key, &owner, NULL, "https://r", "one, two", &id), MCP_BAD_SESSION);
    assert_int_equal(mcp_session_open(mcp_ctx_create(pool), other, &owner, NULL, "https://r", sealed, &id), MCP_BAD_SESSION);
    assert_int_equal(mcp_session_open(mcp_ctx_create(pool), key, &owner, NULL, "https://r", "of-the-backend's-past", &id), MCP_OK);
    assert_string_equal(id, "of-the-backend's-past");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(only_its_owner_opens_it), cmocka_unit_test(nothing_else_opens) };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
