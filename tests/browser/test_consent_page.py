"""The consent page in a real Chromium: light and dark, on a telephone, without scripts, in a frame, and what a click does."""
import json, os, re, subprocess, sys
from urllib.parse import parse_qs, urlsplit
import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "http"))
from server import Httpd, OUT, ROOT, new_folders  # noqa: E402

LOOKS = ["%s-%s-%d" % (page, scheme, width) for page in ("web", "local", "stranger", "refused") for scheme in ("light", "dark") for width in (360, 1024)]


@pytest.fixture(scope="module")
def facts():
    with new_folders() as make:
        h = Httpd(make()).start()
        run = subprocess.run(["node", ROOT + "/tests/browser/consent.mjs", h.url, "alice:wonder", OUT + "/screens"], capture_output=True, text=True, timeout=180)
        h.stop()
    assert run.returncode == 0, run.stderr
    return {"issuer": h.url, **json.loads(run.stdout)}


@pytest.mark.parametrize("look", LOOKS)
def test_it_can_be_read(facts, look):
    got = facts["looks"][look]
    assert got["contrast"] >= 4.5, "WCAG 2.2, 1.4.3"
    assert not got["sticksOut"] and not got["scrolls"]
    assert not got["small"], "at least 44 pixels to put a finger on"
    r, g, b = map(int, re.findall(r"\d+", got["paper"])[:3])
    assert (r + g + b > 600) == ("light" in look), "the style was taken, and follows the system"
    assert os.path.getsize("%s/screens/%s.png" % (OUT, look)) > 5000


@pytest.mark.parametrize("look", [l for l in LOOKS if not l.startswith("refused")])
def test_nothing_is_complained_about(facts, look):
    assert [c for c in facts["looks"][look]["complaints"] if "favicon" not in c] == []


@pytest.mark.parametrize("page,words", [
    ("web", ["Claude", "nobody has checked it", "claude.example", "/mcp", "alice", "Read customer records", "Drop tables"]),
    ("local", ["Notes for VS Code", "a program on this computer", "Approve only if you have just started this yourself"]),
    ("stranger", [".evil.example:8443", ".evil.example"]),
    ("refused", ["redirect_uri", "MCP031"]),
])
def test_it_says_what_matters(facts, page, words):
    text = facts["looks"][page + "-light-360"]["words"]
    assert [w for w in words if w not in text] == []
    assert "accounts.google" not in text


def test_approve_leads_to_the_client_without_scripts(facts):
    got = parse_qs(urlsplit(facts["approved"]).query)
    assert len(got["code"][0]) == 43 and got["state"] == ["xyz"] and got["iss"] == [facts["issuer"]]


def test_going_back_asks_anew(facts):
    first, second = (parse_qs(urlsplit(url).query)["code"] for url in (facts["approved"], facts["again"]))
    assert first != second


def test_enter_refuses(facts):
    assert parse_qs(urlsplit(facts["enter"]).query)["error"] == ["access_denied"]


def test_tab_reaches_deny_before_approve(facts):
    assert facts["focus"] == ["BODY", "customer.read", "customer.write", "db.admin", "deny", "approve"]


def test_nobody_frames_it(facts):
    assert facts["framed"] == {"status": 200, "address": "chrome-error://chromewebdata/", "forms": 0}


def test_nobody_elsewhere_sends_it(facts):
    assert facts["forged"] == 403
