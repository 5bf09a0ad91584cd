#include "services/router/runtime/admission.h"

#include <variant>

#include "services/router/runtime/limits.h"

namespace firstline::runtime {
namespace {

// Everything an agent does, and everything that ends an inquiry, makes room.
struct UrgencyOfCommand {
  Urgency operator()(const engine::Submit&) const { return Urgency::kSubmit; }
  Urgency operator()(const engine::Cancel&) const { return Urgency::kServing; }
  Urgency operator()(const engine::RecordMessage&) const { return Urgency::kServing; }
  Urgency operator()(const engine::Park&) const { return Urgency::kServing; }
  Urgency operator()(const engine::Close&) const { return Urgency::kServing; }
  Urgency operator()(const engine::SetPresence&) const { return Urgency::kServing; }
  Urgency operator()(const engine::OpenSession&) const { return Urgency::kServing; }
  Urgency operator()(const engine::CloseSession&) const { return Urgency::kServing; }
  Urgency operator()(const engine::Accept&) const { return Urgency::kServing; }
  Urgency operator()(const engine::Decline&) const { return Urgency::kServing; }
  Urgency operator()(const engine::FinishWrapUp&) const { return Urgency::kServing; }
  Urgency operator()(const engine::Claim&) const { return Urgency::kServing; }
  template <class Other>
  Urgency operator()(const Other&) const {
    return Urgency::kOrdinary;
  }
};

}  // namespace

Urgency UrgencyOf(const CallBody& body) {
  if (const auto* command = std::get_if<engine::Command>(&body)) {
    return std::visit(UrgencyOfCommand{}, command->body);
  }
  return std::holds_alternative<AdvanceTime>(body) ? Urgency::kServing : Urgency::kOrdinary;
}

size_t Allowance(Urgency urgency, size_t max) {
  switch (urgency) {
    case Urgency::kSubmit: return max * limits::kSubmitShare / 100;
    case Urgency::kOrdinary: return max * limits::kOrdinaryShare / 100;
    case Urgency::kServing: return max;
  }
  return max;
}

}  // namespace firstline::runtime
