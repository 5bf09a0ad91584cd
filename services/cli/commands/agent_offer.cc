// firstline agent accept, decline, finish: an agent's part of an inquiry's life, a command each.
// `firstline agent work` does the same in one go, with a session that vouches for the agent.
#include <chrono>
#include <memory>

#include <google/protobuf/util/time_util.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"

namespace firstline::cli {
namespace {

using google::protobuf::util::TimeUtil;

struct OfferOptions {
  std::string agent, which;
  std::chrono::nanoseconds retry_after{0};
  std::chrono::nanoseconds by = std::chrono::minutes(1);
};

// What the agent holds as `kind` under the id of an inquiry or offer; without an id all there is,
// if that is one. What it does not hold is left to the router, which knows whether that is a
// repetition.
v1::AgentWork Pick(Context& context, const OfferOptions& options, v1::AgentWork::Kind kind,
                   const std::string& what) {
  v1::GetAgentRequest request;
  request.set_workspace(context.Workspace());
  request.set_agent_id(options.agent);
  const v1::GetAgentResponse response = Unwrap(context.client().GetAgent(request));
  std::vector<v1::AgentWork> fits;
  std::vector<std::string> ids;
  for (const v1::AgentWork& work : response.agent().work()) {
    if (work.kind() != kind) continue;
    if (work.inquiry_id() == options.which || work.offer_id() == options.which) return work;
    fits.push_back(work);
    ids.push_back(work.inquiry_id());
  }
  if (!options.which.empty()) {
    v1::AgentWork named;
    named.set_inquiry_id(options.which);
    named.set_offer_id(options.which);
    return named;
  }
  if (fits.size() == 1) return fits.front();
  if (fits.empty()) {
    throw Failure(ExitCode::kRefused, absl::StrCat(options.agent, " has no ", what),
                  "`firstline agent watch` shows who has what");
  }
  throw Failure(ExitCode::kUsage, absl::StrCat("which ", what, "? ", options.agent, " has ",
                                               absl::StrJoin(ids, ", ")));
}

void Accept(Context& context, const OfferOptions& options) {
  const v1::AgentWork offer = Pick(context, options, v1::AgentWork::KIND_OFFER, "offer");
  v1::AcceptOfferRequest request;
  request.set_workspace(context.Workspace());
  request.set_agent_id(options.agent);
  request.set_offer_id(offer.offer_id());
  ShowReceipt(context, offer.inquiry_id(),
              Unwrap(context.client().AcceptOffer(request)).receipt());
}

void Decline(Context& context, const OfferOptions& options) {
  const v1::AgentWork offer = Pick(context, options, v1::AgentWork::KIND_OFFER, "offer");
  v1::DeclineOfferRequest request;
  request.set_workspace(context.Workspace());
  request.set_agent_id(options.agent);
  request.set_offer_id(offer.offer_id());
  *request.mutable_retry_after() = TimeUtil::NanosecondsToDuration(options.retry_after.count());
  ShowReceipt(context, offer.inquiry_id(),
              Unwrap(context.client().DeclineOffer(request)).receipt());
}

void Finish(Context& context, const OfferOptions& options) {
  const v1::AgentWork work = Pick(context, options, v1::AgentWork::KIND_WRAP_UP, "wrap-up");
  v1::FinishWrapUpRequest request;
  request.set_workspace(context.Workspace());
  request.set_agent_id(options.agent);
  request.set_inquiry_id(work.inquiry_id());
  ShowReceipt(context, work.inquiry_id(),
              Unwrap(context.client().FinishWrapUp(request)).receipt());
}

void Extend(Context& context, const OfferOptions& options) {
  const v1::AgentWork work = Pick(context, options, v1::AgentWork::KIND_WRAP_UP, "wrap-up");
  v1::ExtendWrapUpRequest request;
  request.set_workspace(context.Workspace());
  request.set_request_id(NewId());
  request.set_agent_id(options.agent);
  request.set_inquiry_id(work.inquiry_id());
  *request.mutable_by() = TimeUtil::NanosecondsToDuration(options.by.count());
  ShowReceipt(context, work.inquiry_id(),
              Unwrap(context.client().ExtendWrapUp(request)).receipt());
}

void AddWho(CLI::App& command, Context& context, OfferOptions& options, const std::string& which) {
  IsAgent(context, *command.add_option("id", options.agent, "id of the agent")->required());
  command.add_option("inquiry", options.which, which)->type_name("INQUIRY");
}

}  // namespace

void AddAgentOffers(CLI::App& noun, Context& context) {
  const auto options = std::make_shared<OfferOptions>();
  const std::string which = "id of the inquiry or the offer; left out: the only one";
  CLI::App& accept = AddVerb(noun, "accept", "take what an agent is offered",
                             "firstline agent accept ann\n  firstline agent accept ann chat-4711");
  AddWho(accept, context, *options, which);
  accept.callback([&context, options] { Accept(context, *options); });

  CLI::App& decline = AddVerb(noun, "decline", "refuse what an agent is offered",
                              "firstline agent decline ann chat-4711 --retry-after 5m",
                              "The inquiry goes back to its place.");
  AddWho(decline, context, *options, which);
  AddDuration(decline, "--retry-after", options->retry_after,
              "how long the agent is not offered it again; 0s: never again");
  decline.callback([&context, options] { Decline(context, *options); });

  CLI::App& finish = AddVerb(noun, "finish", "end an agent's wrap-up before its time",
                             "firstline agent finish ann chat-4711");
  AddWho(finish, context, *options, "id of the inquiry; left out: the only one in wrap-up");
  finish.callback([&context, options] { Finish(context, *options); });

  CLI::App& extend = AddVerb(noun, "extend", "make an agent's wrap-up longer",
                             "firstline agent extend ann chat-4711 --by 2m",
                             "As far as the inquiry's queue allows.");
  AddWho(extend, context, *options, "id of the inquiry; left out: the only one in wrap-up");
  AddDuration(extend, "--by", options->by, "how much longer");
  extend.callback([&context, options] { Extend(context, *options); });
}

}  // namespace firstline::cli
