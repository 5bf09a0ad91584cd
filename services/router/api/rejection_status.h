// From the engine's rejections and the runtime's answers to errors of the API: canonical code,
// reason of v1::ErrorReason, metadata, and the field of the request that is to blame. Threads: pure
// functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "services/router/engine/command.h"
#include "services/router/engine/rejection.h"
#include "services/router/runtime/call.h"

namespace firstline::api {

// Which command was refused, as an index into engine::Body; fields are named alike in most
// requests, and differently in a few.
using CommandKind = size_t;
inline constexpr CommandKind kNoCommand = static_cast<CommandKind>(-1);
template <class Command>
CommandKind KindOf() {
  return engine::Body(Command{}).index();
}

// Not for kNone. `subject` is Outcome::subject.
absl::Status ToStatus(engine::Rejection rejection, std::string_view subject, CommandKind kind);

// OK for Done with an accepted outcome. `workspace` is told to the caller. `kind` is that of the
// command;
// kNoCommand for the rest.
absl::Status ToStatus(const runtime::Answer& answer, std::string_view workspace,
                      CommandKind kind = kNoCommand);

// What streams of a pod that drains end with: UNAVAILABLE, to be tried again elsewhere at once.
absl::Status ShuttingDown();

}  // namespace firstline::api
