// What every implementation of the store's port has to do, as tests. An implementation brings a
// Bench and instantiates StoreConformance with it (memory_conformance_test.cc, redis_...).
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/router/store/port.h"

namespace firstline::store {

// One empty store that several users share, and the power to damage it as a failover would.
class Bench {
 public:
  virtual ~Bench() = default;
  // Each is a user of its own, with a connection of its own.
  virtual std::unique_ptr<Store> NewStore() = 0;
  virtual std::unique_ptr<EventLog> NewEventLog() = 0;

  // Remembers everything under `name`.
  virtual void Save(const std::string& name) = 0;
  // The workspace, all of it or its ownership record alone, becomes what it was then.
  virtual void RollBack(const std::string& name, const WorkspaceId& workspace) = 0;
  virtual void RollBackOwnership(const std::string& name, const WorkspaceId& workspace) = 0;
  virtual void RemoveOwnership(const WorkspaceId& workspace) = 0;

  // At most this many events beyond `keep_events_max` may stay after a commit.
  virtual size_t trim_slack() const = 0;
};

struct BenchKind {
  std::string name;
  std::function<std::unique_ptr<Bench>()> make;
};

class StoreConformance : public testing::TestWithParam<BenchKind> {
 protected:
  StoreConformance() : bench_(GetParam().make()), store_(bench_->NewStore()) {}

  Reply Run(Request request) { return RunOn(*store_, std::move(request)); }
  static Reply RunOn(Store& store, Request request);

  std::optional<OwnershipRecord> Record();
  // Takes kWorkspace, whoever has it.
  OwnershipRecord Take(uint64_t nonce, const std::string& address = "pod-a:7000");
  // A batch after `record`; fills in a random-looking batch id.
  static Batch After(const OwnershipRecord& record);
  Reply Send(const OwnershipRecord& record, const Batch& batch);
  // Sends it and counts `record` on; the test fails if it is not taken.
  void MustCommit(OwnershipRecord& record, const Batch& batch);
  State MustLoad(const OwnershipRecord& record);
  std::vector<EventEntry> AllEvents();
  // Everything a caller can see of kWorkspace, to compare before and after.
  std::string Picture(const OwnershipRecord& owner);
  // Until the store's clock has left this millisecond behind.
  void PassEpoch(uint64_t epoch);

  static inline const WorkspaceId kWorkspace = "acme";
  std::unique_ptr<Bench> bench_;
  std::unique_ptr<Store> store_;
};

// "n" events from `first` on, of the epoch, with distinguishable bytes.
std::vector<EventEntry> MakeEvents(uint64_t epoch, uint64_t first, uint64_t n);

}  // namespace firstline::store
