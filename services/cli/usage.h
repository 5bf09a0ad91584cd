// The tree of commands, asked about: what was probably meant, what may stand next.
//
// Thread rule: one thread.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <string>
#include <vector>

#include "services/cli/context.h"
#include "services/cli/failure.h"

namespace firstline::cli {

// "firstline inquiry get"
std::string PathOf(const CLI::App& command);

// The command named by `words` below `root`; throws Failure with what was probably meant.
const CLI::App& FindCommand(const CLI::App& root, const std::vector<std::string>& words);

// What about the command line is wrong, and what was probably meant.
Failure UsageFailure(const CLI::App& app, const CLI::ParseError& error);

struct Suggestion {
  std::string word, description;
};

struct Suggestions {
  std::vector<Suggestion> words;
  // A file is expected: the shell knows those best.
  bool files = false;
};

// What may take the place of the last of `words`, which is what was typed of it so far, maybe
// nothing; the words before it are whole. The program's name is not among them.
Suggestions Complete(const CLI::App& root, Context& context, const std::vector<std::string>& words);

// What a shell reads (`firstline completion bash|zsh|fish`): it asks `firstline __complete
// WORDS...`, which prints Complete() a line each, the description behind a tab, and ":files" last
// when files fit.
std::string CompletionScript(const std::string& shell);
void PrintSuggestions(std::ostream& out, const Suggestions& suggestions);

}  // namespace firstline::cli
