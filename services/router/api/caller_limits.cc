#include "services/router/api/caller_limits.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "common/status/reason.h"

namespace firstline::api {
namespace {

using std::chrono::nanoseconds;

// As what is shed last under overload (runtime/admission.cc), with what agents do beside it.
constexpr std::array<std::string_view, 12> kAgentsWork = {
    "/firstline.v1.AgentService/AcceptOffer",     "/firstline.v1.AgentService/DeclineOffer",
    "/firstline.v1.AgentService/ExtendWrapUp",    "/firstline.v1.AgentService/FinishWrapUp",
    "/firstline.v1.AgentService/SetPresence",     "/firstline.v1.RoutingService/ClaimInquiry",
    "/firstline.v1.RoutingService/CancelInquiry", "/firstline.v1.RoutingService/CloseInquiry",
    "/firstline.v1.RoutingService/ParkInquiry",   "/firstline.v1.RoutingService/RecordMessage",
    "/firstline.v1.RoutingService/ResumeInquiry", "/firstline.v1.RoutingService/TransferInquiry",
};

nanoseconds SteadyNow() { return std::chrono::steady_clock::now().time_since_epoch(); }

absl::Status Limited(nanoseconds wait) {
  // Rounded up: whoever comes back after it finds room.
  const auto retry = std::chrono::ceil<std::chrono::milliseconds>(wait);
  return status::Error(absl::StatusCode::kResourceExhausted,
                       "the caller makes more calls than are taken of one",
                       {.reason = "CALLER_LIMITED", .retry_after = retry});
}

}  // namespace

Allowance AllowanceOf(std::string_view rpc) {
  const bool work = std::find(kAgentsWork.begin(), kAgentsWork.end(), rpc) != kAgentsWork.end();
  return work ? Allowance::kAgentsWork : Allowance::kOther;
}

Allowance AllowanceOf(const google::protobuf::Descriptor* request) {
  static const auto* by_request = [] {
    auto* allowances = new std::unordered_map<const google::protobuf::Descriptor*, Allowance>;
    for (std::string_view rpc : kAgentsWork) {
      std::string name(rpc.substr(1));
      std::replace(name.begin(), name.end(), '/', '.');
      const auto* method =
          google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name);
      if (method != nullptr) (*allowances)[method->input_type()] = Allowance::kAgentsWork;
    }
    return allowances;
  }();
  const auto found = by_request->find(request);
  return found == by_request->end() ? Allowance::kOther : found->second;
}

CallerLimits::CallerLimits(CallerLimitOptions options)
    : options_([&] {
        if (!options.now) options.now = SteadyNow;
        return std::move(options);
      }()),
      full_{limit::TokenBucket(options_.rate, options_.burst),
            limit::TokenBucket(options_.rate, options_.burst)},
      newcomers_(full_) {}

absl::Status CallerLimits::Charge(std::string_view key, Allowance allowance) {
  const nanoseconds now = options_.now();
  sync::MutexLock lock(mutex_);
  Buckets& buckets = Find(key.substr(0, kKeyBytesMax), now);
  limit::TokenBucket& bucket =
      allowance == Allowance::kAgentsWork ? buckets.agents_work : buckets.other;
  if (bucket.Take(now)) return absl::OkStatus();
  if (options_.observer != nullptr) options_.observer->OnLimited(allowance);
  return Limited(bucket.Wait(now));
}

absl::Status CallerLimits::Peek(std::string_view key, Allowance allowance) const {
  const nanoseconds now = options_.now();
  sync::MutexLock lock(mutex_);
  const auto found = callers_.find(key.substr(0, kKeyBytesMax));
  const bool is_new = found == callers_.end();
  // Who is new finds room, or shares the newcomers'. Whether a sweep would make room is not looked
  // at.
  if (is_new && callers_.size() < kCallersMax) return absl::OkStatus();
  const limit::TokenBucket& bucket = (is_new ? newcomers_ : found->second).Of(allowance);
  const nanoseconds wait = bucket.Wait(now);
  return wait.count() == 0 ? absl::OkStatus() : Limited(wait);
}

CallerLimits::Buckets& CallerLimits::Find(std::string_view key, nanoseconds now) {
  const auto found = callers_.find(key);
  if (found != callers_.end()) return found->second;
  if (callers_.size() >= kCallersMax && now >= next_sweep_) Sweep(now);
  if (callers_.size() >= kCallersMax) return newcomers_;
  Buckets& added = callers_.try_emplace(std::string(key), full_).first->second;
  if (options_.observer != nullptr) options_.observer->OnCallers(callers_.size());
  return added;
}

// Who has everything back is as if never seen.
void CallerLimits::Sweep(nanoseconds now) {
  next_sweep_ = now + kSweep;
  std::erase_if(callers_, [now](const auto& caller) {
    return caller.second.agents_work.Full(now) && caller.second.other.Full(now);
  });
  if (options_.observer != nullptr) options_.observer->OnCallers(callers_.size());
}

size_t CallerLimits::remembered() const {
  sync::MutexLock lock(mutex_);
  return callers_.size();
}

}  // namespace firstline::api
