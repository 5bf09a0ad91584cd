// A codec for tests that need no record format: a record's bytes name a snapshot kept in memory.
// Snapshots hold names, never handles, so they can be read into any engine.
//
//   SnapshotCodec codec;      // shared by the pods of a test, as the format is in production
//   codec.Corrupt("i1");      // that inquiry's records cannot be read any more
//
// Threads: any, like every codec.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/sync/mutex.h"
#include "services/router/engine/engine.h"
#include "services/router/runtime/codec_port.h"

namespace firstline::runtime {

class SnapshotCodec final : public Codec {
 public:
  std::vector<store::EventEntry> EncodeEvents(const engine::Engine& engine,
                                              store::EventId first) const override;
  void EncodeChanges(const engine::Engine& engine, const engine::Changes& changes,
                     store::Batch& batch) const override;
  std::vector<store::Put> EncodeAll(const engine::Engine& engine) const override;
  Decoded Decode(const store::State& state, engine::Engine& engine) const override;

  void Corrupt(const std::string& inquiry_id) { corrupt_.insert(inquiry_id); }
  void RefuseEverything(bool refuse) { refuse_ = refuse; }

 private:
  struct InquirySnapshot {
    engine::Inquiry inquiry;
    engine::RequirementSpec asked, own;
    std::string channel, queue, agent, offer_agent;
    std::vector<std::string> preferred, exceptions;
  };
  struct AgentSnapshot {
    engine::AgentConfig config;
    engine::Agent agent;
    std::vector<std::pair<std::string, std::string>> wrap_ups;  // channel, queue
  };
  using Snapshot = std::variant<engine::WorkspaceConfig, engine::Counters, InquirySnapshot,
                                AgentSnapshot, engine::RememberedRequest>;

  std::string Keep(Snapshot snapshot) const;
  Snapshot Find(const std::string& bytes) const;
  store::Put PutInquiry(const engine::Engine& engine, engine::InquiryIx ix) const;
  store::Put PutAgent(const engine::Engine& engine, engine::AgentIx ix) const;
  static void Restore(InquirySnapshot snapshot, engine::Engine& engine);
  static void Restore(AgentSnapshot snapshot, engine::Engine& engine);

  mutable sync::Mutex mutex_;
  mutable std::vector<Snapshot> snapshots_ FIRSTLINE_GUARDED_BY(mutex_);
  std::set<std::string> corrupt_;
  bool refuse_ = false;
};

}  // namespace firstline::runtime
