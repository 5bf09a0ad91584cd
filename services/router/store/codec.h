// Between the engine and what is stored: records of the state, events of the history.
//
// Keys: inquiries, agents and requests by id; in kMeta "config", "counters" and, for records that
// could not be read, "quarantine <table> <key>".
//
// Figures (2 cores, EPYC Zen 5, g++ 12 -O3; `record_bench` of tests/store): see the table in
// record_bench.cc.
//
// Threads: any number; it has no state of its own.
#pragma once

#include <vector>

#include "services/router/runtime/codec_port.h"

namespace firstline::store {

class RecordCodec final : public runtime::Codec {
 public:
  std::vector<EventEntry> EncodeEvents(const engine::Engine& engine, EventId first) const override;
  void EncodeChanges(const engine::Engine& engine, const engine::Changes& changes,
                     Batch& batch) const override;
  std::vector<Put> EncodeAll(const engine::Engine& engine) const override;

  // Refuses the state when any record is of a newer version, or when configuration or counters
  // cannot be read though there are other records. Any other unreadable record is quarantined. An
  // inquiry whose agent is not there any more, because its record was unreadable, waits again.
  runtime::Decoded Decode(const State& state, engine::Engine& engine) const override;
};

}  // namespace firstline::store
