#include "services/cli/timeline.h"

#include <google/protobuf/util/time_util.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/client/cursor.h"
#include "services/cli/ask_text.h"
#include "services/cli/output.h"

namespace firstline::cli {
namespace {

using google::protobuf::util::TimeUtil;

std::string Elapsed(const google::protobuf::Duration& span) {
  return cli::Elapsed(TimeUtil::DurationToMicroseconds(span));
}

// "chat for billing, priority 3, asks refunds:3 + de:1, prefers ann"
std::string SpecText(const v1::InquirySpec& spec) {
  std::string text = absl::StrCat(spec.channel(), " for ", spec.queue());
  if (spec.priority() != 0) absl::StrAppend(&text, ", priority ", spec.priority());
  const std::string ask = AskText(spec.requirement());
  if (!ask.empty()) absl::StrAppend(&text, ", asks ", ask);
  if (!spec.preferred_agents().empty()) {
    absl::StrAppend(&text, ", prefers ", absl::StrJoin(spec.preferred_agents(), ", "));
  }
  if (!spec.excluded_agents().empty()) {
    absl::StrAppend(&text, ", never ", absl::StrJoin(spec.excluded_agents(), ", "));
  }
  return text;
}

std::string WhyText(v1::EnqueueCause cause) {
  switch (cause) {
    case v1::ENQUEUE_CAUSE_SUBMITTED:
      return "it is new";
    case v1::ENQUEUE_CAUSE_TRANSFERRED:
      return "it was transferred";
    case v1::ENQUEUE_CAUSE_OVERFLOWED:
      return "the route of its former queue sent it on";
    case v1::ENQUEUE_CAUSE_DECLINED:
      return "its offer was declined";
    case v1::ENQUEUE_CAUSE_EXPIRED:
      return "its offer ran out";
    case v1::ENQUEUE_CAUSE_FIRST_REPLY_TIMEOUT:
      return "its agent did not reply in time";
    case v1::ENQUEUE_CAUSE_AGENT_LOST:
      return "its agent is gone";
    case v1::ENQUEUE_CAUSE_RESUMED:
      return "it was parked, and its agent cannot take it back";
    case v1::ENQUEUE_CAUSE_DIRECTED:
      return "it is given to somebody else";
    case v1::ENQUEUE_CAUSE_REOPENED:
      return "it is open again";
    case v1::ENQUEUE_CAUSE_UPDATED:
      return "what it asks for changed";
    default:
      return Words(cause);
  }
}

std::string OutcomeText(const v1::ClassifierTrace& trace) {
  switch (trace.outcome()) {
    case v1::CLASSIFIER_OUTCOME_NO_VERDICT:
      return "did not know";
    case v1::CLASSIFIER_OUTCOME_OUT_OF_BOUNDS:
      return absl::StrCat("was not followed: its ", trace.subject(), " is out of bounds");
    case v1::CLASSIFIER_OUTCOME_UNKNOWN_QUEUE:
      return absl::StrCat("was not followed: there is no queue '", trace.subject(), "'");
    case v1::CLASSIFIER_OUTCOME_UNKNOWN_SKILL:
      return absl::StrCat("was not followed: no agent has '", trace.subject(), "'");
    case v1::CLASSIFIER_OUTCOME_DEADLINE:
      return "did not answer in time";
    case v1::CLASSIFIER_OUTCOME_UNAVAILABLE:
      return "could not be asked: it failed";
    case v1::CLASSIFIER_OUTCOME_BREAKER_OPEN:
      return "was not asked: it has failed too often of late";
    case v1::CLASSIFIER_OUTCOME_BUSY:
      return "was not asked: it is asked too much";
    case v1::CLASSIFIER_OUTCOME_UNKNOWN_CLASSIFIER:
      return "was not asked: the router does not know it";
    case v1::CLASSIFIER_OUTCOME_NOT_ASKED:
      return "was not asked";
    default:
      return Words(trace.outcome());
  }
}

std::string ClassifierText(const v1::ClassifierTrace& trace) {
  std::string text = absl::StrCat("; classifier ", trace.classifier(), " ", OutcomeText(trace));
  if (trace.outcome() == v1::CLASSIFIER_OUTCOME_VERDICT) {
    text = absl::StrCat("; sent there by classifier ", trace.classifier());
  }
  if (!trace.label().empty()) absl::StrAppend(&text, " (", trace.label(), ")");
  return text;
}

std::string SubmittedText(const v1::InquirySubmitted& submitted) {
  std::string text = absl::StrCat("submitted: ", SpecText(submitted.inquiry().spec()));
  if (submitted.has_classifier()) absl::StrAppend(&text, ClassifierText(submitted.classifier()));
  if (!submitted.rule().empty()) {
    absl::StrAppend(&text, "; sent there by rule ", submitted.rule());
  } else if (!submitted.passed_over().empty()) {
    absl::StrAppend(&text, "; by no rule");
  }
  for (const v1::RulePassedOver& passed : submitted.passed_over()) {
    absl::StrAppend(&text, ", not by ", passed.rule(), " because of ",
                    passed.key().empty() ? "its channel" : passed.key());
  }
  return text;
}

std::string AssignedText(const v1::Event& event) {
  const v1::InquiryAssigned& assigned = event.inquiry_assigned();
  std::string text = "took the offer";
  if (assigned.automatic()) {
    text = absl::StrCat("assigned to ", event.agent_id(), " without asking");
  }
  if (assigned.cause() == v1::ASSIGNMENT_CAUSE_CLAIMED) text = "claimed it";
  if (assigned.cause() == v1::ASSIGNMENT_CAUSE_DIRECTED) {
    text = absl::StrCat("assigned to ", event.agent_id(), " by hand");
  }
  if (assigned.resumed()) text = absl::StrCat("back to ", event.agent_id(), ", who had it before");
  if (!assigned.first()) return text;
  return absl::StrCat(text, "; it waited ", Elapsed(assigned.wait()), ", ",
                      assigned.within_target() ? "within" : "past", " the queue's target");
}

std::string OfferEndedText(const v1::Event& event) {
  switch (event.offer_ended().outcome()) {
    case v1::OFFER_OUTCOME_DECLINED:
      return "declined the offer";
    case v1::OFFER_OUTCOME_EXPIRED:
      return absl::StrCat("took the offer back: no answer from ", event.agent_id());
    case v1::OFFER_OUTCOME_RESCINDED:
      return absl::StrCat("took the offer back from ", event.agent_id(), ": the inquiry changed");
    case v1::OFFER_OUTCOME_AGENT_LOST:
      return absl::StrCat("took the offer back: ", event.agent_id(), " is gone");
    case v1::OFFER_OUTCOME_TAKEN:
      return absl::StrCat("took the offer back from ", event.agent_id(), ": another was first");
    case v1::OFFER_OUTCOME_ACCEPTED:
      return "accepted the offer";
    default:
      return "the offer ended";
  }
}

std::string FirstResponseText(const v1::FirstResponded& first) {
  std::string text =
      absl::StrCat("first response of a ", first.by() == v1::RESPONDER_BOT ? "bot" : "person", " ",
                   Elapsed(first.from_create()), " after creation");
  if (first.has_from_assign()) {
    absl::StrAppend(&text, ", ", Elapsed(first.from_assign()), " after assignment");
  }
  if (!first.has_target()) return text;
  const bool met = TimeUtil::DurationToMicroseconds(first.from_create()) <=
                   TimeUtil::DurationToMicroseconds(first.target());
  return absl::StrCat(text, "; the target of ", Elapsed(first.target()),
                      met ? " is met" : " is missed");
}

std::string CancelText(const v1::InquiryCancelled& cancelled) {
  std::string text = absl::StrCat("cancelled: ", Words(cancelled.reason()));
  if (cancelled.was_waiting()) {
    absl::StrAppend(&text, " after waiting ", Elapsed(cancelled.wait()));
  }
  return absl::StrCat(text, cancelled.short_abandon() ? ", a short abandonment" : "",
                      cancelled.answered() ? "" : ", without an answer");
}

// Whom the caller acted for, or who it was; "" where nobody is known.
std::string CallerText(const v1::Caller& caller) {
  if (!caller.on_behalf_of().empty()) return caller.on_behalf_of();
  return caller.agent_id().empty() ? caller.subject() : caller.agent_id();
}

std::string CloseText(const v1::InquiryClosed& closed) {
  std::string text = absl::StrCat("closed: ", Words(closed.resolution()));
  if (closed.has_handle_time()) {
    absl::StrAppend(&text, " after ", Elapsed(closed.handle_time()), " of work");
  }
  return absl::StrCat(text, closed.answered() ? "" : ", without a reply");
}

std::string MessageText(const v1::MessageRecorded& message) {
  std::string text = absl::StrCat("wrote ", message.message_id());
  if (message.has_response_time()) {
    absl::StrAppend(&text, ", ", Elapsed(message.response_time()), " after the customer");
  }
  return text;
}

std::string FeedbackText(const v1::Feedback& feedback) {
  std::string text = absl::StrCat("judged ", feedback.csat(), " of 5");
  if (!feedback.has_resolved()) return text;
  return absl::StrCat(text, feedback.resolved() ? ", resolved" : ", not resolved");
}

// Steps count from entering the queue; returns to it do not begin anew.
bool EntersQueue(v1::EnqueueCause cause) {
  return cause == v1::ENQUEUE_CAUSE_SUBMITTED || cause == v1::ENQUEUE_CAUSE_TRANSFERRED ||
         cause == v1::ENQUEUE_CAUSE_OVERFLOWED || cause == v1::ENQUEUE_CAUSE_RESUMED;
}

std::string DirectedText(const v1::Event& event) {
  const v1::InquiryDirected& directed = event.inquiry_directed();
  std::string text = absl::StrCat(directed.with_offer() ? "offers it to " : "gives it to ",
                                  event.agent_id(), " by hand: ", directed.reason());
  for (int i = 0; i < directed.overrides_size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "; set aside: " : ", ", Words(directed.overrides(i)));
  }
  return text;
}

}  // namespace

std::string Timeline::StepText(const std::string& queue, int step,
                               const google::protobuf::Timestamp& time) const {
  std::vector<std::string> parts;
  for (const v1::Queue& candidate : config_->queues()) {
    if (candidate.id() != queue || step < 1 || step > candidate.steps_size()) continue;
    const v1::Step& it = candidate.steps(step - 1);
    if (it.lower_levels() > 0) {
      parts.push_back(absl::StrCat("levels lowered by ", it.lower_levels()));
    }
    for (const std::string& skill : it.drop_skills()) {
      parts.push_back(absl::StrCat("without ", skill));
    }
    if (it.drop_languages()) parts.push_back("in any language");
    for (const std::string& label : it.drop_labels()) {
      parts.push_back(absl::StrCat("whatever ", label));
    }
    if (it.tier() > 0) parts.push_back(absl::StrCat("tiers up to ", it.tier()));
    if (it.has_credit()) parts.push_back(absl::StrCat("ahead by ", Elapsed(it.credit())));
    if (!it.overflow_to().empty()) parts.push_back(absl::StrCat("on to ", it.overflow_to()));
    if (it.close()) parts.push_back("its end");
    if (it.at_once_if_nobody() && time - entered_ < it.after()) {
      parts.push_back("before its time, because nobody is there for it");
    }
  }
  const std::string text = absl::StrCat("reached step ", step, " of ", queue);
  return parts.empty() ? text : absl::StrCat(text, ": ", absl::StrJoin(parts, ", "));
}

std::string Timeline::What(const v1::Event& event) const {
  switch (event.kind_case()) {
    case v1::Event::kInquirySubmitted:
      return SubmittedText(event.inquiry_submitted());
    case v1::Event::kInquiryUpdated:
      return absl::StrCat("updated: ", SpecText(event.inquiry_updated().spec()));
    case v1::Event::kInquiryEnqueued: {
      const v1::InquiryEnqueued& it = event.inquiry_enqueued();
      return absl::StrCat("waits in ", it.queue(), ": ", WhyText(it.cause()),
                          it.held() ? "; held for its preferred agent alone" : "");
    }
    case v1::Event::kStepReached:
      return StepText(event.queue_id(), event.step_reached().step(), event.time());
    case v1::Event::kHoldEnded:
      return "no longer held for its preferred agent alone";
    case v1::Event::kReservationChanged:
      return event.reservation_changed().reserved()
                 ? absl::StrCat("overtaken too often: ", event.agent_id(), " is kept free for it")
                 : absl::StrCat(event.agent_id(), " is no longer kept free for it");
    case v1::Event::kOfferCreated:
      return absl::StrCat("offered to ", event.agent_id(), " for ",
                          Elapsed(event.offer_created().expire_time() - event.time()));
    case v1::Event::kOfferEnded:
      return OfferEndedText(event);
    case v1::Event::kInquiryAssigned:
      return AssignedText(event);
    case v1::Event::kFirstReplyWarning:
      return absl::StrCat("warns: no reply of ", event.agent_id(), " yet");
    case v1::Event::kFirstReplyTimedOut:
      return absl::StrCat("took it from ", event.agent_id(), ": no first reply in time");
    case v1::Event::kMessageRecorded:
      return MessageText(event.message_recorded());
    case v1::Event::kFirstResponded:
      return FirstResponseText(event.first_responded());
    case v1::Event::kInquiryParked:
      return absl::StrCat("parked: the customer is silent, ", event.agent_id(), " is free");
    case v1::Event::kInquiryResumed:
      return event.inquiry_resumed().to_agent()
                 ? absl::StrCat("resumed, back to ", event.agent_id())
                 : "resumed, but its agent cannot take it";
    case v1::Event::kInquiryTransferred: {
      const v1::InquiryTransferred& it = event.inquiry_transferred();
      std::string text =
          absl::StrCat("transferred from ", it.from_queue(), ": ", SpecText(it.spec()));
      if (!it.has_handle_time()) return text;
      return absl::StrCat(text, "; ", event.agent_id(), " worked ", Elapsed(it.handle_time()));
    }
    case v1::Event::kInquiryClosed:
      return CloseText(event.inquiry_closed());
    case v1::Event::kInquiryCancelled:
      return CancelText(event.inquiry_cancelled());
    case v1::Event::kInquiryPurged:
      return "no longer readable: its retention is over";
    case v1::Event::kFeedbackRecorded:
      return FeedbackText(event.feedback_recorded().feedback());
    case v1::Event::kWrapUpStarted:
      return absl::StrCat("wrap-up of ", event.agent_id(), " for ",
                          Elapsed(event.wrap_up_started().until_time() - event.time()));
    case v1::Event::kWrapUpFinished:
      return absl::StrCat("wrap-up over after ", Elapsed(event.wrap_up_finished().duration()));
    case v1::Event::kWrapUpExtended:
      return absl::StrCat("wrap-up made longer by ", Elapsed(event.wrap_up_extended().by()));
    case v1::Event::kInquiryDirected:
      return DirectedText(event);
    case v1::Event::kInquiryReopened:
      return absl::StrCat("opened again after ", Elapsed(event.inquiry_reopened().closed()));
    case v1::Event::kOwnerChanged:
      return absl::StrCat("the workspace is served by ", event.owner_changed().address(), " now",
                          event.owner_changed().lost() ? "; acknowledged work may be missing" : "");
    default:
      return "something this program does not know";
  }
}

std::string Timeline::By(const v1::Event& event) const {
  const std::string by = ByKind(event);
  const std::string caller = CallerText(event.caller());
  return by == "platform" && !caller.empty() ? caller : by;
}

std::string Timeline::ByKind(const v1::Event& event) const {
  switch (event.kind_case()) {
    case v1::Event::kInquirySubmitted:
    case v1::Event::kInquiryUpdated:
    case v1::Event::kInquiryTransferred:
    case v1::Event::kInquiryParked:
    case v1::Event::kInquiryResumed:
    case v1::Event::kInquiryDirected:
    case v1::Event::kInquiryReopened:
      return "platform";
    case v1::Event::kInquiryCancelled:
      return event.inquiry_cancelled().reason() == v1::CANCEL_REASON_ROUTE_ENDED ? "router"
                                                                                 : "platform";
    case v1::Event::kInquiryClosed:
      return event.agent_id().empty() ? "platform" : event.agent_id();
    case v1::Event::kFeedbackRecorded:
      return "customer";
    case v1::Event::kMessageRecorded:
      if (event.message_recorded().author() == v1::AUTHOR_CUSTOMER) return "customer";
      return event.agent_id().empty() ? "bot" : event.agent_id();
    case v1::Event::kOfferEnded: {
      const v1::OfferOutcome outcome = event.offer_ended().outcome();
      const bool by_agent =
          outcome == v1::OFFER_OUTCOME_ACCEPTED || outcome == v1::OFFER_OUTCOME_DECLINED;
      return by_agent ? event.agent_id() : "router";
    }
    case v1::Event::kInquiryAssigned: {
      const v1::InquiryAssigned& it = event.inquiry_assigned();
      if (it.cause() == v1::ASSIGNMENT_CAUSE_DIRECTED) return "platform";
      return it.automatic() || it.resumed() ? "router" : event.agent_id();
    }
    case v1::Event::kWrapUpExtended:
      return event.agent_id();
    case v1::Event::kWrapUpFinished:
      return event.wrap_up_finished().early() ? event.agent_id() : "router";
    default:
      return "router";
  }
}

void Timeline::Fold(const v1::Event& event) {
  switch (event.kind_case()) {
    case v1::Event::kInquiryEnqueued:
      if (EntersQueue(event.inquiry_enqueued().cause())) entered_ = event.time();
      state_ = v1::INQUIRY_STATE_WAITING;
      return;
    case v1::Event::kInquirySubmitted:
      state_ = v1::INQUIRY_STATE_WAITING;
      return;
    case v1::Event::kInquiryAssigned:
      state_ = v1::INQUIRY_STATE_ASSIGNED;
      return;
    case v1::Event::kInquiryParked:
      state_ = v1::INQUIRY_STATE_PARKED;
      return;
    case v1::Event::kInquiryClosed:
      state_ = v1::INQUIRY_STATE_CLOSED;
      return;
    case v1::Event::kInquiryCancelled:
      state_ = v1::INQUIRY_STATE_CANCELLED;
      return;
    case v1::Event::kInquiryTransferred:
      ++transfers_;
      return;
    case v1::Event::kOfferCreated:
      // One for each agent that is asked.
      if (event.offer_created().offer_id() != offer_) ++offers_;
      offer_ = event.offer_created().offer_id();
      state_ = v1::INQUIRY_STATE_OFFERED;
      return;
    default:
      return;
  }
}

void Timeline::Take(const v1::Event& event) {
  // Every epoch begins with its owner, whichever inquiry is read.
  if (steps_.empty() && event.inquiry_id().empty()) return;
  Fold(event);
  steps_.push_back({event, By(event), What(event)});
}

void Timeline::TakeBack(const std::string& cursor) {
  Timeline kept(*config_);
  for (const TimelineStep& step : steps_) {
    if (client::HasReached(cursor, step.event.id())) kept.Take(step.event);
  }
  *this = std::move(kept);
}

bool Timeline::Reaches(const v1::Inquiry& inquiry) const {
  return state_ == inquiry.state() && offers_ == inquiry.counts().offers() &&
         transfers_ == inquiry.counts().transfers();
}

std::string Elapsed(std::int64_t us) {
  const double s = static_cast<double>(us) / 1e6;
  if (s < 10) return absl::StrFormat("%.3fs", s);
  if (s < 60) return absl::StrFormat("%.1fs", s);
  const std::int64_t whole = us / 1'000'000;
  if (whole < 3600) return absl::StrFormat("%dm%02ds", whole / 60, whole % 60);
  return absl::StrFormat("%dh%02dm", whole / 3600, whole / 60 % 60);
}

}  // namespace firstline::cli
