// A value that is nearly always the default: it takes the room of a pointer then.
#pragma once

#include <compare>
#include <memory>
#include <utility>

namespace firstline::engine {

// Copies and compares by value; unset comes before set. Whether it is set counts, so that a default
// value should be left unset.
template <class T>
class Rare {
 public:
  Rare() = default;
  Rare(T value) : value_(std::make_unique<T>(std::move(value))) {}  // NOLINT: reads like the value
  Rare(const Rare& other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
  Rare(Rare&&) noexcept = default;
  Rare& operator=(Rare other) noexcept {
    value_.swap(other.value_);
    return *this;
  }

  const T* get() const { return value_.get(); }  // null: the default
  T& Set() {
    if (!value_) value_ = std::make_unique<T>();
    return *value_;
  }
  friend auto operator<=>(const Rare& a, const Rare& b) {
    if (a.value_ && b.value_) return *a.value_ <=> *b.value_;
    return (a.value_ != nullptr) <=> (b.value_ != nullptr);
  }
  friend bool operator==(const Rare& a, const Rare& b) {
    if (a.value_ && b.value_) return *a.value_ == *b.value_;
    return !a.value_ && !b.value_;
  }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace firstline::engine
