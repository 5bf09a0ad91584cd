#include "tests/scenarios/scenario.h"

#include <algorithm>
#include <map>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/router/engine/engine.h"
#include "tests/engine/engine_text.h"
#include "tests/scenarios/scenario_commands.h"
#include "tests/scenarios/scenario_line.h"

namespace firstline::engine::scenarios {
namespace {

constexpr Time kBase{1'000'000'000'000};

class Run {
 public:
  ScenarioResult Execute(const std::string& text);

 private:
  void ExecuteLine(const std::string& line);
  void FlushConfig();
  void AdvanceTo(Time time, bool inclusive);
  void Apply(const Command& command);
  void Collect();
  void CheckInvariants();

  void Expect(const std::string& line);
  void ExpectEvent(const std::string& wanted, bool present);
  void ExpectOrder(const std::string& wanted);
  void ExpectValues(const std::string& subject, ScenarioLine& line);
  std::map<std::string, std::string> ValuesOf(const std::string& id, ScenarioLine& line);
  std::map<std::string, std::string> InquiryValues(const Inquiry& inquiry) const;
  std::map<std::string, std::string> AgentValues(const Agent& agent, ScenarioLine& line) const;

  Engine engine_{"scenario"};
  Time now_ = kBase;
  ApplyConfig config_;  // accumulated; applied before the next command
  bool config_pending_ = false;
  bool configured_ = false;
  std::vector<std::string> recent_;  // events since the last line that did something
  std::vector<std::string> out_;
  std::vector<std::string> failures_;
};

ScenarioResult Run::Execute(const std::string& text) {
  std::vector<std::string> lines = absl::StrSplit(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  int number = 0;
  for (const std::string& line : lines) {
    ++number;
    if (absl::StartsWith(line, "|")) continue;  // expected before, written anew below
    const size_t at = out_.size();
    const size_t failed = failures_.size();
    try {
      ExecuteLine(line);
    } catch (const ScenarioError& error) {
      failures_.push_back(error.what());
    }
    out_.insert(out_.begin() + static_cast<std::ptrdiff_t>(at), line);
    for (size_t f = failed; f < failures_.size(); ++f) {
      failures_[f] = absl::StrCat("line ", number, ": ", line, "\n    ", failures_[f]);
    }
  }
  return {absl::StrJoin(out_, "\n") + "\n", failures_};
}

void Run::ExecuteLine(const std::string& text) {
  std::string line = text.substr(0, text.find('#'));
  if (std::all_of(line.begin(), line.end(), [](char c) { return c == ' '; })) return;
  if (absl::StartsWith(line, "expect ")) return Expect(line);
  ScenarioLine parsed(line);
  if (parsed.verb() == "at") {
    FlushConfig();
    recent_.clear();
    const Time time = kBase + ParseSpan(parsed.Arg(0));
    if (time < now_) throw ScenarioError("time does not run backwards");
    const size_t rest = line.find(parsed.Arg(0)) + parsed.Arg(0).size();
    const bool bare = line.find_first_not_of(' ', rest) == std::string::npos;
    AdvanceTo(time, bare);
    if (bare) return;
    line = line.substr(rest);
    parsed = ScenarioLine(line);
  } else {
    recent_.clear();
  }
  if (ReadConfigLine(parsed, config_)) {
    config_pending_ = true;
    parsed.CheckAllUsed();
    return;
  }
  FlushConfig();
  if (parsed.verb() == "online") {
    for (const std::string& agent : parsed.args()) Apply({SetPresence{.agent_id = agent}, "", {}});
    return;
  }
  const std::optional<Command> command = ReadCommand(parsed, engine_, kBase);
  if (!command) throw ScenarioError(absl::StrCat("unknown verb '", parsed.verb(), "'"));
  parsed.CheckAllUsed();
  Apply(*command);
}

// The first configuration replaces everything, later ones are patches with all that was ever said.
void Run::FlushConfig() {
  if (!config_pending_) return;
  config_pending_ = false;
  config_.whole = !configured_;
  configured_ = true;
  const Outcome outcome = engine_.Apply(now_, {config_, "", {}});
  if (!outcome.ok()) throw ScenarioError(absl::StrCat("configuration: ", outcome.subject));
  // Who was upserted is in the text above; show only what it led to.
  const auto is_noise = [](const std::string& e) {
    return absl::StrContains(e, " workspace-applied") || absl::StrContains(e, " agent-upserted");
  };
  Collect();
  out_.erase(std::remove_if(out_.begin(), out_.end(),
                            [&](const std::string& l) { return l[0] == '|' && is_noise(l); }),
             out_.end());
  config_.agents.reset();
}

void Run::AdvanceTo(Time time, bool inclusive) {
  while (engine_.NextDeadline() < time || (inclusive && engine_.NextDeadline() == time)) {
    const Time due = engine_.NextDeadline();
    engine_.Tick(due);
    Collect();
    if (engine_.NextDeadline() <= due) throw ScenarioError("a timer does not fire");
  }
  now_ = time;
  if (inclusive) engine_.Tick(time);
  Collect();
}

void Run::Apply(const Command& command) {
  const Outcome outcome = engine_.Apply(now_, command);
  Collect();
  if (!outcome.ok()) {
    const auto reason = ToString(outcome.rejection);
    recent_.push_back(absl::StrCat("rejected ", std::string(reason)));
    out_.push_back(absl::StrCat("| ", proof::Text(now_ - kBase), " rejected ", std::string(reason),
                                outcome.subject.empty() ? "" : " ", outcome.subject));
  } else if (outcome.receipt.replayed) {
    recent_.push_back("replayed");
    out_.push_back(absl::StrCat("| ", proof::Text(now_ - kBase), " replayed"));
  }
}

void Run::Collect() {
  for (const Event& event : engine_.events()) {
    const std::string text = proof::Text(engine_, event, kBase);
    recent_.push_back(text);
    out_.push_back(absl::StrCat("| ", proof::Text(event.time, kBase), " ", text));
  }
  engine_.ClearEvents();
  CheckInvariants();
}

void Run::CheckInvariants() {
  if (std::string broken = engine_.CheckInvariants(true); !broken.empty()) {
    failures_.push_back(absl::StrCat("invariant: ", broken));
  }
}

// ---- Expectations -------------------------------------------------------------------------------

void Run::Expect(const std::string& line) {
  FlushConfig();
  const std::string rest = line.substr(sizeof("expect ") - 1);
  if (absl::StartsWith(rest, "event ")) return ExpectEvent(rest.substr(6), true);
  if (absl::StartsWith(rest, "no event ")) return ExpectEvent(rest.substr(9), false);
  if (absl::StartsWith(rest, "order ")) return ExpectOrder(rest.substr(6));
  ScenarioLine parsed(rest);
  ExpectValues(parsed.verb(), parsed);
}

// Every word wanted must be a word of the event, in the order given.
bool Contains(const std::string& event, const std::string& wanted) {
  const std::vector<std::string> words = absl::StrSplit(event, ' ');
  const std::vector<std::string> asked = absl::StrSplit(wanted, ' ', absl::SkipEmpty());
  size_t found = 0;
  for (const std::string& word : words) {
    if (found < asked.size() && word == asked[found]) ++found;
  }
  return found == asked.size() && !asked.empty() && words[0] == asked[0];
}

void Run::ExpectEvent(const std::string& wanted, bool present) {
  const bool found = std::any_of(recent_.begin(), recent_.end(),
                                 [&](const std::string& e) { return Contains(e, wanted); });
  if (found == present) return;
  failures_.push_back(absl::StrCat(present ? "no such event" : "there is such an event",
                                   " among: ", absl::StrJoin(recent_, "; ")));
}

// "assigned i1 i2": the events of that kind are about these, in this order, and about no others.
void Run::ExpectOrder(const std::string& wanted) {
  std::vector<std::string> subjects = {wanted.substr(0, wanted.find(' '))};
  for (const std::string& event : recent_) {
    const std::vector<std::string> words = absl::StrSplit(event, ' ');
    if (words[0] == subjects[0] && words.size() > 1) subjects.push_back(words[1]);
  }
  if (absl::StrJoin(subjects, " ") == wanted) return;
  failures_.push_back(absl::StrCat("the order is: ", absl::StrJoin(subjects, " ")));
}

void Run::ExpectValues(const std::string& subject, ScenarioLine& line) {
  std::map<std::string, std::string> actual = ValuesOf(subject, line);
  for (const auto& [key, value] : line.TakeRest()) {
    if (actual.count(key) == 0) throw ScenarioError(absl::StrCat(subject, " has no ", key));
    if (actual[key] != value) {
      failures_.push_back(absl::StrCat(subject, ": ", key, " is ", actual[key]));
    }
  }
}

std::map<std::string, std::string> Run::ValuesOf(const std::string& id, ScenarioLine& line) {
  if (const InquiryIx ix = engine_.FindInquiry(id); ix.IsSet()) {
    return InquiryValues(engine_.inquiry(ix));
  }
  if (const AgentIx ix = engine_.FindAgent(id); ix.IsSet()) {
    return AgentValues(engine_.agent(ix), line);
  }
  if (const QueueIx ix = engine_.FindQueue(id); ix.IsSet()) {
    const QueueGauges gauges = engine_.Gauges(ix);
    return {{"waiting", absl::StrCat(gauges.waiting)},
            {"offered", absl::StrCat(gauges.offered)},
            {"assigned", absl::StrCat(gauges.assigned)},
            {"parked", absl::StrCat(gauges.parked)},
            {"oldest", proof::Text(gauges.oldest_waiting, kBase)}};
  }
  return {{"state", "unknown"}};
}

std::map<std::string, std::string> Run::InquiryValues(const Inquiry& i) const {
  return {{"state", proof::Text(i.state)},
          {"queue", engine_.QueueId(i.queue)},
          {"agent", i.agent.IsSet() ? engine_.AgentId(i.agent) : "-"},
          {"step", absl::StrCat(i.step)},
          {"held", i.held ? "yes" : "no"},
          {"priority", absl::StrCat(i.priority)},
          {"offers", absl::StrCat(i.offer_number)},
          {"declines", absl::StrCat(i.declines)},
          {"misses", absl::StrCat(i.misses)},
          {"transfers", absl::StrCat(i.transfers)},
          {"returns", absl::StrCat(i.returns)},
          {"created", proof::Text(i.create_time, kBase)},
          {"arrived", proof::Text(i.arrival_time, kBase)},
          {"preferred", i.preferred.empty() ? "-" : engine_.AgentId(i.preferred[0])},
          {"enqueued", proof::Text(i.enqueue_time, kBase)},
          {"first_response", proof::Text(i.first_response_time, kBase)},
          {"csat", absl::StrCat(i.csat)}};
}

std::map<std::string, std::string> Run::AgentValues(const Agent& a, ScenarioLine& line) const {
  std::map<std::string, std::string> values = {{"presence", proof::Text(a.presence)},
                                               {"reason", a.reason},
                                               {"used", absl::StrCat(a.used)},
                                               {"work", absl::StrCat(a.work.size())},
                                               {"wrap_ups", absl::StrCat(a.wrap_ups.size())},
                                               {"misses", absl::StrCat(a.misses)},
                                               {"sessions", absl::StrCat(a.sessions.size())}};
  const auto& channels = engine_.config().channels;
  const std::string channel = line.Get("channel", channels.empty() ? "" : channels[0].id);
  const ChannelIx ix = engine_.FindChannel(channel);
  if (!ix.IsSet()) return values;
  values["gate"] = proof::Text(engine_.GateOf(a, ix, line.GetInt("units", 1)));
  const QueueIx queue = engine_.FindQueue(line.Get("queue"));
  if (queue.IsSet()) values["queue_gate"] = proof::Text(engine_.QueueGateOf(a, queue));
  return values;
}

}  // namespace

ScenarioResult RunScenario(const std::string& text) { return Run().Execute(text); }

}  // namespace firstline::engine::scenarios
