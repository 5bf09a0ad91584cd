#include "tests/cli/fake_router.h"

#include <google/protobuf/util/time_util.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "common/rpc/error.h"
#include "common/status/reason.h"

namespace firstline::test {
namespace {

using google::protobuf::util::TimeUtil;
using Lock = std::unique_lock<std::mutex>;

constexpr std::uint64_t kEpoch = 7;

absl::Status Refuse(absl::StatusCode code, const std::string& reason, const std::string& what) {
  return status::Error(code, what, {.reason = reason});
}

}  // namespace

// ---- The services: each takes the lock and asks the router --------------------------------------

struct FakeRouter::Services final : v1::ConfigService::Service,
                                    v1::RoutingService::Service,
                                    v1::AgentService::Service,
                                    v1::ClockService::Service,
                                    v1::StatsService::Service {
  using Context = grpc::ServerContext;
  explicit Services(FakeRouter& owner) : router(owner) {}

  grpc::Status ApplyWorkspace(Context*, const v1::ApplyWorkspaceRequest* request,
                              v1::ApplyWorkspaceResponse* response) override {
    Lock lock(router.mutex_);
    const absl::Status applied = router.Configure(*request);
    if (!applied.ok()) return rpc::ToGrpc(applied);
    response->set_etag("e1");
    if (request->validate_only()) {
      v1::ConfigWarning& warning = *response->add_warnings();
      warning.set_path("queues[care]");
      warning.set_text("queue care: no agent qualifies");
      return grpc::Status::OK;
    }
    *response->mutable_receipt() = router.ReceiptFor(nullptr);
    return grpc::Status::OK;
  }
  grpc::Status GetWorkspace(Context*, const v1::GetWorkspaceRequest* request,
                            v1::GetWorkspaceResponse* response) override {
    Lock lock(router.mutex_);
    if (auto known = router.CheckWorkspace(request->workspace()); !known.ok()) {
      return rpc::ToGrpc(known);
    }
    *response->mutable_workspace() = router.workspace_;
    response->mutable_workspace()->clear_agents();
    response->mutable_workspace()->set_etag("e1");
    response->set_agent_count(router.workspace_.agents_size());
    return grpc::Status::OK;
  }
  grpc::Status ListWorkspaces(Context*, const v1::ListWorkspacesRequest*,
                              v1::ListWorkspacesResponse* response) override {
    Lock lock(router.mutex_);
    if (router.exists_) response->add_workspaces(router.workspace_.id());
    return grpc::Status::OK;
  }
  grpc::Status DeleteWorkspace(Context*, const v1::DeleteWorkspaceRequest* request,
                               v1::DeleteWorkspaceResponse*) override {
    Lock lock(router.mutex_);
    if (auto known = router.CheckWorkspace(request->workspace()); !known.ok()) {
      return rpc::ToGrpc(known);
    }
    router.exists_ = false;
    router.workspace_.Clear();
    router.customers_.clear();
    router.waiting_.clear();
    router.servers_.clear();
    router.stats_.clear();
    router.events_.clear();
    return grpc::Status::OK;
  }

  template <class Request, class Response>
  grpc::Status Mutate(const Request& request, Response& response, v1::Command command,
                      Request* (v1::Command::*part)()) {
    *(command.*part)() = request;
    Lock lock(router.mutex_);
    const auto receipt = router.Apply(command);
    if (!receipt.ok()) return rpc::ToGrpc(receipt.status());
    *response.mutable_receipt() = *receipt;
    return grpc::Status::OK;
  }
  grpc::Status SubmitInquiry(Context*, const v1::SubmitInquiryRequest* request,
                             v1::SubmitInquiryResponse* response) override {
    return Mutate(*request, *response, {}, &v1::Command::mutable_submit_inquiry);
  }
  grpc::Status CancelInquiry(Context*, const v1::CancelInquiryRequest* request,
                             v1::CancelInquiryResponse* response) override {
    return Mutate(*request, *response, {}, &v1::Command::mutable_cancel_inquiry);
  }
  grpc::Status CloseInquiry(Context*, const v1::CloseInquiryRequest* request,
                            v1::CloseInquiryResponse* response) override {
    return Mutate(*request, *response, {}, &v1::Command::mutable_close_inquiry);
  }
  grpc::Status SetPresence(Context*, const v1::SetPresenceRequest* request,
                           v1::SetPresenceResponse* response) override {
    return Mutate(*request, *response, {}, &v1::Command::mutable_set_presence);
  }
  grpc::Status GetInquiry(Context*, const v1::GetInquiryRequest* request,
                          v1::GetInquiryResponse* response) override {
    Lock lock(router.mutex_);
    const auto found = router.customers_.find(request->inquiry_id());
    if (found == router.customers_.end()) {
      return rpc::ToGrpc(Refuse(absl::StatusCode::kNotFound, "UNKNOWN_INQUIRY",
                                "no inquiry '" + request->inquiry_id() + "'"));
    }
    *response->mutable_inquiry() = found->second.inquiry;
    return grpc::Status::OK;
  }
  // One a page, so that whoever asks has to turn pages.
  grpc::Status ListInquiries(Context*, const v1::ListInquiriesRequest* request,
                             v1::ListInquiriesResponse* response) override {
    Lock lock(router.mutex_);
    for (auto it = router.customers_.upper_bound(request->page_token());
         it != router.customers_.end(); ++it) {
      const v1::Inquiry& inquiry = it->second.inquiry;
      const auto& states = request->states();
      const bool wanted =
          states.empty() || std::find(states.begin(), states.end(), inquiry.state()) != states.end();
      if (!wanted) continue;
      *response->add_inquiries() = inquiry;
      response->set_next_page_token(it->first);
      break;
    }
    return grpc::Status::OK;
  }
  grpc::Status ListAgents(Context*, const v1::ListAgentsRequest* request,
                          v1::ListAgentsResponse* response) override {
    Lock lock(router.mutex_);
    const auto it = router.servers_.upper_bound(request->page_token());
    if (it == router.servers_.end()) return grpc::Status::OK;
    *response->add_agents() = it->second.status;
    response->set_next_page_token(it->first);
    return grpc::Status::OK;
  }
  grpc::Status Commands(Context*, grpc::ServerReaderWriter<v1::CommandsResponse,
                                                           v1::CommandsRequest>* stream) override {
    v1::CommandsRequest request;
    while (stream->Read(&request)) {
      v1::CommandsResponse response;
      Lock lock(router.mutex_);
      for (const v1::Command& command : request.commands()) {
        v1::CommandResult& result = *response.add_results();
        result.set_id(command.id());
        const auto receipt = router.Apply(command);
        if (receipt.ok()) {
          *result.mutable_receipt() = *receipt;
        } else {
          *result.mutable_error() = rpc::ToProto(receipt.status());
        }
      }
      lock.unlock();
      stream->Write(response);
    }
    return grpc::Status::OK;
  }
  grpc::Status WatchEvents(Context* context, const v1::WatchEventsRequest* request,
                           grpc::ServerWriter<v1::WatchEventsResponse>* writer) override {
    Lock lock(router.mutex_);
    std::size_t next = router.events_.size();
    if (!request->cursor().empty()) {
      next = std::stoul(request->cursor().substr(request->cursor().find('-') + 1));
    }
    while (!router.stopping_ && !context->IsCancelled()) {
      v1::WatchEventsResponse response;
      for (; next < router.events_.size() && response.events_size() < 256; ++next) {
        *response.add_events() = router.events_[next];
      }
      if (response.events_size() == 0) {
        router.published_.wait_for(lock, std::chrono::milliseconds(20));
        continue;
      }
      response.set_cursor(response.events(response.events_size() - 1).id());
      lock.unlock();
      writer->Write(response);
      lock.lock();
    }
    return grpc::Status::OK;
  }
  grpc::Status GetTime(Context*, const v1::GetTimeRequest*,
                       v1::GetTimeResponse* response) override {
    Lock lock(router.mutex_);
    router.Stamp();
    response->set_driven(router.options_.driven);
    *response->mutable_time() = TimeUtil::MicrosecondsToTimestamp(router.NowUs());
    return grpc::Status::OK;
  }
  grpc::Status AdvanceTime(Context*, const v1::AdvanceTimeRequest* request,
                           v1::AdvanceTimeResponse* response) override {
    Lock lock(router.mutex_);
    if (!router.options_.driven) {
      return rpc::ToGrpc(Refuse(absl::StatusCode::kFailedPrecondition, "CLOCK_NOT_DRIVEN",
                                "the clock is not driven"));
    }
    router.driven_us_ =
        std::max(router.driven_us_, TimeUtil::TimestampToMicroseconds(request->to()));
    *response->mutable_time() = TimeUtil::MicrosecondsToTimestamp(router.driven_us_);
    response->set_event_cursor(router.Cursor());
    return grpc::Status::OK;
  }
  grpc::Status GetQueueStats(Context*, const v1::GetQueueStatsRequest* request,
                             v1::GetQueueStatsResponse* response) override {
    Lock lock(router.mutex_);
    if (auto known = router.CheckWorkspace(request->workspace()); !known.ok()) {
      return rpc::ToGrpc(known);
    }
    for (const auto& [queue, stats] : router.stats_) *response->add_queues() = stats;
    return grpc::Status::OK;
  }

  FakeRouter& router;
};

FakeRouter::FakeRouter(const Options& options)
    : options_(options), services_(std::make_unique<Services>(*this)) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(static_cast<v1::ConfigService::Service*>(services_.get()));
  builder.RegisterService(static_cast<v1::RoutingService::Service*>(services_.get()));
  builder.RegisterService(static_cast<v1::AgentService::Service*>(services_.get()));
  builder.RegisterService(static_cast<v1::ClockService::Service*>(services_.get()));
  builder.RegisterService(static_cast<v1::StatsService::Service*>(services_.get()));
  server_ = builder.BuildAndStart();
  address_ = absl::StrCat("127.0.0.1:", port);
}

FakeRouter::~FakeRouter() {
  {
    Lock lock(mutex_);
    stopping_ = true;
  }
  published_.notify_all();
  server_->Shutdown(std::chrono::system_clock::now());
}

v1::Workspace FakeRouter::workspace() {
  Lock lock(mutex_);
  return workspace_;
}

// ---- What it decides ----------------------------------------------------------------------------

// A command and all that it causes happen at one instant.
std::int64_t FakeRouter::NowUs() const { return options_.driven ? driven_us_ : stamp_us_; }

void FakeRouter::Stamp() {
  stamp_us_ = std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string FakeRouter::Cursor() const { return absl::StrCat(kEpoch, "-", events_.size()); }

v1::Event& FakeRouter::Emit(const std::string& inquiry, const std::string& agent) {
  v1::Event& event = events_.emplace_back();
  event.set_id(Cursor());
  *event.mutable_time() = TimeUtil::MicrosecondsToTimestamp(NowUs());
  event.set_workspace(workspace_.id());
  event.set_inquiry_id(inquiry);
  event.set_agent_id(agent);
  if (const auto found = customers_.find(inquiry); found != customers_.end()) {
    event.set_queue_id(found->second.inquiry.spec().queue());
  }
  published_.notify_all();
  return event;
}

v1::Receipt FakeRouter::ReceiptFor(const v1::Inquiry* inquiry) const {
  v1::Receipt receipt;
  receipt.set_event_cursor(Cursor());
  *receipt.mutable_apply_time() = TimeUtil::MicrosecondsToTimestamp(NowUs());
  if (inquiry == nullptr) return receipt;
  receipt.set_inquiry_state(inquiry->state());
  receipt.set_agent_id(inquiry->agent_id());
  return receipt;
}

v1::QueueStats& FakeRouter::StatsOf(const std::string& queue) {
  v1::QueueStats& stats = stats_[queue];
  stats.set_queue(queue);
  return stats;
}

absl::Status FakeRouter::CheckWorkspace(const std::string& workspace) const {
  if (exists_ && workspace == workspace_.id()) return absl::OkStatus();
  return Refuse(absl::StatusCode::kNotFound, "UNKNOWN_WORKSPACE",
                "no workspace '" + workspace + "'");
}

absl::Status FakeRouter::Configure(const v1::ApplyWorkspaceRequest& request) {
  Stamp();
  if (request.workspace().channels().empty()) {
    return status::Error(absl::StatusCode::kInvalidArgument, "the configuration is not consistent",
                         {.reason = "CONFIG_INVALID",
                          .violations = {{"workspace.channels", "at least one is needed"}}});
  }
  if (request.validate_only()) return absl::OkStatus();
  if (exists_ && request.create()) {
    return Refuse(absl::StatusCode::kAlreadyExists, "WORKSPACE_EXISTS", "it exists");
  }
  exists_ = true;
  workspace_ = request.workspace();
  if (events_.empty()) Emit("", "").mutable_owner_changed()->set_epoch(kEpoch);
  *Emit("", "").mutable_workspace_applied()->mutable_workspace() = workspace_;
  for (const v1::Queue& queue : workspace_.queues()) StatsOf(queue.id());
  for (const v1::Agent& agent : workspace_.agents()) {
    *servers_[agent.id()].status.mutable_agent() = agent;
    servers_[agent.id()].status.set_presence(v1::PRESENCE_OFFLINE);
    *Emit("", agent.id()).mutable_agent_upserted()->mutable_agent() = agent;
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Receipt> FakeRouter::Apply(const v1::Command& command) {
  Stamp();
  switch (command.command_case()) {
    case v1::Command::kSubmitInquiry: return Submit(command.submit_inquiry());
    case v1::Command::kCancelInquiry:
      return End(command.cancel_inquiry().inquiry_id(), v1::INQUIRY_STATE_CANCELLED,
                 command.cancel_inquiry().reason(), v1::RESOLUTION_UNSPECIFIED);
    case v1::Command::kCloseInquiry:
      return End(command.close_inquiry().inquiry_id(), v1::INQUIRY_STATE_CLOSED,
                 v1::CANCEL_REASON_UNSPECIFIED, command.close_inquiry().resolution());
    case v1::Command::kSetPresence: return SetPresence(command.set_presence());
    default: return absl::UnimplementedError("not this one");
  }
}

absl::StatusOr<v1::Receipt> FakeRouter::Submit(const v1::SubmitInquiryRequest& request) {
  if (auto known = CheckWorkspace(request.workspace()); !known.ok()) return known;
  const v1::InquirySpec& spec = request.inquiry();
  if (!stats_.contains(spec.queue())) {
    return status::Error(absl::StatusCode::kNotFound, "no queue '" + spec.queue() + "'",
                         {.reason = "UNKNOWN_QUEUE",
                          .violations = {{"inquiry.queue", "no such queue"}}});
  }
  auto [it, fresh] = customers_.try_emplace(spec.id());
  Customer& customer = it->second;
  if (!fresh) return ReceiptFor(&customer.inquiry);
  *customer.inquiry.mutable_spec() = spec;
  customer.inquiry.set_units(1);
  customer.inquiry.set_state(v1::INQUIRY_STATE_WAITING);
  *customer.inquiry.mutable_create_time() = TimeUtil::MicrosecondsToTimestamp(NowUs());
  customer.turn = ++turns_;
  waiting_[customer.turn] = spec.id();
  StatsOf(spec.queue()).set_submitted(StatsOf(spec.queue()).submitted() + 1);
  *Emit(spec.id(), "").mutable_inquiry_submitted()->mutable_inquiry() = customer.inquiry;
  v1::InquiryEnqueued& enqueued = *Emit(spec.id(), "").mutable_inquiry_enqueued();
  enqueued.set_queue(spec.queue());
  enqueued.set_cause(v1::ENQUEUE_CAUSE_SUBMITTED);
  Settle();
  return ReceiptFor(&customer.inquiry);
}

absl::StatusOr<v1::Receipt> FakeRouter::End(const std::string& id, v1::InquiryState state,
                                            v1::CancelReason reason, v1::Resolution resolution) {
  const auto found = customers_.find(id);
  if (found == customers_.end()) {
    return Refuse(absl::StatusCode::kNotFound, "UNKNOWN_INQUIRY", "no inquiry '" + id + "'");
  }
  Customer& customer = found->second;
  const v1::InquiryState before = customer.inquiry.state();
  if (before == v1::INQUIRY_STATE_CLOSED || before == v1::INQUIRY_STATE_CANCELLED) {
    if (before == state) return ReceiptFor(&customer.inquiry);
    return Refuse(absl::StatusCode::kFailedPrecondition, "INQUIRY_ENDED", "it has ended");
  }
  customer.inquiry.set_state(state);
  waiting_.erase(customer.turn);
  if (state == v1::INQUIRY_STATE_CANCELLED) {
    v1::QueueStats& stats = StatsOf(customer.inquiry.spec().queue());
    if (reason == v1::CANCEL_REASON_ABANDONED) stats.set_abandoned(stats.abandoned() + 1);
    const bool forget = options_.fault == Fault::kForgetsHangUp && ++hang_ups_ % 10 == 0;
    if (!forget) Emit(id, "").mutable_inquiry_cancelled()->set_reason(reason);
  } else {
    Emit(id, customer.inquiry.agent_id()).mutable_inquiry_closed()->set_resolution(resolution);
  }
  if (before == v1::INQUIRY_STATE_ASSIGNED) {
    Server& server = servers_[customer.inquiry.agent_id()];
    --server.load;
    server.idle_turn = ++turns_;
    FinishDrain(server);
  }
  Settle();
  return ReceiptFor(&customer.inquiry);
}

void FakeRouter::FinishDrain(Server& server) {
  if (server.status.presence() != v1::PRESENCE_DRAINING || server.load > 0) return;
  server.status.set_presence(v1::PRESENCE_OFFLINE);
  Emit("", server.status.agent().id())
      .mutable_presence_changed()
      ->set_presence(v1::PRESENCE_OFFLINE);
}

absl::StatusOr<v1::Receipt> FakeRouter::SetPresence(const v1::SetPresenceRequest& request) {
  const auto found = servers_.find(request.agent_id());
  if (found == servers_.end()) {
    return Refuse(absl::StatusCode::kNotFound, "UNKNOWN_AGENT",
                  "no agent '" + request.agent_id() + "'");
  }
  Server& server = found->second;
  server.status.set_presence(request.presence());
  server.idle_turn = ++turns_;
  Emit("", request.agent_id()).mutable_presence_changed()->set_presence(request.presence());
  FinishDrain(server);
  Settle();
  return ReceiptFor(nullptr);
}

bool FakeRouter::Suits(const Customer& customer, const Server& server) const {
  const int capacity = options_.fault == Fault::kTwoAtOnce ? 2 : 1;
  if (server.status.presence() != v1::PRESENCE_AVAILABLE || server.load >= capacity) return false;
  for (const v1::Queue& queue : workspace_.queues()) {
    if (queue.id() != customer.inquiry.spec().queue()) continue;
    for (const v1::SkillRequirement& needed : queue.requirement().skills()) {
      const auto& skills = server.status.agent().skills();
      const auto has = [&](const v1::AgentSkill& s) { return s.skill() == needed.skill(); };
      if (std::none_of(skills.begin(), skills.end(), has)) return false;
    }
  }
  return true;
}

void FakeRouter::Settle() {
  std::vector<std::uint64_t> turns;
  for (const auto& [turn, id] : waiting_) turns.push_back(turn);
  if (options_.fault == Fault::kNewestFirst) std::reverse(turns.begin(), turns.end());
  for (std::uint64_t turn : turns) {
    Customer& customer = customers_[waiting_[turn]];
    Server* best = nullptr;
    for (auto& [id, server] : servers_) {
      if (!Suits(customer, server)) continue;
      if (best == nullptr || server.idle_turn < best->idle_turn) best = &server;
    }
    if (best != nullptr) Assign(customer, *best);
  }
}

void FakeRouter::Assign(Customer& customer, Server& server) {
  waiting_.erase(customer.turn);
  ++server.load;
  v1::Inquiry& inquiry = customer.inquiry;
  inquiry.set_state(v1::INQUIRY_STATE_ASSIGNED);
  inquiry.set_agent_id(server.status.agent().id());
  v1::InquiryAssigned& assigned =
      *Emit(inquiry.spec().id(), inquiry.agent_id()).mutable_inquiry_assigned();
  assigned.set_offer_id(inquiry.spec().id() + "/1");
  assigned.set_automatic(true);
  assigned.set_units(1);
  const std::int64_t wait_us = NowUs() - TimeUtil::TimestampToMicroseconds(inquiry.create_time());
  v1::QueueStats& stats = StatsOf(inquiry.spec().queue());
  stats.set_answered(stats.answered() + 1);
  if (wait_us <= 20'000'000) stats.set_answered_within_target(stats.answered_within_target() + 1);
  *stats.mutable_answered_wait()->mutable_sum() =
      stats.answered_wait().sum() + TimeUtil::MicrosecondsToDuration(wait_us);
}

}  // namespace firstline::test
