// Parts of the canonical rule that need nothing of the rest of it: what steps wait for, draws by lot,
// and what may be given to an agent by hand.
#include <algorithm>
#include <chrono>

#include "tests/engine/canonical_rule.h"

namespace firstline::engine::proof {
namespace {

bool IsBetween(int count, const std::optional<int>& above, const std::optional<int>& below) {
  if (above && count <= *above) return false;
  return !(below && count >= *below);
}

// The last of so many; what time does to it is looked at with every whole second.
std::optional<Span> ExpectedByQueue(const Model& model, const QueueConfig& queue, int place, Time at) {
  const auto known = model.waits.find(queue.id);
  if (known == model.waits.end()) return std::nullopt;
  const auto expected = known->second.Expect(static_cast<uint32_t>(place), true, at);
  if (!expected) return std::nullopt;
  return queue.expected_wait_quantile == WaitQuantile::kP90 ? expected->p90 : expected->p50;
}

bool WaitHolds(const Model& model, const QueueConfig& queue, const StepWhen& when, int waiting) {
  if (!when.expected_wait_above && !when.expected_wait_below) return true;
  const Time second{model.now.us / 1'000'000 * 1'000'000};
  const auto wait = ExpectedByQueue(model, queue, waiting, second);
  if (!wait) return false;
  if (when.expected_wait_above && *wait <= *when.expected_wait_above) return false;
  return !(when.expected_wait_below && *wait >= *when.expected_wait_below);
}

}  // namespace

bool NaiveIsOpen(const CalendarConfig& calendar, Time at) {
  int seconds = calendar.offsets.empty() ? 0 : calendar.offsets[0].seconds;
  for (const ZoneOffset& offset : calendar.offsets) {
    if (at >= offset.from) seconds = offset.seconds;
  }
  const std::chrono::sys_time<std::chrono::microseconds> local(
      std::chrono::microseconds(at.us) + std::chrono::seconds(seconds));
  const auto day = std::chrono::floor<std::chrono::days>(local);
  for (int64_t holiday : calendar.holidays) {
    if (day.time_since_epoch().count() == holiday) return false;
  }
  const auto minute = std::chrono::floor<std::chrono::minutes>(local - day).count();
  const unsigned weekday = std::chrono::weekday(day).iso_encoding() - 1;  // Monday is 0
  for (const HoursConfig& hours : calendar.hours) {
    if ((hours.days & 1 << weekday) != 0 && hours.from <= minute && minute < hours.to) return true;
  }
  return false;
}

bool JudgesWait(const QueueConfig& queue) {
  return queue.max_expected_wait.us > 0 ||
         std::any_of(queue.steps.begin(), queue.steps.end(), [](const StepConfig& step) {
           return step.when && (step.when->expected_wait_above || step.when->expected_wait_below);
         });
}

int CountWaiting(const Model& model, const std::string& queue) {
  int waiting = 0;
  for (const auto& [id, other] : model.inquiries) {
    if (other.state == InquiryState::kWaiting && other.queue == queue) ++waiting;
  }
  return waiting;
}

bool WaitsTooLong(const Model& model, const ModelInquiry& inquiry) {
  const QueueConfig& queue = model.Queue(inquiry.queue);
  if (queue.max_expected_wait.us == 0 || queue.suspended) return false;
  if (CountWaiting(model, inquiry.queue) == 0) return false;
  int place = 1;
  const auto own = ServingKey(model, inquiry);
  for (const auto& [id, other] : model.inquiries) {
    if (other.state != InquiryState::kWaiting || other.queue != inquiry.queue || other.held) continue;
    if (ServingKey(model, other) < own) ++place;
  }
  const auto wait = ExpectedByQueue(model, queue, place, model.now);
  if (!wait || *wait <= queue.max_expected_wait) return false;
  return std::none_of(model.agents.begin(), model.agents.end(), [&](const auto& entry) {
    const auto barred = inquiry.barred.count(entry.first) > 0;
    return !barred && MayTake(model, inquiry, entry.first, {});
  });
}

bool NaiveHolds(const Model& model, const ModelInquiry& inquiry, const StepWhen& when) {
  if (model.Queue(inquiry.queue).suspended) return false;
  const int waiting = CountWaiting(model, inquiry.queue);
  int available = 0, logged_in = 0;
  const auto verdicts = NaiveQualifies(model, inquiry);
  for (const auto& [id, agent] : model.agents) {
    if (verdicts.at(id) != Mismatch::kNone) continue;
    available += agent.presence == Presence::kAvailable ? 1 : 0;
    logged_in += agent.presence == Presence::kAvailable || agent.presence == Presence::kAway ? 1 : 0;
  }
  for (const CalendarConfig& calendar : model.config.calendars) {
    const bool open = NaiveIsOpen(calendar, model.now);
    if (calendar.id == when.open && !open) return false;
    if (calendar.id == when.closed && open) return false;
  }
  return WaitHolds(model, model.Queue(inquiry.queue), when, waiting) &&
         IsBetween(waiting, when.waiting_above, when.waiting_below) &&
         IsBetween(available, when.available_above, when.available_below) &&
         IsBetween(logged_in, when.logged_in_above, when.logged_in_below);
}

bool NobodyThere(const Model& model, const ModelInquiry& inquiry) {
  if (model.Queue(inquiry.queue).suspended) return false;
  const auto verdicts = NaiveQualifies(model, inquiry);
  return std::none_of(model.agents.begin(), model.agents.end(), [&](const auto& entry) {
    const Presence presence = entry.second.presence;
    const bool there = presence == Presence::kAvailable || presence == Presence::kAway;
    return there && verdicts.at(entry.first) == Mismatch::kNone;
  });
}

// As draw.h says it: -log2 of a hash, 16 bits of fraction, over the weight.
int64_t Lot(const Model& model, const ModelInquiry& inquiry, const ModelAgent& agent) {
  const auto mix = [](uint64_t z) {
    z ^= z >> 30, z *= 0xbf58476d1ce4e5b9;
    z ^= z >> 27, z *= 0x94d049bb133111eb;
    return z ^ z >> 31;
  };
  const uint64_t by_inquiry =
      mix(model.config.settings.random_seed + 0x9e3779b97f4a7c15 * inquiry.sequence);
  uint64_t hash = mix(by_inquiry + 0xd1342543de82ef95 * agent.sequence);
  if (hash == 0) hash = 1;
  int64_t whole = 1;
  for (; (hash >> 63) == 0; hash <<= 1) ++whole;
  uint64_t leading = hash >> 32;
  int64_t log = whole << 16;
  for (int64_t bit = 1 << 15; bit > 0; bit >>= 1) {
    leading = leading * leading >> 31;
    if (leading < uint64_t{1} << 32) continue;
    leading >>= 1;
    log -= bit;
  }
  int weight = 1;
  for (const MembershipConfig& membership : agent.config.memberships) {
    if (membership.queue == inquiry.queue) weight = membership.weight;
  }
  return log * 1'000'000 / weight;
}

bool MayTake(const Model& model, const ModelInquiry& inquiry, const std::string& agent_id,
             const std::set<Override>& aside) {
  const ModelAgent& agent = model.agents.at(agent_id);
  const auto counts = [&](Override by) { return aside.count(by) == 0; };
  const auto barred = inquiry.barred.find(agent_id);
  const bool is_barred = barred != inquiry.barred.end() && barred->second > model.now;
  const Mismatch verdict = NaiveQualifies(model, inquiry).at(agent_id);
  const bool suits = verdict == Mismatch::kNone || verdict == Mismatch::kSuspended;
  bool wraps_up = false, is_reserved = false;
  for (const auto& [id, wrap_up] : agent.wrap_ups) {
    wraps_up |= wrap_up.units == 0 && wrap_up.queue == inquiry.queue;
  }
  for (const auto& [id, other] : model.inquiries) {
    is_reserved |= other.reserved == agent_id && id != inquiry.id;
  }
  const bool backs_off = agent.back_off || agent.backs_off_from.count(inquiry.queue) != 0;
  if (agent.presence == Presence::kOffline) return false;
  if (agent.presence != Presence::kAvailable && counts(Override::kPresence)) return false;
  if (!suits && counts(Override::kRequirement)) return false;
  if (is_barred && counts(Override::kExclusion)) return false;
  if (backs_off && counts(Override::kBackOff)) return false;
  if (IsAtRateLimit(model, agent_id) && counts(Override::kRateLimit)) return false;
  if (is_reserved && counts(Override::kReserved)) return false;
  if (wraps_up && counts(Override::kWrapUp)) return false;
  return HasRoom(model, inquiry, agent_id) || !counts(Override::kCapacity);
}

}  // namespace firstline::engine::proof
