// Errors with a machine-readable reason, carried inside absl::Status.
//
// A canonical code says what class of thing went wrong; the reason says which rule was broken.
// Whoever speaks to clients turns the parts into google.rpc.ErrorInfo, BadRequest and RetryInfo;
// nothing below that layer needs protobuf to raise a complete error.
//
//   return status::Error(absl::StatusCode::kInvalidArgument, "level out of range",
//                        {.reason = "LEVEL_OUT_OF_RANGE",
//                         .violations = {{"skills[0].level", "11 is not in 1..10"}}});
//
// Thread rule: values; safe wherever an absl::Status is.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace firstline::status {

// One field of a request that is wrong. `field` is a path such as "skills[0].level".
struct FieldViolation {
  std::string field;
  std::string description;

  friend bool operator==(const FieldViolation&, const FieldViolation&) = default;
};

struct ErrorInfo {
  // UPPER_SNAKE: a letter, then letters, digits and underscores; at most 63 bytes.
  std::string reason = {};
  // Details for programs; never secrets.
  std::map<std::string, std::string> metadata = {};
  // In the order in which they should be shown.
  std::vector<FieldViolation> violations = {};
  // Present when the same request may succeed later; the earliest sensible delay, not negative.
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;

  friend bool operator==(const ErrorInfo&, const ErrorInfo&) = default;
};

// A status with `code`, `message` and `info`. `code` must not be kOk and `info.reason` must be
// UPPER_SNAKE: both are asserted, because they are constants of the program and not input.
absl::Status Error(absl::StatusCode code, std::string_view message, const ErrorInfo& info);

// Attaches `info` to `status`, replacing what was attached before. No effect on an OK status.
void SetErrorInfo(absl::Status& status, const ErrorInfo& info);

// What SetErrorInfo attached; nothing for an OK status or one without a readable attachment.
std::optional<ErrorInfo> GetErrorInfo(const absl::Status& status);

// The reason alone; empty when there is none.
std::string ReasonOf(const absl::Status& status);

// True for "QUEUE_NOT_FOUND"; false for "", "queue", "_X", "1X" and anything beyond 63 bytes.
bool IsReason(std::string_view text);

}  // namespace firstline::status
