import { TELLING } from './ends-news.js';
import { READING, TIME } from './scripts.js';

/**
 * Removes a key whatever it holds, and tells of it where that was a live session. Of a record of a later format all that is
 * known is that it was there.
 *
 * KEYS: a session. ARGV: the channel, and the reason. Gives how many were removed.
 */
export const END = `${TIME}${READING}${TELLING}
local key = KEYS[1]
local record = redis.pcall('GET', key)
local removed = redis.call('DEL', key)
if type(record) ~= 'string' then return removed end

local _, _, created, seen, _, _, start = string.match(record, HEAD)
if start and string.byte(record, -1) == 30 then
  local fields, time = string.sub(record, start), now()
  local idle, absolute = own(fields, '$idle'), own(fields, '$absolute')
  if idle and seen + (tonumber(idle) or -math.huge) <= time then return removed end
  if absolute and created + (tonumber(absolute) or -math.huge) <= time then return removed end
  tell(ARGV[1], 'ended', ARGV[2], own(fields, '$principal') or '', key)
elseif (tonumber(string.match(record, '^%d+')) or 0) > 1 then
  tell(ARGV[1], 'ended', ARGV[2], '', key)
end
return removed`;
