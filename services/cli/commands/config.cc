// firstline config: a workspace's configuration.
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/config/yaml.h"
#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"
#include "services/cli/yaml_text.h"

namespace firstline::cli {
namespace {

struct ApplyOptions {
  std::string file;
  std::string etag;
  bool offline = false, patch = false, create = false;
};

v1::Workspace ReadConfig(Context& context, const std::string& file) {
  v1::Workspace workspace;
  const std::string name = file == "-" ? "standard input" : file;
  const absl::Status read = config::ParseYaml(ReadFile(file), workspace, {.source_name = name});
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

// Differences are the result, warnings a message.
void Show(Context& context, const v1::ApplyWorkspaceResponse& response) {
  if (context.format == Format::kJson) {
    context.out << ToJson(response, true) << "\n";
    return;
  }
  for (const v1::ConfigChange& change : response.changes()) {
    context.out << change.path() << ": " << change.text() << "\n";
  }
  for (const v1::ConfigWarning& warning : response.warnings()) {
    context.err << "warning: " << warning.path() << ": " << warning.text() << "\n";
  }
}

void Validate(Context& context, const ApplyOptions& options) {
  v1::ApplyWorkspaceRequest request = RequestFor(context, options);
  if (options.offline) {
    context.err << options.file << ": can be read; the router was not asked\n";
    return;
  }
  request.set_validate_only(true);
  Show(context, Unwrap(context.client().ApplyWorkspace(request)));
  context.err << "valid; nothing was changed\n";
}

void Apply(Context& context, const ApplyOptions& options) {
  const v1::ApplyWorkspaceRequest request = RequestFor(context, options);
  const v1::ApplyWorkspaceResponse response = Unwrap(context.client().ApplyWorkspace(request));
  Show(context, response);
  context.err << "workspace " << request.workspace().id() << " is at etag " << response.etag()
              << "\n";
}

void AddAgents(Context& context, v1::Workspace& workspace) {
  v1::ListAgentsRequest request;
  request.set_workspace(workspace.id());
  request.set_page_size(1000);
  do {
    const v1::ListAgentsResponse page = Unwrap(context.client().ListAgents(request));
    for (const v1::AgentStatus& status : page.agents()) *workspace.add_agents() = status.agent();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
}

void Get(Context& context, bool agents) {
  v1::GetWorkspaceRequest request;
  request.set_workspace(context.Workspace());
  v1::GetWorkspaceResponse response = Unwrap(context.client().GetWorkspace(request));
  v1::Workspace& workspace = *response.mutable_workspace();
  if (agents) AddAgents(context, workspace);
  if (context.format == Format::kJson) {
    context.out << ToJson(workspace, true) << "\n";
    return;
  }
  context.err << "etag " << workspace.etag() << ", generation " << workspace.generation() << ", "
              << response.agent_count() << " agents\n";
  workspace.clear_etag();
  workspace.clear_generation();
  context.out << ToYaml(workspace);
}

void AddFileOptions(CLI::App& command, ApplyOptions& options) {
  command.add_option("file", options.file, "YAML file of a workspace; -: standard input")
      ->required();
  command.add_flag("--patch", options.patch,
                   "change what the file names and leave the rest; otherwise the file is the whole"
                   " configuration and what is missing in it is deleted (agents stay if it names"
                   " none)");
  command.add_option("--etag", options.etag, "refuse if the configuration is not at this etag");
}

}  // namespace

void AddConfigCommands(CLI::App& app, Context& context) {
  CLI::App& noun = AddNoun(app, "config", "a workspace's queues, channels, teams and agents");
  const auto options = std::make_shared<ApplyOptions>();

  CLI::App& validate =
      AddVerb(noun, "validate", "check a file and show what it would change; changes nothing",
              "firstline config validate shop.yaml");
  AddFileOptions(validate, *options);
  validate.add_flag("--offline", options->offline,
                    "only whether the file can be read: asks no router");
  validate.callback([&context, options] { Validate(context, *options); });

  CLI::App& apply = AddVerb(noun, "apply", "put a file into force, whole or not at all",
                            "firstline config apply shop.yaml");
  AddFileOptions(apply, *options);
  apply.add_flag("--create", options->create, "refuse if the workspace exists");
  apply.callback([&context, options] { Apply(context, *options); });

  CLI::App& get = AddVerb(noun, "get", "write the configuration as YAML, ready to be applied again",
                          "firstline config get -w shop --agents > shop.yaml");
  const auto agents = std::make_shared<bool>(false);
  get.add_flag("--agents", *agents, "with its agents");
  get.callback([&context, agents] { Get(context, *agents); });
}

}  // namespace firstline::cli
