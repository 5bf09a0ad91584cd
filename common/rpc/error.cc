#include "common/rpc/error.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "common/status/reason.h"
#include "google/rpc/error_details.pb.h"

namespace firstline::rpc {
namespace {

void AddRetryInfo(std::chrono::milliseconds delay, google::rpc::Status& proto) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(delay.count() / 1000);
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(delay.count() % 1000 * 1'000'000));
  proto.add_details()->PackFrom(retry);
}

void AddBadRequest(const std::vector<status::FieldViolation>& violations,
                   google::rpc::Status& proto) {
  google::rpc::BadRequest bad;
  for (const status::FieldViolation& violation : violations) {
    if (bad.field_violations_size() == kViolationsMax) break;
    google::rpc::BadRequest::FieldViolation* out = bad.add_field_violations();
    out->set_field(violation.field);
    out->set_description(violation.description);
  }
  proto.add_details()->PackFrom(bad);
}

void AddDetails(const status::ErrorInfo& info, google::rpc::Status& proto) {
  google::rpc::ErrorInfo error;
  error.set_reason(info.reason);
  error.set_domain(std::string(kErrorDomain));
  for (const auto& [key, value] : info.metadata) (*error.mutable_metadata())[key] = value;
  proto.add_details()->PackFrom(error);
  if (!info.violations.empty()) AddBadRequest(info.violations, proto);
  if (info.retry_after) AddRetryInfo(*info.retry_after, proto);
}

std::chrono::milliseconds DelayOf(const google::rpc::RetryInfo& retry) {
  return std::chrono::seconds(retry.retry_delay().seconds()) +
         std::chrono::milliseconds(retry.retry_delay().nanos() / 1'000'000);
}

// True when the detail was one of ours.
bool ReadDetail(const google::protobuf::Any& detail, status::ErrorInfo& info) {
  google::rpc::ErrorInfo error;
  if (detail.UnpackTo(&error)) {
    if (error.domain() != kErrorDomain) return false;
    info.reason = error.reason();
    info.metadata = {error.metadata().begin(), error.metadata().end()};
    return true;
  }
  google::rpc::BadRequest bad;
  if (detail.UnpackTo(&bad)) {
    for (const auto& violation : bad.field_violations()) {
      info.violations.push_back({violation.field(), violation.description()});
    }
    return true;
  }
  google::rpc::RetryInfo retry;
  if (!detail.UnpackTo(&retry)) return false;
  info.retry_after = DelayOf(retry);
  return true;
}

}  // namespace

google::rpc::Status ToProto(const absl::Status& status) {
  google::rpc::Status proto;
  if (status.ok()) return proto;
  proto.set_code(static_cast<int32_t>(status.code()));
  proto.set_message(std::string(status.message()));
  AddDetails(status::GetErrorInfo(status).value_or(status::ErrorInfo{.reason = "INTERNAL"}),
             proto);
  return proto;
}

absl::Status FromProto(const google::rpc::Status& proto) {
  if (proto.code() == 0) return absl::OkStatus();
  absl::Status status(static_cast<absl::StatusCode>(proto.code()), proto.message());
  status::ErrorInfo info;
  bool found = false;
  for (const google::protobuf::Any& detail : proto.details()) {
    found = ReadDetail(detail, info) || found;
  }
  if (found) status::SetErrorInfo(status, info);
  return status;
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status proto = ToProto(status);
  return {static_cast<grpc::StatusCode>(proto.code()), proto.message(),
          proto.SerializeAsString()};
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  google::rpc::Status proto;
  // What a proxy or the library itself failed with carries no details, or somebody else's.
  if (!proto.ParseFromString(status.error_details())) proto.Clear();
  proto.set_code(static_cast<int32_t>(status.error_code()));
  proto.set_message(status.error_message());
  return FromProto(proto);
}

}  // namespace firstline::rpc
