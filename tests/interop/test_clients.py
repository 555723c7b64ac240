"""The official SDK clients, unmodified, live through the whole flow before a real MCP server."""
import json, os, subprocess
import pytest
from server import Httpd, ROOT


@pytest.fixture(scope="module")
def httpd(node, folder):
    home = folder()
    h = Httpd(home, backend=node("conf/demo/backend.mjs", BACKEND_LOG=home + "/backend.log")).start()
    yield h
    h.stop()


def heard(httpd):
    path = httpd.dir + "/backend.log"
    return open(path).read().splitlines() if os.path.exists(path) else []


@pytest.mark.parametrize("sdk", ["v1", "v2", "v2-2026"])
def test_register_consent_call_step_up(httpd, sdk):
    at = len(heard(httpd))
    run = subprocess.run(["node", ROOT + "/tests/interop/steps.mjs", sdk, httpd.url + "/mcp", "alice:wonder"],
                         capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    got = json.loads(run.stdout)
    assert got["first"] == "customer.read" and set(got["second"].split()) == {"customer.read", "customer.write"}
    assert set(got["third"].split()) == {"customer.read", "customer.write", "db.admin"}
    assert "read_customer_record" in got["tools"] and "Paris" in got["modify"] and "dropped" in got["drop"]
    assert got["unknown"] != "answered" and "asked to step up" not in got["unknown"]
    assert [line.split()[0] for line in heard(httpd)[at:]] == ["read_customer_record", "modify_customer_record", "delete_table"]
