/* Bytes as text: base64url, hex, digests, random identifiers, safe comparison. */
#ifndef MCP_TEXT_H
#define MCP_TEXT_H

#include "mcp/ctx.h"

enum { MCP_SHA256_LEN = 32, MCP_SHA256_HEX_LEN = 64 };

/* base64url without padding (RFC 4648 section 5). The pool owns the answer. */
const char *mcp_text_base64url(apr_pool_t *p, const void *bytes, size_t len);

/* Strict inverse: no padding, no blanks, no other alphabet, no stray bits in the last letter.
 * MCP_BAD_REQUEST otherwise. *out is NUL-terminated behind its *out_len bytes. */
mcp_rc mcp_text_base64url_decode(mcp_ctx *ctx, const char *text, size_t len,
                                 unsigned char **out, size_t *out_len);

/* Standard base64 with padding. */
const char *mcp_text_base64(apr_pool_t *p, const void *bytes, size_t len);

/* Standard base64 (RFC 4648 section 4, padded), strict, as HTTP Basic and Mcp-Name use it. */
mcp_rc mcp_text_base64_decode(mcp_ctx *ctx, const char *text, size_t len,
                              unsigned char **out, size_t *out_len);

mcp_rc mcp_text_sha256(mcp_ctx *ctx, const void *bytes, size_t len, unsigned char out[MCP_SHA256_LEN]);

/* Lower-case hex digest of len bytes; NULL only if the digest cannot be had. */
const char *mcp_text_sha256_hex(apr_pool_t *p, const void *bytes, size_t len);

/* The first 12 hex digits of the digest: how logs speak of a secret. Never NULL. */
const char *mcp_text_fingerprint(apr_pool_t *p, const char *secret);

/* base64url of `bytes` random bytes from OpenSSL; MCP_INTERNAL if it has none. */
mcp_rc mcp_text_random(mcp_ctx *ctx, size_t bytes, const char **out);

/* 1 if equal; time depends on the lengths alone. */
int mcp_text_equal_secret(const char *a, size_t a_len, const char *b, size_t b_len);

/* 1 if the bytes are well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF). */
int mcp_text_is_utf8(const char *bytes, size_t len);

/* 1 if `word` stands in the blank-separated list (RFC 6749 3.3 scope strings). NULL list: 0. */
int mcp_text_has_word(const char *list, const char *word);

/* The bytes of the one invisible character (soft hyphen, zero width, direction and format marks) that the text begins with; 0 if it begins with another. */
size_t mcp_text_invisible(const char *text, size_t len);

/* How many bytes of blanks, controls and invisible characters (ASCII and Unicode) stand at the beginning, or (at_end) at the end. */
size_t mcp_text_blanks(const char *text, size_t len, int at_end);

/* The text with & < > " ' written as HTML character references. */
const char *mcp_text_html(apr_pool_t *p, const char *text);

/* The text as a JSON string, quotes included; invalid UTF-8 becomes U+FFFD. */
const char *mcp_text_json_string(apr_pool_t *p, const char *bytes, size_t len);

#endif
