// The commands, a function a noun: each adds its subcommands to `app`. `context` must outlive it.
// A command runs while the command line is parsed and throws Failure if it does not succeed.
//
// Thread rule: one thread.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <string>

#include "services/cli/context.h"

namespace firstline::cli {

void AddConfigCommands(CLI::App& app, Context& context);
void AddInquiryCommands(CLI::App& app, Context& context);
void AddAgentCommands(CLI::App& app, Context& context);
void AddQueueCommands(CLI::App& app, Context& context);
void AddEventsCommand(CLI::App& app, Context& context);
void AddReplayCommand(CLI::App& app, Context& context);
void AddLoadCommand(CLI::App& app, Context& context);

// A noun with verbs below it, one of which has to be named.
CLI::App& AddNoun(CLI::App& app, const std::string& name, const std::string& description);
// A command; `details`, lines of at most 100 columns, and `example` stand at the end of its help. What
// it does is set by its caller, after its options.
CLI::App& AddVerb(CLI::App& app, const std::string& name, const std::string& description,
                  const std::string& example, const std::string& details = "");

}  // namespace firstline::cli
