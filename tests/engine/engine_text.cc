#include "tests/engine/engine_text.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace firstline::engine::proof {
namespace {

// Resolves handles of one engine and appends "key=value" parts.
class EventText {
 public:
  EventText(const Engine& engine, Time base) : engine_(engine), base_(base) {}

  std::string operator()(const WorkspaceApplied& e) {
    return absl::StrCat("workspace-applied version=", e.version);
  }
  std::string operator()(const AgentUpserted& e) {
    return absl::StrCat("agent-upserted ", A(e.agent));
  }
  std::string operator()(const AgentDeleted& e) {
    return absl::StrCat("agent-deleted ", e.agent_id);
  }
  std::string operator()(const OwnerChanged& e) {
    return absl::StrCat("owner-changed epoch=", e.epoch, " address=", e.address,
                        " previous=", e.previous_event, Flag("lost-tail", e.lost_tail));
  }
  std::string operator()(const DeadlinesExtended& e) {
    return absl::StrCat("deadlines-extended by=", Text(e.span));
  }
  std::string operator()(const RecordQuarantined& e) {
    return absl::StrCat("quarantined table=", e.table, " key=", e.key, " problem=", e.problem);
  }
  std::string operator()(const InquirySubmitted& e) {
    std::string text = absl::StrCat("submitted ", I(e.inquiry));
    if (const ClassifierTrace* trace = e.classifier.get()) {
      absl::StrAppend(&text, " classifier=", trace->classifier, " ", Text(trace->outcome));
      if (!trace->label.empty()) absl::StrAppend(&text, " label=", trace->label);
      if (!trace->subject.empty()) absl::StrAppend(&text, " subject=", trace->subject);
    }
    const RuleHit* hit = e.hit.get();
    if (hit == nullptr) return text;
    if (!hit->rule.empty()) absl::StrAppend(&text, " rule=", hit->rule);
    for (const RuleMiss& miss : hit->passed_over) {
      absl::StrAppend(&text, " not:", miss.rule, ":", miss.key.empty() ? "(channel)" : miss.key);
    }
    return text;
  }
  std::string operator()(const InquiryUpdated& e) { return absl::StrCat("updated ", I(e.inquiry)); }
  std::string operator()(const InquiryEnqueued& e) {
    return absl::StrCat("enqueued ", I(e.inquiry), Q(e.queue), " cause=", Text(e.cause));
  }
  std::string operator()(const StepReached& e) {
    return absl::StrCat("step ", I(e.inquiry), Q(e.queue), " step=", e.step);
  }
  std::string operator()(const ReservationChanged& e) {
    return absl::StrCat(e.reserved ? "reserved " : "unreserved ", I(e.inquiry), " ", A(e.agent),
                        Q(e.queue));
  }
  std::string operator()(const HoldEnded& e) {
    return absl::StrCat("hold-ended ", I(e.inquiry), Q(e.queue));
  }
  std::string operator()(const OfferCreated& e) {
    return absl::StrCat("offer ", I(e.inquiry), " ", A(e.agent), Q(e.queue), " n=", e.number,
                        " expire=", Text(e.expire, base_), " units=", e.units);
  }
  std::string operator()(const OfferEnded& e) {
    return absl::StrCat("offer-ended ", I(e.inquiry), " ", A(e.agent), Q(e.queue), " n=", e.number,
                        " outcome=", Text(e.outcome));
  }
  std::string operator()(const InquiryAssigned& e) {
    return absl::StrCat("assigned ", I(e.inquiry), " ", A(e.agent), Q(e.queue), " n=", e.number,
                        " wait=", Text(e.wait), " units=", e.units, Flag("first", e.first),
                        Flag("automatic", e.automatic),
                        e.cause <= AssignCause::kAutomatic ? "" : " cause=",
                        e.cause <= AssignCause::kAutomatic ? "" : Text(e.cause));
  }
  std::string operator()(const FirstReplyWarned& e) {
    return absl::StrCat("first-reply-warned ", I(e.inquiry), " ", A(e.agent), Q(e.queue));
  }
  std::string operator()(const FirstReplyTimedOut& e) {
    return absl::StrCat("first-reply-timed-out ", I(e.inquiry), " ", A(e.agent), Q(e.queue));
  }
  std::string operator()(const MessageRecorded& e) {
    return absl::StrCat("message ", I(e.inquiry), " ", A(e.agent), Q(e.queue),
                        " author=", Text(e.author), " id=", e.message_id,
                        " when=", Text(e.when, base_), " response=", Text(e.response));
  }
  std::string operator()(const FirstResponded& e) {
    return absl::StrCat("first-responded ", I(e.inquiry), " ", A(e.agent), Q(e.queue),
                        Flag("bot", e.by_bot), " from_create=", Text(e.from_create),
                        " from_queue=", Text(e.from_human_queue),
                        " from_assign=", Text(e.from_assign));
  }
  std::string operator()(const InquiryParked& e) {
    return absl::StrCat("parked ", I(e.inquiry), " ", A(e.agent), Q(e.queue));
  }
  std::string operator()(const InquiryResumed& e) {
    return absl::StrCat("resumed ", I(e.inquiry), " ", A(e.agent), Q(e.queue),
                        e.to_agent ? " to=agent" : " to=queue");
  }
  std::string operator()(const InquiryTransferred& e) {
    return absl::StrCat("transferred ", I(e.inquiry), " ", A(e.agent),
                        " from=", engine_.QueueId(e.from), " to=", engine_.QueueId(e.to),
                        " handle=", Text(e.handle));
  }
  std::string operator()(const InquiryClosed& e) {
    return absl::StrCat("closed ", I(e.inquiry), " ", A(e.agent), Q(e.queue),
                        " resolution=", Text(e.resolution), " handle=", Text(e.handle),
                        Flag("answered", e.answered));
  }
  std::string operator()(const InquiryCancelled& e) {
    return absl::StrCat("cancelled ", I(e.inquiry), " ", A(e.agent), Q(e.queue),
                        " reason=", Text(e.reason), " wait=", Text(e.wait),
                        e.agent.IsSet() ? " handle=" + Text(e.handle) : "", Flag("waiting", e.was_waiting), Flag("short", e.is_short),
                        Flag("answered", e.answered));
  }
  std::string operator()(const InquiryPurged& e) { return absl::StrCat("purged ", e.inquiry_id); }
  std::string operator()(const FeedbackRecorded& e) {
    return absl::StrCat("feedback ", I(e.inquiry), " ", A(e.agent), Q(e.queue), " csat=", e.csat,
                        " resolved=", static_cast<int>(e.resolved));
  }
  std::string operator()(const PresenceChanged& e) {
    return absl::StrCat("presence ", A(e.agent), " ", Text(e.presence),
                        e.reason.empty() ? "" : absl::StrCat(" reason=", e.reason));
  }
  std::string operator()(const SessionOpened& e) {
    return absl::StrCat("session-opened ", A(e.agent), " ", e.session_id);
  }
  std::string operator()(const SessionEnded& e) {
    return absl::StrCat("session-ended ", A(e.agent), " ", e.session_id,
                        e.cause == SessionEnd::kClosed ? " cause=closed" : " cause=lapsed");
  }
  std::string operator()(const BackOffStarted& e) {
    return absl::StrCat("back-off-started ", A(e.agent), " until=", Text(e.until, base_),
                        " misses=", e.misses, e.queue.IsSet() ? Q(e.queue) : "");
  }
  std::string operator()(const BackOffEnded& e) {
    return absl::StrCat("back-off-ended ", A(e.agent), e.queue.IsSet() ? Q(e.queue) : "");
  }
  std::string operator()(const WrapUpStarted& e) {
    return absl::StrCat("wrap-up-started ", A(e.agent), " ", e.inquiry_id, Q(e.queue),
                        " until=", Text(e.until, base_), " units=", e.units);
  }
  std::string operator()(const WrapUpFinished& e) {
    return absl::StrCat("wrap-up-finished ", A(e.agent), " ", e.inquiry_id, Q(e.queue),
                        " duration=", Text(e.duration), Flag("early", e.early));
  }
  std::string operator()(const WrapUpExtended& e) {
    return absl::StrCat("wrap-up-extended ", A(e.agent), " ", e.inquiry_id, Q(e.queue),
                        " until=", Text(e.until, base_), " by=", Text(e.by));
  }
  std::string operator()(const InquiryDirected& e) {
    std::string overrides;
    for (Override o : e.overrides) absl::StrAppend(&overrides, " aside=", Text(o));
    return absl::StrCat("directed ", I(e.inquiry), " ", A(e.agent), Q(e.queue),
                        Flag("with_offer", e.with_offer), overrides, " reason=", e.reason);
  }
  std::string operator()(const InquiryReopened& e) {
    return absl::StrCat("reopened ", I(e.inquiry), " ", A(e.agent), Q(e.queue),
                        " closed=", Text(e.closed));
  }

 private:
  std::string I(InquiryIx ix) const { return ix.IsSet() ? engine_.inquiry(ix).id : "-"; }
  std::string A(AgentIx ix) const { return ix.IsSet() ? engine_.AgentId(ix) : "-"; }
  std::string Q(QueueIx ix) const {
    return absl::StrCat(" queue=", ix.IsSet() ? engine_.QueueId(ix) : "-");
  }
  static std::string Flag(const char* name, bool value) {
    return value ? absl::StrCat(" ", name) : "";
  }

  const Engine& engine_;
  Time base_;
};

std::string SkillText(const std::vector<SkillLevel>& levels) {
  return absl::StrJoin(levels, ",", [](std::string* out, const SkillLevel& s) {
    absl::StrAppend(out, s.name, ":", s.level);
    if (s.max != 0) absl::StrAppend(out, "-", s.max);
  });
}

template <class T, class TextOf>
std::string Sorted(const std::vector<T>& values, const TextOf& text_of) {
  std::vector<std::string> texts;
  for (const T& value : values) texts.push_back(text_of(value));
  std::sort(texts.begin(), texts.end());
  return absl::StrJoin(texts, ";");
}

// Groups, exclusions and conditions; empty when there are none.
std::string MoreText(const RequirementSpec& spec) {
  const auto by_name = [](const SkillLevel& a, const SkillLevel& b) { return a.name < b.name; };
  const std::string groups = Sorted(spec.any_skills, [&](std::vector<SkillLevel> group) {
    std::sort(group.begin(), group.end(), by_name);
    return SkillText(group);
  });
  const std::string excluded = Sorted(spec.excluded_skills, [](const auto& s) { return s; });
  const std::string conditions = Sorted(spec.label_conditions, [](const Condition& c) {
    return absl::StrCat(c.key, Text(c.comparison), Sorted(c.values, [](const auto& v) { return v; }));
  });
  const bool none = groups.empty() && excluded.empty() && conditions.empty();
  return none ? "" : absl::StrCat("|any ", groups, "|not ", excluded, "|if ", conditions);
}

std::string SpecText(const Engine& engine, RequirementIx ix) {
  if (!ix.IsSet()) return "-";
  // Handles depend on the order of interning, and so does the order of skills and labels.
  RequirementSpec spec = engine.Spec(ix);
  std::sort(spec.skills.begin(), spec.skills.end(),
            [](const SkillLevel& a, const SkillLevel& b) { return a.name < b.name; });
  std::sort(spec.labels.begin(), spec.labels.end());
  const Requirement& requirement = engine.requirement(ix);
  return absl::StrCat(engine.ChannelId(requirement.channel), "/", requirement.units, "[",
                      SkillText(spec.skills), "|", SkillText(spec.languages), "|",
                      absl::StrJoin(spec.labels, ","), MoreText(spec), "]");
}

std::string TimeText(Time time) { return Text(time, Time{}); }

std::string InquiryClocks(const Inquiry& i) {
  return absl::StrCat(
      " create=", TimeText(i.create_time), "/", TimeText(i.create_when),
      " arrival=", TimeText(i.arrival_time), " human=", TimeText(i.human_queue_time), " enqueue=", TimeText(i.enqueue_time),
      " offer=", TimeText(i.offer_time), " assign=", TimeText(i.assign_time),
      " first=", TimeText(i.first_response_time), " bot=", TimeText(i.bot_response_time),
      " unanswered=", TimeText(i.unanswered_since), " park=", TimeText(i.park_time),
      " end=", TimeText(i.end_time), " parked_total=", i.parked_total.us,
      " deadline=", TimeText(i.deadline));
}

std::string InquiryNames(const Engine& engine, const Inquiry& i) {
  const auto agent = [&](std::string* out, AgentIx ix) {
    absl::StrAppend(out, engine.AgentId(ix));
  };
  std::string also_asked;
  for (size_t k = 0; i.also_asked.get() && k < i.also_asked.get()->size(); ++k) {
    const AlsoAsked& other = (*i.also_asked.get())[k];
    absl::StrAppend(&also_asked, engine.AgentId(other.agent), ":",
                    other.open ? "open" : Text(other.outcome), ",");
  }
  std::vector<std::string> exceptions;
  for (const Exception& e : i.exceptions) {
    exceptions.push_back(absl::StrCat(engine.AgentId(e.agent), "@", TimeText(e.until),
                                      e.named_by_caller ? "!" : e.last ? "last" : ""));
  }
  return absl::StrCat(" channel=", engine.ChannelId(i.channel), " queue=", engine.QueueId(i.queue),
                      " own=", SpecText(engine, i.own), " agent=", engine.AgentId(i.agent),
                      " offer=", i.offer_number, "/", engine.AgentId(i.offer_agent), "/",
                      Text(i.offer_outcome), "/", i.offer_open, "/", also_asked,
                      " preferred=", absl::StrJoin(i.preferred, ",", agent),
                      " exceptions=", absl::StrJoin(exceptions, ","));
}

std::string AgentConfigText(AgentConfig config) {
  const auto by_name = [](const SkillLevel& a, const SkillLevel& b) { return a.name < b.name; };
  std::sort(config.skills.begin(), config.skills.end(), by_name);
  std::sort(config.languages.begin(), config.languages.end(), by_name);
  std::sort(config.labels.begin(), config.labels.end());
  std::sort(config.memberships.begin(), config.memberships.end(),
            [](const auto& a, const auto& b) { return a.queue < b.queue; });
  std::string out = absl::StrCat(
      config.kind == AgentKind::kBot ? " bot" : " person", " skills=", SkillText(config.skills),
      " languages=", SkillText(config.languages), " labels=", absl::StrJoin(config.labels, ","),
      " team=", config.team, " units=", config.units, " channel_units=");
  for (const auto& [channel, units] : config.channel_units) {
    absl::StrAppend(&out, channel, ":", units, ",");
  }
  absl::StrAppend(&out, " memberships=");
  for (const MembershipConfig& m : config.memberships) {
    absl::StrAppend(&out, m.queue, ":", m.tier, ":", m.position, ":", m.paused, ":",
                    m.wrap_up ? m.wrap_up->us : -1, ":", m.weight, ",");
  }
  return out;
}

// What is derived from the records of inquiries and wrap-ups.
std::string LoadText(const Engine& engine, const Agent& a) {
  std::string channels, work;
  for (InquiryIx i : a.work) absl::StrAppend(&work, engine.inquiry(i).id, ",");
  for (const ChannelConfig& channel : engine.config().channels) {
    const uint16_t units = a.channel_used[engine.FindChannel(channel.id).value];
    if (units != 0) absl::StrAppend(&channels, channel.id, ":", units, ",");
  }
  return absl::StrCat(" used=", a.used, "[", channels, "] work=", work,
                      " deadline=", TimeText(a.deadline));
}

std::string ReceiptText(const Receipt& r) {
  return absl::StrCat(TimeText(r.apply_time), "/", Text(r.state), "/", r.agent_id, "/",
                      r.offer_number, "/", r.replayed);
}

}  // namespace

std::string Text(Span span) {
  if (span.us == -1) return "-";
  const int64_t us = std::abs(span.us);
  std::string out = absl::StrCat(span.us < 0 ? "-" : "", us / 1'000'000);
  if (us % 1'000'000 != 0) {
    std::string fraction = absl::StrCat(1'000'000 + us % 1'000'000).substr(1);
    while (fraction.back() == '0') fraction.pop_back();
    absl::StrAppend(&out, ".", fraction);
  }
  return absl::StrCat(out, "s");
}

std::string Text(Time time, Time base) {
  if (!time.IsSet()) return "-";
  if (time == kNever) return "never";
  return Text(time - base);
}

std::string Text(const Engine& engine, const Event& event, Time base) {
  return std::visit(EventText(engine, base), event.body);
}

std::vector<std::string> EventLines(const Engine& engine, Time base) {
  std::vector<std::string> lines;
  for (const Event& event : engine.events()) {
    lines.push_back(absl::StrCat(Text(event.time, base), " ", Text(engine, event, base)));
  }
  return lines;
}

std::string InquiryRecord(const Engine& engine, InquiryIx ix) {
  const Inquiry& i = engine.inquiry(ix);
  std::string messages;
  for (const Inquiry::Message& m : i.recent_messages) {
    absl::StrAppend(&messages, absl::Hex(m.id_hash), ":", Text(m.author), ",");
  }
  std::string attributes;
  for (const auto& [key, value] : UnpackAttributes(i.attributes)) {
    absl::StrAppend(&attributes, key, "=", value, ";");
  }
  return absl::StrCat(
      "inquiry ", i.id, " ", Text(i.state), " seq=", i.sequence, " priority=", i.priority,
      " step=", i.step, " held=", i.held, " overtakes=", i.overtakes,
      " reserved=", engine.AgentId(i.reserved), " replied=", i.replied, " warned=", i.warned,
      " step_due=", i.step_due,
      " answered_here=", i.answered_here, " customer=", i.customer, " attributes=", attributes,
      InquiryNames(engine, i), InquiryClocks(i), " digest=", absl::Hex(i.digest),
      " messages=", messages, " cancel=", Text(i.cancel_reason), " resolution=", Text(i.resolution),
      " csat=", i.csat, "/", static_cast<int>(i.feedback_resolved), " counts=", i.declines, "/",
      i.misses, "/", i.transfers, "/", i.returns, "/", i.reopens);
}

std::string AgentRecord(const Engine& engine, AgentIx ix) {
  const Agent& a = engine.agent(ix);
  std::string sessions, wrap_ups, back_offs;
  for (const Session& s : a.sessions) absl::StrAppend(&sessions, s.id, ":", s.sequence, ",");
  for (const WrapUp& w : a.wrap_ups) {
    absl::StrAppend(&wrap_ups, w.inquiry_id, "/", engine.ChannelId(w.channel), "/",
                    engine.QueueId(w.queue), "/", w.units, "/", TimeText(w.start), "/",
                    TimeText(w.until), "/", w.extended.us, ",");
  }
  for (const QueueBackOff& b : a.queue_back_offs) {
    absl::StrAppend(&back_offs, engine.QueueId(b.queue), "/", b.misses, "/", b.count, "/",
                    TimeText(b.until), ",");
  }
  std::string handled;
  for (const Handled& h : a.handled) {
    absl::StrAppend(&handled, TimeText(h.at), "/", h.assignments, "/", h.time.us, ",");
  }
  return absl::StrCat("agent ", a.id, " #", a.sequence, " ", Text(a.presence), " reason=", a.reason,
                      " since=", TimeText(a.presence_since), " lost=", TimeText(a.lost_since), " sessions=", sessions,
                      " leased=", a.presence_leased, " misses=", a.misses, "/", a.back_off_count,
                      " back_off=", TimeText(a.back_off_until), " idle=", TimeText(a.idle_since),
                      "/", a.idle_sequence, " offered=", a.offered_sequence, " wrap_ups=", wrap_ups,
                      " queue_back_offs=", back_offs, " handled=", handled, " rate=", TimeText(a.rate_limited_until),
                      AgentConfigText(engine.ConfigOf(ix)));
}

std::string RequestRecord(const RememberedRequest& r) {
  return absl::StrCat("request ", r.id, " ", absl::Hex(r.digest), " expire=", TimeText(r.expire),
                      " ", ReceiptText(r.receipt));
}

std::string WaitsRecord(const Engine& engine, QueueIx ix) {
  const WaitHistory::State& s = engine.WaitsOf(ix)->state();
  return absl::StrCat("waits ", engine.QueueId(ix), " ", TimeText(s.mark), "/", s.starts, "/",
                      s.busy_us, "/", s.squares, "/", s.given_up, "/", s.waited_us);
}

std::string Dump(const Engine& engine) {
  std::vector<std::string> lines;
  engine.ForEachInquiry([&](InquiryIx ix, const Inquiry& inquiry) {
    lines.push_back(InquiryRecord(engine, ix));
    if (!IsEnded(inquiry.state)) {
      absl::StrAppend(&lines.back(), " asked=", SpecText(engine, inquiry.asked));
    }
    return true;
  });
  engine.ForEachAgent([&](AgentIx ix, const Agent& agent) {
    lines.push_back(AgentRecord(engine, ix) + LoadText(engine, agent));
    return true;
  });
  engine.ForEachRequest([&](const RememberedRequest& r) {
    lines.push_back(RequestRecord(r));
    return true;
  });
  engine.ForEachQueue([&](QueueIx ix, const QueueConfig& queue) {
    const QueueGauges g = engine.Gauges(ix);
    if (engine.WaitsOf(ix) != nullptr) lines.push_back(WaitsRecord(engine, ix));
    lines.push_back(absl::StrCat("queue ", queue.id, " ", g.waiting, "/", g.offered, "/",
                                 g.assigned, "/", g.parked,
                                 " oldest=", TimeText(g.oldest_waiting)));
    return true;
  });
  std::sort(lines.begin(), lines.end());
  const Counters& c = engine.counters();
  for (const QueuePass& pass : c.passes) {
    lines.push_back(absl::StrCat("pass ", pass.queue, " ", pass.pass, "/", c.virtual_pass));
  }
  lines.push_back(absl::StrCat("counters ", c.config_version, "/", c.inquiry_sequence, "/",
                               c.agent_sequence, " etag=", engine.etag(),
                               " next=", TimeText(engine.NextDeadline())));
  return absl::StrJoin(lines, "\n");
}

std::string FirstDifference(const std::string& left, const std::string& right) {
  if (left == right) return "";
  const std::vector<std::string> a = absl::StrSplit(left, '\n');
  const std::vector<std::string> b = absl::StrSplit(right, '\n');
  for (size_t n = 0; n < std::max(a.size(), b.size()); ++n) {
    const std::string x = n < a.size() ? a[n] : "(nothing)";
    const std::string y = n < b.size() ? b[n] : "(nothing)";
    if (x != y) return absl::StrCat("left:  ", x, "\nright: ", y);
  }
  return "";
}

}  // namespace firstline::engine::proof
