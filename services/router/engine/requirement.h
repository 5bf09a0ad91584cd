// What is asked (Requirement), what an agent is (Profile), and the one function that compares them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/router/engine/config.h"
#include "services/router/engine/types.h"

namespace firstline::engine {

struct Level {
  NameIx name;
  uint8_t level = 1;
  friend auto operator<=>(const Level&, const Level&) = default;
};

// Canonical form: skills and labels ascending by handle, languages in order of preference. Interned:
// equal requirements share one handle. Channel and units belong to it because a line is matched
// against agents that are open on that channel with that much room.
struct Requirement {
  ChannelIx channel;
  uint16_t units = 1;
  std::vector<Level> skills;
  std::vector<Level> languages;
  std::vector<NameIx> labels;
  friend auto operator<=>(const Requirement&, const Requirement&) = default;
};

struct Membership {
  QueueIx queue;
  uint8_t tier = 1;
  bool paused = false;
  uint16_t position = 0;
  int64_t wrap_up_us = -1;  // -1: the queue's
  friend auto operator<=>(const Membership&, const Membership&) = default;
};

// The part of an agent that matching reads and that only configuration changes. Interned: agents
// with equal profiles share one. All vectors ascending by handle.
struct Profile {
  std::vector<Level> skills;
  std::vector<Level> languages;
  std::vector<NameIx> labels;
  std::vector<Membership> memberships;
  friend auto operator<=>(const Profile&, const Profile&) = default;
};

// Whom a line addresses at its step: the requirement left after relaxation, and the widest tier.
struct Audience {
  QueueIx queue;
  uint8_t tier_max = 0;  // 0: all
  uint8_t lowered = 0;   // levels every minimum is lowered by, not below 1
  bool any_language = false;
  std::vector<NameIx> dropped_skills;  // ascending
};

// In the order of the checks.
enum class Mismatch : uint8_t {
  kNone,
  kNotMember,
  kPaused,
  kTier,
  kSkillMissing,
  kSkillLevel,
  kLanguage,
  kLabel,
};

// Whether a profile may serve an audience with a requirement; else the first reason why not. Ignores
// gates (presence, capacity), exceptions and preference.
Mismatch Qualifies(const Audience& audience, const Requirement& requirement,
                   const Profile& profile);

// Null when the profile has none for the queue.
const Membership* FindMembership(const Profile& profile, QueueIx queue);
// 0 when the profile does not have it.
int LevelOf(const std::vector<Level>& levels, NameIx name);

}  // namespace firstline::engine
