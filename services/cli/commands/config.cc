// firstline config: a workspace's configuration.
#include <algorithm>
#include <fstream>
#include <limits>
#include <memory>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "common/config/yaml.h"
#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"
#include "services/cli/figures.h"
#include "services/cli/progress.h"
#include "services/cli/workspaces.h"
#include "services/cli/yaml_text.h"

namespace firstline::cli {
namespace {

// What one call takes.
constexpr int kAgentsPerCallMax = 10'000;

struct ApplyOptions {
  std::string file;
  std::string etag;
  bool offline = false, patch = false, create = false;
};

struct ExportOptions {
  std::string file = "-";
  bool without_agents = false;
};

v1::Workspace ReadConfig(Context& context, const std::string& file) {
  v1::Workspace workspace;
  const std::string name = file == "-" ? "standard input" : file;
  const std::string text = ReadFile(file);
  Progress progress(context);
  if (text.size() >= 1 << 20) progress.Show(absl::StrCat("reading ", name, " ..."), true);
  const absl::Status read = config::ParseYaml(text, workspace, {.source_name = name});
  if (!read.ok()) throw Failure(read);
  if (!context.workspace.empty()) workspace.set_id(context.workspace);
  if (!workspace.id().empty()) return workspace;
  throw Failure(ExitCode::kInvalid, absl::StrCat(name, ": `id` is missing: the workspace's name"),
                "add `id: NAME` at the top, or say -w NAME");
}

v1::ApplyWorkspaceRequest RequestFor(Context& context, const ApplyOptions& options) {
  v1::ApplyWorkspaceRequest request;
  *request.mutable_workspace() = ReadConfig(context, options.file);
  request.set_mode(options.patch ? v1::APPLY_MODE_PATCH : v1::APPLY_MODE_WHOLE);
  request.set_etag(options.etag);
  request.set_create(options.create);
  return request;
}

// "+ queues[sales]: added"; people see the kind of change before its name.
void ShowChange(Context& context, const v1::ConfigChange& change) {
  const bool added = change.text() == "added", removed = change.text() == "removed";
  const Colour colour = added ? Colour::kGreen : removed ? Colour::kRed : Colour::kYellow;
  const std::string line =
      absl::StrCat(added     ? "+ "
                   : removed ? "- "
                             : "~ ",
                   change.path(), added || removed ? "" : ": " + change.text());
  context.out << (context.coloured ? Painted(line, colour) : line) << "\n";
}

// Differences are the result, warnings a message.
void Show(Context& context, const v1::ApplyWorkspaceResponse& response) {
  constexpr int kChangesMax = 1000;
  if (context.format == Format::kTable) {
    for (const v1::ConfigChange& change : response.changes()) ShowChange(context, change);
  } else {
    PrintJsonList(context.out, context.format, response, response.changes());
  }
  if (response.changes_size() == kChangesMax) {
    context.err << "only the first " << kChangesMax << " differences are shown\n";
  }
  if (context.format == Format::kJson) return;  // They are part of it.
  for (const v1::ConfigWarning& warning : response.warnings()) {
    context.err << "warning: " << warning.path() << ": " << warning.text() << "\n";
  }
}

v1::ApplyWorkspaceResponse Compare(Context& context, const ApplyOptions& options) {
  v1::ApplyWorkspaceRequest request = RequestFor(context, options);
  if (request.workspace().agents_size() > kAgentsPerCallMax) {
    throw Failure(ExitCode::kRefused,
                  absl::StrCat("a router compares at most ", kAgentsPerCallMax,
                               " agents, the file has ", request.workspace().agents_size()),
                  "compare the file with what `firstline config export` writes");
  }
  request.set_validate_only(true);
  return Unwrap(context.client().ApplyWorkspace(request));
}

void Validate(Context& context, const ApplyOptions& options) {
  if (options.offline) {
    RequestFor(context, options);
    context.err << options.file << ": can be read; the router was not asked\n";
    return;
  }
  Show(context, Compare(context, options));
  context.err << "valid; nothing was changed\n";
}

void Diff(Context& context, const ApplyOptions& options) {
  const v1::ApplyWorkspaceResponse response = Compare(context, options);
  Show(context, response);
  if (!response.changes().empty()) throw Failure(ExitCode::kDifferent, "");
  context.err << "no difference\n";
}

std::vector<v1::AgentStatus> AllAgents(Context& context) {
  return ReadAgents(context, {}, std::numeric_limits<std::size_t>::max());
}

// Agents that are not in the file go, as they do when one call has all.
void DeleteOthers(Context& context, const v1::Workspace& workspace) {
  std::set<std::string> kept;
  for (const v1::Agent& agent : workspace.agents()) kept.insert(agent.id());
  v1::DeleteAgentsRequest request;
  request.set_workspace(workspace.id());
  request.set_force(true);
  const auto send = [&] {
    if (!request.agent_ids().empty()) Unwrap(context.client().DeleteAgents(request));
    request.clear_agent_ids();
  };
  for (const v1::AgentStatus& status : AllAgents(context)) {
    if (!kept.contains(status.agent().id())) request.add_agent_ids(status.agent().id());
    if (request.agent_ids_size() == kAgentsPerStep) send();
  }
  send();
}

// More agents than one call takes: everything else first, then the agents in steps.
v1::ApplyWorkspaceResponse ApplyInSteps(Context& context, v1::ApplyWorkspaceRequest request) {
  const v1::Workspace all = request.workspace();
  request.mutable_workspace()->clear_agents();
  const v1::ApplyWorkspaceResponse response = Unwrap(context.client().ApplyWorkspace(request));
  context.workspace = all.id();
  if (request.mode() == v1::APPLY_MODE_WHOLE) DeleteOthers(context, all);
  Progress progress(context);
  UpsertAgents(context.client(), all, [&](int done) {
    progress.Show(absl::StrCat(done, " of ", all.agents_size(), " agents"));
  });
  return response;
}

void Apply(Context& context, const ApplyOptions& options) {
  const v1::ApplyWorkspaceRequest request = RequestFor(context, options);
  const int agents = request.workspace().agents_size();
  v1::ApplyWorkspaceResponse response;
  if (agents > kAgentsPerCallMax) {
    response = ApplyInSteps(context, request);
  } else {
    Progress progress(context);
    if (agents >= kAgentsPerStep) {
      progress.Show(absl::StrCat("applying ", agents, " agents ..."), true);
    }
    response = Unwrap(context.client().ApplyWorkspace(request));
  }
  Show(context, response);
  context.err << "workspace " << request.workspace().id() << " is at etag " << response.etag()
              << "\n";
}

v1::Workspace ReadWorkspace(Context& context, bool agents) {
  v1::GetWorkspaceRequest request;
  request.set_workspace(context.Workspace());
  v1::GetWorkspaceResponse response = Unwrap(context.client().GetWorkspace(request));
  v1::Workspace& workspace = *response.mutable_workspace();
  if (agents) {
    for (v1::AgentStatus& status : AllAgents(context)) {
      *workspace.add_agents() = std::move(*status.mutable_agent());
    }
  }
  context.err << "etag " << workspace.etag() << ", generation " << workspace.generation() << ", "
              << response.agent_count() << " agents\n";
  return workspace;
}

void Get(Context& context, bool agents) {
  v1::Workspace workspace = ReadWorkspace(context, agents);
  if (context.format != Format::kTable) {
    return PrintJson(context.out, context.format, workspace);
  }
  workspace.clear_etag();
  workspace.clear_generation();
  context.out << ToYaml(workspace);
}

void Export(Context& context, const ExportOptions& options) {
  v1::Workspace workspace = ReadWorkspace(context, !options.without_agents);
  workspace.clear_etag();
  workspace.clear_generation();
  std::ostringstream text;
  if (context.format == Format::kTable) {
    text << ToYaml(workspace);
  } else {
    // Only what is set, so that it can be applied again: JSON is YAML too.
    text << ToBriefJson(workspace) << "\n";
  }
  if (options.file == "-") {
    context.out << text.str();
    return;
  }
  std::ofstream file(options.file, std::ios::binary);
  file << text.str();
  file.close();
  if (!file) throw Failure(ExitCode::kRefused, absl::StrCat("cannot write ", options.file));
  context.err << options.file << ": " << workspace.queues_size() << " queues, "
              << workspace.agents_size() << " agents\n";
}

CLI::App& AddFileVerb(CLI::App& noun, ApplyOptions& options, const std::string& name,
                      const std::string& description, const std::string& example,
                      const std::string& details = "") {
  CLI::App& command = AddVerb(noun, name, description, example, details);
  command.add_option("file", options.file, "YAML file of a workspace; -: standard input")
      ->required()
      ->type_name("FILE");
  command.add_flag("--patch", options.patch,
                   "change what the file names and leave the rest; otherwise the file is the whole"
                   " configuration and what is missing in it is deleted (agents stay if it names"
                   " none)");
  command.add_option("--etag", options.etag, "refuse if the configuration is not at this etag");
  return command;
}

void AddExport(CLI::App& noun, Context& context) {
  CLI::App& command = AddVerb(
      noun, "export", "write the whole workspace, agents included, ready to be applied again",
      "firstline config export -w shop > shop.yaml\n"
      "  firstline config export -w shop | firstline config apply -w shop-copy -",
      "YAML; with -o json or jsonl JSON, which `config apply` takes as well. In the order of the\n"
      "configuration, agents by id: two exports of the same workspace are the same.");
  const auto options = std::make_shared<ExportOptions>();
  command.add_option("--file", options->file, "write to this file; -: standard output")
      ->capture_default_str()
      ->type_name("FILE");
  command.add_flag("--without-agents", options->without_agents, "queues, channels, teams alone");
  command.callback([&context, options] { Export(context, *options); });
}

}  // namespace

void AddConfigCommands(CLI::App& app, Context& context) {
  CLI::App& noun = AddNoun(app, "config", "a workspace's queues, channels, teams and agents",
                           "firstline config diff shop.yaml || firstline config apply shop.yaml");
  const auto options = std::make_shared<ApplyOptions>();

  CLI::App& validate = AddFileVerb(noun, *options, "validate",
                                   "check a file and show what it would change; changes nothing",
                                   "firstline config validate shop.yaml");
  validate.add_flag("--offline", options->offline,
                    "only whether the file can be read: asks no router");
  validate.callback([&context, options] { Validate(context, *options); });

  CLI::App& diff = AddFileVerb(
      noun, *options, "diff", "compare a file with the workspace as it runs",
      "firstline config diff shop.yaml || echo 'there is something to apply'",
      "A difference a line: + would be added, - removed, ~ changed. Code 0 if there is none, 7 if\n"
      "there are some, any other if they could not be compared.");
  diff.callback([&context, options] { Diff(context, *options); });

  CLI::App& apply =
      AddFileVerb(noun, *options, "apply", "put a file into force, whole or not at all",
                  "firstline config apply shop.yaml",
                  "More than 10,000 agents are put into force in several steps after everything "
                  "else, each whole\n"
                  "or not at all; the same command repeated finishes what was interrupted.");
  apply.add_flag("--create", options->create, "refuse if the workspace exists");
  apply.callback([&context, options] { Apply(context, *options); });

  CLI::App& get = AddVerb(noun, "get", "show the configuration as YAML",
                          "firstline config get -w shop --agents",
                          "`config export` writes it with its agents, for another `config apply`.");
  const auto agents = std::make_shared<bool>(false);
  get.add_flag("--agents", *agents, "with its agents");
  get.callback([&context, agents] { Get(context, *agents); });
  AddExport(noun, context);
}

}  // namespace firstline::cli
