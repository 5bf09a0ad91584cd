#include "services/router/api/obstacle_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/router/store/public_messages.h"

namespace firstline::api {
namespace {

using engine::Gate;
using engine::Mismatch;
using Kind = engine::Obstacle::Kind;

std::string NameOf(engine::NameIx name, const Between& between) {
  const auto* names = between.names;
  if (names != nullptr && name.IsSet() && name.value >= names->new_names_from) {
    return names->new_names[name.value - names->new_names_from];
  }
  return between.engine.NameText(name);
}

// "3 or more", "3 to 5"
std::string Range(int least, int most) {
  return most == 0 ? absl::StrCat(least, " or more") : absl::StrCat(least, " to ", most);
}

std::string Levels(const std::vector<engine::SkillLevel>& levels) {
  return absl::StrJoin(levels, ", ", [](std::string* out, const engine::SkillLevel& level) {
    absl::StrAppend(out, level.name, " ", Range(level.level, level.max));
  });
}

std::string Text(const engine::Condition& condition) {
  static constexpr const char* kSigns[] = {"=", "!=", "in", "<", "<=", ">", ">="};
  return absl::StrCat(condition.key, " ", kSigns[static_cast<size_t>(condition.comparison)], " ",
                      absl::StrJoin(condition.values, ", "));
}

void Say(v1::Obstacle* out, std::string text, std::string remedy) {
  out->set_text(std::move(text));
  out->set_remedy(std::move(remedy));
}

v1::ObstacleKind KindOf(Mismatch mismatch) {
  switch (mismatch) {
    case Mismatch::kNone: break;
    case Mismatch::kSuspended: return v1::OBSTACLE_KIND_QUEUE_SUSPENDED;
    case Mismatch::kNotMember: return v1::OBSTACLE_KIND_NOT_MEMBER;
    case Mismatch::kPaused: return v1::OBSTACLE_KIND_MEMBERSHIP_PAUSED;
    case Mismatch::kTier: return v1::OBSTACLE_KIND_TIER;
    case Mismatch::kSkillMissing: return v1::OBSTACLE_KIND_SKILL_MISSING;
    case Mismatch::kSkillLevel: return v1::OBSTACLE_KIND_SKILL_LEVEL;
    case Mismatch::kSkillGroup: return v1::OBSTACLE_KIND_SKILL_GROUP;
    case Mismatch::kSkillExcluded: return v1::OBSTACLE_KIND_SKILL_EXCLUDED;
    case Mismatch::kLanguage: return v1::OBSTACLE_KIND_LANGUAGE;
    case Mismatch::kLabel: return v1::OBSTACLE_KIND_LABEL;
    case Mismatch::kLabelCondition: return v1::OBSTACLE_KIND_LABEL_CONDITION;
  }
  return v1::OBSTACLE_KIND_UNSPECIFIED;
}

v1::ObstacleKind KindOf(Gate gate) {
  switch (gate) {
    case Gate::kNone: break;
    case Gate::kPresence: return v1::OBSTACLE_KIND_PRESENCE;
    case Gate::kDrain: return v1::OBSTACLE_KIND_DRAIN;
    case Gate::kBackOff: return v1::OBSTACLE_KIND_BACK_OFF;
    case Gate::kRateLimit: return v1::OBSTACLE_KIND_RATE_LIMIT;
    case Gate::kReserved: return v1::OBSTACLE_KIND_RESERVED;
    case Gate::kCapacity: return v1::OBSTACLE_KIND_CAPACITY;
    case Gate::kChannelCapacity: return v1::OBSTACLE_KIND_CHANNEL_CAPACITY;
    case Gate::kExclusive: return v1::OBSTACLE_KIND_EXCLUSIVE_CHANNEL;
    case Gate::kQueueBackOff: return v1::OBSTACLE_KIND_QUEUE_BACK_OFF;
    case Gate::kQueueWrapUp: return v1::OBSTACLE_KIND_QUEUE_WRAP_UP;
  }
  return v1::OBSTACLE_KIND_UNSPECIFIED;
}

void WriteSkill(const engine::Misfit& misfit, const Between& between, v1::Obstacle* out) {
  const std::string name = NameOf(misfit.name, between);
  const std::string range = Range(misfit.least, misfit.most);
  const std::string remedy = absl::StrCat("skill ", name, " at ", range);
  if (misfit.kind == Mismatch::kSkillMissing) {
    return Say(out, absl::StrCat("no skill ", name, ", needs ", range), remedy);
  }
  const std::string text =
      between.agent == nullptr ? absl::StrCat("skill ", name, " not at ", range)
                               : absl::StrCat("skill ", name, " ", misfit.held, ", needs ", range);
  Say(out, text, remedy);
}

void WriteMisfit(const engine::Misfit& misfit, const Between& between, v1::Obstacle* out) {
  const std::string queue = between.engine.QueueId(between.queue);
  const std::string name = NameOf(misfit.name, between);
  out->set_name(name);
  out->set_least(misfit.least);
  out->set_most(misfit.most);
  out->set_held(misfit.held);
  switch (misfit.kind) {
    case Mismatch::kNone:
      return;
    case Mismatch::kSuspended:
      out->set_name(queue);
      return Say(out, absl::StrCat("queue ", queue, " is suspended"), "the queue is resumed");
    case Mismatch::kNotMember:
      out->set_name(queue);
      return Say(out, absl::StrCat("not a member of queue ", queue),
                 absl::StrCat("a membership in queue ", queue));
    case Mismatch::kPaused:
      out->set_name(queue);
      return Say(out, absl::StrCat("membership in queue ", queue, " is paused"),
                 "the membership is no longer paused");
    case Mismatch::kTier:
      out->set_name(queue);
      return Say(out, between.agent == nullptr
                     ? absl::StrCat("tier in queue ", queue, " above ", misfit.most)
                     : absl::StrCat("tier ", misfit.held, " in queue ", queue, ", asked are 1 to ",
                                    misfit.most),
                 absl::StrCat("tier ", misfit.most, " or lower"));
    case Mismatch::kSkillMissing:
    case Mismatch::kSkillLevel:
      return WriteSkill(misfit, between, out);
    case Mismatch::kSkillGroup: {
      const std::string group = Levels(between.asked->any_skills[misfit.index]);
      return Say(out, absl::StrCat("has none of: ", group),
                 absl::StrCat("one of: ", group));
    }
    case Mismatch::kSkillExcluded:
      return Say(out, absl::StrCat("has skill ", name, ", which is not wanted"),
                 absl::StrCat("no skill ", name));
    case Mismatch::kLanguage: {
      const std::string languages = Levels(between.asked->languages);
      return Say(out, absl::StrCat("speaks none of: ", languages), absl::StrCat("one of: ", languages));
    }
    case Mismatch::kLabel:
      return Say(out, absl::StrCat("no label ", name),
                 absl::StrCat("label ", name));
    case Mismatch::kLabelCondition: {
      const std::string condition = Text(between.asked->label_conditions[misfit.index]);
      return Say(out, absl::StrCat("labels do not meet: ", condition),
                 absl::StrCat("labels that meet: ", condition));
    }
  }
}

std::string PresenceText(const engine::Agent* agent) {
  if (agent == nullptr) return "offline or away";
  if (agent->presence == engine::Presence::kOffline) return "offline";
  return agent->reason.empty() ? "away" : absl::StrCat("away: ", agent->reason);
}

std::string UnitsText(const engine::ClosedGate& gate, int units, const Between& between) {
  if (between.agent == nullptr) return absl::StrCat("fewer than ", gate.needed, " units free");
  return absl::StrCat(units - gate.left, " of ", units, " units used, needs ", gate.needed);
}

void WriteGate(const engine::ClosedGate& gate, const Between& between, v1::Obstacle* out) {
  const engine::Engine& engine = between.engine;
  const engine::Agent* agent = between.agent;
  const std::string queue = engine.QueueId(between.queue);
  const std::string channel = engine.ChannelId(between.channel);
  const std::string units = absl::StrCat(gate.needed, " free units");
  out->set_least(gate.needed);
  out->set_held(gate.left);
  if (gate.until.IsSet()) store::WriteMessage(gate.until, out->mutable_until_time());
  switch (gate.gate) {
    case Gate::kNone:
      return;
    case Gate::kPresence:
      return Say(out, PresenceText(agent), "becomes available");
    case Gate::kDrain:
      return Say(out, "draining: takes nothing new", "becomes available");
    case Gate::kBackOff:
      return Say(out, "backs off after missed offers",
                 "the back-off ends");
    case Gate::kRateLimit:
      return Say(out, "had as many assignments as the rate limit allows",
                 "the oldest of them leaves the window");
    case Gate::kReserved: {
      const std::string inquiry = agent != nullptr && between.tells_inquiries
                                      ? engine.inquiry(agent->reserved_for).id
                                      : std::string();
      out->set_inquiry_id(inquiry);
      return Say(out, inquiry.empty() ? "reserved for an inquiry that was overtaken too often"
                                 : absl::StrCat("reserved for inquiry ", inquiry,
                                                ", which was overtaken too often"),
                 "that inquiry is offered to somebody");
    }
    case Gate::kCapacity:
      return Say(out, UnitsText(gate, agent == nullptr ? 0 : agent->units, between), units);
    case Gate::kChannelCapacity: {
      const int size = agent == nullptr ? 0 : agent->channel_units[between.channel.value];
      out->set_name(channel);
      return Say(out, absl::StrCat(channel, ": ", UnitsText(gate, size, between)),
                 absl::StrCat(units, " on channel ", channel));
    }
    case Gate::kExclusive:
      out->set_name(channel);
      return Say(out, absl::StrCat("has work that channel ", channel, " cannot be beside"),
                 "that work ends");
    case Gate::kQueueBackOff:
      out->set_name(queue);
      return Say(out, absl::StrCat("backs off from queue ", queue, " after missed offers"),
                 "the back-off ends");
    case Gate::kQueueWrapUp:
      out->set_name(queue);
      return Say(out, absl::StrCat("in wrap-up, which closes queue ", queue), "the wrap-up ends");
  }
}

}  // namespace

v1::ObstacleKind KindOf(const engine::Obstacle& obstacle) {
  switch (obstacle.kind) {
    case Kind::kNone: break;
    case Kind::kHeldForAnother: return v1::OBSTACLE_KIND_HELD_FOR_ANOTHER;
    case Kind::kMisfit: return KindOf(obstacle.misfit.kind);
    case Kind::kGate: return KindOf(obstacle.gate.gate);
    case Kind::kExcluded: return v1::OBSTACLE_KIND_EXCLUDED;
    case Kind::kExcepted: return v1::OBSTACLE_KIND_DECLINED;
  }
  return v1::OBSTACLE_KIND_UNSPECIFIED;
}

void WriteObstacle(const engine::Obstacle& obstacle, const Between& between, v1::Obstacle* out) {
  out->set_kind(KindOf(obstacle));
  if (obstacle.until.IsSet()) store::WriteMessage(obstacle.until, out->mutable_until_time());
  switch (obstacle.kind) {
    case Kind::kNone:
      return;
    case Kind::kHeldForAnother:
      return Say(out, "held for its preferred agent",
                 "the hold ends");
    case Kind::kMisfit:
      return WriteMisfit(obstacle.misfit, between, out);
    case Kind::kGate:
      return WriteGate(obstacle.gate, between, out);
    case Kind::kExcluded:
      return Say(out, "excluded by the submission", "");
    case Kind::kExcepted:
      return Say(out, obstacle.until.IsSet() ? "declined or missed it, may be asked again later"
                                        : "declined it for good",
                 obstacle.until.IsSet() ? "the retry time comes" : "");
  }
}

}  // namespace firstline::api
