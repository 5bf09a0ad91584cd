#include "services/router/engine/requirement.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/router/engine/misfits.h"

namespace firstline::engine {
namespace {

template <class T>
void SortUnique(std::vector<T>& values) {
  if (values.size() < 2) return;
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

void SortUnique(MoreAsked& more) {
  SortUnique(more.any_skills);
  SortUnique(more.excluded_skills);
  SortUnique(more.label_terms);
}

// One entry a skill, with the narrowest range of all its entries.
void Narrow(std::vector<Level>& levels) {
  if (levels.size() < 2) return;
  std::sort(levels.begin(), levels.end());
  size_t kept = 0;
  for (const Level& level : levels) {
    if (kept == 0 || levels[kept - 1].name != level.name) {
      levels[kept++] = level;
      continue;
    }
    Level& known = levels[kept - 1];
    known.level = std::max(known.level, level.level);
    if (known.max == 0 || (level.max != 0 && level.max < known.max)) known.max = level.max;
  }
  levels.resize(kept);
}

Level LevelOfSpec(const SkillLevel& spec, NameLookup name) {
  return {name(spec.name), static_cast<uint8_t>(spec.level), static_cast<uint8_t>(spec.max)};
}

LabelTerm TermOf(const Condition& condition, NameLookup name) {
  LabelTerm term{.key = name(condition.key), .comparison = condition.comparison, .labels = {}};
  for (const std::string& value : condition.values) {
    if (condition.comparison <= Comparison::kIn) {
      term.labels.push_back(name(absl::StrCat(condition.key, "=", value)));
    } else {
      term.bound = ParseNumber(value).value_or(0);
    }
  }
  SortUnique(term.labels);
  return term;
}

}  // namespace

bool Compares(Comparison comparison, int64_t value, int64_t bound) {
  switch (comparison) {
    case Comparison::kLess: return value < bound;
    case Comparison::kLessOrEqual: return value <= bound;
    case Comparison::kGreater: return value > bound;
    case Comparison::kGreaterOrEqual: return value >= bound;
    case Comparison::kEqual:
    case Comparison::kNotEqual:
    case Comparison::kIn: break;
  }
  return false;
}

std::optional<int64_t> ParseNumber(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > 18) return std::nullopt;
  int64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return negative ? -value : value;
}

size_t NamesIn(const RequirementSpec& spec) {
  size_t names = spec.skills.size() + spec.languages.size() + spec.labels.size() +
                 spec.excluded_skills.size();
  for (const auto& group : spec.any_skills) names += group.size();
  for (const Condition& condition : spec.label_conditions) names += 1 + condition.values.size();
  return names;
}

Requirement Canonical(const RequirementSpec& spec, NameLookup name) {
  Requirement canonical;
  canonical.skills.reserve(spec.skills.size());
  canonical.languages.reserve(spec.languages.size());
  for (const SkillLevel& s : spec.skills) canonical.skills.push_back(LevelOfSpec(s, name));
  Narrow(canonical.skills);
  for (const SkillLevel& l : spec.languages) {
    const Level language = LevelOfSpec(l, name);
    const auto same = [&](const Level& known) { return known.name == language.name; };
    if (std::any_of(canonical.languages.begin(), canonical.languages.end(), same)) continue;
    canonical.languages.push_back(language);
  }
  for (const std::string& label : spec.labels) canonical.labels.push_back(name(label));
  SortUnique(canonical.labels);
  if (spec.any_skills.empty() && spec.excluded_skills.empty() && spec.label_conditions.empty()) {
    return canonical;
  }
  MoreAsked& more = canonical.more.Set();
  for (const auto& group : spec.any_skills) {
    std::vector<Level>& levels = more.any_skills.emplace_back();
    for (const SkillLevel& s : group) levels.push_back(LevelOfSpec(s, name));
    SortUnique(levels);
  }
  for (const std::string& skill : spec.excluded_skills) {
    more.excluded_skills.push_back(name(skill));
  }
  for (const Condition& condition : spec.label_conditions) {
    more.label_terms.push_back(TermOf(condition, name));
  }
  SortUnique(more);
  return canonical;
}

RequirementSpec SpecOf(const Requirement& requirement, NameText text) {
  const auto level = [text](const Level& l) { return SkillLevel{text(l.name), l.level, l.max}; };
  RequirementSpec spec;
  for (const Level& l : requirement.skills) spec.skills.push_back(level(l));
  for (const Level& l : requirement.languages) spec.languages.push_back(level(l));
  for (NameIx label : requirement.labels) spec.labels.push_back(text(label));
  const MoreAsked* more = requirement.more.get();
  if (more == nullptr) return spec;
  for (const auto& group : more->any_skills) {
    std::vector<SkillLevel>& to = spec.any_skills.emplace_back();
    for (const Level& l : group) to.push_back(level(l));
  }
  for (NameIx skill : more->excluded_skills) spec.excluded_skills.push_back(text(skill));
  for (const LabelTerm& term : more->label_terms) {
    Condition& to = spec.label_conditions.emplace_back();
    to.key = text(term.key);
    to.comparison = term.comparison;
    for (NameIx label : term.labels) to.values.push_back(text(label).substr(to.key.size() + 1));
    if (term.comparison > Comparison::kIn) to.values.push_back(absl::StrCat(term.bound));
  }
  return spec;
}

Profile ProfileFrom(const AgentConfig& config, NameLookup name,
                    absl::FunctionRef<QueueIx(std::string_view)> queue) {
  Profile profile;
  for (const SkillLevel& s : config.skills) {
    profile.skills.push_back({name(s.name), static_cast<uint8_t>(s.level)});
  }
  for (const SkillLevel& l : config.languages) {
    profile.languages.push_back({name(l.name), static_cast<uint8_t>(l.level)});
  }
  for (const std::string& label : config.labels) {
    profile.labels.push_back(name(label));
    const size_t equals = label.find('=');
    if (equals == std::string::npos || equals == 0) continue;
    const auto number = ParseNumber(std::string_view(label).substr(equals + 1));
    if (!number) continue;
    profile.numbers.push_back({name(std::string_view(label).substr(0, equals)), *number});
  }
  for (const MembershipConfig& m : config.memberships) {
    profile.memberships.push_back({queue(m.queue), static_cast<uint8_t>(m.tier), m.paused,
                                   static_cast<uint16_t>(m.position),
                                   m.wrap_up ? m.wrap_up->us : -1,
                                   static_cast<uint16_t>(m.weight)});
  }
  std::sort(profile.skills.begin(), profile.skills.end());
  std::sort(profile.languages.begin(), profile.languages.end());
  std::sort(profile.labels.begin(), profile.labels.end());
  std::sort(profile.numbers.begin(), profile.numbers.end());
  std::sort(profile.memberships.begin(), profile.memberships.end());
  return profile;
}

void MergeInto(Requirement& own, const Requirement& queue) {
  const auto add = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  add(own.skills, queue.skills);
  Narrow(own.skills);
  if (own.languages.empty()) own.languages = queue.languages;
  add(own.labels, queue.labels);
  SortUnique(own.labels);
  const MoreAsked* from = queue.more.get();
  if (from == nullptr) return;
  MoreAsked& more = own.more.Set();
  add(more.any_skills, from->any_skills);
  add(more.excluded_skills, from->excluded_skills);
  add(more.label_terms, from->label_terms);
  SortUnique(more);
}

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
  Mismatch first = Mismatch::kNone;
  VisitMisfits(audience, requirement, profile, [&first](const Misfit& misfit) {
    first = misfit.kind;
    return true;
  });
  return first;
}

std::vector<Misfit> MisfitsOf(const Audience& audience, const Requirement& requirement,
                              const Profile& profile) {
  std::vector<Misfit> all;
  VisitMisfits(audience, requirement, profile, [&all](const Misfit& misfit) {
    all.push_back(misfit);
    return false;
  });
  return all;
}

}  // namespace firstline::engine
