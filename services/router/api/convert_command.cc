#include "services/router/api/convert_command.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "services/router/api/convert_common.h"
#include "services/router/api/convert_config.h"
#include "services/router/api/fields.h"
#include "services/router/api/limits.h"

namespace firstline::api {
namespace {

const Path kRoot;

// What every mutation has.
template <class Request>
engine::Command Begin(const Request& request, Fields& fields) {
  engine::Command command;
  fields.Workspace(kRoot / "workspace", request.workspace());
  fields.OptionalToken(kRoot / "request_id", request.request_id());
  command.request_id = request.request_id();
  if (request.has_when()) command.when = ReadTime(request.when(), kRoot / "when", fields);
  return command;
}

absl::StatusOr<engine::Command> End(engine::Command command, engine::Body body,
                                    const Fields& fields) {
  if (!fields.ok()) return fields.Error();
  command.body = std::move(body);
  return command;
}

std::string ReadInquiryId(const std::string& id, Fields& fields) {
  fields.Id(kRoot / "inquiry_id", id);
  return id;
}

engine::Attributes ReadAttributes(const v1::InquirySpec& spec, const Path& path, Fields& fields) {
  engine::Attributes attributes;
  if (!fields.AtMost(path, spec.attributes().size(), engine::limits::kAttributesMax)) return {};
  size_t bytes = 0;
  for (const auto& [key, value] : spec.attributes()) {
    fields.Name(path, key);
    if (value.find('\0') != std::string::npos) fields.Fail(path, "values must not contain NUL");
    bytes += key.size() + value.size();
  }
  if (bytes > engine::limits::kAttributesBytesMax) {
    fields.Fail(path, "keys and values take more than 8192 bytes");
    return {};
  }
  attributes.assign(spec.attributes().begin(), spec.attributes().end());
  std::sort(attributes.begin(), attributes.end());
  return attributes;
}

std::vector<std::string> ReadAgents(const google::protobuf::RepeatedPtrField<std::string>& ids,
                                    size_t max, const Path& path, Fields& fields) {
  if (!fields.AtMost(path, static_cast<size_t>(ids.size()), max)) return {};
  std::set<std::string_view> seen;
  for (int i = 0; i < ids.size(); ++i) {
    fields.Id(Path(path, i), ids[i]);
    if (!seen.insert(ids[i]).second) fields.Fail(Path(path, i), "is named twice");
  }
  return {ids.begin(), ids.end()};
}

int ReadPriority(const v1::InquirySpec& spec, const Path& path, Fields& fields) {
  fields.Range(path, spec.priority(), 0, engine::limits::kPriorityMax);
  return spec.priority();
}

std::string ReadCustomer(const v1::InquirySpec& spec, const Path& path, Fields& fields) {
  fields.Bytes(path, spec.customer(), engine::limits::kCustomerBytesMax);
  return spec.customer();
}

// Sets what `mask_path` names; false for a path that cannot be updated.
bool ReadUpdate(const v1::InquirySpec& spec, std::string_view mask_path, const Path& root,
                engine::Update& update, Fields& fields) {
  if (mask_path == "priority") {
    update.priority = ReadPriority(spec, root / "priority", fields);
  } else if (mask_path == "requirement") {
    update.requirement = ReadRequirement(spec.requirement(), root / "requirement", fields);
  } else if (mask_path == "attributes") {
    update.attributes = ReadAttributes(spec, root / "attributes", fields);
  } else if (mask_path == "customer") {
    update.customer = ReadCustomer(spec, root / "customer", fields);
  } else if (mask_path == "preferred_agents") {
    update.preferred_agents = ReadAgents(spec.preferred_agents(), engine::limits::kPreferredMax,
                                         root / "preferred_agents", fields);
  } else {
    return false;
  }
  return true;
}

std::vector<std::string> ReadNames(const google::protobuf::RepeatedPtrField<std::string>& names,
                                   size_t max, const Path& path, Fields& fields) {
  if (!fields.AtMost(path, static_cast<size_t>(names.size()), max)) return {};
  for (int i = 0; i < names.size(); ++i) fields.Name(Path(path, i), names[i]);
  return {names.begin(), names.end()};
}

}  // namespace

absl::StatusOr<engine::Command> ToCommand(const v1::SubmitInquiryRequest& request) {
  Fields fields;
  engine::Command command = Begin(request, fields);
  const v1::InquirySpec& spec = request.inquiry();
  const Path root("inquiry");
  engine::Submit submit;
  fields.Id(root / "id", spec.id());
  fields.Name(root / "channel", spec.channel());
  fields.OptionalName(root / "queue", spec.queue());
  fields.Range(root / "units", spec.units(), 0, engine::limits::kUnitsMax);
  submit.inquiry_id = spec.id();
  submit.channel = spec.channel();
  submit.queue = spec.queue();
  submit.units = spec.units();
  submit.requirement = ReadRequirement(spec.requirement(), root / "requirement", fields);
  submit.priority = ReadPriority(spec, root / "priority", fields);
  submit.customer = ReadCustomer(spec, root / "customer", fields);
  submit.attributes = ReadAttributes(spec, root / "attributes", fields);
  submit.preferred_agents = ReadAgents(spec.preferred_agents(), engine::limits::kPreferredMax,
                                       root / "preferred_agents", fields);
  submit.excluded_agents = ReadAgents(spec.excluded_agents(), engine::limits::kExcludedMax,
                                      root / "excluded_agents", fields);
  return End(std::move(command), std::move(submit), fields);
}

absl::StatusOr<engine::Command> ToCommand(const v1::UpdateInquiryRequest& request) {
  Fields fields;
  engine::Command command = Begin(request, fields);
  const Path root("inquiry"), mask("update_mask");
  engine::Update update;
  fields.Id(root / "id", request.inquiry().id());
  update.inquiry_id = request.inquiry().id();
  if (request.update_mask().paths().empty()) fields.Fail(mask, "names no field");
  for (int i = 0; i < request.update_mask().paths_size(); ++i) {
    const std::string& path = request.update_mask().paths(i);
    if (!ReadUpdate(request.inquiry(), path, root, update, fields)) {
      const Path paths(mask, "paths");
      fields.Fail(Path(paths, i), "is not a field that can be updated");
    }
  }
  return End(std::move(command), std::move(update), fields);
}

absl::StatusOr<engine::Command> ToCommand(const v1::CancelInquiryRequest& request) {
  Fields fields;
  engine::Command command = Begin(request, fields);
  if (request.reason() == v1::CANCEL_REASON_ROUTE_ENDED) {
    fields.Fail(kRoot / "reason", "is not for callers");
  }
  engine::Cancel cancel{.inquiry_id = ReadInquiryId(request.inquiry_id(), fields),
                        .reason = ReadEnum(request.reason(), kRoot / "reason", fields)};
  return End(std::move(command), std::move(cancel), fields);
}

absl::StatusOr<engine::Command> ToCommand(const v1::TransferInquiryRequest& request) {
  Fields fields;
  engine::Command command = Begin(request, fields);
  engine::Transfer transfer{.inquiry_id = ReadInquiryId(request.inquiry_id(), fields),
                            .queue = request.queue(),
                            .requirement = {},
                            .preferred_agent = request.preferred_agent(),
                            .agent_id = request.agent_id()};
  fields.OptionalId(kRoot / "agent_id", request.agent_id());
  fields.OptionalName(kRoot / "queue", request.queue());
  fields.OptionalId(kRoot / "preferred_agent", request.preferred_agent());
  if (request.has_requirement()) {
    transfer.requirement =
        ReadRequirement(request.requirement(), kRoot / "requirement", fields);
  }
  if (request.queue().empty() && !request.has_requirement() && request.preferred_agent().empty()) {
    fields.Fail(kRoot / "queue", "queue, requirement or preferred_agent is required");
  }
  return End(std::move(command), std::move(transfer), fields);
}

absl::StatusOr<engine::Command> ToCommand(const v1::RecordMessageRequest& request) {
  Fields fields;
  engine::Command command = Begin(request, fields);
  engine::RecordMessage message{.inquiry_id = ReadInquiryId(request.inquiry_id(), fields),
                                .message_id = request.message_id(),
                                .author = ReadEnum(request.author(), kRoot / "author", fields),
                                .agent_id = request.agent_id()};
  fields.Id(kRoot / "message_id", request.message_id());
  const Path agent(kRoot, "agent_id");
  if (request.author() == v1::AUTHOR_AGENT) {
    fields.Id(agent, request.agent_id());
  } else if (request.author() == v1::AUTHOR_CUSTOMER && !request.agent_id().empty()) {
    fields.Fail(agent, "must be empty for a customer's message");
  } else {
    fields.OptionalId(agent, request.agent_id());
  }
  return End(std::move(command), std::move(message), fields);
}

absl::StatusOr<engine::Command> ToCommand(const v1::ParkInquiryRequest& request) {
  Fields fields;
  engine::Command command = Begin(request, fields);
  fields.OptionalId(kRoot / "agent_id", request.agent_id());
  engine::Park park{.inquiry_id = ReadInquiryId(request.inquiry_id(), fields),
                    .agent_id = request.agent_id()};
  return End(std::move(command), std::move(park), fields);
}

absl::StatusOr<engine::Command> ToCommand(const v1::ResumeInquiryRequest& request) {
  Fields fields;
  engine::Command command = Begin(request, fields);
  fields.OptionalId(kRoot / "agent_id", request.agent_id());
  engine::Resume resume{.inquiry_id = ReadInquiryId(request.inquiry_id(), fields),
                        .agent_id = request.agent_id()};
  return End(std::move(command), std::move(resume), fields);
}

absl::StatusOr<engine::Command> ToCommand(const v1::CloseInquiryRequest& request) {
  Fields fields;
  engine::Command command = Begin(request, fields);
  fields.OptionalId(kRoot / "agent_id", request.agent_id());
  engine::Close close{
      .inquiry_id = ReadInquiryId(request.inquiry_id(), fields),
      .resolution = ReadEnum(request.resolution(), kRoot / "resolution", fields),
      .agent_id = request.agent_id()};
  return End(std::move(command), std::move(close), fields);
}

absl::StatusOr<engine::Command> ToCommand(const v1::RecordFeedbackRequest& request) {
  Fields fields;
  engine::Command command = Begin(request, fields);
  engine::RecordFeedback feedback{.inquiry_id = ReadInquiryId(request.inquiry_id(), fields),
                                  .csat = request.feedback().csat(),
                                  .resolved = {}};
  const Path root("feedback");
  fields.Range(root / "csat", request.feedback().csat(), 1, 5);
  if (request.feedback().has_resolved()) feedback.resolved = request.feedback().resolved();
  return End(std::move(command), std::move(feedback), fields);
}

absl::StatusOr<engine::Command> ToCommand(const v1::SetPresenceRequest& request) {
  Fields fields;
  engine::Command command = Begin(request, fields);
  fields.Id(kRoot / "agent_id", request.agent_id());
  fields.OptionalName(kRoot / "reason", request.reason());
  fields.OptionalToken(kRoot / "session_id", request.session_id());
  if (!request.reason().empty() && request.presence() != v1::PRESENCE_AWAY) {
    fields.Fail(kRoot / "reason", "is for AWAY only");
  }
  engine::SetPresence set{
      .agent_id = request.agent_id(),
      .presence = ReadEnum(request.presence(), kRoot / "presence", fields),
      .reason = request.reason(),
      .session_id = request.session_id(),
      .sequence = request.sequence()};
  return End(std::move(command), std::move(set), fields);
}

absl::StatusOr<engine::Command> ToCommand(const v1::AcceptOfferRequest& request) {
  Fields fields;
  engine::Command command = Begin(request, fields);
  fields.Id(kRoot / "agent_id", request.agent_id());
  OfferId offer = ReadOfferId(request.offer_id(), kRoot / "offer_id", fields);
  return End(std::move(command),
             engine::Accept{std::move(offer.inquiry_id), offer.number, request.agent_id()},
             fields);
}

absl::StatusOr<engine::Command> ToCommand(const v1::DeclineOfferRequest& request) {
  Fields fields;
  engine::Command command = Begin(request, fields);
  fields.Id(kRoot / "agent_id", request.agent_id());
  OfferId offer = ReadOfferId(request.offer_id(), kRoot / "offer_id", fields);
  engine::Decline decline{std::move(offer.inquiry_id), offer.number, request.agent_id(), {}};
  if (request.has_retry_after()) {
    decline.retry_after = ReadSpan(request.retry_after(), kRoot / "retry_after", fields);
  }
  return End(std::move(command), std::move(decline), fields);
}

absl::StatusOr<engine::Command> ToCommand(const v1::FinishWrapUpRequest& request) {
  Fields fields;
  engine::Command command = Begin(request, fields);
  fields.Id(kRoot / "agent_id", request.agent_id());
  return End(std::move(command),
             engine::FinishWrapUp{request.agent_id(),
                                  ReadInquiryId(request.inquiry_id(), fields)},
             fields);
}

absl::StatusOr<engine::Command> ToCommand(const v1::ExtendWrapUpRequest& request) {
  Fields fields;
  engine::Command command = Begin(request, fields);
  fields.Id(kRoot / "agent_id", request.agent_id());
  engine::ExtendWrapUp extend{.agent_id = request.agent_id(),
                              .inquiry_id = ReadInquiryId(request.inquiry_id(), fields),
                              .by = {}};
  if (request.by().seconds() > 0 || request.by().nanos() > 0) {
    extend.by = ReadSpan(request.by(), kRoot / "by", fields);
  } else {
    fields.Fail(kRoot / "by", "must be more than 0");
  }
  return End(std::move(command), std::move(extend), fields);
}

absl::StatusOr<engine::Command> ToCommand(const v1::ClaimInquiryRequest& request) {
  Fields fields;
  engine::Command command = Begin(request, fields);
  fields.Id(kRoot / "agent_id", request.agent_id());
  engine::Claim claim{.inquiry_id = ReadInquiryId(request.inquiry_id(), fields),
                      .agent_id = request.agent_id()};
  return End(std::move(command), std::move(claim), fields);
}

absl::StatusOr<engine::Command> ToCommand(const v1::AssignInquiryRequest& request) {
  Fields fields;
  engine::Command command = Begin(request, fields);
  const Path overrides(kRoot, "overrides"), reason(kRoot, "reason");
  fields.Id(kRoot / "agent_id", request.agent_id());
  engine::AssignTo assign{.inquiry_id = ReadInquiryId(request.inquiry_id(), fields),
                          .agent_id = request.agent_id(),
                          .with_offer = request.with_offer(),
                          .overrides = {},
                          .reason = request.reason()};
  std::set<int> seen;
  for (int i = 0; i < request.overrides_size(); ++i) {
    const auto aside = static_cast<v1::AssignmentOverride>(request.overrides(i));
    assign.overrides.push_back(ReadEnum(aside, Path(overrides, i), fields));
    if (!seen.insert(aside).second) fields.Fail(Path(overrides, i), "is named twice");
    if (!fields.ok()) break;
  }
  if (request.reason().empty()) fields.Fail(reason, "is required");
  fields.Bytes(reason, request.reason(), engine::limits::kReasonBytesMax);
  return End(std::move(command), std::move(assign), fields);
}

absl::StatusOr<engine::Command> ToCommand(const v1::ReopenInquiryRequest& request) {
  Fields fields;
  engine::Command command = Begin(request, fields);
  fields.OptionalId(kRoot / "agent_id", request.agent_id());
  engine::Reopen reopen{.inquiry_id = ReadInquiryId(request.inquiry_id(), fields),
                        .agent_id = request.agent_id()};
  return End(std::move(command), std::move(reopen), fields);
}

absl::StatusOr<engine::Command> ToCommand(const v1::ApplyWorkspaceRequest& request) {
  Fields fields;
  engine::Command command;
  const Path root("workspace");
  fields.Workspace(root / "id", request.workspace().id());
  fields.OptionalToken(kRoot / "request_id", request.request_id());
  fields.Bytes(kRoot / "etag", request.etag(), engine::limits::kNameBytesMax);
  command.request_id = request.request_id();
  if (request.has_when()) command.when = ReadTime(request.when(), kRoot / "when", fields);
  const bool patch = request.mode() == v1::APPLY_MODE_PATCH;
  if (!patch && request.mode() != v1::APPLY_MODE_WHOLE) {
    fields.Fail(kRoot / "mode", "must be WHOLE or PATCH");
  }
  engine::ApplyConfig apply;
  apply.whole = !patch;
  apply.config = ReadWorkspace(request.workspace(), root, fields);
  apply.patch_settings = patch && request.workspace().has_settings();
  apply.patch_rules = patch && request.workspace().has_classification();
  apply.etag = request.etag();
  if (!request.workspace().agents().empty()) {
    apply.agents = ReadAgents(request.workspace().agents(), root / "agents", fields);
  }
  apply.remove_queues = ReadNames(request.delete_queues(), engine::limits::kQueuesMax,
                                  kRoot / "delete_queues", fields);
  apply.remove_channels = ReadNames(request.delete_channels(), engine::limits::kChannelsMax,
                                    kRoot / "delete_channels", fields);
  apply.remove_teams = ReadNames(request.delete_teams(), engine::limits::kTeamsMax,
                                 kRoot / "delete_teams", fields);
  apply.remove_calendars = ReadNames(request.delete_calendars(), engine::limits::kCalendarsMax,
                                     kRoot / "delete_calendars", fields);
  if (!patch && request.delete_queues_size() + request.delete_channels_size() +
                        request.delete_teams_size() + request.delete_calendars_size() > 0) {
    fields.Fail(kRoot / "mode", "names to delete are for PATCH only");
  }
  return End(std::move(command), std::move(apply), fields);
}

absl::StatusOr<engine::Command> ToCommand(const v1::UpsertAgentsRequest& request) {
  Fields fields;
  engine::Command command = Begin(request, fields);
  if (request.agents().empty()) fields.Fail(kRoot / "agents", "is required");
  engine::UpsertAgents upsert{ReadAgents(request.agents(), kRoot / "agents", fields)};
  return End(std::move(command), std::move(upsert), fields);
}

absl::StatusOr<engine::Command> ToCommand(const v1::DeleteAgentsRequest& request) {
  Fields fields;
  engine::Command command = Begin(request, fields);
  if (request.agent_ids().empty()) fields.Fail(kRoot / "agent_ids", "is required");
  engine::DeleteAgents erase{
      ReadAgents(request.agent_ids(), engine::limits::kAgentsPerUpsertMax, kRoot / "agent_ids",
                 fields),
      request.force()};
  return End(std::move(command), std::move(erase), fields);
}

}  // namespace firstline::api
