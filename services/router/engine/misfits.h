// The rules by which a profile fits what is asked, as visits: Qualifies stops at the first that is not
// met, explanations list them all.
//
// Threads: pure functions. Private to the engine.
#pragma once

#include <algorithm>
#include <vector>

#include "services/router/engine/requirement.h"

namespace firstline::engine {

inline int Lowered(int level, int by) { return std::max(1, level - by); }

template <class T>
bool Has(const std::vector<T>& sorted, const T& value) {
  return std::binary_search(sorted.begin(), sorted.end(), value);
}

inline bool IsInRange(const Audience& audience, const Level& asked, int held) {
  return held >= Lowered(asked.level, audience.lowered) && (asked.max == 0 || held <= asked.max);
}

// Each calls visit(misfit) for the rules that are not met, in order, until it returns true, and
// returns whether it did.
template <class Visit>
bool VisitMembership(const Audience& audience, const Profile& profile, const Visit& visit) {
  if (profile.memberships.empty()) return false;
  const Membership* membership = FindMembership(profile, audience.queue);
  if (membership == nullptr) return visit(Misfit{.kind = Mismatch::kNotMember, .name = {}});
  if (membership->paused && visit(Misfit{.kind = Mismatch::kPaused, .name = {}})) return true;
  if (audience.tier_max == 0 || membership->tier <= audience.tier_max) return false;
  return visit(Misfit{.kind = Mismatch::kTier,
                      .name = {},
                      .most = audience.tier_max,
                      .held = membership->tier});
}

template <class Visit>
bool VisitSkills(const Audience& audience, const Requirement& requirement, const Profile& profile,
                 const Visit& visit) {
  for (const Level& asked : requirement.skills) {
    if (Has(audience.dropped_skills, asked.name)) continue;
    const int held = LevelOf(profile.skills, asked.name);
    if (held != 0 && IsInRange(audience, asked, held)) continue;
    const Mismatch kind = held == 0 ? Mismatch::kSkillMissing : Mismatch::kSkillLevel;
    if (visit(Misfit{kind, asked.name, Lowered(asked.level, audience.lowered), asked.max, held})) {
      return true;
    }
  }
  return false;
}

template <class Visit>
bool VisitGroups(const Audience& audience, const MoreAsked& more, const Profile& profile,
                 const Visit& visit) {
  for (size_t g = 0; g < more.any_skills.size(); ++g) {
    // A group that names a dropped skill is no longer asked for.
    const std::vector<Level>& group = more.any_skills[g];
    const bool met = std::any_of(group.begin(), group.end(), [&](const Level& asked) {
      return Has(audience.dropped_skills, asked.name) ||
             IsInRange(audience, asked, LevelOf(profile.skills, asked.name));
    });
    if (!met && visit(Misfit{.kind = Mismatch::kSkillGroup, .name = {}, .index = g})) return true;
  }
  for (NameIx excluded : more.excluded_skills) {
    const int held = LevelOf(profile.skills, excluded);
    if (held == 0) continue;
    if (visit(Misfit{.kind = Mismatch::kSkillExcluded, .name = excluded, .held = held})) return true;
  }
  return false;
}

inline bool HasLanguage(const Audience& audience, const Requirement& requirement,
                 const Profile& profile) {
  if (requirement.languages.empty() || audience.any_language) return true;
  return std::any_of(requirement.languages.begin(), requirement.languages.end(),
                     [&](const Level& asked) {
                       return LevelOf(profile.languages, asked.name) >=
                              Lowered(asked.level, audience.lowered);
                     });
}

inline bool Holds(const LabelTerm& term, const Profile& profile) {
  if (term.comparison <= Comparison::kIn) {
    const bool found = std::any_of(term.labels.begin(), term.labels.end(),
                                   [&](NameIx label) { return Has(profile.labels, label); });
    return found != (term.comparison == Comparison::kNotEqual);
  }
  return std::any_of(profile.numbers.begin(), profile.numbers.end(), [&](const auto& number) {
    return number.first == term.key && Compares(term.comparison, number.second, term.bound);
  });
}

template <class Visit>
bool VisitLabels(const Audience& audience, const Requirement& requirement, const Profile& profile,
                 const Visit& visit) {
  for (NameIx label : requirement.labels) {
    if (Has(profile.labels, label) || Has(audience.dropped_labels, label)) continue;
    if (visit(Misfit{.kind = Mismatch::kLabel, .name = label})) return true;
  }
  const MoreAsked* more = requirement.more.get();
  for (size_t t = 0; more != nullptr && t < more->label_terms.size(); ++t) {
    const LabelTerm& term = more->label_terms[t];
    if (Has(audience.dropped_labels, term.key) || Holds(term, profile)) continue;
    if (visit(Misfit{.kind = Mismatch::kLabelCondition, .name = term.key, .index = t})) return true;
  }
  return false;
}

// The one list of rules.
template <class Visit>
bool VisitMisfits(const Audience& audience, const Requirement& requirement, const Profile& profile,
                  const Visit& visit) {
  if (audience.suspended && visit(Misfit{.kind = Mismatch::kSuspended, .name = {}})) return true;
  if (VisitMembership(audience, profile, visit)) return true;
  if (VisitSkills(audience, requirement, profile, visit)) return true;
  const MoreAsked* more = requirement.more.get();
  if (more != nullptr && VisitGroups(audience, *more, profile, visit)) return true;
  if (!HasLanguage(audience, requirement, profile)) {
    const Level& first = requirement.languages[0];
    const Misfit misfit{Mismatch::kLanguage, first.name, Lowered(first.level, audience.lowered), 0,
                        LevelOf(profile.languages, first.name)};
    if (visit(misfit)) return true;
  }
  return VisitLabels(audience, requirement, profile, visit);
}

}  // namespace firstline::engine
