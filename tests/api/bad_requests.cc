#include "tests/api/bad_requests.h"

namespace firstline::api {
namespace {

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
constexpr absl::StatusCode kNotFound = absl::StatusCode::kNotFound;
constexpr absl::StatusCode kExists = absl::StatusCode::kAlreadyExists;
constexpr absl::StatusCode kPrecondition = absl::StatusCode::kFailedPrecondition;
constexpr absl::StatusCode kExhausted = absl::StatusCode::kResourceExhausted;
constexpr absl::StatusCode kAborted = absl::StatusCode::kAborted;
constexpr absl::StatusCode kOutOfRange = absl::StatusCode::kOutOfRange;

using Rows = std::vector<BadRequest>;

// A submission that is good but for `spec`, `outer`.
BadRequest Submit(const std::string& spec, absl::StatusCode code, const std::string& reason,
                  std::vector<std::string> fields, const std::string& outer = "") {
  return {"RoutingService.SubmitInquiry",
          "workspace: 'w' inquiry { id: 'new' queue: 'sales' channel: 'chat' " + spec + " } " +
              outer,
          code, reason, std::move(fields)};
}

Rows SubmitRows() {
  const std::string kMethod = "RoutingService.SubmitInquiry";
  return {
      {kMethod, "", kInvalid, "INVALID_FIELD",
       {"workspace", "inquiry.id", "inquiry.channel"}},
      {kMethod, "workspace: 'nowhere' inquiry { id: 'new' queue: 'sales' channel: 'chat' }",
       kNotFound, "UNKNOWN_WORKSPACE", {"workspace"}},
      {kMethod, "workspace: 'a b' inquiry { id: 'new' queue: 'sales' channel: 'chat' }", kInvalid,
       "INVALID_FIELD", {"workspace"}},
      {kMethod, "workspace: 'w' inquiry { id: '{129}' queue: 'sales' channel: 'chat' }", kInvalid,
       "INVALID_FIELD", {"inquiry.id"}},
      {kMethod, "workspace: 'w' inquiry { id: 'with space' queue: '{65}' channel: '{65}' }",
       kInvalid, "INVALID_FIELD", {"inquiry.id", "inquiry.channel", "inquiry.queue"}},
      {kMethod, "workspace: 'w' inquiry { id: 'new' queue: 'nowhere' channel: 'chat' }", kNotFound,
       "UNKNOWN_QUEUE", {"inquiry.queue"}},
      {kMethod, "workspace: 'w' inquiry { id: 'new' queue: 'sales' channel: 'smoke' }", kNotFound,
       "UNKNOWN_CHANNEL", {"inquiry.channel"}},
      {kMethod, "workspace: 'w' inquiry { id: 'new' queue: 'full' channel: 'chat' }", kExhausted,
       "QUEUE_FULL", {}},
      {kMethod, "workspace: 'w' inquiry { id: 'waiting' queue: 'sales' channel: 'chat' }", kExists,
       "INQUIRY_ID_REUSED", {"inquiry.id"}},
      Submit("requirement { skills { skill: 's' min_level: 11 } }", kInvalid, "INVALID_FIELD",
             {"inquiry.requirement.skills[0].min_level"}),
      Submit("requirement { skills { skill: 's' } skills { min_level: -1 } }", kInvalid,
             "INVALID_FIELD",
             {"inquiry.requirement.skills[1].skill", "inquiry.requirement.skills[1].min_level"}),
      Submit("requirement { skills { skill: 's' } skills { skill: 's' } }", kInvalid,
             "INVALID_FIELD", {"inquiry.requirement.skills[1].skill"}),
      Submit("requirement { languages { language: 'de' min_level: 12 } labels: '' }", kInvalid,
             "INVALID_FIELD",
             {"inquiry.requirement.languages[0].min_level", "inquiry.requirement.labels[0]"}),
      Submit("requirement { skills { skill: 's' min_level: 5 max_level: 4 } any_skills {} }",
             kInvalid, "INVALID_FIELD",
             {"inquiry.requirement.skills[0].max_level",
              "inquiry.requirement.any_skills[0].skills"}),
      Submit("requirement { excluded_skills: 'a' excluded_skills: 'a' label_conditions { key: 'k' "
             "comparison: COMPARISON_LESS values: 'x' } }",
             kInvalid, "INVALID_FIELD",
             {"inquiry.requirement.excluded_skills[1]",
              "inquiry.requirement.label_conditions[0]"}),
      Submit("priority: 10", kInvalid, "INVALID_FIELD", {"inquiry.priority"}),
      Submit("priority: -1 units: 1001", kInvalid, "INVALID_FIELD",
             {"inquiry.units", "inquiry.priority"}),
      Submit("customer: '{257}'", kInvalid, "INVALID_FIELD", {"inquiry.customer"}),
      Submit("attributes { key: 'k' value: '{10MB}' }", kInvalid, "INVALID_FIELD",
             {"inquiry.attributes"}),
      Submit("attributes { key: '' value: 'v' }", kInvalid, "INVALID_FIELD",
             {"inquiry.attributes"}),
      Submit("preferred_agents: 'nobody'", kNotFound, "UNKNOWN_AGENT", {"inquiry"}),
      Submit("preferred_agents: 'ann' preferred_agents: 'ann'", kInvalid, "INVALID_FIELD",
             {"inquiry.preferred_agents[1]"}),
      Submit("excluded_agents: ''", kInvalid, "INVALID_FIELD", {"inquiry.excluded_agents[0]"}),
      Submit("", kInvalid, "WHEN_OUT_OF_RANGE", {"when"}, "when { seconds: 1600000006 }"),
      Submit("", kInvalid, "WHEN_OUT_OF_RANGE", {"when"}, "when { seconds: 1000 }"),
      Submit("", kInvalid, "INVALID_FIELD", {"when.nanos"}, "when { nanos: -1 }"),
      Submit("", kInvalid, "INVALID_FIELD", {"when.seconds"}, "when { seconds: 999999999999 }"),
      Submit("", kInvalid, "INVALID_FIELD", {"request_id"}, "request_id: '{65}'"),
      Submit("", kExists, "REQUEST_ID_REUSED", {"request_id"}, "request_id: 'req-1'"),
  };
}

// What every call about one inquiry refuses alike. `rest` makes the request good.
Rows InquiryRows(const std::string& method, const std::string& rest) {
  const std::string full = "RoutingService." + method;
  return {
      {full, "workspace: 'w' inquiry_id: '' " + rest, kInvalid, "INVALID_FIELD", {"inquiry_id"}},
      {full, "workspace: 'w' inquiry_id: '{129}' " + rest, kInvalid, "INVALID_FIELD",
       {"inquiry_id"}},
      {full, "inquiry_id: 'waiting' " + rest, kInvalid, "INVALID_FIELD", {"workspace"}},
      {full, "workspace: 'nowhere' inquiry_id: 'waiting' " + rest, kNotFound,
       "UNKNOWN_WORKSPACE", {"workspace"}},
      {full, "workspace: 'w' inquiry_id: 'nobody' " + rest, kNotFound, "UNKNOWN_INQUIRY",
       {"inquiry_id"}},
      {full, "workspace: 'w' inquiry_id: 'waiting' when { seconds: 1700000000 } " + rest, kInvalid,
       "WHEN_OUT_OF_RANGE", {"when"}},
      {full, "workspace: 'w' inquiry_id: 'waiting' when { seconds: 1500000000 } " + rest, kInvalid,
       "WHEN_OUT_OF_RANGE", {"when"}},
      {full, "workspace: 'w' inquiry_id: 'waiting' request_id: 'req-1' " + rest, kExists,
       "REQUEST_ID_REUSED", {"request_id"}},
  };
}

Rows UpdateRows() {
  const std::string kMethod = "RoutingService.UpdateInquiry";
  return {
      {kMethod, "workspace: 'w' inquiry { id: 'waiting' }", kInvalid, "INVALID_FIELD",
       {"update_mask"}},
      {kMethod, "workspace: 'w' update_mask { paths: 'priority' }", kInvalid, "INVALID_FIELD",
       {"inquiry.id"}},
      {kMethod, "workspace: 'w' inquiry { id: 'waiting' } update_mask { paths: 'queue' }", kInvalid,
       "INVALID_FIELD", {"update_mask.paths[0]"}},
      {kMethod, "workspace: 'w' inquiry { id: 'waiting' priority: 10 } "
                "update_mask { paths: 'priority' }",
       kInvalid, "INVALID_FIELD", {"inquiry.priority"}},
      {kMethod, "workspace: 'w' inquiry { id: 'nobody' } update_mask { paths: 'priority' }",
       kNotFound, "UNKNOWN_INQUIRY", {"inquiry.id"}},
      {kMethod, "workspace: 'w' inquiry { id: 'closed' } update_mask { paths: 'priority' }",
       kPrecondition, "INQUIRY_ENDED", {"inquiry.id"}},
      {kMethod, "workspace: 'w' inquiry { id: 'waiting' preferred_agents: 'nobody' } "
                "update_mask { paths: 'preferred_agents' }",
       kNotFound, "UNKNOWN_AGENT", {"inquiry"}},
      {kMethod, "workspace: 'w' inquiry { id: 'waiting' attributes { key: 'k' value: '{10MB}' } } "
                "update_mask { paths: 'attributes' }",
       kInvalid, "INVALID_FIELD", {"inquiry.attributes"}},
  };
}

Rows StateRows() {
  return {
      {"RoutingService.CancelInquiry", "workspace: 'w' inquiry_id: 'waiting'", kInvalid,
       "INVALID_FIELD", {"reason"}},
      {"RoutingService.CancelInquiry", "workspace: 'w' inquiry_id: 'waiting' reason: 17", kInvalid,
       "INVALID_FIELD", {"reason"}},
      {"RoutingService.CancelInquiry",
       "workspace: 'w' inquiry_id: 'closed' reason: CANCEL_REASON_OTHER", kPrecondition,
       "INQUIRY_ENDED", {"inquiry_id"}},
      {"RoutingService.TransferInquiry", "workspace: 'w' inquiry_id: 'waiting'", kInvalid,
       "INVALID_FIELD", {"queue"}},
      {"RoutingService.TransferInquiry", "workspace: 'w' inquiry_id: 'waiting' queue: 'nowhere'",
       kNotFound, "UNKNOWN_QUEUE", {"queue"}},
      {"RoutingService.TransferInquiry",
       "workspace: 'w' inquiry_id: 'waiting' preferred_agent: 'nobody'", kNotFound,
       "UNKNOWN_AGENT", {"preferred_agent"}},
      {"RoutingService.TransferInquiry", "workspace: 'w' inquiry_id: 'closed' queue: 'sales'",
       kPrecondition, "INQUIRY_ENDED", {"inquiry_id"}},
      {"RoutingService.TransferInquiry",
       "workspace: 'w' inquiry_id: 'assigned' queue: 'sales' agent_id: 'ann'", kPrecondition,
       "NOT_ASSIGNEE", {"agent_id"}},
      {"RoutingService.TransferInquiry",
       "workspace: 'w' inquiry_id: 'assigned' queue: 'sales' agent_id: '{129}'", kInvalid,
       "INVALID_FIELD", {"agent_id"}},
      {"RoutingService.RecordMessage", "workspace: 'w' inquiry_id: 'assigned'", kInvalid,
       "INVALID_FIELD", {"author", "message_id"}},
      {"RoutingService.RecordMessage",
       "workspace: 'w' inquiry_id: 'assigned' message_id: 'm9' author: 9", kInvalid,
       "INVALID_FIELD", {"author"}},
      {"RoutingService.RecordMessage",
       "workspace: 'w' inquiry_id: 'assigned' message_id: 'm9' author: AUTHOR_AGENT", kInvalid,
       "INVALID_FIELD", {"agent_id"}},
      {"RoutingService.RecordMessage",
       "workspace: 'w' inquiry_id: 'assigned' message_id: 'm9' author: AUTHOR_CUSTOMER "
       "agent_id: 'bob'",
       kInvalid, "INVALID_FIELD", {"agent_id"}},
      {"RoutingService.RecordMessage",
       "workspace: 'w' inquiry_id: 'assigned' message_id: 'm9' author: AUTHOR_AGENT "
       "agent_id: 'ann'",
       kPrecondition, "NOT_ASSIGNEE", {"agent_id"}},
      {"RoutingService.RecordMessage",
       "workspace: 'w' inquiry_id: 'waiting' message_id: 'm9' author: AUTHOR_AGENT "
       "agent_id: 'ann'",
       kPrecondition, "INQUIRY_NOT_ASSIGNED", {"inquiry_id"}},
      {"RoutingService.RecordMessage",
       "workspace: 'w' inquiry_id: 'assigned' message_id: 'm1' author: AUTHOR_AGENT "
       "agent_id: 'bob'",
       kExists, "MESSAGE_ID_REUSED", {"message_id"}},
      {"RoutingService.ParkInquiry", "workspace: 'w' inquiry_id: 'waiting'", kPrecondition,
       "INQUIRY_NOT_ASSIGNED", {"inquiry_id"}},
      {"RoutingService.ParkInquiry", "workspace: 'w' inquiry_id: 'spoken'", kPrecondition,
       "CHANNEL_NOT_MESSAGING", {"inquiry_id"}},
      {"RoutingService.ParkInquiry", "workspace: 'w' inquiry_id: 'closed'", kPrecondition,
       "INQUIRY_ENDED", {"inquiry_id"}},
      {"RoutingService.ParkInquiry", "workspace: 'w' inquiry_id: 'assigned' agent_id: 'ann'",
       kPrecondition, "NOT_ASSIGNEE", {"agent_id"}},
      {"RoutingService.ParkInquiry", "workspace: 'w' inquiry_id: 'assigned' agent_id: '{129}'",
       kInvalid, "INVALID_FIELD", {"agent_id"}},
      {"RoutingService.ResumeInquiry", "workspace: 'w' inquiry_id: 'parked' agent_id: 'ann'",
       kPrecondition, "NOT_ASSIGNEE", {"agent_id"}},
      {"RoutingService.ResumeInquiry", "workspace: 'w' inquiry_id: 'parked' agent_id: '{129}'",
       kInvalid, "INVALID_FIELD", {"agent_id"}},
      {"RoutingService.ResumeInquiry", "workspace: 'w' inquiry_id: 'waiting'", kPrecondition,
       "INQUIRY_NOT_PARKED", {"inquiry_id"}},
      {"RoutingService.CloseInquiry", "workspace: 'w' inquiry_id: 'assigned'", kInvalid,
       "INVALID_FIELD", {"resolution"}},
      {"RoutingService.CloseInquiry", "workspace: 'w' inquiry_id: 'assigned' resolution: 99",
       kInvalid, "INVALID_FIELD", {"resolution"}},
      {"RoutingService.CloseInquiry",
       "workspace: 'w' inquiry_id: 'assigned' resolution: RESOLUTION_SPAM agent_id: 'ann'",
       kPrecondition, "NOT_ASSIGNEE", {"agent_id"}},
      {"RoutingService.CloseInquiry",
       "workspace: 'w' inquiry_id: 'cancelled' resolution: RESOLUTION_SPAM", kPrecondition,
       "INQUIRY_ENDED", {"inquiry_id"}},
      {"RoutingService.RecordFeedback", "workspace: 'w' inquiry_id: 'closed'", kInvalid,
       "INVALID_FIELD", {"feedback.csat"}},
      {"RoutingService.RecordFeedback", "workspace: 'w' inquiry_id: 'closed' feedback { csat: 6 }",
       kInvalid, "INVALID_FIELD", {"feedback.csat"}},
      {"RoutingService.RecordFeedback", "workspace: 'w' inquiry_id: 'waiting' feedback { csat: 5 }",
       kPrecondition, "INQUIRY_NOT_ENDED", {"inquiry_id"}},
      {"RoutingService.RecordFeedback", "workspace: 'w' inquiry_id: 'closed' feedback { csat: 5 }",
       kPrecondition, "FEEDBACK_GIVEN", {"feedback"}},
  };
}

Rows ReadRows() {
  return {
      {"RoutingService.GetInquiry", "workspace: 'w' inquiry_id: 'nobody'", kNotFound,
       "UNKNOWN_INQUIRY", {"inquiry_id"}},
      {"RoutingService.GetInquiry", "", kInvalid, "INVALID_FIELD", {"workspace", "inquiry_id"}},
      {"RoutingService.ListInquiries", "workspace: 'w' page_size: 1001", kInvalid, "INVALID_FIELD",
       {"page_size"}},
      {"RoutingService.ListInquiries", "workspace: 'w' page_size: -1 states: 0 states: 99",
       kInvalid,
       "INVALID_FIELD", {"page_size", "states[0]", "states[1]"}},
      {"RoutingService.ListInquiries", "workspace: 'w' page_token: 'rubbish'", kInvalid,
       "INVALID_PAGE_TOKEN", {"page_token"}},
      {"RoutingService.ListInquiries", "workspace: 'w' page_token: '7-2-0'", kInvalid,
       "INVALID_PAGE_TOKEN", {"page_token"}},
      {"RoutingService.ListInquiries", "workspace: 'nowhere'", kNotFound, "UNKNOWN_WORKSPACE",
       {"workspace"}},
      {"AgentService.GetAgent", "workspace: 'w' agent_id: 'nobody'", kNotFound, "UNKNOWN_AGENT",
       {"agent_id"}},
      {"AgentService.GetAgent", "workspace: 'w'", kInvalid, "INVALID_FIELD", {"agent_id"}},
      {"AgentService.ListAgents", "workspace: 'w' page_size: 1001", kInvalid, "INVALID_FIELD",
       {"page_size"}},
      {"AgentService.ListAgents", "workspace: 'w' presences: 9", kInvalid, "INVALID_FIELD",
       {"presences[0]"}},
      {"AgentService.ListAgents", "workspace: 'w' page_token: 'x'", kInvalid,
       "INVALID_PAGE_TOKEN", {"page_token"}},
      {"StatsService.GetQueueStats", "workspace: 'w' queue: 'nowhere'", kNotFound,
       "UNKNOWN_QUEUE", {"queue"}},
      {"StatsService.GetQueueStats", "workspace: '/'", kInvalid, "INVALID_FIELD", {"workspace"}},
      {"RoutingService.WatchInquiries", "workspace: 'w' inquiry_ids: 'nothing'", kNotFound,
       "UNKNOWN_INQUIRY", {"inquiry_ids[0]"}},
      {"RoutingService.WatchInquiries", "workspace: 'w'", kInvalid, "INVALID_FIELD", {"inquiry_ids"}},
      {"RoutingService.WatchInquiries",
       "workspace: 'w' inquiry_ids: ['a', 'a'] interval { seconds: 61 }", kInvalid, "INVALID_FIELD",
       {"inquiry_ids[1]"}},
      {"StatsService.WatchStats", "workspace: 'w' queue: 'nowhere'", kNotFound,
       "UNKNOWN_QUEUE", {"queue"}},
      {"StatsService.WatchStats", "workspace: 'elsewhere'", kNotFound, "UNKNOWN_WORKSPACE",
       {"workspace"}},
      {"StatsService.WatchStats", "workspace: 'w' interval { nanos: 499999999 }", kInvalid,
       "INVALID_FIELD", {"interval"}},
      {"StatsService.WatchStats", "workspace: 'w' interval { seconds: 60 nanos: 1000 }", kInvalid,
       "INVALID_FIELD", {"interval"}},
      {"StatsService.WatchStats", "workspace: '/' queue: '{65}' interval { seconds: -1 }", kInvalid,
       "INVALID_FIELD", {"workspace", "queue", "interval"}},
      {"StatsService.GetAgentStats", "workspace: 'w' agent_id: 'nobody'", kNotFound,
       "UNKNOWN_AGENT", {"agent_id"}},
      {"StatsService.GetAgentStats", "workspace: 'w' page_size: 1001", kInvalid, "INVALID_FIELD",
       {"page_size"}},
      {"StatsService.GetAgentStats", "workspace: 'w' page_token: 'a b'", kInvalid,
       "INVALID_PAGE_TOKEN", {"page_token"}},
      {"ClockService.GetTime", "workspace: 'nowhere'", kNotFound, "UNKNOWN_WORKSPACE",
       {"workspace"}},
      {"ClockService.AdvanceTime", "workspace: 'w'", kInvalid, "INVALID_FIELD", {"to"}},
      {"ClockService.AdvanceTime", "workspace: 'w' to { seconds: 1000 }", kInvalid,
       "INVALID_FIELD", {"to"}},
      {"grpc.health.v1.Health.Check", "service: 'nothing'", kNotFound, "UNKNOWN_SERVICE",
       {"service"}},
  };
}

Rows AgentRows() {
  Rows rows = {
      {"AgentService.SetPresence", "workspace: 'w'", kInvalid, "INVALID_FIELD",
       {"agent_id", "presence"}},
      {"AgentService.SetPresence", "workspace: 'w' agent_id: 'ann' presence: 17", kInvalid,
       "INVALID_FIELD", {"presence"}},
      {"AgentService.SetPresence",
       "workspace: 'w' agent_id: 'nobody' presence: PRESENCE_AVAILABLE", kNotFound,
       "UNKNOWN_AGENT", {"agent_id"}},
      {"AgentService.SetPresence",
       "workspace: 'w' agent_id: 'ann' presence: PRESENCE_AWAY reason: 'beer'", kInvalid,
       "UNKNOWN_REASON", {"reason"}},
      {"AgentService.SetPresence",
       "workspace: 'w' agent_id: 'ann' presence: PRESENCE_AVAILABLE reason: 'lunch'", kInvalid,
       "INVALID_FIELD", {"reason"}},
      {"AgentService.SetPresence",
       "workspace: 'w' agent_id: 'ann' presence: PRESENCE_AVAILABLE session_id: '{65}'", kInvalid,
       "INVALID_FIELD", {"session_id"}},
      {"AgentService.FinishWrapUp", "workspace: 'w'", kInvalid, "INVALID_FIELD",
       {"agent_id", "inquiry_id"}},
      {"AgentService.FinishWrapUp", "workspace: 'w' agent_id: 'ann' inquiry_id: 'closed'",
       kPrecondition, "NO_WRAP_UP", {"inquiry_id"}},
      {"AgentService.FinishWrapUp", "workspace: 'w' agent_id: 'nobody' inquiry_id: 'closed'",
       kNotFound, "UNKNOWN_AGENT", {"agent_id"}},
      {"AgentService.ExtendWrapUp", "workspace: 'w'", kInvalid, "INVALID_FIELD",
       {"agent_id", "inquiry_id", "by"}},
      {"AgentService.ExtendWrapUp",
       "workspace: 'w' agent_id: 'ann' inquiry_id: 'closed' by { seconds: 1 }", kPrecondition,
       "NO_WRAP_UP", {"inquiry_id"}},
      {"RoutingService.ClaimInquiry", "workspace: 'w'", kInvalid, "INVALID_FIELD",
       {"agent_id", "inquiry_id"}},
      {"RoutingService.ClaimInquiry", "workspace: 'w' inquiry_id: 'waiting' agent_id: 'nobody'",
       kNotFound, "UNKNOWN_AGENT", {"agent_id"}},
      {"RoutingService.ClaimInquiry", "workspace: 'w' inquiry_id: 'assigned' agent_id: 'ann'",
       kPrecondition, "INQUIRY_NOT_WAITING", {"inquiry_id"}},
      {"RoutingService.AssignInquiry", "workspace: 'w'", kInvalid, "INVALID_FIELD",
       {"agent_id", "inquiry_id", "reason"}},
      {"RoutingService.AssignInquiry",
       "workspace: 'w' inquiry_id: 'waiting' agent_id: 'ann' reason: 'r' "
       "overrides: ASSIGNMENT_OVERRIDE_PRESENCE overrides: ASSIGNMENT_OVERRIDE_PRESENCE",
       kInvalid, "INVALID_FIELD", {"overrides[1]"}},
      {"RoutingService.AssignInquiry",
       "workspace: 'w' inquiry_id: 'waiting' agent_id: 'ann' reason: '{257}'", kInvalid,
       "INVALID_FIELD", {"reason"}},
      {"RoutingService.AssignInquiry",
       "workspace: 'w' inquiry_id: 'waiting' agent_id: 'cat' reason: 'r' "
       "overrides: ASSIGNMENT_OVERRIDE_REQUIREMENT overrides: ASSIGNMENT_OVERRIDE_PRESENCE",
       kPrecondition, "GATE_CLOSED", {"agent_id"}},
      {"RoutingService.ReopenInquiry", "workspace: 'w'", kInvalid, "INVALID_FIELD",
       {"inquiry_id"}},
      {"RoutingService.ReopenInquiry", "workspace: 'w' inquiry_id: 'assigned'", kPrecondition,
       "INQUIRY_NOT_ENDED", {"inquiry_id"}},
      {"RoutingService.ReopenInquiry", "workspace: 'w' inquiry_id: 'cancelled'", kPrecondition,
       "REOPEN_NOT_ALLOWED", {"inquiry_id"}},
      {"AgentService.DeclineOffer",
       "workspace: 'w' offer_id: 'offered/1' agent_id: 'ann' retry_after { seconds: -1 }", kInvalid,
       "INVALID_FIELD", {"retry_after"}},
  };
  for (const std::string method : {"AgentService.AcceptOffer", "AgentService.DeclineOffer"}) {
    const Rows both = {
        {method, "workspace: 'w'", kInvalid, "INVALID_FIELD", {"agent_id", "offer_id"}},
        {method, "workspace: 'w' offer_id: 'offered' agent_id: 'ann'", kInvalid, "INVALID_FIELD",
         {"offer_id"}},
        {method, "workspace: 'w' offer_id: 'offered/0' agent_id: 'ann'", kInvalid, "INVALID_FIELD",
         {"offer_id"}},
        {method, "workspace: 'w' offer_id: 'offered/01' agent_id: 'ann'", kInvalid,
         "INVALID_FIELD", {"offer_id"}},
        {method, "workspace: 'w' offer_id: 'nobody/1' agent_id: 'ann'", kNotFound,
         "UNKNOWN_INQUIRY", {"offer_id"}},
        {method, "workspace: 'w' offer_id: 'offered/7' agent_id: 'ann'", kNotFound,
         "UNKNOWN_OFFER", {"offer_id"}},
        {method, "workspace: 'w' offer_id: 'offered/1' agent_id: 'bob'", kPrecondition,
         "OFFER_NOT_YOURS", {"agent_id"}},
    };
    rows.insert(rows.end(), both.begin(), both.end());
  }
  return rows;
}

Rows ConfigRows() {
  const std::string kApply = "ConfigService.ApplyWorkspace";
  const std::string kPatch = "mode: APPLY_MODE_PATCH workspace { id: 'w' ";
  return {
      {kApply, "workspace { id: 'w' }", kInvalid, "INVALID_FIELD", {"mode"}},
      {kApply, "mode: APPLY_MODE_PATCH", kInvalid, "INVALID_FIELD", {"workspace.id"}},
      {kApply, "mode: APPLY_MODE_PATCH workspace { id: 'nowhere' }", kNotFound,
       "UNKNOWN_WORKSPACE", {"workspace"}},
      {kApply, "mode: APPLY_MODE_WHOLE create: true workspace { id: 'w' }", kExists,
       "WORKSPACE_EXISTS", {"create"}},
      {kApply, kPatch + "} etag: '99'", kAborted, "ETAG_MISMATCH", {"etag"}},
      {kApply, kPatch + "queues { id: 'q' serving: 17 kind: 9 selection: 55 } }", kInvalid,
       "INVALID_FIELD",
       {"workspace.queues[0].kind", "workspace.queues[0].serving",
        "workspace.queues[0].selection[0]"}},
      {kApply, kPatch + "queues { id: 'q' offer_timeout { seconds: -1 } max_length: -1 } }",
       kInvalid, "INVALID_FIELD",
       {"workspace.queues[0].offer_timeout", "workspace.queues[0].max_length"}},
      {kApply,
       kPatch + "queues { id: 'q' offer_to: 9 keep_place { seconds: -1 } last_agent_within { "
                "seconds: 2592001 } back_off { after_misses: 101 duration { seconds: -1 } } } }",
       kInvalid, "INVALID_FIELD",
       {"workspace.queues[0].keep_place", "workspace.queues[0].last_agent_within",
        "workspace.queues[0].back_off.after_misses", "workspace.queues[0].back_off.duration",
        "workspace.queues[0].offer_to"}},
      {kApply, kPatch + "queues { id: 'q' } queues { id: 'q' } }", kInvalid, "INVALID_FIELD",
       {"workspace.queues[1].id"}},
      {kApply, kPatch + "channels { id: 'c' } }", kInvalid, "INVALID_FIELD",
       {"workspace.channels[0].kind"}},
      {kApply, kPatch + "agents { id: 'a' skills { skill: 's' level: 11 } } }", kInvalid,
       "INVALID_FIELD", {"workspace.agents[0].skills[0].level"}},
      {kApply, "mode: APPLY_MODE_WHOLE workspace { id: 'w' } delete_queues: 'sales'", kInvalid,
       "INVALID_FIELD", {"mode"}},
      {kApply, "mode: APPLY_MODE_PATCH workspace { id: 'w' } delete_queues: 'instant'",
       kInvalid, "CONFIG_INVALID", {}},
      {"ConfigService.GetWorkspace", "workspace: 'nowhere'", kNotFound, "UNKNOWN_WORKSPACE",
       {"workspace"}},
      {"ConfigService.GetWorkspace", "", kInvalid, "INVALID_FIELD", {"workspace"}},
      {"ConfigService.ListWorkspaces", "page_size: 1001", kInvalid, "INVALID_FIELD",
       {"page_size"}},
      {"ConfigService.ListWorkspaces", "page_token: 'a b'", kInvalid, "INVALID_PAGE_TOKEN",
       {"page_token"}},
      {"ConfigService.DeleteWorkspace", "workspace: 'nowhere'", kNotFound, "UNKNOWN_WORKSPACE",
       {"workspace"}},
      {"ConfigService.DeleteWorkspace", "workspace: 'w'", kPrecondition, "WORKSPACE_IN_USE",
       {"force"}},
      {"ConfigService.DeleteWorkspace", "workspace: 'w' force: true etag: '99'", kAborted,
       "ETAG_MISMATCH", {"etag"}},
      {"ConfigService.UpsertAgents", "workspace: 'w'", kInvalid, "INVALID_FIELD", {"agents"}},
      {"ConfigService.UpsertAgents",
       "workspace: 'w' agents { id: 'ok' } agents { id: '' kind: 9 languages { level: 11 } }",
       kInvalid, "INVALID_FIELD",
       {"agents[1].id", "agents[1].kind", "agents[1].languages[0].language",
        "agents[1].languages[0].level"}},
      {"ConfigService.UpsertAgents", "workspace: 'w' agents { id: 'ok' } agents { id: 'ok' }",
       kInvalid, "INVALID_FIELD", {"agents[1].id"}},
      {"ConfigService.DeleteAgents", "workspace: 'w'", kInvalid, "INVALID_FIELD", {"agent_ids"}},
      {"ConfigService.DeleteAgents", "workspace: 'w' agent_ids: 'cat' agent_ids: 'nobody'",
       kNotFound, "UNKNOWN_AGENT", {"agent_ids"}},
      {"ConfigService.DeleteAgents", "workspace: 'w' agent_ids: 'cat' agent_ids: 'bob'",
       kPrecondition, "AGENT_BUSY", {"agent_ids"}},
  };
}

Rows StreamRows() {
  const std::string kEvents = "RoutingService.WatchEvents";
  const std::string kAgents = "AgentService.WatchAgents";
  return {
      {"RoutingService.Commands", "", kInvalid, "INVALID_FIELD", {"commands"}},
      {kEvents, "", kInvalid, "INVALID_FIELD", {"workspace"}},
      {kEvents, "workspace: 'nowhere'", kNotFound, "UNKNOWN_WORKSPACE", {"workspace"}},
      {kEvents, "workspace: 'w' cursor: 'rubbish'", kInvalid, "INVALID_CURSOR", {"cursor"}},
      {kEvents, "workspace: 'w' cursor: '7-100000'", kOutOfRange, "CURSOR_REWOUND", {"cursor"}},
      {kEvents, "workspace: 'w' kinds: 0", kInvalid, "INVALID_FIELD", {"kinds[0]"}},
      {kEvents, "workspace: 'w' kinds: 999 inquiry_id: '{129}'", kInvalid, "INVALID_FIELD",
       {"inquiry_id", "kinds[0]"}},
      {kAgents, "", kInvalid, "UNEXPECTED_MESSAGE", {"open"}},
      {kAgents, "heartbeat {}", kInvalid, "UNEXPECTED_MESSAGE", {"open"}},
      {kAgents, "open {}", kInvalid, "INVALID_FIELD", {"open.workspace", "open.session_id"}},
      {kAgents, "open { workspace: 'w' session_id: '{65}' }", kInvalid, "INVALID_FIELD",
       {"open.session_id"}},
      {kAgents, "open { workspace: 'nowhere' session_id: 's' }", kNotFound, "UNKNOWN_WORKSPACE",
       {"workspace"}},
  };
}

Rows ExplainRows() {
  const std::string kInquiry = "ExplainService.ExplainInquiry";
  const std::string kAgent = "ExplainService.ExplainAgent";
  const std::string kSubmit = "ExplainService.ExplainSubmit";
  const std::string kGood = "workspace: 'w' inquiry { queue: 'sales' channel: 'chat' } ";
  return {
      {kInquiry, "", kInvalid, "INVALID_FIELD", {"workspace", "inquiry_id"}},
      {kInquiry, "workspace: 'nowhere' inquiry_id: 'waiting'", kNotFound, "UNKNOWN_WORKSPACE",
       {"workspace"}},
      {kInquiry, "workspace: 'w' inquiry_id: 'nothing'", kNotFound, "UNKNOWN_INQUIRY",
       {"inquiry_id"}},
      {kInquiry, "workspace: 'w' inquiry_id: 'closed'", kPrecondition, "INQUIRY_ENDED",
       {"inquiry_id"}},
      {kInquiry, "workspace: 'w' inquiry_id: 'waiting' candidates: 201 agent_ids: ''", kInvalid,
       "INVALID_FIELD", {"candidates", "agent_ids[0]"}},
      {kInquiry, "workspace: 'w' inquiry_id: 'waiting' agent_ids: 'ann' agent_ids: 'ann'",
       kInvalid, "INVALID_FIELD", {"agent_ids[1]"}},
      {kInquiry, "workspace: 'w' inquiry_id: 'waiting' agent_ids: 'nobody'", kNotFound,
       "UNKNOWN_AGENT", {"agent_id"}},
      {kAgent, "", kInvalid, "INVALID_FIELD", {"workspace", "agent_id"}},
      {kAgent, "workspace: 'w' agent_id: 'ann' inquiries: -1", kInvalid, "INVALID_FIELD",
       {"inquiries"}},
      {kAgent, "workspace: 'w' agent_id: 'nobody'", kNotFound, "UNKNOWN_AGENT", {"agent_id"}},
      {kSubmit, "", kInvalid, "INVALID_FIELD", {"workspace", "inquiry.channel"}},
      {kSubmit, kGood + "candidates: -1", kInvalid, "INVALID_FIELD", {"candidates"}},
      {kSubmit, "workspace: 'w' inquiry { channel: 'chat' }", kInvalid, "INVALID_FIELD",
       {"inquiry.queue"}},
      {kSubmit, "workspace: 'w' inquiry { queue: 'full' channel: 'chat' }", kExhausted,
       "QUEUE_FULL", {}},
      {kSubmit, "workspace: 'w' inquiry { id: 'waiting' queue: 'sales' channel: 'chat' }", kExists,
       "INQUIRY_ID_REUSED", {"inquiry.id"}},
      {kSubmit, kGood + "agent_ids: 'nobody'", kNotFound, "UNKNOWN_AGENT", {"agent_id"}},
  };
}

}  // namespace

std::vector<BadRequest> BadRequests() {
  Rows all;
  const auto add = [&](const Rows& rows) { all.insert(all.end(), rows.begin(), rows.end()); };
  add(SubmitRows());
  add(UpdateRows());
  add(StateRows());
  add(InquiryRows("CancelInquiry", "reason: CANCEL_REASON_OTHER"));
  add(InquiryRows("TransferInquiry", "queue: 'sales'"));
  add(InquiryRows("RecordMessage", "message_id: 'm9' author: AUTHOR_CUSTOMER"));
  add(InquiryRows("ParkInquiry", ""));
  add(InquiryRows("ResumeInquiry", ""));
  add(InquiryRows("CloseInquiry", "resolution: RESOLUTION_OTHER"));
  add(InquiryRows("RecordFeedback", "feedback { csat: 1 }"));
  add(ReadRows());
  add(AgentRows());
  add(ConfigRows());
  add(StreamRows());
  add(ExplainRows());
  return all;
}

}  // namespace firstline::api
