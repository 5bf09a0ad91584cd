// firstline context: names for routers and workspaces.
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"
#include "services/cli/settings.h"

namespace firstline::cli {
namespace {

struct ContextSetOptions {
  std::string name, server, workspace, output;
  Security security;
  bool use = false;
};

void ListContexts(Context& context) {
  const Settings settings = ReadSettings(SettingsPath());
  if (context.format == Format::kTable) {
    if (settings.contexts.empty()) {
      context.err << "there is none yet: `firstline context set NAME --server HOST:PORT`\n";
      return;
    }
    Table table({"current", "name", "server", "workspace", "output"});
    for (const auto& [name, entry] : settings.contexts) {
      table.Add(
          {name == settings.current ? "*" : "", name, entry.server, entry.workspace, entry.output});
    }
    return table.Print(context.out, context.coloured);
  }
  auto list = nlohmann::ordered_json::array();
  for (const auto& [name, entry] : settings.contexts) {
    list.push_back({{"name", name},
                    {"current", name == settings.current},
                    {"server", entry.server},
                    {"workspace", entry.workspace},
                    {"output", entry.output}});
    for (const SecurityWord& word : kSecurityWords) {
      const std::string& said = entry.security.*word.field;
      if (!said.empty()) list.back()[word.word] = said;
    }
  }
  if (context.format == Format::kJson) {
    context.out << list.dump(2) << "\n";
    return;
  }
  for (const auto& entry : list) context.out << entry.dump() << "\n";
}

void Use(Context& context, const std::string& name) {
  Settings settings = ReadSettings(SettingsPath());
  const NamedContext& found = settings.Find(name);
  settings.current = name;
  WriteSettings(SettingsPath(), settings);
  context.err << "in use: " << name << (found.server.empty() ? "" : ", ") << found.server << "\n";
}

void SetContext(Context& context, const ContextSetOptions& options) {
  Settings settings = ReadSettings(SettingsPath());
  NamedContext& entry = settings.contexts[options.name];
  if (!options.server.empty()) entry.server = options.server;
  if (!options.workspace.empty()) entry.workspace = options.workspace;
  if (!options.output.empty()) entry.output = options.output;
  for (const SecurityWord& word : kSecurityWords) {
    const std::string& said = options.security.*word.field;
    if (!said.empty()) entry.security.*word.field = said;
  }
  // The first one is what its maker wants to work with.
  if (options.use || settings.contexts.size() == 1) settings.current = options.name;
  WriteSettings(SettingsPath(), settings);
  context.err << options.name << " is written to " << SettingsPath()
              << (settings.current == options.name ? " and in use\n" : "\n");
}

void Delete(Context& context, const std::string& name) {
  Settings settings = ReadSettings(SettingsPath());
  settings.Find(name);
  settings.contexts.erase(name);
  if (settings.current == name) settings.current.clear();
  WriteSettings(SettingsPath(), settings);
  context.err << name << " is gone" << (settings.current.empty() ? "; none is in use\n" : "\n");
}

CLI::Option& NameOf(CLI::App& command, Context& context, std::string& name) {
  CLI::Option& option = *command.add_option("name", name, "name of the context")->required();
  option.type_name("NAME");
  context.choices[&option] = [] { return ReadSettings(SettingsPath()).Names(); };
  return option;
}

}  // namespace

void AddContextCommands(CLI::App& app, Context& context) {
  CLI::App& noun = AddNoun(app, "context", "names for the routers and workspaces you work with",
                           "firstline context set prod --server router:7600 --workspace shop");
  CLI::App& list = AddVerb(noun, "list", "list the contexts", "firstline context list",
                           "Kept in $FIRSTLINE_CONFIG, else $XDG_CONFIG_HOME/firstline/config.yaml,"
                           " else\n~/.config/firstline/config.yaml.");
  list.callback([&context] { ListContexts(context); });

  const auto name = std::make_shared<std::string>();
  CLI::App& use =
      AddVerb(noun, "use", "work with a context from now on", "firstline context use prod",
              "--context NAME and FIRSTLINE_CONTEXT choose another for one command.");
  NameOf(use, context, *name);
  use.callback([&context, name] { Use(context, *name); });

  const auto options = std::make_shared<ContextSetOptions>();
  CLI::App& set = AddVerb(noun, "set", "make a context, or change what is named",
                          "firstline context set prod --server router:7600 --workspace shop --use",
                          "What a context leaves out is as without one.");
  NameOf(set, context, options->name);
  // Options of the command, not those of every command: they are kept, not used.
  set.add_option("-s,--server", options->server, "router, HOST:PORT; several separated by commas")
      ->type_name("ADDRESS");
  set.add_option("-w,--workspace", options->workspace, "name of the workspace")->type_name("NAME");
  OneOf(context, *set.add_option("-o,--output", options->output, "how results are written"),
        "format", {"table", "json", "jsonl"});
  for (const SecurityWord& word : kSecurityWords) {
    set.add_option(absl::StrCat("--", word.word), options->security.*word.field, word.help);
  }
  set.add_flag("--use", options->use, "work with it from now on");
  set.callback([&context, options] { SetContext(context, *options); });

  CLI::App& remove = AddVerb(noun, "delete", "forget a context", "firstline context delete prod");
  NameOf(remove, context, *name);
  remove.callback([&context, name] { Delete(context, *name); });
}

}  // namespace firstline::cli
