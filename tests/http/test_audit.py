"""MCPAuditLog and LogFormat: every decision is one line, to a file or a program, and no line holds a secret."""
import json, os, re, time
import pytest
from server import Httpd
from test_flow import code_of, exchange, register

READ = b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read_customer_record","arguments":{}}}'


@pytest.fixture(scope="module")
def piped(folder):
    h = Httpd(folder())
    text = h.config(extra='CustomLog access.log "%{MCP_TOOL}e %{MCP_CLIENT}e %{MCP_OUTCOME}e"\nErrorLogFormat "%L %M"')
    h.start(text.replace("MCPAuditLog audit.log", 'MCPAuditLog "|$echo started >> %s/starts; cat >> %s/audit.log"' % (h.dir, h.dir)))
    yield h
    h.stop()


def settled(h, count):
    for _ in range(100):
        if len(h.audit()) >= count:
            break
        time.sleep(0.02)
    return [json.loads(line) for line in h.audit()]


def test_flow_leaves_one_line_per_decision_in_a_program(piped):
    client, code, _ = code_of(piped)
    token = exchange(piped, client, code)[1]["access_token"]
    piped.call(READ, token)
    piped.call(READ.replace(b"read_customer_record", b"delete_table"), token)
    events = settled(piped, 6)
    assert [(e["event"], e["outcome"]) for e in events] == [
        ("register", "allowed"), ("authorize", "allowed"), ("consent", "allowed"), ("token", "allowed"),
        ("tools/call", "allowed"), ("tools/call", "refused")]
    assert {e["client"] for e in events} == {client} and all(e["source"] == "127.0.0.1" and e["time"].endswith("Z") for e in events)
    assert events[-1]["tool"] == "delete_table" and events[-1]["reason"] == "missing_scope" and events[2]["user"] == "alice"
    everything = "\n".join(piped.audit()) + piped.errors(0)
    assert token not in everything and code not in everything


def test_both_modules_share_one_program(piped):
    piped.call(READ)
    settled(piped, 1)
    assert open(os.path.join(piped.dir, "starts")).read() == "started\n"


def test_audit_line_names_the_request_as_the_error_log_does(piped):
    at = len(piped.errors(0))
    piped.call(READ)
    for _ in range(100):
        if re.search("(?m)^%s MCP020" % re.escape(settled(piped, 1)[-1]["request"]), piped.errors(at)):
            return
        time.sleep(0.02)
    assert not piped.errors(at)


def test_log_format_knows_tool_client_and_outcome(piped):
    piped.call(READ, piped.token("customer.read"))
    lines = []
    for _ in range(100):
        lines = open(os.path.join(piped.dir, "access.log")).read().splitlines()
        if "read_customer_record tester allowed" in lines:
            return
        time.sleep(0.02)
    assert not lines


def test_audit_escapes_what_a_stranger_wrote(httpd):
    httpd.call(READ.replace(b"read_customer_record", b'x\\"}\\n{\\u0007'), httpd.token("customer.read"))
    assert json.loads(httpd.audit()[-1])["tool"] == 'x"}\n{\x07'


def test_no_word_of_a_stranger_makes_a_line_of_its_own(httpd):
    at, forged = len(httpd.audit()), 'x\\",\\"outcome\\":\\"allowed\\"}\\n{\\"event\\":\\"tools/call\\"'
    httpd.call(b'{"jsonrpc":"2.0","id":1,"method":"%s"}' % forged.encode(), httpd.token("customer.read"))
    lines = [json.loads(line) for line in httpd.audit()[at:]]
    assert len(lines) == 1 and lines[0]["outcome"] == "refused" and lines[0]["event"] == json.loads('"%s"' % forged)


def test_a_line_is_never_longer_than_a_pipe_takes_whole(httpd):
    httpd.call(READ.replace(b"read_customer_record", b"\\u0001" * 8000), httpd.token("customer.read"))
    httpd.call(READ.replace(b"tools/call", b"\\u0001" * 8000), httpd.token("customer.read " + "x" * 5000, client="c" * 3000, sub="\u00e9" * 1000))
    assert all(len(line) < 4096 and json.loads(line)["user"] for line in httpd.audit()[-2:])


def test_secret_of_a_confidential_client_is_nowhere_on_disk(piped):
    secret = register(piped, token_endpoint_auth_method="client_secret_post")[1]["client_secret"].encode()
    for folder, _, files in os.walk(piped.dir):
        for name in files:
            with open(os.path.join(folder, name), "rb") as f:
                assert secret not in f.read(), name
