// firstline replay: a logged day played at a router.
#include <fstream>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/config/yaml.h"
#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"
#include "services/cli/progress.h"
#include "services/cli/replay/replay.h"
#include "services/cli/replay/scenario.h"
#include "services/cli/replay/score.h"
#include "services/cli/yaml_text.h"

namespace firstline::cli {
namespace {

struct PlayOptions {
  std::string calls, roster, format = "centre", date, config, write_config;
  std::string speed = "max", serves_by = "skills", from, until;
  int agents = 4;
  std::string score, takes = "queue";
  bool replace = false;
};

template <typename T>
T Read(absl::StatusOr<T> result) {
  if (!result.ok()) throw Failure(result.status());
  return *std::move(result);
}

// "13:45" as second of the day.
std::int64_t ParseTimeOfDay(const std::string& text) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
  int hours = 0, minutes = 0;
  const bool ok = absl::SimpleAtoi(parts.first, &hours) &&
                  absl::SimpleAtoi(parts.second, &minutes) && hours >= 0 && hours <= 47 &&
                  minutes >= 0 && minutes <= 59;
  if (!ok) throw Failure(ExitCode::kUsage, absl::StrCat("'", text, "' is no time such as 13:45"));
  return hours * 3600 + minutes * 60;
}

std::string DateOf(const PlayOptions& options, const std::string& calls) {
  if (!options.date.empty()) return options.date;
  std::vector<std::string> dates = Read(replay::DatesOf(calls));
  if (dates.size() == 1) return dates.front();
  throw Failure(ExitCode::kUsage, "the log has several days, and --date is missing",
                dates.empty() ? "" : absl::StrCat("such as --date ", dates.front()));
}

replay::CallLog ReadLog(const PlayOptions& options) {
  const std::string calls = ReadFile(options.calls);
  replay::CallLog log;
  if (options.format == "fifo") {
    log = Read(replay::ReadFifo(calls, DateOf(options, calls), options.agents));
  } else if (options.format == "technion") {
    log = Read(replay::ReadTechnion(calls, DateOf(options, calls)));
  } else if (options.roster.empty()) {
    throw Failure(ExitCode::kUsage, "--roster is missing: the agents of that day");
  } else {
    log = Read(replay::ReadCentre(calls, ReadFile(options.roster)));
  }
  if (!options.from.empty() || !options.until.empty()) {
    log.Cut(options.from.empty() ? 0 : ParseTimeOfDay(options.from),
            options.until.empty() ? replay::kNoLogOff : ParseTimeOfDay(options.until));
  }
  return log;
}

v1::Workspace ConfigFor(const Context& context, const PlayOptions& options,
                        const replay::CallLog& log) {
  const std::string name = context.workspace.empty() ? "replay" : context.workspace;
  const auto serves_by = options.serves_by == "skills" ? replay::ServesBy::kSkills
                                                       : replay::ServesBy::kMemberships;
  v1::Workspace made = replay::WorkspaceFor(log, name, serves_by);
  if (options.config.empty()) return made;
  v1::Workspace given;
  const absl::Status read =
      config::ParseYaml(ReadFile(options.config), given, {.source_name = options.config});
  if (!read.ok()) throw Failure(read);
  if (!context.workspace.empty() || given.id().empty()) given.set_id(name);
  if (given.agents().empty()) *given.mutable_agents() = made.agents();
  return given;
}

void WriteConfig(Context& context, const std::string& path, const v1::Workspace& workspace) {
  if (path == "-") {
    context.out << ToYaml(workspace);
    return;
  }
  std::ofstream file(path, std::ios::binary);
  file << ToYaml(workspace);
  file.close();
  if (!file) throw Failure(ExitCode::kRefused, absl::StrCat("cannot write ", path));
  context.err << path << ": " << workspace.queues_size() << " queues, " << workspace.agents_size()
              << " agents; nothing was played\n";
}

replay::Progress ProgressTo(Progress& progress, std::size_t calls) {
  return [&progress, calls](const replay::Play& play, std::int64_t) {
    progress.Show(absl::StrCat(play.arrived(), " of ", calls, " calls came, ", play.ended(),
                               " are over"));
  };
}

// The days to be scored: all, or those whose date begins with --date.
std::vector<replay::CallLog> ReadDays(const PlayOptions& options) {
  if (options.format != "technion") {
    throw Failure(ExitCode::kUsage, "--score needs --format technion",
                  "the other formats have no priorities, or not who answered");
  }
  const std::string calls = ReadFile(options.calls);
  std::vector<replay::CallLog> days;
  for (const std::string& date : Read(replay::DatesOf(calls))) {
    if (!date.starts_with(options.date)) continue;
    if (auto day = replay::ReadTechnion(calls, date); day.ok()) days.push_back(*std::move(day));
  }
  if (days.empty()) throw Failure(ExitCode::kNotFound, "no day of the log has that date");
  return days;
}

// "fifo" or seconds of credit for priority 2.
replay::Rule ParseRule(const std::string& text) {
  if (text == "fifo") return {.name = text};
  std::int64_t credit_s = 0;
  if (!absl::SimpleAtoi(text, &credit_s) || credit_s < 0 || credit_s > 86'400) {
    throw Failure(ExitCode::kUsage, absl::StrCat("'", text, "' is no rule"),
                  "fifo, or seconds of credit for priority 2: --score fifo,90");
  }
  return {.name = absl::StrCat("credit ", credit_s, "s"),
          .credits = {{.priority = 2, .credit_s = credit_s}}};
}

void ShowScores(Context& context, const PlayOptions& options) {
  const auto takes = options.takes == "queue" ? replay::Takes::kSameQueue : replay::Takes::kDay;
  const std::vector<replay::CallLog> days = ReadDays(options);
  std::vector<replay::Score> scores;
  const std::vector<std::string> rules = absl::StrSplit(options.score, ',');
  for (const std::string& rule : rules) {
    replay::Score& score = scores.emplace_back();
    for (const replay::CallLog& day : days) ScoreDay(day, ParseRule(rule), takes, score);
  }
  Print(scores, context.format, context.out);
}

void Play(Context& context, const PlayOptions& options) {
  if (!options.score.empty()) return ShowScores(context, options);
  const replay::CallLog log = ReadLog(options);
  const v1::Workspace workspace = ConfigFor(context, options, log);
  if (!options.write_config.empty()) return WriteConfig(context, options.write_config, workspace);

  replay::ReplayOptions how;
  how.replace = options.replace;
  if (options.speed != "max") {
    double speed = 0;
    if (!absl::SimpleAtod(options.speed, &speed) || !(speed > 0)) {
      throw Failure(ExitCode::kUsage,
                    absl::StrCat("'", options.speed, "' is no speed: a number above 0, or max"));
    }
    how.speed = speed;
  }
  const replay::Report report = [&] {
    Progress progress(context);  // Gone before the report is written.
    how.progress = ProgressTo(progress, log.calls.size());
    return replay::Replay(context.client(), log, workspace, how);
  }();
  Print(report, context.format, context.out);
  if (report.good()) return;
  throw Failure(ExitCode::kViolations, report.totals.violations > 0
                                           ? "the router broke its rules"
                                           : "waits differ from those of the log");
}

}  // namespace

void AddReplayCommand(CLI::App& app, Context& context) {
  CLI::App& command = AddVerb(
      app, "replay", "play a logged day of calls at a router and judge what it decides",
      "firstline replay --calls calls.csv --roster roster.csv\n"
      "  firstline replay --calls calls.csv --roster roster.csv --speed 60 --from 9:00 --until 10:00\n"
      "  firstline replay --calls fifo.csv --format fifo --date 2021-01-04 --agents 4\n"
      "  zcat bank.csv.gz | firstline replay --calls - --format technion --date 1999-02-01\n"
      "  zcat bank.csv.gz | firstline replay --calls - --format technion --date 1999-02 --score fifo,90",
      "Agents log on by the roster, calls arrive, customers hang up when their patience ends, calls\n"
      "last as they lasted. The table shows each queue's figures beside the log's. The verdict is of a\n"
      "checker that reads only the event stream: capacity, skills, serving order, nobody idle while\n"
      "somebody waits, nothing lost or doubled. Code 6 if a rule was broken.");
  const auto options = std::make_shared<PlayOptions>();
  command.add_option("--calls", options->calls, "CSV of the calls; -: standard input")
      ->required()
      ->type_name("FILE");
  command.add_option("--roster", options->roster, "CSV of the agents (format centre)")
      ->type_name("FILE");
  OneOf(context,
        *command.add_option("--format", options->format, "what the columns are")
             ->capture_default_str(),
        "format of a log", {"centre", "fifo", "technion"});
  command.add_option("--date", options->date, "which day of a log of several")
      ->type_name("YYYY-MM-DD");
  command.add_option("--agents", options->agents, "how many agents there are (format fifo)")
      ->capture_default_str()
      ->type_name("N")
      ->check(WholeNumber(1, 10'000));
  OneOf(context,
        *command.add_option("--serves-by", options->serves_by,
                            "how agents may serve the queues they answered")
             ->capture_default_str(),
        "way to serve", {"skills", "memberships"});
  command.add_option("--config", options->config,
                     "YAML of a workspace to play in instead of one made from the log; agents of the"
                     " log are added if it has none")
      ->type_name("FILE");
  command.add_option("--write-config", options->write_config,
                     "write the workspace as YAML to this file (-: standard output) and stop")
      ->type_name("FILE");
  command.add_option("--speed", options->speed,
                     "seconds of the log in one second, durations of the configuration are scaled"
                     " alike; max: as fast as a router with --clock=driven can")
      ->capture_default_str();
  command.add_option("--from", options->from, "only calls from this time of the day on, HH:MM");
  command.add_option("--until", options->until, "only calls before this time of the day, HH:MM");
  command.add_option("--score", options->score,
                     "play at no router, but tell in how many choices each of these rules chooses as\n"
                     "the log: fifo, or seconds of credit for priority 2, separated by commas (format\n"
                     "technion; --date may be a month)");
  OneOf(context,
        *command.add_option("--score-takes", options->takes,
                            "what an agent could have taken: calls of the queue it took from, or of"
                            " all queues it answered that day")
             ->capture_default_str(),
        "choice of calls", {"queue", "day"});
  command.add_flag("--replace", options->replace, "delete the workspace first if it exists");
  command.callback([&context, options] { Play(context, *options); });
}

}  // namespace firstline::cli
