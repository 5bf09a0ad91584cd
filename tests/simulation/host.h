// One router process on a machine of its own: pod and gateway as they are run, between them what
// api::Forwarder and the forwarding streams do. Its clock runs a little fast or slow; it may be
// stalled, killed at any step, and told to go.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/router/gateway/gateway.h"
#include "services/router/runtime/observer.h"
#include "services/router/runtime/pod.h"
#include "services/router/store/codec.h"
#include "tests/simulation/judge.h"
#include "tests/simulation/network.h"
#include "tests/simulation/question.h"
#include "tests/simulation/random.h"
#include "tests/simulation/redis_model.h"
#include "tests/simulation/schedule.h"
#include "tests/simulation/streams.h"

namespace firstline::simulation {

// Everything hosts stand in.
struct Surroundings {
  Schedule& schedule;
  Judge& judge;
  RedisModel& redis;
  Network& network;
};

class Host final : private runtime::Observer {
 public:
  // A call on its way to the pod that shall serve it.
  struct Forwarded {
    Question question;
    uint64_t epoch = 0;
    Hear reply;
  };
  // The host at an address; null when there never was one.
  using Find = std::function<Host*(const std::string&)>;
  struct Options {
    int index = 0;
    runtime::PodOptions pod;  // with the address
    gateway::PlantedBugs gateway_bugs;
    bool forwards_again = false;  // planted: what a peer sent is treated as a client's call
    api::EventTails::PlantedBugs tail_bugs;
    int64_t boot_offset_us = 0;
    int64_t boot_ppm = 0;         // how fast its clock is
    // It is gone, and with it the memory of these workspaces.
    std::function<void(const std::vector<WorkspaceId>& held)> died;
  };

  Host(Surroundings& around, Random random, Options options, Find find);

  const std::string& address() const { return options_.pod.address; }
  bool up() const { return pod_ != nullptr; }
  bool takes_calls() const { return up() && !leaving_; }
  uint64_t life() const { return life_; }  // another one after each death
  const runtime::Pod* pod() const { return pod_.get(); }
  // Null while it is down. May end with any call to it.
  std::shared_ptr<Streams> streams() const { return streams_; }
  std::vector<WorkspaceId> Held() const;  // in memory
  // Of which it may have what the store lacks.
  std::vector<WorkspaceId> Irreplaceable() const;

  // ---- What arrives ----
  // A client's call. `hear` is called at most once; never if the process dies before.
  void Ask(Question question, Hear hear);
  void Serve(Forwarded call);
  void OnPeerLost(const std::string& address, const Network::Action& notice);
  void Beat(const WorkspaceId& workspace, std::vector<runtime::SessionRef> sessions);
  void Look(const WorkspaceId& workspace);

  // ---- What happens to it ----
  void Start();
  void Kill(bool silent);
  // At its `step`th input from now: before it, after it, or after what it asked of the store.
  void KillAtStep(int step, int place);
  void Spare() { dies_in_ = 0; }
  void Stall(int64_t us);
  // Gives everything up and ends, at the latest after `us`.
  void Leave(int64_t us);
  void HandOver(const WorkspaceId& workspace, const std::string& successor);

 private:
  struct Work {  // of the gateway
    Question question;
    Hear hear;
    uint64_t attempt = 0;
    runtime::Answer refused;  // how the last attempt ended
    int64_t deadline_us = 0;  // boot; 0: none
  };
  struct Open {  // at the pod
    WorkspaceId workspace;
    std::string message;  // of a command that records one
    std::shared_ptr<std::any> value;
    Hear then;
  };
  // Where a process that is to be killed dies.
  enum class Place { kBefore, kAfter, kAsked };

  using Input = std::function<void(runtime::BootTime now)>;
  void Do(Input input);
  void RunDeferred();
  void Run(const Input& input);
  void Drain();
  void SendRequests();
  bool GiveAnswers();
  bool RunGateway();
  void Attempt(const gateway::Attempt& attempt);
  void SendTo(const gateway::Attempt& attempt, const Work& work);
  void SubmitToPod(const Question& question, uint64_t epoch, Hear then);
  bool EndAttempt(gateway::WorkId id, uint64_t number, const Heard& heard, bool peer);
  void LookFor(const WorkspaceId& workspace);
  void GiveUp(gateway::WorkId id);
  void TellClient(const Hear& hear, const Heard& heard);
  void ScheduleWake();
  void EndIfDrained();
  bool DiesAt(Place place);
  runtime::BootTime BootNow() const;
  int64_t VirtualOf(runtime::BootTime boot) const;

  // runtime::Observer
  void Committed(const WorkspaceId&, const engine::Engine&,
                 const runtime::CommitFigures&) override {
    if (streams_ != nullptr) streams_->Wake();
  }
  void HandedOver(const WorkspaceId& workspace, const std::string& successor) override;

  Surroundings& around_;
  Random random_;
  const Options options_;
  const Find find_;
  const store::RecordCodec codec_;

  std::unique_ptr<runtime::Pod> pod_;  // null while it is down
  std::unique_ptr<gateway::Gateway> gateway_;
  std::shared_ptr<Streams> streams_;
  uint64_t life_ = 0;                  // inputs of earlier lives are dropped
  bool leaving_ = false;
  int64_t leave_by_us_ = 0;
  int64_t stalled_until_us_ = 0;
  std::deque<Input> deferred_;         // came while it was stalled
  int64_t wake_us_ = 0;                // the earliest wake that is scheduled; 0: none
  int dies_in_ = 0;                    // steps; 0: does not
  Place dies_at_ = Place::kBefore;
  std::map<gateway::WorkId, Work> works_;
  std::map<runtime::Ticket, Open> open_;
  runtime::Ticket last_ticket_ = 0;
};

}  // namespace firstline::simulation
