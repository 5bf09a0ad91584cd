#include "tests/simulation/stream_client.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace firstline::simulation {
namespace {

constexpr int64_t kSilenceMaxUs = 8'000'000;  // heartbeats come more often
constexpr int64_t kToldWithinUs = 4'000'000;

}  // namespace

StreamClient::StreamClient(Schedule& schedule, Random random, const Trace& trace, Judge& judge,
                           RedisModel& redis, Cluster& cluster, StreamClientOptions options)
    : schedule_(schedule),
      random_(random),
      trace_(trace),
      judge_(judge),
      redis_(redis),
      cluster_(cluster),
      options_(std::move(options)) {}

v1::Event StreamClient::Parsed(const store::EventEntry& entry) {
  v1::Event event;
  event.ParseFromString(entry.bytes);
  return event;
}

void StreamClient::Start() {
  Reopen();
  Watchdog();
  schedule_.At(options_.calm_from_us, [this] { CheckTimely(); });
}

// What the client does arrives a little later, if the process is still the same.
void StreamClient::AtServer(const std::function<void(Streams&, uint64_t)>& action) {
  if (pod_ < 0) return;
  schedule_.After(random_.Between(50, 500), [this, pod = pod_, life = life_,
                                             number = at_server_, action] {
    const Host& host = cluster_.host(pod);
    const auto streams = host.streams();
    if (streams != nullptr && host.life() == life && host.takes_calls()) action(*streams, *number);
  });
}

void StreamClient::Reopen() {
  AtServer([](Streams& streams, uint64_t number) { streams.Close(number); });
  ++stream_;
  heard_us_ = schedule_.now_us();
  unread_.clear();
  OnReopen();
  pod_ = cluster_.Pick(random_, random_.Chance(30) ? pod_ : -1);
  if (pod_ < 0) return;  // the watchdog tries again
  life_ = cluster_.host(pod_).life();
  at_server_ = std::make_shared<uint64_t>(0);
  AtServer([this, stream = stream_, number = at_server_](Streams& streams, uint64_t) {
    *number = OpenAt(streams, [this, stream](const Streams::Message& message) {
      OnMessage(stream, message);
    });
  });
}

void StreamClient::OnMessage(uint64_t stream, const Streams::Message& message) {
  if (stream != stream_) return;
  heard_us_ = schedule_.now_us();
  unread_.push_back(message);
  if (!std::exchange(reading_, true)) ReadOne();
}

void StreamClient::ReadOne() {
  const bool calm = schedule_.now_us() >= options_.calm_from_us;
  const bool pauses = !calm && random_.Chance(4);
  const int64_t takes_us = pauses ? random_.Between(200'000, 3'000'000) * options_.pace
                                  : random_.Between(10, 20'000);
  schedule_.After(takes_us, [this] {
    reading_ = false;
    if (unread_.empty()) return;
    const Streams::Message message = std::move(unread_.front());
    unread_.pop_front();
    told_ += static_cast<int64_t>(message.events.size());
    if (!message.status.ok()) {
      trace_("a stream of %s ends: %s", options_.workspace, std::string(message.status.message()));
    }
    Take(message);
    if (!message.status.ok()) return Reopen();
    AtServer([](Streams& streams, uint64_t number) { streams.OnRead(number); });
    if (!unread_.empty() && !std::exchange(reading_, true)) ReadOne();
  });
}

void StreamClient::Watchdog() {
  schedule_.After(random_.Between(100'000, 500'000), [this] { Watchdog(); });
  const bool broken = pod_ < 0 || cluster_.host(pod_).life() != life_;
  const bool silent = schedule_.now_us() > heard_us_ + kSilenceMaxUs;
  if (broken || silent || random_.Chance(1)) Reopen();
}

void StreamClient::CheckTimely() {
  schedule_.After(500'000, [this] { CheckTimely(); });
  EventId missing;
  const EventId until = ToldUntil().value_or(EventId{});
  for (const store::EventEntry& entry :
       redis_.backend().Read(options_.workspace, until, kAllEvents, 0).events) {
    if (!Concerns(Parsed(entry))) continue;
    missing = entry.id;
    break;
  }
  if (missing != missing_) missing_since_us_ = schedule_.now_us();
  missing_ = missing;
  if (missing == EventId{} || schedule_.now_us() < missing_since_us_ + kToldWithinUs) return;
  judge_.Fail(absl::StrCat(options_.workspace, ": event ", ToString(missing),
                           " was not told, though nothing was wrong any more"));
}

}  // namespace firstline::simulation
