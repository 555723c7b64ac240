"""What a caller may not use is not shown: list answers as JSON and as event streams, whatever way they are cut."""
import json, time
import pytest

pytestmark = pytest.mark.expects("MCP029")     # other definitions of one tool in every test

NAMES = ["read_customer_record", "modify_customer_record", "delete_table", "unlisted"]
TOOLS = [{"name": n, "description": "does \\ \"%s\"" % n, "inputSchema": {"type": "object", "properties": {"name": {"type": "string"}}}} for n in NAMES]


def message(tools=None, **result):
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"tools": TOOLS if tools is None else tools, "nextCursor": "c2", **result}}, indent=1).encode()


def http(body, type=b"application/json", status=b"200 OK", more=b""):
    return b"HTTP/1.1 %s\r\nContent-Type: %s\r\n%sContent-Length: %d\r\nETag: \"all\"\r\nConnection: close\r\n\r\n%s" % (status, type, more, len(body), body)


def event(body, end=b"\n"):
    return b"event: message" + end + b"".join(b"data: " + line + end for line in body.split(b"\n")) + end


@pytest.fixture
def ask(httpd):
    """ask(answer, scope) -> what the client gets for tools/list while the backend gives the answer, as (status, head, body)."""
    def call(answer, scope="customer.read", method="tools/list", http_method="POST"):
        pieces = answer if isinstance(answer, list) else [answer]
        httpd.backend.respond = lambda line, headers, body: iter(pieces)
        headers = [("Accept-Encoding", "gzip"), ("Range", "bytes=0-10")]
        if http_method == "GET":
            return httpd.send("GET", "/mcp", headers + [("Authorization", "Bearer " + httpd.token(scope)), ("Accept", "text/event-stream")])
        return httpd.call(b'{"jsonrpc":"2.0","id":1,"method":"%s"}' % method.encode(), httpd.token(scope), headers)
    yield call
    httpd.backend.respond = None


def dechunk(head, body):
    if "chunked" not in head.lower():
        return body
    out = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        out, body = out + body[:int(size, 16)], body[int(size, 16) + 2:]
    return out


def names(body):
    return [t["name"] for t in json.loads(body)["result"]["tools"]]


@pytest.mark.parametrize("scope,want", [("customer.read", NAMES[:1]), ("customer.read db.admin", [NAMES[0], NAMES[2]]), ("", [])])
def test_only_what_the_caller_may_use_is_listed(httpd, ask, scope, want):
    status, head, body = ask(http(message()), scope)
    assert status == 200 and names(body) == want and "ETag" not in head
    got = json.loads(body)["result"]
    assert got["nextCursor"] == "c2" and got["tools"] == [t for t in TOOLS if t["name"] in want]
    if not want:
        assert b'"tools": []' in body
    seen = httpd.backend.seen[-1][1]
    assert "accept-encoding" not in seen and "range" not in seen


def test_what_is_not_cut_stays_byte_for_byte(httpd, ask):
    text = message([TOOLS[0]], _meta={"n": 12345678901234567890123})
    assert ask(http(text))[2] == text
    text = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"x"}}'
    assert ask(http(text))[2] == text


def test_public_lists_become_private(httpd, ask):
    body = ask(http(message(cacheScope="public", ttlMs=5)))[2]
    assert json.loads(body)["result"]["cacheScope"] == "private"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("http_method", ["POST", "GET"])
def test_events_are_judged_one_by_one(httpd, ask, end, http_method):
    told = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"delete_table"}}'
    stream = b": ping" + end + end + event(told, end) + b"id: 7" + end + event(message(), end)
    status, head, body = ask(http(stream, b"text/event-stream"), http_method=http_method)
    body = dechunk(head, body)
    assert status == 200 and body.startswith(b": ping" + end + end + event(told, end) + b"id: 7" + end)
    lines = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").strip().split(b"\n\n")[-1].split(b"\n")
    assert names(b"\n".join(line[6:] for line in lines if line.startswith(b"data: "))) == NAMES[:1]


@pytest.mark.parametrize("step", [1, 7, 100])
def test_a_stream_may_be_cut_anywhere(httpd, ask, step):
    stream = event(message())
    pieces = [b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"]
    pieces += [stream[i:i + step] for i in range(0, len(stream), step)]
    status, head, body = ask(pieces)
    assert status == 200 and b"read_customer_record" in body and b"delete_table" not in body


def test_an_event_leaves_when_it_is_complete(httpd):
    def respond(line, headers, body):
        yield b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + event(message())
        time.sleep(1.5)
        yield event(b'{"jsonrpc":"2.0","method":"notifications/late"}')
    import socket
    httpd.backend.respond = respond
    try:
        with socket.create_connection(("127.0.0.1", httpd.port), 10) as s:
            begun = time.monotonic()
            s.sendall(("GET /mcp HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n" % httpd.token("customer.read")).encode())
            got = b""
            while b"read_customer_record" not in got:
                got += s.recv(65536)
            early = time.monotonic() - begun
            while (more := s.recv(65536)):
                got += more
        assert early < 1 and b"late" in got and b"delete_table" not in got
    finally:
        httpd.backend.respond = None


BAD = {
    "compressed": http(message(), more=b"Content-Encoding: gzip\r\n"),
    "of another type": http(message(), b"text/plain"),
    "without a type": http(message()).replace(b"Content-Type: application/json\r\n", b""),
    "no JSON": http(b"{" + message()),
    "two readings": http(message().replace(b'"tools"', b'"tools": [], "tools"', 1)),
    "of another case": http(message().replace(b'"tools"', b'"Tools"', 1)),
    "null": http(message().replace(b"[", b"null, \"x\": [", 1)),
    "with a BOM": http(b"\xef\xbb\xbf" + message()),
    "partial": http(message(), status=b"206 Partial Content"),
    "in UTF-16": http(message().decode().encode("utf-16-le"), b"application/json; charset=utf-16"),
}


@pytest.mark.expects("MCP019")
@pytest.mark.parametrize("what", BAD)
def test_an_answer_that_cannot_be_read_is_not_passed_on(httpd, ask, what):
    status, head, body = ask(BAD[what])
    assert status == 502 and json.loads(body)["id"] == 1 and json.loads(body)["error"]["code"] == -32603
    assert b"delete_table" not in body


@pytest.mark.expects("MCP019")
def test_a_stream_that_cannot_be_read_ends_with_an_error(httpd, ask):
    stream = event(message([TOOLS[0]])) + event(b"{" + message()) + event(message())
    status, head, body = ask(http(stream, b"text/event-stream"))
    body = dechunk(head, body)
    assert status == 200 and body.startswith(event(message([TOOLS[0]]))) and b"delete_table" not in body
    assert json.loads(body.split(b"data: ")[-1])["error"]["code"] == -32603


CALL = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_customer_record"}}'


@pytest.mark.parametrize("type", [b"application/json", b"text/event-stream"])
def test_a_list_may_come_as_the_answer_to_a_call_where_there_are_sessions(httpd, ask, type):
    httpd.backend.respond = lambda *_: iter([http(message() if type == b"application/json" else event(message()), type)])
    status, _, body = httpd.call(CALL, httpd.token("customer.read"))
    assert status == 200 and b"read_customer_record" in body and b"delete_table" not in body


def test_answers_to_calls_without_sessions_are_not_read(httpd, ask):
    odd = http(b'{"tools": [{"name": "delete_table"}], "tools": 1', more=b"Content-Encoding: none\r\n")
    httpd.backend.respond = lambda *_: iter([odd])
    body = CALL.replace(b'"name"', b'"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"},"name"')
    headers = [("Content-Type", "application/json"), ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "read_customer_record"),
               ("Authorization", "Bearer " + httpd.token("customer.read"))]
    status, _, answer = httpd.send("POST", "/mcp", headers, body)
    assert status == 200 and answer == b'{"tools": [{"name": "delete_table"}], "tools": 1'


@pytest.mark.expects("MCP019")
def test_only_a_path_may_stand_where_an_endpoint_does(httpd, ask):
    stream = b"data: /**/" + json.dumps(json.loads(message())).encode() + b"\n\n"
    for http_method in ("GET", "POST"):
        assert b"delete_table" not in ask(http(stream, b"text/event-stream"), http_method=http_method)[2]


@pytest.mark.parametrize("answer", [http(b"Accepted", b"text/plain", b"202 Accepted"), http(b'{"error":"session not found"}', status=b"404 Not Found"),
                                    http(b'{"jsonrpc":"2.0","id":1,"result":{"x":NaN},"error":null}')], ids=["202 with a word", "404 that is no message", "sloppy"])
def test_what_holds_no_list_is_let_through_to_who_asked_for_none(httpd, ask, answer):
    httpd.backend.respond = lambda *_: iter([answer])
    status, _, body = httpd.call(CALL, httpd.token("customer.read"))
    assert status == int(answer.split()[1]) and body == answer.partition(b"\r\n\r\n")[2]


@pytest.mark.expects("MCP019")
def test_what_is_sloppy_and_may_hold_a_list_is_not(httpd, ask):
    httpd.backend.respond = lambda *_: iter([http(message().replace(b'"tools"', b'"x": NaN, "TOOLS"', 1))])
    status, _, body = httpd.call(CALL, httpd.token("customer.read"))
    assert status == 502 and b"delete_table" not in body


def test_an_end_that_comes_late_is_an_end(httpd, ask):
    def respond(*_):
        yield b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        time.sleep(0.3)
        yield b"0\r\n\r\n"
    httpd.backend.respond = respond
    assert httpd.call(b'{"jsonrpc":"2.0","method":"notifications/initialized"}', httpd.token("customer.read"))[0] == 202


def test_an_error_page_passes(httpd, ask):
    status, _, body = ask(http(b"<h1>busy</h1>", b"text/html", b"503 Busy"))
    assert status == 503 and body == b"<h1>busy</h1>"


def test_no_content_passes(httpd, ask):
    assert ask(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")[0] == 202
