import os, shutil, socket, subprocess, sys, tempfile, time
import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "http"))
from server import Httpd, ROOT, free_port  # noqa: E402


def wait(port, process):
    for _ in range(200):
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert process.poll() is None, "it ended with %s" % process.poll()
            time.sleep(0.05)


@pytest.fixture(scope="module")
def node():
    """Starts a Node server, node(script) -> port, and stops all of them at the end."""
    started = []

    def start(script, **env):
        port = free_port()
        started.append(subprocess.Popen(["node", os.path.join(ROOT, script), str(port)], env={**os.environ, **env}))
        wait(port, started[-1])
        return port
    yield start
    for p in started:
        p.terminate()


@pytest.fixture(scope="module")
def folder():
    path = tempfile.mkdtemp(prefix="mcp-interop-")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)
