"""A real memcached on loopback that can be stopped, frozen and asked what it was told."""
import signal, socket, subprocess, time
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
