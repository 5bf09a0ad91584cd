#include "services/cli/commands/commands.h"

#include <algorithm>
#include <memory>
#include <random>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/config/duration.h"
#include "services/cli/failure.h"
#include "services/cli/usage.h"

namespace firstline::cli {
namespace {

// What stands for the value in the help: all words when they are few, else what they are.
std::string TypeName(const std::string& what, const std::vector<std::string>& words) {
  constexpr std::size_t kWordsMax = 8;
  if (words.size() <= kWordsMax) return absl::StrJoin(words, "|");
  return absl::AsciiStrToUpper(what.substr(0, what.find(' ')));
}

void Explain(CLI::App& app, const std::string& example, const std::string& details) {
  app.footer(details + (details.empty() ? "" : "\n") +
             "Options of every command, such as -w, -o and --timeout: `firstline --help`.\n"
             "Example:\n  " +
             example);
}

}  // namespace

std::string NewId() {
  std::random_device random;
  return absl::StrFormat("cli-%08x%08x", random(), random());
}

CLI::App& AddNoun(CLI::App& app, const std::string& name, const std::string& description,
                  const std::string& example) {
  CLI::App& noun = *app.add_subcommand(name, description);
  noun.require_subcommand(1);
  noun.fallthrough();
  Explain(noun, example, "");
  return noun;
}

CLI::App& AddVerb(CLI::App& app, const std::string& name, const std::string& description,
                  const std::string& example, const std::string& details) {
  CLI::App& verb = *app.add_subcommand(name, description);
  verb.fallthrough();
  Explain(verb, example, details);
  return verb;
}

CLI::Option& OneOf(Context& context, CLI::Option& option, const std::string& what,
                   std::vector<std::string> words) {
  option.type_name(TypeName(what, words));
  option.check(CLI::Validator(
      [what, words](std::string& text) -> std::string {
        if (std::find(words.begin(), words.end(), text) == words.end()) {
          ThrowUnknownWord(what, text, words);
        }
        return "";
      },
      ""));
  context.choices[&option] = [words = std::move(words)] { return words; };
  return option;
}

CLI::Option& OneOf(Context& context, CLI::Option& option, const std::string& what,
                   const google::protobuf::EnumDescriptor& type) {
  option.type_name(TypeName(what, ShortNames(type)));
  option.check(CLI::Validator(
      [what, &type](std::string& text) -> std::string {
        ParseEnum(type, what, text);
        return "";
      },
      ""));
  context.choices[&option] = [&type] { return ShortNames(type); };
  return option;
}

CLI::Validator WholeNumber(std::int64_t least, std::int64_t most) {
  const auto check = [least, most](const std::string& text) -> std::string {
    std::int64_t number = 0;
    if (absl::SimpleAtoi(text, &number) && number >= least && number <= most) return "";
    return absl::StrCat("'", text, "' is no whole number from ", least, " to ", most);
  };
  return CLI::Validator(check, "");
}

CLI::Validator Number(double least, double most) {
  const auto check = [least, most](const std::string& text) -> std::string {
    double number = 0;
    if (absl::SimpleAtod(text, &number) && number >= least && number <= most) return "";
    return absl::StrCat("'", text, "' is no number from ", least, " to ", most);
  };
  return CLI::Validator(check, "");
}

CLI::Option& Repeatable(CLI::Option& option) { return *option.allow_extra_args(false); }

CLI::Option& IsQueue(Context& context, CLI::Option& option) {
  option.type_name("QUEUE");
  context.choices[&option] = [&context] { return QueueNames(context); };
  return option;
}

CLI::Option& IsAgent(Context& context, CLI::Option& option) {
  option.type_name("AGENT");
  context.choices[&option] = [&context] { return AgentIds(context); };
  return option;
}

CLI::Option& AddDuration(CLI::App& command, const std::string& name, std::chrono::nanoseconds& value,
                         const std::string& description) {
  return *command
              .add_option_function<std::string>(
                  name,
                  [name, &value](const std::string& text) {
                    const auto parsed = config::ParseDurationNs(text);
                    if (!parsed || *parsed < 0) {
                      throw Failure(
                          ExitCode::kUsage,
                          absl::StrCat(name, ": '", text, "' is no duration such as 250ms, 1m30s"));
                    }
                    value = std::chrono::nanoseconds(*parsed);
                  },
                  description)
              ->default_str(config::FormatDuration(value.count()))
              ->type_name("DURATION");
}

void AddLiveOptions(CLI::App& command, LiveOptions& options) {
  command.add_option("--interval", options.interval_s, "seconds from one to the next")
      ->capture_default_str()
      ->type_name("SECONDS")
      ->check(Number(0.05, 86400));
  command.add_option("--count", options.count, "end after this many; 0: go on until Ctrl-C")
      ->capture_default_str()
      ->type_name("N")
      ->check(WholeNumber(0, 1'000'000'000));
}

void AddCompletionCommand(CLI::App& app, Context& context) {
  CLI::App& command = AddVerb(
      app, "completion", "write a script that lets a shell complete commands, options and names",
      "source <(firstline completion bash)\n"
      "  firstline completion zsh > \"${fpath[1]}/_firstline\"\n"
      "  firstline completion fish > ~/.config/fish/completions/firstline.fish",
      "Queues, agents and workspaces are asked of the router; without one there are no names.");
  const auto shell = std::make_shared<std::string>();
  OneOf(context, *command.add_option("shell", *shell, "which shell")->required(), "shell",
        {"bash", "zsh", "fish"});
  command.callback([&context, shell] { context.out << CompletionScript(*shell); });
}

void AddHelpCommand(CLI::App& app, Context& context) {
  CLI::App& command =
      AddVerb(app, "help", "explain a command, with an example", "firstline help inquiry submit");
  const auto words = std::make_shared<std::vector<std::string>>();
  command.add_option("command", *words, "the command's words; left out: all commands")
      ->type_name("WORD");
  command.callback([&app, &context, words] {
    const CLI::App& meant = FindCommand(app, *words);
    // Not help(), which goes on to the command that was parsed: this one.
    context.out << meant.get_formatter()->make_help(&meant, PathOf(meant),
                                                    CLI::AppFormatMode::Normal);
  });
}

}  // namespace firstline::cli
