-- wrk's side of a measurement: POSTs the file BODY with the tokens of the file TOKENS, one after the other, from its first line on.
local function lines_of(path)
  local list = {}
  for line in io.lines(path) do list[#list + 1] = line end
  return list
end

local body = assert(io.open(os.getenv("BODY"), "rb")):read("*a")
local tokens, requests, at = lines_of(os.getenv("TOKENS")), {}, 0
local headers = { ["Content-Type"] = "application/json", ["Accept"] = "application/json, text/event-stream" }

function init()
  for i, token in ipairs(tokens) do
    headers["Authorization"] = "Bearer " .. token
    requests[i] = wrk.format("POST", nil, headers, body)
  end
end

if #tokens > 1 then
  function request()
    at = at % #requests + 1
    return requests[at]
  end
else
  wrk.method, wrk.body, wrk.headers = "POST", body, headers
  headers["Authorization"] = "Bearer " .. tokens[1]
end

function done(summary, latency)
  local e = summary.errors
  print(string.format("MEASURED %d %d %d %d", summary.requests, summary.duration, e.status, e.connect + e.read + e.write + e.timeout))
end
