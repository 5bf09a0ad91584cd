// A table of equal-by-value things under dense handles, counted by use.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "services/router/engine/slab.h"
#include "services/router/engine/types.h"

namespace firstline::engine {

// Every handle from Acquire must be given back by Release; the value lives as long as it is held.
template <class T, class Ix>
class Interned {
 public:
  Ix Acquire(T value) {
    auto [it, fresh] = by_value_.try_emplace(std::move(value), 0);
    if (fresh) {
      it->second = slots_.Allocate();
      slots_[it->second].value = &it->first;
    }
    ++slots_[it->second].uses;
    return {it->second};
  }
  // Unset when nobody holds an equal value.
  Ix Find(const T& value) const {
    const auto it = by_value_.find(value);
    return it == by_value_.end() ? Ix{} : Ix{it->second};
  }
  void Share(Ix ix) { ++slots_[ix.value].uses; }
  // True when this was the last use: the value is gone and the handle may be reused.
  bool Release(Ix ix) {
    Slot& slot = slots_[ix.value];
    if (--slot.uses > 0) return false;
    by_value_.erase(by_value_.find(*slot.value));
    slots_.Free(ix.value);
    return true;
  }
  const T& operator[](Ix ix) const { return *slots_[ix.value].value; }
  bool IsLive(Ix ix) const { return slots_[ix.value].uses > 0; }
  uint32_t uses(Ix ix) const { return slots_[ix.value].uses; }
  size_t size() const { return by_value_.size(); }
  uint32_t slots() const { return slots_.size(); }

 private:
  struct Slot {
    const T* value = nullptr;
    uint32_t uses = 0;
  };
  std::map<T, uint32_t> by_value_;
  Slab<Slot> slots_;
};

}  // namespace firstline::engine
