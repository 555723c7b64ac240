"""What is misspelt or dangling stops httpd at configtest, with a line that says what to change."""
import pytest
from server import Httpd

BAD = [
    ("location", "MCPUnlisted maybe", "deny or allow"),
    ("location", "MCPMaxDepth none", "whole number"),
    ("location", "MCPMaxBody 0", "whole number"),
    ("location", "MCPAllowOrigin https://a.test/path", "no origin"),
    ("location", "MCPResource ftp://a.test/", "http(s) URL"),
    ("location", "MCPTrustIssuer https://x.test", "jwks=URL or jwks=file:"),
    ("location", "MCPTrustIssuer https://x.test jwks=http://public.test/keys", "https URL"),
    ("location", "MCPTrustIssuer https://x.test jwks=file:idp.json alg=HS256", "alg=HS256 is not served"),
    ("location", "MCPTrustIssuer https://x.test jwks=file:users", "users"),
    ("location", "MCPTrustIssuer self alg=RS256", "leave the options out"),
    ("location", "<MCPTool other>\n</MCPTool>", "no Require line"),
    ("location", "<MCPTool read_customer_record>\nRequire mcp-scope customer.read\n</MCPTool>", "stands twice"),
    ("location", "<MCPTool a*b>\nRequire valid-user\n</MCPTool>\n<MCPTool *c*>\nRequire valid-user\n</MCPTool>", "fit the same names equally well"),
    ("location", "<MCPTool a, b>\nRequire valid-user\n</MCPTool>", "not by commas"),
    ("location", "<MCPTool ~ a.*>\nRequire valid-user\n</MCPTool>", "no regular expressions"),
    ("location", "<MCPTool ^a>\nRequire valid-user\n</MCPTool>", "no regular expressions"),
    ("location", '<MCPTool a "" b>\nRequire valid-user\n</MCPTool>', "empty name"),
    ("location", "<MCPTool a>\nAuthMerging Or\nRequire valid-user\n</MCPTool>", "AuthMerging counts for nothing"),
    ("location", "Require mcp-scope customer.read", "stands in <MCPTool>"),
    ("location", "Require mcp-arg a = 1", "stands in <MCPTool>"),
    ("location", "Require mcp-client id a", "stands in <MCPTool>"),
    ("location", '<MCPTool a>\nRequire mcp-scope "customer.read customer.write"\n</MCPTool>', "has no blanks"),
    ("location", "<MCPTool a>\nRequire mcp-client tier x\n</MCPTool>", "id CLIENT_ID"),
    ("location", "<MCPTool a>\nRequire mcp-arg a equals 1\n</MCPTool>", "equals"),
    ("location", "<MCPTool a>\nRequire mcp-claim a ~ (\n</MCPTool>", "mcp-claim a ~ ("),
    ("extra", "MCPScopeImplies a", "the broad scope"),
    ("extra", "MCPScopeImplies a a", "holds itself"),
    ("extra", "MCPSessionKey users", "chmod 600"),
    ("extra", "MCPSessionKey no.such", "cannot be read"),
    ("extra", "<Location /t/*/mcp>\nMCPUnlisted deny\n</Location>", "has wildcards"),
    ("extra", "<Location />\nMCPUnlisted allow\n</Location>", "write that one first"),
    ("extra", "<VirtualHost *:1>\n<Location />\nMCPToolAuthz Off\n</Location>\n</VirtualHost>", "write that one first"),
    ("location", "<MCPTool a>\nRequire mcp-scope\n</MCPTool>", "at least one scope"),
    ("location", "<MCPTool a>\nRequire mcp-scope no.such\n</MCPTool>", "no MCPScope declares it"),
    ("extra", "<Location /open>\n<MCPTool a>\nRequire valid-user\n</MCPTool>\n</Location>", "no MCPToolAuthz is On here or above"),
    ("location", "MCPMaxDepth 1073741824", "whole number"),
    ("location", "<MCPTool a>\n<RequireAll>\n<Limit GET>\nRequire valid-user\n</Limit>\n</RequireAll>\n</MCPTool>", "<Limit counts for nothing"),
    ("location", "<Limit GET>\n<MCPTool a>\nRequire valid-user\n</MCPTool>\n</Limit>", "in no <Limit>"),
    ("location", "<LimitExcept POST>\nMCPToolAuthz Off\n</LimitExcept>", "in no <Limit>"),
    ("location", "<MCPTool a>\nRequire valid-user\nMCPUnlisted allow\n</MCPTool>", "MCPUnlisted counts for nothing"),
    ("location", "<MCPTool a>\nRequire valid-user\n<If true>\nRequire all denied\n</If>\n</MCPTool>", "<If counts for nothing"),
    ("location", "<MCPTool a>\nRequire valid-user\nAuthType Basic\n</MCPTool>", "AuthType counts for nothing"),
    ("location", "<MCPMethod a>\n<RequireAny>\nRequire valid-user\nSetEnv a b\n</RequireAny>\n</MCPMethod>", "SetEnv counts for nothing"),
    ("extra", "<LocationMatch /m>\nMCPToolAuthz On\n</LocationMatch>", "without a regular expression"),
    ("extra", "<Location ~ /m>\nMCPToolAuthz On\n</Location>", "without a regular expression"),
    ("extra", "<Directory /srv>\nMCPToolAuthz On\n</Directory>", "in a <Location"),
    ("extra", "<Files /x>\nMCPToolAuthz On\n</Files>", "in a <Location"),
    ("extra", "<Location /mcp>\n<If true>\nMCPToolAuthz Off\n</If>\n</Location>", "in the <Location> itself"),
    ("extra", "<Location /mcp/x>\nMCPResource https://a.test/x\n</Location>", "belongs to the section"),
    ("extra", "<Location /mcpx>\nMCPUnlisted allow\n</Location>", "guard nothing"),
    ("extra", "MCPScope customer.read \"again\"", "stands twice"),
    ("extra", "MCPScope x \"words\" sensitive default", "cannot be a default"),
    ("extra", "MCPScope x \"words\" sensitive machine", "without a user"),
    ("extra", "MCPScope x \"words\" other", "neither sensitive, default nor machine"),
    ("extra", "MCPIssuer http://public.test", "must be an https URL"),
    ("extra", "MCPIssuer https://a.test/", "must not end in a slash"),
    ("extra", "MCPStore redis:here", "MCPStore"),
    ("extra", "MCPRegistration maybe", "open or off"),
    ("extra", "MCPAccessTokenTTL forever", "number of seconds"),
    ("extra", "MCPSigningKey users", "MCPSigningKey"),
    ("extra", "MCPAuditLog no/such/folder/audit.log", "make it first"),
    ("extra", 'MCPAuditLog "|/no/such/program --flag"', "no program /no/such/program"),
]


@pytest.mark.parametrize("where,line,words", BAD, ids=[b[1].split("\n")[0] for b in BAD])
def test_bad_configuration_is_refused(scratch, where, line, words):
    code, said = scratch.configtest(scratch.config(**{where: line}))
    assert code != 0 and words in said


@pytest.mark.parametrize("extra", [
    "", "<Location /mcp/x>\n<MCPTool a>\nRequire valid-user\n</MCPTool>\n</Location>",
    "<Location /mcp>\n<If true>\nMCPUnlisted allow\n</If>\n<IfModule mcp_toolauthz_module>\nMCPMaxDepth 10000\n</IfModule>\n</Location>",
    "<VirtualHost *:1>\n<Location /mcp>\nMCPUnlisted allow\n</Location>\n</VirtualHost>",
    "<Location /mcp>\n<MCPTool a b*>\nAuthMerging And\n<RequireAll>\nRequire valid-user\n<RequireNone>\nRequire ip 10.0.0.0/8\n</RequireNone>\n</RequireAll>\n</MCPTool>\n</Location>",
    "<Location /later>\nMCPToolAuthz Off\n<MCPTool a>\nRequire valid-user\n</MCPTool>\n</Location>",
])
def test_good_configuration_passes(scratch, extra):
    code, said = scratch.configtest(scratch.config(extra))
    assert code == 0, said


def test_self_needs_an_issuer(folder):
    h = Httpd(folder(), dcr=False)
    code, said = h.configtest(h.config(location="MCPTrustIssuer self"))
    assert code != 0 and "needs an MCPIssuer in the same virtual host" in said
