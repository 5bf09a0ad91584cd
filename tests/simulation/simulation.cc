#include "tests/simulation/simulation.h"

#include <memory>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "firstline/v1/event.pb.h"
#include "tests/simulation/cluster.h"
#include "tests/simulation/judge.h"
#include "tests/simulation/people.h"
#include "tests/simulation/redis_model.h"

namespace firstline::simulation {
namespace {

constexpr char kWorkspace[] = "acme";
constexpr engine::Span kLease = engine::Seconds(2);
constexpr int64_t kStepsPerCheck = 200;

class Life {
 public:
  explicit Life(const SimulationOptions& options)
      : options_(options),
        random_(options.seed * 0x9e3779b97f4a7c15u + 1),
        redis_(schedule_, random_, judge_, options.flaws),
        cluster_(schedule_, random_, judge_, redis_, options.pods, PodOptionsOf(options)),
        // A workspace that is rolled back to before it was made is another installation's problem.
        people_(schedule_, random_, judge_, cluster_, kWorkspace,
                {.configured = [this] { redis_.ForgetPast(); }}) {}

  SimulationReport Run() {
    people_.Start();
    schedule_.After(1'000'000, [this] { Fault(); });
    int64_t steps = 0;
    while (judge_.violation().empty() && schedule_.Step(options_.served_by_us)) {
      if (++steps % kStepsPerCheck == 0) cluster_.CheckEngines(steps % (10 * kStepsPerCheck) == 0);
      if (schedule_.now_us() > options_.faults_until_us + 5'000'000 && people_.AllServed()) break;
    }
    if (judge_.violation().empty() && !people_.AllServed()) {
      judge_.Fail(absl::StrCat("not everybody was served:", people_.Unserved()));
    }
    SimulationReport report = Conclude();
    report.violation = judge_.violation();
    return report;
  }

 private:
  static runtime::PodOptions PodOptionsOf(const SimulationOptions& options) {
    runtime::PodOptions pod;
    pod.lease = kLease;
    pod.ring_batches_max = 400;
    pod.bugs = options.bugs;
    return pod;
  }

  // One fault at a time or several: each starts by chance and ends by itself.
  void Fault() {
    if (schedule_.now_us() >= options_.faults_until_us) {
      redis_.Heal();
      return;
    }
    schedule_.After(random_.Between(100'000, 2'500'000), [this] { Fault(); });
    if (schedule_.now_us() < calm_until_us_) return;
    const int pod = static_cast<int>(random_.Below(cluster_.size()));
    const int64_t kind = random_.Below(10);
    if (options_.trace) {
      absl::FPrintF(stderr, "%9.3f s: fault %d, pod %d; owner %d, newest event %s\n",
                    static_cast<double>(schedule_.now_us()) / 1e6, static_cast<int>(kind), pod,
                    cluster_.OwnerOf(kWorkspace),
                    ToString(redis_.backend().Last(kWorkspace)));
    }
    switch (kind) {
      case 0: Crash(pod); break;
      case 1: Stall(pod); break;
      case 2: redis_.StallFor(random_.Between(100'000, 4'000'000)); Busy(4'000'000); break;
      case 3: redis_.RefuseFor(random_.Between(100'000, 3'000'000)); Busy(3'000'000); break;
      case 4: redis_.set_lossy(true); lossy_ = true; break;
      case 5: redis_.set_lossy(false); lossy_ = false; break;
      case 6: RollBackUnderALivingOwner(); break;
      case 7: RollBackWhateverHappens(); break;
      case 8:
        ++rollbacks_;
        redis_.RollBackOwnership(kWorkspace);
        judge_.Excuse(kWorkspace);  // the owner is fenced: what it had still to restore is lost
        break;
      case 9:
        cluster_.HandOver(pod, kWorkspace);
        Busy(kLease.us);  // The next owner cannot restore what this one wrote.
        break;
      default: break;
    }
  }

  void Crash(int pod) {
    if (cluster_.OwnerOf(kWorkspace) == pod) judge_.Excuse(kWorkspace);
    cluster_.Crash(pod, random_.Between(200'000, 3'000'000));
  }
  void Stall(int pod) {
    const int64_t span = random_.Between(100'000, 5'000'000);
    if (cluster_.OwnerOf(kWorkspace) == pod) judge_.Excuse(kWorkspace);
    cluster_.Stall(pod, span);
    Busy(span);
  }
  void Busy(int64_t us) { busy_until_us_ = std::max(busy_until_us_, schedule_.now_us() + us); }

  // Redis comes back without its last second while its owner lives: everything must return.
  void RollBackUnderALivingOwner() {
    const bool calm = !lossy_ && schedule_.now_us() > busy_until_us_ + kLease.us;
    if (!calm || cluster_.OwnerOf(kWorkspace) < 0) return;
    ++rollbacks_;
    calm_until_us_ = schedule_.now_us() + 2 * kLease.us;
    redis_.RollBack(random_.Between(100'000, 3'000'000), {kWorkspace}, false);
  }
  // The same at any moment: what nobody can bring back is inside the stated window.
  void RollBackWhateverHappens() {
    ++rollbacks_;
    redis_.RollBack(random_.Between(100'000, 1'500'000), {kWorkspace}, true);
  }

  static void Tell(const store::EventEntry& entry) {
    v1::Event event;
    event.ParseFromString(entry.bytes);
    absl::FPrintF(stderr, "%s: %s\n", ToString(entry.id), event.ShortDebugString());
  }

  SimulationReport Conclude() {
    SimulationReport report;
    report.answers = people_.answers();
    report.rollbacks = rollbacks_;
    const store::EventPage page =
        redis_.backend().Read(kWorkspace, {}, 10'000'000, 0);
    report.events = static_cast<int64_t>(page.events.size());
    uint64_t digest = 14695981039346656037u;
    for (const store::EventEntry& entry : page.events) {
      for (char c : entry.bytes) digest = (digest ^ static_cast<uint8_t>(c)) * 1099511628211u;
      if (options_.trace) Tell(entry);
    }
    report.digest = digest;
    const store::Reply seen = redis_.backend().Run(store::Observe{kWorkspace});
    if (!judge_.violation().empty() || !seen.ownership) return report;
    const store::Reply loaded =
        redis_.backend().Run(store::Load{kWorkspace, seen.ownership->token});
    if (loaded.state) judge_.CheckHistory(kWorkspace, page.events, *loaded.state);
    report.gap = judge_.gap();
    return report;
  }

  const SimulationOptions options_;
  Schedule schedule_;
  Random random_;
  Judge judge_;
  RedisModel redis_;
  Cluster cluster_;
  People people_;
  bool lossy_ = false;
  int64_t busy_until_us_ = 0;
  int64_t calm_until_us_ = 0;
  int rollbacks_ = 0;
};

}  // namespace

SimulationReport Simulate(const SimulationOptions& options) { return Life(options).Run(); }

}  // namespace firstline::simulation
