#include "common/client/command_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/fake_router.h"

namespace firstline::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr nanoseconds kStart = std::chrono::hours(1);

class CommandBookTest : public testing::Test {
 protected:
  void Add(const std::string& workspace, const std::string& inquiry_id,
           nanoseconds deadline = kStart + seconds(10)) {
    v1::Command command;
    command.mutable_park_inquiry()->set_workspace(workspace);
    command.mutable_park_inquiry()->set_inquiry_id(inquiry_id);
    book_.Add(
        command,
        [this, inquiry_id](const Result<v1::Receipt>& result) {
          answers_.push_back(inquiry_id +
                             (result.ok() ? " ok" : " " + CodeName(result.error().code)));
        },
        deadline);
  }
  // Takes what may be sent and keeps it for answers.
  std::vector<std::string> Take(const std::string& address, nanoseconds now,
                                std::size_t most = 64) {
    book_.Ready(now);
    std::vector<std::string> inquiries;
    for (const v1::Command& command : book_.Take(address, most, now)) {
      const auto& park = command.park_inquiry();
      inquiries.push_back(park.inquiry_id());
      sent_[park.inquiry_id()] = command.id();
      request_ids_[park.inquiry_id()].insert(park.request_id());
    }
    return inquiries;
  }
  void Tell(const std::vector<CommandBook::Outcome>& outcomes) {
    for (const auto& outcome : outcomes) outcome.Tell();
  }
  void Ok(const std::string& address, const std::string& inquiry_id,
          const std::string& owner = "") {
    v1::CommandResult result;
    result.set_id(sent_.at(inquiry_id));
    result.set_owner(owner);
    result.mutable_receipt();
    Tell(book_.Answer(address, result, kStart));
  }
  void Refused(const std::string& address, const std::string& inquiry_id,
               const google::rpc::Status& error) {
    v1::CommandResult result;
    result.set_id(sent_.at(inquiry_id));
    *result.mutable_error() = error;
    Tell(book_.Answer(address, result, kStart));
  }
  static google::rpc::Status Unavailable() {
    return test::RefusalMessage(grpc::StatusCode::UNAVAILABLE, "STORE_UNAVAILABLE");
  }

  Link link_{{.targets = {"a:1", "b:1"},
              .retry = {.first_wait = milliseconds(100), .wait_max = milliseconds(100)},
              .timing = std::make_shared<test::FakeTiming>()}};
  CommandBook book_{link_};
  std::vector<std::string> answers_;
  std::map<std::string, std::uint64_t> sent_;
  std::map<std::string, std::set<std::string>> request_ids_;
};

TEST_F(CommandBookTest, GoesToTheOwnerOnceAllThatIsOutIsAnswered) {
  for (const char* id : {"i1", "i2", "i3"}) Add("acme", id);
  EXPECT_THAT(Take("a:1", kStart, 2), ElementsAre("i1", "i2"));
  Ok("a:1", "i1", "c:1");
  EXPECT_THAT(Take("a:1", kStart), IsEmpty());
  EXPECT_THAT(Take("c:1", kStart), IsEmpty()) << "i2 may be on its way";
  Ok("a:1", "i2", "c:1");
  EXPECT_THAT(Take("c:1", kStart), ElementsAre("i3"));
  Ok("c:1", "i3");
  EXPECT_THAT(answers_, ElementsAre("i1 ok", "i2 ok", "i3 ok"));
}

TEST_F(CommandBookTest, StaysWhereItIsWhenTheOwnerCannotBeReached) {
  Add("acme", "i1");
  EXPECT_THAT(Take("a:1", kStart), ElementsAre("i1"));
  Ok("a:1", "i1", "c:1");
  Add("acme", "i2");
  EXPECT_THAT(Take("c:1", kStart), ElementsAre("i2"));
  Tell(book_.Break("c:1", Error{.code = grpc::StatusCode::UNAVAILABLE}, kStart));
  const nanoseconds later = kStart + seconds(1);
  Add("acme", "i3");
  EXPECT_THAT(Take("a:1", later), ElementsAre("i2", "i3"));
  Ok("a:1", "i2", "c:1");
  Add("acme", "i4");
  EXPECT_THAT(Take("a:1", later), ElementsAre("i4"));
}

TEST_F(CommandBookTest, SendsInOrderAndOnce) {
  Add("acme", "i1");
  Add("acme", "i2");
  Add("acme", "i3");
  EXPECT_THAT(Take("a:1", kStart, 2), ElementsAre("i1", "i2"));
  EXPECT_THAT(Take("a:1", kStart, 2), ElementsAre("i3"));
  EXPECT_THAT(Take("a:1", kStart), IsEmpty());
  Ok("a:1", "i1");
  Ok("a:1", "i2");
  Ok("a:1", "i2");  // Said twice.
  EXPECT_EQ(book_.unanswered(), 1u);
  EXPECT_THAT(answers_, ElementsAre("i1 ok", "i2 ok"));
}

TEST_F(CommandBookTest, ABrokenStreamSendsEverythingUnansweredAgainBeforeAnythingNew) {
  for (const char* id : {"i1", "i2", "i3"}) Add("acme", id);
  Take("a:1", kStart);
  Ok("a:1", "i1");
  Tell(book_.Break("a:1", {.code = grpc::StatusCode::UNAVAILABLE}, kStart));
  Add("acme", "i4");
  EXPECT_THAT(Take("b:1", kStart), IsEmpty()) << "not before the wait is over";
  EXPECT_EQ(book_.NextTime(kStart), kStart + milliseconds(75));
  const nanoseconds later = kStart + milliseconds(75);
  EXPECT_THAT(Take("a:1", later), IsEmpty()) << "the other target's turn";
  EXPECT_THAT(Take("b:1", later), ElementsAre("i2", "i3", "i4"));
  EXPECT_EQ(request_ids_["i2"].size(), 1u) << "repeated under the same request id";
}

TEST_F(CommandBookTest, ARefusalForNowHaltsTheLaneUntilAllThatIsOutHasBeenAnswered) {
  for (const char* id : {"i1", "i2", "i3"}) Add("acme", id);
  Add("other", "j1");
  Take("a:1", kStart);
  Refused("a:1", "i1", Unavailable());
  Add("acme", "i4");
  Add("other", "j2");
  const nanoseconds later = kStart + seconds(1);
  EXPECT_THAT(Take("a:1", later), ElementsAre("j2")) << "other workspaces go on";
  Refused("a:1", "i2", Unavailable());
  Ok("a:1", "i3");
  EXPECT_THAT(Take("a:1", later), ElementsAre("i1", "i2", "i4"));
  EXPECT_THAT(answers_, ElementsAre("i3 ok"));
}

TEST_F(CommandBookTest, MovesToTheOwnerWithEverythingUnanswered) {
  for (const char* id : {"i1", "i2"}) Add("acme", id);
  Take("a:1", kStart);
  const auto not_owner =
      test::RefusalMessage(grpc::StatusCode::UNAVAILABLE, "NOT_OWNER", {{"owner", "c:1"}});
  Refused("a:1", "i1", not_owner);
  EXPECT_THAT(Take("c:1", kStart), IsEmpty()) << "i2 may still be applied at a:1";
  Refused("a:1", "i2", not_owner);
  EXPECT_THAT(book_.Ready(kStart), ElementsAre("c:1"));
  EXPECT_THAT(Take("c:1", kStart), ElementsAre("i1", "i2"));
  Ok("a:1", "i1");  // A late word of the former router counts for nothing.
  EXPECT_EQ(book_.unanswered(), 2u);
}

TEST_F(CommandBookTest, AFinalRefusalIsAnAnswer) {
  Add("acme", "i1");
  Add("acme", "i2");
  Take("a:1", kStart);
  Refused("a:1", "i1", test::RefusalMessage(grpc::StatusCode::NOT_FOUND, "UNKNOWN_INQUIRY"));
  Ok("a:1", "i2");
  EXPECT_THAT(answers_, ElementsAre("i1 NOT_FOUND", "i2 ok"));
}

TEST_F(CommandBookTest, WithoutRepetitionARefusalForNowIsAnAnswerAndHaltsNobody) {
  CommandBook book(link_, false);
  const auto answer = [&](std::uint64_t id, const google::rpc::Status& error) {
    v1::CommandResult result;
    result.set_id(id);
    *result.mutable_error() = error;
    Tell(book.Answer("a:1", result, kStart));
  };
  const auto add = [&](const std::string& name) {
    v1::Command command;
    command.mutable_park_inquiry()->set_workspace("acme");
    const CommandAnswer note = [this, name](const Result<v1::Receipt>& result) {
      answers_.push_back(name + " " + CodeName(result.error().code));
    };
    book.Add(command, note, kStart + seconds(10));
  };
  for (const char* name : {"i1", "i2", "i3"}) add(name);
  book.Ready(kStart);
  const std::vector<v1::Command> sent = book.Take("a:1", 2, kStart);
  answer(sent[0].id(), test::RefusalMessage(grpc::StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED", {},
                                            milliseconds(200)));
  EXPECT_THAT(answers_, ElementsAre("i1 RESOURCE_EXHAUSTED"));
  EXPECT_EQ(book.Take("a:1", 64, kStart).size(), 1u) << "i3 need not wait for i2";
  answer(sent[1].id(), test::RefusalMessage(grpc::StatusCode::UNAVAILABLE, "NOT_OWNER",
                                            {{"owner", "c:1"}}, milliseconds(200)));
  EXPECT_EQ(book.unanswered(), 2u) << "the owner is followed all the same";
}

TEST_F(CommandBookTest, WhatIsNotAnsweredInTimeFails) {
  Add("acme", "i1", kStart + seconds(1));
  Add("acme", "i2", kStart + seconds(2));
  Take("a:1", kStart);
  EXPECT_EQ(book_.NextTime(kStart), kStart + seconds(1));
  Tell(book_.Expire(kStart + seconds(1)));
  EXPECT_THAT(answers_, ElementsAre("i1 DEADLINE_EXCEEDED"));
  Ok("a:1", "i1");  // Too late.
  Ok("a:1", "i2");
  EXPECT_THAT(answers_, ElementsAre("i1 DEADLINE_EXCEEDED", "i2 ok"));
}

TEST_F(CommandBookTest, AStreamThatCannotBeResumedAnswersWhatWasSentOnIt) {
  Add("acme", "i1");
  Take("a:1", kStart);
  Add("acme", "i2");
  Tell(book_.Break("a:1", {.code = grpc::StatusCode::UNIMPLEMENTED}, kStart));
  EXPECT_THAT(answers_, ElementsAre("i1 UNIMPLEMENTED"));
  EXPECT_EQ(book_.unanswered(), 1u);
  Tell(book_.Abandon());
  EXPECT_THAT(answers_, ElementsAre("i1 UNIMPLEMENTED", "i2 CANCELLED"));
}

}  // namespace
}  // namespace firstline::client
