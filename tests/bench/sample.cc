#include "tests/bench/sample.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace firstline::bench {

std::vector<Skill> SkillsOfAgent(int agent) {
  const int profile = agent % kProfiles;
  std::vector<Skill> skills;
  for (int k = 0; k < 5; ++k) {
    // Steps that are odd meet every skill of the 64, and no profile has one twice.
    skills.push_back({absl::StrCat("skill-", (profile * 11 + k * 13) % kSkills),
                      1 + (profile * 7 + k * 3) % 10});
  }
  return skills;
}

std::vector<Skill> RequirementOf(int inquiry) {
  std::vector<Skill> skills = SkillsOfAgent(inquiry % kRequirements);
  skills.resize(2);
  for (Skill& skill : skills) skill.level = (skill.level + 1) / 2;
  return skills;
}

std::string AgentId(int agent) { return absl::StrFormat("agent-%06d", agent); }
std::string InquiryId(int inquiry) { return absl::StrFormat("i-%08d", inquiry); }

v1::ApplyWorkspaceRequest SampleWorkspace(bool auto_accept) {
  v1::ApplyWorkspaceRequest apply;
  apply.set_create(true);
  apply.set_mode(v1::APPLY_MODE_WHOLE);
  v1::Workspace& workspace = *apply.mutable_workspace();
  workspace.set_id(kWorkspace);
  // Nothing is purged within a measurement, so that what was taken can be counted.
  workspace.mutable_settings()->set_closed_max(2'000'000);
  v1::Channel& channel = *workspace.add_channels();
  channel.set_id("chat");
  channel.set_kind(v1::CHANNEL_KIND_MESSAGING);
  v1::Queue& queue = *workspace.add_queues();
  queue.set_id(kQueue);
  queue.add_selection(v1::CRITERION_IDLE_TIME);
  queue.set_auto_accept(auto_accept);
  return apply;
}

v1::UpsertAgentsRequest SampleAgents(int first, int count) {
  v1::UpsertAgentsRequest upsert;
  upsert.set_workspace(kWorkspace);
  for (int i = first; i < first + count; ++i) {
    v1::Agent& agent = *upsert.add_agents();
    agent.set_id(AgentId(i));
    agent.mutable_capacity()->set_units(1);
    for (const Skill& skill : SkillsOfAgent(i)) {
      v1::AgentSkill& added = *agent.add_skills();
      added.set_skill(skill.name);
      added.set_level(skill.level);
    }
  }
  return upsert;
}

v1::SubmitInquiryRequest SampleSubmit(int inquiry) {
  v1::SubmitInquiryRequest submit;
  submit.set_workspace(kWorkspace);
  v1::InquirySpec& spec = *submit.mutable_inquiry();
  spec.set_id(InquiryId(inquiry));
  spec.set_channel("chat");
  spec.set_queue(kQueue);
  spec.set_priority(inquiry % 3);
  spec.set_customer("customer-81723");
  for (const Skill& skill : RequirementOf(inquiry)) {
    v1::SkillRequirement& wanted = *spec.mutable_requirement()->add_skills();
    wanted.set_skill(skill.name);
    wanted.set_min_level(skill.level);
  }
  (*spec.mutable_attributes())["origin"] = "https://shop.example.com/orders/8172365";
  (*spec.mutable_attributes())["topic"] = "delivery is late";
  return submit;
}

}  // namespace firstline::bench
