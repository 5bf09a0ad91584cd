// firstline inquiry: submit, follow and end inquiries by hand.
#include <algorithm>
#include <memory>
#include <random>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"

namespace firstline::cli {
namespace {

constexpr int kPageMax = 1000;

struct SubmitOptions {
  std::string id, channel, queue, customer;
  std::vector<std::string> skills, languages, labels, attributes, preferred, excluded;
  int priority = 0, units = 0;
};

struct ListOptions {
  std::vector<std::string> states;
  std::string queue, agent;
  int limit = 100;
};

struct EndOptions {
  std::string id, agent;
  std::string resolution = "resolved", reason = "withdrawn";
};

// "sales:5" is a name and a level; without one the level is 1.
std::pair<std::string, int> ParseLevel(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return {text, 1};
  int level = 0;
  if (!absl::SimpleAtoi(text.substr(colon + 1), &level) || level < 1 || level > 10) {
    throw Failure(ExitCode::kUsage, absl::StrCat("'", text, "': the level is not 1 to 10"),
                  "write NAME or NAME:LEVEL, such as billing:5");
  }
  return {text.substr(0, colon), level};
}

// Not to be guessed and not to be met again; nothing else depends on it.
std::string NewId() {
  std::random_device random;
  return absl::StrFormat("cli-%08x%08x", random(), random());
}

void FillRequirement(const SubmitOptions& options, v1::Requirement& requirement) {
  for (const std::string& text : options.skills) {
    const auto [name, level] = ParseLevel(text);
    v1::SkillRequirement& skill = *requirement.add_skills();
    skill.set_skill(name);
    skill.set_min_level(level);
  }
  for (const std::string& text : options.languages) {
    const auto [name, level] = ParseLevel(text);
    v1::LanguageRequirement& language = *requirement.add_languages();
    language.set_language(name);
    language.set_min_level(level);
  }
  for (const std::string& label : options.labels) requirement.add_labels(label);
}

void FillSpec(const SubmitOptions& options, v1::InquirySpec& spec) {
  spec.set_id(options.id.empty() ? NewId() : options.id);
  spec.set_channel(options.channel);
  spec.set_queue(options.queue);
  spec.set_priority(options.priority);
  spec.set_units(options.units);
  spec.set_customer(options.customer);
  FillRequirement(options, *spec.mutable_requirement());
  for (const std::string& attribute : options.attributes) {
    const std::pair<std::string, std::string> entry =
        absl::StrSplit(attribute, absl::MaxSplits('=', 1));
    (*spec.mutable_attributes())[entry.first] = entry.second;
  }
  for (const std::string& agent : options.preferred) spec.add_preferred_agents(agent);
  for (const std::string& agent : options.excluded) spec.add_excluded_agents(agent);
}

void ShowReceipt(Context& context, const std::string& id, const v1::Receipt& receipt) {
  if (context.format == Format::kJson) {
    context.out << ToJson(receipt, true) << "\n";
    return;
  }
  Table table({"id", "state", "agent", "offer", "cursor"});
  table.Add({id, ShortName(*v1::InquiryState_descriptor(), receipt.inquiry_state()),
             receipt.agent_id(), receipt.offer_id(), receipt.event_cursor()});
  table.Print(context.out);
}

void Submit(Context& context, const SubmitOptions& options) {
  v1::SubmitInquiryRequest request;
  FillSpec(options, *request.mutable_inquiry());
  request.set_workspace(context.Workspace());
  const v1::SubmitInquiryResponse response = Unwrap(context.client().SubmitInquiry(request));
  if (response.receipt().replayed()) context.err << "it was submitted before\n";
  ShowReceipt(context, request.inquiry().id(), response.receipt());
}

void ShowInquiries(Context& context, const v1::ListInquiriesResponse& list) {
  if (context.format == Format::kJson) {
    context.out << ToJson(list, true) << "\n";
    return;
  }
  Table table({"id", "state", "queue", "channel", "priority", "agent", "created"});
  for (const v1::Inquiry& inquiry : list.inquiries()) {
    table.Add({inquiry.spec().id(), ShortName(*v1::InquiryState_descriptor(), inquiry.state()),
               inquiry.spec().queue(), inquiry.spec().channel(),
               absl::StrCat(inquiry.spec().priority()), inquiry.agent_id(),
               Text(inquiry.create_time())});
  }
  table.Print(context.out);
}

void Get(Context& context, const std::string& id) {
  v1::GetInquiryRequest request;
  request.set_workspace(context.Workspace());
  request.set_inquiry_id(id);
  const v1::GetInquiryResponse response = Unwrap(context.client().GetInquiry(request));
  if (context.format == Format::kJson) {
    context.out << ToJson(response.inquiry(), true) << "\n";
    return;
  }
  v1::ListInquiriesResponse list;
  *list.add_inquiries() = response.inquiry();
  ShowInquiries(context, list);
}

void List(Context& context, const ListOptions& options) {
  v1::ListInquiriesRequest request;
  request.set_queue(options.queue);
  request.set_agent_id(options.agent);
  for (const std::string& state : options.states) {
    request.add_states(static_cast<v1::InquiryState>(
        ParseEnum(*v1::InquiryState_descriptor(), "state of an inquiry", state)));
  }
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
  ShowInquiries(context, all);
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

void AddSubmit(CLI::App& noun, Context& context) {
  CLI::App& command = AddVerb(
      noun, "submit", "submit an inquiry and say who gets it",
      "firstline inquiry submit --channel chat --queue billing --skill refunds:3 --language de");
  const auto options = std::make_shared<SubmitOptions>();
  command.add_option("--id", options->id, "unique in the workspace; left out: made up");
  command.add_option("--channel", options->channel, "name of a configured channel")->required();
  command.add_option("--queue", options->queue, "name of a configured queue")->required();
  command.add_option("--skill", options->skills, "NAME or NAME:LEVEL; may be repeated, all needed");
  command.add_option("--language", options->languages,
                     "NAME or NAME:LEVEL; may be repeated, one suffices, the first is preferred");
  command.add_option("--label", options->labels, "may be repeated, all needed");
  command.add_option("--priority", options->priority, "0 to 9, 9 is most urgent")
      ->check(CLI::Range(0, 9));
  command.add_option("--units", options->units, "capacity it takes; left out: the channel's");
  command.add_option("--customer", options->customer, "your reference of the customer");
  command.add_option("--attribute", options->attributes, "KEY=VALUE; may be repeated");
  command.add_option("--prefer", options->preferred, "agent tried first; may be repeated");
  command.add_option("--exclude", options->excluded, "agent that never gets it; may be repeated");
  command.callback([&context, options] { Submit(context, *options); });
}

}  // namespace

void AddInquiryCommands(CLI::App& app, Context& context) {
  CLI::App& noun = AddNoun(app, "inquiry", "customers' requests for help");
  AddSubmit(noun, context);

  const auto id = std::make_shared<std::string>();
  CLI::App& get = AddVerb(noun, "get", "show one inquiry", "firstline inquiry get chat-4711 -o json");
  get.add_option("id", *id, "id of the inquiry")->required();
  get.callback([&context, id] { Get(context, *id); });

  const auto list_options = std::make_shared<ListOptions>();
  CLI::App& list = AddVerb(noun, "list", "list inquiries, open and retained",
                           "firstline inquiry list --state waiting --queue billing");
  list.add_option("--state", list_options->states,
                  "waiting, offered, assigned, parked, closed, cancelled; may be repeated");
  list.add_option("--queue", list_options->queue, "only this queue");
  list.add_option("--agent", list_options->agent, "only those of this agent");
  list.add_option("--limit", list_options->limit, "at most this many")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  list.callback([&context, list_options] { List(context, *list_options); });

  const auto end = std::make_shared<EndOptions>();
  CLI::App& close = AddVerb(noun, "close", "end an inquiry that was dealt with",
                            "firstline inquiry close chat-4711 --resolution resolved --agent ann");
  close.add_option("id", end->id, "id of the inquiry")->required();
  close.add_option("--resolution", end->resolution,
                   "resolved, unresolved, spam, no-reply-needed, other")
      ->capture_default_str();
  close.add_option("--agent", end->agent, "refuse unless this agent has it");
  close.callback([&context, end] { Close(context, *end); });

  CLI::App& cancel = AddVerb(noun, "cancel", "end an inquiry that needs no answer any more",
                             "firstline inquiry cancel chat-4711 --reason abandoned");
  cancel.add_option("id", end->id, "id of the inquiry")->required();
  cancel.add_option("--reason", end->reason, "abandoned, withdrawn, duplicate, other")
      ->capture_default_str();
  cancel.callback([&context, end] { Cancel(context, *end); });
}

}  // namespace firstline::cli
