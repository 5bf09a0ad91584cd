// firstline queue: where inquiries wait, and their figures.
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/ask_text.h"
#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"
#include "services/cli/figures.h"
#include "services/cli/snapshot.h"

namespace firstline::cli {
namespace {

struct WatchOptions {
  std::string queue;
  LiveOptions live;
};

void ListQueues(Context& context) {
  v1::GetWorkspaceRequest request;
  request.set_workspace(context.Workspace());
  const v1::GetWorkspaceResponse response = Unwrap(context.client().GetWorkspace(request));
  if (context.format != Format::kTable) {
    v1::Workspace whole;
    *whole.mutable_queues() = response.workspace().queues();
    whole.set_id(response.workspace().id());
    return PrintJsonList(context.out, context.format, whole, whole.queues());
  }
  Table table({"queue", "kind", "serving", "asks", "steps", "answer target", "FRT target",
               "offer timeout", "wrap-up", "length max"});
  for (const v1::Queue& queue : response.workspace().queues()) {
    const int length = queue.max_length();
    table.Add({queue.id(), Words(queue.kind()), Words(queue.serving()), AskText(queue.requirement()),
               absl::StrCat(queue.steps_size()), Text(queue.answer_target()),
               Text(queue.first_response_target()),
               queue.auto_accept() ? "none: auto" : Text(queue.offer_timeout()),
               Text(queue.wrap_up()), length == 0 ? "-" : absl::StrCat(length)});
  }
  table.Print(context.out, context.coloured);
}

void Stats(Context& context, const std::string& queue) {
  const v1::GetQueueStatsResponse stats = ReadQueueStats(context, queue);
  if (context.format != Format::kTable) {
    return PrintJsonList(context.out, context.format, stats, stats.queues());
  }
  QueueTable(stats).Print(context.out, context.coloured);
}

void Watch(Context& context, const WatchOptions& options) {
  LiveFigures live(context, {.queues = true, .queue = options.queue}, options.live.Interval());
  ShowLive(context, options.live, [&](std::ostream& out, const LiveSize&) {
    const Figures figures = live.Read();
    if (context.format != Format::kTable) {
      out << SnapshotJson(figures) << "\n";
      return;
    }
    out << Headline(context.Workspace(), figures) << "\n";
    QueueTable(figures.queues).Print(out, context.coloured);
  });
}

constexpr char kColumns[] =
    "Waiting to available are of now, the rest counts since the present owner took the workspace.\n"
    "  expected     what one that comes now and has to wait would wait: half of them, nine of ten\n"
    "  in target %  answered within the queue's answer target, of answered and abandoned\n"
    "  ASA s        mean wait of answered inquiries\n"
    "  FRT s        mean first response time since creation; in FRT %: within its target\n"
    "  AHT s        mean handle time";

}  // namespace

void AddQueueCommands(CLI::App& app, Context& context) {
  CLI::App& noun = AddNoun(app, "queue", "where inquiries wait", "firstline queue stats");
  CLI::App& list =
      AddVerb(noun, "list", "list the queues as they are configured", "firstline queue list");
  list.callback([&context] { ListQueues(context); });

  const auto queue = std::make_shared<std::string>();
  CLI::App& stats = AddVerb(noun, "stats", "figures of one queue or of all",
                            "firstline queue stats billing", kColumns);
  IsQueue(context, *stats.add_option("queue", *queue, "name of the queue; left out: all"));
  stats.callback([&context, queue] { Stats(context, *queue); });

  const auto options = std::make_shared<WatchOptions>();
  options->live.full_screen = false;
  CLI::App& watch =
      AddVerb(noun, "watch", "the figures again and again, one table after the other",
              "firstline queue watch billing --interval 10",
              std::string(kColumns) +
                  "\nWith -o json or jsonl a line is one snapshot. `firstline top` keeps"
                  " to one screen.");
  IsQueue(context, *watch.add_option("queue", options->queue, "name of the queue; left out: all"));
  AddLiveOptions(watch, options->live);
  watch.callback([&context, options] { Watch(context, *options); });
}

}  // namespace firstline::cli
