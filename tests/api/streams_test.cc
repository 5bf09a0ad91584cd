// The streams over a real connection: batches of commands, history.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/rpc/error.h"
#include "common/status/reason.h"
#include "tests/api/server_fixture.h"

namespace firstline::api {
namespace {

using ::testing::ElementsAre;

// Ends the call when a test hangs.
class CommandsTest : public ServerFixture {};

TEST_F(CommandsTest, AnswersInOrderWithEveryCommandsResult) {
  BuildWorkspace();
  const auto stub = v1::RoutingService::NewStub(channel_);
  grpc::ClientContext context;
  SetDeadline(context);
  auto stream = stub->Commands(&context);
  constexpr int kBatches = 200, kSize = 64;
  for (int b = 0; b < kBatches; ++b) {
    v1::CommandsRequest request;
    for (int i = 0; i < kSize; ++i) {
      v1::Command* command = request.add_commands();
      command->set_id(static_cast<uint64_t>(b * kSize + i));
      // Every tenth is refused; it must not overtake the others.
      v1::InquirySpec* spec = command->mutable_submit_inquiry()->mutable_inquiry();
      command->mutable_submit_inquiry()->set_workspace("w");
      spec->set_id(absl::StrCat("s", b, "-", i));
      spec->set_queue("support");
      spec->set_channel(i % 10 == 9 ? "" : "chat");
    }
    ASSERT_TRUE(stream->Write(request));
  }
  stream->WritesDone();
  v1::CommandsResponse response;
  uint64_t next = 0;
  int refused = 0;
  while (stream->Read(&response)) {
    for (const v1::CommandResult& result : response.results()) {
      EXPECT_EQ(result.id(), next++);
      if (result.has_error()) ++refused;
    }
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(next, static_cast<uint64_t>(kBatches * kSize));
  EXPECT_EQ(refused, kBatches * 6);
}

TEST_F(CommandsTest, OneWorkspaceDoesNotWaitForAnother) {
  BuildWorkspace();
  backend_.HoldAnswers();
  const auto stub = v1::RoutingService::NewStub(channel_);
  grpc::ClientContext context;
  SetDeadline(context);
  auto stream = stub->Commands(&context);
  v1::CommandsRequest request;
  request.add_commands()->set_id(1);
  request.mutable_commands(0)->mutable_park_inquiry()->set_workspace("w");
  request.mutable_commands(0)->mutable_park_inquiry()->set_inquiry_id("waiting");
  request.add_commands()->set_id(2);  // the same workspace, refused at once: waits behind the first
  request.mutable_commands(1)->mutable_park_inquiry()->set_workspace("w");
  request.add_commands()->set_id(3);
  request.mutable_commands(2)->mutable_park_inquiry()->set_workspace("v");
  ASSERT_TRUE(stream->Write(request));
  v1::CommandsResponse response;
  ASSERT_TRUE(stream->Read(&response));
  ASSERT_EQ(response.results_size(), 1);
  EXPECT_EQ(response.results(0).id(), 3u);
  backend_.Release();
  std::vector<uint64_t> ids;
  stream->WritesDone();
  while (stream->Read(&response)) {
    for (const auto& result : response.results()) ids.push_back(result.id());
  }
  EXPECT_THAT(ids, ElementsAre(1u, 2u));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(CommandsTest, StopsReadingWhenTooMuchIsUnanswered) {
  BuildWorkspace();
  backend_.HoldAnswers();
  const auto stub = v1::RoutingService::NewStub(channel_);
  grpc::ClientContext context;
  SetDeadline(context);
  auto stream = stub->Commands(&context);
  v1::CommandsRequest request;
  for (int i = 0; i < 64; ++i) {
    v1::ParkInquiryRequest* park = request.add_commands()->mutable_park_inquiry();
    park->set_workspace("w");
    park->set_inquiry_id("waiting");
  }
  constexpr int kBatches = 100;  // 6,400 commands
  std::thread writer([&] {
    for (int b = 0; b < kBatches; ++b) stream->Write(request);
    stream->WritesDone();
  });
  while (backend_.held() < limits::kStreamCommandsMax) std::this_thread::yield();
  EXPECT_EQ(backend_.held(), limits::kStreamCommandsMax);
  backend_.Release();
  v1::CommandsResponse response;
  int results = 0;
  while (stream->Read(&response)) results += response.results_size();
  writer.join();
  EXPECT_EQ(results, kBatches * 64);
  EXPECT_TRUE(stream->Finish().ok());
}

// What was taken is answered; the caller is not waited for.
TEST_F(CommandsTest, AShutdownEndsStreamsOnceWhatWasTakenIsAnswered) {
  BuildWorkspace();
  backend_.HoldAnswers();
  const auto stub = v1::RoutingService::NewStub(channel_);
  grpc::ClientContext context, idle_context;
  SetDeadline(context);
  SetDeadline(idle_context);
  auto idle = stub->Commands(&idle_context);
  auto stream = stub->Commands(&context);
  v1::CommandsRequest request;
  v1::ParkInquiryRequest* park = request.add_commands()->mutable_park_inquiry();
  park->set_workspace("w");
  park->set_inquiry_id("waiting");
  ASSERT_TRUE(stream->Write(request));
  while (backend_.held() < 1) std::this_thread::yield();
  server_->Drain();
  v1::CommandsResponse response;
  EXPECT_FALSE(idle->Read(&response));
  EXPECT_EQ(status::ReasonOf(rpc::FromGrpc(idle->Finish())), "SHUTTING_DOWN");
  backend_.Release();
  EXPECT_TRUE(stream->Read(&response));
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(status::ReasonOf(rpc::FromGrpc(stream->Finish())), "SHUTTING_DOWN");
  grpc::ClientContext late_context;
  SetDeadline(late_context);
  auto late = stub->Commands(&late_context);
  EXPECT_FALSE(late->Read(&response));
  EXPECT_EQ(status::ReasonOf(rpc::FromGrpc(late->Finish())), "SHUTTING_DOWN");
}

TEST_F(CommandsTest, ACallerThatLeavesIsForgottenOnceItsCommandsAreAnswered) {
  BuildWorkspace();
  backend_.HoldAnswers();
  const auto stub = v1::RoutingService::NewStub(channel_);
  {
    grpc::ClientContext context;
    auto stream = stub->Commands(&context);
    v1::CommandsRequest request;
    request.add_commands()->mutable_park_inquiry()->set_workspace("w");
    request.mutable_commands(0)->mutable_park_inquiry()->set_inquiry_id("waiting");
    ASSERT_TRUE(stream->Write(request));
    while (backend_.held() == 0) std::this_thread::yield();
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  backend_.Release();
  // Whether the server hears of the cancellation before it has answered everything is up to gRPC.
  const auto ended = [&](const char* code) {
    return observer_.count(absl::StrCat("firstline.v1.RoutingService/Commands ", code)) > 0;
  };
  while (!ended("0") && !ended("1")) std::this_thread::yield();
}

class WatchEventsTest : public ServerFixture {
 protected:
  using Reader = std::unique_ptr<grpc::ClientReader<v1::WatchEventsResponse>>;
  Reader Watch(grpc::ClientContext& context, const std::string& text) {
    SetDeadline(context);
    stub_ = v1::RoutingService::NewStub(channel_);
    return stub_->WatchEvents(&context, Text<v1::WatchEventsRequest>(text));
  }
  // Reads until `count` events came.
  std::vector<v1::Event> Take(Reader& reader, size_t count) {
    std::vector<v1::Event> events;
    while (events.size() < count && reader->Read(&response_)) {
      events.insert(events.end(), response_.events().begin(), response_.events().end());
    }
    return events;
  }
  void Submit(const std::string& id) {
    Must<v1::SubmitInquiryResponse>("RoutingService.SubmitInquiry",
                                    absl::StrCat("workspace: 'w' inquiry { id: '", id,
                                                 "' queue: 'support' channel: 'chat' }"));
  }

  std::unique_ptr<v1::RoutingService::Stub> stub_;
  v1::WatchEventsResponse response_;
};

TEST_F(WatchEventsTest, TellsEverythingFromTheStartAndThenAsItHappens) {
  BuildWorkspace();
  grpc::ClientContext context;
  auto reader = Watch(context, "workspace: 'w' cursor: '0-0'");
  const store::EventId last = *backend_.Last("w");
  std::vector<v1::Event> events = Take(reader, last.n);
  ASSERT_EQ(events.size(), last.n);
  for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].id(), absl::StrCat("7-", i + 1));
  EXPECT_EQ(response_.cursor(), store::ToString(last));
  Submit("later");
  events = Take(reader, 1);
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events[0].inquiry_submitted().inquiry().spec().id(), "later");
  context.TryCancel();
}

TEST_F(WatchEventsTest, ResumesAfterTheCursorAndFilters) {
  BuildWorkspace();
  Submit("one");
  const std::string cursor = store::ToString(*backend_.Last("w"));
  Submit("two");
  Submit("three");
  grpc::ClientContext context;
  auto reader = Watch(context, absl::StrCat("workspace: 'w' cursor: '", cursor,
                                            "' kinds: EVENT_KIND_INQUIRY_SUBMITTED"));
  const std::vector<v1::Event> events = Take(reader, 2);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].inquiry_id(), "two");
  EXPECT_EQ(events[1].inquiry_id(), "three");
  context.TryCancel();
}

TEST_F(WatchEventsTest, WithoutACursorBeginsNow) {
  BuildWorkspace();
  grpc::ClientContext context;
  auto reader = Watch(context, "workspace: 'w'");
  // The stream is known to be open when it tells something; until then more and more happens.
  std::atomic<bool> seen{false};
  std::thread submitter([&] {
    for (int i = 0; !seen && i < 10'000; ++i) Submit(absl::StrCat("n", i));
  });
  const std::vector<v1::Event> events = Take(reader, 1);
  seen = true;
  submitter.join();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events[0].inquiry_id()[0], 'n');
  context.TryCancel();
}

TEST_F(WatchEventsTest, SaysWhereToResumeWhenHistoryIsGoneOrOther) {
  BuildWorkspace();
  backend_.Trim("w", {7, 5});
  absl::Status status = Call("RoutingService.WatchEvents", "workspace: 'w' cursor: '7-2'");
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(status::ReasonOf(status), "CURSOR_EXPIRED");
  EXPECT_EQ(status::GetErrorInfo(status)->metadata.at("resume_cursor"), "7-5");

  grpc::ClientContext context;
  const store::EventId last = *backend_.Last("w");
  auto reader = Watch(context, absl::StrCat("workspace: 'w' cursor: '7-", last.n - 1, "'"));
  ASSERT_EQ(Take(reader, 1).size(), 1u);
  backend_.Rewind("w", {7, last.n - 3});
  while (reader->Read(&response_)) EXPECT_EQ(response_.events_size(), 0);
  status = rpc::FromGrpc(reader->Finish());
  EXPECT_EQ(status::ReasonOf(status), "CURSOR_REWOUND");
  EXPECT_EQ(status::GetErrorInfo(status)->metadata.at("resume_cursor"),
            absl::StrCat("7-", last.n - 3));
}

TEST_F(WatchEventsTest, AStreamTooManyIsRefusedAndTheOthersGoOn) {
  ServerOptions options;
  options.watch_streams_max = 1;
  StartServer(options);
  ApplyAQueue();
  grpc::ClientContext context;
  auto reader = Watch(context, "workspace: 'w' cursor: '0-0'");
  ASSERT_GE(Take(reader, 1).size(), 1u);
  const absl::Status refused = Call("RoutingService.WatchEvents", "workspace: 'w'");
  EXPECT_EQ(status::ReasonOf(refused), "TOO_MANY_STREAMS");
  Submit("later");
  EXPECT_GE(Take(reader, 1).size(), 1u);
  context.TryCancel();
}

TEST_F(WatchEventsTest, AShutdownEndsStreamsWithAReason) {
  BuildWorkspace();
  grpc::ClientContext context;
  auto reader = Watch(context, "workspace: 'w' cursor: '0-0'");
  ASSERT_GE(Take(reader, 1).size(), 1u);
  server_->Stop(std::chrono::seconds(5));
  while (reader->Read(&response_)) {
  }
  const absl::Status status = rpc::FromGrpc(reader->Finish());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status::ReasonOf(status), "SHUTTING_DOWN");
}

TEST_F(WatchEventsTest, WhoComesWhileThePodDrainsIsSentAwayAtOnce) {
  BuildWorkspace();
  server_->Drain();
  for (int i = 0; i < 3; ++i) {
    grpc::ClientContext context;
    auto reader = Watch(context, "workspace: 'w' cursor: '0-0'");
    EXPECT_FALSE(reader->Read(&response_));
    EXPECT_EQ(status::ReasonOf(rpc::FromGrpc(reader->Finish())), "SHUTTING_DOWN") << i;
  }
}

}  // namespace
}  // namespace firstline::api
