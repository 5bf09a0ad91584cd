#include "services/router/api/access.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "common/status/reason.h"

namespace firstline::api {
namespace {

constexpr Role kPlatform = Role::kPlatform, kAgent = Role::kAgent, kSupervisor = Role::kSupervisor,
               kOperator = Role::kOperator, kVendor = Role::kVendor;
constexpr Roles kAll{kPlatform, kAgent, kSupervisor, kOperator, kVendor};
// Whoever reads whole workspaces.
constexpr Roles kStaff{kPlatform, kSupervisor, kOperator};
// What is done to an inquiry by whoever serves it.
constexpr Roles kServing{kPlatform, kAgent, kOperator};
constexpr Roles kUnasked{Role::kAnyone};

// The method of a path such as "/firstline.v1.RoutingService/GetInquiry"; null if there is none.
const google::protobuf::MethodDescriptor* MethodOf(std::string_view rpc) {
  std::string name(rpc.substr(1));
  std::replace(name.begin(), name.end(), '/', '.');
  return google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name);
}

absl::Status NotAllowed(const std::string& message, const char* reason,
                        std::map<std::string, std::string> metadata = {}) {
  return status::Error(absl::StatusCode::kPermissionDenied, message,
                       {.reason = reason, .metadata = std::move(metadata)});
}

}  // namespace

const std::vector<Access>& AccessTable() {
  static const std::vector<Access> table = {
      {"/firstline.v1.RoutingService/SubmitInquiry", {kPlatform, kOperator}},
      {"/firstline.v1.RoutingService/GetInquiry", kAll},
      {"/firstline.v1.RoutingService/ListInquiries", kAll},
      {"/firstline.v1.RoutingService/UpdateInquiry", kStaff},
      {"/firstline.v1.RoutingService/CancelInquiry", kStaff},
      {"/firstline.v1.RoutingService/TransferInquiry", {kPlatform, kAgent, kSupervisor, kOperator}},
      {"/firstline.v1.RoutingService/RecordMessage", kServing},
      {"/firstline.v1.RoutingService/ParkInquiry", kServing},
      {"/firstline.v1.RoutingService/ResumeInquiry", kServing},
      {"/firstline.v1.RoutingService/CloseInquiry", {kPlatform, kAgent, kSupervisor, kOperator}},
      {"/firstline.v1.RoutingService/ClaimInquiry", kServing},
      {"/firstline.v1.RoutingService/AssignInquiry", kStaff},
      {"/firstline.v1.RoutingService/ReopenInquiry", kStaff},
      {"/firstline.v1.RoutingService/RecordFeedback", {kPlatform, kOperator}},
      {"/firstline.v1.RoutingService/WatchEvents", {kPlatform, kSupervisor, kOperator, kVendor}},
      {"/firstline.v1.RoutingService/WatchInquiries", kAll},
      // Each command is judged as the call of its name.
      {"/firstline.v1.RoutingService/Commands", {kPlatform, kAgent, kSupervisor, kOperator}},

      {"/firstline.v1.AgentService/SetPresence", {kPlatform, kAgent, kSupervisor, kOperator}},
      {"/firstline.v1.AgentService/GetAgent", kAll},
      {"/firstline.v1.AgentService/ListAgents", {kPlatform, kSupervisor, kOperator, kVendor}},
      {"/firstline.v1.AgentService/AcceptOffer", kServing},
      {"/firstline.v1.AgentService/DeclineOffer", kServing},
      {"/firstline.v1.AgentService/FinishWrapUp", kServing},
      {"/firstline.v1.AgentService/ExtendWrapUp", kServing},
      {"/firstline.v1.AgentService/WatchAgents", kServing},

      {"/firstline.v1.ConfigService/ApplyWorkspace", {kOperator}},
      {"/firstline.v1.ConfigService/GetWorkspace", kStaff},
      // Those of the token.
      {"/firstline.v1.ConfigService/ListWorkspaces", kAll},
      {"/firstline.v1.ConfigService/DeleteWorkspace", {kOperator}},
      {"/firstline.v1.ConfigService/UpsertAgents", {kSupervisor, kOperator}},
      {"/firstline.v1.ConfigService/DeleteAgents", {kSupervisor, kOperator}},

      {"/firstline.v1.StatsService/GetQueueStats", kStaff},
      {"/firstline.v1.StatsService/GetAgentStats", kAll},
      {"/firstline.v1.StatsService/WatchStats", kStaff},

      {"/firstline.v1.ClockService/GetTime", kAll},
      {"/firstline.v1.ClockService/AdvanceTime", {kOperator}},

      {"/firstline.v1.StatusService/GetStatus", {kOperator}},

      {"/firstline.v1.ExplainService/ExplainInquiry",
       {kPlatform, kSupervisor, kOperator, kVendor}},
      {"/firstline.v1.ExplainService/ExplainAgent", {kPlatform, kSupervisor, kOperator, kVendor}},
      {"/firstline.v1.ExplainService/ExplainSubmit", kStaff},

      {"/firstline.internal.v1.ForwardService/Forward", {Role::kPod}},
      {"/grpc.health.v1.Health/Check", kUnasked},
      {"/grpc.health.v1.Health/List", kUnasked},
      {"/grpc.health.v1.Health/Watch", kUnasked},
  };
  return table;
}

Roles RolesOf(std::string_view rpc) {
  for (const Access& access : AccessTable()) {
    if (access.rpc == rpc) return access.roles;
  }
  return {};
}

Roles RolesOf(const google::protobuf::Descriptor* request) {
  static const auto* by_request = [] {
    auto* roles = new std::unordered_map<const google::protobuf::Descriptor*, Roles>;
    for (const Access& access : AccessTable()) {
      if (const auto* method = MethodOf(access.rpc)) (*roles)[method->input_type()] = access.roles;
    }
    return roles;
  }();
  const auto found = by_request->find(request);
  return found == by_request->end() ? Roles() : found->second;
}

std::string_view RpcOf(const google::protobuf::Descriptor* request) {
  for (const Access& access : AccessTable()) {
    const auto* method = MethodOf(access.rpc);
    if (method != nullptr && method->input_type() == request) return access.rpc;
  }
  return {};
}

std::string_view ToString(Role role) {
  switch (role) {
    case Role::kPlatform: return "platform";
    case Role::kAgent: return "agent";
    case Role::kSupervisor: return "supervisor";
    case Role::kOperator: return "operator";
    case Role::kVendor: return "vendor";
    case Role::kPod:
    case Role::kAnyone: break;
  }
  return "";
}

bool Caller::MayEnter(const std::string& workspace) const {
  return all_workspaces || std::binary_search(workspaces.begin(), workspaces.end(), workspace);
}

const CallerRef& Everybody() {
  // Without a count of owners: it is copied for every call.
  static const Caller everybody;
  static const CallerRef ref(std::shared_ptr<const Caller>(), &everybody);
  return ref;
}

CallerRef ForwardedCaller(const std::string& agent_id, const std::string& vendor,
                          engine::CallerRef told) {
  if (agent_id.empty() && vendor.empty() && told == nullptr) return Everybody();
  auto caller = std::make_shared<Caller>();
  if (!vendor.empty()) caller->role = Role::kVendor;
  if (!agent_id.empty()) caller->role = Role::kAgent;
  caller->told = std::move(told);
  caller->agent_id = agent_id;
  caller->vendor = vendor;
  return caller;
}

absl::Status RoleNotAllowed(Role role) {
  const std::string name(ToString(role));
  return NotAllowed(absl::StrCat("not for role ", name), "ROLE_NOT_ALLOWED", {{"role", name}});
}

absl::Status WorkspaceNotAllowed(const std::string& workspace) {
  return NotAllowed("the token is not for this workspace", "WORKSPACE_NOT_ALLOWED",
                    {{"workspace", workspace}});
}

absl::Status AgentNotAllowed() {
  return NotAllowed("an agent acts as itself, and names itself in agent_id", "AGENT_NOT_ALLOWED");
}

bool Sees(const Caller& caller, const engine::Engine& engine, const engine::Agent& agent) {
  return caller.role != Role::kVendor || engine.VendorOf(agent.team) == caller.vendor;
}

// Whether the agent who calls suits an inquiry that waits to be claimed.
static bool MayClaim(const Caller& caller, const engine::Engine& engine, const engine::Inquiry& inquiry) {
  if (inquiry.state != engine::InquiryState::kWaiting) return false;
  if (!engine.queue(inquiry.queue).allow_claim) return false;
  const engine::AgentIx ix = engine.FindAgent(caller.agent_id);
  if (!ix.IsSet()) return false;
  const bool is_excluded = std::any_of(
      inquiry.exceptions.begin(), inquiry.exceptions.end(),
      [&](const engine::Exception& e) { return e.agent == ix && e.named_by_caller; });
  return !is_excluded && engine::Qualifies(engine.AudienceOf(inquiry),
                                           engine.requirement(inquiry.asked),
                                           engine.profile(engine.agent(ix).profile)) ==
                             engine::Mismatch::kNone;
}

bool Sees(const Caller& caller, const engine::Engine& engine, const engine::Inquiry& inquiry) {
  if (caller.role != Role::kAgent && caller.role != Role::kVendor) return true;
  if (caller.role == Role::kAgent && MayClaim(caller, engine, inquiry)) return true;
  return AnyAgentOf(inquiry, [&](engine::AgentIx agent) {
    return caller.role == Role::kAgent ? engine.AgentId(agent) == caller.agent_id
                                       : Sees(caller, engine, engine.agent(agent));
  });
}

bool Sees(const Caller& caller, const v1::Event& event) {
  return caller.role != Role::kVendor || event.vendor() == caller.vendor;
}

void Redact(const Caller& caller, v1::Inquiry& inquiry) {
  if (caller.role != Role::kVendor) return;
  inquiry.mutable_spec()->clear_customer();
  inquiry.mutable_spec()->clear_attributes();
  inquiry.clear_also_offered_to();  // may be other vendors' agents
}

void Redact(const Caller& caller, v1::Event& event) {
  if (caller.role != Role::kVendor) return;
  // Its agent did it. Others may be the customer's staff, or another vendor's.
  const bool own = event.caller().role() == v1::CALLER_ROLE_AGENT &&
                   event.caller().agent_id() == event.agent_id();
  if (!own) event.clear_caller();
  v1::InquirySpec* spec = nullptr;
  if (event.has_inquiry_transferred()) spec = event.mutable_inquiry_transferred()->mutable_spec();
  if (event.has_inquiry_reopened()) spec = event.mutable_inquiry_reopened()->mutable_spec();
  if (spec == nullptr) return;
  spec->clear_customer();
  spec->clear_attributes();
}

bool AnyAgentOf(const engine::Inquiry& inquiry,
                const std::function<bool(engine::AgentIx)>& is_theirs) {
  if (!inquiry.agent.IsSet()) return false;
  if (is_theirs(inquiry.agent)) return true;
  const auto* others = inquiry.also_asked.get();
  return others != nullptr &&
         std::any_of(others->begin(), others->end(), [&](const engine::AlsoAsked& other) {
           return other.open && is_theirs(other.agent);
         });
}

}  // namespace firstline::api
