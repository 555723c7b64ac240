#include <string.h>
#include "mcp/sse.h"

/* Two steps. The first finds where a piece ends that can leave by itself: an event with its blank line, a comment ahead of an event, the LF
 * whose CR has left already. The second reads such a piece whole and knows nothing of how it came. */

enum { BOM_LEN = 3, FIRST_ROOM = 4096 };

static const char bom[] = "\xef\xbb\xbf";

struct mcp_sse {
    mcp_ctx *ctx;
    size_t max_event;
    mcp_sse_judge *judge;
    mcp_sse_out *out;
    void *baton;
    mcp_rc rc;
    apr_pool_t *scratch;
    size_t bom_seen;            /* bytes of the BOM that have come; BOM_LEN: the question is settled */

    size_t lines, line_len;     /* of the unfinished piece: whole lines, and bytes of the one at hand */
    int begins_as_comment, after_cr;
    apr_pool_t *held_pool;      /* what came of the unfinished piece with earlier calls */
    char *held;
    size_t held_len, held_room;

    char last;                  /* the last byte written of an event that is being replaced */
};

mcp_sse *mcp_sse_begin(mcp_ctx *ctx, size_t max_event, mcp_sse_judge *judge, mcp_sse_out *out, void *baton)
{
    mcp_sse *s = apr_pcalloc(ctx->pool, sizeof *s);

    if (!s || apr_pool_create(&s->scratch, ctx->pool)) return NULL;
    s->ctx = ctx;
    s->max_event = max_event;
    s->judge = judge;
    s->out = out;
    s->baton = baton;
    return s;
}

/* ---- lines ---- */

typedef struct {
    const char *at, *end;
    const char *lf;             /* the next LF at or behind `at`, or end: looked up once, so that lines ending in CR cost no more */
} cursor;

static const char *find_lf(const char *at, const char *end)
{
    const char *lf = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;

    return lf ? lf : end;
}

static cursor over(const char *bytes, size_t len)
{
    return (cursor){ bytes, bytes + len, find_lf(bytes, bytes + len) };
}

/* The CR or LF that ends the line at c->at, or c->end. */
static const char *line_stop(cursor *c)
{
    const char *cr;

    if (c->lf < c->at) c->lf = find_lf(c->at, c->end);
    cr = c->at < c->lf ? memchr(c->at, '\r', (size_t)(c->lf - c->at)) : NULL;
    return cr ? cr : c->lf;
}

/* Behind the line end at `stop`: CR, LF, CRLF, or nothing at the end of the text. */
static const char *behind(const char *stop, const char *end)
{
    if (stop == end) return end;
    return stop + (stop[0] == '\r' && end - stop > 1 && stop[1] == '\n' ? 2 : 1);
}

typedef struct {
    const char *at;
    size_t len, end_len;
} line;

static int next_line(cursor *c, line *l)
{
    const char *stop;

    if (c->at == c->end) return 0;
    stop = line_stop(c);
    l->at = c->at;
    l->len = (size_t)(stop - c->at);
    c->at = behind(stop, c->end);
    l->end_len = (size_t)(c->at - stop);
    return 1;
}

static int is_data(const line *l)
{
    return l->len >= 4 && !memcmp(l->at, "data", 4) && (l->len == 4 || l->at[4] == ':');
}

static int has_blank(const line *l)
{
    return l->len > 5 && l->at[5] == ' ';
}

/* What the data line says; `data` without a colon says nothing. */
static line value_of(const line *l)
{
    size_t skip = l->len == 4 ? 4 : has_blank(l) ? 6 : 5;

    return (line){ l->at + skip, l->len - skip, l->end_len };
}

/* ---- lines that somebody might read otherwise ---- */

/* Some readers end lines where their language's line splitting does, also at U+0085, U+2028 and U+2029. */
static int splits_elsewhere(const unsigned char *c, const unsigned char *end)
{
    for (; c < end; c++) {
        if (*c < 0x20 && *c != '\t') return 1;
        if (*c == 0xc2 && end - c > 1 && c[1] == 0x85) return 1;
        if (*c == 0xe2 && end - c > 2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9)) return 1;
    }
    return 0;
}

static int nearly_data(const unsigned char *c, size_t len)
{
    return len >= 4 && (c[0] | 32) == 'd' && (c[1] | 32) == 'a' && (c[2] | 32) == 't' && (c[3] | 32) == 'a';
}

/* A line that is no data, but is once it is trimmed, or the case of its name does not count, or a CR does not end the line before it. */
static int misleads(const line *l)
{
    const unsigned char *c = (const unsigned char *)l->at, *end = c + l->len;

    if (!l->len) return 0;
    if (splits_elsewhere(c, end)) return 1;
    while (c < end && (*c == ' ' || *c == '\t' || *c >= 0x80)) c++;
    return c == end || *c == '{' || *c == '[' || nearly_data(c, (size_t)(end - c));
}

/* ---- one piece, whole ---- */

typedef struct {
    const char *at;
    size_t len, lines;          /* lines 0: no data */
} text;

static mcp_rc survey(mcp_sse *s, cursor c, text *data)
{
    line l, value;

    *data = (text){ NULL, 0, 0 };
    while (next_line(&c, &l)) {
        if (!is_data(&l)) {
            if (misleads(&l)) return mcp_fail(s->ctx, MCP_AMBIGUOUS, "a line of the event stream that readers take in different ways");
            continue;
        }
        value = value_of(&l);
        if (!data->lines++) data->at = value.at;
        else data->len++;
        data->len += value.len;
    }
    return MCP_OK;
}

static void join(mcp_sse *s, cursor c, text *data)
{
    char *joined = apr_palloc(s->scratch, data->len + 1), *to = joined;
    line l, value;

    while (next_line(&c, &l)) {
        if (!is_data(&l)) continue;
        if (l.at > data->at) *to++ = '\n';         /* not the first */
        value = value_of(&l);
        memcpy(to, value.at, value.len);
        to += value.len;
    }
    data->at = joined;
}

/* *instead as the judge leaves it. Empty data hides nothing, so nobody is asked about it. */
static mcp_rc judge(mcp_sse *s, const char *at, size_t len, text *instead)
{
    text data;
    mcp_rc rc;

    *instead = (text){ NULL, 0, 0 };
    if ((rc = survey(s, over(at, len), &data)) || !data.len) return rc;
    if (data.lines > 1) join(s, over(at, len), &data);
    return s->judge(s->baton, s->scratch, data.at, data.len, &instead->at, &instead->len);
}

/* ---- writing ---- */

static mcp_rc pass(mcp_sse *s, const char *from, const char *to)
{
    return from < to ? s->out(s->baton, from, (size_t)(to - from)) : MCP_OK;
}

static mcp_rc put(mcp_sse *s, const char *bytes, size_t len)
{
    if (!len) return MCP_OK;
    s->last = bytes[len - 1];
    return s->out(s->baton, bytes, len);
}

/* Lines that stay. With a data line between them gone, a CR and the LF of a blank line would become one line end. */
static mcp_rc put_lines(mcp_sse *s, const char *from, const char *to)
{
    mcp_rc rc;

    if (from < to && *from == '\n' && s->last == '\r' && (rc = put(s, "\n", 1))) return rc;
    return put(s, from, (size_t)(to - from));
}

/* One blank behind the colon belongs to the spelling, so text that begins with one needs it. */
static mcp_rc put_name(mcp_sse *s, const line *like, const char *at, const char *stop)
{
    return has_blank(like) || (at < stop && *at == ' ') ? put(s, "data: ", 6) : put(s, "data:", 5);
}

static mcp_rc put_data(mcp_sse *s, const line *like, const text *data)
{
    cursor c = over(data->at, data->len);
    const char *stop;
    mcp_rc rc;

    for (;;) {
        stop = line_stop(&c);
        if ((rc = put_name(s, like, c.at, stop))) return rc;
        if ((rc = put(s, c.at, (size_t)(stop - c.at)))) return rc;
        if ((rc = put(s, like->at + like->len, like->end_len))) return rc;
        if (stop == c.end) return MCP_OK;
        if (!like->end_len && (rc = put(s, "\n", 1))) return rc;
        c.at = behind(stop, c.end);
    }
}

static mcp_rc put_replaced(mcp_sse *s, const char *at, size_t len, const text *instead)
{
    cursor c = over(at, len);
    const char *from = at;
    int written = 0;
    mcp_rc rc;
    line l;

    s->last = 0;
    while (next_line(&c, &l)) {
        if (!is_data(&l)) continue;
        if ((rc = put_lines(s, from, l.at))) return rc;
        if (!written++ && (rc = put_data(s, &l, instead))) return rc;
        from = c.at;
    }
    return put_lines(s, from, at + len);
}

/* ---- pieces as they come ---- */

static mcp_rc too_large(mcp_sse *s)
{
    return mcp_fail(s->ctx, MCP_TOO_LARGE, "an event is larger than %lu bytes", (unsigned long)s->max_event);
}

/* A larger room in a pool of its own; the smaller one is given back. */
static mcp_rc more_room(mcp_sse *s, size_t wanted)
{
    size_t room = s->held_room ? s->held_room : FIRST_ROOM;
    apr_pool_t *p;
    char *held;

    while (room < wanted) room = room > s->max_event / 2 ? s->max_event : room * 2;
    if (apr_pool_create(&p, s->ctx->pool) || !(held = apr_palloc(p, room))) return mcp_fail(s->ctx, MCP_INTERNAL, "memory is out");
    if (s->held_len) memcpy(held, s->held, s->held_len);
    if (s->held_pool) apr_pool_destroy(s->held_pool);
    s->held_pool = p;
    s->held = held;
    s->held_room = room;
    return MCP_OK;
}

static mcp_rc hold(mcp_sse *s, const char *from, const char *to)
{
    size_t len = (size_t)(to - from);
    mcp_rc rc;

    if (!len) return MCP_OK;
    if (len > s->max_event - s->held_len) return too_large(s);
    if (s->held_len + len > s->held_room && (rc = more_room(s, s->held_len + len))) return rc;
    memcpy(s->held + s->held_len, from, len);
    s->held_len += len;
    return MCP_OK;
}

/* Takes a line or what there is of it; 1 if a piece ends behind it. */
static int ends_piece(mcp_sse *s, cursor *c)
{
    const char *stop;
    int ends;

    if (s->after_cr && *c->at == '\n') {
        c->at++;
        s->after_cr = 0;
        return !s->lines;
    }
    stop = line_stop(c);
    if (!s->lines && !s->line_len) s->begins_as_comment = *c->at == ':';
    s->line_len += (size_t)(stop - c->at);
    s->after_cr = stop < c->end && *stop == '\r';
    c->at = stop;
    if (stop == c->end) return 0;
    c->at++;
    ends = !s->line_len || s->begins_as_comment;
    s->line_len = 0;
    s->lines = ends ? 0 : s->lines + 1;
    return ends;
}

/* The piece that was held, its end included: it leaves from there. */
static mcp_rc release(mcp_sse *s)
{
    size_t len = s->held_len;
    text instead;
    mcp_rc rc;

    s->held_len = 0;
    if ((rc = judge(s, s->held, len, &instead))) return rc;
    rc = instead.at ? put_replaced(s, s->held, len, &instead) : pass(s, s->held, s->held + len);
    apr_pool_clear(s->scratch);
    return rc;
}

/* The piece [from, to) of the bytes at hand. *kept: from there on all leaves as it is, together and later. */
static mcp_rc take_piece(mcp_sse *s, const char **kept, const char *from, const char *to)
{
    text instead;
    mcp_rc rc, passed;

    if (s->held_len) {
        if ((rc = hold(s, from, to))) return rc;
        *kept = to;
        return release(s);
    }
    rc = (size_t)(to - from) > s->max_event ? too_large(s) : judge(s, from, (size_t)(to - from), &instead);
    if (rc || instead.at) {
        if ((passed = pass(s, *kept, from))) return passed;
        *kept = to;
    }
    if (!rc && instead.at) rc = put_replaced(s, from, (size_t)(to - from), &instead);
    apr_pool_clear(s->scratch);
    return rc;
}

static mcp_rc take(mcp_sse *s, const char *bytes, size_t len)
{
    cursor c = over(bytes, len);
    const char *kept = bytes, *from = bytes;
    mcp_rc rc;

    while (c.at < c.end) {
        if (!ends_piece(s, &c)) continue;
        if ((rc = take_piece(s, &kept, from, c.at))) return rc;
        from = c.at;
    }
    if ((rc = pass(s, kept, from))) return rc;
    return hold(s, from, c.end);
}

/* Bytes that only began like a BOM are text. */
static mcp_rc no_bom(mcp_sse *s)
{
    size_t seen = s->bom_seen;

    s->bom_seen = BOM_LEN;
    return seen && seen < BOM_LEN ? take(s, bom, seen) : MCP_OK;
}

static mcp_rc take_bom(mcp_sse *s, const char **at, const char *end)
{
    for (; s->bom_seen < BOM_LEN && *at < end; (*at)++) {
        if (**at != bom[s->bom_seen]) return no_bom(s);
        if (++s->bom_seen == BOM_LEN) {
            (*at)++;
            return pass(s, bom, bom + BOM_LEN);
        }
    }
    return MCP_OK;
}

mcp_rc mcp_sse_feed(mcp_sse *s, const char *bytes, size_t len)
{
    const char *end = bytes + len;

    if (s->rc || !len) return s->rc;
    if (s->bom_seen < BOM_LEN && (s->rc = take_bom(s, &bytes, end))) return s->rc;
    if (bytes < end) s->rc = take(s, bytes, (size_t)(end - bytes));
    return s->rc;
}

mcp_rc mcp_sse_end(mcp_sse *s)
{
    if (s->rc || (s->rc = no_bom(s))) return s->rc;
    if (s->held_len) s->rc = release(s);
    return s->rc;
}
