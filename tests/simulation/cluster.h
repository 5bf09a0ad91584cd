// Pods under virtual time: the real runtime, engine and codec, on a modelled network and Redis.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "services/router/runtime/pod.h"
#include "services/router/store/codec.h"
#include "tests/simulation/judge.h"
#include "tests/simulation/random.h"
#include "tests/simulation/redis_model.h"
#include "tests/simulation/schedule.h"

namespace firstline::simulation {

class Cluster {
 public:
  using Heard = std::function<void(const runtime::Answer&)>;

  Cluster(Schedule& schedule, Random& random, Judge& judge, RedisModel& redis, int pods,
          runtime::PodOptions options);

  int size() const { return static_cast<int>(pods_.size()); }
  // Sends a call to a pod. `heard` is called at most once; never if a pod dies before it answers.
  void Send(int pod, runtime::Call call, Heard heard);
  void Beat(int pod, const WorkspaceId& workspace, std::vector<runtime::SessionRef> sessions);
  // The pod at this address, or -1.
  int PodAt(const std::string& address) const;
  // The pod that holds the workspace in memory, or -1.
  int OwnerOf(const WorkspaceId& workspace) const;

  // ---- Faults ----
  void Crash(int pod, int64_t restart_after_us);  // memory gone
  void Stall(int pod, int64_t us);                // SIGSTOP: its clock goes on, it does nothing
  // In order, to any other pod; nothing happens if it does not own the workspace.
  void HandOver(int pod, const WorkspaceId& workspace);
  // Every engine in memory, checked by full scans.
  void CheckEngines(bool work_conserving);

 private:
  struct Member {
    std::string address;
    std::unique_ptr<runtime::Pod> pod;  // null while it is down
    uint64_t incarnation = 0;           // replies and wakes for earlier ones are dropped
    int64_t boot_offset_us = 0;
    int64_t stalled_until_us = 0;
    int64_t wake_us = 0;                // the earliest wake that is scheduled; 0: none
    std::unordered_map<runtime::Ticket, std::pair<WorkspaceId, Heard>> open;
  };

  void Start(Member& member);
  // Does `input` on the pod when it runs, then sends what comes out of it.
  void Do(int index, std::function<void(runtime::Pod&, runtime::BootTime)> input);
  void Drain(int index);
  runtime::BootTime BootNow(const Member& member) const {
    return {schedule_.now_us() + member.boot_offset_us};
  }

  Schedule& schedule_;
  Random& random_;
  Judge& judge_;
  RedisModel& redis_;
  const runtime::PodOptions options_;
  const store::RecordCodec codec_;
  runtime::Observer observer_;
  std::vector<Member> pods_;
  runtime::Ticket last_ticket_ = 0;
};

}  // namespace firstline::simulation
