#include "tests/engine/program.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/engine/engine_text.h"

namespace firstline::engine::proof {
namespace {

constexpr size_t kRecentMax = 12;
const std::vector<std::string> kChannels = {"chat", "mail", "voice"};

std::string Name(const char* prefix, uint32_t index) { return absl::StrCat(prefix, index); }

}  // namespace

Program::Program(Choices& choices, Size size)
    : choices_(choices),
      queues_(choices.Between(1, 4)),
      agents_(size == Size::kWide ? choices.Between(150, 300) : choices.Between(1, 8)),
      inquiries_(size == Size::kWide ? choices.Between(40, 400) : choices.Between(4, 24)) {}

Step Program::Next(const Engine& engine) {
  Step step;
  step.at = NextTime(engine);
  step.has_command = configured_ == 0 || !choices_.Percent(15);
  if (!step.has_command) return step;
  if (!recent_.empty() && choices_.Percent(3)) {
    step.command = recent_[choices_.Below(static_cast<uint32_t>(recent_.size()))];
    // Whoever is asked about it again may say something else.
    if (step.command.advice != nullptr) step.command.advice = MakeAdvice();
    return step;
  }
  step.command.body = NextBody(engine);
  const auto* submit = std::get_if<Submit>(&step.command.body);
  if (submit != nullptr && submit->queue.empty() && engine.config().external) {
    step.command.advice = MakeAdvice();
  }
  if (choices_.Percent(15)) step.command.request_id = Name("r", choices_.Below(16));
  if (choices_.Percent(8)) {
    step.command.when = step.at + Milliseconds(choices_.Between(-20'000, 6'000));
  }
  recent_.push_back(step.command);
  if (recent_.size() > kRecentMax) recent_.pop_front();
  return step;
}

Time Program::NextTime(const Engine& engine) {
  const Time now = std::max(engine.now(), kStart);
  const Time next = engine.NextDeadline();
  switch (choices_.Weighted({40, 30, 15, 5, 1, 2})) {
    case 0:
      return now;
    case 1:
      return now + Milliseconds(choices_.Between(1, 3000));
    case 2:
      return next == kNever ? now : std::max(now, next + Microseconds(choices_.Between(-1, 1)));
    case 3:
      return now + Seconds(choices_.Between(1, 60));
    case 4:
      return now + Seconds(choices_.Between(60, 4000));
    default:
      return now - Milliseconds(choices_.Between(1, 2000));
  }
}

Body Program::Configure() {
  ApplyConfig apply;
  apply.config = MakeWorkspace();
  apply.agents.emplace();
  for (int a = 0; a < agents_; ++a) apply.agents->push_back(MakeAgent(a));
  return apply;
}

Body Program::NextBody(const Engine& engine) {
  using S = InquiryState;
  if (configured_ == 0) {
    ++configured_;
    return Configure();
  }
  if (configured_ <= agents_) {
    SetPresence online;
    online.agent_id = Name("a", static_cast<uint32_t>(configured_++ - 1));
    if (choices_.Percent(80)) return online;
  }
  const std::vector<S> open = {S::kWaiting, S::kOffered, S::kAssigned, S::kParked};
  switch (choices_.Weighted({24, 16, 5, 11, 3, 3, 12, 3, 3, 3, 2, 9, 4, 3, 3, 2, 1, 1, 3, 3, 3, 1, 1})) {
    case 0:
      return MakeSubmit(engine);
    case 1:
      return MakeAccept(engine);
    case 2:
      return MakeDecline(engine);
    case 3:
      return MakeClose(engine);
    case 4:
      return Cancel{AnyInquiry(engine, open), static_cast<CancelReason>(choices_.Below(4))};
    case 5:
      return MakeTransfer(engine);
    case 6:
      return MakeMessage(engine);
    case 7:
      return Park{AnyInquiry(engine, {S::kAssigned})};
    case 8:
      return Resume{AnyInquiry(engine, {S::kParked})};
    case 9:
      return MakeUpdate(engine);
    case 10: {
      RecordFeedback feedback{AnyInquiry(engine, {S::kClosed}), choices_.Between(0, 5), {}};
      if (choices_.Percent(50)) feedback.resolved = choices_.Percent(50);
      return feedback;
    }
    case 11:
      return MakePresence();
    case 12:
      return MakeSession();
    case 13:
      return MakeFinishWrapUp(engine);
    case 14:
      return MakeConfigChange();
    case 15:
      return UpsertAgents{{MakeAgent(choices_.Between(0, agents_))}};
    case 16:
      return DeleteAgents{{AnyAgent()}, choices_.Percent(50)};
    case 17:
      return Extend{Milliseconds(choices_.Between(1, 20'000))};
    case 18:
      return Claim{AnyInquiry(engine, {S::kWaiting, S::kWaiting, S::kOffered}), AnyAgent()};
    case 19:
      return MakeAssign(engine);
    case 20:
      return Reopen{AnyInquiry(engine, {S::kClosed}), choices_.Percent(20) ? AnyAgent() : ""};
    case 21: {
      const auto finish = std::get<FinishWrapUp>(MakeFinishWrapUp(engine));
      return ExtendWrapUp{finish.agent_id, finish.inquiry_id, Seconds(choices_.Between(0, 4))};
    }
    default:
      return TakeOver{engine.counters().config_version + 5, "pod:1", "1-1", false};
  }
}

Body Program::MakeSubmit(const Engine& engine) {
  Submit submit;
  submit.inquiry_id = Name("i", choices_.Below(static_cast<uint32_t>(inquiries_)));
  // Mostly a fresh id: the first unused one from there on.
  for (int k = 0; k < inquiries_ && !choices_.Percent(4); ++k) {
    if (!engine.FindInquiry(submit.inquiry_id).IsSet()) break;
    submit.inquiry_id = Name("i", choices_.Below(static_cast<uint32_t>(inquiries_)));
  }
  submit.channel = choices_.Percent(2) ? "fax" : choices_.Pick(kChannels);
  submit.queue = choices_.Percent(12) ? "" : AnyQueue();
  submit.requirement = MakeRequirement(2);
  if (choices_.Percent(40)) submit.customer = Name("c", choices_.Below(4));
  submit.priority = choices_.Percent(40) ? choices_.Between(1, 4) : 0;
  if (choices_.Percent(20)) submit.units = choices_.Between(1, 3);
  if (choices_.Percent(20)) submit.attributes = {{"topic", Name("t", choices_.Below(3))}};
  if (choices_.Percent(30)) {
    const std::string spent = std::to_string(choices_.Between(-1, 4));
    submit.attributes.insert(submit.attributes.begin(), {"spent", spent});
  }
  for (int k = choices_.Percent(30) ? choices_.Between(1, 2) : 0; k > 0; --k) {
    submit.preferred_agents.push_back(AnyAgent());
  }
  if (choices_.Percent(10)) submit.excluded_agents.push_back(AnyAgent());
  return submit;
}

// Mostly what a classifier should say; sometimes nothing, or what makes no sense here.
std::shared_ptr<const Advice> Program::MakeAdvice() {
  if (choices_.Percent(10)) return nullptr;
  Advice advice{.classifier = choices_.Percent(5) ? "other" : "intents"};
  if (choices_.Percent(20)) {
    advice.outcome = static_cast<ClassifierOutcome>(choices_.Between(0, kClassifierOutcomes - 1));
  }
  advice.verdict.queue = choices_.Percent(95) ? AnyQueue() : std::string(65, 'q');
  if (choices_.Percent(40)) advice.verdict.requirement = MakeRequirement(2);
  if (choices_.Percent(5)) advice.verdict.requirement.skills.push_back({"s9", 11});
  if (choices_.Percent(40)) advice.verdict.priority = choices_.Between(0, 10);
  if (choices_.Percent(30)) {
    advice.label = std::string(static_cast<size_t>(choices_.Between(1, 130)), 'x');
  }
  return std::make_shared<const Advice>(std::move(advice));
}

Body Program::MakeUpdate(const Engine& engine) {
  using S = InquiryState;
  Update update;
  update.inquiry_id = AnyInquiry(engine, {S::kWaiting, S::kOffered, S::kAssigned, S::kParked});
  if (choices_.Percent(50)) update.priority = choices_.Between(0, 4);
  if (choices_.Percent(40)) update.requirement = MakeRequirement(2);
  if (choices_.Percent(20)) update.customer = Name("c", choices_.Below(4));
  if (choices_.Percent(20)) update.preferred_agents.emplace(1, AnyAgent());
  if (choices_.Percent(10)) update.attributes = Attributes{{"topic", "moved"}};
  return update;
}

Body Program::MakeTransfer(const Engine& engine) {
  using S = InquiryState;
  Transfer transfer;
  transfer.inquiry_id = AnyInquiry(engine, {S::kAssigned, S::kParked, S::kWaiting, S::kOffered});
  if (choices_.Percent(80)) transfer.queue = AnyQueue();
  if (choices_.Percent(30)) transfer.requirement = MakeRequirement(2);
  if (choices_.Percent(20)) transfer.preferred_agent = AnyAgent();
  return transfer;
}

Body Program::MakeMessage(const Engine& engine) {
  using S = InquiryState;
  RecordMessage message;
  message.inquiry_id = AnyInquiry(engine, {S::kAssigned, S::kAssigned, S::kParked, S::kWaiting});
  message.message_id = Name("m", choices_.Below(40));
  message.author = static_cast<Author>(choices_.Weighted({45, 45, 10}));
  const InquiryIx ix = engine.FindInquiry(message.inquiry_id);
  if (message.author == Author::kAgent) {
    message.agent_id = AnyAgent();
    if (ix.IsSet() && !choices_.Percent(10)) {
      message.agent_id = engine.AgentId(engine.inquiry(ix).agent);
    }
  }
  return message;
}

Body Program::MakeClose(const Engine& engine) {
  using S = InquiryState;
  Close close;
  close.inquiry_id = choices_.Percent(85)
                         ? AnyInquiry(engine, {S::kAssigned})
                         : AnyInquiry(engine, {S::kWaiting, S::kOffered, S::kParked});
  close.resolution = static_cast<Resolution>(choices_.Below(5));
  const InquiryIx ix = engine.FindInquiry(close.inquiry_id);
  if (choices_.Percent(10))
    close.agent_id = AnyAgent();
  else if (ix.IsSet() && choices_.Percent(60)) {
    close.agent_id = engine.AgentId(engine.inquiry(ix).agent);
  }
  return close;
}

Body Program::MakeAccept(const Engine& engine) {
  Accept accept;
  accept.inquiry_id = AnyInquiry(engine, {InquiryState::kOffered});
  accept.agent_id = AnyAgent();
  accept.offer_number = choices_.Below(4);
  const InquiryIx ix = engine.FindInquiry(accept.inquiry_id);
  if (!ix.IsSet() || choices_.Percent(5)) return accept;
  accept.offer_number = engine.inquiry(ix).offer_number;
  accept.agent_id = AnyAsked(engine, engine.inquiry(ix));
  return accept;
}

// One of those the last offer went to.
std::string Program::AnyAsked(const Engine& engine, const Inquiry& inquiry) {
  std::vector<std::string> asked = {engine.AgentId(inquiry.offer_agent)};
  for (size_t k = 0; inquiry.also_asked.get() && k < inquiry.also_asked.get()->size(); ++k) {
    asked.push_back(engine.AgentId((*inquiry.also_asked.get())[k].agent));
  }
  return choices_.Pick(asked);
}

Body Program::MakeDecline(const Engine& engine) {
  Decline decline;
  decline.inquiry_id = AnyInquiry(engine, {InquiryState::kOffered});
  decline.agent_id = AnyAgent();
  const InquiryIx ix = engine.FindInquiry(decline.inquiry_id);
  if (ix.IsSet() && !choices_.Percent(5)) {
    decline.offer_number = engine.inquiry(ix).offer_number;
    decline.agent_id = AnyAsked(engine, engine.inquiry(ix));
  }
  decline.retry_after = Seconds0To(30);
  return decline;
}

Body Program::MakePresence() {
  SetPresence set;
  set.agent_id = AnyAgent();
  const std::vector<Presence> all = {Presence::kAvailable, Presence::kAway, Presence::kDraining,
                                     Presence::kOffline};
  set.presence = all[choices_.Weighted({70, 12, 8, 10})];
  if (set.presence == Presence::kAway) set.reason = choices_.Percent(80) ? "lunch" : "nap";
  if (choices_.Percent(40)) {
    set.session_id = Name("s", choices_.Below(3));
    set.sequence = choices_.Percent(85) ? ++session_sequence_ : choices_.Below(20);
  }
  return set;
}

Body Program::MakeSession() {
  const std::string agent = AnyAgent();
  const std::string session = Name("s", choices_.Below(3));
  switch (choices_.Below(3)) {
    case 0:
      return OpenSession{agent, session};
    case 1:
      return CloseSession{agent, session};
    default:
      return LapseSessions{{{agent, session}, {AnyAgent(), "s0"}}};
  }
}

Body Program::MakeFinishWrapUp(const Engine& engine) {
  FinishWrapUp finish{AnyAgent(), AnyInquiry(engine, {InquiryState::kClosed})};
  if (choices_.Percent(10)) return finish;
  engine.ForEachAgent([&](AgentIx, const Agent& agent) {
    if (agent.wrap_ups.empty()) return true;
    finish = {agent.id, agent.wrap_ups[0].inquiry_id};
    return choices_.Percent(50);
  });
  return finish;
}

Body Program::MakeConfigChange() {
  ApplyConfig apply;
  apply.whole = false;
  switch (choices_.Weighted({50, 15, 10, 10, 10, 5, 10})) {
    case 0:
      apply.config.queues = {MakeQueue(choices_.Between(0, queues_ - 1))};
      break;
    case 1:
      apply.patch_settings = true;
      apply.config.settings = MakeSettings();
      break;
    case 2:
      apply.remove_queues = {AnyQueue()};
      break;
    case 3:
      apply.config.channels = {{"chat", ChannelKind::kMessaging, choices_.Between(1, 2)}};
      break;
    case 4:
      apply.whole = true;
      apply.config = MakeWorkspace();
      if (choices_.Percent(30)) {
        apply.agents.emplace();
        for (int a = 0; a < agents_; ++a) apply.agents->push_back(MakeAgent(a));
      }
      break;
    case 5:
      apply.etag = "other";
      break;
    default:
      apply.patch_rules = true;
      apply.config = {};
      {
        WorkspaceConfig made = MakeWorkspace();
        apply.config.rules = std::move(made.rules);
        apply.config.external = std::move(made.external);
      }
      break;
  }
  return apply;
}

WorkspaceConfig Program::MakeWorkspace() {
  WorkspaceConfig config;
  config.channels = {{"chat", ChannelKind::kMessaging, 1},
                     {"mail", ChannelKind::kMessaging, choices_.Between(1, 2)},
                     {"voice", ChannelKind::kLive, choices_.Between(1, 3), choices_.Percent(30)}};
  if (choices_.Percent(30)) config.channels[0].interrupted_by = {"voice"};
  if (choices_.Percent(30)) config.channels[1].interrupted_by = {"chat"};
  if (choices_.Percent(20)) config.channels[1].interrupted_by.push_back("voice");
  shares_ = choices_.Percent(40);
  config.teams = {{"t0", ""}, {"t1", "vendor"}};
  for (int q = 0; q < queues_; ++q) config.queues.push_back(MakeQueue(q));
  config.settings = MakeSettings();
  config.calendars = MakeCalendars();
  for (int rules = choices_.Percent(60) ? choices_.Between(1, 4) : 0; rules > 0; --rules) {
    config.rules.push_back(MakeRule(static_cast<uint32_t>(rules)));
  }
  if (choices_.Percent(50)) {
    config.external = {"intents", Seconds(1),
                       choices_.Percent(50) ? ClassifierTurn::kAfterRules
                                            : ClassifierTurn::kBeforeRules};
  }
  return config;
}

RuleConfig Program::MakeRule(uint32_t number) {
  RuleConfig rule;
  rule.id = Name("r", number);
  rule.queue = Name("q", choices_.Below(static_cast<uint32_t>(queues_)));
  if (choices_.Percent(30)) rule.channels = {choices_.Pick(kChannels)};
  if (choices_.Percent(50)) {
    rule.conditions.push_back({"topic", choices_.Percent(50) ? Comparison::kEqual
                                                             : Comparison::kNotEqual,
                               {Name("t", choices_.Below(3))}});
  }
  if (choices_.Percent(40)) {
    rule.conditions.push_back(MakeCondition());
    rule.conditions.back().key = "spent";
  }
  if (choices_.Percent(40)) rule.requirement = MakeRequirement(1);
  if (choices_.Percent(30)) rule.priority = choices_.Between(0, 4);
  if (rule.channels.empty() && rule.conditions.empty() && number > 1) rule.channels = {"chat"};
  return rule;
}

SettingsConfig Program::MakeSettings() {
  SettingsConfig settings;
  settings.back_off = MakeBackOff();
  settings.closed_retention = Seconds(choices_.Between(1, 100));
  settings.closed_max = static_cast<uint32_t>(choices_.Between(1, 20));
  settings.request_window = Seconds(choices_.Between(1, 100));
  settings.request_max = static_cast<uint32_t>(choices_.Between(1, 12));
  settings.fairness_window = Milliseconds(choices_.Between(1, 60'000));
  settings.random_seed = choices_.Below(3);
  if (choices_.Percent(25)) {
    settings.rate_limit = {choices_.Between(1, 4), Milliseconds(choices_.Between(1, 40'000))};
  }
  if (choices_.Percent(30)) settings.away_reasons = {"lunch", "break"};
  return settings;
}

BackOffConfig Program::MakeBackOff() {
  return {choices_.Between(0, 3), Seconds(choices_.Between(1, 20)),
          Seconds(choices_.Between(20, 60)), choices_.Percent(30)};
}

QueueConfig Program::MakeQueue(int index) {
  QueueConfig queue;
  queue.id = Name("q", static_cast<uint32_t>(index));
  queue.kind = choices_.Percent(12) ? QueueKind::kBot : QueueKind::kHuman;
  queue.serving = static_cast<Serving>(choices_.Below(5));
  queue.suspended = choices_.Percent(8);
  queue.refuse_if_nobody = choices_.Percent(10);
  if (choices_.Percent(30)) queue.max_overtakes = choices_.Between(1, 3);
  if (shares_) queue.weight = choices_.Between(0, 5);
  for (int p = 1; p <= 4; ++p) {
    if (choices_.Percent(60)) queue.credits[p] = Seconds(choices_.Between(0, 8) * p);
  }
  std::vector<Criterion> criteria;
  for (uint8_t c = 0; c < limits::kCriteriaMax; ++c) criteria.push_back(static_cast<Criterion>(c));
  queue.selection.clear();
  for (int n = choices_.Between(0, 4); n > 0; --n) {
    const uint32_t at = choices_.Below(static_cast<uint32_t>(criteria.size()));
    queue.selection.push_back(criteria[at]);
    criteria.erase(criteria.begin() + at);
  }
  if (choices_.Percent(30)) {
    queue.score = {choices_.Between(0, 3), choices_.Between(0, 3), choices_.Between(0, 3),
                   choices_.Between(0, 3), choices_.Between(0, 3), 1};
  } else {
    std::erase(queue.selection, Criterion::kScore);
  }
  queue.requirement = choices_.Percent(30) ? MakeRequirement(1) : RequirementSpec{};
  queue.first_tier = choices_.Percent(30) ? 1 : 0;
  Span after = Milliseconds(choices_.Between(100, 4000));
  const int steps = choices_.Between(0, 3);
  for (int s = 0; s < steps; ++s) {
    queue.steps.push_back(MakeStep(after, index, s + 1 == steps));
    const Span before = s == 0 ? Span{} : queue.steps[static_cast<size_t>(s) - 1].after;
    if (choices_.Percent(30)) AddWhen(queue.steps.back(), before);
    after = after + Milliseconds(choices_.Between(500, 8000));
  }
  queue.preferred_hold = Seconds0To(6);
  queue.first_response_target = Seconds(choices_.Between(1, 60));
  queue.max_length = choices_.Percent(15) ? static_cast<uint32_t>(choices_.Between(1, 4)) : 0;
  queue.offer_timeout = Milliseconds(choices_.Between(500, 15'000));
  queue.auto_accept = choices_.Percent(25);
  if (!queue.auto_accept && choices_.Percent(30)) queue.offer_to = choices_.Between(2, 4);
  queue.wrap_up = Seconds0To(10);
  queue.wrap_up_queue_only = choices_.Percent(20);
  if (choices_.Percent(20)) queue.back_off = MakeBackOff();
  AddComingBack(queue);
  if (choices_.Percent(30)) queue.keep_place = Seconds0To(30);
  if (choices_.Percent(30)) queue.last_agent_within = Seconds0To(60);
  queue.first_reply_warning = Seconds0To(5);
  queue.first_reply_timeout = Seconds0To(12);
  return queue;
}

StepConfig Program::MakeStep(Span after, int queue_index, bool last) {
  StepConfig step;
  step.after = after;
  step.lower_levels = choices_.Percent(40) ? choices_.Between(1, 4) : 0;
  if (choices_.Percent(30)) step.drop_skills = {Name("s", choices_.Below(4))};
  step.drop_languages = choices_.Percent(15);
  if (choices_.Percent(20)) {
    step.drop_labels = {choices_.Pick(std::vector<std::string>{"b0", "b1", "site", "grade"})};
  }
  if (choices_.Percent(40)) step.tier = choices_.Between(1, 3);
  if (choices_.Percent(30)) step.credit = Seconds(choices_.Between(1, 20));
  const bool at_once = choices_.Percent(20);
  step.at_once_if_nobody = at_once;
  if (last && choices_.Percent(15)) {
    step.close = true;
  } else if (last && queue_index + 1 < queues_ && choices_.Percent(40)) {
    step = StepConfig{};
    step.after = after;
    step.at_once_if_nobody = at_once;
    step.overflow_to = Name("q", static_cast<uint32_t>(queue_index + 1));
  }
  return step;
}

AgentConfig Program::MakeAgent(int index) {
  AgentConfig agent;
  agent.id = Name("a", static_cast<uint32_t>(index));
  agent.kind = choices_.Percent(12) ? AgentKind::kBot : AgentKind::kPerson;
  for (uint32_t s = 0; s < 4; ++s) {
    if (choices_.Percent(60)) agent.skills.push_back({Name("s", s), choices_.Between(1, 10)});
  }
  for (uint32_t l = 0; l < 3; ++l) {
    if (choices_.Percent(50)) agent.languages.push_back({Name("l", l), choices_.Between(1, 10)});
  }
  if (choices_.Percent(30)) agent.labels.push_back(Name("b", choices_.Below(2)));
  if (choices_.Percent(30)) agent.labels.push_back(absl::StrCat("site=v", choices_.Below(3)));
  if (choices_.Percent(10)) agent.labels.push_back("site=v9");
  if (choices_.Percent(40)) {
    agent.labels.push_back(absl::StrCat("grade=", choices_.Between(-1, 4)));
  }
  if (choices_.Percent(50)) agent.team = Name("t", choices_.Below(2));
  agent.units = choices_.Between(1, 5);
  if (choices_.Percent(30)) {
    agent.channel_units[choices_.Pick(kChannels)] = choices_.Between(0, 3);
  }
  for (int q = 0; q < queues_ && choices_.Percent(60); ++q) {
    MembershipConfig membership;
    membership.queue = Name("q", static_cast<uint32_t>(q));
    membership.tier = choices_.Between(1, 3);
    membership.paused = choices_.Percent(10);
    membership.position = choices_.Between(0, 2);
    membership.weight = choices_.Between(1, 4);
    if (choices_.Percent(20)) membership.wrap_up = Seconds0To(8);
    agent.memberships.push_back(membership);
  }
  return agent;
}

RequirementSpec Program::MakeRequirement(int skills_max) {
  RequirementSpec spec;
  for (uint32_t s = 0; s < 4 && static_cast<int>(spec.skills.size()) < skills_max; ++s) {
    if (choices_.Percent(30)) spec.skills.push_back({Name("s", s), choices_.Between(1, 8)});
  }
  if (choices_.Percent(30)) {
    const uint32_t first = choices_.Below(3);
    spec.languages.push_back({Name("l", first), choices_.Between(1, 6)});
    if (choices_.Percent(40)) {
      spec.languages.push_back({Name("l", (first + 1) % 3), choices_.Between(1, 6)});
    }
  }
  if (choices_.Percent(8)) spec.labels.push_back(Name("b", choices_.Below(2)));
  if (choices_.Percent(15)) AddPolicies(spec);
  return spec;
}

// Ranges, groups, exclusions and conditions.
void Program::AddPolicies(RequirementSpec& spec) {
  for (SkillLevel& skill : spec.skills) {
    if (choices_.Percent(40)) skill.max = choices_.Between(skill.level, 10);
  }
  for (int groups = choices_.Between(0, 2); groups > 0; --groups) {
    const uint32_t first = choices_.Below(4);
    spec.any_skills.push_back({{Name("s", first), choices_.Between(1, 6)}});
    if (choices_.Percent(60)) {
      spec.any_skills.back().push_back({Name("s", (first + 1) % 4), choices_.Between(1, 5), 8});
    }
  }
  if (choices_.Percent(20)) {
    const std::string excluded = Name("s", choices_.Below(4));
    const auto asked = [&](const SkillLevel& s) { return s.name == excluded; };
    if (std::none_of(spec.skills.begin(), spec.skills.end(), asked)) {
      spec.excluded_skills.push_back(excluded);
    }
  }
  if (choices_.Percent(40)) spec.label_conditions.push_back(MakeCondition());
}

Condition Program::MakeCondition() {
  Condition condition;
  condition.comparison = static_cast<Comparison>(choices_.Below(7));
  const bool by_number = condition.comparison > Comparison::kIn;
  condition.key = by_number ? "grade" : "site";
  const auto value = [&] {
    return by_number ? std::to_string(choices_.Between(-1, 4)) : Name("v", choices_.Below(3));
  };
  condition.values.push_back(value());
  if (condition.comparison == Comparison::kIn && choices_.Percent(50)) {
    condition.values.push_back(value());
  }
  return condition;
}

Span Program::Seconds0To(int high) {
  if (choices_.Percent(45)) return {};
  return Milliseconds(100 * choices_.Between(1, high * 10));
}

std::string Program::AnyInquiry(const Engine& engine, std::vector<InquiryState> states) {
  const std::string fallback = Name("i", choices_.Below(static_cast<uint32_t>(inquiries_) + 2));
  if (choices_.Percent(5)) return fallback;
  std::vector<std::string> fitting;
  engine.ForEachInquiry([&](InquiryIx, const Inquiry& inquiry) {
    if (std::find(states.begin(), states.end(), inquiry.state) != states.end()) {
      fitting.push_back(inquiry.id);
    }
    return true;
  });
  // Slots differ between an engine and its restored copy; names do not.
  std::sort(fitting.begin(), fitting.end());
  return fitting.empty() ? fallback : choices_.Pick(fitting);
}

std::string Program::AnyAgent() {
  return Name("a", choices_.Below(static_cast<uint32_t>(agents_) + (choices_.Percent(5) ? 2 : 0)));
}

std::string Program::AnyQueue() {
  if (choices_.Percent(2)) return "nowhere";
  return Name("q", choices_.Below(static_cast<uint32_t>(queues_)));
}

namespace {

std::string Levels(const std::vector<SkillLevel>& levels) {
  return absl::StrJoin(levels, ",", [](std::string* out, const SkillLevel& s) {
    absl::StrAppend(out, s.name, ":", s.level);
  });
}
std::string Requires(const RequirementSpec& r) {
  return absl::StrCat(" skills=", Levels(r.skills), " languages=", Levels(r.languages),
                      " labels=", absl::StrJoin(r.labels, ","));
}

struct CommandText {
  std::string operator()(const Submit& c) const {
    return absl::StrCat("submit ", c.inquiry_id, " channel=", c.channel, " queue=", c.queue,
                        Requires(c.requirement), " priority=", c.priority, " units=", c.units,
                        " preferred=", absl::StrJoin(c.preferred_agents, ","),
                        " excluded=", absl::StrJoin(c.excluded_agents, ","));
  }
  std::string operator()(const Update& c) const {
    return absl::StrCat("update ", c.inquiry_id, " priority=", c.priority.value_or(-1),
                        c.requirement ? Requires(*c.requirement) : "");
  }
  std::string operator()(const Cancel& c) const { return absl::StrCat("cancel ", c.inquiry_id); }
  std::string operator()(const Transfer& c) const {
    return absl::StrCat("transfer ", c.inquiry_id, " queue=", c.queue,
                        " preferred=", c.preferred_agent,
                        c.requirement ? Requires(*c.requirement) : "");
  }
  std::string operator()(const RecordMessage& c) const {
    return absl::StrCat("message ", c.inquiry_id, " ", c.message_id, " ", Text(c.author), " ",
                        c.agent_id);
  }
  std::string operator()(const Park& c) const { return absl::StrCat("park ", c.inquiry_id); }
  std::string operator()(const Resume& c) const { return absl::StrCat("resume ", c.inquiry_id); }
  std::string operator()(const Close& c) const {
    return absl::StrCat("close ", c.inquiry_id, " agent=", c.agent_id);
  }
  std::string operator()(const RecordFeedback& c) const {
    return absl::StrCat("feedback ", c.inquiry_id, " csat=", c.csat);
  }
  std::string operator()(const SetPresence& c) const {
    return absl::StrCat("presence ", c.agent_id, " ", Text(c.presence), " ", c.reason,
                        " session=", c.session_id, "/", c.sequence);
  }
  std::string operator()(const OpenSession& c) const {
    return absl::StrCat("open-session ", c.agent_id, " ", c.session_id);
  }
  std::string operator()(const CloseSession& c) const {
    return absl::StrCat("close-session ", c.agent_id, " ", c.session_id);
  }
  std::string operator()(const LapseSessions& c) const {
    std::string out = "lapse";
    for (const auto& [agent, session] : c.sessions) absl::StrAppend(&out, " ", agent, "/", session);
    return out;
  }
  std::string operator()(const Accept& c) const {
    return absl::StrCat("accept ", c.inquiry_id, " ", c.agent_id, " n=", c.offer_number);
  }
  std::string operator()(const Decline& c) const {
    return absl::StrCat("decline ", c.inquiry_id, " ", c.agent_id, " n=", c.offer_number,
                        " retry_after=", Text(c.retry_after));
  }
  std::string operator()(const FinishWrapUp& c) const {
    return absl::StrCat("finish-wrap-up ", c.agent_id, " ", c.inquiry_id);
  }
  std::string operator()(const ApplyConfig& c) const {
    return absl::StrCat("apply-config ", c.whole ? "whole" : "patch",
                        " queues=", c.config.queues.size(),
                        " agents=", c.agents ? c.agents->size() : 0,
                        " remove=", absl::StrJoin(c.remove_queues, ","), " etag=", c.etag);
  }
  std::string operator()(const UpsertAgents& c) const {
    std::string out = "upsert";
    for (const AgentConfig& a : c.agents) {
      absl::StrAppend(&out, " ", a.id, "[", Levels(a.skills), "|", Levels(a.languages), "|",
                      a.units, "]");
    }
    return out;
  }
  std::string operator()(const DeleteAgents& c) const {
    return absl::StrCat("delete ", absl::StrJoin(c.agent_ids, ","), c.force ? " force" : "");
  }
  std::string operator()(const TakeOver& c) const { return absl::StrCat("take-over ", c.epoch); }
  std::string operator()(const Extend& c) const { return absl::StrCat("extend ", Text(c.span)); }
  std::string operator()(const Claim& c) const {
    return absl::StrCat("claim ", c.inquiry_id, " ", c.agent_id);
  }
  std::string operator()(const AssignTo& c) const {
    std::string out = absl::StrCat("assign ", c.inquiry_id, " ", c.agent_id, " ", c.reason,
                                   c.with_offer ? " with_offer" : "");
    for (Override aside : c.overrides) absl::StrAppend(&out, " aside=", Text(aside));
    return out;
  }
  std::string operator()(const Reopen& c) const {
    return absl::StrCat("reopen ", c.inquiry_id, " ", c.agent_id);
  }
  std::string operator()(const ExtendWrapUp& c) const {
    return absl::StrCat("extend-wrap-up ", c.agent_id, " ", c.inquiry_id, " by=", Text(c.by));
  }
  std::string operator()(const NoteQuarantine& c) const {
    return absl::StrCat("quarantine ", c.key);
  }
};

std::string AdviceText(const Advice* advice) {
  if (advice == nullptr) return "";
  const Verdict& verdict = advice->verdict;
  return absl::StrCat(" advice=", advice->classifier, ":", Text(advice->outcome), ":",
                      verdict.queue, "[", Levels(verdict.requirement.skills), "|",
                      Levels(verdict.requirement.languages), "] label=", advice->label.size());
}

}  // namespace

std::string Text(const Step& step) {
  const std::string at = Text(step.at, Program::kStart);
  if (!step.has_command) return absl::StrCat(at, " tick");
  const Command& c = step.command;
  return absl::StrCat(at, " ", std::visit(CommandText{}, c.body),
                      AdviceText(c.advice.get()),
                      c.request_id.empty() ? "" : absl::StrCat(" request=", c.request_id),
                      c.when.IsSet() ? absl::StrCat(" when=", Text(c.when, Program::kStart)) : "");
}

}  // namespace firstline::engine::proof
