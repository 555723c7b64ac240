"""Messages for the parsers to disagree about: those of the corpus, mutations of them, and messages grown from a grammar."""
import json, os, random, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "corpus"))
from row import body_of

SPLICES = [b'"', b"\\", b"\\u0000", b"\\u017f", b"\\ud800", b"\\ud83d\\ude00", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\n", b"\xef\xbb\xbf", b"\x00",
           b"\xc3\xa9", b"\xe2\x84\xaa", b"1e400", b"-0", b"01", b"1.", b"1.5e-7", b"NaN", b"null", b"true", b'"name":"delete_table",', b'"method":"tools/call",',
           b'"Name":"x",', b'"\\u006eame":"x",', b'"params":{},', b"/*x*/", b"'", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"123456789012345678901234567890",
           b'"a":{"b":[1,{"c":2}]},', b'"k":"\\n",', b'"":0,', b"[[]],", b'"uri":"file:///public/a",', b'"arguments":{"z":1},', b'"_meta":{"x":1},']
TEXTS = ["", "a", "read_customer_record", "delete_table", "tools/call", "file:///public/a", "\u00e9", "\u6771\u4eac", "\U0001f600", "\u2028", "\x7f", "\\n", "\\t", "\\\"", "\\\\", "\\/", "\\b\\f\\r", "\\u00e9", "\\u0041", "\\u0000", "\\ud83d\\ude00",
         "\\uFFFD", "\\ud800", "\\udfff", "\ufffd", "\uffff", "{\\\"a\\\":1}", "x" * 40, "-->", "null", "1", "\\u000a", "\U0010ffff", "\\u2028", "\u0130", "\u017f"]
NUMBERS = ["0", "-0", "1", "-1", "10", "123", "1.5", "-2.25", "0.1", "1e3", "1E+2", "1e-5", "9007199254740993", "-9223372036854775808", "9223372036854775807", "18446744073709551615", "18446744073709551616", "3.141592653589793238", "1e22", "1e23",
           "1e400", "-1e400", "1e-400", "0.30000000000000004", "5e-324", "2.2250738585072011e-308", "1.7976931348623157e308", "123456789012345678901234567890", "0e0", "0.0", "100000000000000000000000", "4.35", "8.5e15", "1.0"]
PROTOCOL = ["jsonrpc", "id", "method", "params", "result", "error", "name", "uri", "arguments", "_meta", "cursor", "ref", "task", "progressToken", "io.modelcontextprotocol/protocolVersion"]
KIN = {"s": "\u017f", "k": "\u212a", "i": "\u0131"}


def bodies():
    with open(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "corpus", "messages.jsonl")) as f:
        rows = [json.loads(line) for line in f]
    return [body for body in map(body_of, rows) if len(body) < 4000]


def mutated(rng, corpus):
    b = bytearray(rng.choice(corpus))
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        at, how = rng.randrange(len(b) + 1), rng.randrange(7)
        if how == 0 and b:
            del b[at:at + rng.randint(1, 8)]
        elif how == 1 and at < len(b):
            b[at] = rng.randrange(256)
        elif how == 2:
            b[at:at] = rng.choice(SPLICES)
        elif how == 3:
            end = min(len(b), at + rng.randint(1, 40))
            b[at:at] = b[at:end]
        elif how == 4:
            other = rng.choice(corpus)
            b[at:] = other[rng.randrange(len(other) + 1):]
        else:                                   # where it may well stay JSON: behind a brace, a comma, a quote
            mark = rng.choice((b"{", b",", b'"', b":", b"["))
            at = b.find(mark, at)
            if at >= 0:
                b[at + 1:at + 1] = rng.choice(SPLICES)
    return bytes(b)


def escape(rng, name):
    at = rng.randrange(len(name)) if name else 0
    return name[:at] + "".join("\\u%04x" % ord(c) for c in name[at:at + 1]) + name[at + 1:] if rng.random() < 0.9 else name


def name(rng):
    """A member's name: one's own, a protocol member's, or what looks like one."""
    if rng.random() < 0.5:
        return "".join(rng.choice(TEXTS) for _ in range(rng.randint(1, 2))) + str(rng.randrange(1000))
    n = rng.choice(PROTOCOL)
    how = rng.randrange(8)
    if how == 0:
        at = rng.randrange(len(n))
        return n[:at] + n[at].swapcase() + n[at + 1:]
    if how == 1:
        at = rng.randrange(len(n))
        return n[:at] + KIN.get(n[at], n[at]) + n[at + 1:]
    if how == 2:
        return n + rng.choice(("\\u0000", "s", " ", "\u200b", "_", "\\ud800"))
    return escape(rng, n) if how < 5 else n


def string(rng):
    return '"%s"' % "".join(rng.choice(TEXTS) for _ in range(rng.choice((0, 1, 1, 2, 5))))


def blank(rng):
    return rng.choice(("", "", "", "", "", " ", "\n", "\t \r\n"))


def object_of(rng, members):
    return "{" + ",".join('%s"%s"%s:%s%s%s' % (blank(rng), n, blank(rng), blank(rng), v, blank(rng)) for n, v in members) + (blank(rng) if not members else "") + "}"


def value(rng, depth):
    how = rng.randrange(9 if depth else 6)
    if how < 2:
        return string(rng)
    if how < 4:
        return rng.choice(NUMBERS)
    if how < 6:
        return rng.choice(("true", "false", "null", "{}", "[]"))
    if how == 6:
        return "[%s]" % ",".join(value(rng, depth - 1) for _ in range(rng.randint(0, 4)))
    return object_of(rng, [(name(rng), value(rng, depth - 1)) for _ in range(rng.randint(0, 5))])


def grown(rng):
    """Mostly well-formed, now and then with a member that makes it ambiguous."""
    params = [("name", string(rng) if rng.random() < 0.3 else '"read_customer_record"')] if rng.random() < 0.9 else []
    if rng.random() < 0.8:
        params.append(("arguments", object_of(rng, [(name(rng), value(rng, 4)) for _ in range(rng.randint(0, 6))])))
    if rng.random() < 0.3:
        params.append(("uri", string(rng)))
    if rng.random() < 0.3:
        params.append(("_meta", object_of(rng, [(name(rng), value(rng, 2)) for _ in range(rng.randint(0, 2))])))
    if rng.random() < 0.2:
        params.append((name(rng), value(rng, 3)))
    rng.shuffle(params)
    envelope = [("jsonrpc", '"2.0"'), ("method", '"%s"' % rng.choice(("tools/call", "tools/call", "resources/read", "tools\\/call", "ping")))]
    envelope += [("id", rng.choice((rng.choice(NUMBERS), string(rng))))] if rng.random() < 0.9 else []
    envelope += [("params", object_of(rng, params))] if rng.random() < 0.95 else []
    envelope += [(name(rng), value(rng, 3))] if rng.random() < 0.2 else []
    rng.shuffle(envelope)
    escaped = [(escape(rng, n) if rng.random() < 0.05 else n, v) for n, v in envelope]
    return (blank(rng) + object_of(rng, escaped) + blank(rng)).encode("utf-8", "surrogatepass")


def messages(count, seed):
    """The corpus, and count others; the same seed gives the same."""
    rng, corpus = random.Random(seed), bodies()
    yield from corpus
    for i in range(count):
        yield grown(rng) if i % 2 else mutated(rng, corpus)
