"""Many streams at once, and the transport of 2024-11-05, whose answers all come on one stream."""
import json, os, socket, time
import pytest
from server import Httpd

pytestmark = pytest.mark.expects("MCP029")
STREAMS = 400
EVENT = b'event: message\ndata: {"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read_customer_record"},{"name":"delete_table"}]}}\n\n'
MPM = "StartServers 1\nServerLimit 1\nThreadLimit 600\nThreadsPerChild 600\nMaxRequestWorkers 600"


def resident(httpd):
    """Bytes that the children of httpd hold."""
    total = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid) as stat, open("/proc/%s/statm" % pid) as statm:
                if int(stat.read().rpartition(")")[2].split()[1]) == httpd.process.pid:
                    total += int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except OSError:
            pass
    return total


def stream_cost(h):
    """What one of many open streams holds, each of which has brought an event; and what the client got on the last."""
    token = h.token("customer.read")
    h.backend.respond = lambda *_: hold()

    def hold():
        yield b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + EVENT
        while not done:
            time.sleep(0.1)
    done, open_streams, got = [], [], b""
    h.send("GET", "/elsewhere")
    before = resident(h)
    try:
        for _ in range(STREAMS):
            s = socket.create_connection(("127.0.0.1", h.port), 20)
            s.sendall(("GET /mcp HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAuthorization: Bearer %s\r\n\r\n" % token).encode())
            open_streams.append(s)
        for s in open_streams:
            got = b""
            while b"}\n\n" not in got:
                got += s.recv(65536)
        return (resident(h) - before) / STREAMS, got
    finally:
        done.append(1)
        for s in open_streams:
            s.close()
        h.backend.respond = None


def test_a_stream_holds_little_more_than_without_the_gate(folder):
    cost = {}
    for mode in ("Off", "On"):
        h = Httpd(folder(), dcr=False)
        h.start(h.config(extra=MPM).replace("MCPToolAuthz On", "MCPToolAuthz " + mode))
        try:
            cost[mode], got = stream_cost(h)
        finally:
            h.stop()
        assert (b"delete_table" in got) == (mode == "Off") and b"read_customer_record" in got
    assert cost["On"] - cost["Off"] < 32 * 1024, cost


def test_the_transport_of_2024_11_05(httpd):
    endpoint = b"event: endpoint\ndata: /mcp/messages?sessionId=5\n\n"
    httpd.backend.respond = lambda *_: iter([b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + endpoint + EVENT])
    bearer = [("Authorization", "Bearer " + httpd.token("customer.read"))]
    try:
        status, _, body = httpd.send("GET", "/mcp/sse", bearer + [("Accept", "text/event-stream")])
    finally:
        httpd.backend.respond = None
    assert status == 200 and endpoint in body and b"read_customer_record" in body and b"delete_table" not in body
    call = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "delete_table"}}).encode()
    at = len(httpd.backend.seen)
    post = [("Content-Type", "application/json")]
    assert httpd.send("POST", "/mcp/messages?sessionId=5", bearer + post, call)[0] == 403 and len(httpd.backend.seen) == at
    assert httpd.send("POST", "/mcp/messages?sessionId=5", bearer + post, call.replace(b"delete_table", b"read_customer_record"))[0] == 200
    assert httpd.backend.seen[-1][0] == "POST /mcp/messages?sessionId=5 HTTP/1.1"
    assert httpd.send("POST", "/mcp/messages?sessionId=5&access_token=" + httpd.token("customer.read"), post, call)[0] == 401
