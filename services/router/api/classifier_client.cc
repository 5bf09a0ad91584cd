#include "services/router/api/classifier_client.h"

#include <utility>

#include "services/router/api/limits.h"

namespace firstline::api {

using std::chrono::steady_clock;

struct ClassifierClient::Call {
  Target& target;
  Done done;
  grpc::ClientContext context = {};
  v1::ClassifyResponse response = {};
  grpc::Status status = {};
  steady_clock::time_point start = steady_clock::now();
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::ClassifyResponse>> reader = {};
};

ClassifierClient::ClassifierClient(const ClassifierClientOptions& options)
    : credentials_(options.credentials ? options.credentials : grpc::InsecureChannelCredentials()) {
  for (const auto& [name, address] : options.addresses) {
    targets_[name] = std::make_unique<Target>(Target{address, Connect(address)});
  }
  if (!targets_.empty()) thread_ = sync::OwnedThread("fl-classify", [this] { Run(); });
}

ClassifierClient::~ClassifierClient() { Stop(); }

std::unique_ptr<v1::ClassifierService::Stub> ClassifierClient::Connect(
    const std::string& address) const {
  grpc::ChannelArguments arguments;
  // One that comes back is found soon; a channel of its own, or its back-off would be shared.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 2000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(limits::kClassifierResponseBytesMax);
  arguments.SetLoadBalancingPolicyName("round_robin");  // of a name that several answer to
  return v1::ClassifierService::NewStub(
      grpc::CreateCustomChannel(address, credentials_, arguments));
}

void ClassifierClient::Ask(const std::string& name, const v1::ClassifyRequest& request,
                           std::chrono::microseconds deadline, Done done) {
  Target& target = *targets_.at(name);
  {
    sync::MutexLock lock(mutex_);
    if (!stopped_) {
      auto* call = new Call{target, std::move(done)};
      call->context.set_deadline(std::chrono::system_clock::now() + deadline);
      call->reader = target.stub->AsyncClassify(&call->context, request, &queue_);
      call->reader->Finish(&call->response, &call->status, call);
      calls_.insert(call);
      return;
    }
  }
  done({});
}

void ClassifierClient::Run() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) OnEnded(*static_cast<Call*>(tag));
}

void ClassifierClient::OnEnded(Call& call) {
  const std::unique_ptr<Call> owned(&call);
  const auto took = steady_clock::now() - call.start;
  ClassifierAnswer answer{
      .how = ClassifierAnswer::How::kFailed,
      .took = std::chrono::duration_cast<std::chrono::microseconds>(took)};
  if (call.status.ok()) {
    answer.how = ClassifierAnswer::How::kAnswered;
    answer.response = std::move(call.response);
  } else if (call.status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    answer.how = ClassifierAnswer::How::kDeadline;
  }
  {
    sync::MutexLock lock(mutex_);
    calls_.erase(&call);
    Target& target = call.target;
    const bool late = answer.how == ClassifierAnswer::How::kDeadline;
    target.deadlines = late ? target.deadlines + 1 : 0;
    if (target.deadlines >= kDeadlinesMax) {
      target.deadlines = 0;
      target.stub = Connect(target.address);
    }
  }
  call.done(std::move(answer));
}

void ClassifierClient::Stop() {
  {
    sync::MutexLock lock(mutex_);
    if (!std::exchange(stopped_, true)) {
      for (Call* call : calls_) call->context.TryCancel();
      queue_.Shutdown();
    }
  }
  thread_.Join();
}

}  // namespace firstline::api
