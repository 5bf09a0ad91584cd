#include "common/client/timing.h"

#include <algorithm>
#include <random>

namespace firstline::client {
namespace {

class SteadyTiming final : public Timing {
 public:
  SteadyTiming() : generator_(std::random_device{}()) {}

  std::chrono::nanoseconds Now() const override {
    return std::chrono::steady_clock::now().time_since_epoch();
  }
  bool Wait(std::chrono::nanoseconds span, Stop& stop) override { return !stop.WaitFor(span); }
  double Draw() override FIRSTLINE_EXCLUDES(mutex_) {
    sync::MutexLock lock(mutex_);
    return std::uniform_real_distribution<double>(0, 1)(generator_);
  }

 private:
  sync::Mutex mutex_;
  std::mt19937_64 generator_ FIRSTLINE_GUARDED_BY(mutex_);
};

}  // namespace

void Stop::Set() {
  {
    sync::MutexLock lock(mutex_);
    set_ = true;
  }
  changed_.NotifyAll();
}

bool Stop::IsSet() const {
  sync::MutexLock lock(mutex_);
  return set_;
}

bool Stop::WaitFor(std::chrono::nanoseconds span) {
  // Beyond an hour the sum could overflow.
  const auto deadline = std::chrono::steady_clock::now() +
                        std::min<std::chrono::nanoseconds>(span, std::chrono::hours(1));
  sync::MutexLock lock(mutex_);
  while (!set_) {
    if (!changed_.WaitUntil(mutex_, deadline)) break;
  }
  return set_;
}

std::shared_ptr<Timing> RealTiming() { return std::make_shared<SteadyTiming>(); }

}  // namespace firstline::client
