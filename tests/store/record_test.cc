// Records field by field: the bytes of version 1 as they were written down once, and random values.
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/router/store/agent_record.h"
#include "services/router/store/config_record.h"
#include "services/router/store/inquiry_record.h"
#include "services/router/store/public_enums.h"
#include "services/router/store/record_format.h"
#include "services/router/store/wait_record.h"
#include "tests/store/sample_engine.h"

namespace firstline::store {
namespace {

namespace e = engine;

// ---- Version 1, byte by byte
// ---------------------------------------------------------------------
//
// What lies in somebody's Redis looks like this. When a test below fails, either the change is a
// mistake, or it is compatible (record.proto says when) and the bytes are to be replaced, or the
// version has to be raised and the old bytes kept as a test of reading them.

constexpr char kInquiryBytes[] =
    "0108031204636861741a0573616c6573208080f9c0c1c4820328d209311032547698badcfe3a0361"
    "6e6e400348829bee0250829c9c395a250a0b0a0762696c6c696e67100112060a026465100512060a"
    "02656e10011a0673656e696f726802720d6c616e670064650076697000007a0a637573746f6d6572"
    "203780010988010190011f9801ff887aa0018292f401a80182a4e803b00182ade204b80182b6dc05"
    "c00182bfd606c80182c8d007d00182d1ca08d80182dac409e001e0c65bea0103626f62f00105fa01"
    "03616e6e82020e0a03626f621080dabdcac1c482038202070a0363696418018a020b09efcdab8967"
    "4523011003900201980203a00205a80202b00201b80202c00203c80204";
constexpr char kAgentBytes[] =
    "010a5f0801120b0a0773656c6c696e671007120b0a0762696c6c696e6710021a060a026465100a22"
    "0673656e696f722a036f7574300c3a090a05766f696365100a42100a0573616c65731002180528c0"
    "a8a504420d0a07737570706f72741001200110031a056c756e6368208080f9c0c1c482032a070a03"
    "732d3110112a050a03732d32300138024001488087a0cfc1c4820350c0e9c7bec1c4820358586063"
    "6a260a03692d301204636861741a0573616c65732002288080f9c0c1c4820330c0a89ec5c1c48203"
    "7003";
constexpr char kConfigBytes[] =
    "010a0a0a0463686174100218020a0b0a05766f6963651001180a12070a056e6f727468120d0a036f"
    "7574120663616c6c636f1a280a07737570706f7274100118012a03010405320050808ece1c5880da"
    "c40960c096b1027080dac4091a9d010a0573616c65731001180222070801108087a70e2208080910"
    "808c8d9e022a03020307321d0a0b0a0773656c6c696e67100312060a02646510021a0673656e696f"
    "72380142170880dac40910021a0773656c6c696e67280330808ece1c4210088095f52a20013a0773"
    "7570706f727448c0c3930750808ece1c5880dac40960c096b10268f4037080dac4098001c0caba15"
    "8801808ece1c9001809c9c39223b0803108087a70e18808c8d9e02208087a70e2880c8ceb40d30a0"
    "8d0638808c8d9e0240a08d0648c0843d52056c756e63685208747261696e696e67";
constexpr char kCountersBytes[] = "01080710d2091863208080f9c0c1c48203";
constexpr char kRequestBytes[] =
    "0109887766554433221110808c86dfc3c48203188080f9c0c1c4820320022a03616e6e30033801";

const e::Counters kSampleCounters = {
    .config_version = 7, .inquiry_sequence = 1234, .agent_sequence = 99, .now = kSampleTime};

std::string Hex(const std::string& bytes) { return absl::BytesToHexString(bytes); }
std::string FromHex(const char* hex) { return absl::HexStringToBytes(hex); }

TEST(GoldenRecordTest, BytesOfVersion1AreWritten) {
  const auto engine = SampleEngine();
  EXPECT_EQ(Hex(EncodeInquiry(*engine, engine->inquiry(engine->FindInquiry("i-1")))),
            kInquiryBytes);
  EXPECT_EQ(Hex(EncodeAgent(*engine, engine->FindAgent("ann"))), kAgentBytes);
  EXPECT_EQ(Hex(EncodeConfig(SampleConfig())), kConfigBytes);
  EXPECT_EQ(Hex(EncodeCounters(kSampleCounters)), kCountersBytes);
  const e::RememberedRequest request = {
      .id = "r",
      .digest = 0x1122334455667788,
      .expire = kSampleTime + e::Seconds(600),
      .receipt = {kSampleTime, e::InquiryState::kOffered, "ann", 3, true}};
  EXPECT_EQ(Hex(EncodeRequest(request)), kRequestBytes);
}

TEST(GoldenRecordTest, BytesOfVersion1AreRead) {
  EXPECT_EQ(DecodeConfig(FromHex(kConfigBytes)).value(), SampleConfig());
  const e::Counters counters = DecodeCounters(FromHex(kCountersBytes)).value();
  EXPECT_EQ(counters.inquiry_sequence, 1234u);
  EXPECT_EQ(counters.now, kSampleTime);
  const e::RememberedRequest request = DecodeRequest("r", FromHex(kRequestBytes)).value();
  EXPECT_EQ(request.id, "r");
  EXPECT_EQ(request.digest, 0x1122334455667788u);
  EXPECT_EQ(request.receipt.agent_id, "ann");
  EXPECT_EQ(request.receipt.state, e::InquiryState::kOffered);

  e::Engine engine("acme");
  engine.RestoreConfig(SampleConfig(), counters);
  const StoredAgent agent = DecodeAgent("ann", FromHex(kAgentBytes), engine).value();
  EXPECT_EQ(agent.config, SampleAgentConfig());
  EXPECT_EQ(agent.state.sessions.at(0).sequence, 17u);
  EXPECT_EQ(agent.state.wrap_ups.at(0).until, kSampleTime + e::Seconds(9));
  engine.RestoreAgent(agent.config, agent.state);
  const e::Inquiry inquiry = DecodeInquiry("i-1", FromHex(kInquiryBytes), engine).value();
  const e::Inquiry expected = SampleInquiry(engine);
  EXPECT_EQ(inquiry.create_when, expected.create_when);
  EXPECT_EQ(inquiry.deadline, expected.deadline);
  EXPECT_EQ(inquiry.offer_agent, expected.offer_agent);
  EXPECT_EQ(inquiry.own, expected.own);
  EXPECT_EQ(inquiry.attributes, expected.attributes);
  EXPECT_EQ(inquiry.exceptions.at(1).until, e::kNever);
  EXPECT_EQ(inquiry.recent_messages.at(0).id_hash, expected.recent_messages.at(0).id_hash);
}

// ---- Policies
// ---------------------------------------------------------------------------------

TEST(PolicyRecordTest, ConfigurationSurvivesAndTellsItsVersion) {
  const std::string bytes = EncodeConfig(SamplePolicies());
  EXPECT_EQ(bytes[0], 2);
  EXPECT_EQ(DecodeConfig(bytes).value(), SamplePolicies());
}

TEST(PolicyRecordTest, PassesSurvive) {
  e::Counters counters = kSampleCounters;
  counters.virtual_pass = 5'000'000'000;
  counters.passes = {{"sales", 1}, {"support", 6'000'000'000}};
  const e::Counters read = DecodeCounters(EncodeCounters(counters)).value();
  EXPECT_EQ(read.virtual_pass, counters.virtual_pass);
  EXPECT_EQ(read.passes, counters.passes);
}

TEST(PolicyRecordTest, WhoWasAskedAndThePlaceKeptSurvive) {
  const auto engine = SampleEngine();
  e::Inquiry inquiry = SampleInquiry(*engine);
  inquiry.state = e::InquiryState::kOffered;
  inquiry.arrival_time = kSampleTime - e::Seconds(30);
  inquiry.also_asked.Set() = {{engine->AgentHandle("cid"), true, {}},
                              {engine->AgentHandle("dee"), false, e::OfferOutcome::kAccepted},
                              {engine->AgentHandle("eve"), false, e::OfferOutcome::kTaken}};
  const std::string bytes = EncodeInquiry(*engine, inquiry);
  EXPECT_EQ(bytes[0], 2);
  const auto read = DecodeInquiry("i-1", bytes, *engine);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->arrival_time, inquiry.arrival_time);
  ASSERT_NE(read->also_asked.get(), nullptr);
  ASSERT_EQ(read->also_asked.get()->size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    const e::AlsoAsked& other = (*read->also_asked.get())[i];
    const e::AlsoAsked& wanted = (*inquiry.also_asked.get())[i];
    EXPECT_EQ(other.agent, wanted.agent) << i;
    EXPECT_EQ(other.open, wanted.open) << i;
    if (!other.open) {
      EXPECT_EQ(other.outcome, wanted.outcome) << i;
    }
  }
  // Nobody can accept what is no longer offered.
  inquiry.state = e::InquiryState::kAssigned;
  EXPECT_FALSE(DecodeInquiry("i-1", EncodeInquiry(*engine, inquiry), *engine).ok());
}

TEST(PolicyRecordTest, BackOffsOfQueuesSurvive) {
  e::Engine engine("acme");
  engine.RestoreConfig(SamplePolicies(), kSampleCounters);
  e::Agent agent = SampleAgent(engine);
  agent.queue_back_offs = {{engine.QueueHandle("sales"), 1, 2, kSampleTime + e::Seconds(60)}};
  engine.RestoreAgent(SampleAgentConfig(), agent);
  const StoredAgent read =
      DecodeAgent("ann", EncodeAgent(engine, engine.FindAgent("ann")), engine).value();
  ASSERT_EQ(read.state.queue_back_offs.size(), 1u);
  EXPECT_EQ(read.state.queue_back_offs[0].queue, engine.QueueHandle("sales"));
  EXPECT_EQ(read.state.queue_back_offs[0].misses, 1);
  EXPECT_EQ(read.state.queue_back_offs[0].count, 2);
  EXPECT_EQ(read.state.queue_back_offs[0].until, kSampleTime + e::Seconds(60));
}

TEST(PolicyRecordTest, AnInquirysRequirementSurvives) {
  const auto engine = SampleEngine();
  e::Inquiry inquiry = SampleInquiry(*engine);
  const e::RequirementSpec spec = SamplePolicies().queues[1].requirement;
  inquiry.own = engine->RequirementHandle(spec, inquiry.channel, inquiry.units);
  const std::string bytes = EncodeInquiry(*engine, inquiry);
  EXPECT_EQ(bytes[0], 2);
  const auto read = DecodeInquiry("i-1", bytes, *engine);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->own, inquiry.own);
}

// ---- The frame
// -----------------------------------------------------------------------------------

// Written with every batch that offered or enqueued something in a queue that decides by it.
TEST(WaitRecordTest, SurvivesInFewBytes) {
  e::WaitHistory history;
  e::Time now = kSampleTime;
  for (int i = 0; i < 100; ++i) {
    now = now + e::Milliseconds(1500 + i);
    history.Started(now, e::Seconds(30));
    history.Left(now, e::Seconds(4), i % 5 == 0, false);
  }
  const std::string bytes = EncodeWaits(history);
  EXPECT_LE(bytes.size(), 40u);
  EXPECT_EQ(DecodeWaits(bytes).value().state(), history.state());
  EXPECT_FALSE(DecodeWaits("").ok());
  EXPECT_FALSE(DecodeWaits("\x7f").ok());
}

TEST(RecordFormatTest, VersionsAreTold) {
  std::string bytes = EncodeCounters(kSampleCounters);
  EXPECT_TRUE(DecodeCounters(bytes).ok());
  for (int version : {3, 4, 127, 128, 255}) {
    bytes[0] = static_cast<char>(version);
    EXPECT_TRUE(IsNewer(DecodeCounters(bytes).status())) << version;
  }
  bytes[0] = 0;
  EXPECT_EQ(DecodeCounters(bytes).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeCounters("").status().code(), absl::StatusCode::kDataLoss);
}

TEST(RecordFormatTest, OffsetsAreExact) {
  const e::Time base = kSampleTime;
  for (int64_t distance : {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{86'400'000'000},
                           -kSampleTime.us + 1, e::kNever.us - kSampleTime.us}) {
    const e::Time time{base.us + distance};
    EXPECT_EQ(FromOffset(ToOffset(time, base), base), time) << distance;
  }
  EXPECT_EQ(ToOffset({}, base), 0);
  EXPECT_FALSE(FromOffset(0, base).IsSet());
  EXPECT_FALSE(FromOffset(std::numeric_limits<int64_t>::max(), base).IsSet());
}

// ---- Enumerations
// --------------------------------------------------------------------------------

// Every engine value has a number, and the number leads back; so do all public numbers but 0.
template <class Engine, class Proto>
void CheckEnum(int engine_count, const google::protobuf::EnumDescriptor* descriptor) {
  EXPECT_EQ(descriptor->value_count(), engine_count + 1) << descriptor->name();
  for (int i = 0; i < engine_count; ++i) {
    const auto value = static_cast<Engine>(i);
    const Proto proto = ToProto(value);
    EXPECT_NE(proto, Proto{}) << descriptor->name() << " " << i;
    EXPECT_EQ(FromProto(proto), value) << descriptor->name() << " " << i;
  }
  EXPECT_EQ(FromProto(Proto{}), std::nullopt);
  EXPECT_EQ(FromProto(static_cast<Proto>(99)), std::nullopt);
}

TEST(PublicEnumsTest, AreComplete) {
  CheckEnum<e::AgentKind, v1::AgentKind>(2, v1::AgentKind_descriptor());
  CheckEnum<e::AssignCause, v1::AssignmentCause>(4, v1::AssignmentCause_descriptor());
  CheckEnum<e::Override, v1::AssignmentOverride>(8, v1::AssignmentOverride_descriptor());
  CheckEnum<e::LostAgent, v1::LostAgentPolicy>(3, v1::LostAgentPolicy_descriptor());
  CheckEnum<e::ClassifierTurn, v1::ClassifierTurn>(2, v1::ClassifierTurn_descriptor());
  CheckEnum<e::ClassifierOutcome, v1::ClassifierOutcome>(11, v1::ClassifierOutcome_descriptor());
  CheckEnum<e::WaitQuantile, v1::WaitQuantile>(2, v1::WaitQuantile_descriptor());
  CheckEnum<e::Author, v1::Author>(3, v1::Author_descriptor());
  CheckEnum<e::CancelReason, v1::CancelReason>(5, v1::CancelReason_descriptor());
  CheckEnum<e::ChannelKind, v1::ChannelKind>(2, v1::ChannelKind_descriptor());
  CheckEnum<e::Comparison, v1::Comparison>(7, v1::Comparison_descriptor());
  CheckEnum<e::Criterion, v1::Criterion>(13, v1::Criterion_descriptor());
  CheckEnum<e::EnqueueCause, v1::EnqueueCause>(11, v1::EnqueueCause_descriptor());
  CheckEnum<e::InquiryState, v1::InquiryState>(6, v1::InquiryState_descriptor());
  CheckEnum<e::OfferOutcome, v1::OfferOutcome>(6, v1::OfferOutcome_descriptor());
  CheckEnum<e::Presence, v1::Presence>(4, v1::Presence_descriptor());
  CheckEnum<e::QueueKind, v1::QueueKind>(2, v1::QueueKind_descriptor());
  CheckEnum<e::Resolution, v1::Resolution>(5, v1::Resolution_descriptor());
  CheckEnum<e::Serving, v1::Serving>(5, v1::Serving_descriptor());
  CheckEnum<e::SessionEnd, v1::SessionCloseCause>(2, v1::SessionCloseCause_descriptor());
}

// ---- Random values
// -------------------------------------------------------------------------------

class RandomRecordTest : public testing::Test {
 protected:
  uint64_t Pick(uint64_t below) { return random_() % below; }
  bool Coin() { return Pick(2) == 0; }
  e::Time SomeTime() {
    return Pick(4) == 0 ? e::Time{} : e::Time{1 + static_cast<int64_t>(Pick(1ull << 60))};
  }
  e::AgentIx SomeAgent() { return engine_.AgentHandle(absl::StrCat("agent-", Pick(9))); }

  e::Inquiry SomeInquiry() {
    e::Inquiry i = SampleInquiry(engine_);
    for (e::Time* time : {&i.create_when, &i.human_queue_time, &i.enqueue_time, &i.offer_time,
                          &i.assign_time, &i.first_response_time, &i.bot_response_time,
                          &i.unanswered_since, &i.park_time, &i.end_time, &i.deadline}) {
      *time = SomeTime();
    }
    i.create_time = {1 + static_cast<int64_t>(Pick(1ull << 60))};
    if (Coin()) i.deadline = e::kNever;
    i.step_due = Coin();
    i.reopens = static_cast<uint16_t>(Pick(9));
    if (Coin()) i.exceptions.push_back({SomeAgent(), SomeTime(), false, true});
    i.state = static_cast<e::InquiryState>(Pick(6));
    i.offer_outcome = static_cast<e::OfferOutcome>(Pick(6));
    i.arrival_time = Coin() ? i.create_time : i.create_time - e::Span{static_cast<int64_t>(Pick(9))};
    if (i.arrival_time.us < 1) i.arrival_time = i.create_time;
    for (uint64_t others = Pick(3); others > 0; --others) {
      const bool open = i.state == e::InquiryState::kOffered && Coin();
      const e::AgentIx other = engine_.AgentHandle(absl::StrCat("other-", others));
      i.also_asked.Set().push_back({other, open, i.offer_outcome});
    }
    i.cancel_reason = static_cast<e::CancelReason>(Pick(4));
    i.resolution = static_cast<e::Resolution>(Pick(5));
    i.units = static_cast<uint16_t>(1 + Pick(e::limits::kUnitsMax));
    i.priority = static_cast<uint8_t>(Pick(10));
    i.step = static_cast<uint8_t>(Pick(e::limits::kStepsMax + 1));
    i.replied = Coin(), i.warned = Coin(), i.answered_here = Coin(), i.offer_open = Coin();
    i.held = Coin();
    i.sequence = random_(), i.digest = random_();
    i.agent = SomeAgent();
    i.offer_agent = Coin() ? i.agent : (Coin() ? SomeAgent() : e::AgentIx{});
    i.offer_number = static_cast<uint32_t>(random_());
    i.exceptions.resize(Pick(e::limits::kExceptionsMax + 1), {SomeAgent(), SomeTime(), Coin()});
    i.recent_messages.resize(Pick(e::limits::kRecentMessagesMax + 1),
                             {random_(), static_cast<e::Author>(Pick(3))});
    i.overtakes = static_cast<uint16_t>(Pick(e::limits::kOvertakesMax + 1));
    if (i.state == e::InquiryState::kWaiting && Coin()) i.reserved = SomeAgent();
    i.csat = static_cast<uint8_t>(Pick(6));
    i.feedback_resolved = static_cast<int8_t>(static_cast<int>(Pick(3)) - 1);
    i.declines = i.misses = static_cast<uint16_t>(random_());
    i.transfers = i.returns = static_cast<uint16_t>(random_());
    i.customer = std::string(Pick(e::limits::kCustomerBytesMax + 1), 'c');
    return i;
  }

  std::mt19937_64 random_{1};
  e::Engine engine_{"acme"};
};

TEST_F(RandomRecordTest, InquiriesSurvive) {
  engine_.RestoreConfig(SampleConfig(), {});
  for (int round = 0; round < 3000; ++round) {
    const e::Inquiry inquiry = SomeInquiry();
    const std::string bytes = EncodeInquiry(engine_, inquiry);
    const auto decoded = DecodeInquiry(inquiry.id, bytes, engine_);
    ASSERT_TRUE(decoded.ok()) << decoded.status() << " in round " << round;
    ASSERT_EQ(Hex(EncodeInquiry(engine_, *decoded)), Hex(bytes)) << "round " << round;
    ASSERT_EQ(decoded->create_when, inquiry.create_when);
    const bool waits = inquiry.state == e::InquiryState::kWaiting;
    ASSERT_EQ(decoded->deadline, waits ? e::kNever : inquiry.deadline);
    ASSERT_EQ(decoded->state, inquiry.state);
    ASSERT_EQ(decoded->offer_agent, inquiry.offer_agent);
    ASSERT_EQ(decoded->reserved, inquiry.reserved);
    ASSERT_EQ(decoded->overtakes, inquiry.overtakes);
    ASSERT_EQ(decoded->arrival_time, inquiry.arrival_time);
    ASSERT_EQ(decoded->feedback_resolved, inquiry.feedback_resolved);
  }
}

TEST_F(RandomRecordTest, OutOfRangeIsUnreadable) {
  engine_.RestoreConfig(SampleConfig(), {});
  const std::vector<std::pair<const char*, void (*)(e::Inquiry&)>> wrong = {
      {"priority", [](e::Inquiry& i) { i.priority = e::limits::kPriorityMax + 1; }},
      {"units of 0", [](e::Inquiry& i) { i.units = 0; }},
      {"units", [](e::Inquiry& i) { i.units = e::limits::kUnitsMax + 1; }},
      {"step", [](e::Inquiry& i) { i.step = e::limits::kStepsMax + 1; }},
      {"csat", [](e::Inquiry& i) { i.csat = 6; }},
      {"no creation", [](e::Inquiry& i) { i.create_time = {}; }},
      {"held by nobody", [](e::Inquiry& i) { i.agent = {}; }},
      {"reserved", [](e::Inquiry& i) { i.reserved = i.agent; }},  // the sample does not wait
      {"overtakes", [](e::Inquiry& i) { i.overtakes = e::limits::kOvertakesMax + 1; }},
      {"waits for nobody", [](e::Inquiry& i) { i.preferred.clear(); }},
      {"customer", [](e::Inquiry& i) { i.customer.assign(e::limits::kCustomerBytesMax + 1, 'x'); }},
      {"attributes", [](e::Inquiry& i) { i.attributes = "key without end"; }},
      {"messages",
       [](e::Inquiry& i) { i.recent_messages.resize(e::limits::kRecentMessagesMax + 1); }},
      {"also asked",
       [](e::Inquiry& i) { i.also_asked.Set().resize(9, {i.agent, false, {}}); }},
      {"asked twice",
       [](e::Inquiry& i) {
         i.state = e::InquiryState::kOffered;
         i.also_asked.Set() = {{i.agent, true, {}}};
       }},
      {"asks nobody", [](e::Inquiry& i) { i.also_asked.Set() = {{{}, false, {}}}; }},
      {"exceptions",
       [](e::Inquiry& i) { i.exceptions.resize(e::limits::kExceptionsMax + 1, i.exceptions[0]); }},
  };
  for (const auto& [what, change] : wrong) {
    e::Inquiry inquiry = SampleInquiry(engine_);
    change(inquiry);
    const auto decoded = DecodeInquiry("i-1", EncodeInquiry(engine_, inquiry), engine_);
    EXPECT_EQ(decoded.status().code(), absl::StatusCode::kDataLoss) << what;
  }
  EXPECT_FALSE(DecodeInquiry("", FromHex(kInquiryBytes), engine_).ok());
}

}  // namespace
}  // namespace firstline::store
