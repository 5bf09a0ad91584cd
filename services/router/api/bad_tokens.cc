#include "services/router/api/bad_tokens.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "common/log/log.h"
#include "common/status/reason.h"

namespace firstline::api {
namespace {

using std::chrono::nanoseconds;

BadTokenOptions Complete(BadTokenOptions options) {
  if (!options.now) {
    options.now = [] { return nanoseconds(std::chrono::steady_clock::now().time_since_epoch()); };
  }
  return options;
}

}  // namespace

size_t BadTokens::Hash::operator()(const Digest& digest) const {
  size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof(hash));
  return hash;
}

BadTokens::BadTokens(BadTokenOptions options) : options_(Complete(std::move(options))) {
  if (options_.rate == 0) return;
  const auto burst = static_cast<int64_t>(std::max(std::ceil(options_.rate), 1.0));
  limits_.emplace(CallerLimitOptions{
      .rate = options_.rate, .burst = burst, .now = options_.now, .observer = nullptr});
}

absl::Status BadTokens::Check(std::string_view token, std::string_view address) {
  if (const std::optional<absl::Status> known = Known(DigestOf(token))) {
    Tell(BadToken::kRemembered);
    return *known;
  }
  if (!limits_) return absl::OkStatus();
  const absl::Status room = limits_->Peek(address, Allowance::kOther);
  if (room.ok()) return absl::OkStatus();
  Tell(BadToken::kLimited);
  return Limited(address, *status::GetErrorInfo(room)->retry_after);
}

absl::Status BadTokens::Limited(std::string_view address, std::chrono::milliseconds retry_after) {
  if (const std::optional<uint64_t> left_out = lines_.Take()) {
    log::Warning("too many bad tokens", {{"address", address}, {"left_out", *left_out}});
  }
  return status::Error(absl::StatusCode::kResourceExhausted,
                       "too many bad tokens came from this address; others are not judged now",
                       {.reason = "TOO_MANY_BAD_TOKENS", .retry_after = retry_after});
}

void BadTokens::Refuse(std::string_view token, std::string_view address, const absl::Status& why) {
  Tell(BadToken::kJudged);
  // Several threads may have judged for one address at once: then there may be none left to take.
  if (limits_) limits_->Charge(address, Allowance::kOther).IgnoreError();
  const Digest digest = DigestOf(token);
  sync::MutexLock lock(mutex_);
  Turn();
  young_.insert_or_assign(digest, why);
}

std::optional<absl::Status> BadTokens::Known(const Digest& digest) {
  sync::MutexLock lock(mutex_);
  Turn();
  for (const Refusals* refusals : {&young_, &old_}) {
    if (const auto found = refusals->find(digest); found != refusals->end()) return found->second;
  }
  return std::nullopt;
}

void BadTokens::Turn() {
  constexpr nanoseconds kHalf = kRememberedFor / 2;
  const nanoseconds now = options_.now();
  const nanoseconds since = now - turned_;
  if (since < kHalf && young_.size() < kRememberedMax / 2) return;
  old_ = std::exchange(young_, {});
  if (since >= 2 * kHalf) old_.clear();
  // Late, it counts from when it was due: nobody is to be remembered longer.
  turned_ = kHalf <= since && since < 2 * kHalf ? turned_ + kHalf : now;
}

void BadTokens::ForgetTokens() {
  sync::MutexLock lock(mutex_);
  young_.clear();
  old_.clear();
}

size_t BadTokens::remembered() {
  sync::MutexLock lock(mutex_);
  Turn();
  return young_.size() + old_.size();
}

BadTokens::Digest BadTokens::DigestOf(std::string_view token) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  return digest;
}

void BadTokens::Tell(BadToken what) {
  if (options_.observer != nullptr) options_.observer->OnBadToken(what);
}

}  // namespace firstline::api
