// firstline load: puts a router under load and says how it bears it.
#include <unistd.h>

#include <chrono>
#include <memory>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/config/yaml.h"
#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"
#include "services/cli/load/load.h"
#include "services/cli/load/report.h"

namespace firstline::cli {
namespace {

using load::Calls;
using load::LoadOptions;
using load::Pattern;
using std::chrono::nanoseconds;

// As it stands on the command line, before durations and names are read.
struct LoadArguments {
  LoadOptions options;
  std::string pattern = "constant", calls = "stream", config, handle_spread = "chance";
  bool no_check = false;
};

constexpr char kExamples[] =
    "firstline load --outstanding 256 --duration 30s\n"
    "  firstline load --rate 2000 --pattern poisson --duration 1m --handle 500ms --agents 500\n"
    "  firstline load --rate 500 --pattern burst --burst-factor 10 --burst-length 2s\n"
    "  firstline load --rate 300 --pattern day --duration 10m -o json\n"
    "  firstline load --rate 20000 --calls unary --streams 8 --queue-length 10000\n"
    "  firstline load --agents 0 --count 1000000 --outstanding 8192 --duration 10m --keep";

constexpr char kLoadDetails[] =
    "Makes a workspace of its own (load, or --workspace), puts agents on sessions, lets customers\n"
    "come, and has agents accept, reply and close. With --rate customers come by the clock whatever\n"
    "happens (open loop), otherwise --outstanding customers each come back when served (closed loop).\n"
    "Latency counts from when an operation was due, so that a backlog cannot hide. At the end the\n"
    "history is compared with the answers: code 6 if anything acknowledged is lost or doubled.";

template <typename T>
void AddNumber(CLI::App& command, const std::string& name, T& value, double most,
               const std::string& description) {
  command.add_option(name, value, description)
      ->capture_default_str()
      ->type_name("N")
      ->check(std::is_integral_v<T> ? WholeNumber(0, static_cast<std::int64_t>(most))
                                    : Number(0, most));
}

Pattern PatternOf(const std::string& name) {
  if (name == "poisson") return Pattern::kPoisson;
  if (name == "ramp") return Pattern::kRamp;
  if (name == "burst") return Pattern::kBurst;
  if (name == "day") return Pattern::kDay;
  return Pattern::kConstant;
}

void ReadWorkspace(const std::string& path, v1::Workspace& workspace) {
  const absl::Status read = config::ParseYaml(ReadFile(path), workspace, {.source_name = path});
  if (!read.ok()) throw Failure(read);
  if (workspace.id().empty()) workspace.set_id("load");
}

// A line that is written over; nothing where nobody looks.
void ShowProgress(Context& context, LoadOptions& options) {
  if (isatty(STDERR_FILENO) == 0) return;
  const nanoseconds length = Length(options);
  options.progress = [&context, length](const load::Progress& progress) {
    context.err << "\r" << load::Line(progress, length) << "\033[K" << std::flush;
  };
}

void Load(Context& context, LoadArguments& arguments) {
  LoadOptions& options = arguments.options;
  options.arrival.pattern = PatternOf(arguments.pattern);
  options.calls = arguments.calls == "unary" ? Calls::kUnary : Calls::kStream;
  options.handle_by_chance = arguments.handle_spread == "chance";
  options.check = !arguments.no_check;
  if (!arguments.config.empty()) ReadWorkspace(arguments.config, options.workspace);
  if (!options.workspace.id().empty()) options.workspace_id = options.workspace.id();
  if (!context.workspace.empty()) options.workspace_id = context.workspace;
  if (const absl::Status checked = Check(options); !checked.ok()) {
    throw Failure(ExitCode::kUsage, std::string(checked.message()));
  }
  ShowProgress(context, options);
  const load::Report report =
      load::Run(context.client(), absl::StrSplit(context.server, ','), options);
  if (options.progress) context.err << "\n";
  Print(report, context.format, context.out);
  if (report.good()) return;
  if (report.verdict.complete) {
    throw Failure(ExitCode::kViolations, "the history differs from what was acknowledged");
  }
  throw Failure(ExitCode::kRefused, absl::StrCat("cannot be checked: ", report.verdict.why),
                "a shorter load, or --no-check");
}

void AddArrivals(CLI::App& command, Context& context, LoadArguments& arguments) {
  LoadOptions& options = arguments.options;
  load::Arrival& arrival = options.arrival;
  AddNumber(command, "--rate", arrival.rate, 1e6, "open loop: customers a second; 0: closed loop");
  AddNumber(command, "--outstanding", options.outstanding, 1e5,
            "closed loop: customers who each come back when served");
  OneOf(context,
        *command.add_option("--pattern", arguments.pattern,
                            "how they come: constant is evenly, all others by chance")
             ->capture_default_str(),
        "pattern", {"constant", "poisson", "ramp", "burst", "day"});
  AddNumber(command, "--ramp-from", arrival.ramp_from, 1e6, "ramp: rate at the start");
  AddNumber(command, "--burst-factor", arrival.burst_factor, 1e4,
            "burst: how many times the rate");
  AddDuration(command, "--burst-every", arrival.burst_every, "burst: from one to the next");
  AddDuration(command, "--burst-length", arrival.burst_length, "burst: how long");
  AddDuration(command, "--burst-after", arrival.burst_after, "burst: when the first begins");
  AddDuration(command, "--day-length", arrival.day_length, "day: how long; 0: the whole load");
  AddDuration(command, "--warm-up", options.warm_up, "not measured");
  AddDuration(command, "--duration", options.duration, "measured, after the warm-up");
  AddNumber(command, "--count", options.count, 1e9, "end after so many customers; 0: by time alone");
  AddDuration(command, "--drain", options.drain, "how long conversations may take to end then");
  AddNumber(command, "--seed", options.seed, 1e18, "of everything that is by chance");
}

void AddPeople(CLI::App& command, Context& context, LoadArguments& arguments) {
  LoadOptions& options = arguments.options;
  AddNumber(command, "--agents", options.agents, 200'000, "0: nobody serves, inquiries wait");
  AddNumber(command, "--capacity", options.capacity, 1000, "conversations of an agent at a time");
  AddNumber(command, "--sessions", options.sessions, 64, "streams that speak for the agents");
  AddDuration(command, "--handle", options.handle, "mean time from accept to close");
  OneOf(context,
        *command.add_option("--handle-spread", arguments.handle_spread,
                            "how that time varies: by chance (exponentially), or not")
             ->capture_default_str(),
        "spread", {"chance", "fixed"});
  AddNumber(command, "--queues", options.queues, 2000, "each asks for a skill of its own");
  AddNumber(command, "--queue-length", options.queue_length_max, 2e6,
            "most that wait in one; 0: no bound");
  AddNumber(command, "--attributes", options.attribute_bytes, 8000, "bytes an inquiry carries");
  command.add_option("--config", arguments.config,
                     "YAML of a workspace to use; agents are added if it has none")
      ->type_name("FILE");
}

}  // namespace

void AddLoadCommand(CLI::App& app, Context& context) {
  CLI::App& command = AddVerb(app, "load", "put a router under load and judge how it bears it",
                              kExamples, kLoadDetails);
  const auto arguments = std::make_shared<LoadArguments>();
  LoadOptions& options = arguments->options;
  AddArrivals(command, context, *arguments);
  AddPeople(command, context, *arguments);
  OneOf(context,
        *command.add_option("--calls", arguments->calls,
                            "how submissions are sent: in batches on streams, or one a call")
             ->capture_default_str(),
        "way to call", {"stream", "unary"});
  AddNumber(command, "--streams", options.streams, 256,
            "streams or connections that carry submissions");
  command.add_flag("--replace", options.replace, "delete a workspace of that name first");
  command.add_flag("--reuse", options.reuse,
                   "the workspace is there: an earlier load with these options kept it");
  command.add_flag("--keep", options.keep, "leave the workspace behind");
  command.add_flag("--no-check", arguments->no_check, "do not read the history at the end");
  command.callback([&context, arguments] { Load(context, *arguments); });
}

}  // namespace firstline::cli
