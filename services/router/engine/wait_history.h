// Expected waits from what happened lately: how fast those who wait are served, and how fast they give
// up. One history for each line (queue and requirement, over all steps) and one for each queue.
//
// The estimator combines two families that Whitt (1999, Predicting queueing delays, Management Science
// 45:870) and Ibrahim and Whitt (2009, Real-time delay estimation based on delay history, M&SOM
// 11:397; in overloaded multiserver queues with abandonments, Management Science 55:1729) compare:
//  - by place (QL, QLm): whoever stands at place k waits for k service starts; while i stand before,
//    the time to the next departure among them has the mean 1 / (r + i * t), r the rate of service
//    starts and t that of giving up. With t = 0 and exponential intervals that is Erlang(k, r), the
//    law of M/M/c.
//  - by delay history (LES, HOL): r is not told but measured, over the last intervals between service
//    starts while somebody waited. The present interval counts with what has passed of it, so that an
//    estimate grows when nobody is served any more.
// The quantiles are those of a gamma law with the mean and variance of that sum, widened for r being
// an estimate of few intervals; by Wilson and Hilferty (1931, The distribution of chi-square), within
// 2 % for shapes from 0.7 on. All in integers: the same on every machine.
//
// Departs from the sources: intervals need not be exponential, their variance is measured, too; the
// last 32 or so count, each a thirty-second less than the one after it.
//
// Threads: the engine's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "services/router/engine/types.h"

namespace firstline::engine {

// Half of those in the same place wait at most p50 from now on, nine of ten at most p90.
struct WaitQuantiles {
  Span p50, p90;
  Span Of(WaitQuantile quantile) const { return quantile == WaitQuantile::kP90 ? p90 : p50; }
  friend bool operator==(const WaitQuantiles&, const WaitQuantiles&) = default;
};

class WaitHistory {
 public:
  static constexpr int64_t kWindow = 32;    // service starts
  static constexpr int64_t kStartsMin = 8;  // fewer tell nothing

  // The first begins to wait.
  void Began(Time now) { s_.mark = now; }
  // One of those who wait is offered to an agent. Who did not have to wait is not one of them.
  void Started(Time now, Span waited);
  // One that was offered waits again: it did not start.
  void Returned() { s_.starts = std::max<int64_t>(0, s_.starts - kOne); }
  // One gave up, or is gone for another reason; `last`: nobody waits any more.
  void Left(Time now, Span waited, bool gave_up, bool last);

  // Of one at `place`, from 1, where somebody waits (`waits`) or nobody does. Unset: too little has
  // happened to tell.
  std::optional<WaitQuantiles> Expect(uint32_t place, bool waits, Time now) const;

  // All it knows, to be stored.
  struct State {
    Time mark;              // the last service start, or since when somebody has waited
    int64_t starts = 0;     // how many, in parts of kOne
    int64_t busy_us = 0;    // the intervals that led to them, up to `mark`
    int64_t squares = 0;    // sum of (interval in ms)^2
    int64_t given_up = 0;   // how many gave up, in parts of kOne
    int64_t waited_us = 0;  // the waits of all who are gone, served or not
    friend bool operator==(const State&, const State&) = default;
  };
  const State& state() const { return s_; }
  // What no history can be, as a damaged record may say, is taken to be empty.
  static WaitHistory Of(const State& state);

 private:
  static constexpr int64_t kOne = 1 << 16;  // counts are sums of 1, 31/32, (31/32)^2 ...

  State s_;
};

}  // namespace firstline::engine
