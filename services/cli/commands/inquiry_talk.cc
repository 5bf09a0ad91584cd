// firstline inquiry message, park, resume, feedback: what customer and agent do once they talk.
#include <memory>

#include "absl/strings/str_cat.h"
#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"

namespace firstline::cli {
namespace {

struct MessageOptions {
  std::string inquiry, author, agent, id;
};

struct FeedbackOptions {
  std::string inquiry, resolved;
  int score = 0;
};

// Who has the inquiry now; empty if nobody has.
std::string HolderOf(Context& context, const std::string& inquiry) {
  v1::GetInquiryRequest request;
  request.set_workspace(context.Workspace());
  request.set_inquiry_id(inquiry);
  return Unwrap(context.client().GetInquiry(request)).inquiry().agent_id();
}

void Message(Context& context, const MessageOptions& options) {
  v1::RecordMessageRequest request;
  request.set_workspace(context.Workspace());
  request.set_inquiry_id(options.inquiry);
  request.set_message_id(options.id.empty() ? NewId() : options.id);
  request.set_author(
      static_cast<v1::Author>(ParseEnum(*v1::Author_descriptor(), "author", options.author)));
  request.set_agent_id(options.agent);
  if (request.author() == v1::AUTHOR_AGENT && options.agent.empty()) {
    request.set_agent_id(HolderOf(context, options.inquiry));
    if (request.agent_id().empty()) {
      throw Failure(ExitCode::kRefused, absl::StrCat("no agent has ", options.inquiry),
                    "`firstline agent accept` takes an offer");
    }
  }
  ShowReceipt(context, options.inquiry, Unwrap(context.client().RecordMessage(request)).receipt());
}

void Park(Context& context, const std::string& inquiry) {
  v1::ParkInquiryRequest request;
  request.set_workspace(context.Workspace());
  request.set_inquiry_id(inquiry);
  ShowReceipt(context, inquiry, Unwrap(context.client().ParkInquiry(request)).receipt());
}

void Resume(Context& context, const std::string& inquiry) {
  v1::ResumeInquiryRequest request;
  request.set_workspace(context.Workspace());
  request.set_inquiry_id(inquiry);
  ShowReceipt(context, inquiry, Unwrap(context.client().ResumeInquiry(request)).receipt());
}

void GiveFeedback(Context& context, const FeedbackOptions& options) {
  v1::RecordFeedbackRequest request;
  request.set_workspace(context.Workspace());
  request.set_inquiry_id(options.inquiry);
  request.mutable_feedback()->set_csat(options.score);
  if (!options.resolved.empty()) {
    request.mutable_feedback()->set_resolved(options.resolved == "yes");
  }
  ShowReceipt(context, options.inquiry, Unwrap(context.client().RecordFeedback(request)).receipt());
}

void AddInquiryId(CLI::App& command, std::string& id) {
  command.add_option("id", id, "id of the inquiry")->required()->type_name("ID");
}

void AddMessage(CLI::App& noun, Context& context) {
  CLI::App& command =
      AddVerb(noun, "message", "say that a customer, an agent or a bot wrote a message",
              "firstline inquiry message chat-4711 --author customer\n"
              "  firstline inquiry message chat-4711 --author agent",
              "The first of an agent ends the first response clocks; one of the customer brings a "
              "parked inquiry\n"
              "back. Its text stays with your platform: a router has no use for it.");
  const auto options = std::make_shared<MessageOptions>();
  AddInquiryId(command, options->inquiry);
  OneOf(context, *command.add_option("--author", options->author, "who wrote it")->required(),
        "author", *v1::Author_descriptor());
  IsAgent(context, *command.add_option("--agent", options->agent,
                                       "which agent; left out: the one that has it"));
  command
      .add_option("--message-id", options->id,
                  "unique in the inquiry: said again, it counts once; left out: made up")
      ->type_name("ID");
  command.callback([&context, options] { Message(context, *options); });
}

void AddFeedback(CLI::App& noun, Context& context) {
  CLI::App& command = AddVerb(noun, "feedback", "keep what the customer thought of it",
                              "firstline inquiry feedback chat-4711 --score 5 --resolved yes",
                              "Once, of an inquiry that has ended.");
  const auto options = std::make_shared<FeedbackOptions>();
  AddInquiryId(command, options->inquiry);
  command.add_option("--score", options->score, "1 (worst) to 5 (best)")
      ->required()
      ->type_name("N")
      ->check(WholeNumber(1, 5));
  OneOf(context,
        *command.add_option("--resolved", options->resolved,
                            "whether the request was met; left out: not said"),
        "answer", {"yes", "no"});
  command.callback([&context, options] { GiveFeedback(context, *options); });
}

}  // namespace

void AddInquiryTalk(CLI::App& noun, Context& context) {
  AddMessage(noun, context);
  const auto id = std::make_shared<std::string>();
  CLI::App& park = AddVerb(noun, "park", "free the agent while the customer is silent",
                           "firstline inquiry park chat-4711", "On messaging channels only.");
  AddInquiryId(park, *id);
  park.callback([&context, id] { Park(context, *id); });
  CLI::App& resume = AddVerb(noun, "resume", "bring a parked inquiry back to its agent",
                             "firstline inquiry resume chat-4711",
                             "To the front of its queue if the agent cannot take it now.");
  AddInquiryId(resume, *id);
  resume.callback([&context, id] { Resume(context, *id); });
  AddFeedback(noun, context);
}

}  // namespace firstline::cli
