#include "services/router/api/watch_agents_check.h"

#include <set>
#include <string>

#include "common/status/reason.h"
#include "services/router/api/convert_common.h"
#include "services/router/api/fields.h"
#include "services/router/api/limits.h"

namespace firstline::api {

absl::Status Unexpected(std::string_view message, std::string_view field) {
  return status::Error(absl::StatusCode::kInvalidArgument, message,
                       {.reason = "UNEXPECTED_MESSAGE",
                        .violations = {{std::string(field), std::string(message)}}});
}

absl::Status TooManyAgents() {
  return status::Error(absl::StatusCode::kResourceExhausted, "too many agents on one stream",
                       {.reason = "TOO_MANY_AGENTS",
                        .violations = {{"add.agents", "at most 20000 on one stream"}}});
}

absl::Status LeaseExpired() {
  return status::Error(absl::StatusCode::kAborted, "nothing was heard for the lease",
                       {.reason = "LEASE_EXPIRED"});
}

absl::Status CheckOpen(const v1::WatchAgentsRequest::Open& open) {
  Fields fields;
  const Path root("open");
  fields.Workspace(root / "workspace", open.workspace());
  if (open.session_id().empty()) fields.Fail(root / "session_id", "is required");
  fields.OptionalToken(root / "session_id", open.session_id());
  return fields.ok() ? absl::OkStatus() : fields.Error();
}

absl::Status CheckAdd(const v1::WatchAgentsRequest::Add& add) {
  Fields fields;
  const Path root("add"), agents(root, "agents");
  if (add.agents().empty()) fields.Fail(agents, "is required");
  fields.AtMost(agents, static_cast<size_t>(add.agents_size()), limits::kAgentsPerMessageMax);
  std::set<std::string_view> seen;
  for (int i = 0; fields.ok() && i < add.agents_size(); ++i) {
    const v1::WatchAgentsRequest::Subject& subject = add.agents(i);
    const Path at(agents, i);
    fields.Id(at / "agent_id", subject.agent_id());
    fields.OptionalName(at / "reason", subject.reason());
    if (!seen.insert(subject.agent_id()).second) fields.Fail(at / "agent_id", "is named twice");
    if (subject.presence() != v1::PRESENCE_UNSPECIFIED) {
      ReadEnum(subject.presence(), at / "presence", fields);
    }
    if (!subject.reason().empty() && subject.presence() != v1::PRESENCE_AWAY) {
      fields.Fail(at / "reason", "is for AWAY only");
    }
  }
  return fields.ok() ? absl::OkStatus() : fields.Error();
}

absl::Status CheckRemove(const v1::WatchAgentsRequest::Remove& remove) {
  Fields fields;
  const Path root("remove"), agents(root, "agent_ids");
  if (remove.agent_ids().empty()) fields.Fail(agents, "is required");
  fields.AtMost(agents, static_cast<size_t>(remove.agent_ids_size()),
                limits::kAgentsPerMessageMax);
  return fields.ok() ? absl::OkStatus() : fields.Error();
}

}  // namespace firstline::api
