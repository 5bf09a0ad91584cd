#include "tests/simulation/cluster.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"

namespace firstline::simulation {

Cluster::Cluster(Schedule& schedule, Random& random, Judge& judge, RedisModel& redis, int pods,
                 runtime::PodOptions options)
    : schedule_(schedule), random_(random), judge_(judge), redis_(redis), options_(options) {
  pods_.resize(static_cast<size_t>(pods));
  for (int p = 0; p < pods; ++p) {
    Member& member = pods_[static_cast<size_t>(p)];
    member.address = absl::StrCat("pod-", p, ":7600");
    member.boot_offset_us = random_.Between(0, 1'000'000'000);
    Start(member);
    Do(p, [](runtime::Pod& pod, runtime::BootTime now) { pod.Advance(now); });
  }
}

void Cluster::Start(Member& member) {
  runtime::PodOptions options = options_;
  options.address = member.address;
  ++member.incarnation;
  member.wake_us = 0;
  member.open.clear();
  member.pod = std::make_unique<runtime::Pod>(options, codec_, observer_,
                                              [this] { return random_.Next(); });
}

int Cluster::PodAt(const std::string& address) const {
  for (int p = 0; p < size(); ++p) {
    if (pods_[static_cast<size_t>(p)].address == address) return p;
  }
  return -1;
}

int Cluster::OwnerOf(const WorkspaceId& workspace) const {
  for (int p = 0; p < size(); ++p) {
    const Member& member = pods_[static_cast<size_t>(p)];
    if (member.pod && member.pod->EngineOf(workspace) != nullptr) return p;
  }
  return -1;
}

void Cluster::Send(int pod, runtime::Call call, Heard heard) {
  schedule_.After(random_.Between(50, 500), [this, pod, call = std::move(call),
                                             heard = std::move(heard)]() mutable {
    if (!pods_[static_cast<size_t>(pod)].pod) return;  // connection refused: the caller times out
    const uint64_t incarnation = pods_[static_cast<size_t>(pod)].incarnation;
    Do(pod, [this, pod, incarnation, call = std::move(call), heard = std::move(heard)](
                runtime::Pod& target, runtime::BootTime now) mutable {
      Member& member = pods_[static_cast<size_t>(pod)];
      if (member.incarnation != incarnation) return;
      call.ticket = ++last_ticket_;
      member.open[call.ticket] = {call.workspace, std::move(heard)};
      target.Submit(std::move(call), now);
    });
  });
}

void Cluster::Beat(int pod, const WorkspaceId& workspace,
                   std::vector<runtime::SessionRef> sessions) {
  schedule_.After(random_.Between(50, 500), [this, pod, workspace, sessions] {
    Do(pod, [=](runtime::Pod& target, runtime::BootTime now) {
      target.Beat(workspace, sessions, now);
    });
  });
}

void Cluster::Do(int index, std::function<void(runtime::Pod&, runtime::BootTime)> input) {
  Member& member = pods_[static_cast<size_t>(index)];
  if (!member.pod) return;
  if (schedule_.now_us() < member.stalled_until_us) {
    // Its inputs wait in their sockets until it runs again.
    const uint64_t incarnation = member.incarnation;
    schedule_.At(member.stalled_until_us, [this, index, incarnation, input = std::move(input)] {
      if (pods_[static_cast<size_t>(index)].incarnation == incarnation) Do(index, input);
    });
    return;
  }
  input(*member.pod, BootNow(member));
  Drain(index);
}

void Cluster::Drain(int index) {
  Member& member = pods_[static_cast<size_t>(index)];
  const uint64_t incarnation = member.incarnation;
  runtime::Pod& pod = *member.pod;
  pod.Advance(BootNow(member));
  for (runtime::StoreRequest& request : pod.TakeRequests()) {
    const runtime::BootTime sent = BootNow(member);
    const uint64_t lane = request.lane == runtime::Lane::kFast ? 0 : 1 + request.id;
    const uint64_t connection = incarnation * 1'000'000'000 + static_cast<uint64_t>(index) + 10 * lane;
    const uint64_t id = request.id;
    redis_.Send(connection, std::move(request.request),
                [this, index, incarnation, id, sent](store::Reply reply) {
                  if (pods_[static_cast<size_t>(index)].incarnation != incarnation) return;
                  Do(index, [=](runtime::Pod& target, runtime::BootTime now) {
                    target.OnReply(id, reply, sent, now);
                  });
                });
  }
  for (runtime::TicketAnswer& given : pod.TakeAnswers(BootNow(member))) {
    auto open = member.open.find(given.ticket);
    if (open == member.open.end()) {
      judge_.Fail("a call was answered twice");
      continue;
    }
    auto [workspace, heard] = std::move(open->second);
    member.open.erase(open);
    if (const auto* done = std::get_if<runtime::Done>(&given.answer)) {
      judge_.OnAnswer(workspace, done->cursor);
    }
    schedule_.After(random_.Between(50, 500),
                    [heard = std::move(heard), answer = std::move(given.answer)] { heard(answer); });
  }
  const runtime::BootTime wake = pod.NextWake();
  if (wake == runtime::kNeverBoot) return;
  const int64_t due = std::max(wake.us - member.boot_offset_us, schedule_.now_us() + 1);
  if (member.wake_us != 0 && member.wake_us <= due) return;
  member.wake_us = due;
  schedule_.At(due, [this, index, incarnation, due] {
    Member& waking = pods_[static_cast<size_t>(index)];
    if (waking.incarnation != incarnation || waking.wake_us != due) return;
    waking.wake_us = 0;
    Do(index, [](runtime::Pod&, runtime::BootTime) {});
  });
}

void Cluster::Crash(int index, int64_t restart_after_us) {
  Member& member = pods_[static_cast<size_t>(index)];
  if (!member.pod) return;
  member.pod.reset();
  ++member.incarnation;
  member.open.clear();
  schedule_.After(restart_after_us, [this, index] {
    Member& restarted = pods_[static_cast<size_t>(index)];
    if (restarted.pod) return;
    restarted.stalled_until_us = 0;
    Start(restarted);
    Do(index, [](runtime::Pod&, runtime::BootTime) {});
  });
}

void Cluster::Stall(int index, int64_t us) {
  Member& member = pods_[static_cast<size_t>(index)];
  member.stalled_until_us = std::max(member.stalled_until_us, schedule_.now_us() + us);
}

void Cluster::HandOver(int index, const WorkspaceId& workspace) {
  const std::string successor = pods_[static_cast<size_t>((index + 1) % size())].address;
  Do(index, [workspace, successor](runtime::Pod& pod, runtime::BootTime now) {
    pod.HandOver(workspace, successor, now);
  });
}

void Cluster::CheckEngines(bool work_conserving) {
  for (const Member& member : pods_) {
    if (!member.pod) continue;
    for (const runtime::WorkspaceStatus& status : member.pod->Workspaces()) {
      const engine::Engine* engine = member.pod->EngineOf(status.workspace);
      if (engine == nullptr) continue;
      const std::string wrong = engine->CheckInvariants(work_conserving);
      if (!wrong.empty()) judge_.Fail(absl::StrCat(member.address, ": ", wrong));
    }
  }
}

}  // namespace firstline::simulation
