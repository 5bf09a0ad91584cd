#include "tests/conformance/store_conformance.h"

#include <gmock/gmock.h>

#include <limits>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <tuple>

#include "absl/strings/str_cat.h"

namespace firstline::store {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr uint64_t kHuge = std::numeric_limits<uint64_t>::max();

void PrintTo(Result result, std::ostream* out) { *out << ToString(result); }
void PrintTo(CursorState state, std::ostream* out) { *out << ToString(state); }
void PrintTo(EventId id, std::ostream* out) { *out << ToString(id); }

std::vector<EventEntry> MakeEvents(uint64_t epoch, uint64_t first, uint64_t n) {
  std::vector<EventEntry> events;
  for (uint64_t i = first; i < first + n; ++i) {
    events.push_back({{epoch, i}, absl::StrCat("event ", epoch, "-", i)});
  }
  return events;
}

Reply StoreConformance::RunOn(Store& store, Request request) {
  std::vector<Reply> replies = store.Execute({std::move(request)});
  EXPECT_EQ(replies.size(), 1u);
  return replies.at(0);
}

std::optional<OwnershipRecord> StoreConformance::Record() {
  const Reply reply = Run(Observe{kWorkspace});
  EXPECT_EQ(reply.result, Result::kOk) << reply.detail;
  return reply.ownership;
}

OwnershipRecord StoreConformance::Take(uint64_t nonce, const std::string& address) {
  const Reply reply = Run(Acquire{kWorkspace, Record(), nonce, address});
  EXPECT_EQ(reply.result, Result::kOk) << reply.detail;
  return reply.ownership.value();
}

Batch StoreConformance::After(const OwnershipRecord& record) {
  Batch batch;
  batch.base_sequence = record.sequence;
  batch.batch_id = (record.sequence + 1) * 0x9E3779B97F4A7C15u ^ record.token.nonce;
  return batch;
}

Reply StoreConformance::Send(const OwnershipRecord& record, const Batch& batch) {
  return Run(Commit{kWorkspace, record.token, record.generation, batch});
}

void StoreConformance::MustCommit(OwnershipRecord& record, const Batch& batch) {
  const Reply reply = Send(record, batch);
  ASSERT_EQ(reply.result, Result::kOk) << reply.detail;
  record.sequence = batch.base_sequence + 1;
  record.batch_id = batch.batch_id;
}

State StoreConformance::MustLoad(const OwnershipRecord& record) {
  const Reply reply = Run(Load{kWorkspace, record.token});
  EXPECT_EQ(reply.result, Result::kOk) << reply.detail;
  return reply.state.value_or(State{});
}

std::vector<EventEntry> StoreConformance::AllEvents() {
  const EventPage page = bench_->NewEventLog()->Read(kWorkspace, {}, 1'000'000, 0);
  EXPECT_EQ(page.state, CursorState::kOk);
  return page.events;
}

std::string StoreConformance::Picture(const OwnershipRecord& owner) {
  std::string text;
  const std::optional<OwnershipRecord> record = Record();
  if (record) {
    absl::StrAppend(&text, record->token.epoch, "/", record->token.nonce, " ", record->address, " ",
                    record->renewals, " ", record->sequence, " ", record->batch_id, " ",
                    record->generation, " ", record->released, "\n");
  }
  const Reply loaded = Run(Load{kWorkspace, owner.token});
  EXPECT_EQ(loaded.result, Result::kOk) << loaded.detail;
  for (const auto& r : loaded.state.value_or(State{}).records) {
    absl::StrAppend(&text, static_cast<int>(r.table), " ", r.key, "=", r.bytes, "\n");
  }
  for (const EventEntry& event : AllEvents()) {
    absl::StrAppend(&text, ToString(event.id), "=", event.bytes, "\n");
  }
  return text;
}

void StoreConformance::PassEpoch(uint64_t epoch) {
  while (Run(Observe{kWorkspace}).store_time_us <= static_cast<int64_t>(epoch)) {
  }
}

namespace {

std::map<std::pair<Table, std::string>, std::string> AsMap(const State& state) {
  std::map<std::pair<Table, std::string>, std::string> map;
  for (const auto& r : state.records) map[{r.table, r.key}] = r.bytes;
  EXPECT_EQ(map.size(), state.records.size()) << "a record came twice";
  return map;
}

// ---- Ownership --------------------------------------------------------------------------------

TEST_P(StoreConformance, AbsentWorkspaceHasNoRecord) {
  const Reply reply = Run(Observe{kWorkspace});
  EXPECT_EQ(reply.result, Result::kOk);
  EXPECT_EQ(reply.ownership, std::nullopt);
  EXPECT_GT(reply.store_time_us, 1'600'000'000'000'000);
  EXPECT_THAT(Run(ListWorkspaces{}).workspaces, IsEmpty());
}

TEST_P(StoreConformance, AcquireCreatesTheRecord) {
  const Reply reply = Run(Acquire{kWorkspace, std::nullopt, kHuge, "10.0.0.1:7000"});
  ASSERT_EQ(reply.result, Result::kOk) << reply.detail;
  ASSERT_TRUE(reply.ownership);
  EXPECT_EQ(reply.ownership->token.epoch, static_cast<uint64_t>(reply.store_time_us));
  const OwnershipRecord expected = {.token = {reply.ownership->token.epoch, kHuge},
                                    .address = "10.0.0.1:7000"};
  EXPECT_EQ(*reply.ownership, expected);
  EXPECT_EQ(Record(), expected);
  EXPECT_THAT(Run(ListWorkspaces{}).workspaces, ElementsAre(kWorkspace));
}

TEST_P(StoreConformance, AcquireComparesEveryField) {
  OwnershipRecord record = Take(1);
  MustCommit(record, After(record));
  const OwnershipRecord stored = Record().value();
  std::vector<OwnershipRecord> others(8, stored);
  others[0].token.epoch += 1;
  others[1].token.nonce += 1;
  others[2].address += "0";
  others[3].renewals += 1;
  others[4].sequence += 1;
  others[5].batch_id += 1;
  others[6].generation += 1;
  others[7].released = true;
  for (size_t i = 0; i < others.size(); ++i) {
    const Reply reply = Run(Acquire{kWorkspace, others[i], 2, "pod-b:7000"});
    EXPECT_EQ(reply.result, Result::kFenced) << "field " << i;
    EXPECT_EQ(reply.ownership, stored) << "field " << i;
  }
  EXPECT_EQ(Run(Acquire{kWorkspace, std::nullopt, 2, "pod-b:7000"}).result, Result::kFenced);
  EXPECT_EQ(Record(), stored);
  EXPECT_EQ(Run(Acquire{"absent", stored, 2, "pod-b:7000"}).result, Result::kFenced);
  EXPECT_EQ(Run(Observe{"absent"}).ownership, std::nullopt);
  EXPECT_THAT(Run(ListWorkspaces{}).workspaces, ElementsAre(kWorkspace));
}

TEST_P(StoreConformance, AcquireKeepsWhatWasCommitted) {
  OwnershipRecord first = Take(1);
  Batch batch = After(first);
  batch.puts = {{Table::kInquiry, "i", "record"}};
  MustCommit(first, batch);
  Run(Renew{kWorkspace, first.token});
  const OwnershipRecord second = Take(2, "pod-b:7000");
  EXPECT_GT(second.token.epoch, first.token.epoch);
  EXPECT_EQ(second.sequence, first.sequence);
  EXPECT_EQ(second.batch_id, first.batch_id);
  EXPECT_EQ(second.generation, first.generation);
  EXPECT_EQ(second.renewals, 0u);
  EXPECT_THAT(MustLoad(second).records, SizeIs(1));
}

TEST_P(StoreConformance, EpochsGrow) {
  uint64_t last = 0;
  for (uint64_t nonce = 1; nonce <= 50; ++nonce) {
    const uint64_t epoch = Take(nonce).token.epoch;
    EXPECT_GT(epoch, last);
    last = epoch;
  }
}

TEST_P(StoreConformance, EpochsGrowWhereTheClockIsBehindThem) {
  Acquire ahead{kWorkspace, std::nullopt, 1, "pod"};
  ahead.least_epoch = static_cast<uint64_t>(Run(Observe{kWorkspace}).store_time_us) * 2;
  ASSERT_EQ(Run(ahead).result, Result::kOk);
  for (uint64_t n = 1; n <= 50; ++n) EXPECT_EQ(Take(1 + n).token.epoch, ahead.least_epoch + n);
}

TEST_P(StoreConformance, EpochIsNotReissuedAfterTheRecordWasRolledBack) {
  const OwnershipRecord first = Take(1);
  bench_->Save("first");
  const OwnershipRecord second = Take(2);
  bench_->RollBackOwnership("first", kWorkspace);
  ASSERT_EQ(Record(), first);
  PassEpoch(second.token.epoch);
  EXPECT_GT(Take(3).token.epoch, second.token.epoch);
}

// An owner whose record was rolled back takes it again, perhaps by a clock that is behind.
TEST_P(StoreConformance, EpochIsAtLeastWhatIsAskedFor) {
  const uint64_t future = Take(1).token.epoch + 1'000'000;
  Acquire acquire{kWorkspace, Record(), 2, "pod"};
  acquire.least_epoch = future;
  EXPECT_EQ(Run(acquire).ownership->token.epoch, future);
  acquire = {kWorkspace, Record(), 3, "pod"};
  acquire.least_epoch = future - 10;
  EXPECT_EQ(Run(acquire).ownership->token.epoch, future + 1);
}

TEST_P(StoreConformance, EpochIsNotReissuedAfterTheRecordWasRemoved) {
  const OwnershipRecord first = Take(1);
  bench_->RemoveOwnership(kWorkspace);
  ASSERT_EQ(Record(), std::nullopt);
  EXPECT_EQ(Run(Renew{kWorkspace, first.token}).result, Result::kFenced);
  EXPECT_EQ(Run(Load{kWorkspace, first.token}).result, Result::kFenced);
  EXPECT_EQ(Run(Release{kWorkspace, first.token, first.sequence}).result, Result::kFenced);
  EXPECT_EQ(Send(first, After(first)).result, Result::kFenced);
  PassEpoch(first.token.epoch);
  EXPECT_GT(Take(2).token.epoch, first.token.epoch);
}

TEST_P(StoreConformance, RenewCountsForTheOwnerAlone) {
  const OwnershipRecord record = Take(7);
  for (uint64_t n = 1; n <= 3; ++n) {
    const Reply reply = Run(Renew{kWorkspace, record.token});
    ASSERT_EQ(reply.result, Result::kOk) << reply.detail;
    EXPECT_EQ(reply.ownership.value().renewals, n);
    EXPECT_GT(reply.store_time_us, 1'600'000'000'000'000);
    EXPECT_EQ(Record().value().renewals, n);
  }
  for (const Token other : {Token{record.token.epoch, 8}, Token{record.token.epoch + 1, 7}}) {
    const Reply reply = Run(Renew{kWorkspace, other});
    EXPECT_EQ(reply.result, Result::kFenced);
    EXPECT_EQ(reply.ownership.value().renewals, 3u);
  }
  EXPECT_EQ(Record().value().renewals, 3u);
}

TEST_P(StoreConformance, RenewalsDoNotDisturbCommits) {
  OwnershipRecord record = Take(1);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(Run(Renew{kWorkspace, record.token}).result, Result::kOk);
    MustCommit(record, After(record));
  }
  EXPECT_EQ(Record().value().sequence, 3u);
  EXPECT_EQ(Record().value().renewals, 3u);
}

TEST_P(StoreConformance, AReleaseIsTakenOnlyWhereEverythingKnownIsStored) {
  OwnershipRecord record = Take(1);
  MustCommit(record, After(record));
  for (const uint64_t sequence : {record.sequence - 1, record.sequence + 1}) {
    const Reply reply = Run(Release{kWorkspace, record.token, sequence});
    EXPECT_EQ(reply.result, Result::kOutOfOrder);
    EXPECT_EQ(reply.ownership, record);
  }
  EXPECT_EQ(Record(), record);
  EXPECT_EQ(Run(Release{kWorkspace, record.token, record.sequence}).result, Result::kOk);
  EXPECT_TRUE(Record().value().released);
}

TEST_P(StoreConformance, ReleasedOwnerMayDoNothingMore) {
  OwnershipRecord record = Take(1);
  Batch batch = After(record);
  batch.puts = {{Table::kAgent, "a", "1"}};
  MustCommit(record, batch);
  const Token other{record.token.epoch, 2};
  EXPECT_EQ(Run(Release{kWorkspace, other, record.sequence}).result, Result::kFenced);
  EXPECT_FALSE(Record().value().released);
  const Release release{kWorkspace, record.token, record.sequence};
  EXPECT_EQ(Run(release).result, Result::kOk);
  EXPECT_EQ(Run(release).result, Result::kOk) << "a repeat";
  ASSERT_TRUE(Record().value().released);

  EXPECT_EQ(Run(Renew{kWorkspace, record.token}).result, Result::kFenced);
  EXPECT_EQ(Run(Load{kWorkspace, record.token}).result, Result::kFenced);
  EXPECT_EQ(Send(record, After(record)).result, Result::kFenced);
  EXPECT_EQ(Run(Rebuild{kWorkspace, record.token, 1, After(record)}).result, Result::kFenced);
  EXPECT_EQ(Run(Drop{kWorkspace, record.token}).result, Result::kFenced);

  const OwnershipRecord next = Take(2);
  EXPECT_FALSE(next.released);
  EXPECT_EQ(next.sequence, 1u);
  EXPECT_THAT(MustLoad(next).records, SizeIs(1));
}

// ---- Commits ----------------------------------------------------------------------------------

TEST_P(StoreConformance, CommitPutsErasesAndAppends) {
  OwnershipRecord record = Take(1);
  Batch batch = After(record);
  batch.puts = {{Table::kInquiry, "i1", "one"},
                {Table::kMeta, "config", "c"},
                {Table::kInquiry, "i2", "two"},
                {Table::kRequest, "r", "outcome"},
                {Table::kAgent, "i1", "an agent of the same key"}};
  batch.events = MakeEvents(record.token.epoch, 1, 3);
  MustCommit(record, batch);
  EXPECT_EQ(Record().value().sequence, 1u);
  EXPECT_EQ(Record().value().batch_id, batch.batch_id);

  Batch second = After(record);
  second.puts = {{Table::kInquiry, "i2", "TWO"}};
  second.erases = {{Table::kInquiry, "i1"}, {Table::kRequest, "never there"}};
  second.events = MakeEvents(record.token.epoch, 4, 1);
  MustCommit(record, second);

  const State state = MustLoad(record);
  std::vector<std::tuple<Table, std::string, std::string>> records;
  for (const auto& r : state.records) records.emplace_back(r.table, r.key, r.bytes);
  EXPECT_THAT(records, ElementsAre(std::tuple(Table::kMeta, "config", "c"),
                                   std::tuple(Table::kInquiry, "i2", "TWO"),
                                   std::tuple(Table::kAgent, "i1", "an agent of the same key"),
                                   std::tuple(Table::kRequest, "r", "outcome")));
  EXPECT_EQ(state.last_event, (EventId{record.token.epoch, 4}));
  EXPECT_EQ(AllEvents(), MakeEvents(record.token.epoch, 1, 4));
}

TEST_P(StoreConformance, EmptyBatchAndEmptyStateAreFine) {
  OwnershipRecord record = Take(1);
  EXPECT_THAT(MustLoad(record).records, IsEmpty());
  EXPECT_EQ(MustLoad(record).last_event, EventId{});
  MustCommit(record, After(record));
  EXPECT_EQ(Record().value().sequence, 1u);
}

TEST_P(StoreConformance, CommitIsFencedByToken) {
  OwnershipRecord first = Take(1);
  Batch batch = After(first);
  batch.puts = {{Table::kInquiry, "i", "by the first"}};
  MustCommit(first, batch);
  const OwnershipRecord second = Take(2);
  const std::string before = Picture(second);

  Batch late = After(first);
  late.puts = {{Table::kInquiry, "i", "too late"}};
  late.erases = {{Table::kInquiry, "j"}};
  late.events = MakeEvents(second.token.epoch + 1, 1, 1);
  const Reply reply = Send(first, late);
  EXPECT_EQ(reply.result, Result::kFenced);
  EXPECT_EQ(reply.ownership, Record());
  OwnershipRecord guess = second;
  guess.token.nonce = first.token.nonce;
  EXPECT_EQ(Send(guess, late).result, Result::kFenced);
  guess.token = {first.token.epoch, second.token.nonce};
  EXPECT_EQ(Send(guess, late).result, Result::kFenced);
  EXPECT_EQ(Picture(second), before);
}

TEST_P(StoreConformance, LateCommitIsRefusedAfterTheRecordWasRolledBack) {
  OwnershipRecord first = Take(1);
  MustCommit(first, After(first));
  bench_->Save("of the first");
  const OwnershipRecord second = Take(2);
  bench_->RollBackOwnership("of the first", kWorkspace);
  ASSERT_EQ(Record(), first);
  PassEpoch(second.token.epoch);
  const OwnershipRecord again = Take(3);
  EXPECT_EQ(Send(first, After(first)).result, Result::kFenced);
  EXPECT_EQ(Send(second, After(second)).result, Result::kFenced);
  EXPECT_EQ(Send(again, After(again)).result, Result::kOk);
}

TEST_P(StoreConformance, CommitOutOfOrderIsRefused) {
  OwnershipRecord record = Take(1);
  MustCommit(record, After(record));
  MustCommit(record, After(record));
  const std::string before = Picture(record);
  for (uint64_t base : {uint64_t{0}, uint64_t{1}, uint64_t{3}, kHuge - 1}) {
    Batch batch = After(record);
    batch.base_sequence = base;
    batch.puts = {{Table::kInquiry, "i", "out of order"}};
    batch.events = MakeEvents(record.token.epoch, 1, 1);
    const Reply reply = Send(record, batch);
    EXPECT_EQ(reply.result, Result::kOutOfOrder) << base;
    EXPECT_EQ(reply.ownership.value().sequence, 2u);
  }
  OwnershipRecord elsewhere = record;
  elsewhere.generation = 1;
  EXPECT_EQ(Send(elsewhere, After(elsewhere)).result, Result::kOutOfOrder);
  EXPECT_EQ(Picture(record), before);
}

TEST_P(StoreConformance, ResendIsAppliedOnce) {
  OwnershipRecord record = Take(1);
  Batch batch = After(record);
  batch.puts = {{Table::kInquiry, "i", "v"}};
  batch.events = MakeEvents(record.token.epoch, 1, 2);
  ASSERT_EQ(Send(record, batch).result, Result::kOk);
  const std::string before = Picture(record);
  EXPECT_EQ(Send(record, batch).result, Result::kOk);
  EXPECT_EQ(Picture(record), before);

  Batch changed = batch;
  changed.batch_id += 1;
  EXPECT_EQ(Send(record, changed).result, Result::kOutOfOrder);
  EXPECT_EQ(Picture(record), before);

  record.sequence = 1;
  MustCommit(record, After(record));
  EXPECT_EQ(Send(record, batch).result, Result::kOutOfOrder) << "no longer the last one";
  const OwnershipRecord next = Take(2);
  EXPECT_EQ(Send(record, batch).result, Result::kFenced);
  EXPECT_EQ(next.sequence, 2u);
}

TEST_P(StoreConformance, ResendAfterRollBackIsAppliedAgain) {
  OwnershipRecord record = Take(1);
  MustCommit(record, After(record));
  bench_->Save("one");
  const OwnershipRecord at_one = record;
  std::vector<Batch> ring;
  for (uint64_t n = 1; n <= 3; ++n) {
    Batch batch = After(record);
    batch.puts = {{Table::kInquiry, absl::StrCat("i", n), "v"}};
    batch.erases = {{Table::kInquiry, absl::StrCat("i", n - 1)}};
    batch.events = MakeEvents(record.token.epoch, n, 1);
    MustCommit(record, batch);
    ring.push_back(batch);
  }
  const std::string before = Picture(record);
  bench_->RollBack("one", kWorkspace);
  ASSERT_EQ(Record(), at_one);
  for (const Batch& batch : ring) EXPECT_EQ(Send(record, batch).result, Result::kOk);
  EXPECT_EQ(Picture(record), before);
}

TEST_P(StoreConformance, EventsHaveToAscend) {
  OwnershipRecord record = Take(1);
  Batch batch = After(record);
  batch.events = MakeEvents(record.token.epoch, 1, 5);
  MustCommit(record, batch);
  const std::string before = Picture(record);
  const uint64_t epoch = record.token.epoch;
  const std::vector<std::vector<EventEntry>> wrong = {
      {{{epoch, 5}, "again"}},
      {{{epoch, 4}, "older"}},
      {{{epoch - 1, 9}, "older epoch"}},
      {{{epoch, 7}, "x"}, {{epoch, 6}, "descends"}},
      {{{epoch, 6}, "x"}, {{epoch, 6}, "twice"}},
      {{{epoch + 1, 0}, "n of 0"}},
  };
  for (const auto& events : wrong) {
    Batch bad = After(record);
    bad.puts = {{Table::kInquiry, "i", "v"}};
    bad.events = events;
    EXPECT_EQ(Send(record, bad).result, Result::kBroken) << ToString(events[0].id);
    EXPECT_EQ(Picture(record), before) << ToString(events[0].id);
  }
}

TEST_P(StoreConformance, BatchOfTenThousand) {
  constexpr uint64_t kMany = 10'000;
  OwnershipRecord record = Take(1);
  Batch batch = After(record);
  std::map<std::pair<Table, std::string>, std::string> expected;
  for (uint64_t i = 0; i < kMany; ++i) {
    const auto table = static_cast<Table>(i % kTableCount);
    batch.puts.push_back({table, absl::StrCat("k", i), absl::StrCat("bytes of ", i)});
    expected[{table, batch.puts.back().key}] = batch.puts.back().bytes;
  }
  batch.events = MakeEvents(record.token.epoch, 1, kMany);
  MustCommit(record, batch);
  EXPECT_EQ(AsMap(MustLoad(record)), expected);
  EXPECT_EQ(AllEvents(), batch.events);

  Batch erasing = After(record);
  for (uint64_t i = 0; i < kMany; ++i) {
    erasing.erases.push_back({static_cast<Table>(i % kTableCount), absl::StrCat("k", i)});
  }
  MustCommit(record, erasing);
  EXPECT_THAT(MustLoad(record).records, IsEmpty());
}

TEST_P(StoreConformance, AnyBytesAreKept) {
  OwnershipRecord record = Take(1);
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  Batch batch = After(record);
  batch.puts = {{Table::kInquiry, all, all},
                {Table::kInquiry, "empty", ""},
                {Table::kInquiry, std::string("nul\0tail", 8), "\r\n$-1\r\n"},
                {Table::kMeta, "large", std::string(3 << 20, 'x')}};
  batch.events = {{{record.token.epoch, 1}, all}, {{record.token.epoch, 2}, ""}};
  MustCommit(record, batch);
  std::map<std::pair<Table, std::string>, std::string> expected;
  for (const Put& put : batch.puts) expected[{put.table, put.key}] = put.bytes;
  EXPECT_EQ(AsMap(MustLoad(record)), expected);
  EXPECT_EQ(AllEvents(), batch.events);
}

TEST_P(StoreConformance, LargeNumbersStayExact) {
  OwnershipRecord record = Take(kHuge - 1, "pod:1");
  Batch batch;
  // Beyond 2^53, where doubles no longer tell neighbours apart.
  batch.base_sequence = kHuge - 9;
  batch.batch_id = kHuge - 1;
  ASSERT_EQ(Run(Rebuild{kWorkspace, record.token, kHuge - 3, batch}).result, Result::kOk);
  record = Record().value();
  EXPECT_EQ(record.sequence, kHuge - 8);
  EXPECT_EQ(record.batch_id, kHuge - 1);
  EXPECT_EQ(record.generation, kHuge - 3);
  Batch wrong = After(record);
  wrong.base_sequence = kHuge - 7;
  EXPECT_EQ(Send(record, wrong).result, Result::kOutOfOrder);
  wrong.base_sequence = kHuge - 9;
  EXPECT_EQ(Send(record, wrong).result, Result::kOutOfOrder);
  OwnershipRecord other = record;
  other.token.nonce = kHuge;
  EXPECT_EQ(Send(other, After(record)).result, Result::kFenced);
  Batch right = After(record);
  right.events = {{{record.token.epoch, (uint64_t{1} << 53) + 1}, "e"}};
  MustCommit(record, right);
  EXPECT_EQ(AllEvents(), right.events);
  EXPECT_EQ(Record().value().sequence, kHuge - 7);
}

// ---- Rebuild and drop -------------------------------------------------------------------------

TEST_P(StoreConformance, RebuildReplacesEverything) {
  OwnershipRecord record = Take(1);
  Batch old = After(record);
  old.puts = {{Table::kInquiry, "gone", "1"}, {Table::kMeta, "config", "old"}};
  old.events = MakeEvents(record.token.epoch, 1, 9);
  MustCommit(record, old);

  Batch whole;
  whole.base_sequence = 41;
  whole.batch_id = 99;
  std::map<std::pair<Table, std::string>, std::string> expected;
  for (int i = 0; i < 7001; ++i) {
    const auto table = static_cast<Table>(i % kTableCount);
    whole.puts.push_back({table, absl::StrCat("k", i), absl::StrCat("v", i)});
    expected[{table, whole.puts.back().key}] = whole.puts.back().bytes;
  }
  whole.events = MakeEvents(record.token.epoch, 100, 2);
  const Rebuild request = {kWorkspace, record.token, record.generation + 1, whole};
  ASSERT_EQ(Run(request).result, Result::kOk);
  std::vector<EventEntry> history = old.events;
  history.insert(history.end(), whole.events.begin(), whole.events.end());

  OwnershipRecord now = Record().value();
  EXPECT_EQ(now.token, record.token);
  EXPECT_EQ(now.generation, record.generation + 1);
  EXPECT_EQ(now.sequence, 42u);
  EXPECT_EQ(now.batch_id, 99u);
  EXPECT_EQ(AsMap(MustLoad(now)), expected);
  EXPECT_EQ(AllEvents(), history);

  EXPECT_EQ(Run(request).result, Result::kOk) << "a resend";
  EXPECT_EQ(AsMap(MustLoad(now)), expected);
  EXPECT_EQ(AllEvents(), history);
  Rebuild same_generation = request;
  same_generation.batch.batch_id = 100;
  EXPECT_EQ(Run(same_generation).result, Result::kOutOfOrder);
  EXPECT_EQ(Send(record, After(record)).result, Result::kOutOfOrder) << "the old generation";
  MustCommit(now, After(now));
  EXPECT_EQ(AsMap(MustLoad(now)), expected);
}

TEST_P(StoreConformance, RebuildIsFenced) {
  OwnershipRecord first = Take(1);
  Batch batch = After(first);
  batch.puts = {{Table::kInquiry, "i", "v"}};
  batch.events = MakeEvents(first.token.epoch, 1, 1);
  MustCommit(first, batch);
  const OwnershipRecord second = Take(2);
  const std::string before = Picture(second);
  const Reply reply = Run(Rebuild{kWorkspace, first.token, 1, After(first)});
  EXPECT_EQ(reply.result, Result::kFenced);
  EXPECT_EQ(reply.ownership, Record());
  Batch with_erase = After(second);
  with_erase.erases = {{Table::kInquiry, "i"}};
  EXPECT_EQ(Run(Rebuild{kWorkspace, second.token, 1, with_erase}).result, Result::kBroken);
  EXPECT_EQ(Picture(second), before);
}

TEST_P(StoreConformance, RebuildToNothing) {
  OwnershipRecord record = Take(1);
  Batch batch = After(record);
  batch.puts = {{Table::kInquiry, "i", "v"}};
  batch.events = MakeEvents(record.token.epoch, 1, 1);
  MustCommit(record, batch);
  ASSERT_EQ(Run(Rebuild{kWorkspace, record.token, 5, After(record)}).result, Result::kOk);
  const State state = MustLoad(record);
  EXPECT_THAT(state.records, IsEmpty());
  EXPECT_EQ(state.last_event, batch.events[0].id);
  EXPECT_EQ(AllEvents(), batch.events);
}

TEST_P(StoreConformance, RebuildAddsTheEventsThatAreMissing) {
  OwnershipRecord record = Take(1);
  Batch batch = After(record);
  batch.events = MakeEvents(record.token.epoch, 1, 9);
  MustCommit(record, batch);
  Batch whole = After(record);
  whole.events = MakeEvents(record.token.epoch, 6, 100);
  ASSERT_EQ(Run(Rebuild{kWorkspace, record.token, 5, whole}).result, Result::kOk);
  std::vector<EventEntry> history = batch.events;
  history.insert(history.end(), whole.events.begin() + 4, whole.events.end());
  EXPECT_EQ(AllEvents(), history);
}

TEST_P(StoreConformance, DropRemovesEverything) {
  OwnershipRecord record = Take(1);
  Batch batch = After(record);
  batch.puts = {{Table::kInquiry, "i", "v"}};
  batch.events = MakeEvents(record.token.epoch, 1, 1);
  MustCommit(record, batch);
  EXPECT_EQ(Run(Drop{kWorkspace, {record.token.epoch, 2}}).result, Result::kFenced);
  EXPECT_THAT(Run(ListWorkspaces{}).workspaces, ElementsAre(kWorkspace));
  ASSERT_EQ(Run(Drop{kWorkspace, record.token}).result, Result::kOk);
  EXPECT_EQ(Record(), std::nullopt);
  EXPECT_THAT(Run(ListWorkspaces{}).workspaces, IsEmpty());
  EXPECT_THAT(AllEvents(), IsEmpty());
  EXPECT_EQ(Run(Drop{kWorkspace, record.token}).result, Result::kOk) << "a repeat";
  EXPECT_EQ(Send(record, After(record)).result, Result::kFenced);

  const OwnershipRecord anew = Take(3);
  EXPECT_EQ(anew.sequence, 0u);
  EXPECT_THAT(MustLoad(anew).records, IsEmpty());
}

TEST_P(StoreConformance, RenewalMendsTheRegistry) {
  const OwnershipRecord record = Take(1);
  bench_->Save("registered");
  // Whoever drops what is no longer there clears the registry; the living owner puts it back.
  bench_->RemoveOwnership(kWorkspace);
  ASSERT_EQ(Run(Drop{kWorkspace, record.token}).result, Result::kOk);
  EXPECT_THAT(Run(ListWorkspaces{}).workspaces, IsEmpty());
  bench_->RollBackOwnership("registered", kWorkspace);
  ASSERT_EQ(Run(Renew{kWorkspace, record.token}).result, Result::kOk);
  EXPECT_THAT(Run(ListWorkspaces{}).workspaces, ElementsAre(kWorkspace));
}

TEST_P(StoreConformance, PodsAreListedWhileTheyLive) {
  EXPECT_THAT(Run(Announce{"b:1", 60'000}).pods, ElementsAre("b:1"));
  EXPECT_THAT(Run(Announce{"a:1", 60'000}).pods, ElementsAre("a:1", "b:1"));
  EXPECT_THAT(Run(Announce{"a:1", 60'000}).pods, ElementsAre("a:1", "b:1"));
  EXPECT_THAT(Run(Announce{"b:1", 0}).pods, ElementsAre("a:1"));
  EXPECT_THAT(Run(Announce{"c:1", 0}).pods, ElementsAre("a:1"));
  EXPECT_THAT(Run(ListWorkspaces{}).workspaces, IsEmpty());
}

TEST_P(StoreConformance, WorkspacesAreApart) {
  OwnershipRecord record = Take(1);
  Batch batch = After(record);
  batch.puts = {{Table::kInquiry, "i", "acme's"}};
  MustCommit(record, batch);
  const Reply other = Run(Acquire{"globex", std::nullopt, 1, "pod"});
  ASSERT_EQ(other.result, Result::kOk);
  const Reply loaded = Run(Load{"globex", other.ownership->token});
  ASSERT_EQ(loaded.result, Result::kOk);
  EXPECT_THAT(loaded.state->records, IsEmpty());
  EXPECT_THAT(Run(ListWorkspaces{}).workspaces, ElementsAre("acme", "globex"));
  EXPECT_EQ(Run(Drop{"globex", other.ownership->token}).result, Result::kOk);
  EXPECT_THAT(MustLoad(record).records, SizeIs(1));
}

TEST_P(StoreConformance, RepliesMatchRequestsByIndex) {
  const OwnershipRecord record = Take(1);
  Batch one = After(record), two = After(record);
  one.puts = {{Table::kInquiry, "i", "1"}};
  two.base_sequence = 1;
  two.batch_id = 2;
  two.puts = {{Table::kInquiry, "j", "2"}};
  Batch malformed = After(record);
  malformed.events = {{{1, 0}, ""}};
  const Token token = record.token, other = {token.epoch, token.nonce + 1};
  const std::vector<Reply> replies = store_->Execute({
      Commit{kWorkspace, token, 0, one},
      Renew{kWorkspace, other},
      Commit{kWorkspace, token, 0, malformed},
      Load{kWorkspace, token},
      Commit{kWorkspace, token, 0, two},
      Acquire{"globex", std::nullopt, 5, "pod"},
      Load{kWorkspace, token},
      Observe{kWorkspace},
      ListWorkspaces{},
      Drop{"never there", token},
      Commit{kWorkspace, token, 0, one},
  });
  std::vector<Result> results;
  for (const Reply& reply : replies) results.push_back(reply.result);
  using enum Result;
  ASSERT_THAT(results,
              ElementsAre(kOk, kFenced, kBroken, kOk, kOk, kOk, kOk, kOk, kOk, kOk, kOutOfOrder));
  EXPECT_THAT(replies[3].state->records, SizeIs(1));
  EXPECT_THAT(replies[6].state->records, SizeIs(2));
  EXPECT_EQ(replies[7].ownership->sequence, 2u);
  EXPECT_THAT(replies[8].workspaces, ElementsAre("acme", "globex"));
  EXPECT_THAT(store_->Execute({}), IsEmpty());
}

// ---- The event log ----------------------------------------------------------------------------

TEST_P(StoreConformance, EventsArePagedInOrder) {
  OwnershipRecord record = Take(1);
  Batch batch = After(record);
  batch.events = MakeEvents(record.token.epoch, 1, 250);
  MustCommit(record, batch);
  record = Take(2);
  batch = After(record);
  batch.events = MakeEvents(record.token.epoch, 1, 50);
  MustCommit(record, batch);

  const auto log = bench_->NewEventLog();
  EXPECT_EQ(log->Last(kWorkspace), (EventId{record.token.epoch, 50}));
  std::vector<EventEntry> read;
  EventId cursor;
  while (true) {
    const EventPage page = log->Read(kWorkspace, cursor, 70, 0);
    ASSERT_EQ(page.state, CursorState::kOk);
    ASSERT_LE(page.events.size(), 70u);
    if (page.events.empty()) break;
    read.insert(read.end(), page.events.begin(), page.events.end());
    cursor = page.events.back().id;
  }
  EXPECT_EQ(read, AllEvents());
  EXPECT_THAT(read, SizeIs(300));
}

// Wherever a page begins and ends, whatever the store keeps together.
TEST_P(StoreConformance, EveryCursorReadsWhatFollows) {
  OwnershipRecord record = Take(1);
  const uint64_t epoch = record.token.epoch;
  Batch batch = After(record);
  batch.events = MakeEvents(epoch, 1, 40);
  batch.events.push_back({{epoch, 44}, "after a gap"});
  batch.events.push_back({{epoch, 45}, std::string(200'000, 'x')});
  batch.events.push_back({{epoch, 46}, "after a long one"});
  MustCommit(record, batch);
  batch = After(record);
  batch.events = MakeEvents(epoch, 47, 1);
  MustCommit(record, batch);
  const std::vector<EventEntry> all = AllEvents();
  ASSERT_THAT(all, SizeIs(44));
  const auto log = bench_->NewEventLog();
  for (size_t seen = 0; seen <= all.size(); ++seen) {
    const EventId cursor = seen == 0 ? EventId{epoch, 0} : all[seen - 1].id;
    for (size_t max : {1, 15, 16, 17, 100}) {
      const size_t end = std::min(all.size(), seen + max);
      const std::vector<EventEntry> following(all.begin() + static_cast<std::ptrdiff_t>(seen),
                                              all.begin() + static_cast<std::ptrdiff_t>(end));
      const EventPage page = log->Read(kWorkspace, cursor, max, 0);
      ASSERT_EQ(page.state, CursorState::kOk) << ToString(cursor);
      ASSERT_EQ(page.events, following) << max << " after " << ToString(cursor);
    }
  }
}

// A page is full unless it ends the history, also where each batch brought one event.
TEST_P(StoreConformance, PagesAreFullOverManySmallBatches) {
  OwnershipRecord record = Take(1);
  for (uint64_t n = 1; n <= 100; ++n) {
    Batch batch = After(record);
    batch.events = MakeEvents(record.token.epoch, n, 1);
    MustCommit(record, batch);
  }
  const auto log = bench_->NewEventLog();
  EXPECT_THAT(log->Read(kWorkspace, {}, 70, 0).events, SizeIs(70));
  EXPECT_THAT(log->Read(kWorkspace, {record.token.epoch, 70}, 70, 0).events, SizeIs(30));
}

TEST_P(StoreConformance, CursorNotOnTheLineageIsRewound) {
  OwnershipRecord record = Take(1);
  const uint64_t epoch = record.token.epoch;
  Batch batch = After(record);
  batch.events = MakeEvents(epoch, 1, 5);
  batch.events.push_back({{epoch, 8}, "after a gap"});
  MustCommit(record, batch);
  const auto log = bench_->NewEventLog();
  const std::vector<std::pair<EventId, EventId>> cursor_and_common = {
      {{epoch, 6}, {epoch, 5}},     {{epoch, 7}, {epoch, 5}},     {{epoch, 9}, {epoch, 8}},
      {{epoch + 1, 1}, {}},         {{kHuge, kHuge}, {}},
  };
  for (const auto& [cursor, common] : cursor_and_common) {
    const EventPage page = log->Read(kWorkspace, cursor, 10, 0);
    EXPECT_EQ(page.state, CursorState::kRewound) << ToString(cursor);
    EXPECT_EQ(page.last_common, common) << ToString(cursor);
    EXPECT_THAT(page.events, IsEmpty());
    EXPECT_EQ(log->Read(kWorkspace, common, 10, 0).state, CursorState::kOk);
  }
  EXPECT_EQ(log->Read(kWorkspace, {epoch, 0}, 10, 0).events.size(), 6u) << "before the oldest";
}

TEST_P(StoreConformance, CursorIsRewoundWhenTheTailWasLost) {
  OwnershipRecord record = Take(1);
  Batch batch = After(record);
  batch.events = MakeEvents(record.token.epoch, 1, 3);
  MustCommit(record, batch);
  bench_->Save("three");
  batch = After(record);
  batch.events = MakeEvents(record.token.epoch, 4, 2);
  MustCommit(record, batch);
  const auto log = bench_->NewEventLog();
  const EventId seen = log->Read(kWorkspace, {}, 10, 0).events.back().id;
  bench_->RollBack("three", kWorkspace);
  PassEpoch(record.token.epoch);
  record = Take(2);
  batch = After(record);
  batch.events = MakeEvents(record.token.epoch, 1, 1);
  MustCommit(record, batch);
  const EventPage page = log->Read(kWorkspace, seen, 10, 0);
  EXPECT_EQ(page.state, CursorState::kRewound);
  EXPECT_EQ(page.last_common, (EventId{seen.epoch, 3}));
  EXPECT_EQ(log->Read(kWorkspace, page.last_common, 10, 0).events, batch.events);
}

// Two histories from one: who followed the one that is lost has seen nothing of the other, whose
// events have ids that are smaller than its cursor.
TEST_P(StoreConformance, WhatAnotherOwnerDidMeanwhileIsNotInCommon) {
  OwnershipRecord record = Take(1);
  Batch batch = After(record);
  batch.events = MakeEvents(record.token.epoch, 1, 3);
  MustCommit(record, batch);
  const EventId common = batch.events.back().id;
  bench_->Save("fork");
  PassEpoch(record.token.epoch);
  const uint64_t ahead = record.token.epoch + 3'600'000;  // taken where the clock is an hour fast
  record = Run(Acquire{kWorkspace, Record(), 2, "pod-b:7000", ahead}).ownership.value();
  batch = After(record);
  batch.events = MakeEvents(record.token.epoch, 1, 2);
  MustCommit(record, batch);
  const EventId seen = batch.events.back().id;
  bench_->RollBack("fork", kWorkspace);
  record = Take(3);
  batch = After(record);
  batch.events = MakeEvents(record.token.epoch, 1, 2);
  MustCommit(record, batch);
  ASSERT_LT(common, batch.events.back().id);
  ASSERT_LT(batch.events.back().id, seen);

  const auto log = bench_->NewEventLog();
  const EventPage page = log->Read(kWorkspace, seen, 10, 0);
  EXPECT_EQ(page.state, CursorState::kRewound);
  EXPECT_EQ(page.last_common, EventId{}) << "nothing tells where they parted";
  EXPECT_THAT(log->Read(kWorkspace, page.last_common, 10, 0).events, SizeIs(5));
  EXPECT_EQ(log->Read(kWorkspace, common, 10, 0).events, batch.events) << "the reader knows it";
}

TEST_P(StoreConformance, TrimmedCursorIsExpired) {
  OwnershipRecord record = Take(1);
  const uint64_t epoch = record.token.epoch;
  for (uint64_t i = 0; i < 50; ++i) {
    Batch batch = After(record);
    batch.events = MakeEvents(epoch, 1 + i * 100, 100);
    batch.keep_events_max = 1000;
    MustCommit(record, batch);
  }
  const std::vector<EventEntry> kept = AllEvents();
  EXPECT_GE(kept.size(), 1000u);
  EXPECT_LE(kept.size(), 1000u + bench_->trim_slack());
  EXPECT_EQ(kept.back().id, (EventId{epoch, 5000}));
  const EventId oldest = kept.front().id;

  const auto log = bench_->NewEventLog();
  const EventPage page = log->Read(kWorkspace, {epoch, 1}, 10, 0);
  EXPECT_EQ(page.state, CursorState::kExpired);
  EXPECT_EQ(page.last_common, (EventId{epoch, oldest.n - 1}));
  const EventPage resumed = log->Read(kWorkspace, page.last_common, 1, 0);
  ASSERT_EQ(resumed.state, CursorState::kOk);
  EXPECT_EQ(resumed.events.at(0).id, oldest);
  EXPECT_EQ(log->Read(kWorkspace, {epoch, oldest.n - 2}, 1, 0).state, CursorState::kExpired);
  EXPECT_EQ(log->Read(kWorkspace, {epoch - 1, kHuge}, 1, 0).state, CursorState::kExpired);
}

TEST_P(StoreConformance, SmallBatchesAreTrimmedToo) {
  OwnershipRecord record = Take(1);
  const uint64_t epoch = record.token.epoch;
  for (uint64_t n = 1; n <= 1500; ++n) {
    Batch batch = After(record);
    batch.events = MakeEvents(epoch, n, 1);
    batch.keep_events_max = 1000;
    MustCommit(record, batch);
    if (n == 700) bench_->RemoveOwnership(kWorkspace), record = Take(2);
  }
  const std::vector<EventEntry> kept = AllEvents();
  EXPECT_GE(kept.size(), 1000u);
  EXPECT_LE(kept.size(), 1000u + bench_->trim_slack());
}

TEST_P(StoreConformance, EmptyLog) {
  const auto log = bench_->NewEventLog();
  for (int exists = 0; exists < 2; ++exists) {
    EXPECT_EQ(log->Last(kWorkspace), EventId{});
    EXPECT_EQ(log->Read(kWorkspace, {}, 10, 0).state, CursorState::kOk);
    const EventPage page = log->Read(kWorkspace, {5, 5}, 10, 0);
    EXPECT_EQ(page.state, CursorState::kRewound);
    EXPECT_EQ(page.last_common, EventId{});
    Take(1);
  }
  EXPECT_THAT(log->Read(kWorkspace, {}, 10, 20).events, IsEmpty()) << "the wait ends";
}

TEST_P(StoreConformance, WaitingReaderGetsTheFirstEvents) {
  OwnershipRecord record = Take(1);
  Batch batch = After(record);
  batch.events = MakeEvents(record.token.epoch, 1, 2);
  MustCommit(record, batch);
  const auto log = bench_->NewEventLog();
  EventPage page;
  std::thread reader([&] { page = log->Read(kWorkspace, {record.token.epoch, 2}, 10, 60'000); });
  batch = After(record);
  batch.events = MakeEvents(record.token.epoch, 3, 2);
  MustCommit(record, batch);
  reader.join();
  EXPECT_EQ(page.state, CursorState::kOk);
  EXPECT_EQ(page.events, batch.events);
}

TEST_P(StoreConformance, ReaderFollowsARebuild) {
  OwnershipRecord record = Take(1);
  const uint64_t epoch = record.token.epoch;
  Batch batch = After(record);
  batch.events = MakeEvents(epoch, 1, 5);
  MustCommit(record, batch);
  const auto log = bench_->NewEventLog();
  ASSERT_THAT(log->Read(kWorkspace, {}, 10, 0).events, SizeIs(5));
  Batch whole = After(record);
  whole.events = MakeEvents(epoch, 21, 3);
  ASSERT_EQ(Run(Rebuild{kWorkspace, record.token, 1, whole}).result, Result::kOk);
  EXPECT_EQ(log->Last(kWorkspace), (EventId{epoch, 23}));
  const EventPage page = log->Read(kWorkspace, {epoch, 5}, 10, 0);
  EXPECT_EQ(page.state, CursorState::kOk);
  EXPECT_EQ(page.events, whole.events);
}

// ---- Two users ---------------------------------------------------------------------------------

TEST_P(StoreConformance, OneOfManyAcquires) {
  constexpr int kUsers = 4;
  std::vector<Reply> replies(kUsers);
  std::vector<std::thread> users;
  for (int user = 0; user < kUsers; ++user) {
    users.emplace_back([&, user] {
      const auto store = bench_->NewStore();
      replies[static_cast<size_t>(user)] =
          RunOn(*store, Acquire{kWorkspace, std::nullopt, static_cast<uint64_t>(user + 1), "pod"});
    });
  }
  for (std::thread& user : users) user.join();
  int winners = 0;
  for (const Reply& reply : replies) winners += reply.result == Result::kOk;
  EXPECT_EQ(winners, 1);
}

// A random program of two owners, run here and on a plain model of what the port promises.
class Program {
 public:
  Program(Store& store, uint64_t seed) : store_(store), random_(seed) {}

  void Run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE(absl::StrCat("step ", step));
      Step();
    }
    Verify();
  }

 private:
  static inline const WorkspaceId kName = "program";

  uint64_t Pick(uint64_t below) { return random_() % below; }
  Reply One(Request request) { return store_.Execute({std::move(request)}).at(0); }
  bool IsOwner(const Token& token) const {
    return model_ && model_->token == token && !model_->released;
  }

  void Step() {
    const Token token = Pick(4) == 0 ? tokens_[Pick(2)] : (model_ ? model_->token : tokens_[0]);
    switch (Pick(12)) {
      case 0:
        return StepAcquire();
      case 1:
        return StepRenew(token);
      case 2:
        return StepRelease(token);
      case 3:
        return StepRebuild(token);
      case 4:
        return Pick(6) == 0 ? StepDrop(token) : Verify();
      default:
        return StepCommit(token);
    }
  }

  void StepAcquire() {
    std::optional<OwnershipRecord> seen = model_;
    if (Pick(3) == 0 && seen) seen->renewals += 1;
    const uint64_t nonce = random_();
    const Reply reply = One(Acquire{kName, seen, nonce, "pod"});
    ASSERT_EQ(reply.result, seen == model_ ? Result::kOk : Result::kFenced);
    if (reply.result != Result::kOk) return;
    if (!model_) model_ = OwnershipRecord{};
    ASSERT_GT(reply.ownership->token.epoch, model_->token.epoch);
    model_->token = {reply.ownership->token.epoch, nonce};
    model_->address = "pod";
    model_->renewals = 0;
    model_->released = false;
    next_event_ = 1;
    tokens_[Pick(2)] = model_->token;
  }

  void StepRenew(const Token& token) {
    ASSERT_EQ(One(Renew{kName, token}).result, IsOwner(token) ? Result::kOk : Result::kFenced);
    if (IsOwner(token)) ++model_->renewals;
  }

  void StepRelease(const Token& token) {
    if (Pick(4) != 0) return;
    const bool named = model_ && model_->token == token;
    const bool knows = Pick(3) != 0;  // what is stored
    const uint64_t sequence = (model_ ? model_->sequence : 0) + (knows ? 0 : 1 + Pick(2));
    const Result expected = !named ? Result::kFenced : knows ? Result::kOk : Result::kOutOfOrder;
    ASSERT_EQ(One(Release{kName, token, sequence}).result, expected);
    if (expected == Result::kOk) model_->released = true;
  }

  Batch RandomBatch() {
    Batch batch;
    batch.base_sequence = model_ ? model_->sequence : 0;
    if (Pick(5) == 0) batch.base_sequence += Pick(3);
    batch.batch_id = 1 + Pick(1000);
    std::set<std::pair<Table, std::string>> used;
    for (uint64_t i = Pick(30); i > 0; --i) {
      const auto table = static_cast<Table>(Pick(kTableCount));
      const std::string key = absl::StrCat("k", Pick(40));
      if (!used.insert({table, key}).second) continue;
      if (Pick(3) == 0) {
        batch.erases.push_back({table, key});
      } else {
        batch.puts.push_back({table, key, std::string(Pick(200), static_cast<char>(Pick(256)))});
      }
    }
    const uint64_t epoch = model_ ? model_->token.epoch : 1;
    batch.events = MakeEvents(epoch, next_event_ + Pick(2), Pick(5));
    return batch;
  }

  Result ExpectedOfCommit(const Token& token, uint64_t generation, const Batch& batch) const {
    if (!IsOwner(token)) return Result::kFenced;
    if (generation != model_->generation) return Result::kOutOfOrder;
    if (model_->sequence == batch.base_sequence + 1 && model_->batch_id == batch.batch_id) {
      return Result::kOk;
    }
    return model_->sequence == batch.base_sequence ? Result::kOk : Result::kOutOfOrder;
  }

  void StepCommit(const Token& token) {
    Batch batch = Pick(6) == 0 && last_ ? *last_ : RandomBatch();
    uint64_t generation = model_ ? model_->generation : 0;
    if (Pick(20) == 0) ++generation;
    const Result expected = ExpectedOfCommit(token, generation, batch);
    const bool repeat = expected == Result::kOk && model_->sequence != batch.base_sequence;
    ASSERT_EQ(One(Commit{kName, token, generation, batch}).result, expected);
    if (expected != Result::kOk || repeat) return;
    Apply(batch);
    last_ = batch;
  }

  void Apply(const Batch& batch) {
    for (const Put& put : batch.puts) records_[{put.table, put.key}] = put.bytes;
    for (const Erase& erase : batch.erases) records_.erase({erase.table, erase.key});
    events_.insert(events_.end(), batch.events.begin(), batch.events.end());
    if (!batch.events.empty()) next_event_ = batch.events.back().id.n + 1;
    model_->sequence = batch.base_sequence + 1;
    model_->batch_id = batch.batch_id;
  }

  void StepRebuild(const Token& token) {
    if (Pick(3) != 0) return;
    Batch batch = RandomBatch();
    batch.erases.clear();
    const uint64_t generation = (model_ ? model_->generation : 0) + Pick(5);
    const Result expected = !IsOwner(token)                    ? Result::kFenced
                            : generation == model_->generation ? Result::kOutOfOrder
                                                               : Result::kOk;
    const bool repeat = expected == Result::kOutOfOrder && model_->batch_id == batch.batch_id &&
                        model_->sequence == batch.base_sequence + 1;
    ASSERT_EQ(One(Rebuild{kName, token, generation, batch}).result,
              repeat ? Result::kOk : expected);
    if (expected != Result::kOk) return;
    records_.clear();
    model_->generation = generation;
    Apply(batch);
    last_.reset();
  }

  void StepDrop(const Token& token) {
    const bool allowed = !model_ || IsOwner(token);
    ASSERT_EQ(One(Drop{kName, token}).result, allowed ? Result::kOk : Result::kFenced);
    if (!allowed) return;
    model_.reset();
    records_.clear();
    events_.clear();
    last_.reset();
  }

  void Verify() {
    ASSERT_EQ(One(Observe{kName}).ownership, model_);
    if (!model_ || model_->released) return;
    const Reply loaded = One(Load{kName, model_->token});
    ASSERT_EQ(loaded.result, Result::kOk);
    ASSERT_EQ(AsMap(*loaded.state), records_);
    ASSERT_EQ(loaded.state->last_event, events_.empty() ? EventId{} : events_.back().id);
  }

  Store& store_;
  std::mt19937_64 random_;
  std::optional<OwnershipRecord> model_;
  std::map<std::pair<Table, std::string>, std::string> records_;
  std::vector<EventEntry> events_;
  std::optional<Batch> last_;
  Token tokens_[2] = {{1, 1}, {2, 2}};
  uint64_t next_event_ = 1;
};

TEST_P(StoreConformance, RandomProgramsAgreeWithTheModel) {
  for (uint64_t seed = 1; seed <= 20 && !HasFailure(); ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    const auto bench = GetParam().make();
    const auto store = bench->NewStore();
    Program(*store, seed).Run(300);
  }
}

}  // namespace
}  // namespace firstline::store
