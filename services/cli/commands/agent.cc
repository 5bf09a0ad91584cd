// firstline agent: who is there, and what they are ready for.
#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"

namespace firstline::cli {
namespace {

constexpr int kPageMax = 1000;

struct ListOptions {
  std::vector<std::string> presences;
  std::string team;
  int limit = 100;
};

struct SetOptions {
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

void Show(Context& context, const v1::ListAgentsResponse& list) {
  if (context.format == Format::kJson) {
    context.out << ToJson(list, true) << "\n";
    return;
  }
  Table table({"id", "presence", "reason", "units", "team", "work", "closed gates"});
  for (const v1::AgentStatus& status : list.agents()) {
    const int units = std::max(status.agent().capacity().units(), 1);
    table.Add({status.agent().id(), ShortName(*v1::Presence_descriptor(), status.presence()),
               status.reason(), absl::StrCat(status.used_units(), "/", units),
               status.agent().team(), absl::StrCat(status.work_size()), GatesOf(status)});
  }
  table.Print(context.out);
}

void List(Context& context, const ListOptions& options) {
  v1::ListAgentsRequest request;
  request.set_team(options.team);
  for (const std::string& presence : options.presences) {
    request.add_presences(static_cast<v1::Presence>(
        ParseEnum(*v1::Presence_descriptor(), "presence", presence)));
  }
  request.set_workspace(context.Workspace());
  v1::ListAgentsResponse all;
  do {
    request.set_page_size(std::min(options.limit - all.agents_size(), kPageMax));
    const v1::ListAgentsResponse page = Unwrap(context.client().ListAgents(request));
    all.mutable_agents()->MergeFrom(page.agents());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && all.agents_size() < options.limit);
  if (!request.page_token().empty()) {
    context.err << "there are more than these " << all.agents_size() << "; --limit shows more\n";
  }
  Show(context, all);
}

void Set(Context& context, const SetOptions& options) {
  v1::SetPresenceRequest request;
  request.set_agent_id(options.id);
  request.set_presence(static_cast<v1::Presence>(
      ParseEnum(*v1::Presence_descriptor(), "presence", options.presence)));
  request.set_reason(options.reason);
  request.set_workspace(context.Workspace());
  const v1::SetPresenceResponse response = Unwrap(context.client().SetPresence(request));
  if (context.format == Format::kJson) {
    context.out << ToJson(response.receipt(), true) << "\n";
    return;
  }
  Table table({"id", "presence", "cursor"});
  table.Add({options.id, ShortName(*v1::Presence_descriptor(), request.presence()),
             response.receipt().event_cursor()});
  table.Print(context.out);
}

}  // namespace

void AddAgentCommands(CLI::App& app, Context& context) {
  CLI::App& noun = AddNoun(app, "agent", "persons and bots that serve inquiries");

  const auto list_options = std::make_shared<ListOptions>();
  CLI::App& list = AddVerb(noun, "list", "list agents, what they hold and what keeps them from more",
                           "firstline agent list --presence available --team evening");
  list.add_option("--presence", list_options->presences,
                  "offline, available, away, draining; may be repeated");
  list.add_option("--team", list_options->team, "only this team");
  list.add_option("--limit", list_options->limit, "at most this many")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  list.callback([&context, list_options] { List(context, *list_options); });

  const auto set_options = std::make_shared<SetOptions>();
  CLI::App& set = AddVerb(noun, "set", "say what an agent is ready for, until it is said again",
                          "firstline agent set ann --presence away --reason lunch");
  set.add_option("id", set_options->id, "id of the agent")->required();
  set.add_option("--presence", set_options->presence, "offline, available, away, draining")
      ->required();
  set.add_option("--reason", set_options->reason, "why it is away");
  set.callback([&context, set_options] { Set(context, *set_options); });
}

}  // namespace firstline::cli
