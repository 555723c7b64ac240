#include <string.h>
#include "nameset.h"
#include "runs.h"
#include "scanner.h"

/* Each function takes the token whose first byte is s and gives the byte behind it. NULL: the token is not whole, not
 * well-formed or not simple, and nothing has changed, so the byte machine takes it and knows the reason; or e->rc says
 * why the message is refused and e->here where. */

static const unsigned char *skip_word(const unsigned char *s, const unsigned char *end)
{
    if (end - s >= 4 && (!memcmp(s, "true", 4) || !memcmp(s, "null", 4))) return s + 4;
    return end - s >= 5 && !memcmp(s, "false", 5) ? s + 5 : NULL;
}

/* Behind a string without escapes; NULL if this is none. s stands behind the opening quote. */
static inline const unsigned char *skip_plain_string(const unsigned char *s, const unsigned char *end)
{
    s = skip_first_plain(s, end);
    if (s == end || *s != '"') s = skip_text(s, end);
    return s < end && *s == '"' ? s + 1 : NULL;
}

static inline const unsigned char *skip_string(const unsigned char *s, const unsigned char *end)
{
    s = skip_first_plain(s, end);
    if (s == end || *s != '"') s = skip_text_and_escapes(s, end);
    return s < end && *s == '"' ? s + 1 : NULL;
}

static inline const unsigned char *skip_scalar(const unsigned char *s, const unsigned char *end)
{
    if (*s == '"') return skip_string(s + 1, end);
    return *s == '-' || is_digit(*s) ? skip_number(s, end) : skip_word(s, end);
}

/* A comma that stands right behind a value. */
static const unsigned char *take_comma(mcp_envelope *e, const unsigned char *s, const unsigned char *end)
{
    e->at = WANT_COMMA_OR_END;
    if (s == end || *s != ',') return s;
    e->now = M_NONE;
    e->at = e->top->kind == '{' ? WANT_NAME : WANT_VALUE;
    return s + 1;
}

/* A colon that stands right behind a name. */
static const unsigned char *take_colon(mcp_envelope *e, const unsigned char *s, const unsigned char *end)
{
    e->at = WANT_COLON;
    if (s == end || *s != ':') return s;
    e->at = WANT_VALUE;
    return s + 1;
}

static const unsigned char *take_name(mcp_envelope *e, const unsigned char *s, const unsigned char *end)
{
    const unsigned char *name = s + 1, *behind;
    size_t len;

    if (*s != '"' || !(behind = skip_plain_string(name, end)) || behind - name > NAME_MAX_BYTES) return NULL;
    len = (size_t)(behind - 1 - name);
    e->here = behind - 1;
    if (e->top->what == OTHER && add_quickly(e->names, e->top->names, (const char *)name, len, (size_t)(end - name)))
        return take_colon(e, behind, end);
    return mcp_members_name(e, (const char *)name, len, (size_t)(end - name)) ? NULL : take_colon(e, behind, end);
}

/* A scalar that means something. */
static const unsigned char *take_protocol_value(mcp_envelope *e, const unsigned char *s, const unsigned char *end)
{
    int is_text = *s == '"' && is_text_member(e->now);
    const unsigned char *behind = is_text ? skip_plain_string(s + 1, end) : skip_scalar(s, end);

    if (!behind || ((is_text || e->now == M_ID) && behind - s > TEXT_MAX)) return NULL;
    e->here = s;
    if (mcp_members_value(e, *s)) return NULL;
    if (e->now == M_ID && mcp_members_id(e, s, (size_t)(behind - s))) return NULL;
    if (is_text) mcp_members_text(e, (const char *)s + 1, (size_t)(behind - s) - 2);
    end_value(e);
    return take_comma(e, behind, end);
}

static const unsigned char *take_opening(mcp_envelope *e, const unsigned char *s)
{
    if (e->now == M_NONE && e->depth < e->rules.max_depth) {
        push_frame(e, (frame){ e->names->count, (char)*s, OTHER, M_NONE });
        return s + 1;
    }
    e->here = s;
    if (e->now != M_NONE && mcp_members_value(e, *s)) return NULL;
    return mcp_grammar_open(e, (char)*s) ? NULL : s + 1;
}

static const unsigned char *take_value(mcp_envelope *e, const unsigned char *s, const unsigned char *end)
{
    if (*s == '{' || *s == '[') return take_opening(e, s);
    if (e->now != M_NONE) return take_protocol_value(e, s, end);
    return (s = skip_scalar(s, end)) ? take_comma(e, s, end) : NULL;
}

static const unsigned char *take_closing(mcp_envelope *e, const unsigned char *s, const unsigned char *end)
{
    const frame *f = e->top;

    if (f->kind == *s - 2 && f->of == M_NONE && forget_quickly(e->names, f->names)) pop_frame(e);   /* '{' + 2 is '}', '[' + 2 is ']' */
    else {
        e->here = s;
        if (mcp_grammar_close(e, (char)(*s - 2))) return NULL;
    }
    return e->depth ? take_comma(e, s + 1, end) : s + 1;
}

static int closes(const mcp_envelope *e, unsigned char c)
{
    if (c == '}') return e->at == WANT_COMMA_OR_END || e->at == WANT_NAME_OR_END;
    return c == ']' && (e->at == WANT_COMMA_OR_END || e->at == WANT_VALUE_OR_END);
}

/* Of a member whose value is not taken the name still is. */
static const unsigned char *take(mcp_envelope *e, const unsigned char *s, const unsigned char *end)
{
    const unsigned char *named = NULL, *behind;

    if (closes(e, *s)) return take_closing(e, s, end);
    if (e->at == WANT_NAME || e->at == WANT_NAME_OR_END) {
        if (!(named = take_name(e, s, end)) || named == end || e->at != WANT_VALUE) return named;
        s = named;
    }
    if (e->at == WANT_VALUE || e->at == WANT_VALUE_OR_END) return (behind = take_value(e, s, end)) || e->rc ? behind : named;
    if (e->at == WANT_COLON) return *s == ':' ? take_colon(e, s, end) : NULL;
    return e->at == WANT_COMMA_OR_END && *s == ',' ? take_comma(e, s, end) : NULL;
}

mcp_rc mcp_tokens_take(mcp_envelope *e, const unsigned char *end)
{
    const unsigned char *s = e->here, *next;

    while ((s = skip_blanks(s, end)) < end && (next = take(e, s, end))) s = next;
    if (!e->rc) e->here = s;
    return e->rc;
}
