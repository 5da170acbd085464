-- Files of some chunks, one after another: as many threads as connections, since a thread's chunks must follow in order.
-- Arguments: bytes of a chunk, chunks of a file.

dofile("benchmarks/load/report.lua")

local BOUNDARY = "----load-boundary-0123456789"
local size, count, data, position, upload

function init(arguments)
  size, count, position, upload = tonumber(arguments[1]), tonumber(arguments[2]), 0, ""
  math.randomseed(1)
  local block = {}
  for index = 1, 4096 do
    block[index] = string.char(math.random(0, 255))
  end
  data = ("%PDF-1.7\n" .. table.concat(block):rep(math.ceil(size / 4096))):sub(1, size)
end

function request()
  local start = position * size
  local headers = {
    ["Content-Type"] = "multipart/form-data; boundary=" .. BOUNDARY,
    ["Content-Range"] = string.format("bytes %d-%d/%d", start, start + size - 1, size * count),
  }
  local body = "--" .. BOUNDARY .. '\r\nContent-Disposition: form-data; name="upload_id"\r\n\r\n' .. upload
    .. "\r\n--" .. BOUNDARY .. '\r\nContent-Disposition: form-data; name="image"; filename="file.pdf"\r\n'
    .. "Content-Type: application/pdf\r\n\r\n" .. data .. "\r\n--" .. BOUNDARY .. "--\r\n"
  return wrk.format("POST", "/api/v2/media/upload/chunk/", headers, body)
end

function response(status, _, body)
  if status == 201 then
    position, upload = position + 1, body:match('"upload_id"%s*:%s*"(%x+)"')
  end
  if status ~= 201 or position == count then
    position, upload = 0, ""
  end
end
