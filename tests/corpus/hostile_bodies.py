"""Bodies that one parser reads otherwise than another, or that no parser should read."""
import itertools
from row import DROP, META, READ, REVISIONS, VERSION, allow, call, deny, message, mirrored, stateless

# Where each member of the protocol stands: a text with @ where members can be added, and values it could have.
_ENVELOPE = {"jsonrpc": '"2.0"', "id": "1", "method": '"tools/call"', "params": '{"name":"%s"}' % READ, "result": "{}",
        "error": '{"code":1,"message":"x"}'}
_PARAMS = {"name": '"%s"' % READ, "uri": '"file:///public/a"', "arguments": '{"customer_id":"C-1"}', "_meta": '{"progressToken":1}',
        "cursor": '"c"',
           "ref": '{"type":"ref/prompt","name":"greet"}', "task": '{"ttl":1}', "taskId": '"t"', "argument": '{"name":"a","value":"b"}',
                   "requestId": "1",
           "requestState": '"s"', "inputResponses": "{}", "protocolVersion": '"2025-06-18"', "capabilities": "{}"}
_META = {VERSION: '"2025-06-18"', "io.modelcontextprotocol/clientInfo": '{"name":"a","version":"1"}',
         "io.modelcontextprotocol/clientCapabilities": "{}", "progressToken": "1"}
_CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"%s","arguments":{"customer_id":"C-1"}@P}@E}' % READ
_PLACES = (("envelope", _ENVELOPE, lambda m: _CALL.replace("@E", "," + m).replace("@P", "")),
           ("params", _PARAMS, lambda m: _CALL.replace("@P", "," + m).replace("@E", "")),
           ("meta", _META, lambda m: _CALL.replace("@P", ',"_meta":{%s}' % m).replace("@E", "")))
# Letters that are another's upper or lower case in some tables.
_KIN = {"s": ["\u017f"], "k": ["\u212a"], "i": ["\u0131", "\u0130"], "I": ["\u0131", "\u0130"]}


def _escaped(text):
    return "".join("\\u%04x" % ord(c) for c in text)


def _short(name):
    return name.rpartition("/")[2]


def repeated_members():
    for place, members, around in _PLACES:
        for name, value in members.items():
            first = '"%s":%s' % (name, value)
            if place != "meta" and name in ("result", "error", "cursor", "ref", "task", "argument", "requestId", "protocolVersion",
                    "capabilities"):
                continue
            again = [("same", first), ("null", '"%s":null' % name), ("escaped", '"%s%s":%s' % (_escaped(name[0]), name[1:], value)),
                     ("escaped-last", '"%s%s":%s' % (name[:-1], _escaped(name[-1]).upper().replace("U", "u"), value))]
            for how, member in again:
                body = around(first + "," + member) if place == "meta" or name in ("uri", "_meta", "taskId", "requestState",
                        "inputResponses") else around(member)
                yield deny("%s-%s-%s" % (place, _short(name), how), "%s stands twice (%s): some keep the first, some the last." % (name,
                        how), body)
    for depth in (2, 5, 11, 12, 13, 30, 60):
        opened, closed = '{"a":' * depth, "}" * depth
        yield deny("depth-%d" % depth, "Two members of one name, %d objects down." % depth,
                call(arguments=opened + '{"k":1,"j":2,"k":3}' + closed))
        yield allow("depth-%d-apart" % depth, "The same name in objects inside each other is no repeat.",
                call(arguments=opened + '{"k":1,"a":3}' + closed))
    for count in (2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65, 200):
        names = ['"member%03d":%d' % (n, n) for n in range(count)]
        yield deny("among-%d" % count, "The first of %d members comes again at the end." % count,
                call(arguments="{" + ",".join(names + ['"member000":1']) + "}"))
        yield deny("among-%d-middle" % count, "One in the middle of %d members comes again." % count,
                call(arguments="{" + ",".join(names + ['"member%03d":1' % (count // 2)]) + "}"))
    for length in (1, 7, 8, 9, 15, 16, 17, 24, 25, 63, 64, 65, 300, 5000):
        name = "".join("abcdefghij"[i % 10] for i in range(length))
        yield deny("length-%d" % length, "A repeated name of %d bytes." % length, call(arguments='{"%s":1,"%s":2}' % (name, name)))
        for where in sorted({0, length // 2, length - 1}):
            other = name[:where] + "X" + name[where + 1:]
            yield allow("length-%d-other-%d" % (length, where), "Two names of %d bytes that differ in byte %d alone." % (length, where),
                    call(arguments='{"%s":1,"%s":2}' % (name, other)))
    yield deny("normal-form-same", "One name raw and escaped beyond the first plane.",
            call(arguments='{"\U0001f600a":1,"\\uD83D\\uDE00a":2}'))
    yield deny("solidus", "One name with an escaped slash, one without.", call(arguments='{"a/b":1,"a\\/b":2}'))
    yield deny("empty", "The empty name twice.", call(arguments='{"":1,"":2}'))
    yield deny("in-unknown-member", "Repeats where the gate reads nothing are repeats too.",
            _CALL.replace("@E", ',"x":{"a":1,"a":2}').replace("@P", ""))
    yield deny("in-array-of-objects", "The last of a hundred objects repeats a name.",
            call(arguments='{"rows":[%s,{"a":1,"a":1}]}' % ",".join(['{"a":1}'] * 100)))
    yield deny("in-answer", "A repeat in the answer to a server's request.",
            '{"jsonrpc":"2.0","id":1,"result":{"action":"accept","action":"decline"}}')


def folded_members():
    """Members that loose backends take for another's name: case, and the letters that fold into ASCII."""
    for place, members, around in _PLACES:
        for name, value in members.items():
            spellings = {name.upper(), name.capitalize(), name[:-1] + name[-1].upper(), name.swapcase(), name.title(),
                    name[0].upper() + name[1:]}
            if name.lower() != name:
                spellings.add(name.lower())
            for i, spelling in enumerate(sorted(spellings - {name})):
                yield deny("%s-%s-case-%d" % (place, _short(name), i), "%s is %s to a reader without case." % (spelling, name),
                        around('"%s":%s' % (spelling, value)))
            for i, c in enumerate(name):
                for kin in _KIN.get(c, []):
                    if place == "meta" and i < len(name) - len(_short(name)) and i != 0:
                        continue
                    other = name[:i] + kin + name[i + 1:]
                    yield deny("%s-%s-%d-%04x" % (place, _short(name), i, ord(kin)),
                            "U+%04X folds to %s: this is %s to some readers." % (ord(kin), c.lower(), name),
                            around('"%s":%s' % (other, value)))
                    yield deny("%s-%s-%d-%04x-escaped" % (place, _short(name), i, ord(kin)), "The same, its letter escaped.",
                               around('"%s%s%s":%s' % (name[:i], _escaped(kin), name[i + 1:], value)))
    alone = '{"jsonrpc":"2.0","id":1,"%s":"tools/call","params":{"%s":"%s"}}'
    for method, name in (("METHOD", "name"), ("Method", "Name"), ("method", "NAME"), ("method", "nAme"), ("meth\\u006Fd", "Name")):
        yield deny("alone-%s-%s" % (method.replace("\\u006F", "o-escaped"), name), "Only the folded spelling is there.",
                alone % (method, name, DROP))
    yield deny("jsonrpc-alone", "The folded spelling of jsonrpc alone.", call().replace('"jsonrpc"', '"JSONRPC"'))
    yield deny("before", "The folded spelling comes first.", '{"Method":"tools/call","jsonrpc":"2.0","id":1,"method":"tools/list"}')
    yield deny("params-before", "A folded params before the real one.",
            '{"PARAMS":{"name":"%s"},"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"%s"}}' % (DROP, READ))
    yield deny("both-letters", "Two folding letters in one name.", call(more=',"ta\u017f\u212a":{}'))


def zero_characters():
    for place, members, around in _PLACES:
        for name, value in members.items():
            if place == "meta" and name != VERSION and name != "progressToken":
                continue
            for how, spelling in (("behind", name + "\\u0000"), ("before", "\\u0000" + name), ("inside", name[:1] + "\\u0000" + name[1:])):
                yield deny("%s-%s-%s" % (place, _short(name), how), "U+0000 %s the name: C strings end there." % how,
                        around('"%s":%s' % (spelling, value)))
    yield deny("in-argument-name", "A name that is cut at U+0000 is another's.",
            call(arguments='{"customer_id":"C-1","customer_id\\u0000x":"C-2"}'))
    yield deny("in-tool", "The tool's name ends at U+0000 for a backend in C.", call(name=READ + "\\u0000"))
    yield deny("in-tool-before", "A tool's name that begins with U+0000.", call(name="\\u0000" + READ))
    yield deny("in-method", "The method's name goes on behind U+0000.", message("tools/list\\u0000/../call"))
    yield deny("in-uri", "The URI goes on behind U+0000.", message("resources/read", '{"uri":"file:///public/a\\u0000/../../etc/passwd"}'))
    yield deny("in-id", "An id that is cut at U+0000.", call(id='"a\\u0000b"'))
    yield deny("raw-in-name", "The byte 0 itself in a member name.", call().replace('"name"', '"na\0me"'))
    yield deny("raw-in-value", "The byte 0 itself in a value.", call(arguments='{"a":"x\0y"}'))
    yield deny("raw-between", "The byte 0 itself between tokens.", call().replace(',"id"', ',\0"id"'))
    yield deny("raw-first", "The byte 0 before the message.", "\0" + call())


def encodings():
    good, drop = call(), call(DROP)
    for codec in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
        for mark, text in (("bom", "\ufeff" + good), ("bare", good), ("drop", drop)):
            yield deny("%s-%s" % (codec, mark), "%s without a word about it: some readers detect it." % codec, text.encode(codec))
    yield deny("utf-16-after-ascii", "ASCII first, UTF-16 behind it.", good[:40].encode() + good[40:].encode("utf-16-le"))
    yield deny("bom-twice", "Two byte order marks.", b"\xef\xbb\xbf" * 2 + good.encode())
    yield deny("bom-behind-blank", "A blank before the byte order mark.", b" \xef\xbb\xbf" + good.encode())
    yield deny("bom-half", "The first two bytes of a byte order mark.", b"\xef\xbb" + good.encode())
    yield deny("bom-before-batch", "A byte order mark hides an array.", b"\xef\xbb\xbf[" + drop.encode() + b"]",
            headers={"MCP-Protocol-Version": "2025-03-26"})
    yield deny("bom-between", "A byte order mark between tokens.", good.replace(',"id"', ',\ufeff"id"'))
    yield deny("ebcdic", "EBCDIC.", good.encode("cp037"))
    yield deny("utf-7-quotes", "UTF-7 for the quotes.", good.replace('"', "+ACI-"))
    bad = {"overlong-2-quote": b"\xc0\xa2", "overlong-2-slash": b"\xc0\xaf", "overlong-2-nul": b"\xc0\x80", "overlong-3": b"\xe0\x80\xaf",
            "overlong-4": b"\xf0\x80\x80\xaf",
           "overlong-e0-9f": b"\xe0\x9f\xbf", "overlong-f0-8f": b"\xf0\x8f\xbf\xbf", "surrogate-high": b"\xed\xa0\x80",
                   "surrogate-low": b"\xed\xbf\xbf",
           "surrogate-pair": b"\xed\xa0\xbd\xed\xb8\x80", "beyond": b"\xf4\x90\x80\x80", "f5": b"\xf5\x80\x80\x80",
                   "five": b"\xf8\x88\x80\x80\x80", "six": b"\xfc\x84\x80\x80\x80\x80",
           "fe": b"\xfe", "ff": b"\xff", "lone-next": b"\x80", "lone-next-bf": b"\xbf", "cut-2": b"\xc3", "cut-3": b"\xe2\x82",
                   "cut-4": b"\xf0\x9f\x98", "next-missing": b"\xe2(\xa1", "latin-1": b"\xe9"}
    for name, piece in bad.items():
        yield deny("value-" + name, "Not UTF-8 in a value: readers replace, drop or refuse it.",
                call(arguments='{"a":"x@y"}').encode().replace(b"@", piece))
    for name in ("overlong-2-slash", "surrogate-high", "surrogate-pair", "ff", "cut-2", "cut-3", "latin-1", "lone-next"):
        yield deny("member-" + name, "Not UTF-8 in a member name.", call(more=',"na@me":1').encode().replace(b"@", bad[name]))
        yield deny("tool-" + name, "Not UTF-8 in the tool's name.", call(name=READ + "@").encode().replace(b"@", bad[name]))
        yield deny("between-" + name, "Not UTF-8 between tokens.", call().encode().replace(b',"id"', b"," + bad[name] + b'"id"'))
    yield deny("method-overlong", "An overlong slash in the method.", call(DROP).encode().replace(b"tools/call", b"tools\xc0\xafcall"))
    yield deny("id-latin-1", "Latin-1 in the id.", call(id='"@"').encode().replace(b"@", b"\xe9"))
    yield deny("cut-at-end", "The body ends inside a character.", call(arguments='{"a":"').encode()[:-2] + b"\xe2\x82")


def surrogates():
    lone = {"high": "\\ud800", "low": "\\udc00", "high-high": "\\ud800\\ud800", "swapped": "\\udc00\\ud800", "high-text": "\\udbffx",
            "high-escape": "\\ud83d\\n", "upper": "\\uDBFF"}
    for name, piece in lone.items():
        yield deny("member-" + name, "Half a surrogate pair in a member name: replaced, kept or refused.",
                call(arguments='{"a%s":1}' % piece))
        yield deny("tool-" + name, "Half a surrogate pair in the tool's name.", call(name=READ + piece))
        yield allow("value-" + name, "Half a surrogate pair in an argument's value: odd, yet every member is where it was.",
                call(arguments='{"a":"x%sy"}' % piece))
    yield deny("method", "Half a surrogate pair in the method.", message("tools/call\\ud800", '{"name":"%s"}' % DROP))
    yield deny("id", "Half a surrogate pair in the id, which is echoed.", call(id='"\\ud800"'))
    yield deny("uri", "Half a surrogate pair in the URI.", message("resources/read", '{"uri":"file:///public/\\ud800"}'))
    yield deny("param", "Half a surrogate pair in the name of a protocol member.", call(more=',"name\\ud800":1'))
    yield deny("raw-and-escaped", "The first half raw, the second escaped.", call(arguments='{"a":"@\\ude00"}').encode().replace(b"@",
            b"\xed\xa0\xbd"))


def grammar():
    """Everything that is nearly JSON."""
    good = call()
    comments = {"block": "/* x */", "line": "// x\n", "hash": "# x\n", "html": "<!-- x -->", "open": "/*", "semicolon": "; x\n",
            "dashes": "-- x\n"}
    for name, comment in comments.items():
        for where, at in (("first", 0), ("behind-brace", 1), ("before-colon", good.index(":")), ("behind-colon", good.index(":") + 1),
                ("behind-comma", good.index(",") + 1), ("last", len(good))):
            yield deny("comment-%s-%s" % (name, where), "A comment: some readers skip it, and what hides in it.",
                    good[:at] + comment + good[at:])
    numbers = ["NaN", "Infinity", "-Infinity", "nan", "inf", "+1", "01", "-01", "00", "1.", ".5", "-.5", "1e", "1e+", "1E-", "1.e1", "0x1f",
            "0b1", "0o7", "1_000", "1,000", "--1", "-", "- 1", "1 2", "1f", "1d", "1L",
               "1.2.3", "1e1e1", "1e1.5", "\u0661", "\uff11", "\u00bd", "0-1", "1e\u2212 1"]
    for i, number in enumerate(numbers):
        yield deny("number-%02d" % i, "%s is no JSON number." % number.encode("ascii", "backslashreplace").decode(),
                call(arguments='{"n":%s}' % number))
    for i, number in enumerate(["01", "+1", "1.", "0x1", "NaN", "1_0", "-"]):
        yield deny("id-number-%d" % i, "%s as id." % number, call(id=number))
    for i, word in enumerate(["True", "False", "NULL", "Null", "None", "nil", "undefined", "yes", "on", "nul", "nulll", "tru", "truefalse",
            "t", "void 0", "new Date()"]):
        yield deny("word-%02d" % i, "%s is no JSON word." % word, call(arguments='{"w":%s}' % word))
    swaps = {"comma-object": ("}}", ",}}"), "comma-top": ("}}}", "}},}"), "comma-first": ("{", "{,"), "comma-double": (',"id"', ',,"id"'),
            "comma-missing": (',"id"', '"id"'), "colon-missing": ('"id":', '"id"'),
             "colon-double": ('"id":', '"id"::'), "equals": ('"id":', '"id"='), "arrow": ('"id":', '"id"=>'),
                     "value-missing": (":1,", ":,"), "name-missing": ('"id":1', ":1"), "name-number": ('"id"', "7"),
             "name-word": ('"id"', "null"), "name-array": ('"id"', '["id"]'), "name-bare": ('"id"', "id"), "quotes-single": ('"', "'"),
                     "quotes-back": ('"', "`"), "quotes-curly": ('"id"', "\u201cid\u201d"),
             "quotes-double": ('"id"', '""id""'), "quotes-triple": ('"id"', '"""id"""'), "prefix-b": ('"id"', 'b"id"'),
                     "prefix-u": ('"id"', 'u"id"'), "prefix-r": ('"id"', 'r"id"'), "plus-strings": ('"C-1"', '"C-"+"1"'),
             "strings-beside": ('"C-1"', '"C" "-1"'), "parens": ("{", "("),
                     "brace-for-bracket": ('{"customer_id":"C-1"}', '["customer_id":"C-1"]'), "closer-swapped": ("}}}", "}]}"),
                     "closer-extra": ("}}}", "}}}}"),
             "closer-missing": ("}}}", "}}"), "bracket-extra": ("}}}", "}}}]"), "spread": ("{", "{...{},"), "shorthand": (',"id":1', ",id"),
                     "merge-key": (',"id":1', ',"<<":{},*id'), "regex": ('"C-1"', "/C-1/"), "template": ('"C-1"', "`C-1`")}
    for name, (old, new) in swaps.items():
        swapped = good.replace(old, new) if name.startswith("quotes") and old == '"' else good.replace(old, new, 1)
        yield deny("form-" + name, "Not the grammar of RFC 8259: %s." % name, swapped)
    for i, escape in enumerate(["\\x41", "\\u{41}", "\\u41", "\\u004", "\\u00g1", "\\U00000041", "\\'", "\\0", "\\a", "\\v", "\\e", "\\\n",
            "\\101", "\\N{DIGIT ONE}", "\\ ", "\\c", "\\u 041", "\\u+041", "\\u-041"]):
        yield deny("escape-%02d" % i, "%r is no escape of JSON." % escape, call(arguments='{"a":"x%sy"}' % escape))
        if i < 9:
            yield deny("escape-name-%02d" % i, "%r in a member name." % escape, call(arguments='{"x%sy":1}' % escape))
    for byte in (1, 7, 8, 9, 10, 11, 12, 13, 26, 27, 31):
        yield deny("control-value-%02x" % byte, "Byte %02x raw in a string." % byte, call(arguments='{"a":"x%cy"}' % byte))
        yield deny("control-tool-%02x" % byte, "Byte %02x raw in the tool's name." % byte, call(name=READ + chr(byte)))
        if byte not in (9, 10, 13):
            yield deny("control-between-%02x" % byte, "Byte %02x is no blank of JSON." % byte, good.replace(',"id"', ',%c"id"' % byte))
    for code in (0x7f, 0x85, 0xa0, 0x1680, 0x180e, 0x2000, 0x200b, 0x2028, 0x2029, 0x202f, 0x205f, 0x2060, 0x3000, 0xfeff):
        yield deny("blank-%04x" % code, "U+%04X is no blank of JSON." % code, good.replace(',"id"', ',%s"id"' % chr(code)))
    for at in (1, 2, 10, 16, 20, 30, 40, 52, 60, 70, 80, 100, len(good) - 3, len(good) - 2, len(good) - 1):
        yield deny("cut-%03d" % at, "The message ends after %d bytes." % at, good[:at])
    for name, body in (("empty", ""), ("blank", " "), ("lines", "\r\n\r\n"), ("quote", '"'), ("backslash", "\\"), ("comma", ","),
            ("colon", ":"), ("bracket", "["), ("brace", "}"), ("minus", "-")):
        yield deny("only-" + name, "The body is no value at all.", body)


def documents():
    """More than one document, or another kind of document around it."""
    good, drop = call(), call(DROP)
    for name, between in (("nothing", ""), ("line", "\n"), ("crlf", "\r\n"), ("comma", ","), ("rs", "\x1e"), ("nul", "\0"), ("blank", " "),
            ("ff", "\f"), ("eot", "\x04"), ("ctrl-z", "\x1a"), ("dashes", "\n---\n"), ("semicolon", ";"), ("paragraph", "\u2029")):
        yield deny("two-" + name, "A second document behind the first: stream readers run it, others ignore it.", good + between + drop)
        yield deny("two-" + name + "-reversed", "The permitted one last.", drop + between + good)
    for name, tail in (("brace", "}"), ("bracket", "]"), ("paren", ")"), ("number", "1"), ("word", "null"), ("string", '""'),
            ("nuls", "\0" * 8), ("dots", "..."), ("slash", "/"), ("nbsp", "\u00a0"), ("vt", "\v"), ("del", "\x7f")):
        yield deny("tail-" + name, "Something stands behind the document.", good + tail)
    for name, head in (("paren", "("), ("assign", "x="), ("while", "while(1);"), ("for", "for(;;);"), ("xssi", ")]}',\n"),
            ("data", "data: "), ("event", "event: message\ndata: "), ("rs", "\x1e"), ("zero", "0"), ("plus", "+"), ("yaml", "--- "),
            ("amp", "&"),
                       ("length", "120\r\n"), ("lsp", "Content-Length: 99\r\n\r\n"), ("xml", "<?xml version='1.0'?>"),
                               ("shebang", "#!json\n")):
        yield deny("head-" + name, "Something stands before the document.", head + good)
    for name, body in (("jsonp", "callback(" + good + ")"), ("string", '"' + good.replace('"', '\\"') + '"'),
            ("xml-rpc", "<methodCall><methodName>tools/call</methodName></methodCall>"),
            ("yaml", "jsonrpc: '2.0'\nid: 1\nmethod: tools/call\nparams: {name: %s}\n" % DROP),
                       ("form", "payload=%7B%22jsonrpc%22%3A%222.0%22%7D"),
                               ("multipart", '--x\r\nContent-Disposition: form-data; name="m"\r\n\r\n' + drop + "\r\n--x--\r\n"),
                               ("cbor", b"\xa4gjsonrpcc2.0bid\x01fmethodjtools/call"),
                               ("msgpack", b"\x84\xa7jsonrpc\xa32.0\xa2id\x01\xa6method\xaatools/call"),
                       ("bson", b"\x16\0\0\0\x02method\0\x05\0\0\0ping\0\0"), ("number", "1"), ("string-plain", '"tools/call"'),
                               ("true", "true"), ("null", "null"), ("array-number", "[1]")):
        yield deny("as-" + name, "The body is no JSON-RPC message but %s." % name, body)


def nesting():
    for kind, opened, closed, around in (("array", "[", "]", '{"v":%s}'), ("object", '{"a":', "}", "%s"),
            ("mixed", '[{"a":', "}]", '{"v":%s}')):
        for total, verdict in ((64, allow), (66 if kind == "mixed" else 65, deny), (200, deny), (2000, deny)):
            n = (total - around.count("{") - 2) // (2 if kind == "mixed" else 1)
            yield verdict("%s-%d" % (kind, total), "%d containers inside each other, the outermost counted." % total,
                    call(arguments=around % (opened * n + "1" + closed * n)))
    yield deny("meta", "The depth of _meta counts as well.", call(more=',"_meta":{"x":%s}' % ("[" * 70 + "]" * 70)))
    yield deny("unknown", "The depth of a member that nobody knows counts as well.", call()[:-1] + ',"x":%s}' % ("[" * 70 + "]" * 70))
    yield deny("answer", "The depth of an answer's result counts as well.",
            '{"jsonrpc":"2.0","id":1,"result":%s}' % ('{"a":' * 70 + "1" + "}" * 70))
    start = call(arguments='{"a":')[:-2]
    yield deny("open", "Opened 50,000 times and never closed.", start, pad=(len(start), b"[", 50000))
    yield deny("hides-second-name", "Too deep for the gate, not for all: the tool named behind it.",
            call(arguments='{"a":%s}' % ("[" * 400 + "]" * 400), more=',"name":"%s"' % DROP))


def large():
    name = call(arguments='{"x":1}')
    yield deny("member-name-65537", "A member name of 65,537 bytes.", name, pad=(name.index('x":1'), b"n", 65536))
    yield allow("member-name-65536", "A member name of 65,536 bytes.", name, pad=(name.index('x":1'), b"n", 65535))
    yield deny("method-20000", "A method of 20,000 bytes.", message("tools/callx"), pad=(message("tools/callx").index("x"), b"x", 20000))
    yield deny("tool-20000", "A tool's name of 20,000 bytes.", call(name="x"), pad=(call(name="x").index('x"'), b"x", 20000))
    yield deny("tool-1000", "A tool's name of 1,000 bytes that no rule knows.", call(name="x" * 1000), status=403)
    yield deny("id-9000", "An id of 9,000 bytes, which would have to be echoed.", call(id='"%s"' % ("i" * 9000)))
    yield deny("uri-9000", "A URI of 9,000 bytes.", message("resources/read", '{"uri":"file:///public/%s"}' % ("a" * 9000)))
    blank = call(DROP).replace(',"id"', ', "id"')
    yield deny("blanks-then-drop", "4 MiB of blanks inside, the rest is beyond what is read.", blank, status=413,
            pad=(blank.index(' "id"'), b" ", 4 << 20))
    yield deny("value-5m", "One value of 5 MiB.", call(arguments='{"a":""}'), status=413,
            pad=(call(arguments='{"a":""}').index('""}') + 1, b"x", 5 << 20))
    yield deny("members-3000-and-drop", "Three thousand members, then a second name.",
            call(arguments="{%s}" % ",".join('"m%d":%d' % (i, i) for i in range(3000)), more=',"name":"%s"' % DROP))
    yield deny("blanks-behind", "4 MiB of blanks behind the message.", call() + "\n", status=413, pad=(len(call()), b"\n", 4 << 20))
    yield deny("blanks-and-second", "A megabyte of blanks, then a second document.", call() + call(DROP), pad=(len(call()), b" ", 1 << 20))
    yield deny("number-of-digits-in-id", "An id of 10,000 digits.", call(id="1"), pad=(call().index('1,"method"'), b"9", 10000))


def kinds():
    """Values of another kind than the protocol has there."""
    others = {"string": '"x"', "number": "7", "true": "true", "false": "false", "array": "[]", "object": "{}", "null": "null",
            "array-of-it": '["x"]', "object-of-it": '{"value":"x"}'}
    def wrong(member, text, wanted, status=(400,)):
        for kind, value in others.items():
            if kind not in wanted:
                yield deny("%s-%s" % (member, kind), "%s is %s: one reader coerces, another has its default." % (member, kind),
                        text.replace("@", value), status=status)
    yield from wrong("params", call().partition('{"name"')[0] + "@}", ("object", "object-of-it"))
    yield from wrong("arguments", call(arguments="@"), ("object", "object-of-it", "null"))
    yield from wrong("name", '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":@}}', ("string",))
    yield from wrong("uri", message("resources/read", '{"uri":@}'), ("string",))
    yield from wrong("method", '{"jsonrpc":"2.0","id":1,"method":@,"params":{"name":"%s"}}' % DROP, ("string",))
    yield from wrong("jsonrpc", '{"jsonrpc":@,"id":1,"method":"tools/call","params":{"name":"%s"}}' % READ, ())
    yield from wrong("id", call(id="@"), ("string", "number"))
    yield from wrong("meta", call(more=',"_meta":@'), ("object", "object-of-it"))
    yield from wrong("version", call(more=',"_meta":{"%s":@}' % VERSION), ("string",))
    for i, value in enumerate(['"2"', '"2.0 "', '" 2.0"', '"2.00"', '"\uff12.0"', '"v2.0"', '"1.0"', "2.0", '"2.0\\u0000"', '"2,0"', '""']):
        yield deny("jsonrpc-text-%02d" % i, "jsonrpc is %s." % value.encode("ascii", "backslashreplace").decode(),
                call().replace('"2.0"', value))
    for missing in ('"jsonrpc":"2.0",', '"method":"tools/call",', '"name":"%s",' % READ):
        yield deny("without-" + missing.split('"')[1], "The member is not there.", call().replace(missing, ""))
    yield deny("name-empty", "An empty name.", call(name=""))
    yield deny("method-empty", "An empty method.", message("", '{"name":"%s"}' % DROP))
    yield deny("params-in-list", "Positional params, as JSON-RPC allows and MCP does not.", message("tools/call", '["%s",{}]' % DROP))
    yield deny("name-beside-params", "The tool is named outside params.",
            call()[:-1].replace('"name":"%s",' % READ, "") + ',"name":"%s"}' % DROP)


def batches():
    read, drop, told = call(), call(DROP, id="2"), message("notifications/initialized", id=None)
    for revision in [*REVISIONS, None]:
        old, at = revision in ("2025-03-26", None), {"MCP-Protocol-Version": revision}
        name = revision or "none"
        yield (allow if old else deny)("read-" + name, "A batch of one permitted call under %s." % name, "[" + read + "]", headers=at)
        yield (allow if old else deny)("read-and-told-" + name, "A permitted call and a notification.", "[" + read + "," + told + "]",
                headers=at)
        yield deny("drop-last-" + name, "The forbidden call last.", "[" + read + "," + drop + "]", status=[403] if old else [400],
                headers=at)
        yield deny("empty-" + name, "A batch of nothing.", "[]", headers=at)
        yield deny("blanks-" + name, "Blanks, then a batch with a forbidden call.", " \r\n\t[" + drop + "]", status=[403] if old else [400],
                headers=at)
    old = {"MCP-Protocol-Version": "2025-03-26"}
    for name, body in (("nested", "[[" + drop + "]]"), ("nested-behind", "[" + read + ",[" + drop + "]]"), ("null", "[" + read + ",null]"),
            ("string", '["' + "x" + '"]'), ("comma-last", "[" + read + ",]"), ("comma-first", "[," + read + "]"),
            ("comma-none", "[" + read + drop + "]"),
                       ("comma-double", "[" + read + ",," + drop + "]"), ("open", "[" + read), ("closed-twice", "[" + read + "]]"),
                               ("tail", "[" + read + "]" + drop), ("two", "[" + read + "][" + drop + "]"),
                               ("lines", "[" + read + "]\n" + drop), ("blanks-only", "[ \n ]"),
                       ("same-ids", "[" + read + "," + call(id="1") + "]"),
                               ("same-text-ids", "[" + call(id='"a"') + "," + call(id='"a"') + "]"),
                               ("repeat-inside", "[" + call(more=',"name":"%s"' % DROP) + "]"),
                               ("fold-inside", "[" + call(more=',"Name":"%s"' % DROP) + "]"),
                       ("bom-inside", "[\ufeff" + read + "]"), ("comment", "[" + read + "/*," + drop + "*/]"),
                               ("answer-without-id", '[{"jsonrpc":"2.0","result":{}}]'), ("stateless-inside",
                               "[" + stateless("tools/call", '"name":"%s"' % READ) + "]"),
                               ("no-version-inside", "[" + read.replace('"jsonrpc":"2.0",', "") + "]"),
                       ("number", "[1,2,3]"), ("object-of-numbers", '{"0":' + drop + ',"length":1}'),
                               ("many", "[" + ",".join(call(id=str(i)) for i in range(2000)) + "]"),
                               ("nul", "[" + read + ",\0" + drop + "]")):
        yield deny("form-" + name, "A batch that is none, or that is read in two ways (%s)." % name, body, headers=old)
    for name, body in (("drop-told", "[" + call(DROP, id=None) + "]"), ("drop-first", "[" + drop + "," + read + "]"),
            ("drop-in-fifty", "[" + ",".join([call(id=str(i)) for i in range(10, 50)] + [drop]) + "]"),
            ("unknown-tool", "[" + read + "," + call("other", id="2") + "]"),
                       ("unknown-method", "[" + read + "," + message("tools/run", id="2") + "]"),
                               ("prompt", "[" + read + "," + message("prompts/get", '{"name":"admin_report"}', "2") + "]"),
                               ("resource", "[" + message("resources/read", '{"uri":"db://customers/1"}') + "]"),
                       ("completion", "[" + message("completion/complete",
                               '{"ref":{"type":"ref/prompt","name":"admin_report"},"argument":{"name":"a","value":"b"}}') + "]")):
        yield deny("verdict-" + name, "One message of the batch is forbidden: none is sent on.", body, status=403, headers=old)
    for name, body in (("many-kinds", "[" + ",".join((read, told, message("ping", id="3"), message("tools/list", id="4"),
            '{"jsonrpc":"2.0","id":9,"result":{}}')) + "]"), ("spaced", " [\n" + read + " ,\r\n\t" + call(id="2") + "\n] \n"),
            ("number-and-text-id", "[" + read + "," + call(id='"1"') + "]"),
                       ("prompt", "[" + message("prompts/get", '{"name":"greet"}') + "]"),
                               ("twenty", "[" + ",".join(call(id=str(i)) for i in range(20)) + "]")):
        yield allow("whole-" + name, "A batch of permitted messages passes as it is.", body, headers=old)
    for name, headers in (("name", {"Mcp-Name": READ}), ("method", {"Mcp-Method": "tools/list"})):
        yield deny("mirror-" + name, "One mirror header cannot stand for two messages.",
                "[" + read + "," + message("prompts/get", '{"name":"greet"}', "2") + "]", headers={**old, **headers})


def envelopes():
    for name, body in (("params", '{"jsonrpc":"2.0","id":1,"result":{},"params":{"name":"%s"}}' % DROP),
            ("error-params", '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"},"params":{}}'),
            ("method", '{"jsonrpc":"2.0","id":1,"result":{},"method":"tools/call","params":{"name":"%s"}}' % DROP),
                       ("method-first", '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"%s"},"result":null}' % DROP),
                               ("both", '{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"x"}}'),
                               ("without-id", '{"jsonrpc":"2.0","result":{}}'),
                               ("id-null", '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}}'),
                       ("error-method", '{"jsonrpc":"2.0","id":1,"error":null,"method":"tools/call","params":{"name":"%s"}}' % DROP),
                               ("nothing", '{"jsonrpc":"2.0","id":1}'), ("version-alone", '{"jsonrpc":"2.0"}'), ("empty", "{}"),
                               ("params-alone", '{"jsonrpc":"2.0","id":1,"params":{"name":"%s"}}' % DROP),
                               ("Result", '{"jsonrpc":"2.0","id":1,"Result":{}}'),
                       ("fault", '{"jsonrpc":"2.0","id":1,"fault":{}}'),
                               ("both-null", '{"jsonrpc":"2.0","id":1,"result":null,"error":null}')):
        yield deny("answer-" + name, "Neither plainly a request nor plainly an answer (%s)." % name, body)
    yield deny("answer-stateless", "Revision 2026-07-28 has no answers from clients.", '{"jsonrpc":"2.0","id":1,"result":{}}',
            headers={"MCP-Protocol-Version": "2026-07-28"})
    for place, body in (("envelope", call()[:-1] + ',"__proto__":{"method":"tools/call"}}'),
            ("params", call(more=',"__proto__":{"name":"%s"}' % DROP)), ("meta", call(more=',"_meta":{"__proto__":{}}')),
            ("escaped", call(more=',"__pro\\u0074o__":{"name":"%s"}' % DROP)),
            ("envelope-first", '{"__proto__":{"params":{}},' + call()[1:])):
        yield deny("prototype-" + place, "__proto__ among protocol members becomes the object's prototype when it is copied.", body)
    for name, body in (("read", message("tools/call", '{"name":"%s"}' % DROP, id=None)),
            ("unlisted", message("tools/call", '{"name":"other"}', id=None)), ("ping", message("ping", id=None)),
            ("list", message("tools/list", id=None)), ("initialize", message("initialize", "{}", id=None)),
            ("unknown", message("tools/run", "{}", id=None)),
                       ("prompt", message("prompts/get", '{"name":"admin_report"}', id=None)),
                               ("resource", message("resources/read", '{"uri":"db://customers/1"}', id=None)),
                               ("task", message("tasks/cancel", '{"taskId":"t"}', id=None)),
                               ("level", message("logging/setLevel", '{"level":"debug"}', id=None))):
        yield deny("told-" + name, "Without an id it runs all the same (%s)." % name, body, status=403, scopes=())
    for name, method in (("told-with-id", "notifications/initialized"), ("cancel-with-id", "notifications/cancelled"),
            ("own-with-id", "notifications/tools/call")):
        yield deny(name, "A notification's method with an id is a request that nobody opened.", message(method, "{}"), status=403)
    yield deny("told-case", "A notification's name in capitals.", message("Notifications/initialized", id=None), status=403)
    yield deny("told-plain", "The bare prefix of notifications.", message("notifications", id=None), status=403)
