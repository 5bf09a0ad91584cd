// How many calls a second the router takes of each caller, so that one that loops cannot take the
// place of the others.
//
//   CallerLimits limits({.rate = 100, .burst = 200});
//   if (absl::Status s = limits.Charge(key, AllowanceOf(rpc)); !s.ok()) return s;
//
// A caller has two allowances of that rate and burst: one for the work of agents (what serves and
// ends inquiries, and presence), one for everything else. Whoever floods the router with submits or
// reads still accepts, replies and closes; see kAgentsWork in caller_limits.cc for which calls those
// are. Charged are unary calls, each command of a Commands stream, and the opening of a stream; never
// what is sent on a watch stream (heartbeats vouch for many agents), health, or other routers.
//
// Threads: any.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <google/protobuf/descriptor.h>

#include "absl/status/status.h"
#include "common/limit/token_bucket.h"
#include "common/sync/mutex.h"

namespace firstline::api {

enum class Allowance : uint8_t { kAgentsWork, kOther };
// `rpc`: "/package.Service/Method".
Allowance AllowanceOf(std::string_view rpc);
// The same by the request of a call.
Allowance AllowanceOf(const google::protobuf::Descriptor* request);

// Hears of limits, for metrics. Threads: called from any, must not block.
class LimitObserver {
 public:
  virtual ~LimitObserver() = default;
  virtual void OnLimited(Allowance) {}
  // So many callers are remembered now.
  virtual void OnCallers(size_t /*remembered*/) {}
};

struct CallerLimitOptions {
  double rate = 0;    // calls a second of one caller and allowance, up to 1e6; 0: no limit
  int64_t burst = 1;  // calls at once, 1..1e6
  std::function<std::chrono::nanoseconds()> now;  // from any fixed point; empty: steady clock
  LimitObserver* observer = nullptr;              // must outlive it; null: nobody
};

class CallerLimits {
 public:
  // Some 200 bytes each. Beyond them callers who are new share one allowance, until some of the
  // others have been silent for as long as their burst takes to come back.
  static constexpr size_t kCallersMax = 20'000;
  // How often the silent ones are looked for when there is no room: it takes about a millisecond.
  static constexpr std::chrono::milliseconds kSweep{100};

  explicit CallerLimits(CallerLimitOptions options);

  // Takes one call of the caller known by `key`, at most kKeyBytesMax of which count.
  // RESOURCE_EXHAUSTED / CALLER_LIMITED with RetryInfo, and nothing is taken, when there is none.
  absl::Status Charge(std::string_view key, Allowance allowance);
  // As Charge would answer, but nothing is taken and nobody remembered for it.
  absl::Status Peek(std::string_view key, Allowance allowance) const;
  size_t remembered() const;

  static constexpr size_t kKeyBytesMax = 600;

 private:
  struct Buckets {
    limit::TokenBucket agents_work, other;
    const limit::TokenBucket& Of(Allowance allowance) const {
      return allowance == Allowance::kAgentsWork ? agents_work : other;
    }
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
  };
  using Callers = std::unordered_map<std::string, Buckets, Hash, std::equal_to<>>;
  Buckets& Find(std::string_view key, std::chrono::nanoseconds now)
      FIRSTLINE_REQUIRES(mutex_);
  void Sweep(std::chrono::nanoseconds now) FIRSTLINE_REQUIRES(mutex_);

  const CallerLimitOptions options_;
  const Buckets full_;
  mutable sync::Mutex mutex_;
  Callers callers_ FIRSTLINE_GUARDED_BY(mutex_);
  Buckets newcomers_ FIRSTLINE_GUARDED_BY(mutex_);
  std::chrono::nanoseconds next_sweep_ FIRSTLINE_GUARDED_BY(mutex_) =
      std::chrono::nanoseconds::min();
};

}  // namespace firstline::api
