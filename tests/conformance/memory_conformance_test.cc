// The memory store under the conformance suite, and what it has for the simulator.
#include <map>

#include "services/router/store/memory_store.h"
#include "tests/conformance/store_conformance.h"

namespace firstline::store {
namespace {

class MemoryBench final : public Bench {
 public:
  std::unique_ptr<Store> NewStore() override { return std::make_unique<MemoryStore>(backend_); }
  std::unique_ptr<EventLog> NewEventLog() override {
    return std::make_unique<MemoryStore>(backend_);
  }
  void Save(const std::string& name) override { images_[name] = backend_->Copy(); }
  void RollBack(const std::string& name, const WorkspaceId& workspace) override {
    backend_->RestoreWorkspace(workspace, images_.at(name));
  }
  void RollBackOwnership(const std::string& name, const WorkspaceId& workspace) override {
    backend_->RestoreOwnership(workspace, images_.at(name).workspaces.at(workspace)->ownership);
  }
  void RemoveOwnership(const WorkspaceId& workspace) override {
    backend_->RestoreOwnership(workspace, std::nullopt);
  }
  size_t trim_slack() const override { return 0; }

 private:
  std::shared_ptr<MemoryBackend> backend_ = std::make_shared<MemoryBackend>();
  std::map<std::string, MemoryImage> images_;
};

INSTANTIATE_TEST_SUITE_P(Memory, StoreConformance,
                         testing::Values(BenchKind{"Memory",
                                                   [] { return std::make_unique<MemoryBench>(); }}),
                         [](const auto& kind) { return kind.param.name; });

class MemoryBackendTest : public testing::Test {
 protected:
  OwnershipRecord Take(MemoryBackend& backend, uint64_t nonce) {
    const Reply seen = backend.Run(Observe{"w"});
    return backend.Run(Acquire{"w", seen.ownership, nonce, "pod"}).ownership.value();
  }
  Reply Send(MemoryBackend& backend, const OwnershipRecord& record, uint64_t base) {
    Batch batch;
    batch.base_sequence = base;
    batch.batch_id = base + 1;
    return backend.Run(Commit{"w", record.token, record.generation, batch});
  }

  int64_t now_us_ = 1'700'000'000'000'000;
  MemoryBackend::ClockUs clock_ = [this] { return now_us_; };
};

TEST_F(MemoryBackendTest, ReadsTheGivenClock) {
  MemoryBackend backend(clock_);
  EXPECT_EQ(backend.Run(Observe{"w"}).store_time_us, now_us_);
  EXPECT_EQ(Take(backend, 1).token.epoch, 1'700'000'000'000'000u);
  now_us_ += 5'000;
  EXPECT_EQ(Take(backend, 2).token.epoch, 1'700'000'000'005'000u);
}

TEST_F(MemoryBackendTest, ImageStaysWhatItWas) {
  MemoryBackend backend(clock_);
  const OwnershipRecord record = Take(backend, 1);
  ASSERT_EQ(Send(backend, record, 0).result, Result::kOk);
  const MemoryImage image = backend.Copy();
  ASSERT_EQ(Send(backend, record, 1).result, Result::kOk);
  EXPECT_EQ(image.workspaces.at("w")->ownership->sequence, 1u);
  backend.Restore(image);
  EXPECT_EQ(backend.Run(Observe{"w"}).ownership->sequence, 1u);
  ASSERT_EQ(Send(backend, record, 1).result, Result::kOk);
  EXPECT_EQ(image.workspaces.at("w")->ownership->sequence, 1u) << "written through";
  backend.RestoreWorkspace("w", MemoryImage{});
  EXPECT_EQ(backend.Run(Observe{"w"}).ownership, std::nullopt);
}

TEST_F(MemoryBackendTest, FlawsAreFlawed) {
  MemoryBackend no_token(clock_, {.skip_token_check = true});
  const OwnershipRecord first = Take(no_token, 1);
  Take(no_token, 2);
  EXPECT_EQ(Send(no_token, first, 0).result, Result::kOk);

  MemoryBackend reissues(clock_, {.epoch_ignores_clock = true});
  Take(reissues, 1);
  const MemoryImage image = reissues.Copy();
  const uint64_t epoch = Take(reissues, 2).token.epoch;
  now_us_ += 1'000'000;
  reissues.Restore(image);
  EXPECT_EQ(Take(reissues, 3).token.epoch, epoch);

  MemoryBackend no_sequence(clock_, {.skip_sequence_check = true});
  const OwnershipRecord record = Take(no_sequence, 1);
  EXPECT_EQ(Send(no_sequence, record, 9).result, Result::kOk);
}

}  // namespace
}  // namespace firstline::store
