// A served workspace whose submissions a real classifier is asked about.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/error.h"
#include "common/status/reason.h"
#include "services/router/api/classifier_breaker.h"
#include "services/router/api/classifier_client.h"
#include "services/router/api/limits.h"
#include "tests/api/server_fixture.h"
#include "tests/support/test_classifier.h"

namespace firstline::api {

using test::TestClassifier;

class ClassifierEar final : public ClassifierObserver {
 public:
  void OnAnswered(const std::string&, engine::ClassifierOutcome,
                  std::chrono::microseconds took) override {
    EXPECT_GE(took.count(), 0);
  }
  void OnAsking(const std::string&, int change) override { asking_ += change; }
  void OnBreaker(const std::string&, int change) override { breakers_ += change; }
  int asking() const { return asking_; }
  int breakers() const { return breakers_; }

 private:
  std::atomic<int> asking_{0}, breakers_{0};
};

class ClassifierTest : public ServerFixture {
 protected:
  ~ClassifierTest() override {
    classifier_.Release();
    if (server_) server_->Stop(std::chrono::milliseconds(0));
  }

  // Workspace "w" with `external` in text form: asks intents within 1 s, before rules "refunds" (by
  // topic) and "rest" (the default, queue care).
  void Build(const std::string& external = "") {
    client_ = std::make_unique<ClassifierClient>(ClassifierClientOptions{
        .addresses = {{"intents", classifier_.address()}}, .credentials = nullptr});
    ServerOptions options;
    options.classifying = {.classifiers = client_.get(),
                           .unasked = nullptr,
                           .observer = &heard_,
                           .held_max = held_max_};
    StartServer(std::move(options));
    Configure("w", external);
  }

  void Configure(const std::string& workspace, const std::string& external) {
    const std::string name =
        absl::StrContains(external, "classifier:") ? "" : "classifier: 'intents' ";
    const std::string deadline =
        absl::StrContains(external, "deadline") ? "" : "deadline { seconds: 1 } ";
    Must<v1::ApplyWorkspaceResponse>(
        "ConfigService.ApplyWorkspace",
        absl::StrCat("mode: APPLY_MODE_WHOLE create: true workspace { id: '", workspace,
                     "' channels { id: 'chat' kind: CHANNEL_KIND_MESSAGING }"
                     " queues { id: 'care' } queues { id: 'refunds' } queues { id: 'sales' }"
                     " agents { id: 'ann' skills { skill: 'senior' level: 5 } }"
                     " classification { external { ",
                     name, deadline, external,
                     " } rules { id: 'refunds' queue: 'refunds' conditions { key: 'topic'"
                     " comparison: COMPARISON_EQUAL values: 'refund' } }"
                     " rules { id: 'rest' queue: 'care' } } }"));
  }

  static v1::SubmitInquiryRequest RequestOf(const std::string& id, const std::string& more = "",
                                            const std::string& workspace = "w") {
    return Text<v1::SubmitInquiryRequest>(absl::StrCat(
        "workspace: '", workspace, "' inquiry { id: '", id, "' channel: 'chat' ", more, " }"));
  }
  v1::SubmitInquiryResponse Submit(const std::string& id, const std::string& more = "",
                                   const std::string& workspace = "w") {
    return Must<v1::SubmitInquiryResponse>("RoutingService.SubmitInquiry",
                                           RequestOf(id, more, workspace).DebugString());
  }
  // Submits it; what came of the classifier.
  v1::ClassifierOutcome OutcomeOf(const std::string& id) {
    Submit(id);
    return SubmittedOf(id).classifier().outcome();
  }
  std::unique_ptr<v1::RoutingService::Stub> routing() {
    return v1::RoutingService::NewStub(channel_);
  }

  // All of the history, in order.
  std::vector<v1::InquirySubmitted> AllSubmitted(const std::string& workspace = "w") {
    std::vector<v1::InquirySubmitted> found;
    for (const store::EventEntry& entry : backend_.Read(workspace, {}, 1'000'000, 0).events) {
      v1::Event event;
      EXPECT_TRUE(event.ParseFromString(entry.bytes));
      if (event.has_inquiry_submitted()) found.push_back(event.inquiry_submitted());
    }
    return found;
  }
  v1::InquirySubmitted SubmittedOf(const std::string& id, const std::string& workspace = "w") {
    for (v1::InquirySubmitted& one : AllSubmitted(workspace)) {
      if (one.inquiry().spec().id() == id) return std::move(one);
    }
    ADD_FAILURE() << id << " was not submitted";
    return {};
  }
  std::vector<std::string> SubmittedIds() {
    std::vector<std::string> ids;
    for (const auto& one : AllSubmitted()) ids.push_back(one.inquiry().spec().id());
    return ids;
  }
  std::map<v1::ClassifierOutcome, size_t> Outcomes() {
    std::map<v1::ClassifierOutcome, size_t> outcomes;
    for (const auto& one : AllSubmitted()) ++outcomes[one.classifier().outcome()];
    return outcomes;
  }
  // Empty when there is none.
  v1::Inquiry InquiryOf(const std::string& id) {
    std::vector<std::string> replies;
    v1::GetInquiryResponse response;
    const absl::Status status =
        Call("RoutingService.GetInquiry",
             absl::StrCat("workspace: 'w' inquiry_id: '", id, "'"), &replies);
    if (status.ok()) response.ParseFromString(replies.at(0));
    return response.inquiry();
  }
  void AwaitAsked(size_t count) {
    while (classifier_.asked() < count) std::this_thread::yield();
  }

  // A Commands stream; results as (id, reason of the error or "").
  class Commands {
   public:
    explicit Commands(ClassifierTest& test)
        : stub_(test.routing()), stream_(stub_->Commands(&context_)) {}
    ~Commands() {
      stream_->WritesDone();
      v1::CommandsResponse rest;
      while (stream_->Read(&rest)) {
      }
      stream_->Finish();
    }
    void Submit(const std::string& id, const std::string& more = "",
                const std::string& workspace = "w") {
      *Next().mutable_submit_inquiry() = RequestOf(id, more, workspace);
    }
    void Cancel(const std::string& id) {
      v1::CancelInquiryRequest& cancel = *Next().mutable_cancel_inquiry();
      cancel.set_workspace("w");
      cancel.set_inquiry_id(id);
      cancel.set_reason(v1::CANCEL_REASON_WITHDRAWN);
    }
    void Send() {
      for (size_t at = 0; at < commands_.size(); at += limits::kBatchCommandsMax) {
        v1::CommandsRequest request;
        const size_t end = std::min(commands_.size(), at + limits::kBatchCommandsMax);
        for (size_t i = at; i < end; ++i) *request.add_commands() = commands_[i];
        EXPECT_TRUE(stream_->Write(request));
      }
      commands_.clear();
    }
    std::vector<std::pair<uint64_t, std::string>> Take(size_t count) {
      std::vector<std::pair<uint64_t, std::string>> results;
      v1::CommandsResponse response;
      while (results.size() < count && stream_->Read(&response)) {
        for (const v1::CommandResult& result : response.results()) {
          results.emplace_back(result.id(),
                               result.has_error()
                                   ? status::ReasonOf(rpc::FromProto(result.error()))
                                   : "");
        }
      }
      return results;
    }
    void Leave() { context_.TryCancel(); }

   private:
    v1::Command& Next() {
      commands_.emplace_back().set_id(next_++);
      return commands_.back();
    }
    std::unique_ptr<v1::RoutingService::Stub> stub_;
    grpc::ClientContext context_;
    std::unique_ptr<grpc::ClientReaderWriter<v1::CommandsRequest, v1::CommandsResponse>> stream_;
    std::vector<v1::Command> commands_;
    uint64_t next_ = 0;
  };

  // Many unary calls at a time.
  class UnaryCalls {
   public:
    explicit UnaryCalls(ClassifierTest& test) : stub_(test.routing()) {}
    ~UnaryCalls() {
      queue_.Shutdown();
      void* tag = nullptr;
      bool ok = false;
      while (queue_.Next(&tag, &ok)) delete static_cast<One*>(tag);
    }
    void Submit(const std::string& id) {
      auto* one = new One;
      one->context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
      one->reader = stub_->AsyncSubmitInquiry(&one->context, RequestOf(id), &queue_);
      one->reader->Finish(&one->response, &one->status, one);
    }
    void AwaitOk(size_t count) {
      void* tag = nullptr;
      bool ok = false;
      for (; count > 0 && queue_.Next(&tag, &ok); --count) {
        const std::unique_ptr<One> one(static_cast<One*>(tag));
        EXPECT_TRUE(one->status.ok()) << one->status.error_message();
      }
    }

   private:
    struct One {
      grpc::ClientContext context;
      v1::SubmitInquiryResponse response;
      grpc::Status status;
      std::unique_ptr<grpc::ClientAsyncResponseReader<v1::SubmitInquiryResponse>> reader;
    };
    std::unique_ptr<v1::RoutingService::Stub> stub_;
    grpc::CompletionQueue queue_;
  };

  TestClassifier classifier_;
  ClassifierEar heard_;
  size_t held_max_ = limits::kHeldCommandsMax;  // before Build
  std::unique_ptr<ClassifierClient> client_;
};

}  // namespace firstline::api
