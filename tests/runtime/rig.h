// Pods under virtual time on one store in memory, with a script of faults between them.
//
//   World world;
//   Rig a(world, "a:1");
//   a.Settle();                                   // everything that can happen now happens
//   Ticket t = a.Call(SubmitInquiry("i1"));
//   a.lose_reply = [](const store::Request& r) { return Is<store::Commit>(r); };
//   a.Settle();
//   world.Sleep(Seconds(1)); a.Settle();
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "services/router/runtime/pod.h"
#include "services/router/store/memory_store.h"
#include "tests/runtime/snapshot_codec.h"

namespace firstline::runtime {

inline constexpr int64_t kUnixUs = 1'700'000'000'000'000;  // the store's time when boot time is 0
inline const char* const kWorkspace = "acme";

template <class T>
bool Is(const store::Request& request) {
  return std::holds_alternative<T>(request);
}
inline bool IsCommit(const store::Request& request) { return Is<store::Commit>(request); }
template <class T>
const T* As(const Answer& answer) {
  return std::get_if<T>(&answer);
}
inline bool Applied(const Answer& answer) {
  const Done* done = As<Done>(answer);
  return done != nullptr && done->outcome.ok();
}

struct World {
  BootTime now{1'000'000};
  SnapshotCodec codec;
  store::MemoryBackend backend{[this] { return kUnixUs + now.us; }};
  uint64_t random = 0;

  void Sleep(Span span) { now = now + span; }
  std::optional<store::OwnershipRecord> Record() {
    return backend.Run(store::Observe{kWorkspace}).ownership;
  }
  // The texts of the stored events, without their times.
  std::vector<std::string> Events();
};

// Counts what it is told and checks that batches are told in pairs.
class CountingObserver final : public Observer {
 public:
  void Loaded(const WorkspaceId&, const engine::Engine&) override { ++loaded; }
  void Applied(const WorkspaceId&, const engine::Engine& engine) override {
    applied_events += engine.events().size();
  }
  void Sealed(const WorkspaceId&) override { ++sealed; }
  void Committed(const WorkspaceId&, const engine::Engine&,
                 const CommitFigures& figures) override {
    ++committed;
    committed_events += figures.events;
    last = figures;
  }
  void Dropped(const WorkspaceId&) override { ++dropped; }
  void Refused(const WorkspaceId&, const engine::Engine&, const engine::Submit& submit,
               const engine::Outcome& outcome) override {
    refused.emplace_back(submit.inquiry_id, outcome.rejection);
  }
  void Count(const WorkspaceId&, Incident incident) override { ++incidents[incident]; }
  int Of(Incident incident) const {
    const auto it = incidents.find(incident);
    return it == incidents.end() ? 0 : it->second;
  }

  int loaded = 0, sealed = 0, committed = 0, dropped = 0;
  size_t applied_events = 0, committed_events = 0;
  CommitFigures last;
  std::vector<std::pair<std::string, engine::Rejection>> refused;  // submissions
  std::map<Incident, int> incidents;
};

using Match = std::function<bool(const store::Request&)>;

class Rig {
 public:
  Rig(World& world, std::string address, PodOptions options = {});

  // Takes a call and hands out what follows from it; nothing is delivered to the store yet.
  Ticket Call(CallBody body, bool create = false, BootTime deadline = kNeverBoot);
  // Advances, delivers requests and replies until nothing moves at this moment of time.
  void Settle();
  // Settles, then lets `span` pass in steps of at most `step`, settling after each.
  void Run(Span span, Span step = engine::Milliseconds(100));
  // Settle with a new workspace and one queue, channel and agent; the agent is available.
  void Configure();
  // Lets the reply to a request that was applied come late.
  void DeliverHeld();

  bool Answered(Ticket ticket) const { return answers.count(ticket) > 0; }
  const Answer& AnswerTo(Ticket ticket) const { return answers.at(ticket); }
  Phase phase() const;
  std::string state_of(const std::string& inquiry) const;  // "" when it is not known

  // Faults, asked in this order for each request. Unset: none.
  Match cut;         // does not arrive; replies kUnknown
  Match refuse;      // replies kRefused
  Match break_;      // replies kBroken
  Match lose_reply;  // is applied; replies kUnknown
  Match unreplicated;  // is applied, and on too few replicas
  Match hold;        // is not delivered until DeliverHeld
  Match hold_reply;  // is applied; the reply comes with DeliverHeld

  CountingObserver observer;
  std::unique_ptr<Pod> pod;
  std::map<Ticket, Answer> answers;
  std::vector<store::Request> log;  // every request the pod made

 private:
  struct Late {
    StoreRequest request;
    BootTime sent;
    std::optional<store::Reply> reply;  // unset: not applied yet
  };
  bool Deliver();
  store::Reply Execute(const store::Request& request);
  void Collect();

  World& world_;
  Ticket last_ticket_ = 0;
  std::vector<Late> late_;
};

// ---- Commands -----------------------------------------------------------------------------------

engine::Command Configuration();
engine::Command SubmitInquiry(const std::string& id);
engine::Command AcceptOffer(const std::string& inquiry, uint32_t number = 1);
engine::Command Available(const std::string& session = "", uint64_t sequence = 0);

}  // namespace firstline::runtime
