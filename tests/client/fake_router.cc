#include "tests/client/fake_router.h"

#include <grpcpp/server_builder.h>

#include <stdexcept>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace firstline::test {

google::rpc::Status RefusalMessage(grpc::StatusCode code, const std::string& reason,
                                   const std::map<std::string, std::string>& metadata,
                                   std::optional<std::chrono::milliseconds> retry_after) {
  google::rpc::Status status;
  status.set_code(code);
  status.set_message("as the test wants");
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("firstline.dev");
  info.mutable_metadata()->insert(metadata.begin(), metadata.end());
  status.add_details()->PackFrom(info);
  if (retry_after) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_nanos(static_cast<int>(retry_after->count()) * 1'000'000);
    status.add_details()->PackFrom(retry);
  }
  return status;
}

grpc::Status Refusal(grpc::StatusCode code, const std::string& reason,
                     const std::map<std::string, std::string>& metadata,
                     std::optional<std::chrono::milliseconds> retry_after) {
  const google::rpc::Status status = RefusalMessage(code, reason, metadata, retry_after);
  return {code, status.message(), status.SerializeAsString()};
}

grpc::Status NotOwner(const std::string& owner) {
  return Refusal(grpc::StatusCode::UNAVAILABLE, "NOT_OWNER", {{"owner", owner}});
}

std::chrono::nanoseconds FakeTiming::Now() const {
  sync::MutexLock lock(mutex_);
  return now_;
}

bool FakeTiming::Wait(std::chrono::nanoseconds span, client::Stop& stop) {
  sync::MutexLock lock(mutex_);
  now_ += span;
  if (span.count() > 0) waits_.push_back(span);
  return !stop.IsSet();
}

std::vector<std::chrono::nanoseconds> FakeTiming::waits() const {
  sync::MutexLock lock(mutex_);
  return waits_;
}

FakeRouter::FakeRouter() {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.RegisterService(static_cast<v1::RoutingService::Service*>(this));
  builder.RegisterService(static_cast<v1::AgentService::Service*>(this));
  builder.RegisterService(static_cast<v1::StatsService::Service*>(this));
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) throw std::runtime_error("the fake router does not start");
  address_ = "127.0.0.1:" + std::to_string(port);
}

FakeRouter::~FakeRouter() { Die(); }

void FakeRouter::Die() { server_->Shutdown(std::chrono::system_clock::now()); }

}  // namespace firstline::test
