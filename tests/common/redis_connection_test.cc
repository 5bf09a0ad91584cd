// The client against a healthy server.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/redis/connection.h"
#include "common/redis/script.h"
#include "tests/common/redis_server.h"

namespace firstline::redis {
namespace {

class RedisConnectionTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new test::RedisServer({.tcp = true}); }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override {
    connection_ = server_->Connect();
    ASSERT_TRUE(connection_->Call({"FLUSHALL"}).ok());
  }

  static test::RedisServer* server_;
  std::unique_ptr<Connection> connection_;
};
test::RedisServer* RedisConnectionTest::server_ = nullptr;

TEST_F(RedisConnectionTest, ArgumentsArriveByteForByte) {
  const std::string value("a b\r\n\0%s%b$3\xff", 13);
  ASSERT_TRUE(connection_->Call({"SET", "key with blanks", value}).ok());
  EXPECT_EQ(*connection_->Call({"GET", "key with blanks"})->AsString(), value);
  ASSERT_TRUE(connection_->Call({"SET", "empty", ""}).ok());
  EXPECT_EQ(*connection_->Call({"GET", "empty"})->AsString(), "");
}

TEST_F(RedisConnectionTest, LargeValuesAndManyElements) {
  const std::string large(20'000'000, 'x');
  ASSERT_TRUE(connection_->Call({"SET", "large", large}).ok());
  EXPECT_EQ(*connection_->Call({"GET", "large"})->AsString(), large);
  std::vector<std::string> texts;
  for (int i = 0; i < 50'000; ++i) texts.push_back(std::to_string(i));
  std::vector<std::string_view> push = {"RPUSH", "list"};
  push.insert(push.end(), texts.begin(), texts.end());
  ASSERT_TRUE(connection_->Call(push).ok());
  auto all = connection_->Call({"LRANGE", "list", "0", "-1"});
  ASSERT_TRUE(all.ok());
  const std::vector<std::string_view> strings = *all->AsStrings();
  ASSERT_EQ(strings.size(), texts.size());
  EXPECT_TRUE(std::equal(strings.begin(), strings.end(), texts.begin()));
}

TEST_F(RedisConnectionTest, AccessorsCheckTypes) {
  ASSERT_TRUE(connection_->Call({"SET", "n", "42"}).ok());
  ASSERT_TRUE(connection_->Call({"SET", "s", "42x"}).ok());
  EXPECT_EQ(*connection_->Call({"GET", "n"})->AsInteger(), 42);
  EXPECT_EQ(*connection_->Call({"INCR", "n"})->AsInteger(), 43);
  EXPECT_EQ(KindOf(connection_->Call({"GET", "s"})->AsInteger().status()), ErrorKind::kOther);

  auto nil = connection_->Call({"GET", "absent"});
  EXPECT_TRUE(nil->is_nil());
  EXPECT_FALSE(nil->AsString().ok());
  EXPECT_FALSE(nil->AsInteger().ok());
  EXPECT_FALSE(nil->Size().ok());
  EXPECT_FALSE(nil->At(0).ok());

  auto array = connection_->Call({"MGET", "n", "absent"});
  EXPECT_EQ(*array->Size(), 2u);
  EXPECT_EQ(*array->At(0)->AsString(), "43");
  EXPECT_TRUE(array->At(1)->is_nil());
  EXPECT_FALSE(array->At(2).ok());
  EXPECT_FALSE(array->AsString().ok());
  EXPECT_FALSE(array->AsStrings().ok());
}

TEST_F(RedisConnectionTest, ErrorRepliesAreStatusesAndLeaveTheConnectionUsable) {
  ASSERT_TRUE(connection_->Call({"SET", "s", "x"}).ok());
  const auto reply = connection_->Call({"LPUSH", "s", "y"});
  EXPECT_EQ(KindOf(reply.status()), ErrorKind::kOther);
  EXPECT_NE(std::string(reply.status().message()).find("WRONGTYPE"), std::string::npos);
  EXPECT_FALSE(connection_->broken());
  EXPECT_TRUE(connection_->Ping().ok());
}

TEST_F(RedisConnectionTest, PipelinesAnswerInOrder) {
  constexpr int kCommands = 20'000;
  for (int i = 0; i < kCommands; ++i) connection_->Append({"INCR", "counter"});
  EXPECT_EQ(connection_->pending(), static_cast<std::size_t>(kCommands));
  ASSERT_TRUE(connection_->Flush().ok());
  connection_->Append({"LPUSH", "counter", "wrong type"});
  connection_->Append({"GET", "counter"});
  for (int i = 1; i <= kCommands; ++i) ASSERT_EQ(*connection_->ReadReply()->AsInteger(), i);
  EXPECT_FALSE(connection_->ReadReply().ok());
  EXPECT_EQ(*connection_->ReadReply()->AsInteger(), kCommands);
  EXPECT_EQ(connection_->pending(), 0u);
}

TEST_F(RedisConnectionTest, TransactionsShowTheErrorsOfTheirElements) {
  connection_->Append({"MULTI"});
  connection_->Append({"SET", "s", "x"});
  connection_->Append({"LPUSH", "s", "y"});
  connection_->Append({"EXEC"});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(connection_->ReadReply().ok());
  auto exec = connection_->ReadReply();
  ASSERT_TRUE(exec.ok());
  EXPECT_TRUE(exec->At(0)->status().ok());
  EXPECT_TRUE(exec->At(1)->is_error());
  EXPECT_NE(std::string(exec->At(1)->AsInteger().status().message()).find("WRONGTYPE"),
            std::string::npos);
}

TEST_F(RedisConnectionTest, AWatchedKeyThatChangedMakesExecNil) {
  auto other = server_->Connect();
  ASSERT_TRUE(connection_->Call({"WATCH", "token"}).ok());
  ASSERT_TRUE(other->Call({"SET", "token", "theirs"}).ok());
  connection_->Append({"MULTI"});
  connection_->Append({"SET", "x", "1"});
  connection_->Append({"EXEC"});
  connection_->ReadReply().IgnoreError();
  connection_->ReadReply().IgnoreError();
  EXPECT_TRUE(connection_->ReadReply()->is_nil());
}

TEST_F(RedisConnectionTest, TcpAndDatabaseNumbers) {
  Address address = server_->tcp_address();
  address.database = 3;
  auto in_three = Connection::Open({.address = address});
  ASSERT_TRUE(in_three.ok()) << in_three.status();
  ASSERT_TRUE((*in_three)->Call({"SET", "k", "three"}).ok());
  EXPECT_TRUE(connection_->Call({"GET", "k"})->is_nil());
  address.database = 9999;
  EXPECT_EQ(KindOf(Connection::Open({.address = address}).status()), ErrorKind::kOther);
}

TEST_F(RedisConnectionTest, ScriptsRunByDigest) {
  const Script script("return {KEYS[1], ARGV[1], ARGV[2]}");
  EXPECT_EQ(*connection_->Call({"SCRIPT", "LOAD", script.source()})->AsString(), script.sha1());
  const std::string_view keys[] = {"k"};
  const std::string_view arguments[] = {"a", "b"};
  auto reply = script.Run(*connection_, keys, arguments);
  EXPECT_EQ(*reply->AsStrings(), (std::vector<std::string_view>{"k", "a", "b"}));
}

TEST_F(RedisConnectionTest, AFlushedScriptCacheCostsOneMoreRoundTrip) {
  const Script script("return redis.call('INCR', KEYS[1])");
  const std::string_view keys[] = {"k"};
  EXPECT_EQ(*script.Run(*connection_, keys, {})->AsInteger(), 1);
  ASSERT_TRUE(connection_->Call({"SCRIPT", "FLUSH"}).ok());
  EXPECT_EQ(*script.Run(*connection_, keys, {})->AsInteger(), 2);

  ASSERT_TRUE(connection_->Call({"SCRIPT", "FLUSH"}).ok());
  script.Append(*connection_, keys, {});
  EXPECT_EQ(KindOf(connection_->ReadReply().status()), ErrorKind::kNoScript);
  ASSERT_TRUE(script.Load(*connection_).ok());
  script.Append(*connection_, keys, {});
  EXPECT_EQ(*connection_->ReadReply()->AsInteger(), 3);
}

TEST(ScriptTest, DigestsArePublishedOnes) {
  EXPECT_EQ(Script("abc").sha1(), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(Script("").sha1(), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

TEST(RedisPasswordTest, IsAskedForAndGiven) {
  test::RedisServer server({.password = "s3cret words"});
  EXPECT_TRUE(server.Connect()->Ping().ok());
  Address address = server.address();
  address.password = "wrong";
  EXPECT_EQ(KindOf(Connection::Open({.address = address}).status()), ErrorKind::kOther);
  address.user = "default";
  address.password = "s3cret words";
  EXPECT_TRUE(Connection::Open({.address = address}).ok());
  address.password.clear();
  auto without = Connection::Open({.address = address});
  ASSERT_TRUE(without.ok());
  EXPECT_EQ(KindOf((*without)->Ping()), ErrorKind::kOther);
}

}  // namespace
}  // namespace firstline::redis
