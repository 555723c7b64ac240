/* What is known of a request while it is judged, and the judging: which section a message's subject belongs to, and what
 * httpd's own authorization says in it. */
#ifndef MCP_JUDGE_H
#define MCP_JUDGE_H

#include "mcp/lists.h"
#include "mcp/location.h"
#include "mcp/methods.h"
#include "mcp/token.h"

typedef enum {
    MCP_PHASE_CALL,         /* as written */
    MCP_PHASE_STEP_UP,      /* would more scope do? mcp-scope lines count as met */
    MCP_PHASE_LIST          /* could the caller use it? arguments are not known yet, so mcp-arg lines count as met */
} mcp_phase;

typedef struct {
    const mcp_location *location;
    const mcp_locations *all;
    mcp_token token;
    mcp_message message;            /* the one being judged, of a batch one after the other */
    mcp_subject subject;            /* the one being judged */
    const char *text;               /* the message's text; NULL: it stands in body */
    size_t text_len;
    apr_array_header_t *batch;      /* of mcp_batch_part; NULL: one message */
    apr_bucket_brigade *body;       /* as read; what the handler has not taken yet */
    mcp_phase phase;
    apr_array_header_t *wanted;     /* of const char *: scopes met in the second look */
    const char *unjudged;           /* the mcp- line that could not be judged, as configured */
    const char *denied;             /* the last mcp- line that denied */
    const char *authorization, *session;    /* the headers as they came, for a gate to which httpd sends the request on */
    mcp_value arguments;            /* of the message, once has_arguments is set */
    const char *backend_session;    /* what the backend calls the session of the request */
    unsigned has_arguments : 1;
    unsigned arguments_unclear : 1; /* two readers would find others */
    unsigned listed_template : 1;   /* a list names a URI template, not a URI */
    unsigned lists : 1;             /* one message of a batch asks for a list */
    apr_array_header_t *used;       /* sections met so far, judge.c's own */
} mcp_judged;

/* Called once from the door that owns the judging: where a request's mcp_judged is kept, and the providers and expression functions
 * that read it: Require mcp-scope, mcp-claim, mcp-arg, mcp-client; %{MCP_METHOD} and its siblings; mcp_claim(), mcp_arg(). */
void mcp_require_register(apr_pool_t *p, module *owner);

/* The request's own, NULL before mcp_judged_create. */
mcp_judged *mcp_judged_create(request_rec *r, const mcp_location *location, const mcp_locations *all);
mcp_judged *mcp_judged_of(const request_rec *r);

/* The location's settings in a per-directory configuration. */
const mcp_location *mcp_judged_location(const ap_conf_vector_t *config);

/* The arguments of the call and the claims of the token, MCP_VALUE_NONE where there are none. */
mcp_value mcp_judged_arguments(request_rec *r, mcp_judged *j);
mcp_value mcp_judged_claims(const mcp_judged *j);

/* 1 if messages of this method have arguments: tools/call, prompts/get, completion/complete (those of its context). */
int mcp_judged_takes_arguments(const mcp_judged *j);

/* Judges every subject of j->message; the first refusal is returned. */
mcp_rc mcp_judge_message(mcp_ctx *ctx, request_rec *r, mcp_judged *j);

/* 1 if the caller could use what a list names. */
int mcp_judge_listed(request_rec *r, mcp_judged *j, mcp_list_kind kind, const char *name);

/* 1 if the token has the scope, by its own name or by one that implies it. */
int mcp_judged_has_scope(const mcp_judged *j, const char *scope);

/* All scopes that a step-up must ask for, with those the token has: clients that do not accumulate would lose them. NULL: none. */
const char *mcp_judged_challenge_scopes(apr_pool_t *p, const mcp_judged *j);

#endif
