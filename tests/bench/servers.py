"""The servers that are measured: ours, and those whose administrators would reach for the same protection."""
import os
from lab import HERE, MULTIARCH, UNPACKED


class Server:
    def __init__(self, name, command, files=(), more=None, algs=("RS256", "ES256"), base=None, note=""):
        """base: the same software without any check. algs: whose tokens it verifies; () checks nothing."""
        self.name, self.command, self.files, self.more = name, command, files, more or {}
        self.algs, self.base, self.note = algs, base, note


def httpd(name, *files, **options):
    return Server(name, ["apache2", "-DFOREGROUND", "-f", "@CONF@"], ["httpd.conf", *files], **options)


LUA = """lua_package_path "%s/peers/?.lua;%s/usr/share/lua/5.1/?.lua;;";
  lua_package_cpath "%s/usr/lib/%s/lua/5.1/?.so;;";
  init_by_lua_block { require("mcp").init { iss = "@ISS@", aud = "@AUD@", cached = %%d, keys = { RS256 = "@DIR@/RS256.pub", ES256 = "@DIR@/ES256.pub" } } }""" \
    % (HERE, UNPACKED, UNPACKED, MULTIARCH)
LUA_MODULES = "load_module @NGINXMODULES@/ndk_http_module.so;\nload_module @NGINXMODULES@/ngx_http_lua_module.so;"


def nginx(name, cached=None, **options):
    more = {"LOAD": "", "LUA": "", "ACCESS": ""}
    if cached is not None:
        more = {"LOAD": LUA_MODULES, "LUA": LUA % cached, "ACCESS": 'access_by_lua_block { require("mcp").check() }'}
    return Server(name, ["nginx", "-p", "@DIR@", "-c", "@CONF@", "-e", "@DIR@/error.log"], ["nginx.conf"], more, **options)


def haproxy(name, file, **options):
    return Server(name, ["haproxy", "-db", "-f", "@CONF@"], [file], **options)


def node(name, *arguments, **options):
    return Server(name, ["node", os.path.join(HERE, "peers", "sdk.mjs"), "@PORT@", "@BACKEND@", *arguments], **options)


PLAIN = httpd("httpd", algs=())
LOGGED = httpd("httpd + access log", "customlog.conf", algs=(), base=PLAIN)
GATE = httpd("mod_mcp_toolauthz", "gate.conf", base=PLAIN)
AUDITED = httpd("mod_mcp_toolauthz + audit log", "gate.conf", "audit.conf", base=PLAIN)
NGINX, HAPROXY, NODE = nginx("nginx", algs=()), haproxy("HAProxy", "haproxy-plain.cfg", algs=()), node("Node", "plain", algs=())
PEERS = [
    httpd("mod_auth_openidc", "openidc.conf", algs=("RS256",), base=PLAIN, note="ES256 only with keys read over https"),
    httpd("mod_auth_openidc + mod_security", "openidc.conf", "modsec.conf", algs=("RS256",), base=PLAIN),
    httpd("mod_oauth2", "oauth2.conf", base=PLAIN, note="remembers verified tokens; cannot ask for one scope of several"),
    haproxy("HAProxy jwt_verify", "haproxy.cfg", base=HAPROXY),
    nginx("nginx + lua", 0, base=NGINX),
    nginx("nginx + lua, remembering", 10000, base=NGINX),
    node("SDK requireBearerAuth", "@ISS@", "@AUD@", "@DIR@/jwks.json", base=NODE),
]
ABSENT = [("lua-resty-jwt", "neither in Debian 12 nor on npm; the lua rows verify through luaossl"),
          ("nginx auth_jwt", "sold with NGINX Plus alone"),
          ("Envoy, Kong, APISIX, oauth2-proxy", "neither in Debian 12 nor on npm")]
