#include <string.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include "mcp/below.h"
#include "mcp/condition.h"
#include "mcp/network.h"
#include "mcp/operand.h"
#include "mcp/path.h"
#include "mcp/regex.h"
#include "mcp/text.h"

enum { SIZE_DIGITS = 9, MANY = 1000, COMPARISONS = 1000000 };

/* One question put to one token and one message. */
typedef struct {
    apr_pool_t *p;
    const mcp_condition *condition;
    const apr_array_header_t *operands;     /* of mcp_operand */
    const char *root;
    mcp_regex_budget budget;
    size_t comparisons;         /* values times operands */
    int yes, no, unknown;       /* what was said so far */
} question;

typedef struct {
    const char *name, *wants;
    const char *(*parse)(apr_pool_t *p, mcp_condition *c, int values, const char *const *value);
    mcp_holds (*judge)(question *q, const mcp_value *value);
    int least, most;            /* values */
    unsigned negated : 1, takes_claims : 1, takes_lists : 1;
} operator_row;

struct mcp_condition {
    const mcp_path *path;
    const operator_row *operator;
    const mcp_operands *operands;   /* = != in not-in under */
    const char *root;               /* under, where it holds no claim */
    const mcp_regex *regex;
    apr_array_header_t *networks;
    unsigned orders;                /* < <= > >= length count */
    mcp_decimal number;
    size_t size;
    int type;                       /* row of types */
    int spread;                     /* a list stands for its elements */
};

static mcp_holds holds(int yes)
{
    return yes ? MCP_HOLDS_YES : MCP_HOLDS_NO;
}

static mcp_holds opposite(mcp_holds h)
{
    return h == MCP_HOLDS_UNKNOWN ? h : holds(h == MCP_HOLDS_NO);
}

/* ---- the operators ---- */

static mcp_holds judge_equal(question *q, const mcp_value *value)
{
    return mcp_operands_hold(q->p, q->operands, value);
}

static mcp_holds judge_number(question *q, const mcp_value *value)
{
    mcp_decimal number;

    if (value->kind != MCP_VALUE_NUMBER || !mcp_decimal_read(value->at, value->len, &number)) return MCP_HOLDS_UNKNOWN;
    return mcp_decimal_holds(q->condition->orders, &number, &q->condition->number);
}

static mcp_holds judge_regex(question *q, const mcp_value *value)
{
    size_t len;
    const char *text = mcp_value_clear(q->p, value, &len);

    return text ? mcp_regex_find(q->condition->regex, text, len, &q->budget) : MCP_HOLDS_UNKNOWN;
}

static mcp_holds judge_network(question *q, const mcp_value *value)
{
    const apr_array_header_t *networks = q->condition->networks;
    size_t len;
    const char *text = mcp_value_clear(q->p, value, &len);

    return text ? mcp_network_test((const mcp_network *)networks->elts, networks->nelts, text, len) : MCP_HOLDS_UNKNOWN;
}

static mcp_holds judge_below(question *q, const mcp_value *value)
{
    const mcp_operand *o = &APR_ARRAY_IDX(q->operands, 0, mcp_operand);
    size_t len;
    const char *text = mcp_value_clear(q->p, value, &len);

    if (!q->root) q->root = mcp_below_root(q->p, o->text, o->len);
    return text && q->root ? mcp_below_test(q->p, q->root, text, len) : MCP_HOLDS_UNKNOWN;
}

static mcp_holds compare_sizes(const mcp_condition *c, size_t size)
{
    return holds((c->orders & (size < c->size ? MCP_LESS : size > c->size ? MCP_GREATER : MCP_EQUAL)) != 0);
}

static mcp_holds judge_length(question *q, const mcp_value *value)
{
    size_t len, i, characters = 0;
    const char *text = mcp_value_clear(q->p, value, &len);

    if (!text) return MCP_HOLDS_UNKNOWN;
    for (i = 0; i < len; i++) characters += (text[i] & 0xc0) != 0x80;
    return compare_sizes(q->condition, characters);
}

static mcp_holds judge_count(question *q, const mcp_value *value)
{
    mcp_value_walk walk = mcp_value_begin(value);
    mcp_value name, member;
    size_t n = 0;

    if (value->kind != MCP_VALUE_ARRAY && value->kind != MCP_VALUE_OBJECT) return MCP_HOLDS_UNKNOWN;
    for (; mcp_value_next(&walk, &name, &member); n++)
        if (mcp_value_is(&name, "__proto__", 9)) return MCP_HOLDS_UNKNOWN;
    return compare_sizes(q->condition, n);
}

static mcp_holds is_boolean(const mcp_value *value)
{
    return holds(value->kind == MCP_VALUE_TRUE || value->kind == MCP_VALUE_FALSE);
}

static mcp_holds is_integer(const mcp_value *value)
{
    mcp_decimal number;

    if (value->kind != MCP_VALUE_NUMBER) return MCP_HOLDS_NO;
    return mcp_decimal_read(value->at, value->len, &number) ? mcp_decimal_is_integer(&number) : MCP_HOLDS_UNKNOWN;
}

static mcp_holds is_present(const mcp_value *value)
{
    return value->kind == MCP_VALUE_NULL ? MCP_HOLDS_UNKNOWN : holds(value->kind != MCP_VALUE_NONE);
}

static mcp_holds is_absent(const mcp_value *value)
{
    return opposite(is_present(value));
}

static const struct {
    const char *name;
    mcp_value_kind kind;
    mcp_holds (*test)(const mcp_value *value);      /* NULL: it is of that kind */
} types[] = {
    { "string", MCP_VALUE_STRING, NULL }, { "number", MCP_VALUE_NUMBER, NULL }, { "null", MCP_VALUE_NULL, NULL },
    { "array", MCP_VALUE_ARRAY, NULL }, { "object", MCP_VALUE_OBJECT, NULL }, { "boolean", MCP_VALUE_NONE, is_boolean },
    { "integer", MCP_VALUE_NONE, is_integer }, { "present", MCP_VALUE_NONE, is_present }, { "absent", MCP_VALUE_NONE, is_absent }
};
enum { TYPES = sizeof types / sizeof *types };

static mcp_holds judge_type(question *q, const mcp_value *value)
{
    int type = q->condition->type;

    return types[type].test ? types[type].test(value) : holds(value->kind == types[type].kind);
}

/* ---- reading ---- */

static const char *parse_words(apr_pool_t *p, mcp_condition *c, int values, const char *const *value)
{
    const char *why;

    c->operands = mcp_operands_parse(p, values, value, c->operator->takes_lists, &why);
    return c->operands ? NULL : why;
}

static const char *parse_root(apr_pool_t *p, mcp_condition *c, int values, const char *const *value)
{
    const char *why = parse_words(p, c, values, value);

    if (why || !mcp_operands_are_constant(c->operands)) return why;
    if ((c->root = mcp_below_root(p, *value, strlen(*value)))) return NULL;
    return apr_psprintf(p, "%s is no plain absolute path; write one such as /srv/data, without . .. // \\ %% ? # ;", *value);
}

static const struct {
    const char *name;
    unsigned orders;
} comparisons[] = {
    { "=", MCP_EQUAL }, { "!=", MCP_LESS | MCP_GREATER }, { "<", MCP_LESS }, { "<=", MCP_LESS | MCP_EQUAL }, { ">", MCP_GREATER }, { ">=", MCP_GREATER | MCP_EQUAL }
};

static unsigned orders_of(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof comparisons / sizeof *comparisons; i++)
        if (!strcmp(comparisons[i].name, name)) return comparisons[i].orders;
    return 0;
}

static const char *parse_number(apr_pool_t *p, mcp_condition *c, int values, const char *const *value)
{
    (void)values;
    c->orders = orders_of(c->operator->name);
    if (mcp_decimal_read(*value, strlen(*value), &c->number)) return NULL;
    return apr_psprintf(p, "%s is no number; write one as in JSON, such as 100, -0.5 or 1e6, of at most %d digits", *value, MCP_DECIMAL_DIGITS);
}

static const char *parse_size(apr_pool_t *p, mcp_condition *c, int values, const char *const *value)
{
    size_t digits = strspn(value[1], "0123456789");

    (void)values;
    if (!(c->orders = orders_of(value[0]))) return apr_psprintf(p, "%s compares nothing; write one of = != < <= > >=", value[0]);
    if (!digits || value[1][digits] || digits > SIZE_DIGITS)
        return apr_psprintf(p, "%s is no whole number of at most %d digits", value[1], SIZE_DIGITS);
    c->size = (size_t)apr_atoi64(value[1]);
    return NULL;
}

static const char *parse_regex(apr_pool_t *p, mcp_condition *c, int values, const char *const *value)
{
    const char *why = NULL;

    (void)values;
    c->regex = mcp_regex_compile(p, *value, &why);
    return why;
}

static const char *parse_networks(apr_pool_t *p, mcp_condition *c, int values, const char *const *value)
{
    const char *why;
    int i;

    c->networks = apr_array_make(p, values, sizeof(mcp_network));
    for (i = 0; i < values; i++)
        if ((why = mcp_network_parse(p, value[i], apr_array_push(c->networks)))) return why;
    return NULL;
}

static const char *parse_type(apr_pool_t *p, mcp_condition *c, int values, const char *const *value)
{
    const char *all = "";
    int i;

    (void)values;
    for (i = 0; i < TYPES; i++) {
        if (!strcmp(types[i].name, *value)) {
            c->type = i;
            return NULL;
        }
        all = apr_pstrcat(p, all, " ", types[i].name, NULL);
    }
    return apr_psprintf(p, "%s is no type; write one of%s", *value, all);
}

/*    name      what stands behind it           how it is read, judged           least, most  negated, claims, lists */
static const operator_row operators[] = {
    { "=",      "one value",                    parse_words,    judge_equal,     1, 1,        0, 1, 0 },
    { "!=",     "one value",                    parse_words,    judge_equal,     1, 1,        1, 1, 0 },
    { "in",     "at least one value",           parse_words,    judge_equal,     1, MANY, 0, 1, 1 },
    { "not-in", "at least one value",           parse_words,    judge_equal,     1, MANY, 1, 1, 1 },
    { "<",      "one number",                   parse_number,   judge_number,    1, 1,        0, 0, 0 },
    { "<=",     "one number",                   parse_number,   judge_number,    1, 1,        0, 0, 0 },
    { ">",      "one number",                   parse_number,   judge_number,    1, 1,        0, 0, 0 },
    { ">=",     "one number",                   parse_number,   judge_number,    1, 1,        0, 0, 0 },
    { "~",      "one regular expression",       parse_regex,    judge_regex,     1, 1,        0, 0, 0 },
    { "!~",     "one regular expression",       parse_regex,    judge_regex,     1, 1,        1, 0, 0 },
    { "cidr",   "at least one network",         parse_networks, judge_network,   1, MANY, 0, 0, 0 },
    { "under",  "one absolute path",            parse_root,     judge_below,     1, 1,        0, 1, 0 },
    { "length", "a comparison and a number",    parse_size,     judge_length,    2, 2,        0, 0, 0 },
    { "count",  "a comparison and a number",    parse_size,     judge_count,     2, 2,        0, 0, 0 },
    { "is",     "one type",                     parse_type,     judge_type,      1, 1,        0, 0, 0 },
};
enum { OPERATORS = sizeof operators / sizeof *operators };

static const operator_row *find_operator(apr_pool_t *p, const char *name, const char **why)
{
    const char *all = "";
    int i;

    for (i = 0; i < OPERATORS; i++) {
        if (!strcmp(operators[i].name, name)) return &operators[i];
        all = apr_pstrcat(p, all, " ", operators[i].name, NULL);
    }
    *why = apr_psprintf(p, "%s is no operator; write one of%s", name, all);
    return NULL;
}

static const char *check_values(apr_pool_t *p, const operator_row *o, int values, const char *const *value)
{
    int i;

    if (values < o->least) return apr_psprintf(p, "behind %s stands %s; here it is missing", o->name, o->wants);
    if (values > o->most)
        return apr_psprintf(p, "behind %s stands %s, here %s is too much; put quotes around a value that holds blanks", o->name, o->wants, value[o->most]);
    for (i = 0; i < values; i++) {
        if (!mcp_text_is_utf8(value[i], strlen(value[i]))) return apr_psprintf(p, "%s is not UTF-8; save the file as UTF-8", value[i]);
        if (!o->takes_claims && strstr(value[i], "%{mcp_"))
            return apr_psprintf(p, "%s: %s takes no %%{...}; only = != in not-in and under do", value[i], o->name);
    }
    return NULL;
}

static const char *parse(apr_pool_t *p, mcp_condition *c, int words, const char *const *word)
{
    const char *why;

    if (words < 2) return "a condition is PATH OPERATOR VALUE, such as: region = eu";
    if (!(c->path = mcp_path_parse(p, word[0], strlen(word[0]), &why))) return why;
    if (!(c->operator = find_operator(p, word[1], &why))) return why;
    if ((why = check_values(p, c->operator, words - 2, word + 2))) return why;
    return c->operator->parse(p, c, words - 2, word + 2);
}

mcp_condition *mcp_condition_parse(apr_pool_t *p, int words, const char *const *word, const char **why)
{
    mcp_condition *c = apr_pcalloc(p, sizeof *c);

    *why = parse(p, c, words, word);
    return *why ? NULL : c;
}

/* ---- testing ---- */

static void ask_one(question *q, const mcp_value *value)
{
    const operator_row *o = q->condition->operator;
    mcp_holds answer = MCP_HOLDS_NO;

    q->comparisons += q->operands ? (size_t)q->operands->nelts : 1;
    if (q->comparisons > COMPARISONS) answer = MCP_HOLDS_UNKNOWN;
    else if (value->kind != MCP_VALUE_NONE || o->judge == judge_type) answer = o->judge(q, value);
    if (value->kind != MCP_VALUE_NONE && o->negated) answer = opposite(answer);
    if (answer == MCP_HOLDS_UNKNOWN) q->unknown = 1;
    else if (answer == MCP_HOLDS_YES) q->yes = 1;
    else q->no = 1;
}

static void ask(void *baton, const mcp_value *value)
{
    question *q = baton;
    mcp_value_walk walk = mcp_value_begin(value);
    mcp_value element;

    if (!q->condition->spread || value->kind != MCP_VALUE_ARRAY) ask_one(q, value);
    else while (mcp_value_next(&walk, NULL, &element)) ask_one(q, &element);
}

void mcp_condition_spread(mcp_condition *c)
{
    c->spread = c->operator->judge != judge_count && c->operator->judge != judge_type;
}

mcp_holds mcp_condition_test(apr_pool_t *p, const mcp_condition *condition, const mcp_value *root, const mcp_value *claims, int any)
{
    question q = { .p = p, .condition = condition, .root = condition->root };

    if (condition->spread) any = !condition->operator->negated;
    if (condition->operands && !(q.operands = mcp_operands_fill(p, condition->operands, claims))) return MCP_HOLDS_UNKNOWN;
    if (!mcp_path_walk(p, condition->path, root, ask, &q) || q.unknown) return MCP_HOLDS_UNKNOWN;
    return holds(any ? q.yes : !q.no);
}
