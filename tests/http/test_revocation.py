"""Threat: a token goes on after it was revoked, a resource server learns of tokens what it may not, a new signing key
kills what the old one signed, or a page of another site is kept from (or let into) where it should not be."""
import base64, json, os, signal, subprocess, time
from urllib.parse import urlencode
import pytest
from server import Httpd
from test_flow import FORM, header, register
from test_refresh import PING, begin, offline_client, refresh


def key(path):
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path], check=True, capture_output=True)
    os.chmod(path, 0o600)
    return path


@pytest.fixture(scope="module")
def httpd(folder):
    h = Httpd(folder())
    for name in ("gate", "other"):
        with open("%s/%s.secret" % (h.dir, name), "w") as f:
            f.write(name * 10 + "\n")
        os.chmod(f.name, 0o600)
    h.start(h.config() + "\nMCPIntrospect gate gate.secret\nMCPIntrospect other other.secret https://elsewhere.test/mcp\n")
    yield h
    h.stop()


def post(httpd, path, **form):
    status, head, body = httpd.send("POST", path, [FORM], urlencode(form).encode())
    assert header(head, "Cache-Control") == "no-store"
    return status, json.loads(body)


def introspect(httpd, token, who="gate", secret=None):
    basic = base64.b64encode(("%s:%s" % (who, secret or who * 10)).encode()).decode()
    status, _, body = httpd.send("POST", "/introspect", [FORM, ("Authorization", "Basic " + basic)], urlencode({"token": token}).encode())
    return status, json.loads(body)


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoked_tokens_are_refused_at_once(httpd, which):
    client = offline_client(httpd)["client_id"]
    tokens = begin(httpd, client)
    assert httpd.call(PING, tokens["access_token"])[0] == 200
    assert post(httpd, "/revoke", client_id=client, token=tokens[which]) == (200, {})
    assert httpd.call(PING, tokens["access_token"])[0] == 401
    assert refresh(httpd, client, tokens["refresh_token"])[1]["error"] == "invalid_grant"


def test_of126_unknown_tokens_are_as_good_as_revoked(httpd):
    client, thief = offline_client(httpd)["client_id"], register(httpd)[1]["client_id"]
    tokens = begin(httpd, client)
    for who, token in ((thief, tokens["access_token"]), (thief, tokens["refresh_token"]), (client, "x"), (client, tokens["refresh_token"][:-1]),
                       (client, tokens["refresh_token"].swapcase()), (client, tokens["access_token"][:-1])):
        assert post(httpd, "/revoke", client_id=who, token=token, token_type_hint="bogus") == (200, {}), "OF-128"
    assert httpd.call(PING, tokens["access_token"])[0] == 200
    assert refresh(httpd, client, tokens["refresh_token"])[0] == 200


def test_revocation_asks_who_you_are(httpd):
    client = register(httpd, token_endpoint_auth_method="client_secret_post")[1]
    assert post(httpd, "/revoke", client_id=client["client_id"], token="x")[1]["error"] == "invalid_client"
    assert post(httpd, "/revoke", client_id=client["client_id"], client_secret=client["client_secret"], token="x")[0] == 200
    assert post(httpd, "/revoke", client_id="nobody", token="x")[0] == 401


def test_of123_introspection(httpd):
    tokens = begin(httpd, offline_client(httpd)["client_id"])
    status, told = introspect(httpd, tokens["access_token"])
    assert status == 200 and told["active"] and told["sub"] == "alice" and told["aud"] == httpd.url + "/mcp"
    assert introspect(httpd, tokens["access_token"], "other") == (200, {"active": False})
    assert introspect(httpd, tokens["refresh_token"]) == (200, {"active": False})
    assert introspect(httpd, "x") == (200, {"active": False})
    assert introspect(httpd, tokens["access_token"], secret="x" * 40)[0] == 401
    assert post(httpd, "/introspect", token=tokens["access_token"])[0] == 401


def test_metadata_names_the_endpoints(httpd):
    doc = json.loads(httpd.send("GET", "/.well-known/oauth-authorization-server")[2])
    assert doc["revocation_endpoint"] == httpd.url + "/revoke" and doc["introspection_endpoint"] == httpd.url + "/introspect"
    assert "none" not in doc["introspection_endpoint_auth_methods_supported"]


# ---- browsers ----

@pytest.mark.parametrize("path", ["/token", "/register", "/revoke", "/jwks.json", "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"])
def test_scripts_of_any_page_may_call(httpd, path):
    ask = [("Origin", "https://inspector.test"), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "content-type, mcp-protocol-version")]
    status, head, body = httpd.send("OPTIONS", path, ask)
    assert status == 204 and not body and header(head, "Access-Control-Allow-Origin") == "*" and not header(head, "Access-Control-Allow-Credentials")
    assert {"content-type", "authorization", "mcp-protocol-version", "dpop"} <= set(header(head, "Access-Control-Allow-Headers").lower().split(", "))
    method = "GET" if "json" in path or "well-known" in path else "POST"
    status, head, _ = httpd.send(method, path, [("Origin", "https://inspector.test")])
    assert header(head, "Access-Control-Allow-Origin") == "*", "errors can be read too"
    assert header(head, "Cache-Control") == ("max-age=300" if method == "GET" else "no-store")


@pytest.mark.parametrize("path", ["/authorize", "/introspect"])
def test_scripts_are_kept_from_where_the_user_or_a_server_speaks(httpd, path):
    ask = [("Origin", "https://inspector.test"), ("Access-Control-Request-Method", "POST")]
    status, head, _ = httpd.send("OPTIONS", path, ask)
    assert status in (401, 405) and not header(head, "Access-Control-Allow-Origin")


# ---- keys ----

def kids(httpd):
    return [k["kid"] for k in json.loads(httpd.send("GET", "/jwks.json")[2])["keys"]]


def kid_of(token):
    part = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["kid"]


def restart(httpd, text):
    httpd.write(text)
    pid = int(open(httpd.dir + "/httpd.pid").read())
    before = httpd.errors(0).count("resuming normal operations")
    os.kill(pid, signal.SIGUSR1)
    for _ in range(100):
        if httpd.errors(0).count("resuming normal operations") > before:
            break
        time.sleep(0.05)
    time.sleep(0.2)


def test_keys_rotate_and_no_token_dies_early(folder):
    h = Httpd(folder())
    one, two = key(h.dir + "/one.pem"), key(h.dir + "/two.pem")
    h.start(h.config() + "\nMCPSigningKey one.pem\n")
    try:
        client = offline_client(h)["client_id"]
        old = begin(h, client)
        first = kids(h)
        assert len(first) == 1 and kid_of(old["access_token"]) == first[0]
        restart(h, h.config() + "\nMCPSigningKey one.pem two.pem\n")        # published before use
        assert kids(h)[0] == first[0] and len(kids(h)) == 2
        assert kid_of(begin(h, client)["access_token"]) == first[0]
        restart(h, h.config() + "\nMCPSigningKey two.pem one.pem\n")        # used, and the one before still accepted
        assert kids(h)[1] == first[0]
        assert h.call(PING, old["access_token"])[0] == 200
        status, new = refresh(h, client, old["refresh_token"])
        assert status == 200 and kid_of(new["access_token"]) == kids(h)[0] != first[0]
        assert h.call(PING, new["access_token"])[0] == 200
        restart(h, h.config() + "\nMCPSigningKey two.pem\n")                # retired
        assert kids(h) == [kid_of(new["access_token"])]
        assert h.call(PING, old["access_token"])[0] == 401 and h.call(PING, new["access_token"])[0] == 200
        assert refresh(h, client, new["refresh_token"])[0] == 200
    finally:
        h.stop()


@pytest.mark.parametrize("line,says", [
    ("MCPSigningKey one.pem one.pem", "twice"), ("MCPSigningKey one.pem none.pem", "none.pem"), ("MCPIntrospect gate", "SECRET-FILE"),
    ("MCPIntrospect gate none.secret", "none.secret"), ("MCPIntrospect gate short.secret", "no secret"), ("MCPIntrospect gate open.secret", "chmod 600"),
])
def test_wrong_lines_stop_httpd(scratch, line, says):
    key(scratch.dir + "/one.pem")
    for name, text, mode in (("short", "x", 0o600), ("open", "x" * 40, 0o644)):
        with open("%s/%s.secret" % (scratch.dir, name), "w") as f:
            f.write(text)
        os.chmod(f.name, mode)
    code, said = scratch.configtest(scratch.config() + "\n" + line + "\n")
    assert code and says in said, said
