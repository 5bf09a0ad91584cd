#include "common/client/agent_session.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "common/client/link.h"
#include "common/client/request_id.h"
#include "firstline/v1/agent_service.grpc.pb.h"

namespace firstline::client {
namespace {

using std::chrono::nanoseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr nanoseconds kLeaseBeforeTold = std::chrono::seconds(3);
// The router speaks at least every few seconds; a peer silent for this long has vanished.
constexpr nanoseconds kSilenceMax = std::chrono::seconds(20);
// Bound of WatchAgentsRequest.Add.
constexpr int kSubjectsMax = 1000;
constexpr std::chrono::seconds kGoodbyeMax(5);

AgentSession::Options WithSessionId(AgentSession::Options options) {
  if (options.session_id.empty()) options.session_id = NewRequestId();
  return options;
}

nanoseconds ToSpan(const google::protobuf::Duration& duration) {
  return std::chrono::seconds(duration.seconds()) + nanoseconds(duration.nanos());
}

template <typename Wish>
v1::WatchAgentsRequest::Subject SubjectOf(const std::string& agent_id, const Wish& wish,
                                          bool with_presence) {
  v1::WatchAgentsRequest::Subject subject;
  subject.set_agent_id(agent_id);
  if (with_presence) {
    subject.set_presence(wish.presence);
    subject.set_reason(wish.reason);
  }
  return subject;
}

}  // namespace

// One stream; the reading and the writing thread use it at the same time, as gRPC allows.
class AgentSession::Stream {
 public:
  explicit Stream(Endpoint endpoint) : endpoint_(std::move(endpoint)), stub_(endpoint_.channel) {
    Touch();
  }

  void Start() { stream_ = stub_.WatchAgents(&context_); }
  bool Read(v1::WatchAgentsResponse& response) {
    const bool more = stream_->Read(&response);
    Touch();
    return more;
  }
  bool Write(const v1::WatchAgentsRequest& request) { return stream_->Write(request); }
  void DoneWriting() { stream_->WritesDone(); }
  grpc::Status Finish() { return stream_->Finish(); }
  // Any thread.
  void Cancel() { context_.TryCancel(); }
  nanoseconds Silence() const {
    return SteadyClock::now().time_since_epoch() - nanoseconds(heard_ns_.load());
  }
  const std::string& address() const { return endpoint_.address; }

  // Set by the reading thread: the router has accepted the stream; there is nothing left to read.
  std::atomic<bool> opened = false;
  std::atomic<bool> over = false;

 private:
  void Touch() { heard_ns_ = nanoseconds(SteadyClock::now().time_since_epoch()).count(); }

  const Endpoint endpoint_;
  v1::AgentService::Stub stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::WatchAgentsRequest, v1::WatchAgentsResponse>>
      stream_;
  std::atomic<nanoseconds::rep> heard_ns_ = 0;
};

AgentSession::AgentSession(const Client& client, Options options, AgentListener& listener)
    : link_(client.link()),
      options_(WithSessionId(std::move(options))),
      listener_(listener),
      lease_(kLeaseBeforeTold) {
  thread_ = sync::OwnedThread("fl-agents", [this] { Run(); });
}

AgentSession::~AgentSession() { End(false); }

void AgentSession::Close() { End(true); }

void AgentSession::SetPresence(const std::string& agent_id, v1::Presence presence,
                               const std::string& reason) {
  sync::MutexLock lock(mutex_);
  Wish& wish = wishes_[agent_id];
  wish = {.presence = presence, .reason = reason};
  // Without a stream, the greeting of the next one says it.
  if (live_ != nullptr) Ask(agent_id, wish);
}

void AgentSession::Remove(const std::string& agent_id) {
  sync::MutexLock lock(mutex_);
  if (wishes_.erase(agent_id) == 0 || live_ == nullptr) return;
  outbox_.emplace_back().mutable_remove()->add_agent_ids(agent_id);
  changed_.NotifyAll();
}

void AgentSession::End(bool goodbye) {
  stop_.Set();
  {
    // With a goodbye the router ends the stream once it has heard it; but it must not keep us.
    const auto deadline = SteadyClock::now() + kGoodbyeMax;
    sync::MutexLock lock(mutex_);
    ended_ = true;
    goodbye_ = goodbye && live_ != nullptr;
    changed_.NotifyAll();
    while (goodbye_ && live_ != nullptr && changed_.WaitUntil(mutex_, deadline)) {
    }
    if (live_ != nullptr) live_->Cancel();
  }
  thread_.Join();
}

void AgentSession::Run() {
  Persistence persistence(*link_);
  while (!stop_.IsSet()) {
    Stream stream(link_->endpoints.Pick(options_.workspace));
    const Error error = Serve(stream);
    if (stop_.IsSet()) return;
    if (stream.opened) persistence.Reset();
    const bool final = !persistence.MayResume(error);
    listener_.OnDisconnected(error, final);
    if (final) return;
    link_->timing->Wait(persistence.Learn(error, options_.workspace, stream.address()), stop_);
  }
}

Error AgentSession::Serve(Stream& stream) {
  {
    sync::MutexLock lock(mutex_);
    live_ = &stream;
    Greet();
    if (ended_) stream.Cancel();
  }
  stream.Start();
  {
    const sync::OwnedThread writer("fl-agents-out", [this, &stream] { Write(stream); });
    v1::WatchAgentsResponse response;
    while (stream.Read(response)) {
      if (response.has_opened()) stream.opened = true;
      Take(response);
    }
    stream.over = true;
    {
      sync::MutexLock lock(mutex_);
      live_ = nullptr;
    }
    changed_.NotifyAll();
  }
  const grpc::Status status = stream.Finish();
  if (!status.ok()) return Error::From(status);
  return {.code = grpc::StatusCode::UNAVAILABLE, .message = "the router ended the stream"};
}

void AgentSession::Write(Stream& stream) {
  while (const auto message = NextMessage(stream)) {
    if (!stream.Write(*message)) return;  // The reading thread learns why.
    if (message->has_goodbye()) return stream.DoneWriting();
  }
}

std::unique_ptr<v1::WatchAgentsRequest> AgentSession::NextMessage(Stream& stream) {
  auto message = std::make_unique<v1::WatchAgentsRequest>();
  sync::MutexLock lock(mutex_);
  const auto heartbeat_due = SteadyClock::now() + lease_ / 3;
  while (!stream.over) {
    if (!outbox_.empty()) {
      *message = std::move(outbox_.front());
      outbox_.pop_front();
      return message;
    }
    if (goodbye_) {
      message->mutable_goodbye();
      return message;
    }
    if (changed_.WaitUntil(mutex_, std::min(heartbeat_due, SteadyClock::now() + lease_ / 3))) {
      continue;
    }
    if (stream.Silence() > kSilenceMax) stream.Cancel();
    AskAgainForFailed();
    message->mutable_heartbeat();
    return message;
  }
  return nullptr;
}

// The first messages of every stream. What was confirmed is not asked for again, because a
// supervisor may have changed it since; the snapshot tells whether it still holds.
void AgentSession::Greet() {
  outbox_.clear();
  auto& open = *outbox_.emplace_back().mutable_open();
  open.set_workspace(options_.workspace);
  open.set_session_id(options_.session_id);
  open.set_include_inquiries(options_.include_inquiries);
  for (auto& [agent_id, wish] : wishes_) {
    wish.failed = false;
    *AddWithRoom().add_agents() = SubjectOf(agent_id, wish, !wish.confirmed);
  }
}

void AgentSession::Ask(const std::string& agent_id, const Wish& wish) {
  const auto is_it = [&](const auto& subject) { return subject.agent_id() == agent_id; };
  const auto& last = AddWithRoom().agents();
  // An agent may stand in a message once.
  if (std::any_of(last.begin(), last.end(), is_it)) outbox_.emplace_back().mutable_add();
  *AddWithRoom().add_agents() = SubjectOf(agent_id, wish, true);
  changed_.NotifyAll();
}

// What is not sent yet goes together: a router takes a thousand at once far sooner than a thousand
// times one.
v1::WatchAgentsRequest::Add& AgentSession::AddWithRoom() {
  const bool room = !outbox_.empty() && outbox_.back().has_add() &&
                    outbox_.back().add().agents_size() < kSubjectsMax;
  return *(room ? outbox_.back() : outbox_.emplace_back()).mutable_add();
}

void AgentSession::AskAgainForFailed() {
  for (auto& [agent_id, wish] : wishes_) {
    if (!std::exchange(wish.failed, false)) continue;
    Ask(agent_id, wish);
  }
}

void AgentSession::Take(const v1::WatchAgentsResponse& response) {
  switch (response.update_case()) {
    case v1::WatchAgentsResponse::kOpened: {
      {
        sync::MutexLock lock(mutex_);
        const nanoseconds lease = ToSpan(response.opened().lease());
        if (lease.count() > 0) lease_ = lease;
      }
      changed_.NotifyAll();
      listener_.OnConnected();
      return;
    }
    case v1::WatchAgentsResponse::kSnapshot:
      for (const v1::AgentStatus& status : response.snapshot().agents()) TakeStatus(status);
      return;
    case v1::WatchAgentsResponse::kUpdates:
      return TakeUpdates(response.updates());
    case v1::WatchAgentsResponse::kFailure:
      return TakeFailure(response.failure());
    default:
      return;  // A heartbeat, or something newer than this library.
  }
}

void AgentSession::TakeStatus(const v1::AgentStatus& status) {
  const std::string& agent_id = status.agent().id();
  {
    sync::MutexLock lock(mutex_);
    const auto wish = wishes_.find(agent_id);
    if (wish == wishes_.end()) return;  // Removed since.
    const bool logged_off = status.presence() == v1::PRESENCE_OFFLINE;
    const bool wanted = wish->second.presence != v1::PRESENCE_OFFLINE &&
                        wish->second.presence != v1::PRESENCE_UNSPECIFIED;
    if (wish->second.confirmed && logged_off && wanted) {
      wish->second.confirmed = false;
      Ask(agent_id, wish->second);
    } else if (wish->second.confirmed || status.presence() == wish->second.presence) {
      wish->second.presence = status.presence();
      wish->second.reason = status.reason();
      wish->second.confirmed = true;
      wish->second.lapsed = false;
    }
  }
  for (const WorkChange& change : book_.Apply(status)) listener_.OnWork(change);
  listener_.OnPresence(agent_id, status.presence(), status.reason());
}

void AgentSession::TakeUpdates(const v1::WatchAgentsResponse::Updates& updates) {
  std::map<std::string, const v1::AgentWork*> details;
  for (const v1::AgentWork& work : updates.work()) details[work.inquiry_id()] = &work;
  for (const v1::Event& event : updates.events()) {
    const auto detail = details.find(event.inquiry_id());
    const bool has_detail = detail != details.end();
    for (const WorkChange& change : book_.Apply(event, has_detail ? detail->second : nullptr)) {
      listener_.OnWork(change);
    }
    TakePresence(event);
  }
}

void AgentSession::TakePresence(const v1::Event& event) {
  {
    sync::MutexLock lock(mutex_);
    const auto wish = wishes_.find(event.agent_id());
    if (wish == wishes_.end()) return;
    if (event.has_session_closed() && event.session_closed().session_id() == options_.session_id) {
      wish->second.lapsed = event.session_closed().cause() == v1::SESSION_CLOSE_CAUSE_LAPSED;
    }
    if (!event.has_presence_changed()) return;
    const auto& now = event.presence_changed();
    // Being taken for dead is not a wish of anybody's; it is put right after the reconnection.
    const bool by_lapse = wish->second.lapsed && now.presence() == v1::PRESENCE_OFFLINE;
    if (wish->second.confirmed && !by_lapse) {
      wish->second.presence = now.presence();
      wish->second.reason = now.reason();
    }
    if (wish->second.presence == now.presence()) wish->second.confirmed = true;
  }
  listener_.OnPresence(event.agent_id(), event.presence_changed().presence(),
                       event.presence_changed().reason());
}

void AgentSession::TakeFailure(const v1::WatchAgentsResponse::Failure& failure) {
  const Error error = Error::From(failure.error());
  {
    sync::MutexLock lock(mutex_);
    const auto wish = wishes_.find(failure.agent_id());
    if (wish != wishes_.end()) {
      wish->second.failed = IsRetryable(error);
      if (!wish->second.failed) wishes_.erase(wish);
    }
  }
  listener_.OnFailure(failure.agent_id(), error);
}

}  // namespace firstline::client
