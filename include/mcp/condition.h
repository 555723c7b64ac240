/* What stands behind `Require mcp-arg` and `Require mcp-claim`: PATH OPERATOR VALUE..., read once at start-up and held against
 * JSON text of a request (a call's arguments, a token's claims).
 *
 * PATH: member names joined by dots (a backslash takes the next character as it is), [N] one element of an array, [*] each of them.
 *   =  !=             the value is (not) this text, number, true, false or null; numbers are compared as exact decimals (1e2 is 100)
 *   in V...  not-in V...     one (none) of these
 *   <  <=  >  >=  N   a number within the range
 *   ~  !~  REGEX      a string in which the expression is (not) found; PCRE2, UTF, bounded work
 *   cidr NET...       a string that is an IP address inside one of the networks
 *   under PATH        a string that is an absolute path which stays below PATH once . .. // and percent escapes are resolved
 *   length OP N       characters of a string, OP one of = != < <= > >=;  count OP N: elements of an array or members of an object
 *   is TYPE           string number integer boolean null array object present absent
 * A VALUE may hold %{mcp_claim:PATH}: that claim of the caller's token, in `=` `!=` `in` `not-in` and `under`; a claim that is an
 * array gives each of its elements to `in` and `not-in`.
 *
 * A value of a kind that the operator cannot judge is not "no": the test cannot be made, and the caller refuses whatever the polarity
 * (backends coerce: ["prod_x"] becomes "prod_x"). So is whatever backends are known to read in two ways:
 *   - a step of PATH into a value of another kind; a member that differs from the one PATH names by case alone (path.h);
 *   - null, but for `= null` `in ... null` and `is` with a kind: many put their default in its place, so it is neither present nor absent;
 *   - a string against true and false, or against a number if it may become one; a boolean against a number. The same text is equal: "5" is 5;
 *   - numbers that differ by less than a double can hold, with more than 40 digits or an exponent beyond 1000;
 *   - a string that holds U+0000 or U+FFFD (which a lone surrogate becomes); otherwise strings are compared byte for byte;
 *   - paths, addresses and expressions where below.h, network.h and regex.h say so.
 * So is a claim in a VALUE that is missing, empty, null or an object, and a question of more than a million comparisons. A PATH that leads nowhere is a plain no, except for `is absent`. */
#ifndef MCP_CONDITION_H
#define MCP_CONDITION_H

#include "mcp/holds.h"
#include "mcp/value.h"

typedef struct mcp_condition mcp_condition;

/* word: PATH, operator and values as httpd split the line. NULL and a sentence in *why that says what to change. p owns it. */
mcp_condition *mcp_condition_parse(apr_pool_t *p, int words, const char *const *word, const char **why);

/* From now on a list that the path leads to stands for its elements (but for count and is): the condition holds if it does for one of them,
 * those with a negated operator (!= not-in !~) if they do for all. So claims are read, where one group or a list of them is the same thing. */
void mcp_condition_spread(mcp_condition *condition);

/* any: where the path meets several values ([*]), one that holds is enough; otherwise all must (none at all: YES, unless the path before [*] leads nowhere).
 * A value that cannot be judged makes it UNKNOWN either way. root and claims may be MCP_VALUE_NONE. p: scratch. */
mcp_holds mcp_condition_test(apr_pool_t *p, const mcp_condition *condition, const mcp_value *root, const mcp_value *claims, int any);

#endif
