#include <stdint.h>
#include <string.h>
#include <apr_strings.h>
#include "mcp/envelope.h"
#include "mcp/names.h"

/* A byte-driven machine. Containers are a stack; the names of the open ones are a stack beside it. */

enum { NAME_MAX_BYTES = 64 * 1024, TEXT_MAX = 8 * 1024 };

typedef enum {
    WANT_VALUE, WANT_VALUE_OR_END, WANT_NAME_OR_END, WANT_NAME, WANT_COLON, WANT_COMMA_OR_END,
    IN_STRING, IN_ESCAPE, IN_HEX, IN_NUMBER, IN_WORD, FINISHED
} state;

/* Where in a number the machine stands (RFC 8259 section 6). */
typedef enum { N_MINUS, N_ZERO, N_INT, N_DOT, N_FRACTION, N_E, N_E_SIGN, N_EXPONENT } number_state;

/* Which object of the protocol a container is. */
typedef enum { OTHER, ENVELOPE, PARAMS, META } role;

/* What the member just named means. */
typedef enum { M_NONE, M_JSONRPC, M_ID, M_METHOD, M_PARAMS, M_RESULT, M_ERROR, M_NAME, M_URI, M_ARGUMENTS, M_META, M_VERSION } member;

typedef struct {
    char kind;                  /* '{' or '[' */
    role what;
    member of;                  /* the member this container is the value of */
    size_t names;               /* where its names begin */
} frame;

struct mcp_envelope {
    mcp_ctx *ctx;
    mcp_envelope_rules rules;
    mcp_rc rc;
    state at;
    number_state number;
    size_t before;              /* bytes of the pieces fed before this one */
    const unsigned char *piece, *here;  /* the piece being read and the byte the machine stands at */
    unsigned depth;
    frame *stack;
    mcp_names *names;

    int is_name;                /* the string being read is a member name */
    int keep;                   /* its decoded text is wanted */
    char *text;                 /* decoded text, grows by doubling up to a cap */
    size_t text_len, text_cap;
    unsigned hex, hex_left, high_surrogate;
    unsigned utf8_left, utf8_low, utf8_high;

    const char *word;           /* true, false, null: what is left of it */
    member now;                 /* the member whose value comes next or is being read */

    char *id;                   /* raw bytes of the id */
    size_t id_len, id_cap;
    int in_id, id_good;
    mcp_message message;
    int jsonrpc_good, has_result, has_error, has_params, params_good;
};

typedef struct {
    role where;
    const char *name;
    member is;
} known;

static const known protocol[] = {
    { ENVELOPE, "jsonrpc", M_JSONRPC }, { ENVELOPE, "id", M_ID }, { ENVELOPE, "method", M_METHOD },
    { ENVELOPE, "params", M_PARAMS }, { ENVELOPE, "result", M_RESULT }, { ENVELOPE, "error", M_ERROR },
    { PARAMS, "name", M_NAME }, { PARAMS, "uri", M_URI }, { PARAMS, "arguments", M_ARGUMENTS }, { PARAMS, "_meta", M_META },
    { PARAMS, "cursor", M_NONE }, { PARAMS, "ref", M_NONE }, { PARAMS, "task", M_NONE }, { PARAMS, "taskId", M_NONE },
    { PARAMS, "argument", M_NONE }, { PARAMS, "requestId", M_NONE }, { PARAMS, "requestState", M_NONE },
    { PARAMS, "inputResponses", M_NONE }, { PARAMS, "protocolVersion", M_NONE }, { PARAMS, "capabilities", M_NONE },
    { META, "io.modelcontextprotocol/protocolVersion", M_VERSION }, { META, "io.modelcontextprotocol/clientInfo", M_NONE },
    { META, "io.modelcontextprotocol/clientCapabilities", M_NONE }, { META, "progressToken", M_NONE },
    { OTHER, NULL, M_NONE }
};

static size_t offset_of(const mcp_envelope *e)
{
    return e->before + (size_t)(e->here - e->piece);
}

static mcp_rc fail(mcp_envelope *e, mcp_rc rc, const char *why)
{
    e->rc = mcp_fail(e->ctx, rc, "%s, at byte %lu", why, (unsigned long)offset_of(e));
    return e->rc;
}

mcp_envelope *mcp_envelope_begin(mcp_ctx *ctx, const mcp_envelope_rules *rules)
{
    mcp_envelope *e = apr_pcalloc(ctx->pool, sizeof *e);

    e->ctx = ctx;
    e->rules = *rules;
    e->stack = apr_palloc(ctx->pool, (rules->max_depth + 1) * sizeof *e->stack);
    e->stack[0] = (frame){ 0, OTHER, M_NONE, 0 };
    e->names = mcp_names_create(ctx);
    e->text_cap = 128;
    e->text = apr_palloc(ctx->pool, e->text_cap);
    e->text[0] = '\0';
    return e;
}

/* ---- names ---- */

/* The next character of s folded as the loosest parsers fold: ASCII case, U+017F to s, U+212A to k, and
 * U+0130 and U+0131 to i, as comparisons by upper and lower case have it. */
static int fold_next(const unsigned char **s)
{
    const unsigned char *c = *s;

    if (c[0] == 0xc5 && c[1] == 0xbf) { *s += 2; return 's'; }
    if (c[0] == 0xc4 && (c[1] == 0xb0 || c[1] == 0xb1)) { *s += 2; return 'i'; }
    if (c[0] == 0xe2 && c[1] == 0x84 && c[2] == 0xaa) { *s += 3; return 'k'; }
    (*s)++;
    return *c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c;
}

static int equal_folded(const char *a, const char *b)
{
    const unsigned char *x = (const unsigned char *)a, *y = (const unsigned char *)b;
    int c;

    while ((c = fold_next(&x)) == fold_next(&y))
        if (!c) return 1;
    return 0;
}

/* Of two ids neither is echoed. */
static mcp_rc unsure(mcp_envelope *e, member which, const char *why)
{
    if (which == M_ID) e->id_len = 0;
    return fail(e, MCP_AMBIGUOUS, why);
}

/* What the name means where it stands; a name that is nearly a protocol member is refused. */
static mcp_rc recognise(mcp_envelope *e, const frame *f, const char *name)
{
    const known *k;

    e->now = M_NONE;
    /* Copied from object to object, it becomes JavaScript's prototype: members that nobody sent. */
    if (f->what != OTHER && !strcmp(name, "__proto__")) return fail(e, MCP_AMBIGUOUS, "a member that changes what others mean");
    for (k = protocol; f->what != OTHER && k->name; k++) {
        if (k->where != f->what) continue;
        if (!strcmp(k->name, name)) e->now = k->is;
        else if (equal_folded(k->name, name)) return unsure(e, k->is, "a member differs from a protocol member by case alone");
    }
    return MCP_OK;
}

static mcp_rc end_name(mcp_envelope *e)
{
    frame *f = &e->stack[e->depth];
    mcp_rc rc;

    if (memchr(e->text, 0, e->text_len)) return fail(e, MCP_AMBIGUOUS, "a member name holds U+0000");
    if ((rc = recognise(e, f, e->text))) return rc;
    rc = mcp_names_add(e->names, f->names, e->text, e->text_len);
    if (rc == MCP_EXISTS) return unsure(e, e->now, "a member stands twice in one object");
    if (rc) return fail(e, rc, "the member names cannot be kept");
    e->at = WANT_COLON;
    return MCP_OK;
}

/* ---- decoded text ---- */

static mcp_rc make_room(mcp_envelope *e, size_t len)
{
    size_t cap = e->is_name ? NAME_MAX_BYTES : TEXT_MAX;
    char *grown;

    if (len > cap - e->text_len)
        return fail(e, e->is_name ? MCP_BAD_JSON : MCP_BAD_ENVELOPE, e->is_name ? "a member name is too long" : "a protocol value is too long");
    if (e->text_len + len < e->text_cap) return MCP_OK;
    while (e->text_len + len >= e->text_cap) e->text_cap *= 2;
    grown = apr_palloc(e->ctx->pool, e->text_cap);
    memcpy(grown, e->text, e->text_len);
    e->text = grown;
    return MCP_OK;
}

static mcp_rc keep_bytes(mcp_envelope *e, const char *bytes, size_t len)
{
    if (!e->keep) return MCP_OK;
    if (e->text_len + len >= e->text_cap && make_room(e, len)) return e->rc;
    memcpy(e->text + e->text_len, bytes, len);
    e->text_len += len;
    e->text[e->text_len] = '\0';
    return MCP_OK;
}

static mcp_rc keep_byte(mcp_envelope *e, unsigned char c)
{
    char byte = (char)c;

    return keep_bytes(e, &byte, 1);
}

static mcp_rc keep_char(mcp_envelope *e, unsigned u)
{
    mcp_rc rc;

    if (u < 0x80) return keep_byte(e, (unsigned char)u);
    if (u < 0x800) rc = keep_byte(e, (unsigned char)(0xc0 | u >> 6));
    else if (u < 0x10000) {
        if ((rc = keep_byte(e, (unsigned char)(0xe0 | u >> 12)))) return rc;
        rc = keep_byte(e, (unsigned char)(0x80 | (u >> 6 & 63)));
    } else {
        if ((rc = keep_byte(e, (unsigned char)(0xf0 | u >> 18)))) return rc;
        if ((rc = keep_byte(e, (unsigned char)(0x80 | (u >> 12 & 63))))) return rc;
        rc = keep_byte(e, (unsigned char)(0x80 | (u >> 6 & 63)));
    }
    return rc ? rc : keep_byte(e, (unsigned char)(0x80 | (u & 63)));
}

/* A lone surrogate is read differently by different parsers: never where the gate must know what it says. */
static mcp_rc lone_surrogate(mcp_envelope *e)
{
    e->high_surrogate = 0;
    return e->keep ? fail(e, MCP_AMBIGUOUS, "a lone surrogate in a name or a protocol value") : MCP_OK;
}

static mcp_rc end_escape(mcp_envelope *e, unsigned u)
{
    unsigned high = e->high_surrogate;

    e->at = IN_STRING;
    if (high && u >= 0xdc00 && u <= 0xdfff) {
        e->high_surrogate = 0;
        return keep_char(e, 0x10000 + ((high - 0xd800) << 10) + (u - 0xdc00));
    }
    if (high && lone_surrogate(e)) return e->rc;
    if (u >= 0xd800 && u <= 0xdbff) { e->high_surrogate = u; return MCP_OK; }
    if (u >= 0xdc00 && u <= 0xdfff) return lone_surrogate(e);
    return keep_char(e, u);
}

static int is_text_member(member m)
{
    return m == M_JSONRPC || m == M_METHOD || m == M_NAME || m == M_URI || m == M_VERSION || m == M_ID;
}

static void begin_string(mcp_envelope *e, int is_name)
{
    e->text[0] = '\0';
    e->text_len = 0;
    e->at = IN_STRING;
    e->is_name = is_name;
    e->keep = is_name || is_text_member(e->now);
    e->high_surrogate = 0;
    e->utf8_left = 0;
}

static void take_text(mcp_envelope *e)
{
    const char *text = apr_pstrmemdup(e->ctx->pool, e->text, e->text_len);

    switch (e->now) {
    case M_JSONRPC: e->jsonrpc_good = !strcmp(text, "2.0"); break;
    case M_METHOD: e->message.method = text; break;
    case M_NAME: e->message.name = text; break;
    case M_URI: e->message.uri = text; break;
    case M_VERSION: e->message.version = text; break;
    case M_ID: e->id_good = 1; break;
    default: break;
    }
}

static void end_value(mcp_envelope *e)
{
    e->in_id = 0;
    e->at = e->depth ? WANT_COMMA_OR_END : FINISHED;
}

static mcp_rc end_string(mcp_envelope *e)
{
    if (e->high_surrogate && lone_surrogate(e)) return e->rc;
    if (e->is_name) return end_name(e);
    if (e->keep && memchr(e->text, 0, e->text_len)) return fail(e, MCP_AMBIGUOUS, "a protocol value holds U+0000");
    if (e->keep) take_text(e);
    end_value(e);
    return MCP_OK;
}

/* ---- strings, byte by byte ---- */

static mcp_rc utf8_lead(mcp_envelope *e, unsigned char c)
{
    if (c < 0xc2 || c > 0xf4) return fail(e, MCP_BAD_JSON, "invalid UTF-8");
    e->utf8_left = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    e->utf8_low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    e->utf8_high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    return keep_byte(e, c);
}

static mcp_rc in_string(mcp_envelope *e, unsigned char c)
{
    if (e->utf8_left) {
        if (c < e->utf8_low || c > e->utf8_high) return fail(e, MCP_BAD_JSON, "invalid UTF-8");
        e->utf8_left--;
        e->utf8_low = 0x80;
        e->utf8_high = 0xbf;
        return keep_byte(e, c);
    }
    if (c == '"') return end_string(e);
    if (c == '\\') { e->at = IN_ESCAPE; return MCP_OK; }
    if (e->high_surrogate && lone_surrogate(e)) return e->rc;
    if (c < 0x20) return fail(e, MCP_BAD_JSON, "a control character in a string");
    return c < 0x80 ? keep_byte(e, c) : utf8_lead(e, c);
}

static mcp_rc in_escape(mcp_envelope *e, unsigned char c)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *at;

    if (c == 'u') {
        e->at = IN_HEX;
        e->hex = 0;
        e->hex_left = 4;
        return MCP_OK;
    }
    if (!c || !(at = strchr(from, c))) return fail(e, MCP_BAD_JSON, "an unknown escape");
    return end_escape(e, (unsigned char)to[at - from]);
}

static mcp_rc in_hex(mcp_envelope *e, unsigned char c)
{
    unsigned digit;

    if (c >= '0' && c <= '9') digit = c - '0';
    else if ((c | 32) >= 'a' && (c | 32) <= 'f') digit = (c | 32u) - 'a' + 10;
    else return fail(e, MCP_BAD_JSON, "a bad \\u escape");
    e->hex = e->hex << 4 | digit;
    return --e->hex_left ? MCP_OK : end_escape(e, e->hex);
}

/* ---- numbers and words ---- */

static int number_may_end(number_state n)
{
    return n == N_ZERO || n == N_INT || n == N_FRACTION || n == N_EXPONENT;
}

static int is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

/* 1: c belongs to the number; 0: it does not. */
static int number_takes(mcp_envelope *e, unsigned char c)
{
    number_state n = e->number;

    if (n == N_MINUS && is_digit(c)) e->number = c == '0' ? N_ZERO : N_INT;
    else if ((n == N_INT || n == N_FRACTION || n == N_EXPONENT) && is_digit(c)) return 1;
    else if ((n == N_ZERO || n == N_INT) && c == '.') e->number = N_DOT;
    else if (n == N_DOT && is_digit(c)) e->number = N_FRACTION;
    else if ((n == N_ZERO || n == N_INT || n == N_FRACTION) && (c | 32) == 'e') e->number = N_E;
    else if (n == N_E && (c == '+' || c == '-')) e->number = N_E_SIGN;
    else if ((n == N_E || n == N_E_SIGN) && is_digit(c)) e->number = N_EXPONENT;
    else return 0;
    return 1;
}

static mcp_rc in_word(mcp_envelope *e, unsigned char c)
{
    if (c != (unsigned char)*e->word) return fail(e, MCP_BAD_JSON, "an unknown word");
    if (!*++e->word) end_value(e);
    return MCP_OK;
}

/* ---- values ---- */

static role role_of(const mcp_envelope *e)
{
    if (!e->depth) return ENVELOPE;
    return e->now == M_PARAMS ? PARAMS : e->now == M_META ? META : OTHER;
}

static mcp_rc open_container(mcp_envelope *e, char kind)
{
    frame *f;

    if (!e->depth && kind == '[') return fail(e, MCP_BATCH, "the outermost value is an array");
    if (e->depth >= e->rules.max_depth) return fail(e, MCP_TOO_DEEP, "nested too deep");
    if (e->now == M_ARGUMENTS) e->message.arguments_at = offset_of(e);
    if (e->now == M_PARAMS) e->params_good = kind == '{';
    if (e->now == M_PARAMS && kind == '[') return fail(e, MCP_BAD_ENVELOPE, "params is no object");
    f = &e->stack[e->depth + 1];
    f->what = kind == '{' ? role_of(e) : OTHER;
    e->depth++;
    f->kind = kind;
    f->of = e->now;
    f->names = mcp_names_mark(e->names);
    e->now = M_NONE;
    e->at = kind == '{' ? WANT_NAME_OR_END : WANT_VALUE_OR_END;
    return MCP_OK;
}

static mcp_rc close_container(mcp_envelope *e, char kind)
{
    frame *f = &e->stack[e->depth];

    if (f->kind != kind) return fail(e, MCP_BAD_JSON, "a bracket that closes another kind");
    if (f->of == M_ARGUMENTS) e->message.arguments_len = offset_of(e) + 1 - e->message.arguments_at;
    mcp_names_forget(e->names, f->names);
    e->depth--;
    end_value(e);
    return MCP_OK;
}

/* Members that must be strings, and the id that may be a number, refuse every other kind here. */
static mcp_rc check_kind(mcp_envelope *e, unsigned char c)
{
    if (e->now == M_ID) return c == '"' || c == '-' || is_digit(c) ? MCP_OK : fail(e, MCP_BAD_ENVELOPE, "id is a string or a number");
    if (e->now == M_PARAMS && c != '{') return fail(e, MCP_BAD_ENVELOPE, "params is an object");
    if (e->now == M_ARGUMENTS && c != '{' && c != 'n') return fail(e, MCP_BAD_PARAMS, "arguments is an object");
    if (e->now == M_META && c != '{') return fail(e, MCP_BAD_PARAMS, "_meta is an object");
    if (is_text_member(e->now) && c != '"') return fail(e, MCP_BAD_ENVELOPE, "a protocol member that must be a string is none");
    return MCP_OK;
}

static mcp_rc begin_member(mcp_envelope *e, unsigned char c)
{
    if (e->now == M_RESULT) e->has_result = 1;
    if (e->now == M_ERROR) e->has_error = 1;
    if (e->now == M_PARAMS) e->has_params = 1;
    if (e->now == M_ID) e->id_good = c != '"';
    if (check_kind(e, c)) return e->rc;
    e->in_id = e->now == M_ID;
    return MCP_OK;
}

static mcp_rc begin_value(mcp_envelope *e, unsigned char c)
{
    mcp_rc rc;

    if (!e->depth && c != '{' && c != '[')
        return fail(e, c && (strchr("\"-tfn", c) || is_digit(c)) ? MCP_BAD_ENVELOPE : MCP_BAD_JSON, "the outermost value is no object");
    if (e->now != M_NONE && (rc = begin_member(e, c))) return rc;
    if (c == '{' || c == '[') return open_container(e, (char)c);
    if (c == '"') { begin_string(e, 0); return MCP_OK; }
    if (c == '-' || is_digit(c)) {
        e->number = c == '-' ? N_MINUS : c == '0' ? N_ZERO : N_INT;
        e->at = IN_NUMBER;
        return MCP_OK;
    }
    e->word = c == 't' ? "rue" : c == 'f' ? "alse" : c == 'n' ? "ull" : NULL;
    if (!e->word) return fail(e, MCP_BAD_JSON, "no JSON value begins like that");
    e->at = IN_WORD;
    return MCP_OK;
}

static int is_blank(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static mcp_rc after_value(mcp_envelope *e, unsigned char c)
{
    char kind = e->stack[e->depth].kind;

    e->now = M_NONE;
    if (c == ',') { e->at = kind == '{' ? WANT_NAME : WANT_VALUE; return MCP_OK; }
    if (c == '}' || c == ']') return close_container(e, c == '}' ? '{' : '[');
    return fail(e, MCP_BAD_JSON, "a comma or a closing bracket is wanted");
}

static mcp_rc between(mcp_envelope *e, unsigned char c)
{
    if (is_blank(c)) return MCP_OK;
    switch (e->at) {
    case WANT_VALUE_OR_END:
        if (c == ']') return close_container(e, '[');
        return begin_value(e, c);
    case WANT_VALUE: return begin_value(e, c);
    case WANT_NAME_OR_END:
        if (c == '}') return close_container(e, '{');
        /* fall through */
    case WANT_NAME:
        if (c != '"') return fail(e, MCP_BAD_JSON, "a member name is wanted");
        begin_string(e, 1);
        return MCP_OK;
    case WANT_COLON:
        if (c != ':') return fail(e, MCP_BAD_JSON, "a colon is wanted");
        e->at = WANT_VALUE;
        return MCP_OK;
    case WANT_COMMA_OR_END: return after_value(e, c);
    default: return fail(e, MCP_BAD_JSON, "bytes behind the message");
    }
}

static mcp_rc in_number(mcp_envelope *e, unsigned char c)
{
    if (number_takes(e, c)) return MCP_OK;
    if (!number_may_end(e->number)) return fail(e, MCP_BAD_JSON, "a malformed number");
    end_value(e);
    return between(e, c);
}

static mcp_rc step(mcp_envelope *e, unsigned char c)
{
    switch (e->at) {
    case IN_STRING: return in_string(e, c);
    case IN_ESCAPE: return in_escape(e, c);
    case IN_HEX: return in_hex(e, c);
    case IN_NUMBER: return in_number(e, c);
    case IN_WORD: return in_word(e, c);
    default: return between(e, c);
    }
}

/* The id is echoed as it was sent, so its raw bytes are kept, those of a number up to its end. */
static mcp_rc keep_id(mcp_envelope *e, char c)
{
    char *grown;

    if (e->id_len >= TEXT_MAX) {
        e->id_len = 0;              /* half an id is never echoed */
        return fail(e, MCP_BAD_ENVELOPE, "the id is too long");
    }
    if (e->id_len == e->id_cap) {
        e->id_cap = e->id_cap ? e->id_cap * 2 : 64;
        grown = apr_palloc(e->ctx->pool, e->id_cap);
        if (e->id_len) memcpy(grown, e->id, e->id_len);
        e->id = grown;
    }
    e->id[e->id_len++] = c;
    return MCP_OK;
}

/* Where a run of plain bytes ends: ASCII, no control character, quote or backslash. Eight at a time: a byte is not
 * plain if its top bit is set or one of three subtractions borrows into it; the lowest so marked is truly none. */
static const unsigned char *skip_plain(const unsigned char *s, const unsigned char *end)
{
    static const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    uint64_t word, odd;

    for (; end - s >= 8; s += 8) {
        memcpy(&word, s, 8);
        odd = (word | (word - ones * 0x20) | ((word ^ ones * '"') - ones) | ((word ^ ones * '\\') - ones)) & tops;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        if (odd) return s + (__builtin_ctzll(odd) >> 3);
#else
        if (odd) break;
#endif
    }
    while (s < end && *s >= 0x20 && *s < 0x80 && *s != '"' && *s != '\\') s++;
    return s;
}

/* Bytes that only lengthen what is being read, taken at once: plain ones of a string, digits, blanks. */
static void take_run(mcp_envelope *e, const unsigned char *end)
{
    const unsigned char *from = e->here;

    if (e->at == IN_STRING && !e->utf8_left && !e->high_surrogate) {
        e->here = skip_plain(from, end);
        if (e->keep && e->here > from) keep_bytes(e, (const char *)from, (size_t)(e->here - from));
    } else if (e->at == IN_NUMBER && e->number != N_MINUS && e->number != N_ZERO) {
        if (e->number == N_INT || e->number == N_FRACTION || e->number == N_EXPONENT)
            while (e->here < end && is_digit(*e->here)) e->here++;
    } else if (e->at < IN_STRING) {
        while (e->here < end && is_blank(*e->here)) e->here++;
    }
}

/* The id is kept raw, so it goes byte by byte. */
static mcp_rc step_in_id(mcp_envelope *e)
{
    unsigned char c = *e->here;

    if (step(e, c)) return e->rc;
    return e->in_id || c == '"' ? keep_id(e, (char)c) : MCP_OK;
}

static mcp_rc run(mcp_envelope *e, const unsigned char *end)
{
    for (; e->here < end; e->here++) {
        if (e->in_id) {
            if (step_in_id(e)) return e->rc;
            continue;
        }
        take_run(e, end);
        if (e->rc) return e->rc;
        if (e->here == end) break;
        if (step(e, *e->here)) return e->rc;
        if (e->in_id && keep_id(e, (char)*e->here)) return e->rc;
    }
    return MCP_OK;
}

mcp_rc mcp_envelope_feed(mcp_envelope *e, const char *bytes, size_t len)
{
    size_t room = e->rules.max_bytes - e->before, end = len < room ? len : room;

    if (e->rc) return e->rc;
    e->piece = e->here = (const unsigned char *)bytes;
    if (run(e, e->piece + end)) return e->rc;
    if (end < len) return fail(e, MCP_TOO_LARGE, "the message is too large");
    e->before += end;
    e->piece = e->here = NULL;
    return MCP_OK;
}

static mcp_rc finish(mcp_envelope *e)
{
    mcp_message *m = &e->message;

    if (e->at != FINISHED) return fail(e, MCP_BAD_JSON, offset_of(e) ? "the message ends too early" : "the body is empty");
    if (!e->jsonrpc_good) return fail(e, MCP_BAD_ENVELOPE, "jsonrpc is not 2.0");
    if (m->method && (e->has_result || e->has_error)) return fail(e, MCP_AMBIGUOUS, "method together with result or error");
    if (e->has_result && e->has_error) return fail(e, MCP_AMBIGUOUS, "result together with error");
    if (!m->method && !e->has_result && !e->has_error) return fail(e, MCP_BAD_ENVELOPE, "neither a method nor an answer");
    if (!m->method && e->has_params) return fail(e, MCP_AMBIGUOUS, "an answer with params");
    if (!m->method && !e->id_len) return fail(e, MCP_BAD_ENVELOPE, "an answer without an id");
    if (m->method && !*m->method) return fail(e, MCP_BAD_ENVELOPE, "the method is empty");
    m->kind = !m->method ? MCP_MESSAGE_RESPONSE : e->id_len ? MCP_MESSAGE_REQUEST : MCP_MESSAGE_NOTIFICATION;
    return MCP_OK;
}

mcp_rc mcp_envelope_end(mcp_envelope *e, mcp_message *out)
{
    if (!e->rc) finish(e);
    e->message.id = e->id_len && e->id_good && !e->in_id ? e->id : NULL;
    e->message.id_len = e->message.id ? e->id_len : 0;
    *out = e->message;
    return e->rc;
}

mcp_rc mcp_envelope_scan(mcp_ctx *ctx, const mcp_envelope_rules *rules, const char *bytes, size_t len, mcp_message *out)
{
    mcp_envelope *e = mcp_envelope_begin(ctx, rules);

    mcp_envelope_feed(e, bytes, len);
    return mcp_envelope_end(e, out);
}
