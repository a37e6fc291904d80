import { types } from 'node:util';
import { EMPTY_MS, OPERATION_MS, type UpdateResult } from '../session-backend.js';
import { OPERATION_PREFIX } from '../session-record.js';
import { integerReply } from './replies.js';

/** How `UPDATE` says what became of a change. Further facts are added to the status in bits. */
const STATUS = { gone: 0, applied: 1, replaced: 2, late: 3 } as const;
const STATUS_MASK = 3;
const WAS_EMPTY = 4;
const IS_EMPTY = 8;
const IS_PERSISTENT = 16;
const IS_NOT_PERSISTENT = 32;

/** What `UPDATE` answers for one session: the status, or why it failed, and when the session ends. */
export type UpdateReply = readonly [status: number | Error, expiresAtMs: number];

/** Of a reply's two parts. @throws Error where they are none */
export function updateReply(status: unknown, expiresAtMs: unknown): UpdateReply {
  const known = types.isNativeError(status) ? status : integerReply('a script', status);
  return [known, integerReply('a script', expiresAtMs)];
}

/** @throws Error which says why one change could not be applied */
export function readUpdateReply([status, expiresAtMs]: UpdateReply): UpdateResult | 'late' {
  if (typeof status !== 'number') throw status;
  switch (status & STATUS_MASK) {
    case STATUS.gone:
      return { status: 'gone' };
    case STATUS.late:
      return 'late';
    default: {
      const isPersistent =
        (status & (IS_PERSISTENT | IS_NOT_PERSISTENT)) === 0
          ? undefined
          : (status & IS_PERSISTENT) !== 0;
      return {
        status: (status & STATUS_MASK) === STATUS.applied ? 'applied' : 'replaced',
        wasEmpty: (status & WAS_EMPTY) !== 0,
        isEmpty: (status & IS_EMPTY) !== 0,
        expiresAtMs,
        isPersistent,
      };
    }
  }
}

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
const READING = `
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

/** One change of one session: gives the status with its bits, and when the session ends. */
const UPDATE_ONE = `
local function update(key, time, head, keep, change)
  local deadline, idle, absolute, generation, hash, isUse, newHash, newGeneration, grace, operation =
    string.match(head, '^' .. string.rep('([^\\31]*)\\31', 10) .. '$')
  if time > tonumber(deadline) then return ${STATUS.late}, 0 end
  local record = redis.pcall('GET', key)
  if type(record) ~= 'string' or string.byte(record, -1) ~= 30 then return ${STATUS.gone}, 0 end
  local gen, current, created, seen, renewed, previous, start = string.match(record, HEAD)
  if not start then return ${STATUS.gone}, 0 end
  local fields = string.sub(record, start)
  local function ends()
    return math.min(seen + (tonumber(own(fields, '$idle') or idle) or -math.huge),
      created + (tonumber(own(fields, '$absolute') or absolute) or -math.huge))
  end
  if ends() <= time or (gen ~= generation and (newHash == '' or current ~= newHash)) then
    return ${STATUS.gone}, 0
  end
  local bits = isEmpty(fields) and ${WAS_EMPTY} or 0
  local isAppliedBefore = operation ~= '' and own(fields, operation)
  if not isAppliedBefore and (change ~= '' or keep ~= '') then
    if operation ~= '' then change = change .. operation .. '\\31=' .. decimal(time + ${OPERATION_MS}) .. '\\30' end
    fields = changed(fields, change, keep, time)
    if not fields then return ${STATUS.gone}, 0 end
  end
  if newGeneration ~= '' and gen == generation then gen = newGeneration end
  if newHash ~= '' and current ~= newHash and (newGeneration ~= '' or (current == hash and not isEmpty(fields))) then
    if newGeneration ~= '' then previous = ''
    else previous = current .. '.' .. decimal(time + tonumber(grace)) end
    current, renewed = newHash, decimal(time)
  end
  if isUse == '1' then seen = decimal(math.max(time, seen)) end
  local expires = ends()
  local ttl = math.max(1, expires - time)
  if isEmpty(fields) then
    bits = bits + ${IS_EMPTY}
    ttl = math.min(ttl, ${EMPTY_MS})
  end
  local persistent = own(fields, '$persistent')
  if persistent then bits = bits + (persistent == '1' and ${IS_PERSISTENT} or ${IS_NOT_PERSISTENT}) end
  local text = table.concat({ '1', gen, current, created, seen, renewed, previous }, '\\31') .. fields
  redis.call('SET', key, text, 'PX', decimal(ttl))
  local isCurrent = current == hash or current == newHash
  return (isCurrent and ${STATUS.applied} or ${STATUS.replaced}) + bits, expires
end
`;

/**
 * KEYS: sessions. ARGV: for each the three that `update` takes behind `time`. Where one fails, its error stands in place of its
 * status, and the others are applied.
 */
export const UPDATE = `${TIME}${READING}${CHANGING}${UPDATE_ONE}
local time, replies = now(), {}
for i, key in ipairs(KEYS) do
  local ok, status, expires = pcall(update, key, time, ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i])
  if not ok then status = { err = type(status) == 'table' and status.err or tostring(status) } end
  replies[2 * i - 1], replies[2 * i] = status, expires or 0
end
return replies`;

/** KEYS: a session. ARGV: its text, for how many seconds, and the deadline. Gives 1, 0 where the id is taken, -1 too late. */
export const CREATE = `${TIME}
if now() > tonumber(ARGV[3]) then return -1 end
return redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2], 'NX') and 1 or 0`;

/** KEYS: any key of the prefix, for those that choose a server by it. Gives the server's time in milliseconds. */
export const NOW = `${TIME}
return now()`;
