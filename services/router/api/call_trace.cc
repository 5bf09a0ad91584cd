#include "services/router/api/call_trace.h"

#include "common/log/log.h"
#include "common/status/reason.h"
#include "services/router/api/limits.h"
#include "services/router/api/line_budget.h"

namespace firstline::api {
namespace {

using std::chrono::duration_cast;

}  // namespace

CallTrace::CallTrace(std::string_view header) {
  const std::optional<trace::Context> caller = trace::Parse(header);
  if (!caller) return;
  parent_ = caller->span;
  own_ = trace::NewSpan(*caller);
}

CallTrace CallTrace::Of(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
  const auto [first, last] = metadata.equal_range(trace::kHeader);
  if (first == last || std::next(first) != last) return {};
  return CallTrace(std::string_view(first->second.data(), first->second.size()));
}

void CallTrace::Tell(std::string_view method, std::string_view workspace,
                     const absl::Status& status, std::chrono::nanoseconds elapsed) const {
  static LineBudget budget(limits::kCallLinesPerSecond);
  if (!log::IsEnabled(log::Level::kInfo)) return;
  const std::optional<uint64_t> left_out = budget.Take();
  if (!left_out) return;
  // What the caller wrote there may be anything.
  if (workspace.size() > limits::kWorkspaceNameBytesMax) workspace = "";
  trace::Context parent = *own_;
  parent.span = parent_;
  const std::string code = absl::StatusCodeToString(status.code());
  const std::string trace_id = own_->TraceId(), span_id = own_->SpanId();
  const std::string parent_id = parent.SpanId();
  const int64_t elapsed_us = duration_cast<std::chrono::microseconds>(elapsed).count();
  const std::string reason = status::ReasonOf(status);
  if (*left_out > 0) log::Warning("calls were left out of the log", {{"calls", *left_out}});
  if (status.ok()) {
    return log::Info("call", {{"method", method}, {"workspace", workspace}, {"code", code},
                              {"elapsed_us", elapsed_us}, {"trace_id", trace_id},
                              {"span_id", span_id}, {"parent_id", parent_id}});
  }
  log::Info("call", {{"method", method}, {"workspace", workspace}, {"code", code},
                     {"reason", reason}, {"elapsed_us", elapsed_us}, {"trace_id", trace_id},
                     {"span_id", span_id}, {"parent_id", parent_id}});
}

}  // namespace firstline::api
