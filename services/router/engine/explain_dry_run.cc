// What a submission would lead to: the checks of Submit, the rules and the route, run on an inquiry
// that is never made.
#include <algorithm>
#include <utility>

#include "services/router/engine/impl.h"

namespace firstline::engine {

void Engine::Impl::Suppose(const Submit& c, const Command& command, Supposed& supposed) const {
  Inquiry& inquiry = supposed.inquiry;
  Draft(c, command, inquiry);
  inquiry.state = InquiryState::kWaiting;
  RecogniseCustomer(inquiry);
  // A name that nobody has used yet gets the handle it would get.
  const auto name = [&](std::string_view text) {
    if (const NameIx known = world.names.Find(text); known.IsSet()) return known;
    auto& names = supposed.new_names;
    auto at = std::find(names.begin(), names.end(), text);
    if (at == names.end()) at = names.insert(names.end(), std::string(text));
    return NameIx{static_cast<uint32_t>(world.names.size()) +
                  static_cast<uint32_t>(at - names.begin())};
  };
  supposed.own = Canonical(c.requirement, name);
  supposed.own.channel = inquiry.channel;
  supposed.own.units = inquiry.units;
}

void Engine::Impl::EnterSupposed(Supposed& supposed, QueueIx queue) const {
  Inquiry& inquiry = supposed.inquiry;
  const QueueSlot& slot = world.queue(queue);
  inquiry.queue = queue;
  inquiry.step = 0;
  supposed.asked = supposed.own;
  if (slot.asks) MergeInto(supposed.asked, slot.requirement);
  inquiry.held = MayHold(inquiry, {slot.audiences[0], supposed.asked});
}

Engine::Impl::Supposed Engine::Impl::SupposeIn(const Submit& c, const Command& command,
                                               QueueIx queue, Time at) const {
  Supposed supposed;
  Inquiry& inquiry = supposed.inquiry;
  inquiry.create_time = inquiry.arrival_time = inquiry.enqueue_time = at;
  Suppose(c, command, supposed);
  EnterSupposed(supposed, queue);
  return supposed;
}

bool Engine::Impl::WouldHold(const Ask& ask, const StepWhen& when, uint32_t waiting,
                             Time at) const {
  if (!HoldsInQueue(ask.queue(), when, waiting, at)) return false;
  return !when.CountsAgents() || IsThere(matcher.StaffFor(ask.audience, ask.requirement), when);
}

// Whether somebody of the queue who waits for a state would go on were there so many; those for whom
// the queue is too slow, or all others.
bool Engine::Impl::MoveOn(QueueIx ix, uint32_t waiting, bool too_slow, Time at) const {
  for (auto watch = watches.lower_bound({ix, 0, RequirementIx{0}});
       watch != watches.end() && std::get<0>(watch->first) == ix; ++watch) {
    const Inquiry& inquiry = world.inquiry(watch->second.begin()->second);
    const StepWhen* when = ConditionOf(inquiry);
    if (when == nullptr || when->expected_wait_above.has_value() != too_slow) continue;
    if (WouldHold(AskOf(world, inquiry), *when, waiting, at)) return true;
  }
  return false;
}

// Whether it goes on at a step that waits for a state: nobody could take it before, and the state is
// there with it in the queue. Who came before it goes on first, but for those for whom the queue is
// too slow; what they change is not foretold.
bool Engine::Impl::MayGoOn(const Supposed& supposed, const StepConfig& step, Time at,
                           DryRun& run) const {
  const StepWhen& when = *step.when;
  const QueueIx ix = supposed.inquiry.queue;
  const Ask ask{AudienceAt(world.queue(ix), supposed.inquiry.step), supposed.asked};
  if (matcher.IsAnybodyFree(ask, supposed.inquiry, at)) return false;
  const uint32_t waiting = world.queue(ix).waiting + 1;
  run.undecided = MoveOn(ix, waiting, false, at);
  if (run.undecided) return false;
  const bool goes_on = WouldHold(ask, when, waiting, at);
  const bool leaves = goes_on && (step.close || OverflowOf(step).IsSet());
  run.undecided = !leaves && MoveOn(ix, waiting, true, at);
  return goes_on && !run.undecided;
}

// Where it would be when Submit is done with it: steps that do not wait are taken at once, and those
// whose state is there.
void Engine::Impl::FollowRoute(Supposed& supposed, Time at, DryRun& run) const {
  Inquiry& inquiry = supposed.inquiry;
  for (;;) {
    const QueueSlot& queue = world.queue(inquiry.queue);
    if (inquiry.step >= queue.config.steps.size()) return;
    const StepConfig& step = queue.config.steps[inquiry.step];
    const bool skips = SkipsStep(queue, inquiry.step, supposed.asked);
    if (step.after.us > 0 && !skips) return;
    if (step.when && !MayGoOn(supposed, step, at, run)) return;
    ++inquiry.step;
    run.ends = step.close;
    if (run.ends) return;
    if (const QueueIx target = OverflowOf(step); target.IsSet()) {
      run.passed_through.push_back(inquiry.queue);
      EnterSupposed(supposed, target);
    }
  }
}

std::optional<WaitQuantiles> Engine::Impl::ExpectSupposed(const Supposed& supposed,
                                                          const Place& place, Time at) const {
  const QueueSlot& queue = world.queue(supposed.inquiry.queue);
  if (supposed.inquiry.held || queue.config.suspended) return std::nullopt;
  const auto by_line = matcher.ExpectIn(supposed.inquiry.queue,
                                        world.requirements.Find(supposed.asked), place.in_line, at);
  return by_line ? by_line : queue.history.Expect(place.in_queue, queue.waiting > 0, at);
}

DryRun Engine::ExplainSubmit(const Command& submit, Time at, const ExplainOptions& options) const {
  const World& world = impl_->world;
  DryRun run;
  const Submit& body = std::get<Submit>(submit.body);
  if (FindInquiry(body.inquiry_id).IsSet()) {
    run.outcome = Impl::Reject(Rejection::kInquiryIdReused, body.inquiry_id);
    return run;
  }
  Impl::Admission admission;
  run.outcome = impl_->CheckNew(body, submit, at, admission);
  if (!run.outcome.ok()) return run;
  if (admission.how && admission.how->rule != nullptr) run.rule = admission.how->rule->id;
  if (admission.how && admission.how->classifier) {
    run.classifier = admission.how->classifier->classifier;
  }
  Impl::Supposed supposed = impl_->SupposeIn(*admission.submit, submit,
                                             impl_->FindLiveQueue(admission.submit->queue), at);
  Inquiry& inquiry = supposed.inquiry;
  impl_->FollowRoute(supposed, at, run);

  InquiryExplanation& out = run.explanation;
  out.new_names_from = static_cast<uint32_t>(world.names.size());
  out.asked = SpecOf(supposed.asked, [&](NameIx name) {
    const bool is_new = name.value >= out.new_names_from;
    return is_new ? supposed.new_names[name.value - out.new_names_from] : NameText(name);
  });
  out.inquiry = inquiry;
  out.new_names = supposed.new_names;
  const Ask ask{AudienceAt(world.queue(inquiry.queue), inquiry.step), supposed.asked};
  out.place = impl_->matcher.PlaceOf(KeyOf(world, inquiry, InquiryIx{}), inquiry.queue,
                                     world.requirements.Find(supposed.asked));
  impl_->ExplainWaiting(ask, out);
  if (run.ends) return run;
  impl_->ExplainCandidates(ask, {}, at, options, out);
  if (out.matching == 0) out.expected = impl_->ExpectSupposed(supposed, out.place, at);
  return run;
}

}  // namespace firstline::engine
