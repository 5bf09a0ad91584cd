// Small worlds in which inquiries wait, to hold what they were told to expect against how long they
// waited: customers and agents by laws, or a logged day.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <queue>
#include <string>
#include <tuple>
#include <vector>

#include "services/router/engine/engine.h"

namespace firstline::engine::proof {

// How many waits were foretold at submission, and how many were within what was told.
struct Coverage {
  uint64_t foretold = 0, within_p50 = 0, within_p90 = 0;
  uint64_t waited = 0;  // had to wait at all, foretold or not, and were served
  double p50() const { return static_cast<double>(within_p50) / static_cast<double>(foretold); }
  double p90() const { return static_cast<double>(within_p90) / static_cast<double>(foretold); }
};

struct Customer {
  Time arrival;
  std::string queue;
  Span service;
  Span patience;  // 0: endless
};

// Agents accept at once; a served customer occupies its agent for the service time.
class WaitWorld {
 public:
  WaitWorld(const WorkspaceConfig& config, const std::vector<AgentConfig>& agents, Time start);

  void LogOn(const std::string& agent, Time at, Time until);
  // In the order of arrival. Waits of those who come before `count_from` are not counted.
  Coverage Run(const std::vector<Customer>& customers, Time count_from);

 private:
  enum class What : uint8_t { kEnd, kOff, kOn, kGiveUp };
  using Due = std::tuple<Time, What, std::string>;
  void Until(Time time);
  void Apply(Time at, Body body);
  void Note();

  Engine engine_{"waits"};
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  struct Told {
    Span service;
    Time arrival, until;
    uint32_t p50_ms = 0, p90_ms = 0;
    bool counts = false, waits = false;
  };
  std::map<std::string, Told> open_;
  Coverage coverage_;
};

}  // namespace firstline::engine::proof
