#include <string.h>
#include "runs.h"
#include "scanner.h"

static mcp_rc bad_json(mcp_envelope *e, const char *why)
{
    return mcp_scanner_fail(e, MCP_BAD_JSON, why);
}

/* ---- containers ---- */

static role role_of(const mcp_envelope *e)
{
    if (!e->depth) return ENVELOPE;
    return e->now == M_PARAMS ? PARAMS : e->now == M_META ? META : OTHER;
}

void mcp_grammar_more_frames(mcp_envelope *e)
{
    frame *grown = apr_palloc(e->ctx->pool, 2 * e->depth_cap * sizeof *grown);

    memcpy(grown, e->stack, e->depth_cap * sizeof *grown);
    e->depth_cap *= 2;
    e->stack = grown;
    e->top = grown + e->depth;
}

mcp_rc mcp_grammar_open(mcp_envelope *e, char kind)
{
    role what = kind == '{' ? role_of(e) : OTHER;

    if (!e->depth && kind == '[') return mcp_scanner_fail(e, MCP_BATCH, "the outermost value is an array");
    if (e->depth >= e->rules.max_depth) return mcp_scanner_fail(e, MCP_TOO_DEEP, "nested too deep");
    if (e->now == M_ARGUMENTS) e->message.arguments_at = mcp_scanner_offset(e);
    push_frame(e, (frame){ mcp_names_mark(e->names), kind, (unsigned char)what, (unsigned char)e->now });
    return MCP_OK;
}

mcp_rc mcp_grammar_close(mcp_envelope *e, char kind)
{
    const frame *f = e->top;

    if (f->kind != kind) return bad_json(e, "a bracket that closes another kind");
    if (f->of == M_ARGUMENTS) e->message.arguments_len = mcp_scanner_offset(e) + 1 - e->message.arguments_at;
    mcp_names_forget(e->names, f->names);
    pop_frame(e);
    return MCP_OK;
}

/* ---- strings, byte by byte ---- */

static mcp_rc begin_string(mcp_envelope *e, int is_name)
{
    mcp_decoded_begin(e, is_name);
    e->at = IN_STRING;
    return MCP_OK;
}

static mcp_rc end_string(mcp_envelope *e)
{
    mcp_rc rc;

    if ((rc = mcp_decoded_check(e))) return rc;
    if (e->keep && memchr(e->text, 0, e->text_len))
        return mcp_scanner_fail(e, MCP_AMBIGUOUS, e->is_name ? "a member name holds U+0000" : "a protocol value holds U+0000");
    if (e->is_name) {
        if ((rc = mcp_members_name(e, e->text, e->text_len, e->text_len))) return rc;
        e->at = WANT_COLON;
        return MCP_OK;
    }
    if (e->keep) mcp_members_text(e, e->text, e->text_len);
    end_value(e);
    return MCP_OK;
}

static mcp_rc utf8_lead(mcp_envelope *e, unsigned char c)
{
    if (c < 0xc2 || c > 0xf4) return bad_json(e, "invalid UTF-8");
    e->utf8_left = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    e->utf8_low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    e->utf8_high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    return mcp_decoded_bytes(e, &c, 1);
}

static mcp_rc utf8_next(mcp_envelope *e, unsigned char c)
{
    if (c < e->utf8_low || c > e->utf8_high) return bad_json(e, "invalid UTF-8");
    e->utf8_left--;
    e->utf8_low = 0x80;
    e->utf8_high = 0xbf;
    return mcp_decoded_bytes(e, &c, 1);
}

static mcp_rc in_string(mcp_envelope *e, unsigned char c)
{
    mcp_rc rc;

    if (e->utf8_left) return utf8_next(e, c);
    if (c == '"') return end_string(e);
    if (c == '\\') {
        e->at = IN_ESCAPE;
        return MCP_OK;
    }
    if ((rc = mcp_decoded_check(e))) return rc;
    if (c < 0x20) return bad_json(e, "a control character in a string");
    return c < 0x80 ? mcp_decoded_bytes(e, &c, 1) : utf8_lead(e, c);
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
    if (!c || !(at = strchr(from, c))) return bad_json(e, "an unknown escape");
    e->at = IN_STRING;
    return mcp_decoded_escape(e, (unsigned char)to[at - from]);
}

static mcp_rc in_hex(mcp_envelope *e, unsigned char c)
{
    if (!is_hex(c)) return bad_json(e, "a bad \\u escape");
    e->hex = e->hex << 4 | (unsigned)(is_digit(c) ? c - '0' : (c | 32) - 'a' + 10);
    if (--e->hex_left) return MCP_OK;
    e->at = IN_STRING;
    return mcp_decoded_escape(e, e->hex);
}

/* ---- numbers and words ---- */

static int number_may_end(number_state n)
{
    return n == N_ZERO || n == N_INT || n == N_FRACTION || n == N_EXPONENT;
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
    if (c != (unsigned char)*e->word) return bad_json(e, "an unknown word");
    if (!*++e->word) end_value(e);
    return MCP_OK;
}

/* ---- between tokens ---- */

static mcp_rc begin_value(mcp_envelope *e, unsigned char c)
{
    mcp_rc rc;

    /* A word is read on, so that prose is told from true, false and null, which are no messages either. */
    if (!e->depth && c != '{' && c != '[' && c != 't' && c != 'f' && c != 'n')
        return mcp_scanner_fail(e, c == '"' || c == '-' || is_digit(c) ? MCP_BAD_ENVELOPE : MCP_BAD_JSON, "the outermost value is no object");
    if (e->now != M_NONE && (rc = mcp_members_value(e, c))) return rc;
    if (c == '{' || c == '[') return mcp_grammar_open(e, (char)c);
    if (c == '"') return begin_string(e, 0);
    if (c == '-' || is_digit(c)) {
        e->number = c == '-' ? N_MINUS : c == '0' ? N_ZERO : N_INT;
        e->at = IN_NUMBER;
        return MCP_OK;
    }
    e->word = c == 't' ? "rue" : c == 'f' ? "alse" : c == 'n' ? "ull" : NULL;
    if (!e->word) return bad_json(e, "no JSON value begins like that");
    e->at = IN_WORD;
    return MCP_OK;
}

static mcp_rc after_value(mcp_envelope *e, unsigned char c)
{
    e->now = M_NONE;
    if (c == ',') {
        e->at = e->top->kind == '{' ? WANT_NAME : WANT_VALUE;
        return MCP_OK;
    }
    if (c == '}' || c == ']') return mcp_grammar_close(e, c == '}' ? '{' : '[');
    return bad_json(e, "a comma or a closing bracket is wanted");
}

static mcp_rc between(mcp_envelope *e, unsigned char c)
{
    if (is_blank(c)) return MCP_OK;
    switch (e->at) {
    case WANT_VALUE_OR_END: return c == ']' ? mcp_grammar_close(e, '[') : begin_value(e, c);
    case WANT_VALUE: return begin_value(e, c);
    case WANT_NAME_OR_END:
        if (c == '}') return mcp_grammar_close(e, '{');
        /* fall through */
    case WANT_NAME: return c == '"' ? begin_string(e, 1) : bad_json(e, "a member name is wanted");
    case WANT_COLON:
        if (c != ':') return bad_json(e, "a colon is wanted");
        e->at = WANT_VALUE;
        return MCP_OK;
    case WANT_COMMA_OR_END: return after_value(e, c);
    default: return bad_json(e, "bytes behind the message");
    }
}

static mcp_rc in_number(mcp_envelope *e, unsigned char c)
{
    if (number_takes(e, c)) return MCP_OK;
    if (!number_may_end(e->number)) return bad_json(e, "a malformed number");
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

/* The id is kept raw: of a string also the closing quote, of a number not what follows. */
mcp_rc mcp_grammar_step(mcp_envelope *e)
{
    const unsigned char *c = e->here;
    int was_in_id = e->in_id;

    if (step(e, *c)) return e->rc;
    if ((e->in_id || (was_in_id && *c == '"')) && mcp_members_id(e, c, 1)) return e->rc;
    e->here++;
    return MCP_OK;
}
