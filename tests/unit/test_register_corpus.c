/* Threat: a registration that a hostile client wrote is accepted, or one that a real client sends is not.
 * Replays tests/corpus/registrations.jsonl, one body a line with what must become of it. */
#include "as_fixture.h"
#include "mcp/json.h"
#include "mcp/text.h"

#define CORPUS "tests/corpus/registrations.jsonl"

/* Rows whose if_accepted asks for more than registration can do alone: the trust tier and the audited
 * suspicion about a name. They are accepted here, get no sensitive scope, and the consent page shows
 * where the browser will be sent. */
static const char *const deferred[] = {
    "name-brand-foreign-host", "name-homoglyph-claude", "name-homoglyph-chatgpt", "name-homoglyph-digit",
    "name-homoglyph-rn", "name-fullwidth", "name-spaces", "name-official", "ss-id-claude"
};

typedef struct {
    apr_pool_t *pool;
    const char *id;
    json_t *row, *answer;
    mcp_rc rc;
    mcp_out out;
} replayed;

static int is_deferred(const char *id)
{
    size_t i;

    for (i = 0; i < sizeof deferred / sizeof *deferred; i++)
        if (!strcmp(deferred[i], id)) return 1;
    return 0;
}

static int list_has(json_t *list, json_t *value)
{
    json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
        if (json_equal(one, value)) return 1;
    return 0;
}

static int complain(const replayed *r, const char *what)
{
    print_error("%s: %s (status %d, %s)\n", r->id, what, r->out.status, r->out.body);
    return 1;
}

static json_t *body_of(as_fixture *f, json_t *row, mcp_in *in)
{
    const char *coded = mcp_json_string(row, "body_b64");
    unsigned char *body;

    assert_int_equal(mcp_text_base64_decode(f->ctx, coded, strlen(coded), &body, &in->body_len), MCP_OK);
    in->body = (char *)body;
    return mcp_json_own(f->pool, json_loadb(in->body, in->body_len, 0, NULL));
}

/* What was not given back must not have been granted either; what was must be the client's own words. */
static int judge_granted(as_fixture *f, const replayed *r, json_t *asked)
{
    const char *scope = mcp_json_string(r->answer, "scope"), *name, *word;
    const mcp_client *client;
    json_t *value;
    int bad = 0;
    size_t i;

    json_object_foreach(r->answer, name, value)
        if (json_is_null(value)) bad += complain(r, "a null member");
    json_array_foreach(json_object_get(r->row, "never_granted"), i, value) {
        word = json_string_value(value);
        if (mcp_text_has_word(scope, word) || list_has(json_object_get(r->answer, "grant_types"), value)
            || list_has(json_object_get(r->answer, "response_types"), value)) bad += complain(r, word);
    }
    json_object_foreach(json_object_get(r->row, "response_not"), name, value)
        if (json_equal(json_object_get(r->answer, name), value)) bad += complain(r, name);
    if (!json_equal(json_object_get(r->answer, "redirect_uris"), json_object_get(asked, "redirect_uris")))
        bad += complain(r, "the redirect URIs are not the ones asked for");
    if (mcp_text_has_word(scope, "db.admin")) bad += complain(r, "a sensitive scope");
    if (mcp_client_load(f->ctx, &f->as, mcp_json_string(r->answer, "client_id"), &client)) return bad + complain(r, "no record");
    if (strcmp(client->scope, scope ? scope : "")) bad += complain(r, "record and answer differ");
    return bad;
}

static int judge_refused(const replayed *r)
{
    json_t *allowed = json_object_get(r->row, "status"), *status = mcp_json_own(r->pool, json_integer(r->out.status));
    int is_lenient = json_is_true(json_object_get(r->row, "lenient"));

    if (r->out.status < 400 || r->out.status > 499) return complain(r, "refused without a client error");
    if (!strcmp(mcp_json_string(r->row, "expect"), "accept")) return is_lenient ? 0 : complain(r, "refused a legitimate client");
    if (!list_has(json_object_get(r->row, "error"), json_object_get(r->answer, "error"))) return complain(r, "another error word");
    return allowed && !list_has(allowed, status) ? complain(r, "another status") : 0;
}

static int judge(as_fixture *f, const replayed *r, json_t *asked)
{
    if (r->rc) return judge_refused(r);
    if (r->out.status != 201) return complain(r, "accepted without 201");
    if (!strcmp(mcp_json_string(r->row, "expect"), "reject") && !json_is_true(json_object_get(r->row, "lenient")))
        return complain(r, "accepted a hostile registration");
    return judge_granted(f, r, asked);
}

static int replay(json_t *row)
{
    const char *type = mcp_json_string(row, "content_type");
    replayed r = { .id = mcp_json_string(row, "id"), .row = row };
    mcp_in in = { .method = "POST", .content_type = type && *type ? type : NULL };
    as_fixture f;
    json_t *asked;
    int bad;

    as_fixture_open(&f);
    r.pool = f.pool;
    asked = body_of(&f, row, &in);
    r.rc = mcp_register(f.ctx, &f.as, &in, &r.out);
    if (r.rc) mcp_out_error(f.ctx, &r.out, r.rc);
    r.answer = mcp_json_own(f.pool, json_loads(r.out.body, 0, NULL));
    assert_non_null(r.answer);
    bad = judge(&f, &r, asked);
    as_fixture_close(&f);
    return bad;
}

static void every_row_holds(void **state)
{
    char line[256 * 1024];
    FILE *file = fopen(CORPUS, "r");
    int rows = 0, bad = 0;
    size_t deferrals = 0;
    json_t *row;

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        row = json_loads(line, 0, NULL);
        assert_non_null(row);
        if (is_deferred(mcp_json_string(row, "id"))) deferrals++;
        bad += replay(row);
        rows++;
        json_decref(row);
    }
    fclose(file);
    assert_true(rows >= 196);
    assert_int_equal(deferrals, sizeof deferred / sizeof *deferred);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_row_holds) };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
