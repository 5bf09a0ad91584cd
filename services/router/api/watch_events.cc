#include "services/router/api/watch_events.h"

#include <set>
#include <utility>

#include "common/status/reason.h"
#include "services/router/api/limits.h"

namespace firstline::api {
namespace {

absl::Status InvalidCursor() {
  return status::Error(absl::StatusCode::kInvalidArgument, "must be of the form <epoch>-<n>",
                       {.reason = "INVALID_CURSOR",
                        .violations = {{"cursor", "must be of the form <epoch>-<n>"}}});
}

absl::Status Check(const v1::WatchEventsRequest& request) {
  Fields fields;
  const Path kinds("kinds");
  fields.Workspace(Path("workspace"), request.workspace());
  fields.OptionalId(Path("inquiry_id"), request.inquiry_id());
  fields.OptionalName(Path("queue"), request.queue());
  if (fields.AtMost(kinds, static_cast<size_t>(request.kinds_size()), limits::kEventKindsMax)) {
    for (int i = 0; i < request.kinds_size(); ++i) {
      const int kind = request.kinds(i);
      if (kind == 0 || !v1::EventKind_IsValid(kind)) {
        fields.Fail(Path(kinds, i), "is not a kind of event");
      }
    }
  }
  if (!fields.ok()) return fields.Error();
  if (!request.cursor().empty() && !store::ParseEventId(request.cursor())) return InvalidCursor();
  return absl::OkStatus();
}

EventHub::Filter FilterOf(const v1::WatchEventsRequest& request, const CallerRef& caller) {
  if (request.kinds().empty() && request.inquiry_id().empty() && request.queue().empty() &&
      caller->role != Role::kVendor) {
    return nullptr;
  }
  return [caller, kinds = std::set<int>(request.kinds().begin(), request.kinds().end()),
          inquiry = request.inquiry_id(), queue = request.queue()](const v1::Event& event) {
    if (event.kind_case() == v1::Event::kOwnerChanged) return true;
    if (!Sees(*caller, event)) return false;
    if (!kinds.empty() && kinds.count(static_cast<int>(event.kind_case())) == 0) return false;
    if (!inquiry.empty() && event.inquiry_id() != inquiry) return false;
    return queue.empty() || event.queue_id() == queue;
  };
}

using EventStream =
    ServerStream<RoutingService, v1::WatchEventsRequest, v1::WatchEventsResponse>;

class WatchEvents final : public EventStream {
 public:
  WatchEvents(std::shared_ptr<RpcLoop> loop, RoutingService& service, Backend& backend,
              EventHub& hub)
      : EventStream(std::move(loop), {"firstline.v1.RoutingService", "WatchEvents"}, service,
                    &RoutingService::RequestWatchEvents),
        service_(service),
        backend_(backend),
        hub_(hub) {}
  void Listen() { Accept(); }

 private:
  void ListenAgain() override {
    (new WatchEvents(shared_loop(), service_, backend_, hub_))->Listen();
  }

  // Any pod has the history; only its owner knows for sure that a workspace does not exist.
  void OnOpen() override {
    if (absl::Status checked = Check(request()); !checked.ok()) return End(std::move(checked));
    if (absl::Status s = CheckRequest(*caller(), request()); !s.ok()) return End(std::move(s));
    ReadState(
        backend_, request().workspace(), runtime::kNeverBoot,
        [](const engine::Engine&) { return absl::OkStatus(); },
        [loop = shared_loop(), id = id()](const absl::Status& status, store::EventId) {
          loop->PostTo<WatchEvents>(id, [status](WatchEvents& self) { self.OnKnown(status); });
        });
  }

  void OnKnown(const absl::Status& status) {
    if (status::ReasonOf(status) == "UNKNOWN_WORKSPACE") return End(status);
    following_ = true;
    hub_.OpenReader(id(),
                    {.workspace = request().workspace(),
                     .cursor = store::ParseEventId(request().cursor()),
                     .filter = FilterOf(request(), caller()),
                     .inquiry = request().inquiry_id()},
                    [loop = shared_loop(), id = id()](EventHub::Batch batch) {
                      auto shared = std::make_shared<EventHub::Batch>(std::move(batch));
                      loop->PostTo<WatchEvents>(
                          id, [shared](WatchEvents& self) { self.OnBatch(*shared); });
                    });
    hub_.Next(id());
  }

  void OnBatch(const EventHub::Batch& batch) {
    if (!batch.status.ok()) return End(batch.status);
    v1::WatchEventsResponse response;
    for (const EventHub::SharedEvent& event : batch.events) {
      v1::Event& told = *response.add_events();
      told = event->event;
      Redact(*caller(), told);
    }
    if (batch.cursor) response.set_cursor(store::ToString(*batch.cursor));
    Write(response);
  }

  void OnWritten() override { hub_.Next(id()); }

  void OnClosed() override {
    if (following_) hub_.Close(id());
  }

  RoutingService& service_;
  Backend& backend_;
  EventHub& hub_;
  bool following_ = false;
};

}  // namespace

void ListenForEvents(const std::shared_ptr<RpcLoop>& loop, RoutingService& service,
                     Backend& backend, EventHub& hub) {
  loop->Post([loop, &service, &backend, &hub] {
    (new WatchEvents(loop, service, backend, hub))->Listen();
  });
}

}  // namespace firstline::api
