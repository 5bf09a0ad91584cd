#include "services/cli/explain_text.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/output.h"

namespace firstline::cli {
namespace {

using google::protobuf::Timestamp;

std::int64_t MicrosOf(const Timestamp& time) {
  return time.seconds() * 1'000'000 + time.nanos() / 1000;
}

// "1m30s": the time between the two, to the second where it is longer than ten.
std::string Between(const Timestamp& from, const Timestamp& to) {
  std::int64_t micros = std::max<std::int64_t>(MicrosOf(to) - MicrosOf(from), 0);
  if (micros > 10'000'000) micros -= micros % 1'000'000;
  google::protobuf::Duration span;
  span.set_seconds(micros / 1'000'000);
  span.set_nanos(static_cast<std::int32_t>(micros % 1'000'000 / 1'000 * 1'000'000));
  return micros < 1000 ? "0s" : Text(span);
}

std::string PresenceText(v1::Presence presence, const std::string& reason) {
  const std::string word = Words(presence);
  return reason.empty() ? word : absl::StrCat(word, " (", reason, ")");
}

std::string Plural(std::int64_t count, const std::string& one, const std::string& many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

// ---- Obstacles ----------------------------------------------------------------------------------

std::string WhyNot(const google::protobuf::RepeatedPtrField<v1::Obstacle>& obstacles) {
  return absl::StrJoin(obstacles, "; ", [](std::string* out, const v1::Obstacle& obstacle) {
    absl::StrAppend(out, obstacle.text());
  });
}

// What has to happen, and when it does by itself.
std::string WhatHelps(const google::protobuf::RepeatedPtrField<v1::Obstacle>& obstacles,
                      const Timestamp& now) {
  std::vector<std::string> parts;
  for (const v1::Obstacle& obstacle : obstacles) {
    std::string part = obstacle.remedy();
    if (obstacle.has_until_time()) {
      absl::StrAppend(&part, " (in ", Between(now, obstacle.until_time()), ")");
    }
    if (!part.empty()) parts.push_back(std::move(part));
  }
  return absl::StrJoin(parts, "; ");
}

template <class Fitting>
std::string FitsLater(const Fitting& fitting, const Timestamp& now) {
  if (fitting.fits_at_step() == 0) return "";
  const std::string when = fitting.has_fits_at_time()
                               ? absl::StrCat("in ", Between(now, fitting.fits_at_time()))
                               : "when its condition holds";
  return absl::StrCat("; suits from step ", fitting.fits_at_step(), " on (", when, ")");
}

std::string ScoresOf(const v1::Candidate& candidate) {
  return absl::StrJoin(candidate.scores(), ", ",
                       [](std::string* out, const v1::CriterionScore& score) {
                         absl::StrAppend(out, Words(score.criterion()), " ", score.value());
                       });
}

void ShowCounts(std::ostream& out,
                const google::protobuf::RepeatedPtrField<v1::ObstacleCount>& counts,
                const std::string& heading) {
  if (counts.empty()) return;
  out << "\n" << heading << ":\n";
  for (const v1::ObstacleCount& count : counts) {
    const v1::Obstacle& obstacle = count.obstacle();
    const std::string text =
        obstacle.text().empty()
            ? Words(obstacle.kind())
            : obstacle.text();
    const std::string number = absl::StrCat(count.count());
    out << std::string(number.size() < 7 ? 7 - number.size() : 0, ' ') << number << "  " << text
        << "\n";
  }
}

// ---- Inquiries ----------------------------------------------------------------------------------

std::string StepText(const v1::Step& step) {
  std::vector<std::string> parts;
  if (step.lower_levels() > 0) parts.push_back(absl::StrCat("levels lowered by ", step.lower_levels()));
  if (!step.drop_skills().empty()) {
    parts.push_back(absl::StrCat("without skill ", absl::StrJoin(step.drop_skills(), ", ")));
  }
  if (step.drop_languages()) parts.push_back("in any language");
  if (!step.drop_labels().empty()) {
    parts.push_back(absl::StrCat("without label ", absl::StrJoin(step.drop_labels(), ", ")));
  }
  if (step.tier() > 0) parts.push_back(absl::StrCat("up to tier ", step.tier()));
  if (step.has_credit()) parts.push_back(absl::StrCat("moves ahead by ", Text(step.credit())));
  if (!step.overflow_to().empty()) {
    parts.push_back(absl::StrCat("moves to queue ", step.overflow_to()));
  }
  if (step.close()) parts.push_back("ends");
  return parts.empty() ? "nothing changes" : absl::StrJoin(parts, ", ");
}

std::string ConditionText(const v1::StepCondition& when) {
  std::vector<std::string> parts;
  const auto count = [&parts](bool is_asked, const char* what, int bound) {
    if (is_asked) parts.push_back(absl::StrCat(what, " ", bound));
  };
  count(when.has_available_below(), "available agents below", when.available_below());
  count(when.has_available_above(), "available agents above", when.available_above());
  count(when.has_logged_in_below(), "logged-in agents below", when.logged_in_below());
  count(when.has_logged_in_above(), "logged-in agents above", when.logged_in_above());
  count(when.has_waiting_below(), "waiting inquiries below", when.waiting_below());
  count(when.has_waiting_above(), "waiting inquiries above", when.waiting_above());
  const auto wait = [&parts](bool is_asked, const char* what, const auto& bound) {
    if (is_asked) parts.push_back(absl::StrCat("expected wait ", what, " ", Text(bound)));
  };
  wait(when.has_expected_wait_above(), "above", when.expected_wait_above());
  wait(when.has_expected_wait_below(), "below", when.expected_wait_below());
  if (!when.open().empty()) parts.push_back(absl::StrCat("calendar ", when.open(), " open"));
  if (!when.closed().empty()) parts.push_back(absl::StrCat("calendar ", when.closed(), " closed"));
  return absl::StrJoin(parts, " and ");
}

std::string WhenText(const v1::InquiryExplanation& told, const Timestamp& now) {
  const std::string time =
      told.has_next_step_time() ? absl::StrCat("in ", Between(now, told.next_step_time())) : "";
  if (!told.next_step().has_when()) return time;
  return absl::StrCat("as soon as ", ConditionText(told.next_step().when()),
                      time.empty() ? "" : absl::StrCat(", ", time, " at the latest"));
}

template <class Level>
std::string LevelText(const std::string& name, const Level& level) {
  std::string text = level.min_level() > 1 ? absl::StrCat(name, ":", level.min_level()) : name;
  if constexpr (requires { level.max_level(); }) {
    if (level.max_level() > 0) absl::StrAppend(&text, " to ", level.max_level());
  }
  return text;
}

std::string AskText(const v1::Requirement& asked) {
  std::vector<std::string> parts;
  for (const v1::SkillRequirement& skill : asked.skills()) {
    parts.push_back(absl::StrCat("skill ", LevelText(skill.skill(), skill)));
  }
  for (const v1::SkillGroup& group : asked.any_skills()) {
    parts.push_back(absl::StrCat(
        "one of ", absl::StrJoin(group.skills(), "|", [](std::string* out, const auto& skill) {
          absl::StrAppend(out, LevelText(skill.skill(), skill));
        })));
  }
  for (const std::string& skill : asked.excluded_skills()) {
    parts.push_back(absl::StrCat("not skill ", skill));
  }
  if (!asked.languages().empty()) {
    parts.push_back(absl::StrCat(
        "language ", absl::StrJoin(asked.languages(), "|", [](std::string* out, const auto& one) {
          absl::StrAppend(out, LevelText(one.language(), one));
        })));
  }
  for (const std::string& label : asked.labels()) parts.push_back(absl::StrCat("label ", label));
  for (const v1::Condition& condition : asked.label_conditions()) {
    parts.push_back(absl::StrCat("label ", condition.key(), " ",
                                 Words(condition.comparison()), " ",
                                 absl::StrJoin(condition.values(), ",")));
  }
  return parts.empty() ? "nothing in particular" : absl::StrJoin(parts, ", ");
}

void ShowExceptions(std::ostream& out, const v1::InquiryExplanation& told, const Timestamp& now) {
  if (told.suspended()) out << "  its queue is suspended: nothing is offered\n";
  if (told.has_hold_until_time()) {
    out << "  held for its preferred agent " << told.held_for_agent_id() << ", "
        << Between(now, told.hold_until_time()) << " more\n";
  }
  if (!told.reserved_agent_id().empty()) {
    out << "  agent " << told.reserved_agent_id() << " is reserved for it\n";
  }
  if (told.overtakes() > 0) {
    out << "  overtaken " << Plural(told.overtakes(), "time", "times") << " for want of room";
    if (told.max_overtakes() > 0) out << ", an agent is reserved at " << told.max_overtakes();
    out << "\n";
  }
  if (told.has_next_step()) {
    out << "  next step " << WhenText(told, now) << ": " << StepText(told.next_step()) << "\n";
  }
}

void ShowCandidates(std::ostream& out, const v1::InquiryExplanation& told, const Timestamp& now,
                    bool coloured) {
  out << told.matching() << " of " << Plural(told.agents(), "agent", "agents")
      << " may take it\n";
  if (told.candidates().empty()) return;
  out << "\n";
  Table table({"agent", "presence", "why not", "what would help"});
  for (const v1::Candidate& candidate : told.candidates()) {
    std::string why = WhyNot(candidate.obstacles());
    std::string help =
        absl::StrCat(WhatHelps(candidate.obstacles(), now), FitsLater(candidate, now));
    Colour colour = Colour::kNone;
    if (candidate.rank() > 0) {
      why = candidate.rank() == 1 ? "may take it, and comes first"
                                  : absl::StrCat("may take it, place ", candidate.rank());
      help = ScoresOf(candidate);
      colour = Colour::kGreen;
    }
    if (candidate.asked_last() && candidate.rank() > 0) why += "; declined it before, so after all others";
    if (candidate.has_it()) why = why.empty() ? "has it" : absl::StrCat("has it; ", why);
    table.Add({Cell(candidate.agent_id()),
               Cell(PresenceText(candidate.presence(), candidate.presence_reason())),
               Cell(why, colour), Cell(help)});
  }
  table.Print(out, coloured);
  ShowCounts(out, told.counts(), "all who may not, by what stands in the way first");
}

void ShowHead(std::ostream& out, const v1::InquiryExplanation& told, const Timestamp& now) {
  const v1::Inquiry& inquiry = told.inquiry();
  out << Words(inquiry.state()) << " in queue "
      << inquiry.spec().queue() << ", step " << inquiry.step();
  if (inquiry.place_in_line() > 0) {
    out << ", for " << Between(inquiry.enqueue_time(), now) << "\n  "
        << ProspectText(inquiry, "  ");
  } else if (!inquiry.agent_id().empty()) {
    out << ", with agent " << inquiry.agent_id();
  }
  out << "\n  asks for " << AskText(told.requirement()) << "; "
      << Plural(inquiry.units(), "unit", "units") << " on " << inquiry.spec().channel() << "\n";
}

}  // namespace

std::string ProspectText(const v1::Inquiry& inquiry, const std::string& indent) {
  if (inquiry.place_in_line() == 0) return "";
  const std::string least = inquiry.places_capped() ? "at least " : "";
  std::string text = absl::StrCat("place ", least, inquiry.place_in_line(), " in its line, ",
                                  least, inquiry.place_in_queue(), " in its queue");
  if (!inquiry.has_expected_wait_p50()) return text;
  return absl::StrCat(text, "\n", indent, "half of those in its place wait at most ",
                      Text(inquiry.expected_wait_p50()), " more, nine of ten at most ",
                      Text(inquiry.expected_wait_p90()));
}

void ShowExplanation(std::ostream& out, const v1::ExplainInquiryResponse& response,
                     bool coloured) {
  const v1::InquiryExplanation& told = response.explanation();
  out << "inquiry " << told.inquiry().spec().id() << ": ";
  ShowHead(out, told, response.time());
  ShowExceptions(out, told, response.time());
  ShowCandidates(out, told, response.time(), coloured);
}

void ShowExplanation(std::ostream& out, const v1::ExplainSubmitResponse& response, bool coloured) {
  const v1::InquiryExplanation& told = response.explanation();
  out << "dry run, nothing is changed: ";
  if (!response.classifier().empty()) {
    out << "classifier " << response.classifier() << " would be asked, and decide if it knows; else ";
  }
  if (!response.rule().empty()) out << "rule " << response.rule() << " chooses its queue; ";
  for (const std::string& queue : response.passed_through()) {
    out << "queue " << queue << " moves it on at once; ";
  }
  if (response.ends()) {
    out << "a step of queue " << told.inquiry().spec().queue() << " ends it at once\n";
    return;
  }
  ShowHead(out, told, response.time());
  if (response.undecided()) {
    out << "  others who wait for a state go on before it: what they leave decides whether it does\n";
  }
  ShowExceptions(out, told, response.time());
  ShowCandidates(out, told, response.time(), coloured);
}

void ShowExplanation(std::ostream& out, const v1::ExplainAgentResponse& response, bool coloured) {
  const Timestamp& now = response.time();
  out << "agent " << response.agent_id() << ": "
      << PresenceText(response.presence(), response.presence_reason()) << "\n";
  for (const v1::Obstacle& gate : response.gates()) {
    out << "  takes nothing: " << gate.text();
    if (gate.has_until_time()) out << ", " << Between(now, gate.until_time()) << " more";
    out << "\n";
  }
  out << "  " << Plural(response.lines(), "line waits", "lines wait")
      << (response.more_lines() ? " at least" : "") << ", the agent suits " << response.suiting()
      << "\n";
  if (!response.next_inquiry_id().empty()) {
    out << "  would be offered " << response.next_inquiry_id() << " next\n";
  }
  if (response.inquiries().empty()) return;
  out << "\n";
  Table table({"first in line", "queue", "waits", "behind it", "why not", "what would help"});
  for (const v1::WaitingInquiry& inquiry : response.inquiries()) {
    table.Add({inquiry.inquiry_id().empty() ? "-" : inquiry.inquiry_id(), inquiry.queue(),
               Between(inquiry.enqueue_time(), now),
               absl::StrCat(std::max(inquiry.waiting() - 1, 0)), WhyNot(inquiry.obstacles()),
               absl::StrCat(WhatHelps(inquiry.obstacles(), now), FitsLater(inquiry, now))});
  }
  table.Print(out, coloured);
  ShowCounts(out, response.counts(), "all lines, by what stands in the way first");
}

}  // namespace firstline::cli
