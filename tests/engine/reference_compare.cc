// The reference's model against the engine's views.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/engine/engine_text.h"
#include "tests/engine/reference_engine.h"

namespace firstline::engine::proof {
std::string Differs(const std::string& what, const std::string& actual,
                    const std::string& expected) {
  if (actual == expected) return "";
  return absl::StrCat(what, " is ", actual, ", the reference says ", expected);
}

std::string ReferenceEngine::CompareInquiry(const Engine& engine, const Inquiry& actual) const {
  const auto it = model_.inquiries.find(actual.id);
  if (it == model_.inquiries.end()) return absl::StrCat(actual.id, " is unknown to the reference");
  const ModelInquiry& wanted = it->second;
  const std::string what = actual.id + ": ";
  std::string wrong = Differs(what + "state", Text(actual.state), Text(wanted.state));
  if (!wrong.empty() || IsEnded(actual.state)) return wrong;
  std::vector<std::string> preferred;
  for (AgentIx agent : actual.preferred) preferred.push_back(engine.AgentId(agent));
  for (const std::string& difference :
       {Differs(what + "queue", engine.QueueId(actual.queue), wanted.queue),
        Differs(what + "agent", engine.AgentId(actual.agent), wanted.agent),
        Differs(what + "step", absl::StrCat(actual.step), absl::StrCat(wanted.step)),
        Differs(what + "held", absl::StrCat(actual.held), absl::StrCat(wanted.held)),
        Differs(what + "overtakes", absl::StrCat(actual.overtakes),
                absl::StrCat(wanted.overtakes)),
        Differs(what + "reserved", engine.AgentId(actual.reserved), wanted.reserved),
        Differs(what + "priority", absl::StrCat(actual.priority), absl::StrCat(wanted.priority)),
        Differs(what + "units", absl::StrCat(actual.units), absl::StrCat(wanted.units)),
        Differs(what + "arrival", absl::StrCat(actual.sequence), absl::StrCat(wanted.sequence)),
        Differs(what + "create_time", absl::StrCat(actual.create_time.us),
                absl::StrCat(wanted.create_time.us)),
        Differs(what + "arrival_time", absl::StrCat(actual.arrival_time.us),
                absl::StrCat(wanted.arrival_time.us)),
        Differs(what + "enqueue_time", absl::StrCat(actual.enqueue_time.us),
                absl::StrCat(wanted.enqueue_time.us))}) {
    if (!difference.empty()) return difference;
  }
  return preferred == wanted.preferred ? "" : what + "the preferred agents differ";
}

std::string ReferenceEngine::CompareInquiries(const Engine& engine) const {
  std::string wrong;
  size_t seen = 0;
  engine.ForEachInquiry([&](InquiryIx, const Inquiry& actual) {
    ++seen;
    wrong = CompareInquiry(engine, actual);
    return wrong.empty();
  });
  if (!wrong.empty()) return wrong;
  return Differs("the number of inquiries", absl::StrCat(seen),
                 absl::StrCat(model_.inquiries.size()));
}

std::string ReferenceEngine::CompareWaits(const Engine& engine) const {
  for (const QueueConfig& queue : model_.config.queues) {
    const WaitHistory* actual = engine.WaitsOf(engine.FindQueue(queue.id));
    const auto wanted = model_.waits.find(queue.id);
    if ((actual == nullptr) != (wanted == model_.waits.end())) {
      return queue.id + ": only one of both goes by its waits";
    }
    if (actual != nullptr && !(actual->state() == wanted->second.state())) {
      return queue.id + ": was served otherwise by the reference";
    }
  }
  return "";
}

std::string ReferenceEngine::CompareAgents(const Engine& engine) const {
  std::string wrong;
  size_t seen = 0;
  std::map<uint64_t, const Agent*> by_idle, by_offered;
  std::map<std::string, int> used = UnitsInUse(model_);
  engine.ForEachAgent([&](AgentIx, const Agent& actual) {
    ++seen;
    const auto it = model_.agents.find(actual.id);
    if (it == model_.agents.end()) {
      wrong = absl::StrCat("agent ", actual.id, " is unknown to the reference");
      return false;
    }
    const ModelAgent& wanted = it->second;
    const std::string what = actual.id + ": ";
    for (const std::string& difference :
         {Differs(what + "presence", Text(actual.presence), Text(wanted.presence)),
          Differs(what + "used", absl::StrCat(actual.used), absl::StrCat(used[actual.id])),
          Differs(what + "back-off", absl::StrCat(actual.back_off_until.IsSet()),
                  absl::StrCat(wanted.back_off)),
          Differs(what + "wrap-ups", absl::StrCat(actual.wrap_ups.size()),
                  absl::StrCat(wanted.wrap_ups.size()))}) {
      if (wrong.empty()) wrong = difference;
    }
    by_idle[wanted.idle_since] = &actual;
    by_offered[wanted.last_offered] = &actual;
    return wrong.empty();
  });
  if (!wrong.empty()) return wrong;
  if (seen != model_.agents.size()) return "the number of agents differs";
  const Agent* before = nullptr;
  for (const auto& [order, agent] : by_idle) {
    if (order == 0) continue;
    if (before != nullptr && before->idle_sequence >= agent->idle_sequence) {
      return absl::StrCat(before->id, " is idle longer than ", agent->id, " by the reference");
    }
    before = agent;
  }
  before = nullptr;
  for (const auto& [order, agent] : by_offered) {
    if (order == 0) continue;
    if (before != nullptr && before->offered_sequence >= agent->offered_sequence) {
      return absl::StrCat(before->id, " was offered before ", agent->id, " by the reference");
    }
    before = agent;
  }
  return "";
}

std::string ReferenceEngine::CompareQualification(const Engine& engine) const {
  std::string wrong;
  engine.ForEachInquiry([&](InquiryIx, const Inquiry& inquiry) {
    if (inquiry.state != InquiryState::kWaiting) return true;
    const Audience audience = engine.AudienceOf(inquiry);
    const auto verdicts = NaiveQualifies(model_, model_.inquiries.at(inquiry.id));
    engine.ForEachAgent([&](AgentIx, const Agent& agent) {
      const Mismatch fast =
          Qualifies(audience, engine.requirement(inquiry.asked), engine.profile(agent.profile));
      const Mismatch naive = verdicts.at(agent.id);
      // Which of several missing skills is named first depends on handles.
      const auto is_skill = [](Mismatch m) {
        return m == Mismatch::kSkillMissing || m == Mismatch::kSkillLevel;
      };
      if (fast != naive && !(is_skill(fast) && is_skill(naive))) {
        wrong = absl::StrCat(inquiry.id, " and ", agent.id, ": Qualifies says ", Text(fast),
                             ", the reference ", Text(naive));
      }
      return wrong.empty();
    });
    return wrong.empty();
  });
  return wrong;
}

}  // namespace firstline::engine::proof
