// firstline queue: figures of queues.
#include <google/protobuf/util/time_util.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"

namespace firstline::cli {
namespace {

using google::protobuf::util::TimeUtil;

// Seconds; "-" without any.
std::string Mean(const google::protobuf::Duration& sum, std::uint64_t count) {
  if (count == 0) return "-";
  const double us = static_cast<double>(TimeUtil::DurationToMicroseconds(sum));
  return Fixed(us / 1e6 / static_cast<double>(count), 1);
}

std::string Percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  return Fixed(100 * static_cast<double>(part) / static_cast<double>(whole), 1);
}

void Stats(Context& context, const std::string& queue) {
  v1::GetQueueStatsRequest request;
  request.set_workspace(context.Workspace());
  request.set_queue(queue);
  const v1::GetQueueStatsResponse response = Unwrap(context.client().GetQueueStats(request));
  if (context.format == Format::kJson) {
    context.out << ToJson(response, true) << "\n";
    return;
  }
  Table table({"queue", "waiting", "oldest", "offered", "assigned", "parked", "available",
               "submitted", "answered", "abandoned", "in target %", "ASA s", "FRT s", "in FRT %",
               "AHT s"});
  for (const v1::QueueStats& q : response.queues()) {
    const v1::ResponseClock& frt = q.frt_from_create();
    table.Add({q.queue(), absl::StrCat(q.waiting()), Text(q.oldest_waiting()),
               absl::StrCat(q.offered()), absl::StrCat(q.assigned()), absl::StrCat(q.parked()),
               absl::StrCat(q.agents_available()), absl::StrCat(q.submitted()),
               absl::StrCat(q.answered()), absl::StrCat(q.abandoned()),
               Percent(q.answered_within_target(), q.answered() + q.abandoned()),
               Mean(q.answered_wait().sum(), q.answered_wait().count()),
               Mean(frt.sum(), frt.count()), Percent(frt.within_target(), frt.count()),
               Mean(q.handle().sum(), q.handle().count())});
  }
  table.Print(context.out);
}

}  // namespace

void AddQueueCommands(CLI::App& app, Context& context) {
  CLI::App& noun = AddNoun(app, "queue", "where inquiries wait");
  const auto queue = std::make_shared<std::string>();
  CLI::App& stats = AddVerb(
      noun, "stats", "figures of one queue or of all", "firstline queue stats billing",
      "Waiting to available are of now, the rest counts since the present owner took the workspace.\n"
      "  in target %  answered within the queue's answer target, of answered and abandoned\n"
      "  ASA s        mean wait of answered inquiries\n"
      "  FRT s        mean first response time since creation; in FRT %: within its target\n"
      "  AHT s        mean handle time");
  stats.add_option("queue", *queue, "name of the queue; left out: all");
  stats.callback([&context, queue] { Stats(context, *queue); });
}

}  // namespace firstline::cli
