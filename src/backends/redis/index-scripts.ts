import { DOUBT_MS, FENCE_MS } from '../principal-index.js';
import { TIME } from './scripts.js';

/**
 * A principal's index is one ZSET: ids, by when they were entered. Members that are no ids have scores below 0, all of them
 * the negative of what they say: `!longest` the greatest life of an entry, `!fence` the time at which the fence was put up, in
 * microseconds, and `!order` what no earlier entry is greater than, which is later than that where entries come faster than
 * milliseconds pass, or the clock was set back. Of the session that the fence leaves alone, `?` and `/` with its id say the
 * same of the last fence that does not, or 1.
 */
const INDEX = `${TIME}
local key = KEYS[1]
local time = now()

local function micros()
  local at = redis.call('TIME')
  return at[1] * 1000000 + at[2]
end

local function score(member) return tonumber(redis.call('ZSCORE', key, member) or nil) end

local function latest() return tonumber(redis.call('ZREVRANGE', key, 0, 0, 'WITHSCORES')[2] or 0) end

local function fenceFor(id)
  local at = score('?' .. id)
  if at then return -at, -(score('/' .. id) or 0) end
  return -(score('!fence') or 0), -(score('!order') or 0)
end

local function keepFor(ms)
  if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, decimal(ms)) end
end
`;

/** ARGV: the greatest life of a session in ms. */
export const EXTEND = `${INDEX}
local longest = math.max(-(score('!longest') or 0), tonumber(ARGV[1]))
redis.call('ZADD', key, decimal(-longest), '!longest')
keepFor(longest)
return 0`;

/**
 * ARGV: id, the greatest life of its session in ms, the request's age and the fence it is later than, or ''. Gives what became
 * of it, when it was entered, and had been before, how many there are, the fence and its age, and until when the last fence ends
 * entries, with the session that it leaves alone.
 */
export const ENTER = `${INDEX}
local longest = math.max(-(score('!longest') or 0), tonumber(ARGV[2]))
redis.call('ZREMRANGEBYSCORE', key, 0, decimal(time - longest))
local fence, order = fenceFor(ARGV[1])
local age = (micros() - fence) / 1000
local isTold = age <= ${FENCE_MS}
local before = score(ARGV[1])
local asked, known = tonumber(ARGV[3]), tonumber(ARGV[4])
local status, entered = 'entered', before or 0
if isTold and asked and age < asked then
  status = 'overtaken'
elseif isTold and asked and fence ~= known and age < asked + ${DOUBT_MS} then
  status = 'doubtful'
elseif isTold and before and before <= order then
  status = 'fenced'
else
  entered = math.max(time, latest() + 1, -(score('!order') or 0) + 1)
  redis.call('ZADD', key, decimal(entered), ARGV[1], decimal(-longest), '!longest')
  keepFor(longest)
end
local untilMs, except = '', ''
if micros() + (score('!fence') or 0) <= ${FENCE_MS} * 1000 then
  untilMs = decimal(-score('!order'))
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', key, '-inf', '(0')) do
    if string.sub(member, 1, 1) == '?' then except = string.sub(member, 2) end
  end
end
return { status, decimal(entered), before and decimal(before) or '', redis.call('ZCOUNT', key, 0, '+inf'),
  isTold and decimal(fence) or '', string.format('%.3f', age), untilMs, except }`;

/** ARGV: ids, and when each was entered. */
export const LEAVE = `${INDEX}
for i = 1, #ARGV, 2 do
  if score(ARGV[i]) == tonumber(ARGV[i + 1]) then redis.call('ZREM', key, ARGV[i]) end
end
if redis.call('ZCOUNT', key, 0, '+inf') == 0 and not score('!fence') then redis.call('DEL', key) end
return 0`;

/** ARGV: a limit, and '<' or '>' with a bound. Gives ids and when they were entered. */
export const ENTRIES = `
local bound = string.sub(ARGV[2], 2)
if string.sub(ARGV[2], 1, 1) == '<' then
  return redis.call('ZREVRANGEBYSCORE', KEYS[1], '(' .. bound, 0, 'WITHSCORES', 'LIMIT', 0, ARGV[1])
end
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. bound, '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[1])`;

/** ARGV: the session that is left alone, or ''. Gives what earlier entries are not greater than. */
export const FENCE = `${INDEX}
local fence, before = fenceFor(ARGV[1])
local order = math.max(time, latest(), -(score('!order') or 0))
for _, member in ipairs(redis.call('ZRANGEBYSCORE', key, '-inf', '(0')) do
  if member ~= '!longest' then redis.call('ZREM', key, member) end
end
redis.call('ZADD', key, decimal(-micros()), '!fence', decimal(-order), '!order')
if ARGV[1] ~= '' then
  redis.call('ZADD', key, decimal(-math.max(fence, 1)), '?' .. ARGV[1], decimal(-math.max(before, 1)), '/' .. ARGV[1])
end
keepFor(${FENCE_MS})
return decimal(order)`;
