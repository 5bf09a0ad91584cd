// Errors keep code, reason, metadata, fields and delay on their way over the wire.
#include "common/rpc/error.h"

#include <gtest/gtest.h>

#include "common/status/reason.h"
#include "google/rpc/error_details.pb.h"

namespace firstline::rpc {
namespace {

absl::Status Sample() {
  return status::Error(absl::StatusCode::kResourceExhausted, "full",
                       {.reason = "QUEUE_FULL",
                        .metadata = {{"queue", "sales"}},
                        .violations = {{"inquiry.queue", "is full"}},
                        .retry_after = std::chrono::milliseconds(1500)});
}

TEST(Error, SurvivesTheWire) {
  const absl::Status back = FromGrpc(ToGrpc(Sample()));
  EXPECT_EQ(back.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(back.message(), "full");
  EXPECT_EQ(status::GetErrorInfo(back), status::GetErrorInfo(Sample()));
}

TEST(Error, HasTheDetailsInTheirOrder) {
  const google::rpc::Status proto = ToProto(Sample());
  ASSERT_EQ(proto.details_size(), 3);
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad;
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(proto.details(0).UnpackTo(&info));
  ASSERT_TRUE(proto.details(1).UnpackTo(&bad));
  ASSERT_TRUE(proto.details(2).UnpackTo(&retry));
  EXPECT_EQ(proto.details(0).type_url(), "type.googleapis.com/google.rpc.ErrorInfo");
  EXPECT_EQ(info.domain(), "firstline.dev");
  EXPECT_EQ(retry.retry_delay().seconds(), 1);
  EXPECT_EQ(retry.retry_delay().nanos(), 500'000'000);
}

TEST(Error, WithoutAReasonIsInternal) {
  const absl::Status back = FromGrpc(ToGrpc(absl::InternalError("oops")));
  EXPECT_EQ(status::ReasonOf(back), "INTERNAL");
}

TEST(Error, OfOthersKeepsCodeAndMessage) {
  const absl::Status back =
      FromGrpc(grpc::Status(grpc::StatusCode::UNAVAILABLE, "connection refused", "not a status"));
  EXPECT_EQ(back.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(back.message(), "connection refused");
  EXPECT_EQ(status::ReasonOf(back), "");
}

TEST(Error, OkIsOk) {
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
}

}  // namespace
}  // namespace firstline::rpc
