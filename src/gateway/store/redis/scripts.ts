import { createHash } from 'node:crypto'
import { SEAL } from './keys.ts'

/**
 * Everything that has to happen at once, by the clock of Redis. Under the prefix there are:
 * `log:<id>` the chunks, `task:<id>` what is known of a task, `claim:<key>` who holds it (these three expire together),
 * `tasks` in the order they began, `finished` in the order they ended, `running` id → gateway, `gateways` → when it was last seen
 * and since when without a gap, `inbox:<gateway>`, `sequence`, and, of more than one gateway, `news`: the ids of the logs that have
 * grown lately.
 */
const COMMON = `
local P = ARGV[1]
local SEAL = '${SEAL}'
local TASKS, FINISHED, RUNNING, GATEWAYS = P .. 'tasks', P .. 'finished', P .. 'running', P .. 'gateways'

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- So that who follows many logs need not ask for each. Only a hint: what is not told is found a little later all the same.
local function tell(ids)
  if redis.call('HLEN', GATEWAYS) < 2 then return end -- nobody to tell
  redis.call('XADD', P .. 'news', 'MAXLEN', '~', 1000, '*', 'of', table.concat(ids, ' '))
  redis.call('PEXPIRE', P .. 'news', 5000)
end

local function last(id)
  return redis.call('XREVRANGE', P .. 'log:' .. id, '+', '-', 'COUNT', 1)[1]
end

local function counts(entry)
  local chunks, bytes = string.match(entry[1], '^(%d+)-(%d+)$')
  if chunks == '0' then bytes = '0' end
  return chunks, bytes
end

local function claimOf(id)
  local key = redis.call('HGET', P .. 'task:' .. id, 'claim')
  if key and redis.call('HGET', P .. 'claim:' .. key, 'id') == id then return P .. 'claim:' .. key end
end

local function forget(id)
  local claim = claimOf(id)
  if claim then redis.call('UNLINK', claim) end
  redis.call('UNLINK', P .. 'log:' .. id, P .. 'task:' .. id)
  redis.call('ZREM', TASKS, id)
  redis.call('ZREM', FINISHED, id)
  redis.call('HDEL', RUNNING, id)
end

-- The only way to end a task. 'expected' is the entry that the caller believes to be the last one, or ''.
local function seal(id, stop, by, ttl, expected)
  local entry = last(id)
  if not entry then return 'gone' end
  if entry[1] == SEAL then return 'ended' end
  if expected ~= '' and entry[1] ~= expected then return 'behind' end
  local at = now()
  local chunks, bytes = counts(entry)
  local task, claim = P .. 'task:' .. id, claimOf(id)
  redis.call('XADD', P .. 'log:' .. id, SEAL, 'end', stop)
  redis.call('HSET', task, 'end', stop, 'by', by, 'at', at, 'chunks', chunks, 'bytes', bytes)
  redis.call('PEXPIRE', P .. 'log:' .. id, ttl)
  redis.call('PEXPIRE', task, ttl)
  if claim then redis.call('PEXPIRE', claim, ttl) end
  redis.call('HDEL', RUNNING, id)
  redis.call('ZADD', FINISHED, redis.call('INCR', P .. 'sequence'), id)
  tell({id})
  return 'sealed', at
end

-- Takes what expired out of the indexes.
local function tidy(index, all)
  for _, id in ipairs(redis.call('ZRANGE', index, 0, -1)) do
    if redis.call('EXISTS', P .. 'task:' .. id) == 0 then forget(id)
    elseif not all then return end
  end
end
`

/** ARGV: prefix, gateway, id, limit[, claim, digest]. One task a claim, whoever asks first; the oldest finished go for a new one. */
const CREATE = `
local me, id, limit, claim, digest = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]
if claim then
  local held = redis.call('HMGET', P .. 'claim:' .. claim, 'id', 'digest')
  if held[1] and redis.call('EXISTS', P .. 'task:' .. held[1]) == 1 then
    if held[2] ~= digest then return {'conflict'} end
    return {'found', held[1]}
  end
end
tidy(FINISHED, false)
if redis.call('EXISTS', P .. 'task:' .. id) == 1 then return {'taken'} end
local reply = {'created', now()}
while redis.call('ZCARD', TASKS) >= limit do
  local oldest = redis.call('ZRANGE', FINISHED, 0, 0)[1]
  if not oldest then return {'full'} end
  forget(oldest)
  reply[#reply + 1] = oldest
end
redis.call('XADD', P .. 'log:' .. id, '0-1', 'born', reply[2])
redis.call('HSET', P .. 'task:' .. id, 'created', reply[2], 'owner', me)
redis.call('ZADD', TASKS, redis.call('INCR', P .. 'sequence'), id)
redis.call('HSET', RUNNING, id, me)
redis.call('HSETNX', GATEWAYS, me, reply[2] .. ' ' .. reply[2])
if claim then
  redis.call('HSET', P .. 'task:' .. id, 'claim', claim)
  redis.call('HSET', P .. 'claim:' .. claim, 'id', id, 'digest', digest)
end
return reply
`

/**
 * ARGV: prefix, a table of the pieces, their bytes and chunk ends laid end to end. What follows a piece that was refused is not tried:
 * a log must not have a gap. A piece's answer: 1, or what is wrong.
 */
const APPEND = `
local answers, refused, grown, at, latest = {}, {}, {}, 1, ''
for id, entry, bytes, ends in string.gmatch(ARGV[2], '(%S+) (%S+) (%d+) (%d+)') do
  local behind = at + bytes
  local after = behind + ends
  local answer = refused[id]
  if not answer then
    local b, e = string.sub(ARGV[3], at, behind - 1), string.sub(ARGV[3], behind, after - 1)
    answer = redis.pcall('XADD', P .. 'log:' .. id, 'NOMKSTREAM', entry, 'b', b, 'e', e)
    if not answer then answer = 'GONE'
    elseif type(answer) == 'table' then answer = answer.err
    else answer = 1 end
    if answer ~= 1 then refused[id] = answer
    elseif id ~= latest then grown[#grown + 1] = id end
    latest = id
  end
  answers[#answers + 1] = answer
  at = after
end
if #grown > 0 then tell(grown) end
return answers
`

/** ARGV: prefix, id, end, by, time to live, expected last entry or ''. */
const END = `
return {seal(ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6])}
`

/** ARGV: prefix, ids. A task that is not there has its id only. */
const INFO = `
local rows = {}
for i = 2, #ARGV do
  local id = ARGV[i]
  local task = redis.call('HMGET', P .. 'task:' .. id, 'created', 'chunks', 'bytes', 'end', 'at', 'by')
  local row = {id}
  if task[4] then row = {id, unpack(task)}
  elseif task[1] then
    local entry = last(id)
    if entry then row = {id, task[1], counts(entry)} end
  end
  rows[#rows + 1] = row
end
return rows
`

/** ARGV: prefix. The ids, newest first. */
const LIST = `
return redis.call('ZREVRANGE', TASKS, 0, -1)
`

/** ARGV: prefix, ids. */
const FORGET = `
for i = 2, #ARGV do forget(ARGV[i]) end
`

/** ARGV: prefix. */
const TIDY = `
tidy(TASKS, true)
`

/**
 * ARGV: prefix, gateway, lease, grace, gap, time to live, end. Renews the lease, and ends the tasks of those who let theirs go. Who
 * was away itself, because Redis was, must not judge the others before they could come back: only who has been seen without a gap
 * for the grace does. The answer: the tasks that are believed to be this gateway's.
 */
const PULSE = `
local me, lease, grace, gap, ttl, stop = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6], ARGV[7]
local time = now()

local function seen(gateway)
  local seen, since = string.match(redis.call('HGET', GATEWAYS, gateway) or '', '^(%d+) (%d+)$')
  return tonumber(seen), tonumber(since)
end

local latest, since = seen(me)
if not latest or latest > time or time - latest > gap then since = time end
redis.call('HSET', GATEWAYS, me, time .. ' ' .. since)
redis.call('PEXPIRE', P .. 'inbox:' .. me, 60000)
tidy(TASKS, true)

local gone = {}
if time - since >= grace then
  for _, gateway in ipairs(redis.call('HKEYS', GATEWAYS)) do
    local seen = seen(gateway) or 0
    -- The clock went back: who was seen in the future has its lease from now on.
    if seen > time + gap then redis.call('HSET', GATEWAYS, gateway, time .. ' ' .. time)
    elseif time - seen > lease then gone[gateway] = true end
  end
end

local mine = {}
local running = redis.call('HGETALL', RUNNING)
for i = 1, #running, 2 do
  local id, owner = running[i], running[i + 1]
  if owner == me then mine[#mine + 1] = id
  elseif gone[owner] or redis.call('HEXISTS', GATEWAYS, owner) == 0 then
    if seal(id, stop, me, ttl, '') == 'gone' then forget(id) end
  end
end
for gateway in pairs(gone) do redis.call('HDEL', GATEWAYS, gateway) end
return mine
`

/** ARGV: prefix, gateway. It goes in order: its tasks need not wait for the lease. */
const LEAVE = `
redis.call('HDEL', GATEWAYS, ARGV[2])
redis.call('UNLINK', P .. 'inbox:' .. ARGV[2])
`

export interface Script {
  readonly text: string
  readonly sha: string
}

function script(body: string): Script {
  const text = COMMON + body
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

export const SCRIPTS = {
  create: script(CREATE),
  append: script(APPEND),
  end: script(END),
  info: script(INFO),
  list: script(LIST),
  forget: script(FORGET),
  tidy: script(TIDY),
  pulse: script(PULSE),
  leave: script(LEAVE),
} as const
