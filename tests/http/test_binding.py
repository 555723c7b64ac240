"""Tokens bound to a key are worth nothing without it: DPoP proofs (RFC 9449) and client certificates (RFC 8705)."""
import base64, hashlib, json, os, ssl, subprocess
import http.client
import pytest
from server import Httpd, MODULES, ROOT

CALL = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_customer_record"}}'


def dpop(h, *args, key="holder.pem"):
    return subprocess.run(["node", ROOT + "/tests/tools/dpop.mjs", os.path.join(h.dir, key), *args], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def bound(folder):
    h = Httpd(folder(), dcr=False)
    h.start(h.config(extra="MCPStore lmdb:%s/state" % h.dir))
    h.bound_token = h.token("customer.read", claims={"cnf": {"jkt": dpop(h, "thumbprint")}})
    yield h
    h.stop()


def call(h, token, proofs=(), scheme="DPoP"):
    at = len(h.backend.seen)
    status, head, _ = h.call(CALL, None, [("Authorization", scheme + " " + token)] + [("DPoP", p) for p in proofs])
    assert (status == 200) == (len(h.backend.seen) > at)
    if status == 200:
        assert "dpop" not in h.backend.seen[-1][1] and "authorization" not in h.backend.seen[-1][1]
    return status, head


def proof(h, method="POST", path="/mcp", token=None, **key):
    return dpop(h, method, h.url + path, token or h.bound_token, **key)


def test_the_holder_of_the_key_gets_through_once(bound):
    good = proof(bound)
    assert call(bound, bound.bound_token, [good])[0] == 200
    status, head = call(bound, bound.bound_token, [good])
    assert status == 401 and 'DPoP error="invalid_dpop_proof"' in head and "algs=" in head
    assert call(bound, bound.bound_token, [proof(bound)])[0] == 200


@pytest.mark.parametrize("why", ["no proof", "two proofs", "as Bearer", "another method", "another path", "another token", "another key", "garbage"])
def test_whoever_lacks_it_does_not(bound, why):
    token, scheme = bound.bound_token, "DPoP"
    proofs = {"no proof": [], "two proofs": [proof(bound), proof(bound)], "another method": [proof(bound, "GET")], "another path": [proof(bound, path="/other")],
              "another token": [proof(bound, token="x")], "another key": [proof(bound, key="thief.pem")], "garbage": ["a.b.c"]}.get(why, [proof(bound)])
    status, head = call(bound, token, proofs, "Bearer" if why == "as Bearer" else scheme)
    assert status == 401


def test_a_token_that_is_bound_to_no_key_is_a_bearer_token(bound):
    plain = bound.token("customer.read")
    assert call(bound, plain, scheme="Bearer")[0] == 200
    assert call(bound, plain, [proof(bound, token=plain)])[0] == 401


@pytest.mark.parametrize("cnf", [{}, {"kid": "x"}, {"jkt": "short"}, {"jkt": 1}, "x", {"jwk": {}}])
def test_a_binding_that_is_not_understood_is_refused(bound, cnf):
    token = bound.token("customer.read", claims={"cnf": cnf})
    assert call(bound, token, scheme="Bearer")[0] == 401


@pytest.mark.expects("MCP002")
def test_without_a_store_proofs_cannot_be_good_once(folder):
    h = Httpd(folder(), dcr=False)
    h.start()
    try:
        token = h.token("customer.read", claims={"cnf": {"jkt": dpop(h, "thumbprint")}})
        assert call(h, token, [proof(h, token=token)])[0] == 503
    finally:
        h.stop()


# ---- client certificates ----

def make_certificate(folder, name):
    path = os.path.join(folder, name)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=" + name,
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", path + ".key", "-out", path + ".pem"], check=True, capture_output=True)
    os.chmod(path + ".key", 0o600)
    return path


@pytest.fixture(scope="module")
def tls(folder):
    h = Httpd(folder(), dcr=False)
    for name in ("server", "holder", "thief"):
        make_certificate(h.dir, name)
    ssl_lines = """LoadModule ssl_module %s/mod_ssl.so
SSLEngine on
SSLCertificateFile server.pem
SSLCertificateKeyFile server.key
SSLVerifyClient optional_no_ca
SSLSessionCache none""" % MODULES
    h.start(h.config(extra=ssl_lines, location="MCPResource https://127.0.0.1:%d/mcp\nMCPTokenBinding required" % h.port))
    yield h
    h.stop()


def call_tls(h, token, certificate=None):
    context = ssl.create_default_context(cafile=h.dir + "/server.pem")
    if certificate:
        context.load_cert_chain(h.dir + "/%s.pem" % certificate, h.dir + "/%s.key" % certificate)
    c = http.client.HTTPSConnection("127.0.0.1", h.port, context=context, timeout=20)
    c.request("POST", "/mcp", CALL, {"Content-Type": "application/json", "MCP-Protocol-Version": "2025-06-18", "Authorization": "Bearer " + token})
    return c.getresponse().status


def test_a_token_bound_to_a_certificate_needs_it(tls):
    der = ssl.PEM_cert_to_DER_cert(open(tls.dir + "/holder.pem").read())
    x5t = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
    token = tls.token("customer.read", aud="https://127.0.0.1:%d/mcp" % tls.port, claims={"cnf": {"x5t#S256": x5t}})
    assert [call_tls(tls, token, c) for c in ("holder", "thief", None)] == [200, 401, 401]


def test_where_a_binding_is_required_other_tokens_do_not_do(tls):
    assert call_tls(tls, tls.token("customer.read", aud="https://127.0.0.1:%d/mcp" % tls.port), "holder") == 401
