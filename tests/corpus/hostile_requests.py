"""What stands around a body: header lines, methods, paths."""
import base64
from row import DROP, META, READ, REVISIONS, VERSION, allow, call, deny, message, mirrored, stateless

_READ = stateless("tools/call", '"name":"%s","arguments":{"customer_id":"C-1"}' % READ)


def _b64(text, form="=?base64?%s?="):
    return form % base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def media_types():
    kinds = ["text/plain", "text/json", "text/html", "text/x-json", "text/event-stream", "application/jsonrequest", "application/json-rpc",
            "application/jsonl", "application/x-ndjson", "application/json-seq", "application/json5", "application/vnd.api+json",
            "application/ld+json", "application/problem+json", "application/x-www-form-urlencoded",
             "multipart/form-data; boundary=x", "multipart/mixed; boundary=x", "application/octet-stream", "application/xml",
                     "application/cbor", "application/msgpack", "application/javascript", "application/*", "*/*", "application", "json",
                     "/json", "application/", "application /json", "application/ json", "application/json/x", "application\\json",
             "applicationjson", "application/jso", "application/json x", "application/json,text/plain", "text/plain,application/json",
                     "application/json, application/json", "x-application/json", "\"application/json\"", "application/j\u017fon",
                     "application/json\u00a0", "", ";", "; charset=utf-8", "application/json;;", "application/json; charset",
                     "application/json; charset=",
             "application/json; q=1", "application/json; version=2", "application/json; boundary=x; charset=utf-8",
                     "application/json; profile=\"x\""]
    for i, kind in enumerate(kinds):
        yield deny("%02d" % i, "Content-Type %s: another reader takes another body." % kind.encode("ascii", "backslashreplace").decode(),
                call(), status=415, headers={"Content-Type": kind})
    for name, kind in (("missing", None), ("text", "text/plain")):
        yield deny(name + "-drop", "A body that a lenient backend reads all the same.", call(DROP), status=415,
                headers={"Content-Type": kind})
    for i, pair in enumerate((["application/json", "application/json"], ["application/json", "text/plain"],
            ["text/plain", "application/json"], ["application/json", ""])):
        yield deny("twice-%d" % i, "Two Content-Type lines: which one counts?", call(), status=[400, 415], headers={"Content-Type": pair})
    for i, charset in enumerate(["utf-16", "utf-16le", "UTF-16BE", "utf-32", "ucs-2", "utf-7", "UTF7", "utf-8-sig", "utf-8x", "utf_8",
            "utf 8", "'utf-8'", "\"utf-8", "utf-8\"", "utf-8, utf-16", "utf-8;charset=utf-16", "utf-8; charset=utf-16",
            "\"utf-8\"; charset=utf-7", "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252", "shift_jis", "gb18030", "hz-gb-2312",
                                 "iso-2022-jp", "euc-jp", "big5", "cp037", "ibm500", "unicode", "binary", "none", "x-user-defined",
                                         "utf-8'en'", "\"utf\\-8\"", "\"utf-16\"", "%75tf-8"]):
        yield deny("charset-%02d" % i, "charset=%s: the body is other text to whoever believes it." % charset, call(), status=415,
                headers={"Content-Type": "application/json; charset=" + charset})
    for i, parameter in enumerate(["charset*=utf-8''utf-16", "charset*0=utf-", "Charset=utf-16", "CHARSET=\"utf-7\"", "xcharset=utf-16",
            "charset =utf-16", "charset= utf-16", "charset:utf-16", "encoding=utf-16", "charset=utf-8 charset=utf-16"]):
        yield deny("parameter-%d" % i, "Parameter %s." % parameter, call(), status=415,
                headers={"Content-Type": "application/json; " + parameter})
    yield deny("utf-7-second-name", "Plain ASCII that is a second name once it is read as UTF-7.",
            call(arguments='{"a":"+ACIAfQAsACIAbgBhAG0AZQAi-"}'), status=415, headers={"Content-Type": "application/json; charset=utf-7"})


def content_encodings():
    for i, coding in enumerate(["gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "compress", "gzip, identity", "identity, gzip", "none",
            "aws-chunked", "base64", "utf-8", "*", "gzip;q=1", "x", ","]):
        yield deny("%02d" % i, "Content-Encoding %s: the backend unpacks another body." % coding, call(), status=415,
                headers={"Content-Encoding": coding})
    yield deny("twice", "Two Content-Encoding lines.", call(), status=[400, 415], headers={"Content-Encoding": ["identity", "gzip"]})
    yield deny("twin", "Content_Encoding is Content-Encoding to CGI.", call(), headers={"Content_Encoding": "gzip"})


def http_methods():
    for method in ("PUT", "PATCH", "QUERY", "SEARCH", "PROPFIND", "REPORT", "MKCOL", "LOCK", "post", "Post", "POSt", "POSTX", "XPOST",
            "GETT", "get", "delete", "OPTIONS", "MCP", "BREW", "P0ST", "LINK", "PURGE"):
        yield deny(method, "%s with a forbidden call: mod_proxy would send it on." % method, call(DROP), status=[405, 400, 501],
                http_method=method)
    for method in ("GET", "DELETE", "HEAD"):
        yield deny(method + "-body", "%s with a body: some backends read it." % method, call(DROP), status=[400, 405], http_method=method)
    for method in ("OPTIONS", "PUT", "get", "PROPFIND"):
        yield deny(method + "-bare", "%s without a body." % method, "", status=[405, 400, 501, 200, 204], http_method=method)
    for i, (name, value) in enumerate((("X-HTTP-Method-Override", "DELETE"), ("X-HTTP-Method-Override", "POST"), ("X-HTTP-Method", "PUT"),
            ("X-Method-Override", "GET"), ("x-http-method-override", "PATCH"), ("X-HTTP-METHOD", "QUERY"))):
        yield deny("override-%d" % i, "%s: the backend takes another method." % name, call(), headers={name: value})
        yield deny("override-get-%d" % i, "%s on a GET." % name, "", status=[400, 405], http_method="GET",
                headers={name: value, "Content-Type": None})
    yield allow("GET-stream", "A GET opens a stream.", "", http_method="GET", headers={"Content-Type": None, "Accept": "text/event-stream"})
    yield allow("DELETE-session", "A DELETE ends a session.", "", http_method="DELETE",
            headers={"Content-Type": None, "Mcp-Session-Id": "s-1"})


def connection_options():
    for i, option in enumerate(["Mcp-Name", "mcp-name", "close, Mcp-Method", "MCP-Protocol-Version", "keep-alive, Content-Type",
            "Content-Length", "Mcp-Session-Id", "Authorization", "Origin", "Host", "Content-Encoding", "Mcp-Anything", "close,Mcp-Name;x",
            "Mcp-Name;", ",,Mcp-Name,,", "\"Mcp-Name\"", "close\tMcp-Name", "close Mcp-Name", "mcp-param-x"]):
        yield deny("%02d" % i, "Connection %s: mod_proxy would drop what was checked." % option, _READ,
                headers=mirrored("tools/call", READ, Connection=option))
    yield deny("two-lines", "The second Connection line names it.", _READ, headers=mirrored("tools/call", READ,
            Connection=["close", "Mcp-Name"]))
    for i, option in enumerate(["close", "keep-alive", "X-Mine", "close, X-Foo, te", "Keep-Alive, TE"]):
        yield allow("harmless-%d" % i, "Connection %s takes nothing away." % option, _READ,
                headers=mirrored("tools/call", READ, Connection=option))


def twins():
    for i, name in enumerate(["Mcp_Name", "mcp_name", "Mcp_Method", "MCP_Protocol-Version", "MCP-Protocol_Version", "MCP_PROTOCOL_VERSION",
            "Mcp_Session_Id", "Content_Type", "content_type", "Content_Length", "Content-Type_", "Transfer_Encoding", "Authorization_",
            "Mcp.Name", "Mcp.Method", "Mcp~Name", "Mcp!Name", "Mcp#Name", "Mcp$Name", "Mcp%Name", "Mcp&Name", "Mcp'Name", "Mcp*Name",
            "Mcp+Name", "Mcp^Name", "Mcp`Name", "Mcp|Name", "Auth_orization"]):
        yield deny("%02d" % i, "%s is read as a header that was checked, by CGI or WSGI." % name, _READ,
                headers=mirrored("tools/call", READ, **{name: DROP}))
    for i, name in enumerate(["X_Mine", "X-Mcp-Name", "Mcp-Param-Under_Score", "Traceparent", "Baggage"]):
        yield allow("own-%d" % i, "%s imitates nothing." % name, _READ, headers=mirrored("tools/call", READ, **{name: "x"}))


def mirrors():
    """Mcp-Method and Mcp-Name beside the body they mirror."""
    def told(method="tools/call", name=READ):
        return {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method, "Mcp-Name": name}
    for i, name in enumerate([DROP, READ.upper(), READ[:-1], READ + "s", '"%s"' % READ, "'%s'" % READ, READ + ",", READ + ", " + READ,
            READ + ";x", READ + " x", "%72" + READ[1:], "", "*", "null", READ.replace("_", "-"), "\u00ff" + READ, READ + "\u00a0",
            "utf-8''" + READ, "=?utf-8?B?%s?=" % _b64(READ, "%s"), "=?utf-8?Q?%s?=" % READ]):
        yield deny("name-%02d" % i, "Mcp-Name is not what the body names.", _READ, headers=told(name=name), rpc_code=[-32020])
    for i, method in enumerate(["tools/list", "TOOLS/CALL", "tools/call ,x", "tools", "", "tools%2Fcall", "tools/call, tools/call",
            "prompts/get", "=?base64?%s?=" % base64.b64encode(b"tools/call").decode()]):
        yield deny("method-%d" % i, "Mcp-Method is not the body's.", _READ, headers=told(method=method), rpc_code=[-32020])
    yield deny("name-missing", "Mcp-Name is not there.", _READ, headers=mirrored("tools/call"), rpc_code=[-32020])
    yield deny("method-missing", "Mcp-Method is not there.", _READ, headers={"MCP-Protocol-Version": "2026-07-28", "Mcp-Name": READ},
            rpc_code=[-32020])
    for i, pair in enumerate(([READ, READ], [READ, DROP], [DROP, READ], [READ, ""], ["", READ])):
        yield deny("name-twice-%d" % i, "Two Mcp-Name lines.", _READ, headers=told(name=pair), rpc_code=[-32020])
    yield deny("method-twice", "Two Mcp-Method lines.", _READ, headers=told(method=["tools/call", "tools/call"]), rpc_code=[-32020])
    forms = {"drop": _b64(DROP), "no-padding": _b64(READ + "x").replace("=?=", "?="), "padding-more": _b64(READ)[:-2] + "=?=",
            "padding-inside": "=?base64?cmVh=ZF9j?=", "blank": "=?base64? %s?=" % _b64(READ, "%s"),
            "blank-last": "=?base64?%s ?=" % _b64(READ, "%s"), "upper": "=?BASE64?%s?=" % _b64(READ, "%s"),
            "mixed": "=?Base64?%s?=" % _b64(READ, "%s"),
             "one-question": "=?base64?%s=" % _b64(READ, "%s"), "head-only": "=?base64?", "empty": "=?base64??=", "twice": _b64(_b64(READ)),
                     "charset": "=?base64;utf-8?%s?=" % _b64(READ, "%s"), "nul": _b64(READ + "\0"), "nul-drop": _b64(READ + "\0" + DROP),
                     "not-utf-8": _b64(READ.encode() + b"\xff"), "utf-16": _b64(READ.encode("utf-16-le")), "bom": _b64("\ufeff" + READ),
             "line": _b64(READ + "\n"), "url-alphabet": "=?base64?%s?=" % base64.urlsafe_b64encode(b"\xfb\xff\xfe").decode(),
                     "tail": _b64(READ) + "x", "head": "x" + _b64(READ), "tail-blank": _b64(READ) + " x",
                     "two": _b64("read_") + _b64("customer_record"), "quoted": '"%s"' % _b64(READ),
                     "bits": "=?base64?%s?=" % (_b64("ab", "%s")[:-2] + "J="), "surrogate": _b64(b"\xed\xa0\x80"),
                     "hex": "=?hex?%s?=" % READ.encode().hex()}
    for name, value in forms.items():
        yield deny("base64-" + name, "A base64 form of Mcp-Name that is none, or another name.", _READ, headers=told(name=value),
                rpc_code=[-32020])
    yield allow("base64", "The base64 form of a plain name is the name.", _READ, headers=told(name=_b64(READ)))
    yield allow("base64-uri", "A URI beyond ASCII in base64.", stateless("resources/read", '"uri":"file:///public/\u6771"'),
            headers=mirrored("resources/read", _b64("file:///public/\u6771")))
    yield deny("raw-utf-8-uri", "A URI beyond ASCII raw in a header.", stateless("resources/read", '"uri":"file:///public/\u6771"'),
            headers=mirrored("resources/read", "file:///public/\u6771"))
    yield deny("base64-denied", "The base64 form of a forbidden tool.", stateless("tools/call", '"name":"%s"' % DROP), status=403,
            headers=told(name=_b64(DROP)))
    for revision in REVISIONS[:4]:
        yield deny("old-name-" + revision, "Where Mcp-Name is sent under %s it must agree too." % revision, call(),
                headers={"MCP-Protocol-Version": revision, "Mcp-Name": DROP}, rpc_code=[-32020])
        yield deny("old-method-" + revision, "Where Mcp-Method is sent under %s it must agree too." % revision, call(),
                headers={"MCP-Protocol-Version": revision, "Mcp-Method": "tools/list"}, rpc_code=[-32020])
        yield allow("old-agree-" + revision, "Mirrors that agree are welcome under %s." % revision, call(),
                headers={"MCP-Protocol-Version": revision, "Mcp-Method": "tools/call", "Mcp-Name": READ})
    yield deny("list-with-name", "A name for a method that names nothing.", stateless("tools/list"), headers=mirrored("tools/list", READ),
            rpc_code=[-32020])
    yield deny("prompt-as-tool", "The mirror tells a tool, the body a prompt.", stateless("prompts/get", '"name":"greet"'),
            headers=mirrored("tools/call", "greet"), rpc_code=[-32020])
    yield deny("told-method", "A notification's mirror differs.", message("notifications/cancelled", '{"requestId":1}', id=None),
            headers={"Mcp-Method": "tools/call"}, rpc_code=[-32020])
    yield deny("answer-method", "An answer has no method to mirror.", '{"jsonrpc":"2.0","id":1,"result":{}}',
            headers={"Mcp-Method": "tools/call"}, rpc_code=[-32020])
    yield allow("names-cased", "Header names have no case.", _READ,
            headers={"MCP-Protocol-Version": None, "mcp-protocol-version": "2026-07-28", "MCP-METHOD": "tools/call", "mcp-NAME": READ})
    yield allow("blanks-around", "Blanks around a header's value are not its.", _READ,
            headers=told(name="  " + READ + " \t", method=" tools/call"))


def versions():
    for i, version in enumerate(["2099-01-01", "2026-07-27", "2026-07-29", "2025-06-19", "2024-10-07", "1.0", "2", "", "latest",
            "DRAFT-2026-v1", "2026-07-28x", "2026-7-28", "2026/07/28", "20260728", "2025-06-18,2025-06-18", "2025-06-18 2026-07-28",
            "\"2025-06-18\"", "2025-06-18;q=1", "v2025-06-18", "\uff12025-06-18", "9999-99-99", "0000-00-00", "draft"]):
        yield deny("header-%02d" % i, "Revision %s is not served." % version.encode("ascii", "backslashreplace").decode(), call(),
                headers={"MCP-Protocol-Version": version})
    for i, pair in enumerate((["2025-06-18", "2025-06-18"], ["2025-06-18", "2026-07-28"], ["2026-07-28", "2025-03-26"])):
        yield deny("twice-%d" % i, "Two MCP-Protocol-Version lines.", call(), headers={"MCP-Protocol-Version": pair})
    for i, version in enumerate(["2099-01-01", "2026-07-29", "", "2026-07-28 ", "2025-06-18", "2025-03-26", "latest", "2026\\u002d07-28x"]):
        yield deny("meta-%d" % i, "_meta tells %s, the header 2026-07-28." % version,
                _READ.replace('"%s":"2026-07-28"' % VERSION, '"%s":"%s"' % (VERSION, version)), headers=mirrored("tools/call", READ))
    for revision in REVISIONS[:4]:
        yield deny("meta-beside-" + revision, "_meta tells 2026-07-28, the header %s." % revision, _READ,
                headers=mirrored("tools/call", READ, **{"MCP-Protocol-Version": revision}))
        yield allow("meta-same-" + revision, "_meta may tell %s as the header does." % revision,
                call(more=',"_meta":{"%s":"%s"}' % (VERSION, revision)), headers={"MCP-Protocol-Version": revision})
    yield deny("meta-alone", "_meta tells 2026-07-28 and no header does.", _READ,
            headers={**mirrored("tools/call", READ), "MCP-Protocol-Version": None})
    yield deny("header-alone", "The header tells 2026-07-28 and no _meta does.", call(), headers=mirrored("tools/call", READ))
    yield deny("meta-elsewhere", "_meta stands in arguments.", call(arguments="{%s}" % META), headers=mirrored("tools/call", READ))
    yield deny("meta-outside", "_meta stands outside params.", call()[:-1] + "," + META + "}", headers=mirrored("tools/call", READ))
    yield deny("meta-empty", "_meta without a version.", call(more=',"_meta":{}'), headers=mirrored("tools/call", READ))
    yield deny("old-name-of-meta", "Another vendor's word for the version.", call(more=',"_meta":{"protocolVersion":"2026-07-28"}'),
            headers=mirrored("tools/call", READ))
    yield deny("twin-meta", "Two versions, one escaped.", stateless("tools/call", '"name":"%s"' % READ).replace('"_meta":{',
            '"_meta":{"io.modelcontextprotocol\\/protocolVersion":"2026-07-28",'), headers=mirrored("tools/call", READ))


def paths():
    for i, suffix in enumerate(["/", "//", "/x", "/../mcp", "/./", ";x=1", ";x", "?", "?a=b", "?method=tools/list", "?name=" + READ,
            "?a=%0a", "#x", "%2f", "%2e", "/%2e%2e/mcp", "/..%2fmcp", "%20", "%00", "\\", "/\\..\\mcp", "?/../", "/mcp", ".json", "x",
            "%3f", "?access_token=x", "/*", "~", "/.", "/..;/mcp"]):
        yield deny("drop-%02d" % i, "The path %s leads around no gate." % suffix, call(DROP), status=[400, 403, 404], path_suffix=suffix)
    for i, suffix in enumerate(["?a=b", "?", "/", "/sub", "?x=%20&y=", "?sessionId=1"]):
        yield allow("read-%d" % i, "A permitted call with %s behind the path." % suffix, call(), path_suffix=suffix)
    for i, path in enumerate(["//mcp", "/./mcp", "/x/../mcp", "/%6dcp", "/m%63p", "/%6d%63%70", "///mcp", "/mcp/.", "/x/./../mcp",
            "http://127.0.0.1/mcp", "/x/%2e%2e/mcp", "/x/.%2e/mcp"]):
        yield deny("spelt-%02d" % i, "The location spelt %s." % path, call(DROP), status=[400, 403, 404], path=path)
    yield deny("encoded", "The location's last letter encoded.", call(DROP), status=[400, 403, 404], path_encode=True)
    for i, path in enumerate(["//mcp", "/%6dcp", "http://127.0.0.1/mcp"]):
        yield allow("spelt-read-%d" % i, "The location spelt %s, a permitted call." % path, call(), path=path)


def origins():
    for i, origin in enumerate(["https://evil.test", "http://127.0.0.1", "http://127.0.0.1:1", "http://localhost", "null", "", "file://",
            "http://127.0.0.1.evil.test", "https://127.0.0.1", "chrome-extension://x", "*", "http://[::1]", "evil.test",
            "http://127.0.0.1@evil.test"]):
        yield deny("%02d" % i, "A page of %s sends it." % (origin or "nowhere"), call(), status=403, headers={"Origin": origin})
    yield deny("twice", "Two Origin lines.", call(), status=[403, 400], headers={"Origin": ["https://evil.test", "null"]})


def chunks():
    """Cuts of the body as it comes in; tests/http/test_gate_attacks.py has what only a raw socket can send."""
    for i, at in enumerate(([1], [2, 3], [10, 50, 51], [40, 41, 42, 43, 44, 45], "every")):
        yield deny("drop-chunks-%d" % i, "The forbidden name cut by chunks.", call(DROP), status=403, chunked=True, chunk_at=at)
        yield allow("read-chunks-%d" % i, "A permitted call in chunks.", call(), chunked=True, chunk_at=at)
        yield deny("repeat-chunks-%d" % i, "A repeated name cut by chunks.", call(more=',"n\\u0061me":"%s"' % DROP), chunked=True,
                chunk_at=at)
    yield allow("utf-8-chunks", "A character of four bytes, each in its chunk.", call(arguments='{"a":"\U0001f600\u6771"}'), chunked=True,
            chunk_at="every")
    yield deny("empty-chunked", "No body at all, in chunks.", "", chunked=True)
    for i, name in enumerate(("Expect",)):
        yield allow("expect-%d" % i, "The client waits for 100.", call(), headers={name: "100-continue"})
    yield deny("expect-drop", "The client waits for 100 and gets a refusal.", call(DROP), status=403, headers={"Expect": "100-continue"})


def sessions():
    for i, pair in enumerate((["s-1", "s-2"], ["s-1", "s-1"], ["", "s-1"])):
        yield deny("twice-%d" % i, "Two Mcp-Session-Id lines: whose session?", call(), status=[400, 404], headers={"Mcp-Session-Id": pair})
    yield deny("get-twice", "Two session lines on a GET.", "", status=[400, 404], http_method="GET",
            headers={"Content-Type": None, "Mcp-Session-Id": ["s-1", "s-2"]})
    for i, id in enumerate(["s-1", "1868a90c-7d1f-4a", "x" * 500, "a.b~c", "!" * 20]):
        yield allow("id-%d" % i, "A backend's own session id.", call(), headers={"Mcp-Session-Id": id})
    yield deny("drop", "A session permits nothing.", call(DROP), status=403, headers={"Mcp-Session-Id": "s-1"})
