#include "services/router/telemetry/stats.h"

namespace firstline::telemetry {

void AddTo(QueueFigures& figures, const Flow& flow) {
  figures.submitted += flow.submitted;
  figures.transferred_out += flow.transferred_out;
  figures.overflowed_out += flow.overflowed_out;
  figures.wait_predictions += flow.wait_predictions;
  figures.wait_within_p50 += flow.wait_within_p50;
  figures.wait_within_p90 += flow.wait_within_p90;
  figures.abandoned_wait.Add(flow.abandoned_wait.total);
}

void AddTo(QueueFigures& figures, const Work& work) {
  const auto ended = [&](Outcome outcome) { return work.outcomes[static_cast<size_t>(outcome)]; };
  figures.answered += work.answered_wait.total.count;
  figures.answered_within_target += work.answered_within_target;
  figures.abandoned += ended(Outcome::kAbandoned) + ended(Outcome::kShortAbandoned);
  figures.short_abandoned += ended(Outcome::kShortAbandoned);
  figures.cancelled += ended(Outcome::kCancelled) + ended(Outcome::kLeft);
  figures.closed += ended(Outcome::kClosed) + ended(Outcome::kClosedWithoutReply);
  figures.closed_without_reply += ended(Outcome::kClosedWithoutReply);
  figures.unanswered += work.unanswered;
  figures.first_reply_warnings += work.first_reply_warnings;
  figures.first_reply_timeouts += work.first_reply_timeouts;
  for (size_t i = 0; i < kClocks; ++i) figures.first_response[i].Add(work.first_response[i]);
  figures.bot_response.Add(work.bot_response.total);
  figures.reply.Add(work.reply);
  figures.answered_wait.Add(work.answered_wait.total);
  figures.handle.Add(work.handle);
  figures.handle.sum += work.wrap_up.sum;
  figures.offers += work.offers;
  for (size_t i = 0; i < kOfferEnds; ++i) figures.offer_ends[i] += work.offer_ends[i];
}

}  // namespace firstline::telemetry
