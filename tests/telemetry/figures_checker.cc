// Where figures go, gauges, and the comparison with the text.
#include "tests/telemetry/figures_checker.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"

namespace firstline::testing {
namespace {

// What the event stream says nothing about, and what the process and the library add.
const std::set<std::string> kNotFromEvents = {"firstline_bad_tokens_total",
                                              "firstline_build_info",
                                              "firstline_caller_limited_total",
                                              "firstline_calls_shed_total",
                                              "firstline_commit_bytes",
                                              "firstline_commit_commands",
                                              "firstline_commit_events",
                                              "firstline_commit_seconds",
                                              "firstline_commits_total",
                                              "firstline_expected_wait_seconds",
                                              "firstline_forward_retries_total",
                                              "firstline_forward_wait_seconds",
                                              "firstline_forwarded_calls_total",
                                              "firstline_inbox_depth",
                                              "firstline_limited_callers",
                                              "firstline_open_calls",
                                              "firstline_ownership_changes_total",
                                              "firstline_peer_streams",
                                              "firstline_records_quarantined_total",
                                              "firstline_restores_total",
                                              "firstline_snapshot_complete",
                                              "firstline_states_refused_total",
                                              "firstline_store_ready",
                                              "firstline_wait_predictions_total",
                                              "firstline_wait_predictions_within_total",
                                              "firstline_workspace_owned",
                                              "grpc_server_handled_total",
                                              "grpc_server_handling_seconds"};

bool EndsWith(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

bool IsTime(const std::string& family) {
  return EndsWith(family, "_seconds") || EndsWith(family, "_seconds_total");
}

// Seconds become microseconds, everything else is a count.
int64_t Exact(const std::string& family, double value) {
  return std::llround(IsTime(family) ? value * 1e6 : value);
}

bool Contains(const LabelMap& labels, const LabelMap& part) {
  return std::all_of(part.begin(), part.end(), [&](const auto& label) {
    const auto it = labels.find(label.first);
    return it != labels.end() ? it->second == label.second : label.second.empty();
  });
}

LabelMap Without(LabelMap labels, const std::string& name) {
  labels.erase(name);
  return labels;
}

int64_t SumOf(const std::vector<int64_t>& spans) {
  int64_t sum = 0;
  for (const int64_t us : spans) sum += us;
  return sum;
}

int64_t CountAtMost(const std::vector<int64_t>& spans, double bound_us) {
  return std::count_if(spans.begin(), spans.end(),
                       [&](int64_t us) { return static_cast<double>(us) <= bound_us; });
}

int64_t Us(const google::protobuf::Duration& d) {
  return d.seconds() * 1'000'000 + d.nanos() / 1000;
}

}  // namespace

// ---- Where figures go -------------------------------------------------------------------------

LabelMap FiguresChecker::Flow(const std::string& queue, const std::string& channel) const {
  return {{"workspace", workspace_}, {"queue", queue}, {"channel", channel}};
}

LabelMap FiguresChecker::Work(const v1::Event& event, const Inquiry& inquiry) const {
  LabelMap labels = Flow(event.queue_id(), inquiry.channel);
  labels["team"] = event.team_id();
  return labels;
}

void FiguresChecker::Add(const std::string& name, LabelMap labels, int64_t by) {
  Series& series = series_[SampleKey(name, labels)];
  series.name = name;
  series.labels = std::move(labels);
  series.count += by;
}

void FiguresChecker::Add(const std::string& name, LabelMap labels, const std::string& label,
                         const std::string& value) {
  labels[label] = value;
  Add(name, std::move(labels));
}

void FiguresChecker::Span(const std::string& name, LabelMap labels, int64_t us) {
  Series& series = series_[SampleKey(name, labels)];
  series.name = name;
  series.labels = std::move(labels);
  series.spans.push_back(us);
}

void FiguresChecker::AddAgent(const std::string& name, const std::string& agent,
                              const LabelMap& more) {
  if (agents_.count(agent) == 0) return;  // nobody, or deleted by now
  LabelMap labels = more;
  labels["agent"] = agent;
  Add(name, std::move(labels));
}

void FiguresChecker::SpanAgent(const std::string& name, const std::string& agent, int64_t us) {
  if (agents_.count(agent) == 0) return;
  Span(name, {{"agent", agent}}, us);
}

int64_t FiguresChecker::Count(const std::string& name, const LabelMap& labels) const {
  int64_t count = 0;
  for (const auto& [key, series] : series_) {
    if (series.name == name && Contains(series.labels, labels)) count += series.count;
  }
  return count;
}

FiguresChecker::Parts FiguresChecker::Spans(const std::string& name, const LabelMap& labels) const {
  Parts parts;
  for (const auto& [key, series] : series_) {
    if (series.name != name || !Contains(series.labels, labels)) continue;
    parts.count += series.spans.size();
    parts.sum_us += SumOf(series.spans);
  }
  return parts;
}

uint64_t FiguresChecker::AtMost(const std::string& name, const LabelMap& labels,
                                int64_t bound_us) const {
  int64_t count = 0;
  for (const auto& [key, series] : series_) {
    if (series.name != name || !Contains(series.labels, labels)) continue;
    count += CountAtMost(series.spans, static_cast<double>(bound_us));
  }
  return static_cast<uint64_t>(count);
}

// ---- Gauges -----------------------------------------------------------------------------------

void FiguresChecker::Gauge(const std::string& name, LabelMap labels, int64_t value) {
  Series& series = gauges_[SampleKey(name, labels)];
  series.name = name;
  series.labels = std::move(labels);
  series.count = value;
}

void FiguresChecker::ComputeGauges(int64_t now_us) {
  gauges_.clear();
  for (auto& [id, agent] : agents_) Integrate(agent, now_us);
  ComputeQueues(now_us);
  ComputeTeams();
}

void FiguresChecker::ComputeQueues(int64_t now_us) {
  struct Now {
    std::map<Inquiry::State, int64_t> states;
    int64_t oldest = std::numeric_limits<int64_t>::max();
  };
  std::map<std::string, Now> now;
  for (const auto& [id, inquiry] : inquiries_) {
    Now& queue = now[inquiry.queue];
    ++queue.states[inquiry.state];
    if (inquiry.state == Inquiry::kWaiting) {
      queue.oldest = std::min(queue.oldest, inquiry.created);
    }
  }
  for (const auto& [id, queue] : queues_) {
    const LabelMap labels = {{"workspace", workspace_}, {"queue", id}};
    Now& figures = now[id];
    const int64_t waiting = figures.states[Inquiry::kWaiting];
    Gauge("firstline_inquiries_waiting", labels, waiting);
    Gauge("firstline_inquiries_offered", labels, figures.states[Inquiry::kOffered]);
    Gauge("firstline_inquiries_assigned", labels, figures.states[Inquiry::kAssigned]);
    Gauge("firstline_inquiries_parked", labels, figures.states[Inquiry::kParked]);
    Gauge("firstline_oldest_waiting_seconds", labels, waiting == 0 ? 0 : now_us - figures.oldest);
    Gauge("firstline_agents_available", labels,
          std::count_if(agents_.begin(), agents_.end(), [&](const auto& agent) {
            return agent.second.back_off_until <= now_us && MayServe(agent.second, queue);
          }));
    LabelMap target = labels;
    target["target"] = "first_response";
    Gauge("firstline_queue_target_seconds", target, Us(queue.first_response_target()));
    target["target"] = "answer";
    Gauge("firstline_queue_target_seconds", target, Us(queue.answer_target()));
  }
}

bool FiguresChecker::MayServe(const Agent& agent, const v1::Queue& queue) const {
  if (!agent.exists || agent.presence != v1::PRESENCE_AVAILABLE) return false;
  if (agent.used >= agent.units) return false;
  if (!agent.memberships.empty()) {
    const auto member = agent.memberships.find(queue.id());
    if (member == agent.memberships.end() || member->second.paused()) return false;
    const int32_t tier = std::max(1, member->second.tier());
    if (queue.first_tier() != 0 && tier > queue.first_tier()) return false;
  }
  const auto has = [](const std::map<std::string, int>& have, const std::string& name, int least) {
    const auto it = have.find(name);
    return it != have.end() && it->second >= std::max(1, least);
  };
  for (const auto& skill : queue.requirement().skills()) {
    if (!has(agent.skills, skill.skill(), skill.min_level())) return false;
  }
  for (const std::string& label : queue.requirement().labels()) {
    if (agent.labels.count(label) == 0) return false;
  }
  const auto& languages = queue.requirement().languages();
  return languages.empty() ||
         std::any_of(languages.begin(), languages.end(), [&](const auto& language) {
           return has(agent.languages, language.language(), language.min_level());
         });
}

void FiguresChecker::ComputeTeams() {
  std::map<std::string, std::string> vendors;  // of configured teams, and of those with agents
  for (const v1::Team& team : config_.teams()) vendors[team.id()] = team.vendor();
  std::map<std::string, std::map<std::string, int64_t>> present;
  std::map<std::string, std::pair<int64_t, int64_t>> units;
  for (const auto& [id, agent] : agents_) {
    if (!agent.exists) continue;
    vendors.try_emplace(agent.team);
    const char* names[] = {"", "offline", "available", "away", "draining"};
    ++present[agent.team][names[agent.presence]];
    units[agent.team].first += agent.used;
    if (agent.presence != v1::PRESENCE_OFFLINE) units[agent.team].second += agent.units;
  }
  for (const auto& [team, vendor] : vendors) {
    const LabelMap labels = {{"workspace", workspace_}, {"team", team}};
    for (const char* presence : {"offline", "available", "away", "draining"}) {
      LabelMap by = labels;
      by["presence"] = presence;
      Gauge("firstline_agents", by, present[team][presence]);
    }
    Gauge("firstline_busy_units", labels, units[team].first);
    Gauge("firstline_capacity_units", labels, units[team].second);
    LabelMap info = labels;
    info["vendor"] = vendor;
    Gauge("firstline_team_info", info, 1);
  }
}

// ---- Comparing --------------------------------------------------------------------------------

std::vector<std::string> FiguresChecker::Compare(const std::string& exposition, int64_t now_us) {
  ComputeGauges(now_us);
  std::vector<std::string> differences;
  const auto families = ParseExposition(exposition, differences);
  std::set<std::string> expected;
  for (const auto* all : {&series_, &gauges_}) {
    for (const auto& [key, series] : *all) {
      if (series.name.rfind("agent_", 0) != 0) expected.insert(series.name);
    }
  }
  for (const std::string& name : expected) {
    if (families.count(name) == 0) differences.push_back("not shown: " + name);
  }
  for (const auto& [name, family] : families) {
    if (kNotFromEvents.count(name) != 0 || name.rfind("exposer_", 0) == 0) continue;
    if (family.type == "histogram" || family.type == "summary") {
      CompareHistogram(name, family, differences);
    } else {
      CompareFamily(name, family, differences);
    }
  }
  return differences;
}

void FiguresChecker::CompareFamily(const std::string& name, const TextFamily& family,
                                   std::vector<std::string>& differences) const {
  const auto& all = family.type == "gauge" ? gauges_ : series_;
  std::set<std::string> shown;
  for (const TextSample& sample : family.samples) {
    const std::string key = SampleKey(sample.name, sample.labels);
    shown.insert(key);
    const auto it = all.find(key);
    const int64_t expected = it == all.end() ? 0 : it->second.count;
    const int64_t actual = Exact(name, sample.value);
    if (actual == expected) continue;
    differences.push_back(absl::StrCat(key, ": shown ", actual, ", counted ", expected));
  }
  for (const auto& [key, series] : all) {
    if (series.name != name || series.count == 0 || shown.count(key) != 0) continue;
    differences.push_back(absl::StrCat(key, ": not shown, counted ", series.count));
  }
}

void FiguresChecker::CompareHistogram(const std::string& name, const TextFamily& family,
                                      std::vector<std::string>& differences) const {
  static const std::vector<int64_t> kNone;
  std::set<std::string> shown, infinite;
  for (const TextSample& sample : family.samples) {
    const std::string key = SampleKey(name, Without(sample.labels, "le"));
    const auto it = series_.find(key);
    const std::vector<int64_t>& spans = it == series_.end() ? kNone : it->second.spans;
    int64_t expected = 0, actual = std::llround(sample.value);
    if (EndsWith(sample.name, "_bucket")) {
      const std::string& bound = sample.labels.at("le");
      if (bound == "+Inf") infinite.insert(key);
      expected = bound == "+Inf" ? static_cast<int64_t>(spans.size())
                                 : CountAtMost(spans, std::stod(bound) * 1e6);
    } else if (EndsWith(sample.name, "_sum")) {
      expected = SumOf(spans);
      actual = Exact(name, sample.value);
    } else {
      shown.insert(key);
      expected = static_cast<int64_t>(spans.size());
    }
    if (actual == expected) continue;
    differences.push_back(absl::StrCat(SampleKey(sample.name, sample.labels), ": shown ", actual,
                                       ", counted ", expected));
  }
  for (const auto& [key, series] : series_) {
    if (series.name != name || shown.count(key) != 0) continue;
    differences.push_back(absl::StrCat(key, ": not shown, counted ", series.spans.size()));
  }
  if (family.type == "histogram" && infinite != shown) {
    differences.push_back(name + ": a histogram without +Inf");
  }
}

}  // namespace firstline::testing
