#include "services/router/engine/requirement.h"

#include <algorithm>

namespace firstline::engine {
namespace {

int Lowered(int level, int by) { return std::max(1, level - by); }

bool HasLanguage(const Audience& audience, const Requirement& requirement,
                 const Profile& profile) {
  if (requirement.languages.empty() || audience.any_language) return true;
  return std::any_of(requirement.languages.begin(), requirement.languages.end(),
                     [&](const Level& asked) {
                       return LevelOf(profile.languages, asked.name) >=
                              Lowered(asked.level, audience.lowered);
                     });
}

Mismatch CheckMembership(const Audience& audience, const Profile& profile) {
  if (profile.memberships.empty()) return Mismatch::kNone;
  const Membership* membership = FindMembership(profile, audience.queue);
  if (membership == nullptr) return Mismatch::kNotMember;
  if (membership->paused) return Mismatch::kPaused;
  if (audience.tier_max != 0 && membership->tier > audience.tier_max) return Mismatch::kTier;
  return Mismatch::kNone;
}

}  // namespace

int LevelOf(const std::vector<Level>& levels, NameIx name) {
  auto it = std::lower_bound(levels.begin(), levels.end(), name,
                             [](const Level& l, NameIx n) { return l.name < n; });
  return it != levels.end() && it->name == name ? it->level : 0;
}

const Membership* FindMembership(const Profile& profile, QueueIx queue) {
  auto it = std::lower_bound(profile.memberships.begin(), profile.memberships.end(), queue,
                             [](const Membership& m, QueueIx q) { return m.queue < q; });
  return it != profile.memberships.end() && it->queue == queue ? &*it : nullptr;
}

Mismatch Qualifies(const Audience& audience, const Requirement& requirement,
                   const Profile& profile) {
  if (Mismatch m = CheckMembership(audience, profile); m != Mismatch::kNone) return m;
  for (const Level& asked : requirement.skills) {
    if (std::binary_search(audience.dropped_skills.begin(), audience.dropped_skills.end(),
                           asked.name)) {
      continue;
    }
    const int held = LevelOf(profile.skills, asked.name);
    if (held == 0) return Mismatch::kSkillMissing;
    if (held < Lowered(asked.level, audience.lowered)) return Mismatch::kSkillLevel;
  }
  if (!HasLanguage(audience, requirement, profile)) return Mismatch::kLanguage;
  for (NameIx label : requirement.labels) {
    if (!std::binary_search(profile.labels.begin(), profile.labels.end(), label)) {
      return Mismatch::kLabel;
    }
  }
  return Mismatch::kNone;
}

}  // namespace firstline::engine
