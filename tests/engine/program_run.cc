#include "tests/engine/program_run.h"

#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/engine/engine_text.h"
#include "tests/engine/explain_check.h"
#include "tests/engine/twin.h"

namespace firstline::engine::proof {
namespace {

constexpr size_t kTraceMax = 400;

uint64_t Mix(uint64_t digest, const std::string& text) {
  for (char c : text) digest = (digest ^ static_cast<uint8_t>(c)) * 1099511628211u;
  return digest;
}

// Which of several faults of a configuration is named first depends on handles, which a restored
// engine gives anew.
std::string Comparable(const std::vector<std::string>& lines) {
  const bool invalid = !lines.empty() && lines[0].rfind("rejected CONFIG_INVALID", 0) == 0;
  return invalid ? "rejected CONFIG_INVALID" : absl::StrJoin(lines, "\n");
}

std::string OutcomeLine(const Outcome& outcome) {
  if (!outcome.ok()) {
    return absl::StrCat("rejected ", std::string(ToString(outcome.rejection)), " ",
                        outcome.subject);
  }
  const Receipt& r = outcome.receipt;
  return absl::StrCat("ok ", Text(r.state), " agent=", r.agent_id, " offer=", r.offer_number,
                      " at=", Text(r.apply_time, Program::kStart), r.replayed ? " replayed" : "");
}

// What a store would hold that writes just what TakeChanges names.
class StoredRecords {
 public:
  // "" when the records written so far are the engine's state.
  std::string Follow(Engine& engine) {
    const Changes changes = engine.TakeChanges();
    Write(engine, changes);
    std::map<std::string, std::string> present;
    engine.ForEachInquiry([&](InquiryIx ix, const Inquiry& inquiry) {
      present["i/" + inquiry.id] = InquiryRecord(engine, ix);
      return true;
    });
    engine.ForEachAgent([&](AgentIx ix, const Agent& agent) {
      present["a/" + agent.id] = AgentRecord(engine, ix);
      return true;
    });
    engine.ForEachRequest([&](const RememberedRequest& request) {
      present["r/" + request.id] = RequestRecord(request);
      return true;
    });
    engine.ForEachQueue([&](QueueIx ix, const QueueConfig& queue) {
      if (engine.WaitsOf(ix) != nullptr) present["w/" + queue.id] = WaitsRecord(engine, ix);
      return true;
    });
    for (const auto& [key, record] : present) {
      if (records_[key] != record) {
        return absl::StrCat("not written: ", FirstDifference(records_[key], record));
      }
    }
    if (records_.size() != present.size()) return "a record that is gone was not removed";
    if (!(config_ == engine.config())) return "the configuration was not written";
    const Counters& now = engine.counters();
    if (counters_.config_version != now.config_version ||
        counters_.inquiry_sequence != now.inquiry_sequence ||
        counters_.agent_sequence != now.agent_sequence ||
        counters_.virtual_pass != now.virtual_pass || counters_.passes != now.passes) {
      return "the counters were not written";
    }
    return "";
  }

 private:
  void Write(const Engine& engine, const Changes& changes) {
    for (const std::string& id : changes.purged_inquiries) records_.erase("i/" + id);
    for (const std::string& id : changes.deleted_agents) records_.erase("a/" + id);
    for (const std::string& id : changes.forgotten_requests) records_.erase("r/" + id);
    for (InquiryIx ix : changes.inquiries) {
      records_["i/" + engine.inquiry(ix).id] = InquiryRecord(engine, ix);
    }
    for (AgentIx ix : changes.agents) {
      records_["a/" + engine.agent(ix).id] = AgentRecord(engine, ix);
    }
    for (const std::string& id : changes.requests) {
      records_["r/" + id] = RequestRecord(*engine.FindRequest(id));
    }
    for (const std::string& id : changes.forgotten_waits) records_.erase("w/" + id);
    for (QueueIx ix : changes.waits) records_["w/" + engine.QueueId(ix)] = WaitsRecord(engine, ix);
    if (changes.config) config_ = engine.config();
    if (changes.counters) counters_ = engine.counters();
  }

  std::map<std::string, std::string> records_;
  WorkspaceConfig config_;
  Counters counters_;
};

class ProgramRun {
 public:
  ProgramRun(Choices& choices, const RunOptions& options)
      : choices_(choices), options_(options), program_(choices, options.size) {}

  RunResult Execute() {
    while (result_.steps < options_.steps && !choices_.exhausted()) {
      ++result_.steps;
      result_.failure = OneStep();
      if (!result_.failure.empty()) break;
    }
    const std::string state = Dump(subject_.engine());
    if (!result_.failure.empty()) Note(state);
    result_.digest = Mix(result_.digest, state);
    result_.matches = reference_.matches();
    return std::move(result_);
  }

 private:
  std::string OneStep() {
    const Step step = program_.Next(subject_.engine());
    Note(Text(step));
    foretold_.Ask(subject_.engine(), step);
    if (options_.reference) barred_.Remember(subject_.engine(), explain_choices_);
    Outcome outcome;
    const std::vector<std::string> lines = subject_.Execute(step, &outcome);
    if (foretold_.asked()) ++result_.foretold;
    for (const std::string& line : lines) {
      Note(absl::StrCat("    ", line));
      result_.digest = Mix(result_.digest, line);
    }
    if (!lines.empty() && lines[0].rfind("rejected", 0) == 0) ++result_.rejections;
    std::string wrong = foretold_.Compare(subject_.engine(), outcome);
    if (wrong.empty()) wrong = barred_.Compare(subject_.engine());
    if (wrong.empty()) wrong = Check(step);
    if (wrong.empty() && outcome.rejection == Rejection::kWaitTooLong && options_.reference) {
      ++result_.refused;
      wrong = reference_.CheckRefused(std::get<Submit>(step.command.body));
    }
    subject_.ClearEvents();
    if (wrong.empty() && choices_.Percent(30)) wrong = stored_.Follow(subject_.engine());
    if (wrong.empty() && options_.restore_percent > 0) wrong = CheckTwin(step, lines);
    return wrong;
  }

  std::string Check(const Step& step) {
    Engine& engine = subject_.engine();
    if (options_.reference) {
      std::string wrong = reference_.Observe(engine, step.has_command ? &step.command : nullptr);
      if (!wrong.empty()) return "reference: " + wrong;
    }
    // Timers due now have not fired yet: what they will free may still be waited for.
    const bool settled = engine.NextDeadline() > engine.now();
    std::string broken = engine.CheckInvariants(settled);
    if (!broken.empty()) return "invariant: " + broken;
    if (!step.has_command && !settled) return "a timer due is left after Tick";
    if (!options_.reference || !settled || ++explained_ % 8 != 0) return "";
    return CheckExplanation(engine, reference_.model(), explain_choices_);
  }

  std::string CheckTwin(const Step& step, const std::vector<std::string>& lines) {
    if (twin_) {
      const std::vector<std::string> others = twin_->Execute(step);
      twin_->ClearEvents();
      std::string wrong = FirstDifference(Comparable(lines), Comparable(others));
      if (!wrong.empty()) return "the restored engine answers otherwise\n" + wrong;
    }
    if (!choices_.Percent(static_cast<uint32_t>(options_.restore_percent))) return "";
    twin_.emplace();
    Restore(subject_.engine(), twin_->engine());
    std::string broken = twin_->engine().CheckInvariants(false);
    if (!broken.empty()) return "restored, invariant: " + broken;
    std::string wrong = FirstDifference(Dump(subject_.engine()), Dump(twin_->engine()));
    return wrong.empty() ? "" : "the restored state differs\n" + wrong;
  }

  void Note(std::string line) {
    result_.trace.push_back(std::move(line));
    if (result_.trace.size() < 2 * kTraceMax) return;
    result_.trace.erase(result_.trace.begin(),
                        result_.trace.begin() + static_cast<std::ptrdiff_t>(kTraceMax));
  }

  Choices& choices_;
  RunOptions options_;
  Program program_;
  Subject subject_;
  std::optional<Subject> twin_;
  ReferenceEngine reference_;
  StoredRecords stored_;
  Foretold foretold_;
  Barred barred_;
  Choices explain_choices_{1};  // of its own: what is explained does not change the program
  int explained_ = 0;
  RunResult result_;
};

}  // namespace

std::vector<std::string> Subject::Execute(const Step& step, Outcome* outcome) {
  std::vector<std::string> lines;
  if (step.has_command) {
    const Outcome applied = engine_->Apply(step.at, step.command);
    if (outcome != nullptr) *outcome = applied;
    lines.push_back(OutcomeLine(applied));
  } else {
    engine_->Tick(step.at);
  }
  const std::vector<std::string> events = EventLines(*engine_, Program::kStart);
  lines.insert(lines.end(), events.begin(), events.end());
  return lines;
}

RunResult RunProgram(Choices& choices, const RunOptions& options) {
  return ProgramRun(choices, options).Execute();
}

std::string Explain(const RunResult& result) {
  return absl::StrCat(absl::StrJoin(result.trace, "\n"), "\nat step ", result.steps, ": ",
                      result.failure);
}

}  // namespace firstline::engine::proof
