#include "services/router/api/explain_service.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "services/router/api/convert_explain.h"
#include "services/router/api/convert_view.h"
#include "services/router/api/limits.h"
#include "services/router/store/public_messages.h"

namespace firstline::api {
namespace {

constexpr std::string_view kExplainService = "firstline.v1.ExplainService";

using InquiryCall = UnaryCall<v1::ExplainInquiryRequest, v1::ExplainInquiryResponse>;
using AgentCall = UnaryCall<v1::ExplainAgentRequest, v1::ExplainAgentResponse>;
using SubmitCall = UnaryCall<v1::ExplainSubmitRequest, v1::ExplainSubmitResponse>;

// Reads the state and tells workspace time, which goes on where nothing happens.
template <class Call>
void ReadAt(Backend& backend, Call& call,
            std::function<absl::Status(const engine::Engine&)> explain) {
  auto read_at = std::make_shared<engine::Time>();
  auto result = std::make_shared<absl::Status>();
  runtime::Call query{.workspace = call.request().workspace(),
                      .deadline = call.deadline(),
                      .body = [read_at, result, explain = std::move(explain)](
                                  const engine::Engine& engine) {
                        *read_at = engine.now();
                        *result = explain(engine);
                      }};
  backend.Submit(std::move(query), [&call, read_at, result](const runtime::Answer& answer) {
    const absl::Status read = ToStatus(answer, call.request().workspace());
    if (!read.ok()) return call.End(read);
    const engine::Time time = std::max(*read_at, std::get<runtime::Done>(answer).time);
    store::WriteMessage(time, call.response().mutable_time());
    call.End(*result);
  });
}

template <class Request>
void CheckListed(const Request& request, Fields& fields) {
  const Path agents("agent_ids");
  fields.Range(Path("candidates"), request.candidates(), 0, engine::limits::kCandidatesMax);
  if (!fields.AtMost(agents, static_cast<size_t>(request.agent_ids_size()),
                     limits::kExplainedAgentsMax)) {
    return;
  }
  std::set<std::string_view> seen;
  for (int i = 0; i < request.agent_ids_size(); ++i) {
    fields.Id(Path(agents, i), request.agent_ids(i));
    if (!seen.insert(request.agent_ids(i)).second) fields.Fail(Path(agents, i), "is named twice");
  }
}

size_t Listed(int asked) {
  return asked == 0 ? limits::kExplainedDefault : static_cast<size_t>(asked);
}

// Whom the caller sees, judged once a team.
std::function<bool(const engine::Agent&)> SeenBy(const CallerRef& caller,
                                                 const engine::Engine& engine) {
  if (caller->role != Role::kVendor) return nullptr;
  return [caller, &engine, teams = std::map<engine::NameIx, bool>()](
             const engine::Agent& agent) mutable {
    const auto [known, fresh] = teams.try_emplace(agent.team, false);
    if (fresh) known->second = Sees(*caller, engine, agent);
    return known->second;
  };
}

template <class Request>
absl::Status ReadOptions(const Request& request, const CallerRef& caller,
                         const engine::Engine& engine, engine::ExplainOptions& options) {
  options.candidates_max = Listed(request.candidates());
  options.sees = SeenBy(caller, engine);
  for (const std::string& agent_id : request.agent_ids()) {
    const engine::AgentIx ix = engine.FindAgent(agent_id);
    if (!ix.IsSet() || !Sees(*caller, engine, engine.agent(ix))) {
      return ToStatus(engine::Rejection::kUnknownAgent, agent_id, KindOf<engine::SetPresence>());
    }
    options.named.push_back(ix);
  }
  return absl::OkStatus();
}

// ---- The three calls ----------------------------------------------------------------------------

absl::Status ExplainInquiryNow(const engine::Engine& engine, InquiryCall& call) {
  const std::string& id = call.request().inquiry_id();
  const engine::InquiryIx ix = engine.FindInquiry(id);
  if (!ix.IsSet() || !Sees(*call.caller(), engine, engine.inquiry(ix))) {
    return ToStatus(engine::Rejection::kUnknownInquiry, id, KindOf<engine::Cancel>());
  }
  if (engine::IsEnded(engine.inquiry(ix).state)) {
    return ToStatus(engine::Rejection::kInquiryEnded, id, KindOf<engine::Cancel>());
  }
  engine::ExplainOptions options;
  if (auto s = ReadOptions(call.request(), call.caller(), engine, options); !s.ok()) return s;
  v1::InquiryExplanation* out = call.response().mutable_explanation();
  const engine::InquiryExplanation told = engine.ExplainInquiry(ix, engine.now(), options);
  WriteExplanation(engine, told, *call.caller(), out);
  WriteInquiry(engine, told.inquiry, out->mutable_inquiry());
  WriteProspect(told.place, told.expected, out->mutable_inquiry());
  Redact(*call.caller(), *out->mutable_inquiry());
  return absl::OkStatus();
}

void ExplainInquiry(Backend& backend, InquiryCall& call) {
  Fields fields;
  fields.Workspace(Path("workspace"), call.request().workspace());
  fields.Id(Path("inquiry_id"), call.request().inquiry_id());
  CheckListed(call.request(), fields);
  if (!fields.ok()) return call.End(fields.Error());
  ReadAt(backend, call, [&call](const engine::Engine& engine) {
    return ExplainInquiryNow(engine, call);
  });
}

absl::Status ExplainAgentNow(const engine::Engine& engine, AgentCall& call) {
  const v1::ExplainAgentRequest& request = call.request();
  const engine::AgentIx ix = engine.FindAgent(request.agent_id());
  if (!ix.IsSet() || !Sees(*call.caller(), engine, engine.agent(ix))) {
    return ToStatus(engine::Rejection::kUnknownAgent, request.agent_id(),
                    KindOf<engine::SetPresence>());
  }
  WriteExplanation(engine, ix,
                   engine.ExplainAgent(ix, engine.now(), Listed(request.inquiries())),
                   *call.caller(), &call.response());
  return absl::OkStatus();
}

void ExplainAgent(Backend& backend, AgentCall& call) {
  Fields fields;
  fields.Workspace(Path("workspace"), call.request().workspace());
  fields.Id(Path("agent_id"), call.request().agent_id());
  fields.Range(Path("inquiries"), call.request().inquiries(), 0, engine::limits::kCandidatesMax);
  if (!fields.ok()) return call.End(fields.Error());
  ReadAt(backend, call, [&call](const engine::Engine& engine) {
    return ExplainAgentNow(engine, call);
  });
}

// The inquiry that a dry run made up.
void WriteSupposed(const engine::Engine& engine, const v1::InquirySpec& spec,
                   const engine::InquiryExplanation& explanation, v1::Inquiry* out) {
  const engine::Inquiry& inquiry = explanation.inquiry;
  *out->mutable_spec() = spec;
  out->mutable_spec()->set_queue(engine.QueueId(inquiry.queue));
  out->mutable_spec()->set_priority(inquiry.priority);
  out->mutable_spec()->clear_preferred_agents();
  for (const engine::AgentIx agent : inquiry.preferred) {
    out->mutable_spec()->add_preferred_agents(engine.AgentId(agent));
  }
  out->set_state(v1::INQUIRY_STATE_WAITING);
  out->set_step(inquiry.step);
  out->set_units(inquiry.units);
  out->set_held(inquiry.held);
  WriteProspect(explanation.place, explanation.expected, out);
  store::WriteMessage(inquiry.create_time, out->mutable_create_time());
  store::WriteMessage(inquiry.enqueue_time, out->mutable_enqueue_time());
  if (inquiry.arrival_time != inquiry.create_time) {
    store::WriteMessage(inquiry.arrival_time, out->mutable_arrival_time());
  }
}

absl::Status ExplainSubmitNow(const engine::Engine& engine, engine::Command& command,
                              SubmitCall& call) {
  auto& submit = std::get<engine::Submit>(command.body);
  // Nobody named it: any id will do that is not taken.
  while (call.request().inquiry().id().empty() && engine.FindInquiry(submit.inquiry_id).IsSet()) {
    submit.inquiry_id += '?';
  }
  engine::ExplainOptions options;
  if (auto s = ReadOptions(call.request(), call.caller(), engine, options); !s.ok()) return s;
  const engine::DryRun run = engine.ExplainSubmit(command, engine.now(), options);
  if (!run.outcome.ok()) {
    return ToStatus(run.outcome.rejection, run.outcome.subject, KindOf<engine::Submit>());
  }
  v1::ExplainSubmitResponse& out = call.response();
  out.set_rule(run.rule);
  out.set_classifier(run.classifier);
  out.set_ends(run.ends);
  out.set_undecided(run.undecided);
  for (const engine::QueueIx queue : run.passed_through) {
    out.add_passed_through(engine.QueueId(queue));
  }
  v1::InquiryExplanation* explanation = out.mutable_explanation();
  WriteExplanation(engine, run.explanation, *call.caller(), explanation);
  WriteSupposed(engine, call.request().inquiry(), run.explanation,
                explanation->mutable_inquiry());
  return absl::OkStatus();
}

void ExplainSubmit(Backend& backend, SubmitCall& call) {
  v1::SubmitInquiryRequest request;
  request.set_workspace(call.request().workspace());
  *request.mutable_inquiry() = call.request().inquiry();
  if (request.inquiry().id().empty()) request.mutable_inquiry()->set_id("?");
  absl::StatusOr<engine::Command> command = ToCommand(request);
  if (!command.ok()) return call.End(command.status());
  Fields fields;
  CheckListed(call.request(), fields);
  if (!fields.ok()) return call.End(fields.Error());
  ReadAt(backend, call, [&call, command = *std::move(command)](
                            const engine::Engine& engine) mutable {
    return ExplainSubmitNow(engine, command, call);
  });
}

}  // namespace

void ServeExplain(const std::shared_ptr<RpcLoop>& loop, ExplainService& service,
                  const Forwarding& forwarding) {
  Backend& backend = forwarding.backend;
  const UnaryServer<ExplainService> server(loop, service, kExplainService, &forwarding);
  server.Serve("ExplainInquiry", &ExplainService::RequestExplainInquiry, Order::kAny,
               [&backend](InquiryCall& call) { ExplainInquiry(backend, call); });
  server.Serve("ExplainAgent", &ExplainService::RequestExplainAgent, Order::kAny,
               [&backend](AgentCall& call) { ExplainAgent(backend, call); });
  server.Serve("ExplainSubmit", &ExplainService::RequestExplainSubmit, Order::kAny,
               [&backend](SubmitCall& call) { ExplainSubmit(backend, call); });
}

}  // namespace firstline::api
