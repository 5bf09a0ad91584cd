// Judges a router by what it published: folds a workspace's events into the public state and says
// where that history breaks a rule of routing.
//
//   StreamChecker checker;
//   for (const v1::Event& event : history) checker.Add(event);   // from cursor 0-0, all kinds
//   checker.Finish(acknowledged_ids, StreamChecker::Open::kForbidden);
//   for (const Violation& v : checker.violations()) std::cout << ToString(v) << "\n";
//
// It reads nothing else: configuration and agents come from the events as well. What events do not
// tell is never held against the router: an inquiry that an agent declined, missed or sent on may be
// kept from that agent for a while, so that pair is left out of `order` and `idle`. With a rate limit
// nobody is known to be free, so neither is judged.
//
// Rules that speak of what should have happened by now (`idle`, `place` of an inquiry between two
// states) are judged whenever time moves on: at one instant a decision may take several events.
//
// Costs, each event: O(log n); an offer or assignment: the inquiries that wait before the one taken;
// a freed agent: the inquiries that wait. Memory: every inquiry until it is purged, and 24 bytes an
// event.
//
// Thread rule: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "firstline/v1/event.pb.h"
#include "services/cli/check/eligibility.h"

namespace firstline::check {

enum class Rule {
  kStream,      // ids ascend without gaps, ids are not reused, the history is whole
  kTime,        // workspace time never goes back
  kPlace,       // an inquiry is in one state and one place, and moves as its states allow
  kAcceptance,  // one agent at a time has an inquiry, and it is the one it was offered to
  kCapacity,    // nobody is given more units than configured, in total or by channel
  kGate,        // nobody who is away, draining or backing off is given anything
  kQualified,   // skills, languages, labels, membership, tier, exclusion, preferred hold
  kOrder,       // an agent gets the first inquiry in serving order that it may serve
  kIdle,        // nobody waits while an agent who may serve it is free
  kLost,        // what was acknowledged is there, and ends
};
std::string_view ToString(Rule rule);

struct Violation {
  Rule rule = Rule::kStream;
  std::string event_id;  // where it was noticed
  std::string inquiry_id;
  std::string agent_id;
  std::string text;  // for people
};
// "order at 7-12: inquiry c2, agent ann: ..."
std::string ToString(const Violation& violation);

class StreamChecker {
 public:
  // Further violations are counted and not kept.
  static constexpr std::size_t kViolationsMax = 1000;

  struct Totals {
    std::uint64_t events = 0;
    std::uint64_t repeats = 0;  // delivered again
    std::uint64_t inquiries = 0;
    std::uint64_t assignments = 0;
    std::uint64_t closed = 0;
    std::uint64_t cancelled = 0;
    std::uint64_t violations = 0;
  };
  enum class Open { kAllowed, kForbidden };

  // Takes the next event. A repeat of one that was taken is ignored.
  void Add(const v1::Event& event);

  // The history ends here: judges the last instant, then that each of `acknowledged` was submitted
  // and, with kForbidden, that nothing is open any more. Call once.
  void Finish(const std::vector<std::string>& acknowledged, Open open);

  const std::vector<Violation>& violations() const { return violations_; }
  const Totals& totals() const { return totals_; }

 private:
  // kBetween: left one state, the event that names the next is due at the same instant.
  enum class State { kBetween, kWaiting, kOffered, kAccepted, kAssigned, kParked, kEnded };
  struct Case {
    v1::InquirySpec spec;
    State state = State::kBetween;
    std::string queue;
    int step = 0;
    bool held = false;
    int units = 1;
    std::int64_t arrival_us = 0;
    std::uint64_t sequence = 0;
    ServingKey key;  // while it waits
    Ask ask;         // while it waits
    std::string agent;  // has its units, or had it when it was parked
    std::vector<std::string> also_asked;  // have its units as well, while it is offered
    std::string offer;
    bool has_units = false;
    std::string directed_to;  // somebody gave it to this agent
    std::set<std::string> excused;  // agents it may be kept from for reasons not published
  };
  struct Worker {
    v1::Agent agent;
    v1::Presence presence = v1::PRESENCE_OFFLINE;
    bool backing_off = false;
    std::set<std::string> backing_off_from;  // queues
    std::string reserved_for;  // the one inquiry it may be given; empty: any
    int used = 0;
    std::map<std::string, int> used_by_channel;
    struct Held {
      std::string channel;
      std::string queue;
      int units = 0;  // 0: the queue is closed instead
    };
    std::multimap<std::string, Held> wrap_ups;  // by inquiry
  };

  // ---- stream_checker.cc: the fold ----
  bool TakeId(const v1::Event& event);
  void CheckRepeat(std::uint64_t epoch, std::uint64_t number, std::size_t digest);
  void CheckLineage(const v1::Event& event, std::uint64_t epoch, std::uint64_t number);
  void TakeTime(const v1::Event& event);
  void Dispatch(const v1::Event& event);
  void DispatchInquiry(const v1::Event& event);
  void OnReservation(const v1::Event& event);
  void OnWorkspace(const v1::Workspace& workspace);
  void OnAgent(const v1::Agent& agent);
  void OnAgentDeleted(const std::string& id);
  void OnSubmitted(const v1::Event& event);
  void OnUpdated(const v1::InquirySpec& spec, Case& inquiry);
  void OnEnqueued(const v1::InquiryEnqueued& enqueued, Case& inquiry);
  void OnStep(int step, Case& inquiry);
  void OnReopened(const v1::InquiryReopened& reopened, Case& inquiry);
  void OnOffer(const v1::Event& event, Case& inquiry);
  void OnOfferEnded(const v1::Event& event, Case& inquiry);
  void OnAssigned(const v1::Event& event, Case& inquiry);
  void OnParked(Case& inquiry);
  void OnResumed(const v1::Event& event, Case& inquiry);
  void OnTransferred(const v1::Event& event, Case& inquiry);
  void OnEnded(Case& inquiry);
  void OnPurged(const std::string& id, Case& inquiry);
  void OnAgentEvent(const v1::Event& event);
  static void OnBackOff(const v1::Event& event, Worker& worker);
  void OnWrapUp(const v1::Event& event, Worker& worker);

  void Wait(Case& inquiry);
  void StopWaiting(Case& inquiry);
  void GiveUnits(Case& inquiry);
  // Of one agent.
  void Free(const Case& inquiry, const std::string& agent);
  void TakeUnits(Case& inquiry, const std::string& agent);
  void SetState(Case& inquiry, State state);

  // ---- judgement.cc: the rules ----
  void JudgeTaking(const Case& inquiry, const std::string& agent);
  void JudgeAgent(const Case& inquiry, const std::string& agent);
  void JudgeRoom(const Case& inquiry, const Worker& worker);
  void JudgeOrder(const Case& inquiry, const Worker& worker);
  void JudgeInstant();
  void JudgeFree(const Worker& worker);
  void JudgeWaiting(const Case& inquiry);
  bool MayServe(const Case& inquiry, const Worker& worker) const;
  bool Reserved(const Case& inquiry, const std::string& agent) const;
  static bool IsClosed(const Worker& worker, const std::string& queue);
  // Empty when the worker has room for it.
  std::string WhyNoRoom(const Case& inquiry, const Worker& worker) const;
  void Accuse(Rule rule, const std::string& inquiry, const std::string& agent, std::string text);

  const v1::Queue* FindQueue(const std::string& id) const;
  static std::string_view Name(State state);

  // The stream.
  std::string last_id_;
  std::uint64_t last_epoch_ = 0, last_number_ = 0;
  struct Taken {
    std::uint64_t epoch = 0, number = 0;
    std::size_t digest = 0;
  };
  std::vector<Taken> taken_;  // ascending
  std::int64_t now_us_ = 0;
  std::string at_;  // id of the event in hand

  // The state it tells.
  v1::Workspace workspace_;
  bool has_weights_ = false;  // some queue has one
  bool limits_rate_ = false;  // whom the limit stops is not told
  std::unordered_map<std::string, int> queue_index_;
  std::unordered_map<std::string, Case> cases_;
  std::map<std::string, Worker> workers_;
  std::map<ServingKey, Case*> waiting_;
  std::set<std::string> between_;
  std::unordered_set<std::string> seen_;  // every inquiry ever submitted
  std::uint64_t sequence_ = 0;

  // What changed since the last judgement of `idle`: only that can have broken it.
  bool all_touched_ = false;
  std::set<std::string> freed_;
  std::set<std::string> touched_;

  std::vector<Violation> violations_;
  Totals totals_;
};

}  // namespace firstline::check
