// Somebody with a watch stream, now at this pod, now at that: reads what comes, quickly or slowly,
// and opens another stream where one breaks, is ended or falls silent.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "firstline/v1/event.pb.h"
#include "tests/simulation/cluster.h"
#include "tests/simulation/streams.h"
#include "tests/simulation/trace.h"

namespace firstline::simulation {

struct StreamClientOptions {
  WorkspaceId workspace;
  std::string of = {};  // id of an inquiry or agent; "": everything
  int pace = 1;  // how slowly it reads
  // Rewound, it goes back along its own steps, as client::Subscription does; else to where it is
  // told.
  bool remembers = true;
  // From then on nobody is slow, and events are told within kToldWithinUs.
  int64_t calm_from_us = 0;
};

class StreamClient {
 public:
  StreamClient(Schedule& schedule, Random random, const Trace& trace, Judge& judge,
               RedisModel& redis, Cluster& cluster, StreamClientOptions options);
  virtual ~StreamClient() = default;

  // The workspace must exist.
  void Start();
  int64_t told() const { return told_; }  // events

 protected:
  virtual uint64_t OpenAt(Streams& streams, Streams::Tell tell) = 0;
  virtual void Take(const Streams::Message& message) = 0;
  // A new stream is opened: what was told belongs to one that is gone.
  virtual void OnReopen() {}
  // The stream told everything up to here that `Concerns` it; none: it has told nothing yet.
  virtual std::optional<EventId> ToldUntil() const = 0;
  virtual bool Concerns(const v1::Event& event) const = 0;

  static v1::Event Parsed(const store::EventEntry& entry);

  Schedule& schedule_;
  Random random_;
  const Trace& trace_;
  Judge& judge_;
  RedisModel& redis_;
  Cluster& cluster_;
  const StreamClientOptions options_;

 private:
  void Reopen();
  void OnMessage(uint64_t stream, const Streams::Message& message);
  void ReadOne();
  void AtServer(const std::function<void(Streams&, uint64_t)>& action);
  void Watchdog();
  void CheckTimely();

  int pod_ = -1;
  uint64_t life_ = 0;    // of the pod
  uint64_t stream_ = 0;  // number of the stream: messages of earlier ones are late
  std::shared_ptr<uint64_t> at_server_;  // its number there; 0 before it arrived
  int64_t heard_us_ = 0;
  std::deque<Streams::Message> unread_;
  bool reading_ = false;
  int64_t told_ = 0;
  EventId missing_;  // happened, and was not told...
  int64_t missing_since_us_ = 0;
};

}  // namespace firstline::simulation
