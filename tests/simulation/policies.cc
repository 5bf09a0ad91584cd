#include "tests/simulation/policies.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace firstline::simulation {
namespace {

constexpr int kAgentUnits = 2;

// Everybody is served in the end: after some seconds anybody may take it.
std::vector<engine::StepConfig> StepsOf(const Policies& policies) {
  engine::StepConfig anybody;
  anybody.after = engine::Seconds(4);
  anybody.drop_skills = {"billing", "technical"};
  if (!policies.steps_by_state) return {anybody};
  // Sooner where nobody else is there, later where somebody may come.
  engine::StepConfig lower;
  lower.after = engine::Milliseconds(500);
  lower.lower_levels = 1;
  lower.when = engine::StepWhen{.available_below = 1};
  lower.at_latest = engine::Seconds(3);
  anybody.when = engine::StepWhen{.logged_in_below = 2, .waiting_below = 10};
  anybody.at_latest = engine::Seconds(6);
  return {lower, anybody};
}

engine::QueueConfig QueueOf(const Policies& policies, const char* id) {
  engine::QueueConfig queue;
  queue.id = id;
  queue.offer_timeout = engine::Seconds(3);
  queue.offer_to = policies.offer_to;
  queue.max_overtakes = policies.max_overtakes;
  queue.wrap_up = engine::Milliseconds(300);
  queue.wrap_up_queue_only = policies.wrap_up_of_queue;
  if (policies.extends) queue.wrap_up_extension_max = engine::Seconds(1);
  if (policies.agents_lose_work) queue.first_reply_timeout = engine::Seconds(8);
  queue.lost_agent = policies.lost_agent;
  queue.lost_agent_after = engine::Seconds(1);
  queue.allow_claim = policies.claims;
  if (policies.decliners_last) queue.ask_decliners_after = engine::Seconds(1);
  if (policies.reopens) queue.reopen_within = engine::Seconds(60);
  if (policies.transfers || policies.steps_by_state) queue.steps = StepsOf(policies);
  return queue;
}

}  // namespace

Policies DrawPolicies(Random random) {
  Policies policies;
  policies.agents_lose_work = random.Chance(50);
  policies.offer_to = random.Chance(60) ? 1 : static_cast<int>(random.Between(2, 3));
  policies.max_overtakes = random.Chance(40) ? 2 : 0;
  policies.lost_agent = static_cast<engine::LostAgent>(random.Below(3));
  policies.exclusive_channel = random.Chance(40);
  policies.steps_by_state = random.Chance(40);
  policies.decliners_last = random.Chance(40);
  policies.wrap_up_of_queue = random.Chance(30);
  policies.claims = random.Chance(40);
  policies.directs = random.Chance(40);
  policies.transfers = random.Chance(40);
  policies.reopens = random.Chance(40);
  policies.extends = random.Chance(40);
  policies.absences = random.Chance(50);
  return policies;
}

engine::ApplyConfig ConfigOf(const Policies& policies, const WorkspaceOptions& options) {
  engine::ApplyConfig apply;
  apply.config.channels = {{.id = kChannel, .kind = engine::ChannelKind::kMessaging, .units = 1},
                           {.id = kExclusiveChannel,
                            .kind = engine::ChannelKind::kLive,
                            .units = 1,
                            .exclusive = true}};
  apply.config.queues = {QueueOf(policies, kQueue), QueueOf(policies, kOtherQueue)};
  engine::SettingsConfig& settings = apply.config.settings;
  settings.presence_grace = engine::Seconds(8);
  settings.closed_retention = engine::Span{options.retention_us};
  if (options.keep_events > 0) settings.keep_events_max = options.keep_events;
  settings.back_off.after_misses = 3;
  settings.back_off.duration = engine::Milliseconds(500);
  settings.back_off.max_duration = engine::Seconds(2);
  std::vector<engine::AgentConfig> agents;
  for (int a = 0; a < options.agents; ++a) {
    engine::AgentConfig agent;
    agent.id = absl::StrCat("a", a);
    agent.units = kAgentUnits;
    agent.skills = {{.name = a % 2 == 0 ? "billing" : "technical", .level = 5}};
    agents.push_back(agent);
  }
  apply.agents = agents;
  return apply;
}

engine::Submit SubmitOf(const Policies& policies, int number) {
  engine::Submit submit;
  submit.inquiry_id = absl::StrCat("i", number);
  submit.channel = kChannel;
  submit.queue = kQueue;
  if (number % 3 != 0) {
    submit.requirement.skills = {{.name = number % 3 == 1 ? "billing" : "technical", .level = 3}};
  }
  if (policies.exclusive_channel && number % 4 == 3) submit.channel = kExclusiveChannel;
  if (policies.max_overtakes > 0 && number % 5 == 4) submit.units = kAgentUnits;
  return submit;
}

InquiryRules RulesOf(const Policies& policies) {
  return {.agents_lose_work = policies.agents_lose_work ||
                              policies.lost_agent == engine::LostAgent::kRequeue,
          .offers_to_several = policies.offer_to > 1,
          .router_closes = policies.lost_agent == engine::LostAgent::kClose};
}

}  // namespace firstline::simulation
