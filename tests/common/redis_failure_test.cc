// The client while the server is killed, hangs, is full or restarts.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "common/redis/connection.h"
#include "common/redis/script.h"
#include "tests/common/redis_server.h"

namespace firstline::redis {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Short, because the tests below wait for it to pass.
constexpr milliseconds kImpatient(50);

TEST(RedisFailureTest, NobodyListens) {
  test::RedisServer server({.tcp = true});
  const Address unix_address = server.address();
  const Address tcp_address = server.tcp_address();
  server.Kill();
  EXPECT_EQ(KindOf(Connection::Open({.address = unix_address}).status()),
            ErrorKind::kDisconnected);
  EXPECT_EQ(KindOf(Connection::Open({.address = tcp_address}).status()),
            ErrorKind::kDisconnected);
  EXPECT_EQ(KindOf(Connection::Open({.address = {.unix_path = "/nowhere/redis"}}).status()),
            ErrorKind::kDisconnected);
  EXPECT_EQ(KindOf(Connection::Open({.address = {.host = "no-such-host.invalid"}}).status()),
            ErrorKind::kDisconnected);
}

TEST(RedisFailureTest, KillBreaksTheConnectionForGood) {
  test::RedisServer server({.append_only = true, .append_fsync = "always"});
  auto connection = server.Connect();
  ASSERT_TRUE(connection->Call({"SET", "k", "acknowledged"}).ok());
  server.Kill();
  const absl::Status first = connection->Call({"GET", "k"}).status();
  EXPECT_EQ(KindOf(first), ErrorKind::kDisconnected);
  EXPECT_TRUE(connection->broken());

  server.Restart();
  EXPECT_EQ(connection->Call({"GET", "k"}).status(), first);
  EXPECT_EQ(connection->Flush(), first);
  EXPECT_EQ(connection->SetCommandTimeout(seconds(1)), first);
  EXPECT_EQ(*server.Connect()->Call({"GET", "k"})->AsString(), "acknowledged");
}

TEST(RedisFailureTest, WithoutAppendOnlyARestartFindsNothing) {
  test::RedisServer server;
  ASSERT_TRUE(server.Connect()->Call({"SET", "k", "v"}).ok());
  server.Kill();
  server.Restart();
  EXPECT_TRUE(server.Connect()->Call({"GET", "k"})->is_nil());
}

TEST(RedisFailureTest, KillMidwayLeavesThePipelineInDoubt) {
  test::RedisServer server;
  auto connection = server.Connect();
  connection->Append({"SET", "a", "1"});
  ASSERT_TRUE(connection->ReadReply().ok());
  server.Pause();
  connection->Append({"SET", "b", "1"});
  connection->Append({"SET", "c", "1"});
  ASSERT_TRUE(connection->Flush().ok());
  server.Kill();
  EXPECT_EQ(KindOf(connection->ReadReply().status()), ErrorKind::kDisconnected);
  EXPECT_EQ(KindOf(connection->ReadReply().status()), ErrorKind::kDisconnected);
  connection->Append({"SET", "d", "1"});
  EXPECT_EQ(KindOf(connection->ReadReply().status()), ErrorKind::kDisconnected);
}

TEST(RedisFailureTest, ATimedOutCommandMayStillBeExecuted) {
  test::RedisServer server;
  auto connection = server.Connect(kImpatient);
  server.Pause();
  const auto before = std::chrono::steady_clock::now();
  const absl::Status status = connection->Call({"SET", "k", "late"}).status();
  EXPECT_GE(std::chrono::steady_clock::now() - before, kImpatient);
  EXPECT_EQ(KindOf(status), ErrorKind::kDisconnected);
  EXPECT_NE(std::string(status.message()).find("timed out"), std::string::npos) << status;
  EXPECT_TRUE(connection->broken());
  server.Resume();
  // The new connection has to be accepted before its command can be read; the old command is
  // readable as soon as the server wakes up.
  auto other = server.Connect();
  EXPECT_EQ(*other->Call({"GET", "k"})->AsString(), "late");
}

TEST(RedisFailureTest, AStuckWriteTimesOut) {
  test::RedisServer server;
  auto connection = server.Connect(kImpatient);
  server.Pause();
  const std::string large(64'000'000, 'x');  // More than any socket buffer takes.
  connection->Append({"SET", "k", large});
  EXPECT_EQ(KindOf(connection->Flush()), ErrorKind::kDisconnected);
  EXPECT_EQ(KindOf(connection->ReadReply().status()), ErrorKind::kDisconnected);
}

TEST(RedisFailureTest, APausedServerAnswersWhenResumed) {
  test::RedisServer server;
  auto connection = server.Connect();
  server.Pause();
  connection->Append({"SET", "k", "v"});
  ASSERT_TRUE(connection->Flush().ok());
  server.Resume();
  EXPECT_TRUE(connection->ReadReply().ok());
}

TEST(RedisFailureTest, FullMemoryRefusesWithoutEffect) {
  test::RedisServer server;
  auto connection = server.Connect();
  ASSERT_TRUE(connection->Call({"SET", "k", "old"}).ok());
  const Script script("return redis.call('SET', KEYS[1], ARGV[1])");
  ASSERT_TRUE(script.Load(*connection).ok());
  ASSERT_TRUE(connection->Call({"CONFIG", "SET", "maxmemory", "1"}).ok());

  EXPECT_EQ(KindOf(connection->Call({"SET", "k", "new"}).status()), ErrorKind::kRefused);
  const std::string_view keys[] = {"k"};
  const std::string_view arguments[] = {"new"};
  EXPECT_EQ(KindOf(script.Run(*connection, keys, arguments).status()), ErrorKind::kRefused);
  connection->Append({"MULTI"});
  connection->Append({"SET", "k", "new"});
  connection->Append({"EXEC"});
  EXPECT_TRUE(connection->ReadReply().ok());
  EXPECT_EQ(KindOf(connection->ReadReply().status()), ErrorKind::kRefused);
  EXPECT_EQ(KindOf(connection->ReadReply().status()), ErrorKind::kOther);  // EXECABORT
  EXPECT_EQ(*connection->Call({"GET", "k"})->AsString(), "old");

  ASSERT_TRUE(connection->Call({"CONFIG", "SET", "maxmemory", "0"}).ok());
  EXPECT_TRUE(script.Run(*connection, keys, arguments).ok());
  EXPECT_EQ(*connection->Call({"GET", "k"})->AsString(), "new");
}

TEST(RedisFailureTest, AMemoryBoundFromTheStartIsMet) {
  test::RedisServer server({.max_memory_bytes = 4 << 20});
  auto connection = server.Connect();
  const std::string value(100'000, 'x');
  absl::Status status;
  int stored = 0;
  for (; stored < 100 && status.ok(); ++stored) {
    status = connection->Call({"SET", "k" + std::to_string(stored), value}).status();
  }
  EXPECT_GT(stored, 1);
  EXPECT_EQ(KindOf(status), ErrorKind::kRefused);
}

TEST(RedisFailureTest, AReplicaRefusesWrites) {
  test::RedisServer server;
  auto connection = server.Connect();
  ASSERT_TRUE(connection->Call({"REPLICAOF", "127.0.0.1", "1"}).ok());
  EXPECT_EQ(KindOf(connection->Call({"SET", "k", "v"}).status()), ErrorKind::kRefused);
}

TEST(RedisFailureTest, TheServerKeepsItsPortAcrossRestarts) {
  test::RedisServer server({.tcp = true});
  const Address address = server.tcp_address();
  server.Shutdown();
  EXPECT_FALSE(server.running());
  server.Restart();
  EXPECT_EQ(server.tcp_address(), address);
  EXPECT_TRUE(Connection::Open({.address = address}).ok());
}

}  // namespace
}  // namespace firstline::redis
