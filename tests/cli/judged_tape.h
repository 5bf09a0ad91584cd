// A history written by hand and what the checker says to it.
#pragma once

#include <string>
#include <vector>

#include "services/cli/check/stream_checker.h"
#include "tests/cli/event_tape.h"

namespace firstline::check {

using test::EventTape;

inline constexpr auto kForbidden = StreamChecker::Open::kForbidden;
inline constexpr auto kAllowed = StreamChecker::Open::kAllowed;

inline v1::Queue QueueFor(const std::string& id) {
  v1::Queue queue;
  queue.set_id(id);
  queue.set_auto_accept(true);
  queue.mutable_requirement()->add_skills()->set_skill(id);
  return queue;
}

inline std::vector<std::string> RulesBroken(const StreamChecker& checker) {
  std::vector<std::string> rules;
  for (const Violation& v : checker.violations()) {
    rules.push_back(std::string(ToString(v.rule)) + " " + v.inquiry_id);
  }
  return rules;
}

inline std::vector<std::string> Judge(EventTape& tape, StreamChecker::Open open = kForbidden,
                                      const std::vector<std::string>& acknowledged = {}) {
  StreamChecker checker;
  for (const v1::Event& event : tape.events()) checker.Add(event);
  checker.Finish(acknowledged, open);
  return RulesBroken(checker);
}

}  // namespace firstline::check
