"""What the official SDK clients fail on, or read wrongly, is right here: a test each. Raw HTTP, so that the bytes are seen."""
import base64, hashlib, html, json, re, subprocess, threading, time
import pytest
from urllib.error import URLError
from urllib.request import urlopen
from urllib.parse import parse_qs, urlencode, urlsplit
from server import Httpd, ROOT, free_port

VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
CALLBACK = "http://127.0.0.1:9/callback"
LOGIN = ("Authorization", "Basic " + base64.b64encode(b"alice:wonder").decode())
CALL = b'{"method":"tools/call","params":{"name":"%s","arguments":{}},"jsonrpc":"2.0","id":7}'


@pytest.fixture(scope="module")
def httpd(folder):
    h = Httpd(folder()).start()
    yield h
    h.stop()


def headers(head, name):
    return re.findall(r"(?im)^%s: (.*?)\r?$" % name, head)


def document(httpd, path):
    status, head, body = httpd.send("GET", path)
    assert status == 200 and headers(head, "Content-Type")[0].startswith("application/json")
    return json.loads(body)


def resource(httpd):
    return document(httpd, "/.well-known/oauth-protected-resource/mcp")


def metadata(httpd):
    return document(httpd, "/.well-known/oauth-authorization-server")


def register(httpd, **members):
    doc = {"client_name": "Agent", "redirect_uris": [CALLBACK], "grant_types": ["authorization_code", "refresh_token"],
           "response_types": ["code"], "token_endpoint_auth_method": "none", **members}
    status, _, body = httpd.send("POST", "/register", [("Content-Type", "application/json"), ("Accept", "*/*")], json.dumps(doc).encode())
    return status, json.loads(body)


def ask(httpd, client, **changes):
    query = {"response_type": "code", "client_id": client, "redirect_uri": CALLBACK, "state": "s", "code_challenge": CHALLENGE,
             "code_challenge_method": "S256", "resource": httpd.url + "/mcp", **changes}
    return httpd.send("GET", "/authorize?" + urlencode(query), [LOGIN])


def answer(httpd, page, scopes, decision="approve"):
    ticket = html.unescape(re.search(r'name="ticket"[^>]*value="([^"]+)"', page.decode()).group(1))
    form = urlencode([("ticket", ticket), ("decision", decision)] + [("scope", s) for s in scopes])
    status, head, _ = httpd.send("POST", "/authorize", [LOGIN, ("Content-Type", "application/x-www-form-urlencoded"), ("Origin", httpd.url)], form.encode())
    assert status == 303
    return parse_qs(urlsplit(headers(head, "Location")[0]).query)


def token(httpd, client, scope):
    code = answer(httpd, ask(httpd, client, scope=scope)[2], scope.split())["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER, "redirect_uri": CALLBACK,
            "resource": httpd.url + "/mcp", "client_id": client}
    status, head, body = httpd.send("POST", "/token", [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")], urlencode(form).encode())
    assert status == 200 and "no-store" in headers(head, "Cache-Control")[0]
    return json.loads(body)


def no_nulls(value):
    if isinstance(value, dict):
        return all(no_nulls(v) for v in value.values())
    return value is not None and (not isinstance(value, list) or all(no_nulls(v) for v in value))


def test_issuer_is_the_same_bytes_everywhere(httpd):
    assert metadata(httpd)["issuer"] == httpd.url == resource(httpd)["authorization_servers"][0]
    assert document(httpd, "/.well-known/openid-configuration")["issuer"] == httpd.url


def test_resource_is_the_url_that_the_client_was_given(httpd):
    assert resource(httpd)["resource"] == httpd.url + "/mcp"


def test_metadata_says_what_clients_insist_on(httpd):
    doc = metadata(httpd)
    assert "code" in doc["response_types_supported"] and "S256" in doc["code_challenge_methods_supported"]
    assert "none" in doc["token_endpoint_auth_methods_supported"] and no_nulls(doc)
    for name in ("authorization_endpoint", "token_endpoint", "registration_endpoint"):
        assert doc[name].startswith(httpd.url + "/")


def test_openid_form_has_its_own_required_members(httpd):
    doc = document(httpd, "/.well-known/openid-configuration")
    assert doc["jwks_uri"] and doc["subject_types_supported"] and doc["id_token_signing_alg_values_supported"]


def test_every_redirect_carries_iss_as_advertised(httpd):
    assert metadata(httpd)["authorization_response_iss_parameter_supported"] is True
    client = register(httpd)[1]["client_id"]
    page = ask(httpd, client, scope="customer.read")[2]
    assert answer(httpd, page, [], decision="deny")["iss"] == [httpd.url]
    page = ask(httpd, client, scope="customer.read")[2]
    assert answer(httpd, page, ["customer.read"])["iss"] == [httpd.url]
    for change in ({"scope": "no.such"}, {"response_type": "token"}, {"code_challenge_method": "plain"}, {"resource": "https://other.test/"}):
        status, head, _ = ask(httpd, client, **change)
        query = parse_qs(urlsplit(headers(head, "Location")[0]).query)
        assert status == 303 and query["error"] and query["iss"] == [httpd.url] and query["state"] == ["s"], change


def challenge(httpd, *args):
    status, head, _ = httpd.call(*args)
    found = headers(head, "WWW-Authenticate")
    assert len(found) == 1 and found[0].startswith("Bearer ")
    return status, found[0]


def test_the_only_challenge_is_bearer_and_names_the_metadata(httpd):
    status, text = challenge(httpd, CALL % b"read_customer_record")
    assert status == 401 and 'resource_metadata="%s/.well-known/oauth-protected-resource/mcp"' % httpd.url in text
    assert "error=" not in text


@pytest.mark.parametrize("token, status", [("garbage", 401), (None, 401), ("read", 403)])
def test_challenge_survives_unanchored_reading(httpd, token, status):
    """Clients take the first scope= and error= anywhere in the header, inside a description too."""
    given = httpd.token("customer.read") if token == "read" else token
    got, text = challenge(httpd, CALL % b"delete_table", given)
    assert got == status
    for name in ("scope", "error", "resource_metadata"):
        assert len(re.findall(name + "=", text)) <= 1
    assert len(re.findall("error=", text)) == (0 if token is None else 1)


def test_step_up_names_the_union(httpd):
    status, text = challenge(httpd, CALL % b"delete_table", httpd.token("customer.read customer.write"))
    assert status == 403 and 'error="insufficient_scope"' in text
    assert set(re.search(r'scope="([^"]*)"', text).group(1).split()) == {"customer.read", "customer.write", "db.admin"}


def test_registration_echoes_and_holds_no_null(httpd):
    status, client = register(httpd)
    assert status == 201 and client["redirect_uris"] == [CALLBACK] and client["token_endpoint_auth_method"] == "none" and no_nulls(client)
    assert "client_secret" not in client


@pytest.mark.parametrize("sent", [
    {"scope": "customer.read", "application_type": "native"},
    {"redirect_uris": ["http://localhost:3335/oauth/callback"], "client_uri": "https://example.com/cli", "software_id": "2e6dc280-f3c3-4e01-99a7-8181dbd1d23d",
     "software_version": "0.15.1", "scope": "customer.read offline_access", "application_type": "native"},
])
def test_what_known_clients_register_is_taken(httpd, sent):
    status, client = register(httpd, **sent)
    assert status == 201 and client["redirect_uris"] == sent.get("redirect_uris", [CALLBACK])


def test_registered_scope_is_no_ceiling(httpd):
    client = register(httpd, scope="customer.read")[1]["client_id"]
    assert set(token(httpd, client, "customer.read customer.write")["scope"].split()) == {"customer.read", "customer.write"}


def test_token_answer_has_type_and_no_null(httpd):
    got = token(httpd, register(httpd)[1]["client_id"], "customer.read")
    assert got["token_type"].lower() == "bearer" and isinstance(got["expires_in"], int) and no_nulls(got)


def test_no_refresh_token_spoils_the_step_up_of_v1(httpd):
    assert "refresh_token" not in token(httpd, register(httpd)[1]["client_id"], "customer.read")


def test_forgotten_client_hears_invalid_client(httpd):
    form = {"grant_type": "authorization_code", "code": "x", "code_verifier": VERIFIER, "redirect_uri": CALLBACK, "client_id": "forgotten"}
    status, _, body = httpd.send("POST", "/token", [("Content-Type", "application/x-www-form-urlencoded")], urlencode(form).encode())
    assert status in (400, 401) and json.loads(body)["error"] == "invalid_client"


def conformance(*args):
    return subprocess.Popen([ROOT + "/tests/interop/conformance/run", *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def call_back(url):
    """The suite may print the URL before it listens."""
    for _ in range(100):
        try:
            return urlopen(url, timeout=20).read()
        except URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            time.sleep(0.1)
    raise AssertionError("nobody listens at " + url)


def test_authorization_conformance(httpd, tmp_path):
    """The suite prints the authorize URL and waits for its callback: this test is the browser."""
    port = free_port()
    callback = "http://127.0.0.1:%d/callback" % port
    client = register(httpd, redirect_uris=[callback])[1]["client_id"]
    run = conformance("authorization", "--url", httpd.url, "--client-id", client, "--resource", httpd.url + "/mcp", "--port", str(port), "-o", str(tmp_path))
    timer = threading.Timer(90, run.kill)
    timer.start()
    seen = ""
    for line in run.stdout:
        seen += line
        url = re.search(re.escape(httpd.url) + r"/authorize\?\S+", line)
        if url:
            parts = urlsplit(url.group(0))
            page = httpd.send("GET", parts.path + "?" + parts.query, [LOGIN])[2]
            query = answer(httpd, page, ["customer.read"])
            call_back(callback + "?" + urlencode(query, doseq=True))
    timer.cancel()
    assert run.wait() == 0, seen
    assert re.search(r"Total: [2-9] passed, 0 failed", seen), seen
