"""Sections and the lines in them: each granted once, and refused once by exactly that line."""
import base64, json
import pytest
from server import Httpd

RULES = """
<MCPTool "search">
  Require mcp-scope customer.read
</MCPTool>
<MCPTool "drop_*">
  Require mcp-scope db.admin
</MCPTool>
<MCPTool "*_preview">
  Require mcp-scope customer.read
</MCPTool>
<MCPTool "in_region">
  <RequireAll>
    Require mcp-scope customer.read
    Require mcp-arg region = %{mcp_claim:region}
  </RequireAll>
</MCPTool>
<MCPTool "query">
  <RequireAll>
    Require mcp-scope customer.read
    Require not mcp-arg table ~ ^prod_
    Require mcp-arg limit <= 100
  </RequireAll>
</MCPTool>
<MCPTool "by_group">
  Require mcp-claim groups = admins
</MCPTool>
<MCPTool "by_client">
  Require mcp-client id tester other
</MCPTool>
<MCPTool "by_expr">
  Require expr "%{MCP_METHOD} == 'tools/call' && mcp_claim('region') == 'eu' && mcp_arg('deep.n') -lt 5"
</MCPTool>
<MCPTool "named_*">
  Require expr "%{MCP_TOOL} == 'named_well'"
</MCPTool>
<MCPPrompt "greet">
  Require mcp-scope customer.read
</MCPPrompt>
<MCPResourceURI "file:///docs/*">
  Require mcp-scope customer.read
</MCPResourceURI>
<MCPResourceURI "file:///docs/secret">
  Require mcp-scope db.admin
</MCPResourceURI>
<MCPTool "forced">
  <RequireAll>
    Require valid-user
    Require not mcp-arg force = true
  </RequireAll>
</MCPTool>
<MCPTool "filed">
  Require mcp-arg path under /data
</MCPTool>
<MCPPrompt "regional">
  Require mcp-arg region = eu
</MCPPrompt>
<MCPTool "hidden_*">
  Require mcp-scope db.admin
</MCPTool>
<MCPResourceURI "r:*">
  Require mcp-arg region = eu
</MCPResourceURI>
<MCPMethod "admin/*">
  Require mcp-scope customer.read
</MCPMethod>
<MCPMethod "admin/reset">
  Require mcp-scope db.admin
</MCPMethod>
<MCPMethod "logging/setLevel">
  Require mcp-scope customer.read
</MCPMethod>
"""


@pytest.fixture(scope="module")
def ruled(folder):
    h = Httpd(folder())
    h.start(h.config(location=RULES, extra="MCPScopeImplies db.admin customer.write\nMCPScopeImplies customer.write customer.read"))
    yield h
    h.stop()


def request(method, **params):
    return json.dumps({"jsonrpc": "2.0", "id": 5, "method": method, "params": params}).encode()


def call(tool, **arguments):
    return request("tools/call", name=tool, arguments=arguments)


def verdict(ruled, body, scope, claims=None):
    """"passed" if the backend got exactly these bytes; otherwise the reason of the audit line."""
    at = len(ruled.backend.seen)
    status, head, answer = ruled.call(body, ruled.token(scope, claims=claims))
    seen = ruled.backend.seen[at:]
    assert (status == 200) == bool(seen) and all(s[2] == body for s in seen) and len(seen) <= 1
    if status == 200:
        return "passed"
    assert json.loads(answer)["id"] == 5
    return json.loads(ruled.audit()[-1])["reason"]


def completion(**params):
    return request("completion/complete", ref={"type": "ref/prompt", "name": "regional"}, argument={"name": "city", "value": "B"}, **params)


READ, WRITE, ADMIN = "customer.read", "customer.write", "db.admin"
ROWS = [
    (call("search"), READ, {}, "passed"),
    (call("search"), "", {}, "missing_scope"),
    (call("search"), ADMIN, {}, "passed"),                      # implied in two steps
    (call("drop_it"), READ, {}, "missing_scope"),
    (call("drop_it"), ADMIN, {}, "passed"),
    (call("x_preview"), READ, {}, "passed"),
    (call("drop_preview"), READ, {}, "missing_scope"),          # the prefix beats the star in front
    (call("Drop_it"), ADMIN, {}, "forbidden"),
    (call("X_Preview"), READ, {}, "forbidden"),
    (call("in_region", region="eu"), READ, {"region": "eu"}, "passed"),
    (call("in_region", region="us"), READ, {"region": "eu"}, "forbidden"),
    (call("in_region"), READ, {"region": "eu"}, "forbidden"),
    (call("in_region", region="eu"), READ, {}, "forbidden"),
    (call("in_region", region=["eu"]), READ, {"region": "eu"}, "forbidden"),
    (call("in_region", region="eu"), "", {"region": "eu"}, "missing_scope"),
    (call("in_region", region="us"), "", {"region": "eu"}, "forbidden"),    # more scope would not do
    (call("query", table="test_a", limit=100), READ, {}, "passed"),
    (call("query", limit=1), READ, {}, "passed"),
    (call("query", table="prod_a", limit=1), READ, {}, "forbidden"),
    (call("query", table=["prod_a"], limit=1), READ, {}, "forbidden"),      # backends coerce
    (call("query", table="test_a", limit=101), READ, {}, "forbidden"),
    (call("query", table="test_a", limit="1"), READ, {}, "forbidden"),
    (call("query", table="test_a"), READ, {}, "forbidden"),
    (call("by_group"), "", {"groups": ["users", "admins"]}, "passed"),
    (call("by_group"), "", {"groups": ["users"]}, "forbidden"),
    (call("by_group"), "", {"groups": "admins"}, "passed"),
    (call("by_group"), "", {}, "forbidden"),
    (call("by_client"), "", {}, "passed"),
    (call("by_client"), "", {"client_id": "third"}, "forbidden"),
    (call("by_expr", deep={"n": 4}), "", {"region": "eu"}, "passed"),
    (call("by_expr", deep={"n": 5}), "", {"region": "eu"}, "forbidden"),
    (call("by_expr", deep={"n": 4}), "", {"region": "us"}, "forbidden"),
    (call("named_well"), "", {}, "passed"),
    (call("named_badly"), "", {}, "forbidden"),
    (request("prompts/get", name="greet"), READ, {}, "passed"),
    (request("prompts/get", name="greet"), "", {}, "missing_scope"),
    (request("prompts/get", name="other"), READ, {}, "forbidden"),
    (request("resources/read", uri="file:///docs/a"), READ, {}, "passed"),
    (request("resources/read", uri="file:///docs/secret"), READ, {}, "missing_scope"),
    (request("resources/read", uri="file:///docs/../etc/passwd"), READ, {}, "odd_uri"),
    (request("resources/read", uri="file:///docs/%2e%2e/x"), READ, {}, "odd_uri"),
    (request("resources/read", uri="FILE:///docs/secret"), ADMIN, {}, "forbidden"),
    (request("resources/read", uri="file:///etc/passwd"), ADMIN, {}, "forbidden"),
    (request("resources/subscribe", uri="file:///docs/a"), READ, {}, "passed"),
    (request("resources/subscribe", uri="file:///docs/secret"), READ, {}, "missing_scope"),
    (request("subscriptions/listen", notifications={"resourceSubscriptions": ["file:///docs/a"]}), READ, {}, "passed"),
    (request("subscriptions/listen", notifications={"resourceSubscriptions": ["file:///docs/a", "file:///docs/secret"]}), READ, {}, "missing_scope"),
    (request("completion/complete", ref={"type": "ref/prompt", "name": "greet"}, argument={"name": "x", "value": ""}), READ, {}, "passed"),
    (request("completion/complete", ref={"type": "ref/prompt", "name": "other"}, argument={"name": "x", "value": ""}), READ, {}, "forbidden"),
    (request("completion/complete", ref={"type": "ref/resource", "uri": "file:///docs/{n}"}, argument={"name": "n", "value": ""}), READ, {}, "passed"),
    (request("resources/read", uri="file://localhost/docs/secret"), READ, {}, "odd_uri"),
    (request("resources/read", uri="file:/docs/secret"), READ, {}, "odd_uri"),
    (request("resources/read", uri="file:///docs/secre%74"), READ, {}, "odd_uri"),
    (request("resources/read", uri="r:1", arguments={"region": "eu"}), READ, {}, "forbidden"),     # resources have no arguments
    (request("resources/read", uri="file:///docs//secret"), READ, {}, "odd_uri"),
    (request("resources/read", uri="file:///docs/secret#x"), READ, {}, "odd_uri"),
    (request("subscriptions/listen", notifications={"__proto__": {"resourceSubscriptions": ["file:///docs/secret"]}}), READ, {}, "ambiguous"),
    (completion(context={"arguments": {"region": "eu"}}, Context={"arguments": {"region": "us"}}), "", {}, "forbidden"),
    (completion(context={"arguments": {"region": "eu"}, "Arguments": {"region": "us"}}), "", {}, "forbidden"),
    (completion(context={"__proto__": {"arguments": {"region": "us"}}}), "", {}, "forbidden"),
    (request("logging/SetLevel", level="debug"), READ, {}, "ambiguous"),
    (request("admin/reset"), READ, {}, "missing_scope"),
    (request("admin/Reset"), READ, {}, "method_denied"),
    (request("admin/reset\u200b"), READ, {}, "method_denied"),
    (request("admin/other"), READ, {}, "passed"),
    (call("forced", force=False), "", {}, "passed"),
    (call("forced", force=True), "", {}, "forbidden"),
    (call("forced", **{"__proto__": {"force": True}}), "", {}, "forbidden"),
    (call("filed", path="/data/x"), "", {}, "passed"),
    (call("filed", path="/data/..\t/etc"), "", {}, "forbidden"),
    (call("filed", path="/data/.\n./etc"), "", {}, "forbidden"),
    (call("hidd\u200ben_x"), READ, {}, "forbidden"),
    (request("prompts/get", name="regional", arguments={"region": "eu"}), "", {}, "passed"),
    (request("prompts/get", name="regional", arguments={"region": "us"}), "", {}, "forbidden"),
    (completion(context={"arguments": {"region": "eu"}}), "", {}, "passed"),
    (completion(context={"arguments": {"region": "us"}}, arguments={"region": "eu"}), "", {}, "forbidden"),
    (completion(arguments={"region": "eu"}), "", {}, "forbidden"),
    (request("logging/setLevel", level="debug"), READ, {}, "passed"),
    (request("logging/setLevel", level="debug"), "", {}, "missing_scope"),
    (request("tasks/get", taskId="1"), READ, {}, "method_denied"),
    (request("unheard/of"), READ, {}, "method_denied"),
]


@pytest.mark.parametrize("body,scope,claims,want", ROWS, ids=["%d %s" % (i, r[0][33:90].decode()) for i, r in enumerate(ROWS)])
def test_rule(ruled, body, scope, claims, want):
    assert verdict(ruled, body, scope, claims) == want


def test_a_list_shows_what_could_be_called_with_some_arguments(ruled):
    every = ["search", "drop_it", "in_region", "query", "by_group", "by_client", "by_expr", "named_well", "named_badly"]
    answer = json.dumps({"jsonrpc": "2.0", "id": 5, "result": {"tools": [{"name": n, "inputSchema": {}} for n in every]}}).encode()
    ruled.backend.respond = lambda *_: iter([b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(answer), answer])
    try:
        body = ruled.call(request("tools/list"), ruled.token(READ, claims={"region": "eu"}))[2]
    finally:
        ruled.backend.respond = None
    assert [t["name"] for t in json.loads(body)["result"]["tools"]] == ["search", "in_region", "query", "by_client", "by_expr", "named_well"]


def test_prompts_and_resources_are_listed_by_their_sections(ruled):
    lists = {"prompts/list": ("prompts", [{"name": "greet"}, {"name": "other"}], ["greet"]),
             "resources/list": ("resources", [{"uri": "file:///docs/a", "name": "x"}, {"uri": "file:///docs/secret", "name": "greet"}], ["file:///docs/a"]),
             "resources/templates/list": ("resourceTemplates", [{"uriTemplate": "file:///docs/{n}", "name": "t"}, {"uriTemplate": "file:///{n}", "name": "u"}], ["file:///docs/{n}"])}
    for method, (member, elements, want) in lists.items():
        answer = json.dumps({"jsonrpc": "2.0", "id": 5, "result": {member: elements}}).encode()
        ruled.backend.respond = lambda *_: iter([b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(answer), answer])
        try:
            body = ruled.call(request(method), ruled.token(READ))[2]
        finally:
            ruled.backend.respond = None
        assert [e.get("uri") or e.get("uriTemplate") or e["name"] for e in json.loads(body)["result"][member]] == want


def test_step_up_names_all_scopes_that_are_not_implied(ruled):
    _, head, _ = ruled.call(call("drop_it"), ruled.token("customer.write"))
    assert 'scope="customer.write db.admin"' in head


def test_the_log_says_which_line_was_not_met(ruled):
    ruled.call(call("query", table="test_a", limit=101), ruled.token(READ))
    assert json.loads(ruled.audit()[-1])["detail"] == "the rules do not grant it; not met: Require mcp-arg limit <= 100"
    ruled.call(call("query", table=["prod_a"], limit=1), ruled.token(READ))
    assert json.loads(ruled.audit()[-1])["detail"] == "a rule cannot be judged: Require mcp-arg table ~ ^prod_"
