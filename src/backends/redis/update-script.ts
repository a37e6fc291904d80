import { EMPTY_MS, OPERATION_MS } from '../session-backend.js';
import { OPERATION_PREFIX } from '../session-record.js';
import { READING, TELLING, TIME } from './scripts.js';
import { IS_EMPTY, IS_NOT_PERSISTENT, IS_PERSISTENT, STATUS, WAS_EMPTY } from './update-call.js';

/**
 * Applies changes to a record's fields, and takes out the names of changes that nobody sends any more. Fields that nothing
 * happens to are copied in runs, so that a large record costs little more than its length.
 */
const CHANGING = `
local function written(name, change, old)
  local mark, text = string.sub(change, 1, 1), string.sub(change, 2)
  if mark == '-' then return '' end
  if mark == '+' then
    local number = tonumber(old) or 0
    if number - number ~= 0 then number = 0 end
    local sum = number + tonumber(text)
    if sum - sum ~= 0 then return old and (name .. '\\31' .. old .. '\\30') or '' end
    text = string.format('%.17g', sum)
  end
  return name .. '\\31' .. text .. '\\30'
end

local function changed(fields, change, keep, time)
  local changes, names = {}, {}
  for name, text in string.gmatch(change, '([^\\31]*)\\31([^\\30]*)\\30') do
    changes[name] = text
    names[#names + 1] = name
  end
  local kept = {}
  for name in string.gmatch(string.sub(keep, 2), '([^\\30]*)\\30') do kept[name] = true end
  local parts, run, at = {}, 1, 2
  while at <= #fields do
    local middle = string.find(fields, '\\31', at, true)
    local stop = middle and string.find(fields, '\\30', middle, true)
    if not stop then return nil end
    local name = string.sub(fields, at, middle - 1)
    local isDropped
    if string.byte(name) == 36 then
      isDropped = string.sub(name, 1, ${OPERATION_PREFIX.length}) == '${OPERATION_PREFIX}'
        and (tonumber(string.sub(fields, middle + 1, stop - 1)) or 0) <= time
    else
      isDropped = keep ~= '' and not kept[name]
    end
    local text = changes[name]
    if text or isDropped then
      parts[#parts + 1] = string.sub(fields, run, at - 1)
      run = stop + 1
    end
    if text then
      parts[#parts + 1] = written(name, text, not isDropped and string.sub(fields, middle + 1, stop - 1))
      changes[name] = nil
    end
    at = stop + 1
  end
  parts[#parts + 1] = string.sub(fields, run)
  for _, name in ipairs(names) do
    if changes[name] then parts[#parts + 1] = written(name, changes[name]) end
  end
  return table.concat(parts)
end
`;

/**
 * One change of one session: gives the status with its bits, and when the session ends. It tells of what matters to whoever
 * watches the session: a new generation, and an earlier end.
 */
const UPDATE_ONE = `
local function update(key, time, channel, head, keep, change)
  local deadline, idle, absolute, generation, hash, isUse, newHash, newGeneration, grace, operation =
    string.match(head, '^' .. string.rep('([^\\31]*)\\31', 10) .. '$')
  if time > tonumber(deadline) then return ${STATUS.late}, 0 end
  local record = redis.pcall('GET', key)
  if type(record) ~= 'string' or string.byte(record, -1) ~= 30 then return ${STATUS.gone}, 0 end
  local gen, current, created, seen, renewed, previous, start = string.match(record, HEAD)
  if not start then return ${STATUS.gone}, 0 end
  local fields = string.sub(record, start)
  local function lives()
    return tonumber(own(fields, '$idle') or idle) or -math.huge,
      tonumber(own(fields, '$absolute') or absolute) or -math.huge
  end
  local idleMs, absoluteMs = lives()
  local endedAt = math.min(seen + idleMs, created + absoluteMs)
  if endedAt <= time or (gen ~= generation and (newHash == '' or current ~= newHash)) then
    return ${STATUS.gone}, 0
  end
  local wasEmpty = isEmpty(fields)
  local isLeftEmpty = wasEmpty
  local isAppliedBefore = operation ~= '' and own(fields, operation)
  if not isAppliedBefore and (change ~= '' or keep ~= '') then
    if operation ~= '' then change = change .. operation .. '\\31=' .. decimal(time + ${OPERATION_MS}) .. '\\30' end
    fields = changed(fields, change, keep, time)
    if not fields then return ${STATUS.gone}, 0 end
    isLeftEmpty = isEmpty(fields)
    idleMs, absoluteMs = lives()
  end
  local isReplaced = newGeneration ~= '' and gen == generation
  if isReplaced then gen = newGeneration end
  if newHash ~= '' and current ~= newHash and (newGeneration ~= '' or (current == hash and not isLeftEmpty)) then
    if newGeneration ~= '' then previous = ''
    else previous = current .. '.' .. decimal(time + tonumber(grace)) end
    current, renewed = newHash, decimal(time)
  end
  if isUse == '1' then seen = decimal(math.max(time, seen)) end
  local expires = math.min(seen + idleMs, created + absoluteMs)
  local ttl = math.max(1, expires - time)
  local bits = wasEmpty and ${WAS_EMPTY} or 0
  if isLeftEmpty then
    bits = bits + ${IS_EMPTY}
    ttl = math.min(ttl, ${EMPTY_MS})
  end
  local persistent = own(fields, '$persistent')
  if persistent then bits = bits + (persistent == '1' and ${IS_PERSISTENT} or ${IS_NOT_PERSISTENT}) end
  local text = table.concat({ '1', gen, current, created, seen, renewed, previous }, '\\31') .. fields
  redis.call('SET', key, text, 'PX', decimal(ttl))
  if isReplaced then tell(channel, 'replaced', gen, key) end
  if expires < endedAt or (isLeftEmpty and not wasEmpty) then tell(channel, 'shortened', key) end
  local isCurrent = current == hash or current == newHash
  return (isCurrent and ${STATUS.applied} or ${STATUS.replaced}) + bits, expires
end
`;

/**
 * KEYS: sessions. ARGV: for each the three that `update` takes behind `channel`, and last the channel. Where one fails, its
 * error stands in place of its status, and the others are applied.
 */
export const UPDATE = `${TIME}${READING}${TELLING}${CHANGING}${UPDATE_ONE}
local time, channel, replies = now(), ARGV[#ARGV], {}
for i, key in ipairs(KEYS) do
  local ok, status, expires = pcall(update, key, time, channel, ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i])
  if not ok then status = { err = type(status) == 'table' and status.err or tostring(status) } end
  replies[2 * i - 1], replies[2 * i] = status, expires or 0
end
return replies`;
