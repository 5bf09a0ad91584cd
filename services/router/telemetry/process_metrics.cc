#include "services/router/telemetry/process_metrics.h"

namespace firstline::telemetry {
namespace {

constexpr std::array<const char*, kGrpcCodes> kCodeNames = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};
constexpr int kUnknown = 2;

// Seconds. A call is answered in about a millisecond; a failover takes some seconds.
const prometheus::Histogram::BucketBoundaries kLatencyBounds = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

ForwardMetrics MakeForwarding(prometheus::Registry& registry) {
  auto& calls = prometheus::BuildCounter()
                    .Name("firstline_forwarded_calls_total")
                    .Help("Calls that other pods served for this one, by outcome.")
                    .Register(registry);
  auto& retries = prometheus::BuildCounter()
                      .Name("firstline_forward_retries_total")
                      .Help("Attempts repeated because a workspace moved, by cause.")
                      .Register(registry);
  auto& wait = prometheus::BuildHistogram()
                   .Name("firstline_forward_wait_seconds")
                   .Help("Of calls that were turned away: from the first time to their end.")
                   .Register(registry);
  auto& streams = prometheus::BuildGauge()
                      .Name("firstline_peer_streams")
                      .Help("Streams open to other pods.")
                      .Register(registry);
  return {.ok = calls.Add({{"outcome", "ok"}}),
          .error = calls.Add({{"outcome", "error"}}),
          .given_up = calls.Add({{"outcome", "given_up"}}),
          .moved = retries.Add({{"cause", "moved"}}),
          .loading = retries.Add({{"cause", "loading"}}),
          .unanswered = retries.Add({{"cause", "unanswered"}}),
          .wait_seconds = wait.Add({}, kLatencyBounds),
          .peer_streams = streams.Add({})};
}

LimitMetrics MakeLimits(prometheus::Registry& registry) {
  auto& limited = prometheus::BuildCounter()
                      .Name("firstline_caller_limited_total")
                      .Help("Calls refused because their caller makes too many, by allowance.")
                      .Register(registry);
  auto& callers = prometheus::BuildGauge()
                      .Name("firstline_limited_callers")
                      .Help("Callers whose calls of late are remembered for their limits.")
                      .Register(registry);
  return {.agents_work = limited.Add({{"allowance", "agents_work"}}),
          .other = limited.Add({{"allowance", "other"}}),
          .callers = callers.Add({})};
}

BadTokenMetrics MakeBadTokens(prometheus::Registry& registry) {
  auto& bad = prometheus::BuildCounter()
                  .Name("firstline_bad_tokens_total")
                  .Help("Bearer tokens refused, by what that took.")
                  .Register(registry);
  return {.judged = bad.Add({{"outcome", "judged"}}),
          .remembered = bad.Add({{"outcome", "remembered"}}),
          .limited = bad.Add({{"outcome", "limited"}})};
}

int Known(int code) { return code >= 0 && code < kGrpcCodes ? code : kUnknown; }

}  // namespace

const char* GrpcCodeName(int code) { return kCodeNames[static_cast<size_t>(Known(code))]; }

void RpcMetrics::Finished(int grpc_code, std::optional<std::chrono::nanoseconds> latency) {
  handled_[static_cast<size_t>(Known(grpc_code))]->Increment();
  if (latency.has_value()) seconds_->Observe(std::chrono::duration<double>(*latency).count());
}

ProcessMetrics::ProcessMetrics(const std::string& version)
    : handled_(prometheus::BuildCounter()
                   .Name("grpc_server_handled_total")
                   .Help("Calls finished, by code.")
                   .Register(*registry_)),
      seconds_(prometheus::BuildHistogram()
                   .Name("grpc_server_handling_seconds")
                   .Help("From the arrival of a unary call to its answer.")
                   .Register(*registry_)),
      forwarding_(MakeForwarding(*registry_)),
      limits_(MakeLimits(*registry_)),
      bad_tokens_(MakeBadTokens(*registry_)),
      classifier_answers_(prometheus::BuildCounter()
                              .Name("firstline_classifier_answers_total")
                              .Help("Times a classifier was asked, by what came of it.")
                              .Register(*registry_)),
      classifier_seconds_(prometheus::BuildHistogram()
                              .Name("firstline_classifier_answer_seconds")
                              .Help("From asking a classifier to its answer, error or deadline.")
                              .Register(*registry_)),
      classifier_asking_(prometheus::BuildGauge()
                             .Name("firstline_classifier_asking")
                             .Help("Submissions that wait for a classifier's answer.")
                             .Register(*registry_)),
      classifier_breakers_(prometheus::BuildGauge()
                               .Name("firstline_classifier_breakers_open")
                               .Help("Workspaces that leave a classifier alone because it failed.")
                               .Register(*registry_)) {
  prometheus::BuildGauge()
      .Name("firstline_build_info")
      .Help("Always 1; the version that runs.")
      .Register(*registry_)
      .Add({{"version", version}})
      .Set(1);
}

RpcMetrics& ProcessMetrics::Rpc(const std::string& service, const std::string& method) {
  auto metrics = std::make_unique<RpcMetrics>();
  const prometheus::Labels labels = {{"grpc_service", service}, {"grpc_method", method}};
  for (int code = 0; code < kGrpcCodes; ++code) {
    prometheus::Labels with_code = labels;
    with_code.emplace("grpc_code", GrpcCodeName(code));
    metrics->handled_[static_cast<size_t>(code)] = &handled_.Add(with_code);
  }
  metrics->seconds_ = &seconds_.Add(labels, kLatencyBounds);
  return *methods_.emplace_back(std::move(metrics));
}

ClassifierMetrics ProcessMetrics::Classifier(const std::string& name) {
  using Outcome = engine::ClassifierOutcome;
  ClassifierMetrics metrics;
  const auto add = [&](Outcome outcome, const char* label) {
    metrics.answers[static_cast<size_t>(outcome)] =
        &classifier_answers_.Add({{"classifier", name}, {"outcome", label}});
  };
  add(Outcome::kVerdict, "verdict");
  add(Outcome::kNoVerdict, "no_verdict");
  add(Outcome::kOutOfBounds, "out_of_bounds");
  add(Outcome::kDeadline, "deadline");
  add(Outcome::kUnavailable, "unavailable");
  metrics.seconds = &classifier_seconds_.Add({{"classifier", name}}, kLatencyBounds);
  metrics.asking = &classifier_asking_.Add({{"classifier", name}});
  metrics.breakers_open = &classifier_breakers_.Add({{"classifier", name}});
  return metrics;
}

}  // namespace firstline::telemetry
