// What StatsService shows: sums of the very figures that Prometheus is shown.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "services/router/telemetry/figures.h"
#include "services/router/telemetry/snapshot.h"

namespace firstline::telemetry {

// One queue over its channels and teams. Counters run from `since`.
struct QueueFigures {
  engine::Time since;
  QueueNow now;
  uint64_t submitted = 0;
  uint64_t answered = 0;  // assigned for the first time since it entered the queue
  uint64_t answered_within_target = 0;
  uint64_t abandoned = 0;        // before an answer, short abandonments included
  uint64_t short_abandoned = 0;  // of these
  uint64_t cancelled = 0;        // ended neither by closing nor by abandonment
  uint64_t transferred_out = 0, overflowed_out = 0;
  uint64_t closed = 0;
  uint64_t closed_without_reply = 0;  // of these
  uint64_t unanswered = 0;            // ended without a person's reply, other than by closing
  uint64_t first_reply_warnings = 0, first_reply_timeouts = 0;
  std::array<ResponseClock, kClocks> first_response;  // by Clock
  SpanSum bot_response;
  SpanSum reply;
  uint64_t wait_predictions = 0, wait_within_p50 = 0, wait_within_p90 = 0;
  SpanSum answered_wait, abandoned_wait;
  SpanSum handle;  // count: ended assignments; sum: with wrap-up, so that sum/count is AHT
  uint64_t offers = 0;
  std::array<uint64_t, kOfferEnds> offer_ends{};  // by OfferEnd
};

// Adds what belongs to `figures.now.queue`'s queue.
void AddTo(QueueFigures& figures, const Flow& flow);
void AddTo(QueueFigures& figures, const Work& work);

}  // namespace firstline::telemetry
