#include "services/cli/app.h"

#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <array>
#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "common/trace/trace_context.h"
#include "common/version/version.h"
#include "services/cli/commands/commands.h"
#include "services/cli/context.h"
#include "services/cli/settings.h"
#include "services/cli/terminal.h"
#include "services/cli/usage.h"

namespace firstline::cli {
namespace {

// In the order of the help.
constexpr std::array kNouns = {AddConfigCommands,  AddInquiryCommands, AddAgentCommands,
                               AddQueueCommands,   AddExplainCommands, AddTopCommand,      AddEventsCommand,
                               AddAuditCommands,   AddDoctorCommand,   AddWorkspaceCommands, AddReplayCommand,
                               AddSimulateCommand, AddLoadCommand,     AddContextCommands,
                               AddHelpCommand,     AddCompletionCommand};

constexpr char kEnd[] =
    "Flags come before the environment, that before the context in use (`firstline context`).\n"
    "Exit codes: 0 done, 1 refused, 2 wrong command line, 3 wrong file or field, 4 not found,\n"
    "  5 no router answered (may be repeated), 6 a replay or load found violations, `doctor`\n"
    "  problems, 7 `config diff` found differences. What goes on until Ctrl-C ends with 0.\n"
    "Example:\n"
    "  firstline --server router:7600 -w shop queue stats";

// What settings may replace where nobody said otherwise.
struct GlobalOptions {
  std::string context, output;
  bool trace = false;
  CLI::Option* server = nullptr;
  CLI::Option* workspace = nullptr;
};

void AddSecurityOptions(CLI::App& app, Context& context) {
  for (const SecurityWord& word : kSecurityWords) {
    app.add_option(absl::StrCat("--", word.word), context.security.*word.field, word.help)
        ->envname(EnvironmentOf(word.word))
        ->take_last()
        ->type_name(word.field == &Security::tls_server_name ? "NAME" : "FILE");
  }
}

void AddGlobalOptions(CLI::App& app, Context& context, GlobalOptions& options) {
  options.server = app.add_option("-s,--server", context.server,
                                  "router, HOST:PORT; several separated by commas")
                       ->envname("FIRSTLINE_SERVER")
                       ->type_name("ADDRESS")
                       ->take_last()
                       ->capture_default_str();
  options.workspace = app.add_option("-w,--workspace", context.workspace,
                                     "name of the workspace; left out: the only one there is")
                          ->envname("FIRSTLINE_WORKSPACE")
                          ->take_last()
                          ->type_name("NAME");
  context.choices[options.workspace] = [&context] { return WorkspaceNames(context); };
  CLI::Option* named = app.add_option("--context", options.context,
                                      "name of the context to use, see `firstline context`")
                           ->envname("FIRSTLINE_CONTEXT")
                           ->take_last()
                           ->type_name("NAME");
  context.choices[named] = [] { return ReadSettings(SettingsPath()).Names(); };
  AddSecurityOptions(app, context);
  app.add_option("--timeout", context.timeout_s, "seconds a call may take, repetitions included")
      ->capture_default_str()
      ->take_last()
      ->type_name("SECONDS")
      ->check(Number(0.001, 86400));
  CLI::Option* output = app.add_option("-o,--output", options.output, "how results are written")
                            ->envname("FIRSTLINE_OUTPUT")
                            ->take_last();
  OneOf(context, *output, "format", {"table", "json", "jsonl"});
  app.add_flag("--trace", options.trace,
               "begin a trace: routers log the command's calls under the id that is told");
  app.set_version_flag("--version", absl::StrCat("firstline ", version::kVersion));
}

void SetFormat(Context& context, const std::string& name) {
  if (name.empty()) return;
  if (name != "table" && name != "json" && name != "jsonl") {
    ThrowUnknownWord("format", name, {"table", "json", "jsonl"});
  }
  context.format = name == "json"    ? Format::kJson
                   : name == "jsonl" ? Format::kJsonLines
                                     : Format::kTable;
}

// What neither flag nor environment said comes from the context in use, if there is one.
void TakeFromSettings(const GlobalOptions& options, Context& context) {
  const Settings settings = ReadSettings(SettingsPath());
  const std::string& name = options.context.empty() ? settings.current : options.context;
  if (name.empty()) return;
  const NamedContext& found = settings.Find(name);
  if (options.server->count() == 0 && !found.server.empty()) context.server = found.server;
  if (options.workspace->count() == 0 && !found.workspace.empty()) {
    context.workspace = found.workspace;
  }
  for (const SecurityWord& word : kSecurityWords) {
    std::string& said = context.security.*word.field;
    if (said.empty()) said = found.security.*word.field;
  }
  if (options.output.empty()) SetFormat(context, found.output);
}

// A new trace, or the one that whoever started this program is in ($TRACEPARENT).
void TakeTrace(bool fresh, Context& context) {
  if (fresh) {
    const trace::Context begun = trace::NewTrace();
    context.traceparent = begun.ToHeader();
    context.err << "trace: " << begun.TraceId() << "\n";
    return;
  }
  const char* given = std::getenv("TRACEPARENT");
  if (given == nullptr) return;
  if (const auto parent = trace::Parse(given)) context.traceparent = parent->ToHeader();
}

// Those that ask no router must work with settings that cannot be read, if only to mend them.
bool NeedsSettings(const CLI::App& app) {
  const std::string name = app.get_subcommands().front()->get_name();
  return name != "context" && name != "completion" && name != "help";
}

ExitCode End(const Failure& failure, const Context& context) {
  std::string text = failure.ToString();
  if (failure.unanswered()) {  // What the transport says is detail beside that.
    text = absl::StrCat("error: no router answers at ", context.server, "\n  ", failure.message(),
                        "\nhint: ", failure.hint(), "\n");
  }
  constexpr std::string_view kError = "error:";
  if (context.err_is_terminal && text.starts_with(kError) && std::getenv("NO_COLOR") == nullptr) {
    text.replace(0, kError.size(), Painted(std::string(kError), Colour::kRed));
  }
  context.out.flush();
  context.err << text;
  return failure.exit();
}

// Settings and names for a shell that completes; whatever goes wrong, it stays silent.
ExitCode RunComplete(const CLI::App& app, const GlobalOptions& options, Context& context,
                     const std::vector<std::string>& arguments) {
  context.timeout_s = 1;  // Whoever presses Tab does not wait for a router that is not there.
  try {
    if (const char* server = std::getenv("FIRSTLINE_SERVER")) context.server = server;
    if (const char* name = std::getenv("FIRSTLINE_WORKSPACE")) context.workspace = name;
    for (const SecurityWord& word : kSecurityWords) {
      const char* said = std::getenv(EnvironmentOf(word.word).c_str());
      if (said != nullptr) context.security.*word.field = said;
    }
    if (context.server == kDefaultServer) TakeFromSettings(options, context);
  } catch (const Failure&) {
  }
  try {
    PrintSuggestions(context.out, Complete(app, context, {arguments.begin() + 1, arguments.end()}));
  } catch (const Failure&) {
  }
  return ExitCode::kOk;
}

}  // namespace

ExitCode Run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
  Context context{out, err};
  context.out_is_terminal = &out == &std::cout && isatty(STDOUT_FILENO) != 0;
  context.err_is_terminal = &err == &std::cerr && isatty(STDERR_FILENO) != 0;
  const char* no_color = std::getenv("NO_COLOR");
  context.coloured =
      context.out_is_terminal && CanDraw() && (no_color == nullptr || *no_color == '\0');

  CLI::App app("Firstline: skill-based routing of customers' inquiries", "firstline");
  app.require_subcommand(1);
  app.footer(kEnd);
  GlobalOptions options;
  AddGlobalOptions(app, context, options);
  for (const auto add : kNouns) add(app, context);
  if (!arguments.empty() && arguments.front() == "__complete") {
    return RunComplete(app, options, context, arguments);
  }
  // After everything was understood and before any command runs.
  app.parse_complete_callback([&] {
    if (NeedsSettings(app)) TakeFromSettings(options, context);
    SetFormat(context, options.output);
    TakeTrace(options.trace, context);
  });
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    return ExitCode::kOk;
  } catch (const CLI::Success& success) {  // --help, --version
    app.exit(success, out, err);
    return ExitCode::kOk;
  } catch (const CLI::ParseError& error) {
    return End(UsageFailure(app, error), context);
  } catch (const Failure& failure) {
    return End(failure, context);
  }
}

}  // namespace firstline::cli
