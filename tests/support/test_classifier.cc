#include "tests/support/test_classifier.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace firstline::test {

TestClassifier::TestClassifier(std::shared_ptr<grpc::ServerCredentials> credentials) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort("127.0.0.1:0",
                           credentials ? credentials : grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port == 0) throw std::runtime_error("a classifier cannot listen");
  address_ = "127.0.0.1:" + std::to_string(port);
}

TestClassifier::~TestClassifier() { Kill(); }

void TestClassifier::Say(Words words) {
  sync::MutexLock lock(mutex_);
  words_ = std::move(words);
  code_ = grpc::StatusCode::OK;
}

void TestClassifier::SayQueue(const std::string& queue) {
  Say([queue](const auto&, auto& response) { response.mutable_verdict()->set_queue(queue); });
}

void TestClassifier::Fail(grpc::StatusCode code) {
  sync::MutexLock lock(mutex_);
  code_ = code;
}

void TestClassifier::Hold() {
  sync::MutexLock lock(mutex_);
  holding_ = true;
}

void TestClassifier::Release() {
  sync::MutexLock lock(mutex_);
  holding_ = false;
  for (const Open& open : std::exchange(open_, {})) Answer(open);
}

void TestClassifier::ReleaseOne(const std::string& inquiry_id) {
  sync::MutexLock lock(mutex_);
  const auto one = std::find_if(open_.begin(), open_.end(), [&](const Open& open) {
    return open.request->inquiry_id() == inquiry_id;
  });
  if (one == open_.end()) throw std::runtime_error("nobody asked about " + inquiry_id);
  const Open open = *one;
  open_.erase(one);
  Answer(open);
}

void TestClassifier::Kill() {
  Release();
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
}

size_t TestClassifier::asked() {
  sync::MutexLock lock(mutex_);
  return requests_.size();
}

std::vector<v1::ClassifyRequest> TestClassifier::requests() {
  sync::MutexLock lock(mutex_);
  return requests_;
}

std::set<std::string> TestClassifier::peers() {
  sync::MutexLock lock(mutex_);
  return peers_;
}

grpc::ServerUnaryReactor* TestClassifier::Classify(grpc::CallbackServerContext* context,
                                                   const v1::ClassifyRequest* request,
                                                   v1::ClassifyResponse* response) {
  const Open open{request, response, context->DefaultReactor()};
  sync::MutexLock lock(mutex_);
  requests_.push_back(*request);
  peers_.insert(context->peer());
  if (holding_) {
    open_.push_back(open);
  } else {
    Answer(open);
  }
  return open.reactor;
}

void TestClassifier::Answer(const Open& open) {
  if (code_ != grpc::StatusCode::OK) {
    return open.reactor->Finish(grpc::Status(code_, "as the test wants it"));
  }
  if (words_) words_(*open.request, *open.response);
  open.reactor->Finish(grpc::Status::OK);
}

}  // namespace firstline::test
