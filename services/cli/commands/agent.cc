// firstline agent: who is there, and what they are ready for.
#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"
#include "services/cli/figures.h"
#include "services/cli/snapshot.h"

namespace firstline::cli {
namespace {

struct AgentListOptions {
  std::vector<std::string> presences;
  std::string team;
  std::size_t limit = 100;
};

struct AgentSetOptions {
  std::string id, presence, reason;
};

std::string GatesOf(const v1::AgentStatus& status) {
  std::vector<std::string> gates;
  for (const v1::ClosedGate& gate : status.gates()) {
    std::string text = absl::AsciiStrToLower(ShortName(*v1::Gate_descriptor(), gate.gate()));
    const std::string& where = gate.queue().empty() ? gate.channel() : gate.queue();
    if (!where.empty()) absl::StrAppend(&text, "(", where, ")");
    gates.push_back(std::move(text));
  }
  return absl::StrJoin(gates, " ");
}

void ListAgents(Context& context, const AgentListOptions& options) {
  v1::ListAgentsRequest filter;
  filter.set_team(options.team);
  ParseEnums<v1::Presence>("presence", options.presences, filter.mutable_presences());
  const std::vector<v1::AgentStatus> agents = ReadAgents(context, filter, options.limit);
  if (context.format != Format::kTable) {
    v1::ListAgentsResponse list;
    list.mutable_agents()->Assign(agents.begin(), agents.end());
    return PrintJsonList(context.out, context.format, list, list.agents());
  }
  Table table({"id", "presence", "reason", "units", "team", "work", "closed gates"});
  for (const v1::AgentStatus& status : agents) {
    const int units = std::max(status.agent().capacity().units(), 1);
    table.Add({status.agent().id(), PresenceCell(status.presence()), status.reason(),
               absl::StrCat(status.used_units(), "/", units), status.agent().team(),
               absl::StrCat(status.work_size()), GatesOf(status)});
  }
  table.Print(context.out, context.coloured);
}

void SetAgent(Context& context, const AgentSetOptions& options) {
  v1::SetPresenceRequest request;
  request.set_agent_id(options.id);
  request.set_presence(static_cast<v1::Presence>(
      ParseEnum(*v1::Presence_descriptor(), "presence", options.presence)));
  request.set_reason(options.reason);
  request.set_workspace(context.Workspace());
  const v1::SetPresenceResponse response = Unwrap(context.client().SetPresence(request));
  if (context.format != Format::kTable) {
    return PrintJson(context.out, context.format, response.receipt());
  }
  Table table({"id", "presence", "cursor"});
  table.Add({options.id, ShortName(*v1::Presence_descriptor(), request.presence()),
             response.receipt().event_cursor()});
  table.Print(context.out, context.coloured);
}

}  // namespace

void AddAgentCommands(CLI::App& app, Context& context) {
  CLI::App& noun = AddNoun(app, "agent", "persons and bots that serve inquiries",
                           "firstline agent list --presence available");

  const auto list_options = std::make_shared<AgentListOptions>();
  CLI::App& list =
      AddVerb(noun, "list", "list agents, what they hold and what keeps them from more",
              "firstline agent list --presence available --team evening");
  Repeatable(OneOf(context,
                   *list.add_option("--presence", list_options->presences,
                                    "only this presence; may be repeated"),
                   "presence", *v1::Presence_descriptor()));
  list.add_option("--team", list_options->team, "only this team");
  list.add_option("--limit", list_options->limit, "at most this many")
      ->capture_default_str()
      ->type_name("N")
      ->check(WholeNumber(1, 1'000'000'000));
  list.callback([&context, list_options] { ListAgents(context, *list_options); });

  const auto set_options = std::make_shared<AgentSetOptions>();
  CLI::App& set = AddVerb(noun, "set", "say what an agent is ready for, until it is said again",
                          "firstline agent set ann --presence away --reason lunch");
  IsAgent(context, *set.add_option("id", set_options->id, "id of the agent")->required());
  OneOf(context,
        *set.add_option("--presence", set_options->presence, "what it is ready for")->required(),
        "presence", *v1::Presence_descriptor());
  set.add_option("--reason", set_options->reason, "why it is away");
  set.callback([&context, set_options] { SetAgent(context, *set_options); });

  AddAgentOffers(noun, context);
  AddAgentWatch(noun, context);
  AddAgentWork(noun, context);
}

}  // namespace firstline::cli
