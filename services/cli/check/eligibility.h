// Whom an inquiry asks for, and whether an agent is that: read from the public configuration alone.
//
// Written anew on purpose. A checker that asked the router's own code whether the router is right
// would agree with every mistake in it.
//
// Thread rule: values.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "firstline/v1/agent.pb.h"
#include "firstline/v1/inquiry.pb.h"
#include "firstline/v1/workspace.pb.h"

namespace firstline::check {

// Levels that fit.
struct Range {
  int least = 1;
  int most = 0;  // 0: no bound
  bool Has(int level) const { return level >= least && (most == 0 || level <= most); }
};

// What is asked of an agent at one step of a queue's route: relaxations applied, queue's and
// inquiry's requirements merged.
struct Ask {
  std::string queue;
  bool suspended = false;
  int tier_max = 0;                           // 0: every tier
  std::map<std::string, Range> skills;
  std::vector<std::vector<std::pair<std::string, Range>>> groups;  // of each one suffices
  std::set<std::string> excluded_skills;
  std::vector<std::pair<std::string, int>> languages;  // any one suffices; empty: none is asked for
  std::set<std::string> labels;
  std::vector<v1::Condition> conditions;  // on labels
};

// `step` counts from 1; 0 is the requirement as asked. Steps beyond the route's end count as its last.
Ask AskOf(const v1::Queue& queue, const v1::InquirySpec& spec, int step);

// Empty if the agent may serve `ask` by membership, skills, languages and labels; else the first
// reason why not, for people. Presence and capacity are not looked at.
std::string WhyNot(const Ask& ask, const v1::Agent& agent);

// Where an inquiry stands in the serving order; smaller is served first.
struct ServingKey {
  std::int64_t rank = 0;
  std::int64_t due_us = 0;
  std::uint64_t sequence = 0;  // of arrival
  friend auto operator<=>(const ServingKey&, const ServingKey&) = default;
};

// `arrival_us`: when the inquiry was created.
ServingKey KeyOf(const v1::Queue& queue, int priority, int step, std::int64_t arrival_us,
                 std::uint64_t sequence);

}  // namespace firstline::check
