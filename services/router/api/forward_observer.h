// Hears of work that other pods do for this one, for metrics. What it is not interested in may be
// left as it is.
//
// Threads: called on the thread of the unary calls' loop; must not block.
#pragma once

#include <chrono>
#include <cstdint>

namespace firstline::api {

enum class ForwardOutcome : uint8_t {
  kOk,       // a peer did it
  kError,    // a peer refused it for good
  kGivenUp,  // no owner was found in time
};
// Why work is tried again.
enum class ForwardRetry : uint8_t {
  kMoved,       // the pod asked does not own the workspace, or not any more
  kLoading,     // it is taking it over
  kUnanswered,  // the connection broke, or another pod owns it by now
};

class ForwardObserver {
 public:
  virtual ~ForwardObserver() = default;
  virtual void OnForwarded(ForwardOutcome) {}
  virtual void OnRetry(ForwardRetry) {}
  // Work that was turned away at least once is over, so long after that.
  virtual void OnWaited(std::chrono::microseconds) {}
  // A stream to another pod was opened (+1) or has ended (-1).
  virtual void OnPeerStreams(int /*change*/) {}
};

}  // namespace firstline::api
