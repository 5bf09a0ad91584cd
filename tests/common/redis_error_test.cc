#include <gtest/gtest.h>

#include "common/redis/error.h"
#include "common/status/reason.h"

namespace firstline::redis {
namespace {

struct Case {
  const char* text;
  ErrorKind kind;
};

TEST(RedisErrorTest, ClassifiesByTheFirstWord) {
  const Case cases[] = {
      {"OOM command not allowed when used memory > 'maxmemory'.", ErrorKind::kRefused},
      {"MISCONF Redis is configured to save RDB snapshots", ErrorKind::kRefused},
      {"READONLY You can't write against a read only replica.", ErrorKind::kRefused},
      {"LOADING Redis is loading the dataset in memory", ErrorKind::kRefused},
      {"BUSY Redis is busy running a script.", ErrorKind::kRefused},
      {"TRYAGAIN Multiple keys request during rehashing of slot", ErrorKind::kRefused},
      {"CLUSTERDOWN The cluster is down", ErrorKind::kRefused},
      {"MASTERDOWN Link with MASTER is down", ErrorKind::kRefused},
      {"NOREPLICAS Not enough good replicas to write.", ErrorKind::kRefused},
      {"NOSCRIPT No matching script.", ErrorKind::kNoScript},
      {"MOVED 3999 127.0.0.1:6381", ErrorKind::kMoved},
      {"ASK 3999 127.0.0.1:6381", ErrorKind::kMoved},
      {"BUSYGROUP Consumer Group name already exists", ErrorKind::kOther},
      {"BUSYKEY Target key name already exists.", ErrorKind::kOther},
      {"EXECABORT Transaction discarded because of previous errors.", ErrorKind::kOther},
      {"WRONGTYPE Operation against a key", ErrorKind::kOther},
      {"NOAUTH Authentication required.", ErrorKind::kOther},
      {"ERR unknown command", ErrorKind::kOther},
      {"ERR OOM is not the first word", ErrorKind::kOther},
      {"", ErrorKind::kOther},
  };
  for (const Case& c : cases) EXPECT_EQ(ClassifyServerError(c.text), c.kind) << c.text;
}

TEST(RedisErrorTest, LooksInsideErrorsOfScripts) {
  EXPECT_EQ(ClassifyServerError("OOM command not allowed when used memory > 'maxmemory'. script: "
                                "5b6a, on @user_script:1."),
            ErrorKind::kRefused);
  EXPECT_EQ(ClassifyServerError("ERR Error running script (call to f_5b6a): @user_script:1: "
                                "-OOM command not allowed"),
            ErrorKind::kRefused);
  EXPECT_EQ(ClassifyServerError("ERR Error running script (call to f_5b6a): @user_script:1: x"),
            ErrorKind::kOther);
}

TEST(RedisErrorTest, StatusesCarryTheirKind) {
  for (ErrorKind kind : {ErrorKind::kRefused, ErrorKind::kNoScript, ErrorKind::kMoved,
                         ErrorKind::kDisconnected, ErrorKind::kOther}) {
    EXPECT_EQ(KindOf(MakeError(kind, "x")), kind) << KindName(kind);
    EXPECT_FALSE(status::ReasonOf(MakeError(kind, "x")).empty());
  }
  EXPECT_EQ(KindOf(absl::OkStatus()), ErrorKind::kNone);
  EXPECT_EQ(KindOf(absl::UnavailableError("not ours")), ErrorKind::kOther);
  EXPECT_EQ(MakeError(ErrorKind::kDisconnected, "x").code(), absl::StatusCode::kUnavailable);
}

TEST(RedisErrorTest, RedirectionsAreRead) {
  const auto message = [](std::string_view text) {
    return std::string(ServerError(text).message());
  };
  const auto moved = RedirectionOf(message("MOVED 3999 127.0.0.1:6381"));
  ASSERT_TRUE(moved.has_value());
  EXPECT_FALSE(moved->ask);
  EXPECT_EQ(moved->slot, 3999);
  EXPECT_EQ(moved->host, "127.0.0.1");
  EXPECT_EQ(moved->port, 6381);
  const auto ask = RedirectionOf(message("ASK 16383 ::1:6381"));
  ASSERT_TRUE(ask.has_value());
  EXPECT_TRUE(ask->ask);
  EXPECT_EQ(ask->host, "::1");
  EXPECT_EQ(RedirectionOf(message("MOVED 1 :6381"))->host, "") << "the host that said so";
  for (const char* other : {"MOVED", "MOVED 1", "MOVED x a:1", "MOVED 16384 a:1", "MOVED -1 a:1",
                            "MOVED 1 a", "MOVED 1 a:0", "MOVED 1 a:65536", "TRYAGAIN a b:1"}) {
    EXPECT_FALSE(RedirectionOf(message(other)).has_value()) << other;
  }
  EXPECT_FALSE(RedirectionOf("MOVED 3999 127.0.0.1:6381").has_value()) << "said by no server";
}

}  // namespace
}  // namespace firstline::redis
