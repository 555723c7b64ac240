import os, socket, subprocess, sys, time
import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "http"))
from server import ROOT, free_port, new_folders  # noqa: E402


def wait(port, process):
    for _ in range(200):
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert process.poll() is None, "it ended with %s" % process.poll()
            time.sleep(0.05)


@pytest.fixture(scope="module")
def node():
    """Starts a Node server, node(script) -> port, and stops all of them at the end. It reads its port from its last argument or PORT."""
    started = []

    def start(script, *args, **env):
        port = free_port()
        command = ["node", os.path.join(ROOT, script), *args, str(port)]
        started.append(subprocess.Popen(command, env={**os.environ, "PORT": str(port), **env}))
        wait(port, started[-1])
        return port
    yield start
    for p in started:
        p.terminate()


@pytest.fixture(scope="module")
def folder():
    with new_folders() as make:
        yield make
