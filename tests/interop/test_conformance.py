"""The MCP conformance suite gives, check by check, the same list through httpd with the gate on as directly."""
import glob, json, os, re, subprocess
import pytest
from server import Httpd, ROOT, MODULES

RUN = ROOT + "/tests/interop/conformance/run"
# The gate answers for itself which revisions it serves; the suite wants those the backend lists.
KNOWN = {"server-server-stateless sep-2575-server-unsupported-version-error"}


@pytest.fixture(scope="module")
def suite():
    """Installs it once, so that its time is not a test's."""
    subprocess.run([RUN, "--help"], check=True, capture_output=True, timeout=300)


@pytest.fixture(scope="module")
def backend(node):
    return node("tests/interop/fixture.mjs")


@pytest.fixture(scope="module")
def httpd(backend, folder):
    """The suite cannot send a token, so httpd puts one in before anything looks at the request."""
    h = Httpd(folder, backend=backend)
    rules = '<MCPTool "*">\nRequire mcp-scope customer.read\n</MCPTool>\n<MCPMethod "*">\nRequire mcp-scope customer.read\n</MCPMethod>'
    load = 'LoadModule headers_module %s/mod_headers.so\n' % MODULES
    # A stream that nobody closes holds its thread until the proxy times out, and the suite leaves dozens behind.
    load += 'ThreadsPerChild 200\nMaxRequestWorkers 600\nServerLimit 3\nThreadLimit 200\n'
    inject = load + 'RequestHeader set Authorization "Bearer %s" early' % h.token("customer.read", life=3600)
    yield h.start(h.config(extra=inject, location=rules))
    h.stop()


def checks(url, revision, folder):
    """Every check of every scenario with its verdict, in order; and whether all scored ones passed."""
    run = subprocess.run([RUN, "server", "--url", url, "--requirements", revision, "-o", folder], capture_output=True, text=True, timeout=300)
    verdicts = []
    for path in glob.glob(folder + "/*/checks.json"):
        scenario = re.sub(r"-\d{4}-\d\d-\d\dT.*", "", os.path.basename(os.path.dirname(path)))
        with open(path) as f:
            verdicts += ["%s %s %s" % (scenario, c["id"], c["status"]) for c in json.load(f)]
    return run.returncode, sorted(verdicts), run.stdout


@pytest.mark.parametrize("revision, least", [("2025-11-25", 80), ("2026-07-28", 190)])
def test_the_same_checks_through_httpd(suite, backend, httpd, tmp_path, revision, least):
    direct, want, _ = checks("http://127.0.0.1:%d/mcp" % backend, revision, str(tmp_path / "direct"))
    _, got, output = checks(httpd.url + "/mcp", revision, str(tmp_path / "httpd"))
    assert len(want) >= least and direct == 0
    strange = [line for line in set(want) ^ set(got) if line.rpartition(" ")[0] not in KNOWN]
    assert strange == [] and len(got) == len(want), output[-3000:]
