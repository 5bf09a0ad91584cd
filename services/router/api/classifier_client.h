// Asks classifiers over gRPC, on a completion queue and a thread of its own: what waits there must not
// slow the queue of callers (rpc_loop.h).
//
// Threads: as Classifiers; construction and destruction by the owner.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include <grpcpp/grpcpp.h>

#include "common/sync/mutex.h"
#include "common/sync/owned_thread.h"
#include "firstline/v1/classifier.grpc.pb.h"
#include "services/router/api/classifiers.h"

namespace firstline::api {

struct ClassifierClientOptions {
  std::map<std::string, std::string> addresses;           // by name; as gRPC knows them
  std::shared_ptr<grpc::ChannelCredentials> credentials;  // of all of them; null: insecure
};

class ClassifierClient final : public Classifiers {
 public:
  explicit ClassifierClient(const ClassifierClientOptions& options);
  ~ClassifierClient() override;  // Stop

  bool Knows(const std::string& name) const override { return targets_.count(name) != 0; }
  void Ask(const std::string& name, const v1::ClassifyRequest& request,
           std::chrono::microseconds deadline, Done done) override;
  void Stop() override;

 private:
  // So many deadlines in a row, and a new connection is made: the old one may lead nowhere.
  static constexpr int kDeadlinesMax = 20;
  struct Target {
    std::string address;
    std::unique_ptr<v1::ClassifierService::Stub> stub;
    int deadlines = 0;
  };
  struct Call;

  void Run();
  void OnEnded(Call& call);
  std::unique_ptr<v1::ClassifierService::Stub> Connect(const std::string& address) const;

  const std::shared_ptr<grpc::ChannelCredentials> credentials_;
  std::map<std::string, std::unique_ptr<Target>> targets_;  // never changes
  grpc::CompletionQueue queue_;
  sync::Mutex mutex_;  // of the targets' contents as well
  std::set<Call*> calls_ FIRSTLINE_GUARDED_BY(mutex_);
  bool stopped_ FIRSTLINE_GUARDED_BY(mutex_) = false;
  sync::OwnedThread thread_;
};

}  // namespace firstline::api
