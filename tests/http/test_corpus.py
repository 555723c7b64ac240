"""Every row of tests/corpus/messages.jsonl against a real httpd: hostile, and the backend hears nothing; legitimate, and it
hears exactly the same bytes, once. Under each MPM whole and in small chunks, over HTTP/2, and cut everywhere into the scanner."""
import collections, json, os, socket, subprocess, sys, threading
from concurrent.futures import ThreadPoolExecutor
import h2.config, h2.connection, h2.events, h2.exceptions
import pytest
from server import MODULES, OUT, ROOT, Httpd

sys.path.insert(0, os.path.join(ROOT, "tests", "corpus"))
import generate
from row import body_of

MPMS = os.environ.get("MCP_MPMS", "event worker prefork").split()
SENDERS = 4
POLICY = """
  <MCPTool "export_region">
    <RequireAll>
      Require mcp-scope customer.read
      Require mcp-arg region = eu
    </RequireAll>
  </MCPTool>
  <MCPPrompt "greet">
    Require mcp-scope customer.read
  </MCPPrompt>
  <MCPPrompt "admin_report">
    Require mcp-scope db.admin
  </MCPPrompt>
  <MCPResourceURI "file:///public/*">
    Require mcp-scope customer.read
  </MCPResourceURI>
  <MCPResourceURI "db://customers/*">
    Require mcp-scope db.admin
  </MCPResourceURI>
  <MCPMethod "logging/setLevel">
    Require mcp-scope customer.write
  </MCPMethod>
"""


def cases():
    with open(os.path.join(ROOT, "tests", "corpus", "messages.jsonl")) as f:
        return [json.loads(line) for line in f]


class Gate:
    """An httpd with the corpus' policy, and the tokens that the rows want."""

    def __init__(self, folder, mpm):
        self.httpd = Httpd(folder(), mpm, dcr=False)
        load = "LoadModule http2_module %s/mod_http2.so\nProtocols h2c http/1.1\n" % MODULES if mpm != "prefork" else ""
        self.httpd.start(self.httpd.config(load + "TraceEnable off\nMaxRequestWorkers 64\n", POLICY))
        scopes = {" ".join(sorted(case["token_scopes"])) for case in cases()}
        self.tokens = {scope: self.httpd.token(scope) for scope in scopes}

    def lines(self, case):
        """The header lines of a row, without those that only a version of HTTP has."""
        token = self.tokens[" ".join(sorted(case["token_scopes"]))]
        yield "Authorization", "Bearer " + token
        yield "X-Corpus-Case", case["id"].encode("ascii", "backslashreplace").decode()
        for name, values in case["headers"].items():
            for value in values if isinstance(values, list) else [values]:
                yield name, value

    def method_and_path(self, case):
        path = case.get("path") or "/mcp" + case.get("path_suffix", "")
        return case.get("http_method", "POST"), "/mc%%%02X" % ord("p") if case.get("path_encode") else path


@pytest.fixture(scope="module", params=MPMS)
def gate(request, folder):
    g = Gate(folder, request.param)
    yield g
    g.httpd.stop()


def send_all(send):
    """Sends every row, some at a time; (row, status) each."""
    with ThreadPoolExecutor(SENDERS) as pool:
        return list(zip(cases(), pool.map(send, cases())))


def complaint(case, status, seen):
    """What is wrong with how a row fared, or None. A row that is lenient may go either way, never half."""
    if status is None:
        return "no answer"
    if len(seen) > 1 or (seen and (seen[0][2] != body_of(case) or "authorization" in seen[0][1])):
        return "the backend saw something else, %d times" % len(seen)
    if seen and set(case.get("backend_must_have", [])) - set(seen[0][1]):
        return "a header that was checked did not arrive"
    if seen and not 200 <= status < 300:
        return "the backend was asked, the client got %d" % status
    if case.get("lenient"):
        return None
    if case["expect"] == "allow":
        return None if seen else "refused with %d" % status
    if seen or status not in case["deny_status"]:
        return "reached the backend" if seen else "refused with %d, not %s" % (status, case["deny_status"])
    return None


def complaints(gate, answers, at):
    heard = collections.defaultdict(list)
    for line, headers, body in gate.httpd.backend.seen[at:]:
        heard[headers.get("x-corpus-case", ["nobody"])[0]].append((line, headers, body))
    bad = {case["id"]: complaint(case, status, heard.pop(case["id"].encode("ascii", "backslashreplace").decode(), [])) for case, status in answers}
    bad.update({id: "nobody sent this" for id in heard})
    return {id: why for id, why in bad.items() if why}


def told(bad):
    return "\n".join("%s: %s" % item for item in bad.items())


# ---- HTTP/1.1 ----

def pieces(body, at):
    cuts = [0, *[x for x in at if 0 < x < len(body)], len(body)]
    return [body[x:y] for x, y in zip(cuts, cuts[1:]) if y > x]


def row_pieces(case, body):
    at = case.get("chunk_at") or []
    return pieces(body, range(1, len(body)) if at == "every" else at)


def small_pieces(body):
    """One byte, two, ... seven, and so on; of long bodies larger ones, so that there are a few hundred."""
    scale, at, cuts = 1 + len(body) // 2000, 0, []
    while at < len(body):
        at += (1 + len(cuts) % 7) * scale
        cuts.append(at)
    return pieces(body, cuts)


def send_1(gate, case, cut):
    """As the row has it, or with cut in chunks whatever it says."""
    method, path = gate.method_and_path(case)
    body = body_of(case)
    lines = ["%s %s HTTP/1.1" % (method, path), "Host: 127.0.0.1:%d" % gate.httpd.port, "Connection: close"]
    lines += ["%s: %s" % line for line in gate.lines(case)]
    if case.get("chunked") or (cut and body):
        lines.append("Transfer-Encoding: chunked")
        body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (small_pieces(body) if cut else row_pieces(case, body))) + b"0\r\n\r\n"
    elif body or method in ("POST", "PUT", "PATCH"):
        lines.append("Content-Length: %d" % len(body))
    return gate.httpd.raw("\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + body)


@pytest.mark.parametrize("cut", [False, True], ids=["whole", "chunks"])
def test_messages(gate, cut):
    """Hostile: the backend hears nothing. Legitimate: exactly the same bytes, once."""
    at = len(gate.httpd.backend.seen)
    answers = send_all(lambda case: (case, *send_1(gate, case, cut)))
    bad = complaints(gate, [(case, status) for case, (_, status, _, _) in answers], at)
    assert not bad, told(bad)
    if not cut:
        assert_errors([(case, answer) for case, (_, _, _, answer) in answers if "rpc_code" in case and not case.get("lenient")])


def assert_errors(answers):
    """The refusal is a JSON-RPC error with the row's code and the request's own id."""
    bad = {case["id"]: answer for case, answer in answers if json.loads(answer)["error"]["code"] not in case["rpc_code"] or
           ("id_raw" in case and b'"id":%s' % case["id_raw"].encode() not in answer.replace(b" ", b""))}
    assert answers and not bad, bad


SLOW = ["dup-name-escaped-m", "repeated-members/params-name-escaped", "encodings/value-cut-3", "documents/two-nothing", "texts/pair", "batches/verdict-drop-first"]


def test_one_byte_a_segment(gate):
    """Some rows with each byte of the body in a segment of its own."""
    at = len(gate.httpd.backend.seen)
    rows = [case for case in cases() if case["id"] in SLOW]
    answers = [(case, send_slowly(gate, case)) for case in rows]
    bad = complaints(gate, answers, at)
    assert len(rows) == len(SLOW) and not bad, bad


def send_slowly(gate, case):
    body = body_of(case)
    lines = ["POST /mcp HTTP/1.1", "Host: x", "Connection: close", "Content-Length: %d" % len(body)] + ["%s: %s" % line for line in gate.lines(case)]
    with socket.create_connection(("127.0.0.1", gate.httpd.port), 20) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        try:
            for i in range(len(body)):
                s.sendall(body[i:i + 1])
        except OSError:
            pass
        answer = s.makefile("rb").readline()
    return int(answer.split()[1]) if answer else None


# ---- HTTP/2 ----

CONNECTION_ONLY = {"connection", "transfer-encoding", "upgrade", "keep-alive", "proxy-connection", "expect"}


class H2:
    """A client of HTTP/2 with prior knowledge, one request at a time on one connection, as long as that lives."""

    def __init__(self, port):
        self.port, self.socket = port, None

    def connect(self):
        self.socket = socket.create_connection(("127.0.0.1", self.port), 20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wire = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="latin-1", validate_outbound_headers=False, normalize_outbound_headers=False))
        self.wire.initiate_connection()
        self.flush()

    def flush(self):
        self.socket.sendall(self.wire.data_to_send())

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def request(self, headers, parts):
        """The status, or None where the connection was not in a state to carry the request."""
        if not self.socket:
            self.connect()
        self.status = self.ended = None
        try:
            stream = self.wire.get_next_available_stream_id()
            self.wire.send_headers(stream, headers, end_stream=not parts)
            self.flush()
            for i, part in enumerate(parts):
                self.send(stream, part, i == len(parts) - 1)
            while not self.ended:
                self.receive(stream)
        except (OSError, EOFError, h2.exceptions.ProtocolError):
            self.ended = "closed"
        if self.ended != "whole":
            self.close()
        return self.status

    def send(self, stream, part, last):
        while part and not self.ended:
            room = min(self.wire.local_flow_control_window(stream), self.wire.max_outbound_frame_size)
            if not room:
                self.receive(stream)
                continue
            piece, part = part[:room], part[room:]
            self.wire.send_data(stream, piece, end_stream=last and not part)
            self.flush()

    def receive(self, stream):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        for event in self.wire.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived) and event.stream_id == stream:
                self.status = int(dict(event.headers)[":status"])
            elif isinstance(event, h2.events.DataReceived):
                self.wire.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded) and event.stream_id == stream:
                self.ended = self.ended or "whole"
            elif isinstance(event, h2.events.StreamReset) and event.stream_id == stream:
                self.ended = "reset"
            elif isinstance(event, h2.events.ConnectionTerminated):
                self.ended = "closed"
        self.flush()


def carried_by_2(case):
    """HTTP/2 has no connection options, no chunks and no waiting for 100; of two lines httpd drops an empty one itself."""
    if any(isinstance(values, list) and not values[-1] for values in case["headers"].values()):
        return False
    return not CONNECTION_ONLY & {name.lower() for name in case["headers"]} and not case.get("path", "/").startswith("http:")


def headers_2(gate, case):
    method, path = gate.method_and_path(case)
    yield ":method", method
    yield ":scheme", "http"
    yield ":authority", "127.0.0.1:%d" % gate.httpd.port
    yield ":path", path
    for name, value in gate.lines(case):
        yield name.lower().encode(), value.encode("utf-8")


def send_2(gate, client, case):
    body = body_of(case)
    parts = row_pieces(case, body) if case.get("chunked") else small_pieces(body) if len(body) < 400 else [body]
    return client.request(list(headers_2(gate, case)), parts)


@pytest.mark.parametrize("gate", [mpm for mpm in MPMS if mpm != "prefork"], indirect=True)
def test_messages_over_http_2(gate):
    """The same over HTTP/2, where requests share connections and bodies come in frames of a few bytes."""
    at, clients = len(gate.httpd.backend.seen), threading.local()

    def send(case):
        if not hasattr(clients, "one"):
            clients.one = H2(gate.httpd.port)
        return send_2(gate, clients.one, case) if carried_by_2(case) else None
    answers = [(case, status) for case, status in send_all(send) if carried_by_2(case)]
    bad = complaints(gate, answers, at)
    assert len(answers) > 2000 and not bad, told(bad)


# ---- no httpd ----

def test_any_cut_is_read_alike():
    """Byte by byte, and cut in two at every byte: the same verdict, words and fields as in one piece."""
    bodies = [body_of(case) for case in cases()]
    data = b"".join(b"%d\n%s" % (len(body), body) for body in bodies)
    lines = [json.loads(line) for line in subprocess.run([OUT + "/tools/scan"], input=data, capture_output=True, check=True).stdout.splitlines()]
    bad = [(case["id"], line) for case, line in zip(cases(), lines) if "differs" in line]
    assert len(lines) == len(bodies) and sum(line["cuts"] for line in lines) > 300000 and not bad, bad


def test_the_file_is_what_its_families_say():
    with open(os.path.join(ROOT, "tests", "corpus", "messages.jsonl")) as f:
        assert f.read() == generate.text(), "run tests/corpus/generate.py"
    ids = [case["id"] for case in cases()]
    assert len(set(ids)) == len(ids) >= 750 and all(case["why"] for case in cases())
    assert {case["expect"] for case in cases()} == {"allow", "deny"} and all(case["deny_status"] for case in cases() if case["expect"] == "deny")
