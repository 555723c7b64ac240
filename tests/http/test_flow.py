"""mod_mcp_dcr on a real httpd: register, consent, code, token, call."""
import base64, hashlib, html, json, re
import pytest
from server import Httpd
from urllib.parse import parse_qs, urlencode, urlsplit

VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
CALLBACK = "http://127.0.0.1:9/callback"
LOGIN = ("Authorization", "Basic " + base64.b64encode(b"alice:wonder").decode())
JSON = ("Content-Type", "application/json")
FORM = ("Content-Type", "application/x-www-form-urlencoded")


def header(head, name):
    m = re.search(r"(?im)^%s: (.*?)\r?$" % name, head)
    return m and m.group(1)


def register(httpd, **members):
    doc = {"client_name": "Tester", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", **members}
    status, _, body = httpd.send("POST", "/register", [JSON], json.dumps(doc).encode())
    return status, json.loads(body)


def ask(httpd, client, **changes):
    query = {"response_type": "code", "client_id": client, "redirect_uri": CALLBACK, "state": "s t&1", "scope": "customer.read",
             "code_challenge": CHALLENGE, "code_challenge_method": "S256", "resource": httpd.url + "/mcp", **changes}
    return httpd.send("GET", "/authorize?" + urlencode({k: v for k, v in query.items() if v is not None}), [LOGIN])


def fields(page):
    ticket = html.unescape(re.search(r'name="?ticket"?[^>]*value="([^"]+)"', page).group(1))
    return ticket


def approve(httpd, page, scopes=("customer.read",), decision="approve"):
    form = urlencode([("ticket", fields(page)), ("decision", decision)] + [("scope", s) for s in scopes])
    status, head, body = httpd.send("POST", "/authorize", [LOGIN, FORM, ("Origin", httpd.url), ("Sec-Fetch-Site", "same-origin")], form.encode())
    location = header(head, "Location")
    return status, location and parse_qs(urlsplit(location).query), body


def exchange(httpd, client, code, **changes):
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER, "redirect_uri": CALLBACK, "client_id": client, **changes}
    status, _, body = httpd.send("POST", "/token", [FORM], urlencode({k: v for k, v in form.items() if v is not None}).encode())
    return status, json.loads(body)


def code_of(httpd, scopes="customer.read"):
    client = register(httpd)[1]["client_id"]
    _, _, page = ask(httpd, client, scope=scopes)
    _, answer, _ = approve(httpd, page.decode(), scopes.split())
    return client, answer["code"][0], answer


def test_whole_flow(httpd):
    client, code, answer = code_of(httpd)
    assert answer["state"] == ["s t&1"] and answer["iss"] == [httpd.url]
    status, token = exchange(httpd, client, code)
    assert status == 200 and token["token_type"] == "Bearer" and token["expires_in"] == 600
    call = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"%s","arguments":{}}}'
    assert httpd.call(call % b"read_customer_record", token["access_token"])[0] == 200
    assert httpd.call(call % b"delete_table", token["access_token"])[0] == 403


@pytest.mark.expects("MCP034")
def test_code_works_once(httpd):
    client, code, _ = code_of(httpd)
    token = exchange(httpd, client, code)[1]["access_token"]
    ping = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
    assert httpd.call(ping, token)[0] == 200
    status, error = exchange(httpd, client, code)
    assert status == 400 and error["error"] == "invalid_grant"
    assert httpd.call(ping, token)[0] == 401, "a second use revokes what came from the code"


def test_verifier_must_match(httpd):
    client, code, _ = code_of(httpd)
    status, error = exchange(httpd, client, code, code_verifier="w" * 50)
    assert status == 400 and error["error"] == "invalid_grant"


def test_ticket_works_once(httpd):
    client = register(httpd)[1]["client_id"]
    page = ask(httpd, client)[2].decode()
    assert approve(httpd, page)[0] == 303
    assert approve(httpd, page)[0] == 400


def test_denied_consent_returns_access_denied(httpd):
    client = register(httpd)[1]["client_id"]
    page = ask(httpd, client)[2].decode()
    status, answer, _ = approve(httpd, page, decision="deny")
    assert status == 303 and answer["error"] == ["access_denied"] and answer["iss"] == [httpd.url]


def test_unregistered_redirect_is_a_local_error(httpd):
    client = register(httpd)[1]["client_id"]
    status, head, _ = ask(httpd, client, redirect_uri="https://evil.test/cb")
    assert status == 400 and not header(head, "Location")


def test_plain_challenge_and_foreign_resource_are_redirect_errors(httpd):
    client = register(httpd)[1]["client_id"]
    for change, error in (({"code_challenge_method": "plain"}, "invalid_request"), ({"resource": "https://other.test/mcp"}, "invalid_target")):
        status, head, _ = ask(httpd, client, **change)
        assert status == 303 and parse_qs(urlsplit(header(head, "Location")).query)["error"] == [error]


def test_page_is_framed_by_nobody_and_escapes_the_name(httpd):
    client = register(httpd, client_name="<b>Evil & Co")[1].get("client_id")
    if client:
        status, head, page = ask(httpd, client)
        assert "frame-ancestors 'none'" in header(head, "Content-Security-Policy") and b"<b>Evil" not in page
    status, head, page = ask(httpd, register(httpd)[1]["client_id"])
    assert status == 200 and "frame-ancestors 'none'" in header(head, "Content-Security-Policy")


def test_login_is_httpds_own(httpd):
    assert httpd.send("GET", "/authorize?client_id=x")[0] == 401


def test_bad_registration_names_the_field(httpd):
    status, error = register(httpd, redirect_uris=["javascript:alert(1)"])
    assert status == 400 and error["error"] == "invalid_redirect_uri"


def test_confidential_client_gets_a_dying_secret_and_client_credentials(httpd):
    status, client = register(httpd, token_endpoint_auth_method="client_secret_basic", grant_types=["client_credentials"], redirect_uris=[])
    assert status == 201 and client["client_secret_expires_at"] > 0
    basic = base64.b64encode(("%s:%s" % (client["client_id"], client["client_secret"])).encode()).decode()
    form = urlencode({"grant_type": "client_credentials", "resource": httpd.url + "/mcp"}).encode()
    status, _, body = httpd.send("POST", "/token", [FORM, ("Authorization", "Basic " + basic)], form)
    assert status == 200 and json.loads(body)["access_token"]
    wrong = base64.b64encode((client["client_id"] + ":wrong").encode()).decode()
    status, _, body = httpd.send("POST", "/token", [FORM, ("Authorization", "Basic " + wrong)], form)
    assert status == 401 and json.loads(body)["error"] == "invalid_client"


def test_metadata_documents(httpd):
    for path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"):
        status, _, body = httpd.send("GET", path)
        doc = json.loads(body)
        assert status == 200 and doc["issuer"] == httpd.url and doc["code_challenge_methods_supported"] == ["S256"]
    assert httpd.send("GET", "/.well-known/oauth-authorization-server/")[0] == 404
    assert json.loads(httpd.send("GET", "/jwks.json")[2])["keys"]


def test_wrong_method_says_which_is_right(httpd):
    status, head, _ = httpd.send("GET", "/token")
    assert status == 405 and header(head, "Allow") == "POST"


def test_without_machine_scopes_nobody_gets_a_token_without_a_user(folder):
    h = Httpd(folder())
    h.start(h.config().replace(" default machine", " default"))
    try:
        assert json.loads(h.send("GET", "/.well-known/oauth-authorization-server")[2])["grant_types_supported"] == ["authorization_code", "refresh_token"]
        status, error = register(h, token_endpoint_auth_method="client_secret_basic", grant_types=["client_credentials"], redirect_uris=[])
        assert status == 400 and error["error"] == "invalid_client_metadata"
        both = register(h, token_endpoint_auth_method="client_secret_basic", grant_types=["authorization_code", "client_credentials"])[1]
        assert both["grant_types"] == ["authorization_code"]
    finally:
        h.stop()
