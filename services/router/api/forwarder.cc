#include "services/router/api/forwarder.h"

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/error.h"
#include "common/status/reason.h"
#include "services/router/api/limits.h"
#include "services/router/api/unary_call.h"

namespace firstline::api {
namespace {

using gateway::Ended;

// What a status says about where the work should go. `peer`: it came from another pod, whose going
// away is not the caller's matter.
Ended EndedBy(const absl::Status& status, uint64_t epoch, bool peer) {
  Ended final{.how = Ended::How::kFinal, .epoch = epoch};
  if (!absl::IsUnavailable(status)) return final;
  const auto info = status::GetErrorInfo(status);
  if (!info) return final;
  if (info->reason == "NOT_OWNER") {
    const auto owner = info->metadata.find("owner");
    return {.how = Ended::How::kNotThere,
            .owner = owner == info->metadata.end() ? std::string() : owner->second};
  }
  if (info->reason == "WORKSPACE_LOADING") {
    const auto pause = info->retry_after.value_or(std::chrono::milliseconds(0));
    return {.how = Ended::How::kLater, .retry_after = engine::Milliseconds(pause.count())};
  }
  if (peer && info->reason == "SHUTTING_DOWN") return {.how = Ended::How::kNotThere};
  return final;
}

ForwardRetry RetryOf(const Ended& ended) {
  return ended.how == Ended::How::kLater ? ForwardRetry::kLoading : ForwardRetry::kMoved;
}

absl::Status TooManyCalls() {
  return status::Error(absl::StatusCode::kResourceExhausted, "too many calls are open",
                       {.reason = "OVERLOADED", .retry_after = std::chrono::milliseconds(200)});
}

absl::Status NobodyServed() {
  return status::Error(
      absl::StatusCode::kUnavailable, "no owner of the workspace answered",
      {.reason = "WORKSPACE_LOADING", .retry_after = std::chrono::milliseconds(200)});
}

std::string RandomPrefix() {
  std::random_device device;
  return absl::StrCat("fwd-", absl::Hex(device(), absl::kZeroPad8),
                      absl::Hex(device(), absl::kZeroPad8), "-");
}

}  // namespace

Forwarder::Forwarder(ForwarderOptions options, Backend& backend, std::shared_ptr<RpcLoop> loop)
    : options_(std::move(options)),
      observer_(options_.observer == nullptr ? nobody_ : *options_.observer),
      backend_(backend),
      loop_(std::move(loop)),
      gateway_({.self = options_.self}),
      request_prefix_(RandomPrefix()) {
  loop_->OnWake([this] { return backend_.Now(); },
                [this] {
                  gateway_.Advance(backend_.Now());
                  Drive();
                });
}

Forwarder::~Forwarder() = default;

void Forwarder::Submit(Forwardable& work) {
  if (options_.self.empty()) return work.ServeHere(0);
  if (works_.size() >= limits::kOpenCallsMax) return work.EndForwarded(TooManyCalls(), "", "");
  work.work_ = gateway_.Submit({.workspace = work.workspace(),
                                .ordered = work.ordered(),
                                .deadline = work.forward_deadline()},
                               backend_.Now());
  works_.emplace(work.work_, &work);
  Drive();
}

bool Forwarder::EndedHere(Forwardable& work, const absl::Status& status, uint64_t epoch) {
  if (options_.self.empty()) return true;
  const Ended ended = EndedBy(status, epoch, /*peer=*/false);
  if (ended.how != Ended::How::kFinal) {
    work.refused_ = status;
    work.hinted_ = !ended.owner.empty();
    if (!work.hinted_) TurnedAway(work, RetryOf(ended), backend_.Now());
  }
  const gateway::WorkId id = work.work_;
  const bool over = gateway_.OnEnded(id, work.attempt_, ended, backend_.Now());
  if (over) {
    works_.erase(id);
    Over(work);
  }
  Drive();
  return over;
}

void Forwarder::TurnedAway(Forwardable& work, ForwardRetry why, runtime::BootTime now) {
  work.retry_ = why;
  if (work.turned_away_ == runtime::kNeverBoot) work.turned_away_ = now;
}

void Forwarder::Over(const Forwardable& work) {
  if (work.turned_away_ == runtime::kNeverBoot) return;
  const runtime::Span waited = backend_.Now() - work.turned_away_;
  observer_.OnWaited(std::chrono::microseconds(waited.us));
}

// Serving may end at once and so come back here: the outer turn goes on with what that caused.
void Forwarder::Drive() {
  if (driving_ || !gateway_.has_output()) {
    loop_->WakeAt(gateway_.NextWake());
    return;
  }
  driving_ = true;
  while (gateway_.has_output()) {
    for (const gateway::Attempt& attempt : gateway_.TakeAttempts()) Attempt(attempt);
    for (const gateway::WorkId id : gateway_.TakeGivenUp()) GiveUp(id);
    for (const runtime::WorkspaceId& workspace : gateway_.TakeLooks()) Look(workspace);
  }
  driving_ = false;
  loop_->WakeAt(gateway_.NextWake());
}

void Forwarder::Attempt(const gateway::Attempt& attempt) {
  const auto it = works_.find(attempt.id);
  if (it == works_.end()) return;
  Forwardable& work = *it->second;
  if (work.attempt_ != 0 && !std::exchange(work.hinted_, false)) {
    TurnedAway(work, work.retry_, backend_.Now());
    observer_.OnRetry(work.retry_);
  }
  work.retry_ = ForwardRetry::kUnanswered;
  work.attempt_ = attempt.number;
  if (attempt.where.empty()) return work.ServeHere(attempt.epoch);
  SendTo(attempt.where, attempt, work);
}

Peer& Forwarder::PeerAt(const std::string& address) {
  std::unique_ptr<Peer>& peer = peers_[address];
  if (peer != nullptr) return *peer;
  peer = std::make_unique<Peer>(
      options_.peer, address, loop_, observer_,
      [this](const internal::v1::ForwardedResult& result) { OnResult(result); },
      [this](const std::string& lost) { OnLost(lost); });
  if (stopped_) peer->Close();
  return *peer;
}

void Forwarder::SendTo(const std::string& address, const gateway::Attempt& attempt,
                       Forwardable& work) {
  internal::v1::ForwardedCall call;
  call.set_id(attempt.number);
  call.set_epoch(attempt.epoch);
  if (work.forward_deadline() != runtime::kNeverBoot) {
    call.set_timeout_us(std::max<int64_t>((work.forward_deadline() - backend_.Now()).us, 1));
  }
  work.WriteCall(&call);
  if (call.ByteSizeLong() > limits::kForwardedCallBytesMax) return EndTooLarge(attempt, work);
  sent_.emplace(attempt.number, Sent{attempt.id, address});
  PeerAt(address).Send(std::move(call));
}

void Forwarder::EndTooLarge(const gateway::Attempt& attempt, Forwardable& work) {
  Ended ended;
  ended.how = Ended::How::kFinal;
  gateway_.OnEnded(attempt.id, attempt.number, ended, backend_.Now());
  works_.erase(attempt.id);
  observer_.OnForwarded(ForwardOutcome::kError);
  Over(work);
  work.EndForwarded(absl::ResourceExhaustedError(absl::StrCat(
                        "the request is larger than the ", limits::kForwardedCallBytesMax,
                        " bytes that can be sent on to the owner of its workspace")),
                    "", "");
}

// Its result is nobody's: no work is known by its id.
void Forwarder::TellToLook(const std::string& address, const runtime::WorkspaceId& workspace) {
  loop_->Post([this, address, workspace] {
    internal::v1::LookRequest request;
    request.set_workspace(workspace);
    internal::v1::ForwardedCall call;
    call.set_method(std::string(kLookMethod));
    request.SerializeToString(call.mutable_request());
    PeerAt(address).Send(std::move(call));
  });
}

void Forwarder::OnResult(const internal::v1::ForwardedResult& result) {
  const auto sent = sent_.find(result.id());
  if (sent == sent_.end()) return;
  const auto [id, address] = sent->second;
  sent_.erase(sent);
  const absl::Status status =
      result.has_error() ? rpc::FromProto(result.error()) : absl::OkStatus();
  const Ended ended = EndedBy(status, result.epoch(), /*peer=*/true);
  const auto it = works_.find(id);
  if (it != works_.end() && ended.how != Ended::How::kFinal) {
    it->second->refused_ = status;
    TurnedAway(*it->second, RetryOf(ended), backend_.Now());
  }
  const bool over = gateway_.OnEnded(id, result.id(), ended, backend_.Now());
  if (over && it != works_.end()) {
    Forwardable& work = *it->second;
    works_.erase(it);
    observer_.OnForwarded(status.ok() ? ForwardOutcome::kOk : ForwardOutcome::kError);
    Over(work);
    work.EndForwarded(status, result.response(), address);
  }
  Drive();
}

void Forwarder::OnLost(const std::string& address) {
  const runtime::BootTime now = backend_.Now();
  std::erase_if(sent_, [&](const auto& sent) {
    if (sent.second.address != address) return false;
    const auto work = works_.find(sent.second.work);
    if (work != works_.end()) TurnedAway(*work->second, ForwardRetry::kUnanswered, now);
    return true;
  });
  gateway_.OnPeerLost(address, now);
  Drive();
}

void Forwarder::GiveUp(gateway::WorkId id) {
  const auto it = works_.find(id);
  if (it == works_.end()) return;
  Forwardable& work = *it->second;
  works_.erase(it);
  observer_.OnForwarded(ForwardOutcome::kGivenUp);
  Over(work);
  work.EndForwarded(work.refused_.ok() ? NobodyServed() : work.refused_, "", "");
}

// What this pod sees now is told at once, what the look finds by the next one.
void Forwarder::Look(const runtime::WorkspaceId& workspace) {
  backend_.Look(workspace);
  ReadState(
      backend_, workspace, runtime::kNeverBoot,
      [](const engine::Engine&) { return absl::OkStatus(); },
      [this, workspace](const absl::Status& status, store::EventId) {
        const Ended seen = EndedBy(status, 0, /*peer=*/false);
        if (!status.ok() && seen.how != Ended::How::kNotThere) return;
        gateway_.OnSeen(workspace, seen.owner == options_.self ? "" : seen.owner,
                        backend_.Now());
        Drive();
      });
}

std::string Forwarder::NewRequestId() { return absl::StrCat(request_prefix_, ++last_request_); }

void Forwarder::Stop() {
  loop_->Post([this] {
    stopped_ = true;
    for (auto& [address, peer] : peers_) peer->Close();
  });
}

}  // namespace firstline::api
