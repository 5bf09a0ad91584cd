// Every rejection a command can meet: it is given, and nothing changed. Those at a bound of the
// live state are in limits_test.cc.
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "services/router/engine/limits.h"
#include "tests/engine/workbench.h"

namespace firstline::engine::proof {
namespace {

struct Case {
  std::string name;
  Rejection expected;
  Command command;
};

// One of everything: an inquiry in each state, two agents, a wrap-up, open offers.
//   waiting: needs a skill nobody has     offered: to a1, offer 1    assigned, spoken: with a1
//   parked: with a1                       called: live, with a1      closed, rated, cancelled
class Stage {
 public:
  Stage() : bench_(Config()) {
    bench_.Online("a1", 20);
    bench_.AddAgent({.id = "a2"});
    for (const char* id : {"assigned", "spoken", "parked", "closed", "rated", "lapsed"}) Take(id);
    bench_.Message("spoken", "m1", Author::kCustomer);
    bench_.Do(Park{"parked"});
    bench_.Do(Close{"closed"});
    bench_.Do(Close{"rated"});
    bench_.Do(RecordFeedback{"rated", 5, true});
    bench_.Submit("called", "voice");
    bench_.Accept("called");
    bench_.Do(Submit{.inquiry_id = "waiting",
                     .channel = "chat",
                     .queue = "q",
                     .requirement = {.skills = {{"nobody", 1}}}});
    bench_.Submit("cancelled");
    bench_.Do(Cancel{"cancelled", CancelReason::kAbandoned});
    bench_.Submit("declined");
    const Inquiry& declined = bench_.Get("declined");
    bench_.Do(Decline{"declined", declined.offer_number, "a1", {}});
    bench_.Submit("offered");
    bench_.Do(OpenSession{"a1", "s1"}, "remembered");
    bench_.Forget();
  }
  Workbench& bench() { return bench_; }

 private:
  static WorkspaceConfig Config() {
    WorkspaceConfig config = Workbench::SmallWorkspace();
    config.queues[0].wrap_up = Seconds(30);
    config.queues[1].max_length = 1;
    config.settings.away_reasons = {"lunch"};
    config.rules = {{.id = "refunds",
                     .conditions = {{"topic", Comparison::kEqual, {"refund"}}},
                     .queue = "other",
                     .requirement = {.skills = {{"billing", 5}}}}};
    return config;
  }
  void Take(const std::string& id) {
    bench_.Submit(id);
    bench_.Accept(id);
  }
  Workbench bench_;
};

Submit Fresh() { return {.inquiry_id = "new", .channel = "chat", .queue = "q"}; }

template <class Change>
Case OnSubmit(const std::string& name, Rejection expected, const Change& change) {
  Submit submit = Fresh();
  change(submit);
  return {name, expected, {submit, "", {}}};
}

std::string Long(size_t bytes) { return std::string(bytes, 'x'); }

std::vector<Case> SubmitCases() {
  using R = Rejection;
  return {
      OnSubmit("empty_id", R::kInvalidField, [](Submit& s) { s.inquiry_id = ""; }),
      OnSubmit("level_11", R::kInvalidField,
               [](Submit& s) {
                 s.requirement.skills = {{"billing", 11}};
               }),
      OnSubmit("level_0", R::kInvalidField,
               [](Submit& s) {
                 s.requirement.languages = {{"en", 0}};
               }),
      OnSubmit("max_level_below_level", R::kInvalidField,
               [](Submit& s) { s.requirement.skills = {{"a", 5, 4}}; }),
      OnSubmit("empty_group", R::kInvalidField,
               [](Submit& s) { s.requirement.any_skills = {{}}; }),
      OnSubmit("condition_without_value", R::kInvalidField,
               [](Submit& s) { s.requirement.label_conditions = {{"k", Comparison::kIn, {}}}; }),
      OnSubmit("condition_on_no_number", R::kInvalidField,
               [](Submit& s) {
                 s.requirement.label_conditions = {{"k", Comparison::kLess, {"x"}}};
               }),
      OnSubmit("no_rule_fits", R::kNotClassified, [](Submit& s) { s.queue = ""; }),
      OnSubmit("rule_asks_outside_the_range", R::kInvalidField,
               [](Submit& s) {
                 s.queue = "";
                 s.attributes = {{"topic", "refund"}};
                 s.requirement.skills = {{"billing", 1, 4}};
               }),
      OnSubmit("empty_label", R::kInvalidField, [](Submit& s) { s.requirement.labels = {""}; }),
      OnSubmit("priority_10", R::kInvalidField, [](Submit& s) { s.priority = 10; }),
      OnSubmit("priority_negative", R::kInvalidField, [](Submit& s) { s.priority = -1; }),
      OnSubmit("units_negative", R::kInvalidField, [](Submit& s) { s.units = -1; }),
      OnSubmit("attributes_unordered", R::kInvalidField,
               [](Submit& s) {
                 s.attributes = {{"b", ""}, {"a", ""}};
               }),
      OnSubmit("attributes_twice", R::kInvalidField,
               [](Submit& s) {
                 s.attributes = {{"a", "1"}, {"a", "2"}};
               }),
      OnSubmit("attribute_with_zero_byte", R::kInvalidField,
               [](Submit& s) {
                 s.attributes = {{"a", std::string("\0", 1)}};
               }),
      OnSubmit("unknown_queue", R::kUnknownQueue, [](Submit& s) { s.queue = "nowhere"; }),
      OnSubmit("unknown_channel", R::kUnknownChannel, [](Submit& s) { s.channel = "fax"; }),
      OnSubmit("unknown_preferred", R::kUnknownAgent,
               [](Submit& s) { s.preferred_agents = {"nobody"}; }),
      OnSubmit("unknown_excluded", R::kUnknownAgent,
               [](Submit& s) { s.excluded_agents = {"nobody"}; }),
      OnSubmit("id_with_other_content", R::kInquiryIdReused,
               [](Submit& s) { s.inquiry_id = "waiting"; }),
      OnSubmit("id_of_an_ended_inquiry", R::kInquiryIdReused,
               [](Submit& s) {
                 s.inquiry_id = "closed";
                 s.priority = 3;
               }),
      {"when_far_ahead",
       R::kWhenOutOfRange,
       {Fresh(), "", Workbench::kStart + Microseconds(limits::kWhenToleranceUs + 1)}},
      {"request_id_too_long",
       R::kInvalidField,
       {Fresh(), Long(limits::kRequestIdBytesMax + 1), {}}},
      {"request_id_with_other_content", R::kRequestIdReused, {Fresh(), "remembered", {}}},
  };
}

std::vector<Case> InquiryCases() {
  using R = Rejection;
  const auto at = [](Body body) { return Command{std::move(body), "", {}}; };
  return {
      {"update_unknown", R::kUnknownInquiry, at(Update{"nothing"})},
      {"update_priority", R::kInvalidField, at(Update{.inquiry_id = "waiting", .priority = 10})},
      {"update_level", R::kInvalidField,
       at(Update{.inquiry_id = "waiting", .requirement = RequirementSpec{.skills = {{"a", 11}}}})},
      {"update_agent", R::kUnknownAgent,
       at(Update{.inquiry_id = "waiting", .preferred_agents = {{"nobody"}}})},
      {"update_ended", R::kInquiryEnded, at(Update{.inquiry_id = "closed", .priority = 1})},
      {"cancel_unknown", R::kUnknownInquiry, at(Cancel{"nothing"})},
      {"cancel_closed", R::kInquiryEnded, at(Cancel{"closed"})},
      {"cancel_for_another_reason", R::kInquiryEnded,
       at(Cancel{"cancelled", CancelReason::kDuplicate})},
      {"transfer_unknown", R::kUnknownInquiry, at(Transfer{"nothing", "other"})},
      {"transfer_nowhere", R::kUnknownQueue, at(Transfer{"assigned", "nowhere"})},
      {"transfer_to_nobody", R::kUnknownAgent,
       at(Transfer{.inquiry_id = "assigned", .queue = "other", .preferred_agent = "nobody"})},
      {"transfer_ended", R::kInquiryEnded, at(Transfer{"closed", "other"})},
      {"transfer_by_agent_while_waiting", R::kInquiryNotAssigned,
       at(Transfer{.inquiry_id = "waiting", .queue = "other", .agent_id = "a1"})},
      {"transfer_by_another", R::kNotAssignee,
       at(Transfer{.inquiry_id = "assigned", .queue = "other", .agent_id = "a2"})},
      {"message_without_id", R::kInvalidField, at(RecordMessage{"spoken", ""})},
      {"message_without_agent", R::kInvalidField,
       at(RecordMessage{"spoken", "m2", Author::kAgent, ""})},
      {"message_unknown", R::kUnknownInquiry, at(RecordMessage{"nothing", "m2"})},
      {"message_by_nobody", R::kUnknownAgent,
       at(RecordMessage{"spoken", "m2", Author::kAgent, "nobody"})},
      {"message_id_of_another_author", R::kMessageIdReused,
       at(RecordMessage{"spoken", "m1", Author::kAgent, "a1"})},
      {"message_ended", R::kInquiryEnded, at(RecordMessage{"closed", "m2"})},
      {"message_by_agent_while_waiting", R::kInquiryNotAssigned,
       at(RecordMessage{"waiting", "m2", Author::kAgent, "a1"})},
      {"message_by_another_agent", R::kNotAssignee,
       at(RecordMessage{"spoken", "m2", Author::kAgent, "a2"})},
      {"message_when",
       R::kWhenOutOfRange,
       {RecordMessage{"spoken", "m2"}, "", Workbench::kStart - Seconds(1)}},
      {"park_unknown", R::kUnknownInquiry, at(Park{"nothing"})},
      {"park_waiting", R::kInquiryNotAssigned, at(Park{"waiting"})},
      {"park_live", R::kChannelNotMessaging, at(Park{"called"})},
      {"park_ended", R::kInquiryEnded, at(Park{"closed"})},
      {"park_by_agent_while_waiting", R::kInquiryNotAssigned, at(Park{"waiting", "a1"})},
      {"park_by_another", R::kNotAssignee, at(Park{"assigned", "a2"})},
      {"park_again_by_another", R::kNotAssignee, at(Park{"parked", "a2"})},
      {"resume_by_another", R::kNotAssignee, at(Resume{"parked", "a2"})},
      {"resume_by_nobody", R::kNotAssignee, at(Resume{"parked", "nobody"})},
      {"resume_unknown", R::kUnknownInquiry, at(Resume{"nothing"})},
      {"resume_ended", R::kInquiryEnded, at(Resume{"closed"})},
      {"resume_assigned", R::kInquiryNotParked, at(Resume{"assigned"})},
      {"close_unknown", R::kUnknownInquiry, at(Close{"nothing"})},
      {"close_by_nobody", R::kUnknownAgent, at(Close{"assigned", Resolution::kResolved, "nobody"})},
      {"close_again_otherwise", R::kInquiryEnded, at(Close{"closed", Resolution::kSpam})},
      {"close_cancelled", R::kInquiryEnded, at(Close{"cancelled"})},
      {"close_by_agent_while_waiting", R::kInquiryNotAssigned,
       at(Close{"waiting", Resolution::kResolved, "a1"})},
      {"close_by_another", R::kNotAssignee, at(Close{"assigned", Resolution::kResolved, "a2"})},
      {"feedback_0", R::kInvalidField, at(RecordFeedback{"closed", 0})},
      {"feedback_6", R::kInvalidField, at(RecordFeedback{"closed", 6})},
      {"feedback_unknown", R::kUnknownInquiry, at(RecordFeedback{"nothing", 3})},
      {"feedback_while_open", R::kInquiryNotEnded, at(RecordFeedback{"assigned", 3})},
      {"feedback_given", R::kFeedbackGiven, at(RecordFeedback{"rated", 4, true})},
  };
}

std::vector<Case> AgentCases() {
  using R = Rejection;
  const auto at = [](Body body) { return Command{std::move(body), "", {}}; };
  const auto presence = [&](const std::string& agent, Presence p, const std::string& reason) {
    return at(SetPresence{.agent_id = agent, .presence = p, .reason = reason});
  };
  return {
      {"presence_nobody", R::kUnknownAgent, presence("nobody", Presence::kAvailable, "")},
      {"presence_reason_unknown", R::kUnknownReason, presence("a1", Presence::kAway, "nap")},
      {"presence_reason_misplaced", R::kInvalidField,
       presence("a1", Presence::kAvailable, "lunch")},
      {"presence_without_agent", R::kInvalidField, presence("", Presence::kAvailable, "")},
      {"session_without_id", R::kInvalidField, at(OpenSession{"a1", ""})},
      {"session_of_nobody", R::kUnknownAgent, at(OpenSession{"nobody", "s"})},
      {"close_session_of_nobody", R::kUnknownAgent, at(CloseSession{"nobody", "s"})},
      {"accept_unknown", R::kUnknownInquiry, at(Accept{"nothing", 1, "a1"})},
      {"accept_by_nobody", R::kUnknownAgent, at(Accept{"offered", 1, "nobody"})},
      {"accept_offer_0", R::kUnknownOffer, at(Accept{"offered", 0, "a1"})},
      {"accept_offer_2_of_1", R::kUnknownOffer, at(Accept{"offered", 2, "a1"})},
      {"accept_of_another", R::kOfferNotYours, at(Accept{"offered", 1, "a2"})},
      {"accept_after_decline", R::kOfferEnded, at(Accept{"declined", 1, "a1"})},
      {"accept_after_cancel", R::kOfferEnded, at(Accept{"cancelled", 1, "a1"})},
      {"decline_unknown", R::kUnknownInquiry, at(Decline{"nothing", 1, "a1", {}})},
      {"decline_span", R::kInvalidField, at(Decline{"offered", 1, "a1", Seconds(-1)})},
      {"decline_offer_2_of_1", R::kUnknownOffer, at(Decline{"offered", 2, "a1", {}})},
      {"decline_of_another", R::kOfferNotYours, at(Decline{"offered", 1, "a2", {}})},
      {"decline_after_accept", R::kOfferEnded, at(Decline{"assigned", 1, "a1", {}})},
      {"wrap_up_of_nobody", R::kUnknownAgent, at(FinishWrapUp{"nobody", "closed"})},
      {"wrap_up_none", R::kNoWrapUp, at(FinishWrapUp{"a1", "assigned"})},
      {"delete_nobody", R::kUnknownAgent, at(DeleteAgents{{"a2", "nobody"}})},
      {"delete_busy", R::kAgentBusy, at(DeleteAgents{{"a2", "a1"}})},
      {"delete_none", R::kInvalidField, at(DeleteAgents{})},
      {"upsert_none", R::kInvalidField, at(UpsertAgents{})},
      {"upsert_team", R::kConfigInvalid, at(UpsertAgents{{{.id = "a3", .team = "none"}}})},
      {"upsert_level", R::kConfigInvalid, at(UpsertAgents{{{.id = "a3", .skills = {{"s", 11}}}}})},
      {"upsert_second_is_wrong", R::kConfigInvalid,
       at(UpsertAgents{{{.id = "a3"}, {.id = "a4", .units = 0}}})},
      {"extend_0", R::kInvalidField, at(Extend{})},
  };
}

std::vector<Case> ConfigCases() {
  using R = Rejection;
  const auto patch = [](const std::function<void(ApplyConfig&)>& change) {
    ApplyConfig apply{.whole = false};
    change(apply);
    return Command{apply, "", {}};
  };
  const auto queue = [&](const std::function<void(QueueConfig&)>& change) {
    return patch([&](ApplyConfig& apply) {
      apply.config.queues = {{.id = "extra"}};
      change(apply.config.queues[0]);
    });
  };
  return {
      {"etag", R::kEtagMismatch, patch([](ApplyConfig& a) { a.etag = "no such"; })},
      {"queue_in_use", R::kQueueInUse, patch([](ApplyConfig& a) { a.remove_queues = {"q"}; })},
      {"channel_in_use", R::kChannelInUse,
       patch([](ApplyConfig& a) { a.remove_channels = {"voice"}; })},
      {"whole_without_queue", R::kQueueInUse, patch([](ApplyConfig& a) {
         a.whole = true;
         a.config = Workbench::SmallWorkspace();
         a.config.queues.erase(a.config.queues.begin());
       })},
      {"overflow_nowhere", R::kConfigInvalid,
       queue([](QueueConfig& q) { q.steps = {{.after = Seconds(1), .overflow_to = "nowhere"}}; })},
      {"overflow_to_itself", R::kConfigInvalid,
       queue([](QueueConfig& q) { q.steps = {{.after = Seconds(1), .overflow_to = "extra"}}; })},
      {"steps_not_ascending", R::kConfigInvalid, queue([](QueueConfig& q) {
         q.steps = {{.after = Seconds(2)}, {.after = Seconds(2)}};
       })},
      {"criterion_twice", R::kConfigInvalid, queue([](QueueConfig& q) {
         q.selection = {Criterion::kLoad, Criterion::kLoad};
       })},
      {"no_offer_timeout", R::kConfigInvalid, queue([](QueueConfig& q) { q.offer_timeout = {}; })},
      {"too_many_overtakes", R::kConfigInvalid, queue([](QueueConfig& q) {
         q.max_overtakes = limits::kOvertakesMax + 1;
       })},
      {"offer_to_nobody", R::kConfigInvalid, queue([](QueueConfig& q) { q.offer_to = 0; })},
      {"offer_to_too_many", R::kConfigInvalid,
       queue([](QueueConfig& q) { q.offer_to = limits::kOfferToMax + 1; })},
      {"offer_to_several_unasked", R::kConfigInvalid, queue([](QueueConfig& q) {
         q.offer_to = 2, q.auto_accept = true;
       })},
      {"back_off_of_a_queue", R::kConfigInvalid, queue([](QueueConfig& q) {
         q.back_off = {.after_misses = 1, .duration = Seconds(2), .max_duration = Seconds(1)};
       })},
      {"place_kept_too_long", R::kConfigInvalid, queue([](QueueConfig& q) {
         q.keep_place = Microseconds(limits::kSpanMaxUs + 1);
       })},
      {"agent_of_too_long_ago", R::kConfigInvalid, queue([](QueueConfig& q) {
         q.last_agent_within = Microseconds(limits::kSpanMaxUs + 1);
       })},
      {"close_before_the_last", R::kConfigInvalid, queue([](QueueConfig& q) {
         q.steps = {{.after = Seconds(1), .close = true}, {.after = Seconds(2)}};
       })},
      {"close_and_overflow", R::kConfigInvalid, queue([](QueueConfig& q) {
         q.steps = {{.after = Seconds(1), .overflow_to = "q", .close = true}};
       })},
      {"circle_without_a_wait", R::kConfigInvalid, patch([](ApplyConfig& a) {
         QueueConfig there, back;
         there.id = "there", back.id = "back";
         there.steps = {{.after = Seconds(1), .overflow_to = "back", .at_once_if_nobody = true}};
         back.steps = {{.after = Seconds(1), .overflow_to = "there", .at_once_if_nobody = true}};
         a.config.queues = {there, back};
       })},
      {"rate_limit_without_window", R::kConfigInvalid, patch([](ApplyConfig& a) {
         a.patch_settings = true;
         a.config.settings.rate_limit = {1, {}};
       })},
      {"rule_to_nowhere", R::kConfigInvalid, patch([](ApplyConfig& a) {
         a.patch_rules = true;
         a.config.rules = {{.id = "r", .queue = "nowhere"}};
       })},
      {"default_rule_not_last", R::kConfigInvalid, patch([](ApplyConfig& a) {
         a.patch_rules = true;
         a.config.rules = {{.id = "r", .queue = "q"}, {.id = "s", .queue = "q"}};
       })},
      {"rule_of_no_channel", R::kConfigInvalid, patch([](ApplyConfig& a) {
         a.patch_rules = true;
         a.config.rules = {{.id = "r", .channels = {"fax"}, .queue = "q"}};
       })},
      {"required_skill_excluded", R::kConfigInvalid, queue([](QueueConfig& q) {
         q.requirement = {.skills = {{"a", 1}}, .excluded_skills = {"a"}};
       })},
      {"negative_span", R::kConfigInvalid, queue([](QueueConfig& q) { q.wrap_up = Seconds(-1); })},
      {"agent_twice", R::kConfigInvalid, patch([](ApplyConfig& a) {
         a.agents = {{{.id = "a3"}, {.id = "a3"}}};
       })},
      {"agent_of_no_queue", R::kConfigInvalid, patch([](ApplyConfig& a) {
         a.agents = {{{.id = "a3", .memberships = {{.queue = "nowhere"}}}}};
       })},
      {"channel_units_0", R::kConfigInvalid, patch([](ApplyConfig& a) {
         a.config.channels = {{"chat", ChannelKind::kMessaging, 0}};
       })},
  };
}

void Check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Stage stage;
    Engine& engine = stage.bench().engine();
    const std::string before = Dump(engine);
    const WorkspaceConfig config = engine.config();
    const Outcome outcome = engine.Apply(stage.bench().now(), c.command);
    EXPECT_EQ(std::string(ToString(outcome.rejection)), std::string(ToString(c.expected)))
        << outcome.subject;
    EXPECT_FALSE(outcome.subject.empty());
    EXPECT_EQ(FirstDifference(before, Dump(engine)), "");
    EXPECT_TRUE(config == engine.config());
    EXPECT_TRUE(engine.events().empty());
    EXPECT_TRUE(engine.TakeChanges().empty());
    EXPECT_EQ(stage.bench().Broken(), "");
  }
}

TEST(RejectionsTest, Submit) { Check(SubmitCases()); }
TEST(RejectionsTest, Inquiries) { Check(InquiryCases()); }
TEST(RejectionsTest, Agents) { Check(AgentCases()); }
TEST(RejectionsTest, Configuration) { Check(ConfigCases()); }

TEST(RejectionsTest, QueueFull) {
  Workbench bench([] {
    WorkspaceConfig config = Workbench::SmallWorkspace();
    config.queues[0].max_length = 2;
    return config;
  }());
  EXPECT_TRUE(bench.Submit("i1").ok());
  EXPECT_TRUE(bench.Submit("i2").ok());
  EXPECT_EQ(bench.Submit("i3").rejection, Rejection::kQueueFull);
  EXPECT_TRUE(bench.Submit("i3", "chat", "other").ok());
  EXPECT_EQ(bench.Reject(Transfer{"i3", "q"}), Rejection::kQueueFull);
  bench.Do(Cancel{"i1"});
  EXPECT_TRUE(bench.Do(Transfer{"i3", "q"}).ok());
}

TEST(RejectionsTest, NobodyLoggedIn) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.queues[0].refuse_if_nobody = true;
  config.queues[0].first_tier = 1;
  config.queues[0].steps = {{.after = Seconds(60), .tier = 2}};
  Workbench bench(config);
  EXPECT_EQ(bench.Submit("i1").rejection, Rejection::kNobodyLoggedIn);
  bench.AddAgent({.id = "a1", .memberships = {{.queue = "q", .tier = 3}}});
  bench.Do(SetPresence{"a1"});
  EXPECT_EQ(bench.Submit("i1").rejection, Rejection::kNobodyLoggedIn);
  bench.AddAgent({.id = "a1", .memberships = {{.queue = "q", .tier = 2}}});
  EXPECT_TRUE(bench.Submit("i1").ok());  // after a minute
  const Submit unknown{.inquiry_id = "i2",
                       .channel = "chat",
                       .queue = "q",
                       .requirement = {.skills = {{"unheard-of", 1}}}};
  EXPECT_EQ(bench.Reject(unknown), Rejection::kNobodyLoggedIn);
  bench.Do(SetPresence{"a1", Presence::kDraining});
  EXPECT_EQ(bench.Submit("i3").rejection, Rejection::kNobodyLoggedIn);
  bench.Do(SetPresence{"a1", Presence::kAway});
  EXPECT_TRUE(bench.Submit("i3").ok());
  EXPECT_TRUE(bench.Submit("i4", "chat", "other").ok());
}

TEST(RejectionsTest, OfferTaken) {
  WorkspaceConfig config = Workbench::SmallWorkspace();
  config.queues[0].offer_to = 2;
  Workbench bench(config);
  bench.Online("a1");
  bench.Online("a2");
  bench.Submit("i1");
  EXPECT_TRUE(bench.Do(Accept{"i1", 1, "a2"}).ok());
  EXPECT_EQ(bench.Reject(Accept{"i1", 1, "a1"}), Rejection::kOfferTaken);
  EXPECT_EQ(bench.Reject(Decline{"i1", 1, "a1", {}}), Rejection::kOfferTaken);
}

// Every enumerator is met by a case here, in directed_test.cc, in expect_test.cc or by one of the
// bounds in limits_test.cc.
TEST(RejectionsTest, AllAreCovered) {
  std::set<Rejection> met = {
      Rejection::kNone,          Rejection::kQueueFull,       Rejection::kTooManyInquiries,
      Rejection::kTooManyAgents, Rejection::kTooManySessions, Rejection::kTooManyRequirements,
      Rejection::kTooManyNames,  Rejection::kNobodyLoggedIn,  Rejection::kOfferTaken,
      Rejection::kInquiryNotWaiting, Rejection::kClaimNotAllowed, Rejection::kAgentNotSuited,
      Rejection::kGateClosed, Rejection::kReopenNotAllowed, Rejection::kWrapUpLimit,
      Rejection::kWaitTooLong};
  for (const auto& cases : {SubmitCases(), InquiryCases(), AgentCases(), ConfigCases()}) {
    for (const Case& c : cases) met.insert(c.expected);
  }
  std::string missing;
  for (int r = 0; r <= static_cast<int>(Rejection::kWaitTooLong); ++r) {
    const auto rejection = static_cast<Rejection>(r);
    if (met.count(rejection) == 0) missing += std::string(ToString(rejection)) + " ";
  }
  EXPECT_EQ(missing, "");
}

TEST(RejectionsTest, NamesAreUpperSnake) {
  EXPECT_EQ(ToString(Rejection::kQueueFull), "QUEUE_FULL");
  EXPECT_EQ(ToString(Rejection::kInvalidField), "INVALID_FIELD");
  EXPECT_EQ(ToString(Rejection::kTooManyNames), "TOO_MANY_NAMES");
}

// When several things are wrong, the earliest of the enumeration is named.
TEST(RejectionsTest, TheFirstReasonIsGiven) {
  Stage stage;
  Workbench& bench = stage.bench();
  Submit submit{
      .inquiry_id = "", .channel = "fax", .queue = "nowhere", .preferred_agents = {"nobody"}};
  const Time late = bench.now() + Seconds(60);
  const auto next = [&](Time when) { return bench.Do(submit, "", when).rejection; };
  EXPECT_EQ(next(late), Rejection::kInvalidField);
  submit.inquiry_id = "new";
  EXPECT_EQ(next(late), Rejection::kWhenOutOfRange);
  EXPECT_EQ(next({}), Rejection::kUnknownAgent);
  submit.preferred_agents.clear();
  EXPECT_EQ(next({}), Rejection::kUnknownQueue);
  submit.queue = "q";
  EXPECT_EQ(next({}), Rejection::kUnknownChannel);
  submit.channel = "chat";
  EXPECT_EQ(next({}), Rejection::kNone);
}

}  // namespace
}  // namespace firstline::engine::proof
