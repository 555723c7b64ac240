"""Odd, and yet everybody reads it alike: it must pass, byte for byte."""
import itertools
from row import META, READ, REVISIONS, VERSION, allow, call, message, mirrored, stateless


def revisions():
    for revision in REVISIONS[:4]:
        at = {"MCP-Protocol-Version": revision}
        for name, body in (("initialize",
                message("initialize", '{"protocolVersion":"%s","capabilities":{"roots":{"listChanged":true},"sampling":{}},"clientInfo":{"name":"c","title":"C","version":"1"}}' % revision)),
                ("initialized", message("notifications/initialized", id=None)), ("ping", message("ping")), ("tools", message("tools/list")),
                           ("tools-page", message("tools/list", '{"cursor":"abc=="}')), ("call", call()),
                                   ("prompts", message("prompts/list", "{}")),
                                   ("resources", message("resources/list", '{"_meta":{"progressToken":"p"}}')),
                                   ("templates", message("resources/templates/list")),
                                   ("cancelled", message("notifications/cancelled", '{"requestId":"1","reason":"\\u2713"}', id=None)),
                           ("progress", message("notifications/progress", '{"progressToken":1,"progress":0.5,"total":1e0}', id=None)),
                                   ("roots-changed", message("notifications/roots/list_changed", id=None)),
                                   ("own-note", message("notifications/acme.test/x", "{}", id=None))):
            yield allow("%s-%s" % (name, revision), "%s under %s." % (name, revision), body, headers=at)
    for name, body in (("call", call()), ("tools", message("tools/list")), ("initialize", message("initialize", "{}"))):
        yield allow(name + "-no-version", "No revision is told before it is agreed.", body, headers={"MCP-Protocol-Version": None})
    for method in ("server/discover", "tools/list", "prompts/list", "resources/list", "resources/templates/list", "ping"):
        yield allow(method.replace("/", "-") + "-2026-07-28", "%s under 2026-07-28." % method, stateless(method), headers=mirrored(method))
    yield allow("call-2026-07-28", "tools/call under 2026-07-28.", stateless("tools/call", '"name":"%s","arguments":{}' % READ),
            headers=mirrored("tools/call", READ))
    yield allow("again-2026-07-28", "The second round of a call that wanted input.",
            stateless("tools/call", '"name":"%s","requestState":"s","inputResponses":{"a":{"action":"accept"}}' % READ),
            headers=mirrored("tools/call", READ))
    yield allow("cancelled-2026-07-28", "A notification under 2026-07-28.", message("notifications/cancelled", '{"requestId":1,%s}' % META,
            id=None), headers=mirrored("notifications/cancelled"))


def answers():
    for name, body in (("empty", '{"jsonrpc":"2.0","id":1,"result":{}}'), ("text-id", '{"jsonrpc":"2.0","id":"a-1","result":{}}'),
            ("sampling", '{"jsonrpc":"2.0","id":2,"result":{"role":"assistant","content":{"type":"text","text":"{\\"method\\":\\"tools/call\\"}"},"model":"m"}}'),
            ("roots", '{"jsonrpc":"2.0","id":3,"result":{"roots":[{"uri":"file:///"}]}}'),
                       ("decline", '{"jsonrpc":"2.0","id":4,"result":{"action":"decline"}}'),
                               ("error", '{"jsonrpc":"2.0","id":5,"error":{"code":-1,"message":"User rejected","data":[1]}}'),
                               ("null", '{"jsonrpc":"2.0","id":6,"result":null}'), ("order", '{"result":{},"id":7,"jsonrpc":"2.0"}'),
                               ("names-inside", '{"jsonrpc":"2.0","id":8,"result":{"Method":"x","method":"tools/call","params":{},"NAME":1}}')):
        for revision in ("2025-03-26", "2025-11-25"):
            yield allow("%s-%s" % (name, revision), "An answer to the server's own request.", body,
                    headers={"MCP-Protocol-Version": revision})


def numbers():
    for i, number in enumerate(["0", "-0", "-0.0", "0e0", "1e400", "-1e400", "1E+2", "1e-400", "0.1",
            "3.141592653589793238462643383279502884197", "9007199254740993", "18446744073709551616", "123456789012345678901234567890",
            "1" + "0" * 400, "0." + "0" * 300 + "1", "1e1000000", "-9223372036854775809", "2.5e-3", "1.0", "5e-324",
            "1.7976931348623157e308", "1E5", "0E+7"]):
        yield allow("%02d" % i, "%s... is a number, if a large one." % number[:30], call(arguments='{"n":%s}' % number))
    for i, id in enumerate(["0", "-1", "-0", "1.5", "1e3", "1E-2", "9007199254740993", "123456789012345678901234567890", "1e400", "0.10",
            "2147483648", "-9223372036854775808"]):
        yield allow("id-%02d" % i, "%s is an id." % id, call(id=id))


def ids():
    for name, id in (("empty", '""'), ("blank", '" "'), ("digits", '"1"'), ("uuid", '"8f14e45f-ceea-467f-9575-0d9f5e2b3c11"'),
            ("emoji", '"\U0001f680"'), ("escapes", '"\\"\\\\\\/\\b\\f\\n\\r\\t"'), ("pair", '"\\ud83d\\ude80"'),
            ("long", '"%s"' % ("i" * 4000)), ("markup", '"</script>"'), ("json", '"{\\"id\\":2}"'), ("word", '"null"'),
            ("rtl", '"\u05d0\u202e"')):
        yield allow(name, "A text as id (%s)." % name, call(id=id))


def texts():
    values = {"escapes": '\\"\\\\\\/\\b\\f\\n\\r\\t', "hex-upper": "\\u00E9\\uFFFD", "hex-lower": "\\u00e9\\ufffd", "hex-mixed": "\\u00eE",
            "pair": "\\ud83d\\ude00", "pair-upper": "\\uD83D\\uDE00", "last-plane": "\U0010ffff", "last-plane-escaped": "\\udbff\\udfff",
            "noncharacters": "\ufffe\uffff\ufdd0", "separators": "\u2028\u2029", "del": "\x7f", "c1": "\u0085\u009f",
            "bom-inside": "a\ufeffb",
              "family": "\U0001f468\u200d\U0001f469\u200d\U0001f467", "flags": "\U0001f1e9\U0001f1ea", "rtl": "\u202e\u05d0\u0627",
                      "combining": "e" + "\u0301" * 40, "private": "\ue000\U000f0000", "plane-2": "\U00020000", "thai": "\u0e01\u0e33",
                      "zero-escaped": "a\\u0000b", "controls-escaped": "".join("\\u%04x" % n for n in range(1, 32)),
                      "comment": "/* // # <!-- */", "json": '{\\"method\\":\\"tools/call\\"}',
              "nan": "NaN Infinity undefined", "html": "<script>alert(1)</script>", "sql": "' OR 1=1 --", "template": "${jndi:ldap://x}",
                      "backslashes": "\\\\" * 33, "quotes": '\\"' * 33, "utf-7": "+ACI-", "percent": "%22%7D%00",
                      "crlf": "\\r\\nMcp-Name: x", "braces": "}]}]", "long-u": "\\u0041" * 500, "surrogate-lookalike": "\\\\ud800",
                      "all-latin": "".join(chr(c) for c in range(0xa0, 0x180)), "tabs-escaped": "\\t" * 9}
    for name, value in values.items():
        yield allow(name, "A text in the arguments (%s)." % name, call(arguments='{"t":"%s"}' % value))
    for name in ("escapes", "pair", "last-plane", "noncharacters", "del", "combining", "separators", "rtl", "long-u", "json", "braces"):
        yield allow("member-" + name, "A member name in the arguments (%s)." % name, call(arguments='{"%s":1}' % values[name]))


def argument_members():
    """Names in arguments are the tool's own, whatever they look like."""
    for i, members in enumerate(['"name":"delete_table"', '"method":"tools/list","params":{"name":"x"}', '"Name":1,"NAME":2', '"a":1,"A":2',
            '"__proto__":{"x":1}', '"constructor":1,"toString":2,"hasOwnProperty":3', '"":""', '" ":1,"  ":2', '"jsonrpc":"1.0","id":null',
            '"arguments":{"arguments":{"arguments":{}}}', '"_meta":[]', '"_meta":{"progressToken":null}', '"result":1,"error":2',
                                 '"a.b":1,"a/b":2,"a[0]":3', '"$ref":"#/x"', '"k":1,"\u212a":2', '"s":1,"\u017f":2',
                                         '"i":1,"\u0131":2,"I":3,"\u0130":4', '"\u00e9":1,"e\u0301":2', '"0":1,"00":2,"1":3',
                                         '"params":{"_meta":{"%s":"1999-01-01"}}' % VERSION, '"ss":1,"\u00df":2', '"\ufb01":1,"fi":2',
                                         '"uri":"file:///etc/passwd"', '"task":{"ttl":1}', '"x":{"name":"a"},"y":{"name":"b"}']):
        yield allow("%02d" % i, "Members of the tool's own: %s." % members.encode("ascii", "backslashreplace").decode(),
                call(arguments="{%s}" % members))


def shapes():
    for name, arguments in (("empty", "{}"), ("null", "null"), ("nested-empty", '{"a":{},"b":[],"c":[[],{}]}'),
            ("words", '{"a":true,"b":false,"c":null}'), ("matrix", '{"m":[[1,2],[3,4]]}'),
            ("rows", '{"rows":[%s]}' % ",".join('{"id":%d,"v":"x"}' % i for i in range(300))),
            ("wide", "{%s}" % ",".join('"k%d":%d' % (i, i) for i in range(1500))), ("deep", '{"a":' * 60 + "1" + "}" * 60),
            ("arrays-deep", '{"a":%s}' % ("[" * 60 + "]" * 60)),
                            ("mixed", '{"a":[{"b":[{"c":[1]}]}]}'), ("many-nulls", '{"a":[%s]}' % ",".join(["null"] * 500)),
                                    ("numbers", '{"a":[%s]}' % ",".join(str(i / 8) for i in range(400))),
                                    ("strings", '{"a":[%s]}' % ",".join('"%d"' % i for i in range(400)))):
        yield allow(name, "Arguments of another shape (%s)." % name, call(arguments=arguments))
    yield allow("absent", "No arguments.", message("tools/call", '{"name":"%s"}' % READ))
    late = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{"blob":""},"name":"%s"}}' % READ
    for name, count in (("4k", 4096), ("8k", 8000), ("64k", 65536), ("200k", 200000), ("1m", 1 << 20)):
        yield allow("name-after-" + name, "The name comes behind %s of arguments." % name, late, pad=(late.index('""') + 1, b"y", count))
    yield allow("escapes-200k", "200 KB of escapes.", late, pad=(late.index('""') + 1, b"\\u00e9\\n", 25000))
    yield allow("utf-8-300k", "300 KB of three-byte characters.", late, pad=(late.index('""') + 1, "\u6771".encode(), 100000))
    yield allow("digits-100k", "A number of 100,000 digits.", call(arguments='{"n":1}'), pad=(call(arguments='{"n":1}').index("1}}"), b"9",
            100000))
    yield allow("blanks-500k", "Half a megabyte of blanks between tokens.", call(), pad=(call().index('"id"'), b" \t\r\n", 125000))
    yield allow("elements-200k", "Two hundred thousand elements.", call(arguments='{"a":[1]}'),
            pad=(call(arguments='{"a":[1]}').index("1]"), b"1,", 200000))


def orders():
    envelope = ('"jsonrpc":"2.0"', '"id":1', '"method":"tools/call"', '"params":{"name":"%s","arguments":{"a":1}}' % READ)
    for i, order in enumerate(itertools.permutations(envelope)):
        yield allow("envelope-%02d" % i, "Members have no order.", "{" + ",".join(order) + "}")
    params = ('"name":"%s"' % READ, '"arguments":{"a":{"b":1}}', '"_meta":{"progressToken":1}')
    for i, order in enumerate(itertools.permutations(params)):
        yield allow("params-%d" % i, "Members have no order.", message("tools/call", "{" + ",".join(order) + "}"))


def blanks():
    good = call()
    for name, body in (("pretty", good.replace("{", "{\n  ").replace(",", ",\n  ").replace(":", ": ").replace("}", "\n}")),
            ("crlf", good.replace(",", ",\r\n\t")), ("tabs", good.replace(":", "\t:\t")), ("before", "\n\n \t" + good),
            ("after", good + "\r\n\r\n"), ("around", "\r\n\r\n" + good + "\n\n"), ("everywhere",
            good.replace("{", " { ").replace("}", " } ").replace(":", " : ").replace(",", " , ")), ("last-newline", good + "\n"),
            ("many", " " * 2000 + good + "\t" * 2000)):
        yield allow(name, "Blanks of JSON between tokens (%s)." % name, body)


def unknown_members():
    for name, body in (("envelope", call()[:-1] + ',"auth":"x","extra":{"method":"tools/call"}}'),
            ("envelope-first", '{"trace":[1,2],' + call()[1:]), ("params", call(more=',"x":1,"vendor":{"name":"delete_table"}')),
            ("params-lookalikes", call(more=',"names":[],"argument_s":1,"methods":{},"nam":1,"namee":2')),
            ("envelope-lookalikes", call()[:-1] + ',"methods":[],"ids":1,"parameters":{},"param":1}'),
                       ("meta-vendor", call(more=',"_meta":{"acme.test/trace":{"a":[1]},"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}')),
                               ("meta-token-text", call(more=',"_meta":{"progressToken":"t"}')),
                               ("meta-token-number", call(more=',"_meta":{"progressToken":17}')), ("meta-empty", call(more=',"_meta":{}')),
                               ("meta-unicode", call(more=',"_meta":{"\u6771/\u4eac":"\U0001f600"}')),
                               ("params-constructor", call(more=',"constructor":{},"toString":1')),
                               ("params-prototype", call(more=',"prototype":1')),
                       ("task", call(more=',"task":{"ttl":1}')), ("dollar", call()[:-1] + ',"$schema":"x"}'),
                               ("empty-name", call(more=',"":1')), ("long-name", call(more=',"%s":1' % ("n" * 3000)))):
        yield allow(name, "Members that the protocol does not know (%s)." % name, body)


def escaped_protocol():
    """Escapes are another spelling of the same text."""
    names = ("jsonrpc", "id", "method", "params", "name", "arguments")
    for name in names:
        yield allow("member-" + name, "The member %s with its first letter escaped." % name,
                call().replace('"%s"' % name, '"\\u%04x%s"' % (ord(name[0]), name[1:]), 1))
        yield allow("member-all-" + name, "The member %s escaped letter by letter." % name,
                call().replace('"%s"' % name, '"%s"' % "".join("\\u%04X" % ord(c) for c in name), 1))
    yield allow("version", "The version's value escaped.", call().replace('"2.0"', '"\\u0032.0"'))
    yield allow("method", "The method escaped.", call().replace("tools/call", "\\u0074ools\\/call"))
    yield allow("tool", "The tool's name escaped.", call(name="".join("\\u%04x" % ord(c) for c in READ)))
    yield allow("meta", "_meta escaped.", call(more=',"\\u005fmeta":{"progressToken":1}'))
    yield allow("stateless", "The version in _meta behind an escaped slash.",
            stateless("tools/call", '"name":"%s"' % READ).replace("io.modelcontextprotocol/protocolVersion",
            "io.modelcontextprotocol\\/protocolVersion"), headers=mirrored("tools/call", READ))


def header_lines():
    for i, kind in enumerate(["application/json", "Application/JSON", "application/json;charset=utf-8", "application/json; charset=UTF-8",
            "application/json ; charset=utf-8", "application/json;  charset=\"UTF-8\"", "application/json; Charset=Utf-8",
            " application/json", "application/json "]):
        yield allow("type-%d" % i, "Content-Type %s." % kind, call(), headers={"Content-Type": kind})
    for name, headers in (("no-accept", {"Accept": None}), ("accept-all", {"Accept": "*/*"}),
            ("accept-json", {"Accept": "application/json"}), ("accept-encoding", {"Accept-Encoding": "gzip, br"}),
            ("cookie", {"Cookie": "a=b; c=d"}), ("agent", {"User-Agent": "node"}),
            ("trace", {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}), ("last-event", {"Last-Event-ID": "5"}),
                          ("forwarded", {"X-Forwarded-For": "10.0.0.1", "Forwarded": "for=10.0.0.1"}),
                                  ("custom", {"X-Api-Key": "k", "X-Request-Id": "1"}), ("language", {"Accept-Language": "de"}),
                                  ("fetch", {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "none"}),
                                  ("cache", {"Cache-Control": "no-cache", "Pragma": "no-cache"}),
                                  ("params", {"Mcp-Param-Region": "eu", "Mcp-Param-Table_Name": "x"}), ("te", {"TE": "trailers"}),
                                  ("priority", {"Priority": "u=1"}), ("upgrade", {"Upgrade": "h2c"}),
                                  ("two-accepts", {"Accept": ["application/json", "text/event-stream"]})):
        yield allow(name, "Header lines that mean nothing to the gate (%s)." % name, call(), headers=headers)
