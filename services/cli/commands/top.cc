// firstline top, firstline agent watch: what is going on, as it goes on.
#include <algorithm>
#include <memory>

#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"
#include "services/cli/figures.h"
#include "services/cli/snapshot.h"

namespace firstline::cli {
namespace {

struct TopOptions {
  std::string team;
  LiveOptions live;
};

void ShowTop(Context& context, const Figures& figures, std::ostream& out, const LiveSize& size) {
  // Headline, two headings, two blank lines, and one for the screen's last.
  constexpr std::size_t kFrame = 6;
  const std::size_t rows = std::max(size.rows, kFrame + 2) - kFrame;
  const std::size_t queues = static_cast<std::size_t>(figures.queues.queues_size());
  const std::size_t agents = figures.agents.size();
  // Queues get half, and what agents leave.
  const std::size_t left = rows - std::min(rows, agents);
  const std::size_t queue_rows = std::min(queues, std::max(rows / 2, left));
  out << Headline(context.Workspace(), figures) << "\n\n";
  BusyQueues(figures, queue_rows).Print(out, context.coloured);
  out << "\n";
  BusyAgents(figures, rows - std::min(rows, queue_rows)).Print(out, context.coloured);
}

void Top(Context& context, const TopOptions& options) {
  LiveFigures live(
      context, {.queues = true, .agents = true, .agent_stats = true, .team = options.team},
      options.live.Interval());
  ShowLive(context, options.live, [&](std::ostream& out, const LiveSize& size) {
    const Figures figures = live.Read();
    if (context.format == Format::kTable) {
      ShowTop(context, figures, out, size);
    } else {
      out << SnapshotJson(figures) << "\n";
    }
  });
}

void WatchAgents(Context& context, const TopOptions& options, const std::vector<std::string>& ids) {
  LiveFigures live(context, {.agents = true, .team = options.team}, options.live.Interval());
  ShowLive(context, options.live, [&](std::ostream& out, const LiveSize&) {
    Figures figures = live.Read();
    if (!ids.empty()) {
      std::erase_if(figures.agents, [&ids](const v1::AgentStatus& agent) {
        return std::find(ids.begin(), ids.end(), agent.agent().id()) == ids.end();
      });
    }
    if (context.format != Format::kTable) {
      out << SnapshotJson(figures) << "\n";
      return;
    }
    out << Headline(context.Workspace(), figures) << "\n";
    AgentWorkTable(figures).Print(out, context.coloured);
  });
}

}  // namespace

void AddTopCommand(CLI::App& app, Context& context) {
  CLI::App& command = AddVerb(app, "top", "queues and agents as they are now, on one screen",
                              "firstline top\n  firstline top --interval 5 --count 12 > hour.txt",
                              "The queues with most waiting and the busiest agents come first. On "
                              "a terminal the screen is\n"
                              "drawn over; q ends it, any other key draws at once. Elsewhere every "
                              "snapshot is written whole,\n"
                              "and with -o json or jsonl a snapshot is one line. A router that "
                              "does not answer is said, and\n"
                              "waited for.");
  const auto options = std::make_shared<TopOptions>();
  command.add_option("--team", options->team, "only agents of this team")->type_name("TEAM");
  AddLiveOptions(command, options->live);
  command.callback([&context, options] { Top(context, *options); });
}

void AddAgentWatch(CLI::App& noun, Context& context) {
  CLI::App& command =
      AddVerb(noun, "watch", "presence, load and work of agents as they change",
              "firstline agent watch ann ben\n  firstline agent watch --team evening --interval 5",
              "On a terminal one screen that is drawn over (q ends it), elsewhere a table after "
              "the other;\n"
              "with -o json or jsonl a snapshot is one line.");
  const auto options = std::make_shared<TopOptions>();
  const auto ids = std::make_shared<std::vector<std::string>>();
  IsAgent(context, *command.add_option("id", *ids, "which agents; left out: all"));
  command.add_option("--team", options->team, "only this team")->type_name("TEAM");
  AddLiveOptions(command, options->live);
  command.callback([&context, options, ids] {
    // A name that is none is a mistake, not an empty table.
    for (const std::string& id : *ids) {
      v1::GetAgentRequest request;
      request.set_workspace(context.Workspace());
      request.set_agent_id(id);
      Unwrap(context.client().GetAgent(request));
    }
    WatchAgents(context, *options, *ids);
  });
}

}  // namespace firstline::cli
