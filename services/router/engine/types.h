// Basic vocabulary of the engine: time as data, dense handles, enumerations.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace firstline::engine {

// A span of workspace time in microseconds; may be negative in arithmetic.
struct Span {
  int64_t us = 0;
  friend constexpr auto operator<=>(Span, Span) = default;
};
constexpr Span Microseconds(int64_t n) { return {n}; }
constexpr Span Milliseconds(int64_t n) { return {n * 1000}; }
constexpr Span Seconds(int64_t n) { return {n * 1'000'000}; }
inline constexpr int64_t kDayUs = int64_t{24} * 3600 * 1'000'000;

// A point of workspace time: microseconds since the Unix epoch as the workspace's owner counts them.
// Never goes backwards within a workspace. The default value means "not set".
struct Time {
  int64_t us = 0;
  constexpr bool IsSet() const { return us != 0; }
  friend constexpr auto operator<=>(Time, Time) = default;
};
inline constexpr Time kNever{std::numeric_limits<int64_t>::max()};

constexpr Span operator+(Span a, Span b) { return {a.us + b.us}; }
constexpr Span operator-(Span a, Span b) { return {a.us - b.us}; }
constexpr Time operator+(Time t, Span s) { return t == kNever ? kNever : Time{t.us + s.us}; }
constexpr Time operator-(Time t, Span s) { return {t.us - s.us}; }
constexpr Span operator-(Time a, Time b) { return {a.us - b.us}; }

// A dense index into one of the engine's tables. Stable while the thing exists; reused afterwards,
// so a handle never leaves the process: records and events carry names.
template <class Tag>
struct Handle {
  uint32_t value = std::numeric_limits<uint32_t>::max();
  constexpr bool IsSet() const { return value != std::numeric_limits<uint32_t>::max(); }
  friend constexpr auto operator<=>(Handle, Handle) = default;
};
using InquiryIx = Handle<struct InquiryTag>;
using AgentIx = Handle<struct AgentTag>;
using QueueIx = Handle<struct QueueTag>;
using ChannelIx = Handle<struct ChannelTag>;
using NameIx = Handle<struct NameTag>;  // a skill, language, label, team or away reason
using ProfileIx = Handle<struct ProfileTag>;
using RequirementIx = Handle<struct RequirementTag>;
using LineIx = Handle<struct LineTag>;

enum class ChannelKind : uint8_t {
  kLive,       // voice: the accept is the first response
  kMessaging,  // replies are messages; may be parked
};
enum class QueueKind : uint8_t { kHuman, kBot };
enum class AgentKind : uint8_t { kPerson, kBot };
enum class Presence : uint8_t { kOffline, kAvailable, kAway, kDraining };
enum class InquiryState : uint8_t { kWaiting, kOffered, kAssigned, kParked, kClosed, kCancelled };
constexpr bool IsEnded(InquiryState s) {
  return s == InquiryState::kClosed || s == InquiryState::kCancelled;
}

// How inquiries of a queue are ordered; see `line.h` for the keys.
enum class Serving : uint8_t { kFifo, kCredit, kStrict, kDeadline, kLifo };

// What decides between two agents who may both take an inquiry. Higher is better for kLanguageLevel,
// kSkillLevel and kScore; earlier or lower for all others.
enum class Criterion : uint8_t {
  kPreferred,      // named by the inquiry, earlier names first
  kLanguageLevel,  // the inquiry's earliest language the agent has, then its level
  kSkillLevel,     // sum of the agent's levels over the required skills, of each group the highest
  kFewestSkills,   // fewest skills in the agent's profile: keeps generalists free
  kTier,           // lowest tier of the agent's membership in the queue
  kLoad,           // used / total units
  kIdleTime,       // waiting longest since the last work ended or presence began
  kRoundRobin,     // least recently offered
  kPosition,       // lowest position of the agent's membership in the queue
  kFewestHandled,  // fewest assignments within the workspace's fairness window
  kLeastHandleTime,  // least time handled of conversations that ended within that window
  kRandom,         // a draw by the membership's weight; the same for the same seed, inquiry and agent
  kScore,          // weighted sum of several of these, see ScoreConfig
};

// How a condition compares what is there with its values.
enum class Comparison : uint8_t {
  kEqual,           // to the one value
  kNotEqual,        // to none of the values; holds where nothing is there
  kIn,              // to one of the values
  kLess,            // these four: as whole numbers, with the one value; what is no number fails
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
};

enum class Author : uint8_t { kCustomer, kAgent, kBot };
enum class CancelReason : uint8_t {
  kAbandoned,
  kWithdrawn,
  kDuplicate,
  kOther,
  kRouteEnded,  // a step of the queue's route said so
};
enum class Resolution : uint8_t { kResolved, kUnresolved, kSpam, kNoReplyNeeded, kOther };
// Why an inquiry (again) waits in a queue.
enum class EnqueueCause : uint8_t {
  kSubmitted,
  kTransferred,
  kOverflowed,
  kDeclined,
  kExpired,
  kFirstReplyTimeout,
  kAgentLost,
  kResumed,
  kUpdated,  // its requirement or priority changed while it waited or was offered
  kDirected,  // taken from who had it, to be given to somebody else
  kReopened,
};
enum class OfferOutcome : uint8_t {
  kAccepted,
  kDeclined,
  kExpired,
  kRescinded,  // the inquiry was cancelled, closed, transferred or changed
  kAgentLost,  // the agent's presence ended
  kTaken,      // another agent who was asked as well was first
};
// When a workspace's classifier is asked about an inquiry that names no queue.
enum class ClassifierTurn : uint8_t {
  kBeforeRules,  // always; the rules decide where it has no verdict
  kAfterRules,   // where no rule fits but the default
};
// What came of a workspace's classifier for an inquiry. All but kVerdict: the rules decided.
enum class ClassifierOutcome : uint8_t {
  kVerdict,            // it decided
  kNoVerdict,          // it does not know
  kOutOfBounds,        // its verdict has a field that is beyond a bound
  kUnknownQueue,       // its verdict names a queue that there is not
  kUnknownSkill,       // ... or a skill or language that no agent has
  kDeadline,           // it did not answer in time
  kUnavailable,        // it could not be reached, or answered with an error
  kBreakerOpen,        // not asked: it has failed too often of late
  kBusy,               // not asked: too many are asked at a time
  kUnknownClassifier,  // not asked: the router knows none of that name
  kNotAsked,           // not asked: the configuration changed meanwhile, or nobody could ask
};
inline constexpr size_t kClassifierOutcomes = 11;
// Which of two expected waits counts; see WaitQuantiles.
enum class WaitQuantile : uint8_t { kP50, kP90 };
// What becomes of the conversations of an agent whose presence was lost.
enum class LostAgent : uint8_t {
  kKeep,     // the agent keeps them
  kRequeue,  // they go back to the front of their queue with their age
  kClose,    // they are closed as unresolved
};
// Why an agent has an inquiry.
enum class AssignCause : uint8_t {
  kOffer,      // it accepted
  kAutomatic,  // auto_accept
  kClaimed,    // it took the inquiry itself
  kDirected,   // somebody gave it the inquiry
};
// What a directed assignment sets aside.
enum class Override : uint8_t {
  kRequirement,  // skills, languages, labels, membership, tier, pause; a suspended queue never counts
  kPresence,     // away or draining; never offline
  kBackOff,      // of the agent and of the queue
  kRateLimit,
  kReserved,
  kWrapUp,       // a queue closed by wrap-up
  kExclusion,    // excluded by the caller, declined or missed
  kCapacity,     // in total and of the channel, exclusive channels included
};
enum class SessionEnd : uint8_t { kClosed, kLapsed };

}  // namespace firstline::engine
