#include "services/router/store/redis_inspection.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace firstline::store {
namespace {

using std::chrono::microseconds;

int64_t InfoNumber(std::string_view info, std::string_view name) {
  int64_t value = 0;
  return absl::SimpleAtoi(InfoValue(info, name), &value) ? value : 0;
}

// Redis says "ok" or "err"; nothing was tried yet is no error.
bool InfoIsGood(std::string_view info, std::string_view name) {
  return InfoValue(info, name) != "err";
}

// The answer to TIME: seconds and microseconds.
absl::StatusOr<microseconds> ReadTime(const redis::Reply& reply) {
  const auto parts = reply.AsStrings();
  int64_t s = 0, us = 0;
  if (!parts.ok() || parts->size() != 2 ||
      !absl::SimpleAtoi(absl::string_view((*parts)[0].data(), (*parts)[0].size()), &s) ||
      !absl::SimpleAtoi(absl::string_view((*parts)[1].data(), (*parts)[1].size()), &us)) {
    return absl::InternalError("the answer to TIME cannot be read");
  }
  return std::chrono::seconds(s) + microseconds(us);
}

}  // namespace

std::string InfoValue(std::string_view info, std::string_view name) {
  for (absl::string_view line :
       absl::StrSplit(absl::string_view(info.data(), info.size()), "\r\n")) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (pair.first == name) return pair.second;
  }
  return {};
}

RedisFacts ReadInfo(std::string_view info) {
  RedisFacts facts;
  facts.version = InfoValue(info, "redis_version");
  facts.role = InfoValue(info, "role");
  facts.maxmemory_policy = InfoValue(info, "maxmemory_policy");
  facts.maxmemory_bytes = InfoNumber(info, "maxmemory");
  facts.used_memory_bytes = InfoNumber(info, "used_memory");
  facts.evicted_keys = InfoNumber(info, "evicted_keys");
  facts.append_only = InfoNumber(info, "aof_enabled") == 1;
  facts.append_ok = InfoIsGood(info, "aof_last_write_status");
  facts.snapshot_ok = InfoIsGood(info, "rdb_last_bgsave_status");
  facts.loading = InfoNumber(info, "loading") == 1;
  facts.replicas = static_cast<int>(InfoNumber(info, "connected_slaves"));
  if (!InfoValue(info, "min_slaves_good_slaves").empty()) {
    facts.good_replicas = static_cast<int>(InfoNumber(info, "min_slaves_good_slaves"));
  }
  return facts;
}

absl::StatusOr<RedisFacts> InspectRedis(redis::Connection& connection, const WallClock& clock) {
  const auto info = connection.Call({"INFO"});
  if (!info.ok()) return info.status();
  const auto text = info->AsString();
  if (!text.ok()) return text.status();
  RedisFacts facts = ReadInfo(*text);

  const microseconds sent = clock();
  const auto time = connection.Call({"TIME"});
  const microseconds received = clock();
  if (!time.ok()) return time.status();
  const auto theirs = ReadTime(*time);
  if (!theirs.ok()) return theirs.status();
  facts.round_trip = received - sent;
  facts.clock_ahead = *theirs - (sent + facts.round_trip / 2);
  return facts;
}

}  // namespace firstline::store
