"""Software statements: metadata that a vendor signed for its software (RFC 7591 section 2.3)."""
import pytest
from server import Httpd
from test_flow import CALLBACK, ask, register

VENDOR = "https://vendor.test"


@pytest.fixture(scope="module")
def trusting(folder):
    h = Httpd(folder())
    h.start(h.config("MCPSoftwareStatementIssuer %s jwks=file:idp.json\n" % VENDOR))
    yield h
    h.stop()


def statement(httpd, iss=VENDOR, life=600, **claims):
    return httpd.token(iss=iss, life=life, claims={"software_id": "4NRB1", **claims})


def test_what_is_signed_outweighs_what_is_sent(trusting):
    text = statement(trusting, client_name="Vendor App", redirect_uris=[CALLBACK])
    status, client = register(trusting, client_name="Evil", redirect_uris=["https://evil.test/cb"], software_statement=text)
    assert status == 201 and client["client_name"] == "Vendor App" and client["redirect_uris"] == [CALLBACK] and client["software_id"] == "4NRB1"
    assert client["software_statement"] == text
    page = ask(trusting, client["client_id"])[2]
    assert b"Vendor App" in page and b"Evil" not in page


def test_what_is_signed_meets_the_rules(trusting):
    for claims, error in (({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"), ({"client_name": "a\u202eb"}, "invalid_client_metadata")):
        status, answer = register(trusting, software_statement=statement(trusting, **claims))
        assert status == 400 and answer["error"] == error
    assert register(trusting, software_statement=statement(trusting, scope="db.admin"))[1]["scope"] == "customer.read"


def test_statements_that_do_not_count(trusting):
    good = statement(trusting)
    head, body, signature = good.split(".")
    none = "eyJhbGciOiJub25lIn0." + body + "."
    for text in (statement(trusting, iss="https://other.test"), statement(trusting, life=-60), head + "." + body + "." + signature[:-4] + "AAAA", none, "a.b.c", "", 7, trusting.token(iss=VENDOR)):
        status, answer = register(trusting, software_statement=text)
        assert status == 400 and answer["error"] == "invalid_software_statement", text


def test_without_the_directive_none_counts(httpd):
    status, answer = register(httpd, software_statement=statement(httpd))
    assert status == 400 and answer["error"] == "invalid_client_metadata"


@pytest.mark.parametrize("line,words", [("MCPSoftwareStatementIssuer https://v.test jwks=https://v.test/k", "jwks=file:PATH"), ("MCPSoftwareStatementIssuer https://v.test jwks=file:no.such", "no.such"),
                                        ("MCPSoftwareStatementIssuer https://v.test jwks=file:users", "users")])
def test_misspelt_directives_stop_configtest(scratch, line, words):
    code, out = scratch.configtest(scratch.config(extra=line))
    assert code and words in out
