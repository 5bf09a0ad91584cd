// A classifier on a free port of this machine, for tests: says what it is told to say, at once or when
// it is told to.
//
//   TestClassifier classifier;
//   classifier.Say([](const auto& request, auto& response) { response.mutable_verdict()->set_queue("q"); });
//   ... classifier.address() ...
//
// Thread rule: any. Words are spoken on threads of gRPC.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "common/sync/mutex.h"
#include "firstline/v1/classifier.grpc.pb.h"

namespace firstline::test {

class TestClassifier final : public v1::ClassifierService::CallbackService {
 public:
  using Words = std::function<void(const v1::ClassifyRequest&, v1::ClassifyResponse&)>;

  // Null: plaintext.
  explicit TestClassifier(std::shared_ptr<grpc::ServerCredentials> credentials = nullptr);
  ~TestClassifier() override;  // Kill

  std::string address() const { return address_; }
  // From now on; without any it has no verdict.
  void Say(Words words);
  void SayQueue(const std::string& queue);
  void Fail(grpc::StatusCode code);
  // From now on it keeps silent until Release; ReleaseOne lets it answer for one inquiry.
  void Hold();
  void Release();
  void ReleaseOne(const std::string& inquiry_id);
  // Closes its port and ends what is open.
  void Kill();

  size_t asked();
  std::vector<v1::ClassifyRequest> requests();
  std::set<std::string> peers();  // connections it was asked over

  // For gRPC.
  grpc::ServerUnaryReactor* Classify(grpc::CallbackServerContext* context,
                                     const v1::ClassifyRequest* request,
                                     v1::ClassifyResponse* response) override;

 private:
  struct Open {
    const v1::ClassifyRequest* request;
    v1::ClassifyResponse* response;
    grpc::ServerUnaryReactor* reactor;
  };
  void Answer(const Open& open) FIRSTLINE_REQUIRES(mutex_);

  std::string address_;
  sync::Mutex mutex_;
  Words words_ FIRSTLINE_GUARDED_BY(mutex_);
  grpc::StatusCode code_ FIRSTLINE_GUARDED_BY(mutex_) = grpc::StatusCode::OK;
  bool holding_ FIRSTLINE_GUARDED_BY(mutex_) = false;
  std::vector<Open> open_ FIRSTLINE_GUARDED_BY(mutex_);
  std::vector<v1::ClassifyRequest> requests_ FIRSTLINE_GUARDED_BY(mutex_);
  std::set<std::string> peers_ FIRSTLINE_GUARDED_BY(mutex_);
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace firstline::test
