/** The field of a record that was moved to another id, and is no session any more. */
export const TAKEN = '$taken';

/** The record of a session; nothing where there is none, where it only leads to another id, or is of another type. */
const SESSION_AT = `
local function sessionAt(key)
  local record = redis.pcall('GET', key)
  local isSession = type(record) == 'string'
    and not string.find(record, '\\30$next\\31', 1, true)
    and not string.find(record, '\\30${TAKEN}\\31', 1, true)
  return isSession and record
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

/** KEYS: sessions. ARGV: for each its ttl, operation, change. */
export const UPDATE = `${SESSION_AT}${CHANGED}
local replies = {}
for i, key in ipairs(KEYS) do
  local ttl, operation, change = unpack(ARGV, 3 * i - 2, 3 * i)
  local record = sessionAt(key)
  if record then redis.call('SET', key, changed(record, operation, change), 'EX', ttl) end
  replies[i] = record and 1 or 0
end
return replies`;

/** KEYS: old, new. ARGV: ttl, operation, change, seconds of grace, record that leads to the new id, fields to keep. */
export const ROTATE = `${SESSION_AT}${CHANGED}
local record = sessionAt(KEYS[1])
if not record then return 0 end
local keep
if ARGV[6] then
  keep = {}
  for i = 6, #ARGV do keep[ARGV[i]] = true end
end
redis.call('SET', KEYS[2], changed(record, ARGV[2], ARGV[3], keep), 'EX', ARGV[1])
if ARGV[4] == '0' then redis.call('DEL', KEYS[1])
else redis.call('SET', KEYS[1], ARGV[5], 'EX', ARGV[4]) end
return 1`;

/**
 * KEYS: session. ARGV: record that says where it is taken, seconds. Reads a session and ends it, leaving what was read
 * for the one who took it: an answer that was lost is given again.
 */
export const TAKE = `${SESSION_AT}
local mark = ARGV[1]
local record = redis.pcall('GET', KEYS[1])
if type(record) == 'string' and string.sub(record, 1, #mark) == mark then
  return '\\30' .. string.sub(record, #mark + 1)
end
record = sessionAt(KEYS[1])
if not record then return false end
redis.call('SET', KEYS[1], mark .. string.sub(record, 2), 'EX', ARGV[2])
return record`;

/** KEYS: session. Deletes it where it holds metadata only. */
export const DELETE_EMPTY = `${SESSION_AT}
local record = sessionAt(KEYS[1])
if not record or string.find(record, '\\30[^$]') then return 0 end
return redis.call('DEL', KEYS[1])`;
