"""What a row of messages.jsonl is made of; README.md beside this file says what its fields mean."""
import base64

READ = "read_customer_record"
DROP = "delete_table"
VERSION = "io.modelcontextprotocol/protocolVersion"
META = ('"_meta":{"%s":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},'
        '"io.modelcontextprotocol/clientCapabilities":{}}' % VERSION)
REVISIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]


def message(method, params=None, id="1"):
    """A message as JSON text; params and id are JSON text too, None leaves them out."""
    parts = ['"jsonrpc":"2.0"'] + (['"id":' + id] if id is not None else []) + ['"method":"%s"' % method]
    return "{" + ",".join(parts + (['"params":' + params] if params is not None else [])) + "}"


def call(name=READ, arguments='{"customer_id":"C-1"}', id="1", more=""):
    """tools/call; more: members of params behind the others, with their leading comma."""
    return message("tools/call", '{"name":"%s","arguments":%s%s}' % (name, arguments, more), id)


def stateless(method, members="", id="1"):
    """A message of revision 2026-07-28; members: those of params before _meta."""
    return message(method, "{" + (members + "," if members else "") + META + "}", id)


def mirrored(method, name=None, **more):
    """The headers that revision 2026-07-28 wants beside stateless()."""
    return {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method, **({"Mcp-Name": name} if name else {}), **more}


def row(expect, id, why, body, headers=None, scopes=("customer.read",), pad=None, **more):
    """headers change the usual ones, None takes one away; pad: (offset, fill, count), put in where the body is used."""
    lines = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
    lines.update(headers or {})
    made = {"id": id, "why": why, "headers": {k: v for k, v in lines.items() if v is not None},
            "body_b64": base64.b64encode(body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")).decode(),
            "token_scopes": list(scopes), "expect": expect, **more}
    if pad:
        made["body_pad"] = {"offset": pad[0], "fill_b64": base64.b64encode(pad[1]).decode(), "count": pad[2]}
    return made


def deny(id, why, body, status=(400,), **more):
    return row("deny", id, why, body, deny_status=list(status) if isinstance(status, (tuple, list)) else [status], **more)


def allow(id, why, body, **more):
    return row("allow", id, why, body, **more)


def body_of(case):
    """The bytes that the row sends."""
    body = base64.b64decode(case["body_b64"])
    if (pad := case.get("body_pad")):
        body = body[:pad["offset"]] + base64.b64decode(pad["fill_b64"]) * pad["count"] + body[pad["offset"]:]
    return body
