"""What the gate accepts, every parser reads alike: method, id, params.name, params.uri and params.arguments, or it refuses the message.

The parsers are those of real backends; view.h says how each tells what it believes. Messages come from mutate.py. The seed is fixed,
so that a failure can be repeated; MCP_DIFF_SEED and MCP_DIFF_COUNT ask for others.

    test_differential.py MINUTES [SEED]     with every parser that is installed, until the time is over; README.md has the figures"""
import collections, os, re, shutil, subprocess, sys, time
from concurrent.futures import ThreadPoolExecutor
import pytest
from mutate import messages

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
OUT = os.environ.get("MCP_OUT", os.path.join(ROOT, "build", "out"))
VIEWS = os.path.join(OUT, "views")
BATCH = 20000
JACKSON = ":".join("/usr/share/java/jackson-%s.jar" % part for part in ("core", "databind", "annotations"))

# How a view is started, and what must be built for it. The first ones are build/check's own.
OURS = ("python", "folding", "node", "jansson", "cjson", "jsonc", "nlohmann", "rapidjson")
START = {"python": ["/usr/bin/python3", HERE + "/view_python.py", "exact"], "folding": ["/usr/bin/python3", HERE + "/view_python.py", "folding"],
         "node": ["node", HERE + "/view.mjs"], "php": ["php", HERE + "/view.php"], "ruby": ["ruby", HERE + "/view.rb"],
         "perl": ["perl", HERE + "/view.pl", "JSON::PP"], "cpanel": ["perl", HERE + "/view.pl", "Cpanel::JSON::XS"],
         "java": ["java", "-cp", VIEWS + ":" + JACKSON, "View"], "go": [VIEWS + "/go"], "rust": [VIEWS + "/rust/release/view"]}
BUILD = {"gate": ["gcc", "-std=gnu11", "-O2", "-I", ROOT + "/include", HERE + "/view_gate.c", OUT + "/libmcp.a"],
         "jansson": ["gcc", "-std=gnu11", "-O2", HERE + "/view_jansson.c", "-ljansson"], "cjson": ["gcc", "-std=gnu11", "-O2", HERE + "/view_cjson.c", "-lcjson"],
         "jsonc": ["gcc", "-std=gnu11", "-O2", HERE + "/view_jsonc.c", "-ljson-c"], "nlohmann": ["g++", "-O1", HERE + "/view_nlohmann.cc"],
         "rapidjson": ["g++", "-O1", HERE + "/view_rapidjson.cc"], "simdjson": ["g++", "-std=c++17", "-O1", HERE + "/view_simdjson.cc", "-lsimdjson"]}

# Values that a parser is known to read in a way of its own, by what stands in the gate's line: method, name and uri must be read alike all
# the same, arguments and id then need not. No rule judges a text with U+0000, or with half a surrogate pair or U+FFFD (condition.h), so the first three deceive nobody.
HALF, LONG = b"%EF%BF%BD", rb"#-?[\d.]{16}|\de[-+]"
OWN_WAY = {"cjson": re.compile(b"%00"),                                         # cuts a text there
           "ruby": re.compile(HALF),                                            # makes one character of two first halves
           "perl": re.compile(HALF + b"|" + LONG), "cpanel": re.compile(LONG),  # drops the first half; numbers are off in the last digits
           "jsonc": re.compile(rb"e\+(1[89]|[2-9]\d|\d{3})|inf"),               # gives integers beyond 64 bits the nearest it has
           "rust": re.compile(LONG)}                                            # numbers are off in the last digit

# RapidJSON 1.1.0 takes the power of ten of such a number from beside its table: another number each time, or the end of the process.
SPARED = {"rapidjson": re.compile(rb"0\.?0{280}")}


def pkg(*args):
    return subprocess.run(args, capture_output=True, text=True, check=True).stdout.split()


def built(name):
    """The view's command; compiled if it is older than its source."""
    if name not in BUILD:
        return START[name]
    program, source = os.path.join(VIEWS, name), [word for word in BUILD[name] if os.path.exists(word) and os.path.isfile(word)]
    if not os.path.exists(program) or os.path.getmtime(program) < max(os.path.getmtime(s) for s in [*source, HERE + "/view.h"]):
        more = pkg("apr-1-config", "--includes", "--cppflags") + pkg("pkg-config", "--libs", "jansson", "libcrypto", "libcurl", "lmdb", "libpcre2-8") \
            + pkg("apu-1-config", "--link-ld") + pkg("apr-1-config", "--link-ld") if name == "gate" else []
        os.makedirs(VIEWS, exist_ok=True)
        subprocess.run([*BUILD[name], *more, "-lm", "-o", program], check=True)
    return [program]


def build_others():
    """Those beyond build/check, as far as their compilers and libraries are there."""
    os.makedirs(VIEWS + "/rust-source/src", exist_ok=True)
    shutil.copy(HERE + "/view.rs", VIEWS + "/rust-source/src/main.rs")
    with open(VIEWS + "/rust-source/Cargo.toml", "w") as f:
        f.write('[package]\nname = "view"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\nserde_json = "1"\n[workspace]\n')
    debian = ["--config", 'source.crates-io.replace-with="debian"', "--config", 'source.debian.directory="/usr/share/cargo/registry"']
    for command in (["go", "build", "-o", VIEWS + "/go", HERE + "/view.go"], ["javac", "-cp", JACKSON, "-d", VIEWS, HERE + "/View.java"],
                    ["cargo", *debian, "build", "-q", "--release", "--offline", "--manifest-path", VIEWS + "/rust-source/Cargo.toml", "--target-dir", VIEWS + "/rust"]):
        if shutil.which(command[0]):
            subprocess.run(command)


def run(name, batch):
    """A line for each message; what makes the parser end gets the line "ended"."""
    data = b"".join(b"%d\n%s" % (len(m), m) for m in batch)
    done = subprocess.run(built(name), input=data, stdout=subprocess.PIPE)
    lines, half = done.stdout.split(b"\n")[:-1], len(batch) // 2
    if done.returncode == 0 and len(lines) == len(batch):
        return lines
    return run(name, batch[:half]) + run(name, batch[half:]) if half else [b"ended"]


def read(name, batch):
    spared = [name in SPARED and bool(SPARED[name].search(m)) for m in batch]
    lines = iter(run(name, [m for m, left_out in zip(batch, spared) if not left_out]))
    return [b"!" if left_out else next(lines) for left_out in spared]


def differs(name, ours, theirs):
    if theirs in (b"!", ours):
        return False
    if name in OWN_WAY and OWN_WAY[name].search(ours):
        a, b = ours.split(b"\t"), theirs.split(b"\t")
        return len(b) != 5 or [a[0], *a[2:4]] != [b[0], *b[2:4]]
    return True


class Tally:
    def __init__(self, names):
        self.names, self.sent, self.accepted, self.read, self.findings = names, 0, 0, collections.Counter(), []

    def compare(self, batch):
        accepted = [(m, line) for m, line in zip(batch, read("gate", batch)) if line != b"!"]
        self.sent, self.accepted = self.sent + len(batch), self.accepted + len(accepted)
        with ThreadPoolExecutor(2) as pool:
            for name, lines in zip(self.names, pool.map(lambda name: read(name, [m for m, _ in accepted]), self.names)):
                self.read[name] += sum(line != b"!" for line in lines)
                self.findings += [(name, m, ours, theirs) for (m, ours), theirs in zip(accepted, lines) if differs(name, ours, theirs)]


def in_batches(all_messages):
    batch = []
    for message in all_messages:
        batch.append(message)
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


def test_accepted_messages_are_read_alike():
    tally = Tally(OURS)
    for batch in in_batches(messages(int(os.environ.get("MCP_DIFF_COUNT", 80000)), int(os.environ.get("MCP_DIFF_SEED", 1)))):
        tally.compare(batch)
    assert not tally.findings, tally.findings[:5]
    assert tally.sent / 4 < tally.accepted < tally.sent * 3 / 4
    assert all(tally.read[name] > tally.accepted / 2 for name in OURS), tally.read


@pytest.mark.parametrize("name,message,read_as", [
    ("folding", b'{"jsonrpc":"2.0","id":1,"method":"ping","METHOD":"x"}', b'"x"\t#1\tn\tn\tn'),
    ("cjson", b'{"jsonrpc":"2.0","id":1,"Method":"x","params":{"NAME":"y"}}', b'"x"\t#1\t"y"\tn\tn'),
    ("python", b'{"a":1,"a":2}', b"a name stands twice"),
    ("node", b'{"method":"a","method":"b","params":{"name":"c","arguments":{"n":[1e2,-0,"\\ud800"]}}}', b'"b"\tn\t"c"\tn\t{"n"[#100#0"%EF%BF%BD"]}'),
    ("rapidjson", b'{"method":"a","method":"b"}', b'"a"\tn\tn\tn\tn'),
    ("jansson", b"\xef\xbb\xbf{}", b"!"),
    ("gate", b'{"jsonrpc":"2.0","id":1,"method":"a","method":"a"}', b"!")])
def test_views_tell_what_is_ambiguous(name, message, read_as):
    """The parsers do disagree: what they would say of messages that the gate refuses."""
    assert read(name, [message]) == [read_as]


def main(minutes, seed):
    build_others()
    names, began = [], time.time()
    for name in dict.fromkeys([*OURS, *START, *BUILD]):
        try:
            if name != "gate" and read(name, [b'{"method":"x"}']) == [b'"x"\tn\tn\tn\tn']:
                names.append(name)
        except (OSError, subprocess.CalledProcessError) as error:
            print("without %s: %s" % (name, error))
    tally = Tally(names)
    while time.time() < began + 60 * minutes:
        for batch in in_batches(messages(BATCH - 3000, seed)):
            tally.compare(batch)
        seed += 1
    print("%.1f minutes, seeds up to %d: %d messages, %d accepted" % ((time.time() - began) / 60, seed - 1, tally.sent, tally.accepted))
    print("read by " + ", ".join("%s %d" % (name, tally.read[name]) for name in names))
    for name, message, ours, theirs in tally.findings:
        print("FINDING %s\n  %r\n  gate %r\n  them %r" % (name, message, ours, theirs))
    print("%d findings" % len(tally.findings))
    return bool(tally.findings)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1000))
