#include "services/cli/usage.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/config/spelling.h"

namespace firstline::cli {
namespace {

// The innermost command that was understood.
const CLI::App& Innermost(const CLI::App& root) {
  const CLI::App* app = &root;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return *app;
}

std::vector<const CLI::App*> SubcommandsOf(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<std::string> CommandsOf(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : SubcommandsOf(app)) names.push_back(sub->get_name());
  return names;
}

// Of the command and all it is part of, for options may stand anywhere.
std::vector<std::string> OptionsOf(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

Failure Unknown(const CLI::App& command, const std::string& word,
                const std::vector<std::string>& commands) {
  const bool option = word.starts_with("-");
  const std::string given = word.substr(0, word.find('='));
  const std::vector<std::string> known = option ? OptionsOf(command) : commands;
  const std::string nearest = config::NearestWord(given, known);
  const char* kind = option ? "option" : known.empty() ? "argument" : "command";
  return Failure(ExitCode::kUsage, absl::StrCat("unknown ", kind, " '", given, "'"),
                 nearest.empty()
                     ? absl::StrCat("`", PathOf(command), " --help` shows what there is")
                     : absl::StrCat("did you mean '", nearest, "'?"));
}

// ---- Completion ---------------------------------------------------------------------------------

const CLI::Option* FindOption(const CLI::App& command, const std::string& name) {
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      if (!option->get_positional() && option->check_name(name)) return option;
    }
  }
  return nullptr;
}

bool TakesValue(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

// Where in the tree a command line stands.
struct Place {
  const CLI::App* command;
  std::size_t positional = 0;              // arguments given so far
  const CLI::Option* expecting = nullptr;  // an option without its value yet
};

// What completion itself depends on: another router, another workspace.
void Note(Context& context, const CLI::Option& option, const std::string& value) {
  if (option.check_name("--server")) context.server = value;
  if (option.check_name("--workspace")) context.workspace = value;
}

void Step(Place& place, Context& context, const std::string& word) {
  if (place.expecting != nullptr) {
    if (word == "=") return;  // bash takes --option=value apart.
    Note(context, *place.expecting, word);
    place.expecting = nullptr;
    return;
  }
  if (word.starts_with("-")) {
    const std::size_t equals = word.find('=');
    const CLI::Option* option = FindOption(*place.command, word.substr(0, equals));
    if (option == nullptr || !TakesValue(*option)) return;
    if (equals == std::string::npos) {
      place.expecting = option;
    } else {
      Note(context, *option, word.substr(equals + 1));
    }
    return;
  }
  for (const CLI::App* sub : SubcommandsOf(*place.command)) {
    if (sub->get_name() != word) continue;
    place.command = sub;
    place.positional = 0;
    return;
  }
  ++place.positional;
}

void SuggestValues(Context& context, const CLI::Option& option, const std::string& before,
                   const std::string& typed, Suggestions& suggestions) {
  suggestions.files = option.get_type_name() == "FILE";
  const auto choices = context.choices.find(&option);
  if (choices == context.choices.end()) return;
  for (const std::string& word : choices->second()) {
    if (word.starts_with(typed)) suggestions.words.push_back({before + word, ""});
  }
}

void SuggestOptions(const CLI::App& command, const std::string& typed, Suggestions& suggestions) {
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        // Every command has a --help of its own: that of the nearest is meant.
        if (name == "help" && app != &command) continue;
        const std::string word = "--" + name;
        if (word.starts_with(typed)) {
          suggestions.words.push_back({word, option->get_description()});
        }
      }
    }
  }
}

void SuggestArguments(Context& context, const Place& place, const std::string& typed,
                      Suggestions& suggestions) {
  for (const CLI::App* sub : SubcommandsOf(*place.command)) {
    if (sub->get_name().starts_with(typed)) {
      suggestions.words.push_back({sub->get_name(), sub->get_description()});
    }
  }
  std::vector<const CLI::Option*> positionals = place.command->get_options(
      [](const CLI::Option* option) { return option->get_positional(); });
  if (positionals.empty()) return;
  // The last one may take several.
  const CLI::Option* last = positionals.back();
  if (place.positional < positionals.size())
    last = positionals[place.positional];
  else if (last->get_items_expected_max() == 1)
    return;
  SuggestValues(context, *last, "", typed, suggestions);
}

}  // namespace

std::string PathOf(const CLI::App& command) {
  std::string path;
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    path = app->get_name() + " " + path;
  }
  path.pop_back();
  return path;
}

const CLI::App& FindCommand(const CLI::App& root, const std::vector<std::string>& words) {
  const CLI::App* command = &root;
  for (const std::string& word : words) {
    const CLI::App* found = nullptr;
    for (const CLI::App* sub : SubcommandsOf(*command)) {
      if (sub->get_name() == word) found = sub;
    }
    if (found == nullptr) throw Unknown(*command, word, CommandsOf(*command));
    command = found;
  }
  return *command;
}

Failure UsageFailure(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = Innermost(app);
  const std::vector<std::string> commands = CommandsOf(command);
  const std::vector<std::string> extras = app.remaining(true);
  if (!extras.empty()) return Unknown(command, extras.front(), commands);
  const std::string help = absl::StrCat("`", PathOf(command), " --help`");
  if (commands.empty()) {
    return Failure(ExitCode::kUsage, error.what(), absl::StrCat(help, " shows how it is used"));
  }
  return Failure(ExitCode::kUsage,
                 absl::StrCat(PathOf(command), ": a command is missing, one of ",
                              absl::StrJoin(commands, ", ")),
                 absl::StrCat(help, " says what they do"));
}

Suggestions Complete(const CLI::App& root, Context& context,
                     const std::vector<std::string>& words) {
  Suggestions suggestions;
  if (words.empty()) return suggestions;
  Place place{.command = &root};
  // `firstline help inquiry get` names commands as a command line does.
  const bool help = words.size() > 1 && words.front() == "help";
  for (std::size_t i = help ? 1 : 0; i + 1 < words.size(); ++i) Step(place, context, words[i]);
  const std::string& typed = words.back() == "=" ? std::string() : words.back();
  const std::size_t equals = typed.find('=');
  if (place.expecting != nullptr) {
    SuggestValues(context, *place.expecting, "", typed, suggestions);
  } else if (typed.starts_with("--") && equals != std::string::npos) {
    const CLI::Option* option = FindOption(*place.command, typed.substr(0, equals));
    if (option != nullptr) {
      SuggestValues(context, *option, typed.substr(0, equals + 1), typed.substr(equals + 1),
                    suggestions);
    }
  } else if (typed.starts_with("-")) {
    if (!help) SuggestOptions(*place.command, typed, suggestions);
  } else {
    SuggestArguments(context, place, typed, suggestions);
  }
  return suggestions;
}

}  // namespace firstline::cli
