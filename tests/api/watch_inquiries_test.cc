// Inquiries as they change, with their places, for customers who wait.
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "common/rpc/error.h"
#include "common/status/reason.h"
#include "services/router/api/limits.h"
#include "tests/api/server_fixture.h"

namespace firstline::api {
namespace {

class WatchInquiriesTest : public ServerFixture {
 protected:
  using Reader = std::unique_ptr<grpc::ClientReader<v1::WatchInquiriesResponse>>;

  void SetUp() override {
    ServerFixture::SetUp();
    BuildWorkspace();
    for (const char* id : {"w1", "w2", "w3"}) Submit(id);
  }
  // Nobody has what it asks for.
  void Submit(const std::string& id) {
    Must<v1::SubmitInquiryResponse>(
        "RoutingService.SubmitInquiry",
        absl::StrCat("workspace: 'w' inquiry { id: '", id,
                     "' queue: 'support' channel: 'chat' "
                     "requirement { skills { skill: 'nobody-has-it' min_level: 9 } } }"));
  }
  void Cancel(const std::string& id) {
    Must<v1::CancelInquiryResponse>(
        "RoutingService.CancelInquiry",
        absl::StrCat("workspace: 'w' inquiry_id: '", id, "' reason: CANCEL_REASON_ABANDONED"));
  }
  Reader Watch(grpc::ClientContext& context, const std::string& text) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    stub_ = v1::RoutingService::NewStub(channel_);
    return stub_->WatchInquiries(
        &context, Text<v1::WatchInquiriesRequest>("workspace: 'w' interval { seconds: 1 } " + text));
  }
  // The next message that tells something; false at the end.
  bool ReadNews(Reader& reader) {
    while (reader->Read(&response_)) {
      if (response_.inquiries_size() + response_.forgotten_inquiry_ids_size() > 0) return true;
    }
    return false;
  }

  std::unique_ptr<v1::RoutingService::Stub> stub_;
  v1::WatchInquiriesResponse response_;
};

TEST_F(WatchInquiriesTest, TellsPlacesAtFirstAndWhenTheyChange) {
  grpc::ClientContext context;
  Reader reader = Watch(context, "inquiry_ids: 'w3' inquiry_ids: 'w1'");
  ASSERT_TRUE(ReadNews(reader));
  ASSERT_EQ(response_.inquiries_size(), 2);
  EXPECT_EQ(response_.inquiries(0).spec().id(), "w3");
  EXPECT_EQ(response_.inquiries(0).place_in_line(), 3);
  EXPECT_EQ(response_.inquiries(1).place_in_line(), 1);
  const auto got = Must<v1::GetInquiryResponse>("RoutingService.GetInquiry",
                                                "workspace: 'w' inquiry_id: 'w1'");
  EXPECT_EQ(got.inquiry().SerializeAsString(), response_.inquiries(1).SerializeAsString());
  Cancel("w2");
  ASSERT_TRUE(ReadNews(reader));
  ASSERT_EQ(response_.inquiries_size(), 1);  // nothing has changed for w1
  EXPECT_EQ(response_.inquiries(0).spec().id(), "w3");
  EXPECT_EQ(response_.inquiries(0).place_in_line(), 2);
  context.TryCancel();
}

TEST_F(WatchInquiriesTest, EndsWhenAllHaveEnded) {
  grpc::ClientContext context;
  Reader reader = Watch(context, "inquiry_ids: 'w1' inquiry_ids: 'w2'");
  ASSERT_TRUE(ReadNews(reader));
  Cancel("w1");
  ASSERT_TRUE(ReadNews(reader));
  Cancel("w2");
  std::string last;
  while (reader->Read(&response_)) {
    for (const v1::Inquiry& inquiry : response_.inquiries()) {
      if (inquiry.state() == v1::INQUIRY_STATE_CANCELLED) last = inquiry.spec().id();
    }
  }
  EXPECT_EQ(last, "w2");
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(WatchInquiriesTest, TakesAsManyAsTheLimitSays) {
  std::string ids;
  for (int i = 0; i < limits::kWatchedInquiriesMax; ++i) {
    Submit(absl::StrCat("n", i));
    absl::StrAppend(&ids, " inquiry_ids: 'n", i, "'");
  }
  grpc::ClientContext context, more;
  Reader reader = Watch(context, ids);
  ASSERT_TRUE(ReadNews(reader));
  EXPECT_EQ(response_.inquiries_size(), limits::kWatchedInquiriesMax);
  context.TryCancel();
  Reader refused = Watch(more, ids + " inquiry_ids: 'w1'");
  EXPECT_FALSE(refused->Read(&response_));
  EXPECT_EQ(status::ReasonOf(rpc::FromGrpc(refused->Finish())), "INVALID_FIELD");
}

TEST_F(WatchInquiriesTest, ThePaceHasBounds) {
  const auto reason = [&](const std::string& interval) {
    grpc::ClientContext context;
    stub_ = v1::RoutingService::NewStub(channel_);
    Reader reader = stub_->WatchInquiries(
        &context, Text<v1::WatchInquiriesRequest>(absl::StrCat(
                      "workspace: 'w' inquiry_ids: 'w1' interval { ", interval, " }")));
    if (reader->Read(&response_)) {
      context.TryCancel();
      return std::string();
    }
    return status::ReasonOf(rpc::FromGrpc(reader->Finish()));
  };
  EXPECT_EQ(reason("seconds: 1"), "");
  EXPECT_EQ(reason("seconds: 60"), "");
  EXPECT_EQ(reason("nanos: 999999999"), "INVALID_FIELD");
  EXPECT_EQ(reason("seconds: 60 nanos: 1000"), "INVALID_FIELD");
}

TEST_F(WatchInquiriesTest, ADrainingPodSendsWatchersAway) {
  grpc::ClientContext context;
  Reader reader = Watch(context, "inquiry_ids: 'w1'");
  ASSERT_TRUE(ReadNews(reader));
  server_->Drain();
  while (reader->Read(&response_)) {
  }
  EXPECT_EQ(status::ReasonOf(rpc::FromGrpc(reader->Finish())), "SHUTTING_DOWN");
}

}  // namespace
}  // namespace firstline::api
