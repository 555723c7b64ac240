/* Threat: an initial access token lets more clients in than it should, later than it should or with more than it should; or one that is not known lets one in. */
#include <unistd.h>
#include "as_fixture.h"
#include "mcp/initial_access.h"
#include "mcp/json.h"
#include "mcp/register.h"
#include "mcp/text.h"

#define APP "{\"client_name\":\"App\",\"token_endpoint_auth_method\":\"none\",\"redirect_uris\":[\"https://app.example.com/cb\"]"

typedef struct {
    as_fixture as;
    mcp_out out;
    char path[40];
} fixture;

static int setup(void **state)
{
    static fixture f;

    memset(&f, 0, sizeof f);
    as_fixture_open(&f.as);
    strcpy(f.path, "/tmp/mcp-access-XXXXXX");
    close(mkstemp(f.path));
    f.as.as.initial_access = f.path;
    f.as.as.registration_open = 0;
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    unlink(f->path);
    as_fixture_close(&f->as);
    return 0;
}

static const char *digest_of(fixture *f, const char *token)
{
    return mcp_text_sha256_hex(f->as.pool, token, strlen(token));
}

static void put(fixture *f, const char *text)
{
    FILE *file = fopen(f->path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void put_token(fixture *f, const char *token, const char *options)
{
    put(f, apr_psprintf(f->as.pool, "# partners\n\n%s other\n%s partner %s\n", digest_of(f, "another"), digest_of(f, token), options));
}

static mcp_rc enroll(fixture *f, const char *token, const char *members)
{
    const char *body = apr_pstrcat(f->as.pool, APP, members, "}", NULL);
    mcp_in in = { .method = "POST", .content_type = "application/json", .body = body, .body_len = strlen(body) };

    if (token) in.authorization = apr_pstrcat(f->as.pool, "Bearer ", token, NULL);
    mcp_ctx_clear(f->as.ctx);
    memset(&f->out, 0, sizeof f->out);
    return mcp_register(f->as.ctx, &f->as.as, &in, &f->out);
}

static const char *granted(fixture *f)
{
    return mcp_json_string(mcp_json_own(f->as.pool, json_loads(f->out.body, 0, NULL)), "scope");
}

static void only_holders_register(void **state)
{
    fixture *f = *state;

    put_token(f, "t", "uses=2");
    assert_int_equal(enroll(f, NULL, ""), MCP_NO_TOKEN);
    assert_string_equal(apr_table_get(f->out.headers, "WWW-Authenticate"), "Bearer");
    assert_int_equal(enroll(f, "wrong", ""), MCP_BAD_TOKEN);
    assert_string_equal(apr_table_get(f->out.headers, "WWW-Authenticate"), "Bearer error=\"invalid_token\"");
    assert_int_equal(enroll(f, digest_of(f, "t"), ""), MCP_BAD_TOKEN);     /* the digest is no token */
    assert_int_equal(enroll(f, "t", ""), MCP_OK);
    assert_string_equal(f->out.audit.user, "partner");
}

static void a_bad_token_is_never_none(void **state)
{
    fixture *f = *state;

    put_token(f, "t", "");
    f->as.as.registration_open = 1;
    assert_int_equal(enroll(f, NULL, ""), MCP_OK);
    assert_int_equal(enroll(f, "wrong", ""), MCP_BAD_TOKEN);
}

static void uses_are_counted(void **state)
{
    fixture *f = *state;

    put_token(f, "t", "uses=2");
    assert_int_equal(enroll(f, "t", ",\"redirect_uris\":1"), MCP_BAD_METADATA);    /* a member twice: uses nothing up */
    assert_int_equal(enroll(f, "t", ""), MCP_OK);
    assert_int_equal(enroll(f, "t", ""), MCP_OK);
    assert_int_equal(enroll(f, "t", ""), MCP_BAD_TOKEN);
    put_token(f, "u", "");
    assert_int_equal(enroll(f, "u", ""), MCP_OK);
    assert_int_equal(enroll(f, "u", ""), MCP_BAD_TOKEN);
}

/* FIXTURE_NOW is the 15th of January 2027. */
static void a_last_day_ends(void **state)
{
    fixture *f = *state;

    put_token(f, "t", "uses=9 expires=2027-01-15");
    assert_int_equal(enroll(f, "t", ""), MCP_OK);
    f->as.ctx->now += apr_time_from_sec(86400);
    assert_int_equal(enroll(f, "t", ""), MCP_BAD_TOKEN);
    put_token(f, "t", "uses=9 expires=2027-01-16");
    assert_int_equal(enroll(f, "t", ""), MCP_OK);
}

static void the_file_counts_as_it_is_now(void **state)
{
    fixture *f = *state;

    put_token(f, "t", "uses=9");
    assert_int_equal(enroll(f, "t", ""), MCP_OK);
    put(f, "");
    assert_int_equal(enroll(f, "t", ""), MCP_BAD_TOKEN);
    unlink(f->path);
    assert_int_equal(enroll(f, "t", ""), MCP_UNAVAILABLE);
}

static void scopes_are_a_ceiling(void **state)
{
    fixture *f = *state;
    const mcp_client *client;

    put_token(f, "t", "uses=9 scopes=customer.write,db.admin");
    assert_int_equal(enroll(f, "t", ",\"scope\":\"customer.read customer.write\""), MCP_OK);
    assert_string_equal(granted(f), "customer.write");
    assert_int_equal(enroll(f, "t", ",\"scope\":\"db.admin\""), MCP_OK);
    assert_string_equal(granted(f), "db.admin");
    assert_int_equal(mcp_client_load(f->as.ctx, &f->as.as, f->out.audit.client, &client), MCP_OK);
    assert_string_equal(client->scope, "db.admin");
    assert_string_equal(client->ceiling, "customer.write db.admin");
    assert_string_equal(mcp_client_within(f->as.ctx, client, "customer.read db.admin"), "db.admin");
    assert_string_equal(mcp_client_within(f->as.ctx, client, "customer.read"), "");
}

static void an_update_keeps_the_ceiling(void **state)
{
    fixture *f = *state;
    const char *access, *body;
    mcp_in in = { .method = "PUT", .content_type = "application/json" };

    put_token(f, "t", "scopes=customer.write");
    assert_int_equal(enroll(f, "t", ",\"scope\":\"customer.write\""), MCP_OK);
    access = mcp_json_string(mcp_json_own(f->as.pool, json_loads(f->out.body, 0, NULL)), "registration_access_token");
    body = apr_psprintf(f->as.pool, APP ",\"client_id\":\"%s\",\"scope\":\"customer.read customer.write db.admin\"}", f->out.audit.client);
    in.name = f->out.audit.client;
    in.authorization = apr_pstrcat(f->as.pool, "Bearer ", access, NULL);
    in.body = body;
    in.body_len = strlen(body);
    memset(&f->out, 0, sizeof f->out);
    assert_int_equal(mcp_register_manage(f->as.ctx, &f->as.as, &in, &f->out), MCP_OK);
    assert_string_equal(granted(f), "customer.write");
}

static void anybody_gets_no_sensitive_scope(void **state)
{
    fixture *f = *state;

    put_token(f, "t", "");
    assert_int_equal(enroll(f, "t", ",\"scope\":\"customer.read db.admin\""), MCP_OK);
    assert_string_equal(granted(f), "customer.read");
}

#define D "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct {
    const char *line;
    int good;
} lines[] = {
    { "", 1 }, { "# x", 1 }, { "   ", 1 }, { D " a", 1 }, { "  " D "\ta  uses=1 \r", 1 }, { D " a uses=1000000", 1 }, { D " a expires=2028-02-29", 1 },
    { D " a scopes=customer.read,db.admin", 1 }, { D, 0 }, { D " a/b", 0 }, { "x " D, 0 }, { D "0 a", 0 },
    { "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855 a", 0 }, { D " a uses=0", 0 }, { D " a uses=1000001", 0 }, { D " a uses=-1", 0 },
    { D " a uses=", 0 }, { D " a uses=1x", 0 }, { D " a expires=2027-13-01", 0 }, { D " a expires=2027-02-29", 0 }, { D " a expires=2027-1-01", 0 },
    { D " a expires=20270101", 0 }, { D " a expires=2027-00-10", 0 }, { D " a expires=2027-01-00", 0 }, { D " a scopes=", 0 },
    { D " a scopes=no.such", 0 }, { D " a tier=trusted", 0 }, { D " a b", 0 }
};

static void lines_are_judged(void **state)
{
    fixture *f = *state;
    size_t i;

    for (i = 0; i < sizeof lines / sizeof *lines; i++) {
        put(f, apr_pstrcat(f->as.pool, "# first\n", lines[i].line, NULL));
        if ((mcp_initial_access_check(f->as.ctx, &f->as.as, f->path) == NULL) != lines[i].good) fail_msg("%s", lines[i].line);
    }
    assert_non_null(strstr(mcp_initial_access_check(f->as.ctx, &f->as.as, f->path), "line 2"));
    assert_non_null(mcp_initial_access_check(f->as.ctx, &f->as.as, "/no/such/file"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_holders_register), TEST(a_bad_token_is_never_none), TEST(uses_are_counted), TEST(a_last_day_ends), TEST(the_file_counts_as_it_is_now),
        TEST(scopes_are_a_ceiling), TEST(an_update_keeps_the_ceiling), TEST(anybody_gets_no_sensitive_scope), TEST(lines_are_judged)
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
