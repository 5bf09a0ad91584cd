#include "common/client/retry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/client/cursor.h"
#include "common/client/request_id.h"
#include "google/rpc/error_details.pb.h"
#include "tests/client/fake_router.h"

namespace firstline::client {
namespace {

using std::chrono::milliseconds;

TEST(Error, CarriesEverythingTheRouterSaid) {
  google::rpc::Status status =
      test::RefusalMessage(grpc::StatusCode::NOT_FOUND, "UNKNOWN_QUEUE", {{"queue", "x"}});
  google::rpc::BadRequest bad_request;
  auto& violation = *bad_request.add_field_violations();
  violation.set_field("inquiry.queue");
  violation.set_description("no such queue");
  status.add_details()->PackFrom(bad_request);
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(2);
  retry.mutable_retry_delay()->set_nanos(5'000'000);
  status.add_details()->PackFrom(retry);

  const Error error = Error::From(
      grpc::Status(grpc::StatusCode::NOT_FOUND, "as the test wants", status.SerializeAsString()));
  EXPECT_EQ(error.code, grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(error.reason, "UNKNOWN_QUEUE");
  EXPECT_EQ(error.MetadataValue("queue"), "x");
  EXPECT_EQ(error.MetadataValue("owner"), "");
  EXPECT_EQ(error.retry_after, milliseconds(2005));
  EXPECT_THAT(error.fields, testing::ElementsAre(FieldError{"inquiry.queue", "no such queue"}));
  EXPECT_EQ(error.ToString(),
            "NOT_FOUND UNKNOWN_QUEUE: as the test wants (inquiry.queue: no such queue)");
}

TEST(Error, SurvivesDetailsThatAreNoise) {
  const Error error =
      Error::From(grpc::Status(grpc::StatusCode::INTERNAL, "broken", "\xff\xff not protobuf"));
  EXPECT_EQ(error.code, grpc::StatusCode::INTERNAL);
  EXPECT_EQ(error.reason, "");
  EXPECT_EQ(error.message, "broken");
}

struct RetryCase {
  Error error;
  bool call;
  bool stream;
};

TEST(Retry, OnlyWhatMayPassIsRepeated) {
  const RetryCase cases[] = {
      {{.code = grpc::StatusCode::UNAVAILABLE}, true, true},
      {{.code = grpc::StatusCode::UNAVAILABLE, .reason = "STORE_UNAVAILABLE"}, true, true},
      {{.code = grpc::StatusCode::DEADLINE_EXCEEDED}, true, true},
      {{.code = grpc::StatusCode::CANCELLED}, true, true},
      {{.code = grpc::StatusCode::RESOURCE_EXHAUSTED, .reason = "TOO_MANY_NAMES"}, false, false},
      {{.code = grpc::StatusCode::RESOURCE_EXHAUSTED,
        .reason = "OVERLOADED",
        .retry_after = milliseconds(1)},
       true,
       true},
      {{.code = grpc::StatusCode::INTERNAL}, false, true},
      {{.code = grpc::StatusCode::INTERNAL, .reason = "INTERNAL"}, false, false},
      {{.code = grpc::StatusCode::ABORTED, .reason = "LEASE_EXPIRED"}, false, true},
      {{.code = grpc::StatusCode::UNAUTHENTICATED, .reason = "TOKEN_EXPIRED"}, false, true},
      {{.code = grpc::StatusCode::UNAUTHENTICATED, .reason = "TOKEN_INVALID"}, false, false},
      {{.code = grpc::StatusCode::ABORTED, .reason = "ETAG_MISMATCH"}, false, false},
      {{.code = grpc::StatusCode::INVALID_ARGUMENT}, false, false},
      {{.code = grpc::StatusCode::FAILED_PRECONDITION}, false, false},
      {{.code = grpc::StatusCode::UNIMPLEMENTED}, false, false},
  };
  for (const RetryCase& row : cases) {
    EXPECT_EQ(IsRetryable(row.error), row.call) << row.error.ToString();
    EXPECT_EQ(IsResumable(row.error), row.stream) << row.error.ToString();
  }
}

TEST(Backoff, DoublesWithinBoundsAndStartsAgain) {
  Backoff backoff({.first_wait = milliseconds(100), .wait_max = milliseconds(350)});
  const Error error{.code = grpc::StatusCode::UNAVAILABLE};
  EXPECT_EQ(backoff.Next(error, 0), milliseconds(50));
  EXPECT_EQ(backoff.Next(error, 0.5), milliseconds(150));
  EXPECT_EQ(backoff.Next(error, 0), milliseconds(175));
  for (int i = 0; i < 100; ++i) EXPECT_LE(backoff.Next(error, 0.999), milliseconds(350));
  backoff.Reset();
  EXPECT_EQ(backoff.Next(error, 0), milliseconds(50));
}

TEST(Backoff, NeverComesBackBeforeTheRouterAskedFor) {
  Backoff backoff({.first_wait = milliseconds(100), .wait_max = milliseconds(350)});
  const Error error{.code = grpc::StatusCode::UNAVAILABLE, .retry_after = milliseconds(2000)};
  EXPECT_EQ(backoff.Next(error, 0), milliseconds(2000));
}

TEST(Cursor, IsOrderedByEpochThenNumber) {
  EXPECT_TRUE(HasReached("7-3", "7-3"));
  EXPECT_TRUE(HasReached("7-10", "7-9"));
  EXPECT_TRUE(HasReached("8-1", "7-9"));
  EXPECT_FALSE(HasReached("7-3", "7-4"));
  EXPECT_FALSE(HasReached("", "7-4"));
  EXPECT_FALSE(HasReached("7-4", ""));
  for (const char* bad : {"", "7", "7-", "-3", "a-3", "7-3x", "7 -3", "99999999999999999999-1"}) {
    EXPECT_FALSE(ParseCursor(bad)) << bad;
  }
}

TEST(RequestId, IsGivenToWhatHasNoNaturalId) {
  v1::ParkInquiryRequest park;
  AttachRequestId(park);
  EXPECT_EQ(park.request_id().size(), 32u);
  const std::string first = park.request_id();
  AttachRequestId(park);
  EXPECT_EQ(park.request_id(), first) << "one that is there must stay";

  v1::SubmitInquiryRequest submit;
  AttachRequestId(submit);
  EXPECT_EQ(submit.request_id(), "");

  v1::Command command;
  AttachRequestId(command);  // Holds nothing: the router will say so.
  command.mutable_close_inquiry()->set_workspace("acme");
  AttachRequestId(command);
  EXPECT_NE(command.close_inquiry().request_id(), "");
  EXPECT_NE(command.close_inquiry().request_id(), first);
  EXPECT_EQ(WorkspaceOf(command), "acme");
}

}  // namespace
}  // namespace firstline::client
