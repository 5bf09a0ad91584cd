// What the runtime needs of encoding, so that it knows neither protobuf nor the record format. The
// store's codec implements it; records are opaque bytes here.
//
// Threads: any number may use one codec; it has no state.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/router/engine/engine.h"
#include "services/router/store/port.h"

namespace firstline::runtime {

// A stored record that cannot be read. It is taken out of its table and kept beside it.
struct Quarantined {
  store::Table table = store::Table::kMeta;  // where it was
  std::string key;
  std::string problem;   // for people
  store::Put put_aside;  // the same bytes under a kMeta key that Decode leaves alone
};

struct Decoded {
  // Set: the whole state must not be opened (a newer format, no readable configuration). The engine
  // is then to be thrown away.
  std::optional<std::string> refusal;
  std::vector<Quarantined> quarantined;
  // Records put aside before, which a rebuilt state has to keep.
  std::vector<store::Put> put_aside;
};

class Codec {
 public:
  virtual ~Codec() = default;

  // Encodes engine.events() with ids first, first+1, ...; before the next Apply or Tick.
  virtual std::vector<store::EventEntry> EncodeEvents(const engine::Engine& engine,
                                                      store::EventId first) const = 0;
  // Appends what `changes` (just taken from `engine`) names to the batch's puts and erases. A
  // (table, key) occurs at most once.
  virtual void EncodeChanges(const engine::Engine& engine, const engine::Changes& changes,
                             store::Batch& batch) const = 0;
  // Every record of the state, for a rebuild.
  virtual std::vector<store::Put> EncodeAll(const engine::Engine& engine) const = 0;
  // Restores `engine`, which is fresh, and calls FinishRestore. An empty state is a new workspace.
  virtual Decoded Decode(const store::State& state, engine::Engine& engine) const = 0;
};

}  // namespace firstline::runtime
