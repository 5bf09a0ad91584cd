// Pods that own by turns, gateways before them, links that break: every command is applied in the
// order of its gateway's callers, at most once an epoch in a row, and answered once ownership rests.
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "services/router/gateway/gateway.h"

namespace firstline::gateway {
namespace {

constexpr int kPods = 3;
const WorkspaceId kWorkspace = "w";

std::string AddressOf(int pod) { return absl::StrCat("pod", pod, ":1"); }

class World {
 public:
  explicit World(uint64_t seed) : random_(seed) {
    for (int pod = 0; pod < kPods; ++pod) {
      gateways_.emplace_back(Options{.self = AddressOf(pod)});
    }
  }

  void Run(int steps) {
    for (int i = 0; i < steps; ++i) {
      Step();
      Check();
    }
    // Faults stop: everything is answered.
    if (owner_ < 0) Take(0);
    for (int i = 0; i < 100'000 && Open() > 0; ++i) {
      now_ = now_ + engine::Milliseconds(1);
      for (int pod = 0; pod < kPods; ++pod) {
        gateways_[pod].Advance(now_);
        Collect(pod);
        while (!wires_[{pod, pod}].empty()) Deliver(pod, pod);
        for (int to = 0; to < kPods; ++to) {
          while (!wires_[{pod, to}].empty()) Deliver(pod, to);
          while (!answers_[{to, pod}].empty()) Return(to, pod);
        }
      }
      Check();
    }
    EXPECT_EQ(Open(), 0u) << "something is never answered";
  }

  size_t applied() const { return applied_total_; }

 private:
  struct Answered {
    Attempt attempt;
    Ended ended;
  };

  int Draw(int n) { return static_cast<int>(random_() % static_cast<uint64_t>(n)); }

  size_t Open() const {
    size_t open = 0;
    for (const Gateway& gateway : gateways_) open += gateway.open();
    return open;
  }

  void Step() {
    const int pod = Draw(kPods), other = Draw(kPods);
    switch (Draw(12)) {
      case 0: case 1: case 2: case 3:
        submitted_[pod].push_back(
            gateways_[pod].Submit({.workspace = kWorkspace, .ordered = true}, now_));
        break;
      case 4: case 5: case 6:
        Deliver(pod, other);
        break;
      case 7: case 8: case 9:
        Return(other, pod);
        break;
      case 10:
        now_ = now_ + engine::Milliseconds(1 + Draw(5));
        for (Gateway& gateway : gateways_) gateway.Advance(now_);
        break;
      case 11:
        Draw(4) == 0 ? Fault(pod, other) : Take(pod);
        break;
    }
    for (int each = 0; each < kPods; ++each) Collect(each);
  }

  void Fault(int pod, int other) {
    if (Draw(2) == 0) {
      owner_ = -1;
    } else if (pod != other) {  // The link of `pod` to `other` breaks with all that is on it.
      wires_[{pod, other}].clear();
      answers_[{other, pod}].clear();
      gateways_[pod].OnPeerLost(AddressOf(other), now_);
    }
  }

  void Take(int pod) {
    owner_ = pod;
    ++epoch_;
  }

  void Collect(int pod) {
    for (Attempt& attempt : gateways_[pod].TakeAttempts()) {
      int to = pod;
      for (int each = 0; each < kPods; ++each) {
        if (attempt.where == AddressOf(each)) to = each;
      }
      wires_[{pod, to}].push_back(std::move(attempt));
    }
    EXPECT_TRUE(gateways_[pod].TakeGivenUp().empty());
    gateways_[pod].TakeLooks();
  }

  // The next of what `from` sent reaches `to`, which applies or refuses it.
  void Deliver(int from, int to) {
    std::deque<Attempt>& wire = wires_[{from, to}];
    if (wire.empty()) return;
    Attempt attempt = std::move(wire.front());
    wire.pop_front();
    Ended ended;
    if (owner_ == to && (attempt.epoch == 0 || attempt.epoch == epoch_)) {
      applied_[from].push_back(attempt.id);
      ++applied_total_;
      ended.epoch = epoch_;
    } else {
      ended.how = Ended::How::kNotThere;
      if (owner_ >= 0 && Draw(2) == 0) ended.owner = AddressOf(owner_);
    }
    answers_[{to, from}].push_back({std::move(attempt), std::move(ended)});
  }

  // Answers of this pod to itself come in order too, as the pod gives them.
  void Return(int from, int to) {
    std::deque<Answered>& line = answers_[{from, to}];
    if (line.empty()) return;
    const Answered answered = std::move(line.front());
    line.pop_front();
    gateways_[to].OnEnded(answered.attempt.id, answered.attempt.number, answered.ended, now_);
  }

  // First applications come in the order of Submit, none is left out before a later one.
  void Check() {
    for (int pod = 0; pod < kPods; ++pod) {
      std::vector<WorkId>& applied = applied_[pod];
      for (; checked_[pod] < applied.size(); ++checked_[pod]) {
        const WorkId id = applied[checked_[pod]];
        const std::vector<WorkId>& submitted = submitted_[pod];
        if (next_[pod] < submitted.size() && submitted[next_[pod]] == id) {
          ++next_[pod];
          continue;
        }
        const bool repeated = next_[pod] > 0 && id <= submitted[next_[pod] - 1];
        ASSERT_TRUE(repeated) << "pod " << pod << " had " << id << " applied too early";
      }
    }
  }

  std::mt19937_64 random_;
  BootTime now_{1'000'000};
  std::deque<Gateway> gateways_;
  std::map<std::pair<int, int>, std::deque<Attempt>> wires_;     // from, to
  std::map<std::pair<int, int>, std::deque<Answered>> answers_;  // from, to
  int owner_ = 0;
  uint64_t epoch_ = 1;
  std::map<int, std::vector<WorkId>> submitted_, applied_;
  std::map<int, size_t> checked_, next_;
  size_t applied_total_ = 0;
};

TEST(GatewayRandom, KeepsTheOrderOfCommandsWhateverMoves) {
  size_t applied = 0;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    World world(seed);
    world.Run(2000);
    applied += world.applied();
    if (HasFailure()) return;
  }
  EXPECT_GT(applied, 100'000u);
}

}  // namespace
}  // namespace firstline::gateway
