#include "services/demo/figures.h"

#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace firstline::demo {
namespace {

double Seconds(const google::protobuf::Duration& span) {
  return static_cast<double>(span.seconds()) + static_cast<double>(span.nanos()) / 1e9;
}

// "12.3" or "-" where nothing was counted.
std::string Mean(double sum, std::uint64_t count) {
  return count == 0 ? "-" : absl::StrFormat("%.1f", sum / static_cast<double>(count));
}

std::string Percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  return absl::StrFormat("%.1f%%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string Clock(const v1::ResponseClock& clock) {
  return absl::StrFormat("%8s %7s", Mean(Seconds(clock.sum()), clock.count()),
                         Percent(clock.within_target(), clock.count()));
}

std::string Line(const v1::QueueStats& queue) {
  const std::uint64_t ended = queue.answered() + queue.abandoned();
  return absl::StrFormat("%-12s %7d | %s | %s | %s | %7s %7s %7s | %6d\n", queue.queue(),
                         queue.submitted(), Clock(queue.frt_from_create()),
                         Clock(queue.frt_from_human_queue()), Clock(queue.frt_from_assign()),
                         Mean(Seconds(queue.answered_wait().sum()), queue.answered_wait().count()),
                         Percent(queue.answered_within_target(), ended),
                         Percent(queue.abandoned(), ended), queue.closed_without_reply());
}

void AddSpan(const google::protobuf::Duration& more, google::protobuf::Duration& sum) {
  const std::int64_t nanos = sum.nanos() + more.nanos();
  sum.set_seconds(sum.seconds() + more.seconds() + nanos / 1'000'000'000);
  sum.set_nanos(static_cast<std::int32_t>(nanos % 1'000'000'000));
}

void AddClock(const v1::ResponseClock& more, v1::ResponseClock& sum) {
  sum.set_count(sum.count() + more.count());
  sum.set_within_target(sum.within_target() + more.within_target());
  AddSpan(more.sum(), *sum.mutable_sum());
}

v1::QueueStats Total(const v1::GetQueueStatsResponse& stats) {
  v1::QueueStats total;
  total.set_queue("all");
  for (const v1::QueueStats& queue : stats.queues()) {
    total.set_submitted(total.submitted() + queue.submitted());
    total.set_answered(total.answered() + queue.answered());
    total.set_answered_within_target(total.answered_within_target() +
                                     queue.answered_within_target());
    total.set_abandoned(total.abandoned() + queue.abandoned());
    total.set_closed_without_reply(total.closed_without_reply() + queue.closed_without_reply());
    AddClock(queue.frt_from_create(), *total.mutable_frt_from_create());
    AddClock(queue.frt_from_human_queue(), *total.mutable_frt_from_human_queue());
    AddClock(queue.frt_from_assign(), *total.mutable_frt_from_assign());
    auto& wait = *total.mutable_answered_wait();
    wait.set_count(wait.count() + queue.answered_wait().count());
    AddSpan(queue.answered_wait().sum(), *wait.mutable_sum());
  }
  return total;
}

// Collects the differences of one queue.
class Comparison {
 public:
  Comparison(const MetricsText& metrics, MetricLabels labels, std::vector<std::string>& differences)
      : metrics_(metrics), labels_(std::move(labels)), differences_(differences) {}

  void Equal(double figure, const std::string& metric, const MetricLabels& more = {}) {
    MetricLabels labels = labels_;
    labels.insert(more.begin(), more.end());
    const double shown = metrics_.Sum(metric, labels);
    // Sums of spans are printed as decimals, one for each channel and team.
    if (std::abs(shown - figure) <= 1e-6 * std::max(1.0, std::abs(figure))) return;
    std::string where;
    for (const auto& [key, value] : labels) absl::StrAppend(&where, " ", key, "=", value);
    differences_.push_back(
        absl::StrFormat("%s%s: GetQueueStats %.6f, /metrics %.6f", metric, where, figure, shown));
  }
  void Count(std::uint64_t figure, const std::string& metric, const MetricLabels& more = {}) {
    Equal(static_cast<double>(figure), metric, more);
  }
  void Clock(const v1::ResponseClock& clock, const std::string& name) {
    Count(clock.count(), "firstline_first_response_seconds_count", {{"clock", name}});
    Equal(Seconds(clock.sum()), "firstline_first_response_seconds_sum", {{"clock", name}});
    Count(clock.within_target(), "firstline_first_response_within_target_total", {{"clock", name}});
  }
  void Sum(const v1::SpanSum& sum, const std::string& metric) {
    Count(sum.count(), metric + "_count");
    Equal(Seconds(sum.sum()), metric + "_sum");
  }

 private:
  const MetricsText& metrics_;
  const MetricLabels labels_;
  std::vector<std::string>& differences_;
};

void Compare(const v1::QueueStats& queue, Comparison comparison) {
  comparison.Clock(queue.frt_from_create(), "create");
  comparison.Clock(queue.frt_from_human_queue(), "human_queue");
  comparison.Clock(queue.frt_from_assign(), "assign");
  comparison.Sum(queue.answered_wait(), "firstline_answered_wait_seconds");
  comparison.Sum(queue.abandoned_wait(), "firstline_abandoned_wait_seconds");
  comparison.Sum(queue.response(), "firstline_reply_seconds");
  comparison.Count(queue.submitted(), "firstline_inquiries_submitted_total");
  comparison.Count(queue.answered(), "firstline_answered_wait_seconds_count");
  comparison.Count(queue.answered_within_target(), "firstline_answered_within_target_total");
  comparison.Count(queue.abandoned(), "firstline_abandoned_wait_seconds_count");
  comparison.Count(queue.short_abandoned(), "firstline_inquiries_ended_total",
                   {{"outcome", "short_abandoned"}});
  comparison.Count(queue.abandoned() - queue.short_abandoned(), "firstline_inquiries_ended_total",
                   {{"outcome", "abandoned"}});
  comparison.Count(queue.closed_without_reply(), "firstline_inquiries_closed_without_reply_total");
  comparison.Count(queue.transferred_out(), "firstline_inquiries_transferred_out_total");
  comparison.Count(queue.first_reply_timeouts(), "firstline_first_reply_timeouts_total");
  comparison.Count(queue.offers().expired(), "firstline_offers_ended_total",
                   {{"outcome", "expired"}});
  comparison.Count(queue.offers().accepted(), "firstline_offers_ended_total",
                   {{"outcome", "accepted"}});
  comparison.Equal(static_cast<double>(queue.waiting()), "firstline_inquiries_waiting");
}

}  // namespace

std::string Table(const v1::GetQueueStatsResponse& stats) {
  std::string text =
      "                     |  FRT from create |  from human queue|   from assignment |"
      "   ASA s service abandon | closed\n"
      "queue        inquiries | mean s  in target | mean s  in target | mean s  in target |"
      "         level   rate    | unread\n";
  for (const v1::QueueStats& queue : stats.queues()) absl::StrAppend(&text, Line(queue));
  absl::StrAppend(&text, Line(Total(stats)));
  return text;
}

std::vector<std::string> Differences(const std::string& workspace,
                                     const v1::GetQueueStatsResponse& stats,
                                     const MetricsText& metrics) {
  std::vector<std::string> differences;
  if (!metrics.Has("firstline_first_response_seconds_count")) {
    differences.push_back("/metrics has no firstline_first_response_seconds");
  }
  for (const v1::QueueStats& queue : stats.queues()) {
    Compare(queue,
            Comparison(metrics, {{"workspace", workspace}, {"queue", queue.queue()}}, differences));
  }
  return differences;
}

}  // namespace firstline::demo
