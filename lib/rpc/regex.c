#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <time.h>
#include <apr_strings.h>
#include "mcp/regex.h"

enum { MATCH_LIMIT = 1000000, DEPTH_LIMIT = 100000, HEAP_KIB = 16384, STEPS_BETWEEN_LOOKS = 64, BUDGET_NS = 50000000 };

/* PCRE2's own limits count backtracking from each place where a match may begin, and never a scan: square time passes them. So
 * every item of the expression calls back, and now and then the thread's own clock is read. */
static const uint32_t options = PCRE2_UTF | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT;

struct mcp_regex {
    pcre2_code *code;
};

static apr_status_t release(void *code)
{
    pcre2_code_free(code);
    return APR_SUCCESS;
}

mcp_regex *mcp_regex_compile(apr_pool_t *p, const char *text, const char **why)
{
    mcp_regex *regex = apr_palloc(p, sizeof *regex);
    PCRE2_UCHAR reason[256];
    PCRE2_SIZE offset;
    int error;

    regex->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, options, &error, &offset, NULL);
    if (regex->code) {
        apr_pool_cleanup_register(p, regex->code, release, apr_pool_cleanup_null);
        return regex;
    }
    pcre2_get_error_message(error, reason, sizeof reason);
    *why = apr_psprintf(p, "the regular expression %s is wrong at offset %lu: %s", text, (unsigned long)offset, (const char *)reason);
    return NULL;
}

static int64_t cpu_time(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int count_step(pcre2_callout_block *block, void *baton)
{
    mcp_regex_budget *budget = baton;

    (void)block;
    if (++budget->steps % STEPS_BETWEEN_LOOKS) return 0;
    if (!budget->ends) budget->ends = cpu_time() + BUDGET_NS;
    return cpu_time() > budget->ends ? PCRE2_ERROR_CALLOUT : 0;
}

static int match(const mcp_regex *regex, const char *bytes, size_t len, pcre2_match_context *limits, mcp_regex_budget *budget)
{
    pcre2_match_data *found = pcre2_match_data_create(1, NULL);
    int rc;

    if (!found) return PCRE2_ERROR_NOMEMORY;
    pcre2_set_match_limit(limits, MATCH_LIMIT);
    pcre2_set_depth_limit(limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(limits, HEAP_KIB);
    pcre2_set_callout(limits, count_step, budget);
    rc = pcre2_match(regex->code, (PCRE2_SPTR)bytes, len, 0, 0, found, limits);
    pcre2_match_data_free(found);
    return rc;
}

mcp_holds mcp_regex_find(const mcp_regex *regex, const char *bytes, size_t len, mcp_regex_budget *budget)
{
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    int rc;

    if (!limits) return MCP_HOLDS_UNKNOWN;
    rc = match(regex, bytes, len, limits, budget);
    pcre2_match_context_free(limits);
    if (rc >= 0) return MCP_HOLDS_YES;
    return rc == PCRE2_ERROR_NOMATCH ? MCP_HOLDS_NO : MCP_HOLDS_UNKNOWN;
}
