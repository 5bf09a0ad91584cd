// Who may do what: the one table of RPCs and roles, and what a caller is limited to by its token.
//
//   const Roles roles = RolesOf("/firstline.v1.RoutingService/SubmitInquiry");
//   if (!roles.Has(caller.role)) return RoleNotAllowed(caller.role);
//   if (absl::Status s = CheckRequest(caller, request); !s.ok()) return s;
//
// Three questions, asked in this order: may the role make this call (the table); is what the request
// names the caller's own (CheckRequest: workspace, agent); may the caller see what is found (Sees, in
// handlers). What a caller may not see does not exist for it. The pod that took a call asks the first
// two; the owner, who trusts pods alone, asks the third with what the pod says of the caller.
//
// Threads: pure functions on values.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "absl/status/status.h"
#include "firstline/v1/event.pb.h"
#include "firstline/v1/inquiry.pb.h"
#include "firstline/v1/routing_service.pb.h"
#include "services/router/api/fields.h"
#include "services/router/engine/engine.h"

namespace firstline::api {

enum class Role : uint8_t {
  kPlatform,    // a backend: inquiries, and agents on their behalf
  kAgent,       // one agent, as itself
  kSupervisor,  // sees all of a workspace, manages people, moves and ends inquiries
  kOperator,    // everything
  kVendor,      // sees its own agents and what they work on
  kPod,         // another router: by certificate, never by token
  kAnyone,      // nothing is asked of the caller
};
// "platform"; those of tokens only.
std::string_view ToString(Role role);

class Roles {
 public:
  constexpr Roles() = default;
  constexpr Roles(std::initializer_list<Role> roles) {
    for (const Role role : roles) bits_ |= Bit(role);
  }
  constexpr bool Has(Role role) const { return (bits_ & Bit(role)) != 0; }

 private:
  static constexpr uint32_t Bit(Role role) { return uint32_t{1} << static_cast<int>(role); }
  uint32_t bits_ = 0;
};

struct Access {
  std::string_view rpc;  // "/package.Service/Method"
  Roles roles;
};
// Every RPC there is; a test compares it with the descriptors.
const std::vector<Access>& AccessTable();
// Nobody for what is not in the table.
Roles RolesOf(std::string_view rpc);
// Whose request it is; "" for none's.
std::string_view RpcOf(const google::protobuf::Descriptor* request);
// The same by the request of a call.
Roles RolesOf(const google::protobuf::Descriptor* request);

// Who calls, as the token says.
struct Caller {
  Role role = Role::kOperator;
  engine::CallerRef told;               // as events and the log tell it; null: nobody is known
  std::string key;                      // who shares limits with it; empty: its address does
  std::string agent_id;                 // kAgent: who it is
  std::string vendor;                   // kVendor: whose agents it sees
  bool all_workspaces = true;
  std::vector<std::string> workspaces;  // else these, ascending
  std::string token;                    // by which it may be known again; empty: none was needed
  uint64_t generation = 0;              // of the keys by which the token was judged
  std::chrono::sys_seconds expiry = std::chrono::sys_seconds::max();

  bool MayEnter(const std::string& workspace) const;
};
// Never null.
using CallerRef = std::shared_ptr<const Caller>;
// Who calls where callers are not asked who they are: may do everything.
const CallerRef& Everybody();
// As what a pod forwards for a caller, which may be limited to an agent, or to a vendor.
CallerRef ForwardedCaller(const std::string& agent_id, const std::string& vendor,
                          engine::CallerRef told);

absl::Status RoleNotAllowed(Role role);                          // PERMISSION_DENIED
absl::Status WorkspaceNotAllowed(const std::string& workspace);  // PERMISSION_DENIED
absl::Status AgentNotAllowed();                                  // PERMISSION_DENIED

// ---- What a request names ----

inline absl::Status CheckWorkspace(const Caller& caller, const std::string& workspace) {
  if (caller.MayEnter(workspace)) return absl::OkStatus();
  return WorkspaceNotAllowed(workspace);
}

// An agent acts and asks only as itself.
inline absl::Status CheckAgent(const Caller& caller, const std::string& agent_id) {
  if (caller.role != Role::kAgent || agent_id == caller.agent_id) return absl::OkStatus();
  return AgentNotAllowed();
}

template <class Request>
absl::Status CheckRequest(const Caller& caller, const Request& request) {
  if constexpr (requires { request.workspace().id(); }) {
    if (auto s = CheckWorkspace(caller, request.workspace().id()); !s.ok()) return s;
  } else if constexpr (requires { request.workspace(); }) {
    if (auto s = CheckWorkspace(caller, request.workspace()); !s.ok()) return s;
  }
  if constexpr (requires { request.agent_id(); }) {
    if (auto s = CheckAgent(caller, request.agent_id()); !s.ok()) return s;
  }
  if constexpr (requires { request.author(); }) {
    if (caller.role == Role::kAgent && request.author() != v1::AUTHOR_AGENT) {
      return AgentNotAllowed();
    }
  }
  return absl::OkStatus();
}

// ---- What is found ----

bool Sees(const Caller& caller, const engine::Engine& engine, const engine::Agent& agent);
// An agent sees what it has or is offered, a vendor what its agents have or ended.
bool Sees(const Caller& caller, const engine::Engine& engine, const engine::Inquiry& inquiry);
bool Sees(const Caller& caller, const v1::Event& event);
// Takes out what a vendor is not told of an inquiry it sees: who the customer is, and attributes.
void Redact(const Caller& caller, v1::Inquiry& inquiry);
void Redact(const Caller& caller, v1::Event& event);
// Whether one of the agents that hold the inquiry, or an open offer of it, is theirs.
bool AnyAgentOf(const engine::Inquiry& inquiry,
                const std::function<bool(engine::AgentIx)>& is_theirs);

}  // namespace firstline::api
