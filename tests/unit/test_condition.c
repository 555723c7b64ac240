#include "value_fixture.h"
#include "mcp/condition.h"

/* "region|=|eu" */
static mcp_condition *parse(const char *line, const char **why)
{
    const char *word[16];
    char *copy = apr_pstrdup(pool, line), *bar;
    int n = 0;

    while (copy && n < 16) {
        word[n++] = copy;
        if ((bar = strchr(copy, '|'))) *bar++ = '\0';
        copy = bar;
    }
    return mcp_condition_parse(pool, n, word, why);
}

static mcp_holds test(const char *line, const char *arguments, const char *claims, int any)
{
    mcp_value root = value_of(arguments), token = value_of(claims);
    const char *why;
    mcp_condition *c = parse(line, &why);

    if (!c) fail_msg("%s: %s", line, why);
    assert_null(why);
    return mcp_condition_test(pool, c, &root, &token, any);
}

typedef struct {
    const char *line, *arguments;
    int holds;
} row;

static void judge(const row *rows, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        mcp_holds holds = test(rows[i].line, rows[i].arguments, NULL, 0), any = test(rows[i].line, rows[i].arguments, NULL, 1);
        if ((int)holds != rows[i].holds) fail_msg("%s on %s: %s", rows[i].line, rows[i].arguments, answer(holds));
        if (!strstr(rows[i].line, "[*]") && any != holds) fail_msg("%s on %s: any makes it %s", rows[i].line, rows[i].arguments, answer(any));
    }
}

static void equality(void **state)
{
    static const row rows[] = {
        { "a|=|eu", "{\"a\":\"eu\"}", YES }, { "a|=|eu", "{\"a\":\"us\"}", NO }, { "a|=|eu", "{\"a\":\"eu \"}", NO }, { "a|=|eu", "{\"a\":\"EU\"}", NO },
        { "a|=|eu", "{\"a\":\"\\u0065u\"}", YES }, { "a|=|", "{\"a\":\"\"}", YES }, { "a|=|", "{\"a\":\"x\"}", NO },
        { "a|!=|eu", "{\"a\":\"us\"}", YES }, { "a|!=|eu", "{\"a\":\"eu\"}", NO },
        { "a|=|eu", "{\"b\":\"eu\"}", NO }, { "a|!=|eu", "{\"b\":\"eu\"}", NO }, { "a|!=|eu", NULL, NO },
        { "a|=|eu", "{\"a\":[\"eu\"]}", UNKNOWN }, { "a|!=|eu", "{\"a\":[\"eu\"]}", UNKNOWN }, { "a|=|eu", "{\"a\":{}}", UNKNOWN },
        { "a|=|eu", "{\"a\":\"eu\\u0000\"}", UNKNOWN }, { "a|!=|eu", "{\"a\":\"eu\\ud800\"}", UNKNOWN },
        { "a|=|eu", "{\"a\":5}", NO }, { "a|=|eu", "{\"a\":true}", NO },
        { "a|=|5", "{\"a\":5}", YES }, { "a|=|100", "{\"a\":1e2}", YES }, { "a|=|1e2", "{\"a\":100.0}", YES }, { "a|=|5", "{\"a\":6}", NO },
        { "a|=|5", "{\"a\":\"5\"}", YES }, { "a|=|5", "{\"a\":\"6\"}", NO }, { "a|=|5", "{\"a\":\"five\"}", NO },
        { "a|!=|5", "{\"a\":\"05\"}", UNKNOWN }, { "a|!=|5", "{\"a\":\" 5\"}", UNKNOWN }, { "a|!=|5", "{\"a\":\"5.0\"}", UNKNOWN },
        { "a|!=|5", "{\"a\":\"+5\"}", UNKNOWN }, { "a|!=|0", "{\"a\":\"\"}", UNKNOWN }, { "a|!=|5", "{\"a\":\"\xd9\xa5\"}", UNKNOWN },
        { "a|!=|1", "{\"a\":\"1e2\"}", UNKNOWN }, { "a|!=|1", "{\"a\":\"1.5\"}", UNKNOWN }, { "a|!=|5", "{\"a\":\"94110\"}", YES },
        { "a|=|007", "{\"a\":\"007\"}", YES }, { "a|=|007", "{\"a\":\"7\"}", NO }, { "a|=|007", "{\"a\":7}", NO },
        { "a|!=|1000", "{\"a\":1000.00000000000000000001}", UNKNOWN }, { "a|!=|9007199254740992", "{\"a\":9007199254740993}", UNKNOWN },
        { "a|!=|9007199254740992", "{\"a\":\"9007199254740993\"}", UNKNOWN }, { "a|!=|1000", "{\"a\":1000.5}", YES },
        { "a|=|eu", "{\"a\":12345678901234567890123456789012345678901}", UNKNOWN }, { "a|!=|1", "{\"a\":1e1001}", UNKNOWN },
        { "a|=|true", "{\"a\":true}", YES }, { "a|=|true", "{\"a\":false}", NO }, { "a|=|false", "{\"a\":false}", YES },
        { "a|=|true", "{\"a\":\"true\"}", YES }, { "a|!=|true", "{\"a\":\"yes\"}", UNKNOWN }, { "a|!=|true", "{\"a\":1}", UNKNOWN },
        { "a|!=|1", "{\"a\":true}", UNKNOWN }, { "a|!=|True", "{\"a\":true}", UNKNOWN }, { "a|!=|yes", "{\"a\":true}", YES },
        { "a|=|null", "{\"a\":null}", YES }, { "a|!=|null", "{\"a\":null}", NO }, { "a|!=|null", "{\"a\":\"x\"}", YES }, { "a|!=|null", "{\"a\":0}", YES },
        { "a|!=|null", "{\"a\":false}", YES }, { "a|!=|null", "{\"a\":\"\"}", UNKNOWN }, { "a|!=|null", "{}", NO },
        { "a|=|eu", "{\"a\":null}", UNKNOWN }, { "a|!=|eu", "{\"a\":null}", UNKNOWN }, { "a|!=|false", "{\"a\":null}", UNKNOWN },
    };

    (void)state;
    judge(rows, ROWS(rows));
}

static void sets(void **state)
{
    static const row rows[] = {
        { "a|in|eu|us", "{\"a\":\"us\"}", YES }, { "a|in|eu|us", "{\"a\":\"cn\"}", NO }, { "a|not-in|eu|us", "{\"a\":\"cn\"}", YES },
        { "a|not-in|eu|us", "{\"a\":\"us\"}", NO }, { "a|not-in|eu", "{}", NO }, { "a|in|1|2", "{\"a\":2.0}", YES }, { "a|in|1|2", "{\"a\":3}", NO },
        { "a|in|true|auto", "{\"a\":\"auto\"}", YES }, { "a|not-in|true|auto", "{\"a\":\"manual\"}", UNKNOWN },
        { "a|in|null|eu", "{\"a\":null}", YES }, { "a|in|eu|us", "{\"a\":[]}", UNKNOWN }, { "a|not-in|eu|us", "{\"a\":[\"eu\"]}", UNKNOWN },
        { "zip|not-in|10001|10002", "{\"zip\":\"94110\"}", YES }, { "zip|not-in|10001|10002", "{\"zip\":\"010001\"}", UNKNOWN },
    };

    (void)state;
    judge(rows, ROWS(rows));
}

static void ranges(void **state)
{
    static const row rows[] = {
        { "n|<|5", "{\"n\":4.99}", YES }, { "n|<|5", "{\"n\":5}", NO }, { "n|<=|5", "{\"n\":5.0}", YES }, { "n|<=|5", "{\"n\":5.1}", NO },
        { "n|>|5", "{\"n\":5.1}", YES }, { "n|>|5", "{\"n\":5}", NO }, { "n|>=|5", "{\"n\":50e-1}", YES }, { "n|>=|5", "{\"n\":-6}", NO },
        { "n|<|5", "{\"n\":\"4\"}", UNKNOWN }, { "n|<|5", "{\"n\":null}", UNKNOWN }, { "n|<|5", "{\"n\":[4]}", UNKNOWN }, { "n|<|5", "{\"n\":true}", UNKNOWN },
        { "n|<|5", "{}", NO }, { "n|<|5", "{\"n\":-1e1001}", UNKNOWN }, { "n|<|5", "{\"n\":1e-301}", UNKNOWN }, { "n|<|5", "{\"n\":1e-299}", YES }, { "n|<|1000", "{\"n\":999.99999999999999999999}", UNKNOWN },
        { "n|<=|1000", "{\"n\":999.99999999999999999999}", YES },
    };

    (void)state;
    judge(rows, ROWS(rows));
}

static void expressions(void **state)
{
    static const row rows[] = {
        { "t|~|^prod_", "{\"t\":\"prod_x\"}", YES }, { "t|~|^prod_", "{\"t\":\"my_prod_x\"}", NO }, { "t|!~|^prod_", "{\"t\":\"x\"}", YES },
        { "t|!~|^prod_", "{\"t\":\"prod_x\"}", NO }, { "t|!~|^prod_", "{\"t\":[\"prod_x\"]}", UNKNOWN }, { "t|!~|^prod_", "{\"t\":null}", UNKNOWN },
        { "t|~|^5$", "{\"t\":5}", UNKNOWN }, { "t|!~|x", "{}", NO }, { "t|~|^a$", "{\"t\":\"a\\n\"}", NO }, { "t|~|^a.b$", "{\"t\":\"a\\nb\"}", YES },
        { "t|~|^.$", "{\"t\":\"\\u00e4\"}", YES }, { "t|!~|prod", "{\"t\":\"x\\u0000prod\"}", UNKNOWN }, { "t|~|^(a+)+$", "{\"t\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"}", UNKNOWN },
        { "t|~|^[a-z]{2,3}$", "{\"t\":\"abc\"}", YES },
    };

    (void)state;
    judge(rows, ROWS(rows));
}

static void networks(void **state)
{
    static const row rows[] = {
        { "h|cidr|10.0.0.0/8", "{\"h\":\"10.1.2.3\"}", YES }, { "h|cidr|10.0.0.0/8", "{\"h\":\"11.1.2.3\"}", NO },
        { "h|cidr|10.0.0.0/8|2001:db8::/32", "{\"h\":\"2001:db8::1\"}", YES }, { "h|cidr|10.0.0.0/8", "{\"h\":\"::ffff:10.1.2.3\"}", YES },
        { "h|cidr|10.0.0.0/8", "{\"h\":\"localhost\"}", UNKNOWN }, { "h|cidr|10.0.0.0/8", "{\"h\":167772161}", UNKNOWN }, { "h|cidr|10.0.0.0/8", "{}", NO },
        { "h|cidr|10.0.0.0/8", "{\"h\":[\"10.0.0.1\"]}", UNKNOWN },
    };

    (void)state;
    judge(rows, ROWS(rows));
}

static void folders(void **state)
{
    static const row rows[] = {
        { "f|under|/srv/data", "{\"f\":\"/srv/data/x\"}", YES }, { "f|under|/srv/data", "{\"f\":\"/srv/data2\"}", NO },
        { "f|under|/srv/data/", "{\"f\":\"/srv/data\"}", YES }, { "f|under|/srv/data", "{\"f\":\"/srv/data/../x\"}", NO },
        { "f|under|/srv/data", "{\"f\":\"x\"}", UNKNOWN }, { "f|under|/srv/data", "{\"f\":[\"/srv/data\"]}", UNKNOWN }, { "f|under|/srv/data", "{}", NO },
    };

    (void)state;
    judge(rows, ROWS(rows));
}

static void sizes(void **state)
{
    static const row rows[] = {
        { "s|length|<=|3", "{\"s\":\"abc\"}", YES }, { "s|length|<=|3", "{\"s\":\"abcd\"}", NO }, { "s|length|=|1", "{\"s\":\"\xf0\x9f\x98\x80\"}", YES },
        { "s|length|=|2", "{\"s\":\"\\u00e4\\ud83d\\ude00\"}", YES }, { "s|length|!=|0", "{\"s\":\"\"}", NO }, { "s|length|>|0", "{\"s\":\"x\"}", YES },
        { "s|length|<|1", "{\"s\":\"\"}", YES }, { "s|length|>=|2", "{\"s\":\"x\"}", NO },
        { "s|length|=|3", "{\"s\":123}", UNKNOWN }, { "s|length|=|1", "{\"s\":[1]}", UNKNOWN }, { "s|length|=|0", "{\"s\":null}", UNKNOWN }, { "s|length|=|0", "{}", NO },
        { "s|length|=|1", "{\"s\":\"\\u0000\"}", UNKNOWN },
        { "l|count|=|0", "{\"l\":[]}", YES }, { "l|count|=|2", "{\"l\":[1,[2,3]]}", YES }, { "l|count|=|1", "{\"l\":{\"a\":[1,2]}}", YES },
        { "l|count|<|2", "{\"l\":[1,2]}", NO }, { "l|count|=|1", "{\"l\":\"x\"}", UNKNOWN }, { "l|count|=|0", "{\"l\":null}", UNKNOWN }, { "l|count|=|0", "{}", NO },
    };

    (void)state;
    judge(rows, ROWS(rows));
}

static void kinds(void **state)
{
    static const char *const values[] = { "\"x\"", "1.5", "1.0", "true", "null", "[]", "{}", NULL };
    static const struct {
        const char *type;
        int holds[8];
    } rows[] = {
        { "string",  { YES, NO, NO, NO, NO, NO, NO, NO } },
        { "number",  { NO, YES, YES, NO, NO, NO, NO, NO } },
        { "integer", { NO, NO, YES, NO, NO, NO, NO, NO } },
        { "boolean", { NO, NO, NO, YES, NO, NO, NO, NO } },
        { "null",    { NO, NO, NO, NO, YES, NO, NO, NO } },
        { "array",   { NO, NO, NO, NO, NO, YES, NO, NO } },
        { "object",  { NO, NO, NO, NO, NO, NO, YES, NO } },
        { "present", { YES, YES, YES, YES, UNKNOWN, YES, YES, NO } },
        { "absent",  { NO, NO, NO, NO, UNKNOWN, NO, NO, YES } },
    };
    size_t i, j;

    (void)state;
    for (i = 0; i < ROWS(rows); i++)
        for (j = 0; j < ROWS(values); j++) {
            const char *json = values[j] ? apr_psprintf(pool, "{\"v\":%s}", values[j]) : "{}";
            mcp_holds holds = test(apr_pstrcat(pool, "v|is|", rows[i].type, NULL), json, NULL, 0);
            if ((int)holds != rows[i].holds[j]) fail_msg("%s is %s: %s", json, rows[i].type, answer(holds));
        }
    assert_int_equal(test("v|is|boolean", "{\"v\":false}", NULL, 0), YES);
    assert_int_equal(test("v|is|integer", "{\"v\":1e1001}", NULL, 0), UNKNOWN);
    assert_int_equal(test("v|is|integer", "{\"v\":4.00000000000000000001}", NULL, 0), UNKNOWN);
    assert_int_equal(test("v.w|is|absent", "{\"v\":{}}", NULL, 0), YES);
    assert_int_equal(test("v.w|is|absent", "{\"v\":\"x\"}", NULL, 0), UNKNOWN);
}

static void several_values(void **state)
{
    static const struct {
        const char *line, *arguments;
        int all, any;
    } rows[] = {
        { "t[*]|=|a", "{\"t\":[\"a\",\"a\"]}", YES, YES }, { "t[*]|=|a", "{\"t\":[\"a\",\"b\"]}", NO, YES }, { "t[*]|=|a", "{\"t\":[\"b\"]}", NO, NO },
        { "t[*]|=|a", "{\"t\":[]}", YES, NO }, { "t[*]|=|a", "{}", NO, NO }, { "t[*]|=|a", "{\"t\":[\"a\",[]]}", UNKNOWN, UNKNOWN },
        { "t[*]|=|a", "{\"t\":\"a\"}", UNKNOWN, UNKNOWN }, { "t[*]|!=|a", "{\"t\":[\"a\",\"b\"]}", NO, YES }, { "t[*]|!=|a", "{\"t\":[\"a\",null]}", UNKNOWN, UNKNOWN },
        { "r[*].t|=|a", "{\"r\":[{\"t\":\"a\"},{}]}", NO, YES }, { "r[*].t|=|a", "{\"r\":[{\"t\":\"a\"},1]}", UNKNOWN, UNKNOWN },
        { "r[*].t[*]|=|a", "{\"r\":[{\"t\":[\"a\"]},{\"t\":[]}]}", YES, YES }, { "r[*].t[*]|=|a", "{\"r\":[{\"t\":[\"a\"]},{}]}", NO, YES },
        { "r[*].t|is|absent", "{\"r\":[{},{}]}", YES, YES }, { "r[*].t|is|absent", "{\"r\":[{\"t\":1},{}]}", NO, YES }, { "r[*].t|is|absent", "{}", YES, YES },
        { "r[*].t|=|a", "{\"r\":[{\"T\":\"a\"}]}", UNKNOWN, UNKNOWN },
    };
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        mcp_holds all = test(rows[i].line, rows[i].arguments, NULL, 0), any = test(rows[i].line, rows[i].arguments, NULL, 1);
        if ((int)all != rows[i].all || (int)any != rows[i].any)
            fail_msg("%s on %s: all %s, any %s", rows[i].line, rows[i].arguments, answer(all), answer(any));
    }
}

static void claims(void **state)
{
    static const char token[] = "{\"region\":\"eu\",\"n\":5,\"yes\":true,\"groups\":[\"a\",\"b\"],\"none\":[],\"empty\":\"\",\"nil\":null,\"o\":{\"p\":\"q\"},"
                                "\"bad\":[\"a\",{}],\"u.v\":\"dot\",\"sub\":\"alice\",\"up\":\"..\",\"dir\":\"/srv/data/\",\"z\":\"a\\u0000\"}";
    static const row rows[] = {
        { "a|=|%{mcp_claim:region}", "{\"a\":\"eu\"}", YES }, { "a|=|%{mcp_claim:region}", "{\"a\":\"us\"}", NO }, { "a|!=|%{mcp_claim:region}", "{\"a\":\"us\"}", YES },
        { "a|=|%{mcp_claim:region}", "{}", NO }, { "a|=|%{mcp_claim:o.p}", "{\"a\":\"q\"}", YES }, { "a|=|%{mcp_claim:groups[1]}", "{\"a\":\"b\"}", YES },
        { "a|=|%{mcp_claim:u\\.v}", "{\"a\":\"dot\"}", YES }, { "a|=|%{mcp_claim:n}", "{\"a\":5.0}", YES }, { "a|=|%{mcp_claim:yes}", "{\"a\":true}", YES },
        { "a|=|x-%{mcp_claim:region}-%{mcp_claim:n}.", "{\"a\":\"x-eu-5.\"}", YES }, { "a|=|x-%{mcp_claim:region}-%{mcp_claim:n}.", "{\"a\":\"x-eu-6.\"}", NO },
        { "a|!=|%{mcp_claim:gone}", "{\"a\":\"x\"}", UNKNOWN }, { "a|!=|%{mcp_claim:empty}", "{\"a\":\"x\"}", UNKNOWN }, { "a|!=|%{mcp_claim:nil}", "{\"a\":\"x\"}", UNKNOWN },
        { "a|!=|%{mcp_claim:o}", "{\"a\":\"x\"}", UNKNOWN }, { "a|!=|%{mcp_claim:groups}", "{\"a\":\"x\"}", UNKNOWN }, { "a|!=|%{mcp_claim:z}", "{\"a\":\"x\"}", UNKNOWN },
        { "a|!=|%{mcp_claim:Region}", "{\"a\":\"x\"}", UNKNOWN }, { "a|!=|%{mcp_claim:region.x}", "{\"a\":\"x\"}", UNKNOWN },
        { "a|in|%{mcp_claim:groups}", "{\"a\":\"b\"}", YES }, { "a|in|%{mcp_claim:groups}", "{\"a\":\"c\"}", NO }, { "a|in|c|%{mcp_claim:groups}", "{\"a\":\"c\"}", YES },
        { "a|not-in|%{mcp_claim:groups}", "{\"a\":\"c\"}", YES }, { "a|not-in|%{mcp_claim:groups}", "{\"a\":\"a\"}", NO },
        { "a|in|team-%{mcp_claim:groups}", "{\"a\":\"team-b\"}", YES }, { "a|in|%{mcp_claim:region}/%{mcp_claim:groups}", "{\"a\":\"eu/a\"}", YES },
        { "a|in|%{mcp_claim:groups}%{mcp_claim:groups}", "{\"a\":\"ab\"}", UNKNOWN }, { "a|in|%{mcp_claim:none}", "{\"a\":\"a\"}", NO },
        { "a|not-in|%{mcp_claim:none}", "{\"a\":\"a\"}", YES }, { "a|in|%{mcp_claim:bad}", "{\"a\":\"a\"}", UNKNOWN }, { "a|in|a|%{mcp_claim:gone}", "{\"a\":\"a\"}", UNKNOWN },
        { "f|under|/home/%{mcp_claim:sub}", "{\"f\":\"/home/alice/x\"}", YES }, { "f|under|/home/%{mcp_claim:sub}", "{\"f\":\"/home/bob/x\"}", NO },
        { "f|under|/home/%{mcp_claim:up}", "{\"f\":\"/home/bob/x\"}", UNKNOWN }, { "f|under|/home/%{mcp_claim:empty}", "{\"f\":\"/home/bob/x\"}", UNKNOWN },
        { "f|under|%{mcp_claim:dir}", "{\"f\":\"/srv/data/x\"}", YES }, { "f|under|%{mcp_claim:region}", "{\"f\":\"/eu\"}", UNKNOWN },
        { "f|under|/home/%{mcp_claim:groups}", "{\"f\":\"/home/a\"}", UNKNOWN },
    };
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        mcp_holds holds = test(rows[i].line, rows[i].arguments, token, 0);
        if ((int)holds != rows[i].holds) fail_msg("%s on %s: %s", rows[i].line, rows[i].arguments, answer(holds));
        if (rows[i].holds != NO && test(rows[i].line, rows[i].arguments, NULL, 0) != MCP_HOLDS_UNKNOWN) fail_msg("%s holds without a token", rows[i].line);
    }
}

/* {"g":[0,0,0]} */
static const char *list_of(int count)
{
    char *json = apr_palloc(pool, (size_t)count * 2 + 16), *at = json + 5;

    strcpy(json, "{\"g\":");
    for (*at++ = '['; count--; *at++ = ',') *at++ = '0';
    strcpy(at - 1, "]}");
    return json;
}

/* A caller with many groups sends many values. */
static void what_it_may_cost(void **state)
{
    (void)state;
    assert_int_equal(test("g[*]|in|%{mcp_claim:g}", list_of(1000), list_of(1000), 0), YES);
    assert_int_equal(test("g[*]|in|%{mcp_claim:g}", list_of(1001), list_of(1000), 0), UNKNOWN);
    assert_int_equal(test("g[*]|=|0", list_of(1000000), NULL, 1), YES);
    assert_int_equal(test("g[*]|=|0", list_of(1000001), NULL, 1), UNKNOWN);
}

/* As claims are read: one group or a list of them is the same. */
static void lists_that_stand_for_their_elements(void **state)
{
    static const row rows[] = {
        { "g|=|a", "{\"g\":\"a\"}", YES }, { "g|=|a", "{\"g\":[\"b\",\"a\"]}", YES }, { "g|=|a", "{\"g\":[\"b\"]}", NO }, { "g|=|a", "{\"g\":[]}", NO }, { "g|=|a", "{}", NO },
        { "g|=|a", "{\"g\":[[\"a\"]]}", UNKNOWN }, { "g|in|a|b", "{\"g\":[\"c\",\"b\"]}", YES }, { "g|~|^adm", "{\"g\":[\"x\",\"admins\"]}", YES },
        { "g|!=|a", "{\"g\":[\"b\",\"a\"]}", NO }, { "g|!=|a", "{\"g\":[\"b\",\"c\"]}", YES }, { "g|not-in|a|b", "{\"g\":[\"c\",\"b\"]}", NO },
        { "g|count|=|2", "{\"g\":[\"b\",\"a\"]}", YES }, { "g|is|array", "{\"g\":[\"b\"]}", YES },
    };
    const char *why;
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        mcp_condition *c = parse(rows[i].line, &why);
        mcp_value root = value_of(rows[i].arguments), none = value_of("");
        mcp_condition_spread(c);
        if ((int)mcp_condition_test(pool, c, &root, &none, 1) != rows[i].holds) fail_msg("%s on %s", rows[i].line, rows[i].arguments);
    }
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *line, *why;         /* a part of the sentence */
    } rows[] = {
        { "", "PATH OPERATOR VALUE" }, { "a", "PATH OPERATOR VALUE" }, { "a..b|=|1", "cannot be read at \"..b\"" }, { "|=|x", "the path is empty" },
        { "a|==|1", "== is no operator; write one of = != in not-in < <= > >= ~ !~ cidr under length count is" }, { "a|=", "behind = stands one value" },
        { "a|=|x|y", "here y is too much; put quotes" }, { "a|in", "behind in stands at least one value" }, { "a|<|1|2", "here 2 is too much" },
        { "a|<|ten", "ten is no number" }, { "a|>=|", " is no number" }, { "a|<|0x10", "0x10 is no number" }, { "a|<|1e1001", "1e1001 is no number" },
        { "a|~|a(b", "a(b is wrong at offset 3: missing closing parenthesis" }, { "a|!~|[z-a]", "[z-a] is wrong at offset 3" }, { "a|~", "behind ~ stands one regular expression" },
        { "a|cidr|10.0.0.0/33", "10.0.0.0/33: behind the /" }, { "a|cidr|10.0.0.0/8|intranet", "intranet is no network" }, { "a|cidr|10.0.0.1/8", "10.0.0.1/8 has bits set" },
        { "a|cidr", "at least one network" }, { "a|under|srv", "srv is no plain absolute path" }, { "a|under|/srv/../x", "/srv/../x is no plain absolute path" },
        { "a|length|5", "a comparison and a number" }, { "a|length|~|5", "~ compares nothing" }, { "a|length|<|-1", "-1 is no whole number" },
        { "a|count|<|1.5", "1.5 is no whole number" }, { "a|count|<|1000000000", "1000000000 is no whole number" }, { "a|length|<|5|6", "here 6 is too much" },
        { "a|is|text", "text is no type; write one of string number" }, { "a|is", "behind is stands one type" },
        { "a|=|%{REMOTE_USER}", "%{REMOTE_USER}: only a claim" }, { "a|=|x%{mcp_claim:sub", "x%{mcp_claim:sub: a } is missing" }, { "a|=|%{mcp_claim:}", "%{mcp_claim:}: the path is empty" },
        { "a|=|%{mcp_claim:a..b}", "cannot be read at" }, { "a|in|%{mcp_claim:g[*]}", "[*] cannot stand in a claim" }, { "a|=|%{mcp_claim:a\\}", "a } is missing" },
        { "a|~|%{mcp_claim:sub}", "%{mcp_claim:sub}: ~ takes no %{...}" }, { "a|<|%{mcp_claim:n}", "< takes no %{...}" }, { "a|cidr|%{mcp_claim:n}", "cidr takes no %{...}" },
        { "a|=|\xff", "not UTF-8" }, { "\xff|=|a", "not UTF-8" }, { "a|~|\xff", "not UTF-8" },
    };
    const char *why;
    size_t i;

    (void)state;
    for (i = 0; i < ROWS(rows); i++) {
        why = NULL;
        if (parse(rows[i].line, &why)) fail_msg("%s is taken", rows[i].line);
        if (!why || !strstr(why, rows[i].why)) fail_msg("%s: %s", rows[i].line, why ? why : "no reason");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality), cmocka_unit_test(sets), cmocka_unit_test(ranges), cmocka_unit_test(expressions), cmocka_unit_test(networks),
        cmocka_unit_test(folders), cmocka_unit_test(sizes), cmocka_unit_test(kinds), cmocka_unit_test(several_values), cmocka_unit_test(claims),
        cmocka_unit_test(what_it_may_cost), cmocka_unit_test(mistakes_are_named), cmocka_unit_test(lists_that_stand_for_their_elements),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, begin, end);
}
