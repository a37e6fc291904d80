/** Whether a key is a session, and does not only lead to one. */
const IS_SESSION = `
local function isSession(key)
  return redis.call('EXISTS', key) == 1 and redis.call('HEXISTS', key, '$next') == 0
end
`;

/**
 * A change as arguments: the field that names it or nothing, then the fields to set, to remove, and to add to, each list
 * preceded by its length.
 */
const APPLY_CHANGE = `
local function applyChange(key, at)
  local operation = ARGV[at]
  if operation ~= '' and redis.call('HSETNX', key, operation, '1') == 0 then return end
  at = at + 1
  local sets = tonumber(ARGV[at])
  for i = at + 1, at + sets, 1000 do
    redis.call('HSET', key, unpack(ARGV, i, math.min(i + 999, at + sets)))
  end
  at = at + sets + 1
  local removes = tonumber(ARGV[at])
  for i = at + 1, at + removes, 1000 do
    redis.call('HDEL', key, unpack(ARGV, i, math.min(i + 999, at + removes)))
  end
  at = at + removes + 1
  local increments = tonumber(ARGV[at])
  for i = at + 1, at + increments, 2 do
    local sum = redis.pcall('HINCRBYFLOAT', key, ARGV[i], ARGV[i + 1])
    if type(sum) == 'table' and sum.err then redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
  end
end
`;

/** KEYS: session. ARGV: ttl, change. */
export const CREATE = `${APPLY_CHANGE}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
applyChange(KEYS[1], 2)
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1`;

/** KEYS: session. ARGV: ttl, change. */
export const SET = `${APPLY_CHANGE}
redis.call('DEL', KEYS[1])
applyChange(KEYS[1], 2)
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1`;

/** KEYS: session. ARGV: ttl, change. */
export const UPDATE = `${IS_SESSION}${APPLY_CHANGE}
if not isSession(KEYS[1]) then return 0 end
applyChange(KEYS[1], 2)
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1`;

const RETAIN = `
local function retain(key, keepAll, keep)
  if keepAll then return end
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if string.sub(field, 1, 1) ~= '$' and not keep[field] then redis.call('HDEL', key, field) end
  end
end
`;

/** Leaves a record that leads to another id. */
const LEAD = `
local function lead(key, id, seconds)
  if tonumber(seconds) == 0 then return end
  redis.call('HSET', key, '$next', id)
  redis.call('EXPIRE', key, seconds)
end
`;

/** KEYS: old, new. ARGV: ttl, new id, seconds of grace, number of fields to keep (-1: all), these fields, change. */
export const ROTATE = `${IS_SESSION}${APPLY_CHANGE}${RETAIN}${LEAD}
if not isSession(KEYS[1]) then return 0 end
redis.call('RENAME', KEYS[1], KEYS[2])
lead(KEYS[1], ARGV[2], ARGV[3])
local kept = tonumber(ARGV[4])
local keep = {}
for i = 5, 4 + kept do keep[ARGV[i]] = true end
retain(KEYS[2], kept < 0, keep)
applyChange(KEYS[2], 5 + math.max(kept, 0))
redis.call('EXPIRE', KEYS[2], ARGV[1])
return 1`;

/** KEYS: session. ARGV: new id, seconds of grace. Reads a session and deletes it. */
export const TAKE = `${IS_SESSION}${LEAD}
if not isSession(KEYS[1]) then return {} end
local record = redis.call('HGETALL', KEYS[1])
redis.call('DEL', KEYS[1])
lead(KEYS[1], ARGV[1], ARGV[2])
return record`;

/** KEYS: session. Deletes it where it holds metadata only. */
export const DELETE_EMPTY = `${IS_SESSION}
if not isSession(KEYS[1]) then return 0 end
local fields = redis.call('HKEYS', KEYS[1])
for _, field in ipairs(fields) do
  if string.sub(field, 1, 1) ~= '$' then return 0 end
end
return redis.call('DEL', KEYS[1])`;
