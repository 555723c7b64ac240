"""A real httpd on loopback with both modules, and a backend that remembers what reached it."""
import contextlib, json, os, re, shutil, socket, subprocess, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.environ.get("MCP_OUT", os.path.join(ROOT, "build", "out"))
MODULES = "/usr/lib/apache2/modules"
# Into httpd alone goes the run-time library of a sanitizer with which the modules were built.
ENVIRONMENT = dict(os.environ, LD_PRELOAD=os.environ.get("MCP_PRELOAD", ""))
REPORT = re.compile(r"Sanitizer|runtime error:")
CRASH = re.compile(r"exit signal|" + REPORT.pattern)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def new_folders():
    """Gives a function that makes a folder which httpd's own user can enter (pytest's are closed to others)."""
    made = []

    def make():
        made.append(tempfile.mkdtemp(prefix="mcp-test-"))
        os.chmod(made[-1], 0o755)
        return made[-1]
    try:
        yield make
    finally:
        for path in made:
            shutil.rmtree(path, ignore_errors=True)


class Backend:
    """Speaks enough HTTP/1.1 to answer every request once, and keeps request line, headers and body."""

    extra = b""     # header lines added to every answer
    respond = None  # (request line, headers, body) -> pieces of a raw answer, instead of the usual one

    def __init__(self):
        self.port, self.seen = free_port(), []
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            s, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        with s:
            s.settimeout(20)
            try:
                f = s.makefile("rb")
                line = f.readline().decode().strip()
                headers = {}
                while (h := f.readline().strip()):
                    k, _, v = h.decode("latin-1").partition(":")
                    headers.setdefault(k.lower(), []).append(v.strip())
                body = b""
                if "chunked" in ",".join(headers.get("transfer-encoding", [])):
                    while (n := int(f.readline().split(b";")[0], 16)):
                        body += f.read(n)
                        f.readline()
                    f.readline()
                else:
                    body = f.read(int(headers.get("content-length", ["0"])[0]))
                self.seen.append((line, headers, body))
                if self.respond:
                    for piece in self.respond(line, headers, body):
                        s.sendall(piece)
                    return
                a = b'{"jsonrpc":"2.0","id":1,"result":{}}'
                s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%sConnection: close\r\n\r\n%s" % (len(a), self.extra, a))
            except (OSError, ValueError):
                pass


class Httpd:
    def __init__(self, tmp, mpm="event", dcr=True, backend=None):
        self.dir, self.mpm, self.dcr = str(tmp), mpm, dcr
        os.chmod(self.dir, 0o755)
        self.port, self.backend = free_port(), None if backend else Backend()
        self.backend_port = backend or self.backend.port
        self.url = "http://127.0.0.1:%d" % self.port
        self.key = os.path.join(self.dir, "idp.pem")
        jwks = subprocess.run([OUT + "/tools/mint", self.key, "jwks"], check=True, capture_output=True, text=True).stdout
        with open(os.path.join(self.dir, "idp.json"), "w") as f:
            f.write(jwks)
        subprocess.run(["htpasswd", "-bc", os.path.join(self.dir, "users"), "alice", "wonder"], check=True, capture_output=True)
        self.process = None

    def token(self, scope="", aud=None, iss="https://idp.test", sub="alice", client="tester", life=600, claims=None):
        args = [OUT + "/tools/mint", self.key, iss, aud or self.url + "/mcp", sub, client, scope, str(life)] + ([json.dumps(claims)] if claims else [])
        return subprocess.run(args, check=True, capture_output=True, text=True).stdout.strip()

    def config(self, extra="", location=""):
        dcr = self.dcr
        names = ["mpm_" + self.mpm, "unixd", "authn_core", "authn_file", "auth_basic", "authz_core", "authz_user", "authz_host", "proxy", "proxy_http"]
        builtin = subprocess.run(["apache2", "-l"], capture_output=True, text=True).stdout
        loads = ["LoadModule %s_module %s/mod_%s.so" % (n, MODULES, n) for n in names if "mod_%s.c" % n not in builtin]
        loads += ["LoadModule mcp_toolauthz_module %s/mod_mcp_toolauthz.so" % OUT]
        loads += ["LoadModule mcp_dcr_module %s/mod_mcp_dcr.so" % OUT] if dcr else []
        issuer = """
MCPStore lmdb:%s/state
MCPIssuer %s
MCPScope customer.read "Read customer records" default machine
MCPScope customer.write "Change customer records"
MCPScope db.admin "Drop tables" sensitive
<Location /authorize>
  AuthType Basic
  AuthName users
  AuthUserFile %s/users
  Require valid-user
</Location>""" % (self.dir, self.url, self.dir)
        return "\n".join(loads) + """
ServerRoot %s
ServerName 127.0.0.1:%d
Listen 127.0.0.1:%d
PidFile httpd.pid
ErrorLog error.log
LogLevel info
User www-data
Group www-data
MCPAuditLog audit.log
%s
<Location /mcp>
  ProxyPass http://127.0.0.1:%d/mcp timeout=30
  MCPToolAuthz On
%s
  MCPTrustIssuer https://idp.test jwks=file:idp.json
  <MCPTool "read_customer_record">
    Require mcp-scope customer.read
  </MCPTool>
  <MCPTool "modify_customer_record">
    Require mcp-scope customer.write
  </MCPTool>
  <MCPTool "delete_table">
    Require mcp-scope db.admin
  </MCPTool>
%s
</Location>
%s
""" % (self.dir, self.port, self.port, issuer if dcr else "", self.backend_port, "  MCPTrustIssuer self" if dcr else "", location, extra)

    def write(self, text):
        self.conf = os.path.join(self.dir, "httpd.conf")
        with open(self.conf, "w") as f:
            f.write(text)

    def configtest(self, text):
        self.write(text)
        r = subprocess.run(["apache2", "-t", "-f", self.conf], capture_output=True, text=True, env=ENVIRONMENT)
        log = os.path.join(self.dir, "error.log")
        return r.returncode, r.stdout + r.stderr + (open(log).read() if os.path.exists(log) else "")

    def start(self, text=None):
        self.write(text or self.config())
        self.process = subprocess.Popen(["apache2", "-DFOREGROUND", "-f", self.conf], stderr=subprocess.PIPE, start_new_session=True, env=ENVIRONMENT)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        raise RuntimeError("httpd did not start: %s %s" % (self.process.stderr.read(), self.errors(0)))

    def stop(self):
        """No child may have crashed; while it stops, the event MPM of httpd itself sometimes does."""
        crashes = [l for l in self.errors(0).splitlines() if CRASH.search(l)]
        if self.process:
            self.process.terminate()
            self.process.wait(20)
        crashes += [l for l in self.errors(0).splitlines() if REPORT.search(l)]
        assert not crashes, crashes

    def errors(self, at):
        path = os.path.join(self.dir, "error.log")
        return open(path, errors="replace").read()[at:] if os.path.exists(path) else ""

    def audit(self):
        path = os.path.join(self.dir, "audit.log")
        return open(path).read().splitlines() if os.path.exists(path) else []

    def raw(self, data):
        """Sends bytes, returns (status, headers as text, body)."""
        with socket.create_connection(("127.0.0.1", self.port), 20) as s:
            try:
                s.sendall(data)
            except OSError:
                pass
            got = b""
            try:
                while (d := s.recv(65536)):
                    got += d
            except OSError:
                pass
        while got.startswith(b"HTTP/1.1 100"):
            got = got.partition(b"\r\n\r\n")[2]
        head, _, body = got.partition(b"\r\n\r\n")
        return (int(head.split(b" ", 2)[1]) if head else 0), head.decode("latin-1"), body

    def send(self, method, path, headers=(), body=b""):
        lines = ["%s %s HTTP/1.1" % (method, path), "Host: 127.0.0.1:%d" % self.port, "Connection: close"]
        lines += ["%s: %s" % h for h in headers]
        if body or method == "POST":
            lines.append("Content-Length: %d" % len(body))
        return self.raw("\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + body)

    def call(self, body, token=None, headers=()):
        h = [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream"), ("MCP-Protocol-Version", "2025-06-18")]
        h += [("Authorization", "Bearer " + token)] if token else []
        return self.send("POST", "/mcp", h + list(headers), body)
