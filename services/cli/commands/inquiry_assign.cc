// firstline inquiry claim, assign, reopen: who has an inquiry, said by people.
#include <memory>

#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"

namespace firstline::cli {
namespace {

struct ClaimOptions {
  std::string id, agent;
};

struct AssignOptions {
  std::string id, agent, reason;
  std::vector<std::string> overrides;
  bool with_offer = false;
};

void Claim(Context& context, const ClaimOptions& options) {
  v1::ClaimInquiryRequest request;
  request.set_workspace(context.Workspace());
  request.set_inquiry_id(options.id);
  request.set_agent_id(options.agent);
  ShowReceipt(context, options.id, Unwrap(context.client().ClaimInquiry(request)).receipt());
}

void Assign(Context& context, const AssignOptions& options) {
  v1::AssignInquiryRequest request;
  ParseEnums<v1::AssignmentOverride>("thing to set aside", options.overrides,
                                     request.mutable_overrides());
  request.set_workspace(context.Workspace());
  request.set_inquiry_id(options.id);
  request.set_agent_id(options.agent);
  request.set_with_offer(options.with_offer);
  request.set_reason(options.reason);
  ShowReceipt(context, options.id, Unwrap(context.client().AssignInquiry(request)).receipt());
}

void Reopen(Context& context, const ClaimOptions& options) {
  v1::ReopenInquiryRequest request;
  request.set_workspace(context.Workspace());
  request.set_inquiry_id(options.id);
  request.set_agent_id(options.agent);
  ShowReceipt(context, options.id, Unwrap(context.client().ReopenInquiry(request)).receipt());
}

void AddClaim(CLI::App& noun, Context& context) {
  CLI::App& command = AddVerb(noun, "claim", "let an agent take a waiting inquiry out of the order",
                              "firstline inquiry claim chat-4711 ann",
                              "The inquiry's queue must allow it; gates and requirements count.");
  const auto options = std::make_shared<ClaimOptions>();
  command.add_option("id", options->id, "id of the inquiry")->required()->type_name("ID");
  IsAgent(context, *command.add_option("agent", options->agent, "who takes it")->required());
  command.callback([&context, options] { Claim(context, *options); });
}

void AddAssign(CLI::App& noun, Context& context) {
  CLI::App& command = AddVerb(
      noun, "assign", "give an open inquiry to an agent, from whoever has it",
      "firstline inquiry assign chat-4711 ann --reason 'asked for by name' --override presence",
      "What stands in the way refuses it, unless it is set aside by name. The reason is recorded.");
  const auto options = std::make_shared<AssignOptions>();
  command.add_option("id", options->id, "id of the inquiry")->required()->type_name("ID");
  IsAgent(context, *command.add_option("agent", options->agent, "who gets it")->required());
  command.add_option("--reason", options->reason, "why")->required()->type_name("TEXT");
  command.add_flag("--offer", options->with_offer, "the agent may decline");
  Repeatable(OneOf(context,
                   *command.add_option("--override", options->overrides,
                                       "what does not count; may be repeated"),
                   "thing to set aside", ShortNames(*v1::AssignmentOverride_descriptor())));
  command.callback([&context, options] { Assign(context, *options); });
}

void AddReopen(CLI::App& noun, Context& context) {
  CLI::App& command = AddVerb(noun, "reopen", "open a closed inquiry again",
                              "firstline inquiry reopen chat-4711",
                              "It waits for the agent who had it last, as its queue says.");
  const auto options = std::make_shared<ClaimOptions>();
  command.add_option("id", options->id, "id of the inquiry")->required()->type_name("ID");
  IsAgent(context, *command.add_option("--prefer", options->agent,
                                       "agent tried first; left out: who had it last"));
  command.callback([&context, options] { Reopen(context, *options); });
}

}  // namespace

void AddInquiryAssignments(CLI::App& noun, Context& context) {
  AddClaim(noun, context);
  AddAssign(noun, context);
  AddReopen(noun, context);
}

}  // namespace firstline::cli
