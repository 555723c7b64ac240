"""What is misspelt or dangling stops httpd at configtest, with a line that says what to change."""
import os, shutil, subprocess
import pytest
from server import Httpd

BAD = [
    ("location", "MCPUnlisted maybe", "deny or allow"),
    ("location", "MCPMaxDepth none", "whole number"),
    ("location", "MCPMaxBody 0", "whole number"),
    ("location", "MCPAllowOrigin https://a.test/path", "no origin"),
    ("location", "MCPResource ftp://a.test/", "http(s) URL"),
    ("location", "MCPTrustIssuer http://public.test", "no https URL"),
    ("location", "MCPTrustIssuer https://x.test key=y", "unknown option"),
    ("location", "MCPTrustIssuer https://x.test introspect=https://x.test/i", "wants client=ID and secret=file:PATH"),
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
    ("location", "MCPPinTools maybe", "off, learn or enforce"),
    ("location", "MCPToolRate often", "no rate"),
    ("location", "MCPToolRate 10/0", "no rate"),
    ("location", "MCPToolRate 10/60 someone", "neither caller, user, client nor all"),
    ("location", "MCPTokenBinding maybe", "required or optional"),
    ("location", "<MCPPrompt a>\nRequire valid-user\nMCPToolRate 1/60\n</MCPPrompt>", "stands in the <Location> or in <MCPTool>"),
    ("extra", "<VirtualHost *:1>\n<Location /v>\nMCPToolAuthz On\nMCPTrustIssuer https://idp.test jwks=file:idp.json\n<MCPTool a>\nRequire mcp-scope x\nRequire ip 10.0.0.0/8\n</MCPTool>\n</Location>\nNoSuchDirective\n</VirtualHost>", "MCP067"),
    ("location", "<MCPResourceURI https://a.test:443/x>\nRequire valid-user\n</MCPResourceURI>", "in its normal form"),
    ("location", "MCPBackendIdentity yes", "off, headers, or assertion"),
    ("location", "MCPBackendIdentity assertion users https://b.test", "MCPBackendIdentity: "),
    ("extra", "MCPScopeImplies a a", "holds itself"),
    ("extra", "MCPSessionKey users", "chmod 600"),
    ("extra", "MCPSessionKey no.such", "cannot be read"),
    ("extra", "<Location /t/*/mcp>\nMCPUnlisted deny\n</Location>", "has wildcards"),
    ("extra", "<Location />\nMCPUnlisted allow\n</Location>", "write that one first"),
    ("extra", "<VirtualHost *:1>\n<Location />\nMCPToolAuthz Off\n</Location>\n</VirtualHost>", "write that one first"),
    ("location", "<MCPTool a>\nRequire mcp-scope\n</MCPTool>", "at least one scope"),
    ("location", "<MCPTool a>\nRequire mcp-scope no.such\n</MCPTool>", "no MCPScope declares it"),
    ("location", "<MCPTool a>\nRequire mcp-scope customer.raed\n</MCPTool>", "declares customer.read, customer.write, db.admin: correct the Require mcp-scope line"),
    ("extra", "MCPSigningKey no.pem", "no.pem cannot be read: No such file or directory; to make one: openssl genpkey"),
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
    ("extra", "MCPIssuer https://a.test/", "must not end in a slash: write https://a.test\n"),
    ("extra", "MCPStore redis:here", "MCPStore"),
    ("extra", "MCPRegistration maybe", "open, token or off"),
    ("extra", "MCPRegistration token", "needs an MCPInitialAccessToken"),
    ("extra", "MCPInitialAccessToken no.such", "no.such: No such file"),
    ("extra", "MCPInitialAccessToken users", "line 1: the first word is no SHA-256 digest"),
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


# ---- the folder of the store ----

def tree(folder):
    return {os.path.join(path, name): os.lstat(os.path.join(path, name)) for path, folders, files in os.walk(folder) for name in folders + files}


def shape(folder):
    return {path[len(folder):]: (st.st_mode, st.st_uid, st.st_gid, st.st_mtime_ns) for path, st in tree(folder).items()
            if not path.endswith(("httpd.conf", "error.log"))}


def store_at(h, path):
    return h.config().replace("MCPStore lmdb:%s/state" % h.dir, "MCPStore lmdb:%s" % path)


def make(path, mode=0o755, owner="root"):
    os.makedirs(path)
    os.chmod(path, mode)
    shutil.chown(path, owner)
    return path


def write(path):
    open(path, "w").close()


# {DIR} is a folder that the case may fill; it says where the store is to be, and what configtest answers.
FOLDERS = [
    ("missing", lambda d: d + "/a/b", None),
    ("empty, and httpd's", lambda d: make(d + "/a", 0o700, "www-data"), None),
    ("a file system of its own", lambda d: (make(d + "/a", 0o700, "www-data"), os.mkdir(d + "/a/lost+found"))[0], None),
    ("with a store", lambda d: (make(d + "/a", 0o700, "www-data"), write(d + "/a/data.mdb"), shutil.chown(d + "/a/data.mdb", "www-data"))[0], None),
    ("empty, and root's", lambda d: make(d + "/a"), "MCP060: MCPStore: www-data cannot write in {DIR}/a: chown www-data {DIR}/a\n"),
    ("somebody else's", lambda d: (make(d + "/a", 0o700, "www-data"), write(d + "/a/index.html"))[0],
     "MCP060: MCPStore: {DIR}/a holds other files (index.html) and no store; name a folder of its own"),
    ("somebody else's, and root's", lambda d: (make(d + "/a"), write(d + "/a/passwd"))[0], "{DIR}/a holds other files (passwd)"),
    ("with a store of root's", lambda d: (make(d + "/a", 0o700, "www-data"), write(d + "/a/data.mdb"), os.chmod(d + "/a/data.mdb", 0o600))[0],
     "www-data cannot write to {DIR}/a/data.mdb: chown www-data {DIR}/a/data.mdb"),
    ("below a closed folder", lambda d: make(d + "/closed", 0o700) + "/a/b", "www-data cannot enter {DIR}/closed: chmod o+x {DIR}/closed"),
    ("a file", lambda d: (write(d + "/a"), d + "/a")[1], "MCP060: MCPStore: {DIR}/a is a file; name a folder"),
    ("below a file", lambda d: (write(d + "/a"), d + "/a/b")[1], "MCP060: MCPStore: {DIR}/a is a file; name a folder"),
]


@pytest.mark.parametrize("prepare,words", [f[1:] for f in FOLDERS], ids=[f[0] for f in FOLDERS])
def test_configtest_judges_the_folder_and_changes_nothing(folder, prepare, words):
    h = Httpd(folder())
    where = prepare(h.dir)
    before = shape(h.dir)
    code, said = h.configtest(store_at(h, where))
    assert (code != 0 and words.replace("{DIR}", h.dir) in said) if words else code == 0, said
    assert shape(h.dir) == before


def test_a_start_makes_parents_that_httpd_can_enter(folder):
    h = Httpd(folder())
    before, mask = shape(h.dir), os.umask(0o077)
    try:
        h.start(store_at(h, h.dir + "/a/b/c"))
    finally:
        os.umask(mask)
    try:
        assert h.send("POST", "/register", [("Content-Type", "application/json")], b'{"redirect_uris":["https://p1.example/cb"]}')[0] == 201
        made = {path[len(h.dir):]: (oct(st.st_mode & 0o7777), st.st_uid) for path, st in tree(h.dir).items()}
        httpds = shutil._get_uid("www-data")
        assert made["/a"] == made["/a/b"] == (oct(0o755), 0) and made["/a/b/c"] == (oct(0o700), httpds)
        key = [made[p] for p in made if p.startswith("/a/b/c/signing-")]
        assert key == [(oct(0o600), 0)] and made["/a/b/c/data.mdb"][1] == httpds
        assert all(made[p] == (oct(before[p][0] & 0o7777), before[p][1]) for p in before)
    finally:
        h.stop()


# ---- warnings: it works, but hardly as it is meant ----

def login(h, text):
    """The configuration with another section around /authorize."""
    at = h.config().index("<Location /authorize>")
    return h.config()[:at] + text + h.config()[h.config().index("</Location>", at) + len("</Location>"):]


BASIC = "AuthType Basic\nAuthName users\nAuthUserFile users\nRequire valid-user\n"


@pytest.mark.parametrize("section,warned", [
    ("", True),
    ("<Location /authorized>\n%s</Location>" % BASIC, True),
    ("<Location /authorize/>\n%s</Location>" % BASIC, True),
    ("<Location /authorize>\nAuthType Basic\nAuthName users\n</Location>", True),
    ("<Location /authorize>\nRequire all granted\n</Location>", True),
    ("<VirtualHost *:1>\n<Location /authorize>\n%s</Location>\n</VirtualHost>" % BASIC, True),
    ("<Location /authorize>\n%s</Location>" % BASIC, False),
    ("<Location />\n%s</Location>" % BASIC, False),
    ("<Location /auth*>\n%s</Location>" % BASIC, False),
    ('<LocationMatch "^/(authorize|signed-in)$">\n%s</LocationMatch>' % BASIC, False),
    ("<Location ~ ^/authorize>\n%s</Location>" % BASIC, False),
    ("<Location /authorize>\n<If true>\n%s</If>\n</Location>" % BASIC, False),
])
def test_a_page_without_a_login_is_warned_of(scratch, section, warned):
    code, said = scratch.configtest(login(scratch, section))
    assert code == 0 and ('MCP078: nobody logs in at /authorize' in said) == warned, said


@pytest.mark.parametrize("key,warned", [("", True), ("MCPSigningKey own.pem", False)])
def test_a_key_for_each_host_is_warned_of(folder, key, warned):
    h = Httpd(folder())
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", h.dir + "/own.pem"], check=True)
    code, said = h.configtest(h.config(key).replace("MCPStore lmdb:%s/state" % h.dir, "MCPStore memcache:127.0.0.1:1"))
    assert code == 0 and ("MCP079: MCPIssuer %s has no MCPSigningKey" % h.url in said) == warned, said
    assert not os.path.exists(h.dir + "/mcp-state")
