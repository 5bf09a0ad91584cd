// The small parts: lease, sighting, ring, comparison, sessions, admission.
#include <gtest/gtest.h>

#include "services/router/runtime/admission.h"
#include "services/router/runtime/lease.h"
#include "services/router/runtime/limits.h"
#include "services/router/runtime/restore.h"
#include "services/router/runtime/sessions.h"

namespace firstline::runtime {
namespace {

using engine::Seconds;

TEST(Lease, IsValidUntilALeaseAfterTheSending) {
  Lease lease(Seconds(10));
  EXPECT_FALSE(lease.Valid({0}));
  lease.Confirm({5'000'000});
  EXPECT_TRUE(lease.Valid({14'999'999}));
  EXPECT_FALSE(lease.Valid({15'000'000}));
  lease.Confirm({1'000'000});  // an old reply that comes late
  EXPECT_EQ(lease.expiry(), (BootTime{15'000'000}));
  lease.Drop();
  EXPECT_FALSE(lease.Valid({6'000'000}));
}

TEST(Sighting, WaitsFromTheFirstArrivalOfTheSameRecord) {
  store::OwnershipRecord record;
  record.renewals = 1;
  Sighting sighting;
  EXPECT_EQ(sighting.FreeAt(Seconds(10)), kNeverBoot);
  sighting.See(record, {100}, {200});
  sighting.See(record, {300}, {400});
  EXPECT_EQ(sighting.FreeAt(Seconds(10)), (BootTime{10'000'200}));
  EXPECT_FALSE(sighting.alive_at());
  record.renewals = 2;
  sighting.See(record, {500}, {600});
  EXPECT_EQ(sighting.FreeAt(Seconds(10)), (BootTime{10'000'600}));
  EXPECT_EQ(sighting.alive_at(), (BootTime{300}));
  record.sequence = 9;  // a commit is a sign of life too
  sighting.See(record, {700}, {800});
  EXPECT_EQ(sighting.FreeAt(Seconds(10)), (BootTime{10'000'800}));
  record.released = true;
  sighting.See(record, {900}, {1000});
  EXPECT_EQ(sighting.FreeAt(Seconds(10)), (BootTime{1000}));
  sighting.Interrupt();
  EXPECT_EQ(sighting.FreeAt(Seconds(10)), kNeverBoot);
}

store::Batch BatchAt(uint64_t base, size_t bytes = 10) {
  store::Batch batch;
  batch.base_sequence = base;
  batch.batch_id = 1000 + base + 1;  // the batch that makes sequence n has the id 1000 + n
  batch.puts.push_back({store::Table::kMeta, "", std::string(bytes, 'x')});
  return batch;
}

TEST(Ring, KeepsTheNewestWithinItsBounds) {
  Ring ring({3, 1000, Seconds(60)});
  ring.Begin(10, 1010);
  EXPECT_EQ(ring.IdAt(10), 1010u);
  EXPECT_FALSE(ring.IdAt(9));
  EXPECT_FALSE(ring.IdAt(11));
  EXPECT_EQ(ring.After(10), nullptr);
  for (uint64_t base = 10; base < 15; ++base) ring.Add(BatchAt(base), {0});
  EXPECT_EQ(ring.sequence(), 15u);
  EXPECT_EQ(ring.batch_id(), 1015u);
  EXPECT_EQ(ring.batches().size(), 3u);
  EXPECT_EQ(ring.IdAt(12), 1012u) << "the base of the oldest kept is known";
  EXPECT_FALSE(ring.IdAt(11));
  EXPECT_EQ(ring.After(12)->base_sequence, 12u);
  EXPECT_EQ(ring.After(11), nullptr);
  ring.Add(BatchAt(15, 995), {0});
  EXPECT_EQ(ring.batches().size(), 1u) << "bytes bound it as well";
  ring.Add(BatchAt(16, 2000), {0});
  EXPECT_TRUE(ring.batches().empty());
  EXPECT_EQ(ring.IdAt(17), 1017u);
}

TEST(Ring, ForgetsWhatIsOld) {
  Ring ring({100, 1000, Seconds(60)});
  ring.Begin(0, 1000);
  ring.Add(BatchAt(0), {0});
  ring.Add(BatchAt(1), {10'000'000});
  ring.Trim({60'000'000});
  EXPECT_EQ(ring.batches().size(), 2u);
  ring.Trim({60'000'001});
  EXPECT_EQ(ring.batches().size(), 1u);
  EXPECT_EQ(ring.IdAt(1), 1001u);
  ring.Trim({100'000'000});
  EXPECT_TRUE(ring.batches().empty());
  EXPECT_EQ(ring.sequence(), 2u);
}

class CompareTest : public ::testing::Test {
 protected:
  CompareTest() {
    ring.Begin(10, 1010);
    for (uint64_t base = 10; base < 20; ++base) ring.Add(BatchAt(base), {0});
  }
  Standing At(uint64_t sequence, uint64_t id, uint64_t asked = 20, uint64_t generation = 7) {
    store::OwnershipRecord record;
    record.sequence = sequence;
    record.batch_id = id;
    record.generation = generation;
    return Compare(record, {ring, 7, &closed, asked});
  }
  Ring ring{{6, 1 << 20, Seconds(60)}};
  Closed closed{.batch = BatchAt(20)};
};

TEST_F(CompareTest, EveryStanding) {
  EXPECT_EQ(At(20, 1020), Standing::kSynced);
  EXPECT_EQ(At(20, 5), Standing::kLost) << "somebody else's batch";
  EXPECT_EQ(At(21, 1021), Standing::kApplied);
  EXPECT_EQ(At(21, 5), Standing::kLost);
  EXPECT_EQ(At(22, 1022), Standing::kLost);
  EXPECT_EQ(At(19, 1019), Standing::kBehind);
  EXPECT_EQ(At(14, 1014), Standing::kBehind) << "the whole ring";
  EXPECT_EQ(At(13, 1013), Standing::kLost) << "beyond the ring";
  EXPECT_EQ(At(17, 5), Standing::kLost) << "another lineage";
  EXPECT_EQ(At(20, 1020, 20, 8), Standing::kLost) << "another generation";
}

TEST_F(CompareTest, WhatWasConfirmedAfterTheQuestionNeedNotBeInTheReply) {
  EXPECT_EQ(At(18, 1018, 18), Standing::kSynced);
  EXPECT_EQ(At(18, 5, 18), Standing::kLost);
  EXPECT_EQ(At(17, 1017, 18), Standing::kBehind);
  EXPECT_EQ(At(12, 1012, 12), Standing::kSynced) << "no longer kept, nothing to compare";
}

TEST(SessionLeases, LapseInOrderOfTheirExpiry) {
  SessionLeases sessions;
  sessions.Open("ann", "s1", Seconds(30), {0});
  sessions.Open("bob", "s2", Seconds(10), {0});
  sessions.Open("ann", "s3", Seconds(20), {0});
  EXPECT_EQ(sessions.NextExpiry(), (BootTime{10'000'000}));
  sessions.Beat({"bob", "s2"}, Seconds(30), {5'000'000});
  sessions.Beat({"bob", "unknown"}, Seconds(30), {5'000'000});
  EXPECT_EQ(sessions.size(), 3u);
  EXPECT_TRUE(sessions.TakeLapsed({19'999'999}, 10).empty());
  sessions.Extend(Seconds(5));
  EXPECT_TRUE(sessions.TakeLapsed({24'999'999}, 10).empty());
  using Lapsed = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(sessions.TakeLapsed({100'000'000}, 2), (Lapsed{{"ann", "s3"}, {"ann", "s1"}}));
  sessions.Close("bob", "s2");
  sessions.Close("bob", "s2");
  EXPECT_EQ(sessions.NextExpiry(), kNeverBoot);
}

TEST(Admission, WhatMakesRoomIsShedLast) {
  const auto of = [](engine::Body body) { return UrgencyOf(engine::Command{body, "", {}}); };
  EXPECT_EQ(of(engine::Submit{}), Urgency::kSubmit);
  EXPECT_EQ(of(engine::Transfer{}), Urgency::kOrdinary);
  EXPECT_EQ(of(engine::ApplyConfig{}), Urgency::kOrdinary);
  EXPECT_EQ(UrgencyOf(Query()), Urgency::kOrdinary);
  for (const engine::Body& body :
       {engine::Body(engine::Accept{}), engine::Body(engine::Decline{}),
        engine::Body(engine::RecordMessage{}), engine::Body(engine::Close{}),
        engine::Body(engine::SetPresence{}), engine::Body(engine::Cancel{})}) {
    EXPECT_EQ(of(body), Urgency::kServing);
  }
  EXPECT_LT(Allowance(Urgency::kSubmit, 100), Allowance(Urgency::kOrdinary, 100));
  EXPECT_LT(Allowance(Urgency::kOrdinary, 100), Allowance(Urgency::kServing, 100));
  EXPECT_EQ(Allowance(Urgency::kServing, 100), 100u);
}

}  // namespace
}  // namespace firstline::runtime
