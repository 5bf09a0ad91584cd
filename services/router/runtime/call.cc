#include "services/router/runtime/call.h"

namespace firstline::runtime {

std::string_view ToString(UnavailableReason reason) {
  switch (reason) {
    case UnavailableReason::kStarting: return "STARTING";
    case UnavailableReason::kStore: return "STORE";
    case UnavailableReason::kLapsed: return "LAPSED";
    case UnavailableReason::kNewerFormat: return "NEWER_FORMAT";
    case UnavailableReason::kBroken: return "BROKEN";
    case UnavailableReason::kShuttingDown: return "SHUTTING_DOWN";
    case UnavailableReason::kNotReplicated: return "NOT_REPLICATED";
  }
  return "UNKNOWN";
}

}  // namespace firstline::runtime
