import { READING, TELLING, TIME } from './scripts.js';

/**
 * Removes a key whatever it holds, and tells of it where that was a live session. Of a record of a later format all that is
 * known is that it was there.
 *
 * KEYS: a session. ARGV: the channel, and the reason. Gives 1 where it was told.
 */
export const END = `${TIME}${READING}${TELLING}
local key = KEYS[1]
local record = redis.pcall('GET', key)
redis.call('DEL', key)
if type(record) ~= 'string' then return 0 end

local _, _, created, seen, _, _, start = string.match(record, HEAD)
if start and string.byte(record, -1) == 30 then
  local fields, time = string.sub(record, start), now()
  local idle, absolute = own(fields, '$idle'), own(fields, '$absolute')
  if idle and seen + (tonumber(idle) or -math.huge) <= time then return 0 end
  if absolute and created + (tonumber(absolute) or -math.huge) <= time then return 0 end
  tell(ARGV[1], 'ended', ARGV[2], own(fields, '$principal') or '', key)
  return 1
elseif (tonumber(string.match(record, '^%d+')) or 0) > 1 then
  tell(ARGV[1], 'ended', ARGV[2], '', key)
  return 1
end
return 0`;
