// firstline inquiry: look at inquiries and end them by hand.
#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "services/cli/commands/commands.h"
#include "services/cli/explain_text.h"
#include "services/cli/failure.h"

namespace firstline::cli {
namespace {


struct InquiryListOptions {
  std::vector<std::string> states;
  std::string queue, agent;
  int limit = 100;
};

struct EndOptions {
  std::string id, agent;
  std::string resolution = "resolved", reason = "withdrawn";
};

void ShowTable(Context& context, const v1::ListInquiriesResponse& list) {
  Table table({"id", "state", "queue", "channel", "priority", "agent", "created"});
  for (const v1::Inquiry& inquiry : list.inquiries()) {
    table.Add({inquiry.spec().id(), ShortName(*v1::InquiryState_descriptor(), inquiry.state()),
               inquiry.spec().queue(), inquiry.spec().channel(),
               absl::StrCat(inquiry.spec().priority()), inquiry.agent_id(),
               Text(inquiry.create_time())});
  }
  table.Print(context.out, context.coloured);
}

void Get(Context& context, const std::string& id) {
  v1::GetInquiryRequest request;
  request.set_workspace(context.Workspace());
  request.set_inquiry_id(id);
  const v1::GetInquiryResponse response = Unwrap(context.client().GetInquiry(request));
  if (context.format != Format::kTable) {
    return PrintJson(context.out, context.format, response.inquiry());
  }
  v1::ListInquiriesResponse list;
  *list.add_inquiries() = response.inquiry();
  ShowTable(context, list);
  const std::string prospect = ProspectText(response.inquiry(), "");
  if (!prospect.empty()) context.out << prospect << "\n";
}

void ListInquiries(Context& context, const InquiryListOptions& options) {
  v1::ListInquiriesRequest request;
  request.set_queue(options.queue);
  request.set_agent_id(options.agent);
  ParseEnums<v1::InquiryState>("state of an inquiry", options.states, request.mutable_states());
  request.set_workspace(context.Workspace());
  v1::ListInquiriesResponse all;
  do {
    request.set_page_size(std::min(options.limit - all.inquiries_size(), kPageMax));
    const v1::ListInquiriesResponse page = Unwrap(context.client().ListInquiries(request));
    all.mutable_inquiries()->MergeFrom(page.inquiries());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && all.inquiries_size() < options.limit);
  if (!request.page_token().empty()) {
    context.err << "there are more than these " << all.inquiries_size() << "; --limit shows more\n";
  }
  if (context.format == Format::kTable) return ShowTable(context, all);
  PrintJsonList(context.out, context.format, all, all.inquiries());
}

void Close(Context& context, const EndOptions& options) {
  v1::CloseInquiryRequest request;
  request.set_inquiry_id(options.id);
  request.set_agent_id(options.agent);
  request.set_resolution(static_cast<v1::Resolution>(
      ParseEnum(*v1::Resolution_descriptor(), "resolution", options.resolution)));
  request.set_workspace(context.Workspace());
  ShowReceipt(context, options.id, Unwrap(context.client().CloseInquiry(request)).receipt());
}

void Cancel(Context& context, const EndOptions& options) {
  v1::CancelInquiryRequest request;
  request.set_inquiry_id(options.id);
  request.set_reason(static_cast<v1::CancelReason>(
      ParseEnum(*v1::CancelReason_descriptor(), "reason to cancel", options.reason)));
  request.set_workspace(context.Workspace());
  ShowReceipt(context, options.id, Unwrap(context.client().CancelInquiry(request)).receipt());
}

}  // namespace

void ShowReceipt(Context& context, const std::string& id, const v1::Receipt& receipt) {
  if (context.format != Format::kTable) return PrintJson(context.out, context.format, receipt);
  Table table({"id", "state", "agent", "offer", "cursor"});
  table.Add({id, ShortName(*v1::InquiryState_descriptor(), receipt.inquiry_state()),
             receipt.agent_id(), receipt.offer_id(), receipt.event_cursor()});
  table.Print(context.out, context.coloured);
}

void AddInquiryCommands(CLI::App& app, Context& context) {
  CLI::App& noun = AddNoun(app, "inquiry", "customers' requests for help",
                           "firstline inquiry submit --channel chat --queue billing");
  AddInquiryChanges(noun, context);
  AddInquiryAssignments(noun, context);
  AddInquiryTalk(noun, context);

  const auto id = std::make_shared<std::string>();
  CLI::App& get =
      AddVerb(noun, "get", "show one inquiry", "firstline inquiry get chat-4711 -o json");
  get.add_option("id", *id, "id of the inquiry")->required()->type_name("ID");
  get.callback([&context, id] { Get(context, *id); });

  const auto list_options = std::make_shared<InquiryListOptions>();
  CLI::App& list = AddVerb(noun, "list", "list inquiries, open and retained",
                           "firstline inquiry list --state waiting --queue billing");
  Repeatable(
      OneOf(context,
            *list.add_option("--state", list_options->states, "only this state; may be repeated"),
            "state of an inquiry", *v1::InquiryState_descriptor()));
  IsQueue(context, *list.add_option("--queue", list_options->queue, "only this queue"));
  IsAgent(context, *list.add_option("--agent", list_options->agent, "only those of this agent"));
  list.add_option("--limit", list_options->limit, "at most this many")
      ->capture_default_str()
      ->type_name("N")
      ->check(WholeNumber(1, 1'000'000'000));
  list.callback([&context, list_options] { ListInquiries(context, *list_options); });

  AddInquiryHistory(noun, context);

  const auto end = std::make_shared<EndOptions>();
  CLI::App& close = AddVerb(noun, "close", "end an inquiry that was dealt with",
                            "firstline inquiry close chat-4711 --resolution resolved --agent ann");
  close.add_option("id", end->id, "id of the inquiry")->required()->type_name("ID");
  OneOf(context,
        *close.add_option("--resolution", end->resolution, "how it ended")->capture_default_str(),
        "resolution", *v1::Resolution_descriptor());
  IsAgent(context, *close.add_option("--agent", end->agent, "refuse unless this agent has it"));
  close.callback([&context, end] { Close(context, *end); });

  CLI::App& cancel = AddVerb(noun, "cancel", "end an inquiry that needs no answer any more",
                             "firstline inquiry cancel chat-4711 --reason abandoned");
  cancel.add_option("id", end->id, "id of the inquiry")->required()->type_name("ID");
  OneOf(context, *cancel.add_option("--reason", end->reason, "why")->capture_default_str(),
        "reason to cancel", *v1::CancelReason_descriptor());
  cancel.callback([&context, end] { Cancel(context, *end); });
}

}  // namespace firstline::cli
