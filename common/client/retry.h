// When to try again, and how long to wait before.
//
// Repeating is safe with a router, because every mutation this library sends has a natural id or a
// request id: what was applied already is answered with the first outcome. So a lost connection, a
// missing answer and "not now" are all repeated; a refusal for a reason of the request itself
// never.
//
// Thread rule: values.
#pragma once

#include <chrono>

#include "common/client/error.h"
#include "common/client/timing.h"

namespace firstline::client {

struct RetryPolicy {
  // The first wait is drawn from [half of this, this]; each further one from twice the span.
  std::chrono::milliseconds first_wait = std::chrono::milliseconds(50);
  // Waits grow no further than this; more than zero.
  std::chrono::milliseconds wait_max = std::chrono::seconds(3);
  // Attempts at one call, the first included; 0: as many as fit into its deadline. Streams always
  // go on.
  int attempts_max = 0;
};

// Another attempt at the same request may succeed: UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED by the
// other side, and RESOURCE_EXHAUSTED where the router says when to come back.
bool IsRetryable(const Error& error);

// A stream that ended like this may be opened again: IsRetryable, a broken transport however gRPC
// words it, a lease that ran out, and a token that has expired: its source may have another. Streams
// that worked go on for a minute with TOKEN_INVALID as well: keys are replaced before tokens are.
bool IsResumable(const Error& error);

// The router named another pod as the owner of the workspace.
bool IsNotOwner(const Error& error);

// The waits of one call or of one stream.
class Backoff {
 public:
  explicit Backoff(const RetryPolicy& policy) : policy_(policy) {}

  // The next wait after `error`: drawn from the upper half of a span that doubles each time, never
  // less than what the router asked for. `draw` in [0, 1).
  std::chrono::nanoseconds Next(const Error& error, double draw);
  // Something worked: starts again with the first wait.
  void Reset() { failures_ = 0; }

 private:
  RetryPolicy policy_;
  int failures_ = 0;
};

}  // namespace firstline::client
