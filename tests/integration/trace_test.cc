// What routers write: a JSON object a line, whatever happens, and the calls of a trace on every pod
// that they pass.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>
#include <nlohmann/json.hpp>

#include "common/trace/trace_context.h"
#include "firstline/v1/config_service.grpc.pb.h"
#include "firstline/v1/routing_service.grpc.pb.h"
#include "tests/common/redis_server.h"
#include "tests/support/chat_workspace.h"
#include "tests/support/router_process.h"
#include "tests/support/temp_folder.h"

namespace firstline::test {
namespace {

using Json = nlohmann::json;

constexpr char kTraceId[] = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr char kSampled[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr char kNotSampled[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

// Every line must be an object with what every line has.
std::vector<Json> ReadLog(const std::string& path) {
  std::vector<Json> lines;
  std::ifstream file(path);
  for (std::string text; std::getline(file, text);) {
    Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    EXPECT_TRUE(line.is_object()) << path << ": " << text;
    if (!line.is_object()) continue;
    for (const char* key : {"ts", "level", "msg"}) {
      EXPECT_TRUE(line.contains(key) && line[key].is_string()) << text;
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

class Tracing : public testing::Test {
 protected:
  // The workspace "shop" is owned by the first router; calls go to the second.
  Tracing() {
    grpc::ClientContext context;
    v1::ApplyWorkspaceResponse response;
    const auto owner = grpc::CreateChannel(a_.address(), grpc::InsecureChannelCredentials());
    const grpc::Status applied =
        v1::ConfigService::NewStub(owner)->ApplyWorkspace(&context, ChatWorkspace("shop"),
                                                             &response);
    EXPECT_TRUE(applied.ok()) << applied.error_message();
  }

  static v1::SubmitInquiryRequest SubmitOf(const std::string& id, const std::string& queue) {
    v1::SubmitInquiryRequest request;
    request.set_workspace("shop");
    request.mutable_inquiry()->set_id(id);
    request.mutable_inquiry()->set_channel("chat");
    request.mutable_inquiry()->set_queue(queue);
    return request;
  }

  grpc::Status Submit(const std::string& id, const std::vector<std::string>& traceparents,
                      const std::string& queue = "q") {
    grpc::ClientContext context;
    for (const std::string& header : traceparents) context.AddMetadata("traceparent", header);
    v1::SubmitInquiryResponse response;
    return routing_->SubmitInquiry(&context, SubmitOf(id, queue), &response);
  }

  static std::vector<Json> Calls(const std::string& log) {
    std::vector<Json> calls;
    for (Json& line : ReadLog(log)) {
      if (line["msg"] == "call") calls.push_back(std::move(line));
    }
    return calls;
  }

  const TempFolder logs_;
  const std::string a_log_ = logs_.File("a.log"), b_log_ = logs_.File("b.log");
  RedisServer redis_{{.append_only = true}};
  RouterProcess a_{{.store = "unix:" + redis_.address().unix_path,
                    .log_level = "debug",
                    .log_file = a_log_,
                    .extra_arguments = {"--lease-ms=1000"}}};
  RouterProcess b_{{.store = "unix:" + redis_.address().unix_path,
                    .log_level = "debug",
                    .log_file = b_log_,
                    .extra_arguments = {"--lease-ms=1000"}}};
  std::shared_ptr<grpc::Channel> channel_ =
      grpc::CreateChannel(b_.address(), grpc::InsecureChannelCredentials());
  std::unique_ptr<v1::RoutingService::Stub> routing_ = v1::RoutingService::NewStub(channel_);
};

TEST_F(Tracing, ACallIsToldByEveryPodThatItPasses) {
  ASSERT_TRUE(Submit("i1", {kSampled}).ok());
  const std::vector<Json> gateway = Calls(b_log_), owner = Calls(a_log_);
  ASSERT_EQ(gateway.size(), 1u);
  ASSERT_EQ(owner.size(), 1u);
  for (const Json& call : {gateway[0], owner[0]}) {
    EXPECT_EQ(call["method"], "/firstline.v1.RoutingService/SubmitInquiry");
    EXPECT_EQ(call["workspace"], "shop");
    EXPECT_EQ(call["code"], "OK");
    EXPECT_EQ(call["trace_id"], kTraceId);
    EXPECT_FALSE(call.contains("reason"));
  }
  EXPECT_EQ(gateway[0]["parent_id"], "00f067aa0ba902b7");
  EXPECT_EQ(owner[0]["parent_id"], gateway[0]["span_id"]);
  EXPECT_NE(owner[0]["span_id"], gateway[0]["span_id"]);
  EXPECT_GE(gateway[0]["elapsed_us"], owner[0]["elapsed_us"]);
}

TEST_F(Tracing, WhatIsNotRecordedIsToldOnlyWhenItFails) {
  ASSERT_TRUE(Submit("i1", {kNotSampled}).ok());
  EXPECT_EQ(Submit("i2", {kNotSampled}, "nowhere").error_code(), grpc::StatusCode::NOT_FOUND);
  for (const std::string& log : {a_log_, b_log_}) {
    const std::vector<Json> calls = Calls(log);
    ASSERT_EQ(calls.size(), 1u);
    EXPECT_EQ(calls[0]["code"], "NOT_FOUND");
    EXPECT_EQ(calls[0]["reason"], "UNKNOWN_QUEUE");
    EXPECT_EQ(calls[0]["trace_id"], kTraceId);
  }
}

TEST_F(Tracing, InvalidHeadersAreIgnored) {
  int n = 0;
  for (const std::vector<std::string>& headers : std::vector<std::vector<std::string>>{
           {},
           {"garbage"},
           {""},
           {std::string(300, 'x')},
           {"00-00000000000000000000000000000000-00f067aa0ba902b7-01"},
           {"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
           {kSampled, kSampled}}) {
    EXPECT_TRUE(Submit("i" + std::to_string(++n), headers).ok());
  }
  EXPECT_TRUE(Calls(a_log_).empty());
  EXPECT_TRUE(Calls(b_log_).empty());
}

TEST_F(Tracing, CommandsOfABatchHaveTracesOfTheirOwn) {
  grpc::ClientContext context;
  const auto stream = routing_->Commands(&context);
  v1::CommandsRequest batch;
  for (const char* id : {"i1", "i2", "i3"}) {
    v1::Command& command = *batch.add_commands();
    command.set_id(static_cast<uint64_t>(batch.commands_size()));
    *command.mutable_submit_inquiry() = SubmitOf(id, "q");
  }
  batch.mutable_commands(1)->set_traceparent(kSampled);
  batch.mutable_commands(2)->set_traceparent("garbage");
  ASSERT_TRUE(stream->Write(batch));
  stream->WritesDone();
  int answered = 0;
  for (v1::CommandsResponse response; stream->Read(&response);) {
    for (const v1::CommandResult& result : response.results()) {
      EXPECT_TRUE(result.has_receipt());
      ++answered;
    }
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(answered, 3);
  const std::vector<Json> gateway = Calls(b_log_), owner = Calls(a_log_);
  ASSERT_EQ(gateway.size(), 1u);
  ASSERT_EQ(owner.size(), 1u);
  EXPECT_EQ(gateway[0]["method"], "/firstline.v1.RoutingService/Commands");
  EXPECT_EQ(gateway[0]["workspace"], "shop");
  EXPECT_EQ(owner[0]["parent_id"], gateway[0]["span_id"]);
}

TEST_F(Tracing, AStreamIsToldAtItsEnd) {
  grpc::ClientContext context;
  context.AddMetadata("traceparent", kSampled);
  v1::WatchEventsRequest request;
  request.set_workspace("shop");
  request.set_cursor("not a cursor");
  const auto stream = routing_->WatchEvents(&context, request);
  for (v1::WatchEventsResponse response; stream->Read(&response);) {
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const std::vector<Json> calls = Calls(b_log_);
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0]["method"], "/firstline.v1.RoutingService/WatchEvents");
  EXPECT_EQ(calls[0]["reason"], "INVALID_CURSOR");
}

TEST_F(Tracing, LinesAreBoundedAndWhatIsLeftOutIsCounted) {
  constexpr int kCalls = 1000;
  grpc::ClientContext context;
  const auto stream = routing_->Commands(&context);
  const auto send = [&](int first, int count) {
    for (int at = first; at < first + count; at += 50) {
      v1::CommandsRequest batch;
      for (int i = at; i < at + 50; ++i) {
        v1::Command& command = *batch.add_commands();
        command.set_traceparent(kSampled);
        *command.mutable_submit_inquiry() = SubmitOf("i" + std::to_string(i), "q");
      }
      ASSERT_TRUE(stream->Write(batch));
    }
  };
  const auto begin = std::chrono::steady_clock::now();
  send(0, kCalls);
  stream->WritesDone();
  for (v1::CommandsResponse response; stream->Read(&response);) {
  }
  EXPECT_TRUE(stream->Finish().ok());
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_LE(static_cast<double>(Calls(b_log_).size()), 101 + 100 * seconds);
  EXPECT_GE(Calls(b_log_).size(), 100u);
}

TEST_F(Tracing, EveryLineOfARunIsAJsonObject) {
  ASSERT_TRUE(Submit("i1", {kSampled}).ok());
  setenv("GRPC_VERBOSITY", "DEBUG", 1);
  EXPECT_THROW(RouterProcess({.metrics_listen = a_.address(),  // taken
                              .log_level = "debug",
                              .log_file = logs_.File("c.log")}),
               std::runtime_error);
  unsetenv("GRPC_VERBOSITY");
  a_.Signal(SIGTERM);
  EXPECT_EQ(a_.Wait(), 0);
  redis_.Kill();
  grpc::ClientContext late;
  late.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(1500));
  v1::SubmitInquiryResponse response;
  EXPECT_FALSE(routing_->SubmitInquiry(&late, SubmitOf("i2", "q"), &response).ok());
  EXPECT_GE(ReadLog(a_log_).size(), 3u);
  EXPECT_GE(ReadLog(b_log_).size(), 3u);
  const std::vector<Json> refused = ReadLog(logs_.File("c.log"));
  ASSERT_FALSE(refused.empty());
  EXPECT_TRUE(std::any_of(refused.begin(), refused.end(),
                          [](const Json& line) { return line["msg"] == "grpc"; }));
  EXPECT_EQ(refused.back()["msg"], "cannot start");
  EXPECT_EQ(refused.back()["level"], "error");
}

}  // namespace
}  // namespace firstline::test
