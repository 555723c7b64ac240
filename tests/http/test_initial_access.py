"""Registration for those who hold an initial access token, on a real httpd."""
import concurrent.futures, hashlib, json, os
import pytest
from server import Httpd
from test_flow import CALLBACK, JSON, ask, header


class Server(Httpd):
    def begin(self, mode):
        self.tokens = os.path.join(self.dir, "tokens")
        self.write_tokens({})
        return self.start(self.config("MCPRegistration %s\nMCPInitialAccessToken tokens\n" % mode))

    def write_tokens(self, tokens):
        with open(self.tokens, "w") as f:
            f.write("# partners\n" + "".join("%s %s\n" % (hashlib.sha256(t.encode()).hexdigest(), rest) for t, rest in tokens.items()))
        os.chmod(self.tokens, 0o644)

    def register(self, token=None, **members):
        doc = {"client_name": "Tester", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", **members}
        status, head, body = self.send("POST", "/register", [JSON] + ([("Authorization", "Bearer " + token)] if token else []), json.dumps(doc).encode())
        return status, head, json.loads(body)


@pytest.fixture(scope="module")
def closed(folder):
    h = Server(folder()).begin("token")
    yield h
    h.stop()


def test_without_a_token_nobody_registers(closed):
    status, head, error = closed.register()
    assert status == 401 and header(head, "WWW-Authenticate") == "Bearer"
    assert json.loads(closed.send("GET", "/.well-known/oauth-authorization-server")[2])["registration_endpoint"] == closed.url + "/register"


def test_a_token_written_later_counts_at_once(closed):
    closed.write_tokens({"sesame": "partner uses=1 scopes=customer.write,db.admin"})
    status, _, client = closed.register("sesame", scope="customer.read customer.write db.admin")
    assert status == 201 and client["scope"] == "customer.write db.admin"
    assert json.loads(closed.audit()[-1])["user"] == "partner"
    status, head, error = closed.register("sesame")
    assert status == 401 and error["error"] == "invalid_token" and "used up" in error["error_description"]
    page = ask(closed, client["client_id"], scope="customer.read customer.write")[2]
    assert b"customer.write" in page and b"customer.read" not in page, "the ceiling holds whatever the user would approve"


def test_of_many_at_once_as_many_win_as_are_allowed(closed):
    closed.write_tokens({"crowd": "partner uses=3"})
    with concurrent.futures.ThreadPoolExecutor(10) as many:
        got = sorted(s for s, _, _ in many.map(lambda _: closed.register("crowd"), range(10)))
    assert got == [201] * 3 + [401] * 7


@pytest.mark.parametrize("rest", ["late expires=2020-01-01"])
def test_an_old_token_is_refused(closed, rest):
    closed.write_tokens({"old": rest})
    assert closed.register("old")[0] == 401


def test_a_broken_file_lets_nobody_in_and_is_logged(closed):
    with open(closed.tokens, "w") as f:
        f.write(hashlib.sha256(b"x").hexdigest() + " partner uses=many\n")
    assert closed.register("x")[0] == 503
    assert "line 1: uses= wants a number" in closed.errors(0)


def test_beside_open_registration_a_bad_token_is_not_none(folder):
    h = Server(folder()).begin("open")
    try:
        assert h.register()[0] == 201
        assert h.register("wrong")[0] == 401
    finally:
        h.stop()


def test_off_outweighs_tokens(folder):
    h = Server(folder()).begin("off")
    try:
        h.write_tokens({"sesame": "partner"})
        assert h.register("sesame")[0] == 403
        assert "registration_endpoint" not in json.loads(h.send("GET", "/.well-known/oauth-authorization-server")[2])
    finally:
        h.stop()
