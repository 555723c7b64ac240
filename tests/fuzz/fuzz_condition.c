/* A first line of words, split at blanks, and JSON text: a line is taken or refused with a sentence, and on valid text an operator
 * and its negation never both hold, nor do they differ in what cannot be judged. The text stands for the arguments and for the claims. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/condition.h"
#include "mcp/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORDS = 16 };

static const mcp_json_caps caps = { 65536, 16 };
static const struct {
    const char *name, *negation;
} pairs[] = { { "=", "!=" }, { "in", "not-in" }, { "~", "!~" }, { "<", ">=" }, { ">", "<=" }, { "is", NULL }, { "cidr", NULL }, { "under", NULL } };

static int split(char *line, const char **word)
{
    char *last = NULL, *w;
    int n = 0;

    for (w = apr_strtok(line, " ", &last); w && n < WORDS; w = apr_strtok(NULL, " ", &last)) word[n++] = w;
    return n;
}

static mcp_condition *parse(apr_pool_t *p, int n, const char *const *word)
{
    const char *why = NULL;
    mcp_condition *c = mcp_condition_parse(p, n, word, &why);

    if (!c != (why && *why)) abort();
    return c;
}

/* The opposite of one value is the opposite of all, and of none there is nothing to say. */
static void check_negation(apr_pool_t *p, int n, const char **word, const mcp_value *v, mcp_holds all, mcp_holds any)
{
    mcp_holds not_all, not_any;
    mcp_condition *c;
    size_t i;

    for (i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (strcmp(word[1], pairs[i].name) || !pairs[i].negation) continue;
        word[1] = pairs[i].negation;
        if (!(c = parse(p, n, word))) abort();
        not_all = mcp_condition_test(p, c, v, v, 0);
        not_any = mcp_condition_test(p, c, v, v, 1);
        if ((all == MCP_HOLDS_UNKNOWN) != (not_any == MCP_HOLDS_UNKNOWN) || (any == MCP_HOLDS_UNKNOWN) != (not_all == MCP_HOLDS_UNKNOWN)) {
            if (strcmp(pairs[i].name, "~")) abort();        /* the budget is one of time */
            return;
        }
        if (all == MCP_HOLDS_YES && not_any == MCP_HOLDS_YES) abort();
        if (any == MCP_HOLDS_YES && not_all == MCP_HOLDS_YES) abort();
        return;
    }
}

static void check(apr_pool_t *p, char *line, const char *json, size_t len)
{
    mcp_value v = mcp_value_of(json, len), none = { MCP_VALUE_NONE, NULL, 0 };
    const char *word[WORDS];
    int n = split(line, word);
    mcp_condition *c = parse(p, n, word);
    mcp_holds all, any;
    json_t *tree;

    if (!c) return;
    mcp_condition_test(p, c, &none, &none, 0);
    if (mcp_json_parse(mcp_ctx_create(p), json, len, &caps, &tree)) return;
    all = mcp_condition_test(p, c, &v, &v, 0);
    any = mcp_condition_test(p, c, &v, &v, 1);
    if (!strstr(word[0], "[*]") && all != any && strcmp(word[1], "~") && strcmp(word[1], "!~")) abort();
    check_negation(p, n, word, &v, all, any);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    apr_pool_t *p;

    apr_initialize();
    if (!end) return 0;
    if (apr_pool_create(&p, NULL)) abort();
    check(p, apr_pstrmemdup(p, (const char *)data, (size_t)(end - data)), (const char *)end + 1, size - (size_t)(end - data) - 1);
    apr_pool_destroy(p);
    return 0;
}
