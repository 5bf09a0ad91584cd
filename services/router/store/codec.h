// Between the engine and what is stored: records of the state, events of the history.
//
// Keys: inquiries, agents and requests by id; in kMeta "config", "counters", "waits <queue>" of queues
// that decide by expected waits and, for records that could not be read, "quarantine <table> <key>".
//
// Figures: CPU time of one core (EPYC Zen 5, g++ 12 -O3), `tests/store/record_bench`, other work on
// the machine. Inquiry: two skills, a language, 100 bytes of attributes; agent: five skills, two
// languages.
//
//   record     bytes  write    read        event              bytes  write
//   inquiry      213  400 ns   660 ns      InquirySubmitted     303  1190 ns
//   agent        100  580 ns  1290 ns      InquiryEnqueued       92   270 ns
//                                          OfferCreated         126   410 ns
//                                          InquiryAssigned      126   410 ns
//
// A submit costs 2.1 us here (two events, one record), 1.7 us in the engine. 100,000 inquiries and
// 10,000 agents become an engine in 160 ms.
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
