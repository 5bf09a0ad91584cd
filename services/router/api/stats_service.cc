#include "services/router/api/stats_service.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "services/router/api/audit.h"
#include "services/router/api/convert_common.h"
#include "services/router/api/limits.h"
#include "services/router/api/page_token.h"
#include "services/router/store/public_messages.h"

namespace firstline::api {
namespace {

constexpr std::string_view kStats = "firstline.v1.StatsService";
constexpr std::string_view kClock = "firstline.v1.ClockService";
constexpr std::string_view kAdvance = "/firstline.v1.ClockService/AdvanceTime";

template <class Response>
void WriteBounds(Response& out) {
  for (int64_t seconds : telemetry::kLadderSeconds) {
    out.add_bucket_bounds(static_cast<double>(seconds));
  }
}

}  // namespace

absl::Status ReadQueueStats(telemetry::Telemetry& telemetry, const engine::Engine& engine,
                            const std::string& queue, v1::GetQueueStatsResponse& out) {
  if (!queue.empty() && !engine.FindQueue(queue).IsSet()) {
    return ToStatus(engine::Rejection::kUnknownQueue, queue, KindOf<engine::Transfer>());
  }
  std::vector<telemetry::QueueFigures> queues = telemetry.Queues(engine.workspace(), queue);
  std::sort(queues.begin(), queues.end(),
            [](const auto& a, const auto& b) { return a.now.queue < b.now.queue; });
  for (const telemetry::QueueFigures& figures : queues) {
    WriteQueueStats(figures, out.add_queues());
  }
  WriteBounds(out);
  return absl::OkStatus();
}

namespace {

bool SeesAgent(const Caller& caller, const engine::Engine& engine, const std::string& agent_id) {
  const engine::AgentIx ix = engine.FindAgent(agent_id);
  return ix.IsSet() && Sees(caller, engine, engine.agent(ix));
}

absl::Status ReadAgentStats(telemetry::Telemetry& telemetry, const engine::Engine& engine,
                            const Caller& caller, const v1::GetAgentStatsRequest& request,
                            v1::GetAgentStatsResponse& out) {
  WriteBounds(out);
  if (!request.agent_id().empty()) {
    if (!SeesAgent(caller, engine, request.agent_id())) {
      return ToStatus(engine::Rejection::kUnknownAgent, request.agent_id(),
                      KindOf<engine::SetPresence>());
    }
    const auto figures = telemetry.Agent(engine.workspace(), request.agent_id());
    if (figures) WriteAgentStats(*figures, out.add_agents());
    return absl::OkStatus();
  }
  const size_t size = static_cast<size_t>(PageSize(request.page_size()));
  const std::string filter = absl::StrCat("agent stats ", request.workspace());
  std::string after;
  if (!request.page_token().empty()) {
    absl::StatusOr<std::string> place = OpenPageToken(request.page_token(), filter);
    if (!place.ok()) return place.status();
    after = *std::move(place);
  }
  std::vector<telemetry::AgentFigures> agents =
      telemetry.Agents(engine.workspace(), after, size + 1);
  const bool more = agents.size() > size;
  if (more) agents.pop_back();
  for (const telemetry::AgentFigures& figures : agents) {
    // Those of deleted agents are for who sees everybody.
    if (caller.role == Role::kVendor && !SeesAgent(caller, engine, figures.agent_id)) continue;
    WriteAgentStats(figures, out.add_agents());
  }
  if (more) out.set_next_page_token(SealPageToken(agents.back().agent_id, filter));
  return absl::OkStatus();
}

// What both calls of the clock tell.
struct Reading {
  engine::Time now;
  engine::Time next;
};

template <class Response>
void WriteReading(const Reading& reading, Response& out) {
  store::WriteMessage(reading.now, out.mutable_time());
  if (reading.next == engine::kNever) return;
  store::WriteMessage(reading.next, out.mutable_next_deadline_time());
}

using QueueStatsCall = UnaryCall<v1::GetQueueStatsRequest, v1::GetQueueStatsResponse>;
using AgentStatsCall = UnaryCall<v1::GetAgentStatsRequest, v1::GetAgentStatsResponse>;
using GetTimeCall = UnaryCall<v1::GetTimeRequest, v1::GetTimeResponse>;
using AdvanceTimeCall = UnaryCall<v1::AdvanceTimeRequest, v1::AdvanceTimeResponse>;

void GetQueueStats(Backend& backend, QueueStatsCall& call) {
  Fields fields;
  fields.Workspace(Path("workspace"), call.request().workspace());
  fields.OptionalName(Path("queue"), call.request().queue());
  const auto read = [&backend, &call](const engine::Engine& engine,
                                      v1::GetQueueStatsResponse& out) {
    return ReadQueueStats(backend.telemetry(), engine, call.request().queue(), out);
  };
  Read(backend, call, fields, read);
}

void GetAgentStats(Backend& backend, AgentStatsCall& call) {
  const v1::GetAgentStatsRequest& request = call.request();
  Fields fields;
  fields.Workspace(Path("workspace"), request.workspace());
  fields.OptionalId(Path("agent_id"), request.agent_id());
  fields.Range(Path("page_size"), request.page_size(), 0, limits::kPageSizeMax);
  const auto read = [&backend, &call, &request](const engine::Engine& engine,
                                                v1::GetAgentStatsResponse& out) {
    return ReadAgentStats(backend.telemetry(), engine, *call.caller(), request, out);
  };
  Read(backend, call, fields, read);
}

void GetTime(Backend& backend, bool driven, GetTimeCall& call) {
  Fields fields;
  fields.Workspace(Path("workspace"), call.request().workspace());
  if (!fields.ok()) return call.End(fields.Error());
  call.response().set_driven(driven);
  auto reading = std::make_shared<Reading>();
  runtime::Call query{.workspace = call.request().workspace(),
                      .deadline = call.deadline(),
                      .body = [reading](const engine::Engine& engine) {
                        *reading = {engine.now(), engine.NextDeadline()};
                      }};
  backend.Submit(std::move(query), [&call, reading](const runtime::Answer& answer) {
    const absl::Status status = ToStatus(answer, call.request().workspace());
    if (status.ok()) {
      reading->now = std::max(reading->now, std::get<runtime::Done>(answer).time);
      WriteReading(*reading, call.response());
    }
    call.End(status);
  });
}

void AdvanceTime(Backend& backend, AdvanceTimeCall& call) {
  const v1::AdvanceTimeRequest& request = call.request();
  Fields fields;
  fields.Workspace(Path("workspace"), request.workspace());
  if (!request.has_to()) fields.Fail(Path("to"), "is required");
  const engine::Time to = ReadTime(request.to(), Path("to"), fields);
  if (!fields.ok()) return call.End(fields.Error());
  const runtime::BootTime deadline = call.deadline();
  runtime::Call advance{.workspace = request.workspace(),
                        .deadline = deadline,
                        .body = runtime::AdvanceTime{to}};
  backend.Submit(std::move(advance), [&backend, &call, deadline](const runtime::Answer& answer) {
    const absl::Status status = ToStatus(answer, call.request().workspace());
    if (!status.ok()) return call.End(status);
    // What became due has no caller in its events.
    if (call.caller()->told != nullptr) {
      TellDone(kAdvance, call.request().workspace(), *call.caller());
    }
    ReadState(
        backend, call.request().workspace(), deadline,
        [&call](const engine::Engine& engine) {
          WriteReading({engine.now(), engine.NextDeadline()}, call.response());
          return absl::OkStatus();
        },
        [&call](const absl::Status& read, store::EventId cursor) {
          call.response().set_event_cursor(store::ToString(cursor));
          call.End(read);
        });
  });
}

}  // namespace

void ServeStats(const std::shared_ptr<RpcLoop>& loop, StatsService& service, const Forwarding& forwarding) {
  Backend& backend = forwarding.backend;
  const UnaryServer<StatsService> server(loop, service, kStats, &forwarding);
  server.Serve("GetQueueStats", &StatsService::RequestGetQueueStats, Order::kAny,
               [&backend](QueueStatsCall& call) { GetQueueStats(backend, call); });
  server.Serve("GetAgentStats", &StatsService::RequestGetAgentStats, Order::kAny,
               [&backend](AgentStatsCall& call) { GetAgentStats(backend, call); });
}

void ServeClock(const std::shared_ptr<RpcLoop>& loop, ClockService& service, const Forwarding& forwarding,
                bool driven) {
  Backend& backend = forwarding.backend;
  const UnaryServer<ClockService> server(loop, service, kClock, &forwarding);
  server.Serve("GetTime", &ClockService::RequestGetTime, Order::kAny,
               [&backend, driven](GetTimeCall& call) { GetTime(backend, driven, call); });
  server.Serve("AdvanceTime", &ClockService::RequestAdvanceTime, Order::kAny,
               [&backend](AdvanceTimeCall& call) { AdvanceTime(backend, call); });
}

}  // namespace firstline::api
