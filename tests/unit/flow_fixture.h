/* An issuer with a store in a folder of its own, four clients and a browser that can fill the consent form. */
#ifndef FLOW_FIXTURE_H
#define FLOW_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/client.h"
#include "mcp/flow.h"
#include "mcp/text.h"
#include "mcp/url.h"

#define ISSUER "https://as.example.test"
#define R1 "https://mcp.example.test/mcp"
#define R2 "https://mcp2.example.test/mcp"
#define VERIFIER "abcdefghijklmnopqrstuvwxyz-0123456789._~ABCDEFG"
#define FORM_TYPE "application/x-www-form-urlencoded"

static const mcp_scope scopes[] = {
    { "customer.read", "Read customer records", 0, 1, 1 },
    { "customer.write", "Change <b>customer</b> records", 0, 0, 1 },
    { "db.admin", "Administer the database", 1, 0, 0 },
};
static const char *const one_resource[] = { R1, NULL };
static const char *const two_resources[] = { R1, R2, NULL };

static mcp_ctx *ctx;
static mcp_as as;
static mcp_out out;
static char folder[] = "/tmp/mcp-flow-XXXXXX";

/* What a page or a Location header is asked for. */
static __attribute__((unused)) const char *header(const char *name)
{
    const char *value = out.headers ? apr_table_get(out.headers, name) : NULL;

    return value ? value : "";
}

static __attribute__((unused)) int location_has(const char *name, const char *value)
{
    const char *pair = apr_pstrcat(ctx->pool, name, "=", mcp_url_escape(ctx->pool, value), NULL);
    const char *at = strstr(header("Location"), pair);

    return at && strchr("?&", at[-1]) && strchr("&", at[strlen(pair)]) != NULL;
}

static __attribute__((unused)) const char *location_get(const char *name)
{
    const char *at = strstr(header("Location"), apr_pstrcat(ctx->pool, name, "=", NULL));

    return at ? apr_pstrndup(ctx->pool, at + strlen(name) + 1, strcspn(at + strlen(name) + 1, "&#")) : NULL;
}

static __attribute__((unused)) const char *challenge_of(const char *verifier)
{
    unsigned char digest[MCP_SHA256_LEN];

    assert_int_equal(mcp_text_sha256(ctx, verifier, strlen(verifier), digest), MCP_OK);
    return mcp_text_base64url(ctx->pool, digest, sizeof digest);
}

static void forget(void)
{
    mcp_ctx_clear(ctx);
    memset(&out, 0, sizeof out);
}

static mcp_in request_of(const char *user)
{
    mcp_in in = { 0 };

    in.user = user;
    in.content_type = FORM_TYPE;
    return in;
}

static __attribute__((unused)) mcp_rc get_authorize(const char *user, const char *query)
{
    mcp_in in = request_of(user);

    forget();
    in.method = "GET";
    in.query = query;
    return mcp_authorize(ctx, &as, &in, &out);
}

static __attribute__((unused)) mcp_rc post(mcp_rc (*use_case)(mcp_ctx *, const mcp_as *, const mcp_in *, mcp_out *), mcp_in in, const char *body)
{
    forget();
    in.method = "POST";
    in.body = body;
    in.body_len = strlen(body);
    return use_case(ctx, &as, &in, &out);
}

static __attribute__((unused)) mcp_rc post_consent(const char *user, const char *body)
{
    return post(mcp_consent, request_of(user), body);
}

/* A request that P1 makes by the book. */
static __attribute__((unused)) const char *good_query(void)
{
    return apr_pstrcat(ctx->pool, "response_type=code&client_id=P1&redirect_uri=https%3A%2F%2Fp1.example%2Fcb&scope=customer.read+db.admin"
                       "&state=s%201&code_challenge_method=S256&code_challenge=", challenge_of(VERIFIER), NULL);
}

static __attribute__((unused)) const char *ticket_on_page(void)
{
    static const char before[] = "name=\"ticket\" value=\"";
    const char *at = out.body ? strstr(out.body, before) : NULL;

    assert_non_null(at);
    return apr_pstrndup(ctx->pool, at + sizeof before - 1, strcspn(at + sizeof before - 1, "\""));
}

static __attribute__((unused)) const char *new_ticket(const char *user)
{
    assert_int_equal(get_authorize(user, good_query()), MCP_OK);
    return ticket_on_page();
}

static __attribute__((unused)) const char *new_code(const char *user)
{
    const char *body = apr_pstrcat(ctx->pool, "decision=approve&scope=customer.read&ticket=", new_ticket(user), NULL);

    assert_int_equal(post_consent(user, body), MCP_OK);
    return location_get("code");
}

static void save_client(const char *id, const char *metadata, const char *secret, apr_int64_t secret_life)
{
    static const mcp_json_caps caps = { 4096, 4 };
    mcp_client client = { 0 };
    json_t *doc;

    assert_int_equal(mcp_json_object(ctx, metadata, strlen(metadata), &caps, &doc), MCP_OK);
    if (mcp_client_from_metadata(ctx, &as, doc, &client)) fail_msg("%s: %s", id, ctx->detail);
    client.id = id;
    client.issued_at = mcp_now(ctx);
    if (secret) {
        client.secret_digest = mcp_text_sha256_hex(ctx->pool, secret, strlen(secret));
        client.secret_expires_at = mcp_now(ctx) + secret_life;
    }
    assert_int_equal(mcp_client_save(ctx, &as, &client), MCP_OK);
}

static void save_clients(void)
{
    save_client("P1", "{\"client_name\":\"First one\",\"token_endpoint_auth_method\":\"none\",\"scope\":\"customer.read\","
                "\"client_uri\":\"https://p1.example/\",\"redirect_uris\":[\"http://127.0.0.1/callback\",\"https://p1.example/cb\"]}", NULL, 0);
    save_client("P2", "{\"token_endpoint_auth_method\":\"none\",\"redirect_uris\":[\"https://p2.example/cb\"]}", NULL, 0);
    save_client("C1", "{\"token_endpoint_auth_method\":\"client_secret_post\",\"grant_types\":[\"client_credentials\"],\"redirect_uris\":[],"
                "\"scope\":\"customer.read customer.write\"}", "sesame", 600);
    save_client("C2", "{\"token_endpoint_auth_method\":\"client_secret_post\",\"redirect_uris\":[\"https://c2.example/cb\"]}", "sesame", 600);
}

static int open_issuer(void **state)
{
    static const unsigned char seal[32] = "thirty-two bytes for the tests.";
    apr_pool_t *p;

    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    if (apr_pool_create(&p, NULL) || !mkdtemp(folder)) return -1;
    ctx = mcp_ctx_create(p);
    memset(&as, 0, sizeof as);
    as.issuer = ISSUER;
    as.path = "";
    as.seal = seal;
    as.scopes = scopes;
    as.scope_count = sizeof scopes / sizeof *scopes;
    as.resources = one_resource;
    as.access_ttl = 600;
    as.client_ttl = 3600;
    as.code_ttl = 60;
    if (mcp_keys_create(ctx, p, apr_pstrcat(p, folder, "/key.pem", NULL), &as.key)) return -1;
    as.keys = mcp_keys_of(p, as.key);
    if (mcp_store_open(ctx, p, apr_pstrcat(p, "lmdb:", folder, NULL), 1, &as.store)) return -1;
    save_clients();
    forget();
    return 0;
}

static int close_issuer(void **state)
{
    char command[64];

    (void)state;
    (void)one_resource;
    (void)two_resources;
    apr_pool_destroy(ctx->pool);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

#endif
