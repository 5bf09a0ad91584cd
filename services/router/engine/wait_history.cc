#include "services/router/engine/wait_history.h"

namespace firstline::engine {
namespace {

constexpr int64_t kScale = 1 << 12;  // of shares and rates below
constexpr int64_t kUnit = 1 << 20;   // of what quantiles are made of
// Departures over which giving up is averaged: it is rarer than being served.
constexpr int64_t kLeavers = 128;
// More than the intervals in the window can be; what a line that empties by itself adds stops here.
constexpr int64_t kBusyMax = 40 * kDayUs;

int64_t Decayed(int64_t value, int64_t window) { return value - value / window; }

int64_t Root(int64_t value) {
  int64_t root = 0;
  for (int64_t bit = int64_t{1} << 30; bit > 0; bit >>= 1) {
    if ((root + bit) * (root + bit) <= value) root += bit;
  }
  return root;
}

// Sums over i = 0..place-1 of s = 1 / (1 + i * ratio) and of s^2, in parts of kScale.
struct Sums {
  int64_t first = 0, second = 0;
};
Sums SumUp(uint32_t place, int64_t ratio) {
  if (ratio == 0) return {place * kScale, place * kScale};
  Sums sums;
  const auto add = [&](int64_t i, int64_t count) {
    const int64_t s = kScale * kScale / (kScale + i * ratio);
    sums.first += count * s;
    sums.second += count * (s * s / kScale);
  };
  // The first one by one, then in blocks that double, each by its middle.
  constexpr int64_t kSingly = 64;
  int64_t i = 0;
  for (; i < std::min<int64_t>(place, kSingly); ++i) add(i, 1);
  while (i < place) {
    const int64_t block = std::min<int64_t>(place - i, i);
    add(i + block / 2, block);
    i += block;
  }
  return sums;
}

// The quantile of a gamma law of that mean and shape (parts of kUnit); z: that of the normal law.
Span GammaQuantile(int64_t mean_us, int64_t shape, int64_t z) {
  const int64_t ninth = kUnit * kUnit / std::max<int64_t>(9 * shape, 1);  // 1 / (9 shape)
  const int64_t x = kUnit - ninth + z * Root(ninth * kUnit) / kUnit;
  if (x <= 0) return {};
  const int64_t cube = x * x / kUnit * x / kUnit;
  const int64_t whole = mean_us / kUnit, rest = mean_us % kUnit;
  return {whole * cube + rest * cube / kUnit};
}

// (mean of squares) / mean^2 - 1, in parts of kScale; `starts` too.
int64_t SquaredVariation(int64_t mean_ms, int64_t squares, int64_t starts) {
  const bool small = squares < int64_t{1} << 50;
  const int64_t square = small ? squares * kScale / starts : squares / starts * kScale;
  const int64_t mean_square = std::max<int64_t>(mean_ms * mean_ms, 1);
  const bool fits = square < int64_t{1} << 50;
  return (fits ? square * kScale / mean_square : square / (mean_square / kScale + 1)) - kScale;
}

}  // namespace

WaitHistory WaitHistory::Of(const State& state) {
  const auto is_within = [](int64_t value, int64_t max) { return value >= 0 && value <= max; };
  constexpr int64_t kDayMs = kDayUs / 1000;
  const bool fits = is_within(state.mark.us, kNever.us - 1) &&
                    is_within(state.starts, kWindow * kOne) &&
                    is_within(state.busy_us, kBusyMax) &&
                    is_within(state.squares, kWindow * kDayMs * kDayMs) &&
                    is_within(state.given_up, kLeavers * kOne) &&
                    is_within(state.waited_us, kLeavers * kDayUs);
  WaitHistory history;
  if (fits) history.s_ = state;
  return history;
}

void WaitHistory::Started(Time now, Span waited) {
  if (waited.us <= 0) return;
  if (!s_.mark.IsSet()) return Began(now);
  const int64_t interval = std::clamp<int64_t>((now - s_.mark).us, 0, kDayUs);
  const int64_t ms = interval / 1000;
  s_.starts = Decayed(s_.starts, kWindow) + kOne;
  s_.busy_us = Decayed(s_.busy_us, kWindow) + interval;
  s_.squares = Decayed(s_.squares, kWindow) + ms * ms;
  s_.mark = now;
  s_.given_up = Decayed(s_.given_up, kLeavers);
  s_.waited_us = Decayed(s_.waited_us, kLeavers) + std::min(waited.us, kDayUs);
}

void WaitHistory::Left(Time now, Span waited, bool gave_up, bool last) {
  s_.given_up = Decayed(s_.given_up, kLeavers) + (gave_up ? kOne : 0);
  s_.waited_us = Decayed(s_.waited_us, kLeavers) + std::min(waited.us, kDayUs);
  // What has passed without a start counts, or a line that empties by itself would look fast.
  if (!last || !s_.mark.IsSet()) return;
  const int64_t open = std::clamp<int64_t>((now - s_.mark).us, 0, kDayUs);
  s_.busy_us = std::min(s_.busy_us + open, kBusyMax);
}

std::optional<WaitQuantiles> WaitHistory::Expect(uint32_t place, bool waits, Time now) const {
  if (s_.starts < kStartsMin * kOne * 3 / 4) return std::nullopt;
  const bool is_open = waits && s_.mark.IsSet();
  const int64_t open = is_open ? std::clamp<int64_t>((now - s_.mark).us, 0, kDayUs) : 0;
  const int64_t starts = s_.starts / (kOne / kScale);
  // The open interval is as long as one that is over, on average: it counts as one.
  const int64_t intervals = starts + (open > 0 ? kScale : 0);
  const int64_t interval = std::max<int64_t>((s_.busy_us + open) * kScale / intervals, 1);
  // Rate of giving up over rate of starts.
  int64_t ratio = 0;
  if (s_.given_up > 0) {
    const int64_t patience = std::max<int64_t>(s_.waited_us * kOne / s_.given_up, 1);
    ratio = std::clamp<int64_t>(interval * kScale / patience, 0, kUnit);
  }
  const Sums sums = SumUp(std::max<uint32_t>(place, 1), ratio);
  // Squared coefficient of variation of an interval, kept within what a queue can have.
  const int64_t variation =
      std::clamp<int64_t>(SquaredVariation(s_.busy_us * kScale / starts / 1000, s_.squares, starts),
                          kScale / 8, 4 * kScale);
  // 1 / shape: of the sum itself, and of the intervals that r was measured by.
  const int64_t root = std::max<int64_t>(sums.first / 64, 1);  // 64 * 64 is kScale
  const int64_t share = sums.second * kUnit / (root * root);
  const int64_t weight = starts + starts * starts / (kWindow * kScale);
  const int64_t inverse = (share + kUnit * kScale / weight) * variation / kScale;
  const int64_t shape = kUnit * kUnit / std::max<int64_t>(inverse, 1);
  const int64_t mean = interval / kScale * sums.first + interval % kScale * sums.first / kScale;
  constexpr int64_t kNormal90 = 1'343'802;  // 1.28155 kUnit
  return WaitQuantiles{GammaQuantile(mean, shape, 0), GammaQuantile(mean, shape, kNormal90)};
}

}  // namespace firstline::engine
