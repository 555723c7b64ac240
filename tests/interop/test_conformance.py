"""The MCP conformance suite gives, check by check, the same list through httpd with the gate on as directly."""
import glob, json, os, re, subprocess
from collections import Counter
import pytest
from server import Httpd, ROOT, MODULES

RUN = ROOT + "/tests/interop/conformance/run"
# The gate answers for itself which revisions it serves; the suite wants those the backend lists.
KNOWN = {"server-server-stateless sep-2575-server-unsupported-version-error"}
EVERYTHING = "node_modules/@modelcontextprotocol/server-everything/dist/index.js"


@pytest.fixture(scope="module")
def suite():
    """Installs it once, so that its time is not a test's."""
    subprocess.run([RUN, "--help"], check=True, capture_output=True, timeout=300)


@pytest.fixture(scope="module", params=["fixture", "server-everything"])
def backend(request, node):
    """The fixture passes all that is scored; server-everything knows the revisions of 2025 alone and fails some checks, here as there."""
    if request.param == "fixture":
        return request.param, node("tests/interop/fixture.mjs")
    return request.param, node(EVERYTHING, "streamableHttp")


@pytest.fixture(scope="module")
def httpd(backend, folder):
    """The suite cannot send a token, so httpd puts one in before anything looks at the request."""
    h = Httpd(folder(), backend=backend[1])
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


# The least number of checks that a run must come to.
LEAST = {("fixture", "2025-11-25"): 80, ("fixture", "2026-07-28"): 190, ("server-everything", "2025-11-25"): 60, ("server-everything", "2026-07-28"): 100}


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
def test_the_same_checks_through_httpd(suite, backend, httpd, tmp_path, revision):
    name, port = backend
    direct, want, _ = checks("http://127.0.0.1:%d/mcp" % port, revision, str(tmp_path / "direct"))
    _, got, output = checks(httpd.url + "/mcp", revision, str(tmp_path / "httpd"))
    assert len(want) >= LEAST[name, revision] and (direct == 0) == (name == "fixture")
    lost, gained = Counter(want) - Counter(got), Counter(got) - Counter(want)
    lost, gained = [{line for line in side if line.rpartition(" ")[0] not in KNOWN} for side in (lost, gained)]
    if name == "server-everything":     # what it has never heard of the gate refuses as the revision says: that is no loss
        lost, gained = {l for l in lost if l.endswith("SUCCESS")}, {l for l in gained if not l.endswith("SUCCESS")}
    assert not lost and not gained, (lost, gained)
