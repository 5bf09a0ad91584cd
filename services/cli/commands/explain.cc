// firstline explain: why an inquiry is not with an agent.
#include <memory>

#include "services/cli/commands/commands.h"
#include "services/cli/explain_text.h"
#include "services/cli/failure.h"

namespace firstline::cli {
namespace {

constexpr char kHow[] =
    "Agents who may take it come first, in the order in which they would be asked, with the values\n"
    "by which the queue's selection orders them (smaller is better). Then those nearest to it, with\n"
    "all that stands in the way, in the order in which the router looks at it. Nothing is changed.";

struct InquiryOptions {
  std::string id;
  ExplainOptions listed;
};

struct AgentOptions {
  std::string id;
  int inquiries = 10;
};

template <class Response>
void Show(Context& context, const Response& response) {
  if (context.format != Format::kTable) return PrintJson(context.out, context.format, response);
  ShowExplanation(context.out, response, context.coloured);
}

void ExplainInquiry(Context& context, const InquiryOptions& options) {
  v1::ExplainInquiryRequest request;
  request.set_inquiry_id(options.id);
  options.listed.Fill(request);
  request.set_workspace(context.Workspace());
  Show(context, Unwrap(context.client().ExplainInquiry(request)));
}

void ExplainAgent(Context& context, const AgentOptions& options) {
  v1::ExplainAgentRequest request;
  request.set_agent_id(options.id);
  request.set_inquiries(options.inquiries);
  request.set_workspace(context.Workspace());
  Show(context, Unwrap(context.client().ExplainAgent(request)));
}

}  // namespace

void ShowDryRun(Context& context, const v1::ExplainSubmitRequest& request) {
  Show(context, Unwrap(context.client().ExplainSubmit(request)));
}

void AddExplainOptions(CLI::App& command, Context& context, ExplainOptions& options) {
  command.add_option("--candidates", options.candidates, "agents listed, 1 to 200")
      ->capture_default_str()
      ->type_name("N")
      ->check(WholeNumber(1, 200));
  Repeatable(IsAgent(context, *command.add_option("--agent", options.agents,
                                                  "list this agent in any case; may be repeated")));
}

void AddExplainCommands(CLI::App& app, Context& context) {
  CLI::App& noun = AddNoun(app, "explain", "why an inquiry is not with an agent",
                           "firstline explain inquiry chat-4711 --agent ann");
  const auto inquiry = std::make_shared<InquiryOptions>();
  CLI::App& of_inquiry = AddVerb(noun, "inquiry", "who may take an inquiry, and why others may not",
                                 "firstline explain inquiry chat-4711\n"
                                 "  firstline explain inquiry chat-4711 --agent ann --candidates 3",
                                 kHow);
  of_inquiry.add_option("id", inquiry->id, "id of the inquiry")->required()->type_name("ID");
  AddExplainOptions(of_inquiry, context, inquiry->listed);
  of_inquiry.callback([&context, inquiry] { ExplainInquiry(context, *inquiry); });

  const auto agent = std::make_shared<AgentOptions>();
  CLI::App& of_agent = AddVerb(noun, "agent", "why the inquiries that wait are not with an agent",
                               "firstline explain agent ann",
                               "Inquiries of one queue that ask the same wait in one line; its first"
                               " one is told. Those\nnearest to the agent come first.");
  IsAgent(context, *of_agent.add_option("id", agent->id, "id of the agent")->required());
  of_agent.add_option("--inquiries", agent->inquiries, "inquiries listed, 1 to 200")
      ->capture_default_str()
      ->type_name("N")
      ->check(WholeNumber(1, 200));
  of_agent.callback([&context, agent] { ExplainAgent(context, *agent); });

  AddExplainSubmit(noun, context);
}

}  // namespace firstline::cli
