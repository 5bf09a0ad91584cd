// Every bound of limits.h that a command can reach: at it and below it works, beyond it is rejected
// and nothing changed.
#include "absl/strings/str_cat.h"
#include "services/router/engine/limits.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/engine/workbench.h"

namespace firstline::engine::proof {
namespace {

std::string LongText(size_t bytes) { return std::string(bytes, 'x'); }
std::string Name(size_t n) { return "n" + std::to_string(n); }

std::vector<SkillLevel> Levels(size_t count) {
  std::vector<SkillLevel> levels;
  for (size_t n = 0; n < count; ++n) levels.push_back({Name(n), 1});
  return levels;
}
std::vector<std::string> Names(size_t count) {
  std::vector<std::string> names;
  for (size_t n = 0; n < count; ++n) names.push_back(Name(n));
  return names;
}

// A bound on the form of one command: `make(size)` builds it with `size` of whatever is bounded.
struct Bound {
  std::string name;
  size_t max = 0;
  std::function<Body(size_t)> make;
  Rejection beyond = Rejection::kInvalidField;
};

template <class Set>
Bound OnSubmit(const std::string& name, size_t max, const Set& set) {
  return {name, max, [set](size_t size) -> Body {
            Submit submit{.inquiry_id = "i1", .channel = "chat", .queue = "q"};
            set(submit, size);
            return submit;
          }};
}
template <class Set>
Bound OnAgent(const std::string& name, size_t max, const Set& set) {
  return {name, max,
          [set](size_t size) -> Body {
            AgentConfig agent{.id = "new"};
            set(agent, size);
            return UpsertAgents{{agent}};
          },
          Rejection::kConfigInvalid};
}
template <class Set>
Bound OnConfig(const std::string& name, size_t max, const Set& set) {
  return {name, max,
          [set](size_t size) -> Body {
            ApplyConfig apply{.config = Workbench::SmallWorkspace()};
            set(apply.config, size);
            return apply;
          },
          Rejection::kConfigInvalid};
}

std::vector<Bound> SubmitBounds() {
  using namespace limits;
  return {
      OnSubmit("id_bytes", kIdBytesMax, [](Submit& s, size_t n) { s.inquiry_id = LongText(n); }),
      OnSubmit("customer_bytes", kCustomerBytesMax,
               [](Submit& s, size_t n) { s.customer = LongText(n); }),
      OnSubmit("attributes", kAttributesMax,
               [](Submit& s, size_t n) {
                 for (size_t k = 0; k < n; ++k) s.attributes.push_back({LongText(k + 1), ""});
               }),
      OnSubmit("attributes_bytes", kAttributesBytesMax,
               [](Submit& s, size_t n) {
                 s.attributes = {{"key", LongText(n - 3)}};
               }),
      OnSubmit("priority", kPriorityMax,
               [](Submit& s, size_t n) { s.priority = static_cast<int>(n); }),
      OnSubmit("units", kUnitsMax, [](Submit& s, size_t n) { s.units = static_cast<int>(n); }),
      OnSubmit("level", kLevelMax,
               [](Submit& s, size_t n) {
                 s.requirement.skills = {{"a", static_cast<int>(n)}};
               }),
      OnSubmit("name_bytes", kNameBytesMax,
               [](Submit& s, size_t n) { s.requirement.labels = {LongText(n)}; }),
      OnSubmit("skills", kRequiredSkillsMax,
               [](Submit& s, size_t n) { s.requirement.skills = Levels(n); }),
      OnSubmit("languages", kRequiredLanguagesMax,
               [](Submit& s, size_t n) { s.requirement.languages = Levels(n); }),
      OnSubmit("labels", kRequiredLabelsMax,
               [](Submit& s, size_t n) { s.requirement.labels = Names(n); }),
      OnSubmit("max_level", kLevelMax,
               [](Submit& s, size_t n) {
                 s.requirement.skills = {{"a", 1, static_cast<int>(n)}};
               }),
      OnSubmit("skill_groups", kSkillGroupsMax,
               [](Submit& s, size_t n) { s.requirement.any_skills.assign(n, {{"a", 1}}); }),
      OnSubmit("skill_group", kSkillGroupMax,
               [](Submit& s, size_t n) { s.requirement.any_skills = {Levels(n)}; }),
      OnSubmit("excluded_skills", kExcludedSkillsMax,
               [](Submit& s, size_t n) { s.requirement.excluded_skills = Names(n); }),
      OnSubmit("conditions", kConditionsMax,
               [](Submit& s, size_t n) {
                 s.requirement.label_conditions.assign(n, {"k", Comparison::kEqual, {"v"}});
               }),
      OnSubmit("condition_values", kConditionValuesMax,
               [](Submit& s, size_t n) {
                 s.requirement.label_conditions = {{"k", Comparison::kIn, Names(n)}};
               }),
      OnSubmit("condition_bytes", kNameBytesMax,
               [](Submit& s, size_t n) {
                 s.requirement.label_conditions = {{"k", Comparison::kEqual, {LongText(n - 2)}}};
               }),
      OnSubmit("preferred", kPreferredMax,
               [](Submit& s, size_t n) { s.preferred_agents.assign(n, "a1"); }),
      OnSubmit("excluded", kExcludedMax,
               [](Submit& s, size_t n) { s.excluded_agents.assign(n, "a1"); }),
  };
}

RuleConfig Rule(size_t number) {
  return {.id = Name(number), .channels = {"chat"}, .conditions = {}, .queue = "q"};
}

std::vector<Bound> AgentBounds() {
  using namespace limits;
  return {
      OnAgent("id_bytes", kIdBytesMax, [](AgentConfig& a, size_t n) { a.id = LongText(n); }),
      OnAgent("skills", kAgentSkillsMax, [](AgentConfig& a, size_t n) { a.skills = Levels(n); }),
      OnAgent("languages", kAgentLanguagesMax,
              [](AgentConfig& a, size_t n) { a.languages = Levels(n); }),
      OnAgent("labels", kAgentLabelsMax, [](AgentConfig& a, size_t n) { a.labels = Names(n); }),
      OnAgent("units", kUnitsMax, [](AgentConfig& a, size_t n) { a.units = static_cast<int>(n); }),
      OnAgent("tier", kTierMax,
              [](AgentConfig& a, size_t n) {
                a.memberships = {{.queue = "q", .tier = static_cast<int>(n)}};
              }),
      {"agents_per_upsert", kAgentsPerUpsertMax,
       [](size_t n) -> Body {
         UpsertAgents upsert;
         for (size_t k = 0; k < n; ++k) upsert.agents.push_back({.id = Name(k)});
         return upsert;
       }},
      {"reason_bytes", kNameBytesMax,
       [](size_t n) -> Body {
         return SetPresence{.agent_id = "a1", .presence = Presence::kAway, .reason = LongText(n)};
       }},
      {"retry_after", static_cast<size_t>(kSpanMaxUs),
       [](size_t us) -> Body {
         return Decline{"offered", 1, "a1", Microseconds(static_cast<int64_t>(us))};
       }},
  };
}

std::vector<Bound> ConfigBounds() {
  using namespace limits;
  return {
      OnConfig("channels", kChannelsMax,
               [](WorkspaceConfig& c, size_t n) {
                 for (size_t k = c.channels.size(); k < n; ++k) c.channels.push_back({Name(k)});
               }),
      OnConfig("queues", kQueuesMax,
               [](WorkspaceConfig& c, size_t n) {
                 for (size_t k = c.queues.size(); k < n; ++k) c.queues.push_back({.id = Name(k)});
               }),
      OnConfig("teams", kTeamsMax,
               [](WorkspaceConfig& c, size_t n) {
                 for (size_t k = c.teams.size(); k < n; ++k) c.teams.push_back({Name(k), ""});
               }),
      OnConfig("steps", kStepsMax,
               [](WorkspaceConfig& c, size_t n) {
                 for (size_t k = 0; k < n; ++k) {
                   c.queues[0].steps.push_back({.after = Seconds(static_cast<int64_t>(k) + 1)});
                 }
               }),
      OnConfig("rules", kRulesMax,
               [](WorkspaceConfig& c, size_t n) {
                 for (size_t k = 0; k < n; ++k) c.rules.push_back(Rule(k));
               }),
      OnConfig("span", static_cast<size_t>(kSpanMaxUs),
               [](WorkspaceConfig& c, size_t us) {
                 c.queues[0].wrap_up = Microseconds(static_cast<int64_t>(us));
               }),
      OnConfig(
          "queue_length", kQueueLengthMax,
          [](WorkspaceConfig& c, size_t n) { c.queues[0].max_length = static_cast<uint32_t>(n); }),
      OnConfig("channel_units", kUnitsMax,
               [](WorkspaceConfig& c, size_t n) { c.channels[0].units = static_cast<int>(n); }),
      OnConfig(
          "requests", kRequestsMax,
          [](WorkspaceConfig& c, size_t n) { c.settings.request_max = static_cast<uint32_t>(n); }),
  };
}

void Check(const std::vector<Bound>& bounds) {
  for (const Bound& bound : bounds) {
    for (const size_t size : {bound.max - 1, bound.max, bound.max + 1}) {
      SCOPED_TRACE(bound.name + " " + std::to_string(size));
      Workbench bench;
      bench.Online("a1");
      bench.Submit("offered");
      bench.Forget();
      const std::string before = Dump(bench.engine());
      const Outcome outcome = bench.Do(bound.make(size));
      const Rejection expected = size > bound.max ? bound.beyond : Rejection::kNone;
      EXPECT_EQ(std::string(ToString(outcome.rejection)), std::string(ToString(expected)))
          << outcome.subject;
      if (size <= bound.max) continue;
      EXPECT_EQ(FirstDifference(before, Dump(bench.engine())), "");
      EXPECT_TRUE(bench.engine().TakeChanges().empty());
    }
  }
}

TEST(LimitsTest, Submit) { Check(SubmitBounds()); }
TEST(LimitsTest, Agents) { Check(AgentBounds()); }
TEST(LimitsTest, Configuration) { Check(ConfigBounds()); }

TEST(LimitsTest, Memberships) {
  using limits::kAgentMembershipsMax;
  WorkspaceConfig config = Workbench::SmallWorkspace();
  AgentConfig agent{.id = "a1"};
  for (size_t n = 0; n <= kAgentMembershipsMax; ++n) {
    config.queues.push_back({.id = Name(n)});
    agent.memberships.push_back({.queue = Name(n)});
  }
  Workbench bench(config);
  EXPECT_EQ(bench.Reject(UpsertAgents{{agent}}), Rejection::kConfigInvalid);
  agent.memberships.pop_back();
  EXPECT_EQ(bench.Reject(UpsertAgents{{agent}}), Rejection::kNone);
}

TEST(LimitsTest, RequestIdBytes) {
  Workbench bench;
  const Body body = UpsertAgents{{{.id = "a1"}}};
  EXPECT_TRUE(bench.Do(body, LongText(limits::kRequestIdBytesMax)).ok());
  EXPECT_EQ(bench.Do(body, LongText(limits::kRequestIdBytesMax + 1)).rejection,
            Rejection::kInvalidField);
}

TEST(LimitsTest, WhenAhead) {
  Workbench bench;
  const Time latest = bench.now() + Microseconds(limits::kWhenToleranceUs);
  const Submit submit{.inquiry_id = "i1", .channel = "chat", .queue = "q"};
  EXPECT_EQ(bench.Do(submit, "", latest + Microseconds(1)).rejection, Rejection::kWhenOutOfRange);
  EXPECT_TRUE(bench.Do(submit, "", latest).ok());
}

TEST(LimitsTest, Sessions) {
  Workbench bench;
  bench.AddAgent({.id = "a1"});
  for (size_t n = 0; n < limits::kAgentSessionsMax; ++n) {
    EXPECT_TRUE(bench.Do(OpenSession{"a1", Name(n)}).ok());
  }
  EXPECT_EQ(bench.Reject(OpenSession{"a1", "more"}), Rejection::kTooManySessions);
  EXPECT_EQ(bench.Reject(SetPresence{.agent_id = "a1", .session_id = "more", .sequence = 1}),
            Rejection::kTooManySessions);
  EXPECT_TRUE(bench.Do(OpenSession{"a1", Name(0)}).ok()) << "a known one is no more";
  bench.Do(CloseSession{"a1", Name(0)});
  EXPECT_TRUE(bench.Do(OpenSession{"a1", "more"}).ok());
}

// The list keeps what the caller excluded; of the declines the oldest goes.
TEST(LimitsTest, Exceptions) {
  Workbench bench;
  const size_t agents = limits::kExceptionsMax + 4;
  for (size_t n = 0; n < agents; ++n) bench.AddAgent({.id = Name(n)});
  Submit submit{.inquiry_id = "i1", .channel = "chat", .queue = "q"};
  submit.excluded_agents = {Name(0)};
  bench.Do(submit);
  for (size_t n = 1; n < agents; ++n) {
    bench.Do(SetPresence{.agent_id = Name(n)});
    const Inquiry& inquiry = bench.Get("i1");
    ASSERT_EQ(inquiry.state, InquiryState::kOffered) << n;
    bench.Do(Decline{"i1", inquiry.offer_number, bench.AgentOf("i1"), Seconds(1000)});
    bench.Do(SetPresence{.agent_id = Name(n), .presence = Presence::kOffline});
    EXPECT_LE(bench.Get("i1").exceptions.size(), limits::kExceptionsMax);
  }
  const std::vector<Exception>& kept = bench.Get("i1").exceptions;
  ASSERT_EQ(kept.size(), limits::kExceptionsMax);
  EXPECT_TRUE(kept[0].named_by_caller);
  EXPECT_EQ(bench.engine().AgentId(kept.back().agent), Name(agents - 1));
}

TEST(LimitsTest, RecentMessages) {
  Workbench bench;
  bench.Submit("i1");
  for (size_t n = 0; n <= limits::kRecentMessagesMax; ++n) {
    bench.Message("i1", Name(n), Author::kCustomer);
  }
  EXPECT_EQ(bench.Get("i1").recent_messages.size(), limits::kRecentMessagesMax);
  EXPECT_TRUE(bench.Message("i1", Name(1), Author::kCustomer).receipt.replayed);
  EXPECT_FALSE(bench.Message("i1", Name(0), Author::kCustomer).receipt.replayed) << "forgotten";
}

TEST(LimitsTest, Agents200k) {
  Workbench bench;
  UpsertAgents upsert;
  for (size_t n = 0; n < limits::kAgentsMax; ++n) {
    upsert.agents.push_back({.id = Name(n)});
    if (upsert.agents.size() < limits::kAgentsPerUpsertMax) continue;
    ASSERT_TRUE(bench.Do(upsert).ok());
    bench.Forget();
    upsert.agents.clear();
  }
  EXPECT_EQ(bench.engine().agents(), limits::kAgentsMax);
  EXPECT_EQ(bench.Reject(UpsertAgents{{{.id = "more"}}}), Rejection::kTooManyAgents);
  EXPECT_EQ(bench.Reject(UpsertAgents{{{.id = Name(0)}}}), Rejection::kNone);
}

// A route through every queue, taken at once because nobody is there.
TEST(LimitsTest, StepsAtOnce) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.queues.resize(limits::kQueuesMax);
  for (size_t q = 0; q < config.queues.size(); ++q) {
    QueueConfig& queue = config.queues[q];
    queue.id = absl::StrCat("q", q);
    for (size_t step = 1; step <= limits::kStepsMax; ++step) {
      queue.steps.push_back({.after = Seconds(static_cast<int64_t>(step)),
                             .at_once_if_nobody = true});
    }
    if (q + 1 < config.queues.size()) queue.steps.back().overflow_to = absl::StrCat("q", q + 1);
  }
  config.queues.back().steps.back().close = true;
  Workbench bench(config);
  ASSERT_TRUE(bench.Submit("i1", "chat", "q0").ok());
  EXPECT_EQ(bench.Get("i1").state, InquiryState::kCancelled);
  // Closing the circle is refused.
  QueueConfig last = config.queues.back();
  last.steps.back().close = false;
  last.steps.back().overflow_to = "q1000";
  ApplyConfig patch{.whole = false};
  patch.config.queues = {last};
  EXPECT_EQ(bench.Reject(patch), Rejection::kConfigInvalid);
}

TEST(LimitsTest, RequirementsAlive) {
  Workbench bench;
  Submit submit{.channel = "chat", .queue = "q"};
  size_t taken = 0;
  Rejection rejection = Rejection::kNone;
  for (size_t n = 0; rejection == Rejection::kNone && n < limits::kRequirementsMax + 10; ++n) {
    submit.inquiry_id = Name(n);
    // 100 names in pairs and ten levels: distinct requirements from few names.
    submit.requirement.skills = {
        {"a" + std::to_string(n % 100), 1 + static_cast<int>(n / 10'000 % 10)},
        {"b" + std::to_string(n / 100 % 100), 1 + static_cast<int>(n / 100'000)}};
    rejection = bench.Do(submit).rejection;
    bench.Forget();
    if (rejection == Rejection::kNone) ++taken;
  }
  EXPECT_EQ(rejection, Rejection::kTooManyRequirements);
  EXPECT_LE(taken, limits::kRequirementsMax);
  EXPECT_GE(taken, limits::kRequirementsMax - 2);
  // What nobody asks for any more makes room, but for a few thousand lines kept for reuse.
  for (size_t n = 0; n < 5000; ++n) bench.Do(Cancel{Name(n)});
  bench.Advance(Seconds(3600));
  EXPECT_EQ(bench.Do(submit).rejection, Rejection::kNone);
}

TEST(LimitsTest, NamesEver) {
  Workbench bench;
  Submit submit{.channel = "chat", .queue = "q"};
  Rejection rejection = Rejection::kNone;
  size_t names = 0;
  for (size_t n = 0; rejection == Rejection::kNone && names < limits::kNamesMax + 100; ++n) {
    submit.inquiry_id = "i" + std::to_string(n);
    submit.requirement.labels.clear();
    for (size_t k = 0; k < limits::kRequiredLabelsMax; ++k) {
      submit.requirement.labels.push_back(Name(names + k));
    }
    rejection = bench.Do(submit).rejection;
    bench.Forget();
    if (rejection == Rejection::kNone) names += limits::kRequiredLabelsMax;
  }
  EXPECT_EQ(rejection, Rejection::kTooManyNames);
  EXPECT_LE(names, limits::kNamesMax);
  EXPECT_GE(names, limits::kNamesMax - 2 * limits::kRequiredLabelsMax);
  EXPECT_EQ(bench.Submit("plain").rejection, Rejection::kNone) << "it brings no names";
}

}  // namespace
}  // namespace firstline::engine::proof
