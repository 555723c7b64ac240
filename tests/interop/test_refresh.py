"""The official SDK clients, unmodified, renew their tokens without asking the user again."""
import json, subprocess
import pytest
from server import Httpd, ROOT

# The gate allows clocks to differ by five seconds.
TTL, LEEWAY = 1, 5


@pytest.mark.parametrize("sdk,policy", [("v1", "registered"), ("v2", "offline_access"), ("v2-2026", "offline_access")])
def test_tokens_are_renewed(node, folder, sdk, policy):
    home = folder()
    h = Httpd(home, backend=node("conf/demo/backend.mjs", BACKEND_LOG=home + "/backend.log"))
    h.start(h.config("MCPAccessTokenTTL %d\nMCPRefreshTokens %s" % (TTL, policy)))
    try:
        run = subprocess.run(["node", ROOT + "/tests/interop/refresh.mjs", sdk, h.url + "/mcp", "alice:wonder", str(TTL + LEEWAY + 1)],
                             capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stderr
        got = json.loads(run.stdout)
        assert got["first"] == got["again"]
        assert len({t["access"] for t in got["tokens"]}) == 3 and len({t["refresh"] for t in got["tokens"]}) == 3, got["tokens"]
        events = [json.loads(line)["event"] for line in h.audit()]
        assert events.count("consent") == 1 and events.count("token") == 3, events
    finally:
        h.stop()
