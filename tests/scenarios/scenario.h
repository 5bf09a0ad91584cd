// Runs scenarios: small texts that configure a workspace, play a course of events at stated times
// and say what must come of it. The language is described in README.md beside this file.
#pragma once

#include <string>
#include <vector>

namespace firstline::engine::scenarios {

struct ScenarioResult {
  std::string text;                   // the scenario with its `|` lines as they really were
  std::vector<std::string> failures;  // unreadable lines, unmet expectations, broken invariants
};

// Pure: the same text gives the same result.
ScenarioResult RunScenario(const std::string& text);

}  // namespace firstline::engine::scenarios
