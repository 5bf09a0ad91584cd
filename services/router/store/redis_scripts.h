// The Lua scripts that are the atomic actions of the Redis store.
//
// Rules they keep:
// - Every key is in KEYS and carries the workspace's hash tag; what is not (the registry) is not
//   touched here.
// - Epochs, nonces, sequences and ids are compared and stored as texts: a Lua number is a double and
//   tells integers apart only up to 2^53. Only the epoch is computed, and that is microseconds.
// - A shebang without allow-oom makes Redis refuse a script before it starts when memory is used up;
//   READONLY, MISCONF, NOREPLICAS and LOADING are refused there as well. After the start the only
//   errors left (a key of another type, an event id that does not follow) are met by probes or by
//   the first write, so an error reply means that nothing was changed.
// - Lists are flat in ARGV and handed on by unpack in slices well below Lua's C stack (8,000).
// - What must work when memory is used up (keeping and giving up a lease, reading, deleting) may.
//
// They need Redis 7 or Valkey. A reply is {word, ownership record or nothing, TIME or nothing}.
#pragma once

#include <cstddef>
#include <iterator>
#include <string_view>

#include "common/redis/script.h"

namespace firstline::store::redis_scripts {

// Fields of the ownership record, in the order of every record in a reply.
inline constexpr std::string_view kFields[] = {"epoch",    "nonce", "address",    "renewals",
                                               "sequence", "batch", "generation", "released"};
inline constexpr size_t kFieldCount = std::size(kFields);
// "<generation>:<batch>" of a rebuild that has begun to write; absent otherwise.
inline constexpr std::string_view kRebuildingField = "rebuilding";

// Common to all: KEYS[1] is the ownership record. Beside its eight fields stands `events`, how many
// the stream was ever given, which is the stream's affair and not told.
inline constexpr std::string_view kPrelude = R"lua(
local own = KEYS[1]
local function read_record()
  return redis.call('HMGET', own, 'epoch', 'nonce', 'address', 'renewals', 'sequence', 'batch',
                    'generation', 'released', 'events')
end
local record = read_record()
local function is_ours(epoch, nonce)
  return record[1] == epoch and record[2] == nonce and record[8] == '0'
end
-- Calls `command key ARGV[from] ... ARGV[from + count - 1]` in slices.
local function in_slices(command, key, from, count)
  local last = from + count - 1
  while from <= last do
    local to = math.min(from + 3999, last)
    redis.call(command, key, unpack(ARGV, from, to))
    from = to + 1
  end
  return last + 1
end
)lua";

// How many events the stream was ever given. Where the ownership record does not tell, because it is
// a new one, the newest entry does.
inline constexpr std::string_view kEventCount = R"lua(
local function event_count(stream)
  if record[9] then return tonumber(record[9]) end
  local newest = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  if not newest then return 0 end
  return newest[2][1] == 'c' and tonumber(newest[2][2]) or redis.call('XLEN', stream)
end
)lua";

// KEYS own
inline constexpr std::string_view kObserve = R"lua(
return {'ok', record, redis.call('TIME')}
)lua";

// KEYS own; ARGV nonce, address, least epoch, then nothing or the eight fields seen
inline constexpr std::string_view kAcquire = R"lua(
local now = redis.call('TIME')
local exists = record[1] ~= false
if exists ~= (#ARGV > 3) then return {'fenced', record, now} end
for i = 1, #ARGV - 3 do
  if record[i] ~= ARGV[i + 3] then return {'fenced', record, now} end
end
-- The clock keeps a counter that was rolled back from giving an epoch a second time.
local us = tonumber(now[1]) * 1000000 + tonumber(now[2])
local epoch = math.max(tonumber(record[1] or '0') + 1, tonumber(ARGV[3]), us)
redis.call('HSET', own, 'epoch', string.format('%.0f', epoch), 'nonce', ARGV[1],
           'address', ARGV[2], 'renewals', '0', 'released', '0')
if not exists then
  redis.call('HSET', own, 'sequence', '0', 'batch', '0', 'generation', '0')
end
return {'ok', read_record(), now}
)lua";

// KEYS own; ARGV epoch, nonce
inline constexpr std::string_view kRenew = R"lua(
local now = redis.call('TIME')
if not is_ours(ARGV[1], ARGV[2]) then return {'fenced', record, now} end
redis.call('HINCRBY', own, 'renewals', 1)
return {'ok', read_record(), now}
)lua";

// KEYS own; ARGV epoch, nonce, sequence
inline constexpr std::string_view kRelease = R"lua(
if record[1] ~= ARGV[1] or record[2] ~= ARGV[2] then return {'fenced', record} end
if record[5] ~= ARGV[3] then return {'out_of_order', record} end
redis.call('HSET', own, 'released', '1')
return {'ok'}
)lua";

// KEYS own, the four tables, stream
// ARGV 1 epoch, 2 nonce, 3 generation, 4 base sequence, 5 next sequence, 6 batch id,
//      7 events kept, 8 entries of events, 9-12 puts by table, 13-16 erases by table,
//      then (id, events, ('e', bytes) by event) by entry, (key, bytes) by put, key by erase
inline constexpr std::string_view kCommit = R"lua(
if not is_ours(ARGV[1], ARGV[2]) then return {'fenced', record} end
if record[7] ~= ARGV[3] then return {'out_of_order', record} end
if record[5] == ARGV[5] and record[6] == ARGV[6] then return {'ok'} end
if record[5] ~= ARGV[4] then return {'out_of_order', record} end

-- A key of another type has to show before the first write.
for t = 1, 4 do
  if tonumber(ARGV[8 + t]) + tonumber(ARGV[12 + t]) > 0 then
    local probe = redis.pcall('HLEN', KEYS[1 + t])
    if type(probe) == 'table' and probe.err then return probe end
  end
end
local at, entries = 17, tonumber(ARGV[8])
local events = event_count(KEYS[6])
for i = 1, entries do
  local last = at + 1 + 2 * tonumber(ARGV[at + 1])
  events = events + (last - at - 1) / 2
  local added = redis.pcall('XADD', KEYS[6], ARGV[at], 'c', string.format('%.0f', events),
                            unpack(ARGV, at + 2, last))
  -- Only the first can fail: the caller saw to it that they ascend.
  if type(added) == 'table' and added.err then return added end
  at = last + 1
end
if entries > 0 and events > tonumber(ARGV[7]) then
  local oldest = redis.call('XRANGE', KEYS[6], '-', '+', 'COUNT', 1)[1][2]
  local length = redis.call('XLEN', KEYS[6])
  local kept = length
  if oldest[1] == 'c' then kept = events - tonumber(oldest[2]) + #oldest / 2 - 1 end
  -- So many entries hold no more events than there are too many. What is left of these goes next
  -- time: there are never many more than the last batches brought.
  local surplus = math.min(math.floor((kept - tonumber(ARGV[7])) / 16), 1000)
  if surplus > 0 then redis.call('XTRIM', KEYS[6], 'MAXLEN', length - surplus) end
end
for t = 1, 4 do at = in_slices('HSET', KEYS[1 + t], at, 2 * tonumber(ARGV[8 + t])) end
for t = 1, 4 do at = in_slices('HDEL', KEYS[1 + t], at, tonumber(ARGV[12 + t])) end
redis.call('HSET', own, 'sequence', ARGV[5], 'batch', ARGV[6],
           'events', string.format('%.0f', events))
return {'ok'}
)lua";

// A part of a new generation, which nobody reads before it is complete.
// KEYS own, the four tables of the new generation, its stream
// ARGV 1 epoch, 2 nonce, 3 generation, 4 next sequence, 5 batch id, 6 '1' for the first part,
//      7-10 puts by table, then (key, bytes) by put
inline constexpr std::string_view kRebuildWrite = R"lua(
if not is_ours(ARGV[1], ARGV[2]) then return {'fenced', record} end
if record[7] == ARGV[3] then
  if record[5] == ARGV[4] and record[6] == ARGV[5] then return {'ok'} end
  return {'out_of_order', record}
end
local mark = ARGV[3] .. ':' .. ARGV[5]
if ARGV[6] == '1' then
  redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6])
  redis.call('HSET', own, 'rebuilding', mark)
elseif redis.call('HGET', own, 'rebuilding') ~= mark then
  return {'out_of_order', record}
end
local at = 11
for t = 1, 4 do at = in_slices('HSET', KEYS[1 + t], at, 2 * tonumber(ARGV[6 + t])) end
return {'written'}
)lua";

// Puts the new generation in force and removes the old one's tables. The history goes on: the
// stream moves along and gets the events it does not have. KEYS own, stream of the new generation,
// the old one's tables and stream ARGV 1 epoch, 2 nonce, 3 generation, 4 next sequence, 5 batch id,
// 6 old generation,
//      7 events, then (id, bytes) by event
inline constexpr std::string_view kRebuildFlip = R"lua(
if not is_ours(ARGV[1], ARGV[2]) then return {'fenced', record} end
if record[7] == ARGV[3] then
  if record[5] == ARGV[4] and record[6] == ARGV[5] then return {'ok'} end
  return {'out_of_order', record}
end
local mark = ARGV[3] .. ':' .. ARGV[5]
if record[7] ~= ARGV[6] or redis.call('HGET', own, 'rebuilding') ~= mark then
  return {'out_of_order', record}
end
local last = '0-0'
if redis.call('TYPE', KEYS[7]).ok == 'stream' then
  redis.call('RENAME', KEYS[7], KEYS[2])
  local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
  if newest[1] then last = newest[1][1] end
end
local function number_less(a, b) return #a < #b or #a == #b and a < b end
local function id_less(a, b)
  local a1, a2 = a:match('(%d+)-(%d+)')
  local b1, b2 = b:match('(%d+)-(%d+)')
  if a1 ~= b1 then return number_less(a1, b1) end
  return number_less(a2, b2)
end
local at = 8
local events = string.format('%.0f', event_count(KEYS[2]))
for i = 1, tonumber(ARGV[7]) do
  if id_less(last, ARGV[at]) then
    events = string.format('%.0f', tonumber(events) + 1)
    redis.call('XADD', KEYS[2], ARGV[at], 'c', events, 'e', ARGV[at + 1])
  end
  at = at + 2
end
redis.call('HSET', own, 'generation', ARGV[3], 'sequence', ARGV[4], 'batch', ARGV[5],
           'events', events)
redis.call('HDEL', own, 'rebuilding')
redis.call('UNLINK', KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7])
return {'ok'}
)lua";

// Removes what a rebuild left that never came to its end.
// KEYS own, the abandoned generation's tables and stream; ARGV epoch, nonce, mark
inline constexpr std::string_view kDiscard = R"lua(
if not is_ours(ARGV[1], ARGV[2]) then return {'fenced', record} end
if redis.call('HGET', own, 'rebuilding') ~= ARGV[3] then return {'ok'} end
redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6])
redis.call('HDEL', own, 'rebuilding')
return {'ok'}
)lua";

// KEYS own, the generation's tables and stream; ARGV epoch, nonce, generation
inline constexpr std::string_view kDrop = R"lua(
if record[1] == false then return {'ok'} end
if not is_ours(ARGV[1], ARGV[2]) then return {'fenced', record} end
if record[7] ~= ARGV[3] then return {'out_of_order', record} end
redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], own)
return {'ok'}
)lua";

// Makes a workspace of keys that were written under a generation of nobody's, as if it had just been
// released. KEYS own, the generation's tables and stream; ARGV epoch, sequence, generation
inline constexpr std::string_view kPublish = R"lua(
if record[1] ~= false then return {'fenced', record} end
for i = 2, #KEYS do redis.call('PERSIST', KEYS[i]) end
redis.call('HSET', own, 'epoch', ARGV[1], 'nonce', '0', 'address', '', 'renewals', '0',
           'sequence', ARGV[2], 'batch', '0', 'generation', ARGV[3], 'released', '1')
return {'ok'}
)lua";

// Of no workspace, hence without the prelude. A sorted set: addresses by the Unix time in
// milliseconds until which they live.
// KEYS pods; ARGV address, milliseconds
inline constexpr std::string_view kAnnounce = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
return redis.call('ZRANGE', KEYS[1], 0, -1)
)lua";

// The scripts as they are sent: shebang, prelude, body.
struct Scripts {
  redis::Script observe, acquire, renew, release, commit;
  redis::Script rebuild_write, rebuild_flip, discard, drop, publish, announce;
};
const Scripts& Get();

}  // namespace firstline::store::redis_scripts
