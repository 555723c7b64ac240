/* A pool, JSON values from text, and rows of questions with three answers. */
#ifndef VALUE_FIXTURE_H
#define VALUE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "mcp/holds.h"
#include "mcp/value.h"

#define ROWS(rows) (sizeof (rows) / sizeof *(rows))

enum { NO = MCP_HOLDS_NO, YES = MCP_HOLDS_YES, UNKNOWN = MCP_HOLDS_UNKNOWN };

static apr_pool_t *pool;

static inline int begin(void **state)
{
    (void)state;
    return apr_pool_create(&pool, NULL);
}

static inline int end(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static inline mcp_value value_of(const char *json)
{
    return json ? mcp_value_of(json, strlen(json)) : (mcp_value){ MCP_VALUE_NONE, NULL, 0 };
}

static inline const char *answer(int holds)
{
    static const char *const names[] = { "NO", "YES", "UNKNOWN" };

    return names[holds];
}

#endif
