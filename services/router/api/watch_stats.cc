#include "services/router/api/watch_stats.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "services/router/api/convert_common.h"
#include "services/router/api/limits.h"
#include "services/router/api/watch_interval.h"

namespace firstline::api {
namespace {

constexpr WatchInterval kStatsInterval{.otherwise = engine::Seconds(1),
                                  .min = engine::Milliseconds(500),
                                  .max = engine::Seconds(60),
                                  .wanted = "0.5s..60s"};

// All queues of a workspace at one moment, or why they could not be read.
struct StatsReading {
  absl::Status status;
  internal::v1::ReadStatsResponse stats;
};
using SharedReading = std::shared_ptr<const StatsReading>;

class WatchStats;

// One reading at a time for each workspace, wherever its owner is; who asks while one is under way
// shares the next.
// Threads: the loop's.
class Readings : public std::enable_shared_from_this<Readings> {
 public:
  Readings(RpcLoop& loop, OwnerCalls& owner) : loop_(loop), owner_(owner) {}

  // WatchStats::OnReading follows unless the stream ends before.
  void Ask(const std::string& workspace, RpcStream::Id stream) {
    Desk& desk = desks_[workspace];
    desk.waiting.insert(stream);
    if (!desk.reading) Read(workspace, desk);
  }

 private:
  struct Desk {
    bool reading = false;
    std::set<RpcStream::Id> asked, waiting;  // served by the reading under way, by the next
  };

  void Read(const std::string& workspace, Desk& desk) {
    desk.reading = true;
    desk.asked = std::exchange(desk.waiting, {});
    internal::v1::ReadStatsRequest request;
    request.set_workspace(workspace);
    owner_.ReadStats(std::move(request),
                     [self = shared_from_this(), loop = loop_.shared_from_this(), workspace](
                         const absl::Status& status, internal::v1::ReadStatsResponse& stats) {
                       auto reading = std::make_shared<StatsReading>(StatsReading{status, std::move(stats)});
                       loop->Post([self, workspace, reading] { self->Deliver(workspace, reading); });
                     });
  }

  void Deliver(const std::string& workspace, const SharedReading& reading);

  RpcLoop& loop_;
  OwnerCalls& owner_;
  std::map<std::string, Desk> desks_;
};

using StatsStream = ServerStream<StatsService, v1::WatchStatsRequest, v1::WatchStatsResponse>;

class WatchStats final : public StatsStream {
 public:
  WatchStats(std::shared_ptr<RpcLoop> loop, StatsService& service,
             std::shared_ptr<Readings> readings)
      : StatsStream(std::move(loop), {"firstline.v1.StatsService", "WatchStats"}, service,
                    &StatsService::RequestWatchStats),
        service_(service),
        readings_(std::move(readings)) {}
  void Listen() { Accept(); }

  void OnReading(const StatsReading& reading) {
    if (!reading.status.ok()) return End(reading.status);
    if (writing()) return;  // The next tick asks again.
    v1::WatchStatsResponse response;
    const absl::Status known = WriteChanges(reading.stats.figures(), response);
    if (!known.ok()) return End(known);
    const bool changed = response.queues_size() > 0 || response.removed_queues_size() > 0;
    if (!changed && !first_ && quiet_ticks_ < limits::kHeartbeat / RpcLoop::kTick) return;
    if (std::exchange(first_, false)) {
      *response.mutable_bucket_bounds() = reading.stats.figures().bucket_bounds();
    }
    *response.mutable_time() = reading.stats.time();
    quiet_ticks_ = 0;
    Write(response);
  }

 private:
  void ListenAgain() override { (new WatchStats(shared_loop(), service_, readings_))->Listen(); }

  void OnOpen() override {
    Fields fields;
    fields.Workspace(Path("workspace"), request().workspace());
    fields.OptionalName(Path("queue"), request().queue());
    ticks_each_ = ReadTicks(request(), kStatsInterval, fields);
    if (!fields.ok()) return End(fields.Error());
    if (absl::Status s = CheckRequest(*caller(), request()); !s.ok()) return End(std::move(s));
    readings_->Ask(request().workspace(), id());
  }

  void OnTick() override {
    ++quiet_ticks_;
    if (++ticks_ < ticks_each_ || writing()) return;
    ticks_ = 0;
    readings_->Ask(request().workspace(), id());
  }

  absl::Status WriteChanges(const v1::GetQueueStatsResponse& figures,
                            v1::WatchStatsResponse& response) {
    std::map<std::string, std::string> present;  // by queue, as bytes
    for (const v1::QueueStats& queue : figures.queues()) {
      if (!request().queue().empty() && queue.queue() != request().queue()) continue;
      std::string& bytes = present[queue.queue()];
      queue.SerializeToString(&bytes);
      const auto told = told_.find(queue.queue());
      if (told == told_.end() || told->second != bytes) *response.add_queues() = queue;
    }
    if (present.empty() && !request().queue().empty()) {
      return ToStatus(engine::Rejection::kUnknownQueue, request().queue(),
                      KindOf<engine::Transfer>());
    }
    for (const auto& [queue, bytes] : told_) {
      if (present.count(queue) == 0) response.add_removed_queues(queue);
    }
    told_ = std::move(present);
    return absl::OkStatus();
  }

  StatsService& service_;
  const std::shared_ptr<Readings> readings_;
  int64_t ticks_each_ = 1;
  int64_t ticks_ = 0, quiet_ticks_ = 0;  // since the last question, the last message
  bool first_ = true;
  std::map<std::string, std::string> told_;  // by queue, as bytes
};

void Readings::Deliver(const std::string& workspace, const SharedReading& reading) {
  const auto desk = desks_.find(workspace);
  desk->second.reading = false;
  const std::set<RpcStream::Id> asked = std::exchange(desk->second.asked, {});
  for (const RpcStream::Id id : asked) {
    if (RpcStream* stream = loop_.Find(id)) static_cast<WatchStats&>(*stream).OnReading(*reading);
  }
  if (desk->second.waiting.empty()) {
    desks_.erase(desk);
  } else {
    Read(workspace, desk->second);
  }
}

}  // namespace

void ListenForStats(const std::shared_ptr<RpcLoop>& loop, StatsService& service,
                    OwnerCalls& owner) {
  loop->Post([loop, &service, &owner] {
    (new WatchStats(loop, service, std::make_shared<Readings>(*loop, owner)))->Listen();
  });
}

}  // namespace firstline::api
