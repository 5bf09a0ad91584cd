// What the log tells of a call that is part of a trace: one line a pod that it passes, when the
// caller records the trace or the call fails.
//
//   CallTrace trace = CallTrace::Of(context.client_metadata());   // at its begin
//   call.set_traceparent(trace.header());                         // to the pod that serves it
//   trace.Ended(method, workspace, status, elapsed);              // at its end
//
// {"ts":...,"level":"info","msg":"call","method":"/firstline.v1.RoutingService/SubmitInquiry",
//  "workspace":"shop","code":"OK","elapsed_us":812,"trace_id":"4bf9...","span_id":"...",
//  "parent_id":"..."}
//
// A failed call has its `reason` too, never its message, which may name what is the customer's.
// Lines are bounded (limits::kCallLinesPerSecond): whoever samples every call of a busy platform
// reads how many were left out.
//
// Threads: values; Ended from any thread.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <grpcpp/support/string_ref.h>

#include "absl/status/status.h"
#include "common/trace/trace_context.h"

namespace firstline::api {

class CallTrace {
 public:
  // Of no trace: nothing is told, at no cost.
  CallTrace() = default;
  // `header`: a traceparent; what is not valid is ignored.
  explicit CallTrace(std::string_view header);
  // Two headers are as none.
  static CallTrace Of(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata);

  bool traced() const { return own_.has_value(); }
  // For whoever goes on with the call; empty when there is no trace.
  std::string header() const { return own_ ? own_->ToHeader() : std::string(); }
  // `method`: "/package.Service/Method". `workspace` may be empty.
  void Ended(std::string_view method, std::string_view workspace, const absl::Status& status,
             std::chrono::nanoseconds elapsed) const {
    if (own_ && (own_->sampled || !status.ok())) Tell(method, workspace, status, elapsed);
  }

 private:
  void Tell(std::string_view method, std::string_view workspace, const absl::Status& status,
            std::chrono::nanoseconds elapsed) const;

  std::optional<trace::Context> own_;
  uint64_t parent_ = 0;
};

}  // namespace firstline::api
