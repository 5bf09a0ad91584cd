#include "tests/simulation/simulation.h"

#include <deque>
#include <memory>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "firstline/v1/event.pb.h"
#include "tests/simulation/cluster.h"
#include "tests/simulation/judge.h"
#include "tests/simulation/people.h"
#include "tests/simulation/redis_model.h"
#include "tests/simulation/trace.h"
#include "tests/simulation/watcher.h"
#include "tests/simulation/writer.h"

namespace firstline::simulation {
namespace {

constexpr engine::Span kLease = engine::Seconds(2);
constexpr int64_t kStepsPerCheck = 500;
// After the last fault: until when calls may still be slow, and ownership may still move.
constexpr int64_t kCalmAfterUs = 10'000'000;
constexpr int64_t kRestAfterUs = 8 * kLease.us;
// Of workspaces in which events do not stay: slow watchers miss some.
constexpr uint64_t kKeepEventsFew = 60;
constexpr int64_t kRestForUs = 2 * kLease.us;

class Life {
 public:
  explicit Life(const SimulationOptions& options)
      : options_(options),
        plan_(PlanOf(options)),
        random_(options.seed * 0x9e3779b97f4a7c15u + 1),
        trace_(schedule_, options.trace),
        redis_(schedule_, random_.Fork(), judge_, options.flaws),
        cluster_(schedule_, random_.Fork(), judge_, redis_, ClusterOptionsOf(options)) {
    for (int w = 0; w < options_.workspaces; ++w) AddWorkspace(absl::StrCat("ws", w));
  }

  SimulationReport Run() {
    for (auto& people : people_) people->Start();
    for (const Fault& fault : plan_) {
      // The state that the fault will bring back.
      if (fault.kind >= FaultKind::kRollBackAlive) {
        schedule_.At(fault.at_us - fault.amount_us, [this] { redis_.Remember(); });
      }
      schedule_.At(fault.at_us, [this, fault] { Inflict(fault); });
    }
    schedule_.At(options_.faults_until_us, [this] { Heal(); });
    schedule_.At(options_.faults_until_us + kRestAfterUs, [this] { epochs_ = Epochs(); });
    const int64_t end = options_.faults_until_us + options_.served_within_us;
    int64_t steps = 0;
    while (judge_.violation().empty() && schedule_.Step(end)) {
      if (++steps % kStepsPerCheck == 0) cluster_.CheckEngines(steps % (10 * kStepsPerCheck) == 0);
      if (schedule_.now_us() > RestEnd() && AllDone()) break;
    }
    return Conclude();
  }

 private:
  static ClusterOptions ClusterOptionsOf(const SimulationOptions& options) {
    ClusterOptions cluster;
    cluster.pods = options.pods;
    cluster.pod.lease = kLease;
    cluster.pod.ring_batches_max = 400;
    cluster.pod.spread = true;
    cluster.pod.bugs = options.bugs;
    cluster.fast_clock = options.fast_clock;
    cluster.gateway_bugs = options.gateway_bugs;
    cluster.forwards_again = options.forwards_again;
    cluster.tail_bugs = options.tail_bugs;
    return cluster;
  }

  int64_t RestEnd() const { return options_.faults_until_us + kRestAfterUs + kRestForUs; }

  void AddWorkspace(const WorkspaceId& name) {
    workspaces_.push_back(name);
    for (int n = 0; n < options_.writers; ++n) {
      writers_.push_back(std::make_unique<Writer>(
          schedule_, random_.Fork(), trace_, judge_, cluster_, name, absl::StrCat(name, "-w", n),
          options_.commands, options_.faults_until_us));
    }
    AddWatchers(name);
    PeopleOptions people;
    people.agents = options_.agents;
    people.inquiries = options_.inquiries;
    people.arrivals_until_us = options_.faults_until_us;
    if (!options_.plain) people.policies = DrawPolicies(random_.Fork());
    people.retention_us = options_.retention_us;
    people.pace = options_.pace;
    trimmed_.push_back(random_.Chance(25));
    people.keep_events = trimmed_.back() ? kKeepEventsFew : 0;
    people.calm_from_us = options_.faults_until_us + kCalmAfterUs;
    people.configured = [this, index = workspaces_.size() - 1] { OnConfigured(index); };
    people_.push_back(std::make_unique<People>(schedule_, random_.Fork(), trace_, judge_,
                                               cluster_, name, people));
  }

  // One of everything, one of an inquiry, one of an agent.
  void AddWatchers(const WorkspaceId& name) {
    StreamClientOptions options{.workspace = name,
                                      .pace = options_.pace,
                                      .calm_from_us = options_.faults_until_us + kCalmAfterUs};
    const std::string inquiry = random_.Chance(50) ? absl::StrCat(name, "-w0") : "i1";
    for (const std::string& of : {std::string(), inquiry}) {
      options.of = of;
      options.remembers = of.empty();
      watchers_.push_back(std::make_unique<Watcher>(schedule_, random_.Fork(), trace_, judge_,
                                                    redis_, cluster_, options));
    }
    options.of = "a0";
    agent_watchers_.push_back(std::make_unique<AgentWatcher>(
        schedule_, random_.Fork(), trace_, judge_, redis_, cluster_, options));
  }

  // A workspace that is rolled back to before it was made is another installation's problem.
  void OnConfigured(size_t index) {
    redis_.ForgetPast();
    ++configured_;
    for (size_t n = 0; n < kWatchersEach; ++n) watchers_[index * kWatchersEach + n]->Start();
    agent_watchers_[index]->Start();
    const auto each = static_cast<size_t>(options_.writers);
    for (size_t n = 0; n < each; ++n) writers_[index * each + n]->Start();
  }

  bool AllDone() const {
    for (const auto& people : people_) {
      if (!people->AllServed()) return false;
    }
    for (const auto& writer : writers_) {
      if (!writer->AllAnswered()) return false;
    }
    return true;
  }

  // ---- Faults ----

  void Inflict(const Fault& fault) {
    const int64_t now = schedule_.now_us();
    // While owners restore what Redis lost nothing else may go wrong, but for moves in order.
    const bool orderly = fault.kind >= FaultKind::kHandOver && fault.kind <= FaultKind::kAddPod &&
                         now >= alone_until_us_;
    if (now < calm_until_us_ && !orderly && fault.kind != FaultKind::kBreakLink) return;
    trace_("FAULT %s", ToString(fault));
    const int pod = fault.pod % cluster_.size(), other = fault.other % cluster_.size();
    const WorkspaceId& workspace =
        workspaces_[static_cast<size_t>(fault.workspace) % workspaces_.size()];
    switch (fault.kind) {
      case FaultKind::kCrash:
        return cluster_.Crash(pod, fault.amount_us == 1, fault.span_us);
      case FaultKind::kCrashAtStep:
        return cluster_.CrashAtStep(pod, static_cast<int>(fault.amount_us / 3),
                                    static_cast<int>(fault.amount_us % 3), fault.span_us);
      case FaultKind::kStall:
        Busy(fault.span_us);
        return cluster_.Stall(pod, fault.span_us);
      case FaultKind::kCutPods: return cluster_.Cut(pod, other, fault.span_us);
      case FaultKind::kBreakLink: return cluster_.Break(pod, other);
      case FaultKind::kCutRedis:
        Busy(fault.span_us + kRequestTimeoutUs);
        return redis_.Cut(pod, fault.span_us, fault.amount_us == 1);
      case FaultKind::kRedisStalls:
        Busy(fault.span_us + kRequestTimeoutUs);
        return redis_.StallFor(fault.span_us);
      case FaultKind::kRedisRefuses:
        Busy(fault.span_us);
        return redis_.RefuseFor(fault.span_us);
      case FaultKind::kRedisLoses: return LoseFor(fault.span_us);
      case FaultKind::kClockSteps: return redis_.StepClock(fault.amount_us);
      case FaultKind::kHandOver: return cluster_.HandOver(pod, workspace);
      case FaultKind::kRestart: return cluster_.Restart(pod, kLease.us, fault.span_us);
      case FaultKind::kRoll: return Roll(0, fault.span_us);
      case FaultKind::kAddPod:
        if (cluster_.size() < kPodsMax) cluster_.Add();
        return;
      case FaultKind::kRemovePod: return cluster_.Remove(pod, kLease.us);
      default: return LoseState(fault, workspace);
    }
  }

  void LoseState(const Fault& fault, const WorkspaceId& workspace) {
    if (configured_ < options_.workspaces) return;
    const bool alive = fault.kind < kFirstLossy;
    if (alive && !OwnersLive()) return;
    ++rollbacks_;
    const int64_t clock_us = fault.pod % 2 == 0 ? 0 : (fault.other - 30) * 20'000;
    if (alive) calm_until_us_ = schedule_.now_us() + fault.span_us + 2 * kLease.us;
    switch (fault.kind) {
      case FaultKind::kRollBackAlive:
      case FaultKind::kRollBack: return redis_.RollBack(fault.amount_us, workspaces_, !alive);
      case FaultKind::kFailOver:
      case FaultKind::kSplit:
        Busy(fault.span_us);
        return redis_.FailOver(fault.amount_us, fault.span_us, clock_us, workspaces_, !alive);
      case FaultKind::kFailOverAlone:
        Busy(fault.span_us);
        alone_until_us_ = calm_until_us_;
        redis_.FailOver(fault.amount_us, 0, clock_us, workspaces_, !alive);
        return redis_.BeAloneFor(fault.span_us);
      default: break;
    }
    redis_.RollBackOwnership(workspace);
    judge_.Excuse(workspace);  // the owner is fenced: what it had still to restore is lost
  }

  void Busy(int64_t us) { busy_until_us_ = std::max(busy_until_us_, schedule_.now_us() + us); }

  // Owners are able to bring back what Redis loses now.
  bool OwnersLive() const {
    if (redis_.lossy() || schedule_.now_us() < busy_until_us_ + kLease.us) return false;
    for (const WorkspaceId& workspace : workspaces_) {
      if (cluster_.OwnerOf(workspace) < 0) return false;
    }
    return true;
  }

  void LoseFor(int64_t us) {
    redis_.set_lossy(true);
    Busy(us + kRequestTimeoutUs);
    schedule_.After(us, [this] { redis_.set_lossy(false); });
  }

  void Roll(int pod, int64_t pause_us) {
    if (pod >= cluster_.size() || schedule_.now_us() > options_.faults_until_us) return;
    cluster_.Restart(pod, kLease.us, 300'000);
    schedule_.After(pause_us, [this, pod, pause_us] { Roll(pod + 1, pause_us); });
  }

  void Heal() {
    trace_("everything heals");
    redis_.Heal();
    cluster_.Heal();
  }

  // ---- The end ----

  std::vector<uint64_t> Epochs() {
    std::vector<uint64_t> epochs;
    for (const WorkspaceId& workspace : workspaces_) {
      const store::Reply seen = redis_.backend().Run(store::Observe{workspace});
      epochs.push_back(seen.ownership ? seen.ownership->token.epoch : 0);
    }
    return epochs;
  }

  void CheckTheEnd() {
    std::string unserved;
    for (size_t w = 0; w < people_.size(); ++w) {
      if (people_[w]->AllServed()) continue;
      absl::StrAppend(&unserved, " ", workspaces_[w], ":", people_[w]->Unserved());
    }
    if (!unserved.empty()) return judge_.Fail(absl::StrCat("not everybody was served:", unserved));
    if (!AllDone()) return judge_.Fail("a command was never answered");
    if (Epochs() != epochs_) judge_.Fail("ownership does not come to rest");
    cluster_.CheckEngines(true);
  }

  SimulationReport Conclude() {
    SimulationReport report;
    if (judge_.violation().empty()) CheckTheEnd();
    for (size_t w = 0; w < workspaces_.size(); ++w) ConcludeWorkspace(w, report);
    report.rollbacks = rollbacks_;
    report.virtual_us = schedule_.now_us();
    report.gap = judge_.gap();
    report.violation = judge_.violation();
    return report;
  }

  void ConcludeWorkspace(size_t w, SimulationReport& report) {
    const WorkspaceId& workspace = workspaces_[w];
    const store::EventPage page = redis_.backend().Read(workspace, {}, kAllEvents, 0);
    report.events += static_cast<int64_t>(page.events.size());
    report.answers += people_[w]->answers();
    report.inquiries += options_.inquiries;
    for (const store::EventEntry& entry : page.events) {
      report.history += entry.bytes;
      if (options_.trace) Tell(entry);
    }
    absl::StrAppend(&report.history, people_[w]->digest());
    const store::Reply seen = redis_.backend().Run(store::Observe{workspace});
    if (!judge_.violation().empty() || !seen.ownership) return;
    const std::vector<store::EventEntry> events = WithTrimmed(w, page.events);
    people_[w]->CheckViews();
    report.judged += people_[w]->judged();
    const store::Reply loaded =
        redis_.backend().Run(store::Load{workspace, seen.ownership->token});
    if (loaded.state && !events.empty()) judge_.CheckHistory(workspace, events, *loaded.state);
    ConcludeWatchers(w, events.empty() ? page.events : events, report);
  }

  // The history with what is retained no more, from who followed all of it; empty where nobody did.
  std::vector<store::EventEntry> WithTrimmed(size_t w,
                                             const std::vector<store::EventEntry>& retained) {
    Watcher& watcher = *watchers_[w * kWatchersEach];
    watcher.Finish();
    if (!trimmed_[w] || retained.empty()) return retained;
    if (watcher.expired() > 0 || !BeginsHistory(watcher.followed())) return {};
    std::vector<store::EventEntry> events;
    for (const store::EventEntry& entry : watcher.followed()) {
      if (entry.id < retained.front().id) events.push_back(entry);
    }
    events.insert(events.end(), retained.begin(), retained.end());
    return events;
  }

  // Who comes when the first events are gone already is not told that they were.
  static bool BeginsHistory(const std::vector<store::EventEntry>& events) {
    v1::Event first;
    return !events.empty() && first.ParseFromString(events.front().bytes) &&
           first.has_owner_changed() && first.owner_changed().previous_event().empty();
  }

  void ConcludeWatchers(size_t w, const std::vector<store::EventEntry>& events,
                        SimulationReport& report) {
    for (size_t n = 0; n < kWatchersEach; ++n) {
      Watcher& watcher = *watchers_[w * kWatchersEach + n];
      if (n > 0) watcher.Finish();
      CheckFollowed(w, watcher, events);
      report.rewinds += watcher.rewinds();
      report.expired += watcher.expired();
      report.told += watcher.told();
    }
    AgentWatcher& agent = *agent_watchers_[w];
    agent.Finish(Judge::GapIn(events));
    report.told += agent.told();
    report.snapshots += agent.snapshots();
  }

  void CheckFollowed(size_t w, const Watcher& watcher,
                     const std::vector<store::EventEntry>& events) {
    if (events.empty() || (trimmed_[w] && watcher.followed().empty())) return;
    // Who asks for the oldest retained event where old ones go is not told what came before it.
    const EventId from = trimmed_[w] && watcher.from() == EventId{}
                             ? store::Predecessor(watcher.followed().front().id)
                             : watcher.from();
    std::vector<store::EventEntry> expected, followed;
    for (const store::EventEntry& entry : events) {
      v1::Event event;
      event.ParseFromString(entry.bytes);
      if (entry.id <= from || !watcher.Concerns(event)) continue;
      expected.push_back({entry.id, event.SerializeAsString()});
    }
    for (const store::EventEntry& entry : watcher.followed()) {
      if (!(entry.id < events.front().id)) followed.push_back(entry);
    }
    judge_.CheckFollowed(workspaces_[w], followed, expected);
  }

  static void Tell(const store::EventEntry& entry) {
    v1::Event event;
    event.ParseFromString(entry.bytes);
    absl::FPrintF(stderr, "%s: %s\n", ToString(entry.id), event.ShortDebugString());
  }

  static constexpr int kPodsMax = 6;
  static constexpr size_t kWatchersEach = 2;  // of a workspace

  const SimulationOptions options_;
  const std::vector<Fault> plan_;
  Schedule schedule_;
  Random random_;
  const Trace trace_;
  Judge judge_;
  RedisModel redis_;
  Cluster cluster_;
  std::vector<WorkspaceId> workspaces_;
  std::vector<std::unique_ptr<People>> people_;
  std::vector<std::unique_ptr<Writer>> writers_;    // by workspace
  std::vector<std::unique_ptr<Watcher>> watchers_;  // by workspace: of everything, of an inquiry
  std::vector<std::unique_ptr<AgentWatcher>> agent_watchers_;  // one a workspace
  std::vector<bool> trimmed_;                       // of workspaces: whether old events go
  int configured_ = 0;
  int64_t busy_until_us_ = 0;
  int64_t calm_until_us_ = 0;
  int64_t alone_until_us_ = 0;  // nothing in order either
  int rollbacks_ = 0;
  std::vector<uint64_t> epochs_;
};

}  // namespace

std::vector<Fault> PlanOf(const SimulationOptions& options) {
  if (options.plan) return *options.plan;
  return MakePlan({.seed = options.seed * 0x9e3779b97f4a7c15u + 2,
                   .from_us = 1'000'000,
                   .until_us = options.faults_until_us,
                   .lease_us = kLease.us,
                   .lossless = options.lossless || options.seed % 2 == 0,
                   .pause_max_us = options.pause_max_us});
}

SimulationReport Simulate(const SimulationOptions& options) { return Life(options).Run(); }

}  // namespace firstline::simulation
