#include "services/cli/app.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/config/spelling.h"
#include "services/cli/commands/commands.h"
#include "services/cli/context.h"

namespace firstline::cli {
namespace {

constexpr char kExitCodes[] =
    "Exit codes: 0 done, 1 refused, 2 wrong command line, 3 wrong file or field, 4 not found,\n"
    "  5 no router answered (may be repeated), 6 a replay or load found violations.\n"
    "Example:\n"
    "  firstline --server router:7400 -w shop queue stats";

void AddGlobalOptions(CLI::App& app, Context& context) {
  app.add_option("-s,--server", context.server, "router, HOST:PORT; several separated by commas")
      ->envname("FIRSTLINE_SERVER")
      ->capture_default_str();
  app.add_option("-w,--workspace", context.workspace,
                 "name of the workspace; left out: the only one there is")
      ->envname("FIRSTLINE_WORKSPACE");
  app.add_option("--timeout", context.timeout_s,
                 "seconds a call may take, repetitions included")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option_function<std::string>(
         "-o,--output",
         [&context](const std::string& name) {
           context.format = name == "json" ? Format::kJson : Format::kTable;
         },
         "how results are written")
      ->check(CLI::IsMember({"table", "json"}));
  app.set_version_flag("--version", "firstline 0.1.0");
}

// The innermost command that was understood.
const CLI::App* Innermost(const CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app;
}

std::vector<std::string> CommandsOf(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(sub->get_name());
  }
  return names;
}

// Of the command and all it is part of, for options may stand anywhere.
std::vector<std::string> OptionsOf(const CLI::App* app) {
  std::vector<std::string> names;
  for (; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

// "firstline inquiry get"
std::string PathOf(const CLI::App* app) {
  std::string path;
  for (; app != nullptr; app = app->get_parent()) path = app->get_name() + " " + path;
  path.pop_back();
  return path;
}

// Says what about the command line is wrong, and what was probably meant.
Failure UsageFailure(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = Innermost(&app);
  const std::string help = absl::StrCat("`", PathOf(command), " --help`");
  const std::vector<std::string> commands = CommandsOf(*command);
  const std::vector<std::string> extras = app.remaining(true);
  if (extras.empty() && !commands.empty()) {
    return Failure(ExitCode::kUsage,
                   absl::StrCat(PathOf(command), ": a command is missing, one of ",
                                absl::StrJoin(commands, ", ")),
                   absl::StrCat(help, " says what they do"));
  }
  if (extras.empty()) {
    return Failure(ExitCode::kUsage, error.what(), absl::StrCat(help, " shows how it is used"));
  }
  const std::string& word = extras.front();
  const bool option = word.starts_with("-");
  const std::string given = word.substr(0, word.find('='));
  const std::vector<std::string> known = option ? OptionsOf(command) : commands;
  const std::string nearest = config::NearestWord(given, known);
  const std::string_view kind = option ? "option" : known.empty() ? "argument" : "command";
  return Failure(ExitCode::kUsage,
                 absl::StrCat("unknown ", std::string(kind), " '", given, "'"),
                 nearest.empty() ? absl::StrCat(help, " shows what there is")
                                 : absl::StrCat("did you mean '", nearest, "'?"));
}

}  // namespace

CLI::App& AddNoun(CLI::App& app, const std::string& name, const std::string& description) {
  CLI::App& noun = *app.add_subcommand(name, description);
  noun.require_subcommand(1);
  noun.fallthrough();
  return noun;
}

CLI::App& AddVerb(CLI::App& app, const std::string& name, const std::string& description,
                  const std::string& example, const std::string& details) {
  CLI::App& verb = *app.add_subcommand(name, description);
  verb.fallthrough();
  verb.footer(details + (details.empty() ? "" : "\n") + "Example:\n  " + example);
  return verb;
}

ExitCode Run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
  Context context{out, err};
  CLI::App app("Firstline: skill-based routing of customers' inquiries", "firstline");
  app.require_subcommand(1);
  app.footer(kExitCodes);
  AddGlobalOptions(app, context);
  AddConfigCommands(app, context);
  AddInquiryCommands(app, context);
  AddAgentCommands(app, context);
  AddQueueCommands(app, context);
  AddEventsCommand(app, context);
  AddReplayCommand(app, context);
  AddLoadCommand(app, context);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    return ExitCode::kOk;
  } catch (const CLI::Success& success) {  // --help, --version
    app.exit(success, out, err);
    return ExitCode::kOk;
  } catch (const CLI::ParseError& error) {
    const Failure failure = UsageFailure(app, error);
    err << failure.ToString();
    return failure.exit();
  } catch (const Failure& failure) {
    err << failure.ToString();
    return failure.exit();
  }
}

}  // namespace firstline::cli
