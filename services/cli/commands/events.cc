// firstline events: the history of a workspace, and what happens from now on.
#include <chrono>
#include <memory>

#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"
#include "services/cli/follow.h"

namespace firstline::cli {
namespace {

struct EventsOptions {
  std::string from = "0-0", inquiry, queue;
  std::vector<std::string> kinds;
  bool follow = false;
  double quiet_s = 1;
};

void Events(Context& context, const EventsOptions& options) {
  FollowOptions how;
  how.wanted.cursor = options.from == "now" ? "" : options.from;
  how.wanted.inquiry_id = options.inquiry;
  how.wanted.queue = options.queue;
  for (const std::string& kind : options.kinds) {
    how.wanted.kinds.push_back(
        static_cast<v1::EventKind>(ParseEnum(*v1::EventKind_descriptor(), "kind of event", kind)));
  }
  if (!options.follow) {
    how.quiet = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(options.quiet_s));
  }
  const std::string cursor = Follow(context, how, [&context](const v1::Event& event) {
    ShowEvent(context, event);
    return true;
  });
  if (!cursor.empty()) context.err << "to go on: --from " << cursor << "\n";
}

}  // namespace

void AddEventsCommand(CLI::App& app, Context& context) {
  CLI::App& command = AddVerb(
      app, "events", "the history of a workspace, and what happens from now on",
      "firstline events --from 0-0 --kind inquiry-assigned --follow",
      "An event a line: id, time, inquiry, queue, agent, what happened. With -o json or jsonl a "
      "line\n"
      "is one object: firstline.v1.Event. At its end, Ctrl-C included, the cursor to go on from "
      "is\n"
      "written to standard error. CURSOR_EXPIRED there: events before were not kept. "
      "CURSOR_REWOUND:\n"
      "the store lost the events after a cursor together with the owner; they never happened.");
  const auto options = std::make_shared<EventsOptions>();
  command
      .add_option("--from", options->from,
                  "id of the last event seen; 0-0: the oldest that is kept; now: none of the past")
      ->type_name("CURSOR")
      ->capture_default_str();
  command.add_flag("--follow", options->follow, "go on with what happens, until Ctrl-C");
  command
      .add_option("--quiet", options->quiet_s,
                  "without --follow: stop when nothing came for this many seconds")
      ->capture_default_str()
      ->type_name("SECONDS")
      ->check(Number(0.001, 86400));
  Repeatable(OneOf(context,
                   *command.add_option("--kind", options->kinds,
                                       "only this kind, such as inquiry-assigned; may be repeated"),
                   "kind of event", *v1::EventKind_descriptor()));
  command.add_option("--inquiry", options->inquiry, "only events of this inquiry");
  IsQueue(context, *command.add_option("--queue", options->queue, "only events of this queue"));
  command.callback([&context, options] { Events(context, *options); });
}

}  // namespace firstline::cli
