"""Clients that name themselves by the URL of their metadata (Client ID Metadata Documents). The site they come from is hostile where a test says so."""
import concurrent.futures, gzip, json, re, time
import pytest
from server import Httpd
from site_of_strangers import Site, answer
from test_flow import CALLBACK, FORM, LOGIN, approve, ask, exchange, header
from urllib.parse import parse_qs, urlencode, urlsplit

PAUSE = 15


def document(url, **members):
    doc = {"client_id": url, "client_name": "Stranger", "redirect_uris": ["http://127.0.0.1/callback", "https://app.example.com/cb"],
           "token_endpoint_auth_method": "none", "grant_types": ["authorization_code"], "response_types": ["code"], **members}
    return json.dumps({k: v for k, v in doc.items() if v is not None}).encode()


class Pair:
    """An authorization server that takes documents, and a site."""

    def __init__(self, folder):
        h = self.httpd = Httpd(folder())
        self.site = Site(h.dir)
        extra = "MCPClientIdDocuments on deny=evil.localhost\n" + "".join("MCPInternalHost %s:%d ca=ca.pem\n" % (n, self.site.port) for n in ("app.localhost", "evil.localhost"))
        h.start(h.config(extra))
        self.count = 0

    def publish(self, body=None, path=None, **how):
        """A new URL with that answer; body: a function of the URL, or bytes."""
        self.count += 1
        path = path or "/c%d.json" % self.count
        url = self.site.url(path)
        body = document(url) if body is None else body(url) if callable(body) else body
        self.site.pages[path] = how.pop("raw", None) or answer(body, **how)
        return url, path


def begin_what_takes_time(pair):
    """A document that may not be kept, and one that is not there yet: the last tests of this file come back to them."""
    def changed(text):
        if '\r\nIf-None-Match: "v1"\r\n' in text:
            return b'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\nCache-Control: max-age=600\r\nConnection: close\r\n\r\n'
        return answer(b"", status="500 No")
    pair.etag, _ = pair.publish(path="/etag.json", headers=["Cache-Control: no-store", 'ETag: "v1"'])
    assert ask(pair.httpd, pair.etag)[0] == 200
    pair.site.pages["/etag.json"] = changed
    pair.late, _ = pair.publish(path="/late.json", status="500 Oops")
    assert ask(pair.httpd, pair.late)[0] == 400
    pair.site.pages["/late.json"] = answer(document(pair.late))
    pair.began = time.time()


def wait_until(pair, seconds):
    time.sleep(max(0, pair.began + seconds - time.time()))


@pytest.fixture(scope="module")
def pair(folder):
    p = Pair(folder)
    begin_what_takes_time(p)
    yield p
    p.httpd.stop()


def test_announced(pair, httpd):
    doc = json.loads(pair.httpd.send("GET", "/.well-known/oauth-authorization-server")[2])
    assert doc["client_id_metadata_document_supported"] is True
    assert "client_id_metadata_document_supported" not in json.loads(httpd.send("GET", "/.well-known/oauth-authorization-server")[2])


def test_a_failure_is_not_repeated_at_once(pair):
    if time.time() - pair.began < PAUSE - 2:
        assert ask(pair.httpd, pair.late)[0] == 400 and pair.site.asked("/late.json") == 1


def test_a_document_is_kept_a_minute_at_least(pair):
    assert ask(pair.httpd, pair.etag)[0] == 200 and pair.site.asked("/etag.json") == 1


def test_whole_flow_by_url(pair):
    url, path = pair.publish()
    status, _, page = ask(pair.httpd, url)
    assert status == 200 and b"Stranger" in page and b"app.localhost" in page
    answer_, = [approve(pair.httpd, page.decode())]
    assert answer_[0] == 303
    status, token = exchange(pair.httpd, url, answer_[1]["code"][0])
    assert status == 200
    call = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_customer_record","arguments":{}}}'
    assert pair.httpd.call(call, token["access_token"])[0] == 200
    assert pair.site.asked(path) == 1, "one document for one flow"
    sni, text = pair.site.seen[-1]
    assert sni == "app.localhost" and "\r\nHost: app.localhost:%d\r\n" % pair.site.port in text
    assert "cookie" not in text.lower() and "authorization" not in text.lower()


def test_any_port_on_loopback_matches(pair):
    url, _ = pair.publish(lambda u: document(u, redirect_uris=["http://localhost/callback", "http://127.0.0.1/callback"]))
    status, _, page = ask(pair.httpd, url, redirect_uri="http://127.0.0.1:34567/callback")
    assert status == 200 and b"its website cannot tell whether it is genuine" in page
    assert ask(pair.httpd, url, redirect_uri="https://evil.test/cb")[0] == 400


def test_grants_that_are_not_served_are_left_out(pair):
    url, _ = pair.publish(lambda u: document(u, grant_types=["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code", "implicit"],
                                             response_types=["code", "token"], software_statement=None, trusted=True, skip_consent=True))
    assert ask(pair.httpd, url)[0] == 200


def test_client_credentials_are_never_for_a_document(pair):
    url, _ = pair.publish(lambda u: document(u, grant_types=["authorization_code", "client_credentials"]))
    assert ask(pair.httpd, url)[0] == 200
    status, _, body = pair.httpd.send("POST", "/token", [FORM], urlencode({"grant_type": "client_credentials", "client_id": url}).encode())
    assert status == 400 and json.loads(body)["error"] == "unauthorized_client"


def test_more_credentials_than_none_are_refused(pair):
    url, _ = pair.publish()
    assert ask(pair.httpd, url)[0] == 200
    for more in ({"client_secret": "s"}, {"client_assertion": "a.b.c", "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}):
        status, error = exchange(pair.httpd, url, "x" * 43, **more)
        assert status == 401 and error["error"] == "invalid_client"


REFUSED = [
    ("another client_id", lambda u: document(u + "x"), {}),
    ("client_id in other case", lambda u: document(u.replace("app", "App")), {}),
    ("no client_id", lambda u: document(u, client_id=None), {}),
    ("client_id twice", lambda u: document(u)[:-1] + b',"client_id":"' + u.encode() + b'"}', {}),
    ("html", b"<!doctype html>", {"type": "text/html"}),
    ("json as text", None, {"type": "text/plain"}),
    ("no media type", None, {"type": None}),
    ("two media types", None, {"headers": ["Content-Type: text/html"]}),
    ("another charset", None, {"type": "application/json; charset=utf-16"}),
    ("utf-16", lambda u: document(u).decode().encode("utf-16"), {}),
    ("no json", b"{", {}),
    ("status 201", None, {"status": "201 Created"}),
    ("status 203", None, {"status": "203 Non-Authoritative Information"}),
    ("status 206", None, {"status": "206 Partial Content", "headers": ["Content-Range: bytes 0-99/100"]}),
    ("status 304 unasked", None, {"status": "304 Not Modified"}),
    ("status 404", None, {"status": "404 Not Found"}),
    ("status 500", None, {"status": "500 Internal Server Error"}),
    ("too large", lambda u: document(u) + b" " * 5120, {}),
    ("a length that lies upwards", None, {"length": 100000000}),
    ("a length that lies a little", None, {"length": 4000}),
    ("compressed", lambda u: gzip.compress(document(u)), {"headers": ["Content-Encoding: gzip"]}),
    ("client_secret", lambda u: document(u, client_secret="s"), {}),
    ("client_secret_basic", lambda u: document(u, token_endpoint_auth_method="client_secret_basic"), {}),
    ("a redirect to script", lambda u: document(u, redirect_uris=["javascript:alert(1)"]), {}),
    ("no redirect", lambda u: document(u, redirect_uris=[]), {}),
]


# The host's budget of a minute is smaller than this list, so half of it runs on a server of its own.
@pytest.mark.parametrize("half", [0, 1])
def test_what_is_no_document_is_refused_on_a_page(folder, half):
    pair = Pair(folder)
    try:
        for name, body, how in REFUSED[half::2]:
            url, path = pair.publish(body, **dict(how))
            status, head, page = ask(pair.httpd, url)
            assert status == 400 and not header(head, "Location"), name
            assert pair.site.asked(path) == 1, name
            assert b"answered" not in page and b"500" not in page.replace(b"MCP", b""), name
    finally:
        pair.httpd.stop()


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_redirects_are_not_followed(pair, code):
    good, good_path = pair.publish()
    url, path = pair.publish(raw=answer(b"", status="%d Moved" % code, headers=["Location: " + good]))
    assert ask(pair.httpd, url)[0] == 400
    assert pair.site.asked(path) == 1 and not pair.site.asked(good_path)


def test_nothing_is_asked_for_a_bad_shape(pair):
    before, port = pair.site.connections, pair.site.port
    for url in ("http://app.localhost:%d/c.json" % port, "https://app.localhost:%d" % port, "https://app.localhost:%d/" % port,
                "https://app.localhost:%d/a/../c.json" % port, "https://app.localhost:%d/%%2e%%2e/c.json" % port,
                "https://u@app.localhost:%d/c.json" % port, "https://@app.localhost:%d/c.json" % port, "https://app.localhost:%d/c.json#f" % port,
                "https://app.localhost:%d/c.json?q" % port, "https://APP.localhost:%d/c.json" % port, "https://127.0.0.1:%d/c.json" % port,
                "https://127.1:%d/c.json" % port, "https://2130706433:%d/c.json" % port, "https://[::1]:%d/c.json" % port,
                "https://app.localhost.:%d/c.json" % port, "https://localhost:%d/c.json" % port, "https://evil.localhost:%d/c.json" % port):
        status, head, _ = ask(pair.httpd, url)
        assert status == 400 and not header(head, "Location"), url
        status, error = exchange(pair.httpd, url, "x" * 43)
        assert status == 401 and error["error"] == "invalid_client", url
    assert pair.site.connections == before


def test_a_host_inside_is_one_the_administrator_named(folder):
    h = Httpd(folder())
    site = Site(h.dir)
    site.pages["/c.json"] = answer(document(site.url("/c.json")))
    h.start(h.config("MCPClientIdDocuments on\n"))
    try:
        assert ask(h, site.url("/c.json"))[0] == 400
        assert site.connections == 0
    finally:
        h.stop()


def test_a_foreign_authority_is_not_trusted(folder):
    h = Httpd(folder())
    site = Site(h.dir)
    site.pages["/c.json"] = answer(document(site.url("/c.json")))
    h.start(h.config("MCPClientIdDocuments on\nMCPInternalHost app.localhost:%d\n" % site.port))
    try:
        assert ask(h, site.url("/c.json"))[0] == 400
        assert not site.seen
    finally:
        h.stop()


def test_a_crowd_causes_one_fetch(pair):
    def slow(text):
        time.sleep(0.7)
        return answer(document(pair.site.url("/crowd.json")))
    url, path = pair.publish(b"", path="/crowd.json", raw=slow)
    with concurrent.futures.ThreadPoolExecutor(16) as many:
        assert [a[0] for a in many.map(lambda _: ask(pair.httpd, url), range(16))] == [200] * 16
    assert pair.site.asked(path) == 1


def test_a_host_that_never_answers_costs_its_budget_alone(pair):
    url, _ = pair.publish(b"", raw=lambda text: time.sleep(8) or b"")
    started = time.time()
    assert ask(pair.httpd, url)[0] == 400
    assert time.time() - started < 5


def test_budget_of_a_host_and_known_clients_go_on(folder):
    pair = Pair(folder)
    try:
        known, _ = pair.publish()
        assert ask(pair.httpd, known)[0] == 200
        got = [ask(pair.httpd, pair.site.url("/flood%d" % i)) for i in range(25)]
        assert [g[0] for g in got[:19]] == [400] * 19 and {g[0] for g in got[20:]} == {429}
        assert header(got[-1][1], "Retry-After")
        assert pair.site.connections == 20
        assert ask(pair.httpd, known)[0] == 200
    finally:
        pair.httpd.stop()


def test_redirects_that_change_after_consent_gain_nothing(pair):
    """The code is bound to the redirect URI that the user saw; a new list adds no target to an old approval."""
    url, path = pair.publish()
    page = ask(pair.httpd, url)[2].decode()
    code = approve(pair.httpd, page)[1]["code"][0]
    pair.site.pages[path] = answer(document(url, redirect_uris=["https://evil.test/cb"]))
    status, error = exchange(pair.httpd, url, code, redirect_uri="https://evil.test/cb")
    assert status == 400 and error["error"] == "invalid_grant"


def test_redirects_can_be_tied_to_the_origin(folder):
    h = Httpd(folder())
    site = Site(h.dir)
    h.start(h.config("MCPClientIdDocuments on redirects=origin\nMCPInternalHost app.localhost:%d ca=ca.pem\n" % site.port))
    try:
        for path, uri, status in (("/a", "https://other.example/cb", 400), ("/b", site.url("/cb"), 200), ("/c", CALLBACK, 200)):
            site.pages[path] = answer(document(site.url(path), redirect_uris=[uri]))
            assert ask(h, site.url(path), redirect_uri=uri)[0] == status, uri
    finally:
        h.stop()


def test_only_domains_that_are_let_in(folder):
    h = Httpd(folder())
    site = Site(h.dir)
    hosts = "".join("MCPInternalHost %s:%d ca=ca.pem\n" % (n, site.port) for n in ("app.localhost", "evil.localhost"))
    h.start(h.config("MCPClientIdDocuments on allow=app.localhost\n" + hosts))
    try:
        for host, status in (("app.localhost", 200), ("evil.localhost", 400)):
            url = site.url("/c.json", host)
            site.pages["/c.json"] = answer(document(url))
            assert ask(h, url)[0] == status
        assert site.connections == 1
    finally:
        h.stop()


def test_the_log_says_why_and_the_page_does_not(pair):
    at = len(pair.httpd.errors(0))
    url, _ = pair.publish(status="418 I am a teapot")
    page = ask(pair.httpd, url)[2]
    assert b"418" not in page and b"could not be used" in page
    assert "its host answered 418" in pair.httpd.errors(at)


def test_an_author_is_told_what_is_wrong_with_his_document(pair):
    url, _ = pair.publish(lambda u: document(u, redirect_uris=["http://app.example.com/cb"]))
    assert b"redirect_uris" in ask(pair.httpd, url)[2]


@pytest.mark.parametrize("line,words", [
    ("MCPClientIdDocuments maybe", "on or off"), ("MCPClientIdDocuments off allow=a.b", "takes no options"), ("MCPClientIdDocuments on allow=*", "is no domain"),
    ("MCPClientIdDocuments on allow=Example.com", "lower case"), ("MCPClientIdDocuments on deny=a.example.", "is no domain"),
    ("MCPClientIdDocuments on redirects=any", "is none of"), ("MCPInternalHost 10.0.0.1", "is an address"), ("MCPInternalHost wiki.test/x", "is not HOST"),
    ("MCPInternalHost wiki.test ca=no.pem", "no.pem"), ("MCPInternalHost", "wants HOST"),
])
def test_misspelt_directives_stop_configtest(scratch, line, words):
    code, out = scratch.configtest(scratch.config(extra=line))
    assert code and words in out


def test_after_the_pause_the_good_document_counts(pair):
    wait_until(pair, PAUSE + 1.5)
    assert ask(pair.httpd, pair.late)[0] == 200 and pair.site.asked("/late.json") == 2


def test_a_stale_document_is_asked_about_by_its_etag(pair):
    wait_until(pair, 61.5)
    assert ask(pair.httpd, pair.etag)[0] == 200 and pair.site.asked("/etag.json") == 2
    assert ask(pair.httpd, pair.etag)[0] == 200 and pair.site.asked("/etag.json") == 2
