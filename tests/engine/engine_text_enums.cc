// Enumerations as words.
#include <array>

#include "tests/engine/engine_text.h"

namespace firstline::engine::proof {
namespace {

template <class Enum, size_t kSize>
const char* Pick(const std::array<const char*, kSize>& texts, Enum value) {
  const auto index = static_cast<size_t>(value);
  return index < kSize ? texts[index] : "?";
}

}  // namespace

const char* Text(InquiryState state) {
  return Pick(std::to_array<const char*>(
                  {"waiting", "offered", "assigned", "parked", "closed", "cancelled"}),
              state);
}
const char* Text(Presence presence) {
  return Pick(std::to_array<const char*>({"offline", "available", "away", "draining"}), presence);
}
const char* Text(Gate gate) {
  return Pick(std::to_array<const char*>(
                  {"open", "presence", "drain", "back_off", "rate_limit", "reserved",
                   "capacity", "channel_capacity", "exclusive", "queue_back_off", "queue_wrap_up"}),
              gate);
}
const char* Text(EnqueueCause cause) {
  return Pick(
      std::to_array<const char*>({"submitted", "transferred", "overflowed", "declined", "expired",
                                  "first_reply_timeout", "agent_lost", "resumed", "updated",
                                  "directed", "reopened"}),
      cause);
}
const char* Text(ClassifierOutcome outcome) {
  return Pick(std::to_array<const char*>({"verdict", "no_verdict", "out_of_bounds", "unknown_queue",
                                          "unknown_skill", "deadline", "unavailable",
                                          "breaker_open", "busy", "unknown_classifier",
                                          "not_asked"}),
              outcome);
}
const char* Text(OfferOutcome outcome) {
  return Pick(
      std::to_array<const char*>({"accepted", "declined", "expired", "rescinded", "agent_lost",
                                  "taken"}),
      outcome);
}
const char* Text(AssignCause cause) {
  return Pick(std::to_array<const char*>({"offer", "automatic", "claimed", "directed"}), cause);
}
const char* Text(Override aside) {
  return Pick(std::to_array<const char*>({"requirement", "presence", "back_off", "rate_limit",
                                          "reserved", "wrap_up", "exclusion", "capacity"}),
              aside);
}
const char* Text(LostAgent policy) {
  return Pick(std::to_array<const char*>({"keep", "requeue", "close"}), policy);
}
const char* Text(Author author) {
  return Pick(std::to_array<const char*>({"customer", "agent", "bot"}), author);
}
const char* Text(CancelReason reason) {
  return Pick(std::to_array<const char*>(
                  {"abandoned", "withdrawn", "duplicate", "other", "route_ended"}),
              reason);
}
const char* Text(Resolution resolution) {
  return Pick(
      std::to_array<const char*>({"resolved", "unresolved", "spam", "no_reply_needed", "other"}),
      resolution);
}
const char* Text(Comparison comparison) {
  return Pick(std::to_array<const char*>({"=", "!=", "in", "<", "<=", ">", ">="}), comparison);
}
const char* Text(Criterion criterion) {
  return Pick(
      std::to_array<const char*>({"preferred", "language_level", "skill_level", "fewest_skills",
                                  "tier", "load", "idle_time", "round_robin", "position",
                                  "fewest_handled", "least_handle_time", "random", "score"}),
      criterion);
}
const char* Text(Serving serving) {
  return Pick(std::to_array<const char*>({"fifo", "credit", "strict", "deadline", "lifo"}), serving);
}
const char* Text(Mismatch mismatch) {
  return Pick(std::to_array<const char*>({"none", "suspended", "not_member", "paused", "tier",
                                          "skill_missing", "skill_level", "skill_group",
                                          "skill_excluded", "language", "label",
                                          "label_condition"}),
              mismatch);
}

}  // namespace firstline::engine::proof
