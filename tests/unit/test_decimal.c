#include "value_fixture.h"
#include "mcp/decimal.h"

#define NINES_40 "9999999999999999999999999999999999999999"

static void what_is_read(void **state)
{
    static const struct {
        const char *text;
        int is_read;
    } rows[] = {
        { "0", 1 }, { "-0", 1 }, { "7", 1 }, { "-7", 1 }, { "10.50", 1 }, { "1e5", 1 }, { "1E+5", 1 }, { "1.5e-5", 1 },
        { "", 0 }, { "-", 0 }, { "+1", 0 }, { "01", 0 }, { "-01", 0 }, { "00", 0 }, { ".5", 0 }, { "5.", 0 }, { "5.e1", 0 }, { "1e", 0 },
        { "1e+", 0 }, { "1e1.5", 0 }, { " 1", 0 }, { "1 ", 0 }, { "0x1", 0 }, { "1_0", 0 }, { "1,5", 0 }, { "Infinity", 0 }, { "NaN", 0 },
        { "1e5e5", 0 }, { "--1", 0 }, { "1-", 0 },
        { NINES_40, 1 }, { NINES_40 "9", 0 }, { "-" NINES_40, 1 },
        { NINES_40 "000", 1 }, { "0.000" NINES_40, 1 }, { "1000000000000000000000000000000000000000000000000", 1 },
        { "10000000000000000000000000000000000000000000000001", 0 }, { "1.0000000000000000000000000000000000000000000000000", 1 },
        { "1e1000", 1 }, { "1e1001", 0 }, { "1e-1000", 1 }, { "1e-1001", 0 }, { "9.9e1000", 1 }, { "99e1000", 0 }, { "0.1e-1000", 0 },
        { "0e1000", 1 }, { "0e1001", 0 }, { "1e99999999999999999999999999", 0 }, { "1e0000000000000000000000000000000000000000000005", 1 },
    };
    mcp_decimal d;
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++)
        if (mcp_decimal_read(rows[i].text, strlen(rows[i].text), &d) != rows[i].is_read) fail_msg("%s", rows[i].text);
}

static mcp_decimal decimal(const char *text)
{
    mcp_decimal d;

    if (!mcp_decimal_read(text, strlen(text), &d)) fail_msg("%s is not read", text);
    return d;
}

static void how_they_compare(void **state)
{
    static const struct {
        const char *a, *b;
        int exact, rounded;
    } rows[] = {
        { "1", "1", 0, 0 }, { "1e2", "100", 0, 0 }, { "100.0", "1E+2", 0, 0 }, { "0.01", "1e-2", 0, 0 }, { "0", "-0.0e5", 0, 0 },
        { "1200", "1.2e3", 0, 0 }, { "-5", "-50e-1", 0, 0 },
        { "1", "2", -1, -1 }, { "9", "10", -1, -1 }, { "99", "100", -1, -1 }, { "0.9", "1", -1, -1 }, { "0.09", "0.1", -1, -1 },
        { "-1", "1", -1, -1 }, { "-2", "-1", -1, -1 }, { "-10", "-9", -1, -1 }, { "-1", "0", -1, -1 }, { "0", "1e-9", -1, -1 },
        { "12", "12.5", -1, -1 }, { "-12.5", "-12", -1, -1 }, { "1e-5", "1e-4", -1, -1 }, { "-1e5", "-1e4", -1, -1 },
        { "9007199254740992", "9007199254740993", -1, 0 }, { "9007199254740993", "9007199254740994", -1, -1 },
        { "999.99999999999999999999", "1000", -1, 0 }, { "-1000", "-999.99999999999999999999", -1, 0 },
        { "0", "1e-400", -1, 0 }, { "1e400", "1e500", -1, 0 }, { "1e400", "1", 1, 1 }, { "0.1", "0.1000000000000000055511151231257827", -1, 0 },
    };
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        mcp_decimal a = decimal(rows[i].a), b = decimal(rows[i].b);
        int there = mcp_decimal_compare(&a, &b), back = mcp_decimal_compare(&b, &a), rounded = mcp_decimal_compare_rounded(&a, &b);
        if ((there > 0) - (there < 0) != rows[i].exact) fail_msg("%s beside %s: %d", rows[i].a, rows[i].b, there);
        if ((back > 0) - (back < 0) != -rows[i].exact) fail_msg("%s beside %s: %d", rows[i].b, rows[i].a, back);
        if ((rounded > 0) - (rounded < 0) != rows[i].rounded) fail_msg("%s beside %s rounded: %d", rows[i].a, rows[i].b, rounded);
    }
}

static void which_orders_hold(void **state)
{
    static const struct {
        const char *a;
        unsigned orders;
        const char *b;
        int holds;
    } rows[] = {
        { "1", MCP_EQUAL, "1.0", YES }, { "1", MCP_EQUAL, "2", NO }, { "1", MCP_LESS, "2", YES }, { "2", MCP_LESS, "2", NO },
        { "2", MCP_LESS | MCP_EQUAL, "2", YES }, { "3", MCP_GREATER, "2", YES }, { "3", MCP_LESS | MCP_GREATER, "2", YES },
        { "1000.00000000000000000001", MCP_EQUAL, "1000", UNKNOWN }, { "1000.00000000000000000001", MCP_GREATER, "1000", UNKNOWN },
        { "1000.00000000000000000001", MCP_LESS, "1000", NO }, { "1000.00000000000000000001", MCP_GREATER | MCP_EQUAL, "1000", YES },
        { "1000.00000000000000000001", MCP_LESS | MCP_EQUAL, "1000", UNKNOWN },
    };
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        mcp_decimal a = decimal(rows[i].a), b = decimal(rows[i].b);
        mcp_holds holds = mcp_decimal_holds(rows[i].orders, &a, &b);
        if ((int)holds != rows[i].holds) fail_msg("%s %u %s: %s", rows[i].a, rows[i].orders, rows[i].b, answer(holds));
    }
}

static void what_is_an_integer(void **state)
{
    static const struct {
        const char *text;
        int holds;
    } rows[] = {
        { "0", YES }, { "-3", YES }, { "1.0", YES }, { "1e2", YES }, { "1.5e1", YES }, { "1e400", YES }, { "123456789012345678901234567890", YES },
        { "1.5", NO }, { "15e-1", NO }, { "0.1", NO }, { "1e-400", UNKNOWN }, { "4.00000000000000000001", UNKNOWN }, { "9007199254740992.5", UNKNOWN },
        { "4.1234567890123456789", NO },
    };
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        mcp_decimal d = decimal(rows[i].text);
        if ((int)mcp_decimal_is_integer(&d) != rows[i].holds) fail_msg("%s: %s", rows[i].text, answer(mcp_decimal_is_integer(&d)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read), cmocka_unit_test(how_they_compare), cmocka_unit_test(which_orders_hold), cmocka_unit_test(what_is_an_integer),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, begin, end);
}
