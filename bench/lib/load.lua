-- What wrk sends and says: requests in turn from a file of lines "METHOD path body", and one line of figures at the end.
-- Every request is put together before the load begins, so that sending one costs the generator a table look-up.
local requests = {}
local at = 0

local function nextRequest()
  at = at % #requests + 1
  return requests[at]
end

function init(args)
  for line in io.lines(args[1]) do
    local method, path, body = line:match("^(%S+) (%S+) ?(.*)$")
    local headers = {}
    for name, value in pairs(wrk.headers) do headers[name] = value end
    if body ~= "" then headers["Content-Type"] = "application/json" end
    requests[#requests + 1] = wrk.format(method, path, headers, method == "POST" and body or nil)
  end
  request = nextRequest
end

function done(summary, latency)
  io.write(string.format(
    "figures {\"requests\":%d,\"durationUs\":%d,\"failed\":%d,\"non2xx\":%d,\"p50Us\":%d,\"p99Us\":%d,\"maxUs\":%d}\n",
    summary.requests, summary.duration,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout, summary.errors.status,
    latency:percentile(50), latency:percentile(99), latency.max))
end
