#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "mcp/operand.h"
#include "mcp/path.h"

static const char claim_begin[] = "%{mcp_claim:";

/* A VALUE as it was written is an array of these. */
typedef struct {
    const char *text;
    size_t len;
    const mcp_path *claim;      /* NULL: text */
} piece;

struct mcp_operands {
    apr_array_header_t *words;      /* of arrays of pieces */
    apr_array_header_t *constant;   /* of mcp_operand; NULL: a claim stands in them */
    int takes_lists;
};

static int is_word(const char *text, size_t len, const char *word)
{
    return len == strlen(word) && !memcmp(text, word, len);
}

static void make_operand(mcp_operand *o, const char *text, size_t len)
{
    o->text = text;
    o->len = len;
    if (mcp_decimal_read(text, len, &o->number)) o->reads_as = MCP_VALUE_NUMBER;
    else if (is_word(text, len, "true")) o->reads_as = MCP_VALUE_TRUE;
    else if (is_word(text, len, "false")) o->reads_as = MCP_VALUE_FALSE;
    else if (is_word(text, len, "null")) o->reads_as = MCP_VALUE_NULL;
    else o->reads_as = MCP_VALUE_STRING;
}

/* ---- reading ---- */

/* Behind the brace that closes the claim whose path begins at `at`; NULL if none does. */
static const char *claim_end(const char *at)
{
    for (; *at && *at != '}'; at++)
        if (*at == '\\' && at[1]) at++;
    return *at ? at + 1 : NULL;
}

static const char *read_claim(apr_pool_t *p, const char *word, const char **at, piece *out)
{
    const char *path, *why;

    if (strncmp(*at, claim_begin, sizeof claim_begin - 1))
        return apr_psprintf(p, "%s: only a claim can stand in %%{...}; write %%{mcp_claim:NAME}", word);
    path = *at + sizeof claim_begin - 1;
    if (!(*at = claim_end(path))) return apr_psprintf(p, "%s: a } is missing behind %%{mcp_claim:NAME", word);
    if (!(out->claim = mcp_path_parse(p, path, (size_t)(*at - 1 - path), &why))) return apr_psprintf(p, "%s: %s", word, why);
    if (!mcp_path_has_each(out->claim)) return NULL;
    return apr_psprintf(p, "%s: [*] cannot stand in a claim; name the array alone, in and not-in take each of its elements", word);
}

static const char *read_word(apr_pool_t *p, const char *word, apr_array_header_t *pieces)
{
    const char *at = word, *why, *next;
    piece *part;

    do {
        part = apr_array_push(pieces);
        *part = (piece){ at, 0, NULL };
        if (!strncmp(at, "%{", 2)) {
            if ((why = read_claim(p, word, &at, part))) return why;
            continue;
        }
        next = strstr(at, "%{");
        part->len = next ? (size_t)(next - at) : strlen(at);
        at += part->len;
    } while (*at);
    return NULL;
}

mcp_operands *mcp_operands_parse(apr_pool_t *p, int count, const char *const *word, int takes_lists, const char **why)
{
    mcp_operands *o = apr_pcalloc(p, sizeof *o);
    apr_array_header_t *pieces;
    int i, has_claims = 0;

    o->takes_lists = takes_lists;
    o->words = apr_array_make(p, count, sizeof pieces);
    o->constant = apr_array_make(p, count, sizeof(mcp_operand));
    for (i = 0; i < count; i++) {
        pieces = apr_array_make(p, 2, sizeof(piece));
        if ((*why = read_word(p, word[i], pieces))) return NULL;
        *(apr_array_header_t **)apr_array_push(o->words) = pieces;
        make_operand(apr_array_push(o->constant), word[i], strlen(word[i]));
        has_claims |= strstr(word[i], claim_begin) != NULL;
    }
    if (has_claims) o->constant = NULL;
    return o;
}

int mcp_operands_are_constant(const mcp_operands *operands)
{
    return operands->constant != NULL;
}

/* ---- claims ---- */

static const char *claim_text(apr_pool_t *p, const mcp_value *value, size_t *len)
{
    const char *text;

    *len = value->len;
    if (value->kind == MCP_VALUE_NUMBER || value->kind == MCP_VALUE_TRUE || value->kind == MCP_VALUE_FALSE) return value->at;
    text = mcp_value_clear(p, value, len);
    return text && *len ? text : NULL;
}

/* One operand of the pieces' text; claim[i] is what the claim of piece i is. */
static int join(apr_pool_t *p, const apr_array_header_t *pieces, const mcp_value *claim, apr_array_header_t *out)
{
    const piece *part = (const piece *)pieces->elts;
    const char *text = "", *more;
    size_t len = 0, n;
    int i;

    for (i = 0; i < pieces->nelts; i++) {
        more = part[i].text;
        n = part[i].len;
        if (part[i].claim && !(more = claim_text(p, &claim[i], &n))) return 0;
        text = len ? apr_pstrcat(p, apr_pstrmemdup(p, text, len), apr_pstrmemdup(p, more, n), NULL) : more;
        len += n;
    }
    make_operand(apr_array_push(out), text, len);
    return 1;
}

/* claim[list] is an array: an operand for each of its elements. */
static int join_each(apr_pool_t *p, const apr_array_header_t *pieces, mcp_value *claim, int list, apr_array_header_t *out)
{
    mcp_value array = claim[list];
    mcp_value_walk elements = mcp_value_begin(&array);

    while (mcp_value_next(&elements, NULL, &claim[list]))
        if (!join(p, pieces, claim, out)) return 0;
    return 1;
}

static void keep(void *baton, const mcp_value *value)
{
    *(mcp_value *)baton = *value;
}

static int fill_word(apr_pool_t *p, const apr_array_header_t *pieces, int takes_lists, const mcp_value *claims, apr_array_header_t *out)
{
    mcp_value *claim = apr_pcalloc(p, sizeof *claim * (size_t)pieces->nelts);
    int i, list = -1;

    for (i = 0; i < pieces->nelts; i++) {
        const mcp_path *path = APR_ARRAY_IDX(pieces, i, piece).claim;
        if (path && !mcp_path_walk(p, path, claims, keep, &claim[i])) return 0;
        if (claim[i].kind != MCP_VALUE_ARRAY) continue;
        if (list >= 0 || !takes_lists) return 0;
        list = i;
    }
    return list < 0 ? join(p, pieces, claim, out) : join_each(p, pieces, claim, list, out);
}

const apr_array_header_t *mcp_operands_fill(apr_pool_t *p, const mcp_operands *operands, const mcp_value *claims)
{
    const apr_array_header_t *words = operands->words;
    apr_array_header_t *out;
    int i;

    if (operands->constant) return operands->constant;
    out = apr_array_make(p, words->nelts, sizeof(mcp_operand));
    for (i = 0; i < words->nelts; i++)
        if (!fill_word(p, APR_ARRAY_IDX(words, i, const apr_array_header_t *), operands->takes_lists, claims, out)) return NULL;
    return out;
}

/* ---- equality ---- */

static mcp_holds holds(int yes)
{
    return yes ? MCP_HOLDS_YES : MCP_HOLDS_NO;
}

/* Text that begins with a letter is a number to nobody; a whole number in its plain spelling is that number to everybody. */
static mcp_holds text_is_number(const char *text, size_t len, const mcp_decimal *number)
{
    mcp_decimal read;

    if (len && (*text | 32) >= 'a' && (*text | 32) <= 'z') return MCP_HOLDS_NO;
    if (memchr(text, '.', len) || memchr(text, 'e', len) || memchr(text, 'E', len)) return MCP_HOLDS_UNKNOWN;
    if (!mcp_decimal_read(text, len, &read) || !mcp_decimal_compare_rounded(&read, number)) return MCP_HOLDS_UNKNOWN;
    return MCP_HOLDS_NO;
}

static mcp_holds string_is(const char *text, size_t len, const mcp_operand *o)
{
    if (len == o->len && !memcmp(text, o->text, len)) return MCP_HOLDS_YES;
    switch (o->reads_as) {
    case MCP_VALUE_STRING: return MCP_HOLDS_NO;
    case MCP_VALUE_NUMBER: return text_is_number(text, len, &o->number);
    case MCP_VALUE_NULL: return len ? MCP_HOLDS_NO : MCP_HOLDS_UNKNOWN;
    default: return MCP_HOLDS_UNKNOWN;      /* "yes", "1", "x": true to some */
    }
}

static mcp_holds number_is(const mcp_decimal *number, const mcp_operand *o)
{
    if (o->reads_as == MCP_VALUE_NUMBER) return mcp_decimal_holds(MCP_EQUAL, number, &o->number);
    return o->reads_as == MCP_VALUE_TRUE || o->reads_as == MCP_VALUE_FALSE ? MCP_HOLDS_UNKNOWN : MCP_HOLDS_NO;
}

static int is_some_boolean(const mcp_operand *o)
{
    return (o->len == 4 && !strncasecmp(o->text, "true", 4)) || (o->len == 5 && !strncasecmp(o->text, "false", 5));
}

static mcp_holds boolean_is(mcp_value_kind kind, const mcp_operand *o)
{
    if (o->reads_as == MCP_VALUE_TRUE || o->reads_as == MCP_VALUE_FALSE) return holds(kind == o->reads_as);
    return o->reads_as == MCP_VALUE_NUMBER || is_some_boolean(o) ? MCP_HOLDS_UNKNOWN : MCP_HOLDS_NO;
}

/* A value with what it takes to compare it. */
typedef struct {
    mcp_value_kind kind;
    const char *text;
    size_t len;
    mcp_decimal number;
} subject;

static int read_subject(apr_pool_t *p, const mcp_value *value, subject *s)
{
    s->kind = value->kind;
    if (s->kind == MCP_VALUE_STRING) return (s->text = mcp_value_clear(p, value, &s->len)) != NULL;
    if (s->kind == MCP_VALUE_NUMBER) return mcp_decimal_read(value->at, value->len, &s->number);
    return s->kind == MCP_VALUE_TRUE || s->kind == MCP_VALUE_FALSE || s->kind == MCP_VALUE_NULL;
}

static mcp_holds subject_is(const subject *s, const mcp_operand *o)
{
    switch (s->kind) {
    case MCP_VALUE_STRING: return string_is(s->text, s->len, o);
    case MCP_VALUE_NUMBER: return number_is(&s->number, o);
    case MCP_VALUE_NULL: return o->reads_as == MCP_VALUE_NULL ? MCP_HOLDS_YES : MCP_HOLDS_UNKNOWN;
    default: return boolean_is(s->kind, o);
    }
}

/* One that is equal decides, whatever may be said of the others. */
mcp_holds mcp_operands_hold(apr_pool_t *p, const apr_array_header_t *filled, const mcp_value *value)
{
    mcp_holds one, all = MCP_HOLDS_NO;
    subject s;
    int i;

    if (!read_subject(p, value, &s)) return MCP_HOLDS_UNKNOWN;
    for (i = 0; i < filled->nelts; i++) {
        one = subject_is(&s, &APR_ARRAY_IDX(filled, i, mcp_operand));
        if (one == MCP_HOLDS_YES) return one;
        if (one == MCP_HOLDS_UNKNOWN) all = one;
    }
    return all;
}
