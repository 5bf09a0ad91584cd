// Time, waiting and chance as the client uses them, behind one interface so that tests of retries
// need neither wait nor roll dice.
//
// Thread rule: every member of every class here may be called from any thread.
#pragma once

#include <chrono>
#include <memory>

#include "common/sync/mutex.h"

namespace firstline::client {

// Says once that whoever waits should give up.
class Stop {
 public:
  void Set();
  bool IsSet() const;
  // Waits for `span` or until set; true if set.
  bool WaitFor(std::chrono::nanoseconds span);

 private:
  mutable sync::Mutex mutex_;
  sync::CondVar changed_;
  bool set_ FIRSTLINE_GUARDED_BY(mutex_) = false;
};

class Timing {
 public:
  virtual ~Timing() = default;
  // Time since some fixed moment; never decreases.
  virtual std::chrono::nanoseconds Now() const = 0;
  // Waits for `span` or until `stop` is set; false if it is.
  virtual bool Wait(std::chrono::nanoseconds span, Stop& stop) = 0;
  // Uniform in [0, 1).
  virtual double Draw() = 0;
};

// The steady clock, real waits, a generator seeded by the system.
std::shared_ptr<Timing> RealTiming();

}  // namespace firstline::client
