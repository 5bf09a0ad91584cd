// Leaves a classifier alone that fails: after a few failures in a row it is not asked for a while, then
// once; that decides.
//
//   if (const auto turn = breaker.MayAsk(now)) ...ask, then one of...
//     breaker.Succeeded();  breaker.Failed(*turn, now);  breaker.Forget(*turn);
//
// Threads: one. No clock of its own.
#pragma once

#include <optional>

#include "services/router/runtime/boot_time.h"

namespace firstline::api {

class ClassifierBreaker {
 public:
  static constexpr int kFailuresMax = 5;  // in a row
  static constexpr runtime::Span kOpenFor = engine::Seconds(5);
  enum class Turn : uint8_t { kOrdinary, kProbe };

  // Unset: it is not to be asked.
  std::optional<Turn> MayAsk(runtime::BootTime now) {
    if (!open_) return Turn::kOrdinary;
    if (probing_ || now < open_until_) return std::nullopt;
    probing_ = true;
    return Turn::kProbe;
  }
  void Succeeded() {
    failures_ = 0;
    open_ = probing_ = false;
  }
  // What was asked before it opened does not keep it open for longer.
  void Failed(Turn turn, runtime::BootTime now) {
    if (open_ && turn == Turn::kOrdinary) return;
    if (!open_ && ++failures_ < kFailuresMax) return;
    open_ = true;
    probing_ = false;
    open_until_ = now + kOpenFor;
  }
  // Nothing can be concluded from what was asked.
  void Forget(Turn turn) {
    if (turn == Turn::kProbe) probing_ = false;
  }

  bool open() const { return open_; }
  // Nothing is remembered that a new one would not know, or that still matters at `now`.
  bool MayGo(runtime::BootTime now) const {
    return open_ ? !probing_ && now >= open_until_ : failures_ == 0;
  }

 private:
  int failures_ = 0;
  bool open_ = false, probing_ = false;
  runtime::BootTime open_until_{};
};

}  // namespace firstline::api
