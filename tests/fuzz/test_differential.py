"""What the scanner accepts, other parsers must read alike: Python's json, Node's JSON.parse, jansson.

Messages are the corpus and mutations of it. The seed is fixed, so a failure can be repeated; MCP_DIFF_SEED and
MCP_DIFF_COUNT ask for others."""
import base64, json, os, random, subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.environ.get("MCP_OUT", os.path.join(ROOT, "build", "out"))
SPLICES = [b'"', b"\\", b"\\u0000", b"\\u017f", b"\\ud800", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\xef\xbb\xbf", b"\x00", b"\xc3\xa9",
           b"1e400", b"-0", b"01", b"1.", b"NaN", b"null", b"true", b'"name":"delete_table",', b'"method":"tools/call",', b'"Name":"x",',
           b'"\\u006eame":"x",', b'"params":{},', b"/*x*/", b"'", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"123456789012345678901234567890"]


def corpus():
    with open(os.path.join(ROOT, "tests", "corpus", "messages.jsonl")) as f:
        bodies = [base64.b64decode(json.loads(line)["body_b64"]) for line in f]
    return [b for b in bodies if len(b) < 4000]


def mutations(count, seed):
    rng, bodies = random.Random(seed), corpus()
    yield from bodies
    for _ in range(count):
        b = bytearray(rng.choice(bodies))
        for _ in range(rng.randint(1, 3)):
            at, how = rng.randrange(len(b) + 1), rng.randrange(5)
            if how == 0 and b:
                del b[at:at + rng.randint(1, 8)]
            elif how == 1 and at < len(b):
                b[at] = rng.randrange(256)
            elif how == 2:
                b[at:at] = rng.choice(SPLICES)
            elif how == 3:
                end = min(len(b), at + rng.randint(1, 40))
                b[at:at] = b[at:end]
            else:
                other = rng.choice(bodies)
                cut = rng.randrange(len(other) + 1)
                b[at:] = other[cut:]
        yield bytes(b)


def scan(messages):
    data = b"".join(b"%d\n%s" % (len(m), m) for m in messages)
    out = subprocess.run([OUT + "/tools/scan"], input=data, capture_output=True, check=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def node(messages):
    data = b"\n".join(base64.b64encode(m) for m in messages) + b"\n"
    out = subprocess.run(["node", os.path.join(ROOT, "tests", "fuzz", "view.mjs")], input=data, capture_output=True, check=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def python(message):
    def once(pairs):
        assert len({k for k, _ in pairs}) == len(pairs), "a repeated name passed the scanner"
        return dict(pairs)
    m = json.loads(message.decode("utf-8"), object_pairs_hook=once)
    params = m.get("params") or {}
    return m, {"method": m.get("method"), "name": params.get("name"), "uri": params.get("uri")}


def test_accepted_messages_are_read_alike():
    messages = list(mutations(int(os.environ.get("MCP_DIFF_COUNT", 200000)), int(os.environ.get("MCP_DIFF_SEED", 1))))
    verdicts = scan(messages)
    accepted = [(m, v) for m, v in zip(messages, verdicts) if v["rc"] == "MCP_OK"]
    assert len(verdicts) == len(messages) and len(accepted) > 1000 and len(accepted) < len(messages) - 1000
    for (message, verdict), theirs in zip(accepted, node([m for m, _ in accepted])):
        ours = verdict["scanner"]
        doc, pythons = python(message)
        believed = {k: ours[k] for k in ("method", "name", "uri")}
        assert believed == pythons, message
        assert believed == {k: theirs[k] for k in believed}, message
        if verdict["jansson"] is not None:
            assert believed == verdict["jansson"], message
        if ours["id"] is not None:
            assert json.loads(ours["id"]) == doc["id"], message
        piece = message[ours["arguments_at"]:ours["arguments_at"] + ours["arguments_len"]]
        assert (json.loads(piece) if piece else None) == (doc.get("params") or {}).get("arguments"), message
