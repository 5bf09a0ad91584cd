// firstline workspace export and import: a busy workspace goes from the Redis of one router to that
// of another and goes on there, and nothing that lives is overwritten.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "services/router/store/redis_store.h"
#include "tests/cli/live_router.h"
#include "tests/common/redis_server.h"

namespace firstline::cli {
namespace {

using nlohmann::json;
using test::Said;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Name(const test::RedisServer& redis) { return "unix:" + redis.address().unix_path; }

// What is stored of the workspace but its history, as a text.
std::string Stored(const test::RedisServer& redis) {
  store::RedisStore reader({.servers = {.target = redis.address()}});
  const auto seen = reader.Execute({store::Observe{"shop"}})[0].ownership;
  const auto mine =
      reader.Execute({store::Acquire{"shop", seen, 1, "test:1"}})[0].ownership;
  const auto state = reader.Execute({store::Load{"shop", mine->token}})[0].state;
  reader.Execute({store::Release{"shop", mine->token, mine->sequence}});
  std::string text;
  for (const store::Record& record : state->records) {
    absl::StrAppend(&text, "\n", static_cast<int>(record.table), " ", record.key, " ",
                    absl::CHexEscape(record.bytes));
  }
  return text;
}

class WorkspaceMoveTest : public test::LiveRouterTest {
 protected:
  std::string Store() const override { return Name(moved_ ? new_ : old_); }
  void MakeBusy() {
    Get({"agent", "set", "ann", "--presence", "available"});
    Get({"inquiry", "submit", "--id", "held", "--channel", "chat", "--queue", "sales"});
    Get({"inquiry", "submit", "--id", "waits", "--channel", "chat", "--queue", "care",
         "--customer", "c-1"});
    Get({"inquiry", "submit", "--id", "gone", "--channel", "chat", "--queue", "care"});
    Get({"inquiry", "cancel", "gone"});
    Get({"agent", "accept", "ann"});
  }
  // By id: a list has them in the order in which its router came to know them.
  std::map<std::string, json> Inquiries() {
    std::map<std::string, json> by_id;
    for (const json& one : json::parse(Get({"inquiry", "list", "-o", "json"}))["inquiries"]) {
      by_id[one["spec"]["id"]] = one;
    }
    return by_id;
  }
  Said Export(const std::string& file) {
    return Plain({"-w", "shop", "workspace", "export", file, "--store", Name(old_)});
  }
  Said Import(const std::string& file, const test::RedisServer& redis) {
    return Plain({"workspace", "import", file, "--store", Name(redis)});
  }

  test::RedisServer old_{{.append_only = true}}, new_{{.append_only = true}};
  bool moved_ = false;
};

TEST_F(WorkspaceMoveTest, GoesOnElsewhereAsItWas) {
  MakeBusy();
  const auto inquiries = Inquiries();
  const std::string config = Get({"config", "export"});
  const std::string history = Get({"events", "-o", "jsonl"});
  router_->Stop();
  router_.reset();

  const std::string file = folder_.File("shop.fl");
  const Said exported = Export(file);
  ASSERT_EQ(exported.exit, ExitCode::kOk) << exported.err;
  EXPECT_THAT(exported.out, AllOf(HasSubstr("shop: 3 inquiries, 2 agents"), HasSubstr("events")));
  EXPECT_EQ(exported.err, "");
  const Said imported = Import(file, new_);
  ASSERT_EQ(imported.exit, ExitCode::kOk) << imported.err;
  EXPECT_EQ(imported.out, exported.out);
  EXPECT_EQ(Stored(new_), Stored(old_));

  moved_ = true;
  StartRouter();
  EXPECT_EQ(Inquiries(), inquiries);
  EXPECT_EQ(Get({"config", "export"}), config);
  EXPECT_THAT(Get({"events", "-o", "jsonl"}), HasSubstr(history));
  const std::string audit = Get({"audit", "list"});
  EXPECT_THAT(audit, AllOf(HasSubstr("workspace imported"), HasSubstr("@")));
  Get({"inquiry", "close", "held"});
  EXPECT_THAT(Get({"inquiry", "get", "held"}), HasSubstr("CLOSED"));
}

TEST_F(WorkspaceMoveTest, ARunningRouterTakesWhatIsImported) {
  MakeBusy();
  router_->Stop();
  router_.reset();
  ASSERT_EQ(Export(folder_.File("shop.fl")).exit, ExitCode::kOk);
  router::AppOptions options;
  options.listen = absl::StrCat("127.0.0.1:", port_);
  options.metrics_listen = "";
  options.store = Name(new_);
  options.lease = std::chrono::milliseconds(500);
  auto started = router::App::Start(options);
  ASSERT_TRUE(started.ok()) << started.status();
  router_ = *std::move(started);
  ASSERT_EQ(Import(folder_.File("shop.fl"), new_).exit, ExitCode::kOk);
  EXPECT_THAT(Get({"-w", "shop", "inquiry", "get", "waits"}), HasSubstr("WAITING"));
}

TEST_F(WorkspaceMoveTest, NothingThatLivesIsOverwritten) {
  MakeBusy();
  const std::string file = folder_.File("shop.fl");
  const Said exported = Export(file);
  ASSERT_EQ(exported.exit, ExitCode::kOk) << exported.err;
  EXPECT_THAT(exported.err, HasSubstr("owns it: what happens from now on"));
  const auto before = Inquiries();
  const Said living = Import(file, old_);
  EXPECT_EQ(living.exit, ExitCode::kRefused);
  EXPECT_THAT(living.err, AllOf(HasSubstr("there is a workspace 'shop', owned by " + address()),
                                HasSubstr("hint: import never overwrites")));
  router_->Stop();
  router_.reset();
  EXPECT_EQ(Import(file, old_).exit, ExitCode::kRefused);
  StartRouter();
  EXPECT_EQ(Inquiries(), before);
}

TEST_F(WorkspaceMoveTest, SaysWhatIsWrong) {
  const std::string file = folder_.File("shop.fl");
  EXPECT_EQ(Plain({"workspace", "export", file, "--store", Name(old_)}).exit, ExitCode::kUsage);
  EXPECT_EQ(Plain({"-w", "nope", "workspace", "export", file, "--store", Name(old_)}).exit,
            ExitCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_FALSE(std::filesystem::exists(file + ".part"));
  EXPECT_EQ(Plain({"-w", "shop", "workspace", "export", file, "--store", "unix:/nowhere"}).exit,
            ExitCode::kUnavailable);
  EXPECT_EQ(Import(file, new_).exit, ExitCode::kNotFound);
  std::ofstream(file) << "hello";
  EXPECT_EQ(Import(file, new_).exit, ExitCode::kInvalid);
  ASSERT_EQ(Export(file).exit, ExitCode::kOk);
  EXPECT_EQ(Plain({"-w", "bank", "workspace", "import", file, "--store", Name(new_)}).exit,
            ExitCode::kInvalid);
  EXPECT_EQ(*new_.Connect()->Call({"DBSIZE"})->AsInteger(), 0);
}

}  // namespace
}  // namespace firstline::cli
