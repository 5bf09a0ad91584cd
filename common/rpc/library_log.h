// What gRPC and protobuf have to say goes into the log like everything else, a JSON line each,
// instead of text on standard error.
//
//   rpc::LogLibraries();   // once, before either is used
#pragma once

namespace firstline::rpc {

// Their errors become warnings here: what matters to callers is reported with the call.
void LogLibraries();

}  // namespace firstline::rpc
