// Every kind of event as the text of its message.
#include "services/router/store/event_codec.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <set>
#include <variant>

#include "absl/strings/str_cat.h"
#include "services/router/store/caller_codec.h"
#include "services/router/store/public_messages.h"
#include "tests/store/sample_engine.h"

namespace firstline::store {
namespace {

namespace e = engine;

constexpr e::Span kThree = e::Seconds(3);
constexpr e::Span kNone = e::Microseconds(-1);
// What most events share.
constexpr char kAbout[] = R"(inquiry_id: "i-1" queue_id: "sales" )";
constexpr char kAnn[] = R"(agent_id: "ann" team_id: "out" vendor: "callco" )";
constexpr char kSpec[] =
    R"({ id: "i-1" channel: "chat" queue: "sales" requirement { skills { skill: )"
    R"("billing" min_level: 1 } languages { language: "de" min_level: 5 } )"
    R"(languages { language: "en" min_level: 1 } labels: "senior" } priority: 9 )"
    R"(units: 2 customer: "customer 7" attributes { key: "lang" value: "de" } )"
    R"(attributes { key: "vip" value: "" } preferred_agents: "ann" )"
    R"(excluded_agents: "cid" })";

class EventCodecTest : public testing::Test {
 protected:
  // The message without id, time and workspace, which are checked here.
  std::string Text(e::EventBody body) {
    v1::Event event;
    WriteEvent(*engine_, {kSampleTime + e::Milliseconds(1500), std::move(body)}, {12, 34}, &event);
    EXPECT_EQ(event.id(), "12-34");
    EXPECT_EQ(event.workspace(), "acme");
    EXPECT_EQ(event.time().seconds(), 1'700'000'001);
    EXPECT_EQ(event.time().nanos(), 500'000'000);
    kinds_.insert(event.kind_case());
    event.clear_id();
    event.clear_workspace();
    event.clear_time();
    google::protobuf::TextFormat::Printer printer;
    printer.SetSingleLineMode(true);
    std::string text;
    printer.PrintToString(event, &text);
    if (!text.empty()) text.pop_back();
    return text;
  }

  std::unique_ptr<e::Engine> engine_ = SampleEngine();
  const e::InquiryIx i_ = engine_->FindInquiry("i-1");
  const e::AgentIx ann_ = engine_->FindAgent("ann");
  const e::QueueIx sales_ = engine_->FindQueue("sales");
  const e::QueueIx support_ = engine_->FindQueue("support");
  std::set<v1::Event::KindCase> kinds_;
};

TEST_F(EventCodecTest, EveryKindAsText) {
  using absl::StrCat;
  EXPECT_EQ(Text(e::WorkspaceApplied{7}),
            StrCat(R"(workspace_applied { workspace { id: "acme" etag: "7" generation: 7 )"
                   R"(settings { back_off { after_misses: 3 duration { seconds: 30 } )"
                   R"(max_duration { seconds: 600 } } presence_grace { seconds: 30 } )"
                   R"(closed_retention { seconds: 3600 } closed_max: 100000 request_window )"
                   R"({ seconds: 600 } request_max: 100000 keep_events_max: 1000000 )"
                   R"(away_reasons: "lunch" away_reasons: "training" fairness_window { seconds: 3600 } } channels { id: )"
                   R"("chat" kind: CHANNEL_KIND_MESSAGING units: 2 } channels { id: "voice" )"
                   R"(kind: CHANNEL_KIND_LIVE units: 10 } teams { id: "north" } teams { id: )"
                   R"("out" vendor: "callco" } queues { id: "support" kind: )"
                   R"(QUEUE_KIND_HUMAN serving: SERVING_FIFO selection: CRITERION_PREFERRED )"
                   R"(selection: CRITERION_LOAD selection: CRITERION_IDLE_TIME requirement )"
                   R"({ } preferred_hold { } first_response_target { seconds: 60 } )"
                   R"(answer_target { seconds: 20 } short_abandon { seconds: 5 } )"
                   R"(offer_timeout { seconds: 20 } wrap_up { } first_reply_warning { } )"
                   R"(first_reply_timeout { } } queues { id: "sales" kind: QUEUE_KIND_HUMAN )"
                   R"(serving: SERVING_CREDIT credits { key: 1 value { seconds: 30 } } )"
                   R"(credits { key: 9 value { seconds: 600 } } selection: )"
                   R"(CRITERION_LANGUAGE_LEVEL selection: CRITERION_SKILL_LEVEL selection: )"
                   R"(CRITERION_ROUND_ROBIN requirement { skills { skill: "selling" )"
                   R"(min_level: 3 } languages { language: "de" min_level: 2 } labels: )"
                   R"("senior" } first_tier: 1 steps { after { seconds: 20 } lower_levels: )"
                   R"(2 drop_skills: "selling" tier: 3 credit { seconds: 60 } } steps { )"
                   R"(after { seconds: 90 } drop_languages: true overflow_to: "support" } )"
                   R"(preferred_hold { seconds: 15 } first_response_target { seconds: 60 } )"
                   R"(answer_target { seconds: 20 } short_abandon { seconds: 5 } )"
                   R"(max_length: 500 offer_timeout { seconds: 20 } wrap_up { seconds: 45 } )"
                   R"(first_reply_warning { seconds: 60 } first_reply_timeout { seconds: )"
                   R"(120 } } } })"));
  EXPECT_EQ(Text(e::AgentUpserted{ann_}),
            StrCat(kAnn, R"(agent_upserted { agent { id: "ann" kind: AGENT_KIND_PERSON skills { )"
                         R"(skill: "selling" level: 7 } skills { skill: "billing" level: 2 } )"
                         R"(languages { language: "de" level: 10 } labels: "senior" team: "out" )"
                         R"(capacity { units: 12 per_channel { key: "voice" value: 10 } } )"
                         R"(memberships { queue: "sales" tier: 2 position: 5 wrap_up { seconds: 9 )"
                         R"(} } memberships { queue: "support" tier: 1 paused: true } } )"
                         R"(generation: 7 })"));
  EXPECT_EQ(Text(e::AgentDeleted{"zoe"}),
            StrCat(R"(agent_id: "zoe" agent_deleted { generation: 7 })"));
  EXPECT_EQ(Text(e::OwnerChanged{12, "10.0.0.1:7000", "11-9", true}),
            StrCat(R"(owner_changed { epoch: 12 address: "10.0.0.1:7000" previous_event: )"
                   R"("11-9" lost: true })"));
  EXPECT_EQ(Text(e::DeadlinesExtended{kThree}),
            StrCat(R"(deadlines_extended { span { seconds: 3 } })"));
  EXPECT_EQ(Text(e::RecordQuarantined{"inquiry", "i-9", "empty"}),
            StrCat(R"(record_quarantined { table: "inquiry" key: "i-9" detail: "empty" })"));
  EXPECT_EQ(Text(e::InquirySubmitted{i_}),
            StrCat(kAbout, R"(inquiry_submitted { inquiry { spec )", kSpec,
                   R"( state: INQUIRY_STATE_WAITING create_time { seconds: 1700000000 } )"
                   R"(create_when { seconds: 1699999999 } units: 2 unanswered_since_time { )"
                   R"(seconds: 1700000008 } } })"));
  EXPECT_EQ(Text(e::InquiryUpdated{i_}),
            StrCat(kAbout, R"(inquiry_updated { spec )", kSpec, R"( })"));
  EXPECT_EQ(Text(e::InquiryEnqueued{i_, sales_, e::EnqueueCause::kOverflowed}),
            StrCat(kAbout, R"(inquiry_enqueued { queue: "sales" cause: ENQUEUE_CAUSE_OVERFLOWED )"
                           R"(step: 1 enqueue_time { seconds: 1700000003 } human_queue_time { )"
                           R"(seconds: 1700000002 } held: true })"));
  EXPECT_EQ(Text(e::StepReached{i_, sales_, 1}), StrCat(kAbout, R"(step_reached { step: 1 })"));
  EXPECT_EQ(Text(e::ReservationChanged{i_, sales_, ann_, true}),
            StrCat(kAbout, kAnn, R"(reservation_changed { reserved: true })"));
  EXPECT_EQ(Text(e::HoldEnded{i_, sales_}), StrCat(kAbout, R"(hold_ended { })"));
  EXPECT_EQ(Text(e::OfferCreated{i_, sales_, ann_, 3, kSampleTime + kThree, 2}),
            StrCat(kAbout, kAnn,
                   R"(offer_created { offer_id: "i-1/3" expire_time { seconds: 1700000003 } )"
                   R"(channel: "chat" units: 2 })"));
  EXPECT_EQ(
      Text(e::OfferEnded{i_, sales_, ann_, 3, e::OfferOutcome::kExpired}),
      StrCat(kAbout, kAnn, R"(offer_ended { offer_id: "i-1/3" outcome: OFFER_OUTCOME_EXPIRED })"));
  EXPECT_EQ(Text(e::InquiryAssigned{i_, sales_, ann_, 3, e::Seconds(20), true, true, 2}),
            StrCat(kAbout, kAnn,
                   R"(inquiry_assigned { offer_id: "i-1/3" wait { seconds: 20 } automatic: )"
                   R"(true channel: "chat" units: 2 within_target: true first: true )"
                   R"(cause: ASSIGNMENT_CAUSE_OFFER })"));
  EXPECT_EQ(Text(e::InquiryDirected{i_, sales_, ann_, true, {e::Override::kPresence}, "vip"}),
            StrCat(kAbout, kAnn,
                   R"(inquiry_directed { with_offer: true overrides: )"
                   R"(ASSIGNMENT_OVERRIDE_PRESENCE reason: "vip" })"));
  EXPECT_EQ(Text(e::InquiryReopened{i_, sales_, ann_, kThree}),
            StrCat(kAbout, kAnn,
                   R"(inquiry_reopened { closed { seconds: 3 } arrival_time { seconds: )"
                   R"(1700000000 } spec )", kSpec, R"( })"));
  EXPECT_EQ(Text(e::FirstReplyWarned{i_, sales_, ann_}),
            StrCat(kAbout, kAnn, R"(first_reply_warning { })"));
  EXPECT_EQ(Text(e::FirstReplyTimedOut{i_, sales_, ann_}),
            StrCat(kAbout, kAnn, R"(first_reply_timed_out { })"));
  EXPECT_EQ(
      Text(e::MessageRecorded{i_, sales_, ann_, e::Author::kAgent, "m-1", kSampleTime, kThree}),
      StrCat(kAbout, kAnn,
             R"(message_recorded { message_id: "m-1" author: AUTHOR_AGENT when { )"
             R"(seconds: 1700000000 } response_time { seconds: 3 } })"));
  EXPECT_EQ(Text(e::MessageRecorded{i_, sales_, {}, e::Author::kCustomer, "m-2", {}, kNone}),
            StrCat(kAbout, R"(message_recorded { message_id: "m-2" author: AUTHOR_CUSTOMER })"));
  EXPECT_EQ(Text(e::FirstResponded{i_, sales_, ann_, false, kThree, kNone, e::Milliseconds(250)}),
            StrCat(kAbout, kAnn,
                   R"(first_responded { by: RESPONDER_HUMAN from_create { seconds: 3 } )"
                   R"(from_assign { nanos: 250000000 } target { seconds: 60 } })"));
  EXPECT_EQ(Text(e::InquiryParked{i_, sales_, ann_}),
            StrCat(kAbout, kAnn, R"(inquiry_parked { })"));
  EXPECT_EQ(Text(e::InquiryResumed{i_, sales_, ann_, true}),
            StrCat(kAbout, kAnn, R"(inquiry_resumed { to_agent: true })"));
  EXPECT_EQ(Text(e::InquiryTransferred{i_, support_, sales_, ann_, kThree}),
            StrCat(R"(inquiry_id: "i-1" queue_id: "support" agent_id: "ann" team_id: "out" )"
                   R"(vendor: "callco" inquiry_transferred { from_queue: "support" )"
                   R"(to_queue: "sales" handle_time { seconds: 3 } spec )",
                   kSpec, R"( })"));
  EXPECT_EQ(Text(e::InquiryClosed{i_, sales_, ann_, e::Resolution::kResolved, kThree, true}),
            StrCat(kAbout, kAnn,
                   R"(inquiry_closed { resolution: RESOLUTION_RESOLVED handle_time { )"
                   R"(seconds: 3 } answered: true })"));
  EXPECT_EQ(
      Text(e::InquiryCancelled{
          i_, sales_, {}, e::CancelReason::kAbandoned, kThree, {}, true, true, false}),
      StrCat(kAbout, R"(inquiry_cancelled { reason: CANCEL_REASON_ABANDONED wait { seconds: 3 )"
                     R"(} was_waiting: true short_abandon: true })"));
  EXPECT_EQ(Text(e::InquiryCancelled{
                i_, sales_, ann_, e::CancelReason::kOther, kThree, kThree, false, false, true}),
            StrCat(kAbout, kAnn,
                   R"(inquiry_cancelled { reason: CANCEL_REASON_OTHER wait { seconds: 3 } )"
                   R"(answered: true handle_time { seconds: 3 } })"));
  EXPECT_EQ(Text(e::InquiryPurged{"i-0"}), StrCat(R"(inquiry_id: "i-0" inquiry_purged { })"));
  EXPECT_EQ(Text(e::FeedbackRecorded{i_, sales_, ann_, 4, 0}),
            StrCat(kAbout, kAnn, R"(feedback_recorded { feedback { csat: 4 resolved: false } })"));
  EXPECT_EQ(Text(e::PresenceChanged{ann_, e::Presence::kAway, "lunch"}),
            StrCat(kAnn, R"(presence_changed { presence: PRESENCE_AWAY reason: "lunch" })"));
  EXPECT_EQ(Text(e::SessionOpened{ann_, "s-1"}),
            StrCat(kAnn, R"(session_opened { session_id: "s-1" })"));
  EXPECT_EQ(Text(e::SessionEnded{ann_, "s-1", e::SessionEnd::kLapsed}),
            StrCat(kAnn, R"(session_closed { session_id: "s-1" cause: SESSION_CLOSE_CAUSE_LAPSED )"
                         R"(})"));
  EXPECT_EQ(Text(e::BackOffStarted{ann_, kSampleTime, 2}),
            StrCat(kAnn, R"(back_off_started { until_time { seconds: 1700000000 } misses: 2 })"));
  EXPECT_EQ(Text(e::BackOffEnded{ann_}), StrCat(kAnn, R"(back_off_ended { })"));
  EXPECT_EQ(Text(e::WrapUpStarted{ann_, sales_, "i-0", kSampleTime, 2}),
            StrCat(R"(inquiry_id: "i-0" queue_id: "sales" agent_id: "ann" team_id: "out" )"
                   R"(vendor: "callco" wrap_up_started { until_time { seconds: 1700000000 } )"
                   R"(units: 2 })"));
  EXPECT_EQ(Text(e::WrapUpFinished{ann_, sales_, "i-0", kThree, true}),
            StrCat(R"(inquiry_id: "i-0" queue_id: "sales" agent_id: "ann" team_id: "out" )"
                   R"(vendor: "callco" wrap_up_finished { duration { seconds: 3 } early: )"
                   R"(true })"));
  EXPECT_EQ(Text(e::WrapUpExtended{ann_, sales_, "i-0", kSampleTime, kThree}),
            StrCat(R"(inquiry_id: "i-0" queue_id: "sales" agent_id: "ann" team_id: "out" )"
                   R"(vendor: "callco" wrap_up_extended { until_time { seconds: 1700000000 } by )"
                   R"({ seconds: 3 } })"));
  EXPECT_EQ(kinds_.size(), std::variant_size_v<e::EventBody>) << "a kind has no line above";
}

TEST_F(EventCodecTest, ACallerIsWrittenAndReadBack) {
  const e::Caller whole{e::CallerRole::kAgent, "ann@example.com", "ann", "the night shift"};
  for (const e::Caller& caller : {whole, e::Caller{.subject = "CN=platform"},
                                  e::Caller{.role = e::CallerRole::kVendor},
                                  e::Caller{.on_behalf_of = "kay"}}) {
    v1::Event event;
    WriteEvent(*engine_,
               {kSampleTime, e::DeadlinesExtended{kThree}, std::make_shared<e::Caller>(caller)},
               {12, 34}, &event);
    v1::Event stored;
    ASSERT_TRUE(stored.ParseFromString(event.SerializeAsString()));
    const e::CallerRef read = ReadCaller(stored.caller());
    ASSERT_NE(read, nullptr);
    EXPECT_EQ(*read, caller);
  }
  v1::Caller newer;
  newer.set_role(static_cast<v1::CallerRole>(99));
  EXPECT_EQ(ReadCaller(newer), nullptr);
  newer.set_subject("kay");
  EXPECT_EQ(*ReadCaller(newer), e::Caller{.subject = "kay"});
}

// An event as it was stored before events told callers, and as it still is where nobody is known.
TEST_F(EventCodecTest, EventsWithoutACallerStayAsTheyWere) {
  v1::Event old;
  old.set_id("12-34");
  old.set_workspace("acme");
  WriteMessage(kSampleTime, old.mutable_time());
  old.mutable_deadlines_extended()->mutable_span()->set_seconds(3);
  v1::Event event;
  WriteEvent(*engine_, {kSampleTime, e::DeadlinesExtended{kThree}}, {12, 34}, &event);
  EXPECT_EQ(event.SerializeAsString(), old.SerializeAsString());
  EXPECT_EQ(ReadCaller(old.caller()), nullptr);
}

TEST_F(EventCodecTest, TimesBeforeTheEpochAreFloored) {
  google::protobuf::Timestamp time;
  WriteMessage(e::Time{-1}, &time);
  EXPECT_EQ(time.seconds(), -1);
  EXPECT_EQ(time.nanos(), 999'999'000);
  google::protobuf::Duration span;
  WriteMessage(e::Span{-1'500'000}, &span);
  EXPECT_EQ(span.seconds(), -1);
  EXPECT_EQ(span.nanos(), -500'000'000);
}

TEST_F(EventCodecTest, IdsCountOn) {
  e::Engine engine("acme");
  engine.Apply(kSampleTime, {e::ApplyConfig{.config = SampleConfig(),
                                            .agents = std::vector{SampleAgentConfig()}}});
  const std::vector<EventEntry> entries = EncodeEvents(engine, {12, 5});
  ASSERT_EQ(entries.size(), engine.events().size());
  ASSERT_GE(entries.size(), 2u);
  for (size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(entries[i].id, (EventId{12, 5 + i}));
    v1::Event event;
    ASSERT_TRUE(event.ParseFromString(entries[i].bytes));
    EXPECT_EQ(event.id(), ToString(entries[i].id));
  }
}

}  // namespace
}  // namespace firstline::store
