"""What a measurement needs: a private folder, keys and tokens, messages, backends, and servers that are started anew each time.
Everything listens on loopback and dies with the Lab."""
import contextlib, http.client, json, os, shutil, socket, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
OUT = os.environ.get("MCP_OUT", os.path.join(ROOT, "build", "out"))
HOME = os.path.join(ROOT, "build", "out-bench")
UNPACKED = os.path.join(HOME, "root")
ISS, AUD, SCOPE = "https://idp.test", "https://mcp.test/mcp", "customer.read customer.list"
BACKEND_CORE, SERVER_CORE = "0", "1"
DAY = 86400


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


MULTIARCH = output("gcc", "-print-multiarch").strip() if shutil.which("gcc") else "x86_64-linux-gnu"


def prepare():
    """Fetches and builds what is missing."""
    for command in ([os.path.join(HERE, "deps")], ["make", "-s", "-C", ROOT, "proxy-bench"]):
        if subprocess.run(command, stdout=sys.stderr).returncode:
            sys.exit("%s failed" % " ".join(command))


def packaged(path):
    """A file of a package: where tests/bench/deps unpacked it, else in the system."""
    unpacked = os.path.join(UNPACKED, path.lstrip("/"))
    return unpacked if os.path.exists(unpacked) else path


def environment():
    """Programs and libraries that tests/bench/deps unpacked stand before those of the system."""
    return dict(os.environ, BENCH_NPM=os.path.join(HOME, "npm"), LD_LIBRARY_PATH="%s/usr/lib/%s" % (UNPACKED, MULTIARCH),
                PATH=":".join(["%s/usr/%s" % (UNPACKED, d) for d in ("sbin", "bin")] + [ROOT + "/build/out/node/bin", os.environ["PATH"], "/usr/sbin"]))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True


def wait_for(port, process, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answers(port):
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.05)
    return False


# ---- messages ----

def call(tool, size=0, **arguments):
    """A tools/call of exactly `size` bytes; what is missing is text in one argument."""
    def text(note):
        return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": dict(arguments, note=note)}})
    words = "The customer asked for a copy of the record; \"urgent\", he said. "
    short = len(text(""))
    note = (words * (max(size - short, 0) // len(words) + 1))[:max(size - short, 0)].rstrip('"')
    while size and len(text(note)) > size:
        note = note[:-1]
    return text(note).ljust(size)


CALL = call("read_customer_record", 300, id="C-1042")
MESSAGES = {
    "call": CALL,
    "100 KB": call("read_customer_record", 100 * 1024, id="C-1042"),
    "list": json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}),
}


def list_of_tools(count):
    def tool(i):
        schema = {"type": "object", "properties": {k: {"type": "string", "description": "The %s of the record, as the customer wrote it" % k}
                                                   for k in ("id", "region", "name")}, "required": ["id"]}
        return {"name": "tool_%03d" % i, "title": "Tool %d" % i, "description": "Does what tool number %d of the list does, and nothing else." % i,
                "inputSchema": schema}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"tools": [tool(i) for i in range(count)]}})


# ---- processes ----

def children(pid):
    """The process and all below it."""
    found = [pid]
    for pid in found:
        with contextlib.suppress(OSError):
            for task in os.listdir("/proc/%d/task" % pid):
                with open("/proc/%d/task/%s/children" % (pid, task)) as f:
                    found += [int(child) for child in f.read().split()]
    return found


def cpu_ns(pid):
    """Nanoseconds on a CPU of all threads of a process and of those below it."""
    total = 0
    for process in children(pid):
        for task in os.listdir("/proc/%d/task" % process):
            with contextlib.suppress(OSError), open("/proc/%d/task/%s/schedstat" % (process, task)) as f:
                total += int(f.read().split()[0])
    return total


def stop(process):
    """Ends a server that we started, and what it started."""
    if process.poll() is None:
        family = children(process.pid)
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        for pid in family:
            with contextlib.suppress(OSError):
                os.kill(pid, 9)
        process.wait()


class Failed(Exception):
    """Why a server cannot be measured."""


class Lab:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="mcp-bench-")
        os.chmod(self.dir, 0o755)
        os.mkdir(self.path("open"))
        os.chmod(self.path("open"), 0o777)     # httpd's own user writes there
        self.running = []
        self.cache = os.path.join(HOME, "tokens")
        os.makedirs(self.cache, exist_ok=True)
        self.make_keys()
        self.make_messages()
        self.backends = {"call": self.responder(), "list": self.responder(self.path("list.answer")), "jwks": self.responder(self.path("jwks.json"))}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.running:
            stop(process)
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)
        return self.path(name)

    # keys and tokens: kept below build/out-bench, for signing ten thousands takes a while

    def key(self, alg):
        return os.path.join(self.cache, alg + ".pem")

    def make_keys(self):
        kinds = {"RS256": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "ES256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]}
        self.kid, keys = {}, []
        for alg, how in kinds.items():
            for path in (self.key(alg), self.key("other" + alg)):
                if not os.path.exists(path):
                    output("openssl", "genpkey", *how, "-out", path)
                    os.chmod(path, 0o600)
            self.write(alg + ".pub", output("openssl", "pkey", "-in", self.key(alg), "-pubout"))
            self.write(alg + ".crt", output("openssl", "req", "-x509", "-new", "-key", self.key(alg), "-subj", "/CN=bench", "-days", "30"))
            keys += json.loads(output(OUT + "/tools/mint", self.key(alg), "jwks"))["keys"]
            self.kid[alg] = keys[-1]["kid"]
        self.write("jwks.json", json.dumps({"keys": keys}))

    def token(self, alg="RS256", scope=SCOPE, aud=AUD, life=DAY, key=None):
        return output(OUT + "/bench/tokens", key or self.key(alg), ISS, aud, scope, "1", str(life)).strip()

    def tokens(self, alg, count):
        """A file of tokens that nobody has seen; one of a former run if it is long enough and good for half a day more."""
        if count == 1:
            return self.write("seen." + alg, self.token(alg) + "\n")
        path = os.path.join(self.cache, "%s.%d" % (alg, count))
        if not os.path.exists(path) or time.time() - os.path.getmtime(path) > DAY / 2 or os.path.getmtime(path) < os.path.getmtime(self.key(alg)):
            print("signing %d tokens with %s ..." % (count, alg), file=sys.stderr)
            with open(path + ".new", "w") as f:
                subprocess.run([OUT + "/bench/tokens", self.key(alg), ISS, AUD, SCOPE, str(count), str(DAY)], check=True, stdout=f)
            os.replace(path + ".new", path)
        return path

    def make_messages(self):
        for name, text in MESSAGES.items():
            self.write(name + ".body", text)
        self.write("list.answer", list_of_tools(500))

    # servers

    def spawn(self, command, **options):
        process = subprocess.Popen(command, env=environment(), stdin=subprocess.DEVNULL, **options)
        self.running.append(process)
        return process

    def responder(self, *answer):
        port = free_port()
        process = self.spawn(["taskset", "-c", BACKEND_CORE, OUT + "/bench/responder", str(port), *answer])
        if not wait_for(port, process, 5):
            raise Failed("the responder does not listen")
        return port

    def values(self, port, backend, threads):
        root = os.geteuid() == 0
        return {"DIR": self.dir, "OUT": OUT, "PORT": port, "BACKEND": self.backends[backend], "JWKS": self.backends["jwks"], "ISS": ISS, "AUD": AUD,
                "THREADS": threads, "RSKID": self.kid["RS256"], "MODULES": "/usr/lib/apache2/modules",
                "PEERMODULES": os.path.dirname(packaged("/usr/lib/apache2/modules/mod_security2.so")),
                "NGINXMODULES": os.path.dirname(packaged("/usr/lib/nginx/modules/ngx_http_lua_module.so")),
                "USER": "User www-data\nGroup www-data" if root else "", "NGINXUSER": "user www-data;" if root else ""}

    def fill(self, names, values, more):
        text = "".join(open(os.path.join(HERE, "peers", name)).read() for name in names)
        for name, value in list(more.items()) + list(values.items()):
            text = text.replace("@%s@" % name, str(value))
        return text

    @contextlib.contextmanager
    def serve(self, server, backend="call", threads=64, before=(), wait=20):
        """Starts a server (servers.py), alone on its core, and ends it; gives process and port. `before`: a program to run it under."""
        port = free_port()
        values = self.values(port, backend, threads)
        with contextlib.suppress(OSError):
            os.remove(self.path("error.log"))
        conf = self.write("server.conf", self.fill(server.files, values, server.more)) if server.files else ""
        command = [word.replace("@CONF@", conf) for word in server.command]
        for name, value in values.items():
            command = [word.replace("@%s@" % name, str(value)) for word in command]
        said = open(self.path("said"), "w+")
        process = self.spawn(["taskset", "-c", SERVER_CORE, *before, *command], stdout=said, stderr=said)
        try:
            if not wait_for(port, process, wait):
                said.seek(0)
                lines = (said.read() + self.log()).strip().splitlines()
                raise Failed("does not start: " + (lines[-1] if lines else "no word why"))
            yield process, port
        finally:
            stop(process)
            self.running.remove(process)
            said.close()

    def log(self):
        try:
            return open(self.path("error.log"), errors="replace").read()
        except OSError:
            return ""


class Client:
    """One connection that is kept, and one message a time."""

    def __init__(self, port):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def post(self, body, token=None):
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        if token:
            headers["Authorization"] = "Bearer " + token
        try:
            self.http.request("POST", "/mcp", body.encode(), headers)
            answer = self.http.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as e:
            self.http.close()
            return 0, str(e).encode()
