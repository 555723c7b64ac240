#include <string.h>
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

/* Behind the quote at s; NULL if there is none. */
static const unsigned char *behind_quote(const unsigned char *s, const unsigned char *end)
{
    return s < end && *s == '"' ? s + 1 : NULL;
}

static const unsigned char *skip_scalar(const unsigned char *s, const unsigned char *end)
{
    if (*s == '"') return behind_quote(skip_text_and_escapes(s + 1, end), end);
    return *s == '-' || is_digit(*s) ? skip_number(s, end) : skip_word(s, end);
}

static const unsigned char *take_name(mcp_envelope *e, const unsigned char *s, const unsigned char *end)
{
    const unsigned char *name = s + 1, *behind;

    if (*s != '"' || !(behind = behind_quote(skip_text(name, end), end)) || behind - name > NAME_MAX_BYTES) return NULL;
    e->here = behind - 1;
    if (mcp_members_name(e, (const char *)name, (size_t)(behind - 1 - name))) return NULL;
    e->at = WANT_COLON;
    return behind;
}

static const unsigned char *take_colon(mcp_envelope *e, const unsigned char *s)
{
    if (*s != ':') return NULL;
    e->at = WANT_VALUE;
    return s + 1;
}

/* A scalar that means something. */
static const unsigned char *take_protocol_value(mcp_envelope *e, const unsigned char *s, const unsigned char *end)
{
    int is_text = *s == '"' && is_text_member(e->now);
    const unsigned char *behind = is_text ? behind_quote(skip_text(s + 1, end), end) : skip_scalar(s, end);

    if (!behind || ((is_text || e->now == M_ID) && behind - s > TEXT_MAX)) return NULL;
    e->here = s;
    if (mcp_members_value(e, *s)) return NULL;
    if (e->now == M_ID && mcp_members_id(e, s, (size_t)(behind - s))) return NULL;
    if (is_text) mcp_members_text(e, (const char *)s + 1, (size_t)(behind - s) - 2);
    mcp_grammar_end_value(e);
    return behind;
}

static const unsigned char *take_container(mcp_envelope *e, const unsigned char *s)
{
    e->here = s;
    if (e->now != M_NONE && mcp_members_value(e, *s)) return NULL;
    return mcp_grammar_open(e, (char)*s) ? NULL : s + 1;
}

static const unsigned char *take_value(mcp_envelope *e, const unsigned char *s, const unsigned char *end)
{
    if (*s == '{' || *s == '[') return take_container(e, s);
    if (e->now != M_NONE) return take_protocol_value(e, s, end);
    if ((s = skip_scalar(s, end))) e->at = WANT_COMMA_OR_END;
    return s;
}

static const unsigned char *take_end(mcp_envelope *e, const unsigned char *s)
{
    e->here = s;
    return mcp_grammar_close(e, *s == '}' ? '{' : '[') ? NULL : s + 1;
}

static const unsigned char *take_after_value(mcp_envelope *e, const unsigned char *s)
{
    if (*s == '}' || *s == ']') return take_end(e, s);
    if (*s != ',') return NULL;
    e->now = M_NONE;
    e->at = e->top->kind == '{' ? WANT_NAME : WANT_VALUE;
    return s + 1;
}

static const unsigned char *take(mcp_envelope *e, const unsigned char *s, const unsigned char *end)
{
    switch (e->at) {
    case WANT_NAME_OR_END: return *s == '}' ? take_end(e, s) : take_name(e, s, end);
    case WANT_NAME: return take_name(e, s, end);
    case WANT_COLON: return take_colon(e, s);
    case WANT_VALUE_OR_END: return *s == ']' ? take_end(e, s) : take_value(e, s, end);
    case WANT_VALUE: return take_value(e, s, end);
    case WANT_COMMA_OR_END: return take_after_value(e, s);
    default: return NULL;
    }
}

mcp_rc mcp_tokens_take(mcp_envelope *e, const unsigned char *end)
{
    const unsigned char *s = e->here, *next;

    while ((s = skip_blanks(s, end)) < end && (next = take(e, s, end))) s = next;
    if (!e->rc) e->here = s;
    return e->rc;
}
