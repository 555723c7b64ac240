"""What Python's json believes; view.h says how that is written. view_python.py exact, or view_python.py folding: a model of the loosest reader
there is, that takes a member for another's name by upper or lower case, Unicode's case folding, or up to U+0000."""
import json, re, sys

HALF = re.compile("[\ud800-\udfff\ufffd]+")
SPECIAL = re.compile(rb"[^0-9A-Za-z]")


def text(s):
    return '"%s"' % SPECIAL.sub(lambda m: b"%%%02X" % m[0][0], HALF.sub("\ufffd", s).encode()).decode()


def number(n):
    try:
        d = float(n)
    except OverflowError:
        d = float("inf") if n > 0 else float("-inf")
    if abs(d) >= 1.7976931348623157e308:
        return "#inf" if d > 0 else "#-inf"
    return "#%.17g" % (d or 0.0)


def put(v):
    if v is None:
        return "n"
    if v is True or v is False:
        return "t" if v else "f"
    if isinstance(v, (int, float)):
        return number(v)
    if isinstance(v, str):
        return text(v)
    if isinstance(v, list):
        return "[%s]" % "".join(map(put, v))
    return "{%s}" % "".join(text(k) + put(v[k]) for k in sorted(v, key=str.encode))


def exact(pairs, name):
    return dict(pairs).get(name)


def loose(pairs, name):
    found = None
    for k, v in pairs:
        k = k.partition("\0")[0]
        if name in (k, k.lower(), k.upper(), k.casefold(), k.upper().lower(), k.lower().replace("\u0131", "i").replace("i\u0307", "i")):
            found = v
    return found


class Pairs(list):
    """An object as it was sent."""


class Twice(Exception):
    """Then it depends on the reader which of them counts."""


def once(pairs):
    if len({k for k, _ in pairs}) != len(pairs):
        raise Twice
    return Pairs(pairs)


def plain(v):
    if isinstance(v, Pairs):
        return {k: plain(e) for k, e in v}
    return [plain(e) for e in v] if isinstance(v, list) else v


def view(data, member):
    try:
        m = json.loads(data, object_pairs_hook=once)
        params = member(m, "params") or []
        return "\t".join(put(plain(v)) for v in (member(m, "method"), member(m, "id"), member(params, "name"), member(params, "uri"), member(params, "arguments")))
    except Twice:
        return "a name stands twice"
    except (ValueError, TypeError, RecursionError):
        return "!"


member = {"exact": exact, "folding": loose}[sys.argv[1]]
while (line := sys.stdin.buffer.readline()):
    print(view(sys.stdin.buffer.read(int(line)), member))
