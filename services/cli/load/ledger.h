// What was answered about each inquiry, and what the history says of it: the two must agree.
//
// Thread rule: any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "common/sync/mutex.h"
#include "firstline/v1/event.pb.h"
#include "services/cli/load/tally.h"

namespace firstline::load {

// The number of an inquiry: they come 0, 1, 2...
using Number = std::uint64_t;

struct Verdict {
  // False when the history could not be read to its end; `why` says what was in the way.
  bool complete = false;
  std::string why = {};
  std::uint64_t acknowledged = 0;  // inquiries whose submission was answered with success
  std::uint64_t known = 0;         // inquiries in the history
  std::uint64_t lost = 0;          // an acknowledged submission, accept, reply, close has no event
  std::uint64_t doubled = 0;       // inquiries submitted, assigned or closed more than once
  std::uint64_t refused_but_known = 0;  // submissions answered RESOURCE_EXHAUSTED, yet there
  std::vector<std::string> examples = {};  // ids of some that are lost or doubled
  bool good() const { return complete && lost == 0 && doubled == 0; }
};

class Ledger {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Ids are "<prefix><number>".
  explicit Ledger(std::string prefix) : prefix_(std::move(prefix)) {}

  // A customer who comes at `due`.
  Number Open(Time due) FIRSTLINE_EXCLUDES(mutex_);
  std::string IdOf(Number number) const;
  // False if the id is not of this ledger.
  bool NumberOf(const std::string& id, Number& number) const;
  Time DueOf(Number number) const FIRSTLINE_EXCLUDES(mutex_);

  void Acknowledge(Number number, Operation operation) FIRSTLINE_EXCLUDES(mutex_);
  void Refuse(Number number, const client::Error& error) FIRSTLINE_EXCLUDES(mutex_);

  // The same from the history, an event after the other.
  void Read(const v1::Event& event) FIRSTLINE_EXCLUDES(mutex_);
  // Compares both. `complete` is set by whoever has read the history.
  Verdict Judge() const FIRSTLINE_EXCLUDES(mutex_);

  std::uint64_t opened() const FIRSTLINE_EXCLUDES(mutex_);
  std::uint64_t acknowledged(Operation operation) const FIRSTLINE_EXCLUDES(mutex_);
  std::uint64_t shed() const FIRSTLINE_EXCLUDES(mutex_);
  // Came, were not refused, and are not closed; unanswered submissions count.
  std::uint64_t open() const FIRSTLINE_EXCLUDES(mutex_);

 private:
  struct Entry {
    Time due;
    std::uint8_t answered = 0;   // a bit an operation
    bool refused = false;        // RESOURCE_EXHAUSTED
    std::uint8_t submitted = 0, assigned = 0, replied = 0, closed = 0;  // events, 255 at most
  };

  static bool IsLost(const Entry& entry);

  const std::string prefix_;
  mutable sync::Mutex mutex_;
  std::vector<Entry> entries_ FIRSTLINE_GUARDED_BY(mutex_);
  std::array<std::uint64_t, kOperations> acknowledged_ FIRSTLINE_GUARDED_BY(mutex_) = {};
  std::uint64_t refused_ FIRSTLINE_GUARDED_BY(mutex_) = 0;
  std::uint64_t shed_ FIRSTLINE_GUARDED_BY(mutex_) = 0;  // of these, for now
};

}  // namespace firstline::load
