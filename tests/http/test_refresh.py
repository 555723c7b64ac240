"""Threat: on a live server a refresh token outlives what its user, its client or its first use allowed."""
import json, threading, time
from urllib.parse import parse_qs, urlencode, urlsplit
import pytest
from memcached import Memcached
from server import Httpd
from test_flow import CALLBACK, FORM, JSON, LOGIN, VERIFIER, ask, exchange, fields, header, register

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'


@pytest.fixture(scope="module", params=["lmdb", "memcache"])
def httpd(request, folder):
    memory = Memcached().start() if request.param == "memcache" else None
    h = Httpd(folder())
    text = h.config()
    if memory:
        text = text.replace("MCPStore lmdb:%s/state" % h.dir, "MCPStore memcache:127.0.0.1:%d" % memory.port)
    h.start(text)
    while "resuming normal operations" not in h.errors(0):      # until then it warns that keys are made beside memcached
        time.sleep(0.02)
    yield h
    h.stop()
    if memory:
        memory.stop()


def approve(httpd, page, scopes, offline):
    form = [("ticket", fields(page)), ("decision", "approve")] + [("scope", s) for s in scopes] + ([("offline", "1")] if offline else [])
    head = httpd.send("POST", "/authorize", [LOGIN, FORM, ("Origin", httpd.url), ("Sec-Fetch-Site", "same-origin")], urlencode(form).encode())[1]
    return parse_qs(urlsplit(header(head, "Location")).query)["code"][0]


def offline_client(httpd, **members):
    return register(httpd, grant_types=["authorization_code", "refresh_token"], **members)[1]


def begin(httpd, client, scope="customer.read customer.write offline_access", offline=True):
    page = ask(httpd, client, scope=scope)[2].decode()
    return exchange(httpd, client, approve(httpd, page, [s for s in scope.split() if s != "offline_access"], offline))[1]


def refresh(httpd, client, token, **changes):
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": client, **changes}
    status, head, body = httpd.send("POST", "/token", [FORM], urlencode(form).encode())
    assert header(head, "Cache-Control") == "no-store"
    return status, json.loads(body)


def test_granted_and_announced(httpd):
    doc = json.loads(httpd.send("GET", "/.well-known/oauth-authorization-server")[2])
    assert "refresh_token" in doc["grant_types_supported"] and "offline_access" in doc["scopes_supported"]
    assert offline_client(httpd)["grant_types"] == ["authorization_code", "refresh_token"]
    resource = json.loads(httpd.send("GET", "/.well-known/oauth-protected-resource/mcp")[2])
    assert "offline_access" not in resource["scopes_supported"]


def test_rotation_and_narrowing(httpd):
    client = offline_client(httpd)["client_id"]
    one = begin(httpd, client)
    status, two = refresh(httpd, client, one["refresh_token"], scope="customer.read")
    assert status == 200 and two["scope"] == "customer.read" and two["refresh_token"] != one["refresh_token"]
    status, three = refresh(httpd, client, two["refresh_token"])
    assert status == 200 and three["scope"] == "customer.read customer.write", "OF-113: the grant was kept"
    for t in (one, two, three):
        assert httpd.call(PING, t["access_token"])[0] == 200


@pytest.mark.expects("MCP034")
def test_of108_reuse_ends_the_family(httpd):
    client = offline_client(httpd)["client_id"]
    one = begin(httpd, client)
    two = refresh(httpd, client, one["refresh_token"])[1]
    status, error = refresh(httpd, client, one["refresh_token"])
    assert (status, error["error"]) == (400, "invalid_grant")
    assert refresh(httpd, client, two["refresh_token"])[1]["error"] == "invalid_grant"
    for t in (one, two):
        assert httpd.call(PING, t["access_token"])[0] == 401
    line = json.loads([l for l in httpd.audit() if client in l and '"refused"' in l][0])
    assert line["reason"] == "bad_grant" and "revoked" in line["detail"]


@pytest.mark.expects("MCP034")
def test_a_code_shown_again_ends_the_family(httpd):
    client = offline_client(httpd)["client_id"]
    code = approve(httpd, ask(httpd, client, scope="customer.read offline_access")[2].decode(), ["customer.read"], True)
    one = exchange(httpd, client, code)[1]
    two = refresh(httpd, client, one["refresh_token"])[1]
    assert exchange(httpd, client, code)[0] == 400
    assert httpd.call(PING, two["access_token"])[0] == 401 and refresh(httpd, client, two["refresh_token"])[0] == 400


def test_of111_never_wider(httpd):
    client = offline_client(httpd)["client_id"]
    token = begin(httpd, client, "customer.read offline_access")["refresh_token"]
    for scope in ("customer.read customer.write", "db.admin", "customer.read root"):
        assert refresh(httpd, client, token, scope=scope)[1]["error"] == "invalid_scope"
    assert refresh(httpd, client, token, resource="https://other.test/mcp")[1]["error"] == "invalid_target"
    assert refresh(httpd, client, token)[0] == 200, "a refused request spends nothing"


def test_of116_a_token_is_what_it_is(httpd):
    client = offline_client(httpd)["client_id"]
    one = begin(httpd, client)
    assert refresh(httpd, client, one["access_token"])[1]["error"] == "invalid_grant"
    assert httpd.call(PING, one["refresh_token"])[0] == 401


def test_another_client_cannot_use_it(httpd):
    client, thief = offline_client(httpd)["client_id"], offline_client(httpd)["client_id"]
    token = begin(httpd, client)["refresh_token"]
    assert refresh(httpd, thief, token)[1]["error"] == "invalid_grant"
    assert refresh(httpd, client, token)[0] == 200


def test_only_with_registration_request_and_consent(httpd):
    plain, client = register(httpd)[1]["client_id"], offline_client(httpd)["client_id"]
    assert "refresh_token" not in begin(httpd, plain)
    assert "refresh_token" not in begin(httpd, client, "customer.read")
    assert "refresh_token" not in begin(httpd, client, offline=False)
    assert b'name="offline"' not in ask(httpd, client)[2] and b'name="offline"' in ask(httpd, client, scope="offline_access")[2]


@pytest.mark.expects("MCP034")
def test_of_many_at_once_one_wins(httpd):
    client = offline_client(httpd)["client_id"]
    for _ in range(5):
        token, answers = begin(httpd, client)["refresh_token"], []
        start = threading.Barrier(8)

        def use():
            start.wait()
            answers.append(refresh(httpd, client, token))
        threads = [threading.Thread(target=use) for _ in range(8)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        won = [a for s, a in answers if s == 200]
        assert len(won) <= 1 and len(answers) == 8 and all(a["error"] == "invalid_grant" for s, a in answers if s != 200)
        for a in won:
            assert refresh(httpd, client, a["refresh_token"])[0] == 400 and httpd.call(PING, a["access_token"])[0] == 401


def test_policies(folder):
    h = Httpd(folder())
    h.start(h.config() + "\nMCPRefreshTokens registered\nMCPRefreshTokenTTL 4 2\n")
    try:
        client = offline_client(h)["client_id"]
        one = begin(h, client, "customer.read")
        assert refresh(h, client, one["refresh_token"])[0] == 200
    finally:
        h.stop()
    h = Httpd(folder())
    h.start(h.config() + "\nMCPRefreshTokens off\n")
    try:
        client = offline_client(h)
        assert client["grant_types"] == ["authorization_code"]
        assert "refresh_token" not in begin(h, client["client_id"])
        assert refresh(h, client["client_id"], "x")[1]["error"] == "unsupported_grant_type"
    finally:
        h.stop()


@pytest.mark.parametrize("line", ["MCPRefreshTokens sometimes", "MCPRefreshTokenTTL 60 61", "MCPRefreshTokenTTL x", "MCPRefreshTokenTTL 60 0", 'MCPScope offline_access "x"'])
def test_wrong_lines_stop_httpd(scratch, line):
    code, said = scratch.configtest(scratch.config() + "\n" + line + "\n")
    assert code and line.split()[0] in said
