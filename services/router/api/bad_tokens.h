// Tokens that are no good: they must not keep the router busy. To judge a signature costs some 100
// us, and whoever may connect can send any number of tokens.
//
//   BadTokens bad({.rate = 100});  // a second and address
//   if (absl::Status s = bad.Check(token, address); !s.ok()) return s;
//   absl::Status judged = ...;
//   if (!judged.ok()) bad.Refuse(token, address, judged);
//
// Two things bound that. A token that was refused is remembered for kRememberedFor at most, and
// refused again without being judged: a client that goes on with a token that has expired costs
// next to nothing, and takes nothing from those that share its address. And of each address only so
// many tokens a second are judged and found wanting; beyond them its tokens are not judged at all,
// until one more may be. Good tokens that the router remembers (authenticator.h) are never asked
// about here, so that who is at work behind that address goes on.
//
// Threads: any.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/status/status.h"
#include "common/sync/mutex.h"
#include "services/router/api/caller_limits.h"
#include "services/router/api/line_budget.h"

namespace firstline::api {

enum class BadToken : uint8_t {
  kJudged,      // and refused
  kRemembered,  // refused as before
  kLimited,     // not judged: too many came from its address
};

// Hears of them, for metrics. Threads: called from any, must not block.
class BadTokenObserver {
 public:
  virtual ~BadTokenObserver() = default;
  virtual void OnBadToken(BadToken) {}
};

// At some 100 us a signature that is a hundredth of the thread that serves calls.
inline constexpr double kBadTokenRate = 100;

struct BadTokenOptions {
  // Tokens of one address judged and refused a second, up to 1e6, and as many at once, at least 1;
  // 0: no limit.
  double rate = kBadTokenRate;
  std::function<std::chrono::nanoseconds()> now;  // from any fixed point; empty: steady clock
  BadTokenObserver* observer = nullptr;           // must outlive it; null: nobody
};

class BadTokens {
 public:
  // One that was refused because it is not valid yet, too, is refused for this long, and half of it
  // at least.
  static constexpr std::chrono::seconds kRememberedFor{10};
  // Refused tokens remembered: some 500 bytes each. Addresses: CallerLimits::kCallersMax.
  static constexpr size_t kRememberedMax = 10'000;

  explicit BadTokens(BadTokenOptions options);

  // OK: judge it. Else what to answer: why it was refused lately, or RESOURCE_EXHAUSTED /
  // TOO_MANY_BAD_TOKENS with RetryInfo. `address`: see ClientAddress.
  absl::Status Check(std::string_view token, std::string_view address);
  // It was judged, with this result; counts against its address.
  void Refuse(std::string_view token, std::string_view address, const absl::Status& why);
  // Keys have changed: what was refused may be good. Addresses keep what they used up.
  void ForgetTokens();
  // For tests.
  size_t remembered();

 private:
  using Digest = std::array<unsigned char, 32>;  // SHA-256
  struct Hash {
    size_t operator()(const Digest& digest) const;
  };
  using Refusals = std::unordered_map<Digest, absl::Status, Hash>;

  static Digest DigestOf(std::string_view token);
  void Turn() FIRSTLINE_REQUIRES(mutex_);
  std::optional<absl::Status> Known(const Digest& digest) FIRSTLINE_EXCLUDES(mutex_);
  void Tell(BadToken what);
  absl::Status Limited(std::string_view address, std::chrono::milliseconds retry_after);

  const BadTokenOptions options_;
  std::optional<CallerLimits> limits_;  // none: no limit
  LineBudget lines_{1};
  sync::Mutex mutex_;
  // The young ones become the old ones after half of kRememberedFor, or when they are half of
  // kRememberedMax; then the old ones are forgotten.
  Refusals young_ FIRSTLINE_GUARDED_BY(mutex_);
  Refusals old_ FIRSTLINE_GUARDED_BY(mutex_);
  std::chrono::nanoseconds turned_ FIRSTLINE_GUARDED_BY(mutex_){0};
};

}  // namespace firstline::api
