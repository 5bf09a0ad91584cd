// Records and events against real engine states: made-up programs run, what they change is encoded
// batch by batch, and now and then an engine decoded from the records has to be the same one.
#include "services/router/store/codec.h"

#include <gmock/gmock.h>
#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "firstline/v1/event.pb.h"
#include "services/router/store/agent_record.h"
#include "services/router/store/config_record.h"
#include "services/router/store/inquiry_record.h"
#include "services/router/store/record_format.h"
#include "tests/engine/choices.h"
#include "tests/engine/engine_text.h"
#include "tests/engine/program.h"

namespace firstline::store {
namespace {

using engine::Engine;
using engine::proof::Choices;
using engine::proof::Program;
using engine::proof::Step;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Stored = std::map<std::pair<Table, std::string>, std::string>;

State AsState(const Stored& stored) {
  State state;
  for (const auto& [place, bytes] : stored) {
    state.records.push_back({place.first, place.second, bytes});
  }
  return state;
}

Stored AsStored(const std::vector<Put>& puts) {
  Stored stored;
  for (const Put& put : puts) stored[{put.table, put.key}] = put.bytes;
  EXPECT_EQ(stored.size(), puts.size()) << "a record came twice";
  return stored;
}

// The dump of an engine, with each agent's work sorted by id, because records do not say in which
// order work of the same moment was taken, and without the next deadline: deadlines are compared
// one by one, and that of the remembered requests depends on whether they were restored.
std::string StateText(const Engine& engine) {
  constexpr std::string_view kWork = " work=";
  std::string text = engine::proof::Dump(engine);
  for (size_t at = text.find(kWork); at != std::string::npos; at = text.find(kWork, at)) {
    at += kWork.size();
    const size_t end = text.find(' ', at);
    std::set<std::string> ids = absl::StrSplit(text.substr(at, end - at), ',', absl::SkipEmpty());
    std::string sorted;
    for (const std::string& id : ids) absl::StrAppend(&sorted, id, ",");
    text.replace(at, end - at, sorted);
  }
  return text.substr(0, text.rfind(" next="));
}

// A rejected command moves the engine's clock, and nothing is written for it.
Stored WithoutCounters(Stored stored) {
  stored.erase({Table::kMeta, "counters"});
  return stored;
}

// The same keys with as many bytes each. Skills stand in the order in which an engine first heard
// of them, so two engines of one state need not write the same bytes.
void ExpectSameSizes(const Stored& left, const Stored& right) {
  ASSERT_EQ(left.size(), right.size());
  for (auto l = left.begin(), r = right.begin(); l != left.end(); ++l, ++r) {
    EXPECT_EQ(l->first, r->first);
    EXPECT_EQ(l->second.size(), r->second.size()) << l->first.second;
  }
}

// An engine whose changes are written down as the runtime does.
class Recorded {
 public:
  explicit Recorded(Choices& choices) : program_(choices, Program::Size::kSmall) {}

  void Execute(int steps) {
    for (int i = 0; i < steps; ++i) {
      const Step step = program_.Next(engine_);
      if (step.has_command) {
        engine_.Apply(step.at, step.command);
      } else {
        engine_.Tick(step.at);
      }
      TakeEvents();
    }
    Commit();
  }

  Engine& engine() { return engine_; }
  Stored& stored() { return stored_; }
  const std::set<v1::Event::KindCase>& kinds() const { return kinds_; }

 private:
  void TakeEvents() {
    const std::vector<EventEntry> entries = codec_.EncodeEvents(engine_, next_);
    ASSERT_EQ(entries.size(), engine_.events().size());
    for (size_t i = 0; i < entries.size(); ++i) {
      v1::Event event;
      ASSERT_TRUE(event.ParseFromString(entries[i].bytes));
      EXPECT_EQ(entries[i].id, next_);
      EXPECT_EQ(event.id(), ToString(next_));
      EXPECT_EQ(event.workspace(), engine_.workspace());
      EXPECT_EQ(event.time().seconds(), engine_.events()[i].time.us / 1'000'000);
      EXPECT_NE(event.kind_case(), v1::Event::KIND_NOT_SET);
      kinds_.insert(event.kind_case());
      ++next_.n;
    }
    engine_.ClearEvents();
  }

  void Commit() {
    Batch batch;
    codec_.EncodeChanges(engine_, engine_.TakeChanges(), batch);
    std::set<std::pair<Table, std::string>> places;
    for (const Put& put : batch.puts) {
      EXPECT_TRUE(places.insert({put.table, put.key}).second) << put.key;
      stored_[{put.table, put.key}] = put.bytes;
    }
    for (const Erase& erase : batch.erases) {
      EXPECT_TRUE(places.insert({erase.table, erase.key}).second) << erase.key;
      stored_.erase({erase.table, erase.key});
    }
  }

  Engine engine_{"acme"};
  Program program_;
  RecordCodec codec_;
  Stored stored_;
  EventId next_ = {7, 1};
  std::set<v1::Event::KindCase> kinds_;
};

// Parsing a damaged record is no news on standard error.
const auto kQuiet = google::protobuf::SetLogHandler(nullptr);

class CodecTest : public testing::Test {
 protected:
  // A state with everything in it.
  explicit CodecTest(uint64_t seed = 5) : choices_(seed), recorded_(choices_) {
    recorded_.Execute(600);
    const auto has = [this](Table table) {
      return std::any_of(recorded_.stored().begin(), recorded_.stored().end(),
                         [table](const auto& entry) { return entry.first.first == table; });
    };
    const auto is_full = [&] {
      return has(Table::kInquiry) && has(Table::kAgent) && has(Table::kRequest);
    };
    for (int k = 0; k < 100 && !is_full(); ++k) recorded_.Execute(10);
  }

  runtime::Decoded Decode(const Stored& stored) {
    fresh_ = std::make_unique<Engine>("acme");
    return codec_.Decode(AsState(stored), *fresh_);
  }
  std::string AnyKey(Table table) {
    for (const auto& [place, bytes] : recorded_.stored()) {
      if (place.first == table) return place.second;
    }
    ADD_FAILURE() << "no record in table " << static_cast<int>(table);
    return {};
  }

  Choices choices_;
  Recorded recorded_;
  RecordCodec codec_;
  std::unique_ptr<Engine> fresh_;
};

TEST(CodecProgramTest, DecodedEngineIsTheSame) {
  std::set<v1::Event::KindCase> kinds;
  for (uint64_t seed = 1; seed <= 20 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Choices choices(seed);
    Recorded recorded(choices);
    RecordCodec codec;
    for (int part = 0; part < 30 && !testing::Test::HasFailure(); ++part) {
      recorded.Execute(choices.Between(1, 60));
      Engine fresh("acme");
      const runtime::Decoded decoded = codec.Decode(AsState(recorded.stored()), fresh);
      ASSERT_EQ(decoded.refusal, std::nullopt);
      ASSERT_THAT(decoded.quarantined, IsEmpty()) << decoded.quarantined[0].problem;
      EXPECT_EQ(engine::proof::FirstDifference(StateText(recorded.engine()), StateText(fresh)), "");
      EXPECT_EQ(fresh.CheckInvariants(false), "");
      EXPECT_EQ(WithoutCounters(AsStored(codec.EncodeAll(recorded.engine()))),
                WithoutCounters(recorded.stored()));
      ExpectSameSizes(AsStored(codec.EncodeAll(fresh)), recorded.stored());
    }
    kinds.insert(recorded.kinds().begin(), recorded.kinds().end());
  }
  // All but TakeOver, Extend and NoteQuarantine, which come from the runtime.
  EXPECT_GE(kinds.size(), 26u) << "the programs do not reach enough";
}

TEST_F(CodecTest, IncrementsAddUpToTheWhole) {
  EXPECT_EQ(WithoutCounters(AsStored(codec_.EncodeAll(recorded_.engine()))),
            WithoutCounters(recorded_.stored()));
}

TEST_F(CodecTest, EmptyStateIsANewWorkspace) {
  const runtime::Decoded decoded = Decode({});
  EXPECT_EQ(decoded.refusal, std::nullopt);
  EXPECT_THAT(decoded.quarantined, IsEmpty());
  EXPECT_EQ(engine::proof::Dump(*fresh_), engine::proof::Dump(Engine("acme")));
}

TEST_F(CodecTest, NewerRecordRefusesTheState) {
  for (const Table table : {Table::kMeta, Table::kInquiry, Table::kAgent, Table::kRequest}) {
    Stored stored = recorded_.stored();
    const std::string key = AnyKey(table);
    stored[{table, key}][0] = kRecordVersion + 1;
    const runtime::Decoded decoded = Decode(stored);
    ASSERT_TRUE(decoded.refusal) << key;
    EXPECT_THAT(*decoded.refusal, HasSubstr("version 3")) << key;
  }
}

TEST_F(CodecTest, UnreadableConfigurationRefusesTheState) {
  for (const char* key : {"config", "counters"}) {
    Stored stored = recorded_.stored();
    stored[{Table::kMeta, key}] = "\x01\xff";
    EXPECT_TRUE(Decode(stored).refusal) << key;
    stored.erase({Table::kMeta, key});
    EXPECT_TRUE(Decode(stored).refusal) << key << " missing";
  }
}

TEST_F(CodecTest, UnreadableRecordIsQuarantined) {
  for (const Table table : {Table::kInquiry, Table::kAgent, Table::kRequest}) {
    for (const std::string& bytes :
         {std::string(), std::string("\0x", 2), std::string("\x01\xff")}) {
      Stored stored = recorded_.stored();
      const std::string key = AnyKey(table);
      stored[{table, key}] = bytes;
      const runtime::Decoded decoded = Decode(stored);
      EXPECT_EQ(decoded.refusal, std::nullopt);
      ASSERT_THAT(decoded.quarantined, SizeIs(1));
      EXPECT_EQ(decoded.quarantined[0].table, table);
      EXPECT_EQ(decoded.quarantined[0].key, key);
      EXPECT_FALSE(decoded.quarantined[0].problem.empty());
      const Put& aside = decoded.quarantined[0].put_aside;
      EXPECT_EQ(aside.table, Table::kMeta);
      EXPECT_EQ(aside.bytes, bytes);

      stored.erase({table, key});
      stored[{aside.table, aside.key}] = aside.bytes;
      const runtime::Decoded again = Decode(stored);
      EXPECT_EQ(again.refusal, std::nullopt);
      EXPECT_THAT(again.quarantined, IsEmpty()) << "left alone from then on";
      ASSERT_THAT(again.put_aside, SizeIs(1));
      EXPECT_EQ(again.put_aside[0], aside);
    }
  }
}

TEST_F(CodecTest, WorkOfAQuarantinedAgentWaitsAgain) {
  const Engine& engine = recorded_.engine();
  std::string agent;
  std::set<std::string> held;
  const auto find = [&](engine::InquiryIx, const engine::Inquiry& inquiry) {
    const bool is_held = !IsEnded(inquiry.state) && inquiry.agent.IsSet() &&
                         inquiry.state != engine::InquiryState::kWaiting;
    if (is_held && (agent.empty() || engine.AgentId(inquiry.agent) == agent)) {
      agent = engine.AgentId(inquiry.agent);
      held.insert(inquiry.id);
    }
    return true;
  };
  for (int tries = 0; tries < 1000 && agent.empty(); ++tries) {
    recorded_.Execute(10);
    engine.ForEachInquiry(find);
  }
  ASSERT_FALSE(agent.empty());
  Stored stored = recorded_.stored();
  stored[{Table::kAgent, agent}] = "\x01\xff";
  ASSERT_THAT(Decode(stored).quarantined, SizeIs(1));
  EXPECT_EQ(fresh_->CheckInvariants(false), "");
  for (const std::string& id : held) {
    const engine::Inquiry& inquiry = fresh_->inquiry(fresh_->FindInquiry(id));
    EXPECT_NE(fresh_->AgentId(inquiry.agent), agent) << id;
    EXPECT_EQ(inquiry.state == engine::InquiryState::kWaiting, !inquiry.agent.IsSet()) << id;
  }
  fresh_->Tick(fresh_->now() + engine::Seconds(1));
  EXPECT_EQ(fresh_->CheckInvariants(true), "");
}

// What a new owner of the damaged records tells, after it has taken over.
std::vector<std::string> ToldByTakeOver(Engine& engine) {
  engine.Apply(engine.now(), {engine::TakeOver{1, "pod:1", "", false}, "", {}});
  std::vector<std::string> lines = engine::proof::EventLines(engine, engine.now());
  EXPECT_EQ(engine.CheckInvariants(false), "");
  return lines;
}

// A workspace with i1 offered to a1 and a2, a1 first, and i2 assigned to a3.
void Offer(Engine& engine) {
  const engine::Time now{1'000'000'000'000};
  engine::ApplyConfig apply;
  apply.config.channels = {{"chat"}};
  apply.config.queues.resize(2);
  apply.config.queues[0].id = "wide";
  apply.config.queues[0].offer_to = 2;
  apply.config.queues[1].id = "narrow";
  apply.config.queues[1].auto_accept = true;
  apply.agents = {{.id = "a1", .memberships = {{"wide"}}},
                  {.id = "a2", .memberships = {{"wide"}}},
                  {.id = "a3", .memberships = {{"narrow"}}}};
  engine.Apply(now, {apply, "", {}});
  for (const char* agent : {"a1", "a2", "a3"}) {
    engine.Apply(now, {engine::SetPresence{.agent_id = agent}, "", {}});
  }
  for (const auto& [id, queue] : {std::pair("i1", "wide"), std::pair("i2", "narrow")}) {
    engine::Submit submit{.inquiry_id = id, .channel = "chat", .queue = queue};
    engine.Apply(now, {submit, "", {}});
  }
}

TEST_F(CodecTest, OfAnOfferToSeveralTheOthersKeepTheirs) {
  Engine engine("acme");
  Offer(engine);
  Stored stored = AsStored(codec_.EncodeAll(engine));
  stored[{Table::kAgent, "a1"}] = "\x01\xff";
  ASSERT_THAT(Decode(stored).quarantined, SizeIs(1));
  const engine::Inquiry& inquiry = fresh_->inquiry(fresh_->FindInquiry("i1"));
  EXPECT_EQ(inquiry.state, engine::InquiryState::kOffered);
  EXPECT_EQ(fresh_->AgentId(inquiry.agent), "a2");
  EXPECT_EQ(inquiry.deadline, engine.inquiry(engine.FindInquiry("i1")).deadline);
  EXPECT_THAT(ToldByTakeOver(*fresh_),
              testing::Contains(HasSubstr("offer-ended i1 a1 queue=wide n=1 outcome=agent_lost")));
  const engine::Accept accept{"i1", inquiry.offer_number, "a2"};
  EXPECT_TRUE(fresh_->Apply(fresh_->now(), {accept, "", {}}).ok());
}

TEST_F(CodecTest, WhatAQuarantinedAgentHadIsTold) {
  Engine engine("acme");
  Offer(engine);
  Stored stored = AsStored(codec_.EncodeAll(engine));
  for (const char* agent : {"a1", "a2", "a3"}) stored[{Table::kAgent, agent}] = "\x01\xff";
  ASSERT_THAT(Decode(stored).quarantined, SizeIs(3));
  const std::vector<std::string> told = ToldByTakeOver(*fresh_);
  for (const char* line : {"offer-ended i1 a1 queue=wide n=1 outcome=agent_lost",
                           "offer-ended i1 a2 queue=wide n=1 outcome=agent_lost",
                           "enqueued i1 queue=wide cause=agent_lost",
                           "enqueued i2 queue=narrow cause=agent_lost"}) {
    EXPECT_THAT(told, testing::Contains(HasSubstr(line)));
  }
}

// Any single bit of any record may flip: the state still opens or is refused, and what was read can
// be written and read again.
TEST_F(CodecTest, DamagedRecordsNeverDoHarm) {
  Choices damage(11);
  std::vector<std::pair<Table, std::string>> places;
  for (const auto& [place, bytes] : recorded_.stored()) places.push_back(place);
  int opened = 0;
  for (int round = 0; round < 400; ++round) {
    Stored stored = recorded_.stored();
    std::string& bytes = stored[damage.Pick(places)];
    const uint32_t at = damage.Below(static_cast<uint32_t>(bytes.size()));
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << damage.Below(8)));
    const runtime::Decoded decoded = Decode(stored);
    if (decoded.refusal) continue;
    ++opened;
    Engine second("acme");
    const runtime::Decoded again =
        codec_.Decode(AsState(AsStored(codec_.EncodeAll(*fresh_))), second);
    ASSERT_EQ(again.refusal, std::nullopt) << "round " << round;
    ASSERT_THAT(again.quarantined, IsEmpty()) << "round " << round;
    ASSERT_EQ(engine::proof::FirstDifference(StateText(*fresh_), StateText(second)), "")
        << "round " << round;
  }
  EXPECT_GT(opened, 200);
}

}  // namespace
}  // namespace firstline::store
