"""A web site of strangers: https on loopback with a certificate of a private authority, whose answers tests write."""
import os, ssl, subprocess, threading, socket
from server import free_port

NAMES = ("localhost", "app.localhost", "evil.localhost")


def make_authority(folder):
    """ca.pem, and site.pem with key and certificate for NAMES."""
    def run(*args):
        subprocess.run(args, check=True, capture_output=True, cwd=folder)
    ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    run("openssl", "req", "-x509", *ec, "-keyout", "ca-key.pem", "-out", "ca.pem", "-subj", "/CN=authority", "-days", "2")
    run("openssl", "req", *ec, "-keyout", "site-key.pem", "-out", "site.csr", "-subj", "/CN=site")
    with open(os.path.join(folder, "site.ext"), "w") as f:
        f.write("subjectAltName=" + ",".join("DNS:" + n for n in NAMES))
    run("openssl", "x509", "-req", "-in", "site.csr", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-out", "site.crt", "-days", "2", "-extfile", "site.ext")
    with open(os.path.join(folder, "site.pem"), "w") as f:
        for part in ("site-key.pem", "site.crt"):
            f.write(open(os.path.join(folder, part)).read())
    os.chmod(os.path.join(folder, "ca.pem"), 0o644)


class Site:
    """pages: path -> bytes of a whole answer, or a function of the request's text that gives them. seen: (SNI, request text)."""

    def __init__(self, folder):
        make_authority(folder)
        self.ca, self.port, self.pages, self.seen, self.connections = os.path.join(folder, "ca.pem"), free_port(), {}, [], 0
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(os.path.join(folder, "site.pem"))
        self.context.sni_callback = lambda s, name, _: setattr(s, "asked", name)
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self.accept, daemon=True).start()

    def url(self, path, host="app.localhost"):
        return "https://%s:%d%s" % (host, self.port, path)

    def accept(self):
        while True:
            s, _ = self.listener.accept()
            self.connections += 1
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, plain):
        try:
            plain.settimeout(10)
            with self.context.wrap_socket(plain, server_side=True) as s:
                text = b""
                while b"\r\n\r\n" not in text:
                    got = s.recv(65536)
                    if not got:
                        return
                    text += got
                text = text.decode("latin-1")
                self.seen.append((getattr(s, "asked", None), text))
                page = self.pages.get(text.split(" ")[1], answer(b"gone", status="404 Not Found"))
                s.sendall(page(text) if callable(page) else page)
                s.unwrap()
        except (OSError, ValueError):
            pass

    def asked(self, path):
        return sum(t.split(" ")[1] == path for _, t in self.seen)


def answer(body, status="200 OK", type="application/json", headers=(), length=None):
    lines = ["HTTP/1.1 " + status] + (["Content-Type: " + type] if type else []) + list(headers)
    lines += ["Content-Length: %d" % (len(body) if length is None else length), "Connection: close"]
    return "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + body
