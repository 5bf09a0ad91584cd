// Units in use and units there, of the workspace and of each queue's agents, as they change.
//
// A queue's agents are those of any tier who have what the queue itself asks; what its steps lower
// or drop, and what a customer asks beside it, is left out of account.
//
// Thread rule: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "services/router/engine/engine.h"

namespace firstline::simulate {

struct Units {
  std::int64_t used = 0;   // offers, conversations and wrap-up
  std::int64_t there = 0;  // of agents available or draining
};

class Occupancy {
 public:
  // After the configuration was applied; `queues` in the workspace's order. May intern names.
  Occupancy(engine::Engine& engine, const std::vector<engine::QueueIx>& queues);
  // The agent may have changed.
  void Refresh(const engine::Engine& engine, engine::AgentIx agent);

  const Units& all() const { return all_; }
  const Units& of_queue(std::size_t queue) const { return queues_[queue]; }

 private:
  struct Known {
    Units units;
    std::vector<std::size_t> queues;
  };
  std::vector<Known> agents_;  // by handle
  std::vector<Units> queues_;
  Units all_;
};

}  // namespace firstline::simulate
