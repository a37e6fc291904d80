/** Times as Redis tells them, and as decimal text. */
export const TIME = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function decimal(number) return string.format('%.0f', number) end
`;

/**
 * What the text of a record says. Its fields are what follows the head, with the record separator between; so each begins
 * behind a record separator, and ends with one.
 */
export const READING = `
local HEAD = '^1\\31([^\\30\\31]*)\\31([^\\30\\31]*)\\31(%d+)\\31(%d+)\\31([^\\30\\31]*)\\31([^\\30\\31]*)()\\30'

local function own(fields, name)
  local _, before = string.find(fields, '\\30' .. name .. '\\31', 1, true)
  return before and string.sub(fields, before + 1, string.find(fields, '\\30', before, true) - 1)
end

local function isEmpty(fields)
  local first = string.byte(fields, 2)
  if not first then return true end
  return first == 36 and not string.find(fields, '\\30[^$]') and not own(fields, '$principal')
end
`;

/** KEYS: a session. ARGV: its text, for how many seconds, and the deadline. Gives 1, 0 where the id is taken, -1 too late. */
export const CREATE = `${TIME}
if now() > tonumber(ARGV[3]) then return -1 end
return redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2], 'NX') and 1 or 0`;

/** KEYS: any key of the prefix, for those that choose a server by it. Gives the server's time in milliseconds. */
export const NOW = `${TIME}
return now()`;

/**
 * News as `readNews` takes them. Parts of a record stand as the record holds them. Where the account may not publish, or the server can't, all else goes on.
 */
export const TELLING = `
local function tell(channel, ...) redis.pcall('PUBLISH', channel, table.concat({ ... }, '\\31')) end
`;
