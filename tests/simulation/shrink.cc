#include "tests/simulation/shrink.h"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace firstline::simulation {
namespace {

// Which rule is broken: the words the message begins with, without numbers and names.
std::string RuleOf(const std::string& violation) {
  constexpr size_t kTelling = 24;
  std::string rule;
  for (char c : violation) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) rule += c;
    if (rule.size() == kTelling) break;
  }
  return rule;
}

class Shrinker {
 public:
  Shrinker(const SimulationOptions& options, int runs_max) : runs_max_(runs_max) {
    best_.options = options;
    best_.options.trace = false;
    best_.options.plan = PlanOf(options);
    best_.violation = Simulate(best_.options).violation;
    best_.runs = 1;
    rule_ = RuleOf(best_.violation);
  }

  Shrunk Run() {
    bool better = true;
    while (better && best_.runs < runs_max_) {
      better = DropFaults();
      better = WithoutPolicies() || better;
      better = LessOf(&SimulationOptions::writers, 0) || better;
      better = LessOf(&SimulationOptions::workspaces, 1) || better;
      better = LessOf(&SimulationOptions::inquiries, 1) || better;
      better = LessOf(&SimulationOptions::commands, 1) || better;
      better = LessOf(&SimulationOptions::agents, 1) || better;
      better = LessOf(&SimulationOptions::pods, 1) || better;
      better = Shorten() || better;
      better = ShortenFaults() || better;
    }
    return std::move(best_);
  }

 private:
  // Keeps the options if they break the same rule.
  bool Try(const SimulationOptions& options) {
    if (best_.runs >= runs_max_) return false;
    ++best_.runs;
    std::string violation = Simulate(options).violation;
    if (violation.empty() || RuleOf(violation) != rule_) return false;
    best_.options = options;
    best_.violation = std::move(violation);
    return true;
  }

  // Large pieces first, then ever smaller ones (Zeller's ddmin, complements only).
  bool DropFaults() {
    bool better = false;
    for (size_t piece = std::max<size_t>(best_.options.plan->size(), 1); piece > 0; piece /= 2) {
      for (size_t from = 0; from < best_.options.plan->size();) {
        SimulationOptions less = best_.options;
        const auto begin = less.plan->begin() + static_cast<std::ptrdiff_t>(from);
        const size_t count = std::min(piece, less.plan->size() - from);
        less.plan->erase(begin, begin + static_cast<std::ptrdiff_t>(count));
        if (Try(less)) {
          better = true;
        } else {
          from += piece;
        }
      }
    }
    return better;
  }

  bool LessOf(int SimulationOptions::*number, int least) {
    bool better = false;
    while (best_.options.*number > least) {
      const int now = best_.options.*number;
      bool found = false;
      for (const int less : {least, least + (now - least) / 2, now - 1}) {
        if (less >= now) continue;
        SimulationOptions fewer = best_.options;
        fewer.*number = less;
        found = Try(fewer);
        if (found) break;
      }
      if (!found) break;
      better = true;
    }
    return better;
  }

  bool WithoutPolicies() {
    SimulationOptions plain = best_.options;
    plain.plain = true;
    return !best_.options.plain && Try(plain);
  }

  bool Shorten() {
    bool better = false;
    while (best_.options.faults_until_us > 2'000'000) {
      SimulationOptions shorter = best_.options;
      shorter.faults_until_us = shorter.faults_until_us * 3 / 4;
      if (!Try(shorter)) break;
      better = true;
    }
    return better;
  }

  bool ShortenFaults() {
    bool better = false;
    for (size_t i = 0; i < best_.options.plan->size(); ++i) {
      SimulationOptions milder = best_.options;
      Fault& fault = (*milder.plan)[i];
      if (fault.span_us < 20'000) continue;
      fault.span_us /= 2;
      better = Try(milder) || better;
    }
    return better;
  }

  const int runs_max_;
  Shrunk best_;
  std::string rule_;
};

}  // namespace

Shrunk Shrink(const SimulationOptions& options, int runs_max) {
  return Shrinker(options, runs_max).Run();
}

std::string Describe(const Shrunk& shrunk) {
  const SimulationOptions& options = shrunk.options;
  std::string text = absl::StrCat(
      "seed ", options.seed, " with ", options.pods, " pods, ", options.workspaces,
      " workspaces of ", options.agents, " agents, ", options.inquiries, " inquiries and ",
      options.writers, " writers of ", options.commands, " commands",
      options.plain ? ", without policies" : "", ", until ",
      options.faults_until_us / 1000, " ms:\n");
  for (const Fault& fault : *options.plan) absl::StrAppend(&text, "  ", ToString(fault), "\n");
  absl::StrAppend(&text, "  -> ", shrunk.violation, "\n");
  return text;
}

}  // namespace firstline::simulation
