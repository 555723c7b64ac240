import os, re
import pytest
from server import Httpd, new_folders

# Lines at warn or above that a test may cause are named by it: @pytest.mark.expects("MCP041")
SERIOUS = re.compile(r"\[[^\]]*:(?:warn|error|crit|alert|emerg)\]")


@pytest.fixture(scope="session")
def folder():
    with new_folders() as make:
        yield make


@pytest.fixture(scope="session", params=os.environ.get("MCP_MPMS", "event worker prefork").split())
def httpd(request, folder):
    h = Httpd(folder(), request.param).start()
    yield h
    h.stop()


@pytest.fixture(scope="session")
def scratch(folder):
    return Httpd(folder())


@pytest.fixture(autouse=True)
def error_log_guard(request):
    """No test may leave an undeclared error line."""
    if "httpd" not in request.fixturenames:
        yield
        return
    h = request.getfixturevalue("httpd")
    at = len(h.errors(0))
    yield
    expected = [tag for mark in request.node.iter_markers("expects") for tag in mark.args]
    bad = [l for l in h.errors(at).splitlines() if SERIOUS.search(l) and not any(e in l for e in expected)]
    assert not bad, bad


def pytest_configure(config):
    config.addinivalue_line("markers", "expects(tag...): error-log tags that the test causes")
