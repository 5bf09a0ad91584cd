#include "services/router/api/stats_service.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "services/router/api/convert_common.h"
#include "services/router/api/limits.h"
#include "services/router/api/page_token.h"
#include "services/router/store/public_messages.h"

namespace firstline::api {
namespace {

constexpr std::string_view kStats = "firstline.v1.StatsService";
constexpr std::string_view kClock = "firstline.v1.ClockService";

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

absl::Status ReadAgentStats(telemetry::Telemetry& telemetry, const engine::Engine& engine,
                            const v1::GetAgentStatsRequest& request,
                            v1::GetAgentStatsResponse& out) {
  WriteBounds(out);
  if (!request.agent_id().empty()) {
    if (!engine.FindAgent(request.agent_id()).IsSet()) {
      return ToStatus(engine::Rejection::kUnknownAgent, request.agent_id(),
                      KindOf<engine::SetPresence>());
    }
    const auto figures = telemetry.Agent(engine.workspace(), request.agent_id());
    if (figures) WriteAgentStats(*figures, out.add_agents());
    return absl::OkStatus();
  }
  const size_t size = static_cast<size_t>(PageSize(request.page_size()));
  std::vector<telemetry::AgentFigures> agents =
      telemetry.Agents(engine.workspace(), request.page_token(), size + 1);
  const bool more = agents.size() > size;
  if (more) agents.pop_back();
  for (const telemetry::AgentFigures& figures : agents) {
    WriteAgentStats(figures, out.add_agents());
  }
  if (more) out.set_next_page_token(agents.back().agent_id);
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

}  // namespace

grpc::ServerUnaryReactor* StatsService::GetQueueStats(grpc::CallbackServerContext* context,
                                                      const v1::GetQueueStatsRequest* request,
                                                      v1::GetQueueStatsResponse* response) {
  Fields fields;
  fields.Workspace(Path("workspace"), request->workspace());
  fields.OptionalName(Path("queue"), request->queue());
  const auto read = [this, request](const engine::Engine& engine, v1::GetQueueStatsResponse& out) {
    return ReadQueueStats(deps_.backend.telemetry(), engine, request->queue(), out);
  };
  return Read<v1::GetQueueStatsResponse>(deps_, {kStats, "GetQueueStats"}, *context,
                                         request->workspace(), fields, response, read);
}

grpc::ServerUnaryReactor* StatsService::GetAgentStats(grpc::CallbackServerContext* context,
                                                      const v1::GetAgentStatsRequest* request,
                                                      v1::GetAgentStatsResponse* response) {
  Fields fields;
  fields.Workspace(Path("workspace"), request->workspace());
  fields.OptionalId(Path("agent_id"), request->agent_id());
  fields.Range(Path("page_size"), request->page_size(), 0, limits::kPageSizeMax);
  Fields token;
  const bool token_ok = token.OptionalId(Path("page_token"), request->page_token());
  const auto read = [this, request, token_ok](const engine::Engine& engine,
                                              v1::GetAgentStatsResponse& out) {
    if (!token_ok) return InvalidPageToken();
    return ReadAgentStats(deps_.backend.telemetry(), engine, *request, out);
  };
  return Read<v1::GetAgentStatsResponse>(deps_, {kStats, "GetAgentStats"}, *context,
                                         request->workspace(), fields, response, read);
}

grpc::ServerUnaryReactor* ClockService::GetTime(grpc::CallbackServerContext* context,
                                                const v1::GetTimeRequest* request,
                                                v1::GetTimeResponse* response) {
  auto* call = new UnaryCall<v1::GetTimeResponse>(deps_, {kClock, "GetTime"}, response);
  Fields fields;
  fields.Workspace(Path("workspace"), request->workspace());
  if (!fields.ok()) {
    call->End(fields.Error());
    return call;
  }
  response->set_driven(driven_);
  auto reading = std::make_shared<Reading>();
  runtime::Call query{.workspace = request->workspace(),
                      .deadline = DeadlineOf(deps_.backend, *context),
                      .body = [reading](const engine::Engine& engine) {
                        *reading = {engine.now(), engine.NextDeadline()};
                      }};
  deps_.backend.Submit(std::move(query), [call, reading, request](runtime::Answer answer) {
    const absl::Status status = ToStatus(answer, request->workspace());
    if (status.ok()) {
      reading->now = std::max(reading->now, std::get<runtime::Done>(answer).time);
      WriteReading(*reading, call->response());
    }
    call->End(status);
  });
  return call;
}

grpc::ServerUnaryReactor* ClockService::AdvanceTime(grpc::CallbackServerContext* context,
                                                    const v1::AdvanceTimeRequest* request,
                                                    v1::AdvanceTimeResponse* response) {
  auto* call = new UnaryCall<v1::AdvanceTimeResponse>(deps_, {kClock, "AdvanceTime"}, response);
  Fields fields;
  fields.Workspace(Path("workspace"), request->workspace());
  if (!request->has_to()) fields.Fail(Path("to"), "is required");
  const engine::Time to = ReadTime(request->to(), Path("to"), fields);
  if (!fields.ok()) {
    call->End(fields.Error());
    return call;
  }
  const runtime::BootTime deadline = DeadlineOf(deps_.backend, *context);
  runtime::Call advance{.workspace = request->workspace(),
                        .deadline = deadline,
                        .body = runtime::AdvanceTime{to}};
  deps_.backend.Submit(std::move(advance), [this, call, request, deadline](
                                               runtime::Answer answer) {
    const absl::Status status = ToStatus(answer, request->workspace());
    if (!status.ok()) return call->End(status);
    ReadState(
        deps_.backend, request->workspace(), deadline,
        [call](const engine::Engine& engine) {
          WriteReading({engine.now(), engine.NextDeadline()}, call->response());
          return absl::OkStatus();
        },
        [call](absl::Status read, store::EventId cursor) {
          call->response().set_event_cursor(store::ToString(cursor));
          call->End(read);
        });
  });
  return call;
}

}  // namespace firstline::api
