// The watch streams of one simulated process: api::EventTails as api::EventHub runs it, around it
// what the handlers of WatchEvents and WatchAgents do, and the connection to each client: in order,
// delayed, with room for a few messages that are not read yet.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/router/api/event_tails.h"
#include "services/router/api/watched_agents.h"
#include "tests/simulation/question.h"
#include "tests/simulation/random.h"
#include "tests/simulation/redis_model.h"
#include "tests/simulation/schedule.h"

namespace firstline::simulation {

class Streams : public std::enable_shared_from_this<Streams> {
 public:
  using Batch = api::EventTails::Batch;
  struct Message {
    absl::Status status = {};  // not OK: the last one
    std::vector<api::EventTails::SharedEvent> events = {};
    EventId cursor = {};    // everything up to here was told
    bool snapshot = false;  // of agents: they were looked at, as they stood at `cursor`
    bool anew = false;      // what happened between the messages before and this one is not told
  };
  using Tell = std::function<void(const Message&)>;
  struct Options {
    int pod = 0;
    api::EventTails::PlantedBugs bugs;
    std::function<int64_t()> stalled_until_us;
    std::function<void(Question, Hear)> ask;  // as a client of this process
  };

  Streams(Schedule& schedule, Random random, RedisModel& redis, Options options);

  // Return the stream's number.
  uint64_t WatchEvents(api::EventTails::ReaderOptions reader, Tell tell);
  uint64_t WatchAgent(const WorkspaceId& workspace, const std::string& agent, Tell tell);
  // The client has read a message.
  void OnRead(uint64_t stream);
  void Close(uint64_t stream);
  // As EventHub::Wake: something was committed.
  void Wake() { LookAfter(0); }
  // The process is told to go.
  void EndAll();

 private:
  struct Stream {
    WorkspaceId workspace = {};
    Tell tell = {};
    int unread = 0;
    bool full = false;  // asks for more once the client reads
    int64_t last_us = 0;
    // Of an agent.
    std::string agent = {};
    api::WatchedAgents watched = {};
    bool anew = false;
    bool looking = false;
    uint64_t era = 0;  // a snapshot asked for in an earlier one is of no use
    std::optional<EventId> looked = {};
  };

  Stream* Find(uint64_t stream);
  void Follow(uint64_t stream, api::EventTails::ReaderOptions reader);
  api::EventTails::Deliver DeliverTo(uint64_t stream);
  void OnBatch(uint64_t stream, const Batch& batch);
  void OnAgentBatch(uint64_t stream, const Batch& batch);
  void LookAtAgent(uint64_t stream);
  void OnLooked(uint64_t stream, EventId cursor);
  static void LookAgain(Stream& stream, bool forget);
  void TellSnapshot(Stream& stream, EventId cursor);
  void TellEvents(Stream& stream, api::WatchedAgents::Events events, EventId told);
  void Send(Stream& stream, Message message);
  void AskNext(uint64_t stream);
  void End(uint64_t stream, absl::Status status);
  void LookAfter(int64_t delay_us);
  void Look();
  api::EventTails::Time Now() const;

  Schedule& schedule_;
  Random random_;
  const Options options_;
  PodLog log_;
  api::EventTails tails_;
  std::map<uint64_t, Stream> streams_;
  uint64_t last_stream_ = 0;
  int64_t look_us_ = 0;  // when the tails are looked at next; 0: not
};

}  // namespace firstline::simulation
