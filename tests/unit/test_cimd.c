/* Threat: a URL leads us where its author has no business, one document passes for another client's, a host is asked for more
 * than is good for it or for us, or what a host once said outlives what it says now. */
#include "as_fixture.h"
#include "mcp/cimd.h"
#include "mcp/json.h"
#include "mcp/text.h"

#define ID "https://app.example.com/oauth/client.json"
#define DOCUMENT(members) "{\"client_id\":\"" ID "\",\"client_name\":\"App\",\"redirect_uris\":[\"http://127.0.0.1/callback\",\"https://app.example.com/cb\"]" members "}"

static const char *const only_example[] = { "app.example.com", "*.partner.example", NULL };
static const char *const no_evil[] = { "evil.example", "*.evil.example", NULL };
static const mcp_internal_host inside[] = { { "localhost", 1, NULL }, { "wiki.internal", 443, NULL } };

enum { CROWD = 3 };

typedef struct {
    as_fixture as;
    mcp_cimd documents;
    mcp_client client;
} fixture;

static int setup(void **state)
{
    static fixture f;

    memset(&f, 0, sizeof f);
    as_fixture_open(&f.as);
    f.documents.memory = mcp_cimd_memory_create(f.as.pool, CROWD);
    f.as.as.documents = &f.documents;
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    as_fixture_close(&((fixture *)*state)->as);
    return 0;
}

/* ---- the URL ---- */

static const struct {
    const char *id, *why;       /* NULL: taken */
} ids[] = {
    { ID, NULL },
    { "https://app.example.com/c", NULL },
    { "https://app.example.com/c/", NULL },
    { "https://app.example.com:8443/c.json", NULL },
    { "https://app.example.com/%C3%BC.json", NULL },
    { "https://app.example.com/a..b/c.json", NULL },
    { "https://xn--bcher-kva.example/c.json", NULL },
    { "http://app.example.com/c.json", "not https" },
    { "https://app.example.com", "no path" },
    { "https://app.example.com/", "no path" },
    { "https://app.example.com/./c.json", "dot segment" },
    { "https://app.example.com/a/../c.json", "dot segment" },
    { "https://app.example.com/%2e%2e/c.json", "dot segment" },
    { "https://app.example.com/%2E/c.json", "dot segment" },
    { "https://app.example.com/.%2e/c.json", "dot segment" },
    { "https://app.example.com/c/..", "dot segment" },
    { "https://app.example.com/a%2fc.json", "separator" },
    { "https://app.example.com/a%5Cc.json", "separator" },
    { "https://user@app.example.com/c.json", "user information" },
    { "https://:p@app.example.com/c.json", "user information" },
    { "https://@app.example.com/c.json", "user information" },
    { "https://app.example.com/c.json#x", "fragment" },
    { "https://app.example.com/c.json#", "fragment" },
    { "https://app.example.com/c.json?v=1", "query" },
    { "https://app.example.com/c.json?", "query" },
    { "https://app.example.com:443/c.json", "default port" },
    { "https://APP.example.com/c.json", "lower case" },
    { "HTTPS://app.example.com/c.json", "lower case" },
    { "https://app.example.com./c.json", "malformed" },
    { "https://a..example.com/c.json", "malformed" },
    { "https://app.example.com:/c.json", "malformed" },
    { "https://app.example.com:0443/c.json", "malformed" },
    { "https://app.example.com:65536/c.json", "malformed" },
    { "https:app.example.com/c.json", "malformed" },
    { "https:/app.example.com/c.json", "malformed" },
    { "https:///app.example.com/c.json", "malformed" },
    { "https://app.example.com\\c.json", "malformed" },
    { "https://app.example.com/c json", "malformed" },
    { "https://app.example.com/c.json\r\nHost: x", "malformed" },
    { "https://app.example.com/c%00.json", "malformed" },
    { "https://app.example.com/c%zz.json", "malformed" },
    { "https://cl\xd0\xb0ude.example/c.json", "malformed" },
    { "https://%D0%B0.example/c.json", "malformed" },
    { "https://127.0.0.1/c.json", "address" },
    { "https://8.8.8.8/c.json", "address" },
    { "https://[::1]/c.json", "address" },
    { "https://[2600::1]/c.json", "address" },
    { "https://2130706433/c.json", "malformed" },
    { "https://0x7f000001/c.json", "malformed" },
    { "https://0x7f.1/c.json", "malformed" },
    { "https://0177.0.0.1/c.json", "malformed" },
    { "https://127.1/c.json", "malformed" },
    { "https://0/c.json", "malformed" },
    { "https://127.0.0.1./c.json", "malformed" },
    { "https://localhost/c.json", "no public name" },
    { "https://x.localhost/c.json", "no public name" },
    { "https://localhost.localdomain/c.json", "no public name" },
    { "https://ip6-localhost/c.json", "no public name" },
    { "https://intranet/c.json", "no public name" },
    { "https://printer.local/c.json", "no public name" },
    { "https://metadata.google.internal/c.json", "no public name" }
};

static void urls_are_judged_by_their_shape(void **state)
{
    fixture *f = *state;
    size_t i;
    mcp_rc rc;

    for (i = 0; i < sizeof ids / sizeof *ids; i++) {
        mcp_ctx_clear(f->as.ctx);
        assert_true(mcp_cimd_is_id(ids[i].id));
        rc = mcp_cimd_check_id(f->as.ctx, &f->documents, ids[i].id);
        if (rc != (ids[i].why ? MCP_BAD_CLIENT : MCP_OK)) fail_msg("%s: %s", ids[i].id, f->as.ctx->detail);
        if (ids[i].why && !strstr(f->as.ctx->detail, ids[i].why)) fail_msg("%s: %s lacks %s", ids[i].id, f->as.ctx->detail, ids[i].why);
    }
    assert_false(mcp_cimd_is_id("c0ffee"));
    assert_false(mcp_cimd_is_id(""));
}

static void urls_have_a_length(void **state)
{
    fixture *f = *state;
    char id[MCP_CIMD_ID_MAX + 2] = "https://app.example.com/";

    memset(id + strlen(id), 'x', sizeof id - 1 - strlen(id));
    id[MCP_CIMD_ID_MAX + 1] = '\0';
    assert_int_equal(mcp_cimd_check_id(f->as.ctx, &f->documents, id), MCP_BAD_CLIENT);
    mcp_ctx_clear(f->as.ctx);
    id[MCP_CIMD_ID_MAX] = '\0';
    assert_int_equal(mcp_cimd_check_id(f->as.ctx, &f->documents, id), MCP_OK);
}

static const struct {
    const char *host;
    int allowed, denied;
} hosts[] = {
    { "app.example.com", 1, 0 },
    { "attackerapp.example.com", 0, 0 },    /* a suffix is no label */
    { "x.app.example.com", 0, 0 },
    { "example.com", 0, 0 },
    { "a.partner.example", 1, 0 },
    { "a.b.partner.example", 1, 0 },
    { "partner.example", 0, 0 },
    { "evilpartner.example", 0, 0 },
    { "evil.example", 0, 1 },
    { "x.evil.example", 0, 1 },
    { "notevil.example", 0, 0 },
    { "evil.example.org", 0, 0 }
};

static void domains_match_by_label(void **state)
{
    fixture *f = *state;
    mcp_cimd allow = { .allow = only_example }, deny = { .deny = no_evil };
    const char *id;
    size_t i;

    for (i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        mcp_ctx_clear(f->as.ctx);
        id = apr_pstrcat(f->as.pool, "https://", hosts[i].host, "/c.json", NULL);
        if ((mcp_cimd_check_id(f->as.ctx, &allow, id) == MCP_OK) != hosts[i].allowed) fail_msg("allow %s", id);
        mcp_ctx_clear(f->as.ctx);
        if ((mcp_cimd_check_id(f->as.ctx, &deny, id) == MCP_OK) == hosts[i].denied) fail_msg("deny %s", id);
    }
}

static void denial_outweighs_leave(void **state)
{
    static const char *const all[] = { "*.example", NULL };
    fixture *f = *state;
    mcp_cimd both = { .allow = all, .deny = no_evil };

    assert_int_equal(mcp_cimd_check_id(f->as.ctx, &both, "https://good.example/c"), MCP_OK);
    assert_int_equal(mcp_cimd_check_id(f->as.ctx, &both, "https://evil.example/c"), MCP_BAD_CLIENT);
}

static void without_the_directive_a_url_is_no_client(void **state)
{
    fixture *f = *state;
    const mcp_client *client;

    f->as.as.documents = NULL;
    assert_int_equal(mcp_client_load(f->as.ctx, &f->as.as, ID, &client), MCP_BAD_CLIENT);
    assert_non_null(strstr(f->as.ctx->detail, "does not fetch"));
}

static void hosts_inside_are_named_one_by_one(void **state)
{
    fixture *f = *state;
    mcp_cimd documents = { .internal = inside, .internal_count = 2 };
    mcp_fetch_rules rules;
    const char *host;

    assert_int_equal(mcp_cimd_check_id(f->as.ctx, &documents, "https://localhost:1/c"), MCP_OK);
    assert_int_equal(mcp_cimd_check_id(f->as.ctx, &documents, "https://wiki.internal/c"), MCP_OK);
    mcp_cimd_rules(f->as.ctx, &documents, "https://wiki.internal/c", &rules, &host);
    assert_int_equal(rules.allow_private, 1);
    assert_string_equal(host, "wiki.internal");
    mcp_cimd_rules(f->as.ctx, &documents, "https://wiki.internal:8443/c", &rules, &host);
    assert_int_equal(rules.allow_private, 0);
    mcp_cimd_rules(f->as.ctx, &documents, ID, &rules, &host);
    assert_int_equal(rules.allow_private, 0);
    assert_int_equal(rules.allow_http, 0);
    assert_int_equal(rules.max_bytes, MCP_CIMD_BYTES_MAX);
    assert_int_equal(mcp_cimd_check_id(f->as.ctx, &documents, "https://localhost:2/c"), MCP_BAD_CLIENT);
    mcp_ctx_clear(f->as.ctx);
    assert_int_equal(mcp_cimd_check_id(f->as.ctx, &documents, "https://x.wiki.internal/c"), MCP_BAD_CLIENT);
}

static const struct {
    const char *text;
    int good;
} domains[] = {
    { "example.com", 1 }, { "*.example.com", 1 }, { "xn--bcher-kva.example", 1 }, { "Example.com", 0 }, { "*example.com", 0 }, { "a.*.com", 0 },
    { "", 0 }, { "com", 0 }, { "*.com", 0 }, { "example.com.", 0 }, { ".example.com", 0 }, { "example.com/x", 0 }, { "https://example.com", 0 },
    { "example.com:443", 0 }, { "10.0.0.1", 0 }, { "b\xc3\xbc" "cher.example", 0 }, { "a b.example", 0 }
};

static void domains_are_written_plainly(void **state)
{
    fixture *f = *state;
    size_t i;

    for (i = 0; i < sizeof domains / sizeof *domains; i++)
        if ((mcp_cimd_check_domain(f->as.pool, domains[i].text) == NULL) != domains[i].good) fail_msg("%s", domains[i].text);
}

/* ---- the document ---- */

static const struct {
    const char *name, *text;
    int own;                /* -1: taken */
} documents[] = {
    { "the least", DOCUMENT(""), -1 },
    { "none", DOCUMENT(",\"token_endpoint_auth_method\":\"none\""), -1 },
    { "grants that are not served are left out", DOCUMENT(",\"grant_types\":[\"authorization_code\",\"urn:ietf:params:oauth:grant-type:device_code\",\"client_credentials\"]"), -1 },
    { "privileged members are ignored", DOCUMENT(",\"trusted\":true,\"skip_consent\":true,\"registration_access_token\":\"x\""), -1 },
    { "a software statement is ignored", DOCUMENT(",\"software_statement\":\"a.b.c\""), -1 },
    { "no JSON", "<html>", 0 },
    { "no object", "[\"" ID "\"]", 0 },
    { "empty", "", 0 },
    { "something behind it", DOCUMENT("") "x", 0 },
    { "byte order mark", "\xef\xbb\xbf" DOCUMENT(""), 0 },
    { "no client_id", "{\"client_name\":\"App\",\"redirect_uris\":[\"http://127.0.0.1/c\"]}", 0 },
    { "client_id null", "{\"client_id\":null,\"client_name\":\"App\",\"redirect_uris\":[\"http://127.0.0.1/c\"]}", 0 },
    { "client_id in a list", "{\"client_id\":[\"" ID "\"],\"client_name\":\"App\",\"redirect_uris\":[\"http://127.0.0.1/c\"]}", 0 },
    { "client_id a number", "{\"client_id\":1,\"client_name\":\"App\",\"redirect_uris\":[\"http://127.0.0.1/c\"]}", 0 },
    { "another client_id", "{\"client_id\":\"" ID "x\",\"client_name\":\"App\",\"redirect_uris\":[\"http://127.0.0.1/c\"]}", 0 },
    { "client_id without its end", "{\"client_id\":\"https://app.example.com/oauth/client\",\"client_name\":\"App\",\"redirect_uris\":[\"http://127.0.0.1/c\"]}", 0 },
    { "client_id in capitals", "{\"client_id\":\"https://APP.example.com/oauth/client.json\",\"client_name\":\"App\",\"redirect_uris\":[\"http://127.0.0.1/c\"]}", 0 },
    { "client_id twice", DOCUMENT(",\"client_id\":\"" ID "\""), 0 },
    { "client_id twice, once escaped", DOCUMENT(",\"client\\u005fid\":\"https://evil.example/c\""), 0 },
    { "client_id and a twin", DOCUMENT(",\"Client_ID\":\"https://evil.example/c\""), 0 },
    { "no name", "{\"client_id\":\"" ID "\",\"redirect_uris\":[\"http://127.0.0.1/c\"]}", 1 },
    { "no redirect", "{\"client_id\":\"" ID "\",\"client_name\":\"App\"}", 1 },
    { "bad redirect", "{\"client_id\":\"" ID "\",\"client_name\":\"App\",\"redirect_uris\":[\"javascript:alert(1)\"]}", 1 },
    { "secret", DOCUMENT(",\"client_secret\":\"s\""), 1 },
    { "secret that expires", DOCUMENT(",\"client_secret_expires_at\":0"), 1 },
    { "client_secret_basic", DOCUMENT(",\"token_endpoint_auth_method\":\"client_secret_basic\""), 1 },
    { "client_secret_post", DOCUMENT(",\"token_endpoint_auth_method\":\"client_secret_post\""), 1 },
    { "client_secret_jwt", DOCUMENT(",\"token_endpoint_auth_method\":\"client_secret_jwt\""), 1 },
    { "client_credentials alone", DOCUMENT(",\"grant_types\":[\"client_credentials\"]"), 1 },
    { "a name that turns around", DOCUMENT(",\"client_uri\":\"https://u:p@app.example.com/\""), 1 }
};

static void documents_are_judged(void **state)
{
    fixture *f = *state;
    size_t i;
    int own;
    mcp_rc rc;

    for (i = 0; i < sizeof documents / sizeof *documents; i++) {
        mcp_ctx_clear(f->as.ctx);
        rc = mcp_cimd_read(f->as.ctx, &f->as.as, ID, documents[i].text, strlen(documents[i].text), &f->client, &own);
        if (rc != (documents[i].own < 0 ? MCP_OK : MCP_BAD_CLIENT)) fail_msg("%s: %s", documents[i].name, f->as.ctx->detail);
        if (rc && own != documents[i].own) fail_msg("%s: own is %d", documents[i].name, own);
        if (rc) continue;
        assert_string_equal(f->client.id, ID);
        assert_int_equal(f->client.auth, MCP_AUTH_NONE);
        assert_int_equal(f->client.grant_credentials, 0);
        assert_int_equal(f->client.is_document, 1);
    }
}

static void documents_have_a_size(void **state)
{
    fixture *f = *state;
    const char *text = DOCUMENT("");
    char *padded = apr_pcalloc(f->as.pool, MCP_CIMD_BYTES_MAX + 2);
    int own;

    memset(padded, ' ', MCP_CIMD_BYTES_MAX + 1);
    memcpy(padded, text, strlen(text));
    assert_int_equal(mcp_cimd_read(f->as.ctx, &f->as.as, ID, padded, MCP_CIMD_BYTES_MAX, &f->client, &own), MCP_OK);
    assert_int_equal(mcp_cimd_read(f->as.ctx, &f->as.as, ID, padded, MCP_CIMD_BYTES_MAX + 1, &f->client, &own), MCP_BAD_CLIENT);
}

static const struct {
    const char *uri;
    int tied;
} origins[] = {
    { "https://app.example.com/cb", 1 }, { "http://127.0.0.1/cb", 1 }, { "http://localhost:3000/cb", 1 }, { "https://app.example.com:8443/cb", 0 },
    { "https://other.example.com/cb", 0 }, { "https://app.example.com.evil.example/cb", 0 }, { "com.example.app:/cb", 0 }
};

static void redirects_can_be_tied_to_the_origin(void **state)
{
    fixture *f = *state;
    const char *text;
    size_t i;
    int own;

    for (i = 0; i < sizeof origins / sizeof *origins; i++) {
        mcp_ctx_clear(f->as.ctx);
        text = apr_psprintf(f->as.pool, "{\"client_id\":\"" ID "\",\"client_name\":\"App\",\"redirect_uris\":[\"%s\"]}", origins[i].uri);
        f->documents.same_origin = 0;
        assert_int_equal(mcp_cimd_read(f->as.ctx, &f->as.as, ID, text, strlen(text), &f->client, &own), MCP_OK);
        f->documents.same_origin = 1;
        if ((mcp_cimd_read(f->as.ctx, &f->as.as, ID, text, strlen(text), &f->client, &own) == MCP_OK) != origins[i].tied) fail_msg("%s", origins[i].uri);
    }
}

/* Every body of the registrations' corpus, as a document: one rule set, two doors. */
static int replay(fixture *f, json_t *row)
{
    const char *coded = mcp_json_string(row, "body_b64"), *text;
    unsigned char *body;
    size_t len;
    json_t *doc;
    int own, refused;

    if (!strncmp(mcp_json_string(row, "id"), "doc-ct-", 7)) return 0;      /* about the media type of the request */
    assert_int_equal(mcp_text_base64_decode(f->as.ctx, coded, strlen(coded), &body, &len), MCP_OK);
    if (!(doc = mcp_json_own(f->as.pool, json_loadb((char *)body, len, JSON_REJECT_DUPLICATES, NULL))) || !json_is_object(doc)) return 0;
    if (strcmp(mcp_json_string(row, "expect"), "reject") || json_is_true(json_object_get(row, "lenient"))) return 0;
    json_object_set_new(doc, "client_id", json_string(ID));
    if (!json_object_get(doc, "client_name")) json_object_set_new(doc, "client_name", json_string("x"));
    if (!(text = mcp_json_text(f->as.pool, doc))) return 0;
    mcp_ctx_clear(f->as.ctx);
    refused = mcp_cimd_read(f->as.ctx, &f->as.as, ID, text, strlen(text), &f->client, &own) == MCP_BAD_CLIENT;
    if (!refused) print_error("%s is taken as a document\n", mcp_json_string(row, "id"));
    return refused ? 1 : -1000;
}

static void what_no_registration_may_say_no_document_may(void **state)
{
    fixture *f = *state;
    char line[256 * 1024];
    FILE *file = fopen("tests/corpus/registrations.jsonl", "r");
    int replayed = 0;
    json_t *row;

    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        row = mcp_json_own(f->as.pool, json_loads(line, 0, NULL));
        assert_non_null(row);
        replayed += replay(f, row);
    }
    fclose(file);
    assert_true(replayed >= 80);
}

/* ---- how long it may be kept ---- */

static const struct {
    const char *control, *age;
    apr_int64_t life;
} lives[] = {
    { NULL, NULL, MCP_CIMD_LIFE_DEFAULT },
    { "", NULL, MCP_CIMD_LIFE_DEFAULT },
    { "public", NULL, MCP_CIMD_LIFE_DEFAULT },
    { "max-age=600", NULL, 600 },
    { "Max-Age=600", NULL, 600 },
    { "public, max-age=600, immutable", NULL, 600 },
    { "max-age=600", "100", 500 },
    { "max-age=600", "999999", 60 },
    { "max-age=600", "x", 60 },
    { "max-age=600", "-1", 60 },
    { "max-age=0", NULL, 60 },
    { "max-age=59", NULL, 60 },
    { "max-age=61", NULL, 61 },
    { "max-age=86401", NULL, 86400 },
    { "max-age=99999999999999999999", NULL, 86400 },
    { "max-age=-1", NULL, 60 },
    { "max-age=abc", NULL, 60 },
    { "max-age=", NULL, 60 },
    { "max-age", NULL, 60 },
    { "max-age=600x", NULL, 60 },
    { "max-age=\"600\"", NULL, 60 },
    { "max-age=600, max-age=300", NULL, 300 },
    { "max-age=600, max-age=x", NULL, 60 },
    { "s-maxage=300, max-age=600", NULL, 300 },
    { "x-max-age=300", NULL, MCP_CIMD_LIFE_DEFAULT },
    { "max-age=600, no-cache", NULL, 60 },
    { "no-store", NULL, 60 },
    { "private, max-age=600", NULL, 60 },
    { "private=\"x\", max-age=600", NULL, 60 }
};

static void lives_follow_http_within_bounds(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof lives / sizeof *lives; i++)
        if (mcp_cimd_life(lives[i].control, lives[i].age) != lives[i].life)
            fail_msg("%s, %s: %ld", lives[i].control, lives[i].age, (long)mcp_cimd_life(lives[i].control, lives[i].age));
}

/* ---- what is known already ---- */

static void know(fixture *f, const char *text, apr_int64_t fresh_for)
{
    json_t *doc = mcp_json_own(f->as.pool, json_pack("{s:s,s:I}", "text", text, "fresh_until", (json_int_t)(FIXTURE_NOW + fresh_for)));
    const char *record = mcp_json_text(f->as.pool, doc);

    assert_int_equal(mcp_store_put(f->as.ctx, &f->as.store, "cimd", "https://as.example.test " ID, record, strlen(record), 600), MCP_OK);
}

static mcp_rc load(fixture *f, const mcp_client **client)
{
    mcp_ctx_clear(f->as.ctx);
    return mcp_client_load(f->as.ctx, &f->as.as, ID, client);
}

static void a_document_that_is_known_costs_no_fetch(void **state)
{
    fixture *f = *state;
    const mcp_client *client;

    know(f, DOCUMENT(""), 60);
    assert_int_equal(load(f, &client), MCP_OK);
    assert_string_equal(client->id, ID);
    assert_string_equal(client->name, "App");
    assert_int_equal(mcp_client_has_redirect(f->as.ctx, client, "http://127.0.0.1:5000/callback"), 1);
}

/* Policy is asked at every use. */
static void what_is_known_is_judged_again(void **state)
{
    fixture *f = *state;
    const mcp_client *client;

    know(f, DOCUMENT(""), 60);
    assert_int_equal(load(f, &client), MCP_OK);
    f->documents.deny = only_example;
    assert_int_equal(load(f, &client), MCP_BAD_CLIENT);
    f->documents.deny = NULL;
    f->documents.same_origin = 1;
    assert_int_equal(load(f, &client), MCP_OK);
    assert_int_equal(mcp_client_revoke(f->as.ctx, &f->as.as, ID), MCP_OK);
    assert_int_equal(load(f, &client), MCP_BAD_CLIENT);
}

static void another_issuer_knows_nothing_of_it(void **state)
{
    fixture *f = *state;
    const mcp_client *client;

    know(f, DOCUMENT(""), 60);
    f->as.as.issuer = "https://other.example.test";
    f->documents.internal = inside;         /* nothing listens there: no name is looked up */
    f->documents.internal_count = 1;
    assert_int_equal(mcp_client_load(f->as.ctx, &f->as.as, "https://localhost:1/c", &client), MCP_BAD_CLIENT);
}

static mcp_rc load_local(fixture *f, const char *id)
{
    const mcp_client *client;

    f->documents.internal = inside;
    f->documents.internal_count = 1;
    mcp_ctx_clear(f->as.ctx);
    return mcp_client_load(f->as.ctx, &f->as.as, id, &client);
}

static void a_failure_tells_nothing_and_is_not_repeated_at_once(void **state)
{
    fixture *f = *state;
    const char *value;
    size_t len;

    assert_int_equal(load_local(f, "https://localhost:1/c"), MCP_BAD_CLIENT);
    assert_string_equal(f->as.ctx->detail, "the document at client_id could not be used");
    assert_int_equal(mcp_store_get(f->as.ctx, &f->as.store, "cimd-pause", "https://as.example.test https://localhost:1/c", &value, &len), MCP_OK);
    assert_int_equal(mcp_store_get(f->as.ctx, &f->as.store, "cimd-flight", "https://as.example.test https://localhost:1/c", &value, &len), MCP_ABSENT);
    assert_int_equal(mcp_store_get(f->as.ctx, &f->as.store, "cimd-host", "localhost", &value, &len), MCP_OK);
    assert_string_equal(value, "1");
    assert_int_equal(load_local(f, "https://localhost:1/c"), MCP_BAD_CLIENT);
    assert_string_equal(f->as.ctx->detail, "the document at client_id could not be used");
    assert_int_equal(mcp_store_get(f->as.ctx, &f->as.store, "cimd-host", "localhost", &value, &len), MCP_OK);
    assert_string_equal(value, "1");
}

static void a_host_is_asked_only_so_often(void **state)
{
    fixture *f = *state;
    int i;

    for (i = 0; i < MCP_CIMD_HOST_BUDGET; i++)
        assert_int_equal(load_local(f, apr_psprintf(f->as.pool, "https://localhost:1/%d", i)), MCP_BAD_CLIENT);
    assert_int_equal(load_local(f, "https://localhost:1/more"), MCP_TOO_MANY);
    know(f, DOCUMENT(""), 60);
    assert_int_equal(load_local(f, ID), MCP_OK);        /* who is known goes on */
}

static void a_stale_document_is_not_used(void **state)
{
    fixture *f = *state;
    const mcp_client *client;

    know(f, DOCUMENT(""), -1);
    assert_int_equal(mcp_store_put(f->as.ctx, &f->as.store, "cimd-pause", "https://as.example.test " ID, "not now", 7, 60), MCP_OK);
    assert_int_equal(load(f, &client), MCP_BAD_CLIENT);
    assert_string_equal(f->as.ctx->detail, "not now");
}

static void a_store_that_is_down_is_no_answer(void **state)
{
    fixture *f = *state;
    const mcp_client *client;

    know(f, DOCUMENT(""), 60);
    f->as.memory.is_down = 1;
    assert_int_equal(load(f, &client), MCP_UNAVAILABLE);
}

/* ---- in the process ---- */

static void the_process_remembers(void **state)
{
    fixture *f = *state;
    mcp_cimd_copy in = { "text", 4, "\"e\"", 7 }, out;
    int i;

    assert_int_equal(mcp_cimd_recall(f->documents.memory, f->as.pool, "k", &out), 0);
    mcp_cimd_remember(f->documents.memory, "k", &in);
    assert_int_equal(mcp_cimd_recall(f->documents.memory, f->as.pool, "k", &out), 1);
    assert_string_equal(out.text, "text");
    assert_string_equal(out.etag, "\"e\"");
    assert_int_equal(out.len, 4);
    assert_int_equal(out.fresh_until, 7);
    in.etag = NULL;
    mcp_cimd_remember(f->documents.memory, "k", &in);
    assert_int_equal(mcp_cimd_recall(f->documents.memory, f->as.pool, "k", &out), 1);
    assert_null(out.etag);
    for (i = 0; i < 2000; i++) mcp_cimd_remember(f->documents.memory, apr_psprintf(f->as.pool, "k%d", i), &in);
    assert_int_equal(mcp_cimd_recall(f->documents.memory, f->as.pool, "k", &out), 0);
    assert_int_equal(mcp_cimd_recall(f->documents.memory, f->as.pool, "k1999", &out), 1);
}

static void a_crowd_is_bounded(void **state)
{
    fixture *f = *state;
    int i;

    for (i = 0; i < CROWD; i++) assert_int_equal(mcp_cimd_enter(f->documents.memory), 1);
    assert_int_equal(mcp_cimd_enter(f->documents.memory), 0);
    assert_int_equal(load_local(f, "https://localhost:1/c"), MCP_TOO_MANY);
    mcp_cimd_leave(f->documents.memory);
    assert_int_equal(load_local(f, "https://localhost:1/c"), MCP_BAD_CLIENT);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(urls_are_judged_by_their_shape), TEST(urls_have_a_length), TEST(domains_match_by_label), TEST(denial_outweighs_leave),
        TEST(without_the_directive_a_url_is_no_client), TEST(hosts_inside_are_named_one_by_one), TEST(domains_are_written_plainly),
        TEST(documents_are_judged), TEST(documents_have_a_size), TEST(redirects_can_be_tied_to_the_origin), TEST(what_no_registration_may_say_no_document_may),
        TEST(lives_follow_http_within_bounds), TEST(a_document_that_is_known_costs_no_fetch), TEST(what_is_known_is_judged_again),
        TEST(another_issuer_knows_nothing_of_it), TEST(a_failure_tells_nothing_and_is_not_repeated_at_once), TEST(a_host_is_asked_only_so_often),
        TEST(a_stale_document_is_not_used), TEST(a_store_that_is_down_is_no_answer), TEST(the_process_remembers), TEST(a_crowd_is_bounded)
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
