// The workspace, agents and inquiries that every contender is measured with: 50 profiles of agents
// (5 of 64 skills, levels 1 to 10), 20 requirements (two skills with a least level, each met by at
// least one profile). Requests are some 190 bytes long.
//
// Threads: any; there is no state.
#pragma once

#include <string>
#include <vector>

#include "firstline/v1/config_service.pb.h"
#include "firstline/v1/routing_service.pb.h"

namespace firstline::bench {

inline constexpr char kWorkspace[] = "bench";
inline constexpr char kQueue[] = "support";
inline constexpr int kProfiles = 50;
inline constexpr int kRequirements = 20;
inline constexpr int kSkills = 64;
// Room for the inquiries of one measurement: all ids have the same length.
inline constexpr int kInquiriesMax = 100'000'000;

struct Skill {
  std::string name;
  int level = 1;
};
std::vector<Skill> SkillsOfAgent(int agent);
std::vector<Skill> RequirementOf(int inquiry);

std::string AgentId(int agent);
// 10 bytes.
std::string InquiryId(int inquiry);

// One channel, one queue that gives an inquiry to the agent who has been idle longest. With
// `auto_accept` offers are accepted on the agent's behalf.
v1::ApplyWorkspaceRequest SampleWorkspace(bool auto_accept);
// Agents `first` to `first + count - 1`, one unit each.
v1::UpsertAgentsRequest SampleAgents(int first, int count);
v1::SubmitInquiryRequest SampleSubmit(int inquiry);

}  // namespace firstline::bench
