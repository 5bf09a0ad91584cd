#include "services/router/store/port.h"

#include <charconv>
#include <limits>

#include "absl/strings/str_cat.h"

namespace firstline::store {
namespace {

// Digits only, no sign, no leading zero: one text an id, so that cursors compare as texts as well.
bool ParseNumber(std::string_view text, uint64_t* value) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return false;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && rest == end;
}

}  // namespace

std::string ToString(EventId id) { return absl::StrCat(id.epoch, "-", id.n); }

std::optional<EventId> ParseEventId(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  EventId id;
  if (!ParseNumber(text.substr(0, dash), &id.epoch)) return std::nullopt;
  if (!ParseNumber(text.substr(dash + 1), &id.n)) return std::nullopt;
  return id;
}

EventId Predecessor(EventId id) { return {id.epoch, id.n - 1}; }

EventId Successor(EventId id) {
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  if (id.n < kMax) return {id.epoch, id.n + 1};
  return id.epoch < kMax ? EventId{id.epoch + 1, 0} : id;
}

std::string_view ToString(Result result) {
  switch (result) {
    case Result::kOk:
      return "ok";
    case Result::kFenced:
      return "fenced";
    case Result::kOutOfOrder:
      return "out_of_order";
    case Result::kRefused:
      return "refused";
    case Result::kUnknown:
      return "unknown";
    case Result::kBroken:
      return "broken";
  }
  return "invalid";
}

std::string_view ToString(CursorState state) {
  switch (state) {
    case CursorState::kOk:
      return "ok";
    case CursorState::kRewound:
      return "rewound";
    case CursorState::kExpired:
      return "expired";
    case CursorState::kUnavailable:
      return "unavailable";
  }
  return "invalid";
}

std::optional<std::string> Malformation(const Batch& batch) {
  EventId last;
  for (const EventEntry& event : batch.events) {
    if (event.id.n == 0) return absl::StrCat("event ", ToString(event.id), ": n starts at 1");
    if (event.id <= last) {
      return absl::StrCat("event ", ToString(event.id), " does not follow ", ToString(last));
    }
    last = event.id;
  }
  return std::nullopt;
}

}  // namespace firstline::store
