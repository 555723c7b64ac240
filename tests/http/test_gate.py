"""mod_mcp_toolauthz on a real httpd: every rule once granted, once refused by exactly that rule."""
import json
import pytest

READ = b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read_customer_record","arguments":{"id":"C-1"}}}'
DROP = READ.replace(b"read_customer_record", b"delete_table")


def rpc(body):
    return json.loads(body)["error"]


def reached(httpd, at):
    return httpd.backend.seen[at:]


def test_allowed_call_reaches_the_backend_byte_for_byte_without_the_token(httpd):
    at = len(httpd.backend.seen)
    status, _, _ = httpd.call(READ, httpd.token("customer.read"))
    seen = reached(httpd, at)
    assert status == 200 and len(seen) == 1
    assert seen[0][2] == READ and "authorization" not in seen[0][1]


def test_no_token_is_challenged_with_resource_metadata(httpd):
    at = len(httpd.backend.seen)
    status, head, body = httpd.call(READ)
    assert status == 401 and not reached(httpd, at)
    assert 'resource_metadata="%s/.well-known/oauth-protected-resource/mcp"' % httpd.url in head


def test_missing_scope_is_a_step_up_challenge_naming_held_and_needed(httpd):
    at = len(httpd.backend.seen)
    status, head, body = httpd.call(DROP, httpd.token("customer.read"))
    assert status == 403 and not reached(httpd, at)
    assert 'error="insufficient_scope"' in head and 'scope="customer.read db.admin"' in head
    assert json.loads(body)["id"] == 7 and rpc(body)["code"] == -32003


def test_unlisted_tool_is_refused_without_a_challenge(httpd):
    at = len(httpd.backend.seen)
    status, head, body = httpd.call(READ.replace(b"read_customer_record", b"other"), httpd.token("customer.read db.admin"))
    assert status == 403 and "WWW-Authenticate" not in head and not reached(httpd, at)


@pytest.mark.parametrize("change", [{"aud": "https://other.test/mcp"}, {"iss": "https://evil.test"}, {"life": -60}])
def test_token_of_another_audience_issuer_or_time_is_refused(httpd, change):
    at = len(httpd.backend.seen)
    status, head, _ = httpd.call(READ, httpd.token("customer.read", **change))
    assert status == 401 and 'error="invalid_token"' in head and not reached(httpd, at)


@pytest.mark.parametrize("method", [b"ping", b"tools/list", b"server/discover"])
def test_housekeeping_passes_with_any_valid_token_and_not_without(httpd, method):
    body = b'{"jsonrpc":"2.0","id":1,"method":"%s"}' % method
    assert httpd.call(body, httpd.token(""))[0] == 200
    assert httpd.call(body)[0] == 401


def test_method_without_a_section_is_refused(httpd):
    status, _, body = httpd.call(b'{"jsonrpc":"2.0","id":"a","method":"prompts/get","params":{"name":"x"}}', httpd.token("customer.read"))
    assert status == 403 and json.loads(body)["id"] == "a" and rpc(body)["code"] == -32601


def test_foreign_origin_is_refused_and_our_own_is_not(httpd):
    assert httpd.call(READ, httpd.token("customer.read"), [("Origin", "https://evil.test")])[0] == 403
    assert httpd.call(READ, httpd.token("customer.read"), [("Origin", httpd.url)])[0] == 200


def test_unknown_method_is_404_under_the_stateless_revision(httpd):
    body = (b'{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"x","_meta":'
            b'{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}')
    headers = [("Content-Type", "application/json"), ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "prompts/get"),
               ("Mcp-Name", "x"), ("Authorization", "Bearer " + httpd.token("customer.read"))]
    status, _, answer = httpd.send("POST", "/mcp", headers, body)
    assert status == 404 and rpc(answer)["code"] == -32601


@pytest.mark.parametrize("size,status", [(1 << 20, 200), ((4 << 20) + 1, 413)])
def test_body_limit(httpd, size, status):
    body = READ.replace(b"C-1", b"x" * size)
    assert httpd.call(body, httpd.token("customer.read"))[0] == status


def test_resource_document(httpd):
    status, _, body = httpd.send("GET", "/.well-known/oauth-protected-resource/mcp")
    doc = json.loads(body)
    assert status == 200 and doc["resource"] == httpd.url + "/mcp"
    assert set(doc["scopes_supported"]) == {"customer.read", "customer.write", "db.admin"}
    assert doc["authorization_servers"] == [httpd.url, "https://idp.test"]


def test_audit_line_tells_the_decision_and_no_secret(httpd):
    token = httpd.token("customer.read")
    httpd.call(DROP, token)
    line = httpd.audit()[-1]
    event = json.loads(line)
    assert (event["outcome"], event["reason"], event["tool"], event["user"], event["client"]) == \
        ("refused", "missing_scope", "delete_table", "alice", "tester")
    assert token not in line
