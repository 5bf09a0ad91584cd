#include "common/client/command_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "absl/strings/str_cat.h"
#include "tests/client/fake_router.h"

namespace firstline::client {
namespace {

using std::chrono::milliseconds;
using test::FakeRouter;
using CommandsStream = FakeRouter::CommandsStream;

v1::Command Submission(const std::string& workspace, int number) {
  v1::Command command;
  command.mutable_submit_inquiry()->set_workspace(workspace);
  command.mutable_submit_inquiry()->mutable_inquiry()->set_id(absl::StrCat("i", number));
  return command;
}

// What routers have applied, by workspace: each inquiry once, in this order.
class Applied {
 public:
  v1::CommandResult Apply(const v1::Command& command) {
    sync::MutexLock lock(mutex_);
    const auto& submit = command.submit_inquiry();
    v1::CommandResult result;
    result.set_id(command.id());
    const bool is_new = seen_.insert(submit.workspace() + submit.inquiry().id()).second;
    if (is_new) order_[submit.workspace()].push_back(submit.inquiry().id());
    result.mutable_receipt()->set_replayed(!is_new);
    return result;
  }
  std::vector<std::string> order(const std::string& workspace) {
    sync::MutexLock lock(mutex_);
    return order_[workspace];
  }

 private:
  sync::Mutex mutex_;
  std::set<std::string> seen_;
  std::map<std::string, std::vector<std::string>> order_;
};

class CommandStreamTest : public testing::Test {
 protected:
  // Serves one stream: applies everything, answers all.
  grpc::Status Serve(CommandsStream* stream) {
    v1::CommandsRequest request;
    while (stream->Read(&request)) stream->Write(Answers(request));
    return grpc::Status::OK;
  }
  v1::CommandsResponse Answers(const v1::CommandsRequest& request) {
    EXPECT_LE(request.commands_size(), 64);
    v1::CommandsResponse response;
    for (const v1::Command& command : request.commands()) {
      *response.add_results() = applied_.Apply(command);
    }
    return response;
  }
  void SendAll(CommandStream& commands, const std::string& workspace, int count) {
    for (int i = 0; i < count; ++i) {
      commands.Send(Submission(workspace, i), [this, i](const Result<v1::Receipt>& answer) {
        EXPECT_TRUE(answer.ok()) << answer.error().ToString();
        sync::MutexLock lock(mutex_);
        EXPECT_TRUE(answered_.insert(i).second) << "answered twice: " << i;
      });
    }
  }
  static std::vector<std::string> Numbered(int count) {
    std::vector<std::string> ids;
    for (int i = 0; i < count; ++i) ids.push_back(absl::StrCat("i", i));
    return ids;
  }

  Applied applied_;
  sync::Mutex mutex_;
  std::set<int> answered_;
  FakeRouter router_;
  Client client_{{.targets = {router_.address()},
                  .attempt_deadline = milliseconds(500),
                  .retry = {.first_wait = milliseconds(1), .wait_max = milliseconds(4)}}};
};

TEST_F(CommandStreamTest, AnswersEverythingInOrder) {
  router_.on_commands = [this](CommandsStream* stream) { return Serve(stream); };
  CommandStream commands(client_, {.unanswered_max = 100});
  SendAll(commands, "acme", 3000);
  commands.Drain();
  EXPECT_EQ(answered_.size(), 3000u);
  EXPECT_EQ(applied_.order("acme"), Numbered(3000));
}

// Every stream is broken after a few batches, in the middle of one: some commands were applied and
// never answered, others never read.
TEST_F(CommandStreamTest, AppliesEverythingOnceAndInOrderAcrossBrokenStreams) {
  std::atomic<int> streams = 0;
  router_.on_commands = [&](CommandsStream* stream) {
    ++streams;
    v1::CommandsRequest request;
    for (int batch = 0; batch < 3 && stream->Read(&request); ++batch) {
      stream->Write(Answers(request));
    }
    if (stream->Read(&request)) Answers(request);  // Applied, answer lost.
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "Socket closed");
  };
  CommandStream commands(client_, {.unanswered_max = 500, .batch_max = 20});
  SendAll(commands, "acme", 1000);
  commands.Drain();
  EXPECT_EQ(answered_.size(), 1000u);
  EXPECT_EQ(applied_.order("acme"), Numbered(1000));
  EXPECT_GT(streams, 10);
}

TEST_F(CommandStreamTest, FollowsAWorkspaceToItsOwner) {
  FakeRouter owner;
  owner.on_commands = [this](CommandsStream* stream) { return Serve(stream); };
  std::atomic<int> refused = 0;
  router_.on_commands = [&](CommandsStream* stream) {
    v1::CommandsRequest request;
    while (stream->Read(&request)) {
      v1::CommandsResponse response;
      for (const v1::Command& command : request.commands()) {
        if (command.submit_inquiry().workspace() == "here") {
          *response.add_results() = applied_.Apply(command);
          continue;
        }
        ++refused;
        auto& result = *response.add_results();
        result.set_id(command.id());
        *result.mutable_error() = test::RefusalMessage(grpc::StatusCode::UNAVAILABLE, "NOT_OWNER",
                                                       {{"owner", owner.address()}});
      }
      stream->Write(response);
    }
    return grpc::Status::OK;
  };
  CommandStream commands(client_, {});
  for (const char* workspace : {"here", "moved"}) {
    SendAll(commands, workspace, 500);
    commands.Drain();
    EXPECT_EQ(applied_.order(workspace), Numbered(500));
    answered_.clear();
  }
  EXPECT_GT(refused, 0);
}

TEST_F(CommandStreamTest, ARouterThatFallsSilentIsLeft) {
  std::atomic<int> streams = 0;
  router_.on_commands = [&](CommandsStream* stream) {
    if (streams++ > 0) return Serve(stream);
    v1::CommandsRequest request;
    while (stream->Read(&request)) {
    }
    return grpc::Status::OK;
  };
  CommandStream commands(client_, {});
  SendAll(commands, "acme", 10);
  commands.Drain();
  EXPECT_EQ(applied_.order("acme"), Numbered(10));
  EXPECT_EQ(streams, 2);
}

TEST_F(CommandStreamTest, AnswersMaySendMore) {
  router_.on_commands = [this](CommandsStream* stream) { return Serve(stream); };
  CommandStream commands(client_, {});
  std::atomic<int> last = 0;
  std::function<void(int)> send = [&](int number) {
    commands.TrySend(Submission("acme", number), [&, number](const Result<v1::Receipt>&) {
      last = number;
      if (number < 50) send(number + 1);
    });
  };
  send(0);
  commands.Drain();
  EXPECT_EQ(last, 50);
}

TEST_F(CommandStreamTest, WhatIsUnansweredAtTheEndIsCancelled) {
  router_.on_commands = [](CommandsStream* stream) {
    v1::CommandsRequest request;
    while (stream->Read(&request)) {
    }
    return grpc::Status::OK;
  };
  std::atomic<int> cancelled = 0;
  {
    CommandStream commands(client_, {});
    for (int i = 0; i < 5; ++i) {
      commands.Send(Submission("acme", i), [&](const Result<v1::Receipt>& answer) {
        if (!answer.ok() && answer.error().code == grpc::StatusCode::CANCELLED) ++cancelled;
      });
    }
    EXPECT_EQ(commands.unanswered(), 5u);
  }
  EXPECT_EQ(cancelled, 5);
}

TEST_F(CommandStreamTest, NoMoreThanAllowedMayBeUnanswered) {
  router_.on_commands = [](CommandsStream* stream) {
    v1::CommandsRequest request;
    while (stream->Read(&request)) {
    }
    return grpc::Status::OK;
  };
  CommandStream commands(client_, {.unanswered_max = 2});
  EXPECT_TRUE(commands.TrySend(Submission("acme", 0), nullptr));
  EXPECT_TRUE(commands.TrySend(Submission("acme", 1), nullptr));
  EXPECT_FALSE(commands.TrySend(Submission("acme", 2), nullptr));
}

}  // namespace
}  // namespace firstline::client
