"""What the backend learns of who is calling, and what it never does."""
import base64, json, os, subprocess
import pytest
from server import Httpd, OUT

CALL = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_customer_record"}}'
FORGED = [("X-MCP-User", "root"), ("x_mcp_client", "evil"), ("X.Mcp.Scope", "db.admin"), ("X-Mcp-Anything", "x"), ("X-MCP-Assertion", "a.b.c")]


def received(h, headers=FORGED, **token):
    """The identity headers that arrive, by lower-case name."""
    at = len(h.backend.seen)
    status = h.call(CALL, h.token("customer.read", **token), headers)[0]
    assert status == 200 and len(h.backend.seen) == at + 1
    got = h.backend.seen[-1][1]
    assert "authorization" not in got and "dpop" not in got
    return {name: values for name, values in got.items() if name.replace("_", "-").replace(".", "-").startswith("x-mcp-")}


def test_without_it_forged_names_are_removed_all_the_same(httpd):
    assert received(httpd) == {}


@pytest.fixture(scope="module")
def telling(folder):
    h = Httpd(folder(), dcr=False)
    h.start(h.config(location="MCPBackendIdentity headers"))
    yield h
    h.stop()


def test_headers_say_who_is_calling(telling):
    assert received(telling, client="agent") == {"x-mcp-user": ["alice"], "x-mcp-client": ["agent"], "x-mcp-scope": ["customer.read"], "x-mcp-issuer": ["https://idp.test"]}


def test_text_that_is_not_plain_is_encoded(telling):
    got = received(telling, sub="J\u00f6rg\r\nX-Evil: 1")["x-mcp-user"][0]
    assert base64.b64decode(got[len("=?base64?"):-2]).decode() == "J\u00f6rg\r\nX-Evil: 1"
    got = received(telling, sub="=?base64?cm9vdA==?=")["x-mcp-user"][0]
    assert base64.b64decode(got[len("=?base64?"):-2]) == b"=?base64?cm9vdA==?="


def test_connection_cannot_take_the_identity_away(telling):
    at = len(telling.backend.seen)
    status = telling.call(CALL, telling.token("customer.read"), [("Connection", "X-MCP-User")])[0]
    assert status == 400 and len(telling.backend.seen) == at


def test_an_assertion_is_for_this_backend_and_half_a_minute(folder):
    h = Httpd(folder(), dcr=False)
    key = os.path.join(h.dir, "identity.pem")
    subprocess.run([OUT + "/tools/mint", key, "jwks"], check=True, capture_output=True)
    h.start(h.config(location="MCPBackendIdentity assertion %s https://backend.test" % key))
    try:
        got = received(h, client="agent")
        assert list(got) == ["x-mcp-assertion"]
        header, claims = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in got["x-mcp-assertion"][0].split(".")[:2]]
        assert header["typ"] == "mcp-identity+jwt" and claims["aud"] == "https://backend.test" and claims["iss"] == h.url + "/mcp"
        assert (claims["sub"], claims["client_id"], claims["scope"], claims["token_iss"]) == ("alice", "agent", "customer.read", "https://idp.test")
        assert claims["exp"] - claims["iat"] == 30
    finally:
        h.stop()
