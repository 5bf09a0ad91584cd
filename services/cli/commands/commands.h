// The commands, a function a noun: each adds its subcommands to `app`. `context` must outlive it.
// A command runs while the command line is parsed and throws Failure if it does not succeed. A new
// noun needs its function here and a line in kNouns of app.cc; help, completion and "did you mean"
// follow by themselves.
//
// Thread rule: one thread.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "services/cli/context.h"
#include "services/cli/live.h"

namespace firstline::cli {

void AddConfigCommands(CLI::App& app, Context& context);
void AddInquiryCommands(CLI::App& app, Context& context);
void AddAgentCommands(CLI::App& app, Context& context);
void AddQueueCommands(CLI::App& app, Context& context);
void AddExplainCommands(CLI::App& app, Context& context);
void AddTopCommand(CLI::App& app, Context& context);
void AddEventsCommand(CLI::App& app, Context& context);
void AddAuditCommands(CLI::App& app, Context& context);
void AddReplayCommand(CLI::App& app, Context& context);
void AddSimulateCommand(CLI::App& app, Context& context);
void AddLoadCommand(CLI::App& app, Context& context);
void AddWorkspaceCommands(CLI::App& app, Context& context);
void AddDoctorCommand(CLI::App& app, Context& context);
void AddContextCommands(CLI::App& app, Context& context);
void AddCompletionCommand(CLI::App& app, Context& context);
void AddHelpCommand(CLI::App& app, Context& context);

// Parts of a noun that have a file of their own.
void AddInquiryChanges(CLI::App& noun, Context& context);  // submit, update, transfer
void AddInquiryAssignments(CLI::App& noun, Context& context);  // claim, assign, reopen
void AddInquiryTalk(CLI::App& noun, Context& context);     // message, park, resume, feedback
void AddInquiryHistory(CLI::App& noun, Context& context);  // watch, timeline
void AddAgentOffers(CLI::App& noun, Context& context);     // accept, decline, finish, extend
void AddAgentWatch(CLI::App& noun, Context& context);
void AddAgentWork(CLI::App& noun, Context& context);

// What every explanation of an inquiry takes.
struct ExplainOptions {
  int candidates = 10;
  std::vector<std::string> agents;
  template <class Request>
  void Fill(Request& request) const {
    request.set_candidates(candidates);
    for (const std::string& agent : agents) request.add_agent_ids(agent);
  }
};
void AddExplainOptions(CLI::App& command, Context& context, ExplainOptions& options);
void AddExplainSubmit(CLI::App& noun, Context& context);  // with the options of `inquiry submit`
void ShowDryRun(Context& context, const v1::ExplainSubmitRequest& request);

// An id not to be guessed and not to be met again.
std::string NewId();

// What the answer to a mutation of an inquiry says.
void ShowReceipt(Context& context, const std::string& id, const v1::Receipt& receipt);

// A noun with verbs below it, one of which has to be named.
CLI::App& AddNoun(CLI::App& app, const std::string& name, const std::string& description,
                  const std::string& example);
// A command; `details`, lines of at most 100 columns, and `example` stand at the end of its help.
// What it does is set by its caller, after its options.
CLI::App& AddVerb(CLI::App& app, const std::string& name, const std::string& description,
                  const std::string& example, const std::string& details = "");

// The option's value is one of `words`, of which few stand in the help; others are refused with the
// nearest one. `what` names it: "presence", "format".
CLI::Option& OneOf(Context& context, CLI::Option& option, const std::string& what,
                   std::vector<std::string> words);
// The same for the values of an enum, which may be written in any way ParseEnum understands.
CLI::Option& OneOf(Context& context, CLI::Option& option, const std::string& what,
                   const google::protobuf::EnumDescriptor& type);
// The option's value lies within these bounds, both included; otherwise it is said what was meant to
// stand there.
CLI::Validator WholeNumber(std::int64_t least, std::int64_t most);
CLI::Validator Number(double least, double most);
// The option is given once for each value, and never swallows what stands behind that.
CLI::Option& Repeatable(CLI::Option& option);
// The names of queues or agents are suggested for the option by a shell that completes.
CLI::Option& IsQueue(Context& context, CLI::Option& option);
CLI::Option& IsAgent(Context& context, CLI::Option& option);
// An option that takes "1m30s".
CLI::Option& AddDuration(CLI::App& command, const std::string& name, std::chrono::nanoseconds& value,
                         const std::string& description);
// --interval and --count.
void AddLiveOptions(CLI::App& command, LiveOptions& options);

}  // namespace firstline::cli
