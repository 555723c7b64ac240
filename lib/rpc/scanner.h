/* What the rooms of the message scanner share; its contract is mcp/envelope.h.
 *
 *   envelope.c   begin, feed, end; what a whole message must be
 *   grammar.c    the byte machine: it alone decides what is JSON, and goes on where a piece was cut
 *   tokens.c     the short way: whole tokens of a piece at once; what it does not know it leaves to the byte machine untouched
 *   members.c    what names and values of the protocol mean
 *   decoded.c    the text of a name or value whose escapes are being resolved */
#ifndef RPC_SCANNER_H
#define RPC_SCANNER_H

#include "mcp/envelope.h"
#include "mcp/names.h"

enum { NAME_MAX_BYTES = 64 * 1024, TEXT_MAX = 8 * 1024, FIRST_FRAMES = 12, FIRST_TEXT = 128 };

typedef enum {
    WANT_VALUE, WANT_VALUE_OR_END, WANT_NAME_OR_END, WANT_NAME, WANT_COLON, WANT_COMMA_OR_END, FINISHED,
    IN_STRING, IN_ESCAPE, IN_HEX, IN_NUMBER, IN_WORD
} state;

/* Where in a number the machine stands (RFC 8259 section 6). */
typedef enum { N_MINUS, N_ZERO, N_INT, N_DOT, N_FRACTION, N_E, N_E_SIGN, N_EXPONENT } number_state;

/* Which object of the protocol a container is. */
typedef enum { OTHER, ENVELOPE, PARAMS, META } role;

/* What the member just named means. */
typedef enum { M_NONE, M_JSONRPC, M_ID, M_METHOD, M_PARAMS, M_RESULT, M_ERROR, M_NAME, M_URI, M_ARGUMENTS, M_META, M_VERSION } member;

typedef struct {
    size_t names;               /* where its names begin; an array has none */
    char kind;                  /* '{' or '[' */
    unsigned char what;         /* a role */
    unsigned char of;           /* the member this container is the value of */
} frame;

struct mcp_envelope {
    mcp_ctx *ctx;
    mcp_envelope_rules rules;
    mcp_rc rc;
    state at;
    size_t before;              /* bytes of the pieces fed before this one */
    const unsigned char *piece, *here;  /* the piece being read and the byte the machine stands at */

    unsigned depth, depth_cap;
    frame *top, *stack;         /* the innermost open container; stack[0] is outside of all */
    mcp_names *names;
    member now;                 /* the member whose value comes next or is being read */

    number_state number;
    const char *word;           /* true, false, null: what is left of it */

    int is_name;                /* the string being read is a member name */
    int keep;                   /* its decoded text is wanted */
    char *text;                 /* decoded text, grows by doubling up to a cap */
    size_t text_len, text_cap;
    unsigned hex, hex_left, high_surrogate;
    unsigned utf8_left, utf8_low, utf8_high;

    char *id;                   /* raw bytes of the id */
    size_t id_len, id_cap;
    int in_id, id_good;
    int jsonrpc_good, has_result, has_error, has_params;
    mcp_message message;

    frame first_frames[FIRST_FRAMES];
    char no_text[1];
};

static inline int between_tokens(const mcp_envelope *e)
{
    return e->at < IN_STRING;
}

static inline int is_text_member(member m)
{
    return m == M_JSONRPC || m == M_METHOD || m == M_NAME || m == M_URI || m == M_VERSION || m == M_ID;
}

/* envelope.c: records the failure and where it is. */
mcp_rc mcp_scanner_fail(mcp_envelope *e, mcp_rc rc, const char *why);
size_t mcp_scanner_offset(const mcp_envelope *e);

/* grammar.c */
mcp_rc mcp_grammar_step(mcp_envelope *e);                            /* takes the byte at e->here */
mcp_rc mcp_grammar_open(mcp_envelope *e, char kind);
mcp_rc mcp_grammar_close(mcp_envelope *e, char kind);
void mcp_grammar_more_frames(mcp_envelope *e);

/* tokens.c: takes what tokens lie whole in the piece; e->here is then the first byte of one that does not. */
mcp_rc mcp_tokens_take(mcp_envelope *e, const unsigned char *end);

/* members.c; names and texts are decoded; readable: how many bytes may be read at name, of which len are the name's */
mcp_rc mcp_members_name(mcp_envelope *e, const char *name, size_t len, size_t readable);
mcp_rc mcp_members_value(mcp_envelope *e, unsigned char first);     /* a value of e->now begins */
void mcp_members_text(mcp_envelope *e, const char *text, size_t len);
mcp_rc mcp_members_id(mcp_envelope *e, const unsigned char *raw, size_t len);
mcp_rc mcp_members_agree(mcp_envelope *e);                          /* the message is whole */

/* decoded.c */
void mcp_decoded_begin(mcp_envelope *e, int is_name);
size_t mcp_decoded_room(const mcp_envelope *e);
mcp_rc mcp_decoded_bytes(mcp_envelope *e, const unsigned char *bytes, size_t len);
mcp_rc mcp_decoded_escape(mcp_envelope *e, unsigned u);             /* a character or half a surrogate pair */
mcp_rc mcp_decoded_check(mcp_envelope *e);                          /* no surrogate is left alone */

/* ---- moves that both the byte machine and the short way make ---- */

static inline void end_value(mcp_envelope *e)
{
    e->in_id = 0;
    e->at = e->depth ? WANT_COMMA_OR_END : FINISHED;
}

static inline void push_frame(mcp_envelope *e, frame f)
{
    if (e->depth + 1 == e->depth_cap) mcp_grammar_more_frames(e);
    e->depth++;
    *++e->top = f;
    e->now = M_NONE;
    e->at = f.kind == '{' ? WANT_NAME_OR_END : WANT_VALUE_OR_END;
}

static inline void pop_frame(mcp_envelope *e)
{
    e->depth--;
    e->top--;
    end_value(e);
}

#endif
