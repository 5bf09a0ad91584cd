// How a command of the CLI ends when it does not succeed: an exit code for scripts, and for people
// what happened, where, and what to do about it.
//
// A command throws Failure (with an empty message where the code says it all); `Run` (app.h) is the
// only one that catches it.
//
// Thread rule: values.
#pragma once

#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/client/error.h"

namespace firstline::cli {

// What the process ends with. Scripts rely on these numbers.
enum class ExitCode : int {
  kOk = 0,
  kRefused = 1,      // the router refused, or the command cannot be done as things stand
  kUsage = 2,        // the command line is wrong
  kInvalid = 3,      // a file or a field is wrong
  kNotFound = 4,     // what was named does not exist
  kUnavailable = 5,  // no router answered, or none could: the same command may succeed later
  kViolations = 6,   // a replay or load ended with violations, `doctor` found problems
  kDifferent = 7,    // `config diff` found differences
};

class Failure : public std::exception {
 public:
  Failure(ExitCode exit, std::string message, std::string hint = "")
      : exit_(exit), message_(std::move(message)), hint_(std::move(hint)) {}
  // What a router or the way to it said; the hint comes from the reason.
  explicit Failure(const client::Error& error);
  // An INVALID_ARGUMENT of common/config, NOT_FOUND of a file, and the like.
  explicit Failure(const absl::Status& status);

  ExitCode exit() const { return exit_; }
  const std::string& reason() const { return reason_; }
  const std::string& message() const { return message_; }
  // Nobody said anything: not a refusal of a router, but none that was reached.
  bool unanswered() const { return unanswered_; }
  const std::string& hint() const { return hint_; }
  const char* what() const noexcept override { return message_.c_str(); }

  // Several lines, each ending in a line end; nothing when there is no message:
  //   error: NOT_FOUND UNKNOWN_QUEUE: no queue 'slaes'
  //     inquiry.queue: no queue 'slaes'
  //   hint: firstline queue stats lists the queues
  std::string ToString() const;

 private:
  ExitCode exit_ = ExitCode::kRefused;
  bool unanswered_ = false;
  std::string code_;    // canonical, if a router said so
  std::string reason_;
  std::string message_;
  std::vector<client::FieldError> fields_;
  std::string hint_;
};

// The value, or the error thrown.
template <typename T>
T Unwrap(client::Result<T> result) {
  if (!result.ok()) throw Failure(result.error());
  return *std::move(result);
}

}  // namespace firstline::cli
