/* Where a run of bytes ends: pure functions on the bytes from s up to end, none of which reads beyond end.
 *
 * What a run is, is RFC 8259's business alone; what it means is nobody's here. A run that is cut off by end is
 * never taken for a whole one, so the byte machine (grammar.c) can go on where a run stopped. */
#ifndef RPC_RUNS_H
#define RPC_RUNS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline int is_blank(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline int is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static inline int is_hex(unsigned char c)
{
    return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

static inline const unsigned char *skip_blanks(const unsigned char *s, const unsigned char *end)
{
    while (s < end && is_blank(*s)) s++;
    return s;
}

static inline const unsigned char *skip_digits(const unsigned char *s, const unsigned char *end)
{
    while (s < end && is_digit(*s)) s++;
    return s;
}

/* Behind a well-formed number that another byte follows; NULL where there is none. */
static inline const unsigned char *skip_number(const unsigned char *s, const unsigned char *end)
{
    const unsigned char *digits = s + (*s == '-');

    s = skip_digits(digits, end);
    if (s == digits) return NULL;
    if (*digits == '0') s = digits + 1;
    if (s < end && *s == '.') {
        digits = s + 1;
        if ((s = skip_digits(digits, end)) == digits) return NULL;
    }
    if (s < end && (*s | 32) == 'e') {
        digits = s + 1;
        if (digits < end && (*digits == '+' || *digits == '-')) digits++;
        if ((s = skip_digits(digits, end)) == digits) return NULL;
    }
    return s < end ? s : NULL;
}

/* ---- strings ---- */

/* ASCII, but no control character, quote or backslash. */
static inline int is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

#ifdef __SSE2__
/* The bits of those of sixteen bytes that are not plain. As signed numbers, bytes from 0x80 on are below 0x20 too. */
static inline unsigned odd_of_sixteen(const unsigned char *s)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)s);
    __m128i odd = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));

    odd = _mm_or_si128(odd, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(odd, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
}
#endif

/* Eight at a time where there are no sixteen: a byte is not plain if its top bit is set or one of three
 * subtractions borrows into it; the lowest so marked is truly none. */
static inline const unsigned char *skip_plain(const unsigned char *s, const unsigned char *end)
{
#if defined(__SSE2__)
    unsigned odd;

    for (; end - s >= 16; s += 16)
        if ((odd = odd_of_sixteen(s))) return s + __builtin_ctz(odd);
#elif __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    uint64_t word, odd;

    for (; end - s >= 8; s += 8) {
        memcpy(&word, s, 8);
        odd = (word | (word - ones * 0x20) | ((word ^ ones * '"') - ones) | ((word ^ ones * '\\') - ones)) & tops;
        if (odd) return s + (__builtin_ctzll(odd) >> 3);
    }
#endif
    while (s < end && is_plain(*s)) s++;
    return s;
}

/* A first look, which is the only one that short strings need. */
static inline const unsigned char *skip_first_plain(const unsigned char *s, const unsigned char *end)
{
#ifdef __SSE2__
    if (end - s >= 16) return s + __builtin_ctz(odd_of_sixteen(s) | 1u << 16);
#else
    (void)end;
#endif
    return s;
}

static inline int continues(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* Behind the character of two to four bytes at s (Unicode table 3-7); s itself if it is malformed or cut off. */
static inline const unsigned char *skip_wide(const unsigned char *s, const unsigned char *end)
{
    ptrdiff_t left = end - s;

    if (s[0] < 0xc2 || s[0] > 0xf4 || left < 2 || !continues(s[1])) return s;
    if (s[0] < 0xe0) return s + 2;
    if (left < 3 || !continues(s[2])) return s;
    if (s[0] < 0xf0) return (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ? s : s + 3;
    if (left < 4 || !continues(s[3])) return s;
    return (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f) ? s : s + 4;
}

/* Where a string's characters that stand for themselves end. */
static inline const unsigned char *skip_text(const unsigned char *s, const unsigned char *end)
{
    const unsigned char *next;

    for (;;) {
        s = skip_plain(s, end);
        if (s == end || *s < 0x80) return s;
        while (s < end && *s >= 0x80) {
            if ((next = skip_wide(s, end)) == s) return s;
            s = next;
        }
    }
}

/* Behind the escape at s; s itself if it is unknown or cut off. */
static inline const unsigned char *skip_escape(const unsigned char *s, const unsigned char *end)
{
    if (end - s < 2) return s;
    switch (s[1]) {
    case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't': return s + 2;
    case 'u': return end - s >= 6 && is_hex(s[2]) && is_hex(s[3]) && is_hex(s[4]) && is_hex(s[5]) ? s + 6 : s;
    default: return s;
    }
}

/* The same with escapes, for strings whose text nobody asks for. */
static inline const unsigned char *skip_text_and_escapes(const unsigned char *s, const unsigned char *end)
{
    const unsigned char *next;

    while ((s = skip_text(s, end)) < end && *s == '\\') {
        if ((next = skip_escape(s, end)) == s) break;
        s = next;
    }
    return s;
}

#endif
