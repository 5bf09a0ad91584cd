// New inquiries: what may refuse them, what verdicts and rules make of them, how they begin. Checks of the fields
// are in apply_inquiry.cc.
#include <algorithm>

#include "services/router/engine/impl.h"

namespace firstline::engine {

Outcome Engine::Impl::CheckNew(const Submit& c, const Command& command, Time at,
                               Admission& admission) const {
  if (Outcome checked = CheckSubmit(c, command); !checked.ok()) return checked;
  admission.submit = &c;
  if (c.queue.empty()) {
    if (Outcome chosen = ChooseQueue(c, command, admission); !chosen.ok()) return chosen;
  }
  const Submit& placed = *admission.submit;
  const QueueIx queue = FindLiveQueue(placed.queue);
  if (Outcome checked = CheckRoom(placed, queue); !checked.ok()) return checked;
  if (world.queue(queue).config.refuse_if_nobody && !IsStaffed(placed, queue)) {
    return Reject(Rejection::kNobodyLoggedIn, placed.queue);
  }
  if (WouldWaitTooLong(placed, command, queue, at)) {
    return Reject(Rejection::kWaitTooLong, placed.queue);
  }
  return {};
}

Outcome Engine::Impl::ChooseQueue(const Submit& c, const Command& command,
                                  Admission& admission) const {
  Classification& how = admission.how.emplace(Classify(world.config, c));
  if (how.asks) how.classifier = Judge(c, command.advice.get(), admission.classified);
  if (admission.classified) {
    // Rules that would have come later were not looked at.
    if (world.config.external->ask == ClassifierTurn::kBeforeRules) how.passed_over.clear();
    how.rule = nullptr;
  } else {
    if (how.rule == nullptr) return Reject(Rejection::kNotClassified, c.inquiry_id);
    admission.classified = engine::Apply(*how.rule, c);
    std::string subject;
    if (Rejection r = CheckSpec(admission.classified->requirement, &subject);
        r != Rejection::kNone) {
      return Reject(r, subject);
    }
  }
  admission.submit = &*admission.classified;
  return {};
}

ClassifierTrace Engine::Impl::Judge(const Submit& c, const Advice* advice,
                                    std::optional<Submit>& classified) const {
  ClassifierTrace trace{.classifier = world.config.external->classifier};
  if (advice == nullptr || advice->classifier != trace.classifier) return trace;
  const auto failed = [&trace](ClassifierOutcome outcome, std::string subject) {
    trace.outcome = outcome;
    trace.subject = std::move(subject);
    return trace;
  };
  if (advice->label.size() > limits::kClassifierLabelBytesMax) {
    return failed(ClassifierOutcome::kOutOfBounds, "label");
  }
  trace.label = advice->label;
  if (advice->outcome != ClassifierOutcome::kVerdict) {
    return failed(advice->outcome, advice->subject.substr(0, limits::kNameBytesMax));
  }
  const Verdict& verdict = advice->verdict;
  const int priority = verdict.priority.value_or(0);
  if (verdict.queue.size() > limits::kNameBytesMax) {
    return failed(ClassifierOutcome::kOutOfBounds, "queue");
  }
  if (priority < 0 || priority > limits::kPriorityMax) {
    return failed(ClassifierOutcome::kOutOfBounds, "priority");
  }
  std::string subject;
  Submit wanted = engine::Apply(verdict, c);
  if (CheckSpec(verdict.requirement, &subject) != Rejection::kNone ||
      CheckSpec(wanted.requirement, &subject) != Rejection::kNone) {
    return failed(ClassifierOutcome::kOutOfBounds, "requirement");
  }
  if (!FindLiveQueue(verdict.queue).IsSet()) {
    return failed(ClassifierOutcome::kUnknownQueue, verdict.queue);
  }
  if (std::string unknown = UnknownSkillIn(verdict.requirement); !unknown.empty()) {
    return failed(ClassifierOutcome::kUnknownSkill, std::move(unknown));
  }
  trace.outcome = ClassifierOutcome::kVerdict;
  classified = std::move(wanted);
  return trace;
}

// The first skill or language asked for that no agent has, at whatever level; empty: none. O(profiles)
// for each name, less where many have it.
std::string Engine::Impl::UnknownSkillIn(const RequirementSpec& spec) const {
  const auto nobody_has = [this](const std::string& name, std::vector<Level> Profile::*levels) {
    const NameIx ix = world.names.Find(name);
    if (!ix.IsSet()) return true;
    for (uint32_t p = 0; p < world.profiles.slots(); ++p) {
      if (!world.profiles.IsLive({p})) continue;
      if (LevelOf(world.profiles[{p}].*levels, ix) > 0) return false;
    }
    return true;
  };
  for (const SkillLevel& skill : spec.skills) {
    if (nobody_has(skill.name, &Profile::skills)) return skill.name;
  }
  for (const auto& group : spec.any_skills) {
    for (const SkillLevel& skill : group) {
      if (nobody_has(skill.name, &Profile::skills)) return skill.name;
    }
  }
  for (const SkillLevel& language : spec.languages) {
    if (nobody_has(language.name, &Profile::languages)) return language.name;
  }
  return "";
}

// The first to wait is let in, whatever is known of earlier times: by those who wait the queue's pace
// is measured, and what has changed is found out.
bool Engine::Impl::WouldWaitTooLong(const Submit& c, const Command& command, QueueIx ix,
                                    Time at) const {
  const QueueSlot& queue = world.queue(ix);
  const Span max = queue.config.max_expected_wait;
  if (max.us == 0 || queue.waiting == 0 || queue.config.suspended) return false;
  const Supposed supposed = SupposeIn(c, command, ix, at);
  const Inquiry& inquiry = supposed.inquiry;
  if (inquiry.held) return false;
  const uint32_t place = matcher.PlaceIn(ix, KeyOf(world, inquiry, InquiryIx{}));
  const auto expected = queue.history.Expect(place, true, at);
  if (!expected || expected->Of(queue.config.expected_wait_quantile) <= max) return false;
  return !matcher.IsAnybodyFree({queue.audiences[0], supposed.asked}, inquiry, at);
}

Outcome Engine::Impl::Do(const Submit& c, const Command& command) {
  if (const InquiryIx known{world.inquiries.index.Find(c.inquiry_id)}; known.IsSet()) {
    if (world.inquiry(known).digest == Digest(command.body)) return Done(known, true);
    return Reject(Rejection::kInquiryIdReused, c.inquiry_id);
  }
  Admission admission;
  if (Outcome checked = CheckNew(c, command, now, admission); !checked.ok()) return checked;
  return Create(*admission.submit, command, admission.how ? &*admission.how : nullptr);
}

void Engine::Impl::Draft(const Submit& c, const Command& command, Inquiry& inquiry) const {
  inquiry.id = c.inquiry_id;
  inquiry.customer = c.customer;
  inquiry.attributes = PackAttributes(c.attributes);
  inquiry.channel = FindLiveChannel(c.channel);
  inquiry.units = static_cast<uint16_t>(c.units != 0 ? c.units
                                                     : world.channel(inquiry.channel).units);
  inquiry.queue = FindLiveQueue(c.queue);
  inquiry.state = InquiryState::kCancelled;  // counted nowhere until it waits
  inquiry.priority = static_cast<uint8_t>(c.priority);
  inquiry.sequence = world.counters.inquiry_sequence + 1;
  inquiry.digest = Digest(command.body);
  for (const std::string& id : c.preferred_agents) {
    const AgentIx agent = FindLiveAgent(id);
    if (std::find(inquiry.preferred.begin(), inquiry.preferred.end(), agent) ==
        inquiry.preferred.end()) {
      inquiry.preferred.push_back(agent);
    }
  }
  for (const std::string& id : c.excluded_agents) {
    inquiry.exceptions.push_back({FindLiveAgent(id), kNever, true});
  }
}

// `c` with its queue known, `command` as it came. Everything is checked.
Outcome Engine::Impl::Create(const Submit& c, const Command& command, const Classification* how) {
  const InquiryIx ix{world.inquiries.slots.Allocate()};
  InquirySlot& slot = world.inquiries.slots[ix.value];
  slot.live = true;
  Inquiry& inquiry = slot.it;
  Draft(c, command, inquiry);
  world.counters.inquiry_sequence = inquiry.sequence;
  world.inquiries.index.Insert(ix.value);
  inquiry.own = AcquireRequirement(c.requirement, inquiry.channel, inquiry.units);
  inquiry.create_time = now;
  inquiry.arrival_time = now;
  inquiry.create_when = command.when.IsSet() ? command.when : now;
  inquiry.unanswered_since = now;
  RecogniseCustomer(inquiry);
  Remember(ix);
  ++world.open_inquiries;
  InquirySubmitted submitted{ix, {}};
  if (how != nullptr && (how->rule != nullptr || !how->passed_over.empty())) {
    submitted.hit = RuleHit{how->rule == nullptr ? "" : how->rule->id, how->passed_over};
  }
  if (how != nullptr && how->classifier) submitted.classifier = *how->classifier;
  Emit(std::move(submitted));
  EnterQueue(ix, inquiry.queue, EnqueueCause::kSubmitted);
  return Done(ix);
}

}  // namespace firstline::engine
