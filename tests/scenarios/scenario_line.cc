#include "tests/scenarios/scenario_line.h"

#include <cmath>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace firstline::engine::scenarios {
namespace {

const std::set<std::string> kFlags = {"auto_accept", "drop_languages", "force", "bot", "lost_tail",
                                      "close",       "suspended",      "refuse_if_nobody",
                                      "wrap_up_queue_only", "exclusive", "allow_claim",
                                      "reopen_keeps_age", "with_offer",
                                      "at_once_if_nobody", "after_rules"};

double ParseNumber(const std::string& text, std::string* unit) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str()) throw ScenarioError(absl::StrCat("'", text, "' is not a number"));
  *unit = end;
  return value;
}

}  // namespace

Span ParseSpan(const std::string& text) {
  static const std::map<std::string, double> kUnits = {
      {"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"m", 60e6}, {"h", 3600e6}, {"d", 86'400e6}, {"", 0}};
  std::string unit;
  const double value = ParseNumber(text, &unit);
  const auto factor = kUnits.find(unit);
  if (factor == kUnits.end() || (unit.empty() && value != 0)) {
    throw ScenarioError(absl::StrCat("'", text, "' needs a unit: us ms s m h d"));
  }
  return Microseconds(std::llround(value * factor->second));
}

int ParseInt(const std::string& text) {
  std::string rest;
  const double value = ParseNumber(text, &rest);
  if (!rest.empty() || value != std::floor(value)) {
    throw ScenarioError(absl::StrCat("'", text, "' is not a whole number"));
  }
  return static_cast<int>(value);
}

std::vector<std::string> ParseList(const std::string& text) {
  if (text.empty()) return {};
  return absl::StrSplit(text, ',');
}

std::vector<SkillLevel> ParseLevels(const std::string& text) {
  std::vector<SkillLevel> levels;
  for (const std::string& part : ParseList(text)) {
    const std::vector<std::string> pair = absl::StrSplit(part, absl::MaxSplits(':', 1));
    const std::vector<std::string> range =
        absl::StrSplit(pair.size() > 1 ? pair[1] : "1", absl::MaxSplits('-', 1));
    levels.push_back({pair[0], ParseInt(range[0]), range.size() > 1 ? ParseInt(range[1]) : 0});
  }
  return levels;
}

std::vector<Condition> ParseConditions(const std::string& text) {
  static const std::map<std::string, Comparison> kComparisons = {
      {"is", Comparison::kEqual},       {"not", Comparison::kNotEqual},
      {"in", Comparison::kIn},          {"below", Comparison::kLess},
      {"most", Comparison::kLessOrEqual}, {"above", Comparison::kGreater},
      {"least", Comparison::kGreaterOrEqual}};
  std::vector<Condition> conditions;
  for (const std::string& part : ParseList(text)) {
    const std::vector<std::string> words = absl::StrSplit(part, ':');
    if (words.size() != 3 || kComparisons.count(words[1]) == 0) {
      throw ScenarioError(absl::StrCat("'", part, "' is no condition"));
    }
    conditions.push_back({words[0], kComparisons.at(words[1]), absl::StrSplit(words[2], ';')});
  }
  return conditions;
}

ScenarioLine::ScenarioLine(const std::string& text) {
  const std::vector<std::string> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
  verb_ = words.at(0);
  for (size_t w = 1; w < words.size(); ++w) {
    const size_t equals = words[w].find('=');
    if (equals != std::string::npos) {
      options_[words[w].substr(0, equals)] = words[w].substr(equals + 1);
    } else if (kFlags.count(words[w]) != 0) {
      options_[words[w]] = "";
    } else {
      args_.push_back(words[w]);
    }
  }
}

const std::string& ScenarioLine::Arg(size_t index) const {
  if (index >= args_.size()) {
    throw ScenarioError(absl::StrCat(verb_, " needs ", index + 1, " argument(s)"));
  }
  return args_[index];
}

bool ScenarioLine::Has(const std::string& key) {
  used_.insert(key);
  return options_.count(key) != 0;
}

std::string ScenarioLine::Get(const std::string& key, const std::string& otherwise) {
  return Has(key) ? options_[key] : otherwise;
}

int ScenarioLine::GetInt(const std::string& key, int otherwise) {
  return Has(key) ? ParseInt(options_[key]) : otherwise;
}

Span ScenarioLine::GetSpan(const std::string& key, Span otherwise) {
  return Has(key) ? ParseSpan(options_[key]) : otherwise;
}

RequirementSpec ScenarioLine::GetRequirement() {
  RequirementSpec spec{ParseLevels(Get("skills")), ParseLevels(Get("languages")),
                       ParseList(Get("labels"))};
  if (Has("any")) {
    const std::vector<std::string> groups = absl::StrSplit(options_["any"], '/');
    for (const std::string& group : groups) {
      spec.any_skills.push_back(ParseLevels(group));
    }
  }
  spec.excluded_skills = ParseList(Get("not"));
  spec.label_conditions = ParseConditions(Get("if"));
  return spec;
}

std::map<std::string, std::string> ScenarioLine::TakeRest() {
  std::map<std::string, std::string> rest;
  for (const auto& [key, value] : options_) {
    if (used_.insert(key).second) rest[key] = value;
  }
  return rest;
}

void ScenarioLine::CheckAllUsed() const {
  for (const auto& [key, value] : options_) {
    if (used_.count(key) == 0) throw ScenarioError(absl::StrCat(verb_, " has no option ", key));
  }
}

}  // namespace firstline::engine::scenarios
