#include "tests/engine/explain_check.h"

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/engine/engine_text.h"

namespace firstline::engine::proof {
namespace {

using Kind = Obstacle::Kind;

// What the model says is in the way first, by kind.
Kind NaiveKind(const ModelInquiry& inquiry, const std::string& agent, Mismatch mismatch, Time now) {
  if (inquiry.held && inquiry.preferred[0] != agent) return Kind::kHeldForAnother;
  if (mismatch != Mismatch::kNone) return Kind::kMisfit;
  const auto barred = inquiry.barred.find(agent);
  const bool excepted = barred != inquiry.barred.end() && barred->second > now;
  if (inquiry.excluded.count(agent) > 0) return Kind::kExcluded;
  return excepted ? Kind::kExcepted : Kind::kNone;
}

// Which of several skills is looked at first follows their handles.
bool AreAlike(Mismatch a, Mismatch b) {
  const auto is_skill = [](Mismatch m) {
    return m == Mismatch::kSkillMissing || m == Mismatch::kSkillLevel;
  };
  return a == b || (is_skill(a) && is_skill(b));
}

std::string CompareCandidate(const Engine& engine, const Model& model, const ModelInquiry& inquiry,
                             const Candidate& candidate, Mismatch mismatch) {
  const std::string& agent = engine.AgentId(candidate.agent);
  const Kind naive = NaiveKind(inquiry, agent, mismatch, model.now);
  const std::string who = absl::StrCat(inquiry.id, " and ", agent, ": ");
  if (candidate.obstacles.empty()) return who + "may take it, but waits";
  const Obstacle& first = candidate.obstacles.front();
  if (first.kind == Kind::kMisfit && !AreAlike(first.misfit.kind, mismatch)) {
    return absl::StrCat(who, "lacks ", Text(first.misfit.kind), ", by the rule ", Text(mismatch));
  }
  // Gates are asked before exceptions.
  const bool by_gate = first.kind == Kind::kGate && naive >= Kind::kGate;
  const bool by_gate_alone = first.kind == Kind::kGate && naive == Kind::kNone;
  if (first.kind != naive && !by_gate && !by_gate_alone) {
    return absl::StrCat(who, "obstacle of kind ", static_cast<int>(first.kind), ", by the rule ",
                        static_cast<int>(naive));
  }
  const ModelAgent& known = model.agents.at(agent);
  const bool away = known.presence != Presence::kAvailable;
  const auto tells = [&](Gate gate) {
    return std::any_of(candidate.obstacles.begin(), candidate.obstacles.end(),
                       [&](const Obstacle& o) { return o.gate.gate == gate; });
  };
  if (away != (tells(Gate::kPresence) || tells(Gate::kDrain))) return who + "presence is told wrong";
  if (known.back_off != tells(Gate::kBackOff)) return who + "back-off is told wrong";
  return "";
}

}  // namespace

std::string CheckExplanation(const Engine& engine, const Model& model, Choices& choices) {
  std::vector<InquiryIx> waiting;
  engine.ForEachInquiry([&](InquiryIx ix, const Inquiry& inquiry) {
    if (inquiry.state == InquiryState::kWaiting) waiting.push_back(ix);
    return true;
  });
  if (waiting.empty()) return "";
  const InquiryIx ix = waiting[choices.Below(static_cast<uint32_t>(waiting.size()))];
  const ModelInquiry& inquiry = model.inquiries.at(engine.inquiry(ix).id);
  const InquiryExplanation told =
      engine.ExplainInquiry(ix, engine.now(), {.candidates_max = limits::kCandidatesMax, .named = {}, .sees = {}});
  if (told.agents != engine.agents()) return "not every agent was looked at";
  if (told.matching != 0) return absl::StrCat(inquiry.id, " waits although somebody may take it");
  uint32_t counted = 0;
  for (const ObstacleCount& count : told.counts) counted += count.agents;
  if (counted != told.agents) return "the counts do not add up";
  if (told.place.in_queue < told.place.in_line || told.place.in_line == 0) return "no place";
  const std::map<std::string, Mismatch> naive = NaiveQualifies(model, inquiry);
  for (const Candidate& candidate : told.candidates) {
    const Mismatch mismatch = naive.at(engine.AgentId(candidate.agent));
    std::string wrong = CompareCandidate(engine, model, inquiry, candidate, mismatch);
    if (!wrong.empty()) return wrong;
  }
  if (told.candidates.empty()) return "";
  const AgentIx agent = told.candidates.front().agent;
  for (const Head& head : engine.ExplainAgent(agent, engine.now(), 50).heads) {
    if (head.obstacles.empty()) return "the agent may take a head that waits";
  }
  return "";
}

void Barred::Remember(const Engine& engine, Choices& choices) {
  first_.clear();
  std::vector<InquiryIx> waiting;
  engine.ForEachInquiry([&](InquiryIx ix, const Inquiry& inquiry) {
    if (inquiry.state == InquiryState::kWaiting) waiting.push_back(ix);
    return true;
  });
  if (waiting.empty() || engine.NextDeadline() <= engine.now()) return;
  const InquiryIx ix = waiting[choices.Below(static_cast<uint32_t>(waiting.size()))];
  inquiry_ = engine.inquiry(ix).id;
  const ExplainOptions all{.candidates_max = limits::kCandidatesMax, .named = {}, .sees = {}};
  for (const Candidate& candidate : engine.ExplainInquiry(ix, engine.now(), all).candidates) {
    if (!candidate.obstacles.empty()) {
      first_[engine.AgentId(candidate.agent)] = candidate.obstacles.front();
    }
  }
}

std::string Barred::Compare(const Engine& engine) const {
  const InquiryIx ix = engine.FindInquiry(inquiry_);
  if (first_.empty() || !ix.IsSet()) return "";
  bool asks_anew = false;  // the inquiry, or all of the configuration
  std::set<std::string> changed, came;
  for (const Event& event : engine.events()) {
    const auto is = [&]<class E>(const E* e) { return e != nullptr && e->inquiry == ix; };
    const EventBody& body = event.body;
    asks_anew |= is(std::get_if<StepReached>(&body)) || is(std::get_if<InquiryUpdated>(&body)) ||
                 is(std::get_if<InquiryEnqueued>(&body)) || is(std::get_if<InquiryDirected>(&body)) ||
                 is(std::get_if<HoldEnded>(&body)) ||
                 std::get_if<WorkspaceApplied>(&body) != nullptr;
    if (const auto* e = std::get_if<AgentUpserted>(&body)) changed.insert(engine.AgentId(e->agent));
    if (const auto* e = std::get_if<PresenceChanged>(&body)) came.insert(engine.AgentId(e->agent));
    if (const auto* e = std::get_if<BackOffEnded>(&body)) came.insert(engine.AgentId(e->agent));
    const auto* offer = std::get_if<OfferCreated>(&body);
    if (!is(offer) || asks_anew) continue;
    const std::string& agent = engine.AgentId(offer->agent);
    const auto told = first_.find(agent);
    if (told == first_.end()) continue;
    const Obstacle& first = told->second;
    const std::string who = absl::StrCat(inquiry_, " and ", agent, ": barred by ");
    if (first.kind == Kind::kHeldForAnother) return who + "a hold that did not end";
    if (first.kind == Kind::kExcluded) return who + "an exclusion";
    if (first.kind == Kind::kMisfit && changed.count(agent) == 0) return who + "what it lacks";
    if (first.kind == Kind::kExcepted && (!first.until.IsSet() || first.until > event.time)) {
      return who + "a decline that is not over";
    }
    const Gate gate = first.gate.gate;
    const bool comes = gate == Gate::kPresence || gate == Gate::kDrain || gate == Gate::kBackOff;
    if (comes && came.count(agent) == 0) return who + "a gate that did not open";
  }
  return "";
}

void Foretold::Ask(const Engine& engine, const Step& step) {
  run_.reset();
  problem_.clear();
  if (!step.has_command || !step.command.request_id.empty()) return;
  const auto* submit = std::get_if<Submit>(&step.command.body);
  const Time at = std::max(step.at, engine.now());
  if (submit == nullptr || engine.NextDeadline() <= at) return;
  if (engine.FindInquiry(submit->inquiry_id).IsSet() || step.command.when.IsSet()) return;
  inquiry_ = submit->inquiry_id;
  const bool compares = ++asked_ % 16 == 0;
  const std::string before = compares ? Dump(engine) : "";
  run_ = engine.ExplainSubmit(step.command, at, {.candidates_max = 3, .named = {}, .sees = {}});
  if (compares && Dump(engine) != before) problem_ = "a dry run changed something";
}

std::string Foretold::Compare(const Engine& engine, const Outcome& outcome) const {
  if (!run_) return "";
  if (!problem_.empty()) return problem_;
  const std::string who = inquiry_ + ", foretold: ";
  if (outcome.rejection != run_->outcome.rejection || outcome.subject != run_->outcome.subject) {
    return absl::StrCat(who, std::string(ToString(run_->outcome.rejection)));
  }
  if (!outcome.ok()) return "";
  const InquiryIx ix = engine.FindInquiry(inquiry_);
  if (run_->undecided) return "";
  if (run_->ends) {
    return engine.inquiry(ix).state == InquiryState::kCancelled ? "" : who + "ends at once";
  }
  std::string asked;
  for (const Event& event : engine.events()) {
    const auto* offer = std::get_if<OfferCreated>(&event.body);
    const auto* assigned = std::get_if<InquiryAssigned>(&event.body);
    if (!asked.empty()) break;
    if (offer != nullptr && offer->inquiry == ix) asked = engine.AgentId(offer->agent);
    if (assigned != nullptr && assigned->inquiry == ix) asked = engine.AgentId(assigned->agent);
  }
  const InquiryExplanation& told = run_->explanation;
  const bool fits = told.matching > 0;
  const std::string first = fits ? engine.AgentId(told.candidates.front().agent) : "";
  if (first != asked) return absl::StrCat(who, "'", first, "' gets it, but '", asked, "' did");
  const Inquiry& made = engine.inquiry(ix);
  if (told.inquiry.queue != made.queue || told.inquiry.step != made.step) {
    return who + "another queue or step";
  }
  if (told.inquiry.units != made.units || told.inquiry.arrival_time != made.arrival_time) {
    return who + "another size or age";
  }
  return "";
}

}  // namespace firstline::engine::proof
