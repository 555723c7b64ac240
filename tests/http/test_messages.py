"""Batches of revision 2025-03-26, and sessions of the revisions before 2026-07-28."""
import json
import pytest

pytestmark = pytest.mark.expects("MCP029")
READ = '{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"read_customer_record"}}'
DROP = READ.replace("read_customer_record", "delete_table")
LIST = '{"jsonrpc":"2.0","id":9,"method":"tools/list"}'
OLD = [("MCP-Protocol-Version", "2025-03-26")]


def batch(*messages):
    return ("[" + " ,\n".join(messages) + "]").encode()


def send(httpd, body, scope="customer.read", version="2025-03-26", **token):
    at = len(httpd.backend.seen)
    headers = [("Content-Type", "application/json"), ("Authorization", "Bearer " + httpd.token(scope, **token))]
    status, head, answer = httpd.send("POST", "/mcp", headers + ([("MCP-Protocol-Version", version)] if version else []), body)
    return status, answer, httpd.backend.seen[at:]


@pytest.mark.parametrize("version", ["2025-03-26", None])
def test_a_batch_of_allowed_messages_passes_whole_with_a_line_each(httpd, version):
    body, at = batch(READ % 1, READ % 2), len(httpd.audit())
    status, _, seen = send(httpd, body, version=version)
    assert status == 200 and [s[2] for s in seen] == [body]
    assert [json.loads(line)["tool"] for line in httpd.audit()[at:]] == ["read_customer_record"] * 2


@pytest.mark.parametrize("version", ["2024-11-05", "2025-06-18", "2025-11-25", "2026-07-28"])
def test_other_revisions_have_no_batches(httpd, version):
    status, _, seen = send(httpd, batch(READ % 1), version=version)
    assert status == 400 and not seen


@pytest.mark.parametrize("order", [[READ % 1, DROP % 2], [DROP % 2, READ % 1]])
def test_one_refusal_refuses_all(httpd, order):
    status, answer, seen = send(httpd, batch(*order, '{"jsonrpc":"2.0","method":"notifications/initialized"}'))
    errors = {e["id"]: e["error"]["code"] for e in json.loads(answer)}
    assert status == 403 and not seen and errors == {1: -32600, 2: -32003}


@pytest.mark.parametrize("bad", [b"[]", b"[1]", batch(READ % 1, READ % 1), batch(READ % 1)[:-1], batch(READ % 1) + b"x", batch(READ.replace('"id"', '"Method":"x","id"') % 1)])
def test_a_batch_is_read_as_strictly_as_its_messages(httpd, bad):
    status, _, seen = send(httpd, bad)
    assert status == 400 and not seen


def test_a_batch_is_no_way_around_the_size(httpd):
    assert send(httpd, batch(READ % 1, READ.replace("read_customer", "x" * (4 << 20)) % 2))[0] == 413


def test_lists_in_answers_to_a_batch_are_filtered(httpd):
    answers = json.dumps([{"jsonrpc": "2.0", "id": 1, "result": {}}, {"jsonrpc": "2.0", "id": 9, "result": {"tools": [{"name": "delete_table"}]}}]).encode()
    httpd.backend.respond = lambda *_: iter([b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(answers), answers])
    try:
        status, answer, _ = send(httpd, batch(READ % 1, LIST))
    finally:
        httpd.backend.respond = None
    assert status == 200 and json.loads(answer)[1]["result"]["tools"] == []


# ---- sessions ----

def session_of(httpd, **token):
    """Opens a session at the backend; what the client gets to hold."""
    httpd.backend.respond = lambda *_: iter([b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nMcp-Session-Id: of-the-backend\r\nConnection: close\r\nContent-Length: 36\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}"])
    try:
        body = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}'
        _, head, _ = httpd.call(body, httpd.token("customer.read", **token))
    finally:
        httpd.backend.respond = None
    return [line.partition(": ")[2] for line in head.splitlines() if line.lower().startswith("mcp-session-id")][0]


def use(httpd, method, session, **token):
    at = len(httpd.backend.seen)
    headers = [("Authorization", "Bearer " + httpd.token("customer.read", **token)), ("Mcp-Session-Id", session), ("MCP-Protocol-Version", "2025-06-18")]
    if method == "POST":
        headers.append(("Content-Type", "application/json"))
    status, _, answer = httpd.send(method, "/mcp", headers, (READ % 3).encode() if method == "POST" else b"")
    return status, [s[1].get("mcp-session-id") for s in httpd.backend.seen[at:]], answer


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_a_session_serves_who_opened_it_and_nobody_else(httpd, method):
    session = session_of(httpd)
    assert "backend" not in session
    assert use(httpd, method, session)[:2] == (200, [["of-the-backend"]])
    for thief in ({"sub": "mallory"}, {"client": "other"}):
        status, seen, answer = use(httpd, method, session, **thief)
        assert status == 404 and not seen and json.loads(answer)["error"]["code"] == -32001
    assert use(httpd, method, session[:-1])[0] == 404
    assert use(httpd, method, "unknown-here") == (200, [["unknown-here"]], use(httpd, method, "unknown-here")[2])
    assert use(httpd, method, "of-the-backend")[:2] == (404, []), "its name without the seal"
