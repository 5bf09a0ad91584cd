// What a submission would lead to: the checks of Submit, the rules and the route, run on an inquiry
// that is never made.
#include <algorithm>
#include <utility>

#include "services/router/engine/impl.h"

namespace firstline::engine {

struct Engine::Impl::Supposed {
  Inquiry inquiry;
  Requirement own, asked;
  std::vector<std::string> new_names;
};

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

// Where it would be when Submit is done with it: steps that do not wait are taken at once.
void Engine::Impl::FollowRoute(Supposed& supposed, DryRun& run) const {
  Inquiry& inquiry = supposed.inquiry;
  for (;;) {
    const QueueSlot& queue = world.queue(inquiry.queue);
    if (inquiry.step >= queue.config.steps.size()) return;
    const StepConfig& step = queue.config.steps[inquiry.step];
    if (step.when) return;
    if (step.after.us > 0 && !SkipsStep(queue, inquiry.step, supposed.asked)) return;
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
  run.outcome = impl_->CheckNew(body, submit, admission);
  if (!run.outcome.ok()) return run;
  if (admission.how) run.rule = admission.how->rule->id;
  Impl::Supposed supposed;
  Inquiry& inquiry = supposed.inquiry;
  inquiry.create_time = inquiry.arrival_time = inquiry.enqueue_time = at;
  impl_->Suppose(*admission.submit, submit, supposed);
  impl_->EnterSupposed(supposed, inquiry.queue);
  impl_->FollowRoute(supposed, run);

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
