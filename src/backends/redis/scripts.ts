/** Whether a record is a session's, and does not only lead to another id. */
const IS_SESSION = `
local function isSession(record)
  return record and not string.find(record, '\\30$next\\31', 1, true)
end
`;

/** Leaves a record that leads to another id, or none. */
const LEAVE = `
local function leave(key, lead, seconds)
  if seconds == '0' then redis.call('DEL', key)
  else redis.call('SET', key, lead, 'EX', seconds) end
end
`;

/**
 * Applies a change to a record's text. \`keep\`, where there is one, is the set of data fields that stay. Fields that
 * nothing happens to are copied in runs, so that a large record costs little more than its length.
 */
const CHANGED = `
local function written(name, change, old)
  local mark, text = string.sub(change, 1, 1), string.sub(change, 2)
  if mark == '-' then return '' end
  if mark == '+' then
    local sum = (tonumber(old) or 0) + tonumber(text)
    if sum - sum == 0 then text = string.format('%.17g', sum) end
  end
  return name .. '\\31' .. text .. '\\30'
end

local function changed(record, operation, change, keep)
  if operation ~= '' then
    if string.find(record, '\\30' .. operation .. '\\31', 1, true) then return record end
    change = change .. operation .. '\\31=1\\30'
  end
  local changes, names = {}, {}
  for name, text in string.gmatch(change, '([^\\31]*)\\31([^\\30]*)\\30') do
    changes[name] = text
    names[#names + 1] = name
  end
  local parts, run, at = {}, 1, 2
  while true do
    local middle = string.find(record, '\\31', at, true)
    local stop = middle and string.find(record, '\\30', middle, true)
    if not stop then break end
    local name = string.sub(record, at, middle - 1)
    local isDropped = keep and string.byte(name) ~= 36 and not keep[name]
    local text = changes[name]
    if text or isDropped then
      parts[#parts + 1] = string.sub(record, run, at - 1)
      run = stop + 1
    end
    if text then
      parts[#parts + 1] = written(name, text, not isDropped and string.sub(record, middle + 1, stop - 1))
      changes[name] = nil
    end
    at = stop + 1
  end
  parts[#parts + 1] = string.sub(record, run)
  for _, name in ipairs(names) do
    if changes[name] then parts[#parts + 1] = written(name, changes[name]) end
  end
  return table.concat(parts)
end
`;

/** KEYS: session. ARGV: ttl, operation, change. */
export const UPDATE = `${IS_SESSION}${CHANGED}
local record = redis.call('GET', KEYS[1])
if not isSession(record) then return 0 end
redis.call('SET', KEYS[1], changed(record, ARGV[2], ARGV[3]), 'EX', ARGV[1])
return 1`;

/** KEYS: old, new. ARGV: ttl, operation, change, seconds of grace, record that leads to the new id, fields to keep. */
export const ROTATE = `${IS_SESSION}${LEAVE}${CHANGED}
local record = redis.call('GET', KEYS[1])
if not isSession(record) then return 0 end
local keep
if ARGV[6] then
  keep = {}
  for i = 6, #ARGV do keep[ARGV[i]] = true end
end
redis.call('SET', KEYS[2], changed(record, ARGV[2], ARGV[3], keep), 'EX', ARGV[1])
leave(KEYS[1], ARGV[5], ARGV[4])
return 1`;

/** KEYS: session. ARGV: seconds of grace, record that leads to the new id. Reads a session and ends it. */
export const TAKE = `${IS_SESSION}${LEAVE}
local record = redis.call('GET', KEYS[1])
if not isSession(record) then return nil end
leave(KEYS[1], ARGV[2], ARGV[1])
return record`;

/** KEYS: session. Deletes it where it holds metadata only. */
export const DELETE_EMPTY = `${IS_SESSION}
local record = redis.call('GET', KEYS[1])
if not isSession(record) or string.find(record, '\\30[^$]') then return 0 end
return redis.call('DEL', KEYS[1])`;
