// What is turned away first when calls come faster than they can be committed: new inquiries before
// everything else, what agents do last, because it is what makes room.
#pragma once

#include <cstddef>

#include "services/router/runtime/call.h"

namespace firstline::runtime {

enum class Urgency : uint8_t {
  kSubmit,    // new work: shed first
  kOrdinary,  // reads, updates, configuration
  kServing,   // accept, decline, reply, close, presence, wrap-up, cancel, time
};
Urgency UrgencyOf(const CallBody& body);

// How many calls of this urgency may be open under a bound of `max`.
size_t Allowance(Urgency urgency, size_t max);

}  // namespace firstline::runtime
