/* Threat: metadata that sends a user's code elsewhere, or shows them another name than it has, becomes a client;
 * or somebody else's secret, method or expired registration passes for a client. */
#include "as_fixture.h"
#include "mcp/form.h"
#include "mcp/json.h"
#include "mcp/redirect.h"
#include "mcp/text.h"

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

static const struct {
    const char *name, *uri;
    mcp_rc rc;
} redirect_rows[] = {
    { "https", "https://client.example.org/cb", MCP_OK },
    { "https, port and query", "https://client.example.org:8443/cb?tenant=7", MCP_OK },
    { "loopback IPv4", "http://127.0.0.1:3000/cb", MCP_OK },
    { "loopback IPv6", "http://[::1]:3000/cb", MCP_OK },
    { "localhost without a port", "http://localhost/callback", MCP_OK },
    { "http elsewhere", "http://client.example.org/cb", MCP_BAD_REDIRECT },
    { "another address of 127/8", "http://127.0.0.2/cb", MCP_BAD_REDIRECT },
    { "a name below localhost", "http://app.localhost/cb", MCP_BAD_REDIRECT },
    { "localhost below a name", "http://localhost.evil.example/cb", MCP_BAD_REDIRECT },
    { "reversed domain", "com.example.app:/cb", MCP_OK },
    { "reversed domain with authority", "com.example.app://callback", MCP_OK },
    { "reversed domain, nothing behind", "com.example.app:", MCP_BAD_REDIRECT },
    { "reversed domain, lone slash", "com.example.app:/", MCP_BAD_REDIRECT },
    { "known application", "cursor://anysphere.cursor-mcp/oauth/callback", MCP_OK },
    { "known scheme, other authority", "cursor://evil.publisher/oauth/callback", MCP_BAD_REDIRECT },
    { "unknown scheme", "steam://run/cb", MCP_BAD_REDIRECT },
    { "javascript", "javascript:alert(1)", MCP_BAD_REDIRECT },
    { "data", "data:text/html,x", MCP_BAD_REDIRECT },
    { "file", "file:///etc/passwd", MCP_BAD_REDIRECT },
    { "fragment", "https://client.example.org/cb#x", MCP_BAD_REDIRECT },
    { "empty fragment", "https://client.example.org/cb#", MCP_BAD_REDIRECT },
    { "user", "https://user@client.example.org/cb", MCP_BAD_REDIRECT },
    { "user in a private scheme", "com.example.app://user@callback/", MCP_BAD_REDIRECT },
    { "dot segment", "https://client.example.org/a/../cb", MCP_BAD_REDIRECT },
    { "encoded dot segment", "https://client.example.org/a/%2e%2e/cb", MCP_BAD_REDIRECT },
    { "wildcard", "https://client.example.org/*", MCP_BAD_REDIRECT },
    { "parameter of the answer", "https://client.example.org/cb?x=1&code=y", MCP_BAD_REDIRECT },
    { "the same without a value", "https://client.example.org/cb?state", MCP_BAD_REDIRECT },
    { "the same with an empty value", "https://client.example.org/cb?iss=", MCP_BAD_REDIRECT },
    { "the same encoded", "https://client.example.org/cb?%63ode=y", MCP_BAD_REDIRECT },
    { "a name that only begins so", "https://client.example.org/cb?codec=y", MCP_OK },
    { "empty", "", MCP_BAD_REDIRECT },
    { "relative", "/cb", MCP_BAD_REDIRECT },
    { "backslash", "http://evil.example\\@localhost/cb", MCP_BAD_REDIRECT }
};

static void redirects_are_judged(void **state)
{
    as_fixture *f = *state;
    size_t i;

    for (i = 0; i < sizeof redirect_rows / sizeof *redirect_rows; i++) {
        mcp_ctx_clear(f->ctx);
        if (mcp_redirect_check(f->ctx, redirect_rows[i].uri) != redirect_rows[i].rc) fail_msg("%s", redirect_rows[i].name);
        assert_int_equal(!*f->ctx->detail, redirect_rows[i].rc == MCP_OK);
    }
}

static void redirects_have_a_length(void **state)
{
    as_fixture *f = *state;
    char uri[2048 + 2] = "https://client.example.org/";

    memset(uri + strlen(uri), 'a', 2048 - strlen(uri));
    assert_int_equal(mcp_redirect_check(f->ctx, uri), MCP_OK);
    uri[2048] = 'a';
    assert_int_equal(mcp_redirect_check(f->ctx, uri), MCP_BAD_REDIRECT);
}

static const struct {
    const char *name, *registered, *asked;
    int matches;
} match_rows[] = {
    { "the same", "https://c.example/cb?a=1", "https://c.example/cb?a=1", 1 },
    { "https with another port", "https://c.example/cb", "https://c.example:444/cb", 0 },
    { "another query", "https://c.example/cb?a=1", "https://c.example/cb?a=2", 0 },
    { "a longer path", "https://c.example/cb", "https://c.example/cb/", 0 },
    { "host in another case", "https://c.example/cb", "https://C.example/cb", 0 },
    { "loopback without a port", "http://localhost/cb", "http://localhost:51234/cb", 1 },
    { "loopback with another port", "http://127.0.0.1:3000/cb", "http://127.0.0.1:1/cb", 1 },
    { "IPv6 loopback with another port", "http://[::1]:3000/cb", "http://[::1]:1/cb", 1 },
    { "loopback, another name", "http://127.0.0.1/cb", "http://localhost/cb", 0 },
    { "loopback, another path", "http://127.0.0.1/cb", "http://127.0.0.1:1/other", 0 },
    { "loopback, another query", "http://127.0.0.1/cb?a", "http://127.0.0.1:1/cb?b", 0 },
    { "loopback with a fragment", "http://127.0.0.1/cb", "http://127.0.0.1:1/cb#x", 0 },
    { "loopback with a user", "http://127.0.0.1/cb", "http://u@127.0.0.1:1/cb", 0 },
    { "loopback, a port that is none", "http://127.0.0.1/cb", "http://127.0.0.1:65536/cb", 0 },
    { "loopback over https", "https://localhost/cb", "https://localhost:1/cb", 0 },
    { "private scheme with another port", "com.example.app://a/cb", "com.example.app://a:1/cb", 0 },
    { "no URI at all", "http://127.0.0.1/cb", "127.0.0.1", 0 }
};

static void redirects_match(void **state)
{
    as_fixture *f = *state;
    size_t i;

    for (i = 0; i < sizeof match_rows / sizeof *match_rows; i++) {
        if (mcp_redirect_matches(f->ctx, match_rows[i].registered, match_rows[i].asked) != match_rows[i].matches)
            fail_msg("%s", match_rows[i].name);
        assert_int_equal(f->ctx->rc, MCP_OK);
    }
}

static const struct {
    const char *name, *text;
    mcp_rc rc;
} words_rows[] = {
    { "plain", "cli-client (records)", MCP_OK },
    { "Arabic", "\xd9\x85\xd8\xb3\xd8\xa7\xd8\xb9\xd8\xaf", MCP_OK },
    { "coloured picture", "\xe2\x9a\xa1\xef\xb8\x8f Lightning", MCP_OK },
    { "four bytes", "\xf0\x9f\x9a\x80", MCP_OK },
    { "control", "Claude\x1b[2J", MCP_BAD_METADATA },
    { "line", "a\nb", MCP_BAD_METADATA },
    { "C1 control", "Claude\xc2\x85", MCP_BAD_METADATA },
    { "soft hyphen", "Cla\xc2\xadude", MCP_BAD_METADATA },
    { "zero width", "Cla\xe2\x80\x8bude", MCP_BAD_METADATA },
    { "right to left", "Claude\xe2\x80\xae", MCP_BAD_METADATA },
    { "byte order mark", "\xef\xbb\xbf" "Claude", MCP_BAD_METADATA },
    { "tag letter", "Claude\xf3\xa0\x81\xa1", MCP_BAD_METADATA },
    { "blanks", " \xc2\xa0\xe3\x80\x80", MCP_BAD_METADATA },
    { "eight letters", "12345678", MCP_OK },
    { "nine letters", "123456789", MCP_BAD_METADATA }
};

static void words_are_judged(void **state)
{
    as_fixture *f = *state;
    size_t i;

    for (i = 0; i < sizeof words_rows / sizeof *words_rows; i++) {
        int max = i < sizeof words_rows / sizeof *words_rows - 2 ? 64 : 8;

        if (mcp_client_check_words(f->ctx, "client_name", words_rows[i].text, max) != words_rows[i].rc) fail_msg("%s", words_rows[i].name);
    }
}

#define REDIRECT "\"redirect_uris\":[\"https://c.example/cb\"]"
#define KEY "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\",\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\""
#define PUBLIC "\"token_endpoint_auth_method\":\"none\""

static const struct {
    const char *name, *doc;
    mcp_rc rc;
    const char *echo;       /* the metadata to echo; NULL: not compared */
} metadata_rows[] = {
    { "least", "{" REDIRECT "}", MCP_OK,
      "{" REDIRECT ",\"token_endpoint_auth_method\":\"client_secret_basic\",\"grant_types\":[\"authorization_code\"],"
      "\"response_types\":[\"code\"],\"scope\":\"customer.read\"}" },
    { "unknown scopes, grants, answers and members are dropped",
      "{" REDIRECT "," PUBLIC ",\"scope\":\"openid customer.write\",\"grant_types\":[\"authorization_code\",\"refresh_token\",\"urn:x\"],"
      "\"response_types\":[\"code\",\"token\"],\"x_vendor\":{\"a\":null},\"client_secret\":\"mine\"}", MCP_OK,
      "{" REDIRECT "," PUBLIC ",\"grant_types\":[\"authorization_code\"],\"response_types\":[\"code\"],\"scope\":\"customer.write\"}" },
    { "null counts as absent", "{" REDIRECT "," PUBLIC ",\"client_name\":null,\"scope\":null,\"grant_types\":null,\"contacts\":null}", MCP_OK,
      "{" REDIRECT "," PUBLIC ",\"grant_types\":[\"authorization_code\"],\"response_types\":[\"code\"],\"scope\":\"customer.read\"}" },
    { "empty name and link count as absent", "{" REDIRECT "," PUBLIC ",\"client_name\":\"\",\"client_uri\":\"\",\"scope\":\"\"}", MCP_OK,
      "{" REDIRECT "," PUBLIC ",\"grant_types\":[\"authorization_code\"],\"response_types\":[\"code\"],\"scope\":\"customer.read\"}" },
    { "only unknown scopes give the default", "{" REDIRECT "," PUBLIC ",\"scope\":\"openid email\"}", MCP_OK,
      "{" REDIRECT "," PUBLIC ",\"grant_types\":[\"authorization_code\"],\"response_types\":[\"code\"],\"scope\":\"customer.read\"}" },
    { "a sensitive scope is left out", "{" REDIRECT "," PUBLIC ",\"scope\":\"db.admin customer.read\"}", MCP_OK,
      "{" REDIRECT "," PUBLIC ",\"grant_types\":[\"authorization_code\"],\"response_types\":[\"code\"],\"scope\":\"customer.read\"}" },
    { "a machine", "{\"grant_types\":[\"client_credentials\"],\"response_types\":[]}", MCP_OK,
      "{\"token_endpoint_auth_method\":\"client_secret_basic\",\"grant_types\":[\"client_credentials\"],\"response_types\":[],"
      "\"scope\":\"customer.read\"}" },
    { "a machine without a secret", "{\"grant_types\":[\"client_credentials\"]," PUBLIC "}", MCP_BAD_METADATA, NULL },
    { "no client_credentials for public clients", "{" REDIRECT "," PUBLIC ",\"grant_types\":[\"authorization_code\",\"client_credentials\"]}", MCP_OK,
      "{" REDIRECT "," PUBLIC ",\"grant_types\":[\"authorization_code\"],\"response_types\":[\"code\"],\"scope\":\"customer.read\"}" },
    { "no redirect", "{" PUBLIC "}", MCP_BAD_REDIRECT, NULL },
    { "empty redirects", "{" PUBLIC ",\"redirect_uris\":[]}", MCP_BAD_REDIRECT, NULL },
    { "redirects are no list", "{" PUBLIC ",\"redirect_uris\":\"https://c.example/cb\"}", MCP_BAD_REDIRECT, NULL },
    { "a redirect is no string", "{" PUBLIC ",\"redirect_uris\":[1]}", MCP_BAD_REDIRECT, NULL },
    { "ten redirects", "{" PUBLIC ",\"redirect_uris\":[\"https://c.example/0\",\"https://c.example/1\",\"https://c.example/2\",\"https://c.example/3\","
      "\"https://c.example/4\",\"https://c.example/5\",\"https://c.example/6\",\"https://c.example/7\",\"https://c.example/8\",\"https://c.example/9\"]}", MCP_OK, NULL },
    { "eleven redirects", "{" PUBLIC ",\"redirect_uris\":[\"https://c.example/0\",\"https://c.example/1\",\"https://c.example/2\",\"https://c.example/3\","
      "\"https://c.example/4\",\"https://c.example/5\",\"https://c.example/6\",\"https://c.example/7\",\"https://c.example/8\",\"https://c.example/9\","
      "\"https://c.example/10\"]}", MCP_BAD_REDIRECT, NULL },
    { "unknown method", "{" REDIRECT ",\"token_endpoint_auth_method\":\"private_key_jwt\"}", MCP_BAD_METADATA, NULL },
    { "method is no string", "{" REDIRECT ",\"token_endpoint_auth_method\":1}", MCP_BAD_METADATA, NULL },
    { "no grant left", "{" REDIRECT ",\"grant_types\":[\"implicit\"]}", MCP_BAD_METADATA, NULL },
    { "grants are no list", "{" REDIRECT ",\"grant_types\":\"authorization_code\"}", MCP_BAD_METADATA, NULL },
    { "a grant is no string", "{" REDIRECT ",\"grant_types\":[\"authorization_code\",1]}", MCP_BAD_METADATA, NULL },
    { "no answer left", "{" REDIRECT ",\"response_types\":[\"token\"]}", MCP_BAD_METADATA, NULL },
    { "scope is no string", "{" REDIRECT ",\"scope\":[\"customer.read\"]}", MCP_BAD_METADATA, NULL },
    { "scope with a foreign letter", "{" REDIRECT ",\"scope\":\"customer.re\xd0\xb0" "d\"}", MCP_BAD_METADATA, NULL },
    { "name is no string", "{" REDIRECT ",\"client_name\":1}", MCP_BAD_METADATA, NULL },
    { "link", "{" REDIRECT ",\"client_uri\":\"https://c.example/\",\"logo_uri\":\"http://c.example/l.png\"}", MCP_OK, NULL },
    { "link with a script", "{" REDIRECT ",\"logo_uri\":\"javascript:1\"}", MCP_BAD_METADATA, NULL },
    { "link with a user", "{" REDIRECT ",\"client_uri\":\"https://u@c.example/\"}", MCP_BAD_METADATA, NULL },
    { "contacts", "{" REDIRECT ",\"contacts\":[\"ops@c.example\"]}", MCP_OK, NULL },
    { "contacts are no list", "{" REDIRECT ",\"contacts\":\"ops@c.example\"}", MCP_BAD_METADATA, NULL },
    { "contacts with a line", "{" REDIRECT ",\"contacts\":[\"ops@c.example\\r\\nBcc: x\"]}", MCP_BAD_METADATA, NULL },
    { "native", "{" REDIRECT ",\"application_type\":\"native\"}", MCP_OK, NULL },
    { "unknown application type", "{" REDIRECT ",\"application_type\":\"desktop\"}", MCP_BAD_METADATA, NULL },
    { "software statement", "{" REDIRECT ",\"software_statement\":\"x.y.z\"}", MCP_BAD_METADATA, NULL },
    { "names in other languages are kept", "{" REDIRECT "," PUBLIC ",\"client_name\":\"App\",\"client_name#de\":\"Programm\",\"tos_uri#pt-BR\":\"https://c.example/b\",\"scope#de\":1}", MCP_OK,
      "{" REDIRECT "," PUBLIC ",\"client_name\":\"App\",\"client_name#de\":\"Programm\",\"tos_uri#pt-BR\":\"https://c.example/b\","
      "\"grant_types\":[\"authorization_code\"],\"response_types\":[\"code\"],\"scope\":\"customer.read\"}" },
    { "a name without a language", "{" REDIRECT "," PUBLIC ",\"client_name#\":\"x\"}", MCP_BAD_METADATA, NULL },
    { "a name with a foreign letter in its language", "{" REDIRECT "," PUBLIC ",\"client_name#d e\":\"x\"}", MCP_BAD_METADATA, NULL },
    { "a name in another language that turns around", "{" REDIRECT "," PUBLIC ",\"client_name#he\":\"a\\u202eb\"}", MCP_BAD_METADATA, NULL },
    { "a link in another language to script", "{" REDIRECT "," PUBLIC ",\"logo_uri#de\":\"javascript:x\"}", MCP_BAD_METADATA, NULL },
    { "a public key", "{" REDIRECT "," PUBLIC ",\"jwks\":{\"keys\":[" KEY "}]}}", MCP_OK, NULL },
    { "a private key", "{" REDIRECT "," PUBLIC ",\"jwks\":{\"keys\":[" KEY ",\"d\":\"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE\"}]}}", MCP_BAD_METADATA, NULL },
    { "a symmetric key", "{" REDIRECT "," PUBLIC ",\"jwks\":{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}}", MCP_BAD_METADATA, NULL },
    { "keys that are no set", "{" REDIRECT "," PUBLIC ",\"jwks\":\"https://c.example/jwks\"}", MCP_BAD_METADATA, NULL },
    { "both kinds of keys", "{" REDIRECT ",\"jwks\":{},\"jwks_uri\":\"https://c.example/jwks\"}", MCP_BAD_METADATA, NULL },
    { "no object", "[]", MCP_BAD_METADATA, NULL }
};

static void metadata_is_judged(void **state)
{
    as_fixture *f = *state;
    mcp_client client;
    json_t *doc, *echo;
    size_t i;

    for (i = 0; i < sizeof metadata_rows / sizeof *metadata_rows; i++) {
        mcp_ctx_clear(f->ctx);
        doc = mcp_json_own(f->pool, json_loads(metadata_rows[i].doc, 0, NULL));
        if (mcp_client_from_metadata(f->ctx, &f->as, doc, &client) != metadata_rows[i].rc)
            fail_msg("%s: %s", metadata_rows[i].name, f->ctx->detail);
        if (!metadata_rows[i].echo) continue;
        echo = mcp_json_own(f->pool, json_loads(metadata_rows[i].echo, 0, NULL));
        if (!json_equal(echo, client.metadata)) fail_msg("%s: %s", metadata_rows[i].name, mcp_json_text(f->pool, client.metadata));
    }
}

static void members_are_capped(void **state)
{
    as_fixture *f = *state;
    json_t *doc = mcp_json_own(f->pool, json_loads("{" REDIRECT "}", 0, NULL));
    char name[130] = "";
    mcp_client client;
    int i;

    for (i = 1; i < 64; i++) json_object_set_new(doc, apr_itoa(f->pool, i), json_null());
    assert_int_equal(mcp_client_from_metadata(f->ctx, &f->as, doc, &client), MCP_OK);
    json_object_set_new(doc, "one more", json_null());
    assert_int_equal(mcp_client_from_metadata(f->ctx, &f->as, doc, &client), MCP_BAD_METADATA);

    doc = mcp_json_own(f->pool, json_loads("{" REDIRECT "}", 0, NULL));
    memset(name, 'n', 128);
    json_object_set_new(doc, name, json_null());
    assert_int_equal(mcp_client_from_metadata(f->ctx, &f->as, doc, &client), MCP_OK);
    name[128] = 'n';
    json_object_set_new(doc, name, json_null());
    assert_int_equal(mcp_client_from_metadata(f->ctx, &f->as, doc, &client), MCP_BAD_METADATA);
}

/* A saved client named id; secret NULL for a public one. */
static void save(as_fixture *f, const char *id, const char *auth, const char *secret)
{
    json_t *doc = mcp_json_own(f->pool, json_pack("{s:s,s:[s,s],s:s,s:[s,s],s:s}", "client_name", "A <b>", "redirect_uris",
        "https://c.example/cb", "http://127.0.0.1/cb", "token_endpoint_auth_method", auth,
        "grant_types", "authorization_code", "client_credentials", "application_type", "native"));
    mcp_client client;

    assert_int_equal(mcp_client_from_metadata(f->ctx, &f->as, doc, &client), MCP_OK);
    client.id = id;
    client.issued_at = FIXTURE_NOW;
    if (secret) client.secret_digest = mcp_text_sha256_hex(f->pool, secret, strlen(secret));
    if (secret) client.secret_expires_at = FIXTURE_NOW + FIXTURE_CLIENT_TTL;
    assert_int_equal(mcp_client_save(f->ctx, &f->as, &client), MCP_OK);
}

static void a_record_comes_back_whole(void **state)
{
    as_fixture *f = *state;
    const mcp_client *c;

    save(f, "id", "client_secret_post", "secret");
    assert_int_equal(f->memory.life, FIXTURE_CLIENT_TTL);
    assert_int_equal(mcp_client_load(f->ctx, &f->as, "id", &c), MCP_OK);
    assert_string_equal(c->id, "id");
    assert_string_equal(c->name, "A <b>");
    assert_null(c->uri);
    assert_string_equal(c->redirects[0], "https://c.example/cb");
    assert_string_equal(c->redirects[1], "http://127.0.0.1/cb");
    assert_null(c->redirects[2]);
    assert_string_equal(c->scope, "customer.read");
    assert_int_equal(c->auth, MCP_AUTH_POST);
    assert_int_equal(c->grant_code, 1);
    assert_int_equal(c->grant_credentials, 1);
    assert_int_equal(c->is_native, 1);
    assert_string_equal(c->secret_digest, mcp_text_sha256_hex(f->pool, "secret", 6));
    assert_int_equal(c->issued_at, FIXTURE_NOW);
    assert_int_equal(c->secret_expires_at, FIXTURE_NOW + FIXTURE_CLIENT_TTL);
    assert_int_equal(mcp_client_has_redirect(f->ctx, c, "http://127.0.0.1:9/cb"), 1);
    assert_int_equal(mcp_client_has_redirect(f->ctx, c, "https://c.example:9/cb"), 0);
}

static void an_id_is_never_taken_over(void **state)
{
    as_fixture *f = *state;
    mcp_client other = { .id = "id", .metadata = mcp_json_own(f->pool, json_object()) };

    save(f, "id", "none", NULL);
    assert_int_equal(mcp_client_save(f->ctx, &f->as, &other), MCP_EXISTS);
}

static void without_a_record_there_is_no_client(void **state)
{
    as_fixture *f = *state;
    const mcp_client *c;

    assert_int_equal(mcp_client_load(f->ctx, &f->as, "nobody", &c), MCP_BAD_CLIENT);
    mcp_ctx_clear(f->ctx);
    mcp_store_put(f->ctx, &f->store, "client", "https://as.example.test broken", "{\"id\":\"broken\"", 14, 60);
    assert_int_equal(mcp_client_load(f->ctx, &f->as, "broken", &c), MCP_BAD_CLIENT);
    mcp_ctx_clear(f->ctx);
    f->memory.is_down = 1;
    assert_int_equal(mcp_client_load(f->ctx, &f->as, "nobody", &c), MCP_UNAVAILABLE);
}

static const struct {
    const char *name, *basic, *form;    /* basic: id:secret before base64; "!" leads a raw header */
    mcp_rc rc;
} authenticate_rows[] = {
    { "none", NULL, "client_id=public", MCP_OK },
    { "post", NULL, "client_id=post&client_secret=s%2B1", MCP_OK },
    { "basic", "basic:s%2B1", "grant_type=x", MCP_OK },
    { "basic and the same client_id", "basic:s%2B1", "client_id=basic", MCP_OK },
    { "nobody", NULL, "grant_type=x", MCP_BAD_CLIENT },
    { "unknown", NULL, "client_id=other", MCP_BAD_CLIENT },
    { "public with a secret", NULL, "client_id=public&client_secret=s", MCP_BAD_CLIENT },
    { "public by basic", "public:", "", MCP_BAD_CLIENT },
    { "post without its secret", NULL, "client_id=post", MCP_BAD_CLIENT },
    { "post with a wrong secret", NULL, "client_id=post&client_secret=s%2B2", MCP_BAD_CLIENT },
    { "post by basic", "post:s%2B1", "", MCP_BAD_CLIENT },
    { "basic by post", NULL, "client_id=basic&client_secret=s%2B1", MCP_BAD_CLIENT },
    { "basic with a wrong secret", "basic:s", "", MCP_BAD_CLIENT },
    { "basic with an empty secret", "basic:", "", MCP_BAD_CLIENT },
    { "basic without a colon", "basic", "", MCP_BAD_CLIENT },
    { "basic badly encoded", "basic:%zz", "", MCP_BAD_CLIENT },
    { "no base64", "!Basic ***", "", MCP_BAD_CLIENT },
    { "another scheme", "!Bearer abc", "client_id=public", MCP_BAD_CLIENT },
    { "two ways", "basic:s%2B1", "client_secret=s%2B1", MCP_BAD_REQUEST },
    { "two clients", "basic:s%2B1", "client_id=post", MCP_BAD_CLIENT },
    { "assertion", NULL, "client_id=public&client_assertion=x.y.z", MCP_BAD_CLIENT }
};

static const char *header_of(as_fixture *f, const char *basic)
{
    char coded[128];

    if (!basic || *basic == '!') return basic ? basic + 1 : NULL;
    EVP_EncodeBlock((unsigned char *)coded, (const unsigned char *)basic, (int)strlen(basic));
    return apr_pstrcat(f->pool, "Basic ", coded, NULL);
}

static mcp_rc authenticate(as_fixture *f, const char *basic, const char *text)
{
    mcp_in in = { .authorization = header_of(f, basic) };
    const mcp_form *form;
    const mcp_client *c;

    mcp_ctx_clear(f->ctx);
    assert_int_equal(mcp_form_parse(f->ctx, text, strlen(text), NULL, &form), MCP_OK);
    return mcp_client_authenticate(f->ctx, &f->as, &in, form, &c);
}

static void clients_authenticate_as_registered(void **state)
{
    as_fixture *f = *state;
    size_t i;

    save(f, "public", "none", NULL);
    save(f, "post", "client_secret_post", "s+1");
    save(f, "basic", "client_secret_basic", "s+1");
    for (i = 0; i < sizeof authenticate_rows / sizeof *authenticate_rows; i++)
        if (authenticate(f, authenticate_rows[i].basic, authenticate_rows[i].form) != authenticate_rows[i].rc)
            fail_msg("%s: %s", authenticate_rows[i].name, f->ctx->detail);
}

static void a_secret_expires(void **state)
{
    as_fixture *f = *state;

    save(f, "post", "client_secret_post", "s");
    f->ctx->now = apr_time_from_sec(FIXTURE_NOW + FIXTURE_CLIENT_TTL - 1);
    assert_int_equal(authenticate(f, NULL, "client_id=post&client_secret=s"), MCP_OK);
    f->ctx->now = apr_time_from_sec(FIXTURE_NOW + FIXTURE_CLIENT_TTL);
    assert_int_equal(authenticate(f, NULL, "client_id=post&client_secret=s"), MCP_BAD_CLIENT);
}

static const struct {
    const char *name, *text, *quote;
} quote_rows[] = {
    { "a URI", "https://a.example/cb?x=1&y=%20", "'https://a.example/cb?x=1&y=%20'" },
    { "nothing", "", "''" },
    { "what would end it", "a'b\"c\\d", "'a%27b%22c%5Cd'" },
    { "blanks and controls", "a b\t\r\n\x7f", "'a%20b%09%0D%0A%7F'" },
    { "not ASCII", "\xc3\xa4", "'%C3%A4'" },
    { "a password", "https://user:pass@a.example/@cb", "'https://...@a.example/@cb'" },
    { "two at signs", "https://user@pass@a.example", "'https://...@a.example'" },
    { "no user", "https://a.example/user@host", "'https://a.example/user@host'" },
};

static void what_was_sent_is_quoted(void **state)
{
    as_fixture *f = *state;
    char text[400], *at;
    size_t i, len;

    for (i = 0; i < sizeof quote_rows / sizeof *quote_rows; i++)
        if (strcmp(mcp_client_quote(f->ctx, quote_rows[i].text), quote_rows[i].quote))
            fail_msg("%s: %s", quote_rows[i].name, mcp_client_quote(f->ctx, quote_rows[i].text));
    for (len = 100; len < 140; len++)
        for (i = 0; i < 2; i++) {
            memset(text, i ? ' ' : 'x', len);
            text[len] = '\0';
            at = apr_pstrdup(f->ctx->pool, mcp_client_quote(f->ctx, text));
            assert_int_equal(strstr(at, "...'") != NULL, i ? 1 : len > 120);
            assert_true(strlen(at) <= 128);
        }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

static void given_up_clients_are_known(void **state)
{
    as_fixture *f = *state;
    mcp_as other = f->as;

    other.issuer = "https://as.example.test/other";
    assert_int_equal(mcp_client_check_revoked(f->ctx, &f->store, f->as.issuer, "c1"), MCP_OK);
    assert_int_equal(mcp_client_revoke(f->ctx, &f->as, "c1"), MCP_OK);
    assert_true(f->memory.life >= f->as.client_ttl + f->as.access_ttl);
    assert_int_equal(mcp_client_check_revoked(f->ctx, &f->store, f->as.issuer, "c1"), MCP_BAD_CLIENT);
    mcp_ctx_clear(f->ctx);
    assert_int_equal(mcp_client_check_revoked(f->ctx, &f->store, f->as.issuer, "c2"), MCP_OK);
    assert_int_equal(mcp_client_check_revoked(f->ctx, &f->store, other.issuer, "c1"), MCP_OK);
    f->memory.is_down = 1;
    assert_int_equal(mcp_client_check_revoked(f->ctx, &f->store, f->as.issuer, "c2"), MCP_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(given_up_clients_are_known, setup, teardown),
        TEST(what_was_sent_is_quoted), TEST(redirects_are_judged), TEST(redirects_have_a_length), TEST(redirects_match), TEST(words_are_judged),
        TEST(metadata_is_judged), TEST(members_are_capped), TEST(a_record_comes_back_whole), TEST(an_id_is_never_taken_over),
        TEST(without_a_record_there_is_no_client), TEST(clients_authenticate_as_registered), TEST(a_secret_expires)
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
