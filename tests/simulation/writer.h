// A platform's backend that sends commands of one workspace one after the other over a stream,
// without waiting for answers, and begins anew at another pod, with everything unanswered and in
// the same order, when the stream breaks or nothing comes.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "tests/simulation/cluster.h"
#include "tests/simulation/trace.h"

namespace firstline::simulation {

class Writer {
 public:
  // Sends `commands` until about `until_us`. They record messages "<name>/<n>", n = 1, 2, ..., on
  // an inquiry that nobody serves; see Judge::CheckHistory.
  Writer(Schedule& schedule, Random random, const Trace& trace, Judge& judge, Cluster& cluster,
         WorkspaceId workspace, std::string name, int commands, int64_t until_us);

  // The workspace must exist.
  void Start();
  bool AllAnswered() const { return answered_ == commands_; }

 private:
  struct Sent {
    int number = 0;
    EventId asked_after;
  };

  Question Command(int number) const;
  void Submit();
  void Next();
  void Reopen();
  void Send(Sent& command);
  void OnAnswer(int number, uint64_t stream, EventId asked_after, const Heard& heard);
  void Watchdog();

  Schedule& schedule_;
  Random random_;
  const Trace& trace_;
  Judge& judge_;
  Cluster& cluster_;
  const WorkspaceId workspace_;
  const std::string name_;
  const int commands_;
  const int64_t until_us_;
  const int64_t pause_us_;
  Cluster::CallStream calls_;
  uint64_t stream_ = 0;          // number of `calls_`: answers of earlier ones are late
  int64_t heard_us_ = 0;
  std::deque<Sent> unanswered_;  // ascending
  int last_ = 0;
  int answered_ = 0;
};

}  // namespace firstline::simulation
