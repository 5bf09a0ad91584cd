#include "services/router/store/caller_codec.h"

namespace firstline::store {
namespace {

using engine::CallerRole;

// The engine's numbers are those of the API.
static_assert(int{v1::CALLER_ROLE_UNSPECIFIED} == static_cast<int>(CallerRole::kUnknown));
static_assert(int{v1::CALLER_ROLE_PLATFORM} == static_cast<int>(CallerRole::kPlatform));
static_assert(int{v1::CALLER_ROLE_AGENT} == static_cast<int>(CallerRole::kAgent));
static_assert(int{v1::CALLER_ROLE_SUPERVISOR} == static_cast<int>(CallerRole::kSupervisor));
static_assert(int{v1::CALLER_ROLE_OPERATOR} == static_cast<int>(CallerRole::kOperator));
static_assert(int{v1::CALLER_ROLE_VENDOR} == static_cast<int>(CallerRole::kVendor));
static_assert(int{v1::CallerRole_MAX} == static_cast<int>(CallerRole::kVendor));

}  // namespace

void WriteCaller(const engine::Caller& caller, v1::Caller* out) {
  out->set_role(static_cast<v1::CallerRole>(caller.role));
  if (!caller.subject.empty()) out->set_subject(caller.subject);
  if (!caller.agent_id.empty()) out->set_agent_id(caller.agent_id);
  if (!caller.on_behalf_of.empty()) out->set_on_behalf_of(caller.on_behalf_of);
}

engine::CallerRef ReadCaller(const v1::Caller& message) {
  engine::Caller caller{.role = v1::CallerRole_IsValid(message.role())
                                    ? static_cast<CallerRole>(message.role())
                                    : CallerRole::kUnknown,
                        .subject = message.subject(),
                        .agent_id = message.agent_id(),
                        .on_behalf_of = message.on_behalf_of()};
  if (caller == engine::Caller{}) return nullptr;
  return std::make_shared<const engine::Caller>(std::move(caller));
}

}  // namespace firstline::store
