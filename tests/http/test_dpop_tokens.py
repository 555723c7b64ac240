"""Threat: a token that was bound to a key when it was issued is used, or renewed, by somebody without the key."""
import json
from urllib.parse import urlencode
import pytest
from server import Httpd
from test_binding import dpop
from test_flow import CALLBACK, FORM, VERIFIER, ask, header
from test_refresh import PING, approve, offline_client


@pytest.fixture(scope="module")
def httpd(folder):
    h = Httpd(folder()).start()
    yield h
    h.stop()


def post(httpd, proofs, **form):
    status, _, body = httpd.send("POST", "/token", [FORM] + [("DPoP", p) for p in proofs], urlencode(form).encode())
    return status, json.loads(body)


def proof(httpd, method="POST", path="/token", key="holder.pem"):
    return dpop(httpd, method, httpd.url + path, "none", key=key)


def form_of(httpd, client):
    code = approve(httpd, ask(httpd, client, scope="customer.read offline_access")[2].decode(), ["customer.read"], True)
    return {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER, "redirect_uri": CALLBACK, "client_id": client}


def call(httpd, token, scheme="DPoP", key="holder.pem"):
    proofs = [("DPoP", dpop(httpd, "POST", httpd.url + "/mcp", token, key=key))] if scheme == "DPoP" else []
    return httpd.call(PING, None, [("Authorization", scheme + " " + token)] + proofs)[0]


def test_bound_from_the_code_to_the_last_refresh(httpd):
    client = offline_client(httpd)["client_id"]
    status, one = post(httpd, [proof(httpd)], **form_of(httpd, client))
    assert status == 200 and one["token_type"] == "DPoP"
    assert call(httpd, one["access_token"]) == 200
    assert call(httpd, one["access_token"], "Bearer") == 401 and call(httpd, one["access_token"], key="thief.pem") == 401
    renew = {"grant_type": "refresh_token", "client_id": client, "refresh_token": one["refresh_token"]}
    for proofs in ([], [proof(httpd, key="thief.pem")]):
        status, error = post(httpd, proofs, **renew)
        assert (status, error["error"]) == (400, "invalid_dpop_proof"), "and it spends nothing"
    status, two = post(httpd, [proof(httpd)], **renew)
    assert status == 200 and two["token_type"] == "DPoP" and call(httpd, two["access_token"]) == 200


@pytest.mark.parametrize("why", ["another method", "another path", "garbage", "two proofs", "shown before"])
def test_a_bad_proof_spends_no_code(httpd, why):
    client = offline_client(httpd)["client_id"]
    form, good = form_of(httpd, client), proof(httpd)
    if why == "shown before":
        assert post(httpd, [good], **form_of(httpd, client))[0] == 200
    proofs = {"another method": [proof(httpd, "GET")], "another path": [proof(httpd, path="/mcp")], "garbage": ["a.b.c"], "two proofs": [proof(httpd), proof(httpd)]}.get(why, [good])
    status, error = post(httpd, proofs, **form)
    assert (status, error["error"]) == (400, "invalid_dpop_proof")
    assert post(httpd, [proof(httpd)], **form)[0] == 200


def test_without_a_proof_it_is_a_bearer_token(httpd):
    client = offline_client(httpd)["client_id"]
    status, one = post(httpd, [], **form_of(httpd, client))
    assert status == 200 and one["token_type"] == "Bearer" and call(httpd, one["access_token"], "Bearer") == 200


def test_announced(httpd):
    assert "ES256" in json.loads(httpd.send("GET", "/.well-known/oauth-authorization-server")[2])["dpop_signing_alg_values_supported"]
