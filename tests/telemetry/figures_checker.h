// Recomputes every figure from the public event stream (firstline.v1.Event) and compares. It shares
// no code with telemetry: spans come from the times of events, targets from the configuration in
// the stream, bucket bounds from the text it is given.
//
//   FiguresChecker checker;
//   for (const auto& event : events) checker.Read(event);
//   EXPECT_EQ(checker.Compare(text), std::vector<std::string>{});
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "firstline/v1/event.pb.h"
#include "tests/telemetry/exposition_text.h"

namespace firstline::testing {

class FiguresChecker {
 public:
  // Events of one workspace, in order, from its beginning.
  void Read(const v1::Event& event);

  // Everything that differs; empty when all is equal. Counters and histograms in both directions: a
  // sample that is missing counts as 0. `now_us`: workspace time of the exposition.
  std::vector<std::string> Compare(const std::string& exposition, int64_t now_us);

  // ---- For other views of the same figures ----
  // Sum of a counter over all label sets that contain `labels`.
  int64_t Count(const std::string& name, const LabelMap& labels) const;
  struct Parts {
    uint64_t count = 0;
    int64_t sum_us = 0;
    friend bool operator==(const Parts&, const Parts&) = default;
  };
  // Of a histogram or summary.
  Parts Spans(const std::string& name, const LabelMap& labels) const;
  // How many spans are at most `bound_us`.
  uint64_t AtMost(const std::string& name, const LabelMap& labels, int64_t bound_us) const;
  // Figures of agents use names that begin with "agent_" and the label `agent`.

 private:
  struct Inquiry {
    std::string queue, channel;
    std::string holder;      // who has it: offered, assigned or parked
    std::vector<std::string> also_asked;  // others with the open offer
    bool directed = false;  // somebody gave it to an agent, maybe beyond its capacity
    std::string last_agent;  // who had it when it ended
    enum State { kNone, kWaiting, kOffered, kAssigned, kParked, kEnded } state = kNone;
    int32_t units = 0;
    bool units_held = false, offer_open = false;
    int64_t created = 0, human_queue = -1, entered = 0, assigned = -1;
    int64_t parked_since = 0, parked_total = 0;
    int64_t unanswered_since = -1;  // oldest customer message nobody replied to
    bool answered_here = false;     // assigned since it entered its queue
    bool replied = false, bot_replied = false;
  };
  struct Agent {
    bool exists = false, is_person = true;
    std::string team;
    v1::Presence presence = v1::PRESENCE_OFFLINE;
    int32_t units = 0, used = 0;
    std::map<std::string, int32_t> channel_units, channel_used;
    int64_t back_off_until = 0;
    std::map<std::string, int> skills, languages;
    std::set<std::string> labels;
    std::map<std::string, v1::Membership> memberships;
    std::map<std::string, std::pair<int64_t, int32_t>> wrap_ups;  // by inquiry: since, units
    int64_t since = 0;  // its units are integrated up to here
  };
  struct Series {
    std::string name;
    LabelMap labels;
    int64_t count = 0;           // counters
    std::vector<int64_t> spans;  // histograms and summaries, microseconds
  };

  // ---- What events do (figures_checker_events.cc) ----
  void ReadConfiguration(const v1::Event& event);
  void ReadAgent(const v1::Event& event);
  void ForgetAgent(const std::string& id);
  void ReadPresence(const v1::Event& event);
  void ReadSubmitted(const v1::Event& event);
  void ReadStep(const v1::Event& event);
  void ReadLateReply(const v1::Event& event);
  void ReadEnqueued(const v1::Event& event);
  void ReadOffer(const v1::Event& event);
  void ReadAssigned(const v1::Event& event);
  void ReadMessage(const v1::Event& event);
  void ReadFirstResponse(const v1::Event& event);
  void ReadParking(const v1::Event& event);
  void ReadTransferred(const v1::Event& event);
  void ReadEnded(const v1::Event& event);
  void ReadFeedback(const v1::Event& event);
  void ReadWrapUp(const v1::Event& event);

  void Hold(Inquiry& inquiry, const std::string& agent, const std::string& channel);
  void ReleaseFrom(Inquiry& inquiry, const std::string& agent);
  void Release(Inquiry& inquiry);
  void SetUnits(const std::string& agent, const std::string& channel, int32_t by);
  void Integrate(Agent& agent, int64_t until);
  int64_t HandleTime(const Inquiry& inquiry) const;

  // ---- Where figures go ----
  LabelMap Flow(const std::string& queue, const std::string& channel) const;
  LabelMap Work(const v1::Event& event, const Inquiry& inquiry) const;
  void Add(const std::string& name, LabelMap labels, int64_t by = 1);
  void Add(const std::string& name, LabelMap labels, const std::string& label,
           const std::string& value);
  void Span(const std::string& name, LabelMap labels, int64_t us);
  void AddAgent(const std::string& name, const std::string& agent, const LabelMap& more = {});
  void SpanAgent(const std::string& name, const std::string& agent, int64_t us);

  // ---- Comparing (figures_checker.cc) ----
  void ComputeGauges(int64_t now_us);
  void ComputeQueues(int64_t now_us);
  void ComputeTeams();
  bool MayServe(const Agent& agent, const v1::Queue& queue) const;
  void Gauge(const std::string& name, LabelMap labels, int64_t value);
  void CompareFamily(const std::string& name, const TextFamily& family,
                     std::vector<std::string>& differences) const;
  void CompareHistogram(const std::string& name, const TextFamily& family,
                        std::vector<std::string>& differences) const;

  std::string workspace_;
  v1::Workspace config_;
  std::map<std::string, v1::Queue> queues_;
  std::map<std::string, Inquiry> inquiries_;
  std::map<std::string, Agent> agents_;
  std::map<std::string, Series> series_;  // by SampleKey
  std::map<std::string, Series> gauges_;
  int64_t now_ = 0;
};

}  // namespace firstline::testing
