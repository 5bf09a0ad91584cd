// Somebody who follows a workspace's history by cursor, now at this pod, now at that, and goes back
// where it is told that history was rewound.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/simulation/cluster.h"

namespace firstline::simulation {

class Watcher {
 public:
  Watcher(Schedule& schedule, Random random, Judge& judge, RedisModel& redis, Cluster& cluster,
          WorkspaceId workspace, int pace);

  void Start();
  // Reads the rest, and gives all it has.
  const std::vector<store::EventEntry>& Finish();
  int rewinds() const { return rewinds_; }

 private:
  void Ask();
  // True when there may be more.
  bool Take(const store::EventPage& page);

  Schedule& schedule_;
  Random random_;
  Judge& judge_;
  RedisModel& redis_;
  Cluster& cluster_;
  const WorkspaceId workspace_;
  const int pace_;  // how slowly it looks
  std::vector<store::EventEntry> followed_;
  EventId cursor_;
  int rewinds_ = 0;
};

}  // namespace firstline::simulation
