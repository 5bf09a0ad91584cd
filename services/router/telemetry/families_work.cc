// What people and bots did, by queue, channel and team.
#include "services/router/telemetry/families.h"

namespace firstline::telemetry {
namespace {

using prometheus::MetricType;

constexpr std::array<const char*, kClocks> kClockNames = {"create", "human_queue", "assign"};
constexpr std::array<const char*, kOfferEnds> kOfferEndNames = {
    "accepted", "auto_accepted", "declined", "expired", "rescinded", "agent_lost",
    "taken"};
constexpr std::array<const char*, kOutcomes> kOutcomeNames = {
    "closed", "closed_without_reply", "abandoned", "short_abandoned", "left", "cancelled"};

Labels LabelsOf(const WorkspaceSnapshot& workspace, const Work& work) {
  return {{"workspace", workspace.workspace},
          {"queue", work.queue},
          {"channel", work.channel},
          {"team", work.team}};
}

Labels LabelsOf(const WorkspaceSnapshot& workspace, const Work& work, const char* name,
                const char* value) {
  Labels labels = LabelsOf(workspace, work);
  labels.push_back({name, value});
  return labels;
}

template <class Visit>
void ForEach(const Snapshot& snapshot, const Visit& visit) {
  for (const WorkspaceSnapshot& workspace : snapshot.workspaces) {
    for (const Work& work : workspace.works) visit(workspace, work);
  }
}

struct Text {
  const char* name;
  const char* help;
};

// `value(work)`: the counter.
template <class Value>
void RenderCounter(const Snapshot& snapshot, Families& out, Text text, const Value& value) {
  Family family(MetricType::Counter, text.name, text.help);
  ForEach(snapshot, [&](const auto& workspace, const Work& work) {
    family.Count(LabelsOf(workspace, work), static_cast<uint64_t>(value(work)));
  });
  out.push_back(family.Take());
}

// `value(work, i)`: the counter under `label`="values[i]".
template <size_t n, class Value>
void RenderCounters(const Snapshot& snapshot, Families& out, Text text, const char* label,
                    const std::array<const char*, n>& values, const Value& value) {
  Family family(MetricType::Counter, text.name, text.help);
  ForEach(snapshot, [&](const auto& workspace, const Work& work) {
    for (size_t i = 0; i < n; ++i) {
      family.Count(LabelsOf(workspace, work, label, values[i]),
                   static_cast<uint64_t>(value(work, i)));
    }
  });
  out.push_back(family.Take());
}

void RenderHistogram(const Snapshot& snapshot, Families& out, Text text,
                     SpanHistogram Work::*histogram) {
  Family family(MetricType::Histogram, text.name, text.help);
  ForEach(snapshot, [&](const auto& workspace, const Work& work) {
    family.Observe(LabelsOf(workspace, work), work.*histogram, kPerSecond);
  });
  out.push_back(family.Take());
}

void RenderSum(const Snapshot& snapshot, Families& out, Text text, SpanSum Work::*sum) {
  Family family(MetricType::Summary, text.name, text.help);
  ForEach(snapshot, [&](const auto& workspace, const Work& work) {
    family.Summarise(LabelsOf(workspace, work), work.*sum, kPerSecond);
  });
  out.push_back(family.Take());
}

void RenderFirstResponse(const Snapshot& snapshot, Families& out) {
  Family family(
      MetricType::Histogram, "firstline_first_response_seconds",
      "Time to the first reply of a person (live channels: to the accept), by the clock's "
      "start. Once an inquiry; what never got a reply is not in it.");
  ForEach(snapshot, [&](const auto& workspace, const Work& work) {
    for (size_t i = 0; i < kClocks; ++i) {
      family.Observe(LabelsOf(workspace, work, "clock", kClockNames[i]),
                     work.first_response[i].histogram, kPerSecond);
    }
  });
  out.push_back(family.Take());
  RenderCounters(snapshot, out,
                 {"firstline_first_response_within_target_total",
                  "First replies of people within the queue's target, exactly."},
                 "clock", kClockNames,
                 [](const Work& work, size_t i) { return work.first_response[i].within_target; });
  RenderHistogram(snapshot, out,
                  {"firstline_bot_response_seconds",
                   "Time from creation to the first reply of a bot. Once an inquiry."},
                  &Work::bot_response);
}

void RenderAnswers(const Snapshot& snapshot, Families& out) {
  RenderHistogram(snapshot, out,
                  {"firstline_answered_wait_seconds",
                   "Waits in the queue until an agent first had the inquiry (ASA)."},
                  &Work::answered_wait);
  RenderCounter(snapshot, out,
                {"firstline_answered_within_target_total",
                 "Of these, those within the queue's answer target, exactly."},
                [](const Work& work) { return work.answered_within_target; });
  RenderSum(snapshot, out,
            {"firstline_reply_seconds",
             "Time from the oldest unanswered customer message to a person's reply (ART)."},
            &Work::reply);
  RenderSum(snapshot, out,
            {"firstline_handle_seconds", "Handle time of ended assignments, without wrap-up."},
            &Work::handle);
  RenderSum(snapshot, out, {"firstline_wrap_up_seconds", "Wrap-up after the end (ACW)."},
            &Work::wrap_up);
}

void RenderOffers(const Snapshot& snapshot, Families& out) {
  RenderCounter(snapshot, out, {"firstline_offers_total", "Offers made to agents."},
                [](const Work& work) { return work.offers; });
  RenderCounters(snapshot, out,
                 {"firstline_offers_ended_total",
                  "Offers by how they ended; auto_accepted ones were never made."},
                 "outcome", kOfferEndNames,
                 [](const Work& work, size_t i) { return work.offer_ends[i]; });
  RenderCounter(snapshot, out, {"firstline_assignments_total", "Inquiries given to an agent."},
                [](const Work& work) { return work.assignments; });
  RenderCounter(snapshot, out,
                {"firstline_first_reply_warnings_total",
                 "Assignments whose first reply became late enough for a warning."},
                [](const Work& work) { return work.first_reply_warnings; });
  RenderCounter(snapshot, out,
                {"firstline_first_reply_timeouts_total",
                 "Assignments taken back because the first reply did not come."},
                [](const Work& work) { return work.first_reply_timeouts; });
}

void RenderEnds(const Snapshot& snapshot, Families& out) {
  RenderCounters(
      snapshot, out,
      {"firstline_inquiries_ended_total", "Inquiries by how they ended, one outcome each."},
      "outcome", kOutcomeNames, [](const Work& work, size_t i) { return work.outcomes[i]; });
  RenderCounter(snapshot, out,
                {"firstline_inquiries_unanswered_total",
                 "Inquiries that ended without a reply of a person, other than by being closed."},
                [](const Work& work) { return work.unanswered; });
  RenderCounter(snapshot, out,
                {"firstline_inquiries_closed_without_reply_total",
                 "Inquiries closed without a reply of a person."},
                [](const Work& work) {
                  return work.outcomes[static_cast<size_t>(Outcome::kClosedWithoutReply)];
                });
}

void RenderFeedback(const Snapshot& snapshot, Families& out) {
  constexpr std::array<const char*, 5> kScores = {"1", "2", "3", "4", "5"};
  constexpr std::array<const char*, 2> kResolved = {"yes", "no"};
  RenderCounters(snapshot, out, {"firstline_csat_total", "Customers' scores after the end."},
                 "score", kScores, [](const Work& work, size_t i) { return work.csat[i]; });
  RenderCounters(
      snapshot, out,
      {"firstline_feedback_resolved_total", "Customers' answers to whether their request was met."},
      "resolved", kResolved, [](const Work& work, size_t i) {
        return i == 0 ? work.feedback_resolved : work.feedback_unresolved;
      });
}

}  // namespace

void RenderWorks(const Snapshot& snapshot, Families& out) {
  RenderFirstResponse(snapshot, out);
  RenderAnswers(snapshot, out);
  RenderOffers(snapshot, out);
  RenderEnds(snapshot, out);
  RenderFeedback(snapshot, out);
}

}  // namespace firstline::telemetry
