// All router processes of an installation under virtual time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/host.h"

namespace firstline::simulation {

struct ClusterOptions {
  int pods = 3;
  runtime::PodOptions pod;
  runtime::Span fast_clock{};  // planted in one pod: PlantedBugs::own_clock_fast
  gateway::PlantedBugs gateway_bugs;
  bool forwards_again = false;
  api::EventTails::PlantedBugs tail_bugs;
  int64_t boot_ppm_max = 4000;  // how far clocks differ in rate; kDriftShare covers two such
};

class Cluster {
 public:
  Cluster(Schedule& schedule, Random random, Judge& judge, RedisModel& redis,
          ClusterOptions options);

  int size() const { return static_cast<int>(hosts_.size()); }
  Host& host(int pod) { return *hosts_[static_cast<size_t>(pod)]; }
  // A pod that takes calls, by chance, or `preferred` if that does; -1 when none does.
  int Pick(Random& random, int preferred) const;
  // Sends a call to a pod's gateway. `hear` is called at most once.
  void Ask(int pod, Question question, Hear hear);
  // A client's stream of calls to one process.
  struct CallStream {
    int pod = -1;
    uint64_t life = 0;
    int64_t arrival_us = 0;  // of the last call
  };
  CallStream OpenStream(int pod);
  // As Ask, after all that was sent over the stream before; nothing arrives once the process has
  // died.
  void AskInOrder(CallStream& stream, Question question, Hear hear);
  void BeatAll(const WorkspaceId& workspace, const std::vector<runtime::SessionRef>& sessions);
  // The pod that holds the workspace in memory, or -1.
  int OwnerOf(const WorkspaceId& workspace) const;

  // ---- Faults ----
  void Crash(int pod, bool silent, int64_t restart_after_us);
  void CrashAtStep(int pod, int step, int place, int64_t restart_after_us);
  void Stall(int pod, int64_t us);
  void Restart(int pod, int64_t leave_us, int64_t restart_after_us);  // as told by SIGTERM
  void HandOver(int pod, const WorkspaceId& workspace);
  void Cut(int pod, int other, int64_t us) { network_.Cut(pod, other, us); }
  void Break(int pod, int other) { network_.Break(pod, other); }
  void Add();
  void Remove(int pod, int64_t leave_us);  // for good
  void Heal();

  // Every engine in memory, checked by full scans.
  void CheckEngines(bool work_conserving);

 private:
  void AddHost();
  void OnDied(int pod, const std::vector<WorkspaceId>& held);
  void OnLost(int from, int to, const Network::Action& notice);

  Schedule& schedule_;
  Random random_;
  Judge& judge_;
  const ClusterOptions options_;
  Network network_;
  Surroundings around_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<int64_t> restart_after_us_;  // by pod; < 0: it stays away
};

}  // namespace firstline::simulation
