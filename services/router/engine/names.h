// Interned names (skills, languages, labels, teams): a name's handle never changes and is never
// reused, so profiles and requirements compare handles. Handles follow the order of first use.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "services/router/engine/id_index.h"
#include "services/router/engine/limits.h"
#include "services/router/engine/types.h"

namespace firstline::engine {

class Names {
 public:
  Names() : index_(this) {}

  // Unset when the table is full (kNamesMax).
  NameIx Intern(std::string_view name) {
    if (NameIx known = Find(name); known.IsSet()) return known;
    if (names_.size() >= limits::kNamesMax) return {};
    names_.emplace_back(name);
    index_.Insert(static_cast<uint32_t>(names_.size() - 1));
    return {static_cast<uint32_t>(names_.size() - 1)};
  }
  NameIx Find(std::string_view name) const { return {index_.Find(name)}; }
  const std::string& Text(NameIx name) const { return names_[name.value]; }
  std::string_view IdOf(uint32_t index) const { return names_[index]; }  // for IdIndex
  size_t size() const { return names_.size(); }

 private:
  std::deque<std::string> names_;
  IdIndex<Names> index_;
};

}  // namespace firstline::engine
