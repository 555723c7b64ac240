"""A real memcached on loopback that can be stopped, frozen and asked what it was told."""
import os, signal, socket, subprocess, time
from server import free_port


class Memcached:
    def __init__(self):
        self.port, self.process = free_port(), None

    def start(self):
        self.process = subprocess.Popen(["memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", str(self.port), "-U", "0", "-m", "64"])
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("memcached did not start")

    def store(self, folder):
        """The lines for a store that hosts share: they share a key too."""
        key = os.path.join(folder, "shared.pem")
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key], check=True, capture_output=True)
        os.chmod(key, 0o600)
        return "MCPStore memcache:127.0.0.1:%d\nMCPSigningKey %s" % (self.port, key)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait(20)
            self.process = None

    def freeze(self):
        """It still accepts connections, and never answers."""
        self.process.send_signal(signal.SIGSTOP)
        while open("/proc/%d/stat" % self.process.pid).read().rpartition(")")[2].split()[0] != "T":
            time.sleep(0.01)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def written(self):
        """How many records were ever stored."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as s:
            s.sendall(b"stats\r\nquit\r\n")
            text = b""
            while (d := s.recv(65536)):
                text += d
        return int(text.split(b"STAT total_items ")[1].split()[0])
