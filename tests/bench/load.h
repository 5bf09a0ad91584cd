// Keeps a fixed number of pieces of work outstanding against a gRPC server and measures them: one
// thread, one completion queue, prepared bytes, so that the generator takes as little of the
// machine as it can.
//
//   Outcome outcome = RunUnary({.target = "127.0.0.1:7600", .outstanding = 64}, work, measurement);
//
// Both loads end what was begun before they return, so that every answer was seen.
//
// Threads: by the caller's alone.
#pragma once

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/measurement.h"
#include "tests/bench/work.h"

namespace firstline::bench {

struct LoadOptions {
  std::string target;
  std::string tls_ca;      // file of the authority; empty: plaintext
  std::string token_file;  // of a bearer token, sent with every call; empty: none. Needs TLS.
  int outstanding = 1;  // pieces of work
  int connections = 1;  // shared out evenly
  // Commands a message, on streams: fewer than `batch_min` are sent only when no answer is awaited.
  int batch_min = 1, batch_max = 64;
};

struct Outcome {
  int64_t calls = 0;     // answered with success, warm-up and end included
  int64_t messages = 0;  // sent on streams
  int64_t errors = 0;    // answered otherwise; their piece of work ends there
  std::string first_error;
};

// A call for each request.
Outcome RunUnary(const LoadOptions& options, Work& work, Measurement& measurement);
// Requests in batches, one stream a connection: what is ready when the stream can be written.
Outcome RunStream(const LoadOptions& options, Work& work, Measurement& measurement);

// ---- Shared by both ----

std::shared_ptr<grpc::ChannelCredentials> Credentials(const LoadOptions& options);
// Routers are believed by the name that all of them carry.
grpc::ChannelArguments Arguments();
// Each its own connection.
std::vector<std::shared_ptr<grpc::Channel>> Connect(const LoadOptions& options);
grpc::ByteBuffer ToBuffer(std::string_view bytes);
// The buffer's bytes; `scratch` holds them when they come in pieces.
std::string_view BytesOf(const grpc::ByteBuffer& buffer, grpc::Slice& scratch);
// Reads {field: bytes} from the front of `bytes`; false: it does not begin with that field.
bool TakeField(std::string_view& bytes, int field, std::string_view& value);
// Reads {field: number}.
bool TakeNumber(std::string_view& bytes, int field, uint64_t& value);
void AddField(std::string& bytes, int field, std::string_view value);
void AddNumber(std::string& bytes, int field, uint64_t value);

}  // namespace firstline::bench
