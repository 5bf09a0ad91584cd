#include "services/router/api/owner_calls.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/error.h"
#include "services/router/api/convert_common.h"
#include "services/router/api/stats_service.h"
#include "services/router/store/public_messages.h"

namespace firstline::api {
namespace {

using namespace internal::v1;

constexpr std::string_view kOwnerService = "/firstline.internal.v1.OwnerService/";

std::string NameOf(std::string_view method) {
  return absl::StrCat(std::string(kOwnerService), std::string(method));
}

// One call of this pod's own, from its making to its end; deletes itself.
template <class Request, class Response>
class OwnCall final : public Forwardable, public UnaryCall<Request, Response> {
 public:
  using Method = OwnerCalls::Method<Request, Response>;
  using Then = OwnerCalls::Then<Response>;

  OwnCall(std::shared_ptr<RpcLoop> loop, const Forwarding& forwarding, const Method& method,
          Request request, Then then, CallerRef caller)
      : loop_(std::move(loop)),
        forwarding_(forwarding),
        method_(method),
        then_(std::move(then)) {
    this->request_ = std::move(request);
    this->caller_ = std::move(caller);
  }
  void Begin() {
    loop_->HoldBegan();
    forwarding_.forwarder.Submit(*this);
  }

 private:
  void OnEnd(const absl::Status& status, uint64_t epoch) override {
    if (forwarding_.forwarder.EndedHere(*this, status, epoch)) Finish(status);
  }
  const std::string& workspace() const override { return this->request_.workspace(); }
  bool ordered() const override { return method_.order == Order::kCommand; }
  runtime::BootTime forward_deadline() const override { return this->deadline_; }
  void ServeHere(uint64_t epoch) override {
    this->epoch_ = epoch;
    this->response_.Clear();
    method_.handler(*this);
  }
  void WriteCall(ForwardedCall* call) override {
    call->set_method(NameOf(method_.name));
    WriteCaller(*this->caller_, call);
    this->request_.SerializeToString(call->mutable_request());
  }
  void EndForwarded(const absl::Status& status, const std::string& response,
                    const std::string&) override {
    if (status.ok() && !this->response_.ParseFromString(response)) {
      return Finish(UnreadableResponse());
    }
    Finish(status);
  }
  void Finish(const absl::Status& status) {
    then_(status, this->response_);
    const std::shared_ptr<RpcLoop> loop = loop_;
    delete this;
    loop->HoldEnded();
  }

  const std::shared_ptr<RpcLoop> loop_;
  const Forwarding& forwarding_;
  const Method& method_;
  const Then then_;
};

// ---- The owner's side ---------------------------------------------------------------------------

using ReadSessionsCall = UnaryCall<ReadSessionsRequest, ReadSessionsResponse>;
using OpenSessionsCall = UnaryCall<OpenSessionsRequest, OpenSessionsResponse>;
using CloseSessionsCall = UnaryCall<CloseSessionsRequest, CloseSessionsResponse>;
using ReadAgentsCall = UnaryCall<ReadAgentsRequest, ReadAgentsResponse>;
using ReadWorkCall = UnaryCall<ReadWorkRequest, ReadWorkResponse>;
using ReadInquiriesCall = UnaryCall<ReadInquiriesRequest, ReadInquiriesResponse>;
using ReadStatsCall = UnaryCall<ReadStatsRequest, ReadStatsResponse>;
using BeatCall = UnaryCall<BeatRequest, BeatResponse>;

uint64_t SequenceOf(const engine::Engine& engine, const std::string& agent_id,
                    const std::string& session_id) {
  const engine::AgentIx ix = engine.FindAgent(agent_id);
  if (!ix.IsSet()) return 0;
  for (const engine::Session& session : engine.agent(ix).sessions) {
    if (session.id == session_id) return session.sequence;
  }
  return 0;
}

void ServeReadSessions(Backend& backend, ReadSessionsCall& call) {
  const auto read = [&request = call.request()](const engine::Engine& engine,
                                                ReadSessionsResponse& out) {
    for (const std::string& agent_id : request.agent_ids()) {
      out.add_sequences(SequenceOf(engine, agent_id, request.session_id()));
    }
    return absl::OkStatus();
  };
  Read(backend, call, Fields(), read);
}

// Commands that make one call. It fails as a whole when the workspace is not, or no longer, here, to
// be repeated elsewhere.
template <class Call>
class Together {
 public:
  using Told = std::function<void(size_t index, const absl::Status&)>;

  // `told`: how each ended that was applied or refused.
  static void Submit(Backend& backend, Call& call, std::vector<engine::Body> bodies, Told told) {
    if (bodies.empty()) return call.End(absl::OkStatus(), call.epoch());
    auto together = std::make_shared<Together>(call, bodies.size(), std::move(told));
    for (size_t i = 0; i < bodies.size(); ++i) {
      const CommandKind kind = bodies[i].index();
      runtime::Call one{.workspace = call.request().workspace(),
                        .deadline = call.deadline(),
                        .body = engine::Command{.body = std::move(bodies[i]),
                                                .caller = call.caller()->told},
                        .epoch = call.epoch()};
      backend.Submit(std::move(one), [together, i, kind](const runtime::Answer& answer) {
        together->OnAnswer(i, kind, answer);
      });
    }
  }
  Together(Call& call, size_t left, Told told)
      : call_(call), left_(left), told_(std::move(told)) {}

 private:
  void OnAnswer(size_t index, CommandKind kind, const runtime::Answer& answer) {
    const absl::Status status = ToStatus(answer, call_.request().workspace(), kind);
    epoch_ = std::max(epoch_, EpochOf(answer));
    if (absl::IsUnavailable(status)) {
      elsewhere_.Update(status);
    } else if (told_) {
      told_(index, status);
    }
    if (--left_ == 0) call_.End(elsewhere_, epoch_);
  }

  Call& call_;
  size_t left_;
  const Told told_;
  uint64_t epoch_ = 0;
  absl::Status elsewhere_;
};

void ServeOpenSessions(Backend& backend, OpenSessionsCall& call) {
  const OpenSessionsRequest& request = call.request();
  std::vector<engine::Body> bodies;
  for (const OpenSessionsRequest::Subject& subject : request.subjects()) {
    call.response().add_results();
    const auto presence = store::FromProto(subject.presence());
    if (!presence) {
      bodies.emplace_back(engine::OpenSession{subject.agent_id(), request.session_id()});
      continue;
    }
    bodies.emplace_back(engine::SetPresence{.agent_id = subject.agent_id(),
                                            .presence = *presence,
                                            .reason = subject.reason(),
                                            .session_id = request.session_id(),
                                            .sequence = subject.sequence()});
  }
  Together<OpenSessionsCall>::Submit(
      backend, call, std::move(bodies), [&call](size_t index, const absl::Status& status) {
        google::rpc::Status& result = *call.response().mutable_results(static_cast<int>(index));
        status.ok() ? result.Clear() : void(result = rpc::ToProto(status));
      });
}

void ServeCloseSessions(Backend& backend, CloseSessionsCall& call) {
  std::vector<engine::Body> bodies;
  for (const std::string& agent_id : call.request().agent_ids()) {
    bodies.emplace_back(engine::CloseSession{agent_id, call.request().session_id()});
  }
  Together<CloseSessionsCall>::Submit(backend, call, std::move(bodies), nullptr);
}

void ServeReadAgents(Backend& backend, ReadAgentsCall& call) {
  ReadState(
      backend, call.request().workspace(), call.deadline(),
      [&call](const engine::Engine& engine) {
        for (const std::string& agent_id : call.request().agent_ids()) {
          const engine::AgentIx ix = engine.FindAgent(agent_id);
          if (!ix.IsSet()) continue;
          WriteAgentStatus(engine, ix, call.request().include_inquiries(),
                           call.response().add_agents());
        }
        return absl::OkStatus();
      },
      [&call](const absl::Status& status, store::EventId cursor) {
        call.response().set_cursor(store::ToString(cursor));
        call.End(status);
      });
}

void ServeReadWork(Backend& backend, ReadWorkCall& call) {
  const auto read = [&request = call.request()](const engine::Engine& engine,
                                                ReadWorkResponse& out) {
    for (const std::string& inquiry_id : request.inquiry_ids()) {
      const engine::InquiryIx ix = engine.FindInquiry(inquiry_id);
      if (ix.IsSet()) WriteWork(engine, engine.inquiry(ix), true, out.add_work());
    }
    return absl::OkStatus();
  };
  Read(backend, call, Fields(), read);
}

void ServeReadInquiries(Backend& backend, ReadInquiriesCall& call) {
  const auto read = [&call](const engine::Engine& engine, ReadInquiriesResponse& out) {
    for (const std::string& inquiry_id : call.request().inquiry_ids()) {
      const engine::InquiryIx ix = engine.FindInquiry(inquiry_id);
      if (!ix.IsSet() || !Sees(*call.caller(), engine, engine.inquiry(ix))) continue;
      v1::Inquiry* told = out.add_inquiries();
      WriteInquiry(engine, engine.inquiry(ix), told);
      WriteProspect(engine, ix, told);
      Redact(*call.caller(), *told);
    }
    return absl::OkStatus();
  };
  Read(backend, call, Fields(), read);
}

void ServeReadStats(Backend& backend, ReadStatsCall& call) {
  auto read_at = std::make_shared<engine::Time>();
  auto status = std::make_shared<absl::Status>();
  runtime::Call query{.workspace = call.request().workspace(),
                      .deadline = call.deadline(),
                      .body = [&backend, &call, read_at, status](const engine::Engine& engine) {
                        *read_at = engine.now();
                        *status = ReadQueueStats(backend.telemetry(), engine, "",
                                                 *call.response().mutable_figures());
                      }};
  backend.Submit(std::move(query), [&call, read_at, status](const runtime::Answer& answer) {
    const absl::Status read = ToStatus(answer, call.request().workspace());
    if (!read.ok()) return call.End(read);
    // The state's own time is older where nothing has happened.
    const engine::Time time = std::max(*read_at, std::get<runtime::Done>(answer).time);
    store::WriteMessage(time, call.response().mutable_time());
    call.End(*status);
  });
}

// Beats have no answer of their own; the reading tells whether the workspace is here.
void ServeBeat(Backend& backend, BeatCall& call) {
  ReadState(
      backend, call.request().workspace(), call.deadline(),
      [](const engine::Engine&) { return absl::OkStatus(); },
      [&backend, &call](const absl::Status& status, store::EventId) {
        if (!status.ok()) return call.End(status);
        std::vector<runtime::SessionRef> sessions;
        for (const BeatRequest::Session& session : call.request().sessions()) {
          for (const std::string& agent_id : session.agent_ids()) {
            sessions.push_back({agent_id, session.session_id()});
          }
        }
        backend.Beat(call.request().workspace(), std::move(sessions));
        call.End(absl::OkStatus());
      });
}

template <class Request, class Response>
auto HandlerOf(Backend& backend, void (*serve)(Backend&, UnaryCall<Request, Response>&)) {
  return [&backend, serve](UnaryCall<Request, Response>& call) { serve(backend, call); };
}

}  // namespace

OwnerCalls::OwnerCalls(std::shared_ptr<RpcLoop> loop, const Forwarding& forwarding)
    : loop_(std::move(loop)),
      forwarding_(forwarding),
      read_sessions_{"ReadSessions", Order::kAny, HandlerOf(forwarding.backend, ServeReadSessions)},
      open_sessions_{"OpenSessions", Order::kCommand,
                     HandlerOf(forwarding.backend, ServeOpenSessions)},
      close_sessions_{"CloseSessions", Order::kCommand,
                      HandlerOf(forwarding.backend, ServeCloseSessions)},
      read_agents_{"ReadAgents", Order::kAny, HandlerOf(forwarding.backend, ServeReadAgents)},
      read_work_{"ReadWork", Order::kAny, HandlerOf(forwarding.backend, ServeReadWork)},
      read_inquiries_{"ReadInquiries", Order::kAny,
                      HandlerOf(forwarding.backend, ServeReadInquiries)},
      read_stats_{"ReadStats", Order::kAny, HandlerOf(forwarding.backend, ServeReadStats)},
      beat_{"Beat", Order::kAny, HandlerOf(forwarding.backend, ServeBeat)} {}

void OwnerCalls::Serve() {
  const auto serve = [this]<class Request, class Response>(
                         const Method<Request, Response>& method) {
    forwarding_.methods.Add<Request, Response>(NameOf(method.name), method.handler);
  };
  serve(read_sessions_);
  serve(open_sessions_);
  serve(close_sessions_);
  serve(read_agents_);
  serve(read_work_);
  serve(read_inquiries_);
  serve(read_stats_);
  serve(beat_);
}

template <class Request, class Response>
void OwnerCalls::Make(const Method<Request, Response>& method, Request request,
                      Then<Response> then, CallerRef caller) {
  // A task is copied, its call must not be.
  auto given = std::make_shared<std::pair<Request, Then<Response>>>(std::move(request),
                                                                    std::move(then));
  loop_->Post([this, &method, given, caller = std::move(caller)] {
    auto* call = new OwnCall<Request, Response>(loop_, forwarding_, method, std::move(given->first),
                                                std::move(given->second), caller);
    call->Begin();
  });
}

void OwnerCalls::ReadSessions(ReadSessionsRequest request, Then<ReadSessionsResponse> then) {
  Make(read_sessions_, std::move(request), std::move(then));
}

void OwnerCalls::OpenSessions(OpenSessionsRequest request, CallerRef caller,
                              Then<OpenSessionsResponse> then) {
  Make(open_sessions_, std::move(request), std::move(then), std::move(caller));
}

void OwnerCalls::CloseSessions(CloseSessionsRequest request, CallerRef caller,
                               Then<CloseSessionsResponse> then) {
  Make(close_sessions_, std::move(request), std::move(then), std::move(caller));
}

void OwnerCalls::ReadAgents(ReadAgentsRequest request, Then<ReadAgentsResponse> then) {
  Make(read_agents_, std::move(request), std::move(then));
}

void OwnerCalls::ReadWork(ReadWorkRequest request, Then<ReadWorkResponse> then) {
  Make(read_work_, std::move(request), std::move(then));
}

void OwnerCalls::ReadInquiries(ReadInquiriesRequest request, CallerRef caller,
                               Then<ReadInquiriesResponse> then) {
  Make(read_inquiries_, std::move(request), std::move(then), std::move(caller));
}

void OwnerCalls::ReadStats(ReadStatsRequest request, Then<ReadStatsResponse> then) {
  Make(read_stats_, std::move(request), std::move(then));
}

void OwnerCalls::Beat(BeatRequest request, Then<BeatResponse> then) {
  Make(beat_, std::move(request), std::move(then));
}

}  // namespace firstline::api
