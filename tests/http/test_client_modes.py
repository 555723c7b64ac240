"""Clients that carry their own record (MCPClientIdMode sealed) and clients that register again and again (MCPRegistrationDedupe)."""
import concurrent.futures, json, time
import pytest
from server import Httpd
from test_flow import approve, ask, exchange, header, register
from test_management import manage

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'


@pytest.fixture(scope="module")
def sealed(folder):
    h = Httpd(folder())
    h.start(h.config("MCPClientIdMode sealed\n"))
    yield h
    h.stop()


@pytest.fixture(scope="module")
def shared(folder):
    h = Httpd(folder())
    h.start(h.config("MCPRegistrationDedupe on\n"))
    yield h
    h.stop()


def token_of(httpd, client):
    code = approve(httpd, ask(httpd, client["client_id"])[2].decode())[1]["code"][0]
    status, token = exchange(httpd, client["client_id"], code)
    assert status == 200
    return token["access_token"]


def test_a_sealed_client_completes_the_flow(sealed):
    client = register(sealed)[1]
    assert client["client_id"].startswith("s.")
    assert sealed.call(PING, token_of(sealed, client))[0] == 200


def test_a_changed_one_is_unknown(sealed):
    client = register(sealed)[1]["client_id"]
    for other in (client[:-1], client[:40] + ("A" if client[40] != "A" else "B") + client[41:], "s.AAAA"):
        status, head, _ = ask(sealed, other)
        assert status == 400 and not header(head, "Location")


def test_a_sealed_client_reads_and_removes_itself(sealed):
    client = register(sealed)[1]
    assert manage(sealed, "GET", client)[2]["client_name"] == "Tester"
    status, head, _ = manage(sealed, "PUT", client, {"client_id": client["client_id"], "redirect_uris": client["redirect_uris"], "token_endpoint_auth_method": "none"})
    assert status == 405 and header(head, "Allow") == "GET, DELETE"
    assert manage(sealed, "DELETE", client)[0] == 204
    assert ask(sealed, client["client_id"])[0] == 400


def test_they_outlive_a_restart_until_a_time_is_given_up(folder):
    h = Httpd(folder())
    h.start(h.config("MCPClientIdMode sealed\n"))
    try:
        client = register(h)[1]
        h.stop()
        h.start(h.config("MCPClientIdMode sealed\n"))
        assert ask(h, client["client_id"])[0] == 200
        h.stop()
        h.start(h.config("MCPClientIdMode sealed not-before=%d\n" % (time.time() + 1)))
        assert ask(h, client["client_id"])[0] == 400
        time.sleep(2)
        assert ask(h, register(h)[1]["client_id"])[0] == 200
    finally:
        h.stop()


def test_the_same_registration_is_the_same_client(shared):
    one, two = register(shared)[1], register(shared)[1]
    assert one["client_id"] == two["client_id"] and one["client_id_issued_at"] == two["client_id_issued_at"]
    assert "registration_access_token" not in one and "registration_access_token" not in two, "nobody may change what several share"
    assert register(shared, client_name="Other")[1]["client_id"] != one["client_id"]
    secrets = [register(shared, token_endpoint_auth_method="client_secret_post")[1] for _ in range(2)]
    assert secrets[0]["client_id"] != secrets[1]["client_id"] and secrets[0]["client_secret"] != secrets[1]["client_secret"]
    assert ask(shared, one["client_id"])[0] == 200


def test_many_at_once_are_one(shared):
    with concurrent.futures.ThreadPoolExecutor(12) as many:
        got = {c[1]["client_id"] for c in many.map(lambda _: register(shared, client_name="Crowd"), range(12))}
    assert len(got) == 1 and ask(shared, got.pop())[0] == 200


@pytest.mark.parametrize("line,words", [
    ("MCPMaxClients 0", "from 1 to"), ("MCPMaxClients many", "from 1 to"), ("MCPClientIdMode open", "stored, or sealed"), ("MCPClientIdMode stored key=x", "takes no options"), ("MCPClientIdMode sealed key=no.such", "no.such cannot be read"),
    ("MCPClientIdMode sealed key=users", "chmod 600"), ("MCPClientIdMode sealed not-before=today", "seconds since 1970"), ("MCPClientIdMode sealed x=y", "is neither"),
    ("MCPRegistrationDedupe on\nMCPClientIdMode sealed", "MCPClientIdMode stored"),
])
def test_misspelt_directives_stop_configtest(scratch, line, words):
    code, out = scratch.configtest(scratch.config(extra=line))
    assert code and words in out


def test_the_cap_is_503_while_all_are_young(folder):
    h = Httpd(folder())
    h.start(h.config("MCPMaxClients 2\n"))
    try:
        one, two = register(h)[1], register(h)[1]
        status, head, body = h.send("POST", "/register", [("Content-Type", "application/json")], json.dumps({"redirect_uris": ["http://127.0.0.1/cb"], "token_endpoint_auth_method": "none"}).encode())
        assert status == 503 and header(head, "Retry-After") and json.loads(body)["error"] == "temporarily_unavailable"
        assert h.call(PING, token_of(h, one))[0] == 200
        assert manage(h, "DELETE", two)[0] == 204
        assert register(h)[0] == 201, "the seat of one that left is free"
    finally:
        h.stop()
