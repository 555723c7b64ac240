"""MCPTrustIssuer ... jwks=URL: fetched when needed, once for a crowd, and 503 while there is no key set."""
import base64, http.server, json, os, subprocess, threading, time, urllib.parse
from concurrent.futures import ThreadPoolExecutor
import pytest
from server import Httpd, OUT

ONE_PROCESS = "StartServers 1\nServerLimit 1\nThreadsPerChild 32\nMaxRequestWorkers 32"
PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'


class KeyServer:
    def __init__(self):
        self.answer, self.asked = None, 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked += 1
                self.send_response(200 if outer.answer else 500)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write((outer.answer or "{}").encode())

            def log_message(self, *args):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/jwks.json" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def mint(*args):
    return subprocess.run([OUT + "/tools/mint", *args], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def remote(folder):
    """An httpd of one process that trusts https://remote.test by URL, the key server, and a token of that issuer."""
    keys, h = KeyServer(), Httpd(folder())
    key = os.path.join(h.dir, "remote.pem")
    jwks = mint(key, "jwks")
    h.start(h.config(location="  MCPTrustIssuer https://remote.test jwks=" + keys.url,
                     extra=ONE_PROCESS))
    yield h, keys, jwks, mint(key, "https://remote.test", h.url + "/mcp", "alice", "tester", "customer.read", "600")
    h.stop()


def test_keys_come_by_url_once_for_a_crowd(remote):
    h, keys, jwks, token = remote
    keys.answer = jwks
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: h.call(PING, token)[0], range(48)))
    assert answers == [200] * 48 and keys.asked == 1


def test_no_keys_is_503_with_retry_after_and_no_storm(remote):
    h, keys, _, token = remote
    answers = [h.call(PING, token) for _ in range(5)]
    assert [a[0] for a in answers] == [503] * 5 and all("Retry-After" in a[1] for a in answers) and keys.asked == 1
    assert h.call(PING, h.token("customer.read"))[0] == 200, "other issuers go on"


def test_a_token_of_a_key_that_is_not_in_the_set_is_refused(remote):
    h, keys, _, token = remote
    keys.answer = mint(os.path.join(h.dir, "other.pem"), "jwks")
    assert h.call(PING, token)[0] == 401
    assert [h.call(PING, token)[0] for _ in range(5)] == [401] * 5 and keys.asked == 1


# ---- discovery and introspection ----

class Issuer:
    """An issuer on loopback: documents by path, and an introspection endpoint that answers what it is told to."""

    def __init__(self):
        self.documents, self.introspection, self.asked = {}, lambda form, headers: None, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def reply(self, body):
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(body or {}).encode())

            def do_GET(self):
                outer.asked.append(self.path)
                self.reply(outer.documents.get(self.path))

            def do_POST(self):
                form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                outer.asked.append(form)
                self.reply(outer.introspection(form, self.headers))

            def log_message(self, *args):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/realm" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def issuer(folder):
    """An httpd that trusts the issuer by its name alone and asks another line of it about opaque tokens."""
    i, h = Issuer(), Httpd(folder(), dcr=False)
    with open(os.path.join(h.dir, "secret"), "w") as f:
        f.write("s3cret\n")
    i.key = os.path.join(h.dir, "remote.pem")
    i.jwks = json.loads(mint(i.key, "jwks"))
    h.start(h.config(location="  MCPTrustIssuer %s\n  MCPTrustIssuer https://opaque.test introspect=%s/introspect client=gate secret=file:secret" % (i.url, i.url),
                     extra=ONE_PROCESS))
    yield h, i, mint(i.key, i.url, h.url + "/mcp", "alice", "tester", "customer.read", "600")
    h.stop()


@pytest.mark.parametrize("path", ["/.well-known/oauth-authorization-server/realm", "/realm/.well-known/openid-configuration", "/.well-known/openid-configuration/realm"])
def test_keys_are_found_by_the_issuers_metadata(issuer, path):
    h, i, token = issuer
    i.documents = {path: {"issuer": i.url, "jwks_uri": i.url + "/keys"}, "/realm/keys": i.jwks}
    assert h.call(PING, token)[0] == 200 and h.call(PING, token)[0] == 200
    assert i.asked.count("/realm/keys") == 1


@pytest.mark.expects("MCP053", "MCP002")
@pytest.mark.parametrize("change", [{"issuer": "https://other.test"}, {"jwks_uri": "http://public.test/keys"}, {"jwks_uri": None}, {"jwks_uri": "file:///etc/passwd"}])
def test_metadata_of_another_issuer_or_without_a_good_uri_are_refused(issuer, change):
    h, i, token = issuer
    i.documents = {"/.well-known/oauth-authorization-server/realm": {"issuer": i.url, "jwks_uri": i.url + "/keys", **change}, "/realm/keys": i.jwks}
    assert h.call(PING, token)[0] == 503 and "MCP053" in h.errors(0)


def test_opaque_tokens_are_asked_about_once(issuer):
    h, i, _ = issuer

    def answer(form, headers):
        if headers["Authorization"] != "Basic " + base64.b64encode(b"gate:s3cret").decode():
            return None
        if form["token"] == "elsewhere":
            return {"active": True, "aud": "https://other.test", "sub": "alice", "exp": int(time.time()) + 60}
        return {"active": form["token"] == "good", "aud": h.url + "/mcp", "sub": "alice", "client_id": "c", "scope": "customer.read", "exp": int(time.time()) + 60, "region": "eu"}
    i.introspection = answer
    read = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_customer_record"}}'
    assert [h.call(read, "good")[0] for _ in range(3)] == [200] * 3 and len(i.asked) == 1
    assert h.call(read.replace(b"read_customer_record", b"delete_table"), "good")[0] == 403
    assert [h.call(read, t)[0] for t in ("bad", "elsewhere")] == [401, 401]
    assert json.loads(h.audit()[0])["user"] == "alice"
