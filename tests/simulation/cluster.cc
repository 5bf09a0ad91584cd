#include "tests/simulation/cluster.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace firstline::simulation {

Cluster::Cluster(Schedule& schedule, Random random, Judge& judge, RedisModel& redis,
                 ClusterOptions options)
    : schedule_(schedule),
      random_(random),
      judge_(judge),
      options_(std::move(options)),
      network_(schedule, random_.Fork(),
               [this](int from, int to, const Network::Action& notice) {
                 OnLost(from, to, notice);
               }),
      around_{schedule, judge, redis, network_} {
  for (int pod = 0; pod < options_.pods; ++pod) AddHost();
}

void Cluster::AddHost() {
  const int index = size();
  Host::Options host;
  host.index = index;
  host.pod = options_.pod;
  host.pod.address = absl::StrCat("pod-", index, ":7600");
  if (index == 0) host.pod.bugs.own_clock_fast = options_.fast_clock;
  host.gateway_bugs = options_.gateway_bugs;
  host.forwards_again = options_.forwards_again;
  host.tail_bugs = options_.tail_bugs;
  host.boot_offset_us = random_.Between(0, 1'000'000'000);
  host.boot_ppm = random_.Between(-options_.boot_ppm_max, options_.boot_ppm_max);
  host.died = [this, index](const std::vector<WorkspaceId>& held) { OnDied(index, held); };
  restart_after_us_.push_back(1'000'000);
  hosts_.push_back(std::make_unique<Host>(
      around_, random_.Fork(), std::move(host), [this](const std::string& address) -> Host* {
        for (const auto& each : hosts_) {
          if (each->address() == address) return each.get();
        }
        return nullptr;
      }));
  hosts_.back()->Start();
}

void Cluster::OnLost(int from, int to, const Network::Action& notice) {
  host(from).OnPeerLost(host(to).address(), notice);
}

int Cluster::Pick(Random& random, int preferred) const {
  std::vector<int> taking;
  for (int pod = 0; pod < size(); ++pod) {
    if (!hosts_[static_cast<size_t>(pod)]->takes_calls()) continue;
    if (pod == preferred) return pod;
    taking.push_back(pod);
  }
  if (taking.empty()) return -1;
  return taking[static_cast<size_t>(random.Below(static_cast<int64_t>(taking.size())))];
}

void Cluster::Ask(int pod, Question question, Hear hear) {
  CallStream stream = OpenStream(pod);
  AskInOrder(stream, std::move(question), std::move(hear));
}

Cluster::CallStream Cluster::OpenStream(int pod) {
  return {pod, pod < 0 ? 0 : host(pod).life(), 0};
}

void Cluster::AskInOrder(CallStream& stream, Question question, Hear hear) {
  if (stream.pod < 0) return;
  stream.arrival_us =
      std::max(stream.arrival_us, schedule_.now_us() + random_.Between(50, 500));
  schedule_.At(stream.arrival_us, [this, pod = stream.pod, life = stream.life,
                                   question = std::move(question), hear = std::move(hear)] {
    if (host(pod).life() == life) host(pod).Ask(question, hear);
  });
}

void Cluster::BeatAll(const WorkspaceId& workspace,
                      const std::vector<runtime::SessionRef>& sessions) {
  for (int pod = 0; pod < size(); ++pod) {
    schedule_.After(random_.Between(50, 500), [this, pod, workspace, sessions] {
      host(pod).Beat(workspace, sessions);
    });
  }
}

int Cluster::OwnerOf(const WorkspaceId& workspace) const {
  for (int pod = 0; pod < size(); ++pod) {
    const runtime::Pod* running = hosts_[static_cast<size_t>(pod)]->pod();
    if (running != nullptr && running->EngineOf(workspace) != nullptr) return pod;
  }
  return -1;
}

// ---- Faults -------------------------------------------------------------------------------------

void Cluster::OnDied(int pod, const std::vector<WorkspaceId>& held) {
  for (const WorkspaceId& workspace : held) around_.redis.Forsake(workspace);
  const int64_t restart_after_us = restart_after_us_[static_cast<size_t>(pod)];
  if (restart_after_us < 0) return;
  schedule_.After(restart_after_us, [this, pod] {
    if (!host(pod).up()) host(pod).Start();
  });
}

void Cluster::Crash(int pod, bool silent, int64_t restart_after_us) {
  int64_t& after = restart_after_us_[static_cast<size_t>(pod)];
  if (after >= 0) after = restart_after_us;
  host(pod).Kill(silent);
}

void Cluster::CrashAtStep(int pod, int step, int place, int64_t restart_after_us) {
  int64_t& after = restart_after_us_[static_cast<size_t>(pod)];
  if (after >= 0) after = restart_after_us;
  host(pod).KillAtStep(step, place);
}

void Cluster::Stall(int pod, int64_t us) {
  for (const WorkspaceId& workspace : host(pod).Held()) around_.redis.Forsake(workspace);
  host(pod).Stall(us);
}

void Cluster::Restart(int pod, int64_t leave_us, int64_t restart_after_us) {
  int64_t& after = restart_after_us_[static_cast<size_t>(pod)];
  if (after >= 0) after = restart_after_us;
  host(pod).Leave(leave_us);
}

void Cluster::HandOver(int pod, const WorkspaceId& workspace) {
  const int next = (pod + 1) % size();
  if (next != pod) host(pod).HandOver(workspace, host(next).address());
}

void Cluster::Add() { AddHost(); }

void Cluster::Remove(int pod, int64_t leave_us) {
  const auto staying = std::count_if(restart_after_us_.begin(), restart_after_us_.end(),
                                     [](int64_t after) { return after >= 0; });
  if (staying <= 1 || restart_after_us_[static_cast<size_t>(pod)] < 0) return;
  restart_after_us_[static_cast<size_t>(pod)] = -1;
  host(pod).Leave(leave_us);
}

void Cluster::Heal() {
  network_.Heal();
  for (const auto& each : hosts_) each->Spare();
}

void Cluster::CheckEngines(bool work_conserving) {
  for (const auto& each : hosts_) {
    for (const WorkspaceId& workspace : each->Held()) {
      const std::string wrong = each->pod()->EngineOf(workspace)->CheckInvariants(work_conserving);
      if (!wrong.empty()) judge_.Fail(absl::StrCat(each->address(), ": ", wrong));
    }
  }
}

}  // namespace firstline::simulation
