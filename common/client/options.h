// How a client behaves. The defaults suit a platform's backend in the same network as the routers.
#pragma once

#include <grpcpp/security/credentials.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/client/retry.h"
#include "common/client/timing.h"

namespace firstline::client {

struct Options {
  // Routers to start with, host:port each; others are found by their own word. Not empty.
  std::vector<std::string> targets;
  // Calls go to the router that owns their workspace once one has told who that is. Off: always to a
  // target, which forwards; for clients that reach nothing else.
  bool follow_owners = true;
  // How long a call may take in all, attempts and waits included.
  std::chrono::milliseconds deadline = std::chrono::seconds(15);
  // How long one attempt may take before it is repeated; no longer than the deadline.
  std::chrono::milliseconds attempt_deadline = std::chrono::seconds(5);
  RetryPolicy retry = {};
  // How often an idle connection is probed, at least 10 s: routers refuse more. It is what finds a
  // peer that vanished without a word.
  std::chrono::milliseconds keepalive = std::chrono::seconds(60);
  // Not set: plaintext. common/tls makes them from files, WithToken (token.h) adds a bearer token.
  std::shared_ptr<grpc::ChannelCredentials> credentials = nullptr;
  // The trace that calls belong to unless CallOptions names another, for programs that do one thing;
  // empty: none. Streams that go on are of no trace.
  std::string traceparent = {};
  // With TLS: the name that every router's certificate carries, whatever its address. Empty: the
  // host of the address, which fails for owners that are named by their IP address.
  std::string server_name = {};
  // Not set: real time. For tests.
  std::shared_ptr<Timing> timing = nullptr;
};

// What may differ from call to call.
struct CallOptions {
  // Instead of Options::deadline.
  std::optional<std::chrono::milliseconds> deadline = std::nullopt;
  // The caller's place in a trace, as a W3C traceparent of which the router makes a step of its own:
  // what an OpenTelemetry propagator injects under that name. Routers log the calls of traces that
  // are sampled, and those that fail. Empty: Options::traceparent.
  std::string traceparent = {};
  // For whom the caller acts, such as the person at its desk, as the audit tells it: an id of at most
  // 128 bytes. Not for callers whose token is an agent's or a vendor's. Empty: for itself.
  std::string on_behalf_of = {};
};

}  // namespace firstline::client
