-- Arguments: a file with the body to post, or none.
function init(args)
  if args[1] then
    local file = assert(io.open(args[1], "rb"))
    wrk.method, wrk.body = "POST", file:read("*a")
    file:close()
  end
end

-- Called once, when all is over: it costs the measurement nothing.
function done(summary, latency)
  local percentiles = {}
  for _, at in ipairs({50, 75, 90, 95, 99, 99.5, 99.9, 99.99}) do
    table.insert(percentiles, string.format('"%s":%.3f', at, latency:percentile(at) / 1000))
  end
  local errors = summary.errors
  io.write(string.format(
    '\nBENCH {"requests":%d,"seconds":%.6f,"bytes":%d,"latency":{%s,"max":%.3f},' ..
    '"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, table.concat(percentiles, ","), latency.max / 1000,
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
