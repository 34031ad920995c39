/**
 * The steps that the server executes atomically, in Lua. Every key of an area contains the area's name in braces, which
 * keeps the keys together in a cluster. So a script may use more keys than it was given.
 */
import { createHash } from 'node:crypto';

/**
 * The beginning of every script. The last of ARGV is the server's time in ms after which the script must not run any
 * more, or 0. By then its caller was told that it failed. A network that was cut can deliver it much later.
 */
const guard = `
local by = tonumber(table.remove(ARGV))
if by > 0 then
  local now = redis.call('TIME')
  if now[1] * 1000 + now[2] / 1000 > by then return redis.error_reply('LATE its time is over') end
end`;

/**
 * KEYS: item, sizes, total, computation, epoch. ARGV: value, ttl in ms or 0, when, the value for 'same' or the owner for
 * 'computed', maxSize or 0, size, the item's short key, and the common beginning of the area's keys.
 *
 * Above the bound, the script evicts the longest idle of eight random items, as the server itself does. Items that
 * have expired are found in the same way, and only then leave the totals.
 *
 * @returns 0 when nothing was written, otherwise 1 plus the number of evicted items.
 */
const set = `
local present = redis.call('GET', KEYS[1])
if ARGV[3] == 'present' and not present then return 0 end
if ARGV[3] == 'absent' and present then return 0 end
if ARGV[3] == 'same' and (present or '') ~= ARGV[4] then return 0 end
local computation = redis.call('GET', KEYS[4])
if ARGV[3] == 'computed' then
  local epoch, owner = string.match(computation or '', '^1 %d+ (%S+) (.*)$')
  if owner ~= ARGV[4] or epoch ~= redis.call('GET', KEYS[5]) then return 0 end
end
if computation then redis.call('SETRANGE', KEYS[4], 0, '0') end
if tonumber(ARGV[2]) > 0 then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) else redis.call('SET', KEYS[1], ARGV[1]) end
local max = tonumber(ARGV[5])
if max == 0 then return 1 end
local evicted = 0
local before = tonumber(redis.call('HGET', KEYS[2], ARGV[7]) or 0)
redis.call('HSET', KEYS[2], ARGV[7], ARGV[6])
local total = redis.call('INCRBY', KEYS[3], tonumber(ARGV[6]) - before)
while total > max do
  local victim, longest = nil, -1
  for _, name in ipairs(redis.call('HRANDFIELD', KEYS[2], 8)) do
    if name ~= ARGV[7] then
      local idle = redis.pcall('OBJECT', 'IDLETIME', ARGV[8] .. name)
      if type(idle) ~= 'number' then idle = idle and idle.err and 0 or 1e12 end
      if idle > longest then victim, longest = name, idle end
    end
  end
  if not victim then if redis.call('HLEN', KEYS[2]) <= 1 then break end
  else
    evicted = evicted + redis.call('UNLINK', ARGV[8] .. victim)
    total = redis.call('INCRBY', KEYS[3], -tonumber(redis.call('HGET', KEYS[2], victim)))
    redis.call('HDEL', KEYS[2], victim)
  end
end
return 1 + evicted`;

/**
 * KEYS: item, sizes, total, computation. ARGV: the item's short key.
 *
 * UNLINK is first: a server that is full refuses the others as the first write of a script, but lets a script that has begun to
 * write finish.
 */
const remove = `
local removed = redis.call('UNLINK', KEYS[1])
local size = redis.call('HGET', KEYS[2], ARGV[1])
if size then redis.call('HDEL', KEYS[2], ARGV[1]) redis.call('INCRBY', KEYS[3], -tonumber(size)) end
if redis.call('EXISTS', KEYS[4]) == 1 then redis.call('SETRANGE', KEYS[4], 0, '0') end
return removed`;

/**
 * KEYS: item, the answer under the caller's id. ARGV: amount, ttl in ms or 0, the largest number that JavaScript
 * represents exactly, 'present' or '', how long the answer is kept in ms or 0 without an id.
 *
 * @returns the sum as text, because the client reads 2^53 - 1 as 2^53, and the ms that are left.
 */
const add = `
local kept = tonumber(ARGV[5])
if kept > 0 then
  local answer = redis.call('GET', KEYS[2])
  if answer then return { answer, redis.call('PTTL', KEYS[1]) } end
end
local before = redis.call('EXISTS', KEYS[1])
if before == 0 and ARGV[4] == 'present' then return { '0', 0 } end
local value = redis.call('INCRBY', KEYS[1], ARGV[1])
if math.abs(value) > tonumber(ARGV[3]) then
  redis.call('DECRBY', KEYS[1], ARGV[1])
  return redis.error_reply('ERR TOOLARGE')
end
if before == 0 and tonumber(ARGV[2]) > 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
local text = string.format('%.0f', value)
if kept > 0 then redis.call('SET', KEYS[2], text, 'PX', kept) end
return { text, redis.call('PTTL', KEYS[1]) }`;

/**
 * KEYS: lease, tokens. ARGV: owner, ttl in ms, the largest token that the caller has seen.
 *
 * The token is the server's time in microseconds, or one more than the largest known if that is larger. So tokens also
 * grow when the last one was evicted, when the server was restarted without its data, and when a replica takes over
 * whose clock is behind. A double represents them exactly until the year 2255.
 *
 * An owner that asks again has the lease already: the first answer was lost on its way.
 *
 * @returns the present holder, or the new token, as text, because Lua's own numbers lose digits on their way.
 */
const acquire = `
local held = redis.call('GET', KEYS[1])
if held then
  if string.sub(held, -#ARGV[1] - 1) ~= ' ' .. ARGV[1] then return held end
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return { string.sub(held, 1, #held - #ARGV[1] - 1) }
end
local now = redis.call('TIME')
local last = math.max(tonumber(redis.call('GET', KEYS[2]) or 0), tonumber(ARGV[3]))
local text = string.format('%.0f', math.max(now[1] * 1000000 + now[2], last + 1))
redis.call('SET', KEYS[2], text)
redis.call('SET', KEYS[1], text .. ' ' .. ARGV[1], 'PX', ARGV[2])
return { text }`;

/** KEYS: lease. ARGV: token, owner, ttl in ms. */
const renew = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] .. ' ' .. ARGV[2] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[3])`;

/**
 * KEYS: lease, or computation. ARGV: owner, channel, name. No two attempts have the same owner, so the token need not be
 * known.
 */
const release = `
local held = redis.call('GET', KEYS[1])
if not held or string.sub(held, -#ARGV[1] - 1) ~= ' ' .. ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 1`;

/**
 * KEYS: computation, epoch, clearing. ARGV: owner, how long it has the lease in ms, how long the key is kept beyond that
 * in ms.
 *
 * The value is the mark, '1' while the computed value is up to date; the end of the lease by the server's clock; the
 * epoch of the area; and the owner. An area that is cleared loses its epoch, and with it all marks. While that goes on, a
 * computation has no mark. Where the server evicts the epoch or the key, the computed value is not stored.
 *
 * An owner that asks again has begun already: the first answer was lost on its way.
 *
 * @returns the present owner, or 1.
 */
const begin = `
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local till, owner = string.match(redis.call('GET', KEYS[1]) or '', '^%d (%d+) %S+ (.*)$')
if owner == ARGV[1] then return 1 end
if owner and tonumber(till) > now then return owner end
local mark = 1 - redis.call('EXISTS', KEYS[3])
local epoch = redis.call('GET', KEYS[2]) or redis.sha1hex(ARGV[1])
local kept = ARGV[2] + ARGV[3]
if mark == 1 then redis.call('SET', KEYS[2], epoch, 'PX', kept) end
local text = string.format('%d %.0f %s %s', mark, now + ARGV[2], epoch, ARGV[1])
redis.call('SET', KEYS[1], text, 'PX', kept)
return 1`;

/**
 * KEYS: epoch, clearing. ARGV: 1 when clearing begins, 0 when it continues, -1 when it ends; the time in ms that this
 * counts when no more is heard. A value whose computation began before is not written any more.
 */
const clearing = `
redis.call('UNLINK', KEYS[1])
if redis.call('INCRBY', KEYS[2], ARGV[1]) <= 0 then return redis.call('DEL', KEYS[2]) end
return redis.call('PEXPIRE', KEYS[2], ARGV[2])`;

export type ScriptName = 'set' | 'remove' | 'add' | 'begin' | 'clearing' | 'acquire' | 'renew' | 'release';

const bodies: Readonly<Record<ScriptName, string>> = { set, remove, add, begin, clearing, acquire, renew, release };

export interface Script {
  readonly source: string;
  /** The name of the script for the server. */
  readonly sha1: string;
}

export const scripts = Object.fromEntries(
  Object.entries(bodies).map(([name, body]) => [name, scriptOf(`${guard}${body}`)]),
) as Readonly<Record<ScriptName, Script>>;

function scriptOf(source: string): Script {
  return { source, sha1: createHash('sha1').update(source).digest('hex') };
}
