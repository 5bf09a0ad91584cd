// firstline inquiry submit, update, transfer: what an inquiry asks for, said by options.
#include <algorithm>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"

namespace firstline::cli {
namespace {

// What it asks of an agent.
struct AskOptions {
  std::vector<std::string> skills, languages, labels;
  bool given() const { return !skills.empty() || !languages.empty() || !labels.empty(); }
};

struct SubmitOptions {
  std::string id, channel, queue, customer;
  AskOptions ask;
  std::vector<std::string> attributes, preferred, excluded;
  int priority = 0, units = 0;
};

struct UpdateOptions {
  SubmitOptions to;
  std::vector<std::string> clear;
  bool priority = false, customer = false;  // said, maybe 0 or empty
};

struct TransferOptions {
  std::string id, queue, preferred;
  AskOptions ask;
};

// What UpdateInquiry may empty, as options call it, and its fields.
const std::vector<std::pair<std::string, std::string>> kClearable = {
    {"requirement", "requirement"},
    {"attributes", "attributes"},
    {"preferred", "preferred_agents"},
    {"customer", "customer"}};

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

void FillRequirement(const AskOptions& options, v1::Requirement& requirement) {
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

void FillAttributes(const std::vector<std::string>& attributes, v1::InquirySpec& spec) {
  for (const std::string& attribute : attributes) {
    const std::pair<std::string, std::string> entry =
        absl::StrSplit(attribute, absl::MaxSplits('=', 1));
    (*spec.mutable_attributes())[entry.first] = entry.second;
  }
}

void FillSpec(const SubmitOptions& options, v1::InquirySpec& spec) {
  spec.set_id(options.id.empty() ? NewId() : options.id);
  spec.set_channel(options.channel);
  spec.set_queue(options.queue);
  spec.set_priority(options.priority);
  spec.set_units(options.units);
  spec.set_customer(options.customer);
  FillRequirement(options.ask, *spec.mutable_requirement());
  FillAttributes(options.attributes, spec);
  for (const std::string& agent : options.preferred) spec.add_preferred_agents(agent);
  for (const std::string& agent : options.excluded) spec.add_excluded_agents(agent);
}

void Submit(Context& context, const SubmitOptions& options) {
  v1::SubmitInquiryRequest request;
  FillSpec(options, *request.mutable_inquiry());
  request.set_workspace(context.Workspace());
  const v1::SubmitInquiryResponse response = Unwrap(context.client().SubmitInquiry(request));
  if (response.receipt().replayed()) context.err << "it was submitted before\n";
  ShowReceipt(context, request.inquiry().id(), response.receipt());
}

void Update(Context& context, const UpdateOptions& options) {
  const SubmitOptions& to = options.to;
  v1::UpdateInquiryRequest request;
  v1::InquirySpec& spec = *request.mutable_inquiry();
  FillSpec(to, spec);
  const auto change = [&request](const std::string& field, bool given) {
    if (given) request.mutable_update_mask()->add_paths(field);
  };
  change("priority", options.priority);
  change("requirement", to.ask.given());
  change("attributes", !to.attributes.empty());
  change("preferred_agents", !to.preferred.empty());
  change("customer", options.customer);
  for (const auto& [word, field] : kClearable) {
    const bool cleared =
        std::find(options.clear.begin(), options.clear.end(), word) != options.clear.end();
    const auto& paths = request.update_mask().paths();
    const bool set = std::find(paths.begin(), paths.end(), field) != paths.end();
    if (cleared && set) {
      throw Failure(ExitCode::kUsage, absl::StrCat("--clear ", word, ": it is set as well"));
    }
    change(field, cleared);
  }
  if (request.update_mask().paths().empty()) {
    throw Failure(ExitCode::kUsage, "nothing to change was said",
                  "`firstline inquiry update --help` shows what can be changed");
  }
  request.set_workspace(context.Workspace());
  ShowReceipt(context, to.id, Unwrap(context.client().UpdateInquiry(request)).receipt());
}

void Transfer(Context& context, const TransferOptions& options) {
  if (options.queue.empty() && options.preferred.empty() && !options.ask.given()) {
    throw Failure(ExitCode::kUsage,
                  "where to? None of --queue, --prefer, --skill, --language and"
                  " --label was said");
  }
  v1::TransferInquiryRequest request;
  request.set_inquiry_id(options.id);
  request.set_queue(options.queue);
  request.set_preferred_agent(options.preferred);
  if (options.ask.given()) FillRequirement(options.ask, *request.mutable_requirement());
  request.set_workspace(context.Workspace());
  ShowReceipt(context, options.id, Unwrap(context.client().TransferInquiry(request)).receipt());
}

void AddAskOptions(CLI::App& command, AskOptions& options) {
  Repeatable(
      *command
           .add_option("--skill", options.skills, "NAME or NAME:LEVEL; may be repeated, all needed")
           ->type_name("SKILL"));
  Repeatable(*command
                  .add_option("--language", options.languages,
                              "NAME or NAME:LEVEL; may be repeated, one suffices, the first is"
                              " preferred")
                  ->type_name("LANGUAGE"));
  Repeatable(*command.add_option("--label", options.labels, "may be repeated, all needed")
                  ->type_name("LABEL"));
}

void AddAttributes(CLI::App& command, std::vector<std::string>& attributes) {
  Repeatable(*command.add_option("--attribute", attributes, "may be repeated")
                  ->type_name("KEY=VALUE")
                  ->check(CLI::Validator(
                      [](std::string& text) -> std::string {
                        return text.find('=') == std::string::npos || text.front() == '='
                                   ? absl::StrCat("'", text, "' is not KEY=VALUE")
                                   : "";
                      },
                      "")));
}

CLI::Option* AddPriority(CLI::App& command, int& priority) {
  return command.add_option("--priority", priority, "0 to 9, 9 is most urgent")
      ->type_name("N")
      ->check(WholeNumber(0, 9));
}

std::shared_ptr<SubmitOptions> AddSubmitOptions(CLI::App& command, Context& context) {
  const auto options = std::make_shared<SubmitOptions>();
  command.add_option("--id", options->id, "unique in the workspace; left out: made up");
  command.add_option("--channel", options->channel, "name of a configured channel")
      ->required()
      ->type_name("CHANNEL");
  IsQueue(context,
          *command.add_option("--queue", options->queue, "left out: the workspace's rules choose it"));
  AddAskOptions(command, options->ask);
  AddPriority(command, options->priority);
  command.add_option("--units", options->units, "capacity it takes; left out: the channel's")
      ->type_name("N")
      ->check(WholeNumber(0, 1'000'000));
  command.add_option("--customer", options->customer, "your reference of the customer");
  AddAttributes(command, options->attributes);
  Repeatable(IsAgent(context, *command.add_option("--prefer", options->preferred,
                                                  "agent tried first; may be repeated")));
  Repeatable(IsAgent(context, *command.add_option("--exclude", options->excluded,
                                                  "agent that never gets it; may be repeated")));
  return options;
}

void AddSubmit(CLI::App& noun, Context& context) {
  CLI::App& command = AddVerb(
      noun, "submit", "submit an inquiry and say who gets it",
      "firstline inquiry submit --channel chat --queue billing --skill refunds:3 --language de");
  const auto options = AddSubmitOptions(command, context);
  command.callback([&context, options] { Submit(context, *options); });
}

void AddUpdate(CLI::App& noun, Context& context) {
  CLI::App& command = AddVerb(
      noun, "update", "change what an open inquiry asks for",
      "firstline inquiry update chat-4711 --priority 7 --skill refunds:5\n"
      "  firstline inquiry update chat-4711 --clear requirement",
      "One that waits or is offered is queued anew with its age. Skills, languages and labels "
      "said\n"
      "here replace all that were asked for together; so do attributes, and preferred agents.");
  const auto options = std::make_shared<UpdateOptions>();
  SubmitOptions& to = options->to;
  command.add_option("id", to.id, "id of the inquiry")->required()->type_name("ID");
  const CLI::Option* priority = AddPriority(command, to.priority);
  AddAskOptions(command, to.ask);
  const CLI::Option* customer =
      command.add_option("--customer", to.customer, "your reference of the customer");
  AddAttributes(command, to.attributes);
  Repeatable(IsAgent(context, *command.add_option("--prefer", to.preferred,
                                                  "agent tried first; may be repeated")));
  std::vector<std::string> clearable;
  for (const auto& [word, field] : kClearable) clearable.push_back(word);
  Repeatable(OneOf(context,
                   *command.add_option("--clear", options->clear, "empty it; may be repeated"),
                   "part of an inquiry", clearable));
  command.callback([&context, options, priority, customer] {
    options->priority = priority->count() > 0;
    options->customer = customer->count() > 0;
    Update(context, *options);
  });
}

void AddTransfer(CLI::App& noun, Context& context) {
  CLI::App& command =
      AddVerb(noun, "transfer", "put an open inquiry back to waiting elsewhere, with its age",
              "firstline inquiry transfer chat-4711 --queue technical --prefer ben",
              "At least one of the options is needed. What it asked for is replaced if any skill, "
              "language or\n"
              "label is said.");
  const auto options = std::make_shared<TransferOptions>();
  command.add_option("id", options->id, "id of the inquiry")->required()->type_name("ID");
  IsQueue(context,
          *command.add_option("--queue", options->queue, "where to; left out: the same queue"));
  AddAskOptions(command, options->ask);
  IsAgent(context, *command.add_option("--prefer", options->preferred, "agent tried first"));
  command.callback([&context, options] { Transfer(context, *options); });
}

void DryRun(Context& context, const SubmitOptions& options, const ExplainOptions& listed) {
  v1::ExplainSubmitRequest request;
  FillSpec(options, *request.mutable_inquiry());
  request.mutable_inquiry()->set_id(options.id);
  listed.Fill(request);
  request.set_workspace(context.Workspace());
  ShowDryRun(context, request);
}

}  // namespace

void AddExplainSubmit(CLI::App& noun, Context& context) {
  CLI::App& command = AddVerb(
      noun, "submit", "what `inquiry submit` would lead to; nothing is submitted (a dry run)",
      "firstline explain submit --channel chat --queue billing --skill refunds:3 --language de",
      "Who would get it on the state as it is now, or why nobody would. What would be refused is\n"
      "refused with the same error.");
  const auto options = AddSubmitOptions(command, context);
  const auto listed = std::make_shared<ExplainOptions>();
  AddExplainOptions(command, context, *listed);
  command.callback([&context, options, listed] { DryRun(context, *options, *listed); });
}

void AddInquiryChanges(CLI::App& noun, Context& context) {
  AddSubmit(noun, context);
  AddUpdate(noun, context);
  AddTransfer(noun, context);
}

}  // namespace firstline::cli
