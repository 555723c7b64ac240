/* A view: what one JSON library believes of messages. Reads a decimal length, a newline and that many bytes, again and again; for each
 * writes one line: method, id, params.name, params.uri and params.arguments, parted by tabs, or "!" where the library refuses the text.
 * All views write values alike: n t f; # and a number as a double; " and a text, all but letters and digits as %XX; arrays in [];
 * objects in {}, members in the order of their names' bytes, each as name and value. So lines can be compared byte for byte.
 * Alike too: what is absent is n; -0 is 0; half surrogate pairs and U+FFFD, however many side by side, are one U+FFFD. */
#ifndef VIEW_H
#define VIEW_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char *text;
    size_t len, cap;
} view_out;

static inline void view_put(view_out *o, const char *text, size_t len)
{
    while (o->len + len > o->cap) {
        o->cap = o->cap ? 2 * o->cap : 4096;
        o->text = (char *)realloc(o->text, o->cap);
        if (!o->text) abort();
    }
    memcpy(o->text + o->len, text, len);
    o->len += len;
}

static inline void view_word(view_out *o, const char *word)
{
    view_put(o, word, strlen(word));
}

static inline void view_number(view_out *o, double d)
{
    char text[64];

    if (fabs(d) < 1.7976931348623157e308) snprintf(text, sizeof text, "#%.17g", d == 0 ? 0.0 : d);
    else snprintf(text, sizeof text, "#%sinf", d < 0 ? "-" : "");
    view_word(o, text);
}

/* Length of the half surrogate pair or U+FFFD that stands here; 0: none does. */
static inline size_t view_replaced(const unsigned char *c, size_t left)
{
    if (left >= 3 && c[0] == 0xed && c[1] >= 0xa0) return 3;
    return left >= 3 && c[0] == 0xef && c[1] == 0xbf && c[2] == 0xbd ? 3 : 0;
}

static inline void view_text(view_out *o, const char *text, size_t len)
{
    const unsigned char *c = (const unsigned char *)text, *end = c + len;
    char escape[4];
    int before = 0;
    size_t n;

    view_put(o, "\"", 1);
    while (c < end) {
        n = view_replaced(c, (size_t)(end - c));
        if (n && !before) view_word(o, "%EF%BF%BD");
        before = n != 0;
        c += n;
        if (n) continue;
        if ((*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z')) view_put(o, (const char *)c, 1);
        else {
            snprintf(escape, sizeof escape, "%%%02X", *c);
            view_put(o, escape, 3);
        }
        c++;
    }
    view_put(o, "\"", 1);
}

/* A member of an object, for sorting; value is the library's. */
typedef struct {
    const char *name;
    size_t len;
    const void *value;
} view_member;

static inline int view_compare(const void *a, const void *b)
{
    const view_member *m = (const view_member *)a, *n = (const view_member *)b;
    int order = memcmp(m->name, n->name, m->len < n->len ? m->len : n->len);

    return order ? order : (m->len > n->len) - (m->len < n->len);
}

static inline void view_object(view_out *o, view_member *members, size_t count, void (*value)(view_out *o, const void *v))
{
    size_t i;

    qsort(members, count, sizeof *members, view_compare);
    view_put(o, "{", 1);
    for (i = 0; i < count; i++) {
        view_text(o, members[i].name, members[i].len);
        value(o, members[i].value);
    }
    view_put(o, "}", 1);
}

/* Writes the line's five values; 0: refused. */
static int view(view_out *o, const char *bytes, size_t len);

int main(void)
{
    view_out o = { NULL, 0, 0 };
    unsigned long len;
    char *bytes;

    while (scanf("%lu", &len) == 1 && getchar() == '\n') {
        bytes = (char *)malloc(len + 1);
        if (!bytes || fread(bytes, 1, len, stdin) != len) return 2;
        bytes[len] = '\0';
        o.len = 0;
        if (!view(&o, bytes, len)) {
            o.len = 0;
            view_word(&o, "!");
        }
        view_word(&o, "\n");
        fwrite(o.text, 1, o.len, stdout);
        free(bytes);
    }
    free(o.text);
    return 0;
}

#endif
