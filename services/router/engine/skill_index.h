// Who has a skill at some level, as bitsets: a filter that spares most calls of Qualifies when a new
// line meets many profiles, or a new profile many lines.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "services/router/engine/bitset.h"
#include "services/router/engine/limits.h"
#include "services/router/engine/requirement.h"

namespace firstline::engine {

// Members are dense handles: profiles with the levels they have, or lines with those they ask for.
class SkillIndex {
 public:
  // Replaces what the member had.
  void Set(uint32_t member, std::vector<Level> levels) {
    if (held_.size() <= member) held_.resize(member + 1);
    for (const Level& old : held_[member]) Mark(member, old, false);
    for (const Level& level : levels) Mark(member, level, true);
    held_[member] = std::move(levels);
  }
  // Members with `name` at `level` or above.
  const Bitset& AtLeast(NameIx name, int level) const {
    static const Bitset kNobody;
    auto skill = by_skill_.find(name);
    if (skill == by_skill_.end() || level > limits::kLevelMax) return kNobody;
    return skill->second[static_cast<size_t>(level)];
  }
  template <class Visit>
  void ForEachSkill(const Visit& visit) const {
    for (const auto& [name, levels] : by_skill_) visit(name);
  }

 private:
  void Mark(uint32_t member, const Level& level, bool value) {
    auto& levels = by_skill_[level.name];
    for (size_t l = 1; l <= level.level; ++l) levels[l].Assign(member, value);
  }

  absl::btree_map<NameIx, std::array<Bitset, limits::kLevelMax + 1>> by_skill_;
  std::vector<std::vector<Level>> held_;  // by member
};

}  // namespace firstline::engine
