"""Threat: the store is gone and something is let through, or half issued, or hangs. And the flow on memcached, which may forget."""
import json, os, shutil, time
import pytest
from memcached import Memcached
from server import Httpd
from test_flow import FORM, JSON, header
from test_flow_attacks import LOGIN, WEB, Site, basic, rows, secret

DOWN = ("MCP001", "MCP002", "MCP066")
PATIENCE = 8        # seconds: how long a request may take while the store hangs


@pytest.fixture(scope="module")
def memory():
    m = Memcached().start()
    yield m
    m.stop()


@pytest.fixture(scope="module", params=["event", "prefork"])
def httpd(request, folder, memory):
    h = Httpd(folder(), request.param)
    h.start(h.config().replace("MCPStore lmdb:%s/state" % h.dir, memory.store(h.dir)))
    yield h
    h.stop()


def newcomers(httpd):
    """Two clients, and one of everything that is under way."""
    s = Site(httpd, httpd.port)
    s.p1 = s.register()[1]["client_id"]
    s.c1 = s.register(["https://c1.example/cb"], "client_secret_basic", grant_types=["authorization_code", "client_credentials"])[1]
    s.held = {"code": s.code(), "ticket": s.ticket(), "other": s.ticket(), "token": s.token(code=s.code())[1]["access_token"]}
    return s


def recovers(httpd):
    """Waits until every child uses the store again: each leaves one that failed alone for a moment."""
    in_a_row, end = 0, time.time() + 20
    while in_a_row < 20 and time.time() < end:
        in_a_row = in_a_row + 1 if Site(httpd, httpd.port).register()[0] == 201 else 0
        time.sleep(0.1)
    assert in_a_row == 20, "the store is back and nobody notices"


@pytest.fixture
def site(httpd, memory):
    recovers(httpd)
    return newcomers(httpd)


REQUESTS = {
    "POST /register": lambda s: s.send("POST", "/register", [JSON], json.dumps({"redirect_uris": [WEB], "token_endpoint_auth_method": "none"}).encode()),
    "GET /authorize": lambda s: s.ask(),
    "POST /authorize, approve": lambda s: s.answer(s.held["ticket"]),
    "POST /authorize, deny": lambda s: s.answer(s.held["other"], decision="deny"),
    "POST /token, code": lambda s: s.send("POST", "/token", [FORM], ("grant_type=authorization_code&code=%s&code_verifier=%s&client_id=%s" % (s.held["code"], "v" * 50, s.p1)).encode()),
    "POST /token, client_credentials": lambda s: s.send("POST", "/token", [FORM, secret(s.c1)], b"grant_type=client_credentials"),
    "POST /mcp": lambda s: s.httpd.call(b'{"jsonrpc":"2.0","id":1,"method":"ping"}', s.held["token"]),
}


def refuses_everything(s):
    reached = len(s.httpd.backend.seen)
    for name, request in REQUESTS.items():
        begun = time.time()
        status, head, body = request(s)
        assert status == 503 and int(header(head, "Retry-After")) > 0, name
        assert not header(head, "Location") and time.time() - begun < PATIENCE, name
        assert not any(w in body for w in (b"client_id", b"client_secret", b"access_token", b"<form", b'"result"')), name
        assert header(head, "Cache-Control") == "no-store" or name == "POST /mcp", name
    assert len(s.httpd.backend.seen) == reached
    assert s.send("GET", "/.well-known/oauth-authorization-server")[0] == 200 and s.send("GET", "/jwks.json")[0] == 200
    assert s.httpd.call(b'{"jsonrpc":"2.0","id":1,"method":"ping"}', s.httpd.token("customer.read"))[0] == 200, "another issuer's tokens need no store of ours"


@pytest.mark.expects(*DOWN)
def test_killed(httpd, memory, site):
    refused = len(httpd.audit())
    memory.stop()
    try:
        refuses_everything(site)
        new = [json.loads(l) for l in httpd.audit()[refused:]]
        assert [(l["outcome"], l["reason"]) for l in new[:7]] == [("refused", "unavailable")] * 7
    finally:
        memory.start()


@pytest.mark.expects(*DOWN)
def test_frozen_and_thawed(httpd, memory, site):
    memory.freeze()
    try:
        refuses_everything(site)
    finally:
        memory.thaw()
    recovers(httpd)
    assert site.token(code=site.held["code"])[0] == 200, "what was under way goes on: nothing was half done"
    assert site.answer(site.held["ticket"])[0] == 303 and site.answer(site.held["other"])[0] == 303
    assert site.call(site.held["token"]) == 200


@pytest.mark.expects(*DOWN)
def test_what_memcached_forgot_is_refused(httpd, memory, site):
    memory.stop()
    memory.start()
    recovers(httpd)
    assert site.ask()[0] == 400
    assert site.answer(site.held["ticket"])[0] == 400 and site.answer(site.held["other"], decision="deny")[0] == 400
    assert site.token(code=site.held["code"])[1]["error"] == "invalid_client"
    assert site.token([secret(site.c1)], client_id=None, grant_type="client_credentials")[1]["error"] == "invalid_client"
    assert newcomers(httpd).call(site.held["token"]) == 200, "only what a revocation said is forgotten too"


@pytest.mark.expects("MCP034", *DOWN)
def test_the_flow_on_memcached(httpd, site):
    got = site.token(code=site.held["code"])[1]
    assert got["scope"] == "customer.read" and site.call(got["access_token"]) == 200
    assert site.token(code=site.held["code"])[1]["error"] == "invalid_grant" and site.call(got["access_token"]) == 401
    assert site.answer(site.held["ticket"])[0] == 303 and site.answer(site.held["ticket"])[0] == 400
    got = site.token([secret(site.c1)], client_id=None, grant_type="client_credentials")[1]
    assert site.call(got["access_token"]) == 200


def test_down_from_the_start(folder):
    m = Memcached()
    h = Httpd(folder())
    h.start(h.config().replace("MCPStore lmdb:%s/state" % h.dir, m.store(h.dir)))
    s = Site(h, h.port)
    try:
        assert s.register()[0] == 503
        m.start()
        recovers(h)
        assert newcomers(h).call
    finally:
        h.stop()
        m.stop()


def test_lmdb_that_cannot_be_opened(folder):
    h = Httpd(folder())
    os.makedirs(h.dir + "/state/data.mdb")
    shutil.chown(h.dir + "/state", "www-data")
    shutil.chown(h.dir + "/state/data.mdb", "www-data")
    h.start()
    s = Site(h, h.port)
    s.p1 = "x"
    try:
        for status, head, body in (s.send("POST", "/register", [JSON], b'{"redirect_uris":["https://p1.example/cb"]}'), s.ask(),
                                   s.answer("AAAA"), s.send("POST", "/token", [FORM, basic("x", "y")], b"grant_type=client_credentials")):
            assert status == 503 and int(header(head, "Retry-After")) > 0 and b"client_id" not in body
        assert "MCP066" in h.errors(0)
    finally:
        h.stop()
