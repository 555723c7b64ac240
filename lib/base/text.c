#include <string.h>
#include <apr_base64.h>
#include <apr_strings.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include "mcp/text.h"

enum { FINGERPRINT_LEN = 12, RANDOM_MAX = 1024 };

static const char url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char std_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const char *mcp_text_base64url(apr_pool_t *p, const void *bytes, size_t len)
{
    const unsigned char *in = bytes;
    char *text = apr_palloc(p, len / 3 * 4 + 5), *out = text;
    unsigned held = 0, bits = 0;
    size_t i;

    for (i = 0; i < len; i++) {
        held = (held << 8 | in[i]) & 0xffff;
        for (bits += 8; bits >= 6; bits -= 6) *out++ = url_alphabet[held >> (bits - 6) & 63];
    }
    if (bits) *out++ = url_alphabet[held << (6 - bits) & 63];
    *out = '\0';
    return text;
}

/* The value of a letter; -1: it is none of the alphabet's, which differ in their last two alone. */
static int value_of(const char *alphabet, char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == alphabet[62] ? 62 : c == alphabet[63] ? 63 : -1;
}

static mcp_rc decode(mcp_ctx *ctx, const char *alphabet, const char *text, size_t len,
                     unsigned char **out, size_t *out_len)
{
    unsigned char *bytes = apr_palloc(ctx->pool, len / 4 * 3 + 4);
    unsigned held = 0, bits = 0;
    size_t i, n = 0;

    if (len % 4 == 1) return mcp_fail(ctx, MCP_BAD_REQUEST, "base64 text has a length that cannot be");
    for (i = 0; i < len; i++) {
        int value = value_of(alphabet, text[i]);
        if (value < 0) return mcp_fail(ctx, MCP_BAD_REQUEST, "base64 text has a foreign letter at byte %lu", (unsigned long)i);
        held = (held << 6 | (unsigned)value) & 0xffff;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes[n++] = (unsigned char)(held >> bits);
    }
    if (held & ((1u << bits) - 1)) return mcp_fail(ctx, MCP_BAD_REQUEST, "base64 text ends in stray bits");
    bytes[n] = '\0';
    *out = bytes;
    *out_len = n;
    return MCP_OK;
}

mcp_rc mcp_text_base64url_decode(mcp_ctx *ctx, const char *text, size_t len,
                                 unsigned char **out, size_t *out_len)
{
    return decode(ctx, url_alphabet, text, len, out, out_len);
}

mcp_rc mcp_text_base64_decode(mcp_ctx *ctx, const char *text, size_t len,
                              unsigned char **out, size_t *out_len)
{
    size_t pads = 0;

    if (len % 4) return mcp_fail(ctx, MCP_BAD_REQUEST, "base64 text lacks its padding");
    while (pads < 2 && pads < len && text[len - 1 - pads] == '=') pads++;
    return decode(ctx, std_alphabet, text, len - pads, out, out_len);
}

mcp_rc mcp_text_sha256(mcp_ctx *ctx, const void *bytes, size_t len, unsigned char out[MCP_SHA256_LEN])
{
    if (!EVP_Digest(bytes, len, out, NULL, EVP_sha256(), NULL))
        return mcp_fail(ctx, MCP_INTERNAL, "OpenSSL has no SHA-256");
    return MCP_OK;
}

const char *mcp_text_sha256_hex(apr_pool_t *p, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[MCP_SHA256_LEN];
    char *hex = apr_palloc(p, MCP_SHA256_HEX_LEN + 1);
    size_t i;

    if (!EVP_Digest(bytes, len, digest, NULL, EVP_sha256(), NULL)) return NULL;
    for (i = 0; i < MCP_SHA256_LEN; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[MCP_SHA256_HEX_LEN] = '\0';
    return hex;
}

const char *mcp_text_fingerprint(apr_pool_t *p, const char *secret)
{
    const char *hex = mcp_text_sha256_hex(p, secret, strlen(secret));

    return hex ? apr_pstrmemdup(p, hex, FINGERPRINT_LEN) : "unknown";
}

mcp_rc mcp_text_random(mcp_ctx *ctx, size_t bytes, const char **out)
{
    unsigned char random[RANDOM_MAX];

    if (!bytes || bytes > sizeof random) return mcp_fail(ctx, MCP_INTERNAL, "no identifier has that length");
    if (RAND_bytes(random, (int)bytes) != 1) return mcp_fail(ctx, MCP_INTERNAL, "OpenSSL has no random bytes");
    *out = mcp_text_base64url(ctx->pool, random, bytes);
    OPENSSL_cleanse(random, sizeof random);
    return MCP_OK;
}

int mcp_text_equal_secret(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && CRYPTO_memcmp(a, b, a_len) == 0;
}

/* Unicode's table 3-7 of well-formed sequences: the first byte bounds the second. */
static const struct {
    unsigned char first_low, first_high, second_low, second_high;
    size_t len;
} utf8_rows[] = {
    { 0x00, 0x7f, 0, 0, 1 },
    { 0xc2, 0xdf, 0x80, 0xbf, 2 },
    { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
    { 0xe1, 0xec, 0x80, 0xbf, 3 },
    { 0xed, 0xed, 0x80, 0x9f, 3 },
    { 0xee, 0xef, 0x80, 0xbf, 3 },
    { 0xf0, 0xf0, 0x90, 0xbf, 4 },
    { 0xf1, 0xf3, 0x80, 0xbf, 4 },
    { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

/* The bytes of the character at s, of which len > 0 are there; 0 if it is ill-formed. */
static size_t utf8_len(const unsigned char *s, size_t len)
{
    size_t row = 0, i;

    while (row < sizeof utf8_rows / sizeof *utf8_rows && s[0] > utf8_rows[row].first_high) row++;
    if (row == sizeof utf8_rows / sizeof *utf8_rows || s[0] < utf8_rows[row].first_low) return 0;
    if (utf8_rows[row].len == 1) return 1;
    if (utf8_rows[row].len > len) return 0;
    if (s[1] < utf8_rows[row].second_low || s[1] > utf8_rows[row].second_high) return 0;
    for (i = 2; i < utf8_rows[row].len; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    return utf8_rows[row].len;
}

int mcp_text_is_utf8(const char *bytes, size_t len)
{
    const unsigned char *s = (const unsigned char *)bytes;
    size_t i = 0, n;

    while (i < len) {
        if (!(n = utf8_len(s + i, len - i))) return 0;
        i += n;
    }
    return 1;
}

int mcp_text_has_word(const char *list, const char *word)
{
    size_t word_len = strlen(word), n;

    if (!list || !word_len) return 0;
    while (*(list += strspn(list, " "))) {
        n = strcspn(list, " ");
        if (n == word_len && !memcmp(list, word, n)) return 1;
        list += n;
    }
    return 0;
}

static const char *html_reference(char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

const char *mcp_text_html(apr_pool_t *p, const char *text)
{
    char *html = apr_palloc(p, strlen(text) * strlen("&quot;") + 1), *out = html;
    const char *reference;

    for (; *text; text++) {
        if ((reference = html_reference(*text))) out = stpcpy(out, reference);
        else *out++ = *text;
    }
    *out = '\0';
    return html;
}

static char *json_character(char *out, const unsigned char *s, size_t n)
{
    static const char digits[] = "0123456789abcdef";

    if (!n) return stpcpy(out, "\xef\xbf\xbd");
    if (*s < 0x20 || *s == 0x7f) {
        out = stpcpy(out, "\\u00");
        *out++ = digits[*s >> 4];
        *out++ = digits[*s & 15];
        return out;
    }
    if (*s == '"' || *s == '\\') *out++ = '\\';
    memcpy(out, s, n);
    return out + n;
}

const char *mcp_text_json_string(apr_pool_t *p, const char *bytes, size_t len)
{
    const unsigned char *s = (const unsigned char *)bytes;
    char *json = apr_palloc(p, len * strlen("\\u0000") + 3), *out = json;
    size_t i = 0, n;

    *out++ = '"';
    while (i < len) {
        n = utf8_len(s + i, len - i);
        out = json_character(out, s + i, n);
        i += n ? n : 1;
    }
    *out++ = '"';
    *out = '\0';
    return json;
}

/* The character of n bytes at c is seen by nobody, or trimmed by some. */
static int is_blank(const unsigned char *c, size_t n)
{
    unsigned u;

    if (n == 1) return *c <= ' ' || *c == 0x7f;
    if (mcp_text_invisible((const char *)c, n)) return 1;
    u = n == 2 ? (c[0] & 31u) << 6 | (c[1] & 63u) : n == 3 ? (c[0] & 15u) << 12 | (c[1] & 63u) << 6 | (c[2] & 63u) : 0;
    return (u >= 0x80 && u <= 0xa0) || u == 0x1680 || (u >= 0x2000 && u <= 0x200a) || (u >= 0x2028 && u <= 0x202f) || u == 0x205f || u == 0x3000;
}

size_t mcp_text_invisible(const char *text, size_t len)
{
    static const struct {
        unsigned first, last;
    } ranges[] = { { 0xad, 0xad }, { 0x34f, 0x34f }, { 0x61c, 0x61c }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x202a, 0x202e },
                   { 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0xe0000, 0xe0fff } };
    const unsigned char *c = (const unsigned char *)text;
    size_t n = !len || *c < 0xc2 ? 0 : *c < 0xe0 ? 2 : *c < 0xf0 ? 3 : 4, i;
    unsigned u = 0;

    if (!n || n > len) return 0;
    u = *c & (0xffu >> (n + 1));
    for (i = 1; i < n; i++) u = u << 6 | (c[i] & 63u);
    for (i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (u >= ranges[i].first && u <= ranges[i].last) return n;
    return 0;
}

size_t mcp_text_blanks(const char *text, size_t len, int at_end)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t taken = 0, n;

    while (taken < len) {
        n = 1;
        if (at_end) while (n < 4 && taken + n < len && (s[len - taken - n] & 0xc0) == 0x80) n++;
        else while (n < 4 && taken + n < len && (s[taken + n] & 0xc0) == 0x80) n++;
        if (!is_blank(at_end ? s + len - taken - n : s + taken, n)) break;
        taken += n;
    }
    return taken;
}

const char *mcp_text_base64(apr_pool_t *p, const void *bytes, size_t len)
{
    char *out = apr_palloc(p, (size_t)apr_base64_encode_len((int)len));

    apr_base64_encode_binary(out, bytes, (int)len);
    return out;
}
