// One line of a scenario: a verb, its arguments and options, and the readings of their values.
// A value that cannot be read is a ScenarioError; so is an option nobody asked for.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "services/router/engine/command.h"

namespace firstline::engine::scenarios {

class ScenarioError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// "10s", "1.5s", "250ms", "2m", "1h", "0", "-3s".
Span ParseSpan(const std::string& text);
int ParseInt(const std::string& text);
// "billing:5,tech:2-4" -> levels, 1 where none is given, and the highest. Empty text: none.
std::vector<SkillLevel> ParseLevels(const std::string& text);
std::vector<std::string> ParseList(const std::string& text);
// "site:in:north;south,grade:least:3" -> conditions.
std::vector<Condition> ParseConditions(const std::string& text);

class ScenarioLine {
 public:
  // "submit i1 queue=q auto_accept": verb, arguments without and options with "=". Words listed in
  // `kFlags` of the source are options without a value.
  explicit ScenarioLine(const std::string& text);

  const std::string& verb() const { return verb_; }
  const std::vector<std::string>& args() const { return args_; }
  const std::string& Arg(size_t index) const;  // ScenarioError when it is missing

  bool Has(const std::string& key);
  bool Flag(const std::string& key) { return Has(key); }
  std::string Get(const std::string& key, const std::string& otherwise = "");
  int GetInt(const std::string& key, int otherwise);
  Span GetSpan(const std::string& key, Span otherwise = {});
  RequirementSpec GetRequirement();  // skills= languages= labels= any= not= if=
  // Every option not yet asked for: for verbs with free keys.
  std::map<std::string, std::string> TakeRest();
  void CheckAllUsed() const;

 private:
  std::string verb_;
  std::vector<std::string> args_;
  std::map<std::string, std::string> options_;
  std::set<std::string> used_;
};

// The value whose text `Text(value)` (engine_text.h) is `name`, among the first `count` ones.
template <class Enum, class TextOf>
Enum ParseEnum(const std::string& name, int count, const TextOf& text_of) {
  for (int v = 0; v < count; ++v) {
    if (name == text_of(static_cast<Enum>(v))) return static_cast<Enum>(v);
  }
  throw ScenarioError("unknown value '" + name + "'");
}

}  // namespace firstline::engine::scenarios
