/* What the backend answers, on its way to the client: session identifiers are sealed for the caller, and lists lose what the caller may not use.
 *
 * Which answers are read: those to methods that list (a JSON body whole, event streams event by event, each as soon as it is complete), and,
 * before 2026-07-28, to every other message too: there a list may come as the answer to another request, or on a GET stream. What cannot be read is not passed on: a 502 with a JSON-RPC error
 * where nothing was sent yet, the end of the stream where something was. Answers to other methods pass untouched. */
#ifndef MCP_ANSWER_H
#define MCP_ANSWER_H

#include "mcp/judge.h"

enum { MCP_ANSWER_MAX = 16 * 1024 * 1024 };     /* bytes of a list, or of one event */

/* Names the filter; called once from register_hooks. */
void mcp_answer_register(void);

/* 1 if answers to this message are read. */
int mcp_answer_lists(const char *http_method, const mcp_message *message);

/* Before the request is handed over, with a context that lives as long as it. Takes off the headers that would bring a compressed or partial
 * answer where it is to be read. */
void mcp_answer_watch(mcp_ctx *ctx, request_rec *r, mcp_judged *j);

#endif
