// What is asked (Requirement), what an agent is (Profile), and the one function that compares them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "services/router/engine/config.h"
#include "services/router/engine/rare.h"
#include "services/router/engine/types.h"

namespace firstline::engine {

struct Level {
  NameIx name;
  uint8_t level = 1;
  uint8_t max = 0;  // asked for: the highest level; 0: no bound
  // By name, level, maximum, in one comparison: requirements are interned by order.
  uint64_t Rank() const { return uint64_t{name.value} << 16 | uint32_t{level} << 8 | max; }
  friend auto operator<=>(const Level& a, const Level& b) { return a.Rank() <=> b.Rank(); }
  friend bool operator==(const Level& a, const Level& b) { return a.Rank() == b.Rank(); }
};

// A condition on labels. The labels it names are whole ("key=value"), so that a comparison of texts
// is one of handles.
struct LabelTerm {
  NameIx key;
  Comparison comparison = Comparison::kEqual;
  std::vector<NameIx> labels;  // kEqual, kNotEqual, kIn; ascending
  int64_t bound = 0;           // of the others
  friend auto operator<=>(const LabelTerm&, const LabelTerm&) = default;
};

// What few requirements ask.
struct MoreAsked {
  std::vector<std::vector<Level>> any_skills = {};  // of each group one
  std::vector<NameIx> excluded_skills = {};
  std::vector<LabelTerm> label_terms = {};
  friend auto operator<=>(const MoreAsked&, const MoreAsked&) = default;
};

// Canonical form: everything ascending by handle but languages, which are in order of preference.
// Interned: equal requirements share one handle. Channel and units belong to it because a line is
// matched against agents that are open on that channel with that much room.
struct Requirement {
  ChannelIx channel;
  uint16_t units = 1;
  std::vector<Level> skills;
  std::vector<Level> languages;
  std::vector<NameIx> labels;
  Rare<MoreAsked> more = {};  // unset when all of it is empty
  friend auto operator<=>(const Requirement&, const Requirement&) = default;
};

struct Membership {
  QueueIx queue;
  uint8_t tier = 1;
  bool paused = false;
  uint16_t position = 0;
  int64_t wrap_up_us = -1;  // -1: the queue's
  uint16_t weight = 1;
  friend auto operator<=>(const Membership&, const Membership&) = default;
};

// The part of an agent that matching reads and that only configuration changes. Interned: agents
// with equal profiles share one. All vectors ascending by handle.
struct Profile {
  std::vector<Level> skills;
  std::vector<Level> languages;
  std::vector<NameIx> labels;
  std::vector<std::pair<NameIx, int64_t>> numbers = {};  // of labels "key=<whole number>"
  std::vector<Membership> memberships;
  friend auto operator<=>(const Profile&, const Profile&) = default;
};

// Whom a line addresses at its step: the requirement left after relaxation, and the widest tier.
struct Audience {
  QueueIx queue;
  uint8_t tier_max = 0;  // 0: all
  uint8_t lowered = 0;   // levels every minimum is lowered by, not below 1
  bool any_language = false;
  bool suspended = false;  // addresses nobody
  std::vector<NameIx> dropped_skills;  // ascending
  std::vector<NameIx> dropped_labels = {};  // and keys of conditions, ascending
};

// In the order of the checks.
enum class Mismatch : uint8_t {
  kNone,
  kSuspended,
  kNotMember,
  kPaused,
  kTier,
  kSkillMissing,
  kSkillLevel,     // below the minimum or above the maximum
  kSkillGroup,     // none of a group in its range
  kSkillExcluded,  // holds one it must not hold
  kLanguage,
  kLabel,
  kLabelCondition,
};

// Whether a profile may serve an audience with a requirement; else the first reason why not. Ignores
// gates (presence, capacity), exceptions and preference.
Mismatch Qualifies(const Audience& audience, const Requirement& requirement,
                   const Profile& profile);

// A rule that a profile does not meet, and what would meet it.
struct Misfit {
  Mismatch kind = Mismatch::kNone;
  NameIx name;               // the skill, language, label or key asked for; unset: not one of them
  int least = 0, most = 0;   // levels or tiers that would do; 0: no bound
  int held = 0;              // the profile's level or tier; 0: none
  size_t index = 0;          // kSkillGroup: which of any_skills; kLabelCondition: of label_terms
};
// Every rule that is not met, in the order in which Qualifies checks them.
std::vector<Misfit> MisfitsOf(const Audience& audience, const Requirement& requirement,
                              const Profile& profile);

// Gives a name its handle.
using NameLookup = absl::FunctionRef<NameIx(std::string_view)>;
// The canonical form of a spec within limits; channel and units are left to the caller.
Requirement Canonical(const RequirementSpec& spec, NameLookup name);
// The other way; groups and conditions keep their order.
using NameText = absl::FunctionRef<std::string(NameIx)>;
RequirementSpec SpecOf(const Requirement& requirement, NameText text);
// Adds what a queue asks: the narrower range of a skill counts, its languages where there are none,
// everything else comes on top.
void MergeInto(Requirement& own, const Requirement& queue);
// Most names Canonical asks for.
size_t NamesIn(const RequirementSpec& spec);

// The profile of a configured agent.
Profile ProfileFrom(const AgentConfig& config, NameLookup name,
                    absl::FunctionRef<QueueIx(std::string_view)> queue);

// Whether `value` compares so with `bound`; only for the comparisons of numbers.
bool Compares(Comparison comparison, int64_t value, int64_t bound);
// A whole number: an optional minus sign and 1 to 18 digits; nullopt for any other text.
std::optional<int64_t> ParseNumber(std::string_view text);

// Null when the profile has none for the queue.
const Membership* FindMembership(const Profile& profile, QueueIx queue);
// 0 when the profile does not have it.
int LevelOf(const std::vector<Level>& levels, NameIx name);

}  // namespace firstline::engine
