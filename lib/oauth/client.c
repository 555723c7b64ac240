#include <string.h>
#include <apr_strings.h>
#include "mcp/client.h"
#include "mcp/redirect.h"
#include "mcp/text.h"
#include "mcp/url.h"

enum { MEMBERS_MAX = 64, MEMBER_NAME_MAX = 128, REDIRECTS_MAX = 10, LIST_MAX = 32, CONTACTS_MAX = 10,
       WORDS_MAX = 256, SCOPE_MAX = 4096,
       KEYS_MAX = 10, LANGUAGE_MAX = 35 };

mcp_rc mcp_client_refuse(mcp_ctx *ctx, mcp_rc rc, const char *member)
{
    const char *why = ctx->detail;

    mcp_ctx_clear(ctx);
    return mcp_fail(ctx, rc, "%s: %s", member, why);
}

/* A member that is null counts as absent: several clients serialise what they do not know that way. */
static json_t *member_of(const json_t *doc, const char *name)
{
    json_t *value = json_object_get(doc, name);

    return json_is_null(value) ? NULL : value;
}

static mcp_rc check_words(mcp_ctx *ctx, const char *name, const json_t *value)
{
    if (!json_is_string(value)) return mcp_fail(ctx, MCP_BAD_METADATA, "%s is no string", name);
    return mcp_client_check_words(ctx, name, json_string_value(value), WORDS_MAX);
}

/* For people to follow. Nothing here is ever fetched by the server. */
static mcp_rc check_link(mcp_ctx *ctx, const char *name, const json_t *value)
{
    mcp_url url;

    if (!json_is_string(value)) return mcp_fail(ctx, MCP_BAD_METADATA, "%s is no string", name);
    if (mcp_url_parse(ctx, json_string_value(value), &url)) return mcp_client_refuse(ctx, MCP_BAD_METADATA, name);
    if (strcmp(url.scheme, "https") && strcmp(url.scheme, "http"))
        return mcp_fail(ctx, MCP_BAD_METADATA, "%s is no web address", name);
    if (url.userinfo) return mcp_fail(ctx, MCP_BAD_METADATA, "%s has user information", name);
    return MCP_OK;
}

static mcp_rc check_contacts(mcp_ctx *ctx, const char *name, const json_t *value)
{
    size_t i;
    mcp_rc rc;

    if (!json_is_array(value) || json_array_size(value) > CONTACTS_MAX)
        return mcp_fail(ctx, MCP_BAD_METADATA, "%s is no list of at most %d strings", name, CONTACTS_MAX);
    for (i = 0; i < json_array_size(value); i++)
        if ((rc = check_words(ctx, name, json_array_get(value, i)))) return rc;
    return MCP_OK;
}

static mcp_rc check_application(mcp_ctx *ctx, const char *name, const json_t *value)
{
    const char *text = json_is_string(value) ? json_string_value(value) : "";

    if (!strcmp(text, "web") || !strcmp(text, "native")) return MCP_OK;
    return mcp_fail(ctx, MCP_BAD_METADATA, "%s is neither web nor native", name);
}

static mcp_rc check_statement(mcp_ctx *ctx, const char *name, const json_t *value)
{
    (void)value;
    return mcp_fail(ctx, MCP_BAD_METADATA, "%s is not accepted here", name);
}

/* What a client has of keys must be its public halves: one that shows its private key has lost it. */
static mcp_rc check_keys(mcp_ctx *ctx, const char *name, const json_t *value)
{
    const char *text = json_is_object(value) ? mcp_json_text(ctx->pool, value) : NULL;
    const mcp_keys *keys;

    if (!text) return mcp_fail(ctx, MCP_BAD_METADATA, "%s is no key set", name);
    if (json_array_size(json_object_get(value, "keys")) > KEYS_MAX) return mcp_fail(ctx, MCP_BAD_METADATA, "%s has more than %d keys", name, KEYS_MAX);
    return mcp_keys_from_jwks(ctx, ctx->pool, text, strlen(text), NULL, &keys) ? mcp_client_refuse(ctx, MCP_BAD_METADATA, name) : MCP_OK;
}

/* RFC 7591 section 2, the members that describe. What has no row is left out of the record. */
static const struct {
    const char *name;
    mcp_rc (*check)(mcp_ctx *ctx, const char *name, const json_t *value);
    int kept, localized;
} descriptions[] = {
    { "client_name", check_words, 1, 1 },
    { "client_uri", check_link, 1, 1 },
    { "logo_uri", check_link, 1, 1 },
    { "tos_uri", check_link, 1, 1 },
    { "policy_uri", check_link, 1, 1 },
    { "jwks_uri", check_link, 0, 0 },
    { "jwks", check_keys, 0, 0 },
    { "contacts", check_contacts, 1, 0 },
    { "application_type", check_application, 1, 0 },
    { "software_id", check_words, 1, 0 },
    { "software_version", check_words, 1, 0 },
    { "software_statement", check_statement, 0, 0 }
};

/* BCP 47, by its letters. */
static int is_language(const char *tag)
{
    size_t len = strspn(tag, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-");

    return len && !tag[len] && len <= LANGUAGE_MAX && *tag != '-' && tag[len - 1] != '-';
}

/* RFC 7591 section 2.2: MEMBER#LANGUAGE says the same in that language, by the rules of the member. */
static mcp_rc read_localized(mcp_ctx *ctx, const json_t *doc, mcp_client *client)
{
    const char *name, *tag;
    json_t *value;
    size_t i;
    mcp_rc rc;

    json_object_foreach((json_t *)doc, name, value) {
        if (!(tag = strchr(name, '#')) || json_is_null(value) || (json_is_string(value) && !json_string_length(value))) continue;
        for (i = 0; i < sizeof descriptions / sizeof *descriptions; i++) {
            if (!descriptions[i].localized || strlen(descriptions[i].name) != (size_t)(tag - name) || strncmp(name, descriptions[i].name, (size_t)(tag - name))) continue;
            if (!is_language(tag + 1)) return mcp_fail(ctx, MCP_BAD_METADATA, "%s has no language behind its #", descriptions[i].name);
            if ((rc = descriptions[i].check(ctx, descriptions[i].name, value))) return mcp_client_refuse(ctx, rc, tag);
            json_object_set(client->metadata, name, value);
        }
    }
    return MCP_OK;
}

static mcp_rc read_descriptions(mcp_ctx *ctx, const json_t *doc, mcp_client *client)
{
    json_t *value;
    size_t i;
    mcp_rc rc;

    for (i = 0; i < sizeof descriptions / sizeof *descriptions; i++) {
        value = member_of(doc, descriptions[i].name);
        if (!value || (json_is_string(value) && !json_string_length(value))) continue;
        if (client->is_document && descriptions[i].check == check_statement) continue;      /* nobody asked for one */
        if ((rc = descriptions[i].check(ctx, descriptions[i].name, value))) return rc;
        if (descriptions[i].kept) json_object_set(client->metadata, descriptions[i].name, value);
    }
    if ((rc = read_localized(ctx, doc, client))) return rc;
    if (member_of(doc, "jwks") && member_of(doc, "jwks_uri"))
        return mcp_fail(ctx, MCP_BAD_METADATA, "jwks and jwks_uri exclude each other");
    value = json_object_get(client->metadata, "client_name");
    client->name = value ? json_string_value(value) : "";
    client->uri = mcp_json_string(client->metadata, "client_uri");
    return MCP_OK;
}

static const struct {
    const char *name;
    mcp_client_auth auth;
} auths[] = {
    { "client_secret_basic", MCP_AUTH_BASIC },     /* first: RFC 7591 takes it where none is named */
    { "client_secret_post", MCP_AUTH_POST },
    { "none", MCP_AUTH_NONE }
};

/* A document that anyone may read can hold no secret. */
static mcp_rc check_auth(mcp_ctx *ctx, const json_t *doc, const mcp_client *client)
{
    if (!client->is_document) return MCP_OK;
    if (client->auth != MCP_AUTH_NONE) return mcp_fail(ctx, MCP_BAD_METADATA, "token_endpoint_auth_method of a client metadata document is none");
    if (json_object_get(doc, "client_secret") || json_object_get(doc, "client_secret_expires_at"))
        return mcp_fail(ctx, MCP_BAD_METADATA, "a client metadata document holds no client_secret");
    return MCP_OK;
}

static mcp_rc read_auth(mcp_ctx *ctx, const json_t *doc, mcp_client *client)
{
    json_t *value = member_of(doc, "token_endpoint_auth_method");
    const char *name = value ? json_string_value(value) : client->is_document ? "none" : auths[0].name;
    size_t i;

    for (i = 0; name && i < sizeof auths / sizeof *auths; i++) {
        if (strcmp(name, auths[i].name)) continue;
        client->auth = auths[i].auth;
        json_object_set_new(client->metadata, "token_endpoint_auth_method", json_string(name));
        return check_auth(ctx, doc, client);
    }
    return mcp_fail(ctx, MCP_BAD_METADATA, "token_endpoint_auth_method is none, client_secret_basic or client_secret_post");
}

/* 1 if the list, or its default where there is none, holds the word. */
static int lists(const json_t *list, const char *by_default, const char *word)
{
    size_t i;

    if (!list) return !strcmp(by_default, word);
    for (i = 0; i < json_array_size(list); i++)
        if (!strcmp(json_string_value(json_array_get(list, i)), word)) return 1;
    return 0;
}

static mcp_rc check_list(mcp_ctx *ctx, const char *name, const json_t *list)
{
    size_t i;

    if (!list) return MCP_OK;
    if (!json_is_array(list) || json_array_size(list) > LIST_MAX)
        return mcp_fail(ctx, MCP_BAD_METADATA, "%s is no list of at most %d strings", name, LIST_MAX);
    for (i = 0; i < json_array_size(list); i++)
        if (!json_is_string(json_array_get(list, i))) return mcp_fail(ctx, MCP_BAD_METADATA, "%s holds something else than strings", name);
    return MCP_OK;
}

static void write_grants(mcp_client *client)
{
    json_t *list = json_array();

    if (client->grant_code) json_array_append_new(list, json_string("authorization_code"));
    if (client->grant_refresh) json_array_append_new(list, json_string("refresh_token"));
    if (client->grant_credentials) json_array_append_new(list, json_string("client_credentials"));
    json_object_set_new(client->metadata, "grant_types", list);
    list = json_array();
    if (client->grant_code) json_array_append_new(list, json_string("code"));
    json_object_set_new(client->metadata, "response_types", list);
}

/* Grants we do not serve are dropped; what is left must be of use (RFC 7591 section 2.1). */
static mcp_rc read_grants(mcp_ctx *ctx, const mcp_as *as, const json_t *doc, mcp_client *client)
{
    const json_t *grants = member_of(doc, "grant_types"), *responses = member_of(doc, "response_types");
    mcp_rc rc;

    if ((rc = check_list(ctx, "grant_types", grants))) return rc;
    if ((rc = check_list(ctx, "response_types", responses))) return rc;
    client->grant_code = lists(grants, "authorization_code", "authorization_code") ? 1u : 0u;
    client->grant_refresh = as->refresh != MCP_REFRESH_OFF && client->grant_code && lists(grants, "", "refresh_token") ? 1u : 0u;
    client->grant_credentials = mcp_as_serves_machines(as) && client->auth != MCP_AUTH_NONE && lists(grants, "", "client_credentials") ? 1u : 0u;
    if (!client->grant_code && !client->grant_credentials)
        return mcp_fail(ctx, MCP_BAD_METADATA, "grant_types leaves nothing that this client could use here");
    if (client->grant_code && !lists(responses, "code", "code"))
        return mcp_fail(ctx, MCP_BAD_METADATA, "response_types lacks code");
    write_grants(client);
    return MCP_OK;
}

static mcp_rc read_redirects(mcp_ctx *ctx, const json_t *doc, mcp_client *client)
{
    json_t *list = member_of(doc, "redirect_uris");
    size_t i, count = json_array_size(list);
    const char **redirects;
    mcp_rc rc;

    if (list && !json_is_array(list)) return mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uris is no list");
    if (count > REDIRECTS_MAX) return mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uris has more than %d entries", REDIRECTS_MAX);
    if (!count && client->grant_code) return mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uris is missing or empty");
    redirects = apr_pcalloc(ctx->pool, (count + 1) * sizeof *redirects);
    client->redirects = redirects;
    for (i = 0; i < count; i++) {
        redirects[i] = json_string_value(json_array_get(list, i));
        if (!redirects[i]) return mcp_fail(ctx, MCP_BAD_REDIRECT, "redirect_uris holds something else than strings");
        if ((rc = mcp_redirect_check(ctx, redirects[i]))) return rc;
    }
    if (count) json_object_set(client->metadata, "redirect_uris", list);
    return MCP_OK;
}

/* RFC 6749 3.3: scope-token. */
static int is_scope_text(const char *text)
{
    for (; *text; text++)
        if (*text < 0x20 || *text > 0x7e || *text == '"' || *text == '\\') return 0;
    return 1;
}

static int is_open(const mcp_client *client, const mcp_scope *scope)
{
    return client->ceiling ? mcp_text_has_word(client->ceiling, scope->name) : !scope->sensitive;
}

/* The scopes open to the client that the list names, or its default ones for NULL. */
static const char *grantable(mcp_ctx *ctx, const mcp_as *as, const mcp_client *client, const char *asked)
{
    const char *granted = "";
    const mcp_scope *scope;

    for (scope = as->scopes; scope < as->scopes + as->scope_count; scope++) {
        if (!is_open(client, scope) || !(asked ? mcp_text_has_word(asked, scope->name) : (int)scope->by_default)) continue;
        granted = apr_pstrcat(ctx->pool, granted, *granted ? " " : "", scope->name, NULL);
    }
    return granted;
}

/* Clients that only ask for what we do not have (openid, profile) get the default. */
static mcp_rc read_scope(mcp_ctx *ctx, const mcp_as *as, const json_t *doc, mcp_client *client)
{
    json_t *value = member_of(doc, "scope");
    const char *asked = value ? json_string_value(value) : "";

    if (!asked) return mcp_fail(ctx, MCP_BAD_METADATA, "scope is no string");
    if (strlen(asked) > SCOPE_MAX || !is_scope_text(asked))
        return mcp_fail(ctx, MCP_BAD_METADATA, "scope holds a character that no scope may have, or is too long");
    client->scope = grantable(ctx, as, client, asked);
    if (!*client->scope) client->scope = grantable(ctx, as, client, NULL);
    if (*client->scope) json_object_set_new(client->metadata, "scope", json_string(client->scope));
    return MCP_OK;
}

const char *mcp_client_within(mcp_ctx *ctx, const mcp_client *client, const char *scope)
{
    char *word, *state;
    const char *all = "";

    if (!client->ceiling) return scope;
    for (word = apr_strtok(apr_pstrdup(ctx->pool, scope), " ", &state); word; word = apr_strtok(NULL, " ", &state))
        if (mcp_text_has_word(client->ceiling, word)) all = apr_pstrcat(ctx->pool, all, *all ? " " : "", word, NULL);
    return all;
}

static mcp_rc check_size(mcp_ctx *ctx, json_t *doc)
{
    const char *name;
    json_t *value;

    if (!json_is_object(doc)) return mcp_fail(ctx, MCP_BAD_METADATA, "the client metadata is no object");
    if (json_object_size(doc) > MEMBERS_MAX) return mcp_fail(ctx, MCP_BAD_METADATA, "more than %d members", MEMBERS_MAX);
    json_object_foreach(doc, name, value)
        if (strlen(name) > MEMBER_NAME_MAX)
            return mcp_fail(ctx, MCP_BAD_METADATA, "a member's name is longer than %d bytes", MEMBER_NAME_MAX);
    return MCP_OK;
}

/* RFC 8252: an application on the user's device says so, or has nowhere else to be sent to. */
static int is_native(const mcp_client *client)
{
    const char *type = mcp_json_string(client->metadata, "application_type");
    const char *const *uri;

    if (type) return !strcmp(type, "native");
    for (uri = client->redirects; *uri; uri++)
        if (!strncmp(*uri, "https:", 6)) return 0;
    return client->redirects[0] != NULL;
}

mcp_rc mcp_client_judge(mcp_ctx *ctx, const mcp_as *as, const mcp_client_rules *rules, json_t *doc, mcp_client *out)
{
    mcp_rc rc;

    memset(out, 0, sizeof *out);
    out->is_document = rules && rules->is_document;
    out->ceiling = rules ? rules->ceiling : NULL;
    out->metadata = mcp_json_own(ctx->pool, json_object());
    if ((rc = check_size(ctx, doc))) return rc;
    if ((rc = read_descriptions(ctx, doc, out))) return rc;
    if ((rc = read_auth(ctx, doc, out))) return rc;
    if ((rc = read_grants(ctx, as, doc, out))) return rc;
    if ((rc = read_redirects(ctx, doc, out))) return rc;
    if ((rc = read_scope(ctx, as, doc, out))) return rc;
    out->is_native = is_native(out) ? 1u : 0u;
    return MCP_OK;
}

mcp_rc mcp_client_from_metadata(mcp_ctx *ctx, const mcp_as *as, json_t *doc, mcp_client *out)
{
    return mcp_client_judge(ctx, as, NULL, doc, out);
}

int mcp_client_has_redirect(mcp_ctx *ctx, const mcp_client *client, const char *uri)
{
    const char *const *one;

    for (one = client->redirects; *one; one++)
        if (mcp_redirect_matches(ctx, *one, uri)) return 1;
    return 0;
}
