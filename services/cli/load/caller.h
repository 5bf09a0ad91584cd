// The way of commands to the router. Nothing is repeated on the way: a load wants to see what is
// refused, and decides itself what becomes of it.
//
// Thread rule: any thread; answers are given on threads of the caller's or of gRPC's, from which
// Send must not be called.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "common/client/client.h"
#include "common/client/command_book.h"
#include "services/cli/load/options.h"

namespace firstline::load {

class Caller {
 public:
  virtual ~Caller() = default;
  // Waits while too many are unanswered. `answer` is called exactly once.
  virtual void Send(v1::Command command, client::CommandAnswer answer) = 0;
  // Waits until everything is answered; calls are answered within their deadline of 15 s.
  virtual void Drain() = 0;
};

struct CallerOptions {
  std::vector<std::string> targets;  // for unary calls; streams go where `client` goes
  Calls calls = Calls::kStream;
  int lanes = 1;  // streams or connections; commands are dealt out in turn
};

// Commands that a load has use for: SubmitInquiry, AcceptOffer, RecordMessage, CloseInquiry.
std::unique_ptr<Caller> MakeCaller(const client::Client& client, const CallerOptions& options);

}  // namespace firstline::load
