#include "common/rpc/library_log.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <string>

#include "common/log/log.h"

namespace firstline::rpc {
namespace {

// gRPC decides by its own verbosity (GRPC_VERBOSITY) what it hands over.
void OnGrpcLine(gpr_log_func_args* line) {
  const log::Level level = line->severity == GPR_LOG_SEVERITY_ERROR  ? log::Level::kWarning
                           : line->severity == GPR_LOG_SEVERITY_INFO ? log::Level::kInfo
                                                                     : log::Level::kDebug;
  log::Log(level, "grpc",
           {{"detail", line->message}, {"file", line->file}, {"line", line->line}});
}

void OnProtobufLine(google::protobuf::LogLevel severity, const char* file, int line,
                    const std::string& message) {
  const log::Level level =
      severity >= google::protobuf::LOGLEVEL_ERROR ? log::Level::kWarning : log::Level::kInfo;
  log::Log(level, "protobuf", {{"detail", message}, {"file", file}, {"line", line}});
}

}  // namespace

void LogLibraries() {
  gpr_set_log_function(OnGrpcLine);
  google::protobuf::SetLogHandler(OnProtobufLine);
}

}  // namespace firstline::rpc
