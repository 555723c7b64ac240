"""A hostile client, and httpd's own machinery turned against the gate: nothing forbidden reaches the backend, and what
reaches it reads as the gate read it. Each test names its threat. One httpd with much switched on stands for all of them."""
import json, os, re, socket
import pytest
from server import Httpd, MODULES

READ = b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read_customer_record","arguments":{"id":"C-1"}}}'
DROP = READ.replace(b"read_customer_record", b"delete_table")
JSON = ("Content-Type", "application/json")

EXTRA = """
MergeTrailers on
ExtFilterDefine step mode=input cmd="/bin/sed s/one/two/;t;s/two/delete_table/"
CacheRoot @DIR@/cache
CacheEnable disk /mcp/cached
CacheQuickHandler off
<Location /mcp/step>
  SetInputFilter step
  <MCPTool two>
    Require valid-user
  </MCPTool>
</Location>
<Location /mcp/open>
  MCPUnlisted allow
  <MCPTool other>
    Require valid-user
  </MCPTool>
</Location>
<Location /mcp/report>
  MCPToolAuthz Report
  MCPTrustIssuer https://idp.test jwks=file:idp.json
  MCPResource http://127.0.0.1:@PORT@/mcp
</Location>
<Location /mcp/onward>
  ProxyPass !
  RewriteEngine On
  RewriteCond %{REQUEST_URI} ^/mcp/onward
  RewriteRule ^ /mcp/there
</Location>
<Location /alias>
  RewriteEngine On
  RewriteRule ^ /mcp
</Location>
<Location /included>
  SetOutputFilter INCLUDES
  Options +Includes
</Location>
DocumentRoot @DIR@/pages
<Location /mcp/any>
  Satisfy Any
  Allow from all
</Location>
<Location /mcp/small>
  ProxyPass !
  LimitRequestBody 5000
</Location>
<Location /missing>
  ErrorDocument 404 /mcp
</Location>
<VirtualHost *:@PORT@>
  ServerName first.test
</VirtualHost>
<VirtualHost *:@PORT@>
  ServerName last.test
</VirtualHost>
"""
LOAD = "\n".join("LoadModule %s_module %s/mod_%s.so" % (n, MODULES, n) for n in
                 ("ext_filter", "cache", "cache_disk", "rewrite", "include", "access_compat"))


@pytest.fixture(scope="module")
def httpd(folder):
    h = Httpd(folder())
    for name in ("cache", "pages"):
        os.mkdir(os.path.join(h.dir, name))
    os.chmod(os.path.join(h.dir, "cache"), 0o777)
    with open(os.path.join(h.dir, "pages", "included"), "w") as f:
        f.write('<!--#include virtual="/mcp" -->')
    extra = EXTRA.replace("@DIR@", h.dir).replace("@PORT@", str(h.port)).replace("@BACKEND@", str(h.backend_port))
    yield h.start(h.config(LOAD + extra).replace("timeout=30", "timeout=30 upgrade=ANY"))
    h.stop()


@pytest.fixture(scope="module")
def token(httpd):
    return httpd.token("customer.read")


def post(httpd, token, body, path="/mcp", headers=(), method="POST"):
    at = len(httpd.backend.seen)
    h = [JSON] + ([("Authorization", "Bearer " + token)] if token else [])
    status, head, answer = httpd.send(method, path, h + list(headers), body)
    return status, httpd.backend.seen[at:], head, answer


def raw(httpd, token, *requests):
    """Sends the bytes in one go; the statuses of all answers, and what the backend saw."""
    at = len(httpd.backend.seen)
    data = b"".join(requests).replace(b"@TOKEN@", token.encode())
    with socket.create_connection(("127.0.0.1", httpd.port), 20) as s:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        got = b""
        try:
            while (d := s.recv(65536)):
                got += d
        except OSError:
            pass
    return [int(n) for n in re.findall(rb"HTTP/1\.1 (\d+)", got)], [b for _, _, b in httpd.backend.seen[at:]]


def request(body, *lines, length=None, version=b"1.1", auth=b"Authorization: Bearer @TOKEN@"):
    lines = [b"POST /mcp HTTP/" + version, b"Host: x", b"Content-Type: application/json", auth, *lines]
    if length is not False:
        lines.append(b"Content-Length: %d" % (len(body) if length is None else length))
    return b"\r\n".join(l for l in lines if l) + b"\r\n\r\n" + body


def chunked(body, *lines, size=None, trailer=b"", version=b"1.1"):
    data = b"%s\r\n%s\r\n0\r\n%s\r\n" % (size or b"%x" % len(body), body, trailer)
    return request(data, b"Transfer-Encoding: chunked", *lines, length=False, version=version)


# ---- where one message ends and the next begins ----

FRAMING = [
    ("a refused call between two good ones", [request(READ), request(DROP), request(READ)], [200, 403, 200], 2),
    ("a call hidden in the body of a stranger", [request(request(DROP), auth=b""), request(READ)], [401], 0),
    ("a call hidden behind broken JSON", [request(b"{" + request(DROP)), request(READ)], [400], 0),
    ("a call hidden in a body that is not read", [request(request(READ), b"Content-Encoding: gzip"), request(READ)], [415], 0),
    ("both lengths", [chunked(READ, b"Content-Length: 5"), request(READ)], [200], 1),
    ("two lengths", [request(READ, b"Content-Length: 5")], [400], 0),
    ("a list of lengths", [request(READ, b"Content-Length: 112, 112", length=False)], [400], 0),
    ("a signed length", [request(READ, b"Content-Length: +112", length=False)], [400], 0),
    ("a body longer than said", [request(READ, length=len(READ) - 2), request(READ)], [400], 0),
    ("a body shorter than said", [request(READ, length=len(READ) + 9)], [400], 0),
    ("a folded header", [request(READ, b"Mcp-Name: read_\r\n customer_record")], [400], 0),
    ("another transfer encoding", [request(READ, b"Transfer-Encoding: x")], [400], 0),
    ("chunks in HTTP/1.0", [chunked(READ, version=b"1.0")], [200], 1),
    ("a chunk extension", [chunked(READ, size=b"%x;a=\"" % len(READ))], [200], 1),
    ("a chunk of 2^64 bytes", [chunked(READ, size=b"ffffffffffffffff")], [413], 0),
    ("another expectation", [request(READ, b"Expect: foo")], [417], 0),
    ("a refused call that waits for 100", [request(DROP, b"Expect: 100-continue")], [100, 403], 0),
]


@pytest.mark.parametrize("name,parts,statuses,reached", FRAMING, ids=[f[0] for f in FRAMING])
def test_framing(httpd, token, name, parts, statuses, reached):
    got, seen = raw(httpd, token, *parts)
    assert got == statuses and len(seen) == reached and all(b == READ for b in seen)


TRAILERS = [(b"Mcp-Name: delete_table", 400), (b"Mcp-Method: tools/list", 400), (b"MCP-Protocol-Version: 2025-03-26", 400),
            (b"Content-Type: text/plain", 400), (b"Content-Encoding: gzip", 415), (b"Connection: mcp-name", 400),
            (b"Authorization: Bearer x", 400), (b"X-HTTP-Method-Override: PUT", 400), (b"Mcp_Name: x", 400), (b"Digest: x", 200)]


@pytest.mark.parametrize("trailer,status", TRAILERS, ids=[t[0].decode() for t in TRAILERS])
def test_headers_that_come_behind_the_body_are_checked_too(httpd, token, trailer, status):
    """With MergeTrailers they stand among the headers when mod_proxy reads them."""
    lines = b"Mcp-Name: read_customer_record", b"MCP-Protocol-Version: 2025-06-18"
    got, seen = raw(httpd, token, chunked(READ, *lines, trailer=trailer + b"\r\n"))
    assert got == [status] and len(seen) == (status == 200)


# ---- headers ----

@pytest.mark.parametrize("value", ["close;Mcp-Name", "x;;MCP-Protocol-Version", 'x;"Mcp-Name', "Content-Type", "a, mcp-session-id"])
def test_connection_takes_no_header_that_was_checked(httpd, token, value):
    """mod_proxy deletes what Connection names, and ends a name at a semicolon too."""
    status, seen, _, _ = post(httpd, token, READ, headers=[("Connection", value), ("Mcp-Name", "read_customer_record")])
    assert status == 400 and not seen


@pytest.mark.parametrize("method,body", [("GET", b""), ("POST", READ)])
def test_no_tunnel_is_opened_behind_which_nobody_reads(httpd, token, method, body):
    status, seen, _, _ = post(httpd, token, body, method=method, headers=[("Connection", "Upgrade"), ("Upgrade", "websocket")])
    assert status == 200 and "upgrade" not in seen[0][1] and seen[0][1]["connection"] != ["Upgrade"]


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "QUERY", "post", "MOVE", "PROPFIND", "CONNECT"])
def test_other_methods(httpd, token, method):
    status, seen, _, _ = post(httpd, token, READ if method in ("PUT", "post") else b"", method=method)
    assert status in (400, 405) and not seen


@pytest.mark.parametrize("change", ["Bearer\t%s", "Bearer %s x", "Bearer %s=", "Bearer %s.", "Bearer .%s", "Bearer ", "Bearer", "Basic %s", "Bearer %s, Bearer %s"])
def test_token_text_is_taken_whole(httpd, token, change):
    status, seen, _, _ = post(httpd, None, READ, headers=[("Authorization", change.replace("%s", token))])
    assert status == 401 and not seen


# ---- where the location is ----

@pytest.mark.parametrize("path", ["/mcp/", "/mcp/x", "//mcp", "/%6dcp", "/./mcp", "/x/../mcp", "/mcp/..;/a", "/mcp;x", "/mcp%2fx", "/mcp%00", "/MCP",
                                  "/mcp?x", "/mcp/%2e%2e/x", "/mcp/../x", "http://other.test/mcp", "http://last.test//mcp", "/alias", "/mcp/any", "/mcp/open"])
def test_no_spelling_of_the_path_goes_around(httpd, token, path):
    for body, bearer in ((DROP, token), (READ, None)):
        status, seen, _, _ = post(httpd, bearer, body, path)
        assert status >= 400 and not seen


def test_a_location_below_keeps_the_sections_above(httpd, token):
    """Its own section must not open what stands above to MCPUnlisted allow."""
    assert post(httpd, token, READ.replace(b"read_customer_record", b"whatever"), "/mcp/open")[0] == 200
    assert post(httpd, token, READ.replace(b"read_customer_record", b"other"), "/mcp/open")[0] == 200
    assert post(httpd, token, DROP, "/mcp/open")[0] == 403


@pytest.mark.parametrize("name,status", [("Delete_table", 403), (" delete_table", 403), ("delete_table\\n", 403), ("DELETE_TABLE\\t ", 403), ("delete_tables", 200), ("x delete_table", 200)])
def test_a_tool_that_a_section_guards_is_not_had_by_a_name_that_backends_may_trim(httpd, token, name, status):
    got, seen, _, _ = post(httpd, token, READ.replace(b"read_customer_record", name.encode()), "/mcp/open")
    assert got == status and len(seen) == (status == 200)


def test_virtual_hosts_that_share_a_location_share_its_name(httpd, token):
    """A token for another host's resource must not count, whichever host was configured last."""
    for host in (b"first.test", b"last.test", b"unknown.test"):
        got, seen = raw(httpd, token, request(READ).replace(b"Host: x", b"Host: " + host))
        assert got == [200] and len(seen) == 1
        got, seen = raw(httpd, httpd.token("customer.read", aud="http://%s/mcp" % host.decode()), request(READ).replace(b"Host: x", b"Host: " + host))
        assert got == [401] and not seen
    assert json.loads(httpd.send("GET", "/.well-known/oauth-protected-resource/mcp")[2])["resource"] == httpd.url + "/mcp"


def test_a_gate_at_the_root_lets_strangers_find_their_way_and_nothing_else(folder):
    h = Httpd(folder())
    h.start(h.config().replace("<Location /mcp>", "<Location />").replace("/mcp timeout", "/ timeout"))

    def ask(line, *more):
        return raw(h, "", b"\r\n".join([line + b" HTTP/1.1", b"Host: root.test", b"Connection: close", *more, b"", b""]))
    try:
        assert ask(b"GET /.well-known/oauth-protected-resource") == ([200], [])
        assert ask(b"GET /.well-known/oauth-authorization-server") == ([200], [])
        assert ask(b"GET /jwks.json") == ([200], [])
        for line in (b"GET /", b"GET /other", b"GET /.well-known/other", b"GET /jwks.json/x", b"POST /x"):
            assert ask(line, JSON[0].encode() + b": application/json") == ([401], [])
    finally:
        h.stop()


# ---- httpd's own machinery ----

def test_an_internal_redirect_is_judged_where_it_arrives(httpd, token):
    status, seen, _, _ = post(httpd, token, READ, "/mcp/onward")
    assert status == 200 and seen[0][0].startswith("POST /mcp/there") and seen[0][2] == READ and "authorization" not in seen[0][1]
    status, seen, _, _ = post(httpd, token, READ, "/alias")
    assert status == 200 and seen[0][2] == READ
    for path in ("/mcp/onward", "/alias"):
        assert post(httpd, token, DROP, path)[:2] == (403, [])
        assert post(httpd, None, READ, path)[:2] == (401, [])


def test_an_error_document_opens_nothing(httpd, token):
    for body, bearer in ((READ, token), (DROP, token), (READ, None)):
        status, seen, _, _ = post(httpd, bearer, body, "/missing")
        assert status >= 400 and not seen


def test_a_subrequest_is_judged(httpd, token):
    status, seen, _, answer = post(httpd, None, b"", "/included", method="GET")
    assert status == 200 and b"access token is required" in answer and not seen
    status, seen, _, answer = post(httpd, token, b"", "/included", method="GET")
    assert status == 200 and b'"result":{}' in answer and len(seen) == 1


def test_input_filters_change_the_message_before_the_gate_reads_it_and_not_again(httpd, token):
    status, seen, _, _ = post(httpd, token, READ.replace(b"read_customer_record", b"one"), "/mcp/step")
    assert status == 200 and seen[0][2].strip() == READ.replace(b"read_customer_record", b"two")
    assert post(httpd, token, READ.replace(b"read_customer_record", b"two"), "/mcp/step")[:2] == (403, [])


def test_no_cache_keeps_an_answer_for_others(httpd, token):
    """The gate takes the token off, so mod_cache cannot see that the answer is one caller's own."""
    httpd.backend.extra = b"Cache-Control: max-age=600\r\n"
    try:
        assert post(httpd, token, b"", "/mcp/cached", method="GET")[0] == 200
    finally:
        httpd.backend.extra = b""
    for bearer, status in ((None, 401), (httpd.token(sub="bob"), 200)):
        got, seen, _, _ = post(httpd, bearer, b"", "/mcp/cached", method="GET")
        assert got == status and len(seen) == (status == 200)


def test_report_passes_what_the_rules_refuse_and_nothing_else(httpd, token):
    assert post(httpd, token, DROP, "/mcp/report")[0] == 200
    for body, bearer in ((DROP, None), (b"[1]", token), (DROP.replace(b'"id"', b'"Method":1,"id"', 1), token)):
        status, seen, _, _ = post(httpd, bearer, body, "/mcp/report")
        assert status in (400, 401) and not seen
    stray = b'{"jsonrpc":"2.0","id":2,"method":"resources/read","params":{}}'
    status, seen, _, _ = post(httpd, token, b"[" + DROP + b"," + stray + b"]", "/mcp/report")
    assert status == 400 and not seen, "what is let pass must be understood"


# ---- exhaustion ----

def test_the_limit_of_httpd_on_bodies_is_told(httpd, token):
    status, seen, _, _ = post(httpd, token, READ.replace(b"C-1", b"x" * 5000), "/mcp/small")
    assert status == 413 and not seen


def memory(httpd):
    """Bytes that each child of httpd holds."""
    held = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid) as stat, open("/proc/%s/statm" % pid) as statm:
                if int(stat.read().rpartition(")")[2].split()[1]) == httpd.process.pid:
                    held[pid] = int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except OSError:
            pass
    return held


def test_a_body_in_crumbs_costs_little_more_than_its_bytes(httpd, token):
    body, held = READ.replace(b"C-1", b"x" * 300000), len(httpd.backend.seen)
    crumbs = b"".join(b"1\r\n%c\r\n" % c for c in body)
    with socket.create_connection(("127.0.0.1", httpd.port), 20) as s:
        before = memory(httpd)
        s.sendall(request(crumbs, b"Transfer-Encoding: chunked", length=False).replace(b"@TOKEN@", token.encode()) + b"0\r\n")
        s.sendall(b"\r\n")
        assert s.recv(100).startswith(b"HTTP/1.1 200")
        grown = max(n - before.get(pid, n) for pid, n in memory(httpd).items())
    assert httpd.backend.seen[held][2] == body
    assert grown < 8 << 20, grown


# ---- revisions ----

@pytest.mark.parametrize("header,version,requested", [("2099-01-01", None, "2099-01-01"), ("1900-01-01", "1900-01-01", "1900-01-01"), (None, "2099-01-01", "2099-01-01")])
def test_a_revision_that_is_not_served_is_answered_with_those_that_are(httpd, token, header, version, requested):
    meta = b'"_meta":{"io.modelcontextprotocol/protocolVersion":"%s"},' % version.encode() if version else b""
    status, seen, _, answer = post(httpd, token, READ.replace(b'"name"', meta + b'"name"'), headers=[("MCP-Protocol-Version", header)] if header else [])
    error = json.loads(answer)
    assert status == 400 and not seen and error["id"] == 7 and error["error"]["code"] == -32022
    assert error["error"]["data"]["requested"] == requested and error["error"]["data"]["supported"][:2] == ["2026-07-28", "2025-11-25"]
