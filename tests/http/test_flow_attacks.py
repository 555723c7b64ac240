"""Threat: somebody gets a code, a token, a scope or a redirect that was not meant for him, or fools the user who is asked.
Every row is an attack on a live httpd with two issuers on one store. OF numbers name the row of the list of attacks."""
import base64, hashlib, html, json, os, re, signal, socket, string, threading, time
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit
import pytest
from memcached import Memcached
from server import MODULES, Httpd, free_port
from test_flow import FORM, JSON, VERIFIER, CHALLENGE, header

WEB, LOOPBACK, CURSOR = "https://p1.example/cb", "http://127.0.0.1/callback", "cursor://anysphere.cursor-mcp/oauth/callback"
PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'


def basic(user, password):
    return ("Authorization", "Basic " + base64.b64encode(("%s:%s" % (user, password)).encode()).decode())


LOGIN = {"alice": basic("alice", "wonder"), "bob": basic("bob", "builder")}


class Site:
    """One issuer of the server: its URL, its resource and the clients it knows."""

    def __init__(self, httpd, port):
        self.httpd, self.port, self.url = httpd, port, "http://127.0.0.1:%d" % port
        self.resource = self.url + "/mcp"

    def send(self, *request):
        before, self.httpd.port = self.httpd.port, self.port
        try:
            return self.httpd.send(*request)
        finally:
            self.httpd.port = before

    def register(self, redirects=(WEB, LOOPBACK), method="none", **members):
        doc = {"client_name": "Tester", "redirect_uris": list(redirects), "token_endpoint_auth_method": method, **members}
        status, _, body = self.send("POST", "/register", [JSON], json.dumps(doc).encode())
        return status, json.loads(body)

    def query(self, **changes):
        """None leaves a parameter out, a list repeats it."""
        query = {"response_type": "code", "client_id": self.p1, "redirect_uri": WEB, "state": "s t&1", "scope": "customer.read",
                 "code_challenge": CHALLENGE, "code_challenge_method": "S256", "resource": self.resource, **changes}
        return urlencode([(k, v) for k, vs in query.items() if vs is not None for v in (vs if isinstance(vs, list) else [vs])])

    def ask(self, user="alice", raw="", headers=(), **changes):
        return self.send("GET", "/authorize?" + self.query(**changes) + raw, [LOGIN[user]] + list(headers))

    def ticket(self, user="alice", **changes):
        status, _, page = self.ask(user, **changes)
        assert status == 200, page
        return ticket_of(page)

    def answer(self, ticket, user="alice", scopes=("customer.read",), decision="approve", headers=None):
        form = urlencode([("ticket", ticket), ("decision", decision)] + [("scope", s) for s in scopes])
        own = [("Origin", self.url), ("Sec-Fetch-Site", "same-origin")] if headers is None else list(headers)
        return self.send("POST", "/authorize", [LOGIN[user], FORM] + own, form.encode())

    def code(self, user="alice", scopes=("customer.read",), **changes):
        _, head, _ = self.answer(self.ticket(user, scope=" ".join(scopes), **changes), user, scopes)
        return parse_qs(urlsplit(header(head, "Location")).query)["code"][0]

    def token(self, headers=(), path="/token", **changes):
        form = {"grant_type": "authorization_code", "code_verifier": VERIFIER, "redirect_uri": WEB, "client_id": self.p1, **changes}
        body = urlencode([(k, v) for k, vs in form.items() if vs is not None for v in (vs if isinstance(vs, list) else [vs])])
        status, head, text = self.send("POST", path, [FORM] + list(headers), body.encode())
        assert header(head, "Cache-Control") == "no-store" and header(head, "Content-Type").startswith("application/json")
        return status, json.loads(text)

    def call(self, token):
        return self.send("POST", "/mcp", [JSON, ("Accept", "application/json, text/event-stream"),
                         ("MCP-Protocol-Version", "2025-06-18"), ("Authorization", "Bearer " + token)], PING)[0]


def ticket_of(page):
    return html.unescape(re.search(r'name="ticket" value="([^"]+)"', page.decode()).group(1))


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


SECOND = """
<Location /mcp2>
  ProxyPass http://127.0.0.1:%(backend)d/mcp
  MCPToolAuthz On
  MCPResource %(url)s/mcp2
  MCPTrustIssuer self
  <MCPTool x>
    Require mcp-scope customer.read
  </MCPTool>
</Location>
Listen 127.0.0.1:%(other)d
<VirtualHost 127.0.0.1:%(other)d>
  ServerName 127.0.0.1:%(other)d
  MCPIssuer http://127.0.0.1:%(other)d
  MCPRegistration off
  MCPScope customer.read "Read customer records" default machine
  <Location /mcp>
    ProxyPass http://127.0.0.1:%(backend)d/mcp
    MCPToolAuthz On
    MCPResource http://127.0.0.1:%(other)d/mcp
    MCPTrustIssuer self
    <MCPTool x>
      Require mcp-scope customer.read
    </MCPTool>
  </Location>
</VirtualHost>
Listen 127.0.0.1:%(tenant)d
<VirtualHost 127.0.0.1:%(tenant)d>
  ServerName 127.0.0.1:%(tenant)d
  MCPIssuer http://127.0.0.1:%(tenant)d/a/tenant
  <Location /a/tenant/authorize>
    AuthType Basic
    AuthName users
    AuthUserFile %(dir)s/users
    Require valid-user
  </Location>
  <Location /mcp>
    MCPResource http://127.0.0.1:%(tenant)d/mcp
    MCPToolAuthz On
    MCPTrustIssuer self
    ProxyPass http://127.0.0.1:%(backend)d/mcp
    <MCPTool x>
      Require mcp-scope customer.read
    </MCPTool>
  </Location>
</VirtualHost>
Listen 127.0.0.1:%(bare)d
<VirtualHost 127.0.0.1:%(bare)d>
  <Location /authorize>
    AuthType Basic
    AuthName weak
    AuthUserFile %(dir)s/weak
    Require valid-user
  </Location>
</VirtualHost>
"""


def start(folder, memory):
    h = Httpd(folder)
    h.other, h.bare, h.tenant = free_port(), free_port(), free_port()
    os.system("htpasswd -b %s/users bob builder 2>/dev/null; htpasswd -bc %s/weak alice guessed 2>/dev/null" % (h.dir, h.dir))
    text = h.config(extra=SECOND % {"backend": h.backend_port, "other": h.other, "bare": h.bare, "tenant": h.tenant, "url": h.url, "dir": h.dir})
    h.start(text.replace("MCPStore lmdb:%s/state" % h.dir, "MCPStore memcache:127.0.0.1:%d" % memory.port) if memory else text)
    while "resuming normal operations" not in h.errors(0):      # until then it warns that keys are made beside memcached
        time.sleep(0.02)
    return h


@pytest.fixture(scope="module", params=["lmdb", "memcache"])
def httpd(request, folder):
    memory = Memcached().start() if request.param == "memcache" else None
    h = start(folder(), memory)
    h.written = memory.written if memory else lambda: 0
    yield h
    h.stop()
    if memory:
        memory.stop()


@pytest.fixture(scope="module")
def site(httpd):
    s = Site(httpd, httpd.port)
    s.p1 = s.register()[1]["client_id"]
    s.p2 = s.register([WEB])[1]["client_id"]
    s.cursor = s.register([CURSOR])[1]["client_id"]
    s.c1 = s.register(["https://c1.example/cb"], "client_secret_basic", grant_types=["authorization_code", "client_credentials"])[1]
    s.c2 = s.register(["https://c2.example/cb"], "client_secret_post", grant_types=["authorization_code", "client_credentials"])[1]
    return s


@pytest.fixture(scope="module")
def other(httpd, site):
    s = Site(httpd, httpd.other)
    s.p1 = site.p1
    return s


@pytest.fixture
def nothing_happens(httpd):
    """What every refused request leaves behind: one line of audit and no record."""
    written, lines = httpd.written(), len(httpd.audit())
    yield
    assert httpd.written() == written, "a refused request wrote to the store"
    new = [json.loads(l) for l in httpd.audit()[lines:]]
    assert len(new) == 1 and new[0]["outcome"] == "refused", new


# ---- A. Where an answer may go: whatever is wrong here is told to the user alone ----

LOCAL = [
    ("OF-01 no client_id", {"client_id": None}),
    ("OF-01 empty client_id", {"client_id": ""}),
    ("OF-01 unknown client_id", {"client_id": "nobody"}),
    ("OF-01 client_id of 6 KB", {"client_id": "x" * 6000}),
    ("OF-03 client_id twice, the same", {"client_id": ["P1", "P1"]}),
    ("OF-03 client_id twice, another", {"client_id": ["P1", "P2"]}),
    ("OF-03 client_id twice, one empty", {"client_id": ["P1", ""]}),
    ("OF-03 redirect_uri twice, the same", {"redirect_uri": [WEB, WEB]}),
    ("OF-03 redirect_uri twice, another", {"redirect_uri": [WEB, "https://evil.test/cb"]}),
    ("OF-06 extra path", {"redirect_uri": WEB + "/x"}),
    ("OF-06 added slash", {"redirect_uri": WEB + "/"}),
    ("OF-06 shorter path", {"redirect_uri": "https://p1.example/"}),
    ("OF-06 no path", {"redirect_uri": "https://p1.example"}),
    ("OF-06 own query", {"redirect_uri": WEB + "?x=1"}),
    ("OF-06 empty query", {"redirect_uri": WEB + "?"}),
    ("OF-06 fragment", {"redirect_uri": WEB + "#f"}),
    ("OF-06 other case of the path", {"redirect_uri": "https://p1.example/CB"}),
    ("OF-06 other case of the host", {"redirect_uri": "https://P1.example/cb"}),
    ("OF-06 other case of the scheme", {"redirect_uri": "HTTPS://p1.example/cb"}),
    ("OF-06 encoded letter", {"redirect_uri": "https://p1.example/%63b"}),
    ("OF-06 dot segments", {"redirect_uri": "https://p1.example/x/../cb"}),
    ("OF-06 path parameter", {"redirect_uri": WEB + ";x"}),
    ("OF-06 blank behind", {"redirect_uri": WEB + " "}),
    ("OF-06 tab before", {"redirect_uri": "\t" + WEB}),
    ("OF-06 line end behind", {"redirect_uri": WEB + "\r\n"}),
    ("OF-06 dot behind the host", {"redirect_uri": "https://p1.example./cb"}),
    ("OF-06 default port", {"redirect_uri": "https://p1.example:443/cb"}),
    ("OF-06 user before the host", {"redirect_uri": "https://p1.example@evil.test/cb"}),
    ("OF-06 backslash", {"redirect_uri": "https://evil.test\\@p1.example/cb"}),
    ("OF-06 plain http", {"redirect_uri": "http://p1.example/cb"}),
    ("OF-08 no redirect_uri", {"redirect_uri": None}),
    ("OF-08 empty redirect_uri", {"redirect_uri": ""}),
    ("OF-16 another port, not on loopback", {"redirect_uri": "https://p1.example:8443/cb"}),
    ("OF-18 loopback as a label", {"redirect_uri": "http://127.0.0.1.nip.io:3000/callback"}),
    ("OF-18 loopback, short", {"redirect_uri": "http://127.1:3000/callback"}),
    ("OF-18 loopback, as one number", {"redirect_uri": "http://2130706433/callback"}),
    ("OF-18 loopback, another address", {"redirect_uri": "http://127.0.0.2:3000/callback"}),
    ("OF-18 loopback by name, though registered by address", {"redirect_uri": "http://localhost:3000/callback"}),
    ("OF-18 localhost as a label", {"redirect_uri": "http://localhost.evil.test:3000/callback"}),
    ("OF-18 loopback as user", {"redirect_uri": "http://127.0.0.1:3000@evil.test/callback"}),
    ("OF-18 port of no number", {"redirect_uri": "http://127.0.0.1:3000x/callback"}),
    ("OF-18 https on loopback", {"redirect_uri": "https://127.0.0.1:3000/callback"}),
    ("OF-18 loopback, another path", {"redirect_uri": "http://127.0.0.1:3000/callback/x"}),
    ("OF-21 private-use scheme, another authority", {"client_id": "CURSOR", "redirect_uri": "cursor://evil.extension/oauth/callback"}),
    ("OF-21 private-use scheme, another path", {"client_id": "CURSOR", "redirect_uri": CURSOR + "/x"}),
    ("OF-21 private-use scheme, upper case", {"client_id": "CURSOR", "redirect_uri": CURSOR.replace("cursor:", "CURSOR:")}),
    ("OF-21 private-use scheme with a port", {"client_id": "CURSOR", "redirect_uri": CURSOR.replace("-mcp/", "-mcp:1/")}),
]
BROKEN = [
    ("OF-26 query of 100 KB", "&x=" + "a" * 100000),
    ("OF-26 5,000 parameters", "&a" * 5000),
    ("OF-26 100 parameters", "".join("&p%d=1" % i for i in range(100))),
    ("OF-26 not UTF-8", "&x=%ff"),
    ("OF-26 overlong UTF-8", "&x=%c0%af"),
    ("OF-26 bad escape", "&x=%zz"),
    ("OF-26 cut escape", "&x=%4"),
    ("OF-26 NUL", "&x=%00"),
]


def named(site, changes):
    names = {"P1": site.p1, "P2": site.p2, "CURSOR": site.cursor}
    swap = lambda v: [names.get(x, x) for x in v] if isinstance(v, list) else names.get(v, v)
    return {k: swap(v) for k, v in changes.items()}


def rows(table):
    return pytest.mark.parametrize("row", [r[1:] for r in table], ids=[r[0] for r in table])


@rows(LOCAL)
def test_told_to_the_user_alone(site, nothing_happens, row):
    status, head, body = site.ask(**named(site, row[0]))
    assert status == 400 and not header(head, "Location") and b"<form" not in body
    assert "frame-ancestors 'none'" in header(head, "Content-Security-Policy")


@rows(BROKEN)
def test_broken_query_is_told_to_the_user_alone(site, row):
    status, head, body = site.ask(raw=row[0])
    assert status in (400, 414) and not header(head, "Location") and b"<form" not in body


@rows([
    ("OF-11 any port where none is registered", LOOPBACK, "http://127.0.0.1:51004/callback"),
    ("OF-13 any port where another is registered", "http://127.0.0.1:3000/callback", "http://127.0.0.1:3001/callback"),
    ("OF-13 none where one is registered", "http://localhost:3000/callback", "http://localhost/callback"),
    ("OF-11 IPv6", "http://[::1]/callback", "http://[::1]:51004/callback"),
    ("OF-21 private-use scheme as registered", CURSOR, CURSOR),
])
def test_accepted_redirect(site, row):
    client = site.register([row[0]])[1]["client_id"]
    status, head, _ = site.answer(site.ticket(client_id=client, redirect_uri=row[1]))
    assert status == 303 and header(head, "Location").startswith(row[1] + "?code=")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "QUERY", "get", "OPTIONS"])
def test_of23_other_methods(site, method):
    status, head, _ = site.send(method, "/authorize?" + site.query(), [LOGIN["alice"]])
    assert status == 405 and header(head, "Allow") == "GET, POST"


def test_of23_a_post_is_an_answer_and_never_a_request(site, nothing_happens):
    status, head, page = site.send("POST", "/authorize", [LOGIN["alice"], FORM], site.query().encode())
    assert status == 400 and not header(head, "Location") and b"<form" not in page


def test_of23_a_post_that_answers_nothing_leads_to_the_question(site, nothing_happens):
    status, head, page = site.send("POST", "/authorize?" + site.query(), [LOGIN["alice"], FORM], b"")
    assert status == 303 and header(head, "Location") == site.url + "/authorize?" + site.query() and not page


# ---- B. What is asked: the client is told at its validated redirect URI ----

TOLD = [
    ("OF-28 no response_type", {"response_type": None}, "invalid_request"),
    *[("OF-28 response_type=" + t, {"response_type": t}, "unsupported_response_type")
      for t in ("token", "id_token", "code token", "code code", "none", "CODE", "code ")],
    ("OF-28 response_type twice", {"response_type": ["code", "code"]}, "invalid_request"),
    ("OF-28 response_mode=fragment", {"response_mode": "fragment"}, "invalid_request"),
    ("OF-28 response_mode=form_post", {"response_mode": "form_post"}, "invalid_request"),
    ("OF-31 plain", {"code_challenge_method": "plain"}, "invalid_request"),
    ("OF-31 no method", {"code_challenge_method": None}, "invalid_request"),
    ("OF-31 s256", {"code_challenge_method": "s256"}, "invalid_request"),
    ("OF-31 S512", {"code_challenge_method": "S512"}, "invalid_request"),
    ("OF-31 method twice, the same", {"code_challenge_method": ["S256", "S256"]}, "invalid_request"),
    ("OF-31 method twice, plain first", {"code_challenge_method": ["plain", "S256"]}, "invalid_request"),
    ("OF-31 challenge twice", {"code_challenge": [CHALLENGE, "A" * 43]}, "invalid_request"),
    ("OF-31 no challenge", {"code_challenge": None}, "invalid_request"),
    ("OF-31 empty challenge", {"code_challenge": ""}, "invalid_request"),
    ("OF-31 short challenge", {"code_challenge": "A" * 42}, "invalid_request"),
    ("OF-31 padded challenge", {"code_challenge": CHALLENGE + "="}, "invalid_request"),
    ("OF-36 unknown scope alone", {"scope": "root"}, "invalid_scope"),
    ("OF-36 scope that differs by case", {"scope": "Customer.Read"}, "invalid_scope"),
    ("OF-36 scope twice", {"scope": ["customer.read", "db.admin"]}, "invalid_request"),
    ("OF-38 tab", {"scope": "customer.read\tdb.admin"}, "invalid_scope"),
    ("OF-38 line end", {"scope": "customer.read\ndb.admin"}, "invalid_scope"),
    ("OF-38 quote", {"scope": 'customer.read "'}, "invalid_scope"),
    ("OF-38 backslash", {"scope": "customer.read\\"}, "invalid_scope"),
    ("OF-38 not ASCII", {"scope": "customer.read \u00e4"}, "invalid_scope"),
    ("OF-38 1,500 words", {"scope": "a " * 1500 + "a"}, "invalid_scope"),
    ("OF-41 slash behind", {"resource": "R/"}, "invalid_target"),
    ("OF-41 dot segments", {"resource": "R/../mcp"}, "invalid_target"),
    ("OF-41 empty segment", {"resource": "R/".replace("R", "//R")}, "invalid_target"),
    ("OF-41 query", {"resource": "R?x"}, "invalid_target"),
    ("OF-41 fragment", {"resource": "R#x"}, "invalid_target"),
    ("OF-41 user", {"resource": "R".replace("R", "http://u@R")}, "invalid_target"),
    ("OF-41 another issuer's resource", {"resource": "OTHER"}, "invalid_target"),
    ("OF-41 two resources", {"resource": ["R", "R2"]}, "invalid_target"),
    ("OF-41 none of two", {"resource": None}, "invalid_target"),
    ("OF-43 relative", {"resource": "/mcp"}, "invalid_target"),
    ("OF-43 urn", {"resource": "urn:x"}, "invalid_target"),
    ("OF-43 empty", {"resource": ""}, "invalid_target"),
    ("OF-43 one empty", {"resource": ["R", ""]}, "invalid_target"),
    ("OF-46 state of 2,100 bytes", {"state": "x" * 2100}, "invalid_request"),
    ("OF-46 state twice", {"state": ["a", "b"]}, "invalid_request"),
    ("OF-48 prompt=none", {"prompt": "none"}, "consent_required"),
    ("OF-48 prompt=none and more", {"prompt": "none consent"}, "invalid_request"),
    ("OF-48 prompt twice", {"prompt": ["none", "none"]}, "invalid_request"),
    ("request object", {"request": "eyJhbGciOiJub25lIn0."}, "invalid_request"),
    ("request_uri", {"request_uri": "https://evil.test/r"}, "invalid_request"),
    ("an unknown parameter twice", {"x": ["1", "2"]}, "invalid_request"),
]


def targets(site, other, changes):
    def swap(v):
        if isinstance(v, list):
            return [swap(x) for x in v]
        return v.replace("OTHER", other.resource).replace("R2", site.resource + "2").replace("R", site.resource) if v else v
    return {**changes, "resource": swap(changes["resource"])} if "resource" in changes else changes


@rows(TOLD)
def test_told_to_the_client(site, other, nothing_happens, row):
    status, head, _ = site.ask(**targets(site, other, row[0]))
    location = header(head, "Location") or ""
    got = parse_qs(urlsplit(location).query)
    assert status == 303 and location.startswith(WEB + "?error=") and "#" not in location
    assert got["error"] == [row[1]] and got["iss"] == [site.url] and "code" not in got
    assert got.get("state") == (["s t&1"] if "state" not in row[0] else None)
    words = got["error_description"][0]
    assert ": " in words, "it says what was wrong"
    assert set(words) <= set(string.printable) - set('"\\\t\n\r\x0b\x0c'), "OF-56"


STATES = [("OF-46 " + n, s) for n, s in (
    ("separators", "a&b=c#d?e;f"), ("line ends", "a\r\nSet-Cookie: x=1"), ("quotes", "'\"\\"), ("not ASCII", "\u00e4\u4e2d\U0001f600"),
    ("markup", "<script>alert(1)</script>"), ("percent", "%0d%0a%252e"), ("blanks", "  a + b  "), ("2,000 bytes", "x" * 2000))]


@rows(STATES)
def test_state_comes_back_unchanged(site, row):
    status, head, _ = site.answer(site.ticket(state=row[0]))
    assert status == 303 and parse_qs(urlsplit(header(head, "Location")).query)["state"] == [row[0]]
    assert not header(head, "Set-Cookie")
    _, head, _ = site.ask(state=row[0], response_type="token")
    assert parse_qs(urlsplit(header(head, "Location")).query)["state"] == [row[0]] and not header(head, "Set-Cookie")


def test_of33_the_challenge_of_nothing_is_of_no_use(site):
    nothing = base64.urlsafe_b64encode(hashlib.sha256(b"").digest()).rstrip(b"=").decode()
    for verifier in ("", None, "A" * 43):
        status, error = site.token(code=site.code(code_challenge=nothing), code_verifier=verifier)
        assert status == 400 and error["error"] in ("invalid_grant", "invalid_request")


def test_of36_a_sensitive_scope_takes_the_users_own_tick(site):
    page = site.ask(scope="customer.read db.admin customer.write")[2].decode()
    ticked = dict(re.findall(r'name="scope" value="([^"]+)"( checked)?', page))
    assert ticked == {"customer.read": " checked", "customer.write": " checked", "db.admin": ""}
    _, head, _ = site.answer(ticket_of(page.encode()), scopes=["customer.read", "customer.write"])
    code = parse_qs(urlsplit(header(head, "Location")).query)["code"][0]
    assert site.token(code=code)[1]["scope"] == "customer.read customer.write"


def test_a_form_cannot_add_a_scope(site):
    _, head, _ = site.answer(site.ticket(scope="customer.read"), scopes=["customer.read", "db.admin", "customer.read db.admin", "x"])
    code = parse_qs(urlsplit(header(head, "Location")).query)["code"][0]
    assert site.token(code=code)[1]["scope"] == "customer.read"


def test_approving_nothing_is_denied(site):
    _, head, _ = site.answer(site.ticket(), scopes=[])
    assert parse_qs(urlsplit(header(head, "Location")).query)["error"] == ["access_denied"]


# ---- C. Answers ----

def test_of51_success(site):
    uri = WEB + "?x=1&y=a%20b"
    client = site.register([uri])[1]["client_id"]
    status, head, body = site.answer(site.ticket(client_id=client, redirect_uri=uri))
    location = header(head, "Location")
    assert status == 303 and location.startswith(uri + "&code=") and body == b""
    assert [k for k, _ in parse_qsl(urlsplit(location).query)] == ["x", "y", "code", "state", "iss"]
    assert header(head, "Referrer-Policy") == "no-referrer" and header(head, "Cache-Control") == "no-store"


@pytest.mark.parametrize("query", ["state=evil", "x=1&state=evil", "code=x", "%63ode=x", "iss=https://evil.test", "error=x", "CODE=x", "a;code=x"])
def test_of53_no_answer_of_its_own(site, nothing_happens, query):
    status, error = site.register([WEB + "?" + query])
    assert status == 400 and error["error"] == "invalid_redirect_uri"


# ---- D. Login and consent ----

@pytest.mark.expects("AH01617")
def test_of58_login_comes_first_and_the_request_goes_on(site):
    path = "/authorize?" + site.query()
    status, head, body = site.send("GET", path)
    assert status == 401 and not header(head, "Location") and b"customer" not in body
    assert site.send("GET", path, [basic("alice", "wrong")])[0] == 401
    status, _, page = site.send("GET", path, [LOGIN["alice"]])
    assert status == 200 and b"Tester" in page


SPELT = ["/authorize/", "//authorize", "/authorize;x", "/%61uthorize", "/AUTHORIZE", "/x/../authorize", "/./authorize", "/authorize%2f",
         "/authorize%00", "/authorize/x", "/authorize.html", "/authorize%20", "http://evil.test/authorize", "http://evil.test//authorize"]


@pytest.mark.parametrize("path", SPELT)
def test_of58_no_spelling_passes_the_login_by(site, path):
    for method in ("GET", "POST", "HEAD"):
        status, head, page = site.send(method, path + "?" + site.query(), [FORM] if method == "POST" else [])
        assert status in (400, 401, 404) and not header(head, "Location") and b"Tester" not in page


def test_of58_by_a_login_form(folder):
    h = Httpd(folder())
    os.mkdir(h.dir + "/docs")
    open(h.dir + "/docs/login.html", "w").write("Who are you?")
    loads = ["LoadModule %s_module %s/mod_%s.so" % (n, MODULES, n) for n in ("session", "session_cookie", "session_crypto", "request", "auth_form")]
    text = h.config().replace("AuthType Basic", "AuthType Form\n  AuthFormProvider file\n  ErrorDocument 401 /login.html\n"
                              "  Session On\n  SessionCookieName login path=/\n  SessionCryptoPassphrase for-the-test-alone", 1)
    h.start("\n".join(loads) + "\n" + text + "DocumentRoot docs\n<Directory />\nRequire all granted\n</Directory>")
    s = Site(h, h.port)
    try:
        s.p1 = s.register()[1]["client_id"]
        path = "/authorize?" + s.query()
        assert s.send("GET", path)[0::2] == (401, b"Who are you?")
        assert s.send("POST", path, [FORM], b"httpd_username=alice&httpd_password=wrong")[0] == 401
        status, head, _ = s.send("POST", path, [FORM], b"httpd_username=alice&httpd_password=wonder")
        cookie = ("Cookie", header(head, "Set-Cookie").split(";")[0])
        assert status == 303 and header(head, "Location") == s.url + path
        status, _, page = s.send("GET", path, [cookie])
        form = urlencode({"ticket": ticket_of(page), "decision": "approve", "scope": "customer.read"}).encode()
        status, head, _ = s.send("POST", "/authorize", [cookie, FORM], form)
        assert status == 303 and header(head, "Location").startswith(WEB + "?code=")
        assert "wonder" not in h.errors(0) + "".join(h.audit())
    finally:
        h.stop()


def together(count, call):
    results, gate = [None] * count, threading.Barrier(count)

    def one(i):
        gate.wait()
        results[i] = call()
    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    return results


def test_of61_a_double_click_gives_one_code(site):
    ticket = site.ticket()
    form = urlencode({"ticket": ticket, "decision": "approve", "scope": "customer.read"}).encode()
    got = together(8, lambda: site.httpd.send("POST", "/authorize", [LOGIN["alice"], FORM], form)[0])
    assert sorted(got) == [303] + [400] * 7
    assert site.answer(ticket)[0] == 400
    assert site.answer(ticket, decision="deny")[0] == 400


def flip(text, at):
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:]


BENT = [
    ("OF-63 first letter", lambda t: flip(t, 0)), ("OF-63 nonce", lambda t: flip(t, 9)), ("OF-63 middle", lambda t: flip(t, len(t) // 2)),
    ("OF-63 tag", lambda t: flip(t, len(t) - 9)), ("OF-63 last letter", lambda t: flip(t, len(t) - 1)), ("OF-63 cut", lambda t: t[:-4]),
    ("OF-63 cut by half", lambda t: t[:len(t) // 2]), ("OF-63 doubled", lambda t: t + t), ("OF-63 padded", lambda t: t + "="),
    ("OF-63 empty", lambda t: ""), ("OF-63 short", lambda t: "AAAA"), ("OF-63 30 KB", lambda t: t + "A" * 30000), ("OF-63 a blank", lambda t: t + " "),
]


@rows(BENT)
def test_a_bent_ticket_is_refused(site, row):
    ticket = site.ticket()
    status, head, page = site.answer(row[0](ticket))
    assert status == 400 and not header(head, "Location") and b"<form" not in page
    assert site.answer(ticket)[0] == 303, "and the real one is not spent"


def test_of63_a_ticket_of_another_issuer(site, other):
    status, head, _ = other.answer(site.ticket())
    assert status == 400 and not header(head, "Location")


def test_of63_a_ticket_of_another_user(site):
    ticket = site.ticket("alice")
    assert site.answer(ticket, "bob")[0] == 400
    assert site.answer(ticket, "alice")[0] == 303


def test_of63_a_ticket_under_a_rotated_key(folder):
    h = start(folder(), None)
    try:
        s = Site(h, h.port)
        s.p1 = s.register()[1]["client_id"]
        ticket = s.ticket()
        h.stop()
        [os.remove(h.dir + "/state/" + f) for f in os.listdir(h.dir + "/state") if f.endswith(".pem")]
        h.start(open(h.conf).read())
        assert s.answer(ticket)[0] == 400 and s.answer(s.ticket())[0] == 303
    finally:
        h.stop()


FOREIGN = [
    ("another site", [("Origin", "https://evil.test"), ("Sec-Fetch-Site", "cross-site")]),
    ("another site, no Sec-Fetch-Site", [("Origin", "https://evil.test")]),
    ("a neighbour", [("Sec-Fetch-Site", "same-site")]),
    ("no origin to tell", [("Origin", "null")]),
    ("no origin to tell, from elsewhere", [("Origin", "null"), ("Sec-Fetch-Site", "cross-site")]),
    ("two origins", [("Origin", "OWN"), ("Origin", "https://evil.test")]),
    ("the origin with a path", [("Origin", "OWN/")]),
    ("https for http", [("Origin", "SECURE")]),
    ("two answers to where from", [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")]),
]


@rows(FOREIGN)
def test_a_form_of_another_site_does_not_speak_for_the_user(site, row):
    ticket = site.ticket()
    sent = [(k, v.replace("OWN", site.url).replace("SECURE", site.url.replace("http:", "https:"))) for k, v in row[0]]
    status, head, _ = site.answer(ticket, headers=sent)
    assert status == 403 and not header(head, "Location")
    assert site.answer(ticket)[0] == 303


@rows([
    ("OF-66 another client", {"client_id": "P2"}), ("OF-66 the same again", {}), ("OF-66 another scope", {"scope": "customer.write"}),
    ("OF-68 loopback again", {"redirect_uri": "http://127.0.0.1:4/callback"}), ("OF-48 prompt of its own", {"prompt": "login"}),
])
def test_consent_is_never_remembered(site, row):
    assert site.answer(site.ticket())[0] == 303
    status, head, page = site.ask(headers=[("Cookie", "consent=yes; session=1")], **named(site, row[0]))
    assert status == 200 and b"<form" in page and not header(head, "Set-Cookie") and not header(head, "Location")


SHOWN = [
    ("OF-71 markup", {"client_name": "<img src=x onerror=alert(1)>"}, 201, "&lt;img src=x onerror=alert(1)&gt;"),
    ("OF-71 out of an attribute", {"client_name": "\" autofocus onfocus='alert(1)"}, 201, "&quot; autofocus onfocus=&#39;alert(1)"),
    ("OF-71 an entity", {"client_name": "&lt;b&gt;"}, 201, "&amp;lt;b&amp;gt;"),
    ("OF-71 out of its isolation", {"client_name": "</bdi></h1><form action=//evil.test>"}, 201, "&lt;/bdi&gt;"),
    ("OF-71 written from the right", {"client_name": "\u05d0\u05d1\u05d2 tset.live"}, 201, "<bdi>\u05d0\u05d1\u05d2"),
    ("OF-71 turned round", {"client_name": "\u202eedualC"}, 400, None),
    ("OF-71 turned round by isolates", {"client_name": "\u2067edualC\u2069"}, 400, None),
    ("OF-71 invisible letter", {"client_name": "Clau\u200bde"}, 400, None),
    ("OF-71 new line", {"client_name": "Claude\nApproved by the administrator"}, 400, None),
    ("OF-71 1,000 letters", {"client_name": "x" * 1000}, 400, None),
    ("OF-71 256 letters", {"client_name": "x" * 256}, 201, "x" * 100 + "\u2026"),
    ("OF-71 host in its homepage", {"client_uri": "https://claude.ai@evil.test/"}, 400, None),
]


@rows(SHOWN)
def test_what_a_stranger_calls_himself(site, row):
    status, client = site.register(**row[0])
    assert status == row[1], client
    if status == 201:
        page = site.ask(client_id=client["client_id"])[2].decode()
        assert row[2] in page and "<img" not in page and page.count("<form") == 1 and page.count("<h1") == 1


def test_of71_the_end_of_a_long_host_is_seen(site):
    host = "accounts.google.com." + ".".join(["a" * 60] * 3) + ".evil.test"
    uri = "https://%s/cb" % host
    client = site.register([uri])[1]["client_id"]
    page = site.ask(client_id=client, redirect_uri=uri)[2].decode()
    assert "a.evil.test</" in page and "accounts.google.com" not in page


def test_the_port_of_a_redirect_is_seen(site):
    uri = "https://p1.example:8443/cb"
    client = site.register([uri])[1]["client_id"]
    assert "p1.example:8443<" in site.ask(client_id=client, redirect_uri=uri)[2].decode()


def test_of73_approve_is_nobodys_default(site):
    _, head, page = site.ask()
    page = page.decode()
    assert re.findall(r'<button[^>]*value="(\w+)"', page) == ["deny", "approve"], "Enter presses the first"
    assert "autofocus" not in page and "<script" not in page and " on" not in re.sub(r">[^<]*<", "><", page)
    policy = header(head, "Content-Security-Policy")
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy and "unsafe" not in policy
    assert header(head, "X-Frame-Options") == "DENY" and header(head, "Cache-Control") == "no-store"


def host_lies(site, path):
    text = "GET %s HTTP/1.1\r\nHost: evil.test\r\nX-Forwarded-Host: evil.test\r\nX-Forwarded-Proto: https\r\nForwarded: host=evil.test\r\n" \
           "%s: %s\r\nConnection: close\r\n\r\n" % ((path,) + LOGIN["alice"])
    return site.httpd.raw(text.encode())


def test_of76_the_host_header_decides_nothing(site):
    for path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/authorize?" + site.query(),
                 "/authorize?" + site.query(response_type="token"), "/authorize?" + site.query(client_id="x")):
        _, head, body = host_lies(site, path)
        assert b"evil.test" not in body and "evil.test" not in head
    assert ('action="%s/authorize"' % site.url).encode() in host_lies(site, "/authorize?" + site.query())[2]
    assert json.loads(host_lies(site, "/.well-known/oauth-authorization-server")[2])["issuer"] == site.url


# ---- E. Who asks for a token ----

def secret(client):
    return basic(client["client_id"], client["client_secret"])


CLIENTS = [
    ("OF-78 code twice", lambda s: s.token(code=["A" * 43, "A" * 43]), "invalid_request"),
    ("OF-78 client_id twice", lambda s: s.token(code="A" * 43, client_id=[s.p1, s.p1]), "invalid_request"),
    ("OF-78 grant_type twice", lambda s: s.token(code="A" * 43, grant_type=["authorization_code"] * 2), "invalid_request"),
    ("OF-78 an unknown one twice", lambda s: s.token(code="A" * 43, x=["1", "1"]), "invalid_request"),
    ("OF-78 twice, one empty", lambda s: s.token(code=["A" * 43, ""]), "invalid_request"),
    ("OF-78 in the query", lambda s: s.token(path="/token?client_id=" + s.p1, code="A" * 43), "invalid_request"),
    ("OF-81 basic client by post", lambda s: s.token(client_id=s.c1["client_id"], client_secret=s.c1["client_secret"], code="A" * 43), "invalid_client"),
    ("OF-81 post client by basic", lambda s: s.token([secret(s.c2)], client_id=None, code="A" * 43), "invalid_client"),
    ("OF-81 basic client without secret", lambda s: s.token(client_id=s.c1["client_id"], code="A" * 43), "invalid_client"),
    ("OF-81 post client with an empty secret", lambda s: s.token(client_id=s.c2["client_id"], client_secret="", code="A" * 43), "invalid_client"),
    ("OF-81 both ways", lambda s: s.token([secret(s.c1)], client_id=s.c1["client_id"], client_secret=s.c1["client_secret"], code="A" * 43), "invalid_request"),
    ("OF-83 another id in the body", lambda s: s.token([secret(s.c1)], client_id=s.c2["client_id"], code="A" * 43), "invalid_client"),
    ("OF-83 a public one in the body", lambda s: s.token([secret(s.c1)], client_id=s.p1, code="A" * 43), "invalid_client"),
    ("OF-86 public client with a secret", lambda s: s.token(client_secret="x", code="A" * 43), "invalid_client"),
    ("OF-86 public client by basic", lambda s: s.token([basic(s.p1, "x")], client_id=None, code="A" * 43), "invalid_client"),
    ("OF-86 public client by basic, no secret", lambda s: s.token([basic(s.p1, "")], client_id=None, code="A" * 43), "invalid_client"),
    ("OF-86 public client with an assertion", lambda s: s.token(client_assertion="e30.e30.", client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer", code="A" * 43), "invalid_client"),
    ("another client's secret", lambda s: s.token([basic(s.c1["client_id"], s.c2["client_secret"])], client_id=None, code="A" * 43), "invalid_client"),
    ("a secret cut by one", lambda s: s.token([basic(s.c1["client_id"], s.c1["client_secret"][:-1])], client_id=None, code="A" * 43), "invalid_client"),
    ("a secret and a blank", lambda s: s.token([basic(s.c1["client_id"], s.c1["client_secret"] + " ")], client_id=None, code="A" * 43), "invalid_client"),
    ("a bearer token", lambda s: s.token([("Authorization", "Bearer x")], code="A" * 43), "invalid_client"),
    ("two Authorization lines", lambda s: s.token([secret(s.c1), secret(s.c1)], client_id=None, code="A" * 43), "invalid_client"),
    ("no colon", lambda s: s.token([("Authorization", "Basic " + base64.b64encode(s.c1["client_id"].encode()).decode())], client_id=None, code="A" * 43), "invalid_client"),
    ("NUL in the credentials", lambda s: s.token([basic(s.c1["client_id"], s.c1["client_secret"] + "%00x")], client_id=None, code="A" * 43), "invalid_client"),
    ("nobody", lambda s: s.token(client_id=None, code="A" * 43), "invalid_client"),
    ("a client that never was", lambda s: s.token(client_id="nobody", code="A" * 43), "invalid_client"),
    ("OF-118 no grant_type", lambda s: s.token(grant_type=None, code="A" * 43), "invalid_request"),
    ("OF-118 password", lambda s: s.token(grant_type="password", username="alice", password="wonder"), "unsupported_grant_type"),
    ("OF-118 implicit", lambda s: s.token(grant_type="implicit"), "unsupported_grant_type"),
    ("OF-118 upper case", lambda s: s.token(grant_type="AUTHORIZATION_CODE", code="A" * 43), "unsupported_grant_type"),
    ("OF-118 client_credentials by a public client", lambda s: s.token(grant_type="client_credentials", resource=s.resource), "unauthorized_client"),
    ("client_credentials and a sensitive scope", lambda s: s.token([secret(s.c1)], client_id=None, grant_type="client_credentials", resource=s.resource, scope="db.admin"), "invalid_scope"),
    ("client_credentials and more than registered", lambda s: s.token([secret(s.c1)], client_id=None, grant_type="client_credentials", resource=s.resource, scope="customer.write"), "invalid_scope"),
    ("client_credentials and no resource of two", lambda s: s.token([secret(s.c1)], client_id=None, grant_type="client_credentials"), "invalid_target"),
    ("client_credentials and an empty resource", lambda s: s.token([secret(s.c1)], client_id=None, grant_type="client_credentials", resource=""), "invalid_target"),
]


@rows(CLIENTS)
def test_a_client_is_who_it_registered_as(site, nothing_happens, row):
    status, error = row[0](site)
    assert error["error"] == row[1] and "access_token" not in error
    assert status == (401 if row[1] == "invalid_client" else 400)


def test_of88_a_secret_that_has_expired(folder):
    h = Httpd(folder())
    h.start(h.config(extra="MCPClientTTL 1"))
    try:
        s = Site(h, h.port)
        s.p1 = None
        client = s.register(["https://c1.example/cb"], "client_secret_basic")[1]
        time.sleep(max(0, client["client_secret_expires_at"] - time.time()) + 0.1)
        status, error = s.token([secret(client)], client_id=None, code="A" * 43)
        assert status == 401 and error["error"] == "invalid_client" and "expired" in error["error_description"]
    finally:
        h.stop()


# ---- F. Codes ----

def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def wait_until(true, seconds=10):
    end = time.time() + seconds
    while not true() and time.time() < end:
        time.sleep(0.05)


CODES = [
    ("OF-91 no verifier", {"code_verifier": None}, "invalid_request", True),
    ("OF-91 empty verifier", {"code_verifier": ""}, "invalid_request", True),
    ("OF-91 the challenge as verifier", {"code_verifier": CHALLENGE}, "invalid_grant", False),
    ("OF-91 verifier too short", {"code_verifier": "v" * 42}, "invalid_grant", True),
    ("OF-91 verifier too long", {"code_verifier": "v" * 129}, "invalid_grant", True),
    ("OF-98 another session's verifier", {"code_verifier": "w" * 50}, "invalid_grant", False),
    ("OF-101 another resource", {"resource": "R2"}, "invalid_target", False),
    ("OF-101 both resources", {"resource": ["R", "R2"]}, "invalid_target", False),
    ("OF-101 an empty resource", {"resource": ""}, "invalid_target", False),
    ("OF-103 one letter changed", {"code": lambda c: flip(c, 20)}, "invalid_grant", True),
    ("OF-103 cut", {"code": lambda c: c[:-1]}, "invalid_grant", True),
    ("OF-103 with a blank", {"code": lambda c: c + " "}, "invalid_grant", True),
    ("OF-103 empty", {"code": lambda c: ""}, "invalid_request", True),
    ("OF-103 60 KB", {"code": lambda c: c * 1400}, "invalid_grant", True),
    ("OF-103 other case", {"code": lambda c: c.swapcase()}, "invalid_grant", True),
    ("another redirect_uri of the client", {"redirect_uri": LOOPBACK}, "invalid_grant", False),
    ("another client", {"client_id": "P2"}, "invalid_grant", True),
    ("a scope it was not approved for", {"scope": "db.admin"}, None, False),
]


@pytest.mark.expects("MCP034")
@rows(CODES)
def test_a_code_is_for_its_own_client_and_session(site, other, row):
    code = site.code()
    changes = targets(site, other, named(site, {k: v(code) if callable(v) else v for k, v in row[0].items()}))
    status, got = site.token(**{"code": code, **changes})
    if row[1] is None:
        assert got["scope"] == "customer.read"
        return
    assert status == 400 and got["error"] == row[1] and "access_token" not in got
    assert (site.token(code=code)[0] == 200) == row[2], "a near miss spends nothing, a wrong guess has no second"


def test_of101_the_resource_is_the_approved_one(site):
    token = claims(site.token(code=site.code())[1]["access_token"])
    assert token["aud"] in (site.resource, [site.resource]) and token["iss"] == site.url and token["sub"] == "alice" and token["client_id"] == site.p1
    second = site.token(code=site.code(resource=site.resource + "2"))[1]["access_token"]
    assert claims(second)["aud"] in (site.resource + "2", [site.resource + "2"]) and site.call(second) == 401


def test_of121_expires_in_is_what_the_token_says(site):
    got = site.token(code=site.code())[1]
    token = claims(got["access_token"])
    assert got["expires_in"] == token["exp"] - token["iat"] == 600 and got["scope"] == "customer.read" and abs(token["iat"] - time.time()) < 5


@pytest.mark.expects("MCP034")
def test_of96_one_of_many_at_once_gets_a_token_and_loses_it(site):
    body = lambda code: urlencode({"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER, "redirect_uri": WEB, "client_id": site.p1}).encode()
    for _ in range(5):
        form = body(site.code())
        got = together(8, lambda: json.loads(site.httpd.send("POST", "/token", [FORM], form)[2]))
        tokens = [g["access_token"] for g in got if "access_token" in g]
        assert len(tokens) == 1 and all(g.get("error", "invalid_grant") == "invalid_grant" for g in got)
        assert site.call(tokens[0]) == 401, "a code shown twice revokes what it gave, even at the same moment"


@pytest.mark.expects("MCP034")
def test_of96_a_replay_by_another_client_revokes_nothing(site):
    code = site.code()
    token = site.token(code=code)[1]["access_token"]
    assert site.token(code=code, client_id=site.p2)[1]["error"] == "invalid_grant" and site.call(token) == 200
    assert site.token(code=code, code_verifier="w" * 50)[1]["error"] == "invalid_grant" and site.call(token) == 401


@pytest.mark.parametrize("times", range(3))
def test_of106_a_crash_gives_no_second_use(folder, times):
    h = start(folder(), None)
    try:
        s = Site(h, h.port)
        s.p1 = s.register()[1]["client_id"]
        code = s.code()
        token = s.token(code=code)[1]["access_token"]
        os.killpg(h.process.pid, signal.SIGKILL)
        h.process.wait(20)
        wait_until(lambda: not listens(h.port))
        os.path.exists(h.dir + "/httpd.pid") and os.remove(h.dir + "/httpd.pid")
        h.start(open(h.conf).read())
        assert s.call(token) == 200, "the client and the key are still there"
        assert s.token(code=code)[1]["error"] == "invalid_grant" and s.call(token) == 401
    finally:
        h.stop()


# ---- Two issuers on one store ----

def test_a_client_belongs_to_its_issuer(site, other):
    assert other.register()[0] == 403, "registration is closed there"
    status, head, page = other.ask()
    assert status == 400 and not header(head, "Location"), "and another issuer's client is nobody there"
    status, error = other.token([secret(site.c1)], client_id=None, grant_type="client_credentials", resource=other.resource)
    assert status == 401 and error["error"] == "invalid_client"


def test_a_code_belongs_to_its_issuer(site, other):
    code = site.code()
    assert other.token(code=code)[1]["error"] in ("invalid_client", "invalid_grant")
    assert site.token(code=code)[0] == 200, "and it was not spent there"


def test_a_token_belongs_to_its_issuer(site, other):
    token = site.token(code=site.code())[1]["access_token"]
    assert site.call(token) == 200 and other.call(token) == 401


WEAK = basic("alice", "guessed")


@pytest.mark.parametrize("path", ["/authorize", "/token", "/register", "/jwks.json", "/.well-known/oauth-authorization-server"])
def test_a_virtual_host_without_an_issuer_is_none(httpd, site, path):
    bare = Site(httpd, httpd.bare)
    status, head, body = bare.send("GET", path + "?" + site.query(), [WEAK])
    assert status == 404 and b"issuer" not in body, "it would answer in the main server's name to whom its own login lets in"


def test_another_virtual_hosts_issuer_is_not_self(httpd, site):
    token = site.token(code=site.code())[1]["access_token"]
    assert site.call(token) == 200 and Site(httpd, httpd.bare).call(token) == 401


def test_issuers_have_keys_of_their_own(site, other):
    first, second = [json.loads(s.send("GET", "/jwks.json")[2])["keys"] for s in (site, other)]
    assert first and second and not {k["kid"] for k in first} & {k["kid"] for k in second}
    assert all(not set(k) & {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} for k in first + second)


# ---- An issuer with a path ----

class Tenant(Site):
    def send(self, method, path, *rest):
        return super().send(method, path if path.startswith(("/mcp", "/.well-known", "/a/")) else "/a/tenant" + path, *rest)


@pytest.fixture(scope="module")
def tenant(httpd):
    s = Tenant(httpd, httpd.tenant)
    s.p1 = s.register()[1]["client_id"]
    return s


def test_the_flow_below_a_path(tenant):
    _, head, _ = tenant.answer(tenant.ticket())
    got = parse_qs(urlsplit(header(head, "Location")).query)
    assert got["iss"] == [tenant.url + "/a/tenant"]
    token = tenant.token(code=got["code"][0])[1]["access_token"]
    assert claims(token)["iss"] == tenant.url + "/a/tenant" and tenant.call(token) == 200


@pytest.mark.parametrize("path,status", [
    ("/.well-known/oauth-authorization-server/a/tenant", 200), ("/.well-known/openid-configuration/a/tenant", 200), ("/a/tenant/.well-known/openid-configuration", 200),
    ("/.well-known/oauth-authorization-server", 404), ("/.well-known/oauth-authorization-server/a/tenant/", 404), ("/.well-known/oauth-authorization-server/a", 404),
    ("/.well-known/oauth-authorization-server/a/tenant;x", 404), ("/.well-known/oauth-authorization-server/a/TENANT", 404),
    ("/.well-known/oauth-authorization-server/a%2ftenant", 404), ("/.well-known/oauth-authorization-server/a/tenant%00", 404),
    # the same path in other letters: httpd itself reads them so
    ("/.well-known/oauth-authorization-server//a/tenant", 200), ("/.well-known/x/../oauth-authorization-server/a/tenant", 200),
    ("/.well-known/oauth-authorization-server/a/%74enant", 200), ("/.well-known/oauth%2dauthorization-server/a/tenant", 200),
])
def test_of143_the_right_paths_alone_answer(tenant, path, status):
    got, _, body = tenant.send("GET", path)
    assert got == status or (status == 404 and got == 400)
    if status == 200:
        assert json.loads(body)["issuer"] == tenant.url + "/a/tenant" and json.loads(body)["token_endpoint"] == tenant.url + "/a/tenant/token"


@pytest.mark.parametrize("path", ["/token", "/register", "/jwks.json", "/a/authorize", "/a/tenantauthorize", "/a/tenant/x/token", "/a/tenant/tenant/token"])
def test_nothing_answers_beside_the_path(httpd, tenant, path):
    assert Site(httpd, httpd.tenant).send("GET", path)[0] == 404


# ---- What is written down ----

def test_no_secret_is_written_down(site):
    code = site.code(state="the-state-of-this-very-session")
    token = site.token(code=code)[1]["access_token"]
    site.token([secret(site.c1)], client_id=None, grant_type="client_credentials", resource=site.resource)
    site.token(client_id=site.c2["client_id"], client_secret=site.c2["client_secret"], code="A" * 43)
    site.token([basic(site.c1["client_id"], "a-wrong-secret")], client_id=None, code="A" * 43)
    site.token(code=site.code(), code_verifier="a-wrong-verifier-" * 3)
    ticket = site.ticket()
    site.answer(ticket)
    site.answer(ticket)
    kept = site.httpd.errors(0) + "\n".join(site.httpd.audit())
    for path, _, files in os.walk(site.httpd.dir + "/state"):
        kept += "".join(open(os.path.join(path, f), "rb").read().decode("latin-1") for f in files if not f.endswith(".pem"))
    for word in (code, token, token.split(".")[2], site.c1["client_secret"], site.c2["client_secret"], "a-wrong-secret", VERIFIER,
                 "a-wrong-verifier", ticket, "the-state-of-this-very-session", "wonder"):
        assert word not in kept


# ---- What was sent is named where it was wrong, and cannot pose as anything else ----

LONG = "https://p1.example/" + "x" * 300


@rows([
    ("redirect_uri", {"redirect_uri": "https://p1.example/other"}, "redirect_uri 'https://p1.example/other' is not one the client registered"),
    ("a password in it", {"redirect_uri": "https://u:pass-word@p1.example/cb"}, "'https://...@p1.example/cb'"),
    ("line ends, blanks, quotes", {"redirect_uri": "https://p1.example/a b\r\n'\"\\"}, "'https://p1.example/a%20b%0D%0A%27%22%5C'"),
    ("long", {"redirect_uri": LONG}, "'" + LONG[:120] + "...'"),
    ("resource", {"resource": "R/"}, "the resource 'R/' is not one of this issuer; it has 'R' or 'R2'"),
    ("no resource of two", {"resource": None}, "name one as resource, as 'R' or 'R2'"),
    ("scope", {"scope": "openid profile"}, "this issuer knows no scope of 'openid%20profile'"),
    ("response_type", {"response_type": "id_token token"}, "response_type 'id_token%20token' is not code"),
    ("code_challenge_method", {"code_challenge_method": "plain"}, "code_challenge_method 'plain' is not S256"),
    ("code_challenge", {"code_challenge": None}, "code_challenge is missing"),
])
def test_the_value_that_was_sent_is_named(site, other, row):
    at, lines = len(site.httpd.errors(0)), len(site.httpd.audit())
    status, head, body = site.ask(**targets(site, other, row[0]))
    words = row[1].replace("'R2'", "'%s2'" % site.resource).replace("'R'", "'%s'" % site.resource).replace("'R/'", "'%s/'" % site.resource)
    location = header(head, "Location")
    told = parse_qs(urlsplit(location).query)["error_description"][0] if location else html.unescape(body.decode())
    assert words in told and words in json.loads(site.httpd.audit()[lines])["detail"]
    refused = site.httpd.errors(at).replace("\\\\", "\\")
    assert words in refused and "pass-word" not in refused + told


def test_a_registration_names_the_redirect_uri_that_is_wrong(site):
    lines = len(site.httpd.audit())
    status, error = site.register([WEB, "http://p1.example/cb"])
    assert status == 400 and "redirect_uris: 'http://p1.example/cb': a redirect URI with http must lead to" in error["error_description"]
    assert "'http://p1.example/cb'" in json.loads(site.httpd.audit()[lines])["detail"]


def test_the_token_endpoint_names_what_differs(site):
    error = site.token(code=site.code(), redirect_uri=WEB + "/other")[1]
    assert error["error"] == "invalid_grant" and "'%s/other' is not the one of the code" % WEB in error["error_description"]
    error = site.token(grant_type="password")[1]
    assert error["error"] == "unsupported_grant_type" and "'password'" in error["error_description"]
