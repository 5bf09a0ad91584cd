// From the engine's events to additions to the figures: the one place that says what each figure
// means. Additions are gathered when events happen and made when their batch is committed.
//
//   gatherer.Gather(engine, additions);   // right after Apply or Tick
//   additions.Make();                     // once committed; or forget them
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "services/router/engine/engine.h"
#include "services/router/telemetry/figures.h"

namespace firstline::telemetry {

// What is to be added to some figures, which must outlive it.
class Additions {
 public:
  void Count(uint64_t& counter) { list_.push_back(One{&counter}); }
  void Observe(SpanHistogram& histogram, engine::Span span) {
    list_.push_back(InHistogram{&histogram, span.us});
  }
  void Sum(SpanSum& sum, int64_t amount) { list_.push_back(InSum{&sum, amount}); }
  // From `time` on `agent` carries this.
  void SetLoad(AgentFigures& agent, engine::Time time, const engine::Agent* now, TeamLoad* team);
  // Keeps a forgotten agent's figures for as long as additions may point to them.
  void Keep(std::unique_ptr<AgentFigures> agent) { kept_.push_back(std::move(agent)); }
  // Notes when the events behind the additions happened.
  void Extend(engine::Time time) {
    if (!first_.IsSet()) first_ = time;
  }

  // Adds everything and is empty afterwards.
  void Make();
  // Time of the first event; unset without one.
  engine::Time first() const { return first_; }

 private:
  struct One {
    uint64_t* counter;
  };
  struct InHistogram {
    SpanHistogram* histogram;
    int64_t us;
  };
  struct InSum {
    SpanSum* sum;
    int64_t amount;
  };
  struct Load {
    AgentFigures* agent;
    TeamLoad* team;
    engine::Time time;
    uint16_t used, units;
    bool online;
  };
  static void Add(const One& add) { ++*add.counter; }
  static void Add(const InHistogram& add) { add.histogram->Add(add.us); }
  static void Add(const InSum& add) { add.sum->Add(add.amount); }
  static void Add(const Load& add);

  std::vector<std::variant<One, InHistogram, InSum, Load>> list_;
  std::vector<std::unique_ptr<AgentFigures>> kept_;
  engine::Time first_;
};

// Whether an agent who was just given work on `channel` can carry what it now has. Configuration
// alone may leave an excess, so this is asked only of those who were given something.
bool IsWithinCapacity(const engine::Agent& agent, engine::ChannelIx channel);

// Belongs to one engine and its figures; keeps what handles resolve to.
class Gatherer {
 public:
  explicit Gatherer(Figures& figures) : figures_(figures) {}

  // What agents carry, and the wrap-ups that run, as the engine is restored.
  void Begin(const engine::Engine& engine, Additions& additions);
  // What engine.events() mean.
  void Gather(const engine::Engine& engine, Additions& additions);
  // A submission that its queue did not take; other refusals are no queue's. Added at once.
  void CountRefusal(const engine::Engine& engine, const engine::Submit& submit,
                    const engine::Outcome& outcome);

 private:
  struct Visitor;

  Flow& FlowOf(const engine::Engine& engine, engine::QueueIx queue, engine::ChannelIx channel);
  Work& WorkOf(const engine::Engine& engine, engine::QueueIx queue, engine::ChannelIx channel,
               engine::AgentIx agent);
  // Null for an unset handle and for deleted agents.
  AgentFigures* AgentOf(const engine::Engine& engine, engine::AgentIx agent, engine::Time now);
  void SetLoad(const engine::Engine& engine, engine::AgentIx agent, engine::Time time,
               Additions& additions);
  void ForgetWrapUps(const engine::Engine& engine);

  Figures& figures_;
  absl::flat_hash_map<std::tuple<uint32_t, uint32_t>, Flow*> flows_;
  absl::flat_hash_map<std::tuple<uint32_t, uint32_t, uint32_t>, Work*> works_;
  std::vector<AgentFigures*> agents_;  // by AgentIx; null: look it up
  // Wrap-ups outlive the inquiry's record, which knows the channel.
  absl::flat_hash_map<std::pair<uint32_t, std::string>, engine::ChannelIx> wrap_ups_;
  // Scratch of Gather: whose load may have changed, and who was given more work.
  std::vector<engine::AgentIx> touched_;
  std::vector<std::pair<engine::AgentIx, engine::ChannelIx>> given_;
};

}  // namespace firstline::telemetry
