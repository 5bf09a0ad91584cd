#include "common/status/reason.h"

#include <gtest/gtest.h>

#include "absl/strings/cord.h"

namespace firstline::status {
namespace {

using std::chrono::milliseconds;

TEST(ReasonTest, CarriesEveryPart) {
  const ErrorInfo info{.reason = "LEVEL_OUT_OF_RANGE",
                       .metadata = {{"queue", "sales"}, {"", "empty key"}},
                       .violations = {{"skills[0].level", "11 is not in 1..10"}, {"", ""}},
                       .retry_after = milliseconds(250)};
  const absl::Status status = Error(absl::StatusCode::kInvalidArgument, "bad level", info);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(status.message()), "bad level");
  EXPECT_EQ(GetErrorInfo(status), info);
  EXPECT_EQ(ReasonOf(status), "LEVEL_OUT_OF_RANGE");
}

TEST(ReasonTest, TextsMayHoldAnyByte) {
  ErrorInfo info{.reason = "BAD_NAME"};
  info.metadata["3:abc"] = std::string("\0:7:\xff", 5);
  info.violations = {{"12:", "::"}};
  EXPECT_EQ(GetErrorInfo(Error(absl::StatusCode::kNotFound, "", info)), info);
}

TEST(ReasonTest, ZeroDelayDiffersFromNoDelay) {
  const ErrorInfo now{.reason = "BUSY", .retry_after = milliseconds(0)};
  const ErrorInfo never{.reason = "BUSY"};
  EXPECT_EQ(GetErrorInfo(Error(absl::StatusCode::kUnavailable, "", now))->retry_after,
            milliseconds(0));
  EXPECT_EQ(GetErrorInfo(Error(absl::StatusCode::kUnavailable, "", never))->retry_after,
            std::nullopt);
}

TEST(ReasonTest, CopiesOfTheStatusAreApart) {
  const absl::Status first = Error(absl::StatusCode::kAborted, "x", {.reason = "MOVED"});
  absl::Status second = first;
  SetErrorInfo(second, {.reason = "AGAIN"});
  EXPECT_EQ(ReasonOf(first), "MOVED");
  EXPECT_EQ(ReasonOf(second), "AGAIN");
}

TEST(ReasonTest, SetReplacesAndIgnoresOk) {
  absl::Status status = Error(absl::StatusCode::kAborted, "x", {.reason = "FIRST"});
  SetErrorInfo(status, {.reason = "SECOND"});
  EXPECT_EQ(ReasonOf(status), "SECOND");
  absl::Status ok;
  SetErrorInfo(ok, {.reason = "FIRST"});
  EXPECT_EQ(GetErrorInfo(ok), std::nullopt);
}

TEST(ReasonTest, NothingAttachedOrUnreadableIsNothing) {
  EXPECT_EQ(GetErrorInfo(absl::InternalError("plain")), std::nullopt);
  EXPECT_EQ(ReasonOf(absl::InternalError("plain")), "");
  for (const char* bytes : {"", "3:AB", "x:AB", "99999999999999999999:A", "-1:A", "2:AB0:1:9",
                            "2:AB0:1:00:0:", "2:AB0:1:01:01:x", "2:AB1:x1:01:0"}) {
    absl::Status status = absl::InternalError("damaged");
    status.SetPayload("firstline/error_info", absl::Cord(bytes));
    EXPECT_EQ(GetErrorInfo(status), std::nullopt) << bytes;
  }
}

TEST(ReasonTest, ReasonsAreUpperSnake) {
  for (const char* good : {"A", "QUEUE_NOT_FOUND", "X2", "A_"}) EXPECT_TRUE(IsReason(good)) << good;
  for (const char* bad : {"", "queue", "_X", "1X", "A B", "A-B", "Ä"}) {
    EXPECT_FALSE(IsReason(bad)) << bad;
  }
  EXPECT_TRUE(IsReason(std::string(63, 'A')));
  EXPECT_FALSE(IsReason(std::string(64, 'A')));
}

}  // namespace
}  // namespace firstline::status
