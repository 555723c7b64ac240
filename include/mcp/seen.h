/* Tokens that were verified before, so that the next request with the same one costs a look instead of a signature.
 *
 * One per process, made after the fork; any thread may ask. A token is found by all its bytes, the audience and the realm it was
 * verified for; the hash that leads there is keyed with random bytes and decides nothing; the comparison of the bytes takes the
 * same time wherever they differ. What is found was verified at most `life` seconds ago, has not expired by now, and was verified
 * with keys of the same generation: otherwise it is not found, and the caller verifies as if for the first time.
 *
 * Entries and bytes are bounded whatever is kept; only verified tokens may be kept, so a stranger puts nothing in.
 * No lock is held while anything is parsed, copied or released; the locks are many. */
#ifndef MCP_SEEN_H
#define MCP_SEEN_H

#include "mcp/token.h"

enum { MCP_SEEN_ENTRIES = 8192, MCP_SEEN_BYTES = 16 * 1024 * 1024, MCP_SEEN_LIFE = 300, MCP_SEEN_TOKEN_MAX = 32 * 1024 };

typedef struct mcp_seen mcp_seen;

typedef struct {
    int entries;            /* rounded down to a power of two, at least 8; 0: MCP_SEEN_ENTRIES */
    size_t bytes;           /* of all entries, their claims as parsed included; 0: MCP_SEEN_BYTES */
    int life;               /* seconds; 0: MCP_SEEN_LIFE */
    apr_int64_t leeway;     /* the one of mcp_token_profile */
} mcp_seen_caps;

typedef struct {
    const char *text;           /* the token */
    size_t len;
    const char *audience;       /* "" if none was asked for */
    apr_uint64_t realm;         /* whose rules verified it: a number or address that stands for virtual host and trust line */
    apr_uint64_t generation;    /* of the keys; another number makes what was kept before worthless */
} mcp_seen_key;

/* MCP_INTERNAL without random bytes, memory or a mutex. Everything goes with p, but what a request still holds. */
mcp_rc mcp_seen_create(mcp_ctx *ctx, apr_pool_t *p, const mcp_seen_caps *caps, mcp_seen **out);

/* 1 and *out, or 0. Everything in *out lives until the context's pool is destroyed, whatever becomes of the entry meanwhile.
 * Other threads read the same claims at the same moment: they are const, nobody may take or drop references to any part of them
 * (json_incref, json_decref, "O" of json_pack), and nobody changes them. json_deep_copy is the way to a copy of one's own. */
int mcp_seen_find(mcp_ctx *ctx, mcp_seen *seen, const mcp_seen_key *key, mcp_token *out);

/* Keeps a copy of a token that was verified just now under this key. Where it is too large (MCP_SEEN_TOKEN_MAX, or a quarter of a
 * shard), or memory is out, it is not kept: nothing else depends on it. */
void mcp_seen_keep(mcp_ctx *ctx, mcp_seen *seen, const mcp_seen_key *key, const mcp_token *token);

/* Forgets the token, where the caller learned that it was revoked. */
void mcp_seen_forget(mcp_seen *seen, const mcp_seen_key *key);

typedef struct {
    int entries;
    size_t bytes;
    apr_uint64_t hits, misses;
} mcp_seen_figures;

mcp_seen_figures mcp_seen_count(mcp_seen *seen);

#endif
