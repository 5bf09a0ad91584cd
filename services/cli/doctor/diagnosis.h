// What `firstline doctor` thinks of what it sees, without asking anybody.
//
//   Findings findings;
//   JudgeRouter(status, {.version = "0.1.0", .asked = before, .answered = after}, findings);
//   for (const Finding& finding : findings.all()) ...
//
// Thread rule: values.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/client/error.h"
#include "firstline/v1/status_service.pb.h"

namespace firstline::cli {

enum class Severity { kFine, kWarning, kProblem };
std::string SeverityName(Severity severity);  // "ok", "warning", "problem"

struct Finding {
  Severity severity = Severity::kFine;
  std::string subject;  // "router 10.0.0.1:7600", "redis", "workspace shop"
  std::string text;
  std::string hint;     // what to do; empty when it is fine
};

class Findings {
 public:
  void Fine(std::string subject, std::string text) {
    all_.push_back({Severity::kFine, std::move(subject), std::move(text), ""});
  }
  void Warn(std::string subject, std::string text, std::string hint) {
    all_.push_back({Severity::kWarning, std::move(subject), std::move(text), std::move(hint)});
  }
  void Problem(std::string subject, std::string text, std::string hint) {
    all_.push_back({Severity::kProblem, std::move(subject), std::move(text), std::move(hint)});
  }
  const std::vector<Finding>& all() const { return all_; }
  size_t Count(Severity severity) const;

 private:
  std::vector<Finding> all_;
};

struct Moment {
  std::string version;  // of the command line
  // Its wall clock, before and after the router was asked.
  std::chrono::nanoseconds asked{0};
  std::chrono::nanoseconds answered{0};
};

// A router that did not tell its status.
void JudgeSilence(const std::string& address, const client::Error& error, Findings& findings);
// A router, its store and the workspaces as it sees them.
void JudgeRouter(const std::string& address, const v1::GetStatusResponse& status,
                 const Moment& moment, Findings& findings);
// Its store alone.
void JudgeStore(const v1::StoreStatus& store, Findings& findings);

}  // namespace firstline::cli
