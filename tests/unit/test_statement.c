/* Threat: a registration claims what no vendor signed, or what he signed for something else, or no longer. */
#include <stdlib.h>
#include <unistd.h>
#include "as_fixture.h"
#include "mcp/json.h"
#include "mcp/statement.h"
#include "mcp/token.h"

typedef struct {
    as_fixture as;
    mcp_statement_issuer issuers[2];
    const mcp_key *keys[3];
    char folder[40];
} fixture;

static int setup(void **state)
{
    static fixture f;
    int i;

    memset(&f, 0, sizeof f);
    as_fixture_open(&f.as);
    strcpy(f.folder, "/tmp/mcp-statement-XXXXXX");
    if (!mkdtemp(f.folder)) return -1;
    for (i = 0; i < 3; i++)
        if (mcp_keys_create(f.as.ctx, f.as.pool, apr_psprintf(f.as.pool, "%s/%d.pem", f.folder, i), &f.keys[i])) return -1;
    f.issuers[0] = (mcp_statement_issuer){ "https://one.example", mcp_keys_of(f.as.pool, f.keys[0]) };
    f.issuers[1] = (mcp_statement_issuer){ "https://two.example", mcp_keys_of(f.as.pool, f.keys[1]) };
    f.as.as.statements = f.issuers;
    f.as.as.statement_count = 2;
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    char command[64];

    snprintf(command, sizeof command, "rm -rf %s", f->folder);
    as_fixture_close(&f->as);
    return system(command);
}

static const struct {
    const char *name, *issuer, *claims;
    int key;
    apr_int64_t life;
    mcp_rc rc;
} rows[] = {
    { "good", "https://one.example", "{\"software_id\":\"x\",\"client_name\":\"Signed\",\"software_statement\":\"inner\"}", 0, 60, MCP_OK },
    { "another issuer", "https://two.example", "{\"software_id\":\"x\",\"client_name\":\"Signed\"}", 1, 60, MCP_OK },
    { "one in the other's name", "https://two.example", "{\"software_id\":\"x\"}", 0, 60, MCP_BAD_STATEMENT },
    { "an issuer that is not known", "https://three.example", "{\"software_id\":\"x\"}", 0, 60, MCP_BAD_STATEMENT },
    { "a key that is not known", "https://one.example", "{\"software_id\":\"x\"}", 2, 60, MCP_BAD_STATEMENT },
    { "expired", "https://one.example", "{\"software_id\":\"x\"}", 0, -1, MCP_BAD_STATEMENT },
    { "an end that is no number", "https://one.example", "{\"software_id\":\"x\",\"exp\":\"never\"}", 0, 60, MCP_BAD_STATEMENT },
    { "an access token", "https://one.example", "{}", 0, 60, MCP_BAD_STATEMENT }
};

static void statements_are_judged(void **state)
{
    fixture *f = *state;
    mcp_token_grant grant = { 0 };
    const char *text, *given;
    json_t *doc, *merged;
    size_t i;

    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        mcp_ctx_clear(f->as.ctx);
        grant = (mcp_token_grant){ .issuer = rows[i].issuer, .audience = "a", .sub = "s", .client_id = "c", .life = rows[i].life };
        grant.more = mcp_json_own(f->as.pool, json_loads(rows[i].claims, 0, NULL));
        assert_int_equal(mcp_token_mint(f->as.ctx, f->keys[rows[i].key], &grant, &text), MCP_OK);
        doc = mcp_json_own(f->as.pool, json_pack("{s:s,s:s,s:s}", "client_name", "Sent", "client_uri", "https://c.example/", "software_statement", text));
        if (mcp_statement_apply(f->as.ctx, &f->as.as, doc, &merged, &given) != rows[i].rc) fail_msg("%s: %s", rows[i].name, f->as.ctx->detail);
        if (rows[i].rc) continue;
        assert_string_equal(given, text);
        assert_string_equal(mcp_json_string(merged, "client_name"), "Signed");
        assert_string_equal(mcp_json_string(merged, "client_uri"), "https://c.example/");
        assert_string_equal(mcp_json_string(doc, "client_name"), "Sent");
        assert_null(json_object_get(merged, "software_statement"));
        assert_null(json_object_get(merged, "iss"));
    }
}

static void without_a_statement_or_an_issuer_nothing_changes(void **state)
{
    fixture *f = *state;
    json_t *doc = mcp_json_own(f->as.pool, json_pack("{s:s}", "client_name", "Sent")), *merged;
    const char *given;

    assert_int_equal(mcp_statement_apply(f->as.ctx, &f->as.as, doc, &merged, &given), MCP_OK);
    assert_ptr_equal(merged, doc);
    json_object_set_new(doc, "software_statement", json_integer(1));
    assert_int_equal(mcp_statement_apply(f->as.ctx, &f->as.as, doc, &merged, &given), MCP_BAD_STATEMENT);
    f->as.as.statement_count = 0;
    assert_int_equal(mcp_statement_apply(f->as.ctx, &f->as.as, doc, &merged, &given), MCP_OK);
    assert_ptr_equal(merged, doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(statements_are_judged, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_statement_or_an_issuer_nothing_changes, setup, teardown)
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
