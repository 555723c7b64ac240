"""RFC 7592 on a real httpd: a client reads, changes and removes its own registration."""
import concurrent.futures, json
from test_flow import CALLBACK, JSON, approve, ask, code_of, exchange, header, register

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'


def manage(httpd, method, client, body=None, token=None):
    path = client["registration_client_uri"][len(httpd.url):]
    status, head, answer = httpd.send(method, path, [JSON, ("Authorization", "Bearer " + (token or client["registration_access_token"]))], json.dumps(body).encode() if body else b"")
    return status, head, json.loads(answer) if answer else None


def changed(client, **members):
    doc = {"client_id": client["client_id"], "client_name": "Changed", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", **members}
    return doc


def test_read_update_delete(httpd):
    client = register(httpd)[1]
    status, head, doc = manage(httpd, "GET", client)
    assert status == 200 and doc["client_name"] == "Tester" and header(head, "Cache-Control") == "no-store"
    status, _, new = manage(httpd, "PUT", client, changed(client))
    assert status == 200 and new["client_name"] == "Changed" and new["registration_access_token"] != client["registration_access_token"]
    assert manage(httpd, "GET", client)[0] == 401, "the old token counts no more"
    assert ask(httpd, client["client_id"])[0] == 200
    status, head, doc = manage(httpd, "DELETE", new)
    assert status == 204 and doc is None
    assert manage(httpd, "GET", new)[0] == 401
    assert ask(httpd, client["client_id"])[0] == 400


def test_a_token_of_another_client_is_refused_like_an_unknown_one(httpd):
    one, two = register(httpd)[1], register(httpd)[1]
    for method in ("GET", "PUT", "DELETE"):
        status, head, doc = manage(httpd, method, one, changed(one) if method == "PUT" else None, two["registration_access_token"])
        assert status == 401 and header(head, "WWW-Authenticate").startswith("Bearer") and doc["error"] == "invalid_token"
        unknown = dict(one, registration_client_uri=httpd.url + "/register/nobody")
        assert manage(httpd, method, unknown, changed(one) if method == "PUT" else None)[2] == doc
    assert manage(httpd, "GET", one)[0] == 200


def test_nothing_grows_by_update(httpd):
    client = register(httpd)[1]
    for members, error in (({"redirect_uris": ["http://evil.test/cb"]}, "invalid_redirect_uri"), ({"token_endpoint_auth_method": "client_secret_post"}, "invalid_client_metadata"),
                           ({"client_id": "other"}, "invalid_client_metadata"), ({"software_statement": "a.b.c"}, "invalid_client_metadata")):
        status, _, doc = manage(httpd, "PUT", client, changed(client, **members))
        assert status == 400 and doc["error"] in (error, "invalid_software_statement", "unapproved_software_statement"), members
    status, _, doc = manage(httpd, "PUT", client, changed(client, scope="customer.read db.admin", trusted=True, grant_types=["authorization_code", "implicit", "client_credentials"]))
    assert status == 200 and doc["scope"] == "customer.read" and doc["grant_types"] == ["authorization_code"] and "trusted" not in doc


def test_a_redirect_taken_back_ends_codes_under_way(httpd):
    client = register(httpd, redirect_uris=[CALLBACK, "https://app.example.com/cb"])[1]
    page = ask(httpd, client["client_id"], redirect_uri="https://app.example.com/cb")[2].decode()
    code = approve(httpd, page)[1]["code"][0]
    assert manage(httpd, "PUT", client, changed(client))[0] == 200
    status, error = exchange(httpd, client["client_id"], code, redirect_uri="https://app.example.com/cb")
    assert status == 400 and error["error"] == "invalid_grant"


def test_of_many_updates_at_once_one_wins(httpd):
    client = register(httpd)[1]
    with concurrent.futures.ThreadPoolExecutor(8) as many:
        got = list(many.map(lambda i: manage(httpd, "PUT", client, changed(client, client_name="N%d" % i))[0], range(8)))
    assert sorted(got) == [200] + [401] * 7


def test_other_methods_and_paths(httpd):
    client = register(httpd)[1]
    path = client["registration_client_uri"][len(httpd.url):]
    status, head, _ = httpd.send("PATCH", path)
    assert status == 405 and header(head, "Allow") == "GET, PUT, DELETE"
    assert httpd.send("GET", "/register/")[0] == 404
    assert httpd.send("GET", path + "/x")[0] == 404
    assert httpd.send("GET", path)[0] == 401


def test_the_audit_names_the_change(httpd):
    client = register(httpd)[1]
    manage(httpd, "PUT", client, changed(client))
    line = json.loads(httpd.audit()[-1])
    assert line["event"] == "register_update" and line["outcome"] == "allowed" and line["client"] == client["client_id"]
    assert client["registration_access_token"] not in "".join(httpd.audit())
