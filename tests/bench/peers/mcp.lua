-- A bearer token and the scope of the tool that is called, as an nginx administrator might write it: keys parsed once, JSON by cjson,
-- signatures by OpenSSL through luaossl. init(settings), then check() in the access phase.
local cjson = require "cjson.safe"
local pkey, digest = require "openssl.pkey", require "openssl.digest"
local lrucache = require "resty.lrucache"

local M = {}
local keys, settings, cache = {}, nil, nil
local digests = { RS256 = "sha256", ES256 = "sha256" }

local function read(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read("*a")
  f:close()
  return text
end

function M.init(s)
  settings = s
  for alg, path in pairs(s.keys) do keys[alg] = pkey.new(read(path), "PEM", "public") end
  if s.cached > 0 then cache = assert(lrucache.new(s.cached)) end
end

local function base64url(text)
  text = text:gsub("-", "+"):gsub("_", "/")
  return ngx.decode_base64(text .. ("="):rep(-#text % 4))
end

local function integer(bytes)
  bytes = bytes:gsub("^%z+", "")
  if bytes == "" or bytes:byte(1) > 127 then bytes = "\0" .. bytes end
  return "\2" .. string.char(#bytes) .. bytes
end

-- RFC 7518 3.4: R and S side by side; OpenSSL wants DER.
local function der(raw)
  if #raw ~= 64 then return nil end
  local both = integer(raw:sub(1, 32)) .. integer(raw:sub(33))
  return "\48" .. string.char(#both) .. both
end

local function verify(token)
  local head, body, signature = token:match("^([%w_-]+)%.([%w_-]+)%.([%w_-]+)$")
  if not head then return nil end
  local header = cjson.decode(base64url(head) or "")
  local key = header and keys[header.alg]
  local raw = key and base64url(signature)
  if raw and header.alg == "ES256" then raw = der(raw) end
  if not raw then return nil end
  local d = digest.new(digests[header.alg])
  d:update(head .. "." .. body)
  if not key:verify(raw, d) then return nil end
  local claims = cjson.decode(base64url(body) or "")
  return claims and claims.iss == settings.iss and claims.aud == settings.aud and claims
end

local function claims_of(token)
  local claims = cache and cache:get(token)
  if not claims then
    claims = verify(token)
    if claims and cache then cache:set(token, claims, 300) end
  end
  return claims and claims.exp > ngx.time() and claims
end

local function tool_of(text)
  local message = cjson.decode(text or "")
  if not message or message.method ~= "tools/call" then return nil, message end
  return message.params and message.params.name, message
end

local function scope_of(tool)
  if tool == "read_customer_record" then return "customer.read" end
  if tool:find("^modify_") then return "customer.write" end
  return "db.admin"
end

function M.check()
  local header = ngx.var.http_authorization
  local token = header and header:match("^[Bb]earer +(%S+)$")
  local claims = token and claims_of(token)
  if not claims then return ngx.exit(401) end
  ngx.req.read_body()
  local tool, message = tool_of(ngx.req.get_body_data())
  if not message then return ngx.exit(400) end
  if tool and not (" " .. (claims.scope or "") .. " "):find(" " .. scope_of(tool) .. " ", 1, true) then return ngx.exit(403) end
end

return M
