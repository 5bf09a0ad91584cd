// Real routers and a real Redis under load, while one of them is killed, stopped, filled up or comes
// back with an older state: every acknowledged inquiry is there exactly once.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <memory>

#include "common/redis/connection.h"
#include "services/router/app.h"
#include "tests/common/redis_server.h"
#include "tests/integration/load.h"
#include "tests/support/router_process.h"

namespace firstline::test {
namespace {

using std::chrono::milliseconds;

constexpr size_t kSome = 200;
constexpr size_t kUnderWay = 4;  // calls of two threads whose answers may be on their way

// ---- Two routers --------------------------------------------------------------------------------

class TwoRouters : public testing::Test {
 protected:
  RouterProcess& Owner() {
    const auto record = redis_.Connect()->Call({"HGET", "fl:{shop}:own", "address"});
    EXPECT_TRUE(record.ok());
    const std::string address(record->view().AsString().value());
    return address == a_.address() ? a_ : b_;
  }

  RedisServer redis_{{.append_only = true}};
  const RouterProcessOptions options_ = {.store = "unix:" + redis_.address().unix_path,
                                         .extra_arguments = {"--lease-ms=1000"}};
  RouterProcess a_{options_}, b_{options_};
  const std::unique_ptr<Load> load_ =
      std::make_unique<Load>(std::vector<std::string>{a_.address(), b_.address()});
};

TEST_F(TwoRouters, OwnerKilled) {
  load_->Start(2);
  ASSERT_TRUE(load_->Acknowledge(kSome));
  RouterProcess& owner = Owner();
  owner.Signal(SIGKILL);
  EXPECT_EQ(owner.Wait(), -SIGKILL);
  ASSERT_TRUE(load_->Acknowledge(kSome)) << "the other router does not take over";
  EXPECT_NE(&Owner(), &owner);
  ExpectExactlyOnce(*load_);
}

// Stopped in the middle of its work, the owner wakes up when another has taken over; what it had
// under way is refused, also when its own old token stands in Redis again.
TEST_F(TwoRouters, OwnerStopped) {
  load_->Start(2);
  ASSERT_TRUE(load_->Acknowledge(kSome));
  RouterProcess& owner = Owner();
  auto redis = redis_.Connect();
  const auto field = [&](const char* name) {
    return std::string(redis->Call({"HGET", "fl:{shop}:own", name})->view().AsString().value());
  };
  const std::string epoch = field("epoch"), nonce = field("nonce"), address = field("address");
  owner.Signal(SIGSTOP);
  ASSERT_TRUE(load_->Acknowledge(kSome)) << "the other router does not take over";
  EXPECT_NE(field("epoch"), epoch);
  // The ownership record is rolled back: the stopped owner's token is valid again for Redis.
  ASSERT_TRUE(redis->Call({"HSET", "fl:{shop}:own", "epoch", epoch, "nonce", nonce, "address",
                           address}).ok());
  owner.Signal(SIGCONT);
  ASSERT_TRUE(load_->Acknowledge(kSome));
  EXPECT_NE(field("nonce"), nonce) << "the old token must not be used again";
  ExpectExactlyOnce(*load_);
}

// ---- One router, Redis in trouble ---------------------------------------------------------------

class RedisInTrouble : public testing::Test {
 protected:
  void StartApp(bool forget_restore = false) {
    router::AppOptions options;
    options.listen = "127.0.0.1:0";
    options.metrics_listen = "";
    options.store = "unix:" + redis_.address().unix_path;
    options.bugs.forget_restore = forget_restore;
    auto app = router::App::Start(options);
    ASSERT_TRUE(app.ok()) << app.status();
    app_ = *std::move(app);
    load_ = std::make_unique<Load>(
        std::vector<std::string>{"127.0.0.1:" + std::to_string(app_->grpc_port())});
  }
  void TearDown() override {
    load_.reset();
    app_.reset();
  }

  // How many of `ids` have no record in `server`.
  static size_t Missing(RedisServer& server, const std::set<std::string>& ids) {
    auto redis = server.Connect();
    const auto generation = redis->Call({"HGET", "fl:{shop}:own", "generation"});
    const std::string key =
        "fl:{shop}:" + std::string(generation->view().AsString().value()) + ":i";
    size_t missing = 0;
    for (const std::string& id : ids) {
      missing += redis->Call({"HEXISTS", key, id})->view().AsInteger().value() == 0 ? 1 : 0;
    }
    return missing;
  }

  // Redis dies and comes back with what it had saved at least a second before the last
  // acknowledgement. Returns how many acknowledged records are missing in the end.
  size_t ComeBackOlder() {
    load_->Start(1);
    EXPECT_TRUE(load_->Acknowledge(kSome));
    EXPECT_TRUE(redis_.Connect()->Call({"SAVE"}).ok());
    const auto saved = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() < saved + milliseconds(1200)) {
      EXPECT_TRUE(load_->Acknowledge(20));
    }
    load_->Stop();
    const std::set<std::string> acknowledged = load_->acknowledged();
    redis_.Kill();
    RedisServer older;
    older.Kill();
    std::filesystem::copy_file(redis_.folder() / "dump.rdb", older.folder() / "dump.rdb",
                               std::filesystem::copy_options::overwrite_existing);
    older.Restart();
    EXPECT_GT(Missing(older, acknowledged), 20u) << "nothing was lost, so nothing is proven";
    redis_.Restart();
    // Answered once the workspace is whole again.
    load_->History();
    return Missing(redis_, acknowledged);
  }

  RedisServer redis_;
  std::unique_ptr<router::App> app_;
  std::unique_ptr<Load> load_;
};

TEST_F(RedisInTrouble, RestartedFromAnOlderState) {
  StartApp();
  EXPECT_EQ(ComeBackOlder(), 0u);
  ExpectExactlyOnce(*load_);
}

TEST_F(RedisInTrouble, WithoutRestoreTheOlderStateStays) {
  StartApp(/*forget_restore=*/true);
  EXPECT_GT(ComeBackOlder(), 0u);
}

TEST_F(RedisInTrouble, Stalled) {
  StartApp();
  load_->Start(2);
  ASSERT_TRUE(load_->Acknowledge(kSome));
  redis_.Pause();
  // Longer than a command may take: batches under way are in doubt and are sent again. What was
  // answered by Redis before it stopped may still be heard.
  EXPECT_LE(load_->AcknowledgedWithin(milliseconds(2500), kUnderWay), kUnderWay);
  redis_.Resume();
  ASSERT_TRUE(load_->Acknowledge(kSome));
  ExpectExactlyOnce(*load_);
}

TEST_F(RedisInTrouble, OutOfMemory) {
  StartApp();
  load_->Start(2);
  ASSERT_TRUE(load_->Acknowledge(kSome));
  auto redis = redis_.Connect();
  ASSERT_TRUE(redis->Call({"CONFIG", "SET", "maxmemory", "1mb"}).ok());
  EXPECT_LE(load_->AcknowledgedWithin(milliseconds(1500), kUnderWay), kUnderWay)
      << "acknowledged without being stored";
  ASSERT_TRUE(redis->Call({"CONFIG", "SET", "maxmemory", "0"}).ok());
  ASSERT_TRUE(load_->Acknowledge(kSome));
  ExpectExactlyOnce(*load_);
}

TEST_F(RedisInTrouble, ScriptsFlushed) {
  StartApp();
  load_->Start(2);
  auto redis = redis_.Connect();
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(redis->Call({"SCRIPT", "FLUSH"}).ok());
    ASSERT_TRUE(load_->Acknowledge(10));
  }
  ExpectExactlyOnce(*load_);
}

}  // namespace
}  // namespace firstline::test
