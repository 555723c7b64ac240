"""What a message is about: tools, methods, prompts, resources, tasks, and whose scopes count."""
from row import DROP, READ, REVISIONS, allow, call, deny, message, mirrored, stateless

_STATELESS = "2026-07-28"


def tool_names():
    spellings = {"upper": "DELETE_TABLE", "title": "Delete_Table", "last-upper": "delete_tablE", "blank-first": " delete_table",
            "tab-last": "delete_table\\t", "line-last": "delete_table\\n", "crlf-last": "delete_table\\r\\n",
                 "nbsp": "delete_table\u00a0", "zwj": "delete\u200d_table", "zwnj": "delete\u200c_table",
                         "soft-hyphen": "delete\u00ad_table", "bom": "\ufeffdelete_table", "rtl": "\u202edelete_table",
                         "variation": "delete_table\ufe0f", "tag": "delete_table\U000e0041",
                 "fullwidth": "\uff44elete_table", "fullwidth-underscore": "delete\uff3ftable", "ligature": "delete_tab\u01c9e",
                         "barred-t": "dele\u0166e_table", "cyrillic": "delet\u0435_table", "greek": "delete_\u03c4able",
                         "math": "\U0001d41delete_table",
                 "percent": "%64elete_table", "percent-underscore": "delete%5Ftable", "plus": "delete+table", "hyphen": "delete-table",
                         "camel": "deleteTable", "dot": "delete.table", "colon-first": ":delete_table", "at-last": "delete_table@1",
                         "version": "delete_table:latest",
                 "server-underscore": "srv__delete_table", "server-dot": "srv.delete_table", "server-slash": "srv/delete_table",
                         "server-colon": "srv:delete_table", "dots": "../delete_table",
                         "dots-inside": "read_customer_record/../delete_table", "query": "delete_table?x=1", "fragment": "delete_table#x",
                 "list-comma": "read_customer_record,delete_table", "list-blank": "read_customer_record delete_table",
                         "list-pipe": "read_customer_record|delete_table", "list-line": "read_customer_record\\ndelete_table",
                         "list-semicolon": "read_customer_record;delete_table",
                 "star": "*", "star-last": "read_customer_record*", "star-prefix": "read_*", "question": "read_customer_recor?",
                         "class": "read_customer_recor[d]", "regex": "^read_customer_record$",
                         "brace": "{read_customer_record,delete_table}",
                 "template": "${read_customer_record}", "quote": "read_customer_record'", "double-quote": "read_customer_record\\\"",
                         "entity": "read_customer_record&#0;", "sql": "read_customer_record'--", "null-word": "null",
                         "undefined": "undefined", "proto": "__proto__", "constructor": "constructor",
                 "to-string": "toString", "own": "hasOwnProperty", "init": "__init__", "private": "_delete_table",
                         "read-upper": "READ_CUSTOMER_RECORD", "read-title": "Read_customer_record", "read-blank": "read_customer_record ",
                         "read-tab": "\\tread_customer_record",
                 "read-zwsp": "read_customer\u200b_record", "read-long-s": "read_cu\u017ftomer_record",
                         "read-kelvin": "read_customer_record\u212a", "read-dotless": "read_custom\u0131_record",
                         "read-cut": "read_customer_recor", "read-longer": "read_customer_records", "empty-escape": "\\u200b"}
    for name, spelling in spellings.items():
        yield deny(name, "Not the name of a tool that the caller may use, whatever a loose backend makes of it.", call(name=spelling),
                status=403)
    for place in range(len(DROP)):
        yield deny("escaped-%02d" % place, "An escape in the forbidden tool's name changes nothing.",
                call(name=DROP[:place] + "\\u%04x" % ord(DROP[place]) + DROP[place + 1:]), status=403)


def scopes():
    for i, held in enumerate(([], ["customer.rea"], ["customer.readx"], ["CUSTOMER.READ"], ["Customer.Read"], ["customer.write"],
            ["customer.*"], ["*"], ["customer"], ["customer.read."], ["customer,read"], ["customer.read,x"], ["xcustomer.read"],
            ["customer_read"], ["customer.re\u0430d"], ["openid", "profile"])):
        yield deny("read-%02d" % i, "Scope %s is not customer.read." % " ".join(held).encode("ascii", "backslashreplace").decode(), call(),
                status=403, scopes=held)
    for i, held in enumerate((["customer.read", "customer.write"], ["db.admi"], ["db.admins"], ["DB.ADMIN"], ["db"], ["admin"],
            ["db.admin.read"], ["db admin"])):
        yield deny("drop-%02d" % i, "Scope %s is not db.admin." % " ".join(held), call(DROP), status=403, scopes=held)
    for i, held in enumerate((["customer.read"], ["customer.read", "x"], ["x", "customer.read"], ["a", "customer.read", "b"],
            ["customer.write", "db.admin", "customer.read"])):
        yield allow("enough-%02d" % i, "customer.read among others is customer.read.", call(), scopes=held)
    yield allow("write", "Another tool by its own scope.", call("modify_customer_record"), scopes=["customer.write"])
    yield deny("write-by-read", "Another tool wants its own scope.", call("modify_customer_record"), status=403)


def method_names():
    spellings = {"upper": "TOOLS/CALL", "title": "Tools/call", "camel": "tools/Call", "long-s": "tool\u017f/call",
            "blank-first": " tools/call", "blank-last": "tools/call ", "tab": "tools/call\\t", "line": "tools/call\\n",
            "blank-inside": "tools /call", "nbsp": "tools/call\u00a0", "zwsp": "tools\u200b/call",
                 "bom": "\ufefftools/call", "soft-hyphen": "tools/ca\u00adll", "fullwidth": "\uff54ools/call",
                         "cyrillic": "t\u043eols/call", "fraction-slash": "tools\u2044call", "big-solidus": "tools\u29f8call",
                         "dot": "tools.call", "colon": "tools:call", "underscore": "tools_call", "double": "tools//call",
                         "first": "/tools/call", "last": "tools/call/",
                 "dots": "tools/../tools/call", "here": "./tools/call", "backslash": "tools\\\\call", "percent": "tools%2Fcall",
                         "query": "tools/call?x", "fragment": "tools/call#x", "semicolon": "tools/call;v=1", "prefix": "mcp/tools/call",
                         "dollar": "$/tools/call", "rpc": "rpc.tools/call", "version": "tools/call/v2", "singular": "tool/call",
                         "swapped": "call/tools",
                 "name": "callTool", "snake": "call_tool", "run": "tools/run", "execute": "tools/execute", "invoke": "tools/invoke",
                         "bare": "tools", "itself": DROP, "read-itself": READ, "system": "system.multicall", "discover": "rpc.discover",
                         "proto": "__proto__", "constructor": "constructor", "sampling": "sampling/createMessage",
                         "elicit": "elicitation/create",
                 "roots": "roots/list", "star": "*", "null": "null", "long": "tools/call" * 20}
    # Where only case, blanks or invisible letters differ, 400 says that the method can be read in two ways.
    for name, spelling in spellings.items():
        yield deny(name, "No method that anybody opened, whatever a loose router makes of it.",
                message("%s" % spelling, '{"name":"%s"}' % DROP), status=[403, 400])
    for name in ("upper", "dot", "run", "blank-last", "percent"):
        yield deny("stateless-" + name, "The same under 2026-07-28, which answers 404 to unknown methods.",
                stateless(spellings[name], '"name":"%s"' % DROP), status=[404, 400], headers=mirrored(spellings[name].strip()))
    yield deny("escaped", "An escaped method is the method.", message("tools\\/call", '{"name":"%s"}' % DROP), status=403)
    yield deny("escaped-all", "Escaped letter by letter.", message("".join("\\u%04X" % ord(c) for c in "tools/call"),
            '{"name":"%s"}' % DROP), status=403)
    for other in ("tools/list", "ping", "initialize", "server/discover", "prompts/list", "resources/list", "notifications/initialized"):
        for i, spelling in enumerate((other.upper(), other + " ", "\u200b" + other)):
            yield deny("other-%s-%d" % (other.replace("/", "-"), i), "Not quite %s." % other, message(spelling), status=[403, 400])


def prompts():
    yield allow("greet", "A prompt that the caller may get.", message("prompts/get", '{"name":"greet"}'))
    yield allow("greet-arguments", "With arguments, which are strings for prompts.",
            message("prompts/get", '{"name":"greet","arguments":{"style":"\\u00e9"}}'))
    yield allow("greet-stateless", "The same under 2026-07-28.", stateless("prompts/get", '"name":"greet"'),
            headers=mirrored("prompts/get", "greet"))
    yield allow("admin", "Another prompt with its scope.", message("prompts/get", '{"name":"admin_report"}'), scopes=["db.admin"])
    for name, prompt in (("admin", "admin_report"), ("unlisted", "other"), ("upper", "GREET"), ("blank", "greet "), ("tool", READ),
            ("zwsp", "gre\u200bet"), ("dots", "greet/../admin_report"), ("uri", "file:///public/a")):
        yield deny(name + "-refused", "No prompt that the caller may get.", message("prompts/get", '{"name":"%s"}' % prompt), status=403)
    for name, params in (("nothing", None), ("empty", "{}"), ("uri", '{"uri":"greet"}'), ("empty-name", '{"name":""}')):
        yield deny(name, "A prompt without a name.", message("prompts/get", params))
    yield deny("repeat", "Two names.", message("prompts/get", '{"name":"greet","name":"admin_report"}'))
    yield deny("fold", "Two names for readers without case.", message("prompts/get", '{"name":"greet","Name":"admin_report"}'))
    yield deny("tool-by-prompt", "A tool is no prompt and a prompt no tool.", call("greet"), status=403)


def completions():
    def complete(ref, more=""):
        return message("completion/complete", '{"ref":%s,"argument":{"name":"a","value":"b"}%s}' % (ref, more))
    yield allow("prompt-open", "Completing an argument of a permitted prompt.", complete('{"type":"ref/prompt","name":"greet"}'))
    yield allow("resource-open", "Completing a variable of a permitted template.",
            complete('{"type":"ref/resource","uri":"file:///public/{name}"}'))
    yield allow("context", "With the arguments chosen so far.",
            complete('{"type":"ref/prompt","name":"greet"}', ',"context":{"arguments":{"x":"y"}}'))
    for name, ref in (("prompt", '{"type":"ref/prompt","name":"admin_report"}'),
            ("prompt-unlisted", '{"type":"ref/prompt","name":"other"}'),
            ("resource", '{"type":"ref/resource","uri":"db://customers/{id}"}'),
            ("resource-unlisted", '{"type":"ref/resource","uri":"http://x/{id}"}'),
                      ("decoy-uri", '{"type":"ref/prompt","name":"admin_report","uri":"file:///public/a"}'),
                              ("decoy-name", '{"type":"ref/resource","uri":"db://customers/1","name":"greet"}'),
                              ("name-lone", '{"type":"ref/prompt","name":"greet\\ud800"}')):
        yield deny(name, "Completing for what the caller may not use tells what is there.", complete(ref), status=[403, 400])
    for name, ref in (("type-unknown", '{"type":"ref/tool","name":"greet"}'), ("type-case", '{"type":"REF/PROMPT","name":"greet"}'),
            ("type-missing", '{"name":"greet"}'), ("type-number", '{"type":1,"name":"greet"}'), ("null", "null"), ("text", '"greet"'),
            ("array", '[{"type":"ref/prompt","name":"greet"}]'),
                      ("name-number", '{"type":"ref/prompt","name":7}'), ("name-missing", '{"type":"ref/prompt"}'),
                              ("name-empty", '{"type":"ref/prompt","name":""}'),
                              ("uri-for-prompt", '{"type":"ref/prompt","uri":"file:///public/a"}'),
                              ("name-nul", '{"type":"ref/prompt","name":"greet\\u0000x"}'),
                      ("repeat", '{"type":"ref/prompt","name":"greet","name":"admin_report"}'),
                              ("repeat-escaped", '{"type":"ref/prompt","name":"greet","n\\u0061me":"admin_report"}'),
                              ("stray", '{"type":"ref/resource","uri":"file:///public/../{x}"}')):
        yield deny(name, "A reference that can be read in two ways, or not at all.", complete(ref))
    for name, ref in (("name", '{"type":"ref/prompt","name":"greet","Name":"admin_report"}'),
            ("type", '{"type":"ref/prompt","name":"greet","Type":"ref/resource","uri":"db://customers/1"}'),
            ("uri", '{"type":"ref/resource","uri":"file:///public/a","URI":"db://customers/1"}'),
            ("uri-dotless", '{"type":"ref/resource","uri":"file:///public/a","ur\u0131":"db://customers/1"}')):
        yield deny("fold-" + name, "Readers without case complete for another than was judged.", complete(ref))
    yield deny("fold-ref", "A second reference for readers without case.",
            complete('{"type":"ref/prompt","name":"greet"}', ',"Ref":{"type":"ref/prompt","name":"admin_report"}'))
    yield deny("without-ref", "No reference.", message("completion/complete", '{"argument":{"name":"a","value":"b"}}'))


def resources():
    for name, uri in (("plain", "file:///public/a.txt"), ("deep", "file:///public/a/b/c.txt"), 
            ("encoded", "file:///public/%C3%A4%20b"), ("dots-in-name", "file:///public/a..b"), ("three-dots", "file:///public/.../a"),
            ("hidden", "file:///public/.hidden"), ("unicode", "file:///public/\u6771\u4eac"),
            ("escaped-slash", "file:\\/\\/\\/public\\/a")):
        yield allow(name, "A resource below the permitted prefix.", message("resources/read", '{"uri":"%s"}' % uri))
    for method in ("resources/subscribe", "resources/unsubscribe"):
        yield allow(method.split("/")[1], "Subscribing counts as reading.", message(method, '{"uri":"file:///public/a"}'))
        yield deny(method.split("/")[1] + "-refused", "Subscribing counts as reading.", message(method, '{"uri":"db://customers/1"}'),
                status=403)
        yield deny(method.split("/")[1] + "-stray", "Subscribing to what strays.", message(method, '{"uri":"file:///public/../x"}'))
    strays = {"query": "a?x=1", "fragment": "a#x", "slashes": "/a", "escaped-at": "%40a", "dots": "../etc/passwd", "dots-deep": "a/../../etc/passwd", "dots-last": "a/..", "dot": "./a", "dot-last": "a/.",
            "dots-query": "a/..?x", "dots-fragment": "a/..#x", "percent": "%2e%2e/etc", "percent-upper": "%2E%2E/etc",
            "percent-half": ".%2e/etc", "percent-slash": "..%2fetc", "percent-slash-alone": "a%2f..%2f..%2fetc",
              "percent-backslash": "..%5cetc", "double": "%252e%252e/etc", "double-slash": "%252fetc", "triple": "%25252e",
                      "backslash": "..\\\\etc", "backslash-alone": "a\\\\b", "nul-percent": "a%00.txt", "tab": "a\\tb", "line": "a\\n/../b",
                      "return": ".\\r./etc", "control": "a\\u0001",
              "params": "..;/etc", "params-dot": ".;x=1/etc", "overlong": "%c0%ae%c0%ae/etc", "overlong-slash": "..%c0%afetc",
                      "unicode-escape": "%u002e%u002e/etc"}
    for name, rest in strays.items():
        yield deny("stray-" + name, "Resolved by one backend it leaves the permitted prefix.",
                message("resources/read", '{"uri":"file:///public/%s"}' % rest))
    for name, uri in (("other", "db://customers/1"), ("unlisted", "file:///etc/passwd"), ("host", "file://evil/public/a"),
            ("one-slash", "file:/public/a"), ("four-slashes", "file:////public/a"), ("path", "/public/a"), ("relative", "public/a"),
            ("sibling", "file:///publicity"), ("parent", "file:///public"), ("scheme", "http:///public/a"),
                      ("prefix", "xfile:///public/a"), ("user", "file://u@/public/a"), ("port", "file://:80/public/a"),
                              ("nested", "view-source:file:///public/a"), ("query-only", "?file:///public/a")):
        yield deny(name + "-refused", "No URI that the caller may read.", message("resources/read", '{"uri":"%s"}' % uri), status=[403, 400])
    for name, uri in (("upper-path", "file:///PUBLIC/a"), ("upper-scheme", "FILE:///public/a"), ("blank-first", " file:///public/a"),
            ("zwsp", "\u200bfile:///public/a"), ("bom", "\ufefffile:///public/a"),
            ("long-s", "file:///public/a".replace("file", "f\u0131le")), ("percent-letter", "file:///%70ublic/a")):
        yield deny(name + "-refused", "Another spelling of a permitted prefix is not the prefix.",
                message("resources/read", '{"uri":"%s"}' % uri), status=[403, 400])
    for name, params in (("name-for-uri", '{"name":"file:///public/a"}'), ("nothing", "{}"), ("empty", '{"uri":""}'),
            ("list", '{"uris":["file:///public/a"]}'), ("url", '{"url":"file:///public/a"}')):
        yield deny(name, "A resource without a URI.", message("resources/read", params))
    yield deny("repeat", "Two URIs.", message("resources/read", '{"uri":"file:///public/a","uri":"db://customers/1"}'))
    yield deny("fold", "Two URIs for readers without case.",
            message("resources/read", '{"uri":"file:///public/a","URI":"db://customers/1"}'))
    yield deny("decoy-name", "The name of a permitted thing beside a forbidden URI.",
            message("resources/read", '{"name":"greet","uri":"db://customers/1"}'), status=403)
    yield allow("name-beside", "A name beside the URI means nothing here.",
            message("resources/read", '{"name":"x","uri":"file:///public/a"}'))
    yield allow("stateless", "Mcp-Name mirrors the URI.", stateless("resources/read", '"uri":"file:///public/a"'),
            headers=mirrored("resources/read", "file:///public/a"))
    yield allow("stateless-name-beside", "Mcp-Name mirrors the URI, not the name beside it.",
            stateless("resources/read", '"name":"x","uri":"file:///public/a"'), headers=mirrored("resources/read", "file:///public/a"))
    yield deny("stateless-name-for-uri", "Mcp-Name mirrors a name that is no URI.",
            stateless("resources/read", '"name":"x","uri":"file:///public/a"'), headers=mirrored("resources/read", "x"))
    yield deny("stateless-other", "Mcp-Name names another resource.", stateless("resources/read", '"uri":"file:///public/a"'),
            headers=mirrored("resources/read", "file:///public/b"))


def subscriptions():
    def listen(notifications):
        return stateless("subscriptions/listen", '"notifications":%s' % notifications)
    at = mirrored("subscriptions/listen")
    for name, told in (("nothing", "{}"), ("lists", '{"toolsListChanged":true,"promptsListChanged":true}'),
            ("empty", '{"resourceSubscriptions":[]}'), ("one", '{"resourceSubscriptions":["file:///public/a"]}'),
            ("many", '{"resourceSubscriptions":[%s]}' % ",".join('"file:///public/%d"' % i for i in range(50)))):
        yield allow(name, "Listening for what the caller may read.", listen(told), headers=at)
    for name, told in (("refused", '["db://customers/1"]'), ("last", '["file:///public/a","db://customers/1"]'),
            ("unlisted", '["http://x/"]')):
        yield deny(name, "Being told of changes is reading.", listen('{"resourceSubscriptions":%s}' % told), status=403, headers=at)
    for name, told in (("text", '"file:///public/a"'), ("object", '{"0":"db://customers/1"}'), ("null", "null"), ("number-in-list", "[1]"),
            ("nested", '[["db://customers/1"]]'), ("empty-uri", '[""]'), ("nul", '["file:///public/a\\u0000"]'),
            ("stray", '["file:///public/../x"]'), ("object-in-list", '[{"uri":"db://customers/1"}]')):
        yield deny(name, "A subscription that can be read in two ways, or not at all.", listen('{"resourceSubscriptions":%s}' % told),
                headers=at)
    yield deny("repeat", "Two lists.", listen('{"resourceSubscriptions":[],"resourceSubscriptions":["db://customers/1"]}'), headers=at)
    yield deny("repeat-notifications", "Two notifications.", listen('{},"notifications":{"resourceSubscriptions":["db://customers/1"]}'),
            headers=at)
    for name, told in (("list", '{"ResourceSubscriptions":["db://customers/1"]}'),
            ("list-lower", '{"resourcesubscriptions":["db://customers/1"]}'),
            ("list-beside", '{"resourceSubscriptions":[],"RESOURCESUBSCRIPTIONS":["db://customers/1"]}'),
            ("list-long-s", '{"re\u017fourceSubscriptions":["db://customers/1"]}')):
        yield deny("fold-" + name, "Readers without case listen to more than was judged.", listen(told), headers=at)
    yield deny("fold-notifications", "Readers without case listen to more than was judged.",
            stateless("subscriptions/listen", '"notifications":{},"Notifications":{"resourceSubscriptions":["db://customers/1"]}'),
            headers=at)
    yield deny("fold-notifications-alone", "Only the folded spelling is there.",
            stateless("subscriptions/listen", '"Notifications":{"resourceSubscriptions":["db://customers/1"]}'), headers=at)


def tasks():
    for method in ("tasks/get", "tasks/list", "tasks/result", "tasks/cancel", "tasks/update"):
        yield deny(method.split("/")[1], "Tasks of others: nobody opened the method.", message(method, '{"taskId":"t"}'), status=403,
                headers={"MCP-Protocol-Version": "2025-11-25"})
        yield deny(method.split("/")[1] + "-stateless", "The same under 2026-07-28.", stateless(method, '"taskId":"t"'), status=404,
                headers=mirrored(method))
    yield allow("read", "A permitted call as a task.", call(more=',"task":{"ttl":60000}'), headers={"MCP-Protocol-Version": "2025-11-25"})
    yield deny("drop", "A forbidden call as a task.", call(DROP, more=',"task":{"ttl":60000}'), status=403,
            headers={"MCP-Protocol-Version": "2025-11-25"})
    yield deny("level", "A method whose section wants another scope.", message("logging/setLevel", '{"level":"debug"}'), status=403)
    yield allow("level-write", "A method with its section's scope.", message("logging/setLevel", '{"level":"debug"}'),
            scopes=["customer.write"])


def arguments():
    """export_region is permitted where the argument region is eu."""
    def export(arguments):
        return call("export_region", arguments)
    for name, given in (("eu", '{"region":"eu"}'), ("escaped", '{"region":"\\u0065u"}'), ("name-escaped", '{"regi\\u006fn":"eu"}'),
            ("others", '{"a":1,"region":"eu","b":{"region":"us"}}'), ("behind-blob", '{"blob":"%s","region":"eu"}' % ("x" * 3000))):
        yield allow(name, "The rule holds.", export(given))
    for name, given in (("us", '{"region":"us"}'), ("missing", "{}"), ("null", '{"region":null}'), ("list", '{"region":["eu"]}'),
            ("object", '{"region":{"eu":1}}'), ("true", '{"region":true}'), ("number", '{"region":1}'), ("upper", '{"region":"EU"}'),
            ("blank", '{"region":"eu "}'), ("nul", '{"region":"eu\\u0000us"}'), ("lone", '{"region":"eu\\ud800"}'),
                        ("fold", '{"region":"eu","Region":"us"}'), ("fold-alone", '{"REGION":"eu"}'),
                                ("fold-dotless", '{"region":"eu","reg\u0131on":"us"}'), ("elsewhere", '{"filter":{"region":"eu"}}')):
        yield deny(name, "The rule does not hold for every reader.", export(given), status=403)
    yield deny("repeat", "Two regions.", export('{"region":"eu","region":"us"}'))
    yield deny("repeat-escaped", "Two regions, one escaped.", export('{"region":"eu","reg\\u0069on":"us"}'))
    yield deny("zero", "A region whose name ends at U+0000.", export('{"region":"eu","region\\u0000":"us"}'))
    yield deny("absent", "No arguments at all.", message("tools/call", '{"name":"export_region"}'), status=403)
    yield deny("nothing", "Arguments are null.", export("null"), status=403)
