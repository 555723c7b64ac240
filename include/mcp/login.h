/* What the configuration says about a login, asked at start-up, when there is no request yet. */
#ifndef MCP_LOGIN_H
#define MCP_LOGIN_H

#include <httpd.h>

/* 1 if a <Location> of s that covers the path (one with a regular expression or an <If> inside too) holds AuthType or its
 * kin, and one holds Require or its kin: then httpd can be expected to log a user in. Whether it does is only known when it is
 * asked, so this is good for a warning and for nothing else. */
int mcp_login_is_expected(server_rec *s, const char *path);

#endif
