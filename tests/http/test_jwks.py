"""MCPTrustIssuer ... jwks=URL: fetched when needed, once for a crowd, and 503 while there is no key set."""
import http.server, os, subprocess, threading
from concurrent.futures import ThreadPoolExecutor
import pytest
from server import Httpd, OUT

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
                     extra="StartServers 1\nServerLimit 1\nThreadsPerChild 32\nMaxRequestWorkers 32"))
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
